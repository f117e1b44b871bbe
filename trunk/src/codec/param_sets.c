// Left out: SPS extensions of AVC (auxiliary pictures), SEI in the record of HEVC, and what only
// the VUI and the PPS of HEVC tell (segmentation, parallelism), which records may leave open.
//
// Bounds: an access unit of at most SRS_AVC_NALUS_MAX units is walked once; each set is compared
// with SRS_PARAM_SETS_MAX others at most.
#include "codec/param_sets.h"
#include "codec/avc.h"
#include "codec/bits.h"
#include "codec/hevc.h"

enum {
    LENGTH_SIZE = 4,
    AVC_SPS_MIN = 4, // header, profile, constraints, level
    AVC_RECORD_VERSION = 1,
    AVC_BASELINE = 66,
    AVC_MAIN = 77,
    AVC_EXTENDED = 88,
};

// Those of one type, in their order, each once.
struct sets {
    unsigned type;
    unsigned count;
    struct srs_span items[SRS_PARAM_SETS_MAX]; // [0..count)
};

struct search {
    unsigned (*type_of)(struct srs_span nalu);
    srs_err wrong; // what a set that cannot be used is
    struct sets *lists;
    unsigned count;
};

static SRS_ERR add(const struct search *search, struct sets *sets, struct srs_span set)
{
    for (unsigned i = 0; i < sets->count; i++)
        if (sets->items[i].size == set.size &&
            memcmp(sets->items[i].bytes, set.bytes, set.size) == 0)
            return SRS_OK;
    if (set.size > UINT16_MAX)
        return srs_fail(search->wrong, "parameter set of %zu bytes", set.size);
    if (sets->count == SRS_PARAM_SETS_MAX)
        return srs_fail(search->wrong, "more than %d parameter sets of type %u", SRS_PARAM_SETS_MAX,
                        sets->type);
    sets->items[sets->count++] = set;
    return SRS_OK;
}

// AGAIN when a list stays empty.
static SRS_ERR collect(struct srs_span unit, const struct search *search)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    for (unsigned units = 1; srs_rd_left(&in) > 0; units++) {
        struct srs_span nalu;
        srs_err err = srs_avc_count_check(units);
        if (!err)
            err = srs_avc_nalu_read(&in, LENGTH_SIZE, &nalu);
        if (err)
            return srs_wrap(err, "access unit of %zu bytes", unit.size);
        unsigned type = search->type_of(nalu);
        for (unsigned i = 0; i < search->count && !err; i++)
            if (search->lists[i].type == type)
                err = add(search, &search->lists[i], nalu);
        if (err)
            return err;
    }
    for (unsigned i = 0; i < search->count; i++)
        if (search->lists[i].count == 0)
            return srs_bare(SRS_E_AGAIN);
    return SRS_OK;
}

static void list_write(struct srs_wr *out, const struct sets *sets)
{
    for (unsigned i = 0; i < sets->count; i++)
        srs_avc_set_write(out, sets->items[i]);
}

// ---- AVC ----

// What players of high profiles look for behind the sets. An SPS that only decoders understand
// costs these four bytes, which may be missing.
static void avc_ext_write(struct srs_wr *out, struct srs_span nalu, uint8_t profile)
{
    struct srs_avc_sps sps;
    if (profile == AVC_BASELINE || profile == AVC_MAIN || profile == AVC_EXTENDED)
        return;
    srs_err err = srs_avc_sps_read(nalu, &sps);
    if (!err) {
        srs_wr_u8(out, 0xFC | sps.chroma_format);
        srs_wr_u8(out, (uint8_t)(0xF8 | (sps.bit_depth_luma - 8)));
        srs_wr_u8(out, (uint8_t)(0xF8 | (sps.bit_depth_chroma - 8)));
        srs_wr_u8(out, 0); // SPS extensions
    }
    srs_err_drop(err, "the sets themselves are relayed");
}

SRS_ERR srs_param_sets_write_avc(struct srs_span unit, struct srs_wr *out)
{
    struct sets lists[] = {{.type = SRS_AVC_NALU_SPS}, {.type = SRS_AVC_NALU_PPS}};
    const struct search search = {srs_avc_nalu_type, SRS_E_AVC_RECORD, lists, 2};
    srs_err err = collect(unit, &search);
    if (err)
        return err;
    struct srs_span sps = lists[0].items[0];
    if (sps.size < AVC_SPS_MIN)
        return srs_fail(SRS_E_AVC_RECORD, "SPS of %zu bytes", sps.size);
    srs_wr_u8(out, AVC_RECORD_VERSION);
    srs_wr_bytes(out, sps.bytes + 1, 3); // profile, constraints, level
    srs_wr_u8(out, 0xFC | (LENGTH_SIZE - 1));
    srs_wr_u8(out, (uint8_t)(0xE0 | lists[0].count));
    list_write(out, &lists[0]);
    srs_wr_u8(out, (uint8_t)lists[1].count);
    list_write(out, &lists[1]);
    avc_ext_write(out, sps, sps.bytes[1]);
    return SRS_OK;
}

// ---- HEVC ----

// The beginning of an SPS, ITU-T H.265 sections 7.3.2.2.1 and 7.3.3, which the record repeats.
static SRS_ERR hevc_head_read(struct srs_span nalu, struct srs_hevc_record *out)
{
    struct srs_hevc_sps sps;
    srs_err err = srs_hevc_sps_read(nalu, &sps);
    if (err)
        return err;
    struct srs_bits in = srs_bits_init(nalu, true);
    srs_bits_skip(&in, 16 + 4); // header, id of the VPS
    out->temporal_layers = (uint8_t)(srs_bits_uint(&in, 3) + 1);
    out->temporal_id_nested = srs_bits_flag(&in);
    srs_bits_skip(&in, 8); // profile space, tier, profile
    out->compat = srs_bits_uint(&in, 32);
    out->constraints = (uint64_t)srs_bits_uint(&in, 32) << 16;
    out->constraints |= srs_bits_uint(&in, 16);
    out->profile_space = sps.profile_space;
    out->tier = sps.tier;
    out->profile = sps.profile;
    out->level = sps.level;
    out->chroma_format = sps.chroma_format;
    out->bit_depth_luma = sps.bit_depth_luma;
    out->bit_depth_chroma = sps.bit_depth_chroma;
    out->length_size = LENGTH_SIZE;
    return SRS_OK;
}

SRS_ERR srs_param_sets_write_hevc(struct srs_span unit, struct srs_wr *out)
{
    enum { VPS, SPS, PPS, LISTS };
    struct sets lists[LISTS] = {[VPS] = {.type = SRS_HEVC_NALU_VPS},
                                [SPS] = {.type = SRS_HEVC_NALU_SPS},
                                [PPS] = {.type = SRS_HEVC_NALU_PPS}};
    const struct search search = {srs_hevc_nalu_type, SRS_E_HEVC_DECODE_ERROR, lists, LISTS};
    struct srs_hevc_record record = {.array_count = LISTS};
    srs_err err = collect(unit, &search);
    if (err)
        return err;
    err = hevc_head_read(lists[SPS].items[0], &record);
    if (err)
        return err;
    srs_hevc_record_write(out, &record); // ends with the number of arrays
    for (unsigned i = 0; i < LISTS; i++) {
        srs_wr_u8(out, (uint8_t)lists[i].type); // not complete: frames may repeat them
        srs_wr_u16(out, (uint16_t)lists[i].count);
        list_write(out, &lists[i]);
    }
    return SRS_OK;
}
