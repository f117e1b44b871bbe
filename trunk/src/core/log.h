// The log: one fact a line, `time level [cid] module: action key=value`. Never yields: lines go
// into a bounded ring that a thread of its own writes to the file or the console, so a hung disk
// holds nobody up. Lines that find the ring full are counted and said later.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum srs_log_level {
    SRS_LOG_DEBUG,
    SRS_LOG_INFO,
    SRS_LOG_WARN,
    SRS_LOG_ERROR,
    SRS_LOG_NONE,
};

struct srs_log_options {
    enum srs_log_level level;
    const char *file; // NULL: the console (standard output); copied
    bool utc;
};

// Until this is called lines of INFO and above go straight to standard error. Opens the file; may
// be called again after srs_log_close.
SRS_ERR srs_log_open(const struct srs_log_options *options);
// Opens the same file anew (after it was moved away). The writing thread does it; when it cannot,
// it says so in the old one and keeps that.
void srs_log_reopen(void);
// Makes the file another user's, so that a process which becomes that user can open it again; not
// while a reopen is under way. False when that is refused.
bool srs_log_give(uid_t uid, gid_t gid);
void srs_log_set_level(enum srs_log_level level);
void srs_log_set_utc(bool utc);
bool srs_log_enabled(enum srs_log_level level);
// Writes what is pending and ends the thread.
void srs_log_close(void);

// Names of both SRS families: verbose info trace warn error, and trace debug info warn error. v2
// wins where given. False for a word that is neither; then *level is INFO.
bool srs_log_level_parse(const char *v1, const char *v2, enum srs_log_level *level);

#define srs_log_debug(module, ...) \
    (srs_log_enabled(SRS_LOG_DEBUG) ? srs_log_write(SRS_LOG_DEBUG, module, __VA_ARGS__) : (void)0)
#define srs_log_info(module, ...)  srs_log_write(SRS_LOG_INFO, module, __VA_ARGS__)
#define srs_log_warn(module, ...)  srs_log_write(SRS_LOG_WARN, module, __VA_ARGS__)
#define srs_log_error(module, ...) srs_log_write(SRS_LOG_ERROR, module, __VA_ARGS__)
void srs_log_write(enum srs_log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Logs an error with its story and ends it: at level error, or warn where it only says that a peer
// left or was silent. Nothing for SRS_OK.
void srs_err_log(srs_err err, const char *module, const char *action);
// As a warning, whatever the code: a peer misbehaved, an operator need not act.
void srs_err_log_warn(srs_err err, const char *module, const char *action);

// For lines that could repeat: true at most once a period, then *missed says how many were not let
// through since.
struct srs_log_limit {
    int64_t next_at;
    unsigned missed;
};
bool srs_log_limit_pass(struct srs_log_limit *limit, unsigned *missed);

// For lines that strangers cause: SRS_LOG_BURST of them at once and one a second in the long run.
enum { SRS_LOG_BURST = 200 };
struct srs_log_burst {
    int64_t paid_until;
    unsigned missed;
};
bool srs_log_burst_pass(struct srs_log_burst *burst, unsigned *missed);
