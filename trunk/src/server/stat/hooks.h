// Callbacks by kind, and what became of them.
#pragma once
#include "core/time.h"
#include <stdint.h>

enum srs_hook {
    SRS_HOOK_CONNECT,
    SRS_HOOK_CLOSE,
    SRS_HOOK_PUBLISH,
    SRS_HOOK_UNPUBLISH,
    SRS_HOOK_PLAY,
    SRS_HOOK_STOP,
    SRS_HOOK_FORWARD,
    SRS_HOOKS
};

// "on_connect"
const char *srs_hook_name(enum srs_hook hook);

struct srs_hook_counts {
    uint64_t calls;   // of a URL, each attempt
    uint64_t refused; // answered, but not with success
    uint64_t failed;  // without an answer
    uint64_t lost;    // notifications that were given up, each for all its URLs
    srs_usec took;    // by all calls together
};
