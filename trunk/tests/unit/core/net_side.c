#include "core/net_side.h"
#include "core/log.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static long descriptors_before;

static unsigned miss_count;
static char first_miss[160];

unsigned net_misses(void)
{
    return miss_count;
}

void net_miss(const char *what, srs_err err)
{
    if (miss_count++ == 0)
        (void)snprintf(first_miss, sizeof first_miss, "%s: %d", what, (int)err);
}

static long count_descriptors(void)
{
    long n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

int net_setup(void **state)
{
    (void)state;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    srs_log_set_level(SRS_LOG_NONE); // the warnings that the cases provoke
    return srs_co_init();
}

int net_setup_each(void **state)
{
    (void)state;
    miss_count = 0;
    descriptors_before = count_descriptors();
    return 0;
}

int net_teardown_each(void **state)
{
    (void)state;
    if (miss_count > 0)
        fail_msg("%u misses, the first: %s", miss_count, first_miss);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(count_descriptors(), descriptors_before);
    return 0;
}

void net_turn(void)
{
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

void net_start(struct srs_scope *scope, srs_co_fn *fn, void *arg)
{
    if (scope->name == NULL)
        srs_scope_init(scope, "test");
    assert_err(SRS_OK, srs_scope_spawn(scope, fn, arg), "spawn");
}

// --- sockets of the other side ------------------------------------------------------------------

struct srs_span net_text_span(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

// Two connected sockets, the second with its descriptor, for what the API does not offer.
void net_pair(struct srs_conn **a, int *b)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], a), "first end");
    *b = fds[1];
}

struct srs_endpoint net_loopback(uint16_t port)
{
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    at.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

uint16_t net_port_of(int fd)
{
    struct srs_endpoint at = {0};
    socklen_t size = sizeof at;
    assert_int_equal(getsockname(fd, &at.addr.any, &size), 0);
    return srs_endpoint_port(&at);
}

// A plain listening socket; the backlog alone completes connections.
int net_raw_listen(int backlog)
{
    struct srs_endpoint at = net_loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &at.addr.any, sizeof at.addr.v4), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

int net_raw_dial(uint16_t port)
{
    struct srs_endpoint to = net_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &to.addr.any, sizeof to.addr.v4), 0);
    return fd;
}

// A TCP connection whose other end is a plain blocking socket.
void net_tcp(struct srs_conn **conn, int *peer)
{
    int listener = net_raw_listen(1);
    *peer = net_raw_dial(net_port_of(listener));
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    (void)close(listener);
    assert_err(SRS_OK, srs_conn_new(fd, conn), "accepted end");
}

struct srs_listener *net_listen(uint16_t *port)
{
    struct srs_endpoint at = net_loopback(0);
    struct srs_listener *listener = NULL;
    assert_err(SRS_OK, srs_listener_open(&at, &listener), "listen");
    at = srs_listener_endpoint(listener);
    *port = srs_endpoint_port(&at);
    assert_true(*port != 0);
    return listener;
}

// --- an echo server -----------------------------------------------------------------------------

struct echo_session {
    struct net_echo *server;
    struct srs_conn *conn;
};

static SRS_YIELDS SRS_ERR echo_once(struct srs_conn *conn)
{
    struct srs_span got;
    srs_err err = srs_conn_read(conn, SOON, &got);
    if (err)
        return err;
    uint8_t *copy = malloc(got.size); // the reader's buffer is gone while the write waits
    size_t size = got.size;
    memcpy(copy, got.bytes, size);
    err = srs_conn_write(conn, (struct srs_span){copy, size}, SOON);
    free(copy);
    return err;
}

static SRS_YIELDS srs_err echo(void *arg)
{
    struct echo_session session = *(struct echo_session *)arg;
    srs_err err = SRS_OK;
    free(arg);
    session.server->live++;
    if (session.server->live > session.server->most)
        session.server->most = session.server->live;
    while (!err)
        err = echo_once(session.conn);
    srs_conn_free(session.conn);
    session.server->live--;
    srs_err_drop(err, "the client is done");
    return SRS_OK;
}

static SRS_YIELDS srs_err accept_all(void *arg)
{
    struct net_echo *server = arg;
    for (;;) {
        struct echo_session *session = calloc(1, sizeof *session);
        session->server = server;
        srs_err err = srs_listener_accept(server->listener, &session->conn);
        if (!err) {
            server->accepted++;
            err = srs_scope_spawn(&server->sessions, echo, session);
        }
        if (err) {
            srs_conn_free(session->conn);
            free(session);
            return err;
        }
    }
}

void net_echo_start(struct net_echo *server)
{
    *server = (struct net_echo){0};
    server->listener = net_listen(&server->port);
    srs_scope_init(&server->accepting, "accept");
    srs_scope_init(&server->sessions, "echo");
    assert_err(SRS_OK, srs_scope_spawn(&server->accepting, accept_all, server), "acceptor");
}

void net_echo_stop(struct net_echo *server)
{
    srs_scope_close(&server->accepting);
    net_turn(); // a session that never ran would not free its connection
    srs_scope_close(&server->sessions);
    srs_listener_close(server->listener);
    assert_int_equal(server->live, 0);
}

void net_reads_then_ends(struct srs_conn *conn, size_t want)
{
    size_t have = 0;
    srs_err err = SRS_OK;
    while (!err) {
        struct srs_span got = {0};
        err = srs_conn_read(conn, SOON, &got);
        have += got.size;
    }
    assert_err(SRS_E_SOCKET_READ, err, "end of stream");
    assert_int_equal(have, want);
}
