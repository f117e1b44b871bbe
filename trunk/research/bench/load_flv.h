#pragma once
// The client side of HTTP-FLV: an HTTP/1.1 answer, chunked or not, and the FLV tags inside it.
#include "load_rtmp.h"

enum srs_load_flv_step {
    SRS_LOAD_FLV_STATUS,
    SRS_LOAD_FLV_HEADERS,
    SRS_LOAD_FLV_CHUNK_SIZE,
    SRS_LOAD_FLV_CHUNK_DATA,
    SRS_LOAD_FLV_CHUNK_END,
    SRS_LOAD_FLV_PLAIN,
    SRS_LOAD_FLV_FAILED,
};

struct srs_load_flv {
    enum srs_load_flv_step step;
    bool chunked;
    bool answered;   // status 200 and all headers are in
    bool media_seen; // a byte behind the FLV header and its first PreviousTagSize is in
    uint64_t chunk_left;
    char line[512]; // longest header line taken
    size_t line_len;
    bool header_done;
    uint8_t head[13];
    size_t head_len;
    bool in_body;
    uint32_t body_need; // tag body and the PreviousTagSize behind it
    uint8_t *body;
    size_t body_len;
    size_t body_cap;
    srs_load_msg_fn fn;
    void *arg;
};

struct srs_load_flv *srs_load_flv_new(srs_load_msg_fn fn, void *arg);
void srs_load_flv_free(struct srs_load_flv *flv);

// Writes the request for a stream; false when it did not fit the socket.
bool srs_load_flv_request(int fd, const struct srs_load_target *target, const char *stream);

// Feeds received bytes; stands at SRS_LOAD_FLV_FAILED after what is no FLV stream, or after its
// end.
void srs_load_flv_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len);
