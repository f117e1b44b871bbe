// The player page and the console: which paths there are, on which ports, and what may be their
// library.
#include "core/log.h"
#include "server/page/page_priv.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HTML   "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE  "text/css; charset=utf-8"

static char folder[] = "/tmp/test_page.XXXXXX";
static char paths[6][64];
enum { MISSING, FOLDER, EMPTY, LARGE, GOOD, FIFO };

static void make_file(const char *path, const char *text, off_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(path, size), 0);
}

static int setup(void **state)
{
    static const char *const names[] = {"missing", "folder", "empty", "large", "good", "fifo"};
    (void)state;
    srs_log_set_level(SRS_LOG_NONE);
    if (mkdtemp(folder) == NULL)
        return -1;
    for (size_t i = 0; i < SRS_COUNT(names); i++)
        (void)snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    make_file(paths[EMPTY], "", 0);
    make_file(paths[LARGE], "x", SRS_PAGE_LIBRARY_MAX + 1);
    make_file(paths[GOOD], "var mpegts;", 11);
    return mkdir(paths[FOLDER], 0700) != 0 || mkfifo(paths[FIFO], 0600) != 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(paths); i++)
        (void)(i == FOLDER ? rmdir(paths[i]) : unlink(paths[i]));
    return rmdir(folder);
}

static void test_page_given_its_paths_then_only_these_are_found(void **state)
{
    static const char *const others[] = {
        "",
        "/player",
        "/player.js/",
        "player.js",
        "/PLAYER.JS",
        "/index.htm",
        "/etc/passwd",
        "//player.js",
        "/../player.js",
        "/mpegts.js.map",
        "/live/x",
        "/index.html/",
        "/objs/npm/mpegts.js/dist/mpegts.js",
        "/console",
        "/console//",
        "/console/.",
        "/console/../",
        "/console/../index.html",
        "/console/../../etc/passwd",
        "/console/players/index.html",
        "/console/player.css",
        "/console/api",
        "/console.js",
        "/api.js",
        "/chart.js",
    };
    const char *good = paths[GOOD];
    struct srs_page *page = NULL;
    (void)state;
    assert_err(SRS_OK, srs_page_load_from(&good, 1, &page), "load");
    const struct srs_page_file *root = srs_page_find(page, "/");
    const struct srs_page_file *index = srs_page_find(page, "/index.html");
    assert_non_null(root);
    assert_non_null(index);
    assert_ptr_equal(root->bytes.bytes, index->bytes.bytes);
    assert_memory_equal(root->bytes.bytes, "<!doctype html>", 15);
    assert_string_equal(root->content_type, HTML);
    for (size_t i = 0; i < SRS_COUNT(others); i++)
        if (srs_page_find(page, others[i]) != NULL)
            fail_msg("%s is found", others[i]);
    srs_page_free(page);
}

// The bytes in the program are those of the tree.
static void test_page_given_its_files_then_they_are_whole(void **state)
{
    enum { BOTH = SRS_PORT_SERVER | SRS_PORT_API };
    static const struct {
        const char *path;
        const char *file; // below trunk/research
        const char *type;
        unsigned ports;
    } rows[] = {
        {"/", "players/index.html", HTML, SRS_PORT_SERVER},
        {"/index.html", "players/index.html", HTML, SRS_PORT_SERVER},
        {"/player.js", "players/player.js", SCRIPT, SRS_PORT_SERVER},
        {"/player.css", "players/player.css", STYLE, SRS_PORT_SERVER},
        {"/console/", "console/index.html", HTML, BOTH},
        {"/console/index.html", "console/index.html", HTML, BOTH},
        {"/console/console.js", "console/console.js", SCRIPT, BOTH},
        {"/console/api.js", "console/api.js", SCRIPT, BOTH},
        {"/console/chart.js", "console/chart.js", SCRIPT, BOTH},
        {"/console/player.js", "console/player.js", SCRIPT, BOTH},
        {"/console/console.css", "console/console.css", STYLE, BOTH},
    };
    struct srs_page *page = NULL;
    (void)state;
    assert_err(SRS_OK, srs_page_load_from(NULL, 0, &page), "load");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        static char bytes[256 * 1024];
        char path[64];
        (void)snprintf(path, sizeof path, "trunk/research/%s", rows[i].file);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        (void)fclose(file);
        const struct srs_page_file *found = srs_page_find(page, rows[i].path);
        if (found == NULL)
            fail_msg("%s is not found", rows[i].path);
        assert_int_equal(found->bytes.size, size);
        assert_memory_equal(found->bytes.bytes, bytes, size);
        assert_string_equal(found->content_type, rows[i].type);
        assert_int_equal(found->ports, rows[i].ports);
    }
    srs_page_free(page);
}

static void test_page_given_libraries_then_the_first_good_one_counts(void **state)
{
    static const struct {
        const char *why;
        int first;
        int second;
        bool found;
    } rows[] = {
        {"both missing", MISSING, MISSING, false},  {"the first", GOOD, MISSING, true},
        {"the second", MISSING, GOOD, true},        {"a folder", FOLDER, MISSING, false},
        {"behind a folder", FOLDER, GOOD, true},    {"empty", EMPTY, EMPTY, false},
        {"too large", LARGE, LARGE, false},         {"behind a large one", LARGE, GOOD, true},
        {"a fifo does not wait", FIFO, GOOD, true},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        const char *const places[] = {paths[rows[i].first], paths[rows[i].second]};
        struct srs_page *page = NULL;
        assert_err(SRS_OK, srs_page_load_from(places, 2, &page), rows[i].why);
        const struct srs_page_file *file = srs_page_find(page, "/mpegts.js");
        const struct srs_page_file *of_console = srs_page_find(page, "/console/mpegts.js");
        if ((file != NULL) != rows[i].found || (of_console != NULL) != rows[i].found)
            fail_msg("%s: %s", rows[i].why, file != NULL ? "found" : "not found");
        if (file != NULL) {
            assert_int_equal(file->bytes.size, 11);
            assert_memory_equal(file->bytes.bytes, "var mpegts;", 11);
            assert_string_equal(file->content_type, SCRIPT);
            assert_ptr_equal(of_console->bytes.bytes, file->bytes.bytes);
        }
        srs_page_free(page);
    }
}

static void test_page_given_no_memory_then_says_so(void **state)
{
    const char *good = paths[GOOD];
    struct srs_page *page = NULL;
    (void)state;
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_page_load_from(&good, 1, &page), "library");
    srs_mem_fail_after(0);
    assert_null(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_given_its_paths_then_only_these_are_found),
        cmocka_unit_test(test_page_given_its_files_then_they_are_whole),
        cmocka_unit_test(test_page_given_libraries_then_the_first_good_one_counts),
        cmocka_unit_test(test_page_given_no_memory_then_says_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
