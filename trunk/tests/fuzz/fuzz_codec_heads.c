// The short headers: VP8 and VP9, Opus, FLAC, MP3, AC-3. First byte: which. What is read has sane
// fields; records are written back and read again.
// Covers: codec/ac3.c codec/flac.c codec/mp3.c codec/opus.c codec/vpx.c
#include "codec/ac3.h"
#include "codec/flac.h"
#include "codec/mp3.h"
#include "codec/opus.h"
#include "codec/vpx.h"
#include "fuzz/fuzz.h"

static void check_vpx_record(struct srs_rd in)
{
    struct srs_vpx_record record, again;
    size_t size = srs_rd_left(&in);
    if (srs_vpx_record_read(&in, &record) != SRS_OK)
        return;
    uint8_t *bytes = malloc(size);
    fuzz_assert(bytes != NULL);
    struct srs_wr out = srs_wr_init(bytes, size);
    srs_vpx_record_write(&out, &record);
    fuzz_assert(!out.bad && out.size == 8 + record.init.size);
    in = srs_rd_init(bytes, out.size);
    // Its third byte is 0 only for a bit depth that nothing has.
    if (record.bit_depth > 0) {
        fuzz_assert(srs_vpx_record_read(&in, &again) == SRS_OK);
        fuzz_assert(again.profile == record.profile && again.matrix == record.matrix);
        fuzz_assert_equal(record.init.bytes, record.init.size, again.init.bytes, again.init.size);
    }
    free(bytes);
}

static void check_vpx_frames(struct srs_span frame)
{
    struct srs_vpx_frame vpx;
    if (srs_vp8_frame_read(frame, &vpx) == SRS_OK)
        fuzz_assert(vpx.width <= 0x3FFF && (vpx.key || vpx.width == 0));
    if (srs_vp9_frame_read(frame, &vpx) == SRS_OK)
        fuzz_assert(vpx.key ? vpx.width >= 1 && vpx.width <= 65536 : vpx.width == 0);
}

static void check_opus(struct srs_rd in)
{
    struct srs_opus_head head, again;
    uint8_t bytes[512];
    struct srs_opus_toc toc;
    struct srs_span all = {in.at, srs_rd_left(&in)};
    if (srs_opus_toc_read(all, &toc) == SRS_OK)
        fuzz_assert(toc.frames * toc.frame_samples <= 5760 && toc.frames > 0);
    if (srs_opus_head_read(&in, &head) != SRS_OK)
        return;
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    srs_opus_head_write(&out, &head);
    fuzz_assert_equal(all.bytes, all.size - srs_rd_left(&in), bytes, out.size);
    in = srs_rd_init(bytes, out.size);
    fuzz_assert(srs_opus_head_read(&in, &again) == SRS_OK && again.gain == head.gain);
}

static void check_flac(struct srs_rd in)
{
    struct srs_flac_info info;
    uint8_t bytes[SRS_FLAC_INFO_SIZE];
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    if (srs_flac_info_read(&in, &info) != SRS_OK)
        return;
    fuzz_assert(info.channels >= 1 && info.channels <= 8 && info.bits <= 32);
    srs_flac_info_write(&out, &info);
    fuzz_assert_equal(in.at - sizeof bytes, sizeof bytes, bytes, out.size);
}

static void check_frames(struct srs_rd in)
{
    struct srs_rd other = in;
    struct srs_mp3_frame mp3;
    struct srs_ac3_frame ac3;
    if (srs_mp3_frame_read(&in, &mp3) == SRS_OK) {
        fuzz_assert(mp3.sample_rate >= 8000 && mp3.sample_rate <= 48000);
        fuzz_assert(mp3.size <= 5 * 1024 && (mp3.size >= 4 || mp3.kbps == 0));
    }
    if (srs_ac3_frame_read(&other, &ac3) == SRS_OK) {
        fuzz_assert(ac3.channels >= 1 && ac3.channels <= 6 && ac3.size > 0 && ac3.size <= 4096);
        fuzz_assert(ac3.sample_rate >= 8000 && ac3.sample_rate <= 48000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fuzz_block block = fuzz_block_copy(data + 1, size - 1);
    struct srs_rd in = srs_rd_init(block.bytes, block.size);
    switch (data[0] % 5) {
    case 0:
        check_vpx_record(in);
        break;
    case 1:
        check_vpx_frames((struct srs_span){block.bytes, block.size});
        break;
    case 2:
        check_opus(in);
        break;
    case 3:
        check_flac(in);
        break;
    default:
        check_frames(in);
        break;
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
    return 0;
}
