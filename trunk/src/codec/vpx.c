// VP8 and VP9. Left out: everything in frames behind the size, superframe indexes, scaling of VP8.
#include "codec/vpx.h"
#include "codec/bits.h"

enum {
    RECORD_SIZE = 8,
    FULL_BOX_SIZE = 4,
    VP8_START_CODE = 0x9D012A,
    VP9_SYNC_CODE = 0x498342,
    VP9_FRAME_MARKER = 2,
    COLOR_RGB = 7,
};

// ---- configuration record ----

SRS_ERR srs_vpx_record_read(struct srs_rd *in, struct srs_vpx_record *out)
{
    struct srs_vpx_record record;
    // The third byte of a record holds the bit depth, which is never 0; of a FullBox it is a flag
    // byte.
    if (srs_rd_left(in) >= RECORD_SIZE + FULL_BOX_SIZE && in->at[2] == 0)
        srs_rd_skip(in, FULL_BOX_SIZE);
    record.profile = srs_rd_u8(in);
    record.level = srs_rd_u8(in);
    uint8_t format = srs_rd_u8(in);
    record.bit_depth = format >> 4;
    record.chroma_subsampling = format >> 1 & 7;
    record.full_range = (format & 1) != 0;
    record.primaries = srs_rd_u8(in);
    record.transfer = srs_rd_u8(in);
    record.matrix = srs_rd_u8(in);
    record.init = srs_rd_span(in, srs_rd_u16(in));
    if (in->bad)
        return srs_fail(SRS_E_VPX_DATA, "truncated record");
    *out = record;
    return SRS_OK;
}

void srs_vpx_record_write(struct srs_wr *out, const struct srs_vpx_record *record)
{
    srs_wr_u8(out, record->profile);
    srs_wr_u8(out, record->level);
    srs_wr_u8(out, (uint8_t)(record->bit_depth << 4 | record->chroma_subsampling << 1 |
                             (record->full_range ? 1 : 0)));
    srs_wr_u8(out, record->primaries);
    srs_wr_u8(out, record->transfer);
    srs_wr_u8(out, record->matrix);
    srs_wr_u16(out, (uint16_t)record->init.size);
    srs_wr_bytes(out, record->init.bytes, record->init.size);
}

// ---- frames ----

static uint16_t u16le_read(struct srs_rd *in)
{
    return __builtin_bswap16(srs_rd_u16(in));
}

SRS_ERR srs_vp8_frame_read(struct srs_span frame, struct srs_vpx_frame *out)
{
    struct srs_rd in = srs_rd_init(frame.bytes, frame.size);
    struct srs_vpx_frame vp8 = {0};
    uint8_t head = srs_rd_u8(&in);
    srs_rd_skip(&in, 2); // size of the first partition
    vp8.key = (head & 1) == 0;
    vp8.profile = head >> 1 & 7;
    if (vp8.key) {
        uint32_t code = srs_rd_u24(&in);
        vp8.width = u16le_read(&in) & 0x3FFF; // the two bits above are a scale for showing
        vp8.height = u16le_read(&in) & 0x3FFF;
        if (!in.bad && code != VP8_START_CODE)
            return srs_fail(SRS_E_VPX_DATA, "VP8 key frame with start code %06x", code);
    }
    if (in.bad)
        return srs_fail(SRS_E_VPX_DATA, "VP8 frame of %zu bytes", frame.size);
    *out = vp8;
    return SRS_OK;
}

// color_config, section 6.2.2.
static void colors_skip(struct srs_bits *in, uint8_t profile)
{
    if (profile >= 2)
        srs_bits_skip(in, 1); // 10 or 12 bits
    bool odd = (profile & 1) != 0;
    if (srs_bits_uint(in, 3) != COLOR_RGB) {
        srs_bits_skip(in, 1); // range
        if (odd)
            srs_bits_skip(in, 3);
    } else if (odd) {
        srs_bits_skip(in, 1);
    } else {
        in->bad = true; // not in these profiles
    }
}

SRS_ERR srs_vp9_frame_read(struct srs_span frame, struct srs_vpx_frame *out)
{
    struct srs_bits in = srs_bits_init(frame, false);
    struct srs_vpx_frame vp9 = {0};
    uint32_t marker = srs_bits_uint(&in, 2);
    vp9.profile = (uint8_t)srs_bits_uint(&in, 1);
    vp9.profile |= (uint8_t)(srs_bits_uint(&in, 1) << 1);
    if (vp9.profile == 3)
        srs_bits_skip(&in, 1);
    bool shows = srs_bits_flag(&in);
    if (!shows) {
        vp9.key = !srs_bits_flag(&in);
        srs_bits_skip(&in, 2); // shown, error resilient
    }
    if (!in.bad && marker != VP9_FRAME_MARKER)
        return srs_fail(SRS_E_VPX_DATA, "VP9 frame marker %u", marker);
    if (vp9.key) {
        uint32_t code = srs_bits_uint(&in, 24);
        colors_skip(&in, vp9.profile);
        vp9.width = srs_bits_uint(&in, 16) + 1;
        vp9.height = srs_bits_uint(&in, 16) + 1;
        if (!in.bad && code != VP9_SYNC_CODE)
            return srs_fail(SRS_E_VPX_DATA, "VP9 key frame with sync code %06x", code);
    }
    if (in.bad)
        return srs_fail(SRS_E_VPX_DATA, "VP9 frame of %zu bytes", frame.size);
    *out = vp9;
    return SRS_OK;
}
