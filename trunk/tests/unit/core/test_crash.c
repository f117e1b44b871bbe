// The crash report: each case crashes a child process in one way and reads what it left on standard
// error and in the log.
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/crash.h"
#include "test.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// --- ways to crash ------------------------------------------------------------------------------

static void touch_forbidden_page(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[16] = 1;
}

static SRS_YIELDS srs_err die_by_abort(void *arg)
{
    (void)arg;
    srs_err err = srs_fail(SRS_E_LIMIT, "a story from %s", "inside");
    abort();
    return err;
}

static SRS_YIELDS srs_err die_by_segfault(void *arg)
{
    (void)arg;
    touch_forbidden_page();
    return SRS_OK;
}

static volatile int depth_limit = 1000000;

static int recurse(int depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    if (depth < depth_limit)
        return recurse(depth + 1) + frame[0];
    return frame[0];
}

static SRS_YIELDS srs_err die_by_overflow(void *arg)
{
    (void)arg;
    (void)fprintf(stderr, "stack=%p\n", __builtin_frame_address(0));
    return recurse(0) == 0 ? SRS_OK : SRS_E_LIMIT;
}

static SRS_YIELDS srs_err die_by_assert(void *arg)
{
    srs_assert(arg != NULL);
    return SRS_OK;
}

static void *crash_in_thread(void *arg)
{
    touch_forbidden_page();
    return arg;
}

static SRS_YIELDS srs_err die_in_helper_thread(void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, crash_in_thread, arg) == 0)
        (void)pthread_join(thread, NULL);
    return SRS_OK;
}

// --- the child and its remains ------------------------------------------------------------------

static void child(srs_co_fn *fn, const char *log_path, int stderr_fd)
{
    struct srs_scope scope;
    struct rlimit no_core = {0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)dup2(stderr_fd, STDERR_FILENO);
    srs_crash_install(log_path);
    srs_err err = srs_co_init();
    if (!err) {
        srs_co_set_cid("7k2m");
        srs_scope_init(&scope, "victim");
        err = srs_scope_spawn(&scope, fn, NULL);
    }
    if (!err)
        err = srs_co_breathe();
    _exit(err ? 99 : 0);
}

struct remains {
    int signal;
    char text[16384];
    char log[16384];
};

static void read_all(int fd, char *out, size_t size)
{
    size_t have = 0;
    ssize_t n = 1;
    while (n > 0 && have < size - 1) {
        n = read(fd, out + have, size - 1 - have);
        have += n > 0 ? (size_t)n : 0;
    }
    out[have] = '\0';
    (void)close(fd);
}

static void crash(srs_co_fn *fn, struct remains *remains)
{
    int fds[2];
    int status = 0;
    char log_path[] = "/tmp/test_crash_XXXXXX";
    int log_fd = mkstemp(log_path);
    assert_true(log_fd >= 0);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(fn, log_path, fds[1]);
    (void)close(fds[1]);
    read_all(fds[0], remains->text, sizeof remains->text);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    read_all(log_fd, remains->log, sizeof remains->log);
    (void)unlink(log_path);
    remains->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void assert_report(const struct remains *remains, int sig, const char *head,
                          const char *coroutine)
{
    assert_int_equal(remains->signal, sig);
    const char *report = strstr(remains->text, head);
    assert_non_null(report);
    assert_non_null(strstr(report, coroutine));
    assert_non_null(strstr(report, "crash"));    // the backtrace names this program
    assert_non_null(strstr(remains->log, head)); // the log has the same
    assert_non_null(strstr(remains->log, coroutine));
}

// --- cases --------------------------------------------------------------------------------------

static struct remains remains;

static void test_crash_given_abort_then_report_has_coroutine_and_story(void **state)
{
    (void)state;
    crash(die_by_abort, &remains);
    assert_report(&remains, SIGABRT, "fatal signal 6 (ABRT)", "coroutine=victim cid=7k2m");
    assert_non_null(strstr(remains.text, "error story 7003: a story from inside (die_by_abort:"));
}

static void test_crash_given_segfault_in_coroutine_then_report_and_same_signal(void **state)
{
    (void)state;
    crash(die_by_segfault, &remains);
    assert_report(&remains, SIGSEGV, "fatal signal 11 (SEGV)", "coroutine=victim cid=7k2m");
    assert_null(strstr(remains.text, "error story"));
}

static void test_crash_given_stack_overflow_then_guard_page_and_report(void **state)
{
    (void)state;
    crash(die_by_overflow, &remains);
    assert_report(&remains, SIGSEGV, "fatal signal 11 (SEGV)", "coroutine=victim cid=7k2m");
    // It ended right below its own stack (and the page that State Threads adds), not in a
    // neighbour's.
    const char *stack = strstr(remains.text, "stack=");
    const char *fault = strstr(remains.text, "address=");
    assert_true(stack != NULL && fault != NULL);
    uintptr_t top = strtoull(stack + strlen("stack="), NULL, 16);
    uintptr_t bottom = strtoull(fault + strlen("address="), NULL, 16);
    assert_in_range(top - bottom, SRS_STACK_SIZE / 2, SRS_STACK_SIZE + 3 * 4096);
}

static void test_crash_given_failed_assertion_then_it_is_named(void **state)
{
    (void)state;
    crash(die_by_assert, &remains);
    assert_report(&remains, SIGABRT, "fatal signal 6 (ABRT)", "coroutine=victim cid=7k2m");
    assert_non_null(strstr(remains.text, "assertion failed: arg != NULL"));
}

static void test_crash_given_helper_thread_then_no_coroutine_is_blamed(void **state)
{
    (void)state;
    crash(die_in_helper_thread, &remains);
    assert_report(&remains, SIGSEGV, "fatal signal 11 (SEGV)", "coroutine=none cid=\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_given_abort_then_report_has_coroutine_and_story),
        cmocka_unit_test(test_crash_given_failed_assertion_then_it_is_named),
#ifdef SRS_ASAN // which has the signals of memory errors to itself
    };
    const struct CMUnitTest others[] = {
#endif
        cmocka_unit_test(test_crash_given_segfault_in_coroutine_then_report_and_same_signal),
        cmocka_unit_test(test_crash_given_stack_overflow_then_guard_page_and_report),
        cmocka_unit_test(test_crash_given_helper_thread_then_no_coroutine_is_blamed),
    };
#ifdef SRS_ASAN
    (void)others;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
