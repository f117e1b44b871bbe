// TCP connections and the reactor: deadlines, closing and canceling under waiters, backpressure,
// half-closed and reset peers, fairness, many connections (test_endpoint.c: listeners); no other
// peer.
#include "core/log.h"
#include "core/net.h"
#include "test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef SRS_ASAN
enum { DUPLEX_BYTES = 16 << 20, MANY = 3000 };
#else
enum { DUPLEX_BYTES = 64 << 20, MANY = 9500 };
#endif

#define SOON (srs_now() + 20 * SRS_SEC)

static long descriptors_before;

// Coroutines other than the test's own must not assert: they leave word here.
static struct {
    unsigned count;
    char first[160];
} misses;

static void miss(const char *what, srs_err err)
{
    if (misses.count++ == 0)
        (void)snprintf(misses.first, sizeof misses.first, "%s: %d", what, (int)err);
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

static int setup(void **state)
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

static int setup_each(void **state)
{
    (void)state;
    misses.count = 0;
    descriptors_before = count_descriptors();
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    if (misses.count > 0)
        fail_msg("%u misses, the first: %s", misses.count, misses.first);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(count_descriptors(), descriptors_before);
    return 0;
}

static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void turn(void)
{
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

static void start(struct srs_scope *scope, srs_co_fn *fn, void *arg)
{
    if (scope->name == NULL)
        srs_scope_init(scope, "test");
    assert_err(SRS_OK, srs_scope_spawn(scope, fn, arg), "spawn");
}

// --- sockets of the other side ------------------------------------------------------------------

static struct srs_span text_span(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

// Two connected sockets, the second with its descriptor, for what the API does not offer.
static void open_pair(struct srs_conn **a, int *b)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], a), "first end");
    *b = fds[1];
}

static struct srs_endpoint loopback(uint16_t port)
{
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    at.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static uint16_t port_of(int fd)
{
    struct srs_endpoint at = {0};
    socklen_t size = sizeof at;
    assert_int_equal(getsockname(fd, &at.addr.any, &size), 0);
    return srs_endpoint_port(&at);
}

// A plain listening socket; the backlog alone completes connections.
static int raw_listen(int backlog)
{
    struct srs_endpoint at = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &at.addr.any, sizeof at.addr.v4), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int raw_dial(uint16_t port)
{
    struct srs_endpoint to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &to.addr.any, sizeof to.addr.v4), 0);
    return fd;
}

// A TCP connection whose other end is a plain blocking socket.
static void open_tcp(struct srs_conn **conn, int *peer)
{
    int listener = raw_listen(1);
    *peer = raw_dial(port_of(listener));
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    (void)close(listener);
    assert_err(SRS_OK, srs_conn_new(fd, conn), "accepted end");
}

static struct srs_listener *listen_loopback(uint16_t *port)
{
    struct srs_endpoint at = loopback(0);
    struct srs_listener *listener = NULL;
    assert_err(SRS_OK, srs_listener_open(&at, &listener), "listen");
    at = srs_listener_endpoint(listener);
    *port = srs_endpoint_port(&at);
    assert_true(*port != 0);
    return listener;
}

// --- an echo server -----------------------------------------------------------------------------

struct echo_server {
    struct srs_listener *listener;
    uint16_t port;
    struct srs_scope accepting;
    struct srs_scope sessions;
    unsigned live;
    unsigned most;
    unsigned accepted;
};

struct echo_session {
    struct echo_server *server;
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
    struct echo_server *server = arg;
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

static void echo_start(struct echo_server *server)
{
    *server = (struct echo_server){0};
    server->listener = listen_loopback(&server->port);
    srs_scope_init(&server->accepting, "accept");
    srs_scope_init(&server->sessions, "echo");
    assert_err(SRS_OK, srs_scope_spawn(&server->accepting, accept_all, server), "acceptor");
}

static void echo_stop(struct echo_server *server)
{
    srs_scope_close(&server->accepting);
    turn(); // a session that never ran would not free its connection
    srs_scope_close(&server->sessions);
    srs_listener_close(server->listener);
    assert_int_equal(server->live, 0);
}

// --- deadlines, closing, canceling --------------------------------------------------------------

static void test_read_given_deadlines_from_1_to_64_ms_then_times_out_and_not_early(void **state)
{
    (void)state;
    struct srs_conn *conn;
    struct srs_span got;
    int peer;
    open_pair(&conn, &peer);
    for (srs_usec wait = SRS_MSEC; wait <= 64 * SRS_MSEC; wait *= 4) {
        srs_usec start = srs_now();
        assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, start + wait, &got), "silent peer");
        assert_true(srs_now() - start >= wait);
        assert_true(srs_now() - start < wait + SRS_SEC);
    }
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, srs_now() - 1, &got), "past deadline");
    srs_conn_free(conn);
    (void)close(peer);
}

struct waiting {
    struct srs_conn *conn;
    unsigned reads;
    size_t sent;
    bool spin;
    bool over;
    srs_err result;
};

static SRS_YIELDS srs_err read_to_end(void *arg)
{
    struct waiting *waiting = arg;
    struct srs_span got;
    do {
        waiting->result = srs_conn_read(waiting->conn, SRS_NEVER, &got);
        waiting->reads += waiting->result == SRS_OK ? 1 : 0;
        srs_usec until = srs_now() + 2 * SRS_MSEC;
        while (waiting->spin && srs_now() < until) {
        }
    } while (waiting->result == SRS_OK);
    waiting->over = true;
    return srs_bare(SRS_OK);
}

static SRS_YIELDS srs_err write_4_mib(void *arg)
{
    static uint8_t big[4 << 20];
    struct waiting *waiting = arg;
    waiting->result = srs_conn_write(waiting->conn, (struct srs_span){big, sizeof big}, SRS_NEVER);
    waiting->over = true;
    return srs_bare(SRS_OK);
}

static void test_conn_given_freed_by_another_then_reader_and_writer_get_closed(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct waiting reader = {0};
    struct waiting writer = {0};
    int peer;
    open_pair(&reader.conn, &peer);
    writer.conn = reader.conn;
    int fd = peer - 1; // socketpair gave them in a row
    assert_true(fcntl(fd, F_GETFD) >= 0);
    start(&scope, read_to_end, &reader);
    start(&scope, write_4_mib, &writer);
    turn();
    assert_false(reader.over || writer.over);
    srs_conn_free(reader.conn);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(dup(peer), fd); // the number is somebody else's now and must stay so
    turn();
    assert_true(reader.over && writer.over);
    assert_err(SRS_E_SOCKET_CLOSED, reader.result, "reader");
    assert_err(SRS_E_SOCKET_CLOSED, writer.result, "writer");
    assert_true(fcntl(fd, F_GETFD) >= 0);
    srs_scope_close(&scope);
    (void)close(fd);
    (void)close(peer);
}

static void test_conn_given_woken_and_freed_in_one_turn_then_reader_gets_closed(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct waiting reader = {0};
    int peer;
    open_pair(&reader.conn, &peer);
    start(&scope, read_to_end, &reader);
    turn();
    srs_conn_poke(reader.conn); // woken with SRS_OK, but it has not run when the connection goes
    srs_conn_free(reader.conn);
    turn();
    assert_true(reader.over);
    assert_err(SRS_E_SOCKET_CLOSED, reader.result, "woken before");
    srs_scope_close(&scope);
    (void)close(peer);
}

static void test_conn_given_freed_while_reader_lets_others_run_then_reader_gets_closed(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct waiting reader = {.spin = true};
    static uint8_t bytes[2 * SRS_CONN_READ_SIZE];
    int peer;
    open_tcp(&reader.conn, &peer);
    assert_int_equal(send(peer, bytes, sizeof bytes, 0), sizeof bytes);
    start(&scope, read_to_end, &reader);
    turn();
    assert_int_equal(reader.reads,
                     1); // its millisecond was over, so the second read waits its turn
    srs_conn_free(reader.conn);
    turn();
    assert_true(reader.over);
    assert_err(SRS_E_SOCKET_CLOSED, reader.result, "breathing");
    srs_scope_close(&scope);
    (void)close(peer);
}

static void test_conn_given_canceled_waiters_then_they_get_canceled(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct waiting reader = {0};
    struct waiting writer = {0};
    int peer;
    open_pair(&reader.conn, &peer);
    writer.conn = reader.conn;
    start(&scope, read_to_end, &reader);
    start(&scope, write_4_mib, &writer);
    turn();
    srs_scope_close(&scope);
    assert_err(SRS_E_CANCELED, reader.result, "reader");
    assert_err(SRS_E_CANCELED, writer.result, "writer");
    // The connection itself is untouched: others can go on with it.
    assert_int_equal(send(peer, "x", 1, 0), 1);
    struct srs_span got;
    assert_err(SRS_OK, srs_conn_read(reader.conn, SOON, &got), "after");
    assert_int_equal(got.size, 1);
    srs_conn_free(reader.conn);
    (void)close(peer);
}

struct spawner {
    struct srs_scope scope;
    struct srs_event go;
    srs_err result;
};

static SRS_YIELDS srs_err spawn_late(void *arg)
{
    struct spawner *spawner = arg;
    srs_err err = srs_event_wait(&spawner->go, SRS_NEVER);
    spawner->result = err ? err : srs_scope_spawn(&spawner->scope, read_to_end, NULL);
    return SRS_OK;
}

// An acceptor whose connection came in the turn in which its server's scope is closed.
static void test_scope_given_child_that_spawns_while_it_is_closed_then_canceled(void **state)
{
    (void)state;
    struct spawner spawner = {0};
    start(&spawner.scope, spawn_late, &spawner);
    turn();
    srs_event_signal(&spawner.go);
    srs_scope_close(&spawner.scope);
    assert_err(SRS_E_CANCELED, spawner.result, "spawn");
    assert_int_equal(spawner.scope.count, 0);
}

static unsigned always_due_fired;

static void fire_again(struct srs_timer *timer)
{
    always_due_fired++;
    srs_timer_set(timer, timer->at);
}

static void test_timer_given_set_to_the_past_by_itself_then_others_still_run(void **state)
{
    (void)state;
    struct srs_timer timer = {.fire = fire_again};
    always_due_fired = 0;
    srs_timer_set(&timer, srs_now());
    for (int i = 0; i < 100; i++)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 1), "sleep");
    srs_timer_cancel(&timer);
    assert_true(always_due_fired > 0);
}

// --- bulk ---------------------------------------------------------------------------------------

struct flow {
    struct srs_conn *conn;
    uint32_t seed;
    size_t done;
    bool stops; // takes a break now and then, so that the writer is held back
};

static SRS_YIELDS srs_err write_pattern(void *arg)
{
    struct flow *flow = arg;
    uint32_t *words = malloc(65536);
    srs_err err = SRS_OK;
    while (!err && flow->done < DUPLEX_BYTES) {
        for (size_t i = 0; i < 65536 / sizeof *words; i++)
            words[i] = random_next(&flow->seed);
        err = srs_conn_write(flow->conn, (struct srs_span){(uint8_t *)words, 65536}, SOON);
        flow->done += 65536;
    }
    free(words);
    if (err)
        miss("duplex write", err);
    return srs_bare(SRS_OK);
}

static SRS_YIELDS srs_err read_pattern(void *arg)
{
    struct flow *flow = arg;
    uint32_t word = 0;
    unsigned reads = 0;
    while (flow->done < DUPLEX_BYTES) {
        struct srs_span got;
        srs_err err = srs_conn_read(flow->conn, SOON, &got);
        for (size_t i = 0; !err && i < got.size; i++, flow->done++, word >>= 8) {
            if (flow->done % 4 == 0)
                word = random_next(&flow->seed);
            if (got.bytes[i] != (word & 0xff))
                err = SRS_E_SOCKET_READ;
        }
        if (!err && flow->stops && ++reads % 50 == 0)
            err = srs_co_sleep(srs_now() + SRS_MSEC);
        if (err) {
            miss("duplex read or content", err);
            break;
        }
    }
    return srs_bare(SRS_OK);
}

static void test_conn_given_bulk_both_ways_with_backpressure_then_content_is_right(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    uint16_t port;
    struct srs_listener *listener = listen_loopback(&port);
    struct srs_endpoint to = loopback(port);
    struct srs_conn *a = NULL;
    struct srs_conn *b = NULL;
    assert_err(SRS_OK, srs_conn_dial(&to, SOON, &a), "dial");
    assert_err(SRS_OK, srs_listener_accept(listener, &b), "accept");
    struct flow flows[4] = {{a, 1, 0, false}, {b, 1, 0, true}, {b, 2, 0, false}, {a, 2, 0, true}};
    for (int i = 0; i < 4; i++)
        start(&scope, i % 2 == 0 ? write_pattern : read_pattern, &flows[i]);
    while (scope.count > 0)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "wait");
    srs_scope_close(&scope);
    for (int i = 0; i < 4; i++)
        assert_int_equal(flows[i].done, DUPLEX_BYTES);
    assert_int_equal(srs_conn_bytes_in(a), DUPLEX_BYTES);
    assert_int_equal(srs_conn_bytes_out(a), DUPLEX_BYTES);
    srs_conn_free(a);
    srs_conn_free(b);
    srs_listener_close(listener);
}

// --- ends of peers ------------------------------------------------------------------------------

static void assert_reads_then_ends(struct srs_conn *conn, size_t want)
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

static void test_conn_given_data_and_end_in_one_event_200_times_then_both_are_seen(void **state)
{
    (void)state;
    static const uint8_t bytes[100];
    struct echo_server server;
    echo_start(&server);
    for (int i = 0; i < 200; i++) {
        struct srs_conn *conn = NULL;
        int fd = raw_dial(server.port);
        assert_err(SRS_OK, srs_conn_new(fd, &conn), "new");
        assert_err(SRS_OK, srs_conn_write(conn, (struct srs_span){bytes, sizeof bytes}, SOON), "");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_reads_then_ends(conn, sizeof bytes);
        srs_conn_free(conn);
    }
    echo_stop(&server);
}

static SRS_YIELDS srs_err give_and_leave(void *arg)
{
    static const uint8_t bytes[100];
    int fd = accept4(*(int *)arg, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || send(fd, bytes, sizeof bytes, 0) != sizeof bytes)
        miss("give", SRS_E_SOCKET_WRITE);
    (void)close(fd);
    return SRS_OK;
}

// The dialer's first event says connected, data and end at once; the end must not be forgotten.
static void test_dial_given_data_and_end_with_the_connect_then_both_are_seen(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct srs_conn *conn = NULL;
    int listener = raw_listen(8);
    struct srs_endpoint to = loopback(port_of(listener));
    start(&scope, give_and_leave, &listener);
    assert_err(SRS_OK, srs_conn_dial(&to, SOON, &conn), "dial");
    assert_reads_then_ends(conn, 100);
    srs_conn_free(conn);
    srs_scope_close(&scope);
    (void)close(listener);
}

static void test_read_given_half_closed_peer_then_end_and_still_writable(void **state)
{
    (void)state;
    struct srs_conn *conn;
    char text[8];
    int peer;
    open_tcp(&conn, &peer);
    assert_int_equal(send(peer, "abc", 3, 0), 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_reads_then_ends(conn, 3);
    assert_reads_then_ends(conn, 0); // and again
    assert_err(SRS_OK, srs_conn_write(conn, text_span("answer"), SOON), "write after its end");
    assert_int_equal(recv(peer, text, sizeof text, 0), 6);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_dial_given_nobody_listens_then_refused_with_errno(void **state)
{
    (void)state;
    int fd = raw_listen(-1); // bound, so that nobody else listens there
    struct srs_endpoint to = loopback(port_of(fd));
    struct srs_conn *conn = NULL;
    srs_err err = srs_conn_dial(&to, SOON, &conn);
    const struct srs_err_trace *story = srs_err_story(err);
    assert_non_null(story);
    assert_int_equal(story->frames[0].sys, ECONNREFUSED);
    assert_err(SRS_E_ST_CONNECT, err, "refused");
    assert_null(conn);
    (void)close(fd);
}

static void test_conn_given_reset_by_peer_then_read_and_write_fail_with_errno(void **state)
{
    (void)state;
    struct linger at_once = {.l_onoff = 1};
    struct srs_conn *conn;
    struct srs_span got;
    int peer;
    open_tcp(&conn, &peer);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, srs_now() + SRS_MSEC, &got), "nothing");
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(peer);
    srs_err err = srs_conn_read(conn, SOON, &got);
    const struct srs_err_trace *story = srs_err_story(err);
    assert_non_null(story);
    assert_int_equal(story->frames[0].sys, ECONNRESET);
    assert_err(SRS_E_SOCKET_READ, err, "reset");
    assert_err(SRS_E_SOCKET_WRITE, srs_conn_write(conn, text_span("x"), SOON), "write");
    srs_conn_free(conn);
}

static void test_dial_given_full_accept_queue_then_times_out(void **state)
{
    (void)state;
    int listener = raw_listen(0);
    struct srs_endpoint to = loopback(port_of(listener));
    struct srs_conn *conns[8] = {NULL};
    int timed_out = 0;
    for (int i = 0; i < 8; i++) {
        srs_err err = srs_conn_dial(&to, srs_now() + 50 * SRS_MSEC, &conns[i]);
        timed_out += err == SRS_E_SOCKET_TIMEOUT ? 1 : 0;
        assert_true(err == SRS_OK || err == SRS_E_SOCKET_TIMEOUT);
        srs_err_drop(err, "counted");
    }
    assert_true(timed_out >= 5);
    for (int i = 0; i < 8; i++)
        srs_conn_free(conns[i]);
    (void)close(listener);
}

// --- many ---------------------------------------------------------------------------------------

enum { CHURNERS = 64, CHURN_ROUNDS = 300 };

static struct {
    uint16_t port;
    struct srs_conn *slots[CHURNERS];
    unsigned done;
    unsigned echoed;
    unsigned killed;
    uint32_t seed;
} churn;

static SRS_YIELDS SRS_ERR check_echo(struct srs_conn *conn, const uint8_t *bytes, size_t size)
{
    size_t have = 0;
    srs_err err = srs_conn_write(conn, (struct srs_span){bytes, size}, SOON);
    while (!err && have < size) {
        struct srs_span got;
        err = srs_conn_read(conn, SOON, &got);
        if (!err && (got.size > size - have || memcmp(got.bytes, bytes + have, got.size) != 0))
            return srs_fail(SRS_E_LIMIT, "other bytes came back");
        have += err ? 0 : got.size;
    }
    return err;
}

static SRS_YIELDS srs_err churn_one(void *arg)
{
    struct srs_conn **slot = arg;
    struct srs_endpoint to = loopback(churn.port);
    for (int i = 0; i < CHURN_ROUNDS; i++) {
        uint8_t bytes[512];
        size_t size = 1 + random_next(&churn.seed) % sizeof bytes;
        memset(bytes, (int)random_next(&churn.seed), sizeof bytes);
        srs_err err = srs_conn_dial(&to, SOON, slot);
        if (err) {
            miss("churn dial", err);
            continue;
        }
        err = check_echo(*slot, bytes, size);
        if (err == SRS_E_SOCKET_CLOSED) // by the killer, who has freed it
            continue;
        if (err)
            miss("churn echo", err);
        churn.echoed++;
        srs_conn_free(*slot);
        *slot = NULL;
    }
    churn.done++;
    return srs_bare(SRS_OK);
}

// Looks at each turn: the churners move in step, and a timer would meet one phase only.
static SRS_YIELDS srs_err kill_some(void *arg)
{
    (void)arg;
    srs_err err = SRS_OK;
    while (!err && churn.done < CHURNERS) {
        struct srs_conn **slot = &churn.slots[random_next(&churn.seed) % CHURNERS];
        if (*slot != NULL && random_next(&churn.seed) % 4 == 0) {
            churn.killed++;
            srs_conn_free(*slot);
            *slot = NULL;
        }
        err = srs_co_breathe();
    }
    return err;
}

static void test_conn_given_churn_with_random_killer_then_others_are_unharmed(void **state)
{
    (void)state;
    struct echo_server server;
    struct srs_scope scope = {0};
    echo_start(&server);
    memset(&churn, 0, sizeof churn);
    churn.port = server.port;
    churn.seed = 12345;
    start(&scope, kill_some, NULL);
    for (int i = 0; i < CHURNERS; i++)
        start(&scope, churn_one, &churn.slots[i]);
    while (churn.done < CHURNERS)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 5 * SRS_MSEC), "wait");
    srs_scope_close(&scope);
    echo_stop(&server);
    assert_true(churn.killed > 0);
    assert_int_equal(churn.echoed + churn.killed, CHURNERS * CHURN_ROUNDS);
}

static struct {
    uint16_t port;
    unsigned clients;
    unsigned finished;
    struct srs_event all_finished;
    uint32_t seed;
} many;

static SRS_YIELDS srs_err client_of_many(void *arg)
{
    (void)arg;
    struct srs_endpoint to = loopback(many.port);
    struct srs_conn *conn = NULL;
    srs_err err = srs_conn_dial(&to, SOON, &conn);
    for (int round = 0; !err && round < 5; round++) {
        uint8_t bytes[600];
        size_t size = 1 + random_next(&many.seed) % sizeof bytes;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&many.seed);
        err = check_echo(conn, bytes, size);
    }
    if (err)
        miss("one of many", err);
    many.finished++;
    if (many.finished == many.clients)
        srs_event_signal(&many.all_finished);
    while (many.finished < many.clients) // all stay connected until then
        if (srs_event_wait(&many.all_finished, SRS_NEVER) != SRS_OK)
            break;
    srs_conn_free(conn);
    return srs_bare(SRS_OK);
}

static void test_conn_given_thousands_in_one_process_then_all_are_served(void **state)
{
    (void)state;
    struct rlimit files;
    struct echo_server server;
    struct srs_scope scope = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    many.clients = MANY;
    if (files.rlim_cur < 2 * MANY + 100)
        many.clients = (unsigned)(files.rlim_cur - 100) / 2;
    many.finished = 0;
    many.seed = 99;
    echo_start(&server);
    many.port = server.port;
    for (unsigned i = 0; i < many.clients; i++) {
        start(&scope, client_of_many, NULL);
        if (i % 200 == 199)
            turn();
    }
    while (scope.count > 0 && misses.count == 0)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 10 * SRS_MSEC), "wait");
    srs_scope_close(&scope);
    echo_stop(&server);
    assert_int_equal(server.accepted, many.clients);
    assert_int_equal(server.most, many.clients);
}

// --- waiting, poking, the last words ------------------------------------------------------------

static SRS_YIELDS srs_err wait_readable(void *arg)
{
    struct waiting *waiting = arg;
    waiting->result = srs_conn_wait(waiting->conn, SRS_CONN_READABLE, SRS_NEVER);
    waiting->over = true;
    return srs_bare(SRS_OK);
}

static void test_wait_given_poke_before_or_during_then_ends_once(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct waiting waiting = {0};
    struct srs_span got;
    int peer;
    open_pair(&waiting.conn, &peer);
    struct srs_conn *conn = waiting.conn;
    // Ready flags start optimistic; the first read finds nothing and clears them.
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, srs_now() + SRS_MSEC, &got), "silent");
    srs_conn_poke(conn);
    assert_err(SRS_OK, srs_conn_wait(conn, SRS_CONN_READABLE, SOON), "poked before");
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_wait(conn, SRS_CONN_READABLE, srs_now() + SRS_MSEC),
               "used up");
    start(&scope, wait_readable, &waiting);
    turn();
    assert_false(waiting.over);
    srs_conn_poke(conn);
    turn();
    assert_true(waiting.over);
    assert_err(SRS_OK, waiting.result, "poked while waiting");
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_wait(conn, SRS_CONN_READABLE, srs_now() + SRS_MSEC),
               "used up again");
    srs_scope_close(&scope);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_write_now_given_full_socket_then_again_and_wait_wakes_when_writable(void **state)
{
    (void)state;
    static uint8_t block[65536];
    struct srs_conn *conn;
    int peer;
    open_tcp(&conn, &peer);
    srs_conn_set_send_buffer(conn, 65536);
    struct iovec iov[2] = {{block, 100}, {block, sizeof block}};
    size_t sent = 0;
    srs_err err = SRS_OK;
    while (!err) {
        size_t n = 0;
        err = srs_conn_write_now(conn, iov, 2, &n);
        sent += n;
    }
    assert_err(SRS_E_AGAIN, err, "full");
    assert_false(srs_conn_writable(conn));
    assert_int_equal(srs_conn_bytes_out(conn), sent);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_wait(conn, SRS_CONN_WRITABLE, srs_now() + SRS_MSEC),
               "still full");
    for (size_t drained = 0; drained < sent;) {
        ssize_t n = recv(peer, block, sizeof block, 0);
        assert_true(n > 0);
        drained += (size_t)n;
    }
    assert_err(SRS_OK, srs_conn_wait(conn, SRS_CONN_WRITABLE, SOON), "drained");
    size_t n = 0;
    assert_err(SRS_OK, srs_conn_write_now(conn, iov, 1, &n), "after");
    assert_int_equal(n, 100);
    srs_conn_free(conn);
    (void)close(peer);
}

static SRS_YIELDS srs_err say_bye(void *arg)
{
    static uint8_t block[65536];
    struct waiting *waiting = arg;
    struct iovec iov = srs_iov(block, sizeof block);
    size_t n = 0;
    // The words stand behind what the peer has not taken: a close with unread input would throw all
    // that away.
    for (; srs_conn_write_now(waiting->conn, &iov, 1, &n) == SRS_OK; waiting->sent += n) {
    }
    waiting->result = srs_event_wait(&(struct srs_event){0}, SRS_NEVER); // until canceled
    srs_err kept = srs_fail(SRS_E_KICKED, "the reason it ends");
    srs_conn_bye(waiting->conn, text_span("last words"), SOON);
    waiting->over = srs_err_story(kept) != NULL; // the goodbye has kept it
    srs_conn_free(waiting->conn);
    srs_err_drop(kept, "checked");
    return SRS_OK;
}

static SRS_YIELDS srs_err close_scope(void *arg)
{
    srs_scope_close(arg);
    return SRS_OK;
}

static void
test_bye_given_canceled_and_unread_input_then_peer_gets_the_words_not_a_reset(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    struct srs_scope scope = {0};
    struct srs_scope closing = {0};
    struct waiting waiting = {0};
    struct srs_conn *peer = NULL;
    int fd;
    open_tcp(&waiting.conn, &fd);
    assert_int_equal(send(fd, bytes, sizeof bytes, 0), sizeof bytes); // never read by the session
    assert_err(SRS_OK, srs_conn_new(fd, &peer), "peer");
    start(&scope, say_bye, &waiting);
    turn();
    start(&closing, close_scope, &scope);
    assert_reads_then_ends(peer, waiting.sent + strlen("last words"));
    srs_conn_free(peer);
    while (closing.count > 0)
        turn();
    assert_err(SRS_E_CANCELED, waiting.result, "canceled");
    assert_true(waiting.over);
    srs_scope_close(&closing);
}

static void test_bye_given_peer_that_never_reads_then_ends_at_the_deadline(void **state)
{
    (void)state;
    static uint8_t big[8 << 20];
    struct srs_conn *conn;
    int peer;
    open_tcp(&conn, &peer);
    srs_usec start = srs_now();
    srs_conn_bye(conn, (struct srs_span){big, sizeof big}, start + 30 * SRS_MSEC);
    assert_in_range(srs_now() - start, 30 * SRS_MSEC, 5 * SRS_SEC);
    srs_conn_free(conn);
    (void)close(peer);
}

// --- fairness -----------------------------------------------------------------------------------

static void test_read_given_firehose_then_others_get_their_turn(void **state)
{
    (void)state;
    static uint8_t block[65536];
    struct srs_scope scope = {0};
    struct waiting reader = {0};
    size_t queued = 0;
    int peer;
    open_tcp(&reader.conn, &peer);
    assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t n = 0; n >= 0; n = send(peer, block, sizeof block, 0))
        queued += (size_t)n;
    assert_true(queued > 1 << 20); // many turns' worth lies in the kernel
    start(&scope, read_to_end, &reader);
    uint64_t before = 0;
    uint64_t most = 0;
    for (int i = 0; i < 100000 && before < queued; i++) {
        turn();
        uint64_t now = srs_conn_bytes_in(reader.conn);
        most = now - before > most ? now - before : most;
        before = now;
    }
    assert_int_equal(before, queued);
    assert_true(most <= 256 * 1024 + SRS_CONN_READ_SIZE);
    srs_scope_close(&scope);
    srs_conn_free(reader.conn);
    (void)close(peer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_read_given_deadlines_from_1_to_64_ms_then_times_out_and_not_early),
        CASE(test_conn_given_freed_by_another_then_reader_and_writer_get_closed),
        CASE(test_conn_given_woken_and_freed_in_one_turn_then_reader_gets_closed),
        CASE(test_conn_given_freed_while_reader_lets_others_run_then_reader_gets_closed),
        CASE(test_conn_given_canceled_waiters_then_they_get_canceled),
        CASE(test_scope_given_child_that_spawns_while_it_is_closed_then_canceled),
        CASE(test_timer_given_set_to_the_past_by_itself_then_others_still_run),
        CASE(test_conn_given_bulk_both_ways_with_backpressure_then_content_is_right),
        CASE(test_conn_given_data_and_end_in_one_event_200_times_then_both_are_seen),
        CASE(test_dial_given_data_and_end_with_the_connect_then_both_are_seen),
        CASE(test_read_given_half_closed_peer_then_end_and_still_writable),
        CASE(test_dial_given_nobody_listens_then_refused_with_errno),
        CASE(test_conn_given_reset_by_peer_then_read_and_write_fail_with_errno),
        CASE(test_dial_given_full_accept_queue_then_times_out),
        CASE(test_conn_given_churn_with_random_killer_then_others_are_unharmed),
        CASE(test_conn_given_thousands_in_one_process_then_all_are_served),
        CASE(test_wait_given_poke_before_or_during_then_ends_once),
        CASE(test_write_now_given_full_socket_then_again_and_wait_wakes_when_writable),
        CASE(test_bye_given_canceled_and_unread_input_then_peer_gets_the_words_not_a_reset),
        CASE(test_bye_given_peer_that_never_reads_then_ends_at_the_deadline),
        CASE(test_read_given_firehose_then_others_get_their_turn),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
