// Notifications: what is told in the background, tried again when nobody takes it, and given up
// after a while.
//
// A client's messages form a lane and are told in the order in which they were made. A lane that
// has its turn is run by a coroutine of its own; one that waits, for a turn or after a failure, has
// none. Each vhost has a bounded number of turns, so that one with a dead back-end holds up no
// other. A pacer gives the turns and lives while there are lanes.
#include "core/assert.h"
#include "core/mem.h"
#include "server/hooks/hooks_priv.h"
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
    // Of a vhost: half of the calls to its back-end are left to those who wait to be let in.
    TURNS_MAX = SRS_FETCH_SERVER_MAX / 2,
    PENDING_MAX = 8192, // messages; a minute of ends at 100 a second, and some
    PENDING_BYTES_MAX = 16 * 1024 * 1024,
    ROUNDS_MAX = 6,
};

static const srs_usec pause_first = 1 * SRS_SEC;
static const srs_usec age_max = 120 * SRS_SEC;

struct group {
    struct srs_list link;
    unsigned lanes;
    unsigned running;
    char vhost[];
};

struct lane {
    struct srs_list link;
    struct srs_hooks *hooks;
    struct group *group;
    struct srs_list messages;
    char client_id[SRS_CLIENT_ID];
    srs_usec again_at;
    bool running;
    bool failing; // its first message was tried and not taken
};

// --- lanes --------------------------------------------------------------------------------------

static struct lane *find_lane(const struct srs_hooks *hooks, const char *client_id)
{
    srs_list_each (node, &hooks->lanes) {
        struct lane *lane = srs_list_entry(node, struct lane, link);
        if (strcmp(lane->client_id, client_id) == 0)
            return lane;
    }
    return NULL;
}

static struct group *get_group(struct srs_hooks *hooks, const char *vhost)
{
    srs_list_each (node, &hooks->groups) {
        struct group *group = srs_list_entry(node, struct group, link);
        if (strcmp(group->vhost, vhost) == 0)
            return group;
    }
    size_t size = strlen(vhost) + 1;
    struct group *group = srs_mem_new(sizeof *group + size);
    memcpy(group->vhost, vhost, size);
    srs_list_push(&hooks->groups, &group->link);
    return group;
}

static struct lane *get_lane(struct srs_hooks *hooks, const char *client_id, const char *vhost)
{
    struct lane *lane = find_lane(hooks, client_id);
    if (lane != NULL)
        return lane;
    lane = srs_new(struct lane);
    lane->hooks = hooks;
    lane->group = get_group(hooks, vhost);
    lane->group->lanes++;
    srs_list_init(&lane->messages);
    (void)snprintf(lane->client_id, sizeof lane->client_id, "%s", client_id);
    srs_list_push(&hooks->lanes, &lane->link);
    hooks->lane_count++;
    return lane;
}

static void count_waiting(struct srs_hooks *hooks, const struct srs_hook_message *message,
                          int change)
{
    hooks->pending += (unsigned)change;
    srs_stat_callback_wait(&hooks->server->stat, srs_hook_name(message->hook), change);
}

static void drop_message(struct lane *lane, struct srs_hook_message *message)
{
    srs_list_remove(&message->link);
    count_waiting(lane->hooks, message, -1);
    lane->hooks->bytes -= srs_hook_message_bytes(message);
    srs_hook_message_free(message);
}

static void free_lane(struct lane *lane)
{
    struct group *group = lane->group;
    srs_assert(srs_list_empty(&lane->messages) && !lane->running);
    srs_list_remove(&lane->link);
    lane->hooks->lane_count--;
    srs_free(lane);
    if (--group->lanes == 0) {
        srs_list_remove(&group->link);
        srs_free(group);
    }
}

static void tell_lost(struct srs_hooks *hooks, enum srs_hook hook, const char *why)
{
    unsigned missed = 0;
    srs_hooks_count_lost(hooks, hook);
    if (srs_log_limit_pass(&hooks->lost_told, &missed))
        srs_log_warn("hooks", "%s lost: %s, pending=%u missed=%u", srs_hook_name(hook), why,
                     hooks->pending, missed);
}

// --- telling ------------------------------------------------------------------------------------

bool srs_hooks_may_retry(srs_err err, unsigned status)
{
    switch (err) {
    case SRS_OK:
    case SRS_E_HTTP_DATA_INVALID: // it was heard
    case SRS_E_RESPONSE_CODE:
    case SRS_E_HTTP_PARSE_URI:
    case SRS_E_LIMIT:
        return false;
    case SRS_E_HTTP_STATUS_INVALID:
        return status >= 500 || status == 408 || status == 429;
    default:
        return true;
    }
}

srs_usec srs_hooks_pause(unsigned rounds, uint32_t random)
{
    unsigned doubled = rounds > 0 ? rounds - 1 : 0;
    srs_usec pause = pause_first << (doubled < ROUNDS_MAX ? doubled : ROUNDS_MAX);
    return pause - pause / 10 + (srs_usec)(random % 1000) * (pause / 5) / 1000;
}

// One URL; true when there is no more to be done about it.
static SRS_YIELDS bool tell_url(struct lane *lane, struct srs_hook_message *message, unsigned i,
                                srs_err *canceled)
{
    struct srs_hooks *hooks = lane->hooks;
    struct srs_hook_reply reply = {.urls = NULL};
    unsigned missed = 0;
    srs_usec deadline = srs_now() + message->timeout;
    if (hooks->closing && deadline > hooks->close_at)
        deadline = hooks->close_at;
    srs_err err = srs_hooks_call(hooks, message, message->urls[i], deadline, &reply);
    if (err == SRS_E_CANCELED) {
        *canceled = err;
        return false;
    }
    bool again = srs_hooks_may_retry(err, reply.status);
    if (err && srs_log_limit_pass(&hooks->failed_told, &missed)) {
        char shown[SRS_FETCH_SHOWN];
        srs_fetch_shown(message->urls[i], shown);
        err = srs_wrap(err, "%s attempt %u missed=%u", srs_hook_name(message->hook),
                       message->rounds + 1, missed);
        err = srs_wrap(err, "%.80s", shown);
        srs_err_log_warn(err, "hooks", "not told");
    }
    srs_err_drop(err, "it is tried again, or counted as lost");
    return !again;
}

// All URLs that have not been told; true when none is left.
static SRS_YIELDS bool tell(struct lane *lane, struct srs_hook_message *message, srs_err *canceled)
{
    bool whole = true;
    for (unsigned i = 0; i < message->url_count && !*canceled; i++) {
        if ((message->done >> i & 1U) != 0)
            continue;
        if (tell_url(lane, message, i, canceled))
            message->done |= 1U << i;
        else
            whole = false;
    }
    return whole;
}

static bool is_hopeless(const struct srs_hooks *hooks, const struct srs_hook_message *message)
{
    return hooks->closing || message->rounds >= ROUNDS_MAX ||
           srs_now() - message->made_at >= age_max;
}

// The first message, once; false when it has to wait.
static SRS_YIELDS bool advance(struct lane *lane, srs_err *canceled)
{
    struct srs_hook_message *message =
        srs_list_entry(lane->messages.next, struct srs_hook_message, link);
    bool told = tell(lane, message, canceled);
    if (*canceled)
        return false;
    message->rounds += told ? 0 : 1;
    lane->failing = !told;
    if (!told && !is_hopeless(lane->hooks, message))
        return false;
    if (!told)
        tell_lost(lane->hooks, message->hook, "no answer in all attempts");
    drop_message(lane, message);
    srs_event_signal(&lane->hooks->moved);
    return true;
}

static uint32_t random_number(void)
{
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = (uint32_t)srs_wall_now();
    return value;
}

static SRS_YIELDS srs_err lane_main(void *arg)
{
    struct lane *lane = arg;
    struct srs_hooks *hooks = lane->hooks;
    srs_err canceled = SRS_OK;
    srs_co_set_cid(lane->client_id);
    srs_co_set_name("hook");
    while (!srs_list_empty(&lane->messages) && advance(lane, &canceled)) {
    }
    lane->running = false;
    lane->group->running--;
    if (srs_list_empty(&lane->messages)) {
        free_lane(lane);
    } else {
        const struct srs_hook_message *first =
            srs_list_entry(lane->messages.next, struct srs_hook_message, link);
        lane->again_at = srs_now() + srs_hooks_pause(first->rounds, random_number());
    }
    srs_event_signal(&hooks->moved);
    srs_event_signal(&hooks->due);
    return canceled;
}

// --- turns --------------------------------------------------------------------------------------

static SRS_ERR begin_turn(struct lane *lane)
{
    lane->running = true;
    lane->group->running++;
    srs_err err = srs_scope_spawn(&lane->hooks->scope, lane_main, lane);
    if (!err)
        return SRS_OK;
    lane->running = false;
    lane->group->running--;
    lane->again_at = srs_now() + pause_first;
    return err;
}

// Begins what is due; when the next is.
static srs_usec begin_turns(struct srs_hooks *hooks)
{
    SRS_NOYIELD_SCOPE();
    srs_usec next = SRS_NEVER;
    srs_usec now = srs_now();
    srs_list_each (node, &hooks->lanes) {
        struct lane *lane = srs_list_entry(node, struct lane, link);
        if (lane->running || lane->group->running >= TURNS_MAX)
            continue;
        if (lane->again_at <= now || hooks->closing)
            srs_err_drop(begin_turn(lane), "it is tried again after a pause");
        if (!lane->running && lane->again_at < next)
            next = lane->again_at;
    }
    return next;
}

static SRS_YIELDS srs_err pacer_main(void *arg)
{
    struct srs_hooks *hooks = arg;
    srs_err err = SRS_OK;
    srs_co_set_cid("");
    srs_co_set_name("hooks");
    while (!err && !srs_list_empty(&hooks->lanes)) {
        err = srs_event_wait(&hooks->due, begin_turns(hooks));
        if (err == SRS_E_SOCKET_TIMEOUT)
            err = SRS_OK;
    }
    hooks->pacing = false;
    return err;
}

static SRS_ERR begin_pacing(struct srs_hooks *hooks)
{
    if (hooks->pacing)
        return SRS_OK;
    srs_err err = srs_scope_spawn(&hooks->scope, pacer_main, hooks);
    hooks->pacing = !err;
    return err;
}

void srs_hooks_notify(struct srs_hooks *hooks, const char *client_id, const char *vhost,
                      struct srs_hook_message *message)
{
    size_t bytes = srs_hook_message_bytes(message);
    bool full = hooks->pending >= PENDING_MAX || hooks->bytes + bytes > PENDING_BYTES_MAX;
    srs_err err = full ? SRS_OK : begin_pacing(hooks);
    if (full || err) {
        srs_err_drop(err, "counted as lost");
        tell_lost(hooks, message->hook, full ? "too many wait" : "no coroutine");
        srs_hook_message_free(message);
        return;
    }
    struct lane *lane = get_lane(hooks, client_id, vhost);
    srs_list_push(&lane->messages, &message->link);
    count_waiting(hooks, message, 1);
    hooks->bytes += bytes;
    srs_event_signal(&hooks->due);
}

SRS_YIELDS SRS_ERR srs_hooks_wait_told(struct srs_hooks *hooks, const char *client_id,
                                       srs_usec deadline)
{
    srs_co_may_yield();
    for (;;) {
        const struct lane *lane = find_lane(hooks, client_id);
        if (lane == NULL || lane->failing)
            return SRS_OK;
        srs_err err = srs_event_wait(&hooks->moved, deadline);
        if (err)
            return err == SRS_E_SOCKET_TIMEOUT
                       ? srs_fail(err, "earlier callbacks of this client hang")
                       : err;
    }
}

// --- the end ------------------------------------------------------------------------------------

SRS_YIELDS void srs_hooks_drain(struct srs_hooks *hooks, srs_usec deadline)
{
    srs_co_may_yield();
    hooks->closing = true;
    hooks->close_at = deadline;
    srs_event_signal(&hooks->due);
    srs_err err = SRS_OK;
    while (!err && !srs_list_empty(&hooks->lanes))
        err = srs_event_wait(&hooks->moved, deadline);
    srs_err_drop(err, "the rest is lost");
}

unsigned srs_hooks_drop_lanes(struct srs_hooks *hooks)
{
    unsigned dropped = hooks->pending;
    while (!srs_list_empty(&hooks->lanes)) {
        struct lane *lane = srs_list_entry(hooks->lanes.next, struct lane, link);
        while (!srs_list_empty(&lane->messages)) {
            struct srs_hook_message *message =
                srs_list_entry(lane->messages.next, struct srs_hook_message, link);
            srs_hooks_count_lost(hooks, message->hook);
            drop_message(lane, message);
        }
        free_lane(lane);
    }
    return dropped;
}
