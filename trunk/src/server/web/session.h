// An HTTP connection: requests one after the other, each given to whoever serves its path.
#pragma once
#include "server/server.h"

SRS_YIELDS SRS_ERR srs_web_listen_api(struct srs_server *server, struct srs_listener *listener);
SRS_YIELDS SRS_ERR srs_web_listen_server(struct srs_server *server, struct srs_listener *listener);
SRS_YIELDS SRS_ERR srs_web_listen_both(struct srs_server *server, struct srs_listener *listener);
