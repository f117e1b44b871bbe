#include "server/run.h"
#include "core/dns.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/version.h"
#include "server/access/limits.h"
#include "server/check.h"
#include "server/files/store.h"
#include "server/hooks/heartbeat.h"
#include "server/hooks/hooks.h"
#include "server/listeners.h"
#include "server/page/page.h"
#include "server/reload.h"
#include "server/reload_watch.h"
#include "server/server.h"
#include "server/stat/rate.h"
#include <stdio.h>

enum { SERVICE_ID = 8 };

// A walk over all clients touches memory that nobody else needs: seldom against the window of 30 s.
static const srs_usec sample_usec = 5 * SRS_SEC;

// For certificates at the start: a file system that takes longer hangs.
static const srs_usec files_usec = 10 * SRS_SEC;

// For helpers that still read when all sessions have ended.
static const srs_usec helpers_usec = 3 * SRS_SEC;

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

static SRS_YIELDS SRS_ERR start(struct srs_server *server, const struct srs_config_args *args)
{
    srs_server_set_names(server);
    srs_err err = srs_beat_new(&server->services, &server->beat);
    if (!err)
        err = srs_sources_new(&srs_beat_source_ops, &server->sources);
    if (!err)
        err = srs_page_load(&server->page);
    if (!err)
        err = srs_scope_spawn(&server->services, statistics_main, server);
    if (!err)
        err = srs_limits_start(server);
    if (!err)
        err = srs_sampler_new(&server->services, &server->config, &server->stat.system,
                              &server->sampler);
    if (!err)
        err = srs_reload_new(server, args, &server->reload);
    if (!err)
        err = srs_reload_watch_start(server, server->reload);
    if (!err)
        err = srs_certs_read(server->config, srs_now() + files_usec, &server->certs);
    if (!err)
        err = srs_hooks_new(server, &server->hooks);
    if (!err)
        err = srs_heartbeat_begin(server);
    if (!err)
        err = srs_listeners_open(server->listeners, server->config);
    if (!err)
        srs_listeners_settle(server->listeners);
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

static SRS_YIELDS SRS_ERR serve(struct srs_server *server, struct srs_life *life)
{
    for (;;) {
        enum srs_life_request request = SRS_LIFE_STOP;
        srs_err err = srs_life_next(life, &request);
        if (err || request == SRS_LIFE_STOP)
            return err;
        if (request == SRS_LIFE_RELOAD)
            srs_reload_request(server->reload);
        else
            srs_listeners_shut(server->listeners);
    }
}

static SRS_YIELDS void stop(struct srs_server *server)
{
    srs_scope_close(&server->services); // nobody new comes
    srs_scope_close(&server->sessions);
    srs_check_free(server->check, srs_now() + helpers_usec);
    srs_hooks_free(server->hooks, srs_now() + helpers_usec);
    srs_dns_set_servers(NULL);
    srs_files_close(server->files, srs_now() + helpers_usec);
    srs_sampler_close(server->sampler, srs_now() + helpers_usec);
    if (server->sources != NULL)
        srs_sources_free(server->sources);
    srs_beat_free(server->beat);
    srs_page_free(server->page);
    srs_listeners_free(server->listeners);
    srs_certs_free(server->certs);
    srs_free(server->writer);
}

SRS_YIELDS SRS_ERR srs_server_run(struct srs_config *config, const struct srs_config_args *args,
                                  struct srs_life *life)
{
    srs_co_may_yield();
    struct srs_server *server = srs_new(struct srs_server);
    server->config = config;
    server->writer = srs_new(struct srs_writer);
    server->listeners = srs_listeners_new(server);
    server->files = srs_files_new(config->files_max);
    server->check = srs_check_new(args);
    server->started_at = srs_now();
    srs_clients_init(&server->clients);
    srs_scope_init(&server->services, "services");
    srs_scope_init(&server->sessions, "sessions");
    srs_identity_load(config, server->id);
    srs_identity_random(server->service, SERVICE_ID);
    srs_log_info("server", "start version=%s profile=%s id=%s", SRS_VERSION,
                 profile_name(config->profile), server->id);
    srs_err err = srs_life_watch(life, &server->config, &server->clients);
    if (!err)
        err = start(server, args);
    if (!err)
        err = srs_life_settle(life);
    if (!err && config->profile == SRS_CONFIG_BUILTIN)
        tell_urls(config);
    if (!err)
        err = serve(server, life);
    srs_life_close(life);
    stop(server);
    srs_reload_free(server->reload);
    srs_config_unref(server->config);
    srs_free(server);
    return err;
}
