// For tests of TLS: certificates made at the start, our end of a socket pair in a coroutine of its
// own, and OpenSSL's client on the other end.
#pragma once
#include "core/net_priv.h"
#include "core/net_tls.h"
#include "test.h"
#include <openssl/ssl.h>

#define SOON (srs_now() + 20 * SRS_SEC)

enum { PATH_SIZE = 128 };

// --- files --------------------------------------------------------------------------------------

struct tls_pair {
    char cert[PATH_SIZE];
    char key[PATH_SIZE];
};
// Of one.example and 127.0.0.1, of other.example, of *.wild.example.
extern struct tls_pair tls_one, tls_other, tls_wild;
extern char tls_folder[PATH_SIZE];

// A path in the folder.
void tls_path(const char *name, char out[PATH_SIZE]);
FILE *tls_open_file(const char *path);
void tls_write_file(const char *name, const char *text, size_t size, char path[PATH_SIZE]);
// Self-signed; `names` as "DNS:a.example,IP:127.0.0.1".
void tls_make_pair(const char *name, const char *names, const char *password, struct tls_pair *out);
struct srs_tls_files tls_files_of(const struct tls_pair *pair);
struct srs_tls_server *tls_serve_with(const struct tls_pair *pair, const char *alpn);

int tls_setup(void **state);
int tls_teardown(void **state);
int tls_teardown_each(void **state);
void tls_turn(void);

// --- our end ------------------------------------------------------------------------------------

struct tls_side {
    struct srs_scope scope;
    struct srs_conn *conn;
    struct srs_tls_server *server;
    srs_usec deadline;
    srs_err result;
    bool told; // with a story
    bool done;
};

// The other end is a descriptor that does not block.
void tls_begin(struct tls_side *side, struct srs_tls_server *server, int *peer);
void tls_end(struct tls_side *side, int peer);
void tls_wait_done(const struct tls_side *side);
void tls_say(int fd, const void *bytes, size_t size);

// --- OpenSSL's client ---------------------------------------------------------------------------

struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
};

// A version of 0 leaves it open.
struct tls_client tls_client_open(int version);
void tls_client_close(struct tls_client *client);
// Both ends, to the end of the handshake.
void tls_shake(struct tls_client *client, struct tls_side *side, int peer);
// Bytes of the client until there are `size`.
void tls_client_read(struct tls_client *client, uint8_t *into, size_t size);

enum { TLS_BIG = 4 << 20 };
void tls_fill(uint8_t *bytes, size_t size, uint32_t seed);
// TLS_BIG bytes each way at once.
void tls_check_both_ways(struct tls_client *client, struct tls_side *side);
