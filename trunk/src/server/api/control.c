// Steering the server: the raw API with its reload, the configuration in force, the check of
// another one, and what there is to be warned about.
#include "core/mem.h"
#include "server/api/handlers.h"
#include "server/api/items.h"
#include "server/check.h"
#include "server/config/show.h"
#include "server/reload.h"
#include <stdio.h>
#include <string.h>

// --- the raw API --------------------------------------------------------------------------------

enum { RPC_MAX = 64 };

static SRS_ERR put_raw(struct srs_api_call *call)
{
    const struct srs_config_http *api = &call->exchange->server->config->http_api;
    char listen[SRS_CONFIG_ENDPOINT] = "";
    if (api->listen.count > 0)
        srs_config_endpoint_print(&api->listen.items[0], listen);
    struct srs_json json = srs_json_new();
    srs_json_put_flag(&json, json.root, "enabled", api->enabled);
    srs_json_put_text(&json, json.root, "listen", listen);
    srs_json_put_flag(&json, json.root, "crossdomain", api->crossdomain);
    struct cJSON *raw = srs_json_put_object(&json, json.root, "raw_api");
    srs_json_put_flag(&json, raw, "enabled", api->raw_api.enabled);
    srs_json_put_flag(&json, raw, "allow_reload", api->raw_api.allow_reload);
    srs_json_put_flag(&json, raw, "allow_query", false);
    srs_json_put_flag(&json, raw, "allow_update", false);
    return srs_json_finish(&json, ",\"http_api\":", &call->out);
}

static SRS_ERR put_reload(struct srs_api_call *call)
{
    const struct srs_reload_status *status = srs_reload_status(call->exchange->server->reload);
    struct srs_json json = srs_json_new();
    srs_json_put_count(&json, json.root, "err", (uint64_t)status->err);
    srs_json_put_text(&json, json.root, "msg", status->err ? status->story : "Success");
    srs_json_put_count(&json, json.root, "state", (uint64_t)status->step);
    srs_json_put_text(&json, json.root, "rid", status->id);
    return srs_json_finish(&json, ",\"data\":", &call->out);
}

static SRS_YIELDS SRS_ERR answer_bare(struct srs_api_call *call,
                                      srs_err (*put)(struct srs_api_call *call))
{
    srs_err err = srs_api_open_bare(call, SRS_OK);
    if (!err)
        err = put(call);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS srs_err srs_api_serve_raw(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    struct srs_server *server = call->exchange->server;
    const struct srs_config_http *api = &server->config->http_api;
    char rpc[RPC_MAX];
    bool found = false;
    srs_err err =
        srs_http_query_get(call->exchange->request->query, "rpc", rpc, sizeof rpc, &found);
    if (err) {
        srs_err_drop(err, "no rpc is that long, or written like that");
        rpc[0] = '\0';
    }
    if (strcmp(rpc, "raw") == 0)
        return answer_bare(call, put_raw);
    if (!api->raw_api.enabled)
        return srs_api_fail(call, SRS_E_SYSTEM_CONFIG_RAW_DISABLED);
    if (strcmp(rpc, "reload-fetch") == 0)
        return answer_bare(call, put_reload);
    if (strcmp(rpc, "reload") != 0)
        return srs_api_fail(call, SRS_E_SYSTEM_CONFIG_RAW);
    if (!api->raw_api.allow_reload)
        return srs_api_fail(call, SRS_E_SYSTEM_CONFIG_RAW_DISABLED);
    srs_reload_request(server->reload);
    return srs_api_fail(call, SRS_OK);
}

// --- the configuration --------------------------------------------------------------------------

enum { DEPTH_MAX = 8 };

// Makes a tree of what the configuration shows.
struct showing {
    struct srs_json json;
    struct cJSON *blocks[DEPTH_MAX]; // [0..depth], those that are open
    unsigned depth;
    const struct srs_directive *row;
    struct cJSON *list;                // of a row that is one
    const struct srs_directive *rules; // of RULES: the row whose lines come
    char rule[80];
};

static void show_open(void *arg, const char *name)
{
    struct showing *showing = arg;
    struct cJSON *block =
        srs_json_put_object(&showing->json, showing->blocks[showing->depth], name);
    if (showing->depth + 1 < DEPTH_MAX)
        showing->blocks[++showing->depth] = block;
    else
        showing->json.bad = true;
}

static void show_close(void *arg)
{
    struct showing *showing = arg;
    showing->depth--;
}

static void show_begin(void *arg, const struct srs_directive *row)
{
    struct showing *showing = arg;
    bool list = row->type == SRS_DIRECTIVE_LIST || row->type == SRS_DIRECTIVE_LISTEN ||
                row->type == SRS_DIRECTIVE_NETS || row->type == SRS_DIRECTIVE_RULES;
    bool again = showing->rules == row; // the lines of a directive come one after the other
    showing->row = row;
    showing->rule[0] = '\0';
    showing->rules = row->type == SRS_DIRECTIVE_RULES ? row : NULL;
    if (again)
        return;
    showing->list =
        list ? srs_json_put_array(&showing->json, showing->blocks[showing->depth], row->name)
             : NULL;
}

// "publish 10.0.0.0/8" of its two words.
static void show_rule(struct showing *showing, const char *word)
{
    size_t size = strlen(showing->rule);
    (void)snprintf(showing->rule + size, sizeof showing->rule - size, "%s%s", size > 0 ? " " : "",
                   word);
    if (size > 0)
        srs_json_add_text(&showing->json, showing->list, showing->rule);
}

static void show_word(void *arg, const char *word)
{
    struct showing *showing = arg;
    struct cJSON *block = showing->blocks[showing->depth];
    const char *name = showing->row->name;
    switch (showing->row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        srs_json_put_flag(&showing->json, block, name, strcmp(word, "on") == 0);
        break;
    case SRS_DIRECTIVE_LIST:
    case SRS_DIRECTIVE_LISTEN:
    case SRS_DIRECTIVE_NETS:
        srs_json_add_text(&showing->json, showing->list, word);
        break;
    case SRS_DIRECTIVE_RULES:
        show_rule(showing, word);
        break;
    case SRS_DIRECTIVE_WORD:
    case SRS_DIRECTIVE_ENUM:
        srs_json_put_text(&showing->json, block, name, word);
        break;
    default:
        if (strcmp(word, "auto") == 0)
            srs_json_put_text(&showing->json, block, name, word);
        else
            srs_json_put_raw(&showing->json, block, name, word);
        break;
    }
}

static void show_end(void *arg)
{
    struct showing *showing = arg;
    showing->row = NULL;
}

static struct srs_config_visitor begin_showing(struct showing *showing)
{
    *showing = (struct showing){.json = srs_json_new()};
    showing->blocks[0] = showing->json.root;
    return (struct srs_config_visitor){.open = show_open,
                                       .close = show_close,
                                       .begin = show_begin,
                                       .word = show_word,
                                       .end = show_end,
                                       .arg = showing};
}

static SRS_ERR put_config_root(struct srs_api_call *call, const struct srs_config *config)
{
    const struct srs_config *start = srs_reload_start(call->exchange->server->reload);
    static const char *const profiles[] = {"file", "environment", "built-in"};
    struct showing showing;
    struct srs_config_visitor visitor = begin_showing(&showing);
    srs_config_show_root(config, start, &visitor);
    srs_err err = srs_api_add(call, ",\"data\":{\"profile\":\"");
    if (!err)
        err = srs_api_add(call, profiles[config->profile]);
    if (err) {
        srs_json_drop(&showing.json);
        return err;
    }
    return srs_json_finish(&showing.json, "\",\"config\":", &call->out);
}

static SRS_ERR put_config_vhost(struct srs_api_call *call, const struct srs_config_vhost *vhost)
{
    struct showing showing;
    struct srs_config_visitor visitor = begin_showing(&showing);
    srs_json_put_text(&showing.json, showing.json.root, "name", vhost->name);
    srs_config_show_vhost(vhost, &visitor);
    return srs_json_finish(&showing.json, "", &call->out);
}

static SRS_YIELDS SRS_ERR list_config(struct srs_api_call *call, const struct srs_config *config)
{
    srs_err err = srs_api_open(call);
    if (!err)
        err = put_config_root(call, config);
    if (!err)
        err = srs_api_add(call, ",\"vhosts\":[");
    call->first = true;
    for (size_t i = 0; i < config->vhost_count && !err; i++) {
        err = srs_api_separate(call);
        if (!err)
            err = put_config_vhost(call, &config->vhosts[i]);
        if (!err)
            err = srs_api_send_piece(call);
    }
    return err ? err : srs_api_close_list(call, "]}");
}

static SRS_YIELDS SRS_ERR print_config(struct srs_api_call *call, const struct srs_config *config)
{
    call->type = "text/plain; charset=utf-8";
    const struct srs_config *start = srs_reload_start(call->exchange->server->reload);
    srs_err err = srs_config_print_root(config, start, &call->out, SRS_API_BUFFER_MAX);
    for (size_t i = 0; i < config->vhost_count && !err; i++) {
        err = srs_config_print_vhost(&config->vhosts[i], &call->out, SRS_API_BUFFER_MAX);
        if (!err)
            err = srs_api_send_piece(call);
    }
    return err ? err : srs_api_finish(call);
}

SRS_YIELDS srs_err srs_api_serve_config(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    char format[8];
    bool found = false;
    // As a script the page of any other site could read it, with what the operator's browser knows.
    srs_api_drop_script(call);
    if (!srs_api_is_read(call))
        return srs_api_refuse(call, 405);
    srs_err err =
        srs_http_query_get(call->exchange->request->query, "format", format, sizeof format, &found);
    bool text = !err && strcmp(format, "conf") == 0;
    if (err || (found && !text && strcmp(format, "json") != 0)) {
        srs_err_drop(err, "no format has such a name");
        return srs_api_refuse(call, 400);
    }
    // The snapshot stays while it is written.
    struct srs_config *config = srs_config_ref(call->exchange->server->config);
    err = text ? print_config(call, config) : list_config(call, config);
    srs_config_unref(config);
    return err;
}

// --- the check of another one -------------------------------------------------------------------

static const srs_usec check_usec = 10 * SRS_SEC;

static void put_fault(struct srs_json *json, const struct srs_check_verdict *verdict)
{
    const struct srs_config_fault *fault = &verdict->fault;
    struct cJSON *errors = srs_json_put_array(json, json->root, "errors");
    if (!verdict->err)
        return;
    struct cJSON *item = srs_json_add_object(json, errors);
    srs_json_put_text(json, item, "file", fault->source);
    srs_json_put_count(json, item, "line", (uint64_t)fault->line);
    srs_json_put_text(json, item, "directive", fault->directive);
    srs_json_put_text(json, item, "nearest", fault->nearest);
    srs_json_put_text(json, item, "text", verdict->story);
}

static SRS_ERR put_verdict(struct srs_api_call *call, const struct srs_check_verdict *verdict)
{
    struct srs_json json = srs_json_new();
    srs_json_put_flag(&json, json.root, "ok", verdict->err == SRS_OK);
    put_fault(&json, verdict);
    struct cJSON *warnings = srs_json_put_array(&json, json.root, "warnings");
    for (size_t i = 0; verdict->config != NULL && i < verdict->config->note_count; i++)
        srs_json_add_text(&json, warnings, verdict->config->notes[i]);
    return srs_json_finish(&json, ",\"data\":", &call->out);
}

SRS_YIELDS srs_err srs_api_serve_config_check(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    struct srs_check_verdict verdict;
    struct srs_server *server = call->exchange->server;
    if (call->exchange->request->method != SRS_HTTP_POST) // a callback cannot bring a body
        return srs_api_refuse(call, 405);
    srs_err err =
        srs_check_run(server->check, call->exchange->body, srs_now() + check_usec, &verdict);
    if (err == SRS_E_TASK_QUEUE_FULL || err == SRS_E_SOCKET_TIMEOUT) {
        srs_err_drop(err, "told to the client");
        return srs_api_refuse(call, 503);
    }
    if (!err)
        err = srs_api_open_as(call, verdict.err);
    if (!err)
        err = put_verdict(call, &verdict);
    srs_config_unref(verdict.config);
    return err ? err : srs_api_close(call);
}

// --- warnings -----------------------------------------------------------------------------------

static SRS_ERR put_warning(struct srs_api_call *call, const char *from, const char *text)
{
    struct srs_json json = srs_json_new();
    srs_json_put_text(&json, json.root, "from", from);
    srs_json_put_text(&json, json.root, "text", text);
    srs_err err = srs_api_separate(call);
    if (err) {
        srs_json_drop(&json);
        return err;
    }
    return srs_json_finish(&json, "", &call->out);
}

// At most SRS_CONFIG_NOTES_MAX of SRS_CONFIG_NOTE_TEXT bytes, and two more.
static SRS_ERR put_warnings(struct srs_api_call *call, unsigned *total)
{
    const struct srs_server *server = call->exchange->server;
    const struct srs_config *config = server->config;
    const struct srs_reload_status *reload = srs_reload_status(server->reload);
    srs_err err = SRS_OK;
    *total = (unsigned)(config->note_count + config->notes_dropped);
    for (size_t i = 0; i < config->note_count && !err; i++)
        err = put_warning(call, "config", config->notes[i]);
    if (!err && reload->restart[0] != '\0') {
        err = put_warning(call, "restart", reload->restart);
        ++*total;
    }
    if (!err && reload->err) {
        err = put_warning(call, "reload", reload->story);
        ++*total;
    }
    return err;
}

SRS_YIELDS srs_err srs_api_serve_warnings(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    unsigned total = 0;
    if (!srs_api_is_read(call))
        return srs_api_refuse(call, 405);
    srs_err err = srs_api_open_list(call, "warnings");
    if (!err)
        err = put_warnings(call, &total);
    return err ? err : srs_api_close_total(call, total);
}
