// Files below a root, for helper threads: every call here may block. Nothing that a path says leads
// out of its root, by whatever name, link or race.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct srs_file_info {
    bool is_directory; // else a regular file
    uint64_t size;
    uint64_t inode;
    int64_t modified; // seconds since 1970
    uint32_t modified_ns;
};

// Opens `path`, relative to the directory `root`, for reading. Symbolic links count while they stay
// below the root and are not absolute; the root itself may be one. SYSTEM_FILE_NOT_EXISTS;
// FILE_FORBIDDEN: it leads out of the root, may not be read, or is neither file nor directory;
// SYSTEM_FILE_OPENE: the system cannot just now. *fd is the caller's, closed with close().
SRS_ERR srs_file_open(const char *root, const char *path, int *fd, struct srs_file_info *info);

// Up to `size` bytes from `offset` on; fewer only at the file's end. SYSTEM_FILE_READ.
SRS_ERR srs_file_read_at(int fd, uint64_t offset, void *bytes, size_t size, size_t *got);
