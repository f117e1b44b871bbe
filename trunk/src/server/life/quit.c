// Requests, and the two ways to quit. A fast quit is one request. A graceful one is a coroutine
// that waits beside the server: for the start wait, for the last client, for the final wait; a
// second signal to quit makes it a fast one.
#include "core/log.h"
#include "core/mem.h"
#include "core/signals.h"
#include "server/life/life_priv.h"
#include "server/stat/clients.h"
#include <signal.h>
#include <string.h>

static const srs_usec tell_usec = 10 * SRS_SEC; // between lines that say who is still there

// --- requests -----------------------------------------------------------------------------------

void srs_life_ask(struct srs_life *life, enum srs_life_request request)
{
    life->pending |= 1U << request;
    srs_event_signal(&life->asked);
}

SRS_YIELDS SRS_ERR srs_life_next(struct srs_life *life, enum srs_life_request *request)
{
    srs_co_may_yield();
    for (;;) {
        // The end goes before all else.
        for (unsigned i = SRS_LIFE_REQUESTS; i-- > 0;) {
            if ((life->pending & 1U << i) == 0)
                continue;
            life->pending &= ~(1U << i);
            *request = (enum srs_life_request)i;
            return SRS_OK;
        }
        srs_err err = srs_event_wait(&life->asked, SRS_NEVER);
        if (err)
            return err;
    }
}

// --- the graceful quit --------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR wait_for_clients(struct srs_life *life)
{
    const struct srs_clients *clients = life->clients;
    srs_err err = SRS_OK;
    srs_usec tell_at = srs_now();
    while (clients->count > 0 && !err) {
        if (srs_now() >= tell_at) {
            srs_log_info("life", "waiting for clients left=%u", clients->count);
            tell_at = srs_now() + tell_usec;
        }
        err = srs_event_wait(&life->clients->left, tell_at);
        if (err == SRS_E_SOCKET_TIMEOUT)
            err = SRS_OK;
    }
    return err;
}

static SRS_YIELDS srs_err graceful_main(void *arg)
{
    struct srs_life *life = arg;
    srs_usec final_wait = (*life->config)->life.grace_final_wait;
    srs_err err = srs_co_sleep(srs_now() + (*life->config)->life.grace_start_wait);
    if (!err)
        srs_life_ask(life, SRS_LIFE_CLOSE_LISTENERS);
    // Who was connected, but neither published nor played, may have begun to meanwhile.
    while (!err) {
        err = wait_for_clients(life);
        if (!err)
            err = srs_co_sleep(srs_now() + final_wait);
        if (!err && life->clients->count == 0)
            break;
    }
    if (err)
        return err;
    srs_log_info("life", "all clients have left");
    srs_life_ask(life, SRS_LIFE_STOP);
    return SRS_OK;
}

static void quit(struct srs_life *life, int sig)
{
    bool graceful = sig == SIGQUIT || (sig == SIGTERM && (*life->config)->life.force_grace_quit);
    srs_err_log_warn(srs_process_notify("STOPPING=1\n"), "life", "end not told");
    if (graceful && !life->leaving) {
        srs_log_info("life", "graceful quit signal=%s clients=%u", sigabbrev_np(sig),
                     life->clients->count);
        life->leaving = true;
        srs_err err = srs_scope_spawn(&life->scope, graceful_main, life);
        if (!err)
            return;
        srs_err_log(err, "life", "no graceful quit");
    }
    srs_log_info("life", "quit signal=%s clients=%u", sigabbrev_np(sig), life->clients->count);
    srs_life_ask(life, SRS_LIFE_STOP);
}

// --- signals ------------------------------------------------------------------------------------

// At the head of a new log: what the server holds.
static void tell_live(void)
{
    char text[SRS_LIVE_TEXT];
    srs_live_format(text);
    srs_log_info("life", "log reopened, live: %s", text);
}

static void on_signal(struct srs_life *life, int sig)
{
    switch (sig) {
    case SIGHUP:
        if (life->leaving)
            srs_log_warn("life", "no reload during a quit");
        else
            srs_life_ask(life, SRS_LIFE_RELOAD);
        break;
    case SIGUSR1:
        srs_log_reopen();
        tell_live();
        break;
    case SIGUSR2:
        srs_log_warn("life", "upgrade in place is not built yet, SIGUSR2 has no effect");
        break;
    default:
        quit(life, sig);
        break;
    }
}

static SRS_YIELDS srs_err signals_main(void *arg)
{
    struct srs_life *life = arg;
    for (;;) {
        int sig = 0;
        srs_err err = srs_signals_wait(&sig);
        if (err)
            return err;
        on_signal(life, sig);
    }
}

static SRS_YIELDS srs_err parent_main(void *arg)
{
    struct srs_life *life = arg;
    srs_err err = srs_parent_wait(life->parent);
    if (err)
        return err;
    srs_log_info("life", "quit: parent process %ld has ended", (long)life->parent);
    srs_life_ask(life, SRS_LIFE_STOP);
    return SRS_OK;
}

SRS_ERR srs_life_watch_parent(struct srs_life *life)
{
    return life->parent != 0 ? srs_scope_spawn(&life->scope, parent_main, life) : SRS_OK;
}

SRS_ERR srs_life_watch(struct srs_life *life, struct srs_config *const *config,
                       struct srs_clients *clients)
{
    life->config = config;
    life->clients = clients;
    srs_scope_init(&life->scope, "life");
    srs_err err = srs_signals_open();
    return err ? err : srs_scope_spawn(&life->scope, signals_main, life);
}

SRS_YIELDS void srs_life_close(struct srs_life *life)
{
    srs_co_may_yield();
    srs_scope_close(&life->scope);
    srs_signals_close();
}
