// Any bytes as a row of AMF3 values: what is written as AMF0 reads as one value, skipping and
// writing take the same bytes, and the room that was counted is the room that is needed.
#include "codec/amf0.h"
#include "codec/amf3.h"
#include "fuzz/fuzz.h"

enum { ROOM = 64 * 1024 };

static void check_written(struct srs_rd in, size_t counted)
{
    uint8_t *room = malloc(counted > 0 ? counted : 1);
    fuzz_assert(room != NULL);
    struct srs_wr out = srs_wr_init(room, counted);
    fuzz_assert(srs_amf3_to_amf0(&in, &out) == SRS_OK);
    if (!out.bad) { // a name that AMF0 cannot hold is bad as well
        struct srs_rd back = srs_rd_init(room, out.size);
        srs_err err = srs_amf0_skip(&back);
        fuzz_assert(out.size == counted);
        fuzz_assert(err == SRS_OK && srs_rd_left(&back) == 0);
    }
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_rd in = srs_rd_init(block.bytes, block.size);
    srs_err err = SRS_OK;
    while (!err && srs_rd_left(&in) > 0) {
        struct srs_rd again = in;
        struct srs_rd begin = in;
        struct srs_wr count = srs_wr_init(NULL, 0);
        srs_err skipped = srs_amf3_skip(&again, 0, &(unsigned){0});
        err = srs_amf3_to_amf0(&in, &count);
        fuzz_assert(err != SRS_OK || (skipped == SRS_OK && again.at == in.at));
        if (!err && count.size <= ROOM)
            check_written(begin, count.size);
    }
    srs_err_drop(err, "every end is good");
    fuzz_block_free(&block);
    return 0;
}
