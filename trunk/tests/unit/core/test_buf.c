// Byte buffer: growth, limits, reuse of consumed room, and no memory.
#include "core/buf.h"
#include "unit/test.h"

static void assert_holds(const struct srs_buf *buf, const char *want)
{
    struct srs_span span = srs_buf_span(buf);
    assert_int_equal(strlen(want), srs_buf_size(buf));
    assert_int_equal(strlen(want), span.size);
    if (span.size > 0)
        assert_memory_equal(want, span.bytes, span.size);
}

static void test_buf_given_appends_and_consumes_then_order_kept(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    assert_holds(&buf, "");
    assert_null(srs_buf_span(&buf).bytes);
    assert_err(SRS_OK, srs_buf_append(&buf, "abc", 3, 100), "first");
    assert_err(SRS_OK, srs_buf_append(&buf, "def", 3, 100), "second");
    assert_holds(&buf, "abcdef");
    srs_buf_consume(&buf, 4);
    assert_holds(&buf, "ef");
    srs_buf_consume(&buf, 0);
    assert_err(SRS_OK, srs_buf_append(&buf, "g", 1, 100), "third");
    assert_holds(&buf, "efg");
    srs_buf_fini(&buf);
    assert_holds(&buf, "");
}

static void test_buf_given_all_consumed_then_memory_given_back(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    assert_err(SRS_OK, srs_buf_append(&buf, "abc", 3, 100), "append");
    srs_buf_consume(&buf, 3);
    assert_null(buf.bytes);
    assert_int_equal(0, buf.capacity);
    assert_err(SRS_OK, srs_buf_append(&buf, "x", 1, 100), "usable again");
    assert_holds(&buf, "x");
    srs_buf_fini(&buf);
    srs_buf_fini(&buf); // harmless twice
}

static void test_buf_given_limit_then_content_counts_and_not_what_was_consumed(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    assert_err(SRS_OK, srs_buf_append(&buf, "abcd", 4, 4), "at the limit");
    assert_err(SRS_E_LIMIT, srs_buf_append(&buf, "e", 1, 4), "one above");
    assert_holds(&buf, "abcd");
    srs_buf_consume(&buf, 1);
    assert_err(SRS_OK, srs_buf_append(&buf, "e", 1, 4), "room again");
    assert_holds(&buf, "bcde");
    assert_err(SRS_OK, srs_buf_append(&buf, "", 0, 0), "nothing always fits");
    assert_err(SRS_E_LIMIT, srs_buf_append(&buf, "xxxxxxx", 7, 4), "larger than the limit");
    uint8_t *room = NULL;
    assert_err(SRS_E_LIMIT, srs_buf_reserve(&buf, SIZE_MAX, SIZE_MAX, &room), "no overflow");
    assert_null(room);
    srs_buf_fini(&buf);
}

static void test_buf_given_consumed_room_then_reused_before_growing(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    uint8_t *room = NULL;
    assert_err(SRS_OK, srs_buf_append(&buf, "ab", 2, 10000), "a first piece");
    size_t capacity = buf.capacity;
    assert_true(capacity >= 64);
    for (size_t i = 0; i < capacity * 3; i++) { // one in, one out: always two bytes held
        uint8_t byte = (uint8_t)('a' + (i + 2) % 26);
        assert_err(SRS_OK, srs_buf_append(&buf, &byte, 1, 10000), "append");
        assert_int_equal('a' + i % 26, srs_buf_span(&buf).bytes[0]);
        srs_buf_consume(&buf, 1);
    }
    assert_int_equal(capacity, buf.capacity);
    assert_err(SRS_OK, srs_buf_reserve(&buf, capacity, 10000, &room), "now it must grow");
    assert_true(buf.capacity >= capacity + 2);
    assert_int_equal('a' + capacity * 3 % 26, srs_buf_span(&buf).bytes[0]);
    srs_buf_fini(&buf);
}

static void test_buf_given_reserve_then_counted_only_as_grown(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    uint8_t *room = NULL;
    assert_err(SRS_OK, srs_buf_reserve(&buf, 1000, 1000, &room), "reserve");
    memset(room, 'z', 1000); // the sanitizer checks that all of it is there
    assert_int_equal(0, srs_buf_size(&buf));
    srs_buf_grown(&buf, 3);
    assert_holds(&buf, "zzz");
    srs_buf_fini(&buf);
}

static void test_buf_given_no_memory_then_error_and_content_kept(void **state)
{
    (void)state;
    struct srs_buf buf = {0};
    static const uint8_t much[4096];
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_buf_append(&buf, "a", 1, 10000), "first allocation");
    assert_holds(&buf, "");
    assert_err(SRS_OK, srs_buf_append(&buf, "abc", 3, 10000), "append");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_buf_append(&buf, much, sizeof much, 10000), "growth");
    srs_mem_fail_after(0);
    assert_holds(&buf, "abc");
    srs_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_given_appends_and_consumes_then_order_kept),
        cmocka_unit_test(test_buf_given_all_consumed_then_memory_given_back),
        cmocka_unit_test(test_buf_given_limit_then_content_counts_and_not_what_was_consumed),
        cmocka_unit_test(test_buf_given_consumed_room_then_reused_before_growing),
        cmocka_unit_test(test_buf_given_reserve_then_counted_only_as_grown),
        cmocka_unit_test(test_buf_given_no_memory_then_error_and_content_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
