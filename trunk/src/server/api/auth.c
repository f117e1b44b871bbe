#include "server/api/auth.h"
#include "core/crypto.h"
#include "core/log.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *scheme_of(const struct srs_config_auth *auth)
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
    const char *scheme = scheme_of(auth);
    if (authorization == NULL || authorization[0] == '\0')
        return SRS_API_ASKED;
    size_t size = strcspn(authorization, " ");
    if (size != strlen(scheme) || strncasecmp(authorization, scheme, size) != 0)
        return SRS_API_REFUSED;
    const char *given = authorization + size;
    given += strspn(given, " ");
    if (auth->type == SRS_CONFIG_AUTH_BEARER)
        return auth->token[0] != '\0' && same(auth->token, given) ? SRS_API_ALLOWED : SRS_API_ASKED;
    return is_basic(auth, given) ? SRS_API_ALLOWED : SRS_API_ASKED;
}

bool srs_api_is_guarded(const struct srs_config *config, const char *path)
{
    return config->http_api.auth.enabled && strstr(path, "/api/") != NULL;
}

SRS_YIELDS SRS_ERR srs_api_guard(struct srs_exchange *exchange, bool *refused)
{
    srs_co_may_yield();
    const struct srs_config *config = exchange->server->config;
    *refused = false;
    if (!srs_api_is_guarded(config, exchange->request->path))
        return SRS_OK;
    const struct srs_config_auth *auth = &config->http_api.auth;
    const char *authorization = srs_http_request_header(exchange->request, "Authorization");
    enum srs_api_verdict verdict = srs_api_judge(auth, authorization);
    if (verdict == SRS_API_ALLOWED)
        return SRS_OK;
    *refused = true;
    srs_log_debug("api", "unauthorized credentials=%s", authorization != NULL ? "wrong" : "none");
    struct srs_http_response response = srs_exchange_response(exchange, 401);
    if (verdict == SRS_API_ASKED)
        response.authenticate = scheme_of(auth);
    struct srs_exchange_stream stream = {.exchange = exchange,
                                         .chunked = srs_http_response_is_chunked(&response),
                                         .head_only = response.head_only};
    srs_err err = srs_exchange_head(exchange, &response);
    return err ? err : srs_exchange_end(&stream);
}
