// RTMP sessions that publish, on sockets in this process: names that are taken, one stream after
// the other on a connection, time-outs on a clock that is set, kicks, what is refused and how.
#include "core/net_priv.h"
#include "flow_server.h"
#include "server/rtmp/session.h"
#include "set_clock.h"
#include <stdio.h>
#include <sys/socket.h>

#define LIVE_LONG   "publish { normal_timeout 86400000; firstpkt_timeout 86400000; } "
#define VHOST(text) "vhost __defaultVhost__ { " text " }"

static struct flow_server flow;

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    flow_server_open(&flow, VHOST(LIVE_LONG));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_server_close(&flow);
    return 0;
}

static void send_frames(struct flow_peer *peer, const char *stream, unsigned count)
{
    flow_peer_record(peer);
    for (unsigned i = 0; i < count; i++)
        flow_peer_frame(peer, i * 40, i == 0, 100);
    flow_wait_for(flow_source(&flow, stream)->stats.video_packets == count);
}

static void assert_refused(struct flow_peer *peer, const char *code)
{
    char story[512];
    srs_err err = flow_peer_start(peer);
    srs_err_format(err, story, sizeof story);
    if (err != SRS_E_RTMP_REFUSED || strstr(story, code) == NULL)
        fail_msg("want %s: %s", code, story);
    (void)srs_bare(err);
    assert_true(flow_peer_is_closed(peer));
    flow_peer_free(peer);
}

// --- who may publish ----------------------------------------------------------------------------

static void test_publish_given_name_that_is_taken_then_refused_and_the_first_goes_on(void **state)
{
    (void)state;
    struct flow_peer first;
    struct flow_peer second;
    flow_peer_begin(&first, &flow, "s", true);
    send_frames(&first, "s", 2);
    assert_int_equal(flow.server.clients.count, 1);
    flow_peer_open(&second, &flow, "s", true);
    assert_refused(&second, "NetStream.Publish.BadName");
    assert_int_equal(flow.server.clients.count, 1);
    flow_peer_frame(&first, 80, false, 100);
    flow_wait_for(flow_source(&flow, "s")->stats.video_packets == 3);
    flow_peer_free(&first);
    flow_wait_for(flow_source(&flow, "s") == NULL);
    flow_peer_begin(&second, &flow, "s", true);
    assert_string_equal(flow_client(&flow)->type, "fmle-publish");
    assert_true(flow_client(&flow)->publish);
    assert_null(flow_client(&flow)->viewer);
    flow_peer_free(&second);
}

static void test_publish_given_what_cannot_be_then_refused_and_closed(void **state)
{
    (void)state;
    static const struct {
        const char *tc_url;
        const char *stream;
        const char *code;
    } rows[] = {
        {"rtmp://127.0.0.1/live", "", "NetStream.Publish.Rejected"},
        {"rtmp://off.example/live", "s", "NetConnection.Connect.Rejected"},
    };
    flow_server_configure(&flow, "vhost __defaultVhost__ { } vhost off.example { enabled off; }");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct flow_peer peer;
        flow_peer_open_as(&peer, &flow,
                          &(struct srs_rtmp_client_config){
                              .tc_url = rows[i].tc_url, .stream = rows[i].stream, .publish = true});
        assert_refused(&peer, rows[i].code);
    }
    flow_server_configure(&flow, "vhost one.example { }"); // and no default
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, "s", true);
    assert_refused(&peer, "NetConnection.Connect.Rejected");
    assert_int_equal(srs_sources_count(flow.server.sources), 0);
}

// Streams that gave way to the limit hold less than it; for ten seconds nobody new comes.
static void
test_publish_given_streams_at_the_memory_limit_then_refused_for_ten_seconds(void **state)
{
    (void)state;
    struct flow_peer first;
    struct flow_peer second;
    flow_server_configure(&flow, "media_memory 1048576; " VHOST(LIVE_LONG));
    flow_peer_begin(&first, &flow, "big", true);
    flow_peer_record(&first);
    flow_peer_begin(&second, &flow, "before", true);
    flow_peer_free(&second);
    for (unsigned i = 0; i < 6; i++)
        flow_peer_frame(&first, i * 40, i == 0, 300000);
    flow_wait_for(flow_source(&flow, "big")->stats.video_packets == 6);
    assert_true(srs_sources_bytes(flow.server.sources) <= 1048576);
    flow_peer_open(&second, &flow, "s", true);
    assert_refused(&second, "NetStream.Publish.Rejected");
    assert_null(flow_source(&flow, "s"));
    clock_jump(10 * SRS_SEC - SRS_MSEC);
    flow_peer_open(&second, &flow, "s", true);
    assert_refused(&second, "NetStream.Publish.Rejected");
    clock_jump(2 * SRS_MSEC);
    flow_peer_begin(&second, &flow, "s", true);
    flow_peer_free(&second);
    flow_peer_free(&first);
}

// --- one connection, several streams ------------------------------------------------------------

static void publish_again(struct flow_peer *peer, const char *stream)
{
    peer->codes[0] = '\0';
    flow_peer_command(peer, 0, "createStream", NULL, -1);
    flow_peer_command(peer, 1, "publish", stream, -1);
    flow_peer_until(peer, flow_peer_was_told(peer, "NetStream.Publish.Start"));
}

static void test_publish_given_unpublish_then_the_name_is_free_and_another_may_come(void **state)
{
    (void)state;
    struct flow_peer peer;
    struct flow_peer other;
    flow_peer_begin(&peer, &flow, "a", true);
    send_frames(&peer, "a", 3);
    flow_peer_command(&peer, 0, "FCUnpublish", "a", -1);
    flow_peer_command(&peer, 0, "deleteStream", NULL, 1);
    flow_peer_until(&peer, flow_peer_was_told(&peer, "NetStream.Unpublish.Success"));
    flow_wait_for(flow.server.clients.count == 0);
    assert_null(flow_source(&flow, "a"));
    flow_peer_begin(&other, &flow, "a", true);
    publish_again(&peer, "b");
    send_frames(&peer, "b", 2);
    assert_int_equal(flow.server.clients.count, 2);
    assert_string_equal(flow_client(&flow)->name, "b");
    flow_peer_command(&peer, 1, "closeStream", NULL, -1);
    flow_wait_for(flow.server.clients.count == 1);
    publish_again(&peer, "c");
    flow_peer_free(&other);
    flow_peer_free(&peer);
    flow_wait_for(flow.server.clients.count == 0);
}

static void test_publish_given_a_second_stream_then_told_so_and_the_first_goes_on(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_begin(&peer, &flow, "a", true);
    send_frames(&peer, "a", 1);
    flow_peer_command(&peer, 0, "createStream", NULL, -1);
    flow_peer_command(&peer, 2, "publish", "b", -1);
    flow_peer_until(&peer, flow_peer_was_told(&peer, "NetStream.Publish.BadName"));
    flow_peer_command(&peer, 2, "play", "b", -1);
    flow_peer_until(&peer, flow_peer_was_told(&peer, "NetStream.Play.Failed"));
    flow_peer_frame(&peer, 40, false, 100);
    flow_wait_for(flow_source(&flow, "a")->stats.video_packets == 2);
    assert_null(flow_source(&flow, "b"));
    assert_int_equal(flow.server.clients.count, 1);
    flow_peer_free(&peer);
}

static void test_publish_given_media_after_the_end_then_closed(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_begin(&peer, &flow, "a", true);
    send_frames(&peer, "a", 1);
    flow_peer_command(&peer, 0, "deleteStream", NULL, 1);
    flow_peer_frame(&peer, 40, false, 100); // what was on its way is dropped
    flow_wait_for(flow.server.clients.count == 0);
    assert_false(flow_peer_is_closed(&peer));
    publish_again(&peer, "a");
    assert_int_equal(flow_source(&flow, "a")->stats.video_packets, 0);
    flow_peer_free(&peer);
}

// --- time ---------------------------------------------------------------------------------------

// Open a moment before, closed a moment after.
static void assert_closed_after(struct flow_peer *peer, srs_usec time, const char *why)
{
    clock_jump(time - SRS_MSEC);
    if (flow_peer_is_closed(peer))
        fail_msg("%s: closed too early", why);
    clock_jump(2 * SRS_MSEC);
    if (!flow_peer_is_closed(peer))
        fail_msg("%s: not closed", why);
    flow_peer_free(peer);
}

static void test_session_given_no_publish_then_closed_after_ten_seconds(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, "s", true); // it never says a word
    srs_rtmp_client_sent(&peer.machine, srs_rtmp_client_pending(&peer.machine).size);
    assert_closed_after(&peer, 10 * SRS_SEC, "silent");
    flow_peer_open(&peer, &flow, "s", true); // a half of C1
    struct srs_span out = srs_rtmp_client_pending(&peer.machine);
    clock_jump(6 * SRS_SEC);
    out.size /= 2;
    assert_err(SRS_OK, srs_conn_write(peer.conn, out, SRS_NEVER), "C1");
    srs_rtmp_client_sent(&peer.machine, srs_rtmp_client_pending(&peer.machine).size);
    assert_closed_after(&peer, 4 * SRS_SEC, "in the middle of the handshake");
    flow_peer_begin(&peer, &flow, "s", true);
    clock_jump(60 * SRS_SEC);
    flow_peer_command(&peer, 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 0);
    assert_closed_after(&peer, 10 * SRS_SEC, "after a stream");
}

// A socket that takes a little at a time, up to some bytes, and nothing then.
struct drip {
    struct srs_conn *conn;
    size_t left;
    bool began; // the first time it takes nothing
};

static srs_err take_little(void *arg, const struct iovec *iov, int count, size_t *written)
{
    struct drip *drip = arg;
    size_t size = iov[0].iov_len < 7 ? iov[0].iov_len : 7;
    assert_true(count > 0);
    size = !drip->began ? 0 : size < drip->left ? size : drip->left;
    drip->began = true;
    if (size == 0 && drip->left == 0)
        drip->conn->io.ready &= (uint8_t)~SRS_IO_WRITE; // as the kernel says it
    if (size == 0 || send(drip->conn->io.fd, iov[0].iov_base, size, MSG_NOSIGNAL) < 0)
        return srs_bare(SRS_E_AGAIN);
    *written = size;
    drip->left -= size;
    return SRS_OK;
}

static void test_session_given_socket_that_takes_little_then_all_answers_arrive(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, "s", true);
    struct drip drip = {.conn = peer.other, .left = SIZE_MAX};
    srs_conn_set_write(peer.other, take_little, &drip);
    flow_wait_for(flow_peer_take(&peer) == SRS_E_AGAIN && flow.server.clients.count == 1);
    srs_conn_set_write(peer.other, NULL, NULL); // a publisher that does not read is not waited for
    flow_peer_audio(&peer, 0);
    assert_err(SRS_OK, flow_peer_start(&peer), "publish");
    flow_peer_free(&peer);
}

static void test_session_given_answer_that_is_not_taken_then_closed_after_five_seconds(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, "s", true);
    struct drip drip = {.conn = peer.other, .left = 100};
    srs_conn_set_write(peer.other, take_little, &drip);
    flow_peer_write(&peer, (struct srs_span){NULL, 0}); // C0 C1
    clock_jump(5 * SRS_SEC - SRS_MSEC);
    assert_int_equal(flow.server.sessions.count, 1);
    clock_jump(2 * SRS_MSEC);
    assert_int_equal(srs_live_count(SRS_LIVE_RTMP_SESSION), 1); // its last words
    clock_jump(SRS_SEC);
    assert_int_equal(srs_live_count(SRS_LIVE_RTMP_SESSION), 0);
    flow_peer_free(&peer);
}

// The words are said, the peer neither closes nor says a thing.
static void test_session_given_refused_peer_that_stays_then_gone_after_a_second(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, "", true);
    assert_err(SRS_E_RTMP_REFUSED, flow_peer_start(&peer), "no name");
    clock_jump(SRS_SEC - SRS_MSEC);
    assert_int_equal(flow.server.sessions.count, 1);
    clock_jump(2 * SRS_MSEC);
    assert_int_equal(flow.server.sessions.count, 0);
    flow_peer_free(&peer);
}

static void test_publish_given_silence_then_closed_after_the_times_of_its_vhost(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_server_configure(&flow, VHOST("publish { firstpkt_timeout 7000; normal_timeout 3000; }"));
    flow_peer_begin(&peer, &flow, "s", true);
    assert_closed_after(&peer, 7 * SRS_SEC, "no first packet");
    flow_peer_begin(&peer, &flow, "s", true);
    clock_jump(6 * SRS_SEC);
    for (unsigned i = 0; i < 4; i++) {
        flow_peer_frame(&peer, i * 40, i == 0, 100);
        clock_jump(2 * SRS_SEC);
    }
    assert_closed_after(&peer, SRS_SEC, "silent");
    flow_wait_for(flow_source(&flow, "s") == NULL);
    flow_peer_begin(&peer, &flow, "s", true);
    flow_peer_command(&peer, 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 0);
    publish_again(&peer, "s"); // the first packet of that one is still to come
    assert_closed_after(&peer, 7 * SRS_SEC, "no first packet of the second");
}

static void frames_for(struct flow_peer *peer, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        clock_jump(SRS_SEC);
        flow_peer_frame(peer, 0, true, 100);
        clock_jump(0);
    }
}

static void test_publish_given_no_player_for_too_long_then_closed(void **state)
{
    (void)state;
    struct flow_peer peer;
    struct flow_peer player;
    flow_server_configure(&flow, VHOST("publish { kickoff_for_idle 4; }"));
    flow_peer_begin(&peer, &flow, "s", true);
    flow_peer_record(&peer);
    frames_for(&peer, 3);
    flow_peer_begin(&player, &flow, "s", false); // one that comes and goes between two messages
    flow_peer_free(&player);
    flow_wait_for(flow.server.clients.count == 1);
    frames_for(&peer, 4);
    assert_false(flow_peer_is_closed(&peer));
    flow_peer_begin(&player, &flow, "s", false);
    frames_for(&peer, 9);
    assert_false(flow_peer_is_closed(&peer));
    flow_peer_free(&player);
    flow_wait_for(flow.server.clients.count == 1);
    frames_for(&peer, 3);
    assert_false(flow_peer_is_closed(&peer));
    frames_for(&peer, 1);
    assert_true(flow_peer_is_closed(&peer));
    flow_peer_free(&peer);
    flow_server_configure(&flow, VHOST(""));
    flow_peer_begin(&peer, &flow, "s", true);
    frames_for(&peer, 20); // never
    assert_false(flow_peer_is_closed(&peer));
    flow_peer_free(&peer);
}

// --- ends that others make ----------------------------------------------------------------------

static void test_publish_given_kick_then_closed_and_the_name_is_free(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_begin(&peer, &flow, "s", true);
    send_frames(&peer, "s", 1);
    srs_client_kick(flow_client(&flow), SRS_E_KICKED);
    flow_wait_for(flow.server.sessions.count == 0);
    assert_null(flow_source(&flow, "s"));
    assert_int_equal(flow.server.clients.count, 0);
    assert_true(flow_peer_is_closed(&peer));
    flow_peer_free(&peer);
    flow_peer_begin(&peer, &flow, "s", true);
    flow_peer_free(&peer);
}

static void test_session_given_the_server_ends_then_none_is_left(void **state)
{
    (void)state;
    struct flow_peer peers[3];
    flow_peer_begin(&peers[0], &flow, "s", true);
    send_frames(&peers[0], "s", 1);
    flow_peer_begin(&peers[1], &flow, "s", false);
    flow_peer_open(&peers[2], &flow, "s", true);
    (void)srs_bare(flow_peer_take(&peers[2])); // in the handshake
    srs_scope_close(&flow.server.sessions);
    for (size_t i = 0; i < SRS_COUNT(peers); i++) {
        assert_true(flow_peer_is_closed(&peers[i]));
        flow_peer_free(&peers[i]);
    }
}

// --- what a vhost says --------------------------------------------------------------------------

static void test_session_given_sizes_of_its_vhost_then_the_client_is_told(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_server_configure(&flow, VHOST("chunk_size 4000; out_ack_size 50000; in_ack_size 3000;"));
    flow_peer_begin(&peer, &flow, "s", true);
    assert_int_equal(peer.machine.caps_ex, 0); // not asked
    assert_int_equal(peer.machine.reader.chunk_size, 4000);
    assert_int_equal(peer.machine.ack_every, 50000);
    uint64_t before = srs_conn_bytes_in(peer.conn);
    flow_peer_frame(&peer, 0, true, 2000);
    flow_wait_for(flow_source(&flow, "s")->stats.video_packets == 0);
    clock_jump(0);
    assert_false(flow_peer_is_closed(&peer));
    flow_peer_frame(&peer, 0, true, 2000);
    clock_jump(0);
    assert_false(flow_peer_is_closed(&peer));
    assert_true(srs_conn_bytes_in(peer.conn) > before); // an acknowledgement
    flow_peer_free(&peer);
}

static void
test_session_given_client_that_speaks_enhanced_rtmp_then_told_what_is_taken(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_peer_open_as(
        &peer, &flow,
        &(struct srs_rtmp_client_config){.stream = "s", .publish = true, .enhanced = true});
    assert_err(SRS_OK, flow_peer_start(&peer), "publish");
    assert_int_equal(peer.machine.caps_ex, 2 | 4 | 8); // multitrack, ModEx, nanoseconds
    flow_peer_free(&peer);
}

static void test_publish_given_parse_sps_then_sizes_are_read_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        uint32_t width;
    } rows[] = {{VHOST("publish { parse_sps on; }"), 96}, {VHOST("publish { parse_sps off; }"), 0}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct flow_peer peer;
        flow_server_configure(&flow, rows[i].config);
        flow_peer_begin(&peer, &flow, "s", true);
        send_frames(&peer, "s", 1);
        assert_int_equal(srs_source_track(flow_source(&flow, "s"), SRS_KIND_VIDEO, -1)->width,
                         rows[i].width);
        flow_peer_free(&peer);
        flow_wait_for(flow_source(&flow, "s") == NULL);
    }
}

static void test_publish_given_try_annexb_first_then_start_codes_are_taken_or_not(void **state)
{
    (void)state;
    static const uint8_t frame[] = {0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65, 7, 7, 7};
    static const struct {
        const char *config;
        bool taken;
    } rows[] = {{VHOST("publish { try_annexb_first on; }"), true},
                {VHOST("publish { try_annexb_first off; }"), false}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct flow_peer peer;
        flow_server_configure(&flow, rows[i].config);
        flow_peer_begin(&peer, &flow, "s", true);
        flow_peer_record(&peer);
        flow_peer_media(&peer, SRS_RTMP_VIDEO, 0, (struct srs_span){frame, sizeof frame});
        clock_jump(0);
        assert_int_equal(flow_peer_is_closed(&peer), !rows[i].taken); // a bad length of a NAL unit
        if (rows[i].taken)
            assert_int_equal(flow_source(&flow, "s")->stats.video_packets, 1);
        flow_peer_free(&peer);
        flow_wait_for(flow_source(&flow, "s") == NULL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_publish_given_name_that_is_taken_then_refused_and_the_first_goes_on),
        TEST(test_publish_given_what_cannot_be_then_refused_and_closed),
        TEST(test_publish_given_streams_at_the_memory_limit_then_refused_for_ten_seconds),
        TEST(test_publish_given_unpublish_then_the_name_is_free_and_another_may_come),
        TEST(test_publish_given_a_second_stream_then_told_so_and_the_first_goes_on),
        TEST(test_publish_given_media_after_the_end_then_closed),
        TEST(test_session_given_no_publish_then_closed_after_ten_seconds),
        TEST(test_session_given_socket_that_takes_little_then_all_answers_arrive),
        TEST(test_session_given_answer_that_is_not_taken_then_closed_after_five_seconds),
        TEST(test_session_given_refused_peer_that_stays_then_gone_after_a_second),
        TEST(test_publish_given_silence_then_closed_after_the_times_of_its_vhost),
        TEST(test_publish_given_no_player_for_too_long_then_closed),
        TEST(test_publish_given_kick_then_closed_and_the_name_is_free),
        TEST(test_session_given_the_server_ends_then_none_is_left),
        TEST(test_session_given_sizes_of_its_vhost_then_the_client_is_told),
        TEST(test_session_given_client_that_speaks_enhanced_rtmp_then_told_what_is_taken),
        TEST(test_publish_given_parse_sps_then_sizes_are_read_or_not),
        TEST(test_publish_given_try_annexb_first_then_start_codes_are_taken_or_not),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
