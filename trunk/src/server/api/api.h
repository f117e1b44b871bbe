// The HTTP API: its routes, and the answers to them. What an answer holds is in items.h, who may
// ask in auth.h; openapi.def describes all of it.
//
// The names of endpoints of SRS that are not built are in the index; asking for one answers the
// index again, as an SRS built without them does.
#pragma once
#include "server/http/exchange.h"

// Answers the request if its path is one of the API's (sets *served), else leaves it. OPTIONS is
// the caller's. HTTP_JSONP, where SRS closes without an answer; errors of the exchange; NO_MEMORY.
SRS_YIELDS SRS_ERR srs_api_serve(struct srs_exchange *exchange, bool *served);

// The index of a port that serves nothing but the API, for what is left when all others were asked.
// What belongs to protocols that are not built is left to be not found.
SRS_YIELDS SRS_ERR srs_api_serve_root(struct srs_exchange *exchange, bool *served);

// Whether that request's body is wanted; any other is not waited for.
bool srs_api_takes_body(const struct srs_http_request *request, unsigned ports);
