// Stream addresses. Real clients write the query behind the application ("live?vhost=x"), behind
// the stream ("s?k=v") or both, and a stream name may hold slashes: everything before the last one
// belongs to the application, so that rtmp://h/a/b/s is the same however a client splits it. tcUrl
// decides; `app` counts where tcUrl has no path. Left out: percent-decoding (names are compared as
// they are written) and the "mp4:" prefixes of recorded streams.
#include "protocol/rtmp/url.h"
#include "core/mem.h"
#include "protocol/rtmp/message.h"
#include <string.h>

enum { PORT_RTMP = 1935, PORT_RTMPS = 443 };

// Of a connect that names none; streams are called so in SRS too.
static const char default_app[] = "__defaultApp__";

struct parts {
    struct srs_span schema;
    struct srs_span host;
    struct srs_span app;
    struct srs_span app_more; // directory part of the stream name
    struct srs_span app_query;
    struct srs_span stream;
    struct srs_span stream_query;
    uint32_t port;
};

static struct srs_span span_of(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

static struct srs_span head_of(struct srs_span text, size_t size)
{
    return (struct srs_span){text.bytes, size};
}

static struct srs_span tail_of(struct srs_span text, size_t from)
{
    return from < text.size ? (struct srs_span){text.bytes + from, text.size - from}
                            : (struct srs_span){NULL, 0};
}

// Where `what` begins, or the size.
static size_t find(struct srs_span text, const char *what)
{
    const uint8_t *at = text.size > 0 ? memmem(text.bytes, text.size, what, strlen(what)) : NULL;
    return at != NULL ? (size_t)(at - text.bytes) : text.size;
}

static bool equals(struct srs_span text, const char *what)
{
    return text.size == strlen(what) &&
           (text.size == 0 || memcmp(text.bytes, what, text.size) == 0);
}

static bool has_control(const char *text)
{
    for (const char *at = text; at != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return true;
    return false;
}

struct srs_span srs_rtmp_param_find(struct srs_span param, const char *key)
{
    size_t size = strlen(key);
    if (param.size > 0 && param.bytes[0] == '?')
        param = tail_of(param, 1);
    while (param.size > 0) {
        size_t end = find(param, "&");
        if (end > size && memcmp(param.bytes, key, size) == 0 && param.bytes[size] == '=')
            return (struct srs_span){param.bytes + size + 1, end - size - 1};
        param = tail_of(param, end + 1);
    }
    return (struct srs_span){NULL, 0};
}

static srs_err port_parse(struct srs_span text, uint32_t *out)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.size && port <= UINT16_MAX; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return srs_fail(SRS_E_RTMP_REQ_TCURL, "port is no number");
        port = port * 10 + (uint32_t)(text.bytes[i] - '0');
    }
    if (port == 0 || port > UINT16_MAX)
        return srs_fail(SRS_E_RTMP_REQ_TCURL, "port %u", port);
    *out = port;
    return SRS_OK;
}

// [user@]host[:port] or [user@][v6][:port]
static srs_err authority_parse(struct srs_span text, struct parts *parts)
{
    const uint8_t *at_sign = text.size > 0 ? memrchr(text.bytes, '@', text.size) : NULL;
    if (at_sign != NULL)
        text = tail_of(text, (size_t)(at_sign - text.bytes) + 1);
    size_t host_end = find(text, ":");
    parts->host = head_of(text, host_end);
    if (text.size > 0 && text.bytes[0] == '[') {
        size_t close = find(text, "]");
        if (close == text.size)
            return srs_fail(SRS_E_RTMP_REQ_TCURL, "host without closing bracket");
        parts->host = (struct srs_span){text.bytes + 1, close - 1};
        host_end = close + 1;
    }
    if (parts->host.size == 0)
        return srs_fail(SRS_E_RTMP_REQ_TCURL, "no host");
    parts->port = equals(parts->schema, "rtmps") ? PORT_RTMPS : PORT_RTMP;
    if (host_end >= text.size)
        return SRS_OK;
    if (text.bytes[host_end] != ':')
        return srs_fail(SRS_E_RTMP_REQ_TCURL, "text behind the host");
    return host_end + 1 < text.size ? port_parse(tail_of(text, host_end + 1), &parts->port)
                                    : SRS_OK;
}

// "live?k=v", "live#k=v" and the old "live...vhost...name" are application and query.
static void app_split(struct srs_span text, struct srs_span *app, struct srs_span *query)
{
    size_t at = find(text, "?");
    size_t hash = find(text, "#");
    size_t dots = find(text, "...");
    size_t skip = 1;
    at = hash < at ? hash : at;
    if (dots < at) {
        at = dots;
        skip = 3;
    }
    *app = head_of(text, at);
    *query = tail_of(text, at + skip);
    while (query->size > 0 && query->bytes[query->size - 1] == '/')
        query->size--;
}

static srs_err tc_url_split(const char *tc_url, const char *app, struct parts *parts)
{
    struct srs_span text = span_of(tc_url);
    size_t schema_end = find(text, "://");
    if (schema_end == 0 || schema_end == text.size)
        return srs_fail(SRS_E_RTMP_REQ_TCURL, "no schema");
    parts->schema = head_of(text, schema_end);
    text = tail_of(text, schema_end + 3);
    size_t slash = find(text, "/");
    size_t question = find(text, "?");
    size_t end = slash < question ? slash : question;
    srs_err err = authority_parse(head_of(text, end), parts);
    if (err)
        return err;
    struct srs_span other_app;
    struct srs_span other_query;
    app_split(tail_of(text, slash < question ? end + 1 : end), &parts->app, &parts->app_query);
    app_split(span_of(app), &other_app, &other_query);
    if (parts->app.size == 0)
        parts->app = other_app;
    if (parts->app_query.size == 0)
        parts->app_query = other_query;
    return SRS_OK;
}

static void stream_split(const char *stream, struct parts *parts)
{
    struct srs_span text = span_of(stream);
    size_t query = find(text, "?");
    struct srs_span name = head_of(text, query);
    parts->stream_query = tail_of(text, query + 1);
    while (name.size > 0 && name.bytes[name.size - 1] == '/')
        name.size--;
    const uint8_t *slash = name.size > 0 ? memrchr(name.bytes, '/', name.size) : NULL;
    size_t base = slash != NULL ? (size_t)(slash - name.bytes) + 1 : 0;
    parts->app_more = head_of(name, base);
    parts->stream = tail_of(name, base);
}

static void text_begin(struct srs_wr *out, const char **text)
{
    *text = (const char *)out->bytes + out->size;
}

static srs_err text_end(struct srs_wr *out, const char *text, size_t max, const char *what)
{
    size_t size = (size_t)((const char *)out->bytes + out->size - text);
    srs_wr_u8(out, 0);
    if (size > max)
        return srs_fail(SRS_E_LIMIT, "%s of %zu bytes", what, size);
    return SRS_OK;
}

static srs_err text_put(struct srs_wr *out, struct srs_span from, const char *what,
                        const char **text)
{
    text_begin(out, text);
    srs_wr_bytes(out, from.bytes, from.size);
    return text_end(out, *text, SRS_RTMP_NAME_MAX, what);
}

// Components one slash apart; "_definst_" is what old encoders write for "no instance".
static void path_put(struct srs_wr *out, const char *start, struct srs_span path)
{
    while (path.size > 0) {
        size_t end = find(path, "/");
        struct srs_span component = head_of(path, end);
        path = tail_of(path, end + 1);
        if (component.size == 0 || equals(component, "_definst_"))
            continue;
        if ((const char *)out->bytes + out->size > start)
            srs_wr_u8(out, '/');
        srs_wr_bytes(out, component.bytes, component.size);
    }
}

// "vhost...name" of the old form becomes "vhost=name".
static void query_put(struct srs_wr *out, const char *start, struct srs_span query)
{
    if (query.size == 0)
        return;
    srs_wr_u8(out, (const char *)out->bytes + out->size == start ? '?' : '&');
    size_t dots = find(query, "...");
    srs_wr_bytes(out, query.bytes, dots);
    if (dots < query.size) {
        struct srs_span value = tail_of(query, dots + 3);
        srs_wr_u8(out, '=');
        srs_wr_bytes(out, value.bytes, value.size);
    }
}

static srs_err param_put(struct srs_wr *out, const struct parts *parts, const char **text)
{
    text_begin(out, text);
    query_put(out, *text, parts->stream_query);
    query_put(out, *text, parts->app_query);
    return text_end(out, *text, (size_t)2 * SRS_RTMP_URL_MAX, "parameters");
}

static srs_err vhost_put(struct srs_wr *out, const struct parts *parts, struct srs_rtmp_url *url)
{
    struct srs_span vhost = srs_rtmp_param_find(span_of(url->param), "vhost");
    if (vhost.size == 0)
        vhost = srs_rtmp_param_find(span_of(url->param), "domain");
    if (vhost.size == 0)
        vhost = parts->host;
    srs_err err = text_put(out, vhost, "vhost", &url->vhost);
    if (!err && strcmp(url->param, "?vhost=__defaultVhost__") == 0) // says nothing more
        url->param += strlen(url->param);
    return err;
}

static srs_err texts_put(struct srs_wr *out, const struct parts *parts, struct srs_rtmp_url *url)
{
    srs_err err = text_put(out, parts->schema, "schema", &url->schema);
    if (!err)
        err = text_put(out, parts->host, "host", &url->host);
    if (!err) {
        text_begin(out, &url->app);
        path_put(out, url->app, parts->app);
        path_put(out, url->app, parts->app_more);
        if ((const char *)out->bytes + out->size == url->app)
            srs_wr_bytes(out, default_app, sizeof default_app - 1);
        err = text_end(out, url->app, SRS_RTMP_NAME_MAX, "app");
    }
    if (!err)
        err = text_put(out, parts->stream, "stream", &url->stream);
    if (!err)
        err = param_put(out, parts, &url->param);
    if (!err)
        err = vhost_put(out, parts, url);
    return err;
}

SRS_ERR srs_rtmp_url_parse(const char *tc_url, const char *app, const char *stream,
                           struct srs_rtmp_url *out)
{
    struct parts parts = {0};
    *out = (struct srs_rtmp_url){0};
    if (tc_url == NULL || tc_url[0] == '\0')
        return srs_fail(SRS_E_RTMP_REQ_CONNECT, "connect without tcUrl");
    if (has_control(tc_url) || has_control(app) || has_control(stream))
        return srs_fail(SRS_E_RTMP_REQ_TCURL, "control character in tcUrl, app or stream");
    srs_err err = tc_url_split(tc_url, app, &parts);
    if (err)
        return err;
    stream_split(stream, &parts);
    // Every byte is written at most twice (the vhost is in the parameters too), with a separator
    // six ends and the default application.
    size_t size = 2 * (span_of(tc_url).size + span_of(app).size + span_of(stream).size) + 32 +
                  sizeof default_app;
    out->block = srs_try_alloc(size);
    if (out->block == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "stream address");
    struct srs_wr wr = srs_wr_init(out->block, size);
    err = texts_put(&wr, &parts, out);
    if (!err && wr.bad)
        err = srs_fail(SRS_E_LIMIT, "stream address");
    if (err) {
        srs_rtmp_url_fini(out);
        return err;
    }
    out->port = (uint16_t)parts.port;
    return SRS_OK;
}

void srs_rtmp_url_fini(struct srs_rtmp_url *url)
{
    srs_free(url->block);
    *url = (struct srs_rtmp_url){0};
}
