// Signals as something to wait for: TERM, INT, QUIT, HUP, USR1 and USR2 are blocked and read from a
// descriptor. PIPE is ignored.
#pragma once
#include "core/co.h"

// Blocks them, before any thread is made: a thread that had them unblocked would be ended by them.
void srs_signals_block(void);
// ST_OPEN_SOCKET.
SRS_ERR srs_signals_open(void);
void srs_signals_close(void);
SRS_YIELDS SRS_ERR srs_signals_wait(int *sig);
