// From tags to packets of a source, and back through the FLV mux.
#include "codec/flv.h"
#include "codec/hex.h"
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
        assert_int_equal(last()->head.flags, SRS_PACKET_KEY | SRS_PACKET_MAIN);
    }
    uint64_t before = count();
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 80, none, sizeof none), "nothing behind its code");
    assert_int_equal(count(), before);
    assert_err(SRS_OK, send_frame(120, 0x27), "lengths all the same");
    at.ingest.options.annexb = false;
    assert_err(SRS_E_AVC_NALU, message(SRS_FLV_VIDEO, 160, tag, sizeof tag), "not taken");
}

// --- parameter sets in place of a record --------------------------------------------------------

// Sets of x264 and of x265 between start codes, and the records that ffmpeg makes of them.
#define CODES "00000001 674d400aeca3136022000003000200000300141e244b2c 00000001 68ce0fc8 "
#define AVCC  "014d400affe10017674d400aeca3136022000003000200000300141e244b2c01000468ce0fc8"
#define HEVC_CODES                                                                  \
    "00000001 40010c01ffff01600000030090000003000003001e959009"                     \
    "00000001 42010101600000030090000003000003001ea0308105965644a4c2f0168080000003" \
    "00800000030284 00000001 4401c073c189 "
#define HVCC                                                                             \
    "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff01600000030090" \
    "000003000003001e959009210001002942010101600000030090000003000003001ea0308105965644" \
    "a4c2f01680800000030080000003028422000100064401c073c189"

static srs_err send_hex(uint32_t ms, const char *text)
{
    uint8_t tag[256];
    return message(SRS_FLV_VIDEO, ms, tag, hex_bytes(text, tag, sizeof tag));
}

static void assert_config(const char *hex, enum srs_codec codec, unsigned width, const char *why)
{
    uint8_t want[256];
    size_t size = hex_bytes(hex, want, sizeof want);
    const struct srs_track *track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
    assert_non_null(track);
    assert_int_equal(track->codec, codec);
    assert_int_equal(track->width, width);
    if (track->config_size != size || memcmp(track->config, want, size) != 0)
        fail_msg("%s: another record", why);
}

static void test_ingest_given_headers_with_start_codes_then_records(void **state)
{
    (void)state;
    at.ingest.options.annexb = true;
    assert_err(SRS_OK, send_hex(0, "17 00 000000" CODES), "header");
    assert_config(AVCC, SRS_CODEC_AVC, 96, "H.264");
    assert_err(SRS_OK, send_hex(40, "17 01 000000 000001 658884"), "start codes");
    assert_int_equal(last()->head.size, 7);
    assert_err(SRS_OK, send_hex(80, "27 01 000000 00000002 4188"), "lengths");
    assert_int_equal(last()->head.size, 6);
    assert_err(SRS_OK, send_hex(80, "17 00 000000 000001 09f0" CODES), "again");
    assert_int_equal(at.source->track_versions, 1);
    assert_err(SRS_OK, send_hex(120, "1c 00 000000" HEVC_CODES), "header of H.265");
    assert_config(HVCC, SRS_CODEC_HEVC, 96, "H.265");
    assert_err(SRS_OK, send_hex(120, "1c 01 000000 00000001 260180"), "frame of H.265");
    assert_int_equal(count(), 3);
    assert_int_equal(at.ingest.dropped, 0);
}

static void test_ingest_given_bad_headers_with_start_codes_then_named(void **state)
{
    (void)state;
    at.ingest.options.annexb = true;
    assert_err(SRS_E_AVC_RECORD, send_hex(0, "17 00 000000 00000001 68ce0fc8"), "PPS alone");
    assert_err(SRS_E_AVC_RECORD, send_hex(0, "17 00 000000 00000001"), "nothing");
    assert_err(SRS_E_HEVC_DECODE_ERROR, send_hex(0, "1c 00 000000" CODES), "of H.264");
    assert_err(SRS_E_AVC_RECORD, send_hex(0, "17 00 000000 00000000"), "no start code");
    at.ingest.options.annexb = false;
    assert_err(SRS_E_AVC_RECORD, send_hex(0, "17 00 000000" CODES), "not taken");
    assert_err(SRS_E_HEVC_DECODE_ERROR, send_hex(0, "1c 00 000000" HEVC_CODES), "not taken");
    assert_int_equal(at.source->track_count, 0);
}

// No header ever: the first frame with all sets makes the record, in whichever form.
static void test_ingest_given_sets_in_frames_alone_then_records(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        const char *record;
        enum srs_codec codec;
        unsigned width;
    } rows[] = {
        {"17 01 000000" CODES "000001 658884", AVCC, SRS_CODEC_AVC, 96},
        {"17 01 000000 00000017 674d400aeca3136022000003000200000300141e244b2c"
         "00000004 68ce0fc8 00000003 658884",
         AVCC, SRS_CODEC_AVC, 96},
        {"17 01 000000" CODES, AVCC, SRS_CODEC_AVC, 96}, // in a message of their own
        {"1c 01 000000" HEVC_CODES "000001 260180", HVCC, SRS_CODEC_HEVC, 96},
        {"91 68766331 000000" HEVC_CODES "000001 260180", HVCC, SRS_CODEC_HEVC, 96},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        at.ingest.options.annexb = true;
        assert_err(SRS_OK, send_hex(0, "27 01 000000 00000001 4188"), "before it");
        assert_err(SRS_OK, send_hex(0, "27 01 000000 00000009 4188"), "damaged, before it");
        assert_int_equal(count(), 0);
        assert_int_equal(at.ingest.dropped, 2);
        assert_err(SRS_OK, send_hex(40, rows[i].first), rows[i].first);
        assert_config(rows[i].record, rows[i].codec, rows[i].width, rows[i].first);
        assert_int_equal(count(), 1);
        assert_int_equal(last()->head.flags, SRS_PACKET_KEY | SRS_PACKET_MAIN);
        assert_err(SRS_OK, send_hex(80, rows[i].first), "the same again");
        assert_int_equal(at.source->track_versions, 1);
        assert_int_equal(count(), 2);
        teardown(state);
        setup(state);
    }
}

static void
test_ingest_given_other_sets_in_frames_then_a_new_record_unless_a_header_came(void **state)
{
    (void)state;
    static const char other[] = "17 01 000000 00000001 6764000aacd94426c044000003000400000300283c48"
                                "9658 00000001 68ebe3cb22c0 000001 658884";
    static const char avcc[] = "0164000affe100186764000aacd94426c044000003000400000300283c489658"
                               "01000668ebe3cb22c0fdf8f800";
    at.ingest.options.annexb = true;
    at.source->repeat_headers = true; // what comes again is sent again, and this does not
    assert_err(SRS_OK, send_hex(0, "17 01 000000" CODES "000001 658884"), "first");
    assert_err(SRS_OK, send_hex(40, "17 01 000000" CODES "000001 658884"), "the same");
    assert_int_equal(at.source->track_versions, 1);
    assert_err(SRS_OK, send_hex(80, other), "other sets");
    assert_config(avcc, SRS_CODEC_AVC, 64, "other sets");
    assert_int_equal(at.source->track_versions, 2);
    assert_err(SRS_OK, send_hex(120, "17 00 000000" AVCC), "a header");
    assert_err(SRS_OK, send_hex(160, other), "other sets behind a header");
    assert_config(AVCC, SRS_CODEC_AVC, 96, "a header goes before");
    assert_int_equal(count(), 4);
}

// --- frames -------------------------------------------------------------------------------------

static void test_ingest_given_frames_then_flags_and_times(void **state)
{
    (void)state;
    send_avc_config(4);
    assert_err(SRS_OK, send_frame(1000, 0x17), "key");
    assert_int_equal(last()->head.flags, SRS_PACKET_KEY | SRS_PACKET_MAIN);
    assert_int_equal(last()->head.dts, 1000 * SRS_MSEC);
    assert_int_equal(last()->head.pts, 1080 * SRS_MSEC);
    assert_err(SRS_OK, send_frame(1040, 0x27), "inter");
    assert_int_equal(last()->head.flags, SRS_PACKET_MAIN);
    assert_err(SRS_OK, send_frame(1080, 0x37), "disposable");
    assert_int_equal(last()->head.flags, SRS_PACKET_DISPOSABLE | SRS_PACKET_MAIN);
    static const uint8_t end[] = {0x17, 2, 0, 0, 0};
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, end, sizeof end), "sequence end at 0");
    static const uint8_t empty[] = {0x27, 1, 0, 0, 0};
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 1100, empty, sizeof empty), "empty frame");
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 1110, NULL, 0), "empty message");
    assert_int_equal(count(), 3);
    assert_err(SRS_OK, send_frame(1120, 0x27), "goes on");
    assert_int_equal(last()->head.dts, 1120 * SRS_MSEC);
    assert_int_equal(at.source->stats.jumps, 0);
    assert_err(SRS_OK, send_frame(1160, 0x47), "generated key");
    assert_int_equal(last()->head.flags, SRS_PACKET_KEY | SRS_PACKET_MAIN);
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
        assert_int_equal(at.source->metadata->head.flags, SRS_PACKET_METADATA | SRS_PACKET_MAIN);
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
    assert_int_equal(last()->head.flags, SRS_PACKET_MAIN);
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

// --- Enhanced RTMP ------------------------------------------------------------------------------

static const char hevc_record[] = "\x01\x01\x60\0\0\0\x90\0\0\0\0\0\x1e\xF0\0\xFC\xFD\xF8\xF8\0\0";

// By FourCC or by the codec id 12; the record without parameter sets.
static void send_hevc_config(const char *head, size_t head_size, uint8_t length_size)
{
    uint8_t tag[64];
    struct srs_wr wr = srs_wr_init(tag, sizeof tag);
    srs_wr_bytes(&wr, head, head_size);
    srs_wr_bytes(&wr, hevc_record, sizeof hevc_record - 1);
    srs_wr_u8(&wr, (uint8_t)(0x0C | (length_size - 1)));
    srs_wr_u8(&wr, 0);
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, tag, wr.size), "record");
}

static srs_err send_text(uint8_t type, uint32_t ms, const char *bytes, size_t size)
{
    return message(type, ms, bytes, size);
}

#define SEND(type, ms, text) send_text(type, ms, text, sizeof(text) - 1)
#define VIDEO(ms, text)      assert_err(SRS_OK, SEND(SRS_FLV_VIDEO, ms, text), text)
#define AUDIO(ms, text)      assert_err(SRS_OK, SEND(SRS_FLV_AUDIO, ms, text), text)

static void test_ingest_given_hevc_in_three_forms_then_one(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        size_t config_size;
        const char *frame;
        size_t frame_size;
    } rows[] = {
        {"\x90hvc1", 5, "\x91hvc1\0\0\x28\0\0\0\x03\x26\x01x", 15},
        {"\x1C\0\0\0\0", 5, "\x1C\x01\0\0\x28\0\0\0\x03\x26\x01x", 12},
        {"\x96\x00hvc1\0", 7, "\x96\x01hvc1\0\0\0\x28\0\0\0\x03\x26\x01x", 17},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        send_hevc_config(rows[i].config, rows[i].config_size, 4);
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, 40, rows[i].frame, rows[i].frame_size), "frame");
        assert_int_equal(last()->head.codec, SRS_CODEC_HEVC);
        assert_int_equal(last()->head.pts - last()->head.dts, 40 * SRS_MSEC);
        assert_int_equal(last()->head.size, 7);
        assert_memory_equal(last()->payload, "\0\0\0\x03\x26\x01x", 7);
    }
    assert_int_equal(at.source->track_versions, 1);
    assert_int_equal(count(), 3);
}

static void test_ingest_given_hevc_length_sizes_then_made_four(void **state)
{
    (void)state;
    for (uint8_t size = 1; size <= 4; size++) {
        uint8_t tag[24] = "\x93hvc1";
        struct srs_wr wr = srs_wr_init(tag + 5, sizeof tag - 5);
        send_hevc_config("\x90hvc1", 5, size);
        assert_int_equal(srs_source_track(at.source, SRS_KIND_VIDEO, 0)->config[21] & 3, 3);
        srs_wr_uint(&wr, 2, size);
        srs_wr_bytes(&wr, "\x26\x01", 2);
        srs_wr_uint(&wr, 0, size); // empty ones mean nothing
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, size * 40U, tag, 5 + wr.size), "frame");
        assert_int_equal(last()->head.size, 6);
        assert_memory_equal(last()->payload, "\0\0\0\x02\x26\x01", 6);
    }
    assert_int_equal(at.source->track_versions, 1);
}

// As MediaMTX sends them.
static void test_ingest_given_no_frame_types_then_keys_by_the_bitstream(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        size_t config_size;
        const char *key;
        size_t key_size;
        const char *inter;
        size_t inter_size;
    } rows[] = {
        {NULL, 0, "\x83hvc1\0\0\0\x02\x26\x01", 11, "\x83hvc1\0\0\0\x02\x02\x01", 11},
        {"\x80"
         "avc1\x01\x64\0\x1f\xff\xe0\0",
         12,
         "\x83"
         "avc1\0\0\0\x01\x65",
         10,
         "\x83"
         "avc1\0\0\0\x01\x41",
         10},
        {"\x80"
         "av01\x81\0\x0c\0",
         9,
         "\x81"
         "av01\x0a\x01\0\x32\x01\x10",
         11,
         "\x81"
         "av01\x32\x01\x30",
         8},
        {"\x80vp09\0\x0a\x82\x02\x02\x02\0\0", 13, "\x81vp09\x82\x49\x83\x42\0\x27\xf0\x16\x76", 14,
         "\x81vp09\x86", 6},
        {"\x80vp08\0\x0a\x82\x02\x02\x02\0\0", 13, "\x81vp08\xf0\x4c\0\x9d\x01\x2a\xb0\0\x90\0", 15,
         "\x81vp08\xb1\x15\0", 8},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        if (rows[i].config == NULL)
            send_hevc_config("\x80hvc1", 5, 4);
        else
            assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, rows[i].config, rows[i].config_size),
                       rows[i].key);
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, rows[i].key, rows[i].key_size), rows[i].key);
        assert_true((last()->head.flags & SRS_PACKET_KEY) != 0);
        assert_err(SRS_OK, message(SRS_FLV_VIDEO, 40, rows[i].inter, rows[i].inter_size),
                   rows[i].inter);
        assert_true((last()->head.flags & SRS_PACKET_KEY) == 0);
    }
    const struct srs_track *track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
    assert_true(track->width == 176 && track->height == 144); // of the VP8 key frame
    assert_int_equal(count(), 2 * SRS_COUNT(rows));
}

static void test_ingest_given_multitrack_shapes_then_packets_of_tracks(void **state)
{
    (void)state;
    AUDIO(0, "\x95\x00mp4a\0\x12\x10");
    AUDIO(0, "\x95\x00mp4a\x01\x11\x90");
    AUDIO(0, "\x95\x00Opus\x02");
    assert_int_equal(at.source->track_count, 3);
    AUDIO(10, "\x95\x01mp4a\x01"
              "abc");
    assert_int_equal(last()->head.track_id, 1);
    assert_int_equal(last()->head.flags, 0); // not of the lowest
    AUDIO(20, "\x95\x11mp4a"
              "\0\0\0\x02"
              "ab"
              "\x01\0\0\x01"
              "c");
    assert_int_equal(count(), 3);
    assert_true(last()->head.track_id == 1 && last()->head.size == 1);
    const struct srs_packet *before = srs_packet_log_at(&at.source->log, 1);
    assert_true(before->head.track_id == 0 && before->head.size == 2);
    assert_int_equal(before->head.flags, SRS_PACKET_MAIN);
    AUDIO(30, "\x95\x21mp4a"
              "\0\0\0\x02"
              "ab"
              "Opus"
              "\x02\0\0\x03"
              "xyz");
    assert_true(last()->head.codec == SRS_CODEC_OPUS && last()->head.size == 3);
    assert_int_equal(count(), 5);
    AUDIO(30, "\x95\x02mp4a\0"); // the end of a track
    assert_int_equal(count(), 5);
    assert_int_equal(at.source->stats.jumps, 0);
}

static void test_ingest_given_bad_multitrack_then_errors(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *bytes;
        size_t size;
        srs_err want;
    } rows[] = {
        {"size one past the end",
         "\x95\x11mp4a\0\0\0\x03"
         "ab",
         12, SRS_E_FLV_TRUNCATED},
        {"size cut", "\x95\x11mp4a\0\0\0", 9, SRS_E_FLV_TRUNCATED},
        {"second track cut",
         "\x95\x11mp4a\0\0\0\x01"
         "a\x01",
         12, SRS_E_FLV_TRUNCATED},
        {"FourCC cut", "\x95\x21mp", 4, SRS_E_FLV_TRUNCATED},
        {"id missing", "\x95\x01mp4a", 6, SRS_E_FLV_TRUNCATED},
        {"nested", "\x95\x05mp4a\0", 7, SRS_E_FLV_INVALID_VIDEO_TAG},
        {"shape 3", "\x95\x31mp4a\0", 7, SRS_E_FLV_INVALID_VIDEO_TAG},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_err(rows[i].want, message(SRS_FLV_AUDIO, 0, rows[i].bytes, rows[i].size),
                   rows[i].why);
    assert_err(SRS_E_FLV_TRUNCATED, SEND(SRS_FLV_VIDEO, 0, "\x96\x01hvc1\0\0\0"),
               "composition time cut");
    // A message for more tracks than a source has.
    uint8_t many[8 + (SRS_TRACKS_MAX + 1) * 4] = "\x95\x11mp4a";
    assert_err(SRS_E_LIMIT, message(SRS_FLV_AUDIO, 0, many, 6 + (SRS_TRACKS_MAX + 1) * 4), "21");
    // Tracks of one message each, too.
    srs_err err = SRS_OK;
    unsigned tracks = 0;
    for (unsigned id = 0; id < 256 && !err; id++) {
        uint8_t start[] = "\x95\x00Opus\0";
        start[6] = (uint8_t)id;
        err = message(SRS_FLV_AUDIO, 0, start, 7);
        tracks += err ? 0 : 1;
    }
    assert_err(SRS_E_LIMIT, err, "tracks");
    assert_int_equal(tracks, SRS_TRACKS_MAX);
}

static void test_ingest_given_modex_then_kept_with_the_frame(void **state)
{
    (void)state;
    send_hevc_config("\x97\x02\x07\xa1\x20\x00hvc1", 10, 4);
    assert_int_equal(count(), 0);
    VIDEO(100, "\x97\x02\x07\xa1\x20\x01hvc1\0\0\x28\0\0\0\x02\x26\x01");
    assert_int_equal(last()->head.pts - last()->head.dts, 40 * SRS_MSEC + 500);
    assert_int_equal(last()->head.size, 6);
    assert_int_equal(last()->head.extra_size, 5);
    assert_memory_equal(last()->payload + 6, "\x02\x07\xa1\x20\x01", 5);
    assert_int_equal(srs_packet_bytes(last()), sizeof(struct srs_packet) + 11);
    // Two in a row, one of a type that we do not know.
    VIDEO(140, "\xA7\x00z\x17\x02\x00\x00\x01\x03hvc1\0\0\0\x02\x02\x01");
    assert_int_equal(last()->head.pts - last()->head.dts, 0);
    assert_int_equal(last()->head.extra_size, 8);
}

static void test_ingest_given_side_information_then_with_its_track(void **state)
{
    (void)state;
    VIDEO(0, "\x84hvc1first"); // OBS sends it before the record
    send_hevc_config("\x90hvc1", 5, 4);
    const struct srs_track *track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
    assert_int_equal(srs_track_side(track).size, 5);
    assert_memory_equal(srs_track_side(track).bytes, "first", 5);
    VIDEO(5000, "\xD4hvc1other"); // its time is not the stream's
    assert_int_equal(count(), 0);
    track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
    assert_memory_equal(srs_track_side(track).bytes, "other", 5);
    assert_true(track->config_size > 20);
    uint32_t version = track->version;
    VIDEO(5000, "\xD4hvc1other");
    assert_int_equal(srs_source_track(at.source, SRS_KIND_VIDEO, 0)->version, version);
    // ffmpeg names the codec of another track there, without its id.
    VIDEO(0, "\x96\x00"
             "av01\x03\x81\0\x0c\0");
    VIDEO(0, "\xD4"
             "av01of the other");
    assert_int_equal(srs_track_side(srs_source_track(at.source, SRS_KIND_VIDEO, 3)).size, 12);
    assert_int_equal(srs_track_side(srs_source_track(at.source, SRS_KIND_VIDEO, 0)).size, 5);
    static const char channels[] = "\x94mp4a\x01\x06\0\0\0\x3f"; // beside legacy AAC
    send_aac_config();
    AUDIO(0, "\x94mp4a\x01\x06\0\0\0\x3f");
    assert_int_equal(srs_track_side(srs_source_track(at.source, SRS_KIND_AUDIO, 0)).size,
                     sizeof channels - 6);
    static char large[5 + 4097] = "\xD4hvc1";
    assert_err(SRS_E_LIMIT, message(SRS_FLV_VIDEO, 0, large, sizeof large), "large");
    assert_err(SRS_OK, message(SRS_FLV_VIDEO, 0, large, sizeof large - 1), "largest");
}

// The longest is taken, one byte more is the end of the publisher.
static void test_ingest_given_long_records_then_limit(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        size_t size;
        size_t most; // behind the head
        uint8_t type;
    } rows[] = {
        {"\xaf\x00\x12\x10", 4, 4096 - 2, SRS_FLV_AUDIO},            // AAC
        {"\x90mp4a\x12\x10", 7, 4096 - 2, SRS_FLV_AUDIO},            // by FourCC
        {"\x22\x00", 1, SRS_TRACK_CONFIG_MAX + 1000, SRS_FLV_VIDEO}, // no record: Sorenson H.263
        {"\x17\x00\0\0\0\x01\x64\0\x1e\xff\xe0\0", 12, SRS_TRACK_CONFIG_MAX - 7, SRS_FLV_VIDEO},
        {"\x90vvc1", 5, SRS_TRACK_CONFIG_MAX - 5, SRS_FLV_VIDEO}, // opaque: the whole message
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t *bytes = srs_try_alloc(rows[i].size + rows[i].most + 1);
        memset(bytes, 0, rows[i].size + rows[i].most + 1);
        memcpy(bytes, rows[i].head, rows[i].size);
        bool none = rows[i].head[0] == '\x22';
        assert_err(SRS_OK, message(rows[i].type, 0, bytes, rows[i].size + rows[i].most),
                   rows[i].head);
        assert_err(none ? SRS_OK : SRS_E_LIMIT,
                   message(rows[i].type, 0, bytes, rows[i].size + rows[i].most + 1), "one more");
        srs_free(bytes);
    }
}

static void test_ingest_given_records_then_one_form(void **state)
{
    (void)state;
    static const char flac[] = "\x12\0\x12\0\0\x04\xa3\0\x05\x08\x0a\xc4\x42\xf0\0\0\x22\x74"
                               "\x5d\x10\x5c\xeb\x21\x2a\xd5\xd3\x6e\x4f\x56\x08\xde\xf3\xd8\xb7";
    char tag[64] = "\x90"
                   "fLaC";
    memcpy(tag + 5, flac, 34);
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, tag, 39), "bare");
    memcpy(tag + 5, "fLaC\x80\0\0\x22", 8);
    memcpy(tag + 13, flac, 34);
    assert_err(SRS_OK, message(SRS_FLV_AUDIO, 0, tag, 47), "wrapped");
    assert_int_equal(at.source->track_versions, 1);
    const struct srs_track *track = srs_source_track(at.source, SRS_KIND_AUDIO, 0);
    assert_true(track->config_size == 34 && track->sample_rate == 44100 && track->channels == 2);
    VIDEO(0, "\x90vp09\x01\0\0\0\0\x0a\x82\x02\x02\x02\0\0");
    VIDEO(0, "\x90vp09\0\x0a\x82\x02\x02\x02\0\0");
    assert_int_equal(at.source->track_versions, 2);
    assert_int_equal(srs_source_track(at.source, SRS_KIND_VIDEO, 0)->config_size, 8);
    VIDEO(0, "\x91vp09\x82\x49\x83\x42\0\x27\xf0\x16\x76");
    assert_int_equal(srs_source_track(at.source, SRS_KIND_VIDEO, 0)->width, 640);
}

static void test_ingest_given_av1_then_without_delimiters(void **state)
{
    (void)state;
    VIDEO(0, "\x1D\0\0\0\0\x81\0\x0c\0"); // legacy, without a sequence header
    VIDEO(0, "\x1D\x01\0\0\0\x12\0\x0a\x0b\0\0\0\x0c\xc4\xff\x67\x36\xbe\x40\x10\x32\x01\x10");
    assert_int_equal(last()->head.size, 16);
    assert_int_equal(last()->head.codec, SRS_CODEC_AV1);
    const struct srs_track *track = srs_source_track(at.source, SRS_KIND_VIDEO, 0);
    assert_true(track->width == 640 && track->height == 360); // of the frame
    VIDEO(40, "\x2D\x01\0\0\0\x12\0");                        // nothing but a delimiter
    assert_int_equal(count(), 1);
    assert_err(SRS_E_AV1_DATA, SEND(SRS_FLV_VIDEO, 80, "\x2D\x01\0\0\0\x12\x01"), "cut");
}

static void test_ingest_given_audio_frames_then_described_by_them(void **state)
{
    (void)state;
    AUDIO(0, "\x2F\xff\xfb\x90\x64");
    const struct srs_track *track = last()->track;
    assert_true(track->codec == SRS_CODEC_MP3 && track->sample_rate == 44100 &&
                track->channels == 2 && track->flv_codec == 0x2F);
    AUDIO(26, "\x2Fgarbage"); // relayed, it says nothing
    assert_ptr_equal(last()->track, track);
    AUDIO(52, "\x91.mp3\xff\xe3\x28\xc4"); // by FourCC: 8 kHz mono
    track = last()->track;
    assert_true(track->sample_rate == 8000 && track->channels == 1 && track->flv_codec == 0xE2);
    AUDIO(78, "\x91"
              "ac-3\x0b\x77\x55\x39\x9e\x40\xeb\xf8\x40\x3e");
    track = last()->track;
    assert_true(track->codec == SRS_CODEC_AC3 && track->channels == 6 &&
                track->sample_rate == 32000);
    AUDIO(90, "\x91"
              "ec-3\x0b\x77\x01\x7f\x34\x87\xc0\0\x20\x84");
    AUDIO(122, "\x91"
               "ec-3\x0b\x77\x41\x7f\x3f\x87\xc0\0\x20\x84"); // dependent: not a change
    track = last()->track;
    assert_true(track->codec == SRS_CODEC_EAC3 && track->channels == 2);
    AUDIO(154, "\x90Opus"); // without a header: stereo, or what it says later
    assert_int_equal(srs_source_track(at.source, SRS_KIND_AUDIO, 0)->channels, 2);
    AUDIO(154, "\x94Opus\x01\x01\0\0\0\x04");
    assert_int_equal(srs_source_track(at.source, SRS_KIND_AUDIO, 0)->channels, 1);
    assert_int_equal(count(), 6);
}

static void test_ingest_given_what_it_does_not_know_then_as_it_came(void **state)
{
    (void)state;
    VIDEO(0, "\x90vvc1record");
    VIDEO(0, "\x91vvc1\0\0\0frame");
    assert_int_equal(last()->head.codec, SRS_CODEC_OPAQUE);
    assert_memory_equal(last()->payload, "\x91vvc1\0\0\0frame", 13);
    assert_int_equal(last()->head.flags, SRS_PACKET_KEY | SRS_PACKET_MAIN);
    assert_int_equal(last()->track->config_size, 11);
    // Of another track, for players that take those.
    VIDEO(40, "\xA6\x01vvc1\x05\0\0\0frame");
    assert_memory_equal(last()->payload, "\xA6\x01vvc1\x05\0\0\0frame", 15);
    assert_int_equal(last()->head.track_id, 5);
    assert_int_equal(last()->head.flags, SRS_PACKET_MULTITRACK);
    // Beside one that it knows: each goes its way.
    AUDIO(40, "\x95\x00mp4a\0\x12\x10");
    AUDIO(40, "\x95\x21mp4a\0\0\0\x02"
              "ab"
              "XXXX\x07\0\0\x03"
              "xyz");
    assert_memory_equal(last()->payload, "\x95\x01XXXX\x07xyz", 10);
    assert_int_equal(last()->head.track_id, 7);
    assert_int_equal(srs_packet_log_at(&at.source->log, count() - 2)->head.codec, SRS_CODEC_AAC);
    // A command, an unknown packet type, and the record of MPEG-2 TS.
    send_hevc_config("\x90hvc1", 5, 4);
    VIDEO(80, "\xD1\x01");
    assert_memory_equal(last()->payload, "\xD1\x01", 2);
    assert_int_equal(last()->head.codec, SRS_CODEC_OPAQUE);
    VIDEO(80, "\x99hvc1?");
    assert_int_equal(last()->head.size, 6);
    VIDEO(80, "\x95hvc1?");
    assert_int_equal(last()->head.size, 6);
    assert_int_equal(last()->track->codec, SRS_CODEC_HEVC);
    AUDIO(80, "\xB2speex");
    assert_int_equal(last()->head.size, 6);
    assert_int_equal(at.source->stats.jumps, 0);
}

static void test_ingest_given_another_codec_then_a_new_version(void **state)
{
    (void)state;
    send_avc_config(2);
    VIDEO(0, "\x17\x01\0\0\0\0\x01\x65");
    const struct srs_track *before = last()->track;
    send_hevc_config("\x90hvc1", 5, 4);
    VIDEO(40, "\x93hvc1\0\0\0\x02\x26\x01");
    assert_true(last()->track != before && last()->track->version > before->version);
    assert_int_equal(last()->track->slot, before->slot);
    assert_err(SRS_OK, SEND(SRS_FLV_VIDEO, 80, "\x27\x01\0\0\0\0\x01\x41"), "of the former codec");
    assert_int_equal(at.ingest.dropped, 1);
    assert_int_equal(count(), 2);
}

static void test_ingest_given_tracks_apart_then_no_jump(void **state)
{
    (void)state;
    AUDIO(0, "\x95\x00Opus\0");
    AUDIO(0, "\x95\x00Opus\x01");
    for (uint32_t i = 0; i < 50; i++) { // one track is 2 s behind the other
        uint8_t one[] = "\x95\x01Opus\0x";
        assert_err(SRS_OK, message(SRS_FLV_AUDIO, 5000 + i * 20, one, 8), "ahead");
        one[6] = 1;
        assert_err(SRS_OK, message(SRS_FLV_AUDIO, 3000 + i * 20, one, 8), "behind");
        assert_int_equal(last()->head.dts, (3000 + i * 20) * SRS_MSEC);
    }
    assert_int_equal(at.source->stats.jumps, 0);
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

// All packets as tags, as a player gets them that takes everything.
static size_t mux_all(uint8_t *out, size_t capacity)
{
    static struct srs_gather gather;
    const struct srs_mux_params params = {.caps = SRS_MUX_ENHANCED | SRS_MUX_MULTITRACK |
                                                  SRS_MUX_MODEX};
    struct srs_mux_state state = {.fresh = SRS_MUX_FRESH_ALL};
    struct srs_wr wr = srs_wr_init(out, capacity);
    srs_flv_header_write(&wr, &(struct srs_flv_header){.has_audio = true, .has_video = true});
    srs_wr_u32(&wr, 0);
    for (uint64_t number = 0; number < count(); number++) {
        srs_gather_begin(&gather, SIZE_MAX);
        srs_mux_flv.packet(&params, &state, srs_packet_log_at(&at.source->log, number), &gather);
        assert_false(gather.full);
        for (unsigned i = 1; i <= gather.count; i++)
            srs_wr_bytes(&wr, gather.iov[i].iov_base, gather.iov[i].iov_len);
    }
    assert_false(wr.bad);
    return wr.size;
}

static void feed_tags(const char *name, const struct tags *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        assert_err(SRS_OK,
                   message(tags->tags[i].type, tags->tags[i].timestamp, tags->bodies[i].bytes,
                           tags->bodies[i].size),
                   name);
}

// The forms in which a stream comes out are the model's own: taken in again, they come out the
// same.
static void check_file(const char *name, struct srs_span file)
{
    static uint8_t once[2 * FILE_MAX];
    static uint8_t twice[2 * FILE_MAX];
    static struct tags tags;
    void *state = NULL;
    read_tags(file, &tags);
    feed_tags(name, &tags);
    uint64_t packets = count();
    size_t size = mux_all(once, sizeof once);
    (void)teardown(&state);
    (void)setup(&state);
    read_tags((struct srs_span){once, size}, &tags);
    feed_tags(name, &tags);
    if (count() != packets || mux_all(twice, sizeof twice) != size ||
        memcmp(once, twice, size) != 0)
        fail_msg("%s: %llu packets, then %llu", name, (unsigned long long)packets,
                 (unsigned long long)count());
    assert_int_equal(at.ingest.dropped, 0);
}

static void test_ingest_given_files_then_forms_that_stay(void **state)
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
        TEST(test_ingest_given_headers_with_start_codes_then_records),
        TEST(test_ingest_given_bad_headers_with_start_codes_then_named),
        TEST(test_ingest_given_sets_in_frames_alone_then_records),
        TEST(test_ingest_given_other_sets_in_frames_then_a_new_record_unless_a_header_came),
        TEST(test_ingest_given_frames_then_flags_and_times),
        TEST(test_ingest_given_wraps_then_time_goes_on),
        TEST(test_ingest_given_headers_at_zero_then_frames_hours_later_begin_there),
        TEST(test_ingest_given_frames_without_configuration_then_dropped),
        TEST(test_ingest_given_bad_tags_then_errors),
        TEST(test_ingest_given_metadata_then_kept_without_its_wrapping),
        TEST(test_ingest_given_no_memory_then_says_so_and_holds_nothing),
        TEST(test_ingest_given_hevc_in_three_forms_then_one),
        TEST(test_ingest_given_hevc_length_sizes_then_made_four),
        TEST(test_ingest_given_no_frame_types_then_keys_by_the_bitstream),
        TEST(test_ingest_given_multitrack_shapes_then_packets_of_tracks),
        TEST(test_ingest_given_bad_multitrack_then_errors),
        TEST(test_ingest_given_modex_then_kept_with_the_frame),
        TEST(test_ingest_given_side_information_then_with_its_track),
        TEST(test_ingest_given_records_then_one_form),
        TEST(test_ingest_given_av1_then_without_delimiters),
        TEST(test_ingest_given_audio_frames_then_described_by_them),
        TEST(test_ingest_given_what_it_does_not_know_then_as_it_came),
        TEST(test_ingest_given_another_codec_then_a_new_version),
        TEST(test_ingest_given_long_records_then_limit),
        TEST(test_ingest_given_tracks_apart_then_no_jump),
        TEST(test_ingest_given_files_then_forms_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
