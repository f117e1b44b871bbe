// A source: one live stream (vhost, app, stream) with at most one publisher and any number of
// consumers.
//
// The publisher pushes packets into the log; a consumer is a cursor into it and is never queued
// for. A source exists while it has a publisher or a consumer; the last to leave frees it. Players
// may come before their publisher.
#pragma once
#include "core/list.h"
#include "stream/meter.h"
#include "stream/mixer.h"
#include "stream/packet_log.h"
#include "stream/tally.h"
#include "stream/timeline.h"

// OBS sends up to ten video and six audio tracks, and data is a track too.
enum { SRS_TRACKS_MAX = 20, SRS_STREAM_NAME_MAX = 512 };

struct srs_sources;
struct srs_source;
struct srs_consumer;

// What the server hangs on a source. `user` is passed through.
struct srs_source_ops {
    // A packet was pushed: flush now, soon or at the beat, as the source's viewers are served.
    void (*pushed)(struct srs_source *source, const struct srs_packet *packet);
    // The first consumer came or the last one went; the publisher came or went; what a source
    // without publisher still keeps may not be needed any more, which a walk would tell.
    void (*changed)(struct srs_source *source);
    // The source is about to be freed: take off it what was hung on.
    void (*freed)(struct srs_source *source);
};

struct srs_consumer_ops {
    // The publisher has gone (the source may live on and come back).
    void (*unpublished)(struct srs_consumer *consumer);
};

// Embedded in a viewer.
struct srs_consumer {
    struct srs_list link;
    struct srs_source *source;
    const struct srs_consumer_ops *ops;
    uint64_t next; // number of the packet to be sent next
    bool need_key; // video is skipped until a key frame
};

struct srs_source_stats {
    uint64_t bytes_in; // payload bytes pushed
    uint64_t video_packets;
    uint64_t audio_packets;
    uint64_t data_packets;
    uint64_t jumps;     // of the timeline
    uint64_t overflows; // times that a limit dropped what somebody still needed
    uint64_t skipped;   // packets that consumers lost by that, added by output code
    uint64_t unusable;  // frames before their configuration, added by the ingest
    uint64_t bytes_out; // wire bytes to consumers, added by output code
    uint64_t consumers_total;
    uint64_t delayed; // packets to consumers, and how long they took together from arrival to
    srs_usec delay;   // socket, added by output code
};

// Bit rates over the last window; the server's statistics fill it in.
struct srs_rate {
    srs_usec at; // start of the window that runs now, 0 = none yet
    uint64_t in; // counters at that time
    uint64_t out;
    uint32_t in_kbps;
    uint32_t out_kbps;
};

enum { SRS_SOURCE_PUBLISHER_ID = 16 };

// How a publisher's packets are taken in; a new one begins with what was asked for last.
struct srs_source_intake {
    bool mix;            // audio and video in one order of time
    bool repeat_headers; // a configuration that comes again goes to the viewers again
};

struct srs_source {
    int refs;
    char *key;   // vhost/app/stream, in the registry
    char *vhost; // parts of the key, each terminated
    char *app;
    char *stream;
    struct srs_packet_log log;
    struct srs_arena arena; // for the publisher's packets
    struct srs_timeline timeline;
    struct srs_timeline data_timeline; // while the publisher sends nothing but data
    bool data_only;
    struct srs_source_intake intake; // of the next publisher
    struct srs_mixer *mixer;         // NULL when the publisher's packets go in as they come
    bool repeat_headers;
    struct srs_track *tracks[SRS_TRACKS_MAX]; // the current versions
    unsigned track_count;
    struct srs_meter meters[SRS_TRACKS_MAX]; // of the tracks, by their place
    uint8_t lowest_id[SRS_KINDS];            // of the tracks of a kind, 255 while there is none
    uint32_t track_versions; // given so far: a version is never used twice, also not by the next
                             // publisher
    struct srs_packet *metadata; // the last onMetaData
    size_t unfinished;           // bytes of messages that its publisher has not sent whole
    const void *publisher;       // whoever claimed it; NULL when nobody has
    srs_usec published_at;
    struct srs_list consumers;
    unsigned consumer_count;
    unsigned copies; // of these, those that are no clients: they copy it to other servers
    uint64_t oldest; // no consumer's `next` is less (a lower bound); UINT64_MAX without consumers
    struct srs_list walker; // in `consumers` behind the last one visited, while a walk is on
    uint64_t walked_oldest;
    struct srs_source_stats stats;
    struct srs_rate rate;
    char publisher_id[SRS_SOURCE_PUBLISHER_ID]; // as clients are named; of the last one, "" before
                                                // the first
    const struct srs_source_ops *ops;
    void *user;
    struct srs_sources *sources;
    uint32_t id; // unique in this process; the API makes its text from it
};

SRS_ERR srs_sources_new(const struct srs_source_ops *ops, struct srs_sources **out);
// All sources must be gone.
void srs_sources_free(struct srs_sources *sources);
unsigned srs_sources_count(const struct srs_sources *sources);
// Bytes in and out of sources that are no more, by vhost.
const struct srs_tally *srs_sources_gone(const struct srs_sources *sources);
// Bytes that all logs hold, and may hold (0: any number), which their publishers then share.
size_t srs_sources_bytes(const struct srs_sources *sources);
// When one last had to give way to that limit; 0 = never, since it was set.
srs_usec srs_sources_shed_at(const struct srs_sources *sources);
void srs_sources_set_limit(struct srs_sources *sources, size_t bytes);
// The source after `previous` (NULL: the first) in the order of creation, NULL at the end. Hold no
// pointer over a yield without a reference.
struct srs_source *srs_sources_next(const struct srs_sources *sources, struct srs_source *previous);
struct srs_source *srs_sources_find(const struct srs_sources *sources, const char *vhost,
                                    const char *app, const char *stream);

// The source of that name, made if there is none, with a reference. Limits are those of its vhost
// now; an existing source takes them over. LIMIT for a name that is too long, NO_MEMORY.
SRS_ERR srs_source_get(struct srs_sources *sources, const char *vhost, const char *app,
                       const char *stream, const struct srs_log_limits *limits,
                       struct srs_source **out);
struct srs_source *srs_source_ref(struct srs_source *source);
// A source without publisher and consumers leaves the registry with its last reference.
void srs_source_unref(struct srs_source *source);

// Claims it; `publisher` is any pointer of the claimer's own. SYSTEM_STREAM_BUSY. Takes a
// reference.
SRS_ERR srs_source_publish(struct srs_source *source, const void *publisher, srs_usec now);
// Ends the claim: tells the consumers, empties the log. The reference goes; harmless for another's
// publisher.
void srs_source_unpublish(struct srs_source *source, const void *publisher);

// A new version of a track; ignored when it is the same as the current one, unless configurations
// are to be repeated. *current is the one
// that packets must point to, borrowed. LIMIT above SRS_TRACKS_MAX tracks. Takes the reference to
// `track`.
SRS_ERR srs_source_set_track(struct srs_source *source, struct srs_track *track,
                             struct srs_track **current);
// The current version, NULL when there is none. The lowest id when `id` is negative.
struct srs_track *srs_source_track(const struct srs_source *source, enum srs_kind kind, int id);

// What is kept of messages that the publisher has not sent whole counts for the limit of all
// sources too. MEDIA_MEMORY when they are over it and this alone is above the publisher's part.
SRS_ERR srs_source_hold_unfinished(struct srs_source *source, size_t bytes, srs_usec now);
// The last onMetaData is none any more.
void srs_source_forget_metadata(struct srs_source *source);

// Takes the reference. dts and pts are in the sender's clock; they come out on the source's
// timeline. NO_MEMORY.
SRS_ERR srs_source_push(struct srs_source *source, struct srs_packet *packet);

// Joins: the cursor stands at the start of the current gop, or at the end. Takes a reference.
void srs_consumer_join(struct srs_consumer *consumer, struct srs_source *source,
                       const struct srs_consumer_ops *ops);
// Harmless when it is in no source.
void srs_consumer_leave(struct srs_consumer *consumer);
// The consumer has had all there is, outside of a walk.
void srs_consumer_caught_up(const struct srs_consumer *consumer);
// The next packet for this consumer at or behind *number, which moves to it; NULL at the end. A
// cursor that fell off the log jumps to the last key frame; *jumped says so. Borrowed until the
// next push.
struct srs_packet *srs_consumer_peek(const struct srs_consumer *consumer, uint64_t *number,
                                     bool *need_key, bool *jumped);
// A walk over all consumers that may yield between two of them while consumers come and go: next
// gives NULL when all have been visited, which ends it; the log is then trimmed to what they still
// need. One walk at a time.
void srs_source_walk_begin(struct srs_source *source);
bool srs_source_walking(const struct srs_source *source);
struct srs_consumer *srs_source_walk_next(struct srs_source *source);
// Bytes per second of what the log holds, 0 when it holds too little to tell.
size_t srs_source_bitrate(const struct srs_source *source);
