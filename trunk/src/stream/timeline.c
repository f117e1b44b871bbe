#include "stream/timeline.h"

// SRS's own bound for a jump, which its users know.
static const srs_usec jump_usec = 250 * SRS_MSEC;
// A track that begins later than the others may stand apart from them by this much.
static const srs_usec skew_usec = 10 * SRS_SEC;
// Between the last packet before a mended jump and the first after it, when they come at once:
// about a frame.
static const srs_usec step_usec = 10 * SRS_MSEC;

void srs_timeline_restart(struct srs_timeline *timeline)
{
    timeline->restarted = timeline->started;
    timeline->has_former = false;
    for (unsigned i = 0; i < SRS_TIMELINE_TRACKS;
         i++) // how far its tracks stand apart is its own affair
        timeline->seen[i] = false;
}

void srs_timeline_follow(struct srs_timeline *timeline, const struct srs_timeline *other)
{
    if (!timeline->started || timeline->last_out < other->last_out) {
        timeline->last_out = other->last_out;
        timeline->last_arrived = other->last_arrived;
    }
    timeline->started = true;
    srs_timeline_restart(timeline);
}

static bool fits(const struct srs_timeline *timeline, unsigned track, srs_usec out,
                 srs_usec arrived)
{
    if (!timeline->seen[track])
        return out >= timeline->last_out - skew_usec && out <= timeline->last_out + skew_usec;
    srs_usec step = out - timeline->last[track];
    if (step < -jump_usec)
        return false;
    // A longer step is a pause when the sender is no further ahead of arrival than it has been
    // before, or when the other tracks have got there.
    return step <= jump_usec || out - arrived <= timeline->lead + jump_usec ||
           out <= timeline->last_out + jump_usec;
}

// The offset that puts this packet right behind the last one of its own track, so that tracks that
// stand apart do so after it too, whichever comes first.
static srs_usec mend(struct srs_timeline *timeline, unsigned track, srs_usec dts, srs_usec arrived)
{
    bool seen = timeline->seen[track];
    srs_usec waited = arrived - (seen ? timeline->arrived[track] : timeline->last_arrived);
    srs_usec out = (seen ? timeline->last[track] : timeline->last_out) +
                   (waited > step_usec ? waited : step_usec);
    timeline->former = timeline->offset;
    timeline->has_former = !timeline->restarted;
    timeline->restarted = false;
    timeline->offset = out - dts;
    return timeline->offset;
}

srs_usec srs_timeline_offset(struct srs_timeline *timeline, unsigned track, srs_usec dts,
                             srs_usec arrived, bool *jumped)
{
    srs_usec offset = timeline->offset;
    *jumped = false;
    if (!timeline->started) {
        timeline->started = true;
        timeline->last_out = dts;
        timeline->lead = dts - arrived;
    } else if (timeline->restarted || !fits(timeline, track, dts + offset, arrived)) {
        bool former = !timeline->restarted && timeline->has_former &&
                      fits(timeline, track, dts + timeline->former, arrived);
        *jumped = !former;
        offset = former ? timeline->former : mend(timeline, track, dts, arrived);
    }
    srs_usec out = dts + offset;
    timeline->seen[track] = true;
    timeline->last[track] = out;
    timeline->arrived[track] = arrived;
    timeline->last_out = out > timeline->last_out ? out : timeline->last_out;
    timeline->lead = out - arrived > timeline->lead ? out - arrived : timeline->lead;
    timeline->last_arrived = arrived;
    return offset;
}
