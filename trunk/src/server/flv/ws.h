// The WebSocket around an FLV stream (WebSocket-FLV): its handshake, what the player says, the last
// words. The stream itself goes out through the viewer, one binary frame a write.
#pragma once
#include "protocol/http/websocket.h"
#include "server/deliver/talk.h"
#include "server/deliver/viewer.h"
#include "server/http/exchange.h"

struct srs_flv_ws {
    char accept[SRS_WEBSOCKET_ACCEPT_SIZE];
    struct srs_websocket_reader reader;
    struct srs_talk talk;
    struct srs_buf early;  // what came behind the request
    uint16_t close_answer; // to the player's own close; 0 while there was none
};

// NULL in *out when the request asks for no WebSocket. When it may not have one it is answered,
// with *refused.
SRS_YIELDS SRS_ERR srs_flv_ws_check(struct srs_exchange *exchange, struct srs_flv_ws **out,
                                    bool *refused);
void srs_flv_ws_free(struct srs_flv_ws *ws);

// Answers 101; the connection is a WebSocket from here on.
SRS_YIELDS SRS_ERR srs_flv_ws_begin(struct srs_exchange *exchange, struct srs_flv_ws *ws);

// What came behind the request, once the viewer is there.
SRS_ERR srs_flv_ws_early(struct srs_flv_ws *ws, struct srs_viewer *viewer);
// Bytes of the player: pings are answered, messages are read over. SOCKET_READ (bare) when it says
// that it leaves; errors of srs_websocket_read, srs_viewer_between and srs_talk_check.
SRS_ERR srs_flv_ws_take(struct srs_flv_ws *ws, struct srs_viewer *viewer, struct srs_span in);

// Says why it ends, `err` being the reason, unless a frame is sent in part.
SRS_YIELDS void srs_flv_ws_bye(struct srs_flv_ws *ws, const struct srs_viewer *viewer, srs_err err,
                               bool kicked);
