// The server's machine and the ways of its peers: AMF3, several streams, old encoders and players,
// and what each limit does.
#include "protocol/rtmp_host.h"

// Payload of a type 17 command: the selector byte, then values.
static srs_err host_feed_amf3(struct host *host, uint32_t msid, const char *hex)
{
    struct srs_buf payload = {0};
    rtmp_hex_append(&payload, hex);
    struct srs_span bytes = srs_buf_span(&payload);
    srs_err err = host_feed_message(
        host, (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND_AMF3, .csid = 3, .msid = msid},
        bytes.bytes, bytes.size);
    srs_buf_fini(&payload);
    return err;
}

// connect, createStream and publish with every value behind the name in AMF3.
static void test_server_given_amf3_objects_then_answered(void **state)
{
    (void)state;
    struct host host;
    host_init(&host, true);
    assert_err(SRS_E_AGAIN,
               host_feed_amf3(&host, 0,
                              "00 020007636f6e6e656374 003ff0000000000000 "
                              "11 0a0b01 07617070 06096c697665 "
                              "0b746355726c 061f72746d703a2f2f612e622f6c697665 "
                              "1d6f626a656374456e636f64696e67 0403 01"),
               "connect");
    const struct srs_rtmp_request *request = srs_rtmp_server_request(&host.server);
    assert_string_equal(request->connect.app, "live");
    assert_string_equal(request->connect.tc_url, "rtmp://a.b/live");
    assert_true(request->connect.object_encoding == 3);
    assert_err(SRS_E_AGAIN,
               host_feed_amf3(&host, 0, "00 02000c63726561746553747265616d 11 0402 11 01"),
               "createStream");
    srs_buf_fini(&host.sent);
    assert_err(SRS_E_AGAIN,
               host_feed_amf3(&host, 1,
                              "00 11 060f7075626c697368 11 0400 11 01 11 060373 02 00046c697665"),
               "publish");
    assert_sent(&host, "onStatus:0:NetStream.Publish.Start:0@1 ");
    assert_string_equal(request->stream, "s");
    assert_string_equal(request->publish_type, "live");
    // An unknown command with an object of a class is answered as any other.
    assert_err(
        SRS_E_AGAIN,
        host_feed_amf3(&host, 0,
                       "00 02000178 004000000000000000 05 11 0a1303430361 090101 11 0c05af01"),
        "unknown");
    host_fini(&host);
}

static void test_server_given_malformed_amf3_then_named(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
    } rows[] = {
        {"empty", "", SRS_E_RTMP_AMF0_DECODE},
        {"selector alone", "00", SRS_E_RTMP_AMF0_DECODE},
        {"object cut", "00 02000178 004000000000000000 11 0a0b01 0361", SRS_E_RTMP_AMF0_DECODE},
        {"unknown marker", "00 02000178 004000000000000000 11 20", SRS_E_RTMP_AMF0_INVALID},
        {"string of 2^28", "00 02000178 004000000000000000 11 06ffffffff", SRS_E_RTMP_AMF0_DECODE},
        {"class of its own form", "00 02000178 004000000000000000 11 0a07034300",
         SRS_E_RTMP_AMF0_DECODE},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct host host;
        host_begin(&host, NULL);
        assert_err(rows[i].want, host_feed_amf3(&host, 0, rows[i].hex), rows[i].why);
        host_fini(&host);
    }
    // A string of 16 KiB and 5000 references to it: 80 MB in AMF0.
    struct host host;
    static uint8_t payload[28000];
    struct srs_wr wr = srs_wr_init(payload, sizeof payload);
    static uint8_t text[0x3FFF];
    srs_wr_u8(&wr, 0);
    srs_amf0_write_string(&wr, "x");
    srs_amf0_write_number(&wr, 2);
    srs_wr_u32(&wr, 0x1109CE11); // an array of 5000
    srs_wr_u8(&wr, 1);
    srs_wr_u32(&wr, 0x0681FFFF); // a string of 0x3FFF
    srs_wr_u8(&wr, 0x7F);
    wr.size -= 1; // 06 81 ff ff
    srs_wr_bytes(&wr, text, sizeof text);
    while (!wr.bad && wr.size + 2 < sizeof payload)
        srs_wr_u16(&wr, 0x0600);
    host_begin(&host, NULL);
    srs_err err =
        host_feed_message(&host, (struct srs_rtmp_head){.type = 17, .csid = 3}, payload, wr.size);
    assert_true(err == SRS_E_LIMIT || err == SRS_E_RTMP_AMF0_DECODE);
    srs_err_drop(err, "a test");
    host_fini(&host);
}

// What a hostile peer may say in one message or many: each ends with a named error.
static void test_server_given_hostile_peers_then_named_and_bounded(void **state)
{
    (void)state;
    struct host host;
    struct args none = {0};
    // 65,000 chunk streams.
    host_begin(&host, "publish");
    srs_err err = SRS_E_AGAIN;
    unsigned csid = 64;
    for (; csid < 65000 && err == SRS_E_AGAIN; csid++)
        err = host_feed_message(&host, (struct srs_rtmp_head){.type = 8, .csid = csid}, "x", 1);
    assert_err(SRS_E_LIMIT, err, "chunk streams");
    assert_in_range(csid - 64, SRS_RTMP_STREAMS_MAX - 4, SRS_RTMP_STREAMS_MAX + 1);
    host_fini(&host);
    // A thousand createStream.
    host_begin(&host, "publish");
    err = SRS_E_AGAIN;
    unsigned created = 1;
    for (; created < 1000 && err == SRS_E_AGAIN; created++)
        err = host_feed_command(&host, 0, "createStream", 2, none);
    assert_err(SRS_E_LIMIT, err, "createStream");
    assert_int_equal(created, SRS_RTMP_CREATE_STREAMS_MAX + 1);
    host_fini(&host);
    // 25 KB of objects in objects, in a command of each type and in script data.
    static uint8_t nested[25000];
    struct srs_wr wr = srs_wr_init(nested, sizeof nested);
    srs_amf0_write_string(&wr, "x");
    srs_amf0_write_number(&wr, 2);
    while (wr.size + 5 <= sizeof nested) {
        srs_amf0_write_object_begin(&wr);
        srs_amf0_write_key(&wr, "ab");
    }
    host_begin(&host, "publish");
    assert_err(
        SRS_E_AMF0_DEPTH,
        host_feed_message(&host, (struct srs_rtmp_head){.type = 20, .csid = 3}, nested, wr.size),
        "nested AMF0");
    host_fini(&host);
    static uint8_t nested3[25000] = {0};
    wr = srs_wr_init(nested3, sizeof nested3);
    srs_wr_u8(&wr, 0);
    srs_amf0_write_string(&wr, "x");
    srs_amf0_write_number(&wr, 2);
    srs_wr_u8(&wr, 0x11);
    while (wr.size + 5 <= sizeof nested3) {
        srs_wr_u24(&wr, 0x0a0b01);
        srs_wr_u16(&wr, 0x0361);
    }
    host_begin(&host, "publish");
    assert_err(
        SRS_E_AMF0_DEPTH,
        host_feed_message(&host, (struct srs_rtmp_head){.type = 17, .csid = 3}, nested3, wr.size),
        "nested AMF3");
    host_fini(&host);
    // Texts that say they are 2^32-1 and 2^16-1 bytes long.
    static const char *const texts[] = {
        "03 000000 000013 14 00000000 020001780040000000000000000cffffffff61",
        "03 000000 000012 14 00000000 020001780040000000000000000fffffffff",
        "03 000000 000010 14 00000000 0200017800400000000000000002ffff",
        "03 000000 000007 14 00000000 0cffffffff6161",
    };
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        host_begin(&host, "publish");
        assert_err(SRS_E_RTMP_AMF0_DECODE, host_feed_hex(&host, texts[i]), texts[i]);
        host_fini(&host);
    }
}

static void test_server_given_streams_deleted_then_their_ids_are_free(void **state)
{
    (void)state;
    struct host host;
    struct args none = {0};
    struct args key = {.text = "s"};
    struct args first = {.number = 1, .has_number = true};
    struct args odd = {.number = 1e30, .has_number = true};
    host_begin(&host, NULL);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 2, none), "second");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 3, none), "third");
    assert_sent(&host, "_result:2::2@0 _result:3::3@0 ");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "deleteStream", 0, first), "delete");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "deleteStream", 0, odd), "no such");
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 4, none), "again");
    assert_sent(&host, "_result:4::1@0 ");
    // A connection that publishes a thousand times.
    for (int i = 0; i < 1000; i++) {
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "publish", 5, key), "publish");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "deleteStream", 0, first), "delete");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 0, "createStream", 6, none), "create");
        srs_buf_fini(&host.sent);
    }
    assert_int_equal(host.seen[SRS_RTMP_EVENT_PUBLISH], 1000);
    assert_int_equal(host.seen[SRS_RTMP_EVENT_UNPUBLISH], 1000);
    host_fini(&host);
}

static void
test_server_given_play_again_after_the_request_is_forgotten_then_same_address(void **state)
{
    (void)state;
    struct host host;
    struct args key = {.text = "t"};
    host_begin(&host, "play");
    for (int i = 0; i < 3; i++) {
        srs_rtmp_server_forget_request(&host.server);
        srs_rtmp_server_forget_request(&host.server);
        assert_null(srs_rtmp_server_request(&host.server));
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "closeStream", 0, (struct args){0}),
                   "close");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, i == 1 ? "publish" : "play", 5, key),
                   "again");
        const struct srs_rtmp_request *request = srs_rtmp_server_request(&host.server);
        assert_string_equal(request->connect.app, "live");
        assert_string_equal(request->connect.tc_url, "rtmp://a.b/live");
        assert_string_equal(request->stream, "t");
    }
    srs_rtmp_server_forget_request(&host.server);
    assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, "closeStream", 0, (struct args){0}), "x");
    srs_mem_fail_after(1);
    struct srs_rtmp_request *request;
    assert_err(SRS_E_NO_MEMORY, srs_rtmp_request_get(&host.server, &request), "memory");
    srs_mem_fail_after(0);
    host_fini(&host);
}

static void test_server_given_peer_bandwidth_then_a_window_of_it(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, "publish");
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000005 06 00000000 002625a0 02"),
               "what it was told");
    assert_sent(&host, "");
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000005 06 00000000 004c4b40 00"),
               "another");
    assert_sent(&host, "5:0:5000000 ");
    assert_err(SRS_E_AGAIN, host_feed_hex(&host, "02 000000 000005 06 00000000 004c4b40 01"),
               "again");
    assert_sent(&host, "");
    host_fini(&host);
}

// Every event of user control, known and unknown, to a publisher and to a player.
static void test_server_given_user_control_of_every_kind_then_lives(void **state)
{
    (void)state;
    for (int play = 0; play < 2; play++) {
        struct host host;
        host_begin(&host, play ? "play" : "publish");
        for (unsigned event = 0; event < 300; event++) {
            const uint8_t payload[] = {
                (uint8_t)(event >> 8), (uint8_t)event, 0, 0, 0, 1, 0, 0, 1, 0};
            assert_err(SRS_E_AGAIN,
                       host_feed_message(&host, (struct srs_rtmp_head){.type = 4, .csid = 2},
                                         payload, sizeof payload),
                       "event");
        }
        assert_sent(&host, "4:7:1 ");
        host_fini(&host);
    }
}

static void test_server_given_messages_of_every_type_then_lives(void **state)
{
    (void)state;
    static const uint8_t zeros[12];
    for (unsigned type = 0; type < 256; type++) {
        struct host host;
        bool command = type == 17 || type == 20;
        host_begin(&host, "publish");
        srs_err err = host_feed_message(
            &host, (struct srs_rtmp_head){.type = (uint8_t)type, .csid = 7, .msid = 1}, zeros,
            sizeof zeros);
        if (command || type == 22) {
            assert_true(err == SRS_E_RTMP_AMF0_DECODE || err == SRS_E_RTMP_AGGREGATE);
            srs_err_drop(err, "zeros are no command and no aggregate");
        } else {
            assert_err(SRS_E_AGAIN, err, "type");
        }
        host_fini(&host);
    }
}

// Dialogues of old and of special encoders and players, command by command.
static const struct {
    const char *who;
    enum srs_rtmp_flow flow;
    struct step {
        const char *name;
        uint32_t msid;
        double transaction;
        const char *text;
        const char *sent;
    } steps[8];
} habits[] = {
    {"Haivision",
     SRS_RTMP_FLOW_HAIVISION,
     {{"_checkbw", 0, 2, NULL, "_result:2::0@0 "},
      {"createStream", 0, 3, NULL, "_result:3::1@0 "},
      {"FCPublish", 0, 4, "s", "_result:4::0@0 "},
      {"publish", 1, 5, "s",
       "onFCPublish:0:NetStream.Publish.Start:0@1 onStatus:0:NetStream.Publish.Start:0@1 "}}},
    {"FMLE",
     SRS_RTMP_FLOW_FMLE,
     {{"releaseStream", 0, 2, "s", "_result:2::0@0 "},
      {"FCPublish", 0, 3, "s", "_result:3::0@0 "},
      {"createStream", 0, 4, NULL, "_result:4::1@0 "},
      {"publish", 1, 5, "s",
       "onFCPublish:0:NetStream.Publish.Start:0@1 onStatus:0:NetStream.Publish.Start:0@1 "},
      {"FCUnpublish", 0, 6, "s",
       "_result:6::0@0 onFCUnpublish:0:NetStream.Unpublish.Success:0@1 "
       "onStatus:0:NetStream.Unpublish.Success:0@1 "},
      {"publish", 1, 7, "s", "onStatus:0:NetStream.Publish.Start:0@1 "}}},
    {"Flash publishes, closes and plays",
     SRS_RTMP_FLOW_FLASH,
     {{"createStream", 0, 2, NULL, "_result:2::1@0 "},
      {"publish", 1, 0, "s", "onStatus:0:NetStream.Publish.Start:0@1 "},
      {"closeStream", 1, 0, NULL, ""},
      {"createStream", 0, 3, NULL, "_result:3::2@0 "},
      {"play", 2, 0, "s",
       "4:0:2 onStatus:0:NetStream.Play.Reset:0@2 onStatus:0:NetStream.Play.Start:0@2 data@2 "
       "data@2 "},
      {"closeStream", 2, 0, NULL, ""},
      {"play", 2, 0, "t",
       "4:0:2 onStatus:0:NetStream.Play.Reset:0@2 onStatus:0:NetStream.Play.Start:0@2 data@2 "
       "data@2 "}}},
    {"GStreamer, ids of 0",
     SRS_RTMP_FLOW_FMLE,
     {{"releaseStream", 0, 0, "s", ""},
      {"FCPublish", 0, 0, "s", ""},
      {"createStream", 0, 2, NULL, "_result:2::1@0 "},
      {"publish", 1, 0, "s",
       "onFCPublish:0:NetStream.Publish.Start:0@1 onStatus:0:NetStream.Publish.Start:0@1 "},
      {"FCUnpublish", 0, 0, "s",
       "onFCUnpublish:0:NetStream.Unpublish.Success:0@1 "
       "onStatus:0:NetStream.Unpublish.Success:0@1 "},
      {"deleteStream", 0, 0, "s", ""}}},
    {"librtmp plays",
     SRS_RTMP_FLOW_FLASH,
     {{"_checkbw", 0, 2, NULL, "_result:2::0@0 "},
      {"createStream", 0, 3, NULL, "_result:3::1@0 "},
      {"FCSubscribe", 0, 4, "s", "_result:4::0@0 "},
      {"play", 1, 5, "s",
       "4:0:1 onStatus:0:NetStream.Play.Reset:0@1 onStatus:0:NetStream.Play.Start:0@1 data@1 "
       "data@1 "}}},
};

static void test_server_given_habits_of_clients_then_answers_they_wait_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(habits); i++) {
        struct host host;
        host_init(&host, true);
        assert_err(SRS_E_AGAIN, host_feed_connect(&host), "connect");
        srs_buf_fini(&host.sent);
        for (const struct step *step = habits[i].steps;
             step < habits[i].steps + SRS_COUNT(habits[i].steps) && step->name != NULL; step++) {
            char sent[2048];
            assert_err(SRS_E_AGAIN,
                       host_feed_command(&host, step->msid, step->name, step->transaction,
                                         (struct args){.text = step->text}),
                       step->name);
            host_sent(&host, sent, sizeof sent);
            if (strcmp(sent, step->sent) != 0)
                fail_msg("%s, %s: want \"%s\", got \"%s\"", habits[i].who, step->name, step->sent,
                         sent);
        }
        assert_int_equal(host.server.flow, habits[i].flow);
        host_fini(&host);
    }
}

static void test_server_given_data_before_publish_then_ignored(void **state)
{
    (void)state;
    static const uint8_t types[] = {15, 18};
    for (size_t i = 0; i < SRS_COUNT(types); i++) {
        struct host host;
        host_begin(&host, NULL);
        assert_err(SRS_E_AGAIN,
                   host_feed_message(&host,
                                     (struct srs_rtmp_head){.type = types[i], .csid = 4, .msid = 1},
                                     "\2\0\1x", 4),
                   "data");
        assert_int_equal(host.seen[SRS_RTMP_EVENT_MEDIA], 0);
        host_fini(&host);
    }
}

// What only a player may wish, from others and with other arguments.
static void test_server_given_wishes_of_no_player_then_ignored(void **state)
{
    (void)state;
    static const char *const names[] = {"pause", "seek", "receiveAudio", "receiveVideo"};
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        struct host host;
        struct args number = {.number = 5, .has_number = true};
        struct args boolean = {.boolean = 2};
        bool seek = i == 1;
        host_begin(&host, "publish");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, names[i], 0, seek ? number : boolean),
                   names[i]);
        assert_int_equal(host.seen[SRS_RTMP_EVENT_PAUSE + i], 0);
        assert_sent(&host, "");
        host_fini(&host);
        host_begin(&host, "play");
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, names[i], 0, seek ? boolean : number),
                   names[i]);
        assert_err(SRS_E_AGAIN, host_feed_command(&host, 1, names[i], 0, (struct args){0}),
                   names[i]);
        assert_int_equal(host.seen[SRS_RTMP_EVENT_PAUSE + i], 0);
        assert_sent(&host, "");
        host_fini(&host);
    }
}

static void test_server_given_exactly_a_window_then_acknowledged(void **state)
{
    (void)state;
    struct host host;
    static uint8_t payload[1000 - 12]; // a message of 1000 bytes on the wire
    host_init(&host, true);
    host.server.reader.chunk_size = 100000;
    host.server.ack_every = 1000;
    host.server.ack_fixed = true;
    host.server.state = SRS_RTMP_STATE_READY;
    struct srs_buf in = {0};
    rtmp_message_append(&in, (struct srs_rtmp_head){.type = 99, .csid = 5}, payload, sizeof payload,
                        100000);
    assert_int_equal(srs_buf_size(&in), 1000);
    struct srs_span bytes = srs_buf_span(&in);
    assert_err(SRS_E_AGAIN, host_feed(&host, (struct srs_span){bytes.bytes, 999}, 999), "999");
    assert_sent(&host, "");
    assert_err(SRS_E_AGAIN, host_feed(&host, (struct srs_span){bytes.bytes + 999, 1}, 1), "1000");
    assert_sent(&host, "3:0:1000 ");
    srs_buf_fini(&in);
    host_fini(&host);
}

static void test_server_given_aggregate_with_large_times_then_all_32_bits_count(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, "publish");
    assert_err(SRS_E_AGAIN,
               host_feed_hex(&host, "04 001388 000020 16 01000000 "
                                    "08000001 000000 01 000000 aa 0000000c"
                                    "08000001 000005 02 000000 bb 0000000c"),
               "aggregate");
    assert_int_equal(host.seen[SRS_RTMP_EVENT_MEDIA], 2);
    assert_int_equal(host.last_timestamp, 5000 + (1 << 24) + 5);
    host_fini(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_given_amf3_objects_then_answered),
        cmocka_unit_test(test_server_given_malformed_amf3_then_named),
        cmocka_unit_test(test_server_given_hostile_peers_then_named_and_bounded),
        cmocka_unit_test(test_server_given_streams_deleted_then_their_ids_are_free),
        cmocka_unit_test(
            test_server_given_play_again_after_the_request_is_forgotten_then_same_address),
        cmocka_unit_test(test_server_given_peer_bandwidth_then_a_window_of_it),
        cmocka_unit_test(test_server_given_user_control_of_every_kind_then_lives),
        cmocka_unit_test(test_server_given_messages_of_every_type_then_lives),
        cmocka_unit_test(test_server_given_habits_of_clients_then_answers_they_wait_for),
        cmocka_unit_test(test_server_given_data_before_publish_then_ignored),
        cmocka_unit_test(test_server_given_wishes_of_no_player_then_ignored),
        cmocka_unit_test(test_server_given_exactly_a_window_then_acknowledged),
        cmocka_unit_test(test_server_given_aggregate_with_large_times_then_all_32_bits_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
