// Callbacks: HTTP back-ends are asked who may come, and told who has gone (http_hooks of a vhost,
// forward.backend).
//
// A session enters with a gating hook and leaves with the one that tells of its end, exactly once
// for each entry that was let in, however the session ends. A vhost without hooks costs nothing: no
// call, no memory.
#pragma once
#include "core/fetch.h"
#include "server/server.h"
#include "server/stat/hooks.h"

struct srs_hooks;

SRS_ERR srs_hooks_new(struct srs_server *server, struct srs_hooks **out);
// What is still to be told is told until the deadline, each once more at most; then the rest is
// lost, with a line in the log. All sessions have ended before.
SRS_YIELDS void srs_hooks_free(struct srs_hooks *hooks, srs_usec deadline);

// The client of `hooks`, for other calls of the server.
struct srs_fetcher *srs_hooks_fetcher(struct srs_hooks *hooks);

// Who comes, and for what; borrowed for the call. Texts may be NULL.
struct srs_hook_facts {
    struct srs_conn *conn;
    struct srs_source *source; // NULL for a connect
    const char *vhost;         // its name in the configuration
    const char *app;
    const char *stream;
    const char *param; // "?k=v" or ""
    const char *tc_url;
    const char *page_url;
};

// What was let in.
struct srs_hook_stay;

static inline bool srs_hooks_wanted(const struct srs_config_vhost *vhost)
{
    return vhost->http_hooks.enabled;
}

// Asks `hook` (CONNECT, PUBLISH or PLAY), all its URLs in order, until the vhost's time-out. *stay
// is for leave; NULL on failure and where the vhost has no hooks. HTTP_STATUS_INVALID,
// HTTP_DATA_INVALID and RESPONSE_CODE as the back-end refuses, those of srs_fetch; SOCKET_READ when
// the peer left meanwhile, CANCELED.
SRS_YIELDS SRS_ERR srs_hooks_enter(struct srs_server *server, enum srs_hook hook,
                                   const struct srs_hook_facts *facts, struct srs_hook_stay **stay);
// Has the end told in the background (CLOSE, UNPUBLISH or STOP) and clears *stay. `conn` is that of
// the session, for its counters. Harmless with a NULL *stay.
void srs_hooks_leave(struct srs_server *server, struct srs_hook_stay **stay, struct srs_conn *conn);

enum { SRS_HOOK_URLS_MAX = 32, SRS_HOOK_URL_SIZE = 1024 };
struct srs_hook_urls {
    unsigned count;
    char *items[SRS_HOOK_URLS_MAX]; // [0..count)
};
void srs_hook_urls_fini(struct srs_hook_urls *urls);

// Asks forward.backend of the vhost where a stream is to be copied to. SYSTEM_FORWARD_LOOP for an
// answer without a list of URLs; else as enter.
SRS_YIELDS SRS_ERR srs_hooks_forward(struct srs_server *server, const struct srs_hook_facts *facts,
                                     struct srs_hook_urls *out);
