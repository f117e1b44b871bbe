// FLAC: STREAMINFO, the configuration record of FLAC tracks (RFC 9639 section 8.2).
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_FLAC_INFO_SIZE = 34 };

struct srs_flac_info {
    uint16_t block_min; // samples
    uint16_t block_max;
    uint32_t frame_min; // bytes, 0 = not known
    uint32_t frame_max;
    uint32_t sample_rate;
    uint8_t channels;
    uint8_t bits;     // a sample
    uint64_t samples; // 0 = not known
    uint8_t md5[16];
};

// Bare, or as the first block behind "fLaC"; what is behind it is left alone. FLAC_INFO; on failure
// *out is not touched.
SRS_ERR srs_flac_info_read(struct srs_rd *in, struct srs_flac_info *out);
// Bare.
void srs_flac_info_write(struct srs_wr *out, const struct srs_flac_info *info);
