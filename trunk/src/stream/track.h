// A track of a source: what its packets are and the configuration record that decodes them.
// Immutable and counted; a change in mid-stream is a new version.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include <stdint.h>

enum srs_kind { SRS_KIND_VIDEO, SRS_KIND_AUDIO, SRS_KIND_DATA, SRS_KINDS };

enum srs_codec {
    SRS_CODEC_OPAQUE, // not known to the model: packets carry their FLV tag body whole, relayed to
                      // RTMP and FLV only
    SRS_CODEC_AVC,    // NAL units with 4-byte lengths; config is an avcC record with length size 4
    SRS_CODEC_AAC,    // raw frames; config is an AudioSpecificConfig
    SRS_CODEC_AMF0,   // data: an RTMP data message without @setDataFrame
};

const char *srs_kind_name(enum srs_kind kind);
// As SRS's API shows it: "H264", "AAC"; "Other" for what the model does not know.
const char *srs_codec_name(enum srs_codec codec);

struct srs_track {
    int refs;
    enum srs_kind kind;
    enum srs_codec codec;
    uint8_t id;
    uint32_t version; // unique in its source, which sets it
    // Video.
    uint16_t width;
    uint16_t height;
    uint16_t profile; // AVC profile_idc, or the AAC audio object type
    uint16_t level;   // AVC level_idc
    // Audio.
    uint32_t sample_rate;
    uint8_t channels;
    uint8_t flv_codec; // legacy codec or sound format number of an opaque track, 255 for a FourCC
    size_t config_size;
    uint8_t config[];
};

// A copy of `model` (its refs, version and config fields are ignored) with this configuration; one
// reference. NO_MEMORY.
SRS_ERR srs_track_new(const struct srs_track *model, struct srs_span config,
                      struct srs_track **out);
struct srs_track *srs_track_ref(struct srs_track *track);
void srs_track_unref(struct srs_track *track);
// The same but for version.
bool srs_track_same(const struct srs_track *a, const struct srs_track *b);
