// One write is built in the worker's scratch: the rest of a packet sent in part, control bytes,
// then packets. A write that stopped anywhere leaves the viewer at (packet, byte offset) with the
// state from before that packet. The opening, which comes before the first packet, goes out the
// same way.
//
// HTTP chunks and WebSocket frames lie over the stream of tags without regard to their bounds: one
// a write, and what was announced is filled with whatever comes next, so a jump needs no care for
// them.
#include "server/deliver/viewer.h"
#include "codec/amf0.h"
#include "core/mem.h"
#include "protocol/http/chunk.h"
#include "protocol/http/websocket.h"

enum {
    // One write; and a flush gives way after a few: a joiner on a fast path may take tens of
    // megabytes.
    WRITE_BYTES = 1024 * 1024,
    FLUSH_WRITES = 4,
    // Control bytes a peer may let pile up without reading.
    PENDING_MAX = 1024 * 1024,
    // Pongs: 30 of the longest.
    BETWEEN_MAX = 4 * 1024,
    SEND_BUFFER_MIN = 128 * 1024,
    SEND_BUFFER_MAX = 2 * 1024 * 1024,
    // A timer's turn: what an interval may be late by and still make up for, in time and packets.
    PACE_TURN = 2000,
    PACE_PACKETS = 64,
    TAIL_SIZE = sizeof SRS_HTTP_CHUNK_TAIL - 1,
    REST_MAX = sizeof(((struct srs_viewer *)NULL)->frame_rest),
};

_Static_assert((int)REST_MAX >= (int)SRS_HTTP_CHUNK_HEAD_MAX + (int)TAIL_SIZE,
               "a cut tail and the head behind it fit");
_Static_assert((int)SRS_HTTP_CHUNK_HEAD_MAX >= (int)SRS_WEBSOCKET_HEAD_MAX, "either head fits");

static void on_unpublished(struct srs_consumer *consumer)
{
    struct srs_viewer *viewer = srs_viewer_of(consumer);
    viewer->ended = true;
    srs_conn_poke(viewer->conn);
}

static const struct srs_consumer_ops consumer_ops = {.unpublished = on_unpublished};

void srs_viewer_init(struct srs_viewer *viewer, struct srs_conn *conn, struct srs_writer *writer,
                     const struct srs_viewer_options *options)
{
    *viewer = (struct srs_viewer){.conn = conn, .writer = writer, .options = *options};
    srs_mux_state_jump(&viewer->state);
    viewer->stats.joined_at = srs_now();
    srs_live_add(SRS_LIVE_VIEWER, 1);
}

void srs_viewer_fini(struct srs_viewer *viewer)
{
    srs_consumer_leave(&viewer->consumer);
    srs_packet_unref(viewer->held);
    viewer->held = NULL;
    srs_mux_opening_free(viewer->opening);
    viewer->opening = NULL;
    srs_err_trace_free(viewer->story);
    viewer->story = NULL;
    srs_buf_fini(&viewer->pending);
    srs_buf_fini(&viewer->between);
    srs_live_add(SRS_LIVE_VIEWER, -1);
}

// Two beats of the stream's bitrate: what the kernel may keep for a viewer before the log does.
static void bound_send_buffer(const struct srs_viewer *viewer, const struct srs_source *source)
{
    size_t size = viewer->options.send_buffer;
    if (size == 0) {
        double beats = 2.0 * (double)viewer->options.beat / (double)SRS_SEC;
        size = (size_t)((double)srs_source_bitrate(source) * beats);
        size = size < SEND_BUFFER_MIN ? SEND_BUFFER_MIN : size;
        size = size > SEND_BUFFER_MAX ? SEND_BUFFER_MAX : size;
    }
    srs_conn_set_send_buffer(viewer->conn, size);
}

void srs_viewer_join(struct srs_viewer *viewer, struct srs_source *source)
{
    bound_send_buffer(viewer, source);
    srs_consumer_join(&viewer->consumer, source, &consumer_ops);
    srs_viewer_flush(viewer);
}

SRS_ERR srs_viewer_control(struct srs_viewer *viewer, struct srs_span bytes)
{
    srs_err err = srs_buf_append(&viewer->pending, bytes.bytes, bytes.size, PENDING_MAX);
    return err ? srs_wrap(err, "control bytes of a viewer") : SRS_OK;
}

SRS_ERR srs_viewer_between(struct srs_viewer *viewer, struct srs_span bytes)
{
    srs_err err = srs_buf_append(&viewer->between, bytes.bytes, bytes.size, BETWEEN_MAX);
    return err ? srs_wrap(err, "answers to a viewer") : SRS_OK;
}

void srs_viewer_mute(struct srs_viewer *viewer, uint8_t kinds)
{
    uint8_t back = viewer->muted & (uint8_t)~kinds;
    const struct srs_source *source = viewer->consumer.source;
    viewer->muted = kinds;
    if (back != 0)
        srs_mux_state_jump(&viewer->state);
    if ((back & 1U << SRS_KIND_VIDEO) != 0 && source != NULL && source->log.has_video)
        viewer->consumer.need_key = true;
}

static void fail(struct srs_viewer *viewer, srs_err err)
{
    srs_err_trace_free(viewer->story);
    viewer->failed = err;
    viewer->story = srs_err_save();
    srs_conn_poke(viewer->conn);
}

// --- building one write -------------------------------------------------------------------------

static void add_mark(struct srs_writer *writer, enum srs_writer_part part,
                     struct srs_packet *packet)
{
    struct srs_writer_mark *mark = &writer->marks[writer->count++];
    mark->part = part;
    mark->need_key = writer->need_key;
    mark->start = writer->gather.wire;
    mark->number = writer->next;
    mark->packet = packet;
    mark->lost = writer->lost;
    mark->before = writer->state;
    writer->lost = 0;
}

// The first audio or video there is: data may carry any time, which is not to be the zero, unless
// the stream is nothing but data. While there is none the viewer stays at the end of the log, so
// that nothing is kept for it.
static const struct srs_packet *first_media(struct srs_viewer *viewer)
{
    uint64_t number = viewer->consumer.next;
    bool need_key = viewer->consumer.need_key;
    bool jumped = false;
    const struct srs_packet *packet =
        srs_consumer_peek(&viewer->consumer, &number, &need_key, &jumped);
    bool data_only = viewer->consumer.source->data_only;
    while (packet != NULL && packet->head.kind == SRS_KIND_DATA && !data_only) {
        number++;
        packet = srs_consumer_peek(&viewer->consumer, &number, &need_key, &jumped);
    }
    if (packet == NULL) {
        viewer->consumer.next = number;
        viewer->consumer.need_key = need_key;
    }
    return packet;
}

// `bravo_atc` in onMetaData, a boolean or the word that SRS looks for.
static bool metadata_asks_for_atc(const struct srs_packet *metadata)
{
    struct srs_rd in = srs_rd_init(metadata->payload, metadata->head.size);
    struct srs_span name;
    struct srs_span value;
    struct srs_span word = {NULL, 0};
    bool yes = false;
    srs_err err = srs_amf0_read_string(&in, &name);
    if (!err)
        err = srs_amf0_read_any(&in, &value);
    if (err) {
        srs_err_drop(err, "metadata that cannot be read asks for nothing");
        return false;
    }
    if (!srs_amf0_find_boolean(value, "bravo_atc", &yes))
        yes = srs_amf0_find_string(value, "bravo_atc", &word) && srs_amf0_equals(word, "true");
    return yes;
}

static void set_clock(struct srs_viewer *viewer, const struct srs_packet_head *first)
{
    const struct srs_packet *metadata = viewer->consumer.source->metadata;
    struct srs_mux_state *state = &viewer->state;
    state->times = (uint8_t)viewer->options.times;
    if (viewer->options.atc_auto && metadata != NULL && metadata_asks_for_atc(metadata))
        state->times = SRS_VIEWER_ABSOLUTE;
    if (state->times == SRS_VIEWER_FROM_ZERO)
        state->zero = first->dts;
    else if (state->times == SRS_VIEWER_SENDER_FROM_ZERO)
        state->zero = first->dts - first->moved;
    state->start_ms = srs_mux_time_ms(state, first);
}

// Who waits for a publisher waits for somebody else.
static void count_join(const struct srs_viewer *viewer)
{
    const struct srs_source *source = viewer->consumer.source;
    const struct srs_viewer_stats *stats = &viewer->stats;
    if (viewer->seen != NULL && source->publisher != NULL &&
        source->published_at <= stats->joined_at)
        srs_histogram_add(&viewer->seen->join, stats->first_media_at - stats->joined_at);
}

static void start(struct srs_viewer *viewer)
{
    const struct srs_packet *first = first_media(viewer);
    if (first == NULL)
        return;
    viewer->started = true;
    viewer->stats.first_media_at = srs_now();
    count_join(viewer);
    set_clock(viewer, &first->head);
    viewer->opening = srs_mux_opening_new(&viewer->options.params, viewer->consumer.source);
    viewer->ahead = srs_buf_size(&viewer->pending);
}

// How many packets may go now: one, or what an interval shorter than a timer's turn comes to.
static unsigned paced_packets(const struct srs_viewer *viewer)
{
    srs_usec late = srs_now() - viewer->paced_until;
    if (late < 0)
        return 0;
    srs_usec most = 1 + (late < PACE_TURN ? late : PACE_TURN) / viewer->options.send_interval;
    return most < PACE_PACKETS ? (unsigned)most : PACE_PACKETS;
}

static void add_packets(struct srs_viewer *viewer, struct srs_writer *writer)
{
    if (viewer->options.send_interval > 0)
        writer->most = writer->count + paced_packets(viewer);
    while (!writer->gather.full && writer->count < writer->most) {
        uint64_t from = writer->next;
        bool jumped = false;
        struct srs_packet *packet =
            srs_consumer_peek(&viewer->consumer, &writer->next, &writer->need_key, &jumped);
        writer->lost = jumped ? writer->next - from : 0;
        if (jumped)
            srs_mux_state_jump(&writer->state);
        if (packet == NULL)
            return;
        if ((viewer->muted & 1U << packet->head.kind) != 0) {
            writer->next++;
            continue;
        }
        add_mark(writer, SRS_WRITER_PACKET, packet);
        viewer->options.mux->packet(&viewer->options.params, &writer->state, packet,
                                    &writer->gather);
        writer->next++;
    }
    if (writer->count == SRS_WRITER_MARKS) // empty packets take no iovecs
        writer->gather.full = true;
}

static void add_pending(struct srs_writer *writer, struct srs_span bytes)
{
    if (bytes.size == 0)
        return;
    add_mark(writer, SRS_WRITER_PENDING, NULL);
    srs_gather_ref(&writer->gather, bytes.bytes, bytes.size);
}

// Sent in part it is the first of all.
static void add_opening(struct srs_viewer *viewer, struct srs_writer *writer)
{
    add_mark(writer, SRS_WRITER_OPENING, NULL);
    if (viewer->offset > 0)
        writer->gather.skip = viewer->offset;
    viewer->options.mux->start(&viewer->options.params, &writer->state, viewer->opening,
                               &writer->gather);
}

static void build_stream(struct srs_viewer *viewer, struct srs_writer *writer)
{
    struct srs_gather *gather = &writer->gather;
    struct srs_span pending = srs_buf_span(&viewer->pending);
    srs_gather_begin(gather, viewer->frame_left > 0 ? viewer->frame_left : WRITE_BYTES);
    writer->state = viewer->state;
    writer->next = viewer->consumer.next;
    writer->need_key = viewer->consumer.need_key;
    writer->count = 0;
    writer->most = SRS_WRITER_MARKS;
    writer->lost = 0;
    if (viewer->held != NULL) {
        add_mark(writer, SRS_WRITER_HELD, viewer->held);
        gather->skip = viewer->offset;
        viewer->options.mux->packet(&viewer->options.params, &writer->state, viewer->held, gather);
    }
    size_t ahead = viewer->opening != NULL ? viewer->ahead : 0;
    add_pending(writer, (struct srs_span){pending.bytes, ahead});
    if (viewer->opening != NULL)
        add_opening(viewer, writer);
    if (pending.size > ahead)
        add_pending(writer, (struct srs_span){pending.bytes + ahead, pending.size - ahead});
    if (viewer->consumer.source != NULL && viewer->started)
        add_packets(viewer, writer);
}

static size_t write_head(const struct srs_viewer *viewer, uint8_t *out, size_t size)
{
    return viewer->options.framing == SRS_VIEWER_WEBSOCKET
               ? srs_websocket_head(out, SRS_WEBSOCKET_BINARY, size)
               : srs_http_chunk_head(out, size);
}

// Puts the chunk's or frame's head and tail around what was gathered; `head` lives until the write.
static void build_frame(const struct srs_viewer *viewer, struct srs_writer *writer,
                        uint8_t head[REST_MAX + SRS_HTTP_CHUNK_HEAD_MAX])
{
    struct srs_gather *gather = &writer->gather;
    bool framed = viewer->options.framing != SRS_VIEWER_PLAIN && gather->bytes > 0;
    size_t size = viewer->frame_rest_size;
    memcpy(head, viewer->frame_rest, size);
    writer->new_frame = framed && viewer->frame_left == 0;
    if (writer->new_frame)
        size += write_head(viewer, head + size, gather->bytes);
    writer->head_size = size;
    gather->iov[0] = (struct iovec){.iov_base = head, .iov_len = size};
    bool completes = framed && viewer->options.framing == SRS_VIEWER_HTTP_CHUNKED &&
                     (writer->new_frame || viewer->frame_left == gather->bytes);
    writer->tail_size = completes ? TAIL_SIZE : 0;
    gather->iov[gather->count + 1] = srs_iov(SRS_HTTP_CHUNK_TAIL, TAIL_SIZE);
}

// --- after the write ----------------------------------------------------------------------------

static void keep_rest(struct srs_viewer *viewer, const void *bytes, size_t size)
{
    memcpy(viewer->frame_rest, bytes, size);
    viewer->frame_rest_size = (uint8_t)size;
}

// Takes the framing off: how many bytes of the stream itself were sent.
static size_t settle_frame(struct srs_viewer *viewer, const struct srs_writer *writer, size_t sent)
{
    const struct srs_gather *gather = &writer->gather;
    const uint8_t *head = gather->iov[0].iov_base;
    viewer->frame_rest_size = 0;
    if (writer->new_frame)
        viewer->frame_left = gather->bytes;
    if (sent < writer->head_size) {
        keep_rest(viewer, head + sent, writer->head_size - sent);
        return 0;
    }
    sent -= writer->head_size;
    size_t tail_sent = sent > gather->bytes ? sent - gather->bytes : 0;
    sent -= tail_sent;
    if (viewer->options.framing != SRS_VIEWER_PLAIN)
        viewer->frame_left -= sent;
    if (sent == gather->bytes && tail_sent < writer->tail_size)
        keep_rest(viewer, &SRS_HTTP_CHUNK_TAIL[tail_sent], writer->tail_size - tail_sent);
    return sent;
}

// Each build finds a jump again until the cursor has moved behind it, which is when it counts.
static void count_jump(struct srs_viewer *viewer, uint64_t lost)
{
    viewer->stats.jumps += lost > 0;
    viewer->stats.skipped += lost;
    if (lost == 0)
        return;
    if (viewer->consumer.source != NULL)
        viewer->consumer.source->stats.skipped += lost;
    if (viewer->seen != NULL) {
        viewer->seen->jumps++;
        viewer->seen->skipped += lost;
    }
}

// What was there before the viewer came says nothing about how long we take.
static void count_delay(struct srs_viewer *viewer, const struct srs_packet *packet, srs_usec now)
{
    srs_usec arrived = packet->head.arrived;
    struct srs_source *source = viewer->consumer.source;
    viewer->seen->packets++;
    if (arrived < viewer->stats.joined_at)
        return;
    srs_histogram_add(&viewer->seen->delay, now - arrived);
    if (source != NULL) {
        source->stats.delay += now - arrived;
        source->stats.delayed++;
    }
}

static void consume_pending(struct srs_viewer *viewer, size_t size)
{
    srs_buf_consume(&viewer->pending, size);
    if (viewer->opening != NULL)
        viewer->ahead -= size;
}

static void end_part(struct srs_viewer *viewer, const struct srs_writer_mark *mark, size_t size,
                     srs_usec now)
{
    if (mark->part == SRS_WRITER_PENDING) {
        consume_pending(viewer, size);
        return;
    }
    if (mark->part == SRS_WRITER_OPENING) {
        srs_mux_opening_free(viewer->opening);
        viewer->opening = NULL;
        viewer->offset = 0;
        return;
    }
    count_jump(viewer, mark->lost);
    if (viewer->seen != NULL)
        count_delay(viewer, mark->packet, now);
    if (mark->part == SRS_WRITER_HELD) {
        srs_packet_unref(viewer->held);
        viewer->held = NULL;
        viewer->offset = 0;
    }
    viewer->stats.packets++;
}

// The write stopped `into` bytes behind the beginning of this part.
static void stop_in(struct srs_viewer *viewer, const struct srs_writer_mark *mark, size_t into)
{
    viewer->state = mark->before;
    viewer->consumer.next = mark->number;
    viewer->consumer.need_key = mark->need_key;
    count_jump(viewer, mark->lost);
    if (mark->part == SRS_WRITER_PENDING) {
        consume_pending(viewer, into);
    } else if (mark->part == SRS_WRITER_HELD || mark->part == SRS_WRITER_OPENING) {
        viewer->offset = into;
    } else if (into > 0) {
        viewer->held = srs_packet_ref(mark->packet);
        viewer->offset = into;
        viewer->consumer.next++;
    }
}

// `sent` bytes of the stream went out: moves the viewer behind them.
static void settle(struct srs_viewer *viewer, const struct srs_writer *writer, size_t sent)
{
    size_t wire = sent + viewer->offset; // marks count from the beginning of the held packet
    srs_usec now = srs_now();
    for (unsigned i = 0; i < writer->count; i++) {
        const struct srs_writer_mark *mark = &writer->marks[i];
        size_t end = i + 1 < writer->count ? writer->marks[i + 1].start : writer->gather.wire;
        if (wire < end) {
            stop_in(viewer, mark, wire - mark->start);
            return;
        }
        end_part(viewer, mark, end - mark->start, now);
    }
    count_jump(viewer, writer->lost);
    viewer->state = writer->state;
    viewer->consumer.next = writer->next;
    viewer->consumer.need_key = writer->need_key;
}

static void set_blocked(struct srs_viewer *viewer, bool progress)
{
    if (!viewer->blocked || progress)
        viewer->blocked_since = srs_now();
    if (!viewer->blocked)
        srs_conn_poke(viewer->conn); // its coroutine waits for room from here on
    viewer->blocked = true;
}

// Sends what goes between two frames, if this is such a place; true when nothing of it is left.
static bool write_between(struct srs_viewer *viewer)
{
    struct srs_span bytes = srs_buf_span(&viewer->between);
    if (!srs_viewer_is_between_frames(viewer))
        return true;
    struct iovec iov = srs_iov(bytes.bytes, bytes.size);
    size_t sent = 0;
    srs_err err = srs_conn_write_now(viewer->conn, &iov, 1, &sent);
    if (err && err != SRS_E_AGAIN) {
        fail(viewer, err);
        return false;
    }
    srs_buf_consume(&viewer->between, sent);
    if (sent < bytes.size)
        set_blocked(viewer, sent > 0);
    return sent == bytes.size;
}

// True when all of it went and there is more.
static bool write_once(struct srs_viewer *viewer)
{
    struct srs_writer *writer = viewer->writer;
    struct srs_gather *gather = &writer->gather;
    uint8_t head[REST_MAX + SRS_HTTP_CHUNK_HEAD_MAX];
    if (srs_buf_size(&viewer->between) > 0 && !write_between(viewer))
        return false;
    build_stream(viewer, writer);
    build_frame(viewer, writer, head);
    size_t offered = writer->head_size + gather->bytes + writer->tail_size;
    if (offered == 0) {
        settle(viewer, writer, 0); // packets that this viewer skips
        viewer->blocked = false;
        return false;
    }
    unsigned first = writer->head_size > 0 ? 0 : 1;
    unsigned count = gather->count + 1 - first + (writer->tail_size > 0 ? 1 : 0);
    size_t sent = 0;
    srs_err err = srs_conn_write_now(viewer->conn, &gather->iov[first], (int)count, &sent);
    if (err == SRS_E_AGAIN) {
        set_blocked(viewer, false);
        return false;
    }
    if (err) {
        fail(viewer, err);
        return false;
    }
    if (viewer->consumer.source != NULL)
        viewer->consumer.source->stats.bytes_out += sent;
    bool more = gather->full;
    settle(viewer, writer, settle_frame(viewer, writer, sent));
    if (viewer->state.told != viewer->told) {
        viewer->told = viewer->state.told;
        srs_conn_poke(viewer->conn);
    }
    if (sent < offered) {
        set_blocked(viewer, sent > 0);
        return false;
    }
    viewer->blocked = false;
    return more || (srs_buf_size(&viewer->between) > 0 && srs_viewer_is_between_frames(viewer));
}

// One write; what waits in the log for its time is then the viewer's own coroutine's to send.
static void flush_paced(struct srs_viewer *viewer)
{
    uint64_t before = viewer->stats.packets;
    if (viewer->failed)
        return;
    viewer->more = write_once(viewer);
    uint64_t sent = viewer->stats.packets - before;
    if (sent > 0) {
        srs_usec now = srs_now();
        srs_usec from =
            viewer->paced_until < now - PACE_TURN ? now - PACE_TURN : viewer->paced_until;
        viewer->paced_until = from + (srs_usec)sent * viewer->options.send_interval;
    }
    const struct srs_source *source = viewer->consumer.source;
    bool paced = !viewer->failed && !viewer->blocked && source != NULL && viewer->started &&
                 viewer->consumer.next < source->log.next;
    if (viewer->more || (paced && !viewer->paced))
        srs_conn_poke(viewer->conn);
    viewer->paced = paced;
}

void srs_viewer_flush(struct srs_viewer *viewer)
{
    viewer->more = false;
    if (viewer->failed || (viewer->blocked && !srs_conn_writable(viewer->conn)))
        return;
    if (!viewer->started && viewer->consumer.source != NULL)
        start(viewer);
    if (viewer->options.send_interval > 0) {
        flush_paced(viewer);
        return;
    }
    for (unsigned i = 0; i < FLUSH_WRITES; i++)
        if (viewer->failed || !write_once(viewer))
            return;
    viewer->more = true;
    srs_conn_poke(viewer->conn);
}

// Room may have been found meanwhile, by a flush of the beat.
static SRS_ERR check_stall(const struct srs_viewer *viewer)
{
    if (viewer->blocked && srs_now() >= viewer->blocked_since + viewer->options.send_timeout)
        return srs_fail(SRS_E_SEND_TIMEOUT, "viewer took nothing for %lld s",
                        (long long)(viewer->options.send_timeout / SRS_SEC));
    return SRS_OK;
}

// Waits for input, for room when blocked, for a poke, or for the earlier of the two deadlines;
// which it was is seen from the viewer's state.
static SRS_YIELDS SRS_ERR wait_socket(struct srs_viewer *viewer, srs_usec deadline)
{
    bool blocked = viewer->blocked;
    srs_usec limit = blocked         ? viewer->blocked_since + viewer->options.send_timeout
                     : viewer->paced ? viewer->paced_until
                                     : SRS_NEVER;
    unsigned want = SRS_CONN_READABLE | (blocked ? SRS_CONN_WRITABLE : 0);
    srs_err err = srs_conn_wait(viewer->conn, want, limit < deadline ? limit : deadline);
    if (err != SRS_E_SOCKET_TIMEOUT || srs_now() >= deadline)
        return err;
    return check_stall(viewer);
}

SRS_YIELDS SRS_ERR srs_viewer_wait(struct srs_viewer *viewer, srs_usec deadline)
{
    srs_co_may_yield();
    for (;;) {
        if (viewer->more || viewer->blocked || viewer->paced) {
            srs_viewer_flush(viewer);
            if (!viewer->blocked)
                srs_consumer_caught_up(&viewer->consumer);
        }
        if (viewer->failed) {
            srs_err_restore(viewer->story);
            viewer->story = NULL;
            return srs_wrap(viewer->failed, "viewer's socket");
        }
        if (srs_conn_readable(viewer->conn)) // a peer that talks must take its bytes too
            return srs_co_canceled() ? srs_bare(SRS_E_CANCELED) : check_stall(viewer);
        bool busy = viewer->more;
        srs_err err = busy ? srs_co_give_way() : wait_socket(viewer, deadline);
        if (err || viewer->ended || !(busy || viewer->blocked || viewer->more || viewer->paced))
            return err;
    }
}

bool srs_viewer_is_idle(const struct srs_viewer *viewer)
{
    return viewer->held == NULL && viewer->opening == NULL && srs_buf_size(&viewer->pending) == 0 &&
           srs_buf_size(&viewer->between) == 0 && srs_viewer_is_between_frames(viewer);
}

bool srs_viewer_is_between_frames(const struct srs_viewer *viewer)
{
    return viewer->frame_left == 0 && viewer->frame_rest_size == 0;
}

srs_usec srs_viewer_queue_age(const struct srs_viewer *viewer)
{
    const struct srs_source *source = viewer->consumer.source;
    if (source == NULL)
        return 0;
    const struct srs_packet_log *log = &source->log;
    uint64_t next = viewer->consumer.next < log->first ? log->first : viewer->consumer.next;
    return next < log->next ? srs_now() - srs_packet_log_at(log, next)->head.arrived : 0;
}
