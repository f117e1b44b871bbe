#include "server/api/query.h"
#include <stdlib.h>
#include <string.h>

enum {
    COUNT_DEFAULT = 10,
    NUMBER_MAX = 64, // characters of a number: leading zeros and what follows it are ignored
};

// As C's atoi reads it: leading digits count, rubbish is 0. Held to [least, UINT32_MAX]; `usual`
// when it is not given.
static SRS_ERR read_number(const char *query, const char *name, uint32_t least, uint32_t usual,
                           uint32_t *out)
{
    char text[NUMBER_MAX];
    bool found = false;
    srs_err err = srs_http_query_get(query, name, text, sizeof text, &found);
    if (err)
        return err;
    long long value = found && text[0] != '\0' ? strtoll(text, NULL, 10) : usual;
    value = value < least ? least : value;
    *out = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    return SRS_OK;
}

static enum srs_http_method method_named(const char *name, enum srs_http_method usual)
{
    static const struct {
        const char *name;
        enum srs_http_method method;
    } methods[] = {{"GET", SRS_HTTP_GET},
                   {"PUT", SRS_HTTP_PUT},
                   {"POST", SRS_HTTP_POST},
                   {"DELETE", SRS_HTTP_DELETE}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return usual;
}

static SRS_ERR read_callback(const char *query, struct srs_api_query *out)
{
    char method[NUMBER_MAX];
    bool found = false;
    srs_err err =
        srs_http_query_get(query, "callback", out->callback, sizeof out->callback, &found);
    if (err) {
        srs_err_drop(err, "no function has such a name");
        return srs_fail(SRS_E_HTTP_JSONP, "callback that cannot be read");
    }
    if (!found || out->callback[0] == '\0')
        return SRS_OK;
    if (!srs_http_jsonp_name_ok(out->callback))
        return srs_fail(SRS_E_HTTP_JSONP, "callback of %zu characters", strlen(out->callback));
    err = srs_http_query_get(query, "method", method, sizeof method, &found);
    if (!err)
        out->method = method_named(method, out->method);
    return err;
}

SRS_ERR srs_api_query_read(const char *query, enum srs_http_method method,
                           struct srs_api_query *out)
{
    *out = (struct srs_api_query){.method = method};
    srs_err err = read_callback(query, out);
    if (!err)
        err = read_number(query, "start", 0, 0, &out->range.start);
    if (!err)
        err = read_number(query, "count", 1, COUNT_DEFAULT, &out->range.count);
    return err ? srs_wrap(err, "query of the API") : SRS_OK;
}
