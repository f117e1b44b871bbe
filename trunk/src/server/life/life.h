// The life of the process: what lies between its start and the first client, and between a signal
// and the end.
//
// Begin, then the scheduler and the log, then watch, then listeners, then settle, then next until
// it says STOP, then close; free at the very end. Signals are turned into requests here: the log is
// reopened at once, the rest is for whoever calls next.
#pragma once
#include "core/co.h"
#include "core/process.h"
#include "server/config/config.h"

struct srs_life;
struct srs_clients;

enum srs_life_request {
    SRS_LIFE_RELOAD,
    SRS_LIFE_CLOSE_LISTENERS, // of a graceful quit
    SRS_LIFE_STOP,
    SRS_LIFE_REQUESTS,
};

// Changes to the working directory, looks up who to run as, goes to the background, takes the pid
// file. Before scheduler and threads are made. In the parent of a server that went to the
// background *out is NULL: it reports the outcome and ends. SYSTEM_CONFIG_INVALID for a directory,
// PRIVILEGE, SYSTEM_ASSERT_FAILED (asprocess), those of srs_background_enter and srs_pid_file_take.
SRS_ERR srs_life_begin(const struct srs_config *config, struct srs_life **out,
                       struct srs_background_outcome *outcome);
// Removes the pid file.
void srs_life_free(struct srs_life *life);

// Starts to listen for signals. Both are borrowed until close; *config is where the snapshot of the
// moment is found. ST_OPEN_SOCKET, STACKS.
SRS_ERR srs_life_watch(struct srs_life *life, struct srs_config *const *config,
                       struct srs_clients *clients);
// All ports are open and the log is: becomes the user that the configuration names, and tells who
// waits for the start. PRIVILEGE, STACKS.
SRS_ERR srs_life_settle(struct srs_life *life);

// Waits for the next request; several of one kind are one. CANCELED.
SRS_YIELDS SRS_ERR srs_life_next(struct srs_life *life, enum srs_life_request *request);
// From elsewhere than a signal.
void srs_life_ask(struct srs_life *life, enum srs_life_request request);
SRS_YIELDS void srs_life_close(struct srs_life *life);
