// FLV. Left out: decryption of filtered tags, and the codecs themselves.
//
// An enhanced header is read in this order (Enhanced RTMP v2, "ExVideoTagHeader"): ModEx packets in
// front, command frame, multitrack, FourCC. Each ModEx takes at least three bytes, so their number
// is bounded by the input.
#include "codec/flv.h"

// A longer file header has never been seen; 1 KiB bounds what one may claim.
enum { HEADER_MAX = 1024 };

enum {
    FLAG_AUDIO = 4,
    FLAG_VIDEO = 1,
    TAG_FILTERED = 0x20,
    TAG_TYPE = 0x1F,
    VIDEO_ENHANCED = 0x80,
    MODEX_NANO = 0,
    NANO_MAX = 999999,
};

SRS_ERR srs_flv_header_read(struct srs_rd *in, struct srs_flv_header *out)
{
    uint32_t signature = srs_rd_u24(in);
    uint8_t version = srs_rd_u8(in);
    uint8_t flags = srs_rd_u8(in);
    uint32_t size = srs_rd_u32(in);
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "FLV file header");
    if (signature != 0x464C56 || version != 1) // "FLV"
        return srs_fail(SRS_E_KERNEL_FLV_HEADER, "starts with %06x version %u", signature, version);
    if (size < SRS_FLV_HEADER_SIZE || size > HEADER_MAX)
        return srs_fail(SRS_E_KERNEL_FLV_HEADER, "header of %u bytes", size);
    srs_rd_skip(in, size - SRS_FLV_HEADER_SIZE);
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "FLV file header of %u bytes", size);
    *out = (struct srs_flv_header){
        .has_audio = (flags & FLAG_AUDIO) != 0,
        .has_video = (flags & FLAG_VIDEO) != 0,
    };
    return SRS_OK;
}

void srs_flv_header_write(struct srs_wr *out, const struct srs_flv_header *header)
{
    srs_wr_u24(out, 0x464C56);
    srs_wr_u8(out, 1);
    srs_wr_u8(out, (uint8_t)((header->has_audio ? FLAG_AUDIO : 0) |
                             (header->has_video ? FLAG_VIDEO : 0)));
    srs_wr_u32(out, SRS_FLV_HEADER_SIZE);
}

SRS_ERR srs_flv_tag_read(struct srs_rd *in, struct srs_flv_tag *out)
{
    uint8_t head = srs_rd_u8(in);
    struct srs_flv_tag tag = {
        .type = head & TAG_TYPE,
        .filtered = (head & TAG_FILTERED) != 0,
    };
    tag.size = srs_rd_u24(in);
    tag.timestamp = srs_rd_u24(in);
    tag.timestamp |= (uint32_t)srs_rd_u8(in) << 24; // the high byte comes last
    tag.stream_id = srs_rd_u24(in);
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "FLV tag header");
    *out = tag;
    return SRS_OK;
}

void srs_flv_tag_write(struct srs_wr *out, const struct srs_flv_tag *tag)
{
    srs_wr_u8(out, (uint8_t)((tag->type & TAG_TYPE) | (tag->filtered ? TAG_FILTERED : 0)));
    srs_wr_u24(out, tag->size);
    srs_wr_u24(out, tag->timestamp);
    srs_wr_u8(out, (uint8_t)(tag->timestamp >> 24));
    srs_wr_u24(out, tag->stream_id);
}

// One ModEx packet: size, data, its type and the packet type that comes next.
static void modex_read(struct srs_rd *in, struct srs_flv_ex *ex)
{
    size_t size = (size_t)srs_rd_u8(in) + 1;
    if (size == 256)
        size = (size_t)srs_rd_u16(in) + 1;
    struct srs_rd data = srs_rd_sub(in, size);
    uint8_t types = srs_rd_u8(in);
    ex->packet_type = types & 0x0F;
    if (types >> 4 != MODEX_NANO || size < 3)
        return;
    uint32_t nano = srs_rd_u24(&data);
    if (nano > NANO_MAX) // above is not defined: as if it were not there
        return;
    ex->has_nano = true;
    ex->nano = nano;
}

static void modex_write(struct srs_wr *out, const struct srs_flv_ex *ex, uint8_t next)
{
    srs_wr_u8(out, 2);
    srs_wr_u24(out, ex->nano);
    srs_wr_u8(out, (uint8_t)(MODEX_NANO << 4 | next));
}

static SRS_ERR multitrack_read(struct srs_rd *in, struct srs_flv_ex *ex, uint8_t multitrack)
{
    uint8_t types = srs_rd_u8(in);
    ex->tracks = (uint8_t)(SRS_FLV_TRACKS_ONE + (types >> 4));
    ex->packet_type = types & 0x0F;
    if (!in->bad && (ex->tracks > SRS_FLV_TRACKS_MANY_CODECS || ex->packet_type == multitrack))
        return srs_fail(SRS_E_FLV_INVALID_VIDEO_TAG, "multitrack type %u packet type %u",
                        types >> 4, ex->packet_type);
    return SRS_OK;
}

static void fourcc_read(struct srs_rd *in, struct srs_flv_ex *ex)
{
    if (ex->tracks != SRS_FLV_TRACKS_MANY_CODECS)
        ex->fourcc = srs_rd_u32(in);
    if (ex->tracks == SRS_FLV_TRACKS_ONE)
        ex->track_id = srs_rd_u8(in);
}

// The first packet type of a header, which is in the byte that the caller writes.
static uint8_t ex_first_type(const struct srs_flv_ex *ex, uint8_t multitrack)
{
    if (ex->has_nano)
        return SRS_FLV_EX_MODEX;
    return ex->tracks != SRS_FLV_TRACKS_PLAIN ? multitrack : ex->packet_type;
}

static void ex_modex_write(struct srs_wr *out, const struct srs_flv_ex *ex, uint8_t multitrack)
{
    if (ex->has_nano)
        modex_write(out, ex, ex->tracks != SRS_FLV_TRACKS_PLAIN ? multitrack : ex->packet_type);
}

static void ex_tracks_write(struct srs_wr *out, const struct srs_flv_ex *ex)
{
    if (ex->tracks != SRS_FLV_TRACKS_PLAIN)
        srs_wr_u8(out, (uint8_t)((ex->tracks - SRS_FLV_TRACKS_ONE) << 4 | ex->packet_type));
    if (ex->tracks != SRS_FLV_TRACKS_MANY_CODECS)
        srs_wr_u32(out, ex->fourcc);
    if (ex->tracks == SRS_FLV_TRACKS_ONE)
        srs_wr_u8(out, ex->track_id);
}

enum srs_flv_kind srs_flv_ex_kind(enum srs_flv_type type, uint8_t packet_type)
{
    switch (packet_type) {
    case SRS_FLV_EX_SEQUENCE_START:
        return SRS_FLV_SEQUENCE_HEADER;
    case SRS_FLV_EX_MPEG2TS_START: // a number that means multitrack in audio
        return type == SRS_FLV_VIDEO ? SRS_FLV_SEQUENCE_HEADER : SRS_FLV_OTHER;
    case SRS_FLV_EX_FRAMES:
        return SRS_FLV_FRAME;
    case SRS_FLV_EX_FRAMES_X:
        return type == SRS_FLV_VIDEO ? SRS_FLV_FRAME : SRS_FLV_OTHER;
    case SRS_FLV_EX_SEQUENCE_END:
        return SRS_FLV_SEQUENCE_END;
    case SRS_FLV_EX_METADATA:
        return SRS_FLV_METADATA;
    default:
        return SRS_FLV_OTHER;
    }
}

static enum srs_flv_kind message_kind(enum srs_flv_type type, const struct srs_flv_ex *ex)
{
    return ex->tracks == SRS_FLV_TRACKS_PLAIN ? srs_flv_ex_kind(type, ex->packet_type)
                                              : SRS_FLV_OTHER;
}

uint32_t srs_flv_fourcc_bit(uint32_t fourcc)
{
    static const uint32_t all[] = {
        SRS_FLV_FOURCC_AVC,  SRS_FLV_FOURCC_HEVC, SRS_FLV_FOURCC_VVC, SRS_FLV_FOURCC_AV1,
        SRS_FLV_FOURCC_VP8,  SRS_FLV_FOURCC_VP9,  SRS_FLV_FOURCC_AAC, SRS_FLV_FOURCC_MP3,
        SRS_FLV_FOURCC_OPUS, SRS_FLV_FOURCC_FLAC, SRS_FLV_FOURCC_AC3, SRS_FLV_FOURCC_EAC3,
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] == fourcc)
            return 1U << i;
    return 0;
}

// Only these codecs reorder, so only these have a composition time in FRAMES. With tracks it is in
// each track's data.
bool srs_flv_fourcc_has_time(uint32_t fourcc)
{
    return fourcc == SRS_FLV_FOURCC_AVC || fourcc == SRS_FLV_FOURCC_HEVC ||
           fourcc == SRS_FLV_FOURCC_VVC;
}

static bool ex_has_time(const struct srs_flv_ex *ex)
{
    return ex->tracks == SRS_FLV_TRACKS_PLAIN && ex->packet_type == SRS_FLV_EX_FRAMES &&
           srs_flv_fourcc_has_time(ex->fourcc);
}

static SRS_ERR modexes_read(struct srs_rd *in, struct srs_flv_ex *ex)
{
    const uint8_t *from = in->at;
    for (unsigned count = 1; ex->packet_type == SRS_FLV_EX_MODEX && !in->bad; count++) {
        if (count > SRS_FLV_MODEX_MAX)
            return srs_fail(SRS_E_LIMIT, "more than %d ModEx packets", SRS_FLV_MODEX_MAX);
        modex_read(in, ex);
    }
    ex->modex = (struct srs_span){from, in->bad ? 0 : (size_t)(in->at - from)};
    return SRS_OK;
}

SRS_ERR srs_flv_part_read(struct srs_rd *in, const struct srs_flv_ex *ex, struct srs_flv_part *out)
{
    struct srs_flv_part part = {.fourcc = ex->fourcc, .track_id = ex->track_id};
    size_t size = srs_rd_left(in);
    if (ex->tracks == SRS_FLV_TRACKS_MANY_CODECS)
        part.fourcc = srs_rd_u32(in);
    if (ex->tracks != SRS_FLV_TRACKS_ONE) {
        part.track_id = srs_rd_u8(in);
        size = srs_rd_u24(in);
    }
    part.data = srs_rd_sub(in, size);
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "track %u of a multitrack message", part.track_id);
    *out = part;
    return SRS_OK;
}

static SRS_ERR video_ex_read(struct srs_rd *in, struct srs_flv_video *video)
{
    struct srs_flv_ex *ex = &video->ex;
    srs_err err = modexes_read(in, ex);
    if (err)
        return err;
    if (ex->packet_type != SRS_FLV_EX_METADATA && video->frame_type == SRS_FLV_FRAME_COMMAND) {
        video->kind = SRS_FLV_COMMAND;
        video->command = srs_rd_u8(in);
        return SRS_OK;
    }
    if (ex->packet_type == SRS_FLV_EX_VIDEO_MULTITRACK) {
        err = multitrack_read(in, ex, SRS_FLV_EX_VIDEO_MULTITRACK);
        if (err)
            return err;
    }
    fourcc_read(in, ex);
    if (ex_has_time(ex))
        video->composition_time = srs_rd_s24(in);
    video->kind = message_kind(SRS_FLV_VIDEO, ex);
    return SRS_OK;
}

static bool codec_has_packets(uint8_t codec_id)
{
    return codec_id == SRS_FLV_CODEC_AVC || codec_id == SRS_FLV_CODEC_HEVC ||
           codec_id == SRS_FLV_CODEC_AV1;
}

static void video_legacy_read(struct srs_rd *in, struct srs_flv_video *video)
{
    if (video->frame_type == SRS_FLV_FRAME_COMMAND) {
        video->kind = SRS_FLV_COMMAND;
        video->command = srs_rd_u8(in);
        return;
    }
    video->kind = SRS_FLV_FRAME;
    if (!codec_has_packets(video->codec_id))
        return;
    video->packet_type = srs_rd_u8(in);
    video->composition_time = srs_rd_s24(in);
    if (video->packet_type == SRS_FLV_AVC_SEQUENCE_HEADER)
        video->kind = SRS_FLV_SEQUENCE_HEADER;
    else if (video->packet_type == SRS_FLV_AVC_SEQUENCE_END)
        video->kind = SRS_FLV_SEQUENCE_END;
    else if (video->packet_type != SRS_FLV_AVC_NALU)
        video->kind = SRS_FLV_OTHER;
}

SRS_ERR srs_flv_video_read(struct srs_rd *in, struct srs_flv_video *out)
{
    uint8_t head = srs_rd_u8(in);
    struct srs_flv_video video = {.enhanced = (head & VIDEO_ENHANCED) != 0};
    if (video.enhanced) {
        video.frame_type = head >> 4 & 7;
        video.ex.packet_type = head & 0x0F;
        srs_err err = video_ex_read(in, &video);
        if (err)
            return srs_wrap(err, "video header");
    } else {
        video.frame_type = head >> 4;
        video.codec_id = head & 0x0F;
        video_legacy_read(in, &video);
    }
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "video header of type %02x", head);
    *out = video;
    return SRS_OK;
}

static void video_ex_write(struct srs_wr *out, const struct srs_flv_video *video)
{
    const struct srs_flv_ex *ex = &video->ex;
    uint8_t first = ex_first_type(ex, SRS_FLV_EX_VIDEO_MULTITRACK);
    srs_wr_u8(out, (uint8_t)(VIDEO_ENHANCED | (video->frame_type & 7) << 4 | first));
    ex_modex_write(out, ex, SRS_FLV_EX_VIDEO_MULTITRACK);
    if (ex->packet_type != SRS_FLV_EX_METADATA && video->frame_type == SRS_FLV_FRAME_COMMAND) {
        srs_wr_u8(out, video->command);
        return;
    }
    ex_tracks_write(out, ex);
    if (ex_has_time(ex))
        srs_wr_u24(out, (uint32_t)video->composition_time);
}

void srs_flv_video_write(struct srs_wr *out, const struct srs_flv_video *video)
{
    if (video->enhanced) {
        video_ex_write(out, video);
        return;
    }
    srs_wr_u8(out, (uint8_t)((video->frame_type & 7) << 4 | (video->codec_id & 0x0F)));
    if (video->frame_type == SRS_FLV_FRAME_COMMAND) {
        srs_wr_u8(out, video->command);
    } else if (codec_has_packets(video->codec_id)) {
        srs_wr_u8(out, video->packet_type);
        srs_wr_u24(out, (uint32_t)video->composition_time);
    }
}

bool srs_flv_video_is_key(const struct srs_flv_video *video)
{
    return video->kind == SRS_FLV_FRAME && (video->frame_type == SRS_FLV_FRAME_KEY ||
                                            video->frame_type == SRS_FLV_FRAME_GENERATED_KEY);
}

static SRS_ERR audio_ex_read(struct srs_rd *in, struct srs_flv_audio *audio)
{
    struct srs_flv_ex *ex = &audio->ex;
    srs_err err = modexes_read(in, ex);
    if (err)
        return err;
    if (ex->packet_type == SRS_FLV_EX_AUDIO_MULTITRACK) {
        err = multitrack_read(in, ex, SRS_FLV_EX_AUDIO_MULTITRACK);
        if (err)
            return err;
    }
    fourcc_read(in, ex);
    audio->kind = message_kind(SRS_FLV_AUDIO, ex);
    return SRS_OK;
}

static void audio_legacy_read(struct srs_rd *in, struct srs_flv_audio *audio, uint8_t head)
{
    audio->rate = head >> 2 & 3;
    audio->is_16bit = (head & 2) != 0;
    audio->is_stereo = (head & 1) != 0;
    audio->kind = SRS_FLV_FRAME;
    if (audio->format != SRS_FLV_SOUND_AAC)
        return;
    audio->packet_type = srs_rd_u8(in);
    if (audio->packet_type == SRS_FLV_AAC_SEQUENCE_HEADER)
        audio->kind = SRS_FLV_SEQUENCE_HEADER;
    else if (audio->packet_type != SRS_FLV_AAC_RAW)
        audio->kind = SRS_FLV_OTHER;
}

SRS_ERR srs_flv_audio_read(struct srs_rd *in, struct srs_flv_audio *out)
{
    if (srs_rd_left(in) == 0 && !in->bad) {
        *out = (struct srs_flv_audio){.kind = SRS_FLV_SILENCE};
        return SRS_OK;
    }
    uint8_t head = srs_rd_u8(in);
    struct srs_flv_audio audio = {.format = head >> 4};
    audio.enhanced = audio.format == SRS_FLV_SOUND_ENHANCED;
    if (audio.enhanced) {
        audio.ex.packet_type = head & 0x0F;
        srs_err err = audio_ex_read(in, &audio);
        if (err)
            return srs_wrap(err, "audio header");
    } else {
        audio_legacy_read(in, &audio, head);
    }
    if (in->bad)
        return srs_fail(SRS_E_FLV_TRUNCATED, "audio header of type %02x", head);
    *out = audio;
    return SRS_OK;
}

void srs_flv_audio_write(struct srs_wr *out, const struct srs_flv_audio *audio)
{
    const struct srs_flv_ex *ex = &audio->ex;
    if (audio->kind == SRS_FLV_SILENCE)
        return;
    if (audio->enhanced) {
        uint8_t first = ex_first_type(ex, SRS_FLV_EX_AUDIO_MULTITRACK);
        srs_wr_u8(out, (uint8_t)(SRS_FLV_SOUND_ENHANCED << 4 | first));
        ex_modex_write(out, ex, SRS_FLV_EX_AUDIO_MULTITRACK);
        ex_tracks_write(out, ex);
        return;
    }
    srs_wr_u8(out, (uint8_t)(audio->format << 4 | (audio->rate & 3) << 2 |
                             (audio->is_16bit ? 2 : 0) | (audio->is_stereo ? 1 : 0)));
    if (audio->format == SRS_FLV_SOUND_AAC)
        srs_wr_u8(out, audio->packet_type);
}

void srs_flv_demux_init(struct srs_flv_demux *demux, size_t body_max)
{
    *demux = (struct srs_flv_demux){
        .body_max = body_max < SRS_FLV_BODY_MAX ? body_max : SRS_FLV_BODY_MAX,
    };
}

void srs_flv_demux_fini(struct srs_flv_demux *demux)
{
    srs_buf_fini(&demux->buf);
}

static void drop_given(struct srs_flv_demux *demux)
{
    if (demux->given > 0)
        srs_buf_consume(&demux->buf, demux->given);
    demux->given = 0;
}

SRS_ERR srs_flv_demux_feed(struct srs_flv_demux *demux, const void *bytes, size_t size)
{
    // After AGAIN at most one incomplete tag, or the file header, is left.
    size_t rest = SRS_FLV_PREVIOUS_SIZE + SRS_FLV_TAG_SIZE + demux->body_max;
    rest = rest < HEADER_MAX ? HEADER_MAX : rest;
    drop_given(demux);
    if (size > SRS_FLV_FEED_MAX)
        return srs_fail(SRS_E_LIMIT, "%zu bytes of FLV at once", size);
    srs_err err = srs_buf_append(&demux->buf, bytes, size, rest + SRS_FLV_FEED_MAX);
    return err ? srs_wrap(err, "FLV demuxer") : SRS_OK;
}

// Reads and drops the file header; AGAIN while it is incomplete.
static SRS_ERR demux_header(struct srs_flv_demux *demux)
{
    struct srs_span held = srs_buf_span(&demux->buf);
    struct srs_rd in = srs_rd_init(held.bytes, held.size);
    if (held.size < SRS_FLV_HEADER_SIZE)
        return srs_bare(SRS_E_AGAIN);
    srs_err err = srs_flv_header_read(&in, &demux->header);
    if (err == SRS_E_FLV_TRUNCATED)
        return srs_bare(SRS_E_AGAIN);
    if (err)
        return srs_wrap(err, "FLV demuxer");
    demux->has_header = true;
    srs_buf_consume(&demux->buf, held.size - srs_rd_left(&in));
    return SRS_OK;
}

static SRS_ERR demux_check(const struct srs_flv_demux *demux, const struct srs_flv_tag *tag)
{
    if (tag->type != SRS_FLV_AUDIO && tag->type != SRS_FLV_VIDEO && tag->type != SRS_FLV_SCRIPT &&
        tag->type != SRS_FLV_SCRIPT_AMF3)
        return srs_fail(SRS_E_STREAM_CASTER_FLV_TAG, "tag type %u", tag->type);
    if (tag->size > demux->body_max)
        return srs_fail(SRS_E_LIMIT, "tag of %u bytes, at most %zu", tag->size, demux->body_max);
    return SRS_OK;
}

SRS_ERR srs_flv_demux_next(struct srs_flv_demux *demux, struct srs_flv_tag *tag,
                           struct srs_span *body)
{
    drop_given(demux);
    if (!demux->has_header) {
        srs_err err = demux_header(demux);
        if (err)
            return err;
    }
    struct srs_span held = srs_buf_span(&demux->buf);
    struct srs_rd in = srs_rd_init(held.bytes, held.size);
    if (held.size < SRS_FLV_PREVIOUS_SIZE + SRS_FLV_TAG_SIZE)
        return srs_bare(SRS_E_AGAIN);
    srs_rd_skip(&in, SRS_FLV_PREVIOUS_SIZE);
    srs_err err = srs_flv_tag_read(&in, tag);
    if (!err)
        err = demux_check(demux, tag);
    if (err)
        return srs_wrap(err, "FLV demuxer");
    if (srs_rd_left(&in) < tag->size)
        return srs_bare(SRS_E_AGAIN);
    *body = srs_rd_span(&in, tag->size);
    demux->given = held.size - srs_rd_left(&in);
    return SRS_OK;
}

SRS_ERR srs_flv_demux_finish(const struct srs_flv_demux *demux)
{
    size_t held = srs_buf_size(&demux->buf) - demux->given;
    if (!demux->has_header)
        return srs_fail(SRS_E_FLV_TRUNCATED, "input ends after %zu bytes, inside the header", held);
    if (held > SRS_FLV_PREVIOUS_SIZE)
        return srs_fail(SRS_E_FLV_TRUNCATED, "input ends after %zu bytes of a tag",
                        held - SRS_FLV_PREVIOUS_SIZE);
    return SRS_OK;
}
