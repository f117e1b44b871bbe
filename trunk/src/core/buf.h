// A growing byte buffer for pending output and for the incomplete rest of input: bytes are appended
// at the end and consumed from the front. Growth is bounded by the caller's limit.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

struct srs_buf {
    uint8_t *bytes;
    size_t start; // consumed
    size_t end;
    size_t capacity;
};

// A zeroed struct is an empty buffer that owns nothing; fini makes it one again.
void srs_buf_fini(struct srs_buf *buf);

static inline size_t srs_buf_size(const struct srs_buf *buf)
{
    return buf->end - buf->start;
}

static inline struct srs_span srs_buf_span(const struct srs_buf *buf)
{
    return (struct srs_span){buf->bytes != NULL ? buf->bytes + buf->start : NULL,
                             buf->end - buf->start};
}

// Room for `size` more bytes behind the end, to be written by the caller and then counted with
// srs_buf_grown. LIMIT when the content would exceed `limit`, NO_MEMORY; the buffer stays as it
// was.
SRS_ERR srs_buf_reserve(struct srs_buf *buf, size_t size, size_t limit, uint8_t **room);
void srs_buf_grown(struct srs_buf *buf, size_t size);

// Copies; errors as above.
SRS_ERR srs_buf_append(struct srs_buf *buf, const void *bytes, size_t size, size_t limit);

// Drops `size` bytes from the front; an emptied buffer gives its memory back.
void srs_buf_consume(struct srs_buf *buf, size_t size);
