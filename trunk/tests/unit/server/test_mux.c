// What a mux makes of a packet: the same bytes from the same state, whatever else goes on; full and
// short headers.
#include "protocol/rtmp/chunk.h"
#include "server/deliver/mux.h"
#include "stream/packets.h"
#include <stdlib.h>

static struct srs_gather gather;

static size_t mux(const struct srs_mux *with, uint32_t chunk_size, struct srs_mux_state *state,
                  struct srs_packet *packet, uint8_t *out)
{
    struct srs_mux_params params = {.chunk_size = chunk_size, .msid = 1};
    size_t size = 0;
    srs_gather_begin(&gather, SIZE_MAX);
    with->packet(&params, state, packet, &gather);
    assert_false(gather.full);
    for (unsigned i = 1; i <= gather.count; i++) {
        memcpy(out + size, gather.iov[i].iov_base, gather.iov[i].iov_len);
        size += gather.iov[i].iov_len;
    }
    return size;
}

static int teardown(void **state)
{
    (void)state;
    assert_nothing_lives();
    return 0;
}

// A write that stopped is built again: with a form that is there by now, or that cannot be made, or
// is another's.
static void test_mux_given_the_same_state_then_the_same_bytes(void **state)
{
    (void)state;
    static const uint32_t chunk_sizes[] = {128, 4096, 60000};
    static const srs_usec times[] = {0, 0xFFFFFE * SRS_MSEC, 0xFFFFFF * SRS_MSEC,
                                     0x1FFFFFFFFLL * SRS_MSEC};
    static const size_t sizes[] = {0, 1, 122, 123, 124, 251, 4091, 4092, 9000};
    static uint8_t one[20000];
    static uint8_t two[20000];
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "avcc");
    track->version = 1;
    for (size_t c = 0; c < SRS_COUNT(chunk_sizes); c++)
        for (size_t t = 0; t < SRS_COUNT(times); t++)
            for (size_t s = 0; s < SRS_COUNT(sizes); s++)
                for (unsigned fresh = 0; fresh <= 7; fresh += 7) {
                    struct srs_mux_state before = {.fresh = (uint8_t)fresh};
                    struct srs_packet *packet = make_packet(track, sizes[s], 0, times[t]);
                    struct srs_mux_state after = before;
                    srs_mem_fail_after(1); // the form
                    size_t size = mux(&srs_mux_rtmp, chunk_sizes[c], &after, packet, one);
                    srs_mem_fail_after(0);
                    for (int again = 0; again < 3; again++) {
                        struct srs_mux_state other = before;
                        if (again == 2) { // the form is of another viewer's chunk size
                            other.zero = times[t];
                            (void)mux(&srs_mux_rtmp, 777, &other, packet, two);
                            other = before;
                        }
                        assert_int_equal(mux(&srs_mux_rtmp, chunk_sizes[c], &other, packet, two),
                                         size);
                        assert_memory_equal(one, two, size);
                        assert_int_equal(other.last_ms[SRS_KIND_VIDEO],
                                         after.last_ms[SRS_KIND_VIDEO]);
                        assert_int_equal(other.fresh, after.fresh);
                        assert_int_equal(other.announced[SRS_KIND_VIDEO], 1);
                    }
                    srs_packet_unref(packet);
                }
    srs_track_unref(track);
}

static void test_mux_given_times_then_full_and_short_headers(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        int64_t last_ms;
        int64_t ms;
        uint8_t fresh;
        uint8_t basic;     // fmt and csid
        uint32_t time;     // the 24 bits
        uint32_t extended; // behind, when time is 0xFFFFFF
    } rows[] = {
        {"first", 0, 1000, 7, 0x06, 1000, 0},
        {"delta", 1000, 1040, 0, 0x46, 40, 0},
        {"no delta", 1000, 1000, 0, 0x46, 0, 0},
        {"back", 1000, 990, 0, 0x06, 990, 0},
        {"largest delta", 0, 0xFFFFFE, 0, 0x46, 0xFFFFFE, 0},
        {"too large a delta", 0, 0xFFFFFF, 0, 0x06, 0xFFFFFF, 0xFFFFFF},
        {"delta beyond the edge", 0xFFFFFE, 0x1000006, 0, 0x46, 8, 0},
        {"first beyond the edge", 0, 0x1000006, 1, 0x06, 0xFFFFFF, 0x1000006},
        {"other kinds are fresh", 1000, 1040, 6, 0x46, 40, 0},
        {"wrap", 0xFFFFFFFF, 0x100000009, 0, 0x46, 10, 0},
    };
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t out[64];
        struct srs_mux_state at = {.fresh = rows[i].fresh,
                                   .last_ms = {[SRS_KIND_VIDEO] = (uint32_t)rows[i].last_ms}};
        struct srs_packet *packet = make_packet(track, 1, 0, rows[i].ms * SRS_MSEC);
        size_t size = mux(&srs_mux_rtmp, 128, &at, packet, out);
        struct srs_rd in = srs_rd_init(out, size);
        bool same = srs_rd_u8(&in) == rows[i].basic && srs_rd_u24(&in) == rows[i].time;
        srs_rd_skip(&in, rows[i].basic < 0x40 ? 8 : 4);
        if (rows[i].time == 0xFFFFFF)
            same = same && srs_rd_u32(&in) == rows[i].extended;
        if (!same || srs_rd_left(&in) != 6 || at.last_ms[SRS_KIND_VIDEO] != (uint32_t)rows[i].ms ||
            (at.fresh & 1) != 0)
            fail_msg("%s", rows[i].why);
        srs_packet_unref(packet);
    }
    srs_track_unref(track);
}

// A message of thousands of chunks with an extended timestamp, in writes that stop anywhere: what
// they take joins to the whole, and each knows the whole size.
static void test_mux_given_a_long_extended_message_in_pieces_then_they_join(void **state)
{
    (void)state;
    enum { SIZE = 600001, WHOLE = SIZE + SIZE / 20 };
    static const struct {
        uint32_t chunk_size;
        size_t piece; // most bytes a write takes
    } rows[] = {{128, 1 << 20}, {128, 129}, {128, 7001}, {131, 132 + 4}, {60000, 5003}};
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    struct srs_packet *packet = make_packet(track, SIZE, 0, 0x1000000 * SRS_MSEC);
    uint8_t *whole = malloc(WHOLE);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_mux_params params = {.chunk_size = rows[i].chunk_size, .msid = 1};
        size_t size = 0;
        size_t wire = 0;
        do {
            struct srs_mux_state at = {.fresh = SRS_MUX_FRESH_ALL};
            srs_gather_begin(&gather, rows[i].piece);
            gather.skip = size;
            srs_mux_rtmp.packet(&params, &at, packet, &gather);
            wire = gather.wire;
            assert_true(gather.bytes > 0 && size + gather.bytes <= WHOLE);
            for (unsigned k = 1; k <= gather.count; k++) {
                memcpy(whole + size, gather.iov[k].iov_base, gather.iov[k].iov_len);
                size += gather.iov[k].iov_len;
            }
            assert_true(gather.full == (size < wire));
        } while (gather.full);
        struct srs_rtmp_reader reader;
        struct srs_rtmp_msg msg;
        srs_rtmp_reader_init(&reader);
        reader.chunk_size = rows[i].chunk_size;
        srs_rtmp_reader_feed(&reader, (struct srs_span){whole, size});
        assert_err(SRS_OK, srs_rtmp_reader_next(&reader, &msg), "message");
        assert_int_equal(msg.payload.size, 5 + SIZE);
        assert_int_equal(msg.timestamp, 0x1000000);
        assert_memory_equal(msg.payload.bytes + 5, packet->payload, SIZE);
        assert_err(SRS_E_AGAIN, srs_rtmp_reader_next(&reader, &msg), "nothing behind it");
        assert_int_equal(wire, size);
        srs_rtmp_reader_fini(&reader);
    }
    free(whole);
    srs_packet_unref(packet);
    srs_track_unref(track);
}

static void test_mux_given_tracks_then_bodies(void **state)
{
    (void)state;
    struct srs_mux_body body;
    struct srs_track *none = make_track(SRS_KIND_VIDEO, 0, "");
    assert_false(srs_mux_track_body(none, &body));
    srs_track_unref(none);
    struct srs_track *audio = make_track(SRS_KIND_AUDIO, 0, "as");
    assert_true(srs_mux_track_body(audio, &body));
    assert_int_equal(body.type, 8);
    assert_memory_equal(body.head, "\xAF\x00", 2);
    audio->codec = SRS_CODEC_OPAQUE; // its configuration is the whole message
    assert_true(srs_mux_track_body(audio, &body));
    assert_int_equal(body.head_size, 0);
    srs_track_unref(audio);
}

static void test_mux_given_composition_times_then_24_bits_with_sign(void **state)
{
    (void)state;
    static const int32_t times[] = {0, 1, 80, -40, 0x7FFFFF, -0x800000};
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    for (size_t i = 0; i < SRS_COUNT(times); i++) {
        struct srs_packet *packet =
            make_packet(track, 1, SRS_PACKET_KEY, 0x900000 * SRS_MSEC + 700);
        packet->head.pts += times[i] * SRS_MSEC;
        struct srs_mux_body body = srs_mux_packet_body(packet);
        struct srs_rd in = srs_rd_init(body.head + 2, 3);
        assert_int_equal(srs_rd_s24(&in), times[i]);
        srs_packet_unref(packet);
    }
    srs_track_unref(track);
}

static uint32_t time_ms(struct srs_mux_state *state, int64_t dts_ms, int64_t moved_ms)
{
    struct srs_packet_head head = {
        .kind = SRS_KIND_VIDEO, .dts = dts_ms * SRS_MSEC, .moved = moved_ms * SRS_MSEC};
    return srs_mux_time_ms(state, &head);
}

static void test_mux_given_zero_then_times_are_never_before_it(void **state)
{
    (void)state;
    struct srs_mux_state at = {.zero = 5000 * SRS_MSEC};
    assert_int_equal(time_ms(&at, 4000, 0), 0);
    assert_int_equal(time_ms(&at, 5001, 777), 1);
    at.zero = 0;
    assert_int_equal(time_ms(&at, 0x100000005, 0), 5);
}

static void test_mux_given_sender_times_then_what_was_moved_is_taken_off(void **state)
{
    (void)state;
    struct srs_mux_state at = {.times = SRS_VIEWER_ABSOLUTE};
    assert_int_equal(time_ms(&at, 9080, 9080), 0); // the publisher began anew
    assert_int_equal(time_ms(&at, 9080, -3000), 12080);
    assert_int_equal(time_ms(&at, 1000, 1001), 0xFFFFFFFF); // as it wrote it
    at = (struct srs_mux_state){.times = SRS_VIEWER_SENDER_FROM_ZERO, .zero = 8000 * SRS_MSEC};
    assert_int_equal(time_ms(&at, 9040, 0), 1040);
    assert_int_equal(time_ms(&at, 7750, 0), 0); // a track that begins earlier
    assert_int_equal(at.zero, 8000 * SRS_MSEC);
    assert_int_equal(time_ms(&at, 9080, 9080), 0);
    assert_int_equal(time_ms(&at, 9120, 9080), 40);
    assert_int_equal(time_ms(&at, 9160, -91000), 100160);
    struct srs_packet_head data = {.kind = SRS_KIND_DATA, .moved = 9000 * SRS_MSEC};
    at.zero = 8000 * SRS_MSEC;
    assert_int_equal(srs_mux_time_ms(&at, &data), 0); // metadata at 0, as encoders send it
    assert_int_equal(at.zero, 8000 * SRS_MSEC);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mux_given_the_same_state_then_the_same_bytes),
        TEST(test_mux_given_times_then_full_and_short_headers),
        TEST(test_mux_given_a_long_extended_message_in_pieces_then_they_join),
        TEST(test_mux_given_tracks_then_bodies),
        TEST(test_mux_given_composition_times_then_24_bits_with_sign),
        TEST(test_mux_given_zero_then_times_are_never_before_it),
        TEST(test_mux_given_sender_times_then_what_was_moved_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
