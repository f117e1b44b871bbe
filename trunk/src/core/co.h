// Coroutines: scopes, sticky cancellation, deadlines, no-yield regions, on State Threads and one
// epoll reactor.
//
// One scheduler per process, on the thread that called srs_co_init. A coroutine starts only inside
// a scope; closing the scope cancels the children and waits for the last. Once canceled, every
// yielding call returns CANCELED at entry.
#pragma once
#include "core/err.h"
#include "core/list.h"
#include "core/time.h"

// Stands on the prototype of each function that may switch to another coroutine, and on callback
// types that may.
#define SRS_YIELDS

struct srs_co;

typedef SRS_YIELDS srs_err srs_co_fn(void *arg);

// Starts the scheduler; the caller becomes the root coroutine. Once per process, before any thread
// is made.
SRS_ERR srs_co_init(void);

struct srs_scope {
    struct srs_list children;
    struct srs_co *closer; // waits for the last child
    const char *name;
    unsigned count;
};

// The name is borrowed for the scope's life.
void srs_scope_init(struct srs_scope *scope, const char *name);

// The child inherits the caller's context id. It runs when the caller yields. STACKS when no stack
// is left, CANCELED while the scope is being closed.
SRS_ERR srs_scope_spawn(struct srs_scope *scope, srs_co_fn *fn, void *arg);

// Asks all children to end; does not wait.
void srs_scope_cancel(struct srs_scope *scope);

// Cancels the children and waits until none is left; cannot be interrupted itself. Harmless when
// empty or zeroed.
SRS_YIELDS void srs_scope_close(struct srs_scope *scope);

// Asks one coroutine to end.
void srs_co_cancel(struct srs_co *co);
struct srs_co *srs_co_self(void);
// The name is shown by the watchdog and the crash report; it must be static.
void srs_co_set_name(const char *name);
const char *srs_co_name(const struct srs_co *co);
bool srs_co_canceled(void);

// CANCELED, else SRS_OK once the deadline has passed (at once for one in the past, after one turn
// of the others).
SRS_YIELDS SRS_ERR srs_co_sleep(srs_usec deadline);

// Lets the reactor and everyone who is ready run once. All who breathe come back in the same turn:
// for few, whose time matters to many.
SRS_YIELDS SRS_ERR srs_co_breathe(void);
// Lets them, and takes its place behind all who gave way before: as many of those go on in a turn
// as there is time for, so that however many have much to do, events and timers are not late.
SRS_YIELDS SRS_ERR srs_co_give_way(void);

// Gives back the stack pages below the caller's frame: once, before a long-lived loop.
void srs_co_trim_stack(void);

// While a shield is held (depth > 0) cancellation is not seen. For the last goodbye only
// (srs_conn_bye).
void srs_co_shield(int step);

// First statement of each yielding function: aborts inside a no-yield region (debug builds).
#ifdef SRS_DEBUG
void srs_co_may_yield(void);
#else
static inline void srs_co_may_yield(void)
{
}
#endif

// Nothing may yield from here to the end of the block (checked in debug builds).
extern int srs_co_noyield_depth;
static inline int srs_co_noyield_enter(void)
{
    return ++srs_co_noyield_depth;
}
static inline void srs_co_noyield_leave(const int *depth)
{
    (void)depth;
    srs_co_noyield_depth--;
}
#define SRS_NOYIELD_SCOPE() \
    __attribute__((cleanup(srs_co_noyield_leave), unused)) int srs_noyield_ = srs_co_noyield_enter()

// Something to wait for. Zeroed is ready for use; must have no waiter when its memory goes.
struct srs_event {
    struct srs_list waiters;
};

// SRS_OK when signalled, SOCKET_TIMEOUT, CANCELED (both bare). A signal with nobody waiting is
// lost: test the condition before and after, in the same no-yield step.
SRS_YIELDS SRS_ERR srs_event_wait(struct srs_event *event, srs_usec deadline);
// Wakes all who wait now.
void srs_event_signal(struct srs_event *event);

// A callback at a time, run by the reactor between coroutines; it must not yield. Zeroed is
// unarmed.
struct srs_timer {
    srs_usec at;
    unsigned slot; // heap position + 1, 0 = unarmed
    void (*fire)(struct srs_timer *timer);
};
void srs_timer_set(struct srs_timer *timer, srs_usec at);
void srs_timer_cancel(struct srs_timer *timer);

// Context id of the running coroutine for logs, at most 15 characters; children inherit it. Empty
// in other threads.
const char *srs_co_cid(void);
void srs_co_set_cid(const char *cid);
// Makes a fresh random one for the running coroutine.
void srs_co_new_cid(void);

// Microseconds the running coroutine has held the scheduler.
srs_usec srs_co_slice_used(void);

// Watchdog and reactor figures since the start.
struct srs_co_stats {
    uint64_t long_slices;
    uint64_t preempted; // long on the wall only
    uint64_t stalled;   // long in one call of a socket that was not to block
    uint64_t turns;
    uint64_t switches;
    long coroutines;
    long stacks; // mapped, in use or free
};
struct srs_co_stats srs_co_stats(void);

// Long: more than 10 ms of wall and of CPU time. Preempted: of wall time only. Stalled: long, but
// no more so without its longest single read or write of a socket: the kernel or the machine below
// it stood still, and no other code of ours would have given way sooner.
enum srs_co_slice_kind { SRS_CO_SLICE_LONG, SRS_CO_SLICE_PREEMPTED, SRS_CO_SLICE_STALLED };
struct srs_co_slice {
    const char *name;
    enum srs_co_slice_kind kind;
    srs_usec wall;
    srs_usec cpu;
    srs_usec call; // the longest one
};
// Called by the watchdog at the end of each such slice, instead of logging it. For log.c.
typedef void srs_co_slice_fn(const struct srs_co_slice *slice);
void srs_co_on_long_slice(srs_co_slice_fn *fn);
