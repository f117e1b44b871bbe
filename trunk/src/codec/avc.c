// AVC. Left out: PPS and slice parsing, MVC and SVC, scaling matrices (skipped), HRD parameters
// (behind the fields that are read).
//
// Bounds: counts in a record are bytes and each set takes three bytes at least; every loop of the
// SPS is over a bounded count or ends with the bits.
#include "codec/avc.h"
#include "codec/bits.h"

enum {
    RECORD_VERSION = 1,
    // 65536 pixels; level 6.2 ends at 16896.
    MBS_MAX = 4096,
    // num_ref_frames_in_pic_order_cnt_cycle, section 7.4.2.1.1.
    POC_CYCLE_MAX = 255,
    SAR_EXTENDED = 255,
};

// ---- configuration record ----

SRS_ERR srs_avc_set_read(struct srs_rd *list, struct srs_span *out)
{
    *out = srs_rd_span(list, srs_rd_u16(list));
    if (list->bad)
        return srs_fail(SRS_E_AVC_RECORD, "truncated parameter set");
    if (out->size == 0)
        return srs_fail(SRS_E_AVC_RECORD, "empty parameter set");
    return SRS_OK;
}

void srs_avc_set_write(struct srs_wr *list, struct srs_span set)
{
    srs_wr_u16(list, (uint16_t)set.size);
    srs_wr_bytes(list, set.bytes, set.size);
}

static SRS_ERR list_read(struct srs_rd *in, unsigned count, struct srs_span *out)
{
    const uint8_t *from = in->at;
    for (unsigned i = 0; i < count; i++) {
        struct srs_span set;
        srs_err err = srs_avc_set_read(in, &set);
        if (err)
            return srs_wrap(err, "set %u of %u", i + 1, count);
    }
    *out = (struct srs_span){from, (size_t)(in->at - from)};
    return SRS_OK;
}

SRS_ERR srs_avc_record_read(struct srs_rd *in, struct srs_avc_record *out)
{
    struct srs_avc_record record;
    uint8_t version = srs_rd_u8(in);
    record.profile = srs_rd_u8(in);
    record.compat = srs_rd_u8(in);
    record.level = srs_rd_u8(in);
    record.length_size = (srs_rd_u8(in) & 3) + 1; // 3 is reserved, but readable
    record.sps_count = srs_rd_u8(in) & 0x1F;
    if (in->bad)
        return srs_fail(SRS_E_AVC_RECORD, "truncated");
    if (version != RECORD_VERSION)
        return srs_fail(SRS_E_AVC_RECORD, "version %u", version);
    srs_err err = list_read(in, record.sps_count, &record.sps);
    if (err)
        return srs_wrap(err, "SPS");
    record.pps_count = srs_rd_u8(in);
    if (in->bad)
        return srs_fail(SRS_E_AVC_RECORD, "truncated before the PPS");
    err = list_read(in, record.pps_count, &record.pps);
    if (err)
        return srs_wrap(err, "PPS");
    record.ext = srs_rd_span(in, srs_rd_left(in));
    *out = record;
    return SRS_OK;
}

void srs_avc_record_write(struct srs_wr *out, const struct srs_avc_record *record)
{
    srs_wr_u8(out, RECORD_VERSION);
    srs_wr_u8(out, record->profile);
    srs_wr_u8(out, record->compat);
    srs_wr_u8(out, record->level);
    srs_wr_u8(out, (uint8_t)(0xFC | (record->length_size - 1)));
    srs_wr_u8(out, 0xE0 | record->sps_count);
    srs_wr_bytes(out, record->sps.bytes, record->sps.size);
    srs_wr_u8(out, record->pps_count);
    srs_wr_bytes(out, record->pps.bytes, record->pps.size);
    srs_wr_bytes(out, record->ext.bytes, record->ext.size);
}

// ---- sequence parameter set, section 7.3.2.1.1 ----

// Profiles whose SPS has a chroma format and scaling lists.
static bool profile_has_chroma(uint8_t profile)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44,  83, 86,
                                       118, 128, 138, 139, 134, 135};
    return memchr(profiles, profile, sizeof profiles) != NULL;
}

static void scaling_list_skip(struct srs_bits *in, unsigned size)
{
    int32_t last = 8;
    for (unsigned i = 0; i < size && !in->bad; i++) {
        last = (int32_t)(((int64_t)last + srs_bits_se(in) + 256) & 0xFF);
        if (last == 0) // the rest repeats the value before
            return;
    }
}

static void scaling_matrix_skip(struct srs_bits *in, uint8_t chroma_format)
{
    unsigned lists = chroma_format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; i++)
        if (srs_bits_flag(in))
            scaling_list_skip(in, i < 6 ? 16 : 64);
}

// Returns separate_colour_plane_flag.
static bool chroma_read(struct srs_bits *in, struct srs_avc_sps *sps)
{
    uint32_t format = srs_bits_ue(in);
    bool separate = format == 3 && srs_bits_flag(in);
    uint32_t luma = srs_bits_ue(in);
    uint32_t chroma = srs_bits_ue(in);
    if (format > 3 || luma > 6 || chroma > 6) {
        in->bad = true;
        return false;
    }
    sps->chroma_format = (uint8_t)format;
    sps->bit_depth_luma = (uint8_t)(luma + 8);
    sps->bit_depth_chroma = (uint8_t)(chroma + 8);
    srs_bits_skip(in, 1); // qpprime_y_zero_transform_bypass
    if (srs_bits_flag(in))
        scaling_matrix_skip(in, sps->chroma_format);
    return separate;
}

static void picture_order_skip(struct srs_bits *in)
{
    uint32_t type = srs_bits_ue(in);
    if (type == 0) {
        (void)srs_bits_ue(in);
    } else if (type == 1) {
        srs_bits_skip(in, 1);
        (void)srs_bits_se(in);
        (void)srs_bits_se(in);
        uint32_t count = srs_bits_ue(in);
        if (count > POC_CYCLE_MAX)
            in->bad = true;
        for (uint32_t i = 0; i < count && !in->bad; i++)
            (void)srs_bits_se(in);
    } else if (type > 2) {
        in->bad = true;
    }
}

// Crop offsets are in chroma samples, and in pairs of lines when fields may occur
// (section 7.4.2.1.1).
static void size_read(struct srs_bits *in, struct srs_avc_sps *sps, unsigned chroma_array)
{
    uint32_t width_mbs = srs_bits_ue(in);
    uint32_t height_units = srs_bits_ue(in);
    sps->interlaced = !srs_bits_flag(in);
    if (sps->interlaced)
        srs_bits_skip(in, 1); // mb_adaptive_frame_field
    srs_bits_skip(in, 1);     // direct_8x8_inference
    if (width_mbs >= MBS_MAX || height_units >= MBS_MAX) {
        in->bad = true;
        return;
    }
    uint32_t fields = sps->interlaced ? 2 : 1;
    sps->width = (width_mbs + 1) * 16;
    sps->height = (height_units + 1) * 16 * fields;
    if (!srs_bits_flag(in))
        return;
    uint64_t unit_x = chroma_array == 1 || chroma_array == 2 ? 2 : 1;
    uint64_t unit_y = fields;
    if (chroma_array == 1)
        unit_y *= 2;
    uint64_t crop_x = srs_bits_ue(in);
    crop_x = (crop_x + srs_bits_ue(in)) * unit_x;
    uint64_t crop_y = srs_bits_ue(in);
    crop_y = (crop_y + srs_bits_ue(in)) * unit_y;
    if (crop_x >= sps->width || crop_y >= sps->height) {
        in->bad = true;
        return;
    }
    sps->width -= (uint32_t)crop_x;
    sps->height -= (uint32_t)crop_y;
}

// Section E.1.1 up to the time base.
static void vui_read(struct srs_bits *in, struct srs_avc_sps *sps)
{
    if (srs_bits_flag(in) && srs_bits_uint(in, 8) == SAR_EXTENDED)
        srs_bits_skip(in, 32);
    if (srs_bits_flag(in)) // overscan
        srs_bits_skip(in, 1);
    if (srs_bits_flag(in)) { // video signal type
        srs_bits_skip(in, 4);
        if (srs_bits_flag(in))
            srs_bits_skip(in, 24);
    }
    if (srs_bits_flag(in)) { // chroma location
        (void)srs_bits_ue(in);
        (void)srs_bits_ue(in);
    }
    if (!srs_bits_flag(in))
        return;
    uint32_t units = srs_bits_uint(in, 32);
    uint32_t scale = srs_bits_uint(in, 32);
    if (in->bad || units == 0 || scale == 0)
        return;
    sps->units_in_tick = units;
    sps->time_scale = scale;
}

SRS_ERR srs_avc_sps_read(struct srs_span nalu, struct srs_avc_sps *out)
{
    struct srs_bits in = srs_bits_init(nalu, true);
    struct srs_avc_sps sps = {.chroma_format = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8};

    uint8_t head = (uint8_t)srs_bits_uint(&in, 8);
    if ((head & 0x1F) != SRS_AVC_NALU_SPS)
        return srs_fail(SRS_E_AVC_RECORD, "NAL unit type %u is no SPS", head & 0x1F);
    sps.profile = (uint8_t)srs_bits_uint(&in, 8);
    sps.compat = (uint8_t)srs_bits_uint(&in, 8);
    sps.level = (uint8_t)srs_bits_uint(&in, 8);
    uint32_t id = srs_bits_ue(&in);
    bool separate = profile_has_chroma(sps.profile) && chroma_read(&in, &sps);
    (void)srs_bits_ue(&in); // log2_max_frame_num
    picture_order_skip(&in);
    (void)srs_bits_ue(&in); // max_num_ref_frames
    srs_bits_skip(&in, 1);  // gaps_in_frame_num_value_allowed
    size_read(&in, &sps, separate ? 0 : sps.chroma_format);
    bool has_vui = srs_bits_flag(&in);
    if (in.bad || id > 31)
        return srs_fail(SRS_E_AVC_RECORD, "SPS of %zu bytes is malformed", nalu.size);
    if (has_vui)
        vui_read(&in, &sps);
    *out = sps;
    return SRS_OK;
}

double srs_avc_sps_frame_rate(const struct srs_avc_sps *sps)
{
    // A tick is one field (section E.2.1).
    return sps->units_in_tick > 0 ? (double)sps->time_scale / (2.0 * sps->units_in_tick) : 0;
}

// ---- access units ----

SRS_ERR srs_avc_nalu_read(struct srs_rd *in, unsigned length_size, struct srs_span *out)
{
    size_t left = srs_rd_left(in);
    size_t size = (size_t)srs_rd_uint(in, length_size);
    *out = srs_rd_span(in, size);
    if (in->bad)
        return srs_fail(SRS_E_AVC_NALU, "%zu bytes left, length %zu", left, size);
    return SRS_OK;
}

SRS_ERR srs_avc_count_check(unsigned count)
{
    if (count > SRS_AVC_NALUS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d NAL units in an access unit", SRS_AVC_NALUS_MAX);
    return SRS_OK;
}

unsigned srs_avc_nalu_type(struct srs_span nalu)
{
    return nalu.size > 0 ? nalu.bytes[0] & 0x1F : 0;
}

SRS_ERR srs_avc_rewrite(struct srs_span unit, unsigned length_size, struct srs_wr *out)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    for (unsigned count = 1; srs_rd_left(&in) > 0; count++) {
        struct srs_span nalu;
        srs_err err = srs_avc_nalu_read(&in, length_size, &nalu);
        if (!err)
            err = srs_avc_count_check(count);
        if (err)
            return srs_wrap(err, "access unit of %zu bytes", unit.size);
        if (nalu.size == 0) // some encoders send them; they mean nothing
            continue;
        srs_wr_u32(out, (uint32_t)nalu.size);
        srs_wr_bytes(out, nalu.bytes, nalu.size);
    }
    return SRS_OK;
}

SRS_ERR srs_avc_is_key(struct srs_span unit, unsigned length_size, bool *key)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    *key = false;
    for (unsigned count = 1; srs_rd_left(&in) > 0; count++) {
        struct srs_span nalu;
        srs_err err = srs_avc_nalu_read(&in, length_size, &nalu);
        if (!err)
            err = srs_avc_count_check(count);
        if (err)
            return srs_wrap(err, "access unit of %zu bytes", unit.size);
        if (srs_avc_nalu_type(nalu) == SRS_AVC_NALU_IDR) {
            *key = true;
            return SRS_OK;
        }
    }
    return SRS_OK;
}

// ---- names ----

const char *srs_avc_profile_name(uint8_t profile)
{
    switch (profile) {
    case 66:
        return "Baseline";
    case 77:
        return "Main";
    case 88:
        return "Extended";
    case 100:
        return "High";
    case 110:
        return "High(10)";
    case 122:
        return "High(422)";
    case 144:
        return "High(444)";
    case 244:
        return "High(444+Predictive)";
    default:
        return "Other";
    }
}

const char *srs_avc_level_name(uint8_t level)
{
    static const struct {
        uint8_t level;
        const char *name;
    } names[] = {
        {9, "1b"},   {10, "1"},   {11, "1.1"}, {12, "1.2"}, {13, "1.3"}, {20, "2"},   {21, "2.1"},
        {22, "2.2"}, {30, "3"},   {31, "3.1"}, {32, "3.2"}, {40, "4"},   {41, "4.1"}, {42, "4.2"},
        {50, "5"},   {51, "5.1"}, {52, "5.2"}, {60, "6"},   {61, "6.1"}, {62, "6.2"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].level == level)
            return names[i].name;
    return "Other";
}
