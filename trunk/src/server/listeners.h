// The server's ports: opened as the configuration asks, changed by a reload without touching those
// that stay, and one way in for every protocol.
#pragma once
#include "server/certs.h"
#include "server/server.h"

struct srs_listeners;

// What is served at a port.
struct srs_port {
    const char *protocol; // for the log
    // Starts a session that owns the connection; when it fails the connection stays the caller's.
    srs_err (*accept)(struct srs_server *server, struct srs_conn *conn,
                      const struct srs_port *port);
    unsigned serves; // for `accept`
    bool is_rtmp;
    enum srs_certs_port tls; // whose certificates it shows, NONE for a plain port
};

struct srs_listeners *srs_listeners_new(struct srs_server *server);
// After the scope of the server's services was closed.
void srs_listeners_free(struct srs_listeners *listeners);

// A change is made in two steps, so that it can be refused as a whole; nothing may yield in
// between. Open: what `config` asks for and is not there yet. On failure, SOCKET_BIND and the like,
// all is as before.
SRS_ERR srs_listeners_open(struct srs_listeners *listeners, const struct srs_config *config);
// Settle: what it does not ask for goes.
void srs_listeners_settle(struct srs_listeners *listeners);

// Closes all ports for good, also for a reload that comes later; connections stay.
void srs_listeners_shut(struct srs_listeners *listeners);
