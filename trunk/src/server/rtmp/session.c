// The session joins the RTMP machine to its socket and to the graph.
//
// Events are handled without yielding while the worker's read buffer is fed to the machine; answers
// are written when all of it is used up. Where a back-end is asked first (connect, publish, play of
// a vhost with callbacks), the machine keeps the rest of the input, and what comes meanwhile waits
// in the socket. A publisher that does not read (librtmp) must not hold us
// up: what it does not take stays pending in the machine, which bounds it. A player's answers leave
// through its viewer, between messages.
#include "server/rtmp/session.h"
#include "codec/flv.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/version.h"
#include "protocol/rtmp/server.h"
#include "protocol/rtmp/url.h"
#include "server/access/access.h"
#include "server/access/limits.h"
#include "server/config/compare.h"
#include "server/deliver/talk.h"
#include "server/forward/forward.h"
#include "server/front.h"
#include "server/hooks/hooks.h"
#include "server/ingest/flv_ingest.h"
#include <unistd.h>

static const srs_usec setup_usec = 10 * SRS_SEC;  // from accept to publish or play
static const srs_usec answer_usec = 5 * SRS_SEC;  // a peer in set-up takes an answer within
static const srs_usec goodbye_usec = 1 * SRS_SEC; // last words

struct publisher {
    struct srs_source *source; // claimed; a reference of its own
    struct srs_flv_ingest ingest;
    struct srs_forward *forward; // its copies to other servers, or NULL
    srs_usec first_timeout;
    srs_usec normal_timeout;
    srs_usec idle_timeout; // without any player, 0 = none
    srs_usec last_at;      // of the last media message, 0 = none yet
    uint64_t unfinished;   // number of the oldest message that is not complete, 0 = none
    srs_usec unfinished_at;
    size_t held; // bytes that the machine keeps of messages, as the source knows
    srs_usec began_at;
    srs_usec used_at;  // when a player was seen last
    uint64_t players;  // seen so far
    uint32_t versions; // of tracks, that are in the log
    unsigned lines;    // about tracks
};

struct session {
    struct srs_server *server;
    struct srs_conn *conn;
    const struct srs_port *port;
    struct srs_rtmp_server machine;
    struct srs_client client;
    struct srs_place place;          // while publishing or playing
    struct publisher *publisher;     // while publishing
    struct srs_viewer *viewer;       // while playing
    struct srs_hook_stay *connected; // what callbacks are to tell the end of; NULL without them
    struct srs_hook_stay *streaming;
    srs_usec setup_until;
    srs_usec wait;        // a player's, for a publisher; negative: for ever
    srs_usec wait_until;  // SRS_NEVER while there is one
    struct srs_talk talk; // a player's
    bool used;            // it published or played
    bool known;           // its connect was accepted: what it does is logged
    bool nodelay;         // once it plays
    bool paused;
    uint8_t unwanted; // kinds that the player does not want, a bit each
    uint8_t caps;     // as a player: see struct srs_mux_params
    uint16_t refused; // the same
    uint16_t logged;  // bit a codec: that the player does not get it is in the log
    char peer[SRS_ENDPOINT_TEXT];
};

// --- requests -----------------------------------------------------------------------------------

struct target {
    struct srs_rtmp_url url;
    const struct srs_config_vhost *vhost; // of the current snapshot
};

// What the request asks for; the vhost must exist and be enabled.
static SRS_ERR find_target(const struct session *session, struct target *out)
{
    const struct srs_rtmp_request *request = srs_rtmp_server_request(&session->machine);
    struct target target = {0};
    srs_err err = srs_rtmp_url_parse(request->connect.tc_url, request->connect.app, request->stream,
                                     &target.url);
    if (err)
        return srs_wrap(err, "request");
    target.vhost = srs_config_vhost_find(session->server->config, target.url.vhost);
    if (target.vhost == NULL || !target.vhost->enabled) {
        err = srs_fail(SRS_E_RTMP_VHOST_NOT_FOUND, "vhost %.80s", target.url.vhost);
        srs_rtmp_url_fini(&target.url);
        return err;
    }
    *out = target;
    return SRS_OK;
}

static SRS_ERR send_pending(struct session *session);

// Nothing is borrowed by the machine from here on: a yield may follow.
static SRS_ERR let_go_of_input(struct session *session)
{
    srs_err err = srs_rtmp_server_keep(&session->machine);
    return err ? err : send_pending(session);
}

static struct srs_hook_facts facts_of(const struct session *session, const struct target *target,
                                      struct srs_source *source)
{
    const struct srs_rtmp_request *request = srs_rtmp_server_request(&session->machine);
    return (struct srs_hook_facts){.conn = session->conn,
                                   .source = source,
                                   .vhost = target->vhost->name,
                                   .app = target->url.app,
                                   .stream = target->url.stream,
                                   .param = target->url.param,
                                   .tc_url = request->connect.tc_url,
                                   .page_url = request->connect.page_url};
}

// The time that others took does not count against the peer, and the configuration may be another
// one now: whoever waits holds the one of the vhost. Who was let into a vhost that is gone gets
// into no other one.
static SRS_ERR find_again(struct session *session, struct target *target, srs_usec began)
{
    session->setup_until += srs_now() - began;
    target->vhost = srs_config_vhost_exact(session->server->config, target->vhost->name);
    if (target->vhost == NULL || !target->vhost->enabled)
        return srs_fail(SRS_E_VHOST_GONE, "vhost %.80s", target->url.vhost);
    return SRS_OK;
}

// Asks the back-end of the vhost, if it has one.
static SRS_YIELDS SRS_ERR pass_hook(struct session *session, enum srs_hook hook,
                                    struct target *target, struct srs_hook_stay **stay)
{
    struct srs_source *source = NULL;
    srs_usec began = srs_now();
    srs_err err = SRS_OK;
    if (!srs_hooks_wanted(target->vhost))
        return SRS_OK;
    struct srs_config *config = srs_config_ref(session->server->config);
    if (hook != SRS_HOOK_CONNECT)
        err = srs_server_source(session->server, target->vhost, target->url.app, target->url.stream,
                                &source);
    if (!err && hook == SRS_HOOK_PUBLISH && source->publisher != NULL)
        err = srs_fail(SRS_E_SYSTEM_STREAM_BUSY, "stream %.80s", target->url.stream);
    if (!err)
        err = let_go_of_input(session);
    if (!err) {
        struct srs_hook_facts facts = facts_of(session, target, source);
        err = srs_hooks_enter(session->server, hook, &facts, stay);
    }
    if (!err)
        err = find_again(session, target, began);
    struct srs_err_trace *story = srs_err_save();
    srs_config_unref(config);
    srs_source_unref(source);
    srs_err_restore(story);
    return err;
}

// Where copies of the stream go, by the word of a back-end; *asked is false where none has a say.
static SRS_YIELDS SRS_ERR ask_copies(struct session *session, struct target *target,
                                     struct srs_hook_urls *copies, bool *asked)
{
    const struct srs_config_vhost *vhost = target->vhost;
    srs_usec began = srs_now();
    *asked = vhost->forward.enabled && vhost->forward.backend[0] != '\0';
    if (!*asked)
        return SRS_OK;
    struct srs_config *config = srs_config_ref(session->server->config);
    srs_err err = let_go_of_input(session);
    if (!err) {
        struct srs_hook_facts facts = facts_of(session, target, NULL);
        err = srs_hooks_forward(session->server, &facts, copies);
    }
    if (!err)
        err = find_again(session, target, began);
    srs_config_unref(config);
    return err;
}

static const char *page_url(const struct session *session)
{
    return srs_rtmp_server_request(&session->machine)->connect.page_url;
}

static SRS_ERR check_access(const struct session *session, const struct target *target,
                            enum srs_access_action action)
{
    struct srs_endpoint peer = srs_conn_peer(session->conn);
    return srs_access_check(target->vhost, &peer, page_url(session), action);
}

// Who may publish or play is counted before a back-end is asked, so that nobody comes in between.
static SRS_ERR take_place(struct session *session, const struct target *target, bool publish)
{
    struct srs_usage_client client = {.conn = session->conn,
                                      .vhost = target->vhost->name,
                                      .app = target->url.app,
                                      .stream = target->url.stream,
                                      .publish = publish};
    return srs_limits_enter(session->server, target->vhost, &client, &session->place);
}

// Of Enhanced RTMP: all tracks, ModEx packets, and among these the time below a millisecond.
enum { CAPS_MULTITRACK = 2, CAPS_MODEX = 4, CAPS_NANO = 8 };

// What the client says of itself. H.264, AAC and MP3 go out in their legacy form, which is not what
// its lists are about.
static void note_caps(struct session *session)
{
    const struct srs_rtmp_connect *connect = &srs_rtmp_server_request(&session->machine)->connect;
    if (connect->has_caps_ex || connect->has_four_cc_list || connect->tells_video ||
        connect->tells_audio)
        session->caps = SRS_MUX_ENHANCED;
    if ((connect->caps_ex & CAPS_MULTITRACK) != 0)
        session->caps |= SRS_MUX_MULTITRACK;
    if ((connect->caps_ex & CAPS_MODEX) != 0)
        session->caps |= SRS_MUX_MODEX;
    uint32_t told = (connect->tells_video ? SRS_FLV_VIDEO_BITS : 0U) |
                    (connect->tells_audio ? SRS_FLV_AUDIO_BITS : 0U);
    session->refused = 0;
    for (unsigned i = 0; i < SRS_CODECS; i++) {
        uint32_t bit = srs_flv_fourcc_bit(srs_codec_fourcc((enum srs_codec)i));
        bool legacy = i == SRS_CODEC_AVC || i == SRS_CODEC_AAC || i == SRS_CODEC_MP3;
        if (!legacy && (told & bit & ~connect->fourccs) != 0)
            session->refused |= (uint16_t)(1U << i);
    }
}

static SRS_ERR refuse_connect(struct session *session, srs_err err, const char *why)
{
    struct srs_err_trace *story = srs_err_save();
    srs_err refused =
        srs_rtmp_server_reject_connect(&session->machine, "NetConnection.Connect.Rejected", why);
    srs_err_drop(refused, "the connection ends in any case");
    srs_err_restore(story);
    return srs_wrap(err, "connect refused");
}

static SRS_YIELDS SRS_ERR on_connect(struct session *session)
{
    struct target target;
    char server_ip[SRS_ENDPOINT_TEXT];
    struct srs_endpoint local = srs_conn_local(session->conn);
    srs_err err = find_target(session, &target);
    if (err)
        return refuse_connect(session, err, "no such vhost or application");
    err = srs_access_check_any_page(target.vhost, page_url(session));
    if (!err)
        err = pass_hook(session, SRS_HOOK_CONNECT, &target, &session->connected);
    if (err) {
        srs_rtmp_url_fini(&target.url);
        return refuse_connect(session, err, srs_err_sentence(err));
    }
    srs_endpoint_format_ip(&local, server_ip);
    session->machine.chunk_size_accepted = (uint32_t)target.vhost->chunk_size;
    srs_rtmp_server_set_windows(&session->machine, (uint32_t)target.vhost->in_ack_size,
                                (uint32_t)target.vhost->out_ack_size);
    struct srs_rtmp_server_info info = {.signature = "SRS",
                                        .server = SRS_SIGNATURE,
                                        .version = SRS_VERSION,
                                        .server_ip = server_ip,
                                        .id = srs_co_cid(),
                                        .pid = getpid(),
                                        .caps_ex = CAPS_MULTITRACK | CAPS_MODEX | CAPS_NANO};
    note_caps(session);
    session->known = true;
    srs_log_info("rtmp", "connect peer=%s vhost=%s app=%s", session->peer, target.vhost->name,
                 target.url.app);
    srs_rtmp_url_fini(&target.url);
    err = srs_rtmp_server_accept_connect(&session->machine, &info);
    return err ? srs_wrap(err, "connect") : SRS_OK;
}

static SRS_ERR add_client(struct session *session, const char *type, struct srs_source *source,
                          const char *name)
{
    const struct srs_rtmp_request *request = srs_rtmp_server_request(&session->machine);
    struct srs_client_info info = {.type = type,
                                   .publish = session->viewer == NULL,
                                   .source = source,
                                   .conn = session->conn,
                                   .viewer = session->viewer,
                                   .tc_url = request->connect.tc_url,
                                   .page_url = request->connect.page_url,
                                   .swf_url = request->connect.swf_url,
                                   .name = name};
    return srs_clients_add(&session->server->clients, &session->client, &info);
}

// --- publish ------------------------------------------------------------------------------------

static void end_publish(struct session *session)
{
    struct publisher *publisher = session->publisher;
    if (publisher == NULL)
        return;
    session->publisher = NULL;
    srs_usage_leave(&session->place);
    srs_clients_remove(&session->server->clients, &session->client);
    const struct srs_source_stats *stats = &publisher->source->stats;
    srs_log_info("rtmp", "unpublish stream=%s video=%llu audio=%llu bytes=%llu dropped=%llu",
                 publisher->source->key, (unsigned long long)stats->video_packets,
                 (unsigned long long)stats->audio_packets, (unsigned long long)stats->bytes_in,
                 (unsigned long long)publisher->ingest.dropped);
    srs_forward_end(publisher->forward);
    srs_source_unpublish(publisher->source, session);
    srs_source_unref(publisher->source);
    srs_free(publisher);
    srs_hooks_leave(session->server, &session->streaming, session->conn);
}

static SRS_ERR begin_copies(struct session *session, const struct target *target,
                            const struct srs_hook_urls *copies)
{
    struct publisher *publisher = session->publisher;
    struct srs_config_words urls = {0};
    if (copies != NULL)
        urls = (struct srs_config_words){(const char *const *)copies->items, copies->count};
    return srs_forward_begin(session->server, target->vhost, publisher->source, target->url.param,
                             copies != NULL ? &urls : NULL, &publisher->forward);
}

// `copies` is where a back-end wants them, NULL where none was asked.
static const char *publisher_type(const struct session *session)
{
    static const char *const types[SRS_RTMP_FLOWS] = {[SRS_RTMP_FLOW_FLASH] = "flash-publish",
                                                      [SRS_RTMP_FLOW_FMLE] = "fmle-publish",
                                                      [SRS_RTMP_FLOW_HAIVISION] =
                                                          "haivision-publish"};
    return types[session->machine.flow];
}

static SRS_ERR begin_publish(struct session *session, const struct target *target,
                             const struct srs_hook_urls *copies)
{
    struct srs_source *source = NULL;
    srs_err err = srs_server_source(session->server, target->vhost, target->url.app,
                                    target->url.stream, &source);
    if (err)
        return err;
    err = srs_server_publish(session->server, source, session);
    if (err) {
        srs_source_unref(source);
        return err;
    }
    struct publisher *publisher = srs_new(struct publisher);
    publisher->source = source;
    publisher->first_timeout = target->vhost->publish.firstpkt_timeout;
    publisher->normal_timeout = target->vhost->publish.normal_timeout;
    publisher->idle_timeout = target->vhost->publish.kickoff_for_idle;
    publisher->began_at = srs_now();
    publisher->used_at = publisher->began_at;
    publisher->versions = source->track_versions;
    srs_flv_ingest_init(&publisher->ingest, source);
    publisher->ingest.options =
        (struct srs_flv_ingest_options){.annexb = target->vhost->publish.try_annexb_first,
                                        .skip_sps = !target->vhost->publish.parse_sps};
    session->publisher = publisher;
    session->used = true;
    err = add_client(session, publisher_type(session), source, target->url.stream);
    if (!err)
        err = begin_copies(session, target, copies);
    if (err)
        return err;
    srs_conn_set_nodelay(session->conn, target->vhost->tcp_nodelay);
    srs_log_info("rtmp", "publish stream=%s", source->key);
    return SRS_OK;
}

static SRS_ERR refuse_publish(struct session *session, srs_err err)
{
    bool busy = err == SRS_E_SYSTEM_STREAM_BUSY;
    srs_err answer = srs_rtmp_server_refuse_publish(
        &session->machine, busy ? "NetStream.Publish.BadName" : "NetStream.Publish.Rejected",
        srs_err_sentence(err));
    srs_err_drop(answer, "the refusal is logged, the connection ends in any case");
    return err;
}

static SRS_YIELDS SRS_ERR ask_and_publish(struct session *session, struct target *target)
{
    struct srs_hook_urls copies = {.count = 0};
    bool asked = false;
    if (target->url.stream[0] == '\0')
        return srs_fail(SRS_E_RTMP_STREAM_NAME_EMPTY, "publish");
    srs_err err = pass_hook(session, SRS_HOOK_PUBLISH, target, &session->streaming);
    if (!err)
        err = ask_copies(session, target, &copies, &asked);
    if (!err)
        err = begin_publish(session, target, asked ? &copies : NULL);
    srs_hook_urls_fini(&copies);
    return err;
}

static SRS_YIELDS SRS_ERR on_publish(struct session *session)
{
    struct target target;
    srs_err err = find_target(session, &target);
    if (!err) {
        err = check_access(session, &target, SRS_ACCESS_PUBLISH);
        if (!err)
            err = take_place(session, &target, true);
        if (!err)
            err = ask_and_publish(session, &target);
        srs_rtmp_url_fini(&target.url);
    }
    if (err) {
        struct srs_err_trace *story = srs_err_save();
        err = refuse_publish(session, err);
        srs_err_restore(story);
        return srs_wrap(err, "publish refused");
    }
    err = srs_rtmp_server_accept_publish(&session->machine, srs_co_cid());
    return err ? srs_wrap(err, "publish") : SRS_OK;
}

// One that comes and goes between two messages has been a player too.
static SRS_ERR check_idle(struct publisher *publisher, srs_usec now)
{
    const struct srs_source *source = publisher->source;
    if (source->consumer_count > 0 || source->stats.consumers_total != publisher->players) {
        publisher->players = source->stats.consumers_total;
        publisher->used_at = now;
    } else if (now - publisher->used_at >= publisher->idle_timeout) {
        return srs_fail(SRS_E_KICKOFF_FOR_IDLE, "no player for %lld ms",
                        (long long)((now - publisher->used_at) / SRS_MSEC));
    }
    return SRS_OK;
}

// A publisher that changes its mind with each message does not fill the log.
enum { TRACK_LINES = 32 };

static void log_tracks(struct publisher *publisher)
{
    const struct srs_source *source = publisher->source;
    for (unsigned i = 0; i < source->track_count; i++) {
        const struct srs_track *track = source->tracks[i];
        if (track->version <= publisher->versions || track->kind == SRS_KIND_DATA ||
            publisher->lines == TRACK_LINES)
            continue;
        publisher->lines++;
        srs_log_info(
            "rtmp",
            "track stream=%s kind=%s id=%u codec=%s size=%ux%u fps=%.2f rate=%u channels=%u",
            source->key, srs_kind_name(track->kind), track->id, srs_codec_name(track->codec),
            track->width, track->height, track->frame_rate_milli / 1000.0, track->sample_rate,
            track->channels);
    }
    publisher->versions = source->track_versions;
}

static SRS_ERR on_media(struct session *session, const struct srs_rtmp_msg *msg)
{
    struct publisher *publisher = session->publisher;
    srs_usec now = srs_now();
    if (publisher == NULL)
        return srs_fail(SRS_E_RTMP_MESSAGE_DECODE, "media without a publish");
    publisher->last_at = now;
    if (publisher->idle_timeout > 0) {
        srs_err err = check_idle(publisher, now);
        if (err)
            return err;
    }
    srs_err err =
        srs_flv_ingest_message(&publisher->ingest, msg->type, msg->timestamp, msg->payload, now);
    if (publisher->versions != publisher->source->track_versions)
        log_tracks(publisher);
    return err;
}

// Until when the publisher's next message, or the oldest that it has begun, must be complete.
static srs_usec media_deadline(const struct publisher *publisher)
{
    bool first = publisher->last_at == 0;
    srs_usec timeout = first ? publisher->first_timeout : publisher->normal_timeout;
    srs_usec from = first ? publisher->began_at : publisher->last_at;
    if (publisher->unfinished != 0 && publisher->unfinished_at < from)
        from = publisher->unfinished_at;
    return from + timeout;
}

// What has been fed is used up: what is left of it is the beginning of messages. Other messages
// that come meanwhile do not keep them alive, and they count for media_memory.
static SRS_ERR check_unfinished(struct session *session)
{
    struct publisher *publisher = session->publisher;
    const struct srs_rtmp_reader *reader = &session->machine.reader;
    if (publisher == NULL)
        return SRS_OK;
    uint64_t oldest = srs_rtmp_reader_unfinished(reader);
    size_t held = srs_rtmp_reader_held(reader);
    if (oldest == 0 && held == publisher->held) {
        publisher->unfinished = 0;
        return SRS_OK;
    }
    srs_usec now = srs_now();
    if (oldest != publisher->unfinished)
        publisher->unfinished_at = now;
    publisher->unfinished = oldest;
    if (oldest != 0 && now > media_deadline(publisher))
        return srs_fail(SRS_E_SOCKET_TIMEOUT, "a message is not complete after %lld ms",
                        (long long)((now - publisher->unfinished_at) / SRS_MSEC));
    if (held == publisher->held)
        return SRS_OK;
    publisher->held = held;
    return srs_source_hold_unfinished(publisher->source, held, now);
}

// --- play ---------------------------------------------------------------------------------------

// The machine's answers go out between the viewer's messages.
static SRS_ERR hand_to_viewer(struct session *session)
{
    struct srs_span pending = srs_rtmp_server_pending(&session->machine);
    srs_err err = srs_viewer_control(session->viewer, pending);
    if (!err)
        srs_rtmp_server_sent(&session->machine, pending.size);
    return err;
}

static void end_play(struct session *session)
{
    struct srs_viewer *viewer = session->viewer;
    if (viewer == NULL)
        return;
    session->viewer = NULL;
    srs_usage_leave(&session->place);
    srs_clients_remove(&session->server->clients, &session->client);
    srs_log_info("rtmp", "stop play packets=%llu skipped=%llu out=%llu",
                 (unsigned long long)viewer->stats.packets,
                 (unsigned long long)viewer->stats.skipped,
                 (unsigned long long)srs_conn_bytes_out(session->conn));
    srs_viewer_fini(viewer);
    srs_free(viewer);
    srs_hooks_leave(session->server, &session->streaming, session->conn);
}

// ?video=ID and ?audio=ID.
static SRS_ERR choose_tracks(const char *query, struct srs_mux_params *params)
{
    struct srs_span param = {(const uint8_t *)query, strlen(query)};
    for (unsigned kind = SRS_KIND_VIDEO; kind <= SRS_KIND_AUDIO; kind++) {
        struct srs_span value = srs_rtmp_param_find(param, srs_kind_name((enum srs_kind)kind));
        if (value.bytes == NULL)
            continue;
        srs_err err = srs_mux_choose(params, (enum srs_kind)kind, value);
        if (err)
            return err;
    }
    return SRS_OK;
}

static SRS_ERR begin_play(struct session *session, const struct target *target,
                          struct srs_source **source)
{
    struct srs_mux_params params = {.chunk_size = srs_rtmp_server_chunk_size(&session->machine),
                                    .msid = srs_rtmp_server_msid(&session->machine),
                                    .caps = session->caps,
                                    .refused = session->refused};
    srs_err err = choose_tracks(target->url.param, &params);
    if (err)
        return err;
    err = srs_server_source(session->server, target->vhost, target->url.app, target->url.stream,
                            source);
    if (err)
        return err;
    struct srs_viewer_options options = srs_server_viewer_options(session->server, target->vhost);
    options.mux = &srs_mux_rtmp;
    options.params = params;
    session->logged = 0;
    session->viewer = srs_new(struct srs_viewer);
    session->used = true;
    session->paused = false;
    session->unwanted = 0;
    session->wait = target->vhost->play.wait;
    session->wait_until = SRS_NEVER;
    session->nodelay = target->vhost->tcp_nodelay || target->vhost->min_latency;
    session->talk = (struct srs_talk){0}; // what it published before does not count
    srs_viewer_init(session->viewer, session->conn, session->server->writer, &options);
    return add_client(session, "rtmp-play", *source, target->url.stream);
}

static SRS_ERR start_playing(struct session *session, struct srs_source *source)
{
    srs_err err = srs_rtmp_server_accept_play(&session->machine, srs_co_cid());
    if (!err)
        err = hand_to_viewer(session);
    if (err)
        return srs_wrap(err, "play");
    srs_log_info("rtmp", "play stream=%s waiting=%d", source->key, source->publisher == NULL);
    srs_rtmp_server_forget_request(&session->machine);
    srs_viewer_join(session->viewer, source); // answers, headers and gop in one write
    srs_conn_set_nodelay(session->conn, session->nodelay);
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR ask_and_play(struct session *session, struct target *target,
                                       struct srs_source **source)
{
    if (target->url.stream[0] == '\0')
        return srs_fail(SRS_E_RTMP_STREAM_NAME_EMPTY, "play");
    srs_err err = pass_hook(session, SRS_HOOK_PLAY, target, &session->streaming);
    return err ? err : begin_play(session, target, source);
}

static SRS_YIELDS SRS_ERR on_play(struct session *session)
{
    struct target target;
    struct srs_source *source = NULL;
    srs_err err = find_target(session, &target);
    if (!err) {
        err = check_access(session, &target, SRS_ACCESS_PLAY);
        if (!err)
            err = take_place(session, &target, false);
        if (!err)
            err = ask_and_play(session, &target, &source);
        srs_rtmp_url_fini(&target.url);
    }
    if (err) {
        struct srs_err_trace *story = srs_err_save();
        srs_err_drop(srs_rtmp_server_refuse_play(&session->machine, "NetStream.Play.Failed",
                                                 srs_err_sentence(err)),
                     "the connection ends in any case");
        srs_err_restore(story);
    } else {
        err = start_playing(session, source);
    }
    srs_source_unref(source);
    return err ? srs_wrap(err, "play refused") : SRS_OK;
}

// --- the connection -----------------------------------------------------------------------------

// What a player does not want for now. The machine has answered.
static void mute(struct session *session, const struct srs_rtmp_event *event)
{
    uint8_t bits = event->kind == SRS_RTMP_EVENT_RECEIVE_AUDIO   ? 1U << SRS_KIND_AUDIO
                   : event->kind == SRS_RTMP_EVENT_RECEIVE_VIDEO ? 1U << SRS_KIND_VIDEO
                                                                 : 0;
    if (session->viewer == NULL)
        return;
    if (event->kind == SRS_RTMP_EVENT_PAUSE)
        session->paused = event->on;
    else if (event->on)
        session->unwanted &= (uint8_t)~bits;
    else
        session->unwanted |= bits;
    srs_viewer_mute(session->viewer, session->paused ? SRS_MUX_FRESH_ALL : session->unwanted);
}

static SRS_YIELDS SRS_ERR on_event(struct session *session, const struct srs_rtmp_event *event)
{
    switch (event->kind) {
    case SRS_RTMP_EVENT_CONNECT:
        return on_connect(session);
    case SRS_RTMP_EVENT_PUBLISH:
        return on_publish(session);
    case SRS_RTMP_EVENT_PLAY:
        return on_play(session);
    case SRS_RTMP_EVENT_MEDIA:
        return on_media(session, &event->media);
    case SRS_RTMP_EVENT_UNPUBLISH:
        end_publish(session);
        session->setup_until = srs_now() + setup_usec;
        return SRS_OK;
    case SRS_RTMP_EVENT_STOP_PLAY:
        end_play(session);
        session->setup_until = srs_now() + setup_usec;
        return SRS_OK;
    default:
        mute(session, event);
        return SRS_OK;
    }
}

// Answers go between a player's messages; to others as far as the socket takes them.
static SRS_ERR send_pending(struct session *session)
{
    struct srs_span pending = srs_rtmp_server_pending(&session->machine);
    size_t sent = 0;
    if (pending.size == 0)
        return SRS_OK;
    if (session->viewer != NULL) {
        srs_err err = hand_to_viewer(session);
        if (!err)
            srs_viewer_flush(session->viewer);
        return err;
    }
    struct iovec iov = srs_iov(pending.bytes, pending.size);
    srs_err err = srs_conn_write_now(session->conn, &iov, 1, &sent);
    if (err && err != SRS_E_AGAIN)
        return err;
    srs_rtmp_server_sent(&session->machine, sent);
    return SRS_OK;
}

// A player that ends its stream while a message is on its way must get the rest of it: what comes
// next on the connection begins behind it.
static SRS_YIELDS SRS_ERR finish_message(struct session *session)
{
    struct srs_viewer *viewer = session->viewer;
    srs_usec deadline = srs_now() + viewer->options.send_timeout;
    srs_viewer_mute(viewer, SRS_MUX_FRESH_ALL);
    srs_viewer_flush(viewer);
    if (srs_viewer_is_idle(viewer))
        return SRS_OK;
    srs_err err = srs_rtmp_server_keep(&session->machine);
    while (!err && !srs_viewer_is_idle(viewer)) {
        err = srs_conn_wait(session->conn, SRS_CONN_WRITABLE, deadline);
        if (!err)
            srs_viewer_flush(viewer);
        if (!err && viewer->failed)
            err = srs_fail(viewer->failed, "player's socket");
    }
    return err ? srs_wrap(err, "rest of a message") : SRS_OK;
}

enum {
    // What is done before the clock is looked at, in bytes of media: two reads of usual messages.
    WORK_MAX = 128 * 1024,
    WORK_MESSAGE = 512, // for each message, whatever its size
};
static const srs_usec work_usec = 1000; // then the others have their turn

// One read may hold the end of a message of 16 MiB, or thousands of small ones.
static SRS_YIELDS SRS_ERR give_way(struct session *session)
{
    if (srs_co_slice_used() < work_usec)
        return SRS_OK;
    srs_err err = srs_rtmp_server_keep(&session->machine);
    return err ? err : srs_co_breathe();
}

static SRS_YIELDS SRS_ERR handle(struct session *session, struct srs_span input)
{
    struct srs_rtmp_event event;
    size_t work = 0;
    srs_err err = SRS_OK;
    srs_rtmp_server_feed(&session->machine, input);
    while (!err) {
        err = srs_rtmp_server_next(&session->machine, &event);
        if (!err && event.kind == SRS_RTMP_EVENT_STOP_PLAY && session->viewer != NULL)
            err = finish_message(session);
        if (!err)
            err = on_event(session, &event);
        if (err || event.kind != SRS_RTMP_EVENT_MEDIA)
            continue;
        work += event.media.payload.size + WORK_MESSAGE;
        if (work > WORK_MAX) {
            err = give_way(session);
            work = 0;
        }
    }
    if (err != SRS_E_AGAIN)
        return err;
    err = check_unfinished(session);
    return err ? err : send_pending(session);
}

static srs_usec read_deadline(const struct session *session)
{
    return session->publisher != NULL ? media_deadline(session->publisher) : session->setup_until;
}

static const char *silence(const struct session *session)
{
    if (session->publisher == NULL)
        return "no publish or play in time";
    if (session->publisher->unfinished != 0)
        return "publisher does not complete a message";
    return session->publisher->last_at == 0 ? "publisher sent no media" : "publisher is silent";
}

// During set-up a peer must take its answers; nothing is borrowed by the machine here, so this may
// yield.
static SRS_YIELDS SRS_ERR finish_answers(struct session *session)
{
    struct srs_span pending = srs_rtmp_server_pending(&session->machine);
    if (pending.size == 0 || session->publisher != NULL || session->viewer != NULL)
        return SRS_OK;
    srs_err err = srs_conn_write(session->conn, pending, srs_now() + answer_usec);
    if (!err)
        srs_rtmp_server_sent(&session->machine, pending.size);
    return err;
}

// Once a codec: the player itself was told by its viewer.
static void log_refused(struct session *session)
{
    const struct srs_viewer *viewer = session->viewer;
    for (unsigned i = 0; i < SRS_CODECS; i++)
        if (((viewer->told & ~session->logged) >> i & 1U) != 0)
            srs_log_warn("rtmp", "player does not list codec=%s peer=%s",
                         srs_codec_name((enum srs_codec)i), session->peer);
    session->logged = viewer->told;
}

static void watch_publisher(struct session *session)
{
    if (session->wait < 0 || session->viewer->consumer.source->publisher != NULL)
        session->wait_until = SRS_NEVER;
    else if (session->wait_until == SRS_NEVER)
        session->wait_until = srs_now() + session->wait;
}

// Tells the player in the words on which most leave.
static SRS_ERR give_up_waiting(struct session *session)
{
    struct srs_viewer *viewer = session->viewer;
    bool had = viewer->stats.first_media_at != 0;
    struct srs_rtmp_status status = {.level = had ? "status" : "error",
                                     .code = had ? "NetStream.Play.UnpublishNotify"
                                                 : "NetStream.Play.StreamNotFound",
                                     .description = "nobody publishes this stream"};
    srs_err err = srs_rtmp_server_user_control(&session->machine, SRS_RTMP_STREAM_EOF,
                                               srs_rtmp_server_msid(&session->machine));
    if (!err)
        err = srs_rtmp_server_status(&session->machine, &status);
    if (!err)
        err = hand_to_viewer(session);
    if (err)
        return err;
    srs_viewer_flush(viewer);
    return srs_fail(SRS_E_SOCKET_TIMEOUT, "no publisher for play.wait, %lld s",
                    (long long)(session->wait / SRS_SEC));
}

// Until there is input to read; *more says that there is.
static SRS_YIELDS SRS_ERR wait_player(struct session *session, bool *more)
{
    watch_publisher(session);
    srs_err err = srs_viewer_wait(session->viewer, session->wait_until);
    if (session->viewer->told != session->logged)
        log_refused(session);
    if (err == SRS_E_SOCKET_TIMEOUT) {
        watch_publisher(session);
        if (session->wait_until != SRS_NEVER && srs_now() >= session->wait_until)
            return give_up_waiting(session);
        err = SRS_OK;
    }
    *more = srs_conn_readable(session->conn);
    return err;
}

static SRS_YIELDS SRS_ERR serve_input(struct session *session)
{
    struct srs_span input;
    if (session->viewer != NULL) {
        bool more = false;
        srs_err err = wait_player(session, &more);
        if (err || !more)
            return err;
    }
    // What a player has to say is there already; a socket that said so wrongly is asked again in
    // the next round.
    srs_usec deadline = session->viewer != NULL ? srs_now() : read_deadline(session);
    srs_err err = srs_conn_read(session->conn, deadline, &input);
    if (err == SRS_E_SOCKET_TIMEOUT && session->viewer != NULL)
        return SRS_OK;
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(err, "%s", silence(session));
    if (!err && session->viewer != NULL)
        err = srs_talk_check(&session->talk, session->conn);
    if (err)
        return err;
    err = handle(session, input);
    return err ? err : finish_answers(session);
}

static SRS_YIELDS SRS_ERR serve(struct session *session)
{
    srs_err err = SRS_OK;
    bool trimmed = false;
    while (!err) {
        err = serve_input(session);
        // Input is rare from players, and its handling goes deep.
        if (session->viewer != NULL || (!trimmed && session->publisher != NULL)) {
            srs_co_trim_stack();
            trimmed = true;
        }
    }
    return err;
}

static void log_end(const struct session *session, srs_err err)
{
    if (session->client.kicked)
        err = srs_fail(session->client.kicked, "%s", srs_err_sentence(session->client.kicked));
    if (err == SRS_E_CANCELED || err == SRS_E_SOCKET_READ) {
        srs_err_drop(err, "the usual end");
        srs_log_write(session->known ? SRS_LOG_INFO : SRS_LOG_DEBUG, "rtmp",
                      "close peer=%s in=%llu out=%llu", session->peer,
                      (unsigned long long)srs_conn_bytes_in(session->conn),
                      (unsigned long long)srs_conn_bytes_out(session->conn));
        return;
    }
    if (session->used)
        srs_err_log_warn(err, "rtmp", "close");
    else
        srs_server_log_stranger(session->server, err, "rtmp", "close", session->peer);
}

// A publisher cannot know what it did wrong where a limit ends it.
static void tell_kicked(struct session *session)
{
    srs_err why = session->client.kicked;
    struct srs_rtmp_status status = {.level = "error",
                                     .code = "NetStream.Publish.Rejected",
                                     .description = srs_err_sentence(why)};
    if (why == SRS_E_LIMIT_BANDWIDTH && session->publisher != NULL)
        srs_err_drop(srs_rtmp_server_status(&session->machine, &status),
                     "the connection ends in any case");
}

static void name_peer(struct session *session)
{
    struct srs_endpoint peer = srs_conn_peer(session->conn);
    srs_endpoint_format(&peer, session->peer);
}

// A proxy's header and TLS.
static SRS_YIELDS SRS_ERR open_front(struct session *session)
{
    srs_err err =
        srs_front_open(session->server, session->conn, session->port, session->setup_until);
    if (err == SRS_E_SOCKET_TIMEOUT && srs_err_story(err) == NULL)
        return srs_fail(err, "%s", silence(session));
    name_peer(session);
    return err;
}

static SRS_YIELDS srs_err session_main(void *arg)
{
    struct session *session = arg;
    srs_co_new_cid();
    srs_conn_set_nodelay(session->conn, true); // set-up is a dialogue of small messages
    name_peer(session);
    srs_log_debug("rtmp", "accept peer=%s", session->peer);
    session->setup_until = srs_now() + setup_usec;
    struct srs_rtmp_server_config config = {.time_ms = (uint32_t)(srs_now() / SRS_MSEC),
                                            .seed = (uint64_t)srs_wall_now()};
    srs_rtmp_server_init(&session->machine, &config);
    srs_err err = open_front(session);
    bool opened = !err;
    if (!err)
        err = serve(session);
    srs_clients_note_end(&session->server->clients, &session->client, err);
    log_end(session, err);
    tell_kicked(session);
    end_publish(session);
    end_play(session);
    srs_usage_leave(&session->place);                                     // let in, not begun
    srs_hooks_leave(session->server, &session->streaming, session->conn); // let in, not begun
    srs_hooks_leave(session->server, &session->connected, session->conn);
    struct srs_span words = srs_rtmp_server_pending(&session->machine);
    if (words.size > 0 || !opened) // a refusal of TLS is said already, and must arrive
        srs_conn_bye(session->conn, words, srs_now() + goodbye_usec);
    srs_rtmp_server_fini(&session->machine);
    srs_conn_free(session->conn);
    srs_free(session);
    srs_live_add(SRS_LIVE_RTMP_SESSION, -1);
    return SRS_OK;
}

SRS_ERR srs_rtmp_accept(struct srs_server *server, struct srs_conn *conn,
                        const struct srs_port *port)
{
    struct session *session = srs_new(struct session);
    session->server = server;
    session->port = port;
    session->conn = conn;
    srs_err err = srs_scope_spawn(&server->sessions, session_main, session);
    if (err) {
        srs_free(session);
        return srs_wrap(err, "RTMP session");
    }
    srs_live_add(SRS_LIVE_RTMP_SESSION, 1);
    return SRS_OK;
}
