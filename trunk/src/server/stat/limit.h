// Limits of clients and bandwidth, for those who count what each has refused.
#pragma once

enum srs_limit {
    SRS_LIMIT_PUBLISHERS,
    SRS_LIMIT_PLAYERS,
    SRS_LIMIT_PLAYERS_PER_STREAM,
    SRS_LIMIT_IN,
    SRS_LIMIT_OUT,
    SRS_LIMIT_IN_PER_STREAM,
    SRS_LIMIT_OUT_PER_STREAM,
    SRS_LIMIT_IN_PER_IP,
    SRS_LIMIT_OUT_PER_IP,
    SRS_LIMITS
};

// The name of its directive.
const char *srs_limit_name(enum srs_limit limit);
