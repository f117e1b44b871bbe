// RTMP client session: handshake, commands (order and ids as ffmpeg sends them), answers to pings.
#include "load_rtmp.h"
#include "load_core.h"
#include "load_tls.h"

#include <stdlib.h>
#include <string.h>

#define HANDSHAKE_BYTES 1536
#define HELLO_BYTES     (1 + 2 * HANDSHAKE_BYTES)
#define PLAY_LIVE       (-2000.0) // ffmpeg's "live, else recorded"
#define BUFFER_MS       3000      // ffmpeg's SetBufferLength
#define ACK_WINDOW      2500000

// Transaction ids. Both sides of a publish or play use the same for connect and createStream.
enum { ID_CONNECT = 1, ID_RELEASE, ID_FC_PUBLISH, ID_CREATE, ID_START };

void srs_load_out_bytes(struct srs_load_out *out, const void *data, size_t len)
{
    if (out->cap - out->len < len) {
        out->bad = true;
        return;
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

void srs_load_out_be(struct srs_load_out *out, uint64_t value, unsigned bytes)
{
    uint8_t raw[8];
    for (unsigned i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    srs_load_out_bytes(out, raw, bytes);
}

void srs_load_amf_number(struct srs_load_out *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    srs_load_out_be(out, 0, 1);
    srs_load_out_be(out, bits, 8);
}

static void amf_key(struct srs_load_out *out, const char *key)
{
    srs_load_out_be(out, strlen(key), 2);
    srs_load_out_bytes(out, key, strlen(key));
}

void srs_load_amf_string(struct srs_load_out *out, const char *text)
{
    srs_load_out_be(out, 2, 1);
    amf_key(out, text);
}

void srs_load_amf_key_number(struct srs_load_out *out, const char *key, double value)
{
    amf_key(out, key);
    srs_load_amf_number(out, value);
}

void srs_load_amf_key_string(struct srs_load_out *out, const char *key, const char *text)
{
    amf_key(out, key);
    srs_load_amf_string(out, text);
}

static void write_header(struct srs_load_out *out, struct srs_load_lane_out *lane, uint32_t msid,
                         const struct srs_load_msg *msg)
{
    const uint32_t delta = msg->timestamp - lane->timestamp;
    const uint32_t field = lane->used ? delta : msg->timestamp;
    const bool extended = field >= 0xffffff;

    srs_load_out_be(out, (lane->used ? 0x40u : 0u) | lane->csid, 1);
    srs_load_out_be(out, extended ? 0xffffff : field, 3);
    srs_load_out_be(out, msg->len, 3);
    srs_load_out_be(out, msg->type, 1);
    if (!lane->used)
        srs_load_out_be(out, __builtin_bswap32(msid), 4);
    if (extended)
        srs_load_out_be(out, field, 4);
    lane->used = true;
    lane->timestamp = msg->timestamp;
}

void srs_load_rtmp_write(struct srs_load_out *out, struct srs_load_lane_out *lane, uint32_t msid,
                         const struct srs_load_msg *msg)
{
    const uint32_t field = lane->used ? msg->timestamp - lane->timestamp : msg->timestamp;
    size_t at = 0;
    write_header(out, lane, msid, msg);
    for (;;) {
        size_t take = msg->len - at < SRS_LOAD_CHUNK_BYTES ? msg->len - at : SRS_LOAD_CHUNK_BYTES;
        srs_load_out_bytes(out, msg->body + at, take);
        at += take;
        if (at == msg->len)
            return;
        srs_load_out_be(out, 0xc0u | lane->csid, 1);
        if (field >= 0xffffff)
            srs_load_out_be(out, field, 4);
    }
}

static void on_message(void *arg, const struct srs_load_msg *msg);

struct srs_load_rtmp *srs_load_rtmp_new(const struct srs_load_target *target, const char *stream,
                                        bool publish, srs_load_msg_fn fn, void *arg)
{
    struct srs_load_rtmp *rtmp = srs_load_alloc(1, sizeof(*rtmp));
    *rtmp = (struct srs_load_rtmp){
        .fd = -1, .publish = publish, .target = target, .fn = fn, .arg = arg};
    memcpy(rtmp->stream, stream, strnlen(stream, SRS_LOAD_NAME_BYTES - 1));
    srs_load_rtmp_in_init(&rtmp->in, on_message, rtmp);
    return rtmp;
}

void srs_load_rtmp_free(struct srs_load_rtmp *rtmp)
{
    if (rtmp == NULL)
        return;
    srs_load_rtmp_in_fini(&rtmp->in);
    free(rtmp->hello);
    free(rtmp);
}

// Commands are small and the socket is fresh: they fit its buffer whole, or the session is of no
// use.
static void send_all(struct srs_load_rtmp *rtmp, const struct srs_load_out *out)
{
    if (out->bad || !srs_load_send(rtmp->fd, out->data, out->len))
        rtmp->step = SRS_LOAD_STEP_FAILED;
}

void srs_load_rtmp_open(struct srs_load_rtmp *rtmp, int fd)
{
    uint8_t c0c1[1 + HANDSHAKE_BYTES] = {3};
    for (size_t i = 9; i < sizeof(c0c1); i++)
        c0c1[i] = (uint8_t)(i * 31);
    rtmp->fd = fd;
    rtmp->hello = srs_load_alloc(1, HELLO_BYTES);
    send_all(rtmp, &(struct srs_load_out){.data = c0c1, .len = sizeof(c0c1)});
}

// Adds one control or command message on its own chunk stream with a full header.
static void add_message(struct srs_load_out *out, uint8_t csid, uint8_t type, uint32_t msid,
                        const struct srs_load_out *body)
{
    struct srs_load_lane_out lane = {.csid = csid};
    const struct srs_load_msg msg = {.type = type, .body = body->data, .len = body->len};
    out->bad = out->bad || body->bad;
    srs_load_rtmp_write(out, &lane, msid, &msg);
}

static void add_u32(struct srs_load_out *out, uint8_t type, uint32_t value)
{
    uint8_t raw[4];
    struct srs_load_out body = {.data = raw, .cap = sizeof(raw)};
    srs_load_out_be(&body, value, 4);
    add_message(out, 2, type, 0, &body);
}

static void add_user(struct srs_load_out *out, unsigned event, uint64_t value, unsigned bytes)
{
    uint8_t raw[10];
    struct srs_load_out body = {.data = raw, .cap = sizeof(raw)};
    srs_load_out_be(&body, event, 2);
    srs_load_out_be(&body, value, bytes);
    add_message(out, 2, SRS_LOAD_TYPE_USER, 0, &body);
}

// A command with a null object and at most one string and one more string or number.
struct command {
    const char *name;
    double id;
    const char *text;  // NULL: none
    const char *text2; // NULL: none
    double number;     // sent when not 0
};

static void add_command(struct srs_load_out *out, uint32_t msid, const struct command *cmd)
{
    uint8_t raw[512];
    struct srs_load_out body = {.data = raw, .cap = sizeof(raw)};
    srs_load_amf_string(&body, cmd->name);
    srs_load_amf_number(&body, cmd->id);
    srs_load_out_be(&body, 5, 1);
    if (cmd->text)
        srs_load_amf_string(&body, cmd->text);
    if (cmd->text2)
        srs_load_amf_string(&body, cmd->text2);
    if (cmd->number != 0)
        srs_load_amf_number(&body, cmd->number);
    add_message(out, msid ? 8 : 3, SRS_LOAD_TYPE_COMMAND, msid, &body);
}

static void send_connect(struct srs_load_rtmp *rtmp)
{
    uint8_t raw[2304], command[640], url[2 * SRS_LOAD_NAME_BYTES + 16];
    struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
    struct srs_load_out body = {.data = command, .cap = sizeof(command)};
    struct srs_load_out text = {.data = url, .cap = sizeof(url)};

    srs_load_out_bytes(&text, "rtmp://", 7);
    srs_load_out_bytes(&text, rtmp->target->host, strlen(rtmp->target->host));
    srs_load_out_bytes(&text, "/", 1);
    srs_load_out_bytes(&text, rtmp->target->app, strlen(rtmp->target->app) + 1);

    srs_load_amf_string(&body, "connect");
    srs_load_amf_number(&body, ID_CONNECT);
    srs_load_out_be(&body, 3, 1);
    srs_load_amf_key_string(&body, "app", rtmp->target->app);
    if (rtmp->publish)
        srs_load_amf_key_string(&body, "type", "nonprivate");
    srs_load_amf_key_string(&body, "flashVer", rtmp->publish ? "FMLE/3.0" : "LNX 9,0,124,2");
    srs_load_amf_key_string(&body, "tcUrl", (const char *)url);
    srs_load_out_be(&body, 9, 3);
    body.bad = body.bad || text.bad;

    srs_load_out_bytes(&out, rtmp->hello + 1, HANDSHAKE_BYTES); // C2 repeats S1
    add_u32(&out, SRS_LOAD_TYPE_CHUNK_SIZE, SRS_LOAD_CHUNK_BYTES);
    add_message(&out, 3, SRS_LOAD_TYPE_COMMAND, 0, &body);
    rtmp->step = SRS_LOAD_STEP_CONNECT;
    send_all(rtmp, &out);
}

static void send_create(struct srs_load_rtmp *rtmp)
{
    uint8_t raw[1024];
    struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
    if (rtmp->publish) {
        add_command(&out, 0, &(struct command){"releaseStream", ID_RELEASE, .text = rtmp->stream});
        add_command(&out, 0, &(struct command){"FCPublish", ID_FC_PUBLISH, .text = rtmp->stream});
    } else {
        add_u32(&out, SRS_LOAD_TYPE_WINDOW, ACK_WINDOW);
    }
    add_command(&out, 0, &(struct command){"createStream", .id = ID_CREATE});
    rtmp->step = SRS_LOAD_STEP_CREATE;
    send_all(rtmp, &out);
}

static void send_start(struct srs_load_rtmp *rtmp)
{
    uint8_t raw[1024];
    struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
    struct command cmd = {rtmp->publish ? "publish" : "play", ID_START, .text = rtmp->stream};
    if (rtmp->publish)
        cmd.text2 = rtmp->target->app;
    else
        cmd.number = PLAY_LIVE;
    add_command(&out, rtmp->msid, &cmd);
    if (!rtmp->publish)
        add_user(&out, 3, (uint64_t)rtmp->msid << 32 | BUFFER_MS, 8);
    rtmp->step = SRS_LOAD_STEP_START;
    send_all(rtmp, &out);
}

static bool holds(const struct srs_load_msg *msg, const char *text)
{
    return memmem(msg->body, msg->len, text, strlen(text)) != NULL;
}

static double number_at(const struct srs_load_msg *msg, size_t at)
{
    uint64_t bits = 0;
    double value;
    if (msg->len < at + 9 || msg->body[at] != 0)
        return -1;
    for (size_t i = 1; i <= 8; i++)
        bits = bits << 8 | msg->body[at + i];
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// `_result` is a string of 7 in front of the id; createStream's number stands behind one null.
#define RESULT_ID_AT     10
#define RESULT_NUMBER_AT (RESULT_ID_AT + 9 + 1)

static void on_result(struct srs_load_rtmp *rtmp, const struct srs_load_msg *msg)
{
    const double id = number_at(msg, RESULT_ID_AT);
    if (rtmp->step == SRS_LOAD_STEP_CONNECT && id == ID_CONNECT) {
        send_create(rtmp);
    } else if (rtmp->step == SRS_LOAD_STEP_CREATE && id == ID_CREATE) {
        const double msid = number_at(msg, RESULT_NUMBER_AT);
        rtmp->msid = msid >= 1 && msid < 1e6 ? (uint32_t)msid : 0;
        if (rtmp->msid == 0)
            rtmp->step = SRS_LOAD_STEP_FAILED;
        else
            send_start(rtmp);
    }
}

static void on_command(struct srs_load_rtmp *rtmp, const struct srs_load_msg *msg)
{
    const char *wanted = rtmp->publish ? "NetStream.Publish.Start" : "NetStream.Play.Start";
    if (msg->len >= 10 && memcmp(msg->body + 3, "_result", 7) == 0)
        on_result(rtmp, msg);
    else if (rtmp->step == SRS_LOAD_STEP_START && holds(msg, wanted))
        rtmp->step = SRS_LOAD_STEP_RUN;
    else if (holds(msg, "onStatus") && holds(msg, "error"))
        rtmp->step = SRS_LOAD_STEP_FAILED;
}

static void on_message(void *arg, const struct srs_load_msg *msg)
{
    struct srs_load_rtmp *rtmp = arg;
    if (msg->type == SRS_LOAD_TYPE_COMMAND) {
        on_command(rtmp, msg);
    } else if (msg->type == SRS_LOAD_TYPE_USER && msg->len >= 6 && msg->body[1] == 6) {
        uint8_t raw[32];
        struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
        uint32_t stamp;
        memcpy(&stamp, msg->body + 2, sizeof(stamp));
        add_user(&out, 7, __builtin_bswap32(stamp), 4);
        send_all(rtmp, &out);
    } else if (rtmp->fn) {
        rtmp->fn(rtmp->arg, msg);
    }
}

void srs_load_rtmp_feed(struct srs_load_rtmp *rtmp, const uint8_t *data, size_t len)
{
    if (rtmp->step == SRS_LOAD_STEP_HANDSHAKE) {
        size_t take = HELLO_BYTES - rtmp->hello_len;
        take = take < len ? take : len;
        memcpy(rtmp->hello + rtmp->hello_len, data, take);
        rtmp->hello_len += take;
        data += take;
        len -= take;
        if (rtmp->hello_len < HELLO_BYTES)
            return;
        if (rtmp->hello[0] != 3) {
            rtmp->step = SRS_LOAD_STEP_FAILED;
            return;
        }
        send_connect(rtmp);
        free(rtmp->hello);
        rtmp->hello = NULL;
    }
    srs_load_rtmp_in_feed(&rtmp->in, data, len);
    if (rtmp->in.bad)
        rtmp->step = SRS_LOAD_STEP_FAILED;
}

void srs_load_rtmp_bye(struct srs_load_rtmp *rtmp)
{
    uint8_t raw[512];
    struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
    if (rtmp->step != SRS_LOAD_STEP_RUN)
        return;
    add_command(&out, 0, &(struct command){"FCUnpublish", ID_START + 1, .text = rtmp->stream});
    add_command(&out, 0, &(struct command){"deleteStream", ID_START + 2, .number = rtmp->msid});
    send_all(rtmp, &out);
}

void srs_load_rtmp_ack(int fd, uint32_t total)
{
    uint8_t raw[16];
    struct srs_load_out out = {.data = raw, .cap = sizeof(raw)};
    add_u32(&out, SRS_LOAD_TYPE_ACK, total);
    // A full buffer means that the server does not read; the ack is a courtesy and not repeated.
    (void)srs_load_send(fd, out.data, out.len);
}
