// Statistics: the list of clients, walks over it while they come and go, and bit rates.
#include "graph.h"
#include "server/stat/rate.h"
#include <stdio.h>

enum { CLIENTS = 5 };

static struct srs_server server;
static struct srs_source *source;
static struct srs_conn *conn;
static int peer = -1;
static struct srs_client clients[CLIENTS];

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

// Clients "0" to "4"; the second and the fourth publish.
static int setup_each(void **state)
{
    (void)state;
    graph_open(&server);
    source = graph_source(&server, "v", "a", "s");
    conn = graph_conn(&peer);
    for (size_t i = 0; i < CLIENTS; i++) {
        char id[4];
        struct srs_client_info info = {
            .type = "rtmp-play", .publish = i % 2 == 1, .source = source, .conn = conn};
        (void)snprintf(id, sizeof id, "%zu", i);
        srs_co_set_cid(id);
        assert_err(SRS_OK, srs_clients_add(&server.clients, &clients[i], &info), id);
    }
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLIENTS; i++)
        srs_clients_remove(&server.clients, &clients[i]);
    assert_int_equal(server.clients.count, 0);
    assert_true(srs_list_empty(&server.clients.publishers));
    assert_true(srs_list_empty(&server.clients.walks));
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
    graph_close(&server);
    return 0;
}

static void assert_next(struct srs_clients_walk *walk, const char *id)
{
    const struct srs_client *client = srs_clients_walk_next(&server.clients, walk);
    assert_string_equal(client != NULL ? client->id : "end", id);
}

static void leave(size_t i)
{
    srs_clients_remove(&server.clients, &clients[i]);
}

static void test_walk_given_clients_that_leave_then_it_goes_on(void **state)
{
    struct srs_clients_walk walk;
    struct srs_clients_walk other;
    (void)state;
    srs_clients_walk_begin(&server.clients, &walk);
    srs_clients_walk_begin(&server.clients, &other);
    assert_next(&walk, "0");
    leave(0); // the one that it is at
    leave(1); // the one that comes next
    leave(2); // and the one after it
    assert_next(&walk, "3");
    assert_next(&other, "3");
    leave(4); // the last
    assert_next(&walk, "end");
    assert_next(&walk, "end");
    assert_next(&other, "end");
    srs_clients_walk_end(&walk);
    srs_clients_walk_end(&other);
}

static void test_walk_given_a_newcomer_then_it_is_seen(void **state)
{
    struct srs_clients_walk walk;
    (void)state;
    leave(4);
    srs_clients_walk_begin(&server.clients, &walk);
    assert_next(&walk, "0");
    struct srs_client_info info = {.type = "rtmp-play", .source = source, .conn = conn};
    srs_co_set_cid("new");
    assert_err(SRS_OK, srs_clients_add(&server.clients, &clients[4], &info), "new");
    assert_next(&walk, "1");
    assert_next(&walk, "2");
    assert_next(&walk, "3");
    assert_next(&walk, "new");
    assert_next(&walk, "end");
    srs_clients_walk_end(&walk);
}

static void test_clients_given_publishers_then_found_by_source(void **state)
{
    struct srs_source *other = graph_source(&server, "v", "a", "other");
    (void)state;
    assert_ptr_equal(srs_clients_publisher(&server.clients, source), &clients[1]);
    assert_null(srs_clients_publisher(&server.clients, other));
    leave(1);
    assert_ptr_equal(srs_clients_publisher(&server.clients, source), &clients[3]);
    leave(3);
    assert_null(srs_clients_publisher(&server.clients, source));
    assert_string_equal(source->publisher_id, "3");
    assert_ptr_equal(srs_clients_find(&server.clients, "2"), &clients[2]);
    assert_null(srs_clients_find(&server.clients, "3"));
    srs_source_unref(other);
}

static void test_rate_given_samples_then_a_window_is_30_seconds(void **state)
{
    struct srs_rate rate = {0};
    (void)state;
    srs_rate_sample(&rate, 1000, 0, 5 * SRS_SEC);
    assert_int_equal(rate.in_kbps, 0);
    srs_rate_sample(&rate, 500000, 500000, 35 * SRS_SEC - 1); // a microsecond too early
    assert_int_equal(rate.in_kbps, 0);
    srs_rate_sample(&rate, 1000 + 3750000, 7500000, 35 * SRS_SEC);
    assert_int_equal(rate.in_kbps, 1000);
    assert_int_equal(rate.out_kbps, 2000);
    srs_rate_sample(&rate, 1000 + 3750000, 7500000, 65 * SRS_SEC); // silence
    assert_int_equal(rate.in_kbps, 0);
    assert_int_equal(rate.out_kbps, 0);
}

static void test_sources_given_samples_then_each_has_its_rate(void **state)
{
    struct srs_source *other = graph_source(&server, "v", "a", "other");
    (void)state;
    srs_sources_sample(server.sources, SRS_SEC);
    source->stats.bytes_in = 375000;
    other->stats.bytes_out = 750000;
    srs_sources_sample(server.sources, 31 * SRS_SEC);
    assert_int_equal(source->rate.in_kbps, 100);
    assert_int_equal(source->rate.out_kbps, 0);
    assert_int_equal(other->rate.in_kbps, 0);
    assert_int_equal(other->rate.out_kbps, 200);
    srs_source_unref(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_walk_given_clients_that_leave_then_it_goes_on),
        CASE(test_walk_given_a_newcomer_then_it_is_seen),
        CASE(test_clients_given_publishers_then_found_by_source),
        CASE(test_rate_given_samples_then_a_window_is_30_seconds),
        CASE(test_sources_given_samples_then_each_has_its_rate),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
