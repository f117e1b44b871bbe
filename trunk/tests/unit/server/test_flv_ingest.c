// From tags to packets of a source, and back through the FLV mux.
#include "codec/flv.h"
#include "server/deliver/mux.h"
#include "server/ingest/flv_ingest.h"
#include "stream/packets.h"
#include <dirent.h>
#include <stdio.h>

enum { FILE_MAX = 64 * 1024 };

static const struct srs_log_limits limits = {
    .gop_cache = true, .age = SRS_NEVER, .packets = 100000, .bytes = SIZE_MAX};
static const struct srs_consumer_ops consumer_ops = {NULL};
static const char publisher;

static struct {
    struct srs_sources *sources;
    struct srs_source *source;
    struct srs_consumer consumer; // keeps all packets
    struct srs_flv_ingest ingest;
} at;

static int setup(void **state)
{
    (void)state;
    memset(&at, 0, sizeof at);
    assert_err(SRS_OK, srs_sources_new(NULL, &at.sources), "sources");
    assert_err(SRS_OK, srs_source_get(at.sources, "v", "a", "s", &limits, &at.source), "source");
    assert_err(SRS_OK, srs_source_publish(at.source, &publisher, 1), "publish");
    srs_consumer_join(&at.consumer, at.source, &consumer_ops);
    srs_flv_ingest_init(&at.ingest, at.source);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    srs_source_unpublish(at.source, &publisher);
    srs_consumer_leave(&at.consumer);
    srs_source_unref(at.source);
    srs_sources_free(at.sources);
    assert_nothing_lives();
    return 0;
}

static srs_err message(uint8_t type, uint32_t ms, const void *bytes, size_t size)
{
    return srs_flv_ingest_message(&at.ingest, type, ms, (struct srs_span){bytes, size},
                                  (srs_usec)at.source->log.next * SRS_MSEC);
}

static const struct srs_packet *last(void)
{
    assert_true(at.source->log.next > 0);
    return srs_packet_log_at(&at.source->log, at.source->log.next - 1);
}

static uint64_t count(void)
{
    return at.source->log.next;
}

// --- H.264 and AAC ------------------------------------------------------------------------------

// A record with one SPS and one PPS, of no size that can be shown.
static void send_avc_config(uint8_t length_size)
{
    uint8_t tag[] = {0x17, 0, 0, 0,    0,   1, 100, 0, 31,  (uint8_t)(0xFC | (length_size - 1)),
                     0xE1, 0, 2, 0x67, 100, 1, 0,   1, 0x68};
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, tag, sizeof tag), "record");
}

static void send_aac_config(void)
{
    static const uint8_t tag[] = {0xAF, 0, 0x12, 0x10};
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, tag, sizeof tag), "config");
}

static srs_err send_frame(uint32_t ms, uint8_t first)
{
    const uint8_t tag[] = {first, 1, 0, 0, 80, 0, 0, 0, 2, 0x65, 1};
    return message(SRS_FLV_VIDEO, ms, tag, sizeof tag);
}

static void test_ingest_given_length_sizes_then_made_four(void **state)
{
    (void)state;
    static const uint8_t want[] = {0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41};
    for (uint8_t size = 1; size <= 4; size++) {
        uint8_t tag[5 + 16] = {0x17, 1, 0, 0, 0};
        struct srs_wr wr = srs_wr_init(tag + 5, 16);
        send_avc_config(size);
        const struct srs_track *track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
        assert_int_equal(track->config[4] & 3, 3);
        assert_int_equal(track->profile, 100);
        assert_int_equal(track->level, 31);
        srs_wr_uint(&wr, 2, size);
        srs_wr_bytes(&wr, "\x65\x01", 2);
        srs_wr_uint(&wr, 1, size);
        srs_wr_bytes(&wr, "\x41", 1);
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, size * 40U, tag, 5 + wr.size), "frame");
        assert_int_equal(last()->head.size, sizeof want);
        assert_memory_equal(last()->payload, want, sizeof want);
    }
    assert_int_equal(at.source->track_versions, 1); // the same track all the time
}

static void test_ingest_given_start_codes_then_lengths_where_they_are_taken(void **state)
{
    (void)state;
    static const uint8_t tag[] = {0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x65, 1, 2};
    static const uint8_t want[] = {0, 0, 0, 2, 0x09, 0xF0, 0, 0, 0, 3, 0x65, 1, 2};
    static const uint8_t none[] = {0x27, 1, 0, 0, 0, 0, 0, 0, 1};
    for (uint8_t size = 1; size <= 4; size++) {
        send_avc_config(size);
        at.ingest.options.annexb = true;
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, 40, tag, sizeof tag), "frame");
        assert_int_equal(last()->head.size, sizeof want);
        assert_memory_equal(last()->payload, want, sizeof want);
        assert_int_equal(last()->head.flags, SRS_PACKET_KEY);
    }
    uint64_t before = count();
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 80, none, sizeof none), "nothing behind its code");
    assert_int_equal(count(), before);
    assert_err(SRS_OK, send_frame(120, 0x27), "lengths all the same");
    at.ingest.options.annexb = false;
    assert_err(SRS_E_AVC_NALU, message(SRS_FLV_VIDEO, 160, tag, sizeof tag), "not taken");
}

static void test_ingest_given_frames_then_flags_and_times(void **state)
{
    (void)state;
    send_avc_config(4);
    assert_err(SRS_OK, send_frame(1000, 0x17), "key");
    assert_int_equal(last()->head.flags, SRS_PACKET_KEY);
    assert_int_equal(last()->head.dts, 1000 * SRS_MSEC);
    assert_int_equal(last()->head.pts, 1080 * SRS_MSEC);
    assert_err(SRS_OK, send_frame(1040, 0x27), "inter");
    assert_int_equal(last()->head.flags, 0);
    assert_err(SRS_OK, send_frame(1080, 0x37), "disposable");
    assert_int_equal(last()->head.flags, SRS_PACKET_DISPOSABLE);
    static const uint8_t end[] = {0x17, 2, 0, 0, 0};
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, end, sizeof end), "sequence end at 0");
    static const uint8_t empty[] = {0x27, 1, 0, 0, 0};
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 1100, empty, sizeof empty), "empty frame");
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 1110, NULL, 0), "empty message");
    assert_int_equal(count(), 3);
    assert_err(SRS_OK, send_frame(1120, 0x27), "goes on");
    assert_int_equal(last()->head.dts, 1120 * SRS_MSEC);
    assert_int_equal(at.source->stats.jumps, 0);
}

static void test_ingest_given_wraps_then_time_goes_on(void **state)
{
    (void)state;
    static const uint32_t starts[] = {0xFFFFFFFF - 100, 0x7FFFFFFF - 100};
    for (size_t i = 0; i < SRS_COUNT(starts); i++) {
        srs_flv_ingest_init(&at.ingest, at.source);
        send_avc_config(4);
        srs_timeline_restart(&at.source->timeline);
        assert_err(SRS_OK, send_frame(starts[i], 0x17), "first");
        srs_usec first = last()->head.dts;
        uint64_t jumps = at.source->stats.jumps;
        for (uint32_t k = 1; k < 10; k++) {
            assert_err(SRS_OK, send_frame(starts[i] + k * 40, 0x27), "frame");
            assert_int_equal(last()->head.dts - first, (srs_usec)k * 40 * SRS_MSEC);
        }
        assert_int_equal(at.source->stats.jumps, jumps);
    }
}

static void test_ingest_given_headers_at_zero_then_frames_hours_later_begin_there(void **state)
{
    (void)state;
    send_avc_config(4);
    send_aac_config();
    assert_err(SRS_OK, send_frame(7200000, 0x17), "frame");
    assert_int_equal(last()->head.dts, 7200 * SRS_SEC);
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 7200010, "\xAF\x01x", 3), "audio");
    assert_int_equal(last()->head.dts, 7200010 * SRS_MSEC);
    assert_int_equal(at.source->stats.jumps, 0);
}

static void test_ingest_given_frames_without_configuration_then_dropped(void **state)
{
    (void)state;
    assert_err(SRS_OK, send_frame(0, 0x17), "video");
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, "\xAF\x01x", 3), "audio");
    assert_int_equal(count(), 0);
    assert_int_equal(at.ingest.dropped, 2);
    // Another codec's track is no configuration either.
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, "\x2Fxyz", 4), "MP3");
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, "\xAF\x01x", 3), "AAC");
    assert_int_equal(at.ingest.dropped, 3);
    assert_int_equal(count(), 1);
}

static void test_ingest_given_bad_tags_then_errors(void **state)
{
    (void)state;
    send_avc_config(4);
    static const struct {
        const char *why;
        uint8_t type;
        size_t size;
        const char *bytes;
        srs_err want;
    } rows[] = {
        {"Annex B", 9, 5 + 7, "\x17\x01\0\0\0\0\0\0\1\x65\1\2", SRS_E_AVC_NALU},
        {"length beyond the end", 9, 5 + 6, "\x17\x01\0\0\0\0\0\0\3\x65\1", SRS_E_AVC_NALU},
        {"length cut", 9, 5 + 3, "\x17\x01\0\0\0\0\0\0", SRS_E_AVC_NALU},
        {"record cut", 9, 5 + 4, "\x17\0\0\0\0\1\x64\0\x1F", SRS_E_AVC_RECORD},
        {"head cut", 9, 3, "\x17\x01\0", SRS_E_FLV_TRUNCATED},
        {"AAC head cut", 8, 1, "\xAF", SRS_E_FLV_TRUNCATED},
        {"AAC config cut", 8, 3, "\xAF\0\x12", SRS_E_AAC_CONFIG},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_err(rows[i].want, message(rows[i].type, 0, rows[i].bytes, rows[i].size),
                   rows[i].why);
    assert_int_equal(count(), 0);
    assert_err(SRS_OK, message(99, 0, "x", 1), "unknown type");
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, NULL, 0), "silence");
}

// --- data ---------------------------------------------------------------------------------------

#define ON_META "\x02\0\x0AonMetaData"
#define SET     "\x02\0\x0D@setDataFrame"
#define CLEAR   "\x02\0\x0F@clearDataFrame"

static void test_ingest_given_metadata_then_kept_without_its_wrapping(void **state)
{
    (void)state;
    static const char want[] = ON_META "\x05";
    static const char *const rows[] = {SET ON_META "\x05", ON_META "\x05"};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        size_t size = i == 0 ? sizeof SET ON_META "\x05" - 1 : sizeof ON_META "\x05" - 1;
        assert_err(SRS_OK, message(SRS_FLV_SCRIPT, 0, rows[i], size), "data");
        assert_non_null(at.source->metadata);
        assert_int_equal(at.source->metadata->head.flags, SRS_PACKET_METADATA);
        assert_int_equal(at.source->metadata->head.size, sizeof want - 1);
        assert_memory_equal(at.source->metadata->payload, want, sizeof want - 1);
        assert_err(SRS_OK, message(SRS_FLV_SCRIPT, 0, CLEAR ON_META, sizeof CLEAR ON_META - 1),
                   "clear");
        assert_null(at.source->metadata);
    }
    static const char amf3[] = "\0" ON_META "\x05";
    assert_err(SRS_OK, message(SRS_FLV_SCRIPT_AMF3, 0, amf3, sizeof amf3 - 1), "AMF3");
    assert_non_null(at.source->metadata);
    assert_int_equal(at.source->metadata->head.size, sizeof want - 1);
    static const char cue[] = "\x02\0\x03"
                              "cue\x05\x01\x01";
    assert_err(SRS_OK, message(SRS_FLV_SCRIPT, 0, cue, sizeof cue - 1), "other data");
    assert_int_equal(last()->head.flags, 0);
    assert_int_equal(last()->head.size, sizeof cue - 1);
    assert_memory_equal(last()->payload, cue, sizeof cue - 1);
    assert_int_equal(last()->head.kind, SRS_KIND_DATA);
}

static void test_ingest_given_no_memory_then_says_so_and_holds_nothing(void **state)
{
    (void)state;
    send_avc_config(4);
    assert_err(SRS_OK, send_frame(0, 0x17), "frame");
    long packets = srs_live_count(SRS_LIVE_PACKET);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, send_frame(40, 0x27), "frame");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, message(SRS_FLV_SCRIPT, 0, ON_META "\x05", 14), "track of data");
    srs_mem_fail_after(2);
    assert_err(SRS_E_NO_MEMORY, message(SRS_FLV_SCRIPT, 0, ON_META "\x05", 14), "data");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, message(SRS_FLV_AUDIO, 0, "\x2Fx", 2), "opaque");
    srs_mem_fail_after(0);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), packets);
}

// --- whole files --------------------------------------------------------------------------------

struct tags {
    struct srs_flv_tag tags[300];
    struct srs_span bodies[300];
    size_t count;
};

static void read_tags(struct srs_span file, struct tags *out)
{
    struct srs_rd in = srs_rd_init(file.bytes, file.size);
    struct srs_flv_header header;
    assert_err(SRS_OK, srs_flv_header_read(&in, &header), "header");
    srs_rd_skip(&in, SRS_FLV_PREVIOUS_SIZE);
    out->count = 0;
    while (srs_rd_left(&in) > SRS_FLV_TAG_SIZE) {
        assert_true(out->count < SRS_COUNT(out->tags));
        assert_err(SRS_OK, srs_flv_tag_read(&in, &out->tags[out->count]), "tag");
        out->bodies[out->count] = srs_rd_span(&in, out->tags[out->count].size);
        srs_rd_skip(&in, SRS_FLV_PREVIOUS_SIZE);
        out->count++;
    }
    assert_false(in.bad);
}

// Is it one that goes on as a packet?
static bool is_frame(const struct srs_flv_tag *tag, struct srs_span body)
{
    struct srs_rd in = srs_rd_init(body.bytes, body.size);
    if (tag->type == SRS_FLV_VIDEO) {
        struct srs_flv_video video;
        return srs_flv_video_read(&in, &video) == SRS_OK && video.kind != SRS_FLV_SEQUENCE_HEADER &&
               video.kind != SRS_FLV_SEQUENCE_END;
    }
    struct srs_flv_audio audio;
    return tag->type == SRS_FLV_AUDIO && srs_flv_audio_read(&in, &audio) == SRS_OK &&
           audio.kind != SRS_FLV_SEQUENCE_HEADER && audio.kind != SRS_FLV_SEQUENCE_END &&
           audio.kind != SRS_FLV_SILENCE;
}

static size_t mux_all(uint8_t *out, size_t capacity)
{
    static struct srs_gather gather;
    struct srs_mux_state state = {.fresh = SRS_MUX_FRESH_ALL};
    struct srs_wr wr = srs_wr_init(out, capacity);
    for (uint64_t number = 0; number <= count(); number++) {
        srs_gather_begin(&gather, SIZE_MAX);
        if (number == 0)
            srs_mux_flv.start(NULL, &state, at.source, &gather);
        else
            srs_mux_flv.packet(NULL, &state, srs_packet_log_at(&at.source->log, number - 1),
                               &gather);
        assert_false(gather.full);
        for (unsigned i = 1; i <= gather.count; i++)
            srs_wr_bytes(&wr, gather.iov[i].iov_base, gather.iov[i].iov_len);
    }
    assert_false(wr.bad);
    return wr.size;
}

static void check_file(const char *name, struct srs_span file)
{
    static uint8_t muxed[2 * FILE_MAX];
    static struct tags in;
    static struct tags out;
    read_tags(file, &in);
    for (size_t i = 0; i < in.count; i++)
        assert_err(
            SRS_OK,
            message(in.tags[i].type, in.tags[i].timestamp, in.bodies[i].bytes, in.bodies[i].size),
            name);
    read_tags((struct srs_span){muxed, mux_all(muxed, sizeof muxed)}, &out);
    // Every frame comes out again as it went in, by kind in order. Of sequence headers there may be
    // fewer or more.
    for (unsigned type = SRS_FLV_AUDIO; type <= SRS_FLV_VIDEO; type++) {
        size_t k = 0;
        for (size_t i = 0; i < in.count; i++) {
            if (in.tags[i].type != type || !is_frame(&in.tags[i], in.bodies[i]))
                continue;
            while (k < out.count &&
                   (out.tags[k].type != type || !is_frame(&out.tags[k], out.bodies[k])))
                k++;
            if (k == out.count || out.bodies[k].size != in.bodies[i].size ||
                memcmp(out.bodies[k].bytes, in.bodies[i].bytes, in.bodies[i].size) != 0 ||
                out.tags[k].timestamp != in.tags[i].timestamp)
                fail_msg("%s: tag %zu is not tag %zu of what came out", name, i, k);
            k++;
        }
        for (; k < out.count; k++)
            assert_false(out.tags[k].type == type && is_frame(&out.tags[k], out.bodies[k]));
        // The first header of a kind is what the file has.
        for (size_t i = 0; i < in.count; i++) {
            if (in.tags[i].type != type || is_frame(&in.tags[i], in.bodies[i]))
                continue;
            bool found = in.bodies[i].size == 0;
            for (size_t j = 0; j < out.count && !found; j++)
                found = out.tags[j].type == type && out.bodies[j].size == in.bodies[i].size &&
                        memcmp(out.bodies[j].bytes, in.bodies[i].bytes, in.bodies[i].size) == 0;
            struct srs_rd rd = srs_rd_init(in.bodies[i].bytes, in.bodies[i].size);
            struct srs_flv_video video;
            bool end = type == SRS_FLV_VIDEO && srs_flv_video_read(&rd, &video) == SRS_OK &&
                       video.kind == SRS_FLV_SEQUENCE_END;
            if (!found && !end && i < 4)
                fail_msg("%s: header of tag %zu has not come out", name, i);
        }
    }
}

static void test_ingest_given_files_then_their_frames_come_out_again(void **state)
{
    static uint8_t bytes[FILE_MAX];
    static const char folder[] = "trunk/tests/vectors/flv";
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    unsigned files = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        if (strstr(entry->d_name, ".flv") == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        (void)fclose(file);
        assert_true(size > 0 && size < sizeof bytes);
        check_file(entry->d_name, (struct srs_span){bytes, size});
        files++;
        teardown(state);
        setup(state);
    }
    (void)closedir(dir);
    assert_true(files >= 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ingest_given_length_sizes_then_made_four),
        TEST(test_ingest_given_start_codes_then_lengths_where_they_are_taken),
        TEST(test_ingest_given_frames_then_flags_and_times),
        TEST(test_ingest_given_wraps_then_time_goes_on),
        TEST(test_ingest_given_headers_at_zero_then_frames_hours_later_begin_there),
        TEST(test_ingest_given_frames_without_configuration_then_dropped),
        TEST(test_ingest_given_bad_tags_then_errors),
        TEST(test_ingest_given_metadata_then_kept_without_its_wrapping),
        TEST(test_ingest_given_no_memory_then_says_so_and_holds_nothing),
        TEST(test_ingest_given_files_then_their_frames_come_out_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
