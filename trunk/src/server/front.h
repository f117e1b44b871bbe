// What stands in front of a session's own bytes: the header of a proxy, and TLS.
//
// A proxy is believed about its client when it connects from an address of proxy_from; then the
// connection's peer is that client. Headers of others are taken off and have no effect, and the
// first of each kind is logged with what to set.
#pragma once
#include "protocol/http/server.h"
#include "server/listeners.h"

bool srs_front_believes(const struct srs_server *server, const struct srs_endpoint *peer);

// Reads what `port` expects in front. A believed peer was not counted when it connected, as it may
// stand for many: its client is counted here, or itself if it names none. EXCEED_CONNECTIONS.
// Errors of srs_conn_read and srs_tls_accept (TLS_PLAIN may be answered in plain); PROXY_HEADER,
// RTMP_PROXY_EXCEED.
SRS_YIELDS SRS_ERR srs_front_open(struct srs_server *server, struct srs_conn *conn,
                                  const struct srs_port *port, srs_usec deadline);

// The client of one request: X-Forwarded-For or else X-Real-IP when `direct`, who sent it, is
// believed; else `direct` itself. Of a list it is the last that is no believed proxy itself, as
// each proxy adds at the end what it saw, and what came before may be made up.
struct srs_endpoint srs_front_client(struct srs_server *server, const struct srs_endpoint *direct,
                                     const struct srs_http_request *request);
