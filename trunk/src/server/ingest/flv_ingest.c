// H.264 and AAC become packets of the model; what the model does not know is relayed as it came.
#include "server/ingest/flv_ingest.h"
#include "codec/aac.h"
#include "codec/annexb.h"
#include "codec/avc.h"
#include "codec/flv.h"
#include "core/mem.h"
#include "protocol/rtmp/message.h"

enum { TRACK_OF_FOURCC = 255 };

struct frame {
    srs_usec dts;
    srs_usec pts;
    srs_usec arrived;
    uint8_t flags;
    bool opaque; // the body whole, whatever the track's codec
};

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

static SRS_ERR push(struct srs_flv_ingest *ingest, struct srs_packet *packet,
                    const struct frame *frame)
{
    packet->head.dts = frame->dts;
    packet->head.pts = frame->pts;
    packet->head.arrived = frame->arrived;
    packet->head.flags = frame->flags;
    if (frame->opaque)
        packet->head.codec = SRS_CODEC_OPAQUE;
    return srs_source_push(ingest->source, packet);
}

static SRS_ERR push_bytes(struct srs_flv_ingest *ingest, struct srs_track *track,
                          struct srs_span bytes, const struct frame *frame)
{
    struct srs_packet *packet = NULL;
    srs_err err = srs_packet_new_in(&ingest->source->arena, track, bytes.size, &packet);
    if (err)
        return err;
    if (bytes.size > 0)
        memcpy(packet->payload, bytes.bytes, bytes.size);
    return push(ingest, packet, frame);
}

static SRS_ERR set_track(struct srs_flv_ingest *ingest, const struct srs_track *model,
                         struct srs_span config, struct srs_track **current)
{
    struct srs_track *track = NULL;
    srs_err err = srs_track_new(model, config, &track);
    if (!err)
        err = srs_source_set_track(ingest->source, track, current);
    if (!err)
        ingest->tracks[model->kind] = *current;
    return err;
}

// --- H.264 --------------------------------------------------------------------------------------

static void describe_avc(struct srs_track *model, const struct srs_avc_record *record)
{
    struct srs_rd list = srs_rd_init(record->sps.bytes, record->sps.size);
    struct srs_span set;
    struct srs_avc_sps sps;
    model->profile = record->profile;
    model->level = record->level;
    if (record->sps_count == 0)
        return;
    srs_err err = srs_avc_set_read(&list, &set);
    if (!err)
        err = srs_avc_sps_read(set, &sps);
    if (!err) {
        model->width = (uint16_t)sps.width;
        model->height = (uint16_t)sps.height;
    }
    srs_err_drop(err, "the size is for show only; decoders have their own opinion of the SPS");
}

static SRS_ERR avc_config(struct srs_flv_ingest *ingest, struct srs_rd *in)
{
    struct srs_avc_record record;
    struct srs_span sent = {in->at, srs_rd_left(in)};
    srs_err err = srs_avc_record_read(in, &record);
    if (err)
        return srs_wrap(err, "H.264 sequence header");
    ingest->avc_length_size = record.length_size;
    struct srs_track model = {
        .kind = SRS_KIND_VIDEO, .codec = SRS_CODEC_AVC, .flv_codec = SRS_FLV_CODEC_AVC};
    struct srs_track *current;
    if (!ingest->options.skip_sps)
        describe_avc(&model, &record);
    uint8_t *bytes = srs_try_alloc(sent.size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "H.264 record");
    record.length_size = 4;
    struct srs_wr wr = srs_wr_init(bytes, sent.size);
    srs_avc_record_write(&wr, &record);
    err = set_track(ingest, &model, (struct srs_span){bytes, wr.bad ? 0 : wr.size}, &current);
    srs_free(bytes);
    return err;
}

static SRS_ERR annexb_frame(struct srs_flv_ingest *ingest, struct srs_track *track,
                            struct srs_span unit, const struct frame *frame)
{
    struct srs_packet *packet = NULL;
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_annexb_to_lengths(unit, &wr);
    if (wr.size == 0)
        return SRS_OK;
    srs_err err = srs_packet_new_in(&ingest->source->arena, track, wr.size, &packet);
    if (err)
        return err;
    wr = srs_wr_init(packet->payload, packet->head.size);
    srs_annexb_to_lengths(unit, &wr);
    return push(ingest, packet, frame);
}

static SRS_ERR avc_frame(struct srs_flv_ingest *ingest, struct srs_rd *in,
                         const struct frame *frame)
{
    struct srs_track *track = ingest->tracks[SRS_KIND_VIDEO];
    if (track == NULL || track->codec != SRS_CODEC_AVC || ingest->avc_length_size == 0) {
        ingest->dropped++;
        return SRS_OK;
    }
    struct srs_span unit = {in->at, srs_rd_left(in)};
    if (ingest->options.annexb && srs_annexb_is(unit, ingest->avc_length_size))
        return annexb_frame(ingest, track, unit, frame);
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_err err = srs_avc_rewrite(unit, ingest->avc_length_size, &wr);
    if (err)
        return srs_wrap(err, "H.264 frame of %zu bytes", unit.size);
    if (wr.size == 0)
        return SRS_OK; // some encoders send empty ones
    struct srs_packet *packet = NULL;
    err = srs_packet_new_in(&ingest->source->arena, track, wr.size, &packet);
    if (err)
        return err;
    if (wr.size == unit.size && ingest->avc_length_size == 4) {
        memcpy(packet->payload, unit.bytes, unit.size);
    } else {
        wr = srs_wr_init(packet->payload, packet->head.size);
        srs_err_drop(srs_avc_rewrite(unit, ingest->avc_length_size, &wr), "measured above");
    }
    return push(ingest, packet, frame);
}

// --- what the model does not know ---------------------------------------------------------------

// The body is the configuration (a sequence header), or there is none.
static SRS_ERR opaque_track(struct srs_flv_ingest *ingest, enum srs_kind kind, uint8_t flv_codec,
                            struct srs_span config, struct srs_track **current)
{
    struct srs_track model = {.kind = kind, .codec = SRS_CODEC_OPAQUE, .flv_codec = flv_codec};
    return set_track(ingest, &model, config, current);
}

static SRS_ERR opaque_frame(struct srs_flv_ingest *ingest, enum srs_kind kind, uint8_t flv_codec,
                            struct srs_span body, const struct frame *frame)
{
    struct srs_track *track = ingest->tracks[kind];
    if (track == NULL || track->codec != SRS_CODEC_OPAQUE || track->flv_codec != flv_codec) {
        srs_err err = opaque_track(ingest, kind, flv_codec, (struct srs_span){NULL, 0}, &track);
        if (err)
            return err;
    }
    return push_bytes(ingest, track, body, frame);
}

// Side information (color, channels, multitrack): goes with whatever track there is.
static SRS_ERR opaque_side(struct srs_flv_ingest *ingest, enum srs_kind kind, uint8_t flv_codec,
                           struct srs_span body, struct frame *frame)
{
    struct srs_track *track = ingest->tracks[kind];
    frame->opaque = true;
    if (track == NULL)
        return opaque_frame(ingest, kind, flv_codec, body, frame);
    return push_bytes(ingest, track, body, frame);
}

// --- messages -----------------------------------------------------------------------------------

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
    bool avc = !video.enhanced && video.codec_id == SRS_FLV_CODEC_AVC;
    uint8_t flv_codec = video.enhanced ? TRACK_OF_FOURCC : video.codec_id;
    struct srs_track *current;
    if (video.kind == SRS_FLV_SEQUENCE_HEADER)
        return avc ? avc_config(ingest, &in)
                   : opaque_track(ingest, SRS_KIND_VIDEO, flv_codec, body, &current);
    if (video.kind == SRS_FLV_SEQUENCE_END)
        return SRS_OK; // its time may be 0, and the stream may go on
    struct frame frame = {.dts = unwrap(ingest, timestamp), .arrived = arrived};
    frame.pts = frame.dts + video.composition_time * SRS_MSEC;
    // MediaMTX does not say what its enhanced frames are; joiners then begin at any of them.
    bool key = srs_flv_video_is_key(&video) || (video.enhanced && video.frame_type == 0);
    if (key)
        frame.flags = SRS_PACKET_KEY;
    else if (video.frame_type == SRS_FLV_FRAME_DISPOSABLE)
        frame.flags = SRS_PACKET_DISPOSABLE;
    if (video.kind != SRS_FLV_FRAME) {
        frame.flags = 0;
        return opaque_side(ingest, SRS_KIND_VIDEO, flv_codec, body, &frame);
    }
    return avc ? avc_frame(ingest, &in, &frame)
               : opaque_frame(ingest, SRS_KIND_VIDEO, flv_codec, body, &frame);
}

static SRS_ERR aac_config(struct srs_flv_ingest *ingest, struct srs_rd *in)
{
    struct srs_span sent = {in->at, srs_rd_left(in)};
    struct srs_aac_config config;
    struct srs_track model = {
        .kind = SRS_KIND_AUDIO, .codec = SRS_CODEC_AAC, .flv_codec = SRS_FLV_SOUND_AAC};
    struct srs_track *current;
    srs_err err = srs_aac_config_read(in, &config);
    if (err)
        return srs_wrap(err, "AAC sequence header");
    model.profile = config.object_type;
    model.sample_rate = srs_aac_output_rate(&config);
    model.channels = (uint8_t)srs_aac_output_channels(&config);
    return set_track(ingest, &model, sent, &current);
}

static SRS_ERR audio_message(struct srs_flv_ingest *ingest, uint32_t timestamp,
                             struct srs_span body, srs_usec arrived)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    struct srs_flv_audio audio;
    srs_err err = srs_flv_audio_read(&in, &audio);
    if (err)
        return srs_wrap(err, "audio tag of %zu bytes", body.size);
    bool aac = !audio.enhanced && audio.format == SRS_FLV_SOUND_AAC;
    uint8_t flv_codec = audio.enhanced ? TRACK_OF_FOURCC : audio.format;
    struct srs_track *current;
    if (audio.kind == SRS_FLV_SILENCE || audio.kind == SRS_FLV_SEQUENCE_END)
        return SRS_OK;
    if (audio.kind == SRS_FLV_SEQUENCE_HEADER)
        return aac ? aac_config(ingest, &in)
                   : opaque_track(ingest, SRS_KIND_AUDIO, flv_codec, body, &current);
    struct frame frame = {.dts = unwrap(ingest, timestamp), .arrived = arrived};
    frame.pts = frame.dts;
    if (audio.kind != SRS_FLV_FRAME)
        return opaque_side(ingest, SRS_KIND_AUDIO, flv_codec, body, &frame);
    if (!aac)
        return opaque_frame(ingest, SRS_KIND_AUDIO, flv_codec, body, &frame);
    struct srs_track *track = ingest->tracks[SRS_KIND_AUDIO];
    if (track == NULL || track->codec != SRS_CODEC_AAC) {
        ingest->dropped++;
        return SRS_OK;
    }
    return push_bytes(ingest, track, (struct srs_span){in.at, srs_rd_left(&in)}, &frame);
}

static void forget_metadata(struct srs_source *source)
{
    srs_packet_unref(source->metadata);
    source->metadata = NULL;
}

static SRS_ERR push_metadata(struct srs_flv_ingest *ingest, struct srs_track *track,
                             const struct srs_rtmp_data *data, const struct frame *frame)
{
    struct srs_packet *packet = NULL;
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_rtmp_data_write(&wr, data->name, data->value);
    srs_err err = srs_packet_new(track, wr.size, &packet);
    if (err)
        return err;
    wr = srs_wr_init(packet->payload, packet->head.size);
    srs_rtmp_data_write(&wr, data->name, data->value);
    return push(ingest, packet, frame);
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
        forget_metadata(ingest->source);
        return SRS_OK;
    }
    struct srs_track model = {.kind = SRS_KIND_DATA, .codec = SRS_CODEC_AMF0};
    struct srs_track *track = NULL;
    err = set_track(ingest, &model, (struct srs_span){NULL, 0}, &track);
    if (err)
        return err;
    struct frame frame = {.dts = (srs_usec)timestamp * SRS_MSEC, .arrived = arrived};
    if (ingest->has_time)
        frame.dts = (ingest->last_ms + (int32_t)(timestamp - (uint32_t)ingest->last_ms)) * SRS_MSEC;
    frame.pts = frame.dts;
    if (!srs_amf0_equals(data.name, "onMetaData"))
        return push_bytes(ingest, track, data.rest, &frame);
    frame.flags = SRS_PACKET_METADATA;
    return push_metadata(ingest, track, &data, &frame);
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
