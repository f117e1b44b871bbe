// Runs the server: opens what the configuration asks for, serves until a signal says stop, ends
// what can be ended.
#pragma once
#include "core/co.h"
#include "server/config/config.h"
#include "server/life/life.h"

// On the root coroutine, once. A reload loads the configuration again with `args`. Takes the
// reference to `config`. Errors of listeners that cannot be opened, of a user that cannot be
// changed to, and of memory.
SRS_YIELDS SRS_ERR srs_server_run(struct srs_config *config, const struct srs_config_args *args,
                                  struct srs_life *life);
