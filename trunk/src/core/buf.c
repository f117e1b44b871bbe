// Byte buffer. Consumed space at the front is reused before the buffer grows.
#include "core/buf.h"
#include "core/mem.h"

enum { BUF_MIN = 256 };

void srs_buf_fini(struct srs_buf *buf)
{
    srs_free(buf->bytes);
    *buf = (struct srs_buf){0};
}

SRS_ERR srs_buf_reserve(struct srs_buf *buf, size_t size, size_t limit, uint8_t **room)
{
    size_t held = srs_buf_size(buf);
    if (size > limit || held > limit - size)
        return srs_fail(SRS_E_LIMIT, "buffer of %zu bytes would exceed %zu", held, limit);
    if (buf->start > 0 && buf->capacity - buf->end < size) {
        memmove(buf->bytes, buf->bytes + buf->start, held);
        buf->start = 0;
        buf->end = held;
    }
    if (buf->capacity - buf->end < size) {
        size_t want = held + size;
        size_t grown = buf->capacity * 2;
        grown = grown < want ? want : grown;
        grown = grown < BUF_MIN ? BUF_MIN : grown;
        uint8_t *bytes = srs_try_realloc(buf->bytes, grown);
        if (bytes == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "buffer of %zu bytes", grown);
        buf->bytes = bytes;
        buf->capacity = grown;
    }
    *room = buf->bytes + buf->end;
    return SRS_OK;
}

void srs_buf_grown(struct srs_buf *buf, size_t size)
{
    buf->end += size;
}

SRS_ERR srs_buf_append(struct srs_buf *buf, const void *bytes, size_t size, size_t limit)
{
    uint8_t *room;
    if (size == 0)
        return SRS_OK;
    srs_err err = srs_buf_reserve(buf, size, limit, &room);
    if (err)
        return srs_wrap(err, "append %zu bytes", size);
    memcpy(room, bytes, size);
    buf->end += size;
    return SRS_OK;
}

void srs_buf_consume(struct srs_buf *buf, size_t size)
{
    buf->start += size;
    if (buf->start == buf->end)
        srs_buf_fini(buf);
}
