// What RTMP and FLV have in common: message bodies are tag bodies (Adobe FLV 10.1, annex E.4).
#include "server/deliver/mux.h"
#include "codec/flv.h"

enum { JUMP_MS = 250 }; // the timeline's own bound

static void put_cts(uint8_t head[5], const struct srs_packet *packet)
{
    srs_usec pts_ms = packet->head.pts / SRS_MSEC;
    srs_usec dts_ms = packet->head.dts / SRS_MSEC;
    uint32_t cts = (uint32_t)(pts_ms - dts_ms);
    head[2] = (uint8_t)(cts >> 16);
    head[3] = (uint8_t)(cts >> 8);
    head[4] = (uint8_t)cts;
}

static uint8_t tag_type(uint8_t kind)
{
    static const uint8_t types[SRS_KINDS] = {SRS_FLV_VIDEO, SRS_FLV_AUDIO, SRS_FLV_SCRIPT};
    return types[kind];
}

struct srs_mux_body srs_mux_packet_body(const struct srs_packet *packet)
{
    struct srs_mux_body body = {.type = tag_type(packet->head.kind),
                                .payload = {packet->payload, packet->head.size}};
    if (packet->head.codec == SRS_CODEC_AVC) {
        unsigned frame = (packet->head.flags & SRS_PACKET_KEY) != 0 ? SRS_FLV_FRAME_KEY
                         : (packet->head.flags & SRS_PACKET_DISPOSABLE) != 0
                             ? SRS_FLV_FRAME_DISPOSABLE
                             : SRS_FLV_FRAME_INTER;
        body.head_size = 5;
        body.head[0] = (uint8_t)(frame << 4 | SRS_FLV_CODEC_AVC);
        body.head[1] = SRS_FLV_AVC_NALU;
        put_cts(body.head, packet);
    } else if (packet->head.codec == SRS_CODEC_AAC) {
        body.head_size = 2;
        body.head[0] = 0xAF; // AAC, and by convention 44 kHz, 16 bit, stereo
        body.head[1] = SRS_FLV_AAC_RAW;
    }
    return body;
}

bool srs_mux_track_body(const struct srs_track *track, struct srs_mux_body *out)
{
    if (track->config_size == 0)
        return false;
    *out = (struct srs_mux_body){.type = tag_type((uint8_t)track->kind),
                                 .payload = {track->config, track->config_size}};
    if (track->codec == SRS_CODEC_AVC) {
        out->head_size = 5;
        out->head[0] = SRS_FLV_FRAME_KEY << 4 | SRS_FLV_CODEC_AVC;
        out->head[1] = SRS_FLV_AVC_SEQUENCE_HEADER;
    } else if (track->codec == SRS_CODEC_AAC) {
        out->head_size = 2;
        out->head[0] = 0xAF;
        out->head[1] = SRS_FLV_AAC_SEQUENCE_HEADER;
    }
    return true;
}

// A publisher that begins its clock anew is not to stand still until it has caught up with the
// zero; tracks that begin a little earlier are no such case.
static uint32_t sender_ms(struct srs_mux_state *state, const struct srs_packet_head *head)
{
    srs_usec dts = head->dts - head->moved;
    srs_usec out = dts / SRS_MSEC - state->zero / SRS_MSEC;
    if (state->times == SRS_VIEWER_ABSOLUTE)
        return (uint32_t)out;
    if (out < -JUMP_MS && head->kind != SRS_KIND_DATA) // data may carry any time
        state->zero = dts;
    return out > 0 ? (uint32_t)out : 0;
}

uint32_t srs_mux_time_ms(struct srs_mux_state *state, const struct srs_packet_head *head)
{
    if (state->times != SRS_VIEWER_FROM_ZERO)
        return sender_ms(state, head);
    srs_usec out = head->dts / SRS_MSEC - state->zero / SRS_MSEC;
    return out > 0 ? (uint32_t)out : 0;
}
