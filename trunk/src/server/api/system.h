// What the API says about this process and the machine, from the last readings of /proc: members,
// their order and names are SRS's, with its slips of the pen.
#pragma once
#include "server/api/handlers.h"
#include "server/server.h"

// Each appends ,"data":{..}. NO_MEMORY, LIMIT.
SRS_ERR srs_api_summaries(const struct srs_server *server, struct srs_buf *out);
SRS_ERR srs_api_rusages(const struct srs_server *server, struct srs_buf *out);
SRS_ERR srs_api_self_proc_stats(const struct srs_server *server, struct srs_buf *out);
SRS_ERR srs_api_system_proc_stats(const struct srs_server *server, struct srs_buf *out);
SRS_ERR srs_api_meminfos(const struct srs_server *server, struct srs_buf *out);

// {"data":{..}} of the summaries, for the heartbeat. Errors as above.
SRS_ERR srs_api_summaries_alone(const struct srs_server *server, struct srs_buf *out);
