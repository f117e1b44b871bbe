// RTMP handshake (RTMP 1.0 section 5.2) and its signed ("digest") form.
//
// The server answers S0 S1 S2 in one piece as soon as C1 is there: some clients send C2 only after
// S2. A C1 that is signed, whatever version it tells, is answered signed in the same layout, any
// other one by the plain form: two digests at most to find out, three more to answer. The peer's
// last block (C2, S2) is counted and never looked at: real clients sign it, copy it or fill it with
// anything. As a client we speak the plain form, which every server takes.
#include "protocol/rtmp/handshake.h"
#include "core/assert.h"
#include "core/mem.h"
#include "protocol/rtmp/digest.h"
#include <string.h>

enum state {
    FIRST, // the peer's version and first block
    LAST,  // the peer's echo
    DONE
};

// A server version whose first byte is below 3 keeps clients from asking for a signature. A client
// says 0.
static const uint8_t server_version[4] = {0x01, 0x00, 0x05, 0x04};
static const uint8_t client_version[4] = {0, 0, 0, 0};

void srs_rtmp_hs_init(struct srs_rtmp_hs *hs, bool client, uint32_t time_ms, uint64_t seed)
{
    *hs = (struct srs_rtmp_hs){.seed = seed, .time_ms = time_ms, .state = FIRST, .client = client};
}

void srs_rtmp_hs_fini(struct srs_rtmp_hs *hs)
{
    srs_free(hs->block);
    hs->block = NULL;
    hs->got = 0;
}

bool srs_rtmp_hs_done(const struct srs_rtmp_hs *hs)
{
    return hs->state == DONE;
}

// splitmix64: the filler only has to differ from connection to connection.
static uint64_t filler_next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static void write_first(struct srs_rtmp_hs *hs, uint8_t out[SRS_RTMP_HS_FIRST])
{
    struct srs_wr wr = srs_wr_init(out, SRS_RTMP_HS_FIRST);
    srs_wr_u8(&wr, SRS_RTMP_HS_VERSION);
    srs_wr_u32(&wr, hs->time_ms);
    srs_wr_bytes(&wr, hs->client ? client_version : server_version, 4);
    while (wr.size < SRS_RTMP_HS_FIRST)
        srs_wr_u64(&wr, filler_next(&hs->seed));
    srs_assert(!wr.bad);
}

SRS_ERR srs_rtmp_hs_start(struct srs_rtmp_hs *hs, struct srs_buf *out, size_t limit)
{
    uint8_t *room;
    srs_assert(hs->client);
    srs_err err = srs_buf_reserve(out, SRS_RTMP_HS_FIRST, limit, &room);
    if (err)
        return srs_wrap(err, "C0 C1");
    write_first(hs, room);
    srs_buf_grown(out, SRS_RTMP_HS_FIRST);
    return SRS_OK;
}

static void write_filler(struct srs_rtmp_hs *hs, uint8_t *out)
{
    struct srs_wr wr = srs_wr_init(out, SRS_RTMP_HS_BLOCK);
    while (wr.size < SRS_RTMP_HS_BLOCK)
        srs_wr_u64(&wr, filler_next(&hs->seed));
    srs_assert(!wr.bad);
}

// S0, S1 and S2. S2 is a copy of C1, or anything with a signature.
static srs_err answer_c1(struct srs_rtmp_hs *hs, const uint8_t *c1, struct srs_buf *out,
                         size_t limit)
{
    uint8_t *room;
    struct srs_rtmp_digest digest;
    srs_err err = srs_buf_reserve(out, SRS_RTMP_HS_ANSWER, limit, &room);
    if (err)
        return srs_wrap(err, "S0 S1 S2");
    uint8_t *s2 = room + SRS_RTMP_HS_FIRST;
    write_first(hs, room);
    err = srs_rtmp_digest_find(c1, SRS_RTMP_DIGEST_CLIENT, &digest);
    if (!err && digest.layout == SRS_RTMP_DIGEST_NONE) {
        memcpy(s2, c1, SRS_RTMP_HS_BLOCK);
    } else if (!err) {
        write_filler(hs, s2);
        err = srs_rtmp_digest_put(room + 1, SRS_RTMP_DIGEST_SERVER, digest.layout);
        if (!err)
            err = srs_rtmp_digest_sign(s2, SRS_RTMP_DIGEST_SERVER, c1 + digest.at);
    }
    if (err)
        return srs_wrap(err, "S0 S1 S2");
    srs_buf_grown(out, SRS_RTMP_HS_ANSWER);
    return SRS_OK;
}

static srs_err take_first(struct srs_rtmp_hs *hs, const uint8_t *first, struct srs_buf *out,
                          size_t limit)
{
    srs_err err;
    if (hs->client) // C2 = copy of S1
        err = srs_buf_append(out, first + 1, SRS_RTMP_HS_BLOCK, limit);
    else
        err = answer_c1(hs, first + 1, out, limit);
    srs_rtmp_hs_fini(hs);
    hs->state = LAST;
    return err;
}

static srs_err check_version(const struct srs_rtmp_hs *hs, const struct srs_span *in)
{
    uint8_t version = in->bytes[0];
    if (version == SRS_RTMP_HS_VERSION)
        return SRS_OK;
    return srs_fail(hs->client ? SRS_E_RTMP_HANDSHAKE : SRS_E_RTMP_PLAIN_REQUIRED,
                    "version %u, only 3 is served", version);
}

// An empty span may be NULL, which takes no offset.
static void advance(struct srs_span *in, size_t size)
{
    if (size == 0)
        return;
    in->bytes += size;
    in->size -= size;
}

static srs_err feed_first(struct srs_rtmp_hs *hs, struct srs_span *in, struct srs_buf *out,
                          size_t limit)
{
    srs_err err;
    if (in->size == 0)
        return srs_bare(SRS_E_AGAIN);
    if (hs->got == 0) {
        err = check_version(hs, in);
        if (err)
            return err;
    }
    if (hs->got == 0 && in->size >= SRS_RTMP_HS_FIRST) {
        err = take_first(hs, in->bytes, out, limit);
        advance(in, SRS_RTMP_HS_FIRST);
        return err;
    }
    if (hs->block == NULL)
        hs->block = srs_try_alloc(SRS_RTMP_HS_FIRST);
    if (hs->block == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "handshake block");
    size_t missing = (size_t)(SRS_RTMP_HS_FIRST - hs->got);
    size_t size = in->size < missing ? in->size : missing;
    memcpy(hs->block + hs->got, in->bytes, size);
    hs->got = (uint16_t)(hs->got + size);
    advance(in, size);
    if (hs->got < SRS_RTMP_HS_FIRST)
        return srs_bare(SRS_E_AGAIN);
    return take_first(hs, hs->block, out, limit);
}

SRS_ERR srs_rtmp_hs_feed(struct srs_rtmp_hs *hs, struct srs_span *in, struct srs_buf *out,
                         size_t limit)
{
    if (hs->state == FIRST) {
        srs_err err = feed_first(hs, in, out, limit);
        if (err)
            return err;
    }
    if (hs->state == LAST) {
        size_t missing = (size_t)(SRS_RTMP_HS_BLOCK - hs->got);
        size_t size = in->size < missing ? in->size : missing;
        hs->got = (uint16_t)(hs->got + size);
        advance(in, size);
        if (hs->got < SRS_RTMP_HS_BLOCK)
            return srs_bare(SRS_E_AGAIN);
        hs->state = DONE;
    }
    return SRS_OK;
}
