// FLV: file header, tag header, the headers of audio and video bodies, and an incremental demuxer.
//
// Adobe FLV specification 10.1, annex E; Enhanced RTMP v1 and v2 for headers with a FourCC. The
// body of a tag is the payload of an RTMP message byte for byte, so the body headers serve both.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_FLV_HEADER_SIZE = 9,
    SRS_FLV_TAG_SIZE = 11,
    SRS_FLV_PREVIOUS_SIZE = 4, // after the file header (value 0) and each tag (11 + body)
    SRS_FLV_BODY_MAX = 0xFFFFFF,
    SRS_FLV_BODY_HEADER_MAX = 16, // what srs_flv_video_write and srs_flv_audio_write write at most
};

enum srs_flv_type {
    SRS_FLV_AUDIO = 8,
    SRS_FLV_VIDEO = 9,
    SRS_FLV_SCRIPT_AMF3 = 15,
    SRS_FLV_SCRIPT = 18,
};

struct srs_flv_header {
    bool has_audio;
    bool has_video;
};

// Skips what a longer header has beyond our 9 bytes. KERNEL_FLV_HEADER: not FLV version 1.
// FLV_TRUNCATED.
SRS_ERR srs_flv_header_read(struct srs_rd *in, struct srs_flv_header *out);
void srs_flv_header_write(struct srs_wr *out, const struct srs_flv_header *header);

struct srs_flv_tag {
    uint8_t type;       // enum srs_flv_type, or unknown
    bool filtered;      // encrypted body
    uint32_t size;      // of the body
    uint32_t timestamp; // ms
    uint32_t stream_id; // 0 but in aggregate messages
};

// FLV_TRUNCATED.
SRS_ERR srs_flv_tag_read(struct srs_rd *in, struct srs_flv_tag *out);
void srs_flv_tag_write(struct srs_wr *out, const struct srs_flv_tag *tag);

// What the receiver of a body does with it. A multitrack message is always OTHER: relay it, do not
// read on.
enum srs_flv_kind {
    SRS_FLV_FRAME,           // coded data
    SRS_FLV_SEQUENCE_HEADER, // configuration record of the codec; may be empty (Opus, AC-3)
    SRS_FLV_SEQUENCE_END,    // its timestamp may be 0: not for the clock
    SRS_FLV_METADATA,        // colorInfo, MultichannelConfig; its FourCC need not be the track's
    SRS_FLV_COMMAND,         // video frame type 5
    SRS_FLV_SILENCE,         // audio message without a byte
    SRS_FLV_OTHER,           // multitrack, or a packet type that is not known
};

#define SRS_FLV_FOURCC(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define SRS_FLV_FOURCC_AVC  SRS_FLV_FOURCC('a', 'v', 'c', '1')
#define SRS_FLV_FOURCC_HEVC SRS_FLV_FOURCC('h', 'v', 'c', '1')
#define SRS_FLV_FOURCC_VVC  SRS_FLV_FOURCC('v', 'v', 'c', '1')
#define SRS_FLV_FOURCC_AV1  SRS_FLV_FOURCC('a', 'v', '0', '1')
#define SRS_FLV_FOURCC_VP8  SRS_FLV_FOURCC('v', 'p', '0', '8')
#define SRS_FLV_FOURCC_VP9  SRS_FLV_FOURCC('v', 'p', '0', '9')
#define SRS_FLV_FOURCC_AAC  SRS_FLV_FOURCC('m', 'p', '4', 'a')
#define SRS_FLV_FOURCC_MP3  SRS_FLV_FOURCC('.', 'm', 'p', '3')
#define SRS_FLV_FOURCC_OPUS SRS_FLV_FOURCC('O', 'p', 'u', 's')
#define SRS_FLV_FOURCC_FLAC SRS_FLV_FOURCC('f', 'L', 'a', 'C')
#define SRS_FLV_FOURCC_AC3  SRS_FLV_FOURCC('a', 'c', '-', '3')
#define SRS_FLV_FOURCC_EAC3 SRS_FLV_FOURCC('e', 'c', '-', '3')

// One bit for each FourCC above, 0 for any other: for sets of what a player takes.
uint32_t srs_flv_fourcc_bit(uint32_t fourcc);
enum { SRS_FLV_VIDEO_BITS = 0x3F, SRS_FLV_AUDIO_BITS = 0xFC0 };

// Whether coded frames of this codec have a composition time in front (packet type FRAMES).
bool srs_flv_fourcc_has_time(uint32_t fourcc);

enum srs_flv_tracks {
    SRS_FLV_TRACKS_PLAIN, // no multitrack header
    SRS_FLV_TRACKS_ONE,
    SRS_FLV_TRACKS_MANY,
    SRS_FLV_TRACKS_MANY_CODECS,
};

// ModEx packets in front of a message: one kind is defined.
enum { SRS_FLV_MODEX_MAX = 16 };

// Of an enhanced header. Nothing here is used while `enhanced` is false.
struct srs_flv_ex {
    uint32_t fourcc;     // 0 with TRACKS_MANY_CODECS and with a command
    uint8_t packet_type; // the real one, behind ModEx and multitrack
    uint8_t tracks;      // enum srs_flv_tracks
    uint8_t track_id;    // with TRACKS_ONE
    bool has_nano;
    uint32_t nano; // nanoseconds to add to the presentation time, at most 999999
    // All ModEx packets as they came, without the byte in front that says that they follow; the
    // low half of the last byte is the packet type behind them. Of a read only: write makes its own
    // of `nano`.
    struct srs_span modex;
};

// The tracks of a multitrack message, of which read leaves `in` at the first: one call a track.
struct srs_flv_part {
    uint32_t fourcc;
    uint8_t track_id;
    struct srs_rd data; // behind all headers
};

// Packet types of enhanced headers; METADATA of audio is MultichannelConfig.
enum {
    SRS_FLV_EX_SEQUENCE_START = 0,
    SRS_FLV_EX_FRAMES = 1,
    SRS_FLV_EX_SEQUENCE_END = 2,
    SRS_FLV_EX_FRAMES_X = 3, // video: composition time 0
    SRS_FLV_EX_METADATA = 4,
    SRS_FLV_EX_MPEG2TS_START = 5,    // video
    SRS_FLV_EX_AUDIO_MULTITRACK = 5, // the same number, another meaning
    SRS_FLV_EX_VIDEO_MULTITRACK = 6,
    SRS_FLV_EX_MODEX = 7,
};

// What such a packet is, to whatever track it belongs.
enum srs_flv_kind srs_flv_ex_kind(enum srs_flv_type type, uint8_t packet_type);

enum {
    SRS_FLV_FRAME_KEY = 1,
    SRS_FLV_FRAME_INTER = 2,
    SRS_FLV_FRAME_DISPOSABLE = 3,
    SRS_FLV_FRAME_GENERATED_KEY = 4,
    SRS_FLV_FRAME_COMMAND = 5,
};

enum {
    SRS_FLV_CODEC_H263 = 2,
    SRS_FLV_CODEC_AVC = 7,
    SRS_FLV_CODEC_HEVC = 12, // Chinese practice; framed like AVC
    SRS_FLV_CODEC_AV1 = 13,  // the same
};

enum { SRS_FLV_AVC_SEQUENCE_HEADER = 0, SRS_FLV_AVC_NALU = 1, SRS_FLV_AVC_SEQUENCE_END = 2 };

struct srs_flv_video {
    enum srs_flv_kind kind;
    bool enhanced;
    uint8_t frame_type;       // MediaMTX sends 0 with every enhanced tag: see the bitstream then
    uint8_t codec_id;         // legacy only
    uint8_t packet_type;      // of legacy AVC, HEVC, AV1
    uint8_t command;          // of kind COMMAND: 0 start, 1 end of seeking
    int32_t composition_time; // ms, 24 bits with sign
    struct srs_flv_ex ex;
};

// Leaves `in` at the coded data, of multitrack messages at the first track (of TRACKS_ONE at its
// data). FLV_TRUNCATED; FLV_INVALID_VIDEO_TAG when multitracks are nested. On failure *out is not
// touched.
SRS_ERR srs_flv_video_read(struct srs_rd *in, struct srs_flv_video *out);
// Writes what read gives, `kind` apart, which follows from the rest. A ModEx that read does not
// know is not in it: relay the original bytes of a message that is not changed.
void srs_flv_video_write(struct srs_wr *out, const struct srs_flv_video *video);
// FLV_TRUNCATED.
SRS_ERR srs_flv_part_read(struct srs_rd *in, const struct srs_flv_ex *ex, struct srs_flv_part *out);
// By the header; with a frame type of 0 it does not say.
bool srs_flv_video_is_key(const struct srs_flv_video *video);

enum {
    SRS_FLV_SOUND_MP3 = 2,
    SRS_FLV_SOUND_G711A = 7,
    SRS_FLV_SOUND_G711U = 8,
    SRS_FLV_SOUND_ENHANCED = 9,
    SRS_FLV_SOUND_AAC = 10,
    SRS_FLV_SOUND_SPEEX = 11,
    SRS_FLV_SOUND_MP3_8K = 14,
    // Chinese practice; what follows differs by vendor and is left in the body.
    SRS_FLV_SOUND_OPUS = 13,
};

enum { SRS_FLV_AAC_SEQUENCE_HEADER = 0, SRS_FLV_AAC_RAW = 1 };

struct srs_flv_audio {
    enum srs_flv_kind kind;
    bool enhanced;
    uint8_t format;
    uint8_t rate; // 5.5, 11, 22, 44 kHz; of AAC always 3, the configuration says more
    bool is_16bit;
    bool is_stereo;
    uint8_t packet_type; // of legacy AAC
    struct srs_flv_ex ex;
};

// As for video; an empty input is kind SILENCE.
SRS_ERR srs_flv_audio_read(struct srs_rd *in, struct srs_flv_audio *out);
void srs_flv_audio_write(struct srs_wr *out, const struct srs_flv_audio *audio);

// Demuxer: feed what arrived (at most SRS_FLV_FEED_MAX bytes at a time), then next until AGAIN. It
// holds the bytes that were fed and not given yet, never more for a size that a tag announces.
enum { SRS_FLV_FEED_MAX = 64 * 1024 };

struct srs_flv_demux {
    struct srs_buf buf;
    size_t body_max;
    size_t given; // bytes at the front that the last next handed out
    struct srs_flv_header header;
    bool has_header;
};

// `body_max` above SRS_FLV_BODY_MAX means that.
void srs_flv_demux_init(struct srs_flv_demux *demux, size_t body_max);
void srs_flv_demux_fini(struct srs_flv_demux *demux);
// LIMIT when next was not called until AGAIN, or more than SRS_FLV_FEED_MAX bytes; NO_MEMORY.
SRS_ERR srs_flv_demux_feed(struct srs_flv_demux *demux, const void *bytes, size_t size);
// The body is lent until the next call. AGAIN (bare), KERNEL_FLV_HEADER, STREAM_CASTER_FLV_TAG:
// unknown type, LIMIT: body above body_max. PreviousTagSize is not looked at: OBS before 30.2
// writes it one too small.
SRS_ERR srs_flv_demux_next(struct srs_flv_demux *demux, struct srs_flv_tag *tag,
                           struct srs_span *body);
// At the end of input, after AGAIN: FLV_TRUNCATED if it came inside a tag. A missing last
// PreviousTagSize is fine.
SRS_ERR srs_flv_demux_finish(const struct srs_flv_demux *demux);
