// What a stream is called: schema, host, port, vhost, application, stream and parameters from a
// connect and a name.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include <stdint.h>

struct srs_rtmp_url {
    char *block; // holds all texts
    const char *schema;
    const char *host; // without the brackets of an IPv6 address
    const char *vhost;
    const char *app;    // "live" or "a/b"
    const char *stream; // "" when none was given
    const char *param;  // "?k=v&k=v" or ""
    uint16_t port;
};

// `app` and `stream` may be NULL or ""; where neither names an application it is __defaultApp__.
// RTMP_REQ_CONNECT without tcUrl, RTMP_REQ_TCURL when it gives no schema, host or port or holds
// control characters, LIMIT for a name above 512 bytes,
// NO_MEMORY. On failure *out owns nothing.
SRS_ERR srs_rtmp_url_parse(const char *tc_url, const char *app, const char *stream,
                           struct srs_rtmp_url *out);
void srs_rtmp_url_fini(struct srs_rtmp_url *url);

// Value of `key` in "?k=v&k=v" or "k=v"; {NULL, 0} when there is none.
struct srs_span srs_rtmp_param_find(struct srs_span param, const char *key);
