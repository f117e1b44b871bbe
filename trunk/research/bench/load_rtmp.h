#pragma once
// The client side of RTMP 1.0, as far as a load tool needs it: simple handshake, commands of AMF0,
// a chunk reader for any chunk size and all four header forms, a chunk writer.
#include "load_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRS_LOAD_CHUNK_BYTES \
    60000 // what we announce and write: ffmpeg takes over the server's value, this one here

enum srs_load_type {
    SRS_LOAD_TYPE_CHUNK_SIZE = 1,
    SRS_LOAD_TYPE_ACK = 3,
    SRS_LOAD_TYPE_USER = 4,
    SRS_LOAD_TYPE_WINDOW = 5,
    SRS_LOAD_TYPE_AUDIO = 8,
    SRS_LOAD_TYPE_VIDEO = 9,
    SRS_LOAD_TYPE_DATA = 18,
    SRS_LOAD_TYPE_COMMAND = 20,
};

// A whole message; the body lives until the callback returns.
struct srs_load_msg {
    uint8_t type;
    uint32_t timestamp;
    const uint8_t *body;
    size_t len;
};

typedef void (*srs_load_msg_fn)(void *arg, const struct srs_load_msg *msg);

// Bytes being written; `bad` is set when they did not fit.
struct srs_load_out {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool bad;
};

void srs_load_out_be(struct srs_load_out *out, uint64_t value, unsigned bytes);
void srs_load_out_bytes(struct srs_load_out *out, const void *data, size_t len);
void srs_load_amf_string(struct srs_load_out *out, const char *text);
void srs_load_amf_number(struct srs_load_out *out, double value);
void srs_load_amf_key_number(struct srs_load_out *out, const char *key, double value);
void srs_load_amf_key_string(struct srs_load_out *out, const char *key, const char *text);

// What the header of a chunk stream's next message is made of.
struct srs_load_lane_out {
    uint8_t csid; // 3..63
    bool used;
    uint32_t timestamp;
};

// Writes one message in chunks of SRS_LOAD_CHUNK_BYTES: a full header first, then type 1 with the
// delta.
void srs_load_rtmp_write(struct srs_load_out *out, struct srs_load_lane_out *lane, uint32_t msid,
                         const struct srs_load_msg *msg);

#define SRS_LOAD_LANES 8 // servers use at most six chunk streams

struct srs_load_lane {
    uint32_t csid; // 0: free
    uint32_t timestamp;
    uint32_t field; // last timestamp field, extended or not
    uint32_t len;
    uint32_t got;
    uint8_t type;
    bool extended;
    uint8_t *body;
    size_t cap;
};

struct srs_load_rtmp_in {
    struct srs_load_lane lanes[SRS_LOAD_LANES];
    struct srs_load_lane *current; // set while a chunk's payload is awaited
    uint32_t chunk_left;
    uint32_t chunk_size;
    uint8_t head[18]; // 3 basic, 11 message, 4 extended
    size_t head_len;
    bool media_seen; // the header of an audio or video message was read
    bool bad;
    srs_load_msg_fn fn;
    void *arg;
};

void srs_load_rtmp_in_init(struct srs_load_rtmp_in *in, srs_load_msg_fn fn, void *arg);
void srs_load_rtmp_in_fini(struct srs_load_rtmp_in *in);

// Feeds bytes after the handshake; sets `bad` on what no server may send.
void srs_load_rtmp_in_feed(struct srs_load_rtmp_in *in, const uint8_t *data, size_t len);

enum srs_load_step {
    SRS_LOAD_STEP_HANDSHAKE,
    SRS_LOAD_STEP_CONNECT,
    SRS_LOAD_STEP_CREATE,
    SRS_LOAD_STEP_START,
    SRS_LOAD_STEP_RUN,
    SRS_LOAD_STEP_FAILED,
};

// A client session. Media messages go to `fn`; all else is answered here.
struct srs_load_rtmp {
    int fd; // borrowed
    enum srs_load_step step;
    bool publish;
    const struct srs_load_target *target; // borrowed, outlives the session
    char stream[SRS_LOAD_NAME_BYTES];
    uint32_t msid;
    uint8_t *hello; // S0 S1 S2 while they arrive
    size_t hello_len;
    struct srs_load_rtmp_in in;
    srs_load_msg_fn fn;
    void *arg;
};

struct srs_load_rtmp *srs_load_rtmp_new(const struct srs_load_target *target, const char *stream,
                                        bool publish, srs_load_msg_fn fn, void *arg);
void srs_load_rtmp_free(struct srs_load_rtmp *rtmp);

// Called once the socket is connected: sends C0 and C1.
void srs_load_rtmp_open(struct srs_load_rtmp *rtmp, int fd);

// Feeds received bytes. A session that cannot go on stands at SRS_LOAD_STEP_FAILED afterwards.
void srs_load_rtmp_feed(struct srs_load_rtmp *rtmp, const uint8_t *data, size_t len);

// Says goodbye as ffmpeg does; errors do not matter any more.
void srs_load_rtmp_bye(struct srs_load_rtmp *rtmp);

// Acknowledges `total` received bytes.
void srs_load_rtmp_ack(int fd, uint32_t total);
