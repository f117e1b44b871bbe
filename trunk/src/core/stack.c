// Stacks of coroutines, in one reserved region of equal slots, each with a guard page below.
//
// State Threads maps a stack with mmap, keeps it for ever and has no guard pages; the build
// redirects its mmap to here. A stack's place in the region is its number, which is all the
// bookkeeping needs: pages of ended coroutines are given back after the switch, so memory falls
// again after a peak.
#include "core/co_priv.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef SRS_ASAN
#include <sanitizer/lsan_interface.h>
#endif

enum {
    PAGE = 4096,
    RED_ZONES = 2 * PAGE,   // State Threads adds one at each end
    SLOT_EXTRA = 16 * PAGE, // and some more, for alignment; one page is the guard
    // Twice as many as vm.max_map_count (65530) has room for with guards: the others go without.
    SLOTS = 65536,
    TRIM_MARGIN = 512,        // more than a system call's wrapper and a red zone need
    RECORD_CHUNK = 64 * 1024, // of records of stacks; one is some 50 bytes
};
#define SLOT_SIZE ((size_t)(SRS_STACK_SIZE + RED_ZONES + SLOT_EXTRA))

enum state { UNUSED, IN_USE, ENDED };
enum { QUEUED = 0x80 }; // stands in ended[]

void *srs_co_stack_mmap(void *hint, size_t size, int prot, int flags, int fd, long offset);
void *srs_co_stack_calloc(size_t count, size_t size);

static uint8_t *region;
static uint32_t slots;        // mapped so far
static uint8_t states[SLOTS]; // enum state, and QUEUED
static uint32_t ended[SLOTS]; // slots whose pages wait to be given back; may be in use again
static uint32_t ended_count;

// --- records ------------------------------------------------------------------------------------

// State Threads keeps a small record of each stack for ever. Among sessions on the heap, each would
// pin a page that could go back to the system after a peak; here they lie together.
static bool making_record;
static uint8_t *record_at;
static size_t record_left;

void srs_stack_making(bool making)
{
    making_record = making;
}

// Called by State Threads in place of calloc.
void *srs_co_stack_calloc(size_t count, size_t size)
{
    size_t bytes = (count * size + 15) & ~(size_t)15;
    if (!making_record)
        return calloc(count, size);
    if (record_left < bytes) {
        void *chunk =
            mmap(NULL, RECORD_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
        record_at = chunk;
        record_left = RECORD_CHUNK;
#ifdef SRS_ASAN
        __lsan_register_root_region(chunk, RECORD_CHUNK);
#endif
    }
    void *record = record_at;
    record_at += bytes;
    record_left -= bytes;
    return record;
}

// --- stacks -------------------------------------------------------------------------------------

static uint8_t *region_reserve(void)
{
    uint8_t *bytes = mmap(NULL, SLOT_SIZE * SLOTS, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
#ifdef SRS_ASAN
    __lsan_register_root_region(bytes, SLOT_SIZE * SLOTS);
#endif
    return bytes;
}

// Called by State Threads in place of mmap, for stacks only.
void *srs_co_stack_mmap(void *hint, size_t size, int prot, int flags, int fd, long offset)
{
    if (region == NULL)
        region = region_reserve();
    if (region == NULL ||
        size + PAGE > SLOT_SIZE) // State Threads' own idle coroutine has a larger one
        return mmap(hint, size, prot, flags, fd, offset);
    if (slots == SLOTS) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    uint8_t *low = region + SLOT_SIZE * slots + PAGE; // the page below stays PROT_NONE
    if (mprotect(low, size, PROT_READ | PROT_WRITE) != 0) {
        // Two mappings a stack, and vm.max_map_count is used up: grow the mapping of the stack
        // below, without a guard. State Threads asks for one size only, so this is where that stack
        // ends.
        uint8_t *gap = low - SLOT_SIZE + size;
        if (slots == 0 || mprotect(gap, (size_t)(low - gap) + size, PROT_READ | PROT_WRITE) != 0)
            return MAP_FAILED;
    }
    slots++;
    return low;
}

static bool slot_of(const void *inside, uint32_t *slot)
{
    uintptr_t at = (uintptr_t)inside;
    uintptr_t base = (uintptr_t)region;
    if (region == NULL || at < base || at >= base + SLOT_SIZE * SLOTS)
        return false;
    *slot = (uint32_t)((at - base) / SLOT_SIZE);
    return true;
}

void *srs_stack_low(const void *inside)
{
    uint32_t slot;
    return slot_of(inside, &slot) ? region + SLOT_SIZE * slot + PAGE : NULL;
}

void srs_stack_in_use(const void *inside)
{
    uint32_t slot;
    if (slot_of(inside, &slot))
        states[slot] = (states[slot] & QUEUED) | IN_USE;
}

void srs_stack_ended(const void *inside)
{
    uint32_t slot;
    if (!slot_of(inside, &slot))
        return;
    if ((states[slot] & QUEUED) == 0)
        ended[ended_count++] = slot;
    states[slot] = ENDED | QUEUED;
}

bool srs_stack_give_back(unsigned max)
{
    while (ended_count > 0 && max-- > 0) {
        uint32_t slot = ended[--ended_count];
        states[slot] &= (uint8_t)~QUEUED;
        if (states[slot] != ENDED)
            continue;
        (void)madvise(region + SLOT_SIZE * slot + PAGE, SRS_STACK_SIZE + RED_ZONES, MADV_DONTNEED);
    }
    return ended_count > 0;
}

void srs_stack_trim(void)
{
    // This function's own frame and the call below stay above the margin.
    const uint8_t *frame = __builtin_frame_address(0);
    uint8_t *low = srs_stack_low(frame);
    uintptr_t end = ((uintptr_t)frame - TRIM_MARGIN) & ~(uintptr_t)(PAGE - 1);
    if (low != NULL && end > (uintptr_t)low)
        (void)madvise(low, end - (uintptr_t)low, MADV_DONTNEED);
}

long srs_stack_count(void)
{
    return (long)slots;
}
