#include "server/stat/limit.h"

const char *srs_limit_name(enum srs_limit limit)
{
    static const char *const names[SRS_LIMITS] = {"max_publishers",
                                                  "max_players",
                                                  "max_players_per_stream",
                                                  "in_bandwidth",
                                                  "out_bandwidth",
                                                  "in_bandwidth_per_stream",
                                                  "out_bandwidth_per_stream",
                                                  "in_bandwidth_per_ip",
                                                  "out_bandwidth_per_ip"};
    return names[limit];
}
