// The mixer: audio and video in one order of time, within a bounded wait.
#include "stream/mixer.h"
#include "stream/packets.h"
#include <stdio.h>

enum { V = SRS_KIND_VIDEO, A = SRS_KIND_AUDIO, D = SRS_KIND_DATA };

static struct srs_mixer mixer;
static struct srs_track *tracks[SRS_KINDS];

static int setup(void **state)
{
    (void)state;
    memset(&mixer, 0, sizeof mixer);
    for (unsigned kind = 0; kind < SRS_KINDS; kind++)
        tracks[kind] = make_track((enum srs_kind)kind, 0, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct srs_packet *packet;
    while ((packet = srs_mixer_take(&mixer, 0, false)) != NULL)
        srs_packet_unref(packet);
    assert_int_equal(mixer.count, 0);
    assert_int_equal(mixer.bytes, 0);
    for (unsigned kind = 0; kind < SRS_KINDS; kind++) {
        assert_int_equal(mixer.waiting[kind], 0);
        srs_track_unref(tracks[kind]);
    }
    assert_nothing_lives();
    return 0;
}

// Puts one in and takes what is due; its times are appended to `out` as "v40 a23 ".
static void step(unsigned kind, int64_t dts, int64_t arrived, size_t size, char out[200])
{
    struct srs_packet *packet = make_packet(tracks[kind], size, 0, dts * SRS_MSEC);
    packet->head.arrived = arrived * SRS_MSEC;
    srs_mixer_put(&mixer, packet);
    while ((packet = srs_mixer_take(&mixer, arrived * SRS_MSEC, true)) != NULL) {
        size_t at = strlen(out);
        (void)snprintf(out + at, 200 - at, "%c%lld ", "vad"[packet->head.kind],
                       (long long)(packet->head.dts / SRS_MSEC));
        srs_packet_unref(packet);
    }
}

struct row {
    unsigned kind;
    int64_t dts;
    int64_t arrived;
    const char *out; // what is taken after it
};

static void run(const struct row *rows, size_t count, const char *why)
{
    for (size_t i = 0; i < count; i++) {
        char out[200] = "";
        step(rows[i].kind, rows[i].dts, rows[i].arrived, 10, out);
        if (strcmp(out, rows[i].out) != 0)
            fail_msg("%s, row %zu: got \"%s\", want \"%s\"", why, i, out, rows[i].out);
    }
}

#define RUN(rows, why) run(rows, SRS_COUNT(rows), why)

static void test_mixer_given_audio_behind_video_then_in_order_of_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {V, 0, 0, ""},       {V, 40, 40, ""}, {A, 10, 41, "v0 a10 "},  {A, 33, 42, "a33 "},
        {A, 56, 43, "v40 "}, // more video may come before 56
        {V, 80, 80, "a56 "}, {D, 70, 81, ""}, {A, 80, 82, "d70 v80 "}, {V, 80, 120, "a80 "},
    };
    RUN(rows, "order");
}

static void test_mixer_given_a_kind_that_steps_back_then_its_own_order_stays(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {V, 100, 0, ""},
        {V, 60, 1, ""},
        {A, 80, 2, "v100 v60 "}, // it came behind both of a kind that keeps its order
        {V, 140, 3, "a80 "},
    };
    RUN(rows, "order of a kind");
}

static void test_mixer_given_a_kind_that_stays_away_then_it_is_waited_for_once(void **state)
{
    (void)state;
    static const struct row waits[] = {
        {V, 120, 120, ""},      {V, 300, 399, ""}, {V, 340, 400, "v100 v120 v300 v340 "},
        {V, 380, 460, "v380 "}, {A, 350, 470, ""}, {V, 420, 500, "a350 "},
    };
    char out[200] = "";
    step(V, 80, 80, 10, out);
    step(A, 90, 90, 10, out);
    assert_string_equal(out, "v80 ");
    out[0] = '\0';
    step(V, 100, 100, 10, out); // audio goes out, and is waited for again
    assert_string_equal(out, "a90 ");
    RUN(waits, "late");
}

static void test_mixer_given_too_much_then_it_does_not_wait(void **state)
{
    (void)state;
    char out[200] = "";
    for (int i = 0; i < SRS_MIXER_PACKETS - 1; i++)
        step(V, i, 0, 10, out);
    assert_string_equal(out, "");
    step(V, 1000, 0, 10, out);
    assert_int_equal(mixer.count, 0);
    memset(&mixer, 0, sizeof mixer);
    out[0] = '\0';
    step(V, 0, 0, SRS_MIXER_BYTES / 2, out);
    assert_string_equal(out, "");
    step(V, 40, 0, SRS_MIXER_BYTES / 2, out);
    assert_string_equal(out, "v0 v40 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mixer_given_audio_behind_video_then_in_order_of_time),
        TEST(test_mixer_given_a_kind_that_steps_back_then_its_own_order_stays),
        TEST(test_mixer_given_a_kind_that_stays_away_then_it_is_waited_for_once),
        TEST(test_mixer_given_too_much_then_it_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
