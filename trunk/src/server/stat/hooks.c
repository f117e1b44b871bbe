#include "server/stat/hooks.h"

const char *srs_hook_name(enum srs_hook hook)
{
    static const char *const names[SRS_HOOKS] = {
        "on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop", "on_forward"};
    return names[hook];
}
