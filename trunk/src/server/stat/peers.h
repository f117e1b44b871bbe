// How many connections each address has. An address is known only while it has one, so that the
// table never has more entries than there are connections. IPv6 counts by /64, which is what one
// subscriber gets.
#pragma once
#include "core/net.h"

enum { SRS_PEER_KEY = 16 };

// What all connections of an address have in common: IPv4 as ::ffff:a.b.c.d, of IPv6 the /64.
void srs_peers_key(const struct srs_endpoint *from, uint8_t address[SRS_PEER_KEY]);

struct srs_peer;

struct srs_peers {
    struct srs_peer *table; // by address
};

// Counts the connection until it is freed, in the place of what it counted as before, which
// it leaves first. A bare LIMIT when its address has `limit` already; 0 counts nothing.
SRS_ERR srs_peers_enter(struct srs_peers *peers, struct srs_conn *conn, int64_t limit);

// The parts of it. *out goes to leave; NULL when it is not counted, which leave accepts.
SRS_ERR srs_peers_add(struct srs_peers *peers, const struct srs_endpoint *from, int64_t limit,
                      struct srs_peer **out);
void srs_peers_leave(struct srs_peer *peer);
