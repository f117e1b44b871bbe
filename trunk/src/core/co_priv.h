// Between co.c, reactor.c, stack.c and the socket files: parking, waking, descriptors.
#pragma once
#include "core/co.h"
#include <stddef.h>
#include <stdint.h>

// --- co.c
// -------------------------------------------------------------------------------------------------------------

// Puts the running coroutine to sleep until srs_co_wake, the deadline, or cancellation. The answer
// is the code given to wake, SOCKET_TIMEOUT, or CANCELED; bare. The caller has registered itself
// where the waker will look, and must take itself off there when the answer is not the waker's.
SRS_YIELDS SRS_ERR srs_co_park(srs_usec deadline);
// CANCELED when the running coroutine is canceled and not shielded, else SRS_OK.
SRS_ERR srs_co_check(void);
// Harmless if the coroutine is not parked or was woken already: the first code counts, except that
// SOCKET_CLOSED always does, since what the coroutine waited on may be freed before it runs.
void srs_co_wake(struct srs_co *co, srs_err code);
// The calling thread is the scheduler's: false in helper threads, where there is no running
// coroutine.
bool srs_co_on_scheduler(void);
// Context switch bookkeeping for the reactor's own coroutine. `readable` waits for the epoll
// descriptor.
void srs_co_idle_wait(srs_usec timeout);
// A look at the epoll descriptor is over.
void srs_co_turn_begins(void);
// Those who ran since that look took so long together that the reactor's events and timers should
// come first, before this one does much. Reads no clock.
bool srs_co_turn_is_long(void);
// Has the first of those who gave way go on; false when there is none.
bool srs_co_wake_late(void);
// Around a system call on a socket, for the watchdog; `began` is of the coarse clock. What a tick
// may have added is taken off, so that no call is thought longer than it was.
extern srs_usec srs_co_longest_call;
static inline void srs_co_note_call(srs_usec began)
{
    srs_usec took = srs_now_coarse() - began - SRS_TICK_MAX;
    if (took > srs_co_longest_call)
        srs_co_longest_call = took;
}
// Ends the reactor's wait, because a timer was set that is due before its end.
void srs_co_idle_interrupt(void);
SRS_ERR srs_co_start_reactor(int epoll_fd);

// --- reactor.c
// --------------------------------------------------------------------------------------------------------

enum { SRS_IO_READ = 1, SRS_IO_WRITE = 2, SRS_IO_HUP = 4 };

// A descriptor registered once for its lifetime, edge-triggered. Embedded in its owner.
struct srs_io {
    int fd;
    uint8_t ready; // what a system call would not refuse with EAGAIN, as far as known
    struct srs_co *reader;
    struct srs_co *writer;
    void (*drain)(struct srs_io *io); // or NULL: there is room now, before the writer hears of it
};

SRS_ERR srs_reactor_init(void);
// The descriptor is made non-blocking and belongs to the io from here on, also when this fails (it
// is closed then).
SRS_ERR srs_io_open(struct srs_io *io, int fd);
// Waiters get SOCKET_CLOSED. Harmless on a closed one.
void srs_io_close(struct srs_io *io);
// For a descriptor that somebody else has closed already, before any yield since: nobody is woken.
void srs_io_forget(struct srs_io *io);
// Waits until one of the wanted sorts of readiness; SOCKET_TIMEOUT, CANCELED, SOCKET_CLOSED (io is
// not touched then).
SRS_YIELDS SRS_ERR srs_io_wait(struct srs_io *io, unsigned want, srs_usec deadline);
// srs_co_give_way for the reader of an io: SOCKET_CLOSED if it was closed meanwhile (io is not
// touched then).
SRS_YIELDS SRS_ERR srs_io_give_way(struct srs_io *io);
// The reactor's coroutine never returns from here.
void srs_reactor_loop(void);

// --- stack.c
// ----------------------------------------------------------------------------------------------------------

#ifdef __SANITIZE_ADDRESS__
#define SRS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SRS_ASAN 1
#endif
#endif

// Usable bytes of a coroutine's stack; sanitizers need more for the same code.
#ifdef SRS_ASAN
enum { SRS_STACK_SIZE = 256 * 1024 };
#else
enum { SRS_STACK_SIZE = 64 * 1024 };
#endif

// While it is true, what State Threads allocates is the record of a new stack.
void srs_stack_making(bool making);
// The stack that `inside` points into is in use, or its coroutine has ended (it may still be
// running its last lines).
void srs_stack_in_use(const void *inside);
void srs_stack_ended(const void *inside);
// Gives back the pages of ended stacks that are not in use again, at most `max` of them; true if
// some are left.
bool srs_stack_give_back(unsigned max);
// Gives back the pages of the running coroutine's stack that lie whole below the caller.
void srs_stack_trim(void);
// Lowest usable address of the stack that `inside` points into, NULL when it is none of ours.
void *srs_stack_low(const void *inside);
long srs_stack_count(void);
