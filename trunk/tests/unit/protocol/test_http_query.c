#include "protocol/http/query.h"
#include "protocol/http/url.h"
#include "test.h"
#include <stdlib.h>

static const struct {
    const char *why;
    const char *target;
    srs_err want;
    const char *path;
    const char *query;
    const char *host;
} targets[] = {
    {"root", "/", SRS_OK, "/", "", NULL},
    {"path and query", "/a/b?c=d", SRS_OK, "/a/b", "c=d", NULL},
    {"second question mark is query", "/a?b?c", SRS_OK, "/a", "b?c", NULL},
    {"escapes", "/%41%7e%20%e4%b8%ad", SRS_OK, "/A~ \xe4\xb8\xad", "", NULL},
    {"plus is a plus", "/a+b", SRS_OK, "/a+b", "", NULL},
    {"query stays raw", "/a?%41=+", SRS_OK, "/a", "%41=+", NULL},
    {"escaped question mark is path", "/a%3fb", SRS_OK, "/a?b", "", NULL},
    {"empty and dot segments", "//a/./b//c/.", SRS_OK, "/a/b/c/", "", NULL},
    {"last slash stays", "/a/", SRS_OK, "/a/", "", NULL},
    {"only slashes", "///", SRS_OK, "/", "", NULL},
    {"only a dot", "/.", SRS_OK, "/", "", NULL},
    {"escaped slash is a slash", "/a%2F%2Fb", SRS_OK, "/a/b", "", NULL},
    {"dots within a name", "/a..b/...", SRS_OK, "/a..b/...", "", NULL},
    {"absolute", "http://h:1/a?b", SRS_OK, "/a", "b", "h:1"},
    {"absolute, other case and scheme", "HTTPS://h/", SRS_OK, "/", "", "h"},
    {"absolute without path", "http://h", SRS_OK, "/", "", "h"},
    {"absolute with query only", "http://host?b", SRS_OK, "/", "b", "host"},
    {"star", "*", SRS_OK, "*", "", NULL},
    {"parent", "/..", SRS_E_HTTP_URL_NOT_CLEAN, NULL, NULL, NULL},
    {"parent within", "/a/../b", SRS_E_HTTP_URL_NOT_CLEAN, NULL, NULL, NULL},
    {"escaped parent", "/a/%2e%2E/b", SRS_E_HTTP_URL_NOT_CLEAN, NULL, NULL, NULL},
    {"parent behind an escaped slash", "/a%2f..", SRS_E_HTTP_URL_NOT_CLEAN, NULL, NULL, NULL},
    {"parent in an absolute one", "http://h/..", SRS_E_HTTP_URL_NOT_CLEAN, NULL, NULL, NULL},
    {"escaped NUL", "/a%00", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"escaped line feed", "/a%0A", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"escaped delete", "/a%7f", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"no digits", "/a%", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"one digit", "/a%4", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"not digits", "/a%4g", SRS_E_HTTP_URL_UNESCAPE, NULL, NULL, NULL},
    {"fragment", "/a#b", SRS_E_HTTP_PARSE_URI, NULL, NULL, NULL},
    {"user name", "http://u@h/", SRS_E_HTTP_PARSE_URI, NULL, NULL, NULL},
    {"no host", "http:///a", SRS_E_HTTP_PARSE_URI, NULL, NULL, NULL},
    {"other scheme", "rtmp://h/a", SRS_E_HTTP_PARSE_URI, NULL, NULL, NULL},
    {"no slash", "a/b", SRS_E_HTTP_PARSE_URI, NULL, NULL, NULL},
};

static void test_http_target_given_target_then_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(targets); i++) {
        char *bytes = strdup(targets[i].target); // exact size: a byte beyond is seen
        struct srs_http_target target;
        assert_err(targets[i].want, srs_http_target_split(bytes, &target), targets[i].why);
        if (targets[i].want == SRS_OK) {
            assert_string_equal(targets[i].path, target.path);
            assert_string_equal(targets[i].query, target.query);
            assert_int_equal(targets[i].host == NULL, target.host == NULL);
            if (target.host != NULL)
                assert_string_equal(targets[i].host, target.host);
        }
        free(bytes);
    }
}

static const struct {
    const char *why;
    const char *query;
    srs_err want;
    bool found;
    const char *value;
} queries[] = {
    {"empty query", "", SRS_OK, false, ""},
    {"alone", "key=v", SRS_OK, true, "v"},
    {"among others", "a=1&key=v&b=2", SRS_OK, true, "v"},
    {"first counts", "key=1&key=2", SRS_OK, true, "1"},
    {"without value", "key", SRS_OK, true, ""},
    {"empty value", "key=&a=1", SRS_OK, true, ""},
    {"without value before others", "key&a=1", SRS_OK, true, ""},
    {"escapes and plus", "key=a%20b+c%2B", SRS_OK, true, "a b c+"},
    {"equals in the value", "key=a=b", SRS_OK, true, "a=b"},
    {"escaped name", "%6bey=v", SRS_OK, true, "v"},
    {"longer name", "keys=v", SRS_OK, false, ""},
    {"shorter name", "ke=v", SRS_OK, false, ""},
    {"name in a value", "a=key=v", SRS_OK, false, ""},
    {"empty parts", "&&key=v&", SRS_OK, true, "v"},
    {"bad name before", "%zz=1&key=v", SRS_OK, true, "v"},
    {"bad escape", "key=%4", SRS_E_HTTP_URL_UNESCAPE, false, ""},
    {"NUL", "key=a%00b", SRS_E_HTTP_URL_UNESCAPE, false, ""},
    {"fits exactly", "key=1234567", SRS_OK, true, "1234567"},
    {"one too long", "key=12345678", SRS_E_LIMIT, false, ""},
};

static void test_http_query_given_query_then_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(queries); i++) {
        char out[8] = "unset";
        bool found = true;
        assert_err(queries[i].want, srs_http_query_get(queries[i].query, "key", out, 8, &found),
                   queries[i].why);
        if (found != queries[i].found || strcmp(out, queries[i].value) != 0)
            fail_msg("%s: %d \"%s\"", queries[i].why, found, out);
    }
}

static void test_http_jsonp_given_name_then_checked(void **state)
{
    (void)state;
    char longest[SRS_HTTP_JSONP_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[SRS_HTTP_JSONP_MAX + 1] = '\0';
    assert_false(srs_http_jsonp_name_ok(longest));
    longest[SRS_HTTP_JSONP_MAX] = '\0';
    assert_true(srs_http_jsonp_name_ok(longest));
    assert_true(srs_http_jsonp_name_ok("jQuery_1-2.cb"));
    static const char *const bad[] = {"", "a(b", "a;", "a b", "<script>", "a[0]", "\xc3\xa4"};
    for (size_t i = 0; i < SRS_COUNT(bad); i++)
        assert_false(srs_http_jsonp_name_ok(bad[i]));
}

static void test_http_escape_given_path_then_it_splits_to_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *want;
    } rows[] = {{"/", "/"},
                {"/a/b.txt", "/a/b.txt"},
                {"/a b", "/a%20b"},
                {"/100%", "/100%25"},
                {"/a?b#c", "/a%3Fb%23c"},
                {"/\xe4\xb8\xad/", "/%E4%B8%AD/"},
                {"/~a-b_c@d:e;f", "/~a-b_c@d:e;f"},
                {"/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_buf out = {0};
        struct srs_http_target target;
        assert_err(SRS_OK, srs_http_escape_path(&out, rows[i].path, 100), rows[i].path);
        assert_err(SRS_OK, srs_buf_append(&out, "", 1, 100), "terminator");
        char *text = (char *)out.bytes;
        assert_string_equal(text, rows[i].want);
        assert_err(SRS_OK, srs_http_target_split(text, &target), text);
        assert_string_equal(target.path, rows[i].path);
        srs_buf_fini(&out);
    }
    struct srs_buf out = {0};
    assert_err(SRS_E_LIMIT, srs_http_escape_path(&out, "/a b", 4), "limit");
    srs_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_target_given_target_then_parts),
        cmocka_unit_test(test_http_escape_given_path_then_it_splits_to_the_same),
        cmocka_unit_test(test_http_query_given_query_then_value),
        cmocka_unit_test(test_http_jsonp_given_name_then_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
