// The server's side of one RTMP connection: handshake, connect, publish or play, as a state machine
// without sockets.
//
// The session feeds what it reads, takes events until AGAIN, answers those that ask, and writes
// what is pending:
//     srs_rtmp_server_feed(&server, bytes);
//     while ((err = srs_rtmp_server_next(&server, &event)) == SRS_OK) ...
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include "protocol/rtmp/chunk.h"
#include "protocol/rtmp/handshake.h"
#include "protocol/rtmp/message.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SRS_RTMP_WINDOW_ACK =
        2500000, // what SRS announces, and the most that goes without an acknowledgement
    // A client's answers together stay below 2 KiB; more can only pile up by flooding us without
    // reading.
    SRS_RTMP_PENDING_MAX = 64 * 1024,
    // From the handshake to publish or play: real clients need 10 messages and 4 KiB.
    SRS_RTMP_SETUP_MESSAGES_MAX = 256,
    SRS_RTMP_SETUP_BYTES_MAX = 256 * 1024,
    SRS_RTMP_SETUP_ASSEMBLED_MAX = 128 * 1024,
    // Of an aggregate; senders put some hundreds of ms into one.
    SRS_RTMP_PARTS_MAX = 4096,
    // At a time; Flash makes one for each stream it shows.
    SRS_RTMP_CREATE_STREAMS_MAX = 32,
    // Our answers use these; media may use any other.
    SRS_RTMP_CSID_COMMAND = 3,
    SRS_RTMP_CSID_STATUS = 5
};

struct srs_rtmp_server_config {
    uint32_t window_ack;     // 0 = SRS_RTMP_WINDOW_ACK
    uint32_t peer_bandwidth; // 0 = SRS_RTMP_WINDOW_ACK
    uint32_t chunk_size;     // of what we send once connect is accepted; 0 = 60000
    uint32_t time_ms;        // for the handshake
    uint64_t seed;           // for the handshake
    bool handshaken;         // the handshake was done by someone else
};

enum srs_rtmp_event_kind {
    SRS_RTMP_EVENT_CONNECT, // answer: accept_connect or reject_connect
    SRS_RTMP_EVENT_PUBLISH, // answer: accept_publish or refuse_publish
    SRS_RTMP_EVENT_PLAY,    // answer: accept_play or refuse_play
    SRS_RTMP_EVENT_MEDIA,   // audio, video or data of the publisher; never an aggregate, these come
                            // in their parts
    SRS_RTMP_EVENT_UNPUBLISH,
    SRS_RTMP_EVENT_STOP_PLAY,
    SRS_RTMP_EVENT_PAUSE, // these four are answered already
    SRS_RTMP_EVENT_SEEK,  // refused: a live stream has no past
    SRS_RTMP_EVENT_RECEIVE_AUDIO,
    SRS_RTMP_EVENT_RECEIVE_VIDEO
};

// How a publisher came to publish, by the encoder that made the order known.
enum srs_rtmp_flow {
    SRS_RTMP_FLOW_FLASH,     // createStream, publish
    SRS_RTMP_FLOW_FMLE,      // releaseStream and FCPublish, or one of them, before createStream
    SRS_RTMP_FLOW_HAIVISION, // createStream before them
    SRS_RTMP_FLOWS
};

struct srs_rtmp_event {
    enum srs_rtmp_event_kind kind;
    struct srs_rtmp_msg media; // MEDIA; the payload is valid until the next call of next or feed
    bool on;                   // PAUSE, RECEIVE_*
    double ms;                 // PAUSE, SEEK
};

// What connect and then publish or play asked for.
struct srs_rtmp_request {
    struct srs_rtmp_connect connect;
    char *stream;       // as sent, with its query; "" if none; NULL before publish or play
    char *publish_type; // "live", "record", "append", ""; NULL unless publish
    double start;       // play: seconds, negative = live
    double duration;    // play: negative = endless
    bool reset;
};

struct srs_rtmp_server {
    struct srs_rtmp_reader reader;
    struct srs_buf out;
    struct srs_rtmp_hs *hs;           // NULL after the handshake
    struct srs_rtmp_request *request; // NULL before connect and once forgotten
    char *address;                    // of a forgotten request: app and tcUrl, each terminated
    struct srs_span in;               // fed, while the handshake lasts
    struct srs_rd parts;              // rest of an aggregate
    uint8_t *parts_kept;              // where it is when it was kept and has no other place
    uint64_t received;
    uint64_t acked;
    uint64_t setup_from; // bytes consumed when the current setup began
    uint32_t window_ack;
    uint32_t peer_bandwidth;
    uint32_t chunk_size; // of what we send now
    uint32_t chunk_size_accepted;
    uint32_t ack_every;
    uint32_t msid;       // of the stream published or played
    uint32_t parts_base; // what is added to the times in an aggregate
    uint32_t parts_msid;
    uint32_t streams; // bit n: message stream n + 1 was created and not deleted
    uint32_t window_told;
    uint16_t setup_messages;
    uint16_t part_count;
    uint8_t state;
    uint8_t flow; // of enum srs_rtmp_flow
    bool ack_fixed;
    bool fc_published;
    bool has_published;
    bool parts_begun;
};

void srs_rtmp_server_init(struct srs_rtmp_server *server,
                          const struct srs_rtmp_server_config *config);
void srs_rtmp_server_fini(struct srs_rtmp_server *server);

// Borrows `in` until next says AGAIN or keep is called; only when next said AGAIN for the bytes
// before.
void srs_rtmp_server_feed(struct srs_rtmp_server *server, struct srs_span in);
// Ends the borrowing by copying what is not read yet, before a yield. A MEDIA event's payload is
// gone then. NO_MEMORY.
SRS_ERR srs_rtmp_server_keep(struct srs_rtmp_server *server);

// The next event. AGAIN when the bytes fed are used up; any other error is final for the
// connection: those of the handshake, of srs_rtmp_reader_next and of AMF0, RTMP_STATE for media or
// a second connect that do not belong there, RTMP_AGGREGATE, RTMP_REQ_CONNECT, LIMIT. An event that
// asks must be answered before the next call.
SRS_ERR srs_rtmp_server_next(struct srs_rtmp_server *server, struct srs_rtmp_event *event);

// The request belongs to the server. Forgetting frees it: a player needs it no more once it plays.
// A later publish or play on the same connection finds app and tcUrl in its request, and no other
// text of its connect (NULL).
const struct srs_rtmp_request *srs_rtmp_server_request(const struct srs_rtmp_server *server);
void srs_rtmp_server_forget_request(struct srs_rtmp_server *server);

// Before connect is accepted: acknowledge every `in` bytes whatever the peer says (0: as it says),
// and tell it a window of `out` (0: tell none).
void srs_rtmp_server_set_windows(struct srs_rtmp_server *server, uint32_t in, uint32_t out);

// Answers. LIMIT when the peer lets SRS_RTMP_PENDING_MAX bytes pile up, NO_MEMORY,
// RTMP_MESSAGE_ENCODE for a text of ours that is too long. After a refusal write what is pending
// and close the connection: many clients wait for that.
SRS_ERR srs_rtmp_server_accept_connect(struct srs_rtmp_server *server,
                                       const struct srs_rtmp_server_info *info);
SRS_ERR srs_rtmp_server_reject_connect(struct srs_rtmp_server *server, const char *code,
                                       const char *text);
// `client_id` may be NULL. The stream may be published again after an UNPUBLISH.
SRS_ERR srs_rtmp_server_accept_publish(struct srs_rtmp_server *server, const char *client_id);
SRS_ERR srs_rtmp_server_refuse_publish(struct srs_rtmp_server *server, const char *code,
                                       const char *text);
SRS_ERR srs_rtmp_server_accept_play(struct srs_rtmp_server *server, const char *client_id);
SRS_ERR srs_rtmp_server_refuse_play(struct srs_rtmp_server *server, const char *code,
                                    const char *text);

// Notices of our own. A status on the stream's id (on 0 when there is none), e.g.
// NetStream.Play.UnpublishNotify, on which most players leave; and StreamBegin, StreamEOF,
// StreamDry or a PingRequest (value = time).
SRS_ERR srs_rtmp_server_status(struct srs_rtmp_server *server,
                               const struct srs_rtmp_status *status);
SRS_ERR srs_rtmp_server_user_control(struct srs_rtmp_server *server, enum srs_rtmp_user_event event,
                                     uint32_t value);

// What is to be written to the peer, valid until the next call of this machine, and how much of it
// was.
struct srs_span srs_rtmp_server_pending(const struct srs_rtmp_server *server);
void srs_rtmp_server_sent(struct srs_rtmp_server *server, size_t size);

// For the headers of media that the session sends itself.
uint32_t srs_rtmp_server_msid(const struct srs_rtmp_server *server);
uint32_t srs_rtmp_server_chunk_size(const struct srs_rtmp_server *server);
