// Time. srs_usec is microseconds of CLOCK_MONOTONIC; wall time is for logs, file names and answers
// only.
#pragma once
#include <stdint.h>

typedef int64_t srs_usec;

#define SRS_MSEC  ((srs_usec)1000)
#define SRS_SEC   ((srs_usec)1000000)
#define SRS_NEVER INT64_MAX

srs_usec srs_now(void);
// The kernel's last tick: a fifth of the cost, and behind by at most SRS_TICK_MAX.
srs_usec srs_now_coarse(void);
#define SRS_TICK_MAX (4 * SRS_MSEC) // of a kernel with 250 ticks a second, the usual one
// Microseconds since 1970.
int64_t srs_wall_now(void);
