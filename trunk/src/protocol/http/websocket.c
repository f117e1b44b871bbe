// WebSocket. The head of a frame is checked as soon as its part is there, before a byte of payload
// is taken: a size over the limit costs nothing.
#include "protocol/http/websocket.h"
#include "core/assert.h"
#include "core/mem.h"
#include <strings.h>

enum {
    HEAD_MIN = 2,
    MASK_SIZE = 4,
    KEY_SIZE = 24, // base64 of 16 bytes
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0F,
    CONTROL = 0x08,
    MASKED = 0x80,
    LENGTH = 0x7F,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
};

// --- handshake ----------------------------------------------------------------------------------

// One of the comma-separated words of a header, in any case.
static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t n = strcspn(list, " \t,");
        if (n == size && strncasecmp(list, word, size) == 0)
            return true;
        list += n;
    }
    return false;
}

bool srs_websocket_is_asked(const struct srs_http_request *request)
{
    return request->upgrade && request->minor > 0 &&
           has_word(srs_http_request_header(request, "Upgrade"), "websocket");
}

static bool is_key(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789+/";
    return text != NULL && strlen(text) == KEY_SIZE && strspn(text, letters) == KEY_SIZE - 2 &&
           strchr("AQgw", text[KEY_SIZE - 3]) != NULL && strcmp(text + KEY_SIZE - 2, "==") == 0;
}

static srs_err refuse(unsigned *status, unsigned answer, const char *why)
{
    *status = answer;
    return srs_fail(SRS_E_WEBSOCKET_HANDSHAKE, "%s", why);
}

SRS_ERR srs_websocket_accept(const struct srs_http_request *request,
                             char accept[SRS_WEBSOCKET_ACCEPT_SIZE], unsigned *status)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 section 1.3
    const char *version = srs_http_request_header(request, "Sec-WebSocket-Version");
    const char *key = srs_http_request_header(request, "Sec-WebSocket-Key");
    if (request->method != SRS_HTTP_GET)
        return refuse(status, 405, "method other than GET");
    if (version == NULL || strcmp(version, "13") != 0)
        return refuse(status, 426, "version other than 13");
    if (!is_key(key) || srs_http_head_times(&request->head, "Sec-WebSocket-Key") != 1)
        return refuse(status, 400, "not one key of 16 bytes");
    if (request->has_body)
        return refuse(status, 400, "request with a body");
    uint8_t both[KEY_SIZE + sizeof guid - 1];
    uint8_t digest[SRS_SHA1_SIZE];
    memcpy(both, key, KEY_SIZE);
    memcpy(both + KEY_SIZE, guid, sizeof guid - 1);
    srs_crypto_sha1((struct srs_span){both, sizeof both}, digest);
    srs_crypto_base64((struct srs_span){digest, sizeof digest}, accept);
    return SRS_OK;
}

// --- reading ------------------------------------------------------------------------------------

void srs_websocket_reader_fini(struct srs_websocket_reader *reader)
{
    srs_buf_fini(&reader->message);
}

static srs_err wrong(struct srs_websocket_reader *reader, const char *why)
{
    reader->close_code = SRS_WEBSOCKET_PROTOCOL_ERROR;
    return srs_fail(SRS_E_WEBSOCKET_FRAME, "%s", why);
}

static srs_err too_big(struct srs_websocket_reader *reader, uint64_t size)
{
    reader->close_code = SRS_WEBSOCKET_TOO_BIG;
    return srs_fail(SRS_E_LIMIT, "message of %llu bytes and more, at most %d",
                    (unsigned long long)size, SRS_WEBSOCKET_MESSAGE_MAX);
}

// How long the head is, as far as its first two bytes say.
static size_t head_wanted(const struct srs_websocket_reader *reader)
{
    if (reader->head_size < HEAD_MIN)
        return HEAD_MIN;
    unsigned length = reader->head[1] & LENGTH;
    size_t more = length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
    return HEAD_MIN + more + MASK_SIZE;
}

static srs_err check_opcode(struct srs_websocket_reader *reader)
{
    uint8_t opcode = reader->head[0] & OPCODE;
    bool joining = reader->message_opcode != 0;
    switch (opcode) {
    case SRS_WEBSOCKET_CONTINUATION:
        return joining ? SRS_OK : wrong(reader, "continuation of nothing");
    case SRS_WEBSOCKET_TEXT:
    case SRS_WEBSOCKET_BINARY:
        return joining ? wrong(reader, "new message between fragments") : SRS_OK;
    case SRS_WEBSOCKET_CLOSE:
    case SRS_WEBSOCKET_PING:
    case SRS_WEBSOCKET_PONG:
        return SRS_OK;
    default:
        return wrong(reader, "reserved opcode");
    }
}

// The first two bytes are there.
static srs_err check_start(struct srs_websocket_reader *reader)
{
    if ((reader->head[0] & RESERVED) != 0)
        return wrong(reader, "reserved bit: no extension was agreed on");
    if ((reader->head[1] & MASKED) == 0)
        return wrong(reader, "client's frame without a mask");
    srs_err err = check_opcode(reader);
    if (err)
        return err;
    if ((reader->head[0] & CONTROL) == 0)
        return SRS_OK;
    if ((reader->head[0] & FIN) == 0)
        return wrong(reader, "control frame in fragments");
    if ((reader->head[1] & LENGTH) > SRS_WEBSOCKET_CONTROL_MAX)
        return wrong(reader, "control frame over 125 bytes");
    return SRS_OK;
}

// The head is whole.
static srs_err begin_payload(struct srs_websocket_reader *reader)
{
    struct srs_rd in = srs_rd_init(reader->head + 1, reader->head_size - 1);
    uint64_t size = srs_rd_u8(&in) & LENGTH;
    if (size == LENGTH_16) {
        size = srs_rd_u16(&in);
        if (size < LENGTH_16)
            return wrong(reader, "length in more bytes than it needs");
    } else if (size == LENGTH_64) {
        size = srs_rd_u64(&in);
        if (size <= UINT16_MAX || size > INT64_MAX)
            return wrong(reader, "length in more bytes than it needs, or negative");
    }
    reader->opcode = reader->head[0] & OPCODE;
    reader->fin = (reader->head[0] & FIN) != 0;
    if ((reader->opcode & CONTROL) == 0) {
        size_t held = srs_buf_size(&reader->message);
        if (size > SRS_WEBSOCKET_MESSAGE_MAX - held)
            return too_big(reader, held + size);
        if (reader->opcode != SRS_WEBSOCKET_CONTINUATION)
            reader->message_opcode = reader->opcode;
    }
    reader->left = (uint32_t)size;
    reader->mask_at = 0;
    reader->control_size = 0;
    reader->in_payload = true;
    return SRS_OK;
}

static srs_err read_head(struct srs_websocket_reader *reader, struct srs_span in, size_t *used)
{
    while (*used < in.size && !reader->in_payload) {
        reader->head[reader->head_size++] = in.bytes[(*used)++];
        if (reader->head_size == HEAD_MIN) {
            srs_err err = check_start(reader);
            if (err)
                return err;
        }
        if (reader->head_size == head_wanted(reader))
            return begin_payload(reader);
    }
    return SRS_OK;
}

static srs_err read_payload(struct srs_websocket_reader *reader, struct srs_span in, size_t *used)
{
    size_t size = in.size - *used < reader->left ? in.size - *used : reader->left;
    const uint8_t *mask = reader->head + reader->head_size - MASK_SIZE;
    uint8_t *to = reader->control + reader->control_size;
    if ((reader->opcode & CONTROL) == 0) {
        srs_err err = size == 0
                          ? SRS_OK
                          : srs_buf_reserve(&reader->message, size, SRS_WEBSOCKET_MESSAGE_MAX, &to);
        if (err) {
            reader->close_code = SRS_WEBSOCKET_SERVER_ERROR;
            return srs_wrap(err, "message of a client");
        }
        srs_buf_grown(&reader->message, size);
    } else {
        reader->control_size = (uint8_t)(reader->control_size + size);
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = in.bytes[*used + i] ^ mask[reader->mask_at];
        reader->mask_at = (reader->mask_at + 1) % MASK_SIZE;
    }
    reader->left -= (uint32_t)size;
    *used += size;
    return SRS_OK;
}

// RFC 6455 section 7.4: what may be on the wire.
static bool is_close_code(unsigned code)
{
    bool named = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    return named || (code >= 3000 && code <= 4999);
}

static srs_err end_control(struct srs_websocket_reader *reader, struct srs_websocket_event *event)
{
    struct srs_rd in = srs_rd_init(reader->control, reader->control_size);
    event->opcode = (enum srs_websocket_opcode)reader->opcode;
    event->code = SRS_WEBSOCKET_NO_STATUS;
    if (reader->opcode == SRS_WEBSOCKET_CLOSE) {
        reader->closed = true;
        if (reader->control_size > 0)
            event->code = srs_rd_u16(&in);
        if (in.bad || (reader->control_size > 0 && !is_close_code(event->code)))
            return wrong(reader, "close frame with a bad code");
    }
    event->payload = (struct srs_span){in.at, srs_rd_left(&in)};
    return SRS_OK;
}

static srs_err end_frame(struct srs_websocket_reader *reader, struct srs_websocket_event *event,
                         bool *got)
{
    reader->in_payload = false;
    reader->head_size = 0;
    *got = true;
    if ((reader->opcode & CONTROL) != 0)
        return end_control(reader, event);
    *got = reader->fin;
    if (!reader->fin)
        return SRS_OK;
    event->opcode = (enum srs_websocket_opcode)reader->message_opcode;
    event->payload = srs_buf_span(&reader->message);
    reader->message_opcode = 0;
    reader->given = true;
    return SRS_OK;
}

SRS_ERR srs_websocket_read(struct srs_websocket_reader *reader, struct srs_span in, size_t *used,
                           struct srs_websocket_event *event, bool *got)
{
    *used = 0;
    *got = false;
    *event = (struct srs_websocket_event){0};
    if (reader->given)
        srs_buf_fini(&reader->message);
    reader->given = false;
    while (!*got && !reader->closed && *used < in.size) {
        srs_err err = SRS_OK;
        if (!reader->in_payload)
            err = read_head(reader, in, used);
        if (!err && reader->in_payload)
            err = read_payload(reader, in, used);
        if (!err && reader->in_payload && reader->left == 0)
            err = end_frame(reader, event, got);
        if (err)
            return err;
    }
    if (reader->closed)
        *used = in.size;
    return SRS_OK;
}

// --- writing ------------------------------------------------------------------------------------

size_t srs_websocket_head(uint8_t out[SRS_WEBSOCKET_HEAD_MAX], enum srs_websocket_opcode opcode,
                          size_t size)
{
    struct srs_wr wr = srs_wr_init(out, SRS_WEBSOCKET_HEAD_MAX);
    srs_wr_u8(&wr, (uint8_t)(FIN | opcode));
    if (size < LENGTH_16) {
        srs_wr_u8(&wr, (uint8_t)size);
    } else if (size <= UINT16_MAX) {
        srs_wr_u8(&wr, LENGTH_16);
        srs_wr_u16(&wr, (uint16_t)size);
    } else {
        srs_wr_u8(&wr, LENGTH_64);
        srs_wr_u64(&wr, size);
    }
    srs_assert(!wr.bad);
    return wr.size;
}

size_t srs_websocket_close(uint8_t out[SRS_WEBSOCKET_CLOSE_SIZE], uint16_t code)
{
    bool says = code != SRS_WEBSOCKET_NO_STATUS;
    uint8_t head[SRS_WEBSOCKET_HEAD_MAX];
    struct srs_wr wr = srs_wr_init(out, SRS_WEBSOCKET_CLOSE_SIZE);
    srs_wr_bytes(&wr, head, srs_websocket_head(head, SRS_WEBSOCKET_CLOSE, says ? 2 : 0));
    if (says)
        srs_wr_u16(&wr, code);
    return wr.size;
}
