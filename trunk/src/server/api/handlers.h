// The handlers of the API, one for each route. Private to this folder; those of other folders that
// answer below /api/ have headers of their own.
#pragma once
#include "server/api/call.h"

// live.c
SRS_YIELDS srs_err srs_api_serve_streams(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_clients(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_vhosts(struct srs_api_call *call, const char *rest);

// about.c
SRS_YIELDS srs_err srs_api_serve_versions(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_authors(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_features(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_requests(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_clusters(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_errors(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_redirects(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_root_index(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_api_index(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_v1_index(struct srs_api_call *call, const char *rest);

// control.c
SRS_YIELDS srs_err srs_api_serve_raw(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_config(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_config_check(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_warnings(struct srs_api_call *call, const char *rest);

// openapi.c
SRS_YIELDS srs_err srs_api_serve_openapi(struct srs_api_call *call, const char *rest);

// system.c
SRS_YIELDS srs_err srs_api_serve_summaries(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_rusages(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_self_proc_stats(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_system_proc_stats(struct srs_api_call *call, const char *rest);
SRS_YIELDS srs_err srs_api_serve_meminfos(struct srs_api_call *call, const char *rest);
