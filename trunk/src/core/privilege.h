// Running as another user once what only root may do is done.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <sys/types.h>

enum { SRS_PRIVILEGE_NAME = 64 };

struct srs_privilege {
    bool drops; // there is something to do
    uid_t uid;
    gid_t gid;
    char name[SRS_PRIVILEGE_NAME]; // of the user, for its other groups; "" for a bare number
};

// Looks up user and group, names or numbers; without a group the user's own is taken, and nothing
// is to be done for the user "" or the one that runs us. Reads the system's files: at the start
// only. PRIVILEGE when there is no such user or group, or when only root could do it.
SRS_ERR srs_privilege_find(const char *user, const char *group, struct srs_privilege *out);
// For the whole process with all its threads, for good: it is tried whether there is a way back.
// Cores can be dumped as before. PRIVILEGE; then the process must end.
SRS_ERR srs_privilege_drop(const struct srs_privilege *to);
