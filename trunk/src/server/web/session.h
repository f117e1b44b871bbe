// An HTTP connection: requests one after the other, each given to whoever serves its path.
#pragma once
#include "server/server.h"

struct srs_port;

// Starts a session in the server's sessions; the port says whether it serves the API, streams or
// both (enum srs_exchange_port). STACKS, CANCELED.
SRS_ERR srs_web_accept(struct srs_server *server, struct srs_conn *conn,
                       const struct srs_port *port);
