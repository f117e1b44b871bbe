// Limits of clients and bandwidth, with RTMP sessions on sockets in this process and a clock that
// is set.
#include "flow_server.h"
#include "server/access/limits.h"
#include "server/graph.h"
#include "server/http/exchange.h"
#include "server/rtmp/session.h"
#include "server/web/session.h"
#include "set_clock.h"
#include <stdio.h>

#define VHOST(limits) "vhost __defaultVhost__ { limits { " limits " } }"

enum { FRAME = 100000 }; // one a second is 800 kbps

static struct flow_server flow;

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    flow_server_open(&flow, VHOST(""));
    assert_err(SRS_OK, srs_limits_start(&flow.server), "limits");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_server_close(&flow);
    assert_int_equal(flow.server.usage.entry_count, 0);
    assert_int_equal(flow.server.usage.place_count, 0);
    return 0;
}

static void assert_met(enum srs_limit limit, unsigned times)
{
    for (unsigned i = 0; i < SRS_LIMITS; i++) {
        uint64_t met = flow.server.limited[i];
        if (met != (i == limit ? times : 0))
            fail_msg("%s: %llu times", srs_limit_name((enum srs_limit)i), (unsigned long long)met);
    }
}

static void assert_refused(struct flow_peer *peer, const char *code)
{
    char story[512];
    srs_err err = flow_peer_start(peer);
    srs_err_format(err, story, sizeof story);
    if (err != SRS_E_RTMP_REFUSED || strstr(story, code) == NULL)
        fail_msg("want %s: %s", code, story);
    (void)srs_bare(err);
    assert_true(flow_peer_is_closed(peer));
    flow_peer_free(peer);
}

static void assert_publisher_refused(const char *stream)
{
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, stream, true);
    assert_refused(&peer, "NetStream.Publish.Rejected");
}

static void assert_player_refused(const char *stream)
{
    struct flow_peer peer;
    flow_peer_open(&peer, &flow, stream, false);
    assert_refused(&peer, "NetStream.Play.Failed");
}

// --- counts -------------------------------------------------------------------------------------

static void test_limits_given_all_publishers_then_one_more_is_refused(void **state)
{
    (void)state;
    struct flow_peer first;
    struct flow_peer second;
    struct flow_peer player;
    flow_server_configure(&flow, VHOST("max_publishers 2;"));
    flow_peer_begin(&first, &flow, "a", true);
    flow_peer_begin(&second, &flow, "b", true);
    assert_publisher_refused("c");
    assert_met(SRS_LIMIT_PUBLISHERS, 1);
    flow_peer_begin(&player, &flow, "a", false); // it is about publishers
    flow_peer_free(&player);
    flow_peer_open(&player, &flow, "a", true); // a name that is taken is told so
    srs_err err = flow_peer_start(&player);
    assert_int_equal(err, SRS_E_RTMP_REFUSED);
    (void)srs_bare(err);
    assert_true(flow_peer_is_closed(&player));
    flow_peer_free(&player);
    assert_met(SRS_LIMIT_PUBLISHERS, 1);
    flow_peer_command(&first, 0, "deleteStream", NULL, 1); // the connection stays
    flow_wait_for(flow_source(&flow, "a") == NULL);
    flow_peer_begin(&player, &flow, "c", true);
    assert_publisher_refused("d");
    flow_peer_free(&player);
    flow_peer_free(&second);
    flow_peer_free(&first);
}

static void test_limits_given_all_players_then_one_more_is_refused(void **state)
{
    (void)state;
    struct flow_peer a[2];
    struct flow_peer b;
    flow_server_configure(&flow, VHOST("max_players 3; max_players_per_stream 2;"));
    flow_peer_begin(&a[0], &flow, "a", false); // one that waits is one
    flow_peer_begin(&a[1], &flow, "a", false);
    assert_player_refused("a");
    assert_met(SRS_LIMIT_PLAYERS_PER_STREAM, 1);
    flow_peer_begin(&b, &flow, "b", false);
    flow.server.limited[SRS_LIMIT_PLAYERS_PER_STREAM] = 0;
    assert_player_refused("c");
    assert_met(SRS_LIMIT_PLAYERS, 1);
    flow_peer_command(&a[0], 0, "deleteStream", NULL, 1);
    flow_wait_for(flow.server.clients.count == 2);
    flow_peer_free(&b);
    flow_wait_for(flow.server.clients.count == 1);
    flow_peer_begin(&b, &flow, "a", false);
    assert_player_refused("a");
    for (unsigned i = 0; i < 2; i++)
        flow_peer_free(&a[i]);
    flow_peer_free(&b);
}

// --- over HTTP ----------------------------------------------------------------------------------

static const struct srs_port web_port = {"http", srs_web_accept, SRS_PORT_SERVER, false,
                                         SRS_CERTS_NONE};

#define WEBSOCKET                                                                \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

static struct srs_conn *request(const char *headers)
{
    char text[512];
    struct srs_conn *conn = NULL;
    int fd = -1;
    assert_err(SRS_OK, srs_web_accept(&flow.server, graph_conn(&fd), &web_port), "accept");
    assert_err(SRS_OK, srs_conn_new(fd, &conn), "client's end");
    int size =
        snprintf(text, sizeof text, "GET /live/a.flv HTTP/1.1\r\nHost: h\r\n%s\r\n", headers);
    assert_err(
        SRS_OK,
        srs_conn_write(conn, (struct srs_span){(const uint8_t *)text, (size_t)size}, SRS_NEVER),
        "request");
    return conn;
}

// Of the answer, which comes in one piece.
static void assert_answer(struct srs_conn *conn, const char *status)
{
    struct srs_span got = {NULL, 0};
    srs_err err = SRS_E_SOCKET_TIMEOUT;
    for (int64_t began = flow_real_usec(); err == SRS_E_SOCKET_TIMEOUT;) {
        assert_true(flow_real_usec() - began < FLOW_LIMIT_USEC);
        assert_err(SRS_OK, srs_co_breathe(), "turn");
        err = srs_conn_read(conn, srs_now(), &got);
    }
    assert_err(SRS_OK, err, status);
    assert_true(got.size > strlen(status));
    if (memcmp(got.bytes, status, strlen(status)) != 0)
        fail_msg("want %s: %.40s", status, (const char *)got.bytes);
}

static void test_limits_given_all_players_over_http_then_503_and_place_is_given_back(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        const char *good;
    } rows[] = {{"", "HTTP/1.1 200 "}, {WEBSOCKET, "HTTP/1.1 101 "}};
    flow_server_configure(&flow,
                          "http_server { enabled on; } vhost __defaultVhost__ { http_remux { "
                          "enabled on; } limits { max_players 1; } }");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_conn *first = request(rows[i].headers);
        assert_answer(first, rows[i].good);
        for (size_t j = 0; j < SRS_COUNT(rows); j++) {
            struct srs_conn *second = request(rows[j].headers);
            assert_answer(second, "HTTP/1.1 503 ");
            srs_conn_free(second);
        }
        assert_player_refused("a");
        srs_conn_free(first);
        flow_wait_for(flow.server.usage.place_count == 0);
    }
    assert_met(SRS_LIMIT_PLAYERS, 6);
    flow_wait_for(flow.server.sessions.count == 0);
}

// --- another configuration ----------------------------------------------------------------------

// Who came before is counted, and stays.
static void test_limits_given_another_configuration_then_next_client_finds_it(void **state)
{
    (void)state;
    struct flow_peer there[3];
    for (unsigned i = 0; i < 3; i++)
        flow_peer_begin(&there[i], &flow, "a", false);
    flow_server_configure(&flow, VHOST("max_players 2;"));
    assert_player_refused("a");
    assert_int_equal(flow.server.clients.count, 3);
    flow_server_configure(&flow, VHOST("max_players 4;"));
    struct flow_peer next;
    flow_peer_begin(&next, &flow, "a", false);
    assert_player_refused("a");
    flow_peer_free(&next);
    for (unsigned i = 0; i < 3; i++)
        flow_peer_free(&there[i]);
}

// --- bandwidth ----------------------------------------------------------------------------------

static void begin_frames(struct flow_peer *peer, const char *stream)
{
    flow_peer_begin(peer, &flow, stream, true);
    flow_peer_record(peer);
}

static void seconds_of(struct flow_peer *peer, unsigned seconds, size_t size)
{
    for (unsigned i = 0; i < seconds; i++) {
        flow_peer_frame(peer, 0, true, size);
        clock_jump(SRS_SEC);
    }
}

static void
test_limits_given_publisher_above_its_bandwidth_then_ended_after_some_seconds(void **state)
{
    (void)state;
    struct flow_peer fat;
    struct flow_peer thin;
    char log[2000];
    flow_server_configure(&flow, VHOST("in_bandwidth_per_stream 700;"));
    begin_frames(&thin, "thin");
    begin_frames(&fat, "fat");
    flow_log_begin();
    for (unsigned second = 0; second < 20 && !flow_peer_is_closed(&fat); second++) {
        flow_peer_frame(&fat, second, true, FRAME);
        flow_peer_frame(&thin, second, true, FRAME / 2);
        clock_jump(SRS_SEC);
        if (second < 5)
            assert_true(flow_is_published(&flow, "fat"));
    }
    flow_log_end(log, sizeof log);
    assert_true(flow_peer_was_told(&fat, "NetStream.Publish.Rejected"));
    assert_false(flow_is_published(&flow, "fat"));
    assert_true(flow_is_published(&flow, "thin"));
    assert_met(SRS_LIMIT_IN_PER_STREAM, 1);
    assert_int_equal(flow_count_of(log, "code=7072(LimitBandwidth)"), 1);
    assert_non_null(strstr(log, "stream=__defaultVhost__/live/fat"));
    flow_peer_free(&fat);
    flow_peer_free(&thin);
}

// Four seconds' worth at once, as after a stall of the network.
static void test_limits_given_publisher_that_catches_up_then_it_stays(void **state)
{
    (void)state;
    struct flow_peer peer;
    flow_server_configure(&flow, VHOST("in_bandwidth_per_stream 900;"));
    begin_frames(&peer, "a");
    seconds_of(&peer, 5, FRAME);
    for (unsigned i = 0; i < 3; i++)
        clock_jump(SRS_SEC);
    for (unsigned i = 0; i < 3; i++)
        flow_peer_frame(&peer, 0, true, FRAME);
    seconds_of(&peer, 10, FRAME);
    assert_true(flow_is_published(&flow, "a"));
    assert_met(SRS_LIMIT_IN_PER_STREAM, 0);
    flow_peer_free(&peer);
}

static void test_limits_given_bandwidth_of_publishers_used_up_then_no_further_one(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum srs_limit limit;
    } rows[] = {
        {VHOST("in_bandwidth 700;"), SRS_LIMIT_IN},
        {"in_bandwidth_per_ip 700; " VHOST(""), SRS_LIMIT_IN_PER_IP},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct flow_peer peer;
        struct flow_peer second;
        flow_server_configure(&flow, rows[i].config);
        begin_frames(&peer, "a");
        clock_jump(SRS_SEC);
        seconds_of(&peer, 5, FRAME);
        assert_publisher_refused("b");
        assert_met(rows[i].limit, 1);
        flow_peer_begin(&second, &flow, "a", false); // to play is free
        flow_peer_free(&second);
        seconds_of(&peer, 5, FRAME / 2);
        flow_peer_begin(&second, &flow, "b", true);
        flow_peer_free(&second);
        flow_peer_free(&peer);
        flow_wait_for(flow.server.clients.count == 0);
        flow.server.limited[rows[i].limit] = 0;
    }
}

static void test_limits_given_bandwidth_of_players_used_up_then_no_further_one(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum srs_limit limit;
        bool of_stream;
    } rows[] = {
        {VHOST("out_bandwidth 500;"), SRS_LIMIT_OUT, false},
        {VHOST("out_bandwidth_per_stream 500;"), SRS_LIMIT_OUT_PER_STREAM, true},
        {"out_bandwidth_per_ip 500; " VHOST(""), SRS_LIMIT_OUT_PER_IP, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct flow_peer peer;
        struct flow_peer player;
        struct flow_peer second;
        flow_server_configure(&flow, rows[i].config);
        begin_frames(&peer, "a");
        flow_peer_begin(&player, &flow, "a", false);
        clock_jump(SRS_SEC);
        for (unsigned n = 0; n < 7; n++) {
            seconds_of(&peer, 1, FRAME);
            flow_peer_until(&player, player.last_size >= FRAME && player.video > n);
        }
        clock_jump(SRS_SEC);
        assert_player_refused("a");
        assert_met(rows[i].limit, 1);
        flow_peer_open(&second, &flow, "b", false);
        if (rows[i].of_stream) {
            assert_err(SRS_OK, flow_peer_start(&second), "another stream");
            flow_peer_free(&second);
        } else {
            assert_refused(&second, "NetStream.Play.Failed");
        }
        flow_peer_begin(&second, &flow, "c", true); // to publish is free
        flow_peer_free(&second);
        flow_peer_free(&player);
        flow_peer_free(&peer);
        flow_wait_for(flow.server.clients.count == 0);
        flow.server.limited[rows[i].limit] = 0;
    }
}

// The address that counts is the client's.
static void test_limits_given_another_address_then_it_has_its_own_bandwidth(void **state)
{
    (void)state;
    struct flow_peer peer;
    struct flow_peer other;
    struct srs_endpoint at;
    assert_err(SRS_OK, srs_endpoint_parse("10.0.0.1:1", &at), "address");
    flow_server_configure(&flow, "in_bandwidth_per_ip 700; " VHOST(""));
    begin_frames(&peer, "a");
    clock_jump(SRS_SEC);
    seconds_of(&peer, 5, FRAME);
    flow_peer_open(&other, &flow, "b", true);
    srs_conn_set_peer(other.other, &at);
    assert_err(SRS_OK, flow_peer_start(&other), "another address");
    flow_peer_free(&other);
    flow_peer_free(&peer);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_limits_given_all_publishers_then_one_more_is_refused),
        CASE(test_limits_given_all_players_then_one_more_is_refused),
        CASE(test_limits_given_all_players_over_http_then_503_and_place_is_given_back),
        CASE(test_limits_given_another_configuration_then_next_client_finds_it),
        CASE(test_limits_given_publisher_above_its_bandwidth_then_ended_after_some_seconds),
        CASE(test_limits_given_publisher_that_catches_up_then_it_stays),
        CASE(test_limits_given_bandwidth_of_publishers_used_up_then_no_further_one),
        CASE(test_limits_given_bandwidth_of_players_used_up_then_no_further_one),
        CASE(test_limits_given_another_address_then_it_has_its_own_bandwidth),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
