// First byte: what the rest is. A record is written back byte for byte, an SPS has a sane size, an
// access unit with lengths of 1 to 4 bytes is measured as it is written, and is a fixed point of
// being rewritten.
#include "codec/avc.h"
#include "fuzz/fuzz.h"

static void check_sps(struct srs_span nalu)
{
    struct srs_avc_sps sps;
    if (srs_avc_sps_read(nalu, &sps) != SRS_OK)
        return;
    fuzz_assert(sps.width > 0 && sps.width <= 65536 && sps.height > 0 && sps.height <= 131072);
    fuzz_assert(sps.chroma_format <= 3 && sps.bit_depth_luma >= 8 && sps.bit_depth_luma <= 14);
    fuzz_assert(srs_avc_sps_frame_rate(&sps) >= 0);
    fuzz_assert(srs_avc_profile_name(sps.profile)[0] != '\0');
    fuzz_assert(srs_avc_level_name(sps.level)[0] != '\0');
}

static void check_record(struct srs_rd in)
{
    struct srs_avc_record record, again;
    struct srs_span set;
    size_t size = srs_rd_left(&in);
    if (srs_avc_record_read(&in, &record) != SRS_OK)
        return;
    struct srs_rd list = srs_rd_init(record.sps.bytes, record.sps.size);
    for (unsigned i = 0; i < record.sps_count; i++) {
        fuzz_assert(srs_avc_set_read(&list, &set) == SRS_OK);
        check_sps(set);
    }
    fuzz_assert(srs_rd_left(&list) == 0);
    uint8_t *bytes = malloc(size);
    fuzz_assert(bytes != NULL);
    struct srs_wr out = srs_wr_init(bytes, size);
    srs_avc_record_write(&out, &record);
    fuzz_assert(!out.bad && out.size == size);
    in = srs_rd_init(bytes, size);
    fuzz_assert(srs_avc_record_read(&in, &again) == SRS_OK);
    fuzz_assert(again.length_size == record.length_size && again.level == record.level);
    fuzz_assert_equal(record.sps.bytes, record.sps.size, again.sps.bytes, again.sps.size);
    fuzz_assert_equal(record.pps.bytes, record.pps.size, again.pps.bytes, again.pps.size);
    fuzz_assert_equal(record.ext.bytes, record.ext.size, again.ext.bytes, again.ext.size);
    free(bytes);
}

static void check_unit(struct srs_span unit, unsigned length_size)
{
    bool key = false, key_again = false;
    struct srs_wr measure = srs_wr_init(NULL, 0);
    if (srs_avc_rewrite(unit, length_size, &measure) != SRS_OK)
        return;
    fuzz_assert(measure.size <= 4 * unit.size);
    fuzz_assert(srs_avc_is_key(unit, length_size, &key) == SRS_OK);
    uint8_t *bytes = malloc(measure.size + 1);
    uint8_t *twice = malloc(measure.size + 1);
    fuzz_assert(bytes != NULL && twice != NULL);
    struct srs_wr out = srs_wr_init(bytes, measure.size);
    fuzz_assert(srs_avc_rewrite(unit, length_size, &out) == SRS_OK && !out.bad);
    struct srs_span again = {bytes, out.size};
    struct srs_wr last = srs_wr_init(twice, measure.size);
    fuzz_assert(srs_avc_rewrite(again, 4, &last) == SRS_OK);
    fuzz_assert_equal(bytes, out.size, twice, last.size);
    fuzz_assert(srs_avc_is_key(again, 4, &key_again) == SRS_OK && key == key_again);
    free(bytes);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fuzz_block block = fuzz_block_copy(data + 1, size - 1);
    struct srs_span all = {block.bytes, block.size};
    switch (data[0] % 6) {
    case 0:
        check_record(srs_rd_init(all.bytes, all.size));
        break;
    case 5:
        check_sps(all);
        break;
    default:
        check_unit(all, data[0] % 6);
        break;
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
    return 0;
}
