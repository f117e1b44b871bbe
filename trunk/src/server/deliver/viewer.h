// A viewer: one TCP connection that plays a source. It is the connection's only output: control
// bytes and media leave through its flush, which does not yield and which anyone may call: the
// source's beat, the session, a joiner's start.
//
// The session that owns it waits for input, for a socket that was full, and for the end
// (srs_viewer_wait).
#pragma once
#include "core/net.h"
#include "server/deliver/seen.h"
#include "server/deliver/writer.h"

enum srs_viewer_framing { SRS_VIEWER_PLAIN, SRS_VIEWER_HTTP_CHUNKED, SRS_VIEWER_WEBSOCKET };

struct srs_viewer_options {
    const struct srs_mux *mux;
    struct srs_mux_params params;
    enum srs_viewer_framing framing;
    enum srs_viewer_times times;
    bool atc_auto;          // ABSOLUTE when the metadata asks for it
    srs_usec send_timeout;  // how long a blocked socket may take nothing
    srs_usec send_interval; // least time between two messages, 0 for none
    size_t send_buffer;     // of the kernel, bytes; 0: by the stream's bitrate and `beat`
    srs_usec beat;
};

struct srs_viewer_stats {
    uint64_t packets;
    uint64_t skipped; // packets lost by falling off the log
    uint64_t jumps;
    srs_usec joined_at;
    srs_usec first_media_at; // 0 = none yet
};

struct srs_viewer {
    struct srs_consumer consumer;
    struct srs_conn *conn;
    struct srs_writer *writer; // the worker's
    struct srs_viewer_options options;
    struct srs_mux_state state;
    struct srs_mux_opening *opening; // until it is sent
    size_t ahead;                    // pending bytes that go out before it
    struct srs_packet *held;         // sent in part; a reference
    size_t offset;                   // bytes that are sent of either
    struct srs_buf pending;          // goes out before the next packet
    struct srs_buf between;          // goes out between two frames, as it is
    size_t frame_left;               // bytes still to come of the chunk or frame that was announced
    uint8_t frame_rest_size;
    uint8_t frame_rest[14]; // of a chunk's head or tail that was cut
    uint8_t muted;          // bit a kind: it is not sent
    bool started;
    bool blocked;  // the socket took less than it was offered
    bool more;     // a flush gave way before it was through
    bool paced;    // the next message waits for its time
    bool ended;    // the source's publisher has gone at least once
    uint16_t told; // see struct srs_mux_state; the session is poked when it becomes more
    srs_usec blocked_since;
    srs_usec paced_until; // with a send_interval: when the next message may go
    srs_err failed;
    struct srs_err_trace *story; // of it
    struct srs_viewer_stats stats;
    struct srs_seen *seen; // counted into as well; NULL for nowhere. Outlives the viewer
};

// The connection and the writer are borrowed. Joins nothing yet.
void srs_viewer_init(struct srs_viewer *viewer, struct srs_conn *conn, struct srs_writer *writer,
                     const struct srs_viewer_options *options);
// Leaves the source.
void srs_viewer_fini(struct srs_viewer *viewer);

// Joins and sends at once what there is.
void srs_viewer_join(struct srs_viewer *viewer, struct srs_source *source);

// Bytes to go out at the next message boundary, before all packets. LIMIT when the peer lets them
// pile up.
SRS_ERR srs_viewer_control(struct srs_viewer *viewer, struct srs_span bytes);

// Bytes to go out between two frames of the framing, before all others: of a peer that has
// something to say on the framing's own level. LIMIT as above.
SRS_ERR srs_viewer_between(struct srs_viewer *viewer, struct srs_span bytes);

// Kinds, a bit each, that are left out from here on; none at first. Video comes back with a key
// frame.
void srs_viewer_mute(struct srs_viewer *viewer, uint8_t kinds);

// Sends what the socket takes. Errors are kept for srs_viewer_wait.
void srs_viewer_flush(struct srs_viewer *viewer);

// Waits, keeping the output going meanwhile, until there may be input to read (see
// srs_conn_readable) or srs_conn_poke was called. SOCKET_WRITE, SEND_TIMEOUT, SOCKET_TIMEOUT at the
// deadline, CANCELED.
SRS_YIELDS SRS_ERR srs_viewer_wait(struct srs_viewer *viewer, srs_usec deadline);

// Nothing is sent in part: neither a packet nor control bytes nor a frame.
bool srs_viewer_is_idle(const struct srs_viewer *viewer);
// No frame is sent in part.
bool srs_viewer_is_between_frames(const struct srs_viewer *viewer);

// Media time that waits in the log for this viewer.
srs_usec srs_viewer_queue_age(const struct srs_viewer *viewer);

// The session behind a consumer of a source whose consumers are all viewers.
static inline struct srs_viewer *srs_viewer_of(struct srs_consumer *consumer)
{
    return srs_list_entry(consumer, struct srs_viewer, consumer);
}
