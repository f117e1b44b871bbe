// Times sorted into buckets, for the metrics. Counting one costs a few nanoseconds.
#pragma once
#include "core/time.h"

// Upper bounds in milliseconds; the last bucket is for what lies above all of them.
#define SRS_HISTOGRAM_BOUNDS_MS                                                                  \
    {                                                                                            \
        1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2000, 5000, 10000, \
            30000                                                                                \
    }
enum { SRS_HISTOGRAM_BOUNDS = 20 };

struct srs_histogram {
    uint64_t buckets[SRS_HISTOGRAM_BOUNDS + 1]; // each counted by itself, not added up
    srs_usec sum;
};

// Times below nothing, of clocks that were read in the wrong order, count as nothing.
void srs_histogram_add(struct srs_histogram *histogram, srs_usec time);
uint64_t srs_histogram_count(const struct srs_histogram *histogram);
// 0 <= i < SRS_HISTOGRAM_BOUNDS
srs_usec srs_histogram_bound(unsigned i);
