// TCP on the reactor.
#include "core/net.h"
#include "core/assert.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/net_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    DEAD_PEER_SEC = 30,
    KEEPALIVE_STEP_SEC = 10,
    // One socket's share of a turn: a peer that never stops sending must not hold up the others.
    BUDGET_BYTES = 256 * 1024,
    BUDGET_USEC = 1000,
    NO_DESCRIPTORS_PAUSE_USEC = 50 * 1000,
    ACCEPTS_PER_TURN = 64, // about 2 ms with the sessions' start
};

struct srs_listener {
    struct srs_io io;
    struct srs_endpoint at;
    struct srs_log_limit full;
    unsigned accepted; // since it last let the others run
};

static uint8_t read_buffer[SRS_CONN_READ_SIZE];
static struct srs_traffic uncounted; // of connections that nobody gave a place

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

// --- listener -----------------------------------------------------------------------------------

static socklen_t addr_size(const struct srs_endpoint *endpoint)
{
    return endpoint->addr.any.sa_family == AF_INET6 ? sizeof endpoint->addr.v6
                                                    : sizeof endpoint->addr.v4;
}

static bool is_any_v6(const struct srs_endpoint *at)
{
    return at->addr.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&at->addr.v6.sin6_addr);
}

static SRS_ERR listen_on(const struct srs_endpoint *at, int *out)
{
    char text[SRS_ENDPOINT_TEXT];
    srs_endpoint_format(at, text);
    int fd = socket(at->addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return srs_fail_sys(SRS_E_SOCKET_CREATE, "TCP socket for %s", text);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (at->addr.any.sa_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    srs_err err = SRS_OK;
    if (bind(fd, &at->addr.any, addr_size(at)) != 0)
        err = srs_fail_sys(SRS_E_SOCKET_BIND, "bind %s", text);
    else if (listen(fd, BACKLOG) != 0)
        err = srs_fail_sys(SRS_E_SOCKET_LISTEN, "listen on %s", text);
    if (err)
        (void)close(fd);
    else
        *out = fd;
    return err;
}

SRS_ERR srs_listener_open(const struct srs_endpoint *at, struct srs_listener **out)
{
    struct srs_endpoint v4 = {.addr.v4 = {.sin_family = AF_INET}};
    int fd = -1;
    srs_err err = listen_on(at, &fd);
    if (err == SRS_E_SOCKET_CREATE && is_any_v6(at)) { // a machine without IPv6
        v4.addr.v4.sin_port = at->addr.v6.sin6_port;
        srs_err_drop(err, "IPv4 alone then");
        err = listen_on(&v4, &fd);
    }
    if (err)
        return srs_wrap(err, "listener");
    struct srs_listener *listener = srs_new(struct srs_listener);
    socklen_t size = sizeof listener->at;
    (void)getsockname(fd, &listener->at.addr.any, &size);
    err = srs_io_open(&listener->io, fd);
    if (err) {
        srs_free(listener);
        return srs_wrap(err, "listener");
    }
    *out = listener;
    return SRS_OK;
}

struct srs_endpoint srs_listener_endpoint(const struct srs_listener *listener)
{
    return listener->at;
}

void srs_listener_shut(struct srs_listener *listener)
{
    srs_io_close(&listener->io);
}

void srs_listener_close(struct srs_listener *listener)
{
    if (listener == NULL)
        return;
    srs_io_close(&listener->io);
    srs_free(listener);
}

// A shortage (EMFILE, ENFILE, ENOBUFS, ENOMEM, no room in epoll) passes; edge-triggered, nothing
// would wake us, so pause and look again. The pause waits for what a listener never gets, so that
// its close ends it.
static SRS_YIELDS SRS_ERR wait_shortage(struct srs_listener *listener, int sys)
{
    unsigned missed = 0;
    if (srs_log_limit_pass(&listener->full, &missed))
        srs_log_error("net", "accept failed, waiting errno=%d missed=%u", sys, missed);
    listener->io.ready &= (uint8_t)~SRS_IO_WRITE;
    srs_err err = srs_io_wait(&listener->io, SRS_IO_WRITE, srs_now() + NO_DESCRIPTORS_PAUSE_USEC);
    return err == SRS_E_SOCKET_TIMEOUT ? SRS_OK : err;
}

static bool is_lost_connection(int sys)
{
    return sys == EINTR || sys == ECONNABORTED || sys == EPROTO || sys == ENETDOWN ||
           sys == EHOSTUNREACH || sys == ENETUNREACH || sys == EPERM;
}

SRS_YIELDS SRS_ERR srs_listener_accept(struct srs_listener *listener, struct srs_conn **out)
{
    srs_co_may_yield();
    srs_err err = SRS_OK;
    if (++listener->accepted >= ACCEPTS_PER_TURN) {
        listener->accepted = 0;
        err = srs_io_give_way(&listener->io);
    }
    while (!err) {
        err = srs_io_wait(&listener->io, SRS_IO_READ, SRS_NEVER);
        if (!err && listener->io.fd < 0) // shut since the event came
            err = srs_bare(SRS_E_SOCKET_CLOSED);
        if (err)
            break;
        int fd = accept4(listener->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int sys = errno;
        if (fd >= 0) {
            err = srs_conn_new(fd, out);
            if (!err)
                return SRS_OK;
            const struct srs_err_trace *story = srs_err_story(err);
            sys = story != NULL ? story->frames[0].sys : 0;
            srs_err_drop(err, "that connection is lost, the listener is not");
            err = wait_shortage(listener, sys);
        } else if (sys == EAGAIN) {
            listener->io.ready &= (uint8_t)~SRS_IO_READ;
            listener->accepted = 0;
        } else if (!is_lost_connection(sys)) {
            err = wait_shortage(listener, sys);
        }
    }
    return err;
}

// --- connection ---------------------------------------------------------------------------------

static struct srs_conn *conn_alloc(void)
{
    struct srs_conn *conn = srs_new(struct srs_conn);
    conn->traffic = &uncounted;
    conn->traffic->open++;
    srs_live_add(SRS_LIVE_CONN, 1);
    return conn;
}

SRS_ERR srs_conn_new(int fd, struct srs_conn **out)
{
    struct srs_conn *conn = conn_alloc();
    socklen_t size = sizeof conn->peer;
    if (getpeername(fd, &conn->peer.addr.any, &size) != 0)
        conn->peer.addr.any.sa_family = AF_UNSPEC;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_STEP_SEC);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_SEC);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, DEAD_PEER_SEC / KEEPALIVE_STEP_SEC - 1);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_PEER_SEC * 1000);
    srs_err err = srs_io_open(&conn->io, fd);
    if (err) {
        srs_conn_free(conn);
        return srs_wrap(err, "connection");
    }
    *out = conn;
    return SRS_OK;
}

void srs_conn_free(struct srs_conn *conn)
{
    if (conn == NULL)
        return;
    if (conn->transport != NULL)
        conn->transport->free(conn);
    srs_io_close(&conn->io);
    srs_buf_fini(&conn->unread);
    srs_buf_fini(&conn->unsent);
    if (conn->gone_fn != NULL)
        conn->gone_fn(conn->gone_arg);
    conn->traffic->open--;
    srs_free(conn);
    srs_live_add(SRS_LIVE_CONN, -1);
}

void srs_conn_on_gone(struct srs_conn *conn, srs_conn_gone_fn *fn, void *arg)
{
    if (conn->gone_fn != NULL)
        conn->gone_fn(conn->gone_arg);
    conn->gone_fn = fn;
    conn->gone_arg = arg;
}

static SRS_YIELDS SRS_ERR finish_dial(struct srs_conn *conn, srs_usec deadline)
{
    conn->io.ready = 0;
    if (connect(conn->io.fd, &conn->peer.addr.any, addr_size(&conn->peer)) == 0) {
        conn->io.ready = SRS_IO_READ | SRS_IO_WRITE; // no event was looked at since
        return SRS_OK;
    }
    if (errno != EINPROGRESS)
        return srs_fail_sys(SRS_E_ST_CONNECT, "connect");
    srs_err err = srs_io_wait(&conn->io, SRS_IO_WRITE, deadline);
    if (err)
        return err;
    int sys = 0;
    socklen_t size = sizeof sys;
    (void)getsockopt(conn->io.fd, SOL_SOCKET, SO_ERROR, &sys, &size);
    errno = sys;
    if (sys != 0)
        return srs_fail_sys(SRS_E_ST_CONNECT, "connect");
    conn->io.ready |= SRS_IO_READ | SRS_IO_WRITE; // the peer's end may have been in the same event
    return SRS_OK;
}

SRS_YIELDS SRS_ERR srs_conn_dial(const struct srs_endpoint *to, srs_usec deadline,
                                 struct srs_conn **out)
{
    srs_co_may_yield();
    int fd = socket(to->addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return srs_fail_sys(SRS_E_SOCKET_CREATE, "TCP socket");
    struct srs_conn *conn = NULL;
    srs_err err = srs_conn_new(fd, &conn);
    if (err)
        return err;
    conn->peer = *to;
    err = finish_dial(conn, deadline);
    if (err) {
        srs_conn_free(conn);
        return err;
    }
    *out = conn;
    return SRS_OK;
}

struct srs_endpoint srs_conn_peer(const struct srs_conn *conn)
{
    return conn->peer;
}

void srs_conn_set_peer(struct srs_conn *conn, const struct srs_endpoint *peer)
{
    conn->peer = *peer;
}

struct srs_endpoint srs_conn_local(const struct srs_conn *conn)
{
    struct srs_endpoint local = {.addr.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof local;
    (void)getsockname(conn->io.fd, &local.addr.any, &size);
    return local;
}

// --- input --------------------------------------------------------------------------------------

SRS_ERR srs_conn_unread(struct srs_conn *conn, struct srs_span bytes)
{
    srs_assert(srs_buf_size(&conn->unread) == 0);
    srs_err err = srs_buf_append(&conn->unread, bytes.bytes, bytes.size, SIZE_MAX);
    return err ? srs_wrap(err, "bytes put back") : SRS_OK;
}

static bool input_waits(const struct srs_conn *conn)
{
    return conn->input_over || srs_buf_size(&conn->unread) > 0;
}

static struct srs_span take_unread(struct srs_conn *conn)
{
    size_t size = srs_buf_size(&conn->unread);
    if (size > sizeof read_buffer)
        size = sizeof read_buffer;
    memcpy(read_buffer, conn->unread.bytes + conn->unread.start, size);
    srs_buf_consume(&conn->unread, size);
    return (struct srs_span){read_buffer, size};
}

// What the socket has now; AGAIN.
static SRS_ERR read_socket(struct srs_conn *conn, struct srs_span *got)
{
    for (;;) {
        srs_usec began = srs_now_coarse();
        ssize_t n = recv(conn->io.fd, read_buffer, sizeof read_buffer, 0);
        srs_co_note_call(began);
        if (n > 0) {
            // A short read means the socket is empty now, and saves the call that would say so.
            if ((size_t)n < sizeof read_buffer && (conn->io.ready & SRS_IO_HUP) == 0)
                conn->io.ready &= (uint8_t)~SRS_IO_READ;
            conn->budget_used += (unsigned)n;
            conn->bytes_in += (uint64_t)n;
            conn->traffic->in += (uint64_t)n;
            *got = (struct srs_span){read_buffer, (size_t)n};
            return SRS_OK;
        }
        if (n == 0)
            return srs_bare(SRS_E_SOCKET_READ);
        if (errno == EAGAIN) {
            conn->io.ready &= (uint8_t)~SRS_IO_READ;
            return srs_bare(SRS_E_AGAIN);
        }
        if (errno != EINTR)
            return srs_fail_sys(SRS_E_SOCKET_READ, "read");
    }
}

// Without waiting; *got is empty when only a part of something came.
static SRS_ERR read_now(struct srs_conn *conn, struct srs_span *got)
{
    *got = (struct srs_span){0};
    if (srs_buf_size(&conn->unread) > 0) {
        *got = take_unread(conn);
        return SRS_OK;
    }
    srs_err err = conn->input_over ? SRS_OK : read_socket(conn, got);
    if (err == SRS_E_AGAIN)
        return SRS_OK;
    if (!err && conn->transport != NULL)
        err = conn->transport->decode(conn, *got, got);
    return err;
}

// The others' turn when the peer never stops sending.
static SRS_YIELDS SRS_ERR share_turn(struct srs_conn *conn)
{
    if (conn->budget_used < BUDGET_BYTES &&
        (conn->budget_used == 0 || (conn->io.ready & SRS_IO_READ) == 0 ||
         srs_co_slice_used() <= BUDGET_USEC))
        return SRS_OK;
    conn->budget_used = 0;
    return srs_io_give_way(&conn->io);
}

SRS_YIELDS SRS_ERR srs_conn_read(struct srs_conn *conn, srs_usec deadline, struct srs_span *got)
{
    srs_co_may_yield();
    for (;;) {
        srs_err err = share_turn(conn);
        if (err)
            return err;
        if ((conn->io.ready & SRS_IO_READ) == 0)
            conn->budget_used = 0;
        err = input_waits(conn) ? srs_co_check() : srs_io_wait(&conn->io, SRS_IO_READ, deadline);
        if (!err && srs_co_turn_is_long()) // what is read may take long to handle
            err = srs_io_give_way(&conn->io);
        if (!err)
            err = read_now(conn, got);
        if (err || got->size > 0)
            return err;
    }
}

// --- output -------------------------------------------------------------------------------------

void srs_conn_set_write(struct srs_conn *conn, srs_conn_write_fn *fn, void *arg)
{
    conn->write_fn = fn;
    conn->write_arg = arg;
}

static ssize_t send_bytes(const struct srs_conn *conn, struct srs_span bytes)
{
    srs_usec began = srs_now_coarse();
    ssize_t n = send(conn->io.fd, bytes.bytes, bytes.size, MSG_NOSIGNAL);
    srs_co_note_call(began); // reads no errno
    return n;
}

static void count_out(struct srs_conn *conn, ssize_t n)
{
    conn->bytes_out += (uint64_t)n;
    conn->traffic->out += (uint64_t)n;
}

// There is room again. An error is met again by the next write.
static void drain(struct srs_io *io)
{
    struct srs_conn *conn = srs_list_entry(io, struct srs_conn, io);
    while (srs_buf_size(&conn->unsent) > 0) {
        ssize_t n = send_bytes(conn, srs_buf_span(&conn->unsent));
        if (n >= 0) {
            count_out(conn, n);
            srs_buf_consume(&conn->unsent, (size_t)n);
        } else if (errno == EAGAIN) {
            io->ready &= (uint8_t)~SRS_IO_WRITE;
            return;
        } else if (errno != EINTR) {
            srs_buf_fini(&conn->unsent);
        }
    }
    io->drain = NULL;
}

SRS_ERR srs_conn_push(struct srs_conn *conn, struct srs_span bytes)
{
    while (srs_buf_size(&conn->unsent) == 0 && bytes.size > 0) {
        ssize_t n = send_bytes(conn, bytes);
        if (n >= 0) {
            count_out(conn, n);
            bytes.bytes += n;
            bytes.size -= (size_t)n;
        } else if (errno == EAGAIN) {
            conn->io.ready &= (uint8_t)~SRS_IO_WRITE;
            break;
        } else if (errno != EINTR) {
            return srs_fail_sys(SRS_E_SOCKET_WRITE, "write");
        }
    }
    if (bytes.size == 0)
        return SRS_OK;
    conn->io.drain = drain;
    srs_err err = srs_buf_append(&conn->unsent, bytes.bytes, bytes.size, SRS_CONN_UNSENT_MAX);
    return err ? srs_wrap(err, "bytes that the peer does not take") : SRS_OK;
}

SRS_ERR srs_conn_write_now(struct srs_conn *conn, const struct iovec *iov, int count,
                           size_t *written)
{
    if (conn->write_fn != NULL)
        return conn->write_fn(conn->write_arg, iov, count, written);
    if ((conn->io.ready & SRS_IO_WRITE) == 0)
        return srs_bare(SRS_E_AGAIN);
    for (;;) {
        srs_usec began = srs_now_coarse();
        ssize_t n = count == 1 ? send(conn->io.fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL)
                               : writev(conn->io.fd, iov, count);
        srs_co_note_call(began);
        if (n >= 0) {
            count_out(conn, n);
            *written = (size_t)n;
            return SRS_OK;
        }
        if (errno == EAGAIN) {
            conn->io.ready &= (uint8_t)~SRS_IO_WRITE;
            return srs_bare(SRS_E_AGAIN);
        }
        if (errno != EINTR)
            return srs_fail_sys(SRS_E_SOCKET_WRITE, "write");
    }
}

SRS_YIELDS SRS_ERR srs_conn_write(struct srs_conn *conn, struct srs_span bytes, srs_usec deadline)
{
    srs_co_may_yield();
    while (bytes.size > 0) {
        srs_err err = srs_io_wait(&conn->io, SRS_IO_WRITE, deadline);
        if (err)
            return err;
        struct iovec iov = srs_iov(bytes.bytes, bytes.size);
        size_t n = 0;
        err = srs_conn_write_now(conn, &iov, 1, &n);
        if (err == SRS_E_AGAIN && srs_conn_writable(conn)) { // a transport above the socket said so
            err = srs_co_give_way();
            if (!err && srs_now() >= deadline)
                err = srs_bare(SRS_E_SOCKET_TIMEOUT);
        }
        if (err && err != SRS_E_AGAIN)
            return err;
        bytes.bytes += n;
        bytes.size -= n;
    }
    return SRS_OK;
}

SRS_YIELDS SRS_ERR srs_conn_wait(struct srs_conn *conn, unsigned want, srs_usec deadline)
{
    srs_co_may_yield();
    if (conn->poked || ((want & SRS_CONN_READABLE) != 0 && input_waits(conn))) {
        conn->poked = false;
        return srs_co_check();
    }
    unsigned mask = ((want & SRS_CONN_READABLE) != 0 ? SRS_IO_READ : 0) |
                    ((want & SRS_CONN_WRITABLE) != 0 ? SRS_IO_WRITE : 0);
    srs_err err = srs_io_wait(&conn->io, mask, deadline);
    if (err != SRS_E_SOCKET_CLOSED)
        conn->poked = false;
    return err;
}

void srs_conn_poke(struct srs_conn *conn)
{
    conn->poked = true;
    if (conn->io.reader != NULL)
        srs_co_wake(conn->io.reader, SRS_OK);
    if (conn->io.writer != NULL)
        srs_co_wake(conn->io.writer, SRS_OK);
}

SRS_YIELDS SRS_ERR srs_conn_wait_gone(struct srs_conn *conn, srs_usec deadline)
{
    srs_co_may_yield();
    srs_err err = SRS_OK;
    while (!err && !conn->poked) {
        if ((conn->io.ready & SRS_IO_HUP) != 0)
            return srs_bare(SRS_E_SOCKET_READ);
        srs_assert(conn->io.reader == NULL);
        conn->io.reader = srs_co_self();
        err = srs_co_park(deadline); // each arrival of bytes ends it too
        if (err == SRS_E_SOCKET_CLOSED)
            return err;
        conn->io.reader = NULL;
    }
    conn->poked = false;
    return err;
}

bool srs_conn_writable(const struct srs_conn *conn)
{
    return (conn->io.ready & SRS_IO_WRITE) != 0;
}

bool srs_conn_readable(const struct srs_conn *conn)
{
    return (conn->io.ready & SRS_IO_READ) != 0 || input_waits(conn);
}

// What a transport has taken must be in the socket before its sending side is shut.
static SRS_YIELDS SRS_ERR finish_output(struct srs_conn *conn, srs_usec deadline)
{
    srs_err err = SRS_OK;
    if (conn->transport != NULL)
        conn->transport->finish(conn);
    while (!err && srs_buf_size(&conn->unsent) > 0)
        err = srs_io_wait(&conn->io, SRS_IO_WRITE, deadline);
    return err;
}

SRS_YIELDS void srs_conn_bye(struct srs_conn *conn, struct srs_span bytes, srs_usec deadline)
{
    srs_co_may_yield();
    srs_co_shield(1);
    struct srs_err_trace *story = srs_err_save(); // the caller is on its way out with an error
    struct srs_span rest;
    srs_err err = srs_conn_write(conn, bytes, deadline);
    if (!err)
        err = finish_output(conn, deadline);
    if (!err)
        (void)shutdown(conn->io.fd, SHUT_WR);
    while (!err)
        err = srs_conn_read(conn, deadline, &rest);
    srs_err_restore(story);
    srs_co_shield(-1);
}

void srs_conn_set_nodelay(struct srs_conn *conn, bool on)
{
    set_option(conn->io.fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

void srs_conn_set_send_buffer(struct srs_conn *conn, size_t bytes)
{
    set_option(conn->io.fd, SOL_SOCKET, SO_SNDBUF, (int)bytes);
}

uint64_t srs_conn_bytes_in(const struct srs_conn *conn)
{
    return conn->bytes_in;
}

uint64_t srs_conn_bytes_out(const struct srs_conn *conn)
{
    return conn->bytes_out;
}

void srs_conn_set_traffic(struct srs_conn *conn, struct srs_traffic *traffic)
{
    conn->traffic->open--;
    conn->traffic = traffic;
    traffic->open++;
    traffic->opened++;
    traffic->in += conn->bytes_in;
    traffic->out += conn->bytes_out;
}
