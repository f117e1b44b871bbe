// Digests, by libcrypto. An algorithm is fetched once and kept: the look-up costs more than the
// digest of a handshake.
#include "core/crypto.h"
#include "core/assert.h"
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

static EVP_MAC *hmac;

static EVP_MAC_CTX *context_new(void)
{
    if (hmac == NULL)
        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    return hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
}

SRS_ERR srs_crypto_hmac_sha256(struct srs_span key, const struct srs_span *pieces, size_t count,
                               uint8_t out[SRS_SHA256_SIZE])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    size_t size = 0;
    EVP_MAC_CTX *context = context_new();
    bool good = context != NULL && EVP_MAC_init(context, key.bytes, key.size, params) == 1;
    for (size_t i = 0; i < count && good; i++)
        good = pieces[i].size == 0 || EVP_MAC_update(context, pieces[i].bytes, pieces[i].size) == 1;
    good = good && EVP_MAC_final(context, out, &size, SRS_SHA256_SIZE) == 1;
    EVP_MAC_CTX_free(context);
    if (!good || size != SRS_SHA256_SIZE)
        return srs_fail(SRS_E_OPEN_SSL_CREATE_HMAC, "HMAC-SHA256 with a key of %zu bytes",
                        key.size);
    return SRS_OK;
}

void srs_crypto_init(void)
{
    static const uint8_t key;
    uint8_t out[SRS_SHA256_SIZE];
    srs_err err = srs_crypto_hmac_sha256((struct srs_span){&key, 1}, NULL, 0, out);
    srs_err_drop(err, "told when somebody needs it");
}

void srs_crypto_sha1(struct srs_span in, uint8_t out[SRS_SHA1_SIZE])
{
    unsigned size = 0;
    int done = EVP_Digest(in.bytes, in.size, out, &size, EVP_sha1(), NULL);
    srs_assert(done == 1 && size == SRS_SHA1_SIZE);
}

// Digests have one length, whatever the lengths of what is compared.
bool srs_crypto_same(struct srs_span a, struct srs_span b)
{
    uint8_t first[SRS_SHA256_SIZE];
    uint8_t second[SRS_SHA256_SIZE];
    int done = EVP_Digest(a.bytes, a.size, first, NULL, EVP_sha256(), NULL);
    done &= EVP_Digest(b.bytes, b.size, second, NULL, EVP_sha256(), NULL);
    return done == 1 && CRYPTO_memcmp(first, second, sizeof first) == 0;
}

void srs_crypto_base64(struct srs_span in, char *out)
{
    srs_assert(in.size <= INT_MAX / 2);
    (void)EVP_EncodeBlock((unsigned char *)out, in.bytes, (int)in.size);
}
