// Files of the server's directories, read by helper threads: one queue a directory, so that a disk
// that hangs holds up its own readers only. A session waits for one piece at a time; what it holds
// is that piece.
#pragma once
#include "core/co.h"
#include "core/file.h"
#include "core/rdwr.h"

enum {
    SRS_FILES_PIECE = 64 * 1024, // of a file, in one job
    // Directories with a queue of their own; more share them.
    SRS_FILES_QUEUES_MAX = 16,
};

struct srs_files;
struct srs_file;

// At most `open_max` files are open at a time, of one directory half of them, and only a quarter
// while the others have as many.
struct srs_files *srs_files_new(size_t open_max);
// Those that are open stay so when it becomes less.
void srs_files_set_limit(struct srs_files *files, size_t open_max);
// Waits until the deadline for what helpers do still; what hangs is left behind. All files must
// have been freed.
SRS_YIELDS void srs_files_close(struct srs_files *files, srs_usec deadline);
size_t srs_files_open_count(const struct srs_files *files);

// Opens `path` below the directory `root`. Errors of srs_file_open; LIMIT: too many are open;
// TASK_QUEUE_FULL and SYSTEM_FILE_READ: the disk does not answer; CANCELED.
SRS_YIELDS SRS_ERR srs_files_open(struct srs_files *files, const char *root, const char *path,
                                  struct srs_file **out);
const struct srs_file_info *srs_files_info(const struct srs_file *file);
// Up to `size` bytes, at most SRS_FILES_PIECE, from `offset` on; fewer only at the end. They are
// lent until the next read. Errors as above, NO_MEMORY.
SRS_YIELDS SRS_ERR srs_files_read(struct srs_file *file, uint64_t offset, size_t size,
                                  struct srs_span *got);
// The closing itself is a helper's.
void srs_files_free(struct srs_file *file);
