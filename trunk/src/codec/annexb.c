#include "codec/annexb.h"
#include "codec/avc.h"

// In front of the first start code. One is usual; more than a few nobody sends.
enum { ZEROS_MAX = 1024 };

static const uint8_t start_code[3] = {0, 0, 1};

bool srs_annexb_begins(struct srs_span unit)
{
    size_t zeros = 0;
    while (zeros < unit.size && zeros < ZEROS_MAX && unit.bytes[zeros] == 0)
        zeros++;
    return zeros >= 2 && zeros < unit.size && unit.bytes[zeros] == 1;
}

bool srs_annexb_is(struct srs_span unit, unsigned length_size)
{
    if (!srs_annexb_begins(unit))
        return false;
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    for (unsigned count = 0; srs_rd_left(&in) > 0 && count <= SRS_AVC_NALUS_MAX; count++)
        srs_rd_skip(&in, (size_t)srs_rd_uint(&in, length_size));
    return in.bad;
}

bool srs_annexb_next(struct srs_rd *in, struct srs_span *nalu)
{
    const uint8_t *code = memmem(in->at, srs_rd_left(in), start_code, sizeof start_code);
    if (code == NULL) {
        in->at = in->end;
        return false;
    }
    in->at = code + sizeof start_code;
    const uint8_t *end = memmem(in->at, srs_rd_left(in), start_code, sizeof start_code);
    *nalu = (struct srs_span){in->at, (size_t)((end != NULL ? end : in->end) - in->at)};
    in->at += nalu->size;
    while (nalu->size > 0 && nalu->bytes[nalu->size - 1] == 0) // no NAL unit ends with a zero
        nalu->size--;
    return true;
}

SRS_ERR srs_annexb_to_lengths(struct srs_span unit, struct srs_wr *out)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    struct srs_span nalu;
    for (unsigned count = 1; srs_annexb_next(&in, &nalu); count++) {
        srs_err err = srs_avc_count_check(count);
        if (err)
            return err;
        if (nalu.size == 0)
            continue;
        srs_wr_u32(out, (uint32_t)nalu.size);
        srs_wr_bytes(out, nalu.bytes, nalu.size);
    }
    return SRS_OK;
}
