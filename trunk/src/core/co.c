// Coroutines on State Threads. This is the only file that includes st.h.
//
// State Threads makes, switches and ends coroutines here and nothing else: waiting, time-outs and
// cancellation are ours. Each coroutine sleeps on a condition variable of its own, so waking,
// timing out and canceling are one signal, none of it is lost while data is ready, and there are no
// one-shot interrupts. Deadlines are armed lazily: a wait only stores its deadline; the timer, once
// armed, looks at it when it fires and moves on.
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/log.h"
#include "core/mem.h"
#include <errno.h>
#include <poll.h>
#include <st.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    CID_SIZE = 16,
    LONG_SLICE_USEC = 10 * 1000,
    LONG_TURN_USEC = 2 * 1000,
    TURN_CPU_USEC = 1000,
    CLOSE_LIMIT_USEC = 5 * 1000 * 1000,
    SESSION_BYTES = 2 * 1024, // of heap that a coroutine's work usually held, for the trim
};
// State Threads hands poll an int of milliseconds: a deadline weeks ahead must not overflow it.
#define IDLE_MAX (3600 * SRS_SEC)

struct srs_co {
    struct srs_list link; // in its scope
    struct srs_scope *scope;
    st_cond_t cond;
    srs_co_fn *fn;
    void *arg;
    const char *name;
    struct srs_err_trace *trace; // while it is switched out
    srs_usec deadline;
    struct srs_timer timer;
    srs_err code; // why it was woken
    int shield;
    bool parked;
    bool woken;
    bool canceled;
    char cid[CID_SIZE];
};

int srs_co_noyield_depth;

static struct srs_co root = {.name = "root"};
static struct srs_co *current = &root;
static _Thread_local bool scheduler_thread;
static st_netfd_t epoll_netfd;
static st_thread_t reactor_thread;
static bool reactor_waits;
static srs_usec slice_start;
static srs_usec turn_start;
static uint64_t turn;
// Those who gave way, in their order. From the next turn on one goes on each turn, and the next
// while the turn is short.
static struct srs_list late = {&late, &late};
srs_usec srs_co_longest_call;
static srs_usec turn_cpu; // the thread's, when it was read last
static srs_usec turn_cpu_at;
static struct srs_co_stats stats;
static srs_co_slice_fn *on_long_slice;

// --- watchdog -----------------------------------------------------------------------------------

static srs_usec thread_cpu(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (srs_usec)ts.tv_sec * SRS_SEC + ts.tv_nsec / 1000;
}

static void begin_slice(srs_usec now)
{
    slice_start = now;
    srs_co_longest_call = 0;
}

static void slice_end(const struct srs_co *co)
{
    srs_usec now = srs_now();
    struct srs_co_slice slice = {
        .name = co->name, .wall = now - slice_start, .call = srs_co_longest_call};
    begin_slice(now);
    stats.switches++;
    if (slice.wall <= LONG_SLICE_USEC)
        return;
    // CPU time since the turn began bounds the slice's from above, so a slice is never called long
    // wrongly by more than the rest of its turn; the clock is a system call and is read only here
    // and at turns, at most once a millisecond.
    srs_usec cpu_now = thread_cpu();
    slice.cpu = cpu_now - turn_cpu;
    turn_cpu = cpu_now;
    turn_cpu_at = now;
    if (slice.cpu <= LONG_SLICE_USEC) {
        slice.kind = SRS_CO_SLICE_PREEMPTED;
        stats.preempted++;
    } else if (slice.wall - slice.call <= LONG_SLICE_USEC) {
        slice.kind = SRS_CO_SLICE_STALLED;
        stats.stalled++;
    } else {
        stats.long_slices++;
    }
    if (on_long_slice != NULL)
        on_long_slice(&slice);
}

void srs_co_on_long_slice(srs_co_slice_fn *fn)
{
    on_long_slice = fn;
}

void srs_co_turn_begins(void)
{
    turn_start = srs_now();
    turn++;
}

bool srs_co_turn_is_long(void)
{
    return slice_start - turn_start > LONG_TURN_USEC;
}

srs_usec srs_co_slice_used(void)
{
    return srs_now() - slice_start;
}

struct srs_co_stats srs_co_stats(void)
{
    struct srs_co_stats now = stats;
    now.stacks = srs_stack_count();
    return now;
}

// --- switching ----------------------------------------------------------------------------------

struct late {
    struct srs_list link;
    struct srs_co *co;
    uint64_t turn; // in which it gave way
};

bool srs_co_wake_late(void)
{
    struct late *first = srs_list_entry(late.next, struct late, link);
    if (srs_list_empty(&late))
        return false;
    if (first->turn != turn) {
        srs_list_remove(&first->link);
        srs_co_wake(first->co, SRS_OK);
    }
    return true;
}

static void leave(struct srs_co *self)
{
    srs_assert(srs_co_noyield_depth == 0);
    self->trace = srs_err_swap(NULL);
    slice_end(self);
    if (!srs_list_empty(&late) && !srs_co_turn_is_long())
        (void)srs_co_wake_late();
}

static void enter(struct srs_co *self)
{
    current = self;
    (void)srs_err_swap(self->trace);
    self->trace = NULL;
}

#ifdef SRS_DEBUG
void srs_co_may_yield(void)
{
    if (srs_co_noyield_depth > 0) {
        (void)fprintf(stderr, "error: coroutine %s may yield inside a no-yield region\n",
                      current->name);
        abort();
    }
}
#endif

static void deadline_fires(struct srs_timer *timer)
{
    struct srs_co *co = srs_list_entry(timer, struct srs_co, timer);
    if (!co->parked || co->woken || co->deadline == SRS_NEVER)
        return;
    if (co->deadline > srs_now()) {
        srs_timer_set(timer, co->deadline);
        return;
    }
    srs_co_wake(co, SRS_E_SOCKET_TIMEOUT);
}

SRS_ERR srs_co_check(void)
{
    return current->canceled && current->shield == 0 ? srs_bare(SRS_E_CANCELED) : SRS_OK;
}

SRS_YIELDS SRS_ERR srs_co_park(srs_usec deadline)
{
    srs_co_may_yield();
    struct srs_co *self = current;
    srs_err err = srs_co_check();
    if (err)
        return err;
    self->woken = false;
    self->deadline = deadline;
    if (deadline != SRS_NEVER && (self->timer.slot == 0 || self->timer.at > deadline))
        srs_timer_set(&self->timer, deadline);
    self->parked = true;
    leave(self);
    while (!self->woken)
        (void)st_cond_wait(self->cond);
    enter(self);
    self->parked = false;
    self->deadline = SRS_NEVER;
    return self->code == SRS_OK ? SRS_OK : srs_bare(self->code);
}

void srs_co_wake(struct srs_co *co, srs_err code)
{
    if (!co->parked)
        return;
    if (!co->woken)
        (void)st_cond_signal(co->cond);
    else if (code != SRS_E_SOCKET_CLOSED)
        return;
    co->woken = true;
    co->code = code;
}

void srs_co_cancel(struct srs_co *co)
{
    co->canceled = true;
    if (co->shield == 0)
        srs_co_wake(co, SRS_E_CANCELED);
}

bool srs_co_canceled(void)
{
    return current->canceled && current->shield == 0;
}

void srs_co_shield(int step)
{
    current->shield += step;
}

SRS_YIELDS SRS_ERR srs_co_breathe(void)
{
    srs_co_may_yield();
    struct srs_co *self = current;
    srs_err err = srs_co_check();
    if (err)
        return err;
    self->code = SRS_OK;
    self->parked = true;
    self->woken = true; // nothing needs to wake it, but a close can still leave word
    leave(self);
    (void)st_usleep(
        0); // through the idle loop: a look at the epoll descriptor, then those who are ready
    slice_start = srs_now();
    enter(self);
    self->parked = false;
    return self->code != SRS_OK ? srs_bare(self->code) : srs_co_check();
}

SRS_YIELDS SRS_ERR srs_co_give_way(void)
{
    srs_co_may_yield();
    struct late me = {.co = current, .turn = turn};
    if (srs_list_empty(&late))
        srs_co_idle_interrupt();
    srs_list_push(&late, &me.link);
    srs_err err = srs_co_park(SRS_NEVER);
    srs_list_remove(&me.link);
    return err;
}

SRS_YIELDS SRS_ERR srs_co_sleep(srs_usec deadline)
{
    srs_co_may_yield();
    if (deadline <= srs_now())
        return srs_co_breathe();
    srs_err err = srs_co_park(deadline);
    return err == SRS_E_SOCKET_TIMEOUT ? SRS_OK : err;
}

// --- the scheduler ------------------------------------------------------------------------------

// State Threads' idle loop rounds its time-outs down to milliseconds and would spin through the
// last part of one, so its clock counts whole milliseconds and it is only ever given whole
// milliseconds.
static st_utime_t clock_ms(void)
{
    return (st_utime_t)(srs_now() / 1000) * 1000;
}

void srs_co_idle_wait(srs_usec timeout)
{
    struct srs_co *self = current;
    srs_usec bounded = timeout < IDLE_MAX ? timeout : IDLE_MAX;
    st_utime_t whole_ms =
        timeout == SRS_NEVER ? ST_UTIME_NO_TIMEOUT : (st_utime_t)((bounded + 999) / 1000 * 1000);
    leave(self);
    reactor_waits = true;
    (void)st_netfd_poll(epoll_netfd, POLLIN, whole_ms);
    reactor_waits = false;
    begin_slice(srs_now());
    enter(self);
    stats.turns++;
    if (slice_start - turn_cpu_at > TURN_CPU_USEC) {
        turn_cpu = thread_cpu();
        turn_cpu_at = slice_start;
    }
}

void srs_co_idle_interrupt(void)
{
    if (!reactor_waits)
        return;
    reactor_waits = false;
    st_thread_interrupt(reactor_thread);
}

static st_thread_t make_thread(void *(*main)(void *), void *arg)
{
    srs_stack_making(true);
    st_thread_t thread = st_thread_create(main, arg, 0, SRS_STACK_SIZE);
    srs_stack_making(false);
    if (thread != NULL)
        srs_stack_in_use(thread);
    return thread;
}

static void *reactor_main(void *arg)
{
    (void)arg;
    static struct srs_co reactor = {.name = "reactor"};
    current = &reactor;
    srs_reactor_loop();
    return NULL;
}

SRS_ERR srs_co_start_reactor(int epoll_fd)
{
    epoll_netfd = st_netfd_open(epoll_fd);
    if (epoll_netfd == NULL)
        return srs_fail_sys(SRS_E_ST_OPEN_SOCKET, "epoll descriptor");
    reactor_thread = make_thread(reactor_main, NULL);
    if (reactor_thread == NULL)
        return srs_fail_sys(SRS_E_ST_CREATE_CYCLE_THREAD, "reactor coroutine");
    return SRS_OK;
}

SRS_ERR srs_co_init(void)
{
    if (st_set_utime_function(clock_ms) != 0 || st_set_eventsys(ST_EVENTSYS_POLL) != 0)
        return srs_fail_sys(SRS_E_ST_SET_EPOLL, "event system of State Threads");
    if (st_init() != 0)
        return srs_fail_sys(SRS_E_ST_INITIALIZE, "State Threads");
    root.cond = st_cond_new();
    root.timer.fire = deadline_fires;
    root.deadline = SRS_NEVER;
    scheduler_thread = true;
    slice_start = srs_now();
    srs_err err = srs_reactor_init();
    return err ? srs_wrap(err, "reactor") : SRS_OK;
}

// --- scopes -------------------------------------------------------------------------------------

void srs_scope_init(struct srs_scope *scope, const char *name)
{
    *scope = (struct srs_scope){.name = name};
    srs_list_init(&scope->children);
}

static void co_free(struct srs_co *co)
{
    srs_timer_cancel(&co->timer);
    (void)st_cond_destroy(co->cond);
    srs_err_trace_free(srs_err_swap(NULL));
    srs_free(co);
    srs_mem_note_freed(SESSION_BYTES);
    srs_live_add(SRS_LIVE_CO, -1);
    stats.coroutines--;
}

// A child that was canceled before its first turn runs all the same, so that it frees what it was
// given: its first yielding call says CANCELED. Its record goes here and its stack when the reactor
// next runs: a finished child leaves nothing behind.
static void *co_main(void *arg)
{
    struct srs_co *self = arg;
    enter(self);
    srs_err err = self->fn(self->arg);
    if (err != SRS_E_CANCELED)
        srs_err_log(err, self->name, "coroutine ended"); // silent for SRS_OK
    else
        srs_err_drop(err, "asked to end");
    struct srs_scope *scope = self->scope;
    srs_list_remove(&self->link);
    if (--scope->count == 0 && scope->closer != NULL)
        srs_co_wake(scope->closer, SRS_OK);
    slice_end(self);
    co_free(self);
    current = NULL;
    srs_stack_ended(&scope);
    return NULL;
}

SRS_ERR srs_scope_spawn(struct srs_scope *scope, srs_co_fn *fn, void *arg)
{
    if (scope->closer != NULL)
        return srs_bare(SRS_E_CANCELED);
    struct srs_co *co = srs_new(struct srs_co);
    co->cond = st_cond_new();
    if (co->cond == NULL) {
        srs_free(co);
        return srs_fail(SRS_E_NO_MEMORY, "coroutine in %s", scope->name);
    }
    co->scope = scope;
    co->fn = fn;
    co->arg = arg;
    co->name = scope->name;
    co->deadline = SRS_NEVER;
    co->timer.fire = deadline_fires;
    memcpy(co->cid, current->cid, sizeof co->cid);
    st_thread_t thread = make_thread(co_main, co);
    if (thread == NULL) {
        (void)st_cond_destroy(co->cond);
        srs_free(co);
        return srs_fail_sys(SRS_E_STACKS, "coroutine in %s", scope->name);
    }
    srs_list_push(&scope->children, &co->link);
    scope->count++;
    srs_live_add(SRS_LIVE_CO, 1);
    stats.coroutines++;
    return SRS_OK;
}

void srs_scope_cancel(struct srs_scope *scope)
{
    if (scope->children.next == NULL)
        return;
    srs_list_each (node, &scope->children)
        srs_co_cancel(srs_list_entry(node, struct srs_co, link));
}

static void close_overdue(const struct srs_scope *scope)
{
#ifdef SRS_DEBUG
    const struct srs_co *first = srs_list_entry(scope->children.next, struct srs_co, link);
    (void)fprintf(stderr, "error: coroutine %s of scope %s did not end when canceled\n",
                  first->name, scope->name);
    abort();
#else
    (void)scope;
#endif
}

SRS_YIELDS void srs_scope_close(struct srs_scope *scope)
{
    srs_co_may_yield();
    srs_scope_cancel(scope);
    scope->closer = current;
    srs_co_shield(1);
    while (scope->count > 0) {
        srs_err err = srs_co_park(srs_now() + CLOSE_LIMIT_USEC);
        if (err == SRS_E_SOCKET_TIMEOUT && scope->count > 0)
            close_overdue(scope);
    }
    srs_co_shield(-1);
    scope->closer = NULL;
}

// --- identity -----------------------------------------------------------------------------------

struct srs_co *srs_co_self(void)
{
    return current;
}

bool srs_co_on_scheduler(void)
{
    return scheduler_thread;
}

void srs_co_set_name(const char *name)
{
    current->name = name;
}

const char *srs_co_name(const struct srs_co *co)
{
    return co != NULL ? co->name : "none";
}

void srs_co_trim_stack(void)
{
    srs_stack_trim();
}

const char *srs_co_cid(void)
{
    return scheduler_thread && current != NULL ? current->cid : "";
}

void srs_co_set_cid(const char *cid)
{
    (void)snprintf(current->cid, sizeof current->cid, "%s", cid);
}

void srs_co_new_cid(void)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv"; // 32, so five bits each
    uint8_t bytes[8];
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes)
        memset(bytes, (int)srs_now(), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        current->cid[i] = letters[bytes[i] % 32];
    current->cid[sizeof bytes] = '\0';
}

// --- events -------------------------------------------------------------------------------------

struct waiter {
    struct srs_list link;
    struct srs_co *co;
};

SRS_YIELDS SRS_ERR srs_event_wait(struct srs_event *event, srs_usec deadline)
{
    srs_co_may_yield();
    if (event->waiters.next == NULL)
        srs_list_init(&event->waiters);
    struct waiter waiter = {.co = current};
    srs_list_push(&event->waiters, &waiter.link);
    srs_err err = srs_co_park(deadline);
    srs_list_remove(&waiter.link);
    return err;
}

void srs_event_signal(struct srs_event *event)
{
    if (event->waiters.next == NULL)
        return;
    while (!srs_list_empty(&event->waiters)) {
        struct waiter *waiter = srs_list_entry(event->waiters.next, struct waiter, link);
        srs_list_remove(&waiter->link);
        srs_co_wake(waiter->co, SRS_OK);
    }
}
