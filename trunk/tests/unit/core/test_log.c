// The log: form of a line, levels, tamed and cut text, reopening, a full ring, threads, errors with
// their stories.
#include "core/co.h"
#include "core/log.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 4 << 20 };

static char folder[] = "/tmp/test_log_XXXXXX";
static char path[64];
static char old_path[64];
static char text[TEXT_MAX];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/srs.log", folder);
    (void)snprintf(old_path, sizeof old_path, "%s/srs.log.1", folder);
    return srs_co_init();
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int teardown_each(void **state)
{
    (void)state;
    srs_log_close(); // after a failed case
    srs_log_set_level(SRS_LOG_INFO);
    srs_co_set_cid("");
    (void)unlink(path);
    (void)unlink(old_path);
    return 0;
}

static void open_log(enum srs_log_level level)
{
    const struct srs_log_options options = {.level = level, .file = path};
    assert_err(SRS_OK, srs_log_open(&options), "open");
}

static void read_file(const char *from)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    size_t have = 0;
    while (fd >= 0 && n > 0 && have < sizeof text - 1) {
        n = read(fd, text + have, sizeof text - 1 - have);
        have += n > 0 ? (size_t)n : 0;
    }
    text[have] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

static void close_and_read(void)
{
    srs_log_close();
    read_file(path);
}

// The whole of the file is this one line: a time, then `rest`, a regular expression.
static void assert_line(const char *rest)
{
    char pattern[512];
    regex_t regex;
    (void)snprintf(pattern, sizeof pattern,
                   "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} %s\n$", rest);
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int differs = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    if (differs)
        fail_msg("\"%.300s\" does not match %s", text, pattern);
}

static unsigned count_lines(const char *needle)
{
    unsigned n = 0;
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle))
        n++;
    return n;
}

// --- one line -----------------------------------------------------------------------------------

static void test_log_given_line_then_time_level_cid_module_text(void **state)
{
    (void)state;
    srs_co_set_cid("7k2m9pqr");
    open_log(SRS_LOG_INFO);
    srs_log_info("net", "accept peer=%s port=%d", "10.0.0.1", 1935);
    close_and_read();
    assert_line("info \\[7k2m9pqr\\] net: accept peer=10\\.0\\.0\\.1 port=1935");
}

static void test_log_given_no_cid_then_dash(void **state)
{
    (void)state;
    open_log(SRS_LOG_INFO);
    srs_log_error("main", "no room");
    close_and_read();
    assert_line("error \\[-\\] main: no room");
}

static int logged_hour(bool utc)
{
    int hour = -1;
    const struct srs_log_options options = {.level = SRS_LOG_INFO, .file = path, .utc = utc};
    (void)unlink(path);
    assert_err(SRS_OK, srs_log_open(&options), "open");
    srs_log_info("main", "x");
    close_and_read();
    assert_int_equal(sscanf(text, "%*d-%*d-%*d %d:", &hour), 1);
    return hour;
}

static void test_log_given_utc_then_its_time_is(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "ABC-5", 1), 0); // five hours ahead
    tzset();
    int local = logged_hour(false);
    int utc = logged_hour(true);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    assert_in_range((local - utc + 24) % 24, 4, 5); // the hour may have turned in between
}

static void test_log_given_control_characters_then_tamed(void **state)
{
    (void)state;
    open_log(SRS_LOG_INFO);
    srs_log_info("rtmp", "stream=%s", "a\nb\r\x1b[2J\t\x7f\x01 caf\xc3\xa9");
    close_and_read();
    assert_line("info \\[-\\] rtmp: stream=a\\.b\\.\\.\\[2J\\.\\.\\. caf\xc3\xa9");
}

static void test_log_given_text_around_the_longest_line_then_cut_and_next_line_whole(void **state)
{
    (void)state;
    static char big[5000];
    memset(big, 'x', sizeof big - 1);
    for (int size = 900; size < 1100; size++) {
        (void)unlink(path);
        open_log(SRS_LOG_INFO);
        srs_log_info("m", "%.*s", size, big);
        srs_log_info("m", "next");
        close_and_read();
        size_t head = strlen("2026-01-01 00:00:00.000 info [-] m: ");
        size_t first = strcspn(text, "\n") + 1;
        size_t whole = head + (size_t)size + 1;
        assert_int_equal(first, whole < 1023 ? whole : 1023);
        assert_string_equal(text + first + head, "next\n");
    }
}

// --- levels -------------------------------------------------------------------------------------

static const struct {
    const char *v1;
    const char *v2;
    enum srs_log_level want;
    bool known;
} levels[] = {
    {"verbose", NULL, SRS_LOG_DEBUG, true}, {"info", NULL, SRS_LOG_DEBUG, true},
    {"trace", NULL, SRS_LOG_INFO, true},    {"warn", NULL, SRS_LOG_WARN, true},
    {"error", NULL, SRS_LOG_ERROR, true},   {NULL, "trace", SRS_LOG_DEBUG, true},
    {NULL, "debug", SRS_LOG_DEBUG, true},   {NULL, "info", SRS_LOG_INFO, true},
    {NULL, "warn", SRS_LOG_WARN, true},     {NULL, "error", SRS_LOG_ERROR, true},
    {"error", "info", SRS_LOG_INFO, true}, // the newer family wins
    {"warn", "", SRS_LOG_WARN, true},       {NULL, NULL, SRS_LOG_INFO, true},
    {"", "", SRS_LOG_INFO, true},           {"debug", NULL, SRS_LOG_INFO, false},
    {NULL, "verbose", SRS_LOG_INFO, false}, {"loud", NULL, SRS_LOG_INFO, false},
    {"warn", "loud", SRS_LOG_INFO, false},  {"WARN", NULL, SRS_LOG_INFO, false},
};

static void test_level_given_words_of_both_families_then_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(levels); i++) {
        enum srs_log_level level = SRS_LOG_NONE;
        assert_int_equal(srs_log_level_parse(levels[i].v1, levels[i].v2, &level), levels[i].known);
        assert_int_equal(level, levels[i].want);
    }
}

static void test_log_given_level_then_lines_below_are_left_out(void **state)
{
    (void)state;
    for (int level = SRS_LOG_DEBUG; level <= SRS_LOG_NONE; level++) {
        (void)unlink(path);
        open_log((enum srs_log_level)level);
        srs_log_debug("m", "line of debug");
        srs_log_info("m", "line of info");
        srs_log_warn("m", "line of warn");
        srs_log_error("m", "line of error");
        close_and_read();
        assert_int_equal(count_lines("line of"), SRS_LOG_NONE - level);
        assert_int_equal(count_lines("line of error"), level <= SRS_LOG_ERROR ? 1 : 0);
        assert_int_equal(srs_log_enabled(SRS_LOG_INFO), level <= SRS_LOG_INFO);
    }
    srs_log_set_level(SRS_LOG_WARN);
    assert_false(srs_log_enabled(SRS_LOG_INFO));
}

// --- sinks --------------------------------------------------------------------------------------

// Lets `fn` run with a descriptor of this process going to the log's path.
static void redirected(int fd, void (*fn)(void))
{
    (void)fflush(NULL);
    int kept = dup(fd);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(kept >= 0 && file >= 0);
    assert_int_equal(dup2(file, fd), fd);
    fn();
    (void)dup2(kept, fd);
    (void)close(kept);
    (void)close(file);
    read_file(path);
}

static void log_before_open(void)
{
    srs_log_debug("m", "not shown");
    srs_log_warn("m", "before open");
}

static void test_log_given_not_open_then_standard_error(void **state)
{
    (void)state;
    redirected(STDERR_FILENO, log_before_open);
    assert_line("warn \\[-\\] m: before open");
}

static void log_on_console(void)
{
    const struct srs_log_options options = {.level = SRS_LOG_INFO};
    srs_err_drop(srs_log_open(&options), "seen by its missing line");
    srs_log_info("m", "console");
    srs_log_close();
}

static void test_log_given_no_file_then_standard_output_and_it_stays_open(void **state)
{
    (void)state;
    redirected(STDOUT_FILENO, log_on_console);
    assert_line("info \\[-\\] m: console");
    assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

static void test_log_given_file_that_cannot_be_made_then_error_and_later_open_works(void **state)
{
    (void)state;
    const struct srs_log_options options = {.level = SRS_LOG_INFO, .file = "/nonexistent/srs.log"};
    assert_err(SRS_E_SYSTEM_FILE_OPENE, srs_log_open(&options), "no folder");
    for (unsigned n = 1; n <= 2; n++) {
        const struct srs_log_options good = {.level = SRS_LOG_INFO, .file = path};
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY, srs_log_open(&good), "no memory");
        srs_mem_fail_after(0);
    }
    open_log(SRS_LOG_INFO);
    srs_log_info("m", "now");
    close_and_read();
    assert_line("info \\[-\\] m: now");
}

static void wait_for_size(const char *file)
{
    struct stat info = {0};
    for (srs_usec end = srs_now() + 20 * SRS_SEC; srs_now() < end;) {
        if (stat(file, &info) == 0 && info.st_size > 0)
            return;
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "wait");
    }
    fail_msg("%s is not written", file);
}

static void test_reopen_given_file_moved_away_then_new_lines_in_a_new_file(void **state)
{
    (void)state;
    open_log(SRS_LOG_INFO);
    srs_log_info("m", "first");
    wait_for_size(path);
    assert_int_equal(rename(path, old_path), 0);
    srs_log_info("m", "second"); // the old file goes on until the reopen
    wait_for_size(old_path);
    srs_log_reopen();
    srs_log_info("m", "third");
    close_and_read();
    assert_int_equal(count_lines("third"), 1);
    assert_int_equal(count_lines("first"), 0);
    read_file(old_path);
    assert_int_equal(count_lines("first"), 1);
    assert_int_equal(count_lines("third"), 0);
}

static void test_reopen_given_folder_gone_then_old_file_goes_on(void **state)
{
    (void)state;
    char moved[64];
    (void)snprintf(moved, sizeof moved, "%s.gone", folder);
    open_log(SRS_LOG_INFO);
    srs_log_info("m", "before");
    wait_for_size(path);
    assert_int_equal(rename(folder, moved), 0);
    srs_log_reopen();
    srs_log_info("m", "after");
    srs_log_close();
    assert_int_equal(rename(moved, folder), 0);
    read_file(path);
    assert_int_equal(count_lines("before"), 1);
    assert_int_equal(count_lines("after"), 1);
}

// --- a full ring --------------------------------------------------------------------------------

static void *drain(void *arg)
{
    size_t have = 0;
    ssize_t n = 1;
    while (n > 0 && have < sizeof text - 1) {
        n = read(*(int *)arg, text + have, sizeof text - 1 - have);
        have += n > 0 ? (size_t)n : 0;
    }
    text[have] = '\0';
    return NULL;
}

static void
test_log_given_sink_that_hangs_then_never_blocks_and_says_how_many_are_lost(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    pthread_t thread;
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
    open_log(SRS_LOG_INFO);
    for (int i = 0; i < LINES; i++) // some 2 MiB, of which nobody reads a byte
        srs_log_info("m", "line %06d of a storm that no disk can take %s", i,
                     "................................");
    assert_int_equal(pthread_create(&thread, NULL, drain, &reader), 0);
    srs_log_close();
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(reader);
    const char *note = strstr(text, " warn [-] log: ring was full lost=");
    assert_non_null(note);
    unsigned long lost = 0;
    for (; note != NULL; note = strstr(note, "lost=")) {
        note = strstr(note, "lost=") + strlen("lost=");
        lost += strtoul(note, NULL, 10);
    }
    unsigned got = count_lines(" of a storm");
    assert_true(got > 1024 * 1024 / 120);
    assert_int_equal(got + lost, LINES);
}

// --- threads ------------------------------------------------------------------------------------

enum { THREADS = 4, THREAD_LINES = 1500 };

static void *log_lines(void *arg)
{
    for (int i = 0; i < THREAD_LINES; i++)
        srs_log_info("thread", "%d/%d", *(int *)arg, i);
    return NULL;
}

static void test_log_given_threads_then_lines_are_whole_in_order_and_without_cid(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int ids[THREADS];
    int next[THREADS] = {0};
    int lines = 0;
    srs_co_set_cid("mine"); // of the scheduler's coroutine, not of the helpers
    open_log(SRS_LOG_INFO);
    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, log_lines, &ids[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    close_and_read();
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
        int id = -1;
        int number = -1;
        assert_int_equal(sscanf(line, "%*10c %*12c info [-] thread: %d/%d", &id, &number), 2);
        assert_in_range(id, 0, THREADS - 1);
        assert_int_equal(number, next[id]++);
    }
    assert_int_equal(lines, THREADS * THREAD_LINES);
}

// --- errors and repeated lines ------------------------------------------------------------------

static void test_err_log_given_story_then_one_line_and_story_ends(void **state)
{
    (void)state;
    open_log(SRS_LOG_INFO);
    errno = 0; // what an earlier call left there would be told too
    srs_err err = srs_fail(SRS_E_LIMIT, "chunk of %d bytes", 70000);
    err = srs_wrap(err, "peer\n%s", "10.0.0.1");
    srs_err_log(err, "rtmp", "publish ended");
    assert_null(srs_err_current());
    close_and_read();
    assert_line("error \\[-\\] rtmp: publish ended code=7003\\(Limit\\)\\(.*\\) "
                ": peer\\.10\\.0\\.0\\.1 : chunk of 70000 bytes \\(test_log\\.c:[0-9]+\\)");
}

static const struct {
    srs_err err;
    bool as_warning;
    const char *line; // NULL: none
} err_lines[] = {
    {SRS_E_LIMIT, false, "error \\[-\\] m: ended code=7003\\(Limit\\)\\(.*\\)"},
    {SRS_E_LIMIT, true, "warn \\[-\\] m: ended code=7003\\(Limit\\)\\(.*\\)"},
    {SRS_E_SOCKET_READ, false, "warn \\[-\\] m: ended code=1007\\(SocketRead\\)\\(.*\\)"},
    {SRS_E_SOCKET_TIMEOUT, false, "warn \\[-\\] m: ended code=1011\\(SocketTimeout\\)\\(.*\\)"},
    {SRS_OK, false, NULL},
    {SRS_OK, true, NULL},
};

static void test_err_log_given_code_then_level_by_who_must_act(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(err_lines); i++) {
        (void)unlink(path);
        open_log(SRS_LOG_INFO);
        if (err_lines[i].as_warning)
            srs_err_log_warn(err_lines[i].err, "m", "ended");
        else
            srs_err_log(err_lines[i].err, "m", "ended");
        close_and_read();
        if (err_lines[i].line != NULL)
            assert_line(err_lines[i].line);
        else
            assert_string_equal(text, "");
    }
}

static void test_limit_given_repeats_then_one_a_period_and_the_others_counted(void **state)
{
    (void)state;
    struct srs_log_limit limit = {0};
    unsigned missed = 99;
    assert_true(srs_log_limit_pass(&limit, &missed));
    assert_int_equal(missed, 0);
    for (int i = 0; i < 3; i++)
        assert_false(srs_log_limit_pass(&limit, &missed));
    assert_true(limit.next_at > srs_now());
    limit.next_at = srs_now(); // as if the period had passed
    assert_true(srs_log_limit_pass(&limit, &missed));
    assert_int_equal(missed, 3);
    limit.next_at = srs_now();
    assert_true(srs_log_limit_pass(&limit, &missed));
    assert_int_equal(missed, 0);
}

#define CASE(name) cmocka_unit_test_teardown(name, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_log_given_line_then_time_level_cid_module_text),
        CASE(test_log_given_no_cid_then_dash),
        CASE(test_log_given_utc_then_its_time_is),
        CASE(test_log_given_control_characters_then_tamed),
        CASE(test_log_given_text_around_the_longest_line_then_cut_and_next_line_whole),
        CASE(test_level_given_words_of_both_families_then_parsed),
        CASE(test_log_given_level_then_lines_below_are_left_out),
        CASE(test_log_given_not_open_then_standard_error),
        CASE(test_log_given_no_file_then_standard_output_and_it_stays_open),
        CASE(test_log_given_file_that_cannot_be_made_then_error_and_later_open_works),
        CASE(test_reopen_given_file_moved_away_then_new_lines_in_a_new_file),
        CASE(test_reopen_given_folder_gone_then_old_file_goes_on),
        CASE(test_log_given_sink_that_hangs_then_never_blocks_and_says_how_many_are_lost),
        CASE(test_log_given_threads_then_lines_are_whole_in_order_and_without_cid),
        CASE(test_err_log_given_story_then_one_line_and_story_ends),
        CASE(test_err_log_given_code_then_level_by_who_must_act),
        CASE(test_limit_given_repeats_then_one_a_period_and_the_others_counted),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
