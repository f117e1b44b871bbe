#include "core/pid_file.h"
#include "core/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A server that ends removes the file while the next one may have it open: that one looks again.
enum { TRIES = 10 };

static SRS_ERR fail_locked(int fd, const char *path, int sys)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (sys != EACCES && sys != EAGAIN) {
        errno = sys;
        return srs_fail_sys(SRS_E_SYSTEM_PID_LOCK, "pid file %s", path);
    }
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
        return srs_fail(SRS_E_SYSTEM_PID_ALREADY_RUNNING, "pid file %s is held by process %ld",
                        path, (long)lock.l_pid);
    return srs_fail(SRS_E_SYSTEM_PID_ALREADY_RUNNING, "pid file %s is held by another process",
                    path);
}

static SRS_ERR open_locked(const char *path, int *out)
{
    struct stat about;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    // Without O_NONBLOCK a fifo of that name would hold the start up.
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK); // see log.c for the order of the two
    if (fd < 0 && errno == ENOENT)
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0)
        return srs_fail_sys(SRS_E_SYSTEM_PID_ACQUIRE, "pid file %s", path);
    srs_err err = SRS_OK;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        err = srs_fail(SRS_E_SYSTEM_PID_ACQUIRE, "pid file %s is not a regular file", path);
    else if (fcntl(fd, F_SETLK, &lock) != 0)
        err = fail_locked(fd, path, errno);
    if (err)
        (void)close(fd);
    else
        *out = fd;
    return err;
}

static bool is_file_at(int fd, const char *path)
{
    struct stat held;
    struct stat named;
    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static SRS_ERR write_pid(int fd, const char *path)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0)
        return srs_fail_sys(SRS_E_SYSTEM_PID_TRUNCATE_FILE, "pid file %s", path);
    if (pwrite(fd, text, (size_t)size, 0) != size)
        return srs_fail_sys(SRS_E_SYSTEM_PID_WRITE_FILE, "pid file %s", path);
    return SRS_OK;
}

SRS_ERR srs_pid_file_take(const char *path, struct srs_pid_file *out)
{
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0; i++) {
        srs_err err = open_locked(path, &fd);
        if (err)
            return err;
        if (!is_file_at(fd, path)) {
            (void)close(fd);
            fd = -1;
        }
    }
    if (fd < 0)
        return srs_fail(SRS_E_SYSTEM_PID_ACQUIRE, "pid file %s keeps changing", path);
    char *copy = srs_try_strndup(path, strlen(path));
    srs_err err = copy == NULL ? srs_fail(SRS_E_NO_MEMORY, "path of the pid file") : SRS_OK;
    if (!err)
        err = write_pid(fd, path);
    if (err) {
        srs_free(copy);
        (void)close(fd);
        return err;
    }
    *out = (struct srs_pid_file){.fd = fd, .path = copy};
    return SRS_OK;
}

void srs_pid_file_release(struct srs_pid_file *file)
{
    if (file->fd < 0)
        return;
    // Removed under the lock, so that it cannot be the next server's; emptied for the case that a
    // server which gave up its rights may not remove it.
    if (is_file_at(file->fd, file->path) && unlink(file->path) != 0) {
        int done = ftruncate(file->fd, 0);
        (void)done;
    }
    (void)close(file->fd);
    srs_free(file->path);
    *file = (struct srs_pid_file){.fd = -1};
}
