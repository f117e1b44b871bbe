#include "server/api/auth.h"
#include "core/log.h"
#include "server/api/credentials.h"
#include <string.h>

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
    srs_log_debug("api", "unauthorized credentials=%s",
                  verdict == SRS_API_MISSING ? "none" : "wrong");
    struct srs_http_response response = srs_exchange_response(exchange, 401);
    if (verdict != SRS_API_OTHER_SCHEME)
        response.authenticate = srs_api_scheme(auth);
    struct srs_exchange_stream stream = {.exchange = exchange,
                                         .chunked = srs_http_response_is_chunked(&response),
                                         .head_only = response.head_only};
    srs_err err = srs_exchange_head(exchange, &response);
    return err ? err : srs_exchange_end(&stream);
}
