// Gather: the worker's scratch from which one writev is made. Payloads are referred to, small
// headers are copied into it, and everything is counted, so that a second pass with the same input
// finds the place where a write stopped.
//
// Nothing yields between filling and writing it.
#pragma once
#include "core/rdwr.h"
#include <stdbool.h>
#include <sys/uio.h>

enum {
    SRS_GATHER_IOVS = 512, // half of IOV_MAX: about 250 packets, a write beyond gains nothing
    SRS_GATHER_SCRATCH = 16 * 1024, // 30 bytes of headers a packet
};

struct srs_gather {
    size_t skip;    // bytes to leave out before the first that is taken: sent already
    size_t limit;   // bytes to take at most
    size_t bytes;   // taken
    size_t wire;    // offered: skipped, taken and left behind
    bool full;      // some was left behind
    unsigned count; // iovecs in use
    size_t scratch_used;
    struct iovec
        iov[1 + SRS_GATHER_IOVS + 1]; // [1..count]: the first and one behind are for framing
    uint8_t scratch[SRS_GATHER_SCRATCH];
};

void srs_gather_begin(struct srs_gather *gather, size_t limit);
// Bytes that need not be shown: they lie within `skip`, or nothing more is taken (`full`).
void srs_gather_pass(struct srs_gather *gather, size_t size);
// Bytes that live until the write.
void srs_gather_ref(struct srs_gather *gather, const void *bytes, size_t size);
// Small bytes of the caller's stack.
void srs_gather_copy(struct srs_gather *gather, const void *bytes, size_t size);
