// Timers: a binary heap of pointers; each timer knows its place, so that moving and cancelling one
// is O(log n).
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/mem.h"
#include "core/timer_priv.h"
#include <stdlib.h>

static struct srs_timer **heap;
static unsigned count;
static unsigned capacity;
// The time of the round that runs, else 0. What is set in it is due in a later one, so a timer that
// sets itself to the past holds up nobody.
static srs_usec running_at;

static void place(unsigned i, struct srs_timer *timer)
{
    heap[i] = timer;
    timer->slot = i + 1;
}

static void sift_up(unsigned i)
{
    struct srs_timer *timer = heap[i];
    while (i > 0 && heap[(i - 1) / 2]->at > timer->at) {
        place(i, heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(i, timer);
}

static void sift_down(unsigned i)
{
    struct srs_timer *timer = heap[i];
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= count)
            break;
        if (child + 1 < count && heap[child + 1]->at < heap[child]->at)
            child++;
        if (heap[child]->at >= timer->at)
            break;
        place(i, heap[child]);
        i = child;
    }
    place(i, timer);
}

void srs_timer_set(struct srs_timer *timer, srs_usec at)
{
    srs_assert(timer->fire != NULL);
    timer->at = at > running_at ? at : running_at + 1;
    if (timer->slot == 0) {
        if (count == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 64;
            heap = realloc(heap, capacity * sizeof(void *));
            srs_assert(heap != NULL);
        }
        place(count++, timer);
    }
    unsigned i = timer->slot - 1;
    sift_up(i);
    sift_down(timer->slot - 1);
    if (heap[0] == timer)
        srs_co_idle_interrupt();
}

void srs_timer_cancel(struct srs_timer *timer)
{
    if (timer->slot == 0)
        return;
    unsigned i = timer->slot - 1;
    timer->slot = 0;
    struct srs_timer *last = heap[--count];
    if (last == timer)
        return;
    place(i, last);
    sift_up(i);
    sift_down(last->slot - 1);
}

srs_usec srs_timers_run(srs_usec now)
{
    SRS_NOYIELD_SCOPE();
    running_at = now;
    while (count > 0 && heap[0]->at <= now) {
        struct srs_timer *timer = heap[0];
        srs_timer_cancel(timer);
        timer->fire(timer);
    }
    running_at = 0;
    return count > 0 ? heap[0]->at : SRS_NEVER;
}
