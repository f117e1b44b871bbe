// Reload: the configuration is read again and, when it is good, put in the place of the old one.
//
// A bad file, or a port that cannot be opened, changes nothing and is logged. Reading is done by a
// helper thread, the change itself in one step without a yield. A reading that takes ten seconds is
// given up; while it hangs still, other reloads are refused, and the end does not wait for it.
#pragma once
#include "server/server.h"

struct srs_reload;

// Runs in the server's services. The server's snapshot is the first one; `args` as it was loaded
// with, borrowed.
SRS_ERR srs_reload_new(struct srs_server *server, const struct srs_config_args *args,
                       struct srs_reload **out);
// After the services were closed.
void srs_reload_free(struct srs_reload *reload);

// How far the last one that was asked for has come, or how it ended.
enum srs_reload_step {
    SRS_RELOAD_BEGUN = 0,
    SRS_RELOAD_PARSING = 10,
    SRS_RELOAD_TRANSFORMING = 20,
    SRS_RELOAD_APPLYING = 30,
    SRS_RELOAD_DONE = 90,
};
enum { SRS_RELOAD_ID = 8, SRS_RELOAD_STORY = 1024, SRS_RELOAD_NAMES = 512 };
struct srs_reload_status {
    enum srs_reload_step step; // where a failed one stopped
    srs_err err;
    char story[SRS_RELOAD_STORY];   // of a failed one
    char id[SRS_RELOAD_ID];         // 7 characters, "" before the first
    char restart[SRS_RELOAD_NAMES]; // directives that differ from the start's and wait for the next
};
// Valid until the next yield.
const struct srs_reload_status *srs_reload_status(const struct srs_reload *reload);
// The snapshot that the server was started with, or one that has the same values of all directives
// of RESTART: those are in force as long as it runs. Valid until the next yield.
const struct srs_config *srs_reload_start(const struct srs_reload *reload);
// Reloads that have ended, well or not.
unsigned srs_reload_count(const struct srs_reload *reload);

// Asks for one. Requests that come while one is under way become one more.
void srs_reload_request(struct srs_reload *reload);
// Asks for one that nobody has asked for: when the files of the snapshot in force do not have that
// mark (srs_watch_mark) any more once they are read, somebody writes them just now, and nothing
// comes of it.
void srs_reload_request_at(struct srs_reload *reload, uint64_t mark);
