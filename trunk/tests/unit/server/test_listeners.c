// The server's ports: which ones a configuration asks for, how a change opens, closes and replaces
// them, what a refused change leaves, and who is let in.
#include "core/net_side.h"
#include "flow_server.h"
#include "server/http/exchange.h"
#include "server/page/page.h"
#include "set_clock.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS = 5, RTMP = 4 };

static struct flow_server flow;
static uint16_t ports[PORTS]; // free ones
static const char *any_address;

static int setup_all(void **state)
{
    (void)state;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    any_address = fd >= 0 ? "[::]" : "0.0.0.0"; // a machine without IPv6
    if (fd >= 0)
        (void)close(fd);
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    int fds[PORTS];
    for (size_t i = 0; i < PORTS; i++) {
        fds[i] = net_raw_listen(-1);
        ports[i] = net_port_of(fds[i]);
    }
    for (size_t i = 0; i < PORTS; i++)
        (void)close(fds[i]);
    flow_server_open(&flow, "");
    assert_err(SRS_OK, srs_page_load(&flow.server.page), "page");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_listeners_shut(flow.server.listeners);
    srs_page_free(flow.server.page);
    flow_server_close(&flow);
    return 0;
}

// @1 is ports[1], * is how the log writes all addresses.
static void expand(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (; *text != '\0'; text++) {
        if (*text == '@')
            used += (size_t)snprintf(out + used, size - used, "%u", ports[*++text - '0']);
        else if (*text == '*')
            used += (size_t)snprintf(out + used, size - used, "%s", any_address);
        else
            out[used++] = *text;
        assert_true(used + 1 < size);
    }
    out[used] = '\0';
}

// As a reload does it.
static srs_err change_to(const char *text)
{
    char full[1024];
    expand(text, full, sizeof full);
    struct srs_config *config = flow_config(full);
    srs_err err = srs_listeners_open(flow.server.listeners, config);
    if (!err) {
        srs_config_unref(flow.server.config);
        flow.server.config = config;
        srs_listeners_settle(flow.server.listeners);
    } else {
        srs_config_unref(config);
    }
    clock_jump(0); // those that were shut end
    return err;
}

// --- who is there -------------------------------------------------------------------------------

static struct sockaddr_in address(const char *ip, unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(ports[port])};
    assert_int_equal(inet_pton(AF_INET, ip, &at.sin_addr), 1);
    return at;
}

// From that address; -1 when nobody listens.
static int dial_from(const char *from, const char *ip, unsigned port)
{
    struct sockaddr_in at = address(ip, port);
    struct sockaddr_in me = address(from, port);
    me.sin_port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&me, sizeof me), 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void leave(int fd)
{
    unsigned count = flow.server.sessions.count;
    (void)close(fd);
    flow_wait_for(flow.server.sessions.count < count);
}

// A connection that the server has let in.
static int enter(const char *from, const char *ip, unsigned port)
{
    unsigned count = flow.server.sessions.count;
    int fd = dial_from(from, ip, port);
    assert_true(fd >= 0);
    flow_wait_for(flow.server.sessions.count == count + 1);
    return fd;
}

// The API answers its index to a path that it does not know: the type tells who answers.
static bool is_found(const char *ip, unsigned port, const char *path, const char *type)
{
    char text[256];
    char head[512];
    struct srs_conn *conn = NULL;
    struct srs_span got = {0};
    unsigned count = flow.server.sessions.count;
    assert_err(SRS_OK, srs_conn_new(enter("127.0.0.1", ip, port), &conn), path);
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                   path);
    assert_err(SRS_OK, srs_conn_write(conn, net_text_span(text), SRS_NEVER), path);
    assert_err(SRS_OK, srs_conn_read(conn, SRS_NEVER, &got), path);
    (void)snprintf(head, sizeof head, "%.*s", (int)got.size, (const char *)got.bytes);
    bool found = strncmp(head, "HTTP/1.1 200 ", 13) == 0 && strstr(head, type) != NULL;
    srs_conn_free(conn);
    flow_wait_for(flow.server.sessions.count == count);
    return found;
}

// What is served there: RTMP, or a mask of enum srs_exchange_port; 0 when nobody listens.
static unsigned served_at(const char *ip, unsigned port)
{
    long rtmp = srs_live_count(SRS_LIVE_RTMP_SESSION);
    int fd = dial_from("127.0.0.1", ip, port);
    if (fd < 0)
        return 0;
    (void)close(fd);
    fd = enter("127.0.0.1", ip, port); // the first one was let in before it
    bool is_rtmp = srs_live_count(SRS_LIVE_RTMP_SESSION) > rtmp;
    leave(fd);
    if (is_rtmp)
        return RTMP;
    return (is_found(ip, port, "/api/v1/streams/", "application/json") ? SRS_PORT_API : 0U) |
           (is_found(ip, port, "/index.html", "text/html") ? SRS_PORT_SERVER : 0U);
}

static void assert_served(const char *ip, unsigned port, unsigned want, const char *why)
{
    unsigned got = served_at(ip, port);
    if (got != want)
        fail_msg("%s: %u at %s port %u, want %u", why, got, ip, port, want);
}

// Somebody else's.
static int occupy(const char *ip, unsigned port)
{
    struct sockaddr_in at = address(ip, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

// --- what a configuration asks for --------------------------------------------------------------

#define WEB(name, port) name " { enabled on; listen 127.0.0.1:" port "; } "
#define WEB_TLS(name, port, https)                                                               \
    name " { enabled on; listen 127.0.0.1:" port "; https { enabled on; listen 127.0.0.1:" https \
         "; } } "

static void test_listeners_given_configurations_then_those_ports(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        const char *want[4]; // protocol and address of each
    } rows[] = {
        {"listen 127.0.0.1:@0 127.0.0.1:@1;", {"rtmp at=127.0.0.1:@0", "rtmp at=127.0.0.1:@1"}},
        {"rtmps { enabled on; listen 127.0.0.1:@0; }", {"rtmps at=127.0.0.1:@0"}},
        {"rtmps { enabled off; listen 127.0.0.1:@0; }", {NULL}},
        {"http_api { enabled off; listen 127.0.0.1:@0; } " WEB("http_server", "@1"),
         {"http at=127.0.0.1:@1"}},
        {WEB("http_api", "@0") "http_server { enabled off; listen 127.0.0.1:@0; }",
         {"http-api at=127.0.0.1:@0"}},
        {WEB_TLS("http_api", "@0", "@1") WEB_TLS("http_server", "@2", "@3"),
         {"http-api at=127.0.0.1:@0", "https-api at=127.0.0.1:@1", "http at=127.0.0.1:@2",
          "https at=127.0.0.1:@3"}},
        {WEB("http_api", "@0") WEB("http_server", "@0"), {"http at=127.0.0.1:@0"}},
        {WEB_TLS("http_api", "@0", "@1") WEB_TLS("http_server", "@0", "@2"),
         {"http at=127.0.0.1:@0", "https at=127.0.0.1:@2"}},
        {WEB("http_api", "@0") WEB_TLS("http_server", "@0", "@2"),
         {"http at=127.0.0.1:@0", "https at=127.0.0.1:@2"}},
        {WEB_TLS("http_api", "@0", "@1") WEB("http_server", "@0"),
         {"http at=127.0.0.1:@0", "https-api at=127.0.0.1:@1"}},
        {"listen @0 @0;", {"rtmp at=*:@0"}},
        {"listen @0 0.0.0.0:@0;", {"rtmp at=*:@0"}},
        {"listen 0.0.0.0:@0 @0;", {"rtmp at=*:@0"}},
        {"listen @0 [::]:@0;", {"rtmp at=*:@0"}},
        {"listen [::]:@0 0.0.0.0:@0;", {"rtmp at=*:@0"}},
        {"listen 0.0.0.0:@0 [::]:@0;", {"rtmp at=*:@0"}},
        {"listen @0 @1;", {"rtmp at=*:@0", "rtmp at=*:@1"}},
        {"listen 127.0.0.1:@0 127.0.0.2:@0 127.0.0.1:@0;",
         {"rtmp at=127.0.0.1:@0", "rtmp at=127.0.0.2:@0"}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[4096];
        char word[128];
        unsigned count = 0;
        flow_log_begin();
        assert_err(SRS_OK, change_to("max_connections 10;"), "none");
        flow_log_end(text, sizeof text);
        assert_int_equal(flow_count_of(text, " listen protocol="), 0);
        flow_log_begin();
        assert_err(SRS_OK, change_to(rows[i].config), rows[i].config);
        flow_log_end(text, sizeof text);
        for (; count < 4 && rows[i].want[count] != NULL; count++) {
            expand(rows[i].want[count], word, sizeof word);
            if (strstr(text, word) == NULL)
                fail_msg("%s: no %s in\n%s", rows[i].config, word, text);
        }
        if (flow_count_of(text, " listen protocol=") != count)
            fail_msg("%s: not %u ports in\n%s", rows[i].config, count, text);
    }
}

// What a mask of ports means to who connects.
static void test_listeners_given_shared_port_then_both_are_served_there(void **state)
{
    (void)state;
    assert_err(SRS_OK, change_to(WEB("http_api", "@0") WEB("http_server", "@0")), "shared");
    assert_served("127.0.0.1", 0, SRS_PORT_API | SRS_PORT_SERVER, "shared");
    assert_err(SRS_OK, change_to(WEB("http_api", "@0") WEB("exporter", "@0 127.0.0.1:@1")),
               "metrics too");
    assert_served("127.0.0.1", 0, SRS_PORT_API, "of the API");
    assert_true(is_found("127.0.0.1", 0, "/metrics", "text/plain"));
    assert_true(is_found("127.0.0.1", 1, "/metrics", "text/plain"));
    assert_err(SRS_OK, change_to(WEB("http_api", "@0") WEB("http_server", "@1")), "apart");
    assert_served("127.0.0.1", 0, SRS_PORT_API, "of the API");
    assert_served("127.0.0.1", 1, SRS_PORT_SERVER, "of the server");
}

// --- changes ------------------------------------------------------------------------------------

static void test_listeners_given_changes_then_they_come_and_go_and_connections_stay(void **state)
{
    (void)state;
    char text[4096];
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0;"), "first");
    assert_served("127.0.0.1", 0, RTMP, "first");
    assert_served("127.0.0.2", 0, 0, "another address");
    int fd = enter("127.0.0.1", "127.0.0.1", 0);
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@1; " WEB("http_server", "@2")), "second");
    assert_served("127.0.0.1", 0, 0, "gone");
    assert_served("127.0.0.1", 1, RTMP, "new");
    assert_served("127.0.0.1", 2, SRS_PORT_SERVER, "new");
    assert_int_equal(flow.server.sessions.count, 1);
    leave(fd);
    flow_log_begin();
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@1 127.0.0.1:@0;"), "third");
    flow_log_end(text, sizeof text);
    assert_served("127.0.0.1", 0, RTMP, "back");
    assert_served("127.0.0.1", 1, RTMP, "still there");
    assert_served("127.0.0.1", 2, 0, "gone");
    assert_int_equal(flow_count_of(text, " listen protocol="), 1); // of the one that is new
    assert_int_equal(flow_count_of(text, " stop listening protocol=http "), 1);
}

static void test_listeners_given_other_protocol_then_the_port_stays_open(void **state)
{
    (void)state;
    char text[4096];
    assert_err(SRS_OK, change_to(WEB("http_api", "@0")), "API");
    // Who has connected and is not let in yet waits in the port's queue: it is not lost.
    int fd = dial_from("127.0.0.1", "127.0.0.1", 0);
    flow_log_begin();
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0;"), "RTMP");
    flow_log_end(text, sizeof text);
    assert_int_equal(flow_count_of(text, " listen protocol=rtmp "), 1);
    assert_int_equal(flow_count_of(text, " stop listening "), 0);
    flow_wait_for(srs_live_count(SRS_LIVE_RTMP_SESSION) == 1);
    leave(fd);
    assert_served("127.0.0.1", 0, RTMP, "RTMP now");
}

static void test_listeners_given_another_address_of_a_port_then_replaced(void **state)
{
    (void)state;
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0;"), "one");
    assert_err(SRS_OK, change_to("listen @0;"), "all");
    assert_served("127.0.0.1", 0, RTMP, "all");
    assert_served("127.0.0.2", 0, RTMP, "all");
    assert_err(SRS_OK, change_to("listen 127.0.0.2:@0; " WEB("http_server", "@1")), "another");
    assert_served("127.0.0.1", 0, 0, "the other one");
    assert_served("127.0.0.2", 0, RTMP, "the other one");
    // All of them at once, with other protocols.
    assert_err(SRS_OK, change_to("listen @1; http_server { enabled on; listen @0; }"), "swapped");
    assert_served("127.0.0.1", 0, SRS_PORT_SERVER, "swapped");
    assert_served("127.0.0.3", 1, RTMP, "swapped");
}

static void test_listeners_given_port_of_another_then_refused_and_all_is_as_before(void **state)
{
    (void)state;
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0; " WEB("http_api", "@1")), "before");
    int fd = occupy("127.0.0.1", 3);
    for (int i = 0; i < 2; i++) { // what is left of the first attempt shows in the second
        assert_err(
            SRS_E_SOCKET_BIND,
            change_to("listen 127.0.0.1:@2; " WEB("http_api", "@0") WEB("http_server", "@3")),
            "occupied");
        assert_served("127.0.0.1", 0, RTMP, "as before");
        assert_served("127.0.0.1", 1, SRS_PORT_API, "as before");
        assert_served("127.0.0.1", 2, 0, "not opened");
    }
    (void)close(fd);
    assert_err(SRS_OK,
               change_to("listen 127.0.0.1:@2; " WEB("http_api", "@0") WEB("http_server", "@3")),
               "free");
    assert_served("127.0.0.1", 0, SRS_PORT_API, "after");
    assert_served("127.0.0.1", 1, 0, "after");
    assert_served("127.0.0.1", 2, RTMP, "after");
    assert_served("127.0.0.1", 3, SRS_PORT_SERVER, "after");
}

// The change fails after it has closed ports for others of the same number: these are opened again.
static void test_listeners_given_refused_change_then_what_was_replaced_is_back(void **state)
{
    (void)state;
    static const char wanted[] = "listen @0 @2; " WEB("http_api", "@1");
    assert_err(SRS_OK,
               change_to("listen 127.0.0.1:@0 127.0.0.2:@0; " WEB(
                   "http_api", "@4") "http_server { enabled on; listen 127.0.0.2:@1; }"),
               "before");
    int fd = occupy("127.0.0.1", 1);
    for (int i = 0; i < 2; i++) {
        assert_err(SRS_E_SOCKET_BIND, change_to(wanted), "occupied");
        assert_served("127.0.0.1", 0, RTMP, "back");
        assert_served("127.0.0.2", 0, RTMP, "back");
        assert_served("127.0.0.3", 0, 0, "not all");
        assert_served("127.0.0.2", 1, SRS_PORT_SERVER, "back");
        assert_served("127.0.0.1", 2, 0, "not opened");
        assert_served("127.0.0.1", 4, SRS_PORT_API, "untouched");
    }
    (void)close(fd);
    assert_err(SRS_OK, change_to(wanted), "free");
    assert_served("127.0.0.3", 0, RTMP, "after");
    assert_served("127.0.0.1", 1, SRS_PORT_API, "after");
    assert_served("127.0.0.3", 2, RTMP, "after");
    assert_served("127.0.0.1", 4, 0, "after");
}

// A port that is closed and opened again loses who has connected and was not let in yet.
static void test_listeners_given_refused_change_then_ports_that_stay_were_never_closed(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *wanted;
        srs_err want;
    } rows[] = {
        // An address that the machine does not have: closing another one would not help.
        {"listen 127.0.0.1:@0;", "listen 203.0.113.1:@0;", SRS_E_SOCKET_BIND},
        // One address of the number stays, one goes, one is somebody else's.
        {"listen 127.0.0.1:@0 127.0.0.2:@0;", "listen 127.0.0.1:@0 127.0.0.3:@0;",
         SRS_E_SOCKET_BIND},
        // Another number goes.
        {"listen 127.0.0.2:@0; " WEB("http_server", "@1"), "listen 127.0.0.3:@0;",
         SRS_E_SOCKET_BIND},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        unsigned port = i == 2 ? 1 : 0;
        int fd = occupy("127.0.0.3", 0);
        assert_err(SRS_OK, change_to(rows[i].before), rows[i].before);
        int waits = dial_from("127.0.0.1", "127.0.0.1", port);
        assert_true(waits >= 0);
        assert_err(rows[i].want, change_to(rows[i].wanted), rows[i].wanted);
        flow_wait_for(flow.server.sessions.count == 1);
        leave(waits);
        (void)close(fd);
    }
}

static void test_listeners_given_shut_then_no_change_opens_one(void **state)
{
    (void)state;
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0;"), "open");
    int fd = enter("127.0.0.1", "127.0.0.1", 0);
    srs_listeners_shut(flow.server.listeners);
    clock_jump(0);
    assert_served("127.0.0.1", 0, 0, "shut");
    assert_int_equal(flow.server.sessions.count, 1);
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0 127.0.0.1:@1;"), "a reload");
    assert_served("127.0.0.1", 0, 0, "for good");
    assert_served("127.0.0.1", 1, 0, "for good");
    leave(fd);
}

// --- who is let in ------------------------------------------------------------------------------

static void assert_turned_away(const char *from, unsigned port, const char *why)
{
    unsigned count = flow.server.sessions.count;
    uint64_t refused = flow.server.refused;
    char byte;
    int fd = dial_from(from, "127.0.0.1", port);
    assert_true(fd >= 0);
    flow_wait_for(flow.server.refused > refused);
    if (flow.server.refused != refused + 1 || flow.server.sessions.count != count)
        fail_msg("%s: %u sessions", why, flow.server.sessions.count);
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
    (void)close(fd);
}

static void test_admission_given_max_connections_then_no_more_of_any_protocol(void **state)
{
    (void)state;
    int fds[3];
    assert_err(SRS_OK,
               change_to("max_connections 3; listen 127.0.0.1:@0; " WEB("http_server", "@1")),
               "open");
    for (unsigned i = 0; i < 3; i++)
        fds[i] = enter("127.0.0.1", "127.0.0.1", i % 2);
    assert_turned_away("127.0.0.1", 0, "RTMP");
    assert_turned_away("127.0.0.2", 1, "HTTP");
    leave(fds[1]);
    fds[1] = enter("127.0.0.1", "127.0.0.1", 0);
    assert_turned_away("127.0.0.1", 0, "full again");
    assert_err(SRS_OK, change_to("max_connections 4; listen 127.0.0.1:@0;"), "more");
    int last = enter("127.0.0.1", "127.0.0.1", 0);
    assert_turned_away("127.0.0.1", 0, "full again");
    leave(last);
    for (unsigned i = 0; i < 3; i++)
        leave(fds[i]);
}

static void test_admission_given_a_limit_per_address_then_others_come_in(void **state)
{
    (void)state;
    int fds[4];
    assert_err(SRS_OK,
               change_to("max_connections_per_ip 2; proxy_from 127.9.0.0/16; listen 127.0.0.1:@0;"),
               "open");
    fds[0] = enter("127.0.0.2", "127.0.0.1", 0);
    fds[1] = enter("127.0.0.2", "127.0.0.1", 0);
    assert_turned_away("127.0.0.2", 0, "the third");
    fds[2] = enter("127.0.0.3", "127.0.0.1", 0);
    leave(fds[0]);
    fds[0] = enter("127.0.0.2", "127.0.0.1", 0);
    assert_turned_away("127.0.0.2", 0, "the third again");
    for (int i = 0; i < 3; i++)
        leave(fds[i]);
    for (int i = 0; i < 4; i++) // a proxy is not counted before it says whose connection it is
        fds[i] = enter("127.9.1.1", "127.0.0.1", 0);
    for (int i = 0; i < 4; i++)
        leave(fds[i]);
    assert_err(SRS_OK, change_to("listen 127.0.0.1:@0;"), "no limit");
    for (int i = 0; i < 4; i++)
        fds[i] = enter("127.0.0.2", "127.0.0.1", 0);
    for (int i = 0; i < 4; i++)
        leave(fds[i]);
}

// Many refusals are one line of the log.
static void test_admission_given_refusals_then_told_seldom_and_by_their_reason(void **state)
{
    (void)state;
    char text[4096];
    assert_err(SRS_OK,
               change_to("max_connections 2; max_connections_per_ip 1; proxy_from 10.0.0.1; "
                         "listen 127.0.0.1:@0;"),
               "open");
    int first = enter("127.0.0.2", "127.0.0.1", 0);
    flow_log_begin();
    for (int i = 0; i < 3; i++)
        assert_turned_away("127.0.0.2", 0, "its address");
    int second = enter("127.0.0.3", "127.0.0.1", 0);
    for (int i = 0; i < 3; i++)
        assert_turned_away("127.0.0.4", 0, "all");
    flow_log_end(text, sizeof text);
    assert_int_equal(flow_count_of(text,
                                   "refused protocol=rtmp peer=127.0.0.2 max_connections_per_ip=1"
                                   " more=0"),
                     1);
    assert_int_equal(
        flow_count_of(text, "refused protocol=rtmp connections=2 max_connections=2 more=0"), 1);
    assert_int_equal(flow_count_of(text, "refused protocol="), 2);
    leave(first);
    leave(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_listeners_given_configurations_then_those_ports),
        TEST(test_listeners_given_shared_port_then_both_are_served_there),
        TEST(test_listeners_given_changes_then_they_come_and_go_and_connections_stay),
        TEST(test_listeners_given_other_protocol_then_the_port_stays_open),
        TEST(test_listeners_given_another_address_of_a_port_then_replaced),
        TEST(test_listeners_given_port_of_another_then_refused_and_all_is_as_before),
        TEST(test_listeners_given_refused_change_then_what_was_replaced_is_back),
        TEST(test_listeners_given_refused_change_then_ports_that_stay_were_never_closed),
        TEST(test_listeners_given_shut_then_no_change_opens_one),
        TEST(test_admission_given_max_connections_then_no_more_of_any_protocol),
        TEST(test_admission_given_a_limit_per_address_then_others_come_in),
        TEST(test_admission_given_refusals_then_told_seldom_and_by_their_reason),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
