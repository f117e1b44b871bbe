// HEVC: records of x265 read, written back and cut; fields of VPS and SPS against what the encoder
// was told; parameter sets with what x265 does not write.
#include "codec/avc.h"
#include "codec/bits.h"
#include "codec/hevc.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

// Made by ffmpeg 5.1.9 with x265; the first and the last by ffmpeg 9.0.2. What x265 was told is in
// `why`.
static const struct {
    const char *why;
    const char *hex;
    uint8_t profile;
    uint8_t tier;
    uint8_t level;
    uint8_t chroma;
    uint8_t depth;
    uint32_t width;
    uint32_t height;
    double rate;
} records[] = {
    {"96x64 main, 5 a second",
     "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000000300900000030000"
     "03001e959009210001002942010101600000030090000003000003001ea0308105965644a4c2f016808000000300"
     "80000003028422000100064401c073c189",
     1, 0, 30, 1, 8, 96, 64, 5},
    {"1920x1080 main, high tier, 25 a second",
     "0121600000009000000000007bf000fcfdf8f800000f03a00001001840010c01ffff2160000003009000000300000"
     "3"
     "007b959809a10001002a42010121600000030090000003000003007ba003c08010e596566924caf01680800000030"
     "0"
     "8000000c84a2000100074401c172b46240",
     1, 1, 123, 1, 8, 1920, 1080, 25},
    {"322x242 4:2:2 of 10 bits, cropped, 29.97 a second",
     "0104080000009d08000000003cf000fcfefafa00000f03a00001001740010c01ffff0408000003009d08000003000"
     "0"
     "3c959809a1000100294201010408000003009d0800000300003cb00a480f9c93b65959a4932bc05a02000007d2000"
     "0"
     "ea6010a2000100074401c172b46240",
     4, 0, 60, 2, 10, 322, 242, 30000.0 / 1001},
    {"1280x720 4:4:4 with scaling lists, 50 a second",
     "0104080000009e080000000078f000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300"
     "0078959809a1000100294201010408000003009e080000030000789000501005a2cb2b349272bc05a02000000300"
     "2000000641a2000100084401c172860c4624",
     4, 0, 120, 3, 8, 1280, 720, 50},
    {"640x360 of 10 bits with aspect, overscan, colours, chroma location, 60 a second",
     "0102200000009000000000005af000fcfdfafa00000f03a00001001840010c01ffff0220000003009000000300000"
     "3"
     "005a959809a10001002f42010102200000030090000003000003005aa005020169365959a4932bc11a848804db080"
     "0"
     "0003000800000301e040a2000100074401c172b46240",
     2, 0, 90, 1, 10, 640, 360, 60},
    {"96x64 monochrome, 5 a second",
     "0104080000009fc8000000001ef000fcfcf8f800000f03a00001001740010c01ffff0408000003009fc800000300"
     "001e959809a1000100284201010408000003009fc800000300001ec0c204165959a4932bc05b0200000300020000"
     "03000a10a2000100074401c172b42240",
     4, 0, 30, 0, 8, 96, 64, 5},
    {"96x64 main 10 with SEI, 5 a second",
     "0102200000009000000000001ef000fcfdfafa00000f04200001001840010c01ffff022000000300900000030000"
     "03001eba0240210001002c42010102200000030090000003000003001ea0308104d96e92930bc05a848804820000"
     "030002000003000a1022000100064401c073c18927000200094e01900403e8019080001e4e01891833c286c41d4c"
     "0bb884d03e803d13404200989680000003000180",
     2, 0, 30, 1, 10, 96, 64, 5},
};

enum { ROOM = 256 };

static size_t read_record(size_t row, uint8_t bytes[ROOM], struct srs_hevc_record *record)
{
    size_t size = hex_bytes(records[row].hex, bytes, ROOM);
    struct srs_rd in = srs_rd_init(bytes, size);
    assert_err(SRS_OK, srs_hevc_record_read(&in, record), records[row].why);
    assert_int_equal(srs_rd_left(&in), 0);
    return size;
}

static void test_hevc_record_given_real_ones_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[ROOM];
        uint8_t again[ROOM];
        struct srs_hevc_record record;
        struct srs_hevc_sps sps;
        struct srs_hevc_vps vps;
        size_t size = read_record(i, bytes, &record);
        if (record.profile != records[i].profile || record.tier != records[i].tier ||
            record.level != records[i].level || record.chroma_format != records[i].chroma ||
            record.bit_depth_luma != records[i].depth || record.length_size != 4 ||
            record.rest.size != 0)
            fail_msg("%s: the record's fields", records[i].why);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_hevc_record_write(&out, &record);
        assert_int_equal(size, out.size);
        assert_memory_equal(bytes, again, size);

        assert_err(SRS_OK,
                   srs_hevc_sps_read(srs_hevc_record_find(&record, SRS_HEVC_NALU_SPS), &sps),
                   records[i].why);
        double rate = (double)sps.time_scale / sps.units_in_tick;
        if (sps.width != records[i].width || sps.height != records[i].height ||
            sps.chroma_format != records[i].chroma || sps.bit_depth_luma != records[i].depth ||
            sps.bit_depth_chroma != records[i].depth || sps.profile != record.profile ||
            sps.tier != record.tier || sps.level != record.level || rate < records[i].rate - 1e-9 ||
            rate > records[i].rate + 1e-9)
            fail_msg("%s: %ux%u chroma %u depth %u rate %f", records[i].why, sps.width, sps.height,
                     sps.chroma_format, sps.bit_depth_luma, rate);
        assert_err(SRS_OK,
                   srs_hevc_vps_read(srs_hevc_record_find(&record, SRS_HEVC_NALU_VPS), &vps),
                   records[i].why);
        assert_true(vps.profile == record.profile && vps.tier == record.tier &&
                    vps.level == record.level && vps.sub_layers == record.temporal_layers);
        assert_int_equal(srs_hevc_record_find(&record, 63).size, 0);
    }
}

static void test_hevc_record_given_every_prefix_then_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[ROOM];
        size_t size = hex_bytes(records[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n < size; n++) {
            struct srs_rd in = srs_rd_init(bytes, n);
            struct srs_hevc_record record = {.profile = 99};
            assert_err(SRS_E_HEVC_DECODE_ERROR, srs_hevc_record_read(&in, &record), records[i].why);
            assert_int_equal(record.profile, 99);
        }
    }
}

#define HEAD "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 "

static void test_hevc_record_given_odd_ones_then_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
        uint8_t length_size;
    } rows[] = {
        {"no arrays", HEAD "0f 00", SRS_OK, 4},
        {"lengths of 1 byte", HEAD "0c 00", SRS_OK, 1},
        {"lengths of 2 bytes", HEAD "0d 00", SRS_OK, 2},
        {"bytes behind", HEAD "0f 00 abcdef", SRS_OK, 4},
        {"an empty array", HEAD "0f 01 21 0000", SRS_OK, 4},
        {"an empty set", HEAD "0f 01 21 0001 0000", SRS_E_HEVC_DECODE_ERROR, 0},
        {"a set one past the end", HEAD "0f 01 21 0001 0003 4201", SRS_E_HEVC_DECODE_ERROR, 0},
        {"65535 sets, none there", HEAD "0f 01 21 ffff", SRS_E_HEVC_DECODE_ERROR, 0},
        {"255 arrays, none there", HEAD "0f ff", SRS_E_HEVC_DECODE_ERROR, 0},
        {"version 2", "02 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 00",
         SRS_E_HEVC_DECODE_ERROR, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[ROOM];
        uint8_t again[ROOM];
        size_t size = hex_bytes(rows[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_hevc_record record;
        assert_err(rows[i].want, srs_hevc_record_read(&in, &record), rows[i].why);
        if (rows[i].want != SRS_OK)
            continue;
        assert_int_equal(record.length_size, rows[i].length_size);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_hevc_record_write(&out, &record);
        assert_int_equal(size, out.size);
        assert_memory_equal(bytes, again, size);
    }
}

// Every value of every byte behind the version, where reserved bits are as they must be.
static void test_hevc_record_given_any_bytes_then_written_back(void **state)
{
    (void)state;
    static const uint8_t reserved[22] = {[13] = 0xF0, [15] = 0xFC, 0xFC, 0xF8, 0xF8};
    for (size_t at = 1; at < sizeof reserved; at++)
        for (unsigned value = 0; value < 256; value++) {
            uint8_t bytes[ROOM];
            uint8_t again[ROOM];
            size_t size = hex_bytes(HEAD "0f 00", bytes, sizeof bytes);
            struct srs_rd in = srs_rd_init(bytes, size);
            struct srs_hevc_record record;
            bytes[at] = (uint8_t)value | reserved[at];
            assert_err(SRS_OK, srs_hevc_record_read(&in, &record), "record");
            struct srs_wr out = srs_wr_init(again, sizeof again);
            srs_hevc_record_write(&out, &record);
            assert_int_equal(out.size, size);
            assert_memory_equal(bytes, again, size);
            if (at == 1)
                assert_true(record.profile_space == value / 64 && record.tier == value / 32 % 2 &&
                            record.profile == value % 32);
        }
}

static void test_hevc_array_given_heads_then_type_and_completeness(void **state)
{
    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        uint8_t bytes[3] = {(uint8_t)head};
        struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
        struct srs_hevc_array array;
        assert_err(SRS_OK, srs_hevc_array_read(&in, &array), "array");
        assert_int_equal(array.complete, head >= 128);
        assert_int_equal(array.type, head % 64);
    }
}

// ---- parameter sets ----

static void test_hevc_sets_given_every_prefix_then_error_or_same_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[ROOM];
        struct srs_hevc_record record;
        (void)read_record(i, bytes, &record);
        struct srs_span nalu = srs_hevc_record_find(&record, SRS_HEVC_NALU_SPS);
        unsigned whole = 0;
        for (size_t n = 0; n < nalu.size; n++) {
            struct srs_hevc_sps sps = {.width = 1};
            srs_err err = srs_hevc_sps_read((struct srs_span){nalu.bytes, n}, &sps);
            assert_int_equal(err ? 1 : records[i].width, sps.width);
            assert_true(whole == 0 || !err); // once the size is there, only the rate is missing
            whole += err ? 0 : 1;
            assert_err(err ? SRS_E_HEVC_DECODE_ERROR : SRS_OK, err, records[i].why);
        }
        assert_true(whole > 0 && whole < nalu.size - 4);
        nalu = srs_hevc_record_find(&record, SRS_HEVC_NALU_VPS);
        for (size_t n = 0; n < nalu.size; n++) {
            struct srs_hevc_vps vps = {.level = 1};
            srs_err err = srs_hevc_vps_read((struct srs_span){nalu.bytes, n}, &vps);
            assert_int_equal(err ? 1 : records[i].level, vps.level);
            assert_err(err ? SRS_E_HEVC_DECODE_ERROR : SRS_OK, err, records[i].why);
        }
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

// What the parts of an SPS are, where x265 does not vary them.
struct shape {
    const char *why;
    unsigned sub_layers;  // beyond the first
    unsigned layer_flags; // profile and level present, for each
    unsigned sps_id;
    unsigned chroma;
    bool separate;
    uint32_t width;
    uint32_t crop[4];
    unsigned depth;
    bool lists;
    bool pcm;
    unsigned sets; // reference sets, every second one predicted
    unsigned long_refs;
    unsigned poc_bits;
    unsigned vui; // a bit each: overscan, video signal, its colours, chroma location
    bool window;  // default display window
    srs_err want;
    uint32_t want_width;
    bool want_rate;
};

static void put_tier_level(struct srs_bits_wr *out, const struct shape *shape)
{
    srs_bits_put(out, 0x21, 8); // high tier, main
    for (unsigned i = 0; i < 10; i++)
        srs_bits_put(out, 0xA5, 8);
    srs_bits_put(out, 93, 8);
    for (unsigned i = 0; i < shape->sub_layers; i++)
        srs_bits_put(out, shape->layer_flags, 2);
    for (unsigned i = shape->sub_layers; i > 0 && i < 8; i++)
        srs_bits_put(out, 0, 2);
    for (unsigned i = 0; i < shape->sub_layers; i++) {
        for (unsigned k = 0; (shape->layer_flags & 2) != 0 && k < 11; k++)
            srs_bits_put(out, 0xA5, 8);
        if ((shape->layer_flags & 1) != 0)
            srs_bits_put(out, 60, 8);
    }
}

static void put_sets(struct srs_bits_wr *out, const struct shape *shape)
{
    put_ue(out, shape->sets);
    for (unsigned i = 0; i < shape->sets; i++) {
        if (i > 0)
            srs_bits_put(out, i % 2, 1);
        if (i % 2 == 1) { // predicted from one with 3 pictures: used, not used but kept, neither
            srs_bits_put(out, 1, 1);
            put_ue(out, 4);
            srs_bits_put(out, 1, 1);
            srs_bits_put(out, 1, 2);
            srs_bits_put(out, 0, 2);
            srs_bits_put(out, 1, 1);
            continue;
        }
        put_ue(out, 2);
        put_ue(out, 1);
        for (unsigned k = 0; k < 3; k++) {
            put_ue(out, k);
            srs_bits_put(out, 1, 1);
        }
    }
}

static void put_lists(struct srs_bits_wr *out)
{
    for (unsigned size = 0; size < 4; size++)
        for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
            bool own = matrix % 2 == 0;
            srs_bits_put(out, own, 1);
            if (!own) {
                put_ue(out, 1);
                continue;
            }
            if (size > 1)
                put_ue(out, 3);
            for (unsigned i = 0; i < (size == 0 ? 16 : 64); i++)
                put_ue(out, i % 5);
        }
}

static void put_vui(struct srs_bits_wr *out, unsigned parts)
{
    srs_bits_put(out, parts & 1, 1);
    if ((parts & 1) != 0)
        srs_bits_put(out, 1, 1);
    srs_bits_put(out, parts >> 1 & 1, 1);
    if ((parts & 2) != 0) {
        srs_bits_put(out, 0xB, 4);
        srs_bits_put(out, parts >> 2 & 1, 1);
    }
    if ((parts & 6) == 6)
        srs_bits_put(out, 0x090909, 24);
    srs_bits_put(out, parts >> 3 & 1, 1);
    for (unsigned i = 0; i < 2 && (parts & 8) != 0; i++)
        put_ue(out, 2 + i);
}

static size_t make_sps(const struct shape *shape, uint8_t *bytes, size_t capacity)
{
    struct srs_wr wr = srs_wr_init(bytes, capacity);
    struct srs_bits_wr out = {.out = &wr};
    srs_bits_put(&out, 0x4201, 16);
    srs_bits_put(&out, 3, 4);
    srs_bits_put(&out, shape->sub_layers, 3);
    srs_bits_put(&out, 1, 1);
    put_tier_level(&out, shape);
    put_ue(&out, shape->sps_id);
    put_ue(&out, shape->chroma);
    if (shape->chroma == 3)
        srs_bits_put(&out, shape->separate, 1);
    put_ue(&out, shape->width);
    put_ue(&out, 100);
    srs_bits_put(&out, 1, 1);
    for (unsigned i = 0; i < 4; i++)
        put_ue(&out, shape->crop[i]);
    put_ue(&out, shape->depth - 8);
    put_ue(&out, shape->depth - 8);
    put_ue(&out, shape->poc_bits - 4);
    srs_bits_put(&out, 1, 1); // ordering of all sub-layers
    for (unsigned i = 0; i < 3 * (shape->sub_layers + 1); i++)
        put_ue(&out, i);
    for (unsigned i = 0; i < 6; i++)
        put_ue(&out, 1);
    srs_bits_put(&out, shape->lists, 1);
    if (shape->lists) {
        srs_bits_put(&out, 1, 1);
        put_lists(&out);
    }
    srs_bits_put(&out, 3, 2);
    srs_bits_put(&out, shape->pcm, 1);
    if (shape->pcm) {
        srs_bits_put(&out, 0x77, 8);
        put_ue(&out, 0);
        put_ue(&out, 2);
        srs_bits_put(&out, 1, 1);
    }
    put_sets(&out, shape);
    srs_bits_put(&out, shape->long_refs > 0, 1);
    if (shape->long_refs > 0) {
        put_ue(&out, shape->long_refs);
        for (unsigned i = 0; i < shape->long_refs; i++)
            srs_bits_put(&out, 1, shape->poc_bits + 1);
    }
    srs_bits_put(&out, 3, 2);
    srs_bits_put(&out, 1, 1); // VUI
    srs_bits_put(&out, 1, 1);
    srs_bits_put(&out, 255, 8); // an aspect of its own
    srs_bits_put(&out, 0x00040003, 32);
    put_vui(&out, shape->vui);
    srs_bits_put(&out, 0, 3);
    srs_bits_put(&out, shape->window, 1);
    for (unsigned i = 0; shape->window && i < 4; i++)
        put_ue(&out, i);
    srs_bits_put(&out, 1, 1);
    srs_bits_put(&out, 1001, 32);
    srs_bits_put(&out, 60000, 32);
    srs_bits_put(&out, 1, 1);
    srs_bits_flush(&out);
    assert_false(wr.bad);
    return wr.size;
}

// Emulation prevention, H.265 section 7.4.2.
static size_t escape(const uint8_t *bytes, size_t size, uint8_t *out)
{
    size_t at = 0;
    unsigned zeros = 0;
    for (size_t i = 0; i < size; i++) {
        if (zeros == 2 && bytes[i] <= 3) {
            out[at++] = 3;
            zeros = 0;
        }
        zeros = bytes[i] == 0 ? zeros + 1 : 0;
        out[at++] = bytes[i];
    }
    return at;
}

static void test_hevc_sps_given_shapes_then_size_and_rate(void **state)
{
    (void)state;
    static const struct shape rows[] = {
        {"plain", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .want_width = 200,
         .want_rate = true},
        {"sub-layers", .sub_layers = 6, .layer_flags = 3, .chroma = 1, .width = 200, .depth = 8,
         .poc_bits = 8, .want_width = 200, .want_rate = true},
        {"sub-layers with levels", .sub_layers = 2, .layer_flags = 1, .chroma = 1, .width = 200,
         .depth = 8, .poc_bits = 8, .want_width = 200, .want_rate = true},
        {"sub-layers without", .sub_layers = 1, .chroma = 1, .width = 200, .depth = 8,
         .poc_bits = 8, .want_width = 200, .want_rate = true},
        {"sub-layers of 7", .sub_layers = 7, .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8,
         .want = SRS_E_HEVC_DECODE_ERROR},
        {"id 15", .sps_id = 15, .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8,
         .want_width = 200, .want_rate = true},
        {"id 16", .sps_id = 16, .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8,
         .want = SRS_E_HEVC_DECODE_ERROR},
        {"4:2:0 crops pairs", .chroma = 1, .width = 200, .crop = {1, 2, 3, 4}, .depth = 8,
         .poc_bits = 8, .want_width = 194, .want_rate = true},
        {"4:4:4 crops single pixels", .chroma = 3, .width = 200, .crop = {1, 2, 3, 4}, .depth = 8,
         .poc_bits = 8, .want_width = 197, .want_rate = true},
        {"separate planes too", .chroma = 3, .separate = true, .width = 200, .crop = {1, 0, 0, 0},
         .depth = 8, .poc_bits = 8, .want_width = 199, .want_rate = true},
        {"crop of everything", .chroma = 1, .width = 200, .crop = {50, 50, 0, 0}, .depth = 8,
         .poc_bits = 8, .want = SRS_E_HEVC_DECODE_ERROR},
        {"crop of 2^32", .chroma = 1, .width = 200, .crop = {0xFFFFFFFE, 0, 0, 0}, .depth = 8,
         .poc_bits = 8, .want = SRS_E_HEVC_DECODE_ERROR},
        {"chroma 4", .chroma = 4, .width = 200, .depth = 8, .poc_bits = 8,
         .want = SRS_E_HEVC_DECODE_ERROR},
        {"widest", .chroma = 1, .width = 65535, .depth = 8, .poc_bits = 8, .want_width = 65535,
         .want_rate = true},
        {"too wide", .chroma = 1, .width = 65536, .depth = 8, .poc_bits = 8,
         .want = SRS_E_HEVC_DECODE_ERROR},
        {"16 bits", .chroma = 1, .width = 200, .depth = 16, .poc_bits = 8, .want_width = 200,
         .want_rate = true},
        {"17 bits", .chroma = 1, .width = 200, .depth = 17, .poc_bits = 8,
         .want = SRS_E_HEVC_DECODE_ERROR},
        {"scaling lists", .chroma = 1, .width = 200, .depth = 8, .lists = true, .poc_bits = 8,
         .want_width = 200, .want_rate = true},
        {"PCM", .chroma = 1, .width = 200, .depth = 8, .pcm = true, .poc_bits = 8,
         .want_width = 200, .want_rate = true},
        {"reference sets", .chroma = 1, .width = 200, .depth = 8, .sets = 64, .poc_bits = 8,
         .want_width = 200, .want_rate = true},
        {"65 reference sets", .chroma = 1, .width = 200, .depth = 8, .sets = 65, .poc_bits = 8,
         .want_width = 200},
        {"long-term references", .chroma = 1, .width = 200, .depth = 8, .long_refs = 32,
         .poc_bits = 16, .want_width = 200, .want_rate = true},
        {"33 long-term references", .chroma = 1, .width = 200, .depth = 8, .long_refs = 33,
         .poc_bits = 16, .want_width = 200},
        {"overscan", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .vui = 1,
         .want_width = 200, .want_rate = true},
        {"video signal", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .vui = 2,
         .want_width = 200, .want_rate = true},
        {"colours", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .vui = 6,
         .want_width = 200, .want_rate = true},
        {"chroma location", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .vui = 8,
         .want_width = 200, .want_rate = true},
        {"all of VUI", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .vui = 15,
         .want_width = 200, .want_rate = true},
        {"display window", .chroma = 1, .width = 200, .depth = 8, .poc_bits = 8, .window = true,
         .want_width = 200, .want_rate = true},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[2048];
        uint8_t escaped[3072];
        size_t size = escape(bytes, make_sps(&rows[i], bytes, sizeof bytes), escaped);
        struct srs_hevc_sps sps = {0};
        assert_err(rows[i].want, srs_hevc_sps_read((struct srs_span){escaped, size}, &sps),
                   rows[i].why);
        bool rate = sps.units_in_tick == 1001 && sps.time_scale == 60000;
        if (sps.width != rows[i].want_width || rate != rows[i].want_rate)
            fail_msg("%s: width %u, %u/%u a second", rows[i].why, sps.width, sps.time_scale,
                     sps.units_in_tick);
        assert_true(rows[i].want != SRS_OK || (sps.level == 93 && sps.tier == 1));
    }
}

// A VPS that tells the rate behind layer sets, as x265 does not.
static void test_hevc_vps_given_layer_sets_then_rate(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint32_t sets;
        bool want_rate;
    } rows[] = {{"none", 0, true}, {"two", 2, true}, {"1023", 1023, true}, {"1024", 1024, false}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        static uint8_t bytes[8192];
        static uint8_t escaped[12288];
        struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
        struct srs_bits_wr out = {.out = &wr};
        const struct shape shape = {.sub_layers = 1, .layer_flags = 3};
        struct srs_hevc_vps vps;
        srs_bits_put(&out, 0x4001, 16);
        srs_bits_put(&out, 0x0C0, 12); // id 0, base layer, one layer
        srs_bits_put(&out, shape.sub_layers, 3);
        srs_bits_put(&out, 1, 1);
        srs_bits_put(&out, 0xFFFF, 16);
        put_tier_level(&out, &shape);
        srs_bits_put(&out, 0, 1);
        for (unsigned k = 0; k < 3; k++)
            put_ue(&out, k);
        srs_bits_put(&out, 4, 6); // five layers
        put_ue(&out, rows[i].sets);
        for (unsigned k = 0; k < rows[i].sets * 5; k++)
            srs_bits_put(&out, 1, 1);
        srs_bits_put(&out, 1, 1);
        srs_bits_put(&out, 1, 32);
        srs_bits_put(&out, 50, 32);
        srs_bits_put(&out, 1, 1);
        srs_bits_flush(&out);
        size_t size = escape(bytes, wr.size, escaped);
        assert_err(SRS_OK, srs_hevc_vps_read((struct srs_span){escaped, size}, &vps), rows[i].why);
        assert_true(vps.sub_layers == 2 && vps.tier == 1 && vps.profile == 1 && vps.level == 93);
        assert_int_equal(vps.time_scale, rows[i].want_rate ? 50 : 0);
    }
}

static void test_hevc_sets_given_another_type_then_error(void **state)
{
    (void)state;
    static const uint8_t nalu[] = {0x44, 1, 0xC1, 0x72};
    struct srs_hevc_sps sps;
    struct srs_hevc_vps vps;
    assert_err(SRS_E_HEVC_DECODE_ERROR,
               srs_hevc_sps_read((struct srs_span){nalu, sizeof nalu}, &sps), "PPS");
    assert_err(SRS_E_HEVC_DECODE_ERROR,
               srs_hevc_vps_read((struct srs_span){nalu, sizeof nalu}, &vps), "PPS");
    assert_err(SRS_E_HEVC_DECODE_ERROR, srs_hevc_sps_read((struct srs_span){nalu, 1}, &sps), "cut");
}

// ---- access units ----

static void test_hevc_is_key_given_units_then_random_access_points(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
        bool key;
    } rows[] = {
        {"nothing", "", SRS_OK, false},
        {"IDR", "00000003 260100", SRS_OK, true},
        {"CRA behind VPS", "00000002 4001 00000003 2a0100", SRS_OK, true},
        {"BLA", "00000002 2001", SRS_OK, true},
        {"reserved random access", "00000002 2e01", SRS_OK, true},
        {"RASL", "00000002 1201", SRS_OK, false},
        {"type 24", "00000002 3001", SRS_OK, false},
        {"trailing", "00000002 0201", SRS_OK, false},
        {"one byte", "00000001 26", SRS_OK, false},
        {"damage behind an IDR", "00000002 2601 ffffffff", SRS_OK, true},
        {"damage before it", "00000002 0201 ffffffff", SRS_E_AVC_NALU, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[32];
        struct srs_span unit = {bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes)};
        bool key = false;
        assert_err(rows[i].want, srs_hevc_is_key(unit, 4, &key), rows[i].why);
        if (key != rows[i].key)
            fail_msg("%s", rows[i].why);
    }
}

static void test_hevc_names_given_numbers_then_as_shown(void **state)
{
    (void)state;
    assert_string_equal(srs_hevc_profile_name(1), "Main");
    assert_string_equal(srs_hevc_profile_name(2), "Main10");
    assert_string_equal(srs_hevc_profile_name(3), "MainStillPicture");
    assert_string_equal(srs_hevc_profile_name(4), "Rext");
    assert_string_equal(srs_hevc_profile_name(0), "Other");
    // 30 times the level (section A.4.1).
    static const char *const levels[] = {"1", "2",   "2.1", "3", "3.1", "4",  "4.1",
                                         "5", "5.1", "5.2", "6", "6.1", "6.2"};
    for (size_t i = 0; i < SRS_COUNT(levels); i++) {
        unsigned tenths = (unsigned)(levels[i][0] - '0') * 10;
        tenths += levels[i][1] == '.' ? (unsigned)(levels[i][2] - '0') : 0;
        assert_string_equal(srs_hevc_level_name((uint8_t)(tenths * 3)), levels[i]);
        assert_string_equal(srs_hevc_level_name((uint8_t)(tenths * 3 + 1)), "Other");
    }
    assert_string_equal(srs_hevc_level_name(94), "Other");
}

static void test_hevc_given_more_units_than_the_limit_then_limit(void **state)
{
    (void)state;
    size_t size = 3 * ((size_t)SRS_AVC_NALUS_MAX + 1);
    uint8_t *bytes = srs_try_alloc(size);
    bool key = true;
    for (size_t i = 0; i < size; i++)
        bytes[i] = i % 3 == 0 ? 2 : 1; // a length of one byte, then no key slice
    assert_err(SRS_OK, srs_hevc_is_key((struct srs_span){bytes, size - 3}, 1, &key), "at it");
    assert_err(SRS_E_LIMIT, srs_hevc_is_key((struct srs_span){bytes, size}, 1, &key), "above");
    srs_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hevc_record_given_real_ones_then_fields_and_written_back),
        cmocka_unit_test(test_hevc_record_given_every_prefix_then_error),
        cmocka_unit_test(test_hevc_record_given_odd_ones_then_read_or_refused),
        cmocka_unit_test(test_hevc_record_given_any_bytes_then_written_back),
        cmocka_unit_test(test_hevc_array_given_heads_then_type_and_completeness),
        cmocka_unit_test(test_hevc_sets_given_every_prefix_then_error_or_same_size),
        cmocka_unit_test(test_hevc_sps_given_shapes_then_size_and_rate),
        cmocka_unit_test(test_hevc_vps_given_layer_sets_then_rate),
        cmocka_unit_test(test_hevc_sets_given_another_type_then_error),
        cmocka_unit_test(test_hevc_is_key_given_units_then_random_access_points),
        cmocka_unit_test(test_hevc_names_given_numbers_then_as_shown),
        cmocka_unit_test(test_hevc_given_more_units_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
