// Where a copy goes to by the word of a back-end: rtmp://host/app/stream.
#include "protocol/rtmp/url.h"
#include "server/forward/forward_priv.h"
#include <stdio.h>
#include <string.h>

static SRS_ERR take_place(const struct srs_rtmp_url *url, struct srs_forward_place *out)
{
    if (strlen(url->host) > SRS_CONFIG_NAME_MAX || url->host[0] == '\0' ||
        strlen(url->app) >= sizeof out->app)
        return srs_fail(SRS_E_LIMIT, "host or application of a URL");
    out->to.port = url->port;
    memcpy(out->to.host, url->host, strlen(url->host) + 1);
    memcpy(out->app, url->app, strlen(url->app) + 1);
    return SRS_OK;
}

SRS_ERR srs_forward_place_read(const char *text, struct srs_forward_place *out)
{
    static const char schema[] = "rtmp://";
    struct srs_rtmp_url url;
    bool good = strncmp(text, schema, sizeof schema - 1) == 0;
    const char *host = good ? text + sizeof schema - 1 : text;
    size_t size = strcspn(host, "?");
    const char *slash = memrchr(host, '/', size);
    good = good && slash != NULL && memchr(host, '/', (size_t)(slash - host)) != NULL &&
           slash + 1 < host + size;
    if (!good)
        return srs_fail(SRS_E_SYSTEM_FORWARD_LOOP, "URL is not rtmp://host/app/stream");
    int made =
        snprintf(out->names.tc_url, sizeof out->names.tc_url, "%.*s", (int)(slash - text), text);
    int name = snprintf(out->names.stream, sizeof out->names.stream, "%s", slash + 1);
    if ((size_t)made >= sizeof out->names.tc_url || (size_t)name >= sizeof out->names.stream)
        return srs_fail(SRS_E_LIMIT, "URL above %d bytes", SRS_FORWARD_TEXT);
    srs_err err = srs_rtmp_url_parse(out->names.tc_url, NULL, NULL, &url);
    if (err)
        return srs_wrap(err, "URL of a copy");
    err = take_place(&url, out);
    srs_rtmp_url_fini(&url);
    return err;
}
