// Parameters of API requests: pages of lists, JSONP and its method.
#include "server/api/query.h"
#include "test.h"

static void test_query_given_pages_then_start_and_count(void **state)
{
    static const struct {
        const char *why;
        const char *query;
        uint32_t start;
        uint32_t count;
    } rows[] = {
        {"nothing", "", 0, 10},
        {"empty values", "start=&count=", 0, 10},
        {"both", "start=3&count=100", 3, 100},
        {"other parameters", "x=1&count=2&start=1&y", 1, 2},
        {"count of 0 is 1", "count=0", 0, 1},
        {"negative", "start=-5&count=-5", 0, 1},
        {"rubbish is 0", "start=x&count=x", 0, 1},
        {"leading digits", "start=12ab&count=7.9", 12, 7},
        {"escaped", "start=%31%32", 12, 10},
        {"the largest", "start=4294967295&count=4294967295", UINT32_MAX, UINT32_MAX},
        {"above the largest", "start=4294967296&count=99999999999999999999", UINT32_MAX,
         UINT32_MAX},
        {"the first counts", "start=1&start=2", 1, 10},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_api_query query;
        assert_err(SRS_OK, srs_api_query_read(rows[i].query, SRS_HTTP_GET, &query), rows[i].why);
        if (query.range.start != rows[i].start || query.range.count != rows[i].count)
            fail_msg("%s: start %u count %u", rows[i].why, query.range.start, query.range.count);
        assert_string_equal(query.callback, "");
        assert_int_equal(query.method, SRS_HTTP_GET);
    }
}

static void test_query_given_a_callback_then_method_may_change(void **state)
{
    static const struct {
        const char *why;
        const char *query;
        const char *callback;
        enum srs_http_method method;
    } rows[] = {
        {"callback alone", "callback=a.b-c_9", "a.b-c_9", SRS_HTTP_GET},
        {"empty callback is none", "callback=&method=DELETE", "", SRS_HTTP_GET},
        {"method without callback", "method=DELETE", "", SRS_HTTP_GET},
        {"DELETE", "callback=f&method=DELETE", "f", SRS_HTTP_DELETE},
        {"PUT", "method=PUT&callback=f", "f", SRS_HTTP_PUT},
        {"POST", "callback=f&method=POST", "f", SRS_HTTP_POST},
        {"GET", "callback=f&method=GET", "f", SRS_HTTP_GET},
        {"in lower case it is none", "callback=f&method=delete", "f", SRS_HTTP_GET},
        {"unknown method", "callback=f&method=BREW", "f", SRS_HTTP_GET},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_api_query query;
        assert_err(SRS_OK, srs_api_query_read(rows[i].query, SRS_HTTP_GET, &query), rows[i].why);
        if (strcmp(query.callback, rows[i].callback) != 0 || query.method != rows[i].method)
            fail_msg("%s: callback %s method %d", rows[i].why, query.callback, (int)query.method);
    }
}

static void test_query_given_script_or_bad_escapes_then_refused(void **state)
{
    static const struct {
        const char *why;
        const char *query;
        srs_err err;
    } rows[] = {
        {"parenthesis", "callback=f(", SRS_E_HTTP_JSONP},
        {"escaped parenthesis", "callback=alert%281%29", SRS_E_HTTP_JSONP},
        {"tag", "callback=%3Cscript%3E", SRS_E_HTTP_JSONP},
        {"space", "callback=a+b", SRS_E_HTTP_JSONP},
        {"escape cut short", "callback=f%2", SRS_E_HTTP_JSONP},
        {"method that cannot be decoded", "callback=f&method=%zz", SRS_E_HTTP_URL_UNESCAPE},
        {"method without end",
         "callback=f&method="
         "GETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGET",
         SRS_E_LIMIT},
        {"number that cannot be decoded", "start=%zz", SRS_E_HTTP_URL_UNESCAPE},
        {"number without end",
         "count=11111111111111111111111111111111111111111111111111111111111111111111", SRS_E_LIMIT},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_api_query query;
        assert_err(rows[i].err, srs_api_query_read(rows[i].query, SRS_HTTP_GET, &query),
                   rows[i].why);
    }
}

static void test_query_given_the_longest_callback_then_one_more_is_refused(void **state)
{
    char text[sizeof "callback=" + SRS_HTTP_JSONP_MAX + 1] = "callback=";
    struct srs_api_query query;
    (void)state;
    memset(text + 9, 'a', SRS_HTTP_JSONP_MAX);
    assert_err(SRS_OK, srs_api_query_read(text, SRS_HTTP_GET, &query), "the longest");
    assert_int_equal(strlen(query.callback), SRS_HTTP_JSONP_MAX);
    text[9 + SRS_HTTP_JSONP_MAX] = 'a';
    assert_err(SRS_E_HTTP_JSONP, srs_api_query_read(text, SRS_HTTP_GET, &query), "one more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_given_pages_then_start_and_count),
        cmocka_unit_test(test_query_given_a_callback_then_method_may_change),
        cmocka_unit_test(test_query_given_script_or_bad_escapes_then_refused),
        cmocka_unit_test(test_query_given_the_longest_callback_then_one_more_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
