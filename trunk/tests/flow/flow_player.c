#include "flow_player.h"
#include "core/mem.h"
#include "protocol/http/websocket.h"
#include <sys/socket.h>

enum { WIRE_MAX = 64 << 20, CONTROL_TIME = 0x7FFFFF00, CONTROL_TAG_SIZE = 8 };

static struct srs_writer writer;

uint64_t flow_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

static srs_err take(void *arg, const struct iovec *iov, int count, size_t *written)
{
    struct flow_player *player = arg;
    *written = 0;
    if (flow_random(&player->random) % 16 < player->again)
        return srs_bare(SRS_E_AGAIN);
    size_t left = 1 + flow_random(&player->random) % player->take_max;
    for (int i = 0; i < count && left > 0; i++) {
        size_t size = iov[i].iov_len < left ? iov[i].iov_len : left;
        srs_err err = srs_buf_append(&player->wire, iov[i].iov_base, size, WIRE_MAX);
        if (err)
            return err;
        left -= size;
        *written += size;
    }
    return SRS_OK;
}

static SRS_ERR open_conn(struct srs_conn **out)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return srs_fail(SRS_E_SOCKET_CREATE, "socket pair");
    struct srs_conn *other = NULL;
    srs_err err = srs_conn_new(fds[1], &other);
    srs_conn_free(other); // the reactor sees the end, so the socket counts as ready from then on
    return err ? err : srs_conn_new(fds[0], out);
}

SRS_ERR flow_player_open(struct flow_player *player, enum flow_form form, uint32_t chunk_size,
                         enum srs_viewer_times times, uint64_t seed)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const enum srs_viewer_framing framings[] = {[FLOW_RTMP] = SRS_VIEWER_PLAIN,
                                                       [FLOW_FLV] = SRS_VIEWER_PLAIN,
                                                       [FLOW_HTTP_FLV] = SRS_VIEWER_HTTP_CHUNKED,
                                                       [FLOW_WEBSOCKET_FLV] = SRS_VIEWER_WEBSOCKET};
    struct srs_viewer_options options = {.mux = form == FLOW_RTMP ? &srs_mux_rtmp : &srs_mux_flv,
                                         .params = {.chunk_size = chunk_size, .msid = 1},
                                         .framing = framings[form],
                                         .times = times,
                                         .send_timeout = 30 * SRS_SEC};
    *player = (struct flow_player){.form = form, .random = seed, .take_max = 1 << 20};
    srs_err err = open_conn(&player->conn);
    if (err)
        return err;
    err = srs_co_breathe(); // the reactor tells what the socket is ready for
    if (err) {
        srs_conn_free(player->conn);
        return err;
    }
    srs_conn_set_write(player->conn, take, player);
    srs_viewer_init(&player->viewer, player->conn, &writer, &options);
    srs_rtmp_reader_init(&player->reader);
    player->reader.chunk_size = chunk_size; // as if Set Chunk Size had come
    player->http = srs_http_client_new();
    srs_flv_demux_init(&player->demux, SRS_FLV_BODY_MAX);
    return form == FLOW_HTTP_FLV ? srs_buf_append(&player->wire, head, sizeof head - 1, WIRE_MAX)
                                 : SRS_OK;
}

void flow_player_close(struct flow_player *player)
{
    srs_viewer_fini(&player->viewer);
    srs_conn_free(player->conn);
    srs_rtmp_reader_fini(&player->reader);
    srs_http_client_free(player->http);
    srs_flv_demux_fini(&player->demux);
    srs_buf_fini(&player->wire);
}

static SRS_ERR read_rtmp(struct flow_player *player, struct srs_span in)
{
    struct srs_rtmp_msg msg;
    srs_err err;
    srs_rtmp_reader_feed(&player->reader, in);
    while ((err = srs_rtmp_reader_next(&player->reader, &msg)) == SRS_OK) {
        if (msg.msid != (msg.type == SRS_RTMP_USER_CONTROL ? 0 : 1))
            return srs_fail(SRS_E_RTMP_MESSAGE_DECODE, "message stream %u", msg.msid);
        player->got(player->arg, &msg);
    }
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

static SRS_ERR read_flv(struct flow_player *player, struct srs_span in)
{
    srs_err err = SRS_OK;
    while (!err && in.size > 0) {
        size_t size = in.size < SRS_FLV_FEED_MAX ? in.size : SRS_FLV_FEED_MAX;
        err = srs_flv_demux_feed(&player->demux, in.bytes, size);
        in = (struct srs_span){in.bytes + size, in.size - size};
        while (!err) {
            struct srs_flv_tag tag;
            struct srs_span body;
            err = srs_flv_demux_next(&player->demux, &tag, &body);
            struct srs_rtmp_msg msg = {
                .type = tag.type, .timestamp = tag.timestamp, .payload = body};
            if (!err)
                player->got(player->arg, &msg);
        }
        err = err == SRS_E_AGAIN ? SRS_OK : err;
    }
    return err;
}

static SRS_ERR read_http(struct flow_player *player, struct srs_span in)
{
    struct srs_http_client_event event;
    srs_err err = SRS_OK;
    srs_http_client_feed(player->http, in);
    while (!err) {
        err = srs_http_client_next(player->http, &event);
        if (!err && event.type == SRS_HTTP_CLIENT_BODY)
            err = read_flv(player, event.body);
        else if (!err && event.type == SRS_HTTP_CLIENT_END)
            err = srs_fail(SRS_E_HTTP_RESPONSE_EOF, "the body has ended");
    }
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

static size_t frame_head_size(const struct flow_player *player)
{
    unsigned length = player->frame.head_size < 2 ? 0 : player->frame.head[1];
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static SRS_ERR begin_frame(struct flow_player *player)
{
    uint8_t first = player->frame.head[0];
    struct srs_rd in = srs_rd_init(player->frame.head + 1, 9);
    uint64_t size = srs_rd_u8(&in);
    if (size >= 126)
        size = srs_rd_uint(&in, size == 126 ? 2 : 8);
    bool pong = first == (0x80 | SRS_WEBSOCKET_PONG);
    if (size == 0 || (!pong && first != (0x80 | SRS_WEBSOCKET_BINARY)) || (pong && size != 4))
        return srs_fail(SRS_E_WEBSOCKET_FRAME, "frame 0x%x of %llu bytes", first,
                        (unsigned long long)size);
    player->frame.in_payload = true;
    player->frame.left = size;
    player->frame.binaries += !pong;
    return SRS_OK;
}

static SRS_ERR read_frame(struct flow_player *player, struct srs_span in)
{
    if (player->frame.head[0] == (0x80 | SRS_WEBSOCKET_BINARY))
        return read_flv(player, in);
    memcpy(player->frame.pong + 4 - player->frame.left, in.bytes, in.size);
    struct srs_rd number = srs_rd_init(player->frame.pong, 4);
    if (player->frame.left == in.size && srs_rd_u32(&number) != ++player->pongs_got)
        return srs_fail(SRS_E_WEBSOCKET_FRAME, "not pong %u", player->pongs_got);
    return SRS_OK;
}

static SRS_ERR read_websocket(struct flow_player *player, struct srs_span in)
{
    srs_err err = SRS_OK;
    while (!err && in.size > 0) {
        if (!player->frame.in_payload) {
            player->frame.head[player->frame.head_size++] = in.bytes[0];
            in = (struct srs_span){in.bytes + 1, in.size - 1};
            if (player->frame.head_size == frame_head_size(player))
                err = begin_frame(player);
            continue;
        }
        size_t size = in.size < player->frame.left ? in.size : (size_t)player->frame.left;
        err = read_frame(player, (struct srs_span){in.bytes, size});
        in = (struct srs_span){in.bytes + size, in.size - size};
        player->frame.left -= size;
        if (player->frame.left == 0) {
            player->frame.in_payload = false;
            player->frame.head_size = 0;
        }
    }
    return err;
}

SRS_ERR flow_player_read(struct flow_player *player)
{
    struct srs_span in = srs_buf_span(&player->wire);
    srs_err err = SRS_OK;
    if (in.size == 0)
        return SRS_OK;
    if (player->form == FLOW_RTMP)
        err = read_rtmp(player, in);
    else if (player->form == FLOW_WEBSOCKET_FLV)
        err = read_websocket(player, in);
    else
        err = player->form == FLOW_FLV ? read_flv(player, in) : read_http(player, in);
    srs_buf_consume(&player->wire, in.size);
    return err;
}

SRS_ERR flow_player_control(struct flow_player *player, uint32_t number)
{
    struct srs_buf out = {0};
    uint8_t bytes[SRS_FLV_TAG_SIZE + CONTROL_TAG_SIZE + SRS_FLV_PREVIOUS_SIZE];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    if (player->form == FLOW_RTMP) {
        struct srs_rtmp_head head = {
            .type = SRS_RTMP_USER_CONTROL, .csid = SRS_RTMP_CSID_CONTROL, .length = 6};
        srs_wr_u16(&wr, 6); // PingRequest
        srs_wr_u32(&wr, number);
        srs_err err = srs_rtmp_chunk_write(&out, &head, (struct srs_span){bytes, wr.size},
                                           player->viewer.options.params.chunk_size, WIRE_MAX);
        if (!err)
            err = srs_viewer_control(&player->viewer, srs_buf_span(&out));
        srs_buf_fini(&out);
        return err;
    }
    srs_flv_tag_write(&wr, &(struct srs_flv_tag){.type = SRS_FLV_SCRIPT,
                                                 .size = CONTROL_TAG_SIZE,
                                                 .timestamp = CONTROL_TIME});
    srs_wr_u32(&wr, 0xC0117801);
    srs_wr_u32(&wr, number);
    srs_wr_u32(&wr, SRS_FLV_TAG_SIZE + CONTROL_TAG_SIZE);
    return srs_viewer_control(&player->viewer, (struct srs_span){bytes, wr.size});
}

SRS_ERR flow_player_pong(struct flow_player *player)
{
    uint8_t bytes[SRS_WEBSOCKET_HEAD_MAX + 4];
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    wr.size = srs_websocket_head(bytes, SRS_WEBSOCKET_PONG, 4);
    srs_wr_u32(&wr, ++player->pongs_sent);
    return srs_viewer_between(&player->viewer, (struct srs_span){bytes, wr.size});
}

bool flow_is_control(const struct flow_player *player, const struct srs_rtmp_msg *msg,
                     uint32_t *number)
{
    struct srs_rd in = srs_rd_init(msg->payload.bytes, msg->payload.size);
    bool is = player->form == FLOW_RTMP
                  ? msg->type == SRS_RTMP_USER_CONTROL && srs_rd_u16(&in) == 6
                  : msg->type == SRS_FLV_SCRIPT && msg->timestamp == CONTROL_TIME &&
                        srs_rd_u32(&in) == 0xC0117801;
    *number = srs_rd_u32(&in);
    return is && !in.bad;
}

bool flow_player_idle(const struct flow_player *player)
{
    const struct srs_viewer *viewer = &player->viewer;
    const struct srs_source *source = viewer->consumer.source;
    return viewer->held == NULL && srs_buf_size(&viewer->pending) == 0 && !viewer->more &&
           viewer->frame_rest_size == 0 &&
           (srs_buf_size(&viewer->between) == 0 || viewer->frame_left > 0) &&
           (source == NULL || viewer->consumer.next == source->log.next);
}
