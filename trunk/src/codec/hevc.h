// HEVC (H.265): decoder configuration record, and the fields of VPS and SPS that a server shows.
//
// ISO/IEC 14496-15 section 8.3.3 (record), ITU-T H.265 sections 7.3.2, 7.3.3 and E.2.1. Access
// units are framed like those of AVC: srs_avc_nalu_read and srs_avc_rewrite serve both. Nothing is
// allocated; spans lie in the input.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_HEVC_NALU_BLA_FIRST = 16, // 16 to 23: random access points
    SRS_HEVC_NALU_IRAP_LAST = 23,
    SRS_HEVC_NALU_VPS = 32,
    SRS_HEVC_NALU_SPS = 33,
    SRS_HEVC_NALU_PPS = 34,
};

struct srs_hevc_record {
    uint8_t profile_space;
    uint8_t tier;
    uint8_t profile;
    uint8_t level;         // 30 times the number: 93 = 3.1
    uint32_t compat;       // bit 31 - n: compatible with profile n
    uint64_t constraints;  // 48 bits
    uint16_t segmentation; // min_spatial_segmentation_idc
    uint8_t parallelism;
    uint8_t chroma_format;
    uint8_t bit_depth_luma;
    uint8_t bit_depth_chroma;
    uint16_t average_frame_rate; // in 256 s, 0 = not told
    uint8_t constant_frame_rate;
    uint8_t temporal_layers;
    bool temporal_id_nested;
    uint8_t length_size; // of NAL units: 1 to 4
    uint8_t array_count;
    struct srs_span arrays; // as they are: srs_hevc_array_read
    struct srs_span rest;   // whatever is behind them
};

// HEVC_DECODE_ERROR; on failure *out is not touched. Parameter sets may be missing: they may be
// in-band.
SRS_ERR srs_hevc_record_read(struct srs_rd *in, struct srs_hevc_record *out);
// Writes what read gives byte for byte, but for reserved bits, which are ones.
void srs_hevc_record_write(struct srs_wr *out, const struct srs_hevc_record *record);

// NAL units of one type, each with a length of 16 bits in front: srs_hevc_set_read.
struct srs_hevc_array {
    bool complete;
    uint8_t type;
    uint16_t count;
    struct srs_span sets;
};
// The next array; HEVC_DECODE_ERROR.
SRS_ERR srs_hevc_array_read(struct srs_rd *arrays, struct srs_hevc_array *out);
SRS_ERR srs_hevc_set_read(struct srs_rd *sets, struct srs_span *out);
// The first NAL unit of this type, {NULL, 0} when there is none.
struct srs_span srs_hevc_record_find(const struct srs_hevc_record *record, uint8_t type);

struct srs_hevc_sps {
    uint8_t profile_space;
    uint8_t tier;
    uint8_t profile;
    uint8_t level;
    uint8_t chroma_format;
    uint8_t bit_depth_luma;
    uint8_t bit_depth_chroma;
    uint32_t width; // after cropping
    uint32_t height;
    uint32_t units_in_tick; // 0 when the stream does not tell its time base
    uint32_t time_scale;
};
// A NAL unit of type 33, with its header. HEVC_DECODE_ERROR. What is wrong behind the bit depths
// costs the frame rate only.
SRS_ERR srs_hevc_sps_read(struct srs_span nalu, struct srs_hevc_sps *out);

struct srs_hevc_vps {
    uint8_t sub_layers; // 1 to 7
    uint8_t tier;
    uint8_t profile;
    uint8_t level;
    uint32_t units_in_tick; // 0 when it does not tell
    uint32_t time_scale;
};
// A NAL unit of type 32, with its header. HEVC_DECODE_ERROR.
SRS_ERR srs_hevc_vps_read(struct srs_span nalu, struct srs_hevc_vps *out);

// The type of a NAL unit; 48 (unspecified) when it has no header.
unsigned srs_hevc_nalu_type(struct srs_span nalu);
// Whether the access unit has a slice of a random access point. AVC_NALU when it is malformed
// before one is found.
SRS_ERR srs_hevc_is_key(struct srs_span unit, unsigned length_size, bool *key);

// As SRS's API shows them: "Main10", "3.1". "Other" for a number that is not known.
const char *srs_hevc_profile_name(uint8_t profile);
const char *srs_hevc_level_name(uint8_t level);
