// Memory: allocation that never fails for our own fixed-size objects, allocation that may fail for
// everything a peer, a file or a configuration can influence, and a count of live objects by type.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Zeroed; ends the process with a line on standard error when there is no memory.
#define srs_new(type) ((type *)srs_mem_new(sizeof(type)))
void *srs_mem_new(size_t size);
void srs_free(void *memory);

// Not zeroed; NULL when there is no memory or when a test asked this one to fail. `old` may be
// NULL.
void *srs_try_alloc(size_t size);
void *srs_try_realloc(void *old, size_t size);
// The copy is terminated; NULL as above.
char *srs_try_strndup(const char *text, size_t size);

// Test hook: the n-th srs_try_* call from now fails (1 = the next), 0 = none.
void srs_mem_fail_after(unsigned n);
// For allocators of other kinds, which count too: whether this one is to fail.
bool srs_mem_fails_now(void);

// Live objects by type. A module that makes counted objects names its type here, in alphabetical
// order.
enum srs_live {
#define X(name) SRS_LIVE_##name,
#include "core/live.def"
#undef X
    SRS_LIVE_TYPES
};
void srs_live_add(enum srs_live type, long n);
long srs_live_count(enum srs_live type);
const char *srs_live_name(enum srs_live type);
// "BUF=0 CO=3 ..." of all types, cut if it does not fit.
enum { SRS_LIVE_TEXT = 512 };
void srs_live_format(char out[SRS_LIVE_TEXT]);

// Gives free heap pages back to the system, at most once in five seconds and only after `freed` has
// added up to 128 KiB since the last time. Cheap to call.
void srs_mem_note_freed(size_t freed);
// Returns the memory that is free now; true if it did something. Called by the scheduler's idle
// work.
int srs_mem_trim_if_due(int64_t now);
