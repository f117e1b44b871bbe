// RTMP messages in chunks (RTMP 1.0 section 5.3). A viewer's first message of each kind, and the
// first after a jump, has a full header; all others have the delta, so that an extended timestamp
// is rare.
#include "core/mem.h"
#include "protocol/rtmp/chunk.h"
#include "protocol/rtmp/server.h"
#include "server/deliver/mux.h"
#include <stdio.h>

enum {
    // Any would do; SRS uses 4 and 6 for media. Each kind has its own, so that deltas are between
    // messages of a kind.
    CSID_AUDIO = 4,
    CSID_VIDEO = 6,
    CSID_DATA = 7,
    EXTENDED = 0xFFFFFF,
    STATUS_MAX = 384, // an onStatus with a description of 128 bytes
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

static struct chunked *chunked_new(const struct srs_mux_body *body,
                                   const struct srs_rtmp_head *head, uint32_t chunk_size)
{
    size_t whole = srs_mux_body_size(body);
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

// A message's chunks in the making.
struct chunks {
    uint32_t chunk_size;
    size_t room; // in the current one
    size_t between_size;
    uint8_t between[SRS_RTMP_CONTINUATION_MAX];
};

// At the start of a chunk: passes over the chunks of a part that were sent before, or that no
// longer fit. A message of a hundred thousand chunks goes out in hundreds of writes: they are
// reckoned, not walked. Returns the bytes of the part; the last chunk is left, for what is behind
// it.
static size_t pass_chunks(const struct chunks *chunks, size_t left, struct srs_gather *gather)
{
    size_t step = chunks->chunk_size + chunks->between_size;
    size_t whole = left > 0 ? (left - 1) / chunks->chunk_size : 0;
    size_t gone = gather->full ? whole : gather->skip / step;
    gone = gone < whole ? gone : whole;
    if (gone > 0)
        srs_gather_pass(gather, gone * step);
    return gone * chunks->chunk_size;
}

static void put_part(struct chunks *chunks, struct srs_span part, bool copy,
                     struct srs_gather *gather)
{
    for (size_t at = 0; at < part.size;) {
        if (chunks->room == 0) {
            srs_gather_copy(gather, chunks->between, chunks->between_size);
            chunks->room = chunks->chunk_size;
        }
        if (chunks->room == chunks->chunk_size)
            at += pass_chunks(chunks, part.size - at, gather);
        size_t n = part.size - at < chunks->room ? part.size - at : chunks->room;
        if (copy)
            srs_gather_copy(gather, part.bytes + at, n);
        else
            srs_gather_ref(gather, part.bytes + at, n);
        at += n;
        chunks->room -= n;
    }
}

// For messages with an extended timestamp, which each continuation repeats, for chunk sizes other
// than the form's, and for bodies that only some viewers get.
static void put_chunks(const struct srs_mux_body *body, const struct srs_rtmp_head *head,
                       uint32_t chunk_size, struct srs_gather *gather)
{
    struct chunks chunks = {.chunk_size = chunk_size, .room = chunk_size};
    size_t split = body->middle.size > 0 ? 1 : body->head_size;
    chunks.between_size = srs_rtmp_chunk_continuation(chunks.between, head);
    put_part(&chunks, (struct srs_span){body->head, split}, true, gather);
    put_part(&chunks, body->middle, false, gather);
    put_part(&chunks, (struct srs_span){body->head + split, body->head_size - split}, true, gather);
    put_part(&chunks, body->payload, false, gather);
}

static void put_body(const struct srs_mux_params *params, const struct srs_mux_body *body,
                     const struct srs_rtmp_head *head, struct srs_packet *packet,
                     struct srs_gather *gather)
{
    bool extended = head->time >= EXTENDED;
    struct chunked *form = NULL;
    if (packet != NULL && body->common && !extended) {
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
                                 .length = (uint32_t)srs_mux_body_size(body),
                                 .msid = params->msid};
    uint8_t bytes[SRS_RTMP_HEADER_MAX + sizeof body->head];
    size_t size = srs_rtmp_chunk_header(bytes, &head);
    if (head.length <= params->chunk_size && body->middle.size == 0) {
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

// A player that does not take a codec is told so where the track would have been announced.
static void refuse(const struct srs_mux_params *params, struct srs_mux_state *state,
                   const struct srs_track *track, struct srs_gather *gather)
{
    char text[128];
    uint8_t bytes[STATUS_MAX];
    uint8_t header[SRS_RTMP_HEADER_MAX];
    if ((state->told >> track->codec & 1U) != 0)
        return;
    state->told |= (uint16_t)(1U << track->codec);
    (void)snprintf(text, sizeof text,
                   "The %s is %s, which this player does not list; it is left out.",
                   srs_kind_name(track->kind), srs_codec_name(track->codec));
    struct srs_rtmp_status status = {
        .level = "warning", .code = "NetStream.Play.UnsupportedCodec", .description = text};
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_rtmp_on_status_write(&wr, &status);
    struct srs_rtmp_head head = {.type = SRS_RTMP_COMMAND,
                                 .csid = SRS_RTMP_CSID_STATUS,
                                 .length = (uint32_t)wr.size,
                                 .msid = params->msid};
    struct chunks chunks = {.chunk_size = params->chunk_size, .room = params->chunk_size};
    chunks.between_size = srs_rtmp_chunk_continuation(chunks.between, &head);
    srs_gather_copy(gather, header, srs_rtmp_chunk_header(header, &head));
    put_part(&chunks, (struct srs_span){bytes, wr.size}, true, gather);
}

static void announce(const struct srs_mux_params *params, struct srs_mux_state *state,
                     const struct srs_track *track, uint32_t ms, struct srs_gather *gather)
{
    struct srs_mux_body bodies[SRS_MUX_ANNOUNCE_MAX];
    if (state->announced[track->slot] == track->version)
        return;
    state->announced[track->slot] = track->version;
    if (srs_mux_refuses(params, track)) {
        refuse(params, state, track, gather);
        return;
    }
    unsigned count = srs_mux_track_bodies(params, track, bodies);
    for (unsigned i = 0; i < count; i++)
        put_message(params, state, &(struct message){&bodies[i], track->kind, ms, NULL}, gather);
}

static void rtmp_start(const struct srs_mux_params *params, struct srs_mux_state *state,
                       const struct srs_mux_opening *opening, struct srs_gather *gather)
{
    if (opening->metadata != NULL) {
        struct srs_mux_body body = srs_mux_packet_body(params, opening->metadata);
        put_message(params, state, &(struct message){&body, SRS_KIND_DATA, state->start_ms, NULL},
                    gather);
    }
    for (unsigned i = 0; i < opening->count; i++)
        announce(params, state, opening->tracks[i], state->start_ms, gather);
}

static void rtmp_packet(const struct srs_mux_params *params, struct srs_mux_state *state,
                        struct srs_packet *packet, struct srs_gather *gather)
{
    if (!srs_mux_wants(params, state, packet))
        return;
    uint32_t ms = srs_mux_time_ms(state, &packet->head);
    if (state->announced[packet->track->slot] != packet->track->version)
        announce(params, state, packet->track, ms, gather);
    if (srs_mux_refuses(params, packet->track))
        return;
    struct srs_mux_body body = srs_mux_packet_body(params, packet);
    put_message(params, state, &(struct message){&body, packet->head.kind, ms, packet}, gather);
}

const struct srs_mux srs_mux_rtmp = {.name = "rtmp", .start = rtmp_start, .packet = rtmp_packet};
