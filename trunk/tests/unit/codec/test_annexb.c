// NAL units between start codes.
#include "codec/annexb.h"
#include "codec/avc.h"
#include "hex.h"
#include "test.h"
#include <stdlib.h>

static const struct {
    const char *why;
    const char *in;
    const char *out; // with lengths
    bool begins;
} rows[] = {
    {"nothing", "", "", false},
    {"no start code", "65 88 84", "", false},
    {"one, long code", "00000001 65 88", "00000002 6588", true},
    {"one, short code", "000001 65 88", "00000002 6588", true},
    {"several", "00000001 09f0 00000001 6742 000001 68ce 000001 65888400",
     "00000002 09f0 00000002 6742 00000002 68ce 00000003 658884", true},
    {"zeros in front and behind", "000000000001 65 88 000000", "00000002 6588", true},
    {"empty ones", "000001 000001 65 00000001 00000001", "00000001 65", true},
    {"emulation prevention stays", "000001 65 000003 01 000003", "00000008 65 000003 01 000003",
     true},
    {"bytes in front", "aa 000001 65", "00000001 65", false},
    {"a code that is cut", "000001 65 0000", "00000001 65", true},
    {"zeros only", "0000000000", "", false},
    {"one zero", "00 01 65", "", false},
};

static void test_annexb_given_start_codes_then_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t in[64], want[64], got[128];
        size_t size = hex_bytes(rows[i].in, in, sizeof in);
        size_t want_size = hex_bytes(rows[i].out, want, sizeof want);
        struct srs_span unit = {in, size};
        struct srs_wr measure = srs_wr_init(NULL, 0);
        struct srs_wr wr = srs_wr_init(got, sizeof got);
        assert_err(SRS_OK, srs_annexb_to_lengths(unit, &measure), "lengths");
        assert_err(SRS_OK, srs_annexb_to_lengths(unit, &wr), "lengths");
        if (wr.bad || wr.size != want_size || measure.size != want_size ||
            memcmp(got, want, want_size) != 0 || srs_annexb_begins(unit) != rows[i].begins)
            fail_msg("%s: %zu bytes", rows[i].why, wr.size);
    }
}

static void test_annexb_given_what_looks_like_both_then_even_lengths_are_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *in;
        unsigned length_size;
        bool is;
    } looks[] = {
        {"start codes", "00000001 6742 00000001 68ce", 4, true},
        {"short start code", "000001 6742aabb", 4, true},
        {"lengths", "00000002 6742 00000001 68", 4, false},
        {"a NAL unit of one byte", "00000001 09 00000002 6742", 4, false},
        {"lengths of 3 bytes", "000001 09 000002 6742", 3, false},
        {"a length that is cut", "00000002 67", 4, false}, // no start code: damaged, but not this
        {"nothing", "", 4, false},
    };
    for (size_t i = 0; i < SRS_COUNT(looks); i++) {
        uint8_t in[64];
        struct srs_span unit = {in, hex_bytes(looks[i].in, in, sizeof in)};
        if (srs_annexb_is(unit, looks[i].length_size) != looks[i].is)
            fail_msg("%s", looks[i].why);
    }
    uint8_t large[4 + 300] = {0, 0, 1, 44, 0x65}; // 300 bytes behind a length that begins as a code
    assert_true(srs_annexb_begins((struct srs_span){large, sizeof large}));
    assert_false(srs_annexb_is((struct srs_span){large, sizeof large}, 4));
    assert_true(srs_annexb_is((struct srs_span){large, sizeof large - 1}, 4));
}

// Each prefix gives the same units but for the last one.
static void test_annexb_given_every_prefix_then_no_unit_that_is_not_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t in[64];
        size_t size = hex_bytes(rows[i].in, in, sizeof in);
        for (size_t n = 0; n <= size; n++) {
            uint8_t *exact = malloc(n + 1);
            memcpy(exact + 1, in, n);
            struct srs_rd rd = srs_rd_init(exact + 1, n);
            struct srs_span nalu;
            const uint8_t *last = exact;
            while (srs_annexb_next(&rd, &nalu)) {
                assert_true(nalu.bytes > last && nalu.bytes + nalu.size <= exact + 1 + n);
                assert_true(nalu.size == 0 || nalu.bytes[nalu.size - 1] != 0);
                last = nalu.bytes;
            }
            assert_int_equal(srs_rd_left(&rd), 0);
            assert_false(rd.bad);
            free(exact);
        }
    }
}

static void test_annexb_given_more_units_than_the_limit_then_limit(void **state)
{
    (void)state;
    size_t size = 4 * ((size_t)SRS_AVC_NALUS_MAX + 1);
    uint8_t *bytes = srs_try_alloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = i % 4 >= 2; // 00 00 01 01
    struct srs_wr wr = srs_wr_init(NULL, 0);
    assert_err(SRS_OK, srs_annexb_to_lengths((struct srs_span){bytes, size - 4}, &wr), "at it");
    assert_err(SRS_E_LIMIT, srs_annexb_to_lengths((struct srs_span){bytes, size}, &wr), "above");
    memset(bytes, 0, size);
    bytes[1024] = 1;
    assert_true(srs_annexb_begins((struct srs_span){bytes, size}));
    assert_false(srs_annexb_is((struct srs_span){bytes, size}, 1)); // but what else would they be
    bytes[1024] = 0;
    bytes[1025] = 1;
    assert_false(srs_annexb_begins((struct srs_span){bytes, size}));
    srs_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_annexb_given_start_codes_then_lengths),
        cmocka_unit_test(test_annexb_given_what_looks_like_both_then_even_lengths_are_lengths),
        cmocka_unit_test(test_annexb_given_every_prefix_then_no_unit_that_is_not_there),
        cmocka_unit_test(test_annexb_given_more_units_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
