// Asks for a reload when a file of the configuration has changed: with inotify_auto_reload, or in a
// container with auto_reload_for_docker. Which files these are, and whether it is wanted, is looked
// at anew after each reload.
#pragma once
#include "server/reload.h"

// Runs in the server's services.
SRS_ERR srs_reload_watch_start(struct srs_server *server, struct srs_reload *reload);
