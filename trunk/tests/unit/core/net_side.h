// For tests of connections: sockets of the other side, coroutines, and an echo server.
#pragma once
#include "core/net.h"
#include "test.h"

#define SOON (srs_now() + 20 * SRS_SEC)

// Starts the scheduler, with as many descriptors as there may be and no log.
int net_setup(void **state);
int net_setup_each(void **state);
// Nothing lives, no descriptor is left, nothing was missed.
int net_teardown_each(void **state);

// Coroutines other than the test's own must not assert: they leave word here, and the teardown
// fails with the first.
void net_miss(const char *what, srs_err err);
unsigned net_misses(void);

SRS_YIELDS void net_turn(void);
// The scope is made with its first child.
void net_start(struct srs_scope *scope, srs_co_fn *fn, void *arg);

// --- sockets of the other side ------------------------------------------------------------------

struct srs_span net_text_span(const char *text);
// Two connected sockets, the second with its descriptor, for what the API does not offer.
void net_pair(struct srs_conn **a, int *b);
struct srs_endpoint net_loopback(uint16_t port);
uint16_t net_port_of(int fd);
// A plain listening socket, whose backlog alone completes connections; below 0: bound only.
int net_raw_listen(int backlog);
int net_raw_dial(uint16_t port);
// A TCP connection whose other end is a plain blocking socket.
void net_tcp(struct srs_conn **conn, int *peer);
struct srs_listener *net_listen(uint16_t *port);
SRS_YIELDS void net_reads_then_ends(struct srs_conn *conn, size_t want);

// --- an echo server -----------------------------------------------------------------------------

struct net_echo {
    struct srs_listener *listener;
    uint16_t port;
    struct srs_scope accepting;
    struct srs_scope sessions;
    unsigned live;
    unsigned most;
    unsigned accepted;
};
void net_echo_start(struct net_echo *server);
SRS_YIELDS void net_echo_stop(struct net_echo *server);
