// The server: everything that is not in one session. Passed down from main; there is no other
// state.
#pragma once
#include "core/log.h"
#include "server/config/config.h"
#include "server/deliver/beat.h"
#include "server/deliver/writer.h"
#include "server/life/identity.h"
#include "server/stat/clients.h"
#include "server/stat/limit.h"
#include "server/stat/peers.h"
#include "server/stat/stat.h"
#include "server/stat/usage.h"
#include "stream/source.h"

struct srs_files;
struct srs_listeners;
struct srs_certs;
struct srs_hooks;
struct srs_page;
struct srs_reload;
struct srs_check;

enum { SRS_NAME_SERVERS_TEXT = SRS_CONFIG_NAME_SERVERS * (SRS_CONFIG_HOST_MAX + 16) };

struct srs_server {
    struct srs_config *config; // the current snapshot; hold a reference over a yield
    struct srs_sources *sources;
    struct srs_beat *beat;
    struct srs_writer *writer; // the worker's
    struct srs_page *page;
    struct srs_files *files;
    struct srs_listeners *listeners;
    struct srs_certs *certs; // of the current snapshot
    struct srs_reload *reload;
    struct srs_check *check; // of posted configurations
    struct srs_hooks *hooks;
    struct srs_clients clients;
    struct srs_peers peers;
    struct srs_usage usage;
    uint64_t limited[SRS_LIMITS]; // clients that each limit has refused or ended
    struct srs_stat stat;
    struct srs_sampler *sampler; // fills stat.system
    struct srs_scope services;   // listeners, beat, statistics
    struct srs_scope sessions;
    char id[SRS_IDENTITY];      // stays over restarts where there is a pid file
    char service[SRS_IDENTITY]; // random, of this start
    srs_usec started_at;
    struct srs_log_burst strangers; // lines about clients that came to nothing
    char name_servers[SRS_NAME_SERVERS_TEXT];
    unsigned proxies_told; // kinds of headers that were ignored and logged (front.c)
    uint64_t refused;      // connections above max_connections and max_connections_per_ip
};

// Logs as a warning why a client that came to nothing ends, and ends the error. Such lines are
// limited, so that nobody fills a disk by knocking.
void srs_server_log_stranger(struct srs_server *server, srs_err err, const char *module,
                             const char *action, const char *peer);

// Of the vhost, for a source that is published or played now.
struct srs_log_limits srs_server_log_limits(const struct srs_config_vhost *vhost);
struct srs_beat_timing srs_server_beat_timing(const struct srs_config_vhost *vhost);
// Has a live source take over what its vhost says now.
void srs_server_retime(struct srs_server *server, const struct srs_config_vhost *vhost,
                       struct srs_source *source);
// Has names looked up where the configuration says now.
void srs_server_set_names(struct srs_server *server);
enum srs_log_level srs_server_log_level(const struct srs_config *config);
// The source with its place in the beat. Errors of srs_source_get and srs_beat_attach.
SRS_ERR srs_server_source(struct srs_server *server, const struct srs_config_vhost *vhost,
                          const char *app, const char *stream, struct srs_source **out);
// Claims it. SYSTEM_STREAM_BUSY, MEDIA_MEMORY.
SRS_ERR srs_server_publish(struct srs_server *server, struct srs_source *source,
                           const void *publisher);
// What a viewer of that vhost gets; mux, framing and parameters are left to the caller.
struct srs_viewer_options srs_server_viewer_options(const struct srs_server *server,
                                                    const struct srs_config_vhost *vhost);
