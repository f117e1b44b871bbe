// The server program: command line, configuration, then one scheduler until a signal ends it.
#include "core/co.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/signals.h"
#include "core/version.h"
#include "server/config/args.h"
#include "server/run.h"
#include "server/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// The soft descriptor limit is raised to the hard one; that is what max_connections is checked
// against.
static uint64_t raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}

static int fail_with(srs_err err)
{
    char text[1024];
    srs_err_format(err, text, sizeof text);
    (void)fprintf(stderr, "srs: %s\n", text);
    return srs_args_exit_status(err);
}

static void print_notes(const struct srs_config *config)
{
    for (size_t i = 0; i < config->note_count; i++)
        (void)fprintf(stderr, "%s\n", config->notes[i]);
}

static SRS_ERR open_log(const struct srs_config *config)
{
    struct srs_log_options options = {
        .level = srs_server_log_level(config),
        .file = config->log.tank == SRS_CONFIG_TANK_FILE ? config->log.file : NULL};
    srs_err err = srs_log_open(&options);
    if (err)
        return err;
    srs_crash_install(options.file);
    if (options.file != NULL)
        (void)fprintf(stderr, "srs: the log is in %s\n", options.file);
    for (size_t i = 0; i < config->note_count; i++)
        srs_log_warn("config", "%s", config->notes[i]);
    if (config->notes_dropped > 0)
        srs_log_warn("config", "%zu more notes", config->notes_dropped);
    return SRS_OK;
}

// Takes the reference.
static int run(struct srs_config *config, const struct srs_config_args *args)
{
    srs_signals_block();
    srs_err err = srs_co_init();
    if (!err)
        err = open_log(config);
    if (err)
        srs_config_unref(config);
    else
        err = srs_server_run(config, args);
    int status = err ? srs_args_exit_status(err) : 0;
    if (err)
        srs_err_log(err, "main", "server ended");
    srs_log_close();
    return status;
}

int main(int argc, char **argv)
{
    struct srs_args args;
    srs_err err = srs_args_parse(argc, argv, &args);
    if (err)
        return fail_with(err);
    if (args.action == SRS_ARGS_HELP)
        return fputs(srs_args_help(), stdout) < 0;
    if (args.action == SRS_ARGS_VERSION)
        return puts(SRS_VERSION) < 0;
    if (args.action == SRS_ARGS_SIGNATURE)
        return puts(SRS_SIGNATURE) < 0;
    struct srs_config *config = NULL;
    struct srs_config_args load = {.file = args.file,
                                   .env_only = args.env_only,
                                   .environ = environ,
                                   .descriptors = raise_descriptors()};
    err = srs_config_load(&load, &config);
    if (err)
        return fail_with(err);
    if (args.action == SRS_ARGS_TEST) {
        print_notes(config);
        (void)printf("the configuration is good\n");
        srs_config_unref(config);
        return 0;
    }
    return run(config, &load);
}
