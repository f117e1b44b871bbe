// The process towards the system it runs on: descriptor limit, container, background, systemd.
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Raises the soft limit of descriptors to the hard one. What is in force afterwards, 0 when that
// cannot be told.
uint64_t srs_process_raise_descriptors(void);

// True in a container of the usual makers.
bool srs_process_in_container(void);
// The largest send buffer that a socket may ask for (net.core.wmem_max); 0 when it is not known.
uint64_t srs_process_send_buffer_max(void);
// What it goes by: the text of /proc/1/cgroup.
bool srs_process_is_container_cgroup(const char *text);

// Writes lines like "READY=1" to the socket that systemd named in NOTIFY_SOCKET; nothing without
// it. SOCKET_CREATE, SOCKET_WRITE, SYSTEM_IP_INVALID.
SRS_ERR srs_process_notify(const char *lines);

// A server in the background, from the side that goes on.
struct srs_background {
    int pipe; // to the process that waits, -1 when none does
};

// What the process that was started sees.
struct srs_background_outcome {
    bool is_parent; // the rest is for the parent only
    bool ready;     // the child said so
    pid_t child;
    int status; // that the child ended with
    int signal; // that ended it, 0 for none
};

// Forks; before any thread, coroutine or descriptor that must be one process's own. The child leads
// a session of its own. The parent waits here until the child says that it is ready, or has ended.
// SYSTEM_CREATE_PIPE, SYSTEM_WAITPID; nothing runs twice then.
SRS_ERR srs_background_enter(struct srs_background *out, struct srs_background_outcome *outcome);
// Lets go of the terminal (of its output only when asked to) and tells the parent. Harmless in the
// foreground.
void srs_background_ready(struct srs_background *background, bool keep_output);
