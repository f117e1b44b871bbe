// Parameters of an API request: the page of a list, and JSONP.
#pragma once
#include "core/err.h"
#include "protocol/http/head.h"
#include "protocol/http/query.h"
#include <stdint.h>

// Items [start, start + count) of a list.
struct srs_api_range {
    uint32_t start;
    uint32_t count; // at least 1
};

struct srs_api_query {
    struct srs_api_range range;
    enum srs_http_method method; // the request's, or what a JSONP request asks for instead
    char callback[SRS_HTTP_JSONP_MAX + 1]; // "" when the answer is plain JSON
};

// HTTP_JSONP: the callback is not a name, or a longer one; HTTP_URL_UNESCAPE and LIMIT for another
// parameter that cannot be read.
SRS_ERR srs_api_query_read(const char *query, enum srs_http_method method,
                           struct srs_api_query *out);
