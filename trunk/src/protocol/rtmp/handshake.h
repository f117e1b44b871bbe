// RTMP handshake, both sides, without sockets or clock. RTMP 1.0 section 5.2: C0 C1 -> S0 S1 S2 ->
// C2.
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SRS_RTMP_HS_VERSION = 3,
    SRS_RTMP_HS_BLOCK = 1536,                      // C1, C2, S1, S2
    SRS_RTMP_HS_FIRST = 1 + SRS_RTMP_HS_BLOCK,     // C0 C1 or S0 S1
    SRS_RTMP_HS_ANSWER = 1 + 2 * SRS_RTMP_HS_BLOCK // S0 S1 S2
};

struct srs_rtmp_hs {
    uint8_t *block; // the beginning of the peer's first block, only while it comes in pieces
    uint64_t seed;
    uint32_t time_ms;
    uint16_t got;
    uint8_t state;
    bool client;
};

// `time_ms` and `seed` (any unpredictable number) fill our block.
void srs_rtmp_hs_init(struct srs_rtmp_hs *hs, bool client, uint32_t time_ms, uint64_t seed);
void srs_rtmp_hs_fini(struct srs_rtmp_hs *hs);

// Client only, first of all: appends C0 C1. Errors of srs_buf_append.
SRS_ERR srs_rtmp_hs_start(struct srs_rtmp_hs *hs, struct srs_buf *out, size_t limit);

// Consumes handshake bytes from the front of *in and appends what is to be sent. AGAIN while bytes
// are missing; OK once, with *in at the first byte after the handshake, and at each later call
// without consuming anything. RTMP_PLAIN_REQUIRED (server) or RTMP_HANDSHAKE (client) for a version
// other than 3; errors of srs_buf_append and srs_crypto_hmac_sha256.
SRS_ERR srs_rtmp_hs_feed(struct srs_rtmp_hs *hs, struct srs_span *in, struct srs_buf *out,
                         size_t limit);
bool srs_rtmp_hs_done(const struct srs_rtmp_hs *hs);
