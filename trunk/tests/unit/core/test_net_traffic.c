// What connections of a kind carry together.
#include "core/net.h"
#include "test.h"
#include <sys/socket.h>
#include <unistd.h>

#define SOON (srs_now() + 20 * SRS_SEC)

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

static struct srs_conn *open_conn(int *peer)
{
    struct srs_conn *conn = NULL;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_err(SRS_OK, srs_conn_new(pair[0], &conn), "connection");
    *peer = pair[1];
    return conn;
}

static void say(int peer, const char *text)
{
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static void listen_to(struct srs_conn *conn, size_t size)
{
    struct srs_span got;
    assert_err(SRS_OK, srs_conn_read(conn, SOON, &got), "read");
    assert_int_equal(got.size, size);
}

static void test_traffic_given_connections_then_adds_up_and_outlives_them(void **state)
{
    struct srs_traffic traffic = {0};
    struct srs_traffic others = {0};
    int peers[3];
    struct srs_conn *conns[3];
    const struct srs_span words = {(const uint8_t *)"four", 4};
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        conns[i] = open_conn(&peers[i]);
    say(peers[0], "before");
    listen_to(conns[0], 6);
    srs_conn_set_traffic(conns[0], &traffic);
    srs_conn_set_traffic(conns[1], &traffic);
    srs_conn_set_traffic(conns[2], &others);
    assert_int_equal(traffic.in, 6); // what was read in front of it counts
    assert_int_equal(traffic.open, 2);
    say(peers[1], "abc");
    listen_to(conns[1], 3);
    assert_err(SRS_OK, srs_conn_write(conns[0], words, SOON), "write");
    assert_err(SRS_OK, srs_conn_write(conns[2], words, SOON), "write");
    srs_conn_free(conns[0]);
    assert_int_equal(traffic.in, 9);
    assert_int_equal(traffic.out, 4);
    assert_int_equal(traffic.opened, 2);
    assert_int_equal(traffic.open, 1);
    srs_conn_free(conns[1]);
    srs_conn_free(conns[2]);
    assert_int_equal(traffic.open, 0);
    assert_int_equal(others.out, 4);
    assert_int_equal(others.open, 0);
    assert_int_equal(others.opened, 1);
    for (unsigned i = 0; i < 3; i++)
        (void)close(peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traffic_given_connections_then_adds_up_and_outlives_them)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
