// AV1. Left out: frame headers beyond their first bits, tiles, operating points beyond the first
// (skipped), metadata OBUs.
//
// Bounds: an OBU takes a byte at least, so a walk ends with the input; the counts of a sequence
// header have five bits.
#include "codec/av1.h"
#include "codec/bits.h"

enum {
    RECORD_MARKER = 0x81, // marker bit and version 1
    LEB128_MAX = 8,       // bytes of a size, section 4.10.5
};

// ---- configuration record ----

SRS_ERR srs_av1_record_read(struct srs_rd *in, struct srs_av1_record *out)
{
    struct srs_av1_record record;
    uint8_t marker = srs_rd_u8(in);
    uint8_t profile = srs_rd_u8(in);
    uint8_t format = srs_rd_u8(in);
    uint8_t delay = srs_rd_u8(in);
    if (in->bad)
        return srs_fail(SRS_E_AV1_DATA, "truncated record");
    if (marker != RECORD_MARKER)
        return srs_fail(SRS_E_AV1_DATA, "record with marker and version %02x", marker);
    record.profile = profile >> 5;
    record.level = profile & 0x1F;
    record.tier = format >> 7;
    record.high_bitdepth = (format & 0x40) != 0;
    record.twelve_bit = (format & 0x20) != 0;
    record.monochrome = (format & 0x10) != 0;
    record.subsampling_x = format >> 3 & 1;
    record.subsampling_y = format >> 2 & 1;
    record.sample_position = format & 3;
    record.presentation_delay = (delay & 0x10) != 0 ? (uint8_t)((delay & 0x0F) + 1) : 0;
    record.obus = srs_rd_span(in, srs_rd_left(in));
    *out = record;
    return SRS_OK;
}

void srs_av1_record_write(struct srs_wr *out, const struct srs_av1_record *record)
{
    srs_wr_u8(out, RECORD_MARKER);
    srs_wr_u8(out, (uint8_t)(record->profile << 5 | record->level));
    srs_wr_u8(out, (uint8_t)(record->tier << 7 | (record->high_bitdepth ? 0x40 : 0) |
                             (record->twelve_bit ? 0x20 : 0) | (record->monochrome ? 0x10 : 0) |
                             record->subsampling_x << 3 | record->subsampling_y << 2 |
                             record->sample_position));
    srs_wr_u8(
        out,
        (uint8_t)(record->presentation_delay > 0 ? 0x10 | (record->presentation_delay - 1) : 0));
    srs_wr_bytes(out, record->obus.bytes, record->obus.size);
}

// ---- open bitstream units ----

// Section 4.10.5: seven bits a byte, the lowest first.
static uint64_t leb128_read(struct srs_rd *in)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < LEB128_MAX; i++) {
        uint8_t byte = srs_rd_u8(in);
        value |= (uint64_t)(byte & 0x7F) << (i * 7);
        if ((byte & 0x80) == 0)
            return value;
    }
    in->bad = true;
    return 0;
}

SRS_ERR srs_av1_obu_read(struct srs_rd *in, struct srs_av1_obu *out)
{
    const uint8_t *from = in->at;
    uint8_t head = srs_rd_u8(in);
    struct srs_av1_obu obu = {.type = head >> 3 & 0x0F, .has_size = (head & 2) != 0};
    if ((head & 0x80) != 0)
        return srs_fail(SRS_E_AV1_DATA, "OBU header %02x", head);
    if ((head & 4) != 0) // extension
        srs_rd_skip(in, 1);
    uint64_t size = obu.has_size ? leb128_read(in) : srs_rd_left(in);
    if (!in->bad && size > srs_rd_left(in))
        return srs_fail(SRS_E_AV1_DATA, "OBU of type %u and %llu bytes, %zu are left", obu.type,
                        (unsigned long long)size, srs_rd_left(in));
    obu.payload = srs_rd_span(in, in->bad ? 0 : (size_t)size);
    if (in->bad)
        return srs_fail(SRS_E_AV1_DATA, "truncated OBU header");
    obu.whole = (struct srs_span){from, (size_t)(in->at - from)};
    *out = obu;
    return SRS_OK;
}

static SRS_ERR count_check(unsigned count)
{
    if (count > SRS_AV1_OBUS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d OBUs", SRS_AV1_OBUS_MAX);
    return SRS_OK;
}

SRS_ERR srs_av1_strip(struct srs_span unit, struct srs_wr *out)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    for (unsigned count = 1; srs_rd_left(&in) > 0; count++) {
        struct srs_av1_obu obu;
        srs_err err = srs_av1_obu_read(&in, &obu);
        if (!err)
            err = count_check(count);
        if (err)
            return srs_wrap(err, "temporal unit of %zu bytes", unit.size);
        if (obu.type != SRS_AV1_OBU_TEMPORAL_DELIMITER)
            srs_wr_bytes(out, obu.whole.bytes, obu.whole.size);
    }
    return SRS_OK;
}

// A frame header begins with show_existing_frame and frame_type, which a still picture leaves out
// (section 5.9.2).
static bool is_key_frame(struct srs_span payload, bool still)
{
    return still || (payload.size > 0 && payload.bytes[0] >> 5 == 0);
}

SRS_ERR srs_av1_is_key(struct srs_span unit, bool *key)
{
    struct srs_rd in = srs_rd_init(unit.bytes, unit.size);
    bool sequence = false;
    bool still = false;
    *key = false;
    for (unsigned count = 1; srs_rd_left(&in) > 0; count++) {
        struct srs_av1_obu obu;
        srs_err err = srs_av1_obu_read(&in, &obu);
        if (!err)
            err = count_check(count);
        if (err)
            return srs_wrap(err, "temporal unit of %zu bytes", unit.size);
        if (obu.type == SRS_AV1_OBU_SEQUENCE_HEADER) {
            sequence = true; // then reduced_still_picture_header is the fifth bit
            still = obu.payload.size > 0 && (obu.payload.bytes[0] & 8) != 0;
        }
        if (obu.type == SRS_AV1_OBU_FRAME || obu.type == SRS_AV1_OBU_FRAME_HEADER) {
            *key = sequence && is_key_frame(obu.payload, still);
            return SRS_OK;
        }
    }
    return SRS_OK;
}

// ---- sequence header, section 5.5 ----

// Section 4.10.3.
static uint32_t uvlc_read(struct srs_bits *in)
{
    unsigned zeros = 0;
    while (!in->bad && !srs_bits_flag(in))
        zeros++;
    if (zeros >= 32)
        return UINT32_MAX;
    return srs_bits_uint(in, zeros) + (uint32_t)((1ull << zeros) - 1);
}

struct models {
    bool decoder;
    unsigned delay_bits; // of the buffer's delays
};

static struct models timing_read(struct srs_bits *in, struct srs_av1_sequence *sequence)
{
    struct models models = {false, 0};
    if (!srs_bits_flag(in))
        return models;
    sequence->units_in_tick = srs_bits_uint(in, 32);
    sequence->time_scale = srs_bits_uint(in, 32);
    if (srs_bits_flag(in)) {
        uint32_t ticks = uvlc_read(in);
        sequence->ticks_per_picture = ticks < UINT32_MAX ? ticks + 1 : 0;
    }
    models.decoder = srs_bits_flag(in);
    if (models.decoder) {
        models.delay_bits = srs_bits_uint(in, 5) + 1;
        srs_bits_skip(in, 32 + 5 + 5);
    }
    return models;
}

static void points_read(struct srs_bits *in, struct srs_av1_sequence *sequence)
{
    struct models models = timing_read(in, sequence);
    bool delays = srs_bits_flag(in);
    unsigned count = srs_bits_uint(in, 5) + 1;
    for (unsigned i = 0; i < count && !in->bad; i++) {
        srs_bits_skip(in, 12);
        uint8_t level = (uint8_t)srs_bits_uint(in, 5);
        uint8_t tier = level > 7 ? (uint8_t)srs_bits_uint(in, 1) : 0;
        if (models.decoder && srs_bits_flag(in))
            srs_bits_skip(in, (size_t)models.delay_bits * 2 + 1);
        if (delays && srs_bits_flag(in))
            srs_bits_skip(in, 4);
        if (i == 0) {
            sequence->level = level;
            sequence->tier = tier;
        }
    }
}

static void size_read(struct srs_bits *in, struct srs_av1_sequence *sequence)
{
    unsigned width_bits = srs_bits_uint(in, 4) + 1;
    unsigned height_bits = srs_bits_uint(in, 4) + 1;
    sequence->width = srs_bits_uint(in, width_bits) + 1;
    sequence->height = srs_bits_uint(in, height_bits) + 1;
}

// The tools between size and colors, of a sequence that is no still picture.
static void tools_skip(struct srs_bits *in)
{
    if (srs_bits_flag(in)) // frame ids
        srs_bits_skip(in, 4 + 3);
    srs_bits_skip(in, 3 + 4); // superblocks to inter-intra, compound, warped, dual filter
    bool order = srs_bits_flag(in);
    if (order)
        srs_bits_skip(in, 2);
    bool choose = srs_bits_flag(in); // screen content tools: seen for each frame, or set here
    bool tools = choose || srs_bits_flag(in);
    if (tools && !srs_bits_flag(in)) // integer motion vectors are not chosen for each frame
        srs_bits_skip(in, 1);
    if (order)
        srs_bits_skip(in, 3);
}

// Returns the bit depth, section 5.5.2.
static uint8_t depth_read(struct srs_bits *in, uint8_t profile)
{
    bool high = srs_bits_flag(in);
    if (profile == 2 && high)
        return srs_bits_flag(in) ? 12 : 10;
    return high ? 10 : 8;
}

SRS_ERR srs_av1_sequence_read(struct srs_span payload, struct srs_av1_sequence *out)
{
    struct srs_bits in = srs_bits_init(payload, false);
    struct srs_av1_sequence sequence = {0};
    sequence.profile = (uint8_t)srs_bits_uint(&in, 3);
    sequence.still_picture = srs_bits_flag(&in);
    bool reduced = srs_bits_flag(&in);
    if (reduced)
        sequence.level = (uint8_t)srs_bits_uint(&in, 5);
    else
        points_read(&in, &sequence);
    size_read(&in, &sequence);
    if (reduced)
        srs_bits_skip(&in, 3);
    else
        tools_skip(&in);
    srs_bits_skip(&in, 3); // superres, cdef, restoration
    sequence.bit_depth = depth_read(&in, sequence.profile);
    if (in.bad)
        return srs_fail(SRS_E_AV1_DATA, "sequence header of %zu bytes", payload.size);
    if (sequence.profile > 2)
        return srs_fail(SRS_E_AV1_DATA, "sequence header of profile %u", sequence.profile);
    *out = sequence;
    return SRS_OK;
}

SRS_ERR srs_av1_sequence_find(struct srs_span obus, struct srs_av1_sequence *out)
{
    struct srs_rd in = srs_rd_init(obus.bytes, obus.size);
    for (unsigned count = 1; srs_rd_left(&in) > 0; count++) {
        struct srs_av1_obu obu;
        srs_err err = srs_av1_obu_read(&in, &obu);
        if (!err)
            err = count_check(count);
        if (err)
            return err;
        if (obu.type == SRS_AV1_OBU_SEQUENCE_HEADER)
            return srs_av1_sequence_read(obu.payload, out);
    }
    return srs_fail(SRS_E_AV1_DATA, "no sequence header in %zu bytes", obus.size);
}
