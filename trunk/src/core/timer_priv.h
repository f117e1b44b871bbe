// For the reactor: runs what is due and says when the next one is (SRS_NEVER when none is armed).
#pragma once
#include "core/time.h"

srs_usec srs_timers_run(srs_usec now);
