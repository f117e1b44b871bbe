// FLV (Adobe FLV 10.1, annex E): file header, then tags, each with its PreviousTagSize behind it.
#include "codec/flv.h"
#include "server/deliver/mux.h"

static void put_tag(struct srs_mux_state *state, const struct srs_mux_body *body, unsigned kind,
                    uint32_t ms, struct srs_gather *gather)
{
    uint8_t bytes[SRS_FLV_TAG_SIZE + sizeof body->head];
    size_t size = body->head_size + body->payload.size;
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_flv_tag_write(
        &wr, &(struct srs_flv_tag){.type = body->type, .size = (uint32_t)size, .timestamp = ms});
    srs_wr_bytes(&wr, body->head, body->head_size);
    srs_gather_copy(gather, bytes, wr.size);
    srs_gather_ref(gather, body->payload.bytes, body->payload.size);
    wr = srs_wr_init(bytes, sizeof bytes);
    srs_wr_u32(&wr, (uint32_t)(SRS_FLV_TAG_SIZE + size));
    srs_gather_copy(gather, bytes, wr.size);
    state->last_ms[kind] = ms;
}

static void announce(struct srs_mux_state *state, const struct srs_track *track, uint32_t ms,
                     struct srs_gather *gather)
{
    struct srs_mux_body body;
    if (state->announced[track->kind] == track->version)
        return;
    state->announced[track->kind] = track->version;
    if (srs_mux_track_body(track, &body))
        put_tag(state, &body, track->kind, ms, gather);
}

static void flv_start(const struct srs_mux_params *params, struct srs_mux_state *state,
                      const struct srs_source *source, struct srs_gather *gather)
{
    (void)params;
    uint8_t bytes[SRS_FLV_HEADER_SIZE + SRS_FLV_PREVIOUS_SIZE];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    const struct srs_track *video = srs_source_track(source, SRS_KIND_VIDEO, -1);
    const struct srs_track *audio = srs_source_track(source, SRS_KIND_AUDIO, -1);
    srs_flv_header_write(
        &wr, &(struct srs_flv_header){.has_audio = audio != NULL, .has_video = video != NULL});
    srs_wr_u32(&wr, 0);
    srs_gather_copy(gather, bytes, wr.size);
    if (source->metadata != NULL) {
        struct srs_mux_body body = srs_mux_packet_body(source->metadata);
        put_tag(state, &body, SRS_KIND_DATA, state->start_ms, gather);
    }
    if (video != NULL)
        announce(state, video, state->start_ms, gather);
    if (audio != NULL)
        announce(state, audio, state->start_ms, gather);
}

static void flv_packet(const struct srs_mux_params *params, struct srs_mux_state *state,
                       struct srs_packet *packet, struct srs_gather *gather)
{
    (void)params;
    uint32_t ms = srs_mux_time_ms(state, &packet->head);
    struct srs_mux_body body = srs_mux_packet_body(packet);
    announce(state, packet->track, ms, gather);
    put_tag(state, &body, packet->head.kind, ms, gather);
}

const struct srs_mux srs_mux_flv = {.name = "flv", .start = flv_start, .packet = flv_packet};
