// Chunks are cut from slabs of address space that are never unmapped: their addresses are kept in
// two lists, those whose pages are kept and those whose pages have gone back.
#include "core/chunk.h"
#include "core/assert.h"
#include <stdlib.h>
#include <sys/mman.h>

enum {
    SLAB_CHUNKS = 256, // 4 MiB of address space a map
    SPARE_MAX = 64,    // 1 MiB: what a busy server takes and gives in a fraction of a second
};

struct pile {
    void **chunks;
    size_t count;
    size_t capacity;
};

static struct pile spare; // pages kept
static struct pile cold;  // pages given back
static size_t used;

static void pile_push(struct pile *pile, void *chunk)
{
    if (pile->count == pile->capacity) {
        pile->capacity = pile->capacity > 0 ? pile->capacity * 2 : SLAB_CHUNKS;
        pile->chunks = realloc(pile->chunks, pile->capacity * sizeof(void *));
        srs_assert(pile->chunks != NULL);
    }
    pile->chunks[pile->count++] = chunk;
}

static void *pile_pop(struct pile *pile)
{
    return pile->count > 0 ? pile->chunks[--pile->count] : NULL;
}

static void map_slab(void)
{
    size_t size = (size_t)(SLAB_CHUNKS + 1) * SRS_CHUNK_SIZE; // one is lost to alignment
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return;
    uint8_t *first = srs_chunk_of(bytes + SRS_CHUNK_SIZE - 1);
    for (size_t i = SLAB_CHUNKS; i > 0; i--) // the lowest is taken first
        pile_push(&cold, first + (i - 1) * SRS_CHUNK_SIZE);
}

void *srs_chunk_new(void)
{
    void *chunk = pile_pop(&spare);
    if (chunk == NULL && cold.count == 0)
        map_slab();
    if (chunk == NULL)
        chunk = pile_pop(&cold);
    used += chunk != NULL;
    return chunk;
}

void srs_chunk_free(void *chunk)
{
    if (chunk == NULL)
        return;
    used--;
    if (spare.count < SPARE_MAX) {
        pile_push(&spare, chunk);
        return;
    }
    (void)madvise(chunk, SRS_CHUNK_SIZE, MADV_DONTNEED);
    pile_push(&cold, chunk);
}

size_t srs_chunk_used(void)
{
    return used;
}

size_t srs_chunk_spare(void)
{
    return spare.count;
}
