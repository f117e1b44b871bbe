// The one file of the API that includes cJSON. An object is a small tree that is printed and freed;
// counters and numbers with decimals are raw items, because cJSON's own numbers are doubles.
#include "server/api/items.h"
#include "codec/aac.h"
#include "codec/avc.h"
#include "codec/hevc.h"
#include "core/mem.h"
#include "core/version.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define DEFAULT_VHOST "__defaultVhost__"

// --- building -----------------------------------------------------------------------------------

// `bad`: something could not be added, there was no memory.
struct tree {
    cJSON *root;
    bool bad;
};

// Names are literals: they are not copied.
static void put(struct tree *tree, cJSON *in, const char *name, cJSON *value)
{
    if (value != NULL && cJSON_AddItemToObjectCS(in, name, value))
        return;
    cJSON_Delete(value);
    tree->bad = true;
}

// A NULL parent (no memory) is known to the tree; what is put into it is dropped.
static cJSON *put_object(struct tree *tree, cJSON *in, const char *name)
{
    cJSON *object = cJSON_CreateObject();
    if (object != NULL && cJSON_AddItemToObjectCS(in, name, object))
        return object;
    cJSON_Delete(object);
    tree->bad = true;
    return NULL;
}

static void put_count(struct tree *tree, cJSON *in, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    put(tree, in, name, cJSON_CreateRaw(text));
}

// Milliseconds; a clock that was read a moment later never makes it less than nothing.
static void put_ms(struct tree *tree, cJSON *in, const char *name, srs_usec value)
{
    put_count(tree, in, name, value > 0 ? (uint64_t)(value / SRS_MSEC) : 0);
}

static void put_seconds(struct tree *tree, cJSON *in, const char *name, srs_usec value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.2f", (double)value / (double)SRS_SEC);
    put(tree, in, name, cJSON_CreateRaw(text));
}

static void put_flag(struct tree *tree, cJSON *in, const char *name, bool value)
{
    put(tree, in, name, cJSON_CreateBool(value));
}

// Bytes of the UTF-8 character at `text` (RFC 3629 section 4), 0 when there is none.
static size_t utf8_size(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if ((at[0] >= 0x80 && at[0] < 0xC2) || at[0] > 0xF4)
        return 0;
    if (at[0] == 0xE0)
        low = 0xA0; // overlong
    else if (at[0] == 0xED)
        high = 0x9F; // surrogates
    else if (at[0] == 0xF0)
        low = 0x90; // overlong
    else if (at[0] == 0xF4)
        high = 0x8F;                    // above U+10FFFF
    for (size_t i = 1; i < size; i++) { // a terminator is not in range: it ends the walk
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return size;
}

// NULL is "".
static void put_text(struct tree *tree, cJSON *in, const char *name, const char *text)
{
    char clean[SRS_API_TEXT_MAX + 1];
    size_t size = 0;
    while (text != NULL && *text != '\0') {
        size_t step = utf8_size(text);
        if (size + (step > 0 ? step : 1) > SRS_API_TEXT_MAX)
            break;
        if (step == 0) {
            clean[size++] = '?';
            text++;
            continue;
        }
        memcpy(clean + size, text, step);
        size += step;
        text += step;
    }
    clean[size] = '\0';
    put(tree, in, name, cJSON_CreateString(clean));
}

static void put_rate(struct tree *tree, const struct srs_rate *rate)
{
    cJSON *kbps = put_object(tree, tree->root, "kbps");
    put_count(tree, kbps, "recv_30s", rate->in_kbps);
    put_count(tree, kbps, "send_30s", rate->out_kbps);
}

// Prints and frees the tree. `prefix` is what stands in front of it.
static SRS_ERR finish(struct tree *tree, const char *prefix, struct srs_buf *out)
{
    char *text = tree->root != NULL && !tree->bad ? cJSON_PrintUnformatted(tree->root) : NULL;
    cJSON_Delete(tree->root);
    if (text == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "JSON");
    uint8_t *room = NULL;
    size_t size = strlen(prefix) + strlen(text);
    srs_err err = srs_buf_reserve(out, size, SRS_API_BUFFER_MAX, &room);
    if (!err) {
        struct srs_wr wr = srs_wr_init(room, size);
        srs_wr_bytes(&wr, prefix, strlen(prefix));
        srs_wr_bytes(&wr, text, strlen(text));
        srs_buf_grown(out, size);
    }
    cJSON_free(text);
    return err ? srs_wrap(err, "JSON of %zu bytes", size) : SRS_OK;
}

static struct tree begin(void)
{
    return (struct tree){.root = cJSON_CreateObject()};
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
static void put_url(struct tree *tree, const struct srs_source *source)
{
    char url[SRS_STREAM_NAME_MAX + 4];
    const char *vhost = strcmp(source->vhost, DEFAULT_VHOST) == 0 ? "" : source->vhost;
    (void)snprintf(url, sizeof url, "%s/%s/%s", vhost, source->app, source->stream);
    put_text(tree, tree->root, "url", url);
}

static void put_names(struct tree *tree, const struct srs_server *server,
                      const struct srs_source *source)
{
    char id[SRS_API_ID];
    char tc_url[SRS_STREAM_NAME_MAX + 16];
    const struct srs_client *publisher = srs_clients_publisher(&server->clients, source);
    srs_api_stream_id(server, source, id);
    put_text(tree, tree->root, "id", id);
    put_text(tree, tree->root, "name", source->stream);
    srs_api_vhost_id(source->vhost, id);
    put_text(tree, tree->root, "vhost", id);
    put_text(tree, tree->root, "app", source->app);
    (void)snprintf(tc_url, sizeof tc_url, "rtmp://%s/%s", source->vhost, source->app);
    bool told = publisher != NULL && publisher->tc_url != NULL;
    put_text(tree, tree->root, "tcUrl", told ? publisher->tc_url : tc_url);
    put_url(tree, source);
}

static void put_publish(struct tree *tree, const struct srs_source *source)
{
    cJSON *publish = put_object(tree, tree->root, "publish");
    put_flag(tree, publish, "active", source->publisher != NULL);
    if (source->publisher_id[0] != '\0')
        put_text(tree, publish, "cid", source->publisher_id);
}

static void put_video(struct tree *tree, const struct srs_track *track)
{
    if (track == NULL) {
        put(tree, tree->root, "video", cJSON_CreateNull());
        return;
    }
    cJSON *video = put_object(tree, tree->root, "video");
    put_text(tree, video, "codec", srs_codec_name(track->codec));
    if (track->codec == SRS_CODEC_AVC) {
        put_text(tree, video, "profile", srs_avc_profile_name((uint8_t)track->profile));
        put_text(tree, video, "level", srs_avc_level_name((uint8_t)track->level));
    } else if (track->codec == SRS_CODEC_HEVC) {
        put_text(tree, video, "profile", srs_hevc_profile_name((uint8_t)track->profile));
        put_text(tree, video, "level", srs_hevc_level_name((uint8_t)track->level));
    } else {
        put(tree, video, "profile", cJSON_CreateNull());
        put(tree, video, "level", cJSON_CreateNull());
    }
    put_count(tree, video, "width", track->width);
    put_count(tree, video, "height", track->height);
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

static void put_audio(struct tree *tree, const struct srs_track *track)
{
    if (track == NULL) {
        put(tree, tree->root, "audio", cJSON_CreateNull());
        return;
    }
    cJSON *audio = put_object(tree, tree->root, "audio");
    put_text(tree, audio, "codec", srs_codec_name(track->codec));
    put_count(tree, audio, "sample_rate", track->sample_rate);
    put_count(tree, audio, "channel", track->channels);
    if (track->codec == SRS_CODEC_AAC)
        put_text(tree, audio, "profile", aac_profile(track));
    else
        put(tree, audio, "profile", cJSON_CreateNull());
}

// The packets that joiners get first, and all that is held for slow viewers.
static void put_log(struct tree *tree, const struct srs_packet_log *log)
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
    put_ms(tree, tree->root, "gop_ms", span);
    put_count(tree, tree->root, "gop_bytes", bytes);
    put_count(tree, tree->root, "queue", log->next - log->first);
}

SRS_ERR srs_api_stream_item(const struct srs_server *server, const struct srs_source *source,
                            struct srs_buf *out)
{
    struct tree tree = begin();
    const struct srs_source_stats *stats = &source->stats;
    unsigned publishers = source->publisher != NULL ? 1 : 0;
    put_names(&tree, server, source);
    put_count(&tree, tree.root, "live_ms", (uint64_t)srs_wall_now() / 1000);
    put_count(&tree, tree.root, "clients", source->consumer_count - source->copies + publishers);
    put_count(&tree, tree.root, "frames", stats->video_packets);
    put_count(&tree, tree.root, "audio_frames", stats->audio_packets);
    put_count(&tree, tree.root, "video_frames", stats->video_packets);
    put_count(&tree, tree.root, "send_bytes", stats->bytes_out);
    put_count(&tree, tree.root, "recv_bytes", stats->bytes_in);
    put_rate(&tree, &source->rate);
    put_publish(&tree, source);
    put_video(&tree, srs_source_track(source, SRS_KIND_VIDEO, -1));
    put_audio(&tree, srs_source_track(source, SRS_KIND_AUDIO, -1));
    put_log(&tree, &source->log);
    put_count(&tree, tree.root, "jumps", stats->jumps);
    put_count(&tree, tree.root, "dropped", stats->overflows);
    return finish(&tree, "", out);
}

// --- clients ------------------------------------------------------------------------------------

static void put_viewer(struct tree *tree, const struct srs_viewer *viewer)
{
    const struct srs_viewer_stats *stats = &viewer->stats;
    put_ms(tree, tree->root, "queue_ms", srs_viewer_queue_age(viewer));
    put_count(tree, tree->root, "skipped", stats->skipped);
    if (stats->first_media_at != 0)
        put_ms(tree, tree->root, "join_ms", stats->first_media_at - stats->joined_at);
    else
        put(tree, tree->root, "join_ms", cJSON_CreateNull());
    put_count(tree, tree->root, "packets", stats->packets);
}

SRS_ERR srs_api_client_item(const struct srs_server *server, const struct srs_client *client,
                            struct srs_buf *out)
{
    struct tree tree = begin();
    const struct srs_source *source = client->source;
    struct srs_endpoint peer = srs_conn_peer(client->conn);
    char text[SRS_ENDPOINT_TEXT];
    put_text(&tree, tree.root, "id", client->id);
    srs_api_vhost_id(source->vhost, text);
    put_text(&tree, tree.root, "vhost", text);
    srs_api_stream_id(server, source, text);
    put_text(&tree, tree.root, "stream", text);
    srs_endpoint_format_ip(&peer, text);
    put_text(&tree, tree.root, "ip", text);
    put_text(&tree, tree.root, "pageUrl", client->page_url);
    put_text(&tree, tree.root, "swfUrl", client->swf_url);
    put_text(&tree, tree.root, "tcUrl", client->tc_url);
    put_url(&tree, source);
    put_text(&tree, tree.root, "name", client->name);
    put_text(&tree, tree.root, "type", client->type);
    put_flag(&tree, tree.root, "publish", client->publish);
    put_seconds(&tree, tree.root, "alive", srs_now() - client->since);
    put_count(&tree, tree.root, "send_bytes", srs_conn_bytes_out(client->conn));
    put_count(&tree, tree.root, "recv_bytes", srs_conn_bytes_in(client->conn));
    put_rate(&tree, &client->rate);
    if (client->viewer != NULL)
        put_viewer(&tree, client->viewer);
    return finish(&tree, "", out);
}

// --- the server itself --------------------------------------------------------------------------

SRS_ERR srs_api_head(const struct srs_server *server, struct srs_buf *out)
{
    char text[2 * SRS_IDENTITY + 128]; // ids hold nothing that JSON writes otherwise
    int size = snprintf(text, sizeof text,
                        "{\"code\":0,\"server\":\"%s\",\"service\":\"%s\",\"pid\":\"%ld\"",
                        server->id, server->service, (long)getpid());
    return srs_buf_append(out, text, (size_t)size, SRS_API_BUFFER_MAX);
}

SRS_ERR srs_api_failure(srs_err code, struct srs_buf *out)
{
    char text[32];
    int size = snprintf(text, sizeof text, "{\"code\":%d}", (int)code);
    return srs_buf_append(out, text, (size_t)size, SRS_API_BUFFER_MAX);
}

SRS_ERR srs_api_version(struct srs_buf *out)
{
    struct tree tree = begin();
    put_count(&tree, tree.root, "major", SRS_VERSION_MAJOR);
    put_count(&tree, tree.root, "minor", SRS_VERSION_MINOR);
    put_count(&tree, tree.root, "revision", SRS_VERSION_REVISION);
    put_text(&tree, tree.root, "version", SRS_VERSION);
    return finish(&tree, ",\"data\":", out);
}

struct entry {
    const char *name;
    const char *about;
};

static void put_entries(struct tree *tree, cJSON *in, const struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_text(tree, in, entries[i].name, entries[i].about);
}

static const char not_built[] = "not built";

SRS_ERR srs_api_root_index(struct srs_buf *out)
{
    struct tree tree = begin();
    put_text(&tree, tree.root, "api", "the API");
    cJSON *rtc = put_object(&tree, tree.root, "rtc");
    cJSON *v1 = put_object(&tree, rtc, "v1");
    put_text(&tree, v1, "play", not_built);
    put_text(&tree, v1, "publish", not_built);
    put_text(&tree, v1, "nack", not_built);
    return finish(&tree, ",\"urls\":", out);
}

SRS_ERR srs_api_api_index(struct srs_buf *out)
{
    struct tree tree = begin();
    put_text(&tree, tree.root, "v1", "version 1 of the API");
    return finish(&tree, ",\"urls\":", out);
}

SRS_ERR srs_api_v1_index(struct srs_buf *out)
{
    static const struct entry urls[] = {
        {"versions", "the version of this server"},
        {"summaries", not_built},
        {"rusages", not_built},
        {"self_proc_stats", not_built},
        {"system_proc_stats", not_built},
        {"meminfos", not_built},
        {"authors", not_built},
        {"features", not_built},
        {"requests", not_built},
        {"vhosts", not_built},
        {"streams", "all streams, or one by its id; parameters start and count"},
        {"clients", "all clients, or one by its id; parameters start and count; DELETE ends one"},
        {"raw", not_built},
        {"clusters", not_built},
        {"perf", not_built},
        {"tcmalloc", not_built},
        {"valgrind", not_built},
        {"signal", not_built},
    };
    static const struct entry tests[] = {{"requests", not_built},
                                         {"errors", not_built},
                                         {"redirects", not_built},
                                         {"[vhost]", not_built}};
    struct tree tree = begin();
    put_entries(&tree, tree.root, urls, SRS_COUNT(urls));
    srs_err err = finish(&tree, ",\"urls\":", out);
    if (err)
        return err;
    tree = begin();
    put_entries(&tree, tree.root, tests, SRS_COUNT(tests));
    return finish(&tree, ",\"tests\":", out);
}
