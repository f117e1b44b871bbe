// A file to be played from somewhere: the offset is in its last four bytes. What is wanted lies
// within it, the search ends, and so does what it finds.
#include "core/buf.h"
#include "fuzz/fuzz.h"
#include "server/files/flv_seek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srs_flv_seek seek;
    uint64_t offset;
    size_t want;
    srs_err err = SRS_OK;
    if (size < 4)
        return 0;
    struct srs_rd in = srs_rd_init(data + size - 4, 4);
    uint32_t start = srs_rd_u32(&in);
    size -= 4;
    srs_flv_seek_init(&seek, size, start > 0 ? start : 1);
    while (!err && srs_flv_seek_wants(&seek, &offset, &want)) {
        fuzz_assert(want <= SRS_FLV_SEEK_WANT_MAX && (want == 0 || offset + want <= size));
        struct fuzz_block block = fuzz_block_copy(data + (want > 0 ? offset : 0), want);
        err = srs_flv_seek_give(&seek, (struct srs_span){block.bytes, want});
        fuzz_block_free(&block);
    }
    if (!err) {
        fuzz_assert(seek.position < size && seek.position >= seek.start);
        fuzz_assert(srs_buf_size(&seek.prefix) <= size + 13);
    }
    srs_err_drop(err, "any outcome is fine");
    srs_flv_seek_fini(&seek);
    return 0;
}
