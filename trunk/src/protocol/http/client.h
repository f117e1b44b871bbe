// HTTP/1.1, client side of one connection: an answer's bytes in, head and body out (RFC 9112). No
// socket, clock or log.
//
// The caller writes its request itself. Body pieces stand in the fed bytes: nothing is copied but
// heads.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include "protocol/http/head.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    // Interim answers (100, 103) in front of one answer: more than two is no server's habit.
    SRS_HTTP_INTERIM_MAX = 8,
};

struct srs_http_reply {
    unsigned status;
    unsigned minor;         // HTTP/1.minor: 0 or 1
    int64_t content_length; // -1 if not given
    bool chunked;
    bool keep_alive; // another request may follow on the connection
    struct srs_http_head head;
};

const char *srs_http_reply_header(const struct srs_http_reply *reply, const char *name);

struct srs_http_client_event {
    enum srs_http_client_event_type {
        SRS_HTTP_CLIENT_HEAD,
        SRS_HTTP_CLIENT_BODY, // a piece, de-chunked
        SRS_HTTP_CLIENT_END,
    } type;
    const struct srs_http_reply *reply; // until the call of next after END, or free
    struct srs_span body;               // until the next feed
};

struct srs_http_client;
struct srs_http_client *srs_http_client_new(void);
void srs_http_client_free(struct srs_http_client *client);

// The next answer is one to HEAD: it has no body whatever its headers say. Said before its head is
// read.
void srs_http_client_expect_no_body(struct srs_http_client *client);

// Borrows `in` until next has returned something other than OK; not before that is there a next
// feed.
void srs_http_client_feed(struct srs_http_client *client, struct srs_span in);

// AGAIN (bare): all is read. After END the next answer follows. HTTP_PARSE_HEADER, HTTP_HEADER,
// HTTP_INVALID_CHUNK_HEADER: the connection is of no more use.
SRS_ERR srs_http_client_next(struct srs_http_client *client, struct srs_http_client_event *event);

// The peer has closed. OK where that is the end of a body (next gives END) or falls between
// answers; HTTP_RESPONSE_EOF inside an answer.
SRS_ERR srs_http_client_eof(struct srs_http_client *client);

// Fed bytes not yet read: what follows a 101.
struct srs_span srs_http_client_rest(const struct srs_http_client *client);
