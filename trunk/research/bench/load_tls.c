// Players verify nothing: the bench makes its certificate itself.
#include "load_tls.h"
#include "load_core.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FDS (1u << 16)

struct srs_load_tls {
    SSL *ssl;
    int fd;
    uint64_t counted; // of the bytes that OpenSSL has read
};

static SSL_CTX *context;
static struct srs_load_tls *by_fd[FDS];

struct srs_load_tls *srs_load_tls_new(int fd)
{
    if (context == NULL)
        context = SSL_CTX_new(TLS_client_method());
    struct srs_load_tls *tls = srs_load_alloc(1, sizeof(*tls));
    tls->fd = fd;
    tls->ssl = context ? SSL_new(context) : NULL;
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1)
        srs_load_die("OpenSSL gives no connection");
    SSL_set_connect_state(tls->ssl);
    SSL_set_mode(tls->ssl, SSL_MODE_RELEASE_BUFFERS);
    if ((unsigned)fd >= FDS)
        srs_load_die("descriptor %d", fd);
    by_fd[fd] = tls;
    return tls;
}

void srs_load_tls_free(struct srs_load_tls *tls)
{
    if (tls == NULL)
        return;
    by_fd[tls->fd] = NULL;
    SSL_free(tls->ssl);
    free(tls);
}

int srs_load_tls_shake(struct srs_load_tls *tls)
{
    ERR_clear_error();
    const int result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return 1;
    const int what = SSL_get_error(tls->ssl, result);
    return what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t srs_load_tls_recv(struct srs_load_tls *tls, void *into, size_t size, uint64_t *taken)
{
    size_t got = 0;
    size_t part = 0;
    ERR_clear_error();
    while (got < size && SSL_read_ex(tls->ssl, (char *)into + got, size - got, &part) == 1)
        got += part;
    const int what = got < size ? SSL_get_error(tls->ssl, 0) : SSL_ERROR_NONE;
    const uint64_t read = BIO_number_read(SSL_get_rbio(tls->ssl));
    *taken += read - tls->counted;
    tls->counted = read;
    if (got > 0)
        return (ssize_t)got;
    errno = what == SSL_ERROR_WANT_READ ? EAGAIN : ECONNRESET;
    return what == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

bool srs_load_send(int fd, const void *data, size_t len)
{
    size_t sent = 0;
    struct srs_load_tls *tls = (unsigned)fd < FDS ? by_fd[fd] : NULL;
    if (tls == NULL)
        return send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
    ERR_clear_error();
    return SSL_write_ex(tls->ssl, data, len, &sent) == 1 && sent == len;
}
