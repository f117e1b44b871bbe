// RTMP chunk stream (RTMP 1.0 section 5.3).
//
// Reader: a message that lies in one chunk inside the bytes fed is given where it stands; all
// others are put together in a body of their chunk stream, which grows with bytes received and
// never with the length announced. Only the beginning of a chunk header is ever held back besides.
// Tolerated, because real senders do it: extended timestamps left out in continuations, fmt 1 and 2
// first on a chunk stream (base timestamp and stream id 0), deltas that go back modulo 2^32, the
// 3-byte form for small csids. Tolerated, because other servers do: a message that is begun anew
// before it is complete (its beginning is dropped), a chunk size of 0.
#include "protocol/rtmp/chunk.h"
#include "core/assert.h"
#include "core/mem.h"
#include <string.h>

enum {
    TIME_EXTENDED = 0xFFFFFF, // the 24-bit field says that 32 bits follow the header
    STREAMS_FIRST = 4,        // a client uses three to five
    BODY_MIN = 256,           // a command
    BODY_KEEP = 64 * 1024     // an audio or video body up to this size is kept for the next message
};

struct srs_rtmp_chunk_stream {
    uint8_t *body;
    uint64_t number; // of the message that began last
    uint32_t capacity;
    uint32_t got; // bytes of the unfinished message in body
    uint32_t csid;
    uint32_t timestamp;
    uint32_t delta;    // what a message that begins with fmt 3 adds
    uint32_t extended; // value of the last extended timestamp, if has_extended
    uint32_t msid;
    uint32_t length;
    uint8_t type;
    bool has_extended;
    bool unfinished; // a message has begun and is not complete
};

struct header {
    uint8_t fmt;
    bool has_extended;
    uint8_t type;
    uint32_t csid;
    uint32_t time;
    uint32_t length;
    uint32_t msid;
};

void srs_rtmp_reader_init(struct srs_rtmp_reader *reader)
{
    *reader = (struct srs_rtmp_reader){.chunk_size = SRS_RTMP_CHUNK_SIZE_FIRST,
                                       .message_max = SRS_RTMP_MESSAGE_MAX,
                                       .assembled_max = SRS_RTMP_ASSEMBLED_MAX,
                                       .current = -1,
                                       .delivered = -1};
}

static void kept_free(struct srs_rtmp_reader *reader)
{
    srs_free(reader->kept);
    reader->kept = NULL;
}

void srs_rtmp_reader_fini(struct srs_rtmp_reader *reader)
{
    for (unsigned i = 0; i < reader->stream_count; i++)
        srs_free(reader->streams[i].body);
    srs_free(reader->streams);
    kept_free(reader);
    *reader = (struct srs_rtmp_reader){.current = -1, .delivered = -1};
}

void srs_rtmp_reader_set_limits(struct srs_rtmp_reader *reader, uint32_t message_max,
                                uint32_t assembled_max)
{
    reader->message_max = message_max;
    reader->assembled_max = assembled_max;
}

void srs_rtmp_reader_feed(struct srs_rtmp_reader *reader, struct srs_span in)
{
    srs_assert(reader->in.size == 0);
    kept_free(reader);
    reader->in = in;
}

SRS_ERR srs_rtmp_reader_keep(struct srs_rtmp_reader *reader)
{
    if (reader->in.size == 0 || reader->kept != NULL)
        return SRS_OK;
    reader->kept = srs_try_alloc(reader->in.size);
    if (reader->kept == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "rest of input, %zu bytes", reader->in.size);
    memcpy(reader->kept, reader->in.bytes, reader->in.size);
    reader->in.bytes = reader->kept;
    return SRS_OK;
}

// An empty span may be NULL, which takes no offset.
static void advance(struct srs_span *span, size_t size)
{
    if (size == 0)
        return;
    span->bytes += size;
    span->size -= size;
}

static struct srs_rtmp_chunk_stream *stream_find(struct srs_rtmp_reader *reader, uint32_t csid)
{
    if (reader->current >= 0 && reader->streams[reader->current].csid == csid)
        return &reader->streams[reader->current];
    for (unsigned i = 0; i < reader->stream_count; i++)
        if (reader->streams[i].csid == csid)
            return &reader->streams[i];
    return NULL;
}

static srs_err stream_add(struct srs_rtmp_reader *reader, uint32_t csid,
                          struct srs_rtmp_chunk_stream **out)
{
    if (reader->stream_count == SRS_RTMP_STREAMS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d chunk streams", SRS_RTMP_STREAMS_MAX);
    if (reader->stream_count == reader->stream_capacity) {
        unsigned capacity =
            reader->stream_capacity > 0 ? reader->stream_capacity * 2U : STREAMS_FIRST;
        void *grown = srs_try_realloc(reader->streams, capacity * sizeof *reader->streams);
        if (grown == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "%u chunk streams", capacity);
        reader->streams = grown;
        reader->stream_capacity = (uint8_t)capacity;
    }
    *out = &reader->streams[reader->stream_count++];
    **out = (struct srs_rtmp_chunk_stream){.csid = csid};
    return SRS_OK;
}

static void body_free(struct srs_rtmp_reader *reader, struct srs_rtmp_chunk_stream *stream)
{
    srs_free(stream->body);
    stream->body = NULL;
    reader->assembled -= stream->capacity;
    stream->capacity = 0;
}

// The last message's body: media of usual size comes again at once, a command does not.
static void body_release(struct srs_rtmp_reader *reader)
{
    if (reader->delivered < 0)
        return;
    struct srs_rtmp_chunk_stream *stream = &reader->streams[reader->delivered];
    bool media = stream->type == SRS_RTMP_AUDIO || stream->type == SRS_RTMP_VIDEO;
    if (!media || stream->capacity > BODY_KEEP)
        body_free(reader, stream);
    reader->delivered = -1;
}

uint64_t srs_rtmp_reader_unfinished(const struct srs_rtmp_reader *reader)
{
    uint64_t oldest = 0;
    for (unsigned i = 0; i < reader->stream_count; i++) {
        const struct srs_rtmp_chunk_stream *stream = &reader->streams[i];
        if (stream->unfinished && (oldest == 0 || stream->number < oldest))
            oldest = stream->number;
    }
    return oldest;
}

SRS_ERR srs_rtmp_reader_shrink(struct srs_rtmp_reader *reader, uint32_t max)
{
    size_t unfinished = 0;
    for (unsigned i = 0; i < reader->stream_count; i++) {
        struct srs_rtmp_chunk_stream *stream = &reader->streams[i];
        if (stream->unfinished)
            unfinished += stream->capacity;
        else if ((int)i != reader->delivered)
            body_free(reader, stream);
    }
    if (unfinished > max)
        return srs_fail(SRS_E_LIMIT, "%zu bytes of unfinished messages, at most %u", unfinished,
                        max);
    return SRS_OK;
}

static srs_err body_reserve(struct srs_rtmp_reader *reader, struct srs_rtmp_chunk_stream *stream,
                            uint32_t size)
{
    uint32_t want = stream->got + size;
    if (want <= stream->capacity)
        return SRS_OK;
    uint32_t others = reader->assembled - stream->capacity;
    uint32_t room = reader->assembled_max > others ? reader->assembled_max - others : 0;
    if (want > room)
        return srs_fail(SRS_E_LIMIT, "unfinished messages above %u bytes", reader->assembled_max);
    size_t received = want + reader->in.size; // what is here already need not be grown for again
    size_t grown = stream->capacity * (size_t)2;
    grown = grown > received ? grown : received;
    grown = grown > BODY_MIN ? grown : BODY_MIN;
    grown = grown < stream->length ? grown : stream->length;
    grown = grown < room ? grown : room;
    uint8_t *body = srs_try_realloc(stream->body, grown);
    if (body == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "message body of %zu bytes", grown);
    reader->assembled = others + (uint32_t)grown;
    stream->body = body;
    stream->capacity = (uint32_t)grown;
    return SRS_OK;
}

// Basic header, section 5.3.1.1.
static uint32_t csid_read(struct srs_rd *rd, uint8_t first)
{
    uint32_t low;
    switch (first & 0x3F) {
    case 0:
        return 64U + srs_rd_u8(rd);
    case 1:
        low = srs_rd_u8(rd);
        return 64U + low + 256U * srs_rd_u8(rd);
    default:
        return first & 0x3F;
    }
}

// A fmt 3 chunk after an extended timestamp repeats its 4 bytes, or does not: old encoders leave
// them out. They are taken where they equal the value expected; the first byte that differs is
// payload.
static void extended_peek(struct srs_rd *rd, uint32_t expected)
{
    uint8_t want[4];
    struct srs_wr wr = srs_wr_init(want, sizeof want);
    srs_wr_u32(&wr, expected);
    size_t left = srs_rd_left(rd) < sizeof want ? srs_rd_left(rd) : sizeof want;
    if (left == 0 || memcmp(rd->at, want, left) == 0)
        srs_rd_skip(rd, sizeof want);
}

// Message header, sections 5.3.1.2 and 5.3.1.3. Returns the bytes it takes, 0 when some are
// missing.
static size_t header_read(struct srs_rtmp_reader *reader, struct srs_span from, struct header *out)
{
    struct srs_rd rd = srs_rd_init(from.bytes, from.size);
    uint8_t first = srs_rd_u8(&rd);
    *out = (struct header){.fmt = first >> 6};
    out->csid = csid_read(&rd, first);
    if (out->fmt < 3)
        out->time = srs_rd_u24(&rd);
    if (out->fmt < 2) {
        out->length = srs_rd_u24(&rd);
        out->type = srs_rd_u8(&rd);
    }
    if (out->fmt == 0)
        out->msid = srs_rd_u32le(&rd);
    if (out->time == TIME_EXTENDED) {
        out->has_extended = true;
        out->time = srs_rd_u32(&rd);
    }
    if (out->fmt == 3 && !rd.bad) {
        const struct srs_rtmp_chunk_stream *stream = stream_find(reader, out->csid);
        if (stream != NULL && stream->has_extended)
            extended_peek(&rd, stream->extended);
    }
    return rd.bad ? 0 : (size_t)(rd.at - from.bytes);
}

// As above, from the bytes held back and those fed. AGAIN after holding back all there is.
static srs_err header_take(struct srs_rtmp_reader *reader, struct header *out)
{
    size_t used;
    if (reader->head_size == 0) {
        used = reader->in.size > 0 ? header_read(reader, reader->in, out) : 0;
        if (used > 0) {
            advance(&reader->in, used);
            return SRS_OK;
        }
    }
    size_t room = sizeof reader->head - reader->head_size;
    size_t copied = reader->in.size < room ? reader->in.size : room;
    if (copied > 0)
        memcpy(reader->head + reader->head_size, reader->in.bytes, copied);
    advance(&reader->in, copied);
    size_t size = reader->head_size + copied;
    used = size > 0 ? header_read(reader, (struct srs_span){reader->head, size}, out) : 0;
    if (used == 0) {
        srs_assert(reader->in.size == 0); // a full head is a whole header
        reader->head_size = (uint8_t)size;
        return srs_bare(SRS_E_AGAIN);
    }
    // What the header did not take goes back to the input; of an extended timestamp that turned out
    // to be payload up to three bytes may be from before.
    size_t over = size - used;
    size_t back = over < copied ? over : copied;
    if (back > 0)
        reader->in.bytes -= back;
    reader->in.size += back;
    reader->head_size = (uint8_t)(over - back);
    memmove(reader->head, reader->head + used, reader->head_size);
    return SRS_OK;
}

static uint32_t length_max(uint8_t type)
{
    switch (type) {
    case SRS_RTMP_VIDEO:
    case SRS_RTMP_AGGREGATE:
        return SRS_RTMP_MESSAGE_MAX;
    case SRS_RTMP_AUDIO:
        return SRS_RTMP_AUDIO_MAX;
    case SRS_RTMP_DATA:
    case SRS_RTMP_DATA_AMF3:
        return SRS_RTMP_DATA_MAX;
    case SRS_RTMP_SET_CHUNK_SIZE:
    case SRS_RTMP_ABORT:
    case SRS_RTMP_ACK:
    case SRS_RTMP_USER_CONTROL:
    case SRS_RTMP_WINDOW_ACK_SIZE:
    case SRS_RTMP_SET_PEER_BANDWIDTH:
        return SRS_RTMP_CONTROL_MAX;
    default:
        return SRS_RTMP_COMMAND_MAX;
    }
}

static srs_err message_begin(struct srs_rtmp_reader *reader, struct srs_rtmp_chunk_stream *stream,
                             const struct header *header)
{
    if (header->fmt < 3) {
        stream->delta = header->time;
        stream->has_extended = header->has_extended;
        stream->extended = header->time;
    }
    if (header->fmt < 2) {
        stream->length = header->length;
        stream->type = header->type;
    }
    if (header->fmt == 0) {
        stream->msid = header->msid;
        stream->timestamp = header->time;
    } else {
        stream->timestamp += stream->delta; // modulo 2^32: a delta may go back
    }
    uint32_t max = length_max(stream->type);
    max = max < reader->message_max ? max : reader->message_max;
    if (stream->length > max)
        return srs_fail(SRS_E_LIMIT, "message type=%u of %u bytes, at most %u", stream->type,
                        stream->length, max);
    stream->got = 0;
    stream->unfinished = true;
    stream->number = ++reader->begun;
    return SRS_OK;
}

static srs_err chunk_begin(struct srs_rtmp_reader *reader)
{
    struct header header = {0};
    srs_err err = header_take(reader, &header);
    if (err)
        return err;
    struct srs_rtmp_chunk_stream *stream = stream_find(reader, header.csid);
    if (stream == NULL && header.fmt == 3)
        return srs_fail(SRS_E_RTMP_CHUNK_START, "fmt=3 first on csid=%u", header.csid);
    if (stream == NULL) {
        err = stream_add(reader, header.csid, &stream);
        if (err)
            return err;
    }
    if (!stream->unfinished || header.fmt < 3) { // a header inside a message begins it anew
        err = message_begin(reader, stream, &header);
        if (err)
            return err;
    }
    uint32_t left = stream->length - stream->got;
    reader->chunk_left = left < reader->chunk_size ? left : reader->chunk_size;
    reader->current = (int16_t)(stream - reader->streams);
    return SRS_OK;
}

static void message_give(struct srs_rtmp_reader *reader, struct srs_rtmp_chunk_stream *stream,
                         const uint8_t *payload, struct srs_rtmp_msg *msg)
{
    *msg = (struct srs_rtmp_msg){.timestamp = stream->timestamp,
                                 .msid = stream->msid,
                                 .csid = stream->csid,
                                 .type = stream->type,
                                 .payload = {payload, stream->length}};
    reader->chunk_left = 0;
    stream->got = 0;
    stream->unfinished = false;
}

// Payload of the current chunk. OK with a message, AGAIN without; in the latter case either the
// chunk or the input is used up.
static srs_err chunk_continue(struct srs_rtmp_reader *reader, struct srs_rtmp_msg *msg)
{
    struct srs_rtmp_chunk_stream *stream = &reader->streams[reader->current];
    bool whole = stream->got == 0 && reader->chunk_left == stream->length;
    if (whole && reader->head_size == 0 && reader->in.size >= stream->length) {
        const uint8_t *payload = reader->in.bytes;
        advance(&reader->in, stream->length);
        message_give(reader, stream, payload, msg);
        return SRS_OK;
    }
    while (reader->chunk_left > 0) {
        struct srs_span held = {reader->head, reader->head_size};
        struct srs_span from = held.size > 0 ? held : reader->in;
        if (from.size == 0)
            return SRS_E_AGAIN;
        uint32_t size = from.size < reader->chunk_left ? (uint32_t)from.size : reader->chunk_left;
        srs_err err = body_reserve(reader, stream, size);
        if (err)
            return err;
        memcpy(stream->body + stream->got, from.bytes, size);
        if (held.size > 0) {
            reader->head_size = (uint8_t)(held.size - size);
            memmove(reader->head, reader->head + size, reader->head_size);
        } else {
            advance(&reader->in, size);
        }
        stream->got += size;
        reader->chunk_left -= size;
    }
    if (stream->got < stream->length)
        return SRS_E_AGAIN;
    reader->delivered = reader->current;
    message_give(reader, stream, stream->body, msg);
    return SRS_OK;
}

// Section 5.4.2: what has come of a message on that chunk stream is forgotten.
static void abort_obey(struct srs_rtmp_reader *reader, uint32_t csid)
{
    struct srs_rtmp_chunk_stream *stream = stream_find(reader, csid);
    if (stream == NULL || !stream->unfinished)
        return;
    stream->unfinished = false;
    stream->got = 0;
    body_free(reader, stream);
}

// Section 5.4.1. All sizes above the longest message are the same; 0, which is none, is ignored as
// most servers do.
static srs_err chunk_size_obey(struct srs_rtmp_reader *reader, uint32_t size)
{
    if (size > SRS_RTMP_CHUNK_SIZE_MAX)
        return srs_fail(SRS_E_RTMP_CHUNK_SIZE, "peer sets chunk size %u", size);
    if (size == 0)
        return SRS_OK;
    reader->chunk_size = size < SRS_RTMP_MESSAGE_MAX ? size : SRS_RTMP_MESSAGE_MAX;
    return SRS_OK;
}

static srs_err control_obey(struct srs_rtmp_reader *reader, const struct srs_rtmp_msg *msg)
{
    struct srs_rd rd = srs_rd_init(msg->payload.bytes, msg->payload.size);
    uint32_t value = srs_rd_u32(&rd);
    if (rd.bad)
        return srs_fail(SRS_E_RTMP_MESSAGE_DECODE, "control message type=%u of %zu bytes",
                        msg->type, msg->payload.size);
    if (msg->type == SRS_RTMP_SET_CHUNK_SIZE)
        return chunk_size_obey(reader, value);
    abort_obey(reader, value);
    return SRS_OK;
}

SRS_ERR srs_rtmp_reader_next(struct srs_rtmp_reader *reader, struct srs_rtmp_msg *msg)
{
    srs_err err;
    for (;;) {
        body_release(reader);
        if (reader->chunk_left == 0) {
            err = chunk_begin(reader);
            if (err == SRS_E_AGAIN)
                kept_free(reader);
            if (err)
                return err;
        }
        err = chunk_continue(reader, msg);
        if (err == SRS_E_AGAIN && reader->chunk_left > 0) {
            kept_free(reader);
            return srs_bare(SRS_E_AGAIN);
        }
        if (err == SRS_E_AGAIN)
            continue; // the chunk ended, the message did not
        if (err)
            return err;
        if (msg->type != SRS_RTMP_SET_CHUNK_SIZE && msg->type != SRS_RTMP_ABORT)
            return SRS_OK;
        err = control_obey(reader, msg);
        if (err)
            return err;
    }
}

static void basic_write(struct srs_wr *wr, unsigned fmt, uint32_t csid)
{
    srs_assert(csid >= 2 && csid <= SRS_RTMP_CSID_MAX);
    if (csid < 64) {
        srs_wr_u8(wr, (uint8_t)(fmt << 6 | csid));
    } else if (csid < 320) {
        srs_wr_u8(wr, (uint8_t)(fmt << 6));
        srs_wr_u8(wr, (uint8_t)(csid - 64));
    } else {
        srs_wr_u8(wr, (uint8_t)(fmt << 6 | 1));
        srs_wr_u8(wr, (uint8_t)(csid - 64));
        srs_wr_u8(wr, (uint8_t)((csid - 64) >> 8));
    }
}

size_t srs_rtmp_chunk_header(uint8_t out[SRS_RTMP_HEADER_MAX], const struct srs_rtmp_head *head)
{
    struct srs_wr wr = srs_wr_init(out, SRS_RTMP_HEADER_MAX);
    bool extended = head->time >= TIME_EXTENDED;
    srs_assert(head->length <= SRS_RTMP_MESSAGE_MAX);
    basic_write(&wr, head->with_delta ? 1 : 0, head->csid);
    srs_wr_u24(&wr, extended ? TIME_EXTENDED : head->time);
    srs_wr_u24(&wr, head->length);
    srs_wr_u8(&wr, head->type);
    if (!head->with_delta)
        srs_wr_u32le(&wr, head->msid);
    if (extended)
        srs_wr_u32(&wr, head->time);
    return wr.size;
}

size_t srs_rtmp_chunk_continuation(uint8_t out[SRS_RTMP_CONTINUATION_MAX],
                                   const struct srs_rtmp_head *head)
{
    struct srs_wr wr = srs_wr_init(out, SRS_RTMP_CONTINUATION_MAX);
    basic_write(&wr, 3, head->csid);
    if (head->time >= TIME_EXTENDED) // repeated: players lose sync without it
        srs_wr_u32(&wr, head->time);
    return wr.size;
}

static size_t continuations(const struct srs_rtmp_head *head, uint32_t chunk_size)
{
    return head->length > 0 ? (head->length - 1) / chunk_size : 0;
}

size_t srs_rtmp_chunk_wire_size(const struct srs_rtmp_head *head, uint32_t chunk_size)
{
    uint8_t first[SRS_RTMP_HEADER_MAX];
    uint8_t other[SRS_RTMP_CONTINUATION_MAX];
    return srs_rtmp_chunk_header(first, head) + head->length +
           continuations(head, chunk_size) * srs_rtmp_chunk_continuation(other, head);
}

SRS_ERR srs_rtmp_chunk_write(struct srs_buf *out, const struct srs_rtmp_head *head,
                             struct srs_span payload, uint32_t chunk_size, size_t limit)
{
    uint8_t first[SRS_RTMP_HEADER_MAX];
    uint8_t other[SRS_RTMP_CONTINUATION_MAX];
    uint8_t *room;
    srs_assert(head->length == payload.size && chunk_size > 0);
    size_t total = srs_rtmp_chunk_wire_size(head, chunk_size);
    srs_err err = srs_buf_reserve(out, total, limit, &room);
    if (err)
        return srs_wrap(err, "message type=%u of %u bytes", head->type, head->length);
    struct srs_wr wr = srs_wr_init(room, total);
    srs_wr_bytes(&wr, first, srs_rtmp_chunk_header(first, head));
    size_t other_size = srs_rtmp_chunk_continuation(other, head);
    for (size_t at = 0; at < payload.size; at += chunk_size) {
        size_t left = payload.size - at;
        if (at > 0)
            srs_wr_bytes(&wr, other, other_size);
        srs_wr_bytes(&wr, payload.bytes + at, left < chunk_size ? left : chunk_size);
    }
    srs_assert(!wr.bad && wr.size == total);
    srs_buf_grown(out, total);
    return SRS_OK;
}
