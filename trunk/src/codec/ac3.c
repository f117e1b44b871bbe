// AC-3 and E-AC-3. Left out: the bit stream information behind the channel mode.
#include "codec/ac3.h"
#include "codec/bits.h"

enum { SYNC = 0x0B77, ID_AC3_MAX = 10, ID_EAC3_MAX = 16, BLOCK_SAMPLES = 256 };

static const uint32_t rates[3] = {48000, 44100, 32000};
static const uint8_t mode_channels[8] = {2, 1, 2, 3, 3, 4, 4, 5}; // acmod; 0 is two monos

// Table 4.13, the first of each pair: kbit/s.
static const uint16_t kbps[19] = {32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                  192, 224, 256, 320, 384, 448, 512, 576, 640};

static uint32_t ac3_size(unsigned rate, unsigned code)
{
    uint32_t words = kbps[code / 2] * 1000U * 6 * BLOCK_SAMPLES / rates[rate] / 16;
    if (rate == 1) // 44.1 kHz has frames of two lengths
        words += code & 1;
    return words * 2;
}

// Behind the checksum: sections 4.3.1.3 to 4.4.2.7.
static void ac3_read(struct srs_bits *in, struct srs_ac3_frame *frame)
{
    unsigned rate = srs_bits_uint(in, 2);
    unsigned code = srs_bits_uint(in, 6);
    srs_bits_skip(in, 5 + 3); // bsid, mode of the service
    unsigned mode = srs_bits_uint(in, 3);
    if ((mode & 1) != 0 && mode != 1)
        srs_bits_skip(in, 2); // level of the center
    if ((mode & 4) != 0)
        srs_bits_skip(in, 2); // of surround
    if (mode == 2)
        srs_bits_skip(in, 2); // Dolby surround
    frame->has_lfe = srs_bits_flag(in);
    frame->channels = mode_channels[mode] + (frame->has_lfe ? 1 : 0);
    frame->samples = 6 * BLOCK_SAMPLES;
    in->bad |= rate == 3 || code >= 2 * sizeof kbps / sizeof kbps[0];
    if (in->bad)
        return;
    // bsid 9 and 10 halve and quarter the rate, which everybody supports and nobody sends.
    unsigned shift = frame->stream_id > 8 ? frame->stream_id - 8U : 0;
    frame->sample_rate = rates[rate] >> shift;
    frame->size = ac3_size(rate, code);
}

// Section E.1.2.2.
static void eac3_read(struct srs_bits *in, struct srs_ac3_frame *frame)
{
    static const uint8_t blocks[4] = {1, 2, 3, 6};
    unsigned type = srs_bits_uint(in, 2);
    srs_bits_skip(in, 3); // substream
    frame->enhanced = true;
    frame->dependent = type == 1;
    frame->size = (srs_bits_uint(in, 11) + 1) * 2;
    unsigned rate = srs_bits_uint(in, 2);
    unsigned code = srs_bits_uint(in, 2);
    unsigned mode = srs_bits_uint(in, 3);
    frame->has_lfe = srs_bits_flag(in);
    frame->channels = mode_channels[mode] + (frame->has_lfe ? 1 : 0);
    in->bad |= type == 3 || (rate == 3 && code == 3);
    if (in->bad)
        return;
    frame->sample_rate = rate == 3 ? rates[code] / 2 : rates[rate];
    frame->samples = (rate == 3 ? 6 : blocks[code]) * BLOCK_SAMPLES;
}

SRS_ERR srs_ac3_frame_read(struct srs_rd *in, struct srs_ac3_frame *out)
{
    struct srs_bits bits = {.rd = *in};
    struct srs_ac3_frame frame = {0};
    uint32_t sync = srs_bits_uint(&bits, 16);
    struct srs_bits look = bits;
    srs_bits_skip(&look, 24); // both kinds have their bsid here
    frame.stream_id = (uint8_t)srs_bits_uint(&look, 5);
    if (look.bad)
        return srs_fail(SRS_E_AC3_HEADER, "truncated");
    if (sync != SYNC || frame.stream_id > ID_EAC3_MAX)
        return srs_fail(SRS_E_AC3_HEADER, "sync word %04x, bsid %u", sync, frame.stream_id);
    if (frame.stream_id > ID_AC3_MAX) {
        eac3_read(&bits, &frame);
    } else {
        srs_bits_skip(&bits, 16); // checksum
        ac3_read(&bits, &frame);
    }
    if (bits.bad)
        return srs_fail(SRS_E_AC3_HEADER, "reserved or truncated, bsid %u", frame.stream_id);
    *in = bits.rd;
    *out = frame;
    return SRS_OK;
}
