// Whether what a request says of itself are the credentials of the configuration: Basic (RFC 7617)
// or Bearer (RFC 6750). Secrets are compared in a time that does not tell how much of them was
// right.
#pragma once
#include "server/config/config.h"

enum srs_api_verdict {
    SRS_API_ALLOWED,
    SRS_API_MISSING,      // none were sent
    SRS_API_WRONG,        // of the configured scheme
    SRS_API_OTHER_SCHEME, // than the configured one
};

// `authorization` is the header's value, NULL when there is none.
enum srs_api_verdict srs_api_judge(const struct srs_config_auth *auth, const char *authorization);

// The configured one, as WWW-Authenticate names it.
const char *srs_api_scheme(const struct srs_config_auth *auth);
