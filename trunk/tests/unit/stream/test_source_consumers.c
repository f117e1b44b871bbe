// Consumers of a source: where they begin, what they get, and the walk over them.
#include "stream/source_side.h"

enum { KEY = SRS_PACKET_KEY, MANY = 6 };

static void test_consumer_given_gop_then_starts_at_its_key_frame(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = source_get_published();
    source_join(&consumers[0], source);
    for (int i = 0; i < 14; i++)
        source_push(source, SRS_KIND_VIDEO, i % 5 == 0 ? KEY : 0, i * 40);
    source_join(&consumers[1], source);
    assert_int_equal(consumers[1].next, 10);
    assert_int_equal(source_take_all(&consumers[1]), 4);
    source->log.gop = SRS_LOG_NO_GOP; // as when it was too long
    source_join(&consumers[2], source);
    source_push(source, SRS_KIND_VIDEO, 0, 14 * 40);
    assert_int_equal(source_take_all(&consumers[2]), 0);
    source_push(source, SRS_KIND_VIDEO, KEY, 15 * 40);
    assert_int_equal(source_take_all(&consumers[2]), 1);
    assert_int_equal(source_take_all(&consumers[1]), 2);
    assert_int_equal(source_take_all(&consumers[0]), 16);
    for (unsigned i = 0; i < 3; i++)
        srs_consumer_leave(&consumers[i]);
    srs_source_unpublish(source, &source_publisher);
}

static void test_consumer_given_unpublish_then_has_the_rest_and_memory_falls(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = source_get_published();
    for (unsigned i = 0; i < 3; i++)
        source_join(&consumers[i], source);
    for (int i = 0; i < 10; i++)
        source_push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
    (void)source_take_all(&consumers[0]);
    srs_source_unpublish(source, &source_publisher);
    assert_int_equal(source->log.next - source->log.first, 10);
    unsigned changed = source_calls.changed;
    srs_consumer_caught_up(&consumers[0]);
    assert_int_equal(source_calls.changed, changed + 1);
    srs_consumer_caught_up(&consumers[1]); // it has not
    assert_int_equal(source_calls.changed, changed + 1);
    (void)source_take_all(&consumers[1]);
    srs_consumer_leave(&consumers[2]); // the slowest: a walk may tell that the rest can go
    assert_int_equal(source_calls.changed, changed + 2);
    source_walk(source);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    assert_int_equal(source->log.bytes, 0);
    assert_int_equal(source->log.next, 10); // numbers go on
    srs_consumer_caught_up(&consumers[0]);
    assert_int_equal(source_calls.changed, changed + 2);
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 2), "again");
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    assert_int_equal(source->log.next, 11);
    assert_int_equal(source_take_all(&consumers[0]), 1);
    assert_int_equal(source_take_all(&consumers[1]), 1);
    srs_consumer_leave(&consumers[0]);
    srs_consumer_leave(&consumers[1]);
    srs_source_unpublish(source, &source_publisher);
}

static void test_walk_given_consumers_that_leave_then_each_other_is_visited_once(void **state)
{
    (void)state;
    // After the visit of `at`, those in `leave` (a mask) leave.
    for (unsigned at = 0; at < MANY; at++)
        for (unsigned leave = 0; leave < 1U << MANY; leave++) {
            struct srs_consumer consumers[MANY];
            unsigned visits[MANY] = {0};
            struct srs_source *source = source_get_published();
            for (unsigned i = 0; i < MANY; i++)
                source_join(&consumers[i], source);
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
            srs_source_unpublish(source, &source_publisher);
        }
}

static void test_walk_given_joiners_then_visited_too_and_kept_for(void **state)
{
    (void)state;
    struct srs_consumer consumers[4];
    struct srs_source *source = source_get_published();
    source_join(&consumers[0], source);
    source_join(&consumers[1], source);
    for (int i = 0; i < 8; i++)
        source_push(source, SRS_KIND_VIDEO, i % 4 == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    (void)source_take_all(srs_source_walk_next(source));
    source_push(source, SRS_KIND_VIDEO, KEY, 400);
    source_join(&consumers[2], source);
    assert_ptr_equal(srs_source_walk_next(source), &consumers[1]);
    consumers[1].next = 6; // its socket took this much
    assert_ptr_equal(srs_source_walk_next(source), &consumers[2]);
    source_join(&consumers[3], source);
    assert_ptr_equal(srs_source_walk_next(source), &consumers[3]);
    assert_null(srs_source_walk_next(source));
    assert_int_equal(source->oldest, 6);
    source_push(source, SRS_KIND_VIDEO, 0, 440);
    assert_int_equal(source->log.first, 6);
    (void)source_take_all(&consumers[1]);
    source_walk(source);
    source_push(source, SRS_KIND_VIDEO, 0, 480);
    assert_int_equal(source->log.first, 8);
    for (unsigned i = 0; i < 4; i++)
        srs_consumer_leave(&consumers[i]);
    srs_source_unpublish(source, &source_publisher);
}

static void test_walk_given_unpublish_in_the_middle_then_goes_on_and_trims(void **state)
{
    (void)state;
    struct srs_consumer consumers[3];
    struct srs_source *source = source_get_published();
    for (unsigned i = 0; i < 3; i++)
        source_join(&consumers[i], source);
    for (int i = 0; i < 5; i++)
        source_push(source, SRS_KIND_VIDEO, i == 0 ? KEY : 0, i * 40);
    srs_source_walk_begin(source);
    (void)source_take_all(srs_source_walk_next(source));
    srs_source_unpublish(source, &source_publisher);
    assert_int_equal(source_calls.told, 3); // and not the walker
    (void)source_take_all(srs_source_walk_next(source));
    (void)source_take_all(srs_source_walk_next(source));
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 5);
    assert_null(srs_source_walk_next(source));
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    for (unsigned i = 0; i < 3; i++)
        srs_consumer_leave(&consumers[i]);
    assert_int_equal(source_calls.freed, 1);
}

static void test_walk_given_source_freed_in_the_middle_then_nothing_is_left(void **state)
{
    (void)state;
    struct srs_consumer consumers[2];
    struct srs_source *source = source_get_published();
    source_join(&consumers[0], source);
    source_join(&consumers[1], source);
    source_push(source, SRS_KIND_VIDEO, KEY, 0);
    srs_source_walk_begin(source);
    assert_non_null(srs_source_walk_next(source));
    srs_source_unpublish(source, &source_publisher);
    srs_consumer_leave(&consumers[0]);
    srs_consumer_leave(&consumers[1]);
    assert_int_equal(source_calls.freed, 1);
}

static void test_consumer_given_publisher_in_mid_gop_then_video_waits_for_a_key_frame(void **state)
{
    (void)state;
    struct srs_consumer early = {0};
    struct srs_source *source = source_get_published();
    bool jumped = false;
    source_join(&early, source);
    source_push(source, SRS_KIND_AUDIO, 0, 0);
    source_push(source, SRS_KIND_VIDEO, 0, 10);
    assert_int_equal(srs_consumer_peek(&early, &early.next, &early.need_key, &jumped)->head.kind,
                     SRS_KIND_AUDIO);
    early.next++;
    assert_null(srs_consumer_peek(&early, &early.next, &early.need_key, &jumped));
    source_push(source, SRS_KIND_VIDEO, KEY, 50);
    const struct srs_packet *packet =
        srs_consumer_peek(&early, &early.next, &early.need_key, &jumped);
    assert_non_null(packet);
    assert_true((packet->head.flags & SRS_PACKET_KEY) != 0);
    assert_false(jumped);
    srs_consumer_leave(&early);
    srs_source_unpublish(source, &source_publisher);
}

static void test_consumer_given_audio_only_then_video_begins_with_a_key_frame(void **state)
{
    (void)state;
    struct srs_consumer consumer;
    struct srs_source *source = source_get_published();
    bool jumped = false;
    source_push(source, SRS_KIND_AUDIO, 0, 0);
    source_push(source, SRS_KIND_AUDIO, 0, 20);
    source_join(&consumer, source);
    assert_int_equal(source_take_all(&consumer), 2);
    source_push(source, SRS_KIND_VIDEO, 0, 40); // the rest of a gop whose begin nobody has
    assert_int_equal(source_take_all(&consumer), 0);
    source_push(source, SRS_KIND_VIDEO, KEY, 80);
    assert_non_null(srs_consumer_peek(&consumer, &consumer.next, &consumer.need_key, &jumped));
    srs_consumer_leave(&consumer);
    srs_source_unpublish(source, &source_publisher);
}

// Pushes, walks, joins and leaves at random: no packet is missed or given twice by who keeps up.
static void test_walk_given_random_life_then_nobody_misses_a_packet(void **state)
{
    (void)state;
    uint64_t random = 7;
    struct srs_consumer consumers[8] = {0};
    uint64_t expect[8] = {0};
    struct srs_source *source = source_get_published();
    source_push(source, SRS_KIND_VIDEO, KEY, 0); // what a publisher begins with
    for (int step = 0; step < 20000; step++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        unsigned dice = (unsigned)(random >> 40) % 16;
        unsigned who = (unsigned)(random >> 50) % 8;
        if (dice < 6) {
            source_push(source, SRS_KIND_VIDEO, dice == 0 ? KEY : 0, step);
        } else if (dice < 8 && consumers[who].source == NULL) {
            source_join(&consumers[who], source);
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
    srs_source_unpublish(source, &source_publisher);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, source_setup, source_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_consumer_given_gop_then_starts_at_its_key_frame),
        TEST(test_consumer_given_unpublish_then_has_the_rest_and_memory_falls),
        TEST(test_walk_given_consumers_that_leave_then_each_other_is_visited_once),
        TEST(test_walk_given_joiners_then_visited_too_and_kept_for),
        TEST(test_walk_given_unpublish_in_the_middle_then_goes_on_and_trims),
        TEST(test_walk_given_source_freed_in_the_middle_then_nothing_is_left),
        TEST(test_consumer_given_publisher_in_mid_gop_then_video_waits_for_a_key_frame),
        TEST(test_consumer_given_audio_only_then_video_begins_with_a_key_frame),
        TEST(test_walk_given_random_life_then_nobody_misses_a_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
