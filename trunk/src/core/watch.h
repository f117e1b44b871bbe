// Tells when files may have changed, by inotify on the directories that hold them: editors that
// rename, and links that are pointed elsewhere, are seen as well as files that are written.
#pragma once
#include "core/co.h"
#include <stdbool.h>
#include <stdint.h>

enum { SRS_WATCH_FILES_MAX = 64 }; // more are not looked at

struct srs_watch;

// ST_OPEN_SOCKET: the system gives no more of these.
SRS_ERR srs_watch_new(struct srs_watch **out);
void srs_watch_free(struct srs_watch *watch);

// Blocks, for a helper thread: watches the directories of these files from now on, and no others.
// *mark is that of srs_watch_mark. Not while another thread is in here.
void srs_watch_look(struct srs_watch *watch, const char *const *paths, size_t count,
                    uint64_t *mark);

// Another one when any of the files was replaced, written or pointed elsewhere; 0 when one is not
// there or empty, as a file is that is just being written. Blocks.
uint64_t srs_watch_mark(const char *const *paths, size_t count);

// One of the files was written and is not closed yet, as far as was seen since the first look.
bool srs_watch_is_busy(struct srs_watch *watch);

// Until something happened in those directories, and then until nothing did for `quiet`, but not
// longer than `most`. SOCKET_TIMEOUT when nothing did before the deadline, or a file is still being
// written; CANCELED. Not while a thread looks.
SRS_YIELDS SRS_ERR srs_watch_wait(struct srs_watch *watch, srs_usec deadline, srs_usec quiet,
                                  srs_usec most);
