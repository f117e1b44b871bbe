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
    packet->head.flags |= SRS_PACKET_MAIN; // as its push would
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
                        assert_int_equal(other.announced[track->slot], 1);
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
    struct srs_packet *packet = make_packet(track, SIZE, SRS_PACKET_MAIN, 0x1000000 * SRS_MSEC);
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
    const struct srs_mux_params params = {0};
    struct srs_mux_body body[SRS_MUX_ANNOUNCE_MAX];
    struct srs_track *none = make_track(SRS_KIND_VIDEO, 0, "");
    assert_int_equal(srs_mux_track_bodies(&params, none, body), 0);
    srs_track_unref(none);
    struct srs_track *audio = make_track(SRS_KIND_AUDIO, 0, "as");
    assert_int_equal(srs_mux_track_bodies(&params, audio, body), 1);
    assert_int_equal(body[0].type, 8);
    assert_memory_equal(body[0].head, "\xAF\x00", 2);
    audio->codec = SRS_CODEC_OPAQUE; // its configuration is the whole message
    assert_int_equal(srs_mux_track_bodies(&params, audio, body), 1);
    assert_int_equal(body[0].head_size, 0);
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
        struct srs_mux_body body = srs_mux_packet_body(&(struct srs_mux_params){0}, packet);
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

// --- players of different kinds -----------------------------------------------------------------

enum { ROOM = 20000 };

static size_t gathered(uint8_t *out)
{
    size_t size = 0;
    assert_false(gather.full);
    for (unsigned i = 1; i <= gather.count; i++) {
        memcpy(out + size, gather.iov[i].iov_base, gather.iov[i].iov_len);
        size += gather.iov[i].iov_len;
    }
    return size;
}

// The body of the only FLV tag of the packet, 0 bytes when there is none.
static size_t flv_body(const struct srs_mux_params *params, struct srs_packet *packet, uint8_t *out)
{
    struct srs_mux_state state = {.fresh = 7};
    srs_gather_begin(&gather, SIZE_MAX);
    srs_mux_flv.packet(params, &state, packet, &gather);
    size_t size = gathered(out);
    if (size == 0)
        return 0;
    assert_int_equal((size_t)(out[1] << 16 | out[2] << 8 | out[3]), size - 15);
    memmove(out, out + 11, size - 15);
    return size - 15;
}

// The same by RTMP, out of its chunks.
static size_t rtmp_body(const struct srs_mux_params *params, struct srs_packet *packet,
                        uint8_t *out)
{
    static uint8_t wire[2 * ROOM];
    struct srs_mux_state state = {.fresh = 7};
    size_t size = 0;
    srs_gather_begin(&gather, SIZE_MAX);
    srs_mux_rtmp.packet(params, &state, packet, &gather);
    size_t whole = gathered(wire);
    if (whole == 0)
        return 0;
    size_t length = (size_t)(wire[4] << 16 | wire[5] << 8 | wire[6]);
    size_t room = params->chunk_size;
    for (size_t at = 12; at < whole; room--) {
        if (room == 0) {
            assert_int_equal(wire[at], 0xC0 | wire[0]);
            at++;
            room = params->chunk_size;
        }
        out[size++] = wire[at++];
    }
    assert_int_equal(size, length);
    return size;
}

static struct srs_track *codec_track(enum srs_kind kind, enum srs_codec codec, uint8_t id)
{
    struct srs_track model = {.kind = kind, .codec = codec, .id = id};
    struct srs_track *track = NULL;
    assert_err(SRS_OK, srs_track_new(&model, (struct srs_span){NULL, 0}, &track), "track");
    return track;
}

// `extra` bytes of ModEx behind the payload.
static struct srs_packet *modex_packet(struct srs_track *track, size_t size, const char *modex,
                                       size_t extra)
{
    struct srs_packet *packet = make_packet(track, size + extra, SRS_PACKET_KEY, 0);
    srs_packet_set_extra(packet, (uint32_t)extra);
    memcpy(packet->payload + size, modex, extra);
    return packet;
}

static const struct {
    const char *why;
    enum srs_kind kind;
    enum srs_codec codec;
    uint8_t id;
    uint8_t caps;
    uint8_t chosen;
    int cts;
    const char *head;
    size_t head_size;
} heads[] = {
    {"H.264", SRS_KIND_VIDEO, SRS_CODEC_AVC, 0, 0, 0, 1, "\x17\x01\0\0\x01", 5},
    {"H.264 for one that negotiated", SRS_KIND_VIDEO, SRS_CODEC_AVC, 0, 3, 0, 1, "\x17\x01\0\0\x01",
     5},
    {"H.264 of track 2", SRS_KIND_VIDEO, SRS_CODEC_AVC, 2, 2, 0, 1,
     "\x96\x01"
     "avc1\x02\0\0\x01",
     10},
    {"the same in plain form", SRS_KIND_VIDEO, SRS_CODEC_AVC, 2, 0, 0, 1, "\x17\x01\0\0\x01", 5},
    {"the same chosen", SRS_KIND_VIDEO, SRS_CODEC_AVC, 2, 2, 1, 1, "\x17\x01\0\0\x01", 5},
    {"HEVC", SRS_KIND_VIDEO, SRS_CODEC_HEVC, 0, 0, 0, 0, "\x93hvc1", 5},
    {"HEVC with a composition time", SRS_KIND_VIDEO, SRS_CODEC_HEVC, 0, 0, 0, -2,
     "\x91hvc1\xff\xff\xfe", 8},
    {"HEVC of track 1", SRS_KIND_VIDEO, SRS_CODEC_HEVC, 1, 2, 0, 0, "\x96\x03hvc1\x01", 7},
    {"AV1", SRS_KIND_VIDEO, SRS_CODEC_AV1, 0, 0, 0, 3,
     "\x91"
     "av01",
     5},
    {"VP8", SRS_KIND_VIDEO, SRS_CODEC_VP8, 0, 0, 0, 0, "\x91vp08", 5},
    {"VP9 of track 1", SRS_KIND_VIDEO, SRS_CODEC_VP9, 1, 2, 0, 0, "\x96\x01vp09\x01", 7},
    {"AAC", SRS_KIND_AUDIO, SRS_CODEC_AAC, 0, 0, 0, 0, "\xAF\x01", 2},
    {"AAC of track 1", SRS_KIND_AUDIO, SRS_CODEC_AAC, 1, 2, 0, 0, "\x95\x01mp4a\x01", 7},
    {"AAC of track 1 chosen", SRS_KIND_AUDIO, SRS_CODEC_AAC, 1, 2, 2, 0, "\xAF\x01", 2},
    {"MP3 of track 1", SRS_KIND_AUDIO, SRS_CODEC_MP3, 1, 2, 0, 0, "\x95\x01.mp3\x01", 7},
    {"Opus", SRS_KIND_AUDIO, SRS_CODEC_OPUS, 0, 0, 0, 0, "\x91Opus", 5},
    {"FLAC", SRS_KIND_AUDIO, SRS_CODEC_FLAC, 0, 0, 0, 0,
     "\x91"
     "fLaC",
     5},
    {"AC-3", SRS_KIND_AUDIO, SRS_CODEC_AC3, 0, 0, 0, 0,
     "\x91"
     "ac-3",
     5},
    {"E-AC-3", SRS_KIND_AUDIO, SRS_CODEC_EAC3, 0, 0, 0, 0,
     "\x91"
     "ec-3",
     5},
};

static void test_mux_given_codecs_and_players_then_heads(void **state)
{
    (void)state;
    static uint8_t out[ROOM];
    for (size_t i = 0; i < SRS_COUNT(heads); i++) {
        struct srs_track *track = codec_track(heads[i].kind, heads[i].codec, heads[i].id);
        struct srs_packet *packet = make_packet(track, 50, SRS_PACKET_KEY, 40 * SRS_MSEC);
        struct srs_mux_params params = {
            .chunk_size = 60000, .caps = heads[i].caps, .chosen = heads[i].chosen};
        params.track[heads[i].kind] = heads[i].id;
        packet->head.flags |= SRS_PACKET_MAIN;
        packet->head.pts += heads[i].cts * SRS_MSEC;
        size_t size = flv_body(&params, packet, out);
        if (size != heads[i].head_size + 50 ||
            memcmp(out, heads[i].head, heads[i].head_size) != 0 ||
            memcmp(out + heads[i].head_size, packet->payload, 50) != 0)
            fail_msg("%s", heads[i].why);
        srs_packet_unref(packet);
        srs_track_unref(track);
    }
}

// The form that is kept with the packet is the plain one, whoever came first.
static void test_mux_given_players_of_both_kinds_then_each_its_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 110, 117, 118, 119, 300, 9000};
    static uint8_t flv[ROOM];
    static uint8_t rtmp[ROOM];
    static const struct srs_mux_params players[] = {
        {.chunk_size = 128},
        {.chunk_size = 128, .caps = SRS_MUX_MULTITRACK},
        {.chunk_size = 128, .caps = SRS_MUX_MODEX},
        {.chunk_size = 128, .caps = SRS_MUX_MULTITRACK | SRS_MUX_MODEX},
        {.chunk_size = 4096, .caps = SRS_MUX_MODEX},
    };
    char modex[304] = "\xff\x01\x2b";
    modex[303] = 0x11;
    for (size_t s = 0; s < SRS_COUNT(sizes); s++)
        for (unsigned first = 0; first < SRS_COUNT(players); first++)
            for (size_t extra = 0; extra <= sizeof modex; extra += sizeof modex) {
                struct srs_track *track = codec_track(SRS_KIND_VIDEO, SRS_CODEC_HEVC, 1);
                struct srs_packet *packet = modex_packet(track, sizes[s], modex, extra);
                packet->head.flags |= SRS_PACKET_MAIN;
                for (unsigned i = 0; i < 2 * SRS_COUNT(players); i++) {
                    const struct srs_mux_params *params =
                        &players[(first + i) % SRS_COUNT(players)];
                    size_t size = flv_body(params, packet, flv);
                    assert_int_equal(rtmp_body(params, packet, rtmp), size);
                    assert_memory_equal(flv, rtmp, size);
                    bool one = (params->caps & SRS_MUX_MULTITRACK) != 0;
                    bool with = extra > 0 && (params->caps & SRS_MUX_MODEX) != 0;
                    assert_int_equal(size, sizes[s] + 5 + (one ? 2 : 0) + (with ? extra : 0));
                    assert_int_equal(flv[0], with ? 0x97 : one ? 0x96 : 0x93);
                    if (with) // its last half byte is the packet type behind it
                        assert_int_equal(flv[304], one ? 0x16 : 0x13);
                }
                srs_packet_unref(packet);
                srs_track_unref(track);
            }
}

static void test_mux_given_nanoseconds_then_composition_times_without_them(void **state)
{
    (void)state;
    static const struct {
        srs_usec dts;
        int cts_ms;
    } rows[] = {{0, 40}, {700, 40}, {700, 0}, {300, -40}, {0, -1}, {999, -1}};
    static uint8_t out[ROOM];
    struct srs_track *track = codec_track(SRS_KIND_VIDEO, SRS_CODEC_HEVC, 0);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_packet *packet = modex_packet(track, 5, "\x02\x07\xa1\x20\x01", 5);
        packet->head.flags |= SRS_PACKET_MAIN;
        packet->head.dts = 5 * SRS_SEC + rows[i].dts;
        packet->head.pts = packet->head.dts + rows[i].cts_ms * SRS_MSEC + 500;
        const struct srs_mux_params params = {.caps = SRS_MUX_MODEX};
        size_t size = flv_body(&params, packet, out);
        assert_int_equal(size, rows[i].cts_ms == 0 ? 15 : 18);
        struct srs_rd in = srs_rd_init(out + 10, 3);
        assert_true(rows[i].cts_ms == 0 || srs_rd_s24(&in) == rows[i].cts_ms);
        srs_packet_unref(packet);
    }
    srs_track_unref(track);
}

static void test_mux_given_configurations_then_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum srs_kind kind;
        enum srs_codec codec;
        uint8_t id;
        uint8_t caps;
        const char *config;
        const char *side;
        const char *want[2];
        size_t size[2];
    } rows[] = {
        {"H.264", SRS_KIND_VIDEO, SRS_CODEC_AVC, 0, 0, "c", "s", {"\x17\0\0\0\0c", NULL}, {6, 0}},
        {"H.264 with colors for one that knows them",
         SRS_KIND_VIDEO,
         SRS_CODEC_AVC,
         0,
         1,
         "c",
         "s",
         {"\x17\0\0\0\0c", "\xD4"
                           "avc1s"},
         {6, 6}},
        {"H.264 of track 1",
         SRS_KIND_VIDEO,
         SRS_CODEC_AVC,
         1,
         2,
         "c",
         "s",
         {"\x96\0"
          "avc1\x01"
          "c",
          "\x86\x04"
          "avc1\x01s"},
         {8, 8}},
        {"HEVC",
         SRS_KIND_VIDEO,
         SRS_CODEC_HEVC,
         0,
         0,
         "c",
         "s",
         {"\x90hvc1c", "\xD4hvc1s"},
         {6, 6}},
        {"HEVC without a record yet",
         SRS_KIND_VIDEO,
         SRS_CODEC_HEVC,
         0,
         0,
         "",
         "s",
         {"\xD4hvc1s", NULL},
         {6, 0}},
        {"VP9",
         SRS_KIND_VIDEO,
         SRS_CODEC_VP9,
         0,
         0,
         "c",
         "",
         {"\x90vp09\x01\0\0\0c", NULL},
         {10, 0}},
        {"AAC with channels",
         SRS_KIND_AUDIO,
         SRS_CODEC_AAC,
         0,
         0,
         "c",
         "s",
         {"\xAF\0c", NULL},
         {3, 0}},
        {"AAC for one that knows them",
         SRS_KIND_AUDIO,
         SRS_CODEC_AAC,
         0,
         1,
         "c",
         "s",
         {"\xAF\0c", "\x94mp4as"},
         {3, 6}},
        {"MP3", SRS_KIND_AUDIO, SRS_CODEC_MP3, 0, 0, "", "", {NULL, NULL}, {0, 0}},
        {"MP3 of track 1",
         SRS_KIND_AUDIO,
         SRS_CODEC_MP3,
         1,
         2,
         "",
         "",
         {"\x95\0.mp3\x01", NULL},
         {7, 0}},
        {"Opus without a header",
         SRS_KIND_AUDIO,
         SRS_CODEC_OPUS,
         0,
         0,
         "",
         "s",
         {"\x90Opus", "\x94Opuss"},
         {5, 6}},
        {"FLAC",
         SRS_KIND_AUDIO,
         SRS_CODEC_FLAC,
         0,
         0,
         "c",
         "",
         {"\x90"
          "fLaC"
          "fLaC\x80\0\0\x22"
          "c",
          NULL},
         {14, 0}},
        {"E-AC-3",
         SRS_KIND_AUDIO,
         SRS_CODEC_EAC3,
         0,
         0,
         "",
         "",
         {"\x90"
          "ec-3",
          NULL},
         {5, 0}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_track model = {.kind = rows[i].kind, .codec = rows[i].codec, .id = rows[i].id};
        struct srs_track *track = NULL;
        struct srs_span config = {(const uint8_t *)rows[i].config, strlen(rows[i].config)};
        struct srs_span side = {(const uint8_t *)rows[i].side, strlen(rows[i].side)};
        struct srs_mux_body body[SRS_MUX_ANNOUNCE_MAX];
        const struct srs_mux_params params = {.caps = rows[i].caps};
        assert_err(SRS_OK, srs_track_new_with(&model, config, side, &track), rows[i].why);
        unsigned got = srs_mux_track_bodies(&params, track, body);
        for (unsigned k = 0; k < 2; k++) {
            uint8_t bytes[64];
            size_t size = 0;
            if (k < got) {
                size = srs_mux_body_size(&body[k]);
                memcpy(bytes, body[k].head, body[k].head_size);
                if (body[k].payload.size > 0)
                    memcpy(bytes + body[k].head_size, body[k].payload.bytes, body[k].payload.size);
            }
            if (size != rows[i].size[k] || (size > 0 && memcmp(bytes, rows[i].want[k], size) != 0))
                fail_msg("%s: message %u", rows[i].why, k);
        }
        srs_track_unref(track);
    }
}

// Who gets which packet.
static void test_mux_given_tracks_then_players_get_theirs(void **state)
{
    (void)state;
    static const struct srs_mux_params plain = {.caps = 0};
    static const struct srs_mux_params many = {.caps = SRS_MUX_MULTITRACK};
    static const struct srs_mux_params second = {.chosen = 1, .track = {1}};
    struct srs_mux_state at = {.zero = 0};
    struct srs_track *low = codec_track(SRS_KIND_VIDEO, SRS_CODEC_AVC, 0);
    struct srs_track *high = codec_track(SRS_KIND_VIDEO, SRS_CODEC_AVC, 1);
    high->slot = 1;
    struct srs_packet *low_key = make_packet(low, 1, SRS_PACKET_KEY | SRS_PACKET_MAIN, 0);
    struct srs_packet *high_key = make_packet(high, 1, SRS_PACKET_KEY, 0);
    struct srs_packet *high_inter = make_packet(high, 1, 0, 0);
    struct srs_packet *message = make_packet(high, 1, SRS_PACKET_MULTITRACK, 0);
    message->head.codec = SRS_CODEC_OPAQUE;
    assert_true(srs_mux_wants(&plain, &at, low_key));
    assert_false(srs_mux_wants(&plain, &at, high_key));
    assert_false(srs_mux_wants(&plain, &at, message));
    assert_true(srs_mux_wants(&many, &at, low_key));
    assert_true(srs_mux_wants(&many, &at, message));
    assert_false(srs_mux_wants(&many, &at, high_inter)); // its key frame was not there
    assert_true(srs_mux_wants(&many, &at, high_key));
    assert_true(srs_mux_wants(&many, &at, high_inter));
    srs_mux_state_jump(&at);
    assert_false(srs_mux_wants(&many, &at, high_inter));
    assert_false(srs_mux_wants(&second, &at, low_key));
    assert_false(srs_mux_wants(&second, &at, high_inter));
    assert_true(srs_mux_wants(&second, &at, high_key));
    assert_true(srs_mux_wants(&second, &at, high_inter));
    assert_false(srs_mux_wants(&second, &at, message));
    srs_packet_unref(low_key);
    srs_packet_unref(high_key);
    srs_packet_unref(high_inter);
    srs_packet_unref(message);
    srs_track_unref(low);
    srs_track_unref(high);
}

static void test_mux_given_choices_then_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want; // -1: refused
    } rows[] = {{"0", 0},   {"7", 7},   {"255", 255}, {"007", 7},   {"256", -1}, {"", -1},
                {"-1", -1}, {"1x", -1}, {" 1", -1},   {"1000", -1}, {":", -1}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_mux_params params = {.chosen = 0};
        struct srs_span text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        srs_err want = rows[i].want < 0 ? SRS_E_TRACK_CHOICE : SRS_OK;
        assert_err(want, srs_mux_choose(&params, SRS_KIND_AUDIO, text), rows[i].text);
        assert_int_equal(params.chosen, rows[i].want < 0 ? 0 : 2);
        assert_int_equal(params.track[SRS_KIND_AUDIO], rows[i].want < 0 ? 0 : rows[i].want);
    }
}

// Told once, in chunks, and then nothing of the track.
static void test_mux_given_a_codec_not_taken_then_told_once(void **state)
{
    (void)state;
    static uint8_t out[ROOM];
    const struct srs_mux_params params = {
        .chunk_size = 128, .msid = 1, .refused = 1U << SRS_CODEC_HEVC};
    struct srs_track *track = codec_track(SRS_KIND_VIDEO, SRS_CODEC_HEVC, 0);
    struct srs_packet *packet = make_packet(track, 10, SRS_PACKET_KEY | SRS_PACKET_MAIN, 0);
    struct srs_mux_state at = {.fresh = 7};
    track->version = 1;
    srs_gather_begin(&gather, SIZE_MAX);
    srs_mux_rtmp.packet(&params, &at, packet, &gather);
    size_t size = gathered(out);
    assert_true(size > 128 && out[0] == 5 && out[7] == 20 && out[8] == 1);
    assert_int_equal(out[12 + 128], 0xC5);
    assert_int_equal(at.told, 1U << SRS_CODEC_HEVC);
    track->version = 2; // also when its description changes
    srs_gather_begin(&gather, SIZE_MAX);
    srs_mux_rtmp.packet(&params, &at, packet, &gather);
    assert_int_equal(gathered(out), 0);
    srs_packet_unref(packet);
    srs_track_unref(track);
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
        TEST(test_mux_given_codecs_and_players_then_heads),
        TEST(test_mux_given_players_of_both_kinds_then_each_its_bytes),
        TEST(test_mux_given_nanoseconds_then_composition_times_without_them),
        TEST(test_mux_given_configurations_then_bodies),
        TEST(test_mux_given_tracks_then_players_get_theirs),
        TEST(test_mux_given_choices_then_numbers_only),
        TEST(test_mux_given_a_codec_not_taken_then_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
