#include "stream/track.h"
#include "core/assert.h"
#include "core/mem.h"

const char *srs_kind_name(enum srs_kind kind)
{
    static const char *const names[SRS_KINDS] = {"video", "audio", "data"};
    return names[kind];
}

const char *srs_codec_name(enum srs_codec codec)
{
    static const char *const names[] = {"Other", "H264", "AAC", "AMF0"};
    return names[codec];
}

SRS_ERR srs_track_new(const struct srs_track *model, struct srs_span config, struct srs_track **out)
{
    struct srs_track *track = srs_try_alloc(sizeof *track + config.size);
    if (track == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "track with %zu bytes of configuration", config.size);
    *track = *model;
    track->refs = 1;
    track->version = 0;
    track->config_size = config.size;
    if (config.size > 0)
        memcpy(track->config, config.bytes, config.size);
    srs_live_add(SRS_LIVE_TRACK, 1);
    *out = track;
    return SRS_OK;
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
    srs_free(track);
    srs_live_add(SRS_LIVE_TRACK, -1);
}

bool srs_track_same(const struct srs_track *a, const struct srs_track *b)
{
    return a->kind == b->kind && a->codec == b->codec && a->id == b->id &&
           a->flv_codec == b->flv_codec && a->config_size == b->config_size &&
           memcmp(a->config, b->config, a->config_size) == 0;
}
