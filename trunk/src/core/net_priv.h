// A connection's insides, for what lies between its bytes and its socket (net_tls.c).
#pragma once
#include "core/buf.h"
#include "core/co_priv.h"
#include "core/net.h"

// Turns a socket's bytes into the connection's and back. Nothing here yields. Output goes through
// srs_conn_set_write.
struct srs_transport {
    // Takes what the socket gave, at most SRS_CONN_READ_SIZE bytes; *got may be empty, and else is
    // gone at the next yield. Nothing of `raw` is left over. Once it has set input_over it is asked
    // without bytes and tells why there will be no more.
    srs_err (*decode)(struct srs_conn *conn, struct srs_span raw, struct srs_span *got);
    // Pushes the last word of this transport, once.
    void (*finish)(struct srs_conn *conn);
    void (*free)(struct srs_conn *conn);
};

struct srs_conn {
    struct srs_io io;     // first: found from it
    unsigned budget_used; // bytes read since it last waited
    bool poked;
    bool input_over; // said by the transport
    struct srs_endpoint peer;
    uint64_t bytes_in; // of the socket
    uint64_t bytes_out;
    struct srs_traffic *traffic; // that it counts into as well; never NULL
    srs_conn_write_fn *write_fn; // NULL: the socket's own
    void *write_arg;
    srs_conn_gone_fn *gone_fn; // NULL: nobody asks
    void *gone_arg;
    const struct srs_transport *transport; // NULL: bytes are the socket's
    void *transport_state;
    struct srs_buf unread; // is read before what the transport or the socket has
    struct srs_buf unsent; // taken, and not in the socket yet
};

enum { SRS_CONN_UNSENT_MAX = 128 * 1024 };

// Gives bytes to the socket; what it does not take is kept, and leaves by itself as soon as there
// is room. SOCKET_WRITE; LIMIT when more than SRS_CONN_UNSENT_MAX would be kept; NO_MEMORY.
SRS_ERR srs_conn_push(struct srs_conn *conn, struct srs_span bytes);
