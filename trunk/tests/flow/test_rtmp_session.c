// Whole RTMP sessions on a set clock: a publishing client machine, a server machine with ingest, a
// source, a second server machine with a viewer, a playing client machine. Both links deliver in
// pieces of any size.
#include "flow_player.h"
#include "protocol/rtmp/client.h"
#include "protocol/rtmp/server.h"
#include "server/ingest/flv_ingest.h"
#include "stream/packets.h"

enum { FRAMES = 60, FRAME_MAX = 70000, WIRE_MAX = 64 << 20 };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = 30 * SRS_SEC, .packets = 2500, .bytes = 32 << 20};

static struct flow {
    struct srs_sources *sources;
    struct srs_source *source;
    struct srs_rtmp_client publisher;
    struct srs_rtmp_server publish_side;
    struct srs_flv_ingest ingest;
    struct flow_player link; // its viewer, and the wire to the playing client
    struct srs_rtmp_server play_side;
    struct srs_rtmp_client player;
    bool published;
    bool joined;
    unsigned started;
    unsigned notices;
    uint64_t random;
    srs_usec now;
    uint32_t base; // the publisher's clock at its beginning
    unsigned sent;
    unsigned got;
    unsigned configs;
    uint8_t frame[FRAME_MAX + 9];
    const char *wrong; // first finding
} flow;

static void find(const char *what)
{
    if (flow.wrong == NULL)
        flow.wrong = what;
}

static size_t piece(size_t size)
{
    size_t most = flow_random(&flow.random) % 4 == 0 ? 16 : 20000;
    size_t n = 1 + flow_random(&flow.random) % most;
    return n < size ? n : size;
}

// Frame `i`: one NAL unit of a size and content that follow from its number.
static size_t make_frame(unsigned i)
{
    size_t size = i % 10 == 0 ? FRAME_MAX - i : 1 + i * 37 % 3000;
    struct srs_wr wr = srs_wr_init(flow.frame, sizeof flow.frame);
    srs_wr_u8(&wr, i % 10 == 0 ? 0x17 : 0x27);
    srs_wr_u32(&wr, 1U << 24 | 40);
    srs_wr_u32(&wr, (uint32_t)size);
    for (size_t k = 0; k < size; k++)
        srs_wr_u8(&wr, (uint8_t)(i + k * 13));
    return wr.size;
}

// --- publishing ---------------------------------------------------------------------------------

static srs_err on_publish_event(const struct srs_rtmp_event *event)
{
    static const struct srs_rtmp_server_info info = {.signature = "SRS"};
    switch (event->kind) {
    case SRS_RTMP_EVENT_CONNECT:
        return srs_rtmp_server_accept_connect(&flow.publish_side, &info);
    case SRS_RTMP_EVENT_PUBLISH:
        flow.published = true;
        if (srs_source_publish(flow.source, &flow, flow.now) != SRS_OK)
            find("publish");
        srs_flv_ingest_init(&flow.ingest, flow.source);
        return srs_rtmp_server_accept_publish(&flow.publish_side, "id");
    case SRS_RTMP_EVENT_MEDIA:
        return srs_flv_ingest_message(&flow.ingest, event->media.type, event->media.timestamp,
                                      event->media.payload, flow.now);
    case SRS_RTMP_EVENT_UNPUBLISH:
        srs_source_unpublish(flow.source, &flow);
        return SRS_OK;
    default:
        return SRS_OK;
    }
}

static srs_err run_publisher(void)
{
    struct srs_rtmp_event event;
    struct srs_rtmp_client_event told;
    srs_err err = SRS_E_AGAIN;
    while (err == SRS_E_AGAIN && srs_rtmp_client_pending(&flow.publisher).size > 0) {
        struct srs_span out = srs_rtmp_client_pending(&flow.publisher);
        size_t size = piece(out.size);
        srs_rtmp_server_feed(&flow.publish_side, (struct srs_span){out.bytes, size});
        while ((err = srs_rtmp_server_next(&flow.publish_side, &event)) == SRS_OK)
            if ((err = on_publish_event(&event)) != SRS_OK)
                return err;
        srs_rtmp_client_sent(&flow.publisher, size);
        out = srs_rtmp_server_pending(&flow.publish_side);
        if (err != SRS_E_AGAIN || out.size == 0)
            continue;
        srs_rtmp_client_feed(&flow.publisher, out);
        while ((err = srs_rtmp_client_next(&flow.publisher, &told)) == SRS_OK)
            flow.started += told.kind == SRS_RTMP_CLIENT_STARTED;
        srs_rtmp_server_sent(&flow.publish_side, out.size);
    }
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

static srs_err send_media(uint32_t ms, uint8_t type, const void *bytes, size_t size)
{
    struct srs_rtmp_msg msg = {
        .type = type, .csid = 6, .timestamp = flow.base + ms, .payload = {bytes, size}};
    srs_err err = srs_rtmp_client_send(&flow.publisher, &msg);
    return err ? err : run_publisher();
}

static srs_err send_config(void)
{
    static const uint8_t record[] = {0x17, 0, 0, 0,    0,   1, 100, 0, 31,  0xFF,
                                     0xE1, 0, 2, 0x67, 100, 1, 0,   1, 0x68};
    return send_media(0, SRS_RTMP_VIDEO, record, sizeof record);
}

static srs_err send_frame(void)
{
    unsigned i = flow.sent++;
    flow.now += 40 * SRS_MSEC;
    return send_media(i * 40, SRS_RTMP_VIDEO, flow.frame, make_frame(i));
}

// --- playing ------------------------------------------------------------------------------------

static srs_err on_play_event(const struct srs_rtmp_event *event)
{
    static const struct srs_rtmp_server_info info = {.signature = "SRS"};
    if (event->kind == SRS_RTMP_EVENT_CONNECT)
        return srs_rtmp_server_accept_connect(&flow.play_side, &info);
    if (event->kind != SRS_RTMP_EVENT_PLAY)
        return SRS_OK;
    flow.link.viewer.options.params.chunk_size = srs_rtmp_server_chunk_size(&flow.play_side);
    flow.link.viewer.options.params.msid = srs_rtmp_server_msid(&flow.play_side);
    flow.joined = true;
    return srs_rtmp_server_accept_play(&flow.play_side, "id");
}

// The machine's answers go out through the viewer, as in a session.
static srs_err hand_over_answers(void)
{
    struct srs_span out = srs_rtmp_server_pending(&flow.play_side);
    srs_err err = out.size > 0 ? srs_viewer_control(&flow.link.viewer, out) : SRS_OK;
    if (!err)
        srs_rtmp_server_sent(&flow.play_side, out.size);
    if (!err && flow.joined && flow.link.viewer.consumer.source == NULL)
        srs_viewer_join(&flow.link.viewer, flow.source);
    srs_viewer_flush(&flow.link.viewer);
    return err ? err : flow.link.viewer.failed;
}

static void on_media(const struct srs_rtmp_msg *msg)
{
    if (msg->type != SRS_RTMP_VIDEO)
        return;
    if (msg->payload.bytes[1] == 0) {
        flow.configs++;
        if (msg->payload.size != 19 || flow.got > 0)
            find("sequence header");
        return;
    }
    size_t size = make_frame(flow.got);
    if (flow.configs == 0)
        find("frame before its header");
    if (msg->timestamp != flow.got * 40)
        find("time");
    if (msg->payload.size != size || memcmp(msg->payload.bytes, flow.frame, size) != 0)
        find("frame");
    flow.got++;
}

static srs_err player_reads(void)
{
    struct srs_rtmp_client_event event;
    srs_err err = SRS_E_AGAIN;
    while (err == SRS_E_AGAIN && srs_buf_size(&flow.link.wire) > 0) {
        struct srs_span in = srs_buf_span(&flow.link.wire);
        size_t size = piece(in.size);
        srs_rtmp_client_feed(&flow.player, (struct srs_span){in.bytes, size});
        while ((err = srs_rtmp_client_next(&flow.player, &event)) == SRS_OK) {
            flow.started += event.kind == SRS_RTMP_CLIENT_STARTED;
            flow.notices += event.kind == SRS_RTMP_CLIENT_EOF;
            if (event.kind == SRS_RTMP_CLIENT_MEDIA)
                on_media(&event.media);
        }
        srs_buf_consume(&flow.link.wire, size);
    }
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

// Both directions of the player's link until nothing moves.
static srs_err run_player(void)
{
    struct srs_rtmp_event event;
    srs_err err = SRS_OK;
    for (int i = 0; !err && i < 100000; i++) {
        struct srs_span out = srs_rtmp_client_pending(&flow.player);
        size_t size = out.size > 0 ? piece(out.size) : 0;
        if (size > 0) {
            srs_rtmp_server_feed(&flow.play_side, (struct srs_span){out.bytes, size});
            while ((err = srs_rtmp_server_next(&flow.play_side, &event)) == SRS_OK)
                if ((err = on_play_event(&event)) != SRS_OK)
                    return err;
            srs_rtmp_client_sent(&flow.player, size);
            if (err != SRS_E_AGAIN)
                return err;
        }
        err = hand_over_answers();
        if (!err)
            err = player_reads();
        if (size == 0 && flow_player_idle(&flow.link) && srs_buf_size(&flow.link.wire) == 0 &&
            srs_rtmp_client_pending(&flow.player).size == 0)
            return err;
    }
    return err;
}

// --- cases --------------------------------------------------------------------------------------

static void open_flow(uint64_t seed, uint32_t chunk_size, uint32_t base)
{
    struct srs_rtmp_client_config config = {.app = "live",
                                            .tc_url = "rtmp://h/live",
                                            .stream = "s",
                                            .publish = true,
                                            .chunk_size = chunk_size,
                                            .seed = seed};
    struct srs_rtmp_server_config server = {.chunk_size = chunk_size, .seed = seed};
    memset(&flow, 0, sizeof flow);
    flow.random = seed;
    flow.base = base;
    assert_err(SRS_OK, srs_sources_new(NULL, &flow.sources), "sources");
    assert_err(SRS_OK, srs_source_get(flow.sources, "v", "live", "s", &limits, &flow.source), "s");
    assert_err(SRS_OK, srs_rtmp_client_init(&flow.publisher, &config), "publisher");
    config.publish = false;
    assert_err(SRS_OK, srs_rtmp_client_init(&flow.player, &config), "player");
    srs_rtmp_server_init(&flow.publish_side, &server);
    srs_rtmp_server_init(&flow.play_side, &server);
    assert_err(SRS_OK, flow_player_open(&flow.link, FLOW_RTMP, 128, SRS_VIEWER_FROM_ZERO, seed),
               "link");
    flow.link.take_max = 1 + seed * 997 % 9000;
    flow.link.again = (unsigned)(seed % 8);
}

static void close_flow(void)
{
    srs_source_unpublish(flow.source, &flow);
    flow_player_close(&flow.link);
    srs_rtmp_server_fini(&flow.publish_side);
    srs_rtmp_server_fini(&flow.play_side);
    srs_rtmp_client_fini(&flow.publisher);
    srs_rtmp_client_fini(&flow.player);
    srs_source_unref(flow.source);
    srs_sources_free(flow.sources);
    assert_nothing_lives();
}

// The player comes before `join_at` frames; those of the gop that runs then are its first.
static void check_session(uint64_t seed, uint32_t chunk_size, uint32_t base, unsigned join_at)
{
    open_flow(seed, chunk_size, base);
    if (join_at == 0)
        assert_err(SRS_OK, run_player(), "player first");
    assert_err(SRS_OK, run_publisher(), "publisher");
    assert_err(SRS_OK, send_config(), "header");
    while (flow.sent < FRAMES) {
        assert_err(SRS_OK, send_frame(), "frame");
        if (flow.sent >= join_at)
            assert_err(SRS_OK, run_player(), "player");
    }
    assert_int_equal(flow.started, 2);
    assert_err(SRS_OK, srs_rtmp_server_user_control(&flow.play_side, SRS_RTMP_STREAM_EOF, 1),
               "EOF");
    assert_err(SRS_OK, srs_rtmp_client_close(&flow.publisher), "close");
    assert_err(SRS_OK, run_publisher(), "unpublish");
    assert_null(flow.source->publisher);
    assert_err(SRS_OK, run_player(), "the rest");
    if (flow.wrong != NULL)
        fail_msg("seed %llu, frame %u: %s", (unsigned long long)seed, flow.got, flow.wrong);
    assert_int_equal(flow.got, FRAMES);
    assert_int_equal(flow.configs, 1);
    assert_int_equal(flow.notices, 1);
    assert_int_equal(flow.source->stats.jumps, 0);
    close_flow();
}

static void test_session_given_player_first_then_every_frame_as_it_was_sent(void **state)
{
    (void)state;
    static const uint32_t chunk_sizes[] = {128, 4096, 60000};
    static const uint32_t bases[] = {0, 0xFFFFFF - 500, 0x7FFFFFFF - 500, 0xFFFFFFFF - 500};
    for (uint64_t seed = 0; seed < 24; seed++)
        check_session(seed, chunk_sizes[seed % 3], bases[seed / 3 % 4], 0);
}

static void test_session_given_player_in_the_first_gop_then_it_begins_at_its_key_frame(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++)
        check_session(seed, seed % 2 == 0 ? 60000 : 128, 77, 1 + (unsigned)seed % 10);
}

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_given_player_first_then_every_frame_as_it_was_sent),
        cmocka_unit_test(
            test_session_given_player_in_the_first_gop_then_it_begins_at_its_key_frame),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
