// Errors: one story per failure, stories that end, what the log shows.
#include "core/err.h"
#include "unit/test.h"
#include <errno.h>
#include <stdio.h>

static SRS_ERR fail_inner(int value)
{
    errno = 0;
    return srs_fail(SRS_E_FLV_TRUNCATED, "inner %d", value);
}

static SRS_ERR fail_outer(int value)
{
    srs_err err = fail_inner(value);
    return srs_wrap(err, "outer %d", value);
}

static int reset(void **state)
{
    (void)state;
    (void)srs_bare(SRS_OK);
    return 0;
}

static void test_err_given_fail_and_wrap_then_frames_in_order(void **state)
{
    (void)state;
    srs_err err = fail_outer(7);
    assert_int_equal(SRS_E_FLV_TRUNCATED, err);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    assert_int_equal(2, trace->count);
    assert_int_equal(SRS_E_FLV_TRUNCATED, trace->code);
    assert_string_equal("inner 7", trace->frames[0].text);
    assert_string_equal("fail_inner", trace->frames[0].func);
    assert_string_equal("outer 7", trace->frames[1].text);
    assert_true(trace->frames[0].line < trace->frames[1].line);
}

static void test_err_given_same_code_failing_twice_then_two_stories(void **state)
{
    (void)state;
    assert_int_equal(SRS_E_FLV_TRUNCATED, fail_outer(1));
    srs_err err = fail_outer(2);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    assert_int_equal(2, trace->count);
    assert_string_equal("inner 2", trace->frames[0].text);
    assert_string_equal("outer 2", trace->frames[1].text);
}

static void test_err_given_wrap_of_another_code_then_starts_anew(void **state)
{
    (void)state;
    assert_int_equal(SRS_E_FLV_TRUNCATED, fail_inner(1));
    srs_err err = srs_wrap(SRS_E_SOCKET_TIMEOUT, "wait");
    assert_int_equal(SRS_E_SOCKET_TIMEOUT, err);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    assert_int_equal(1, trace->count);
    assert_string_equal("wait", trace->frames[0].text);
    assert_null(srs_err_story(SRS_E_FLV_TRUNCATED));
}

static void test_err_given_bare_then_no_story_and_later_wraps_start_anew(void **state)
{
    (void)state;
    assert_int_equal(SRS_E_FLV_TRUNCATED, fail_outer(1));
    assert_int_equal(SRS_E_FLV_TRUNCATED, srs_bare(SRS_E_FLV_TRUNCATED));
    assert_null(srs_err_story(SRS_E_FLV_TRUNCATED));
    assert_int_equal(SRS_E_FLV_TRUNCATED, srs_wrap(SRS_E_FLV_TRUNCATED, "alone"));
    const struct srs_err_trace *trace = srs_err_story(SRS_E_FLV_TRUNCATED);
    assert_non_null(trace);
    assert_int_equal(1, trace->count);
}

static void test_err_given_drop_then_story_ends_but_ok_keeps_it(void **state)
{
    (void)state;
    srs_err err = fail_inner(1);
    srs_err_drop(SRS_OK, "nothing happened");
    assert_non_null(srs_err_story(err));
    srs_err_drop(err, "the test wants it");
    assert_null(srs_err_story(err));
    assert_null(srs_err_story(SRS_OK));
}

static void test_err_given_more_frames_than_kept_then_first_kept_and_all_counted(void **state)
{
    (void)state;
    char text[2048];
    srs_err err = fail_inner(0);
    for (int i = 1; i < SRS_ERR_FRAMES + 3; i++)
        err = srs_wrap(err, "wrap %d", i);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    assert_int_equal(SRS_ERR_FRAMES + 3, trace->count);
    assert_string_equal("inner 0", trace->frames[0].text);
    assert_string_equal("wrap 7", trace->frames[SRS_ERR_FRAMES - 1].text);
    srs_err_format(err, text, sizeof text);
    assert_non_null(strstr(text, " : wrap 7 : "));
    assert_null(strstr(text, "wrap 8"));
}

static void test_err_given_long_text_then_cut_and_terminated(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    srs_err err = srs_fail(SRS_E_LIMIT, "%s", text);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    assert_int_equal(SRS_ERR_TEXT - 1, strlen(trace->frames[0].text));
}

static void test_err_format_given_story_then_outer_first_and_origin_last(void **state)
{
    (void)state;
    char text[512];
    char want[512];
    srs_err err = fail_outer(3);
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_non_null(trace);
    srs_err_format(err, text, sizeof text);
    (void)snprintf(want, sizeof want,
                   "code=7007(FlvTruncated)(FLV data ends inside a tag or tag header)"
                   " : outer 3 : inner 3 (test_err.c:%d)",
                   trace->frames[0].line);
    assert_string_equal(want, text);
    assert_non_null(srs_err_story(err)); // formatting does not end it
}

static void test_err_format_given_errno_then_shown(void **state)
{
    (void)state;
    char text[512];
    errno = ENOENT;
    srs_err err = srs_fail_sys(SRS_E_SOCKET_READ, "fd=%d", 5);
    errno = 0;
    srs_err_format(err, text, sizeof text);
    assert_non_null(strstr(text, " : fd=5 (test_err.c:"));
    assert_non_null(strstr(text, ") errno=2(No such file or directory)"));
}

static void test_err_format_given_stale_errno_then_not_shown(void **state)
{
    (void)state;
    char text[512];
    errno = ENOENT;
    srs_err_format(srs_fail(SRS_E_LIMIT, "a limit of ours"), text, sizeof text);
    errno = 0;
    assert_null(strstr(text, "errno"));
}

static void test_err_format_given_any_size_then_terminated_prefix(void **state)
{
    (void)state;
    char whole[512];
    errno = EPERM;
    srs_err err = srs_fail(SRS_E_LIMIT, "first");
    err = srs_wrap(err, "second");
    srs_err_format(err, whole, sizeof whole);
    for (size_t size = 1; size <= strlen(whole) + 1; size++) {
        char text[512];
        memset(text, '#', sizeof text);
        srs_err_format(err, text, size);
        assert_int_equal(size - 1, strlen(text));
        assert_memory_equal(whole, text, size - 1);
        assert_int_equal('#', text[size]);
    }
}

static void test_err_format_given_no_story_then_name_and_sentence(void **state)
{
    (void)state;
    char text[128];
    srs_err_format(SRS_OK, text, sizeof text);
    assert_string_equal("code=0(Success)(success)", text);
    srs_err_format(SRS_E_AGAIN, text, sizeof text);
    assert_string_equal("code=7001(Again)(nothing more for now)", text);
    srs_err_format((srs_err)123456, text, sizeof text);
    assert_string_equal("code=123456(Unknown)(unknown error)", text);
}

static void test_err_codes_given_table_then_ascending_and_found(void **state)
{
    (void)state;
    static const struct {
        int number;
        const char *name;
    } rows[] = {
#define X(number, name, short_name, sentence) {number, #short_name},
#include "core/err_codes.def"
#undef X
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        assert_string_equal(rows[i].name, srs_err_name((srs_err)rows[i].number));
        assert_true(srs_err_sentence((srs_err)rows[i].number)[0] != '\0');
    }
    for (int number = -1; number < 10100; number++) {
        bool known = number == 0;
        for (size_t i = 0; i < SRS_COUNT(rows) && !known; i++)
            known = rows[i].number == number;
        if (!known)
            assert_string_equal("Unknown", srs_err_name((srs_err)number));
    }
}

static void test_err_save_given_kept_story_then_restored(void **state)
{
    (void)state;
    srs_err err = fail_outer(4);
    struct srs_err_trace *kept = srs_err_save();
    assert_non_null(kept);
    assert_null(srs_err_story(err));
    assert_null(srs_err_save());
    assert_int_equal(SRS_E_LIMIT, srs_fail(SRS_E_LIMIT, "meanwhile"));
    srs_err_restore(kept); // frees the one meanwhile
    assert_null(srs_err_story(SRS_E_LIMIT));
    const struct srs_err_trace *trace = srs_err_story(err);
    assert_ptr_equal(kept, trace);
    assert_string_equal("inner 4", trace->frames[0].text);
    srs_err_restore(NULL);
    assert_null(srs_err_story(err));
    srs_err_trace_free(NULL);
}

static void test_err_swap_given_two_coroutines_then_own_stories(void **state)
{
    (void)state;
    srs_err one = fail_inner(1);
    struct srs_err_trace *first = srs_err_swap(NULL);
    srs_err two = srs_fail(SRS_E_LIMIT, "two");
    struct srs_err_trace *second = srs_err_swap(first);
    assert_non_null(srs_err_story(one));
    assert_null(srs_err_story(two));
    assert_ptr_equal(first, srs_err_swap(second));
    assert_non_null(srs_err_story(two));
    srs_err_trace_free(first);
}

static void test_err_given_more_stories_than_the_pool_keeps_then_all_freed(void **state)
{
    (void)state;
    struct srs_err_trace *traces[64];
    for (size_t i = 0; i < SRS_COUNT(traces); i++) {
        assert_int_equal(SRS_E_LIMIT, srs_fail(SRS_E_LIMIT, "%zu", i));
        traces[i] = srs_err_save();
        assert_int_equal(1, traces[i]->count); // a recycled story starts empty
    }
    for (size_t i = 0; i < SRS_COUNT(traces); i++)
        srs_err_trace_free(traces[i]);
    assert_int_equal(SRS_E_LIMIT, srs_fail(SRS_E_LIMIT, "again"));
    const struct srs_err_trace *trace = srs_err_story(SRS_E_LIMIT);
    assert_non_null(trace);
    assert_int_equal(1, trace->count);
}

static void test_err_counted_given_codes_then_each_told_once_in_order(void **state)
{
    size_t at = 0;
    srs_err err = SRS_OK;
    (void)state;
    assert_int_equal(srs_err_counted(&at, &err), 0);
    srs_err_count(SRS_E_LIMIT);
    srs_err_count(SRS_E_SOCKET_READ);
    srs_err_count(SRS_E_LIMIT);
    srs_err_count(SRS_OK);
    srs_err_count((srs_err)123456); // of no table
    at = 0;
    assert_int_equal(srs_err_counted(&at, &err), 1);
    assert_int_equal(err, SRS_E_SOCKET_READ);
    assert_int_equal(srs_err_counted(&at, &err), 2);
    assert_int_equal(err, SRS_E_LIMIT);
    assert_int_equal(srs_err_counted(&at, &err), 0);
    assert_int_equal(srs_err_counted(&at, &err), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, reset, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_err_given_fail_and_wrap_then_frames_in_order),
        CASE(test_err_given_same_code_failing_twice_then_two_stories),
        CASE(test_err_given_wrap_of_another_code_then_starts_anew),
        CASE(test_err_given_bare_then_no_story_and_later_wraps_start_anew),
        CASE(test_err_given_drop_then_story_ends_but_ok_keeps_it),
        CASE(test_err_given_more_frames_than_kept_then_first_kept_and_all_counted),
        CASE(test_err_given_long_text_then_cut_and_terminated),
        CASE(test_err_format_given_story_then_outer_first_and_origin_last),
        CASE(test_err_format_given_errno_then_shown),
        CASE(test_err_format_given_stale_errno_then_not_shown),
        CASE(test_err_format_given_any_size_then_terminated_prefix),
        CASE(test_err_format_given_no_story_then_name_and_sentence),
        CASE(test_err_codes_given_table_then_ascending_and_found),
        CASE(test_err_save_given_kept_story_then_restored),
        CASE(test_err_swap_given_two_coroutines_then_own_stories),
        CASE(test_err_given_more_stories_than_the_pool_keeps_then_all_freed),
        CASE(test_err_counted_given_codes_then_each_told_once_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
