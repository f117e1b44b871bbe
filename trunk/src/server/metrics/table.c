#include "server/metrics/table.h"

#define COUNTER   "counter"
#define GAUGE     "gauge"
#define HISTOGRAM "histogram"
#define SUMMARY   "summary"
#define M(id_, name_, type_, labels_, meaning_) \
    {.name = (name_), .type = (type_), .labels = (labels_), .meaning = (meaning_)},

static const struct srs_metric_row table[] = {
#include "server/metrics/metrics.def"
};

const struct srs_metric_row *srs_metric_at(enum srs_metric metric)
{
    return &table[metric];
}
