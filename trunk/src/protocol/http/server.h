// HTTP/1.1, server side of one connection (RFC 9110, RFC 9112): bytes in, requests out. No socket,
// clock or log.
//
//   feed bytes -> next: REQUEST -> (body) next: END -> write the answer -> done -> next ...
//
// One request at a time: what a client pipelines behind it is kept, bounded, until
// srs_http_server_done.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include "protocol/http/head.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // Bodies are session descriptions and JSON: some KiB. Larger ones are answered 413.
    SRS_HTTP_BODY_MAX = 64 * 1024,
    // Pipelined bytes: what one read of a socket brings at most. Beyond, the connection goes.
    SRS_HTTP_PENDING_MAX = 64 * 1024,
};

// What is sent when a request expects_continue and its body is wanted.
#define SRS_HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

// Strings are the request's own: valid until srs_http_server_forget_request.
struct srs_http_request {
    enum srs_http_method method;
    unsigned minor;    // HTTP/1.minor: 0 or 1
    const char *path;  // decoded; no query, no empty, "." or ".." segments; "*" for OPTIONS * only
    const char *query; // as received, without '?'; "" if none
    const char *host;  // with the port as given; "" if none (HTTP/1.0)
    bool has_body;
    bool expects_continue;
    bool upgrade; // Upgrade and Connection: upgrade are there
    struct srs_http_head head;
};

// The first header of that name, in any case; NULL if there is none. Repeated ones are not joined.
const char *srs_http_request_header(const struct srs_http_request *request, const char *name);
// The last of that name: what the nearest proxy has added.
const char *srs_http_request_header_last(const struct srs_http_request *request, const char *name);
const char *srs_http_method_name(enum srs_http_method method);

struct srs_http_event {
    enum srs_http_event_type {
        SRS_HTTP_EVENT_REQUEST, // the head is complete
        SRS_HTTP_EVENT_END, // the whole request is; comes for each request, with or without body
    } type;
    const struct srs_http_request *request;
    struct srs_span body; // END: all of it; valid until forget_request
};

struct srs_http_server;
struct srs_http_server *srs_http_server_new(void);
void srs_http_server_free(struct srs_http_server *server);

// Takes all of `in`. An error ends the connection: say srs_http_server_refusal first. LIMIT: too
// much was pipelined.
SRS_ERR srs_http_server_feed(struct srs_http_server *server, struct srs_span in);

// AGAIN (bare) when there is nothing more for now. Other errors as for feed: those of a pipelined
// request show here.
SRS_ERR srs_http_server_next(struct srs_http_server *server, struct srs_http_event *event);

// The whole answer to a request that could not be taken, ready to send before the close. Empty when
// there is none, or when an answer has begun and nothing can be said any more.
struct srs_span srs_http_server_refusal(const struct srs_http_server *server);

// The request did not become whole in time: its refusal is 408.
void srs_http_server_time_out(struct srs_http_server *server);

// Whether the answer may leave the connection open: what the client asked for, and its request has
// been read to the end.
bool srs_http_server_keep_alive(const struct srs_http_server *server);

// The answer's head is written: request and body are freed, so that a long answer costs no header
// memory. A body that has not been read to its end is read over, and the connection takes no
// further request. May be called twice.
void srs_http_server_forget_request(struct srs_http_server *server);

// The answer is complete. True if a next request may come; it may be waiting already: call next.
bool srs_http_server_done(struct srs_http_server *server);

// The connection leaves HTTP (101 was answered): hands over the bytes received beyond the request.
// Feed no more.
void srs_http_server_upgrade(struct srs_http_server *server, struct srs_buf *rest);

// Bytes of memory held now, the object itself included.
size_t srs_http_server_memory(const struct srs_http_server *server);
