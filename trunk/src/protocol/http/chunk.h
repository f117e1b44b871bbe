// Chunked transfer coding (RFC 9112 section 7.1): a strict reader, and the lines a writer puts
// around its bytes.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // Eight hexadecimal digits: a chunk of 4 GiB. Longer sizes serve no one but who tests for
    // overflows.
    SRS_HTTP_CHUNK_DIGITS_MAX = 8,
    // Chunk extensions are read over; no sender in this field uses them.
    SRS_HTTP_CHUNK_EXTENSION_MAX = 256,
    // Trailers are read over too.
    SRS_HTTP_TRAILERS_MAX = 4 * 1024,
    SRS_HTTP_CHUNK_HEAD_MAX = 12,
};

// A zeroed struct is ready for a body.
struct srs_http_chunks {
    uint32_t left;
    uint16_t count; // digits of the size, bytes of an extension or of all trailers
    uint8_t state;
    bool trailer_line; // the current trailer line is not empty
};

// Reads up to the next piece of body: *used bytes are done with, *piece is in `in` (size 0 if none
// yet), *end says that the body is over. Stops at a piece or at the end, so it is called again
// while *used < in.size and not *end. After a failure (HTTP_INVALID_CHUNK_HEADER) the reader is of
// no more use.
SRS_ERR srs_http_chunks_read(struct srs_http_chunks *chunks, struct srs_span in, size_t *used,
                             struct srs_span *piece, bool *end);

#define SRS_HTTP_CHUNK_TAIL "\r\n"
#define SRS_HTTP_CHUNK_LAST "0\r\n\r\n"

// The line in front of a chunk of `size` bytes (1 to 4 GiB - 1); returns its size. Size 0 would end
// the body: not here.
size_t srs_http_chunk_head(uint8_t out[SRS_HTTP_CHUNK_HEAD_MAX], size_t size);
