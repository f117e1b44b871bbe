// Who publishes and plays, counted by address, vhost and stream; rates over the last samples.
#include "graph.h"
#include "server/stat/usage.h"
#include <stdio.h>

enum { MANY = 2500, SECOND_BYTES = 12500 }; // a second of 100 kbps

static struct srs_usage usage;
static struct srs_conn *conn;
static int other_end;

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    usage = (struct srs_usage){.at = 0};
    conn = graph_conn(&other_end);
    return 0;
}

static void assert_empty(void)
{
    for (unsigned kind = 0; kind < SRS_USAGE_KINDS; kind++)
        assert_null(usage.tables[kind]);
    assert_int_equal(usage.place_count, 0);
    assert_int_equal(usage.entry_count, 0);
}

static int teardown(void **state)
{
    (void)state;
    srs_mem_fail_after(0);
    assert_empty();
    srs_conn_free(conn);
    (void)close(other_end);
    return 0;
}

static srs_err enter(struct srs_place *place, const char *vhost, const char *stream, bool publish)
{
    struct srs_usage_client client = {
        .conn = conn, .vhost = vhost, .app = "live", .stream = stream, .publish = publish};
    *place = (struct srs_place){.usage = NULL};
    return srs_usage_enter(&usage, &client, place);
}

static void come_from(const char *address)
{
    struct srs_endpoint at;
    assert_err(SRS_OK, srs_endpoint_parse(address, &at), address);
    srs_conn_set_peer(conn, &at);
}

static void send_bytes(size_t size)
{
    static const uint8_t bytes[SECOND_BYTES];
    static uint8_t got[SECOND_BYTES];
    struct iovec iov = srs_iov(bytes, size);
    size_t written = 0;
    assert_true(size <= sizeof bytes);
    assert_err(SRS_OK, srs_conn_write_now(conn, &iov, 1, &written), "write");
    assert_int_equal(written, size);
    assert_int_equal(recv(other_end, got, size, MSG_WAITALL), size);
}

static void receive_bytes(size_t size)
{
    static const uint8_t bytes[4096];
    struct srs_span got;
    assert_true(size <= sizeof bytes);
    assert_int_equal(write(other_end, bytes, size), size);
    assert_err(SRS_OK, srs_conn_read(conn, SRS_NEVER, &got), "read");
    assert_int_equal(got.size, size);
}

static void sample(srs_usec now)
{
    assert_err(SRS_OK, srs_usage_sample(&usage, now), "sample");
}

// --- who is there -------------------------------------------------------------------------------

static void assert_counts(const struct srs_place *place, enum srs_usage_kind kind,
                          unsigned publishers, unsigned players)
{
    const struct srs_used *used = srs_place_used(place, kind);
    assert_int_equal(used->publishers, publishers);
    assert_int_equal(used->players, players);
}

static void test_usage_given_clients_then_counted_until_they_leave(void **state)
{
    (void)state;
    struct srs_place publisher;
    struct srs_place player;
    struct srs_place other_stream;
    struct srs_place other_vhost;
    come_from("10.0.0.1:1");
    assert_int_equal(enter(&publisher, "a", "s", true), SRS_OK);
    come_from("10.0.0.2:1");
    assert_int_equal(enter(&player, "a", "s", false), SRS_OK);
    assert_int_equal(enter(&other_stream, "a", "t", false), SRS_OK);
    assert_int_equal(enter(&other_vhost, "b", "s", false), SRS_OK);
    assert_counts(&publisher, SRS_USAGE_ADDRESS, 1, 0);
    assert_counts(&player, SRS_USAGE_ADDRESS, 0, 3);
    assert_counts(&player, SRS_USAGE_VHOST, 1, 2);
    assert_counts(&player, SRS_USAGE_STREAM, 1, 1);
    assert_counts(&other_stream, SRS_USAGE_STREAM, 0, 1);
    assert_counts(&other_vhost, SRS_USAGE_VHOST, 0, 1);
    assert_int_equal(usage.entry_count, 2 + 2 + 3);
    assert_ptr_equal(srs_usage_stream(&usage, "a/live/s"),
                     srs_place_used(&publisher, SRS_USAGE_STREAM));
    srs_usage_leave(&publisher);
    srs_usage_leave(&publisher); // harmless
    assert_counts(&player, SRS_USAGE_VHOST, 0, 2);
    assert_counts(&player, SRS_USAGE_STREAM, 0, 1);
    srs_usage_leave(&player);
    assert_null(srs_usage_stream(&usage, "a/live/s"));
    srs_usage_leave(&other_stream);
    srs_usage_leave(&other_vhost);
}

static void test_usage_given_names_that_look_alike_then_apart(void **state)
{
    (void)state;
    struct srs_place stream;
    struct srs_place vhost;
    assert_int_equal(enter(&stream, "a", "s", false), SRS_OK);
    assert_int_equal(enter(&vhost, "a/live/s", "t", false), SRS_OK);
    assert_counts(&stream, SRS_USAGE_STREAM, 0, 1);
    assert_counts(&vhost, SRS_USAGE_VHOST, 0, 1);
    srs_usage_leave(&stream);
    srs_usage_leave(&vhost);
}

static void test_usage_given_no_memory_or_long_name_then_nothing_is_kept(void **state)
{
    (void)state;
    struct srs_place place;
    char name[SRS_STREAM_NAME_MAX];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(enter(&place, "a", name, true), SRS_E_LIMIT);
    assert_null(place.usage);
    name[SRS_STREAM_NAME_MAX - 1 - strlen("a/live/")] = '\0';
    assert_int_equal(enter(&place, "a", name, true), SRS_OK);
    srs_usage_leave(&place);
    for (unsigned n = 1; n <= SRS_USAGE_KINDS; n++) {
        srs_mem_fail_after(n);
        assert_int_equal(enter(&place, "a", "s", true), SRS_E_NO_MEMORY);
        assert_null(place.usage);
        assert_empty();
    }
}

// --- rates --------------------------------------------------------------------------------------

static void test_usage_given_bytes_then_rates_are_averages_of_the_window(void **state)
{
    (void)state;
    struct srs_place place;
    srs_usec now = 1000 * SRS_SEC;
    send_bytes(777); // before it came
    assert_int_equal(enter(&place, "a", "s", false), SRS_OK);
    const struct srs_used *used = srs_place_used(&place, SRS_USAGE_VHOST);
    send_bytes(SECOND_BYTES);
    sample(now); // the first begins
    assert_int_equal(used->out_kbps, 0);
    for (unsigned i = 0; i < SRS_USAGE_WINDOW; i++) {
        send_bytes(SECOND_BYTES);
        sample(now += SRS_SEC);
        assert_int_equal(used->out_kbps, 20 * (i + 1));
    }
    receive_bytes(1250);
    sample(now += SRS_SEC);
    assert_int_equal(used->out_kbps, 80);
    assert_int_equal(used->in_kbps, 2);
    for (unsigned i = 1; i < SRS_USAGE_WINDOW; i++)
        sample(now += SRS_SEC);
    assert_int_equal(used->out_kbps, 0);
    assert_int_equal(used->in_kbps, 2);
    sample(now + SRS_SEC);
    assert_int_equal(used->in_kbps, 0);
    srs_usage_leave(&place);
}

// Whoever is new is not taken for one that sent nothing before and much now.
static void test_usage_given_pause_then_window_begins_anew(void **state)
{
    (void)state;
    struct srs_place place;
    srs_usec now = 1000 * SRS_SEC;
    assert_int_equal(enter(&place, "a", "s", false), SRS_OK);
    const struct srs_used *used = srs_place_used(&place, SRS_USAGE_ADDRESS);
    sample(now);
    send_bytes(SECOND_BYTES);
    sample(now += SRS_SEC);
    assert_int_equal(used->out_kbps, 20);
    for (unsigned i = 0; i < 60; i++)
        send_bytes(SECOND_BYTES);
    sample(now += 60 * SRS_SEC);
    assert_int_equal(used->out_kbps, 0);
    send_bytes(SECOND_BYTES / 2);
    sample(now + SRS_SEC);
    assert_int_equal(used->out_kbps, 10);
    srs_usage_leave(&place);
}

static void test_usage_given_one_that_leaves_then_its_bytes_count(void **state)
{
    (void)state;
    struct srs_place place;
    struct srs_place stays;
    assert_int_equal(enter(&stays, "a", "s", false), SRS_OK);
    struct srs_conn *first = conn;
    int first_end = other_end;
    conn = graph_conn(&other_end);
    sample(1000 * SRS_SEC);
    assert_int_equal(enter(&place, "a", "t", false), SRS_OK);
    send_bytes(SECOND_BYTES);
    srs_usage_leave(&place);
    sample(1001 * SRS_SEC);
    assert_int_equal(srs_place_used(&stays, SRS_USAGE_VHOST)->out_kbps, 20);
    assert_int_equal(srs_place_used(&stays, SRS_USAGE_STREAM)->out_kbps, 0);
    srs_usage_leave(&stays);
    srs_conn_free(first);
    (void)close(first_end);
}

static void test_usage_given_new_publisher_then_above_is_forgotten(void **state)
{
    (void)state;
    struct srs_place player;
    struct srs_place publisher;
    assert_int_equal(enter(&player, "a", "s", false), SRS_OK);
    srs_usage_stream(&usage, "a/live/s")->above = 3;
    struct srs_place second;
    assert_int_equal(enter(&second, "a", "s", false), SRS_OK);
    assert_int_equal(srs_usage_stream(&usage, "a/live/s")->above, 3);
    assert_int_equal(enter(&publisher, "a", "s", true), SRS_OK);
    assert_int_equal(srs_usage_stream(&usage, "a/live/s")->above, 0);
    srs_usage_leave(&publisher);
    srs_usage_leave(&second);
    srs_usage_leave(&player);
}

// --- while others run ---------------------------------------------------------------------------

static struct srs_place many[MANY];

static SRS_YIELDS srs_err leave_meanwhile(void *arg)
{
    const bool *over = arg;
    for (unsigned i = 0; i < MANY; i += 2) {
        srs_usage_leave(&many[i]);
        if (i % 500 == 0) {
            srs_err err = srs_co_breathe();
            if (err)
                return err;
        }
        if (*over)
            return SRS_OK;
    }
    return SRS_OK;
}

static void test_usage_given_many_who_leave_during_a_sample_then_rates_are_right(void **state)
{
    (void)state;
    struct srs_scope scope;
    char name[16];
    bool over = false;
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        assert_int_equal(enter(&many[i], "a", name, false), SRS_OK);
    }
    srs_scope_init(&scope, "leaving");
    sample(1000 * SRS_SEC);
    send_bytes(5000); // each place counts the same connection
    assert_err(SRS_OK, srs_scope_spawn(&scope, leave_meanwhile, &over), "leaving");
    sample(1001 * SRS_SEC);
    assert_true(usage.place_count < MANY); // it ran in between
    assert_true(usage.place_count > 0);
    over = true;
    srs_scope_close(&scope);
    assert_int_equal(srs_place_used(&many[1], SRS_USAGE_STREAM)->out_kbps, 8);
    assert_int_equal(srs_place_used(&many[MANY - 1], SRS_USAGE_STREAM)->out_kbps, 8);
    assert_int_equal(srs_place_used(&many[1], SRS_USAGE_VHOST)->out_kbps, MANY * 8);
    for (unsigned i = 0; i < MANY; i++)
        srs_usage_leave(&many[i]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_usage_given_clients_then_counted_until_they_leave),
        CASE(test_usage_given_names_that_look_alike_then_apart),
        CASE(test_usage_given_no_memory_or_long_name_then_nothing_is_kept),
        CASE(test_usage_given_bytes_then_rates_are_averages_of_the_window),
        CASE(test_usage_given_pause_then_window_begins_anew),
        CASE(test_usage_given_one_that_leaves_then_its_bytes_count),
        CASE(test_usage_given_new_publisher_then_above_is_forgotten),
        CASE(test_usage_given_many_who_leave_during_a_sample_then_rates_are_right),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
