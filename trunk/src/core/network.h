// Sets of addresses in CIDR notation, and whether an endpoint is in one.
#pragma once
#include "core/net.h"

struct srs_network {
    uint8_t address[16]; // IPv4 as v4-mapped; bits behind the prefix are 0
    uint8_t bits;        // of the 128
};

// "127.0.0.0/8", "10.1.2.3", "::1", "2001:db8::/32". Bits behind the prefix must not be set: more
// likely than not that is a slip. SYSTEM_IP_INVALID.
SRS_ERR srs_network_parse(const char *text, struct srs_network *out);
// The same, but bits behind the prefix are only taken off; *slip says that there were any.
SRS_ERR srs_network_parse_loose(const char *text, struct srs_network *out, bool *slip);
bool srs_network_has(const struct srs_network *network, const struct srs_endpoint *endpoint);
