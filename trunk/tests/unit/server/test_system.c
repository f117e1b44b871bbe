// Figures of the machine: what comes of two readings, and a reading of the machine that this runs
// on.
#include "config_files.h"
#include "core/co.h"
#include "server/stat/system.h"
#include "test.h"
#include <unistd.h>

static bool near(double a, double b)
{
    return a - b < 0.0001 && b - a < 0.0001;
}

static void test_compare_given_two_readings_then_shares_and_rates(void **state)
{
    struct srs_system before = {.self = {.ok = true, .at_ms = 1000},
                                .cpu = {.ok = true, .stat = {.user = 100, .idle = 100}},
                                .disk = {.ok = true, .at_ms = 1000, .stat.found = 2}};
    struct srs_system now = before;
    (void)state;
    now.self.at_ms = 3000;
    now.self.stat.utime = sysconf(_SC_CLK_TCK);
    now.self.stat.stime = sysconf(_SC_CLK_TCK) / 2;
    now.cpu.stat.user = 130;
    now.cpu.stat.idle = 170;
    now.cpu.stat.guest = 900; // is in user already
    now.disk.at_ms = 3000;
    now.disk.stat.read_sectors = 4000;
    now.disk.stat.write_sectors = 8000;
    now.disk.stat.busy_ms = 1000;
    srs_system_compare(&before, &now);
    assert_true(near(now.self.share, 0.75));
    assert_true(near(now.cpu.share, 0.3));
    assert_true(near(now.disk.read_kbytes, 1000));
    assert_true(near(now.disk.write_kbytes, 2000));
    assert_true(near(now.disk.busy, 0.25)); // of two disks, 1 s of 2 s
}

static void test_compare_given_nothing_to_compare_with_then_nothing(void **state)
{
    const struct srs_system nothing = {0};
    struct srs_system before = {.disk = {.ok = true, .at_ms = 1000, .asked = 1, .stat.found = 1}};
    struct srs_system now = {.self = {.ok = true, .at_ms = 3000, .stat.utime = 1000},
                             .cpu = {.ok = true, .stat.user = 5},
                             .disk = {.ok = true,
                                      .at_ms = 3000,
                                      .asked = 2,
                                      .stat = {.found = 1, .busy_ms = 9, .read_sectors = 9}}};
    (void)state;
    srs_system_compare(&nothing, &now);
    assert_true(near(now.self.share, 0) && near(now.cpu.share, 0));
    srs_system_compare(&before, &now); // another disk
    assert_true(near(now.disk.busy, 0) && near(now.disk.read_kbytes, 0));
    before = now;
    srs_system_compare(&before, &now); // at the same time
    assert_true(near(now.self.share, 0) && near(now.cpu.share, 0) && near(now.disk.busy, 0));
    before.cpu.stat.user = 50; // a counter that went back
    before.self.stat.utime = 5000;
    before.self.at_ms = 0;
    srs_system_compare(&before, &now);
    assert_true(near(now.self.share, 0) && near(now.cpu.share, 0));
}

static void test_memory_given_reading_then_figures(void **state)
{
    struct srs_system system = {.memory.info = {.total = 1000,
                                                .free = 400,
                                                .buffers = 50,
                                                .cached = 150,
                                                .swap_total = 200,
                                                .swap_free = 150}};
    const struct srs_system nothing = {0};
    (void)state;
    assert_int_equal(srs_system_memory_active(&system), 600);
    assert_int_equal(srs_system_memory_in_use(&system), 400);
    assert_true(near(srs_system_memory_share(&system), 0.4));
    assert_true(near(srs_system_swap_share(&system), 0.25));
    assert_true(near(srs_system_memory_share(&nothing), 0));
    assert_true(near(srs_system_swap_share(&nothing), 0)); // without swap
}

// --- the sampler --------------------------------------------------------------------------------

static int setup(void **state)
{
    if (srs_co_init() != SRS_OK)
        return 1;
    return config_files_setup(state);
}

static void wait_for(const struct srs_system *system, bool ok)
{
    for (srs_usec end = srs_now() + 20 * SRS_SEC; system->self.ok != ok && srs_now() < end;)
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "wait");
    assert_int_equal(system->self.ok, ok);
}

static void test_sampler_given_this_machine_then_all_is_read_and_off_empties_it(void **state)
{
    struct srs_config *config = config_must(*state, "listen 1935;", NULL);
    struct srs_config *off = config_must(*state, "listen 1935; stats { enabled off; }", NULL);
    struct srs_config *now = config;
    struct srs_system system = {0};
    struct srs_sampler *sampler = NULL;
    struct srs_scope scope;
    srs_scope_init(&scope, "services");
    assert_err(SRS_OK, srs_sampler_new(&scope, &now, &system, &sampler), "sampler");
    wait_for(&system, true);
    assert_true(system.rusage.ok && system.cpu.ok && system.memory.ok && system.disk.ok);
    assert_true(system.platform.ok && system.network.ok && system.sockets.ok);
    assert_int_equal(system.self.stat.pid, getpid());
    assert_int_equal(system.self.stat.ppid, getppid());
    assert_true(system.platform.cores_online > 0);
    assert_true(system.memory.info.total > system.memory.info.free);
    assert_non_null(strstr(system.argv, "test_system"));
    assert_int_equal(system.cwd[0], '/');
    assert_true(system.ip[0] != '\0');
    assert_true(srs_system_rss_bytes(&system) > 100 * 1024);
    srs_scope_close(&scope);
    srs_sampler_close(sampler, srs_now() + 20 * SRS_SEC);

    now = off;
    srs_scope_init(&scope, "services");
    assert_err(SRS_OK, srs_sampler_new(&scope, &now, &system, &sampler), "sampler");
    wait_for(&system, false);
    assert_int_equal(system.memory.info.total, 0);
    srs_scope_close(&scope);
    srs_sampler_close(sampler, srs_now() + 20 * SRS_SEC);
    srs_config_unref(config);
    srs_config_unref(off);
    assert_int_equal(srs_live_count(SRS_LIVE_TASK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare_given_two_readings_then_shares_and_rates),
        cmocka_unit_test(test_compare_given_nothing_to_compare_with_then_nothing),
        cmocka_unit_test(test_memory_given_reading_then_figures),
        cmocka_unit_test(test_sampler_given_this_machine_then_all_is_read_and_off_empties_it),
    };
    return cmocka_run_group_tests(tests, setup, config_files_teardown);
}
