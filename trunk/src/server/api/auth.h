// Who may use the API: Basic (RFC 7617) or Bearer (RFC 6750) credentials of the configuration,
// which every path that holds /api/ asks for, on every port.
//
// Secrets are compared in a time that does not tell how much of them was right. They are read from
// the snapshot in force at each request, so that a reload changes them at once.
#pragma once
#include "server/http/exchange.h"

bool srs_api_is_guarded(const struct srs_config *config, const char *path);

enum srs_api_verdict {
    SRS_API_ALLOWED,
    SRS_API_ASKED,   // no credentials, or wrong ones: they are asked for
    SRS_API_REFUSED, // another scheme than the configured one
};

// `authorization` is the header's value, NULL when there is none.
enum srs_api_verdict srs_api_judge(const struct srs_config_auth *auth, const char *authorization);

// Answers 401 and sets *refused when the request's path is guarded and it may not pass. Errors of
// the exchange.
SRS_YIELDS SRS_ERR srs_api_guard(struct srs_exchange *exchange, bool *refused);
