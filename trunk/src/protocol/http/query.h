// Parameters of a raw query ("a=1&b=x%20y") and the check of a JSONP callback's name.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    // Longer names are of no library; the name is repeated in each answer.
    SRS_HTTP_JSONP_MAX = 256,
};

// Writes the decoded value of the first parameter `name` into out[0..capacity), always terminated;
// "" and *found false if it is not there. Names are compared decoded. HTTP_URL_UNESCAPE: the value
// is not decodable (parameters whose name is not are passed over); LIMIT: it does not fit.
SRS_ERR srs_http_query_get(const char *query, const char *name, char *out, size_t capacity,
                           bool *found);

// 1 to SRS_HTTP_JSONP_MAX letters, digits, '_', '-' and '.': nothing that could be script of its
// own.
bool srs_http_jsonp_name_ok(const char *name);
