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

static const uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM |
                               IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

// Files by where they stand and where they lead to.
struct entry {
    uint64_t name; // hashed
    int directory;
    bool busy; // written and not closed
};

struct srs_watch {
    struct srs_io io;
    int fd; // of io, for the thread that looks
    struct entry entries[DIRECTORIES_MAX];
    size_t count;
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

static void mix(uint64_t *mark, uint64_t value)
{
    for (unsigned i = 0; i < sizeof value; i++)
        *mark = (*mark ^ (value >> (8 * i) & 0xFF)) * 1099511628211U; // FNV-1a
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037U;
    for (; *name != '\0'; name++)
        mix(&hash, (uint8_t)*name);
    return hash;
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

// Splits `path` at its last slash; what stands before it is watched.
static void add_entry(struct srs_watch *watch, char *path)
{
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct entry entry = {.directory = -1, .name = hash_name(name)};
    if (slash == NULL)
        entry.directory = inotify_add_watch(watch->fd, ".", events);
    else if (slash == path)
        entry.directory = inotify_add_watch(watch->fd, "/", events);
    else
        *slash = '\0';
    if (slash != NULL && slash != path)
        entry.directory = inotify_add_watch(watch->fd, path, events);
    if (entry.directory >= 0 && watch->count < DIRECTORIES_MAX)
        watch->entries[watch->count++] = entry;
}

static const struct entry *find_entry(const struct entry *entries, size_t count,
                                      const struct entry *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].directory == wanted->directory && entries[i].name == wanted->name)
            return &entries[i];
    return NULL;
}

static bool has_directory(const struct srs_watch *watch, int directory)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->entries[i].directory == directory)
            return true;
    return false;
}

void srs_watch_look(struct srs_watch *watch, const char *const *paths, size_t count, uint64_t *mark)
{
    struct entry before[DIRECTORIES_MAX];
    size_t before_count = watch->count;
    memcpy(before, watch->entries, before_count * sizeof *before);
    watch->count = 0;
    for (size_t i = 0; i < count && i < SRS_WATCH_FILES_MAX; i++) {
        char *own = strdup(paths[i]);
        char *linked = realpath(paths[i], NULL);
        if (own != NULL)
            add_entry(watch, own);
        if (linked != NULL)
            add_entry(watch, linked);
        free(own);
        free(linked);
    }
    for (size_t i = 0; i < watch->count; i++) {
        const struct entry *same = find_entry(before, before_count, &watch->entries[i]);
        watch->entries[i].busy = same != NULL && same->busy;
    }
    for (size_t i = 0; i < before_count; i++)
        if (!has_directory(watch, before[i].directory))
            (void)inotify_rm_watch(watch->fd, before[i].directory);
    *mark = srs_watch_mark(paths, count); // behind the watches: no change falls in between
}

// --- waiting ------------------------------------------------------------------------------------

// Events were lost, the end of somebody's writing may be among them: nobody is waited for any more.
static void take_overflow(struct srs_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        watch->entries[i].busy = false;
}

// True when it may matter: others in the directory, like a log, are written all the time.
static bool take(struct srs_watch *watch, const struct inotify_event *event)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        take_overflow(watch);
        return true;
    }
    struct entry wanted = {.directory = event->wd,
                           .name = hash_name(event->len > 0 ? event->name : "")};
    bool ours = false;
    for (size_t i = 0; i < watch->count; i++) {
        struct entry *entry = &watch->entries[i];
        if (entry->directory != wanted.directory || entry->name != wanted.name)
            continue;
        ours = true;
        entry->busy =
            (event->mask & IN_MODIFY) != 0 || (entry->busy && (event->mask & IN_ATTRIB) != 0);
    }
    return ours || (event->mask & IN_MODIFY) == 0;
}

// True when there was something.
static bool drain(struct srs_watch *watch)
{
    _Alignas(struct inotify_event) char bytes[READ_SIZE / 2];
    bool any = false;
    ssize_t size;
    while ((size = read(watch->io.fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)(bytes + at);
            any = take(watch, event) || any;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    watch->io.ready &= (uint8_t)~SRS_IO_READ;
    return any;
}

static bool any_busy(const struct srs_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->entries[i].busy)
            return true;
    return false;
}

bool srs_watch_is_busy(struct srs_watch *watch)
{
    (void)drain(watch);
    return any_busy(watch);
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
        err = any_busy(watch) ? srs_bare(SRS_E_SOCKET_TIMEOUT) : SRS_OK;
    }
    return err;
}
