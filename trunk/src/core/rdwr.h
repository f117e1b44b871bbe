// Reader and writer of bytes. Reading past the end sets `bad` and yields zeros, so a structure is
// read field by field and tested once. Numbers are big-endian unless the name says le.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Borrowed bytes.
struct srs_span {
    const uint8_t *bytes;
    size_t size;
};

struct srs_rd {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct srs_rd srs_rd_init(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    return (struct srs_rd){.at = at, .end = size > 0 ? at + size : at};
}

static inline size_t srs_rd_left(const struct srs_rd *rd)
{
    return (size_t)(rd->end - rd->at);
}

// Up to 8 bytes, big-endian.
static inline uint64_t srs_rd_uint(struct srs_rd *rd, size_t size)
{
    if (srs_rd_left(rd) < size) {
        rd->bad = true;
        rd->at = rd->end;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | rd->at[i];
    rd->at += size;
    return value;
}

static inline uint8_t srs_rd_u8(struct srs_rd *rd)
{
    return (uint8_t)srs_rd_uint(rd, 1);
}

static inline uint16_t srs_rd_u16(struct srs_rd *rd)
{
    return (uint16_t)srs_rd_uint(rd, 2);
}

static inline uint32_t srs_rd_u24(struct srs_rd *rd)
{
    return (uint32_t)srs_rd_uint(rd, 3);
}

static inline uint32_t srs_rd_u32(struct srs_rd *rd)
{
    return (uint32_t)srs_rd_uint(rd, 4);
}

static inline uint64_t srs_rd_u64(struct srs_rd *rd)
{
    return srs_rd_uint(rd, 8);
}

static inline int32_t srs_rd_s24(struct srs_rd *rd)
{
    uint32_t value = srs_rd_u24(rd);
    return (int32_t)(value ^ 0x800000) - 0x800000;
}

static inline uint32_t srs_rd_u32le(struct srs_rd *rd)
{
    return __builtin_bswap32(srs_rd_u32(rd));
}

static inline double srs_rd_f64(struct srs_rd *rd)
{
    uint64_t bits = srs_rd_u64(rd);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// `size` bytes where they stand; {NULL, 0} and bad when there are fewer.
static inline struct srs_span srs_rd_span(struct srs_rd *rd, size_t size)
{
    if (srs_rd_left(rd) < size) {
        rd->bad = true;
        rd->at = rd->end;
        return (struct srs_span){NULL, 0};
    }
    struct srs_span span = {rd->at, size};
    rd->at += size;
    return span;
}

// A bounded reader of the next `size` bytes, which count as read here.
static inline struct srs_rd srs_rd_sub(struct srs_rd *rd, size_t size)
{
    struct srs_span span = srs_rd_span(rd, size);
    return (struct srs_rd){.at = span.bytes != NULL ? span.bytes : rd->end,
                           .end = span.bytes != NULL ? span.bytes + span.size : rd->end,
                           .bad = rd->bad};
}

static inline void srs_rd_skip(struct srs_rd *rd, size_t size)
{
    (void)srs_rd_span(rd, size);
}

// Writes into out[0..capacity). Writing past the end sets `bad` and writes nothing more; `size`
// keeps counting what was wanted, so a first pass with capacity 0 measures.
struct srs_wr {
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    bool bad;
};

static inline struct srs_wr srs_wr_init(void *bytes, size_t capacity)
{
    return (struct srs_wr){.bytes = bytes, .capacity = capacity};
}

static inline bool srs_wr_fits(struct srs_wr *wr, size_t size)
{
    if (wr->bad || wr->capacity - wr->size < size) {
        wr->bad = true;
        wr->size += size;
        return false;
    }
    return true;
}

static inline void srs_wr_uint(struct srs_wr *wr, uint64_t value, size_t size)
{
    if (!srs_wr_fits(wr, size))
        return;
    for (size_t i = size; i > 0; i--)
        wr->bytes[wr->size++] = (uint8_t)(value >> (8 * (i - 1)));
}

static inline void srs_wr_u8(struct srs_wr *wr, uint8_t value)
{
    srs_wr_uint(wr, value, 1);
}

static inline void srs_wr_u16(struct srs_wr *wr, uint16_t value)
{
    srs_wr_uint(wr, value, 2);
}

static inline void srs_wr_u24(struct srs_wr *wr, uint32_t value)
{
    srs_wr_uint(wr, value & 0xFFFFFF, 3);
}

static inline void srs_wr_u32(struct srs_wr *wr, uint32_t value)
{
    srs_wr_uint(wr, value, 4);
}

static inline void srs_wr_u64(struct srs_wr *wr, uint64_t value)
{
    srs_wr_uint(wr, value, 8);
}

static inline void srs_wr_u32le(struct srs_wr *wr, uint32_t value)
{
    srs_wr_u32(wr, __builtin_bswap32(value));
}

static inline void srs_wr_f64(struct srs_wr *wr, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    srs_wr_u64(wr, bits);
}

static inline void srs_wr_bytes(struct srs_wr *wr, const void *bytes, size_t size)
{
    if (!srs_wr_fits(wr, size) || size == 0)
        return;
    memcpy(wr->bytes + wr->size, bytes, size);
    wr->size += size;
}

// Leaves room to be patched; returns where.
static inline size_t srs_wr_reserve(struct srs_wr *wr, size_t size)
{
    size_t at = wr->size;
    srs_wr_uint(wr, 0, size <= 8 ? size : 8);
    return at;
}

static inline void srs_wr_patch(struct srs_wr *wr, size_t at, uint64_t value, size_t size)
{
    if (wr->bad)
        return;
    struct srs_wr patch = srs_wr_init(wr->bytes + at, size);
    srs_wr_uint(&patch, value, size);
}
