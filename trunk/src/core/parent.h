// The end of the process that started this one, as something to wait for.
#pragma once
#include "core/co.h"
#include <sys/types.h>

// SRS_OK once `parent` is no longer the parent of this process; CANCELED.
SRS_YIELDS SRS_ERR srs_parent_wait(pid_t parent);
