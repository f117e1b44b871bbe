#include "server/reload_watch.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/task.h"
#include "core/watch.h"

static const srs_usec tick_usec = 1 * SRS_SEC;     // between two looks at what is wanted
static const srs_usec quiet_usec = 200 * SRS_MSEC; // what changes together is one change
static const srs_usec most_usec = 2 * SRS_SEC;     // also when it never gets quiet
static const srs_usec look_usec = 10 * SRS_SEC;    // a file system that takes longer hangs
static const srs_usec quit_usec = 1 * SRS_SEC;

struct watcher {
    struct srs_server *server;
    struct srs_reload *reload;
    struct srs_task_queue *queue;
    struct srs_watch *watch;
    uint64_t mark;    // of the files as they were last seen whole, 0 = not yet
    unsigned reloads; // seen
};

// --- looking ------------------------------------------------------------------------------------

struct look {
    struct srs_task task;
    struct srs_watch *watch;
    struct srs_config *config; // whose files; a reference
    uint64_t mark;
    uint64_t *out; // the waiter's; NULL once it has gone
};

static srs_err run_look(struct srs_task *task)
{
    struct look *look = srs_list_entry(task, struct look, task);
    const struct srs_config_words *files = &look->config->files;
    srs_watch_look(look->watch, files->items, files->count, &look->mark);
    return SRS_OK;
}

static void look_done(struct srs_task *task)
{
    struct look *look = srs_list_entry(task, struct look, task);
    if (look->out != NULL)
        *look->out = look->mark;
    srs_config_unref(look->config);
    srs_free(look);
}

static SRS_YIELDS SRS_ERR look_at_files(struct watcher *watcher, uint64_t *mark)
{
    struct look *look = srs_new(struct look);
    *mark = 0;
    look->task = (struct srs_task){.run = run_look, .done = look_done};
    look->watch = watcher->watch;
    look->config = srs_config_ref(watcher->server->config);
    look->out = mark;
    srs_err err = srs_task_call(watcher->queue, &look->task, srs_now() + look_usec);
    if (err == SRS_E_SOCKET_TIMEOUT || err == SRS_E_CANCELED)
        look->out = NULL;
    return err;
}

// --- the coroutine ------------------------------------------------------------------------------

static bool is_wanted(const struct watcher *watcher)
{
    const struct srs_config *config = watcher->server->config;
    const struct srs_config *start = srs_reload_start(watcher->reload); // only it says where we are
    bool by_container = start->life.in_docker && config->life.auto_reload_for_docker;
    return config->files.count > 0 && (config->life.inotify_auto_reload || by_container);
}

// Which files there are, and how they are, after a start or a reload.
static SRS_YIELDS SRS_ERR begin(struct watcher *watcher)
{
    srs_err err = SRS_OK;
    if (watcher->watch == NULL)
        err = srs_watch_new(&watcher->watch);
    if (!err && watcher->queue == NULL)
        err = srs_task_queue_new("config-watch", 1, &watcher->queue);
    if (err)
        return err;
    uint64_t mark = 0;
    watcher->reloads = srs_reload_count(watcher->reload);
    err = look_at_files(watcher, &mark);
    // What changed since it was read has been asked for already, or is about to be.
    if (!err && mark != 0 && watcher->mark == 0)
        watcher->mark = mark;
    return err;
}

// Somebody who writes slowly is waited for: no file may change for a while.
static SRS_YIELDS SRS_ERR look_again(struct watcher *watcher)
{
    uint64_t mark = 0;
    uint64_t before = 0;
    srs_err err = look_at_files(watcher, &mark);
    while (!err && mark != watcher->mark && mark != before) {
        before = mark;
        err = srs_co_sleep(srs_now() + quiet_usec);
        if (!err)
            err = look_at_files(watcher, &mark);
    }
    // What is not closed yet tells of itself when it is.
    if (err || mark == 0 || mark == watcher->mark || srs_watch_is_busy(watcher->watch))
        return err;
    watcher->mark = mark;
    srs_log_info("reload", "the configuration has changed on disk");
    srs_reload_request_at(watcher->reload, mark);
    return SRS_OK;
}

static bool is_current(const struct watcher *watcher)
{
    return is_wanted(watcher) && watcher->reloads == srs_reload_count(watcher->reload);
}

// While it is wanted, and no reload has changed what there is to watch.
static SRS_YIELDS SRS_ERR follow(struct watcher *watcher)
{
    srs_err err = begin(watcher);
    if (!err)
        err = look_again(watcher);
    while (!err && is_current(watcher)) {
        err = srs_watch_wait(watcher->watch, srs_now() + tick_usec, quiet_usec, most_usec);
        if (err == SRS_E_SOCKET_TIMEOUT) {
            srs_err_drop(err, "nothing has happened");
            err = SRS_OK;
        } else if (!err && is_current(watcher)) {
            err = look_again(watcher);
        }
    }
    return err;
}

static SRS_YIELDS srs_err watch_main(void *arg)
{
    struct watcher *watcher = arg;
    srs_err err = SRS_OK;
    while (err != SRS_E_CANCELED) {
        if (is_wanted(watcher))
            err = follow(watcher);
        else
            watcher->mark = 0; // what changes meanwhile is not looked at
        if (err && err != SRS_E_CANCELED) {
            srs_err_log_warn(err, "reload", "the configuration's files are not watched just now");
            err = SRS_OK;
        }
        if (!err)
            err = srs_co_sleep(srs_now() + tick_usec);
    }
    bool idle = srs_task_queue_close(watcher->queue, srs_now() + quit_usec);
    if (idle)
        srs_watch_free(watcher->watch);
    srs_free(watcher);
    return err;
}

SRS_ERR srs_reload_watch_start(struct srs_server *server, struct srs_reload *reload)
{
    struct watcher *watcher = srs_new(struct watcher);
    watcher->server = server;
    watcher->reload = reload;
    srs_err err = srs_scope_spawn(&server->services, watch_main, watcher);
    if (err) {
        srs_free(watcher);
        return srs_wrap(err, "watch of the configuration");
    }
    return SRS_OK;
}
