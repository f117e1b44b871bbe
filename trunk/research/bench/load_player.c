// Players: joining, reading, stalling. What is said about them is in load_loss.c.
#include "load_player.h"
#include "load_player_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)
// A read that discards takes all there is; the limit only has to be above any receive buffer.
#define DISCARD_BYTES (64u << 20)
// Less than a server's time-out for silent players (nginx-rtmp pings after a minute) at 250 kbit/s.
#define ACK_EVERY (1u << 20)

static uint8_t scratch[READ_BYTES];

static void player_close(struct srs_load_player *player)
{
    srs_load_tls_free(player->tls);
    player->tls = NULL;
    if (player->watch.fd >= 0)
        close(player->watch.fd);
    player->watch.fd = -1;
    player->closed = true;
}

static void track_take(struct srs_load_player *player, const struct srs_load_frame *frame)
{
    struct srs_load_record *record = &player->all->record;
    struct srs_load_track *track = frame->video ? &player->checked->video : &player->checked->audio;
    const srs_nsec now = player->received;
    srs_nsec *gap = frame->video ? &record->video_gap : &record->audio_gap;

    if (record->on) {
        srs_load_samples_add(frame->video ? &record->video_delay : &record->audio_delay,
                             now - frame->sent);
        if (track->last_at > 0 && now - track->last_at > *gap)
            *gap = now - track->last_at;
    }
    track->last_at = record->on ? now : 0;
    track->frames++;
    if (track->started && frame->seq < track->next) {
        track->repeated++;
        return;
    }
    if (track->started)
        track->missing += frame->seq - track->next;
    track->started = true;
    track->next = frame->seq + 1;
}

static void on_media(void *arg, const struct srs_load_msg *msg)
{
    struct srs_load_player *player = arg;
    struct srs_load_frame frame;
    if (player->checked == NULL)
        return;
    switch (srs_load_frame_read(msg, &frame)) {
    case SRS_LOAD_FRAME_GOOD:
        track_take(player, &frame);
        player->saw_last = player->saw_last || frame.last;
        break;
    case SRS_LOAD_FRAME_CORRUPT:
        player->checked->corrupt++;
        break;
    case SRS_LOAD_FRAME_OTHER:
        break;
    }
}

// The marker's first byte occurs in it only once, so a mismatch can only restart there.
static void look_for_marker(struct srs_load_player *player, const uint8_t *data, size_t len)
{
    const uint8_t *marker = srs_load_frame_marker();
    size_t at = 0;
    while (at < len && !player->saw_last) {
        if (player->marker_at == 0) {
            const uint8_t *first = memchr(data + at, marker[0], len - at);
            if (first == NULL)
                return;
            at = (size_t)(first - data);
        } else if (data[at] != marker[player->marker_at]) {
            player->marker_at = 0;
            continue;
        }
        at++;
        player->marker_at++;
        player->saw_last = player->marker_at == SRS_LOAD_MARKER_BYTES;
    }
}

static void parsers_free(struct srs_load_player *player)
{
    srs_load_rtmp_free(player->rtmp);
    srs_load_flv_free(player->flv);
    player->rtmp = NULL;
    player->flv = NULL;
}

static void parse_rtmp(struct srs_load_player *player, const uint8_t *data, size_t len)
{
    srs_load_rtmp_feed(player->rtmp, data, len);
    player->accepted = player->accepted || player->rtmp->step == SRS_LOAD_STEP_RUN;
    if (player->rtmp->step == SRS_LOAD_STEP_FAILED)
        player_close(player);
    else if (player->rtmp->in.media_seen && player->first_media == 0)
        player->first_media = player->received;
}

static void parse_flv(struct srs_load_player *player, const uint8_t *data, size_t len)
{
    srs_load_flv_feed(player->flv, data, len);
    player->accepted = player->accepted || player->flv->answered;
    if (player->flv->step == SRS_LOAD_FLV_FAILED)
        player_close(player);
    else if (player->flv->media_seen && player->first_media == 0)
        player->first_media = player->received;
}

static void parse(struct srs_load_player *player, const uint8_t *data, size_t len)
{
    if (player->rtmp)
        parse_rtmp(player, data, len);
    else if (player->flv)
        parse_flv(player, data, len);
    else if (player->first_media == 0)
        player->first_media = player->received;
    if (player->first_media > 0 && player->checked == NULL && !player->discards) {
        player->discards = true;
        parsers_free(player);
    }
}

// Counts the bytes of the socket and gives those inside, which are the same without TLS.
static ssize_t receive(struct srs_load_player *player, bool discard)
{
    if (player->tls != NULL && !discard)
        return srs_load_tls_recv(player->tls, scratch, READ_BYTES, &player->bytes);
    ssize_t got = recv(player->watch.fd, scratch, discard ? DISCARD_BYTES : READ_BYTES,
                       discard ? MSG_TRUNC : 0);
    player->bytes += got > 0 ? (uint64_t)got : 0;
    return got;
}

static void read_some(struct srs_load_player *player)
{
    const bool discard = player->discards && (!player->all->reading || player->tls != NULL);
    ssize_t got = receive(player, discard);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        player_close(player);
        return;
    }
    player->saw_last = player->saw_last || (discard && player->all->reading);
    if (player->is_rtmp && player->bytes - player->acked >= ACK_EVERY) {
        player->acked = player->bytes;
        srs_load_rtmp_ack(player->watch.fd, (uint32_t)player->bytes);
    }
    if (discard)
        return;
    player->received = srs_load_now();
    if (player->discards)
        look_for_marker(player, scratch, (size_t)got);
    else
        parse(player, scratch, (size_t)got);
}

static void on_open(struct srs_load_player *player)
{
    player->shaken = true;
    if (player->rtmp) {
        srs_load_rtmp_open(player->rtmp, player->watch.fd);
    } else if (player->flv) {
        char name[SRS_LOAD_NAME_BYTES];
        const struct srs_load_join *join = &player->all->join;
        srs_load_target_name(&join->target, player->stream, join->streams, name);
        if (!srs_load_flv_request(player->watch.fd, &join->target, name))
            player_close(player);
    } else {
        player->accepted = true;
    }
}

static void shake(struct srs_load_player *player)
{
    const int state = srs_load_tls_shake(player->tls);
    if (state < 0)
        player_close(player);
    else if (state > 0)
        on_open(player);
}

static void on_connected(struct srs_load_player *player)
{
    player->connected = true;
    srs_load_loop_change(player->all->loop, &player->watch, EPOLLIN);
    if (!player->all->join.target.tls) {
        on_open(player);
        return;
    }
    player->tls = srs_load_tls_new(player->watch.fd);
    shake(player);
}

static void on_ready(struct srs_load_watch *watch, uint32_t events)
{
    struct srs_load_player *player = (struct srs_load_player *)watch;
    if (player->stalled_at > 0) {
        // Registered for the end of the connection only.
        player->cut_at = srs_load_now();
        srs_load_loop_remove(player->all->loop, watch);
    } else if (player->shaken) {
        read_some(player);
    } else if (player->connected) {
        shake(player);
    } else if (events & (EPOLLERR | EPOLLHUP)) {
        player_close(player);
    } else {
        on_connected(player);
    }
}

static bool is_sampled(const struct srs_load_join *join, size_t index)
{
    // The k-th of n stands in the middle of the k-th n-th of all players.
    if (join->sampled == 0)
        return false;
    const size_t k = index * join->sampled / join->count;
    return index == (2 * k + 1) * join->count / (2 * join->sampled);
}

static void player_start(struct srs_load_players *players)
{
    const struct srs_load_join *join = &players->join;
    const size_t index = players->count;
    char name[SRS_LOAD_NAME_BYTES];
    struct srs_load_player *player = srs_load_alloc(1, sizeof(*player));

    players->players[players->count++] = player;
    player->all = players;
    player->watch.ready = on_ready;
    player->stream = index % join->streams;
    player->is_rtmp = join->target.kind == SRS_LOAD_RTMP;
    if (is_sampled(join, index))
        player->checked = srs_load_alloc(1, sizeof(*player->checked));
    srs_load_target_name(&join->target, player->stream, join->streams, name);
    if (player->is_rtmp)
        player->rtmp = srs_load_rtmp_new(&join->target, name, false, on_media, player);
    else if (join->target.kind == SRS_LOAD_FLV)
        player->flv = srs_load_flv_new(on_media, player);
    player->began = srs_load_now();
    player->watch.fd = srs_load_target_connect(&join->target, index, join->rcvbuf);
    if (player->watch.fd < 0)
        player->closed = true;
    else
        srs_load_loop_add(players->loop, &player->watch, EPOLLOUT);
}

static srs_nsec start_due(const struct srs_load_players *players)
{
    return players->join_began + (srs_nsec)players->count * SRS_NSEC_S / players->join.rate;
}

static void on_timer(struct srs_load_timer *timer, srs_nsec now)
{
    struct srs_load_players *players =
        (struct srs_load_players *)((char *)timer - offsetof(struct srs_load_players, timer));
    (void)now;
    player_start(players);
    if (players->count < players->join.count)
        srs_load_loop_arm(players->loop, timer, start_due(players));
}

void srs_load_players_init(struct srs_load_players *players, struct srs_load_loop *loop)
{
    *players = (struct srs_load_players){.loop = loop, .timer.fire = on_timer};
}

void srs_load_players_join(struct srs_load_players *players, const struct srs_load_join *join)
{
    players->join = *join;
    players->players = srs_load_alloc(join->count, sizeof(struct srs_load_player *));
    players->count = 0;
    players->reading = false;
    players->join_began = srs_load_now();
    srs_load_loop_arm(players->loop, &players->timer, players->join_began);
}

static bool can_stall(const struct srs_load_player *player)
{
    return player->checked == NULL && player->watch.fd >= 0 && player->stalled_at == 0;
}

void srs_load_players_stall(struct srs_load_players *players, size_t count)
{
    size_t done = 0;
    for (size_t i = 0; i < players->count && done < count; i++) {
        struct srs_load_player *player = players->players[i];
        if (i * count / players->count < done || !can_stall(player))
            continue;
        srs_load_loop_change(players->loop, &player->watch, EPOLLRDHUP);
        player->stalled_at = srs_load_now();
        done++;
    }
}

size_t srs_load_players_leave(struct srs_load_players *players)
{
    const size_t count = players->count;
    srs_load_loop_disarm(players->loop, &players->timer);
    for (size_t i = 0; i < count; i++) {
        struct srs_load_player *player = players->players[i];
        player_close(player);
        parsers_free(player);
        free(player->checked);
        free(player);
    }
    free(players->players);
    players->players = NULL;
    players->count = 0;
    return count;
}
