// What was odd but accepted, collected while loading. Private to config.
#pragma once
#include "server/config/config.h"

struct srs_config_notes {
    char *lines[SRS_CONFIG_NOTES_MAX]; // [0..count)
    size_t count;
    size_t dropped;
};

// The same line is kept once. A NULL `notes` takes nothing.
void srs_config_note(struct srs_config_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void srs_config_notes_fini(struct srs_config_notes *notes);
