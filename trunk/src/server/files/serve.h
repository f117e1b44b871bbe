// Static files: GET and HEAD of what lies below the directory of http_server, or below that of a
// vhost's http_static.
#pragma once
#include "server/http/exchange.h"

// Answers if there is such a file or directory on a port of the HTTP server, or if the method is
// not for files (sets *served); leaves paths without a file. SOCKET_WRITE, SEND_TIMEOUT, errors of
// srs_files_read within a body, CANCELED.
SRS_YIELDS SRS_ERR srs_files_serve(struct srs_exchange *exchange, bool *served);
