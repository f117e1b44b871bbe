// The HTTP API: its routes, and the answers to them. What each answer holds is in items.h.
//
// Built: the indexes, versions, streams and clients (list, one, kick). The names of SRS's other
// endpoints are in the index; asking for one answers the index again.
#pragma once
#include "server/http/exchange.h"

// Answers the request if its path is one of the API's (sets *served), else leaves it. OPTIONS is
// the caller's. HTTP_JSONP, and errors of the query, where SRS closes without an answer; those of
// the exchange; NO_MEMORY.
SRS_YIELDS SRS_ERR srs_api_serve(struct srs_exchange *exchange, bool *served);
