// What the server says about itself and about the request: indexes, version, build, and the tests
// of SRS's API.
#include "core/mem.h"
#include "core/version.h"
#include "server/api/handlers.h"
#include "server/api/items.h"
#include <stdio.h>
#include <string.h>

// Text behind the head, whole.
typedef srs_err members_fn(struct srs_buf *out);

static SRS_YIELDS SRS_ERR answer(struct srs_api_call *call, members_fn *members)
{
    srs_err err = srs_api_open(call);
    if (!err)
        err = members(&call->out);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS srs_err srs_api_serve_versions(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_version);
}

SRS_YIELDS srs_err srs_api_serve_root_index(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_root_index);
}

SRS_YIELDS srs_err srs_api_serve_api_index(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_api_index);
}

SRS_YIELDS srs_err srs_api_serve_v1_index(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_v1_index);
}

// --- the build ----------------------------------------------------------------------------------

static srs_err authors(struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    srs_json_put_text(&json, json.root, "license", "MIT");
    srs_json_put_text(&json, json.root, "contributors", "The srs authors");
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_YIELDS srs_err srs_api_serve_authors(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, authors);
}

// What this build can do; what is on is a matter of the configuration.
static const struct {
    const char *name;
    bool built;
} features[] = {
    {"ssl", true},         {"hls", false},       {"hds", false},    {"callback", true},
    {"api", true},         {"httpd", true},      {"dvr", false},    {"transcode", false},
    {"ingest", false},     {"stat", true},       {"caster", false}, {"complex_send", true},
    {"tcp_nodelay", true}, {"so_sendbuf", true}, {"mr", true},
};

static srs_err put_features(struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
#ifdef SRS_DEBUG
    srs_json_put_text(&json, json.root, "options", "debug");
#else
    srs_json_put_text(&json, json.root, "options", "release");
#endif
    srs_json_put_text(&json, json.root, "options2", __VERSION__);
    srs_json_put_text(&json, json.root, "build", SRS_VERSION);
    srs_json_put_text(&json, json.root, "build2", SRS_SIGNATURE);
    struct cJSON *list = srs_json_put_object(&json, json.root, "features");
    for (size_t i = 0; i < SRS_COUNT(features); i++)
        srs_json_put_flag(&json, list, features[i].name, features[i].built);
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_YIELDS srs_err srs_api_serve_features(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, put_features);
}

// --- the request --------------------------------------------------------------------------------

static SRS_ERR put_request(struct srs_api_call *call)
{
    const struct srs_http_request *request = call->exchange->request;
    char uri[SRS_API_TEXT_MAX];
    struct srs_json json = srs_json_new();
    (void)snprintf(uri, sizeof uri, "http://%s%s", request->host, request->path);
    srs_json_put_text(&json, json.root, "uri", uri);
    srs_json_put_text(&json, json.root, "path", request->path);
    srs_json_put_text(&json, json.root, "METHOD", srs_http_method_name(call->query.method));
    // Under this name SRS's users read about the server, and so they spell it.
    struct cJSON *headers = srs_json_put_object(&json, json.root, "headers");
    srs_json_put_text(&json, headers, "sigature", "SRS");
    srs_json_put_text(&json, headers, "version", SRS_VERSION);
    srs_json_put_text(&json, headers, "link", SRS_SIGNATURE);
    srs_json_put_count(&json, headers, "time", (uint64_t)srs_wall_now() / 1000);
    return srs_json_finish(&json, ",\"data\":", &call->out);
}

SRS_YIELDS srs_err srs_api_serve_requests(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    srs_err err = srs_api_open(call);
    if (!err)
        err = put_request(call);
    return err ? err : srs_api_close(call);
}

// --- clusters -----------------------------------------------------------------------------------

// Who looks for the origin of a stream in a mesh asks here; a server that is in none has nobody to
// name.
static SRS_ERR put_origin(struct srs_api_call *call)
{
    static const char *const names[] = {"ip", "vhost", "app", "stream"};
    char value[SRS_API_TEXT_MAX];
    struct srs_json json = srs_json_new();
    struct cJSON *query = srs_json_put_object(&json, json.root, "query");
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        bool found = false;
        srs_err err = srs_http_query_get(call->exchange->request->query, names[i], value,
                                         sizeof value, &found);
        if (err) {
            srs_json_drop(&json);
            return srs_wrap(err, "query of the API");
        }
        srs_json_put_text(&json, query, names[i], value);
    }
    srs_json_put_null(&json, json.root, "origin");
    return srs_json_finish(&json, ",\"data\":", &call->out);
}

SRS_YIELDS srs_err srs_api_serve_clusters(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    srs_err err = srs_api_open_bare(call, SRS_OK);
    if (!err)
        err = put_origin(call);
    return err ? err : srs_api_close(call);
}

// --- tests --------------------------------------------------------------------------------------

enum { TEST_ERROR = 100 }; // of no meaning of its own

SRS_YIELDS srs_err srs_api_serve_errors(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    srs_err err = srs_api_open_bare(call, (srs_err)TEST_ERROR);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS srs_err srs_api_serve_redirects(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    struct srs_http_response response = srs_exchange_response(call->exchange, 301);
    response.location = "/api/v1/tests/errors";
    return srs_exchange_refuse(call->exchange, &response);
}
