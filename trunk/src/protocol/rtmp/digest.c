// Signed handshake blocks, as players since Flash 9.0.115 send them and expect them. Nothing is
// kept secret by it: both keys are in every player. Not in RTMP 1.0; after the captures in
// tests/vectors/rtmp/handshake.txt. Left out: the public key in the other half of a block, which
// only encrypted RTMP uses.
#include "protocol/rtmp/digest.h"

enum {
    PLACES = 728, // a digest begins at one of so many places
    TAIL = 32,
    CLIENT_NAME = 30, // bytes of the key without its tail
    SERVER_NAME = 36,
    SIGNED = SRS_RTMP_DIGEST_BLOCK - SRS_SHA256_SIZE
};

#define KEY_TAIL                                                                                  \
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e,     \
        0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, \
        0x31, 0xae

static const uint8_t client_key[CLIENT_NAME + TAIL] = {
    'G', 'e', 'n', 'u', 'i', 'n', 'e', ' ', 'A', 'd', 'o', 'b', 'e', ' ', 'F',     'l',
    'a', 's', 'h', ' ', 'P', 'l', 'a', 'y', 'e', 'r', ' ', '0', '0', '1', KEY_TAIL};
static const uint8_t server_key[SERVER_NAME + TAIL] = {
    'G', 'e', 'n', 'u', 'i', 'n', 'e', ' ', 'A', 'd', 'o',     'b', 'e',
    ' ', 'F', 'l', 'a', 's', 'h', ' ', 'M', 'e', 'd', 'i',     'a', ' ',
    'S', 'e', 'r', 'v', 'e', 'r', ' ', '0', '0', '1', KEY_TAIL};

// Of first blocks the name alone is the key, of signatures the whole.
static struct srs_span key_of(enum srs_rtmp_digest_side side, bool whole)
{
    if (side == SRS_RTMP_DIGEST_CLIENT)
        return (struct srs_span){client_key, whole ? sizeof client_key : CLIENT_NAME};
    return (struct srs_span){server_key, whole ? sizeof server_key : SERVER_NAME};
}

// Four bytes at the beginning of the half add up to the place.
static size_t place_of(const uint8_t *block, enum srs_rtmp_digest_layout layout)
{
    size_t half = layout == SRS_RTMP_DIGEST_D8 ? 8 : 772;
    const uint8_t *four = block + half;
    return half + 4 + (size_t)(four[0] + four[1] + four[2] + four[3]) % PLACES;
}

// Of all bytes of the block but the 32 at `at`.
static srs_err digest_of(const uint8_t *block, size_t at, enum srs_rtmp_digest_side side,
                         uint8_t out[SRS_SHA256_SIZE])
{
    size_t end = at + SRS_SHA256_SIZE;
    const struct srs_span around[] = {{block, at}, {block + end, SRS_RTMP_DIGEST_BLOCK - end}};
    return srs_crypto_hmac_sha256(key_of(side, false), around, 2, out);
}

SRS_ERR srs_rtmp_digest_find(const uint8_t block[SRS_RTMP_DIGEST_BLOCK],
                             enum srs_rtmp_digest_side side, struct srs_rtmp_digest *out)
{
    static const enum srs_rtmp_digest_layout layouts[] = {SRS_RTMP_DIGEST_D8, SRS_RTMP_DIGEST_D772};
    *out = (struct srs_rtmp_digest){.layout = SRS_RTMP_DIGEST_NONE};
    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[SRS_SHA256_SIZE];
        size_t at = place_of(block, layouts[i]);
        srs_err err = digest_of(block, at, side, digest);
        if (err)
            return err;
        if (memcmp(digest, block + at, sizeof digest) == 0) {
            *out = (struct srs_rtmp_digest){.layout = layouts[i], .at = at};
            return SRS_OK;
        }
    }
    return SRS_OK;
}

SRS_ERR srs_rtmp_digest_put(uint8_t block[SRS_RTMP_DIGEST_BLOCK], enum srs_rtmp_digest_side side,
                            enum srs_rtmp_digest_layout layout)
{
    size_t at = place_of(block, layout);
    return digest_of(block, at, side, block + at);
}

SRS_ERR srs_rtmp_digest_sign(uint8_t block[SRS_RTMP_DIGEST_BLOCK], enum srs_rtmp_digest_side side,
                             const uint8_t peer[SRS_SHA256_SIZE])
{
    uint8_t key[SRS_SHA256_SIZE];
    const struct srs_span digest = {peer, SRS_SHA256_SIZE};
    const struct srs_span body = {block, SIGNED};
    srs_err err = srs_crypto_hmac_sha256(key_of(side, true), &digest, 1, key);
    if (err)
        return err;
    return srs_crypto_hmac_sha256((struct srs_span){key, sizeof key}, &body, 1, block + SIGNED);
}
