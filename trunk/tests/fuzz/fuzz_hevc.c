// First byte: what the rest is. A record is written back byte for byte, parameter sets have sane
// sizes, an access unit is searched for its random access point.
#include "codec/hevc.h"
#include "fuzz/fuzz.h"

static void check_sps(struct srs_span nalu)
{
    struct srs_hevc_sps sps;
    if (srs_hevc_sps_read(nalu, &sps) != SRS_OK)
        return;
    fuzz_assert(sps.width > 0 && sps.width <= 65535 && sps.height > 0 && sps.height <= 65535);
    fuzz_assert(sps.chroma_format <= 3 && sps.bit_depth_luma >= 8 && sps.bit_depth_luma <= 16);
    fuzz_assert((sps.units_in_tick == 0) == (sps.time_scale == 0));
    fuzz_assert(srs_hevc_profile_name(sps.profile)[0] != '\0');
    fuzz_assert(srs_hevc_level_name(sps.level)[0] != '\0');
}

static void check_vps(struct srs_span nalu)
{
    struct srs_hevc_vps vps;
    if (srs_hevc_vps_read(nalu, &vps) == SRS_OK)
        fuzz_assert(vps.sub_layers >= 1 && vps.sub_layers <= 7 &&
                    (vps.units_in_tick == 0) == (vps.time_scale == 0));
}

static void check_record(struct srs_rd in)
{
    struct srs_hevc_record record, again;
    size_t size = srs_rd_left(&in);
    if (srs_hevc_record_read(&in, &record) != SRS_OK)
        return;
    check_sps(srs_hevc_record_find(&record, SRS_HEVC_NALU_SPS));
    check_vps(srs_hevc_record_find(&record, SRS_HEVC_NALU_VPS));
    uint8_t *bytes = malloc(size);
    fuzz_assert(bytes != NULL);
    struct srs_wr out = srs_wr_init(bytes, size);
    srs_hevc_record_write(&out, &record);
    fuzz_assert(!out.bad && out.size == size);
    in = srs_rd_init(bytes, size);
    fuzz_assert(srs_hevc_record_read(&in, &again) == SRS_OK);
    fuzz_assert(again.length_size == record.length_size && again.level == record.level &&
                again.constraints == record.constraints && again.compat == record.compat);
    fuzz_assert_equal(record.arrays.bytes, record.arrays.size, again.arrays.bytes,
                      again.arrays.size);
    fuzz_assert_equal(record.rest.bytes, record.rest.size, again.rest.bytes, again.rest.size);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fuzz_block block = fuzz_block_copy(data + 1, size - 1);
    struct srs_span all = {block.bytes, block.size};
    bool key = false;
    switch (data[0] % 4) {
    case 0:
        check_record(srs_rd_init(all.bytes, all.size));
        break;
    case 1:
        check_sps(all);
        break;
    case 2:
        check_vps(all);
        break;
    default:
        fuzz_assert(srs_hevc_is_key(all, data[0] / 4 % 4 + 1, &key) == SRS_OK || !key);
        break;
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
    return 0;
}
