// The server's machine: captured clients, answers, the states of a connection, hostile peers.
#include "protocol/rtmp_host.h"

static const struct {
    const char *name;
    const char *stream;
    bool publish;
} sessions[] = {
    {"ffmpeg-5.1.9-publish", "s51", true},
    {"ffmpeg-9.0.2-publish", "s9", true},
    {"ffmpeg-9.0.2-publish-fourcc", "e9", true},
    {"gstreamer-1.22.0-rtmp2sink-publish", "g2", true},
    {"librtmp-2.4-publish", "gl", true},
    {"nginx-rtmp-1.2.2-relay-push", "rp", true},
    {"obs-29.0.2-publish", "obskey", true},
    {"srs-7.0.18-forward", "rf", true},
    {"ffmpeg-5.1.9-play", "p2", false},
    {"ffmpeg-9.0.2-play", "p1", false},
    {"gstreamer-1.22.0-rtmp2src-play", "p1", false},
    {"librtmp-2.4-play", "p1", false},
    {"mediamtx-1.19.2-pull", "p3", false},
    {"nginx-rtmp-1.2.2-relay-pull", "p3", false},
    {"zlmediakit-pull", "p3", false},
};

static void session_run(size_t row, size_t step)
{
    struct host host;
    struct srs_buf in = {0};
    char sent[4096];
    static uint8_t hello[SRS_RTMP_HS_FIRST + SRS_RTMP_HS_BLOCK] = {3};
    assert_int_equal(srs_buf_append(&in, hello, sizeof hello, RTMP_TEST_MAX), SRS_OK);
    rtmp_session_load(&in, sessions[row].name, 'C');
    host_init(&host, false);
    assert_err(SRS_E_AGAIN, host_feed(&host, srs_buf_span(&in), step), sessions[row].name);
    assert_int_equal(host.seen[SRS_RTMP_EVENT_CONNECT], 1);
    assert_int_equal(host.seen[SRS_RTMP_EVENT_PUBLISH], sessions[row].publish);
    assert_int_equal(host.seen[SRS_RTMP_EVENT_PLAY], !sessions[row].publish);
    if (sessions[row].publish)
        assert_true(host.seen[SRS_RTMP_EVENT_MEDIA] >= 1 && host.media_bytes >= 4);
    const struct srs_rtmp_request *request = srs_rtmp_server_request(&host.server);
    assert_string_equal(request->stream, sessions[row].stream);
    assert_string_equal(request->connect.app, "live");
    assert_non_null(strstr(request->connect.tc_url, "rtmp://127.0.0.1"));
    // The handshake's answer, then messages that decode.
    struct srs_span out = srs_buf_span(&host.sent);
    assert_true(out.size > SRS_RTMP_HS_ANSWER);
    srs_buf_consume(&host.sent, SRS_RTMP_HS_ANSWER);
    host_sent(&host, sent, sizeof sent);
    assert_non_null(strstr(sent, "5:0:2500000 6:0:2500000 _result:1:"));
    assert_non_null(strstr(sent, sessions[row].publish ? ":NetStream.Publish.Start:0@1"
                                                       : ":NetStream.Play.Start:0@1"));
    assert_non_null(strstr(sent, "::1@0")); // createStream
    host_fini(&host);
    srs_buf_fini(&in);
}

static void test_server_given_captured_sessions_then_publish_or_play(void **state)
{
    (void)state;
    static const size_t steps[] = {RTMP_TEST_MAX, 1, 13, 1537};
    for (size_t i = 0; i < SRS_COUNT(sessions); i++)
        for (size_t j = 0; j < SRS_COUNT(steps); j++)
            session_run(i, steps[j]);
}

static void test_server_given_captured_prefixes_then_never_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(sessions); i++) {
        struct srs_buf in = {0};
        rtmp_session_load(&in, sessions[i].name, 'C');
        struct srs_span whole = srs_buf_span(&in);
        for (size_t size = 1; size < whole.size && size < 700; size += 3) {
            struct host host;
            host_init(&host, true);
            assert_err(SRS_E_AGAIN,
                       host_feed(&host, (struct srs_span){whole.bytes, size}, RTMP_TEST_MAX),
                       sessions[i].name);
            host_fini(&host);
        }
        srs_buf_fini(&in);
    }
}

static void test_server_given_publish_in_order_then_answers_in_order(void **state)
{
    (void)state;
    struct host host;
    host_init(&host, true);
    assert_err(SRS_E_AGAIN, host_feed_connect(&host), "connect");
    struct srs_span first = srs_buf_span(&host.sent);
    static const uint8_t chunk_size[] = {2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0xEA, 0x60};
    assert_memory_equal(first.bytes + 16 + 17, chunk_size, sizeof chunk_size);
    assert_sent(&host, "5:0:2500000 6:0:2500000 _result:1:NetConnection.Connect.Success:0@0 ");
    struct args key = {.text = "s"};
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "releaseStream", 2, key), "release");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "FCPublish", 3, key), "FCPublish");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "_checkbw", 4, key), "_checkbw");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 5, key), "createStream");
    assert_sent(&host, "_result:2::0@0 _result:3::0@0 _result:4::0@0 _result:5::1@0 ");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 6, key), "publish");
    assert_sent(
        &host, "onFCPublish:0:NetStream.Publish.Start:0@1 onStatus:0:NetStream.Publish.Start:0@1 ");
    assert_int_equal(srs_rtmp_server_msid(&host.server), 1);
    assert_int_equal(srs_rtmp_server_chunk_size(&host.server), 60000);
    host_fini(&host);
}

static void test_server_given_transaction_zero_then_no_answer(void **state)
{
    (void)state;
    struct host host;
    struct args key = {.text = "s"};
    host_begin(&host, NULL);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "releaseStream", 0, key), "release");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "whatever", 0, key), "unknown");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "_result", 9, key), "an answer");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "_error", 9, key), "an answer");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "onStatus", 9, key), "a status");
    assert_sent(&host, "");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "getStreamLength", 7, key), "length");
    assert_sent(&host, "_result:7::0@0 ");
    host_fini(&host);
}

static void test_server_given_amf3_command_then_answered(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, NULL);
    assert_err(SRS_E_AGAIN,
               host_feed_hex(&host, "03 000000 00001a 11 00000000 "
                                    "0002000c63726561746553747265616d00401000000000000005"),
               "createStream as type 17");
    assert_sent(&host, "_result:4::2@0 ");
    host_fini(&host);
}

static void test_server_given_play_then_answers_and_notices(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, NULL);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "play", 0, (struct args){.text = "s?k=v"}),
               "play");
    assert_string_equal(srs_rtmp_server_request(&host.server)->stream, "s?k=v");
    assert_true(srs_rtmp_server_request(&host.server)->start == -2);
    assert_sent(&host, "4:0:1 onStatus:0:NetStream.Play.Reset:0@1 "
                       "onStatus:0:NetStream.Play.Start:0@1 data@1 data@1 ");
    struct args on = {.boolean = 2, .number = 1500, .has_number = true};
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "pause", 0, on), "pause");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_PAUSE], 1);
    assert_sent(&host, "onStatus:0:NetStream.Pause.Notify:0@1 4:1:1 ");
    on.boolean = 1;
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "pause", 0, on), "unpause");
    assert_sent(&host, "onStatus:0:NetStream.Unpause.Notify:0@1 4:0:1 ");
    on.boolean = 0;
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "seek", 0, on), "seek");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_SEEK], 1);
    assert_sent(&host, "onStatus:0:NetStream.Seek.Failed:0@1 ");
    assert_err(SRS_E_AGAIN,
               host_feed_command(&host, 1, "receiveAudio", 0, (struct args){.boolean = 1}), "off");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_RECEIVE_AUDIO], 1);
    assert_sent(&host, "");
    assert_err(SRS_E_AGAIN,
               host_feed_command(&host, 1, "receiveVideo", 0, (struct args){.boolean = 2}), "on");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_RECEIVE_VIDEO], 1);
    assert_sent(&host, "onStatus:0:NetStream.Seek.Notify:0@1 onStatus:0:NetStream.Play.Start:0@1 ");
    assert_err(SRS_OK, srs_rtmp_server_user_control(&host.server, SRS_RTMP_STREAM_EOF, 1), "EOF");
    assert_err(SRS_OK,
               srs_rtmp_server_status(
                   &host.server, &(struct srs_rtmp_status){.level = "status",
                                                           .code = "NetStream.Play.UnpublishNotify",
                                                           .description = "gone"}),
               "notice");
    host_drain(&host);
    assert_sent(&host, "4:1:1 onStatus:0:NetStream.Play.UnpublishNotify:0@1 ");
    host_fini(&host);
}

static void test_server_given_pause_values_then_in_the_event(void **state)
{
    (void)state;
    struct host host;
    uint8_t room[64];
    host_begin(&host, "play");
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_command_write(&wr, "pause", 0, NULL, NULL);
    srs_amf0_write_boolean(&wr, true);
    srs_amf0_write_number(&wr, 1500);
    struct srs_buf in = {0};
    rtmp_message_append(&in, (struct srs_rtmp_head){.type = 20, .csid = 3, .msid = 1}, room,
                        wr.size, 128);
    struct srs_rtmp_event event;
    srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), "event");
    assert_int_equal(event.kind, SRS_RTMP_EVENT_PAUSE);
    assert_true(event.on && event.ms == 1500);
    srs_buf_fini(&in);
    host_fini(&host);
}

static void test_server_given_refusals_then_told_and_final(void **state)
{
    (void)state;
    static const char *const whats[] = {"connect", "publish", "play"};
    static const char *const sent[] = {"_error:1:C.ode:0@0 ", "onStatus:0:C.ode:0@1 ",
                                       "onStatus:0:C.ode:0@1 "};
    for (size_t i = 0; i < SRS_COUNT(whats); i++) {
        struct host host;
        struct srs_rtmp_event event;
        struct srs_buf in = {0};
        uint8_t room[256];
        char url[] = "rtmp://a.b/live";
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        host_init(&host, true);
        if (i > 0) {
            srs_rtmp_server_fini(&host.server);
            host_begin(&host, NULL);
            srs_rtmp_command_write(&wr, whats[i], 3, "s", NULL);
        } else {
            srs_rtmp_connect_write(&wr,
                                   &(struct srs_rtmp_connect){.transaction = 1, .tc_url = url});
        }
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 20, .csid = 3, .msid = i > 0}, room,
                            wr.size, 128);
        srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
        assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), whats[i]);
        srs_err err = i == 0   ? srs_rtmp_server_reject_connect(&host.server, "C.ode", "text")
                      : i == 1 ? srs_rtmp_server_refuse_publish(&host.server, "C.ode", "text")
                               : srs_rtmp_server_refuse_play(&host.server, "C.ode", "text");
        assert_err(SRS_OK, err, whats[i]);
        host_drain(&host);
        assert_sent(&host, sent[i]);
        assert_err(SRS_E_RTMP_STATE, srs_rtmp_server_next(&host.server, &event), "final");
        host_fini(&host);
        srs_buf_fini(&in);
    }
}

static void test_server_given_ends_then_unpublish_or_stop_and_again(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *name;
        struct args args;
        uint32_t msid;
        bool ends;
    } rows[] = {
        {"FCUnpublish", "FCUnpublish", {.text = "s"}, 0, true},
        {"deleteStream", "deleteStream", {.number = 1, .has_number = true}, 0, true},
        {"deleteStream with a name", "deleteStream", {.text = "s"}, 1, true},
        {"deleteStream of another", "deleteStream", {.number = 2, .has_number = true}, 0, false},
        {"closeStream", "closeStream", {0}, 1, true},
        {"closeStream of another", "closeStream", {0}, 5, false},
    };
    for (size_t i = 0; i < 2 * SRS_COUNT(rows); i++) {
        struct host host;
        bool play = i >= SRS_COUNT(rows);
        size_t row = i % SRS_COUNT(rows);
        enum srs_rtmp_event_kind end = play ? SRS_RTMP_EVENT_STOP_PLAY : SRS_RTMP_EVENT_UNPUBLISH;
        bool ends = rows[row].ends && !(play && row == 0);
        host_begin(&host, play ? "play" : "publish");
        assert_err(SRS_E_AGAIN,
                   host_feed_command(&host, rows[row].msid, rows[row].name, 0, rows[row].args),
                   rows[row].why);
        if (host.seen[end] != ends)
            fail_msg("%s: %u ends", rows[row].why, host.seen[end]);
        assert_int_equal(srs_rtmp_server_msid(&host.server), ends ? 0 : 1);
        if (!play)
            assert_err(
                SRS_E_AGAIN,
                host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6}, "x", 1),
                "late media");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 7, (struct args){0}),
                   "again");
        assert_err(SRS_E_AGAIN,
                   host_feed_command(&host, 2, "publish", 8, (struct args){.text = "t"}), "again");
        assert_int_equal(host.seen[SRS_RTMP_EVENT_PUBLISH], (play ? 0 : 1) + (ends ? 1 : 0));
        if (ends)
            assert_string_equal(srs_rtmp_server_request(&host.server)->stream, "t");
        host_fini(&host);
    }
}

// Nobody but a publisher keeps megabytes of a message that is not complete.
static void test_server_given_end_inside_a_long_message_then_limit(void **state)
{
    (void)state;
    static uint8_t payload[SRS_RTMP_SETUP_ASSEMBLED_MAX + 1000];
    for (int i = 0; i < 2; i++) {
        struct host host;
        struct srs_buf in = {0};
        struct srs_rtmp_event event;
        uint32_t size = i == 0 ? 1000 : sizeof payload;
        host_begin(&host, "publish");
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = 6}, payload, size, 128);
        // All but the last chunk.
        size_t rest = 1 + (size - 1) % 128 + 1;
        srs_rtmp_server_feed(&host.server, (struct srs_span){in.bytes, srs_buf_size(&in) - rest});
        assert_err(SRS_E_AGAIN, srs_rtmp_server_next(&host.server, &event), "unfinished");
        srs_err err = host_feed_command(&host, 1, "closeStream", 0, (struct args){0});
        assert_err(i == 0 ? SRS_E_AGAIN : SRS_E_LIMIT, err, "end");
        srs_buf_fini(&in);
        host_fini(&host);
    }
}

static void test_server_given_fc_unpublish_then_told(void **state)
{
    (void)state;
    struct host host;
    struct args key = {.text = "s"};
    host_begin(&host, NULL);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "FCPublish", 3, key), "FCPublish");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 4, key), "publish");
    srs_buf_fini(&host.sent);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "FCUnpublish", 5, key), "FCUnpublish");
    assert_sent(&host, "_result:5::0@0 onFCUnpublish:0:NetStream.Unpublish.Success:0@1 "
                       "onStatus:0:NetStream.Unpublish.Success:0@1 ");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "FCUnpublish", 6, key), "twice");
    assert_sent(&host, "_result:6::0@0 ");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_UNPUBLISH], 1);
    host_fini(&host);
}

static void test_server_given_big_media_after_the_end_then_dropped(void **state)
{
    (void)state;
    struct host host;
    static uint8_t payload[100000];
    host_begin(&host, "publish");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "closeStream", 0, (struct args){0}), "end");
    assert_err(SRS_E_AGAIN,
               host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6, .msid = 1},
                                 payload, sizeof payload),
               "a frame that was on its way");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_MEDIA], 0);
    host_fini(&host);
}

static void test_server_given_second_stream_then_refused_and_first_goes_on(void **state)
{
    (void)state;
    struct host host;
    struct args key = {.text = "t"};
    host_begin(&host, "publish");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 9, key), "twice on one id");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 2, "play", 9, key), "play as well");
    assert_sent(&host, "onStatus:0:NetStream.Publish.BadName:0@1 "
                       "onStatus:0:NetStream.Play.Failed:0@2 ");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_PUBLISH], 1);
    assert_string_equal(srs_rtmp_server_request(&host.server)->stream, "s");
    assert_err(
        SRS_E_AGAIN,
        host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6, .msid = 1}, "x", 1),
        "media");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_MEDIA], 1);
    host_fini(&host);
}

// Messages in mid-publish that close some servers.
static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    unsigned media;
} survival[] = {
    {"empty audio", "04 000000 000000 08 01000000", SRS_E_AGAIN, 1},
    {"type 19", "04 000000 000003 13 01000000 aabbcc", SRS_E_AGAIN, 0},
    {"type 16", "04 000000 000003 10 01000000 aabbcc", SRS_E_AGAIN, 0},
    {"csid 64", "00 00 000000 000001 08 01000000 aa", SRS_E_AGAIN, 1},
    {"csid 65599", "01 ffff 000000 000001 08 01000000 aa", SRS_E_AGAIN, 1},
    {"fmt 1 fresh", "49 000007 000001 08 aa", SRS_E_AGAIN, 1},
    {"unknown user control", "02 000000 000006 04 00000000 002100000001", SRS_E_AGAIN, 0},
    {"unknown type", "04 000000 000003 63 01000000 aabbcc", SRS_E_AGAIN, 0},
    {"type 0", "04 000000 000003 00 01000000 aabbcc", SRS_E_AGAIN, 0},
    {"chunk size 2^31-1", "02 000000 000004 01 00000000 7fffffff 04 000000 000001 08 01000000 aa",
     SRS_E_AGAIN, 1},
    {"chunk size 0", "02 000000 000004 01 00000000 00000000 04 000000 000001 08 01000000 aa",
     SRS_E_AGAIN, 1},
    {"chunk size above 2^31-1", "02 000000 000004 01 00000000 80000000", SRS_E_RTMP_CHUNK_SIZE, 0},
    {"fmt 3 fresh", "c9 aa", SRS_E_RTMP_CHUNK_START, 0},
    {"type 15", "04 000000 000005 0f 01000000 0002000161", SRS_E_AGAIN, 1},
    {"Multitrack", "06 000000 000007 09 01000000 9600687663 3101", SRS_E_AGAIN, 1},
    {"ModEx", "06 000000 000009 09 01000000 970207a12001687663", SRS_E_AGAIN, 1},
    {"fmt 0 in mid-message",
     "02 000000 000004 01 00000000 00000001 04 000000 000002 08 01000000 aa 04 000000 000002 08 "
     "01000000 aa c4 bb",
     SRS_E_AGAIN, 1},
    {"abort",
     "02 000000 000004 01 00000000 00000004 04 000000 000005 08 01000000 aabbccdd 02 000000 "
     "000004 02 00000000 00000004 04 000000 000001 08 01000000 aa",
     SRS_E_AGAIN, 1},
    {"aggregate",
     "04 001388 00002d 16 01000000 080000040003e800000000af0121000000000f0900000b0003fc0000000027"
     "0100000000000002419a00000016",
     SRS_E_AGAIN, 2},
    {"command of garbage", "03 000000 000004 14 00000000 deadbeef", SRS_E_RTMP_AMF0_DECODE, 0},
    {"user control of 1 byte", "02 000000 000001 04 00000000 00", SRS_E_RTMP_MESSAGE_DECODE, 0},
    {"data of garbage is the receiver's", "04 000000 000002 12 01000000 dead", SRS_E_AGAIN, 1},
    {"aggregate cut", "04 001388 00000d 16 01000000 080000040003e800000000af01", //
     SRS_E_RTMP_AGGREGATE, 0},
    {"aggregate, wrong back pointer",
     "04 001388 000011 16 01000000 080000020003e800000000af0100000010", SRS_E_RTMP_AGGREGATE, 0},
    {"aggregate in an aggregate", "04 001388 00000f 16 01000000 160000000003e8000000000000000b",
     SRS_E_AGAIN, 0},
};

static void
test_server_given_odd_messages_in_mid_publish_then_lives_or_names_the_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(survival); i++) {
        struct host host;
        host_begin(&host, "publish");
        assert_err(survival[i].want, host_feed_hex(&host, survival[i].hex), survival[i].why);
        if (host.seen[SRS_RTMP_EVENT_MEDIA] != survival[i].media)
            fail_msg("%s: %u media", survival[i].why, host.seen[SRS_RTMP_EVENT_MEDIA]);
        host_fini(&host);
    }
}

static void test_server_given_aggregate_then_times_count_from_its_own(void **state)
{
    (void)state;
    struct host host;
    struct srs_rtmp_event event;
    struct srs_buf in = {0};
    host_begin(&host, "publish");
    rtmp_hex_append(&in, "04 001388 00002d 16 01000000 080000040003e800000000af0121000000000f"
                         "0900000b0003fc00000000270100000000000002419a00000016");
    srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), "audio");
    assert_int_equal(event.media.type, 8);
    assert_int_equal(event.media.timestamp, 5000);
    assert_int_equal(event.media.payload.size, 4);
    assert_int_equal(event.media.msid, 1);
    assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), "video");
    assert_int_equal(event.media.type, 9);
    assert_int_equal(event.media.timestamp, 5020);
    assert_int_equal(event.media.payload.size, 11);
    assert_err(SRS_E_AGAIN, srs_rtmp_server_next(&host.server, &event), "end");
    srs_buf_fini(&in);
    host_fini(&host);
}

static void part_append(struct srs_buf *out, uint8_t value)
{
    uint8_t part[11 + 2 + 4];
    struct srs_wr wr = srs_wr_init(part, sizeof part);
    srs_wr_u8(&wr, 8);
    srs_wr_u24(&wr, 2);
    srs_wr_u32(&wr, 0);
    srs_wr_u24(&wr, 0);
    srs_wr_u8(&wr, 0x2F);
    srs_wr_u8(&wr, value);
    srs_wr_u32(&wr, 11 + 2);
    assert_err(SRS_OK, srs_buf_append(out, part, sizeof part, RTMP_TEST_MAX), "part");
}

// `count` parts of one sound each in an aggregate.
static void aggregate_append(struct srs_buf *out, unsigned count, uint32_t chunk_size)
{
    struct srs_buf body = {0};
    for (unsigned i = 0; i < count; i++)
        part_append(&body, (uint8_t)i);
    rtmp_message_append(out, (struct srs_rtmp_head){.type = 22, .csid = 6, .msid = 1}, body.bytes,
                        srs_buf_size(&body), chunk_size);
    srs_buf_fini(&body);
}

static void test_server_given_more_parts_than_the_limit_then_limit(void **state)
{
    (void)state;
    for (unsigned count = SRS_RTMP_PARTS_MAX; count <= SRS_RTMP_PARTS_MAX + 1; count++) {
        struct host host;
        struct srs_buf in = {0};
        host_begin(&host, "publish");
        for (int i = 0; i < 2; i++) // each counts anew
            aggregate_append(&in, count, 128);
        srs_err err = host_feed(&host, srs_buf_span(&in), 1000);
        assert_err(count > SRS_RTMP_PARTS_MAX ? SRS_E_LIMIT : SRS_E_AGAIN, err, "parts");
        assert_int_equal(host.seen[SRS_RTMP_EVENT_MEDIA],
                         count > SRS_RTMP_PARTS_MAX ? SRS_RTMP_PARTS_MAX : 2 * count);
        srs_buf_fini(&in);
        host_fini(&host);
    }
}

// In one chunk, where the parts lie in the bytes fed, and in several, where they do not.
static void test_server_given_keep_within_an_aggregate_then_its_rest_comes(void **state)
{
    (void)state;
    static const uint32_t chunk_sizes[] = {128, 65536};
    for (unsigned row = 0; row < 2 * SRS_COUNT(chunk_sizes); row++) {
        bool more = row % 2 == 1; // messages behind it in the same bytes
        struct host host;
        struct srs_rtmp_event event;
        struct srs_buf in = {0};
        unsigned seen = 0;
        host_begin(&host, "publish");
        assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000004 01 00000000 00010000"), "");
        if (chunk_sizes[row / 2] == 128)
            assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000004 01 00000000 00000080"),
                       "");
        aggregate_append(&in, 20, chunk_sizes[row / 2]);
        if (more)
            aggregate_append(&in, 20, chunk_sizes[row / 2]);
        uint8_t *block = malloc(srs_buf_size(&in)); // gone after each keep
        memcpy(block, in.bytes, srs_buf_size(&in));
        srs_rtmp_server_feed(&host.server, (struct srs_span){block, srs_buf_size(&in)});
        for (;;) {
            srs_err err = srs_rtmp_server_next(&host.server, &event);
            if (err == SRS_E_AGAIN)
                break;
            assert_err(SRS_OK, err, "part");
            assert_int_equal(event.media.payload.bytes[1], seen % 20);
            seen++;
            assert_err(SRS_OK, srs_rtmp_server_keep(&host.server), "keep");
            free(block);
            block = NULL;
        }
        assert_int_equal(seen, more ? 40 : 20);
        srs_buf_fini(&in);
        host_fini(&host);
    }
}

static void test_server_given_media_before_publish_then_refused(void **state)
{
    (void)state;
    static const uint8_t types[] = {8, 9, 22};
    for (size_t i = 0; i < SRS_COUNT(types); i++) {
        struct host host;
        host_begin(&host, NULL);
        assert_err(SRS_E_RTMP_STATE,
                   host_feed_message(&host,
                                     (struct srs_rtmp_head){.type = types[i], .csid = 6, .msid = 1},
                                     "x", 1),
                   "media before publish");
        host_fini(&host);
    }
    struct host host;
    host_begin(&host, NULL);
    assert_err(SRS_E_RTMP_STATE, host_feed_connect(&host), "second connect");
    host_fini(&host);
}

static void test_server_given_commands_before_connect_then_silence(void **state)
{
    (void)state;
    struct host host;
    host_init(&host, true);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 5, (struct args){.text = "s"}),
               "publish");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 5, (struct args){0}),
               "createStream");
    assert_sent(&host, "");
    assert_err(SRS_E_RTMP_REQ_CONNECT,
               host_feed_command(&host, 0, "connect", 1, (struct args){.text = "x"}),
               "connect with null");
    host_fini(&host);
}

static void test_server_given_ping_then_pong(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, "play");
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000006 04 00000000 000611223344"),
               "ping");
    assert_sent(&host, "4:7:287454020 ");
    host_fini(&host);
}

static void test_server_given_windows_of_bytes_then_acknowledged(void **state)
{
    (void)state;
    struct host host;
    static uint8_t payload[100000];
    char sent[2048];
    host_begin(&host, "publish");
    for (int i = 0; i < 30; i++)
        assert_err(SRS_E_AGAIN,
                   host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6}, payload,
                                     sizeof payload),
                   "media");
    unsigned value = 0;
    assert_int_equal(sscanf(host_sent(&host, sent, sizeof sent), "3:0:%u", &value), 1);
    assert_true(value >= 2500000 && value < 2500000 + 110000);
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000004 05 00000000 000186a0"),
               "window of 100000");
    for (int i = 0; i < 3; i++)
        assert_err(SRS_E_AGAIN,
                   host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6}, payload,
                                     sizeof payload),
                   "media");
    host_sent(&host, sent, sizeof sent);
    unsigned acks = 0;
    for (const char *at = sent; (at = strstr(at, "3:0:")) != NULL; at++)
        acks++;
    assert_int_equal(acks, 3);
    host_fini(&host);
}

static void test_server_given_windows_of_the_configuration_then_they_count(void **state)
{
    (void)state;
    struct host host;
    static uint8_t payload[5000];
    char sent[2048];
    host_init(&host, true);
    srs_rtmp_server_set_windows(&host.server, 10000, 77);
    assert_err(SRS_E_AGAIN, host_feed_connect(&host), "connect");
    assert_sent(&host, "5:0:77 6:0:2500000 _result:1:NetConnection.Connect.Success:0@0 ");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 3, (struct args){.text = "s"}),
               "publish");
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000004 05 00000000 000003e8"),
               "a window of 1000, which does not count");
    srs_buf_fini(&host.sent);
    for (int i = 0; i < 4; i++)
        assert_err(SRS_E_AGAIN,
                   host_feed_message(&host, (struct srs_rtmp_head){.type = 9, .csid = 6}, payload,
                                     sizeof payload),
                   "media");
    unsigned acks = 0;
    for (const char *at = host_sent(&host, sent, sizeof sent); (at = strstr(at, "3:0:")) != NULL;
         at++)
        acks++;
    assert_in_range(acks, 1, 2);
    host_fini(&host);

    host_init(&host, true);
    srs_rtmp_server_set_windows(&host.server, 0, 0);
    assert_err(SRS_E_AGAIN, host_feed_connect(&host), "connect");
    assert_sent(&host, "6:0:2500000 _result:1:NetConnection.Connect.Success:0@0 ");
    host_fini(&host);
}

static void test_server_given_limits_exceeded_then_named(void **state)
{
    (void)state;
    struct host host;
    struct args none = {0};
    host_begin(&host, NULL); // 1 of 32 createStream
    for (int i = 1; i < SRS_RTMP_CREATE_STREAMS_MAX; i++)
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 2, none), "32");
    assert_err(SRS_E_LIMIT, host_feed_command(&host, 0, "createStream", 2, none), "the 33rd");
    host_fini(&host);

    host_begin(&host, NULL); // 2 of 256 messages
    for (int i = 2; i < SRS_RTMP_SETUP_MESSAGES_MAX; i++)
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "x", 0, none), "256");
    assert_err(SRS_E_LIMIT, host_feed_command(&host, 0, "x", 0, none), "the 257th message");
    host_fini(&host);

    static uint8_t payload[60000];
    struct srs_rtmp_head unknown = {.type = 99, .csid = 6};
    host_begin(&host, NULL);
    for (int i = 0; i < 4; i++)
        assert_err(SRS_E_AGAIN, host_feed_message(&host, unknown, payload, sizeof payload), "KiB");
    assert_err(SRS_E_LIMIT, host_feed_message(&host, unknown, payload, sizeof payload), "256 KiB");
    host_fini(&host);

    host_begin(&host, NULL);
    unknown.type = 9;
    unknown.length = SRS_RTMP_COMMAND_MAX + 1;
    assert_err(SRS_E_LIMIT, host_feed_hex(&host, "06 000000 010001 09 01000000 aabb"),
               "big media early");
    host_fini(&host);
}

static void test_server_given_peer_that_does_not_read_then_pending_is_bounded(void **state)
{
    (void)state;
    struct host host;
    struct srs_buf in = {0};
    uint8_t room[64];
    struct srs_rtmp_event event;
    host_begin(&host, "play");
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_command_write(&wr, "x", 5, NULL, NULL);
    rtmp_message_append(&in, (struct srs_rtmp_head){.type = 20, .csid = 3}, room, wr.size, 128);
    srs_err err = SRS_E_AGAIN;
    unsigned commands = 0;
    for (; commands < 5000 && err == SRS_E_AGAIN; commands++) {
        srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
        err = srs_rtmp_server_next(&host.server, &event);
        assert_true(srs_rtmp_server_pending(&host.server).size <= SRS_RTMP_PENDING_MAX);
    }
    assert_err(SRS_E_LIMIT, err, "pending");
    assert_true(commands > 1000);
    srs_buf_fini(&in);
    host_fini(&host);
}

static void test_server_given_idle_player_then_little_memory(void **state)
{
    (void)state;
    struct host host;
    struct srs_buf in = {0};
    host_init(&host, false);
    static uint8_t hello[SRS_RTMP_HS_FIRST + SRS_RTMP_HS_BLOCK] = {3};
    assert_int_equal(srs_buf_append(&in, hello, sizeof hello, RTMP_TEST_MAX), SRS_OK);
    rtmp_session_load(&in, "ffmpeg-9.0.2-play", 'C');
    assert_err(SRS_E_AGAIN, host_feed(&host, srs_buf_span(&in), RTMP_TEST_MAX), "play");
    srs_rtmp_server_forget_request(&host.server);
    assert_null(srs_rtmp_server_request(&host.server));
    assert_null(host.server.hs);
    assert_null(host.server.out.bytes);
    assert_int_equal(host.server.reader.assembled, 0);
    assert_true(sizeof host.server + host.server.reader.stream_capacity * 56U < 1024);
    host_fini(&host);
    srs_buf_fini(&in);
}

static void test_server_given_rest_kept_over_an_event_then_goes_on(void **state)
{
    (void)state;
    struct host host;
    struct srs_rtmp_event event;
    struct srs_buf in = {0};
    rtmp_session_load(&in, "obs-29.0.2-publish", 'C');
    host_init(&host, true);
    srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), "connect");
    assert_int_equal(event.kind, SRS_RTMP_EVENT_CONNECT);
    assert_err(SRS_OK, srs_rtmp_server_keep(&host.server), "keep");
    srs_buf_fini(&in);
    assert_err(SRS_OK, srs_rtmp_server_accept_connect(&host.server, &host_info), "accept");
    assert_err(SRS_OK, srs_rtmp_server_next(&host.server, &event), "publish");
    assert_int_equal(event.kind, SRS_RTMP_EVENT_PUBLISH);
    host_fini(&host);
}

static void test_server_given_failing_allocations_then_no_memory(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    rtmp_session_load(&in, "ffmpeg-9.0.2-publish", 'C');
    for (unsigned n = 1; n < 200; n++) {
        struct host host;
        struct srs_rtmp_event event;
        host_init(&host, true);
        srs_rtmp_server_feed(&host.server, srs_buf_span(&in));
        srs_mem_fail_after(n);
        srs_err err = SRS_OK;
        while (err == SRS_OK) {
            err = srs_rtmp_server_next(&host.server, &event);
            if (err == SRS_OK)
                err = host_answer(&host, &event);
        }
        srs_mem_fail_after(0);
        host_fini(&host);
        if (err == SRS_E_AGAIN) {
            assert_true(n > 8);
            srs_buf_fini(&in);
            return;
        }
        assert_err(SRS_E_NO_MEMORY, err, "n-th allocation");
    }
    fail_msg("never came through");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_given_captured_sessions_then_publish_or_play),
        cmocka_unit_test(test_server_given_captured_prefixes_then_never_an_error),
        cmocka_unit_test(test_server_given_publish_in_order_then_answers_in_order),
        cmocka_unit_test(test_server_given_transaction_zero_then_no_answer),
        cmocka_unit_test(test_server_given_amf3_command_then_answered),
        cmocka_unit_test(test_server_given_play_then_answers_and_notices),
        cmocka_unit_test(test_server_given_pause_values_then_in_the_event),
        cmocka_unit_test(test_server_given_refusals_then_told_and_final),
        cmocka_unit_test(test_server_given_ends_then_unpublish_or_stop_and_again),
        cmocka_unit_test(test_server_given_end_inside_a_long_message_then_limit),
        cmocka_unit_test(test_server_given_fc_unpublish_then_told),
        cmocka_unit_test(test_server_given_big_media_after_the_end_then_dropped),
        cmocka_unit_test(test_server_given_second_stream_then_refused_and_first_goes_on),
        cmocka_unit_test(
            test_server_given_odd_messages_in_mid_publish_then_lives_or_names_the_error),
        cmocka_unit_test(test_server_given_aggregate_then_times_count_from_its_own),
        cmocka_unit_test(test_server_given_more_parts_than_the_limit_then_limit),
        cmocka_unit_test(test_server_given_keep_within_an_aggregate_then_its_rest_comes),
        cmocka_unit_test(test_server_given_media_before_publish_then_refused),
        cmocka_unit_test(test_server_given_commands_before_connect_then_silence),
        cmocka_unit_test(test_server_given_ping_then_pong),
        cmocka_unit_test(test_server_given_windows_of_bytes_then_acknowledged),
        cmocka_unit_test(test_server_given_windows_of_the_configuration_then_they_count),
        cmocka_unit_test(test_server_given_limits_exceeded_then_named),
        cmocka_unit_test(test_server_given_peer_that_does_not_read_then_pending_is_bounded),
        cmocka_unit_test(test_server_given_idle_player_then_little_memory),
        cmocka_unit_test(test_server_given_rest_kept_over_an_event_then_goes_on),
        cmocka_unit_test(test_server_given_failing_allocations_then_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
