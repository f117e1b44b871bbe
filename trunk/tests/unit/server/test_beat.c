// The beat: when viewers are flushed. It runs on the real clock, so bounds are wide: not before,
// and not never.
#include "flow_player.h"
#include "server/deliver/beat.h"
#include "stream/packets.h"

enum { KEY = SRS_PACKET_KEY, PLAYERS = 40 };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = SRS_NEVER, .packets = 100000, .bytes = SIZE_MAX};
static const char publisher;

static struct {
    struct srs_scope scope;
    struct srs_beat *beat;
    struct srs_sources *sources;
    struct srs_source *source;
    struct srs_track *tracks[2];
    struct flow_player players[PLAYERS];
    unsigned opened;
    unsigned got;
} at;

static void got(void *arg, const struct srs_rtmp_msg *msg)
{
    (void)arg;
    at.got += msg->type == SRS_FLV_VIDEO || msg->type == SRS_FLV_AUDIO;
}

static int setup(void **state)
{
    (void)state;
    memset(&at, 0, sizeof at);
    srs_scope_init(&at.scope, "beat");
    assert_err(SRS_OK, srs_sources_new(&srs_beat_source_ops, &at.sources), "sources");
    assert_err(SRS_OK, srs_beat_new(&at.scope, &at.beat), "beat");
    assert_err(SRS_OK, srs_source_get(at.sources, "v", "a", "s", &limits, &at.source), "source");
    assert_err(SRS_OK, srs_source_publish(at.source, &publisher, 1), "publish");
    for (unsigned kind = 0; kind < 2; kind++)
        assert_err(SRS_OK,
                   srs_source_set_track(at.source, make_track((enum srs_kind)kind, 0, ""),
                                        &at.tracks[kind]),
                   "track");
    return 0;
}

static void close_players(void)
{
    while (at.opened > 0)
        flow_player_close(&at.players[--at.opened]);
}

static int teardown(void **state)
{
    (void)state;
    srs_source_unpublish(at.source, &publisher);
    close_players();
    srs_source_unref(at.source);
    srs_scope_close(&at.scope);
    srs_sources_free(at.sources);
    srs_beat_free(at.beat);
    assert_nothing_lives();
    return 0;
}

static void attach(bool min_latency, srs_usec period, srs_usec audio_gather)
{
    struct srs_beat_timing timing = {min_latency, period, audio_gather, 0};
    assert_err(SRS_OK, srs_beat_attach(at.beat, at.source, &timing), "attach");
}

static void open_player(void)
{
    struct flow_player *player = &at.players[at.opened++];
    assert_err(SRS_OK, flow_player_open(player, FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, at.opened),
               "player");
    player->got = got;
    srs_viewer_join(&player->viewer, at.source);
}

static void push(enum srs_kind kind, unsigned flags)
{
    struct srs_packet *packet = make_packet(at.tracks[kind], 100, flags, srs_now());
    assert_err(SRS_OK, srs_source_push(at.source, packet), "push");
}

// What the viewers have got after `turns` of everyone who is ready.
static unsigned got_after(unsigned turns)
{
    while (turns-- > 0)
        assert_err(SRS_OK, srs_co_breathe(), "turn");
    for (unsigned i = 0; i < at.opened; i++)
        assert_err(SRS_OK, flow_player_read(&at.players[i]), "read");
    return at.got;
}

// Waits until `count` messages have come; how long that took.
static srs_usec wait_for(unsigned count)
{
    srs_usec from = srs_now();
    while (got_after(1) < count) {
        if (srs_now() > from + 10 * SRS_SEC)
            fail_msg("%u of %u after 10 s", at.got, count);
        assert_err(SRS_OK, srs_co_sleep(srs_now() + SRS_MSEC), "sleep");
    }
    return srs_now() - from;
}

static void test_beat_given_period_then_packets_wait_for_it_together(void **state)
{
    (void)state;
    attach(false, 100 * SRS_MSEC, 0);
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    (void)wait_for(1); // on a beat now
    srs_usec from = srs_now();
    unsigned beats = 0;
    for (unsigned n = 1; beats < 3; n++) { // packets each 10 ms: they come out in lumps
        unsigned before = at.got;
        push(SRS_KIND_VIDEO, 0);
        assert_err(SRS_OK, srs_co_sleep(srs_now() + 10 * SRS_MSEC), "sleep");
        beats += got_after(2) > before;
        assert_true(n < 1000);
    }
    assert_true(srs_now() - from >=
                200 * SRS_MSEC); // the third beat is two periods behind the first
    push(SRS_KIND_AUDIO, 0);
    unsigned all = (unsigned)at.source->log.next;
    assert_true(wait_for(all) < 5 * SRS_SEC);
}

static void test_beat_given_so_many_packets_then_they_do_not_wait_for_it(void **state)
{
    (void)state;
    struct srs_beat_timing timing = {.period = 10 * SRS_SEC, .packets = 3};
    assert_err(SRS_OK, srs_beat_attach(at.beat, at.source, &timing), "attach");
    open_player();
    for (unsigned i = 1; i <= 10; i++) {
        push(i % 2 ? SRS_KIND_VIDEO : SRS_KIND_AUDIO, i == 1 ? KEY : 0);
        assert_int_equal(got_after(3), i / 3 * 3);
    }
    timing.period = 50 * SRS_MSEC; // and the last one waits no longer than the beat
    assert_err(SRS_OK, srs_beat_attach(at.beat, at.source, &timing), "attach");
    push(SRS_KIND_AUDIO, 0);
    push(SRS_KIND_AUDIO, 0);
    assert_int_equal(got_after(3), 12);
    push(SRS_KIND_AUDIO, 0);
    assert_true(wait_for(13) < 5 * SRS_SEC);
}

static void test_beat_given_min_latency_then_video_goes_at_once_with_the_audio(void **state)
{
    (void)state;
    attach(true, 10 * SRS_SEC, 10 * SRS_SEC);
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    assert_int_equal(got_after(3), 1);
    push(SRS_KIND_AUDIO, 0);
    push(SRS_KIND_AUDIO, 0);
    assert_int_equal(got_after(5), 1); // they wait for video
    push(SRS_KIND_VIDEO, 0);
    assert_int_equal(got_after(3), 4);
}

static void test_beat_given_min_latency_then_audio_waits_its_time_and_no_longer(void **state)
{
    (void)state;
    attach(true, 10 * SRS_SEC, 60 * SRS_MSEC);
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    assert_int_equal(got_after(3), 1);
    srs_usec from = srs_now();
    push(SRS_KIND_AUDIO, 0);
    (void)wait_for(2);
    srs_usec waited = srs_now() - from;
    assert_in_range(waited, 59 * SRS_MSEC, 5 * SRS_SEC);
    attach(true, 10 * SRS_SEC, 0); // a reload that wants none of it
    push(SRS_KIND_AUDIO, 0);
    assert_int_equal(got_after(3), 3);
}

static void test_beat_given_audio_only_and_min_latency_then_at_once(void **state)
{
    (void)state;
    attach(true, 10 * SRS_SEC, 10 * SRS_SEC);
    open_player();
    for (unsigned i = 1; i < 5; i++) {
        push(SRS_KIND_AUDIO, 0);
        assert_int_equal(got_after(3), i);
    }
}

static void test_beat_given_many_viewers_then_all_are_walked_in_batches(void **state)
{
    (void)state;
    attach(true, 10 * SRS_SEC, 0);
    for (unsigned i = 0; i < PLAYERS; i++)
        open_player();
    for (unsigned round = 1; round <= 20; round++) {
        push(SRS_KIND_VIDEO, round == 1 ? KEY : 0);
        if (round == 10)
            close_players(); // in the middle of what is asked for
        if (round == 10)
            break;
        (void)wait_for(PLAYERS * round);
    }
    assert_int_equal(got_after(3), PLAYERS * 9);
    assert_int_equal(at.source->consumer_count, 0);
}

static void test_beat_given_packets_while_walked_then_walked_again(void **state)
{
    (void)state;
    attach(true, 10 * SRS_SEC, 0);
    for (unsigned i = 0; i < PLAYERS; i++)
        open_player();
    push(SRS_KIND_VIDEO, KEY);
    for (unsigned i = 0; i < 200; i++) { // whatever turn the walk is in
        push(SRS_KIND_VIDEO, 0);
        (void)got_after(i % 3);
    }
    (void)wait_for(PLAYERS * 201);
    assert_false(srs_source_walking(at.source) && at.got < PLAYERS * 201);
}

static void test_beat_given_source_freed_while_queued_then_the_others_go_on(void **state)
{
    (void)state;
    static const char other_publisher;
    struct srs_source *other = NULL;
    struct flow_player *player = &at.players[at.opened++];
    struct srs_beat_timing timing = {.min_latency = true};
    attach(true, 0, 0);
    assert_err(SRS_OK, srs_source_get(at.sources, "v", "a", "other", &limits, &other), "source");
    assert_err(SRS_OK, srs_source_publish(other, &other_publisher, 1), "publish");
    assert_err(SRS_OK, srs_beat_attach(at.beat, other, &timing), "attach");
    srs_source_unref(other);
    assert_err(SRS_OK, flow_player_open(player, FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, 1), "player");
    player->got = got;
    srs_viewer_join(&player->viewer, other);
    struct srs_track *track = NULL;
    assert_err(SRS_OK, srs_source_set_track(other, make_track(SRS_KIND_VIDEO, 0, ""), &track),
               "track");
    struct srs_packet *packet = make_packet(track, 10, KEY, srs_now());
    assert_err(SRS_OK, srs_source_push(other, packet), "push"); // queued
    srs_source_unpublish(other, &other_publisher);
    close_players(); // the last to leave frees it
    assert_null(srs_sources_find(at.sources, "v", "a", "other"));
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    assert_int_equal(got_after(3), 1);
}

static void test_beat_given_timer_set_then_freed_with_its_source(void **state)
{
    (void)state;
    attach(false, 20 * SRS_MSEC, 0);
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    srs_source_unpublish(at.source, &publisher);
    close_players();
    srs_source_unref(at.source);
    assert_int_equal(srs_live_count(SRS_LIVE_SOURCE), 0);
    assert_err(SRS_OK, srs_co_sleep(srs_now() + 60 * SRS_MSEC), "the timer would have fired");
    at.source = NULL;
}

static void test_beat_given_unpublish_then_the_rest_goes_out_and_memory_falls(void **state)
{
    (void)state;
    attach(false, 10 * SRS_SEC, 0);
    open_player();
    push(SRS_KIND_VIDEO, KEY);
    for (int i = 0; i < 5; i++)
        push(SRS_KIND_VIDEO, 0);
    srs_source_unpublish(at.source, &publisher);
    assert_int_equal(got_after(4), 6);
    assert_true(at.players[0].viewer.ended);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
}

static void test_beat_given_no_memory_then_says_so(void **state)
{
    (void)state;
    struct srs_beat_timing timing = {.min_latency = true};
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_beat_attach(at.beat, at.source, &timing), "attach");
    open_player(); // a source that nobody attached is nobody's concern
    push(SRS_KIND_VIDEO, KEY);
    assert_int_equal(got_after(3), 0);
}

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_beat_given_period_then_packets_wait_for_it_together),
        TEST(test_beat_given_so_many_packets_then_they_do_not_wait_for_it),
        TEST(test_beat_given_min_latency_then_video_goes_at_once_with_the_audio),
        TEST(test_beat_given_min_latency_then_audio_waits_its_time_and_no_longer),
        TEST(test_beat_given_audio_only_and_min_latency_then_at_once),
        TEST(test_beat_given_many_viewers_then_all_are_walked_in_batches),
        TEST(test_beat_given_packets_while_walked_then_walked_again),
        TEST(test_beat_given_source_freed_while_queued_then_the_others_go_on),
        TEST(test_beat_given_timer_set_then_freed_with_its_source),
        TEST(test_beat_given_unpublish_then_the_rest_goes_out_and_memory_falls),
        TEST(test_beat_given_no_memory_then_says_so),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
