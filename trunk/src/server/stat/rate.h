// Bit rates of clients and streams: averages over windows of 30 s.
#pragma once
#include "stream/source.h"

// Begins the first window, or takes a sample when the window that runs is over. `in` and `out` are
// counters of bytes.
void srs_rate_sample(struct srs_rate *rate, uint64_t in, uint64_t out, srs_usec now);

// All sources, by their payload bytes in and wire bytes out. Call it about each second.
void srs_sources_sample(const struct srs_sources *sources, srs_usec now);
