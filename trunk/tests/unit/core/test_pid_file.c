// The pid file: what is in it, who may have it, what is left of it. A lock is one process's, so the
// other server is a child.
#include "core/pid_file.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/srs-test-pid-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        return -1;
    (void)snprintf(place->path, sizeof place->path, "%s/srs.pid", place->folder);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    int left = rmdir(place->folder);
    free(place);
    return left;
}

static long pid_in(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) >= 0);
    (void)close(fd); // gives up this process's lock too: not while the file is held
    return strtol(text, NULL, 10);
}

// What taking it gives in another process.
static srs_err take_elsewhere(const char *path, char *story, size_t size)
{
    int ends[2];
    struct {
        srs_err err;
        char story[512];
    } got = {.err = SRS_OK};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct srs_pid_file file = {.fd = -1};
        got.err = srs_pid_file_take(path, &file);
        srs_err_format(got.err, got.story, sizeof got.story);
        ssize_t n = write(ends[1], &got, sizeof got);
        srs_pid_file_release(&file);
        _exit(n == (ssize_t)sizeof got ? 0 : 1);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &got, sizeof got), (ssize_t)sizeof got);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)snprintf(story, size, "%s", got.story);
    return got.err;
}

static void test_pid_file_given_place_then_written_and_removed(void **state)
{
    const struct place *place = *state;
    struct srs_pid_file file = {.fd = -1};
    FILE *old = fopen(place->path, "we"); // of a server that was killed, and longer
    assert_non_null(old);
    assert_true(fputs("123456789012345\n", old) >= 0);
    assert_int_equal(fclose(old), 0);
    assert_err(SRS_OK, srs_pid_file_take(place->path, &file), "take");
    assert_int_equal(fcntl(file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(pid_in(place->path), getpid());
    srs_pid_file_release(&file);
    assert_int_equal(access(place->path, F_OK), -1);
    srs_pid_file_release(&file); // harmless
}

static void test_pid_file_given_holder_then_refused_by_name(void **state)
{
    const struct place *place = *state;
    struct srs_pid_file file = {.fd = -1};
    char story[512];
    char want[32];
    assert_err(SRS_OK, srs_pid_file_take(place->path, &file), "take");
    assert_err(SRS_E_SYSTEM_PID_ALREADY_RUNNING, take_elsewhere(place->path, story, sizeof story),
               "taken");
    (void)snprintf(want, sizeof want, "held by process %ld", (long)getpid());
    assert_non_null(strstr(story, want));
    assert_int_equal(access(place->path, F_OK), 0); // the other one has left it alone
    srs_pid_file_release(&file);
    assert_err(SRS_OK, take_elsewhere(place->path, story, sizeof story), "free again");
}

static void test_pid_file_given_no_such_place_then_refused(void **state)
{
    const struct place *place = *state;
    struct srs_pid_file file = {.fd = -1};
    assert_err(SRS_E_SYSTEM_PID_ACQUIRE, srs_pid_file_take("/nowhere/x.pid", &file), "folder");
    assert_err(SRS_E_SYSTEM_PID_ACQUIRE, srs_pid_file_take(place->folder, &file), "a folder");
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_err(SRS_E_SYSTEM_PID_ACQUIRE, srs_pid_file_take(place->path, &file), "a fifo");
    assert_int_equal(file.fd, -1);
}

static void test_pid_file_given_no_memory_then_not_held(void **state)
{
    const struct place *place = *state;
    struct srs_pid_file file = {.fd = -1};
    char story[512];
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_pid_file_take(place->path, &file), "no memory");
    assert_int_equal(file.fd, -1);
    assert_err(SRS_OK, take_elsewhere(place->path, story, sizeof story), "free");
}

static void test_pid_file_given_file_of_another_then_left_at_release(void **state)
{
    const struct place *place = *state;
    struct srs_pid_file file = {.fd = -1};
    assert_err(SRS_OK, srs_pid_file_take(place->path, &file), "take");
    assert_int_equal(unlink(place->path), 0); // by hand, and another server has made a new one
    int fd = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    (void)close(fd);
    srs_pid_file_release(&file);
    assert_int_equal(access(place->path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pid_file_given_place_then_written_and_removed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pid_file_given_holder_then_refused_by_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pid_file_given_no_such_place_then_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pid_file_given_no_memory_then_not_held, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pid_file_given_file_of_another_then_left_at_release,
                                        setup, teardown),
    };
    return cmocka_run_group_tests_name("pid_file", tests, NULL, NULL);
}
