// OpenSSL below a connection.
//
// OpenSSL sees no socket: one BIO for all connections reads from `wire.in` and writes to
// `wire.out`, which belong to the worker and are in use only while one call lasts. A read of the
// socket is decoded whole, so nothing readable stays inside an SSL; what one call makes of output
// goes to the socket in one write.
#include "core/net_tls.h"
#include "core/assert.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/net_priv.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
    // Sealed for one write. What the socket leaves of it is memory of a viewer that lags; more
    // gains nothing, a beat of 1 Mbit/s is three.
    RECORDS = 4,
    OUT_SIZE = RECORDS * SSL3_RT_MAX_PACKET_SIZE + SRS_TLS_FILE_MAX, // or a chain of certificates
    // One read of the socket, and behind it the record that was incomplete.
    PLAIN_SIZE = SRS_CONN_READ_SIZE + SSL3_RT_MAX_PACKET_SIZE,
    // Record header, type and length of the first message.
    HELLO_HEAD = 9,
    RECORD_HEAD = 5,
    TYPE_FIRST = 20, // RFC 5246 section 6.2.1, RFC 6520
    TYPE_HANDSHAKE = 22,
    TYPE_LAST = 24,
    SSL2_LENGTH = 0x80,
    RTMP_VERSION = 3,
    MAJOR_VERSION = 3,
    CLIENT_HELLO = 1,
};

struct srs_tls_server {
    unsigned refs;
    size_t count;
    uint8_t alpn[1 + 32]; // length and name; a length of 0: none
    SSL_CTX *contexts[SRS_TLS_CERTS_MAX];
};

struct srs_tls_client {
    unsigned refs;
    SSL_CTX *context;
};

struct tls {
    SSL *ssl;
    struct srs_tls_server *server; // a reference while the SSL calls back; NULL for a client
    srs_err over;                  // why no more can be read
    const char *over_why;          // OpenSSL's static text, or NULL
    bool broken;                   // nothing may be sent
    bool finished;                 // close_notify was said
};

// --- the wire -----------------------------------------------------------------------------------

static struct {
    struct srs_span in;
    size_t out_used;
    uint8_t out[OUT_SIZE];
} wire;

static uint8_t plain[PLAIN_SIZE];
static uint8_t record[RECORD];

static int wire_read(BIO *bio, char *into, size_t size, size_t *got)
{
    BIO_clear_retry_flags(bio);
    if (wire.in.size == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *got = size < wire.in.size ? size : wire.in.size;
    memcpy(into, wire.in.bytes, *got);
    wire.in.bytes += *got;
    wire.in.size -= *got;
    return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t size, size_t *written)
{
    BIO_clear_retry_flags(bio);
    if (size > sizeof wire.out - wire.out_used)
        return 0;
    memcpy(wire.out + wire.out_used, bytes, size);
    wire.out_used += size;
    *written = size;
    return 1;
}

static long wire_ctrl(BIO *bio, int what, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

// The one BIO, made at first use and kept.
static BIO *wire_bio(void)
{
    static BIO *bio;
    if (bio != NULL)
        return bio;
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "srs connection");
    if (method != NULL && BIO_meth_set_read_ex(method, wire_read) == 1 &&
        BIO_meth_set_write_ex(method, wire_write) == 1 && BIO_meth_set_ctrl(method, wire_ctrl) == 1)
        bio = BIO_new(method);
    if (bio == NULL)
        BIO_meth_free(method);
    else
        BIO_set_init(bio, 1);
    return bio;
}

static void wire_begin(struct srs_span in)
{
    ERR_clear_error();
    wire.in = in;
    wire.out_used = 0;
}

static SRS_ERR wire_push(struct srs_conn *conn)
{
    return srs_conn_push(conn, (struct srs_span){wire.out, wire.out_used});
}

// OpenSSL's words for what went wrong first, which are static; its queue is empty afterwards.
static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text != NULL ? text : "no reason given";
}

// --- certificates -------------------------------------------------------------------------------

struct pem {
    size_t size;
    char bytes[SRS_TLS_FILE_MAX];
};

// Its end names a file better than its start.
enum { PATH_SHOWN = 60 };

static const char *shown(const char *path)
{
    size_t size = strlen(path);
    return size > PATH_SHOWN ? path + size - PATH_SHOWN : path;
}

static SRS_ERR read_file(const char *path, const char *what, struct pem *pem)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        srs_err err = srs_fail_sys(SRS_E_TLS_KEY_CRT, "%s %s", what, shown(path));
        if (fd >= 0)
            (void)close(fd);
        return err;
    }
    ssize_t n = S_ISREG(status.st_mode) ? read(fd, pem->bytes, sizeof pem->bytes) : -1;
    (void)close(fd);
    if (n < 0)
        return srs_fail(SRS_E_TLS_KEY_CRT, "%s %s cannot be read as a file", what, shown(path));
    if ((size_t)n == sizeof pem->bytes)
        return srs_fail(SRS_E_TLS_KEY_CRT, "%s %s is over %d bytes", what, shown(path),
                        SRS_TLS_FILE_MAX);
    pem->size = (size_t)n;
    return SRS_OK;
}

// Nobody is there to be asked.
static int no_password(char *into, int size, int writing, void *arg)
{
    if (size > 0)
        into[0] = '\0';
    (void)writing;
    (void)arg;
    return -1;
}

// The certificate, then its chain up to the end of the file.
static const char *add_chain(SSL_CTX *context, BIO *bio)
{
    X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
    bool fits = cert != NULL && SSL_CTX_use_certificate(context, cert) == 1;
    X509_free(cert);
    if (!fits)
        return reason();
    for (;;) {
        cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
        if (cert == NULL)
            break;
        if (SSL_CTX_add0_chain_cert(context, cert) != 1) {
            X509_free(cert);
            return reason();
        }
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const char *why = reason();
    return at_end ? NULL : why;
}

static const char *add_key(SSL_CTX *context, BIO *bio)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    bool fits = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return fits ? NULL : reason();
}

typedef const char *add_fn(SSL_CTX *context, BIO *bio);

static SRS_ERR add_file(SSL_CTX *context, const char *path, const char *what, add_fn *add)
{
    struct pem *pem = srs_new(struct pem);
    BIO *bio = NULL;
    srs_err err = read_file(path, what, pem);
    if (err)
        goto out;
    bio = BIO_new_mem_buf(pem->bytes, (int)pem->size);
    const char *why = bio != NULL ? add(context, bio) : "no memory";
    if (why != NULL)
        err = srs_fail(SRS_E_TLS_KEY_CRT, "%s %s: %s", what, shown(path), why);
out:
    BIO_free(bio);
    OPENSSL_cleanse(pem, sizeof *pem);
    srs_free(pem);
    return err;
}

static void warn_of_expiry(const SSL_CTX *context, const char *path)
{
    const X509 *cert = SSL_CTX_get0_certificate(context);
    if (cert != NULL && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        srs_log_warn("tls", "certificate has expired file=%s", path);
}

// --- contexts -----------------------------------------------------------------------------------

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL)
        return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);               // 9 KiB a connection
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); // tickets need none
    SSL_CTX_set_default_passwd_cb(context, no_password);
    // AES with 128 bits first: a third cheaper than 256, and nobody breaks either. Forward secrecy
    // and authenticated encryption only.
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                          "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM+AES128:ECDHE+AESGCM:"
                                         "ECDHE+CHACHA20:!aNULL") == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static int choose_certificate(SSL *ssl, int *alert, void *arg)
{
    const struct srs_tls_server *server = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    for (size_t i = 0; name != NULL && i < server->count; i++) {
        X509 *cert = SSL_CTX_get0_certificate(server->contexts[i]);
        if (cert != NULL && X509_check_host(cert, name, 0, 0, NULL) == 1) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_set_SSL_CTX(ssl, server->contexts[i]) != NULL ? SSL_TLSEXT_ERR_OK
                                                                     : SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *in, unsigned in_size, void *arg)
{
    const struct srs_tls_server *server = arg;
    unsigned char *chosen = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, server->alpn, server->alpn[0] + 1u, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 section 3.2
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SRS_ERR add_context(struct srs_tls_server *server, const struct srs_tls_files *files)
{
    SSL_CTX *context = context_new(TLS_server_method());
    if (context == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "TLS context: %s", reason());
    server->contexts[server->count++] = context;
    (void)SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
    (void)SSL_CTX_set_tlsext_servername_arg(context, server);
    if (server->alpn[0] > 0)
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, server);
    srs_err err = add_file(context, files->cert, "certificate", add_chain);
    if (!err)
        err = add_file(context, files->key, "key", add_key);
    if (!err && SSL_CTX_check_private_key(context) != 1)
        err = srs_fail(SRS_E_TLS_KEY_CRT, "key %s does not fit", shown(files->key));
    if (!err)
        warn_of_expiry(context, files->cert);
    ERR_clear_error();
    return err;
}

SRS_ERR srs_tls_server_new(const struct srs_tls_files *files, size_t count, const char *alpn,
                           struct srs_tls_server **out)
{
    srs_assert(count > 0 && count <= SRS_TLS_CERTS_MAX);
    struct srs_tls_server *server = srs_new(struct srs_tls_server);
    srs_err err = SRS_OK;
    server->refs = 1;
    if (alpn != NULL) {
        size_t size = strlen(alpn);
        srs_assert(size < sizeof server->alpn);
        server->alpn[0] = (uint8_t)size;
        memcpy(server->alpn + 1, alpn, size);
    }
    ERR_clear_error();
    for (size_t i = 0; i < count && !err; i++)
        err = add_context(server, &files[i]);
    if (err) {
        srs_tls_server_unref(server);
        return srs_wrap(err, "TLS server");
    }
    *out = server;
    return SRS_OK;
}

struct srs_tls_server *srs_tls_server_ref(struct srs_tls_server *server)
{
    server->refs++;
    return server;
}

void srs_tls_server_unref(struct srs_tls_server *server)
{
    if (server == NULL || --server->refs > 0)
        return;
    for (size_t i = 0; i < server->count; i++)
        SSL_CTX_free(server->contexts[i]);
    srs_free(server);
}

// The system's in one file. OpenSSL's other way, a folder of them, would be read in the middle of
// handshakes.
static const char *system_authorities(void)
{
    static const char *const usual[] = {
        "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine, Arch
        "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora
        "/etc/ssl/ca-bundle.pem",             // SUSE
    };
    const char *named = secure_getenv(X509_get_default_cert_file_env());
    if (named != NULL && named[0] != '\0')
        return named;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (access(usual[i], R_OK) == 0)
            return usual[i];
    return X509_get_default_cert_file();
}

static SRS_ERR add_authorities(SSL_CTX *context, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return srs_fail_sys(SRS_E_TLS_KEY_CRT, "authorities %s", shown(path));
    if (!S_ISREG(status.st_mode) || status.st_size > SRS_TLS_AUTHORITIES_MAX)
        return srs_fail(SRS_E_TLS_KEY_CRT, "authorities %s is no file of up to %d bytes",
                        shown(path), SRS_TLS_AUTHORITIES_MAX);
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(context, path) != 1)
        return srs_fail(SRS_E_TLS_KEY_CRT, "authorities %s: %s", shown(path), reason());
    ERR_clear_error();
    // Whoever is listed is believed, also who is below another authority.
    (void)X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    return SRS_OK;
}

SRS_ERR srs_tls_client_new(bool verify, const char *authorities, struct srs_tls_client **out)
{
    srs_err err = SRS_OK;
    SSL_CTX *context = context_new(TLS_client_method());
    if (context == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "TLS context: %s", reason());
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (verify)
        err = add_authorities(context, authorities != NULL ? authorities : system_authorities());
    if (err) {
        SSL_CTX_free(context);
        return srs_wrap(err, "TLS client");
    }
    struct srs_tls_client *client = srs_new(struct srs_tls_client);
    client->refs = 1;
    client->context = context;
    *out = client;
    return SRS_OK;
}

struct srs_tls_client *srs_tls_client_ref(struct srs_tls_client *client)
{
    client->refs++;
    return client;
}

void srs_tls_client_unref(struct srs_tls_client *client)
{
    if (client == NULL || --client->refs > 0)
        return;
    SSL_CTX_free(client->context);
    srs_free(client);
}

void srs_tls_client_trust(struct srs_tls_client *client, void *context)
{
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(client->context));
}

void srs_tls_forget_errors(void)
{
    ERR_clear_error();
}

// --- a connection -------------------------------------------------------------------------------

static void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    srs_tls_server_unref(tls->server);
    srs_free(tls);
    srs_live_add(SRS_LIVE_TLS, -1);
}

static SRS_ERR tls_new(SSL_CTX *context, struct tls **out)
{
    struct tls *tls = srs_new(struct tls);
    srs_live_add(SRS_LIVE_TLS, 1);
    ERR_clear_error();
    BIO *bio = wire_bio();
    tls->ssl = bio != NULL ? SSL_new(context) : NULL;
    if (tls->ssl == NULL) {
        tls_free(tls);
        return srs_fail(SRS_E_NO_MEMORY, "TLS connection: %s", reason());
    }
    (void)BIO_up_ref(bio);
    SSL_set_bio(tls->ssl, bio, bio); // takes one reference for both
    *out = tls;
    return SRS_OK;
}

static SRS_ERR why_over(const struct tls *tls)
{
    if (tls->over_why == NULL)
        return srs_bare(tls->over);
    return srs_fail(tls->over, "%s", tls->over_why);
}

static void end_input(struct srs_conn *conn, struct tls *tls, srs_err err, const char *why)
{
    tls->over = err;
    tls->over_why = why;
    conn->input_over = true;
}

static srs_err decode(struct srs_conn *conn, struct srs_span raw, struct srs_span *got)
{
    struct tls *tls = conn->transport_state;
    size_t size = 0;
    size_t part = 0;
    *got = (struct srs_span){0};
    if (conn->input_over)
        return why_over(tls);
    wire_begin(raw);
    while (size < sizeof plain && SSL_read_ex(tls->ssl, plain + size, sizeof plain - size, &part))
        size += part;
    srs_assert(size < sizeof plain);
    int what = SSL_get_error(tls->ssl, 0);
    if (what == SSL_ERROR_ZERO_RETURN) {
        end_input(conn, tls, SRS_E_SOCKET_READ, NULL);
    } else if (what != SSL_ERROR_WANT_READ) {
        end_input(conn, tls, SRS_E_TLS_READ, reason());
        tls->broken = true;
    }
    srs_err err = wire_push(conn); // alerts, answers to a change of keys
    if (err)
        return srs_wrap(err, "TLS answer");
    if (size == 0 && conn->input_over)
        return why_over(tls);
    *got = (struct srs_span){plain, size};
    return SRS_OK;
}

struct gathering {
    const struct iovec *iov;
    int count;
    size_t offset; // of the first iovec
};

// The next record's bytes: as they stand when one iovec has enough, else gathered.
static struct srs_span gather_record(struct gathering *left)
{
    size_t size = 0;
    while (left->count > 0 && size < RECORD) {
        const uint8_t *from = (const uint8_t *)left->iov->iov_base + left->offset;
        size_t part = left->iov->iov_len - left->offset;
        bool whole = part > RECORD - size;
        if (size == 0 && part >= RECORD) {
            left->offset += RECORD;
            return (struct srs_span){from, RECORD};
        }
        part = whole ? RECORD - size : part;
        memcpy(record + size, from, part);
        size += part;
        left->offset += part;
        if (!whole) {
            left->iov++;
            left->count--;
            left->offset = 0;
        }
    }
    return (struct srs_span){record, size};
}

// Makes records for one write into the wire.
static SRS_ERR seal(struct tls *tls, struct gathering *left, size_t *sealed)
{
    wire_begin((struct srs_span){0});
    for (unsigned i = 0; i < RECORDS; i++) {
        struct srs_span bytes = gather_record(left);
        size_t written = 0;
        if (bytes.size == 0)
            break;
        if (SSL_write_ex(tls->ssl, bytes.bytes, bytes.size, &written) != 1 ||
            written != bytes.size) {
            tls->broken = true;
            return srs_fail(SRS_E_TLS_WRITE, "%s", reason());
        }
        *sealed += written;
    }
    return SRS_OK;
}

// As srs_conn_write_now: what was sealed has been taken, since it cannot be sealed again.
static srs_err write_now(void *arg, const struct iovec *iov, int count, size_t *written)
{
    struct srs_conn *conn = arg;
    struct tls *tls = conn->transport_state;
    struct gathering left = {.iov = iov, .count = count};
    *written = 0;
    if (tls->broken || tls->finished)
        return srs_fail(SRS_E_TLS_WRITE, "the TLS connection is over");
    if (!srs_conn_writable(conn) || srs_buf_size(&conn->unsent) > 0)
        return srs_bare(SRS_E_AGAIN);
    while (srs_buf_size(&conn->unsent) == 0) {
        size_t sealed = 0;
        srs_err err = seal(tls, &left, &sealed);
        if (!err && sealed == 0)
            break;
        if (!err)
            err = wire_push(conn);
        if (err)
            return srs_wrap(err, "TLS records");
        *written += sealed;
    }
    return SRS_OK;
}

static void finish(struct srs_conn *conn)
{
    struct tls *tls = conn->transport_state;
    if (tls->finished || tls->broken)
        return;
    tls->finished = true;
    wire_begin((struct srs_span){0});
    (void)SSL_shutdown(tls->ssl); // makes close_notify, waits for nothing
    ERR_clear_error();
    srs_err_drop(wire_push(conn), "a peer that is gone hears no goodbye");
}

static void transport_free(struct srs_conn *conn)
{
    finish(conn);
    tls_free(conn->transport_state);
}

static const struct srs_transport transport = {
    .decode = decode, .finish = finish, .free = transport_free};

// --- handshake ----------------------------------------------------------------------------------

// Records of TLS are of types 20 to 24, and SSL 2 begins with a length whose highest bit is set.
static bool is_plain(uint8_t first)
{
    return first < TYPE_FIRST || (first > TYPE_LAST && first < SSL2_LENGTH);
}

// What is sent to the wrong port by mistake has a name in the log.
static const char *plain_name(uint8_t first)
{
    if (first == RTMP_VERSION)
        return "plain RTMP";
    return first >= 'A' && first <= 'Z' ? "plain HTTP" : "plain bytes";
}

// A first message of a wrong kind costs nothing, and one that says it is long is not believed:
// OpenSSL makes room for 128 KiB when it is told to.
static SRS_ERR check_hello(const uint8_t *head)
{
    if (is_plain(head[0]))
        return srs_fail(SRS_E_TLS_PLAIN, "%s on a TLS port, the first byte is %02x",
                        plain_name(head[0]), head[0]);
    if (head[0] != TYPE_HANDSHAKE || head[1] != MAJOR_VERSION)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "no handshake, the first bytes are %02x %02x", head[0],
                        head[1]);
    size_t size = (size_t)head[6] << 16 | (size_t)head[7] << 8 | head[8];
    if (head[3] == 0 && head[4] < HELLO_HEAD - RECORD_HEAD)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "first record of %u bytes", head[4]);
    if (head[RECORD_HEAD] != CLIENT_HELLO)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "first message is of type %u", head[RECORD_HEAD]);
    if (size > SRS_TLS_HELLO_MAX)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "first message of %zu bytes", size);
    return SRS_OK;
}

// One go at the handshake with what came; AGAIN when more is needed.
static SRS_ERR step(struct srs_conn *conn, struct tls *tls, struct srs_span raw)
{
    srs_err err = SRS_OK;
    wire_begin(raw);
    int result = SSL_do_handshake(tls->ssl);
    int what = SSL_get_error(tls->ssl, result);
    if (result != 1 && what == SSL_ERROR_WANT_READ) {
        err = srs_bare(SRS_E_AGAIN);
    } else if (result != 1) {
        bool looked = (SSL_get_verify_mode(tls->ssl) & SSL_VERIFY_PEER) != 0;
        long verified = looked ? SSL_get_verify_result(tls->ssl) : X509_V_OK;
        const char *why = reason();
        if (verified != X509_V_OK)
            err = srs_fail(SRS_E_TLS_HANDSHAKE, "certificate refused: %s",
                           X509_verify_cert_error_string(verified));
        else
            err = srs_fail(SRS_E_TLS_HANDSHAKE, "%s", why);
    }
    srs_err pushed = wire_push(conn);
    if (pushed && !(err && err != SRS_E_AGAIN))
        return srs_wrap(pushed, "TLS handshake");
    return err; // the alert that could not be sent is no news
}

static SRS_ERR why_no_input(srs_err err)
{
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(err, "TLS handshake not complete in time");
    if (err == SRS_E_SOCKET_READ)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "the peer left in the handshake");
    return err;
}

static SRS_YIELDS SRS_ERR handshake(struct srs_conn *conn, struct tls *tls, srs_usec deadline)
{
    srs_err err = srs_bare(SRS_E_AGAIN);
    while (err == SRS_E_AGAIN) {
        struct srs_span raw;
        err = srs_conn_read(conn, deadline, &raw);
        if (err)
            return why_no_input(err);
        err = step(conn, tls, raw);
    }
    return err;
}

// From here on the connection's bytes are those inside. What came behind the handshake is decoded
// and put back.
static SRS_ERR attach(struct srs_conn *conn, struct tls *tls)
{
    struct srs_span got = {0};
    struct srs_span rest = wire.in;
    conn->transport = &transport;
    conn->transport_state = tls;
    srs_conn_set_write(conn, write_now, conn);
    srs_co_trim_stack(); // a handshake goes deep
    if (rest.size == 0)
        return SRS_OK;
    srs_err err = decode(conn, rest, &got);
    return err ? err : srs_conn_unread(conn, got);
}

// Reads until the head of the first message is there: `early` is what came in reads before *raw.
struct hello {
    uint8_t early[HELLO_HEAD];
    size_t early_size;
    struct srs_span raw;
};

static SRS_YIELDS SRS_ERR read_hello(struct srs_conn *conn, srs_usec deadline, struct hello *hello)
{
    uint8_t head[HELLO_HEAD] = {0};
    size_t size = 0;
    for (;;) {
        srs_err err = srs_conn_read(conn, deadline, &hello->raw);
        if (err)
            return size > 0 ? why_no_input(err) : err;
        size_t part = HELLO_HEAD - size;
        part = part < hello->raw.size ? part : hello->raw.size;
        memcpy(head + size, hello->raw.bytes, part);
        hello->early_size = size;
        memcpy(hello->early, head, size);
        size += part;
        if (head[0] != TYPE_HANDSHAKE || size == HELLO_HEAD)
            return check_hello(head);
    }
}

SRS_YIELDS SRS_ERR srs_tls_accept(struct srs_conn *conn, struct srs_tls_server *server,
                                  srs_usec deadline)
{
    srs_co_may_yield();
    struct hello hello;
    struct tls *tls = NULL;
    srs_err err = read_hello(conn, deadline, &hello);
    if (!err)
        err = tls_new(server->contexts[0], &tls);
    if (err)
        return err;
    tls->server = srs_tls_server_ref(server);
    SSL_set_accept_state(tls->ssl);
    err = srs_bare(SRS_E_AGAIN);
    if (hello.early_size > 0)
        err = step(conn, tls, (struct srs_span){hello.early, hello.early_size});
    if (err == SRS_E_AGAIN)
        err = step(conn, tls, hello.raw);
    if (err == SRS_E_AGAIN)
        err = handshake(conn, tls, deadline);
    if (err) {
        tls_free(tls);
        return err;
    }
    return attach(conn, tls);
}

static bool ask_for_host(SSL *ssl, const char *host)
{
    struct in6_addr address;
    char name[TLSEXT_MAXLEN_host_name + 1]; // OpenSSL's macro takes no const
    size_t size = strlen(host);
    bool is_address =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    if (size >= sizeof name)
        return false;
    memcpy(name, host, size + 1);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

SRS_YIELDS SRS_ERR srs_tls_connect(struct srs_conn *conn, struct srs_tls_client *client,
                                   const char *host, srs_usec deadline)
{
    srs_co_may_yield();
    struct tls *tls = NULL;
    srs_err err = tls_new(client->context, &tls);
    if (err)
        return err;
    SSL_set_connect_state(tls->ssl);
    if (ask_for_host(tls->ssl, host))
        err = step(conn, tls, (struct srs_span){0});
    else
        err = srs_fail(SRS_E_TLS_HANDSHAKE, "host %.80s: %s", host, reason());
    if (err == SRS_E_AGAIN)
        err = handshake(conn, tls, deadline);
    if (err) {
        tls_free(tls);
        return err;
    }
    return attach(conn, tls);
}

bool srs_conn_is_tls(const struct srs_conn *conn)
{
    return conn->transport == &transport;
}

void srs_conn_tls_describe(const struct srs_conn *conn, char out[SRS_ENDPOINT_TEXT])
{
    out[0] = '\0';
    if (!srs_conn_is_tls(conn))
        return;
    const struct tls *tls = conn->transport_state;
    (void)snprintf(out, SRS_ENDPOINT_TEXT, "%s %s", SSL_get_version(tls->ssl),
                   SSL_get_cipher_name(tls->ssl));
}
