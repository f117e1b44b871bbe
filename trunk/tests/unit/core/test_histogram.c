// Histograms: every time lands in the first bucket whose bound is not below it.
#include "core/histogram.h"
#include "test.h"

static const uint32_t bounds_ms[] = SRS_HISTOGRAM_BOUNDS_MS;

static unsigned bucket_of(srs_usec time)
{
    struct srs_histogram histogram = {0};
    srs_histogram_add(&histogram, time);
    assert_int_equal(srs_histogram_count(&histogram), 1);
    for (unsigned i = 0; i <= SRS_HISTOGRAM_BOUNDS; i++)
        if (histogram.buckets[i] == 1)
            return i;
    fail_msg("%lld us are in no bucket", (long long)time);
    return 0;
}

static unsigned bucket_by_search(srs_usec time)
{
    unsigned i = 0;
    while (i < SRS_HISTOGRAM_BOUNDS && time > (srs_usec)bounds_ms[i] * SRS_MSEC)
        i++;
    return i;
}

static void test_histogram_given_each_bound_then_it_belongs_to_its_bucket(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SRS_HISTOGRAM_BOUNDS; i++) {
        srs_usec bound = srs_histogram_bound(i);
        assert_int_equal(bound, (srs_usec)bounds_ms[i] * SRS_MSEC);
        assert_int_equal(bucket_of(bound), i);
        assert_int_equal(bucket_of(bound + 1), i + 1);
        assert_int_equal(bucket_of(bound - 1), i);
    }
}

static void test_histogram_given_any_time_then_same_as_a_search(void **state)
{
    (void)state;
    for (srs_usec time = 0; time < 40 * SRS_SEC; time += 997)
        assert_int_equal(bucket_of(time), bucket_by_search(time));
    for (srs_usec time = 1; time > 0 && time < INT64_MAX / 3; time *= 3)
        assert_int_equal(bucket_of(time), bucket_by_search(time));
    assert_int_equal(bucket_of(INT64_MAX), SRS_HISTOGRAM_BOUNDS);
}

static void test_histogram_given_times_then_sum_and_nothing_below_zero(void **state)
{
    struct srs_histogram histogram = {0};
    (void)state;
    srs_histogram_add(&histogram, 1500);
    srs_histogram_add(&histogram, -7);
    srs_histogram_add(&histogram, 0);
    assert_int_equal(histogram.sum, 1500);
    assert_int_equal(histogram.buckets[0], 2);
    assert_int_equal(histogram.buckets[1], 1);
    assert_int_equal(srs_histogram_count(&histogram), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_given_each_bound_then_it_belongs_to_its_bucket),
        cmocka_unit_test(test_histogram_given_any_time_then_same_as_a_search),
        cmocka_unit_test(test_histogram_given_times_then_sum_and_nothing_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
