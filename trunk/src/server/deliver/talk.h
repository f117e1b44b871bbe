// What a player may say once it plays: acknowledgements, pings and answers are a few hundred bytes
// a second.
#pragma once
#include "core/net.h"

enum { SRS_TALK_BYTES = 256 * 1024, SRS_TALK_SEC = 10 };

// Zeroed, it begins with the next check.
struct srs_talk {
    srs_usec from; // bytes count from here
    uint64_t bytes;
};

// Of the connection, after each read. LIMIT when it sent more than SRS_TALK_BYTES within
// SRS_TALK_SEC.
SRS_ERR srs_talk_check(struct srs_talk *talk, const struct srs_conn *conn);
