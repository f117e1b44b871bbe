// Errors: one enum of published numbers, and a short story of at most eight frames told on the way
// up.
//
// srs_fail starts a story, srs_wrap adds a frame where the caller knows something the callee did
// not, and whoever handles the error logs it once (srs_err_log in log.h) or drops it on purpose.
// Expected outcomes are bare: no story. The story belongs to the running coroutine (the scheduler
// swaps it at each switch) or, off the scheduler, to the thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum srs_err {
    SRS_OK = 0,
#define X(number, name, short_name, sentence) SRS_E_##name = (number),
#include "core/err_codes.def"
#undef X
} srs_err;

// Return type of every function that can fail.
#define SRS_ERR __attribute__((warn_unused_result)) srs_err

enum { SRS_ERR_FRAMES = 8, SRS_ERR_TEXT = 96 };

struct srs_err_trace {
    srs_err code;
    unsigned count; // frames told; those beyond SRS_ERR_FRAMES are counted only
    struct srs_err_frame {
        const char *file;
        const char *func;
        int line;
        int sys; // errno of a failed system call, else 0
        char text[SRS_ERR_TEXT];
    } frames[SRS_ERR_FRAMES];
};

#define srs_fail(code, ...) \
    srs_err_tell(SRS_ERR_FRESH, code, __FILE__, __LINE__, __func__, __VA_ARGS__)
// A system call failed just now: errno is part of the story.
#define srs_fail_sys(code, ...) \
    srs_err_tell(SRS_ERR_FRESH_SYS, code, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define srs_wrap(err, ...) \
    srs_err_tell(SRS_ERR_WRAP, err, __FILE__, __LINE__, __func__, __VA_ARGS__)

#ifdef __clang_analyzer__ // which cannot see that they return their code, never SRS_OK
#undef srs_fail
#undef srs_fail_sys
#undef srs_wrap
#define srs_fail(code, ...) \
    ((void)srs_err_tell(SRS_ERR_FRESH, code, __FILE__, __LINE__, __func__, __VA_ARGS__), (code))
#define srs_fail_sys srs_fail
#define srs_wrap(err, ...) \
    ((void)srs_err_tell(SRS_ERR_WRAP, err, __FILE__, __LINE__, __func__, __VA_ARGS__), (err))
#endif

// Returns its code. Use srs_fail, srs_fail_sys and srs_wrap.
enum srs_err_how { SRS_ERR_WRAP, SRS_ERR_FRESH, SRS_ERR_FRESH_SYS };
srs_err srs_err_tell(enum srs_err_how how, srs_err code, const char *file, int line,
                     const char *func, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

// An outcome that is expected (time-out, end, canceled): empties the story, so that no later wrap
// joins an old one.
srs_err srs_bare(srs_err code);

// Ends an error that is ignored on purpose; `why` is for the reader.
void srs_err_drop(srs_err err, const char *why);

// "ConfigInvalid" and the sentence; both are static, "Unknown" for a number that is not in the
// table.
const char *srs_err_name(srs_err err);
const char *srs_err_sentence(srs_err err);

// One more of that code was handled: it was logged, or its place in the log was taken by a limit.
void srs_err_count(srs_err err);
// How often the next code was counted, from *at on, which begins as 0; 0 behind the last.
uint64_t srs_err_counted(size_t *at, srs_err *err);

// The current story if it is that of `err`, else NULL. Valid until the next call of this module.
const struct srs_err_trace *srs_err_story(srs_err err);

// The current story whatever its code, for the crash report.
const struct srs_err_trace *srs_err_current(void);

// Writes "code=N(Name)(sentence) : outer : inner" into out[0..size), always terminated; does not
// end the story.
void srs_err_format(srs_err err, char *out, size_t size);

// A story kept in an object, for an error that is kept in one. Take moves the current story out
// (NULL if none); give makes it the current one again and takes ownership.
struct srs_err_trace *srs_err_save(void);
void srs_err_restore(struct srs_err_trace *trace);
void srs_err_trace_free(struct srs_err_trace *trace);

// A thread that ends gives back its spare stories.
void srs_err_thread_end(void);

// For the scheduler only: swaps the running coroutine's story.
struct srs_err_trace *srs_err_swap(struct srs_err_trace *trace);
