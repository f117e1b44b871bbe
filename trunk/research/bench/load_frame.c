// Frames of the test stream. The stamp is text and the filler holds no zero byte, so that nothing
// looks like a NAL start code.
#include "load_frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

// Of the filler: prime, so that chunk and buffer sizes do not hide a shift.
#define PERIOD           251
#define MARKER_FIRST     0xfe
#define STAMP_BYTES      36 // "SB", kind, last, 16 hex digits each of sequence and time
#define VIDEO_HEAD_BYTES 10 // 5 of FLV, 4 of NAL length, 1 of NAL header
#define AUDIO_HEAD_BYTES 2

static uint8_t filler[SRS_LOAD_FRAME_LIMIT + PERIOD];
static uint8_t marker[SRS_LOAD_MARKER_BYTES];

// H.264 constrained baseline, 1280x720 at 25 a second: the record that x264 writes.
static const uint8_t avc_config[] = {
    0x01, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0x00, 0x17, 0x67, 0x42, 0xc0, 0x1f, 0xda,
    0x01, 0x40, 0x16, 0xec, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00,
    0x0c, 0x83, 0xc6, 0x0c, 0xa8, 0x01, 0x00, 0x04, 0x68, 0xce, 0x3c, 0x80,
};

// AAC-LC, 44.1 kHz, stereo.
static const uint8_t aac_config[] = {0x12, 0x10};

void srs_load_frame_init(void)
{
    for (size_t i = 0; i < sizeof(filler); i++)
        filler[i] = (uint8_t)(1 + i % PERIOD);
    if (getrandom(marker, sizeof(marker), 0) != (ssize_t)sizeof(marker))
        srs_load_die("getrandom: %s", strerror(errno));
    marker[0] = MARKER_FIRST;
    for (size_t i = 1; i < sizeof(marker); i++)
        marker[i] = (uint8_t)(1 + marker[i] % PERIOD);
}

const uint8_t *srs_load_frame_marker(void)
{
    return marker;
}

static size_t head_bytes(bool video)
{
    return video ? VIDEO_HEAD_BYTES : AUDIO_HEAD_BYTES;
}

void srs_load_frame_write(struct srs_load_out *out, const struct srs_load_frame *frame, size_t size)
{
    char stamp[STAMP_BYTES + 1];
    const size_t tail = frame->last ? SRS_LOAD_MARKER_BYTES : 0;
    const size_t least = head_bytes(frame->video) + STAMP_BYTES + tail;
    if (size < least)
        size = least;
    if (frame->video) {
        srs_load_out_be(out, frame->key ? 0x17 : 0x27, 1);
        srs_load_out_be(out, 1u << 24, 4);
        srs_load_out_be(out, size - 9, 4);
        srs_load_out_be(out, frame->key ? 0x65 : 0x41, 1);
    } else {
        srs_load_out_be(out, 0xaf01, 2);
    }
    snprintf(stamp, sizeof(stamp), "SB%c%c%016llx%016llx", frame->video ? 'V' : 'A',
             frame->last ? 'L' : '-', (unsigned long long)frame->seq,
             (unsigned long long)frame->sent);
    srs_load_out_bytes(out, stamp, STAMP_BYTES);
    srs_load_out_bytes(out, filler + frame->seq % PERIOD, size - least);
    srs_load_out_bytes(out, marker, tail);
}

static bool hex_read(const uint8_t *at, uint64_t *out)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        const uint8_t c = at[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

static bool body_good(const struct srs_load_msg *msg, struct srs_load_frame *out)
{
    const size_t head = head_bytes(out->video);
    if (msg->len < head + STAMP_BYTES || msg->len > SRS_LOAD_FRAME_LIMIT)
        return false;
    const uint8_t *stamp = msg->body + head;
    uint64_t sent;
    if (memcmp(stamp, out->video ? "SBV" : "SBA", 3) != 0 || !hex_read(stamp + 4, &out->seq) ||
        !hex_read(stamp + 20, &sent))
        return false;
    out->sent = (srs_nsec)sent;
    out->last = stamp[3] == 'L';
    const size_t tail = out->last ? SRS_LOAD_MARKER_BYTES : 0;
    const size_t least = head + STAMP_BYTES + tail;
    return msg->len >= least &&
           memcmp(stamp + STAMP_BYTES, filler + out->seq % PERIOD, msg->len - least) == 0 &&
           memcmp(msg->body + msg->len - tail, marker, tail) == 0;
}

enum srs_load_frame_kind srs_load_frame_read(const struct srs_load_msg *msg,
                                             struct srs_load_frame *out)
{
    *out = (struct srs_load_frame){.video = msg->type == SRS_LOAD_TYPE_VIDEO};
    if ((msg->type != SRS_LOAD_TYPE_VIDEO && msg->type != SRS_LOAD_TYPE_AUDIO) || msg->len < 2)
        return SRS_LOAD_FRAME_OTHER;
    if (msg->body[1] != 1)
        return SRS_LOAD_FRAME_OTHER;
    out->key = out->video && msg->body[0] == 0x17;
    return body_good(msg, out) ? SRS_LOAD_FRAME_GOOD : SRS_LOAD_FRAME_CORRUPT;
}

void srs_load_frame_video_header(struct srs_load_out *out)
{
    srs_load_out_be(out, 0x1700000000, 5);
    srs_load_out_bytes(out, avc_config, sizeof(avc_config));
}

void srs_load_frame_audio_header(struct srs_load_out *out)
{
    srs_load_out_be(out, 0xaf00, 2);
    srs_load_out_bytes(out, aac_config, sizeof(aac_config));
}

void srs_load_frame_metadata(struct srs_load_out *out, unsigned bits_per_s)
{
    static const struct {
        const char *key;
        double value;
    } fixed[] = {{"width", 1280},        {"height", 720},
                 {"framerate", 25},      {"videocodecid", 7},
                 {"audiocodecid", 10},   {"audiodatarate", 48},
                 {"audiochannels", 2},   {"audiosamplerate", 44100},
                 {"audiosamplesize", 16}};
    const size_t count = sizeof(fixed) / sizeof(fixed[0]);
    srs_load_amf_string(out, "@setDataFrame");
    srs_load_amf_string(out, "onMetaData");
    srs_load_out_be(out, 8, 1);
    srs_load_out_be(out, count + 1, 4);
    for (size_t i = 0; i < count; i++)
        srs_load_amf_key_number(out, fixed[i].key, fixed[i].value);
    srs_load_amf_key_number(out, "videodatarate", bits_per_s / 1000.0 - 48);
    srs_load_out_be(out, 9, 3);
}
