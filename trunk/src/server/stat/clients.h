// The connections of the server that publish or play, for the API and the metrics.
#pragma once
#include "core/co.h"
#include "core/net.h"
#include "server/deliver/viewer.h"

enum { SRS_CLIENT_ID = 16, SRS_CLIENT_KINDS = 16 };

// All clients of a type, those that are gone too.
struct srs_client_kind {
    const char *type; // static
    bool publish;
    unsigned now;
    uint64_t total;
    uint64_t errors; // that ended with one
    struct srs_seen seen;
};

// Embedded in a session. Texts that a client did not send are NULL.
struct srs_client {
    struct srs_list link;
    struct srs_list publish_link; // of a publisher
    char id[SRS_CLIENT_ID];       // the context id of its connection
    const char *type;             // "rtmp-play", as the API names it; static
    struct srs_client_kind *kind;
    bool publish;
    struct srs_source *source; // a reference
    struct srs_conn *conn;
    const struct srs_viewer *viewer; // of a player
    struct srs_co *co;               // ended by a kick
    srs_err kicked;                  // why it is to end; OK while it is not
    srs_usec since;
    char *tc_url;
    char *page_url;
    char *swf_url;
    char *name; // as asked for
    struct srs_rate rate;
};

struct srs_clients {
    struct srs_list all;        // in order of arrival
    struct srs_list publishers; // those of them that publish
    struct srs_list walks;
    struct srs_event left; // one was removed
    unsigned count;
    uint64_t total;
    uint64_t errors;
    struct srs_client_kind kinds[SRS_CLIENT_KINDS]; // [0..kind_count), in the order they came
    unsigned kind_count;
};

void srs_clients_init(struct srs_clients *clients);

struct srs_client_info {
    const char *type;
    bool publish;
    struct srs_source *source;
    struct srs_conn *conn;
    struct srs_viewer *viewer; // counts into its kind from here on
    const char *tc_url;        // these are copied; NULL or "" for none
    const char *page_url;
    const char *swf_url;
    const char *name;
};
// The running coroutine is the session's. NO_MEMORY.
SRS_ERR srs_clients_add(struct srs_clients *clients, struct srs_client *client,
                        const struct srs_client_info *info);
// The kind of that name, made if there is none; publish is told by the first.
struct srs_client_kind *srs_clients_kind(struct srs_clients *clients, const char *type,
                                         bool publish);
// Counts how it ends, before it is removed: a kick, a peer that left and an end of our own are no
// errors. Harmless when it was not added.
void srs_clients_note_end(struct srs_clients *clients, const struct srs_client *client,
                          srs_err err);
// Harmless when it was not added.
void srs_clients_remove(struct srs_clients *clients, struct srs_client *client);
// Asks it to end; `why` is KICKED, VHOST_GONE or the like.
void srs_client_kick(struct srs_client *client, srs_err why);
struct srs_client *srs_clients_find(const struct srs_clients *clients, const char *id);
// Who publishes that source, NULL when nobody does.
struct srs_client *srs_clients_publisher(const struct srs_clients *clients,
                                         const struct srs_source *source);

// A walk over all clients that may yield between two steps while clients come and go. What next
// gives is valid until the next yield. End it also when it is left early.
struct srs_clients_walk {
    struct srs_list link;
    struct srs_list *at; // the node that comes next
};
void srs_clients_walk_begin(struct srs_clients *clients, struct srs_clients_walk *walk);
struct srs_client *srs_clients_walk_next(const struct srs_clients *clients,
                                         struct srs_clients_walk *walk);
void srs_clients_walk_end(struct srs_clients_walk *walk);

// Bit rates are averages over windows of 30 s; call it some times in each, it takes a sample when a
// window is over.
void srs_clients_sample(struct srs_clients *clients, srs_usec now);
