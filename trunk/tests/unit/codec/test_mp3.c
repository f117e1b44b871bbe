// MP3: frame headers of LAME and libavcodec with the size of their frames; reserved values.
#include "codec/mp3.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    uint8_t version;
    uint8_t layer;
    uint8_t channels;
    uint16_t kbps;
    uint32_t rate;
    uint16_t samples;
    uint32_t size;
} frames[] = {
    {"44.1 kHz stereo of 128 kbit/s", "fffb9064", SRS_OK, 10, 3, 2, 128, 44100, 1152, 417},
    {"the same, padded", "fffb9264", SRS_OK, 10, 3, 2, 128, 44100, 1152, 418},
    {"22.05 kHz mono", "fff380c4", SRS_OK, 20, 3, 1, 64, 22050, 576, 208},
    {"11.025 kHz stereo", "ffe34064", SRS_OK, 25, 3, 2, 32, 11025, 576, 208},
    {"8 kHz mono", "ffe328c4", SRS_OK, 25, 3, 1, 16, 8000, 576, 144},
    {"layer II of 192 kbit/s, mono", "fffda0c4", SRS_OK, 10, 2, 1, 192, 44100, 1152, 626},
    {"layer I of 448 kbit/s", "ffffe404", SRS_OK, 10, 1, 2, 448, 48000, 384, 448},
    {"layer I, 22.05 kHz, padded", "fff71204", SRS_OK, 20, 1, 2, 32, 22050, 384, 72},
    {"with a checksum", "fffa9064", SRS_OK, 10, 3, 2, 128, 44100, 1152, 417},
    {"free", "fffb0064", SRS_OK, 10, 3, 2, 0, 44100, 1152, 0},
    {"version reserved", "ffeb9064", SRS_E_MP3_HEADER, 0, 0, 0, 0, 0, 0, 0},
    {"layer reserved", "fff99064", SRS_E_MP3_HEADER, 0, 0, 0, 0, 0, 0, 0},
    {"bit rate 15", "fffbf064", SRS_E_MP3_HEADER, 0, 0, 0, 0, 0, 0, 0},
    {"rate 3", "fffb9c64", SRS_E_MP3_HEADER, 0, 0, 0, 0, 0, 0, 0},
    {"no sync", "ffdb9064", SRS_E_MP3_HEADER, 0, 0, 0, 0, 0, 0, 0},
};

static void test_mp3_frame_given_headers_then_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(frames); i++) {
        uint8_t bytes[4];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(frames[i].hex, bytes, sizeof bytes));
        struct srs_mp3_frame frame;
        assert_err(frames[i].want, srs_mp3_frame_read(&in, &frame), frames[i].why);
        if (frames[i].want == SRS_OK &&
            (frame.version != frames[i].version || frame.layer != frames[i].layer ||
             frame.channels != frames[i].channels || frame.kbps != frames[i].kbps ||
             frame.sample_rate != frames[i].rate || frame.samples != frames[i].samples ||
             frame.size != frames[i].size || frame.has_crc != (bytes[1] % 2 == 0)))
            fail_msg("%s: version %u layer %u channels %u kbps %u rate %u size %u", frames[i].why,
                     frame.version, frame.layer, frame.channels, frame.kbps, frame.sample_rate,
                     frame.size);
        for (size_t n = 0; n < 4; n++) {
            in = srs_rd_init(bytes, n);
            assert_err(SRS_E_MP3_HEADER, srs_mp3_frame_read(&in, &frame), frames[i].why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mp3_frame_given_headers_then_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
