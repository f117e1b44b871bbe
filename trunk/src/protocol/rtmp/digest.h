// Digest of handshake blocks: found in a peer's first block, put into our first block, and the
// signature at the end of our second one.
#pragma once
#include "core/crypto.h"
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_RTMP_DIGEST_BLOCK = 1536 };

// Where the digest lies: in the part of the block that begins at 8 or in the one that begins at
// 772.
enum srs_rtmp_digest_layout { SRS_RTMP_DIGEST_NONE, SRS_RTMP_DIGEST_D8, SRS_RTMP_DIGEST_D772 };
enum srs_rtmp_digest_side { SRS_RTMP_DIGEST_CLIENT, SRS_RTMP_DIGEST_SERVER };

struct srs_rtmp_digest {
    enum srs_rtmp_digest_layout layout; // NONE: the block is not signed
    size_t at;                          // of its 32 bytes in the block
};

// Looks for the digest of that side, at most two HMACs. Errors of srs_crypto_hmac_sha256.
SRS_ERR srs_rtmp_digest_find(const uint8_t block[SRS_RTMP_DIGEST_BLOCK],
                             enum srs_rtmp_digest_side side, struct srs_rtmp_digest *out);

// Puts the digest into a first block (C1, S1) that is filled otherwise. Errors as above.
SRS_ERR srs_rtmp_digest_put(uint8_t block[SRS_RTMP_DIGEST_BLOCK], enum srs_rtmp_digest_side side,
                            enum srs_rtmp_digest_layout layout);

// Puts the signature into the last 32 bytes of a second block (C2, S2); `peer` is the digest in the
// peer's first block. Errors as above.
SRS_ERR srs_rtmp_digest_sign(uint8_t block[SRS_RTMP_DIGEST_BLOCK], enum srs_rtmp_digest_side side,
                             const uint8_t peer[SRS_SHA256_SIZE]);
