#pragma once
// What every part of the load tool stands on: the clock, memory, collected figures, and one epoll
// loop with timers.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Nanoseconds of CLOCK_MONOTONIC. Stamps inside frames use the same clock, so both ends share one
// machine.
typedef int64_t srs_nsec;

#define SRS_NSEC_S  INT64_C(1000000000)
#define SRS_NSEC_MS INT64_C(1000000)

srs_nsec srs_load_now(void);

// CPU time of this process, user and system.
srs_nsec srs_load_cpu(void);

// Prints the reason on stderr and ends the program: for what makes a measurement worthless.
_Noreturn void srs_load_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// Zeroed memory; ends the program on exhaustion.
void *srs_load_alloc(size_t count, size_t size);

// Grows *cap to at least need items and returns the block, which may have moved.
void *srs_load_grow(void *block, size_t *cap, size_t need, size_t size);

// A list of figures of which percentiles are taken.
struct srs_load_samples {
    int64_t *values;
    size_t count;
    size_t cap;
};

void srs_load_samples_add(struct srs_load_samples *samples, int64_t value);
void srs_load_samples_reset(struct srs_load_samples *samples);
void srs_load_samples_fini(struct srs_load_samples *samples);

// The value that `per_mille` of the list do not exceed (1000 is the maximum); 0 for an empty list.
// Sorts the list.
int64_t srs_load_samples_at(struct srs_load_samples *samples, unsigned per_mille);

// Prints `"name":{"n":..,"p50":..,"p99":..,"max":..}` with nanoseconds shown as milliseconds.
void srs_load_samples_print(const char *name, struct srs_load_samples *samples);

// A descriptor in the loop, embedded in its owner as the first member. The owner outlives the batch
// of events in which it is closed: objects are freed only by commands, and commands run between two
// batches.
struct srs_load_watch {
    int fd;
    void (*ready)(struct srs_load_watch *watch, uint32_t events);
};

// A timer, embedded in its owner as the first member of its own struct or reached with offsetof.
struct srs_load_timer {
    srs_nsec due;
    size_t place; // 1-based place in the heap, 0 when not armed
    void (*fire)(struct srs_load_timer *timer, srs_nsec now);
};

struct srs_load_loop {
    int epoll_fd;
    struct srs_load_timer **heap;
    size_t count;
    size_t cap;
};

void srs_load_loop_init(struct srs_load_loop *loop);
void srs_load_loop_fini(struct srs_load_loop *loop);
void srs_load_loop_add(struct srs_load_loop *loop, struct srs_load_watch *watch, uint32_t events);
void srs_load_loop_change(struct srs_load_loop *loop, struct srs_load_watch *watch,
                          uint32_t events);
void srs_load_loop_remove(struct srs_load_loop *loop, struct srs_load_watch *watch);

// Arms the timer, or moves it when it is armed already.
void srs_load_loop_arm(struct srs_load_loop *loop, struct srs_load_timer *timer, srs_nsec due);
void srs_load_loop_disarm(struct srs_load_loop *loop, struct srs_load_timer *timer);

// Runs what is due, then waits for one batch of events, at most to the next timer.
void srs_load_loop_turn(struct srs_load_loop *loop);
