// AV1: configuration record, sequence header and the walk over open bitstream units (OBUs).
//
// "AV1 Bitstream & Decoding Process Specification" sections 5.3 to 5.9 (OBU header, sequence
// header, the start of a frame header), "AV1 Codec ISO Media File Format Binding" section 2.3
// (record). Nothing is allocated; spans lie in the input.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_AV1_OBU_SEQUENCE_HEADER = 1,
    SRS_AV1_OBU_TEMPORAL_DELIMITER = 2,
    SRS_AV1_OBU_FRAME_HEADER = 3,
    SRS_AV1_OBU_TILE_GROUP = 4,
    SRS_AV1_OBU_METADATA = 5,
    SRS_AV1_OBU_FRAME = 6,
};

struct srs_av1_record {
    uint8_t profile;
    uint8_t level; // seq_level_idx_0
    uint8_t tier;
    bool high_bitdepth;
    bool twelve_bit;
    bool monochrome;
    uint8_t subsampling_x;
    uint8_t subsampling_y;
    uint8_t sample_position;
    uint8_t presentation_delay; // plus 1; 0 = not told
    struct srs_span obus;       // usually one sequence header
};

// AV1_DATA; on failure *out is not touched. The OBUs are not looked at.
SRS_ERR srs_av1_record_read(struct srs_rd *in, struct srs_av1_record *out);
// Writes what read gives byte for byte, but for reserved bits, which are zeros.
void srs_av1_record_write(struct srs_wr *out, const struct srs_av1_record *record);

struct srs_av1_obu {
    uint8_t type;
    bool has_size;
    struct srs_span whole;   // header included
    struct srs_span payload; // behind header and size
};
// In one temporal unit or record. A frame has 4096 tiles at most, each with an OBU of its own.
enum { SRS_AV1_OBUS_MAX = 16384 };

// The next OBU of a temporal unit or a record; one without a size takes the rest. AV1_DATA.
SRS_ERR srs_av1_obu_read(struct srs_rd *in, struct srs_av1_obu *out);

struct srs_av1_sequence {
    uint8_t profile;
    uint8_t level; // seq_level_idx of the first operating point
    uint8_t tier;
    uint8_t bit_depth;
    bool still_picture;
    uint32_t width; // the greatest
    uint32_t height;
    uint32_t units_in_tick; // 0 when it does not tell
    uint32_t time_scale;
    uint32_t ticks_per_picture; // 0 when pictures do not come at equal times
};
// The payload of an OBU of type 1. AV1_DATA.
SRS_ERR srs_av1_sequence_read(struct srs_span payload, struct srs_av1_sequence *out);
// The first sequence header among these OBUs; AV1_DATA also when there is none, LIMIT.
SRS_ERR srs_av1_sequence_find(struct srs_span obus, struct srs_av1_sequence *out);

// Writes a temporal unit again without temporal delimiters. With a writer of capacity 0 it
// measures: out->size. AV1_DATA, LIMIT; what is written then is of no use.
SRS_ERR srs_av1_strip(struct srs_span unit, struct srs_wr *out);
// Whether decoding may begin at this temporal unit: a sequence header and a key frame behind it.
// AV1_DATA, LIMIT.
SRS_ERR srs_av1_is_key(struct srs_span unit, bool *key);
