#include "server/flv/ws.h"
#include "core/log.h"
#include "core/mem.h"
#include <strings.h>

static const srs_usec goodbye_usec = 1 * SRS_SEC;

enum { ANSWERS_MIN = 1024 }; // so many bytes of pongs go out before more input is looked at

// Browsers ask no leave of a server before they open a WebSocket to it from another site's page, so
// that what CORS headers do for HTTP is done here: with crossdomain off such a page gets nothing.
static bool is_from_elsewhere(const struct srs_http_request *request)
{
    const char *origin = srs_http_request_header(request, "Origin");
    const char *host = origin != NULL ? strstr(origin, "://") : NULL;
    if (origin == NULL)
        return false;
    return host == NULL || strcasecmp(host + 3, request->host) != 0;
}

static SRS_YIELDS SRS_ERR refuse(struct srs_exchange *exchange, unsigned status)
{
    static const struct srs_http_extra version[] = {
        {"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
    struct srs_http_response response = srs_exchange_response(exchange, status);
    if (status == 426) {
        response.extra = version;
        response.extra_count = SRS_COUNT(version);
    }
    response.allow = status == 405 ? "GET, HEAD" : NULL;
    return srs_exchange_refuse(exchange, &response);
}

SRS_YIELDS SRS_ERR srs_flv_ws_check(struct srs_exchange *exchange, struct srs_flv_ws **out,
                                    bool *refused)
{
    srs_co_may_yield();
    unsigned status = 403;
    *out = NULL;
    *refused = false;
    if (!srs_websocket_is_asked(exchange->request))
        return SRS_OK;
    struct srs_flv_ws *ws = srs_new(struct srs_flv_ws);
    srs_err err = SRS_OK;
    if (!exchange->crossdomain && is_from_elsewhere(exchange->request))
        err = srs_fail(SRS_E_WEBSOCKET_HANDSHAKE, "page of another site, crossdomain is off");
    if (!err)
        err = srs_websocket_accept(exchange->request, ws->accept, &status);
    if (!err) {
        *out = ws;
        return SRS_OK;
    }
    srs_free(ws);
    *refused = true;
    struct srs_endpoint peer = srs_conn_peer(exchange->conn);
    char text[SRS_ENDPOINT_TEXT];
    srs_endpoint_format(&peer, text);
    srs_server_log_stranger(exchange->server, err, "flv", "websocket refused", text);
    return refuse(exchange, status);
}

void srs_flv_ws_free(struct srs_flv_ws *ws)
{
    if (ws == NULL)
        return;
    srs_websocket_reader_fini(&ws->reader);
    srs_buf_fini(&ws->early);
    srs_free(ws);
}

SRS_YIELDS SRS_ERR srs_flv_ws_begin(struct srs_exchange *exchange, struct srs_flv_ws *ws)
{
    srs_co_may_yield();
    const struct srs_http_extra accept = {"Sec-WebSocket-Accept", ws->accept};
    struct srs_http_response response = srs_exchange_response(exchange, 101);
    response.upgrade_websocket = true;
    response.cors = false;
    response.extra = &accept;
    response.extra_count = 1;
    srs_err err = srs_exchange_head(exchange, &response);
    if (!err)
        srs_http_server_upgrade(exchange->http, &ws->early);
    return err;
}

SRS_ERR srs_flv_ws_early(struct srs_flv_ws *ws, struct srs_viewer *viewer)
{
    struct srs_buf early = ws->early;
    ws->early = (struct srs_buf){0};
    srs_err err = srs_flv_ws_take(ws, viewer, srs_buf_span(&early));
    srs_buf_fini(&early);
    return err;
}

static SRS_ERR answer_ping(struct srs_viewer *viewer, struct srs_span payload)
{
    uint8_t pong[SRS_WEBSOCKET_HEAD_MAX + SRS_WEBSOCKET_CONTROL_MAX];
    size_t size = srs_websocket_head(pong, SRS_WEBSOCKET_PONG, payload.size);
    if (payload.size > 0)
        memcpy(pong + size, payload.bytes, payload.size);
    srs_err err = srs_viewer_between(viewer, (struct srs_span){pong, size + payload.size});
    if (!err && srs_buf_size(&viewer->between) >= ANSWERS_MIN)
        srs_viewer_flush(viewer);
    return err;
}

SRS_ERR srs_flv_ws_take(struct srs_flv_ws *ws, struct srs_viewer *viewer, struct srs_span in)
{
    bool answered = false;
    srs_err err = srs_talk_check(&ws->talk, viewer->conn);
    if (err)
        return err;
    while (in.size > 0) {
        struct srs_websocket_event event;
        size_t used = 0;
        bool got = false;
        err = srs_websocket_read(&ws->reader, in, &used, &event, &got);
        if (!err && got && event.opcode == SRS_WEBSOCKET_CLOSE) {
            ws->close_answer = event.code;
            return srs_bare(SRS_E_SOCKET_READ);
        }
        if (!err && got && event.opcode == SRS_WEBSOCKET_PING) {
            err = answer_ping(viewer, event.payload);
            answered = true;
        }
        if (err)
            return err;
        in = (struct srs_span){in.bytes + used, in.size - used};
    }
    if (answered)
        srs_viewer_flush(viewer);
    return SRS_OK;
}

static uint16_t close_code(const struct srs_flv_ws *ws, srs_err err, bool kicked)
{
    if (ws->close_answer != 0)
        return ws->close_answer;
    if (ws->reader.close_code != 0)
        return ws->reader.close_code;
    if (kicked || err == SRS_E_LIMIT)
        return SRS_WEBSOCKET_POLICY;
    if (err == SRS_E_CANCELED)
        return SRS_WEBSOCKET_GOING_AWAY;
    return err == SRS_OK ? SRS_WEBSOCKET_NORMAL : SRS_WEBSOCKET_SERVER_ERROR;
}

SRS_YIELDS void srs_flv_ws_bye(struct srs_flv_ws *ws, const struct srs_viewer *viewer, srs_err err,
                               bool kicked)
{
    srs_co_may_yield();
    uint8_t words[SRS_WEBSOCKET_CLOSE_SIZE];
    size_t size = srs_websocket_close(words, close_code(ws, err, kicked));
    if (srs_viewer_is_between_frames(viewer) && srs_buf_size(&viewer->between) == 0)
        srs_conn_bye(viewer->conn, (struct srs_span){words, size}, srs_now() + goodbye_usec);
}
