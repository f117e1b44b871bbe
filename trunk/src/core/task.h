// Helper threads: work that blocks (files, libraries that wait), done off the scheduler, one queue
// per root or kind.
//
// A job borrows what it works on: whoever submits keeps it alive until `done` has run on the
// scheduler's thread, also when the waiter was canceled meanwhile; `done` then frees it. A queue is
// bounded in bytes and in age: behind a hung disk it refuses, and other queues go on.
#pragma once
#include "core/co.h"
#include <stddef.h>

struct srs_task_queue;

struct srs_task {
    // In the helper thread. An error is returned with its story.
    srs_err (*run)(struct srs_task *task);
    // On the scheduler's thread, once, after run; frees what the task holds, and the task itself.
    // May not yield.
    void (*done)(struct srs_task *task);
    size_t bytes; // counted against the queue's limit
    srs_err result;
    // Filled by the queue.
    struct srs_task *next;
    struct srs_err_trace *story;
    srs_usec submitted_at;
};

enum { SRS_TASK_QUEUE_BYTES = 64 * 1024 * 1024 };
#define SRS_TASK_QUEUE_AGE (10 * SRS_SEC)

// Starts `threads` threads; the name is static. Scheduler's thread only, like all of this module.
SRS_ERR srs_task_queue_new(const char *name, unsigned threads, struct srs_task_queue **out);

// TASK_QUEUE_FULL when the oldest waiting task is older than the limit or the bytes would exceed
// theirs: then `done` is not called and the caller keeps the task.
SRS_ERR srs_task_submit(struct srs_task_queue *queue, struct srs_task *task);

// Submits and waits. The task must be on the heap and be freed by its own `done`, since it outlives
// a canceled waiter; the outcome of run (with its story), CANCELED, SOCKET_TIMEOUT, or
// TASK_QUEUE_FULL (then `done` has been called).
SRS_YIELDS SRS_ERR srs_task_call(struct srs_task_queue *queue, struct srs_task *task,
                                 srs_usec deadline);

// Tasks submitted and not yet done.
size_t srs_task_queue_pending(const struct srs_task_queue *queue);

// Of all queues there are: the next one behind `at`, NULL for the first and at the end.
struct srs_task_queue_stats {
    const char *name;
    unsigned threads;
    size_t pending; // tasks
    size_t bytes;
    srs_usec oldest; // since when the oldest of them waits or runs; 0 without any
};
struct srs_task_queue *srs_task_queue_next(const struct srs_task_queue *at);
void srs_task_queue_stats(struct srs_task_queue *queue, struct srs_task_queue_stats *out);

// Takes no more tasks and waits until the deadline for those that are in it. False when some still
// hang in their thread: the queue, its threads and their tasks are then left behind, and the
// process should end soon.
SRS_YIELDS bool srs_task_queue_close(struct srs_task_queue *queue, srs_usec deadline);
