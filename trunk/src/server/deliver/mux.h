// A mux makes the bytes of one output form of packets, for one viewer, into a gather. It keeps no
// state of its own: the same state and packet give the same bytes, so a write that stopped in the
// middle goes on from (packet, byte offset).
#pragma once
#include "core/buf.h"
#include "server/deliver/gather.h"
#include "stream/source.h"

// Whose clock a viewer's times are of.
enum srs_viewer_times {
    SRS_VIEWER_FROM_ZERO,        // the source's timeline, from 0
    SRS_VIEWER_SENDER_FROM_ZERO, // the publisher's from 0, and from 0 again where it falls behind
    SRS_VIEWER_ABSOLUTE,         // the publisher's as it is
};

// What a viewer's next bytes depend on. Copied freely.
struct srs_mux_state {
    srs_usec zero;                      // taken off all times
    uint32_t last_ms[SRS_KINDS];        // of the last message of each kind
    uint32_t announced[SRS_TRACKS_MAX]; // version of the track announced last, by slot; 0 = none
    uint32_t start_ms;                  // of what comes before the first packet
    uint32_t running; // bit a slot: this video track's key frame has gone out since the last jump
    uint16_t told;    // bit a codec: the player was told that it is not sent this one
    uint8_t fresh;    // bit a kind: its next message has a full header
    uint8_t times;    // enum srs_viewer_times
};

_Static_assert(SRS_TRACKS_MAX <= 32, "a bit a slot");
_Static_assert((int)SRS_CODECS <= 16, "a bit a codec");

// What players say of themselves.
enum srs_mux_caps {
    SRS_MUX_ENHANCED = 1,   // they speak Enhanced RTMP
    SRS_MUX_MULTITRACK = 2, // they take all tracks; others the lowest of each kind
    SRS_MUX_MODEX = 4,      // they take ModEx packets
};

// All 0: a player of whom nothing is known.
struct srs_mux_params {
    uint32_t chunk_size;      // RTMP
    uint32_t msid;            // RTMP
    uint16_t refused;         // bit a codec: the player does not take it
    uint8_t caps;             // enum srs_mux_caps
    uint8_t chosen;           // bit a kind: the track is chosen
    uint8_t track[SRS_KINDS]; // then its id
};

// What comes before the first packet, as it was when the viewer began: it must not change while it
// goes out in parts. Referred to, for metadata may be long and viewers many.
struct srs_mux_opening {
    struct srs_packet *metadata; // or NULL
    unsigned count;
    struct srs_track *tracks[SRS_TRACKS_MAX]; // that the viewer gets, video first; also the ones
                                              // that the player does not take
};

struct srs_mux_opening *srs_mux_opening_new(const struct srs_mux_params *params,
                                            const struct srs_source *source);
void srs_mux_opening_free(struct srs_mux_opening *opening);

struct srs_mux {
    const char *name;
    // The opening: file header, metadata, configuration of the tracks that exist.
    void (*start)(const struct srs_mux_params *params, struct srs_mux_state *state,
                  const struct srs_mux_opening *opening, struct srs_gather *gather);
    // A packet, with its track's configuration in front where that was not announced yet; nothing
    // of a track that the player does not get. Moves the state on.
    void (*packet)(const struct srs_mux_params *params, struct srs_mux_state *state,
                   struct srs_packet *packet, struct srs_gather *gather);
};

extern const struct srs_mux srs_mux_rtmp;
extern const struct srs_mux srs_mux_flv;

enum { SRS_MUX_FRESH_ALL = (1 << SRS_KINDS) - 1 };

// What a play URL's video=ID or audio=ID says. TRACK_CHOICE unless it is a number from 0 to 255.
SRS_ERR srs_mux_choose(struct srs_mux_params *params, enum srs_kind kind, struct srs_span text);

// The viewer begins, or jumps.
static inline void srs_mux_state_jump(struct srs_mux_state *state)
{
    state->fresh = SRS_MUX_FRESH_ALL;
    state->running = 0;
}

// For muxes: one RTMP message or FLV tag body as it is put together from a packet or a track: head,
// with `middle` inserted behind its first byte, then payload.
enum { SRS_MUX_HEAD_MAX = 16 };

struct srs_mux_body {
    uint8_t type; // message and tag type: 8, 9, 18
    uint8_t head_size;
    bool common; // the form that most viewers get of this packet
    uint8_t head[SRS_MUX_HEAD_MAX];
    struct srs_span middle; // usually empty
    struct srs_span payload;
};

static inline size_t srs_mux_body_size(const struct srs_mux_body *body)
{
    return body->head_size + body->middle.size + body->payload.size;
}

bool srs_mux_wants_track(const struct srs_mux_params *params, struct srs_mux_state *state,
                         const struct srs_packet *packet);
// Whether the viewer gets this packet: its track is the lowest of its kind, or chosen, or the
// player takes all; and of tracks beside the lowest whether their key frame was there.
static inline bool srs_mux_wants(const struct srs_mux_params *params, struct srs_mux_state *state,
                                 const struct srs_packet *packet)
{
    if ((params->caps & SRS_MUX_MULTITRACK) == 0 && params->chosen == 0)
        return (packet->head.flags & SRS_PACKET_MAIN) != 0;
    return srs_mux_wants_track(params, state, packet);
}
struct srs_mux_body srs_mux_packet_body(const struct srs_mux_params *params,
                                        const struct srs_packet *packet);

// The messages that announce a track: configuration, side information. Returns how many.
enum { SRS_MUX_ANNOUNCE_MAX = 2 };
unsigned srs_mux_track_bodies(const struct srs_mux_params *params, const struct srs_track *track,
                              struct srs_mux_body out[SRS_MUX_ANNOUNCE_MAX]);
static inline bool srs_mux_refuses(const struct srs_mux_params *params,
                                   const struct srs_track *track)
{
    return (params->refused >> track->codec & 1U) != 0;
}
// Output time of a packet in ms, never before 0 but for ABSOLUTE; wraps at 2^32.
uint32_t srs_mux_time_ms(struct srs_mux_state *state, const struct srs_packet_head *head);
