// AVC (H.264): decoder configuration record, the SPS fields that a server shows, and NAL units with
// length prefixes.
//
// ISO/IEC 14496-15 section 5.3.3 (record and framing), ITU-T H.264 sections 7.3 and E.1 (SPS and
// VUI). Nothing is allocated; spans lie in the input.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_AVC_NALU_SLICE = 1,
    SRS_AVC_NALU_IDR = 5,
    SRS_AVC_NALU_SEI = 6,
    SRS_AVC_NALU_SPS = 7,
    SRS_AVC_NALU_PPS = 8,
    SRS_AVC_NALU_AUD = 9,
};

// In one access unit, of HEVC too, empty ones counted. Encoders that cut slices to the size of a
// datagram make 12,000 of the longest message; others stay below 100.
enum { SRS_AVC_NALUS_MAX = 16384 };

struct srs_avc_record {
    uint8_t profile;
    uint8_t compat; // constraint flags
    uint8_t level;
    uint8_t length_size; // of NAL units: 1 to 4
    uint8_t sps_count;   // at most 31
    uint8_t pps_count;
    struct srs_span
        sps; // `count` parameter sets, each with a length of 16 bits in front: srs_avc_set_read
    struct srs_span pps;
    struct srs_span
        ext; // all behind: chroma format, bit depths and SPS extensions of the high profiles
};

// AVC_RECORD; on failure *out is not touched. A record without SPS or PPS is fine: they may be
// in-band.
SRS_ERR srs_avc_record_read(struct srs_rd *in, struct srs_avc_record *out);
// Writes what read gives byte for byte, but for reserved bits, which are ones.
void srs_avc_record_write(struct srs_wr *out, const struct srs_avc_record *record);

// The next parameter set of a list; AVC_RECORD.
SRS_ERR srs_avc_set_read(struct srs_rd *list, struct srs_span *out);
void srs_avc_set_write(struct srs_wr *list, struct srs_span set);

struct srs_avc_sps {
    uint8_t profile;
    uint8_t compat;
    uint8_t level;
    uint8_t chroma_format; // 1 = 4:2:0
    uint8_t bit_depth_luma;
    uint8_t bit_depth_chroma;
    bool interlaced; // fields may occur
    uint32_t width;  // after cropping
    uint32_t height;
    uint32_t units_in_tick; // 0 when the stream does not tell its time base
    uint32_t time_scale;
};

// A NAL unit of type 7, with its header byte. AVC_RECORD. A VUI that is cut short costs the frame
// rate only.
SRS_ERR srs_avc_sps_read(struct srs_span nalu, struct srs_avc_sps *out);
// Frames a second, 0 when not told.
double srs_avc_sps_frame_rate(const struct srs_avc_sps *sps);

// The next NAL unit of an access unit with lengths of `length_size` bytes; it may be empty.
// AVC_NALU.
//     while (!err && srs_rd_left(&in) > 0) err = srs_avc_nalu_read(&in, length_size, &nalu);
SRS_ERR srs_avc_nalu_read(struct srs_rd *in, unsigned length_size, struct srs_span *out);

// LIMIT when `count`, of the NAL units read so far, is above SRS_AVC_NALUS_MAX.
SRS_ERR srs_avc_count_check(unsigned count);

// The type of a NAL unit; 0 (unspecified) when it is empty.
unsigned srs_avc_nalu_type(struct srs_span nalu);

// Writes an access unit again with lengths of 4 bytes, without empty NAL units. With a writer of
// capacity 0 it measures: out->size. AVC_NALU, LIMIT; what is written then is of no use.
SRS_ERR srs_avc_rewrite(struct srs_span unit, unsigned length_size, struct srs_wr *out);

// Whether the access unit has an IDR slice. AVC_NALU when it is malformed before one is found,
// LIMIT.
SRS_ERR srs_avc_is_key(struct srs_span unit, unsigned length_size, bool *key);

// As SRS's API shows them: "High", "3.1". "Other" for a number that is not known.
const char *srs_avc_profile_name(uint8_t profile);
const char *srs_avc_level_name(uint8_t level);
