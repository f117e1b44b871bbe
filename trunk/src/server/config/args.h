// The command line of the server.
#pragma once
#include "core/err.h"
#include <stdbool.h>

enum srs_args_action {
    SRS_ARGS_RUN,
    SRS_ARGS_TEST, // load the configuration, say what is wrong with it, end
    SRS_ARGS_HELP, // the others print a line and end with 0
    SRS_ARGS_VERSION,
    SRS_ARGS_SIGNATURE,
};

struct srs_args {
    enum srs_args_action action;
    const char *file; // of -c, from argv; NULL
    bool env_only;
};

// SYSTEM_CONFIG_INVALID for an option that does not exist; *out is then not touched.
// SRS_CONFIG_FILE and SRS_ENV_ONLY are looked at when the configuration is loaded.
SRS_ERR srs_args_parse(int argc, char *const *argv, struct srs_args *out);

// Lines of help; the first one tells what happens without arguments.
const char *srs_args_help(void);

// What the process ends with: the error modulo 256, but never 0 for an error.
int srs_args_exit_status(srs_err err);
