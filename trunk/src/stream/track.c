#include "stream/track.h"
#include "codec/flv.h"
#include "core/assert.h"
#include "core/mem.h"

const char *srs_kind_name(enum srs_kind kind)
{
    static const char *const names[SRS_KINDS] = {"video", "audio", "data"};
    return names[kind];
}

const char *srs_codec_name(enum srs_codec codec)
{
    static const char *const names[] = {"Other", "H264", "H265", "AV1",  "VP8",    "VP9", "AAC",
                                        "MP3",   "Opus", "FLAC", "AC-3", "E-AC-3", "AMF0"};
    return names[codec];
}

// By codec; video ends before AAC.
static const uint32_t fourccs[SRS_CODECS] = {
    [SRS_CODEC_AVC] = SRS_FLV_FOURCC_AVC,   [SRS_CODEC_HEVC] = SRS_FLV_FOURCC_HEVC,
    [SRS_CODEC_AV1] = SRS_FLV_FOURCC_AV1,   [SRS_CODEC_VP8] = SRS_FLV_FOURCC_VP8,
    [SRS_CODEC_VP9] = SRS_FLV_FOURCC_VP9,   [SRS_CODEC_AAC] = SRS_FLV_FOURCC_AAC,
    [SRS_CODEC_MP3] = SRS_FLV_FOURCC_MP3,   [SRS_CODEC_OPUS] = SRS_FLV_FOURCC_OPUS,
    [SRS_CODEC_FLAC] = SRS_FLV_FOURCC_FLAC, [SRS_CODEC_AC3] = SRS_FLV_FOURCC_AC3,
    [SRS_CODEC_EAC3] = SRS_FLV_FOURCC_EAC3,
};

uint32_t srs_codec_fourcc(enum srs_codec codec)
{
    return fourccs[codec];
}

enum srs_codec srs_codec_of_fourcc(enum srs_kind kind, uint32_t fourcc)
{
    unsigned from = kind == SRS_KIND_VIDEO ? SRS_CODEC_AVC : SRS_CODEC_AAC;
    unsigned to = kind == SRS_KIND_VIDEO ? SRS_CODEC_AAC : SRS_CODEC_AMF0;
    for (unsigned i = from; i < to; i++)
        if (fourccs[i] == fourcc)
            return (enum srs_codec)i;
    return SRS_CODEC_OPAQUE;
}

SRS_ERR srs_track_new_with(const struct srs_track *model, struct srs_span config,
                           struct srs_span side, struct srs_track **out)
{
    size_t size = config.size + side.size;
    if (size > SRS_TRACK_CONFIG_MAX)
        return srs_fail(SRS_E_LIMIT, "track with %zu bytes of configuration, at most %d", size,
                        SRS_TRACK_CONFIG_MAX);
    struct srs_track *track = srs_try_alloc(sizeof *track + size);
    if (track == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "track with %zu bytes of configuration", size);
    *track = *model;
    track->refs = 1;
    track->logged = 0;
    track->version = 0;
    track->config_size = (uint32_t)config.size;
    track->side_size = (uint32_t)side.size;
    if (config.size > 0)
        memcpy(track->config, config.bytes, config.size);
    if (side.size > 0)
        memcpy(track->config + config.size, side.bytes, side.size);
    srs_live_add(SRS_LIVE_TRACK, 1);
    *out = track;
    return SRS_OK;
}

SRS_ERR srs_track_new(const struct srs_track *model, struct srs_span config, struct srs_track **out)
{
    return srs_track_new_with(model, config, (struct srs_span){NULL, 0}, out);
}

struct srs_track *srs_track_ref(struct srs_track *track)
{
    if (track != NULL)
        track->refs++;
    return track;
}

void srs_track_unref(struct srs_track *track)
{
    if (track == NULL)
        return;
    srs_assert(track->refs > 0);
    if (--track->refs > 0)
        return;
    srs_assert(track->logged == 0);
    srs_mem_note_freed(srs_track_bytes(track));
    srs_free(track);
    srs_live_add(SRS_LIVE_TRACK, -1);
}

bool srs_track_same(const struct srs_track *a, const struct srs_track *b)
{
    return a->kind == b->kind && a->codec == b->codec && a->id == b->id &&
           a->flv_codec == b->flv_codec && a->multitrack == b->multitrack && a->width == b->width &&
           a->height == b->height && a->profile == b->profile && a->level == b->level &&
           a->tier == b->tier && a->frame_rate_milli == b->frame_rate_milli &&
           a->sample_rate == b->sample_rate && a->channels == b->channels &&
           a->config_size == b->config_size && a->side_size == b->side_size &&
           memcmp(a->config, b->config, (size_t)a->config_size + a->side_size) == 0;
}
