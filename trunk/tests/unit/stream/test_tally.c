// Bytes by name.
#include "stream/tally.h"
#include "test.h"
#include <stdio.h>

static void test_tally_given_names_then_their_sums(void **state)
{
    struct srs_tally tally = {0};
    (void)state;
    assert_int_equal(srs_tally_get(&tally, "a").in, 0);
    srs_tally_add(&tally, "a", 1, 2);
    srs_tally_add(&tally, "b", 10, 0);
    srs_tally_add(&tally, "a", 3, 4);
    srs_tally_add(&tally, "", 5, 6);
    assert_int_equal(srs_tally_get(&tally, "a").in, 4);
    assert_int_equal(srs_tally_get(&tally, "a").out, 6);
    assert_int_equal(srs_tally_get(&tally, "b").in, 10);
    assert_int_equal(srs_tally_get(&tally, "").out, 6);
    assert_int_equal(srs_tally_get(&tally, "ab").in, 0);
    srs_tally_fini(&tally);
    assert_int_equal(srs_tally_get(&tally, "a").in, 0);
}

static void test_tally_given_nothing_or_no_memory_then_no_entry(void **state)
{
    struct srs_tally tally = {0};
    (void)state;
    srs_tally_add(&tally, "a", 0, 0);
    assert_null(tally.table);
    srs_mem_fail_after(1);
    srs_tally_add(&tally, "a", 1, 1);
    srs_mem_fail_after(0);
    assert_null(tally.table);
    srs_tally_add(&tally, "a", 1, 1);
    assert_int_equal(srs_tally_get(&tally, "a").in, 1);
    srs_tally_fini(&tally);
}

static void test_tally_given_many_names_then_each_has_its_own(void **state)
{
    struct srs_tally tally = {0};
    char name[16];
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "v%u", i);
        srs_tally_add(&tally, name, i + 1, 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "v%u", i);
        assert_int_equal(srs_tally_get(&tally, name).in, i + 1);
    }
    srs_tally_fini(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tally_given_names_then_their_sums),
        cmocka_unit_test(test_tally_given_nothing_or_no_memory_then_no_entry),
        cmocka_unit_test(test_tally_given_many_names_then_each_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
