// Crash report. Only what may be called in a signal handler is: snprintf into a fixed buffer with
// plain conversions is taken as such here, backtrace was called once before so that it needs no
// loading.
#include "core/crash.h"
#include "core/co_priv.h"
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// AT_MINSIGSTKSZ is about 12 KiB on processors with large vector state; backtrace needs some more.
enum { STACK_BYTES = 128 * 1024, FRAMES = 40 };

static char stack[STACK_BYTES];
static char log_file[PATH_MAX]; // "" for none

static void say(int fd, const char *text)
{
    ssize_t n = write(fd, text, strlen(text));
    (void)n;
}

static void report(int fd, int sig, const void *address)
{
    char line[512];
    // A helper thread has no coroutine, and must not be blamed on the one that runs beside it.
    const char *name = srs_co_on_scheduler() ? srs_co_name(srs_co_self()) : "none";
    (void)snprintf(line, sizeof line,
                   "error: fatal signal %d (%s) address=%p coroutine=%s cid=%s\n", sig,
                   sigabbrev_np(sig), address, name, srs_co_cid());
    say(fd, line);
    const struct srs_err_trace *story = srs_err_current();
    for (unsigned i = 0; story != NULL && i < story->count && i < SRS_ERR_FRAMES; i++) {
        (void)snprintf(line, sizeof line, "  error story %d: %s (%s:%d)\n", (int)story->code,
                       story->frames[i].text, story->frames[i].func, story->frames[i].line);
        say(fd, line);
    }
    void *frames[FRAMES];
    int n = backtrace(frames, FRAMES);
    backtrace_symbols_fd(frames, n, fd);
}

static void on_fatal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    report(STDERR_FILENO, sig, info->si_addr);
    int fd = log_file[0] != '\0' ? open(log_file, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fd >= 0)
        report(fd, sig, info->si_addr);
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

void srs_crash_install(const char *log_path)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    void *frames[2];
    (void)backtrace(frames, 2);
    (void)snprintf(log_file, sizeof log_file, "%s", log_path != NULL ? log_path : "");
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    (void)sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = on_fatal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)sigaction(signals[i], &action, NULL);
}
