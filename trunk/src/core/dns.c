// Each look-up has a channel of its own, driven by the coroutine that waits for it: the files of
// the system are read anew each time, so a change of them counts at once, and whoever is canceled
// takes all of it along. Sockets are ours (c-ares asks for them by call-backs) and lie in the
// reactor like all others.
#include "core/dns.h"
#include "core/co_priv.h"
#include "core/mem.h"
#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    // A server over UDP, once more over TCP when the answer is long; the configuration of c-ares
    // goes on to further servers one by one.
    SOCKETS_MAX = 16,
    TRY_MS = 1000, // a server's time for its first answer; it doubles with each round
    TRIES = 2
};

struct lookup {
    ares_channel channel;
    struct srs_io sockets[SOCKETS_MAX]; // fd -1: free
    struct srs_dns_answer *out;
    uint16_t port;
    bool done;
    int status; // of c-ares
};

static const char *asked_servers; // NULL: the system's

void srs_dns_set_servers(const char *servers)
{
    asked_servers = servers;
}

// --- sockets ------------------------------------------------------------------------------------

static struct srs_io *socket_of(struct lookup *lookup, int fd)
{
    for (int i = 0; i < SOCKETS_MAX; i++)
        if (lookup->sockets[i].fd == fd)
            return &lookup->sockets[i];
    return NULL;
}

static ares_socket_t on_socket(int family, int type, int protocol, void *arg)
{
    struct srs_io *io = socket_of(arg, -1);
    int fd = io != NULL ? socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol) : -1;
    if (fd < 0)
        return ARES_SOCKET_BAD;
    srs_err err = srs_io_open(io, fd);
    srs_err_drop(err, "the look-up goes on without this server");
    return err ? ARES_SOCKET_BAD : fd;
}

static int on_close(ares_socket_t fd, void *arg)
{
    struct srs_io *io = socket_of(arg, fd);
    if (io != NULL)
        srs_io_close(io);
    return 0;
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t size, void *arg)
{
    (void)arg;
    return connect(fd, to, size);
}

// NOLINTNEXTLINE(readability-function-size): the library's prototype
static ares_ssize_t on_receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                               struct sockaddr *from, ares_socklen_t *from_size, void *arg)
{
    struct srs_io *io = socket_of(arg, fd);
    ssize_t n = recvfrom(fd, bytes, size, flags, from, from_size);
    if (n < 0 && errno == EAGAIN && io != NULL)
        io->ready &= (uint8_t) ~(SRS_IO_READ | SRS_IO_HUP);
    return n;
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *iov, int count, void *arg)
{
    struct srs_io *io = socket_of(arg, fd);
    ssize_t n = writev(fd, iov, count);
    if (n < 0 && errno == EAGAIN && io != NULL)
        io->ready &= (uint8_t)~SRS_IO_WRITE;
    return n;
}

static const struct ares_socket_functions socket_functions = {.asocket = on_socket,
                                                              .aclose = on_close,
                                                              .aconnect = on_connect,
                                                              .arecvfrom = on_receive,
                                                              .asendv = on_send};

// --- answers ------------------------------------------------------------------------------------

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct lookup *lookup = arg;
    struct srs_dns_answer *out = lookup->out;
    (void)timeouts;
    lookup->done = true;
    lookup->status = status;
    const struct ares_addrinfo_node *node = info != NULL ? info->nodes : NULL;
    for (; node != NULL && out->count < SRS_DNS_ADDRESSES_MAX; node = node->ai_next) {
        struct srs_endpoint at = {0};
        if (node->ai_family != AF_INET && node->ai_family != AF_INET6)
            continue;
        memcpy(&at.addr, node->ai_addr,
               node->ai_family == AF_INET ? sizeof at.addr.v4 : sizeof at.addr.v6);
        if (node->ai_family == AF_INET)
            at.addr.v4.sin_port = htons(lookup->port);
        else
            at.addr.v6.sin6_port = htons(lookup->port);
        out->items[out->count++] = at;
    }
    if (info != NULL)
        ares_freeaddrinfo(info);
}

static bool literal(const char *host, uint16_t port, struct srs_dns_answer *out)
{
    struct srs_endpoint at = {0};
    if (inet_pton(AF_INET, host, &at.addr.v4.sin_addr) == 1) {
        at.addr.v4.sin_family = AF_INET;
        at.addr.v4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, host, &at.addr.v6.sin6_addr) == 1) {
        at.addr.v6.sin6_family = AF_INET6;
        at.addr.v6.sin6_port = htons(port);
    } else {
        return false;
    }
    *out = (struct srs_dns_answer){.count = 1, .items = {at}};
    return true;
}

// --- the look-up --------------------------------------------------------------------------------

static SRS_ERR channel_open(struct lookup *lookup)
{
    char lookups[] = "fb"; // files, then servers
    struct ares_options options = {.timeout = TRY_MS, .tries = TRIES, .lookups = lookups};
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
        status = ares_init_options(&lookup->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
    if (status != ARES_SUCCESS)
        return srs_fail(SRS_E_SYSTEM_DNS_RESOLVE, "resolver: %s", ares_strerror(status));
    ares_set_socket_functions(lookup->channel, &socket_functions, lookup);
    if (asked_servers != NULL)
        status = ares_set_servers_ports_csv(lookup->channel, asked_servers);
    if (status != ARES_SUCCESS)
        return srs_fail(SRS_E_SYSTEM_DNS_RESOLVE, "servers %.60s: %s", asked_servers,
                        ares_strerror(status));
    return SRS_OK;
}

// Which sockets c-ares wants to read and to write.
static unsigned wants(const struct lookup *lookup, const struct srs_io *io)
{
    ares_socket_t fds[ARES_GETSOCK_MAXNUM];
    int mask = ares_getsock(lookup->channel, fds, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++)
        if (io->fd >= 0 && fds[i] == io->fd)
            return (ARES_GETSOCK_READABLE(mask, i) ? SRS_IO_READ : 0U) |
                   (ARES_GETSOCK_WRITABLE(mask, i) ? SRS_IO_WRITE : 0U);
    return 0;
}

// Lets c-ares use what is ready; false when nothing was.
static bool serve_ready(struct lookup *lookup)
{
    bool any = false;
    for (int i = 0; i < SOCKETS_MAX && !lookup->done; i++) {
        const struct srs_io *io = &lookup->sockets[i];
        unsigned ready = io->fd >= 0 ? io->ready & wants(lookup, io) : 0;
        if (ready == 0)
            continue;
        any = true;
        ares_process_fd(lookup->channel, (ready & SRS_IO_READ) != 0 ? io->fd : ARES_SOCKET_BAD,
                        (ready & SRS_IO_WRITE) != 0 ? io->fd : ARES_SOCKET_BAD);
    }
    return any;
}

static void set_waiter(struct lookup *lookup, struct srs_co *co)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        lookup->sockets[i].reader = co;
        lookup->sockets[i].writer = co;
    }
}

// Until a socket is ready or a server's time is over.
static SRS_YIELDS SRS_ERR wait_sockets(struct lookup *lookup, srs_usec deadline)
{
    struct timeval room;
    srs_usec until = deadline;
    const struct timeval *next = ares_timeout(lookup->channel, NULL, &room);
    if (next != NULL) {
        // The clock of c-ares is another one: a little later finds it due for certain.
        srs_usec due = srs_now() + next->tv_sec * SRS_SEC + next->tv_usec + SRS_MSEC;
        until = due < deadline ? due : deadline;
    }
    set_waiter(lookup, srs_co_self());
    srs_err err = srs_co_park(until);
    set_waiter(lookup, NULL);
    if (err != SRS_E_SOCKET_TIMEOUT || until == deadline)
        return err;
    ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // its timeouts
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR lookup_run(struct lookup *lookup, const char *host, srs_usec deadline)
{
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    srs_err err = channel_open(lookup);
    if (err)
        return err;
    ares_getaddrinfo(lookup->channel, host, NULL, &hints, on_addresses, lookup);
    while (!err && !lookup->done) {
        err = srs_co_check();
        if (!err && srs_now() >= deadline)
            err = srs_bare(SRS_E_SOCKET_TIMEOUT);
        if (!err && !serve_ready(lookup))
            err = wait_sockets(lookup, deadline);
    }
    if (err)
        return err;
    if (lookup->status != ARES_SUCCESS || lookup->out->count == 0)
        return srs_fail(
            SRS_E_SYSTEM_DNS_RESOLVE, "%.60s: %s", host,
            ares_strerror(lookup->status == ARES_SUCCESS ? ARES_ENODATA : lookup->status));
    return SRS_OK;
}

SRS_YIELDS SRS_ERR srs_dns_resolve(const char *host, uint16_t port, srs_usec deadline,
                                   struct srs_dns_answer *out)
{
    srs_co_may_yield();
    srs_err err = srs_co_check();
    *out = (struct srs_dns_answer){0};
    if (err)
        return err;
    if (literal(host, port, out))
        return SRS_OK;
    size_t size = strlen(host);
    if (size == 0 || size > SRS_DNS_NAME_MAX)
        return srs_fail(SRS_E_SYSTEM_DNS_RESOLVE, "name of %zu bytes", size);
    struct lookup *lookup = srs_new(struct lookup);
    *lookup = (struct lookup){.out = out, .port = port};
    for (int i = 0; i < SOCKETS_MAX; i++)
        lookup->sockets[i].fd = -1;
    err = lookup_run(lookup, host, deadline);
    if (lookup->channel != NULL)
        ares_destroy(lookup->channel); // closes the sockets; its call-back comes in here at last
    if (err)
        *out = (struct srs_dns_answer){0};
    srs_free(lookup);
    return err;
}
