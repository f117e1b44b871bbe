// The meter of a track: rates over whole windows of media time, key frames, skew, silence.
#include "stream/meter.h"
#include "stream/packet.h"
#include "test.h"

enum { V = SRS_KIND_VIDEO, A = SRS_KIND_AUDIO };

static void count(struct srs_meter *meter, int kind, int64_t dts_ms, int64_t arrived_ms,
                  uint32_t size, uint8_t flags)
{
    struct srs_packet_head head = {.kind = (uint8_t)kind,
                                   .flags = flags,
                                   .size = size,
                                   .dts = dts_ms * SRS_MSEC,
                                   .arrived = arrived_ms * SRS_MSEC};
    srs_meter_count(meter, &head);
}

static void test_meter_given_a_steady_stream_then_its_rates(void **state)
{
    struct srs_meter meter = {0};
    (void)state;
    for (int i = 0; i <= 100; i++)
        count(&meter, V, i * 40, 5000 + i * 40, 5000, i % 50 == 0 ? SRS_PACKET_KEY : 0);
    srs_usec now = (5000 + 4000) * SRS_MSEC;
    assert_int_equal(meter.packets, 101);
    assert_int_equal(meter.bytes, 101 * 5000);
    assert_int_equal(srs_meter_milli_fps(&meter, now), 25000);
    assert_int_equal(srs_meter_kbps(&meter, now), 1000);
    assert_int_equal(meter.key_interval, 2 * SRS_SEC);
}

static void test_meter_given_bursts_then_media_time_counts(void **state)
{
    struct srs_meter meter = {0};
    (void)state;
    for (int i = 0; i <= 60; i++) // all of it arrives at once
        count(&meter, V, i * 20, 7000, 250, 0);
    assert_int_equal(srs_meter_milli_fps(&meter, 7000 * SRS_MSEC), 50000);
    assert_int_equal(srs_meter_kbps(&meter, 7000 * SRS_MSEC), 100);
}

static void test_meter_given_silence_then_nothing(void **state)
{
    struct srs_meter meter = {0};
    (void)state;
    assert_int_equal(srs_meter_kbps(&meter, 0), 0);
    assert_int_equal(srs_meter_milli_fps(&meter, 0), 0);
    for (int i = 0; i <= 30; i++)
        count(&meter, V, i * 40, i * 40, 100, 0);
    assert_int_equal(srs_meter_milli_fps(&meter, (1200 + 3000) * SRS_MSEC), 25000);
    assert_int_equal(srs_meter_milli_fps(&meter, (1200 + 3001) * SRS_MSEC), 0);
    assert_int_equal(srs_meter_kbps(&meter, (1200 + 3001) * SRS_MSEC), 0);
}

static void test_meter_given_time_that_goes_back_then_a_new_window(void **state)
{
    struct srs_meter meter = {0};
    (void)state;
    count(&meter, V, 5000, 0, 100, SRS_PACKET_KEY);
    for (int i = 0; i <= 25; i++)
        count(&meter, V, i * 40, i * 40, 100, i == 0 ? SRS_PACKET_KEY : 0);
    assert_int_equal(meter.milli_fps, 25000);
    assert_int_equal(meter.key_interval, 0);
    assert_int_equal(meter.key_dts, 0);
}

static void test_meter_given_key_frames_of_sound_then_no_interval(void **state)
{
    struct srs_meter meter = {0};
    (void)state;
    count(&meter, A, 0, 0, 10, SRS_PACKET_KEY);
    count(&meter, A, 20, 20, 10, SRS_PACKET_KEY);
    assert_int_equal(meter.key_interval, 0);
}

static void test_meter_given_two_tracks_then_how_far_they_are_apart(void **state)
{
    struct srs_meter video = {0};
    struct srs_meter audio = {0};
    (void)state;
    count(&video, V, 1000, 9000, 10, 0);
    count(&audio, A, 1000, 9080, 10, 0);
    assert_int_equal(srs_meter_skew(&video, &audio), 80 * SRS_MSEC);
    assert_int_equal(srs_meter_skew(&audio, &video), -80 * SRS_MSEC);
    count(&audio, A, 1100, 9100, 10, 0);
    assert_int_equal(srs_meter_skew(&video, &audio), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meter_given_a_steady_stream_then_its_rates),
        cmocka_unit_test(test_meter_given_bursts_then_media_time_counts),
        cmocka_unit_test(test_meter_given_silence_then_nothing),
        cmocka_unit_test(test_meter_given_time_that_goes_back_then_a_new_window),
        cmocka_unit_test(test_meter_given_key_frames_of_sound_then_no_interval),
        cmocka_unit_test(test_meter_given_two_tracks_then_how_far_they_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
