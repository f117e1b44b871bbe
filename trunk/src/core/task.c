// Helper threads. Completions come back through one eventfd per queue, read by a coroutine of the
// queue.
#include "core/task.h"
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/mem.h"
#include "core/task_priv.h"
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREADS_MAX = 16 };

struct chain {
    struct srs_task *first;
    struct srs_task **last;
};

struct srs_task_queue {
    struct srs_list link; // in queues
    const char *name;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct chain waiting;          // under the lock
    struct chain finished;         // under the lock
    bool quit;                     // under the lock
    unsigned started;              // threads, under the lock
    srs_usec running[THREADS_MAX]; // since when its task waited or runs, 0 = none; under the lock
    pthread_t threads[THREADS_MAX];
    unsigned thread_count;
    // The scheduler's side.
    struct srs_io event_io;
    struct srs_scope scope;
    struct srs_event drained;
    size_t pending;
    size_t pending_bytes;
    size_t bytes_max;
    srs_usec age_max;
    bool closing;
};

static struct srs_list queues = {&queues, &queues}; // the scheduler's

static void chain_push(struct chain *chain, struct srs_task *task)
{
    task->next = NULL;
    *chain->last = task;
    chain->last = &task->next;
}

static struct srs_task *chain_pop(struct chain *chain)
{
    struct srs_task *task = chain->first;
    if (task == NULL)
        return NULL;
    chain->first = task->next;
    if (chain->first == NULL)
        chain->last = &chain->first;
    return task;
}

static void *thread_main(void *arg)
{
    struct srs_task_queue *queue = arg;
    const uint64_t one = 1;
    (void)pthread_mutex_lock(&queue->lock);
    srs_usec *running = &queue->running[queue->started++];
    for (;;) {
        struct srs_task *task = chain_pop(&queue->waiting);
        if (task == NULL && queue->quit)
            break;
        if (task == NULL) {
            (void)pthread_cond_wait(&queue->filled, &queue->lock);
            continue;
        }
        *running = task->submitted_at;
        (void)pthread_mutex_unlock(&queue->lock);
        task->result = task->run(task);
        task->story = srs_err_save();
        (void)pthread_mutex_lock(&queue->lock);
        *running = 0;
        chain_push(&queue->finished, task);
        ssize_t n = write(queue->event_io.fd, &one, sizeof one);
        (void)n; // full counter: the reader has not looked yet and will see this one too
    }
    (void)pthread_mutex_unlock(&queue->lock);
    srs_err_thread_end();
    return NULL;
}

static struct srs_task *next_finished(struct srs_task_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    struct srs_task *task = chain_pop(&queue->finished);
    (void)pthread_mutex_unlock(&queue->lock);
    return task;
}

static void deliver_finished(struct srs_task_queue *queue)
{
    SRS_NOYIELD_SCOPE();
    for (struct srs_task *task = next_finished(queue); task != NULL; task = next_finished(queue)) {
        queue->pending--;
        queue->pending_bytes -= task->bytes;
        srs_live_add(SRS_LIVE_TASK, -1);
        srs_err_restore(task->story);
        task->story = NULL;
        task->done(task);
        srs_err_drop(SRS_E_CANCELED, "done has taken the story if it wanted it");
    }
    if (queue->pending == 0)
        srs_event_signal(&queue->drained);
}

static SRS_YIELDS srs_err collect(void *arg)
{
    struct srs_task_queue *queue = arg;
    for (;;) {
        srs_err err = srs_io_wait(&queue->event_io, SRS_IO_READ, SRS_NEVER);
        if (err)
            return err;
        uint64_t count;
        if (read(queue->event_io.fd, &count, sizeof count) != (ssize_t)sizeof count)
            queue->event_io.ready &= (uint8_t)~SRS_IO_READ;
        deliver_finished(queue);
    }
}

static void queue_free(struct srs_task_queue *queue)
{
    srs_list_remove(&queue->link);
    srs_io_close(&queue->event_io);
    (void)pthread_cond_destroy(&queue->filled);
    (void)pthread_mutex_destroy(&queue->lock);
    srs_free(queue);
}

static void join_threads(struct srs_task_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->quit = true;
    (void)pthread_cond_broadcast(&queue->filled);
    (void)pthread_mutex_unlock(&queue->lock);
    for (unsigned i = 0; i < queue->thread_count; i++)
        (void)pthread_join(queue->threads[i], NULL);
}

SRS_ERR srs_task_queue_new(const char *name, unsigned threads, struct srs_task_queue **out)
{
    srs_assert(threads > 0 && threads <= THREADS_MAX);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return srs_fail_sys(SRS_E_ST_CREATE_CYCLE_THREAD, "eventfd of queue %s", name);
    struct srs_task_queue *queue = srs_new(struct srs_task_queue);
    queue->name = name;
    queue->bytes_max = SRS_TASK_QUEUE_BYTES;
    queue->age_max = SRS_TASK_QUEUE_AGE;
    (void)pthread_mutex_init(&queue->lock, NULL);
    (void)pthread_cond_init(&queue->filled, NULL);
    queue->waiting.last = &queue->waiting.first;
    queue->finished.last = &queue->finished.first;
    srs_scope_init(&queue->scope, name);
    srs_err err = srs_io_open(&queue->event_io, fd);
    while (!err && queue->thread_count < threads) {
        if (pthread_create(&queue->threads[queue->thread_count], NULL, thread_main, queue) != 0)
            err = srs_fail(SRS_E_ST_CREATE_CYCLE_THREAD, "thread of queue %s", name);
        else
            queue->thread_count++;
    }
    if (!err)
        err = srs_scope_spawn(&queue->scope, collect, queue);
    if (err) {
        join_threads(queue);
        queue_free(queue);
        return srs_wrap(err, "task queue");
    }
    srs_list_push(&queues, &queue->link);
    *out = queue;
    return SRS_OK;
}

void srs_task_queue_set_limits(struct srs_task_queue *queue, size_t bytes, srs_usec age)
{
    queue->bytes_max = bytes;
    queue->age_max = age;
}

SRS_ERR srs_task_submit(struct srs_task_queue *queue, struct srs_task *task)
{
    if (queue->closing)
        return srs_fail(SRS_E_TASK_QUEUE_FULL, "queue %s is being closed", queue->name);
    if (task->bytes > queue->bytes_max || queue->pending_bytes > queue->bytes_max - task->bytes)
        return srs_fail(SRS_E_TASK_QUEUE_FULL, "queue %s holds %zu bytes", queue->name,
                        queue->pending_bytes);
    task->submitted_at = srs_now();
    (void)pthread_mutex_lock(&queue->lock);
    const struct srs_task *oldest = queue->waiting.first;
    bool stuck = oldest != NULL && task->submitted_at - oldest->submitted_at > queue->age_max;
    if (!stuck) {
        chain_push(&queue->waiting, task);
        (void)pthread_cond_signal(&queue->filled);
    }
    (void)pthread_mutex_unlock(&queue->lock);
    if (stuck)
        return srs_fail(SRS_E_TASK_QUEUE_FULL, "queue %s: its oldest task waits too long",
                        queue->name);
    queue->pending++;
    queue->pending_bytes += task->bytes;
    srs_live_add(SRS_LIVE_TASK, 1);
    return SRS_OK;
}

// What a caller that waits shares with its task's end. It outlives whoever ends first.
struct call {
    struct srs_task task;
    struct srs_task *inner;
    struct srs_event ended;
    bool finished;
    bool abandoned;
    srs_err result;
    struct srs_err_trace *story;
};

static srs_err call_run(struct srs_task *task)
{
    struct call *call = srs_list_entry(task, struct call, task);
    return call->inner->run(call->inner);
}

static void call_done(struct srs_task *task)
{
    struct call *call = srs_list_entry(task, struct call, task);
    call->result = task->result;
    call->story = srs_err_save();
    call->inner->result = task->result;
    call->inner->done(call->inner);
    call->finished = true;
    srs_event_signal(&call->ended);
    if (call->abandoned) {
        srs_err_trace_free(call->story);
        srs_free(call);
    }
}

SRS_YIELDS SRS_ERR srs_task_call(struct srs_task_queue *queue, struct srs_task *task,
                                 srs_usec deadline)
{
    srs_co_may_yield();
    struct call *call = srs_new(struct call);
    call->task = (struct srs_task){.run = call_run, .done = call_done, .bytes = task->bytes};
    call->inner = task;
    srs_err err = srs_task_submit(queue, &call->task);
    if (err) {
        srs_free(call);
        task->done(task);
        return err;
    }
    while (!call->finished && !err)
        err = srs_event_wait(&call->ended, deadline);
    if (!call->finished) {
        call->abandoned = true;
        return err;
    }
    err = call->result;
    srs_err_restore(call->story);
    srs_free(call);
    return err;
}

size_t srs_task_queue_pending(const struct srs_task_queue *queue)
{
    return queue->pending;
}

struct srs_task_queue *srs_task_queue_next(const struct srs_task_queue *at)
{
    struct srs_list *next = at != NULL ? at->link.next : queues.next;
    return next != &queues ? srs_list_entry(next, struct srs_task_queue, link) : NULL;
}

void srs_task_queue_stats(struct srs_task_queue *queue, struct srs_task_queue_stats *out)
{
    *out = (struct srs_task_queue_stats){.name = queue->name,
                                         .threads = queue->thread_count,
                                         .pending = queue->pending,
                                         .bytes = queue->pending_bytes};
    (void)pthread_mutex_lock(&queue->lock);
    out->oldest = queue->waiting.first != NULL ? queue->waiting.first->submitted_at : 0;
    for (unsigned i = 0; i < queue->started; i++)
        if (queue->running[i] != 0 && (out->oldest == 0 || queue->running[i] < out->oldest))
            out->oldest = queue->running[i];
    (void)pthread_mutex_unlock(&queue->lock);
}

SRS_YIELDS bool srs_task_queue_close(struct srs_task_queue *queue, srs_usec deadline)
{
    srs_co_may_yield();
    if (queue == NULL)
        return true;
    queue->closing = true;
    srs_co_shield(1);
    srs_err err = SRS_OK;
    while (queue->pending > 0 && !err)
        err = srs_event_wait(&queue->drained, deadline);
    srs_co_shield(-1);
    if (queue->pending > 0)
        return false;
    join_threads(queue);
    srs_scope_close(&queue->scope);
    queue_free(queue);
    return true;
}
