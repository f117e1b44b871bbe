#include "core/signals.h"
#include "core/co_priv.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct srs_io signal_io = {.fd = -1};

static sigset_t wanted(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)sigaddset(&set, signals[i]);
    return set;
}

void srs_signals_block(void)
{
    sigset_t set = wanted();
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE,
                 SIG_IGN); // a peer, or the reader of the console, that is gone is an error
}

SRS_ERR srs_signals_open(void)
{
    sigset_t set = wanted();
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return srs_fail_sys(SRS_E_ST_OPEN_SOCKET, "signalfd");
    srs_err err = srs_io_open(&signal_io, fd);
    return err ? srs_wrap(err, "signals") : SRS_OK;
}

void srs_signals_close(void)
{
    srs_io_close(&signal_io);
}

SRS_YIELDS SRS_ERR srs_signals_wait(int *sig)
{
    srs_co_may_yield();
    for (;;) {
        struct signalfd_siginfo info;
        srs_err err = srs_io_wait(&signal_io, SRS_IO_READ, SRS_NEVER);
        if (err)
            return err;
        if (read(signal_io.fd, &info, sizeof info) == (ssize_t)sizeof info) {
            *sig = (int)info.ssi_signo;
            return SRS_OK;
        }
        signal_io.ready &= (uint8_t)~SRS_IO_READ;
    }
}
