// The certificates of the server's ports and the authorities that its calls and copies to other
// servers believe, read from the files that a configuration names.
#pragma once
#include "core/co.h"
#include "core/net_tls.h"
#include "server/config/config.h"

enum srs_certs_port { SRS_CERTS_NONE, SRS_CERTS_RTMPS, SRS_CERTS_API, SRS_CERTS_WEB };
enum { SRS_CERTS_PORTS = SRS_CERTS_WEB + 1 };

struct srs_certs {
    struct srs_tls_server *of[SRS_CERTS_PORTS]; // NULL where there is no TLS
    // One for all vhosts that say the same of it; the text is the configuration's.
    struct srs_certs_forward {
        bool verify;
        const char *ca; // "" for the system's authorities
        struct srs_tls_client *client;
    } * forward; // [0..forward_count)
    size_t forward_count;
    // For calls of HTTPS to others; NULL where the configuration names none, or any will do.
    struct srs_tls_client *trust;
};

// Reads files and works some milliseconds, so it is for helper threads. TLS_KEY_CRT names directive
// and file.
SRS_ERR srs_certs_load(const struct srs_config *config, struct srs_certs **out);
// The same by a helper thread. CANCELED, SOCKET_TIMEOUT.
SRS_YIELDS SRS_ERR srs_certs_read(struct srs_config *config, srs_usec deadline,
                                  struct srs_certs **out);
void srs_certs_free(struct srs_certs *certs);

// For a vhost of the same configuration with a destination inside TLS; borrowed, NULL for others.
struct srs_tls_client *srs_certs_forward(const struct srs_certs *certs,
                                         const struct srs_config_forward *forward);
