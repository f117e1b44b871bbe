#include "server/files/flv_seek.h"
#include "codec/amf0.h"
#include "codec/flv.h"
#include "core/assert.h"
#include <math.h>

enum phase { HEADER, HEAD, COLLECT, INDEX, SYNC, CHECK, SCAN, FOUND };

enum {
    PEEK = 64, // of a tag's body: its headers
    TAG_MIN = SRS_FLV_TAG_SIZE + SRS_FLV_PREVIOUS_SIZE,
    FIRST_TAG = SRS_FLV_HEADER_SIZE + SRS_FLV_PREVIOUS_SIZE,
    SCAN_WANT = 16 * 1024, // most of a scan jumps from tag to tag
    PREFIX_MAX = SRS_FLV_SEEK_METADATA_MAX + SRS_FLV_SEEK_CONFIGS * SRS_FLV_SEEK_CONFIG_MAX +
                 FIRST_TAG + (SRS_FLV_SEEK_CONFIGS + 1) * TAG_MIN,
};

void srs_flv_seek_init(struct srs_flv_seek *seek, uint64_t file_size, uint64_t start)
{
    srs_assert(start > 0);
    *seek = (struct srs_flv_seek){.file_size = file_size,
                                  .start = start < FIRST_TAG ? FIRST_TAG : start,
                                  .head_end = FIRST_TAG + SRS_FLV_SEEK_HEAD_MAX};
}

void srs_flv_seek_fini(struct srs_flv_seek *seek)
{
    srs_buf_fini(&seek->prefix);
}

static size_t want_size(const struct srs_flv_seek *seek)
{
    switch (seek->phase) {
    case INDEX:
        return SRS_FLV_TAG_SIZE + PEEK;
    case CHECK:
        return SRS_FLV_PREVIOUS_SIZE;
    case SCAN:
        return SCAN_WANT;
    default:
        return SRS_FLV_SEEK_WANT_MAX;
    }
}

bool srs_flv_seek_wants(const struct srs_flv_seek *seek, uint64_t *offset, size_t *size)
{
    uint64_t left = seek->at < seek->file_size ? seek->file_size - seek->at : 0;
    *offset = seek->at;
    *size = want_size(seek);
    *size = *size < left ? *size : (size_t)left;
    return seek->phase != FOUND;
}

// --- tags ---------------------------------------------------------------------------------------

struct tag {
    struct srs_flv_tag head;
    uint64_t total; // with the size behind it
    bool known;
    bool metadata; // onMetaData
    bool config;
    bool key; // a video frame to begin with
    bool frame;
};

static void look_at_video(struct srs_rd in, struct tag *tag)
{
    struct srs_flv_video video;
    srs_err err = srs_flv_video_read(&in, &video);
    if (err) {
        srs_err_drop(err, "a tag that cannot be read is none to begin with");
        return;
    }
    bool tracks = video.enhanced && video.kind == SRS_FLV_OTHER;
    tag->config = video.kind == SRS_FLV_SEQUENCE_HEADER ||
                  (tracks && video.ex.packet_type == SRS_FLV_EX_SEQUENCE_START);
    tag->frame = !tag->config && (video.kind == SRS_FLV_FRAME || video.kind == SRS_FLV_OTHER);
    tag->key = tag->frame && srs_flv_video_is_key(&video);
}

static void look_at_audio(struct srs_rd in, struct tag *tag)
{
    struct srs_flv_audio audio;
    srs_err err = srs_flv_audio_read(&in, &audio);
    if (err) {
        srs_err_drop(err, "as above");
        return;
    }
    bool tracks = audio.enhanced && audio.kind == SRS_FLV_OTHER;
    tag->config = audio.kind == SRS_FLV_SEQUENCE_HEADER ||
                  (tracks && audio.ex.packet_type == SRS_FLV_EX_SEQUENCE_START);
    tag->frame = !tag->config && (audio.kind == SRS_FLV_FRAME || audio.kind == SRS_FLV_OTHER);
}

static bool is_metadata(struct srs_rd in)
{
    struct srs_span name;
    srs_err err = srs_amf0_read_string(&in, &name);
    srs_err_drop(err, "another script tag");
    return !err && srs_amf0_equals(name, "onMetaData");
}

static bool is_known(uint8_t type)
{
    return type == SRS_FLV_AUDIO || type == SRS_FLV_VIDEO || type == SRS_FLV_SCRIPT ||
           type == SRS_FLV_SCRIPT_AMF3;
}

// `bytes` are a tag's first SRS_FLV_TAG_SIZE + PEEK, or all up to the file's end.
static struct tag look_at(struct srs_span bytes)
{
    struct srs_rd in = srs_rd_init(bytes.bytes, bytes.size);
    struct tag tag = {0};
    srs_err err = srs_flv_tag_read(&in, &tag.head);
    if (err) {
        srs_err_drop(err, "not a tag");
        return tag;
    }
    uint8_t type = tag.head.type;
    tag.known = is_known(type) && tag.head.stream_id == 0;
    tag.total = (uint64_t)SRS_FLV_TAG_SIZE + tag.head.size + SRS_FLV_PREVIOUS_SIZE;
    size_t left = srs_rd_left(&in);
    struct srs_rd body = srs_rd_sub(&in, tag.head.size < left ? tag.head.size : left);
    if (type == SRS_FLV_VIDEO)
        look_at_video(body, &tag);
    else if (type == SRS_FLV_AUDIO)
        look_at_audio(body, &tag);
    else if (type == SRS_FLV_SCRIPT)
        tag.metadata = is_metadata(body);
    return tag;
}

// --- the file's head ----------------------------------------------------------------------------

// What stands in front is known: where does it go on?
static void end_head(struct srs_flv_seek *seek)
{
    bool indexed = seek->index_at >= FIRST_TAG && seek->index_at < seek->file_size;
    seek->phase = indexed ? INDEX : SYNC;
    seek->at = indexed ? seek->index_at : seek->start;
}

static srs_err step_header(struct srs_flv_seek *seek, struct srs_span bytes)
{
    static const uint8_t none[SRS_FLV_PREVIOUS_SIZE];
    struct srs_rd in = srs_rd_init(bytes.bytes, bytes.size);
    struct srs_flv_header header;
    srs_err err = srs_flv_header_read(&in, &header);
    if (err)
        return srs_wrap(err, "file");
    uint8_t out[SRS_FLV_HEADER_SIZE];
    struct srs_wr wr = srs_wr_init(out, sizeof out);
    srs_flv_header_write(&wr, &header);
    err = srs_buf_append(&seek->prefix, out, sizeof out, PREFIX_MAX);
    if (!err)
        err = srs_buf_append(&seek->prefix, none, sizeof none, PREFIX_MAX);
    seek->has_audio = header.has_audio;
    seek->has_video = header.has_video;
    seek->at = bytes.size - srs_rd_left(&in) + SRS_FLV_PREVIOUS_SIZE;
    seek->phase = HEAD;
    return err;
}

static void step_head(struct srs_flv_seek *seek, struct srs_span bytes)
{
    struct tag tag = look_at(bytes);
    bool inside = tag.known && tag.total <= seek->file_size - seek->at;
    bool video = seek->seen_video || (!seek->has_video && seek->has_audio);
    bool audio = seek->seen_audio || (!seek->has_audio && seek->has_video);
    if (!inside || seek->at > seek->head_end || (video && audio)) {
        end_head(seek);
        return;
    }
    bool metadata =
        tag.metadata && !seek->has_metadata && tag.head.size <= SRS_FLV_SEEK_METADATA_MAX;
    bool config = tag.config && seek->configs < SRS_FLV_SEEK_CONFIGS &&
                  tag.head.size <= SRS_FLV_SEEK_CONFIG_MAX;
    seek->seen_video = seek->seen_video || (tag.frame && tag.head.type == SRS_FLV_VIDEO);
    seek->seen_audio = seek->seen_audio || (tag.frame && tag.head.type == SRS_FLV_AUDIO);
    if (!metadata && !config) {
        seek->at += tag.total;
        return;
    }
    seek->has_metadata = seek->has_metadata || metadata;
    seek->head_end += metadata ? tag.total : 0;
    seek->configs += config;
    seek->collects_metadata = metadata;
    seek->collect_left = (size_t)tag.total;
    seek->tag_at = srs_buf_size(&seek->prefix);
    seek->phase = COLLECT;
}

// The first of keyframes.filepositions that is not in front of the offset.
static uint64_t position_in(struct srs_rd in, uint64_t start)
{
    struct srs_span object;
    struct srs_rd keyframes;
    struct srs_rd positions;
    struct srs_amf0_array array;
    double number = 0;
    srs_err err = srs_amf0_skip(&in); // "onMetaData"
    if (!err)
        err = srs_amf0_read_any(&in, &object);
    bool there = !err && srs_amf0_find(object, "keyframes", &keyframes);
    if (there)
        err = srs_amf0_read_any(&keyframes, &object);
    there = there && !err && srs_amf0_find(object, "filepositions", &positions);
    if (there)
        err = srs_amf0_array_begin(&positions, &array);
    while (there && !err) {
        err = srs_amf0_array_next(&array);
        if (err || array.ended)
            break;
        err = srs_amf0_read_number(&positions, &number);
        if (!err && isfinite(number) && number >= (double)start && number < 9e15)
            return (uint64_t)number;
    }
    srs_err_drop(err, "no index, or none to be used");
    return 0;
}

static srs_err step_collect(struct srs_flv_seek *seek, struct srs_span bytes)
{
    size_t size = bytes.size < seek->collect_left ? bytes.size : seek->collect_left;
    srs_err err = srs_buf_append(&seek->prefix, bytes.bytes, size, PREFIX_MAX);
    if (err)
        return srs_wrap(err, "what goes in front");
    seek->at += size;
    seek->collect_left -= size;
    if (seek->collect_left > 0)
        return SRS_OK;
    seek->phase = HEAD;
    if (seek->collects_metadata) {
        struct srs_span prefix = srs_buf_span(&seek->prefix);
        size_t body = seek->tag_at + SRS_FLV_TAG_SIZE;
        struct srs_rd in =
            srs_rd_init(prefix.bytes + body, prefix.size - body - SRS_FLV_PREVIOUS_SIZE);
        seek->index_at = position_in(in, seek->start);
    }
    return SRS_OK;
}

// --- the key frame ------------------------------------------------------------------------------

static void found(struct srs_flv_seek *seek)
{
    seek->position = seek->at;
    seek->phase = FOUND;
}

static void sync_from(struct srs_flv_seek *seek, uint64_t at)
{
    seek->at = at;
    seek->phase = SYNC;
}

// An index may be that of another file, or of this one before it was cut.
static void step_index(struct srs_flv_seek *seek, struct srs_span bytes)
{
    struct tag tag = look_at(bytes);
    if (tag.known && (tag.key || tag.config))
        found(seek);
    else
        sync_from(seek, seek->start);
}

// Most bytes are no tag's first and go by here, so that no reader is made for each of them.
static bool may_be_tag(const uint8_t head[SRS_FLV_TAG_SIZE])
{
    return is_known(head[0] & 0x1F) && head[8] == 0 && head[9] == 0 && head[10] == 0;
}

// The next bytes that may be a tag: of a known type, in stream 0, with an end within the file.
static void step_sync(struct srs_flv_seek *seek, struct srs_span bytes)
{
    size_t at = 0;
    for (; at + SRS_FLV_TAG_SIZE <= bytes.size; at++) {
        const uint8_t *head = bytes.bytes + at;
        if (!may_be_tag(head))
            continue;
        uint32_t size = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        if (TAG_MIN + (uint64_t)size > seek->file_size - seek->at - at)
            continue;
        seek->searched += at + 1;
        seek->candidate = seek->at + at;
        seek->candidate_size = size;
        seek->at = seek->candidate + SRS_FLV_TAG_SIZE + size;
        seek->phase = CHECK;
        return;
    }
    seek->searched += at;
    seek->at += at;
}

// A tag's size stands behind it again. OBS before 30.2 writes it one too small.
static void step_check(struct srs_flv_seek *seek, struct srs_span bytes)
{
    struct srs_rd in = srs_rd_init(bytes.bytes, bytes.size);
    uint32_t size = srs_rd_u32(&in);
    uint32_t want = SRS_FLV_TAG_SIZE + seek->candidate_size;
    bool good = !in.bad && (size == want || size == want - 1);
    seek->at = seek->candidate + !good;
    seek->phase = good ? SCAN : SYNC;
}

static void step_scan(struct srs_flv_seek *seek, struct srs_span bytes)
{
    struct tag tag = look_at(bytes);
    bool begins = seek->seen_video ? tag.key : tag.frame && tag.head.type == SRS_FLV_AUDIO;
    if (!tag.known)
        sync_from(seek, seek->at + 1);
    else if (begins)
        found(seek);
    else
        seek->at += tag.total;
}

// --- steps --------------------------------------------------------------------------------------

static size_t step_size(const struct srs_flv_seek *seek)
{
    switch (seek->phase) {
    case HEADER:
        return SRS_FLV_HEADER_SIZE;
    case COLLECT:
        return 1;
    case SYNC:
        return SRS_FLV_TAG_SIZE;
    case CHECK:
        return SRS_FLV_PREVIOUS_SIZE;
    default:
        return SRS_FLV_TAG_SIZE + PEEK;
    }
}

static srs_err step(struct srs_flv_seek *seek, struct srs_span bytes)
{
    switch (seek->phase) {
    case HEADER:
        return step_header(seek, bytes);
    case HEAD:
        step_head(seek, bytes);
        return SRS_OK;
    case COLLECT:
        return step_collect(seek, bytes);
    case INDEX:
        step_index(seek, bytes);
        return SRS_OK;
    case SYNC:
        step_sync(seek, bytes);
        return SRS_OK;
    case CHECK:
        step_check(seek, bytes);
        return SRS_OK;
    default:
        step_scan(seek, bytes);
        return SRS_OK;
    }
}

// Where a step would look beyond what there is.
static srs_err check_end(struct srs_flv_seek *seek)
{
    bool ends = seek->at >= seek->file_size || seek->file_size - seek->at < TAG_MIN;
    if (seek->phase == HEADER || seek->phase == COLLECT || seek->phase == CHECK ||
        seek->phase == FOUND)
        return SRS_OK;
    if (seek->phase == HEAD && ends)
        end_head(seek);
    ends = seek->at >= seek->file_size || seek->file_size - seek->at < TAG_MIN;
    bool far = (seek->phase == SYNC && seek->searched > SRS_FLV_SEEK_SYNC_MAX) ||
               ((seek->phase == SYNC || seek->phase == SCAN) &&
                seek->at > seek->start + SRS_FLV_SEEK_SCAN_MAX);
    if (ends || far)
        return srs_fail(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, "no key frame behind %llu of %llu bytes",
                        (unsigned long long)seek->start, (unsigned long long)seek->file_size);
    return SRS_OK;
}

SRS_ERR srs_flv_seek_give(struct srs_flv_seek *seek, struct srs_span bytes)
{
    uint64_t from = seek->at;
    if (++seek->reads > SRS_FLV_SEEK_READS_MAX)
        return srs_fail(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, "no key frame in %u reads",
                        SRS_FLV_SEEK_READS_MAX);
    if (bytes.size == 0)
        return srs_fail(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, "the file ends at %llu",
                        (unsigned long long)seek->at);
    for (;;) {
        bool last = from + bytes.size >= seek->file_size;
        // Behind what was given, or before it: to be read.
        if (seek->phase == FOUND || seek->at < from || seek->at - from > bytes.size)
            return SRS_OK;
        size_t skip = (size_t)(seek->at - from);
        struct srs_span rest = {bytes.bytes + skip, bytes.size - skip};
        if (rest.size < step_size(seek) && (!last || rest.size == 0))
            return SRS_OK;
        srs_err err = step(seek, rest);
        if (!err)
            err = check_end(seek);
        if (err)
            return err;
    }
}
