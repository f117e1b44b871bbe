// FLAC: STREAMINFO of libavcodec's encoder, bare and wrapped, all prefixes.
#include "codec/flac.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

#define STEREO "120012000004a30005080ac442f0000022745d105ceb212ad5d36e4f5608def3d8b7"
#define HIGH   "200020000031c0008941770017000004b00603f481a60cff967d75a0670c8c32fae0"

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    uint32_t rate;
    uint8_t channels;
    uint8_t bits;
    uint64_t samples;
} infos[] = {
    {"bare, 44.1 kHz stereo", STEREO, SRS_OK, 44100, 2, 16, 8820},
    {"wrapped", "664c6143 00000022" STEREO, SRS_OK, 44100, 2, 16, 8820},
    {"wrapped, the last block", "664c6143 80000022" STEREO, SRS_OK, 44100, 2, 16, 8820},
    {"rate and samples not known",
     "10001000000000000000 00000 0f 000000000"
     "00000000000000000000000000000000",
     SRS_OK, 0, 1, 16, 0},
    {"another block first", "664c6143 04000022" STEREO, SRS_E_FLAC_INFO, 0, 0, 0, 0},
    {"a longer block", "664c6143 00000023" STEREO "00", SRS_E_FLAC_INFO, 0, 0, 0, 0},
    {"blocks of 15 samples", "000f12000004a30005080ac442f0000022745d105ceb212ad5d36e4f5608def3d8b7",
     SRS_E_FLAC_INFO, 0, 0, 0, 0},
    {"largest block below the least",
     "120011000004a30005080ac442f0000022745d105ceb212ad5d36e4f5608def3d8b7", SRS_E_FLAC_INFO, 0, 0,
     0, 0},
    {"samples of 3 bits", "120012000004a30005080ac442200000227 45d105ceb212ad5d36e4f5608def3d8b7",
     SRS_E_FLAC_INFO, 0, 0, 0, 0},
};

static void test_flac_info_given_bytes_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(infos); i++) {
        uint8_t bytes[48];
        uint8_t again[48];
        size_t size = hex_bytes(infos[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_flac_info info;
        assert_true(size >= SRS_FLAC_INFO_SIZE);
        assert_err(infos[i].want, srs_flac_info_read(&in, &info), infos[i].why);
        if (infos[i].want == SRS_OK) {
            if (info.sample_rate != infos[i].rate || info.channels != infos[i].channels ||
                info.bits != infos[i].bits || info.samples != infos[i].samples)
                fail_msg("%s: rate %u channels %u bits %u", infos[i].why, info.sample_rate,
                         info.channels, info.bits);
            struct srs_wr out = srs_wr_init(again, sizeof again);
            srs_flac_info_write(&out, &info);
            assert_int_equal(out.size, SRS_FLAC_INFO_SIZE);
            assert_memory_equal(again, bytes + size - SRS_FLAC_INFO_SIZE, out.size);
        }
        for (size_t n = 0; n < SRS_FLAC_INFO_SIZE; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_FLAC_INFO, srs_flac_info_read(&in, &info), infos[i].why);
        }
        // Cut behind its head, the wrapping must not be taken for the block.
        for (size_t n = SRS_FLAC_INFO_SIZE + 1; n < size; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_FLAC_INFO, srs_flac_info_read(&in, &info), infos[i].why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flac_info_given_bytes_then_fields_and_written_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
