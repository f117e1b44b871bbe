// Checks the text of a configuration as if the server was to be started with it, by one helper
// thread: for the API. Nothing changes, and no file that the text names is opened.
#pragma once
#include "core/co.h"
#include "core/rdwr.h"
#include "server/config/config.h"

struct srs_check;

enum { SRS_CHECK_STORY = 1024 };

struct srs_check_verdict {
    srs_err err; // OK when it is good
    char story[SRS_CHECK_STORY];
    struct srs_config_fault fault;
    struct srs_config *config; // when it is good, with its notes; the caller's
};

// `args` as the server was started with, borrowed: variables of the environment go before the text
// too.
struct srs_check *srs_check_new(const struct srs_config_args *args);
// Waits at most until the deadline for a check that still runs.
SRS_YIELDS void srs_check_free(struct srs_check *check, srs_usec deadline);

// Waits its turn. TASK_QUEUE_FULL, NO_MEMORY, SOCKET_TIMEOUT at the deadline, CANCELED: then there
// is no verdict.
SRS_YIELDS SRS_ERR srs_check_run(struct srs_check *check, struct srs_span text, srs_usec deadline,
                                 struct srs_check_verdict *out);
