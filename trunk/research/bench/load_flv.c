// HTTP/1.1 answer (RFC 9112, sections 4 to 7) and FLV tags (FLV 10.1, annex E). Chunk extensions
// are skipped; there are no trailers to read, since a live stream that ends is a failure here.
#include "load_flv.h"
#include "load_core.h"
#include "load_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FLV_HEAD_BYTES 13 // 9 of the header, 4 of PreviousTagSize0
#define TAG_HEAD_BYTES 11

struct srs_load_flv *srs_load_flv_new(srs_load_msg_fn fn, void *arg)
{
    struct srs_load_flv *flv = srs_load_alloc(1, sizeof(*flv));
    flv->fn = fn;
    flv->arg = arg;
    return flv;
}

void srs_load_flv_free(struct srs_load_flv *flv)
{
    if (flv == NULL)
        return;
    free(flv->body);
    free(flv);
}

bool srs_load_flv_request(int fd, const struct srs_load_target *target, const char *stream)
{
    char text[1024];
    int len = snprintf(text, sizeof(text),
                       "GET /%s/%s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench_load\r\n"
                       "Accept: */*\r\n\r\n",
                       target->app, stream, target->suffix, target->host);
    return len > 0 && (size_t)len < sizeof(text) && srs_load_send(fd, text, (size_t)len);
}

static void end_tag(struct srs_load_flv *flv)
{
    const uint8_t *head = flv->head;
    const uint32_t size = flv->body_need - 4;
    const uint8_t *back = flv->body + size;
    const uint32_t behind =
        (uint32_t)back[0] << 24 | (uint32_t)back[1] << 16 | (uint32_t)back[2] << 8 | back[3];
    const uint32_t stamp =
        (uint32_t)head[7] << 24 | (uint32_t)head[4] << 16 | (uint32_t)head[5] << 8 | head[6];

    if (behind != size + TAG_HEAD_BYTES)
        flv->step = SRS_LOAD_FLV_FAILED;
    else
        flv->fn(flv->arg, &(struct srs_load_msg){head[0] & 31, stamp, flv->body, size});
    flv->in_body = false;
    flv->head_len = 0;
    flv->body_len = 0;
}

static size_t head_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    const size_t need = flv->header_done ? TAG_HEAD_BYTES : FLV_HEAD_BYTES;
    const size_t take = len < need - flv->head_len ? len : need - flv->head_len;
    memcpy(flv->head + flv->head_len, data, take);
    flv->head_len += take;
    flv->media_seen = flv->media_seen || flv->header_done;
    if (flv->head_len < need)
        return take;
    if (flv->header_done) {
        const uint8_t *head = flv->head;
        flv->in_body = true;
        flv->body_need = ((uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3]) + 4;
        return take;
    }
    if (memcmp(flv->head, "FLV\1", 4) != 0)
        flv->step = SRS_LOAD_FLV_FAILED;
    flv->header_done = true;
    flv->head_len = 0;
    return take;
}

static size_t body_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    const size_t left = flv->body_need - flv->body_len;
    const size_t take = len < left ? len : left;
    flv->body = srs_load_grow(flv->body, &flv->body_cap, flv->body_len + take, 1);
    memcpy(flv->body + flv->body_len, data, take);
    flv->body_len += take;
    if (flv->body_len == flv->body_need)
        end_tag(flv);
    return take;
}

static void flv_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    while (len > 0 && flv->step != SRS_LOAD_FLV_FAILED) {
        size_t used = flv->in_body ? body_feed(flv, data, len) : head_feed(flv, data, len);
        data += used;
        len -= used;
    }
}

static void on_chunk_size(struct srs_load_flv *flv)
{
    char *end = NULL;
    flv->chunk_left = strtoull(flv->line, &end, 16);
    // A size of 0 ends the stream.
    flv->step =
        end == flv->line || flv->chunk_left == 0 ? SRS_LOAD_FLV_FAILED : SRS_LOAD_FLV_CHUNK_DATA;
}

static void on_header(struct srs_load_flv *flv)
{
    if (strncasecmp(flv->line, "Transfer-Encoding:", 18) == 0 && strcasestr(flv->line, "chunked"))
        flv->chunked = true;
    if (flv->line_len > 0)
        return;
    flv->answered = true;
    flv->step = flv->chunked ? SRS_LOAD_FLV_CHUNK_SIZE : SRS_LOAD_FLV_PLAIN;
}

static void on_line(struct srs_load_flv *flv)
{
    switch (flv->step) {
    case SRS_LOAD_FLV_STATUS:
        flv->step = strncmp(flv->line, "HTTP/1.1 200", 12) == 0 ? SRS_LOAD_FLV_HEADERS
                                                                : SRS_LOAD_FLV_FAILED;
        break;
    case SRS_LOAD_FLV_HEADERS:
        on_header(flv);
        break;
    case SRS_LOAD_FLV_CHUNK_SIZE:
        on_chunk_size(flv);
        break;
    case SRS_LOAD_FLV_CHUNK_END:
        flv->step = flv->line_len == 0 ? SRS_LOAD_FLV_CHUNK_SIZE : SRS_LOAD_FLV_FAILED;
        break;
    default:
        flv->step = SRS_LOAD_FLV_FAILED;
    }
}

static size_t line_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            if (flv->line_len > 0 && flv->line[flv->line_len - 1] == '\r')
                flv->line_len--;
            flv->line[flv->line_len] = '\0';
            on_line(flv);
            flv->line_len = 0;
            return i + 1;
        }
        if (flv->line_len == sizeof(flv->line) - 1) {
            flv->step = SRS_LOAD_FLV_FAILED;
            return len;
        }
        flv->line[flv->line_len++] = (char)data[i];
    }
    return len;
}

static size_t chunk_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    const size_t take = len < flv->chunk_left ? len : (size_t)flv->chunk_left;
    flv_feed(flv, data, take);
    flv->chunk_left -= take;
    if (flv->chunk_left == 0 && flv->step == SRS_LOAD_FLV_CHUNK_DATA)
        flv->step = SRS_LOAD_FLV_CHUNK_END;
    return take;
}

void srs_load_flv_feed(struct srs_load_flv *flv, const uint8_t *data, size_t len)
{
    while (len > 0 && flv->step != SRS_LOAD_FLV_FAILED) {
        size_t used = len;
        if (flv->step == SRS_LOAD_FLV_PLAIN)
            flv_feed(flv, data, len);
        else if (flv->step == SRS_LOAD_FLV_CHUNK_DATA)
            used = chunk_feed(flv, data, len);
        else
            used = line_feed(flv, data, len);
        data += used;
        len -= used;
    }
}
