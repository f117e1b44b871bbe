// What the server makes of a vhost for streams and viewers, now and when the configuration changes.
#include "flow_server.h"
#include "set_clock.h"

static struct flow_server flow;

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    flow_server_open(&flow, "vhost v { }");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_server_close(&flow);
    return 0;
}

static const struct srs_config_vhost *vhost_of(const char *text)
{
    flow_server_configure(&flow, text);
    const struct srs_config_vhost *vhost = srs_config_vhost_find(flow.server.config, "v");
    assert_non_null(vhost);
    return vhost;
}

static void test_server_given_vhost_then_limits_of_the_log(void **state)
{
    (void)state;
    struct srs_log_limits limits = srs_server_log_limits(
        vhost_of("vhost v { play { gop_cache on; queue_length 9; gop_cache_max_frames 77; "
                 "queue_bytes 1234567; } }"));
    assert_true(limits.gop_cache);
    assert_int_equal(limits.age, 9 * SRS_SEC);
    assert_int_equal(limits.packets, 77);
    assert_int_equal(limits.bytes, 1234567);
    limits = srs_server_log_limits(
        vhost_of("vhost v { play { gop_cache off; gop_cache_max_frames 0; } }"));
    assert_false(limits.gop_cache);
    assert_int_equal(limits.packets, SIZE_MAX);
    limits = srs_server_log_limits(vhost_of("vhost v { play { gop_cache_max_frames 1; } }"));
    assert_int_equal(limits.packets, 1);
}

static void test_server_given_vhost_then_timing_of_the_beat(void **state)
{
    (void)state;
    struct srs_beat_timing timing = srs_server_beat_timing(vhost_of(
        "vhost v { min_latency on; play { mw_latency 120; mw_msgs 8; audio_gather 30; } }"));
    assert_true(timing.min_latency);
    assert_int_equal(timing.period, 120 * SRS_MSEC);
    assert_int_equal(timing.packets, 8);
    assert_int_equal(timing.audio_gather, 30 * SRS_MSEC);
    assert_false(srs_server_beat_timing(vhost_of("vhost v { min_latency off; }")).min_latency);
}

static void test_server_given_vhost_then_options_of_viewers(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum srs_viewer_times times;
        bool atc_auto;
    } rows[] = {
        {"vhost v { play { time_jitter full; } }", SRS_VIEWER_FROM_ZERO, false},
        {"vhost v { play { time_jitter zero; } }", SRS_VIEWER_SENDER_FROM_ZERO, false},
        {"vhost v { play { time_jitter off; } }", SRS_VIEWER_ABSOLUTE, false},
        {"vhost v { play { time_jitter full; atc on; } }", SRS_VIEWER_ABSOLUTE, false},
        {"vhost v { play { time_jitter full; atc_auto on; } }", SRS_VIEWER_FROM_ZERO, true},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_viewer_options options =
            srs_server_viewer_options(&flow.server, vhost_of(rows[i].config));
        if (options.times != rows[i].times || options.atc_auto != rows[i].atc_auto)
            fail_msg("%s: times %d, atc_auto %d", rows[i].config, options.times, options.atc_auto);
    }
    const struct srs_config_vhost *vhost =
        vhost_of("send_timeout 17; vhost v { play { send_min_interval 1.5; send_buffer 200000; "
                 "mw_latency 250; } }");
    struct srs_viewer_options options = srs_server_viewer_options(&flow.server, vhost);
    assert_int_equal(options.send_timeout, 17 * SRS_SEC);
    assert_int_equal(options.send_interval, 1500);
    assert_int_equal(options.send_buffer, 200000);
    assert_int_equal(options.beat, 250 * SRS_MSEC);
    vhost = vhost_of("vhost v { play { send_buffer auto; } }");
    assert_int_equal(srs_server_viewer_options(&flow.server, vhost).send_buffer, 0);
}

static void test_server_given_log_level_then_that_of_the_log(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum srs_log_level level;
    } rows[] = {
        {"srs_log_level_v2 trace; vhost v { }", SRS_LOG_DEBUG},
        {"srs_log_level_v2 debug; vhost v { }", SRS_LOG_DEBUG},
        {"srs_log_level_v2 info; vhost v { }", SRS_LOG_INFO},
        {"srs_log_level_v2 warn; vhost v { }", SRS_LOG_WARN},
        {"srs_log_level_v2 error; vhost v { }", SRS_LOG_ERROR},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        (void)vhost_of(rows[i].config);
        if (srs_server_log_level(flow.server.config) != rows[i].level)
            fail_msg("%s", rows[i].config);
    }
}

static void test_source_given_vhost_then_a_live_one_takes_over_what_changes(void **state)
{
    (void)state;
    static const char before[] = "vhost v { play { mix_correct on; reduce_sequence_header off; "
                                 "queue_length 5; } }";
    static const char after[] = "vhost v { play { mix_correct off; reduce_sequence_header on; "
                                "queue_length 6; } }";
    struct srs_source *source = NULL;
    const struct srs_config_vhost *vhost = vhost_of(before);
    assert_err(SRS_OK, srs_server_source(&flow.server, vhost, "live", "s", &source), "source");
    assert_string_equal(source->key, "v/live/s");
    assert_true(source->intake.mix);
    assert_true(source->intake.repeat_headers);
    assert_int_equal(source->log.limits.age, 5 * SRS_SEC);
    assert_non_null(source->user); // its place in the beat
    srs_server_retime(&flow.server, vhost_of(after), source);
    assert_false(source->intake.mix);
    assert_false(source->intake.repeat_headers);
    assert_int_equal(source->log.limits.age, 6 * SRS_SEC);
    srs_source_unref(source);
}

static void test_source_given_no_memory_then_none_is_left(void **state)
{
    (void)state;
    const struct srs_config_vhost *vhost = vhost_of("vhost v { }");
    srs_err err = SRS_E_NO_MEMORY;
    unsigned failed = 0;
    for (; err == SRS_E_NO_MEMORY; failed++) {
        struct srs_source *source = NULL;
        srs_mem_fail_after(failed + 1);
        err = srs_server_source(&flow.server, vhost, "live", "s", &source);
        srs_mem_fail_after(0);
        assert_true((err == SRS_OK) == (source != NULL));
        assert_int_equal(srs_sources_count(flow.server.sources), source != NULL ? 1 : 0);
        srs_source_unref(source);
        (void)srs_bare(err);
    }
    assert_int_equal(err, SRS_OK);
    assert_true(failed > 1);
}

static void test_publish_given_memory_limit_then_refused_above_it(void **state)
{
    (void)state;
    static const int publisher = 0;
    struct srs_source *source = NULL;
    const struct srs_config_vhost *vhost = vhost_of("media_memory 1048576; vhost v { }");
    assert_err(SRS_OK, srs_server_source(&flow.server, vhost, "live", "s", &source), "source");
    assert_err(SRS_OK, srs_server_publish(&flow.server, source, &publisher), "none yet");
    assert_int_equal(source->published_at, srs_now());
    assert_err(SRS_E_SYSTEM_STREAM_BUSY, srs_server_publish(&flow.server, source, &publisher),
               "twice");
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_server_given_vhost_then_limits_of_the_log),
        TEST(test_server_given_vhost_then_timing_of_the_beat),
        TEST(test_server_given_vhost_then_options_of_viewers),
        TEST(test_server_given_log_level_then_that_of_the_log),
        TEST(test_source_given_vhost_then_a_live_one_takes_over_what_changes),
        TEST(test_source_given_no_memory_then_none_is_left),
        TEST(test_publish_given_memory_limit_then_refused_above_it),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
