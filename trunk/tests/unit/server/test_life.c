// From signals to requests, the steps of a graceful quit, and starts that must fail. Signals are
// sent to this process; the waits of the configuration are 0, so that nothing takes time.
#include "core/log.h"
#include "core/signals.h"
#include "server/life/life_priv.h"
#include "server/stat/clients.h"
#include "test.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct srs_config config;
static struct srs_config *current = &config;
static struct srs_clients clients;
static struct srs_life *life;

static int start_all(void **state)
{
    (void)state;
    srs_log_set_level(SRS_LOG_NONE);
    (void)unsetenv("NOTIFY_SOCKET");
    srs_signals_block();
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    struct srs_background_outcome outcome;
    config = (struct srs_config){.life = {.work_dir = "./", .pid = "", .user = "", .group = ""}};
    srs_clients_init(&clients);
    assert_err(SRS_OK, srs_life_begin(&config, &life, &outcome), "begin");
    assert_false(outcome.is_parent);
    assert_err(SRS_OK, srs_life_watch(life, &current, &clients), "watch");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_life_close(life);
    srs_life_free(life);
    return srs_live_count(SRS_LIVE_CO) == 0 ? 0 : -1;
}

static void raise_here(int sig)
{
    assert_int_equal(kill(getpid(), sig), 0);
}

static void assert_next(enum srs_life_request want, const char *why)
{
    enum srs_life_request got = SRS_LIFE_REQUESTS;
    assert_err(SRS_OK, srs_life_next(life, &got), why);
    if (got != want)
        fail_msg("%s: request %d", why, (int)got);
}

// Everyone who is ready has run, and a request is not there.
static void assert_quiet(const char *why)
{
    for (int i = 0; i < 20; i++)
        assert_err(SRS_OK, srs_co_breathe(), why);
    if (life->pending != 0)
        fail_msg("%s: requests %x", why, life->pending);
}

static void leave_all(void)
{
    clients.count = 0;
    srs_event_signal(&clients.left);
}

static void test_life_given_signals_then_requests(void **state)
{
    (void)state;
    raise_here(SIGHUP);
    assert_next(SRS_LIFE_RELOAD, "HUP");
    raise_here(SIGUSR1);
    raise_here(SIGUSR2);
    assert_quiet("USR1, USR2");
    raise_here(SIGTERM);
    assert_next(SRS_LIFE_STOP, "TERM");
    raise_here(SIGINT);
    assert_next(SRS_LIFE_STOP, "INT");
}

static void test_life_given_several_requests_then_the_end_goes_first(void **state)
{
    (void)state;
    srs_life_ask(life, SRS_LIFE_RELOAD);
    srs_life_ask(life, SRS_LIFE_RELOAD);
    srs_life_ask(life, SRS_LIFE_STOP);
    srs_life_ask(life, SRS_LIFE_CLOSE_LISTENERS);
    assert_next(SRS_LIFE_STOP, "stop");
    assert_next(SRS_LIFE_CLOSE_LISTENERS, "listeners");
    assert_next(SRS_LIFE_RELOAD, "reload");
    assert_quiet("two of a kind are one");
}

static void test_life_given_quit_without_clients_then_both_steps(void **state)
{
    (void)state;
    raise_here(SIGQUIT);
    assert_next(SRS_LIFE_CLOSE_LISTENERS, "first");
    assert_next(SRS_LIFE_STOP, "then");
}

static void test_life_given_quit_then_last_client_is_waited_for(void **state)
{
    (void)state;
    clients.count = 2;
    raise_here(SIGQUIT);
    assert_next(SRS_LIFE_CLOSE_LISTENERS, "first");
    assert_quiet("two are there");
    clients.count = 1;
    srs_event_signal(&clients.left);
    assert_quiet("one is there");
    leave_all();
    assert_next(SRS_LIFE_STOP, "nobody is there");
}

static void test_life_given_client_that_begins_in_the_final_wait_then_waited_for(void **state)
{
    (void)state;
    raise_here(SIGQUIT);
    assert_next(SRS_LIFE_CLOSE_LISTENERS, "first");
    clients.count = 1; // it was connected before the listeners closed
    assert_quiet("it is there");
    leave_all();
    assert_next(SRS_LIFE_STOP, "it has left");
}

static void test_life_given_second_signal_then_no_waiting(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT};
    for (size_t i = 0; i < SRS_COUNT(signals); i++) {
        clients.count = 1;
        raise_here(SIGQUIT);
        assert_next(SRS_LIFE_CLOSE_LISTENERS, "first");
        assert_quiet("one is there");
        raise_here(signals[i]);
        assert_next(SRS_LIFE_STOP, sigabbrev_np(signals[i]));
        assert_int_equal(teardown(NULL), 0); // with the waiting coroutine in it
        assert_int_equal(setup(NULL), 0);
    }
}

static void test_life_given_second_signal_in_the_start_wait_then_listeners_were_open(void **state)
{
    (void)state;
    config.life.grace_start_wait = 3600 * SRS_SEC;
    raise_here(SIGQUIT);
    assert_quiet("start wait");
    raise_here(SIGTERM);
    assert_next(SRS_LIFE_STOP, "forced");
}

static void test_life_given_force_grace_quit_then_only_term_is_graceful(void **state)
{
    (void)state;
    config.life.force_grace_quit = true;
    clients.count = 1;
    raise_here(SIGTERM);
    assert_next(SRS_LIFE_CLOSE_LISTENERS, "TERM");
    assert_quiet("one is there");
    raise_here(SIGTERM);
    assert_next(SRS_LIFE_STOP, "a second TERM");
    assert_int_equal(teardown(NULL), 0);
    assert_int_equal(setup(NULL), 0);
    config.life.force_grace_quit = true;
    clients.count = 1;
    raise_here(SIGINT);
    assert_next(SRS_LIFE_STOP, "INT");
}

static void test_life_given_bad_surroundings_then_no_start(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *work_dir;
        const char *pid;
        const char *user;
        srs_err want;
    } cases[] = {
        {"work_dir", "/nowhere", "", "", SRS_E_SYSTEM_CONFIG_INVALID},
        {"a file as work_dir", "/etc/passwd", "", "", SRS_E_SYSTEM_CONFIG_INVALID},
        {"pid", "", "/nowhere/x.pid", "", SRS_E_SYSTEM_PID_ACQUIRE},
        {"user", "", "", "no-such-user", SRS_E_PRIVILEGE},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_life *other = life;
        struct srs_background_outcome outcome;
        struct srs_config bad = {.life = {.work_dir = cases[i].work_dir,
                                          .pid = cases[i].pid,
                                          .user = cases[i].user,
                                          .group = ""}};
        assert_err(cases[i].want, srs_life_begin(&bad, &other, &outcome), cases[i].why);
        assert_null(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_given_signals_then_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_given_several_requests_then_the_end_goes_first,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_given_quit_without_clients_then_both_steps, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_life_given_quit_then_last_client_is_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_life_given_client_that_begins_in_the_final_wait_then_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_given_second_signal_then_no_waiting, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_life_given_second_signal_in_the_start_wait_then_listeners_were_open, setup,
            teardown),
        cmocka_unit_test_setup_teardown(test_life_given_force_grace_quit_then_only_term_is_graceful,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_given_bad_surroundings_then_no_start, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("life", tests, start_all, NULL);
}
