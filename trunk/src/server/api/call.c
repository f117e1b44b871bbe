// Text gathers in a buffer, goes out as a piece when there is enough of it, and a list that fits
// into the first piece is answered whole.
#include "server/api/call.h"
#include "server/api/items.h"
#include <stdio.h>

enum { PIECE_MIN = 16 * 1024 };

// --- text ---------------------------------------------------------------------------------------

SRS_ERR srs_api_add(struct srs_api_call *call, const char *text)
{
    return srs_buf_append(&call->out, text, strlen(text), SRS_API_BUFFER_MAX);
}

static const char *content_type(const struct srs_api_call *call)
{
    if (call->type != NULL)
        return call->type;
    return call->query.callback[0] != '\0' ? "text/javascript" : "application/json";
}

static SRS_ERR open_callback(struct srs_api_call *call)
{
    srs_err err = srs_api_add(call, call->query.callback);
    if (!err && call->query.callback[0] != '\0')
        err = srs_api_add(call, "(");
    return err;
}

static SRS_ERR close_callback(struct srs_api_call *call)
{
    return call->query.callback[0] != '\0' ? srs_api_add(call, ")") : SRS_OK;
}

SRS_ERR srs_api_open_as(struct srs_api_call *call, srs_err code)
{
    srs_err err = open_callback(call);
    return err ? err : srs_api_head(call->exchange->server, code, &call->out);
}

SRS_ERR srs_api_open(struct srs_api_call *call)
{
    return srs_api_open_as(call, SRS_OK);
}

SRS_ERR srs_api_open_bare(struct srs_api_call *call, srs_err code)
{
    char text[32];
    srs_err err = open_callback(call);
    (void)snprintf(text, sizeof text, "{\"code\":%d", (int)code);
    return err ? err : srs_api_add(call, text);
}

SRS_YIELDS SRS_ERR srs_api_finish(struct srs_api_call *call)
{
    srs_co_may_yield();
    struct srs_span text = srs_buf_span(&call->out);
    if (!call->begun)
        return srs_exchange_answer(call->exchange, 200, content_type(call), text);
    srs_err err = srs_exchange_piece(&call->stream, text);
    return err ? err : srs_exchange_end(&call->stream);
}

SRS_YIELDS SRS_ERR srs_api_close(struct srs_api_call *call)
{
    srs_co_may_yield();
    srs_err err = srs_api_add(call, "}");
    if (!err)
        err = close_callback(call);
    return err ? err : srs_api_finish(call);
}

SRS_YIELDS SRS_ERR srs_api_fail(struct srs_api_call *call, srs_err code)
{
    srs_co_may_yield();
    srs_err err = srs_api_open_bare(call, code);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS SRS_ERR srs_api_refuse(struct srs_api_call *call, unsigned status)
{
    srs_co_may_yield();
    return srs_exchange_plain(call->exchange, status);
}

bool srs_api_is_read(const struct srs_api_call *call)
{
    return call->query.method == SRS_HTTP_GET || call->query.method == SRS_HTTP_HEAD;
}

void srs_api_drop_script(struct srs_api_call *call)
{
    call->query.callback[0] = '\0';
    call->query.method = call->exchange->request->method;
}

// --- lists --------------------------------------------------------------------------------------

SRS_ERR srs_api_open_list(struct srs_api_call *call, const char *name)
{
    srs_err err = srs_api_open(call);
    if (!err)
        err = srs_api_add(call, ",\"");
    if (!err)
        err = srs_api_add(call, name);
    if (!err)
        err = srs_api_add(call, "\":[");
    call->first = true;
    return err;
}

SRS_ERR srs_api_separate(struct srs_api_call *call)
{
    srs_err err = call->first ? SRS_OK : srs_api_add(call, ",");
    call->first = false;
    return err;
}

SRS_YIELDS SRS_ERR srs_api_send_piece(struct srs_api_call *call)
{
    srs_co_may_yield();
    srs_err err = SRS_OK;
    size_t size = srs_buf_size(&call->out);
    if (size < PIECE_MIN)
        return SRS_OK;
    if (!call->begun)
        err = srs_exchange_begin(call->exchange, 200, content_type(call), SRS_HTTP_LENGTH_UNKNOWN,
                                 &call->stream);
    call->begun = true;
    if (!err)
        err = srs_exchange_piece(&call->stream, srs_buf_span(&call->out));
    srs_buf_consume(&call->out, size);
    return err ? err : srs_co_give_way(); // a fast reader must not keep us from the others
}

SRS_YIELDS SRS_ERR srs_api_close_list(struct srs_api_call *call, const char *tail)
{
    srs_co_may_yield();
    srs_err err = srs_api_add(call, tail);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS SRS_ERR srs_api_close_total(struct srs_api_call *call, unsigned total)
{
    srs_co_may_yield();
    char tail[32];
    (void)snprintf(tail, sizeof tail, "],\"total\":%u", total);
    return srs_api_close_list(call, tail);
}

bool srs_api_before_page(const struct srs_api_call *call, uint64_t index)
{
    return index < call->query.range.start;
}

bool srs_api_after_page(const struct srs_api_call *call, uint64_t index)
{
    return index >= (uint64_t)call->query.range.start + call->query.range.count;
}
