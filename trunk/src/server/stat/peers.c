#include "server/stat/peers.h"
#include "core/mem.h"
#include <string.h>
// As in stream/source.c: the table grows by itself and ends the process when there is no memory.
#include <uthash.h>
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough" // its hash function, expanded in here

enum { ADDRESS = SRS_PEER_KEY, SUBNET = 8 };

struct srs_peer {
    UT_hash_handle hh;
    struct srs_peers *owner;
    uint8_t address[ADDRESS];
    int64_t connections;
};

// uthash works by macros; each of them counts as the code of whoever uses it.
// NOLINTBEGIN(readability-function-size, readability-function-cognitive-complexity)

static struct srs_peer *find(const struct srs_peers *peers, const uint8_t address[ADDRESS])
{
    struct srs_peer *peer = NULL;
    HASH_FIND(hh, peers->table, address, ADDRESS, peer);
    return peer;
}

static struct srs_peer *add(struct srs_peers *peers, const uint8_t address[ADDRESS])
{
    struct srs_peer *peer = srs_new(struct srs_peer);
    peer->owner = peers;
    memcpy(peer->address, address, ADDRESS);
    HASH_ADD(hh, peers->table, address, ADDRESS, peer);
    return peer;
}

static void drop(struct srs_peers *peers, struct srs_peer *peer)
{
    HASH_DELETE(hh, peers->table, peer);
    srs_free(peer);
}

// NOLINTEND(readability-function-size, readability-function-cognitive-complexity)

void srs_peers_key(const struct srs_endpoint *from, uint8_t address[SRS_PEER_KEY])
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memset(address, 0, ADDRESS);
    if (from->addr.any.sa_family == AF_INET) {
        memcpy(address, mapped, sizeof mapped);
        memcpy(address + sizeof mapped, &from->addr.v4.sin_addr, ADDRESS - sizeof mapped);
        return;
    }
    const uint8_t *whole = from->addr.v6.sin6_addr.s6_addr;
    memcpy(address, whole, memcmp(whole, mapped, sizeof mapped) == 0 ? ADDRESS : SUBNET);
}

SRS_ERR srs_peers_add(struct srs_peers *peers, const struct srs_endpoint *from, int64_t limit,
                      struct srs_peer **out)
{
    uint8_t address[ADDRESS];
    *out = NULL;
    if (limit <= 0)
        return SRS_OK;
    srs_peers_key(from, address);
    struct srs_peer *peer = find(peers, address);
    if (peer != NULL && peer->connections >= limit)
        return srs_bare(SRS_E_LIMIT);
    if (peer == NULL)
        peer = add(peers, address);
    peer->connections++;
    *out = peer;
    return SRS_OK;
}

void srs_peers_leave(struct srs_peer *peer)
{
    if (peer != NULL && --peer->connections == 0)
        drop(peer->owner, peer);
}

static void on_gone(void *arg)
{
    srs_peers_leave(arg);
}

SRS_ERR srs_peers_enter(struct srs_peers *peers, struct srs_conn *conn, int64_t limit)
{
    struct srs_endpoint from = srs_conn_peer(conn);
    struct srs_peer *peer = NULL;
    srs_conn_on_gone(conn, NULL, NULL); // it may have the last place of the same address
    srs_err err = srs_peers_add(peers, &from, limit, &peer);
    if (!err && peer != NULL)
        srs_conn_on_gone(conn, on_gone, peer);
    return err;
}
