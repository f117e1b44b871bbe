#include "server/deliver/beat.h"
#include "core/mem.h"
#include "server/deliver/viewer.h"

enum {
    TICK_USEC = 10 * 1000, // beats are multiples of it, so that sources share wake-ups
    BATCH_USEC = 1000,     // of flushing, then the others' turn
};

struct srs_beat {
    struct srs_list ready; // members to be flushed, or in the middle of it
    struct srs_event filled;
    uint32_t members; // made so far: spreads the beats' phases
};

struct member {
    struct srs_list link; // in ready
    struct srs_beat *beat;
    struct srs_source *source;
    struct srs_timer timer;
    struct srs_beat_timing timing;
    srs_usec phase;
    unsigned waiting; // packets since the last walk began, where they count
    bool again;       // packets came while it was walked
};

static void request(struct member *member)
{
    srs_timer_cancel(&member->timer);
    if (srs_list_linked(&member->link)) {
        member->again = true;
        return;
    }
    srs_list_push(&member->beat->ready, &member->link);
    srs_event_signal(&member->beat->filled);
}

static void timer_fires(struct srs_timer *timer)
{
    request(srs_list_entry(timer, struct member, timer));
}

SRS_ERR srs_beat_attach(struct srs_beat *beat, struct srs_source *source,
                        const struct srs_beat_timing *timing)
{
    struct member *member = source->user;
    if (member == NULL) {
        member = srs_try_alloc(sizeof *member);
        if (member == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "beat of a source");
        *member = (struct member){.beat = beat, .source = source, .timer.fire = timer_fires};
        // Neighbours in time of creation get phases far apart: 13 is prime to any usual number of
        // ticks.
        member->phase = (srs_usec)(beat->members++ % 1000) * 13 * TICK_USEC;
        source->user = member;
    }
    member->timing = *timing;
    return SRS_OK;
}

static srs_usec next_beat(const struct member *member, srs_usec now)
{
    srs_usec period = member->timing.period / TICK_USEC * TICK_USEC;
    if (period < TICK_USEC)
        period = TICK_USEC;
    srs_usec phase = member->phase % period;
    return (now - phase) / period * period + period + phase;
}

static void on_pushed(struct srs_source *source, const struct srs_packet *packet)
{
    struct member *member = source->user;
    if (member == NULL)
        return;
    if (!member->timing.min_latency) {
        if (member->timing.packets > 0 && ++member->waiting >= member->timing.packets)
            request(member);
        else if (member->timer.slot == 0)
            srs_timer_set(&member->timer, next_beat(member, packet->head.arrived));
    } else if (packet->head.kind == SRS_KIND_VIDEO || !source->log.has_video ||
               member->timing.audio_gather == 0) {
        request(member);
    } else if (member->timer.slot == 0) {
        srs_timer_set(&member->timer, packet->head.arrived + member->timing.audio_gather);
    }
}

static void on_changed(struct srs_source *source)
{
    struct member *member = source->user;
    if (member != NULL && source->publisher == NULL && source->consumer_count > 0)
        request(member); // what is in the log still goes out
}

static void on_freed(struct srs_source *source)
{
    struct member *member = source->user;
    if (member == NULL)
        return;
    srs_timer_cancel(&member->timer);
    srs_list_remove(&member->link);
    srs_free(member);
    source->user = NULL;
}

const struct srs_source_ops srs_beat_source_ops = {
    .pushed = on_pushed, .changed = on_changed, .freed = on_freed};

// Flushes viewers until the batch is over; true when the walk is through.
static bool walk_batch(struct srs_source *source, srs_usec until)
{
    struct srs_consumer *consumer = srs_source_walk_next(source);
    while (consumer != NULL) {
        srs_viewer_flush(srs_viewer_of(consumer));
        if (srs_now() >= until)
            return false;
        consumer = srs_source_walk_next(source);
    }
    return true;
}

// One member's share; it goes to the end of the line while there is more to do for it.
static void serve(struct member *member, srs_usec until)
{
    struct srs_source *source = srs_source_ref(member->source);
    if (!srs_source_walking(source)) {
        member->again = false;
        member->waiting = 0;
        srs_source_walk_begin(source);
    }
    bool through = walk_batch(source, until);
    srs_list_remove(&member->link);
    if (!through || member->again)
        srs_list_push(&member->beat->ready, &member->link);
    srs_source_unref(source);
}

static SRS_YIELDS srs_err flush_sources(void *arg)
{
    struct srs_beat *beat = arg;
    for (;;) {
        srs_err err = SRS_OK;
        if (srs_list_empty(&beat->ready))
            err = srs_event_wait(&beat->filled, SRS_NEVER);
        else
            err = srs_co_breathe();
        if (err)
            return err;
        srs_usec until = srs_now() + BATCH_USEC;
        while (!srs_list_empty(&beat->ready) && srs_now() < until)
            serve(srs_list_entry(beat->ready.next, struct member, link), until);
    }
}

SRS_ERR srs_beat_new(struct srs_scope *scope, struct srs_beat **out)
{
    struct srs_beat *beat = srs_new(struct srs_beat);
    srs_list_init(&beat->ready);
    srs_err err = srs_scope_spawn(scope, flush_sources, beat);
    if (err) {
        srs_free(beat);
        return srs_wrap(err, "beat");
    }
    *out = beat;
    return SRS_OK;
}

void srs_beat_free(struct srs_beat *beat)
{
    srs_free(beat);
}
