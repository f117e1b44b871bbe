// Files that change: in place, by rename, by a link, by going away; and what says nothing.
#include "core/watch.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const srs_usec soon = 2 * SRS_SEC;
static const srs_usec quiet = 20 * SRS_MSEC;

static char folder[64];
static char names[4][96];
static struct srs_watch *watch;
static const char *paths[1];

enum { DIRECT, LINK, OTHER, SPARE };

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup_each(void **state)
{
    static const char *const tails[] = {"direct", "link", "other", "spare"};
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/srs-watch-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < SRS_COUNT(names); i++)
        (void)snprintf(names[i], sizeof names[i], "%s/%s", folder, tails[i]);
    write_text(names[DIRECT], "one");
    assert_err(SRS_OK, srs_watch_new(&watch), "watch");
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    srs_watch_free(watch);
    for (size_t i = 0; i < SRS_COUNT(names); i++)
        (void)unlink(names[i]);
    return rmdir(folder);
}

static uint64_t look(const char *path)
{
    uint64_t mark = 0;
    paths[0] = path;
    srs_watch_look(watch, paths, 1, &mark);
    assert_true(mark == srs_watch_mark(paths, 1));
    return mark;
}

static void must_wake(const char *why)
{
    assert_err(SRS_OK, srs_watch_wait(watch, srs_now() + soon, quiet, soon), why);
}

static void test_watch_given_a_file_that_changes_then_another_mark(void **state)
{
    uint64_t first = look(names[DIRECT]);
    (void)state;
    assert_true(first != 0 && first == look(names[DIRECT]));
    write_text(names[DIRECT], "other text");
    must_wake("written in place");
    uint64_t second = look(names[DIRECT]);
    assert_true(second != 0 && second != first);
    write_text(names[SPARE], "one");
    assert_int_equal(rename(names[SPARE], names[DIRECT]), 0);
    must_wake("renamed over");
    assert_true(look(names[DIRECT]) != second);
}

static void test_watch_given_a_link_then_what_it_leads_to_counts(void **state)
{
    (void)state;
    write_text(names[OTHER], "two");
    assert_int_equal(symlink(names[DIRECT], names[LINK]), 0);
    uint64_t first = look(names[LINK]);
    assert_true(first == look(names[DIRECT]));
    assert_int_equal(symlink(names[OTHER], names[SPARE]), 0);
    assert_int_equal(rename(names[SPARE], names[LINK]), 0);
    must_wake("pointed elsewhere");
    assert_true(look(names[LINK]) == look(names[OTHER]) && look(names[LINK]) != first);
}

static void test_watch_given_no_file_or_an_empty_one_then_no_mark(void **state)
{
    (void)state;
    assert_true(look(names[SPARE]) == 0);
    write_text(names[DIRECT], "");
    assert_true(look(names[DIRECT]) == 0);
    assert_int_equal(unlink(names[DIRECT]), 0);
    must_wake("gone");
    assert_true(look(names[DIRECT]) == 0);
    assert_true(look("/nowhere/at/all") == 0);
    assert_true(srs_watch_mark(NULL, 0) != 0);
}

static void test_watch_given_nothing_then_time_out(void **state)
{
    (void)state;
    (void)look(names[DIRECT]);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_watch_wait(watch, srs_now() + 30 * SRS_MSEC, quiet, soon),
               "nothing happened");
}

static void test_watch_given_a_file_that_is_not_closed_then_busy(void **state)
{
    (void)state;
    (void)look(names[DIRECT]);
    assert_false(srs_watch_is_busy(watch));
    FILE *file = fopen(names[DIRECT], "we");
    assert_non_null(file);
    assert_true(fputs("half", file) >= 0 && fflush(file) == 0);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_watch_wait(watch, srs_now() + soon, quiet, soon), "open");
    assert_true(srs_watch_is_busy(watch));
    (void)look(names[DIRECT]);
    assert_true(srs_watch_is_busy(watch)); // a look does not forget it
    assert_int_equal(fclose(file), 0);
    must_wake("closed");
    assert_false(srs_watch_is_busy(watch));
}

// How many events a queue holds; what comes beyond is lost.
static int queued_max(void)
{
    char text[16];
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    return atoi(text);
}

static void test_watch_given_more_than_the_queue_holds_then_nobody_is_waited_for(void **state)
{
    (void)state;
    int most = queued_max();
    assert_true(most > 0);
    (void)look(names[DIRECT]);
    FILE *ours = fopen(names[DIRECT], "we");
    FILE *other = fopen(names[OTHER], "we");
    assert_true(ours != NULL && other != NULL);
    for (int i = 0; i < most; i += 2) // the same event twice in a row is one
        assert_true(fputc('x', other) != EOF && fflush(other) == 0 && fputc('x', ours) != EOF &&
                    fflush(ours) == 0);
    assert_true(fclose(ours) == 0 && fclose(other) == 0);
    must_wake("events are lost");
    assert_false(srs_watch_is_busy(watch));
}

static void test_watch_given_another_file_that_is_written_then_not_told(void **state)
{
    (void)state;
    write_text(names[OTHER], "log");
    (void)look(names[DIRECT]);
    FILE *file = fopen(names[OTHER], "ae");
    assert_non_null(file);
    assert_true(fputs("line", file) >= 0 && fflush(file) == 0);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_watch_wait(watch, srs_now() + 30 * SRS_MSEC, quiet, soon),
               "a log");
    assert_false(srs_watch_is_busy(watch));
    assert_int_equal(fclose(file), 0);
}

static void test_watch_given_another_directory_then_the_old_one_is_left(void **state)
{
    (void)state;
    (void)look(names[DIRECT]);
    (void)look("/");
    write_text(names[DIRECT], "x");
    srs_err err = SRS_OK;
    // Leaving a directory is an event itself.
    while (!err)
        err = srs_watch_wait(watch, srs_now() + 30 * SRS_MSEC, quiet, soon);
    assert_err(SRS_E_SOCKET_TIMEOUT, err, "then it is quiet");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_watch_given_a_file_that_changes_then_another_mark),
        CASE(test_watch_given_a_link_then_what_it_leads_to_counts),
        CASE(test_watch_given_no_file_or_an_empty_one_then_no_mark),
        CASE(test_watch_given_nothing_then_time_out),
        CASE(test_watch_given_a_file_that_is_not_closed_then_busy),
        CASE(test_watch_given_more_than_the_queue_holds_then_nobody_is_waited_for),
        CASE(test_watch_given_another_file_that_is_written_then_not_told),
        CASE(test_watch_given_another_directory_then_the_old_one_is_left),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
