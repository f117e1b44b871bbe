// Limits of clients and bandwidth: of an address (directives *_per_ip), a vhost and its streams
// (vhost.limits). They are read where they count, so that a reload takes effect with the next
// client; who is there stays, but for a publisher above in_bandwidth_per_stream.
#pragma once
#include "server/server.h"

// Lets a client in to publish or play in that vhost of the current configuration, and counts it
// from here on until srs_usage_leave; in the same step, so that nobody comes between.
// LIMIT_PUBLISHERS, LIMIT_PLAYERS, LIMIT_BANDWIDTH; errors of srs_usage_enter.
SRS_ERR srs_limits_enter(struct srs_server *server, const struct srs_config_vhost *vhost,
                         const struct srs_usage_client *client, struct srs_place *place);

// Measures bandwidth each second from here on, while a limit asks for it, and ends publishers that
// stay above theirs.
SRS_ERR srs_limits_start(struct srs_server *server);
