// What has start codes comes out with lengths that fill it, unit for unit. The record that is made
// of its parameter sets is one, and holds them.
#include "codec/annexb.h"
#include "codec/avc.h"
#include "codec/hevc.h"
#include "codec/param_sets.h"
#include "fuzz/fuzz.h"

typedef srs_err write_fn(struct srs_span unit, struct srs_wr *out);

// Every length is 4 bytes there and 2 in the record, whose other fields are 32 bytes at most.
static uint8_t *make(write_fn *write, struct srs_span unit, size_t *size)
{
    struct srs_wr wr = srs_wr_init(NULL, 0);
    *size = 0;
    if (write(unit, &wr) != SRS_OK)
        return NULL;
    fuzz_assert(wr.size <= unit.size + 32);
    uint8_t *bytes = malloc(wr.size);
    fuzz_assert(bytes != NULL);
    wr = srs_wr_init(bytes, wr.size);
    fuzz_assert(write(unit, &wr) == SRS_OK && !wr.bad && wr.size == wr.capacity);
    *size = wr.size;
    return bytes;
}

static void check_records(struct srs_span unit)
{
    struct srs_avc_record avc;
    struct srs_hevc_record hevc;
    size_t size = 0;
    uint8_t *bytes = make(srs_param_sets_write_avc, unit, &size);
    struct srs_rd in = srs_rd_init(bytes, size);
    if (bytes != NULL)
        fuzz_assert(srs_avc_record_read(&in, &avc) == SRS_OK && avc.sps_count > 0 &&
                    avc.pps_count > 0 && avc.length_size == 4 && avc.ext.size <= 4);
    free(bytes);
    bytes = make(srs_param_sets_write_hevc, unit, &size);
    in = srs_rd_init(bytes, size);
    if (bytes != NULL)
        fuzz_assert(srs_hevc_record_read(&in, &hevc) == SRS_OK && hevc.array_count == 3 &&
                    hevc.length_size == 4 && hevc.rest.size == 0 &&
                    srs_hevc_record_find(&hevc, SRS_HEVC_NALU_PPS).size > 0);
    free(bytes);
    (void)srs_bare(SRS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_span unit = {block.bytes, block.size};
    struct srs_wr wr = srs_wr_init(NULL, 0);

    if (srs_annexb_to_lengths(unit, &wr) != SRS_OK)
        return 0;
    fuzz_assert(wr.size <= 2 * size + 4);
    uint8_t *out = malloc(wr.size + 1);
    wr = srs_wr_init(out, wr.size);
    if (srs_annexb_to_lengths(unit, &wr) != SRS_OK)
        return 0;
    fuzz_assert(!wr.bad && wr.size == wr.capacity);
    struct srs_rd codes = srs_rd_init(unit.bytes, unit.size);
    struct srs_rd lengths = srs_rd_init(out, wr.size);
    struct srs_span one;
    struct srs_span two;
    while (srs_annexb_next(&codes, &one)) {
        if (one.size == 0)
            continue;
        fuzz_assert(srs_avc_nalu_read(&lengths, 4, &two) == SRS_OK);
        fuzz_assert_equal(one.bytes, one.size, two.bytes, two.size);
        fuzz_assert(one.bytes[one.size - 1] != 0);
    }
    fuzz_assert(srs_rd_left(&lengths) == 0);
    struct srs_span lengths_only = {out, wr.size};
    fuzz_assert(!srs_annexb_is(lengths_only, 4));
    check_records(lengths_only);
    check_records(unit);
    for (unsigned n = 1; n <= 4; n++)
        (void)srs_annexb_is(unit, n);
    free(out);
    fuzz_block_free(&block);
    return 0;
}
