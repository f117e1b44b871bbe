// HTTP/1.1, client side. How long a body is: RFC 9112 section 6.3, in its order.
#include "protocol/http/client.h"
#include "core/assert.h"
#include "core/mem.h"
#include "protocol/http/chunk.h"

enum state { HEAD, LENGTH, CHUNKS, UNTIL_EOF, END, SWITCHED, BROKEN };

struct srs_http_client {
    enum state state;
    bool no_body;
    unsigned interims;
    uint64_t length_left;
    struct srs_span in;
    struct srs_http_collector collector;
    struct srs_http_chunks chunks;
    struct srs_http_reply reply;
};

struct srs_http_client *srs_http_client_new(void)
{
    return srs_new(struct srs_http_client);
}

static void forget_reply(struct srs_http_client *client)
{
    srs_http_head_fini(&client->reply.head);
}

void srs_http_client_free(struct srs_http_client *client)
{
    if (client == NULL)
        return;
    forget_reply(client);
    srs_http_collector_fini(&client->collector);
    srs_free(client);
}

const char *srs_http_reply_header(const struct srs_http_reply *reply, const char *name)
{
    return srs_http_head_get(&reply->head, name);
}

void srs_http_client_expect_no_body(struct srs_http_client *client)
{
    client->no_body = true;
}

void srs_http_client_feed(struct srs_http_client *client, struct srs_span in)
{
    srs_assert(client->in.size == 0);
    client->in = in;
}

struct srs_span srs_http_client_rest(const struct srs_http_client *client)
{
    return client->in;
}

static struct srs_span take(struct srs_http_client *client, size_t size)
{
    struct srs_span taken = {client->in.bytes, size};
    client->in.bytes += size;
    client->in.size -= size;
    return taken;
}

static srs_err broken(struct srs_http_client *client, srs_err err, const char *where)
{
    client->state = BROKEN;
    client->in = (struct srs_span){NULL, 0};
    return srs_wrap(err, "%s", where);
}

static enum state body_state(const struct srs_http_client *client)
{
    const struct srs_http_reply *reply = &client->reply;
    if (reply->status == 101)
        return SWITCHED;
    if (client->no_body || reply->status == 204 || reply->status == 304)
        return END;
    if (reply->chunked)
        return CHUNKS;
    if (reply->content_length >= 0)
        return reply->content_length > 0 ? LENGTH : END;
    return UNTIL_EOF;
}

static void begin_reply(struct srs_http_client *client)
{
    struct srs_http_reply *reply = &client->reply;
    reply->status = reply->head.status;
    reply->minor = reply->head.minor;
    reply->content_length = reply->head.content_length;
    reply->chunked = reply->head.chunked;
    client->state = body_state(client);
    reply->keep_alive = reply->head.keep_alive && client->state != UNTIL_EOF;
    client->length_left = reply->content_length > 0 ? (uint64_t)reply->content_length : 0;
    client->chunks = (struct srs_http_chunks){0};
    client->no_body = false;
    client->interims = 0;
}

// *ready: a head that is not an interim one is complete.
static srs_err read_head(struct srs_http_client *client, bool *ready)
{
    size_t used = 0;
    unsigned status;
    bool complete;
    srs_err err = srs_http_collect(&client->collector, client->in, &used, &complete, &status);
    if (err)
        return broken(client, err, "head of an answer");
    (void)take(client, used);
    if (!complete)
        return SRS_OK;
    forget_reply(client);
    err = srs_http_head_parse(&client->reply.head, &client->collector, SRS_HTTP_RESPONSE_SIDE,
                              &status);
    if (err)
        return broken(client, err, "head of an answer");
    unsigned code = client->reply.head.status;
    if (code < 100)
        return broken(client, srs_fail(SRS_E_HTTP_PARSE_HEADER, "status %u", code), "answer");
    *ready = code >= 200 || code == 101;
    if (!*ready && ++client->interims > SRS_HTTP_INTERIM_MAX)
        return broken(client, srs_fail(SRS_E_HTTP_HEADER, "interim answers without end"), "answer");
    if (*ready)
        begin_reply(client);
    else
        forget_reply(client);
    return SRS_OK;
}

static srs_err read_chunks(struct srs_http_client *client, struct srs_span *piece)
{
    size_t used = 0;
    bool end = false;
    srs_err err = srs_http_chunks_read(&client->chunks, client->in, &used, piece, &end);
    if (err)
        return broken(client, err, "body of an answer");
    (void)take(client, used);
    if (end)
        client->state = END;
    return SRS_OK;
}

static srs_err read_body(struct srs_http_client *client, struct srs_span *piece)
{
    if (client->state == CHUNKS)
        return read_chunks(client, piece);
    size_t size = client->in.size;
    if (client->state == LENGTH && size > client->length_left)
        size = (size_t)client->length_left;
    *piece = take(client, size);
    if (client->state == LENGTH) {
        client->length_left -= size;
        if (client->length_left == 0)
            client->state = END;
    }
    return SRS_OK;
}

static srs_err give(struct srs_http_client *client, struct srs_http_client_event *event,
                    enum srs_http_client_event_type type, struct srs_span body)
{
    *event = (struct srs_http_client_event){.type = type, .reply = &client->reply, .body = body};
    return SRS_OK;
}

SRS_ERR srs_http_client_next(struct srs_http_client *client, struct srs_http_client_event *event)
{
    const struct srs_span none = {NULL, 0};
    if (client->state == BROKEN) {
        client->in = none;
        return srs_fail(SRS_E_HTTP_PARSE_HEADER, "no answer after a broken one");
    }
    if (client->state == END) {
        client->state = HEAD;
        return give(client, event, SRS_HTTP_CLIENT_END, none);
    }
    while (client->in.size > 0 && client->state != SWITCHED) {
        if (client->state == HEAD) {
            bool ready = false;
            srs_err err = read_head(client, &ready);
            if (err)
                return err;
            if (ready)
                return give(client, event, SRS_HTTP_CLIENT_HEAD, none);
            continue;
        }
        struct srs_span piece = none;
        srs_err err = read_body(client, &piece);
        if (err)
            return err;
        if (piece.size > 0)
            return give(client, event, SRS_HTTP_CLIENT_BODY, piece);
        if (client->state == END) {
            client->state = HEAD;
            return give(client, event, SRS_HTTP_CLIENT_END, none);
        }
    }
    return srs_bare(SRS_E_AGAIN);
}

SRS_ERR srs_http_client_eof(struct srs_http_client *client)
{
    srs_assert(client->in.size == 0);
    if (client->state == UNTIL_EOF) {
        client->state = END;
        return SRS_OK;
    }
    bool between = client->state == HEAD && client->collector.buf.bytes == NULL;
    if (between || client->state == END || client->state == SWITCHED)
        return SRS_OK;
    return srs_fail(SRS_E_HTTP_RESPONSE_EOF, "the peer closed inside an answer");
}
