// The way from a source to a player whose socket takes what it likes, while a short log overtakes
// it again and again: every byte parses, every message is one that was pushed, in order and in
// time, and begins anew with a key frame.
#include "codec/amf0.h"
#include "flow_player.h"
#include "stream/packets.h"
#include <stdio.h>

#ifdef SRS_ASAN
enum { ROUNDS = 150 };
#else
enum { ROUNDS = 400 };
#endif
enum { PUSHED_MAX = 400, EXTENDED = 0xFFFFFF };

struct model {
    struct flow_player player;
    struct srs_source *source;
    struct srs_packet *pushed[PUSHED_MAX]; // references
    unsigned count;
    unsigned at; // what may come next
    unsigned got;
    uint32_t announced[SRS_KINDS]; // number in the configuration that came last
    uint32_t controls_sent;
    uint32_t controls_got;
    bool need_key;
    bool started;
    unsigned gaps;
    uint64_t random;
    uint32_t configs;
    srs_usec now;
    const char *why;
    uint64_t seed;
    unsigned unlisted; // what came before the first packet: metadata
};

static const char publisher;
static struct srs_sources *sources;

#define CHECK(model, condition)                                                    \
    do {                                                                           \
        if (!(condition))                                                          \
            fail_msg("%s seed %llu, message %u: %s", (model)->why,                 \
                     (unsigned long long)(model)->seed, (model)->got, #condition); \
    } while (0)

// --- what is pushed -----------------------------------------------------------------------------

static struct srs_track *current_track(struct model *model, enum srs_kind kind)
{
    struct srs_track *track = srs_source_track(model->source, kind, 0);
    bool change = track == NULL || (kind != SRS_KIND_DATA && flow_random(&model->random) % 24 == 0);
    char config[40] = "";
    if (!change)
        return track;
    if (kind != SRS_KIND_DATA)
        (void)snprintf(config, sizeof config, "config %u", ++model->configs);
    assert_err(SRS_OK, srs_source_set_track(model->source, make_track(kind, 0, config), &track),
               "track");
    return track;
}

static size_t random_size(uint64_t *random)
{
    unsigned dice = (unsigned)(flow_random(random) % 100);
    size_t range = dice < 30 ? 10 : dice < 80 ? 1500 : dice < 99 ? 9000 : 200000;
    return 1 + flow_random(random) % range;
}

static void push_packet(struct model *model, enum srs_kind kind, unsigned flags, size_t size)
{
    struct srs_packet *packet = make_packet(current_track(model, kind), size, flags, model->now);
    for (size_t i = 0; i < size; i++)
        packet->payload[i] = (uint8_t)(flow_random(&model->random) >> 3);
    if (kind == SRS_KIND_VIDEO)
        packet->head.pts += (srs_usec)(flow_random(&model->random) % 200) * SRS_MSEC;
    model->pushed[model->count++] = srs_packet_ref(packet);
    assert_err(SRS_OK, srs_source_push(model->source, packet), "push");
    model->now += (srs_usec)(1 + flow_random(&model->random) % 30) * SRS_MSEC;
}

static void push_random(struct model *model)
{
    unsigned dice = (unsigned)(flow_random(&model->random) % 32);
    size_t size = random_size(&model->random);
    if (model->count == 0 || dice < 2)
        push_packet(model, SRS_KIND_VIDEO, SRS_PACKET_KEY, size);
    else if (dice < 18)
        push_packet(model, SRS_KIND_VIDEO, dice < 4 ? SRS_PACKET_DISPOSABLE : 0, size);
    else if (dice < 30)
        push_packet(model, SRS_KIND_AUDIO, 0, size % 3000 + 1);
    else
        push_packet(model, SRS_KIND_DATA, dice == 30 ? SRS_PACKET_METADATA : 0, size % 3000 + 1);
}

// --- what is got --------------------------------------------------------------------------------

// Data in front of the first media, whose time is the zero, has no time of its own.
static uint32_t time_of(const struct model *model, const struct srs_packet *packet)
{
    const struct srs_mux_state *state = &model->player.viewer.state;
    srs_usec moved = state->times == SRS_VIEWER_ABSOLUTE ? packet->head.moved : 0;
    srs_usec time = packet->head.dts - moved - state->zero;
    return time < 0 && packet->head.kind == SRS_KIND_DATA ? 0 : (uint32_t)(time / SRS_MSEC);
}

static bool is_body_of(const struct srs_packet *packet, struct srs_span body)
{
    static const uint8_t heads[] = {5, 2, 0};
    size_t head = heads[packet->head.kind];
    if (body.size != head + packet->head.size)
        return false;
    if (packet->head.kind == SRS_KIND_VIDEO) {
        unsigned type = packet->head.flags & SRS_PACKET_KEY          ? 0x17
                        : packet->head.flags & SRS_PACKET_DISPOSABLE ? 0x37
                                                                     : 0x27;
        srs_usec cts = (packet->head.pts - packet->head.dts) / SRS_MSEC;
        if (body.bytes[0] != type || body.bytes[1] != 1 || body.bytes[2] != 0 ||
            (body.bytes[3] << 8 | body.bytes[4]) != cts)
            return false;
    } else if (packet->head.kind == SRS_KIND_AUDIO &&
               (body.bytes[0] != 0xAF || body.bytes[1] != 1)) {
        return false;
    }
    return memcmp(body.bytes + head, packet->payload, packet->head.size) == 0;
}

static uint32_t config_number(const struct model *model, const uint8_t *bytes, size_t size)
{
    char text[40] = "";
    unsigned number = 0;
    CHECK(model, size < sizeof text);
    memcpy(text, bytes, size);
    CHECK(model, sscanf(text, "config %u", &number) == 1);
    return number;
}

static bool take_config(struct model *model, enum srs_kind kind, struct srs_span body)
{
    size_t head = kind == SRS_KIND_VIDEO ? 5 : 2;
    if (kind == SRS_KIND_DATA || body.size < head || body.bytes[1] != 0)
        return false;
    model->announced[kind] = config_number(model, body.bytes + head, body.size - head);
    return true;
}

static void take_packet(struct model *model, enum srs_kind kind, const struct srs_rtmp_msg *msg)
{
    unsigned i = model->at;
    while (i < model->count && (model->pushed[i]->head.kind != kind ||
                                time_of(model, model->pushed[i]) != msg->timestamp ||
                                (kind == SRS_KIND_DATA && // several may have the time 0
                                 !is_body_of(model->pushed[i], msg->payload))))
        i++;
    CHECK(model, i < model->count);
    const struct srs_packet *packet = model->pushed[i];
    CHECK(model, is_body_of(packet, msg->payload));
    if (i > model->at) {
        // Before the start nothing is lost, and who waits for a key frame passes over the others.
        model->gaps += model->started && !model->need_key;
        model->need_key = true;
    }
    if (kind == SRS_KIND_VIDEO) {
        CHECK(model, !model->need_key || (packet->head.flags & SRS_PACKET_KEY) != 0);
        model->need_key = false;
    }
    const struct srs_track *track = packet->track;
    CHECK(model,
          kind == SRS_KIND_DATA ||
              model->announced[kind] == config_number(model, track->config, track->config_size));
    model->at = i + 1;
    model->got++;
    model->started = true;
}

// Payloads are random, so that they tell which packet it is.
static bool is_metadata(const struct model *model, struct srs_span body)
{
    for (unsigned i = 0; i < model->count; i++)
        if ((model->pushed[i]->head.flags & SRS_PACKET_METADATA) != 0 &&
            is_body_of(model->pushed[i], body))
            return true;
    return false;
}

static void got(void *arg, const struct srs_rtmp_msg *msg)
{
    struct model *model = arg;
    uint32_t number;
    if (flow_is_control(&model->player, msg, &number)) {
        CHECK(model, number == ++model->controls_got);
        return;
    }
    enum srs_kind kind = msg->type == SRS_RTMP_VIDEO   ? SRS_KIND_VIDEO
                         : msg->type == SRS_RTMP_AUDIO ? SRS_KIND_AUDIO
                                                       : SRS_KIND_DATA;
    CHECK(model, kind != SRS_KIND_DATA || msg->type == SRS_RTMP_DATA);
    if (take_config(model, kind, msg->payload))
        return;
    if (kind == SRS_KIND_DATA && !model->started && model->unlisted == 0 &&
        msg->timestamp == model->player.viewer.state.start_ms && is_metadata(model, msg->payload)) {
        // onMetaData of before; as a packet it may come again
        model->unlisted++;
        return;
    }
    take_packet(model, kind, msg);
}

// --- rounds -------------------------------------------------------------------------------------

struct plan {
    const char *why;
    enum flow_form form;
    uint32_t chunk_size;
    enum srs_viewer_times times;
    bool narrow; // a log that overtakes
    bool late;   // joins in the middle
};

static void open_model(struct model *model, const struct plan *plan, uint64_t seed)
{
    struct srs_log_limits limits = {
        .gop_cache = true, .age = SRS_NEVER, .packets = 100000, .bytes = SIZE_MAX};
    memset(model, 0, sizeof *model);
    model->why = plan->why;
    model->seed = seed;
    model->random = seed * 977 + 5;
    if (plan->narrow) {
        limits.packets = 2 + flow_random(&model->random) % 30;
        limits.bytes = 1000 + flow_random(&model->random) % 200000;
        limits.gop_cache = flow_random(&model->random) % 4 != 0;
    }
    // Whole milliseconds, so that times before and after are exact; 0xFFFFFF ms is crossed.
    model->now = (EXTENDED - 300) * SRS_MSEC;
    assert_err(SRS_OK, srs_source_get(sources, "v", "a", "s", &limits, &model->source), "source");
    assert_err(SRS_OK, srs_source_publish(model->source, &publisher, 1), "publish");
    assert_err(SRS_OK,
               flow_player_open(&model->player, plan->form, plan->chunk_size, plan->times, seed),
               "player");
    model->player.got = got;
    model->player.arg = model;
    model->player.take_max = flow_random(&model->random) % 4 == 0 ? 60 : 1000;
    model->player.again = (unsigned)(flow_random(&model->random) % 8);
}

static void close_model(struct model *model)
{
    srs_source_unpublish(model->source, &publisher);
    flow_player_close(&model->player);
    srs_source_unref(model->source);
    for (unsigned i = 0; i < model->count; i++)
        srs_packet_unref(model->pushed[i]);
}

static void flush_and_read(struct model *model)
{
    struct srs_consumer *consumer;
    srs_source_walk_begin(model->source);
    while ((consumer = srs_source_walk_next(model->source)) != NULL)
        srs_viewer_flush(srs_viewer_of(consumer));
    assert_err(SRS_OK, model->player.viewer.failed, model->why);
    assert_err(SRS_OK, flow_player_read(&model->player), model->why);
}

static void drain(struct model *model)
{
    for (unsigned i = 0; !flow_player_idle(&model->player); i++) {
        flush_and_read(model);
        CHECK(model, i < 1000000);
    }
    assert_err(SRS_OK, flow_player_read(&model->player), model->why);
    // After a jump an HTTP chunk may wait for what comes next.
    bool waits = model->player.viewer.frame_left > 0;
    CHECK(model, !waits || model->player.viewer.stats.jumps > 0);
    CHECK(model, model->player.pongs_got == model->player.pongs_sent || waits);
}

static void join(struct model *model)
{
    const struct srs_source *source = model->source;
    // What came before the gop, or is gone, is not the joiner's.
    uint64_t from = source->log.gop != SRS_LOG_NO_GOP ? source->log.gop : source->log.next;
    bool waits = source->log.has_video && source->log.gop == SRS_LOG_NO_GOP;
    model->at = (unsigned)(model->count - (source->log.next - from));
    model->need_key = waits;
    srs_viewer_join(&model->player.viewer, model->source);
}

static void run_round(const struct plan *plan, uint64_t seed, struct model *model)
{
    open_model(model, plan, seed);
    unsigned total = 20 + (unsigned)(flow_random(&model->random) % 100);
    unsigned join_at = plan->late ? (unsigned)(flow_random(&model->random) % 40) : 0;
    bool joined = false;
    while (model->count < total) {
        if (!joined && model->count >= join_at) {
            join(model);
            joined = true;
        }
        push_random(model);
        if (model->count == total / 2 && plan->times == SRS_VIEWER_FROM_ZERO)
            model->now += EXTENDED * SRS_MSEC - 200 * SRS_MSEC; // a pause that arrival confirms
        // The file header comes before any tag.
        bool may = plan->form == FLOW_RTMP || model->player.viewer.started;
        if (may && flow_random(&model->random) % 8 == 0)
            assert_err(SRS_OK, flow_player_control(&model->player, ++model->controls_sent), "ping");
        if (plan->form == FLOW_WEBSOCKET_FLV && flow_random(&model->random) % 8 == 0)
            assert_err(SRS_OK, flow_player_pong(&model->player), "pong");
        for (uint64_t i = flow_random(&model->random) % 4; i > 0; i--)
            flush_and_read(model);
    }
    if (!joined)
        join(model);
    drain(model);
    const struct srs_viewer_stats *stats = &model->player.viewer.stats;
    CHECK(model, model->controls_got == model->controls_sent);
    CHECK(model, stats->packets == model->got);
    CHECK(model, stats->packets + stats->skipped <= model->count);
    CHECK(model, model->gaps == 0 || stats->jumps > 0 || plan->late);
    if (!plan->narrow && !plan->late)
        CHECK(model, model->got == model->count && stats->jumps == 0);
}

static void check_plans(const struct plan *plans, size_t count, unsigned *gaps, unsigned *got_all)
{
    for (size_t i = 0; i < count; i++)
        for (uint64_t seed = 0; seed < ROUNDS; seed++) {
            static struct model model;
            run_round(&plans[i], seed, &model);
            *gaps += model.gaps;
            *got_all += model.got;
            close_model(&model);
            assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
            assert_int_equal(srs_live_count(SRS_LIVE_FORM), 0);
        }
}

static void test_delivery_given_log_that_overtakes_then_all_that_arrives_is_sound(void **state)
{
    (void)state;
    static const struct plan plans[] = {
        {"RTMP 128", FLOW_RTMP, 128, SRS_VIEWER_ABSOLUTE, true, false},
        {"RTMP 4096", FLOW_RTMP, 4096, SRS_VIEWER_FROM_ZERO, true, false},
        {"RTMP 60000", FLOW_RTMP, 60000, SRS_VIEWER_ABSOLUTE, true, true},
        {"FLV", FLOW_FLV, 0, SRS_VIEWER_ABSOLUTE, true, false},
        {"FLV in chunks", FLOW_HTTP_FLV, 0, SRS_VIEWER_FROM_ZERO, true, true},
        {"FLV in frames", FLOW_WEBSOCKET_FLV, 0, SRS_VIEWER_FROM_ZERO, true, true},
    };
    unsigned gaps = 0;
    unsigned messages = 0;
    check_plans(plans, SRS_COUNT(plans), &gaps, &messages);
    assert_true(gaps > ROUNDS); // else the log was never short
    assert_true(messages > 10 * ROUNDS);
}

static void test_delivery_given_wide_log_then_nothing_is_lost(void **state)
{
    (void)state;
    static const struct plan plans[] = {
        {"RTMP 128", FLOW_RTMP, 128, SRS_VIEWER_FROM_ZERO, false, false},
        {"RTMP 60000", FLOW_RTMP, 60000, SRS_VIEWER_ABSOLUTE, false, false},
        {"FLV in chunks", FLOW_HTTP_FLV, 0, SRS_VIEWER_ABSOLUTE, false, false},
        {"FLV in frames", FLOW_WEBSOCKET_FLV, 0, SRS_VIEWER_ABSOLUTE, false, false},
    };
    unsigned gaps = 0;
    unsigned messages = 0;
    check_plans(plans, SRS_COUNT(plans), &gaps, &messages);
    assert_int_equal(gaps, 0);
}

// --- cases that chance may miss -----------------------------------------------------------------

// The largest write makes one frame with a length of 8 bytes, and a pong waits for its end.
static void test_delivery_given_pong_within_a_long_frame_then_it_waits_for_the_end(void **state)
{
    (void)state;
    static struct model model;
    static const struct plan plan = {
        "long frame", FLOW_WEBSOCKET_FLV, 0, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 3);
    model.player.again = 0;
    model.player.take_max = 1000;
    join(&model);
    push_packet(&model, SRS_KIND_VIDEO, SRS_PACKET_KEY, 100000);
    flush_and_read(&model);
    assert_true(model.player.viewer.frame_left > 0);
    assert_err(SRS_OK, flow_player_pong(&model.player), "pong");
    while (model.player.frame.binaries == 1 && model.player.viewer.frame_left > 0) {
        assert_int_equal(model.player.pongs_got, 0);
        flush_and_read(&model);
    }
    drain(&model);
    assert_int_equal(model.player.pongs_got, 1);
    close_model(&model);
}

// The log goes while a packet is sent in part, with many more writes of it to come: one jump,
// counted once.
static void test_delivery_given_jump_behind_a_long_packet_then_counted_once(void **state)
{
    (void)state;
    static struct model model;
    static const struct plan plan = {"held", FLOW_RTMP, 4096, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 3);
    model.source->log.limits.packets = 4;
    model.player.take_max = 1000;
    model.player.again = 0;
    join(&model);
    push_packet(&model, SRS_KIND_VIDEO, SRS_PACKET_KEY, 100000);
    flush_and_read(&model);
    assert_non_null(model.player.viewer.held);
    for (int i = 0; i < 20; i++)
        push_packet(&model, SRS_KIND_VIDEO, i == 17 ? SRS_PACKET_KEY : 0, 100);
    drain(&model);
    assert_int_equal(model.player.viewer.stats.jumps, 1);
    assert_int_equal(model.player.viewer.stats.skipped, 17);
    assert_int_equal(model.player.viewer.stats.packets, 4);
    close_model(&model);
}

// onMetaData with a time of its own comes first; the player's zero is that of the media.
static void test_delivery_given_metadata_before_media_then_media_begins_at_zero(void **state)
{
    (void)state;
    static struct model model;
    static const struct plan plan = {"zero", FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 3);
    join(&model);
    srs_usec first = model.now + 3600 * SRS_SEC;
    model.now = 0;
    push_packet(&model, SRS_KIND_DATA, SRS_PACKET_METADATA, 50);
    flush_and_read(&model);
    assert_false(model.player.viewer.started);
    model.now = first;
    model.at = 1; // the copy on the log has a time before zero
    push_packet(&model, SRS_KIND_VIDEO, SRS_PACKET_KEY, 50);
    assert_int_equal(model.pushed[1]->head.dts, first);
    model.player.take_max = 1 << 20;
    model.player.again = 0;
    srs_viewer_flush(&model.player.viewer);
    assert_int_equal(model.player.viewer.state.zero, first);
    close_model(&model);
}

// Without audio and video the viewer starts with data once there has been nothing else for a while.
static void test_delivery_given_nothing_but_data_then_it_starts_with_it(void **state)
{
    (void)state;
    static struct model model;
    static const struct plan plan = {"data", FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 3);
    join(&model);
    model.now = 0;
    model.player.take_max = 1 << 20;
    model.player.again = 0;
    while (model.now < SRS_SEC) {
        push_packet(&model, SRS_KIND_DATA, 0, 50);
        srs_viewer_flush(&model.player.viewer);
        assert_false(model.player.viewer.started);
    }
    model.at = model.count;
    model.unlisted = 1; // there is no metadata
    for (int i = 0; i < 3; i++)
        push_packet(&model, SRS_KIND_DATA, 0, 50);
    drain(&model);
    assert_int_equal(model.got, 3);
    srs_usec last = model.pushed[model.count - 1]->head.dts;
    push_packet(&model, SRS_KIND_VIDEO, SRS_PACKET_KEY, 50); // and goes on with video
    assert_true(model.pushed[model.count - 1]->head.dts > last);
    drain(&model);
    assert_int_equal(model.got, 4);
    close_model(&model);
}

// A player that joins a stream whose key frames do not come, or whose video has stopped.
static void test_delivery_given_no_key_frame_then_audio_flows_all_the_same(void **state)
{
    (void)state;
    static struct model model;
    static const struct plan plan = {"no key", FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 3);
    model.player.take_max = 1 << 20;
    model.player.again = 0;
    for (int i = 0; i < 20; i++)
        push_packet(&model, SRS_KIND_VIDEO, 0, 50);
    join(&model);
    for (int i = 0; i < 5; i++) {
        push_packet(&model, SRS_KIND_AUDIO, 0, 50);
        push_packet(&model, SRS_KIND_VIDEO, 0, 50);
        drain(&model);
        assert_int_equal(model.got, i + 1);
    }
    close_model(&model);
}

struct simple {
    struct flow_player player;
    unsigned count;
    unsigned wrong;
    size_t size;
    uint32_t times[8];
};

static void got_simple(void *arg, const struct srs_rtmp_msg *msg)
{
    struct simple *simple = arg;
    if (simple->count < SRS_COUNT(simple->times))
        simple->times[simple->count] = msg->timestamp;
    simple->count++;
    simple->wrong += msg->payload.size != simple->size;
}

// More chunks than a gather has iovecs: the start goes out whole all the same.
static void test_delivery_given_large_metadata_in_small_chunks_then_it_arrives_whole(void **state)
{
    (void)state;
    static struct model model;
    static struct simple simple;
    static const struct plan plan = {"start", FLOW_RTMP, 128, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 1);
    push_packet(&model, SRS_KIND_DATA, SRS_PACKET_METADATA, 200000);
    push_packet(&model, SRS_KIND_VIDEO, SRS_PACKET_KEY, 10);
    assert_err(SRS_OK, flow_player_open(&simple.player, FLOW_RTMP, 128, SRS_VIEWER_FROM_ZERO, 1),
               "player");
    simple.player.got = got_simple;
    simple.player.arg = &simple;
    simple.size = 200000;
    srs_viewer_join(&simple.player.viewer, model.source);
    for (int i = 0; !flow_player_idle(&simple.player) && i < 1000; i++)
        srs_viewer_flush(&simple.player.viewer);
    assert_err(SRS_OK, flow_player_read(&simple.player), "read");
    assert_int_equal(simple.count, 3); // metadata, configuration, key frame
    assert_int_equal(simple.wrong, 2);
    flow_player_close(&simple.player);
    close_model(&model);
}

// Packets without payload take no iovec of their own: more of them than marks must not be left
// lying.
static void test_delivery_given_many_empty_packets_then_all_go_in_one_flush(void **state)
{
    (void)state;
    static struct model model;
    static struct simple simple;
    static const struct plan plan = {"empty", FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, false, false};
    open_model(&model, &plan, 1);
    memset(&simple, 0, sizeof simple);
    assert_err(SRS_OK, flow_player_open(&simple.player, FLOW_FLV, 0, SRS_VIEWER_FROM_ZERO, 1),
               "player");
    simple.player.got = got_simple;
    simple.player.arg = &simple;
    simple.size = 2;
    srs_viewer_join(&simple.player.viewer, model.source);
    struct srs_track *track = NULL;
    assert_err(SRS_OK,
               srs_source_set_track(model.source, make_track(SRS_KIND_AUDIO, 0, ""), &track),
               "track");
    for (int i = 0; i < 1000; i++)
        assert_err(SRS_OK,
                   srs_source_push(model.source, make_packet(track, 0, 0, i * 20 * SRS_MSEC)),
                   "push");
    srs_viewer_flush(&simple.player.viewer);
    for (int i = 0; simple.player.viewer.more && i < 10; i++)
        srs_viewer_flush(&simple.player.viewer);
    assert_err(SRS_OK, flow_player_read(&simple.player), "read");
    assert_int_equal(simple.count, 1000);
    assert_int_equal(simple.wrong, 0);
    flow_player_close(&simple.player);
    close_model(&model);
}

static void open_simple(struct simple *simple, struct srs_source *source,
                        enum srs_viewer_times times)
{
    memset(simple, 0, sizeof *simple);
    assert_err(SRS_OK, flow_player_open(&simple->player, FLOW_RTMP, 60000, times, 1), "player");
    simple->player.got = got_simple;
    simple->player.arg = simple;
    simple->size = 60001;
    srs_viewer_join(&simple->player.viewer, source);
}

// Frames one byte longer than a chunk, across 0xFFFFFF ms, for three viewers with other times.
static void test_delivery_given_extended_timestamps_then_times_are_right_for_all(void **state)
{
    (void)state;
    static struct model model;
    static struct simple viewers[3];
    static const struct plan plan = {"times", FLOW_RTMP, 60000, SRS_VIEWER_ABSOLUTE, false, false};
    static const uint32_t zeros[] = {0, EXTENDED - 60, 0};
    struct srs_track *track = NULL;
    open_model(&model, &plan, 1);
    assert_err(SRS_OK,
               srs_source_set_track(model.source, make_track(SRS_KIND_VIDEO, 0, ""), &track),
               "track");
    open_simple(&viewers[0], model.source, SRS_VIEWER_FROM_ZERO);
    for (unsigned i = 0; i < 8; i++) {
        srs_usec at = i == 0 ? 0 : (EXTENDED - 60 + 40 * (srs_usec)(i - 1)) * SRS_MSEC;
        struct srs_packet *packet = make_packet(track, 59996, SRS_PACKET_KEY, at);
        assert_err(SRS_OK, srs_source_push(model.source, packet), "60,001 bytes with their head");
        if (i == 1) {
            open_simple(&viewers[1], model.source, SRS_VIEWER_FROM_ZERO);
            open_simple(&viewers[2], model.source, SRS_VIEWER_ABSOLUTE);
        }
        for (unsigned k = 0; k < (i < 1 ? 1U : 3U); k++)
            srs_viewer_flush(&viewers[k].player.viewer);
    }
    assert_in_range(srs_live_count(SRS_LIVE_FORM), 1, 8); // shared, whatever the viewers' times
    for (unsigned k = 0; k < 3; k++) {
        for (int i = 0; !flow_player_idle(&viewers[k].player) && i < 100; i++)
            srs_viewer_flush(&viewers[k].player.viewer);
        assert_err(SRS_OK, flow_player_read(&viewers[k].player), "read");
        unsigned first = k == 0 ? 1 : 0;
        assert_int_equal(viewers[k].count, 7 + first);
        assert_int_equal(viewers[k].wrong, 0);
        for (unsigned i = 0; i < 7; i++)
            assert_int_equal(viewers[k].times[i + first], EXTENDED - 60 + 40 * i - zeros[k]);
        flow_player_close(&viewers[k].player);
    }
    close_model(&model);
}

static struct srs_packet *make_metadata(struct srs_source *source, const char *word, bool value)
{
    uint8_t bytes[200];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    struct srs_track *track = NULL;
    srs_amf0_write_string(&wr, "onMetaData");
    srs_amf0_write_ecma_begin(&wr, 2);
    srs_amf0_write_pair_number(&wr, "width", 640);
    if (word != NULL)
        srs_amf0_write_pair_string(&wr, "bravo_atc", word);
    else
        srs_amf0_write_pair_boolean(&wr, "bravo_atc", value);
    srs_amf0_write_object_end(&wr);
    assert_err(SRS_OK, srs_source_set_track(source, make_track(SRS_KIND_DATA, 0, ""), &track),
               "track");
    struct srs_packet *packet = make_packet(track, wr.size, SRS_PACKET_METADATA, 0);
    memcpy(packet->payload, bytes, wr.size);
    return packet;
}

// One publisher whose clock jumps back, and what each kind of viewer makes of it: metadata,
// configuration and four frames.
static void test_delivery_given_each_clock_then_times_as_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum srs_viewer_times times;
        bool atc_auto;
        const char *word; // of bravo_atc, NULL for a boolean
        bool value;
        uint32_t want[6];
    } rows[] = {
        {"full", SRS_VIEWER_FROM_ZERO, 0, "true", 0, {0, 0, 0, 40, 80, 120}},
        {"zero", SRS_VIEWER_SENDER_FROM_ZERO, 0, "true", 0, {0, 0, 0, 40, 0, 40}},
        {"off", SRS_VIEWER_ABSOLUTE, 0, "", 0, {5000, 5000, 5000, 5040, 7, 47}},
        {"a word", SRS_VIEWER_FROM_ZERO, 1, "true", 0, {5000, 5000, 5000, 5040, 7, 47}},
        {"a boolean", SRS_VIEWER_FROM_ZERO, 1, NULL, 1, {5000, 5000, 5000, 5040, 7, 47}},
        {"another word", SRS_VIEWER_FROM_ZERO, 1, "false", 0, {0, 0, 0, 40, 80, 120}},
        {"a boolean no", SRS_VIEWER_SENDER_FROM_ZERO, 1, NULL, 0, {0, 0, 0, 40, 0, 40}},
    };
    static const struct plan plan = {"clock", FLOW_RTMP, 60000, SRS_VIEWER_FROM_ZERO, false, false};
    static const int64_t sent[] = {5000, 5040, 7, 47};
    for (size_t i = 0; i < 2 * SRS_COUNT(rows); i++) {
        static struct model model;
        static struct simple simple;
        size_t row = i / 2;
        struct srs_track *track = NULL;
        open_model(&model, &plan, 1);
        assert_err(SRS_OK,
                   srs_source_push(model.source,
                                   make_metadata(model.source, rows[row].word, rows[row].value)),
                   "metadata");
        assert_err(SRS_OK,
                   srs_source_set_track(model.source, make_track(SRS_KIND_VIDEO, 0, "c"), &track),
                   "track");
        memset(&simple, 0, sizeof simple);
        assert_err(SRS_OK,
                   flow_player_open(&simple.player, i % 2 ? FLOW_RTMP : FLOW_FLV, 60000,
                                    rows[row].times, 1),
                   "player");
        simple.player.viewer.options.atc_auto = rows[row].atc_auto;
        simple.player.got = got_simple;
        simple.player.arg = &simple;
        for (size_t k = 0; k < SRS_COUNT(sent); k++) {
            struct srs_packet *packet =
                make_packet(track, 10, k == 0 ? SRS_PACKET_KEY : 0, sent[k] * SRS_MSEC);
            packet->head.arrived = (srs_usec)(1000 + 40 * k) * SRS_MSEC;
            assert_err(SRS_OK, srs_source_push(model.source, packet), "push");
        }
        srs_viewer_join(&simple.player.viewer, model.source);
        for (int k = 0; !flow_player_idle(&simple.player) && k < 100; k++)
            srs_viewer_flush(&simple.player.viewer);
        assert_err(SRS_OK, flow_player_read(&simple.player), "read");
        assert_int_equal(simple.count, 6);
        for (size_t k = 0; k < SRS_COUNT(rows[row].want); k++)
            if (simple.times[k] != rows[row].want[k])
                fail_msg("%s, message %zu: %u ms", rows[row].why, k, simple.times[k]);
        flow_player_close(&simple.player);
        close_model(&model);
    }
}

static int setup(void **state)
{
    (void)state;
    srs_err err = srs_co_init();
    return err ? err : srs_sources_new(NULL, &sources);
}

static int teardown(void **state)
{
    (void)state;
    srs_sources_free(sources);
    assert_nothing_lives();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery_given_log_that_overtakes_then_all_that_arrives_is_sound),
        cmocka_unit_test(test_delivery_given_wide_log_then_nothing_is_lost),
        cmocka_unit_test(test_delivery_given_pong_within_a_long_frame_then_it_waits_for_the_end),
        cmocka_unit_test(test_delivery_given_jump_behind_a_long_packet_then_counted_once),
        cmocka_unit_test(test_delivery_given_metadata_before_media_then_media_begins_at_zero),
        cmocka_unit_test(test_delivery_given_nothing_but_data_then_it_starts_with_it),
        cmocka_unit_test(test_delivery_given_no_key_frame_then_audio_flows_all_the_same),
        cmocka_unit_test(test_delivery_given_large_metadata_in_small_chunks_then_it_arrives_whole),
        cmocka_unit_test(test_delivery_given_many_empty_packets_then_all_go_in_one_flush),
        cmocka_unit_test(test_delivery_given_extended_timestamps_then_times_are_right_for_all),
        cmocka_unit_test(test_delivery_given_each_clock_then_times_as_asked_for),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
