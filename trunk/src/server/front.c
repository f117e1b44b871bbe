#include "server/front.h"
#include "codec/proxy_header.h"
#include "core/log.h"
#include "server/certs.h"

// --- who is believed ----------------------------------------------------------------------------

enum told { TOLD_PROXY = 1, TOLD_RTMP = 2, TOLD_HTTP = 4 };

bool srs_front_believes(const struct srs_server *server, const struct srs_endpoint *peer)
{
    const struct srs_config_networks *from = &server->config->proxy_from;
    for (size_t i = 0; i < from->count; i++)
        if (srs_network_has(&from->items[i], peer))
            return true;
    return false;
}

static void tell_once(struct srs_server *server, const struct srs_endpoint *peer, enum told kind,
                      const char *what)
{
    char text[SRS_ENDPOINT_TEXT];
    if ((server->proxies_told & kind) != 0)
        return;
    server->proxies_told |= kind;
    srs_endpoint_format_ip(peer, text);
    srs_log_warn("server",
                 "%s from an address that is not believed, ignored peer=%s; if it is a proxy of "
                 "yours add it to proxy_from",
                 what, text);
}

// --- headers of connections ---------------------------------------------------------------------

typedef srs_err read_fn(struct srs_span in, struct srs_proxy_header *out);

// Either sort, for a port where both may come first.
static srs_err read_any(struct srs_span in, struct srs_proxy_header *out)
{
    srs_err err = srs_proxy_header_read(in, out);
    return !err && out->kind == SRS_PROXY_NONE ? srs_proxy_header_read_rtmp(in, out) : err;
}

// What is behind the header goes back to the connection.
static SRS_YIELDS SRS_ERR read_header(struct srs_conn *conn, read_fn *read, srs_usec deadline,
                                      struct srs_proxy_header *header)
{
    struct srs_buf early = {0}; // of reads before the last
    srs_err err = srs_bare(SRS_E_AGAIN);
    while (err == SRS_E_AGAIN) {
        struct srs_span all;
        err = srs_conn_read(conn, deadline, &all);
        if (err)
            break;
        if (srs_buf_size(&early) > 0) {
            err = srs_buf_append(&early, all.bytes, all.size,
                                 SRS_PROXY_HEADER_MAX + SRS_CONN_READ_SIZE);
            all = srs_buf_span(&early);
        }
        if (!err)
            err = read(all, header);
        if (err == SRS_E_AGAIN && srs_buf_size(&early) == 0) {
            srs_err kept = srs_buf_append(&early, all.bytes, all.size, SRS_PROXY_HEADER_MAX);
            err = kept ? kept : err;
        }
        if (!err)
            err = srs_conn_unread(
                conn, (struct srs_span){all.bytes + header->size, all.size - header->size});
    }
    if (err == SRS_E_SOCKET_TIMEOUT && srs_buf_size(&early) > 0)
        err = srs_fail(err, "beginning of a connection not complete in time");
    srs_buf_fini(&early);
    return err;
}

// False when it names no client.
static bool endpoint_of(const struct srs_proxy_header *header, struct srs_endpoint *out)
{
    *out = (struct srs_endpoint){.addr.any.sa_family = AF_UNSPEC};
    if (header->family == 4) {
        out->addr.v4.sin_family = AF_INET;
        out->addr.v4.sin_port = htons(header->port);
        memcpy(&out->addr.v4.sin_addr, header->address, 4);
    } else if (header->family == 6) {
        out->addr.v6.sin6_family = AF_INET6;
        out->addr.v6.sin6_port = htons(header->port);
        memcpy(&out->addr.v6.sin6_addr, header->address, 16);
    }
    return header->family != 0;
}

// Whether it said who the client is.
static bool take_header(struct srs_server *server, struct srs_conn *conn,
                        const struct srs_proxy_header *header)
{
    struct srs_endpoint peer = srs_conn_peer(conn);
    struct srs_endpoint client;
    char text[SRS_ENDPOINT_TEXT];
    char by[SRS_ENDPOINT_TEXT];
    if (header->kind == SRS_PROXY_NONE)
        return false;
    if (!srs_front_believes(server, &peer)) {
        bool rtmp = header->kind == SRS_PROXY_RTMP;
        tell_once(server, &peer, rtmp ? TOLD_RTMP : TOLD_PROXY,
                  rtmp ? "proxy header of RTMP" : "PROXY protocol");
        return false;
    }
    if (!endpoint_of(header, &client))
        return false;
    srs_conn_set_peer(conn, &client);
    srs_endpoint_format(&client, text);
    srs_endpoint_format(&peer, by);
    srs_log_info("server", "client of a proxy peer=%s proxy=%s", text, by);
    return true;
}

static SRS_YIELDS SRS_ERR open_tls(struct srs_server *server, struct srs_conn *conn,
                                   const struct srs_port *port, srs_usec deadline)
{
    struct srs_tls_server *tls = server->certs->of[port->tls];
    char text[SRS_ENDPOINT_TEXT];
    if (tls == NULL)
        return srs_fail(SRS_E_TLS_HANDSHAKE, "TLS was switched off meanwhile");
    tls = srs_tls_server_ref(tls); // a reload may come in between
    srs_err err = srs_tls_accept(conn, tls, deadline);
    srs_tls_server_unref(tls);
    server->stat.handshakes_done += err == SRS_OK;
    server->stat.handshakes_failed += err != SRS_OK;
    if (err == SRS_E_TLS_PLAIN)
        return srs_wrap(err, "port of %s", port->protocol);
    if (err)
        return err;
    srs_conn_tls_describe(conn, text);
    srs_log_debug("tls", "accept protocol=%s tls=%s", port->protocol, text);
    return SRS_OK;
}

// For those who were not counted when they connected.
static SRS_ERR count_client(struct srs_server *server, struct srs_conn *conn)
{
    char ip[SRS_ENDPOINT_TEXT];
    int64_t limit = server->config->max_connections_per_ip;
    srs_err err = srs_peers_enter(&server->peers, conn, limit);
    if (!err)
        return SRS_OK;
    struct srs_endpoint peer = srs_conn_peer(conn);
    srs_endpoint_format_ip(&peer, ip);
    server->refused++;
    return srs_fail(SRS_E_EXCEED_CONNECTIONS, "peer=%s max_connections_per_ip=%lld", ip,
                    (long long)limit);
}

SRS_YIELDS SRS_ERR srs_front_open(struct srs_server *server, struct srs_conn *conn,
                                  const struct srs_port *port, srs_usec deadline)
{
    srs_co_may_yield();
    struct srs_proxy_header header = {.kind = SRS_PROXY_NONE};
    struct srs_endpoint direct = srs_conn_peer(conn);
    bool believed = srs_front_believes(server, &direct);
    bool tls = port->tls != SRS_CERTS_NONE;
    srs_err err = read_header(conn, port->is_rtmp && !tls ? read_any : srs_proxy_header_read,
                              deadline, &header);
    if (err)
        return err;
    (void)take_header(server, conn, &header);
    if (believed) // as the proxy itself when it named nobody
        err = count_client(server, conn);
    if (!err && tls)
        err = open_tls(server, conn, port, deadline);
    // Behind the PROXY protocol or inside of TLS; elsewhere it was looked for already.
    bool again =
        port->is_rtmp && (tls || header.kind == SRS_PROXY_V1 || header.kind == SRS_PROXY_V2);
    if (!err && again) {
        err = read_header(conn, srs_proxy_header_read_rtmp, deadline, &header);
        if (!err && take_header(server, conn, &header))
            err = count_client(server, conn);
    }
    return err;
}

// --- headers of requests ------------------------------------------------------------------------

static bool read_address(struct srs_span text, struct srs_endpoint *out)
{
    struct srs_proxy_header header = {.kind = SRS_PROXY_NONE};
    srs_proxy_address_read(text, &header);
    return endpoint_of(&header, out);
}

// From the end to the first that is no believed proxy itself; an entry that is no address ends it,
// as nothing in front of it can be relied on.
static bool read_list(const struct srs_server *server, struct srs_span list,
                      struct srs_endpoint *out)
{
    struct srs_span entry;
    bool found = false;
    while (srs_proxy_list_take(&list, &entry)) {
        struct srs_endpoint at;
        if (!read_address(entry, &at))
            return found;
        *out = at;
        found = true;
        if (!srs_front_believes(server, &at))
            break;
    }
    return found;
}

static struct srs_span span_of(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

struct srs_endpoint srs_front_client(struct srs_server *server, const struct srs_endpoint *direct,
                                     const struct srs_http_request *request)
{
    struct srs_endpoint client;
    const char *list = srs_http_request_header_last(request, "X-Forwarded-For");
    const char *real = srs_http_request_header_last(request, "X-Real-IP");
    if (list == NULL && real == NULL)
        return *direct;
    if (!srs_front_believes(server, direct)) {
        tell_once(server, direct, TOLD_HTTP, list != NULL ? "X-Forwarded-For" : "X-Real-IP");
        return *direct;
    }
    if (list != NULL && read_list(server, span_of(list), &client))
        return client;
    if (real != NULL && read_address(span_of(real), &client))
        return client;
    return *direct;
}
