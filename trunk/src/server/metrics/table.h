// The table of metrics (metrics.def).
#pragma once
#include <stddef.h>

enum srs_metric {
#define M(id, name, type, labels, meaning) SRS_METRIC_##id,
#include "server/metrics/metrics.def"
#undef M
    SRS_METRICS,
};

struct srs_metric_row {
    const char *name;
    const char *type; // "counter"
    const char *labels;
    const char *meaning;
};

const struct srs_metric_row *srs_metric_at(enum srs_metric metric);
