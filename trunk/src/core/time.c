#include "core/time.h"
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec ts;
    (void)clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * SRS_SEC + ts.tv_nsec / 1000;
}

srs_usec srs_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

srs_usec srs_now_coarse(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

int64_t srs_wall_now(void)
{
    return read_clock(CLOCK_REALTIME);
}
