// Sources: their life, their publisher, their consumers and the walk over these.
#include "stream/packets.h"
#include "stream/source.h"

enum { KEY = SRS_PACKET_KEY };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = 30 * SRS_SEC, .packets = 2500, .bytes = 32 << 20};

static struct {
    unsigned pushed;
    unsigned changed;
    unsigned freed;
    unsigned told;               // consumers of an unpublish
    srs_usec last;               // dts of the last packet pushed
    struct srs_consumer *leaves; // when told
} calls;

static void on_pushed(struct srs_source *source, const struct srs_packet *packet)
{
    (void)source;
    calls.pushed++;
    calls.last = packet->head.dts;
}

static void on_changed(struct srs_source *source)
{
    (void)source;
    calls.changed++;
}

static void on_freed(struct srs_source *source)
{
    (void)source;
    calls.freed++;
}

static void on_unpublished(struct srs_consumer *consumer)
{
    (void)consumer;
    calls.told++;
    srs_consumer_leave(calls.leaves != NULL ? calls.leaves : &(struct srs_consumer){0});
    calls.leaves = NULL;
}

static const struct srs_source_ops source_ops = {on_pushed, on_changed, on_freed};
static const struct srs_consumer_ops consumer_ops = {on_unpublished};

static struct srs_sources *sources;
static const int publisher = 0;

static int setup(void **state)
{
    (void)state;
    memset(&calls, 0, sizeof calls);
    return srs_sources_new(&source_ops, &sources);
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(srs_sources_count(sources), 0);
    srs_sources_free(sources);
    srs_sources_free(NULL);
    assert_nothing_lives();
    return 0;
}

static struct srs_source *get(const char *stream)
{
    struct srs_source *source = NULL;
    assert_err(SRS_OK, srs_source_get(sources, "v", "live", stream, &limits, &source), stream);
    return source;
}

// One that is held by its publisher alone.
static struct srs_source *get_published(void)
{
    struct srs_source *source = get("s");
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    srs_source_unref(source);
    return source;
}

static struct srs_track *set_track(struct srs_source *source, enum srs_kind kind,
                                   const char *config)
{
    struct srs_track *current = NULL;
    assert_err(SRS_OK, srs_source_set_track(source, make_track(kind, 0, config), &current),
               "track");
    return current;
}

static void push(struct srs_source *source, enum srs_kind kind, unsigned flags, int64_t ms)
{
    struct srs_track *track = set_track(source, kind, "config");
    struct srs_packet *packet = make_packet(track, 100, flags, ms * SRS_MSEC);
    assert_err(SRS_OK, srs_source_push(source, packet), "push");
}

static void join(struct srs_consumer *consumer, struct srs_source *source)
{
    memset(consumer, 0, sizeof *consumer);
    srs_consumer_join(consumer, source, &consumer_ops);
}

// Takes all there is; how many packets that was.
static unsigned take_all(struct srs_consumer *consumer)
{
    unsigned count = 0;
    bool jumped = false;
    while (srs_consumer_peek(consumer, &consumer->next, &consumer->need_key, &jumped) != NULL) {
        consumer->next++;
        count++;
    }
    return count;
}

static void walk(struct srs_source *source)
{
    struct srs_consumer *consumer;
    srs_source_walk_begin(source);
    while ((consumer = srs_source_walk_next(source)) != NULL)
        (void)take_all(consumer);
    assert_false(srs_source_walking(source));
}

// --- registry -----------------------------------------------------------------------------------

static void test_source_given_name_then_one_and_found_while_held(void **state)
{
    (void)state;
    struct srs_source *source = get("a");
    assert_ptr_equal(get("a"), source);
    assert_string_equal(source->key, "v/live/a");
    assert_string_equal(source->vhost, "v");
    assert_string_equal(source->app, "live");
    assert_string_equal(source->stream, "a");
    assert_ptr_equal(srs_sources_find(sources, "v", "live", "a"), source);
    assert_null(srs_sources_find(sources, "v", "live", "b"));
    assert_int_equal(srs_sources_count(sources), 1);
    srs_source_unref(source);
    assert_int_equal(calls.freed, 0);
    srs_source_unref(source);
    assert_int_equal(calls.freed, 1);
    assert_null(srs_sources_find(sources, "v", "live", "a"));
    srs_source_unref(NULL);
}

static void test_source_given_long_name_then_limit(void **state)
{
    (void)state;
    char name[SRS_STREAM_NAME_MAX];
    struct srs_source *source = NULL;
    memset(name, 'x', sizeof name);
    name[SRS_STREAM_NAME_MAX - 1 - strlen("v/live/")] = '\0';
    source = get(name);
    srs_source_unref(source);
    name[SRS_STREAM_NAME_MAX - 1 - strlen("v/live/")] = 'x';
    name[SRS_STREAM_NAME_MAX - strlen("v/live/")] = '\0';
    source = NULL;
    assert_err(SRS_E_LIMIT, srs_source_get(sources, "v", "live", name, &limits, &source),
               "one more");
    assert_null(source);
    assert_null(srs_sources_find(sources, "v", "live", name));
}

static void test_source_given_no_memory_then_no_source_is_left(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        struct srs_source *source = NULL;
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY, srs_source_get(sources, "v", "live", "s", &limits, &source),
                   "n");
        assert_int_equal(srs_sources_count(sources), 0);
        assert_int_equal(srs_live_count(SRS_LIVE_SOURCE), 0);
    }
    srs_mem_fail_after(0);
}

static void test_source_given_many_then_listed_in_order_with_their_own_ids(void **state)
{
    (void)state;
    struct srs_source *made[100];
    for (unsigned i = 0; i < SRS_COUNT(made); i++)
        made[i] = get((char[]){(char)('a' + i / 10), (char)('0' + i % 10), '\0'});
    struct srs_source *source = NULL;
    for (unsigned i = 0; i < SRS_COUNT(made); i++) {
        source = srs_sources_next(sources, source);
        assert_ptr_equal(source, made[i]);
        assert_int_equal(source->id, made[0]->id + i);
    }
    assert_null(srs_sources_next(sources, source));
    for (unsigned i = 0; i < SRS_COUNT(made); i++)
        srs_source_unref(made[i]);
}

static void test_source_given_new_limits_then_an_existing_one_takes_them(void **state)
{
    (void)state;
    struct srs_source *source = get("s");
    struct srs_log_limits other = {.packets = 7};
    assert_err(SRS_OK, srs_source_get(sources, "v", "live", "s", &other, &source), "again");
    assert_int_equal(source->log.limits.packets, 7);
    srs_source_unref(source);
    srs_source_unref(source);
}

// --- publisher ----------------------------------------------------------------------------------

static void test_source_given_publisher_then_busy_for_others(void **state)
{
    (void)state;
    static const int other = 0;
    struct srs_source *source = get_published();
    assert_int_equal(calls.changed, 1);
    assert_err(SRS_E_SYSTEM_STREAM_BUSY, srs_source_publish(source, &other, 2), "other");
    assert_err(SRS_E_SYSTEM_STREAM_BUSY, srs_source_publish(source, &publisher, 2), "itself");
    srs_source_unpublish(source, &other);
    srs_source_unpublish(source, NULL);
    assert_ptr_equal(source->publisher, &publisher);
    assert_int_equal(source->published_at, 1);
    srs_source_unpublish(source, &publisher);
    srs_source_unpublish(NULL, &publisher);
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
            unsigned freed = calls.freed;
            struct srs_source *source = get("s");
            for (unsigned i = 0; i < 3; i++) {
                if (orders[in][i] < 2)
                    join(&consumers[orders[in][i]], source);
                else
                    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
            }
            srs_source_unref(source);
            for (int i = 0; i < 50; i++)
                push(source, SRS_KIND_VIDEO, i % 10 == 0 ? KEY : 0, i * 40);
            for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(calls.freed, freed);
                if (orders[out][i] < 2)
                    srs_consumer_leave(&consumers[orders[out][i]]);
                else
                    srs_source_unpublish(source, &publisher);
            }
            assert_int_equal(calls.freed, freed + 1);
            assert_nothing_lives();
            srs_consumer_leave(&consumers[0]); // harmless
        }
}

static void test_source_given_unpublish_then_consumers_are_told_and_may_leave(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = get_published();
    for (unsigned i = 0; i < 3; i++)
        join(&consumers[i], source);
    push(source, SRS_KIND_VIDEO, KEY, 0);
    calls.leaves = &consumers[0]; // the one that is being told
    srs_source_unpublish(source, &publisher);
    assert_int_equal(calls.told, 3);
    assert_int_equal(source->consumer_count, 2);
    assert_int_equal(source->track_count, 0);
    assert_null(source->metadata);
    srs_consumer_leave(&consumers[1]);
    srs_consumer_leave(&consumers[2]);
    assert_int_equal(calls.freed, 1);
}

static void test_source_given_tracks_then_versions_are_unique_across_publishers(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    join(&consumer, source);
    struct srs_track *video = set_track(source, SRS_KIND_VIDEO, "a");
    uint32_t first = video->version;
    assert_ptr_equal(set_track(source, SRS_KIND_VIDEO, "a"), video); // the same: no new version
    uint32_t audio = set_track(source, SRS_KIND_AUDIO, "a")->version;
    uint32_t second = set_track(source, SRS_KIND_VIDEO, "b")->version;
    assert_true(first > 0 && audio > first && second > audio);
    srs_source_unpublish(source, &publisher);
    assert_null(srs_source_track(source, SRS_KIND_VIDEO, -1));
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 2), "again");
    assert_true(set_track(source, SRS_KIND_VIDEO, "b")->version > second);
    srs_source_unpublish(source, &publisher);
    srs_consumer_leave(&consumer);
}

static void test_source_given_many_tracks_then_found_by_id_up_to_a_limit(void **state)
{
    (void)state;
    struct srs_source *source = get_published();
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
    srs_source_unpublish(source, &publisher);
}

// --- packets ------------------------------------------------------------------------------------

static void test_source_given_packets_then_counted_and_told(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(calls.pushed, 0); // nobody to be flushed
    join(&consumer, source);
    assert_int_equal(calls.changed, 2);
    push(source, SRS_KIND_AUDIO, 0, 10);
    push(source, SRS_KIND_DATA, 0, 20);
    assert_int_equal(calls.pushed, 2);
    assert_int_equal(calls.last, 20 * SRS_MSEC);
    assert_int_equal(source->stats.video_packets, 1);
    assert_int_equal(source->stats.audio_packets, 1);
    assert_int_equal(source->stats.data_packets, 1);
    assert_int_equal(source->stats.bytes_in, 300);
    assert_int_equal(source->stats.consumers_total, 1);
    assert_int_equal(take_all(&consumer), 3);
    srs_consumer_leave(&consumer);
    assert_int_equal(calls.changed, 3);
    srs_source_unpublish(source, &publisher);
}

// The packet that is told of was itself dropped: by a limit that the gop as a whole is over.
static void test_source_given_gop_beyond_the_limits_then_told_of_a_live_packet(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    source->log.limits.packets = 4;
    join(&consumer, source);
    push(source, SRS_KIND_VIDEO, KEY, 0);
    for (int i = 1; i < 20; i++) {
        push(source, SRS_KIND_VIDEO, 0, i * 40);
        assert_int_equal(calls.last, i * 40 * SRS_MSEC);
    }
    assert_int_equal(source->stats.overflows, 16);
    srs_consumer_leave(&consumer);
    push(source, SRS_KIND_VIDEO, 0, 800);
    assert_int_equal(source->log.bytes, 0);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_consumer_that_keeps_up_then_a_long_gop_costs_it_nothing(void **state)
{
    (void)state;
    struct srs_consumer keeps_up;
    struct srs_consumer stalled;
    struct srs_source *source = get_published();
    source->log.limits.packets = 10;
    join(&keeps_up, source);
    join(&stalled, source);
    unsigned got = 0;
    for (int i = 0; i < 100; i++) {
        push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
        if (i % 3 == 2)
            got += take_all(&keeps_up);
    }
    assert_int_equal(got, 99);
    bool jumped = false;
    assert_null(srs_consumer_peek(&stalled, &stalled.next, &stalled.need_key, &jumped));
    assert_true(jumped && stalled.need_key);
    assert_int_equal(stalled.next, 100);
    push(source, SRS_KIND_VIDEO, 0, 4000);
    push(source, SRS_KIND_AUDIO, 0, 4010);
    assert_int_equal(take_all(&stalled), 1); // audio goes on
    push(source, SRS_KIND_VIDEO, KEY, 4040);
    assert_int_equal(take_all(&stalled), 1);
    srs_consumer_leave(&keeps_up);
    srs_consumer_leave(&stalled);
    srs_source_unpublish(source, &publisher);
}

// A cursor that the log has left behind jumps in any case: nothing is kept on its account.
static void test_source_given_consumer_off_the_log_then_it_pins_nothing(void **state)
{
    (void)state;
    struct srs_consumer stalled;
    struct srs_source *source = get_published();
    struct srs_consumer *consumer;
    source->log.limits.packets = 20;
    join(&stalled, source);
    for (int i = 0; i < 100; i++)
        push(source, SRS_KIND_VIDEO, i % 5 == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    while ((consumer = srs_source_walk_next(source)) != NULL)
        assert_ptr_equal(consumer, &stalled); // its socket takes nothing
    push(source, SRS_KIND_VIDEO, KEY, 4000);
    assert_int_equal(source->log.next - source->log.first, 1);
    assert_int_equal(take_all(&stalled), 1);
    srs_consumer_leave(&stalled);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_no_gop_cache_then_nothing_is_kept_without_consumers(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    source->log.limits.gop_cache = false;
    push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(source->log.next, 0);
    join(&consumer, source);
    for (int i = 1; i < 10; i++)
        push(source, SRS_KIND_VIDEO, 0, i * 40);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 9);
    srs_consumer_leave(&consumer); // it never took one
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_jumps_then_flagged_and_counted_once(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    bool jumped;
    join(&consumer, source);
    push(source, SRS_KIND_VIDEO, KEY, 1000);
    struct srs_packet *packet =
        make_packet(set_track(source, SRS_KIND_VIDEO, "config"), 1, 0, 90000 * SRS_MSEC);
    packet->head.pts += 80 * SRS_MSEC;
    packet->head.arrived = 1040 * SRS_MSEC;
    assert_err(SRS_OK, srs_source_push(source, packet), "jump");
    assert_int_equal(source->stats.jumps, 1);
    assert_int_equal(take_all(&consumer), 2);
    uint64_t number = 1;
    const struct srs_packet *got =
        srs_consumer_peek(&consumer, &number, &consumer.need_key, &jumped);
    assert_int_equal(got->head.dts, 1040 * SRS_MSEC);
    assert_int_equal(got->head.pts, 1120 * SRS_MSEC);
    assert_int_equal(got->head.flags, SRS_PACKET_DISCONTINUITY | SRS_PACKET_MAIN);
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_data_of_any_time_then_it_takes_its_place(void **state)
{
    (void)state;
    struct srs_source *source = get_published();
    static const int64_t rows[][2] = {{7777000, 0}, {0, 5000},    {5900, 5900},
                                      {4100, 4100}, {6100, 5000}, {3900, 5000}};
    (void)set_track(source, SRS_KIND_VIDEO, "config"); // it is more than a stream of data
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        push(source, SRS_KIND_DATA, 0, rows[i][0]);
        const struct srs_packet *got = srs_packet_log_at(&source->log, source->log.next - 1);
        assert_int_equal(got->head.dts, rows[i][1] * SRS_MSEC);
        assert_int_equal(got->head.pts, got->head.dts);
        if (i == 0)
            push(source, SRS_KIND_VIDEO, KEY, 5000);
    }
    assert_int_equal(source->stats.jumps, 0);
    srs_source_unpublish(source, &publisher);
}

static srs_usec push_data(struct srs_source *source, int64_t ms, int64_t arrived)
{
    struct srs_packet *packet =
        make_packet(set_track(source, SRS_KIND_DATA, ""), 10, 0, ms * SRS_MSEC);
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
    struct srs_source *source = get("s");
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 0), "publish");
    assert_int_equal(push_data(source, 70000, 100), 0); // video may still come
    assert_int_equal(push_data(source, 70500, 900), 0);
    assert_false(source->data_only);
    srs_usec first = push_data(source, 70900, 1000);
    assert_true(source->data_only);
    assert_int_equal(push_data(source, 71000, 1200), first + 100);
    assert_int_equal(push_data(source, 71500, 1800), first + 600);
    assert_int_equal(push_data(source, 5, 2000), first + 800); // its clock began anew
    srs_source_unpublish(source, &publisher);
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 3000 * SRS_MSEC), "publish");
    assert_int_equal(push_data(source, 900000, 3100), first + 800);
    assert_int_equal(push_data(source, 900000, 4000), first + 2800);
    struct srs_packet *packet =
        make_packet(set_track(source, SRS_KIND_VIDEO, "config"), 10, KEY, 0);
    packet->head.arrived = 4100 * SRS_MSEC;
    assert_err(SRS_OK, srs_source_push(source, packet), "video");
    const struct srs_packet *got = srs_packet_log_at(&source->log, source->log.next - 1);
    assert_int_equal(got->head.dts, (first + 2900) * SRS_MSEC);
    assert_false(source->data_only);
    assert_int_equal(push_data(source, 0, 4200), first + 2900);
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
}

static void test_source_given_metadata_then_the_last_is_kept(void **state)
{
    (void)state;
    struct srs_source *source = get_published();
    push(source, SRS_KIND_DATA, SRS_PACKET_METADATA, 1);
    push(source, SRS_KIND_DATA, SRS_PACKET_METADATA, 2);
    const struct srs_packet *last = source->metadata;
    assert_ptr_equal(last, srs_packet_log_at(&source->log, source->log.next - 1));
    push(source, SRS_KIND_DATA, 0, 3);
    assert_ptr_equal(last, source->metadata);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_no_memory_then_push_says_so_and_goes_on(void **state)
{
    (void)state;
    struct srs_source *source = get_published();
    struct srs_packet *packet = make_packet(set_track(source, SRS_KIND_VIDEO, "config"), 1, KEY, 0);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_source_push(source, packet), "ring");
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    push(source, SRS_KIND_VIDEO, KEY, 40);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 1);
    srs_source_unpublish(source, &publisher);
}

static void test_source_given_half_a_second_then_a_bitrate(void **state)
{
    (void)state;
    struct srs_source *source = get_published();
    assert_int_equal(srs_source_bitrate(source), 0);
    push(source, SRS_KIND_VIDEO, KEY, 0);
    push(source, SRS_KIND_VIDEO, 0, 499);
    assert_int_equal(srs_source_bitrate(source), 0);
    push(source, SRS_KIND_VIDEO, 0, 1000);
    assert_int_equal(srs_source_bitrate(source), 3 * (sizeof(struct srs_packet) + 100));
    srs_source_unpublish(source, &publisher);
}

// --- consumers ----------------------------------------------------------------------------------

static void test_consumer_given_gop_then_starts_at_its_key_frame(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = get_published();
    join(&consumers[0], source);
    for (int i = 0; i < 14; i++)
        push(source, SRS_KIND_VIDEO, i % 5 == 0 ? KEY : 0, i * 40);
    join(&consumers[1], source);
    assert_int_equal(consumers[1].next, 10);
    assert_int_equal(take_all(&consumers[1]), 4);
    source->log.gop = SRS_LOG_NO_GOP; // as when it was too long
    join(&consumers[2], source);
    push(source, SRS_KIND_VIDEO, 0, 14 * 40);
    assert_int_equal(take_all(&consumers[2]), 0);
    push(source, SRS_KIND_VIDEO, KEY, 15 * 40);
    assert_int_equal(take_all(&consumers[2]), 1);
    assert_int_equal(take_all(&consumers[1]), 2);
    assert_int_equal(take_all(&consumers[0]), 16);
    for (unsigned i = 0; i < 3; i++)
        srs_consumer_leave(&consumers[i]);
    srs_source_unpublish(source, &publisher);
}

static void test_consumer_given_unpublish_then_has_the_rest_and_memory_falls(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = get_published();
    for (unsigned i = 0; i < 3; i++)
        join(&consumers[i], source);
    for (int i = 0; i < 10; i++)
        push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
    (void)take_all(&consumers[0]);
    srs_source_unpublish(source, &publisher);
    assert_int_equal(source->log.next - source->log.first, 10);
    unsigned changed = calls.changed;
    srs_consumer_caught_up(&consumers[0]);
    assert_int_equal(calls.changed, changed + 1);
    srs_consumer_caught_up(&consumers[1]); // it has not
    assert_int_equal(calls.changed, changed + 1);
    (void)take_all(&consumers[1]);
    srs_consumer_leave(&consumers[2]); // the slowest: a walk may tell that the rest can go
    assert_int_equal(calls.changed, changed + 2);
    walk(source);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    assert_int_equal(source->log.bytes, 0);
    assert_int_equal(source->log.next, 10); // numbers go on
    srs_consumer_caught_up(&consumers[0]);
    assert_int_equal(calls.changed, changed + 2);
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 2), "again");
    push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(source->log.next, 11);
    assert_int_equal(take_all(&consumers[0]), 1);
    assert_int_equal(take_all(&consumers[1]), 1);
    srs_consumer_leave(&consumers[0]);
    srs_consumer_leave(&consumers[1]);
    srs_source_unpublish(source, &publisher);
}

// --- walk ---------------------------------------------------------------------------------------

enum { MANY = 6 };

static void test_walk_given_consumers_that_leave_then_each_other_is_visited_once(void **state)
{
    (void)state;
    // After the visit of `at`, those in `leave` (a mask) leave.
    for (unsigned at = 0; at < MANY; at++)
        for (unsigned leave = 0; leave < 1U << MANY; leave++) {
            struct srs_consumer consumers[MANY];
            unsigned visits[MANY] = {0};
            struct srs_source *source = get_published();
            for (unsigned i = 0; i < MANY; i++)
                join(&consumers[i], source);
            srs_source_walk_begin(source);
            assert_true(srs_source_walking(source));
            struct srs_consumer *consumer;
            while ((consumer = srs_source_walk_next(source)) != NULL) {
                unsigned number = (unsigned)(consumer - consumers);
                visits[number]++;
                for (unsigned i = 0; number == at && i < MANY; i++)
                    if ((leave >> i & 1) != 0)
                        srs_consumer_leave(&consumers[i]);
            }
            assert_false(srs_source_walking(source));
            for (unsigned i = 0; i < MANY; i++) {
                assert_int_equal(visits[i], i > at && (leave >> i & 1) != 0 ? 0 : 1);
                srs_consumer_leave(&consumers[i]);
            }
            assert_int_equal(source->oldest, UINT64_MAX);
            srs_source_unpublish(source, &publisher);
        }
}

static void test_walk_given_joiners_then_visited_too_and_kept_for(void **state)
{
    (void)state;
    struct srs_consumer consumers[4];
    struct srs_source *source = get_published();
    join(&consumers[0], source);
    join(&consumers[1], source);
    for (int i = 0; i < 8; i++)
        push(source, SRS_KIND_VIDEO, i % 4 == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    (void)take_all(srs_source_walk_next(source));
    push(source, SRS_KIND_VIDEO, KEY, 400);
    join(&consumers[2], source);
    assert_ptr_equal(srs_source_walk_next(source), &consumers[1]);
    consumers[1].next = 6; // its socket took this much
    assert_ptr_equal(srs_source_walk_next(source), &consumers[2]);
    join(&consumers[3], source);
    assert_ptr_equal(srs_source_walk_next(source), &consumers[3]);
    assert_null(srs_source_walk_next(source));
    assert_int_equal(source->oldest, 6);
    push(source, SRS_KIND_VIDEO, 0, 440);
    assert_int_equal(source->log.first, 6);
    (void)take_all(&consumers[1]);
    walk(source);
    push(source, SRS_KIND_VIDEO, 0, 480);
    assert_int_equal(source->log.first, 8);
    for (unsigned i = 0; i < 4; i++)
        srs_consumer_leave(&consumers[i]);
    srs_source_unpublish(source, &publisher);
}

static void test_walk_given_unpublish_in_the_middle_then_goes_on_and_trims(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = get_published();
    for (unsigned i = 0; i < 3; i++)
        join(&consumers[i], source);
    for (int i = 0; i < 5; i++)
        push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    (void)take_all(srs_source_walk_next(source));
    srs_source_unpublish(source, &publisher);
    assert_int_equal(calls.told, 3); // and not the walker
    (void)take_all(srs_source_walk_next(source));
    (void)take_all(srs_source_walk_next(source));
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 5);
    assert_null(srs_source_walk_next(source));
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    for (unsigned i = 0; i < 3; i++)
        srs_consumer_leave(&consumers[i]);
    assert_int_equal(calls.freed, 1);
}

static void test_walk_given_source_freed_in_the_middle_then_nothing_is_left(void **state)
{
    (void)state;
    struct srs_consumer consumers[2];
    struct srs_source *source = get_published();
    join(&consumers[0], source);
    join(&consumers[1], source);
    push(source, SRS_KIND_VIDEO, KEY, 0);
    srs_source_walk_begin(source);
    assert_non_null(srs_source_walk_next(source));
    srs_source_unpublish(source, &publisher);
    srs_consumer_leave(&consumers[0]);
    srs_consumer_leave(&consumers[1]);
    assert_int_equal(calls.freed, 1);
}

static void test_consumer_given_publisher_in_mid_gop_then_video_waits_for_a_key_frame(void **state)
{
    (void)state;
    struct srs_consumer early = {0};
    struct srs_source *source = get_published();
    bool jumped = false;
    join(&early, source);
    push(source, SRS_KIND_AUDIO, 0, 0);
    push(source, SRS_KIND_VIDEO, 0, 10);
    assert_int_equal(srs_consumer_peek(&early, &early.next, &early.need_key, &jumped)->head.kind,
                     SRS_KIND_AUDIO);
    early.next++;
    assert_null(srs_consumer_peek(&early, &early.next, &early.need_key, &jumped));
    push(source, SRS_KIND_VIDEO, KEY, 50);
    const struct srs_packet *packet =
        srs_consumer_peek(&early, &early.next, &early.need_key, &jumped);
    assert_non_null(packet);
    assert_true((packet->head.flags & SRS_PACKET_KEY) != 0);
    assert_false(jumped);
    srs_consumer_leave(&early);
    srs_source_unpublish(source, &publisher);
}

static void test_consumer_given_audio_only_then_video_begins_with_a_key_frame(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = get_published();
    bool jumped = false;
    push(source, SRS_KIND_AUDIO, 0, 0);
    push(source, SRS_KIND_AUDIO, 0, 20);
    join(&consumer, source);
    assert_int_equal(take_all(&consumer), 2);
    push(source, SRS_KIND_VIDEO, 0, 40); // the rest of a gop whose begin nobody has
    assert_int_equal(take_all(&consumer), 0);
    push(source, SRS_KIND_VIDEO, KEY, 80);
    assert_non_null(srs_consumer_peek(&consumer, &consumer.next, &consumer.need_key, &jumped));
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &publisher);
}

// Two publishers, one of which has long gops: it alone pays when all hold too much.
static void test_sources_given_limit_then_it_is_kept_by_who_has_most(void **state)
{
    (void)state;
    static const int other_publisher = 0;
    struct srs_source *modest = get_published();
    struct srs_source *greedy = get("greedy");
    size_t each = sizeof(struct srs_packet) + 100;
    size_t most = 0;
    assert_err(SRS_OK, srs_source_publish(greedy, &other_publisher, 1), "publish");
    srs_source_unref(greedy);
    srs_sources_set_limit(sources, 100 * each);
    for (int i = 0; i < 1000; i++) {
        push(modest, SRS_KIND_VIDEO, i % 30 == 0 ? KEY : 0, i * 10);
        push(greedy, SRS_KIND_VIDEO, i == 500 || i == 0 ? KEY : 0, i * 10);
        size_t bytes = srs_sources_bytes(sources);
        assert_int_equal(bytes, modest->log.bytes + greedy->log.bytes);
        most = bytes > most ? bytes : most;
        assert_int_equal(modest->log.gop, (uint64_t)i / 30 * 30);
        if (i == 50)
            assert_int_equal(greedy->log.gop, 0); // there was room
        if (i == 100)
            assert_int_equal(greedy->log.gop, SRS_LOG_NO_GOP);
    }
    assert_in_range(most, 95 * each, 101 * each);
    srs_sources_set_limit(sources, 0);
    srs_source_unpublish(greedy, &other_publisher);
    srs_source_unpublish(modest, &publisher);
    assert_int_equal(srs_sources_bytes(sources), 0);
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
    struct srs_source *source = get("s");
    source->intake.mix = true;
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    join(&consumer, source);
    (void)set_track(source, SRS_KIND_VIDEO, "config");
    (void)set_track(source, SRS_KIND_AUDIO, "config");
    for (size_t i = 0; i < SRS_COUNT(sent); i++) {
        struct srs_track *track = set_track(source, sent[i].kind, "config");
        struct srs_packet *packet = make_packet(track, 10, KEY, sent[i].ms * SRS_MSEC);
        packet->head.arrived = (srs_usec)(1000 + i) * SRS_MSEC;
        assert_err(SRS_OK, srs_source_push(source, packet), "push");
    }
    assert_int_equal(source->log.next, 5);    // one is held
    srs_source_unpublish(source, &publisher); // and is not lost
    assert_int_equal(source->log.next, SRS_COUNT(want));
    assert_null(source->mixer);
    srs_usec arrived = 0;
    for (uint64_t i = 0; i < SRS_COUNT(want); i++) {
        const struct srs_packet *packet = srs_packet_log_at(&source->log, i);
        assert_int_equal(packet->head.dts, want[i] * SRS_MSEC);
        assert_true(packet->head.arrived >= arrived); // ages in the log only fall
        arrived = packet->head.arrived;
    }
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    for (int i = 0; i < 5; i++) // one kind alone is not held
        push(source, SRS_KIND_AUDIO, 0, 100 + i * 20);
    assert_int_equal(source->log.next, SRS_COUNT(want) + 5);
    source->intake.mix = false;
    srs_source_unpublish(source, &publisher);
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    assert_null(source->mixer);
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
}

static void test_source_given_no_memory_while_mixing_then_the_held_ones_are_let_go(void **state)
{
    (void)state;
    struct srs_source *source = get("s");
    source->intake.mix = true;
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    struct srs_track *track = set_track(source, SRS_KIND_AUDIO, "config");
    (void)set_track(source, SRS_KIND_VIDEO, "config");
    for (int i = 0; i < 10; i++)
        push(source, SRS_KIND_VIDEO, KEY, i);
    struct srs_packet *packet = make_packet(track, 10, 0, 5 * SRS_MSEC);
    srs_mem_fail_after(1); // the log's ring
    assert_err(SRS_E_NO_MEMORY, srs_source_push(source, packet), "push");
    assert_int_equal(source->mixer->count, 10);
    srs_mem_fail_after(1);
    srs_source_unpublish(source, &publisher);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    srs_source_unref(source);
}

static void test_source_given_headers_to_repeat_then_a_new_version_each(void **state)
{
    (void)state;
    struct srs_source *source = get("s");
    source->intake.repeat_headers = true;
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    uint32_t version = set_track(source, SRS_KIND_VIDEO, "config")->version;
    assert_int_equal(set_track(source, SRS_KIND_VIDEO, "config")->version, version + 1);
    assert_int_equal(set_track(source, SRS_KIND_VIDEO, "config")->version, version + 2);
    struct srs_track *data = set_track(source, SRS_KIND_DATA, "");
    assert_ptr_equal(set_track(source, SRS_KIND_DATA, ""), data); // nothing to repeat
    assert_int_equal(source->track_count, 2);
    source->intake.repeat_headers = false; // for the next publisher
    assert_int_equal(set_track(source, SRS_KIND_VIDEO, "config")->version, version + 4);
    srs_source_unpublish(source, &publisher);
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    version = set_track(source, SRS_KIND_VIDEO, "config")->version;
    assert_int_equal(set_track(source, SRS_KIND_VIDEO, "config")->version, version);
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
}

// Pushes, walks, joins and leaves at random: no packet is missed or given twice by who keeps up.
static void test_walk_given_random_life_then_nobody_misses_a_packet(void **state)
{
    (void)state;
    uint64_t random = 7;
    struct srs_consumer consumers[8] = {0};
    uint64_t expect[8] = {0};
    struct srs_source *source = get_published();
    push(source, SRS_KIND_VIDEO, KEY, 0); // what a publisher begins with
    for (int step = 0; step < 20000; step++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        unsigned dice = (unsigned)(random >> 40) % 16;
        unsigned who = (unsigned)(random >> 50) % 8;
        if (dice < 6) {
            push(source, SRS_KIND_VIDEO, dice == 0 ? KEY : 0, step);
        } else if (dice < 8 && consumers[who].source == NULL) {
            join(&consumers[who], source);
            consumers[who].need_key = false;
            expect[who] = consumers[who].next;
        } else if (dice == 8) {
            srs_consumer_leave(&consumers[who]);
        } else if (!srs_source_walking(source)) {
            srs_source_walk_begin(source);
        } else {
            struct srs_consumer *at = srs_source_walk_next(source);
            bool jumped = false;
            unsigned some = dice % 8;
            for (; at != NULL && some > 0; some--)
                if (srs_consumer_peek(at, &at->next, &at->need_key, &jumped) != NULL)
                    assert_int_equal(at->next++, expect[at - consumers]++);
            assert_false(jumped);
        }
        assert_true(source->log.next - source->log.first <= 2500);
    }
    for (unsigned i = 0; i < 8; i++)
        srs_consumer_leave(&consumers[i]);
    srs_source_unpublish(source, &publisher);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_consumer_given_publisher_in_mid_gop_then_video_waits_for_a_key_frame),
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
        TEST(test_source_given_jumps_then_flagged_and_counted_once),
        TEST(test_source_given_data_of_any_time_then_it_takes_its_place),
        TEST(test_source_given_nothing_but_data_then_its_own_times),
        TEST(test_source_given_metadata_then_the_last_is_kept),
        TEST(test_source_given_no_memory_then_push_says_so_and_goes_on),
        TEST(test_source_given_half_a_second_then_a_bitrate),
        TEST(test_consumer_given_gop_then_starts_at_its_key_frame),
        TEST(test_consumer_given_unpublish_then_has_the_rest_and_memory_falls),
        TEST(test_walk_given_consumers_that_leave_then_each_other_is_visited_once),
        TEST(test_walk_given_joiners_then_visited_too_and_kept_for),
        TEST(test_walk_given_unpublish_in_the_middle_then_goes_on_and_trims),
        TEST(test_walk_given_source_freed_in_the_middle_then_nothing_is_left),
        TEST(test_consumer_given_audio_only_then_video_begins_with_a_key_frame),
        TEST(test_sources_given_limit_then_it_is_kept_by_who_has_most),
        TEST(test_source_given_mixing_then_consumers_get_one_order_of_time),
        TEST(test_source_given_no_memory_while_mixing_then_the_held_ones_are_let_go),
        TEST(test_source_given_headers_to_repeat_then_a_new_version_each),
        TEST(test_walk_given_random_life_then_nobody_misses_a_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
