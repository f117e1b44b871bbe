// Which bucket: the number of binary digits leads to the first one that may be it, and from there
// it is at most a few steps.
#include "core/histogram.h"
#include <stddef.h>

static const uint32_t bounds_ms[] = SRS_HISTOGRAM_BOUNDS_MS;
_Static_assert(sizeof bounds_ms / sizeof bounds_ms[0] == SRS_HISTOGRAM_BOUNDS, "counted");

// By the binary digits of a whole number of milliseconds: the first bound that is not below the
// least number of so many digits.
static const uint8_t first[] = {0, 0, 1, 2, 3, 4, 6, 7, 9, 11, 14, 16, 17, 17, 18, 19};
enum { DIGITS_MAX = sizeof first - 1 };

void srs_histogram_add(struct srs_histogram *histogram, srs_usec time)
{
    uint64_t usec = time > 0 ? (uint64_t)time : 0;
    uint64_t ms = (usec + 999) / 1000; // up, as a bound belongs to its bucket
    unsigned digits = ms > 0 ? 64U - (unsigned)__builtin_clzll(ms) : 0;
    unsigned i = digits <= DIGITS_MAX ? first[digits] : SRS_HISTOGRAM_BOUNDS;
    while (i < SRS_HISTOGRAM_BOUNDS && ms > bounds_ms[i])
        i++;
    histogram->buckets[i]++;
    histogram->sum += (srs_usec)usec;
}

uint64_t srs_histogram_count(const struct srs_histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= SRS_HISTOGRAM_BOUNDS; i++)
        count += histogram->buckets[i];
    return count;
}

srs_usec srs_histogram_bound(unsigned i)
{
    return (srs_usec)bounds_ms[i] * SRS_MSEC;
}
