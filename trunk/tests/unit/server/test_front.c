// In front of a session: headers of proxies on connections and in requests, who is believed, and
// what is left for the session.
#include "codec/hex.h"
#include "core/log.h"
#include "server/certs.h"
#include "server/config_files.h"
#include "server/front.h"
#include <arpa/inet.h>
#include <sys/socket.h>

#define SOON (srs_now() + 20 * SRS_SEC)

static struct srs_server server;
static struct srs_certs certs;
static struct config_files *files;

static const struct srs_port rtmp = {"rtmp", NULL, 0, true, SRS_CERTS_NONE};
static const struct srs_port http = {"http", NULL, 0, false, SRS_CERTS_NONE};
static const struct srs_port rtmps = {"rtmps", NULL, 0, true, SRS_CERTS_RTMPS};

static int setup(void **state)
{
    srs_log_set_level(SRS_LOG_NONE);
    if (config_files_setup(state) != 0)
        return -1;
    return (int)srs_co_init();
}

static int setup_each(void **state)
{
    files = *state;
    server = (struct srs_server){.certs = &certs};
    server.config = config_must(files, "proxy_from 127.0.0.0/8 10.1.1.0/24 ::1;", NULL);
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    srs_config_unref(server.config);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    return 0;
}

static struct srs_endpoint endpoint_of(const char *text)
{
    struct srs_endpoint at;
    assert_err(SRS_OK, srs_endpoint_parse(text, &at), text);
    return at;
}

static void assert_endpoint(const char *want, struct srs_endpoint got, const char *why)
{
    char text[SRS_ENDPOINT_TEXT];
    srs_endpoint_format(&got, text);
    if (strcmp(text, want) != 0)
        fail_msg("%s: want %s, got %s", why, want, text);
}

// --- connections --------------------------------------------------------------------------------

static struct srs_conn *conn_from(const char *peer, int *other)
{
    struct srs_conn *conn = NULL;
    struct srs_endpoint at = endpoint_of(peer);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], &conn), "connection");
    srs_conn_set_peer(conn, &at);
    *other = fds[1];
    return conn;
}

#define V1     "50524f5859205443503420312e322e332e3420302e302e302e302035352031 0d0a "
#define V1_BAD "50524f58592055445034 0d0a "
#define V2                                                                 \
    "0d0a0d0a000d0a515549540a 21 21 0024 20010db8000000000000000000000007" \
    "00000000000000000000000000000000 0037 0000 "
#define LOCAL "0d0a0d0a000d0a515549540a 20 00 0000 "
#define F3    "f3 0004 05060708 "

static void test_front_given_headers_then_peer_and_rest(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const struct srs_port *port;
        const char *from;
        const char *bytes;
        const char *rest;
        const char *peer;
        unsigned told;
    } rows[] = {
        {"none, RTMP", &rtmp, "127.0.0.1:9", "0301020304", "0301020304", "127.0.0.1:9", 0},
        {"none, HTTP", &http, "127.0.0.1:9", "474554", "474554", "127.0.0.1:9", 0},
        {"v1", &rtmp, "127.0.0.1:9", V1 "03", "03", "1.2.3.4:55", 0},
        {"v1, HTTP", &http, "[::1]:9", V1 "47", "47", "1.2.3.4:55", 0},
        {"v2", &http, "10.1.1.255:9", V2 "47", "47", "[2001:db8::7]:55", 0},
        {"v2, a health check", &http, "127.0.0.1:9", LOCAL "47", "47", "127.0.0.1:9", 0},
        {"RTMP header", &rtmp, "127.0.0.1:9", F3 "03", "03", "5.6.7.8:0", 0},
        {"RTMP header elsewhere", &http, "127.0.0.1:9", F3, "f3 0004 05060708", "127.0.0.1:9", 0},
        {"v1 of another", &rtmp, "10.1.2.0:9", V1 "03", "03", "10.1.2.0:9", 1},
        {"v2 of another", &http, "8.8.8.8:9", V2 "47", "47", "8.8.8.8:9", 1},
        {"RTMP header of another", &rtmp, "8.8.8.8:9", F3 "03", "03", "8.8.8.8:9", 2},
        {"both, the second by who is not believed", &rtmp, "127.0.0.1:9", V1 F3 "03", "03",
         "1.2.3.4:55", 2},
        {"both, the first without an address", &rtmp, "127.0.0.1:9", LOCAL F3 "03", "03",
         "5.6.7.8:0", 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        int other;
        uint8_t bytes[512];
        uint8_t rest[512];
        struct srs_span got;
        struct srs_conn *conn = conn_from(rows[i].from, &other);
        size_t size = hex_bytes(rows[i].bytes, bytes, sizeof bytes);
        size_t rest_size = hex_bytes(rows[i].rest, rest, sizeof rest);
        server.proxies_told = 0;
        assert_int_equal(send(other, bytes, size, 0), size);
        assert_err(SRS_OK, srs_front_open(&server, conn, rows[i].port, SOON), rows[i].why);
        assert_endpoint(rows[i].peer, srs_conn_peer(conn), rows[i].why);
        assert_int_equal(server.proxies_told, rows[i].told);
        assert_true(srs_conn_readable(conn));
        assert_err(SRS_OK, srs_conn_read(conn, SOON, &got), rows[i].why);
        assert_int_equal(got.size, rest_size);
        assert_memory_equal(got.bytes, rest, rest_size);
        srs_conn_free(conn);
        (void)close(other);
    }
}

struct opening {
    struct srs_conn *conn;
    srs_err result;
    bool told;
    bool done;
};

static SRS_YIELDS srs_err open_main(void *arg)
{
    struct opening *opening = arg;
    opening->result = srs_front_open(&server, opening->conn, &rtmp, srs_now() + 30 * SRS_MSEC);
    opening->told = srs_err_story(opening->result) != NULL;
    opening->done = true;
    return srs_bare(SRS_OK);
}

static void turn(void)
{
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

// A prefix of a header, a byte at a time, then nothing more.
static void test_front_given_a_cut_header_then_deadline_and_all_of_it_when_it_comes(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t size = hex_bytes(V2 F3 "03", bytes, sizeof bytes);
    for (size_t cut = 0; cut <= size; cut += 7) {
        struct srs_scope scope;
        struct srs_span got;
        int other;
        struct opening opening = {.conn = conn_from("127.0.0.1:9", &other)};
        srs_scope_init(&scope, "front");
        assert_err(SRS_OK, srs_scope_spawn(&scope, open_main, &opening), "spawn");
        for (size_t i = 0; i < cut; i++) {
            assert_int_equal(send(other, &bytes[i], 1, 0), 1);
            turn();
        }
        srs_usec until = SOON;
        while (!opening.done && srs_now() < until)
            turn();
        bool whole = cut == size;
        assert_err(whole ? SRS_OK : SRS_E_SOCKET_TIMEOUT, opening.result, "cut header");
        // Between the two headers nothing of a header is there.
        assert_int_equal(opening.told, !whole && cut > 0 && cut != size - 8);
        if (whole)
            assert_err(SRS_OK, srs_conn_read(opening.conn, SOON, &got), "rest");
        srs_scope_close(&scope);
        srs_conn_free(opening.conn);
        (void)close(other);
    }
}

static void
test_front_given_a_limit_per_address_then_clients_are_counted_and_not_their_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const struct srs_port *port;
        const char *bytes;
        srs_err want;
    } rows[] = {
        {"first of one client", &rtmp, V1 "03", SRS_OK},
        {"second", &http, V1 "47", SRS_OK},
        {"third", &rtmp, V1 "03", SRS_E_EXCEED_CONNECTIONS},
        {"another client", &rtmp, V2 "03", SRS_OK},
        {"one of the RTMP header", &rtmp, F3 "03", SRS_OK},
        {"behind PROXY without a client", &rtmp, LOCAL F3 "03", SRS_OK},
        {"third of them", &rtmp, LOCAL F3 "03", SRS_E_EXCEED_CONNECTIONS},
        {"itself", &rtmp, "03", SRS_OK},
        {"itself again", &rtmp, "03", SRS_OK},
        {"itself a third time", &rtmp, "03", SRS_E_EXCEED_CONNECTIONS},
    };
    struct srs_conn *conns[SRS_COUNT(rows)];
    int others[SRS_COUNT(rows)];
    srs_config_unref(server.config);
    server.config = config_must(files, "max_connections_per_ip 2;", NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[512];
        conns[i] = conn_from("127.0.0.1:9", &others[i]);
        size_t size = hex_bytes(rows[i].bytes, bytes, sizeof bytes);
        assert_int_equal(send(others[i], bytes, size, 0), size);
        assert_err(rows[i].want, srs_front_open(&server, conns[i], rows[i].port, SOON),
                   rows[i].why);
        if (rows[i].want != SRS_OK) {
            srs_conn_free(conns[i]);
            conns[i] = NULL;
        }
    }
    assert_int_equal(server.refused, 3);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        srs_conn_free(conns[i]);
        (void)close(others[i]);
    }
    assert_null(server.peers.table);
}

#define V1_PROXY \
    "50524f585920544350342031302e312e312e3520302e302e302e302035352031 0d0a " // of 10.1.1.5, a proxy
                                                                             // itself
#define F3_PROXY "f3 0004 0a010105 "                                         // the same

static void test_front_given_two_headers_then_the_connection_counts_once(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *bytes;
        const char *peer;
    } rows[] = {
        {"the second is ignored", V1 F3 "03", "1.2.3.4:55"},
        {"the second names the same", V1_PROXY F3_PROXY "03", "10.1.1.5:0"},
        {"the second names another", V1_PROXY F3 "03", "5.6.7.8:0"},
        {"the second names nobody", V1 "f3 0002 6162 03", "1.2.3.4:55"},
    };
    srs_config_unref(server.config);
    server.config =
        config_must(files, "proxy_from 127.0.0.0/8 10.1.1.0/24; max_connections_per_ip 1;", NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_conn *conns[2];
        int others[2];
        uint8_t bytes[512];
        size_t size = hex_bytes(rows[i].bytes, bytes, sizeof bytes);
        for (size_t k = 0; k < 2; k++) {
            conns[k] = conn_from("127.0.0.1:9", &others[k]);
            assert_int_equal(send(others[k], bytes, size, 0), size);
            assert_err(k == 0 ? SRS_OK : SRS_E_EXCEED_CONNECTIONS,
                       srs_front_open(&server, conns[k], &rtmp, SOON), rows[i].why);
        }
        assert_endpoint(rows[i].peer, srs_conn_peer(conns[0]), rows[i].why);
        for (size_t k = 0; k < 2; k++) {
            srs_conn_free(conns[k]);
            (void)close(others[k]);
        }
        assert_null(server.peers.table);
    }
}

static void test_front_given_bad_beginnings_then_named(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const struct srs_port *port;
        const char *bytes;
        srs_err want;
    } rows[] = {
        {"bad v1", &http, V1_BAD, SRS_E_PROXY_HEADER},
        {"long RTMP header", &rtmp, "f3 0401", SRS_E_RTMP_PROXY_EXCEED},
        {"long RTMP header behind v1", &rtmp, V1 "f3 0401", SRS_E_RTMP_PROXY_EXCEED},
        {"TLS switched off", &rtmps, "16", SRS_E_TLS_HANDSHAKE},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        int other;
        uint8_t bytes[512];
        struct srs_conn *conn = conn_from("127.0.0.1:9", &other);
        size_t size = hex_bytes(rows[i].bytes, bytes, sizeof bytes);
        assert_int_equal(send(other, bytes, size, 0), size);
        assert_err(rows[i].want, srs_front_open(&server, conn, rows[i].port, SOON), rows[i].why);
        srs_conn_free(conn);
        (void)close(other);
    }
}

// --- requests -----------------------------------------------------------------------------------

static void test_front_given_request_headers_then_the_last_that_is_no_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *direct;
        const char *headers;
        const char *client;
    } rows[] = {
        {"none", "127.0.0.1:9", "", "127.0.0.1:9"},
        {"one", "127.0.0.1:9", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0"},
        {"made up in front", "127.0.0.1:9", "X-Forwarded-For: 9.9.9.9, 1.2.3.4\r\n", "1.2.3.4:0"},
        {"two proxies", "127.0.0.1:9", "X-Forwarded-For: 9.9.9.9,1.2.3.4 , 10.1.1.7\r\n",
         "1.2.3.4:0"},
        {"proxies only", "127.0.0.1:9", "X-Forwarded-For: 127.0.0.7, 10.1.1.7\r\n", "127.0.0.7:0"},
        {"a line of the client's", "127.0.0.1:9",
         "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0"},
        {"IPv6", "[::1]:9", "x-forwarded-for: 2001:db8::7\r\n", "[2001:db8::7]:0"},
        {"IPv6 with a port", "[::1]:9", "X-Forwarded-For: [2001:db8::7]:5000\r\n",
         "[2001:db8::7]:0"},
        {"IPv4 with a port", "127.0.0.1:9", "X-Forwarded-For: 1.2.3.4:5000\r\n", "1.2.3.4:0"},
        {"unknown", "127.0.0.1:9", "X-Forwarded-For: unknown\r\n", "127.0.0.1:9"},
        {"unknown behind", "127.0.0.1:9", "X-Forwarded-For: 1.2.3.4, unknown\r\n", "127.0.0.1:9"},
        {"unknown before a proxy", "127.0.0.1:9", "X-Forwarded-For: x, 10.1.1.7\r\n", "10.1.1.7:0"},
        {"empty", "127.0.0.1:9", "X-Forwarded-For:\r\n", "127.0.0.1:9"},
        {"commas", "127.0.0.1:9", "X-Forwarded-For: ,,\r\n", "127.0.0.1:9"},
        {"long", "127.0.0.1:9",
         "X-Forwarded-For: 1111111111222222222233333333334444444444555555555566666666667777\r\n",
         "127.0.0.1:9"},
        {"real", "127.0.0.1:9", "X-Real-IP: 1.2.3.4:77\r\n", "1.2.3.4:0"},
        {"both", "127.0.0.1:9", "X-Real-IP: 9.9.9.9\r\nX-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0"},
        {"a bad list and real", "127.0.0.1:9", "X-Real-IP: 9.9.9.9\r\nX-Forwarded-For: -\r\n",
         "9.9.9.9:0"},
        {"bad real", "127.0.0.1:9", "X-Real-IP: host\r\n", "127.0.0.1:9"},
        {"of another", "10.1.2.1:9", "X-Forwarded-For: 1.2.3.4\r\n", "10.1.2.1:9"},
        {"real of another", "10.1.2.1:9", "X-Real-IP: 1.2.3.4\r\n", "10.1.2.1:9"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[512];
        struct srs_http_event event;
        struct srs_http_server *machine = srs_http_server_new();
        struct srs_endpoint direct = endpoint_of(rows[i].direct);
        int size =
            snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", rows[i].headers);
        struct srs_span span = {(const uint8_t *)text, (size_t)size};
        server.proxies_told = 0;
        assert_err(SRS_OK, srs_http_server_feed(machine, span), rows[i].why);
        assert_err(SRS_OK, srs_http_server_next(machine, &event), rows[i].why);
        assert_endpoint(rows[i].client, srs_front_client(&server, &direct, event.request),
                        rows[i].why);
        assert_int_equal(server.proxies_told, strncmp(rows[i].direct, "10.", 3) == 0 ? 4 : 0);
        srs_http_server_free(machine);
    }
}

// --- certificates -------------------------------------------------------------------------------

static void test_certs_given_missing_files_then_directive_and_file_are_named(void **state)
{
    static const struct {
        const char *text;
        const char *directive;
        const char *file;
    } rows[] = {
        {"rtmps { enabled on; cert /nowhere/a.crt; }", "rtmps.cert", "/nowhere/a.crt"},
        {"http_api { enabled on; https { enabled on; cert /nowhere/b.crt; } }",
         "http_api.https.cert", "/nowhere/b.crt"},
        {"http_server { enabled on; https { enabled on; cert /nowhere/c.crt; } }",
         "http_server.https.cert", "/nowhere/c.crt"},
    };
    struct srs_certs *got = NULL;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char story[512];
        struct srs_config *config = config_must(*state, rows[i].text, NULL);
        srs_err err = srs_certs_load(config, &got);
        srs_err_format(err, story, sizeof story);
        if (strstr(story, rows[i].directive) == NULL || strstr(story, rows[i].file) == NULL)
            fail_msg("%s", story);
        assert_err(SRS_E_TLS_KEY_CRT, err, rows[i].text);
        assert_null(got);
        err = srs_certs_read(config, SOON, &got); // the story comes from another thread
        srs_err_format(err, story, sizeof story);
        if (strstr(story, rows[i].directive) == NULL || strstr(story, rows[i].file) == NULL)
            fail_msg("%s", story);
        assert_err(SRS_E_TLS_KEY_CRT, err, rows[i].text);
        assert_null(got);
        srs_config_unref(config);
    }
    struct srs_config *config = config_must(*state, "http_server { enabled on; }", NULL);
    assert_err(SRS_OK, srs_certs_read(config, SOON, &got), "no TLS");
    for (size_t i = 0; i < SRS_CERTS_PORTS; i++)
        assert_null(got->of[i]);
    srs_certs_free(got);
    srs_config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)
        TEST(test_front_given_headers_then_peer_and_rest),
        TEST(test_front_given_a_cut_header_then_deadline_and_all_of_it_when_it_comes),
        TEST(test_front_given_a_limit_per_address_then_clients_are_counted_and_not_their_proxy),
        TEST(test_front_given_two_headers_then_the_connection_counts_once),
        TEST(test_front_given_bad_beginnings_then_named),
        TEST(test_front_given_request_headers_then_the_last_that_is_no_proxy),
        TEST(test_certs_given_missing_files_then_directive_and_file_are_named),
#undef TEST
    };
    return cmocka_run_group_tests(tests, setup, config_files_teardown);
}
