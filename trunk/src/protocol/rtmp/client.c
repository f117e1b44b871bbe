// Client side of one RTMP connection (RTMP 1.0 sections 5 and 7), in the order of the encoders in
// use: connect(1), then as a publisher releaseStream(2) FCPublish(3) createStream(4) publish(5), as
// a player createStream(2) play(3).
#include "protocol/rtmp/client.h"
#include "core/assert.h"
#include "core/mem.h"
#include <string.h>

enum state {
    STATE_HANDSHAKE,
    STATE_CONNECT,
    STATE_CREATE,
    STATE_START,
    STATE_STARTED,
    STATE_CLOSED
};

enum {
    CHUNK_SIZE_DEFAULT = 60000,
    PENDING_DEFAULT = 4 * 1024 * 1024,
    // Room for control messages beside media that has used up its share.
    PENDING_CONTROL = 16 * 1024,
    ACK_EVERY = 2500000,
    BUFFER_MS = 1000,
    PAYLOAD_MAX = 3 * SRS_RTMP_URL_MAX, // connect with the longest texts
    TRANSACTION_CONNECT = 1,
    TRANSACTION_RELEASE = 2,
    TRANSACTION_FC = 3,
    TRANSACTION_CREATE = 4,
    TRANSACTION_START = 5,
    TRANSACTION_END = 6,
    CSID_COMMAND = 3,
    CSID_STREAM = 8,
    CAPS_EX = 2 | 4 // multitrack and ModEx
};

static srs_err text_copy(const char *from, char **out)
{
    size_t size = from != NULL ? strlen(from) : 0;
    if (size > SRS_RTMP_URL_MAX)
        return srs_fail(SRS_E_LIMIT, "address of %zu bytes", size);
    *out = srs_try_strndup(size > 0 ? from : "", size);
    return *out != NULL ? SRS_OK : srs_fail(SRS_E_NO_MEMORY, "client texts");
}

void srs_rtmp_client_fini(struct srs_rtmp_client *client)
{
    srs_free(client->app);
    srs_free(client->tc_url);
    srs_free(client->stream);
    srs_buf_fini(&client->out);
    srs_rtmp_hs_fini(&client->hs);
    srs_rtmp_reader_fini(&client->reader);
    *client = (struct srs_rtmp_client){.state = STATE_CLOSED};
}

struct srs_span srs_rtmp_client_pending(const struct srs_rtmp_client *client)
{
    return srs_buf_span(&client->out);
}

void srs_rtmp_client_sent(struct srs_rtmp_client *client, size_t size)
{
    srs_buf_consume(&client->out, size);
}

void srs_rtmp_client_feed(struct srs_rtmp_client *client, struct srs_span in)
{
    client->received += in.size;
    if (client->state == STATE_HANDSHAKE) {
        srs_assert(client->in.size == 0);
        client->in = in;
    } else {
        srs_rtmp_reader_feed(&client->reader, in);
    }
}

SRS_ERR srs_rtmp_client_keep(struct srs_rtmp_client *client)
{
    srs_assert(client->in.size == 0);
    return srs_rtmp_reader_keep(&client->reader);
}

static srs_err payload_send(struct srs_rtmp_client *client, struct srs_rtmp_head *head,
                            const struct srs_wr *wr)
{
    if (wr->bad)
        return srs_fail(SRS_E_RTMP_MESSAGE_ENCODE, "message of %zu bytes", wr->size);
    head->length = (uint32_t)wr->size;
    return srs_rtmp_chunk_write(&client->out, head, (struct srs_span){wr->bytes, wr->size},
                                client->chunk_size, client->pending_max + PENDING_CONTROL);
}

static srs_err control_send(struct srs_rtmp_client *client, const struct srs_rtmp_control *control)
{
    uint8_t bytes[16];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_rtmp_control_write(&wr, control);
    return payload_send(
        client, &(struct srs_rtmp_head){.type = control->type, .csid = SRS_RTMP_CSID_CONTROL}, &wr);
}

static srs_err value_send(struct srs_rtmp_client *client, enum srs_rtmp_type type, uint32_t value)
{
    return control_send(client, &(struct srs_rtmp_control){.type = (uint8_t)type, .value = value});
}

// Commands are rare and long: their room is on the heap. `write` fills it.
static srs_err command_send(struct srs_rtmp_client *client, uint32_t csid, uint32_t msid,
                            void (*write)(const struct srs_rtmp_client *client, struct srs_wr *wr))
{
    uint8_t *room = srs_try_alloc(PAYLOAD_MAX);
    if (room == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "command");
    struct srs_wr wr = srs_wr_init(room, PAYLOAD_MAX);
    write(client, &wr);
    srs_err err = payload_send(
        client, &(struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = csid, .msid = msid}, &wr);
    srs_free(room);
    return err;
}

static void write_connect(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    char flash_ver[] = "FMLE/3.0 (compatible; SRS)";
    srs_rtmp_connect_write(wr, &(struct srs_rtmp_connect){.transaction = TRANSACTION_CONNECT,
                                                          .app = client->app,
                                                          .tc_url = client->tc_url,
                                                          .flash_ver = flash_ver,
                                                          .caps_ex = CAPS_EX,
                                                          .has_caps_ex = client->enhanced,
                                                          .has_four_cc_list = client->enhanced});
}

static void write_release(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_command_write(wr, "releaseStream", TRANSACTION_RELEASE, client->stream, NULL);
}

static void write_fc_publish(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_command_write(wr, "FCPublish", TRANSACTION_FC, client->stream, NULL);
}

static void write_create(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    (void)client;
    srs_rtmp_command_write(wr, "createStream", TRANSACTION_CREATE, NULL, NULL);
}

static void write_publish(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_command_write(wr, "publish", TRANSACTION_START, client->stream, "live");
}

static void write_play(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_play_write(wr, TRANSACTION_START, client->stream, -2);
}

static void write_fc_unpublish(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_command_write(wr, "FCUnpublish", TRANSACTION_END, client->stream, NULL);
}

static void write_delete(const struct srs_rtmp_client *client, struct srs_wr *wr)
{
    srs_rtmp_command_write(wr, "deleteStream", 0, NULL, NULL);
    srs_amf0_write_number(wr, client->msid);
}

static srs_err connect_ask(struct srs_rtmp_client *client)
{
    client->state = STATE_CONNECT;
    srs_err err = value_send(client, SRS_RTMP_SET_CHUNK_SIZE, client->chunk_size_wanted);
    if (err)
        return err;
    client->chunk_size = client->chunk_size_wanted;
    return command_send(client, CSID_COMMAND, 0, write_connect);
}

SRS_ERR srs_rtmp_client_init(struct srs_rtmp_client *client,
                             const struct srs_rtmp_client_config *config)
{
    *client = (struct srs_rtmp_client){
        .pending_max = config->pending_max > 0 ? config->pending_max : PENDING_DEFAULT,
        .ack_every = ACK_EVERY,
        .chunk_size = SRS_RTMP_CHUNK_SIZE_FIRST,
        .chunk_size_wanted = config->chunk_size > 0 ? config->chunk_size : CHUNK_SIZE_DEFAULT,
        .publish = config->publish,
        .enhanced = config->enhanced};
    srs_rtmp_reader_init(&client->reader);
    srs_rtmp_hs_init(&client->hs, true, config->time_ms, config->seed);
    srs_err err = text_copy(config->app, &client->app);
    if (!err)
        err = text_copy(config->tc_url, &client->tc_url);
    if (!err)
        err = text_copy(config->stream, &client->stream);
    if (!err && config->handshaken)
        err = connect_ask(client);
    else if (!err)
        err = srs_rtmp_hs_start(&client->hs, &client->out, client->pending_max + PENDING_CONTROL);
    if (err)
        srs_rtmp_client_fini(client);
    return err;
}

static srs_err handshake_take(struct srs_rtmp_client *client)
{
    srs_err err = srs_rtmp_hs_feed(&client->hs, &client->in, &client->out,
                                   client->pending_max + PENDING_CONTROL);
    if (err)
        return err;
    srs_rtmp_reader_feed(&client->reader, client->in);
    client->in = (struct srs_span){NULL, 0};
    return connect_ask(client);
}

static srs_err on_connected(struct srs_rtmp_client *client)
{
    srs_err err = value_send(client, SRS_RTMP_WINDOW_ACK_SIZE, ACK_EVERY);
    if (!err && client->publish)
        err = command_send(client, CSID_COMMAND, 0, write_release);
    if (!err && client->publish)
        err = command_send(client, CSID_COMMAND, 0, write_fc_publish);
    if (!err)
        err = command_send(client, CSID_COMMAND, 0, write_create);
    client->state = STATE_CREATE;
    return err;
}

static srs_err on_created(struct srs_rtmp_client *client, struct srs_rd *args)
{
    double msid = 0;
    srs_err err = srs_amf0_read_number(args, &msid);
    if (err)
        return srs_wrap(err, "answer to createStream");
    if (!(msid >= 1 && msid <= UINT32_MAX))
        return srs_fail(SRS_E_RTMP_MESSAGE_DECODE, "createStream gives %g", msid);
    client->msid = (uint32_t)msid;
    client->state = STATE_START;
    if (client->publish)
        return command_send(client, CSID_STREAM, client->msid, write_publish);
    err = command_send(client, CSID_STREAM, client->msid, write_play);
    if (err)
        return err;
    return control_send(client, &(struct srs_rtmp_control){.type = SRS_RTMP_USER_CONTROL,
                                                           .event = SRS_RTMP_SET_BUFFER_LENGTH,
                                                           .value = client->msid,
                                                           .buffer_ms = BUFFER_MS});
}

static srs_err refused(const char *what, struct srs_span code)
{
    return srs_fail(SRS_E_RTMP_REFUSED, "%s: %.*s", what,
                    code.size < SRS_ERR_TEXT ? (int)code.size : SRS_ERR_TEXT,
                    code.size > 0 ? (const char *)code.bytes : "no code");
}

static struct srs_span code_of(struct srs_span object)
{
    struct srs_span code = {NULL, 0};
    (void)srs_amf0_find_string(object, "code", &code);
    return code;
}

// An old server tells none.
static void read_caps(struct srs_rtmp_client *client, struct srs_rd args)
{
    struct srs_span info = {NULL, 0};
    double caps_ex = 0;
    if (srs_amf0_peek(&args) == SRS_AMF0_NONE)
        return;
    srs_err err = srs_amf0_read_any(&args, &info);
    srs_err_drop(err, "an answer to connect needs no information");
    (void)srs_amf0_find_number(info, "capsEx", &caps_ex);
    if (caps_ex >= 0 && caps_ex <= UINT16_MAX)
        client->caps_ex = (uint32_t)caps_ex;
}

static srs_err on_result(struct srs_rtmp_client *client, struct srs_rtmp_command *command)
{
    if (client->state == STATE_CONNECT && command->transaction == TRANSACTION_CONNECT) {
        read_caps(client, command->args);
        return on_connected(client);
    }
    if (client->state == STATE_CREATE && command->transaction == TRANSACTION_CREATE)
        return on_created(client, &command->args);
    return SRS_OK;
}

// Only what we cannot do without.
static srs_err on_error(const struct srs_rtmp_client *client, struct srs_rtmp_command *command)
{
    struct srs_span info = {NULL, 0};
    bool needed = (client->state == STATE_CONNECT && command->transaction == TRANSACTION_CONNECT) ||
                  (client->state == STATE_CREATE && command->transaction == TRANSACTION_CREATE) ||
                  (client->state == STATE_START && command->transaction == TRANSACTION_START);
    if (!needed)
        return SRS_OK;
    srs_err err = srs_amf0_read_any(&command->args, &info);
    srs_err_drop(err, "an error without an object is an error as well");
    return refused("_error", code_of(info));
}

static bool starts(const struct srs_rtmp_client *client, struct srs_span code)
{
    return srs_amf0_equals(code,
                           client->publish ? "NetStream.Publish.Start" : "NetStream.Play.Start");
}

// OK with an event, AGAIN without.
static srs_err on_status(struct srs_rtmp_client *client, struct srs_rtmp_command *command,
                         struct srs_rtmp_client_event *event)
{
    struct srs_span info;
    struct srs_span level = {NULL, 0};
    srs_err err = srs_amf0_read_any(&command->args, &info);
    if (err)
        return srs_wrap(err, "onStatus");
    struct srs_span code = code_of(info);
    (void)srs_amf0_find_string(info, "level", &level);
    bool error = srs_amf0_equals(level, "error");
    if (error && client->state < STATE_STARTED)
        return refused("onStatus", code);
    if (client->state == STATE_START && starts(client, code)) {
        client->state = STATE_STARTED;
        *event = (struct srs_rtmp_client_event){.kind = SRS_RTMP_CLIENT_STARTED};
        return SRS_OK;
    }
    if (client->state < STATE_STARTED)
        return SRS_E_AGAIN;
    *event = (struct srs_rtmp_client_event){
        .kind = SRS_RTMP_CLIENT_STATUS, .code = code, .error = error};
    return SRS_OK;
}

static srs_err command_take(struct srs_rtmp_client *client, const struct srs_rtmp_msg *msg,
                            struct srs_rtmp_client_event *event)
{
    struct srs_rtmp_command command;
    srs_err err = srs_rtmp_command_read(msg, &command);
    if (err)
        return err;
    if (srs_amf0_equals(command.name, "onStatus"))
        return on_status(client, &command, event);
    if (srs_amf0_equals(command.name, "_result"))
        err = on_result(client, &command);
    else if (srs_amf0_equals(command.name, "_error"))
        err = on_error(client, &command);
    return err ? err : SRS_E_AGAIN;
}

static srs_err control_take(struct srs_rtmp_client *client, const struct srs_rtmp_msg *msg,
                            struct srs_rtmp_client_event *event)
{
    struct srs_rtmp_control control;
    srs_err err = srs_rtmp_control_read(msg, &control);
    if (err)
        return err;
    if (control.type == SRS_RTMP_WINDOW_ACK_SIZE && control.value > 0)
        client->ack_every = control.value < ACK_EVERY ? control.value : ACK_EVERY;
    if (control.type != SRS_RTMP_USER_CONTROL)
        return SRS_E_AGAIN;
    if (control.event == SRS_RTMP_STREAM_EOF && client->state == STATE_STARTED) {
        *event = (struct srs_rtmp_client_event){.kind = SRS_RTMP_CLIENT_EOF};
        return SRS_OK;
    }
    if (control.event == SRS_RTMP_PING_REQUEST) {
        control.event = SRS_RTMP_PING_RESPONSE;
        err = control_send(client, &control);
    }
    return err ? err : SRS_E_AGAIN;
}

// OK with an event, AGAIN without. Media counts from our play on: some servers send no Play.Start.
static srs_err message_take(struct srs_rtmp_client *client, const struct srs_rtmp_msg *msg,
                            struct srs_rtmp_client_event *event)
{
    switch (msg->type) {
    case SRS_RTMP_COMMAND:
    case SRS_RTMP_COMMAND_AMF3:
        return command_take(client, msg, event);
    case SRS_RTMP_ACK:
    case SRS_RTMP_USER_CONTROL:
    case SRS_RTMP_WINDOW_ACK_SIZE:
    case SRS_RTMP_SET_PEER_BANDWIDTH:
        return control_take(client, msg, event);
    case SRS_RTMP_AUDIO:
    case SRS_RTMP_VIDEO:
    case SRS_RTMP_DATA:
    case SRS_RTMP_DATA_AMF3:
    case SRS_RTMP_AGGREGATE:
        if (client->publish || client->state < STATE_START)
            return SRS_E_AGAIN;
        *event = (struct srs_rtmp_client_event){.kind = SRS_RTMP_CLIENT_MEDIA, .media = *msg};
        return SRS_OK;
    default:
        return SRS_E_AGAIN;
    }
}

static srs_err ack_if_due(struct srs_rtmp_client *client)
{
    if (client->received - client->acked < client->ack_every)
        return SRS_OK;
    client->acked = client->received;
    return value_send(client, SRS_RTMP_ACK, (uint32_t)client->received);
}

SRS_ERR srs_rtmp_client_next(struct srs_rtmp_client *client, struct srs_rtmp_client_event *event)
{
    struct srs_rtmp_msg msg;
    srs_err err;
    if (client->state == STATE_HANDSHAKE) {
        err = handshake_take(client);
        if (err)
            return err;
    }
    err = ack_if_due(client);
    if (err)
        return err;
    do {
        err = srs_rtmp_reader_next(&client->reader, &msg);
        if (err)
            return err;
        err = message_take(client, &msg, event);
    } while (err == SRS_E_AGAIN);
    return err;
}

SRS_ERR srs_rtmp_client_send(struct srs_rtmp_client *client, const struct srs_rtmp_msg *msg)
{
    srs_assert(client->state == STATE_STARTED && client->publish);
    if (msg->payload.size > SRS_RTMP_MESSAGE_MAX)
        return srs_fail(SRS_E_LIMIT, "message of %zu bytes", msg->payload.size);
    struct srs_rtmp_head head = {.type = msg->type,
                                 .csid = msg->csid,
                                 .time = msg->timestamp,
                                 .length = (uint32_t)msg->payload.size,
                                 .msid = client->msid};
    return srs_rtmp_chunk_write(&client->out, &head, msg->payload, client->chunk_size,
                                client->pending_max);
}

SRS_ERR srs_rtmp_client_close(struct srs_rtmp_client *client)
{
    srs_err err = SRS_OK;
    if (client->state != STATE_STARTED)
        return SRS_OK;
    client->state = STATE_CLOSED;
    if (client->publish)
        err = command_send(client, CSID_COMMAND, 0, write_fc_unpublish);
    if (!err)
        err = command_send(client, CSID_COMMAND, 0, write_delete);
    return err;
}
