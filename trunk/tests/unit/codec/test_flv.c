// FLV: real files through the demuxer and back, body headers by table, hostile sizes.
#include "codec/flv.h"
#include "unit/codec/hex.h"
#include "unit/test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const char vectors[] = "trunk/tests/vectors/flv";

// ---- body headers ----

static const struct {
    const char *why;
    const char *hex;
    size_t header; // bytes of it that the header takes
    enum srs_flv_kind kind;
    uint32_t fourcc;
    int32_t time;
    uint8_t frame_type;
    uint8_t packet_type; // the enhanced one, or that of legacy
    uint8_t tracks;
    bool key;
} videos[] = {
    {"AVC record", "17 00 000000 01", 5, SRS_FLV_SEQUENCE_HEADER, 0, 0, 1, 0, 0, false},
    {"AVC key frame", "17 01 000050 00", 5, SRS_FLV_FRAME, 0, 80, 1, 1, 0, true},
    {"AVC negative time", "27 01 fffffe 00", 5, SRS_FLV_FRAME, 0, -2, 2, 1, 0, false},
    {"AVC most negative time", "27 01 800000 00", 5, SRS_FLV_FRAME, 0, -8388608, 2, 1, 0, false},
    {"AVC end", "17 02 000000", 5, SRS_FLV_SEQUENCE_END, 0, 0, 1, 2, 0, false},
    {"AVC packet type unknown", "17 03 000000", 5, SRS_FLV_OTHER, 0, 0, 1, 3, 0, false},
    {"generated key frame", "47 01 000000", 5, SRS_FLV_FRAME, 0, 0, 4, 1, 0, true},
    {"HEVC by number", "1c 00 000000 01", 5, SRS_FLV_SEQUENCE_HEADER, 0, 0, 1, 0, 0, false},
    {"AV1 by number", "1d 01 000000 12", 5, SRS_FLV_FRAME, 0, 0, 1, 1, 0, true},
    {"H.263 has no packet type", "22 00 00", 1, SRS_FLV_FRAME, 0, 0, 2, 0, 0, false},
    {"legacy command", "57 01", 2, SRS_FLV_COMMAND, 0, 0, 5, 0, 0, false},
    {"hvc1 record", "9068766331 01 01", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_HEVC, 0, 1,
     SRS_FLV_EX_SEQUENCE_START, 0, false},
    {"hvc1 frame with time", "9168766331 000050 0000", 8, SRS_FLV_FRAME, SRS_FLV_FOURCC_HEVC, 80, 1,
     SRS_FLV_EX_FRAMES, 0, true},
    {"hvc1 frame without time", "a368766331 0000", 5, SRS_FLV_FRAME, SRS_FLV_FOURCC_HEVC, 0, 2,
     SRS_FLV_EX_FRAMES_X, 0, false},
    {"avc1 frame", "9161766331 ffffff 00", 8, SRS_FLV_FRAME, SRS_FLV_FOURCC_AVC, -1, 1,
     SRS_FLV_EX_FRAMES, 0, true},
    {"vvc1 frame", "9176766331 000001 00", 8, SRS_FLV_FRAME, SRS_FLV_FOURCC_VVC, 1, 1,
     SRS_FLV_EX_FRAMES, 0, true},
    {"av01 frame has no time", "9161763031 1200", 5, SRS_FLV_FRAME, SRS_FLV_FOURCC_AV1, 0, 1,
     SRS_FLV_EX_FRAMES, 0, true},
    {"vp09 record", "9076703039 01", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_VP9, 0, 1,
     SRS_FLV_EX_SEQUENCE_START, 0, false},
    {"av01 MPEG-TS descriptor", "9561763031 80", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_AV1, 0,
     1, SRS_FLV_EX_MPEG2TS_START, 0, false},
    {"colorInfo with frame type 5 is no command", "d468766331 02", 5, SRS_FLV_METADATA,
     SRS_FLV_FOURCC_HEVC, 0, 5, SRS_FLV_EX_METADATA, 0, false},
    {"OBS colorInfo", "8468766331 02", 5, SRS_FLV_METADATA, SRS_FLV_FOURCC_HEVC, 0, 0,
     SRS_FLV_EX_METADATA, 0, false},
    {"OBS end", "a268766331", 5, SRS_FLV_SEQUENCE_END, SRS_FLV_FOURCC_HEVC, 0, 2,
     SRS_FLV_EX_SEQUENCE_END, 0, false},
    {"MediaMTX record", "8068766331 01", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_HEVC, 0, 0,
     SRS_FLV_EX_SEQUENCE_START, 0, false},
    {"command without FourCC", "d1 01", 2, SRS_FLV_COMMAND, 0, 0, 5, SRS_FLV_EX_FRAMES, 0, false},
    {"one track, start", "9600 68766331 01 aa", 7, SRS_FLV_OTHER, SRS_FLV_FOURCC_HEVC, 0, 1,
     SRS_FLV_EX_SEQUENCE_START, SRS_FLV_TRACKS_ONE, false},
    {"one track, frame: its time is not ours to read", "9601 68766331 01 000050", 7, SRS_FLV_OTHER,
     SRS_FLV_FOURCC_HEVC, 0, 1, SRS_FLV_EX_FRAMES, SRS_FLV_TRACKS_ONE, false},
    {"many tracks", "9611 68766331 00 000001 aa", 6, SRS_FLV_OTHER, SRS_FLV_FOURCC_HEVC, 0, 1,
     SRS_FLV_EX_FRAMES, SRS_FLV_TRACKS_MANY, false},
    {"many codecs: no common FourCC", "9621 68766331 00 000001 aa", 2, SRS_FLV_OTHER, 0, 0, 1,
     SRS_FLV_EX_FRAMES, SRS_FLV_TRACKS_MANY_CODECS, false},
    {"packet type unknown", "9f68766331 aa", 5, SRS_FLV_OTHER, SRS_FLV_FOURCC_HEVC, 0, 1, 15, 0,
     false},
    {"ModEx nano in front", "97 02 07a120 01 68766331 000050", 13, SRS_FLV_FRAME,
     SRS_FLV_FOURCC_HEVC, 80, 1, SRS_FLV_EX_FRAMES, 0, true},
    {"ModEx nano, then one track", "a7 02 07a120 06 01 68766331 02", 12, SRS_FLV_OTHER,
     SRS_FLV_FOURCC_HEVC, 0, 2, SRS_FLV_EX_FRAMES, SRS_FLV_TRACKS_ONE, false},
};

static void test_flv_video_given_headers_then_read_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(videos); i++) {
        uint8_t bytes[32];
        uint8_t again[SRS_FLV_BODY_HEADER_MAX];
        size_t size = hex_bytes(videos[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_flv_video video;
        assert_err(SRS_OK, srs_flv_video_read(&in, &video), videos[i].why);
        if ((size_t)(in.at - bytes) != videos[i].header || video.kind != videos[i].kind ||
            video.ex.fourcc != videos[i].fourcc || video.composition_time != videos[i].time ||
            video.frame_type != videos[i].frame_type || video.ex.tracks != videos[i].tracks ||
            srs_flv_video_is_key(&video) != videos[i].key ||
            (video.enhanced ? video.ex.packet_type : video.packet_type) != videos[i].packet_type)
            fail_msg("%s: kind %d, %zu bytes", videos[i].why, video.kind, (size_t)(in.at - bytes));
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_flv_video_write(&out, &video);
        assert_false(out.bad);
        assert_int_equal(videos[i].header, out.size);
        assert_memory_equal(bytes, again, out.size);
    }
}

static void test_flv_video_given_every_prefix_of_a_header_then_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(videos); i++)
        for (size_t size = 0; size < videos[i].header; size++) {
            uint8_t bytes[32];
            struct srs_flv_video video = {.codec_id = 99};
            (void)hex_bytes(videos[i].hex, bytes, size);
            struct srs_rd in = srs_rd_init(bytes, size);
            assert_err(SRS_E_FLV_TRUNCATED, srs_flv_video_read(&in, &video), videos[i].why);
            assert_int_equal(99, video.codec_id);
        }
}

static const struct {
    const char *why;
    const char *hex;
    size_t header;
    enum srs_flv_kind kind;
    uint32_t fourcc;
    uint8_t format;
    uint8_t rate;
    bool is_16bit;
    bool is_stereo;
    uint8_t packet_type;
    uint8_t tracks;
} audios[] = {
    {"silence", "", 0, SRS_FLV_SILENCE, 0, 0, 0, false, false, 0, 0},
    {"AAC configuration", "af 00 1188", 2, SRS_FLV_SEQUENCE_HEADER, 0, 10, 3, true, true, 0, 0},
    {"AAC frame", "af 01 21", 2, SRS_FLV_FRAME, 0, 10, 3, true, true, 1, 0},
    {"AAC packet type unknown", "af 02", 2, SRS_FLV_OTHER, 0, 10, 3, true, true, 2, 0},
    {"MP3 at 22 kHz mono", "2a ff", 1, SRS_FLV_FRAME, 0, 2, 2, true, false, 0, 0},
    {"Speex", "b2 00", 1, SRS_FLV_FRAME, 0, 11, 0, true, false, 0, 0},
    {"PCM of 8 bits, stereo, 11 kHz", "05", 1, SRS_FLV_FRAME, 0, 0, 1, false, true, 0, 0},
    {"Opus head", "904f707573 4f", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_OPUS, 9, 0, false,
     false, 0, 0},
    {"Opus frame", "914f707573 78", 5, SRS_FLV_FRAME, SRS_FLV_FOURCC_OPUS, 9, 0, false, false, 1,
     0},
    {"end", "926d703461", 5, SRS_FLV_SEQUENCE_END, SRS_FLV_FOURCC_AAC, 9, 0, false, false, 2, 0},
    {"channels beside legacy AAC", "946d703461 01 06", 5, SRS_FLV_METADATA, SRS_FLV_FOURCC_AAC, 9,
     0, false, false, 4, 0},
    {"AC-3 start is empty", "9061632d33", 5, SRS_FLV_SEQUENCE_HEADER, SRS_FLV_FOURCC_AC3, 9, 0,
     false, false, 0, 0},
    {"type 3 is not defined", "93664c6143", 5, SRS_FLV_OTHER, SRS_FLV_FOURCC_FLAC, 9, 0, false,
     false, 3, 0},
    {"one track", "9501 4f707573 01 78", 7, SRS_FLV_OTHER, SRS_FLV_FOURCC_OPUS, 9, 0, false, false,
     1, SRS_FLV_TRACKS_ONE},
    {"many tracks", "9511 6d703461 00", 6, SRS_FLV_OTHER, SRS_FLV_FOURCC_AAC, 9, 0, false, false, 1,
     SRS_FLV_TRACKS_MANY},
    {"ModEx nano", "97 02 000001 01 6d703461", 10, SRS_FLV_FRAME, SRS_FLV_FOURCC_AAC, 9, 0, false,
     false, 1, 0},
};

static void test_flv_audio_given_headers_then_read_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(audios); i++) {
        uint8_t bytes[32];
        uint8_t again[SRS_FLV_BODY_HEADER_MAX];
        size_t size = hex_bytes(audios[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_flv_audio audio;
        assert_err(SRS_OK, srs_flv_audio_read(&in, &audio), audios[i].why);
        if ((size_t)(in.at - bytes) != audios[i].header || audio.kind != audios[i].kind ||
            audio.ex.fourcc != audios[i].fourcc || audio.format != audios[i].format ||
            audio.rate != audios[i].rate || audio.is_16bit != audios[i].is_16bit ||
            audio.is_stereo != audios[i].is_stereo || audio.ex.tracks != audios[i].tracks ||
            (audio.enhanced ? audio.ex.packet_type : audio.packet_type) != audios[i].packet_type)
            fail_msg("%s: kind %d, %zu bytes", audios[i].why, audio.kind, (size_t)(in.at - bytes));
        struct srs_wr out = srs_wr_init(again, sizeof again);
        srs_flv_audio_write(&out, &audio);
        assert_false(out.bad);
        assert_int_equal(audios[i].header, out.size);
        assert_memory_equal(bytes, again, out.size);
    }
}

static void test_flv_audio_given_every_prefix_of_a_header_then_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(audios); i++)
        for (size_t size = 1; size < audios[i].header; size++) { // 0 is silence
            uint8_t bytes[32];
            struct srs_flv_audio audio;
            (void)hex_bytes(audios[i].hex, bytes, size);
            struct srs_rd in = srs_rd_init(bytes, size);
            assert_err(SRS_E_FLV_TRUNCATED, srs_flv_audio_read(&in, &audio), audios[i].why);
        }
}

static SRS_ERR read_video(const char *hex, struct srs_flv_video *video)
{
    uint8_t bytes[64];
    struct srs_rd in = srs_rd_init(bytes, hex_bytes(hex, bytes, sizeof bytes));
    return srs_flv_video_read(&in, video);
}

static void test_flv_multitrack_given_nested_or_unknown_then_invalid(void **state)
{
    (void)state;
    struct srs_flv_video video;
    struct srs_flv_audio audio;
    uint8_t nested[] = {0x95, 0x05, 'm', 'p', '4', 'a', 0};
    const srs_err want = SRS_E_FLV_INVALID_VIDEO_TAG;
    assert_err(want, read_video("9606 68766331 00", &video), "multitrack in multitrack");
    assert_err(want, read_video("9631 68766331 00", &video), "multitrack type 3");
    struct srs_rd in = srs_rd_init(nested, sizeof nested);
    assert_err(want, srs_flv_audio_read(&in, &audio), "audio in audio");
    assert_err(SRS_OK, read_video("9605 61763031 00", &video), "5 is multitrack of audio only");
}

static void test_flv_modex_given_sizes_then_skipped_or_nano(void **state)
{
    (void)state;
    struct srs_flv_video video;
    uint8_t large[320] = {0x97, 0xFF, 0x01, 0x2B};
    large[4 + 300] = 0x11; // unknown type 1, then FRAMES
    memcpy(large + 4 + 301, "av01", 4);
    struct srs_rd in = srs_rd_init(large, 4 + 305);
    assert_err(SRS_OK, srs_flv_video_read(&in, &video), "300 bytes");
    assert_true(video.kind == SRS_FLV_FRAME && video.ex.fourcc == SRS_FLV_FOURCC_AV1);
    assert_false(video.ex.has_nano);
    in = srs_rd_init(large, 4 + 299);
    assert_err(SRS_E_FLV_TRUNCATED, srs_flv_video_read(&in, &video), "one past the end");

    assert_err(SRS_OK, read_video("97 02 0f423f 01 61763031", &video), "999999 ns");
    assert_true(video.ex.has_nano && video.ex.nano == 999999);
    assert_err(SRS_OK, read_video("97 02 0f4240 01 61763031", &video), "a millisecond");
    assert_false(video.ex.has_nano);
    assert_err(SRS_OK, read_video("97 01 0001 01 61763031", &video), "two bytes only");
    assert_false(video.ex.has_nano);
    assert_err(SRS_OK, read_video("97 00 00 17 02 000007 01 61763031", &video), "two of them");
    assert_true(video.ex.has_nano && video.ex.nano == 7 && video.kind == SRS_FLV_FRAME);
    assert_err(SRS_OK, read_video("d7 00 00 11 01", &video), "command behind ModEx");
    assert_true(video.kind == SRS_FLV_COMMAND && video.command == 1);
}

// ---- file and tag header ----

static void test_flv_header_given_flags_then_read_and_written_back(void **state)
{
    (void)state;
    for (int flags = 0; flags < 4; flags++) {
        struct srs_flv_header header = {.has_audio = flags & 1, .has_video = flags & 2};
        struct srs_flv_header again;
        uint8_t bytes[SRS_FLV_HEADER_SIZE];
        struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
        srs_flv_header_write(&out, &header);
        assert_false(out.bad);
        for (size_t size = 0; size <= sizeof bytes; size++) {
            struct srs_rd in = srs_rd_init(bytes, size);
            assert_err(size < sizeof bytes ? SRS_E_FLV_TRUNCATED : SRS_OK,
                       srs_flv_header_read(&in, &again), "prefix");
        }
        assert_true(again.has_audio == header.has_audio && again.has_video == header.has_video);
        assert_int_equal((flags & 1 ? 4 : 0) | (flags & 2 ? 1 : 0), bytes[4]);
    }
}

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
} headers[] = {
    {"longer header", "464c5601 05 0000000b aaaa", SRS_OK},
    {"longer header cut", "464c5601 05 0000000b aa", SRS_E_FLV_TRUNCATED},
    {"not FLV", "464c5701 05 00000009", SRS_E_KERNEL_FLV_HEADER},
    {"version 2", "464c5602 05 00000009", SRS_E_KERNEL_FLV_HEADER},
    {"header of 8 bytes", "464c5601 05 00000008", SRS_E_KERNEL_FLV_HEADER},
    {"header of 4 GB", "464c5601 05 ffffffff", SRS_E_KERNEL_FLV_HEADER},
};

static void test_flv_header_given_bytes_then_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(headers); i++) {
        uint8_t bytes[32];
        struct srs_flv_header header;
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(headers[i].hex, bytes, sizeof bytes));
        assert_err(headers[i].want, srs_flv_header_read(&in, &header), headers[i].why);
    }
}

static void test_flv_tag_given_every_field_then_read_and_written_back(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x29, 0x01, 2, 3, 0x45, 0x67, 0x89, 0x82, 0, 0, 7};
    uint8_t again[sizeof bytes];
    struct srs_flv_tag tag;
    for (size_t size = 0; size < sizeof bytes; size++) {
        struct srs_rd in = srs_rd_init(bytes, size);
        assert_err(SRS_E_FLV_TRUNCATED, srs_flv_tag_read(&in, &tag), "prefix");
    }
    struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
    assert_err(SRS_OK, srs_flv_tag_read(&in, &tag), "whole");
    assert_true(tag.type == SRS_FLV_VIDEO && tag.filtered && tag.size == 0x10203);
    assert_true(tag.timestamp == 0x82456789 && tag.stream_id == 7);
    struct srs_wr out = srs_wr_init(again, sizeof again);
    srs_flv_tag_write(&out, &tag);
    assert_false(out.bad);
    assert_memory_equal(bytes, again, sizeof bytes);
}

// ---- demuxer ----

struct file {
    uint8_t *bytes;
    size_t size;
};

static struct file file_read(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", vectors, name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    struct file file = {malloc(64 * 1024), 0};
    assert_non_null(file.bytes);
    file.size = fread(file.bytes, 1, 64 * 1024, stream);
    assert_true(file.size > 0 && file.size < 64 * 1024);
    assert_int_equal(0, fclose(stream));
    return file;
}

// Header of a body read and written back; an unknown ModEx cannot be, everything else is byte for
// byte.
static void check_body(const struct srs_flv_tag *tag, struct srs_span body, const char *name)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    uint8_t bytes[SRS_FLV_BODY_HEADER_MAX];
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    if (tag->type == SRS_FLV_VIDEO) {
        struct srs_flv_video video;
        assert_err(SRS_OK, srs_flv_video_read(&in, &video), name);
        srs_flv_video_write(&out, &video);
    } else if (tag->type == SRS_FLV_AUDIO) {
        struct srs_flv_audio audio;
        assert_err(SRS_OK, srs_flv_audio_read(&in, &audio), name);
        srs_flv_audio_write(&out, &audio);
    }
    assert_false(out.bad);
    if (strcmp(name, "made-hevc-modex-300-unknown.flv") == 0 && tag->type == SRS_FLV_VIDEO &&
        (body.bytes[0] & 0x8F) == (0x80 | SRS_FLV_EX_MODEX))
        return;
    if (in.at != NULL)
        assert_int_equal(in.at - body.bytes, out.size);
    if (out.size > 0)
        assert_memory_equal(body.bytes, bytes, out.size);
}

// Takes what is there and appends it to `out` as a file.
static unsigned demux_all(struct srs_flv_demux *demux, struct srs_wr *out, const char *name)
{
    struct srs_flv_tag tag;
    struct srs_span body;
    unsigned count = 0;
    srs_err err;
    for (;;) {
        err = srs_flv_demux_next(demux, &tag, &body);
        if (err)
            break;
        check_body(&tag, body, name);
        srs_flv_tag_write(out, &tag);
        srs_wr_bytes(out, body.bytes, body.size);
        srs_wr_u32(out, SRS_FLV_TAG_SIZE + tag.size);
        count++;
    }
    assert_err(SRS_E_AGAIN, err, name);
    return count;
}

// In pieces of `piece` bytes; the file comes out again byte for byte.
static void check_file(const char *name, size_t piece)
{
    struct file file = file_read(name);
    uint8_t *again = malloc(file.size);
    struct srs_wr out = srs_wr_init(again, file.size);
    struct srs_flv_demux demux;
    unsigned count = 0;

    assert_non_null(again);
    (void)srs_wr_reserve(&out, 8); // the header is written below, once it has been met
    (void)srs_wr_reserve(&out, 5);
    srs_flv_demux_init(&demux, SRS_FLV_BODY_MAX);
    for (size_t at = 0; at < file.size; at += piece) {
        size_t left = file.size - at;
        srs_err err = srs_flv_demux_feed(&demux, file.bytes + at, left < piece ? left : piece);
        assert_err(SRS_OK, err, name);
        count += demux_all(&demux, &out, name);
    }
    assert_err(SRS_OK, srs_flv_demux_finish(&demux), name);
    struct srs_wr head = srs_wr_init(again, SRS_FLV_HEADER_SIZE);
    srs_flv_header_write(&head, &demux.header);
    assert_true(count > 2 && !out.bad);
    assert_int_equal(file.size, out.size);
    assert_memory_equal(file.bytes, again, file.size);
    srs_flv_demux_fini(&demux);
    free(again);
    free(file.bytes);
}

static void test_flv_demux_given_real_files_then_same_bytes_however_cut(void **state)
{
    (void)state;
    unsigned files = 0;
    struct dirent *entry;
    DIR *dir = opendir(vectors);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".flv") == NULL)
            continue;
        check_file(entry->d_name, SRS_FLV_FEED_MAX);
        check_file(entry->d_name, 1);
        check_file(entry->d_name, 7);
        check_file(entry->d_name, 1000);
        files++;
    }
    assert_int_equal(0, closedir(dir));
    assert_true(files >= 30);
}

static void test_flv_demux_given_every_prefix_then_finish_tells_a_cut_tag(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t size = hex_bytes("464c5601 05 00000009 00000000"
                            "08 000002 000000 00 000000 af01 0000000d"
                            "09 000001 000000 00 000000 27 0000000c",
                            bytes, sizeof bytes);
    const size_t first = 13 + 11 + 2; // the first tag is complete
    for (size_t n = 0; n <= size; n++) {
        struct srs_flv_demux demux;
        struct srs_flv_tag tag;
        struct srs_span body;
        unsigned count = 0;
        srs_err err = SRS_OK;
        srs_flv_demux_init(&demux, 100);
        assert_err(SRS_OK, srs_flv_demux_feed(&demux, bytes, n), "feed");
        while (!err) {
            err = srs_flv_demux_next(&demux, &tag, &body);
            count += err ? 0 : 1;
        }
        assert_err(SRS_E_AGAIN, err, "prefix");
        assert_int_equal(n >= size - 4 ? 2 : n >= first ? 1 : 0, count);
        bool clean = (n >= 9 && n <= 13) || (n >= first && n <= first + 4) || n >= size - 4;
        assert_err(clean ? SRS_OK : SRS_E_FLV_TRUNCATED, srs_flv_demux_finish(&demux), "finish");
        srs_flv_demux_fini(&demux);
    }
}

static SRS_ERR demux_one(const char *hex, size_t body_max)
{
    uint8_t bytes[64];
    struct srs_flv_demux demux;
    struct srs_flv_tag tag;
    struct srs_span body;
    size_t size = hex_bytes(hex, bytes, sizeof bytes);
    srs_flv_demux_init(&demux, body_max);
    srs_err err = srs_flv_demux_feed(&demux, bytes, size);
    if (!err)
        err = srs_flv_demux_next(&demux, &tag, &body);
    srs_flv_demux_fini(&demux);
    return err;
}

static const struct {
    const char *why;
    const char *hex; // behind the file header
    srs_err want;
} tags[] = {
    {"type 10", "00000000 0a 000001 000000 00 000000 00", SRS_E_STREAM_CASTER_FLV_TAG},
    {"script of AMF3", "00000000 0f 000001 000000 00 000000 00", SRS_OK},
    {"empty body", "00000000 08 000000 000000 00 000000", SRS_OK},
    {"body at the limit", "00000000 08 000004 000000 00 000000 aabbccdd", SRS_OK},
    {"body above the limit", "00000000 08 000005 000000 00 000000", SRS_E_LIMIT},
    {"size of the tag before is not looked at", "12345678 08 000000 000000 00 000000", SRS_OK},
};

static void test_flv_demux_given_tags_then_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(tags); i++) {
        char hex[128];
        (void)snprintf(hex, sizeof hex, "464c5601 05 00000009 %s", tags[i].hex);
        assert_err(tags[i].want, demux_one(hex, 4), tags[i].why);
    }
    assert_err(SRS_E_KERNEL_FLV_HEADER, demux_one("48545450 2f 312e3120", 4), "not FLV");
    assert_err(SRS_E_AGAIN, demux_one("464c5601 05 0000000a", 4), "longer header, not there yet");
}

static void test_flv_demux_given_announced_size_then_memory_follows_what_came(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct srs_flv_demux demux;
    struct srs_flv_tag tag;
    struct srs_span body;
    size_t size = hex_bytes("464c5601 05 00000009 00000000 09 ffffff 000000 00 000000 17", bytes,
                            sizeof bytes);
    srs_flv_demux_init(&demux, SIZE_MAX);
    assert_err(SRS_OK, srs_flv_demux_feed(&demux, bytes, size), "feed");
    assert_err(SRS_E_AGAIN, srs_flv_demux_next(&demux, &tag, &body), "16 MiB announced");
    assert_true(demux.buf.capacity < 4096);
    srs_flv_demux_fini(&demux);
}

static void test_flv_demux_given_feed_without_next_then_limit(void **state)
{
    (void)state;
    static uint8_t bytes[SRS_FLV_FEED_MAX + 1];
    struct srs_flv_demux demux;
    srs_flv_demux_init(&demux, 4);
    assert_err(SRS_E_LIMIT, srs_flv_demux_feed(&demux, bytes, SRS_FLV_FEED_MAX + 1), "too much");
    assert_err(SRS_OK, srs_flv_demux_feed(&demux, bytes, SRS_FLV_FEED_MAX), "at the limit");
    assert_err(SRS_E_LIMIT, srs_flv_demux_feed(&demux, bytes, SRS_FLV_FEED_MAX), "not drained");
    srs_flv_demux_fini(&demux);
    srs_flv_demux_init(&demux, 4);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_flv_demux_feed(&demux, bytes, 1), "no memory");
    srs_mem_fail_after(0);
    assert_err(SRS_OK, srs_flv_demux_feed(&demux, bytes, 1), "memory again");
    srs_flv_demux_fini(&demux);
}

// --- tracks of a message, and what players list -------------------------------------------------

static void test_flv_part_given_shapes_then_tracks_and_prefixes_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        unsigned count;
        struct {
            uint32_t fourcc;
            uint8_t id;
            size_t size;
        } parts[2];
    } rows[] = {
        {"one", "9600 68766331 03 aabb", 1, {{SRS_FLV_FOURCC_HEVC, 3, 2}}},
        {"one, empty", "9602 68766331 03", 1, {{SRS_FLV_FOURCC_HEVC, 3, 0}}},
        {"many",
         "9611 68766331 00 000002 aabb 01 000001 cc",
         2,
         {{SRS_FLV_FOURCC_HEVC, 0, 2}, {SRS_FLV_FOURCC_HEVC, 1, 1}}},
        {"many codecs",
         "9621 68766331 00 000000 61763031 ff 000003 ccdded",
         2,
         {{SRS_FLV_FOURCC_HEVC, 0, 0}, {SRS_FLV_FOURCC_AV1, 255, 3}}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[64];
        size_t size = hex_bytes(rows[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n <= size; n++) {
            struct srs_rd in = srs_rd_init(bytes, n);
            struct srs_flv_video video;
            struct srs_flv_part part;
            srs_err err = srs_flv_video_read(&in, &video);
            unsigned count = 0;
            while (!err && (srs_rd_left(&in) > 0 || count == 0)) {
                err = srs_flv_part_read(&in, &video.ex, &part);
                if (!err && n == size)
                    assert_true(part.fourcc == rows[i].parts[count].fourcc &&
                                part.track_id == rows[i].parts[count].id &&
                                srs_rd_left(&part.data) == rows[i].parts[count].size);
                count += err ? 0 : 1;
            }
            assert_true(err || count <= rows[i].count);
            assert_err(err ? SRS_E_FLV_TRUNCATED : SRS_OK, err, rows[i].why);
            assert_true(n < size || (!err && count == rows[i].count));
        }
    }
}

static void test_flv_modex_given_packets_then_kept_as_they_came(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        size_t modex;
        uint32_t nano;
    } rows[] = {
        {"none", "91 68766331 000000", 0, 0},
        {"nanoseconds", "97 02 07a120 01 68766331 000000", 5, 500000},
        {"two", "97 00 aa 17 02 000001 01 68766331 000000", 8, 1},
        {"before a multitrack", "97 02 000001 06 01 68766331 05", 5, 1},
        {"nanoseconds above a millisecond", "97 02 0f4240 01 68766331 000000", 5, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[32];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(rows[i].hex, bytes, sizeof bytes));
        struct srs_flv_video video;
        assert_err(SRS_OK, srs_flv_video_read(&in, &video), rows[i].why);
        if (video.ex.modex.size != rows[i].modex || video.ex.nano != rows[i].nano ||
            memcmp(video.ex.modex.bytes, bytes + 1, rows[i].modex) != 0)
            fail_msg("%s: %zu bytes, %u", rows[i].why, video.ex.modex.size, video.ex.nano);
    }
}

static void test_flv_fourcc_given_each_then_a_bit_of_its_own(void **state)
{
    (void)state;
    static const uint32_t video[] = {SRS_FLV_FOURCC_AVC, SRS_FLV_FOURCC_HEVC, SRS_FLV_FOURCC_VVC,
                                     SRS_FLV_FOURCC_AV1, SRS_FLV_FOURCC_VP8,  SRS_FLV_FOURCC_VP9};
    static const uint32_t audio[] = {SRS_FLV_FOURCC_AAC,  SRS_FLV_FOURCC_MP3, SRS_FLV_FOURCC_OPUS,
                                     SRS_FLV_FOURCC_FLAC, SRS_FLV_FOURCC_AC3, SRS_FLV_FOURCC_EAC3};
    uint32_t all = 0;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(srs_flv_fourcc_bit(video[i]) & SRS_FLV_AUDIO_BITS, 0);
        assert_int_equal(srs_flv_fourcc_bit(audio[i]) & SRS_FLV_VIDEO_BITS, 0);
        all |= srs_flv_fourcc_bit(video[i]) | srs_flv_fourcc_bit(audio[i]);
    }
    assert_int_equal(all, SRS_FLV_VIDEO_BITS | SRS_FLV_AUDIO_BITS);
    assert_int_equal(srs_flv_fourcc_bit(0x78787878), 0);
}

static void test_flv_given_more_modex_packets_than_the_limit_then_limit(void **state)
{
    (void)state;
    for (unsigned count = SRS_FLV_MODEX_MAX; count <= SRS_FLV_MODEX_MAX + 1; count++) {
        srs_err want = count > SRS_FLV_MODEX_MAX ? SRS_E_LIMIT : SRS_OK;
        uint8_t bytes[64];
        for (int audio = 0; audio < 2; audio++) {
            struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
            srs_wr_u8(&wr, audio ? 0x97 : 0x97); // of video: a key frame; then ModEx
            for (unsigned i = 1; i <= count; i++) {
                srs_wr_u16(&wr, 0);                              // one byte of data
                srs_wr_u8(&wr, i < count ? 0xF0 | 7 : 0xF0 | 1); // of a type to come
            }
            srs_wr_bytes(&wr, audio ? "mp4a" : "vp09", 4);
            struct srs_flv_video video;
            struct srs_flv_audio sound;
            struct srs_rd in = srs_rd_init(bytes, wr.size);
            assert_err(want,
                       audio ? srs_flv_audio_read(&in, &sound) : srs_flv_video_read(&in, &video),
                       "ModEx");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flv_part_given_shapes_then_tracks_and_prefixes_refused),
        cmocka_unit_test(test_flv_modex_given_packets_then_kept_as_they_came),
        cmocka_unit_test(test_flv_fourcc_given_each_then_a_bit_of_its_own),
        cmocka_unit_test(test_flv_video_given_headers_then_read_and_written_back),
        cmocka_unit_test(test_flv_video_given_every_prefix_of_a_header_then_truncated),
        cmocka_unit_test(test_flv_audio_given_headers_then_read_and_written_back),
        cmocka_unit_test(test_flv_audio_given_every_prefix_of_a_header_then_truncated),
        cmocka_unit_test(test_flv_multitrack_given_nested_or_unknown_then_invalid),
        cmocka_unit_test(test_flv_modex_given_sizes_then_skipped_or_nano),
        cmocka_unit_test(test_flv_header_given_flags_then_read_and_written_back),
        cmocka_unit_test(test_flv_header_given_bytes_then_result),
        cmocka_unit_test(test_flv_tag_given_every_field_then_read_and_written_back),
        cmocka_unit_test(test_flv_demux_given_real_files_then_same_bytes_however_cut),
        cmocka_unit_test(test_flv_demux_given_every_prefix_then_finish_tells_a_cut_tag),
        cmocka_unit_test(test_flv_demux_given_tags_then_result),
        cmocka_unit_test(test_flv_demux_given_announced_size_then_memory_follows_what_came),
        cmocka_unit_test(test_flv_demux_given_feed_without_next_then_limit),
        cmocka_unit_test(test_flv_given_more_modex_packets_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
