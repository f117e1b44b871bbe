// An RTMP connection on the server: handshake, connect, then publish or play, to its end.
#pragma once
#include "server/server.h"

struct srs_port;

// Starts a session in the server's sessions; see struct srs_port. STACKS, CANCELED.
SRS_ERR srs_rtmp_accept(struct srs_server *server, struct srs_conn *conn,
                        const struct srs_port *port);
