#include "flow_server.h"
#include "codec/hex.h"
#include "core/log.h"
#include "server/config_files.h"
#include "server/files/store.h"
#include "server/graph.h"
#include "server/rtmp/session.h"
#include <dirent.h>
#include <time.h>

enum { WIRE_MAX = 32 << 20, FILES_MAX = 64, FRAME_HEAD = 9, TURNS = 5 };

static const struct srs_port rtmp_port = {"rtmp", srs_rtmp_accept, 0, true, SRS_CERTS_NONE};

// --- the server ---------------------------------------------------------------------------------

static unsigned open_servers;

static long count_descriptors(void)
{
    long count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

int64_t flow_real_usec(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * SRS_SEC + ts.tv_nsec / 1000;
}

struct srs_config *flow_config(const char *text)
{
    void *state = NULL;
    assert_int_equal(config_files_setup(&state), 0);
    struct config_files *files = state;
    struct srs_config *config = config_must(files, text, NULL);
    assert_int_equal(unlink(files->path), 0);
    assert_int_equal(rmdir(files->directory), 0);
    srs_free(files);
    return config;
}

void flow_server_open(struct flow_server *flow, const char *config)
{
    struct srs_server *server = &flow->server;
    *flow = (struct flow_server){.descriptors = count_descriptors()};
    open_servers++;
    srs_log_set_level(SRS_LOG_NONE); // the warnings that the cases provoke
    server->config = flow_config(config);
    server->writer = srs_new(struct srs_writer);
    server->certs = srs_new(struct srs_certs);
    server->files = srs_files_new(FILES_MAX);
    server->listeners = srs_listeners_new(server);
    srs_clients_init(&server->clients);
    srs_scope_init(&server->services, "services");
    srs_scope_init(&server->sessions, "sessions");
    assert_err(SRS_OK, srs_beat_new(&server->services, &server->beat), "beat");
    assert_err(SRS_OK, srs_sources_new(&srs_beat_source_ops, &server->sources), "sources");
}

void flow_server_configure(struct flow_server *flow, const char *text)
{
    srs_config_unref(flow->server.config);
    flow->server.config = flow_config(text);
}

void flow_server_close(struct flow_server *flow)
{
    struct srs_server *server = &flow->server;
    srs_scope_close(&server->services);
    srs_scope_close(&server->sessions);
    srs_files_close(server->files, SRS_NEVER);
    assert_int_equal(server->clients.count, 0);
    assert_int_equal(srs_sources_count(server->sources), 0);
    srs_sources_free(server->sources);
    srs_beat_free(server->beat);
    srs_listeners_free(server->listeners);
    srs_certs_free(server->certs);
    srs_free(server->writer);
    srs_config_unref(server->config);
    assert_null(server->peers.table);
    if (--open_servers > 0)
        return;
    for (int i = 0; i < SRS_LIVE_TYPES; i++)
        if (srs_live_count((enum srs_live)i) != 0)
            fail_msg("%ld of %s live", srs_live_count((enum srs_live)i),
                     srs_live_name((enum srs_live)i));
    assert_int_equal(count_descriptors(), flow->descriptors);
}

struct srs_source *flow_source(const struct flow_server *flow, const char *stream)
{
    return srs_sources_find(flow->server.sources, "__defaultVhost__", "live", stream);
}

bool flow_is_published(const struct flow_server *flow, const char *stream)
{
    const struct srs_source *source = flow_source(flow, stream);
    return source != NULL && source->publisher != NULL;
}

struct srs_client *flow_client(const struct flow_server *flow)
{
    assert_true(flow->server.clients.count > 0);
    return srs_list_entry(flow->server.clients.all.prev, struct srs_client, link);
}

// --- the log ------------------------------------------------------------------------------------

static char log_path[] = "/tmp/srs-flow-log-XXXXXX";

void flow_log_begin(void)
{
    memset(log_path + strlen(log_path) - 6, 'X', 6);
    int fd = mkstemp(log_path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_err(SRS_OK,
               srs_log_open(&(struct srs_log_options){.level = SRS_LOG_INFO, .file = log_path}),
               "log");
}

void flow_log_end(char *out, size_t size)
{
    srs_log_close();
    srs_log_set_level(SRS_LOG_NONE);
    FILE *file = fopen(log_path, "re");
    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    (void)unlink(log_path);
}

unsigned flow_count_of(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

// --- a client -----------------------------------------------------------------------------------

// The server has begun, or has taken what was written.
static void let_run(void)
{
    for (int i = 0; i < TURNS; i++)
        assert_err(SRS_OK, srs_co_breathe(), "turn");
}

void flow_peer_open_as(struct flow_peer *peer, struct flow_server *flow,
                       const struct srs_rtmp_client_config *config)
{
    struct srs_rtmp_client_config full = *config;
    int fd = -1;
    struct srs_conn *conn = graph_conn(&fd);
    *peer = (struct flow_peer){.other = conn};
    assert_err(SRS_OK, srs_conn_new(fd, &peer->conn), "client's end");
    srs_conn_set_nodelay(peer->conn, true); // what it writes is there at once
    assert_err(SRS_OK, srs_rtmp_accept(&flow->server, conn, &rtmp_port), "accept");
    full.app = full.app != NULL ? full.app : "live";
    full.tc_url = full.tc_url != NULL ? full.tc_url : "rtmp://127.0.0.1/live";
    assert_err(SRS_OK, srs_rtmp_client_init(&peer->machine, &full), "client");
    let_run();
}

void flow_peer_open(struct flow_peer *peer, struct flow_server *flow, const char *stream,
                    bool publish)
{
    flow_peer_open_as(
        peer, flow,
        &(struct srs_rtmp_client_config){.stream = stream, .publish = publish, .seed = 7});
}

void flow_peer_free(struct flow_peer *peer)
{
    srs_rtmp_client_fini(&peer->machine);
    srs_conn_free(peer->conn);
    peer->conn = NULL;
}

static void note(struct flow_peer *peer, const struct srs_rtmp_client_event *event)
{
    size_t used = strlen(peer->codes);
    const struct srs_rtmp_msg *msg = &event->media;
    switch (event->kind) {
    case SRS_RTMP_CLIENT_STARTED:
        peer->started = true;
        break;
    case SRS_RTMP_CLIENT_STATUS:
        (void)snprintf(peer->codes + used, sizeof peer->codes - used, "%.*s ",
                       (int)event->code.size, (const char *)event->code.bytes);
        break;
    case SRS_RTMP_CLIENT_EOF:
        peer->ends++;
        break;
    case SRS_RTMP_CLIENT_MEDIA:
        peer->video += msg->type == SRS_RTMP_VIDEO;
        peer->audio += msg->type == SRS_RTMP_AUDIO;
        peer->data += msg->type == SRS_RTMP_DATA;
        if (msg->type == SRS_RTMP_VIDEO) {
            peer->last_timestamp = msg->timestamp;
            peer->last_size = msg->payload.size;
            peer->last_byte = msg->payload.bytes[0];
        }
        break;
    }
}

static void flush(struct flow_peer *peer)
{
    struct srs_span out = srs_rtmp_client_pending(&peer->machine);
    if (out.size == 0)
        return;
    srs_err_drop(srs_conn_write(peer->conn, out, SRS_NEVER), "a read tells that it is closed");
    srs_rtmp_client_sent(&peer->machine, out.size);
}

SRS_ERR flow_peer_take(struct flow_peer *peer)
{
    struct srs_span got;
    struct srs_rtmp_client_event event;
    flush(peer);
    srs_err err = srs_co_breathe();
    if (!err)
        err = srs_conn_read(peer->conn, srs_now(), &got);
    if (err)
        return err == SRS_E_SOCKET_TIMEOUT ? srs_bare(SRS_E_AGAIN) : err;
    srs_rtmp_client_feed(&peer->machine, got);
    while ((err = srs_rtmp_client_next(&peer->machine, &event)) == SRS_OK)
        note(peer, &event);
    if (err == SRS_E_AGAIN)
        flush(peer);
    return err;
}

SRS_ERR flow_peer_start(struct flow_peer *peer)
{
    srs_err err = SRS_E_AGAIN;
    int64_t began = flow_real_usec();
    while (err == SRS_E_AGAIN && !peer->started && flow_real_usec() - began < FLOW_LIMIT_USEC)
        err = flow_peer_take(peer);
    return peer->started ? srs_bare(SRS_OK) : err;
}

void flow_peer_begin(struct flow_peer *peer, struct flow_server *flow, const char *stream,
                     bool publish)
{
    flow_peer_open(peer, flow, stream, publish);
    assert_err(SRS_OK, flow_peer_start(peer), stream);
}

bool flow_peer_was_told(const struct flow_peer *peer, const char *code)
{
    return strstr(peer->codes, code) != NULL;
}

bool flow_peer_is_closed(struct flow_peer *peer)
{
    enum { QUIET_TURNS = 20 };
    srs_err err = SRS_E_AGAIN;
    for (int i = 0; err == SRS_E_AGAIN && i < QUIET_TURNS; i++) {
        uint64_t before = srs_conn_bytes_in(peer->conn);
        err = flow_peer_take(peer);
        if (srs_conn_bytes_in(peer->conn) != before)
            i = 0;
    }
    (void)srs_bare(err);
    return err == SRS_E_SOCKET_READ;
}

// --- what it says -------------------------------------------------------------------------------

void flow_peer_write(struct flow_peer *peer, struct srs_span bytes)
{
    flush(peer);
    if (bytes.size > 0)
        assert_err(SRS_OK, srs_conn_write(peer->conn, bytes, SRS_NEVER), "write");
    let_run();
}

void flow_peer_message(struct flow_peer *peer, struct srs_rtmp_head head, struct srs_span body)
{
    struct srs_buf out = {0};
    head.length = (uint32_t)body.size;
    assert_err(SRS_OK, srs_rtmp_chunk_write(&out, &head, body, peer->machine.chunk_size, WIRE_MAX),
               "chunks");
    flow_peer_write(peer, srs_buf_span(&out));
    srs_buf_fini(&out);
}

static void send_command(struct flow_peer *peer, uint32_t msid, const struct srs_wr *wr)
{
    assert_false(wr->bad);
    flow_peer_message(peer,
                      (struct srs_rtmp_head){.type = SRS_RTMP_COMMAND, .csid = 3, .msid = msid},
                      (struct srs_span){wr->bytes, wr->size});
}

void flow_peer_command(struct flow_peer *peer, uint32_t msid, const char *name, const char *text,
                       double number)
{
    uint8_t room[512];
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_command_write(&wr, name, 9, text, NULL);
    if (number >= 0)
        srs_amf0_write_number(&wr, number);
    send_command(peer, msid, &wr);
}

void flow_peer_flag(struct flow_peer *peer, const char *name, bool on)
{
    uint8_t room[128];
    struct srs_wr wr = srs_wr_init(room, sizeof room);
    srs_rtmp_command_write(&wr, name, 0, NULL, NULL);
    srs_amf0_write_boolean(&wr, on);
    send_command(peer, 1, &wr);
}

void flow_peer_media(struct flow_peer *peer, uint8_t type, uint32_t ms, struct srs_span body)
{
    uint32_t csid = type == SRS_RTMP_AUDIO ? 4 : 6;
    flow_peer_message(
        peer, (struct srs_rtmp_head){.type = type, .csid = csid, .time = ms, .msid = 1}, body);
}

void flow_peer_record(struct flow_peer *peer)
{
    uint8_t bytes[128];
    size_t size =
        hex_bytes("17 00 000000 014d400affe10017674d400aeca3136022000003000200000300141e244b2c0100"
                  "0468ce0fc8",
                  bytes, sizeof bytes);
    flow_peer_media(peer, SRS_RTMP_VIDEO, 0, (struct srs_span){bytes, size});
}

void flow_peer_frame(struct flow_peer *peer, uint32_t ms, bool key, size_t size)
{
    uint8_t *bytes = calloc(1, FRAME_HEAD + size);
    assert_non_null(bytes);
    struct srs_wr wr = srs_wr_init(bytes, FRAME_HEAD);
    srs_wr_u8(&wr, key ? 0x17 : 0x27);
    srs_wr_u32(&wr, 1U << 24);
    srs_wr_u32(&wr, (uint32_t)size);
    memset(bytes + FRAME_HEAD, key ? 0x65 : 0x41, size); // one NAL unit
    flow_peer_media(peer, SRS_RTMP_VIDEO, ms, (struct srs_span){bytes, FRAME_HEAD + size});
    free(bytes);
}

void flow_peer_audio(struct flow_peer *peer, uint32_t ms)
{
    static const uint8_t speex[] = "\xB2speex";
    flow_peer_media(peer, SRS_RTMP_AUDIO, ms, (struct srs_span){speex, sizeof speex - 1});
}
