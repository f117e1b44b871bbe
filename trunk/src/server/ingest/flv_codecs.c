// What the model knows about each codec: how a sender's record becomes the track's configuration,
// how its coded data becomes a packet's payload, and what they tell of the stream.
#include "codec/aac.h"
#include "codec/ac3.h"
#include "codec/annexb.h"
#include "codec/av1.h"
#include "codec/avc.h"
#include "codec/flac.h"
#include "codec/flv.h"
#include "codec/hevc.h"
#include "codec/mp3.h"
#include "codec/opus.h"
#include "codec/param_sets.h"
#include "codec/vpx.h"
#include "core/assert.h"
#include "core/log.h"
#include "core/mem.h"
#include "server/ingest/flv_priv.h"

enum {
    // Of colorInfo with every field; one of MultichannelConfig is 257 at most.
    SIDE_MAX = 4096,
    // Of audio codecs: an AudioSpecificConfig with a program config element and its comment is
    // below 512 bytes, one of xHE-AAC with loudness sets below 2 KiB; the others are shorter.
    AUDIO_RECORD_MAX = 4096,
    LENGTH_SIZE = 4, // of NAL units in the model
};

// What a sender's record becomes.
struct record {
    struct srs_wr config;
    uint8_t length_size; // that the sender has told, of codecs with NAL units
    bool skip_sps;       // given: size and the like are not looked for
};

// Writes the configuration of `sent`, which is never longer, and describes the stream.
typedef srs_err (*config_function)(struct srs_track *model, struct srs_span sent,
                                   struct record *out);
// Makes a packet of the item. The track is of its codec.
typedef srs_err (*frame_function)(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                                  struct srs_track *track);

static uint16_t clip(uint32_t value)
{
    return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

static uint32_t rate_milli(uint32_t time_scale, uint64_t ticks)
{
    uint64_t rate = ticks > 0 ? (uint64_t)time_scale * 1000 / ticks : 0;
    return rate < UINT32_MAX ? (uint32_t)rate : 0;
}

// The same track with another description, when it differs.
static SRS_ERR describe(struct srs_flv_ingest *ingest, const struct srs_track *model,
                        struct srs_track **track)
{
    struct srs_span config = {(*track)->config, (*track)->config_size};
    return srs_flv_set_track(ingest, model, config, srs_track_side(*track), track);
}

// --- H.264 and H.265 ----------------------------------------------------------------------------

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
        model->width = clip(sps.width);
        model->height = clip(sps.height);
        model->frame_rate_milli = rate_milli(sps.time_scale, 2ULL * sps.units_in_tick);
    }
    srs_err_drop(err, "the size is for show only; decoders have their own opinion of the SPS");
}

static srs_err avc_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_avc_record record;
    srs_err err = srs_avc_record_read(&in, &record);
    if (err)
        return err;
    out->length_size = record.length_size;
    if (!out->skip_sps)
        describe_avc(model, &record);
    record.length_size = LENGTH_SIZE;
    srs_avc_record_write(&out->config, &record);
    return SRS_OK;
}

static void describe_hevc(struct srs_track *model, const struct srs_hevc_record *record)
{
    struct srs_span nalu = srs_hevc_record_find(record, SRS_HEVC_NALU_SPS);
    struct srs_hevc_sps sps;
    struct srs_hevc_vps vps;
    srs_err err = SRS_OK;
    model->profile = record->profile;
    model->level = record->level;
    model->tier = record->tier;
    if (nalu.size > 0) {
        err = srs_hevc_sps_read(nalu, &sps);
        if (!err) {
            model->width = clip(sps.width);
            model->height = clip(sps.height);
            model->frame_rate_milli = rate_milli(sps.time_scale, sps.units_in_tick);
        }
    }
    nalu = srs_hevc_record_find(record, SRS_HEVC_NALU_VPS);
    if (!err && nalu.size > 0 && model->frame_rate_milli == 0) {
        err = srs_hevc_vps_read(nalu, &vps);
        if (!err)
            model->frame_rate_milli = rate_milli(vps.time_scale, vps.units_in_tick);
    }
    srs_err_drop(err, "the size is for show only; decoders have their own opinion of the SPS");
}

static srs_err hevc_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_hevc_record record;
    srs_err err = srs_hevc_record_read(&in, &record);
    if (err)
        return err;
    out->length_size = record.length_size;
    if (!out->skip_sps)
        describe_hevc(model, &record);
    record.length_size = LENGTH_SIZE;
    srs_hevc_record_write(&out->config, &record);
    return SRS_OK;
}

static SRS_ERR nal_is_key(enum srs_codec codec, struct srs_span unit, uint8_t *flags)
{
    bool key = false;
    srs_err err = codec == SRS_CODEC_AVC ? srs_avc_is_key(unit, LENGTH_SIZE, &key)
                                         : srs_hevc_is_key(unit, LENGTH_SIZE, &key);
    *flags = key ? SRS_PACKET_KEY : 0;
    return err;
}

// `unit` has lengths of 4 bytes.
static SRS_ERR nal_push(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                        struct srs_track *track, struct srs_span unit)
{
    struct srs_flv_item out = *item;
    srs_err err = item->untyped ? nal_is_key(item->codec, unit, &out.flags) : SRS_OK;
    return err ? err : srs_flv_push(ingest, &out, track, unit);
}

// NAL units with lengths of 4 bytes, without empty ones. `length_size` 0: with start codes.
static SRS_ERR nal_write(struct srs_span unit, unsigned length_size, struct srs_wr *out)
{
    if (length_size > 0)
        return srs_avc_rewrite(unit, length_size, out);
    return srs_annexb_to_lengths(unit, out);
}

static srs_err nal_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_track *track)
{
    unsigned length_size = ingest->length_size[track->slot];
    struct srs_span unit = item->data;
    struct srs_wr wr = srs_wr_init(NULL, 0);
    if (ingest->options.annexb && srs_annexb_is(unit, length_size))
        length_size = 0;
    srs_err err = nal_write(unit, length_size, &wr);
    if (err || wr.size == 0) // some encoders send empty ones
        return err;
    if (wr.size == unit.size && length_size == LENGTH_SIZE)
        return nal_push(ingest, item, track, unit);
    uint8_t *bytes = srs_try_alloc(wr.size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "access unit of %zu bytes", wr.size);
    wr = srs_wr_init(bytes, wr.size);
    srs_err_drop(nal_write(unit, length_size, &wr), "measured above");
    err = nal_push(ingest, item, track, (struct srs_span){bytes, wr.size});
    srs_free(bytes);
    return err;
}

// --- AV1 ----------------------------------------------------------------------------------------

static void describe_av1(struct srs_track *model, const struct srs_av1_sequence *sequence)
{
    model->profile = sequence->profile;
    model->level = sequence->level;
    model->tier = sequence->tier;
    model->width = clip(sequence->width);
    model->height = clip(sequence->height);
    model->frame_rate_milli = rate_milli(sequence->time_scale, (uint64_t)sequence->units_in_tick *
                                                                   sequence->ticks_per_picture);
}

static srs_err av1_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_av1_record record;
    struct srs_av1_sequence sequence;
    srs_err err = srs_av1_record_read(&in, &record);
    if (err)
        return err;
    model->profile = record.profile;
    model->level = record.level;
    model->tier = record.tier;
    srs_av1_record_write(&out->config, &record);
    if (record.obus.size == 0)
        return SRS_OK;
    err = srs_av1_sequence_find(record.obus, &sequence);
    if (!err)
        describe_av1(model, &sequence);
    srs_err_drop(err, "the size is for show only");
    return SRS_OK;
}

static srs_err av1_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_track *track)
{
    struct srs_wr wr = srs_wr_init(NULL, 0);
    struct srs_flv_item out = *item;
    srs_err err = srs_av1_strip(item->data, &wr);
    if (!err && item->untyped) {
        bool key = false;
        err = srs_av1_is_key(item->data, &key);
        out.flags = key ? SRS_PACKET_KEY : 0;
    }
    if (err || wr.size == 0)
        return err;
    struct srs_av1_sequence sequence;
    if ((out.flags & SRS_PACKET_KEY) != 0 && track->width == 0 &&
        srs_av1_sequence_find(item->data, &sequence) == SRS_OK) {
        struct srs_track model = *track;
        describe_av1(&model, &sequence);
        err = describe(ingest, &model, &track);
    }
    if (err)
        return err;
    if (wr.size == item->data.size)
        return srs_flv_push(ingest, &out, track, item->data);
    uint8_t *bytes = srs_try_alloc(wr.size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "temporal unit of %zu bytes", wr.size);
    wr = srs_wr_init(bytes, wr.size);
    srs_err_drop(srs_av1_strip(item->data, &wr), "measured above");
    err = srs_flv_push(ingest, &out, track, (struct srs_span){bytes, wr.size});
    srs_free(bytes);
    return err;
}

// --- VP8 and VP9 --------------------------------------------------------------------------------

static srs_err vpx_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_vpx_record record;
    srs_err err = srs_vpx_record_read(&in, &record);
    if (err)
        return err;
    model->profile = record.profile;
    model->level = record.level;
    srs_vpx_record_write(&out->config, &record);
    return SRS_OK;
}

// The size is in key frames only.
static srs_err vpx_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_track *track)
{
    struct srs_flv_item out = *item;
    struct srs_vpx_frame frame;
    if (item->data.size == 0) // an encoder that left a picture out
        return SRS_OK;
    srs_err err = item->codec == SRS_CODEC_VP8 ? srs_vp8_frame_read(item->data, &frame)
                                               : srs_vp9_frame_read(item->data, &frame);
    if (err)
        return err;
    if (item->untyped)
        out.flags = frame.key ? SRS_PACKET_KEY : 0;
    if (frame.key && (clip(frame.width) != track->width || clip(frame.height) != track->height)) {
        struct srs_track model = *track;
        model.width = clip(frame.width);
        model.height = clip(frame.height);
        err = describe(ingest, &model, &track);
    }
    return err ? err : srs_flv_push(ingest, &out, track, item->data);
}

// --- audio --------------------------------------------------------------------------------------

static srs_err aac_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_aac_config aac;
    srs_err err = srs_aac_config_read(&in, &aac);
    if (err)
        return err;
    model->profile = aac.object_type;
    model->sample_rate = srs_aac_output_rate(&aac);
    model->channels = (uint8_t)srs_aac_output_channels(&aac);
    srs_wr_bytes(&out->config, sent.bytes, sent.size);
    return SRS_OK;
}

// A sender may leave the header out: then it is stereo, or what its side information says.
static srs_err opus_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_opus_head head = {.channels = 2};
    model->sample_rate = 48000;
    if (sent.size > 0) {
        srs_err err = srs_opus_head_read(&in, &head);
        if (err)
            return err;
        srs_opus_head_write(&out->config, &head);
    }
    model->channels = head.channels;
    return SRS_OK;
}

static srs_err flac_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    struct srs_rd in = srs_rd_init(sent.bytes, sent.size);
    struct srs_flac_info info;
    srs_err err = srs_flac_info_read(&in, &info);
    if (err)
        return err;
    model->sample_rate = info.sample_rate;
    model->channels = info.channels;
    srs_flac_info_write(&out->config, &info);
    return SRS_OK;
}

// Codecs whose frames tell everything. What a sender puts into their record has no meaning.
static srs_err no_config(struct srs_track *model, struct srs_span sent, struct record *out)
{
    (void)model;
    (void)sent;
    (void)out;
    return SRS_OK;
}

static srs_err plain_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                           struct srs_track *track)
{
    return srs_flv_push(ingest, item, track, item->data);
}

// The first byte of a legacy tag: 44 kHz, and 22, 11, 5.5; 16 bits.
static uint8_t mp3_sound(const struct srs_mp3_frame *frame)
{
    unsigned rate = frame->sample_rate >= 32000   ? 3
                    : frame->sample_rate >= 16000 ? 2
                    : frame->sample_rate >= 11025 ? 1
                                                  : 0;
    unsigned format = frame->sample_rate == 8000 ? SRS_FLV_SOUND_MP3_8K : SRS_FLV_SOUND_MP3;
    return (uint8_t)(format << 4 | rate << 2 | 2 | (frame->channels == 2 ? 1 : 0));
}

// A frame that cannot be read is relayed: it says nothing of the stream.
static srs_err mp3_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_track *track)
{
    struct srs_rd in = srs_rd_init(item->data.bytes, item->data.size);
    struct srs_track model = *track;
    struct srs_mp3_frame frame;
    srs_err err = srs_mp3_frame_read(&in, &frame);
    if (!err) {
        model.sample_rate = frame.sample_rate;
        model.channels = frame.channels;
        model.flv_codec = mp3_sound(&frame);
    }
    srs_err_drop(err, "for show only");
    if (item->sound != 0)
        model.flv_codec = item->sound;
    err = SRS_OK;
    if (model.sample_rate != track->sample_rate || model.channels != track->channels ||
        model.flv_codec != track->flv_codec)
        err = describe(ingest, &model, &track);
    return err ? err : srs_flv_push(ingest, item, track, item->data);
}

static srs_err ac3_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_track *track)
{
    struct srs_rd in = srs_rd_init(item->data.bytes, item->data.size);
    struct srs_ac3_frame frame;
    srs_err err = srs_ac3_frame_read(&in, &frame);
    bool differs = !err && !frame.dependent &&
                   (frame.sample_rate != track->sample_rate || frame.channels != track->channels);
    srs_err_drop(err, "for show only");
    if (differs) {
        struct srs_track model = *track;
        model.sample_rate = frame.sample_rate;
        model.channels = frame.channels;
        err = describe(ingest, &model, &track);
        if (err)
            return err;
    }
    return srs_flv_push(ingest, item, track, item->data);
}

// --- by codec -----------------------------------------------------------------------------------

static const struct codec_ops {
    config_function config;
    frame_function frame;
    bool needs_config; // frames before it cannot be decoded, nor always read
} codecs[SRS_CODECS] = {
    [SRS_CODEC_AVC] = {avc_config, nal_frame, true},
    [SRS_CODEC_HEVC] = {hevc_config, nal_frame, true},
    [SRS_CODEC_AV1] = {av1_config, av1_frame, false},
    [SRS_CODEC_VP8] = {vpx_config, vpx_frame, false},
    [SRS_CODEC_VP9] = {vpx_config, vpx_frame, false},
    [SRS_CODEC_AAC] = {aac_config, plain_frame, true},
    [SRS_CODEC_MP3] = {no_config, mp3_frame, false},
    [SRS_CODEC_OPUS] = {opus_config, plain_frame, false},
    [SRS_CODEC_FLAC] = {flac_config, plain_frame, true},
    [SRS_CODEC_AC3] = {no_config, ac3_frame, false},
    [SRS_CODEC_EAC3] = {no_config, ac3_frame, false},
};

// What the track has had so far of side information stays with it.
static SRS_ERR replace_track(struct srs_flv_ingest *ingest, const struct srs_track *model,
                             struct srs_span config, struct srs_track **current)
{
    struct srs_track *old = srs_flv_find_track(ingest, model->kind, model->id);
    bool keeps = old != NULL && old->codec != SRS_CODEC_OPAQUE;
    struct srs_span side = keeps ? srs_track_side(old) : (struct srs_span){NULL, 0};
    return srs_flv_set_track(ingest, model, config, side, current);
}

static SRS_ERR take_record(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                           bool in_band)
{
    struct srs_track model = {.kind = item->kind, .codec = item->codec, .id = item->id};
    struct srs_track *current = NULL;
    int most = item->kind == SRS_KIND_AUDIO ? AUDIO_RECORD_MAX : SRS_TRACK_CONFIG_MAX;
    if (item->data.size > (size_t)most)
        return srs_fail(SRS_E_LIMIT, "%s sequence header of %zu bytes, at most %d",
                        srs_codec_name(item->codec), item->data.size, most);
    uint8_t *bytes = srs_try_alloc(item->data.size + 1);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "record of %zu bytes", item->data.size);
    struct record out = {.config = srs_wr_init(bytes, item->data.size),
                         .skip_sps = ingest->options.skip_sps};
    srs_err err = codecs[item->codec].config(&model, item->data, &out);
    srs_assert(err || !out.config.bad);
    if (!err)
        err = replace_track(ingest, &model, (struct srs_span){bytes, out.config.size}, &current);
    if (!err) {
        ingest->length_size[current->slot] = out.length_size;
        ingest->in_band[current->slot] = in_band;
    }
    srs_free(bytes);
    return err;
}

// --- parameter sets in place of a record --------------------------------------------------------

static bool has_sets(enum srs_codec codec)
{
    return codec == SRS_CODEC_AVC || codec == SRS_CODEC_HEVC;
}

static SRS_ERR write_record(enum srs_codec codec, struct srs_span unit, struct srs_wr *out)
{
    return codec == SRS_CODEC_AVC ? srs_param_sets_write_avc(unit, out)
                                  : srs_param_sets_write_hevc(unit, out);
}

// The same record again is no news: it would go to all players.
static bool is_record_of(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_span record)
{
    const struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    return track != NULL && track->codec == item->codec && track->config_size == record.size &&
           memcmp(track->config, record.bytes, record.size) == 0;
}

// `unit` has lengths of 4 bytes. AGAIN when it does not hold all sets.
static SRS_ERR take_sets(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                         struct srs_span unit, bool in_band)
{
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_err err = write_record(item->codec, unit, &wr);
    if (err)
        return err;
    uint8_t *bytes = srs_try_alloc(wr.size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "record of %zu bytes", wr.size);
    wr = srs_wr_init(bytes, wr.size);
    srs_err_drop(write_record(item->codec, unit, &wr), "measured above");
    struct srs_flv_item made = *item;
    made.data = (struct srs_span){bytes, wr.size};
    if (!in_band || !is_record_of(ingest, item, made.data))
        err = take_record(ingest, &made, in_band);
    srs_free(bytes);
    return err;
}

static SRS_ERR take_annexb_sets(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                                bool in_band)
{
    struct srs_wr wr = srs_wr_init(NULL, 0);
    srs_err err = srs_annexb_to_lengths(item->data, &wr);
    if (err)
        return err;
    uint8_t *bytes = srs_try_alloc(wr.size + 1);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "access unit of %zu bytes", wr.size);
    wr = srs_wr_init(bytes, wr.size);
    srs_err_drop(srs_annexb_to_lengths(item->data, &wr), "measured above");
    err = take_sets(ingest, item, (struct srs_span){bytes, wr.size}, in_band);
    srs_free(bytes);
    return err;
}

SRS_ERR srs_flv_take_config(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    bool codes = has_sets(item->codec) && ingest->options.annexb && srs_annexb_begins(item->data);
    // No record begins with a zero.
    srs_err err = codes ? take_annexb_sets(ingest, item, false) : take_record(ingest, item, false);
    if (err == SRS_E_AGAIN)
        err = srs_fail(item->codec == SRS_CODEC_AVC ? SRS_E_AVC_RECORD : SRS_E_HEVC_DECODE_ERROR,
                       "start codes, but not all parameter sets");
    return err ? srs_wrap(err, "%s sequence header", srs_codec_name(item->codec)) : SRS_OK;
}

// Of a sender without sequence headers, the record is that of its last frame with all sets.
static SRS_ERR look_for_sets(struct srs_flv_ingest *ingest, const struct srs_flv_item *item,
                             struct srs_track **track)
{
    bool ready = *track != NULL && (*track)->codec == item->codec && (*track)->config_size > 0;
    bool key = (item->flags & SRS_PACKET_KEY) != 0 || item->untyped;
    if (!has_sets(item->codec) || (ready && !(ingest->in_band[(*track)->slot] && key)))
        return SRS_OK;
    bool codes = ingest->options.annexb && srs_annexb_is(item->data, LENGTH_SIZE);
    srs_err err =
        codes ? take_annexb_sets(ingest, item, true) : take_sets(ingest, item, item->data, true);
    *track = srs_flv_find_track(ingest, item->kind, item->id);
    // Of a frame before the record it is not known how it is to be read, so it may look damaged.
    if (err == SRS_E_AGAIN || (!ready && err == SRS_E_AVC_NALU))
        err = srs_bare(SRS_OK);
    return err;
}

// --- frames -------------------------------------------------------------------------------------

SRS_ERR srs_flv_take_frame(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    const struct codec_ops *ops = &codecs[item->codec];
    struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    srs_err err = look_for_sets(ingest, item, &track);
    if (err)
        return srs_wrap(err, "parameter sets of %s", srs_codec_name(item->codec));
    bool ready = track != NULL && track->codec == item->codec;
    if (ops->needs_config && (!ready || track->config_size == 0)) {
        ingest->source->stats.unusable++;
        if (ingest->dropped++ == 0)
            srs_log_warn("ingest",
                         "frames without a sequence header are dropped stream=%s codec=%s",
                         ingest->source->key, srs_codec_name(item->codec));
        return SRS_OK;
    }
    if (!ready) {
        struct srs_track model = {.kind = item->kind, .codec = item->codec, .id = item->id};
        err = replace_track(ingest, &model, (struct srs_span){NULL, 0}, &track);
        if (err)
            return err;
    }
    err = ops->frame(ingest, item, track);
    return err ? srs_wrap(err, "%s frame of %zu bytes", srs_codec_name(item->codec),
                          item->data.size)
               : SRS_OK;
}

SRS_ERR srs_flv_take_side(struct srs_flv_ingest *ingest, const struct srs_flv_item *item)
{
    struct srs_track *track = srs_flv_find_track(ingest, item->kind, item->id);
    struct srs_track model = {.kind = item->kind, .codec = item->codec, .id = item->id};
    struct srs_span config = {NULL, 0};
    if (item->data.size > SIDE_MAX)
        return srs_fail(SRS_E_LIMIT, "side information of %zu bytes", item->data.size);
    if (track != NULL) {
        model = *track;
        config = (struct srs_span){track->config, track->config_size};
    }
    if (model.codec == SRS_CODEC_OPUS && config.size == 0 && item->data.size >= 2)
        model.channels = item->data.bytes[1];
    return srs_flv_set_track(ingest, &model, config, item->data, &track);
}
