// The client's side of one RTMP connection: handshake, connect, createStream, publish or play.
// Without sockets.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include "protocol/rtmp/chunk.h"
#include "protocol/rtmp/handshake.h"
#include "protocol/rtmp/message.h"
#include <stdbool.h>
#include <stdint.h>

struct srs_rtmp_client_config {
    const char *app;
    const char *tc_url;
    const char *stream;
    bool publish;        // else play
    bool enhanced;       // says in connect that it speaks Enhanced RTMP and takes every FourCC
    uint32_t chunk_size; // of what we send; 0 = 60000
    size_t pending_max;  // media that may wait to be sent; 0 = 4 MiB
    uint32_t time_ms;    // for the handshake
    uint64_t seed;       // for the handshake
    bool handshaken;     // the handshake was done by someone else
};

enum srs_rtmp_client_event_kind {
    SRS_RTMP_CLIENT_STARTED, // publishing or playing
    SRS_RTMP_CLIENT_MEDIA,   // audio, video, data, aggregate
    SRS_RTMP_CLIENT_STATUS,  // a later onStatus
    SRS_RTMP_CLIENT_EOF      // StreamEOF
};

struct srs_rtmp_client_event {
    enum srs_rtmp_client_event_kind kind;
    struct srs_rtmp_msg media; // MEDIA
    struct srs_span code;      // STATUS: "NetStream.Play.UnpublishNotify"
    bool error;                // STATUS: level "error"
};

struct srs_rtmp_client {
    struct srs_rtmp_reader reader;
    struct srs_rtmp_hs hs;
    struct srs_buf out;
    struct srs_span in; // fed, while the handshake lasts
    char *app;
    char *tc_url;
    char *stream;
    size_t pending_max;
    uint64_t received;
    uint64_t acked;
    uint32_t ack_every;
    uint32_t chunk_size;
    uint32_t chunk_size_wanted;
    uint32_t msid;
    uint32_t caps_ex; // what the server says that it takes: see struct srs_rtmp_connect
    uint8_t state;
    bool publish;
    bool enhanced;
};

// Copies what config points to; C0 C1 (or connect) is pending then. NO_MEMORY; on failure nothing
// is owned.
SRS_ERR srs_rtmp_client_init(struct srs_rtmp_client *client,
                             const struct srs_rtmp_client_config *config);
void srs_rtmp_client_fini(struct srs_rtmp_client *client);

// As srs_rtmp_server_feed, keep and next. RTMP_REFUSED when the server says no to connect, publish
// or play.
void srs_rtmp_client_feed(struct srs_rtmp_client *client, struct srs_span in);
SRS_ERR srs_rtmp_client_keep(struct srs_rtmp_client *client);
SRS_ERR srs_rtmp_client_next(struct srs_rtmp_client *client, struct srs_rtmp_client_event *event);

// Appends a message of a publisher, once STARTED: type, csid (4 or more) and timestamp as in `msg`;
// the stream id is ours. LIMIT when pending_max would be exceeded: the message is not sent then and
// the connection stays sound.
SRS_ERR srs_rtmp_client_send(struct srs_rtmp_client *client, const struct srs_rtmp_msg *msg);
// Ends publishing or playing.
SRS_ERR srs_rtmp_client_close(struct srs_rtmp_client *client);

struct srs_span srs_rtmp_client_pending(const struct srs_rtmp_client *client);
void srs_rtmp_client_sent(struct srs_rtmp_client *client, size_t size);
