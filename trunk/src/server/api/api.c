// A list is written item by item: text gathers in a buffer, goes out as a piece when there is
// enough of it, and a list that fits into the first piece is answered whole, with its length. What
// a walk stands on survives a yield: a reference to a source, a registered walk over the clients.
#include "server/api/api.h"
#include "core/mem.h"
#include "server/api/items.h"
#include "server/api/query.h"
#include <stdio.h>

enum { PIECE_MIN = 16 * 1024 };

struct call {
    struct srs_exchange *exchange;
    struct srs_api_query query;
    struct srs_buf out;
    bool first; // of a list: no item yet
    bool begun; // the head of the answer is out
    struct srs_exchange_stream stream;
};

// Answers one path. `rest` is what stands behind the route's own path; it is gone once the head of
// the answer is out.
typedef SRS_YIELDS srs_err route_fn(struct call *call, const char *rest);

// --- text ---------------------------------------------------------------------------------------

static SRS_ERR add(struct call *call, const char *text)
{
    return srs_buf_append(&call->out, text, strlen(text), SRS_API_BUFFER_MAX);
}

static const char *content_type(const struct call *call)
{
    return call->query.callback[0] != '\0' ? "text/javascript" : "application/json";
}

static SRS_ERR open_callback(struct call *call)
{
    srs_err err = add(call, call->query.callback);
    if (!err && call->query.callback[0] != '\0')
        err = add(call, "(");
    return err;
}

static SRS_ERR close_callback(struct call *call)
{
    return call->query.callback[0] != '\0' ? add(call, ")") : SRS_OK;
}

// callback( and the head.
static SRS_ERR open_text(struct call *call)
{
    srs_err err = open_callback(call);
    return err ? err : srs_api_head(call->exchange->server, &call->out);
}

static SRS_YIELDS SRS_ERR answer(struct call *call)
{
    return srs_exchange_answer(call->exchange, 200, content_type(call), srs_buf_span(&call->out));
}

// The closing brace of the head, and off it goes.
static SRS_YIELDS SRS_ERR close_text(struct call *call)
{
    srs_err err = add(call, "}");
    if (!err)
        err = close_callback(call);
    return err ? err : answer(call);
}

static SRS_YIELDS SRS_ERR fail_with(struct call *call, srs_err code)
{
    srs_err err = open_callback(call);
    if (!err)
        err = srs_api_failure(code, &call->out);
    if (!err)
        err = close_callback(call);
    return err ? err : answer(call);
}

// --- lists --------------------------------------------------------------------------------------

static SRS_ERR open_list(struct call *call, const char *name)
{
    srs_err err = open_text(call);
    if (!err)
        err = add(call, ",\"");
    if (!err)
        err = add(call, name);
    if (!err)
        err = add(call, "\":[");
    call->first = true;
    return err;
}

static SRS_ERR separate(struct call *call)
{
    srs_err err = call->first ? SRS_OK : add(call, ",");
    call->first = false;
    return err;
}

// Sends the text if there is enough of it.
static SRS_YIELDS SRS_ERR send_piece(struct call *call)
{
    srs_err err = SRS_OK;
    size_t size = srs_buf_size(&call->out);
    if (size < PIECE_MIN)
        return SRS_OK;
    if (!call->begun)
        err = srs_exchange_begin(call->exchange, 200, content_type(call), SRS_HTTP_LENGTH_UNKNOWN,
                                 &call->stream);
    call->begun = true;
    if (!err)
        err = srs_exchange_piece(&call->stream, srs_buf_span(&call->out));
    srs_buf_consume(&call->out, size);
    return err ? err : srs_co_give_way(); // a fast reader must not keep us from the others
}

static SRS_YIELDS SRS_ERR close_list(struct call *call, unsigned total)
{
    char tail[32];
    (void)snprintf(tail, sizeof tail, "],\"total\":%u", total);
    srs_err err = add(call, tail);
    if (!err && !call->begun)
        return close_text(call);
    if (!err)
        err = add(call, "}");
    if (!err)
        err = close_callback(call);
    if (!err)
        err = srs_exchange_piece(&call->stream, srs_buf_span(&call->out));
    return err ? err : srs_exchange_end(&call->stream);
}

// Where item `index` of a list stands to the page that is asked for.
static bool before_page(const struct call *call, uint64_t index)
{
    return index < call->query.range.start;
}

static bool after_page(const struct call *call, uint64_t index)
{
    return index >= (uint64_t)call->query.range.start + call->query.range.count;
}

// --- streams ------------------------------------------------------------------------------------

// The next source with a reference, which keeps it in the registry over a yield; gives up that of
// `at`.
static struct srs_source *step(const struct srs_sources *sources, struct srs_source *at)
{
    struct srs_source *next = srs_sources_next(sources, at);
    if (next != NULL)
        (void)srs_source_ref(next);
    srs_source_unref(at);
    return next;
}

static SRS_YIELDS SRS_ERR list_streams(struct call *call)
{
    const struct srs_server *server = call->exchange->server;
    struct srs_source *at = NULL;
    uint64_t index = 0;
    srs_err err = open_list(call, "streams");
    for (at = step(server->sources, at); at != NULL && !err; at = step(server->sources, at)) {
        if (after_page(call, index))
            break;
        if (before_page(call, index++))
            continue;
        err = separate(call);
        if (!err)
            err = srs_api_stream_item(server, at, &call->out);
        if (!err)
            err = send_piece(call);
    }
    srs_source_unref(at);
    return err ? err : close_list(call, srs_sources_count(server->sources));
}

static struct srs_source *find_stream(const struct srs_server *server, const char *id)
{
    struct srs_source *source = NULL;
    char text[SRS_API_ID];
    while ((source = srs_sources_next(server->sources, source)) != NULL) {
        srs_api_stream_id(server, source, text);
        if (strcmp(text, id) == 0)
            return source;
    }
    return NULL;
}

static SRS_YIELDS srs_err serve_streams(struct call *call, const char *rest)
{
    if (call->query.method != SRS_HTTP_GET && call->query.method != SRS_HTTP_HEAD)
        return srs_exchange_plain(call->exchange, 405);
    if (rest[0] == '\0')
        return list_streams(call);
    const struct srs_server *server = call->exchange->server;
    const struct srs_source *source = find_stream(server, rest);
    if (source == NULL)
        return fail_with(call, SRS_E_RTMP_STREAM_NOT_FOUND);
    srs_err err = open_text(call);
    if (!err)
        err = add(call, ",\"stream\":");
    if (!err)
        err = srs_api_stream_item(server, source, &call->out);
    return err ? err : close_text(call);
}

// --- clients ------------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR write_clients(struct call *call, struct srs_clients_walk *walk)
{
    const struct srs_server *server = call->exchange->server;
    uint64_t index = 0;
    srs_err err = SRS_OK;
    while (!err && !after_page(call, index)) {
        const struct srs_client *client = srs_clients_walk_next(&server->clients, walk);
        if (client == NULL)
            break;
        if (before_page(call, index++))
            continue;
        err = separate(call);
        if (!err)
            err = srs_api_client_item(server, client, &call->out);
        if (!err)
            err = send_piece(call);
    }
    return err;
}

static SRS_YIELDS SRS_ERR list_clients(struct call *call)
{
    struct srs_clients *clients = &call->exchange->server->clients;
    struct srs_clients_walk walk;
    srs_err err = open_list(call, "clients");
    if (err)
        return err;
    srs_clients_walk_begin(clients, &walk);
    err = write_clients(call, &walk);
    srs_clients_walk_end(&walk);
    return err ? err : close_list(call, clients->count);
}

static SRS_YIELDS srs_err serve_clients(struct call *call, const char *rest)
{
    enum srs_http_method method = call->query.method;
    const struct srs_server *server = call->exchange->server;
    if (method != SRS_HTTP_GET && method != SRS_HTTP_HEAD && method != SRS_HTTP_DELETE)
        return srs_exchange_plain(call->exchange, 405);
    if (rest[0] == '\0' && method != SRS_HTTP_DELETE)
        return list_clients(call);
    struct srs_client *client = srs_clients_find(&server->clients, rest);
    if (client == NULL)
        return fail_with(call, SRS_E_RTMP_CLIENT_NOT_FOUND);
    srs_err err = open_text(call);
    if (method == SRS_HTTP_DELETE) {
        srs_client_kick(client, SRS_E_KICKED);
        return err ? err : close_text(call);
    }
    if (!err)
        err = add(call, ",\"client\":");
    if (!err)
        err = srs_api_client_item(server, client, &call->out);
    return err ? err : close_text(call);
}

// --- the rest -----------------------------------------------------------------------------------

static SRS_YIELDS srs_err serve_versions(struct call *call, const char *rest)
{
    (void)rest;
    srs_err err = open_text(call);
    if (!err)
        err = srs_api_version(&call->out);
    return err ? err : close_text(call);
}

static SRS_YIELDS srs_err serve_root_index(struct call *call, const char *rest)
{
    (void)rest;
    srs_err err = open_text(call);
    if (!err)
        err = srs_api_root_index(&call->out);
    return err ? err : close_text(call);
}

static SRS_YIELDS srs_err serve_api_index(struct call *call, const char *rest)
{
    (void)rest;
    srs_err err = open_text(call);
    if (!err)
        err = srs_api_api_index(&call->out);
    return err ? err : close_text(call);
}

static SRS_YIELDS srs_err serve_v1_index(struct call *call, const char *rest)
{
    (void)rest;
    srs_err err = open_text(call);
    if (!err)
        err = srs_api_v1_index(&call->out);
    return err ? err : close_text(call);
}

static SRS_YIELDS srs_err redirect(struct call *call, const char *rest)
{
    (void)rest;
    const struct srs_http_request *request = call->exchange->request;
    const char *mark = request->query[0] != '\0' ? "?" : "";
    const char *const parts[] = {request->path, "/", mark, request->query};
    for (size_t i = 0; i < SRS_COUNT(parts); i++) {
        srs_err err = add(call, parts[i]);
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

struct route {
    const char *path;
    route_fn *serve;
    unsigned ports; // one of these suffices
    bool below;     // and all below it
    bool alone;     // not where the API shares its port with the HTTP server
};

// The first that fits counts: the longer paths stand in front.
static const struct route routes[] = {
    {"/api/v1/versions", serve_versions, SRS_PORT_API | SRS_PORT_SERVER, false, false},
    {"/api/v1/streams/", serve_streams, SRS_PORT_API, true, false},
    {"/api/v1/clients/", serve_clients, SRS_PORT_API, true, false},
    {"/api/v1/streams", redirect, SRS_PORT_API, false, false},
    {"/api/v1/clients", redirect, SRS_PORT_API, false, false},
    {"/api/v1/", serve_v1_index, SRS_PORT_API, true, false},
    {"/api/v1", redirect, SRS_PORT_API, false, false},
    {"/api/", serve_api_index, SRS_PORT_API, true, false},
    {"/api", redirect, SRS_PORT_API, false, false},
    {"/", serve_root_index, SRS_PORT_API, false, true},
};

static const struct route *find_route(const char *path, unsigned ports)
{
    for (size_t i = 0; i < SRS_COUNT(routes); i++) {
        const struct route *route = &routes[i];
        bool fits = route->below ? strncmp(path, route->path, strlen(route->path)) == 0
                                 : strcmp(path, route->path) == 0;
        if (fits && (ports & route->ports) != 0 && !(route->alone && ports != SRS_PORT_API))
            return route;
    }
    return NULL;
}

SRS_YIELDS SRS_ERR srs_api_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    const struct srs_http_request *request = exchange->request;
    const struct route *route = find_route(request->path, exchange->ports);
    *served = route != NULL && request->method != SRS_HTTP_OPTIONS;
    if (!*served)
        return SRS_OK;
    struct call call = {.exchange = exchange};
    srs_err err = srs_api_query_read(request->query, request->method, &call.query);
    if (!err)
        err = route->serve(&call, request->path + strlen(route->path));
    srs_buf_fini(&call.out);
    return err;
}
