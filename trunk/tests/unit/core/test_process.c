// The process towards its system: container marks, the descriptor limit, word to a service manager,
// and the ways in which a start in the background can end. Children of this process are the
// servers.
#include "core/process.h"
#include "test.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_container_given_cgroup_text_then_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
    } cases[] = {
        {"12:pids:/docker/0123abcd\n", true},
        {"1:name=systemd:/kubepods/besteffort/pod1/2\n", true},
        {"0::/system.slice/containerd.service/x\n", true},
        {"0::/machine.slice/libpod-1.scope\n", true},
        {"0::/init.scope\n", false},
        {"0::/\n", false},
        {"", false},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++)
        if (srs_process_is_container_cgroup(cases[i].text) != cases[i].is_one)
            fail_msg("%s", cases[i].text);
}

static void test_descriptors_given_lower_soft_limit_then_raised(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(srs_process_raise_descriptors(), limit.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

// Word to the service manager

static int manager_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    memcpy(at.sun_path, path, size);
    if (path[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                     0);
    return fd;
}

static void assert_told(const char *path)
{
    char got[64] = "";
    int fd = manager_at(path);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    assert_err(SRS_OK, srs_process_notify("READY=1\n"), path);
    assert_int_equal(recv(fd, got, sizeof got - 1, 0), 8);
    assert_string_equal(got, "READY=1\n");
    (void)close(fd);
}

static void test_notify_given_socket_then_told(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/srs-test-notify-%ld", (long)getpid());
    assert_told(path);
    assert_int_equal(unlink(path), 0);
    assert_err(SRS_E_SOCKET_WRITE, srs_process_notify("x"), "nobody listens");
    path[0] = '@';
    assert_told(path);
}

static void test_notify_given_no_socket_then_nothing_or_refused(void **state)
{
    (void)state;
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    (void)unsetenv("NOTIFY_SOCKET");
    assert_err(SRS_OK, srs_process_notify("x"), "none");
    (void)setenv("NOTIFY_SOCKET", "", 1);
    assert_err(SRS_OK, srs_process_notify("x"), "empty");
    (void)setenv("NOTIFY_SOCKET", "vsock:1:2", 1);
    assert_err(SRS_E_SYSTEM_IP_INVALID, srs_process_notify("x"), "of another kind");
    path[0] = '/';
    (void)setenv("NOTIFY_SOCKET", path, 1);
    assert_err(SRS_E_SYSTEM_IP_INVALID, srs_process_notify("x"), "too long");
    (void)unsetenv("NOTIFY_SOCKET");
}

// Background. The child may not return into the tests: it ends by _exit.

static void test_background_given_ready_child_then_told_while_it_runs(void **state)
{
    (void)state;
    struct srs_background background = {.pipe = -1};
    struct srs_background_outcome outcome;
    assert_err(SRS_OK, srs_background_enter(&background, &outcome), "enter");
    if (!outcome.is_parent) {
        bool leads = getsid(0) == getpid();
        srs_background_ready(&background, false);
        char link[64] = "";
        ssize_t size = readlink("/proc/self/fd/1", link, sizeof link - 1);
        (void)pause(); // until the test ends it: "ready" must not need our end
        _exit(leads && size > 0 ? 0 : 1);
    }
    assert_true(outcome.ready);
    assert_true(outcome.child > 0);
    assert_int_equal(getsid(outcome.child), outcome.child);
    char path[64];
    char link[64] = "";
    for (int fd = 0; fd <= 2; fd++) {
        (void)snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)outcome.child, fd);
        ssize_t size = readlink(path, link, sizeof link - 1);
        link[size > 0 ? size : 0] = '\0';
        assert_string_equal(link, "/dev/null");
    }
    assert_int_equal(kill(outcome.child, SIGKILL), 0);
    assert_int_equal(waitpid(outcome.child, NULL, 0), outcome.child);
}

static void test_background_given_child_that_keeps_output_then_only_input_is_gone(void **state)
{
    (void)state;
    struct srs_background background = {.pipe = -1};
    struct srs_background_outcome outcome;
    struct stat_pair {
        char mine[64];
        char its[64];
    } link = {"", ""};
    assert_err(SRS_OK, srs_background_enter(&background, &outcome), "enter");
    if (!outcome.is_parent) {
        srs_background_ready(&background, true);
        (void)pause();
        _exit(0);
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/fd/1", (long)outcome.child);
    assert_true(readlink(path, link.its, sizeof link.its - 1) > 0);
    assert_true(readlink("/proc/self/fd/1", link.mine, sizeof link.mine - 1) > 0);
    assert_string_equal(link.mine, link.its);
    assert_int_equal(kill(outcome.child, SIGKILL), 0);
    assert_int_equal(waitpid(outcome.child, NULL, 0), outcome.child);
}

static void test_background_given_child_that_ends_then_its_status(void **state)
{
    (void)state;
    struct srs_background background = {.pipe = -1};
    struct srs_background_outcome outcome;
    assert_err(SRS_OK, srs_background_enter(&background, &outcome), "enter");
    if (!outcome.is_parent)
        _exit(234);
    assert_false(outcome.ready);
    assert_int_equal(outcome.status, 234);
    assert_int_equal(outcome.signal, 0);
}

static void test_background_given_child_that_is_killed_then_its_signal(void **state)
{
    (void)state;
    struct srs_background background = {.pipe = -1};
    struct srs_background_outcome outcome;
    assert_err(SRS_OK, srs_background_enter(&background, &outcome), "enter");
    if (!outcome.is_parent) {
        (void)kill(getpid(), SIGKILL);
        _exit(0);
    }
    assert_false(outcome.ready);
    assert_int_equal(outcome.signal, SIGKILL);
}

// It bounds what a socket really gets, which is twice what it asks for.
static void test_send_buffer_max_given_socket_then_no_more_is_given(void **state)
{
    (void)state;
    uint64_t most = srs_process_send_buffer_max();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int asked = INT_MAX / 2;
    int got = 0;
    socklen_t size = sizeof got;
    assert_true(most > 4096);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &asked, sizeof asked), 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &got, &size), 0);
    assert_int_equal(got, 2 * most);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_buffer_max_given_socket_then_no_more_is_given),
        cmocka_unit_test(test_container_given_cgroup_text_then_told_apart),
        cmocka_unit_test(test_descriptors_given_lower_soft_limit_then_raised),
        cmocka_unit_test(test_notify_given_socket_then_told),
        cmocka_unit_test(test_notify_given_no_socket_then_nothing_or_refused),
        cmocka_unit_test(test_background_given_ready_child_then_told_while_it_runs),
        cmocka_unit_test(test_background_given_child_that_keeps_output_then_only_input_is_gone),
        cmocka_unit_test(test_background_given_child_that_ends_then_its_status),
        cmocka_unit_test(test_background_given_child_that_is_killed_then_its_signal),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
