// What a source does with packets as they come: one timeline, data that takes its place in it, one
// order of audio and video, headers that are repeated.
#include "stream/source_side.h"

enum { KEY = SRS_PACKET_KEY };

static void test_source_given_jumps_then_flagged_and_counted_once(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    bool jumped;
    source_join(&consumer, source);
    source_push(source, SRS_KIND_VIDEO, KEY, 1000);
    struct srs_packet *packet =
        make_packet(source_set_track(source, SRS_KIND_VIDEO, "config"), 1, 0, 90000 * SRS_MSEC);
    packet->head.pts += 80 * SRS_MSEC;
    packet->head.arrived = 1040 * SRS_MSEC;
    assert_err(SRS_OK, srs_source_push(source, packet), "jump");
    assert_int_equal(source->stats.jumps, 1);
    assert_int_equal(source_take_all(&consumer), 2);
    uint64_t number = 1;
    const struct srs_packet *got =
        srs_consumer_peek(&consumer, &number, &consumer.need_key, &jumped);
    assert_int_equal(got->head.dts, 1040 * SRS_MSEC);
    assert_int_equal(got->head.pts, 1120 * SRS_MSEC);
    assert_int_equal(got->head.flags, SRS_PACKET_DISCONTINUITY | SRS_PACKET_MAIN);
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_data_of_any_time_then_it_takes_its_place(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    static const int64_t rows[][2] = {{7777000, 0}, {0, 5000},    {5900, 5900},
                                      {4100, 4100}, {6100, 5000}, {3900, 5000}};
    (void)source_set_track(source, SRS_KIND_VIDEO, "config"); // it is more than a stream of data
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        source_push(source, SRS_KIND_DATA, 0, rows[i][0]);
        const struct srs_packet *got = srs_packet_log_at(&source->log, source->log.next - 1);
        assert_int_equal(got->head.dts, rows[i][1] * SRS_MSEC);
        assert_int_equal(got->head.pts, got->head.dts);
        if (i == 0)
            source_push(source, SRS_KIND_VIDEO, KEY, 5000);
    }
    assert_int_equal(source->stats.jumps, 0);
    srs_source_unpublish(source, &source_publisher);
}

static srs_usec push_data(struct srs_source *source, int64_t ms, int64_t arrived)
{
    struct srs_packet *packet =
        make_packet(source_set_track(source, SRS_KIND_DATA, ""), 10, 0, ms * SRS_MSEC);
    packet->head.arrived = arrived * SRS_MSEC;
    assert_err(SRS_OK, srs_source_push(source, packet), "data");
    const struct srs_packet *got = srs_packet_log_at(&source->log, source->log.next - 1);
    assert_int_equal(got->head.dts - got->head.moved, ms * SRS_MSEC);
    return got->head.dts / SRS_MSEC;
}

// Nothing but data: it has times of its own, which go on over a republish and into the video that
// comes in the end.
static void test_source_given_nothing_but_data_then_its_own_times(void **state)
{
    (void)state;
    struct srs_source *source = source_get("s");
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 0), "publish");
    assert_int_equal(push_data(source, 70000, 100), 0); // video may still come
    assert_int_equal(push_data(source, 70500, 900), 0);
    assert_false(source->data_only);
    srs_usec first = push_data(source, 70900, 1000);
    assert_true(source->data_only);
    assert_int_equal(push_data(source, 71000, 1200), first + 100);
    assert_int_equal(push_data(source, 71500, 1800), first + 600);
    assert_int_equal(push_data(source, 5, 2000), first + 800); // its clock began anew
    srs_source_unpublish(source, &source_publisher);
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 3000 * SRS_MSEC), "publish");
    assert_int_equal(push_data(source, 900000, 3100), first + 800);
    assert_int_equal(push_data(source, 900000, 4000), first + 2800);
    struct srs_packet *packet =
        make_packet(source_set_track(source, SRS_KIND_VIDEO, "config"), 10, KEY, 0);
    packet->head.arrived = 4100 * SRS_MSEC;
    assert_err(SRS_OK, srs_source_push(source, packet), "video");
    const struct srs_packet *got = srs_packet_log_at(&source->log, source->log.next - 1);
    assert_int_equal(got->head.dts, (first + 2900) * SRS_MSEC);
    assert_false(source->data_only);
    assert_int_equal(push_data(source, 0, 4200), first + 2900);
    srs_source_unpublish(source, &source_publisher);
    srs_source_unref(source);
}

static void test_source_given_mixing_then_consumers_get_one_order_of_time(void **state)
{
    (void)state;
    static const struct {
        enum srs_kind kind;
        int64_t ms;
    } sent[] = {{SRS_KIND_VIDEO, 0},  {SRS_KIND_VIDEO, 40}, {SRS_KIND_AUDIO, 10},
                {SRS_KIND_AUDIO, 30}, {SRS_KIND_AUDIO, 50}, {SRS_KIND_VIDEO, 80}};
    static const int64_t want[] = {0, 10, 30, 40, 50, 80};
    struct srs_consumer consumer;
    struct srs_source *source = source_get("s");
    source->intake.mix = true;
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    source_join(&consumer, source);
    (void)source_set_track(source, SRS_KIND_VIDEO, "config");
    (void)source_set_track(source, SRS_KIND_AUDIO, "config");
    for (size_t i = 0; i < SRS_COUNT(sent); i++) {
        struct srs_track *track = source_set_track(source, sent[i].kind, "config");
        struct srs_packet *packet = make_packet(track, 10, KEY, sent[i].ms * SRS_MSEC);
        packet->head.arrived = (srs_usec)(1000 + i) * SRS_MSEC;
        assert_err(SRS_OK, srs_source_push(source, packet), "push");
    }
    assert_int_equal(source->log.next, 5);           // one is held
    srs_source_unpublish(source, &source_publisher); // and is not lost
    assert_int_equal(source->log.next, SRS_COUNT(want));
    assert_null(source->mixer);
    srs_usec arrived = 0;
    for (uint64_t i = 0; i < SRS_COUNT(want); i++) {
        const struct srs_packet *packet = srs_packet_log_at(&source->log, i);
        assert_int_equal(packet->head.dts, want[i] * SRS_MSEC);
        assert_true(packet->head.arrived >= arrived); // ages in the log only fall
        arrived = packet->head.arrived;
    }
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    for (int i = 0; i < 5; i++) // one kind alone is not held
        source_push(source, SRS_KIND_AUDIO, 0, 100 + i * 20);
    assert_int_equal(source->log.next, SRS_COUNT(want) + 5);
    source->intake.mix = false;
    srs_source_unpublish(source, &source_publisher);
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    assert_null(source->mixer);
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &source_publisher);
    srs_source_unref(source);
}

static void test_source_given_no_memory_while_mixing_then_the_held_ones_are_let_go(void **state)
{
    (void)state;
    struct srs_source *source = source_get("s");
    source->intake.mix = true;
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    struct srs_track *track = source_set_track(source, SRS_KIND_AUDIO, "config");
    (void)source_set_track(source, SRS_KIND_VIDEO, "config");
    for (int i = 0; i < 10; i++)
        source_push(source, SRS_KIND_VIDEO, KEY, i);
    struct srs_packet *packet = make_packet(track, 10, 0, 5 * SRS_MSEC);
    srs_mem_fail_after(1); // the log's ring
    assert_err(SRS_E_NO_MEMORY, srs_source_push(source, packet), "push");
    assert_int_equal(source->mixer->count, 10);
    srs_mem_fail_after(1);
    srs_source_unpublish(source, &source_publisher);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    srs_source_unref(source);
}

static void test_source_given_headers_to_repeat_then_a_new_version_each(void **state)
{
    (void)state;
    struct srs_source *source = source_get("s");
    source->intake.repeat_headers = true;
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    uint32_t version = source_set_track(source, SRS_KIND_VIDEO, "config")->version;
    assert_int_equal(source_set_track(source, SRS_KIND_VIDEO, "config")->version, version + 1);
    assert_int_equal(source_set_track(source, SRS_KIND_VIDEO, "config")->version, version + 2);
    struct srs_track *data = source_set_track(source, SRS_KIND_DATA, "");
    assert_ptr_equal(source_set_track(source, SRS_KIND_DATA, ""), data); // nothing to repeat
    assert_int_equal(source->track_count, 2);
    source->intake.repeat_headers = false; // for the next publisher
    assert_int_equal(source_set_track(source, SRS_KIND_VIDEO, "config")->version, version + 4);
    srs_source_unpublish(source, &source_publisher);
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    version = source_set_track(source, SRS_KIND_VIDEO, "config")->version;
    assert_int_equal(source_set_track(source, SRS_KIND_VIDEO, "config")->version, version);
    srs_source_unpublish(source, &source_publisher);
    srs_source_unref(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, source_setup, source_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source_given_jumps_then_flagged_and_counted_once),
        TEST(test_source_given_data_of_any_time_then_it_takes_its_place),
        TEST(test_source_given_nothing_but_data_then_its_own_times),
        TEST(test_source_given_mixing_then_consumers_get_one_order_of_time),
        TEST(test_source_given_no_memory_while_mixing_then_the_held_ones_are_let_go),
        TEST(test_source_given_headers_to_repeat_then_a_new_version_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
