// HTTP-FLV: a GET of a mounted path plays its stream. The answer's head goes out at once; the body
// begins with the stream's first packet, and ends when no publisher is there for `play.wait`.
#pragma once
#include "server/http/exchange.h"

// Plays if the path is mounted in a vhost (sets *served), else leaves it. SOCKET_READ when the
// player left.
SRS_YIELDS SRS_ERR srs_flv_serve(struct srs_exchange *exchange, bool *served);
// The same, if the stream is published or the request asks for a WebSocket.
SRS_YIELDS SRS_ERR srs_flv_serve_live(struct srs_exchange *exchange, bool *served);
