// Digests, behind types of our own.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_SHA256_SIZE = 32 };

// HMAC-SHA256 (RFC 2104, FIPS 180-4) of `count` pieces, one behind the other. OPEN_SSL_CREATE_HMAC
// without memory or without that digest in the library; nothing of use is in `out` then.
SRS_ERR srs_crypto_hmac_sha256(struct srs_span key, const struct srs_span *pieces, size_t count,
                               uint8_t out[SRS_SHA256_SIZE]);
