#include "server/reload.h"
#include "core/assert.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/task.h"
#include "core/watch.h"
#include "server/config/compare.h"
#include "server/files/store.h"
#include "server/listeners.h"
#include <stdio.h>
#include <string.h>

// A configuration is small; a file system that takes longer hangs.
static const srs_usec read_usec = 10 * SRS_SEC;
// A reading that hangs is not waited for at the end; one that goes well is over by then, and none
// of its memory is in use any more.
static const srs_usec quit_usec = 100 * SRS_MSEC;

struct srs_reload {
    struct srs_server *server;
    const struct srs_config_args *args;
    struct srs_config *start; // a reference; what counts of it are the rows of RESTART
    struct srs_event wanted;
    bool asked;
    bool busy;
    // Of a reading that was given up and may hang still, else NULL: there is never a second one.
    struct srs_task_queue *hung;
    srs_usec hung_at; // when it began
    uint64_t mark;    // that the files are to have, 0 for any
    unsigned count;
    struct srs_reload_status status;
};

// --- reading ------------------------------------------------------------------------------------

struct loaded {
    struct srs_config *config;
    struct srs_certs *certs;
};

static void loaded_free(struct loaded *loaded)
{
    srs_config_unref(loaded->config);
    srs_certs_free(loaded->certs);
    *loaded = (struct loaded){0};
}

struct reading {
    struct srs_task task;
    uint64_t mark;
    struct srs_config *before; // whose files are to have it; a reference
    struct srs_config_args args;
    struct loaded got;
    struct loaded *out; // the waiter's; NULL once it has gone
};

static srs_err run_reading(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    srs_err err = srs_config_load(&reading->args, &reading->got.config);
    const struct srs_config_words *files = &reading->before->files;
    if (reading->mark != 0 && srs_watch_mark(files->items, files->count) != reading->mark)
        return srs_bare(SRS_E_AGAIN);
    if (!err)
        err = srs_certs_load(reading->got.config, &reading->got.certs);
    return err;
}

static void reading_done(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    if (reading->out != NULL) {
        *reading->out = reading->got;
    } else {
        loaded_free(&reading->got);
        srs_log_info("reload", "a reading that was given up has ended, what it read is dropped");
    }
    srs_config_unref(reading->before);
    srs_free(reading);
}

// A reading that hangs keeps its thread: as long as it does, none is begun beside it.
static SRS_YIELDS SRS_ERR end_hung(struct srs_reload *reload)
{
    if (reload->hung == NULL)
        return SRS_OK;
    if (srs_task_queue_pending(reload->hung) > 0)
        return srs_fail(SRS_E_TASK_QUEUE_FULL,
                        "a reading has hung for %lld s, no second one is begun",
                        (long long)((srs_now() - reload->hung_at) / SRS_SEC));
    (void)srs_task_queue_close(reload->hung, srs_now());
    reload->hung = NULL;
    return SRS_OK;
}

// A thread for each reading: reloads are rare.
static SRS_YIELDS SRS_ERR read_config(struct srs_reload *reload, uint64_t mark, struct loaded *out)
{
    struct srs_task_queue *queue = NULL;
    struct loaded got = {0};
    srs_usec began_at = srs_now();
    srs_err err = end_hung(reload);
    if (!err)
        err = srs_task_queue_new("config", 1, &queue);
    if (err)
        return err;
    struct reading *reading = srs_new(struct reading);
    reading->task.run = run_reading;
    reading->task.done = reading_done;
    reading->args = *reload->args;
    reading->mark = mark;
    reading->before = srs_config_ref(reload->server->config);
    reading->out = &got;
    err = srs_task_call(queue, &reading->task, began_at + read_usec);
    struct srs_err_trace *story = srs_err_save();
    if (err == SRS_E_SOCKET_TIMEOUT || err == SRS_E_CANCELED) // ours: reading gives neither
        reading->out = NULL;
    if (!srs_task_queue_close(queue, srs_now() + quit_usec)) {
        reload->hung = queue;
        reload->hung_at = began_at;
    }
    srs_err_restore(story);
    if (err) {
        loaded_free(&got);
        return err == SRS_E_AGAIN ? err : srs_wrap(err, "read the configuration");
    }
    *out = got;
    return SRS_OK;
}

// --- what changes -------------------------------------------------------------------------------

struct changes {
    const struct srs_config *start;
    const struct srs_config *next;
    unsigned count;
    char names[SRS_RELOAD_NAMES]; // of those in effect
    unsigned restart;
    char waiting[SRS_RELOAD_NAMES]; // for the next start
};

// Of what the server was started with and what is read now.
static void note_waiting(void *arg, const struct srs_directive *row, const char *vhost)
{
    struct changes *changes = arg;
    char path[SRS_DIRECTIVE_PATH];
    size_t used = strlen(changes->waiting);
    (void)vhost;
    srs_directive_path(row, path);
    if (row->reload != SRS_RELOAD_RESTART || used + strlen(path) + 2 > SRS_RELOAD_NAMES)
        return;
    (void)snprintf(changes->waiting + used, sizeof changes->waiting - used, "%s%s",
                   used > 0 ? " " : "", path);
}

// Of what was read last and what is read now.
static void note_change(void *arg, const struct srs_directive *row, const char *vhost)
{
    struct changes *changes = arg;
    char path[SRS_DIRECTIVE_PATH];
    srs_directive_path(row, path);
    if (row->reload == SRS_RELOAD_RESTART) {
        changes->restart++;
        srs_assert(vhost == NULL); // it may be younger than the start
        if (!srs_config_same(row, changes->start, changes->next))
            srs_log_warn("reload", "directive=%s changed, which takes effect at the next start",
                         path);
        else
            srs_log_info("reload", "directive=%s is what it was at the start again", path);
        return;
    }
    size_t used = strlen(changes->names);
    (void)snprintf(changes->names + used, sizeof changes->names - used, "%s%s%s%s",
                   changes->count > 0 ? "," : "", path, vhost != NULL ? "@" : "",
                   vhost != NULL ? vhost : "");
    changes->count++;
}

// Vhosts that came or went.
static void note_vhosts(const struct srs_config *before, const struct srs_config *after)
{
    for (size_t i = 0; i < before->vhost_count; i++)
        if (srs_config_vhost_exact(after, before->vhosts[i].name) == NULL)
            srs_log_info("reload", "vhost removed name=%s", before->vhosts[i].name);
    for (size_t i = 0; i < after->vhost_count; i++)
        if (srs_config_vhost_exact(before, after->vhosts[i].name) == NULL)
            srs_log_info("reload", "vhost added name=%s", after->vhosts[i].name);
}

static void tell_notes(const struct srs_config *config)
{
    for (size_t i = 0; i < config->note_count; i++)
        srs_log_warn("config", "%s", config->notes[i]);
    if (config->notes_dropped > 0)
        srs_log_warn("config", "%zu more notes", config->notes_dropped);
}

// --- the change ---------------------------------------------------------------------------------

// Sessions of a vhost that is gone or off are ended; its streams take over what is read at each
// use.
static void apply_to_streams(struct srs_server *server)
{
    struct srs_source *source = NULL;
    srs_sources_set_limit(server->sources, (size_t)server->config->media_memory);
    while ((source = srs_sources_next(server->sources, source)) != NULL) {
        const struct srs_config_vhost *vhost =
            srs_config_vhost_exact(server->config, source->vhost);
        if (vhost != NULL && vhost->enabled)
            srs_server_retime(server, vhost, source);
    }
    srs_list_each (node, &server->clients.all) {
        struct srs_client *client = srs_list_entry(node, struct srs_client, link);
        const struct srs_config_vhost *vhost =
            srs_config_vhost_exact(server->config, client->source->vhost);
        if (vhost == NULL || !vhost->enabled)
            srs_client_kick(client, SRS_E_VHOST_GONE);
    }
}

// Takes what was loaded.
// A snapshot that has all of the start's values that count for as long as the server runs stands
// for the start: one less is alive.
static void keep_start(struct srs_reload *reload, struct srs_config *config)
{
    srs_config_unref(reload->start);
    reload->start = srs_config_ref(config);
}

static SRS_ERR change_to(struct srs_reload *reload, struct loaded *loaded)
{
    SRS_NOYIELD_SCOPE();
    struct srs_server *server = reload->server;
    struct srs_config *before = server->config;
    struct srs_config *next = loaded->config;
    struct changes changes = {.start = reload->start, .next = next};
    srs_err err = srs_listeners_open(server->listeners, next);
    if (err) {
        loaded_free(loaded);
        return srs_wrap(err, "open the ports");
    }
    server->config = next;
    srs_certs_free(server->certs); // connections keep what they need
    server->certs = loaded->certs;
    srs_listeners_settle(server->listeners);
    srs_log_set_level(srs_server_log_level(next));
    srs_log_set_utc(next->log.utc);
    srs_server_set_names(server);
    tell_notes(next);
    note_vhosts(before, next);
    srs_config_compare_root(reload->start, next, note_waiting, &changes);
    srs_config_compare(before, next, note_change, &changes);
    memcpy(reload->status.restart, changes.waiting, sizeof changes.waiting);
    if (changes.waiting[0] == '\0')
        keep_start(reload, next);
    srs_files_set_limit(server->files, next->files_max);
    apply_to_streams(server);
    srs_log_info("reload", "done changed=%u restart=%u snapshots=%ld directives=%s", changes.count,
                 changes.restart, srs_live_count(SRS_LIVE_CONFIG), changes.names);
    srs_config_unref(before);
    return SRS_OK;
}

// --- requests -----------------------------------------------------------------------------------

// Of the one that runs; one that was asked for meanwhile has a status of its own.
static void set_step(struct srs_reload *reload, enum srs_reload_step step)
{
    if (!reload->asked)
        reload->status.step = step;
}

static SRS_YIELDS SRS_ERR run(struct srs_reload *reload)
{
    struct loaded next = {0};
    uint64_t mark = reload->mark;
    reload->asked = false;
    reload->mark = 0;
    reload->busy = true;
    set_step(reload, SRS_RELOAD_PARSING);
    srs_err err = read_config(reload, mark, &next);
    if (!err) {
        set_step(reload, SRS_RELOAD_APPLYING);
        err = change_to(reload, &next);
    }
    if (!err)
        set_step(reload, SRS_RELOAD_DONE);
    reload->busy = false;
    return err;
}

static void end(struct srs_reload *reload, srs_err err)
{
    struct srs_stat *stat = &reload->server->stat;
    reload->count++;
    if (err == SRS_E_AGAIN) {
        srs_log_info("reload", "the configuration is being written, later again");
        return;
    }
    stat->reloads_done += err == SRS_OK;
    stat->reloads_refused += err != SRS_OK;
    stat->reload_refused = err != SRS_OK;
    if (err && !reload->asked) {
        reload->status.err = err;
        srs_err_format(err, reload->status.story, sizeof reload->status.story);
    }
    if (err)
        srs_err_log(err, "reload", "refused, the configuration stays as it was");
}

static SRS_YIELDS srs_err reload_main(void *arg)
{
    struct srs_reload *reload = arg;
    for (;;) {
        srs_err err = SRS_OK;
        while (!reload->asked && !err)
            err = srs_event_wait(&reload->wanted, SRS_NEVER);
        if (!err)
            err = run(reload);
        if (err == SRS_E_CANCELED)
            break;
        end(reload, err);
    }
    srs_err_drop(end_hung(reload), "what hangs is left behind, the process ends");
    return srs_bare(SRS_E_CANCELED);
}

SRS_ERR srs_reload_new(struct srs_server *server, const struct srs_config_args *args,
                       struct srs_reload **out)
{
    struct srs_reload *reload = srs_new(struct srs_reload);
    reload->server = server;
    reload->args = args;
    srs_err err = srs_scope_spawn(&server->services, reload_main, reload);
    if (err) {
        srs_free(reload);
        return srs_wrap(err, "reload");
    }
    reload->start = srs_config_ref(server->config);
    *out = reload;
    return SRS_OK;
}

void srs_reload_free(struct srs_reload *reload)
{
    if (reload == NULL)
        return;
    srs_config_unref(reload->start);
    srs_free(reload);
}

const struct srs_config *srs_reload_start(const struct srs_reload *reload)
{
    return reload->start;
}

static void ask(struct srs_reload *reload, uint64_t mark)
{
    if (reload->busy)
        srs_log_info("reload", "one is under way, another one follows it");
    // Who has asked without a mark gets an answer, whoever asks after it.
    reload->mark = reload->asked && reload->mark == 0 ? 0 : mark;
    reload->asked = true;
    reload->status.step = SRS_RELOAD_BEGUN;
    reload->status.err = SRS_OK;
    reload->status.story[0] = '\0';
    srs_identity_random(reload->status.id, SRS_RELOAD_ID - 1);
    srs_event_signal(&reload->wanted);
}

void srs_reload_request(struct srs_reload *reload)
{
    ask(reload, 0);
}

void srs_reload_request_at(struct srs_reload *reload, uint64_t mark)
{
    ask(reload, mark);
}

const struct srs_reload_status *srs_reload_status(const struct srs_reload *reload)
{
    return &reload->status;
}

unsigned srs_reload_count(const struct srs_reload *reload)
{
    return reload->count;
}
