#include "core/log.h"
#include "core/mem.h"
#include "server/life/life_priv.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// --- before the scheduler -----------------------------------------------------------------------

static SRS_ERR change_directory(const char *path)
{
    if (path[0] != '\0' && chdir(path) != 0)
        return srs_fail_sys(SRS_E_SYSTEM_CONFIG_INVALID, "work_dir %s", path);
    return SRS_OK;
}

// The first process of a system or a container has no parent whose end could be waited for, and its
// children are given to it when theirs ends.
static SRS_ERR note_parent(struct srs_life *life)
{
    life->parent = getppid();
    if (life->parent <= 1)
        return srs_fail(SRS_E_SYSTEM_ASSERT_FAILED, "asprocess: the parent is process %ld",
                        (long)life->parent);
    return SRS_OK;
}

SRS_ERR srs_life_begin(const struct srs_config *config, struct srs_life **out,
                       struct srs_background_outcome *outcome)
{
    struct srs_life *life = srs_new(struct srs_life);
    life->background.pipe = -1;
    life->pid_file.fd = -1;
    life->log_file = config->log.tank == SRS_CONFIG_TANK_FILE ? config->log.file : NULL;
    *outcome = (struct srs_background_outcome){0};
    srs_err err = change_directory(config->life.work_dir);
    if (!err)
        err = srs_privilege_find(config->life.user, config->life.group, &life->privilege);
    if (!err && config->life.asprocess)
        err = note_parent(life);
    if (!err && config->daemon)
        err = srs_background_enter(&life->background, outcome);
    if (!err && !outcome->is_parent && config->life.pid[0] != '\0')
        err = srs_pid_file_take(config->life.pid, &life->pid_file);
    if (err || outcome->is_parent) {
        srs_free(life);
        life = NULL;
    }
    *out = life;
    return err;
}

void srs_life_free(struct srs_life *life)
{
    if (life == NULL)
        return;
    srs_pid_file_release(&life->pid_file);
    srs_free(life);
}

// --- once it serves -----------------------------------------------------------------------------

// After logrotate has moved the file away a new one must be made in its place.
static void check_log_folder(const char *file)
{
    char folder[PATH_MAX / 4];
    int size = snprintf(folder, sizeof folder, "%s", file);
    char *slash = strrchr(folder, '/');
    if (size < 0 || (size_t)size >= sizeof folder)
        return;
    if (slash == NULL)
        (void)snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    if (access(folder, W_OK | X_OK) != 0)
        srs_log_warn("life",
                     "user cannot make files in %s: a log that was moved away is not made again",
                     folder);
}

static SRS_ERR change_user(const struct srs_life *life)
{
    const struct srs_privilege *to = &life->privilege;
    if (!to->drops)
        return SRS_OK;
    if (!srs_log_give(to->uid, to->gid))
        srs_log_warn("life", "cannot give the log to the user: %s", strerrordesc_np(errno));
    srs_err err = srs_privilege_drop(to);
    if (err)
        return err;
    srs_log_info("life", "runs as user=%s uid=%ld gid=%ld", to->name, (long)to->uid, (long)to->gid);
    if (life->log_file != NULL)
        check_log_folder(life->log_file);
    return SRS_OK;
}

SRS_ERR srs_life_settle(struct srs_life *life)
{
    char lines[64];
    srs_err err = change_user(life);
    if (!err)
        err = srs_life_watch_parent(life);
    if (err)
        return err;
    (void)snprintf(lines, sizeof lines, "READY=1\nMAINPID=%ld\n", (long)getpid());
    srs_err_log_warn(srs_process_notify(lines), "life", "start not told");
    srs_background_ready(&life->background, life->log_file == NULL);
    return SRS_OK;
}
