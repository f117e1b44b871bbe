// Names and pauses of a copy, for its tests.
#pragma once
#include "core/err.h"
#include "core/time.h"
#include "server/config/config.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SRS_FORWARD_TEXT = 1024 };

// What the other server is asked for: its own name takes the place of the default vhost.
struct srs_forward_names {
    char tc_url[SRS_FORWARD_TEXT];
    char stream[SRS_FORWARD_TEXT]; // with its parameters
};
struct srs_forward_target {
    const char *host; // an IPv6 address without brackets
    uint16_t port;
    const char *vhost;
    const char *app;
    const char *stream;
    const char *param;
    bool tls;
};
// LIMIT when they are too long.
SRS_ERR srs_forward_names(const struct srs_forward_target *target, struct srs_forward_names *out);

// A copy's place as a back-end names it: rtmp://host[:port]/app/stream?k=v, where the application
// may be of several parts.
struct srs_forward_place {
    struct srs_config_remote to;
    char app[SRS_FORWARD_TEXT];
    struct srs_forward_names names;
};
// SYSTEM_FORWARD_LOOP for what is no such URL, RTMPS too; LIMIT.
SRS_ERR srs_forward_place_read(const char *url, struct srs_forward_place *out);

// How long to wait before the next attempt. A copy that went well for a while begins anew.
struct srs_forward_pause {
    srs_usec next; // 0: the first
};
srs_usec srs_forward_pause_next(struct srs_forward_pause *pause, srs_usec lasted, uint32_t random);
