// /metrics, on the API's ports and the exporter's own.
#pragma once
#include "server/http/exchange.h"

// Answers the request if it is for /metrics (sets *served), else leaves it. Errors of the exchange;
// NO_MEMORY.
SRS_YIELDS SRS_ERR srs_metrics_serve(struct srs_exchange *exchange, bool *served);
