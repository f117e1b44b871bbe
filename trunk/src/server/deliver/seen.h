// What all viewers of a kind have seen together, those that are gone too.
#pragma once
#include "core/histogram.h"

struct srs_seen {
    struct srs_histogram join;  // from asking to the first media, where somebody published already
    struct srs_histogram delay; // of each packet that came after the join, from its arrival to the
                                // socket
    uint64_t packets;
    uint64_t skipped; // lost by falling off the log
    uint64_t jumps;
};
