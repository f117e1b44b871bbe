// A made-up server with a source, connections and clients, for tests of what is told about them.
#pragma once
#include "server/server.h"
#include "test.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// A server of nothing but its registries, with fixed names.
static inline void graph_open(struct srs_server *server)
{
    *server = (struct srs_server){.id = "vid-aaaaaaa", .service = "service1"};
    srs_clients_init(&server->clients);
    assert_err(SRS_OK, srs_sources_new(NULL, &server->sources), "sources");
}

static inline void graph_close(struct srs_server *server)
{
    srs_sources_free(server->sources);
    assert_int_equal(srs_live_count(SRS_LIVE_SOURCE), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_TRACK), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
}

static inline struct srs_source *graph_source(struct srs_server *server, const char *vhost,
                                              const char *app, const char *stream)
{
    static const struct srs_log_limits limits = {
        .gop_cache = true, .age = 30 * SRS_SEC, .packets = 100, .bytes = 1 << 20};
    struct srs_source *source = NULL;
    assert_err(SRS_OK, srs_source_get(server->sources, vhost, app, stream, &limits, &source),
               stream);
    return source;
}

// The server's end of a TCP connection over loopback; *peer is the other end.
static inline struct srs_conn *graph_conn(int *peer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&at;
    socklen_t size = sizeof at;
    struct srs_conn *conn = NULL;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, any, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &size), 0);
    assert_int_equal(connect(*peer, any, size), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    (void)close(listener);
    assert_err(SRS_OK, srs_conn_new(fd, &conn), "connection");
    return conn;
}

static inline struct srs_track *graph_track(struct srs_source *source,
                                            const struct srs_track *model, struct srs_span config)
{
    struct srs_track *track = NULL;
    struct srs_track *current = NULL;
    assert_err(SRS_OK, srs_track_new(model, config, &track), "track");
    assert_err(SRS_OK, srs_source_set_track(source, track, &current), "track");
    return current;
}

static inline void graph_push(struct srs_source *source, struct srs_track *track, srs_usec dts,
                              uint8_t flags, size_t size)
{
    struct srs_packet *packet = NULL;
    assert_err(SRS_OK, srs_packet_new(track, size, &packet), "packet");
    memset(packet->payload, 0, size);
    packet->head.dts = dts;
    packet->head.pts = dts;
    packet->head.arrived = 1000 * SRS_SEC + dts;
    packet->head.flags = flags;
    assert_err(SRS_OK, srs_source_push(source, packet), "push");
}
