// Bit reader and writer for the codec headers that are not byte aligned (AudioSpecificConfig,
// parameter sets of AVC and HEVC, the sequence header of AV1).
//
// As with srs_rd, reading past the end sets `bad` and yields zeros, so a structure is tested once.
// An escaped reader drops the emulation prevention bytes of H.264 section 7.3.1 (the 3 of 00 00 03)
// as it goes, without a copy.
#pragma once
#include "core/rdwr.h"

struct srs_bits {
    struct srs_rd rd;
    uint8_t byte;
    uint8_t held;  // bits of `byte` not read yet
    uint8_t zeros; // zero bytes in a row before the next byte
    bool escaped;
    bool bad;
};

static inline struct srs_bits srs_bits_init(struct srs_span in, bool escaped)
{
    return (struct srs_bits){.rd = srs_rd_init(in.bytes, in.size), .escaped = escaped};
}

static inline void srs_bits_fill(struct srs_bits *bits)
{
    if (bits->escaped && bits->zeros >= 2 && srs_rd_left(&bits->rd) > 0 && *bits->rd.at == 3) {
        srs_rd_skip(&bits->rd, 1);
        bits->zeros = 0;
    }
    bits->byte = srs_rd_u8(&bits->rd);
    bits->bad |= bits->rd.bad;
    bits->held = 8;
    bits->zeros = bits->byte == 0 ? (uint8_t)(bits->zeros < 2 ? bits->zeros + 1 : 2) : 0;
}

// Up to 32 bits.
static inline uint32_t srs_bits_uint(struct srs_bits *bits, unsigned count)
{
    uint64_t value = 0;
    while (count > 0 && !bits->bad) {
        if (bits->held == 0)
            srs_bits_fill(bits);
        unsigned take = count < bits->held ? count : bits->held;
        unsigned shift = bits->held - take;
        value = value << take | ((uint32_t)(bits->byte >> shift) & (uint32_t)((1ull << take) - 1));
        bits->held = (uint8_t)shift;
        count -= take;
    }
    return bits->bad ? 0 : (uint32_t)value;
}

static inline bool srs_bits_flag(struct srs_bits *bits)
{
    return srs_bits_uint(bits, 1) != 0;
}

static inline void srs_bits_skip(struct srs_bits *bits, size_t count)
{
    for (; count > 32 && !bits->bad; count -= 32)
        (void)srs_bits_uint(bits, 32);
    (void)srs_bits_uint(bits, count > 32 ? 32 : (unsigned)count);
}

// Drops the rest of the byte that is being read.
static inline void srs_bits_align(struct srs_bits *bits)
{
    bits->held = 0;
}

// Of a reader that is not escaped.
static inline size_t srs_bits_left(const struct srs_bits *bits)
{
    return bits->bad ? 0 : bits->held + srs_rd_left(&bits->rd) * 8;
}

// Exp-Golomb, H.264 section 9.1: the widest code, 2^32 - 2, has 31 leading zeros.
static inline uint32_t srs_bits_ue(struct srs_bits *bits)
{
    unsigned zeros = 0;
    while (!srs_bits_flag(bits)) {
        zeros++;
        if (bits->bad || zeros > 31) {
            bits->bad = true;
            return 0;
        }
    }
    uint32_t rest = srs_bits_uint(bits, zeros);
    return bits->bad ? 0 : (uint32_t)((1ull << zeros) - 1 + rest);
}

static inline int32_t srs_bits_se(struct srs_bits *bits)
{
    uint32_t code = srs_bits_ue(bits);
    int64_t magnitude = ((int64_t)code + 1) / 2;
    return (int32_t)(code % 2 == 1 ? magnitude : -magnitude);
}

// The last byte is filled with zero bits by srs_bits_flush.
struct srs_bits_wr {
    struct srs_wr *out;
    uint8_t byte;
    uint8_t held;
};

static inline void srs_bits_flush(struct srs_bits_wr *bits)
{
    if (bits->held > 0)
        srs_wr_u8(bits->out, (uint8_t)(bits->byte << (8 - bits->held)));
    bits->byte = 0;
    bits->held = 0;
}

static inline void srs_bits_put(struct srs_bits_wr *bits, uint32_t value, unsigned count)
{
    for (unsigned i = count; i > 0; i--) {
        bits->byte = (uint8_t)(bits->byte << 1 | (value >> (i - 1) & 1));
        if (++bits->held == 8)
            srs_bits_flush(bits);
    }
}
