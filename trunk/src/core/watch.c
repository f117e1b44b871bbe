// A directory is watched and not the file: a file that is replaced would take its watch with it.
#include "core/watch.h"
#include "core/co_priv.h"
#include "core/mem.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

// Each file's own directory and that of what it links to.
enum { DIRECTORIES_MAX = 2 * SRS_WATCH_FILES_MAX, READ_SIZE = 4096 };

// Not IN_MODIFY: a file counts when it is whole, and a log in the same directory does not count.
static const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                               IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

struct srs_watch {
    struct srs_io io;
    int fd; // of io, for the thread that looks
    int watched[DIRECTORIES_MAX];
    size_t watched_count;
};

SRS_ERR srs_watch_new(struct srs_watch **out)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return srs_fail_sys(SRS_E_ST_OPEN_SOCKET, "inotify");
    struct srs_watch *watch = srs_new(struct srs_watch);
    watch->fd = fd;
    srs_err err = srs_io_open(&watch->io, fd);
    if (err) {
        srs_free(watch);
        return srs_wrap(err, "inotify");
    }
    *out = watch;
    return SRS_OK;
}

void srs_watch_free(struct srs_watch *watch)
{
    if (watch == NULL)
        return;
    srs_io_close(&watch->io);
    srs_free(watch);
}

// --- looking ------------------------------------------------------------------------------------

static void keep(int *list, size_t *count, int descriptor)
{
    if (descriptor < 0)
        return;
    for (size_t i = 0; i < *count; i++)
        if (list[i] == descriptor)
            return;
    if (*count < DIRECTORIES_MAX)
        list[(*count)++] = descriptor;
}

static int watch_directory_of(const struct srs_watch *watch, char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return inotify_add_watch(watch->fd, ".", events);
    if (slash == path)
        return inotify_add_watch(watch->fd, "/", events);
    *slash = '\0';
    return inotify_add_watch(watch->fd, path, events);
}

static void mix(uint64_t *mark, uint64_t value)
{
    for (unsigned i = 0; i < sizeof value; i++)
        *mark = (*mark ^ (value >> (8 * i) & 0xFF)) * 1099511628211U; // FNV-1a
}

static bool mix_file(const char *path, uint64_t *mark)
{
    struct stat info;
    if (stat(path, &info) != 0 || info.st_size == 0)
        return false;
    mix(mark, (uint64_t)info.st_dev);
    mix(mark, (uint64_t)info.st_ino);
    mix(mark, (uint64_t)info.st_size);
    mix(mark, (uint64_t)info.st_mtim.tv_sec);
    mix(mark, (uint64_t)info.st_mtim.tv_nsec);
    return true;
}

uint64_t srs_watch_mark(const char *const *paths, size_t count)
{
    uint64_t mark = 14695981039346656037U;
    for (size_t i = 0; i < count && i < SRS_WATCH_FILES_MAX; i++)
        if (!mix_file(paths[i], &mark))
            return 0;
    return mark;
}

void srs_watch_look(struct srs_watch *watch, const char *const *paths, size_t count, uint64_t *mark)
{
    int now[DIRECTORIES_MAX];
    size_t now_count = 0;
    for (size_t i = 0; i < count && i < SRS_WATCH_FILES_MAX; i++) {
        char *own = strdup(paths[i]);
        char *linked = realpath(paths[i], NULL);
        if (own != NULL)
            keep(now, &now_count, watch_directory_of(watch, own));
        if (linked != NULL)
            keep(now, &now_count, watch_directory_of(watch, linked));
        free(own);
        free(linked);
    }
    for (size_t i = 0; i < watch->watched_count; i++) {
        size_t at = 0;
        while (at < now_count && now[at] != watch->watched[i])
            at++;
        if (at == now_count)
            (void)inotify_rm_watch(watch->fd, watch->watched[i]);
    }
    memcpy(watch->watched, now, now_count * sizeof *now);
    watch->watched_count = now_count;
    *mark = srs_watch_mark(paths, count); // behind the watches: no change falls in between
}

// --- waiting ------------------------------------------------------------------------------------

// True when there was something.
static bool drain(struct srs_watch *watch)
{
    char bytes[READ_SIZE / 2];
    bool any = false;
    while (read(watch->io.fd, bytes, sizeof bytes) > 0)
        any = true;
    watch->io.ready &= (uint8_t)~SRS_IO_READ;
    return any;
}

static SRS_YIELDS SRS_ERR wait_one(struct srs_watch *watch, srs_usec deadline)
{
    srs_err err = SRS_OK;
    bool any = false;
    while (!err && !any) {
        err = srs_io_wait(&watch->io, SRS_IO_READ, deadline);
        if (!err)
            any = drain(watch);
    }
    return err;
}

SRS_YIELDS SRS_ERR srs_watch_wait(struct srs_watch *watch, srs_usec deadline, srs_usec quiet,
                                  srs_usec most)
{
    srs_co_may_yield();
    srs_err err = wait_one(watch, deadline);
    if (err)
        return err;
    srs_usec end = srs_now() + most;
    while (!err && srs_now() < end) {
        srs_usec until = srs_now() + quiet;
        err = wait_one(watch, until < end ? until : end);
    }
    if (err == SRS_E_SOCKET_TIMEOUT) {
        srs_err_drop(err, "it is quiet");
        err = SRS_OK;
    }
    return err;
}
