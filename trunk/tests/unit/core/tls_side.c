#include "core/tls_side.h"
#include "core/log.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

char tls_folder[PATH_SIZE];

// --- certificates -------------------------------------------------------------------------------

struct tls_pair tls_one, tls_other, tls_wild;

void tls_path(const char *name, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%.80s/%.40s", tls_folder, name);
}

FILE *tls_open_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

void tls_write_file(const char *name, const char *text, size_t size, char path[PATH_SIZE])
{
    tls_path(name, path);
    FILE *file = tls_open_file(path);
    assert_int_equal(fwrite(text, 1, size, file), size);
    (void)fclose(file);
}

static void add_names(X509 *cert, const char *names)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

void tls_make_pair(const char *name, const char *names, const char *password, struct tls_pair *out)
{
    char file_name[40];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_true(key != NULL && cert != NULL);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    X509_NAME *subject = X509_get_subject_name(cert);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, subject), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    add_names(cert, names);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    (void)snprintf(file_name, sizeof file_name, "%.20s.crt", name);
    tls_path(file_name, out->cert);
    FILE *file = tls_open_file(out->cert);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    (void)fclose(file);
    (void)snprintf(file_name, sizeof file_name, "%.20s.key", name);
    tls_path(file_name, out->key);
    file = tls_open_file(out->key);
    assert_int_equal(PEM_write_PrivateKey(file, key, password != NULL ? EVP_aes_128_cbc() : NULL,
                                          (const unsigned char *)password,
                                          password != NULL ? (int)strlen(password) : 0, NULL, NULL),
                     1);
    (void)fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

struct srs_tls_files tls_files_of(const struct tls_pair *pair)
{
    return (struct srs_tls_files){.cert = pair->cert, .key = pair->key};
}

struct srs_tls_server *tls_serve_with(const struct tls_pair *pair, const char *alpn)
{
    struct srs_tls_files files = tls_files_of(pair);
    struct srs_tls_server *server = NULL;
    assert_err(SRS_OK, srs_tls_server_new(&files, 1, alpn, &server), "context");
    return server;
}

int tls_setup(void **state)
{
    (void)state;
    (void)snprintf(tls_folder, sizeof tls_folder, "/tmp/srs-test-tls-XXXXXX");
    assert_non_null(mkdtemp(tls_folder));
    tls_make_pair("one", "DNS:one.example,IP:127.0.0.1", NULL, &tls_one);
    tls_make_pair("other", "DNS:other.example", NULL, &tls_other);
    tls_make_pair("wild", "DNS:*.wild.example", NULL, &tls_wild);
    srs_log_set_level(SRS_LOG_NONE);
    return srs_co_init();
}

int tls_teardown(void **state)
{
    (void)state;
    char command[PATH_SIZE + 16];
    (void)snprintf(command, sizeof command, "rm -r %s", tls_folder);
    return system(command); // NOLINT(cert-env33-c): a folder of our own making
}

int tls_teardown_each(void **state)
{
    (void)state;
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_TLS), 0);
    return 0;
}

void tls_turn(void)
{
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

// --- our end, in a coroutine of its own ---------------------------------------------------------

static SRS_YIELDS srs_err accept_main(void *arg)
{
    struct tls_side *side = arg;
    side->result = srs_tls_accept(side->conn, side->server, side->deadline);
    side->told = srs_err_story(side->result) != NULL;
    side->done = true;
    return srs_bare(SRS_OK);
}

void tls_begin(struct tls_side *side, struct srs_tls_server *server, int *peer)
{
    int fds[2];
    *side = (struct tls_side){.server = server, .deadline = SOON};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], &side->conn), "our end");
    *peer = fds[1];
    srs_scope_init(&side->scope, "tls");
    assert_err(SRS_OK, srs_scope_spawn(&side->scope, accept_main, side), "spawn");
}

void tls_end(struct tls_side *side, int peer)
{
    srs_scope_close(&side->scope);
    srs_conn_free(side->conn);
    if (peer >= 0)
        (void)close(peer);
}

void tls_wait_done(const struct tls_side *side)
{
    srs_usec until = SOON;
    while (!side->done && srs_now() < until)
        tls_turn();
    assert_true(side->done);
}

void tls_say(int fd, const void *bytes, size_t size)
{
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

// --- OpenSSL's client ---------------------------------------------------------------------------

struct tls_client tls_client_open(int version)
{
    struct tls_client client = {.context = SSL_CTX_new(TLS_client_method())};
    assert_non_null(client.context);
    if (version != 0) {
        assert_int_equal(SSL_CTX_set_min_proto_version(client.context, version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(client.context, version), 1);
    }
    client.ssl = SSL_new(client.context);
    assert_non_null(client.ssl);
    SSL_set_connect_state(client.ssl);
    return client;
}

void tls_client_close(struct tls_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    ERR_clear_error();
}

void tls_shake(struct tls_client *client, struct tls_side *side, int peer)
{
    srs_usec until = SOON;
    assert_int_equal(SSL_set_fd(client->ssl, peer), 1);
    while (SSL_do_handshake(client->ssl) != 1 && srs_now() < until)
        tls_turn();
    assert_true(SSL_is_init_finished(client->ssl));
    tls_wait_done(side);
    assert_err(SRS_OK, side->result, "handshake");
    assert_true(srs_conn_is_tls(side->conn));
}

void tls_client_read(struct tls_client *client, uint8_t *into, size_t size)
{
    srs_usec until = SOON;
    size_t at = 0;
    while (at < size && srs_now() < until) {
        size_t part = 0;
        if (SSL_read_ex(client->ssl, into + at, size - at, &part) == 1)
            at += part;
        else
            tls_turn();
    }
    assert_int_equal(at, size);
}

void tls_fill(uint8_t *bytes, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

// --- data ------------------------------------------------------------------------------------

struct pump {
    struct srs_conn *conn;
    const uint8_t *out;
    uint8_t *in;
    size_t in_size;
    srs_err result;
    unsigned over;
};

static SRS_YIELDS srs_err write_main(void *arg)
{
    struct pump *pump = arg;
    pump->result = srs_conn_write(pump->conn, (struct srs_span){pump->out, TLS_BIG}, SOON);
    pump->over++;
    return srs_bare(SRS_OK);
}

static SRS_YIELDS srs_err read_main(void *arg)
{
    struct pump *pump = arg;
    srs_err err = SRS_OK;
    while (!err && pump->in_size < TLS_BIG) {
        struct srs_span got;
        err = srs_conn_read(pump->conn, SOON, &got);
        if (!err && got.size > TLS_BIG - pump->in_size)
            err = srs_bare(SRS_E_LIMIT);
        if (!err) {
            memcpy(pump->in + pump->in_size, got.bytes, got.size);
            pump->in_size += got.size;
        }
    }
    pump->result = err;
    pump->over++;
    return srs_bare(SRS_OK);
}

void tls_check_both_ways(struct tls_client *client, struct tls_side *side)
{
    uint8_t *sent = malloc(TLS_BIG);
    uint8_t *got = malloc(TLS_BIG);
    uint8_t *back = malloc(TLS_BIG);
    struct pump pump = {.conn = side->conn, .out = sent, .in = got};
    srs_usec until = SOON;
    size_t wrote = 0;
    size_t read = 0;
    tls_fill(sent, TLS_BIG, 5);
    assert_err(SRS_OK, srs_scope_spawn(&side->scope, write_main, &pump), "writer");
    assert_err(SRS_OK, srs_scope_spawn(&side->scope, read_main, &pump), "reader");
    while ((pump.over < 2 || read < TLS_BIG) && srs_now() < until) {
        size_t part = 0;
        size_t piece = 1 + (wrote * 7 + 13) % 40000;
        piece = piece < TLS_BIG - wrote ? piece : TLS_BIG - wrote;
        (void)SSL_set_mode(client->ssl,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (wrote < TLS_BIG && SSL_write_ex(client->ssl, sent + wrote, piece, &part) == 1)
            wrote += part;
        if (SSL_read_ex(client->ssl, back + read, TLS_BIG - read, &part) == 1)
            read += part;
        tls_turn();
    }
    assert_int_equal(pump.over, 2);
    assert_err(SRS_OK, pump.result, "pump");
    assert_memory_equal(got, sent, TLS_BIG);
    assert_memory_equal(back, sent, TLS_BIG);
    free(sent);
    free(got);
    free(back);
}
