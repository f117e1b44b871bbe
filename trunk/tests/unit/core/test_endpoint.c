// Endpoints as text, and listeners: both address families, a port in use, shortage of descriptors,
// fairness of accepting.
#include "core/log.h"
#include "core/net.h"
#include "test.h"
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON (srs_now() + 20 * SRS_SEC)

static int setup(void **state)
{
    (void)state;
    srs_log_set_level(SRS_LOG_NONE); // the warnings that the cases provoke
    return srs_co_init();
}

static int teardown_each(void **state)
{
    (void)state;
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    return 0;
}

static void turn(void)
{
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

// --- text ---------------------------------------------------------------------------------------

static const struct {
    const char *text;
    srs_err want;
    const char *formatted; // NULL: as it was given
    const char *ip;
    uint16_t port;
} texts[] = {
    {"127.0.0.1:1935", SRS_OK, NULL, "127.0.0.1", 1935},
    {"0.0.0.0:0", SRS_OK, NULL, "0.0.0.0", 0},
    {"255.255.255.255:65535", SRS_OK, NULL, "255.255.255.255", 65535},
    {"[::1]:1935", SRS_OK, NULL, "::1", 1935},
    {"[2001:DB8:0:0:0:0:0:1]:8080", SRS_OK, "[2001:db8::1]:8080", "2001:db8::1", 8080},
    {"[::ffff:10.1.2.3]:80", SRS_OK, "10.1.2.3:80", "10.1.2.3", 80},
    {"1935", SRS_OK, "[::]:1935", "::", 1935},
    {":1935", SRS_OK, "[::]:1935", "::", 1935},
    {"0", SRS_OK, "[::]:0", "::", 0},
    {"", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {":", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"65536", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"99999999999999999999999", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"-1", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"+1", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {" 1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"1935 ", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"1935x", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"0x10", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"127.0.0.1", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"127.0.0.1:", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"127.0.0:1", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"256.0.0.1:1", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"localhost:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"::1:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[::1]", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[::1]1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[]:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[127.0.0.1]:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"[1:2:3:4:5:6:7:8:9]:1935", SRS_E_SYSTEM_IP_INVALID, NULL, NULL, 0},
    {"0000000000000000000000000000000000000000000000000000000000000000:1", SRS_E_SYSTEM_IP_INVALID,
     NULL, NULL, 0},
};

static void test_endpoint_given_text_then_parsed_and_formatted_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        struct srs_endpoint endpoint;
        char out[SRS_ENDPOINT_TEXT];
        memset(&endpoint, 0xee, sizeof endpoint);
        struct srs_endpoint untouched = endpoint;
        assert_err(texts[i].want, srs_endpoint_parse(texts[i].text, &endpoint), texts[i].text);
        if (texts[i].want != SRS_OK) {
            assert_memory_equal(&endpoint, &untouched, sizeof endpoint);
            continue;
        }
        srs_endpoint_format(&endpoint, out);
        assert_string_equal(out, texts[i].formatted != NULL ? texts[i].formatted : texts[i].text);
        srs_endpoint_format_ip(&endpoint, out);
        assert_string_equal(out, texts[i].ip);
        assert_int_equal(srs_endpoint_port(&endpoint), texts[i].port);
    }
}

static void test_endpoint_given_longest_address_then_fits(void **state)
{
    (void)state;
    struct srs_endpoint endpoint;
    char out[SRS_ENDPOINT_TEXT];
    const char *text = "[1111:2222:3333:4444:5555:6666:7777:8888]:65535";
    assert_err(SRS_OK, srs_endpoint_parse(text, &endpoint), text);
    srs_endpoint_format(&endpoint, out);
    assert_string_equal(out, text);
}

static void test_endpoint_given_unknown_family_then_empty_address(void **state)
{
    (void)state;
    struct srs_endpoint endpoint = {.addr.any.sa_family = AF_UNSPEC};
    char out[SRS_ENDPOINT_TEXT];
    srs_endpoint_format(&endpoint, out);
    assert_string_equal(out, ":0");
    srs_endpoint_format_ip(&endpoint, out);
    assert_string_equal(out, "");
}

// --- sockets of the other side ------------------------------------------------------------------

static struct srs_endpoint loopback(uint16_t port)
{
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    at.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

// A plain blocking client; the listener's backlog completes the connection.
static int raw_dial(uint16_t port)
{
    struct srs_endpoint to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &to.addr.any, sizeof to.addr.v4), 0);
    return fd;
}

static struct srs_listener *listen_loopback(uint16_t *port)
{
    struct srs_endpoint at = loopback(0);
    struct srs_listener *listener = NULL;
    assert_err(SRS_OK, srs_listener_open(&at, &listener), "listen");
    at = srs_listener_endpoint(listener);
    *port = srs_endpoint_port(&at);
    assert_true(*port != 0);
    return listener;
}

// --- accepting ----------------------------------------------------------------------------------

struct accepting {
    struct srs_listener *listener;
    unsigned accepted;
    srs_err result;
};

static SRS_YIELDS srs_err accept_and_drop(void *arg)
{
    struct accepting *accepting = arg;
    while (accepting->result == SRS_OK) {
        struct srs_conn *conn = NULL;
        accepting->result = srs_listener_accept(accepting->listener, &conn);
        accepting->accepted += conn != NULL ? 1 : 0;
        srs_conn_free(conn);
    }
    return srs_bare(SRS_OK);
}

static void test_accept_given_no_descriptors_then_recovers_when_there_are(void **state)
{
    (void)state;
    enum { CLIENTS = 3 };
    struct accepting accepting = {0};
    struct srs_scope scope;
    struct rlimit files;
    uint16_t port;
    int fds[CLIENTS];
    accepting.listener = listen_loopback(&port);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = raw_dial(port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    struct rlimit few = {.rlim_cur = (rlim_t)fds[CLIENTS - 1] + 1, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(dup(0), -1);
    srs_scope_init(&scope, "accept");
    srs_err err = srs_scope_spawn(&scope, accept_and_drop, &accepting);
    for (int i = 0; i < 10 && !err; i++)
        err = srs_co_breathe();
    unsigned accepted = accepting.accepted;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_err(SRS_OK, err, "turns");
    assert_int_equal(accepted, 0);
    // Nothing new arrives: only the listener's own pause makes it look again.
    for (srs_usec end = SOON; accepting.accepted < CLIENTS && srs_now() < end;)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "wait");
    assert_int_equal(accepting.accepted, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        (void)close(fds[i]);
    srs_scope_close(&scope);
    srs_listener_close(accepting.listener);
}

static void test_accept_given_listener_closed_during_shortage_then_closed(void **state)
{
    (void)state;
    struct accepting accepting = {0};
    struct srs_scope scope;
    struct rlimit files;
    uint16_t port;
    accepting.listener = listen_loopback(&port);
    srs_scope_init(&scope, "accept");
    assert_err(SRS_OK, srs_scope_spawn(&scope, accept_and_drop, &accepting), "acceptor");
    int fd = raw_dial(port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    struct rlimit few = {.rlim_cur = (rlim_t)fd + 1, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    turn();
    turn();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    srs_listener_close(accepting.listener);
    turn();
    assert_err(SRS_E_SOCKET_CLOSED, accepting.result, "closed in its pause");
    assert_int_equal(accepting.accepted, 0);
    srs_scope_close(&scope);
    (void)close(fd);
}

static void test_accept_given_long_queue_then_others_run_in_between(void **state)
{
    (void)state;
    enum { CLIENTS = 300 };
    struct accepting accepting = {0};
    struct srs_scope scope;
    uint16_t port;
    int fds[CLIENTS];
    accepting.listener = listen_loopback(&port);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = raw_dial(port);
    srs_scope_init(&scope, "accept");
    assert_err(SRS_OK, srs_scope_spawn(&scope, accept_and_drop, &accepting), "acceptor");
    unsigned before = 0;
    unsigned most = 0;
    for (int i = 0; i < 1000 && accepting.accepted < CLIENTS; i++) {
        turn();
        most = accepting.accepted - before > most ? accepting.accepted - before : most;
        before = accepting.accepted;
    }
    assert_int_equal(accepting.accepted, CLIENTS);
    assert_true(most <= 64);
    srs_scope_close(&scope);
    assert_err(SRS_E_CANCELED, accepting.result, "end");
    srs_listener_close(accepting.listener);
    for (int i = 0; i < CLIENTS; i++)
        (void)close(fds[i]);
}

static void dial_and_check_peer(struct srs_listener *listener, const char *host, const char *want)
{
    struct srs_endpoint at = srs_listener_endpoint(listener);
    struct srs_endpoint to;
    char text[SRS_ENDPOINT_TEXT];
    struct srs_conn *client = NULL;
    struct srs_conn *conn = NULL;
    (void)snprintf(text, sizeof text, "%s:%u", host, srs_endpoint_port(&at));
    assert_err(SRS_OK, srs_endpoint_parse(text, &to), text);
    assert_err(SRS_OK, srs_conn_dial(&to, SOON, &client), text);
    assert_err(SRS_OK, srs_listener_accept(listener, &conn), text);
    struct srs_endpoint peer = srs_conn_peer(conn);
    struct srs_endpoint local = srs_conn_local(client);
    assert_int_equal(srs_endpoint_port(&peer), srs_endpoint_port(&local));
    srs_endpoint_format_ip(&peer, text);
    assert_string_equal(text, want);
    srs_conn_free(client);
    srs_conn_free(conn);
}

static void test_listener_given_bare_port_then_accepts_ipv4_and_ipv6(void **state)
{
    (void)state;
    struct srs_endpoint at;
    struct srs_listener *listener = NULL;
    assert_err(SRS_OK, srs_endpoint_parse("0", &at), "port 0");
    assert_err(SRS_OK, srs_listener_open(&at, &listener), "listen");
    dial_and_check_peer(listener, "127.0.0.1", "127.0.0.1");
    if (access("/proc/net/if_inet6", R_OK) == 0) // a machine without IPv6 listens on IPv4 alone
        dial_and_check_peer(listener, "[::1]", "::1");
    srs_listener_close(listener);
}

static void test_listener_given_port_in_use_then_bind_error_with_its_address(void **state)
{
    (void)state;
    uint16_t port;
    struct srs_listener *listener = listen_loopback(&port);
    struct srs_listener *second = NULL;
    struct srs_endpoint at = loopback(port);
    char text[256];
    char want[SRS_ENDPOINT_TEXT];
    srs_err err = srs_listener_open(&at, &second);
    srs_err_format(err, text, sizeof text);
    srs_endpoint_format(&at, want);
    assert_non_null(strstr(text, want));
    assert_err(SRS_E_SOCKET_BIND, err, "in use");
    srs_listener_close(listener);
}

#define CASE(name) cmocka_unit_test_teardown(name, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_endpoint_given_text_then_parsed_and_formatted_or_refused),
        CASE(test_endpoint_given_longest_address_then_fits),
        CASE(test_endpoint_given_unknown_family_then_empty_address),
        CASE(test_accept_given_no_descriptors_then_recovers_when_there_are),
        CASE(test_accept_given_listener_closed_during_shortage_then_closed),
        CASE(test_accept_given_long_queue_then_others_run_in_between),
        CASE(test_listener_given_bare_port_then_accepts_ipv4_and_ipv6),
        CASE(test_listener_given_port_in_use_then_bind_error_with_its_address),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
