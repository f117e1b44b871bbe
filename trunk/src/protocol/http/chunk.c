// Chunked transfer coding. Sizes are plain hexadecimal digits, line ends CRLF: no sign, prefix,
// bare LF or missing CRLF after the bytes passes, so nobody reads the same bytes as a different
// message.
#include "protocol/http/chunk.h"
#include "core/assert.h"

enum state { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, OVER };

static int digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void enter(struct srs_http_chunks *chunks, enum state state)
{
    chunks->state = (uint8_t)state;
    chunks->count = 0;
}

static bool on_size(struct srs_http_chunks *chunks, uint8_t byte)
{
    int digit = digit_of(byte);
    if (digit >= 0) {
        chunks->left = chunks->left << 4 | (uint32_t)digit;
        return ++chunks->count <= SRS_HTTP_CHUNK_DIGITS_MAX;
    }
    if (chunks->count == 0)
        return false;
    if (byte == '\r')
        enter(chunks, SIZE_LF);
    else
        enter(chunks, EXTENSION);
    return byte == '\r' || byte == ';' || byte == ' ' || byte == '\t';
}

static bool is_text(uint8_t byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

static bool on_extension(struct srs_http_chunks *chunks, uint8_t byte)
{
    if (byte == '\r') {
        enter(chunks, SIZE_LF);
        return true;
    }
    return is_text(byte) && ++chunks->count < SRS_HTTP_CHUNK_EXTENSION_MAX;
}

static bool on_trailer(struct srs_http_chunks *chunks, uint8_t byte)
{
    if (++chunks->count > SRS_HTTP_TRAILERS_MAX)
        return false;
    if (byte == '\r') {
        chunks->state = TRAILER_LF;
        return true;
    }
    chunks->trailer_line = true;
    return is_text(byte);
}

static bool on_trailer_lf(struct srs_http_chunks *chunks, uint8_t byte)
{
    chunks->state = chunks->trailer_line ? TRAILER : OVER; // the count goes on over all lines
    chunks->trailer_line = false;
    return byte == '\n' && ++chunks->count <= SRS_HTTP_TRAILERS_MAX;
}

// One byte that is not body; false if it may not stand here.
static bool on_byte(struct srs_http_chunks *chunks, uint8_t byte)
{
    switch ((enum state)chunks->state) {
    case SIZE:
        return on_size(chunks, byte);
    case EXTENSION:
        return on_extension(chunks, byte);
    case SIZE_LF:
        enter(chunks, chunks->left > 0 ? DATA : TRAILER);
        return byte == '\n';
    case DATA_CR:
        enter(chunks, DATA_LF);
        return byte == '\r';
    case DATA_LF:
        enter(chunks, SIZE);
        return byte == '\n';
    case TRAILER:
        return on_trailer(chunks, byte);
    case TRAILER_LF:
        return on_trailer_lf(chunks, byte);
    case DATA:
    case OVER:
        break;
    }
    return false;
}

SRS_ERR srs_http_chunks_read(struct srs_http_chunks *chunks, struct srs_span in, size_t *used,
                             struct srs_span *piece, bool *end)
{
    size_t at = 0;
    *piece = (struct srs_span){NULL, 0};
    while (at < in.size && chunks->state != OVER && chunks->state != DATA) {
        if (!on_byte(chunks, in.bytes[at]))
            return srs_fail(SRS_E_HTTP_INVALID_CHUNK_HEADER, "byte 0x%02x in state %u",
                            in.bytes[at], chunks->state);
        at++;
    }
    if (chunks->state == DATA && at < in.size) {
        size_t size = in.size - at < chunks->left ? in.size - at : chunks->left;
        *piece = (struct srs_span){in.bytes + at, size};
        at += size;
        chunks->left -= (uint32_t)size;
        if (chunks->left == 0)
            enter(chunks, DATA_CR);
    }
    *used = at;
    *end = chunks->state == OVER;
    return SRS_OK;
}

size_t srs_http_chunk_head(uint8_t out[SRS_HTTP_CHUNK_HEAD_MAX], size_t size)
{
    static const char hex[] = "0123456789abcdef";
    srs_assert(size > 0 && size <= UINT32_MAX);
    size_t digits = 1;
    while (digits < SRS_HTTP_CHUNK_DIGITS_MAX && size >> (4 * digits) != 0)
        digits++;
    for (size_t i = 0; i < digits; i++)
        out[i] = (uint8_t)hex[size >> (4 * (digits - 1 - i)) & 0xF];
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return digits + 2;
}
