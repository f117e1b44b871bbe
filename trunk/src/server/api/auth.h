// Who may use the API: those who have the credentials of the configuration (credentials.h), which
// every path that holds /api/ asks for, on every port. They are read from the snapshot in force at
// each request, so that a reload changes them at once.
#pragma once
#include "server/http/exchange.h"

bool srs_api_is_guarded(const struct srs_config *config, const char *path);

// Answers 401 and sets *refused when the request's path is guarded and it may not pass. Errors of
// the exchange.
SRS_YIELDS SRS_ERR srs_api_guard(struct srs_exchange *exchange, bool *refused);
