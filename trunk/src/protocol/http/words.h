// Eight bytes at a time: most of a head is letters, and a branch for each of them is most of what
// reading it costs. Each function marks bytes by their highest bit; 0: there is none.
#pragma once
#include <stdint.h>
#include <string.h>

#define SRS_HTTP_WORD sizeof(uint64_t)

static inline uint64_t srs_http_word(const void *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

#define SRS_HTTP_WORD_ONES UINT64_C(0x0101010101010101)

static inline uint64_t srs_http_word_zeros(uint64_t word)
{
    return (word - SRS_HTTP_WORD_ONES) & ~word & (SRS_HTTP_WORD_ONES << 7);
}

static inline uint64_t srs_http_word_bytes(uint64_t word, char byte)
{
    return srs_http_word_zeros(word ^ SRS_HTTP_WORD_ONES * (uint8_t)byte);
}

// Below a space, and DEL.
static inline uint64_t srs_http_word_controls(uint64_t word)
{
    return ((word - SRS_HTTP_WORD_ONES * 0x20) & ~word & (SRS_HTTP_WORD_ONES << 7)) |
           srs_http_word_bytes(word, 0x7F);
}
