// The reactor: one edge-triggered epoll descriptor, each descriptor registered once for its
// lifetime.
//
// One coroutine notes readiness, wakes waiters and fires timers, then lets State Threads wait. The
// build redirects that library's poll to here, where waiting for the epoll descriptor is one
// epoll_wait that fetches the batch too. Others may run before the batch is dispatched: who closes
// a descriptor meanwhile takes its events out of it.
#include "core/assert.h"
#include "core/co_priv.h"
#include "core/mem.h"
#include "core/timer_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

// A batch is 6 KiB; more events than this are fetched by going round again.
enum { BATCH = 512, STACKS_PER_TURN = 64 };

static int epoll_fd = -1;
static struct epoll_event batch[BATCH];
static int batch_count; // fetched and not dispatched

int srs_reactor_poll(struct pollfd *fds, nfds_t count, int timeout);

SRS_ERR srs_reactor_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return srs_fail_sys(SRS_E_ST_SET_EPOLL, "epoll_create1");
    return srs_co_start_reactor(epoll_fd);
}

static void dispatch(const struct epoll_event *event)
{
    struct srs_io *io = event->data.ptr;
    unsigned what = event->events;
    if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        io->ready |= SRS_IO_HUP | SRS_IO_READ;
    if ((what & (EPOLLHUP | EPOLLERR)) != 0)
        io->ready |= SRS_IO_WRITE;
    if ((what & EPOLLIN) != 0)
        io->ready |= SRS_IO_READ;
    if ((what & EPOLLOUT) != 0)
        io->ready |= SRS_IO_WRITE;
    if ((io->ready & SRS_IO_WRITE) != 0 && io->drain != NULL)
        io->drain(io);
    if ((io->ready & SRS_IO_READ) != 0 && io->reader != NULL)
        srs_co_wake(io->reader, SRS_OK);
    if ((io->ready & SRS_IO_WRITE) != 0 && io->writer != NULL)
        srs_co_wake(io->writer, SRS_OK);
}

// Called by State Threads in place of poll, when nobody is ready to run.
int srs_reactor_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (count != 1 || fds[0].fd != epoll_fd)
        return poll(fds, count, timeout);
    int n = epoll_wait(epoll_fd, batch, BATCH, timeout);
    srs_co_turn_begins();
    batch_count = n > 0 ? n : 0;
    fds[0].revents = n > 0 ? POLLIN : 0;
    return n > 0 ? 1 : n;
}

static void dispatch_batch(void)
{
    bool full;
    do {
        full = batch_count == BATCH;
        for (int i = 0; i < batch_count; i++)
            if (batch[i].data.ptr != NULL)
                dispatch(&batch[i]);
        batch_count = 0;
        if (full)
            batch_count = epoll_wait(epoll_fd, batch, BATCH, 0);
    } while (batch_count > 0);
}

static void forget_events(const struct srs_io *io)
{
    for (int i = 0; i < batch_count; i++)
        if (batch[i].data.ptr == io)
            batch[i].data.ptr = NULL;
}

void srs_reactor_loop(void)
{
    for (;;) {
        dispatch_batch();
        srs_usec now = srs_now();
        srs_usec next = srs_timers_run(now);
        bool more = srs_stack_give_back(STACKS_PER_TURN);
        (void)srs_mem_trim_if_due(now);
        if (srs_co_wake_late())
            srs_co_idle_wait(0);
        else if (more)
            srs_co_idle_wait(SRS_MSEC);
        else
            srs_co_idle_wait(next == SRS_NEVER ? SRS_NEVER : next > now ? next - now : 0);
    }
}

SRS_ERR srs_io_open(struct srs_io *io, int fd)
{
    *io = (struct srs_io){.fd = fd, .ready = SRS_IO_READ | SRS_IO_WRITE};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = io};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        srs_err err = srs_fail_sys(SRS_E_ST_OPEN_SOCKET, "descriptor %d", fd);
        (void)close(fd);
        io->fd = -1;
        return err;
    }
    return SRS_OK;
}

void srs_io_close(struct srs_io *io)
{
    if (io->fd < 0)
        return;
    // Explicitly: a descriptor that a child process has inherited would go on delivering events.
    (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    forget_events(io);
    (void)close(io->fd);
    io->fd = -1;
    if (io->reader != NULL)
        srs_co_wake(io->reader, SRS_E_SOCKET_CLOSED);
    if (io->writer != NULL)
        srs_co_wake(io->writer, SRS_E_SOCKET_CLOSED);
}

void srs_io_forget(struct srs_io *io)
{
    forget_events(io);
    io->fd = -1;
}

SRS_YIELDS SRS_ERR srs_io_wait(struct srs_io *io, unsigned want, srs_usec deadline)
{
    srs_co_may_yield();
    srs_err err = srs_co_check();
    if (err)
        return err;
    if (io->fd < 0)
        return srs_bare(SRS_E_SOCKET_CLOSED);
    if ((io->ready & want) != 0)
        return SRS_OK;
    // A second waiter would take the first one's wake-up away.
    srs_assert((want & SRS_IO_READ) == 0 || io->reader == NULL);
    srs_assert((want & SRS_IO_WRITE) == 0 || io->writer == NULL);
    if ((want & SRS_IO_READ) != 0)
        io->reader = srs_co_self();
    if ((want & SRS_IO_WRITE) != 0)
        io->writer = srs_co_self();
    err = srs_co_park(deadline);
    if (err == SRS_E_SOCKET_CLOSED)
        return err; // the owner may have freed it
    if ((want & SRS_IO_READ) != 0)
        io->reader = NULL;
    if ((want & SRS_IO_WRITE) != 0)
        io->writer = NULL;
    return err;
}

SRS_YIELDS SRS_ERR srs_io_give_way(struct srs_io *io)
{
    srs_co_may_yield();
    srs_assert(io->reader == NULL);
    io->reader = srs_co_self();
    srs_err err = srs_co_give_way();
    if (err != SRS_E_SOCKET_CLOSED)
        io->reader = NULL;
    return err;
}
