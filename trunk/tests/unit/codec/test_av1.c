// AV1: records of three encoders read, written back and cut; sequence headers with what they do not
// write; the walk over OBUs.
#include "codec/av1.h"
#include "codec/bits.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

// Made by ffmpeg 5.1.9 (the first by 9.0.2). What the encoder was told is in `why`.
static const struct {
    const char *why;
    const char *hex;
    uint8_t profile;
    uint8_t level;
    uint8_t depth;
    uint32_t width;
    uint32_t height;
} records[] = {
    {"96x64, SVT-AV1", "81000c000a0a000000032dffc02f8004", 0, 0, 8, 96, 64},
    {"640x360, libaom", "81010c000a0b0000000cc4ff6736be4010", 0, 1, 8, 640, 360},
    {"1920x1080 of 10 bits, SVT-AV1", "81094c000a0b0000004aabbfc3700be101", 0, 9, 10, 1920, 1080},
    {"322x242 4:4:4, libaom", "812000000a0a200000043d07c4daf902", 1, 0, 8, 322, 242},
    {"64x64 still picture, libaom", "81000c000a0618157ffda008", 0, 0, 8, 64, 64},
};

static void test_av1_record_given_real_ones_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[32];
        uint8_t again[32];
        size_t size = hex_bytes(records[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_av1_record record;
        struct srs_av1_sequence sequence;
        assert_err(SRS_OK, srs_av1_record_read(&in, &record), records[i].why);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_av1_record_write(&out, &record);
        assert_int_equal(size, out.size);
        assert_memory_equal(bytes, again, size);
        assert_err(SRS_OK, srs_av1_sequence_find(record.obus, &sequence), records[i].why);
        if (record.profile != records[i].profile || record.level != records[i].level ||
            sequence.profile != record.profile || sequence.level != record.level ||
            sequence.tier != record.tier || sequence.width != records[i].width ||
            sequence.height != records[i].height || sequence.bit_depth != records[i].depth ||
            record.high_bitdepth != (records[i].depth > 8))
            fail_msg("%s: profile %u level %u %ux%u depth %u", records[i].why, sequence.profile,
                     sequence.level, sequence.width, sequence.height, sequence.bit_depth);
        assert_int_equal(sequence.still_picture, i == 4);
        for (size_t n = 0; n < size; n++) { // the record is whole with four bytes
            in = srs_rd_init(bytes, n);
            assert_err(n < 4 ? SRS_E_AV1_DATA : SRS_OK, srs_av1_record_read(&in, &record),
                       records[i].why);
            if (n >= 4)
                assert_err(SRS_E_AV1_DATA, srs_av1_sequence_find(record.obus, &sequence),
                           records[i].why);
        }
        struct srs_span payload = {bytes + 6, size - 6};
        bool whole = false;
        for (size_t n = 0; n < payload.size; n++) {
            srs_err err = srs_av1_sequence_read((struct srs_span){payload.bytes, n}, &sequence);
            assert_true(!whole || !err);
            whole = !err;
            assert_err(err ? SRS_E_AV1_DATA : SRS_OK, err, records[i].why);
        }
    }
}

static void test_av1_record_given_odd_ones_then_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
    } rows[] = {
        {"no OBU", "81ff f3 1f", SRS_OK},
        {"delay of 1", "8100 0c 10", SRS_OK},
        {"version 2", "82000c00", SRS_E_AV1_DATA},
        {"no marker", "01000c00", SRS_E_AV1_DATA},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[8];
        uint8_t again[8];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes));
        struct srs_av1_record record;
        assert_err(rows[i].want, srs_av1_record_read(&in, &record), rows[i].why);
        if (rows[i].want != SRS_OK)
            continue;
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_av1_record_write(&out, &record);
        assert_memory_equal(bytes, again, 4);
    }
}

// Every value of the three bytes behind the marker.
static void test_av1_record_given_any_bytes_then_fields_and_written_back(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t bytes[4] = {0x81, (uint8_t)value, (uint8_t)~value, (uint8_t)(value & 0x1F)};
        uint8_t again[4];
        struct srs_av1_record record;
        struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
        if ((bytes[3] & 0x10) == 0)
            bytes[3] = 0; // reserved
        assert_err(SRS_OK, srs_av1_record_read(&in, &record), "record");
        unsigned bits = record.tier;
        bits = bits << 1 | record.high_bitdepth;
        bits = bits << 1 | record.twelve_bit;
        bits = bits << 1 | record.monochrome;
        bits = bits << 1 | record.subsampling_x;
        bits = bits << 1 | record.subsampling_y;
        bits = bits << 2 | record.sample_position;
        assert_int_equal(bits, bytes[2]);
        assert_int_equal(record.profile, value / 32);
        assert_int_equal(record.level, value % 32);
        assert_int_equal(record.presentation_delay, bytes[3] == 0 ? 0 : bytes[3] % 16 + 1);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_av1_record_write(&out, &record);
        assert_memory_equal(bytes, again, sizeof bytes);
    }
}

// ---- sequence headers ----

struct shape {
    const char *why;
    unsigned profile;
    bool timing;
    bool equal;
    uint32_t ticks; // code of ticks a picture
    bool decoder;
    bool delays;
    unsigned points;
    unsigned level; // of the first point
    bool ids;
    bool order;
    unsigned screen; // 2 = chosen for each frame
    unsigned motion; // the same
    bool high;
    bool twelve;
    srs_err want;
    uint8_t want_depth;
};

static void put_uvlc(struct srs_bits_wr *out, uint32_t value)
{
    unsigned bits = 0;
    while ((uint64_t)value + 1 >= 2ull << bits)
        bits++;
    srs_bits_put(out, 0, bits);
    srs_bits_put(out, 1, 1);
    srs_bits_put(out, (uint32_t)((uint64_t)value + 1 - (1ull << bits)), bits);
}

static void put_points(struct srs_bits_wr *out, const struct shape *shape)
{
    srs_bits_put(out, shape->delays, 1);
    srs_bits_put(out, shape->points - 1, 5);
    for (unsigned i = 0; i < shape->points; i++) {
        unsigned level = i == 0 ? shape->level : i % 24;
        srs_bits_put(out, 0x101, 12);
        srs_bits_put(out, level, 5);
        if (level > 7)
            srs_bits_put(out, 1, 1);
        if (shape->decoder) {
            srs_bits_put(out, i % 2, 1);
            if (i % 2 == 1)
                srs_bits_put(out, 0x7FF, 2 * 7 + 1);
        }
        if (shape->delays) {
            srs_bits_put(out, 1, 1);
            srs_bits_put(out, 9, 4);
        }
    }
}

static size_t make_sequence(const struct shape *shape, uint8_t *bytes, size_t capacity)
{
    struct srs_wr wr = srs_wr_init(bytes, capacity);
    struct srs_bits_wr out = {.out = &wr};
    srs_bits_put(&out, shape->profile, 3);
    srs_bits_put(&out, 0, 2);
    srs_bits_put(&out, shape->timing, 1);
    if (shape->timing) {
        srs_bits_put(&out, 1001, 32);
        srs_bits_put(&out, 60000, 32);
        srs_bits_put(&out, shape->equal, 1);
        if (shape->equal)
            put_uvlc(&out, shape->ticks);
        srs_bits_put(&out, shape->decoder, 1);
        if (shape->decoder) {
            srs_bits_put(&out, 6, 5); // delays of 7 bits
            srs_bits_put(&out, 90000, 32);
            srs_bits_put(&out, 0x155, 10);
        }
    }
    put_points(&out, shape);
    srs_bits_put(&out, 11, 4);
    srs_bits_put(&out, 10, 4);
    srs_bits_put(&out, 3840 - 1, 12);
    srs_bits_put(&out, 2000 - 1, 11);
    srs_bits_put(&out, shape->ids, 1);
    if (shape->ids)
        srs_bits_put(&out, 0x33, 7);
    srs_bits_put(&out, 5, 3);
    srs_bits_put(&out, 6, 4);
    srs_bits_put(&out, shape->order, 1);
    if (shape->order)
        srs_bits_put(&out, 2, 2);
    srs_bits_put(&out, shape->screen == 2, 1);
    if (shape->screen != 2)
        srs_bits_put(&out, shape->screen, 1);
    if (shape->screen > 0) {
        srs_bits_put(&out, shape->motion == 2, 1);
        if (shape->motion != 2)
            srs_bits_put(&out, shape->motion, 1);
    }
    if (shape->order)
        srs_bits_put(&out, 6, 3);
    srs_bits_put(&out, 5, 3);
    srs_bits_put(&out, shape->high, 1);
    if (shape->high && shape->profile == 2)
        srs_bits_put(&out, shape->twelve, 1);
    srs_bits_flush(&out);
    assert_false(wr.bad);
    return wr.size;
}

static void test_av1_sequence_given_shapes_then_fields(void **state)
{
    (void)state;
    static const struct shape rows[] = {
        {"plain", .points = 1, .level = 5, .want_depth = 8},
        {"high level and tier", .points = 1, .level = 12, .want_depth = 8},
        {"timing", .timing = true, .points = 1, .level = 5, .want_depth = 8},
        {"equal timing", .timing = true, .equal = true, .ticks = 0, .points = 1, .level = 5,
         .want_depth = 8},
        {"equal timing of 30 ticks", .timing = true, .equal = true, .ticks = 29, .points = 1,
         .level = 5, .want_depth = 8},
        {"32 points with models and delays", .timing = true, .decoder = true, .delays = true,
         .points = 32, .level = 9, .want_depth = 8},
        {"all tools", .points = 2, .ids = true, .order = true, .screen = 2, .motion = 2,
         .want_depth = 8},
        {"screen tools on", .points = 1, .order = true, .screen = 1, .motion = 1, .high = true,
         .want_depth = 10},
        {"10 bits of profile 2", .profile = 2, .points = 1, .high = true, .want_depth = 10},
        {"12 bits", .profile = 2, .points = 1, .high = true, .twelve = true, .want_depth = 12},
        {"profile 3", .profile = 3, .points = 1, .want = SRS_E_AV1_DATA},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[256];
        struct srs_span payload = {bytes, make_sequence(&rows[i], bytes, sizeof bytes)};
        struct srs_av1_sequence sequence = {0};
        assert_err(rows[i].want, srs_av1_sequence_read(payload, &sequence), rows[i].why);
        if (rows[i].want != SRS_OK)
            continue;
        uint32_t ticks = rows[i].equal ? rows[i].ticks + 1 : 0;
        if (sequence.width != 3840 || sequence.height != 2000 || sequence.level != rows[i].level ||
            sequence.tier != (rows[i].level > 7) || sequence.bit_depth != rows[i].want_depth ||
            sequence.time_scale != (rows[i].timing ? 60000 : 0) ||
            sequence.ticks_per_picture != ticks)
            fail_msg("%s: %ux%u level %u depth %u ticks %u", rows[i].why, sequence.width,
                     sequence.height, sequence.level, sequence.bit_depth,
                     sequence.ticks_per_picture);
    }
}

// ---- OBUs ----

static void test_av1_obu_given_bytes_then_parts(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
        uint8_t type;
        size_t whole;
        size_t payload;
    } rows[] = {
        {"temporal delimiter", "1200", SRS_OK, 2, 2, 0},
        {"with an extension", "3600 02 aabb cc", SRS_OK, 6, 5, 2},
        {"without a size", "30 aabbcc", SRS_OK, 6, 4, 3},
        {"size of two bytes", "32 8200 aabb", SRS_OK, 6, 5, 2},
        {"size one past the end", "32 03 aabb", SRS_E_AV1_DATA, 0, 0, 0},
        {"size of 2^56 - 1", "32 ffffffffffffff7f aabb", SRS_E_AV1_DATA, 0, 0, 0},
        {"size that does not end", "32 8080808080808080 00", SRS_E_AV1_DATA, 0, 0, 0},
        {"size cut", "32 80", SRS_E_AV1_DATA, 0, 0, 0},
        {"extension cut", "36", SRS_E_AV1_DATA, 0, 0, 0},
        {"forbidden bit", "b200", SRS_E_AV1_DATA, 0, 0, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[16];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes));
        struct srs_av1_obu obu;
        assert_err(rows[i].want, srs_av1_obu_read(&in, &obu), rows[i].why);
        if (rows[i].want == SRS_OK &&
            (obu.type != rows[i].type || obu.whole.size != rows[i].whole ||
             obu.payload.size != rows[i].payload))
            fail_msg("%s: type %u, %zu and %zu bytes", rows[i].why, obu.type, obu.whole.size,
                     obu.payload.size);
    }
}

static void test_av1_units_given_then_stripped_and_keys_seen(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        const char *stripped;
        srs_err want;
        bool key;
    } rows[] = {
        {"nothing", "", "", SRS_OK, false},
        {"delimiter alone", "1200", "", SRS_OK, false},
        {"key frame", "1200 0a0100 3201 10", "0a0100 320110", SRS_OK, true},
        {"no delimiter", "0a0100 3001", "0a0100 3001", SRS_OK, true},
        {"delimiters between", "1200 0a0100 1200 320110 1200", "0a0100 320110", SRS_OK, true},
        {"frame header and tiles", "0a0100 1a0110 220100", "0a0100 1a0110 220100", SRS_OK, true},
        {"still picture", "0a0118 320160", "0a0118 320160", SRS_OK, true},
        {"shows one again", "0a0100 1a0180", "0a0100 1a0180", SRS_OK, false},
        {"inter frame", "0a0100 320130", "0a0100 320130", SRS_OK, false},
        {"key frame without a sequence", "320110", "320110", SRS_OK, false},
        {"metadata only", "0a0100 2a0100", "0a0100 2a0100", SRS_OK, false},
        {"empty frame", "0a0100 3200", "0a0100 3200", SRS_OK, false},
        {"a single byte behind", "0a0100 320110 28", "0a0100 320110 28", SRS_OK, true},
        {"a frame of a single byte", "0a0118 30", "0a0118 30", SRS_OK, true},
        {"cut", "0a0200", "", SRS_E_AV1_DATA, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[32];
        uint8_t want[32];
        uint8_t got[32];
        struct srs_span unit = {bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes)};
        size_t size = hex_bytes(rows[i].stripped, want, sizeof want);
        struct srs_wr measure = srs_wr_init(NULL, 0);
        struct srs_wr out = srs_wr_init(got, sizeof got);
        bool key = false;
        assert_err(rows[i].want, srs_av1_is_key(unit, &key), rows[i].why);
        assert_err(rows[i].want, srs_av1_strip(unit, &measure), rows[i].why);
        if (rows[i].want != SRS_OK)
            continue;
        assert_err(SRS_OK, srs_av1_strip(unit, &out), rows[i].why);
        if (out.size != size || measure.size != size || memcmp(got, want, size) != 0 ||
            key != rows[i].key)
            fail_msg("%s: %zu bytes, key %d", rows[i].why, out.size, key);
    }
}

static void test_av1_given_more_units_than_the_limit_then_limit(void **state)
{
    (void)state;
    size_t size = 2 * ((size_t)SRS_AV1_OBUS_MAX + 1);
    uint8_t *bytes = srs_try_alloc(size);
    bool key = true;
    struct srs_av1_sequence sequence;
    for (size_t i = 0; i < size; i += 2) { // padding, of no bytes
        bytes[i] = 15 << 3 | 2;
        bytes[i + 1] = 0;
    }
    struct srs_wr wr = srs_wr_init(NULL, 0);
    struct srs_span most = {bytes, size - 2};
    struct srs_span over = {bytes, size};
    assert_err(SRS_OK, srs_av1_strip(most, &wr), "at the limit");
    assert_err(SRS_E_LIMIT, srs_av1_strip(over, &wr), "one above");
    assert_err(SRS_OK, srs_av1_is_key(most, &key), "at the limit");
    assert_err(SRS_E_LIMIT, srs_av1_is_key(over, &key), "one above");
    assert_err(SRS_E_AV1_DATA, srs_av1_sequence_find(most, &sequence), "at the limit");
    assert_err(SRS_E_LIMIT, srs_av1_sequence_find(over, &sequence), "one above");
    srs_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_av1_record_given_real_ones_then_fields_and_written_back),
        cmocka_unit_test(test_av1_record_given_odd_ones_then_read_or_refused),
        cmocka_unit_test(test_av1_record_given_any_bytes_then_fields_and_written_back),
        cmocka_unit_test(test_av1_sequence_given_shapes_then_fields),
        cmocka_unit_test(test_av1_obu_given_bytes_then_parts),
        cmocka_unit_test(test_av1_units_given_then_stripped_and_keys_seen),
        cmocka_unit_test(test_av1_given_more_units_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
