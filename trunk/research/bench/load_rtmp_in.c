// Chunk reader (RTMP 1.0, section 5.3). It is stricter than a player has to be, since it judges a
// server: a continuation chunk of a message with an extended timestamp repeats it, and a message is
// never begun inside an unfinished one of its chunk stream.
#include "load_core.h"
#include "load_rtmp.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_LIMIT  (8u << 20) // far above any frame the tool publishes
#define DEFAULT_CHUNK  128
#define EXTENDED_FIELD 0xffffffu

static uint32_t be(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void srs_load_rtmp_in_init(struct srs_load_rtmp_in *in, srs_load_msg_fn fn, void *arg)
{
    *in = (struct srs_load_rtmp_in){.chunk_size = DEFAULT_CHUNK, .fn = fn, .arg = arg};
}

void srs_load_rtmp_in_fini(struct srs_load_rtmp_in *in)
{
    for (size_t i = 0; i < SRS_LOAD_LANES; i++) {
        free(in->lanes[i].body);
        in->lanes[i].body = NULL;
    }
}

static size_t basic_size(uint8_t first)
{
    if ((first & 63) == 0)
        return 2;
    return (first & 63) == 1 ? 3 : 1;
}

static uint32_t basic_csid(const uint8_t *head)
{
    if ((head[0] & 63) == 0)
        return head[1] + 64u;
    return (head[0] & 63) == 1 ? head[1] + 256u * head[2] + 64u : head[0] & 63u;
}

static struct srs_load_lane *lane_of(struct srs_load_rtmp_in *in, uint32_t csid)
{
    for (size_t i = 0; i < SRS_LOAD_LANES; i++)
        if (in->lanes[i].csid == csid || in->lanes[i].csid == 0)
            return &in->lanes[i];
    return NULL;
}

// How many bytes the chunk header has, as far as the bytes so far tell.
static size_t head_size(struct srs_load_rtmp_in *in)
{
    static const uint8_t message_size[4] = {11, 7, 3, 0};
    if (in->head_len == 0)
        return 1;
    const unsigned fmt = in->head[0] >> 6;
    const size_t basic = basic_size(in->head[0]);
    const size_t plain = basic + message_size[fmt];
    if (in->head_len < plain)
        return plain;
    if (fmt < 3)
        return plain + (be(in->head + basic, 3) == EXTENDED_FIELD ? 4 : 0);
    const struct srs_load_lane *lane = lane_of(in, basic_csid(in->head));
    return plain + (lane && lane->extended ? 4 : 0);
}

static bool begin_message(struct srs_load_lane *lane, unsigned fmt, const uint8_t *fields,
                          uint32_t field)
{
    if (fmt < 3) {
        lane->field = field;
        lane->extended = be(fields, 3) == EXTENDED_FIELD;
    }
    if (fmt < 2) {
        lane->len = be(fields + 3, 3);
        lane->type = fields[6];
    }
    lane->timestamp = fmt == 0 ? field : lane->timestamp + lane->field;
    return lane->len <= MESSAGE_LIMIT;
}

static bool head_apply(struct srs_load_rtmp_in *in)
{
    const unsigned fmt = in->head[0] >> 6;
    const size_t basic = basic_size(in->head[0]);
    const uint32_t csid = basic_csid(in->head);
    struct srs_load_lane *lane = lane_of(in, csid);
    if (lane == NULL || (lane->csid == 0 && fmt != 0))
        return false;
    lane->csid = csid;

    const uint8_t *fields = in->head + basic;
    uint32_t field = fmt < 3 ? be(fields, 3) : lane->field;
    if (fmt < 3 ? field == EXTENDED_FIELD : lane->extended)
        field = be(in->head + in->head_len - 4, 4);
    if (fmt == 3 && field != lane->field)
        return false;
    if (lane->got == 0) {
        if (!begin_message(lane, fmt, fields, field))
            return false;
    } else if (fmt != 3) {
        return false;
    }
    in->current = lane;
    in->chunk_left = lane->len - lane->got;
    if (in->chunk_left > in->chunk_size)
        in->chunk_left = in->chunk_size;
    if (lane->type == SRS_LOAD_TYPE_AUDIO || lane->type == SRS_LOAD_TYPE_VIDEO)
        in->media_seen = true;
    return true;
}

static size_t head_feed(struct srs_load_rtmp_in *in, const uint8_t *data, size_t len)
{
    size_t used = 0;
    while (in->head_len < head_size(in)) {
        if (used == len)
            return used;
        in->head[in->head_len++] = data[used++];
    }
    in->bad = !head_apply(in);
    in->head_len = 0;
    return used;
}

static void deliver(struct srs_load_rtmp_in *in, struct srs_load_lane *lane)
{
    const struct srs_load_msg msg = {lane->type, lane->timestamp, lane->body, lane->len};
    lane->got = 0;
    if (lane->type != SRS_LOAD_TYPE_CHUNK_SIZE) {
        in->fn(in->arg, &msg);
        return;
    }
    in->chunk_size = lane->len >= 4 ? be(lane->body, 4) : 0;
    in->bad = in->chunk_size == 0 || in->chunk_size > 0x7fffffff;
}

static size_t body_feed(struct srs_load_rtmp_in *in, const uint8_t *data, size_t len)
{
    struct srs_load_lane *lane = in->current;
    const size_t take = len < in->chunk_left ? len : in->chunk_left;
    lane->body = srs_load_grow(lane->body, &lane->cap, lane->got + take, 1);
    if (take > 0)
        memcpy(lane->body + lane->got, data, take);
    lane->got += (uint32_t)take;
    in->chunk_left -= (uint32_t)take;
    if (in->chunk_left > 0)
        return take;
    in->current = NULL;
    if (lane->got == lane->len)
        deliver(in, lane);
    return take;
}

void srs_load_rtmp_in_feed(struct srs_load_rtmp_in *in, const uint8_t *data, size_t len)
{
    while (!in->bad && (len > 0 || (in->current && in->chunk_left == 0))) {
        size_t used = in->current ? body_feed(in, data, len) : head_feed(in, data, len);
        data += used;
        len -= used;
    }
}
