// Bytes by name, added up: what the streams of a vhost have carried that are no more. Names are few
// and come from the configuration.
#pragma once
#include <stdint.h>

struct srs_tally_entry;

// A zeroed tally is empty.
struct srs_tally {
    struct srs_tally_entry *table; // by name
};

struct srs_tally_sum {
    uint64_t in;
    uint64_t out;
};

// Without memory for a new name nothing is added.
void srs_tally_add(struct srs_tally *tally, const char *name, uint64_t in, uint64_t out);
struct srs_tally_sum srs_tally_get(const struct srs_tally *tally, const char *name);
void srs_tally_fini(struct srs_tally *tally);
