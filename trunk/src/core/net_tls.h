// TLS 1.2 and 1.3 above a connection (RFC 8446, RFC 5246), by OpenSSL: the handshake here, and from
// then on srs_conn_read, srs_conn_write_now and the rest of net.h carry what is inside.
//
// A connection keeps the context it began with, so that a renewed certificate is a new context for
// those that come. Output is cut into full records, four of them a write at most; what the socket
// does not take of these is kept (66 KiB at most) and leaves by itself.
//
// Left out: client certificates, renegotiation, compression, early data, the kernel's TLS (its
// records and ours are the same; no kernel at hand has it).
#pragma once
#include "core/net.h"

enum {
    SRS_TLS_CERTS_MAX = 16,
    // A certificate with its chain, or a key, as PEM. Long chains are below 10 KiB.
    SRS_TLS_FILE_MAX = 64 * 1024,
    // Of certificates to trust. The system's are 220 KiB.
    SRS_TLS_AUTHORITIES_MAX = 2 * 1024 * 1024,
    // Of the first message. Browsers send 2 KiB, with large tickets up to 4.
    SRS_TLS_HELLO_MAX = 16 * 1024,
};

struct srs_tls_files {
    const char *cert; // PEM: the certificate, then those that lead to its root
    const char *key;  // PEM, without a password
};

// --- server -------------------------------------------------------------------------------------

struct srs_tls_server; // counted

// The first certificate whose names fit what the client asks for is shown, the first of all where
// none does. `alpn` is the one protocol that is spoken, NULL to leave the matter open. TLS_KEY_CRT
// names the file; NO_MEMORY.
SRS_ERR srs_tls_server_new(const struct srs_tls_files *files, size_t count, const char *alpn,
                           struct srs_tls_server **out);
struct srs_tls_server *srs_tls_server_ref(struct srs_tls_server *server);
void srs_tls_server_unref(struct srs_tls_server *server);

// The server's handshake on a connection that has not been read from, or with what was read put
// back. Nothing is allocated before the first nine bytes look right. TLS_PLAIN for a first byte
// that no TLS begins with, which may be answered in plain; TLS_HANDSHAKE; SOCKET_TIMEOUT with a
// story once the peer has begun; SOCKET_READ when it left before; CANCELED. On failure the
// connection carries plain bytes as before and is of no more use than a goodbye without words.
SRS_YIELDS SRS_ERR srs_tls_accept(struct srs_conn *conn, struct srs_tls_server *server,
                                  srs_usec deadline);

// --- client -------------------------------------------------------------------------------------

struct srs_tls_client; // counted

// `authorities` is a PEM file of those to trust, NULL for the system's (or those of the file that
// the variable SSL_CERT_FILE names). Without `verify` any certificate will do. Reads files.
// TLS_KEY_CRT names the file; NO_MEMORY.
SRS_ERR srs_tls_client_new(bool verify, const char *authorities, struct srs_tls_client **out);
struct srs_tls_client *srs_tls_client_ref(struct srs_tls_client *client);
void srs_tls_client_unref(struct srs_tls_client *client);
// For a library that makes its own TLS: its context (an SSL_CTX) trusts whom `client` trusts. What
// was read once is shared, so that no call reads files.
void srs_tls_client_trust(struct srs_tls_client *client, void *context);
// After each call into such a library: OpenSSL keeps one list of errors for all connections of a
// thread, and what one left there would be taken for the next one's.
void srs_tls_forget_errors(void);

// The client's handshake; `host` is the name or address the certificate must be for, and the name
// is told to the server. Errors as above; TLS_HANDSHAKE tells why a certificate was refused.
SRS_YIELDS SRS_ERR srs_tls_connect(struct srs_conn *conn, struct srs_tls_client *client,
                                   const char *host, srs_usec deadline);

// --- a connection after its handshake -----------------------------------------------------------

bool srs_conn_is_tls(const struct srs_conn *conn);
// "TLSv1.3 TLS_AES_128_GCM_SHA256"; "" for a plain connection.
void srs_conn_tls_describe(const struct srs_conn *conn, char out[SRS_ENDPOINT_TEXT]);
