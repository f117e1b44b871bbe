// A job works on fields of its own and on the file's piece. The session that waits for it reads
// neither until the job is done, and one that is canceled does not come back: the job's reference
// then keeps piece and descriptor until the helper is through.
#include "server/files/store.h"
#include "core/assert.h"
#include "core/mem.h"
#include "core/task.h"
#include <string.h>
#include <unistd.h>

enum { THREADS = 2 };

// A disk that spins up takes some seconds; one that takes longer does not answer.
static const srs_usec answer_usec = 20 * SRS_SEC;

struct queue {
    char *root; // whose first file opened it
    struct srs_task_queue *tasks;
    size_t open;
};

struct srs_files {
    struct queue queues[SRS_FILES_QUEUES_MAX]; // [0..queue_count)
    unsigned queue_count;
    size_t open;
    size_t open_max;
};

struct srs_file {
    int refs; // the session's and its job's
    struct srs_files *files;
    struct queue *queue;
    int fd; // -1: not open
    struct srs_file_info info;
    uint8_t *piece;
    size_t piece_max;
    size_t got;
};

struct job {
    struct srs_task task;
    struct srs_file *file; // a reference
    char *root;            // of an open
    char *path;
    int fd;
    struct srs_file_info info;
    uint64_t offset; // of a read
    size_t size;
    size_t got;
};

// --- queues -------------------------------------------------------------------------------------

struct srs_files *srs_files_new(size_t open_max)
{
    struct srs_files *files = srs_new(struct srs_files);
    files->open_max = open_max;
    return files;
}

void srs_files_set_limit(struct srs_files *files, size_t open_max)
{
    files->open_max = open_max;
}

SRS_YIELDS void srs_files_close(struct srs_files *files, srs_usec deadline)
{
    srs_co_may_yield();
    if (files == NULL)
        return;
    bool all = true;
    for (unsigned i = 0; i < files->queue_count; i++) {
        all = srs_task_queue_close(files->queues[i].tasks, deadline) && all;
        srs_free(files->queues[i].root);
    }
    if (all) // else a job that hangs has a file, which points here
        srs_free(files);
}

size_t srs_files_open_count(const struct srs_files *files)
{
    return files->open;
}

static size_t hash_of(const char *text)
{
    size_t hash = 5381;
    for (; *text != '\0'; text++)
        hash = hash * 33 + (unsigned char)*text;
    return hash;
}

static SRS_ERR find_queue(struct srs_files *files, const char *root, struct queue **out)
{
    for (unsigned i = 0; i < files->queue_count; i++)
        if (strcmp(files->queues[i].root, root) == 0) {
            *out = &files->queues[i];
            return SRS_OK;
        }
    if (files->queue_count == SRS_FILES_QUEUES_MAX) {
        *out = &files->queues[hash_of(root) % SRS_FILES_QUEUES_MAX];
        return SRS_OK;
    }
    struct queue *queue = &files->queues[files->queue_count];
    queue->root = srs_try_strndup(root, strlen(root));
    if (queue->root == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a directory");
    srs_err err = srs_task_queue_new("files", THREADS, &queue->tasks);
    if (err) {
        srs_free(queue->root);
        return srs_wrap(err, "helpers of %s", root);
    }
    files->queue_count++;
    *out = queue;
    return SRS_OK;
}

// Files of a directory that hangs stay open. One may have half of all while nobody else wants them,
// and a quarter always, so that the others go on.
static bool has_room(const struct srs_files *files, const struct queue *queue)
{
    size_t half = files->open_max / 2;
    size_t part = files->open_max / 4 > 0 ? files->open_max / 4 : 1;
    return files->open < files->open_max && (files->open < half || queue->open < part);
}

// --- jobs ---------------------------------------------------------------------------------------

static void unref(struct srs_file *file);

static void job_free(struct job *job)
{
    srs_free(job->root);
    srs_free(job->path);
    srs_free(job);
}

static struct job *job_of(struct srs_task *task)
{
    return srs_list_entry(task, struct job, task);
}

static srs_err run_open(struct srs_task *task)
{
    struct job *job = job_of(task);
    return srs_file_open(job->root, job->path, &job->fd, &job->info);
}

static void done_open(struct srs_task *task)
{
    struct job *job = job_of(task);
    job->file->fd = job->fd;
    job->file->info = job->info;
    unref(job->file);
    job_free(job);
}

static srs_err run_read(struct srs_task *task)
{
    struct job *job = job_of(task);
    return srs_file_read_at(job->fd, job->offset, job->file->piece, job->size, &job->got);
}

static void done_read(struct srs_task *task)
{
    struct job *job = job_of(task);
    job->file->got = job->got;
    unref(job->file);
    job_free(job);
}

static srs_err run_close(struct srs_task *task)
{
    (void)close(job_of(task)->fd);
    return SRS_OK;
}

static void done_close(struct srs_task *task)
{
    job_free(job_of(task));
}

static struct job *job_new(struct srs_file *file, srs_err (*run)(struct srs_task *task),
                           void (*done)(struct srs_task *task))
{
    struct job *job = srs_new(struct job);
    job->task = (struct srs_task){.run = run, .done = done};
    job->fd = file->fd;
    return job;
}

static SRS_YIELDS SRS_ERR call(struct srs_file *file, struct job *job)
{
    struct srs_task_queue *tasks = file->queue->tasks;
    job->file = file;
    file->refs++;
    srs_err err = srs_task_call(tasks, &job->task, srs_now() + answer_usec);
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(SRS_E_SYSTEM_FILE_READ, "the disk does not answer");
    return err;
}

// --- files --------------------------------------------------------------------------------------

static void close_later(struct srs_file *file)
{
    struct job *job = job_new(file, run_close, done_close);
    srs_err err = srs_task_submit(file->queue->tasks, &job->task);
    if (!err)
        return;
    srs_err_drop(err, "no helper takes it: closing what was only read seldom waits");
    (void)close(file->fd);
    job_free(job);
}

static void unref(struct srs_file *file)
{
    srs_assert(file->refs > 0);
    if (--file->refs > 0)
        return;
    if (file->fd >= 0)
        close_later(file);
    file->files->open--;
    file->queue->open--;
    srs_free(file->piece);
    srs_free(file);
    srs_live_add(SRS_LIVE_FILE, -1);
}

SRS_YIELDS SRS_ERR srs_files_open(struct srs_files *files, const char *root, const char *path,
                                  struct srs_file **out)
{
    srs_co_may_yield();
    struct queue *queue = NULL;
    srs_err err = find_queue(files, root, &queue);
    if (err)
        return err;
    if (!has_room(files, queue))
        return srs_fail(SRS_E_LIMIT, "%zu files are open, %zu of %s", files->open, queue->open,
                        root);
    struct srs_file *file = srs_new(struct srs_file);
    *file = (struct srs_file){.refs = 1, .files = files, .queue = queue, .fd = -1};
    files->open++;
    queue->open++;
    srs_live_add(SRS_LIVE_FILE, 1);
    struct job *job = job_new(file, run_open, done_open);
    job->root = srs_try_strndup(root, strlen(root));
    job->path = srs_try_strndup(path, strlen(path));
    if (job->root == NULL || job->path == NULL) {
        job_free(job);
        err = srs_fail(SRS_E_NO_MEMORY, "name of a file");
    } else {
        err = call(file, job);
    }
    if (err) {
        unref(file);
        return err;
    }
    *out = file;
    return SRS_OK;
}

const struct srs_file_info *srs_files_info(const struct srs_file *file)
{
    return &file->info;
}

SRS_YIELDS SRS_ERR srs_files_read(struct srs_file *file, uint64_t offset, size_t size,
                                  struct srs_span *got)
{
    srs_co_may_yield();
    size = size < SRS_FILES_PIECE ? size : SRS_FILES_PIECE;
    if (size > file->piece_max) { // no job is on its way: its waiter was this one
        srs_free(file->piece);
        file->piece_max = 0;
        file->piece = srs_try_alloc(size);
        if (file->piece == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "%zu bytes of a file", size);
        file->piece_max = size;
    }
    struct job *job = job_new(file, run_read, done_read);
    job->offset = offset;
    job->size = size;
    job->task.bytes = size;
    file->got = 0;
    srs_err err = call(file, job);
    if (err)
        return err;
    *got = (struct srs_span){file->piece, file->got};
    return SRS_OK;
}

void srs_files_free(struct srs_file *file)
{
    if (file != NULL)
        unref(file);
}
