#include "server/web/session.h"
#include "core/log.h"
#include "core/mem.h"
#include "protocol/http/refusal.h"
#include "server/api/api.h"
#include "server/api/auth.h"
#include "server/files/serve.h"
#include "server/flv/play.h"
#include "server/front.h"
#include "server/http/exchange.h"
#include "server/metrics/serve.h"
#include "server/page/page.h"

static const srs_usec head_usec =
    10 * SRS_SEC; // for a request's head and body, from its first byte
static const srs_usec idle_usec = 30 * SRS_SEC; // between requests
static const srs_usec goodbye_usec = 1 * SRS_SEC;
static const srs_usec turn_usec = 1 * SRS_MSEC;

struct session {
    struct srs_server *server;
    struct srs_conn *conn;
    struct srs_http_server *http;
    const struct srs_port *port;
    struct srs_endpoint direct; // who sends the requests; a proxy names its client in each
    char peer[SRS_ENDPOINT_TEXT];
};

typedef SRS_YIELDS srs_err serve_fn(struct srs_exchange *exchange, bool *served);

// --- one request --------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR answer_options(struct srs_exchange *exchange)
{
    struct srs_buf out = {0};
    struct srs_http_response response =
        srs_http_response_to(exchange->http, exchange->request, NULL, exchange->crossdomain);
    srs_err err = srs_http_response_write_options(&out, &response, exchange->crossdomain);
    exchange->closes = srs_http_response_closes(&response);
    if (!err)
        err = srs_conn_write(exchange->conn, srs_buf_span(&out), srs_now() + goodbye_usec);
    srs_buf_fini(&out);
    return err;
}

static SRS_YIELDS SRS_ERR answer(struct srs_exchange *exchange)
{
    // A file goes before a stream that nobody publishes (a recording lies beside them), and before
    // the built-in page (a directory may have one of its own). What nobody else knows is the API's
    // index.
    static serve_fn *const services[] = {srs_flv_serve_live, srs_metrics_serve, srs_api_serve,
                                         srs_files_serve,    srs_flv_serve,     srs_page_serve,
                                         srs_api_serve_root};
    if (exchange->request->method == SRS_HTTP_OPTIONS)
        return answer_options(exchange);
    bool refused = false;
    srs_err guarded = srs_api_guard(exchange, &refused);
    if (guarded || refused)
        return guarded;
    for (size_t i = 0; i < SRS_COUNT(services); i++) {
        bool served = false;
        srs_err err = services[i](exchange, &served);
        if (err || served)
            return err;
    }
    return srs_exchange_plain(exchange, 404);
}

// --- the connection -----------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR read_more(struct session *session, srs_usec deadline)
{
    struct srs_span input;
    srs_err err = srs_conn_read(session->conn, deadline, &input);
    return err ? err : srs_http_server_feed(session->http, input);
}

// The next whole request; SOCKET_READ and SOCKET_TIMEOUT before its first byte are the usual end.
static SRS_YIELDS SRS_ERR next_request(struct session *session, struct srs_exchange *exchange)
{
    srs_usec deadline = srs_now() + idle_usec;
    bool begun = false;
    for (;;) {
        struct srs_http_event event;
        srs_err err = srs_http_server_next(session->http, &event);
        if (err == SRS_E_AGAIN) {
            err = read_more(session, deadline);
            if (err == SRS_E_SOCKET_TIMEOUT && begun) {
                srs_http_server_time_out(session->http);
                return srs_fail(SRS_E_SOCKET_TIMEOUT, "request not complete in time");
            }
            if (!err && !begun)
                deadline = srs_now() + head_usec;
            begun = true;
        } else if (!err && event.type == SRS_HTTP_EVENT_END) {
            exchange->request = event.request;
            exchange->body = event.body;
            return SRS_OK;
        } else if (!err && !srs_api_takes_body(event.request, session->port->serves)) {
            exchange->request = event.request; // a body is not waited for
            return SRS_OK;
        } else if (!err && event.request->expects_continue) {
            const uint8_t *words = (const uint8_t *)SRS_HTTP_CONTINUE;
            err = srs_conn_write(session->conn,
                                 (struct srs_span){words, sizeof SRS_HTTP_CONTINUE - 1}, deadline);
        }
        if (err)
            return err;
    }
}

static bool crossdomain(const struct session *session)
{
    const struct srs_config *config = session->server->config;
    return session->port->serves == SRS_PORT_API ? config->http_api.crossdomain
                                                 : config->http_server.crossdomain;
}

static SRS_YIELDS SRS_ERR serve(struct session *session)
{
    for (;;) {
        struct srs_exchange exchange = {.server = session->server,
                                        .conn = session->conn,
                                        .http = session->http,
                                        .ports = session->port->serves,
                                        .crossdomain = crossdomain(session)};
        srs_err err = next_request(session, &exchange);
        if (!err) {
            struct srs_endpoint client =
                srs_front_client(session->server, &session->direct, exchange.request);
            srs_conn_set_peer(session->conn, &client);
            err = answer(&exchange);
        }
        if (!err && srs_co_slice_used() > turn_usec) // many small requests in one read
            err = srs_co_give_way();
        if (err || exchange.closes)
            return err;
        srs_http_server_forget_request(session->http);
        if (!srs_http_server_done(session->http))
            return SRS_OK;
    }
}

static void log_end(const struct session *session, srs_err err)
{
    if (err == SRS_OK || err == SRS_E_CANCELED || err == SRS_E_SOCKET_READ ||
        (err == SRS_E_SOCKET_TIMEOUT && srs_err_story(err) == NULL)) {
        srs_err_drop(err, "the usual end");
        srs_log_debug("http", "close peer=%s", session->peer);
        return;
    }
    srs_server_log_stranger(session->server, err, "http", "close", session->peer);
}

// A proxy's header and TLS.
static SRS_YIELDS SRS_ERR open_front(struct session *session)
{
    bool tls = session->port->tls != SRS_CERTS_NONE;
    srs_usec deadline = srs_now() + (tls ? head_usec : idle_usec);
    srs_err err = srs_front_open(session->server, session->conn, session->port, deadline);
    session->direct = srs_conn_peer(session->conn);
    return err;
}

static SRS_YIELDS srs_err session_main(void *arg)
{
    struct session *session = arg;
    struct srs_endpoint peer = srs_conn_peer(session->conn);
    srs_co_new_cid();
    srs_endpoint_format(&peer, session->peer);
    srs_conn_set_nodelay(session->conn, true); // until a stream says otherwise
    srs_log_debug("http", "accept peer=%s", session->peer);
    session->http = srs_http_server_new();
    srs_err err = open_front(session);
    bool plain = err == SRS_E_TLS_PLAIN;
    if (!err)
        err = serve(session);
    log_end(session, err);
    struct srs_span words =
        plain ? srs_http_refusal_plain() : srs_http_server_refusal(session->http);
    srs_conn_bye(session->conn, words, srs_now() + goodbye_usec);
    srs_http_server_free(session->http);
    srs_conn_free(session->conn);
    srs_free(session);
    srs_live_add(SRS_LIVE_HTTP_SESSION, -1);
    return SRS_OK;
}

SRS_ERR srs_web_accept(struct srs_server *server, struct srs_conn *conn,
                       const struct srs_port *port)
{
    struct session *session = srs_new(struct session);
    session->server = server;
    session->conn = conn;
    session->port = port;
    srs_err err = srs_scope_spawn(&server->sessions, session_main, session);
    if (err) {
        srs_free(session);
        return srs_wrap(err, "HTTP session");
    }
    srs_live_add(SRS_LIVE_HTTP_SESSION, 1);
    return SRS_OK;
}
