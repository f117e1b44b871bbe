// HTTP/1.1, server side. Heads are collected and parsed by head.c and parser.c, chunks read by
// chunk.c.
//
// States: HEAD -> BODY -> WHOLE -> done -> HEAD, or CLOSED where no further request is taken. Bytes
// that arrive in WHOLE wait in `pending`, which is empty in every other state but HEAD just after
// done (next reads on from there). Left out: bodies taken piece by piece, HTTP/2, TRACE and
// CONNECT.
#include "protocol/http/server.h"
#include "core/assert.h"
#include "core/mem.h"
#include "protocol/http/chunk.h"
#include "protocol/http/refusal.h"
#include "protocol/http/url.h"
#include <strings.h>

enum state { HEAD, BODY, WHOLE, CLOSED, REFUSED, UPGRADED };

struct srs_http_server {
    enum state state;
    unsigned refusal; // status; 0: none
    bool request_ready;
    bool end_ready;
    bool keep_alive;
    bool answering; // the request was forgotten, its answer has begun
    struct srs_http_request *request;
    struct srs_http_collector collector;
    struct srs_http_chunks chunks;
    size_t length_left; // of a body that is not chunked
    bool chunked;
    struct srs_buf body;
    struct srs_buf pending;
};

struct srs_http_server *srs_http_server_new(void)
{
    return srs_new(struct srs_http_server);
}

static void request_free(struct srs_http_server *server)
{
    if (server->request != NULL)
        srs_http_head_fini(&server->request->head);
    srs_free(server->request);
    server->request = NULL;
    server->request_ready = false;
    server->end_ready = false;
    srs_buf_fini(&server->body);
}

void srs_http_server_free(struct srs_http_server *server)
{
    if (server == NULL)
        return;
    request_free(server);
    srs_http_collector_fini(&server->collector);
    srs_buf_fini(&server->pending);
    srs_free(server);
}

const char *srs_http_request_header(const struct srs_http_request *request, const char *name)
{
    return srs_http_head_get(&request->head, name);
}

const char *srs_http_request_header_last(const struct srs_http_request *request, const char *name)
{
    return srs_http_head_get_last(&request->head, name);
}

const char *srs_http_method_name(enum srs_http_method method)
{
    static const char *const names[] = {
        [SRS_HTTP_OTHER] = "OTHER",     [SRS_HTTP_GET] = "GET",     [SRS_HTTP_HEAD] = "HEAD",
        [SRS_HTTP_POST] = "POST",       [SRS_HTTP_PUT] = "PUT",     [SRS_HTTP_DELETE] = "DELETE",
        [SRS_HTTP_OPTIONS] = "OPTIONS", [SRS_HTTP_PATCH] = "PATCH",
    };
    return names[method];
}

// Notes the answer to give; nothing more is taken. The caller may be looking at the request still,
// so it stays.
static srs_err refuse(struct srs_http_server *server, srs_err err, unsigned status)
{
    server->refusal = server->answering ? 0 : status;
    server->state = REFUSED;
    srs_http_collector_fini(&server->collector);
    srs_buf_fini(&server->pending);
    return err;
}

static srs_err read_target(struct srs_http_request *request, unsigned *status)
{
    struct srs_http_target target;
    *status = 400;
    srs_err err = srs_http_target_split(request->head.bytes + request->head.target, &target);
    if (err)
        return srs_wrap(err, "request target");
    if (target.path[0] != '/' && request->method != SRS_HTTP_OPTIONS)
        return srs_fail(SRS_E_HTTP_PARSE_URI, "target * without OPTIONS");
    const char *host = srs_http_head_get(&request->head, "Host");
    request->path = target.path;
    request->query = target.query;
    request->host = host != NULL ? host : "";
    if (target.host != NULL) // it counts for more than the header: RFC 9112 section 3.2.2
        request->host = target.host;
    return SRS_OK;
}

static srs_err read_body_headers(struct srs_http_request *request, unsigned *status)
{
    const struct srs_http_head *head = &request->head;
    request->has_body = head->chunked || head->content_length > 0;
    if (head->content_length > SRS_HTTP_BODY_MAX) {
        *status = 413;
        return srs_fail(SRS_E_HTTP_CONTENT_LENGTH, "body of %lld bytes is announced",
                        (long long)head->content_length);
    }
    const char *expect = srs_http_head_get(head, "Expect");
    if (expect == NULL || head->minor == 0)
        return SRS_OK;
    if (strcasecmp(expect, "100-continue") != 0) {
        *status = 417;
        return srs_fail(SRS_E_HTTP_PARSE_HEADER, "expectation other than 100-continue");
    }
    request->expects_continue = request->has_body;
    return SRS_OK;
}

static srs_err read_head(struct srs_http_request *request, struct srs_http_collector *collector,
                         unsigned *status)
{
    srs_err err = srs_http_head_parse(&request->head, collector, SRS_HTTP_REQUEST_SIDE, status);
    if (err)
        return srs_wrap(err, "request head");
    request->method = request->head.method;
    request->minor = request->head.minor;
    request->upgrade = request->head.upgrade;
    if (request->method == SRS_HTTP_OTHER) { // CONNECT has a target of its own form
        *status = 405;
        return srs_fail(SRS_E_HTTP_PARSE_HEADER, "method that is of no use here");
    }
    err = read_target(request, status);
    if (err)
        return err;
    return read_body_headers(request, status);
}

static srs_err advance_head(struct srs_http_server *server, struct srs_span in, size_t *used)
{
    unsigned status = 400;
    bool complete;
    srs_err err = srs_http_collect(&server->collector, in, used, &complete, &status);
    if (err)
        return refuse(server, err, status);
    if (!complete)
        return SRS_OK;
    server->request = srs_new(struct srs_http_request);
    err = read_head(server->request, &server->collector, &status);
    if (err)
        return refuse(server, err, status);
    const struct srs_http_head *head = &server->request->head;
    server->keep_alive = head->keep_alive;
    server->chunked = head->chunked;
    server->chunks = (struct srs_http_chunks){0};
    server->length_left = head->content_length > 0 ? (size_t)head->content_length : 0;
    server->request_ready = true;
    server->end_ready = !server->request->has_body;
    server->state = server->request->has_body ? BODY : WHOLE;
    return SRS_OK;
}

static srs_err body_piece(struct srs_http_server *server, struct srs_span in, size_t *used,
                          struct srs_span *piece, bool *end)
{
    if (server->chunked)
        return srs_http_chunks_read(&server->chunks, in, used, piece, end);
    size_t size = in.size < server->length_left ? in.size : server->length_left;
    *piece = (struct srs_span){in.bytes, size};
    *used = size;
    server->length_left -= size;
    *end = server->length_left == 0;
    return SRS_OK;
}

static srs_err advance_body(struct srs_http_server *server, struct srs_span in, size_t *used)
{
    struct srs_span piece;
    bool end;
    srs_err err = body_piece(server, in, used, &piece, &end);
    if (err)
        return refuse(server, srs_wrap(err, "request body"), 400);
    err = srs_buf_append(&server->body, piece.bytes, piece.size, SRS_HTTP_BODY_MAX);
    if (err)
        return refuse(server, srs_wrap(err, "request body"), err == SRS_E_LIMIT ? 413 : 500);
    if (end) {
        server->end_ready = true;
        server->state = WHOLE;
    }
    return SRS_OK;
}

// Reads until the request is whole or `in` is used up.
static srs_err advance(struct srs_http_server *server, struct srs_span in, size_t *used)
{
    *used = 0;
    while (*used < in.size && (server->state == HEAD || server->state == BODY)) {
        struct srs_span rest = {in.bytes + *used, in.size - *used};
        size_t taken = 0;
        srs_err err = server->state == HEAD ? advance_head(server, rest, &taken)
                                            : advance_body(server, rest, &taken);
        if (err)
            return err;
        *used += taken;
    }
    return SRS_OK;
}

SRS_ERR srs_http_server_feed(struct srs_http_server *server, struct srs_span in)
{
    size_t used = 0;
    srs_assert(server->state != UPGRADED);
    if (server->state == REFUSED)
        return srs_fail(SRS_E_HTTP_PARSE_HEADER, "bytes after a refused request");
    if (srs_buf_size(&server->pending) == 0) {
        srs_err err = advance(server, in, &used);
        if (err)
            return err;
    }
    // Behind the last request nothing is read; an upgrade's own bytes follow it whatever Connection
    // says.
    if (server->state == CLOSED || (server->state == WHOLE && !server->keep_alive &&
                                    (server->request == NULL || !server->request->upgrade)))
        return SRS_OK;
    srs_err err =
        srs_buf_append(&server->pending, in.bytes + used, in.size - used, SRS_HTTP_PENDING_MAX);
    if (err)
        return refuse(server, srs_wrap(err, "pipelined requests"), 0);
    return SRS_OK;
}

static bool take_event(struct srs_http_server *server, struct srs_http_event *event)
{
    if (!server->request_ready && !server->end_ready)
        return false;
    bool request = server->request_ready;
    *event = (struct srs_http_event){
        .type = request ? SRS_HTTP_EVENT_REQUEST : SRS_HTTP_EVENT_END,
        .request = server->request,
        .body = request ? (struct srs_span){NULL, 0} : srs_buf_span(&server->body),
    };
    server->request_ready = false;
    server->end_ready = server->end_ready && request;
    return true;
}

SRS_ERR srs_http_server_next(struct srs_http_server *server, struct srs_http_event *event)
{
    if (server->state == REFUSED)
        return srs_fail(SRS_E_HTTP_PARSE_HEADER, "no request after a refused one");
    if (take_event(server, event))
        return SRS_OK;
    if (server->state == HEAD && srs_buf_size(&server->pending) > 0) {
        size_t used;
        srs_err err = advance(server, srs_buf_span(&server->pending), &used);
        if (err)
            return err;
        srs_buf_consume(&server->pending, used);
        if (take_event(server, event))
            return SRS_OK;
    }
    return srs_bare(SRS_E_AGAIN);
}

void srs_http_server_time_out(struct srs_http_server *server)
{
    (void)refuse(server, SRS_E_SOCKET_TIMEOUT, 408);
}

struct srs_span srs_http_server_refusal(const struct srs_http_server *server)
{
    return srs_http_refusal(server->refusal);
}

bool srs_http_server_keep_alive(const struct srs_http_server *server)
{
    return server->state == WHOLE && server->keep_alive;
}

void srs_http_server_forget_request(struct srs_http_server *server)
{
    srs_assert(server->state != HEAD && server->state != UPGRADED);
    request_free(server);
    server->answering = true;
    if (server->state == BODY)
        server->state = CLOSED;
}

bool srs_http_server_done(struct srs_http_server *server)
{
    srs_http_server_forget_request(server);
    bool again = srs_http_server_keep_alive(server);
    if (again) {
        server->state = HEAD;
        server->answering = false;
    } else if (server->state != REFUSED) {
        server->state = CLOSED;
        srs_buf_fini(&server->pending);
    }
    return again;
}

void srs_http_server_upgrade(struct srs_http_server *server, struct srs_buf *rest)
{
    srs_http_server_forget_request(server);
    *rest = server->pending;
    server->pending = (struct srs_buf){0};
    server->state = UPGRADED;
}

size_t srs_http_server_memory(const struct srs_http_server *server)
{
    size_t size = sizeof *server + server->collector.buf.capacity + server->body.capacity +
                  server->pending.capacity;
    if (server->request != NULL)
        size += sizeof *server->request + server->request->head.size + 1;
    return size;
}
