// TCP connections and the reactor: deadlines, closing and canceling under waiters, waiting, poking,
// the last words, fairness. No other peer. (test_net_peers.c: how peers end; test_net_load.c: much
// at a time; test_endpoint.c: listeners.)
#include "core/net_side.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

// --- deadlines, closing, canceling --------------------------------------------------------------

static void test_read_given_deadlines_from_1_to_64_ms_then_times_out_and_not_early(void **state)
{
    (void)state;
    struct srs_conn *conn;
    struct srs_span got;
    int peer;
    net_pair(&conn, &peer);
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

static srs_err take_nothing(void *arg, const struct iovec *iov, int count, size_t *written)
{
    (void)arg;
    (void)iov;
    (void)count;
    (void)written;
    return srs_bare(SRS_E_AGAIN);
}

// The socket has room all the time, so that it is not the socket that is waited for.
static void test_write_given_transport_that_takes_nothing_then_times_out(void **state)
{
    (void)state;
    struct srs_conn *conn;
    int peer;
    net_pair(&conn, &peer);
    srs_conn_set_write(conn, take_nothing, NULL);
    srs_usec start = srs_now();
    assert_err(SRS_E_SOCKET_TIMEOUT,
               srs_conn_write(conn, net_text_span("x"), start + 10 * SRS_MSEC), "deadline");
    assert_true(srs_now() - start >= 10 * SRS_MSEC);
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
    net_pair(&reader.conn, &peer);
    writer.conn = reader.conn;
    int fd = peer - 1; // socketpair gave them in a row
    assert_true(fcntl(fd, F_GETFD) >= 0);
    net_start(&scope, read_to_end, &reader);
    net_start(&scope, write_4_mib, &writer);
    net_turn();
    assert_false(reader.over || writer.over);
    srs_conn_free(reader.conn);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(dup(peer), fd); // the number is somebody else's now and must stay so
    net_turn();
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
    net_pair(&reader.conn, &peer);
    net_start(&scope, read_to_end, &reader);
    net_turn();
    srs_conn_poke(reader.conn); // woken with SRS_OK, but it has not run when the connection goes
    srs_conn_free(reader.conn);
    net_turn();
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
    net_tcp(&reader.conn, &peer);
    assert_int_equal(send(peer, bytes, sizeof bytes, 0), sizeof bytes);
    net_start(&scope, read_to_end, &reader);
    net_turn();
    assert_int_equal(reader.reads,
                     1); // its millisecond was over, so the second read waits its net_turn
    srs_conn_free(reader.conn);
    net_turn();
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
    net_pair(&reader.conn, &peer);
    writer.conn = reader.conn;
    net_start(&scope, read_to_end, &reader);
    net_start(&scope, write_4_mib, &writer);
    net_turn();
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

// An acceptor whose connection came in the net_turn in which its server's scope is closed.
static void test_scope_given_child_that_spawns_while_it_is_closed_then_canceled(void **state)
{
    (void)state;
    struct spawner spawner = {0};
    net_start(&spawner.scope, spawn_late, &spawner);
    net_turn();
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
    net_pair(&waiting.conn, &peer);
    struct srs_conn *conn = waiting.conn;
    // Ready flags start optimistic; the first read finds nothing and clears them.
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, srs_now() + SRS_MSEC, &got), "silent");
    srs_conn_poke(conn);
    assert_err(SRS_OK, srs_conn_wait(conn, SRS_CONN_READABLE, SOON), "poked before");
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_wait(conn, SRS_CONN_READABLE, srs_now() + SRS_MSEC),
               "used up");
    net_start(&scope, wait_readable, &waiting);
    net_turn();
    assert_false(waiting.over);
    srs_conn_poke(conn);
    net_turn();
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
    net_tcp(&conn, &peer);
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
    srs_conn_bye(waiting->conn, net_text_span("last words"), SOON);
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
    net_tcp(&waiting.conn, &fd);
    assert_int_equal(send(fd, bytes, sizeof bytes, 0), sizeof bytes); // never read by the session
    assert_err(SRS_OK, srs_conn_new(fd, &peer), "peer");
    net_start(&scope, say_bye, &waiting);
    net_turn();
    net_start(&closing, close_scope, &scope);
    net_reads_then_ends(peer, waiting.sent + strlen("last words"));
    srs_conn_free(peer);
    while (closing.count > 0)
        net_turn();
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
    net_tcp(&conn, &peer);
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
    net_tcp(&reader.conn, &peer);
    assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t n = 0; n >= 0; n = send(peer, block, sizeof block, 0))
        queued += (size_t)n;
    assert_true(queued > 1 << 20); // many turns' worth lies in the kernel
    net_start(&scope, read_to_end, &reader);
    uint64_t before = 0;
    uint64_t most = 0;
    for (int i = 0; i < 100000 && before < queued; i++) {
        net_turn();
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, net_setup_each, net_teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_read_given_deadlines_from_1_to_64_ms_then_times_out_and_not_early),
        CASE(test_write_given_transport_that_takes_nothing_then_times_out),
        CASE(test_conn_given_freed_by_another_then_reader_and_writer_get_closed),
        CASE(test_conn_given_woken_and_freed_in_one_turn_then_reader_gets_closed),
        CASE(test_conn_given_freed_while_reader_lets_others_run_then_reader_gets_closed),
        CASE(test_conn_given_canceled_waiters_then_they_get_canceled),
        CASE(test_scope_given_child_that_spawns_while_it_is_closed_then_canceled),
        CASE(test_timer_given_set_to_the_past_by_itself_then_others_still_run),
        CASE(test_wait_given_poke_before_or_during_then_ends_once),
        CASE(test_write_now_given_full_socket_then_again_and_wait_wakes_when_writable),
        CASE(test_bye_given_canceled_and_unread_input_then_peer_gets_the_words_not_a_reset),
        CASE(test_bye_given_peer_that_never_reads_then_ends_at_the_deadline),
        CASE(test_read_given_firehose_then_others_get_their_turn),
    };
    return cmocka_run_group_tests(tests, net_setup, NULL);
}
