#include "server/metrics/serve.h"
#include "server/metrics/page.h"
#include <stdio.h>
#include <string.h>

static SRS_YIELDS SRS_ERR send_page(struct srs_exchange *exchange, struct srs_metrics_page *page)
{
    struct srs_exchange_stream stream;
    struct srs_buf *out = &page->text.out;
    srs_err err = srs_exchange_begin(exchange, 200, "text/plain; charset=utf-8",
                                     SRS_HTTP_LENGTH_UNKNOWN, &stream);
    bool more = !err;
    while (!err && more) {
        more = srs_metrics_page_next(page);
        err = page->text.err;
        if (!err && srs_buf_size(out) > 0)
            err = srs_exchange_piece(&stream, srs_buf_span(out));
        srs_buf_consume(out, srs_buf_size(out));
        if (!err && more)
            err = srs_co_breathe(); // a fast reader must not keep us from the others
    }
    return err ? err : srs_exchange_end(&stream);
}

static SRS_YIELDS SRS_ERR answer_off(struct srs_exchange *exchange)
{
    char text[32];
    int size = snprintf(text, sizeof text, "{\"code\":%d}", (int)SRS_E_EXPORTER_DISABLED);
    return srs_exchange_answer(exchange, 200, "application/json",
                               (struct srs_span){(const uint8_t *)text, (size_t)size});
}

SRS_YIELDS SRS_ERR srs_metrics_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    const struct srs_http_request *request = exchange->request;
    struct srs_metrics_page page;
    *served = (exchange->ports & (SRS_PORT_API | SRS_PORT_EXPORTER)) != 0 &&
              strcmp(request->path, "/metrics") == 0;
    if (!*served)
        return SRS_OK;
    if (request->method != SRS_HTTP_GET && request->method != SRS_HTTP_HEAD)
        return srs_exchange_plain(exchange, 405);
    if (!exchange->server->config->exporter.enabled)
        return answer_off(exchange);
    srs_metrics_page_begin(&page, exchange->server);
    srs_err err = send_page(exchange, &page);
    srs_metrics_page_end(&page);
    return err;
}
