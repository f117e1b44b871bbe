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
    srs_usec zero;                 // taken off all times
    uint32_t last_ms[SRS_KINDS];   // of the last message of each kind
    uint32_t announced[SRS_KINDS]; // version of the track announced last, 0 = none
    uint32_t start_ms;             // of what comes before the first packet
    uint8_t fresh;                 // bit a kind: its next message has a full header
    uint8_t times;                 // enum srs_viewer_times
};

struct srs_mux_params {
    uint32_t chunk_size; // RTMP
    uint32_t msid;       // RTMP
};

struct srs_mux {
    const char *name;
    // What comes before the first packet: file header, metadata, configuration of the tracks that
    // exist.
    void (*start)(const struct srs_mux_params *params, struct srs_mux_state *state,
                  const struct srs_source *source, struct srs_gather *gather);
    // A packet, with its track's configuration in front where that was not announced yet. Moves the
    // state on.
    void (*packet)(const struct srs_mux_params *params, struct srs_mux_state *state,
                   struct srs_packet *packet, struct srs_gather *gather);
};

extern const struct srs_mux srs_mux_rtmp;
extern const struct srs_mux srs_mux_flv;

enum { SRS_MUX_FRESH_ALL = (1 << SRS_KINDS) - 1 };

// For muxes: one RTMP message or FLV tag body as it is put together from a packet or a track.
struct srs_mux_body {
    uint8_t type; // message and tag type: 8, 9, 18
    uint8_t head_size;
    uint8_t head[5]; // audio or video tag header
    struct srs_span payload;
};
struct srs_mux_body srs_mux_packet_body(const struct srs_packet *packet);
// False when the track has nothing to announce.
bool srs_mux_track_body(const struct srs_track *track, struct srs_mux_body *out);
// Output time of a packet in ms, never before 0 but for ABSOLUTE; wraps at 2^32.
uint32_t srs_mux_time_ms(struct srs_mux_state *state, const struct srs_packet_head *head);
