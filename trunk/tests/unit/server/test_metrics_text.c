// Lines of the metrics: labels of any text, numbers, histograms, and what a failure leaves.
#include "server/metrics/text.h"
#include "test.h"

static struct srs_metrics_text text;
static char shown[8192];

static int setup(void **state)
{
    (void)state;
    text = (struct srs_metrics_text){.fixed = ""};
    text.metric = srs_metric_at(SRS_METRIC_STREAMS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_mem_fail_after(0);
    srs_buf_fini(&text.out);
    return srs_live_count(SRS_LIVE_BUF) == 0 ? 0 : -1;
}

// What was written, and empties it.
static const char *take(void)
{
    struct srs_span span = srs_buf_span(&text.out);
    assert_true(span.size < sizeof shown);
    memcpy(shown, span.bytes, span.size);
    shown[span.size] = '\0';
    srs_buf_fini(&text.out);
    return shown;
}

static void test_lines_given_values_then_written(void **state)
{
    const struct srs_metrics_label labels[] = {
        {"a", "1"}, {"none", NULL}, {"empty", ""}, {"b", "x"}, {NULL, NULL}};
    static const struct {
        srs_usec time;
        const char *line;
    } times[] = {{0, "srs_streams 0\n"},
                 {1, "srs_streams 0.000001\n"},
                 {1500000, "srs_streams 1.5\n"},
                 {61000010, "srs_streams 61.00001\n"},
                 {-5, "srs_streams 0\n"}};
    (void)state;
    srs_metrics_count(&text, NULL, UINT64_MAX);
    assert_string_equal(take(), "srs_streams 18446744073709551615\n");
    srs_metrics_count(&text, labels, 0);
    assert_string_equal(take(), "srs_streams{a=\"1\",b=\"x\"} 0\n");
    text.fixed = "f=\"y\"";
    srs_metrics_count(&text, labels, 10);
    assert_string_equal(take(), "srs_streams{f=\"y\",a=\"1\",b=\"x\"} 10\n");
    text.fixed = "";
    srs_metrics_real(&text, NULL, 0.25);
    assert_string_equal(take(), "srs_streams 0.25\n");
    for (size_t i = 0; i < SRS_COUNT(times); i++) {
        srs_metrics_time(&text, NULL, times[i].time);
        assert_string_equal(take(), times[i].line);
    }
}

static void test_begin_given_metric_then_head(void **state)
{
    (void)state;
    srs_metrics_begin(&text, SRS_METRIC_UPTIME);
    assert_string_equal(take(), "# HELP srs_uptime_seconds since the start\n"
                                "# TYPE srs_uptime_seconds gauge\n");
}

static void test_label_given_any_text_then_escaped(void **state)
{
    static const struct {
        const char *value;
        const char *want;
    } rows[] = {{"a \"b\" \\ c\nd", "a \\\"b\\\" \\\\ c\\nd"},
                {"tab\tbell\a", "tab?bell?"},
                {"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
                {"bad\xff\xc3", "bad??"},
                {"~", "~"}};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char want[128] = "srs_streams{l=\"";
        const struct srs_metrics_label labels[] = {{"l", rows[i].value}, {NULL, NULL}};
        strcat(want, rows[i].want);
        strcat(want, "\"} 1\n");
        srs_metrics_count(&text, labels, 1);
        assert_string_equal(take(), want);
    }
}

static void test_histogram_given_times_then_added_up_to_infinity(void **state)
{
    struct srs_histogram histogram = {.sum = 2500};
    const struct srs_metrics_label labels[] = {{"type", "t"}, {NULL, NULL}};
    (void)state;
    histogram.buckets[0] = 1;
    histogram.buckets[7] = 2;
    histogram.buckets[SRS_HISTOGRAM_BOUNDS] = 4;
    text.metric = srs_metric_at(SRS_METRIC_JOIN);
    srs_metrics_histogram(&text, labels, &histogram);
    (void)take();
    assert_non_null(strstr(shown, "srs_play_join_seconds_bucket{type=\"t\",le=\"0.001\"} 1\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_bucket{type=\"t\",le=\"0.05\"} 1\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_bucket{type=\"t\",le=\"0.075\"} 3\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_bucket{type=\"t\",le=\"30\"} 3\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_bucket{type=\"t\",le=\"+Inf\"} 7\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_sum{type=\"t\"} 0.0025\n"));
    assert_non_null(strstr(shown, "srs_play_join_seconds_count{type=\"t\"} 7\n"));
}

// --- streams ------------------------------------------------------------------------------------

static void test_stream_given_names_then_labels(void **state)
{
    static const struct {
        const char *vhost;
        const char *app;
        const char *stream;
        const char *want;
    } rows[] = {
        {"v", "a", "s", "vhost=\"v\",app=\"a\",stream=\"s\""},
        {"v", "a", "s\"\\\n", "vhost=\"v\",app=\"a\",stream=\"s\\\"\\\\\\n\""},
        {"v", "a", "\xc3\xa4", "vhost=\"v\",app=\"a\",stream=\"\xc3\xa4\""},
        {"v", "a", "s\xff", "vhost=\"v\",app=\"a\",stream=\"s?~7\""},
        {"v", "a\x01", "s", "vhost=\"v\",app=\"a?\",stream=\"s~7\""},
        {"v", "a", "~others", "vhost=\"v\",app=\"a\",stream=\"~others~7\""},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char out[SRS_METRICS_FIXED];
        srs_metrics_stream_labels(rows[i].vhost, rows[i].app, rows[i].stream, 7, out);
        assert_string_equal(out, rows[i].want);
    }
}

// Cut at whole characters, and what is cut is told apart.
static void test_stream_given_long_names_then_cut_and_different(void **state)
{
    char name[512];
    char out[SRS_METRICS_FIXED];
    char other[SRS_METRICS_FIXED];
    (void)state;
    memset(name, 'x', SRS_METRICS_LABEL_MAX);
    name[SRS_METRICS_LABEL_MAX] = '\0';
    srs_metrics_stream_labels("v", "a", name, 1, out);
    assert_null(strchr(out, '~')); // it fits
    name[SRS_METRICS_LABEL_MAX] = 'y';
    name[SRS_METRICS_LABEL_MAX + 1] = '\0';
    srs_metrics_stream_labels("v", "a", name, 1, out);
    srs_metrics_stream_labels("v", "a", name, 2, other);
    assert_non_null(strstr(out, "xx~1\""));
    assert_null(strchr(out, 'y'));
    assert_string_not_equal(out, other);
    memcpy(name + SRS_METRICS_LABEL_MAX - 1, "\xe2\x82\xac", 4); // begins within, ends beyond
    srs_metrics_stream_labels("v", "a", name, 3, out);
    assert_non_null(strstr(out, "xx~3\""));
    // All three of the longest, each byte escaped, with the largest number.
    memset(name, '"', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    srs_metrics_stream_labels(name, name, name, UINT32_MAX, out);
    assert_string_equal(out + strlen(out) - 12, "~4294967295\"");
}

static void test_lines_given_no_memory_then_first_error_stays(void **state)
{
    (void)state;
    srs_mem_fail_after(1);
    srs_metrics_count(&text, NULL, 1);
    assert_int_equal(text.err, SRS_E_NO_MEMORY);
    srs_mem_fail_after(0);
    srs_metrics_count(&text, NULL, 1);
    srs_metrics_begin(&text, SRS_METRIC_UPTIME);
    assert_int_equal(srs_buf_size(&text.out), 0);
    (void)srs_bare(text.err);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lines_given_values_then_written),
        CASE(test_begin_given_metric_then_head),
        CASE(test_label_given_any_text_then_escaped),
        CASE(test_histogram_given_times_then_added_up_to_infinity),
        CASE(test_stream_given_names_then_labels),
        CASE(test_stream_given_long_names_then_cut_and_different),
        CASE(test_lines_given_no_memory_then_first_error_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
