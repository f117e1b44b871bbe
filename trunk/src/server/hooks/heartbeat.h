// Reports of this server to a manager, or to a proxy that registers its origins by them.
#pragma once
#include "core/interfaces.h"
#include "server/server.h"

// A coroutine in the server's services, which looks at the configuration of the moment each time.
// STACKS.
SRS_ERR srs_heartbeat_begin(struct srs_server *server);

// What is reported: {"device_id":..,"ip":..,"server":..,"service":..,"pid":..} and, where they are
// asked for, the endpoints of each protocol that is served. NO_MEMORY, LIMIT.
SRS_ERR srs_heartbeat_write(const struct srs_server *server, const char *ip, struct srs_buf *out);

// The address that is reported: `named` when there is one, else that of stats.network (`which`),
// else the first of all[0..count); "" when there is none.
void srs_heartbeat_ip(const char *named, const struct srs_interface *all, size_t count,
                      int64_t which, char out[SRS_ENDPOINT_TEXT]);
