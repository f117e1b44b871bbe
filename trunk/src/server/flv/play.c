#include "server/flv/play.h"
#include "core/log.h"
#include "core/mem.h"
#include "protocol/http/chunk.h"
#include "protocol/http/head.h"
#include "protocol/http/query.h"
#include "server/access/access.h"
#include "server/access/limits.h"
#include "server/config/compare.h"
#include "server/flv/mount.h"
#include "server/flv/ws.h"
#include "server/hooks/hooks.h"
#include <stdio.h>

// How long a player of HTTP waits for a publisher when the configuration leaves it to us.
static const srs_usec wait_usec = 30 * SRS_SEC;
static const srs_usec goodbye_usec = 1 * SRS_SEC;

struct target {
    const struct srs_config_vhost *vhost; // of the current snapshot
    struct srs_mount_match match;
    char name[SRS_MOUNT_NAME_MAX + 8]; // as the API shows it: with its extension
};

// What a callback says in words of its own.
struct hook_texts {
    char vhost[SRS_MOUNT_NAME_MAX];
    char tc_url[2 * SRS_MOUNT_NAME_MAX + 16];
    char param[SRS_HTTP_LINE_MAX + 2];
};

struct player {
    struct srs_exchange *exchange;
    struct srs_viewer viewer;
    struct srs_client client;
    struct srs_flv_ws *ws; // NULL: HTTP
    bool nodelay;
    srs_usec wait;
    srs_usec deadline; // for a publisher to come; SRS_NEVER while there is one
};

// --- what is asked for --------------------------------------------------------------------------

static bool is_flv(const char *path)
{
    size_t size = strlen(path);
    return size > 4 && strcmp(path + size - 4, ".flv") == 0;
}

// The vhost that the query names, else the one the host names, else the default one.
static SRS_ERR find_target(const struct srs_exchange *exchange, struct target *out, bool *found)
{
    const struct srs_http_request *request = exchange->request;
    char host[SRS_MOUNT_NAME_MAX] = "";
    *found = false;
    if ((exchange->ports & SRS_PORT_SERVER) == 0 || !is_flv(request->path))
        return SRS_OK;
    srs_err err = srs_mount_host(request, host);
    if (err)
        return err;
    const struct srs_config_vhost *vhost = srs_config_vhost_find(exchange->server->config, host);
    if (vhost == NULL || !vhost->enabled || !vhost->http_remux.enabled)
        return SRS_OK;
    if (!srs_mount_match(vhost->http_remux.mount, host, request->path, &out->match))
        return SRS_OK;
    out->vhost = vhost;
    const char *slash = strrchr(request->path, '/');
    (void)snprintf(out->name, sizeof out->name, "%s", slash + 1);
    *found = true;
    return SRS_OK;
}

// --- playing ------------------------------------------------------------------------------------

static SRS_ERR add_client(struct player *player, struct srs_source *source, const char *name,
                          const char *page_url)
{
    char tc_url[2 * SRS_MOUNT_NAME_MAX + 16];
    (void)snprintf(tc_url, sizeof tc_url, "rtmp://%s/%s", source->vhost, source->app);
    struct srs_client_info info = {.type = "flv-play",
                                   .source = source,
                                   .conn = player->exchange->conn,
                                   .viewer = &player->viewer,
                                   .tc_url = tc_url,
                                   .page_url = page_url,
                                   .name = name};
    return srs_clients_add(&player->exchange->server->clients, &player->client, &info);
}

// What a player of HTTP sends else is bounded by its machine and waits for the end of this answer.
static SRS_YIELDS SRS_ERR read_input(struct player *player)
{
    struct srs_span input;
    if (!srs_conn_readable(player->exchange->conn))
        return SRS_OK;
    srs_err err = srs_conn_read(player->exchange->conn, srs_now(), &input);
    if (err == SRS_E_SOCKET_TIMEOUT)
        return SRS_OK;
    if (err)
        return err;
    return player->ws != NULL ? srs_flv_ws_take(player->ws, &player->viewer, input)
                              : srs_http_server_feed(player->exchange->http, input);
}

static void watch_publisher(struct player *player)
{
    const struct srs_source *source = player->viewer.consumer.source;
    if (source->publisher != NULL)
        player->deadline = SRS_NEVER;
    else if (player->deadline == SRS_NEVER)
        player->deadline = srs_now() + player->wait;
}

// Until the player leaves or nobody publishes any more: SRS_OK.
static SRS_YIELDS SRS_ERR play(struct player *player)
{
    srs_err err = player->ws != NULL ? srs_flv_ws_early(player->ws, &player->viewer) : SRS_OK;
    while (!err) {
        watch_publisher(player);
        err = srs_viewer_wait(&player->viewer, player->deadline);
        if (err == SRS_E_SOCKET_TIMEOUT) {
            watch_publisher(player);
            if (player->deadline != SRS_NEVER && srs_now() >= player->deadline)
                return SRS_OK;
            err = SRS_OK;
            continue;
        }
        if (!err)
            err = read_input(player);
    }
    return err;
}

static SRS_YIELDS void say_end(struct player *player, srs_err err)
{
    const uint8_t *last = (const uint8_t *)SRS_HTTP_CHUNK_LAST;
    bool chunked = player->viewer.options.framing == SRS_VIEWER_HTTP_CHUNKED;
    struct srs_span words = {last, chunked ? sizeof SRS_HTTP_CHUNK_LAST - 1 : 0};
    if (player->ws != NULL)
        srs_flv_ws_bye(player->ws, &player->viewer, err, player->client.kicked);
    bool quits = err == SRS_E_CANCELED && !player->client.kicked;
    if ((err && !quits) || player->ws != NULL)
        return;
    // In the middle of a tag or of a chunk the body has no proper end: then the close says that it
    // was cut. The connection waits for its peer anyway when the server quits: no second wait here.
    if (srs_viewer_is_idle(&player->viewer))
        srs_conn_bye(player->exchange->conn, words, srs_now() + (quits ? 0 : goodbye_usec));
}

static SRS_YIELDS SRS_ERR play_source(struct player *player, struct srs_source *source)
{
    char peer_text[SRS_ENDPOINT_TEXT];
    struct srs_endpoint peer = srs_conn_peer(player->exchange->conn);
    srs_endpoint_format(&peer, peer_text);
    srs_log_info("flv", "play stream=%s peer=%s websocket=%d waiting=%d", source->key, peer_text,
                 player->ws != NULL, source->publisher == NULL);
    srs_viewer_join(&player->viewer, source);
    srs_conn_set_nodelay(player->exchange->conn, player->nodelay);
    srs_co_trim_stack();
    srs_err err = play(player);
    struct srs_err_trace *story = srs_err_save();
    say_end(player, err);
    srs_log_info("flv", "stop play packets=%llu skipped=%llu out=%llu",
                 (unsigned long long)player->viewer.stats.packets,
                 (unsigned long long)player->viewer.stats.skipped,
                 (unsigned long long)srs_conn_bytes_out(player->exchange->conn));
    srs_err_restore(story);
    return err;
}

// ?video=ID and ?audio=ID.
static SRS_ERR choose_tracks(const char *query, struct srs_mux_params *params)
{
    for (unsigned kind = SRS_KIND_VIDEO; kind <= SRS_KIND_AUDIO; kind++) {
        char value[16];
        bool found = false;
        srs_err err = srs_http_query_get(query, srs_kind_name((enum srs_kind)kind), value,
                                         sizeof value, &found);
        struct srs_span text = {(const uint8_t *)value, strlen(value)};
        if (!err && found)
            err = srs_mux_choose(params, (enum srs_kind)kind, text);
        if (err)
            return err;
    }
    return SRS_OK;
}

static void init_player(struct player *player, struct srs_exchange *exchange,
                        const struct srs_config_vhost *vhost, const struct srs_mux_params *params)
{
    struct srs_viewer_options options = srs_server_viewer_options(exchange->server, vhost);
    options.mux = &srs_mux_flv;
    options.params = *params;
    player->exchange = exchange;
    player->wait = vhost->play.wait >= 0 ? vhost->play.wait : wait_usec;
    player->deadline = SRS_NEVER;
    player->nodelay = vhost->tcp_nodelay || vhost->min_latency;
    srs_viewer_init(&player->viewer, exchange->conn, exchange->server->writer, &options);
}

// The answer's head, in the form that the player asked for.
static SRS_YIELDS SRS_ERR begin(struct player *player)
{
    struct srs_exchange *exchange = player->exchange;
    struct srs_exchange_stream stream;
    srs_err err = SRS_OK;
    player->viewer.options.framing = SRS_VIEWER_WEBSOCKET;
    if (player->ws != NULL)
        err = srs_flv_ws_begin(exchange, player->ws);
    else
        err = srs_exchange_begin(exchange, 200, "video/x-flv", SRS_HTTP_LENGTH_UNKNOWN, &stream);
    if (!err && player->ws == NULL)
        player->viewer.options.framing =
            stream.chunked ? SRS_VIEWER_HTTP_CHUNKED : SRS_VIEWER_PLAIN;
    exchange->closes = true;
    return err;
}

// What is not a GET, a choice of no track, and a handshake that fails, is answered here.
static SRS_YIELDS SRS_ERR check_request(struct srs_exchange *exchange,
                                        struct srs_mux_params *params, struct srs_flv_ws **ws,
                                        bool *answered)
{
    struct srs_exchange_stream stream;
    srs_err err = choose_tracks(exchange->request->query, params);
    if (err) {
        struct srs_err_trace *story = srs_err_save();
        srs_err_drop(srs_exchange_plain(exchange, 400), "the refusal is logged in any case");
        srs_err_restore(story);
        return err;
    }
    err = srs_flv_ws_check(exchange, ws, answered);
    if (err || *answered || exchange->request->method == SRS_HTTP_GET)
        return err;
    *answered = true;
    if (exchange->request->method == SRS_HTTP_HEAD)
        return srs_exchange_begin(exchange, 200, "video/x-flv", SRS_HTTP_LENGTH_UNKNOWN, &stream);
    return srs_exchange_plain(exchange, 405);
}

// A refusal is answered.
static SRS_YIELDS SRS_ERR check_access(struct srs_exchange *exchange, const struct target *target)
{
    struct srs_endpoint peer = srs_conn_peer(exchange->conn);
    srs_err err =
        srs_access_check(target->vhost, &peer,
                         srs_http_request_header(exchange->request, "Referer"), SRS_ACCESS_PLAY);
    if (err) {
        struct srs_err_trace *story = srs_err_save();
        srs_err_drop(srs_exchange_plain(exchange, 403), "the refusal is logged in any case");
        srs_err_restore(story);
    }
    return err;
}

static bool is_live(const struct srs_exchange *exchange, const struct target *target)
{
    const struct srs_source *source = srs_sources_find(
        exchange->server->sources, target->vhost->name, target->match.app, target->match.stream);
    return (source != NULL && source->publisher != NULL) ||
           srs_websocket_is_asked(exchange->request);
}

// Who is not let in is answered; one who left, and a server that ends, say nothing.
static SRS_YIELDS SRS_ERR refuse(struct srs_exchange *exchange, srs_err err, unsigned status)
{
    struct srs_err_trace *story = srs_err_save();
    if (err != SRS_E_SOCKET_READ && err != SRS_E_CANCELED)
        srs_err_drop(srs_exchange_plain(exchange, status), "the refusal is logged in any case");
    srs_err_restore(story);
    return srs_wrap(err, "play refused");
}

// Who plays is counted before a back-end is asked, so that nobody comes in between.
static SRS_YIELDS SRS_ERR take_place(struct srs_exchange *exchange, const struct target *target,
                                     struct srs_place *place)
{
    struct srs_usage_client client = {.conn = exchange->conn,
                                      .vhost = target->vhost->name,
                                      .app = target->match.app,
                                      .stream = target->match.stream};
    srs_err err = srs_limits_enter(exchange->server, target->vhost, &client, place);
    return err ? refuse(exchange, err, 503) : SRS_OK;
}

// Asks the back-end of the vhost, if it has one. The configuration may be another one then.
static SRS_YIELDS SRS_ERR pass_hook(struct srs_exchange *exchange, struct target *target,
                                    struct srs_source *source, struct srs_hook_stay **stay)
{
    const struct srs_http_request *request = exchange->request;
    const char *page = srs_http_request_header(request, "Referer");
    if (!srs_hooks_wanted(target->vhost))
        return SRS_OK;
    struct hook_texts *texts = srs_new(struct hook_texts);
    (void)snprintf(texts->vhost, sizeof texts->vhost, "%s", target->vhost->name);
    (void)snprintf(texts->tc_url, sizeof texts->tc_url, "rtmp://%s/%s", source->vhost, source->app);
    (void)snprintf(texts->param, sizeof texts->param, "%s%s", request->query[0] != '\0' ? "?" : "",
                   request->query);
    const struct srs_hook_facts facts = {.conn = exchange->conn,
                                         .source = source,
                                         .vhost = texts->vhost,
                                         .app = target->match.app,
                                         .stream = target->match.stream,
                                         .param = texts->param,
                                         .tc_url = texts->tc_url,
                                         .page_url = page};
    srs_err err = srs_hooks_enter(exchange->server, SRS_HOOK_PLAY, &facts, stay);
    target->vhost = srs_config_vhost_exact(exchange->server->config, texts->vhost);
    if (!err && (target->vhost == NULL || !target->vhost->enabled))
        err = srs_fail(SRS_E_VHOST_GONE, "vhost %.80s", texts->vhost);
    srs_free(texts);
    return err ? refuse(exchange, err, 403) : SRS_OK;
}

static SRS_YIELDS SRS_ERR serve(struct srs_exchange *exchange, bool live, bool *served)
{
    struct target *target = srs_new(struct target);
    struct srs_source *source = NULL;
    struct player *player = NULL;
    struct srs_flv_ws *ws = NULL;
    struct srs_hook_stay *stay = NULL;
    struct srs_place place = {.usage = NULL};
    bool answered = false;
    struct srs_mux_params params = {0};
    srs_err err = find_target(exchange, target, served);
    *served = *served && (!live || is_live(exchange, target));
    if (!err && *served)
        err = check_access(exchange, target);
    if (!err && *served)
        err = check_request(exchange, &params, &ws, &answered);
    if (err || !*served || answered)
        goto out;
    err = take_place(exchange, target, &place);
    if (!err)
        err = srs_server_source(exchange->server, target->vhost, target->match.app,
                                target->match.stream, &source);
    if (!err)
        err = pass_hook(exchange, target, source, &stay);
    if (err)
        goto out;
    player = srs_new(struct player);
    init_player(player, exchange, target->vhost, &params);
    player->ws = ws;
    err = add_client(player, source, target->name,
                     srs_http_request_header(exchange->request, "Referer"));
    srs_free(target);
    target = NULL;
    if (!err) // from here on the snapshot and its vhost may change
        err = begin(player);
    exchange->closes = true;
    if (!err)
        err = play_source(player, source);
    if (player->client.kicked)
        err = srs_fail(player->client.kicked, "%s", srs_err_sentence(player->client.kicked));
out:
    if (player != NULL) {
        srs_clients_note_end(&exchange->server->clients, &player->client, err);
        srs_clients_remove(&exchange->server->clients, &player->client);
        srs_viewer_fini(&player->viewer);
        srs_free(player);
    }
    srs_usage_leave(&place);
    srs_hooks_leave(exchange->server, &stay, exchange->conn);
    srs_flv_ws_free(ws);
    srs_source_unref(source);
    srs_free(target);
    return err;
}

SRS_YIELDS SRS_ERR srs_flv_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    return serve(exchange, false, served);
}

SRS_YIELDS SRS_ERR srs_flv_serve_live(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    return serve(exchange, true, served);
}
