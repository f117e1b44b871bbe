// Records made of parameter sets. Those wanted are ffmpeg 5.1's for the same encoders' sets (x264,
// x265).
#include "codec/avc.h"
#include "codec/hevc.h"
#include "codec/param_sets.h"
#include "hex.h"
#include "test.h"
#include <stdlib.h>

#define SPS      "00000017 674d400aeca3136022000003000200000300141e244b2c "
#define SPS_HIGH "00000018 6764000aacd94426c044000003000400000300283c489658 "
#define PPS      "00000004 68ce0fc8 "
#define PPS_HIGH "00000006 68ebe3cb22c0 "
#define IDR      "00000003 658884 "
#define AVC      "014d400affe10017674d400aeca3136022000003000200000300141e244b2c01000468ce0fc8"
#define AVC_HIGH                                                                         \
    "0164000affe100186764000aacd94426c044000003000400000300283c48965801000668ebe3cb22c0" \
    "fdf8f800"

#define VPS "00000018 40010c01ffff01600000030090000003000003001e959009 "
#define HEVC_SPS                                                             \
    "00000029 42010101600000030090000003000003001ea0308105965644a4c2f016808" \
    "000000300800000030284 "
#define HEVC_PPS "00000006 4401c073c189 "
#define HEVC                                                                             \
    "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff01600000030090" \
    "000003000003001e959009210001002942010101600000030090000003000003001ea0308105965644" \
    "a4c2f01680800000030080000003028422000100064401c073c189"

typedef srs_err write_fn(struct srs_span unit, struct srs_wr *out);

static const struct row {
    const char *why;
    write_fn *write;
    const char *unit;
    const char *record; // NULL: `want`
    srs_err want;
} rows[] = {
    {"Main", srs_param_sets_write_avc, SPS PPS, AVC, SRS_OK},
    {"High: chroma and depths behind", srs_param_sets_write_avc, SPS_HIGH PPS_HIGH, AVC_HIGH,
     SRS_OK},
    {"among others", srs_param_sets_write_avc, "00000002 09f0" SPS PPS IDR, AVC, SRS_OK},
    {"the other way round", srs_param_sets_write_avc, PPS SPS, AVC, SRS_OK},
    {"each twice", srs_param_sets_write_avc, SPS PPS SPS PPS, AVC, SRS_OK},
    {"two PPS", srs_param_sets_write_avc, SPS PPS "00000002 6801",
     "014d400affe10017674d400aeca3136022000003000200000300141e244b2c02000468ce0fc800026801",
     SRS_OK},
    {"High, an SPS that cannot be read", srs_param_sets_write_avc, "00000004 67640a1e" PPS,
     "01640a1effe1000467640a1e01000468ce0fc8", SRS_OK},
    {"no PPS", srs_param_sets_write_avc, SPS IDR, NULL, SRS_E_AGAIN},
    {"no SPS", srs_param_sets_write_avc, PPS IDR, NULL, SRS_E_AGAIN},
    {"nothing", srs_param_sets_write_avc, "", NULL, SRS_E_AGAIN},
    {"an SPS of three bytes", srs_param_sets_write_avc, "00000003 674d40" PPS, NULL,
     SRS_E_AVC_RECORD},
    {"a length beyond the end", srs_param_sets_write_avc, SPS "00000005 68ce0fc8", NULL,
     SRS_E_AVC_NALU},
    {"a record", srs_param_sets_write_avc, AVC, NULL, SRS_E_AVC_NALU},
    {"HEVC", srs_param_sets_write_hevc, VPS HEVC_SPS HEVC_PPS, HEVC, SRS_OK},
    {"HEVC, before a picture", srs_param_sets_write_hevc,
     VPS HEVC_SPS HEVC_PPS VPS HEVC_SPS HEVC_PPS "00000003 260180", HEVC, SRS_OK},
    {"HEVC without VPS", srs_param_sets_write_hevc, HEVC_SPS HEVC_PPS, NULL, SRS_E_AGAIN},
    {"HEVC without SPS", srs_param_sets_write_hevc, VPS HEVC_PPS, NULL, SRS_E_AGAIN},
    {"HEVC without PPS", srs_param_sets_write_hevc, VPS HEVC_SPS, NULL, SRS_E_AGAIN},
    {"HEVC, an SPS that cannot be read", srs_param_sets_write_hevc,
     VPS "00000004 42010101" HEVC_PPS, NULL, SRS_E_HEVC_DECODE_ERROR},
    {"sets of the other codec", srs_param_sets_write_hevc, SPS PPS, NULL, SRS_E_AGAIN},
};

static void test_param_sets_given_access_units_then_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t unit[256], want[256], got[256];
        struct srs_span in = {unit, hex_bytes(rows[i].unit, unit, sizeof unit)};
        struct srs_wr measure = srs_wr_init(NULL, 0);
        struct srs_wr wr = srs_wr_init(got, sizeof got);
        assert_err(rows[i].want, rows[i].write(in, &measure), rows[i].why);
        srs_err err = rows[i].write(in, &wr);
        assert_true((srs_err_story(err) != NULL) == (err != SRS_OK && err != SRS_E_AGAIN));
        assert_err(rows[i].want, err, rows[i].why);
        if (rows[i].record == NULL)
            continue;
        size_t size = hex_bytes(rows[i].record, want, sizeof want);
        if (wr.bad || wr.size != size || measure.size != size || memcmp(got, want, size) != 0)
            fail_msg("%s: %zu bytes, want %zu", rows[i].why, wr.size, size);
    }
}

// What is cut is an access unit no more, or one that lacks a set; no byte beyond is looked at.
static void test_param_sets_given_every_prefix_then_no_record_of_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t unit[256];
        size_t size = hex_bytes(rows[i].unit, unit, sizeof unit);
        for (size_t n = 0; n < size; n++) {
            uint8_t *exact = malloc(n + 1);
            memcpy(exact + 1, unit, n);
            struct srs_wr wr = srs_wr_init(NULL, 0);
            srs_err err = rows[i].write((struct srs_span){exact + 1, n}, &wr);
            bool repeated = strstr(rows[i].why, "twice") != NULL || // all sets are in front
                            strstr(rows[i].why, "among") != NULL ||
                            strstr(rows[i].why, "two PPS") != NULL ||
                            strstr(rows[i].why, "before") != NULL;
            if (err == SRS_OK && !repeated)
                fail_msg("%s: %zu of %zu bytes are enough", rows[i].why, n, size);
            (void)srs_bare(err);
            free(exact);
        }
    }
}

// `count` different PPS of `size` bytes behind the SPS.
static srs_err write_with_pps(size_t count, size_t size)
{
    uint8_t sps[64];
    size_t sps_size = hex_bytes(SPS, sps, sizeof sps);
    size_t capacity = sps_size + count * (4 + size);
    uint8_t *unit = malloc(capacity);
    struct srs_wr wr = srs_wr_init(unit, capacity);
    srs_wr_bytes(&wr, sps, sps_size);
    for (size_t i = 0; i < count; i++) {
        srs_wr_u32(&wr, (uint32_t)size);
        memset(unit + wr.size, (int)i, size);
        unit[wr.size] = 0x68;
        wr.size += size;
    }
    struct srs_wr out = srs_wr_init(NULL, 0);
    srs_err err = srs_param_sets_write_avc((struct srs_span){unit, wr.size}, &out);
    free(unit);
    return err;
}

static void test_param_sets_given_many_or_large_ones_then_up_to_their_limits(void **state)
{
    (void)state;
    assert_err(SRS_OK, write_with_pps(SRS_PARAM_SETS_MAX, 2), "as many as fit");
    assert_err(SRS_E_AVC_RECORD, write_with_pps(SRS_PARAM_SETS_MAX + 1, 2), "one more");
    assert_err(SRS_OK, write_with_pps(1, UINT16_MAX), "as large as its length can say");
    assert_err(SRS_E_AVC_RECORD, write_with_pps(1, UINT16_MAX + 1), "one byte more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_param_sets_given_access_units_then_records),
        cmocka_unit_test(test_param_sets_given_every_prefix_then_no_record_of_less),
        cmocka_unit_test(test_param_sets_given_many_or_large_ones_then_up_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
