// Server side of one RTMP connection (RTMP 1.0 sections 5 and 7; enhanced RTMP v2 for connect).
//
// One stream a connection at a time, published or played. Answers go out in the order in
// which every known client takes them; a transaction id of 0 asks for no answer. Message stream ids
// are the lowest free ones from 1: old players that open several expect different ones, and no
// client takes 0.
// Unknown commands, control events and message types are ignored. Shared objects are left out.
#include "protocol/rtmp/server.h"
#include "core/assert.h"
#include "core/mem.h"
#include "protocol/rtmp/server_priv.h"
#include <string.h>

enum {
    CHUNK_SIZE_DEFAULT = 60000,
    AGGREGATE_TAG = 11 // bytes of the tag header in an aggregate
};

void srs_rtmp_server_setup_begin(struct srs_rtmp_server *server)
{
    server->setup_messages = 0;
    server->setup_from = server->received - server->reader.in.size;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

void srs_rtmp_server_init(struct srs_rtmp_server *server,
                          const struct srs_rtmp_server_config *config)
{
    *server = (struct srs_rtmp_server){
        .window_ack = or_default(config->window_ack, SRS_RTMP_WINDOW_ACK),
        .peer_bandwidth = or_default(config->peer_bandwidth, SRS_RTMP_WINDOW_ACK),
        .chunk_size_accepted = or_default(config->chunk_size, CHUNK_SIZE_DEFAULT),
        .chunk_size = SRS_RTMP_CHUNK_SIZE_FIRST,
        .ack_every = SRS_RTMP_WINDOW_ACK,
        .state = config->handshaken ? SRS_RTMP_STATE_FRESH : SRS_RTMP_STATE_HANDSHAKE};
    srs_rtmp_reader_init(&server->reader);
    srs_rtmp_reader_set_limits(&server->reader, SRS_RTMP_COMMAND_MAX, SRS_RTMP_SETUP_ASSEMBLED_MAX);
    if (!config->handshaken) {
        server->hs = srs_new(struct srs_rtmp_hs);
        srs_rtmp_hs_init(server->hs, false, config->time_ms, config->seed);
    }
}

void srs_rtmp_server_set_windows(struct srs_rtmp_server *server, uint32_t in, uint32_t out)
{
    server->window_ack = out;
    server->ack_fixed = in > 0;
    if (in > 0)
        server->ack_every = in;
}

static void hs_free(struct srs_rtmp_server *server)
{
    if (server->hs != NULL)
        srs_rtmp_hs_fini(server->hs);
    srs_free(server->hs);
    server->hs = NULL;
}

static void request_free(struct srs_rtmp_server *server)
{
    if (server->request == NULL)
        return;
    srs_rtmp_connect_fini(&server->request->connect);
    srs_rtmp_request_stream_free(server->request);
    srs_free(server->request);
    server->request = NULL;
}

static void parts_free(struct srs_rtmp_server *server)
{
    server->parts = (struct srs_rd){0};
    srs_free(server->parts_kept);
    server->parts_kept = NULL;
}

void srs_rtmp_server_fini(struct srs_rtmp_server *server)
{
    request_free(server);
    srs_free(server->address);
    hs_free(server);
    srs_buf_fini(&server->out);
    parts_free(server);
    srs_rtmp_reader_fini(&server->reader);
}

const struct srs_rtmp_request *srs_rtmp_server_request(const struct srs_rtmp_server *server)
{
    return server->request;
}

void srs_rtmp_server_forget_request(struct srs_rtmp_server *server)
{
    const struct srs_rtmp_request *request = server->request;
    if (request == NULL)
        return;
    const char *app = request->connect.app;
    const char *tc_url = request->connect.tc_url;
    if (app != NULL && tc_url != NULL && server->address == NULL) {
        size_t app_size = strlen(app) + 1;
        size_t url_size = strlen(tc_url) + 1;
        server->address = srs_try_alloc(app_size + url_size);
        if (server->address != NULL) { // else there is no second stream on this connection
            memcpy(server->address, app, app_size);
            memcpy(server->address + app_size, tc_url, url_size);
        }
    }
    request_free(server);
}

struct srs_span srs_rtmp_server_pending(const struct srs_rtmp_server *server)
{
    return srs_buf_span(&server->out);
}

void srs_rtmp_server_sent(struct srs_rtmp_server *server, size_t size)
{
    srs_buf_consume(&server->out, size);
}

uint32_t srs_rtmp_server_msid(const struct srs_rtmp_server *server)
{
    return server->msid;
}

uint32_t srs_rtmp_server_chunk_size(const struct srs_rtmp_server *server)
{
    return server->chunk_size;
}

void srs_rtmp_server_feed(struct srs_rtmp_server *server, struct srs_span in)
{
    server->received += in.size;
    if (server->hs != NULL) {
        srs_assert(server->in.size == 0);
        server->in = in;
    } else {
        srs_rtmp_reader_feed(&server->reader, in);
    }
}

// The rest of an aggregate that lies in the bytes fed; in a body, or in what the reader has kept
// before, it stays.
static srs_err parts_keep(struct srs_rtmp_server *server)
{
    size_t size = srs_rd_left(&server->parts);
    if (size == 0 || server->parts_kept != NULL || !srs_rtmp_reader_borrows(&server->reader))
        return SRS_OK;
    server->parts_kept = srs_try_alloc(size);
    if (server->parts_kept == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "rest of an aggregate, %zu bytes", size);
    memcpy(server->parts_kept, server->parts.at, size);
    server->parts = srs_rd_init(server->parts_kept, size);
    return SRS_OK;
}

SRS_ERR srs_rtmp_server_keep(struct srs_rtmp_server *server)
{
    srs_assert(server->in.size == 0);
    srs_err err = parts_keep(server);
    return err ? err : srs_rtmp_reader_keep(&server->reader);
}

static srs_err control_take(struct srs_rtmp_server *server, const struct srs_rtmp_msg *msg)
{
    struct srs_rtmp_control control;
    srs_err err = srs_rtmp_control_read(msg, &control);
    if (err)
        return err;
    if (control.type == SRS_RTMP_WINDOW_ACK_SIZE && control.value > 0 && !server->ack_fixed)
        server->ack_every =
            control.value < SRS_RTMP_WINDOW_ACK ? control.value : SRS_RTMP_WINDOW_ACK;
    // Section 5.4.5: what it wants to send at most is answered with a window of that size.
    if (control.type == SRS_RTMP_SET_PEER_BANDWIDTH && control.value > 0 &&
        control.value != server->window_told) {
        server->window_told = control.value;
        return srs_rtmp_value_send(server, SRS_RTMP_WINDOW_ACK_SIZE, control.value);
    }
    if (control.type == SRS_RTMP_USER_CONTROL && control.event == SRS_RTMP_PING_REQUEST)
        return srs_rtmp_server_user_control(server, SRS_RTMP_PING_RESPONSE, control.value);
    return SRS_OK;
}

// Parts of an aggregate (section 7.1.6): FLV tags, whose times count from the first one's. AGAIN
// when it is used up.
static srs_err part_next(struct srs_rtmp_server *server, struct srs_rtmp_event *event)
{
    struct srs_rd *parts = &server->parts;
    while (srs_rd_left(parts) > 0) {
        if (++server->part_count > SRS_RTMP_PARTS_MAX)
            return srs_fail(SRS_E_LIMIT, "more than %d parts of an aggregate", SRS_RTMP_PARTS_MAX);
        uint8_t type = srs_rd_u8(parts) & 0x1F; // above are flags of FLV
        uint32_t size = srs_rd_u24(parts);
        uint32_t time = srs_rd_u24(parts);
        time |= (uint32_t)srs_rd_u8(parts) << 24;
        srs_rd_skip(parts, 3);
        struct srs_span payload = srs_rd_span(parts, size);
        uint32_t back = srs_rd_u32(parts);
        if (parts->bad)
            return srs_fail(SRS_E_RTMP_AGGREGATE, "part of %u bytes does not fit", size);
        if (back != size + AGGREGATE_TAG)
            return srs_fail(SRS_E_RTMP_AGGREGATE, "part of %u bytes, back pointer %u", size, back);
        if (!server->parts_begun)
            server->parts_base -= time;
        server->parts_begun = true;
        if (type != SRS_RTMP_AUDIO && type != SRS_RTMP_VIDEO && type != SRS_RTMP_DATA &&
            type != SRS_RTMP_DATA_AMF3)
            continue;
        *event = (struct srs_rtmp_event){.kind = SRS_RTMP_EVENT_MEDIA,
                                         .media = {.timestamp = server->parts_base + time,
                                                   .msid = server->parts_msid,
                                                   .type = type,
                                                   .payload = payload}};
        return SRS_OK;
    }
    if (server->parts_kept != NULL)
        parts_free(server);
    return SRS_E_AGAIN;
}

// Late media after an end and data that is not for us are dropped in silence.
static srs_err media_take(struct srs_rtmp_server *server, const struct srs_rtmp_msg *msg,
                          struct srs_rtmp_event *event)
{
    bool data = msg->type == SRS_RTMP_DATA || msg->type == SRS_RTMP_DATA_AMF3;
    if (server->state != SRS_RTMP_STATE_PUBLISHING) {
        if (data || server->has_published)
            return SRS_E_AGAIN;
        return srs_fail(SRS_E_RTMP_STATE, "media type=%u before publish", msg->type);
    }
    if (msg->type == SRS_RTMP_AGGREGATE) {
        server->parts = srs_rd_init(msg->payload.bytes, msg->payload.size);
        server->parts_base = msg->timestamp;
        server->parts_msid = msg->msid;
        server->parts_begun = false;
        server->part_count = 0;
        return part_next(server, event);
    }
    *event = (struct srs_rtmp_event){.kind = SRS_RTMP_EVENT_MEDIA, .media = *msg};
    return SRS_OK;
}

// OK with an event, AGAIN without.
static srs_err message_take(struct srs_rtmp_server *server, const struct srs_rtmp_msg *msg,
                            struct srs_rtmp_event *event)
{
    srs_err err;
    switch (msg->type) {
    case SRS_RTMP_AUDIO:
    case SRS_RTMP_VIDEO:
    case SRS_RTMP_DATA:
    case SRS_RTMP_DATA_AMF3:
    case SRS_RTMP_AGGREGATE:
        return media_take(server, msg, event);
    case SRS_RTMP_COMMAND:
    case SRS_RTMP_COMMAND_AMF3:
        return srs_rtmp_command_take(server, msg, event);
    case SRS_RTMP_ACK:
    case SRS_RTMP_USER_CONTROL:
    case SRS_RTMP_WINDOW_ACK_SIZE:
    case SRS_RTMP_SET_PEER_BANDWIDTH:
        err = control_take(server, msg);
        return err ? err : SRS_E_AGAIN;
    default:
        return SRS_E_AGAIN; // shared objects and types that are not known
    }
}

static srs_err ack_if_due(struct srs_rtmp_server *server)
{
    if (server->received - server->acked < server->ack_every)
        return SRS_OK;
    server->acked = server->received;
    return srs_rtmp_value_send(server, SRS_RTMP_ACK, (uint32_t)server->received);
}

static srs_err handshake_take(struct srs_rtmp_server *server)
{
    srs_err err = srs_rtmp_hs_feed(server->hs, &server->in, &server->out, SRS_RTMP_PENDING_MAX);
    if (err)
        return err;
    hs_free(server);
    srs_rtmp_reader_feed(&server->reader, server->in);
    server->in = (struct srs_span){NULL, 0};
    server->state = SRS_RTMP_STATE_FRESH;
    srs_rtmp_server_setup_begin(server);
    return SRS_OK;
}

static bool in_setup(const struct srs_rtmp_server *server)
{
    return server->state == SRS_RTMP_STATE_FRESH || server->state == SRS_RTMP_STATE_READY;
}

static srs_err setup_check(struct srs_rtmp_server *server, unsigned messages)
{
    uint64_t consumed = server->received - server->reader.in.size - server->setup_from;
    if (!in_setup(server))
        return SRS_OK;
    server->setup_messages = (uint16_t)(server->setup_messages + messages);
    if (server->setup_messages > SRS_RTMP_SETUP_MESSAGES_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d messages before publish or play",
                        SRS_RTMP_SETUP_MESSAGES_MAX);
    if (consumed > SRS_RTMP_SETUP_BYTES_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d bytes before publish or play",
                        SRS_RTMP_SETUP_BYTES_MAX);
    return SRS_OK;
}

SRS_ERR srs_rtmp_server_next(struct srs_rtmp_server *server, struct srs_rtmp_event *event)
{
    struct srs_rtmp_msg msg;
    srs_err err;
    srs_assert(server->state != SRS_RTMP_STATE_CONNECT_ASKED &&
               server->state != SRS_RTMP_STATE_PUBLISH_ASKED &&
               server->state != SRS_RTMP_STATE_PLAY_ASKED);
    if (server->state == SRS_RTMP_STATE_REFUSED)
        return srs_fail(SRS_E_RTMP_STATE, "the connection was refused");
    if (server->hs != NULL) {
        err = handshake_take(server);
        if (err)
            return err;
    }
    err = ack_if_due(server);
    if (!err)
        err = part_next(server, event);
    while (err == SRS_E_AGAIN) {
        err = srs_rtmp_reader_next(&server->reader, &msg);
        srs_err over = err == SRS_OK || err == SRS_E_AGAIN ? setup_check(server, !err) : SRS_OK;
        if (over)
            return over;
        if (err)
            return err;
        err = message_take(server, &msg, event);
    }
    return err;
}
