// Files that helper threads read: pieces, limits, readers that leave in the middle, many
// directories.
#include "core/task.h"
#include "server/files/mime.h"
#include "server/files/store.h"
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = SRS_FILES_PIECE * 2 + 1000 };

static char root[] = "/tmp/srs-test-store-XXXXXX";
static struct srs_files *files;

static void path_of(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", root, name);
}

static int setup_all(void **state)
{
    (void)state;
    char path[256];
    assert_non_null(mkdtemp(root));
    path_of(path, "big");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < SIZE; i++)
        assert_int_equal(fputc((int)(i % 251), file), (int)(i % 251));
    assert_int_equal(fclose(file), 0);
    return srs_co_init();
}

static int teardown_all(void **state)
{
    (void)state;
    char path[256];
    path_of(path, "big");
    return unlink(path) != 0 || rmdir(root) != 0;
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

static int before;

static int setup(void **state)
{
    (void)state;
    before = descriptors();
    files = srs_files_new(6);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(srs_files_open_count(files), 0);
    srs_files_close(files, srs_now() + 10 * SRS_SEC);
    assert_int_equal(srs_live_count(SRS_LIVE_FILE), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_TASK), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(descriptors(), before);
    return 0;
}

static void test_read_given_file_then_pieces_up_to_its_end(void **state)
{
    (void)state;
    struct srs_file *file = NULL;
    struct srs_span got;
    assert_err(SRS_OK, srs_files_open(files, root, "big", &file), "open");
    assert_int_equal(srs_files_info(file)->size, SIZE);
    size_t at = 0;
    do {
        assert_err(SRS_OK, srs_files_read(file, at, SIZE_MAX, &got), "read");
        assert_true(got.size <= SRS_FILES_PIECE);
        for (size_t i = 0; i < got.size; i++)
            assert_int_equal(got.bytes[i], (at + i) % 251);
        at += got.size;
    } while (got.size > 0);
    assert_int_equal(at, SIZE);
    assert_err(SRS_OK, srs_files_read(file, 7, 3, &got), "few");
    assert_int_equal(got.size, 3);
    assert_int_equal(got.bytes[0], 7);
    srs_files_free(file);
}

static void test_open_given_errors_then_their_code_and_nothing_open(void **state)
{
    (void)state;
    struct srs_file *file = NULL;
    assert_err(SRS_E_SYSTEM_FILE_NOT_EXISTS, srs_files_open(files, root, "no", &file), "none");
    assert_err(SRS_E_FILE_FORBIDDEN, srs_files_open(files, root, "../x", &file), "out");
    for (unsigned n = 1; n <= 2; n++) {
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY, srs_files_open(files, "elsewhere", "x", &file), "memory");
        srs_mem_fail_after(0);
    }
    assert_null(file);
}

static void test_open_given_more_than_the_limit_then_refused(void **state)
{
    (void)state;
    struct srs_file *file[4] = {NULL};
    for (size_t i = 0; i < 3; i++)
        assert_err(SRS_OK, srs_files_open(files, root, "big", &file[i]), "up to it");
    assert_err(SRS_E_LIMIT, srs_files_open(files, root, "big", &file[3]), "above");
    srs_files_free(file[0]);
    assert_err(SRS_OK, srs_files_open(files, root, "big", &file[0]), "one has gone");
    for (size_t i = 0; i < 3; i++)
        srs_files_free(file[i]);
}

static void test_open_given_lower_limit_then_those_there_stay(void **state)
{
    (void)state;
    struct srs_file *file[2] = {NULL};
    struct srs_file *none = NULL;
    for (size_t i = 0; i < 2; i++)
        assert_err(SRS_OK, srs_files_open(files, root, "big", &file[i]), "before");
    srs_files_set_limit(files, 1);
    assert_err(SRS_E_LIMIT, srs_files_open(files, root, "big", &none), "two of one");
    srs_files_free(file[0]);
    assert_err(SRS_E_LIMIT, srs_files_open(files, root, "big", &none), "one of one");
    srs_files_free(file[1]);
    assert_err(SRS_OK, srs_files_open(files, root, "big", &file[0]), "none");
    srs_files_free(file[0]);
}

static void test_open_given_directory_with_its_part_then_others_go_on(void **state)
{
    (void)state;
    static const char *const slashes[] = {"", "/", "//", "///", "////"};
    struct srs_file *file[6] = {NULL};
    struct srs_file *none = NULL;
    size_t count = 0;
    char name[64];
    while (srs_files_open(files, root, "big", &file[count]) == SRS_OK)
        count++;
    assert_int_equal(count, 3);
    for (size_t i = 1; i <= 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", root, slashes[i]);
        assert_err(SRS_OK, srs_files_open(files, name, "big", &file[count++]), name);
        assert_err(SRS_E_LIMIT, srs_files_open(files, name, "big", &none), name);
    }
    (void)snprintf(name, sizeof name, "%s%s", root, slashes[4]);
    assert_err(SRS_E_LIMIT, srs_files_open(files, name, "big", &none), "all are taken");
    for (size_t i = 0; i < count; i++)
        srs_files_free(file[i]);
}

static void test_open_given_many_directories_then_some_share_a_queue(void **state)
{
    (void)state;
    char name[64];
    for (unsigned i = 0; i < 3 * SRS_FILES_QUEUES_MAX; i++) {
        struct srs_file *file = NULL;
        (void)snprintf(name, sizeof name, "%s/%.*s", root, (int)i, "////////////////////////////");
        assert_err(SRS_OK, srs_files_open(files, name, "big", &file), name);
        srs_files_free(file);
    }
}

// Opens and reads until it is told to end.
static srs_err read_on(void *arg)
{
    unsigned *reads = arg;
    struct srs_file *file = NULL;
    struct srs_span got;
    srs_err err = srs_files_open(files, root, "big", &file);
    while (!err) {
        (*reads)++;
        err = srs_files_read(file, 0, SRS_FILES_PIECE, &got);
    }
    srs_files_free(file);
    return srs_bare(SRS_OK);
}

static void test_read_given_reader_that_is_canceled_then_nothing_is_left(void **state)
{
    (void)state;
    unsigned reads = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct srs_scope scope;
        srs_scope_init(&scope, "readers");
        for (unsigned k = 0; k < 3; k++)
            assert_err(SRS_OK, srs_scope_spawn(&scope, read_on, &reads), "spawn");
        for (unsigned k = 0; k < i % 7; k++)
            assert_err(SRS_OK, srs_co_breathe(), "turn");
        srs_scope_close(&scope);
        // What a helper still works on counts as open.
        while (srs_files_open_count(files) > 0)
            assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC / 10), "helpers");
    }
    assert_true(reads > 0);
}

static void test_mime_given_names_then_types(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *type;
    } rows[] = {
        {"a.flv", "video/x-flv"},
        {"x/y.z/a.MP4", "video/mp4"},
        {"a.tar.js", "text/javascript; charset=utf-8"},
        {"live/s.m3u8", "application/vnd.apple.mpegurl"},
        {"a.ts", "video/MP2T"},
        {"a.m4s", "video/iso.segment"},
        {"a.mpd", "application/dash+xml"},
        {"index.html", "text/html; charset=utf-8"},
        {"a.wasm", "application/wasm"},
        {"a.svg", "image/svg+xml"},
        {"flv", "application/octet-stream"},
        {"x.flv/y", "application/octet-stream"},
        {"a.", "application/octet-stream"},
        {"a.unknown", "application/octet-stream"},
        {".flv", "video/x-flv"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_string_equal(srs_mime_type(rows[i].path), rows[i].type);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read_given_file_then_pieces_up_to_its_end),
        TEST(test_open_given_errors_then_their_code_and_nothing_open),
        TEST(test_open_given_more_than_the_limit_then_refused),
        TEST(test_open_given_lower_limit_then_those_there_stay),
        TEST(test_open_given_directory_with_its_part_then_others_go_on),
        TEST(test_open_given_many_directories_then_some_share_a_queue),
        TEST(test_read_given_reader_that_is_canceled_then_nothing_is_left),
        cmocka_unit_test(test_mime_given_names_then_types),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
