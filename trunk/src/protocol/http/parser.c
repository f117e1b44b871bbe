// Message heads, grammar part: the one file that includes http_parser.h.
//
// The library sees a whole head at once, so each of its callbacks comes exactly once per item, and
// it never sees a body: the distribution builds it lenient, and its chunk reader then takes "5\rX"
// for a chunk line (chunk.c is strict). What its leniency lets through in a head is checked here
// again.
#include "core/mem.h"
#include "protocol/http/head.h"
#include <http_parser.h>
#include <string.h>
#include <strings.h>

struct parse {
    struct srs_http_head *head;
    size_t target_size;
    bool complete;
    unsigned major;
    unsigned
        names; // counted apart from values: a head with more of one than of the other is refused
};

static int on_target(http_parser *parser, const char *at, size_t size)
{
    struct parse *parse = parser->data;
    parse->head->target = (uint16_t)(at - parse->head->bytes);
    parse->target_size = size;
    return 0;
}

static int on_name(http_parser *parser, const char *at, size_t size)
{
    struct parse *parse = parser->data;
    if (parse->names == SRS_HTTP_HEADER_COUNT_MAX || parse->names != parse->head->count)
        return -1;
    struct srs_http_field *field = &parse->head->fields[parse->names++];
    field->name = (uint16_t)(at - parse->head->bytes);
    field->name_size = (uint16_t)size;
    return memchr(at, ' ', size) == NULL ? 0 : -1; // "Host : x", RFC 9112 section 5.1
}

static int on_value(http_parser *parser, const char *at, size_t size)
{
    struct parse *parse = parser->data;
    if (parse->names != parse->head->count + 1u)
        return -1;
    struct srs_http_field *field = &parse->head->fields[parse->head->count++];
    while (size > 0 && (at[size - 1] == ' ' || at[size - 1] == '\t'))
        size--;
    // The library points to the next line for an empty value; the name's terminator serves as the
    // empty string.
    field->value =
        size > 0 ? (uint16_t)(at - parse->head->bytes) : (uint16_t)(field->name + field->name_size);
    field->value_size = (uint16_t)size;
    return 0;
}

static enum srs_http_method method_of(unsigned method)
{
    switch (method) {
    case HTTP_GET:
        return SRS_HTTP_GET;
    case HTTP_HEAD:
        return SRS_HTTP_HEAD;
    case HTTP_POST:
        return SRS_HTTP_POST;
    case HTTP_PUT:
        return SRS_HTTP_PUT;
    case HTTP_DELETE:
        return SRS_HTTP_DELETE;
    case HTTP_OPTIONS:
        return SRS_HTTP_OPTIONS;
    case HTTP_PATCH:
        return SRS_HTTP_PATCH;
    default:
        return SRS_HTTP_OTHER;
    }
}

static int on_headers_complete(http_parser *parser)
{
    struct parse *parse = parser->data;
    struct srs_http_head *head = parse->head;
    parse->complete = true;
    parse->major = parser->http_major;
    head->minor =
        parser->http_minor > 0; // a later minor version reads as 1.1 (RFC 9110 section 2.5)
    head->status = (uint16_t)parser->status_code;
    head->method = method_of(parser->method);
    head->keep_alive = head->minor > 0 ? (parser->flags & F_CONNECTION_CLOSE) == 0
                                       : (parser->flags & F_CONNECTION_KEEP_ALIVE) != 0;
    head->upgrade = parser->upgrade != 0;
    head->chunked = (parser->flags & F_CHUNKED) != 0;
    head->content_length = -1;
    if ((parser->flags & F_CONTENTLENGTH) != 0)
        head->content_length =
            parser->content_length > INT64_MAX ? INT64_MAX : (int64_t)parser->content_length;
    return parser->type == HTTP_RESPONSE; // 1: no body follows
}

static const http_parser_settings settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
};

static void terminate(struct srs_http_head *head, size_t target_size)
{
    for (unsigned i = 0; i < head->count; i++) {
        const struct srs_http_field *field = &head->fields[i];
        head->bytes[field->name + field->name_size] = '\0';
        head->bytes[field->value + field->value_size] = '\0';
    }
    if (head->target > 0)
        head->bytes[head->target + target_size] = '\0';
}

static bool host_is_clean(const char *host)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "-._~%!$&'()*+,;=:[]";
    return host[strspn(host, allowed)] == '\0';
}

static srs_err refuse(unsigned *status, unsigned answer, const char *why)
{
    *status = answer;
    return srs_fail(SRS_E_HTTP_PARSE_HEADER, "%s", why);
}

// What decides where the message ends must have one meaning only (RFC 9112 sections 6.1 to 6.3).
static srs_err check_framing(const struct srs_http_head *head, enum srs_http_side side,
                             unsigned *status)
{
    unsigned codings = srs_http_head_times(head, "Transfer-Encoding");
    unsigned lengths = srs_http_head_times(head, "Content-Length");
    if (codings > 1 || lengths > 1 || (codings > 0 && lengths > 0))
        return refuse(status, 400, "more than one length of the body");
    if (lengths > 0 && head->content_length < 0)
        return refuse(status, 400, "empty Content-Length");
    if (codings == 0)
        return SRS_OK;
    if (strcasecmp(srs_http_head_get(head, "Transfer-Encoding"), "chunked") != 0 || !head->chunked)
        return refuse(status, 501, "transfer coding other than chunked");
    if (side == SRS_HTTP_REQUEST_SIDE && head->minor == 0)
        return refuse(status, 400, "transfer coding in HTTP/1.0");
    return SRS_OK;
}

static srs_err check_host(const struct srs_http_head *head, unsigned *status)
{
    unsigned hosts = srs_http_head_times(head, "Host");
    if (hosts > 1 || (hosts == 0 && head->minor > 0))
        return refuse(status, 400, "not exactly one Host");
    if (hosts == 1 && !host_is_clean(srs_http_head_get(head, "Host")))
        return refuse(status, 400, "malformed Host");
    return SRS_OK;
}

// The library passes "HT;P/1.1" and any number of spaces; RFC 9112 sections 3 and 4 have one form
// each.
static bool first_line_is_exact(const struct srs_http_head *head, size_t target_size,
                                enum srs_http_side side)
{
    static const char name[] = "HTTP/";
    if (side == SRS_HTTP_RESPONSE_SIDE)
        return strncmp(head->bytes, name, sizeof name - 1) == 0;
    const char *target = head->bytes + head->target;
    const char *version = target + target_size + 1;
    const char *line_end = strchr(head->bytes, '\r');
    return head->target >= 2 && strcspn(head->bytes, " ") == head->target - 1u &&
           line_end - version == (ptrdiff_t)sizeof name - 1 + 3 &&
           strncmp(version, name, sizeof name - 1) == 0;
}

static srs_err parse_bytes(struct srs_http_head *head, enum srs_http_side side, unsigned *status)
{
    struct parse parse = {.head = head};
    http_parser parser;
    http_parser_init(&parser, side == SRS_HTTP_REQUEST_SIDE ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = &parse;
    size_t used = http_parser_execute(&parser, &settings, head->bytes, head->size);
    enum http_errno result = HTTP_PARSER_ERRNO(&parser);
    if (result != HPE_OK || used != head->size || !parse.complete || parse.names != head->count)
        return refuse(status, 400, http_errno_name(result));
    if (parse.major != 1)
        return refuse(status, parse.major == 0 ? 400 : 505, "version other than HTTP/1.x");
    if (!first_line_is_exact(head, parse.target_size, side))
        return refuse(status, 400, "malformed first line");
    terminate(head, parse.target_size);
    srs_err err = check_framing(head, side, status);
    if (err || side == SRS_HTTP_RESPONSE_SIDE)
        return err;
    return check_host(head, status);
}

SRS_ERR srs_http_head_parse(struct srs_http_head *head, struct srs_http_collector *collector,
                            enum srs_http_side side, unsigned *status)
{
    struct srs_span in = srs_buf_span(&collector->buf);
    *head = (struct srs_http_head){.bytes = srs_try_strndup((const char *)in.bytes, in.size)};
    srs_http_collector_fini(collector);
    if (head->bytes == NULL) {
        *status = 500;
        return srs_fail(SRS_E_NO_MEMORY, "head of %zu bytes", in.size);
    }
    head->size = (uint16_t)in.size;
    srs_err err = parse_bytes(head, side, status);
    if (err)
        srs_http_head_fini(head);
    return err;
}
