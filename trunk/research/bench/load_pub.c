// Publishers. Schedule and sequence are two things: after a pause the schedule goes on with the
// clock, the sequence without a gap.
#include "load_pub.h"
#include "load_frame.h"
#include "load_rtmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define VIDEO_NS   (40 * SRS_NSEC_MS)
#define GOP_FRAMES 50
// A key frame is as large as seven others.
#define KEY_WEIGHT   7
#define GOP_NS       (GOP_FRAMES * VIDEO_NS)
#define AUDIO_BITS_S 48000
#define AUDIO_HZ     44100
#define AUDIO_FRAME  1024
// Audio starts a little behind video, so that the two are never due at the same time by
// construction.
#define AUDIO_OFFSET_NS (7 * SRS_NSEC_MS)
// Nobody stays a publisher who is this far behind; the bench must fail then and not buffer.
#define BACKLOG_LIMIT (16u << 20)

struct srs_load_pub {
    struct srs_load_watch watch; // first: the loop hands it back
    struct srs_load_timer timer;
    struct srs_load_pubs *all;
    struct srs_load_rtmp *rtmp;
    srs_nsec phase;
    srs_nsec base; // time 0 of the stream
    uint64_t video_slot, audio_slot;
    uint64_t video_seq, audio_seq;
    struct srs_load_lane_out video_lane, audio_lane;
    uint8_t *backlog; // what a full socket left over
    size_t backlog_len, backlog_cap;
    bool connected, live, failed;
};

// One message is made and written at a time, so all publishers share the buffers.
static uint8_t body_bytes[SRS_LOAD_FRAME_LIMIT];
static uint8_t wire_bytes[SRS_LOAD_FRAME_LIMIT + 4096];

static void pub_fail(struct srs_load_pub *pub)
{
    if (pub->watch.fd >= 0) {
        close(pub->watch.fd);
        pub->watch.fd = -1;
    }
    srs_load_loop_disarm(pub->all->loop, &pub->timer);
    pub->live = false;
    pub->failed = true;
}

static size_t inter_bytes(const struct srs_load_pubs *pubs)
{
    const uint64_t video_bits =
        pubs->bits_per_s > AUDIO_BITS_S ? pubs->bits_per_s - AUDIO_BITS_S : 0;
    const uint64_t gop_bytes = video_bits / 8 * GOP_NS / SRS_NSEC_S;
    return (size_t)(gop_bytes / (GOP_FRAMES - 1 + KEY_WEIGHT));
}

static size_t audio_bytes(void)
{
    return AUDIO_BITS_S / 8 * AUDIO_FRAME / AUDIO_HZ;
}

static void keep(struct srs_load_pub *pub, const uint8_t *data, size_t len)
{
    const size_t need = pub->backlog_len + len;
    if (need > BACKLOG_LIMIT) {
        pub_fail(pub);
        return;
    }
    pub->all->blocked++;
    if (pub->backlog_len == 0)
        srs_load_loop_change(pub->all->loop, &pub->watch, EPOLLIN | EPOLLOUT);
    pub->backlog = srs_load_grow(pub->backlog, &pub->backlog_cap, need, 1);
    memcpy(pub->backlog + pub->backlog_len, data, len);
    pub->backlog_len += len;
}

static void pub_write(struct srs_load_pub *pub, const uint8_t *data, size_t len)
{
    ssize_t sent = 0;
    if (pub->backlog_len == 0)
        sent = send(pub->watch.fd, data, len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        pub_fail(pub);
        return;
    }
    sent = sent < 0 ? 0 : sent;
    pub->all->sent_bytes += len;
    if ((size_t)sent < len)
        keep(pub, data + sent, len - (size_t)sent);
}

static void pub_send(struct srs_load_pub *pub, struct srs_load_lane_out *lane,
                     const struct srs_load_msg *msg)
{
    struct srs_load_out wire = {.data = wire_bytes, .cap = sizeof(wire_bytes)};
    srs_load_rtmp_write(&wire, lane, pub->rtmp->msid, msg);
    if (wire.bad)
        srs_load_die("a frame of %zu bytes is too large", msg->len);
    pub_write(pub, wire.data, wire.len);
}

static void send_frame(struct srs_load_pub *pub, bool video, bool last, srs_nsec due)
{
    struct srs_load_out body = {.data = body_bytes, .cap = sizeof(body_bytes)};
    struct srs_load_frame frame = {.video = video, .last = last, .sent = srs_load_now()};
    frame.seq = video ? pub->video_seq++ : pub->audio_seq++;
    frame.key = video && (pub->all->one_gop ? frame.seq == 0 : frame.seq % GOP_FRAMES == 0);
    size_t size = video ? inter_bytes(pub->all) * (frame.key ? KEY_WEIGHT : 1) : audio_bytes();
    srs_load_frame_write(&body, &frame, size);
    pub_send(pub, video ? &pub->video_lane : &pub->audio_lane,
             &(struct srs_load_msg){video ? SRS_LOAD_TYPE_VIDEO : SRS_LOAD_TYPE_AUDIO,
                                    (uint32_t)((due - pub->base) / SRS_NSEC_MS), body.data,
                                    body.len});
    if (frame.sent - due > pub->all->late_max && !last)
        pub->all->late_max = frame.sent - due;
}

static srs_nsec video_due(const struct srs_load_pub *pub)
{
    return pub->base + (srs_nsec)pub->video_slot * VIDEO_NS;
}

static srs_nsec audio_due(const struct srs_load_pub *pub)
{
    return pub->base + AUDIO_OFFSET_NS +
           (srs_nsec)(pub->audio_slot * AUDIO_FRAME * (uint64_t)SRS_NSEC_S / AUDIO_HZ);
}

static srs_nsec next_due(const struct srs_load_pub *pub)
{
    const srs_nsec video = video_due(pub);
    const srs_nsec audio = audio_due(pub);
    return video < audio ? video : audio;
}

// One frame a call: when both are due, the loop comes back for the other.
static void on_timer(struct srs_load_timer *timer, srs_nsec now)
{
    struct srs_load_pub *pub =
        (struct srs_load_pub *)((char *)timer - offsetof(struct srs_load_pub, timer));
    (void)now;
    const srs_nsec due = next_due(pub);
    if (due == video_due(pub)) {
        pub->video_slot++;
        send_frame(pub, true, false, due);
    } else {
        pub->audio_slot++;
        send_frame(pub, false, false, due);
    }
    if (pub->live)
        srs_load_loop_arm(pub->all->loop, &pub->timer, next_due(pub));
}

static void send_headers(struct srs_load_pub *pub)
{
    struct srs_load_out body = {.data = body_bytes, .cap = sizeof(body_bytes)};
    struct srs_load_lane_out data_lane = {.csid = 5};
    srs_load_frame_metadata(&body, pub->all->bits_per_s);
    pub_send(pub, &data_lane, &(struct srs_load_msg){SRS_LOAD_TYPE_DATA, 0, body.data, body.len});
    body.len = 0;
    srs_load_frame_video_header(&body);
    pub_send(pub, &pub->video_lane,
             &(struct srs_load_msg){SRS_LOAD_TYPE_VIDEO, 0, body.data, body.len});
    body.len = 0;
    srs_load_frame_audio_header(&body);
    pub_send(pub, &pub->audio_lane,
             &(struct srs_load_msg){SRS_LOAD_TYPE_AUDIO, 0, body.data, body.len});
}

static void go_live(struct srs_load_pub *pub)
{
    pub->live = true;
    pub->base = srs_load_now() + pub->phase;
    pub->video_lane = (struct srs_load_lane_out){.csid = 6};
    pub->audio_lane = (struct srs_load_lane_out){.csid = 4};
    send_headers(pub);
    if (pub->live && !pub->all->paused)
        srs_load_loop_arm(pub->all->loop, &pub->timer, next_due(pub));
}

static void flush_backlog(struct srs_load_pub *pub)
{
    ssize_t sent = send(pub->watch.fd, pub->backlog, pub->backlog_len, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN)
            pub_fail(pub);
        return;
    }
    pub->backlog_len -= (size_t)sent;
    memmove(pub->backlog, pub->backlog + sent, pub->backlog_len);
    if (pub->backlog_len == 0)
        srs_load_loop_change(pub->all->loop, &pub->watch, EPOLLIN);
}

static void on_readable(struct srs_load_pub *pub)
{
    static uint8_t scratch[65536];
    ssize_t got = recv(pub->watch.fd, scratch, sizeof(scratch), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        pub_fail(pub);
        return;
    }
    if (got < 0 || pub->live)
        return;
    srs_load_rtmp_feed(pub->rtmp, scratch, (size_t)got);
    if (pub->rtmp->step == SRS_LOAD_STEP_FAILED)
        pub_fail(pub);
    else if (pub->rtmp->step == SRS_LOAD_STEP_RUN)
        go_live(pub);
}

static void on_ready(struct srs_load_watch *watch, uint32_t events)
{
    struct srs_load_pub *pub = (struct srs_load_pub *)watch;
    if (!pub->connected) {
        pub->connected = true;
        srs_load_loop_change(pub->all->loop, watch, EPOLLIN);
        srs_load_rtmp_open(pub->rtmp, watch->fd);
        return;
    }
    if ((events & EPOLLOUT) && pub->backlog_len > 0)
        flush_backlog(pub);
    if (watch->fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        on_readable(pub);
}

void srs_load_pubs_init(struct srs_load_pubs *pubs, struct srs_load_loop *loop)
{
    *pubs = (struct srs_load_pubs){.loop = loop};
}

static bool pub_start(struct srs_load_pubs *pubs, size_t index, size_t count)
{
    char stream[SRS_LOAD_NAME_BYTES];
    struct srs_load_pub *pub = srs_load_alloc(1, sizeof(*pub));
    srs_load_target_name(&pubs->target, index, count, stream);
    pub->all = pubs;
    pub->timer.fire = on_timer;
    pub->watch.ready = on_ready;
    // Both the gop and the frames inside 40 ms are spread.
    pub->phase = (GOP_NS + VIDEO_NS) * (srs_nsec)index / (srs_nsec)count;
    pub->rtmp = srs_load_rtmp_new(&pubs->target, stream, true, NULL, NULL);
    pub->watch.fd = srs_load_target_connect(&pubs->target, index, 0);
    pubs->pubs[pubs->count++] = pub;
    if (pub->watch.fd < 0)
        return false;
    srs_load_loop_add(pubs->loop, &pub->watch, EPOLLOUT);
    return true;
}

bool srs_load_pubs_start(struct srs_load_pubs *pubs, const struct srs_load_target *target,
                         size_t count, unsigned bits_per_s)
{
    // A gop's audio is 86 frames and a fraction; 11 and 4 bytes of each tag are FLV's.
    const uint64_t audio = (uint64_t)GOP_NS * AUDIO_HZ / AUDIO_FRAME / (uint64_t)SRS_NSEC_S;
    pubs->target = *target;
    pubs->bits_per_s = bits_per_s;
    pubs->paused = false;
    pubs->pubs = srs_load_alloc(count, sizeof(struct srs_load_pub *));
    pubs->gop_bytes = (GOP_FRAMES - 1 + KEY_WEIGHT) * (uint64_t)inter_bytes(pubs) +
                      audio * audio_bytes() + (audio + GOP_FRAMES) * 15;
    for (size_t i = 0; i < count; i++)
        if (!pub_start(pubs, i, count))
            return false;
    return true;
}

size_t srs_load_pubs_live(const struct srs_load_pubs *pubs)
{
    size_t live = 0;
    for (size_t i = 0; i < pubs->count; i++)
        live += pubs->pubs[i]->live;
    return live;
}

size_t srs_load_pubs_failed(const struct srs_load_pubs *pubs)
{
    size_t failed = 0;
    for (size_t i = 0; i < pubs->count; i++)
        failed += pubs->pubs[i]->failed;
    return failed;
}

void srs_load_pubs_pause(struct srs_load_pubs *pubs)
{
    pubs->paused = true;
    for (size_t i = 0; i < pubs->count; i++)
        srs_load_loop_disarm(pubs->loop, &pubs->pubs[i]->timer);
}

static void skip_to(struct srs_load_pub *pub, srs_nsec now)
{
    while (video_due(pub) < now)
        pub->video_slot++;
    while (audio_due(pub) < now)
        pub->audio_slot++;
}

void srs_load_pubs_resume(struct srs_load_pubs *pubs)
{
    const srs_nsec now = srs_load_now();
    pubs->paused = false;
    pubs->late_max = 0;
    for (size_t i = 0; i < pubs->count; i++) {
        struct srs_load_pub *pub = pubs->pubs[i];
        if (!pub->live)
            continue;
        skip_to(pub, now);
        srs_load_loop_arm(pubs->loop, &pub->timer, next_due(pub));
    }
}

void srs_load_pubs_last(struct srs_load_pubs *pubs)
{
    const srs_nsec now = srs_load_now();
    for (size_t i = 0; i < pubs->count; i++)
        if (pubs->pubs[i]->live)
            send_frame(pubs->pubs[i], true, true, now);
}

void srs_load_pubs_stop(struct srs_load_pubs *pubs)
{
    for (size_t i = 0; i < pubs->count; i++) {
        struct srs_load_pub *pub = pubs->pubs[i];
        if (pub->watch.fd >= 0)
            srs_load_rtmp_bye(pub->rtmp);
        pub_fail(pub);
        srs_load_rtmp_free(pub->rtmp);
        free(pub->backlog);
        free(pub);
    }
    free(pubs->pubs);
    pubs->pubs = NULL;
    pubs->count = 0;
}
