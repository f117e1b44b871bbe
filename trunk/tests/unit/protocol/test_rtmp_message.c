// Messages: control round trips, commands as captured, answers byte for byte, garbage.
#include "codec/flv.h"
#include "protocol/rtmp/message.h"
#include "protocol/rtmp_vectors.h"
#include "test.h"

static struct srs_rtmp_msg msg_of(uint8_t type, const struct srs_buf *bytes)
{
    return (struct srs_rtmp_msg){.type = type, .payload = srs_buf_span(bytes)};
}

static const struct {
    const char *why;
    uint8_t type;
    const char *hex;
    struct srs_rtmp_control want;
} controls[] = {
    {"chunk size", 1, "00001000", {.type = 1, .value = 4096}},
    {"abort", 2, "00000004", {.type = 2, .value = 4}},
    {"acknowledgement", 3, "0007aafc", {.type = 3, .value = 502524}},
    {"window", 5, "004c4b40", {.type = 5, .value = 5000000}},
    {"bandwidth", 6, "004c4b4002", {.type = 6, .value = 5000000, .limit_type = 2}},
    {"StreamBegin", 4, "000000000001", {.type = 4, .event = 0, .value = 1}},
    {"StreamEOF", 4, "000100000001", {.type = 4, .event = 1, .value = 1}},
    {"SetBufferLength",
     4,
     "00030000000100000bb8",
     {.type = 4, .event = 3, .value = 1, .buffer_ms = 3000}},
    {"StreamIsRecorded", 4, "000400000001", {.type = 4, .event = 4, .value = 1}},
    {"PingRequest", 4, "000611223344", {.type = 4, .event = 6, .value = 0x11223344}},
    {"PingResponse", 4, "000711223344", {.type = 4, .event = 7, .value = 0x11223344}},
};

static void test_control_given_wire_then_fields_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(controls); i++) {
        struct srs_buf in = {0};
        struct srs_rtmp_control got;
        uint8_t out[16];
        rtmp_hex_append(&in, controls[i].hex);
        struct srs_rtmp_msg msg = msg_of(controls[i].type, &in);
        assert_err(SRS_OK, srs_rtmp_control_read(&msg, &got), controls[i].why);
        assert_int_equal(got.type, controls[i].want.type);
        assert_int_equal(got.event, controls[i].want.event);
        assert_int_equal(got.value, controls[i].want.value);
        assert_int_equal(got.limit_type, controls[i].want.limit_type);
        assert_int_equal(got.buffer_ms, controls[i].want.buffer_ms);
        struct srs_wr wr = srs_wr_init(out, sizeof out);
        srs_rtmp_control_write(&wr, &got);
        assert_int_equal(wr.size, msg.payload.size);
        assert_memory_equal(out, msg.payload.bytes, wr.size);
        for (size_t size = 0; size < msg.payload.size; size++) {
            struct srs_rtmp_msg prefix = msg;
            prefix.payload.size = size;
            assert_err(SRS_E_RTMP_MESSAGE_DECODE, srs_rtmp_control_read(&prefix, &got),
                       controls[i].why);
        }
        srs_buf_fini(&in);
    }
}

static void test_control_given_unknown_event_then_ignored(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_control got;
    rtmp_hex_append(&in, "0021");
    struct srs_rtmp_msg msg = msg_of(4, &in);
    assert_err(SRS_OK, srs_rtmp_control_read(&msg, &got), "event 33 without data");
    assert_int_equal(got.event, 33);
    assert_int_equal(got.value, 0);
    srs_buf_fini(&in);
}

static void connect_bytes(struct srs_buf *out, uint8_t room[1024],
                          const struct srs_rtmp_connect *connect)
{
    struct srs_wr wr = srs_wr_init(room, 1024);
    srs_rtmp_connect_write(&wr, connect);
    assert_false(wr.bad);
    assert_int_equal(srs_buf_append(out, room, wr.size, 4096), SRS_OK);
}

static void test_connect_given_written_then_read_back(void **state)
{
    (void)state;
    char app[] = "live";
    char url[] = "rtmp://a.b/live";
    char flash[] = "F 1";
    struct srs_rtmp_connect want = {.transaction = 1,
                                    .app = app,
                                    .tc_url = url,
                                    .flash_ver = flash,
                                    .caps_ex = 3,
                                    .has_caps_ex = true,
                                    .has_four_cc_list = true};
    uint8_t room[1024];
    struct srs_buf bytes = {0};
    connect_bytes(&bytes, room, &want);
    struct srs_rtmp_msg msg = msg_of(20, &bytes);
    struct srs_rtmp_command command;
    struct srs_rtmp_connect got;
    assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), "command");
    assert_true(srs_amf0_equals(command.name, "connect"));
    assert_err(SRS_OK, srs_rtmp_connect_read(&command, &got), "connect");
    assert_string_equal(got.app, app);
    assert_string_equal(got.tc_url, url);
    assert_string_equal(got.flash_ver, flash);
    assert_string_equal(got.page_url, "");
    assert_string_equal(got.swf_url, "");
    assert_true(got.has_caps_ex && got.has_four_cc_list);
    assert_int_equal(got.caps_ex, 3);
    srs_rtmp_connect_fini(&got);
    for (unsigned n = 1; n <= 5; n++) {
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY, srs_rtmp_connect_read(&command, &got), "n-th text");
        assert_null(got.app);
    }
    for (size_t size = 0; size < bytes.end; size++) {
        msg.payload.size = size;
        srs_err err = srs_rtmp_command_read(&msg, &command);
        srs_err_drop(err, "only that it stays inside the input is asked");
    }
    srs_buf_fini(&bytes);
}

static void test_connect_given_texts_above_limits_then_refused(void **state)
{
    (void)state;
    static char text[SRS_RTMP_URL_MAX + 2];
    static uint8_t room[3 * SRS_RTMP_URL_MAX];
    for (size_t size = SRS_RTMP_URL_MAX; size <= SRS_RTMP_URL_MAX + 1; size++) {
        struct srs_rtmp_command command;
        struct srs_rtmp_connect got;
        memset(text, 'x', size);
        text[size] = '\0';
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        srs_rtmp_connect_write(&wr, &(struct srs_rtmp_connect){.tc_url = text});
        struct srs_rtmp_msg msg = {.type = 20, .payload = {room, wr.size}};
        assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), "command");
        assert_err(size > SRS_RTMP_URL_MAX ? SRS_E_LIMIT : SRS_OK,
                   srs_rtmp_connect_read(&command, &got), "tcUrl");
        srs_rtmp_connect_fini(&got);
    }
}

static const struct {
    const char *why;
    uint8_t type;
    const char *hex;
    srs_err want;
} commands[] = {
    {"createStream as AMF3 command", 17, "0002000c63726561746553747265616d00401000000000000005",
     SRS_OK},
    {"no object", 20, "02000161 000000000000000000", SRS_OK},
    {"empty", 20, "", SRS_E_RTMP_AMF0_DECODE},
    {"selector byte only", 17, "00", SRS_E_RTMP_AMF0_DECODE},
    {"number for a name", 20, "000000000000000000", SRS_E_RTMP_AMF0_DECODE},
    {"no transaction", 20, "02000161", SRS_E_RTMP_AMF0_DECODE},
    {"text for a transaction", 20, "0200016102000161", SRS_E_RTMP_AMF0_DECODE},
    {"unknown marker", 20, "02000161 000000000000000000 44", SRS_E_RTMP_AMF0_INVALID},
};

static void test_command_given_bytes_then_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(commands); i++) {
        struct srs_buf in = {0};
        struct srs_rtmp_command got;
        rtmp_hex_append(&in, commands[i].hex);
        struct srs_rtmp_msg msg = msg_of(commands[i].type, &in);
        assert_err(commands[i].want, srs_rtmp_command_read(&msg, &got), commands[i].why);
        srs_buf_fini(&in);
    }
}

static void test_play_given_arguments_then_fields(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        const char *stream;
        double start;
        double duration;
        bool reset;
    } rows[] = {
        {"name only", "02000161", "a", -2, -1, true},
        {"start", "02000161 00c09f400000000000", "a", -2000, -1, true},
        {"all", "02000161 00c09f400000000000 00c08f400000000000 0100", "a", -2000, -1000, false},
        {"null for a name", "05", "", -2, -1, true},
        {"nothing", "", "", -2, -1, true},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_buf in = {0};
        struct srs_rtmp_command command;
        struct srs_rtmp_play got;
        rtmp_hex_append(&in, "020004706c6179 000000000000000000 05");
        rtmp_hex_append(&in, rows[i].hex);
        struct srs_rtmp_msg msg = msg_of(20, &in);
        assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), rows[i].why);
        assert_err(SRS_OK, srs_rtmp_play_read(&command, &got), rows[i].why);
        assert_true(srs_amf0_equals(got.stream, rows[i].stream));
        assert_true(got.start == rows[i].start && got.duration == rows[i].duration);
        assert_int_equal(got.reset, rows[i].reset);
        srs_buf_fini(&in);
    }
}

// Answers as documented, byte for byte.
static void test_answers_given_known_bytes_then_equal(void **state)
{
    (void)state;
    static const char rejected[] =
        "0200065f6572726f72003ff0000000000000050300056c6576656c0200056572726f720004636f646502001e4e"
        "6574436f6e6e656374696f6e2e436f6e6e6563742e52656a6563746564000b6465736372697074696f6e02000b"
        "6e6f2073756368206170700000"
        "09";
    static const char reconnect[] =
        "0200086f6e537461747573000000000000000000050300056c6576656c0200067374617475730004636f646502"
        "00264e6574436f6e6e656374696f6e2e436f6e6e6563742e5265636f6e6e656374526571756573740"
        "00b6465736372697074696f6e0200066d6f76696e670005746355726c02001a72746d703a2f2f3132372e302e"
        "302e313a313933362f6c697665000009";
    uint8_t room[512];
    struct srs_buf want = {0};
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_error_write(&wr, 1,
                         &(struct srs_rtmp_status){.level = "error",
                                                   .code = "NetConnection.Connect.Rejected",
                                                   .description = "no such app"});
    rtmp_hex_append(&want, rejected);
    assert_int_equal(wr.size, srs_buf_size(&want));
    assert_memory_equal(room, want.bytes, wr.size);
    srs_buf_fini(&want);
    wr = srs_wr_init(room, sizeof room);
    srs_rtmp_on_status_write(
        &wr, &(struct srs_rtmp_status){.level = "status",
                                       .code = "NetConnection.Connect.ReconnectRequest",
                                       .description = "moving",
                                       .tc_url = "rtmp://127.0.0.1:1936/live"});
    rtmp_hex_append(&want, reconnect);
    assert_int_equal(wr.size, srs_buf_size(&want));
    assert_memory_equal(room, want.bytes, wr.size);
    srs_buf_fini(&want);
    wr = srs_wr_init(room, sizeof room);
    srs_rtmp_result_number_write(&wr, 2, 1);
    rtmp_hex_append(&want, "0200075f726573756c7400400000000000000005003ff0000000000000");
    assert_int_equal(wr.size, srs_buf_size(&want));
    assert_memory_equal(room, want.bytes, wr.size);
    srs_buf_fini(&want);
}

static void test_connect_result_given_enhanced_client_then_told_what_is_relayed(void **state)
{
    (void)state;
    uint8_t room[1024];
    for (int enhanced = 0; enhanced < 2; enhanced++) {
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        srs_rtmp_connect_result_write(
            &wr,
            &(struct srs_rtmp_connect){
                .transaction = 1, .object_encoding = 3, .has_four_cc_list = enhanced != 0},
            &(struct srs_rtmp_server_info){
                .signature = "SRS", .server = "SRS/7", .pid = 42, .id = "c1", .caps_ex = 7});
        struct srs_rtmp_msg msg = {.type = 20, .payload = {room, wr.size}};
        struct srs_rtmp_command command;
        struct srs_span info;
        double number = -1;
        assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), "answer");
        assert_true(srs_amf0_equals(command.name, "_result") && command.transaction == 1);
        assert_err(SRS_OK, srs_amf0_read_any(&command.args, &info), "information");
        assert_int_equal(srs_rd_left(&command.args), 0);
        assert_true(srs_amf0_find_number(info, "objectEncoding", &number) && number == 3);
        assert_int_equal(srs_amf0_find_number(info, "capsEx", &number), enhanced);
        struct srs_rd at;
        assert_int_equal(srs_amf0_find(info, "fourCcList", &at), enhanced);
        assert_true(srs_amf0_find(info, "data", &at));
    }
}

static void test_data_given_set_data_frame_then_taken_off(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t type;
        const char *hex;
        size_t value;
        bool clear;
    } rows[] = {
        {"plain", 18, "02000a6f6e4d65746144617461 0300016102000162000009", 11, false},
        {"@setDataFrame", 18,
         "02000d40736574446174614672616d65 02000a6f6e4d65746144617461 0300016102000162000009", 11,
         false},
        {"AMF3 type", 15, "00 02000a6f6e4d65746144617461 0300016102000162000009", 11, false},
        {"@clearDataFrame", 18, "02000f40636c656172446174614672616d65 02000a6f6e4d65746144617461",
         0, true},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_buf in = {0};
        struct srs_rtmp_data got;
        uint8_t room[64];
        rtmp_hex_append(&in, rows[i].hex);
        struct srs_rtmp_msg msg = msg_of(rows[i].type, &in);
        assert_err(SRS_OK, srs_rtmp_data_read(&msg, &got), rows[i].why);
        assert_true(srs_amf0_equals(got.name, "onMetaData"));
        assert_int_equal(got.value.size, rows[i].value);
        assert_int_equal(got.clear, rows[i].clear);
        assert_int_equal(got.rest.size, 13 + rows[i].value);
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        srs_rtmp_data_write(&wr, got.name, got.value);
        assert_int_equal(wr.size, got.rest.size);
        assert_memory_equal(room, got.rest.bytes, wr.size);
        srs_buf_fini(&in);
    }
}

static void test_data_given_bytes_behind_the_value_then_not_written(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_data got;
    uint8_t room[64];
    rtmp_hex_append(&in, "02000a6f6e4d65746144617461 0300016102000162000009 05 05");
    struct srs_rtmp_msg msg = msg_of(18, &in);
    assert_err(SRS_OK, srs_rtmp_data_read(&msg, &got), "data");
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_data_write(&wr, got.name, got.value);
    assert_int_equal(wr.size, msg.payload.size - 2);
    srs_buf_fini(&in);
}

// --- what a client of Enhanced RTMP takes -------------------------------------------------------

enum { ALL = SRS_FLV_VIDEO_BITS | SRS_FLV_AUDIO_BITS };

struct told {
    const char *why;
    const char *list;  // FourCCs one behind the other, NULL: no list
    const char *video; // FourCCs (a lonely * too), each with a digit: its flags
    const char *audio;
    bool tells_video;
    bool tells_audio;
    uint32_t takes; // of ALL
};

#define HEVC 2U
#define AV1  8U
#define VP9  32U
#define OPUS 256U

static void put_map(struct srs_wr *wr, const char *key, const char *text)
{
    if (text == NULL)
        return;
    srs_amf0_write_key(wr, key);
    srs_amf0_write_object_begin(wr);
    while (*text != '\0') {
        char name[5] = "*";
        size_t size = *text == '*' ? 1 : 4;
        memcpy(name, text, size);
        srs_amf0_write_pair_number(wr, name, text[size] - '0');
        text += size + 1;
    }
    srs_amf0_write_object_end(wr);
}

static size_t make_connect(const struct told *told, uint8_t *bytes, size_t capacity)
{
    struct srs_wr wr = srs_wr_init(bytes, capacity);
    srs_amf0_write_string(&wr, "connect");
    srs_amf0_write_number(&wr, 1);
    srs_amf0_write_object_begin(&wr);
    srs_amf0_write_pair_string(&wr, "app", "live");
    if (told->list != NULL) {
        size_t count = strlen(told->list) / 4;
        srs_amf0_write_key(&wr, "fourCcList");
        srs_amf0_write_array_begin(&wr, (uint32_t)(count > 0 ? count + 1 : 1));
        srs_amf0_write_number(&wr, 5); // not a name
        for (size_t i = 0; i < count; i++) {
            char name[5] = "";
            memcpy(name, told->list + i * 4, told->list[i * 4] == '*' ? 1 : 4);
            srs_amf0_write_string(&wr, name);
        }
    }
    put_map(&wr, "videoFourCcInfoMap", told->video);
    put_map(&wr, "audioFourCcInfoMap", told->audio);
    srs_amf0_write_object_end(&wr);
    assert_false(wr.bad);
    return wr.size;
}

static void test_connect_given_fourccs_then_what_it_takes(void **state)
{
    (void)state;
    static const struct told rows[] = {
        {"nothing said", NULL, NULL, NULL, false, false, 0},
        {"empty list", "", NULL, NULL, false, false, 0},
        {"version 1", "av01hvc1", NULL, NULL, true, false, HEVC | AV1},
        {"with audio", "hvc1Opus", NULL, NULL, true, true, HEVC | OPUS},
        {"any", "*   ", NULL, NULL, true, true, ALL},
        {"an unknown one", "xxxx", NULL, NULL, false, false, 0},
        {"map of video", NULL, "hvc11av012vp094", NULL, true, false, HEVC | VP9},
        {"empty map", NULL, "", NULL, true, false, 0},
        {"map for all", NULL, "*4hvc10", NULL, true, false, SRS_FLV_VIDEO_BITS},
        {"map of audio", NULL, NULL, "Opus7", false, true, OPUS},
        {"audio in the map of video", NULL, "Opus7", NULL, true, false, 0},
        {"list and map", "hvc1Opus", "av011", NULL, true, true, AV1 | OPUS},
        {"both for all", NULL, "*1", "*4", true, true, ALL},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[512];
        struct srs_rtmp_msg msg = {.type = SRS_RTMP_COMMAND};
        struct srs_rtmp_command command;
        struct srs_rtmp_connect connect;
        msg.payload = (struct srs_span){bytes, make_connect(&rows[i], bytes, sizeof bytes)};
        assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), rows[i].why);
        assert_err(SRS_OK, srs_rtmp_connect_read(&command, &connect), rows[i].why);
        if (connect.tells_video != rows[i].tells_video ||
            connect.tells_audio != rows[i].tells_audio ||
            (connect.fourccs & ALL) != rows[i].takes ||
            connect.has_four_cc_list != (rows[i].list != NULL))
            fail_msg("%s: %d %d %x", rows[i].why, connect.tells_video, connect.tells_audio,
                     connect.fourccs);
        srs_rtmp_connect_fini(&connect);
        // Damaged, it is a hint that is not there; the command's own end is another matter.
        for (size_t n = 0; n < msg.payload.size; n++) {
            struct srs_rtmp_msg cut = msg;
            cut.payload.size = n;
            if (srs_rtmp_command_read(&cut, &command) == SRS_OK &&
                srs_rtmp_connect_read(&command, &connect) == SRS_OK)
                srs_rtmp_connect_fini(&connect);
            (void)srs_bare(SRS_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_given_wire_then_fields_and_back),
        cmocka_unit_test(test_control_given_unknown_event_then_ignored),
        cmocka_unit_test(test_connect_given_written_then_read_back),
        cmocka_unit_test(test_connect_given_texts_above_limits_then_refused),
        cmocka_unit_test(test_command_given_bytes_then_result),
        cmocka_unit_test(test_play_given_arguments_then_fields),
        cmocka_unit_test(test_answers_given_known_bytes_then_equal),
        cmocka_unit_test(test_connect_result_given_enhanced_client_then_told_what_is_relayed),
        cmocka_unit_test(test_data_given_set_data_frame_then_taken_off),
        cmocka_unit_test(test_data_given_bytes_behind_the_value_then_not_written),
        cmocka_unit_test(test_connect_given_fourccs_then_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
