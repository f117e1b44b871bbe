// HTTP calls, against a server of the test's own: what comes back, what is refused and how, the
// line in front of a busy server, and that nothing is left.
#include "core/co_priv.h"
#include "core/dns.h"
#include "core/fetch.h"
#include "core/log.h"
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON (srs_now() + 20 * SRS_SEC)

enum { ANSWER_MAX = 4096, CALLS = 200 };

static struct backend {
    struct srs_listener *listener;
    struct srs_scope scope;
    char url[64];
    unsigned port;
    unsigned connections; // since the start
    unsigned open;        // as far as it has noticed
    unsigned requests;
    char request[2048]; // the last one's first bytes
    bool holds;         // answers nobody
    struct srs_event let_go;
} backend;

static struct srs_fetcher *fetcher;
static long descriptors_before;

static long count_descriptors(void)
{
    long n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

// --- the server ---------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR say(struct srs_conn *conn, const char *text)
{
    return srs_conn_write(conn, (struct srs_span){(const uint8_t *)text, strlen(text)}, SOON);
}

static SRS_YIELDS SRS_ERR say_long(struct srs_conn *conn, const char *text, unsigned times)
{
    srs_err err = SRS_OK;
    for (unsigned i = 0; i < times && !err; i++)
        err = say(conn, text);
    return err;
}

static bool asks(const char *path)
{
    char line[64];
    int size = snprintf(line, sizeof line, "POST /%s", path);
    return strncmp(backend.request, line, (size_t)size) == 0 &&
           strchr(" ?", backend.request[size]) != NULL;
}

static SRS_YIELDS SRS_ERR answer(struct srs_conn *conn)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}";
    srs_err err = SRS_OK;
    while (backend.holds && !err)
        err = srs_event_wait(&backend.let_go, SRS_NEVER);
    if (err)
        return err;
    if (asks("good"))
        return say(conn, good);
    if (asks("garbage"))
        return say(conn, "\x16\x03\x01 this is not HTTP at all\r\n\r\n");
    if (asks("status"))
        return say(conn, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    if (asks("away"))
        return say(conn, "HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n");
    if (asks("cut"))
        err = say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (asks("long"))
        return say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
    else if (asks("endless")) {
        err = say(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        if (!err)
            err = say_long(
                conn, "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n",
                1000);
        return err;
    } else if (asks("head")) {
        err = say(conn, "HTTP/1.1 200 OK\r\n");
        if (!err)
            err = say_long(conn, "X-Filler: 0123456789012345678901234567890123456789\r\n", 2000);
        return err;
    } else if (asks("again")) {
        return say_long(conn, "HTTP/1.1 100 Continue\r\n\r\n", 3000);
    } else if (asks("slow")) {
        for (const char *at = good; *at != '\0' && !err; at++) {
            const char byte[] = {*at, '\0'};
            err = say(conn, byte);
            if (!err)
                err = srs_co_sleep(srs_now() + SRS_MSEC);
        }
        return err;
    } else if (asks("mute")) {
        return srs_co_sleep(SOON);
    }
    return err ? err : srs_bare(SRS_E_SOCKET_READ); // closes
}

// A request comes whole: the body behind its head is short.
static SRS_YIELDS srs_err serve_main(void *arg)
{
    struct srs_conn *conn = arg;
    struct srs_span in;
    srs_err err = SRS_OK;
    backend.open++;
    while (!err) {
        err = srs_conn_read(conn, SRS_NEVER, &in);
        if (err)
            break;
        backend.requests++;
        size_t size = in.size < sizeof backend.request - 1 ? in.size : sizeof backend.request - 1;
        memcpy(backend.request, in.bytes, size);
        backend.request[size] = '\0';
        err = answer(conn);
    }
    srs_err_drop(err, "the test's server");
    backend.open--;
    srs_conn_free(conn);
    return SRS_OK;
}

static SRS_YIELDS srs_err accept_main(void *arg)
{
    (void)arg;
    for (;;) {
        struct srs_conn *conn = NULL;
        srs_err err = srs_listener_accept(backend.listener, &conn);
        if (!err)
            err = srs_scope_spawn(&backend.scope, serve_main, conn);
        if (err)
            return err;
        backend.connections++;
    }
}

static int setup(void **state)
{
    (void)state;
    srs_log_set_level(SRS_LOG_NONE);
    return srs_co_init();
}

static int begin(void **state)
{
    (void)state;
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET}};
    at.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    descriptors_before = count_descriptors();
    memset(&backend, 0, sizeof backend);
    assert_err(SRS_OK, srs_listener_open(&at, &backend.listener), "listener");
    at = srs_listener_endpoint(backend.listener);
    backend.port = srs_endpoint_port(&at);
    (void)snprintf(backend.url, sizeof backend.url, "http://127.0.0.1:%u/", srs_endpoint_port(&at));
    srs_scope_init(&backend.scope, "backend");
    assert_err(SRS_OK, srs_scope_spawn(&backend.scope, accept_main, NULL), "accept");
    assert_err(SRS_OK, srs_fetcher_new(&fetcher), "fetcher");
    return 0;
}

static int end(void **state)
{
    (void)state;
    srs_fetcher_free(fetcher);
    srs_scope_close(&backend.scope);
    srs_listener_close(backend.listener);
    srs_dns_set_servers(NULL);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_FETCH), 0);
    assert_int_equal(count_descriptors(), descriptors_before);
    return 0;
}

static SRS_YIELDS SRS_ERR call(const char *url, srs_usec deadline, struct srs_fetch_answer *got)
{
    static const char *const headers[] = {"User-Agent: test", "Content-Type: application/json"};
    static const char body[] = "{\"a\":1}";
    const struct srs_fetch fetch = {.method = "POST",
                                    .url = url,
                                    .headers = headers,
                                    .header_count = SRS_COUNT(headers),
                                    .body = {(const uint8_t *)body, sizeof body - 1},
                                    .any_certificate = true,
                                    .answer_max = ANSWER_MAX};
    return srs_fetch(fetcher, &fetch, deadline, got);
}

static SRS_YIELDS SRS_ERR call_path(const char *path, srs_usec deadline,
                                    struct srs_fetch_answer *got)
{
    char url[128];
    (void)snprintf(url, sizeof url, "%s%s", backend.url, path);
    return call(url, deadline, got);
}

// --- cases --------------------------------------------------------------------------------------

static void test_fetch_given_answers_then_status_and_body_on_one_connection(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    for (int i = 0; i < 20; i++) {
        assert_err(SRS_OK, call_path("good?k=v", SOON, &got), "good");
        assert_int_equal(got.status, 200);
        assert_int_equal(srs_buf_size(&got.body), 10);
        srs_buf_fini(&got.body);
    }
    assert_int_equal(backend.connections, 1);
    assert_int_equal(backend.requests, 20);
    assert_non_null(strstr(backend.request, "POST /good?k=v HTTP/1.1\r\n"));
    assert_non_null(strstr(backend.request, "\r\nUser-Agent: test\r\n"));
    assert_non_null(strstr(backend.request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(backend.request, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(backend.request, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(backend.request, "Expect"));
    assert_null(strstr(backend.request, "Accept"));
    assert_err(SRS_OK, call_path("status", SOON, &got), "another status is no error of the call");
    assert_int_equal(got.status, 503);
    srs_buf_fini(&got.body);
    assert_err(SRS_OK, call_path("away", SOON, &got), "a redirect is not followed");
    assert_int_equal(got.status, 302);
    srs_buf_fini(&got.body);
}

static void test_fetch_given_bad_answers_then_named_errors(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        srs_err want;
    } rows[] = {
        {"garbage", SRS_E_HTTP_PARSE_HEADER},
        {"cut", SRS_E_HTTP_RESPONSE_EOF},
        {"nothing", SRS_E_HTTP_RESPONSE_EOF},
        {"long", SRS_E_LIMIT},
        {"endless", SRS_E_LIMIT},
        {"head", SRS_E_LIMIT},
        {"again", SRS_E_LIMIT},
        {"slow", SRS_OK},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_fetch_answer got;
        assert_err(rows[i].want, call_path(rows[i].path, SOON, &got), rows[i].path);
        srs_buf_fini(&got.body);
    }
}

static void test_fetch_given_no_server_then_named_errors(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    srs_usec began = srs_now();
    assert_err(SRS_E_ST_CONNECT, call("http://127.0.0.1:1/", SOON, &got), "refused");
    assert_true(srs_now() - began < 5 * SRS_SEC);
    srs_dns_set_servers("127.0.0.1:1");
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, call("http://one.test/", SOON, &got), "no resolver");
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, call("http://one.test./", SOON, &got), "last dot");
    assert_err(SRS_E_HTTP_PARSE_URI, call("ftp://127.0.0.1/", SOON, &got), "ftp");
    assert_err(SRS_E_ST_CONNECT, call("https://127.0.0.1:1/", SOON, &got), "refused before TLS");
}

static void test_fetch_given_plain_server_for_tls_then_handshake_fails(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/good", backend.port);
    assert_err(SRS_E_TLS_HANDSHAKE, call(url, SOON, &got), "no TLS there");
}

static void test_fetch_given_names_of_the_file_then_found(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    char url[64];
    (void)snprintf(url, sizeof url, "http://localhost:%u/good", backend.port);
    assert_err(SRS_OK, call(url, SOON, &got), "localhost");
    srs_buf_fini(&got.body);
}

static void test_fetch_given_silence_then_deadline(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    srs_usec began = srs_now();
    assert_err(SRS_E_SOCKET_TIMEOUT, call_path("mute", began + 200 * SRS_MSEC, &got), "mute");
    assert_true(srs_now() - began >= 200 * SRS_MSEC && srs_now() - began < 5 * SRS_SEC);
    assert_err(SRS_E_SOCKET_TIMEOUT, call_path("mute", srs_now() - 1, &got), "over already");
}

static struct caller {
    srs_err got;
    bool ended;
    srs_usec deadline;
    const char *url; // NULL: "good" of the server
} callers[CALLS];
static unsigned sockets_most; // at the ends of calls

static SRS_YIELDS srs_err call_main(void *arg)
{
    struct caller *caller = arg;
    struct srs_fetch_answer got;
    caller->got = caller->url != NULL ? call(caller->url, caller->deadline, &got)
                                      : call_path("good", caller->deadline, &got);
    srs_err_drop(caller->got, "looked at by the test");
    unsigned sockets = srs_fetcher_stats(fetcher).sockets;
    sockets_most = sockets > sockets_most ? sockets : sockets_most;
    srs_buf_fini(&got.body);
    caller->ended = true;
    return SRS_OK;
}

static void spawn_callers(struct srs_scope *scope, srs_usec deadline)
{
    srs_scope_init(scope, "callers");
    memset(callers, 0, sizeof callers);
    sockets_most = 0;
    for (size_t i = 0; i < CALLS; i++) {
        callers[i].deadline = deadline;
        assert_err(SRS_OK, srs_scope_spawn(scope, call_main, &callers[i]), "spawn");
    }
}

static SRS_YIELDS void wait_for(unsigned *what, unsigned want)
{
    srs_usec until = SOON;
    while (*what < want && srs_now() < until)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "turn");
    assert_int_equal(*what, want);
}

static SRS_YIELDS void wait_ended(void)
{
    for (size_t i = 0; i < CALLS; i++)
        for (srs_usec until = SOON; !callers[i].ended && srs_now() < until;)
            assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "turn");
}

static void test_fetch_given_many_calls_then_a_bounded_number_at_a_time(void **state)
{
    (void)state;
    struct srs_scope scope;
    backend.holds = true;
    spawn_callers(&scope, SOON);
    wait_for(&backend.requests, SRS_FETCH_SERVER_MAX);
    struct srs_fetch_stats stats = srs_fetcher_stats(fetcher);
    assert_int_equal(stats.running, SRS_FETCH_SERVER_MAX);
    assert_int_equal(stats.waiting, CALLS - SRS_FETCH_SERVER_MAX);
    assert_int_equal(backend.open, SRS_FETCH_SERVER_MAX);
    backend.holds = false;
    srs_event_signal(&backend.let_go);
    wait_ended();
    for (size_t i = 0; i < CALLS; i++)
        assert_err(SRS_OK, callers[i].got, "each is answered");
    assert_int_equal(backend.requests, CALLS);
    assert_true(sockets_most <= SRS_FETCH_SERVER_MAX);
    srs_scope_close(&scope);
}

static void test_fetch_given_hanging_server_then_the_line_ends_in_time(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct srs_fetch_answer got;
    srs_usec began = srs_now();
    backend.holds = true;
    spawn_callers(&scope, began + 500 * SRS_MSEC);
    wait_ended();
    assert_true(srs_now() - began < 10 * SRS_SEC);
    for (size_t i = 0; i < CALLS; i++)
        assert_err(SRS_E_SOCKET_TIMEOUT, callers[i].got, "each in time");
    srs_scope_close(&scope);
    assert_int_equal(srs_fetcher_stats(fetcher).running, 0);
    assert_int_equal(srs_fetcher_stats(fetcher).waiting, 0);
    backend.holds = false;
    srs_event_signal(&backend.let_go);
    assert_err(SRS_OK, call_path("good", SOON, &got), "and then it goes on");
    srs_buf_fini(&got.body);
}

// Takes connections, by the kernel alone, and never answers.
static int open_deaf(unsigned number, char *url, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, CALLS), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    (void)snprintf(url, size, "http://127.0.0.%u:%u/", 1 + number, ntohs(at.sin_port));
    return fd;
}

static void test_fetch_given_hanging_servers_then_another_one_is_called(void **state)
{
    (void)state;
    enum { DEAF = 5 };
    struct srs_scope scope;
    struct srs_fetch_answer got;
    char urls[DEAF][64];
    int fds[DEAF];
    for (unsigned i = 0; i < DEAF; i++)
        fds[i] = open_deaf(1 + i, urls[i], sizeof urls[i]);
    srs_scope_init(&scope, "callers");
    memset(callers, 0, sizeof callers);
    for (size_t i = 0; i < CALLS; i++) {
        callers[i] = (struct caller){.deadline = SRS_NEVER / 2, .url = urls[i % DEAF]};
        assert_err(SRS_OK, srs_scope_spawn(&scope, call_main, &callers[i]), "spawn");
    }
    assert_err(SRS_OK, srs_co_sleep(srs_now() + 20 * SRS_MSEC), "they hang");
    struct srs_fetch_stats stats = srs_fetcher_stats(fetcher);
    assert_true(stats.running >= SRS_FETCH_MAX - SRS_FETCH_SPARED && stats.running < SRS_FETCH_MAX);
    assert_err(SRS_OK, call_path("good", srs_now() + 10 * SRS_SEC, &got), "the one that is well");
    srs_buf_fini(&got.body);
    srs_scope_close(&scope);
    for (unsigned i = 0; i < DEAF; i++)
        (void)close(fds[i]);
}

static void test_fetch_given_cancellation_then_ends_at_once(void **state)
{
    (void)state;
    struct srs_scope scope;
    backend.holds = true;
    spawn_callers(&scope, SRS_NEVER / 2);
    wait_for(&backend.requests, SRS_FETCH_SERVER_MAX);
    srs_usec began = srs_now();
    srs_scope_close(&scope);
    assert_true(srs_now() - began < 2 * SRS_SEC);
    for (size_t i = 0; i < CALLS; i++)
        assert_int_equal(callers[i].got, SRS_E_CANCELED);
}

static void test_fetch_given_no_more_calls_then_nothing_is_kept(void **state)
{
    (void)state;
    struct srs_fetch_answer got;
    long coroutines = srs_co_stats().coroutines;
    assert_err(SRS_OK, call_path("good", SOON, &got), "good");
    srs_buf_fini(&got.body);
    assert_int_equal(srs_fetcher_stats(fetcher).sockets, 1); // for the next call
    for (srs_usec until = SOON; srs_fetcher_stats(fetcher).sockets > 0 && srs_now() < until;)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 10 * SRS_MSEC), "turn");
    assert_int_equal(srs_fetcher_stats(fetcher).sockets, 0);
    while (backend.open > 0)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "turn");
    assert_int_equal(srs_co_stats().coroutines, coroutines);
    assert_err(SRS_OK, call_path("good", SOON, &got), "and then it begins anew");
    srs_buf_fini(&got.body);
}

static void test_fetch_given_urls_then_only_those_of_http_pass(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {"http://127.0.0.1:8085/api/v1/clients", true},
        {"https://user:pass@name.example/x?k=v", true},
        {"http://[::1]:8085/", true},
        {"HTTP://name.example", true},
        {"http://", false},
        {"", false},
        {"name.example/x", false},
        {"ftp://name.example/", false},
        {"file:///etc/passwd", false},
        {"rtmp://name.example/live", false},
        {"http://name.example:99999/", false},
        {"http://name example/", false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_err(rows[i].good ? SRS_OK : SRS_E_HTTP_PARSE_URI, srs_fetch_check_url(rows[i].url),
                   rows[i].url);
    char url[SRS_FETCH_URL_MAX + 2] = "http://name.example/";
    size_t size = strlen(url);
    memset(url + size, 'a', sizeof url - size);
    url[SRS_FETCH_URL_MAX] = '\0';
    assert_err(SRS_OK, srs_fetch_check_url(url), "the longest");
    url[SRS_FETCH_URL_MAX] = 'a';
    url[SRS_FETCH_URL_MAX + 1] = '\0';
    assert_err(SRS_E_HTTP_PARSE_URI, srs_fetch_check_url(url), "one too long");
}

static void test_fetch_given_urls_for_a_log_then_without_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *want;
    } rows[] = {
        {"http://127.0.0.1:8085/a/b", "http://127.0.0.1:8085/a/b"},
        {"http://user:secret@host/a?token=secret#x", "http://host/a"},
        {"http://user:se@cret@host?token=secret", "http://host"},
        {"https://host/a@b", "https://host/a@b"},
        {"user:secret@host/x", "host/x"},
        {"", ""},
    };
    char shown[SRS_FETCH_SHOWN];
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        srs_fetch_shown(rows[i].url, shown);
        assert_string_equal(shown, rows[i].want);
    }
    char url[1000];
    memset(url, 'a', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    srs_fetch_shown(url, shown);
    assert_int_equal(strlen(shown), SRS_FETCH_SHOWN - 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(test_fetch_given_answers_then_status_and_body_on_one_connection),
        CASE(test_fetch_given_bad_answers_then_named_errors),
        CASE(test_fetch_given_no_server_then_named_errors),
        CASE(test_fetch_given_plain_server_for_tls_then_handshake_fails),
        CASE(test_fetch_given_names_of_the_file_then_found),
        CASE(test_fetch_given_silence_then_deadline),
        CASE(test_fetch_given_many_calls_then_a_bounded_number_at_a_time),
        CASE(test_fetch_given_hanging_server_then_the_line_ends_in_time),
        CASE(test_fetch_given_hanging_servers_then_another_one_is_called),
        CASE(test_fetch_given_cancellation_then_ends_at_once),
        CASE(test_fetch_given_no_more_calls_then_nothing_is_kept),
        cmocka_unit_test(test_fetch_given_urls_then_only_those_of_http_pass),
        cmocka_unit_test(test_fetch_given_urls_for_a_log_then_without_secrets),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
