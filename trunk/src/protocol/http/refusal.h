// Whole answers for requests that could not be taken: constant bytes, so that they cost nothing and
// cannot fail.
#pragma once
#include "core/rdwr.h"

// {NULL, 0} for a status that is not one of 400, 405, 413, 414, 417, 431, 500, 501, 505.
struct srs_span srs_http_refusal(unsigned status);

// 400, for who speaks HTTP without TLS to a port of HTTPS.
struct srs_span srs_http_refusal_plain(void);
