// Callbacks by kind.
#pragma once

enum srs_hook {
    SRS_HOOK_CONNECT,
    SRS_HOOK_CLOSE,
    SRS_HOOK_PUBLISH,
    SRS_HOOK_UNPUBLISH,
    SRS_HOOK_PLAY,
    SRS_HOOK_STOP,
    SRS_HOOK_FORWARD,
    SRS_HOOKS
};

// "on_connect"
const char *srs_hook_name(enum srs_hook hook);
