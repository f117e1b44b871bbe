// How peers end, and what a dialer finds: data with its end, half-closed and reset connections,
// nobody who listens, a full queue.
#include "core/net_side.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

// --- ends of peers ------------------------------------------------------------------------------

static void test_conn_given_data_and_end_in_one_event_200_times_then_both_are_seen(void **state)
{
    (void)state;
    static const uint8_t bytes[100];
    struct net_echo server;
    net_echo_start(&server);
    for (int i = 0; i < 200; i++) {
        struct srs_conn *conn = NULL;
        int fd = net_raw_dial(server.port);
        assert_err(SRS_OK, srs_conn_new(fd, &conn), "new");
        assert_err(SRS_OK, srs_conn_write(conn, (struct srs_span){bytes, sizeof bytes}, SOON), "");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        net_reads_then_ends(conn, sizeof bytes);
        srs_conn_free(conn);
    }
    net_echo_stop(&server);
}

static SRS_YIELDS srs_err give_and_leave(void *arg)
{
    static const uint8_t bytes[100];
    int fd = accept4(*(int *)arg, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || send(fd, bytes, sizeof bytes, 0) != sizeof bytes)
        net_miss("give", SRS_E_SOCKET_WRITE);
    (void)close(fd);
    return SRS_OK;
}

// The dialer's first event says connected, data and end at once; the end must not be forgotten.
static void test_dial_given_data_and_end_with_the_connect_then_both_are_seen(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    struct srs_conn *conn = NULL;
    int listener = net_raw_listen(8);
    struct srs_endpoint to = net_loopback(net_port_of(listener));
    net_start(&scope, give_and_leave, &listener);
    assert_err(SRS_OK, srs_conn_dial(&to, SOON, &conn), "dial");
    net_reads_then_ends(conn, 100);
    srs_conn_free(conn);
    srs_scope_close(&scope);
    (void)close(listener);
}

static void test_read_given_half_closed_peer_then_end_and_still_writable(void **state)
{
    (void)state;
    struct srs_conn *conn;
    char text[8];
    int peer;
    net_tcp(&conn, &peer);
    assert_int_equal(send(peer, "abc", 3, 0), 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    net_reads_then_ends(conn, 3);
    net_reads_then_ends(conn, 0); // and again
    assert_err(SRS_OK, srs_conn_write(conn, net_text_span("answer"), SOON), "write after its end");
    assert_int_equal(recv(peer, text, sizeof text, 0), 6);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_dial_given_nobody_listens_then_refused_with_errno(void **state)
{
    (void)state;
    int fd = net_raw_listen(-1); // bound, so that nobody else listens there
    struct srs_endpoint to = net_loopback(net_port_of(fd));
    struct srs_conn *conn = NULL;
    srs_err err = srs_conn_dial(&to, SOON, &conn);
    const struct srs_err_trace *story = srs_err_story(err);
    assert_non_null(story);
    assert_int_equal(story->frames[0].sys, ECONNREFUSED);
    assert_err(SRS_E_ST_CONNECT, err, "refused");
    assert_null(conn);
    (void)close(fd);
}

static void test_conn_given_reset_by_peer_then_read_and_write_fail_with_errno(void **state)
{
    (void)state;
    struct linger at_once = {.l_onoff = 1};
    struct srs_conn *conn;
    struct srs_span got;
    int peer;
    net_tcp(&conn, &peer);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(conn, srs_now() + SRS_MSEC, &got), "nothing");
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(peer);
    srs_err err = srs_conn_read(conn, SOON, &got);
    const struct srs_err_trace *story = srs_err_story(err);
    assert_non_null(story);
    assert_int_equal(story->frames[0].sys, ECONNRESET);
    assert_err(SRS_E_SOCKET_READ, err, "reset");
    assert_err(SRS_E_SOCKET_WRITE, srs_conn_write(conn, net_text_span("x"), SOON), "write");
    srs_conn_free(conn);
}

static void test_dial_given_full_accept_queue_then_times_out(void **state)
{
    (void)state;
    int listener = net_raw_listen(0);
    struct srs_endpoint to = net_loopback(net_port_of(listener));
    struct srs_conn *conns[8] = {NULL};
    int timed_out = 0;
    for (int i = 0; i < 8; i++) {
        srs_err err = srs_conn_dial(&to, srs_now() + 50 * SRS_MSEC, &conns[i]);
        timed_out += err == SRS_E_SOCKET_TIMEOUT ? 1 : 0;
        assert_true(err == SRS_OK || err == SRS_E_SOCKET_TIMEOUT);
        srs_err_drop(err, "counted");
    }
    assert_true(timed_out >= 5);
    for (int i = 0; i < 8; i++)
        srs_conn_free(conns[i]);
    (void)close(listener);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, net_setup_each, net_teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_conn_given_data_and_end_in_one_event_200_times_then_both_are_seen),
        CASE(test_dial_given_data_and_end_with_the_connect_then_both_are_seen),
        CASE(test_read_given_half_closed_peer_then_end_and_still_writable),
        CASE(test_dial_given_nobody_listens_then_refused_with_errno),
        CASE(test_conn_given_reset_by_peer_then_read_and_write_fail_with_errno),
        CASE(test_dial_given_full_accept_queue_then_times_out),
    };
    return cmocka_run_group_tests(tests, net_setup, NULL);
}
