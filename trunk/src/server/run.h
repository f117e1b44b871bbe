// Runs the server: opens what the configuration asks for, serves until a signal says stop, ends
// what can be ended.
#pragma once
#include "core/co.h"
#include "server/config/config.h"

// On the root coroutine, once. SIGTERM, SIGINT and SIGQUIT end it; SIGUSR1 reopens the log. Errors
// of listeners that cannot be opened, and of memory.
// SIGHUP loads the configuration again with `args`. Takes the reference to `config`.
SRS_YIELDS SRS_ERR srs_server_run(struct srs_config *config, const struct srs_config_args *args);
