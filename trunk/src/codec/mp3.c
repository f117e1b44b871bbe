// MP3. Left out: CRC, side information, ID3 and Xing headers.
#include "codec/mp3.h"
#include "codec/bits.h"

enum { SYNC = 0x7FF, MODE_MONO = 3 };

static const uint16_t rates_1[3][15] = {
    {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
};
// MPEG-2 and -2.5: layer I, layers II and III.
static const uint16_t rates_2[2][15] = {
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
};

static uint16_t kbps_of(const struct srs_mp3_frame *frame, unsigned index)
{
    if (frame->version == 10)
        return rates_1[frame->layer - 1][index];
    return rates_2[frame->layer == 1 ? 0 : 1][index];
}

static uint16_t samples_of(const struct srs_mp3_frame *frame)
{
    if (frame->layer == 1)
        return 384;
    return frame->layer == 3 && frame->version != 10 ? 576 : 1152;
}

// Layer I counts in slots of four bytes.
static uint32_t size_of(const struct srs_mp3_frame *frame, unsigned padding)
{
    uint32_t bits = frame->kbps * 1000U;
    if (frame->layer == 1)
        return (12 * bits / frame->sample_rate + padding) * 4;
    return frame->samples / 8 * bits / frame->sample_rate + padding;
}

SRS_ERR srs_mp3_frame_read(struct srs_rd *in, struct srs_mp3_frame *out)
{
    static const uint8_t versions[] = {25, 0, 20, 10};
    static const uint32_t rates[] = {44100, 48000, 32000};
    struct srs_span head = srs_rd_span(in, SRS_MP3_HEADER_SIZE);
    struct srs_bits bits = srs_bits_init(head, false);
    struct srs_mp3_frame frame;
    if (in->bad)
        return srs_fail(SRS_E_MP3_HEADER, "truncated");
    uint32_t sync = srs_bits_uint(&bits, 11);
    frame.version = versions[srs_bits_uint(&bits, 2)];
    frame.layer = (uint8_t)(4 - srs_bits_uint(&bits, 2)); // 4 is reserved
    frame.has_crc = !srs_bits_flag(&bits);
    unsigned kbps = srs_bits_uint(&bits, 4);
    unsigned rate = srs_bits_uint(&bits, 2);
    unsigned padding = srs_bits_uint(&bits, 1);
    srs_bits_skip(&bits, 1);
    frame.channels = srs_bits_uint(&bits, 2) == MODE_MONO ? 1 : 2;
    if (sync != SYNC || frame.version == 0 || frame.layer == 4 || kbps == 15 || rate == 3)
        return srs_fail(SRS_E_MP3_HEADER, "%02x%02x%02x%02x", head.bytes[0], head.bytes[1],
                        head.bytes[2], head.bytes[3]);
    frame.sample_rate = rates[rate] / (frame.version == 10 ? 1 : frame.version == 20 ? 2 : 4);
    frame.kbps = kbps_of(&frame, kbps);
    frame.samples = samples_of(&frame);
    frame.size = frame.kbps > 0 ? size_of(&frame, padding) : 0;
    *out = frame;
    return SRS_OK;
}
