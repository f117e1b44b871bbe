// Much at a time: bulk both ways with backpressure, connections that are closed under their users
// at random, thousands in one process.
#include "core/net_side.h"
#include <stdlib.h>
#include <sys/resource.h>

#ifdef SRS_ASAN
enum { DUPLEX_BYTES = 16 << 20, MANY = 3000 };
#else
enum { DUPLEX_BYTES = 64 << 20, MANY = 9500 };
#endif

static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

// --- bulk ---------------------------------------------------------------------------------------

struct flow {
    struct srs_conn *conn;
    uint32_t seed;
    size_t done;
    bool stops; // takes a break now and then, so that the writer is held back
};

static SRS_YIELDS srs_err write_pattern(void *arg)
{
    struct flow *flow = arg;
    uint32_t *words = malloc(65536);
    srs_err err = SRS_OK;
    while (!err && flow->done < DUPLEX_BYTES) {
        for (size_t i = 0; i < 65536 / sizeof *words; i++)
            words[i] = random_next(&flow->seed);
        err = srs_conn_write(flow->conn, (struct srs_span){(uint8_t *)words, 65536}, SOON);
        flow->done += 65536;
    }
    free(words);
    if (err)
        net_miss("duplex write", err);
    return srs_bare(SRS_OK);
}

static SRS_YIELDS srs_err read_pattern(void *arg)
{
    struct flow *flow = arg;
    uint32_t word = 0;
    unsigned reads = 0;
    while (flow->done < DUPLEX_BYTES) {
        struct srs_span got;
        srs_err err = srs_conn_read(flow->conn, SOON, &got);
        for (size_t i = 0; !err && i < got.size; i++, flow->done++, word >>= 8) {
            if (flow->done % 4 == 0)
                word = random_next(&flow->seed);
            if (got.bytes[i] != (word & 0xff))
                err = SRS_E_SOCKET_READ;
        }
        if (!err && flow->stops && ++reads % 50 == 0)
            err = srs_co_sleep(srs_now() + SRS_MSEC);
        if (err) {
            net_miss("duplex read or content", err);
            break;
        }
    }
    return srs_bare(SRS_OK);
}

static void test_conn_given_bulk_both_ways_with_backpressure_then_content_is_right(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    uint16_t port;
    struct srs_listener *listener = net_listen(&port);
    struct srs_endpoint to = net_loopback(port);
    struct srs_conn *a = NULL;
    struct srs_conn *b = NULL;
    assert_err(SRS_OK, srs_conn_dial(&to, SOON, &a), "dial");
    assert_err(SRS_OK, srs_listener_accept(listener, &b), "accept");
    struct flow flows[4] = {{a, 1, 0, false}, {b, 1, 0, true}, {b, 2, 0, false}, {a, 2, 0, true}};
    for (int i = 0; i < 4; i++)
        net_start(&scope, i % 2 == 0 ? write_pattern : read_pattern, &flows[i]);
    while (scope.count > 0)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "wait");
    srs_scope_close(&scope);
    for (int i = 0; i < 4; i++)
        assert_int_equal(flows[i].done, DUPLEX_BYTES);
    assert_int_equal(srs_conn_bytes_in(a), DUPLEX_BYTES);
    assert_int_equal(srs_conn_bytes_out(a), DUPLEX_BYTES);
    srs_conn_free(a);
    srs_conn_free(b);
    srs_listener_close(listener);
}

// --- many ---------------------------------------------------------------------------------------

enum { CHURNERS = 64, CHURN_ROUNDS = 300 };

static struct {
    uint16_t port;
    struct srs_conn *slots[CHURNERS];
    unsigned done;
    unsigned echoed;
    unsigned killed;
    uint32_t seed;
} churn;

static SRS_YIELDS SRS_ERR check_echo(struct srs_conn *conn, const uint8_t *bytes, size_t size)
{
    size_t have = 0;
    srs_err err = srs_conn_write(conn, (struct srs_span){bytes, size}, SOON);
    while (!err && have < size) {
        struct srs_span got;
        err = srs_conn_read(conn, SOON, &got);
        if (!err && (got.size > size - have || memcmp(got.bytes, bytes + have, got.size) != 0))
            return srs_fail(SRS_E_LIMIT, "other bytes came back");
        have += err ? 0 : got.size;
    }
    return err;
}

static SRS_YIELDS srs_err churn_one(void *arg)
{
    struct srs_conn **slot = arg;
    struct srs_endpoint to = net_loopback(churn.port);
    for (int i = 0; i < CHURN_ROUNDS; i++) {
        uint8_t bytes[512];
        size_t size = 1 + random_next(&churn.seed) % sizeof bytes;
        memset(bytes, (int)random_next(&churn.seed), sizeof bytes);
        srs_err err = srs_conn_dial(&to, SOON, slot);
        if (err) {
            net_miss("churn dial", err);
            continue;
        }
        err = check_echo(*slot, bytes, size);
        if (err == SRS_E_SOCKET_CLOSED) // by the killer, who has freed it
            continue;
        if (err)
            net_miss("churn echo", err);
        churn.echoed++;
        srs_conn_free(*slot);
        *slot = NULL;
    }
    churn.done++;
    return srs_bare(SRS_OK);
}

// Looks at each net_turn: the churners move in step, and a timer would meet one phase only.
static SRS_YIELDS srs_err kill_some(void *arg)
{
    (void)arg;
    srs_err err = SRS_OK;
    while (!err && churn.done < CHURNERS) {
        struct srs_conn **slot = &churn.slots[random_next(&churn.seed) % CHURNERS];
        if (*slot != NULL && random_next(&churn.seed) % 4 == 0) {
            churn.killed++;
            srs_conn_free(*slot);
            *slot = NULL;
        }
        err = srs_co_breathe();
    }
    return err;
}

static void test_conn_given_churn_with_random_killer_then_others_are_unharmed(void **state)
{
    (void)state;
    struct net_echo server;
    struct srs_scope scope = {0};
    net_echo_start(&server);
    memset(&churn, 0, sizeof churn);
    churn.port = server.port;
    churn.seed = 12345;
    net_start(&scope, kill_some, NULL);
    for (int i = 0; i < CHURNERS; i++)
        net_start(&scope, churn_one, &churn.slots[i]);
    while (churn.done < CHURNERS)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 5 * SRS_MSEC), "wait");
    srs_scope_close(&scope);
    net_echo_stop(&server);
    assert_true(churn.killed > 0);
    assert_int_equal(churn.echoed + churn.killed, CHURNERS * CHURN_ROUNDS);
}

static struct {
    uint16_t port;
    unsigned clients;
    unsigned finished;
    struct srs_event all_finished;
    uint32_t seed;
} many;

static SRS_YIELDS srs_err client_of_many(void *arg)
{
    (void)arg;
    struct srs_endpoint to = net_loopback(many.port);
    struct srs_conn *conn = NULL;
    srs_err err = srs_conn_dial(&to, SOON, &conn);
    for (int round = 0; !err && round < 5; round++) {
        uint8_t bytes[600];
        size_t size = 1 + random_next(&many.seed) % sizeof bytes;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&many.seed);
        err = check_echo(conn, bytes, size);
    }
    if (err)
        net_miss("one of many", err);
    many.finished++;
    if (many.finished == many.clients)
        srs_event_signal(&many.all_finished);
    while (many.finished < many.clients) // all stay connected until then
        if (srs_event_wait(&many.all_finished, SRS_NEVER) != SRS_OK)
            break;
    srs_conn_free(conn);
    return srs_bare(SRS_OK);
}

static void test_conn_given_thousands_in_one_process_then_all_are_served(void **state)
{
    (void)state;
    struct rlimit files;
    struct net_echo server;
    struct srs_scope scope = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    many.clients = MANY;
    if (files.rlim_cur < 2 * MANY + 100)
        many.clients = (unsigned)(files.rlim_cur - 100) / 2;
    many.finished = 0;
    many.seed = 99;
    net_echo_start(&server);
    many.port = server.port;
    for (unsigned i = 0; i < many.clients; i++) {
        net_start(&scope, client_of_many, NULL);
        if (i % 200 == 199)
            net_turn();
    }
    while (scope.count > 0 && net_misses() == 0)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 10 * SRS_MSEC), "wait");
    srs_scope_close(&scope);
    net_echo_stop(&server);
    assert_int_equal(server.accepted, many.clients);
    assert_int_equal(server.most, many.clients);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, net_setup_each, net_teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_conn_given_bulk_both_ways_with_backpressure_then_content_is_right),
        CASE(test_conn_given_churn_with_random_killer_then_others_are_unharmed),
        CASE(test_conn_given_thousands_in_one_process_then_all_are_served),
    };
    return cmocka_run_group_tests(tests, net_setup, NULL);
}
