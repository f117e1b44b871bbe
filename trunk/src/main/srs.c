// The server program: command line, configuration, then one scheduler until a signal ends it.
#include "core/co.h"
#include "core/crash.h"
#include "core/crypto.h"
#include "core/interfaces.h"
#include "core/log.h"
#include "core/privilege.h"
#include "core/process.h"
#include "core/signals.h"
#include "core/version.h"
#include "server/certs.h"
#include "server/config/args.h"
#include "server/life/life.h"
#include "server/run.h"
#include "server/server.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        .file = config->log.tank == SRS_CONFIG_TANK_FILE ? config->log.file : NULL,
        .utc = config->log.utc};
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

// A log file is not where somebody looks who has just started the server.
static int end_with(srs_err err, bool tell)
{
    int status = srs_args_exit_status(err);
    char text[1024];
    srs_err_format(err, text, sizeof text);
    if (tell)
        (void)fprintf(stderr, "srs: %s\n", text);
    srs_err_log(err, "main", "server ended");
    return status;
}

// Takes the reference.
static int serve(struct srs_config *config, const struct srs_config_args *args,
                 struct srs_life *life)
{
    int status = 0;
    bool to_file = config->log.tank == SRS_CONFIG_TANK_FILE;
    srs_signals_block();
    srs_crypto_init();
    srs_err err = srs_co_init();
    if (!err)
        err = open_log(config);
    if (err) {
        srs_config_unref(config);
        return fail_with(err);
    }
    err = srs_server_run(config, args, life);
    if (err)
        status = end_with(err, to_file);
    srs_log_close();
    return status;
}

// The child has told its errors itself.
static int report(const struct srs_background_outcome *outcome)
{
    if (outcome->ready) {
        (void)printf("srs: started in the background, process %ld\n", (long)outcome->child);
        return 0;
    }
    if (outcome->signal != 0)
        (void)fprintf(stderr, "srs: process %ld was ended by signal %s at its start\n",
                      (long)outcome->child, sigabbrev_np(outcome->signal));
    return outcome->status != 0 ? outcome->status : 1;
}

// Takes the reference.
static int run(struct srs_config *config, const struct srs_config_args *args)
{
    struct srs_life *life = NULL;
    struct srs_background_outcome outcome;
    srs_err err = srs_life_begin(config, &life, &outcome);
    if (err || outcome.is_parent) {
        srs_config_unref(config);
        return err ? fail_with(err) : report(&outcome);
    }
    int status = serve(config, args, life);
    srs_life_free(life);
    return status;
}

// Beyond what the file says itself: what the start would look for in the system. Takes the
// reference.
static int test(struct srs_config *config)
{
    struct srs_certs *certs = NULL;
    struct srs_privilege privilege;
    srs_err err = SRS_OK;
    print_notes(config);
    if (chdir(config->life.work_dir) != 0)
        err = srs_fail_sys(SRS_E_SYSTEM_CONFIG_INVALID, "work_dir %.60s", config->life.work_dir);
    if (!err)
        err = srs_privilege_find(config->life.user, config->life.group, &privilege);
    if (!err)
        err = srs_certs_load(config, &certs);
    srs_certs_free(certs);
    srs_config_unref(config);
    if (err)
        return fail_with(err);
    (void)printf("the configuration is good\n");
    return 0;
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
    char folder[PATH_MAX / 2];
    struct srs_config_args load = {.file = args.file,
                                   .folder = getcwd(folder, sizeof folder),
                                   .env_only = args.env_only,
                                   .environ = environ,
                                   .descriptors = srs_process_raise_descriptors(),
                                   .in_container = srs_process_in_container(),
                                   .send_buffer = srs_process_send_buffer_max(),
                                   .addresses = srs_interfaces_read(NULL, 0)};
    err = srs_config_load(&load, &config);
    if (err)
        return fail_with(err);
    if (args.action == SRS_ARGS_TEST)
        return test(config);
    return run(config, &load);
}
