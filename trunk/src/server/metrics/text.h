// Lines of Prometheus' text format (version 0.0.4) into a buffer. The first error stays, and
// nothing more is written.
#pragma once
#include "core/buf.h"
#include "core/histogram.h"
#include "server/metrics/table.h"

enum {
    // Bytes of a label's value. Longer ones are cut: a name of a stream is a peer's.
    SRS_METRICS_LABEL_MAX = 64,
    SRS_METRICS_LABELS_MAX = 12, // of a line, with that of a bucket
    SRS_METRICS_FIXED = 512,     // three labels, each byte of which may be escaped to two
    SRS_METRICS_BUFFER_MAX = 256 * 1024,
};

struct srs_metrics_text {
    struct srs_buf out;
    srs_err err;
    const struct srs_metric_row *metric; // that is being written
    const char *fixed; // labels as they are to stand in front of the others, "" for none
};

struct srs_metrics_label {
    const char *name;
    const char *value; // NULL or "": the label is left out
};

// The head of a metric; its lines follow.
void srs_metrics_begin(struct srs_metrics_text *text, enum srs_metric metric);

// One line. Labels end with the first that has no name; NULL for none.
void srs_metrics_count(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                       uint64_t value);
void srs_metrics_time(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                      srs_usec value);
void srs_metrics_real(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                      double value);
// All lines of a histogram with these labels; of a summary without quantiles.
void srs_metrics_histogram(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                           const struct srs_histogram *histogram);
void srs_metrics_summary(struct srs_metrics_text *text, uint64_t number, srs_usec sum);

// vhost="..",app="..",stream="..": different for different streams, whatever their names. A value
// that is too long is cut, what is not UTF-8 or a control character becomes '?'; the stream of a
// name to which that happened, or that holds a '~' itself, ends with ~ and its number.
void srs_metrics_stream_labels(const char *vhost, const char *app, const char *stream, uint32_t id,
                               char out[SRS_METRICS_FIXED]);
