// An FLV file in pieces: the same tags however it is cut; body headers survive being written and
// read again.
#include "codec/flv.h"
#include "fuzz/fuzz.h"

enum { BODY_MAX = 64 * 1024 };

static uint32_t mix(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

static void check_video(struct srs_span body)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    struct srs_flv_video first, second;
    uint8_t once[SRS_FLV_BODY_HEADER_MAX], twice[SRS_FLV_BODY_HEADER_MAX];
    if (srs_flv_video_read(&in, &first) != SRS_OK)
        return;
    struct srs_wr one = srs_wr_init(once, sizeof once);
    srs_flv_video_write(&one, &first);
    fuzz_assert(!one.bad);
    in = srs_rd_init(once, one.size);
    fuzz_assert(srs_flv_video_read(&in, &second) == SRS_OK && srs_rd_left(&in) == 0);
    fuzz_assert(first.kind == second.kind && first.ex.fourcc == second.ex.fourcc);
    fuzz_assert(srs_flv_video_is_key(&first) == srs_flv_video_is_key(&second));
    struct srs_wr two = srs_wr_init(twice, sizeof twice);
    srs_flv_video_write(&two, &second);
    fuzz_assert_equal(once, one.size, twice, two.size);
}

static void check_audio(struct srs_span body)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    struct srs_flv_audio first, second;
    uint8_t once[SRS_FLV_BODY_HEADER_MAX], twice[SRS_FLV_BODY_HEADER_MAX];
    if (srs_flv_audio_read(&in, &first) != SRS_OK)
        return;
    struct srs_wr one = srs_wr_init(once, sizeof once);
    srs_flv_audio_write(&one, &first);
    fuzz_assert(!one.bad);
    in = srs_rd_init(once, one.size);
    fuzz_assert(srs_flv_audio_read(&in, &second) == SRS_OK && srs_rd_left(&in) == 0);
    fuzz_assert(first.kind == second.kind && first.ex.fourcc == second.ex.fourcc);
    struct srs_wr two = srs_wr_init(twice, sizeof twice);
    srs_flv_audio_write(&two, &second);
    fuzz_assert_equal(once, one.size, twice, two.size);
}

static void check_tag(const struct srs_flv_tag *tag, struct srs_span body)
{
    uint8_t bytes[SRS_FLV_TAG_SIZE];
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
    struct srs_flv_tag again;
    srs_flv_tag_write(&out, tag);
    fuzz_assert(!out.bad && srs_flv_tag_read(&in, &again) == SRS_OK);
    fuzz_assert(again.size == body.size && again.timestamp == tag->timestamp);
    check_video(body); // whatever the type says: more of the bytes reach more of the code
    check_audio(body);
}

// Tags until AGAIN or an error; `sum` covers all of them.
static srs_err take_all(struct srs_flv_demux *demux, uint32_t *sum)
{
    struct srs_flv_tag tag;
    struct srs_span body;
    srs_err err = srs_flv_demux_next(demux, &tag, &body);
    while (!err) {
        check_tag(&tag, body);
        *sum = mix(*sum ^ tag.timestamp ^ tag.type, body.bytes, body.size) + 1;
        err = srs_flv_demux_next(demux, &tag, &body);
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_split split = fuzz_split_init(data, size);
    struct fuzz_block piece;
    uint32_t sums[2] = {0, 0};
    srs_err errs[2] = {SRS_E_AGAIN, SRS_E_AGAIN};
    struct srs_flv_demux demux;

    if (size == 0 || size > SRS_FLV_FEED_MAX)
        return 0;
    for (int whole = 0; whole < 2; whole++) {
        srs_flv_demux_init(&demux, BODY_MAX);
        if (whole)
            split = (struct fuzz_split){.data = data, .left = size - 1};
        while (errs[whole] == SRS_E_AGAIN && fuzz_split_next(&split, &piece)) {
            fuzz_assert(srs_flv_demux_feed(&demux, piece.bytes, piece.size) == SRS_OK);
            fuzz_assert(demux.buf.capacity <= 2 * size + 1024);
            fuzz_block_free(&piece);
            errs[whole] = take_all(&demux, &sums[whole]);
        }
        srs_err_drop(srs_flv_demux_finish(&demux), "most inputs are cut");
        srs_flv_demux_fini(&demux);
    }
    fuzz_assert(sums[0] == sums[1] && errs[0] == errs[1]);
    (void)srs_bare(SRS_OK);
    return 0;
}
