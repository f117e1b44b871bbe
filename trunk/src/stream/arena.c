#include "stream/arena.h"
#include "core/chunk.h"
#include <stdbool.h>

enum { ALIGN = 16 };

struct srs_arena_chunk {
    size_t used;
    unsigned refs; // pieces in use, and one while it is open
};

_Static_assert(sizeof(struct srs_arena_chunk) <= ALIGN, "pieces begin aligned");

static void unref(struct srs_arena_chunk *chunk)
{
    if (--chunk->refs == 0)
        srs_chunk_free(chunk);
}

void *srs_arena_alloc(struct srs_arena *arena, size_t size)
{
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (size > SRS_ARENA_PIECE_MAX)
        return NULL;
    if (arena->open != NULL && SRS_CHUNK_SIZE - arena->open->used < size)
        srs_arena_fini(arena);
    if (arena->open == NULL) {
        arena->open = srs_chunk_new();
        if (arena->open == NULL)
            return NULL;
        *arena->open = (struct srs_arena_chunk){.used = ALIGN, .refs = 1};
    }
    void *piece = (char *)arena->open + arena->open->used;
    arena->open->used += size;
    arena->open->refs++;
    return piece;
}

void srs_arena_release(void *memory)
{
    unref(srs_chunk_of(memory));
}

void srs_arena_fini(struct srs_arena *arena)
{
    if (arena->open != NULL)
        unref(arena->open);
    arena->open = NULL;
}
