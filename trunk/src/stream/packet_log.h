// A source's log of packets, which is its gop cache too: packets by number, from the older of the
// start of the current gop and the oldest live cursor, within limits of age, count and bytes. Over
// a limit the oldest whole gop goes; when the current gop itself is too long, no joiner starts
// there any more, and from its front goes what is over the limit: who joins or was that far behind
// starts at the next key frame. A gop that is too long because its video has stopped is the last
// one: what follows is kept as a stream without video is.
#pragma once
#include "stream/packet.h"

struct srs_log_limits {
    bool gop_cache; // keep the current gop for joiners
    srs_usec age;   // of the oldest packet, by arrival
    size_t packets;
    size_t bytes;
};

// What all logs hold together. Once it is over its limit, a log goes on within its equal part: who
// has more of it gives it back with its next packet, who has less is not touched.
struct srs_log_budget {
    size_t used;
    size_t limit;     // SIZE_MAX for none
    size_t part;      // of each
    srs_usec shed_at; // when a log last had to give something back, 0 = never
};

struct srs_packet_log {
    struct srs_log_limits limits;
    struct srs_log_budget *budget; // shared, or NULL
    struct srs_packet **ring;      // capacity is a power of two
    size_t capacity;
    uint64_t first; // number of the oldest packet kept
    uint64_t next;  // number of the next packet
    uint64_t gop;   // where joiners start, or SRS_LOG_NO_GOP
    uint64_t begin; // the publisher's first packet: joiners start no earlier
    size_t bytes;   // of its packets, and of the tracks that these need
    size_t beside;  // what its publisher holds otherwise: of the budget, and off the log's part
    srs_usec oldest_arrived; // of the packet `first`: its own memory has long left the processor's
                             // caches
    srs_usec video_arrived;  // of the newest video packet
    bool has_video;
};

#define SRS_LOG_NO_GOP UINT64_MAX

void srs_packet_log_init(struct srs_packet_log *log, const struct srs_log_limits *limits,
                         struct srs_log_budget *budget);
// From here on; without a gop cache joiners start at what comes next.
void srs_packet_log_set_limits(struct srs_packet_log *log, const struct srs_log_limits *limits);
// Drops all packets; numbers go on.
void srs_packet_log_clear(struct srs_packet_log *log);
void srs_packet_log_fini(struct srs_packet_log *log);
// The publisher has gone: what is kept is for the cursors only.
void srs_packet_log_end_gops(struct srs_packet_log *log);

// Takes the reference, also when it fails (NO_MEMORY). `oldest` is the least number that a live
// cursor still needs (UINT64_MAX when there is none).
SRS_ERR srs_packet_log_push(struct srs_packet_log *log, struct srs_packet *packet, uint64_t oldest);

// A packet of the log counted for `before` bytes more than itself and does for `after` now.
void srs_packet_log_recount(struct srs_packet_log *log, size_t before, size_t after);

// What the publisher holds beside the log is this much from here on.
void srs_packet_log_set_beside(struct srs_packet_log *log, size_t bytes);
// Over the budget and over its part of it: what the log holds together with what is beside it.
bool srs_packet_log_over_part(const struct srs_packet_log *log);
// Gives back what is over a limit, without waiting for the next packet.
void srs_packet_log_give_way(struct srs_packet_log *log, uint64_t oldest);

// Drops what neither a joiner nor the oldest cursor needs.
void srs_packet_log_trim(struct srs_packet_log *log, uint64_t oldest);

// The packet with this number, first <= number < next. Borrowed until the next push.
static inline struct srs_packet *srs_packet_log_at(const struct srs_packet_log *log,
                                                   uint64_t number)
{
    return log->ring[number & (log->capacity - 1)];
}
