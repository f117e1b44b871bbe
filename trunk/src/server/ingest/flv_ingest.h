// From RTMP messages and FLV tags to packets of a source: what publishers by RTMP and by HTTP-FLV
// have in common. The forms in which tracks and packets come out are in doc/media-model.md.
#pragma once
#include "core/rdwr.h"
#include "stream/source.h"

struct srs_flv_ingest_options {
    bool annexb;   // frames and headers with start codes in place of lengths are taken too
    bool skip_sps; // size and the like are not looked for
};

struct srs_flv_ingest {
    struct srs_flv_ingest_options options;
    struct srs_source *source;           // a reference; claimed by whoever embeds this
    struct srs_track *tracks[SRS_KINDS]; // of the source's current ones the last used of each kind
    int64_t last_ms;                     // unwrapped time of the last message
    bool has_time;
    uint8_t length_size[SRS_TRACKS_MAX]; // of the sender's record, 0 before there is one, by slot
    bool in_band[SRS_TRACKS_MAX];        // no record came: it is made of parameter sets in frames
    uint64_t dropped;                    // frames before their configuration
};

// The source is borrowed for the ingest's life. Options are all off; set them before the first
// message.
void srs_flv_ingest_init(struct srs_flv_ingest *ingest, struct srs_source *source);

// One message or tag body: type 8 audio, 9 video, 18 and 15 data. `timestamp` is in ms and wraps.
// Errors of the tag and codec readers: the publisher should be cut off. LIMIT: more tracks than a
// source has, or side information that is too long. NO_MEMORY.
SRS_ERR srs_flv_ingest_message(struct srs_flv_ingest *ingest, uint8_t type, uint32_t timestamp,
                               struct srs_span body, srs_usec arrived);
