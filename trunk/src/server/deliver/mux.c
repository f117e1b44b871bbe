// What RTMP and FLV have in common: message bodies are tag bodies (Adobe FLV 10.1, annex E.4;
// Enhanced RTMP v2).
//
// H.264, AAC and MP3 go out in the legacy form, all other codecs by FourCC. A track of an id other
// than 0 is a multitrack message for players that take those, and looks like a single one to all
// others.
#include "server/deliver/mux.h"
#include "codec/flv.h"
#include "core/mem.h"

enum {
    JUMP_MS = 250, // the timeline's own bound
    VIDEO_ENHANCED = 0x80,
    AUDIO_ENHANCED = SRS_FLV_SOUND_ENHANCED << 4,
    AAC_SOUND = 0xAF, // AAC, and by convention 44 kHz, 16 bit, stereo
};

// --- heads --------------------------------------------------------------------------------------

static void put_cts(uint8_t *out, uint32_t cts)
{
    out[0] = (uint8_t)(cts >> 16);
    out[1] = (uint8_t)(cts >> 8);
    out[2] = (uint8_t)cts;
}

// In ms; what is below that is in the ModEx where there is one.
static uint32_t cts_of(const struct srs_packet *packet)
{
    srs_usec apart = packet->head.pts - packet->head.dts;
    if (packet->head.extra_size > 0)
        return (uint32_t)((apart - (apart < 0 ? SRS_MSEC - 1 : 0)) / SRS_MSEC);
    return (uint32_t)(packet->head.pts / SRS_MSEC - packet->head.dts / SRS_MSEC);
}

static uint8_t tag_type(uint8_t kind)
{
    static const uint8_t types[SRS_KINDS] = {SRS_FLV_VIDEO, SRS_FLV_AUDIO, SRS_FLV_SCRIPT};
    return types[kind];
}

static unsigned frame_type(const struct srs_packet *packet)
{
    return (packet->head.flags & SRS_PACKET_KEY) != 0          ? SRS_FLV_FRAME_KEY
           : (packet->head.flags & SRS_PACKET_DISPOSABLE) != 0 ? SRS_FLV_FRAME_DISPOSABLE
                                                               : SRS_FLV_FRAME_INTER;
}

static bool is_legacy(enum srs_codec codec)
{
    return codec == SRS_CODEC_AVC || codec == SRS_CODEC_AAC || codec == SRS_CODEC_MP3;
}

// Whether its messages say whose they are.
static bool is_one_of_many(const struct srs_mux_params *params, enum srs_kind kind, uint8_t id)
{
    return id != 0 && (params->caps & SRS_MUX_MULTITRACK) != 0 &&
           (params->chosen >> kind & 1U) == 0;
}

struct enhanced {
    enum srs_kind kind;
    enum srs_codec codec;
    uint8_t id;
    bool one_of_many;
    uint8_t frame_type;  // video
    uint8_t packet_type; // the real one
    struct srs_span modex;
};

// The head of a message by FourCC (see codec/flv.c for the order of its parts). The ModEx packets
// are as they came but for their last half byte, the packet type behind them.
static void put_enhanced(struct srs_mux_body *body, const struct enhanced *what)
{
    struct srs_wr wr = srs_wr_init(body->head, sizeof body->head);
    bool video = what->kind == SRS_KIND_VIDEO;
    uint8_t multitrack = video ? SRS_FLV_EX_VIDEO_MULTITRACK : SRS_FLV_EX_AUDIO_MULTITRACK;
    uint8_t type = what->one_of_many ? multitrack : what->packet_type;
    uint8_t first = video ? (uint8_t)(VIDEO_ENHANCED | what->frame_type << 4) : AUDIO_ENHANCED;
    if (what->modex.size > 0) {
        size_t last = what->modex.size - 1;
        body->middle = (struct srs_span){what->modex.bytes, last};
        srs_wr_u8(&wr, first | SRS_FLV_EX_MODEX);
        srs_wr_u8(&wr, (uint8_t)((what->modex.bytes[last] & 0xF0) | type));
    } else {
        srs_wr_u8(&wr, first | type);
    }
    if (what->one_of_many)
        srs_wr_u8(&wr, what->packet_type); // and above it 0: one track
    srs_wr_u32(&wr, srs_codec_fourcc(what->codec));
    if (what->one_of_many)
        srs_wr_u8(&wr, what->id);
    body->head_size = (uint8_t)wr.size;
}

static void put_enhanced_frame(const struct srs_mux_params *params, struct srs_mux_body *body,
                               const struct srs_packet *packet)
{
    struct enhanced what = {.kind = packet->head.kind,
                            .codec = packet->head.codec,
                            .id = packet->head.track_id,
                            .packet_type = SRS_FLV_EX_FRAMES};
    uint32_t cts = 0;
    what.one_of_many = is_one_of_many(params, what.kind, what.id);
    if ((params->caps & SRS_MUX_MODEX) != 0)
        what.modex =
            (struct srs_span){packet->payload + packet->head.size, packet->head.extra_size};
    body->common = !what.one_of_many && what.modex.size == 0;
    if (what.kind == SRS_KIND_VIDEO) {
        what.frame_type = (uint8_t)frame_type(packet);
        if (what.codec == SRS_CODEC_AVC || what.codec == SRS_CODEC_HEVC) {
            cts = cts_of(packet);
            what.packet_type = cts != 0 ? SRS_FLV_EX_FRAMES : SRS_FLV_EX_FRAMES_X;
        }
    }
    put_enhanced(body, &what);
    if (cts != 0) {
        put_cts(body->head + body->head_size, cts);
        body->head_size += 3;
    }
}

static inline void put_avc_frame(struct srs_mux_body *body, const struct srs_packet *packet)
{
    body->head_size = 5;
    body->head[0] = (uint8_t)(frame_type(packet) << 4 | SRS_FLV_CODEC_AVC);
    body->head[1] = SRS_FLV_AVC_NALU;
    put_cts(body->head + 2, cts_of(packet));
}

static inline void put_aac_frame(struct srs_mux_body *body)
{
    body->head_size = 2;
    body->head[0] = AAC_SOUND;
    body->head[1] = SRS_FLV_AAC_RAW;
}

static void put_legacy_frame(struct srs_mux_body *body, const struct srs_packet *packet)
{
    switch (packet->head.codec) {
    case SRS_CODEC_AVC:
        put_avc_frame(body, packet);
        break;
    case SRS_CODEC_AAC:
        put_aac_frame(body);
        break;
    default:
        body->head_size = 1;
        body->head[0] = packet->track->flv_codec;
        break;
    }
}

struct srs_mux_body srs_mux_packet_body(const struct srs_mux_params *params,
                                        const struct srs_packet *packet)
{
    const struct srs_packet_head *head = &packet->head;
    struct srs_mux_body body; // its head is filled as far as it goes
    body.type = tag_type(head->kind);
    body.head_size = 0;
    body.common = true;
    body.middle = (struct srs_span){NULL, 0};
    body.payload = (struct srs_span){packet->payload, head->size};
    bool usual = head->track_id == 0 && head->extra_size == 0;
    if (usual && head->codec == SRS_CODEC_AVC) { // nearly all there is
        put_avc_frame(&body, packet);
        return body;
    }
    if (usual && head->codec == SRS_CODEC_AAC) {
        put_aac_frame(&body);
        return body;
    }
    if (head->codec == SRS_CODEC_OPAQUE || head->codec == SRS_CODEC_AMF0)
        return body;
    bool modex = head->extra_size > 0 && (params->caps & SRS_MUX_MODEX) != 0;
    if (is_legacy(head->codec) && !modex && !is_one_of_many(params, head->kind, head->track_id))
        put_legacy_frame(&body, packet);
    else
        put_enhanced_frame(params, &body, packet);
    return body;
}

// --- tracks -------------------------------------------------------------------------------------

// Of what a codec's record has in front of it in a message, beside the configuration as the model
// has it.
static void put_record_prefix(struct srs_mux_body *body, enum srs_codec codec)
{
    static const uint8_t flac[] = {'f', 'L', 'a', 'C', 0x80, 0, 0, 34}; // the last block, its size
    static const uint8_t full_box[] = {1, 0, 0, 0}; // as ffmpeg and MediaMTX write it
    if (codec == SRS_CODEC_FLAC) {
        memcpy(body->head + body->head_size, flac, sizeof flac);
        body->head_size += sizeof flac;
    } else if (codec == SRS_CODEC_VP8 || codec == SRS_CODEC_VP9) {
        memcpy(body->head + body->head_size, full_box, sizeof full_box);
        body->head_size += sizeof full_box;
    }
}

static bool may_be_empty(enum srs_codec codec)
{
    return codec == SRS_CODEC_MP3 || codec == SRS_CODEC_OPUS || codec == SRS_CODEC_AC3 ||
           codec == SRS_CODEC_EAC3;
}

static bool legacy_config(const struct srs_track *track, struct srs_mux_body *body)
{
    if (track->codec == SRS_CODEC_AVC) {
        body->head_size = 5;
        body->head[0] = SRS_FLV_FRAME_KEY << 4 | SRS_FLV_CODEC_AVC;
        body->head[1] = SRS_FLV_AVC_SEQUENCE_HEADER;
    } else if (track->codec == SRS_CODEC_AAC) {
        body->head_size = 2;
        body->head[0] = AAC_SOUND;
        body->head[1] = SRS_FLV_AAC_SEQUENCE_HEADER;
    }
    return track->config_size > 0;
}

// False when there is nothing to say.
static bool put_config(const struct srs_mux_params *params, const struct srs_track *track,
                       struct srs_mux_body *body)
{
    struct enhanced what = {.kind = track->kind,
                            .codec = track->codec,
                            .id = track->id,
                            .one_of_many = is_one_of_many(params, track->kind, track->id),
                            .frame_type = SRS_FLV_FRAME_KEY,
                            .packet_type = SRS_FLV_EX_SEQUENCE_START};
    *body = (struct srs_mux_body){.type = tag_type((uint8_t)track->kind),
                                  .payload = {track->config, track->config_size}};
    if (track->codec == SRS_CODEC_OPAQUE || (is_legacy(track->codec) && !what.one_of_many))
        return legacy_config(track, body);
    if (track->config_size == 0 && !may_be_empty(track->codec))
        return false;
    put_enhanced(body, &what);
    put_record_prefix(body, track->codec);
    return true;
}

// Colors have frame type 5, whatever the sender said: with another one ffmpeg takes them for a
// frame. In a multitrack message that type would be a command's. Beside legacy messages they are
// for players that know of them.
static bool put_side(const struct srs_mux_params *params, const struct srs_track *track,
                     struct srs_mux_body *body)
{
    struct enhanced what = {.kind = track->kind,
                            .codec = track->codec,
                            .id = track->id,
                            .one_of_many = is_one_of_many(params, track->kind, track->id),
                            .packet_type = SRS_FLV_EX_METADATA};
    what.frame_type = what.one_of_many ? 0 : SRS_FLV_FRAME_COMMAND;
    bool legacy = is_legacy(track->codec) && !what.one_of_many;
    if (track->codec == SRS_CODEC_OPAQUE || track->side_size == 0 ||
        (legacy && (params->caps & SRS_MUX_ENHANCED) == 0))
        return false;
    *body = (struct srs_mux_body){.type = tag_type((uint8_t)track->kind),
                                  .payload = srs_track_side(track)};
    put_enhanced(body, &what);
    return true;
}

unsigned srs_mux_track_bodies(const struct srs_mux_params *params, const struct srs_track *track,
                              struct srs_mux_body out[SRS_MUX_ANNOUNCE_MAX])
{
    unsigned count = 0;
    if (track->kind == SRS_KIND_DATA)
        return 0;
    count += put_config(params, track, &out[count]);
    count += put_side(params, track, &out[count]);
    return count;
}

static bool track_wanted(const struct srs_mux_params *params, const struct srs_source *source,
                         const struct srs_track *track)
{
    bool many = (params->caps & SRS_MUX_MULTITRACK) != 0;
    if ((params->chosen >> track->kind & 1U) != 0)
        return track->id == params->track[track->kind] && !track->multitrack;
    return many || (track->id <= source->lowest_id[track->kind] && !track->multitrack);
}

struct srs_mux_opening *srs_mux_opening_new(const struct srs_mux_params *params,
                                            const struct srs_source *source)
{
    struct srs_mux_opening *opening = srs_new(struct srs_mux_opening);
    if (source->metadata != NULL)
        opening->metadata = srs_packet_ref(source->metadata);
    for (unsigned kind = SRS_KIND_VIDEO; kind <= SRS_KIND_AUDIO; kind++)
        for (unsigned i = 0; i < source->track_count; i++)
            if (source->tracks[i]->kind == kind && track_wanted(params, source, source->tracks[i]))
                opening->tracks[opening->count++] = srs_track_ref(source->tracks[i]);
    return opening;
}

void srs_mux_opening_free(struct srs_mux_opening *opening)
{
    if (opening == NULL)
        return;
    srs_packet_unref(opening->metadata);
    for (unsigned i = 0; i < opening->count; i++)
        srs_track_unref(opening->tracks[i]);
    srs_free(opening);
}

SRS_ERR srs_mux_choose(struct srs_mux_params *params, enum srs_kind kind, struct srs_span text)
{
    unsigned id = 0;
    bool good = text.size > 0 && text.size <= 3;
    for (size_t i = 0; i < text.size && good; i++) {
        good = text.bytes[i] >= '0' && text.bytes[i] <= '9';
        id = id * 10 + (text.bytes[i] - '0');
    }
    if (!good || id > UINT8_MAX)
        return srs_fail(SRS_E_TRACK_CHOICE, "%s=%.*s", srs_kind_name(kind),
                        (int)(text.size < 16 ? text.size : 16), (const char *)text.bytes);
    params->chosen |= (uint8_t)(1U << kind);
    params->track[kind] = (uint8_t)id;
    return SRS_OK;
}

// --- packets ------------------------------------------------------------------------------------

// Of the tracks beside the lowest the log does not see to it that they begin with a key frame.
static bool runs(struct srs_mux_state *state, const struct srs_packet *packet)
{
    uint32_t bit = 1U << packet->track->slot;
    if (packet->head.kind != SRS_KIND_VIDEO || packet->head.codec == SRS_CODEC_OPAQUE)
        return true;
    if ((packet->head.flags & SRS_PACKET_KEY) != 0)
        state->running |= bit;
    return (state->running & bit) != 0;
}

bool srs_mux_wants_track(const struct srs_mux_params *params, struct srs_mux_state *state,
                         const struct srs_packet *packet)
{
    const struct srs_packet_head *head = &packet->head;
    if ((params->chosen >> head->kind & 1U) != 0)
        return head->track_id == params->track[head->kind] &&
               (head->flags & SRS_PACKET_MULTITRACK) == 0 && runs(state, packet);
    if ((params->caps & SRS_MUX_MULTITRACK) == 0)
        return (head->flags & SRS_PACKET_MAIN) != 0;
    return (head->flags & SRS_PACKET_MAIN) != 0 || runs(state, packet);
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
