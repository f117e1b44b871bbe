// Names to addresses, by c-ares on the reactor: /etc/hosts, then the servers of /etc/resolv.conf.
#pragma once
#include "core/net.h"

enum { SRS_DNS_ADDRESSES_MAX = 8, SRS_DNS_NAME_MAX = 253 };

struct srs_dns_answer {
    unsigned count; // at least 1
    struct srs_endpoint items[SRS_DNS_ADDRESSES_MAX];
};

// Waits for the addresses of `host`, each with this port, IPv4 and IPv6 as the resolver gives them;
// more than SRS_DNS_ADDRESSES_MAX are left out. An address in numbers ("127.0.0.1", "::1") is
// answered at once. SYSTEM_DNS_RESOLVE when there is no such name or no server answers,
// SOCKET_TIMEOUT at the deadline, CANCELED.
SRS_YIELDS SRS_ERR srs_dns_resolve(const char *host, uint16_t port, srs_usec deadline,
                                   struct srs_dns_answer *out);

// Asks these servers ("127.0.0.1:5353,[::1]:53") from now on instead of the system's; NULL for
// those again. The text is borrowed.
void srs_dns_set_servers(const char *servers);
