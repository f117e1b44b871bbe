// The head of an HTTP/1.x message (RFC 9112), request or response: collected from the wire up to
// its empty line, then parsed once. Used by server.c and client.c; others see requests and replies.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // Long signed play URLs stay below 4 KiB; 8 KiB is what other servers take (RFC 9112 section 3
    // asks for 8000).
    SRS_HTTP_LINE_MAX = 8 * 1024,
    // All header lines with their line ends, the empty one included. Cookies of a shared domain
    // reach some KiB.
    SRS_HTTP_HEADERS_MAX = 16 * 1024,
    // Browsers send about 20, proxies add a handful.
    SRS_HTTP_HEADER_COUNT_MAX = 64,
    // Empty lines before a request line (RFC 9112 section 2.2): what some old clients send after a
    // body.
    SRS_HTTP_BLANK_LINES_MAX = 2,
};

enum srs_http_method {
    SRS_HTTP_OTHER, // known to HTTP but of no use here
    SRS_HTTP_GET,
    SRS_HTTP_HEAD,
    SRS_HTTP_POST,
    SRS_HTTP_PUT,
    SRS_HTTP_DELETE,
    SRS_HTTP_OPTIONS,
    SRS_HTTP_PATCH,
};

enum srs_http_side { SRS_HTTP_REQUEST_SIDE, SRS_HTTP_RESPONSE_SIDE };

struct srs_http_head {
    char *bytes;   // owned; the strings below are in it, terminated
    uint16_t size; // of bytes, without a terminator
    uint16_t count;
    struct srs_http_field {
        uint16_t name;
        uint16_t name_size;
        uint16_t value;
        uint16_t value_size;
    } fields[SRS_HTTP_HEADER_COUNT_MAX]; // [0..count)
    uint16_t target;                     // of a request
    uint16_t status;                     // of a response
    uint8_t minor;                       // HTTP/1.minor, at most 1
    enum srs_http_method method;
    bool keep_alive; // what version and Connection say
    bool upgrade;
    bool chunked;
    int64_t content_length; // -1: none given
};

// Collects one head. A zeroed struct is ready.
struct srs_http_collector {
    struct srs_buf buf;
    uint32_t line_size;    // of the current line, without its end
    uint32_t header_bytes; // after the first line
    uint8_t lines;         // complete, not counting blank ones in front
    uint8_t blank_lines;
    bool after_cr;
};

// Takes bytes up to the end of the head and says how many in *used. *complete: the whole head is in
// collector->buf. On failure *status is the answer to give (400, 414, 431, 500). Refused: bare LF,
// bare CR, control characters, line folding (all ways to make two parsers see two messages), and
// what is over a limit.
SRS_ERR srs_http_collect(struct srs_http_collector *collector, struct srs_span in, size_t *used,
                         bool *complete, unsigned *status);
void srs_http_collector_fini(struct srs_http_collector *collector);

// Takes the collected bytes out of `collector`, which is empty afterwards, also on failure. On
// failure *head owns nothing and *status is the answer to give. Refused: both Content-Length and
// Transfer-Encoding, a transfer coding other than chunked (501), versions other than 1.x (505), a
// Host that is missing, given twice or malformed.
SRS_ERR srs_http_head_parse(struct srs_http_head *head, struct srs_http_collector *collector,
                            enum srs_http_side side, unsigned *status);
void srs_http_head_fini(struct srs_http_head *head);

// The first header of that name in any case; NULL if there is none.
const char *srs_http_head_get(const struct srs_http_head *head, const char *name);
const char *srs_http_head_get_last(const struct srs_http_head *head, const char *name);
unsigned srs_http_head_times(const struct srs_http_head *head, const char *name);
