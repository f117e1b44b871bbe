// Query parameters: application/x-www-form-urlencoded (WHATWG URL section 5), the read side.
#include "protocol/http/query.h"
#include "core/assert.h"
#include "protocol/http/url.h"
#include <string.h>

// No parameter that is looked for has a name of 128 bytes.
static bool name_is(const char *text, size_t size, const char *name)
{
    char decoded[128];
    struct srs_wr wr = srs_wr_init(decoded, sizeof decoded);
    srs_err err = srs_http_unescape(text, size, true, &wr);
    if (err) {
        srs_err_drop(err, "a name that cannot be decoded is not the one looked for");
        return false;
    }
    return strcmp(decoded, name) == 0;
}

SRS_ERR srs_http_query_get(const char *query, const char *name, char *out, size_t capacity,
                           bool *found)
{
    srs_assert(capacity > 0);
    out[0] = '\0';
    *found = false;
    while (*query != '\0') {
        size_t size = strcspn(query, "&");
        size_t name_size = strcspn(query, "=&");
        if (name_is(query, name_size, name)) {
            size_t value_at = name_size < size ? name_size + 1 : size;
            struct srs_wr wr = srs_wr_init(out, capacity);
            srs_err err = srs_http_unescape(query + value_at, size - value_at, true, &wr);
            if (err) {
                out[0] = '\0';
                return srs_wrap(err, "parameter %s", name);
            }
            *found = true;
            return SRS_OK;
        }
        query += size;
        query += *query == '&';
    }
    return SRS_OK;
}

bool srs_http_jsonp_name_ok(const char *name)
{
    static const char allowed[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.";
    size_t size = strnlen(name, SRS_HTTP_JSONP_MAX + 1);
    return size > 0 && size <= SRS_HTTP_JSONP_MAX && strspn(name, allowed) == size;
}
