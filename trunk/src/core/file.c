// The kernel resolves a path below a root for us (openat2, Linux 5.6). Where it does not, or is not
// let (sandboxes of before 2020), a walk opens one component after the other.
#include "core/file.h"
#include "core/file_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    // Of a fifo nobody writes to, an open would wait for ever.
    READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
    RACES_MAX = 16, // renames beside us make the kernel give up
};

static int open_beneath(int root, const char *path)
{
    struct open_how how = {.flags = READ_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    for (int i = 0; i < RACES_MAX; i++) {
        fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return (int)fd;
}

// The next component of *path into `name`; false at the end.
static bool next_name(const char **path, char name[NAME_MAX + 1], bool *fits)
{
    *path += strspn(*path, "/");
    size_t size = strcspn(*path, "/");
    *fits = size <= NAME_MAX;
    if (size == 0 || !*fits)
        return false;
    memcpy(name, *path, size);
    name[size] = '\0';
    *path += size;
    return true;
}

int srs_file_walk(int root, const char *path)
{
    char name[NAME_MAX + 1];
    bool fits = true;
    int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool read = false;
    while (at >= 0 && next_name(&path, name, &fits)) {
        bool last = path[strspn(path, "/")] == '\0';
        if (strcmp(name, ".") == 0)
            continue;
        int next = -1;
        int error = EXDEV;
        if (strcmp(name, "..") != 0) {
            bool directory = !last || *path == '/';
            int flags = (directory ? O_DIRECTORY : 0) | O_NOFOLLOW;
            next = openat(at, name, flags | (last ? READ_FLAGS : O_PATH | O_CLOEXEC));
            error = errno;
            read = last;
        }
        (void)close(at);
        at = next;
        errno = error;
    }
    if (at >= 0 && (!fits || !read)) {
        int fd = fits ? openat(at, ".", READ_FLAGS | O_DIRECTORY) : -1;
        int error = fits ? errno : ENAMETOOLONG;
        (void)close(at);
        at = fd;
        errno = error;
    }
    return at;
}

static srs_err open_failed(int error, const char *path)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return srs_fail(SRS_E_SYSTEM_FILE_NOT_EXISTS, "%s: %s", path, strerrordesc_np(error));
    case EXDEV: // out of the root
    case ELOOP:
    case EACCES:
    case EPERM:
    case ENXIO: // a socket
    case ENODEV:
        return srs_fail(SRS_E_FILE_FORBIDDEN, "%s: %s", path, strerrordesc_np(error));
    default:
        return srs_fail(SRS_E_SYSTEM_FILE_OPENE, "%s: %s", path, strerrordesc_np(error));
    }
}

static srs_err look_at(int fd, const char *path, struct srs_file_info *info)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return open_failed(errno, path);
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return srs_fail(SRS_E_FILE_FORBIDDEN, "%s: neither file nor directory", path);
    *info = (struct srs_file_info){.is_directory = S_ISDIR(about.st_mode),
                                   .size = (uint64_t)about.st_size,
                                   .inode = about.st_ino,
                                   .modified = about.st_mtim.tv_sec,
                                   .modified_ns = (uint32_t)about.st_mtim.tv_nsec};
    return SRS_OK;
}

SRS_ERR srs_file_open(const char *root, const char *path, int *fd, struct srs_file_info *info)
{
    int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return open_failed(errno, root);
    path = *path != '\0' ? path : ".";
    int got = open_beneath(top, path);
    int error = errno;
    if (got < 0 && (error == ENOSYS || error == EPERM || error == EAGAIN)) {
        got = srs_file_walk(top, path);
        error = errno;
    }
    (void)close(top);
    if (got < 0)
        return open_failed(error, path);
    srs_err err = look_at(got, path, info);
    if (err) {
        (void)close(got);
        return err;
    }
    *fd = got;
    return SRS_OK;
}

SRS_ERR srs_file_read_at(int fd, uint64_t offset, void *bytes, size_t size, size_t *got)
{
    char *to = bytes;
    *got = 0;
    while (*got < size) {
        ssize_t n = pread(fd, to + *got, size - *got, (off_t)(offset + *got));
        int error = errno;
        if (n == 0)
            break;
        if (n < 0 && error == EINTR)
            continue;
        if (n < 0)
            return srs_fail(SRS_E_SYSTEM_FILE_READ, "at %llu: %s", (unsigned long long)offset,
                            strerrordesc_np(error));
        *got += (size_t)n;
    }
    return SRS_OK;
}
