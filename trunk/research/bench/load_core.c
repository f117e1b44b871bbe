// The ground of the load tool. Invariant: timers run between any two batches of events, and a batch
// is small, so that a publisher's frame leaves on time however many players have something to read.
#include "load_core.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

// 64 events take well under a millisecond: that is the most a due frame waits for players.
#define BATCH_EVENTS 64

static srs_nsec clock_read(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (srs_nsec)ts.tv_sec * SRS_NSEC_S + ts.tv_nsec;
}

srs_nsec srs_load_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

srs_nsec srs_load_cpu(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

void srs_load_die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("bench_load: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *srs_load_alloc(size_t count, size_t size)
{
    void *block = calloc(count, size);
    if (block == NULL)
        srs_load_die("out of memory: items=%zu size=%zu", count, size);
    return block;
}

void *srs_load_grow(void *block, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return block;
    size_t next = *cap ? *cap * 2 : 64;
    if (next < need)
        next = need;
    void *bigger = realloc(block, next * size);
    if (bigger == NULL)
        srs_load_die("out of memory: items=%zu size=%zu", next, size);
    *cap = next;
    return bigger;
}

void srs_load_samples_add(struct srs_load_samples *samples, int64_t value)
{
    samples->values =
        srs_load_grow(samples->values, &samples->cap, samples->count + 1, sizeof(int64_t));
    samples->values[samples->count++] = value;
}

void srs_load_samples_reset(struct srs_load_samples *samples)
{
    samples->count = 0;
}

void srs_load_samples_fini(struct srs_load_samples *samples)
{
    free(samples->values);
    *samples = (struct srs_load_samples){0};
}

static int by_value(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t srs_load_samples_at(struct srs_load_samples *samples, unsigned per_mille)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->values, samples->count, sizeof(int64_t), by_value);
    size_t rank = (samples->count * per_mille + 999) / 1000;
    return samples->values[rank > 0 ? rank - 1 : 0];
}

void srs_load_samples_print(const char *name, struct srs_load_samples *samples)
{
    const double ms = (double)SRS_NSEC_MS;
    printf("\"%s\":{\"n\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, samples->count,
           (double)srs_load_samples_at(samples, 500) / ms,
           (double)srs_load_samples_at(samples, 990) / ms,
           (double)srs_load_samples_at(samples, 1000) / ms);
}

void srs_load_loop_init(struct srs_load_loop *loop)
{
    *loop = (struct srs_load_loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    if (loop->epoll_fd < 0)
        srs_load_die("epoll_create1: %s", strerror(errno));
}

void srs_load_loop_fini(struct srs_load_loop *loop)
{
    close(loop->epoll_fd);
    free(loop->heap);
}

static void control(struct srs_load_loop *loop, int op, struct srs_load_watch *watch,
                    uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, op, watch->fd, &event) < 0)
        srs_load_die("epoll_ctl op=%d fd=%d: %s", op, watch->fd, strerror(errno));
}

void srs_load_loop_add(struct srs_load_loop *loop, struct srs_load_watch *watch, uint32_t events)
{
    control(loop, EPOLL_CTL_ADD, watch, events);
}

void srs_load_loop_change(struct srs_load_loop *loop, struct srs_load_watch *watch, uint32_t events)
{
    control(loop, EPOLL_CTL_MOD, watch, events);
}

void srs_load_loop_remove(struct srs_load_loop *loop, struct srs_load_watch *watch)
{
    control(loop, EPOLL_CTL_DEL, watch, 0);
}

static void heap_put(struct srs_load_loop *loop, size_t place, struct srs_load_timer *timer)
{
    loop->heap[place - 1] = timer;
    timer->place = place;
}

static void heap_up(struct srs_load_loop *loop, struct srs_load_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && loop->heap[place / 2 - 1]->due > timer->due) {
        heap_put(loop, place, loop->heap[place / 2 - 1]);
        place /= 2;
    }
    heap_put(loop, place, timer);
}

static void heap_down(struct srs_load_loop *loop, struct srs_load_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = place * 2;
        if (child > loop->count)
            break;
        if (child < loop->count && loop->heap[child]->due < loop->heap[child - 1]->due)
            child++;
        if (loop->heap[child - 1]->due >= timer->due)
            break;
        heap_put(loop, place, loop->heap[child - 1]);
        place = child;
    }
    heap_put(loop, place, timer);
}

void srs_load_loop_arm(struct srs_load_loop *loop, struct srs_load_timer *timer, srs_nsec due)
{
    if (timer->place == 0) {
        loop->heap =
            srs_load_grow(loop->heap, &loop->cap, loop->count + 1, sizeof(struct srs_load_timer *));
        loop->count++;
        timer->due = due;
        heap_put(loop, loop->count, timer);
    }
    timer->due = due;
    heap_up(loop, timer);
    heap_down(loop, timer);
}

void srs_load_loop_disarm(struct srs_load_loop *loop, struct srs_load_timer *timer)
{
    if (timer->place == 0)
        return;
    struct srs_load_timer *last = loop->heap[loop->count - 1];
    size_t place = timer->place;
    loop->count--;
    timer->place = 0;
    if (last == timer)
        return;
    heap_put(loop, place, last);
    heap_up(loop, last);
    heap_down(loop, last);
}

static srs_nsec run_due(struct srs_load_loop *loop)
{
    srs_nsec now = srs_load_now();
    while (loop->count > 0 && loop->heap[0]->due <= now) {
        struct srs_load_timer *timer = loop->heap[0];
        srs_load_loop_disarm(loop, timer);
        timer->fire(timer, now);
    }
    return now;
}

void srs_load_loop_turn(struct srs_load_loop *loop)
{
    struct epoll_event events[BATCH_EVENTS];
    srs_nsec now = run_due(loop);
    struct timespec wait = {.tv_sec = 1};

    if (loop->count > 0 && loop->heap[0]->due - now < SRS_NSEC_S) {
        srs_nsec left = loop->heap[0]->due - now;
        wait = (struct timespec){.tv_nsec = left > 0 ? left : 0};
    }
    int count = epoll_pwait2(loop->epoll_fd, events, BATCH_EVENTS, &wait, NULL);
    if (count < 0 && errno != EINTR)
        srs_load_die("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct srs_load_watch *watch = events[i].data.ptr;
        if (watch->fd >= 0)
            watch->ready(watch, events[i].events);
    }
}
