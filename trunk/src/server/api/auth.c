#include "server/api/auth.h"
#include "server/api/credentials.h"
#include <string.h>

bool srs_api_is_guarded(const struct srs_config *config, const char *path)
{
    return config->http_api.auth.enabled && strstr(path, "/api/") != NULL;
}

// Clients that wait to be asked are no strangers, those that guess are. What they sent is not told.
static void note_refused(struct srs_exchange *exchange, enum srs_api_verdict verdict)
{
    struct srs_server *server = exchange->server;
    if (verdict == SRS_API_MISSING) {
        server->stat.api_missing++;
        return;
    }
    char text[SRS_ENDPOINT_TEXT];
    struct srs_endpoint peer = srs_conn_peer(exchange->conn);
    server->stat.api_wrong++;
    srs_endpoint_format(&peer, text);
    srs_err err =
        srs_fail(SRS_E_API_CREDENTIALS, "%s",
                 verdict == SRS_API_WRONG ? "not those of the configuration" : "of another scheme");
    srs_server_log_stranger(server, err, "api", "refused", text);
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
    note_refused(exchange, verdict);
    struct srs_http_response response = srs_exchange_response(exchange, 401);
    if (verdict != SRS_API_OTHER_SCHEME)
        response.authenticate = srs_api_scheme(auth);
    struct srs_exchange_stream stream = {.exchange = exchange,
                                         .chunked = srs_http_response_is_chunked(&response),
                                         .head_only = response.head_only};
    srs_err err = srs_exchange_head(exchange, &response);
    return err ? err : srs_exchange_end(&stream);
}
