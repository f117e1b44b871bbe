// What the server's machine sends: answers and notices, in the order in which every known client
// takes them.
#include "core/assert.h"
#include "core/mem.h"
#include "protocol/rtmp/server_priv.h"

// Of the answer to connect; below 700 with usual names.
enum { CONNECT_RESULT_MAX = 2048 };

void srs_rtmp_answer_begin(struct srs_rtmp_answer *answer)
{
    answer->wr = srs_wr_init(answer->payload, sizeof answer->payload);
}

SRS_ERR srs_rtmp_answer_send(struct srs_rtmp_server *server, const struct srs_rtmp_answer *answer,
                             uint32_t csid, uint8_t type, uint32_t msid)
{
    if (answer->wr.bad)
        return srs_fail(SRS_E_RTMP_MESSAGE_ENCODE, "answer of %zu bytes", answer->wr.size);
    struct srs_span payload = {answer->wr.bytes, answer->wr.size};
    struct srs_rtmp_head head = {
        .type = type, .csid = csid, .length = (uint32_t)payload.size, .msid = msid};
    return srs_rtmp_chunk_write(&server->out, &head, payload, server->chunk_size,
                                SRS_RTMP_PENDING_MAX);
}

static srs_err control_send(struct srs_rtmp_server *server, const struct srs_rtmp_control *control)
{
    uint8_t bytes[16];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_rtmp_control_write(&wr, control);
    srs_assert(!wr.bad);
    struct srs_rtmp_head head = {
        .type = control->type, .csid = SRS_RTMP_CSID_CONTROL, .length = (uint32_t)wr.size};
    return srs_rtmp_chunk_write(&server->out, &head, (struct srs_span){bytes, wr.size},
                                server->chunk_size, SRS_RTMP_PENDING_MAX);
}

SRS_ERR srs_rtmp_value_send(struct srs_rtmp_server *server, enum srs_rtmp_type type, uint32_t value)
{
    return control_send(server, &(struct srs_rtmp_control){.type = (uint8_t)type,
                                                           .limit_type = SRS_RTMP_BANDWIDTH_DYNAMIC,
                                                           .value = value});
}

SRS_ERR srs_rtmp_server_user_control(struct srs_rtmp_server *server, enum srs_rtmp_user_event event,
                                     uint32_t value)
{
    return control_send(server, &(struct srs_rtmp_control){.type = SRS_RTMP_USER_CONTROL,
                                                           .event = (uint16_t)event,
                                                           .value = value});
}

SRS_ERR srs_rtmp_status_send(struct srs_rtmp_server *server, uint32_t msid,
                             const struct srs_rtmp_status *status)
{
    struct srs_rtmp_answer answer;
    srs_rtmp_answer_begin(&answer);
    srs_rtmp_on_status_write(&answer.wr, status);
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_STATUS, SRS_RTMP_COMMAND, msid);
}

SRS_ERR srs_rtmp_server_status(struct srs_rtmp_server *server, const struct srs_rtmp_status *status)
{
    return srs_rtmp_status_send(server, server->msid, status);
}

SRS_ERR srs_rtmp_notice_send(struct srs_rtmp_server *server, uint32_t msid, const char *code,
                             const char *text)
{
    return srs_rtmp_status_send(
        server, msid,
        &(struct srs_rtmp_status){.level = "status", .code = code, .description = text});
}

// Transaction 0 asks for no answer.
SRS_ERR srs_rtmp_result_send(struct srs_rtmp_server *server, double transaction, bool undefined)
{
    struct srs_rtmp_answer answer;
    if (transaction == 0)
        return SRS_OK;
    srs_rtmp_answer_begin(&answer);
    if (undefined)
        srs_rtmp_result_undefined_write(&answer.wr, transaction);
    else
        srs_rtmp_result_null_write(&answer.wr, transaction);
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_COMMAND, SRS_RTMP_COMMAND, 0);
}

static srs_err connect_result_send(struct srs_rtmp_server *server,
                                   const struct srs_rtmp_server_info *info)
{
    struct srs_rtmp_answer answer;
    uint8_t *room = srs_try_alloc(CONNECT_RESULT_MAX);
    if (room == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "answer to connect");
    answer.wr = srs_wr_init(room, CONNECT_RESULT_MAX);
    srs_rtmp_connect_result_write(&answer.wr, &server->request->connect, info);
    srs_err err = srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_COMMAND, SRS_RTMP_COMMAND, 0);
    srs_free(room);
    return err;
}

SRS_ERR srs_rtmp_server_accept_connect(struct srs_rtmp_server *server,
                                       const struct srs_rtmp_server_info *info)
{
    srs_assert(server->state == SRS_RTMP_STATE_CONNECT_ASKED);
    srs_err err = SRS_OK;
    if (server->window_ack > 0)
        err = srs_rtmp_value_send(server, SRS_RTMP_WINDOW_ACK_SIZE, server->window_ack);
    server->window_told = server->window_ack;
    if (!err)
        err = srs_rtmp_value_send(server, SRS_RTMP_SET_PEER_BANDWIDTH, server->peer_bandwidth);
    if (!err)
        err = srs_rtmp_value_send(server, SRS_RTMP_SET_CHUNK_SIZE, server->chunk_size_accepted);
    if (err)
        return err;
    server->chunk_size = server->chunk_size_accepted;
    server->state = SRS_RTMP_STATE_READY;
    return connect_result_send(server, info);
}

SRS_ERR srs_rtmp_server_reject_connect(struct srs_rtmp_server *server, const char *code,
                                       const char *text)
{
    struct srs_rtmp_answer answer;
    srs_assert(server->state == SRS_RTMP_STATE_CONNECT_ASKED);
    server->state = SRS_RTMP_STATE_REFUSED;
    srs_rtmp_answer_begin(&answer);
    srs_rtmp_error_write(
        &answer.wr, server->request->connect.transaction,
        &(struct srs_rtmp_status){.level = "error", .code = code, .description = text});
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_COMMAND, SRS_RTMP_COMMAND, 0);
}

// Encoders that sent FCPublish want onFCPublish first, others never see it.
SRS_ERR srs_rtmp_fc_notice_send(struct srs_rtmp_server *server, const char *name, const char *code,
                                const char *text)
{
    struct srs_rtmp_answer answer;
    if (!server->fc_published)
        return SRS_OK;
    srs_rtmp_answer_begin(&answer);
    srs_rtmp_on_fc_publish_write(&answer.wr, name, code, text);
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_STATUS, SRS_RTMP_COMMAND,
                                server->msid);
}

SRS_ERR srs_rtmp_server_accept_publish(struct srs_rtmp_server *server, const char *client_id)
{
    static const char code[] = "NetStream.Publish.Start";
    srs_assert(server->state == SRS_RTMP_STATE_PUBLISH_ASKED);
    server->state = SRS_RTMP_STATE_PUBLISHING;
    server->has_published = true;
    srs_rtmp_reader_set_limits(&server->reader, SRS_RTMP_MESSAGE_MAX, SRS_RTMP_ASSEMBLED_MAX);
    srs_err err =
        srs_rtmp_fc_notice_send(server, "onFCPublish", code, "Started publishing stream.");
    if (err)
        return err;
    return srs_rtmp_server_status(server,
                                  &(struct srs_rtmp_status){.level = "status",
                                                            .code = code,
                                                            .description = "Started publishing",
                                                            .client_id = client_id});
}

static srs_err refuse(struct srs_rtmp_server *server, const char *code, const char *text)
{
    server->state = SRS_RTMP_STATE_REFUSED;
    return srs_rtmp_server_status(
        server, &(struct srs_rtmp_status){.level = "error", .code = code, .description = text});
}

SRS_ERR srs_rtmp_server_refuse_publish(struct srs_rtmp_server *server, const char *code,
                                       const char *text)
{
    srs_assert(server->state == SRS_RTMP_STATE_PUBLISH_ASKED);
    return refuse(server, code, text);
}

SRS_ERR srs_rtmp_server_refuse_play(struct srs_rtmp_server *server, const char *code,
                                    const char *text)
{
    srs_assert(server->state == SRS_RTMP_STATE_PLAY_ASKED);
    return refuse(server, code, text);
}

static srs_err data_send(struct srs_rtmp_server *server, void (*write)(struct srs_wr *))
{
    struct srs_rtmp_answer answer;
    srs_rtmp_answer_begin(&answer);
    write(&answer.wr);
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_STATUS, SRS_RTMP_DATA, server->msid);
}

SRS_ERR srs_rtmp_server_accept_play(struct srs_rtmp_server *server, const char *client_id)
{
    srs_assert(server->state == SRS_RTMP_STATE_PLAY_ASKED);
    server->state = SRS_RTMP_STATE_PLAYING;
    srs_err err = srs_rtmp_server_user_control(server, SRS_RTMP_STREAM_BEGIN, server->msid);
    if (!err)
        err = srs_rtmp_server_status(
            server, &(struct srs_rtmp_status){.level = "status",
                                              .code = "NetStream.Play.Reset",
                                              .description = "Playing and resetting stream.",
                                              .client_id = client_id});
    if (!err)
        err = srs_rtmp_server_status(
            server, &(struct srs_rtmp_status){.level = "status",
                                              .code = "NetStream.Play.Start",
                                              .description = "Started playing stream.",
                                              .client_id = client_id});
    if (!err)
        err = data_send(server, srs_rtmp_sample_access_write);
    if (!err)
        err = data_send(server, srs_rtmp_data_start_write);
    return err;
}
