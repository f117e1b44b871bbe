#include "server/api/credentials.h"
#include "core/crypto.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *srs_api_scheme(const struct srs_config_auth *auth)
{
    return auth->type == SRS_CONFIG_AUTH_BEARER ? "Bearer" : "Basic";
}

static bool same(const char *a, const char *b)
{
    return srs_crypto_same((struct srs_span){(const uint8_t *)a, strlen(a)},
                           (struct srs_span){(const uint8_t *)b, strlen(b)});
}

// The one form that name and password have in base64; no client sends another one. The password may
// hold colons.
static bool is_basic(const struct srs_config_auth *auth, const char *given)
{
    char plain[2 * SRS_CONFIG_SECRET_MAX + 2];
    char wanted[SRS_BASE64_SIZE(sizeof plain)];
    if (auth->username[0] == '\0' || auth->password[0] == '\0')
        return false;
    int size = snprintf(plain, sizeof plain, "%s:%s", auth->username, auth->password);
    if (size < 0 || (size_t)size >= sizeof plain)
        return false;
    srs_crypto_base64((struct srs_span){(const uint8_t *)plain, (size_t)size}, wanted);
    return same(wanted, given);
}

enum srs_api_verdict srs_api_judge(const struct srs_config_auth *auth, const char *authorization)
{
    const char *scheme = srs_api_scheme(auth);
    if (authorization == NULL || authorization[0] == '\0')
        return SRS_API_MISSING;
    size_t size = strcspn(authorization, " ");
    if (size != strlen(scheme) || strncasecmp(authorization, scheme, size) != 0)
        return SRS_API_OTHER_SCHEME;
    const char *given = authorization + size;
    given += strspn(given, " ");
    if (auth->type == SRS_CONFIG_AUTH_BEARER)
        return auth->token[0] != '\0' && same(auth->token, given) ? SRS_API_ALLOWED : SRS_API_WRONG;
    return is_basic(auth, given) ? SRS_API_ALLOWED : SRS_API_WRONG;
}
