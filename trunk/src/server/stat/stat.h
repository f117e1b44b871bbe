// What the server counts beside its clients and streams, for the metrics. Names are literals.
#pragma once
#include "core/histogram.h"
#include "core/net.h"
#include "server/stat/system.h"

enum { SRS_STAT_PROTOCOLS = 16, SRS_STAT_CALLBACKS = 16 };

// All connections of a protocol.
struct srs_stat_protocol {
    const char *name; // as the log names its port
    struct srs_traffic traffic;
};

// Of one call of one URL, but for the last.
enum srs_stat_outcome {
    SRS_STAT_ALLOWED,   // the back-end took it
    SRS_STAT_REFUSED,   // the back-end answered something else
    SRS_STAT_FAILED,    // no answer, or one that the back-end is not well
    SRS_STAT_ABANDONED, // the client left first, or the server ended
    SRS_STAT_DROPPED,   // a message that was given up
    SRS_STAT_OUTCOMES,
};

// All calls of a callback.
struct srs_stat_callback {
    const char *name; // "on_publish"
    unsigned under_way;
    unsigned waiting; // messages that are told in the background
    uint64_t outcomes[SRS_STAT_OUTCOMES];
    struct srs_histogram took;
};

struct srs_stat {
    struct srs_stat_protocol protocols[SRS_STAT_PROTOCOLS]; // [0..protocol_count)
    unsigned protocol_count;
    struct srs_stat_callback callbacks[SRS_STAT_CALLBACKS]; // [0..callback_count)
    unsigned callback_count;
    uint64_t reloads_done;
    uint64_t reloads_refused;
    bool reload_refused; // the last one
    uint64_t handshakes_done;
    uint64_t handshakes_failed; // also of those who left in the middle
    uint64_t api_missing;       // requests to the API without credentials, where it asks for them
    uint64_t api_wrong;         // and those with wrong ones
    struct srs_system system;
};

// Where connections of that protocol count; made if it is new.
struct srs_traffic *srs_stat_traffic(struct srs_stat *stat, const char *protocol);
// All protocols together.
struct srs_traffic srs_stat_total(const struct srs_stat *stat);

// A call of a callback begins; how it ends. A message is only ended, as DROPPED.
void srs_stat_callback_begin(struct srs_stat *stat, const char *name);
void srs_stat_callback_end(struct srs_stat *stat, const char *name, enum srs_stat_outcome outcome,
                           srs_usec took);
// So many messages more or less (negative) are to be told in the background.
void srs_stat_callback_wait(struct srs_stat *stat, const char *name, int change);
// What has been counted of a callback, NULL when nothing was.
const struct srs_stat_callback *srs_stat_callback_find(const struct srs_stat *stat,
                                                       const char *name);
