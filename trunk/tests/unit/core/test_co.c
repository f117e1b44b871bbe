// Coroutines: scopes, sticky cancellation, deadlines, timers, events, errors across switches,
// stacks given back.
#include "core/co_priv.h"
#include "core/mem.h"
#include "test.h"
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

static int teardown_each(void **state)
{
    (void)state;
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    return 0;
}

static long resident_kb(void)
{
    long pages = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &pages, &resident) != 2)
            resident = 0;
        (void)fclose(file);
    }
    return resident * 4;
}

// --- scopes and cancellation --------------------------------------------------------------------

static SRS_YIELDS srs_err count_up(void *arg)
{
    int *count = arg;
    (*count)++;
    return SRS_OK;
}

static void test_scope_given_100000_children_then_memory_is_flat(void **state)
{
    (void)state;
    struct srs_scope scope;
    srs_scope_init(&scope, "children");
    int count = 0;
    long before = resident_kb();
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(srs_scope_spawn(&scope, count_up, &count), SRS_OK);
        if (i % 10 == 9)
            assert_int_equal(srs_co_breathe(), SRS_OK);
        if (i == 5000)
            before = resident_kb();
    }
    assert_true(before > 0);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    assert_int_equal(count, 100000);
    assert_int_equal(scope.count, 0);
#ifndef SRS_ASAN // its quarantine keeps what was freed
    assert_true(resident_kb() - before < 1024);
#endif
    srs_scope_close(&scope);
}

struct sleeper {
    int errors_seen;
    srs_err last;
};

static SRS_YIELDS srs_err sleep_stubbornly(void *arg)
{
    struct sleeper *sleeper = arg;
    for (int i = 0; i < 3; i++) {
        srs_err err = srs_co_sleep(srs_now() + 10 * SRS_SEC);
        if (err) {
            sleeper->errors_seen++;
            sleeper->last = err;
        }
    }
    return srs_bare(SRS_E_CANCELED);
}

static void test_scope_given_close_then_cancellation_is_sticky(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct sleeper sleeper = {0};
    srs_scope_init(&scope, "sleepers");
    assert_int_equal(srs_scope_spawn(&scope, sleep_stubbornly, &sleeper), SRS_OK);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_scope_close(&scope);
    assert_int_equal(sleeper.errors_seen, 3);
    assert_int_equal(sleeper.last, SRS_E_CANCELED);
}

static void test_scope_given_close_before_first_run_then_child_runs_canceled(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct sleeper sleeper = {0};
    srs_scope_init(&scope, "early");
    assert_int_equal(srs_scope_spawn(&scope, sleep_stubbornly, &sleeper), SRS_OK);
    srs_scope_close(&scope);
    assert_int_equal(sleeper.errors_seen, 3);
}

static SRS_YIELDS srs_err open_nested(void *arg)
{
    struct sleeper *sleeper = arg;
    struct srs_scope scope;
    srs_scope_init(&scope, "nested");
    srs_err err = srs_scope_spawn(&scope, sleep_stubbornly, sleeper);
    if (!err)
        err = srs_co_sleep(srs_now() + 10 * SRS_SEC);
    srs_scope_close(&scope);
    if (sleeper->errors_seen == 3)
        sleeper->errors_seen = 30; // the child was over before the parent went on
    return err;
}

static void test_scope_given_canceled_parent_then_its_children_end_first(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct sleeper sleeper = {0};
    srs_scope_init(&scope, "outer");
    assert_int_equal(srs_scope_spawn(&scope, open_nested, &sleeper), SRS_OK);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_scope_close(&scope);
    assert_int_equal(sleeper.errors_seen, 30);
}

// --- deadlines and timers -----------------------------------------------------------------------

static void test_sleep_given_odd_microseconds_then_not_early_and_soon(void **state)
{
    (void)state;
    for (srs_usec want = 1111; want < 70000; want = want * 4 + 77) {
        srs_usec start = srs_now();
        assert_int_equal(srs_co_sleep(start + want), SRS_OK);
        assert_true(srs_now() - start >= want);
        assert_true(srs_now() - start < want + 200 * SRS_MSEC);
    }
}

static unsigned fired;
static srs_usec fired_order[4];

static void note_fire(struct srs_timer *timer)
{
    fired_order[fired++ % 4] = timer->at;
}

static void test_timers_given_set_moved_and_cancelled_then_fire_in_order(void **state)
{
    (void)state;
    struct srs_timer timers[4] = {
        {.fire = note_fire}, {.fire = note_fire}, {.fire = note_fire}, {.fire = note_fire}};
    srs_usec now = srs_now();
    fired = 0;
    srs_timer_set(&timers[0], now + 9000);
    srs_timer_set(&timers[1], now + 3000);
    srs_timer_set(&timers[2], now + 5000);
    srs_timer_set(&timers[3], now + 4000);
    srs_timer_set(&timers[0], now + 1000);
    srs_timer_cancel(&timers[3]);
    srs_timer_cancel(&timers[3]);
    assert_int_equal(srs_co_sleep(now + 20000), SRS_OK);
    assert_int_equal(fired, 3);
    assert_int_equal(fired_order[0], now + 1000);
    assert_int_equal(fired_order[1], now + 3000);
    assert_int_equal(fired_order[2], now + 5000);
}

static SRS_YIELDS srs_err sleep_many(void *arg)
{
    int *left = arg;
    for (int i = 0; i < 20; i++) {
        srs_err err = srs_co_sleep(srs_now() + 700 + 37 * i);
        if (err)
            return err;
    }
    (*left)--;
    return SRS_OK;
}

static void test_sleep_given_1000_sleepers_then_all_wake(void **state)
{
    (void)state;
    struct srs_scope scope;
    int left = 1000;
    srs_scope_init(&scope, "many");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(srs_scope_spawn(&scope, sleep_many, &left), SRS_OK);
    for (int i = 0; i < 500 && left > 0; i++)
        assert_int_equal(srs_co_sleep(srs_now() + 10 * SRS_MSEC), SRS_OK);
    assert_int_equal(left, 0);
    srs_scope_close(&scope);
}

// --- events -------------------------------------------------------------------------------------

struct meeting {
    struct srs_event event;
    int woken;
    int timed_out;
};

static SRS_YIELDS srs_err await(void *arg)
{
    struct meeting *meeting = arg;
    srs_err err = srs_event_wait(&meeting->event, srs_now() + 10 * SRS_SEC);
    if (err == SRS_OK)
        meeting->woken++;
    err = srs_event_wait(&meeting->event, srs_now() + 5 * SRS_MSEC);
    if (err == SRS_E_SOCKET_TIMEOUT)
        meeting->timed_out++;
    return SRS_OK;
}

static void test_event_given_signal_then_all_waiters_wake_and_later_ones_time_out(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct meeting meeting = {0};
    srs_scope_init(&scope, "waiters");
    for (int i = 0; i < 5; i++)
        assert_int_equal(srs_scope_spawn(&scope, await, &meeting), SRS_OK);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_event_signal(&meeting.event);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    assert_int_equal(meeting.woken, 5);
    assert_int_equal(srs_co_sleep(srs_now() + 50 * SRS_MSEC), SRS_OK);
    assert_int_equal(meeting.timed_out, 5);
    srs_scope_close(&scope);
}

// --- errors -------------------------------------------------------------------------------------

struct teller {
    srs_usec pause;
    bool own_story;
};

static SRS_YIELDS srs_err tell_and_sleep(void *arg)
{
    struct teller *teller = arg;
    srs_err told = srs_fail(SRS_E_LIMIT, "pause %d", (int)teller->pause);
    srs_err err = srs_co_sleep(srs_now() + teller->pause);
    const struct srs_err_trace *story = srs_err_story(told);
    char want[32];
    (void)snprintf(want, sizeof want, "pause %d", (int)teller->pause);
    // srs_co_sleep's own end was bare, which empties the story: tell it again and switch without an
    // error.
    teller->own_story = !err && (story == NULL || strcmp(story->frames[0].text, want) == 0);
    told = srs_fail(SRS_E_LIMIT, "%s", want);
    err = srs_co_breathe();
    story = srs_err_story(told);
    teller->own_story =
        teller->own_story && !err && story != NULL && strcmp(story->frames[0].text, want) == 0;
    srs_err_drop(told, "seen");
    return SRS_OK;
}

static void test_error_given_switches_then_each_coroutine_keeps_its_story(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct teller tellers[8];
    srs_scope_init(&scope, "tellers");
    for (int i = 0; i < 8; i++) {
        tellers[i] = (struct teller){.pause = 1000 + 100 * i};
        assert_int_equal(srs_scope_spawn(&scope, tell_and_sleep, &tellers[i]), SRS_OK);
    }
    assert_int_equal(srs_co_sleep(srs_now() + 50 * SRS_MSEC), SRS_OK);
    for (int i = 0; i < 8; i++)
        assert_true(tellers[i].own_story);
    srs_scope_close(&scope);
}

// --- context ids --------------------------------------------------------------------------------

static SRS_YIELDS srs_err copy_cid(void *arg)
{
    (void)snprintf(arg, 16, "%s", srs_co_cid());
    return SRS_OK;
}

static void test_cid_given_spawn_then_inherited(void **state)
{
    (void)state;
    struct srs_scope scope;
    char seen[16] = "";
    srs_co_new_cid();
    assert_int_equal(strlen(srs_co_cid()), 8);
    srs_scope_init(&scope, "cid");
    assert_int_equal(srs_scope_spawn(&scope, copy_cid, seen), SRS_OK);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    assert_string_equal(seen, srs_co_cid());
    srs_scope_close(&scope);
}

// --- stacks -------------------------------------------------------------------------------------

static SRS_YIELDS srs_err touch_and_wait(void *arg)
{
    volatile char deep[3500];
    memset((char *)(uintptr_t)deep, 1, sizeof deep);
    return srs_event_wait(arg, SRS_NEVER);
}

static void test_stacks_given_2000_ended_then_memory_is_given_back(void **state)
{
    (void)state;
    struct srs_scope scope;
    struct srs_event event = {0};
    srs_scope_init(&scope, "deep");
    long peak = 0;
    long before = resident_kb();
    for (int cycle = 0; cycle < 2; cycle++) {
        for (int i = 0; i < 2000; i++)
            assert_int_equal(srs_scope_spawn(&scope, touch_and_wait, &event), SRS_OK);
        assert_int_equal(srs_co_breathe(), SRS_OK);
        peak = resident_kb();
        srs_event_signal(&event);
        assert_int_equal(srs_co_sleep(srs_now() + 300 * SRS_MSEC), SRS_OK);
        assert_int_equal(scope.count, 0);
    }
    srs_scope_close(&scope);
    assert_true(peak - before > 2000 * 4);
#ifndef SRS_ASAN // its own shadow and quarantine keep memory
    assert_true(resident_kb() - before < 2000 * 2);
#endif
}

#ifdef SRS_DEBUG
// Runs fn in a child process; true if it was ended by SIGABRT.
static bool dies(void (*fn)(void))
{
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)freopen("/dev/null", "w", stderr);
        fn();
        _exit(0);
    }
    int status = 0;
    (void)waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void yield_in_noyield(void)
{
    SRS_NOYIELD_SCOPE();
    srs_err_drop(srs_co_sleep(srs_now() + 1), "must not return");
}

static void test_noyield_given_yielding_call_then_aborts(void **state)
{
    (void)state;
    assert_true(dies(yield_in_noyield));
    assert_int_equal(srs_co_noyield_depth, 0);
}
#endif

static int leave_early(int x)
{
    SRS_NOYIELD_SCOPE();
    if (x > 0)
        return 1;
    return 2;
}

static void test_noyield_given_early_return_then_region_ends(void **state)
{
    (void)state;
    assert_int_equal(leave_early(1) + leave_early(0), 3);
    assert_int_equal(srs_co_noyield_depth, 0);
}

static unsigned slices;
static unsigned stalls;

static void count_slice(const struct srs_co_slice *slice)
{
    if (slice->kind == SRS_CO_SLICE_LONG && slice->wall > 10 * SRS_MSEC)
        slices++;
    stalls += slice->kind == SRS_CO_SLICE_STALLED;
}

static srs_usec thread_cpu(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (srs_usec)ts.tv_sec * SRS_SEC + ts.tv_nsec / 1000;
}

// On the processor: how long that takes is the machine's affair.
static void spin(srs_usec time)
{
    srs_usec until = thread_cpu() + time;
    while (thread_cpu() < until) {
    }
}

static void test_watchdog_given_busy_coroutine_then_slice_is_reported(void **state)
{
    (void)state;
    slices = 0;
    srs_co_on_long_slice(count_slice);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    spin(60 * SRS_MSEC);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_co_on_long_slice(NULL);
    assert_in_range(slices, 1, 3); // a busy machine may add one
}

// One call of the kernel that takes long is no fault of ours; work of our own beside it is.
static void test_watchdog_given_a_long_call_then_only_the_rest_counts(void **state)
{
    (void)state;
    slices = 0;
    stalls = 0;
    srs_co_on_long_slice(count_slice);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_usec began = srs_now_coarse();
    spin(60 * SRS_MSEC);
    srs_co_note_call(began);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    assert_int_equal(slices, 0);
    assert_int_equal(stalls, 1);
    began = srs_now_coarse();
    spin(20 * SRS_MSEC);
    srs_co_note_call(began);
    spin(60 * SRS_MSEC);
    assert_int_equal(srs_co_breathe(), SRS_OK);
    srs_co_on_long_slice(NULL);
    assert_int_equal(slices, 1);
    assert_int_equal(stalls, 1);
}

// --- turns --------------------------------------------------------------------------------------

enum { JOBS = 200, ROUNDS = 3 };

static unsigned jobs_done;
static unsigned jobs_in_order;
static unsigned ticks;

static SRS_YIELDS srs_err work(void *arg)
{
    const unsigned *number = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        srs_err err = srs_co_give_way();
        if (err)
            return err;
        jobs_in_order += jobs_done % JOBS == *number;
        jobs_done++;
        spin(SRS_MSEC / 2);
    }
    return SRS_OK;
}

static SRS_YIELDS srs_err tick(void *arg)
{
    (void)arg;
    while (jobs_done < JOBS * ROUNDS) {
        srs_err err = srs_co_sleep(srs_now() + SRS_MSEC);
        if (err)
            return err;
        ticks++;
    }
    return SRS_OK;
}

static SRS_YIELDS void wait_all(const struct srs_scope *scope)
{
    while (scope->count > 0)
        assert_int_equal(srs_co_sleep(srs_now() + SRS_MSEC), SRS_OK);
}

// 300 ms of work that is ready at once: whoever waits for the time gets it again and again.
static void test_give_way_given_many_with_work_then_timers_fire_between(void **state)
{
    (void)state;
    static unsigned numbers[JOBS];
    struct srs_scope scope;
    jobs_done = 0;
    jobs_in_order = 0;
    ticks = 0;
    srs_scope_init(&scope, "work");
    assert_int_equal(srs_scope_spawn(&scope, tick, NULL), SRS_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        numbers[i] = i;
        assert_int_equal(srs_scope_spawn(&scope, work, &numbers[i]), SRS_OK);
    }
    wait_all(&scope);
    srs_scope_close(&scope);
    assert_int_equal(jobs_done, JOBS * ROUNDS);
    assert_int_equal(jobs_in_order, JOBS * ROUNDS);
    assert_in_range(ticks, 30, JOBS * ROUNDS);
}

static void test_give_way_given_nobody_else_then_it_goes_on(void **state)
{
    (void)state;
    srs_usec began = srs_now();
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(srs_co_give_way(), SRS_OK);
    assert_in_range(srs_now() - began, 0, 10 * SRS_SEC); // no wait for a timer each time
}

static SRS_YIELDS srs_err give_way_once(void *arg)
{
    *(srs_err *)arg = srs_co_give_way();
    return SRS_OK;
}

static void test_give_way_given_cancel_then_told_and_the_rest_go_on(void **state)
{
    (void)state;
    struct srs_scope canceled;
    struct srs_scope others;
    srs_err codes[2] = {SRS_E_AGAIN, SRS_E_AGAIN};
    srs_scope_init(&canceled, "canceled");
    srs_scope_init(&others, "others");
    assert_int_equal(srs_scope_spawn(&canceled, give_way_once, &codes[0]), SRS_OK);
    assert_int_equal(srs_scope_spawn(&others, give_way_once, &codes[1]), SRS_OK);
    srs_scope_close(&canceled);
    assert_int_equal(codes[0], SRS_E_CANCELED);
    wait_all(&others);
    srs_scope_close(&others);
    assert_int_equal(codes[1], SRS_OK);
}

#define CASE(name) cmocka_unit_test_teardown(name, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_scope_given_100000_children_then_memory_is_flat),
        CASE(test_give_way_given_many_with_work_then_timers_fire_between),
        CASE(test_give_way_given_nobody_else_then_it_goes_on),
        CASE(test_give_way_given_cancel_then_told_and_the_rest_go_on),
        CASE(test_scope_given_close_then_cancellation_is_sticky),
        CASE(test_scope_given_close_before_first_run_then_child_runs_canceled),
        CASE(test_scope_given_canceled_parent_then_its_children_end_first),
        CASE(test_sleep_given_odd_microseconds_then_not_early_and_soon),
        CASE(test_timers_given_set_moved_and_cancelled_then_fire_in_order),
        CASE(test_sleep_given_1000_sleepers_then_all_wake),
        CASE(test_event_given_signal_then_all_waiters_wake_and_later_ones_time_out),
        CASE(test_error_given_switches_then_each_coroutine_keeps_its_story),
        CASE(test_cid_given_spawn_then_inherited),
        CASE(test_stacks_given_2000_ended_then_memory_is_given_back),
#ifdef SRS_DEBUG
        CASE(test_noyield_given_yielding_call_then_aborts),
#endif
        CASE(test_noyield_given_early_return_then_region_ends),
        CASE(test_watchdog_given_busy_coroutine_then_slice_is_reported),
        CASE(test_watchdog_given_a_long_call_then_only_the_rest_counts),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
