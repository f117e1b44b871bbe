// How much of the server each address, vhost and stream uses: who publishes and plays there now,
// and how fast their bytes come and go.
//
// Each client holds a place, with an entry of each kind. An entry goes with its last place, so that
// there are never more than three for each client. Bytes are not counted where they are sent: a
// sample looks at what the connections of all places have carried. IPv6 counts by /64.
#pragma once
#include "core/net.h"

enum srs_usage_kind { SRS_USAGE_ADDRESS, SRS_USAGE_VHOST, SRS_USAGE_STREAM, SRS_USAGE_KINDS };

enum { SRS_USAGE_WINDOW = 5 }; // samples that rates are averages over

struct srs_usage_entry;

// Of one address, vhost or stream.
struct srs_used {
    unsigned publishers;
    unsigned players;
    uint32_t in_kbps; // averages over the window; what was before it, or before the first client,
                      // is nothing
    uint32_t out_kbps;
    unsigned above; // samples in a row that found it above a limit; for whoever limits it, 0 again
                    // with a new publisher
};

// A zeroed one is empty.
struct srs_usage {
    struct srs_usage_entry *tables[SRS_USAGE_KINDS]; // by name or address
    struct srs_list places;
    struct srs_list entries;
    unsigned place_count;
    unsigned entry_count;
    srs_usec spans[SRS_USAGE_WINDOW]; // that the samples of the window are about
    unsigned at;                      // of these, the next one's
    srs_usec sampled_at;              // 0 = never
};

// Embedded in a session; zeroed it is no place.
struct srs_place {
    struct srs_list link;
    struct srs_usage *usage; // NULL while it is no place
    struct srs_conn *conn;
    struct srs_usage_entry *entries[SRS_USAGE_KINDS];
    uint64_t in; // bytes of the connection that are counted already
    uint64_t out;
    bool publish;
};

struct srs_usage_client {
    struct srs_conn *conn; // must outlive the place
    const char *vhost;
    const char *app;
    const char *stream;
    bool publish;
};

// Counts a client from here on. LIMIT for a name that is too long, NO_MEMORY.
SRS_ERR srs_usage_enter(struct srs_usage *usage, const struct srs_usage_client *client,
                        struct srs_place *place);
// Harmless for what is no place.
void srs_usage_leave(struct srs_place *place);

const struct srs_used *srs_place_used(const struct srs_place *place, enum srs_usage_kind kind);
// A stream by its key; NULL when it has no client.
struct srs_used *srs_usage_stream(const struct srs_usage *usage, const char *key);

// Call it about each second. Others run in between when there are many places. After a pause of
// more than three seconds the window begins anew. CANCELED.
SRS_YIELDS SRS_ERR srs_usage_sample(struct srs_usage *usage, srs_usec now);
