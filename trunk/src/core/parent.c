#include "core/parent.h"
#include "core/co_priv.h"
#include <sys/syscall.h>
#include <unistd.h>

// Only for systems that give no descriptor of a process.
static const srs_usec look_usec = SRS_SEC;

static SRS_YIELDS SRS_ERR wait_by_looking(pid_t parent)
{
    while (getppid() == parent) {
        srs_err err = srs_co_sleep(srs_now() + look_usec);
        if (err)
            return err;
    }
    return SRS_OK;
}

SRS_YIELDS SRS_ERR srs_parent_wait(pid_t parent)
{
    srs_co_may_yield();
    struct srs_io io = {.fd = -1};
    int fd = (int)syscall(SYS_pidfd_open, parent, 0);
    if (fd < 0)
        return wait_by_looking(parent);
    srs_err err = srs_io_open(&io, fd);
    if (err) {
        srs_err_drop(err, "there is another way");
        return wait_by_looking(parent);
    }
    // Its children get another parent before the descriptor becomes readable; should the number
    // have gone to somebody else before it was opened, the first look sees that.
    while (!err && getppid() == parent) {
        io.ready &= (uint8_t)~SRS_IO_READ;
        if (getppid() == parent)
            err = srs_io_wait(&io, SRS_IO_READ, SRS_NEVER);
    }
    srs_io_close(&io);
    return err;
}
