// Sessions' side: what a client is asked for, and the wait for it.
//
// The question is put by a coroutine of its own, while the session's waits for it and for its peer
// to leave. Nothing of the configuration is held meanwhile: URLs are copied.
#include "server/hooks/hooks.h"
#include "core/mem.h"
#include "core/version.h"
#include "server/api/items.h"
#include "server/certs.h"
#include "server/config/compare.h"
#include "server/hooks/hooks_priv.h"
#include <stdio.h>
#include <string.h>

#define DEFAULT_VHOST "__defaultVhost__"

enum { STREAM_URL = SRS_STREAM_NAME_MAX + 4 };

SRS_ERR srs_hooks_new(struct srs_server *server, struct srs_hooks **out)
{
    struct srs_hooks *hooks = srs_new(struct srs_hooks);
    srs_err err = srs_fetcher_new(&hooks->fetcher);
    if (err) {
        srs_free(hooks);
        return err;
    }
    hooks->server = server;
    srs_scope_init(&hooks->scope, "hooks");
    srs_list_init(&hooks->lanes);
    srs_list_init(&hooks->groups);
    *out = hooks;
    return SRS_OK;
}

SRS_YIELDS void srs_hooks_free(struct srs_hooks *hooks, srs_usec deadline)
{
    srs_co_may_yield();
    if (hooks == NULL)
        return;
    srs_hooks_drain(hooks, deadline);
    srs_scope_close(&hooks->scope);
    unsigned dropped = srs_hooks_drop_lanes(hooks);
    if (dropped > 0)
        srs_log_warn("hooks", "not told before the end: %u callbacks", dropped);
    srs_fetcher_free(hooks->fetcher);
    srs_free(hooks);
}

struct srs_fetcher *srs_hooks_fetcher(struct srs_hooks *hooks)
{
    return hooks->fetcher;
}

// --- one call -----------------------------------------------------------------------------------

static enum srs_stat_outcome outcome_of(srs_err err, unsigned status)
{
    if (err == SRS_OK)
        return SRS_STAT_ALLOWED;
    if (err == SRS_E_CANCELED)
        return SRS_STAT_ABANDONED;
    return status > 0 && status < 500 ? SRS_STAT_REFUSED : SRS_STAT_FAILED;
}

static SRS_ERR judge(const struct srs_fetch_answer *answer, struct srs_hook_urls *urls)
{
    struct srs_span body = srs_buf_span(&answer->body);
    return urls != NULL ? srs_hook_forward_read(answer->status, body, urls)
                        : srs_hook_answer_read(answer->status, body);
}

SRS_YIELDS SRS_ERR srs_hooks_call(struct srs_hooks *hooks, const struct srs_hook_message *message,
                                  const char *url, srs_usec deadline, struct srs_hook_reply *reply)
{
    srs_co_may_yield();
    static const char *const headers[] = {"User-Agent: " SRS_SIGNATURE, "Connection: Keep-Alive",
                                          "Content-Type: application/json"};
    struct srs_stat *stat = &hooks->server->stat;
    const char *name = srs_hook_name(message->hook);
    const struct srs_fetch fetch = {.method = "POST",
                                    .url = url,
                                    .headers = headers,
                                    .header_count = SRS_COUNT(headers),
                                    .body = srs_buf_span(&message->body),
                                    .trust = hooks->server->certs->trust,
                                    .any_certificate = !hooks->server->config->http_client.verify,
                                    .answer_max = SRS_HOOK_ANSWER_MAX};
    struct srs_fetch_answer answer;
    srs_usec began = srs_now();
    srs_stat_callback_begin(stat, name);
    srs_err err = srs_fetch(hooks->fetcher, &fetch, deadline, &answer);
    if (!err)
        err = judge(&answer, reply->urls);
    reply->status = answer.status;
    reply->heard = answer.begun;
    srs_stat_callback_end(stat, name, outcome_of(err, answer.status), srs_now() - began);
    srs_buf_fini(&answer.body);
    return err;
}

void srs_hooks_count_lost(struct srs_hooks *hooks, enum srs_hook hook)
{
    srs_stat_callback_end(&hooks->server->stat, srs_hook_name(hook), SRS_STAT_DROPPED, 0);
}

// --- asking -------------------------------------------------------------------------------------

struct asking {
    struct srs_hooks *hooks;
    struct srs_conn *conn;
    struct srs_hook_message *message;
    struct srs_hook_urls *urls; // of an on_forward
    srs_usec deadline;
    bool over;
    srs_err err;
    struct srs_err_trace *story;
};

static SRS_YIELDS SRS_ERR ask_url(struct asking *asking, const char *url)
{
    struct srs_hook_message *message = asking->message;
    char shown[SRS_FETCH_SHOWN];
    struct srs_hook_reply reply = {.urls = asking->urls};
    srs_err err = srs_hooks_call(asking->hooks, message, url, asking->deadline, &reply);
    message->heard = message->heard || reply.heard;
    if (!err || err == SRS_E_CANCELED)
        return err;
    srs_fetch_shown(url, shown);
    return srs_wrap(err, "%s %.75s", srs_hook_name(message->hook), shown);
}

static SRS_YIELDS srs_err ask_main(void *arg)
{
    struct asking *asking = arg;
    srs_co_set_name("hook");
    // What was told about the same client comes first.
    srs_err err = srs_hooks_wait_told(asking->hooks, srs_co_cid(), asking->deadline);
    for (unsigned i = 0; i < asking->message->url_count && !err; i++)
        err = ask_url(asking, asking->message->urls[i]);
    asking->err = err;
    asking->story = srs_err_save();
    asking->over = true;
    srs_conn_poke(asking->conn);
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR ask(struct srs_hooks *hooks, struct srs_conn *conn,
                              struct srs_hook_message *message, struct srs_hook_urls *urls)
{
    struct srs_scope scope;
    struct asking *asking = srs_new(struct asking);
    asking->hooks = hooks;
    asking->conn = conn;
    asking->message = message;
    asking->urls = urls;
    asking->deadline = srs_now() + message->timeout;
    srs_scope_init(&scope, "hook");
    srs_err err = srs_scope_spawn(&scope, ask_main, asking);
    while (!err && !asking->over)
        err = srs_conn_wait_gone(conn, SRS_NEVER); // the question has a deadline
    struct srs_err_trace *story = srs_err_save();
    srs_scope_close(&scope);
    if (!err) {
        err = asking->err;
        srs_err_trace_free(story);
        srs_err_restore(asking->story);
    } else {
        srs_err_trace_free(asking->story);
        srs_err_restore(story);
    }
    srs_free(asking);
    return err;
}

// --- what is said -------------------------------------------------------------------------------

static unsigned count_clients(const struct srs_source *source)
{
    return source->consumer_count - source->copies + (source->publisher != NULL ? 1 : 0);
}

static void name_stream(const struct srs_hook_facts *facts, char url[STREAM_URL])
{
    const char *vhost = strcmp(facts->vhost, DEFAULT_VHOST) == 0 ? "" : facts->vhost;
    (void)snprintf(url, STREAM_URL, "%s/%s/%s", vhost, facts->app, facts->stream);
}

// Room for what a body says beyond the facts.
struct said {
    char ip[SRS_ENDPOINT_TEXT];
    char url[STREAM_URL];
    char id[SRS_API_ID];
};

static SRS_ERR write_body(const struct srs_server *server, struct srs_hook_message *message,
                          const struct srs_hook_facts *facts, const char *client_id)
{
    struct said *said = srs_new(struct said);
    struct srs_endpoint peer = srs_conn_peer(facts->conn);
    struct srs_hook_body body = {.hook = message->hook,
                                 .server_id = server->id,
                                 .service_id = server->service,
                                 .client_id = client_id,
                                 .ip = said->ip,
                                 .vhost = facts->vhost,
                                 .app = facts->app,
                                 .stream = facts->stream,
                                 .param = facts->param,
                                 .tc_url = facts->tc_url,
                                 .page_url = facts->page_url,
                                 .stream_url = said->url,
                                 .clients = -1,
                                 .send_bytes = srs_conn_bytes_out(facts->conn),
                                 .recv_bytes = srs_conn_bytes_in(facts->conn)};
    srs_endpoint_format_ip(&peer, said->ip);
    if (facts->source != NULL) {
        name_stream(facts, said->url);
        srs_api_stream_id(server, facts->source, said->id);
        body.stream_id = said->id;
        // Who asks to play is not in the list yet; who has stopped is no more.
        body.clients = (int64_t)count_clients(facts->source) + (message->hook == SRS_HOOK_PLAY);
    }
    srs_err err = srs_hook_body_write(&body, &message->body);
    srs_free(said);
    return err;
}

// --- entering and leaving -----------------------------------------------------------------------

struct srs_hook_stay {
    enum srs_hook leaving;           // the hook that tells of the end
    struct srs_source *source;       // a reference, or NULL
    struct srs_hook_message *unsent; // for a vhost that is not in the configuration any more
    char client_id[SRS_CLIENT_ID];
    const char *vhost; // these are in text
    const char *app;
    const char *stream;
    const char *param;
    const char *tc_url;
    const char *page_url;
    char text[];
};

static const struct srs_config_words *urls_of(const struct srs_config_vhost *vhost,
                                              enum srs_hook hook)
{
    switch (hook) {
    case SRS_HOOK_CONNECT:
        return &vhost->http_hooks.on_connect;
    case SRS_HOOK_CLOSE:
        return &vhost->http_hooks.on_close;
    case SRS_HOOK_PUBLISH:
        return &vhost->http_hooks.on_publish;
    case SRS_HOOK_UNPUBLISH:
        return &vhost->http_hooks.on_unpublish;
    case SRS_HOOK_PLAY:
        return &vhost->http_hooks.on_play;
    default:
        return &vhost->http_hooks.on_stop;
    }
}

static enum srs_hook end_of(enum srs_hook hook)
{
    return hook == SRS_HOOK_CONNECT   ? SRS_HOOK_CLOSE
           : hook == SRS_HOOK_PUBLISH ? SRS_HOOK_UNPUBLISH
                                      : SRS_HOOK_STOP;
}

static const char *keep_text(char **at, const char *text)
{
    const char *kept = *at;
    size_t size = text != NULL ? strlen(text) : 0;
    if (size > 0)
        memcpy(*at, text, size);
    (*at)[size] = '\0';
    *at += size + 1;
    return kept;
}

static void free_stay(struct srs_hook_stay *stay)
{
    if (stay == NULL)
        return;
    srs_source_unref(stay->source);
    srs_hook_message_free(stay->unsent);
    srs_free(stay);
    srs_live_add(SRS_LIVE_HOOK, -1);
}

static SRS_ERR new_stay(const struct srs_config_vhost *vhost, enum srs_hook hook,
                        const struct srs_hook_facts *facts, struct srs_hook_stay **out)
{
    const char *const texts[] = {facts->vhost, facts->app,    facts->stream,
                                 facts->param, facts->tc_url, facts->page_url};
    size_t size = 0;
    for (size_t i = 0; i < SRS_COUNT(texts); i++)
        size += (texts[i] != NULL ? strlen(texts[i]) : 0) + 1;
    struct srs_hook_stay *stay = srs_try_alloc(sizeof *stay + size);
    if (stay == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "callbacks");
    srs_live_add(SRS_LIVE_HOOK, 1);
    *stay = (struct srs_hook_stay){.leaving = end_of(hook)};
    char *at = stay->text;
    stay->vhost = keep_text(&at, facts->vhost);
    stay->app = keep_text(&at, facts->app);
    stay->stream = keep_text(&at, facts->stream);
    stay->param = keep_text(&at, facts->param);
    stay->tc_url = keep_text(&at, facts->tc_url);
    stay->page_url = keep_text(&at, facts->page_url);
    stay->source = facts->source != NULL ? srs_source_ref(facts->source) : NULL;
    (void)snprintf(stay->client_id, sizeof stay->client_id, "%s", srs_co_cid());
    srs_err err = srs_hook_message_new(stay->leaving, urls_of(vhost, stay->leaving),
                                       vhost->http_hooks.timeout, &stay->unsent);
    if (err) {
        free_stay(stay);
        return err;
    }
    *out = stay;
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR put_question(struct srs_server *server,
                                       const struct srs_config_vhost *vhost, enum srs_hook hook,
                                       const struct srs_hook_facts *facts, bool *heard)
{
    const struct srs_config_words *urls = urls_of(vhost, hook);
    struct srs_hook_message *message = NULL;
    *heard = false;
    if (urls->count == 0)
        return SRS_OK;
    srs_err err = srs_hook_message_new(hook, urls, vhost->http_hooks.timeout, &message);
    if (!err)
        err = write_body(server, message, facts, srs_co_cid());
    if (!err)
        err = ask(server->hooks, facts->conn, message, NULL);
    *heard = message != NULL && message->heard;
    srs_hook_message_free(message);
    return err;
}

SRS_YIELDS SRS_ERR srs_hooks_enter(struct srs_server *server, enum srs_hook hook,
                                   const struct srs_hook_facts *facts, struct srs_hook_stay **out)
{
    srs_co_may_yield();
    const struct srs_config_vhost *vhost = srs_config_vhost_exact(server->config, facts->vhost);
    struct srs_hook_stay *stay = NULL;
    bool heard = false;
    *out = NULL;
    if (vhost == NULL || !srs_hooks_wanted(vhost))
        return SRS_OK;
    srs_err err = new_stay(vhost, hook, facts, &stay);
    if (!err)
        err = put_question(server, vhost, hook, facts, &heard);
    if (!err) {
        *out = stay;
        return SRS_OK;
    }
    // One who left while the back-end thought about it may have been let in there.
    if (heard && (err == SRS_E_SOCKET_READ || err == SRS_E_CANCELED)) {
        struct srs_err_trace *story = srs_err_save();
        srs_hooks_leave(server, &stay, facts->conn);
        srs_err_restore(story);
    }
    free_stay(stay);
    return err;
}

// What tells of the end now: the URLs of the moment, or those of before where the vhost is gone.
static SRS_ERR end_message(const struct srs_server *server, struct srs_hook_stay *stay,
                           struct srs_hook_message **out)
{
    const struct srs_config_vhost *vhost = srs_config_vhost_exact(server->config, stay->vhost);
    *out = NULL;
    if (vhost == NULL) {
        *out = stay->unsent;
        stay->unsent = NULL;
        return SRS_OK;
    }
    if (!srs_hooks_wanted(vhost))
        return SRS_OK;
    return srs_hook_message_new(stay->leaving, urls_of(vhost, stay->leaving),
                                vhost->http_hooks.timeout, out);
}

void srs_hooks_leave(struct srs_server *server, struct srs_hook_stay **stay, struct srs_conn *conn)
{
    struct srs_hook_stay *left = *stay;
    struct srs_hook_message *message = NULL;
    if (left == NULL)
        return;
    *stay = NULL;
    const struct srs_hook_facts facts = {.conn = conn,
                                         .source = left->source,
                                         .vhost = left->vhost,
                                         .app = left->app,
                                         .stream = left->stream,
                                         .param = left->param,
                                         .tc_url = left->tc_url,
                                         .page_url = left->page_url};
    srs_err err = end_message(server, left, &message);
    if (!err && message != NULL && message->url_count > 0)
        err = write_body(server, message, &facts, left->client_id);
    if (err) {
        srs_hooks_count_lost(server->hooks, left->leaving);
        srs_err_log_warn(err, "hooks", "callback lost");
    } else if (message != NULL && message->url_count > 0) {
        message->made_at = srs_now();
        srs_hooks_notify(server->hooks, left->client_id, left->vhost, message);
        message = NULL;
    }
    srs_hook_message_free(message);
    free_stay(left);
}

// --- forward ------------------------------------------------------------------------------------

SRS_YIELDS SRS_ERR srs_hooks_forward(struct srs_server *server, const struct srs_hook_facts *facts,
                                     struct srs_hook_urls *out)
{
    srs_co_may_yield();
    const struct srs_config_vhost *vhost = srs_config_vhost_exact(server->config, facts->vhost);
    struct srs_hook_message *message = NULL;
    out->count = 0;
    if (vhost == NULL || !vhost->forward.enabled || vhost->forward.backend[0] == '\0')
        return SRS_OK;
    const struct srs_config_words urls = {.items = &vhost->forward.backend, .count = 1};
    srs_err err =
        srs_hook_message_new(SRS_HOOK_FORWARD, &urls, vhost->http_hooks.timeout, &message);
    if (!err)
        err = write_body(server, message, facts, srs_co_cid());
    if (!err)
        err = ask(server->hooks, facts->conn, message, out);
    srs_hook_message_free(message);
    if (err)
        srs_hook_urls_fini(out);
    return err;
}
