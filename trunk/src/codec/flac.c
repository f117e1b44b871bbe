// FLAC. Left out: other metadata blocks, frame headers.
#include "codec/flac.h"
#include "codec/bits.h"

enum { MAGIC = 0x664C6143, BLOCK_STREAMINFO = 0 };

// The magic and the block's header, where they are there.
static SRS_ERR wrapping_skip(struct srs_rd *in)
{
    struct srs_rd look = *in;
    if (srs_rd_left(in) <= SRS_FLAC_INFO_SIZE || srs_rd_u32(&look) != MAGIC)
        return SRS_OK;
    uint8_t type = srs_rd_u8(&look) & 0x7F;
    uint32_t size = srs_rd_u24(&look);
    if (type != BLOCK_STREAMINFO || size != SRS_FLAC_INFO_SIZE)
        return srs_fail(SRS_E_FLAC_INFO, "first block of type %u and %u bytes", type, size);
    *in = look;
    return SRS_OK;
}

SRS_ERR srs_flac_info_read(struct srs_rd *in, struct srs_flac_info *out)
{
    srs_err err = wrapping_skip(in);
    if (err)
        return err;
    struct srs_span block = srs_rd_span(in, SRS_FLAC_INFO_SIZE);
    if (in->bad)
        return srs_fail(SRS_E_FLAC_INFO, "truncated");
    struct srs_bits bits = srs_bits_init(block, false);
    struct srs_flac_info info;
    info.block_min = (uint16_t)srs_bits_uint(&bits, 16);
    info.block_max = (uint16_t)srs_bits_uint(&bits, 16);
    info.frame_min = srs_bits_uint(&bits, 24);
    info.frame_max = srs_bits_uint(&bits, 24);
    info.sample_rate = srs_bits_uint(&bits, 20);
    info.channels = (uint8_t)(srs_bits_uint(&bits, 3) + 1);
    info.bits = (uint8_t)(srs_bits_uint(&bits, 5) + 1);
    info.samples = (uint64_t)srs_bits_uint(&bits, 4) << 32;
    info.samples |= srs_bits_uint(&bits, 32);
    memcpy(info.md5, block.bytes + SRS_FLAC_INFO_SIZE - sizeof info.md5, sizeof info.md5);
    if (info.block_min < 16 || info.block_max < info.block_min || info.bits < 4)
        return srs_fail(SRS_E_FLAC_INFO, "blocks of %u to %u samples of %u bits", info.block_min,
                        info.block_max, info.bits);
    *out = info;
    return SRS_OK;
}

void srs_flac_info_write(struct srs_wr *out, const struct srs_flac_info *info)
{
    struct srs_bits_wr bits = {.out = out};
    srs_bits_put(&bits, info->block_min, 16);
    srs_bits_put(&bits, info->block_max, 16);
    srs_bits_put(&bits, info->frame_min, 24);
    srs_bits_put(&bits, info->frame_max, 24);
    srs_bits_put(&bits, info->sample_rate, 20);
    srs_bits_put(&bits, info->channels - 1U, 3);
    srs_bits_put(&bits, info->bits - 1U, 5);
    srs_bits_put(&bits, (uint32_t)(info->samples >> 32), 4);
    srs_bits_put(&bits, (uint32_t)info->samples, 32);
    srs_wr_bytes(out, info->md5, sizeof info->md5);
}
