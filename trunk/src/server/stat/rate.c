#include "server/stat/rate.h"

static const srs_usec window_usec = 30 * SRS_SEC;

static uint32_t kbps(uint64_t bytes, srs_usec span)
{
    double rate = (double)bytes * 8000.0 / (double)span;
    return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

void srs_rate_sample(struct srs_rate *rate, uint64_t in, uint64_t out, srs_usec now)
{
    srs_usec span = now - rate->at;
    bool first = rate->at == 0;
    if (!first && span < window_usec)
        return;
    if (!first) {
        rate->in_kbps = kbps(in - rate->in, span);
        rate->out_kbps = kbps(out - rate->out, span);
    }
    rate->at = now;
    rate->in = in;
    rate->out = out;
}

void srs_sources_sample(const struct srs_sources *sources, srs_usec now)
{
    struct srs_source *source = NULL;
    while ((source = srs_sources_next(sources, source)) != NULL)
        srs_rate_sample(&source->rate, source->stats.bytes_in, source->stats.bytes_out, now);
}
