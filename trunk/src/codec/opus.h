// Opus: identification header (RFC 7845 section 5.1) and the first byte of packets (RFC 6716
// section 3.1).
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum { SRS_OPUS_CHANNELS_MAX = 255 };

struct srs_opus_head {
    uint8_t version; // major in the high half: 0
    uint8_t channels;
    uint16_t pre_skip;    // at 48 kHz
    uint32_t sample_rate; // of the input; decoding is at 48 kHz whatever it says
    int16_t gain;         // of the output, in 1/256 dB
    uint8_t mapping;      // family
    // Of a family other than 0.
    uint8_t streams;
    uint8_t coupled;
    struct srs_span map; // one byte a channel
};

// With its magic. OPUS_HEAD; on failure *out is not touched. Bytes behind it are left alone.
SRS_ERR srs_opus_head_read(struct srs_rd *in, struct srs_opus_head *out);
void srs_opus_head_write(struct srs_wr *out, const struct srs_opus_head *head);

struct srs_opus_toc {
    uint8_t config; // 0 to 31: mode, bandwidth, frame size
    bool stereo;
    uint8_t frames;         // in the packet: 1 to 48
    uint16_t frame_samples; // at 48 kHz
};
// OPUS_HEAD for a packet that is empty, cut, or longer than 120 ms.
SRS_ERR srs_opus_toc_read(struct srs_span packet, struct srs_opus_toc *out);
