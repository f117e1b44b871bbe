// Chunks: memory of one size and alignment for what comes and goes in bulk (media), apart from the
// heap of sessions. What is not in use goes back to the system, but for a few.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SRS_CHUNK_SIZE = 16 * 1024 };

// Aligned to its size, so the chunk of an address inside is found by masking. NULL when there is no
// memory.
void *srs_chunk_new(void);
void srs_chunk_free(void *chunk);

static inline void *srs_chunk_of(void *inside)
{
    return (uint8_t *)inside - (uintptr_t)inside % SRS_CHUNK_SIZE;
}

// Chunks in use, and chunks whose pages are kept though they are not.
size_t srs_chunk_used(void);
size_t srs_chunk_spare(void);
