// FLV (Adobe FLV 10.1, annex E): file header, then tags, each with its PreviousTagSize behind it.
#include "codec/flv.h"
#include "server/deliver/mux.h"

static void put_tag(struct srs_mux_state *state, const struct srs_mux_body *body, unsigned kind,
                    uint32_t ms, struct srs_gather *gather)
{
    uint8_t bytes[SRS_FLV_TAG_SIZE + sizeof body->head];
    size_t size = srs_mux_body_size(body);
    size_t split = body->middle.size > 0 ? 1 : body->head_size;
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_flv_tag_write(
        &wr, &(struct srs_flv_tag){.type = body->type, .size = (uint32_t)size, .timestamp = ms});
    srs_wr_bytes(&wr, body->head, split);
    srs_gather_copy(gather, bytes, wr.size);
    if (split < body->head_size) {
        srs_gather_ref(gather, body->middle.bytes, body->middle.size);
        srs_gather_copy(gather, body->head + split, body->head_size - split);
    }
    srs_gather_ref(gather, body->payload.bytes, body->payload.size);
    wr = srs_wr_init(bytes, sizeof bytes);
    srs_wr_u32(&wr, (uint32_t)(SRS_FLV_TAG_SIZE + size));
    srs_gather_copy(gather, bytes, wr.size);
    state->last_ms[kind] = ms;
}

static void announce(const struct srs_mux_params *params, struct srs_mux_state *state,
                     const struct srs_track *track, uint32_t ms, struct srs_gather *gather)
{
    struct srs_mux_body bodies[SRS_MUX_ANNOUNCE_MAX];
    if (state->announced[track->slot] == track->version)
        return;
    state->announced[track->slot] = track->version;
    unsigned count = srs_mux_track_bodies(params, track, bodies);
    for (unsigned i = 0; i < count; i++)
        put_tag(state, &bodies[i], track->kind, ms, gather);
}

static void flv_start(const struct srs_mux_params *params, struct srs_mux_state *state,
                      const struct srs_mux_opening *opening, struct srs_gather *gather)
{
    uint8_t bytes[SRS_FLV_HEADER_SIZE + SRS_FLV_PREVIOUS_SIZE];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    struct srs_flv_header header = {0};
    for (unsigned i = 0; i < opening->count; i++) {
        header.has_video |= opening->tracks[i]->kind == SRS_KIND_VIDEO;
        header.has_audio |= opening->tracks[i]->kind == SRS_KIND_AUDIO;
    }
    srs_flv_header_write(&wr, &header);
    srs_wr_u32(&wr, 0);
    srs_gather_copy(gather, bytes, wr.size);
    if (opening->metadata != NULL) {
        struct srs_mux_body body = srs_mux_packet_body(params, opening->metadata);
        put_tag(state, &body, SRS_KIND_DATA, state->start_ms, gather);
    }
    for (unsigned i = 0; i < opening->count; i++)
        announce(params, state, opening->tracks[i], state->start_ms, gather);
}

static void flv_packet(const struct srs_mux_params *params, struct srs_mux_state *state,
                       struct srs_packet *packet, struct srs_gather *gather)
{
    if (!srs_mux_wants(params, state, packet))
        return;
    uint32_t ms = srs_mux_time_ms(state, &packet->head);
    struct srs_mux_body body = srs_mux_packet_body(params, packet);
    if (state->announced[packet->track->slot] != packet->track->version)
        announce(params, state, packet->track, ms, gather);
    put_tag(state, &body, packet->head.kind, ms, gather);
}

const struct srs_mux srs_mux_flv = {.name = "flv", .start = flv_start, .packet = flv_packet};
