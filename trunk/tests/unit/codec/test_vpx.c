// VP8 and VP9: records with and without FullBox bytes, frame headers of libvpx, all prefixes.
#include "codec/vpx.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

// Made by ffmpeg 5.1.9 with libvpx; the last as a sender writes it that leaves FullBox bytes out.
static const struct {
    const char *why;
    const char *hex;
    size_t box; // bytes of a FullBox in front
    uint8_t profile;
    uint8_t level;
    uint8_t depth;
    uint8_t subsampling;
} records[] = {
    {"640x360", "01000000 0015820202020000", 4, 0, 21, 8, 1},
    {"4:4:4", "01000000 0114860202020000", 4, 1, 20, 8, 3},
    {"10 bits", "01000000 0214a20202020000", 4, 2, 20, 10, 1},
    {"RGB", "01000000 0114870202020000", 4, 1, 20, 8, 3},
    {"no FullBox", "000a820202020000", 0, 0, 10, 8, 1},
    {"no FullBox, codec's own bytes", "000a820202020004 01020304", 0, 0, 10, 8, 1},
};

static void test_vpx_record_given_real_ones_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(records); i++) {
        uint8_t bytes[32];
        uint8_t again[32];
        size_t size = hex_bytes(records[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_vpx_record record;
        assert_err(SRS_OK, srs_vpx_record_read(&in, &record), records[i].why);
        if (record.profile != records[i].profile || record.level != records[i].level ||
            record.bit_depth != records[i].depth ||
            record.chroma_subsampling != records[i].subsampling || record.primaries != 2)
            fail_msg("%s: profile %u level %u depth %u", records[i].why, record.profile,
                     record.level, record.bit_depth);
        assert_int_equal(srs_rd_left(&in), 0);
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_vpx_record_write(&out, &record);
        assert_int_equal(out.size, size - records[i].box);
        assert_memory_equal(again, bytes + records[i].box, out.size);
        // Cut so far that the FullBox cannot be told, the bytes mean something else.
        for (size_t n = 0; n < 8; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_VPX_DATA, srs_vpx_record_read(&in, &record), records[i].why);
        }
    }
}

static void test_vpx_frames_given_bytes_then_fields_and_prefixes_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        unsigned vp;
        srs_err want;
        bool key;
        uint8_t profile;
        uint32_t width;
        uint32_t height;
        size_t shortest; // prefix that says it all
    } rows[] = {
        {"VP8 key", "f04c009d012ab0009000", 8, SRS_OK, true, 0, 176, 144, 10},
        {"VP8 key with scales", "f04c009d012ab0409080", 8, SRS_OK, true, 0, 176, 144, 10},
        {"VP8 inter", "b11500", 8, SRS_OK, false, 0, 0, 0, 3},
        {"VP8 of profile 3", "d71500", 8, SRS_OK, false, 3, 0, 0, 3},
        {"VP8 without start code", "f04c009d012bb0009000", 8, SRS_E_VPX_DATA, false, 0, 0, 0, 0},
        {"VP9 640x360", "824983420027f01676", 9, SRS_OK, true, 0, 640, 360, 9},
        {"VP9 322x242 4:4:4", "a249834200028201e2", 9, SRS_OK, true, 1, 322, 242, 9},
        {"VP9 320x240 of 10 bits", "924983420009f8077b", 9, SRS_OK, true, 2, 320, 240, 9},
        {"VP9 320x240 RGB", "a2498342e013f00ef6", 9, SRS_OK, true, 1, 320, 240, 9},
        {"VP9 inter", "86", 9, SRS_OK, false, 0, 0, 0, 1},
        {"VP9 shows one again", "88", 9, SRS_OK, false, 0, 0, 0, 1},
        {"VP9 of profile 3", "b4", 9, SRS_OK, false, 3, 0, 0, 1},
        {"VP9 marker", "424983420027f01676", 9, SRS_E_VPX_DATA, false, 0, 0, 0, 0},
        {"VP9 sync code", "824983430027f01676", 9, SRS_E_VPX_DATA, false, 0, 0, 0, 0},
        {"VP9 RGB in profile 0", "82498342e013f00ef6", 9, SRS_E_VPX_DATA, false, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[16];
        size_t size = hex_bytes(rows[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n <= size; n++) {
            struct srs_vpx_frame frame = {.profile = 77};
            struct srs_span span = {bytes, n};
            srs_err err = rows[i].vp == 8 ? srs_vp8_frame_read(span, &frame)
                                          : srs_vp9_frame_read(span, &frame);
            bool whole = rows[i].want == SRS_OK && n >= rows[i].shortest;
            assert_err(whole ? SRS_OK : SRS_E_VPX_DATA, err, rows[i].why);
            assert_int_equal(frame.profile, whole ? rows[i].profile : 77);
            if (n == size && whole &&
                (frame.key != rows[i].key || frame.width != rows[i].width ||
                 frame.height != rows[i].height))
                fail_msg("%s: key %d %ux%u", rows[i].why, frame.key, frame.width, frame.height);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vpx_record_given_real_ones_then_fields_and_written_back),
        cmocka_unit_test(test_vpx_frames_given_bytes_then_fields_and_prefixes_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
