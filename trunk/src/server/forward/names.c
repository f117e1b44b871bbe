#include "core/time.h"
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
