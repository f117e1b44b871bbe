// A configuration that is read has sane fields; one that can be written is read again as the same.
#include "codec/aac.h"
#include "fuzz/fuzz.h"

static void check_again(const struct srs_aac_config *config)
{
    uint8_t once[SRS_AAC_CONFIG_MAX], twice[SRS_AAC_CONFIG_MAX];
    struct srs_wr one = srs_wr_init(once, sizeof once);
    struct srs_wr two = srs_wr_init(twice, sizeof twice);
    struct srs_aac_config again;
    if (srs_aac_config_write(&one, config) != SRS_OK)
        return;
    fuzz_assert(!one.bad);
    struct srs_rd in = srs_rd_init(once, one.size);
    fuzz_assert(srs_aac_config_read(&in, &again) == SRS_OK);
    fuzz_assert(again.object_type == config->object_type && again.signal == config->signal);
    fuzz_assert(again.sample_rate == config->sample_rate && again.sbr == config->sbr);
    fuzz_assert(again.ext_sample_rate == config->ext_sample_rate && again.ps == config->ps);
    fuzz_assert(again.channels == config->channels && again.frame_length == config->frame_length);
    fuzz_assert(srs_aac_config_write(&two, &again) == SRS_OK);
    fuzz_assert_equal(once, one.size, twice, two.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_rd in = srs_rd_init(block.bytes, block.size);
    struct srs_aac_config config;

    if (srs_aac_config_read(&in, &config) == SRS_OK) {
        fuzz_assert(config.sample_rate > 0 && config.sample_rate < 1u << 24);
        fuzz_assert(srs_aac_output_rate(&config) > 0 && srs_aac_output_channels(&config) <= 100);
        fuzz_assert(srs_aac_profile_name(&config)[0] != '\0');
        check_again(&config);
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
    return 0;
}
