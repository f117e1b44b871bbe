// The log of packets: what is kept for joiners and cursors, and what goes over a limit.
#include "stream/packet_log.h"
#include "stream/packets.h"

enum { KEY = SRS_PACKET_KEY };

static const struct srs_log_limits wide = {
    .gop_cache = true, .age = 1000 * SRS_SEC, .packets = 100000, .bytes = SIZE_MAX};

struct fixture {
    struct srs_packet_log log;
    struct srs_log_budget budget; // of all logs: this one and a made-up rest
    size_t rest;                  // bytes of it
    struct srs_track *tracks[SRS_KINDS];
};

static int setup(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    fixture.budget = (struct srs_log_budget){.limit = SIZE_MAX, .part = SIZE_MAX};
    for (unsigned kind = 0; kind < SRS_KINDS; kind++) {
        fixture.tracks[kind] = make_track((enum srs_kind)kind, 0, "");
        fixture.tracks[kind]->logged = 1; // they count in tests of their own
    }
    srs_packet_log_init(&fixture.log, &wide, &fixture.budget);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    srs_packet_log_fini(&fixture->log);
    assert_int_equal(fixture->log.bytes, 0);
    assert_int_equal(fixture->budget.used, fixture->rest);
    assert_int_equal(fixture->log.capacity, 0);
    for (unsigned kind = 0; kind < SRS_KINDS; kind++) {
        assert_int_equal(fixture->tracks[kind]->logged, 1);
        fixture->tracks[kind]->logged = 0;
        srs_track_unref(fixture->tracks[kind]);
    }
    assert_nothing_lives();
    return 0;
}

static void push_sized(struct fixture *fixture, enum srs_kind kind, unsigned flags, size_t size,
                       int64_t ms, uint64_t oldest)
{
    struct srs_packet *packet =
        make_packet(fixture->tracks[kind], size, flags | SRS_PACKET_MAIN, ms * SRS_MSEC);
    uint64_t number = fixture->log.next;
    assert_err(SRS_OK, srs_packet_log_push(&fixture->log, packet, oldest), "push");
    assert_int_equal(fixture->log.next, number + 1);
    size_t bytes = 0;
    for (uint64_t i = fixture->log.first; i < fixture->log.next; i++)
        bytes += srs_packet_bytes(srs_packet_log_at(&fixture->log, i));
    assert_int_equal(fixture->log.bytes, bytes);
    assert_int_equal(fixture->budget.used, bytes + fixture->rest);
}

static void push(struct fixture *fixture, enum srs_kind kind, unsigned flags, int64_t ms,
                 uint64_t oldest)
{
    push_sized(fixture, kind, flags, 10, ms, oldest);
}

// A key frame, then `inter` others, 40 ms apart, from `ms` on.
static void push_gop(struct fixture *fixture, unsigned inter, int64_t ms, uint64_t oldest)
{
    push(fixture, SRS_KIND_VIDEO, KEY, ms, oldest);
    for (unsigned i = 1; i <= inter; i++)
        push(fixture, SRS_KIND_VIDEO, 0, ms + 40 * i, oldest);
}

static void assert_log(const struct srs_packet_log *log, uint64_t first, uint64_t next,
                       uint64_t gop)
{
    if (log->first != first || log->next != next || log->gop != gop)
        fail_msg("first %llu next %llu gop %llu, want %llu %llu %llu",
                 (unsigned long long)log->first, (unsigned long long)log->next,
                 (unsigned long long)log->gop, (unsigned long long)first, (unsigned long long)next,
                 (unsigned long long)gop);
}

static void test_log_given_no_cursor_then_the_current_gop_is_kept(void **state)
{
    struct fixture *fixture = *state;
    push(fixture, SRS_KIND_VIDEO, 0, 0, UINT64_MAX); // before any key frame
    assert_log(&fixture->log, 1, 1, SRS_LOG_NO_GOP);
    push_gop(fixture, 5, 40, UINT64_MAX);
    push(fixture, SRS_KIND_AUDIO, 0, 245, UINT64_MAX);
    assert_log(&fixture->log, 1, 8, 1);
    push_gop(fixture, 0, 280, UINT64_MAX);
    assert_log(&fixture->log, 8, 9, 8);
}

static void test_log_given_key_audio_then_no_gop_begins_there(void **state)
{
    struct fixture *fixture = *state;
    push_gop(fixture, 1, 0, UINT64_MAX);
    push(fixture, SRS_KIND_AUDIO, KEY, 50, UINT64_MAX);
    assert_log(&fixture->log, 0, 3, 0);
}

static void test_log_given_cursor_behind_the_gop_then_kept_from_it(void **state)
{
    struct fixture *fixture = *state;
    push_gop(fixture, 3, 0, 2);
    assert_log(&fixture->log, 0, 4, 0);
    push_gop(fixture, 3, 200, 2);
    assert_log(&fixture->log, 2, 8, 4);
    srs_packet_log_trim(&fixture->log, 6);
    assert_log(&fixture->log, 4, 8, 4);
}

static void test_log_given_no_gop_cache_then_kept_for_cursors_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.limits.gop_cache = false;
    push_gop(fixture, 3, 0, 2);
    assert_log(&fixture->log, 2, 4, SRS_LOG_NO_GOP);
    push_gop(fixture, 1, 200, UINT64_MAX);
    assert_log(&fixture->log, 6, 6, SRS_LOG_NO_GOP);
    push(fixture, SRS_KIND_AUDIO, 0, 300, UINT64_MAX);
    assert_log(&fixture->log, 7, 7, SRS_LOG_NO_GOP);
}

static void test_log_given_audio_only_then_two_seconds_are_kept(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 500; i++)
        push(fixture, SRS_KIND_AUDIO, 0, i * 20, UINT64_MAX);
    const struct srs_packet *oldest = srs_packet_log_at(&fixture->log, fixture->log.gop);
    assert_int_equal(oldest->head.arrived, (499 * 20 - 2000) * SRS_MSEC);
    assert_int_equal(fixture->log.first, fixture->log.gop);
    push_gop(fixture, 0, 10000, UINT64_MAX); // video has come: now gops count
    assert_log(&fixture->log, 500, 501, 500);
    for (int i = 0; i < 500; i++)
        push(fixture, SRS_KIND_AUDIO, 0, 10000 + i * 20, UINT64_MAX);
    assert_log(&fixture->log, 500, 1001, 500);
}

static void test_log_given_video_after_audio_then_joiners_wait_for_its_key_frame(void **state)
{
    struct fixture *fixture = *state;
    push(fixture, SRS_KIND_AUDIO, 0, 0, UINT64_MAX);
    assert_log(&fixture->log, 0, 1, 0);
    push(fixture, SRS_KIND_VIDEO, 0, 10, UINT64_MAX);
    assert_log(&fixture->log, 2, 2, SRS_LOG_NO_GOP);
    push(fixture, SRS_KIND_AUDIO, 0, 20, UINT64_MAX);
    assert_log(&fixture->log, 3, 3, SRS_LOG_NO_GOP);
}

static void test_log_given_limit_then_the_oldest_whole_gop_goes(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *why;
        struct srs_log_limits limits;
    } rows[] = {
        {"packets", {.gop_cache = true, .age = SRS_NEVER, .packets = 9, .bytes = SIZE_MAX}},
        {"age", {.gop_cache = true, .age = 380 * SRS_MSEC, .packets = SIZE_MAX, .bytes = SIZE_MAX}},
        {"bytes",
         {.gop_cache = true,
          .age = SRS_NEVER,
          .packets = SIZE_MAX,
          .bytes = 9 * (sizeof(struct srs_packet) + 10)}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_packet_log *log = &fixture->log;
        srs_packet_log_clear(log);
        srs_packet_log_init(log, &rows[i].limits, &fixture->budget);
        push_gop(fixture, 3, 0, 1);
        push_gop(fixture, 3, 160, 1); // 1..7 are kept for the cursor
        assert_log(log, 1, 8, 4);
        push(fixture, SRS_KIND_VIDEO, KEY, 320, 1);
        push(fixture, SRS_KIND_VIDEO, 0, 360, 1);
        assert_log(log, 1, 10, 8);
        push(fixture, SRS_KIND_VIDEO, 0, 430, 1);
        assert_log(log, 4, 11, 8); // not just number 1
        push(fixture, SRS_KIND_VIDEO, 0, 440, 4);
        assert_log(log, 4, 12, 8);
    }
}

static void
test_log_given_gop_beyond_a_limit_then_joiners_wait_and_cursors_keep_theirs(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.limits.packets = 10;
    push_gop(fixture, 9, 0, UINT64_MAX);
    assert_log(&fixture->log, 0, 10, 0);
    push(fixture, SRS_KIND_VIDEO, 0, 400, 8); // a cursor that keeps up
    assert_log(&fixture->log, 8, 11, SRS_LOG_NO_GOP);
    push(fixture, SRS_KIND_VIDEO, 0, 440, 11);
    assert_log(&fixture->log, 11, 12, SRS_LOG_NO_GOP);
    for (int i = 0; i < 12; i++) // one that does not: the log is as long as it may be
        push(fixture, SRS_KIND_VIDEO, 0, 480 + i * 40, 11);
    assert_log(&fixture->log, 14, 24, SRS_LOG_NO_GOP);
    push_gop(fixture, 0, 2000, 14);
    assert_log(&fixture->log, 24, 25, 24); // what is left of the long one is the oldest gop
    push_gop(fixture, 0, 2040, UINT64_MAX);
    assert_log(&fixture->log, 25, 26, 25);
}

static void test_log_given_packet_beyond_the_limit_then_it_alone_is_kept(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.limits.bytes = 1000;
    push_gop(fixture, 2, 0, 1);
    push_sized(fixture, SRS_KIND_VIDEO, KEY, 5000, 200, 3);
    assert_log(&fixture->log, 3, 4, 3);
    push_sized(fixture, SRS_KIND_VIDEO, 0, 6000, 240, 4);
    assert_log(&fixture->log, 4, 5, SRS_LOG_NO_GOP);
    push_sized(fixture, SRS_KIND_AUDIO, 0, 10, 250, 5);
    assert_log(&fixture->log, 5, 6, SRS_LOG_NO_GOP);
}

static void test_log_given_thousands_then_the_ring_grows_and_keeps_order(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 100; i++) // the ring's beginning is not number 0
        push_gop(fixture, 0, i * 40, UINT64_MAX);
    for (int i = 1; i < 5000; i++)
        push(fixture, SRS_KIND_VIDEO, 0, 4000 + i, UINT64_MAX);
    assert_log(&fixture->log, 99, 5099, 99);
    assert_true(fixture->log.capacity >= 5000);
    assert_int_equal(fixture->log.capacity & (fixture->log.capacity - 1), 0);
    for (uint64_t i = 100; i < 5099; i++)
        assert_int_equal(srs_packet_log_at(&fixture->log, i)->head.dts,
                         (srs_usec)(4000 + i - 99) * SRS_MSEC);
    srs_packet_log_clear(&fixture->log);
    assert_log(&fixture->log, 5099, 5099, SRS_LOG_NO_GOP);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    assert_int_equal(fixture->log.capacity, 0);
    push_gop(fixture, 0, 0, UINT64_MAX);
    assert_log(&fixture->log, 5099, 5100, 5099);
}

static void test_log_given_no_memory_then_the_packet_is_lost_and_the_log_sound(void **state)
{
    struct fixture *fixture = *state;
    push_gop(fixture, 63, 0, 0); // the ring is full
    struct srs_packet *packet = make_packet(fixture->tracks[0], 10, 0, 3000 * SRS_MSEC);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_packet_log_push(&fixture->log, packet, 0), "ring");
    assert_log(&fixture->log, 0, 64, 0);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 64);
    push(fixture, SRS_KIND_VIDEO, 0, 3000, 0);
    assert_log(&fixture->log, 0, 65, 0);
}

// Who joins after a republish must not be given what the former publisher left to slower viewers.
static void test_log_given_next_publisher_then_its_joiners_start_with_it(void **state)
{
    struct fixture *fixture = *state;
    push_gop(fixture, 5, 0, 2);
    srs_packet_log_end_gops(&fixture->log);
    assert_log(&fixture->log, 0, 6, SRS_LOG_NO_GOP);
    push(fixture, SRS_KIND_AUDIO, 0, 300, 2);
    assert_log(&fixture->log, 2, 7, 6);
    push(fixture, SRS_KIND_AUDIO, 0, 320, 2);
    assert_log(&fixture->log, 2, 8, 6);
    push_gop(fixture, 0, 340, 2);
    assert_log(&fixture->log, 2, 9, 8);
}

// Video that goes away leaves a gop that only grows, and audio that goes on.
static void test_log_given_video_that_stops_then_kept_as_audio_until_it_is_back(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.limits.age = 10 * SRS_SEC;
    push_gop(fixture, 5, 0, UINT64_MAX);
    for (int ms = 250; ms <= 10000; ms += 50)
        push(fixture, SRS_KIND_AUDIO, 0, ms, UINT64_MAX);
    assert_log(&fixture->log, 0, 202, 0); // it may still be a slow one
    assert_true(fixture->log.has_video);
    push(fixture, SRS_KIND_AUDIO, 0, 10050, UINT64_MAX);
    assert_false(fixture->log.has_video);
    assert_log(&fixture->log, 162, 203, 162); // 2 s of it
    for (int ms = 10100; ms <= 40000; ms += 50)
        push(fixture, SRS_KIND_AUDIO, 0, ms, UINT64_MAX);
    assert_int_equal(fixture->log.next - fixture->log.first, 41);
    push(fixture, SRS_KIND_VIDEO, 0, 40050, UINT64_MAX); // its key frame is to come
    assert_true(fixture->log.has_video);
    assert_int_equal(fixture->log.gop, SRS_LOG_NO_GOP);
    push_gop(fixture, 1, 40100, UINT64_MAX);
    assert_int_equal(fixture->log.gop, fixture->log.next - 2);
}

static void test_log_given_slow_video_in_a_long_gop_then_it_is_still_video(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.limits.age = 10 * SRS_SEC;
    push(fixture, SRS_KIND_VIDEO, KEY, 0, UINT64_MAX);
    push(fixture, SRS_KIND_VIDEO, 0, 8100, UINT64_MAX);
    push(fixture, SRS_KIND_AUDIO, 0, 10100, UINT64_MAX); // 2 s after the last picture
    assert_true(fixture->log.has_video);
    assert_int_equal(fixture->log.gop, SRS_LOG_NO_GOP);
}

static void
test_log_given_all_logs_over_their_limit_then_who_has_more_than_its_part_gives(void **state)
{
    struct fixture *fixture = *state;
    struct srs_packet_log *log = &fixture->log;
    size_t each = sizeof(struct srs_packet) + 10;
    fixture->rest = fixture->budget.used = 40 * each; // of others
    fixture->budget.limit = 60 * each;
    fixture->budget.part = 10 * each;
    push_gop(fixture, 19, 0, 15); // twice its part, but there is room
    assert_log(log, 0, 20, 0);
    assert_int_equal(fixture->budget.shed_at, 0);
    push(fixture, SRS_KIND_VIDEO, 0, 800, 15);
    srs_usec shed_at = fixture->budget.shed_at;
    assert_int_equal(shed_at, srs_packet_log_at(log, log->next - 1)->head.arrived);
    assert_log(log, 15, 21, SRS_LOG_NO_GOP); // the cursor's are within its part
    fixture->rest += 100 * each;             // the others take all there is
    fixture->budget.used += 100 * each;
    push_gop(fixture, 3, 1000, UINT64_MAX);
    assert_log(log, 21, 25, 21); // within its part it is not touched
    assert_int_equal(fixture->budget.shed_at, shed_at);
    push_gop(fixture, 5, 1200, 21);
    assert_log(log, 21, 31, 25);
    push(fixture, SRS_KIND_VIDEO, 0, 1440, 21);
    assert_log(log, 25, 32, 25);
}

static void test_log_given_tracks_then_each_version_counts_while_a_packet_needs_it(void **state)
{
    struct fixture *fixture = *state;
    struct srs_packet_log *log = &fixture->log;
    size_t each = sizeof(struct srs_packet) + 10;
    log->limits.packets = 2;
    for (int version = 0; version < 5; version++) {
        struct srs_track *track = make_track(SRS_KIND_AUDIO, 0, "a record of some bytes");
        size_t bytes = srs_track_bytes(track);
        assert_int_equal(bytes, sizeof *track + 22);
        for (int i = 0; i < 3; i++) // the log is full of it, and of no other
            assert_err(SRS_OK,
                       srs_packet_log_push(
                           log, make_packet(track, 10, 0, (version * 3 + i) * SRS_MSEC), 0),
                       "push");
        srs_track_unref(track);
        assert_int_equal(srs_live_count(SRS_LIVE_TRACK), SRS_KINDS + 1);
        assert_int_equal(log->bytes, 2 * each + bytes);
        assert_int_equal(fixture->budget.used, log->bytes);
    }
    log->limits.bytes = 2 * each + sizeof(struct srs_track) + 22;
    assert_err(SRS_OK,
               srs_packet_log_push(
                   log, make_packet(fixture->tracks[SRS_KIND_AUDIO], 10, 0, 100 * SRS_MSEC), 0),
               "push");
    assert_int_equal(log->next - log->first, 2);
    assert_int_equal(srs_live_count(SRS_LIVE_TRACK), SRS_KINDS + 1);
    log->limits.bytes--; // the record is over it
    srs_packet_log_give_way(log, 0);
    assert_int_equal(log->next - log->first, 1);
    assert_int_equal(srs_live_count(SRS_LIVE_TRACK), SRS_KINDS);
}

static void test_log_given_bytes_beside_then_they_are_of_its_part(void **state)
{
    struct fixture *fixture = *state;
    struct srs_packet_log *log = &fixture->log;
    size_t each = sizeof(struct srs_packet) + 10;
    fixture->budget.limit = 20 * each;
    fixture->budget.part = 10 * each;
    push_gop(fixture, 9, 0, 0);
    srs_packet_log_set_beside(log, 5 * each);
    assert_int_equal(fixture->budget.used, 15 * each);
    assert_false(srs_packet_log_over_part(log)); // there is room
    srs_packet_log_set_beside(log, 11 * each);
    assert_int_equal(fixture->budget.used, 21 * each);
    assert_true(srs_packet_log_over_part(log));
    srs_packet_log_give_way(log, UINT64_MAX);
    assert_int_equal(log->next - log->first, 0); // nobody needs the gop that is too long
    srs_packet_log_set_beside(log, 0);
    assert_int_equal(fixture->budget.used, 0);
}

static size_t forty(const void *form)
{
    (void)form;
    return 40;
}

static void free_form(void *form)
{
    srs_free(form);
}

static void test_log_given_forms_then_they_count(void **state)
{
    static const struct srs_form_ops ops = {.slot = 1, .free = free_form, .bytes = forty};
    struct fixture *fixture = *state;
    struct srs_packet_log *log = &fixture->log;
    push_gop(fixture, 3, 0, 0);
    size_t bytes = log->bytes;
    for (int i = 0; i < 2; i++) // the second takes the place of the first
        srs_packet_keep_form(srs_packet_log_at(log, 1), &ops, srs_try_alloc(1));
    assert_int_equal(log->bytes, bytes + 40);
    assert_int_equal(fixture->budget.used, bytes + 40);
    log->limits.bytes = bytes + 40 + srs_packet_bytes(srs_packet_log_at(log, 0)) - 1;
    struct srs_packet *packet = srs_packet_ref(srs_packet_log_at(log, 3));
    push(fixture, SRS_KIND_VIDEO, KEY, 200, 0);
    assert_log(log, 4, 5, 4);
    srs_packet_keep_form(packet, &ops, srs_try_alloc(1)); // off the log it counts for nobody
    assert_int_equal(log->bytes, bytes / 4);
    srs_packet_unref(packet);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_log_given_no_cursor_then_the_current_gop_is_kept),
        TEST(test_log_given_key_audio_then_no_gop_begins_there),
        TEST(test_log_given_cursor_behind_the_gop_then_kept_from_it),
        TEST(test_log_given_no_gop_cache_then_kept_for_cursors_only),
        TEST(test_log_given_audio_only_then_two_seconds_are_kept),
        TEST(test_log_given_video_after_audio_then_joiners_wait_for_its_key_frame),
        TEST(test_log_given_limit_then_the_oldest_whole_gop_goes),
        TEST(test_log_given_gop_beyond_a_limit_then_joiners_wait_and_cursors_keep_theirs),
        TEST(test_log_given_packet_beyond_the_limit_then_it_alone_is_kept),
        TEST(test_log_given_thousands_then_the_ring_grows_and_keeps_order),
        TEST(test_log_given_no_memory_then_the_packet_is_lost_and_the_log_sound),
        TEST(test_log_given_next_publisher_then_its_joiners_start_with_it),
        TEST(test_log_given_tracks_then_each_version_counts_while_a_packet_needs_it),
        TEST(test_log_given_bytes_beside_then_they_are_of_its_part),
        TEST(test_log_given_forms_then_they_count),
        TEST(test_log_given_video_that_stops_then_kept_as_audio_until_it_is_back),
        TEST(test_log_given_slow_video_in_a_long_gop_then_it_is_still_video),
        TEST(test_log_given_all_logs_over_their_limit_then_who_has_more_than_its_part_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
