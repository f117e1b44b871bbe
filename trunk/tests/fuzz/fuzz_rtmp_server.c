// Whole sessions: the machine answers, asks for more or names an error, and what it sends can be
// read. The first byte: bit 0 = begin after the handshake, bit 1 = refuse, bit 2 = keep the rest
// over events, bit 3 = windows of the configuration, and a player's request is forgotten, bit 4 =
// refuse to connect. Covers: rtmp/server.c rtmp/server_command.c rtmp/server_answer.c
// rtmp/message.c
#include "fuzz/fuzz.h"
#include "protocol/rtmp/server.h"
#include "protocol/rtmp/url.h"

struct run {
    struct srs_rtmp_server server;
    uint8_t mode;
};

static void check_request(const struct srs_rtmp_request *request)
{
    struct srs_rtmp_url url;
    srs_err err =
        srs_rtmp_url_parse(request->connect.tc_url, request->connect.app, request->stream, &url);
    if (err == SRS_OK)
        fuzz_assert(url.app[0] != '\0' && url.vhost[0] != '\0' && url.port != 0);
    srs_err_drop(err, "a name may be malformed");
    srs_rtmp_url_fini(&url);
}

static srs_err answer(struct run *run, const struct srs_rtmp_event *event)
{
    static const struct srs_rtmp_server_info info = {.signature = "SRS", .caps_ex = 7};
    struct srs_rtmp_server *server = &run->server;
    bool refuse = (run->mode & 2) != 0;
    struct srs_rtmp_data script;
    if (event->kind < SRS_RTMP_EVENT_MEDIA)
        check_request(srs_rtmp_server_request(server));
    if (event->kind != SRS_RTMP_EVENT_MEDIA && (run->mode & 4) != 0 &&
        srs_rtmp_server_keep(server) != SRS_OK)
        return SRS_E_NO_MEMORY;
    switch (event->kind) {
    case SRS_RTMP_EVENT_CONNECT:
        if ((run->mode & 8) != 0)
            srs_rtmp_server_set_windows(server, 100, 0);
        if ((run->mode & 16) != 0)
            return srs_rtmp_server_reject_connect(server, "NetConnection.Connect.Rejected", "no");
        return srs_rtmp_server_accept_connect(server, &info);
    case SRS_RTMP_EVENT_PUBLISH:
        return refuse ? srs_rtmp_server_refuse_publish(server, "NetStream.Publish.BadName", "no")
                      : srs_rtmp_server_accept_publish(server, "id");
    case SRS_RTMP_EVENT_PLAY:
        if ((run->mode & 8) != 0)
            srs_rtmp_server_forget_request(server);
        return refuse ? srs_rtmp_server_refuse_play(server, "NetStream.Play.StreamNotFound", "no")
                      : srs_rtmp_server_accept_play(server, "id");
    case SRS_RTMP_EVENT_MEDIA:
        if (event->media.type == SRS_RTMP_DATA || event->media.type == SRS_RTMP_DATA_AMF3)
            srs_err_drop(srs_rtmp_data_read(&event->media, &script), "data may be malformed");
        return SRS_OK;
    default:
        return SRS_OK;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct run run = {.mode = data[0]};
    struct fuzz_split split = fuzz_split_init(data + 1, size - 1);
    struct fuzz_block piece;
    struct srs_rtmp_event event;
    srs_err err = SRS_E_AGAIN;

    srs_rtmp_server_init(&run.server,
                         &(struct srs_rtmp_server_config){.handshaken = (run.mode & 1) != 0});
    while (err == SRS_E_AGAIN && fuzz_split_next(&split, &piece)) {
        srs_rtmp_server_feed(&run.server, (struct srs_span){piece.bytes, piece.size});
        do {
            err = srs_rtmp_server_next(&run.server, &event);
            if (err == SRS_OK)
                err = answer(&run, &event);
        } while (err == SRS_OK);
        struct srs_span out = srs_rtmp_server_pending(&run.server);
        fuzz_assert(out.size <= SRS_RTMP_PENDING_MAX);
        if (out.size > 0)
            srs_rtmp_server_sent(&run.server, out.size);
        fuzz_block_free(&piece);
    }
    fuzz_assert(run.server.reader.assembled <= 4 * size + SRS_RTMP_STREAMS_MAX * 256);
    srs_err_drop(err, "every end is good");
    srs_rtmp_server_fini(&run.server);
    return 0;
}
