// What a reload finds changed: every kind of value, per vhost, and nothing where nothing is.
#include "config_files.h"
#include "server/config/compare.h"
#include <stdio.h>

enum { FOUND_SIZE = 1024 };

static struct srs_config *load_text(const char *text)
{
    char path[] = "/tmp/srs-compare-XXXXXX";
    struct srs_config *config = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    const struct srs_config_args args = {.file = path, .memory = (uint64_t)4 << 30};
    srs_err err = srs_config_load(&args, &config);
    (void)remove(path);
    assert_err(SRS_OK, err, text);
    return config;
}

static void collect(void *arg, const struct srs_directive *row, const char *vhost)
{
    char *found = arg;
    char name[SRS_DIRECTIVE_PATH];
    size_t used = strlen(found);
    srs_directive_path(row, name);
    (void)snprintf(found + used, FOUND_SIZE - used, "%s%s%s ", name, vhost != NULL ? "@" : "",
                   vhost != NULL ? vhost : "");
}

static void assert_changes(const char *before, const char *after, const char *want)
{
    char found[FOUND_SIZE] = "";
    struct srs_config *a = load_text(before);
    struct srs_config *b = load_text(after);
    srs_config_compare(a, b, collect, found);
    assert_string_equal(found, want);
    srs_config_unref(a);
    srs_config_unref(b);
}

static void test_compare_given_one_change_then_its_directive(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *before;
        const char *after;
        const char *want;
    } rows[] = {
        {"nothing", "listen 1935; vhost a { }", "listen 1935; vhost a { }", ""},
        {"other order", "listen 1; vhost a { } vhost b { }", "vhost b { } vhost a { } listen 1;",
         ""},
        {"the default written out", "vhost a { }", "max_connections 1000; vhost a { enabled on; }",
         ""},
        {"number", "max_connections 10;", "max_connections 11;", "max_connections "},
        {"boolean", "http_api { enabled on; }", "http_api { enabled off; }", "http_api.enabled "},
        {"word of a list", "srs_log_level warn;", "srs_log_level error;", "srs_log_level "},
        {"text", "srs_log_file a;", "srs_log_file b;", "srs_log_file "},
        {"port", "listen 1;", "listen 2;", "rtmp.listen "},
        {"address", "listen 127.0.0.1:1;", "listen 127.0.0.2:1;", "rtmp.listen "},
        {"one endpoint more", "listen 1;", "listen 1 2;", "rtmp.listen "},
        {"time", "vhost a { play { mw_latency 1; } }", "vhost a { play { mw_latency 2; } }",
         "vhost.play.mw_latency@a "},
        {"text of a vhost", "vhost a { http_remux { mount /[app]/[stream].flv; } }", "vhost a { }",
         "vhost.http_remux.mount@a "},
        {"the second vhost", "vhost a { } vhost b { }", "vhost a { } vhost b { enabled off; }",
         "vhost.enabled@b "},
        {"vhosts that come and go", "vhost a { enabled off; }", "vhost b { }", ""},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_changes(rows[i].before, rows[i].after, rows[i].want);
}

static void test_vhost_exact_given_an_unknown_name_then_null(void **state)
{
    (void)state;
    struct srs_config *config = load_text("vhost a { } vhost __defaultVhost__ { }");
    assert_string_equal(srs_config_vhost_exact(config, "a")->name, "a");
    assert_null(srs_config_vhost_exact(config, "b"));
    assert_string_equal(srs_config_vhost_find(config, "b")->name, "__defaultVhost__");
    srs_config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare_given_one_change_then_its_directive),
        cmocka_unit_test(test_vhost_exact_given_an_unknown_name_then_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
