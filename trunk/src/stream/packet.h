// A packet: one coded access unit, audio frame or data message. Immutable once pushed, and counted.
//
// The flat part (head and payload) holds no pointer, so another process could follow it. Forms are
// what outputs make of a packet once and keep with it; stream knows their slots, not what is in
// them.
#pragma once
#include "core/time.h"
#include "stream/arena.h"
#include "stream/track.h"

enum srs_packet_flags {
    SRS_PACKET_KEY = 1,
    SRS_PACKET_DISPOSABLE = 2,
    SRS_PACKET_DISCONTINUITY = 4, // the source's timeline was mended just before it
    SRS_PACKET_CORRUPT = 8,
    SRS_PACKET_METADATA = 16,   // data: onMetaData, which joiners get first
    SRS_PACKET_MAIN = 32,       // of the lowest track of its kind; the push sets it
    SRS_PACKET_MULTITRACK = 64, // opaque: a multitrack message
};

struct srs_packet_head {
    uint8_t kind;  // enum srs_kind
    uint8_t codec; // enum srs_codec
    uint8_t track_id;
    uint8_t flags;
    uint32_t track_version;
    uint32_t size;       // of the payload
    uint32_t extra_size; // of what lies behind the payload: the ModEx packets in front of an RTMP
                         // message, as they came, for players that take them
    srs_usec dts; // before the push: the sender's clock, unwrapped; after it: the source's timeline
    srs_usec pts;
    srs_usec moved;   // what the push added to the sender's dts
    srs_usec arrived; // monotonic
};

enum { SRS_PACKET_FORMS = 4 };

struct srs_packet;
struct srs_packet_log;

// Kinds of forms are static tables of the output code.
struct srs_form_ops {
    const char *name;
    unsigned slot; // 0 to SRS_PACKET_FORMS - 1, one for each kind of form
    void (*free)(void *form);
    size_t (*bytes)(const void *form); // of memory, which counts for limits; may be NULL
};

struct srs_packet {
    int refs;
    uint32_t form_bytes;
    bool in_arena;
    struct srs_packet_log *log; // that holds it, NULL for none
    struct srs_track *track;    // the version it needs; a reference
    struct {
        const struct srs_form_ops *ops;
        void *form;
    } forms[SRS_PACKET_FORMS];
    struct srs_packet_head head;
    uint8_t payload[];
};

// Payload is left for the caller to fill before the push. NO_MEMORY. `track` is borrowed; the
// packet takes a reference.
SRS_ERR srs_packet_new(struct srs_track *track, size_t size, struct srs_packet **out);
// The same, in the arena of its source where it fits there.
SRS_ERR srs_packet_new_in(struct srs_arena *arena, struct srs_track *track, size_t size,
                          struct srs_packet **out);
// Room for `extra` bytes behind the payload is counted in `size`; they leave the payload by this.
static inline void srs_packet_set_extra(struct srs_packet *packet, uint32_t extra)
{
    packet->head.size -= extra;
    packet->head.extra_size = extra;
}
struct srs_packet *srs_packet_ref(struct srs_packet *packet);
void srs_packet_unref(struct srs_packet *packet);

// The form kept in its slot, NULL if none was made.
void *srs_packet_form(const struct srs_packet *packet, const struct srs_form_ops *ops);
// Keeps it, replacing an older one. The packet owns it from here on.
void srs_packet_keep_form(struct srs_packet *packet, const struct srs_form_ops *ops, void *form);

// Bytes of memory a packet counts for in limits.
static inline size_t srs_packet_bytes(const struct srs_packet *packet)
{
    return sizeof *packet + packet->head.size + packet->head.extra_size + packet->form_bytes;
}
