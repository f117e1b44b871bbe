// A clock that stands still until the test moves it: what takes ten seconds takes none, and nothing
// depends on how fast the machine is.
//
// This header holds definitions, which take the place of core/time.c in the program: one .c of a
// test includes it. A coroutine that sleeps wakes only in clock_jump; the test's own must not.
#pragma once
#include "core/co.h"
#include "test.h"

enum { CLOCK_TURNS = 20 };

static _Atomic srs_usec clock_now = 1000 * SRS_SEC; // helper threads look at it too

srs_usec srs_now(void)
{
    return clock_now;
}

srs_usec srs_now_coarse(void)
{
    return clock_now;
}

int64_t srs_wall_now(void)
{
    return 1700000000 * SRS_SEC + clock_now;
}

// What is due by then has happened, and what follows from it without waiting.
static inline SRS_YIELDS void clock_jump(srs_usec by)
{
    clock_now += by;
    for (int i = 0; i < CLOCK_TURNS; i++) {
        clock_now++; // a timer that sets itself to now is due in the next turn
        assert_err(SRS_OK, srs_co_breathe(), "turn");
    }
}
