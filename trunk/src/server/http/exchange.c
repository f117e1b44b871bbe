#include "server/http/exchange.h"
#include "core/version.h"
#include "protocol/http/chunk.h"

// A client must take an answer within this; long ones are written in pieces with this for each.
static const srs_usec answer_usec = 30 * SRS_SEC;

enum { ANSWER_MAX = 4 * 1024 * 1024 }; // a script library for the page is 300 KiB

struct srs_http_response srs_exchange_response(const struct srs_exchange *exchange, unsigned status)
{
    struct srs_http_response response = srs_http_response_to(exchange->http, exchange->request,
                                                             SRS_SIGNATURE, exchange->crossdomain);
    response.status = status;
    return response;
}

static SRS_YIELDS SRS_ERR send_out(struct srs_exchange *exchange, struct srs_buf *out)
{
    // The request is gone from here on: what is written may take long.
    exchange->request = NULL;
    srs_http_server_forget_request(exchange->http);
    return srs_conn_write(exchange->conn, srs_buf_span(out), srs_now() + answer_usec);
}

SRS_YIELDS SRS_ERR srs_exchange_answer(struct srs_exchange *exchange, unsigned status,
                                       const char *content_type, struct srs_span body)
{
    srs_co_may_yield();
    struct srs_buf out = {0};
    struct srs_http_response response = srs_exchange_response(exchange, status);
    response.content_type = content_type;
    srs_err err = srs_http_response_write_whole(&out, &response, body, ANSWER_MAX);
    exchange->closes = srs_http_response_closes(&response);
    if (!err)
        err = send_out(exchange, &out);
    srs_buf_fini(&out);
    return err;
}

SRS_YIELDS SRS_ERR srs_exchange_refuse(struct srs_exchange *exchange,
                                       struct srs_http_response *response)
{
    srs_co_may_yield();
    struct srs_buf out = {0};
    srs_err err = srs_http_response_write_plain(&out, response, response->status);
    exchange->closes = srs_http_response_closes(response);
    if (!err)
        err = send_out(exchange, &out);
    srs_buf_fini(&out);
    return err;
}

SRS_YIELDS SRS_ERR srs_exchange_plain(struct srs_exchange *exchange, unsigned status)
{
    srs_co_may_yield();
    struct srs_http_response response = srs_exchange_response(exchange, status);
    return srs_exchange_refuse(exchange, &response);
}

SRS_YIELDS SRS_ERR srs_exchange_head(struct srs_exchange *exchange,
                                     const struct srs_http_response *response)
{
    srs_co_may_yield();
    struct srs_buf head = {0};
    srs_err err = srs_http_response_write(&head, response);
    exchange->closes = srs_http_response_closes(response);
    if (!err)
        err = send_out(exchange, &head);
    srs_buf_fini(&head);
    return err;
}

SRS_YIELDS SRS_ERR srs_exchange_redirect(struct srs_exchange *exchange, const char *location)
{
    srs_co_may_yield();
    struct srs_buf out = {0};
    struct srs_http_response response = srs_exchange_response(exchange, 302);
    srs_err err = srs_http_response_write_redirect(&out, &response, location);
    exchange->closes = srs_http_response_closes(&response);
    if (!err)
        err = send_out(exchange, &out);
    srs_buf_fini(&out);
    return err;
}

SRS_YIELDS SRS_ERR srs_exchange_begin(struct srs_exchange *exchange, unsigned status,
                                      const char *content_type, int64_t length,
                                      struct srs_exchange_stream *out)
{
    srs_co_may_yield();
    struct srs_http_response response = srs_exchange_response(exchange, status);
    response.content_type = content_type;
    response.content_length = length;
    response.cache_control = "no-cache";
    *out = (struct srs_exchange_stream){.exchange = exchange,
                                        .chunked = srs_http_response_is_chunked(&response),
                                        .head_only = response.head_only};
    return srs_exchange_head(exchange, &response);
}

SRS_YIELDS SRS_ERR srs_exchange_piece(struct srs_exchange_stream *stream, struct srs_span piece)
{
    srs_co_may_yield();
    uint8_t head[SRS_HTTP_CHUNK_HEAD_MAX];
    struct srs_conn *conn = stream->exchange->conn;
    srs_usec deadline = srs_now() + answer_usec;
    if (stream->head_only || piece.size == 0)
        return SRS_OK;
    if (!stream->chunked)
        return srs_conn_write(conn, piece, deadline);
    size_t size = srs_http_chunk_head(head, piece.size);
    srs_err err = srs_conn_write(conn, (struct srs_span){head, size}, deadline);
    if (!err)
        err = srs_conn_write(conn, piece, deadline);
    const uint8_t *tail = (const uint8_t *)SRS_HTTP_CHUNK_TAIL;
    if (!err)
        err =
            srs_conn_write(conn, (struct srs_span){tail, sizeof SRS_HTTP_CHUNK_TAIL - 1}, deadline);
    return err;
}

SRS_YIELDS SRS_ERR srs_exchange_end(struct srs_exchange_stream *stream)
{
    srs_co_may_yield();
    const uint8_t *last = (const uint8_t *)SRS_HTTP_CHUNK_LAST;
    if (stream->head_only || !stream->chunked)
        return SRS_OK;
    return srs_conn_write(stream->exchange->conn,
                          (struct srs_span){last, sizeof SRS_HTTP_CHUNK_LAST - 1},
                          srs_now() + answer_usec);
}
