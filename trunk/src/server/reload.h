// Reload: the configuration is read again and, when it is good, put in the place of the old one.
//
// A bad file, or a port that cannot be opened, changes nothing and is logged. Reading is done by a
// helper thread, the change itself in one step without a yield. A reading that takes ten seconds is
// given up; while it hangs still, other reloads are refused, and the end does not wait for it.
#pragma once
#include "server/server.h"

struct srs_reload;

// Runs in the server's services. `args` as the first snapshot was loaded with; borrowed.
SRS_ERR srs_reload_new(struct srs_server *server, const struct srs_config_args *args,
                       struct srs_reload **out);
// After the services were closed.
void srs_reload_free(struct srs_reload *reload);

// Asks for one. Requests that come while one is under way become one more.
void srs_reload_request(struct srs_reload *reload);
