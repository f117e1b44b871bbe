// Answers. A head is measured by a first pass and written by a second one, so that a failure leaves
// the buffer untouched.
#include "protocol/http/response.h"
#include "core/assert.h"
#include "core/mem.h"
#include <inttypes.h>
#include <stdio.h>

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

// What SRS answers to a request with an Origin; but credentials need their header by name, which
// the asterisk does not stand for (Fetch, "CORS non-wildcard request-header name").
static const struct srs_http_extra cors_headers[] = {
    {"Access-Control-Allow-Origin", "*"},
    {"Access-Control-Allow-Methods", "*"},
    {"Access-Control-Allow-Headers", "*, Authorization"},
    {"Access-Control-Expose-Headers", "*"},
    {"Access-Control-Allow-Credentials", "false"},
    {"Access-Control-Request-Private-Network", "true"},
};

const char *srs_http_reason(unsigned status)
{
    for (size_t i = 0; i < SRS_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

struct srs_http_response srs_http_response_to(const struct srs_http_server *server_machine,
                                              const struct srs_http_request *request,
                                              const char *server_name, bool crossdomain)
{
    return (struct srs_http_response){
        .status = 200,
        .minor = request->minor,
        .head_only = request->method == SRS_HTTP_HEAD,
        .keep_alive = srs_http_server_keep_alive(server_machine),
        .cors = crossdomain && srs_http_request_header(request, "Origin") != NULL,
        .content_length = SRS_HTTP_LENGTH_UNKNOWN,
        .server = server_name,
    };
}

// RFC 9110 section 6.4.1: these never have a body.
static bool is_bodyless(unsigned status)
{
    return status < 200 || status == 204 || status == 304;
}

bool srs_http_response_is_chunked(const struct srs_http_response *response)
{
    return response->content_length < 0 && response->minor > 0 && !is_bodyless(response->status);
}

bool srs_http_response_closes(const struct srs_http_response *response)
{
    bool ends_by_close = response->content_length < 0 && response->minor == 0 &&
                         !is_bodyless(response->status) && !response->head_only;
    return response->status != 101 && (!response->keep_alive || ends_by_close);
}

static void write_text(struct srs_wr *out, const char *text)
{
    srs_wr_bytes(out, text, strlen(text));
}

static void write_header(struct srs_wr *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    write_text(out, name);
    write_text(out, ": ");
    write_text(out, value);
    write_text(out, "\r\n");
}

static void write_framing(struct srs_wr *out, const struct srs_http_response *response)
{
    char number[24];
    if (response->status == 101) {
        write_header(out, "Upgrade", response->upgrade_websocket ? "websocket" : NULL);
        write_header(out, "Connection", "Upgrade");
        return;
    }
    if (srs_http_response_is_chunked(response)) {
        write_header(out, "Transfer-Encoding", "chunked");
    } else if (response->content_length >= 0 && !is_bodyless(response->status)) {
        (void)snprintf(number, sizeof number, "%" PRId64, response->content_length);
        write_header(out, "Content-Length", number);
    }
    write_header(out, "Connection", srs_http_response_closes(response) ? "close" : "keep-alive");
}

static void write_head(struct srs_wr *out, const struct srs_http_response *response)
{
    char line[64];
    // The version is that of the server, not of the request: RFC 9110 section 2.5.
    (void)snprintf(line, sizeof line, "HTTP/1.1 %u %s\r\n", response->status,
                   srs_http_reason(response->status));
    write_text(out, line);
    write_header(out, "Server", response->server);
    write_header(out, "Content-Type", response->content_type);
    write_framing(out, response);
    write_header(out, "Cache-Control", response->cache_control);
    write_header(out, "Location", response->location);
    write_header(out, "WWW-Authenticate", response->authenticate);
    write_header(out, "Allow", response->allow);
    for (size_t i = 0; response->cors && i < SRS_COUNT(cors_headers); i++)
        write_header(out, cors_headers[i].name, cors_headers[i].value);
    for (unsigned i = 0; i < response->extra_count; i++)
        write_header(out, response->extra[i].name, response->extra[i].value);
    write_text(out, "\r\n");
}

// A line end within a value would be a header of whoever chose the value.
static bool is_clean(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return false;
    return true;
}

static bool all_clean(const struct srs_http_response *response)
{
    bool clean = is_clean(response->server) && is_clean(response->content_type) &&
                 is_clean(response->cache_control) && is_clean(response->location) &&
                 is_clean(response->authenticate) && is_clean(response->allow);
    for (unsigned i = 0; i < response->extra_count; i++)
        clean = clean && is_clean(response->extra[i].name) && is_clean(response->extra[i].value);
    return clean;
}

static srs_err write_within(struct srs_buf *out, const struct srs_http_response *response,
                            struct srs_span body, size_t limit)
{
    srs_assert(response->status >= 100 && response->status <= 999);
    if (!all_clean(response))
        return srs_fail(SRS_E_HTTP_HEADER, "control character in a header of the answer");
    struct srs_wr measure = srs_wr_init(NULL, 0);
    write_head(&measure, response);
    size_t size = measure.size + body.size;
    uint8_t *room;
    srs_err err = srs_buf_reserve(out, size, limit, &room);
    if (err)
        return srs_wrap(err, "answer %u", response->status);
    struct srs_wr wr = srs_wr_init(room, size);
    write_head(&wr, response);
    srs_wr_bytes(&wr, body.bytes, body.size);
    srs_assert(!wr.bad && wr.size == size);
    srs_buf_grown(out, size);
    return SRS_OK;
}

SRS_ERR srs_http_response_write(struct srs_buf *out, const struct srs_http_response *response)
{
    return write_within(out, response, (struct srs_span){NULL, 0}, SRS_HTTP_RESPONSE_HEAD_MAX);
}

SRS_ERR srs_http_response_write_whole(struct srs_buf *out, struct srs_http_response *response,
                                      struct srs_span body, size_t limit)
{
    response->content_length = (int64_t)body.size;
    if (response->head_only || is_bodyless(response->status))
        body.size = 0;
    return write_within(out, response, body, limit);
}

SRS_ERR srs_http_response_write_plain(struct srs_buf *out, struct srs_http_response *response,
                                      unsigned status)
{
    const char *reason = srs_http_reason(status);
    struct srs_span body = {(const uint8_t *)reason, strlen(reason)};
    response->status = status;
    response->content_type = "text/plain; charset=utf-8";
    return srs_http_response_write_whole(out, response, body, SRS_HTTP_RESPONSE_HEAD_MAX);
}

SRS_ERR srs_http_response_write_options(struct srs_buf *out, struct srs_http_response *response,
                                        bool crossdomain)
{
    if (!crossdomain)
        return srs_http_response_write_plain(out, response, 405);
    response->status = 200;
    return srs_http_response_write_whole(out, response, (struct srs_span){NULL, 0},
                                         SRS_HTTP_RESPONSE_HEAD_MAX);
}

SRS_ERR srs_http_response_write_redirect(struct srs_buf *out, struct srs_http_response *response,
                                         const char *location)
{
    response->status = 302;
    response->location = location;
    return srs_http_response_write_whole(out, response, (struct srs_span){NULL, 0},
                                         SRS_HTTP_RESPONSE_HEAD_MAX);
}
