// What is live: streams, clients and the vhosts that they are in.
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/items.h"

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

static SRS_YIELDS SRS_ERR list_streams(struct srs_api_call *call)
{
    const struct srs_server *server = call->exchange->server;
    struct srs_source *at = NULL;
    uint64_t index = 0;
    srs_err err = srs_api_open_list(call, "streams");
    for (at = step(server->sources, at); at != NULL && !err; at = step(server->sources, at)) {
        if (srs_api_after_page(call, index))
            break;
        if (srs_api_before_page(call, index++))
            continue;
        err = srs_api_separate(call);
        if (!err)
            err = srs_api_stream_item(server, at, &call->out);
        if (!err)
            err = srs_api_send_piece(call);
    }
    srs_source_unref(at);
    return err ? err : srs_api_close_total(call, srs_sources_count(server->sources));
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

static SRS_YIELDS SRS_ERR end_publisher(struct srs_api_call *call, const struct srs_source *source)
{
    struct srs_client *publisher = srs_clients_publisher(&call->exchange->server->clients, source);
    if (publisher == NULL)
        return srs_api_fail(call, SRS_E_NO_PUBLISHER);
    srs_err err = srs_api_open(call);
    srs_client_kick(publisher, SRS_E_KICKED);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS srs_err srs_api_serve_streams(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    // As a script the page of any other site could ask for it.
    bool ends = call->exchange->request->method == SRS_HTTP_DELETE && rest[0] != '\0';
    if (!srs_api_is_read(call) && !ends)
        return srs_api_refuse(call, 405);
    if (rest[0] == '\0')
        return list_streams(call);
    const struct srs_server *server = call->exchange->server;
    const struct srs_source *source = find_stream(server, rest);
    if (source == NULL)
        return srs_api_fail(call, SRS_E_RTMP_STREAM_NOT_FOUND);
    if (ends)
        return end_publisher(call, source);
    srs_err err = srs_api_open(call);
    if (!err)
        err = srs_api_add(call, ",\"stream\":");
    if (!err)
        err = srs_api_stream_item(server, source, &call->out);
    return err ? err : srs_api_close(call);
}

// --- clients ------------------------------------------------------------------------------------

// Those of `only`, or all. *total is how many of `only` there are; of all it says nothing.
static SRS_YIELDS SRS_ERR write_clients(struct srs_api_call *call, struct srs_clients_walk *walk,
                                        const struct srs_source *only, unsigned *total)
{
    const struct srs_server *server = call->exchange->server;
    uint64_t index = 0;
    srs_err err = SRS_OK;
    while (!err && (only != NULL || !srs_api_after_page(call, index))) {
        const struct srs_client *client = srs_clients_walk_next(&server->clients, walk);
        if (client == NULL)
            break;
        if (only != NULL && client->source != only)
            continue;
        ++*total;
        uint64_t at = index++;
        if (srs_api_before_page(call, at) || srs_api_after_page(call, at))
            continue;
        err = srs_api_separate(call);
        if (!err)
            err = srs_api_client_item(server, client, &call->out);
        if (!err)
            err = srs_api_send_piece(call);
    }
    return err;
}

// Parameter stream, of clients: an id. One that cannot be read is that of no stream.
static bool asks_for_stream(const struct srs_api_call *call, char id[SRS_API_ID])
{
    bool found = false;
    const char *query = call->exchange->request->query;
    srs_err err = srs_http_query_get(query, "stream", id, SRS_API_ID, &found);
    if (!err)
        return id[0] != '\0';
    srs_err_drop(err, "no stream has such an id");
    return true;
}

static SRS_YIELDS SRS_ERR list_clients(struct srs_api_call *call)
{
    struct srs_clients *clients = &call->exchange->server->clients;
    struct srs_clients_walk walk;
    struct srs_source *only = NULL;
    unsigned total = 0;
    char id[SRS_API_ID];
    bool asked = asks_for_stream(call, id);
    srs_err err = srs_api_open_list(call, "clients");
    if (err)
        return err;
    if (asked) {
        only = find_stream(call->exchange->server, id);
        if (only == NULL)
            return srs_api_close_total(call, 0);
        (void)srs_source_ref(only);
    }
    srs_clients_walk_begin(clients, &walk);
    err = write_clients(call, &walk, only, &total);
    srs_clients_walk_end(&walk);
    srs_source_unref(only);
    return err ? err : srs_api_close_total(call, asked ? total : clients->count);
}

SRS_YIELDS srs_err srs_api_serve_clients(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    enum srs_http_method method = call->query.method;
    const struct srs_server *server = call->exchange->server;
    if (!srs_api_is_read(call) && method != SRS_HTTP_DELETE)
        return srs_api_refuse(call, 405);
    if (rest[0] == '\0' && method != SRS_HTTP_DELETE)
        return list_clients(call);
    struct srs_client *client = srs_clients_find(&server->clients, rest);
    if (client == NULL)
        return srs_api_fail(call, SRS_E_RTMP_CLIENT_NOT_FOUND);
    srs_err err = srs_api_open(call);
    if (method == SRS_HTTP_DELETE) {
        srs_client_kick(client, SRS_E_KICKED);
        return err ? err : srs_api_close(call);
    }
    if (!err)
        err = srs_api_add(call, ",\"client\":");
    if (!err)
        err = srs_api_client_item(server, client, &call->out);
    return err ? err : srs_api_close(call);
}

// --- vhosts -------------------------------------------------------------------------------------

// The snapshot stays while its list is written.
static SRS_YIELDS SRS_ERR list_vhosts(struct srs_api_call *call, const struct srs_config *config)
{
    srs_err err = srs_api_open_list(call, "vhosts");
    for (size_t i = 0; i < config->vhost_count && !err; i++) {
        err = srs_api_separate(call);
        if (!err)
            err = srs_api_vhost_item(call->exchange->server, &config->vhosts[i], &call->out);
        if (!err)
            err = srs_api_send_piece(call);
    }
    return err ? err : srs_api_close_list(call, "]");
}

static const struct srs_config_vhost *find_vhost(const struct srs_config *config, const char *id)
{
    char text[SRS_API_ID];
    for (size_t i = 0; i < config->vhost_count; i++) {
        srs_api_vhost_id(config->vhosts[i].name, text);
        if (strcmp(text, id) == 0)
            return &config->vhosts[i];
    }
    return NULL;
}

SRS_YIELDS srs_err srs_api_serve_vhosts(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    const struct srs_server *server = call->exchange->server;
    if (!srs_api_is_read(call))
        return srs_api_refuse(call, 405);
    if (rest[0] == '\0') {
        struct srs_config *config = srs_config_ref(server->config);
        srs_err err = list_vhosts(call, config);
        srs_config_unref(config);
        return err;
    }
    const struct srs_config_vhost *vhost = find_vhost(server->config, rest);
    if (vhost == NULL)
        return srs_api_fail(call, SRS_E_RTMP_VHOST_NOT_FOUND);
    srs_err err = srs_api_open(call);
    if (!err)
        err = srs_api_add(call, ",\"vhost\":");
    if (!err)
        err = srs_api_vhost_item(server, vhost, &call->out);
    return err ? err : srs_api_close(call);
}
