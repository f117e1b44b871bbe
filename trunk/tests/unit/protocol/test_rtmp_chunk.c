// Chunk stream: headers of every form, timestamps, splits, limits, and the writer against the
// reader.
#include "protocol/rtmp/chunk.h"
#include "protocol/rtmp_vectors.h"
#include "test.h"

// What a reader gave, in a form that can be compared.
struct transcript {
    srs_err err; // that ended it
    unsigned count;
    struct {
        struct srs_rtmp_msg msg; // payload is not kept
        uint32_t sum;
    } rows[64];
};

static uint32_t sum_of(struct srs_span bytes)
{
    uint32_t sum = 2166136261U;
    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ bytes.bytes[i]) * 16777619U;
    return sum;
}

static srs_err take_all(struct srs_rtmp_reader *reader, struct transcript *out)
{
    struct srs_rtmp_msg msg;
    for (;;) {
        srs_err err = srs_rtmp_reader_next(reader, &msg);
        if (err)
            return err;
        assert_true(out->count < SRS_COUNT(out->rows));
        out->rows[out->count].sum = sum_of(msg.payload);
        out->rows[out->count].msg = msg;
        out->rows[out->count].msg.payload.bytes = NULL;
        out->count++;
    }
}

// Reads `in` in pieces of `step` bytes, each in a block of its own, so that a sanitizer sees any
// use after.
static struct transcript read_in_steps(struct srs_span in, size_t step)
{
    struct srs_rtmp_reader reader;
    struct transcript out = {.err = SRS_E_AGAIN};
    srs_rtmp_reader_init(&reader);
    for (size_t at = 0; at < in.size && out.err == SRS_E_AGAIN; at += step) {
        size_t size = step < in.size - at ? step : in.size - at;
        uint8_t *block = malloc(size);
        assert_non_null(block);
        memcpy(block, in.bytes + at, size);
        srs_rtmp_reader_feed(&reader, (struct srs_span){block, size});
        out.err = take_all(&reader, &out);
        free(block);
    }
    srs_err_drop(out.err, "compared by the caller");
    srs_rtmp_reader_fini(&reader);
    return out;
}

static struct transcript read_hex(const char *hex)
{
    struct srs_buf in = {0};
    rtmp_hex_append(&in, hex);
    struct transcript out = read_in_steps(srs_buf_span(&in), RTMP_TEST_MAX);
    srs_buf_fini(&in);
    return out;
}

static void assert_same(const struct transcript *want, const struct transcript *got)
{
    assert_int_equal(want->err, got->err);
    assert_int_equal(want->count, got->count);
    for (unsigned i = 0; i < want->count; i++) {
        assert_int_equal(want->rows[i].sum, got->rows[i].sum);
        assert_int_equal(want->rows[i].msg.timestamp, got->rows[i].msg.timestamp);
        assert_int_equal(want->rows[i].msg.msid, got->rows[i].msg.msid);
        assert_int_equal(want->rows[i].msg.csid, got->rows[i].msg.csid);
        assert_int_equal(want->rows[i].msg.type, got->rows[i].msg.type);
        assert_int_equal(want->rows[i].msg.payload.size, got->rows[i].msg.payload.size);
    }
}

// The last message of a byte string and how the reading ended.
static const struct {
    const char *why;
    const char *hex;
    srs_err err;
    unsigned count;
    uint32_t timestamp;
    uint32_t csid;
    uint32_t msid;
    size_t size;
} headers[] = {
    {"fmt 0", "03 000010 000002 14 01000000 aabb", SRS_E_AGAIN, 1, 16, 3, 1, 2},
    {"stream id is little-endian", "03 000010 000001 14 04030201 aa", SRS_E_AGAIN, 1, 16, 3,
     0x01020304, 1},
    {"csid in 2 bytes", "00 00 000010 000001 14 01000000 aa", SRS_E_AGAIN, 1, 16, 64, 1, 1},
    {"csid in 2 bytes, last", "00 ff 000010 000001 14 01000000 aa", SRS_E_AGAIN, 1, 16, 319, 1, 1},
    {"csid in 3 bytes", "01 0100 000010 000001 14 01000000 aa", SRS_E_AGAIN, 1, 16, 65, 1, 1},
    {"csid in 3 bytes, last", "01 ffff 000010 000001 14 01000000 aa", SRS_E_AGAIN, 1, 16, 65599, 1,
     1},
    {"one csid in both forms", "00 00 000010 000001 14 01000000 aa  41 0000 000001 000001 14 bb",
     SRS_E_AGAIN, 2, 17, 64, 1, 1},
    {"fmt 1", "03 000010 000001 14 01000000 aa 43 000005 000002 14 bbcc", SRS_E_AGAIN, 2, 21, 3, 1,
     2},
    {"fmt 2", "03 000010 000001 14 01000000 aa 83 000005 bb", SRS_E_AGAIN, 2, 21, 3, 1, 1},
    {"fmt 3 after fmt 2 adds its delta", "03 000010 000001 14 01000000 aa 83 000005 bb c3 cc",
     SRS_E_AGAIN, 3, 26, 3, 1, 1},
    {"fmt 3 after fmt 0 adds its timestamp", "03 000010 000001 14 01000000 aa c3 bb", SRS_E_AGAIN,
     2, 32, 3, 1, 1},
    {"fmt 1 first on a csid", "42 000007 000006 04 0006 00000001", SRS_E_AGAIN, 1, 7, 2, 0, 6},
    {"fmt 2 first on a csid", "84 000009", SRS_E_AGAIN, 1, 9, 4, 0, 0},
    {"fmt 3 first on a csid", "c4 000009", SRS_E_RTMP_CHUNK_START, 0, 0, 0, 0, 0},
    {"fmt 0 inside a message begins it anew",
     "02 000000 000004 01 00000000 00000002 04 000001 000003 09 01000000 aabb 04 000005 000003 08 "
     "01000000 1122 c4 33",
     SRS_E_AGAIN, 1, 5, 4, 1, 3},
    {"fmt 1 inside a message begins it anew",
     "02 000000 000004 01 00000000 00000002 04 000001 000003 09 01000000 aabb 44 000004 000001 09 "
     "cc",
     SRS_E_AGAIN, 1, 5, 4, 1, 1},
    {"messages interleaved",
     "02 000000 000004 01 00000000 00000002 04 000001 000003 09 01000000 aabb 05 000002 000003 08 "
     "01000000 1122 c4 cc c5 33",
     SRS_E_AGAIN, 2, 2, 5, 1, 3},
    {"empty message", "04 000005 000000 08 01000000", SRS_E_AGAIN, 1, 5, 4, 1, 0},
    {"timestamp 0xFFFFFE", "04 fffffe 000001 08 01000000 aa", SRS_E_AGAIN, 1, 0xFFFFFE, 4, 1, 1},
    {"timestamp 0xFFFFFF", "04 ffffff 000001 08 01000000 00ffffff aa", SRS_E_AGAIN, 1, 0xFFFFFF, 4,
     1, 1},
    {"timestamp wraps at 2^32", "04 ffffff 000001 08 01000000 fffffff0 aa 44 000020 000001 08 bb",
     SRS_E_AGAIN, 2, 0x10, 4, 1, 1},
    {"delta goes back", "04 000100 000001 08 01000000 aa 44 ffffff 000001 08 ffffffc7 bb",
     SRS_E_AGAIN, 2, 0x100 - 57, 4, 1, 1},
    {"fmt 3 begins a message after an extended delta, repeated",
     "04 000000 000001 08 01000000 aa 44 ffffff 000001 08 01000069 bb c4 01000069 cc", SRS_E_AGAIN,
     3, 0x020000D2, 4, 1, 1},
    {"fmt 3 begins a message after an extended delta, omitted",
     "04 000000 000001 08 01000000 aa 44 ffffff 000001 08 01000069 bb c4 cc", SRS_E_AGAIN, 3,
     0x020000D2, 4, 1, 1},
    {"extension is forgotten with the next header",
     "04 ffffff 000001 08 01000000 01000000 aa 44 000001 000001 08 bb c4 01", SRS_E_AGAIN, 3,
     0x01000002, 4, 1, 1},
    {"chunk size 0 changes nothing",
     "02 000000 000004 01 00000000 00000002 02 000000 000004 01 00000000 0000 "
     "c2 0000 04 000005 000003 08 01000000 aabb c4 cc",
     SRS_E_AGAIN, 1, 5, 4, 1, 3},
    {"chunk size with the top bit", "02 000000 000004 01 00000000 80000000", SRS_E_RTMP_CHUNK_SIZE,
     0, 0, 0, 0, 0},
    {"chunk size 2^31-1", "02 000000 000004 01 00000000 7fffffff 04 000005 000001 08 01000000 aa",
     SRS_E_AGAIN, 1, 5, 4, 1, 1},
    {"chunk size 1", "02 000000 000004 01 00000000 00000001 04 000005 000002 08 01000000 aa c4 bb",
     SRS_E_AGAIN, 1, 5, 4, 1, 2},
    {"chunk size of 3 bytes", "02 000000 000003 01 00000000 000010", SRS_E_RTMP_MESSAGE_DECODE, 0,
     0, 0, 0, 0},
    {"abort, then a new message",
     "02 000000 000004 01 00000000 00000002 04 000001 000003 09 01000000 aabb 02 000000 000004 02 "
     "00000000 0000 c2 0004 04 000003 000001 09 01000000 dd",
     SRS_E_AGAIN, 1, 3, 4, 1, 1},
    {"abort of a csid that has nothing",
     "02 000000 000004 02 00000000 00000009 04 000003 000001 09 01000000 dd", SRS_E_AGAIN, 1, 3, 4,
     1, 1},
    {"abort of 2 bytes", "02 000000 000002 02 00000000 0009", SRS_E_RTMP_MESSAGE_DECODE, 0, 0, 0, 0,
     0},
    {"control of 1025 bytes", "02 000000 000401 04 00000000", SRS_E_LIMIT, 0, 0, 0, 0, 0},
    {"command of 64 KiB", "03 000000 010000 14 00000000", SRS_E_AGAIN, 0, 0, 0, 0, 0},
    {"command above 64 KiB", "03 000000 010001 14 00000000", SRS_E_LIMIT, 0, 0, 0, 0, 0},
    {"unknown type above 64 KiB", "03 000000 010001 63 00000000", SRS_E_LIMIT, 0, 0, 0, 0, 0},
    {"video of 16 MiB less 1", "03 000000 ffffff 09 00000000", SRS_E_AGAIN, 0, 0, 0, 0, 0},
};

static void test_chunk_read_given_headers_then_last_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(headers); i++) {
        struct transcript got = read_hex(headers[i].hex);
        assert_err(headers[i].err, got.err, headers[i].why);
        if (got.count != headers[i].count)
            fail_msg("%s: %u messages", headers[i].why, got.count);
        if (got.count == 0)
            continue;
        const struct srs_rtmp_msg *last = &got.rows[got.count - 1].msg;
        if (last->timestamp != headers[i].timestamp || last->csid != headers[i].csid ||
            last->msid != headers[i].msid || last->payload.size != headers[i].size)
            fail_msg("%s: timestamp %u csid %u msid %u size %zu", headers[i].why, last->timestamp,
                     last->csid, last->msid, last->payload.size);
    }
}

static void test_chunk_read_given_every_split_then_same_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(headers); i++) {
        struct srs_buf in = {0};
        rtmp_hex_append(&in, headers[i].hex);
        struct srs_span whole = srs_buf_span(&in);
        struct transcript want = read_in_steps(whole, whole.size);
        for (size_t step = 1; step < whole.size; step++) {
            struct transcript got = read_in_steps(whole, step);
            assert_same(&want, &got);
        }
        for (size_t size = 0; size < whole.size; size++) {
            struct transcript got = read_in_steps((struct srs_span){whole.bytes, size}, 1);
            assert_true(got.count <= want.count);
            assert_true(got.err == SRS_E_AGAIN || got.err == want.err);
        }
        srs_buf_fini(&in);
    }
}

static void test_chunk_read_given_captured_sessions_then_splits_agree(void **state)
{
    (void)state;
    static const char *const names[] = {"gstreamer-1.22.0-rtmp2sink-publish", "obs-29.0.2-publish",
                                        "librtmp-2.4-publish", "srs-7.0.18-forward",
                                        "mediamtx-1.19.2-pull"};
    static const size_t steps[] = {1, 2, 3, 7, 128, 1000};
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        struct srs_buf in = {0};
        rtmp_session_load(&in, names[i], 'C');
        struct transcript want = read_in_steps(srs_buf_span(&in), RTMP_TEST_MAX);
        assert_int_equal(want.err, SRS_E_AGAIN);
        assert_true(want.count >= 4);
        for (size_t j = 0; j < SRS_COUNT(steps); j++) {
            struct transcript got = read_in_steps(srs_buf_span(&in), steps[j]);
            assert_same(&want, &got);
        }
        srs_buf_fini(&in);
    }
}

// Chunk headers as seven programs really sent them; `before` sets the clock of the csid.
static const struct {
    const char *why;
    const char *before;
    const char *first;
    const char *other;
    size_t length;
    uint32_t chunk_size;
    uint32_t timestamp;
} extended[] = {
    {"ffmpeg 9.0.2, delta in fmt 1", "06 000000 000001 09 01000000 aa", "46ffffff0062030901000069",
     "c601000069", 25091, 4096, 16777321},
    {"librtmp 2.4, delta in fmt 1", "04 000000 000001 09 01000000 aa", "44ffffff0001220801000054",
     "c401000054", 290, 128, 16777300},
    {"librtmp 2.4, 57 ms back", "04 00003d 000001 09 01000000 aa", "44ffffff00013208ffffffc7",
     "c4ffffffc7", 306, 128, 4},
    {"lal 0.37.4, absolute in fmt 0", "07 000000 000001 09 01000000 aa",
     "07ffffff0054e9090100000001000839", "c701000839", 21737, 4096, 16779321},
    {"ZLMediaKit, absolute in fmt 0", "07 000000 000001 09 01000000 aa",
     "07ffffff00002b090100000001000054", "c701000054", 43, 60000, 16777300},
    {"nginx-rtmp 1.2.2, delta without extension after it",
     "07 ffffff 000001 09 01000000 01000fe1 aa", "4700002800541e09", "c7", 21534, 4096,
     16781281 + 40},
    {"MediaMTX 1.19.2, first delta in fmt 1", "04 000000 000001 09 01000000 aa",
     "44ffffff00014e0801000cfe", "c401000cfe", 334, 65536, 16780542},
};

static void extended_append(struct srs_buf *in, size_t row, const char *other)
{
    char size_hex[64];
    (void)snprintf(size_hex, sizeof size_hex, "02 000000 000004 01 00000000 %08x",
                   extended[row].chunk_size);
    rtmp_hex_append(in, size_hex);
    rtmp_hex_append(in, extended[row].before);
    rtmp_hex_append(in, extended[row].first);
    for (size_t at = 0; at < extended[row].length; at++) {
        uint8_t byte = (uint8_t)(at * 13 + 0x80);
        if (at > 0 && at % extended[row].chunk_size == 0)
            rtmp_hex_append(in, other);
        assert_int_equal(srs_buf_append(in, &byte, 1, RTMP_TEST_MAX), SRS_OK);
    }
}

static void test_chunk_read_given_extended_timestamps_repeated_or_omitted_then_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(extended); i++) {
        char omitted[3] = {extended[i].other[0], extended[i].other[1], '\0'};
        const char *others[] = {extended[i].other, omitted};
        struct transcript want;
        for (size_t j = 0; j < SRS_COUNT(others); j++) {
            struct srs_buf in = {0};
            extended_append(&in, i, others[j]);
            struct transcript got = read_in_steps(srs_buf_span(&in), RTMP_TEST_MAX);
            assert_err(SRS_E_AGAIN, got.err, extended[i].why);
            assert_int_equal(got.count, 2);
            assert_int_equal(got.rows[1].msg.payload.size, extended[i].length);
            if (got.rows[1].msg.timestamp != extended[i].timestamp)
                fail_msg("%s: timestamp %u", extended[i].why, got.rows[1].msg.timestamp);
            if (j == 0)
                want = got;
            assert_same(&want, &got);
            got = read_in_steps(srs_buf_span(&in), 1);
            assert_same(&want, &got);
            srs_buf_fini(&in);
        }
    }
}

static void test_chunk_read_given_message_in_one_piece_then_not_copied(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    rtmp_hex_append(&in, "04 000005 000003 08 01000000 aabbcc");
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "message");
    assert_ptr_equal(msg.payload.bytes, in.bytes + 12);
    assert_int_equal(reader.assembled, 0);
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_huge_length_announced_then_memory_follows_bytes(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    rtmp_hex_append(&in, "04 000005 ffffff 09 01000000 aabbcc");
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_E_AGAIN, srs_rtmp_reader_next(&reader, &msg), "three bytes of it");
    assert_true(reader.assembled > 0 && reader.assembled <= 512);
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_unfinished_messages_above_limit_then_refused(void **state)
{
    (void)state;
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    static uint8_t payload[4000];
    srs_err err = SRS_E_AGAIN;
    uint32_t csid = 3;
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_set_limits(&reader, 5000, 10000);
    for (; csid < 60 && err == SRS_E_AGAIN; csid++) {
        struct srs_buf in = {0};
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = csid}, payload,
                            sizeof payload, 128);
        // All but the last chunk: 1 byte of header and 4000 modulo 128 of payload.
        srs_rtmp_reader_feed(&reader, (struct srs_span){in.bytes, srs_buf_size(&in) - 33});
        err = srs_rtmp_reader_next(&reader, &msg);
        assert_true(reader.assembled <= 10000);
        srs_buf_fini(&in);
    }
    assert_int_equal(csid, 3 + 3); // two fit, the third does not
    assert_err(SRS_E_LIMIT, err, "bytes assembled");
    srs_rtmp_reader_fini(&reader);
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_set_limits(&reader, 3999, 10000);
    struct srs_buf in = {0};
    rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = 4}, payload, 4000, 128);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_E_LIMIT, srs_rtmp_reader_next(&reader, &msg), "message");
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_65_chunk_streams_then_refused(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    for (uint32_t csid = 2; csid < 2 + SRS_RTMP_STREAMS_MAX; csid++)
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = csid}, "a", 1, 128);
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    for (int i = 0; i < SRS_RTMP_STREAMS_MAX; i++)
        assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "64 are served");
    assert_err(SRS_E_AGAIN, srs_rtmp_reader_next(&reader, &msg), "all read");
    srs_buf_fini(&in);
    rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = 1000}, "a", 1, 128);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_E_LIMIT, srs_rtmp_reader_next(&reader, &msg), "the 65th");
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

// The longest of each type passes its header, one byte more does not.
static void test_chunk_read_given_message_above_its_type_then_limit(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint32_t max;
    } rows[] = {{SRS_RTMP_AUDIO, SRS_RTMP_AUDIO_MAX},     {SRS_RTMP_VIDEO, SRS_RTMP_MESSAGE_MAX},
                {SRS_RTMP_DATA, SRS_RTMP_DATA_MAX},       {SRS_RTMP_DATA_AMF3, SRS_RTMP_DATA_MAX},
                {SRS_RTMP_COMMAND, SRS_RTMP_COMMAND_MAX}, {SRS_RTMP_ABORT, SRS_RTMP_CONTROL_MAX}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        for (uint32_t over = 0; over < 2 && rows[i].max + over <= SRS_RTMP_MESSAGE_MAX; over++) {
            struct srs_rtmp_reader reader;
            struct srs_rtmp_msg msg;
            uint8_t head[12] = {4};
            struct srs_wr wr = srs_wr_init(head, sizeof head);
            srs_wr_u8(&wr, 4);
            srs_wr_u24(&wr, 0);
            srs_wr_u24(&wr, rows[i].max + over);
            srs_wr_u8(&wr, rows[i].type);
            srs_wr_u32(&wr, 0);
            srs_rtmp_reader_init(&reader);
            srs_rtmp_reader_feed(&reader, (struct srs_span){head, sizeof head});
            assert_err(over ? SRS_E_LIMIT : SRS_E_AGAIN, srs_rtmp_reader_next(&reader, &msg),
                       "length");
            srs_rtmp_reader_fini(&reader);
        }
    }
}

static void take_hex(struct srs_rtmp_reader *reader, const char *hex, srs_err want)
{
    struct srs_buf in = {0};
    struct srs_rtmp_msg msg;
    srs_err err = SRS_OK;
    rtmp_hex_append(&in, hex);
    srs_rtmp_reader_feed(reader, srs_buf_span(&in));
    while (!err)
        err = srs_rtmp_reader_next(reader, &msg);
    assert_err(want, err, hex);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_unfinished_messages_then_the_oldest_is_known(void **state)
{
    (void)state;
    struct srs_rtmp_reader reader;
    srs_rtmp_reader_init(&reader);
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 0);
    take_hex(&reader, "02 000000 000004 01 00000000 00000004", SRS_E_AGAIN); // chunks of 4: first
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 0);
    take_hex(&reader, "04 000000 000006 09 01000000 aabbcc", SRS_E_AGAIN);
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 2);
    take_hex(&reader, "dd 05 000000 000006 09 01000000 aabbccdd", SRS_E_AGAIN);
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 2);
    take_hex(&reader, "06 000000 000001 08 01000000 aa", SRS_E_AGAIN); // others go by
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 2);
    take_hex(&reader, "c4 eeff", SRS_E_AGAIN);
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 3);
    take_hex(&reader, "05 000000 000006 09 01000000 aa", SRS_E_AGAIN); // begun anew
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 5);
    srs_rtmp_reader_fini(&reader);
}

static void test_chunk_read_given_shrink_then_only_unfinished_bodies_stay(void **state)
{
    (void)state;
    struct srs_rtmp_reader reader;
    srs_rtmp_reader_init(&reader);
    take_hex(&reader, "02 000000 000004 01 00000000 00000004", SRS_E_AGAIN);
    take_hex(&reader, "04 000000 000006 09 01000000 aabbccdd c4 eeff", SRS_E_AGAIN);
    take_hex(&reader, "05 000000 000006 09 01000000 aabbccdd c5", SRS_E_AGAIN);
    assert_int_equal(srs_rtmp_reader_held(&reader), 12); // the first is kept for the next message
    assert_err(SRS_OK, srs_rtmp_reader_shrink(&reader, 6), "6 of 6");
    assert_int_equal(srs_rtmp_reader_held(&reader), 6);
    assert_err(SRS_E_LIMIT, srs_rtmp_reader_shrink(&reader, 5), "6 of 5");
    take_hex(&reader, "eeff", SRS_E_AGAIN);
    assert_int_equal(srs_rtmp_reader_unfinished(&reader), 0);
    srs_rtmp_reader_fini(&reader);
}

static void test_chunk_read_given_commands_of_a_player_then_little_memory_stays(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    rtmp_session_load(&in, "ffmpeg-9.0.2-play", 'C');
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    srs_err err = SRS_OK;
    while (err == SRS_OK)
        err = srs_rtmp_reader_next(&reader, &msg);
    assert_err(SRS_E_AGAIN, err, "all read");
    assert_int_equal(reader.assembled, 0);
    assert_int_equal(reader.stream_capacity, 4);
    assert_true(sizeof reader + 4 * 56 < 512);
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_keep_then_input_may_go(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    rtmp_hex_append(&in, "03 000010 000001 14 01000000 aa 43 000005 000002 14 bbcc 43");
    srs_rtmp_reader_init(&reader);
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "first");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_rtmp_reader_keep(&reader), "no memory");
    assert_err(SRS_OK, srs_rtmp_reader_keep(&reader), "keep");
    srs_buf_fini(&in);
    assert_err(SRS_OK, srs_rtmp_reader_keep(&reader), "keep twice");
    assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "second");
    assert_int_equal(msg.timestamp, 21);
    assert_memory_equal(msg.payload.bytes, "\xbb\xcc", 2);
    assert_err(SRS_E_AGAIN, srs_rtmp_reader_next(&reader, &msg), "used up");
    assert_null(reader.kept);
    rtmp_hex_append(&in, "000001 000001 14 dd");
    srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
    assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "third");
    assert_int_equal(msg.timestamp, 22);
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_chunk_read_given_failing_allocations_then_no_memory(void **state)
{
    (void)state;
    struct srs_buf in = {0};
    static uint8_t payload[3000];
    for (uint32_t csid = 3; csid < 9; csid++)
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 9, .csid = csid}, payload,
                            sizeof payload, 128);
    for (unsigned n = 1;; n++) {
        struct srs_rtmp_reader reader;
        struct srs_rtmp_msg msg;
        srs_rtmp_reader_init(&reader);
        srs_rtmp_reader_feed(&reader, srs_buf_span(&in));
        srs_mem_fail_after(n);
        srs_err err = SRS_OK;
        while (err == SRS_OK)
            err = srs_rtmp_reader_next(&reader, &msg);
        srs_mem_fail_after(0);
        srs_rtmp_reader_fini(&reader);
        if (err == SRS_E_AGAIN) {
            assert_true(n > 6);
            break;
        }
        assert_err(SRS_E_NO_MEMORY, err, "n-th allocation");
    }
    srs_buf_fini(&in);
}

static void test_chunk_write_given_all_forms_then_read_back(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 128, 4096, 60000};
    static const uint32_t csids[] = {2, 63, 64, 319, 320, 65599};
    static const uint32_t times[] = {0, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFFF};
    static const size_t lengths[] = {0, 1, 127, 128, 129, 4097, 60001};
    static uint8_t payload[60001];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
    for (unsigned k = 0; k < 4 * 6 * 5 * 7; k++) {
        uint32_t chunk_size = sizes[k % 4];
        uint32_t csid = csids[k / 4 % 6];
        uint32_t time = times[k / 24 % 5];
        size_t length = lengths[k / 120];
        struct srs_buf in = {0};
        uint8_t set[4] = {0, (uint8_t)(chunk_size >> 16), (uint8_t)(chunk_size >> 8),
                          (uint8_t)chunk_size};
        rtmp_message_append(&in, (struct srs_rtmp_head){.type = 1, .csid = 2}, set, 4, 128);
        struct srs_rtmp_head head = {.type = 9, .csid = csid, .time = time, .msid = 0x01020304};
        rtmp_message_append(&in, head, payload, length, chunk_size);
        head.with_delta = true;
        rtmp_message_append(&in, head, payload, length, chunk_size);
        struct transcript got = read_in_steps(srs_buf_span(&in), RTMP_TEST_MAX);
        assert_err(SRS_E_AGAIN, got.err, "round trip");
        assert_int_equal(got.count, 2);
        assert_int_equal(got.rows[0].msg.timestamp, time);
        assert_int_equal(got.rows[1].msg.timestamp, time + time);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(got.rows[i].msg.csid, csid);
            assert_int_equal(got.rows[i].msg.msid, 0x01020304);
            assert_int_equal(got.rows[i].msg.type, 9);
            assert_int_equal(got.rows[i].msg.payload.size, length);
            assert_int_equal(got.rows[i].sum, sum_of((struct srs_span){payload, length}));
        }
        srs_buf_fini(&in);
    }
}

static void test_chunk_write_given_captured_message_then_same_bytes(void **state)
{
    (void)state;
    struct srs_buf want = {0};
    struct srs_buf got = {0};
    rtmp_hex_append(&want, "46ffffff000003090100006911 c601000069 22 c601000069 33");
    struct srs_rtmp_head head = {
        .with_delta = true, .type = 9, .csid = 6, .time = 0x01000069, .length = 3};
    rtmp_message_append(&got, head, "\x11\x22\x33", 3, 1);
    assert_int_equal(srs_buf_size(&want), srs_buf_size(&got));
    assert_memory_equal(want.bytes, got.bytes, srs_buf_size(&want));
    assert_int_equal(srs_rtmp_chunk_wire_size(&head, 1), srs_buf_size(&got));
    srs_buf_fini(&want);
    assert_err(SRS_E_LIMIT,
               srs_rtmp_chunk_write(&want, &head, (struct srs_span){got.bytes, 3}, 1,
                                    srs_buf_size(&got) - 1),
               "one byte short");
    assert_int_equal(srs_buf_size(&want), 0);
    srs_buf_fini(&got);
}

// One captured header: a message of `size` bytes, cut in chunks, that comes out at `ms`.
struct captured {
    char name[256];
    uint8_t head[SRS_RTMP_HEADER_MAX];
    size_t head_size;
    unsigned ms;
    unsigned type;
    unsigned size;
    unsigned chunk_size;
};

// The bytes of it, with what a delta counts from in front; continuations without the extension as
// old encoders write them, if so wanted.
static void captured_append(struct srs_buf *out, const struct captured *row, bool omitted)
{
    bool delta = row->head[0] >> 6 == 1;
    size_t fixed = delta ? 8 : 12;
    bool has_extended = row->head_size > fixed;
    uint32_t value = 0;
    for (size_t i = has_extended ? fixed : 1; i < (has_extended ? fixed + 4 : 4); i++)
        value = value << 8 | row->head[i];
    uint8_t set[4] = {0, 0, (uint8_t)(row->chunk_size >> 8), (uint8_t)row->chunk_size};
    rtmp_message_append(out, (struct srs_rtmp_head){.type = 1, .csid = 2}, set, sizeof set, 128);
    struct srs_rtmp_head before = {.type = (uint8_t)row->type,
                                   .csid = row->head[0] & 0x3F,
                                   .time = row->ms - value,
                                   .msid = 1};
    if (delta)
        rtmp_message_append(out, before, "x", 1, row->chunk_size);
    assert_int_equal(srs_buf_append(out, row->head, row->head_size, RTMP_TEST_MAX), SRS_OK);
    for (size_t at = 0; at < row->size; at++) {
        uint8_t byte = (uint8_t)(at * 7 + 1);
        uint8_t more = 0xC0 | (row->head[0] & 0x3F);
        if (at > 0 && at % row->chunk_size == 0) {
            assert_int_equal(srs_buf_append(out, &more, 1, RTMP_TEST_MAX), SRS_OK);
            if (has_extended && !omitted)
                assert_int_equal(srs_buf_append(out, row->head + fixed, 4, RTMP_TEST_MAX), SRS_OK);
        }
        assert_int_equal(srs_buf_append(out, &byte, 1, RTMP_TEST_MAX), SRS_OK);
    }
}

static void captured_check(const struct captured *row, bool omitted, size_t step)
{
    struct srs_buf in = {0};
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    bool delta = row->head[0] >> 6 == 1;
    unsigned messages = 0;
    srs_err err = SRS_E_AGAIN;
    captured_append(&in, row, omitted);
    struct srs_span bytes = srs_buf_span(&in);
    srs_rtmp_reader_init(&reader);
    for (size_t at = 0; at < bytes.size; at += step) {
        size_t size = step < bytes.size - at ? step : bytes.size - at;
        srs_rtmp_reader_feed(&reader, (struct srs_span){bytes.bytes + at, size});
        while ((err = srs_rtmp_reader_next(&reader, &msg)) == SRS_OK) {
            if (delta && messages++ == 0)
                continue;
            messages += !delta;
            assert_int_equal(msg.timestamp, row->ms);
            assert_int_equal(msg.type, row->type);
            assert_int_equal(msg.payload.size, row->size);
            for (size_t i = 0; i < row->size; i++)
                assert_int_equal(msg.payload.bytes[i], (uint8_t)(i * 7 + 1));
        }
        assert_err(SRS_E_AGAIN, err, row->name);
    }
    if (messages != 1U + delta)
        fail_msg("%s: %u messages", row->name, messages);
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&in);
}

static void test_reader_given_captured_extended_timestamps_then_times_and_payload(void **state)
{
    (void)state;
    char line[256];
    struct captured row = {0};
    unsigned rows = 0;
    FILE *file = fopen("trunk/tests/vectors/rtmp/exttimestamp.txt", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char hex[64];
        unsigned chunks = 0;
        if (strncmp(line, "## ", 3) == 0)
            (void)snprintf(row.name, sizeof row.name, "%s", line + 3);
        if (sscanf(line, "# ts %u type %u len %u chunks %u", &row.ms, &row.type, &row.size,
                   &chunks) == 4)
            row.chunk_size = row.size / chunks < 200 && chunks > 1 ? 128 : 4096;
        if (sscanf(line, "hdr %63s", hex) != 1)
            continue;
        struct srs_buf head = {0};
        rtmp_hex_append(&head, hex);
        row.head_size = srs_buf_size(&head);
        assert_in_range(row.head_size, 8, sizeof row.head);
        memcpy(row.head, srs_buf_span(&head).bytes, row.head_size);
        srs_buf_fini(&head);
        rows++;
        for (int omitted = 0; omitted < 2; omitted++) {
            captured_check(&row, omitted != 0, RTMP_TEST_MAX);
            captured_check(&row, omitted != 0, 1);
            captured_check(&row, omitted != 0, 61);
        }
    }
    (void)fclose(file);
    assert_int_equal(rows, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk_read_given_headers_then_last_message),
        cmocka_unit_test(test_chunk_read_given_every_split_then_same_messages),
        cmocka_unit_test(test_chunk_read_given_captured_sessions_then_splits_agree),
        cmocka_unit_test(test_chunk_read_given_extended_timestamps_repeated_or_omitted_then_same),
        cmocka_unit_test(test_chunk_read_given_message_in_one_piece_then_not_copied),
        cmocka_unit_test(test_chunk_read_given_huge_length_announced_then_memory_follows_bytes),
        cmocka_unit_test(test_chunk_read_given_unfinished_messages_above_limit_then_refused),
        cmocka_unit_test(test_chunk_read_given_message_above_its_type_then_limit),
        cmocka_unit_test(test_chunk_read_given_unfinished_messages_then_the_oldest_is_known),
        cmocka_unit_test(test_chunk_read_given_shrink_then_only_unfinished_bodies_stay),
        cmocka_unit_test(test_chunk_read_given_65_chunk_streams_then_refused),
        cmocka_unit_test(test_chunk_read_given_commands_of_a_player_then_little_memory_stays),
        cmocka_unit_test(test_chunk_read_given_keep_then_input_may_go),
        cmocka_unit_test(test_chunk_read_given_failing_allocations_then_no_memory),
        cmocka_unit_test(test_chunk_write_given_all_forms_then_read_back),
        cmocka_unit_test(test_reader_given_captured_extended_timestamps_then_times_and_payload),
        cmocka_unit_test(test_chunk_write_given_captured_message_then_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
