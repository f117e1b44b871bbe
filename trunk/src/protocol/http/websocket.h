// WebSocket, server side (RFC 6455): the handshake's decision, a reader of the client's frames, the
// heads of our own. No extension, no subprotocol.
//
// What a client has to say to a server that sends media is small: all of it is bounded by
// SRS_WEBSOCKET_MESSAGE_MAX.
#pragma once
#include "core/buf.h"
#include "core/crypto.h"
#include "core/err.h"
#include "protocol/http/server.h"

enum {
    // A message of the client, over all its fragments.
    SRS_WEBSOCKET_MESSAGE_MAX = 4 * 1024,
    SRS_WEBSOCKET_CONTROL_MAX = 125, // RFC 6455 section 5.5
    SRS_WEBSOCKET_HEAD_MAX = 10,     // of a frame of ours: it has no mask
    SRS_WEBSOCKET_ACCEPT_SIZE = SRS_BASE64_SIZE(SRS_SHA1_SIZE),
};

enum srs_websocket_opcode {
    SRS_WEBSOCKET_CONTINUATION = 0,
    SRS_WEBSOCKET_TEXT = 1,
    SRS_WEBSOCKET_BINARY = 2,
    SRS_WEBSOCKET_CLOSE = 8,
    SRS_WEBSOCKET_PING = 9,
    SRS_WEBSOCKET_PONG = 10,
};

// Of a close frame, RFC 6455 section 7.4.1.
enum {
    SRS_WEBSOCKET_NORMAL = 1000,
    SRS_WEBSOCKET_GOING_AWAY = 1001,
    SRS_WEBSOCKET_PROTOCOL_ERROR = 1002,
    SRS_WEBSOCKET_NO_STATUS = 1005, // is never sent
    SRS_WEBSOCKET_POLICY = 1008,
    SRS_WEBSOCKET_TOO_BIG = 1009,
    SRS_WEBSOCKET_SERVER_ERROR = 1011,
};

// --- handshake ----------------------------------------------------------------------------------

// The request wants to become a WebSocket. One of HTTP/1.0 cannot, and is served as if it had not
// asked (RFC 9110 section 7.8).
bool srs_websocket_is_asked(const struct srs_http_request *request);

// Checks the request and makes the value of Sec-WebSocket-Accept. WEBSOCKET_HANDSHAKE with the
// answer to give in *status: 400, 405, or 426 (then with Sec-WebSocket-Version: 13).
SRS_ERR srs_websocket_accept(const struct srs_http_request *request,
                             char accept[SRS_WEBSOCKET_ACCEPT_SIZE], unsigned *status);

// --- frames -------------------------------------------------------------------------------------

// A zeroed struct is ready.
struct srs_websocket_reader {
    uint8_t head[14]; // of the current frame, as far as it came
    uint8_t head_size;
    bool in_payload;
    uint8_t opcode; // of the current frame
    bool fin;
    uint32_t left; // of its payload
    uint8_t mask_at;
    uint8_t message_opcode; // of a message whose fragments are being joined; 0: none
    uint8_t control_size;
    uint8_t control[SRS_WEBSOCKET_CONTROL_MAX];
    struct srs_buf message;
    bool given; // the message was handed out
    bool closed;
    uint16_t close_code; // after a failure: what to say to the client
};

struct srs_websocket_event {
    enum srs_websocket_opcode opcode; // TEXT, BINARY, CLOSE, PING or PONG
    struct srs_span payload;          // of CLOSE: the reason's text, as it came
    uint16_t code;                    // of CLOSE; NO_STATUS if it had none
};

void srs_websocket_reader_fini(struct srs_websocket_reader *reader);

// Reads up to the end of the next frame that says something: *used bytes are done with, *got says
// whether there is an event, whose payload is lent until the next call. Called again while
// *used < in.size. After CLOSE nothing more is read. WEBSOCKET_FRAME and LIMIT leave in close_code
// what the client did wrong, and the reader is of no more use then; NO_MEMORY as well. Text is not
// checked to be UTF-8: nobody reads it.
SRS_ERR srs_websocket_read(struct srs_websocket_reader *reader, struct srs_span in, size_t *used,
                           struct srs_websocket_event *event, bool *got);

// Head of a whole frame of ours with `size` bytes; returns its size.
size_t srs_websocket_head(uint8_t out[SRS_WEBSOCKET_HEAD_MAX], enum srs_websocket_opcode opcode,
                          size_t size);
// A close frame of ours; an empty one for NO_STATUS. Returns its size.
enum { SRS_WEBSOCKET_CLOSE_SIZE = 4 };
size_t srs_websocket_close(uint8_t out[SRS_WEBSOCKET_CLOSE_SIZE], uint16_t code);
