// What is told in the background, to a back-end of the test's own: in the order of each client,
// again when it failed, and no more than is bounded.
#include "core/log.h"
#include "server/certs.h"
#include "server/hooks/hooks_priv.h"
#include "test.h"
#include <stdio.h>

#define SOON (srs_now() + 20 * SRS_SEC)

enum { CLIENTS = 50, EACH = 3, HEARD_MAX = 4096 };

static struct srs_config config;
static struct srs_certs certs;
static struct srs_server server;

static struct backend {
    struct srs_listener *listener;
    struct srs_scope scope;
    char url[64];
    unsigned fail; // so many requests are answered 503
    bool holds;
    unsigned heard;
    char bodies[HEARD_MAX][16];
} backend;

// --- the back-end -------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR answer(struct srs_conn *conn, struct srs_span in)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0";
    static const char bad[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    const uint8_t *body = memmem(in.bytes, in.size, "\r\n\r\n", 4);
    struct srs_span words = {(const uint8_t *)good, sizeof good - 1};
    assert_non_null(body);
    if (backend.holds)
        return srs_co_sleep(SRS_NEVER);
    if (backend.fail > 0) {
        backend.fail--;
        words = (struct srs_span){(const uint8_t *)bad, sizeof bad - 1};
    } else if (backend.heard < HEARD_MAX) {
        (void)snprintf(backend.bodies[backend.heard++], sizeof backend.bodies[0], "%.*s",
                       (int)(in.bytes + in.size - body - 4), (const char *)body + 4);
    }
    return srs_conn_write(conn, words, SOON);
}

static SRS_YIELDS srs_err serve_main(void *arg)
{
    struct srs_conn *conn = arg;
    struct srs_span in;
    srs_err err = SRS_OK;
    while (!err) {
        err = srs_conn_read(conn, SRS_NEVER, &in);
        if (!err)
            err = answer(conn, in);
    }
    srs_err_drop(err, "the test's server");
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
    memset(&backend, 0, sizeof backend);
    memset(&server, 0, sizeof server);
    server.config = &config;
    server.certs = &certs;
    assert_err(SRS_OK, srs_listener_open(&at, &backend.listener), "listener");
    at = srs_listener_endpoint(backend.listener);
    (void)snprintf(backend.url, sizeof backend.url, "http://127.0.0.1:%u/", srs_endpoint_port(&at));
    srs_scope_init(&backend.scope, "backend");
    assert_err(SRS_OK, srs_scope_spawn(&backend.scope, accept_main, NULL), "accept");
    assert_err(SRS_OK, srs_hooks_new(&server, &server.hooks), "hooks");
    return 0;
}

static int end(void **state)
{
    (void)state;
    srs_hooks_free(server.hooks, srs_now());
    srs_scope_close(&backend.scope);
    srs_listener_close(backend.listener);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_HOOK), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_FETCH), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_BUF), 0);
    return 0;
}

static void tell(unsigned client, unsigned number, srs_usec timeout)
{
    char id[SRS_CLIENT_ID];
    char body[16];
    const char *urls[] = {backend.url};
    const struct srs_config_words words = {.items = urls, .count = 1};
    struct srs_hook_message *message = NULL;
    (void)snprintf(id, sizeof id, "c%u", client);
    int size = snprintf(body, sizeof body, "c%u-%u", client, number);
    assert_err(SRS_OK, srs_hook_message_new(SRS_HOOK_STOP, &words, timeout, &message), "message");
    assert_err(SRS_OK, srs_buf_append(&message->body, body, (size_t)size, 1024), "body");
    srs_hooks_notify(server.hooks, id, "vhost", message);
}

static SRS_YIELDS void wait_told(void)
{
    for (srs_usec until = SOON; server.hooks->pending > 0 && srs_now() < until;)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "turn");
    assert_int_equal(server.hooks->pending, 0);
}

static uint64_t counted(enum srs_stat_outcome outcome)
{
    const struct srs_stat_callback *callback = srs_stat_callback_find(&server.stat, "on_stop");
    return callback != NULL ? callback->outcomes[outcome] : 0;
}

static void assert_each_in_order(void)
{
    unsigned next[CLIENTS] = {0};
    for (unsigned i = 0; i < backend.heard; i++) {
        unsigned client = 0;
        unsigned number = 0;
        assert_int_equal(sscanf(backend.bodies[i], "c%u-%u", &client, &number), 2);
        assert_true(client < CLIENTS);
        assert_int_equal(number, next[client]++);
    }
}

// --- cases --------------------------------------------------------------------------------------

static void test_notify_given_many_clients_then_each_in_its_order(void **state)
{
    (void)state;
    for (unsigned number = 0; number < EACH; number++)
        for (unsigned client = 0; client < CLIENTS; client++)
            tell(client, number, SRS_SEC);
    wait_told();
    assert_int_equal(backend.heard, CLIENTS * EACH);
    assert_each_in_order();
    assert_int_equal(counted(SRS_STAT_ALLOWED), CLIENTS * EACH);
    assert_int_equal(srs_stat_callback_find(&server.stat, "on_stop")->under_way, 0);
    assert_int_equal(counted(SRS_STAT_DROPPED), 0);
    assert_true(srs_list_empty(&server.hooks->groups));
}

static void test_notify_given_failures_then_again_and_still_in_order(void **state)
{
    (void)state;
    backend.fail = 3;
    for (unsigned number = 0; number < EACH; number++)
        for (unsigned client = 0; client < 3; client++)
            tell(client, number, SRS_SEC);
    wait_told();
    assert_int_equal(backend.heard, 3 * EACH);
    assert_each_in_order();
    assert_int_equal(counted(SRS_STAT_FAILED), 3); // of 503
    assert_int_equal(counted(SRS_STAT_REFUSED), 0);
}

static void test_notify_given_question_then_it_waits_until_told(void **state)
{
    (void)state;
    assert_err(SRS_OK, srs_hooks_wait_told(server.hooks, "c1", SOON), "nobody");
    for (unsigned number = 0; number < EACH; number++)
        tell(1, number, SRS_SEC);
    assert_err(SRS_OK, srs_hooks_wait_told(server.hooks, "c1", SOON), "told");
    assert_int_equal(backend.heard, EACH);
    backend.fail = 1;
    tell(1, EACH, SRS_SEC);
    assert_err(SRS_OK, srs_hooks_wait_told(server.hooks, "c1", SOON), "failed once");
    assert_int_equal(server.hooks->pending, 1);
    wait_told();
    backend.holds = true;
    tell(1, EACH + 1, SRS_NEVER / 2);
    assert_err(SRS_E_SOCKET_TIMEOUT,
               srs_hooks_wait_told(server.hooks, "c1", srs_now() + 50 * SRS_MSEC), "hangs");
}

static void test_notify_given_too_many_then_the_rest_is_lost(void **state)
{
    (void)state;
    enum { ALL = 8192 + 100 };
    backend.holds = true;
    for (unsigned i = 0; i < ALL; i++)
        tell(i % 7, i, SRS_SEC);
    assert_int_equal(server.hooks->pending, 8192);
    assert_int_equal(srs_stat_callback_find(&server.stat, "on_stop")->waiting, 8192);
    assert_int_equal(counted(SRS_STAT_DROPPED), 100);
    assert_int_equal(srs_live_count(SRS_LIVE_HOOK), 8192);
    srs_hooks_free(server.hooks, srs_now() + 50 * SRS_MSEC);
    assert_int_equal(counted(SRS_STAT_DROPPED), ALL);
    assert_int_equal(srs_stat_callback_find(&server.stat, "on_stop")->waiting, 0);
    server.hooks = NULL;
}

static void test_notify_given_end_then_what_can_be_is_told(void **state)
{
    (void)state;
    for (unsigned client = 0; client < CLIENTS; client++)
        tell(client, 0, SRS_SEC);
    srs_hooks_free(server.hooks, SOON);
    server.hooks = NULL;
    assert_int_equal(backend.heard, CLIENTS);
    assert_int_equal(counted(SRS_STAT_DROPPED), 0);
}

static void test_notify_given_end_and_failing_backend_then_once_more_and_no_longer(void **state)
{
    (void)state;
    backend.fail = 1000;
    for (unsigned client = 0; client < CLIENTS; client++)
        tell(client, 0, SRS_SEC);
    srs_usec began = srs_now();
    srs_hooks_free(server.hooks, SOON);
    server.hooks = NULL;
    assert_true(srs_now() - began < 10 * SRS_SEC);
    assert_int_equal(counted(SRS_STAT_DROPPED), CLIENTS);
    assert_int_equal(counted(SRS_STAT_FAILED), CLIENTS);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(test_notify_given_many_clients_then_each_in_its_order),
        CASE(test_notify_given_failures_then_again_and_still_in_order),
        CASE(test_notify_given_question_then_it_waits_until_told),
        CASE(test_notify_given_too_many_then_the_rest_is_lost),
        CASE(test_notify_given_end_then_what_can_be_is_told),
        CASE(test_notify_given_end_and_failing_backend_then_once_more_and_no_longer),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
