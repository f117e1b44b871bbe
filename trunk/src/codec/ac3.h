// AC-3 and E-AC-3: the header of a sync frame (ETSI TS 102 366 sections 4.3 and E.1.2).
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

struct srs_ac3_frame {
    bool enhanced;     // E-AC-3
    uint8_t stream_id; // bsid: up to 10 AC-3, 11 to 16 E-AC-3
    uint8_t channels;  // with the one for low frequencies
    bool has_lfe;
    bool dependent; // E-AC-3: adds channels to the frame before
    uint32_t sample_rate;
    uint16_t samples; // a frame
    uint32_t size;    // bytes, header included
};

// Either kind, by its bsid. AC3_HEADER; on failure *out is not touched.
SRS_ERR srs_ac3_frame_read(struct srs_rd *in, struct srs_ac3_frame *out);
