// An RTMP connection on the server: handshake, connect, then publish or play, to its end.
#pragma once
#include "server/server.h"

// Serves connections of this listener until canceled; each runs in the server's sessions. The
// listener is borrowed.
SRS_YIELDS SRS_ERR srs_rtmp_listen(struct srs_server *server, struct srs_listener *listener);
