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
    SRS_CODEC_HEVC,   // the same with hvcC
    SRS_CODEC_AV1,    // a temporal unit without its delimiter; config is an av1C record
    SRS_CODEC_VP8,    // frames; config is a vpcC record without FullBox bytes
    SRS_CODEC_VP9,    // the same
    SRS_CODEC_AAC,    // raw frames; config is an AudioSpecificConfig
    SRS_CODEC_MP3,    // whole frames; no config
    SRS_CODEC_OPUS,   // Opus packets; config is an OpusHead
    SRS_CODEC_FLAC,   // frames; config is STREAMINFO, 34 bytes
    SRS_CODEC_AC3,    // whole frames; no config
    SRS_CODEC_EAC3,   // the same
    SRS_CODEC_AMF0,   // data: an RTMP data message without @setDataFrame
    SRS_CODECS,
};

const char *srs_kind_name(enum srs_kind kind);
// As SRS's API shows it: "H264", "H265", "AAC"; "Other" for what the model does not know.
const char *srs_codec_name(enum srs_codec codec);

// As Enhanced RTMP and MP4 name it, the first letter highest ("hvc1"); 0 for codecs that have none.
uint32_t srs_codec_fourcc(enum srs_codec codec);
// OPAQUE for a FourCC that is not known to the model for this kind.
enum srs_codec srs_codec_of_fourcc(enum srs_kind kind, uint32_t fourcc);

// Of configuration and side information together. Records of real streams are below 2 KiB; one of
// HEVC may carry SEI messages of some more.
enum { SRS_TRACK_CONFIG_MAX = 64 * 1024 };

struct srs_track {
    int refs;
    unsigned logged; // packets of the log that need it: with the first it counts for the log
    enum srs_kind kind;
    enum srs_codec codec;
    uint8_t id;
    uint8_t slot;     // its place among the tracks of its source, which sets it
    uint32_t version; // unique in its source, which sets it
    // Video; 0 when the sender does not tell.
    uint16_t width;
    uint16_t height;
    uint16_t profile; // profile_idc of AVC and HEVC, seq_profile of AV1, or the AAC object type
    uint16_t level;   // level_idc, seq_level_idx
    uint8_t tier;     // HEVC, AV1: 1 = high
    uint32_t frame_rate_milli; // frames in 1000 s
    // Audio.
    uint32_t sample_rate;
    uint8_t channels;
    uint8_t flv_codec; // of an opaque track: legacy codec or sound format number, 255 for a FourCC;
                       // of MP3: the first byte of its legacy tags
    bool multitrack;   // opaque: its packets are multitrack messages
    uint32_t config_size;
    uint32_t side_size;
    uint8_t config[]; // then the side information
};

// What decoders need beside the configuration, as Enhanced RTMP writes it behind the FourCC:
// colorInfo of video (AMF0), MultichannelConfig of audio.
static inline struct srs_span srs_track_side(const struct srs_track *track)
{
    return (struct srs_span){track->config + track->config_size, track->side_size};
}

// Bytes of memory it counts for in limits.
static inline size_t srs_track_bytes(const struct srs_track *track)
{
    return sizeof *track + track->config_size + track->side_size;
}

// A copy of `model` (its refs, version and config fields are ignored) with this configuration and
// side information; one reference. LIMIT above SRS_TRACK_CONFIG_MAX, NO_MEMORY.
SRS_ERR srs_track_new_with(const struct srs_track *model, struct srs_span config,
                           struct srs_span side, struct srs_track **out);
SRS_ERR srs_track_new(const struct srs_track *model, struct srs_span config,
                      struct srs_track **out);
struct srs_track *srs_track_ref(struct srs_track *track);
void srs_track_unref(struct srs_track *track);
// The same but for version and slot.
bool srs_track_same(const struct srs_track *a, const struct srs_track *b);
