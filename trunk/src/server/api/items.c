// What the API says about streams, clients and itself.
#include "server/api/items.h"
#include "codec/aac.h"
#include "codec/avc.h"
#include "codec/hevc.h"
#include "core/mem.h"
#include "core/version.h"
#include <stdio.h>
#include <unistd.h>

#define DEFAULT_VHOST "__defaultVhost__"

static void put_rate(struct srs_json *tree, const struct srs_rate *rate)
{
    struct cJSON *kbps = srs_json_put_object(tree, tree->root, "kbps");
    srs_json_put_count(tree, kbps, "recv_30s", rate->in_kbps);
    srs_json_put_count(tree, kbps, "send_30s", rate->out_kbps);
}

// --- ids ----------------------------------------------------------------------------------------

static uint32_t hash(const char *text) // FNV-1a
{
    uint32_t value = 2166136261U;
    for (; *text != '\0'; text++)
        value = (value ^ (uint8_t)*text) * 16777619U;
    return value;
}

static void id_text(uint32_t value, char out[SRS_API_ID])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char digits[8] = ""; // 36^7 is above 2^32
    for (size_t i = 7; i > 0; i--) {
        digits[i - 1] = letters[value % 36];
        value /= 36;
    }
    (void)snprintf(out, SRS_API_ID, "vid-%s", digits);
}

void srs_api_stream_id(const struct srs_server *server, const struct srs_source *source,
                       char out[SRS_API_ID])
{
    // An odd factor and an exclusive or keep different ids different.
    id_text((source->id * 2654435761U) ^ hash(server->service), out);
}

void srs_api_vhost_id(const char *vhost, char out[SRS_API_ID])
{
    id_text(hash(vhost), out);
}

// --- streams ------------------------------------------------------------------------------------

// [vhost]/app/stream; the default vhost is left out.
static void put_url(struct srs_json *tree, const struct srs_source *source)
{
    char url[SRS_STREAM_NAME_MAX + 4];
    const char *vhost = strcmp(source->vhost, DEFAULT_VHOST) == 0 ? "" : source->vhost;
    (void)snprintf(url, sizeof url, "%s/%s/%s", vhost, source->app, source->stream);
    srs_json_put_text(tree, tree->root, "url", url);
}

static void put_names(struct srs_json *tree, const struct srs_server *server,
                      const struct srs_source *source, const struct srs_client *publisher)
{
    char id[SRS_API_ID];
    char tc_url[SRS_STREAM_NAME_MAX + 16];
    srs_api_stream_id(server, source, id);
    srs_json_put_text(tree, tree->root, "id", id);
    srs_json_put_text(tree, tree->root, "name", source->stream);
    srs_api_vhost_id(source->vhost, id);
    srs_json_put_text(tree, tree->root, "vhost", id);
    srs_json_put_text(tree, tree->root, "app", source->app);
    (void)snprintf(tc_url, sizeof tc_url, "rtmp://%s/%s", source->vhost, source->app);
    bool told = publisher != NULL && publisher->tc_url != NULL;
    srs_json_put_text(tree, tree->root, "tcUrl", told ? publisher->tc_url : tc_url);
    put_url(tree, source);
}

static const char *protocol_of(const struct srs_client *client)
{
    static const struct {
        const char *type;
        const char *protocol;
    } others[] = {{"rtc-publish", "webrtc"}, {"srt-publish", "srt"}};
    for (size_t i = 0; i < SRS_COUNT(others); i++)
        if (strcmp(client->type, others[i].type) == 0)
            return others[i].protocol;
    return "rtmp";
}

static void put_publish(struct srs_json *tree, const struct srs_source *source,
                        const struct srs_client *publisher)
{
    char ip[SRS_ENDPOINT_TEXT];
    struct cJSON *publish = srs_json_put_object(tree, tree->root, "publish");
    srs_json_put_flag(tree, publish, "active", source->publisher != NULL);
    if (source->publisher_id[0] != '\0')
        srs_json_put_text(tree, publish, "cid", source->publisher_id);
    if (publisher == NULL)
        return;
    struct srs_endpoint peer = srs_conn_peer(publisher->conn);
    srs_endpoint_format_ip(&peer, ip);
    srs_json_put_text(tree, publish, "protocol", protocol_of(publisher));
    srs_json_put_text(tree, publish, "ip", ip);
    srs_json_put_real(tree, publish, "alive",
                      (double)(srs_now() - publisher->since) / (double)SRS_SEC);
}

// Codec, and what the record of the codec says.
static void put_video(struct srs_json *tree, struct cJSON *video, const struct srs_track *track)
{
    srs_json_put_text(tree, video, "codec", srs_codec_name(track->codec));
    if (track->codec == SRS_CODEC_AVC) {
        srs_json_put_text(tree, video, "profile", srs_avc_profile_name((uint8_t)track->profile));
        srs_json_put_text(tree, video, "level", srs_avc_level_name((uint8_t)track->level));
    } else if (track->codec == SRS_CODEC_HEVC) {
        srs_json_put_text(tree, video, "profile", srs_hevc_profile_name((uint8_t)track->profile));
        srs_json_put_text(tree, video, "level", srs_hevc_level_name((uint8_t)track->level));
    } else {
        srs_json_put_null(tree, video, "profile");
        srs_json_put_null(tree, video, "level");
    }
    srs_json_put_count(tree, video, "width", track->width);
    srs_json_put_count(tree, video, "height", track->height);
}

static const char *aac_profile(const struct srs_track *track)
{
    struct srs_aac_config config;
    struct srs_rd rd = srs_rd_init(track->config, track->config_size);
    srs_err err = srs_aac_config_read(&rd, &config);
    if (err) {
        srs_err_drop(err, "the ingest takes no such track");
        return "Other";
    }
    return srs_aac_profile_name(&config);
}

static void put_audio(struct srs_json *tree, struct cJSON *audio, const struct srs_track *track)
{
    srs_json_put_text(tree, audio, "codec", srs_codec_name(track->codec));
    srs_json_put_count(tree, audio, "sample_rate", track->sample_rate);
    srs_json_put_count(tree, audio, "channel", track->channels);
    if (track->codec == SRS_CODEC_AAC)
        srs_json_put_text(tree, audio, "profile", aac_profile(track));
    else
        srs_json_put_null(tree, audio, "profile");
}

static void put_main_tracks(struct srs_json *tree, const struct srs_source *source)
{
    const struct srs_track *video = srs_source_track(source, SRS_KIND_VIDEO, -1);
    const struct srs_track *audio = srs_source_track(source, SRS_KIND_AUDIO, -1);
    if (video != NULL)
        put_video(tree, srs_json_put_object(tree, tree->root, "video"), video);
    else
        srs_json_put_null(tree, tree->root, "video");
    if (audio != NULL)
        put_audio(tree, srs_json_put_object(tree, tree->root, "audio"), audio);
    else
        srs_json_put_null(tree, tree->root, "audio");
}

static void put_track(struct srs_json *tree, struct cJSON *tracks, const struct srs_source *source,
                      const struct srs_track *track)
{
    srs_usec now = srs_now();
    const struct srs_meter *meter = &source->meters[track->slot];
    struct cJSON *item = srs_json_add_object(tree, tracks);
    srs_json_put_text(tree, item, "kind", srs_kind_name(track->kind));
    srs_json_put_count(tree, item, "id", track->id);
    if (track->kind == SRS_KIND_VIDEO)
        put_video(tree, item, track);
    else if (track->kind == SRS_KIND_AUDIO)
        put_audio(tree, item, track);
    else
        srs_json_put_text(tree, item, "codec", srs_codec_name(track->codec));
    srs_json_put_count(tree, item, "frames", meter->packets);
    srs_json_put_count(tree, item, "bytes", meter->bytes);
    srs_json_put_count(tree, item, "kbps", srs_meter_kbps(meter, now));
    srs_json_put_real(tree, item, "fps", srs_meter_milli_fps(meter, now) / 1000.0);
}

static void put_tracks(struct srs_json *tree, const struct srs_source *source)
{
    struct cJSON *tracks = srs_json_put_array(tree, tree->root, "tracks");
    for (unsigned i = 0; i < source->track_count; i++)
        put_track(tree, tracks, source, source->tracks[i]);
}

// What is wrong with a stream shows here: a frame rate that falls, key frames that are far between,
// a picture and a sound that drift apart.
static void put_health(struct srs_json *tree, const struct srs_source *source)
{
    srs_usec now = srs_now();
    const struct srs_track *video = srs_source_track(source, SRS_KIND_VIDEO, -1);
    const struct srs_track *audio = srs_source_track(source, SRS_KIND_AUDIO, -1);
    const struct srs_meter *picture = video != NULL ? &source->meters[video->slot] : NULL;
    const struct srs_meter *sound = audio != NULL ? &source->meters[audio->slot] : NULL;
    if (picture != NULL)
        srs_json_put_real(tree, tree->root, "fps", srs_meter_milli_fps(picture, now) / 1000.0);
    else
        srs_json_put_null(tree, tree->root, "fps");
    if (picture != NULL && picture->key_interval > 0)
        srs_json_put_ms(tree, tree->root, "gop_length_ms", picture->key_interval);
    else
        srs_json_put_null(tree, tree->root, "gop_length_ms");
    if (picture != NULL && sound != NULL && picture->packets > 0 && sound->packets > 0)
        srs_json_put_number(tree, tree->root, "av_skew_ms",
                            srs_meter_skew(picture, sound) / SRS_MSEC);
    else
        srs_json_put_null(tree, tree->root, "av_skew_ms");
}

// The packets that joiners get first, and all that is held for slow viewers.
static void put_log(struct srs_json *tree, const struct srs_packet_log *log)
{
    size_t bytes = 0;
    srs_usec span = 0;
    bool has_gop = log->gop != SRS_LOG_NO_GOP && log->gop >= log->first && log->gop < log->next;
    if (has_gop) {
        span = srs_packet_log_at(log, log->next - 1)->head.dts -
               srs_packet_log_at(log, log->gop)->head.dts;
        bytes = log->bytes;
        for (uint64_t i = log->first; i < log->gop; i++)
            bytes -= srs_packet_bytes(srs_packet_log_at(log, i));
    }
    srs_json_put_ms(tree, tree->root, "gop_ms", span);
    srs_json_put_count(tree, tree->root, "gop_bytes", bytes);
    srs_json_put_count(tree, tree->root, "queue", log->next - log->first);
}

SRS_ERR srs_api_stream_item(const struct srs_server *server, const struct srs_source *source,
                            struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    const struct srs_source_stats *stats = &source->stats;
    const struct srs_client *publisher = srs_clients_publisher(&server->clients, source);
    unsigned publishers = source->publisher != NULL ? 1 : 0;
    put_names(&tree, server, source, publisher);
    srs_json_put_count(&tree, tree.root, "live_ms", (uint64_t)srs_wall_now() / 1000);
    srs_json_put_count(&tree, tree.root, "clients",
                       source->consumer_count - source->copies + publishers);
    srs_json_put_count(&tree, tree.root, "frames", stats->video_packets);
    srs_json_put_count(&tree, tree.root, "audio_frames", stats->audio_packets);
    srs_json_put_count(&tree, tree.root, "video_frames", stats->video_packets);
    srs_json_put_count(&tree, tree.root, "send_bytes", stats->bytes_out);
    srs_json_put_count(&tree, tree.root, "recv_bytes", stats->bytes_in);
    put_rate(&tree, &source->rate);
    put_publish(&tree, source, publisher);
    put_main_tracks(&tree, source);
    put_log(&tree, &source->log);
    srs_json_put_count(&tree, tree.root, "jumps", stats->jumps);
    srs_json_put_count(&tree, tree.root, "dropped", stats->overflows);
    srs_json_put_count(&tree, tree.root, "skipped", stats->skipped);
    srs_json_put_count(&tree, tree.root, "unusable", stats->unusable);
    put_health(&tree, source);
    put_tracks(&tree, source);
    return srs_json_finish(&tree, "", out);
}

// --- clients ------------------------------------------------------------------------------------

static void put_viewer(struct srs_json *tree, const struct srs_viewer *viewer)
{
    const struct srs_viewer_stats *stats = &viewer->stats;
    srs_json_put_ms(tree, tree->root, "queue_ms", srs_viewer_queue_age(viewer));
    srs_json_put_count(tree, tree->root, "skipped", stats->skipped);
    if (stats->first_media_at != 0)
        srs_json_put_ms(tree, tree->root, "join_ms", stats->first_media_at - stats->joined_at);
    else
        srs_json_put_null(tree, tree->root, "join_ms");
    srs_json_put_count(tree, tree->root, "packets", stats->packets);
}

SRS_ERR srs_api_client_item(const struct srs_server *server, const struct srs_client *client,
                            struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    const struct srs_source *source = client->source;
    struct srs_endpoint peer = srs_conn_peer(client->conn);
    char text[SRS_ENDPOINT_TEXT];
    srs_json_put_text(&tree, tree.root, "id", client->id);
    srs_api_vhost_id(source->vhost, text);
    srs_json_put_text(&tree, tree.root, "vhost", text);
    srs_api_stream_id(server, source, text);
    srs_json_put_text(&tree, tree.root, "stream", text);
    srs_endpoint_format_ip(&peer, text);
    srs_json_put_text(&tree, tree.root, "ip", text);
    srs_json_put_text(&tree, tree.root, "pageUrl", client->page_url);
    srs_json_put_text(&tree, tree.root, "swfUrl", client->swf_url);
    srs_json_put_text(&tree, tree.root, "tcUrl", client->tc_url);
    put_url(&tree, source);
    srs_json_put_text(&tree, tree.root, "name", client->name);
    srs_json_put_text(&tree, tree.root, "type", client->type);
    srs_json_put_flag(&tree, tree.root, "publish", client->publish);
    srs_json_put_real(&tree, tree.root, "alive",
                      (double)(srs_now() - client->since) / (double)SRS_SEC);
    srs_json_put_count(&tree, tree.root, "send_bytes", srs_conn_bytes_out(client->conn));
    srs_json_put_count(&tree, tree.root, "recv_bytes", srs_conn_bytes_in(client->conn));
    put_rate(&tree, &client->rate);
    if (client->viewer != NULL)
        put_viewer(&tree, client->viewer);
    return srs_json_finish(&tree, "", out);
}

// --- vhosts -------------------------------------------------------------------------------------

SRS_ERR srs_api_vhost_item(const struct srs_server *server, const struct srs_config_vhost *vhost,
                           struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    char id[SRS_API_ID];
    uint64_t clients = 0;
    uint64_t streams = 0;
    struct srs_tally_sum bytes = srs_tally_get(srs_sources_gone(server->sources), vhost->name);
    struct srs_rate rate = {0};
    struct srs_source *source = NULL;
    while ((source = srs_sources_next(server->sources, source)) != NULL) {
        if (strcmp(source->vhost, vhost->name) != 0)
            continue;
        streams++;
        clients += source->consumer_count - source->copies + (source->publisher != NULL);
        bytes.out += source->stats.bytes_out;
        bytes.in += source->stats.bytes_in;
        rate.in_kbps += source->rate.in_kbps;
        rate.out_kbps += source->rate.out_kbps;
    }
    srs_api_vhost_id(vhost->name, id);
    srs_json_put_text(&tree, tree.root, "id", id);
    srs_json_put_text(&tree, tree.root, "name", vhost->name);
    srs_json_put_flag(&tree, tree.root, "enabled", vhost->enabled);
    srs_json_put_count(&tree, tree.root, "clients", clients);
    srs_json_put_count(&tree, tree.root, "streams", streams);
    srs_json_put_count(&tree, tree.root, "send_bytes", bytes.out);
    srs_json_put_count(&tree, tree.root, "recv_bytes", bytes.in);
    put_rate(&tree, &rate);
    struct cJSON *hls = srs_json_put_object(&tree, tree.root, "hls");
    srs_json_put_flag(&tree, hls, "enabled", false); // there is none yet
    return srs_json_finish(&tree, "", out);
}

// --- the server itself --------------------------------------------------------------------------

SRS_ERR srs_api_head(const struct srs_server *server, srs_err code, struct srs_buf *out)
{
    char text[2 * SRS_IDENTITY + 128]; // ids hold nothing that JSON writes otherwise
    int size = snprintf(text, sizeof text,
                        "{\"code\":%d,\"server\":\"%s\",\"service\":\"%s\",\"pid\":\"%ld\"",
                        (int)code, server->id, server->service, (long)getpid());
    return srs_buf_append(out, text, (size_t)size, SRS_API_BUFFER_MAX);
}

SRS_ERR srs_api_version(struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    srs_json_put_count(&tree, tree.root, "major", SRS_VERSION_MAJOR);
    srs_json_put_count(&tree, tree.root, "minor", SRS_VERSION_MINOR);
    srs_json_put_count(&tree, tree.root, "revision", SRS_VERSION_REVISION);
    srs_json_put_text(&tree, tree.root, "version", SRS_VERSION);
    return srs_json_finish(&tree, ",\"data\":", out);
}

struct entry {
    const char *name;
    const char *about;
};

static void put_entries(struct srs_json *tree, struct cJSON *in, const struct entry *entries,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        srs_json_put_text(tree, in, entries[i].name, entries[i].about);
}

static const char not_built[] = "not built";
static const char other_build[] = "not in this build";

SRS_ERR srs_api_root_index(struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    srs_json_put_text(&tree, tree.root, "api", "the API");
    struct cJSON *rtc = srs_json_put_object(&tree, tree.root, "rtc");
    struct cJSON *v1 = srs_json_put_object(&tree, rtc, "v1");
    srs_json_put_text(&tree, v1, "play", not_built);
    srs_json_put_text(&tree, v1, "publish", not_built);
    srs_json_put_text(&tree, v1, "nack", not_built);
    return srs_json_finish(&tree, ",\"urls\":", out);
}

SRS_ERR srs_api_api_index(struct srs_buf *out)
{
    struct srs_json tree = srs_json_new();
    srs_json_put_text(&tree, tree.root, "v1", "version 1 of the API");
    return srs_json_finish(&tree, ",\"urls\":", out);
}

SRS_ERR srs_api_v1_index(struct srs_buf *out)
{
    static const struct entry urls[] = {
        {"versions", "the version of this server"},
        {"summaries", "the process and the machine at a glance"},
        {"rusages", "what the process has used"},
        {"self_proc_stats", "the process, as /proc tells"},
        {"system_proc_stats", "the processors, as /proc tells"},
        {"meminfos", "the memory, as /proc tells"},
        {"authors", "license and authors"},
        {"features", "what this build has"},
        {"requests", "the request itself, to look at"},
        {"vhosts", "all vhosts, or one by its id"},
        {"streams", "all streams, or one by its id; parameters start and count; DELETE ends its "
                    "publisher"},
        {"clients", "all clients, or one by its id; parameters start and count; DELETE ends one"},
        {"raw", "the raw API; parameter rpc: raw, reload, reload-fetch"},
        {"clusters", "the origin that has a stream; parameters ip, vhost, app, stream"},
        {"perf", other_build},
        {"tcmalloc", other_build},
        {"valgrind", other_build},
        {"signal", other_build},
    };
    static const struct entry tests[] = {{"requests", "the request itself, to look at"},
                                         {"errors", "always error 100"},
                                         {"redirects", "leads to errors"},
                                         {"[vhost]", "errors of any vhost"}};
    struct srs_json tree = srs_json_new();
    put_entries(&tree, tree.root, urls, SRS_COUNT(urls));
    srs_err err = srs_json_finish(&tree, ",\"urls\":", out);
    if (err)
        return err;
    tree = srs_json_new();
    put_entries(&tree, tree.root, tests, SRS_COUNT(tests));
    return srs_json_finish(&tree, ",\"tests\":", out);
}
