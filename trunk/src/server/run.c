#include "server/run.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/signals.h"
#include "core/version.h"
#include "server/page/page.h"
#include "server/rtmp/session.h"
#include "server/server.h"
#include "server/stat/rate.h"
#include "server/web/session.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { LISTENERS_MAX = 3 * SRS_CONFIG_LISTEN_MAX };

// A walk over all clients touches memory that nobody else needs: seldom against the window of 30 s.
static const srs_usec sample_usec = 5 * SRS_SEC;

typedef SRS_YIELDS srs_err listen_fn(struct srs_server *server, struct srs_listener *listener);

struct listening {
    struct srs_server *server;
    struct srs_listener *listener;
    listen_fn *serve;
};

struct running {
    struct srs_server server;
    struct listening listening[LISTENERS_MAX];
    unsigned listening_count;
};

static SRS_YIELDS srs_err listen_main(void *arg)
{
    struct listening *listening = arg;
    return listening->serve(listening->server, listening->listener);
}

static SRS_ERR endpoint_of(const struct srs_config_endpoint *at, struct srs_endpoint *out)
{
    char text[SRS_CONFIG_HOST_MAX + 16];
    bool is_v6 = strchr(at->host, ':') != NULL;
    (void)snprintf(text, sizeof text, "%s%s%s%s%u", is_v6 ? "[" : "", at->host, is_v6 ? "]" : "",
                   at->host[0] != '\0' ? ":" : "", at->port);
    return srs_endpoint_parse(text, out);
}

static SRS_ERR open_listeners(struct running *running, const struct srs_config_endpoints *endpoints,
                              const char *what, listen_fn *serve)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        struct srs_endpoint endpoint;
        struct listening *listening = &running->listening[running->listening_count];
        char text[SRS_ENDPOINT_TEXT];
        srs_err err = endpoint_of(&endpoints->items[i], &endpoint);
        if (!err)
            err = srs_listener_open(&endpoint, &listening->listener);
        if (err)
            return srs_wrap(err, "%s listener", what);
        running->listening_count++;
        listening->server = &running->server;
        listening->serve = serve;
        endpoint = srs_listener_endpoint(listening->listener);
        srs_endpoint_format(&endpoint, text);
        srs_log_info("server", "listen protocol=%s at=%s", what, text);
        err = srs_scope_spawn(&running->server.services, listen_main, listening);
        if (err)
            return srs_wrap(err, "%s listener", what);
    }
    return SRS_OK;
}

static void close_listeners(struct running *running)
{
    for (unsigned i = 0; i < running->listening_count; i++)
        srs_listener_close(running->listening[i].listener);
    running->listening_count = 0;
}

static SRS_YIELDS srs_err statistics_main(void *arg)
{
    struct srs_server *server = arg;
    for (;;) {
        srs_err err = srs_co_sleep(srs_now() + sample_usec);
        if (err)
            return err;
        srs_clients_sample(&server->clients, srs_now());
        srs_sources_sample(server->sources, srs_now());
    }
}

static void random_text(char *out, size_t size)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
    uint8_t bytes[SRS_SERVER_ID];
    if (getrandom(bytes, size, 0) != (ssize_t)size)
        memset(bytes, (int)srs_wall_now(), size);
    for (size_t i = 0; i < size; i++)
        out[i] = letters[bytes[i] % 32];
    out[size] = '\0';
}

static void name_server(struct srs_server *server)
{
    static const char prefix[] = "vid-";
    memcpy(server->id, prefix, sizeof prefix);
    random_text(server->id + sizeof prefix - 1, 7);
    random_text(server->service, 8);
}

static bool same_endpoints(const struct srs_config_endpoints *a,
                           const struct srs_config_endpoints *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].port != b->items[i].port || strcmp(a->items[i].host, b->items[i].host) != 0)
            return false;
    return true;
}

// The API and the HTTP server may share their port.
static SRS_ERR open_http(struct running *running, const struct srs_config *config)
{
    const struct srs_config_http *api = &config->http_api;
    const struct srs_config_http *server = &config->http_server;
    bool shared = api->enabled && server->enabled && same_endpoints(&api->listen, &server->listen);
    srs_err err = SRS_OK;
    if (shared)
        return open_listeners(running, &server->listen, "http", srs_web_listen_both);
    if (api->enabled)
        err = open_listeners(running, &api->listen, "http-api", srs_web_listen_api);
    if (!err && server->enabled)
        err = open_listeners(running, &server->listen, "http", srs_web_listen_server);
    return err;
}

static SRS_ERR start(struct running *running)
{
    struct srs_server *server = &running->server;
    const struct srs_config *config = server->config;
    srs_err err = srs_beat_new(&server->services, &server->beat);
    if (!err)
        err = srs_sources_new(&srs_beat_source_ops, &server->sources);
    if (!err)
        err = srs_page_load(&server->page);
    if (!err)
        err = srs_scope_spawn(&server->services, statistics_main, server);
    if (!err)
        err = open_listeners(running, &config->rtmp_listen, "rtmp", srs_rtmp_listen);
    if (!err)
        err = open_http(running, config);
    return err;
}

static const char *profile_name(enum srs_config_profile profile)
{
    static const char *const names[] = {"file", "environment", "built-in"};
    return names[profile];
}

// Who starts the server without a configuration is told what to do with it.
static void tell_urls(const struct srs_config *config)
{
    static const char stream[] = "live/livestream";
    uint16_t rtmp = config->rtmp_listen.count > 0 ? config->rtmp_listen.items[0].port : 0;
    uint16_t http =
        config->http_server.listen.count > 0 ? config->http_server.listen.items[0].port : 0;
    uint16_t api = config->http_api.listen.count > 0 ? config->http_api.listen.items[0].port : 0;
    srs_log_info("server", "publish: rtmp://127.0.0.1:%u/%s", rtmp, stream);
    srs_log_info("server", "play: rtmp://127.0.0.1:%u/%s", rtmp, stream);
    srs_log_info("server", "play: http://127.0.0.1:%u/%s.flv", http, stream);
    srs_log_info("server", "player page: http://127.0.0.1:%u/", http);
    srs_log_info("server", "API: http://127.0.0.1:%u/api/v1/streams/", api);
}

// Until a signal asks for the end.
static SRS_YIELDS SRS_ERR serve(void)
{
    for (;;) {
        int sig = 0;
        srs_err err = srs_signals_wait(&sig);
        if (err)
            return err;
        if (sig == SIGUSR1) {
            srs_log_reopen();
            srs_log_info("server", "log reopened");
        } else if (sig == SIGHUP) {
            srs_log_warn("server", "reload is not built yet, SIGHUP has no effect");
        } else {
            srs_log_info("server", "quit signal=%s", sigabbrev_np(sig));
            return SRS_OK;
        }
    }
}

static SRS_YIELDS void stop(struct running *running)
{
    struct srs_server *server = &running->server;
    srs_scope_close(&server->services); // nobody new comes
    srs_scope_close(&server->sessions);
    close_listeners(running);
    if (server->sources != NULL)
        srs_sources_free(server->sources);
    srs_beat_free(server->beat);
    srs_page_free(server->page);
    srs_free(server->writer);
}

SRS_YIELDS SRS_ERR srs_server_run(struct srs_config *config)
{
    srs_co_may_yield();
    struct running *running = srs_new(struct running);
    struct srs_server *server = &running->server;
    server->config = srs_config_ref(config);
    server->writer = srs_new(struct srs_writer);
    server->started_at = srs_now();
    srs_clients_init(&server->clients);
    srs_scope_init(&server->services, "services");
    srs_scope_init(&server->sessions, "sessions");
    name_server(server);
    srs_log_info("server", "start version=%s profile=%s id=%s", SRS_VERSION,
                 profile_name(config->profile), server->id);
    srs_err err = srs_signals_open();
    if (!err)
        err = start(running);
    if (!err && config->profile == SRS_CONFIG_BUILTIN)
        tell_urls(config);
    if (!err)
        err = serve();
    stop(running);
    srs_signals_close();
    srs_config_unref(server->config);
    srs_free(running);
    return err;
}
