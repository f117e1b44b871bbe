// MP3: the header of a frame (ISO/IEC 11172-3 section 2.4.1.3, 13818-3 for the lower rates, and
// their unofficial extension to MPEG-2.5), of all layers.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_MP3_HEADER_SIZE = 4 };

struct srs_mp3_frame {
    uint8_t version; // 10, 20 or 25: MPEG-1, -2, -2.5
    uint8_t layer;   // 1 to 3
    uint8_t channels;
    bool has_crc;
    uint16_t kbps; // 0 = free
    uint32_t sample_rate;
    uint16_t samples; // a frame
    uint32_t size;    // bytes, header included; 0 when the bit rate is free
};

// MP3_HEADER; on failure *out is not touched.
SRS_ERR srs_mp3_frame_read(struct srs_rd *in, struct srs_mp3_frame *out);
