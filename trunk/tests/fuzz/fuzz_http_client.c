// An answer's bytes, whole and cut: the same heads, the same body bytes, the same end.
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "protocol/http/client.h"

struct seen {
    uint64_t hash;
    size_t body;
    unsigned heads;
    unsigned ends;
    srs_err err;
};

static void mix(struct seen *seen, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        seen->hash = (seen->hash ^ byte[i]) * 0x100000001B3u;
}

static void see(struct seen *seen, const struct srs_http_client_event *event)
{
    const struct srs_http_reply *reply = event->reply;
    fuzz_assert(reply->status >= 200 || reply->status == 101);
    if (event->type == SRS_HTTP_CLIENT_HEAD) {
        mix(seen, &reply->status, sizeof reply->status);
        mix(seen, &reply->content_length, sizeof reply->content_length);
        for (unsigned i = 0; i < reply->head.count; i++)
            mix(seen, reply->head.bytes + reply->head.fields[i].value,
                reply->head.fields[i].value_size);
        const char *location = srs_http_reply_header(reply, "Location");
        fuzz_assert(location == NULL || reply->head.count > 0);
        seen->heads++;
    }
    mix(seen, event->body.bytes, event->body.size);
    seen->body += event->body.size;
    seen->ends += event->type == SRS_HTTP_CLIENT_END;
}

static void feed(struct srs_http_client *client, struct seen *seen, struct fuzz_block *piece)
{
    struct srs_http_client_event event;
    if (seen->err == SRS_OK && srs_http_client_rest(client).size == 0) {
        srs_http_client_feed(client, (struct srs_span){piece->bytes, piece->size});
        srs_err err = srs_http_client_next(client, &event);
        for (; !err; err = srs_http_client_next(client, &event))
            see(seen, &event);
        seen->err = err == SRS_E_AGAIN ? SRS_OK : err;
        srs_err_drop(err, "kept in seen");
    }
    if (srs_http_client_rest(client).size == 0)
        fuzz_block_free(piece);
}

static struct seen run(struct fuzz_split split)
{
    struct srs_http_client *client = srs_http_client_new();
    struct seen seen = {.hash = 0xCBF29CE484222325u};
    struct fuzz_block piece = {0};
    size_t held = 0; // after 101 the bytes are someone else's: they stay with the piece
    while (held == 0 && fuzz_split_next(&split, &piece)) {
        feed(client, &seen, &piece);
        held = srs_http_client_rest(client).size;
    }
    if (held > 0)
        fuzz_block_free(&piece);
    else if (seen.err == SRS_OK)
        seen.err = srs_http_client_eof(client);
    srs_err_drop(seen.err, "kept in seen");
    srs_http_client_free(client);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_split split = fuzz_split_init(data, size);
    struct fuzz_split whole = split;
    whole.state = 0;
    struct seen cut = run(split);
    struct seen once = run(whole);
    fuzz_assert(cut.err == once.err && cut.heads == once.heads && cut.ends == once.ends);
    fuzz_assert(cut.body == once.body && cut.hash == once.hash);
    fuzz_assert(once.body <= size);
    return 0;
}
