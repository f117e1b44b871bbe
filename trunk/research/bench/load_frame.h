#pragma once
// The frames of the test stream: shaped as H.264 and AAC in FLV, each with a stamp behind the
// codec's header and a body whose every byte the receiver can check.
#include "load_core.h"
#include "load_rtmp.h"

#define SRS_LOAD_FRAME_LIMIT  (4u << 20)
#define SRS_LOAD_MARKER_BYTES 32

struct srs_load_frame {
    bool video;
    bool key;
    bool last;     // the publisher's very last: ends with the marker
    uint64_t seq;  // counts video and audio frames separately
    srs_nsec sent; // just before the write
};

enum srs_load_frame_kind { SRS_LOAD_FRAME_OTHER, SRS_LOAD_FRAME_GOOD, SRS_LOAD_FRAME_CORRUPT };

// Makes the filler and this run's marker. Call once.
void srs_load_frame_init(void);

// 32 bytes that end the last frame; the first occurs nowhere else in the stamps, the filler and the
// marker.
const uint8_t *srs_load_frame_marker(void);

// Writes `size` bytes (codec header included) to `out`; too small a size is raised to hold the
// stamp and the marker.
void srs_load_frame_write(struct srs_load_out *out, const struct srs_load_frame *frame,
                          size_t size);

// Tells sequence headers, metadata and empty messages (OTHER) from our frames, and checks those to
// the last byte.
enum srs_load_frame_kind srs_load_frame_read(const struct srs_load_msg *msg,
                                             struct srs_load_frame *out);

// avcC and AudioSpecificConfig messages, and `@setDataFrame onMetaData`.
void srs_load_frame_video_header(struct srs_load_out *out);
void srs_load_frame_audio_header(struct srs_load_out *out);
void srs_load_frame_metadata(struct srs_load_out *out, unsigned bits_per_s);
