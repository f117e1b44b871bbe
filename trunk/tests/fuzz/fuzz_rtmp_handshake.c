// Either side of the handshake, fed in pieces: it ends or asks for more, answers once, and keeps
// nothing. The first byte chooses the side.
#include "fuzz/fuzz.h"
#include "protocol/rtmp/handshake.h"

enum { LIMIT = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fuzz_split split = fuzz_split_init(data + 1, size - 1);
    struct fuzz_block piece;
    struct srs_buf out = {0};
    struct srs_rtmp_hs hs;
    srs_err err = SRS_E_AGAIN;
    bool client = (data[0] & 1) != 0;

    srs_rtmp_hs_init(&hs, client, 1, 1);
    while (err == SRS_E_AGAIN && fuzz_split_next(&split, &piece)) {
        struct srs_span in = {piece.bytes, piece.size};
        err = srs_rtmp_hs_feed(&hs, &in, &out, LIMIT);
        fuzz_assert(err == SRS_OK || in.size == 0 || err != SRS_E_AGAIN);
        fuzz_assert((err == SRS_OK) == srs_rtmp_hs_done(&hs));
        fuzz_block_free(&piece);
    }
    while (fuzz_split_next(&split, &piece))
        fuzz_block_free(&piece);
    size_t answer = srs_buf_size(&out);
    fuzz_assert(answer == 0 || answer == (client ? SRS_RTMP_HS_BLOCK : SRS_RTMP_HS_ANSWER));
    fuzz_assert(err != SRS_OK || (answer > 0 && hs.block == NULL));
    srs_err_drop(err, "every end is good");
    srs_rtmp_hs_fini(&hs);
    srs_buf_fini(&out);
    return 0;
}
