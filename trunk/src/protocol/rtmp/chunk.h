// RTMP chunk stream, RTMP 1.0 section 5.3: bytes to messages and messages to bytes, without
// sockets.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>
#include <stdint.h>

enum srs_rtmp_type {
    SRS_RTMP_SET_CHUNK_SIZE = 1,
    SRS_RTMP_ABORT = 2,
    SRS_RTMP_ACK = 3,
    SRS_RTMP_USER_CONTROL = 4,
    SRS_RTMP_WINDOW_ACK_SIZE = 5,
    SRS_RTMP_SET_PEER_BANDWIDTH = 6,
    SRS_RTMP_AUDIO = 8,
    SRS_RTMP_VIDEO = 9,
    SRS_RTMP_DATA_AMF3 = 15,
    SRS_RTMP_SHARED_OBJECT_AMF3 = 16,
    SRS_RTMP_COMMAND_AMF3 = 17,
    SRS_RTMP_DATA = 18,
    SRS_RTMP_SHARED_OBJECT = 19,
    SRS_RTMP_COMMAND = 20,
    SRS_RTMP_AGGREGATE = 22
};

enum {
    SRS_RTMP_CHUNK_SIZE_FIRST = 128,      // both directions, until a Set Chunk Size
    SRS_RTMP_CHUNK_SIZE_MAX = 0x7FFFFFFF, // larger ones do not exist on the wire
    SRS_RTMP_CSID_CONTROL = 2,
    SRS_RTMP_CSID_MAX = 65599,
    SRS_RTMP_MESSAGE_MAX = 0xFFFFFF, // the length field has 24 bits
    SRS_RTMP_HEADER_MAX = 18,        // 3 basic, 11 message, 4 extended timestamp
    SRS_RTMP_CONTINUATION_MAX = 7,   // 3 basic, 4 extended timestamp

    // Limits of what a peer may make us keep. Streams: clients use at most five at a time.
    SRS_RTMP_STREAMS_MAX = 64,
    // The longest control message in use is the 44 bytes of SWF verification.
    SRS_RTMP_CONTROL_MAX = 1024,
    // A connect with every property and long tokens stays below 8 KiB. Shared objects and unknown
    // types alike.
    SRS_RTMP_COMMAND_MAX = 64 * 1024,
    // An audio frame: the largest of FLAC (65535 samples of 8 channels) stay below it, all others
    // by far.
    SRS_RTMP_AUDIO_MAX = 1024 * 1024,
    // Metadata with an index of all key frames of a long file; most is below 1 KiB.
    SRS_RTMP_DATA_MAX = 256 * 1024,
    // Two of the longest messages half received, one of each kind.
    SRS_RTMP_ASSEMBLED_MAX = 32 * 1024 * 1024
};

struct srs_rtmp_msg {
    uint32_t timestamp; // ms, wraps
    uint32_t msid;
    uint32_t csid;
    uint8_t type;
    struct srs_span payload;
};

struct srs_rtmp_reader {
    struct srs_rtmp_chunk_stream *streams; // on demand, in order of appearance
    struct srs_span in;                    // borrowed or `kept`
    uint8_t *kept;
    uint64_t begun; // messages so far
    uint32_t chunk_size;
    uint32_t chunk_left; // payload bytes missing of the chunk that is being read
    uint32_t message_max;
    uint32_t assembled_max;
    uint32_t assembled; // bytes that all bodies hold
    int16_t current;    // stream of the last chunk, -1 = none yet
    int16_t delivered;  // stream whose body the last message pointed into, -1 = none
    uint8_t stream_count;
    uint8_t stream_capacity;
    uint8_t head_size;
    uint8_t head[SRS_RTMP_HEADER_MAX]; // beginning of a chunk header that is not complete
};

void srs_rtmp_reader_init(struct srs_rtmp_reader *reader);
void srs_rtmp_reader_fini(struct srs_rtmp_reader *reader);

// No message above `message_max` (SRS_RTMP_MESSAGE_MAX at first; the limits by type hold in any
// case) and together no more than `assembled_max` bytes of unfinished messages
// (SRS_RTMP_ASSEMBLED_MAX at first).
void srs_rtmp_reader_set_limits(struct srs_rtmp_reader *reader, uint32_t message_max,
                                uint32_t assembled_max);

// Bytes of memory of the bodies kept, of unfinished messages and for the next ones.
static inline size_t srs_rtmp_reader_held(const struct srs_rtmp_reader *reader)
{
    return reader->assembled;
}
// The number of the oldest message that has begun and is not complete, counted from 1; 0 for none.
uint64_t srs_rtmp_reader_unfinished(const struct srs_rtmp_reader *reader);
// Frees the bodies that are kept for the next messages; not the one that the last message given
// lies in. LIMIT when those of unfinished messages hold more than `max` bytes.
SRS_ERR srs_rtmp_reader_shrink(struct srs_rtmp_reader *reader, uint32_t max);

// Borrows `in` until next says AGAIN or keep is called; only after next said AGAIN for the bytes
// before.
void srs_rtmp_reader_feed(struct srs_rtmp_reader *reader, struct srs_span in);

// Ends the borrowing: what is not read yet is copied. For a caller that is about to yield.
// NO_MEMORY.
SRS_ERR srs_rtmp_reader_keep(struct srs_rtmp_reader *reader);

// Whether the payload of the last message given lies in the bytes fed, and not in memory of the
// reader.
static inline bool srs_rtmp_reader_borrows(const struct srs_rtmp_reader *reader)
{
    return reader->delivered < 0 && reader->kept == NULL;
}

// The next message; Set Chunk Size and Abort are obeyed here and not given. The payload is valid
// until the next call of this reader. AGAIN when the bytes fed are used up. All other errors are
// final: RTMP_CHUNK_START, RTMP_CHUNK_SIZE, RTMP_MESSAGE_DECODE, LIMIT, NO_MEMORY.
SRS_ERR srs_rtmp_reader_next(struct srs_rtmp_reader *reader, struct srs_rtmp_msg *msg);

// A message's header as sent. `time` is the timestamp in a full header and the delta (modulo 2^32)
// in one with delta.
struct srs_rtmp_head {
    bool with_delta; // fmt 1: message stream id of the last message on this csid
    uint8_t type;
    uint32_t csid; // 2..SRS_RTMP_CSID_MAX
    uint32_t time;
    uint32_t length; // at most SRS_RTMP_MESSAGE_MAX
    uint32_t msid;
};

// Header of the first chunk and of all others; return their size.
size_t srs_rtmp_chunk_header(uint8_t out[SRS_RTMP_HEADER_MAX], const struct srs_rtmp_head *head);
size_t srs_rtmp_chunk_continuation(uint8_t out[SRS_RTMP_CONTINUATION_MAX],
                                   const struct srs_rtmp_head *head);

// Bytes of the whole message in chunks of `chunk_size`.
size_t srs_rtmp_chunk_wire_size(const struct srs_rtmp_head *head, uint32_t chunk_size);

// Appends the whole message, or nothing; head->length must be that of the payload. Errors of
// srs_buf_reserve.
SRS_ERR srs_rtmp_chunk_write(struct srs_buf *out, const struct srs_rtmp_head *head,
                             struct srs_span payload, uint32_t chunk_size, size_t limit);
