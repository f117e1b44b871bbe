// TCP: endpoints, listeners and connections on the reactor.
//
// A connection has one reading coroutine, its owner, and one output that anyone may write to
// without yielding. Input is read into one buffer of the worker, so an idle connection owns no
// memory for it. Dead peers are found by keepalive and TCP_USER_TIMEOUT (30 s each), not by
// expecting them to talk.
#pragma once
#include "core/co.h"
#include "core/rdwr.h"
#include <netinet/in.h>
#include <sys/uio.h>

enum { SRS_ENDPOINT_TEXT = 64 };

// An IPv4 or IPv6 address with port.
struct srs_endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr;
};

// "1935", "127.0.0.1:1935", "[::1]:1935"; a bare port means all addresses, IPv6 and IPv4 in one
// socket where there is IPv6. SYSTEM_IP_INVALID.
SRS_ERR srs_endpoint_parse(const char *text, struct srs_endpoint *out);
// "127.0.0.1:1935"; v4-mapped addresses are written as IPv4. Always terminated.
void srs_endpoint_format(const struct srs_endpoint *endpoint, char out[SRS_ENDPOINT_TEXT]);
// The address alone, without brackets and port.
void srs_endpoint_format_ip(const struct srs_endpoint *endpoint, char out[SRS_ENDPOINT_TEXT]);
uint16_t srs_endpoint_port(const struct srs_endpoint *endpoint);

struct srs_conn;
struct srs_listener;

// SOCKET_CREATE, SOCKET_BIND, SOCKET_LISTEN.
SRS_ERR srs_listener_open(const struct srs_endpoint *at, struct srs_listener **out);
// Where it listens really (a port of 0 was replaced).
struct srs_endpoint srs_listener_endpoint(const struct srs_listener *listener);
// Waits for the next connection. A shortage of descriptors is waited out, with a logged warning.
// CANCELED, SOCKET_CLOSED.
SRS_YIELDS SRS_ERR srs_listener_accept(struct srs_listener *listener, struct srs_conn **out);
// Stops listening; who accepts gets SOCKET_CLOSED, and closes it.
void srs_listener_shut(struct srs_listener *listener);
void srs_listener_close(struct srs_listener *listener);

// SOCKET_CREATE, ST_CONNECT (with errno in its story), SOCKET_TIMEOUT, CANCELED.
SRS_YIELDS SRS_ERR srs_conn_dial(const struct srs_endpoint *to, srs_usec deadline,
                                 struct srs_conn **out);
// Takes the descriptor of a connected stream socket, also when it fails (then it is closed).
SRS_ERR srs_conn_new(int fd, struct srs_conn **out);
void srs_conn_free(struct srs_conn *conn);
// Calls `fn` once, as the connection is freed or another one is given; it must not yield. For
// whoever counts connections.
typedef void srs_conn_gone_fn(void *arg);
void srs_conn_on_gone(struct srs_conn *conn, srs_conn_gone_fn *fn, void *arg);

struct srs_endpoint srs_conn_peer(const struct srs_conn *conn);
// The client that a proxy spoke for, when it has told.
void srs_conn_set_peer(struct srs_conn *conn, const struct srs_endpoint *peer);
struct srs_endpoint srs_conn_local(const struct srs_conn *conn);

enum { SRS_CONN_READ_SIZE = 64 * 1024 };

// Waits for bytes and gives them in the worker's buffer: they are gone at the next yield.
// SOCKET_READ when the peer has left, SOCKET_TIMEOUT, CANCELED. Yields on its own from time to time
// when the peer never stops sending.
SRS_YIELDS SRS_ERR srs_conn_read(struct srs_conn *conn, srs_usec deadline, struct srs_span *got);

// Puts bytes that were read back in front of what comes next; only what the last read gave, and not
// twice. NO_MEMORY.
SRS_ERR srs_conn_unread(struct srs_conn *conn, struct srs_span bytes);

// An iovec over bytes that will only be read.
static inline struct iovec srs_iov(const void *bytes, size_t size)
{
    struct iovec iov = {.iov_len = size};
    memcpy(&iov.iov_base, &bytes, sizeof bytes); // the field is not const
    return iov;
}

// What the socket takes at once, possibly less than asked; AGAIN (bare) when it takes nothing now.
// A transport may keep some of what it took for the moment there is room. SOCKET_WRITE.
SRS_ERR srs_conn_write_now(struct srs_conn *conn, const struct iovec *iov, int count,
                           size_t *written);
// What stands between srs_conn_write_now and the socket: same contract. For transports, and for
// tests that let a socket take as little as they like.
typedef srs_err srs_conn_write_fn(void *arg, const struct iovec *iov, int count, size_t *written);
void srs_conn_set_write(struct srs_conn *conn, srs_conn_write_fn *fn, void *arg);

// All of it. SOCKET_WRITE, SOCKET_TIMEOUT, CANCELED.
SRS_YIELDS SRS_ERR srs_conn_write(struct srs_conn *conn, struct srs_span bytes, srs_usec deadline);

enum { SRS_CONN_READABLE = 1, SRS_CONN_WRITABLE = 2 };
// Waits until one of `want` (a mask) may succeed. SOCKET_TIMEOUT, CANCELED. srs_conn_poke ends the
// wait with SRS_OK, so the caller looks at its own state after each return.
SRS_YIELDS SRS_ERR srs_conn_wait(struct srs_conn *conn, unsigned want, srs_usec deadline);
void srs_conn_poke(struct srs_conn *conn);
// Waits until the peer has left, without reading: SOCKET_READ then; SRS_OK at a poke,
// SOCKET_TIMEOUT, CANCELED. What the peer sends meanwhile stays in the socket.
SRS_YIELDS SRS_ERR srs_conn_wait_gone(struct srs_conn *conn, srs_usec deadline);
bool srs_conn_writable(const struct srs_conn *conn);
bool srs_conn_readable(const struct srs_conn *conn);

// The last words to a peer: written as far as possible before the deadline, also when the coroutine
// is canceled, then the sending side is shut and what the peer still sends is drained, so that a
// reset does not overtake the words.
SRS_YIELDS void srs_conn_bye(struct srs_conn *conn, struct srs_span bytes, srs_usec deadline);

void srs_conn_set_nodelay(struct srs_conn *conn, bool on);
// Bounds what the kernel keeps of unsent bytes.
void srs_conn_set_send_buffer(struct srs_conn *conn, size_t bytes);

uint64_t srs_conn_bytes_in(const struct srs_conn *conn);
uint64_t srs_conn_bytes_out(const struct srs_conn *conn);

// What all connections of a kind have carried, those that are gone too.
struct srs_traffic {
    uint64_t in;
    uint64_t out;
    uint64_t opened;
    uint64_t open; // now
};
// Counts the connection into it, with what it has carried before; it must outlive the connection.
// Once for each connection.
void srs_conn_set_traffic(struct srs_conn *conn, struct srs_traffic *traffic);
