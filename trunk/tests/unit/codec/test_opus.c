// Opus: identification headers of libopus, packets of every shape, all prefixes.
#include "codec/opus.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    uint8_t channels;
    uint8_t streams;
} heads[] = {
    {"mono", "4f707573486561640101380180bb0000000000", SRS_OK, 1, 0},
    {"stereo", "4f707573486561640102380180bb0000000000", SRS_OK, 2, 0},
    {"5.1", "4f707573486561640106380180bb00000000010402000401020305", SRS_OK, 6, 4},
    {"with gain", "4f707573486561640102000044ac000000ff00", SRS_OK, 2, 0},
    {"other magic", "4f707573546167730102380180bb0000000000", SRS_E_OPUS_HEAD, 0, 0},
    {"version 16", "4f707573486561641002380180bb0000000000", SRS_E_OPUS_HEAD, 0, 0},
    {"no channel", "4f707573486561640100380180bb0000000000", SRS_E_OPUS_HEAD, 0, 0},
    {"3 channels of family 0", "4f707573486561640103380180bb0000000000", SRS_E_OPUS_HEAD, 0, 0},
    {"no stream", "4f707573486561640101380180bb0000000001000000", SRS_E_OPUS_HEAD, 0, 0},
    {"more coupled than streams", "4f707573486561640101380180bb0000000001010200", SRS_E_OPUS_HEAD,
     0, 0},
    {"256 streams", "4f707573486561640101380180bb0000000001808000", SRS_E_OPUS_HEAD, 0, 0},
};

static void test_opus_head_given_bytes_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(heads); i++) {
        uint8_t bytes[32];
        uint8_t again[32];
        size_t size = hex_bytes(heads[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_opus_head head;
        assert_err(heads[i].want, srs_opus_head_read(&in, &head), heads[i].why);
        if (heads[i].want == SRS_OK) {
            assert_true(head.channels == heads[i].channels && head.streams == heads[i].streams);
            struct srs_wr out = srs_wr_init(again, sizeof again);
            srs_opus_head_write(&out, &head);
            assert_int_equal(size, out.size);
            assert_memory_equal(bytes, again, size);
        }
        for (size_t n = 0; n < size; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_OPUS_HEAD, srs_opus_head_read(&in, &head), heads[i].why);
        }
    }
}

static void test_opus_toc_given_packets_then_frames_and_samples(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        srs_err want;
        uint8_t config;
        uint8_t frames;
        uint16_t samples;
        bool stereo;
    } rows[] = {
        {"libopus mono, CELT 20 ms", "f8", SRS_OK, 31, 1, 960, false},
        {"stereo", "fc", SRS_OK, 31, 1, 960, true},
        {"CELT 2.5 ms", "80", SRS_OK, 16, 1, 120, false},
        {"SILK 60 ms", "18", SRS_OK, 3, 1, 2880, false},
        {"SILK 60 ms twice", "19", SRS_OK, 3, 2, 2880, false},
        {"hybrid 10 ms", "60", SRS_OK, 12, 1, 480, false},
        {"hybrid 20 ms, two of two sizes", "6a", SRS_OK, 13, 2, 960, false},
        {"CELT 10 ms", "f0", SRS_OK, 30, 1, 480, false},
        {"48 of 2.5 ms", "8330", SRS_OK, 16, 48, 120, false},
        {"49 of 2.5 ms", "8331", SRS_E_OPUS_HEAD, 0, 0, 0, false},
        {"none", "8300", SRS_E_OPUS_HEAD, 0, 0, 0, false},
        {"3 of 60 ms", "1b03", SRS_E_OPUS_HEAD, 0, 0, 0, false},
        {"count cut", "83", SRS_E_OPUS_HEAD, 0, 0, 0, false},
        {"empty", "", SRS_E_OPUS_HEAD, 0, 0, 0, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[4];
        struct srs_span packet = {bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes)};
        struct srs_opus_toc toc;
        assert_err(rows[i].want, srs_opus_toc_read(packet, &toc), rows[i].why);
        if (rows[i].want == SRS_OK &&
            (toc.config != rows[i].config || toc.frames != rows[i].frames ||
             toc.frame_samples != rows[i].samples || toc.stereo != rows[i].stereo))
            fail_msg("%s: config %u frames %u samples %u", rows[i].why, toc.config, toc.frames,
                     toc.frame_samples);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opus_head_given_bytes_then_fields_and_written_back),
        cmocka_unit_test(test_opus_toc_given_packets_then_frames_and_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
