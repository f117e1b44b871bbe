// Sources: their life, their publisher, their tracks, what they keep and how much of it.
// (test_source_intake.c: times and order of what comes in; test_source_consumers.c: who takes it.)
#include "stream/source_side.h"

enum { KEY = SRS_PACKET_KEY };

static void test_source_given_name_then_one_and_found_while_held(void **state)
{
    (void)state;
    struct srs_source *source = source_get("a");
    assert_ptr_equal(source_get("a"), source);
    assert_string_equal(source->key, "v/live/a");
    assert_string_equal(source->vhost, "v");
    assert_string_equal(source->app, "live");
    assert_string_equal(source->stream, "a");
    assert_ptr_equal(srs_sources_find(source_registry, "v", "live", "a"), source);
    assert_null(srs_sources_find(source_registry, "v", "live", "b"));
    assert_int_equal(srs_sources_count(source_registry), 1);
    srs_source_unref(source);
    assert_int_equal(source_calls.freed, 0);
    srs_source_unref(source);
    assert_int_equal(source_calls.freed, 1);
    assert_null(srs_sources_find(source_registry, "v", "live", "a"));
    srs_source_unref(NULL);
}

static void test_source_given_long_name_then_limit(void **state)
{
    (void)state;
    char name[SRS_STREAM_NAME_MAX];
    struct srs_source *source = NULL;
    memset(name, 'x', sizeof name);
    name[SRS_STREAM_NAME_MAX - 1 - strlen("v/live/")] = '\0';
    source = source_get(name);
    srs_source_unref(source);
    name[SRS_STREAM_NAME_MAX - 1 - strlen("v/live/")] = 'x';
    name[SRS_STREAM_NAME_MAX - strlen("v/live/")] = '\0';
    source = NULL;
    assert_err(SRS_E_LIMIT,
               srs_source_get(source_registry, "v", "live", name, &source_limits, &source),
               "one more");
    assert_null(source);
    assert_null(srs_sources_find(source_registry, "v", "live", name));
}

static void test_source_given_no_memory_then_no_source_is_left(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        struct srs_source *source = NULL;
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY,
                   srs_source_get(source_registry, "v", "live", "s", &source_limits, &source), "n");
        assert_int_equal(srs_sources_count(source_registry), 0);
        assert_int_equal(srs_live_count(SRS_LIVE_SOURCE), 0);
    }
    srs_mem_fail_after(0);
}

static void test_source_given_many_then_listed_in_order_with_their_own_ids(void **state)
{
    (void)state;
    struct srs_source *made[100];
    for (unsigned i = 0; i < SRS_COUNT(made); i++)
        made[i] = source_get((char[]){(char)('a' + i / 10), (char)('0' + i % 10), '\0'});
    struct srs_source *source = NULL;
    for (unsigned i = 0; i < SRS_COUNT(made); i++) {
        source = srs_sources_next(source_registry, source);
        assert_ptr_equal(source, made[i]);
        assert_int_equal(source->id, made[0]->id + i);
    }
    assert_null(srs_sources_next(source_registry, source));
    for (unsigned i = 0; i < SRS_COUNT(made); i++)
        srs_source_unref(made[i]);
}

static void test_source_given_new_limits_then_an_existing_one_takes_them(void **state)
{
    (void)state;
    struct srs_source *source = source_get("s");
    struct srs_log_limits other = {.packets = 7};
    assert_err(SRS_OK, srs_source_get(source_registry, "v", "live", "s", &other, &source), "again");
    assert_int_equal(source->log.limits.packets, 7);
    srs_source_unref(source);
    srs_source_unref(source);
}

static void test_source_given_publisher_then_busy_for_others(void **state)
{
    (void)state;
    static const int other = 0;
    struct srs_source *source = source_get_published();
    assert_int_equal(source_calls.changed, 1);
    assert_err(SRS_E_SYSTEM_STREAM_BUSY, srs_source_publish(source, &other, 2), "other");
    assert_err(SRS_E_SYSTEM_STREAM_BUSY, srs_source_publish(source, &source_publisher, 2),
               "itself");
    srs_source_unpublish(source, &other);
    srs_source_unpublish(source, NULL);
    assert_ptr_equal(source->publisher, &source_publisher);
    assert_int_equal(source->published_at, 1);
    srs_source_unpublish(source, &source_publisher);
    srs_source_unpublish(NULL, &source_publisher);
}

// Publisher and two players, coming and leaving in every order: the last to leave frees it.
static void test_source_given_every_order_then_the_last_to_leave_frees_it(void **state)
{
    (void)state;
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned in = 0; in < 6; in++)
        for (unsigned out = 0; out < 6; out++) {
            struct srs_consumer consumers[2];
            unsigned freed = source_calls.freed;
            struct srs_source *source = source_get("s");
            for (unsigned i = 0; i < 3; i++) {
                if (orders[in][i] < 2)
                    source_join(&consumers[orders[in][i]], source);
                else
                    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
            }
            srs_source_unref(source);
            for (int i = 0; i < 50; i++)
                source_push(source, SRS_KIND_VIDEO, i % 10 == 0 ? KEY : 0, i * 40);
            for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(source_calls.freed, freed);
                if (orders[out][i] < 2)
                    srs_consumer_leave(&consumers[orders[out][i]]);
                else
                    srs_source_unpublish(source, &source_publisher);
            }
            assert_int_equal(source_calls.freed, freed + 1);
            assert_nothing_lives();
            srs_consumer_leave(&consumers[0]); // harmless
        }
}

static void test_source_given_unpublish_then_consumers_are_told_and_may_leave(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = source_get_published();
    for (unsigned i = 0; i < 3; i++)
        source_join(&consumers[i], source);
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    source_calls.leaves = &consumers[0]; // the one that is being told
    srs_source_unpublish(source, &source_publisher);
    assert_int_equal(source_calls.told, 3);
    assert_int_equal(source->consumer_count, 2);
    assert_int_equal(source->track_count, 0);
    assert_null(source->metadata);
    srs_consumer_leave(&consumers[1]);
    srs_consumer_leave(&consumers[2]);
    assert_int_equal(source_calls.freed, 1);
}

static void test_source_given_tracks_then_versions_are_unique_across_publishers(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    source_join(&consumer, source);
    struct srs_track *video = source_set_track(source, SRS_KIND_VIDEO, "a");
    uint32_t first = video->version;
    assert_ptr_equal(source_set_track(source, SRS_KIND_VIDEO, "a"),
                     video); // the same: no new version
    uint32_t audio = source_set_track(source, SRS_KIND_AUDIO, "a")->version;
    uint32_t second = source_set_track(source, SRS_KIND_VIDEO, "b")->version;
    assert_true(first > 0 && audio > first && second > audio);
    srs_source_unpublish(source, &source_publisher);
    assert_null(srs_source_track(source, SRS_KIND_VIDEO, -1));
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 2), "again");
    assert_true(source_set_track(source, SRS_KIND_VIDEO, "b")->version > second);
    srs_source_unpublish(source, &source_publisher);
    srs_consumer_leave(&consumer);
}

static void test_source_given_many_tracks_then_found_by_id_up_to_a_limit(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    struct srs_track *current = NULL;
    for (unsigned i = SRS_TRACKS_MAX; i > 0; i--) {
        enum srs_kind kind = i % 2 == 0 ? SRS_KIND_AUDIO : SRS_KIND_VIDEO;
        struct srs_track *track = make_track(kind, (uint8_t)i, "");
        assert_err(SRS_OK, srs_source_set_track(source, track, &current), "track");
        assert_ptr_equal(current, track);
    }
    assert_int_equal(srs_source_track(source, SRS_KIND_AUDIO, -1)->id, 2);
    assert_int_equal(srs_source_track(source, SRS_KIND_VIDEO, -1)->id, 1);
    assert_int_equal(srs_source_track(source, SRS_KIND_VIDEO, 3)->id, 3);
    assert_null(srs_source_track(source, SRS_KIND_VIDEO, 2));
    assert_null(srs_source_track(source, SRS_KIND_DATA, -1));
    assert_err(SRS_E_LIMIT,
               srs_source_set_track(source, make_track(SRS_KIND_VIDEO, 99, ""), &current), "17th");
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_packets_then_counted_and_told(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(source_calls.pushed, 0); // nobody to be flushed
    source_join(&consumer, source);
    assert_int_equal(source_calls.changed, 2);
    source_push(source, SRS_KIND_AUDIO, 0, 10);
    source_push(source, SRS_KIND_DATA, 0, 20);
    assert_int_equal(source_calls.pushed, 2);
    assert_int_equal(source_calls.last, 20 * SRS_MSEC);
    assert_int_equal(source->stats.video_packets, 1);
    assert_int_equal(source->stats.audio_packets, 1);
    assert_int_equal(source->stats.data_packets, 1);
    assert_int_equal(source->stats.bytes_in, 300);
    assert_int_equal(source->stats.consumers_total, 1);
    assert_int_equal(source_take_all(&consumer), 3);
    srs_consumer_leave(&consumer);
    assert_int_equal(source_calls.changed, 3);
    srs_source_unpublish(source, &source_publisher);
}

// The packet that is told of was itself dropped: by a limit that the gop as a whole is over.
static void test_source_given_gop_beyond_the_limits_then_told_of_a_live_packet(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    source->log.limits.packets = 4;
    source_join(&consumer, source);
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    for (int i = 1; i < 20; i++) {
        source_push(source, SRS_KIND_VIDEO, 0, i * 40);
        assert_int_equal(source_calls.last, i * 40 * SRS_MSEC);
    }
    assert_int_equal(source->stats.overflows, 16);
    srs_consumer_leave(&consumer);
    source_push(source, SRS_KIND_VIDEO, 0, 800);
    assert_int_equal(source->log.bytes, 0);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_consumer_that_keeps_up_then_a_long_gop_costs_it_nothing(void **state)
{
    (void)state;
    struct srs_consumer keeps_up;
    struct srs_consumer stalled;
    struct srs_source *source = source_get_published();
    source->log.limits.packets = 10;
    source_join(&keeps_up, source);
    source_join(&stalled, source);
    unsigned got = 0;
    for (int i = 0; i < 100; i++) {
        source_push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
        if (i % 3 == 2)
            got += source_take_all(&keeps_up);
    }
    assert_int_equal(got, 99);
    bool jumped = false;
    assert_null(srs_consumer_peek(&stalled, &stalled.next, &stalled.need_key, &jumped));
    assert_true(jumped && stalled.need_key);
    assert_int_equal(stalled.next, 100);
    source_push(source, SRS_KIND_VIDEO, 0, 4000);
    source_push(source, SRS_KIND_AUDIO, 0, 4010);
    assert_int_equal(source_take_all(&stalled), 1); // audio goes on
    source_push(source, SRS_KIND_VIDEO, KEY, 4040);
    assert_int_equal(source_take_all(&stalled), 1);
    srs_consumer_leave(&keeps_up);
    srs_consumer_leave(&stalled);
    srs_source_unpublish(source, &source_publisher);
}

// A cursor that the log has left behind jumps in any case: nothing is kept on its account.
static void test_source_given_consumer_off_the_log_then_it_pins_nothing(void **state)
{
    (void)state;
    struct srs_consumer stalled;
    struct srs_source *source = source_get_published();
    struct srs_consumer *consumer;
    source->log.limits.packets = 20;
    source_join(&stalled, source);
    for (int i = 0; i < 100; i++)
        source_push(source, SRS_KIND_VIDEO, i % 5 == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    while ((consumer = srs_source_walk_next(source)) != NULL)
        assert_ptr_equal(consumer, &stalled); // its socket takes nothing
    source_push(source, SRS_KIND_VIDEO, KEY, 4000);
    assert_int_equal(source->log.next - source->log.first, 1);
    assert_int_equal(source_take_all(&stalled), 1);
    srs_consumer_leave(&stalled);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_no_gop_cache_then_nothing_is_kept_without_consumers(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    source->log.limits.gop_cache = false;
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(source->log.next, 0);
    source_join(&consumer, source);
    for (int i = 1; i < 10; i++)
        source_push(source, SRS_KIND_VIDEO, 0, i * 40);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 9);
    srs_consumer_leave(&consumer); // it never took one
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_metadata_then_the_last_is_kept(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    source_push(source, SRS_KIND_DATA, SRS_PACKET_METADATA, 1);
    source_push(source, SRS_KIND_DATA, SRS_PACKET_METADATA, 2);
    const struct srs_packet *last = source->metadata;
    assert_ptr_equal(last, srs_packet_log_at(&source->log, source->log.next - 1));
    source_push(source, SRS_KIND_DATA, 0, 3);
    assert_ptr_equal(last, source->metadata);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_no_memory_then_push_says_so_and_goes_on(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    struct srs_packet *packet =
        make_packet(source_set_track(source, SRS_KIND_VIDEO, "config"), 1, KEY, 0);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_source_push(source, packet), "ring");
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    source_push(source, SRS_KIND_VIDEO, KEY, 40);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 1);
    srs_source_unpublish(source, &source_publisher);
}

static void test_source_given_half_a_second_then_a_bitrate(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    assert_int_equal(srs_source_bitrate(source), 0);
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    source_push(source, SRS_KIND_VIDEO, 0, 499);
    assert_int_equal(srs_source_bitrate(source), 0);
    source_push(source, SRS_KIND_VIDEO, 0, 1000);
    assert_int_equal(srs_source_bitrate(source),
                     3 * (sizeof(struct srs_packet) + 100) + srs_track_bytes(source->tracks[0]));
    srs_source_unpublish(source, &source_publisher);
}

// Two publishers, one of which has long gops: it alone pays when all hold too much.
static void test_sources_given_limit_then_it_is_kept_by_who_has_most(void **state)
{
    (void)state;
    static const int other_publisher = 0;
    struct srs_source *modest = source_get_published();
    struct srs_source *greedy = source_get("greedy");
    size_t each = sizeof(struct srs_packet) + 100;
    size_t most = 0;
    assert_err(SRS_OK, srs_source_publish(greedy, &other_publisher, 1), "publish");
    srs_source_unref(greedy);
    srs_sources_set_limit(source_registry, 100 * each);
    for (int i = 0; i < 1000; i++) {
        source_push(modest, SRS_KIND_VIDEO, i % 30 == 0 ? KEY : 0, i * 10);
        source_push(greedy, SRS_KIND_VIDEO, i == 500 || i == 0 ? KEY : 0, i * 10);
        size_t bytes = srs_sources_bytes(source_registry);
        assert_int_equal(bytes, modest->log.bytes + modest->log.beside + greedy->log.bytes +
                                    greedy->log.beside);
        most = bytes > most ? bytes : most;
        assert_int_equal(modest->log.gop, (uint64_t)i / 30 * 30);
        if (i == 50)
            assert_int_equal(greedy->log.gop, 0); // there was room
        if (i == 100)
            assert_int_equal(greedy->log.gop, SRS_LOG_NO_GOP);
    }
    assert_in_range(most, 95 * each, 101 * each);
    srs_sources_set_limit(source_registry, 0);
    srs_source_unpublish(greedy, &other_publisher);
    srs_source_unpublish(modest, &source_publisher);
    assert_int_equal(srs_sources_bytes(source_registry), 0);
}

static void test_source_given_unfinished_messages_above_its_part_then_refused(void **state)
{
    (void)state;
    static const int other_publisher = 0;
    struct srs_source *modest = source_get_published();
    struct srs_source *greedy = source_get("greedy");
    assert_err(SRS_OK, srs_source_publish(greedy, &other_publisher, 1), "publish");
    srs_source_unref(greedy);
    srs_sources_set_limit(source_registry, 100000);
    assert_err(SRS_OK, srs_source_hold_unfinished(greedy, 60000, 1), "there is room");
    assert_int_equal(srs_sources_bytes(source_registry), 60000);
    assert_err(SRS_OK, srs_source_hold_unfinished(modest, 40000, 2), "as much as there may be");
    assert_int_equal(srs_sources_shed_at(source_registry), 0);
    assert_err(SRS_OK, srs_source_hold_unfinished(modest, 40001, 3), "within its part");
    assert_int_equal(srs_sources_shed_at(source_registry), 0);
    assert_err(SRS_OK, srs_source_hold_unfinished(greedy, 59999, 4), "less than before");
    assert_err(SRS_E_MEDIA_MEMORY, srs_source_hold_unfinished(greedy, 60001, 5), "more");
    assert_int_equal(srs_sources_shed_at(source_registry), 5);
    source_push(modest, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(modest->log.gop, 0); // who is within its part is not touched
    srs_source_unpublish(greedy, &other_publisher);
    assert_int_equal(srs_sources_bytes(source_registry), modest->log.bytes + modest->log.beside);
    srs_sources_set_limit(source_registry, 0);
    srs_source_unpublish(modest, &source_publisher);
    assert_int_equal(srs_sources_bytes(source_registry), 0);
}

static void test_source_given_metadata_and_tracks_then_they_count(void **state)
{
    (void)state;
    struct srs_source *source = source_get_published();
    assert_int_equal(source->log.beside, 0);
    size_t track = srs_track_bytes(source_set_track(source, SRS_KIND_DATA, "config"));
    assert_int_equal(source->log.beside, track);
    source_push(source, SRS_KIND_DATA, SRS_PACKET_METADATA, 0);
    size_t metadata = srs_packet_bytes(source->metadata);
    assert_int_equal(source->log.beside, srs_track_bytes(source->tracks[0]) + metadata);
    srs_source_forget_metadata(source);
    assert_int_equal(source->log.beside, srs_track_bytes(source->tracks[0]));
    srs_source_unpublish(source, &source_publisher);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, source_setup, source_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source_given_name_then_one_and_found_while_held),
        TEST(test_source_given_long_name_then_limit),
        TEST(test_source_given_no_memory_then_no_source_is_left),
        TEST(test_source_given_many_then_listed_in_order_with_their_own_ids),
        TEST(test_source_given_new_limits_then_an_existing_one_takes_them),
        TEST(test_source_given_publisher_then_busy_for_others),
        TEST(test_source_given_every_order_then_the_last_to_leave_frees_it),
        TEST(test_source_given_unpublish_then_consumers_are_told_and_may_leave),
        TEST(test_source_given_tracks_then_versions_are_unique_across_publishers),
        TEST(test_source_given_many_tracks_then_found_by_id_up_to_a_limit),
        TEST(test_source_given_packets_then_counted_and_told),
        TEST(test_source_given_gop_beyond_the_limits_then_told_of_a_live_packet),
        TEST(test_source_given_consumer_that_keeps_up_then_a_long_gop_costs_it_nothing),
        TEST(test_source_given_consumer_off_the_log_then_it_pins_nothing),
        TEST(test_source_given_no_gop_cache_then_nothing_is_kept_without_consumers),
        TEST(test_source_given_metadata_then_the_last_is_kept),
        TEST(test_source_given_no_memory_then_push_says_so_and_goes_on),
        TEST(test_source_given_half_a_second_then_a_bitrate),
        TEST(test_source_given_unfinished_messages_above_its_part_then_refused),
        TEST(test_source_given_metadata_and_tracks_then_they_count),
        TEST(test_sources_given_limit_then_it_is_kept_by_who_has_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
