// VP8 and VP9: configuration record, and the frame headers up to the size.
//
// "VP Codec ISO Media File Format Binding" version 1.0 (record), RFC 6386 section 9.1 (VP8), "VP9
// Bitstream & Decoding Process Specification" sections 6.2 and 7.2. Nothing is allocated.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

struct srs_vpx_record {
    uint8_t profile;
    uint8_t level; // ten times the number; 0 = not told
    uint8_t bit_depth;
    uint8_t chroma_subsampling;
    bool full_range;
    uint8_t primaries;
    uint8_t transfer;
    uint8_t matrix;
    struct srs_span init; // codec's own, empty in practice
};

// With the version and flags of a FullBox in front or without: a sender may write either. VPX_DATA;
// on failure *out is not touched. Bytes behind the record are left alone.
SRS_ERR srs_vpx_record_read(struct srs_rd *in, struct srs_vpx_record *out);
// Without these.
void srs_vpx_record_write(struct srs_wr *out, const struct srs_vpx_record *record);

struct srs_vpx_frame {
    bool key;
    uint8_t profile;
    uint32_t width; // of key frames, else 0
    uint32_t height;
};
// The beginning of a frame; VPX_DATA.
SRS_ERR srs_vp8_frame_read(struct srs_span frame, struct srs_vpx_frame *out);
// Of a superframe the first. A frame that only shows one decoded before is no key frame.
SRS_ERR srs_vp9_frame_read(struct srs_span frame, struct srs_vpx_frame *out);
