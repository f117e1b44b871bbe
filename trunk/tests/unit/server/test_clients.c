// One client of the list: what is copied of it, how it is found and ended, and what a failure
// leaves (walks and rates are in test_stat.c).
#include "graph.h"
#include "server/stat/clients.h"

static struct srs_server server;
static struct srs_source *source;
static struct srs_conn *conn;
static int peer = -1;

static int setup(void **state)
{
    (void)state;
    graph_open(&server);
    source = graph_source(&server, "v", "a", "s");
    conn = graph_conn(&peer);
    srs_co_set_cid("cid1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(server.clients.count, 0);
    assert_int_equal(source->refs, 1);
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
    graph_close(&server);
    return 0;
}

static struct srs_client_info info_of(bool publish)
{
    return (struct srs_client_info){.type = "rtmp-play",
                                    .publish = publish,
                                    .source = source,
                                    .conn = conn,
                                    .tc_url = "rtmp://h/a",
                                    .page_url = "",
                                    .swf_url = "s",
                                    .name = "n"};
}

static void test_clients_given_one_then_copied_found_and_forgotten(void **state)
{
    (void)state;
    struct srs_client client;
    struct srs_client_info info = info_of(true);
    char name[] = "name";
    info.name = name;
    assert_err(SRS_OK, srs_clients_add(&server.clients, &client, &info), "add");
    name[0] = 'X';
    assert_string_equal(client.name, "name");
    assert_string_equal(client.tc_url, "rtmp://h/a");
    assert_null(client.page_url); // "" is none
    assert_string_equal(client.id, "cid1");
    assert_string_equal(source->publisher_id, "cid1");
    assert_ptr_equal(srs_clients_find(&server.clients, "cid1"), &client);
    assert_null(srs_clients_find(&server.clients, "cid"));
    assert_ptr_equal(srs_clients_publisher(&server.clients, source), &client);
    assert_int_equal(source->refs, 2);
    srs_clients_remove(&server.clients, &client);
    srs_clients_remove(&server.clients, &client); // harmless
    assert_null(srs_clients_find(&server.clients, "cid1"));
    assert_null(srs_clients_publisher(&server.clients, source));
    assert_int_equal(server.clients.total, 1);
}

static void test_clients_given_no_memory_then_not_added_and_nothing_held(void **state)
{
    (void)state;
    struct srs_client_info info = info_of(false);
    for (unsigned n = 1; n <= 3; n++) { // its three texts
        struct srs_client client;
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY, srs_clients_add(&server.clients, &client, &info), "text");
        srs_mem_fail_after(0);
        srs_clients_remove(&server.clients, &client); // harmless
        assert_int_equal(server.clients.total, 0);
    }
}

static srs_err play(void *arg)
{
    struct srs_client *client = arg;
    struct srs_client_info info = info_of(false);
    srs_err err = srs_clients_add(&server.clients, client, &info);
    if (!err)
        err = srs_co_sleep(SRS_NEVER);
    srs_clients_remove(&server.clients, client);
    srs_err_drop(err, "seen in the client");
    return SRS_OK;
}

static void test_clients_given_a_kick_then_its_coroutine_ends(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct srs_client client = {.kicked = SRS_OK};
    srs_scope_init(&scope, "clients");
    assert_err(SRS_OK, srs_scope_spawn(&scope, play, &client), "spawn");
    assert_err(SRS_OK, srs_co_breathe(), "it plays");
    assert_int_equal(server.clients.count, 1);
    srs_client_kick(&client, SRS_E_VHOST_GONE);
    assert_int_equal(client.kicked, SRS_E_VHOST_GONE);
    for (int i = 0; i < 3 && scope.count > 0; i++)
        assert_err(SRS_OK, srs_co_breathe(), "it ends");
    assert_int_equal(scope.count, 0);
    assert_int_equal(server.clients.count, 0);
    srs_scope_close(&scope);
}

static void test_clients_given_types_and_ends_then_counted_by_kind(void **state)
{
    static const struct {
        srs_err end;
        srs_err kick;
        unsigned errors; // so far
    } rows[] = {{SRS_OK, SRS_OK, 0},
                {SRS_E_CANCELED, SRS_OK, 0},
                {SRS_E_SOCKET_READ, SRS_OK, 0},
                {SRS_E_RTMP_STATE, SRS_OK, 1},
                {SRS_E_SEND_TIMEOUT, SRS_OK, 2},
                {SRS_E_KICKED, SRS_E_KICKED, 2}};
    struct srs_client publisher;
    struct srs_client_info info = info_of(true);
    (void)state;
    info.type = "fmle-publish";
    assert_err(SRS_OK, srs_clients_add(&server.clients, &publisher, &info), "add");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_client player;
        info = info_of(false);
        assert_err(SRS_OK, srs_clients_add(&server.clients, &player, &info), "add");
        player.kicked = rows[i].kick;
        srs_clients_note_end(&server.clients, &player, rows[i].end);
        assert_int_equal(player.kind->now, 1);
        srs_clients_remove(&server.clients, &player);
        srs_clients_note_end(&server.clients, &player,
                             SRS_E_RTMP_STATE); // it is no client any more
        assert_int_equal(server.clients.errors, rows[i].errors);
    }
    const struct srs_client_kind *kind = srs_clients_kind(&server.clients, "rtmp-play", false);
    assert_int_equal(kind->now, 0);
    assert_int_equal(kind->total, SRS_COUNT(rows));
    assert_int_equal(kind->errors, 2);
    assert_int_equal(server.clients.kind_count, 2);
    kind = srs_clients_kind(&server.clients, "fmle-publish", true);
    assert_true(kind->publish && kind == publisher.kind);
    assert_int_equal(kind->errors, 0);
    srs_clients_remove(&server.clients, &publisher);
}

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clients_given_one_then_copied_found_and_forgotten),
        TEST(test_clients_given_no_memory_then_not_added_and_nothing_held),
        TEST(test_clients_given_a_kick_then_its_coroutine_ends),
        TEST(test_clients_given_types_and_ends_then_counted_by_kind),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
