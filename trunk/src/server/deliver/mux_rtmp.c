// RTMP messages in chunks (RTMP 1.0 section 5.3). A viewer's first message of each kind, and the
// first after a jump, has a full header; all others have the delta, so that an extended timestamp
// is rare.
#include "core/mem.h"
#include "protocol/rtmp/chunk.h"
#include "server/deliver/mux.h"

enum {
    // Any would do; SRS uses 4 and 6 for media. Each kind has its own, so that deltas are between
    // messages of a kind.
    CSID_AUDIO = 4,
    CSID_VIDEO = 6,
    CSID_DATA = 7,
    EXTENDED = 0xFFFFFF,
};

// The body in chunks of one size, without the first header: made once a packet, for all viewers.
struct chunked {
    uint32_t chunk_size;
    size_t size;
    uint8_t bytes[];
};

static void chunked_free(void *form)
{
    srs_free(form);
    srs_live_add(SRS_LIVE_FORM, -1);
}

static size_t chunked_bytes(const void *form)
{
    const struct chunked *chunked = form;
    return sizeof *chunked + chunked->size;
}

static const struct srs_form_ops chunked_ops = {
    .name = "rtmp-chunked", .slot = 0, .free = chunked_free, .bytes = chunked_bytes};

static uint32_t csid_of(unsigned kind)
{
    static const uint8_t csids[SRS_KINDS] = {CSID_VIDEO, CSID_AUDIO, CSID_DATA};
    return csids[kind];
}

static size_t body_size(const struct srs_mux_body *body)
{
    return body->head_size + body->payload.size;
}

static struct chunked *chunked_new(const struct srs_mux_body *body,
                                   const struct srs_rtmp_head *head, uint32_t chunk_size)
{
    size_t whole = body_size(body);
    size_t size = whole + (whole - 1) / chunk_size;
    struct chunked *form = srs_try_alloc(sizeof *form + size);
    if (form == NULL)
        return NULL;
    uint8_t between[SRS_RTMP_CONTINUATION_MAX];
    (void)srs_rtmp_chunk_continuation(between, head); // one byte for our chunk stream ids
    form->chunk_size = chunk_size;
    form->size = size;
    struct srs_wr wr = srs_wr_init(form->bytes, size);
    srs_wr_bytes(&wr, body->head, body->head_size);
    size_t room = chunk_size - body->head_size;
    for (size_t at = 0; at < body->payload.size; room = chunk_size) {
        size_t n = body->payload.size - at < room ? body->payload.size - at : room;
        srs_wr_bytes(&wr, body->payload.bytes + at, n);
        at += n;
        if (at < body->payload.size)
            srs_wr_u8(&wr, between[0]);
    }
    srs_live_add(SRS_LIVE_FORM, 1);
    return form;
}

// Chunks of a payload, from the start of one on, that have another behind them.
static size_t whole_chunks(size_t left, size_t chunk_size)
{
    return left > 0 ? (left - 1) / chunk_size : 0;
}

// For messages with an extended timestamp, which each continuation repeats, and for chunk sizes
// other than the form's. A message of a hundred thousand chunks goes out in hundreds of writes:
// what went before and what no longer fits is reckoned, not walked.
static void put_chunks(const struct srs_mux_body *body, const struct srs_rtmp_head *head,
                       uint32_t chunk_size, struct srs_gather *gather)
{
    uint8_t between[SRS_RTMP_CONTINUATION_MAX];
    size_t between_size = srs_rtmp_chunk_continuation(between, head);
    size_t room = chunk_size - body->head_size;
    srs_gather_copy(gather, body->head, body->head_size);
    for (size_t at = 0; at < body->payload.size; room = chunk_size) {
        size_t left = body->payload.size - at;
        size_t n = left < room ? left : room;
        srs_gather_ref(gather, body->payload.bytes + at, n);
        at += n;
        left -= n;
        if (left == 0)
            break;
        srs_gather_copy(gather, between, between_size);
        size_t whole = whole_chunks(left, chunk_size);
        if (gather->full) {
            srs_gather_pass(gather, left + whole * between_size);
            break;
        }
        size_t gone = gather->skip / (chunk_size + between_size);
        gone = gone < whole ? gone : whole;
        srs_gather_pass(gather, gone * (chunk_size + between_size));
        at += gone * chunk_size;
    }
}

static void put_body(const struct srs_mux_params *params, const struct srs_mux_body *body,
                     const struct srs_rtmp_head *head, struct srs_packet *packet,
                     struct srs_gather *gather)
{
    bool extended = head->time >= EXTENDED;
    struct chunked *form = NULL;
    if (packet != NULL && !extended) {
        form = srs_packet_form(packet, &chunked_ops);
        if (form == NULL) {
            form = chunked_new(body, head, params->chunk_size);
            if (form != NULL)
                srs_packet_keep_form(packet, &chunked_ops, form);
        }
    }
    if (form != NULL && form->chunk_size == params->chunk_size)
        srs_gather_ref(gather, form->bytes, form->size);
    else
        put_chunks(body, head, params->chunk_size, gather);
}

struct message {
    const struct srs_mux_body *body;
    unsigned kind;
    uint32_t ms;
    struct srs_packet *packet; // whose body it is, or NULL
};

static void put_message(const struct srs_mux_params *params, struct srs_mux_state *state,
                        const struct message *message, struct srs_gather *gather)
{
    const struct srs_mux_body *body = message->body;
    unsigned kind = message->kind;
    uint32_t ms = message->ms;
    uint32_t delta = ms - state->last_ms[kind];
    bool full = (state->fresh & 1U << kind) != 0 || delta >= EXTENDED; // also when time goes back
    struct srs_rtmp_head head = {.with_delta = !full,
                                 .type = body->type,
                                 .csid = csid_of(kind),
                                 .time = full ? ms : delta,
                                 .length = (uint32_t)body_size(body),
                                 .msid = params->msid};
    uint8_t bytes[SRS_RTMP_HEADER_MAX + sizeof body->head];
    size_t size = srs_rtmp_chunk_header(bytes, &head);
    if (head.length <= params->chunk_size) {
        memcpy(bytes + size, body->head, body->head_size);
        srs_gather_copy(gather, bytes, size + body->head_size);
        srs_gather_ref(gather, body->payload.bytes, body->payload.size);
    } else {
        srs_gather_copy(gather, bytes, size);
        put_body(params, body, &head, message->packet, gather);
    }
    state->last_ms[kind] = ms;
    state->fresh &= (uint8_t) ~(1U << kind);
}

static void announce(const struct srs_mux_params *params, struct srs_mux_state *state,
                     const struct srs_track *track, uint32_t ms, struct srs_gather *gather)
{
    struct srs_mux_body body;
    if (state->announced[track->kind] == track->version)
        return;
    state->announced[track->kind] = track->version;
    if (srs_mux_track_body(track, &body))
        put_message(params, state, &(struct message){&body, track->kind, ms, NULL}, gather);
}

static void rtmp_start(const struct srs_mux_params *params, struct srs_mux_state *state,
                       const struct srs_source *source, struct srs_gather *gather)
{
    const struct srs_track *video = srs_source_track(source, SRS_KIND_VIDEO, -1);
    const struct srs_track *audio = srs_source_track(source, SRS_KIND_AUDIO, -1);
    if (source->metadata != NULL) {
        struct srs_mux_body body = srs_mux_packet_body(source->metadata);
        put_message(params, state, &(struct message){&body, SRS_KIND_DATA, state->start_ms, NULL},
                    gather);
    }
    if (video != NULL)
        announce(params, state, video, state->start_ms, gather);
    if (audio != NULL)
        announce(params, state, audio, state->start_ms, gather);
}

static void rtmp_packet(const struct srs_mux_params *params, struct srs_mux_state *state,
                        struct srs_packet *packet, struct srs_gather *gather)
{
    uint32_t ms = srs_mux_time_ms(state, &packet->head);
    struct srs_mux_body body = srs_mux_packet_body(packet);
    announce(params, state, packet->track, ms, gather);
    put_message(params, state, &(struct message){&body, packet->head.kind, ms, packet}, gather);
}

const struct srs_mux srs_mux_rtmp = {.name = "rtmp", .start = rtmp_start, .packet = rtmp_packet};
