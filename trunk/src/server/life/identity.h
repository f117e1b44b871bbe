// Who this server is to those that ask: the id that stays, in a file beside the pid file.
#pragma once
#include "server/config/config.h"

enum {
    SRS_IDENTITY = SRS_CONFIG_SERVER_ID + 1, // with its end
    SRS_IDENTITY_PATH = 1024,
};

// The configured id, else the one of the file, else a new one, which is written there. Without a
// pid file there is no such file. A file that cannot be read or written is logged and does no harm
// otherwise.
void srs_identity_load(const struct srs_config *config, char out[SRS_IDENTITY]);
// Where it is kept: "x.pid" gives "x.id", "x" gives "x.id". False when there is no pid file, or no
// room.
bool srs_identity_path(const char *pid, char out[SRS_IDENTITY_PATH]);
// `size` letters and digits, then the end.
void srs_identity_random(char *out, size_t size);
