#include "server/server.h"
#include "core/dns.h"
#include <stdio.h>

static const srs_usec shed_usec = 10 * SRS_SEC; // no new publisher after one gave way

void srs_server_log_stranger(struct srs_server *server, srs_err err, const char *module,
                             const char *action, const char *peer)
{
    char text[SRS_ENDPOINT_TEXT + 64];
    unsigned missed = 0;
    if (!srs_log_burst_pass(&server->strangers, &missed)) {
        srs_err_drop(err, "counted, and told with the next line");
        return;
    }
    if (missed > 0)
        (void)snprintf(text, sizeof text, "%s peer=%s more=%u", action, peer, missed);
    else
        (void)snprintf(text, sizeof text, "%s peer=%s", action, peer);
    srs_err_log_warn(err, module, text);
}

struct srs_log_limits srs_server_log_limits(const struct srs_config_vhost *vhost)
{
    size_t packets = (size_t)vhost->play.gop_cache_max_frames;
    return (struct srs_log_limits){.gop_cache = vhost->play.gop_cache,
                                   .age = vhost->play.queue_length,
                                   .packets = packets > 0 ? packets : SIZE_MAX,
                                   .bytes = (size_t)vhost->play.queue_bytes};
}

struct srs_beat_timing srs_server_beat_timing(const struct srs_config_vhost *vhost)
{
    return (struct srs_beat_timing){.min_latency = vhost->min_latency,
                                    .period = vhost->play.mw_latency,
                                    .packets = (unsigned)vhost->play.mw_msgs,
                                    .audio_gather = vhost->play.audio_gather};
}

static struct srs_source_intake intake(const struct srs_config_vhost *vhost)
{
    return (struct srs_source_intake){.mix = vhost->play.mix_correct,
                                      .repeat_headers = !vhost->play.reduce_sequence_header};
}

void srs_server_retime(struct srs_server *server, const struct srs_config_vhost *vhost,
                       struct srs_source *source)
{
    struct srs_beat_timing timing = srs_server_beat_timing(vhost);
    struct srs_log_limits limits = srs_server_log_limits(vhost);
    srs_packet_log_set_limits(&source->log, &limits);
    source->intake = intake(vhost);
    srs_err_drop(srs_beat_attach(server->beat, source, &timing), "it keeps its timing");
}

void srs_server_set_names(struct srs_server *server)
{
    const struct srs_config_words *words = &server->config->name_servers;
    size_t used = 0;
    for (size_t i = 0; i < words->count && used < sizeof server->name_servers; i++)
        used += (size_t)snprintf(server->name_servers + used, sizeof server->name_servers - used,
                                 "%s%s", i > 0 ? "," : "", words->items[i]);
    srs_dns_set_servers(words->count > 0 ? server->name_servers : NULL);
}

enum srs_log_level srs_server_log_level(const struct srs_config *config)
{
    static const enum srs_log_level levels[] = {SRS_LOG_DEBUG, SRS_LOG_DEBUG, SRS_LOG_INFO,
                                                SRS_LOG_WARN, SRS_LOG_ERROR};
    return levels[config->log.level];
}

SRS_ERR srs_server_source(struct srs_server *server, const struct srs_config_vhost *vhost,
                          const char *app, const char *stream, struct srs_source **out)
{
    struct srs_source *source = NULL;
    struct srs_log_limits limits = srs_server_log_limits(vhost);
    struct srs_beat_timing timing = srs_server_beat_timing(vhost);
    srs_err err = srs_source_get(server->sources, vhost->name, app, stream, &limits, &source);
    if (err)
        return err;
    err = srs_beat_attach(server->beat, source, &timing);
    if (err) {
        srs_source_unref(source);
        return err;
    }
    source->intake = intake(vhost);
    *out = source;
    return SRS_OK;
}

SRS_ERR srs_server_publish(struct srs_server *server, struct srs_source *source,
                           const void *publisher)
{
    size_t limit = (size_t)server->config->media_memory;
    size_t held = srs_sources_bytes(server->sources);
    srs_sources_set_limit(server->sources, limit);
    // Streams that give way to the limit hold less than it: nobody new comes while they do.
    srs_usec shed_at = srs_sources_shed_at(server->sources);
    bool short_of_it = shed_at != 0 && srs_now() - shed_at < shed_usec;
    if (limit > 0 && (held > limit || short_of_it))
        return srs_fail(SRS_E_MEDIA_MEMORY, "streams hold %zu bytes, media_memory is %zu", held,
                        limit);
    return srs_source_publish(source, publisher, srs_now());
}

struct srs_viewer_options srs_server_viewer_options(const struct srs_server *server,
                                                    const struct srs_config_vhost *vhost)
{
    static const enum srs_viewer_times times[] = {
        [SRS_CONFIG_JITTER_FULL] = SRS_VIEWER_FROM_ZERO,
        [SRS_CONFIG_JITTER_ZERO] = SRS_VIEWER_SENDER_FROM_ZERO,
        [SRS_CONFIG_JITTER_OFF] = SRS_VIEWER_ABSOLUTE,
    };
    return (struct srs_viewer_options){
        .times = vhost->play.atc ? SRS_VIEWER_ABSOLUTE : times[vhost->play.time_jitter],
        .atc_auto = vhost->play.atc_auto,
        .send_timeout = server->config->send_timeout,
        .send_interval = (srs_usec)(vhost->play.send_min_interval * (double)SRS_MSEC),
        .send_buffer = vhost->play.send_buffer > 0 ? (size_t)vhost->play.send_buffer : 0,
        .beat = vhost->play.mw_latency};
}
