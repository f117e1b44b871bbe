// Messages are taken apart here: headers, tracks of multitrack messages, times. What the model does
// not know is relayed as it came.
#include "server/ingest/flv_ingest.h"
#include "codec/flv.h"
#include "core/mem.h"
#include "protocol/rtmp/message.h"
#include "server/ingest/flv_priv.h"

void srs_flv_ingest_init(struct srs_flv_ingest *ingest, struct srs_source *source)
{
    *ingest = (struct srs_flv_ingest){.source = source};
}

// 32 bits wrap after 49.7 days: the time nearest to the last one.
static srs_usec unwrap(struct srs_flv_ingest *ingest, uint32_t timestamp)
{
    if (!ingest->has_time)
        ingest->last_ms = timestamp;
    else
        ingest->last_ms += (int32_t)(timestamp - (uint32_t)ingest->last_ms);
    ingest->has_time = true;
    return ingest->last_ms * SRS_MSEC;
}

struct srs_track *srs_flv_find_track(struct srs_flv_ingest *ingest, enum srs_kind kind, uint8_t id)
{
    struct srs_track *track = ingest->tracks[kind];
    if (track != NULL && track->id == id)
        return track;
    track = srs_source_track(ingest->source, kind, id);
    if (track != NULL)
        ingest->tracks[kind] = track;
    return track;
}

SRS_ERR srs_flv_set_track(struct srs_flv_ingest *ingest, const struct srs_track *model,
                          struct srs_span config, struct srs_span side, struct srs_track **current)
{
    struct srs_track *track = NULL;
    srs_err err = srs_track_new_with(model, config, side, &track);
    if (!err)
        err = srs_source_set_track(ingest->source, track, current);
    if (!err)
        ingest->tracks[model->kind] = *current;
    return err;
}

static SRS_ERR push(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                    struct srs_packet *packet)
{
    packet->head.dts = item->dts;
    packet->head.pts = item->pts;
    packet->head.arrived = item->arrived;
    packet->head.flags = item->flags;
    return srs_source_push(ingest->source, packet);
}

SRS_ERR srs_flv_push(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                     struct srs_track *track, struct srs_span bytes)
{
    struct srs_packet *packet = NULL;
    srs_err err =
        srs_packet_new_in(&ingest->source->arena, track, bytes.size + item->modex.size, &packet);
    if (err)
        return err;
    srs_packet_set_extra(packet, (uint32_t)item->modex.size);
    if (bytes.size > 0)
        memcpy(packet->payload, bytes.bytes, bytes.size);
    if (item->modex.size > 0)
        memcpy(packet->payload + bytes.size, item->modex.bytes, item->modex.size);
    return push(ingest, item, packet);
}

// --- what the model does not know ---------------------------------------------------------------

// The message is the configuration (a sequence header), or there is none.
static SRS_ERR opaque_track(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                            bool with_config, struct srs_track **current)
{
    struct srs_track model = {.kind = item->kind,
                              .codec = SRS_CODEC_OPAQUE,
                              .id = item->id,
                              .flv_codec = item->flv_codec,
                              .multitrack = item->multitrack};
    struct srs_span none = {NULL, 0};
    struct srs_track *track = NULL;
    srs_err err = srs_track_new_with(&model, with_config ? item->head : none,
                                     with_config ? item->body : none, &track);
    if (err)
        return err;
    track->config_size += track->side_size; // head and body are one configuration
    track->side_size = 0;
    err = srs_source_set_track(ingest->source, track, current);
    if (!err)
        ingest->tracks[item->kind] = *current;
    return err;
}

static SRS_ERR opaque_push(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                           struct srs_track *track)
{
    struct srs_packet *packet = NULL;
    srs_err err = srs_packet_new_in(&ingest->source->arena, track,
                                    item->head.size + item->body.size, &packet);
    if (err)
        return err;
    if (item->head.size > 0)
        memcpy(packet->payload, item->head.bytes, item->head.size);
    if (item->body.size > 0)
        memcpy(packet->payload + item->head.size, item->body.bytes, item->body.size);
    packet->head.codec = SRS_CODEC_OPAQUE;
    struct srs_flv_item marked = *item;
    marked.flags |= item->multitrack ? SRS_PACKET_MULTITRACK : 0;
    return push(ingest, &marked, packet);
}

static SRS_ERR opaque_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    if (track == NULL || track->codec != SRS_CODEC_OPAQUE || track->flv_codec != item->flv_codec) {
        srs_err err = opaque_track(ingest, item, false, &track);
        if (err)
            return err;
    }
    return opaque_push(ingest, item, track);
}

// Commands, and packet types that we do not know: go with whatever track there is.
static SRS_ERR opaque_side(struct srs_flv_ingest *ingest, struct srs_flv_item *item)
{
    struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    item->flags = 0;
    if (track == NULL)
        return opaque_frame(ingest, item);
    return opaque_push(ingest, item, track);
}

// --- items --------------------------------------------------------------------------------------

// The FourCC of side information need not be its track's: ffmpeg puts one track's colors under the
// codec of another without its id.
static uint8_t side_track(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    const struct srs_track *named = srs_flv_find_track(ingest, item->kind, item->id);
    const struct srs_source *source = ingest->source;
    if (named == NULL || named->codec == item->codec || item->multitrack)
        return item->id;
    for (unsigned i = 0; i < source->track_count; i++)
        if (source->tracks[i]->kind == item->kind && source->tracks[i]->codec == item->codec)
            return source->tracks[i]->id;
    return item->id;
}

static bool is_opaque(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    const struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    return track != NULL && track->codec == SRS_CODEC_OPAQUE;
}

static SRS_ERR take_item(struct srs_flv_ingest *ingest, struct srs_flv_item *item,
                         enum srs_flv_kind what)
{
    struct srs_track *current;
    bool known = item->codec != SRS_CODEC_OPAQUE;
    switch (what) {
    case SRS_FLV_SEQUENCE_HEADER:
        return known ? srs_flv_take_config(ingest, item)
                     : opaque_track(ingest, item, true, &current);
    case SRS_FLV_FRAME:
        return known ? srs_flv_take_frame(ingest, item) : opaque_frame(ingest, item);
    case SRS_FLV_METADATA:
        item->id = side_track(ingest, item);
        return known && !is_opaque(ingest, item) ? srs_flv_take_side(ingest, item)
                                                 : opaque_side(ingest, item);
    default:
        return opaque_side(ingest, item);
    }
}

static bool ends(enum srs_flv_kind what)
{
    return what == SRS_FLV_SEQUENCE_END || what == SRS_FLV_SILENCE;
}

// The clock is read off messages that are part of the stream, which sequence headers, ends and side
// information are not: many senders give them 0.
static bool has_clock(enum srs_flv_kind what)
{
    return what != SRS_FLV_SEQUENCE_HEADER && what != SRS_FLV_METADATA && !ends(what);
}

static void set_time(struct srs_flv_ingest *ingest, struct srs_flv_item *item,
                     enum srs_flv_kind what, uint32_t timestamp)
{
    item->dts = has_clock(what) ? unwrap(ingest, timestamp) : ingest->last_ms * SRS_MSEC;
    item->pts += item->dts;
}

// The descriptor of MPEG-2 TS is another record than the model's.
static enum srs_flv_kind kind_of_packet(enum srs_kind kind, uint8_t packet_type)
{
    if (kind == SRS_KIND_VIDEO && packet_type == SRS_FLV_EX_MPEG2TS_START)
        return SRS_FLV_OTHER;
    return srs_flv_ex_kind(kind == SRS_KIND_VIDEO ? SRS_FLV_VIDEO : SRS_FLV_AUDIO, packet_type);
}

// --- multitrack ---------------------------------------------------------------------------------

enum { ONE_TRACK_HEAD = 7 }; // what a message for one track has in front of its data

// A part that the model does not know becomes a message for its track alone.
static struct srs_span one_track_head(uint8_t out[ONE_TRACK_HEAD], uint8_t first,
                                      const struct srs_flv_ex *ex, const struct srs_flv_part *part)
{
    struct srs_wr wr = srs_wr_init(out, ONE_TRACK_HEAD);
    srs_wr_u8(&wr, first);
    srs_wr_u8(&wr, ex->packet_type);
    srs_wr_u32(&wr, part->fourcc);
    srs_wr_u8(&wr, part->track_id);
    return (struct srs_span){out, wr.size};
}

// `item` has what the tracks of the message have in common; `first` is the first byte of a message
// with multitrack in its place.
static SRS_ERR take_part(struct srs_flv_ingest *ingest, struct srs_flv_item item,
                         const struct srs_flv_ex *ex, const struct srs_flv_part *part,
                         uint8_t first)
{
    uint8_t head[ONE_TRACK_HEAD];
    struct srs_rd data = part->data;
    enum srs_flv_kind what = kind_of_packet(item.kind, ex->packet_type);
    item.id = part->track_id;
    item.codec = srs_codec_of_fourcc(item.kind, part->fourcc);
    item.multitrack = true;
    if (ends(what))
        return SRS_OK;
    if (item.kind == SRS_KIND_VIDEO && ex->packet_type == SRS_FLV_EX_FRAMES &&
        srs_flv_fourcc_has_time(part->fourcc))
        item.pts += srs_rd_s24(&data) * SRS_MSEC;
    if (data.bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "composition time of track %u", item.id);
    item.data = (struct srs_span){data.at, srs_rd_left(&data)};
    if (ex->tracks != SRS_FLV_TRACKS_ONE) {
        item.head = one_track_head(head, first, ex, part);
        item.body = (struct srs_span){part->data.at, srs_rd_left(&part->data)};
    }
    return take_item(ingest, &item, what);
}

static SRS_ERR multitrack(struct srs_flv_ingest *ingest, struct srs_flv_item *common,
                          const struct srs_flv_ex *ex, struct srs_rd *in, uint8_t first)
{
    unsigned count = 0;
    while (srs_rd_left(in) > 0 || (ex->tracks == SRS_FLV_TRACKS_ONE && count == 0)) {
        struct srs_flv_part part;
        if (++count > SRS_TRACKS_MAX)
            return srs_fail(SRS_E_LIMIT, "more than %d tracks in a message", SRS_TRACKS_MAX);
        srs_err err = srs_flv_part_read(in, ex, &part);
        if (!err)
            err = take_part(ingest, *common, ex, &part, first);
        if (err)
            return srs_wrap(err, "track %u of a message", count);
    }
    return SRS_OK;
}

// --- messages -----------------------------------------------------------------------------------

static enum srs_codec video_codec(const struct srs_flv_video *video)
{
    if (video->enhanced)
        return srs_codec_of_fourcc(SRS_KIND_VIDEO, video->ex.fourcc);
    switch (video->codec_id) {
    case SRS_FLV_CODEC_AVC:
        return SRS_CODEC_AVC;
    case SRS_FLV_CODEC_HEVC:
        return SRS_CODEC_HEVC;
    case SRS_FLV_CODEC_AV1:
        return SRS_CODEC_AV1;
    default:
        return SRS_CODEC_OPAQUE;
    }
}

static uint8_t video_flags(const struct srs_flv_video *video)
{
    // What an opaque frame without a type is nobody can tell; joiners then begin at any of them.
    if (video->frame_type == SRS_FLV_FRAME_KEY ||
        video->frame_type == SRS_FLV_FRAME_GENERATED_KEY ||
        (video->enhanced && video->frame_type == 0))
        return SRS_PACKET_KEY;
    return video->frame_type == SRS_FLV_FRAME_DISPOSABLE ? SRS_PACKET_DISPOSABLE : 0;
}

static srs_usec nano_usec(const struct srs_flv_ex *ex)
{
    return ex->has_nano ? ex->nano / 1000 : 0;
}

static SRS_ERR video_message(struct srs_flv_ingest *ingest, uint32_t timestamp,
                             struct srs_span body, srs_usec arrived)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    struct srs_flv_video video;
    if (body.size == 0)
        return SRS_OK;
    srs_err err = srs_flv_video_read(&in, &video);
    if (err)
        return srs_wrap(err, "video tag of %zu bytes", body.size);
    bool many = video.enhanced && video.ex.tracks != SRS_FLV_TRACKS_PLAIN;
    bool other_record = video.enhanced && video.ex.packet_type == SRS_FLV_EX_MPEG2TS_START;
    enum srs_flv_kind what =
        many || other_record ? kind_of_packet(SRS_KIND_VIDEO, video.ex.packet_type) : video.kind;
    if (ends(what))
        return SRS_OK; // the stream may go on
    struct srs_flv_item item = {
        .kind = SRS_KIND_VIDEO,
        .codec = video_codec(&video),
        .flv_codec = video.enhanced ? SRS_FLV_TRACK_OF_FOURCC : video.codec_id,
        .untyped = video.enhanced && video.frame_type == 0,
        .flags = video_flags(&video),
        .pts = video.composition_time * SRS_MSEC + nano_usec(&video.ex),
        .arrived = arrived,
        .data = {in.at, srs_rd_left(&in)},
        .body = body,
        .modex = video.ex.modex,
    };
    set_time(ingest, &item, what, timestamp);
    if (many)
        return multitrack(ingest, &item, &video.ex, &in,
                          (uint8_t)((body.bytes[0] & 0xF0) | SRS_FLV_EX_VIDEO_MULTITRACK));
    return take_item(ingest, &item, what);
}

static enum srs_codec audio_codec(const struct srs_flv_audio *audio)
{
    if (audio->enhanced)
        return srs_codec_of_fourcc(SRS_KIND_AUDIO, audio->ex.fourcc);
    switch (audio->format) {
    case SRS_FLV_SOUND_AAC:
        return SRS_CODEC_AAC;
    case SRS_FLV_SOUND_MP3:
    case SRS_FLV_SOUND_MP3_8K:
        return SRS_CODEC_MP3;
    default:
        return SRS_CODEC_OPAQUE;
    }
}

static SRS_ERR audio_message(struct srs_flv_ingest *ingest, uint32_t timestamp,
                             struct srs_span body, srs_usec arrived)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    struct srs_flv_audio audio;
    srs_err err = srs_flv_audio_read(&in, &audio);
    if (err)
        return srs_wrap(err, "audio tag of %zu bytes", body.size);
    bool many = audio.enhanced && audio.ex.tracks != SRS_FLV_TRACKS_PLAIN;
    enum srs_flv_kind what =
        many ? kind_of_packet(SRS_KIND_AUDIO, audio.ex.packet_type) : audio.kind;
    if (ends(what))
        return SRS_OK;
    struct srs_flv_item item = {
        .kind = SRS_KIND_AUDIO,
        .codec = audio_codec(&audio),
        .flv_codec = audio.enhanced ? SRS_FLV_TRACK_OF_FOURCC : audio.format,
        .sound = audio.enhanced ? 0 : body.bytes[0],
        .pts = nano_usec(&audio.ex),
        .arrived = arrived,
        .data = {in.at, srs_rd_left(&in)},
        .body = body,
        .modex = audio.ex.modex,
    };
    set_time(ingest, &item, what, timestamp);
    if (many)
        return multitrack(ingest, &item, &audio.ex, &in,
                          (uint8_t)((body.bytes[0] & 0xF0) | SRS_FLV_EX_AUDIO_MULTITRACK));
    return take_item(ingest, &item, what);
}

static SRS_ERR push_metadata(struct srs_flv_ingest *ingest, struct srs_track *track,
                             const struct srs_rtmp_data *data, const struct srs_flv_item *item)
{
    struct srs_packet *packet = NULL;
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_rtmp_data_write(&wr, data->name, data->value);
    srs_err err = srs_packet_new(track, wr.size, &packet);
    if (err)
        return err;
    wr = srs_wr_init(packet->payload, packet->head.size);
    srs_rtmp_data_write(&wr, data->name, data->value);
    return push(ingest, item, packet);
}

static SRS_ERR data_message(struct srs_flv_ingest *ingest, uint8_t type, uint32_t timestamp,
                            struct srs_span body, srs_usec arrived)
{
    struct srs_rtmp_msg msg = {.type = type, .timestamp = timestamp, .payload = body};
    struct srs_rtmp_data data;
    srs_err err = srs_rtmp_data_read(&msg, &data);
    if (err)
        return srs_wrap(err, "data message of %zu bytes", body.size);
    if (data.clear) {
        srs_source_forget_metadata(ingest->source);
        return SRS_OK;
    }
    struct srs_track model = {.kind = SRS_KIND_DATA, .codec = SRS_CODEC_AMF0};
    struct srs_span none = {NULL, 0};
    struct srs_track *track = NULL;
    err = srs_flv_set_track(ingest, &model, none, none, &track);
    if (err)
        return err;
    struct srs_flv_item item = {
        .kind = SRS_KIND_DATA, .dts = (srs_usec)timestamp * SRS_MSEC, .arrived = arrived};
    if (ingest->has_time)
        item.dts = (ingest->last_ms + (int32_t)(timestamp - (uint32_t)ingest->last_ms)) * SRS_MSEC;
    item.pts = item.dts;
    if (!srs_amf0_equals(data.name, "onMetaData"))
        return srs_flv_push(ingest, &item, track, data.rest);
    item.flags = SRS_PACKET_METADATA;
    return push_metadata(ingest, track, &data, &item);
}

SRS_ERR srs_flv_ingest_message(struct srs_flv_ingest *ingest, uint8_t type, uint32_t timestamp,
                               struct srs_span body, srs_usec arrived)
{
    switch (type) {
    case SRS_FLV_VIDEO:
        return video_message(ingest, timestamp, body, arrived);
    case SRS_FLV_AUDIO:
        return audio_message(ingest, timestamp, body, arrived);
    case SRS_FLV_SCRIPT:
    case SRS_FLV_SCRIPT_AMF3:
        return data_message(ingest, type, timestamp, body, arrived);
    default:
        return SRS_OK;
    }
}
