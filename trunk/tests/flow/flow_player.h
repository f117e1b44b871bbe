// A player in the test's own process: a viewer that writes to a socket which takes as little as it
// likes, and the machine that receives what was taken, every byte of it.
#pragma once
#include "codec/flv.h"
#include "protocol/http/client.h"
#include "protocol/rtmp/chunk.h"
#include "server/deliver/viewer.h"

enum flow_form { FLOW_RTMP, FLOW_FLV, FLOW_HTTP_FLV, FLOW_WEBSOCKET_FLV };

// A message or tag; the payload is valid during the call.
typedef void flow_got_fn(void *arg, const struct srs_rtmp_msg *msg);

struct flow_player {
    struct srs_viewer viewer;
    struct srs_conn *conn;
    enum flow_form form;
    uint64_t random;
    size_t take_max;     // bytes a write takes at most, at least 1
    unsigned again;      // writes of 16 that find the socket full
    struct srs_buf wire; // taken, not read yet
    struct srs_rtmp_reader reader;
    struct srs_http_client *http;
    struct srs_flv_demux demux;
    struct {
        uint8_t head[10];
        unsigned head_size;
        bool in_payload;
        uint64_t left;
        uint8_t pong[4];
        unsigned binaries;
    } frame; // of a WebSocket
    uint32_t pongs_sent;
    uint32_t pongs_got;
    flow_got_fn *got;
    void *arg;
};

uint64_t flow_random(uint64_t *state);

// The scheduler runs. The player joins no source yet.
SRS_ERR flow_player_open(struct flow_player *player, enum flow_form form, uint32_t chunk_size,
                         enum srs_viewer_times times, uint64_t seed);
void flow_player_close(struct flow_player *player);
// Gives what the socket took to the machine. Its errors, and those of a wire that says what it must
// not.
SRS_ERR flow_player_read(struct flow_player *player);
// One whole message among the control bytes: a ping with this number, or a script tag.
SRS_ERR flow_player_control(struct flow_player *player, uint32_t number);
// A pong of the server, numbered, which the reading checks to come between two frames and in order.
SRS_ERR flow_player_pong(struct flow_player *player);
bool flow_is_control(const struct flow_player *player, const struct srs_rtmp_msg *msg,
                     uint32_t *number);
// Everything that there is has been taken.
bool flow_player_idle(const struct flow_player *player);
