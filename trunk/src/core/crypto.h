// Digests, behind types of our own.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_SHA256_SIZE = 32 };

// Has the library read its own files and set itself up now, megabytes and milliseconds that the
// first handshake would otherwise take.
void srs_crypto_init(void);

// HMAC-SHA256 (RFC 2104, FIPS 180-4) of `count` pieces, one behind the other. OPEN_SSL_CREATE_HMAC
// without memory or without that digest in the library; nothing of use is in `out` then.
SRS_ERR srs_crypto_hmac_sha256(struct srs_span key, const struct srs_span *pieces, size_t count,
                               uint8_t out[SRS_SHA256_SIZE]);

enum { SRS_SHA1_SIZE = 20 };

// For what a protocol prescribes it for (WebSocket's accept); not for secrets. Ends the process
// when there is no memory for it.
void srs_crypto_sha1(struct srs_span in, uint8_t out[SRS_SHA1_SIZE]);

// Whether both are the same bytes, in a time that does not depend on where they differ: for
// passwords and tokens.
bool srs_crypto_same(struct srs_span a, struct srs_span b);

// Characters that `size` bytes take in base64, with the terminator.
#define SRS_BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
// RFC 4648 section 4, with padding; `out` holds SRS_BASE64_SIZE(in.size).
void srs_crypto_base64(struct srs_span in, char *out);
