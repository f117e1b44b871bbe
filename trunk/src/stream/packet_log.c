#include "stream/packet_log.h"
#include "core/assert.h"
#include "core/mem.h"

enum { RING_MIN = 64 };

// A stream without video has no gops: joiners get what came in the last two seconds. Video that has
// been away for longer than that has stopped.
static const srs_usec audio_window = 2 * SRS_SEC;

void srs_packet_log_init(struct srs_packet_log *log, const struct srs_log_limits *limits,
                         struct srs_log_budget *budget)
{
    *log = (struct srs_packet_log){.limits = *limits, .budget = budget, .gop = SRS_LOG_NO_GOP};
}

void srs_packet_log_end_gops(struct srs_packet_log *log)
{
    log->gop = SRS_LOG_NO_GOP;
    log->has_video = false;
    log->begin = log->next;
}

// A version of a track counts once, however many packets need it.
static size_t add_bytes(const struct srs_packet *packet)
{
    struct srs_track *track = packet->track;
    return srs_packet_bytes(packet) + (track->logged++ == 0 ? srs_track_bytes(track) : 0);
}

static size_t take_bytes(const struct srs_packet *packet)
{
    struct srs_track *track = packet->track;
    return srs_packet_bytes(packet) + (--track->logged == 0 ? srs_track_bytes(track) : 0);
}

static void drop_until(struct srs_packet_log *log, uint64_t number)
{
    size_t before = log->bytes;
    if (log->first >= number)
        return;
    while (log->first < number) {
        struct srs_packet *packet = srs_packet_log_at(log, log->first);
        log->ring[log->first & (log->capacity - 1)] = NULL;
        log->first++;
        log->bytes -= take_bytes(packet);
        packet->log = NULL;
        srs_packet_unref(packet);
    }
    if (log->budget != NULL)
        log->budget->used -= before - log->bytes;
    if (log->first < log->next)
        log->oldest_arrived = srs_packet_log_at(log, log->first)->head.arrived;
    if (log->gop < log->first)
        log->gop = SRS_LOG_NO_GOP;
}

void srs_packet_log_recount(struct srs_packet_log *log, size_t before, size_t after)
{
    log->bytes += after - before;
    if (log->budget != NULL)
        log->budget->used += after - before;
}

void srs_packet_log_set_beside(struct srs_packet_log *log, size_t bytes)
{
    if (log->budget != NULL)
        log->budget->used += bytes - log->beside;
    log->beside = bytes;
}

void srs_packet_log_clear(struct srs_packet_log *log)
{
    drop_until(log, log->next);
    srs_packet_log_end_gops(log);
    srs_free(log->ring);
    log->ring = NULL;
    log->capacity = 0;
}

void srs_packet_log_fini(struct srs_packet_log *log)
{
    srs_packet_log_clear(log);
    srs_packet_log_set_beside(log, 0);
}

void srs_packet_log_trim(struct srs_packet_log *log, uint64_t oldest)
{
    uint64_t keep = log->gop < oldest ? log->gop : oldest;
    drop_until(log, keep < log->next ? keep : log->next);
}

static SRS_ERR grow(struct srs_packet_log *log)
{
    size_t capacity = log->capacity > 0 ? log->capacity * 2 : RING_MIN;
    struct srs_packet **ring = srs_try_alloc(capacity * sizeof(struct srs_packet *));
    if (ring == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "log of %zu packets", capacity);
    for (uint64_t i = log->first; i < log->next; i++)
        ring[i & (capacity - 1)] = srs_packet_log_at(log, i);
    srs_free(log->ring);
    log->ring = ring;
    log->capacity = capacity;
    return SRS_OK;
}

void srs_packet_log_set_limits(struct srs_packet_log *log, const struct srs_log_limits *limits)
{
    log->limits = *limits;
    if (!limits->gop_cache)
        log->gop = SRS_LOG_NO_GOP;
}

bool srs_packet_log_over_part(const struct srs_packet_log *log)
{
    const struct srs_log_budget *budget = log->budget;
    return budget != NULL && budget->used > budget->limit &&
           log->bytes + log->beside > budget->part;
}

static bool over_limit(const struct srs_packet_log *log)
{
    const struct srs_packet *newest = srs_packet_log_at(log, log->next - 1);
    return log->next - log->first > log->limits.packets || log->bytes > log->limits.bytes ||
           newest->head.arrived - log->oldest_arrived > log->limits.age ||
           srs_packet_log_over_part(log);
}

static bool is_gop_start(const struct srs_packet *packet)
{
    unsigned want =
        SRS_PACKET_KEY | SRS_PACKET_MAIN; // tracks need not have their key frames together
    return packet->head.kind == SRS_KIND_VIDEO && (packet->head.flags & want) == want;
}

static void move_audio_gop(struct srs_packet_log *log, srs_usec now)
{
    if (log->gop == SRS_LOG_NO_GOP)
        log->gop = log->first > log->begin ? log->first : log->begin;
    while (log->gop + 1 < log->next &&
           srs_packet_log_at(log, log->gop)->head.arrived < now - audio_window)
        log->gop++;
}

// Without a gop to keep whole the oldest packet goes, else all up to the next gop. A current gop
// that is too long is none from here on: what live cursors need stays, for a viewer that keeps up
// must not pay for a publisher's rare key frames.
static void drop_gop(struct srs_packet_log *log, uint64_t oldest)
{
    uint64_t number = log->first + 1;
    bool keeps_gop = log->has_video && log->gop != SRS_LOG_NO_GOP;
    if (keeps_gop && log->gop == log->first) {
        srs_usec now = srs_packet_log_at(log, log->next - 1)->head.arrived;
        log->has_video = now - log->video_arrived <= audio_window;
        log->gop = SRS_LOG_NO_GOP;
        if (!log->has_video)
            move_audio_gop(log, now);
        srs_packet_log_trim(log, oldest);
        return;
    }
    while (keeps_gop && number < log->gop && !is_gop_start(srs_packet_log_at(log, number)))
        number++;
    drop_until(log, number);
}

void srs_packet_log_give_way(struct srs_packet_log *log, uint64_t oldest)
{
    while (log->first + 1 < log->next && over_limit(log)) // the newest stays, whatever its size
        drop_gop(log, oldest);
}

SRS_ERR srs_packet_log_push(struct srs_packet_log *log, struct srs_packet *packet, uint64_t oldest)
{
    if (log->next - log->first == log->capacity) {
        srs_err err = grow(log);
        if (err) {
            srs_packet_unref(packet);
            return srs_wrap(err, "packet lost");
        }
    }
    uint64_t number = log->next++;
    log->ring[number & (log->capacity - 1)] = packet;
    packet->log = log;
    size_t before = log->bytes;
    log->bytes += add_bytes(packet);
    if (log->budget != NULL)
        log->budget->used += log->bytes - before;
    if (number == log->first)
        log->oldest_arrived = packet->head.arrived;
    if (packet->head.kind == SRS_KIND_VIDEO) {
        log->video_arrived = packet->head.arrived;
        if (!log->has_video)
            log->gop = SRS_LOG_NO_GOP; // from here on gops count
        log->has_video = true;
    }
    if (!log->limits.gop_cache)
        log->gop = SRS_LOG_NO_GOP;
    else if (is_gop_start(packet))
        log->gop = number;
    else if (!log->has_video)
        move_audio_gop(log, packet->head.arrived);
    srs_packet_log_trim(log, oldest);
    if (srs_packet_log_over_part(log))
        log->budget->shed_at = srs_packet_log_at(log, log->next - 1)->head.arrived;
    srs_packet_log_give_way(log, oldest);
    return SRS_OK;
}
