// One timeline whatever the publisher's clock does: jumps, pauses, wraps of order between tracks.
#include "stream/packets.h"
#include "stream/timeline.h"

enum { V = SRS_KIND_VIDEO, A = SRS_KIND_AUDIO };

// Times in ms. `dts` on the sender's clock, `out` as it should come out.
struct step {
    unsigned kind;
    int64_t dts;
    int64_t arrived;
    int64_t out;
    bool jumped;
};

static void run(struct srs_timeline *timeline, const struct step *steps, size_t count,
                const char *why)
{
    for (size_t i = 0; i < count; i++) {
        bool jumped = true;
        srs_usec dts = steps[i].dts * SRS_MSEC;
        srs_usec out = dts + srs_timeline_offset(timeline, steps[i].kind, dts,
                                                 steps[i].arrived * SRS_MSEC, &jumped);
        if (out != steps[i].out * SRS_MSEC || jumped != steps[i].jumped)
            fail_msg("%s, step %zu: out %lld us, jumped %d", why, i, (long long)out, jumped);
    }
}

#define RUN(timeline, steps, why) run(timeline, steps, SRS_COUNT(steps), why)

static void test_timeline_given_first_frames_at_any_time_then_as_they_are(void **state)
{
    (void)state;
    static const int64_t starts[] = {0, 1, 3600000, 0xFFFFFFFF, 0x7FFFFFFF, -5};
    for (size_t i = 0; i < SRS_COUNT(starts); i++) {
        struct srs_timeline timeline = {0};
        int64_t at = starts[i];
        struct step steps[] = {{V, at, 0, at, false},
                               {A, at + 10, 1, at + 10, false},
                               {V, at + 40, 40, at + 40, false},
                               {A, at + 33, 41, at + 33, false}};
        RUN(&timeline, steps, "start");
    }
}

static void test_timeline_given_jumps_then_mended_behind_the_last(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct step steps[5];
    } rows[] = {
        {"back to 0",
         {{V, 9000, 0, 9000, 0},
          {V, 9040, 40, 9040, 0},
          {V, 0, 80, 9080, 1},
          {V, 40, 120, 9120, 0},
          {V, 80, 160, 9160, 0}}},
        {"back by 251 ms, at once",
         {{V, 9000, 0, 9000, 0},
          {V, 9040, 40, 9040, 0},
          {V, 8789, 41, 9050, 1},
          {V, 8829, 80, 9090, 0},
          {V, 8869, 120, 9130, 0}}},
        {"back by 250 ms passes",
         {{V, 9000, 0, 9000, 0},
          {V, 9040, 40, 9040, 0},
          {V, 8790, 80, 8790, 0},
          {V, 8830, 120, 8830, 0},
          {V, 8870, 160, 8870, 0}}},
        {"forward by an hour",
         {{V, 0, 0, 0, 0},
          {V, 40, 40, 40, 0},
          {V, 3600000, 80, 80, 1},
          {V, 3600040, 120, 120, 0},
          {V, 3600080, 160, 160, 0}}},
        {"forward by 2 s in which 2 s passed",
         {{V, 0, 0, 0, 0},
          {V, 40, 40, 40, 0},
          {V, 2040, 2040, 2040, 0},
          {V, 2080, 2080, 2080, 0},
          {V, 2120, 2120, 2120, 0}}},
        {"forward by 2 s in which 1.7 s passed",
         {{V, 0, 0, 0, 0},
          {V, 40, 40, 40, 0},
          {V, 2040, 1740, 1740, 1},
          {V, 2080, 1780, 1780, 0},
          {V, 2120, 1820, 1820, 0}}},
        {"forward by 250 ms passes",
         {{V, 0, 0, 0, 0},
          {V, 250, 1, 250, 0},
          {V, 500, 2, 500, 0},
          {V, 750, 3, 750, 0},
          {V, 1000, 4, 1000, 0}}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_timeline timeline = {0};
        RUN(&timeline, rows[i].steps, rows[i].why);
    }
}

static void test_timeline_given_one_track_ahead_in_a_jump_then_both_clocks_hold(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    static const struct step steps[] = {
        {V, 5000, 0, 5000, 0},  {A, 5000, 0, 5000, 0},   {V, 5040, 40, 5040, 0},
        {V, 0, 80, 5080, 1},                            // video has begun anew
        {A, 5023, 81, 5023, 0}, {A, 5046, 82, 5046, 0}, // the old clock still
        {V, 40, 120, 5120, 0},  {A, 5069, 121, 5069, 0}, {A, 12, 122, 5092, 0}, // and audio too
        {V, 80, 160, 5160, 0},  {A, 35, 161, 5115, 0},
    };
    RUN(&timeline, steps, "tracks change over one after the other");
}

// Audio `skew` ms apart from video; then both clocks jump by `jump`, `first` ahead of the other.
static void check_skew(int64_t skew, int64_t jump, bool restart, unsigned first)
{
    struct srs_timeline timeline = {0};
    int64_t base = 100000;
    int64_t apart[2] = {0, 0};
    int64_t last[2] = {0, 0};
    for (int i = 0; i < 200; i++) {
        if (i == 100) {
            base += jump;
            if (restart)
                srs_timeline_restart(&timeline);
        }
        int64_t out[2];
        for (unsigned n = 0; n < 2; n++) {
            unsigned kind = n == 0 ? first : 1 - first;
            int64_t dts = base + i * 40 + (kind == A ? skew : 0);
            bool jumped;
            out[kind] = dts + srs_timeline_offset(&timeline, kind, dts * SRS_MSEC,
                                                  i * 40 * SRS_MSEC, &jumped) /
                                  SRS_MSEC;
            if (i > 0 && !(restart && i == 100) &&
                (out[kind] < last[kind] || out[kind] > last[kind] + 60))
                fail_msg("skew %lld jump %lld: kind %u goes from %lld to %lld at %d",
                         (long long)skew, (long long)jump, kind, (long long)last[kind],
                         (long long)out[kind], i);
            last[kind] = out[kind];
        }
        if (i == 0 || i == 100)
            apart[i / 100] = out[A] - out[V];
        assert_int_equal(out[A] - out[V], skew);
    }
    assert_int_equal(apart[0], apart[1]);
}

static void test_timeline_given_tracks_apart_then_as_far_apart_after_a_jump(void **state)
{
    (void)state;
    static const int64_t skews[] = {0, -1000, 1000, -240, 3000};
    static const int64_t jumps[] = {-90000, 3600000, -5000, 20000};
    for (size_t i = 0; i < SRS_COUNT(skews); i++)
        for (size_t k = 0; k < SRS_COUNT(jumps); k++)
            for (unsigned first = 0; first < 2; first++) {
                check_skew(skews[i], jumps[k], false, first);
                check_skew(skews[i], jumps[k], true, first);
            }
}

static void test_timeline_given_republish_then_goes_on_behind_what_was(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    static const struct step before[] = {{V, 700, 0, 700, 0}, {A, 710, 10, 710, 0}};
    static const struct step after[] = {
        {A, 55000, 5010, 5710, 1}, {V, 55005, 5011, 5715, 0}, {V, 55045, 5050, 5755, 0}};
    RUN(&timeline, before, "first publisher");
    srs_timeline_restart(&timeline);
    RUN(&timeline, after, "second publisher");
    srs_timeline_restart(&timeline);
    static const struct step again[] = {{V, 5760, 5060, 5765, 1}, {V, 5800, 5100, 5805, 0}};
    RUN(&timeline, again, "a third, whose clock fits by chance, is a jump all the same");
}

static void test_timeline_given_restart_before_the_start_then_no_jump(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    srs_timeline_restart(&timeline);
    static const struct step steps[] = {{A, 77, 0, 77, 0}, {A, 100, 23, 100, 0}};
    RUN(&timeline, steps, "first publisher");
}

static void test_timeline_given_one_frame_a_second_with_jitter_then_no_jump(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    static const int64_t jitter[] = {0, 120, -100, 240, 0, -90, 200, 30, -120, 0};
    for (int64_t i = 0; i < 100; i++) {
        bool jumped;
        int64_t arrived = i * 1000 + jitter[i % 10];
        assert_int_equal(
            srs_timeline_offset(&timeline, V, i * SRS_SEC, arrived * SRS_MSEC, &jumped), 0);
        assert_false(jumped);
    }
}

static void test_timeline_given_file_faster_than_real_time_then_no_jump(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    for (int64_t i = 0; i < 5000; i++) { // 200 s in 5 s, audio in lumps of five
        bool jumped;
        srs_usec arrived = i * SRS_MSEC;
        assert_int_equal(srs_timeline_offset(&timeline, V, i * 40 * SRS_MSEC, arrived, &jumped), 0);
        assert_false(jumped);
        for (int64_t k = 0; i % 5 == 0 && k < 8; k++) {
            srs_usec dts = (i * 40 + k * 23) * SRS_MSEC;
            assert_int_equal(srs_timeline_offset(&timeline, A, dts, arrived, &jumped), 0);
            assert_false(jumped);
        }
    }
}

static void test_timeline_given_track_silent_for_long_then_it_comes_back_in_its_place(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    bool jumped;
    for (int64_t i = 0; i < 2000; i++) {
        bool audio = i < 100 || i > 1500;
        srs_usec at = i * 40 * SRS_MSEC;
        assert_int_equal(srs_timeline_offset(&timeline, V, at, at, &jumped), 0);
        assert_false(jumped);
        if (audio)
            assert_int_equal(srs_timeline_offset(&timeline, A, at, at, &jumped), 0);
        assert_false(jumped);
    }
}

static void test_timeline_given_jump_every_packet_then_time_never_runs_back(void **state)
{
    (void)state;
    struct srs_timeline timeline = {0};
    uint64_t random = 1;
    srs_usec last = -1;
    for (int i = 0; i < 10000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        srs_usec dts = (srs_usec)(random >> 33) * SRS_MSEC;
        bool jumped;
        srs_usec out = dts + srs_timeline_offset(&timeline, V, dts, i * SRS_MSEC, &jumped);
        assert_true(out >= last - 250 * SRS_MSEC);
        last = out;
    }
    assert_true(last < 100 * SRS_SEC + (INT64_C(1) << 31) * SRS_MSEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeline_given_first_frames_at_any_time_then_as_they_are),
        cmocka_unit_test(test_timeline_given_jumps_then_mended_behind_the_last),
        cmocka_unit_test(test_timeline_given_one_track_ahead_in_a_jump_then_both_clocks_hold),
        cmocka_unit_test(test_timeline_given_tracks_apart_then_as_far_apart_after_a_jump),
        cmocka_unit_test(test_timeline_given_republish_then_goes_on_behind_what_was),
        cmocka_unit_test(test_timeline_given_restart_before_the_start_then_no_jump),
        cmocka_unit_test(test_timeline_given_one_frame_a_second_with_jitter_then_no_jump),
        cmocka_unit_test(test_timeline_given_file_faster_than_real_time_then_no_jump),
        cmocka_unit_test(test_timeline_given_track_silent_for_long_then_it_comes_back_in_its_place),
        cmocka_unit_test(test_timeline_given_jump_every_packet_then_time_never_runs_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
