// Copies of a published stream to other servers over RTMP, as long as it is published.
#pragma once
#include "server/server.h"

struct srs_forward;

// Begins a copy to each destination of the vhost, for a stream that has just got its publisher;
// *out is NULL when there is none. `param` is the query of the publisher's stream, "" or "?k=v".
// `urls` (rtmp://host/app/stream) take the place of the vhost's destinations; NULL where no
// back-end has named any. The configuration is read here and not later. SYSTEM_FORWARD_LOOP for a
// bad URL, NO_MEMORY, STACKS, LIMIT.
SRS_ERR srs_forward_begin(struct srs_server *server, const struct srs_config_vhost *vhost,
                          struct srs_source *source, const char *param,
                          const struct srs_config_words *urls, struct srs_forward **out);

// The publisher is about to go: what the log still holds is sent, then the copies end. Does not
// wait for it. Harmless with NULL.
void srs_forward_end(struct srs_forward *forward);
