// AVC: records of x264 read, written back and cut; SPS fields against what the encoder was told;
// framing.
#include "codec/avc.h"
#include "codec/bits.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

// Made by ffmpeg 5.1.9 with x264 (core 164); the first by ffmpeg 9.0.2. What x264 was told is in
// `why`.
static const struct {
    const char *why;
    const char *hex;
    uint8_t profile;
    uint8_t level;
    uint8_t chroma;
    uint8_t depth;
    uint32_t width;
    uint32_t height;
    double rate;
    bool interlaced;
    size_t ext;
} records[] = {
    {"96x64 main, 5 a second",
     "014d400affe10017674d400aeca3136022000003000200000300141e244b2c01000468ce0fc8", 77, 10, 1, 8,
     96, 64, 5, false, 0},
    {"1920x1080 high, cropped",
     "01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000668ebe3cb22c0"
     "fdf8f800",
     100, 40, 1, 8, 1920, 1080, 25, false, 4},
    {"1280x720 high 4:2:2 of 10 bits, 29.97 a second",
     "017a001fffe10019677a001fb6cd9405005bb01100000303e90000ea600f18319601000668ebe3cb22c0fefafa00",
     122, 31, 2, 10, 1280, 720, 30000.0 / 1001, false, 4},
    {"640x480 high 4:4:4, 50 a second",
     "01f4001fffe1001967f4001f919b281407b60220000003002000000c81e30632c001000668ebe3c44844fff8f800",
     244, 31, 3, 8, 640, 480, 50, false, 4},
    {"720x576 interlaced",
     "0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000668fba3cb22c0fdf8f800",
     100, 30, 1, 8, 720, 576, 25, true, 4},
    {"322x242 baseline, cropped both ways",
     "0142c00cffe1001a6742c00cd90150878888c044000003000400000300503c50a92001000568cb83cb20", 66, 12,
     1, 8, 322, 242, 10, false, 0},
    {"640x360 with aspect, overscan, colours and chroma location",
     "0164001effe1001f6764001eacd940a02ff970ea5010202a50000003001000000303c0f162d96001000768ebe3cb3"
     "0"
     "02c0fdf8f800",
     100, 30, 1, 8, 640, 360, 30, false, 4},
};

static SRS_ERR first_sps(const struct srs_avc_record *record, struct srs_span *sps)
{
    struct srs_rd list = srs_rd_init(record->sps.bytes, record->sps.size);
    return srs_avc_set_read(&list, sps);
}

static void test_avc_record_given_real_ones_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[128];
        uint8_t again[128];
        size_t size = hex_bytes(records[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_avc_record record;
        struct srs_avc_sps sps;
        struct srs_span nalu;
        assert_err(SRS_OK, srs_avc_record_read(&in, &record), records[i].why);
        assert_true(record.length_size == 4 && record.sps_count == 1 && record.pps_count == 1);
        assert_true(record.profile == records[i].profile && record.level == records[i].level);
        assert_int_equal(records[i].ext, record.ext.size);
        assert_int_equal(0, srs_rd_left(&in));
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_avc_record_write(&out, &record);
        assert_int_equal(size, out.size);
        assert_memory_equal(bytes, again, size);

        assert_err(SRS_OK, first_sps(&record, &nalu), records[i].why);
        assert_int_equal(SRS_AVC_NALU_SPS, srs_avc_nalu_type(nalu));
        assert_err(SRS_OK, srs_avc_sps_read(nalu, &sps), records[i].why);
        double rate = srs_avc_sps_frame_rate(&sps);
        if (sps.width != records[i].width || sps.height != records[i].height ||
            sps.chroma_format != records[i].chroma || sps.bit_depth_luma != records[i].depth ||
            sps.bit_depth_chroma != records[i].depth || sps.interlaced != records[i].interlaced ||
            sps.profile != record.profile || sps.compat != record.compat ||
            sps.level != record.level || rate < records[i].rate - 1e-9 ||
            rate > records[i].rate + 1e-9)
            fail_msg("%s: %ux%u chroma %u depth %u rate %f", records[i].why, sps.width, sps.height,
                     sps.chroma_format, sps.bit_depth_luma, rate);
    }
}

static void test_avc_record_given_every_prefix_then_error_up_to_the_extension(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[128];
        size_t size = hex_bytes(records[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n <= size; n++) {
            struct srs_rd in = srs_rd_init(bytes, n);
            struct srs_avc_record record = {.profile = 1};
            srs_err want = n + records[i].ext >= size ? SRS_OK : SRS_E_AVC_RECORD;
            assert_err(want, srs_avc_record_read(&in, &record), records[i].why);
            assert_int_equal(want ? 1 : records[i].profile, record.profile);
        }
    }
}

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    unsigned length_size;
} odd[] = {
    {"version 0", "004d400a ff e0 00", SRS_E_AVC_RECORD, 0},
    {"no parameter sets", "014d400a ff e0 00", SRS_OK, 4},
    {"lengths of 1 byte", "014d400a fc e0 00", SRS_OK, 1},
    {"lengths of 2 bytes", "014d400a fd e0 00", SRS_OK, 2},
    {"lengths of 3 bytes", "014d400a fe e0 00", SRS_OK, 3},
    {"empty SPS", "014d400a ff e1 0000 00", SRS_E_AVC_RECORD, 0},
    {"SPS one past the end", "014d400a ff e1 0003 6742", SRS_E_AVC_RECORD, 0},
    {"PPS one past the end", "014d400a ff e1 0001 67 01 0002 68", SRS_E_AVC_RECORD, 0},
    {"31 SPS announced, 1 there", "014d400a ff ff 0001 67", SRS_E_AVC_RECORD, 0},
    {"255 PPS announced", "014d400a ff e0 ff 0001 68", SRS_E_AVC_RECORD, 0},
    {"two of each", "014d400a ff e2 0001 67 0002 6700 02 0001 68 0002 6800", SRS_OK, 4},
};

static void test_avc_record_given_bytes_then_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(odd); i++) {
        uint8_t bytes[64];
        uint8_t again[64];
        size_t size = hex_bytes(odd[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_avc_record record;
        assert_err(odd[i].want, srs_avc_record_read(&in, &record), odd[i].why);
        if (odd[i].want)
            continue;
        assert_int_equal(odd[i].length_size, record.length_size);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_avc_record_write(&out, &record);
        assert_int_equal(size, out.size);
        assert_memory_equal(bytes, again, size);
    }
}

static void test_avc_record_given_sets_then_lists_can_be_built(void **state)
{
    (void)state;
    static const uint8_t sets[] = {0x67, 0x42, 0x68, 0xCE, 0x0F};
    static const uint8_t want[] = {0x00, 0x02, 0x67, 0x42, 0x00, 0x03, 0x68, 0xCE, 0x0F};
    uint8_t list[16];
    struct srs_wr out = srs_wr_init(list, sizeof list);
    srs_avc_set_write(&out, (struct srs_span){sets, 2});
    srs_avc_set_write(&out, (struct srs_span){sets + 2, 3});
    assert_int_equal(sizeof want, out.size);
    assert_memory_equal(want, list, out.size);
    struct srs_rd in = srs_rd_init(list, out.size);
    struct srs_span set;
    assert_err(SRS_OK, srs_avc_set_read(&in, &set), "first");
    assert_true(set.size == 2 && srs_avc_nalu_type(set) == SRS_AVC_NALU_SPS);
    assert_err(SRS_OK, srs_avc_set_read(&in, &set), "second");
    assert_true(set.size == 3 && srs_avc_nalu_type(set) == SRS_AVC_NALU_PPS);
    assert_err(SRS_E_AVC_RECORD, srs_avc_set_read(&in, &set), "no third");
}

// ---- SPS ----

static void test_avc_sps_given_every_prefix_then_error_or_same_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[128];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(records[i].hex, bytes, sizeof bytes));
        struct srs_avc_record record;
        struct srs_span nalu;
        unsigned whole = 0;
        assert_err(SRS_OK, srs_avc_record_read(&in, &record), records[i].why);
        assert_err(SRS_OK, first_sps(&record, &nalu), records[i].why);
        for (size_t n = 0; n < nalu.size; n++) {
            struct srs_avc_sps sps = {.width = 1};
            srs_err err = srs_avc_sps_read((struct srs_span){nalu.bytes, n}, &sps);
            assert_int_equal(err ? 1 : records[i].width, sps.width);
            assert_true(whole == 0 ||
                        !err); // once the size is there, only the time base is missing
            whole += err ? 0 : 1;
            assert_err(err ? SRS_E_AVC_RECORD : SRS_OK, err, records[i].why);
        }
        assert_true(whole > 0 && whole < nalu.size - 4);
    }
}

static void put_ue(struct srs_bits_wr *out, uint32_t value)
{
    unsigned bits = 0;
    for (uint64_t code = (uint64_t)value + 1; code > 1; code >>= 1)
        bits++;
    srs_bits_put(out, 0, bits);
    srs_bits_put(out, 1, 1);
    srs_bits_put(out, (uint32_t)((uint64_t)value + 1 - (1ull << bits)), bits);
}

static void put_se(struct srs_bits_wr *out, int32_t value)
{
    put_ue(out, value > 0 ? (uint32_t)value * 2 - 1 : (uint32_t)-value * 2);
}

// What a row of the table below changes of a plain SPS.
struct made {
    const char *why;
    uint8_t profile;
    uint32_t id;
    uint32_t chroma;
    uint32_t depth;
    bool separate;
    int scaling;          // 1: lists that end early, 2: full lists
    uint32_t order;       // pic_order_cnt_type
    uint32_t order_cycle; // with type 1
    uint32_t width_mbs;
    uint32_t height_units;
    bool fields;
    uint32_t crop; // each side
    srs_err want;
    uint32_t width;
    uint32_t height;
};

static const struct made sps_cases[] = {
    {.why = "plain", .profile = 66, .width_mbs = 3, .height_units = 2, .width = 64, .height = 48},
    {.why = "id 31", .profile = 66, .id = 31, .width = 16, .height = 16},
    {.why = "id 32", .profile = 66, .id = 32, .want = SRS_E_AVC_RECORD},
    {.why = "monochrome crops by one sample", .profile = 100, .crop = 3, .width = 10, .height = 10},
    {.why = "4:2:0 crops by two", .profile = 100, .chroma = 1, .crop = 3, .width = 4, .height = 4},
    {.why = "4:2:2 crops by two and one",
     .profile = 122,
     .chroma = 2,
     .crop = 3,
     .width = 4,
     .height = 10},
    {.why = "separate planes crop as monochrome",
     .profile = 244,
     .chroma = 3,
     .separate = true,
     .crop = 7,
     .width = 2,
     .height = 2},
    {.why = "fields crop by twice as many lines",
     .profile = 66,
     .fields = true,
     .crop = 3,
     .width = 4,
     .height = 8},
    {.why = "crop of everything", .profile = 66, .crop = 4, .want = SRS_E_AVC_RECORD},
    {.why = "crop beyond 32 bits", .profile = 66, .crop = 0x80000000, .want = SRS_E_AVC_RECORD},
    {.why = "chroma format 4", .profile = 100, .chroma = 4, .want = SRS_E_AVC_RECORD},
    {.why = "14 bits", .profile = 110, .chroma = 1, .depth = 6, .width = 16, .height = 16},
    {.why = "15 bits", .profile = 110, .chroma = 1, .depth = 7, .want = SRS_E_AVC_RECORD},
    {.why = "scaling lists that end early",
     .profile = 100,
     .chroma = 1,
     .scaling = 1,
     .width = 16,
     .height = 16},
    {.why = "full scaling lists, twelve of them",
     .profile = 244,
     .chroma = 3,
     .scaling = 2,
     .width = 16,
     .height = 16},
    {.why = "order type 1",
     .profile = 66,
     .order = 1,
     .order_cycle = 255,
     .width = 16,
     .height = 16},
    {.why = "order cycle of 256",
     .profile = 66,
     .order = 1,
     .order_cycle = 256,
     .want = SRS_E_AVC_RECORD},
    {.why = "order type 2", .profile = 66, .order = 2, .width = 16, .height = 16},
    {.why = "order type 3", .profile = 66, .order = 3, .want = SRS_E_AVC_RECORD},
    {.why = "widest",
     .profile = 66,
     .width_mbs = 4095,
     .height_units = 4095,
     .width = 65536,
     .height = 65536},
    {.why = "too wide", .profile = 66, .width_mbs = 4096, .want = SRS_E_AVC_RECORD},
    {.why = "too high", .profile = 66, .height_units = 4096, .want = SRS_E_AVC_RECORD},
    {.why = "widest code", .profile = 66, .width_mbs = 0xFFFFFFFE, .want = SRS_E_AVC_RECORD},
};

static void put_chroma(struct srs_bits_wr *out, const struct made *made)
{
    put_ue(out, made->chroma);
    if (made->chroma == 3)
        srs_bits_put(out, made->separate, 1);
    put_ue(out, made->depth);
    put_ue(out, made->depth);
    srs_bits_put(out, 0, 1);
    srs_bits_put(out, made->scaling > 0, 1);
    unsigned lists = made->chroma == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists && made->scaling > 0; i++) {
        srs_bits_put(out, 1, 1);
        if (made->scaling == 1)
            put_se(out, -8);
        for (unsigned k = 0; k < (i < 6 ? 16u : 64u) && made->scaling == 2; k++)
            put_se(out, k % 2 == 0 ? 5 : -5);
    }
}

// Without emulation prevention: srs_avc_sps_read removes only what is there, and the real records
// have some.
static size_t put_sps(uint8_t *bytes, size_t capacity, const struct made *made)
{
    struct srs_wr wr = srs_wr_init(bytes, capacity);
    struct srs_bits_wr out = {.out = &wr};
    srs_bits_put(&out, 0x67, 8);
    srs_bits_put(&out, made->profile, 8);
    srs_bits_put(&out, 0x001F, 16);
    put_ue(&out, made->id);
    if (made->profile >= 100)
        put_chroma(&out, made);
    put_ue(&out, 4);
    put_ue(&out, made->order);
    if (made->order == 0)
        put_ue(&out, 4);
    if (made->order == 1) {
        srs_bits_put(&out, 1, 1);
        put_se(&out, -3);
        put_se(&out, 3);
        put_ue(&out, made->order_cycle);
        for (uint32_t i = 0; i < made->order_cycle; i++)
            put_se(&out, 1);
    }
    put_ue(&out, 1);
    srs_bits_put(&out, 0, 1);
    put_ue(&out, made->width_mbs);
    put_ue(&out, made->height_units);
    srs_bits_put(&out, !made->fields, 1);
    if (made->fields)
        srs_bits_put(&out, 1, 1);
    srs_bits_put(&out, 1, 1);
    srs_bits_put(&out, made->crop > 0, 1);
    for (int i = 0; i < 4 && made->crop > 0; i++)
        put_ue(&out, made->crop);
    srs_bits_put(&out, 0, 1); // no VUI
    srs_bits_put(&out, 1, 1);
    srs_bits_flush(&out);
    assert_false(wr.bad);
    return wr.size;
}

static void test_avc_sps_given_fields_then_size_or_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(sps_cases); i++) {
        const struct made *made = &sps_cases[i];
        static uint8_t bytes[1024];
        struct srs_avc_sps sps = {0};
        size_t size = put_sps(bytes, sizeof bytes, made);
        assert_err(made->want, srs_avc_sps_read((struct srs_span){bytes, size}, &sps), made->why);
        if (sps.width != made->width || sps.height != made->height)
            fail_msg("%s: %ux%u", made->why, sps.width, sps.height);
        assert_true(srs_avc_sps_frame_rate(&sps) == 0);
    }
}

static void test_avc_sps_given_other_nalu_then_error(void **state)
{
    (void)state;
    static const uint8_t pps[] = {0x68, 0xCE, 0x0F, 0xC8};
    struct srs_avc_sps sps;
    assert_err(SRS_E_AVC_RECORD, srs_avc_sps_read((struct srs_span){pps, sizeof pps}, &sps), "PPS");
    assert_err(SRS_E_AVC_RECORD, srs_avc_sps_read((struct srs_span){NULL, 0}, &sps), "nothing");
}

// ---- bits ----

static void test_bits_given_escapes_then_dropped_where_they_are_escapes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3, 0, 3};
    static const uint8_t want[] = {0, 0, 1, 0, 0, 0, 0, 3, 0, 3};
    struct srs_bits bits = srs_bits_init((struct srs_span){bytes, sizeof bytes}, true);
    for (size_t i = 0; i < sizeof want; i++)
        assert_int_equal(want[i], srs_bits_uint(&bits, 8));
    assert_false(bits.bad);
    assert_int_equal(0, srs_bits_uint(&bits, 1));
    assert_true(bits.bad);
    bits = srs_bits_init((struct srs_span){bytes, sizeof bytes}, false);
    assert_int_equal(0x301, srs_bits_uint(&bits, 32));
}

static void test_bits_given_codes_then_values_at_both_ends(void **state)
{
    (void)state;
    static const uint32_t values[] = {0,   1,     2,          7,          254,
                                      255, 65535, 0x7FFFFFFF, 0xFFFFFFFD, 0xFFFFFFFE};
    uint8_t bytes[128];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    struct srs_bits_wr out = {.out = &wr};
    for (size_t i = 0; i < SRS_COUNT(values); i++)
        put_ue(&out, values[i]);
    put_se(&out, 0);
    put_se(&out, 9);
    put_se(&out, -9);
    put_se(&out, INT32_MAX);
    put_se(&out, -INT32_MAX);
    srs_bits_flush(&out);
    struct srs_bits in = srs_bits_init((struct srs_span){bytes, wr.size}, false);
    for (size_t i = 0; i < SRS_COUNT(values); i++)
        assert_int_equal(values[i], srs_bits_ue(&in));
    assert_int_equal(0, srs_bits_se(&in));
    assert_int_equal(9, srs_bits_se(&in));
    assert_int_equal(-9, srs_bits_se(&in));
    assert_int_equal(INT32_MAX, srs_bits_se(&in));
    assert_int_equal(-INT32_MAX, srs_bits_se(&in));
    assert_false(in.bad);
    assert_true(srs_bits_left(&in) < 8);
}

static void test_bits_given_32_zeros_or_no_end_then_bad(void **state)
{
    (void)state;
    static const uint8_t zeros[16] = {0, 0, 0, 0, 0x80, 1};
    struct srs_bits in = srs_bits_init((struct srs_span){zeros, sizeof zeros}, false);
    assert_int_equal(0, srs_bits_ue(&in));
    assert_true(in.bad);
    in = srs_bits_init((struct srs_span){zeros, 2}, false);
    assert_int_equal(0, srs_bits_ue(&in));
    assert_true(in.bad);
    assert_int_equal(0, srs_bits_left(&in));
    in = srs_bits_init((struct srs_span){zeros, 5}, false);
    srs_bits_skip(&in, 32);
    assert_int_equal(8, srs_bits_left(&in));
    assert_true(srs_bits_flag(&in));
    srs_bits_skip(&in, 8);
    assert_true(in.bad);
}

// ---- access units ----

static const struct {
    const char *why;
    unsigned length_size;
    const char *hex;
    srs_err want;
    srs_err key_want; // an IDR before the damage is found all the same
    bool key;
    const char *rewritten;
} units[] = {
    {"nothing", 4, "", SRS_OK, SRS_OK, false, ""},
    {"AUD and IDR", 4, "00000002 09f0 00000003 6588ff", SRS_OK, SRS_OK, true,
     "00000002 09f0 00000003 6588ff"},
    {"slice only", 4, "00000002 419a", SRS_OK, SRS_OK, false, "00000002 419a"},
    {"1 byte", 1, "02 09f0 03 6588ff", SRS_OK, SRS_OK, true, "00000002 09f0 00000003 6588ff"},
    {"2 bytes", 2, "0002 09f0 0003 4188ff", SRS_OK, SRS_OK, false, "00000002 09f0 00000003 4188ff"},
    {"3 bytes", 3, "000002 09f0 000003 2588ff", SRS_OK, SRS_OK, true,
     "00000002 09f0 00000003 2588ff"},
    {"empty unit between", 2, "0002 09f0 0000 0001 65", SRS_OK, SRS_OK, true,
     "00000002 09f0 00000001 65"},
    {"length one past the end", 4, "00000003 419a", SRS_E_AVC_NALU, SRS_E_AVC_NALU, false, NULL},
    {"length of 4 GB", 4, "ffffffff 419a", SRS_E_AVC_NALU, SRS_E_AVC_NALU, false, NULL},
    {"length cut", 4, "00000001 41 000000", SRS_E_AVC_NALU, SRS_E_AVC_NALU, false, NULL},
    {"damage behind an IDR", 4, "00000001 65 00000002 41", SRS_E_AVC_NALU, SRS_OK, true, NULL},
};

static void test_avc_unit_given_framing_then_rewritten_or_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(units); i++) {
        uint8_t bytes[64];
        uint8_t want[64];
        uint8_t got[64];
        struct srs_span unit = {bytes, hex_bytes(units[i].hex, bytes, sizeof bytes)};
        bool key = !units[i].key;
        assert_err(units[i].key_want, srs_avc_is_key(unit, units[i].length_size, &key),
                   units[i].why);
        assert_int_equal(units[i].key, key);

        struct srs_wr measure = srs_wr_init(NULL, 0);
        struct srs_wr out = srs_wr_init(got, sizeof got);
        assert_err(units[i].want, srs_avc_rewrite(unit, units[i].length_size, &measure),
                   units[i].why);
        assert_err(units[i].want, srs_avc_rewrite(unit, units[i].length_size, &out), units[i].why);
        if (units[i].want)
            continue;
        size_t size = hex_bytes(units[i].rewritten, want, sizeof want);
        assert_int_equal(size, measure.size);
        assert_int_equal(size, out.size);
        assert_memory_equal(want, got, size);
    }
}

static void test_avc_unit_given_every_prefix_then_error_inside_units(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t size = hex_bytes("0002 09f0 0003 4188ff", bytes, sizeof bytes);
    for (size_t n = 0; n <= size; n++) {
        struct srs_wr measure = srs_wr_init(NULL, 0);
        bool boundary = n == 0 || n == 4 || n == size;
        assert_err(boundary ? SRS_OK : SRS_E_AVC_NALU,
                   srs_avc_rewrite((struct srs_span){bytes, n}, 2, &measure), "prefix");
    }
}

static void test_avc_names_given_numbers_then_as_published(void **state)
{
    (void)state;
    static const struct {
        uint8_t number;
        const char *name;
    } profiles[] = {{66, "Baseline"},   {77, "Main"},
                    {88, "Extended"},   {100, "High"},
                    {110, "High(10)"},  {122, "High(422)"},
                    {144, "High(444)"}, {244, "High(444+Predictive)"},
                    {99, "Other"}},
      levels[] = {{10, "1"}, {9, "1b"}, {31, "3.1"}, {40, "4"}, {62, "6.2"}, {0, "Other"}};
    for (size_t i = 0; i < SRS_COUNT(profiles); i++)
        assert_string_equal(profiles[i].name, srs_avc_profile_name(profiles[i].number));
    for (size_t i = 0; i < SRS_COUNT(levels); i++)
        assert_string_equal(levels[i].name, srs_avc_level_name(levels[i].number));
}

// A key frame of many slices passes; units without end, empty or not, do not.
static void test_avc_given_more_units_than_the_limit_then_limit(void **state)
{
    (void)state;
    size_t size = 2 * ((size_t)SRS_AVC_NALUS_MAX + 1);
    uint8_t *bytes = srs_try_alloc(size);
    bool key = true;
    for (int empty = 0; empty < 2; empty++) { // lengths of one byte
        size_t each = empty ? 1 : 2;
        for (size_t i = 0; i < size; i++)
            bytes[i] = empty ? 0 : 1;
        struct srs_span most = {bytes, each * SRS_AVC_NALUS_MAX};
        struct srs_span over = {bytes, most.size + each};
        struct srs_wr wr = srs_wr_init(NULL, 0);
        assert_err(SRS_OK, srs_avc_rewrite(most, 1, &wr), "at the limit");
        assert_err(SRS_E_LIMIT, srs_avc_rewrite(over, 1, &wr), "one above");
        assert_err(SRS_OK, srs_avc_is_key(most, 1, &key), "at the limit");
        assert_err(SRS_E_LIMIT, srs_avc_is_key(over, 1, &key), "one above");
    }
    srs_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_avc_record_given_real_ones_then_fields_and_written_back),
        cmocka_unit_test(test_avc_record_given_every_prefix_then_error_up_to_the_extension),
        cmocka_unit_test(test_avc_record_given_bytes_then_result),
        cmocka_unit_test(test_avc_record_given_sets_then_lists_can_be_built),
        cmocka_unit_test(test_avc_sps_given_every_prefix_then_error_or_same_size),
        cmocka_unit_test(test_avc_sps_given_fields_then_size_or_error),
        cmocka_unit_test(test_avc_sps_given_other_nalu_then_error),
        cmocka_unit_test(test_bits_given_escapes_then_dropped_where_they_are_escapes),
        cmocka_unit_test(test_bits_given_codes_then_values_at_both_ends),
        cmocka_unit_test(test_bits_given_32_zeros_or_no_end_then_bad),
        cmocka_unit_test(test_avc_unit_given_framing_then_rewritten_or_error),
        cmocka_unit_test(test_avc_unit_given_every_prefix_then_error_inside_units),
        cmocka_unit_test(test_avc_names_given_numbers_then_as_published),
        cmocka_unit_test(test_avc_given_more_units_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
