// Errors. Stories come from a small per-thread pool, so that a failing connection costs no
// allocation in the usual case.
#include "core/err.h"
#include "core/mem.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Stories alive at once are few (one per coroutine that is failing now); a spare handful avoids
// malloc in a storm.
enum { POOL_MAX = 32 };

static _Thread_local struct srs_err_trace *current;
static _Thread_local struct srs_err_trace *pool[POOL_MAX];
static _Thread_local unsigned pool_count;

static const struct {
    int number;
    const char *name;
    const char *sentence;
} codes[] = {
#define X(number, name, short_name, sentence) {number, #short_name, sentence},
#include "core/err_codes.def"
#undef X
};

// Helper threads count too.
static uint64_t counts[sizeof codes / sizeof codes[0]];

static struct srs_err_trace *trace_new(void)
{
    return pool_count > 0 ? pool[--pool_count] : srs_new(struct srs_err_trace);
}

void srs_err_trace_free(struct srs_err_trace *trace)
{
    if (trace == NULL)
        return;
    trace->code = SRS_OK; // or a later wrap of the same code would join it
    trace->count = 0;
    if (pool_count < POOL_MAX)
        pool[pool_count++] = trace;
    else
        srs_free(trace);
}

srs_err srs_err_tell(enum srs_err_how how, srs_err code, const char *file, int line,
                     const char *func, const char *format, ...)
{
    int sys = how == SRS_ERR_FRESH_SYS ? errno : 0;
    if (current == NULL)
        current = trace_new();
    struct srs_err_trace *trace = current;
    if (how != SRS_ERR_WRAP || trace->code != code) {
        trace->code = code;
        trace->count = 0;
    }
    if (trace->count < SRS_ERR_FRAMES) {
        struct srs_err_frame *frame = &trace->frames[trace->count];
        frame->file = file;
        frame->func = func;
        frame->line = line;
        frame->sys = sys;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(frame->text, sizeof frame->text, format, args);
        va_end(args);
    }
    trace->count++;
    return code;
}

srs_err srs_bare(srs_err code)
{
    srs_err_trace_free(current);
    current = NULL;
    return code;
}

void srs_err_drop(srs_err err, const char *why)
{
    (void)why;
    if (err != SRS_OK)
        (void)srs_bare(err);
}

static size_t code_index(srs_err err)
{
    size_t low = 0;
    size_t high = sizeof codes / sizeof codes[0];
    while (low < high) { // the table is in ascending order
        size_t mid = (low + high) / 2;
        if (codes[mid].number < (int)err)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void srs_err_count(srs_err err)
{
    size_t i = code_index(err);
    if (i < sizeof codes / sizeof codes[0] && codes[i].number == (int)err)
        (void)__atomic_fetch_add(&counts[i], 1, __ATOMIC_RELAXED);
}

uint64_t srs_err_counted(size_t *at, srs_err *err)
{
    while (*at < sizeof codes / sizeof codes[0]) {
        size_t i = (*at)++;
        uint64_t count = __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
        *err = (srs_err)codes[i].number;
        if (count > 0)
            return count;
    }
    return 0;
}

const char *srs_err_name(srs_err err)
{
    size_t i = code_index(err);
    if (err == SRS_OK)
        return "Success";
    return i < sizeof codes / sizeof codes[0] && codes[i].number == (int)err ? codes[i].name
                                                                             : "Unknown";
}

const char *srs_err_sentence(srs_err err)
{
    size_t i = code_index(err);
    if (err == SRS_OK)
        return "success";
    return i < sizeof codes / sizeof codes[0] && codes[i].number == (int)err ? codes[i].sentence
                                                                             : "unknown error";
}

const struct srs_err_trace *srs_err_story(srs_err err)
{
    return current != NULL && current->code == err && err != SRS_OK ? current : NULL;
}

const struct srs_err_trace *srs_err_current(void)
{
    return current;
}

void srs_err_format(srs_err err, char *out, size_t size)
{
    int used =
        snprintf(out, size, "code=%d(%s)(%s)", (int)err, srs_err_name(err), srs_err_sentence(err));
    const struct srs_err_trace *trace = srs_err_story(err);
    if (trace == NULL || used < 0)
        return;
    size_t at = (size_t)used;
    unsigned told = trace->count < SRS_ERR_FRAMES ? trace->count : SRS_ERR_FRAMES;
    for (unsigned i = told; i > 0 && at < size; i--) {
        const struct srs_err_frame *frame = &trace->frames[i - 1];
        used = snprintf(out + at, size - at, " : %s", frame->text);
        at += used > 0 ? (size_t)used : 0;
    }
    if (told > 0 && at < size) {
        const struct srs_err_frame *first = &trace->frames[0];
        const char *slash = strrchr(first->file, '/');
        used = snprintf(out + at, size - at, " (%s:%d)", slash != NULL ? slash + 1 : first->file,
                        first->line);
        at += used > 0 ? (size_t)used : 0;
        if (first->sys != 0 && at < size)
            (void)snprintf(out + at, size - at, " errno=%d(%s)", first->sys,
                           strerrordesc_np(first->sys));
    }
}

struct srs_err_trace *srs_err_save(void)
{
    return srs_err_swap(NULL);
}

void srs_err_restore(struct srs_err_trace *trace)
{
    srs_err_trace_free(srs_err_swap(trace));
}

struct srs_err_trace *srs_err_swap(struct srs_err_trace *trace)
{
    struct srs_err_trace *old = current;
    current = trace;
    return old;
}

void srs_err_thread_end(void)
{
    (void)srs_bare(SRS_OK);
    while (pool_count > 0)
        srs_free(pool[--pool_count]);
}
