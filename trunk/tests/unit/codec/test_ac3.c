// AC-3 and E-AC-3: headers of libavcodec's encoders with the size of their frames; reserved values.
#include "codec/ac3.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    bool enhanced;
    uint8_t channels;
    uint32_t rate;
    uint16_t samples;
    uint32_t size;
} frames[] = {
    {"AC-3 48 kHz mono", "0b77b6960c402f842bc1", SRS_OK, false, 1, 48000, 1536, 384},
    {"AC-3 44.1 kHz stereo", "0b77e576544043e106f5", SRS_OK, false, 2, 44100, 1536, 834},
    {"AC-3 32 kHz 5.1", "0b7755399e40ebf8403e", SRS_OK, false, 6, 32000, 1536, 2688},
    {"AC-3 44.1 kHz, the longer length", "0b77e576554043e106f5", SRS_OK, false, 2, 44100, 1536,
     836},
    {"E-AC-3 48 kHz stereo", "0b77017f3487c0002084", SRS_OK, true, 2, 48000, 1536, 768},
    {"E-AC-3 48 kHz 5.1", "0b77037f3f87c0002084", SRS_OK, true, 6, 48000, 1536, 1792},
    {"E-AC-3 of one block", "0b77017f0487c0002084", SRS_OK, true, 2, 48000, 256, 768},
    {"E-AC-3 24 kHz", "0b77017fc487c0002084", SRS_OK, true, 2, 24000, 1536, 768},
    {"E-AC-3 dependent", "0b77417f3487c0002084", SRS_OK, true, 2, 48000, 1536, 768},
    {"AC-3 rate reserved", "0b77b696cc402f842bc1", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
    {"AC-3 size 38", "0b77b69626402f842bc1", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
    {"E-AC-3 type 3", "0b77c17f3487c0002084", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
    {"E-AC-3 rate reserved", "0b77017ff487c0002084", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
    {"bsid 17", "0b77017f348fc0002084", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
    {"no sync", "0b76b6960c402f842bc1", SRS_E_AC3_HEADER, false, 0, 0, 0, 0},
};

static void test_ac3_frame_given_headers_then_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(frames); i++) {
        uint8_t bytes[16];
        size_t size = hex_bytes(frames[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_ac3_frame frame;
        assert_err(frames[i].want, srs_ac3_frame_read(&in, &frame), frames[i].why);
        if (frames[i].want == SRS_OK &&
            (frame.enhanced != frames[i].enhanced || frame.channels != frames[i].channels ||
             frame.sample_rate != frames[i].rate || frame.samples != frames[i].samples ||
             frame.size != frames[i].size || frame.has_lfe != (frame.channels == 6) ||
             frame.dependent != (bytes[2] >> 6 == 1 && frame.enhanced)))
            fail_msg("%s: channels %u rate %u samples %u size %u", frames[i].why, frame.channels,
                     frame.sample_rate, frame.samples, frame.size);
        for (size_t n = 0; n < 6; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_AC3_HEADER, srs_ac3_frame_read(&in, &frame), frames[i].why);
        }
    }
}

// A rate that bsid 9 and 10 halve and quarter.
static void test_ac3_frame_given_bsid_9_and_10_then_lower_rates(void **state)
{
    (void)state;
    uint8_t bytes[] = {0x0B, 0x77, 0xB6, 0x96, 0x0C, 0x48, 0x2F, 0x84};
    struct srs_ac3_frame frame;
    struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
    assert_err(SRS_OK, srs_ac3_frame_read(&in, &frame), "9");
    assert_int_equal(frame.sample_rate, 24000);
    bytes[5] = 0x50;
    in = srs_rd_init(bytes, sizeof bytes);
    assert_err(SRS_OK, srs_ac3_frame_read(&in, &frame), "10");
    assert_int_equal(frame.sample_rate, 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ac3_frame_given_headers_then_fields),
        cmocka_unit_test(test_ac3_frame_given_bsid_9_and_10_then_lower_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
