// HEVC. Left out: PPS and slices, extensions of the parameter sets (scalable, multiview, 3D, screen
// content), HRD parameters (behind the fields that are read).
//
// Bounds: the number of sets in a record is 16 bits and each takes three bytes at least; every loop
// of a parameter set is over a count with a limit of its own or ends with the bits.
#include "codec/hevc.h"
#include "codec/avc.h"
#include "codec/bits.h"

enum {
    RECORD_VERSION = 1,
    SIZE_MAX_PIXELS = 65535, // level 6.2 ends at 16888
    SUB_LAYERS_MAX = 7,      // section 7.4.3.1
    REF_SETS_MAX = 64,       // section 7.4.3.2.1
    REF_PICS_MAX = 16,       // sps_max_dec_pic_buffering
    LONG_REFS_MAX = 32,
    LAYER_SETS_MAX = 1023,
    SAR_EXTENDED = 255,
    NALU_UNSPECIFIED = 48,
};

// ---- configuration record ----

SRS_ERR srs_hevc_set_read(struct srs_rd *sets, struct srs_span *out)
{
    *out = srs_rd_span(sets, srs_rd_u16(sets));
    if (sets->bad)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "truncated parameter set");
    if (out->size == 0)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "empty parameter set");
    return SRS_OK;
}

SRS_ERR srs_hevc_array_read(struct srs_rd *arrays, struct srs_hevc_array *out)
{
    uint8_t head = srs_rd_u8(arrays);
    struct srs_hevc_array array = {.complete = (head & 0x80) != 0, .type = head & 0x3F};
    array.count = srs_rd_u16(arrays);
    const uint8_t *from = arrays->at;
    if (arrays->bad)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "truncated array of parameter sets");
    for (unsigned i = 0; i < array.count; i++) {
        struct srs_span set;
        srs_err err = srs_hevc_set_read(arrays, &set);
        if (err)
            return srs_wrap(err, "set %u of %u of type %u", i + 1, array.count, array.type);
    }
    array.sets = (struct srs_span){from, (size_t)(arrays->at - from)};
    *out = array;
    return SRS_OK;
}

SRS_ERR srs_hevc_record_read(struct srs_rd *in, struct srs_hevc_record *out)
{
    struct srs_hevc_record record;
    uint8_t version = srs_rd_u8(in);
    uint8_t profile = srs_rd_u8(in);
    record.profile_space = profile >> 6;
    record.tier = profile >> 5 & 1;
    record.profile = profile & 0x1F;
    record.compat = srs_rd_u32(in);
    record.constraints = srs_rd_uint(in, 6);
    record.level = srs_rd_u8(in);
    record.segmentation = srs_rd_u16(in) & 0x0FFF;
    record.parallelism = srs_rd_u8(in) & 3;
    record.chroma_format = srs_rd_u8(in) & 3;
    record.bit_depth_luma = (srs_rd_u8(in) & 7) + 8;
    record.bit_depth_chroma = (srs_rd_u8(in) & 7) + 8;
    record.average_frame_rate = srs_rd_u16(in);
    uint8_t layers = srs_rd_u8(in);
    record.constant_frame_rate = layers >> 6;
    record.temporal_layers = layers >> 3 & 7;
    record.temporal_id_nested = (layers & 4) != 0;
    record.length_size = (layers & 3) + 1; // 3 is reserved, but readable
    record.array_count = srs_rd_u8(in);
    if (in->bad)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "truncated record");
    if (version != RECORD_VERSION)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "record of version %u", version);
    const uint8_t *from = in->at;
    for (unsigned i = 0; i < record.array_count; i++) {
        struct srs_hevc_array array;
        srs_err err = srs_hevc_array_read(in, &array);
        if (err)
            return srs_wrap(err, "array %u of %u", i + 1, record.array_count);
    }
    record.arrays = (struct srs_span){from, (size_t)(in->at - from)};
    record.rest = srs_rd_span(in, srs_rd_left(in));
    *out = record;
    return SRS_OK;
}

void srs_hevc_record_write(struct srs_wr *out, const struct srs_hevc_record *record)
{
    srs_wr_u8(out, RECORD_VERSION);
    srs_wr_u8(out, (uint8_t)(record->profile_space << 6 | record->tier << 5 | record->profile));
    srs_wr_u32(out, record->compat);
    srs_wr_uint(out, record->constraints, 6);
    srs_wr_u8(out, record->level);
    srs_wr_u16(out, 0xF000 | record->segmentation);
    srs_wr_u8(out, 0xFC | record->parallelism);
    srs_wr_u8(out, 0xFC | record->chroma_format);
    srs_wr_u8(out, (uint8_t)(0xF8 | (record->bit_depth_luma - 8)));
    srs_wr_u8(out, (uint8_t)(0xF8 | (record->bit_depth_chroma - 8)));
    srs_wr_u16(out, record->average_frame_rate);
    srs_wr_u8(out, (uint8_t)(record->constant_frame_rate << 6 | record->temporal_layers << 3 |
                             (record->temporal_id_nested ? 4 : 0) | (record->length_size - 1)));
    srs_wr_u8(out, record->array_count);
    srs_wr_bytes(out, record->arrays.bytes, record->arrays.size);
    srs_wr_bytes(out, record->rest.bytes, record->rest.size);
}

struct srs_span srs_hevc_record_find(const struct srs_hevc_record *record, uint8_t type)
{
    struct srs_rd arrays = srs_rd_init(record->arrays.bytes, record->arrays.size);
    struct srs_span set = {NULL, 0};
    srs_err err = SRS_OK;
    for (unsigned i = 0; i < record->array_count && !err && set.size == 0; i++) {
        struct srs_hevc_array array = {.count = 0};
        err = srs_hevc_array_read(&arrays, &array);
        struct srs_rd sets = srs_rd_init(array.sets.bytes, array.sets.size);
        if (!err && array.type == type && array.count > 0)
            err = srs_hevc_set_read(&sets, &set);
    }
    srs_err_drop(err, "the arrays were read with the record");
    return set;
}

// ---- parameter sets ----

struct tier_level {
    uint8_t space;
    uint8_t tier;
    uint8_t profile;
    uint8_t level;
};

// profile_tier_level, section 7.3.3; `sub_layers` beyond the first.
static struct tier_level tier_level_read(struct srs_bits *in, unsigned sub_layers)
{
    struct tier_level out;
    bool profiles[SUB_LAYERS_MAX] = {false};
    bool levels[SUB_LAYERS_MAX] = {false};
    out.space = (uint8_t)srs_bits_uint(in, 2);
    out.tier = (uint8_t)srs_bits_uint(in, 1);
    out.profile = (uint8_t)srs_bits_uint(in, 5);
    srs_bits_skip(in, 32 + 48); // compatibility, constraints
    out.level = (uint8_t)srs_bits_uint(in, 8);
    for (unsigned i = 0; i < sub_layers; i++) {
        profiles[i] = srs_bits_flag(in);
        levels[i] = srs_bits_flag(in);
    }
    if (sub_layers > 0)
        srs_bits_skip(in, (8 - (size_t)sub_layers) * 2);
    for (unsigned i = 0; i < sub_layers; i++)
        srs_bits_skip(in, (profiles[i] ? 88U : 0U) + (levels[i] ? 8U : 0U));
    return out;
}

// max_sub_layers_minus1; 7 is not allowed.
static unsigned sub_layers_read(struct srs_bits *in)
{
    unsigned count = srs_bits_uint(in, 3);
    in->bad |= count >= SUB_LAYERS_MAX;
    return in->bad ? 0 : count;
}

static void ordering_skip(struct srs_bits *in, unsigned sub_layers)
{
    unsigned count = srs_bits_flag(in) ? sub_layers + 1 : 1;
    for (unsigned i = 0; i < count * 3; i++)
        (void)srs_bits_ue(in);
}

// Section 7.3.4.
static void scaling_lists_skip(struct srs_bits *in)
{
    for (unsigned size = 0; size < 4; size++)
        for (unsigned matrix = 0; matrix < 6 && !in->bad; matrix += size == 3 ? 3 : 1) {
            if (!srs_bits_flag(in)) { // copied from another
                (void)srs_bits_ue(in);
                continue;
            }
            unsigned count = size == 0 ? 16 : 64;
            if (size > 1)
                (void)srs_bits_se(in);
            for (unsigned i = 0; i < count && !in->bad; i++)
                (void)srs_bits_se(in);
        }
}

// A set that is told by its difference to the one before, which has `pics` pictures. Returns how
// many it has.
static unsigned predicted_set_skip(struct srs_bits *in, unsigned pics)
{
    unsigned count = 0;
    srs_bits_skip(in, 1); // sign
    (void)srs_bits_ue(in);
    for (unsigned i = 0; i <= pics && !in->bad; i++) {
        bool used = srs_bits_flag(in);
        if (used || srs_bits_flag(in)) // or kept all the same
            count++;
    }
    return count;
}

// st_ref_pic_set, section 7.3.7.
static void ref_sets_skip(struct srs_bits *in)
{
    unsigned pics = 0;
    uint32_t count = srs_bits_ue(in);
    in->bad |= count > REF_SETS_MAX;
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        if (i > 0 && srs_bits_flag(in)) {
            pics = predicted_set_skip(in, pics);
            in->bad |= pics > REF_PICS_MAX;
            continue;
        }
        uint32_t negative = srs_bits_ue(in);
        uint32_t positive = srs_bits_ue(in);
        if (negative > REF_PICS_MAX || positive > REF_PICS_MAX) {
            in->bad = true;
            return;
        }
        pics = negative + positive;
        for (unsigned k = 0; k < pics && !in->bad; k++) {
            (void)srs_bits_ue(in);
            srs_bits_skip(in, 1);
        }
    }
}

// Between the bit depths and the VUI.
static void coding_skip(struct srs_bits *in, unsigned sub_layers)
{
    uint32_t poc_bits = srs_bits_ue(in) + 4;
    ordering_skip(in, sub_layers);
    for (unsigned i = 0; i < 6; i++) // block sizes, depths of the transform trees
        (void)srs_bits_ue(in);
    bool scaling = srs_bits_flag(in);
    if (scaling && srs_bits_flag(in)) // lists of its own
        scaling_lists_skip(in);
    srs_bits_skip(in, 2);    // asymmetric partitions, sample adaptive offset
    if (srs_bits_flag(in)) { // PCM
        srs_bits_skip(in, 8);
        (void)srs_bits_ue(in);
        (void)srs_bits_ue(in);
        srs_bits_skip(in, 1);
    }
    ref_sets_skip(in);
    if (srs_bits_flag(in)) { // long-term references
        uint32_t count = srs_bits_ue(in);
        in->bad |= count > LONG_REFS_MAX || poc_bits > 16;
        for (uint32_t i = 0; i < count && !in->bad; i++)
            srs_bits_skip(in, poc_bits + 1);
    }
    srs_bits_skip(in, 2); // temporal prediction, intra smoothing
}

static void window_skip(struct srs_bits *in)
{
    if (srs_bits_flag(in))
        for (unsigned i = 0; i < 4; i++)
            (void)srs_bits_ue(in);
}

// Section E.2.1 up to the time base.
static void vui_read(struct srs_bits *in, struct srs_hevc_sps *sps)
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
    srs_bits_skip(in, 3); // neutral chroma, fields, pictures' structure
    window_skip(in);
    if (!srs_bits_flag(in))
        return;
    uint32_t units = srs_bits_uint(in, 32);
    uint32_t scale = srs_bits_uint(in, 32);
    if (in->bad || units == 0 || scale == 0)
        return;
    sps->units_in_tick = units;
    sps->time_scale = scale;
}

// Crop offsets are in chroma samples (section 7.4.3.2.1).
static void size_read(struct srs_bits *in, struct srs_hevc_sps *sps)
{
    uint32_t format = srs_bits_ue(in);
    bool separate = format == 3 && srs_bits_flag(in);
    uint32_t width = srs_bits_ue(in);
    uint32_t height = srs_bits_ue(in);
    uint64_t unit_x = !separate && (format == 1 || format == 2) ? 2 : 1;
    uint64_t unit_y = !separate && format == 1 ? 2 : 1;
    uint64_t crop_x = 0;
    uint64_t crop_y = 0;
    if (srs_bits_flag(in)) {
        crop_x = srs_bits_ue(in);
        crop_x = (crop_x + srs_bits_ue(in)) * unit_x;
        crop_y = srs_bits_ue(in);
        crop_y = (crop_y + srs_bits_ue(in)) * unit_y;
    }
    uint32_t luma = srs_bits_ue(in);
    uint32_t chroma = srs_bits_ue(in);
    in->bad |= format > 3 || width > SIZE_MAX_PIXELS || height > SIZE_MAX_PIXELS ||
               crop_x >= width || crop_y >= height || luma > 8 || chroma > 8;
    if (in->bad)
        return;
    sps->chroma_format = (uint8_t)format;
    sps->width = width - (uint32_t)crop_x;
    sps->height = height - (uint32_t)crop_y;
    sps->bit_depth_luma = (uint8_t)(luma + 8);
    sps->bit_depth_chroma = (uint8_t)(chroma + 8);
}

static SRS_ERR check_type(struct srs_span nalu, unsigned type)
{
    if (srs_hevc_nalu_type(nalu) != type)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "NAL unit of %zu bytes and type %u is not %u",
                        nalu.size, srs_hevc_nalu_type(nalu), type);
    return SRS_OK;
}

SRS_ERR srs_hevc_sps_read(struct srs_span nalu, struct srs_hevc_sps *out)
{
    struct srs_bits in = srs_bits_init(nalu, true);
    struct srs_hevc_sps sps = {0};
    srs_err err = check_type(nalu, SRS_HEVC_NALU_SPS);
    if (err)
        return err;
    srs_bits_skip(&in, 16 + 4); // header, id of the VPS
    unsigned sub_layers = sub_layers_read(&in);
    srs_bits_skip(&in, 1); // temporal ids are nested
    struct tier_level level = tier_level_read(&in, sub_layers);
    sps.profile_space = level.space;
    sps.tier = level.tier;
    sps.profile = level.profile;
    sps.level = level.level;
    uint32_t id = srs_bits_ue(&in);
    size_read(&in, &sps);
    if (in.bad || id > 15)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "SPS of %zu bytes", nalu.size);
    coding_skip(&in, sub_layers);
    if (srs_bits_flag(&in))
        vui_read(&in, &sps);
    *out = sps;
    return SRS_OK;
}

SRS_ERR srs_hevc_vps_read(struct srs_span nalu, struct srs_hevc_vps *out)
{
    struct srs_bits in = srs_bits_init(nalu, true);
    srs_err err = check_type(nalu, SRS_HEVC_NALU_VPS);
    if (err)
        return err;
    srs_bits_skip(&in, 16 + 4 + 2 + 6); // header, id, base layer, layers
    unsigned sub_layers = sub_layers_read(&in);
    srs_bits_skip(&in, 1 + 16);
    struct tier_level level = tier_level_read(&in, sub_layers);
    if (in.bad)
        return srs_fail(SRS_E_HEVC_DECODE_ERROR, "VPS of %zu bytes", nalu.size);
    struct srs_hevc_vps vps = {.sub_layers = (uint8_t)(sub_layers + 1),
                               .tier = level.tier,
                               .profile = level.profile,
                               .level = level.level};
    ordering_skip(&in, sub_layers);
    size_t layers = srs_bits_uint(&in, 6) + 1;
    uint32_t sets = srs_bits_ue(&in);
    in.bad |= sets > LAYER_SETS_MAX;
    if (!in.bad)
        srs_bits_skip(&in, sets * layers);
    if (srs_bits_flag(&in)) {
        uint32_t units = srs_bits_uint(&in, 32);
        uint32_t scale = srs_bits_uint(&in, 32);
        bool told = !in.bad && units > 0 && scale > 0;
        vps.units_in_tick = told ? units : 0;
        vps.time_scale = told ? scale : 0;
    }
    *out = vps;
    return SRS_OK;
}

// ---- access units ----

unsigned srs_hevc_nalu_type(struct srs_span nalu)
{
    return nalu.size >= 2 ? nalu.bytes[0] >> 1 & 0x3F : NALU_UNSPECIFIED;
}

SRS_ERR srs_hevc_is_key(struct srs_span unit, unsigned length_size, bool *key)
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
        unsigned type = srs_hevc_nalu_type(nalu);
        if (type >= SRS_HEVC_NALU_BLA_FIRST && type <= SRS_HEVC_NALU_IRAP_LAST) {
            *key = true;
            return SRS_OK;
        }
    }
    return SRS_OK;
}

// ---- names ----

const char *srs_hevc_profile_name(uint8_t profile)
{
    switch (profile) {
    case 1:
        return "Main";
    case 2:
        return "Main10";
    case 3:
        return "MainStillPicture";
    case 4:
        return "Rext";
    default:
        return "Other";
    }
}

const char *srs_hevc_level_name(uint8_t level)
{
    static const struct {
        uint8_t level;
        const char *name;
    } names[] = {
        {30, "1"},  {60, "2"},    {63, "2.1"},  {90, "3"},    {93, "3.1"},
        {120, "4"}, {123, "4.1"}, {150, "5"},   {153, "5.1"}, {156, "5.2"},
        {180, "6"}, {183, "6.1"}, {186, "6.2"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].level == level)
            return names[i].name;
    return "Other";
}
