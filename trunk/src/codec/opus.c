// Opus. Left out: what is behind the first bytes of a packet, and its self-delimiting form.
#include "codec/opus.h"

// 120 ms at 48 kHz, RFC 6716 section 3.2.5.
enum { PACKET_SAMPLES_MAX = 5760 };

static const uint8_t magic[8] = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd'};

static uint16_t u16le_read(struct srs_rd *in)
{
    return __builtin_bswap16(srs_rd_u16(in));
}

static void u16le_write(struct srs_wr *out, uint16_t value)
{
    srs_wr_u16(out, __builtin_bswap16(value));
}

SRS_ERR srs_opus_head_read(struct srs_rd *in, struct srs_opus_head *out)
{
    struct srs_span word = srs_rd_span(in, sizeof magic);
    struct srs_opus_head head = {.version = srs_rd_u8(in)};
    head.channels = srs_rd_u8(in);
    head.pre_skip = u16le_read(in);
    head.sample_rate = srs_rd_u32le(in);
    head.gain = (int16_t)u16le_read(in);
    head.mapping = srs_rd_u8(in);
    if (head.mapping != 0) {
        head.streams = srs_rd_u8(in);
        head.coupled = srs_rd_u8(in);
        head.map = srs_rd_span(in, head.channels);
    }
    if (in->bad)
        return srs_fail(SRS_E_OPUS_HEAD, "truncated");
    if (memcmp(word.bytes, magic, sizeof magic) != 0)
        return srs_fail(SRS_E_OPUS_HEAD, "no OpusHead");
    if (head.version > 15 || head.channels == 0 || (head.mapping == 0 && head.channels > 2))
        return srs_fail(SRS_E_OPUS_HEAD, "version %u, %u channels, mapping %u", head.version,
                        head.channels, head.mapping);
    if (head.mapping != 0 &&
        (head.streams == 0 || head.coupled > head.streams || head.streams + head.coupled > 255))
        return srs_fail(SRS_E_OPUS_HEAD, "%u streams, %u coupled", head.streams, head.coupled);
    *out = head;
    return SRS_OK;
}

void srs_opus_head_write(struct srs_wr *out, const struct srs_opus_head *head)
{
    srs_wr_bytes(out, magic, sizeof magic);
    srs_wr_u8(out, head->version);
    srs_wr_u8(out, head->channels);
    u16le_write(out, head->pre_skip);
    srs_wr_u32le(out, head->sample_rate);
    u16le_write(out, (uint16_t)head->gain);
    srs_wr_u8(out, head->mapping);
    if (head->mapping != 0) {
        srs_wr_u8(out, head->streams);
        srs_wr_u8(out, head->coupled);
        srs_wr_bytes(out, head->map.bytes, head->map.size);
    }
}

// RFC 6716 table 2: SILK 10 20 40 60 ms, hybrid 10 20 ms, CELT 2.5 5 10 20 ms.
static uint16_t frame_samples(uint8_t config)
{
    static const uint16_t silk[] = {480, 960, 1920, 2880};
    if (config < 12)
        return silk[config & 3];
    if (config < 16)
        return (config & 1) != 0 ? 960 : 480;
    return (uint16_t)(120U << (config & 3));
}

SRS_ERR srs_opus_toc_read(struct srs_span packet, struct srs_opus_toc *out)
{
    struct srs_rd in = srs_rd_init(packet.bytes, packet.size);
    uint8_t head = srs_rd_u8(&in);
    struct srs_opus_toc toc = {.config = head >> 3, .stereo = (head & 4) != 0, .frames = 1};
    unsigned code = head & 3;
    if (code == 1 || code == 2)
        toc.frames = 2;
    else if (code == 3)
        toc.frames = srs_rd_u8(&in) & 0x3F;
    toc.frame_samples = frame_samples(toc.config);
    if (in.bad)
        return srs_fail(SRS_E_OPUS_HEAD, "packet of %zu bytes", packet.size);
    if (toc.frames == 0 || toc.frames * toc.frame_samples > PACKET_SAMPLES_MAX)
        return srs_fail(SRS_E_OPUS_HEAD, "%u frames of %u samples", toc.frames, toc.frame_samples);
    *out = toc;
    return SRS_OK;
}
