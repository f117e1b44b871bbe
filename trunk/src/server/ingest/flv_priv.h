// Shared by the parts of the ingest: flv_ingest.c takes messages apart into items, flv_codecs.c
// makes tracks and packets of them.
#pragma once
#include "server/ingest/flv_ingest.h"

// One track's share of a message.
struct srs_flv_item {
    enum srs_kind kind;
    enum srs_codec codec; // OPAQUE: the model does not know it
    uint8_t id;           // of the track
    uint8_t flv_codec;    // legacy number, SRS_FLV_TRACK_OF_FOURCC when it was named by a FourCC
    uint8_t sound;        // first byte of a legacy audio tag
    bool untyped;         // no frame type: key frames are told by the bitstream
    bool multitrack;      // opaque: the body is a multitrack message
    uint8_t flags;        // of the packet
    srs_usec dts;
    srs_usec pts;
    srs_usec arrived;
    struct srs_span data;  // record, or coded data
    struct srs_span head;  // opaque: bytes to be put in front of the body
    struct srs_span body;  // opaque: the message as it came
    struct srs_span modex; // see struct srs_flv_ex; without those in front of a record
};

enum { SRS_FLV_TRACK_OF_FOURCC = 255 };

// The publisher's track of this kind and id, NULL when there is none yet.
struct srs_track *srs_flv_find_track(struct srs_flv_ingest *ingest, enum srs_kind kind, uint8_t id);
SRS_ERR srs_flv_set_track(struct srs_flv_ingest *ingest, const struct srs_track *model,
                          struct srs_span config, struct srs_span side, struct srs_track **current);
// `bytes` are the payload.
SRS_ERR srs_flv_push(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                     struct srs_track *track, struct srs_span bytes);

// A configuration record, a frame, and side information of a codec that the model knows. Errors of
// the codec's readers.
SRS_ERR srs_flv_take_config(struct srs_flv_ingest *ingest, const struct srs_flv_item *item);
SRS_ERR srs_flv_take_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item);
SRS_ERR srs_flv_take_side(struct srs_flv_ingest *ingest, const struct srs_flv_item *item);
