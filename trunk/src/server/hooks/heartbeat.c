#include "server/hooks/heartbeat.h"
#include "core/mem.h"
#include "core/version.h"
#include "server/api/system.h"
#include "server/certs.h"
#include "server/hooks/hooks.h"
#include "server/hooks/json_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024, ANSWER_MAX = 64 * 1024, TOKEN_TEXT = 4096 };
enum { INTERFACES_MAX = 64 }; // addresses

static const srs_usec look_usec = 1 * SRS_SEC; // a change of the configuration is seen within
static const srs_usec call_usec = 10 * SRS_SEC;

// --- the body -----------------------------------------------------------------------------------

void srs_heartbeat_ip(const char *named, const struct srs_interface *all, size_t count,
                      int64_t which, char out[SRS_ENDPOINT_TEXT])
{
    (void)snprintf(out, SRS_ENDPOINT_TEXT, "%s", named != NULL ? named : "");
    if (out[0] == '\0' && count > 0)
        srs_endpoint_format_ip(&all[which < (int64_t)count ? which : 0].at, out);
}

static void find_ip(const struct srs_config *config, char out[SRS_ENDPOINT_TEXT])
{
    struct srs_interface *all = srs_mem_new(INTERFACES_MAX * sizeof *all);
    size_t count = srs_interfaces_read(all, INTERFACES_MAX);
    srs_heartbeat_ip(getenv("SRS_DEVICE_IP"), all, count < INTERFACES_MAX ? count : INTERFACES_MAX,
                     config->stats.network, out);
    srs_free(all);
}

// As in the configuration: "1935", "127.0.0.1:1935", "[::1]:1935".
static void put_endpoints(struct srs_hook_json *json, const char *name,
                          const struct srs_config_endpoints *endpoints)
{
    char text[SRS_CONFIG_HOST_MAX + 16];
    srs_hook_json_list(json, name);
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct srs_config_endpoint *at = &endpoints->items[i];
        bool v6 = strchr(at->host, ':') != NULL;
        (void)snprintf(text, sizeof text, "%s%s%s%s%u", v6 ? "[" : "", at->host, v6 ? "]" : "",
                       at->host[0] != '\0' ? ":" : "", at->port);
        srs_hook_json_item(json, text);
    }
    srs_hook_json_list_end(json);
}

// The object that the API answers with.
static void put_summaries(struct srs_hook_json *json, const struct srs_server *server)
{
    struct srs_buf text = {0};
    srs_err err = srs_api_summaries_alone(server, &text);
    if (!err)
        srs_hook_json_raw(json, "summaries", srs_buf_span(&text));
    else if (!json->err)
        json->err = err;
    srs_buf_fini(&text);
}

SRS_ERR srs_heartbeat_write(const struct srs_server *server, const char *ip, struct srs_buf *out)
{
    const struct srs_config *config = server->config;
    struct srs_hook_json json;
    char pid[24];
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    srs_hook_json_begin(&json, out, BODY_MAX);
    srs_hook_json_text(&json, "device_id", config->heartbeat.device_id);
    srs_hook_json_text(&json, "ip", ip);
    srs_hook_json_text(&json, "server", server->id);
    srs_hook_json_text(&json, "service", server->service);
    srs_hook_json_text(&json, "pid", pid);
    if (config->heartbeat.summaries)
        put_summaries(&json, server);
    if (config->heartbeat.ports) {
        put_endpoints(&json, "rtmp", &config->rtmp_listen);
        if (config->http_server.enabled)
            put_endpoints(&json, "http", &config->http_server.listen);
        if (config->http_api.enabled)
            put_endpoints(&json, "api", &config->http_api.listen);
    }
    return srs_hook_json_end(&json);
}

// --- sending ------------------------------------------------------------------------------------

// What a report is made of, copied from the configuration because a call takes time.
struct report {
    char url[SRS_FETCH_URL_MAX];
    char token[TOKEN_TEXT];
    char ip[SRS_ENDPOINT_TEXT];
    struct srs_buf body;
};

static SRS_ERR make_report(const struct srs_server *server, struct report *report)
{
    const struct srs_config *config = server->config;
    int size = 0;
    // A query of the URL is left out, as SRS does.
    (void)snprintf(report->url, sizeof report->url, "%.*s",
                   (int)strcspn(config->heartbeat.url, "?"), config->heartbeat.url);
    if (config->heartbeat.auth)
        size = snprintf(report->token, sizeof report->token, "Authorization: Bearer %s",
                        config->heartbeat.token);
    if ((size_t)size >= sizeof report->token)
        return srs_fail(SRS_E_LIMIT, "heartbeat.auth.token above %d bytes", TOKEN_TEXT);
    find_ip(config, report->ip);
    return srs_heartbeat_write(server, report->ip, &report->body);
}

static SRS_YIELDS SRS_ERR send_report(struct srs_server *server, const struct report *report)
{
    const char *const headers[] = {"User-Agent: " SRS_SIGNATURE, "Connection: Keep-Alive",
                                   "Content-Type: application/json", report->token};
    bool auth = report->token[0] != '\0';
    const struct srs_fetch fetch = {.method = "POST",
                                    .url = report->url,
                                    .headers = headers,
                                    .header_count = SRS_COUNT(headers) - (auth ? 0 : 1),
                                    .body = srs_buf_span(&report->body),
                                    .trust = server->certs->trust,
                                    .any_certificate = !server->config->http_client.verify,
                                    .answer_max = ANSWER_MAX};
    struct srs_fetch_answer answer;
    srs_err err =
        srs_fetch(srs_hooks_fetcher(server->hooks), &fetch, srs_now() + call_usec, &answer);
    srs_buf_fini(&answer.body);
    if (!err && answer.status != 200 && answer.status != 201)
        err = srs_fail(SRS_E_HTTP_STATUS_INVALID, "status %u", answer.status);
    return err;
}

// A manager that is away is told about once, and once when it is back.
static SRS_YIELDS SRS_ERR beat(struct srs_server *server, bool *away)
{
    struct report *report = srs_new(struct report);
    char shown[SRS_FETCH_SHOWN];
    srs_err err = make_report(server, report);
    if (!err)
        err = send_report(server, report);
    srs_fetch_shown(report->url, shown);
    if (err && err != SRS_E_CANCELED && !*away)
        srs_err_log_warn(srs_wrap(err, "%.80s", shown), "heartbeat", "not sent");
    if (!err && *away)
        srs_log_info("heartbeat", "sent again to=%s", shown);
    *away = err != SRS_OK;
    srs_buf_fini(&report->body);
    srs_free(report);
    if (err == SRS_E_CANCELED)
        return err;
    srs_err_drop(err, "the next one comes");
    return SRS_OK;
}

static SRS_YIELDS srs_err heartbeat_main(void *arg)
{
    struct srs_server *server = arg;
    srs_usec last = 0;
    bool away = false;
    srs_co_set_name("heartbeat");
    for (;;) {
        srs_usec due = last + server->config->heartbeat.interval;
        srs_usec now = srs_now();
        srs_err err = SRS_OK;
        if (server->config->heartbeat.enabled && (last == 0 || now >= due)) {
            last = now;
            err = beat(server, &away);
        }
        if (!err)
            err = srs_co_sleep(srs_now() + look_usec);
        if (err)
            return err;
    }
}

SRS_ERR srs_heartbeat_begin(struct srs_server *server)
{
    srs_err err = srs_scope_spawn(&server->services, heartbeat_main, server);
    return err ? srs_wrap(err, "heartbeat") : SRS_OK;
}
