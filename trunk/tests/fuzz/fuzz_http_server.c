// A connection's bytes, whole and cut: both must give the same requests and the same end, and
// little memory is held.
// Covers: http/server.c http/head.c http/parser.c http/chunk.c http/url.c
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "protocol/http/chunk.h"
#include "protocol/http/server.h"
#include "protocol/http/url.h"

struct seen {
    uint64_t hash;
    unsigned events;
    bool ended;  // an error, or no further request is taken
    bool writes; // what is read is written again: once an input
};

// Eight bytes at a time: a loop over bytes would take more time than what is tested.
static void mix(struct seen *seen, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word;
    seen->hash = (seen->hash ^ size) * 0x9E3779B97F4A7C15u;
    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        seen->hash = (seen->hash ^ word) * 0x9E3779B97F4A7C15u;
        seen->hash ^= seen->hash >> 32;
    }
    word = 0;
    if (size > 0)
        memcpy(&word, at, size);
    seen->hash = (seen->hash ^ word) * 0x9E3779B97F4A7C15u;
    seen->hash ^= seen->hash >> 32;
}

// A path that is escaped splits to itself.
static void escape(const char *path)
{
    struct srs_buf out = {0};
    struct srs_http_target target;
    srs_err err = srs_http_escape_path(&out, path, 3 * SRS_HTTP_LINE_MAX);
    if (!err)
        err = srs_buf_append(&out, "", 1, 4 * SRS_HTTP_LINE_MAX);
    if (!err)
        err = srs_http_target_split((char *)out.bytes, &target);
    fuzz_assert(!err && strcmp(target.path, path) == 0);
    srs_buf_fini(&out);
}

// A body that is written as one chunk reads as itself.
static void rewrite(struct srs_span body)
{
    uint8_t head[SRS_HTTP_CHUNK_HEAD_MAX];
    struct srs_http_chunks chunks = {0};
    struct srs_span piece;
    size_t used;
    bool end;
    if (body.size == 0)
        return;
    struct srs_span line = {head, srs_http_chunk_head(head, body.size)};
    fuzz_assert(!srs_http_chunks_read(&chunks, line, &used, &piece, &end));
    fuzz_assert(used == line.size && piece.size == 0 && !end);
    fuzz_assert(!srs_http_chunks_read(&chunks, body, &used, &piece, &end));
    fuzz_assert(used == body.size && piece.size == body.size && !end);
}

static void see_request(struct seen *seen, const struct srs_http_event *event)
{
    const struct srs_http_request *request = event->request;
    fuzz_assert(request->path[0] == '/' || strcmp(request->path, "*") == 0);
    fuzz_assert(strstr(request->path, "/../") == NULL);
    const uint16_t parts[] = {(uint16_t)(request->path - request->head.bytes),
                              (uint16_t)(request->query - request->head.bytes),
                              (uint16_t)request->method, request->head.count};
    if (seen->writes && request->path[0] == '/')
        escape(request->path);
    // Every text of the request lies in the head, terminated.
    mix(seen, request->head.bytes, request->head.size);
    mix(seen, request->head.fields, request->head.count * sizeof *request->head.fields);
    mix(seen, parts, sizeof parts);
    mix(seen, request->host, strlen(request->host));
    const char *first = srs_http_request_header(request, "X-Forwarded-For");
    const char *last = srs_http_request_header_last(request, "X-Forwarded-For");
    fuzz_assert((first == NULL) == (last == NULL) && first <= last);
}

// The connection becomes something else, to which belong all bytes behind the request.
static void take_over(struct srs_http_server *server, struct seen *seen)
{
    struct srs_buf rest;
    srs_http_server_upgrade(server, &rest);
    fuzz_assert(srs_buf_size(&rest) <= SRS_HTTP_PENDING_MAX);
    srs_buf_fini(&rest);
    seen->ended = true;
}

static void end_by(struct seen *seen, const struct srs_http_server *server, srs_err err)
{
    struct srs_span refusal = srs_http_server_refusal(server);
    mix(seen, refusal.bytes, refusal.size);
    srs_err_drop(err, "the refusal says it");
    seen->ended = true;
}

static void drain(struct srs_http_server *server, struct seen *seen)
{
    struct srs_http_event event;
    srs_err err = srs_http_server_next(server, &event);
    for (; !err; err = srs_http_server_next(server, &event)) {
        seen->events++;
        if (event.type == SRS_HTTP_EVENT_REQUEST) {
            see_request(seen, &event);
            continue;
        }
        mix(seen, event.body.bytes, event.body.size);
        if (seen->writes)
            rewrite(event.body);
        if (event.request->upgrade && srs_http_request_header(event.request, "Upgrade")[0] == 'w') {
            take_over(server, seen);
            return;
        }
        srs_http_server_forget_request(server);
        seen->ended = !srs_http_server_done(server);
    }
    if (err != SRS_E_AGAIN)
        end_by(seen, server, err);
}

static void feed(struct srs_http_server *server, struct seen *seen, struct fuzz_block *piece)
{
    if (!seen->ended) {
        srs_err err = srs_http_server_feed(server, (struct srs_span){piece->bytes, piece->size});
        if (err)
            end_by(seen, server, err);
        else
            drain(server, seen);
        fuzz_assert(srs_http_server_memory(server) < 64 * piece->size + 256 * 1024);
    }
    fuzz_block_free(piece);
}

static struct seen run(struct fuzz_split split)
{
    struct srs_http_server *server = srs_http_server_new();
    struct seen seen = {.hash = 0xCBF29CE484222325u, .writes = split.state == 0};
    struct fuzz_block piece;
    while (fuzz_split_next(&split, &piece))
        feed(server, &seen, &piece);
    srs_http_server_free(server);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_split split = fuzz_split_init(data, size);
    struct fuzz_split whole = split;
    whole.state = 0;
    struct seen once = run(whole);
    struct seen cut = split.state != 0 ? run(split) : once;
    fuzz_assert(cut.ended == once.ended);
    // A request whose body is bad is told if its head came in an earlier piece.
    fuzz_assert(cut.events >= once.events && cut.events <= once.events + 1);
    fuzz_assert(cut.events != once.events || cut.hash == once.hash);
    return 0;
}
