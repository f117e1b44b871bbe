// Ranges, entity tags and dates of requests for files.
#include "protocol/http/range.h"
#include "test.h"
#include <stdlib.h>

static void test_range_given_values_then_one_none_or_unsatisfiable(void **state)
{
    (void)state;
    enum {
        NONE = SRS_HTTP_RANGE_NONE,
        ONE = SRS_HTTP_RANGE_ONE,
        NOT = SRS_HTTP_RANGE_UNSATISFIABLE
    };
    static const struct {
        const char *value;
        uint64_t size;
        int want;
        uint64_t first;
        uint64_t last;
    } rows[] = {
        {NULL, 10, NONE, 0, 0},
        {"", 10, NONE, 0, 0},
        {"bytes=0-0", 10, ONE, 0, 0},
        {"bytes=0-9", 10, ONE, 0, 9},
        {"bytes=9-9", 10, ONE, 9, 9},
        {"bytes=2-", 10, ONE, 2, 9},
        {"bytes=2-100", 10, ONE, 2, 9},
        {"bytes=-3", 10, ONE, 7, 9},
        {"bytes=-10", 10, ONE, 0, 9},
        {"bytes=-11", 10, ONE, 0, 9},
        {"BYTES=1-2", 10, ONE, 1, 2},
        {"bytes= 1-2 ", 10, ONE, 1, 2},
        {"bytes=010-011", 100, ONE, 10, 11},
        {"bytes=0-99999999999999999999999999", 10, ONE, 0, 9},
        {"bytes=-99999999999999999999999999", 10, ONE, 0, 9},
        {"bytes=10-", 10, NOT, 0, 0},
        {"bytes=10-20", 10, NOT, 0, 0},
        {"bytes=99999999999999999999999999-", 10, NOT, 0, 0},
        {"bytes=-0", 10, NOT, 0, 0},
        {"bytes=0-", 0, NOT, 0, 0},
        {"bytes=-1", 0, NOT, 0, 0},
        {"bytes=3-2", 10, NONE, 0, 0},
        {"bytes=-", 10, NONE, 0, 0},
        {"bytes=", 10, NONE, 0, 0},
        {"bytes=1", 10, NONE, 0, 0},
        {"bytes=1-2,4-5", 10, NONE, 0, 0},
        {"bytes=1-2,", 10, NONE, 0, 0},
        {"bytes=1 - 2", 10, NONE, 0, 0},
        {"bytes=+1-2", 10, NONE, 0, 0},
        {"bytes=--1", 10, NONE, 0, 0},
        {"bytes=0x1-2", 10, NONE, 0, 0},
        {"bytes=1-2x", 10, NONE, 0, 0},
        {"bytes:1-2", 10, NONE, 0, 0},
        {"lines=1-2", 10, NONE, 0, 0},
        {"1-2", 10, NONE, 0, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_http_range range = {77, 77};
        enum srs_http_range_kind kind = srs_http_range_read(rows[i].value, rows[i].size, &range);
        if ((int)kind != rows[i].want)
            fail_msg("%s of %llu: %d", rows[i].value, (unsigned long long)rows[i].size, kind);
        assert_int_equal(range.first, kind == SRS_HTTP_RANGE_ONE ? rows[i].first : 77);
        assert_int_equal(range.last, kind == SRS_HTTP_RANGE_ONE ? rows[i].last : 77);
    }
}

// Every prefix ends at the end of what was allocated for it.
static void prefixes(const char *text, void (*look)(const char *prefix, size_t size))
{
    for (size_t size = 0; size <= strlen(text); size++) {
        char *prefix = malloc(size + 1);
        assert_non_null(prefix);
        memcpy(prefix, text, size);
        prefix[size] = '\0';
        look(prefix, size);
        free(prefix);
    }
}

static void look_at_range(const char *prefix, size_t size)
{
    struct srs_http_range range;
    enum srs_http_range_kind kind = srs_http_range_read(prefix, 1000, &range);
    assert_int_equal(kind, size >= strlen("bytes=1-") ? SRS_HTTP_RANGE_ONE : SRS_HTTP_RANGE_NONE);
}

static void look_at_etag(const char *prefix, size_t size)
{
    assert_int_equal(srs_http_etag_in(prefix, "\"bc\""), size >= strlen("\"a\", W/\"bc\""));
}

static void look_at_date(const char *prefix, size_t size)
{
    int64_t seconds;
    assert_int_equal(srs_http_date_read(prefix, &seconds), size == 29);
}

static void test_all_given_prefixes_then_read_when_whole(void **state)
{
    (void)state;
    prefixes("bytes=1-22", look_at_range);
    prefixes("\"a\", W/\"bc\"", look_at_etag);
    prefixes("Sun, 06 Nov 1994 08:49:37 GMT", look_at_date);
}

static void test_etag_given_lists_then_found_weakly(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *etag;
        bool want;
    } rows[] = {
        {"\"x\"", "\"x\"", true},
        {"W/\"x\"", "\"x\"", true},
        {"\"x\"", "W/\"x\"", true},
        {"*", "\"x\"", true},
        {" * ", "\"x\"", true},
        {"\"a\",\"x\"", "\"x\"", true},
        {"\"a\" , W/\"x\" ", "\"x\"", true},
        {",, \"x\"", "\"x\"", true},
        {"\"a,x\"", "\"x\"", false},
        {"\"X\"", "\"x\"", false},
        {"x", "\"x\"", false},
        {"\"x", "\"x\"", false},
        {"", "\"x\"", false},
        {"\"a\" \"x\"", "\"x\"", false},
        {"*, \"x\"", "\"x\"", false},
        {"\"xx\"", "\"x\"", false},
        {"w/\"x\"", "\"x\"", false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        if (srs_http_etag_in(rows[i].list, rows[i].etag) != rows[i].want)
            fail_msg("%s in %s", rows[i].etag, rows[i].list);
}

static void test_date_given_seconds_then_text_and_back(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[SRS_HTTP_DATE_SIZE];
        int64_t seconds = 0;
        srs_http_date_write(rows[i].seconds, text);
        assert_string_equal(text, rows[i].text);
        assert_true(srs_http_date_read(text, &seconds));
        assert_int_equal(seconds, rows[i].seconds);
    }
    char text[SRS_HTTP_DATE_SIZE];
    srs_http_date_write(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    srs_http_date_write(INT64_MIN, text);
    assert_string_equal(text, "Mon, 01 Jan 0001 00:00:00 GMT");
}

static void test_date_given_forms_then_read_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"Sunday, 06-Nov-94 08:49:37 GMT", true},
        {"Sun Nov  6 08:49:37 1994", true},
        {"Sun, 06 Nov 1994 08:49:37", false},
        {"Sun, 06 Nov 1994 08:49:37 CET", false},
        {"Sun, 06 Foo 1994 08:49:37 GMT", false},
        {"Sun, 06 Nov 1994 25:49:37 GMT", false},
        {"784111777", false},
        {"", false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        int64_t seconds = 0;
        if (srs_http_date_read(rows[i].text, &seconds) != rows[i].want)
            fail_msg("%s", rows[i].text);
        assert_int_equal(seconds, rows[i].want ? 784111777 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_given_values_then_one_none_or_unsatisfiable),
        cmocka_unit_test(test_all_given_prefixes_then_read_when_whole),
        cmocka_unit_test(test_etag_given_lists_then_found_weakly),
        cmocka_unit_test(test_date_given_seconds_then_text_and_back),
        cmocka_unit_test(test_date_given_forms_then_read_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
