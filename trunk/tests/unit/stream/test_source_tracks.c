// Several tracks of a kind: which is the main one, where joiners start, clocks that stand apart.
#include "stream/packets.h"
#include "stream/source.h"

enum { KEY = SRS_PACKET_KEY };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = 30 * SRS_SEC, .packets = 2500, .bytes = 32 << 20};
static const struct srs_consumer_ops consumer_ops = {NULL};
static const int publisher = 0;

static struct srs_sources *sources;
static struct srs_source *source; // published, with a reference

static int setup(void **state)
{
    (void)state;
    assert_err(SRS_OK, srs_sources_new(NULL, &sources), "sources");
    assert_err(SRS_OK, srs_source_get(sources, "v", "a", "s", &limits, &source), "source");
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
    srs_sources_free(sources);
    assert_nothing_lives();
    return 0;
}

static struct srs_track *video_track(uint8_t id)
{
    struct srs_track *current = NULL;
    assert_err(SRS_OK, srs_source_set_track(source, make_track(SRS_KIND_VIDEO, id, "c"), &current),
               "track");
    return current;
}

static const struct srs_packet *push(struct srs_track *track, unsigned flags, srs_usec ms)
{
    assert_err(SRS_OK, srs_source_push(source, make_packet(track, 1, flags, ms * SRS_MSEC)),
               "push");
    return srs_packet_log_at(&source->log, source->log.next - 1);
}

static bool is_main(const struct srs_packet *packet)
{
    return (packet->head.flags & SRS_PACKET_MAIN) != 0;
}

static void test_source_given_tracks_then_the_lowest_is_the_main_one(void **state)
{
    (void)state;
    struct srs_track *five = video_track(5);
    assert_true(is_main(push(five, KEY, 0)));
    struct srs_track *two = video_track(2);
    assert_int_equal(two->slot, five->slot + 1);
    assert_false(is_main(push(five, 0, 40)));
    assert_true(is_main(push(two, KEY, 40)));
    assert_false(is_main(push(two, SRS_PACKET_MULTITRACK, 80)));
    srs_source_unpublish(source, &publisher);
    assert_int_equal(source->lowest_id[SRS_KIND_VIDEO], UINT8_MAX);
}

// Joiners start at a key frame of the main track; the other ones' packets do not wait for it.
static void test_source_given_tracks_then_gops_of_the_main_one(void **state)
{
    (void)state;
    struct srs_track *low = video_track(0);
    struct srs_track *high = video_track(1);
    struct srs_consumer consumer = {.next = 0};
    bool jumped = false;
    (void)push(low, KEY, 0);
    (void)push(high, KEY, 0);
    (void)push(low, 0, 40);
    (void)push(high, KEY, 40);
    srs_consumer_join(&consumer, source, &consumer_ops);
    assert_int_equal(consumer.next, 0);
    consumer.next = 2;
    consumer.need_key = true;
    const struct srs_packet *packet =
        srs_consumer_peek(&consumer, &consumer.next, &consumer.need_key, &jumped);
    assert_true(packet != NULL && packet->head.track_id == 1 && consumer.need_key);
    srs_consumer_leave(&consumer);
}

static void test_source_given_tracks_apart_then_no_jump(void **state)
{
    (void)state;
    struct srs_track *low = video_track(0);
    struct srs_track *high = video_track(1);
    for (int i = 0; i < 100; i++) {
        (void)push(low, i == 0 ? KEY : 0, 4000 + i * 40);
        assert_int_equal(push(high, i == 0 ? KEY : 0, 1000 + i * 40)->head.dts,
                         (1000 + i * 40) * SRS_MSEC);
    }
    assert_int_equal(source->stats.jumps, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source_given_tracks_then_the_lowest_is_the_main_one),
        TEST(test_source_given_tracks_then_gops_of_the_main_one),
        TEST(test_source_given_tracks_apart_then_no_jump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
