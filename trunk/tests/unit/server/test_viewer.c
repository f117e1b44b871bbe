// What a viewer's own coroutine sees: srs_viewer_wait's returns, a socket that stays full, control
// bytes that pile up.
#include "flow_player.h"
#include "stream/packets.h"
#include <sys/socket.h>
#include <unistd.h>

enum { KEY = SRS_PACKET_KEY };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = SRS_NEVER, .packets = 100000, .bytes = SIZE_MAX};
static const char publisher;
static struct srs_writer writer;

static struct {
    struct srs_sources *sources;
    struct srs_source *source;
    struct srs_track *track;
    struct srs_conn *conn;
    int peer;
    struct srs_viewer viewer;
} at;

static unsigned changed;

static void on_changed(struct srs_source *source)
{
    (void)source;
    changed++;
}

static const struct srs_source_ops source_ops = {.changed = on_changed};

static int setup(void **state)
{
    (void)state;
    int fds[2];
    memset(&at, 0, sizeof at);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], &at.conn), "connection");
    at.peer = fds[1];
    assert_err(SRS_OK, srs_sources_new(&source_ops, &at.sources), "sources");
    assert_err(SRS_OK, srs_source_get(at.sources, "v", "a", "s", &limits, &at.source), "source");
    assert_err(SRS_OK, srs_source_publish(at.source, &publisher, 1), "publish");
    assert_err(SRS_OK,
               srs_source_set_track(at.source, make_track(SRS_KIND_VIDEO, 0, ""), &at.track),
               "track");
    struct srs_viewer_options options = {
        .mux = &srs_mux_flv, .send_timeout = 80 * SRS_MSEC, .send_buffer = 16 * 1024};
    srs_viewer_init(&at.viewer, at.conn, &writer, &options);
    struct srs_span none;
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(at.conn, srs_now() + SRS_MSEC, &none),
               "a new socket counts as readable until it was looked at");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_source_unpublish(at.source, &publisher);
    srs_viewer_fini(&at.viewer);
    srs_conn_free(at.conn);
    (void)close(at.peer);
    srs_source_unref(at.source);
    srs_sources_free(at.sources);
    assert_nothing_lives();
    return 0;
}

static void push(size_t size, unsigned flags)
{
    struct srs_packet *packet = make_packet(at.track, size, flags, srs_now());
    assert_err(SRS_OK, srs_source_push(at.source, packet), "push");
}

static void join_full(void)
{
    push(1 << 20, KEY);
    srs_viewer_join(&at.viewer, at.source);
    assert_true(at.viewer.blocked);
    assert_non_null(at.viewer.held);
}

static void test_viewer_given_deadline_then_timeout_while_idle(void **state)
{
    (void)state;
    srs_viewer_join(&at.viewer, at.source);
    srs_usec from = srs_now();
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_viewer_wait(&at.viewer, from + 30 * SRS_MSEC), "idle");
    assert_true(srs_now() >= from + 30 * SRS_MSEC);
}

static void test_viewer_given_input_then_ok(void **state)
{
    (void)state;
    srs_viewer_join(&at.viewer, at.source);
    assert_int_equal(write(at.peer, "x", 1), 1);
    assert_err(SRS_OK, srs_viewer_wait(&at.viewer, srs_now() + 10 * SRS_SEC), "input");
    assert_true(srs_conn_readable(at.conn));
}

static void test_viewer_given_poke_then_ok(void **state)
{
    (void)state;
    srs_viewer_join(&at.viewer, at.source);
    srs_conn_poke(at.conn);
    assert_err(SRS_OK, srs_viewer_wait(&at.viewer, srs_now() + 10 * SRS_SEC), "poke");
    assert_false(srs_conn_readable(at.conn));
    srs_source_unpublish(at.source, &publisher);
    assert_err(SRS_OK, srs_viewer_wait(&at.viewer, srs_now() + 10 * SRS_SEC), "end of publisher");
    assert_true(at.viewer.ended);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_viewer_wait(&at.viewer, srs_now() + 10 * SRS_MSEC),
               "told once, then it waits");
}

static void test_viewer_given_peer_that_takes_nothing_then_send_timeout(void **state)
{
    (void)state;
    join_full();
    srs_usec from = srs_now();
    assert_err(SRS_E_SEND_TIMEOUT, srs_viewer_wait(&at.viewer, SRS_NEVER), "stalled");
    assert_in_range(srs_now() - from, 60 * SRS_MSEC, 8 * SRS_SEC);
}

static void test_viewer_given_stalled_peer_that_talks_then_send_timeout_all_the_same(void **state)
{
    (void)state;
    struct srs_span input;
    join_full();
    srs_err err = SRS_OK;
    for (int i = 0; !err && i < 10000; i++) {
        assert_int_equal(write(at.peer, "x", 1), 1);
        err = srs_viewer_wait(&at.viewer, SRS_NEVER);
        if (!err && srs_conn_readable(at.conn))
            assert_err(SRS_OK, srs_conn_read(at.conn, srs_now() + SRS_SEC, &input), "read");
        if (!err)
            assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "sleep");
    }
    assert_err(SRS_E_SEND_TIMEOUT, err, "stalled");
}

static srs_err drain(void *arg)
{
    size_t *total = arg;
    char bytes[8192];
    for (;;) {
        ssize_t n = recv(at.peer, bytes, sizeof bytes, MSG_DONTWAIT);
        *total += n > 0 ? (size_t)n : 0;
        srs_err err = srs_co_sleep(srs_now() + SRS_MSEC / 2);
        if (err)
            return srs_bare(SRS_OK);
    }
}

// The log of a source without publisher is let go when the last one has caught up by itself,
// without a beat.
static void test_viewer_given_full_socket_then_goes_on_by_itself_and_says_so(void **state)
{
    (void)state;
    struct srs_scope scope;
    size_t total = 0;
    join_full();
    srs_source_unpublish(at.source, &publisher);
    unsigned before = changed;
    srs_scope_init(&scope, "peer");
    assert_err(SRS_OK, srs_scope_spawn(&scope, drain, &total), "peer");
    srs_usec until = srs_now() + 10 * SRS_SEC;
    while (at.viewer.held != NULL && srs_now() < until) {
        srs_err err = srs_viewer_wait(&at.viewer, srs_now() + 100 * SRS_MSEC);
        if (err && err != SRS_E_SOCKET_TIMEOUT) // it goes on waiting for input when all is sent
            fail_msg("%s", srs_err_name(err));
    }
    assert_null(at.viewer.held);
    assert_false(at.viewer.blocked);
    assert_int_equal(at.viewer.stats.packets, 1);
    assert_true(changed > before);
    srs_scope_close(&scope);
    assert_true(total > 900000);
}

static void test_viewer_given_reset_peer_then_socket_write(void **state)
{
    (void)state;
    join_full();
    (void)close(at.peer);
    at.peer = dup(0);
    srs_err err = SRS_OK;
    for (int i = 0; !err && i < 10; i++) {
        srs_viewer_flush(&at.viewer);
        err = srs_viewer_wait(&at.viewer, srs_now() + SRS_SEC);
        assert_err(SRS_OK, srs_co_breathe(), "turn");
    }
    assert_err(SRS_E_SOCKET_WRITE, err, "reset");
    srs_viewer_flush(&at.viewer); // harmless
}

static srs_err wait_canceled(void *arg)
{
    srs_err *out = arg;
    *out = srs_viewer_wait(&at.viewer, SRS_NEVER);
    return SRS_OK;
}

static void test_viewer_given_cancel_then_canceled(void **state)
{
    (void)state;
    struct srs_scope scope;
    srs_err err = SRS_OK;
    srs_viewer_join(&at.viewer, at.source);
    srs_scope_init(&scope, "viewer");
    assert_err(SRS_OK, srs_scope_spawn(&scope, wait_canceled, &err), "spawn");
    assert_err(SRS_OK, srs_co_breathe(), "it waits");
    srs_scope_close(&scope);
    assert_int_equal(err, SRS_E_CANCELED);
}

static void test_viewer_given_control_bytes_that_pile_up_then_limit(void **state)
{
    (void)state;
    static const uint8_t bytes[64 * 1024];
    srs_err err = SRS_OK;
    unsigned count = 0;
    for (; !err && count < 100; count++)
        err = srs_viewer_control(&at.viewer, (struct srs_span){bytes, sizeof bytes});
    assert_err(SRS_E_LIMIT, err, "1 MiB");
    assert_int_equal(count, 17);
    assert_int_equal(srs_buf_size(&at.viewer.pending), 1 << 20);
}

static void test_viewer_given_packets_that_wait_then_their_age(void **state)
{
    (void)state;
    assert_int_equal(srs_viewer_queue_age(&at.viewer), 0);
    join_full();
    assert_int_equal(srs_viewer_queue_age(&at.viewer), 0); // the held one is on its way
    struct srs_packet *packet = make_packet(at.track, 10, 0, srs_now() - 3 * SRS_SEC);
    assert_err(SRS_OK, srs_source_push(at.source, packet), "push");
    assert_in_range(srs_viewer_queue_age(&at.viewer), 3 * SRS_SEC, 60 * SRS_SEC);
}

// Twenty packets are there at once; they go one by one, the rest by the viewer's own coroutine.
// Bytes that the peer got since the last time.
static size_t received(void)
{
    static char bytes[1 << 16];
    ssize_t n = recv(at.peer, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

static void test_viewer_given_muted_video_then_nothing_until_a_key_frame(void **state)
{
    (void)state;
    push(100, KEY);
    srs_viewer_join(&at.viewer, at.source);
    assert_true(received() > 100);
    srs_viewer_mute(&at.viewer, 1U << SRS_KIND_VIDEO);
    for (int i = 0; i < 5; i++)
        push(100, i == 3 ? KEY : 0);
    srs_viewer_flush(&at.viewer);
    assert_int_equal(received(), 0);
    assert_int_equal(at.viewer.consumer.next, at.source->log.next); // it holds nothing up
    assert_int_equal(at.viewer.stats.packets, 1);
    srs_viewer_mute(&at.viewer, 0);
    push(100, 0);
    srs_viewer_flush(&at.viewer);
    assert_int_equal(received(), 0);
    push(200, KEY);
    push(300, 0);
    srs_viewer_flush(&at.viewer);
    assert_in_range(received(), 500, 599);
    assert_int_equal(at.viewer.stats.packets, 3);
}

static void test_viewer_given_muted_audio_then_video_goes_on(void **state)
{
    (void)state;
    push(100, KEY);
    srs_viewer_join(&at.viewer, at.source);
    (void)received();
    srs_viewer_mute(&at.viewer, 1U << SRS_KIND_AUDIO);
    push(100, 0);
    srs_viewer_mute(&at.viewer, 0);
    push(100, 0);
    srs_viewer_flush(&at.viewer);
    assert_in_range(received(), 200, 299);
}

static void test_viewer_given_an_interval_then_messages_keep_it(void **state)
{
    (void)state;
    struct srs_scope scope;
    size_t total = 0;
    at.viewer.options.send_interval = 5 * SRS_MSEC;
    for (int i = 0; i < 20; i++)
        push(1000, i == 0 ? KEY : 0);
    srs_usec from = srs_now();
    srs_viewer_join(&at.viewer, at.source);
    assert_int_equal(at.viewer.stats.packets, 1);
    srs_viewer_flush(&at.viewer); // as a beat does
    if (srs_now() < from + 3 * SRS_MSEC)
        assert_int_equal(at.viewer.stats.packets, 1);
    srs_scope_init(&scope, "peer");
    assert_err(SRS_OK, srs_scope_spawn(&scope, drain, &total), "peer");
    while (at.viewer.stats.packets < 20 && srs_now() < from + 20 * SRS_SEC) {
        uint64_t sent = at.viewer.stats.packets;
        srs_err err = srs_viewer_wait(&at.viewer, srs_now() + 7 * SRS_MSEC);
        if (err && err != SRS_E_SOCKET_TIMEOUT)
            fail_msg("%s", srs_err_name(err));
        sent = at.viewer.stats.packets - sent;
        assert_true(srs_now() - from >=
                    ((srs_usec)at.viewer.stats.packets - 1) * 5 * SRS_MSEC - 2 * SRS_MSEC);
    }
    assert_int_equal(at.viewer.stats.packets, 20);
    assert_false(at.viewer.paced);
    push(10, 0); // who has caught up waits for the beat as ever
    assert_int_equal(at.viewer.stats.packets, 20);
    srs_scope_close(&scope);
}

static void test_viewer_given_an_interval_below_a_turn_then_several_go_in_one(void **state)
{
    (void)state;
    at.viewer.options.send_interval = 100;
    for (int i = 0; i < 200; i++)
        push(10, i == 0 ? KEY : 0);
    srs_viewer_join(&at.viewer, at.source);
    assert_int_equal(at.viewer.stats.packets, 21); // two milliseconds' worth
    assert_true(at.viewer.paced);
    at.viewer.options.send_interval = 1;
    assert_err(SRS_OK, srs_co_sleep(srs_now() + 3 * SRS_MSEC), "sleep");
    srs_viewer_flush(&at.viewer);
    assert_int_equal(at.viewer.stats.packets, 21 + 64);
}

// --- what is counted ----------------------------------------------------------------------------

static void test_viewer_given_tally_then_join_and_delays_of_what_came_later(void **state)
{
    struct srs_seen seen = {0};
    (void)state;
    at.viewer.seen = &seen;
    push(100, KEY);
    push(100, 0);
    at.viewer.stats.joined_at = srs_now() + 1; // later than both have arrived
    srs_viewer_join(&at.viewer, at.source);
    assert_int_equal(srs_histogram_count(&seen.join), 1);
    assert_int_equal(seen.packets, 2);
    assert_int_equal(srs_histogram_count(&seen.delay), 0); // the gop cache says nothing
    struct srs_packet *packet =
        make_packet(at.track, 100, 0, at.viewer.stats.joined_at + 40 * SRS_MSEC);
    packet->head.arrived = srs_now() - 3 * SRS_MSEC;
    at.viewer.stats.joined_at = packet->head.arrived;
    assert_err(SRS_OK, srs_source_push(at.source, packet), "push");
    srs_viewer_flush(&at.viewer);
    assert_int_equal(seen.packets, 3);
    assert_int_equal(srs_histogram_count(&seen.delay), 1);
    assert_true(seen.delay.sum >= 3 * SRS_MSEC && seen.delay.sum < 3 * SRS_SEC);
    assert_int_equal(at.source->stats.delayed, 1);
    assert_int_equal(at.source->stats.delay, seen.delay.sum);
    assert_int_equal(seen.skipped + seen.jumps, 0);
}

static void
test_viewer_given_tally_and_no_publisher_at_the_join_then_no_join_is_counted(void **state)
{
    struct srs_seen seen = {0};
    (void)state;
    at.viewer.seen = &seen;
    at.viewer.stats.joined_at = at.source->published_at - 1;
    srs_viewer_join(&at.viewer, at.source);
    push(100, KEY);
    srs_viewer_flush(&at.viewer);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(srs_histogram_count(&seen.join), 0);
}

static void test_viewer_given_tally_and_lost_packets_then_counted_once(void **state)
{
    struct srs_seen seen = {0};
    struct srs_log_limits small = limits;
    (void)state;
    at.viewer.seen = &seen;
    join_full();
    small.packets = 4;
    srs_packet_log_set_limits(&at.source->log, &small);
    for (unsigned i = 0; i < 20; i++)
        push(100, i % 4 == 0 ? KEY : 0);
    for (srs_usec end = srs_now() + 20 * SRS_SEC; seen.packets == 0 && srs_now() < end;) {
        char sink[65536];
        (void)recv(at.peer, sink, sizeof sink, MSG_DONTWAIT);
        assert_err(SRS_OK, srs_co_breathe(), "the reactor");
        srs_viewer_flush(&at.viewer);
        srs_viewer_flush(&at.viewer); // finds the jump once more
    }
    assert_true(seen.skipped > 0);
    assert_int_equal(seen.jumps, 1);
    assert_int_equal(seen.skipped, at.viewer.stats.skipped);
    assert_int_equal(seen.skipped, at.source->stats.skipped);
}

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_viewer_given_deadline_then_timeout_while_idle),
        TEST(test_viewer_given_input_then_ok),
        TEST(test_viewer_given_poke_then_ok),
        TEST(test_viewer_given_peer_that_takes_nothing_then_send_timeout),
        TEST(test_viewer_given_stalled_peer_that_talks_then_send_timeout_all_the_same),
        TEST(test_viewer_given_full_socket_then_goes_on_by_itself_and_says_so),
        TEST(test_viewer_given_reset_peer_then_socket_write),
        TEST(test_viewer_given_cancel_then_canceled),
        TEST(test_viewer_given_control_bytes_that_pile_up_then_limit),
        TEST(test_viewer_given_packets_that_wait_then_their_age),
        TEST(test_viewer_given_muted_video_then_nothing_until_a_key_frame),
        TEST(test_viewer_given_muted_audio_then_video_goes_on),
        TEST(test_viewer_given_an_interval_then_messages_keep_it),
        TEST(test_viewer_given_an_interval_below_a_turn_then_several_go_in_one),
        TEST(test_viewer_given_tally_then_join_and_delays_of_what_came_later),
        TEST(test_viewer_given_tally_and_no_publisher_at_the_join_then_no_join_is_counted),
        TEST(test_viewer_given_tally_and_lost_packets_then_counted_once),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
