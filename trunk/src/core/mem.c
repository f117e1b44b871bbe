// Memory. Counts may be changed by helper threads too, so they are atomic.
#include "core/mem.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIM_PERIOD_USEC = 5 * 1000 * 1000, TRIM_BYTES = 128 * 1024 };

static unsigned fail_after;
static long live[SRS_LIVE_TYPES];
static size_t freed_since_trim;
static int64_t trimmed_at;

static const char *const live_names[SRS_LIVE_TYPES] = {
#define X(name) #name,
#include "core/live.def"
#undef X
};

void *srs_mem_new(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        (void)fprintf(stderr, "error: out of memory for an object of %zu bytes\n", size);
        abort();
    }
    return memory;
}

void srs_free(void *memory)
{
    free(memory);
}

bool srs_mem_fails_now(void)
{
    return fail_after > 0 && --fail_after == 0;
}

void *srs_try_alloc(size_t size)
{
    return srs_mem_fails_now() ? NULL : malloc(size > 0 ? size : 1);
}

void *srs_try_realloc(void *old, size_t size)
{
    return srs_mem_fails_now() ? NULL : realloc(old, size > 0 ? size : 1);
}

char *srs_try_strndup(const char *text, size_t size)
{
    char *copy = srs_try_alloc(size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void srs_mem_fail_after(unsigned n)
{
    fail_after = n;
}

void srs_live_add(enum srs_live type, long n)
{
    (void)__atomic_fetch_add(&live[type], n, __ATOMIC_RELAXED);
}

long srs_live_count(enum srs_live type)
{
    return __atomic_load_n(&live[type], __ATOMIC_RELAXED);
}

const char *srs_live_name(enum srs_live type)
{
    return live_names[type];
}

void srs_live_format(char out[SRS_LIVE_TEXT])
{
    int used = 0;
    out[0] = '\0';
    for (int i = 0; i < SRS_LIVE_TYPES && used < SRS_LIVE_TEXT; i++)
        used += snprintf(out + used, (size_t)(SRS_LIVE_TEXT - used), "%s%s=%ld", i > 0 ? " " : "",
                         live_names[i], live[i]);
}

void srs_mem_note_freed(size_t freed)
{
    freed_since_trim += freed;
}

int srs_mem_trim_if_due(int64_t now)
{
    if (freed_since_trim < TRIM_BYTES || now - trimmed_at < TRIM_PERIOD_USEC)
        return 0;
    freed_since_trim = 0;
    trimmed_at = now;
    return malloc_trim(0);
}
