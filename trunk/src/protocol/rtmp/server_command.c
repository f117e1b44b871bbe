// What the peer asks of the server's machine: commands (RTMP 1.0 section 7.2), by a table of names.
#include "core/mem.h"
#include "protocol/rtmp/server_priv.h"
#include <string.h>

void srs_rtmp_request_stream_free(struct srs_rtmp_request *request)
{
    srs_free(request->stream);
    srs_free(request->publish_type);
    request->stream = NULL;
    request->publish_type = NULL;
}

SRS_ERR srs_rtmp_request_get(struct srs_rtmp_server *server, struct srs_rtmp_request **out)
{
    if (server->request == NULL)
        server->request = srs_new(struct srs_rtmp_request);
    struct srs_rtmp_connect *connect = &server->request->connect;
    *out = server->request;
    if (connect->tc_url != NULL || server->address == NULL)
        return SRS_OK;
    const char *tc_url = server->address + strlen(server->address) + 1;
    connect->app = srs_try_strndup(server->address, strlen(server->address));
    connect->tc_url = srs_try_strndup(tc_url, strlen(tc_url));
    return connect->app != NULL && connect->tc_url != NULL ? SRS_OK
                                                           : srs_fail(SRS_E_NO_MEMORY, "request");
}

// A command's function sets *given when it made an event.
struct call {
    struct srs_rtmp_command command;
    uint32_t msid;
    struct srs_rtmp_event *event;
    bool given;
};

static void give(struct call *call, enum srs_rtmp_event_kind kind)
{
    *call->event = (struct srs_rtmp_event){.kind = kind};
    call->given = true;
}

static srs_err on_connect(struct srs_rtmp_server *server, struct call *call)
{
    if (server->state != SRS_RTMP_STATE_FRESH)
        return srs_fail(SRS_E_RTMP_STATE, "second connect");
    struct srs_rtmp_request *request;
    srs_err err = srs_rtmp_request_get(server, &request);
    if (!err)
        err = srs_rtmp_connect_read(&call->command, &request->connect);
    if (err)
        return err;
    server->state = SRS_RTMP_STATE_CONNECT_ASKED;
    give(call, SRS_RTMP_EVENT_CONNECT);
    return SRS_OK;
}

// 0 for an id that createStream never gives.
static uint32_t stream_bit(double msid)
{
    if (!(msid >= 1 && msid <= SRS_RTMP_CREATE_STREAMS_MAX))
        return 0;
    return 1U << ((uint32_t)msid - 1);
}

static srs_err on_create_stream(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rtmp_answer answer;
    uint32_t msid = 1;
    while (msid <= SRS_RTMP_CREATE_STREAMS_MAX && (server->streams & stream_bit(msid)) != 0)
        msid++;
    if (msid > SRS_RTMP_CREATE_STREAMS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d message streams", SRS_RTMP_CREATE_STREAMS_MAX);
    server->streams |= stream_bit(msid);
    srs_rtmp_answer_begin(&answer);
    srs_rtmp_result_number_write(&answer.wr, call->command.transaction, msid);
    return srs_rtmp_answer_send(server, &answer, SRS_RTMP_CSID_COMMAND, SRS_RTMP_COMMAND, 0);
}

// releaseStream and FCPublish; the first of a connection tells.
static void note_flow(struct srs_rtmp_server *server)
{
    if (server->flow == SRS_RTMP_FLOW_FLASH)
        server->flow = server->streams == 0 ? SRS_RTMP_FLOW_FMLE : SRS_RTMP_FLOW_HAIVISION;
}

static srs_err on_release_stream(struct srs_rtmp_server *server, struct call *call)
{
    note_flow(server);
    return srs_rtmp_result_send(server, call->command.transaction, true);
}

static srs_err on_fc_publish(struct srs_rtmp_server *server, struct call *call)
{
    note_flow(server);
    server->fc_published = true;
    return srs_rtmp_result_send(server, call->command.transaction, true);
}

static srs_err text_copy(struct srs_span text, char **out)
{
    if (text.size > SRS_RTMP_URL_MAX)
        return srs_fail(SRS_E_LIMIT, "stream name of %zu bytes", text.size);
    *out = srs_try_strndup(text.size > 0 ? (const char *)text.bytes : "", text.size);
    return *out != NULL ? SRS_OK : srs_fail(SRS_E_NO_MEMORY, "stream name");
}

// A connection has one stream at a time; a second one is told so and the first goes on.
static srs_err refuse_second(struct srs_rtmp_server *server, const struct call *call,
                             const char *code)
{
    return srs_rtmp_status_send(
        server, call->msid,
        &(struct srs_rtmp_status){
            .level = "error", .code = code, .description = "This connection has a stream."});
}

static srs_err on_publish(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rtmp_publish publish;
    if (server->state != SRS_RTMP_STATE_READY)
        return refuse_second(server, call, "NetStream.Publish.BadName");
    srs_err err = srs_rtmp_publish_read(&call->command, &publish);
    if (err)
        return err;
    struct srs_rtmp_request *request;
    err = srs_rtmp_request_get(server, &request);
    srs_rtmp_request_stream_free(request);
    if (!err)
        err = text_copy(publish.stream, &request->stream);
    if (!err)
        err = text_copy(publish.type, &request->publish_type);
    if (err)
        return err;
    server->msid = call->msid;
    server->state = SRS_RTMP_STATE_PUBLISH_ASKED;
    give(call, SRS_RTMP_EVENT_PUBLISH);
    return SRS_OK;
}

static srs_err on_play(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rtmp_play play;
    if (server->state != SRS_RTMP_STATE_READY)
        return refuse_second(server, call, "NetStream.Play.Failed");
    srs_err err = srs_rtmp_play_read(&call->command, &play);
    if (err)
        return err;
    struct srs_rtmp_request *request;
    err = srs_rtmp_request_get(server, &request);
    srs_rtmp_request_stream_free(request);
    if (!err)
        err = text_copy(play.stream, &request->stream);
    if (err)
        return err;
    request->start = play.start;
    request->duration = play.duration;
    request->reset = play.reset;
    server->msid = call->msid;
    server->state = SRS_RTMP_STATE_PLAY_ASKED;
    give(call, SRS_RTMP_EVENT_PLAY);
    return SRS_OK;
}

// The stream ends, the connection stays and may begin another. What a publisher may hold in
// unfinished messages nobody else may.
static srs_err stream_end(struct srs_rtmp_server *server, struct call *call)
{
    if (server->state != SRS_RTMP_STATE_PUBLISHING && server->state != SRS_RTMP_STATE_PLAYING)
        return SRS_OK;
    give(call, server->state == SRS_RTMP_STATE_PUBLISHING ? SRS_RTMP_EVENT_UNPUBLISH
                                                          : SRS_RTMP_EVENT_STOP_PLAY);
    server->state = SRS_RTMP_STATE_READY;
    server->msid = 0;
    srs_rtmp_server_setup_begin(server);
    srs_rtmp_reader_set_limits(&server->reader, SRS_RTMP_MESSAGE_MAX, SRS_RTMP_SETUP_ASSEMBLED_MAX);
    return srs_rtmp_reader_shrink(&server->reader, SRS_RTMP_SETUP_ASSEMBLED_MAX);
}

static srs_err on_fc_unpublish(struct srs_rtmp_server *server, struct call *call)
{
    static const char code[] = "NetStream.Unpublish.Success";
    srs_err err = srs_rtmp_result_send(server, call->command.transaction, true);
    if (err || server->state != SRS_RTMP_STATE_PUBLISHING)
        return err;
    err = srs_rtmp_fc_notice_send(server, "onFCUnpublish", code, "Stop publishing stream.");
    if (!err)
        err = srs_rtmp_notice_send(server, server->msid, code, "Stream is now unpublished");
    server->fc_published = false;
    srs_err over = stream_end(server, call);
    return err ? err : over;
}

// The argument is the message stream id; some encoders send the stream's name.
static srs_err on_delete_stream(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rd args = call->command.args;
    double msid = server->msid;
    if (srs_amf0_peek(&args) == SRS_AMF0_NUMBER) {
        srs_err err = srs_amf0_read_number(&args, &msid);
        if (err)
            return err;
    }
    server->streams &= ~stream_bit(msid);
    return msid == server->msid ? stream_end(server, call) : SRS_OK;
}

static srs_err on_close_stream(struct srs_rtmp_server *server, struct call *call)
{
    return call->msid == server->msid || call->msid == 0 ? stream_end(server, call) : SRS_OK;
}

static srs_err on_pause(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rd args = call->command.args;
    struct srs_rtmp_event *event = call->event;
    if (server->state != SRS_RTMP_STATE_PLAYING || srs_amf0_peek(&args) != SRS_AMF0_BOOLEAN)
        return SRS_OK;
    give(call, SRS_RTMP_EVENT_PAUSE);
    srs_err err = srs_amf0_read_boolean(&args, &event->on);
    if (!err && srs_amf0_peek(&args) == SRS_AMF0_NUMBER)
        err = srs_amf0_read_number(&args, &event->ms);
    if (err)
        return err;
    err = srs_rtmp_notice_send(server, server->msid,
                               event->on ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
                               event->on ? "Paused stream." : "Unpaused stream.");
    if (err)
        return err;
    return srs_rtmp_server_user_control(
        server, event->on ? SRS_RTMP_STREAM_EOF : SRS_RTMP_STREAM_BEGIN, server->msid);
}

static srs_err on_seek(struct srs_rtmp_server *server, struct call *call)
{
    struct srs_rd args = call->command.args;
    if (server->state != SRS_RTMP_STATE_PLAYING || srs_amf0_peek(&args) != SRS_AMF0_NUMBER)
        return SRS_OK;
    give(call, SRS_RTMP_EVENT_SEEK);
    srs_err err = srs_amf0_read_number(&args, &call->event->ms);
    if (err)
        return err;
    return srs_rtmp_status_send(
        server, server->msid,
        &(struct srs_rtmp_status){.level = "error",
                                  .code = "NetStream.Seek.Failed",
                                  .description = "A live stream cannot be sought."});
}

// Off is taken in silence; on tells the player that the stream starts (RTMP 1.0 sections 7.2.2.4
// and 7.2.2.5).
static srs_err receive(struct srs_rtmp_server *server, struct call *call,
                       enum srs_rtmp_event_kind kind)
{
    struct srs_rd args = call->command.args;
    if (server->state != SRS_RTMP_STATE_PLAYING || srs_amf0_peek(&args) != SRS_AMF0_BOOLEAN)
        return SRS_OK;
    give(call, kind);
    srs_err err = srs_amf0_read_boolean(&args, &call->event->on);
    if (err || !call->event->on)
        return err;
    err = srs_rtmp_notice_send(server, server->msid, "NetStream.Seek.Notify", "Seeking.");
    if (err)
        return err;
    return srs_rtmp_notice_send(server, server->msid, "NetStream.Play.Start",
                                "Started playing stream.");
}

static srs_err on_receive_audio(struct srs_rtmp_server *server, struct call *call)
{
    return receive(server, call, SRS_RTMP_EVENT_RECEIVE_AUDIO);
}

static srs_err on_receive_video(struct srs_rtmp_server *server, struct call *call)
{
    return receive(server, call, SRS_RTMP_EVENT_RECEIVE_VIDEO);
}

static srs_err on_nothing(struct srs_rtmp_server *server, struct call *call)
{
    (void)server;
    (void)call;
    return SRS_OK;
}

// getStreamLength, FCSubscribe, _checkbw and whatever else is asked.
static srs_err on_other(struct srs_rtmp_server *server, struct call *call)
{
    return srs_rtmp_result_send(server, call->command.transaction, false);
}

static const struct {
    const char *name;
    srs_err (*on)(struct srs_rtmp_server *server, struct call *call);
} commands[] = {
    {"connect", on_connect},
    {"createStream", on_create_stream},
    {"releaseStream", on_release_stream},
    {"FCPublish", on_fc_publish},
    {"FCUnpublish", on_fc_unpublish},
    {"publish", on_publish},
    {"play", on_play},
    {"deleteStream", on_delete_stream},
    {"closeStream", on_close_stream},
    {"pause", on_pause},
    {"pauseRaw", on_pause},
    {"seek", on_seek},
    {"receiveAudio", on_receive_audio},
    {"receiveVideo", on_receive_video},
    {"_result", on_nothing}, // to what we asked
    {"_error", on_nothing},
    {"onStatus", on_nothing},
};

static srs_err command_dispatch(struct srs_rtmp_server *server, struct call *call)
{
    size_t i = 0;
    while (i < SRS_COUNT(commands) && !srs_amf0_equals(call->command.name, commands[i].name))
        i++;
    if (server->state == SRS_RTMP_STATE_FRESH && i != 0)
        return SRS_OK; // nothing is answered before connect
    return i < SRS_COUNT(commands) ? commands[i].on(server, call) : on_other(server, call);
}

SRS_ERR srs_rtmp_command_take(struct srs_rtmp_server *server, const struct srs_rtmp_msg *msg,
                              struct srs_rtmp_event *event)
{
    struct call call = {.msid = msg->msid, .event = event};
    struct srs_rtmp_msg plain;
    uint8_t *room;
    srs_err err = srs_rtmp_command_plain(msg, &room, &plain);
    if (!err)
        err = srs_rtmp_command_read(&plain, &call.command);
    if (!err)
        err = command_dispatch(server, &call);
    srs_free(room); // an event holds nothing of it
    if (err)
        return srs_wrap(err, "command of transaction %g", call.command.transaction);
    return call.given ? SRS_OK : SRS_E_AGAIN;
}
