// libcurl's multi interface, driven by its sockets and its timer (curl_multi_socket_action).
//
// Sockets are ours: made and closed by call-backs, so that each lies in the reactor like all
// others. The library reads and writes them itself and does not say when one is empty, so that
// readiness, which is edge-triggered, is confirmed by a poll of that socket before it is acted on.
// A socket that is given up while it connects is closed by the library without a word (7.88), so
// that those of a call that is new to its server are looked at after each step, before anybody else
// can be given the same number.
// No call into the library yields, and it is never entered from one of its own call-backs.
#include "core/fetch.h"
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/dns.h"
#include "core/mem.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    // Each call may try two addresses at a time.
    SOCKETS_MAX = 2 * SRS_FETCH_MAX + SRS_FETCH_KEPT_MAX,
    HOST_TEXT = SRS_DNS_NAME_MAX + 3,
    RESOLVE_TEXT = HOST_TEXT + 16 + SRS_DNS_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3),
};

static const srs_usec idle_usec = 3 * SRS_SEC;  // connections are kept so long after the last call
static const srs_usec fresh_usec = 5 * SRS_SEC; // addresses are used so long by calls in a row
static const srs_usec turn_usec = 1 * SRS_MSEC;

struct sock {
    struct srs_io io;
    unsigned want;      // SRS_IO_READ, SRS_IO_WRITE
    ino_t inode;        // tells it from another one of the same number
    const void *opener; // the call it was made for, while that runs
};

// A host and port that are called.
struct peer {
    struct srs_list link;
    unsigned refs;
    unsigned running;
    struct srs_dns_answer answer;
    srs_usec answered_at; // 0: not looked up
    uint16_t port;
    char host[HOST_TEXT];
};

struct call {
    struct srs_list link; // in line
    struct srs_fetcher *fetcher;
    struct peer *peer;
    struct srs_event moved; // its turn has come, or it is over
    bool running;
    bool over;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *resolve;
    CURLcode result;
    struct srs_fetch_answer answer;
    struct srs_tls_client *trust; // a reference
    size_t answer_max;
    size_t head_bytes;
    const char *limit; // what was too long
    char why[CURL_ERROR_SIZE];
};

struct srs_fetcher {
    CURLM *multi; // NULL while there is nothing to do
    struct srs_co *driver;
    struct srs_scope scope;
    struct srs_list peers;
    struct srs_list line;
    unsigned waiting;
    unsigned running;
    unsigned calls;    // in the multi handle
    srs_usec timer_at; // of the library
    srs_usec idle_at;
    struct srs_tls_client *trust; // of the last call, to see a change; a reference
    unsigned trust_number;        // of its changes
    unsigned sock_count;
    unsigned at;                     // the slot that was served last
    struct sock *socks[SOCKETS_MAX]; // NULL: free
};

// --- sockets ------------------------------------------------------------------------------------

static struct sock **find_sock(struct srs_fetcher *fetcher, int fd)
{
    for (int i = 0; i < SOCKETS_MAX; i++)
        if (fetcher->socks[i] != NULL && fetcher->socks[i]->io.fd == fd)
            return &fetcher->socks[i];
    return NULL;
}

static void forget_sock(struct srs_fetcher *fetcher, struct sock **slot)
{
    struct sock *sock = *slot;
    *slot = NULL;
    fetcher->sock_count--;
    srs_io_forget(&sock->io);
    srs_free(sock);
}

// Those that the library has closed by itself.
static void forget_closed(struct srs_fetcher *fetcher)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        const struct sock *sock = fetcher->socks[i];
        struct stat now;
        if (sock != NULL && sock->opener != NULL &&
            (fstat(sock->io.fd, &now) != 0 || now.st_ino != sock->inode))
            forget_sock(fetcher, &fetcher->socks[i]);
    }
}

// The call is over: what is left of its sockets is kept for others.
static void give_up_socks(struct srs_fetcher *fetcher, const struct call *call)
{
    forget_closed(fetcher);
    for (int i = 0; i < SOCKETS_MAX; i++)
        if (fetcher->socks[i] != NULL && fetcher->socks[i]->opener == call)
            fetcher->socks[i]->opener = NULL;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    struct call *call = arg;
    struct srs_fetcher *fetcher = call->fetcher;
    struct stat made;
    int slot = 0;
    (void)purpose;
    forget_closed(fetcher); // the new one may get the number of one of these
    while (slot < SOCKETS_MAX && fetcher->socks[slot] != NULL)
        slot++;
    if (slot == SOCKETS_MAX)
        return CURL_SOCKET_BAD;
    int fd = socket(at->family, at->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct sock *sock = srs_new(struct sock);
    sock->inode = fstat(fd, &made) == 0 ? made.st_ino : 0;
    sock->opener = call;
    srs_err err = srs_io_open(&sock->io, fd);
    if (err) {
        srs_err_drop(err, "the call fails for want of a connection");
        srs_free(sock);
        return CURL_SOCKET_BAD;
    }
    sock->io.ready = 0; // it is not connected: an event comes
    sock->io.reader = fetcher->driver;
    sock->io.writer = fetcher->driver;
    fetcher->socks[slot] = sock;
    fetcher->sock_count++;
    return fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
    struct srs_fetcher *fetcher = arg;
    struct sock **slot = find_sock(fetcher, fd);
    if (slot == NULL)
        return close(fd);
    struct sock *sock = *slot;
    *slot = NULL;
    fetcher->sock_count--;
    sock->io.reader = NULL; // it is the driver that closes, or somebody for whom it may sleep on
    sock->io.writer = NULL;
    srs_io_close(&sock->io);
    srs_free(sock);
    return 0;
}

// The library's prototype.
static int on_want(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct sock **slot = find_sock(arg, fd);
    (void)easy;
    (void)unused;
    if (slot == NULL)
        return 0;
    (*slot)->want = ((what & CURL_POLL_IN) != 0 ? SRS_IO_READ : 0U) |
                    ((what & CURL_POLL_OUT) != 0 ? SRS_IO_WRITE : 0U);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct srs_fetcher *fetcher = arg;
    (void)multi;
    // A little late, so that the library finds it due by its own clock.
    fetcher->timer_at = ms < 0    ? SRS_NEVER
                        : ms == 0 ? srs_now()
                                  : srs_now() + ms * SRS_MSEC + SRS_MSEC;
    if (fetcher->driver != NULL)
        srs_co_wake(fetcher->driver, SRS_OK);
    return 0;
}

// What of `want` the socket is ready for really; the rest is forgotten until its next event.
static int confirm(struct sock *sock)
{
    unsigned want = sock->want;
    struct pollfd at = {.fd = sock->io.fd,
                        .events = (short)(((want & SRS_IO_READ) != 0 ? POLLIN : 0) |
                                          ((want & SRS_IO_WRITE) != 0 ? POLLOUT : 0))};
    int mask = 0;
    (void)poll(&at, 1, 0);
    bool broken = (at.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if ((want & SRS_IO_READ) != 0 && (broken || (at.revents & POLLIN) != 0))
        mask |= CURL_CSELECT_IN;
    else if ((want & SRS_IO_READ) != 0)
        sock->io.ready &= (uint8_t) ~(SRS_IO_READ | SRS_IO_HUP);
    if ((want & SRS_IO_WRITE) != 0 && (broken || (at.revents & POLLOUT) != 0))
        mask |= CURL_CSELECT_OUT;
    else if ((want & SRS_IO_WRITE) != 0)
        sock->io.ready &= (uint8_t)~SRS_IO_WRITE;
    return (at.revents & POLLERR) != 0 ? mask | CURL_CSELECT_ERR : mask;
}

// --- the driver ---------------------------------------------------------------------------------

static void take_results(struct srs_fetcher *fetcher)
{
    int left = 0;
    const CURLMsg *msg;
    while ((msg = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        struct call *call = NULL;
        if (msg->msg != CURLMSG_DONE ||
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call) != CURLE_OK)
            continue;
        call->over = true;
        call->result = msg->data.result;
        srs_event_signal(&call->moved);
    }
}

static void act(struct srs_fetcher *fetcher, curl_socket_t fd, int mask)
{
    int running = 0;
    (void)curl_multi_socket_action(fetcher->multi, fd, mask, &running);
    forget_closed(fetcher);
    srs_tls_forget_errors();
}

// Lets the library use what is ready; false when nothing was.
static bool serve_ready(struct srs_fetcher *fetcher)
{
    SRS_NOYIELD_SCOPE();
    bool any = false;
    if (srs_now() >= fetcher->timer_at) {
        any = true;
        fetcher->timer_at = SRS_NEVER;
        act(fetcher, CURL_SOCKET_TIMEOUT, 0);
    }
    // A handshake takes a millisecond: the others have their turn between them, and the next round
    // goes on where this one ends.
    for (int i = 0; i < SOCKETS_MAX; i++) {
        if (srs_co_slice_used() > turn_usec) {
            any = true; // as far as is known
            break;
        }
        fetcher->at = (fetcher->at + 1) % SOCKETS_MAX;
        struct sock *sock = fetcher->socks[fetcher->at];
        int mask = sock != NULL && (sock->io.ready & sock->want) != 0 ? confirm(sock) : 0;
        if (mask == 0)
            continue;
        any = true;
        act(fetcher, sock->io.fd, mask);
    }
    take_results(fetcher);
    return any;
}

static SRS_YIELDS SRS_ERR wait_ready(struct srs_fetcher *fetcher, bool *idle)
{
    srs_usec end = fetcher->calls == 0 ? fetcher->idle_at + idle_usec : SRS_NEVER;
    srs_err err = srs_co_park(fetcher->timer_at < end ? fetcher->timer_at : end);
    *idle = fetcher->calls == 0 && srs_now() >= fetcher->idle_at + idle_usec;
    return err == SRS_E_SOCKET_TIMEOUT ? SRS_OK : err;
}

static SRS_YIELDS srs_err driver_main(void *arg)
{
    struct srs_fetcher *fetcher = arg;
    srs_err err = SRS_OK;
    bool idle = false;
    srs_co_set_name("fetch");
    while (!err && !idle) {
        if (!serve_ready(fetcher))
            err = wait_ready(fetcher, &idle);
        else if (srs_co_slice_used() > turn_usec)
            err = srs_co_breathe();
    }
    srs_assert(fetcher->calls == 0);
    (void)curl_multi_cleanup(fetcher->multi); // closes the connections that are kept
    srs_tls_forget_errors();
    fetcher->multi = NULL;
    fetcher->driver = NULL;
    return err;
}

static SRS_YIELDS srs_err driver_begin(void *arg)
{
    struct srs_fetcher *fetcher = arg;
    fetcher->driver = srs_co_self();
    for (int i = 0; i < SOCKETS_MAX; i++)
        if (fetcher->socks[i] != NULL) {
            fetcher->socks[i]->io.reader = fetcher->driver;
            fetcher->socks[i]->io.writer = fetcher->driver;
        }
    return driver_main(fetcher);
}

static SRS_ERR open_multi(struct srs_fetcher *fetcher)
{
    if (fetcher->multi != NULL)
        return SRS_OK;
    CURLM *multi = curl_multi_init();
    if (multi == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "HTTP client");
    fetcher->multi = multi;
    fetcher->timer_at = SRS_NEVER;
    fetcher->idle_at = srs_now();
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_want);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)SRS_FETCH_KEPT_MAX);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    srs_err err = srs_scope_spawn(&fetcher->scope, driver_begin, fetcher);
    if (err) {
        (void)curl_multi_cleanup(multi);
        fetcher->multi = NULL;
    }
    return err;
}

// --- call-backs of a call -----------------------------------------------------------------------

static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    struct call *call = arg;
    (void)one; // is one
    srs_err err = srs_buf_append(&call->answer.body, bytes, size, call->answer_max);
    if (err)
        call->limit = "body";
    srs_err_drop(err, "told by its result");
    return err ? 0 : size;
}

// NOLINTNEXTLINE(readability-non-const-parameter): the library's prototype
static size_t on_head(char *bytes, size_t one, size_t size, void *arg)
{
    struct call *call = arg;
    (void)one;
    (void)bytes;
    call->head_bytes += size;
    if (call->head_bytes <= SRS_FETCH_HEAD_MAX)
        return size;
    call->limit = "head";
    return 0;
}

static bool is_literal(const char *host)
{
    struct in_addr v4;
    return host[0] == '[' || inet_pton(AF_INET, host, &v4) == 1;
}

// The library is told the addresses of a name, and reads one in numbers by itself. If it should
// want to look up anything else, the call ends here and not in one of its threads.
static int on_resolve(void *state, void *reserved, void *arg)
{
    const struct call *call = arg;
    (void)state;
    (void)reserved;
    return is_literal(call->peer->host) ? 0 : 1;
}

static CURLcode on_tls(CURL *easy, void *context, void *arg)
{
    struct call *call = arg;
    (void)easy;
    srs_tls_client_trust(call->trust, context);
    return CURLE_OK;
}

// --- the line -----------------------------------------------------------------------------------

static bool has_room(const struct srs_fetcher *fetcher, const struct peer *peer)
{
    unsigned most =
        peer->running < SRS_FETCH_FEW ? SRS_FETCH_MAX : SRS_FETCH_MAX - SRS_FETCH_SPARED;
    return fetcher->running < most && peer->running < SRS_FETCH_SERVER_MAX;
}

static void begin_turn(struct call *call)
{
    call->running = true;
    call->peer->running++;
    call->fetcher->running++;
}

static void leave_line(struct call *call)
{
    if (!srs_list_linked(&call->link))
        return;
    srs_list_remove(&call->link);
    call->fetcher->waiting--;
}

// Those who can go now, in the order in which they came.
static void call_up(struct srs_fetcher *fetcher)
{
    srs_list_each_safe (node, &fetcher->line) {
        struct call *call = srs_list_entry(node, struct call, link);
        if (fetcher->running >= SRS_FETCH_MAX)
            return;
        if (!has_room(fetcher, call->peer))
            continue;
        leave_line(call);
        begin_turn(call);
        srs_event_signal(&call->moved);
    }
}

static SRS_YIELDS SRS_ERR wait_turn(struct call *call, srs_usec deadline)
{
    struct srs_fetcher *fetcher = call->fetcher;
    if (srs_list_empty(&fetcher->line) && has_room(fetcher, call->peer)) {
        begin_turn(call);
        return SRS_OK;
    }
    srs_list_push(&fetcher->line, &call->link);
    fetcher->waiting++;
    call_up(fetcher); // the others may wait for other servers
    while (!call->running) {
        srs_err err = srs_event_wait(&call->moved, deadline);
        if (err == SRS_E_SOCKET_TIMEOUT)
            return srs_fail(err, "%u calls to this server wait in line", fetcher->waiting);
        if (err)
            return err;
    }
    return SRS_OK;
}

static struct peer *get_peer(struct srs_fetcher *fetcher, const char *host, uint16_t port)
{
    srs_list_each (node, &fetcher->peers) {
        struct peer *peer = srs_list_entry(node, struct peer, link);
        if (peer->port == port && strcmp(peer->host, host) == 0) {
            peer->refs++;
            return peer;
        }
    }
    struct peer *peer = srs_new(struct peer);
    peer->refs = 1;
    peer->port = port;
    (void)snprintf(peer->host, sizeof peer->host, "%s", host);
    srs_list_push(&fetcher->peers, &peer->link);
    return peer;
}

static void put_peer(struct peer *peer)
{
    if (peer == NULL || --peer->refs > 0)
        return;
    srs_list_remove(&peer->link);
    srs_free(peer);
}

// --- addresses ----------------------------------------------------------------------------------

// Host and port of a URL that may be called.
static SRS_ERR split_url(const char *url, char host[HOST_TEXT], uint16_t *port, bool *tls)
{
    char *scheme = NULL;
    char *name = NULL;
    char *number = NULL;
    if (strnlen(url, SRS_FETCH_URL_MAX + 1) > SRS_FETCH_URL_MAX)
        return srs_fail(SRS_E_HTTP_PARSE_URI, "URL above %d bytes", SRS_FETCH_URL_MAX);
    CURLU *parts = curl_url();
    CURLUcode code =
        parts != NULL ? curl_url_set(parts, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_HOST, &name, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT);
    srs_err err = SRS_OK;
    if (code != CURLUE_OK)
        err = srs_fail(SRS_E_HTTP_PARSE_URI, "%s", curl_url_strerror(code));
    else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        err = srs_fail(SRS_E_HTTP_PARSE_URI, "neither http nor https");
    else if (strlen(name) == 0 || strlen(name) >= HOST_TEXT)
        err = srs_fail(SRS_E_HTTP_PARSE_URI, "host of %zu bytes", strlen(name));
    if (!err) {
        memcpy(host, name, strlen(name) + 1);
        *port = (uint16_t)strtoul(number, NULL, 10);
        *tls = strcmp(scheme, "https") == 0;
    }
    curl_free(scheme);
    curl_free(name);
    curl_free(number);
    curl_url_cleanup(parts);
    return err;
}

SRS_ERR srs_fetch_check_url(const char *url)
{
    char host[HOST_TEXT];
    uint16_t port = 0;
    bool tls = false;
    return split_url(url, host, &port, &tls);
}

static SRS_YIELDS SRS_ERR look_up(struct call *call, srs_usec deadline)
{
    struct peer *peer = call->peer;
    struct srs_dns_answer answer;
    if (is_literal(peer->host) ||
        (peer->answered_at != 0 && srs_now() - peer->answered_at < fresh_usec))
        return SRS_OK;
    srs_err err = srs_dns_resolve(peer->host, peer->port, deadline, &answer);
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(err, "no answer about %.60s", peer->host);
    if (err)
        return err;
    peer->answer = answer;
    peer->answered_at = srs_now();
    return SRS_OK;
}

// "host:port:address,address"; of the addresses as many as fit.
static SRS_ERR tell_addresses(struct call *call)
{
    char text[RESOLVE_TEXT];
    const struct peer *peer = call->peer;
    if (is_literal(peer->host))
        return SRS_OK;
    int size = snprintf(text, sizeof text, "%s:%u:", peer->host, peer->port);
    for (unsigned i = 0; i < peer->answer.count; i++) {
        char ip[SRS_ENDPOINT_TEXT];
        srs_endpoint_format_ip(&peer->answer.items[i], ip);
        bool v6 = strchr(ip, ':') != NULL;
        int more = snprintf(text + size, sizeof text - (size_t)size, "%s%s%s%s", i > 0 ? "," : "",
                            v6 ? "[" : "", ip, v6 ? "]" : "");
        srs_assert(more > 0 && (size_t)(size + more) < sizeof text);
        size += more;
    }
    call->resolve = curl_slist_append(NULL, text);
    return call->resolve != NULL ? SRS_OK : srs_fail(SRS_E_NO_MEMORY, "HTTP call");
}

// --- a call -------------------------------------------------------------------------------------

// Each option is known to the library (configure looks at its version); what may fail is the copy
// of a text, for want of memory.
#define SET(option, value) \
    (bad |= curl_easy_setopt(call->easy, CURLOPT_##option, value) != CURLE_OK)

static bool set_request(struct call *call, const struct srs_fetch *fetch)
{
    bool bad = false;
    SET(URL, fetch->url);
    SET(PRIVATE, call);
    SET(ERRORBUFFER, call->why);
    SET(HTTPHEADER, call->headers);
    SET(RESOLVE, call->resolve);
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, call);
    SET(HEADERFUNCTION, on_head);
    SET(HEADERDATA, call);
    SET(MAXFILESIZE_LARGE, (curl_off_t)call->answer_max);
    if (strcmp(fetch->method, "GET") != 0) {
        SET(POST, 1L);
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body.size);
        SET(POSTFIELDS, fetch->body.size > 0 ? (const char *)fetch->body.bytes : "");
        SET(CUSTOMREQUEST, fetch->method);
    }
    return !bad;
}

static bool set_surroundings(struct call *call, srs_usec left)
{
    struct srs_fetcher *fetcher = call->fetcher;
    bool bad = false;
    char label[32];
    (void)snprintf(label, sizeof label, "trust-%u", fetcher->trust_number);
    SET(CONNECTTIMEOUT_MS, (long)(left / SRS_MSEC) + 1);
    SET(PROTOCOLS_STR, "http,https");
    SET(FOLLOWLOCATION, 0L);
    SET(NOSIGNAL, 1L);
    SET(PROXY, "");
    SET(NOPROXY, "*");
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(OPENSOCKETFUNCTION, on_open);
    SET(OPENSOCKETDATA, call);
    SET(CLOSESOCKETFUNCTION, on_close);
    SET(CLOSESOCKETDATA, fetcher);
    SET(RESOLVER_START_FUNCTION, on_resolve);
    SET(RESOLVER_START_DATA, call);
    SET(CAINFO, NULL); // the library reads no files
    // Nor this, which takes the place of no directory: the store behind it is replaced by ours. But
    // it compares it before it uses a connection or a TLS session again, and thus does not when who
    // is trusted has changed.
    SET(CAPATH, label);
    SET(SSL_VERIFYPEER, call->trust != NULL ? 1L : 0L);
    SET(SSL_VERIFYHOST, call->trust != NULL ? 2L : 0L);
    if (call->trust != NULL) {
        SET(SSL_CTX_FUNCTION, on_tls);
        SET(SSL_CTX_DATA, call);
    }
    return !bad;
}

static SRS_ERR add_headers(struct call *call, const struct srs_fetch *fetch)
{
    static const char *const ours[] = {"Expect:", "Accept:"}; // the library's own, left out
    for (size_t i = 0; i < SRS_COUNT(ours) + fetch->header_count; i++) {
        const char *line = i < SRS_COUNT(ours) ? ours[i] : fetch->headers[i - SRS_COUNT(ours)];
        struct curl_slist *longer = curl_slist_append(call->headers, line);
        if (longer == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "HTTP call");
        call->headers = longer;
    }
    return SRS_OK;
}

static SRS_ERR start(struct call *call, const struct srs_fetch *fetch, srs_usec deadline)
{
    SRS_NOYIELD_SCOPE();
    struct srs_fetcher *fetcher = call->fetcher;
    srs_err err = open_multi(fetcher);
    if (!err)
        err = tell_addresses(call);
    if (!err)
        err = add_headers(call, fetch);
    if (err)
        return err;
    call->easy = curl_easy_init();
    if (call->easy == NULL || !set_request(call, fetch) ||
        !set_surroundings(call, deadline - srs_now()) ||
        curl_multi_add_handle(fetcher->multi, call->easy) != CURLM_OK)
        return srs_fail(SRS_E_NO_MEMORY, "HTTP call");
    fetcher->calls++;
    if (fetcher->driver != NULL)
        srs_co_wake(fetcher->driver, SRS_OK);
    return SRS_OK;
}

static srs_err error_of(const struct call *call)
{
    switch (call->result) {
    case CURLE_OK:
        return SRS_OK;
    case CURLE_URL_MALFORMAT:
        return SRS_E_HTTP_PARSE_URI;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_ABORTED_BY_CALLBACK:
        return SRS_E_SYSTEM_DNS_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return SRS_E_ST_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return SRS_E_SOCKET_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
        return SRS_E_TLS_HANDSHAKE;
    case CURLE_FILESIZE_EXCEEDED:
        return SRS_E_LIMIT;
    case CURLE_OUT_OF_MEMORY:
        return SRS_E_NO_MEMORY;
    case CURLE_SEND_ERROR:
        return SRS_E_SOCKET_WRITE;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return SRS_E_HTTP_RESPONSE_EOF;
    default:
        return SRS_E_HTTP_PARSE_HEADER;
    }
}

static SRS_ERR result_of(const struct call *call)
{
    srs_err err = error_of(call);
    long status = 0;
    if (call->limit != NULL)
        return srs_fail(SRS_E_LIMIT, "answer's %s above %zu bytes", call->limit,
                        call->limit[0] == 'b' ? call->answer_max : (size_t)SRS_FETCH_HEAD_MAX);
    if (err == SRS_E_LIMIT)
        return srs_fail(err, "answer's body above %zu bytes", call->answer_max);
    if (err)
        return srs_fail(err, "%s",
                        call->why[0] != '\0' ? call->why : curl_easy_strerror(call->result));
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return status > 0 ? SRS_OK : srs_fail(SRS_E_HTTP_PARSE_HEADER, "answer without a status");
}

static void end_call(struct call *call)
{
    struct srs_fetcher *fetcher = call->fetcher;
    leave_line(call);
    if (call->easy != NULL && fetcher->multi != NULL) {
        SRS_NOYIELD_SCOPE();
        (void)curl_multi_remove_handle(fetcher->multi, call->easy);
        give_up_socks(fetcher, call);
        srs_tls_forget_errors();
    }
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->resolve);
    srs_tls_client_unref(call->trust);
    srs_buf_fini(&call->answer.body);
    if (call->running) {
        call->peer->running--;
        fetcher->running--;
    }
    put_peer(call->peer);
    call_up(fetcher);
    srs_free(call);
    srs_live_add(SRS_LIVE_FETCH, -1);
}

// The driver counts the time without calls from here.
static void note_end(struct srs_fetcher *fetcher)
{
    fetcher->calls--;
    fetcher->idle_at = srs_now();
    if (fetcher->calls == 0 && fetcher->driver != NULL)
        srs_co_wake(fetcher->driver, SRS_OK);
}

static SRS_YIELDS SRS_ERR run_call(struct call *call, const struct srs_fetch *fetch,
                                   srs_usec deadline)
{
    srs_err err = wait_turn(call, deadline);
    if (!err)
        err = look_up(call, deadline);
    if (!err)
        err = start(call, fetch, deadline);
    if (err)
        return err;
    while (!call->over && !err)
        err = srs_event_wait(&call->moved, deadline);
    note_end(call->fetcher);
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(err, "no answer in time");
    return err ? err : result_of(call);
}

static void note_trust(struct srs_fetcher *fetcher, struct srs_tls_client *trust)
{
    if (fetcher->trust == trust)
        return;
    srs_tls_client_unref(fetcher->trust);
    fetcher->trust = trust != NULL ? srs_tls_client_ref(trust) : NULL;
    fetcher->trust_number++;
}

SRS_YIELDS SRS_ERR srs_fetch(struct srs_fetcher *fetcher, const struct srs_fetch *fetch,
                             srs_usec deadline, struct srs_fetch_answer *answer)
{
    srs_co_may_yield();
    char host[HOST_TEXT];
    uint16_t port = 0;
    bool tls = false;
    *answer = (struct srs_fetch_answer){0};
    srs_err err = srs_co_check();
    if (!err)
        err = split_url(fetch->url, host, &port, &tls);
    if (!err && tls && fetch->trust == NULL && !fetch->any_certificate)
        err = srs_fail(SRS_E_TLS_KEY_CRT, "no authorities to trust");
    if (err)
        return err;
    note_trust(fetcher, fetch->trust);
    struct call *call = srs_new(struct call);
    srs_live_add(SRS_LIVE_FETCH, 1);
    call->fetcher = fetcher;
    call->peer = get_peer(fetcher, host, port);
    call->answer_max = fetch->answer_max;
    if (fetch->trust != NULL && !fetch->any_certificate)
        call->trust = srs_tls_client_ref(fetch->trust);
    err = run_call(call, fetch, deadline);
    if (!err) {
        long status = 0;
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        *answer = call->answer;
        answer->status = (unsigned)status;
        call->answer.body = (struct srs_buf){0};
    }
    answer->begun = call->easy != NULL;
    end_call(call);
    return err;
}

// --- the whole ----------------------------------------------------------------------------------

SRS_ERR srs_fetcher_new(struct srs_fetcher **out)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return srs_fail(SRS_E_NO_MEMORY, "HTTP client");
    struct srs_fetcher *fetcher = srs_new(struct srs_fetcher);
    srs_scope_init(&fetcher->scope, "fetch");
    srs_list_init(&fetcher->peers);
    srs_list_init(&fetcher->line);
    *out = fetcher;
    return SRS_OK;
}

SRS_YIELDS void srs_fetcher_free(struct srs_fetcher *fetcher)
{
    srs_co_may_yield();
    if (fetcher == NULL)
        return;
    srs_assert(fetcher->calls == 0 && fetcher->waiting == 0);
    srs_scope_close(&fetcher->scope);
    srs_assert(fetcher->sock_count == 0);
    srs_tls_client_unref(fetcher->trust);
    srs_free(fetcher);
    curl_global_cleanup();
}

struct srs_fetch_stats srs_fetcher_stats(const struct srs_fetcher *fetcher)
{
    return (struct srs_fetch_stats){
        .running = fetcher->running, .waiting = fetcher->waiting, .sockets = fetcher->sock_count};
}

void srs_fetch_shown(const char *url, char out[SRS_FETCH_SHOWN])
{
    static const char mark[] = "://";
    const char *rest = strstr(url, mark);
    size_t scheme = rest != NULL ? (size_t)(rest - url) + sizeof mark - 1 : 0;
    const char *host = url + scheme;
    size_t end = strcspn(host, "/?#");
    const char *user = memrchr(host, '@', end);
    if (user != NULL)
        host = user + 1;
    (void)snprintf(out, SRS_FETCH_SHOWN, "%.*s%.*s", (int)(scheme < 16 ? scheme : 16), url,
                   (int)strcspn(host, "?#"), host);
}
