// A client against whatever a server may say: it goes on, asks for more or names an error, and what
// it sends can be read. The first byte: bit 0 = it plays, bit 1 = begin after the handshake, bit 2
// = keep the rest over events, bit 3 = end after the first medium or status.
#include "fuzz/fuzz.h"
#include "protocol/rtmp/client.h"

enum { PENDING_MAX = 64 * 1024, PENDING_ALL = PENDING_MAX + 16 * 1024 };

struct run {
    struct srs_rtmp_client client;
    struct srs_rtmp_reader sent; // reads what the client sends, once the handshake is done
    uint8_t mode;
    bool started;
};

static srs_err on_event(struct run *run, const struct srs_rtmp_client_event *event)
{
    static const uint8_t frame[200] = {0x17, 1};
    struct srs_rtmp_client *client = &run->client;
    const struct srs_rtmp_msg msg = {
        .type = SRS_RTMP_VIDEO, .csid = 6, .timestamp = 40, .payload = {frame, sizeof frame}};
    if (event->kind == SRS_RTMP_CLIENT_STARTED) {
        fuzz_assert(!run->started);
        run->started = true;
        if (client->publish)
            return srs_rtmp_client_send(client, &msg);
    } else if ((run->mode & 8) != 0) {
        return srs_rtmp_client_close(client);
    }
    if (event->kind == SRS_RTMP_CLIENT_MEDIA)
        fuzz_assert(!client->publish);
    if (event->kind != SRS_RTMP_CLIENT_MEDIA && (run->mode & 4) != 0)
        return srs_rtmp_client_keep(client);
    return SRS_OK;
}

// Takes what waits to be sent; behind the handshake it is messages.
static void take_sent(struct run *run)
{
    struct srs_rtmp_msg msg;
    struct srs_span out = srs_rtmp_client_pending(&run->client);
    fuzz_assert(out.size <= PENDING_ALL);
    if (out.size == 0)
        return;
    if ((run->mode & 2) != 0) {
        srs_err err;
        srs_rtmp_reader_feed(&run->sent, out);
        do
            err = srs_rtmp_reader_next(&run->sent, &msg);
        while (err == SRS_OK);
        fuzz_assert(err == SRS_E_AGAIN);
    }
    srs_rtmp_client_sent(&run->client, out.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct run run = {.mode = data[0]};
    struct fuzz_split split = fuzz_split_init(data + 1, size - 1);
    struct fuzz_block piece;
    struct srs_rtmp_client_event event;
    const struct srs_rtmp_client_config config = {.app = "live",
                                                  .tc_url = "rtmp://h/live",
                                                  .stream = "s?k=v",
                                                  .publish = (run.mode & 1) == 0,
                                                  .enhanced = true,
                                                  .pending_max = PENDING_MAX,
                                                  .handshaken = (run.mode & 2) != 0};
    srs_err err = SRS_E_AGAIN;

    fuzz_assert(srs_rtmp_client_init(&run.client, &config) == SRS_OK);
    srs_rtmp_reader_init(&run.sent);
    take_sent(&run);
    while (err == SRS_E_AGAIN && fuzz_split_next(&split, &piece)) {
        srs_rtmp_client_feed(&run.client, (struct srs_span){piece.bytes, piece.size});
        do {
            err = srs_rtmp_client_next(&run.client, &event);
            if (err == SRS_OK)
                err = on_event(&run, &event);
        } while (err == SRS_OK);
        take_sent(&run);
        fuzz_block_free(&piece);
    }
    fuzz_assert(run.client.reader.assembled <= 4 * size + SRS_RTMP_STREAMS_MAX * 256);
    srs_err_drop(err, "every end is good");
    srs_rtmp_reader_fini(&run.sent);
    srs_rtmp_client_fini(&run.client);
    return 0;
}
