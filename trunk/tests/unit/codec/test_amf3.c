// AMF3: each kind of value skipped and written again as AMF0, references, limits, all prefixes.
#include "codec/amf0.h"
#include "codec/amf3.h"
#include "hex.h"
#include "test.h"
#include <stdlib.h>

enum { ROOM = 64 * 1024 };

struct hex {
    uint8_t bytes[256];
    size_t size;
};

static struct hex hex_read(const char *text)
{
    struct hex hex;
    hex.size = hex_bytes(text, hex.bytes, sizeof hex.bytes);
    return hex;
}

static const struct {
    const char *why;
    const char *hex;
    const char *amf0; // NULL: an error
    srs_err want;
} rows[] = {
    {"undefined", "00", "06", SRS_OK},
    {"null", "01", "05", SRS_OK},
    {"false", "02", "0100", SRS_OK},
    {"true", "03", "0101", SRS_OK},
    {"integer 5", "04 05", "004014000000000000", SRS_OK},
    {"integer 16383", "04 ff7f", "0040cfff8000000000", SRS_OK},
    {"integer -1", "04 ffffffff", "00bff0000000000000", SRS_OK},
    {"integer 2^28-1", "04 bfffffff", "0041affffffe000000", SRS_OK},
    {"integer -2^28", "04 c0808000", "00c1b0000000000000", SRS_OK},
    {"double", "05 3ff0000000000000", "003ff0000000000000", SRS_OK},
    {"string", "06 07 616263", "020003616263", SRS_OK},
    {"empty string", "06 01", "020000", SRS_OK},
    {"XML of old", "07 05 3c3e", "0f000000023c3e", SRS_OK},
    {"XML", "0b 05 3c3e", "0f000000023c3e", SRS_OK},
    {"date", "08 01 4270000000000000", "0b42700000000000000000", SRS_OK},
    {"date by reference", "08 02", "06", SRS_OK},
    {"byte array", "0c 05 af01", "06", SRS_OK},
    {"array", "09 05 01 03 02", "0800000002000130010100013101 00 000009", SRS_OK},
    {"array with names", "09 03 03 61 04 01 01 02",
     "0800000001 000161 003ff0000000000000 000130 0100 000009", SRS_OK},
    {"array by reference", "09 02", "06", SRS_OK},
    {"object, dynamic", "0a 0b 01 03 61 06 03 62 05 6162 03 01",
     "03 000161 02000162 00026162 0101 000009", SRS_OK},
    {"object, sealed", "0a 23 03 43 03 61 03 62 02 03", "03 000161 0100 000162 0101 000009",
     SRS_OK},
    {"object, sealed and dynamic", "0a 1b 03 43 03 61 02 03 62 03 01",
     "03 000161 0100 000162 0101 000009", SRS_OK},
    {"object by reference", "0a 04", "06", SRS_OK},
    {"class used again", "09 05 01 0a 13 03 43 03 61 02 0a 01 03",
     "0800000002 000130 03 000161 0100 000009 000131 03 000161 0101 000009 000009", SRS_OK},
    {"second class used again", "09 07 01 0a 03 01 0a 13 01 03 62 02 0a 05 03",
     "0800000003 000130 03 000009 000131 03 000162 0100 000009 000132 03 000162 0101 000009 "
     "000009",
     SRS_OK},
    {"vector of uint, then null", "09 05 01 0e 03 00 00000001 01",
     "0800000002 000130 06 000131 05 000009", SRS_OK},
    {"string used again, as a value and a name", "09 03 03 61 06 00 01 06 00",
     "0800000001 000161 02000161 000130 02000161 000009", SRS_OK},
    {"collection",
     "0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 03",
     "0800000001 000130 0101 000009", SRS_OK},
    {"vector of int", "0d 05 00 00000001 00000002", "06", SRS_OK},
    {"vector of uint", "0e 03 01 00000001", "06", SRS_OK},
    {"vector of double", "0f 03 00 3ff0000000000000", "06", SRS_OK},
    {"vector of objects", "10 05 00 03 43 03 0a 0b 01 01", "06", SRS_OK},
    {"vector by reference", "10 04", "06", SRS_OK},
    {"dictionary", "11 03 00 06 03 61 03", "06", SRS_OK},
    {"marker 18", "12", NULL, SRS_E_RTMP_AMF0_INVALID},
    {"marker 255", "ff", NULL, SRS_E_RTMP_AMF0_INVALID},
    {"nothing", "", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"string of 2^28", "06 ffffffff 61", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"byte array of 2^28", "0c ffffffff 61", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"array of 2^28", "09 ffffffff 01 03", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"vector of 2^28", "0f ffffffff 00 03", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"dictionary of 2^28", "11 ffffffff 00 03", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"object of 2^25 members", "0a fffffff3 01 03 61", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"class by reference, never seen", "0a 01", NULL, SRS_E_RTMP_AMF0_DECODE},
    {"class of its own form", "0a 07 03 43 00", NULL, SRS_E_RTMP_AMF0_DECODE},
};

static void test_amf3_given_values_then_skipped_and_written_again(void **state)
{
    (void)state;
    static uint8_t room[ROOM];
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct hex in = hex_read(rows[i].hex);
        struct srs_rd rd = srs_rd_init(in.bytes, in.size);
        assert_err(rows[i].want, srs_amf3_skip(&rd, 0, &(unsigned){0}), rows[i].why);
        if (rows[i].want == SRS_OK)
            assert_int_equal(srs_rd_left(&rd), 0);
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        rd = srs_rd_init(in.bytes, in.size);
        assert_err(rows[i].want, srs_amf3_to_amf0(&rd, &wr), rows[i].why);
        if (rows[i].want == SRS_OK) {
            struct hex want = hex_read(rows[i].amf0);
            if (wr.bad || wr.size != want.size || memcmp(room, want.bytes, want.size) != 0)
                fail_msg("%s: not the same in AMF0", rows[i].why);
            struct srs_rd back = srs_rd_init(room, wr.size);
            assert_err(SRS_OK, srs_amf0_skip(&back), rows[i].why);
            assert_int_equal(srs_rd_left(&back), 0);
        }
    }
}

// Skipped, a reference to a string is as long as it is; written, it must be one.
static void test_amf3_given_references_to_no_string_then_decode_error(void **state)
{
    (void)state;
    static const char *const texts[] = {"06 00", "09 03 01 06 02", "09 05 01 06 03 61 06 02"};
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        static uint8_t room[ROOM];
        struct hex in = hex_read(texts[i]);
        struct srs_wr wr = srs_wr_init(room, sizeof room);
        struct srs_rd rd = srs_rd_init(in.bytes, in.size);
        assert_err(SRS_OK, srs_amf3_skip(&rd, 0, &(unsigned){0}), texts[i]);
        assert_int_equal(srs_rd_left(&rd), 0);
        rd = srs_rd_init(in.bytes, in.size);
        assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf3_to_amf0(&rd, &wr), texts[i]);
    }
}

// What wraps an array names its class; by the number of an earlier text it cannot, for who skips
// does not know that text.
static void test_amf3_given_class_of_own_form_named_by_number_then_refused_both_ways(void **state)
{
    (void)state;
    const struct hex in =
        hex_read("09 05 01 06 43 66 6c 65 78 2e 6d 65 73 73 61 67 69 6e 67 2e 69 6f 2e 41 72 72 61 "
                 "79 43 6f 6c 6c 65 63 74 69 6f 6e 0a 07 00 04 01");
    static uint8_t room[ROOM];
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    struct srs_rd rd = srs_rd_init(in.bytes, in.size);
    assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf3_skip(&rd, 0, &(unsigned){0}), "skipped");
    rd = srs_rd_init(in.bytes, in.size);
    assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf3_to_amf0(&rd, &wr), "written");
}

// Vectors in vectors, `10 03 00 01`, count one level each.
static void test_amf3_given_nested_vectors_then_bounded(void **state)
{
    (void)state;
    static const uint8_t open[] = {0x10, 0x03, 0x00, 0x01};
    for (unsigned depth = SRS_AMF3_DEPTH_MAX; depth <= SRS_AMF3_DEPTH_MAX + 1; depth++) {
        uint8_t bytes[4 * (SRS_AMF3_DEPTH_MAX + 1) + 1];
        for (unsigned i = 0; i < depth; i++)
            memcpy(bytes + (size_t)i * 4, open, sizeof open);
        bytes[(size_t)depth * 4] = 1;
        struct srs_rd rd = srs_rd_init(bytes, (size_t)depth * 4 + 1);
        assert_err(depth > SRS_AMF3_DEPTH_MAX ? SRS_E_AMF0_DEPTH : SRS_OK,
                   srs_amf3_skip(&rd, 0, &(unsigned){0}), "vectors");
    }
}

static void test_amf3_given_prefixes_then_truncated(void **state)
{
    (void)state;
    static uint8_t room[ROOM];
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct hex in = hex_read(rows[i].hex);
        for (size_t size = 0; rows[i].want == SRS_OK && size < in.size; size++) {
            uint8_t *block = malloc(size + (size == 0));
            assert_non_null(block);
            memcpy(block, in.bytes, size);
            struct srs_rd rd = srs_rd_init(block, size);
            assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf3_skip(&rd, 0, &(unsigned){0}), rows[i].why);
            struct srs_wr wr = srs_wr_init(room, sizeof room);
            rd = srs_rd_init(block, size);
            assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf3_to_amf0(&rd, &wr), rows[i].why);
            free(block);
        }
    }
}

// Objects in objects: {a: {a: ...}}, each `0a 0b 01 03 61`.
static srs_err nested(unsigned depth, unsigned base)
{
    static const uint8_t open[] = {0x0a, 0x0b, 0x01, 0x03, 'a'};
    size_t size = depth * (sizeof open + 1) + 1;
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 1, size);
    for (unsigned i = 0; i < depth; i++)
        memcpy(bytes + i * sizeof open, open, sizeof open);
    struct srs_rd rd = srs_rd_init(bytes, size);
    srs_err err = srs_amf3_skip(&rd, base, &(unsigned){0});
    assert_true(err != SRS_OK || srs_rd_left(&rd) == 0);
    free(bytes);
    return err;
}

static void test_amf3_given_nested_objects_then_bounded(void **state)
{
    (void)state;
    assert_err(SRS_OK, nested(SRS_AMF3_DEPTH_MAX, 0), "16");
    assert_err(SRS_E_AMF0_DEPTH, nested(SRS_AMF3_DEPTH_MAX + 1, 0), "17");
    assert_err(SRS_E_AMF0_DEPTH, nested(5000, 0), "25 KB of nested objects");
    assert_err(SRS_OK, nested(SRS_AMF3_DEPTH_MAX - 3, 3), "13 inside 3");
    assert_err(SRS_E_AMF0_DEPTH, nested(SRS_AMF3_DEPTH_MAX - 2, 3), "14 inside 3");
}

static void test_amf3_given_many_strings_and_classes_then_limit(void **state)
{
    (void)state;
    static uint8_t bytes[ROOM];
    static uint8_t room[ROOM];
    for (unsigned kind = 0; kind < 2; kind++) {
        unsigned most = kind == 0 ? SRS_AMF3_STRINGS_MAX : SRS_AMF3_TRAITS_MAX;
        for (unsigned count = most; count <= most + 1; count++) {
            struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
            struct srs_wr out = srs_wr_init(room, sizeof room);
            unsigned head = count << 1 | 1;
            srs_wr_u8(&wr, 9);
            if (head >= 0x80)
                srs_wr_u8(&wr, (uint8_t)(0x80 | head >> 7));
            srs_wr_u8(&wr, head & 0x7F);
            srs_wr_u8(&wr, 1);
            for (unsigned i = 0; i < count; i++) {
                static const uint8_t string[] = {6, 3, 'x'};
                static const uint8_t object[] = {10, 3, 1};
                srs_wr_bytes(&wr, kind == 0 ? string : object, 3);
            }
            struct srs_rd rd = srs_rd_init(bytes, wr.size);
            assert_err(count > most ? SRS_E_LIMIT : SRS_OK, srs_amf3_to_amf0(&rd, &out), "most");
        }
    }
}

// A string of 30 KB and 10,000 references to it: 300 MB in AMF0, counted and not written.
static void test_amf3_given_many_references_then_only_counted(void **state)
{
    (void)state;
    enum { STRING = 16000, COUNT = 8000 };
    static uint8_t bytes[STRING + 2 * COUNT + 16];
    static uint8_t text[STRING];
    uint8_t room[64];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    struct srs_wr out = srs_wr_init(room, sizeof room);
    unsigned head = (COUNT + 1) << 1 | 1;
    srs_wr_u8(&wr, 9);
    srs_wr_u8(&wr, (uint8_t)(0x80 | head >> 7));
    srs_wr_u8(&wr, head & 0x7F);
    srs_wr_u8(&wr, 1);
    srs_wr_u8(&wr, 6);
    srs_wr_u8(&wr, (uint8_t)(0x80 | (STRING << 1 | 1) >> 14));
    srs_wr_u8(&wr, (uint8_t)(0x80 | (STRING << 1 | 1) >> 7));
    srs_wr_u8(&wr, (STRING << 1 | 1) & 0x7F);
    srs_wr_bytes(&wr, text, sizeof text);
    for (unsigned i = 0; i < COUNT; i++)
        srs_wr_u16(&wr, 6 << 8);
    assert_false(wr.bad);
    struct srs_rd rd = srs_rd_init(bytes, wr.size);
    assert_err(SRS_OK, srs_amf3_to_amf0(&rd, &out), "references");
    assert_true(out.bad && out.size > (size_t)STRING * COUNT);
}

static void test_amf3_given_no_memory_then_told(void **state)
{
    (void)state;
    static const uint8_t null[] = {1};
    uint8_t room[8];
    struct srs_rd rd = srs_rd_init(null, 1);
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_amf3_to_amf0(&rd, &wr), "strings");
}

// An array of nulls, which is a value too, inside AMF0 and alone.
static void test_amf3_given_more_values_than_the_limit_then_limit(void **state)
{
    (void)state;
    for (uint32_t count = SRS_AMF0_VALUES_MAX - 1; count <= SRS_AMF0_VALUES_MAX; count++) {
        srs_err want = count < SRS_AMF0_VALUES_MAX ? SRS_OK : SRS_E_LIMIT;
        uint32_t head = count << 1 | 1; // three bytes of seven bits
        size_t size = 5 + (size_t)count;
        uint8_t *bytes = srs_try_alloc(size);
        memset(bytes, 1, size);
        bytes[0] = 9;
        bytes[1] = (uint8_t)(0x80 | head >> 14);
        bytes[2] = (uint8_t)(0x80 | (head >> 7 & 0x7F));
        bytes[3] = (uint8_t)(head & 0x7F);
        struct srs_rd rd = srs_rd_init(bytes, size);
        struct srs_wr wr = srs_wr_init(NULL, 0);
        unsigned values = 0;
        assert_err(want, srs_amf3_skip(&rd, 0, &values), "skip");
        assert_int_equal(values, count + 1);
        rd = srs_rd_init(bytes, size);
        assert_err(want, srs_amf3_to_amf0(&rd, &wr), "written again");
        srs_free(bytes);
    }
    // Nulls in AMF0, each of them switched to AMF3: the values of all count together.
    size_t size = 5 + 2 * (size_t)SRS_AMF0_VALUES_MAX;
    uint8_t *bytes = srs_try_alloc(size);
    struct srs_wr wr = srs_wr_init(bytes, size);
    srs_amf0_write_array_begin(&wr, SRS_AMF0_VALUES_MAX);
    for (unsigned i = 0; i < SRS_AMF0_VALUES_MAX; i++) {
        srs_wr_u8(&wr, SRS_AMF0_AMF3);
        srs_wr_u8(&wr, 1);
    }
    struct srs_rd rd = srs_rd_init(bytes, size);
    assert_err(SRS_E_LIMIT, srs_amf0_skip(&rd), "switched");
    srs_free(bytes);
}

static void test_amf3_given_longer_text_than_the_limit_then_limit(void **state)
{
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        uint32_t head = (SRS_AMF0_TEXT_MAX + over) << 1 | 1;
        size_t size = 4 + SRS_AMF0_TEXT_MAX + (size_t)over;
        uint8_t *bytes = srs_try_alloc(size);
        memset(bytes, 'x', size);
        bytes[0] = 6;
        bytes[1] = (uint8_t)(0x80 | head >> 14);
        bytes[2] = (uint8_t)(0x80 | (head >> 7 & 0x7F));
        bytes[3] = (uint8_t)(head & 0x7F);
        struct srs_rd rd = srs_rd_init(bytes, size);
        assert_err(over ? SRS_E_LIMIT : SRS_OK, srs_amf3_skip(&rd, 0, &(unsigned){0}), "text");
        srs_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amf3_given_values_then_skipped_and_written_again),
        cmocka_unit_test(test_amf3_given_references_to_no_string_then_decode_error),
        cmocka_unit_test(test_amf3_given_class_of_own_form_named_by_number_then_refused_both_ways),
        cmocka_unit_test(test_amf3_given_nested_vectors_then_bounded),
        cmocka_unit_test(test_amf3_given_prefixes_then_truncated),
        cmocka_unit_test(test_amf3_given_nested_objects_then_bounded),
        cmocka_unit_test(test_amf3_given_many_strings_and_classes_then_limit),
        cmocka_unit_test(test_amf3_given_many_references_then_only_counted),
        cmocka_unit_test(test_amf3_given_no_memory_then_told),
        cmocka_unit_test(test_amf3_given_more_values_than_the_limit_then_limit),
        cmocka_unit_test(test_amf3_given_longer_text_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
