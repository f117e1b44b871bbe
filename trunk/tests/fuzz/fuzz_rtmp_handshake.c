// Either side of the handshake, fed in pieces: it ends or asks for more, answers once, and keeps
// nothing. The first byte: bit 0 = client, bit 1 = C1 is signed here, bit 2 = in the second layout.
// Covers: rtmp/handshake.c rtmp/digest.c
#include "fuzz/fuzz.h"
#include "protocol/rtmp/digest.h"
#include "protocol/rtmp/handshake.h"

enum { LIMIT = 64 * 1024 };

// The input with a valid digest in its C1, which flipped bytes never have; NULL without a whole C1.
static uint8_t *signed_copy(const uint8_t *data, size_t size, enum srs_rtmp_digest_layout layout)
{
    uint8_t *copy = size > SRS_RTMP_HS_FIRST ? malloc(size) : NULL;
    if (copy == NULL)
        return NULL;
    memcpy(copy, data, size);
    fuzz_assert(srs_rtmp_digest_put(copy + 1, SRS_RTMP_DIGEST_CLIENT, layout) == SRS_OK);
    return copy;
}

// A signed C1 is answered signed, in its layout unless a digest is found in the first one too.
static void check_signed(struct srs_span answer, enum srs_rtmp_digest_layout layout)
{
    struct srs_rtmp_digest digest;
    fuzz_assert(srs_rtmp_digest_find(answer.bytes + 1, SRS_RTMP_DIGEST_SERVER, &digest) == SRS_OK);
    fuzz_assert(digest.layout == layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool client = (data[0] & 1) != 0;
    enum srs_rtmp_digest_layout layout =
        (data[0] & 4) != 0 ? SRS_RTMP_DIGEST_D772 : SRS_RTMP_DIGEST_D8;
    uint8_t *copy = !client && (data[0] & 2) != 0 ? signed_copy(data + 1, size - 1, layout) : NULL;
    struct fuzz_split split = fuzz_split_init(copy != NULL ? copy : data + 1, size - 1);
    struct fuzz_block piece;
    struct srs_buf out = {0};
    struct srs_rtmp_hs hs;
    srs_err err = SRS_E_AGAIN;

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
    if (copy != NULL && answer > 0 && copy[0] == SRS_RTMP_HS_VERSION)
        check_signed(srs_buf_span(&out), layout);
    free(copy);
    srs_err_drop(err, "every end is good");
    srs_rtmp_hs_fini(&hs);
    srs_buf_fini(&out);
    return 0;
}
