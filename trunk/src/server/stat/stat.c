#include "server/stat/stat.h"
#include "core/assert.h"
#include <string.h>

struct srs_traffic *srs_stat_traffic(struct srs_stat *stat, const char *protocol)
{
    for (unsigned i = 0; i < stat->protocol_count; i++)
        if (strcmp(stat->protocols[i].name, protocol) == 0)
            return &stat->protocols[i].traffic;
    srs_assert(stat->protocol_count < SRS_STAT_PROTOCOLS);
    struct srs_stat_protocol *made = &stat->protocols[stat->protocol_count++];
    made->name = protocol;
    return &made->traffic;
}

struct srs_traffic srs_stat_total(const struct srs_stat *stat)
{
    struct srs_traffic total = {0};
    for (unsigned i = 0; i < stat->protocol_count; i++) {
        const struct srs_traffic *one = &stat->protocols[i].traffic;
        total.in += one->in;
        total.out += one->out;
        total.opened += one->opened;
        total.open += one->open;
    }
    return total;
}

static int place_of(const struct srs_stat *stat, const char *name)
{
    for (unsigned i = 0; i < stat->callback_count; i++)
        if (strcmp(stat->callbacks[i].name, name) == 0)
            return (int)i;
    return -1;
}

const struct srs_stat_callback *srs_stat_callback_find(const struct srs_stat *stat,
                                                       const char *name)
{
    int place = place_of(stat, name);
    return place >= 0 ? &stat->callbacks[place] : NULL;
}

static struct srs_stat_callback *callback(struct srs_stat *stat, const char *name)
{
    int place = place_of(stat, name);
    if (place >= 0)
        return &stat->callbacks[place];
    srs_assert(stat->callback_count < SRS_STAT_CALLBACKS);
    struct srs_stat_callback *made = &stat->callbacks[stat->callback_count++];
    made->name = name;
    return made;
}

void srs_stat_callback_begin(struct srs_stat *stat, const char *name)
{
    callback(stat, name)->under_way++;
}

void srs_stat_callback_wait(struct srs_stat *stat, const char *name, int change)
{
    struct srs_stat_callback *at = callback(stat, name);
    srs_assert(change >= 0 || at->waiting >= (unsigned)-change);
    at->waiting += (unsigned)change;
}

void srs_stat_callback_end(struct srs_stat *stat, const char *name, enum srs_stat_outcome outcome,
                           srs_usec took)
{
    struct srs_stat_callback *at = callback(stat, name);
    at->outcomes[outcome]++;
    if (outcome == SRS_STAT_DROPPED)
        return;
    srs_assert(at->under_way > 0);
    at->under_way--;
    srs_histogram_add(&at->took, took);
}
