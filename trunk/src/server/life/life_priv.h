// Between start.c and quit.c.
#pragma once
#include "core/parent.h"
#include "core/pid_file.h"
#include "core/privilege.h"
#include "server/life/life.h"

struct srs_life {
    struct srs_background background;
    struct srs_pid_file pid_file;
    struct srs_privilege privilege;
    const char *log_file; // of the configuration that the process started with; NULL: console
    pid_t parent;         // whose end is ours, 0 for nobody's

    struct srs_scope scope;
    struct srs_event asked;
    unsigned pending; // a bit a request
    bool leaving;     // a graceful quit is under way
    struct srs_config *const *config;
    struct srs_clients *clients;
};

// Watches the parent, if its end is ours.
SRS_ERR srs_life_watch_parent(struct srs_life *life);
