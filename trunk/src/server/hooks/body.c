// What a back-end is sent. Members and their order are those that SRS sends; back-ends exist that
// look for them by position in a log.
#include "server/hooks/hooks_priv.h"
#include "server/hooks/json_priv.h"

static void put_server(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    srs_hook_json_text(writer, "server_id", body->server_id);
    srs_hook_json_text(writer, "service_id", body->service_id);
}

static void put_client(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    srs_hook_json_text(writer, "client_id", body->client_id);
    srs_hook_json_text(writer, "ip", body->ip);
    srs_hook_json_text(writer, "vhost", body->vhost);
    srs_hook_json_text(writer, "app", body->app);
}

static void put_stream_end(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    srs_hook_json_text(writer, "stream_url", body->stream_url);
    if (body->stream_id != NULL)
        srs_hook_json_text(writer, "stream_id", body->stream_id);
}

static void put_stream(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    srs_hook_json_text(writer, "tcUrl", body->tc_url);
    srs_hook_json_text(writer, "stream", body->stream);
    srs_hook_json_text(writer, "param", body->param);
}

static void put_clients(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    if (body->clients >= 0)
        srs_hook_json_count(writer, "clients", (uint64_t)body->clients);
}

static void put_of_hook(struct srs_hook_json *writer, const struct srs_hook_body *body)
{
    switch (body->hook) {
    case SRS_HOOK_CONNECT:
        srs_hook_json_text(writer, "stream", body->stream);
        srs_hook_json_text(writer, "param", body->param);
        srs_hook_json_text(writer, "tcUrl", body->tc_url);
        srs_hook_json_text(writer, "pageUrl", body->page_url);
        break;
    case SRS_HOOK_CLOSE:
        srs_hook_json_count(writer, "send_bytes", body->send_bytes);
        srs_hook_json_count(writer, "recv_bytes", body->recv_bytes);
        break;
    case SRS_HOOK_PLAY:
        srs_hook_json_text(writer, "stream", body->stream);
        srs_hook_json_text(writer, "tcUrl", body->tc_url);
        srs_hook_json_text(writer, "param", body->param);
        srs_hook_json_text(writer, "pageUrl", body->page_url);
        put_stream_end(writer, body);
        put_clients(writer, body);
        break;
    case SRS_HOOK_STOP:
        put_stream(writer, body);
        put_stream_end(writer, body);
        put_clients(writer, body);
        break;
    case SRS_HOOK_FORWARD:
        put_stream(writer, body);
        break;
    default:
        put_stream(writer, body);
        put_stream_end(writer, body);
        break;
    }
}

SRS_ERR srs_hook_body_write(const struct srs_hook_body *body, struct srs_buf *out)
{
    struct srs_hook_json writer;
    srs_hook_json_begin(&writer, out, SRS_HOOK_BODY_MAX);
    bool forward = body->hook == SRS_HOOK_FORWARD;
    if (!forward)
        put_server(&writer, body);
    srs_hook_json_text(&writer, "action", srs_hook_name(body->hook));
    if (forward)
        put_server(&writer, body);
    put_client(&writer, body);
    put_of_hook(&writer, body);
    srs_err err = srs_hook_json_end(&writer);
    return err ? srs_wrap(err, "%s", srs_hook_name(body->hook)) : SRS_OK;
}
