// Routes of the API. The handlers are in the other files of this folder.
#include "server/api/api.h"
#include "core/mem.h"
#include "server/api/handlers.h"

static SRS_YIELDS srs_err redirect(struct srs_api_call *call, const char *rest)
{
    (void)rest;
    const struct srs_http_request *request = call->exchange->request;
    const char *mark = request->query[0] != '\0' ? "?" : "";
    const char *const parts[] = {request->path, "/", mark, request->query};
    for (size_t i = 0; i < SRS_COUNT(parts); i++) {
        srs_err err = srs_api_add(call, parts[i]);
        if (err)
            return err;
    }
    static const uint8_t end = '\0';
    srs_err err = srs_buf_append(&call->out, &end, 1, SRS_API_BUFFER_MAX);
    if (err)
        return err;
    return srs_exchange_redirect(call->exchange, (const char *)srs_buf_span(&call->out).bytes);
}

// --- routes -------------------------------------------------------------------------------------

enum route_flag {
    BELOW = 1, // and all below it
    BODY = 2,  // takes one
};

struct route {
    const char *path;
    srs_api_fn *serve;
    unsigned ports; // one of these suffices
    unsigned flags; // of enum route_flag
};

// The first that fits counts: the longer paths stand in front.
static const struct route routes[] = {
    {"/api/v1/versions", srs_api_serve_versions, SRS_PORT_API | SRS_PORT_SERVER, 0},
    {"/api/v1/summaries", srs_api_serve_summaries, SRS_PORT_API, 0},
    {"/api/v1/rusages", srs_api_serve_rusages, SRS_PORT_API, 0},
    {"/api/v1/self_proc_stats", srs_api_serve_self_proc_stats, SRS_PORT_API, 0},
    {"/api/v1/system_proc_stats", srs_api_serve_system_proc_stats, SRS_PORT_API, 0},
    {"/api/v1/meminfos", srs_api_serve_meminfos, SRS_PORT_API, 0},
    {"/api/v1/authors", srs_api_serve_authors, SRS_PORT_API, 0},
    {"/api/v1/features", srs_api_serve_features, SRS_PORT_API, 0},
    {"/api/v1/requests", srs_api_serve_requests, SRS_PORT_API, 0},
    {"/api/v1/vhosts/", srs_api_serve_vhosts, SRS_PORT_API, BELOW},
    {"/api/v1/streams/", srs_api_serve_streams, SRS_PORT_API, BELOW},
    {"/api/v1/clients/", srs_api_serve_clients, SRS_PORT_API, BELOW},
    {"/api/v1/raw", srs_api_serve_raw, SRS_PORT_API, 0},
    {"/api/v1/clusters", srs_api_serve_clusters, SRS_PORT_API, 0},
    {"/api/v1/tests/requests", srs_api_serve_requests, SRS_PORT_API, 0},
    {"/api/v1/tests/errors", srs_api_serve_errors, SRS_PORT_API, 0},
    {"/api/v1/tests/redirects", srs_api_serve_redirects, SRS_PORT_API, 0},
    {"/api/v1/config/check", srs_api_serve_config_check, SRS_PORT_API, BODY},
    {"/api/v1/config", srs_api_serve_config, SRS_PORT_API, 0},
    {"/api/v1/warnings", srs_api_serve_warnings, SRS_PORT_API, 0},
    {"/api/v1/openapi.json", srs_api_serve_openapi, SRS_PORT_API, 0},
    {"/api/v1/vhosts", redirect, SRS_PORT_API, 0},
    {"/api/v1/streams", redirect, SRS_PORT_API, 0},
    {"/api/v1/clients", redirect, SRS_PORT_API, 0},
    {"/api/v1/", srs_api_serve_v1_index, SRS_PORT_API, BELOW},
    {"/api/v1", redirect, SRS_PORT_API, 0},
    {"/api/", srs_api_serve_api_index, SRS_PORT_API, BELOW},
    {"/api", redirect, SRS_PORT_API, 0},
};

static const struct route *find_route(const char *path, unsigned ports)
{
    for (size_t i = 0; i < SRS_COUNT(routes); i++) {
        const struct route *route = &routes[i];
        bool fits = (route->flags & BELOW) != 0
                        ? strncmp(path, route->path, strlen(route->path)) == 0
                        : strcmp(path, route->path) == 0;
        if (fits && (ports & route->ports) != 0)
            return route;
    }
    return NULL;
}

bool srs_api_takes_body(const struct srs_http_request *request, unsigned ports)
{
    const struct route *route = find_route(request->path, ports);
    return route != NULL && (route->flags & BODY) != 0 && request->method == SRS_HTTP_POST;
}

static void log_refused(struct srs_api_call *call, srs_err err, const char *action)
{
    char text[SRS_ENDPOINT_TEXT];
    struct srs_endpoint peer = srs_conn_peer(call->exchange->conn);
    srs_endpoint_format(&peer, text);
    srs_server_log_stranger(call->exchange->server, err, "api", action, text);
}

// The answer, of which nothing has gone out yet, or a parameter.
static SRS_YIELDS SRS_ERR refuse_too_long(struct srs_api_call *call, srs_err err)
{
    log_refused(call, err, "too long");
    srs_buf_consume(&call->out, srs_buf_size(&call->out));
    call->type = NULL;
    return srs_api_fail(call, SRS_E_LIMIT);
}

static SRS_YIELDS SRS_ERR refuse_query(struct srs_api_call *call, srs_err err)
{
    log_refused(call, err, "bad query");
    return srs_api_refuse(call, 400);
}

static SRS_YIELDS SRS_ERR serve(struct srs_exchange *exchange, const struct route *route)
{
    const struct srs_http_request *request = exchange->request;
    struct srs_api_call call = {.exchange = exchange};
    srs_err err = srs_api_query_read(request->query, request->method, &call.query);
    if (err == SRS_E_HTTP_URL_UNESCAPE || err == SRS_E_LIMIT)
        return refuse_query(&call, err);
    if (err)
        return err;
    err = route->serve(&call, request->path + strlen(route->path));
    if (err == SRS_E_LIMIT && exchange->request != NULL)
        err = refuse_too_long(&call, err);
    else if (err == SRS_E_HTTP_URL_UNESCAPE && exchange->request != NULL)
        err = refuse_query(&call, err);
    srs_buf_fini(&call.out);
    return err;
}

SRS_YIELDS SRS_ERR srs_api_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    const struct route *route = find_route(exchange->request->path, exchange->ports);
    *served = route != NULL;
    return *served ? serve(exchange, route) : SRS_OK;
}

SRS_YIELDS SRS_ERR srs_api_serve_root(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    static const struct route root = {"/", srs_api_serve_root_index, SRS_PORT_API, BELOW};
    static const char *const others[] = {"/rtc/", "/gb/"};
    *served = exchange->ports == SRS_PORT_API;
    for (size_t i = 0; i < SRS_COUNT(others); i++)
        if (strncmp(exchange->request->path, others[i], strlen(others[i])) == 0)
            *served = false;
    return *served ? serve(exchange, &root) : SRS_OK;
}
