// What is read in pieces is what is read at once; what is written again is read as the same; memory
// follows bytes.
#include "core/buf.h"
#include "fuzz/fuzz.h"
#include "protocol/rtmp/chunk.h"

// Inputs of nothing but empty messages find nothing after the first few, and cost the most.
enum { LIMIT = 64 * 1024 * 1024, MESSAGES_MAX = 48 };

// All that was read, in a row: a loop over its bytes would cost more than reading them.
struct seen {
    srs_err err; // LIMIT behind the last message that is looked at
    unsigned messages;
    struct srs_buf bytes;
};

static void add(struct seen *seen, const void *bytes, size_t size)
{
    fuzz_assert(srs_buf_append(&seen->bytes, bytes, size, LIMIT) == SRS_OK);
}

static void assert_same(struct seen *one, struct seen *two)
{
    struct srs_span a = srs_buf_span(&one->bytes);
    struct srs_span b = srs_buf_span(&two->bytes);
    fuzz_assert_equal(a.bytes, a.size, b.bytes, b.size);
    srs_buf_fini(&one->bytes);
    srs_buf_fini(&two->bytes);
}

static void take(struct srs_rtmp_reader *reader, struct srs_span in, struct seen *seen,
                 struct srs_buf *out)
{
    struct srs_rtmp_msg msg;
    srs_rtmp_reader_feed(reader, in);
    while ((seen->err = srs_rtmp_reader_next(reader, &msg)) == SRS_OK) {
        struct srs_rtmp_head head = {.type = msg.type,
                                     .csid = msg.csid,
                                     .time = msg.timestamp,
                                     .length = (uint32_t)msg.payload.size,
                                     .msid = msg.msid};
        uint32_t fields[] = {msg.type, msg.csid, msg.timestamp, msg.msid, head.length};
        add(seen, fields, sizeof fields);
        add(seen, msg.payload.bytes, msg.payload.size);
        if (out != NULL && srs_rtmp_chunk_write(out, &head, msg.payload, 128, LIMIT) != SRS_OK)
            fuzz_assert(!"written");
        if (++seen->messages == MESSAGES_MAX) {
            seen->err = SRS_E_LIMIT;
            return;
        }
    }
}

static struct seen read_once(struct srs_span in, struct srs_buf *out)
{
    struct seen seen = {.err = SRS_E_AGAIN};
    struct srs_rtmp_reader reader;
    srs_rtmp_reader_init(&reader);
    take(&reader, in, &seen, out);
    fuzz_assert(reader.assembled <= 4 * in.size + SRS_RTMP_STREAMS_MAX * 256);
    srs_err_drop(seen.err, "compared");
    srs_rtmp_reader_fini(&reader);
    return seen;
}

static void check_pieces(struct fuzz_split *split, struct seen *once)
{
    struct srs_rtmp_reader reader;
    struct fuzz_block piece;
    struct seen pieces = {.err = SRS_E_AGAIN};
    srs_rtmp_reader_init(&reader);
    while (pieces.err == SRS_E_AGAIN && fuzz_split_next(split, &piece)) {
        take(&reader, (struct srs_span){piece.bytes, piece.size}, &pieces, NULL);
        fuzz_block_free(&piece);
    }
    srs_err_drop(pieces.err, "compared");
    srs_rtmp_reader_fini(&reader);
    fuzz_assert(once->err == pieces.err);
    assert_same(once, &pieces);
}

// An input that says "one piece" is checked against the writer instead.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_split split = fuzz_split_init(data, size);
    struct fuzz_block whole = fuzz_block_copy(data, split.left);
    struct srs_buf out = {0};
    bool write = split.state == 0;

    struct seen once = read_once((struct srs_span){whole.bytes, whole.size}, write ? &out : NULL);
    fuzz_block_free(&whole);
    if (write) {
        struct seen again = read_once(srs_buf_span(&out), NULL);
        fuzz_assert(again.err == (again.messages < MESSAGES_MAX ? SRS_E_AGAIN : SRS_E_LIMIT));
        assert_same(&once, &again);
    } else {
        check_pieces(&split, &once);
    }
    srs_buf_fini(&out);
    return 0;
}
