#include "core/time.h"
#include "protocol/rtmp/url.h"
#include "server/forward/forward_priv.h"
#include <stdio.h>
#include <string.h>

enum { PORT_RTMP = 1935, PORT_RTMPS = 443 };

static const srs_usec pause_first = 1 * SRS_SEC;
static const srs_usec pause_most = 30 * SRS_SEC;
static const srs_usec good_after = 10 * SRS_SEC; // a copy of this length was no failed attempt

SRS_ERR srs_forward_names(const struct srs_forward_target *target, struct srs_forward_names *out)
{
    static const char default_vhost[] = "__defaultVhost__";
    bool usual = strcmp(target->vhost, default_vhost) == 0;
    const char *host = usual ? target->host : target->vhost;
    bool v6 = strchr(host, ':') != NULL;
    char port[16] = "";
    if (target->port != (target->tls ? PORT_RTMPS : PORT_RTMP))
        (void)snprintf(port, sizeof port, ":%u", target->port);
    int url =
        snprintf(out->tc_url, sizeof out->tc_url, "rtmp%s://%s%s%s%s/%s", target->tls ? "s" : "",
                 v6 ? "[" : "", host, v6 ? "]" : "", port, target->app);
    int name = snprintf(out->stream, sizeof out->stream, "%s%s", target->stream, target->param);
    if (url < 0 || (size_t)url >= sizeof out->tc_url || name < 0 ||
        (size_t)name >= sizeof out->stream)
        return srs_fail(SRS_E_LIMIT, "address above %d bytes", SRS_FORWARD_TEXT);
    return SRS_OK;
}

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

// Doubles each time; a tenth more or less keeps many copies from coming back in one moment.
srs_usec srs_forward_pause_next(struct srs_forward_pause *pause, srs_usec lasted, uint32_t random)
{
    if (lasted >= good_after || pause->next == 0)
        pause->next = pause_first;
    srs_usec now = pause->next;
    pause->next = now < pause_most / 2 ? now * 2 : pause_most;
    srs_usec spread = now / 5;
    return now - spread / 2 + (srs_usec)(random % 1000) * spread / 1000;
}
