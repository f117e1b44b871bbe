// What the API says about streams, clients and itself, as JSON text appended to a buffer. Nothing
// here yields.
//
// Members, their order and types are those that SRS's users read; ours come behind them.
#pragma once
#include "server/api/json.h"
#include "server/server.h"

enum { SRS_API_ID = 16 };

// "vid-" and seven characters. A stream's is another one in each run of the server.
void srs_api_stream_id(const struct srs_server *server, const struct srs_source *source,
                       char out[SRS_API_ID]);
void srs_api_vhost_id(const char *vhost, char out[SRS_API_ID]);

// {...}; NO_MEMORY, LIMIT: then `out` is as it was.
SRS_ERR srs_api_stream_item(const struct srs_server *server, const struct srs_source *source,
                            struct srs_buf *out);
SRS_ERR srs_api_client_item(const struct srs_server *server, const struct srs_client *client,
                            struct srs_buf *out);

SRS_ERR srs_api_vhost_item(const struct srs_server *server, const struct srs_config_vhost *vhost,
                           struct srs_buf *out);

// {"code":N,"server":"..","service":"..","pid":".." and no closing brace: further members follow.
SRS_ERR srs_api_head(const struct srs_server *server, srs_err code, struct srs_buf *out);

// Members to stand behind the head, each beginning with a comma.
SRS_ERR srs_api_version(struct srs_buf *out);
SRS_ERR srs_api_root_index(struct srs_buf *out);
SRS_ERR srs_api_api_index(struct srs_buf *out);
SRS_ERR srs_api_v1_index(struct srs_buf *out);
