// RTMP sessions that play, on sockets in this process: before and after their publisher, the wait
// for one on a clock that is set, pauses, codecs that the player does not list, messages that were
// half sent, kicks and floods.
#include "flow_server.h"
#include "server/deliver/talk.h"
#include "server/rtmp/session.h"
#include "set_clock.h"
#include <stdlib.h>

#define VHOST(text)                                                                \
    "vhost __defaultVhost__ { min_latency on; publish { normal_timeout 86400000; " \
    "firstpkt_timeout 86400000; } " text " }"

static struct flow_server flow;
static struct flow_peer publisher;
static struct flow_peer player;
static uint32_t now_ms; // of the publisher

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    flow_server_open(&flow, VHOST(""));
    now_ms = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_server_close(&flow);
    return 0;
}

static void publish(void)
{
    flow_peer_begin(&publisher, &flow, "s", true);
    flow_peer_record(&publisher);
}

static void unpublish(void)
{
    flow_peer_free(&publisher);
    flow_wait_for(!flow_is_published(&flow, "s"));
}

// The publisher's session alone is left, or none.
static void leave(struct flow_peer *peer)
{
    flow_peer_free(peer);
    flow_wait_for(flow.server.sessions.count <= 1);
}

// A frame and, with it, audio, 40 ms after those before; what a player gets of them, it has.
static void send_one(bool key)
{
    now_ms += 40;
    flow_peer_audio(&publisher, now_ms);
    flow_peer_frame(&publisher, now_ms, key, 100);
    clock_jump(40 * SRS_MSEC);
}

static void assert_gets(struct flow_peer *peer, unsigned video, unsigned audio, const char *why)
{
    unsigned video_before = peer->video;
    unsigned audio_before = peer->audio;
    assert_false(flow_peer_is_closed(peer));
    if (peer->video - video_before != video || peer->audio - audio_before != audio)
        fail_msg("%s: %u frames and %u of audio", why, peer->video - video_before,
                 peer->audio - audio_before);
}

static void play_again(struct flow_peer *peer, const char *stream)
{
    peer->codes[0] = '\0';
    flow_peer_command(peer, 0, "createStream", NULL, -1);
    flow_peer_command(peer, 1, "play", stream, -1);
    flow_peer_until(peer, flow_peer_was_told(peer, "NetStream.Play.Start"));
}

// --- before and after a publisher ---------------------------------------------------------------

static void test_play_given_player_first_then_waits_for_ever_and_has_all(void **state)
{
    (void)state;
    flow_peer_begin(&player, &flow, "s", false);
    assert_string_equal(flow_client(&flow)->type, "rtmp-play");
    assert_false(flow_client(&flow)->publish);
    assert_non_null(flow_client(&flow)->viewer);
    assert_string_equal(flow_client(&flow)->name, "s");
    clock_jump(1000 * SRS_SEC);
    assert_gets(&player, 0, 0, "nobody publishes");
    publish();
    send_one(true);
    assert_gets(&player, 2, 1, "the record and a frame");
    send_one(false);
    assert_gets(&player, 1, 1, "a frame");
    assert_int_equal(player.last_timestamp, 40);
    assert_int_equal(player.last_size, 5 + 4 + 100);
    unpublish();
    clock_jump(1000 * SRS_SEC);
    assert_gets(&player, 0, 0, "it waits for another one");
    assert_string_equal(player.codes, "");
    publish();
    send_one(true);
    assert_gets(&player, 2, 1, "another one's");
    unpublish();
    flow_peer_free(&player);
}

static void test_play_given_wait_then_told_that_nobody_publishes(void **state)
{
    (void)state;
    flow_server_configure(&flow, VHOST("play { wait 7; }"));
    flow_peer_begin(&player, &flow, "s", false);
    clock_jump(7 * SRS_SEC - SRS_MSEC);
    assert_false(flow_peer_is_closed(&player));
    clock_jump(2 * SRS_MSEC);
    assert_true(flow_peer_is_closed(&player));
    assert_string_equal(player.codes, "NetStream.Play.StreamNotFound ");
    assert_int_equal(player.ends, 1);
    leave(&player);
    flow_wait_for(flow_source(&flow, "s") == NULL);
}

static void test_play_given_wait_and_publisher_that_comes_and_goes_then_counted_anew(void **state)
{
    (void)state;
    flow_server_configure(&flow, VHOST("play { wait 7; }"));
    flow_peer_begin(&player, &flow, "s", false);
    clock_jump(6 * SRS_SEC);
    publish();
    send_one(true);
    clock_jump(100 * SRS_SEC);
    assert_gets(&player, 2, 1, "published");
    unpublish();
    clock_jump(6 * SRS_SEC);
    assert_gets(&player, 0, 0, "the publisher has left");
    publish();
    send_one(true);
    clock_jump(100 * SRS_SEC);
    assert_gets(&player, 2, 1, "published again");
    unpublish();
    clock_jump(7 * SRS_SEC - SRS_MSEC);
    assert_false(flow_peer_is_closed(&player));
    clock_jump(2 * SRS_MSEC);
    assert_true(flow_peer_is_closed(&player));
    assert_string_equal(player.codes, "NetStream.Play.UnpublishNotify ");
    assert_int_equal(player.ends, 1);
    flow_peer_free(&player);
}

static void test_play_given_what_cannot_be_then_refused(void **state)
{
    (void)state;
    static const char *const streams[] = {"", "s?video=x", "s?audio=-1", "s?video=256"};
    for (size_t i = 0; i < SRS_COUNT(streams); i++) {
        char story[512];
        flow_peer_open(&player, &flow, streams[i], false);
        srs_err err = flow_peer_start(&player);
        srs_err_format(err, story, sizeof story);
        if (err != SRS_E_RTMP_REFUSED || strstr(story, "NetStream.Play.Failed") == NULL)
            fail_msg("%s: %s", streams[i], story);
        (void)srs_bare(err);
        assert_true(flow_peer_is_closed(&player));
        leave(&player);
        assert_int_equal(srs_sources_count(flow.server.sources), 0);
    }
    flow_peer_begin(&player, &flow, "s?video=0&audio=255", false);
    flow_peer_free(&player);
}

static void test_play_given_kick_then_closed(void **state)
{
    (void)state;
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    srs_client_kick(flow_client(&flow), SRS_E_KICKED);
    flow_wait_for(flow.server.sessions.count == 1);
    assert_true(flow_peer_is_closed(&player));
    flow_peer_free(&player);
    assert_int_equal(flow_source(&flow, "s")->consumer_count, 0);
    assert_false(flow_peer_is_closed(&publisher));
    flow_peer_free(&publisher);
}

// --- one connection, several streams ------------------------------------------------------------

static void test_play_given_end_then_the_connection_plays_or_publishes_again(void **state)
{
    (void)state;
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    send_one(true);
    assert_gets(&player, 2, 1, "first");
    flow_peer_command(&player, 1, "publish", "t", -1); // while it plays
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Publish.BadName"));
    send_one(false);
    assert_gets(&player, 1, 1, "the first goes on");
    flow_peer_command(&player, 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 1);
    send_one(false);
    assert_gets(&player, 0, 0, "ended");
    play_again(&player, "s");
    clock_jump(40 * SRS_MSEC);
    assert_false(flow_peer_is_closed(&player));
    assert_int_equal(player.video, 3 + 4); // the record and the gop that runs
    assert_int_equal(player.audio, 2 + 2);
    flow_peer_command(&player, 1, "closeStream", NULL, -1);
    flow_wait_for(flow.server.clients.count == 1);
    flow_peer_command(&player, 0, "createStream", NULL, -1);
    flow_peer_command(&player, 2, "publish", "t", -1);
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Publish.Start"));
    assert_true(flow_is_published(&flow, "t"));
    leave(&player);
    flow_wait_for(flow_source(&flow, "t") == NULL);
    unpublish();
}

static void test_play_given_end_then_ten_seconds_for_the_next(void **state)
{
    (void)state;
    flow_peer_begin(&player, &flow, "s", false);
    clock_jump(60 * SRS_SEC);
    flow_peer_command(&player, 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 0);
    clock_jump(10 * SRS_SEC - SRS_MSEC);
    assert_false(flow_peer_is_closed(&player));
    clock_jump(2 * SRS_MSEC);
    assert_true(flow_peer_is_closed(&player));
    flow_peer_free(&player);
}

// The player reads nothing while a large frame is on its way, and ends its stream meanwhile: what
// comes next on the connection must begin behind that frame.
static void test_play_given_end_in_the_middle_of_a_message_then_the_rest_comes_first(void **state)
{
    (void)state;
    enum { LARGE = 12 << 20 };
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    send_one(true);
    assert_gets(&player, 2, 1, "small");
    flow_peer_frame(&publisher, now_ms += 40, true, LARGE);
    flow_wait_for(flow_source(&flow, "s")->stats.video_packets == 2);
    clock_jump(0);
    flow_peer_frame(&publisher, now_ms += 40, false, 100); // behind it, and never sent
    flow_peer_command(&player, 0, "deleteStream", NULL, 1);
    flow_peer_command(&player, 0, "createStream", NULL, -1);
    flow_peer_command(&player, 1, "play", "other", -1);
    clock_jump(0);
    assert_int_equal(flow.server.clients.count, 2); // the first play has not ended yet
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Play.Start"));
    assert_int_equal(player.video, 3);
    assert_int_equal(player.last_size, 5 + 4 + LARGE);
    assert_string_equal(flow_client(&flow)->name, "other");
    leave(&player);
    unpublish();
}

static void test_play_given_end_in_a_message_that_nobody_takes_then_send_timeout(void **state)
{
    (void)state;
    enum { LARGE = 12 << 20 };
    flow_server_configure(&flow, "send_timeout 9; " VHOST(""));
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    flow_peer_frame(&publisher, now_ms += 40, true, LARGE);
    flow_wait_for(flow_source(&flow, "s")->stats.video_packets == 1);
    clock_jump(0);
    flow_peer_command(&player, 0, "deleteStream", NULL, 1);
    clock_jump(9 * SRS_SEC - SRS_MSEC);
    assert_int_equal(flow.server.clients.count, 2);
    clock_jump(2 * SRS_MSEC);
    assert_int_equal(flow.server.clients.count, 1);
    leave(&player);
    unpublish();
}

// --- what a player does not want ----------------------------------------------------------------

static void test_play_given_pause_then_nothing_until_a_key_frame_after_it(void **state)
{
    (void)state;
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    send_one(true);
    assert_gets(&player, 2, 1, "plays");
    flow_peer_flag(&player, "pause", true);
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Pause.Notify"));
    send_one(false);
    send_one(true);
    assert_gets(&player, 0, 0, "paused");
    flow_peer_flag(&player, "receiveAudio", true); // it is paused all the same
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Seek.Notify"));
    send_one(false);
    assert_gets(&player, 0, 0, "paused still");
    flow_peer_flag(&player, "pause", false);
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Unpause.Notify"));
    send_one(false);
    assert_gets(&player, 0, 1, "in mid gop");
    send_one(true);
    assert_gets(&player, 1, 1, "a key frame");
    leave(&player);
    unpublish();
}

static void test_play_given_receive_off_then_that_kind_stays_away(void **state)
{
    (void)state;
    publish();
    flow_peer_begin(&player, &flow, "s", false);
    send_one(true);
    assert_gets(&player, 2, 1, "plays");
    flow_peer_flag(&player, "receiveAudio", false);
    flow_peer_flag(&player, "pause", false); // which it is not: nothing changes
    flow_peer_until(&player, flow_peer_was_told(&player, "NetStream.Unpause.Notify"));
    send_one(false);
    assert_gets(&player, 1, 0, "no audio");
    flow_peer_flag(&player, "receiveVideo", false);
    clock_jump(0);
    send_one(true);
    assert_gets(&player, 0, 0, "neither");
    flow_peer_flag(&player, "receiveAudio", true);
    clock_jump(0);
    send_one(false);
    assert_gets(&player, 0, 1, "audio");
    flow_peer_flag(&player, "receiveVideo", true);
    clock_jump(0);
    send_one(true);
    assert_gets(&player, 1, 1, "both");
    // A new play begins with everything.
    flow_peer_flag(&player, "receiveVideo", false);
    flow_peer_flag(&player, "pause", true);
    flow_peer_command(&player, 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 1);
    play_again(&player, "s");
    send_one(true);
    clock_jump(40 * SRS_MSEC);
    unsigned video = player.video;
    assert_false(flow_peer_is_closed(&player));
    assert_true(player.video > video);
    leave(&player);
    unpublish();
}

// Bytes of a player that mean nothing, so many in all.
static void chatter(size_t bytes)
{
    enum { SIZE = 8192 };
    static uint8_t room[SIZE];
    static char text[SIZE];
    uint64_t before = srs_conn_bytes_out(player.conn);
    while (srs_conn_bytes_out(player.conn) - before < bytes) {
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        srs_amf0_write_string(&wr, "_result");
        srs_amf0_write_number(&wr, 0);
        size_t left = bytes - (size_t)(srs_conn_bytes_out(player.conn) - before);
        size_t size = left < SIZE ? left : SIZE;
        memset(text, 'x', sizeof text);
        text[size - wr.size - 3 - 12] = '\0'; // a string's head, and the message's
        srs_amf0_write_string(&wr, text);
        flow_peer_message(&player, (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = 3},
                          (struct srs_span){wr.bytes, wr.size});
    }
    assert_int_equal(srs_conn_bytes_out(player.conn) - before, bytes);
}

static void test_play_given_flood_then_closed(void **state)
{
    (void)state;
    flow_peer_begin(&player, &flow, "s", false);
    for (int i = 0; i < 2; i++) {
        chatter(100); // counting begins behind it
        chatter(SRS_TALK_BYTES);
        if (flow_peer_is_closed(&player))
            fail_msg("closed in the window %d", i);
        clock_jump(SRS_TALK_SEC * SRS_SEC);
    }
    chatter(100);
    chatter(SRS_TALK_BYTES);
    chatter(100);
    assert_true(flow_peer_is_closed(&player));
    leave(&player);
}

// --- codecs -------------------------------------------------------------------------------------

// What a player says of itself in connect; NULL and negative: nothing.
struct said {
    const char *why;
    double caps_ex;
    const char *list;  // a FourCC that it has
    const char *video; // the same in the map of its kind
    const char *audio;
    unsigned caps;
    bool refused; // VP9
};

static void write_map(struct srs_wr *wr, const char *key, const char *fourcc)
{
    if (fourcc == NULL)
        return;
    srs_amf0_write_key(wr, key);
    srs_amf0_write_object_begin(wr);
    srs_amf0_write_pair_number(wr, fourcc, 1);
    srs_amf0_write_object_end(wr);
}

static size_t write_connect(const struct said *said, uint8_t *room, size_t size)
{
    struct srs_wr wr = srs_wr_init(room, size);
    srs_amf0_write_string(&wr, "connect");
    srs_amf0_write_number(&wr, 1);
    srs_amf0_write_object_begin(&wr);
    srs_amf0_write_pair_string(&wr, "app", "live");
    srs_amf0_write_pair_string(&wr, "tcUrl", "rtmp://127.0.0.1/live");
    if (said->caps_ex >= 0)
        srs_amf0_write_pair_number(&wr, "capsEx", said->caps_ex);
    if (said->list != NULL) {
        srs_amf0_write_key(&wr, "fourCcList");
        srs_amf0_write_array_begin(&wr, 1);
        srs_amf0_write_string(&wr, said->list);
    }
    write_map(&wr, "videoFourCcInfoMap", said->video);
    write_map(&wr, "audioFourCcInfoMap", said->audio);
    srs_amf0_write_object_end(&wr);
    assert_false(wr.bad);
    return wr.size;
}

// As flow_peer_begin, with this connect in the place of the machine's own.
static void begin_saying(const struct said *said)
{
    enum { C2_AND_CHUNK_SIZE = SRS_RTMP_HS_BLOCK + 12 + 4 };
    uint8_t room[512];
    size_t size = write_connect(said, room, sizeof room);
    struct srs_rtmp_client_event event;
    struct srs_span got;
    flow_peer_open(&player, &flow, "s", false);
    flow_peer_write(&player, (struct srs_span){NULL, 0}); // C0 C1
    while (srs_rtmp_client_pending(&player.machine).size == 0) {
        assert_err(SRS_OK, srs_conn_read(player.conn, SRS_NEVER, &got), "S0 S1 S2");
        srs_rtmp_client_feed(&player.machine, got);
        assert_err(SRS_E_AGAIN, srs_rtmp_client_next(&player.machine, &event), "handshake");
    }
    struct srs_span out = srs_rtmp_client_pending(&player.machine);
    out.size = C2_AND_CHUNK_SIZE;
    assert_err(SRS_OK, srs_conn_write(player.conn, out, SRS_NEVER), "C2, chunk size");
    srs_rtmp_client_sent(&player.machine, srs_rtmp_client_pending(&player.machine).size);
    flow_peer_message(&player, (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = 3},
                      (struct srs_span){room, size});
    assert_err(SRS_OK, flow_peer_start(&player), said->why);
}

static void send_vp9(uint8_t first, const char *body, size_t size)
{
    uint8_t bytes[64] = {first, 'v', 'p', '0', '9'};
    memcpy(bytes + 5, body, size);
    flow_peer_media(&publisher, SRS_RTMP_VIDEO, now_ms, (struct srs_span){bytes, 5 + size});
}

static void test_play_given_what_the_player_says_of_itself_then_that_is_what_it_gets(void **state)
{
    (void)state;
    enum { ENHANCED = SRS_MUX_ENHANCED, MULTI = SRS_MUX_MULTITRACK, MODEX = SRS_MUX_MODEX };
    static const struct said rows[] = {
        {"nothing", -1, NULL, NULL, NULL, 0, false},
        {"reconnect alone", 1, NULL, NULL, NULL, ENHANCED, false},
        {"no capability", 0, NULL, NULL, NULL, ENHANCED, false},
        {"multitrack", 2, NULL, NULL, NULL, ENHANCED | MULTI, false},
        {"ModEx", 4, NULL, NULL, NULL, ENHANCED | MODEX, false},
        {"all", 15, NULL, NULL, NULL, ENHANCED | MULTI | MODEX, false},
        {"a list with it", -1, "vp09", NULL, NULL, ENHANCED, false},
        {"a list without it", -1, "hvc1", NULL, NULL, ENHANCED, true},
        {"a map with it", -1, NULL, "vp09", NULL, ENHANCED, false},
        {"a map without it", -1, NULL, "hvc1", NULL, ENHANCED, true},
        {"a map of all", -1, NULL, "*", NULL, ENHANCED, false},
        {"a map of audio", -1, NULL, NULL, "Opus", ENHANCED, false},
    };
    flow_peer_begin(&publisher, &flow, "s", true);
    send_vp9(0x90, "\x01\0\0\0\0\x0a\x82\x02\x02\x02\0\0", 12);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        begin_saying(&rows[i]);
        const struct srs_mux_params *params = &flow_client(&flow)->viewer->options.params;
        if (params->caps != rows[i].caps ||
            (params->refused >> SRS_CODEC_VP9 & 1) != rows[i].refused)
            fail_msg("%s: caps %x, refused %x", rows[i].why, params->caps, params->refused);
        assert_int_equal(params->refused & (1 << SRS_CODEC_AVC | 1 << SRS_CODEC_AAC), 0);
        if (rows[i].list == NULL && rows[i].video == NULL && rows[i].audio == NULL)
            assert_int_equal(params->refused, 0);
        assert_int_equal(params->msid, 1);
        assert_int_equal(params->chunk_size, 60000);
        now_ms += 40;
        send_vp9(0x91, "\x82\x49\x83\x42\0\x27\xf0\x16\x76", 9);
        clock_jump(40 * SRS_MSEC);
        assert_false(flow_peer_is_closed(&player));
        // The record, the gop of before and this one.
        assert_int_equal(player.video, rows[i].refused ? 0 : i == 0 ? 2 : 3);
        assert_int_equal(flow_peer_was_told(&player, "NetStream.Play.UnsupportedCodec"),
                         rows[i].refused);
        leave(&player);
    }
    unpublish();
}

// The usual end is told, and not as a warning; what a player does not list is told once.
static void test_session_given_ends_then_a_line_each(void **state)
{
    (void)state;
    static const struct said without = {"without", -1, "hvc1", NULL, NULL, 0, true};
    char text[8192];
    flow_log_begin();
    flow_peer_begin(&publisher, &flow, "s", true);
    send_vp9(0x90, "\x01\0\0\0\0\x0a\x82\x02\x02\x02\0\0", 12);
    begin_saying(&without);
    for (int i = 0; i < 3; i++) {
        now_ms += 40;
        send_vp9(0x91, "\x82\x49\x83\x42\0\x27\xf0\x16\x76", 9);
        clock_jump(40 * SRS_MSEC);
        assert_false(flow_peer_is_closed(&player));
    }
    leave(&player);
    flow_peer_open(&player, &flow, "s", false);
    clock_jump(11 * SRS_SEC); // it says nothing
    leave(&player);
    unpublish();
    flow_wait_for(flow.server.sessions.count == 0);
    flow_log_end(text, sizeof text);
    assert_int_equal(flow_count_of(text, "player does not list codec=VP9"), 1);
    assert_int_equal(flow_count_of(text, "player does not list"), 1);
    assert_int_equal(flow_count_of(text, " in="), 2); // of the usual end
    assert_int_equal(flow_count_of(text, "no publish or play in time"), 1);
    assert_int_equal(flow_count_of(text, " warn ["), 2); // the codec, the one that was silent
    assert_int_equal(flow_count_of(text, "rtmp: track stream="), 2); // its size is in a frame
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_play_given_player_first_then_waits_for_ever_and_has_all),
        TEST(test_play_given_wait_then_told_that_nobody_publishes),
        TEST(test_play_given_wait_and_publisher_that_comes_and_goes_then_counted_anew),
        TEST(test_play_given_what_cannot_be_then_refused),
        TEST(test_play_given_kick_then_closed),
        TEST(test_play_given_end_then_the_connection_plays_or_publishes_again),
        TEST(test_play_given_end_then_ten_seconds_for_the_next),
        TEST(test_play_given_end_in_the_middle_of_a_message_then_the_rest_comes_first),
        TEST(test_play_given_end_in_a_message_that_nobody_takes_then_send_timeout),
        TEST(test_play_given_pause_then_nothing_until_a_key_frame_after_it),
        TEST(test_play_given_receive_off_then_that_kind_stays_away),
        TEST(test_play_given_flood_then_closed),
        TEST(test_play_given_what_the_player_says_of_itself_then_that_is_what_it_gets),
        TEST(test_session_given_ends_then_a_line_each),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
