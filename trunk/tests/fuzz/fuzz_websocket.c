// A WebSocket client's frames, whole and cut: both must give the same events and the same end, and
// little memory is held. If the input begins with a request, its handshake is looked at first.
#include "fuzz/fuzz.h"
#include "protocol/http/websocket.h"

struct seen {
    uint64_t hash;
    srs_err end;
};

static void mix(struct seen *seen, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        seen->hash = (seen->hash ^ byte[i]) * 0x100000001B3u;
    seen->hash = (seen->hash ^ size) * 0x100000001B3u;
}

static void see(struct seen *seen, const struct srs_websocket_event *event)
{
    bool control = event->opcode >= SRS_WEBSOCKET_CLOSE;
    fuzz_assert(event->payload.size <=
                (size_t)(control ? SRS_WEBSOCKET_CONTROL_MAX : SRS_WEBSOCKET_MESSAGE_MAX));
    mix(seen, &event->opcode, sizeof event->opcode);
    mix(seen, &event->code, sizeof event->code);
    mix(seen, event->payload.bytes, event->payload.size);
}

static void feed(struct srs_websocket_reader *reader, struct seen *seen, struct srs_span in)
{
    while (in.size > 0 && !seen->end) {
        struct srs_websocket_event event;
        size_t used = 0;
        bool got = false;
        seen->end = srs_websocket_read(reader, in, &used, &event, &got);
        if (seen->end) {
            fuzz_assert(reader->close_code >= 1000);
            mix(seen, &reader->close_code, sizeof reader->close_code);
            srs_err_drop(seen->end, "the code says it");
            return;
        }
        fuzz_assert(used > 0 && used <= in.size);
        if (got)
            see(seen, &event);
        fuzz_assert(reader->message.capacity <= 2 * SRS_WEBSOCKET_MESSAGE_MAX);
        in = (struct srs_span){in.bytes + used, in.size - used};
    }
}

static struct seen run(struct fuzz_split split)
{
    struct srs_websocket_reader reader = {0};
    struct seen seen = {.hash = 0xCBF29CE484222325u};
    struct fuzz_block piece;
    while (fuzz_split_next(&split, &piece)) {
        feed(&reader, &seen, (struct srs_span){piece.bytes, piece.size});
        fuzz_block_free(&piece);
    }
    srs_websocket_reader_fini(&reader);
    return seen;
}

static void shake_hands(const uint8_t *data, size_t size)
{
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    char accept[SRS_WEBSOCKET_ACCEPT_SIZE];
    unsigned status = 0;
    srs_err err = srs_http_server_feed(server, (struct srs_span){data, size});
    if (!err)
        err = srs_http_server_next(server, &event);
    if (!err && srs_websocket_is_asked(event.request)) {
        err = srs_websocket_accept(event.request, accept, &status);
        fuzz_assert(!err || status == 400 || status == 405 || status == 426);
        fuzz_assert(err || strlen(accept) == SRS_WEBSOCKET_ACCEPT_SIZE - 1);
    }
    srs_err_drop(err, "any outcome is fine");
    srs_http_server_free(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_split split = fuzz_split_init(data, size);
    struct fuzz_split whole = split;
    whole.state = 0;
    if (size > 0 && (data[0] == 'G' || data[0] == 'P'))
        shake_hands(data, size - 1);
    struct seen cut = run(split);
    struct seen once = run(whole);
    fuzz_assert(cut.end == once.end && cut.hash == once.hash);
    return 0;
}
