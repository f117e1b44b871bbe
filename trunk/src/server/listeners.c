#include "server/listeners.h"
#include "core/assert.h"
#include "core/log.h"
#include "core/mem.h"
#include "server/front.h"
#include "server/http/exchange.h"
#include "server/rtmp/session.h"
#include "server/web/session.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WANTED_MAX = 7 * SRS_CONFIG_LISTEN_MAX, SHARED = SRS_PORT_API | SRS_PORT_SERVER };

static const struct srs_port rtmp_port = {"rtmp", srs_rtmp_accept, 0, true, SRS_CERTS_NONE};
static const struct srs_port rtmps_port = {"rtmps", srs_rtmp_accept, 0, true, SRS_CERTS_RTMPS};

// What a web port serves, plain and inside of TLS.
struct web_ports {
    struct srs_port plain;
    struct srs_port tls;
};
static const struct web_ports api_ports = {
    {"http-api", srs_web_accept, SRS_PORT_API, false, SRS_CERTS_NONE},
    {"https-api", srs_web_accept, SRS_PORT_API, false, SRS_CERTS_API}};
static const struct web_ports web_ports = {
    {"http", srs_web_accept, SRS_PORT_SERVER, false, SRS_CERTS_NONE},
    {"https", srs_web_accept, SRS_PORT_SERVER, false, SRS_CERTS_WEB}};
static const struct web_ports shared_ports = {
    {"http", srs_web_accept, SHARED, false, SRS_CERTS_NONE},
    {"https", srs_web_accept, SHARED, false, SRS_CERTS_WEB}};

static const struct srs_port exporter_port = {"exporter", srs_web_accept, SRS_PORT_EXPORTER, false,
                                              SRS_CERTS_NONE};

struct replaced {
    struct srs_config_endpoint at;
    const struct srs_port *port;
};

struct srs_listeners {
    struct srs_server *server;
    struct srs_list all;
    struct srs_log_limit refusals;
    struct srs_log_limit refusals_per_ip;
    bool shut;             // for good
    size_t replaced_count; // by the change under way
    struct replaced replaced[WANTED_MAX];
};

// Belongs to its coroutine, which frees it.
struct listening {
    struct srs_list link;
    struct srs_listeners *owner;
    struct srs_listener *listener;
    struct srs_config_endpoint at;
    const struct srs_port *port;
    const struct srs_port *next; // once settled; NULL: not asked for any more
    bool fresh;                  // opened by the change that is not settled yet
};

struct wanted {
    const struct srs_config_endpoint *at;
    const struct srs_port *port;
};

struct wants {
    struct wanted items[WANTED_MAX];
    size_t count;
};

static struct listening *listening_at(struct srs_list *node)
{
    return srs_list_entry(node, struct listening, link);
}

// --- accepting ----------------------------------------------------------------------------------

static void refuse(struct listening *listening, struct srs_log_limit *limit, const char *text)
{
    unsigned missed = 0;
    listening->owner->server->refused++;
    if (srs_log_limit_pass(limit, &missed))
        srs_log_warn("server", "refused protocol=%s %s more=%u", listening->port->protocol, text,
                     missed);
}

// Against max_connections and max_connections_per_ip.
static bool has_room(struct listening *listening, struct srs_conn *conn)
{
    struct srs_server *server = listening->owner->server;
    const struct srs_config *config = server->config;
    char text[2 * SRS_ENDPOINT_TEXT];
    char ip[SRS_ENDPOINT_TEXT];
    if ((int64_t)server->sessions.count >= config->max_connections) {
        (void)snprintf(text, sizeof text, "connections=%u max_connections=%lld",
                       server->sessions.count, (long long)config->max_connections);
        refuse(listening, &listening->owner->refusals, text);
        return false;
    }
    struct srs_endpoint peer = srs_conn_peer(conn);
    if (srs_front_believes(server, &peer)) // counted as its client, once it has said who that is
        return true;
    srs_err err = srs_peers_enter(&server->peers, conn, config->max_connections_per_ip);
    if (!err)
        return true;
    srs_endpoint_format_ip(&peer, ip);
    (void)snprintf(text, sizeof text, "peer=%s max_connections_per_ip=%lld", ip,
                   (long long)config->max_connections_per_ip);
    refuse(listening, &listening->owner->refusals_per_ip, text);
    return false;
}

static void admit(struct listening *listening, struct srs_conn *conn)
{
    struct srs_server *server = listening->owner->server;
    if (!has_room(listening, conn)) {
        srs_conn_free(conn);
        return;
    }
    srs_conn_set_traffic(conn, srs_stat_traffic(&server->stat, listening->port->protocol));
    srs_err err = listening->port->accept(server, conn, listening->port);
    if (err) {
        srs_err_log(err, "server", "accept");
        srs_conn_free(conn);
    }
}

static SRS_YIELDS srs_err listen_main(void *arg)
{
    struct listening *listening = arg;
    srs_err err = SRS_OK;
    while (!err) {
        struct srs_conn *conn = NULL;
        err = srs_listener_accept(listening->listener, &conn);
        if (!err)
            admit(listening, conn);
    }
    srs_list_remove(&listening->link);
    srs_listener_close(listening->listener);
    srs_free(listening);
    return err == SRS_E_SOCKET_CLOSED ? SRS_OK : err;
}

// --- one port -----------------------------------------------------------------------------------

static SRS_ERR endpoint_of(const struct srs_config_endpoint *at, struct srs_endpoint *out)
{
    char text[SRS_CONFIG_HOST_MAX + 16];
    bool is_v6 = strchr(at->host, ':') != NULL;
    (void)snprintf(text, sizeof text, "%s%s%s%s%u", is_v6 ? "[" : "", at->host, is_v6 ? "]" : "",
                   at->host[0] != '\0' ? ":" : "", at->port);
    return srs_endpoint_parse(text, out);
}

static SRS_ERR open_port(struct srs_listeners *listeners, const struct wanted *wanted)
{
    struct srs_endpoint endpoint;
    struct srs_listener *listener = NULL;
    srs_err err = endpoint_of(wanted->at, &endpoint);
    if (!err)
        err = srs_listener_open(&endpoint, &listener);
    if (err)
        return srs_wrap(err, "%s listener", wanted->port->protocol);
    struct listening *listening = srs_new(struct listening);
    *listening = (struct listening){.owner = listeners,
                                    .listener = listener,
                                    .at = *wanted->at,
                                    .port = wanted->port,
                                    .next = wanted->port,
                                    .fresh = true};
    err = srs_scope_spawn(&listeners->server->services, listen_main, listening);
    if (err) {
        srs_listener_close(listener);
        srs_free(listening);
        return srs_wrap(err, "%s listener", wanted->port->protocol);
    }
    srs_list_push(&listeners->all, &listening->link);
    return SRS_OK;
}

static void tell(const struct listening *listening, const char *action)
{
    char text[SRS_ENDPOINT_TEXT];
    struct srs_endpoint endpoint = srs_listener_endpoint(listening->listener);
    srs_endpoint_format(&endpoint, text);
    srs_log_info("server", "%s protocol=%s at=%s", action, listening->port->protocol, text);
}

// The coroutine finds its listener shut and ends; until then nobody finds it any more.
static void shut_port(struct listening *listening)
{
    srs_list_remove(&listening->link);
    srs_listener_shut(listening->listener);
}

// --- what the configuration asks for ------------------------------------------------------------

// A bare port and [::] take both families, so that another entry of the list may have nothing left
// to listen on.
static bool is_covered(const struct srs_config_endpoints *endpoints, size_t i)
{
    const struct srs_config_endpoint *at = &endpoints->items[i];
    bool all_v6 = strcmp(at->host, "::") == 0;
    bool all_v4 = strcmp(at->host, "0.0.0.0") == 0;
    for (size_t j = 0; j < endpoints->count; j++) {
        const struct srs_config_endpoint *other = &endpoints->items[j];
        if (other->port != at->port || j == i)
            continue;
        if ((all_v6 || all_v4) && other->host[0] == '\0')
            return true;
        if (all_v4 && strcmp(other->host, "::") == 0)
            return true;
        if (j < i && strcmp(other->host, at->host) == 0)
            return true; // twice the same
    }
    return false;
}

static void want(struct wants *wants, const struct srs_config_endpoints *endpoints,
                 const struct srs_port *port)
{
    for (size_t i = 0; i < endpoints->count; i++)
        if (!is_covered(endpoints, i))
            wants->items[wants->count++] = (struct wanted){&endpoints->items[i], port};
}

static void want_web(struct wants *wants, const struct srs_config_http *http,
                     const struct web_ports *ports)
{
    if (!http->enabled)
        return;
    want(wants, &http->listen, &ports->plain);
    if (http->https.enabled)
        want(wants, &http->https.listen, &ports->tls);
}

// The API and the HTTP server may share their port. Then they share that of HTTPS as well, when
// both have it, wherever the API's is said to be.
static void want_pages(struct wants *wants, const struct srs_config *config)
{
    const struct srs_config_http *api = &config->http_api;
    const struct srs_config_http *server = &config->http_server;
    bool shared =
        api->enabled && server->enabled && srs_config_same_endpoints(&api->listen, &server->listen);
    if (!shared) {
        want_web(wants, api, &api_ports);
        want_web(wants, server, &web_ports);
        return;
    }
    want(wants, &server->listen, &shared_ports.plain);
    if (api->https.enabled && server->https.enabled) {
        want(wants, &server->https.listen, &shared_ports.tls);
    } else if (server->https.enabled) {
        want(wants, &server->https.listen, &web_ports.tls);
    } else if (api->https.enabled) {
        want(wants, &api->https.listen, &api_ports.tls);
    }
}

static bool has_api_at(const struct wants *wants, const struct srs_config_endpoint *at)
{
    for (size_t i = 0; i < wants->count; i++)
        if ((wants->items[i].port->serves & SRS_PORT_API) != 0 &&
            wants->items[i].port->tls == SRS_CERTS_NONE &&
            srs_config_same_endpoint(wants->items[i].at, at))
            return true;
    return false;
}

// Where the exporter names a port of the API, that serves the metrics as well.
static void want_exporter(struct wants *wants, const struct srs_config_endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++)
        if (!is_covered(endpoints, i) && !has_api_at(wants, &endpoints->items[i]))
            wants->items[wants->count++] = (struct wanted){&endpoints->items[i], &exporter_port};
}

static void want_all(struct wants *wants, const struct srs_config *config)
{
    want(wants, &config->rtmp_listen, &rtmp_port);
    if (config->rtmps.enabled)
        want(wants, &config->rtmps.listen, &rtmps_port);
    want_pages(wants, config);
    if (config->exporter.enabled)
        want_exporter(wants, &config->exporter.listen);
}

// --- changes ------------------------------------------------------------------------------------

struct srs_listeners *srs_listeners_new(struct srs_server *server)
{
    struct srs_listeners *listeners = srs_new(struct srs_listeners);
    listeners->server = server;
    srs_list_init(&listeners->all);
    return listeners;
}

void srs_listeners_free(struct srs_listeners *listeners)
{
    srs_free(listeners);
}

static struct listening *find_at(const struct srs_listeners *listeners,
                                 const struct srs_config_endpoint *at)
{
    srs_list_each (node, &listeners->all) {
        if (srs_config_same_endpoint(&listening_at(node)->at, at))
            return listening_at(node);
    }
    return NULL;
}

// One that goes, whose port is now asked for at another address: both cannot be open at a time.
static bool is_in_the_way(const struct listening *listening, uint16_t port)
{
    return listening->next == NULL && listening->at.port == port;
}

static bool has_way_to_make(const struct srs_listeners *listeners, uint16_t port)
{
    srs_list_each (node, &listeners->all) {
        if (is_in_the_way(listening_at(node), port))
            return true;
    }
    return false;
}

static void make_way(struct srs_listeners *listeners, uint16_t port)
{
    srs_list_each_safe (node, &listeners->all) {
        struct listening *listening = listening_at(node);
        if (!is_in_the_way(listening, port))
            continue;
        srs_assert(listeners->replaced_count < WANTED_MAX);
        listeners->replaced[listeners->replaced_count++] =
            (struct replaced){listening->at, listening->port};
        shut_port(listening);
    }
}

static bool is_in_use(srs_err err)
{
    const struct srs_err_trace *story = srs_err_story(err);
    return story != NULL && story->frames[0].sys == EADDRINUSE;
}

// Nothing is shut before it is known that all else can be opened, and that we may have the port at
// all: without the right to it the answer is another one than that it is in use.
static SRS_ERR open_missing(struct srs_listeners *listeners, const struct wants *wants)
{
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < wants->count; i++) {
            const struct wanted *wanted = &wants->items[i];
            uint16_t port = wanted->at->port;
            if (find_at(listeners, wanted->at) != NULL)
                continue;
            if (pass > 0)
                make_way(listeners, port);
            srs_err err = open_port(listeners, wanted);
            if (pass == 0 && err && is_in_use(err) && has_way_to_make(listeners, port))
                srs_err_drop(err, "what stands there is to go");
            else if (err)
                return err;
        }
    return SRS_OK;
}

static void take_back(struct srs_listeners *listeners)
{
    srs_list_each_safe (node, &listeners->all) {
        struct listening *listening = listening_at(node);
        if (listening->fresh)
            shut_port(listening);
        else
            listening->next = listening->port;
    }
    struct srs_err_trace *story = srs_err_save();
    for (size_t i = 0; i < listeners->replaced_count; i++) {
        const struct replaced *before = &listeners->replaced[i];
        srs_err err = open_port(listeners, &(struct wanted){&before->at, before->port});
        if (err)
            srs_err_log(err, "server", "a port is lost");
        else
            find_at(listeners, &before->at)->fresh = false;
    }
    srs_err_restore(story);
}

// The check of the configuration has told of it with the places; nothing may be left out in
// silence here.
static SRS_ERR check_apart(const struct wants *wants)
{
    for (size_t i = 0; i < wants->count; i++)
        for (size_t j = 0; j < i; j++)
            if (srs_config_same_endpoint(wants->items[i].at, wants->items[j].at))
                return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s and %s both want %s port %d",
                                wants->items[j].port->protocol, wants->items[i].port->protocol,
                                wants->items[i].at->host, wants->items[i].at->port);
    return SRS_OK;
}

SRS_ERR srs_listeners_open(struct srs_listeners *listeners, const struct srs_config *config)
{
    struct wants wants = {.count = 0};
    listeners->replaced_count = 0;
    if (!listeners->shut)
        want_all(&wants, config);
    srs_err err = check_apart(&wants);
    if (err)
        return err;
    srs_list_each (node, &listeners->all) {
        listening_at(node)->next = NULL;
    }
    for (size_t i = 0; i < wants.count; i++) {
        struct listening *listening = find_at(listeners, wants.items[i].at);
        if (listening != NULL && listening->next == NULL)
            listening->next = wants.items[i].port;
    }
    err = open_missing(listeners, &wants);
    if (err)
        take_back(listeners);
    return err;
}

void srs_listeners_settle(struct srs_listeners *listeners)
{
    srs_list_each_safe (node, &listeners->all) {
        struct listening *listening = listening_at(node);
        if (listening->next == NULL) {
            tell(listening, "stop listening");
            shut_port(listening);
            continue;
        }
        bool told = !listening->fresh && listening->port == listening->next;
        listening->port = listening->next;
        listening->fresh = false;
        if (!told)
            tell(listening, "listen");
    }
}

void srs_listeners_shut(struct srs_listeners *listeners)
{
    listeners->shut = true;
    srs_list_each_safe (node, &listeners->all) {
        shut_port(listening_at(node));
    }
}
