// The log. The ring is filled by any thread under a mutex that is held for a copy only; the
// writer's thread holds it for none of its system calls.
#include "core/log.h"
#include "core/assert.h"
#include "core/co.h"
#include "core/mem.h"
#include "core/time.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RING_SIZE = 1024 * 1024, // some 8,000 lines: seconds of the worst storm
    LINE_MAX_SIZE = 1024,
    LIMIT_PERIOD_USEC = 10 * 1000 * 1000,
    BURST_LINE_USEC = 1000 * 1000, // what a line costs
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_t thread;
    bool running;
    bool quit;
    bool reopen;
    int fd;     // belongs to the thread while it runs
    char *file; // NULL: the console
    char *ring;
    size_t start;
    size_t size;
    unsigned lost;
    _Atomic enum srs_log_level level;
    _Atomic bool utc;
} out = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .fd = STDERR_FILENO,
    .level = SRS_LOG_INFO,
};

static const char *const level_names[] = {"debug", "info", "warn", "error", "none"};

bool srs_log_level_parse(const char *v1, const char *v2, enum srs_log_level *level)
{
    static const struct {
        const char *word;
        enum srs_log_level level;
    } old_words[] = {{"verbose", SRS_LOG_DEBUG},
                     {"info", SRS_LOG_DEBUG},
                     {"trace", SRS_LOG_INFO},
                     {"warn", SRS_LOG_WARN},
                     {"error", SRS_LOG_ERROR}},
      new_words[] = {{"trace", SRS_LOG_DEBUG},
                     {"debug", SRS_LOG_DEBUG},
                     {"info", SRS_LOG_INFO},
                     {"warn", SRS_LOG_WARN},
                     {"error", SRS_LOG_ERROR}};
    bool second = v2 != NULL && v2[0] != '\0';
    const char *word = second ? v2 : v1;
    *level = SRS_LOG_INFO;
    for (size_t i = 0; word != NULL && i < SRS_COUNT(old_words); i++) {
        if (strcmp(word, second ? new_words[i].word : old_words[i].word) == 0) {
            *level = second ? new_words[i].level : old_words[i].level;
            return true;
        }
    }
    return word == NULL || word[0] == '\0';
}

static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; // nothing sensible is left to do with a log that cannot be written
        bytes += n;
        size -= (size_t)n;
    }
}

static int file_open(const char *file)
{
    // With O_CREAT the kernel refuses another user's file in a folder that many write to, even to
    // root (fs.protected_regular).
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    return fd;
}

// On the writer's thread, which alone uses `fd` and `file` while it runs; the lock is not held.
static void reopen_now(void)
{
    if (out.file == NULL)
        return;
    int fd = file_open(out.file);
    if (fd < 0) {
        srs_log_error("log", "cannot reopen file=%s: %s; the old one is kept", out.file,
                      strerrordesc_np(errno));
        return;
    }
    int old = out.fd;
    out.fd = fd;
    (void)close(old);
}

// Takes out the contiguous first part of the ring; the lock is held.
static size_t ring_take(char *piece, size_t max)
{
    size_t n = RING_SIZE - out.start;
    n = n < out.size ? n : out.size;
    n = n < max ? n : max;
    memcpy(piece, out.ring + out.start, n);
    out.start = (out.start + n) % RING_SIZE;
    out.size -= n;
    return n;
}

// The lock is held.
static void ring_put(const char *line, size_t size)
{
    if (RING_SIZE - out.size < size) {
        out.lost++;
        return;
    }
    if (out.size == 0)
        out.start = 0; // an idle log keeps to the pages it has touched
    size_t at = (out.start + out.size) % RING_SIZE;
    size_t first = RING_SIZE - at < size ? RING_SIZE - at : size;
    memcpy(out.ring + at, line, first);
    memcpy(out.ring, line + first, size - first);
    out.size += size;
}

static size_t put_head(char *line, size_t size, enum srs_log_level level, const char *module)
{
    int64_t wall = srs_wall_now();
    time_t seconds = (time_t)(wall / SRS_SEC);
    struct tm parts;
    if (out.utc)
        (void)gmtime_r(&seconds, &parts);
    else
        (void)localtime_r(&seconds, &parts);
    size_t n = strftime(line, size, "%Y-%m-%d %H:%M:%S", &parts);
    const char *cid = srs_co_cid();
    n += (size_t)snprintf(line + n, size - n, ".%03d %s [%s] %s: ", (int)(wall / 1000 % 1000),
                          level_names[level], cid[0] != '\0' ? cid : "-", module);
    return n;
}

// Says how many lines found the ring full, behind those that it held then; the lock is held.
static void ring_put_lost(void)
{
    char line[160];
    if (out.lost == 0 || RING_SIZE - out.size < sizeof line)
        return;
    size_t n = put_head(line, sizeof line, SRS_LOG_WARN, "log");
    n += (size_t)snprintf(line + n, sizeof line - n, "ring was full lost=%u\n", out.lost);
    out.lost = 0;
    ring_put(line, n);
}

static void *writer_main(void *arg)
{
    (void)arg;
    static char piece[64 * 1024];
    bool line_start = true; // a line is not spread over two files
    (void)pthread_mutex_lock(&out.lock);
    while (!out.quit || out.size > 0) {
        if (out.size == 0 && !out.reopen) {
            (void)pthread_cond_wait(&out.filled, &out.lock);
            continue;
        }
        bool reopen = out.reopen && line_start;
        out.reopen = out.reopen && !reopen;
        size_t n = reopen ? 0 : ring_take(piece, sizeof piece);
        ring_put_lost();
        (void)pthread_mutex_unlock(&out.lock);
        if (reopen)
            reopen_now();
        write_all(out.fd, piece, n);
        line_start = n == 0 || piece[n - 1] == '\n';
        (void)pthread_mutex_lock(&out.lock);
    }
    (void)pthread_mutex_unlock(&out.lock);
    return NULL;
}

static void on_long_slice(const struct srs_co_slice *slice)
{
    static const char *const words[] = {"long", "preempted", "stalled"};
    enum srs_log_level level = slice->kind == SRS_CO_SLICE_LONG ? SRS_LOG_WARN : SRS_LOG_DEBUG;
    if (srs_log_enabled(level))
        srs_log_write(level, "co", "%s slice coroutine=%s wall_ms=%lld cpu_ms=%lld call_ms=%lld",
                      words[slice->kind], slice->name, (long long)(slice->wall / SRS_MSEC),
                      (long long)(slice->cpu / SRS_MSEC), (long long)(slice->call / SRS_MSEC));
}

static void sink_close(void)
{
    if (out.file != NULL)
        (void)close(out.fd);
    srs_free(out.file);
    srs_free(out.ring);
    out.file = NULL;
    out.ring = NULL;
    out.fd = STDERR_FILENO;
}

static SRS_ERR sink_open(const struct srs_log_options *options)
{
    out.ring = srs_try_alloc(RING_SIZE);
    if (options->file != NULL)
        out.file = srs_try_strndup(options->file, strlen(options->file));
    if (out.ring == NULL || (options->file != NULL && out.file == NULL)) {
        srs_free(out.file);
        out.file = NULL;
        return srs_fail(SRS_E_NO_MEMORY, "log ring");
    }
    out.fd = out.file != NULL ? file_open(out.file) : STDOUT_FILENO;
    if (out.fd < 0)
        return srs_fail_sys(SRS_E_SYSTEM_FILE_OPENE, "log file %s", options->file);
    return SRS_OK;
}

SRS_ERR srs_log_open(const struct srs_log_options *options)
{
    srs_assert(!out.running);
    srs_err err = sink_open(options);
    out.level = options->level;
    out.utc = options->utc;
    out.start = 0;
    out.size = 0;
    out.lost = 0;
    out.quit = false;
    out.reopen = false;
    if (!err && pthread_create(&out.thread, NULL, writer_main, NULL) != 0)
        err = srs_fail(SRS_E_ST_CREATE_CYCLE_THREAD, "log thread");
    if (err) {
        sink_close();
        return srs_wrap(err, "log");
    }
    (void)pthread_mutex_lock(&out.lock);
    out.running = true;
    (void)pthread_mutex_unlock(&out.lock);
    srs_co_on_long_slice(on_long_slice);
    return SRS_OK;
}

void srs_log_close(void)
{
    if (!out.running)
        return;
    (void)pthread_mutex_lock(&out.lock);
    out.quit = true;
    (void)pthread_cond_signal(&out.filled);
    (void)pthread_mutex_unlock(&out.lock);
    (void)pthread_join(out.thread, NULL);
    (void)pthread_mutex_lock(&out.lock); // helper threads may still be logging
    out.running = false;
    sink_close();
    (void)pthread_mutex_unlock(&out.lock);
    srs_co_on_long_slice(NULL);
}

void srs_log_reopen(void)
{
    (void)pthread_mutex_lock(&out.lock);
    out.reopen = true;
    (void)pthread_cond_signal(&out.filled);
    (void)pthread_mutex_unlock(&out.lock);
}

bool srs_log_give(uid_t uid, gid_t gid)
{
    return out.file == NULL || fchown(out.fd, uid, gid) == 0;
}

void srs_log_set_level(enum srs_log_level level)
{
    out.level = level;
}

void srs_log_set_utc(bool utc)
{
    out.utc = utc;
}

bool srs_log_enabled(enum srs_log_level level)
{
    return level >= out.level;
}

static void put_line(const char *line, size_t size)
{
    (void)pthread_mutex_lock(&out.lock);
    bool running = out.running;
    if (running) {
        ring_put(line, size);
        (void)pthread_cond_signal(&out.filled);
    }
    (void)pthread_mutex_unlock(&out.lock);
    if (!running)
        write_all(STDERR_FILENO, line, size);
}

// Peers' text reaches the log through here: control characters would forge lines or steer a
// terminal.
static void tame(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '.';
}

static void __attribute__((format(printf, 3, 0)))
put_text(enum srs_log_level level, const char *module, const char *format, va_list args)
{
    char line[LINE_MAX_SIZE];
    size_t n = put_head(line, sizeof line, level, module);
    int more = vsnprintf(line + n, sizeof line - n - 1, format, args);
    size_t end = n + (more > 0 ? (size_t)more : 0);
    end = end < sizeof line - 2 ? end : sizeof line - 2;
    tame(line + n, end - n);
    line[end] = '\n';
    put_line(line, end + 1);
}

void srs_log_write(enum srs_log_level level, const char *module, const char *format, ...)
{
    if (!srs_log_enabled(level))
        return;
    va_list args;
    va_start(args, format);
    put_text(level, module, format, args);
    va_end(args);
}

static bool is_peer_gone(srs_err err)
{
    return err == SRS_E_SOCKET_CLOSED || err == SRS_E_SOCKET_READ ||
           err == SRS_E_SOCKET_READ_FULLY || err == SRS_E_SOCKET_WRITE ||
           err == SRS_E_SOCKET_TIMEOUT || err == SRS_E_SEND_TIMEOUT;
}

static void err_log(enum srs_log_level level, srs_err err, const char *module, const char *action)
{
    char text[LINE_MAX_SIZE - 200];
    srs_err_count(err);
    srs_err_format(err, text, sizeof text);
    srs_log_write(level, module, "%s %s", action, text);
    (void)srs_bare(err);
}

void srs_err_log(srs_err err, const char *module, const char *action)
{
    if (err != SRS_OK)
        err_log(is_peer_gone(err) ? SRS_LOG_WARN : SRS_LOG_ERROR, err, module, action);
}

void srs_err_log_warn(srs_err err, const char *module, const char *action)
{
    if (err != SRS_OK)
        err_log(SRS_LOG_WARN, err, module, action);
}

bool srs_log_limit_pass(struct srs_log_limit *limit, unsigned *missed)
{
    srs_usec now = srs_now();
    if (now < limit->next_at) {
        limit->missed++;
        return false;
    }
    limit->next_at = now + LIMIT_PERIOD_USEC;
    *missed = limit->missed;
    limit->missed = 0;
    return true;
}

bool srs_log_burst_pass(struct srs_log_burst *burst, unsigned *missed)
{
    srs_usec now = srs_now();
    srs_usec paid_until = (burst->paid_until > now ? burst->paid_until : now) + BURST_LINE_USEC;
    if (paid_until - now > SRS_LOG_BURST * (srs_usec)BURST_LINE_USEC) {
        burst->missed++;
        return false;
    }
    burst->paid_until = paid_until;
    *missed = burst->missed;
    burst->missed = 0;
    return true;
}
