// Files below a root: what may be opened, and every way out of it, by the kernel's resolution and
// by the walk that stands in for it.
#include "core/file.h"
#include "core/file_priv.h"
#include "test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char top[] = "/tmp/srs-test-file-XXXXXX";
static char root[PATH_MAX];

static void put(const char *path, const char *text)
{
    char whole[PATH_MAX];
    (void)snprintf(whole, sizeof whole, "%s/%s", top, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make(const char *path)
{
    char whole[PATH_MAX];
    (void)snprintf(whole, sizeof whole, "%s/%s", top, path);
    assert_int_equal(mkdir(whole, 0755), 0);
}

static void point(const char *path, const char *to)
{
    char whole[PATH_MAX];
    (void)snprintf(whole, sizeof whole, "%s/%s", top, path);
    assert_int_equal(symlink(to, whole), 0);
}

//   secret  root/{a.txt sub/b.txt links fifo socket}  alias -> root
static int setup(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_non_null(mkdtemp(top));
    (void)snprintf(root, sizeof root, "%s/root", top);
    put("secret", "secret");
    make("root");
    make("root/sub");
    put("root/a.txt", "hello");
    put("root/sub/b.txt", "b");
    put("root/empty", "");
    point("alias", "root");
    point("root/in", "a.txt");
    point("root/in-sub", "sub");
    point("root/sub/up-and-in", "../a.txt");
    point("root/out", "../secret");
    point("root/out-absolute", "/etc/passwd");
    point("root/out-far", "../../../../../../../../etc/passwd");
    point("root/out-dir", "..");
    point("root/in-absolute", root);
    point("root/round", "round");
    point("root/proc", "/proc/self/root");
    (void)snprintf(path, sizeof path, "%s/root/fifo", top);
    assert_int_equal(mkfifo(path, 0644), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/root/socket", top);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    (void)close(fd);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static int descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct {
    const char *path;
    srs_err want;
    bool directory;
    bool walks; // the walk, which follows no link, opens it too
} rows[] = {
    {"a.txt", SRS_OK, false, true},
    {"sub/b.txt", SRS_OK, false, true},
    {"./sub/./b.txt", SRS_OK, false, true},
    {"sub//b.txt", SRS_OK, false, true},
    {"empty", SRS_OK, false, true},
    {"", SRS_OK, true, true},
    {".", SRS_OK, true, true},
    {"sub", SRS_OK, true, true},
    {"sub/", SRS_OK, true, true},
    {"sub/.", SRS_OK, true, true},
    {"in", SRS_OK, false, false},
    {"in-sub/b.txt", SRS_OK, false, false},
    {"sub/up-and-in", SRS_OK, false, false},
    {"nothing", SRS_E_SYSTEM_FILE_NOT_EXISTS, false, false},
    {"sub/nothing", SRS_E_SYSTEM_FILE_NOT_EXISTS, false, false},
    {"a.txt/", SRS_E_SYSTEM_FILE_NOT_EXISTS, false, false},
    {"a.txt/b.txt", SRS_E_SYSTEM_FILE_NOT_EXISTS, false, false},
    {"..", SRS_E_FILE_FORBIDDEN, false, false},
    {"../secret", SRS_E_FILE_FORBIDDEN, false, false},
    {"sub/../../secret", SRS_E_FILE_FORBIDDEN, false, false},
    {"sub/../../root/a.txt", SRS_E_FILE_FORBIDDEN, false, false},
    {"/etc/passwd", SRS_E_FILE_FORBIDDEN, false, false},
    {"out", SRS_E_FILE_FORBIDDEN, false, false},
    {"out-absolute", SRS_E_FILE_FORBIDDEN, false, false},
    {"out-far", SRS_E_FILE_FORBIDDEN, false, false},
    {"out-dir/secret", SRS_E_FILE_FORBIDDEN, false, false},
    {"out-dir/root/a.txt", SRS_E_FILE_FORBIDDEN, false, false},
    {"in-absolute/a.txt", SRS_E_FILE_FORBIDDEN, false, false},
    {"round", SRS_E_FILE_FORBIDDEN, false, false},
    {"proc/etc/passwd", SRS_E_FILE_FORBIDDEN, false, false},
    {"fifo", SRS_E_FILE_FORBIDDEN, false, false},
    {"socket", SRS_E_FILE_FORBIDDEN, false, false},
};

static void test_open_given_paths_then_only_what_lies_below(void **state)
{
    (void)state;
    int before = descriptors();
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_file_info info;
        int fd = -1;
        assert_err(rows[i].want, srs_file_open(root, rows[i].path, &fd, &info), rows[i].path);
        if (rows[i].want == SRS_OK && info.is_directory != rows[i].directory)
            fail_msg("%s: directory %d", rows[i].path, info.is_directory);
        if (fd >= 0)
            (void)close(fd);
    }
    assert_int_equal(descriptors(), before);
}

static void test_walk_given_paths_then_only_what_lies_below(void **state)
{
    (void)state;
    int before = descriptors();
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct stat about;
        if (rows[i].path[0] == '/' || strcmp(rows[i].path, "fifo") == 0)
            continue; // relative paths only; the kind of a file is looked at by the caller
        errno = 0;
        int fd = srs_file_walk(at, rows[i].path);
        if ((fd >= 0) != rows[i].walks)
            fail_msg("%s: %d %s", rows[i].path, fd, strerror(errno));
        if (fd < 0)
            continue;
        assert_int_equal(fstat(fd, &about), 0);
        assert_int_equal(S_ISDIR(about.st_mode), rows[i].directory);
        (void)close(fd);
    }
    (void)close(at);
    assert_int_equal(descriptors(), before);
}

static void test_open_given_long_names_then_not_there(void **state)
{
    (void)state;
    static char path[3 * PATH_MAX];
    struct srs_file_info info;
    int fd;
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t size = NAME_MAX; size < sizeof path; size = size * 2 + 1) {
        memset(path, 'a', size);
        path[size] = '\0';
        assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_file_open(root, path, &fd, &info), "name");
        assert_int_equal(srs_file_walk(at, path), -1);
        for (size_t i = 1; i < size; i += 2)
            path[i] = '/';
        assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_file_open(root, path, &fd, &info), "levels");
    }
    (void)close(at);
}

static void test_open_given_roots_then_links_to_one_count(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct srs_file_info info;
    int fd = -1;
    (void)snprintf(path, sizeof path, "%s/alias", top);
    assert_err(SRS_OK, srs_file_open(path, "a.txt", &fd, &info), "root that is a link");
    (void)close(fd);
    assert_err(SRS_E_FILE_FORBIDDEN, srs_file_open(path, "../secret", &fd, &info), "out of it");
    (void)snprintf(path, sizeof path, "%s/root/a.txt", top);
    assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_file_open(path, "x", &fd, &info), "a file");
    assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_file_open("/nowhere/x", "x", &fd, &info), "none");
    assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_file_open("", "x", &fd, &info), "empty");
}

static void test_read_given_offsets_then_bytes_up_to_the_end(void **state)
{
    (void)state;
    struct srs_file_info info;
    char bytes[16];
    size_t got;
    int fd = -1;
    assert_err(SRS_OK, srs_file_open(root, "a.txt", &fd, &info), "open");
    assert_int_equal(info.size, 5);
    assert_true(info.modified > 1600000000);
    assert_err(SRS_OK, srs_file_read_at(fd, 1, bytes, 3, &got), "middle");
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "ell", 3);
    assert_err(SRS_OK, srs_file_read_at(fd, 3, bytes, 16, &got), "end");
    assert_int_equal(got, 2);
    assert_err(SRS_OK, srs_file_read_at(fd, 5, bytes, 16, &got), "behind it");
    assert_int_equal(got, 0);
    (void)close(fd);
    assert_err(SRS_OK, srs_file_open(root, "sub", &fd, &info), "directory");
    assert_err(SRS_E_SYSTEM_FILE_READ, srs_file_read_at(fd, 0, bytes, 16, &got), "directory");
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_given_paths_then_only_what_lies_below),
        cmocka_unit_test(test_walk_given_paths_then_only_what_lies_below),
        cmocka_unit_test(test_open_given_long_names_then_not_there),
        cmocka_unit_test(test_open_given_roots_then_links_to_one_count),
        cmocka_unit_test(test_read_given_offsets_then_bytes_up_to_the_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
