// What has start codes comes out with lengths that fill it, unit for unit.
#include "codec/annexb.h"
#include "codec/avc.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_span unit = {block.bytes, block.size};
    struct srs_wr wr = srs_wr_init(NULL, 0);

    srs_annexb_to_lengths(unit, &wr);
    fuzz_assert(wr.size <= 2 * size + 4);
    uint8_t *out = malloc(wr.size + 1);
    wr = srs_wr_init(out, wr.size);
    srs_annexb_to_lengths(unit, &wr);
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
    for (unsigned n = 1; n <= 4; n++)
        (void)srs_annexb_is(unit, n);
    free(out);
    fuzz_block_free(&block);
    return 0;
}
