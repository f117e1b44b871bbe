// HTTP/1.1 answers: status line and headers into a buffer (RFC 9110, RFC 9112), and whole small
// answers.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "protocol/http/server.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    // A head is some 500 bytes; a Location with a signed query adds at most a request line.
    SRS_HTTP_RESPONSE_HEAD_MAX = 16 * 1024,
    SRS_HTTP_LENGTH_UNKNOWN = -1,
};

struct srs_http_extra {
    const char *name;
    const char *value;
};

// Strings are borrowed for the call that writes; those that are NULL are left out.
struct srs_http_response {
    unsigned status;
    unsigned minor;         // of the request
    bool head_only;         // HEAD: the headers of GET, no body
    bool keep_alive;        // what is wanted; see srs_http_response_closes
    bool cors;              // write the CORS headers
    bool upgrade_websocket; // with status 101
    int64_t content_length; // of the body, or SRS_HTTP_LENGTH_UNKNOWN: chunked (1.1), or ended by
                            // the close (1.0)
    const char *server;
    const char *content_type;
    const char *cache_control;
    const char *location;
    const char *authenticate; // WWW-Authenticate
    const char *allow;
    const struct srs_http_extra *extra; // [0..extra_count)
    unsigned extra_count;
};

// Fills what follows from the request that `server_machine` is at: call it before forget_request.
// `crossdomain`: answer with CORS headers if the request has an Origin. The rest is 200, an unknown
// length, and NULL.
struct srs_http_response srs_http_response_to(const struct srs_http_server *server_machine,
                                              const struct srs_http_request *request,
                                              const char *server_name, bool crossdomain);

// How the body goes out: in chunks; and whether the connection ends with it.
bool srs_http_response_is_chunked(const struct srs_http_response *response);
bool srs_http_response_closes(const struct srs_http_response *response);

// Appends the head. HTTP_HEADER: a string holds a control character, which could forge a header;
// NO_MEMORY; LIMIT: `out` would hold more than SRS_HTTP_RESPONSE_HEAD_MAX. On failure `out` is as
// it was.
SRS_ERR srs_http_response_write(struct srs_buf *out, const struct srs_http_response *response);

// Appends head and body; content_length is set from `body`. Errors as above, `limit` is that of
// `out`.
SRS_ERR srs_http_response_write_whole(struct srs_buf *out, struct srs_http_response *response,
                                      struct srs_span body, size_t limit);

// Appends an answer of `status` with its reason phrase as text.
SRS_ERR srs_http_response_write_plain(struct srs_buf *out, struct srs_http_response *response,
                                      unsigned status);

// Appends the answer to OPTIONS: 200 and nothing else where `crossdomain` is on, 405 where it is
// off.
SRS_ERR srs_http_response_write_options(struct srs_buf *out, struct srs_http_response *response,
                                        bool crossdomain);

// 302, empty.
SRS_ERR srs_http_response_write_redirect(struct srs_buf *out, struct srs_http_response *response,
                                         const char *location);

// "Not Found"; "Unknown" for a number without a phrase.
const char *srs_http_reason(unsigned status);
