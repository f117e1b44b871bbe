// One coroutine a destination: resolve, dial, publish there, and again after a pause when that
// fails. The copy is a viewer of the source like any other, only that its bytes go to a server: it
// has no queue of its own, begins at a key frame, and jumps to the next one when it falls behind.
//
// The publisher's session and each coroutine hold the whole; the last to go frees it. Left out:
// RTMPS for places that a back-end names.
#include "server/forward/forward.h"
#include "core/assert.h"
#include "core/dns.h"
#include "core/log.h"
#include "core/mem.h"
#include "protocol/rtmp/client.h"
#include "server/certs.h"
#include "server/forward/forward_priv.h"
#include <stdio.h>
#include <sys/random.h>

enum { NAME_TEXT = SRS_CONFIG_NAME_MAX + 24 };

static const srs_usec resolve_usec = 5 * SRS_SEC;
static const srs_usec dial_usec = 5 * SRS_SEC;     // each address
static const srs_usec tls_usec = 10 * SRS_SEC;     // its handshake
static const srs_usec publish_usec = 10 * SRS_SEC; // from the handshake to Publish.Start
static const srs_usec goodbye_usec = 1 * SRS_SEC;

struct copy {
    struct srs_forward *forward;
    struct srs_co *co; // while its coroutine runs
    struct srs_config_remote to;
    struct srs_forward_place *place; // as a back-end named it, or NULL
    char name[NAME_TEXT];            // for the log
    struct srs_forward_pause pause;
    struct srs_conn *conn;
    struct srs_rtmp_client client;
    struct srs_viewer viewer;
    unsigned attempts;
    srs_usec started_at; // Publish.Start, 0 = not this time
};

struct srs_forward {
    unsigned refs;
    bool ended;
    struct srs_writer *writer;
    struct srs_source *source; // a reference
    struct srs_viewer_options options;
    struct srs_tls_client *tls;   // a reference, NULL when no destination is inside TLS
    struct srs_client_kind *kind; // what copies count as
    struct srs_traffic *traffic;
    char *param;
    unsigned count; // that run
    unsigned room;
    struct copy copies[]; // [0..room)
};

static void forward_unref(struct srs_forward *forward)
{
    if (--forward->refs > 0)
        return;
    for (unsigned i = 0; i < forward->room; i++)
        srs_free(forward->copies[i].place);
    srs_source_unref(forward->source);
    srs_tls_client_unref(forward->tls);
    srs_free(forward->param);
    srs_free(forward);
    srs_live_add(SRS_LIVE_FORWARD, -1);
}

// --- one connection -----------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR dial(struct copy *copy)
{
    struct srs_dns_answer answer;
    srs_err err = srs_dns_resolve(copy->to.host, copy->to.port, srs_now() + resolve_usec, &answer);
    if (err)
        return srs_wrap(err, "name");
    for (unsigned i = 0; i < answer.count; i++) {
        err = srs_conn_dial(&answer.items[i], srs_now() + dial_usec, &copy->conn);
        if (!err || err == SRS_E_CANCELED)
            break;
    }
    if (err)
        return err;
    srs_conn_set_traffic(copy->conn, copy->forward->traffic);
    srs_conn_set_nodelay(copy->conn, true); // set-up is a dialogue of small messages
    return SRS_OK;
}

static SRS_ERR make_names(const struct copy *copy, struct srs_forward_names *names)
{
    const struct srs_forward *forward = copy->forward;
    const struct srs_source *source = forward->source;
    if (copy->place != NULL) {
        *names = copy->place->names;
        return SRS_OK;
    }
    const struct srs_forward_target target = {.host = copy->to.host,
                                              .port = copy->to.port,
                                              .tls = copy->to.tls,
                                              .vhost = source->vhost,
                                              .app = source->app,
                                              .stream = source->stream,
                                              .param = forward->param};
    return srs_forward_names(&target, names);
}

static SRS_ERR open_client(struct copy *copy)
{
    const struct srs_forward *forward = copy->forward;
    const char *app = copy->place != NULL ? copy->place->app : forward->source->app;
    struct srs_forward_names *names = srs_new(struct srs_forward_names);
    srs_err err = make_names(copy, names);
    if (!err) {
        const struct srs_rtmp_client_config config = {.app = app,
                                                      .tc_url = names->tc_url,
                                                      .stream = names->stream,
                                                      .publish = true,
                                                      .enhanced = true,
                                                      .chunk_size =
                                                          forward->options.params.chunk_size,
                                                      .time_ms = (uint32_t)(srs_now() / SRS_MSEC),
                                                      .seed = (uint64_t)srs_wall_now()};
        err = srs_rtmp_client_init(&copy->client, &config);
    }
    srs_free(names);
    return err;
}

// Takes all events of what was fed; *started is set by Publish.Start. A status that says error is
// one.
static SRS_ERR take_events(struct copy *copy, bool *started)
{
    struct srs_rtmp_client_event event;
    for (;;) {
        srs_err err = srs_rtmp_client_next(&copy->client, &event);
        if (err)
            return err == SRS_E_AGAIN ? SRS_OK : err;
        if (event.kind == SRS_RTMP_CLIENT_STARTED)
            *started = true;
        if (event.kind == SRS_RTMP_CLIENT_STATUS && event.error)
            return srs_fail(SRS_E_RTMP_REFUSED, "in mid-stream: %.*s",
                            event.code.size < SRS_ERR_TEXT ? (int)event.code.size : SRS_ERR_TEXT,
                            event.code.size > 0 ? (const char *)event.code.bytes : "no code");
    }
}

static SRS_YIELDS SRS_ERR ask_to_publish(struct copy *copy)
{
    srs_usec deadline = srs_now() + publish_usec;
    bool started = false;
    while (!started) {
        struct srs_span bytes = srs_rtmp_client_pending(&copy->client);
        srs_err err = srs_conn_write(copy->conn, bytes, deadline);
        if (err)
            return err;
        srs_rtmp_client_sent(&copy->client, bytes.size);
        err = srs_conn_read(copy->conn, deadline, &bytes);
        if (err)
            return err;
        srs_rtmp_client_feed(&copy->client, bytes);
        err = take_events(copy, &started);
        if (err)
            return err;
    }
    return SRS_OK;
}

// What the other server says is answered between messages.
static SRS_YIELDS SRS_ERR serve_input(struct copy *copy)
{
    struct srs_span bytes;
    bool started = false;
    srs_err err = srs_conn_read(copy->conn, srs_now(), &bytes);
    if (err == SRS_E_SOCKET_TIMEOUT)
        return SRS_OK; // it said so wrongly, and is asked again
    if (err)
        return err;
    srs_rtmp_client_feed(&copy->client, bytes);
    err = take_events(copy, &started);
    bytes = srs_rtmp_client_pending(&copy->client);
    if (!err)
        err = srs_viewer_control(&copy->viewer, bytes);
    if (err)
        return err;
    srs_rtmp_client_sent(&copy->client, bytes.size);
    srs_viewer_flush(&copy->viewer);
    return SRS_OK;
}

// A server that says nothing of Enhanced RTMP gets what an unknown player gets: the default track
// of each kind, in plain form.
static uint8_t mux_caps(uint32_t caps_ex)
{
    return (caps_ex != 0 ? SRS_MUX_ENHANCED : 0) | ((caps_ex & 2) != 0 ? SRS_MUX_MULTITRACK : 0) |
           ((caps_ex & 4) != 0 ? SRS_MUX_MODEX : 0);
}

// The last packets, and a goodbye if they all went out.
static SRS_YIELDS void say_goodbye(struct copy *copy)
{
    srs_viewer_flush(&copy->viewer);
    if (copy->viewer.failed || !srs_viewer_is_idle(&copy->viewer))
        return;
    srs_err err = srs_rtmp_client_close(&copy->client);
    srs_err_drop(err, "the connection is closed in any case");
    if (!err)
        srs_conn_bye(copy->conn, srs_rtmp_client_pending(&copy->client), srs_now() + goodbye_usec);
}

static SRS_YIELDS SRS_ERR send_stream(struct copy *copy)
{
    struct srs_forward *forward = copy->forward;
    struct srs_viewer_options options = forward->options;
    srs_err err = SRS_OK;
    options.params.msid = copy->client.msid;
    options.params.caps = mux_caps(copy->client.caps_ex);
    srs_viewer_init(&copy->viewer, copy->conn, forward->writer, &options);
    copy->viewer.seen = &forward->kind->seen;
    srs_viewer_join(&copy->viewer, forward->source);
    forward->source->copies++;
    forward->kind->now++;
    forward->kind->total++;
    srs_co_trim_stack();
    while (!err) {
        err = srs_viewer_wait(&copy->viewer, SRS_NEVER);
        if (!err && srs_conn_readable(copy->conn))
            err = serve_input(copy);
    }
    if (err == SRS_E_CANCELED)
        say_goodbye(copy);
    srs_log_info("forward", "stop to=%s stream=%s packets=%llu skipped=%llu out=%llu", copy->name,
                 forward->source->key, (unsigned long long)copy->viewer.stats.packets,
                 (unsigned long long)copy->viewer.stats.skipped,
                 (unsigned long long)srs_conn_bytes_out(copy->conn));
    forward->source->copies--;
    forward->kind->now--;
    forward->kind->errors += err != SRS_OK && err != SRS_E_CANCELED;
    srs_viewer_fini(&copy->viewer);
    return err;
}

static void log_publish(const struct copy *copy)
{
    char tls[SRS_ENDPOINT_TEXT];
    srs_conn_tls_describe(copy->conn, tls);
    srs_log_info("forward", "publish to=%s stream=%s attempt=%u%s%s", copy->name,
                 copy->forward->source->key, copy->attempts, tls[0] != '\0' ? " tls=" : "", tls);
}

static SRS_YIELDS SRS_ERR publish(struct copy *copy)
{
    srs_err err = open_client(copy);
    if (err)
        return err;
    err = ask_to_publish(copy);
    if (!err) {
        copy->started_at = srs_now();
        log_publish(copy);
        err = send_stream(copy);
    }
    srs_rtmp_client_fini(&copy->client);
    return err;
}

static SRS_YIELDS SRS_ERR run_once(struct copy *copy)
{
    copy->attempts++;
    copy->started_at = 0;
    srs_err err = dial(copy);
    if (!err && copy->to.tls)
        err = srs_tls_connect(copy->conn, copy->forward->tls, copy->to.host, srs_now() + tls_usec);
    if (!err)
        err = publish(copy);
    srs_conn_free(copy->conn);
    copy->conn = NULL;
    return err;
}

// --- a destination ------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR wait_again(struct copy *copy, srs_err err)
{
    uint32_t random = 0;
    srs_usec lasted = copy->started_at > 0 ? srs_now() - copy->started_at : 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (uint32_t)srs_wall_now();
    srs_usec pause = srs_forward_pause_next(&copy->pause, lasted, random);
    err = srs_wrap(err, "to %s, attempt %u, next in %lld ms", copy->name, copy->attempts,
                   (long long)(pause / SRS_MSEC));
    srs_err_log_warn(err, "forward", "lost");
    return srs_co_sleep(srs_now() + pause);
}

static SRS_YIELDS srs_err copy_main(void *arg)
{
    struct copy *copy = arg;
    struct srs_forward *forward = copy->forward;
    srs_err err = SRS_OK;
    copy->co = srs_co_self();
    srs_co_set_name("forward");
    srs_log_info("forward", "begin to=%s stream=%s", copy->name, forward->source->key);
    while (!err && !forward->ended) {
        err = run_once(copy);
        if (err && err != SRS_E_CANCELED)
            err = wait_again(copy, err);
    }
    srs_err_drop(err, "the publisher has gone");
    srs_log_info("forward", "end to=%s stream=%s attempts=%u", copy->name, forward->source->key,
                 copy->attempts);
    copy->co = NULL;
    forward_unref(forward);
    return SRS_OK;
}

// --- the publisher's side -----------------------------------------------------------------------

static void name_copy(struct copy *copy)
{
    bool v6 = strchr(copy->to.host, ':') != NULL;
    (void)snprintf(copy->name, sizeof copy->name, "%s%s%s%s:%u", copy->to.tls ? "rtmps://" : "",
                   v6 ? "[" : "", copy->to.host, v6 ? "]" : "", copy->to.port);
}

static SRS_ERR read_place(struct copy *copy, const char *url)
{
    copy->place = srs_new(struct srs_forward_place);
    srs_err err = srs_forward_place_read(url, copy->place);
    copy->to = copy->place->to;
    return err;
}

static SRS_ERR add_copies(struct srs_forward *forward, const struct srs_config_words *words,
                          bool urls, struct srs_scope *scope)
{
    for (size_t i = 0; i < words->count; i++) {
        struct copy *copy = &forward->copies[i];
        copy->forward = forward;
        srs_err err = urls ? read_place(copy, words->items[i])
                           : srs_config_remote_read(words->items[i], &copy->to);
        if (err)
            return err;
        name_copy(copy);
        if (copy->to.tls && forward->tls == NULL)
            return srs_fail(SRS_E_TLS_KEY_CRT, "no authorities for %s", copy->name);
        err = srs_scope_spawn(scope, copy_main, copy);
        if (err)
            return srs_wrap(err, "to %s", copy->name);
        forward->refs++;
        forward->count++;
    }
    return SRS_OK;
}

SRS_ERR srs_forward_begin(struct srs_server *server, const struct srs_config_vhost *vhost,
                          struct srs_source *source, const char *param,
                          const struct srs_config_words *urls, struct srs_forward **out)
{
    const struct srs_config_words *words = urls != NULL ? urls : &vhost->forward.destination;
    *out = NULL;
    if (!vhost->forward.enabled || words->count == 0)
        return SRS_OK;
    srs_assert(words->count <= SRS_CONFIG_FORWARDS_MAX); // checked with the configuration
    struct srs_forward *forward =
        srs_mem_new(sizeof *forward + words->count * sizeof forward->copies[0]);
    srs_live_add(SRS_LIVE_FORWARD, 1);
    forward->refs = 1;
    forward->room = (unsigned)words->count;
    forward->writer = server->writer;
    forward->kind = srs_clients_kind(&server->clients, "forward", false);
    forward->traffic = srs_stat_traffic(&server->stat, "forward");
    forward->source = srs_source_ref(source);
    forward->options = srs_server_viewer_options(server, vhost);
    forward->options.mux = &srs_mux_rtmp;
    forward->options.params.chunk_size = (uint32_t)vhost->chunk_size;
    struct srs_tls_client *tls = srs_certs_forward(server->certs, &vhost->forward);
    forward->tls = tls != NULL ? srs_tls_client_ref(tls) : NULL;
    forward->param = srs_try_strndup(param, strlen(param));
    srs_err err = forward->param != NULL
                      ? add_copies(forward, words, urls != NULL, &server->services)
                      : srs_fail(SRS_E_NO_MEMORY, "forward");
    if (err) {
        srs_forward_end(forward);
        return srs_wrap(err, "forward");
    }
    *out = forward;
    return SRS_OK;
}

void srs_forward_end(struct srs_forward *forward)
{
    if (forward == NULL)
        return;
    forward->ended = true;
    for (unsigned i = 0; i < forward->count; i++)
        if (forward->copies[i].co != NULL)
            srs_co_cancel(forward->copies[i].co);
    forward_unref(forward);
}
