// Memory for a source's packets: cut one after the other from chunks. Packets of a source go in the
// order they came, so a chunk is free again soon after its first packet is. A chunk belongs to one
// source: a neighbour with longer gops would keep it.
#pragma once
#include <stddef.h>

#include "core/chunk.h"

// Two of the largest fit a chunk; what is larger is rare (key frames) and worth a place of its own.
// Sanitizers watch each packet's bounds on the heap, so nothing suits there.
#ifdef SRS_ASAN
enum { SRS_ARENA_PIECE_MAX = 0 };
#else
enum { SRS_ARENA_PIECE_MAX = SRS_CHUNK_SIZE / 2 - 16 };
#endif

struct srs_arena_chunk;

// Zeroed is ready for use.
struct srs_arena {
    struct srs_arena_chunk *open; // the one that is being filled
};

// NULL for a size above SRS_ARENA_PIECE_MAX, and when there is no memory. Aligned for any object.
void *srs_arena_alloc(struct srs_arena *arena, size_t size);
// Memory that srs_arena_alloc gave; the arena may be gone.
void srs_arena_release(void *memory);
// Lets go of the open chunk.
void srs_arena_fini(struct srs_arena *arena);
