// A session for tests of the server's machine: it says yes to everything and keeps what was sent.
#pragma once
#include "codec/amf0.h"
#include "protocol/rtmp/server_priv.h"
#include "protocol/rtmp_vectors.h"
#include "test.h"

static const struct srs_rtmp_server_info host_info = {
    .signature = "SRS", .server = "SRS/7", .version = "7.0", .id = "abcd1234", .pid = 7};

// A session that says yes to everything; what it saw and what was sent.
struct host {
    struct srs_rtmp_server server;
    struct srs_buf sent;
    unsigned seen[SRS_RTMP_EVENT_RECEIVE_VIDEO + 1];
    struct srs_rtmp_event last;
    uint32_t last_timestamp;
    size_t media_bytes;
};

static inline void host_init(struct host *host, bool handshaken)
{
    memset(host, 0, sizeof *host);
    srs_rtmp_server_init(&host->server,
                         &(struct srs_rtmp_server_config){.seed = 1, .handshaken = handshaken});
}

static inline void host_fini(struct host *host)
{
    srs_rtmp_server_fini(&host->server);
    srs_buf_fini(&host->sent);
}

static inline void host_drain(struct host *host)
{
    struct srs_span out = srs_rtmp_server_pending(&host->server);
    if (out.size == 0)
        return;
    assert_int_equal(srs_buf_append(&host->sent, out.bytes, out.size, RTMP_TEST_MAX), SRS_OK);
    srs_rtmp_server_sent(&host->server, out.size);
}

static inline srs_err host_answer(struct host *host, const struct srs_rtmp_event *event)
{
    switch (event->kind) {
    case SRS_RTMP_EVENT_CONNECT:
        return srs_rtmp_server_accept_connect(&host->server, &host_info);
    case SRS_RTMP_EVENT_PUBLISH:
        return srs_rtmp_server_accept_publish(&host->server, "abcd1234");
    case SRS_RTMP_EVENT_PLAY:
        return srs_rtmp_server_accept_play(&host->server, "abcd1234");
    case SRS_RTMP_EVENT_MEDIA:
        host->media_bytes += event->media.payload.size;
        host->last_timestamp = event->media.timestamp;
        return SRS_OK;
    default:
        return SRS_OK;
    }
}

// Each piece lives in a block of its own, which is gone when the machine asks for more.
static inline srs_err host_feed(struct host *host, struct srs_span in, size_t step)
{
    srs_err err = SRS_E_AGAIN;
    for (size_t at = 0; at < in.size && err == SRS_E_AGAIN; at += step) {
        size_t size = step < in.size - at ? step : in.size - at;
        uint8_t *block = malloc(size);
        assert_non_null(block);
        memcpy(block, in.bytes + at, size);
        srs_rtmp_server_feed(&host->server, (struct srs_span){block, size});
        do {
            err = srs_rtmp_server_next(&host->server, &host->last);
            if (err == SRS_OK) {
                host->seen[host->last.kind]++;
                err = host_answer(host, &host->last);
            }
            host_drain(host);
        } while (err == SRS_OK);
        free(block);
    }
    return err;
}

static inline srs_err host_feed_hex(struct host *host, const char *hex)
{
    struct srs_buf in = {0};
    rtmp_hex_append(&in, hex);
    srs_err err = host_feed(host, srs_buf_span(&in), RTMP_TEST_MAX);
    srs_buf_fini(&in);
    return err;
}

static inline srs_err host_feed_message(struct host *host, struct srs_rtmp_head head,
                                        const void *payload, size_t size)
{
    struct srs_buf in = {0};
    rtmp_message_append(&in, head, payload, size, 128);
    srs_err err = host_feed(host, srs_buf_span(&in), RTMP_TEST_MAX);
    srs_buf_fini(&in);
    return err;
}

// A command with null, up to one text and up to one number or boolean.
struct args {
    const char *text;
    double number;
    bool has_number;
    int boolean; // 0 = none, 1 = false, 2 = true
};

static inline srs_err host_feed_command(struct host *host, uint32_t msid, const char *name,
                                        double transaction, struct args args)
{
    uint8_t room[512];
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_command_write(&wr, name, transaction, args.text, NULL);
    if (args.boolean != 0)
        srs_amf0_write_boolean(&wr, args.boolean == 2);
    if (args.has_number)
        srs_amf0_write_number(&wr, args.number);
    return host_feed_message(
        host, (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = 3, .msid = msid}, room,
        wr.size);
}

static inline srs_err host_feed_connect(struct host *host)
{
    uint8_t room[512];
    char app[] = "live";
    char url[] = "rtmp://a.b/live";
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_connect_write(&wr,
                           &(struct srs_rtmp_connect){.transaction = 1, .app = app, .tc_url = url});
    return host_feed_message(host, (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = 3},
                             room, wr.size);
}

// After the handshake: connect, createStream, publish or play on stream 1.
static inline void host_begin(struct host *host, const char *what)
{
    host_init(host, true);
    assert_err(SRS_E_AGAIN, host_feed_connect(host), "connect");
    assert_err(SRS_E_AGAIN, host_feed_command(host, 0, "createStream", 2, (struct args){0}), "cs");
    if (what != NULL)
        assert_err(SRS_E_AGAIN, host_feed_command(host, 1, what, 3, (struct args){.text = "s"}),
                   what);
    srs_buf_fini(&host->sent);
}

// What was sent since, as a list of words; a command is name, code or number, @msid.
static inline const char *host_sent(struct host *host, char *out, size_t size)
{
    struct srs_rtmp_reader reader;
    struct srs_rtmp_msg msg;
    size_t at = 0;
    srs_err err = SRS_OK;
    out[0] = '\0';
    srs_rtmp_reader_init(&reader);
    reader.chunk_size = host->seen[SRS_RTMP_EVENT_CONNECT] > 0 ? 60000 : 128;
    srs_rtmp_reader_feed(&reader, srs_buf_span(&host->sent));
    while (at < size && (err = srs_rtmp_reader_next(&reader, &msg)) == SRS_OK) {
        struct srs_rtmp_control control;
        struct srs_rtmp_command command;
        struct srs_span code = {NULL, 0};
        struct srs_span value = {NULL, 0};
        double number = 0;
        if (msg.type < 8) {
            assert_err(SRS_OK, srs_rtmp_control_read(&msg, &control), "control");
            at += (size_t)snprintf(out + at, size - at, "%u:%u:%u ", control.type, control.event,
                                   control.value);
            continue;
        }
        if (msg.type == SRS_RTMP_DATA) {
            at += (size_t)snprintf(out + at, size - at, "data@%u ", msg.msid);
            continue;
        }
        assert_err(SRS_OK, srs_rtmp_command_read(&msg, &command), "command");
        struct srs_rd args = command.args;
        assert_err(SRS_OK, srs_amf0_read_any(&args, &value), "value");
        (void)srs_amf0_find_string(value, "code", &code);
        if (srs_amf0_peek(&command.args) == SRS_AMF0_NUMBER)
            assert_err(SRS_OK, srs_amf0_read_number(&command.args, &number), "number");
        at +=
            (size_t)snprintf(out + at, size - at, "%.*s:%g:%.*s:%g@%u ", (int)command.name.size,
                             (const char *)command.name.bytes, command.transaction, (int)code.size,
                             code.size > 0 ? (const char *)code.bytes : "", number, msg.msid);
    }
    assert_err(SRS_E_AGAIN, err, "what was sent ends at a message");
    srs_rtmp_reader_fini(&reader);
    srs_buf_fini(&host->sent);
    return out;
}

#define assert_sent(host, want)                                          \
    do {                                                                 \
        char sent_[2048];                                                \
        assert_string_equal(host_sent(host, sent_, sizeof sent_), want); \
    } while (0)
