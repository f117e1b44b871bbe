// Connections counted by address.
#include "graph.h"
#include "server/stat/peers.h"
#include <stdio.h>

enum { MANY = 2000 };

static struct srs_endpoint endpoint(const char *text)
{
    struct srs_endpoint out;
    assert_err(SRS_OK, srs_endpoint_parse(text, &out), text);
    return out;
}

static srs_err enter(struct srs_peers *peers, const char *from, int64_t limit,
                     struct srs_peer **out)
{
    struct srs_endpoint at = endpoint(from);
    return srs_peers_add(peers, &at, limit, out);
}

static void test_peers_given_limit_then_one_more_is_refused(void **state)
{
    (void)state;
    struct srs_peers peers = {0};
    struct srs_peer *first;
    struct srs_peer *second;
    struct srs_peer *third;
    struct srs_peer *other;
    assert_int_equal(enter(&peers, "127.0.0.1:1", 2, &first), SRS_OK);
    assert_int_equal(enter(&peers, "127.0.0.1:2", 2, &second), SRS_OK);
    assert_int_equal(enter(&peers, "127.0.0.1:3", 2, &third), SRS_E_LIMIT);
    assert_null(third);
    assert_int_equal(enter(&peers, "127.0.0.2:1", 2, &other), SRS_OK);
    srs_peers_leave(first);
    assert_int_equal(enter(&peers, "127.0.0.1:3", 2, &third), SRS_OK);
    assert_int_equal(enter(&peers, "127.0.0.1:4", 2, &first), SRS_E_LIMIT);
    srs_peers_leave(second);
    srs_peers_leave(third);
    srs_peers_leave(other);
    assert_null(peers.table);
}

static void test_peers_given_no_limit_then_nothing_is_kept(void **state)
{
    (void)state;
    struct srs_peers peers = {0};
    struct srs_peer *peer;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(enter(&peers, "127.0.0.1:1", 0, &peer), SRS_OK);
        assert_null(peer);
        srs_peers_leave(peer);
    }
    assert_null(peers.table);
}

// The limit may change between two connections.
static void test_peers_given_lower_limit_then_those_there_stay(void **state)
{
    (void)state;
    struct srs_peers peers = {0};
    struct srs_peer *kept[3];
    struct srs_peer *none;
    for (int i = 0; i < 3; i++)
        assert_int_equal(enter(&peers, "127.0.0.1:1", 3, &kept[i]), SRS_OK);
    assert_int_equal(enter(&peers, "127.0.0.1:1", 1, &none), SRS_E_LIMIT);
    for (int i = 0; i < 3; i++)
        srs_peers_leave(kept[i]);
    assert_null(peers.table);
}

static void test_peers_given_pairs_of_addresses_then_same_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *one;
        const char *two;
        bool same;
    } pairs[] = {
        {"10.0.0.1:1", "10.0.0.1:65535", true},
        {"10.0.0.1:1", "10.0.1.1:1", false},
        {"10.0.0.1:1", "[::ffff:10.0.0.1]:1", true},
        {"[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:1", false},
        {"[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:2", true},
        {"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false},
        {"[::1]:1", "127.0.0.1:1", false},
    };
    for (size_t i = 0; i < SRS_COUNT(pairs); i++) {
        struct srs_peers peers = {0};
        struct srs_peer *one;
        struct srs_peer *two;
        assert_err(SRS_OK, enter(&peers, pairs[i].one, 1, &one), pairs[i].one);
        srs_err err = enter(&peers, pairs[i].two, 1, &two);
        if ((err == SRS_E_LIMIT) != pairs[i].same)
            fail_msg("%s and %s", pairs[i].one, pairs[i].two);
        srs_peers_leave(one);
        srs_peers_leave(two);
        assert_null(peers.table);
    }
}

static void test_peers_given_many_addresses_then_each_is_found(void **state)
{
    (void)state;
    static struct srs_peer *known[MANY];
    struct srs_peers peers = {0};
    struct srs_peer *again;
    char text[64];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof text, "10.1.%d.%d:80", i / 256, i % 256);
        assert_int_equal(enter(&peers, text, 1, &known[i]), SRS_OK);
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof text, "10.1.%d.%d:81", i / 256, i % 256);
        assert_int_equal(enter(&peers, text, 1, &again), SRS_E_LIMIT);
    }
    for (int i = 0; i < MANY; i++)
        srs_peers_leave(known[i]);
    assert_null(peers.table);
}

static void test_peers_given_connections_then_counted_until_freed(void **state)
{
    (void)state;
    struct srs_peers peers = {0};
    int ends[3];
    struct srs_conn *one = graph_conn(&ends[0]);
    struct srs_conn *two = graph_conn(&ends[1]);
    struct srs_conn *three = graph_conn(&ends[2]);
    assert_int_equal(srs_peers_enter(&peers, three, 0), SRS_OK); // not counted
    assert_int_equal(srs_peers_enter(&peers, one, 1), SRS_OK);
    assert_int_equal(srs_peers_enter(&peers, one, 1), SRS_OK); // in its own place
    assert_int_equal(srs_peers_enter(&peers, two, 1), SRS_E_LIMIT);
    srs_conn_free(two);
    srs_conn_free(three);
    assert_non_null(peers.table);
    srs_conn_free(one);
    assert_null(peers.table);
    for (size_t i = 0; i < SRS_COUNT(ends); i++)
        (void)close(ends[i]);
}

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init() == SRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers_given_limit_then_one_more_is_refused),
        cmocka_unit_test(test_peers_given_no_limit_then_nothing_is_kept),
        cmocka_unit_test(test_peers_given_lower_limit_then_those_there_stay),
        cmocka_unit_test(test_peers_given_pairs_of_addresses_then_same_or_not),
        cmocka_unit_test(test_peers_given_many_addresses_then_each_is_found),
        cmocka_unit_test(test_peers_given_connections_then_counted_until_freed),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
