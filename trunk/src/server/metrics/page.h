// The metrics as text, made piece by piece: nothing here yields, and streams may come and go
// between two pieces.
//
// A scrape tells so many streams by name, in the order in which they came. Gauges of the rest are
// added up as stream "~others" without vhost and app; their counters are not told.
#pragma once
#include "server/metrics/text.h"
#include "server/server.h"

enum { SRS_METRICS_STREAMS_MAX = 1000 };

struct srs_metrics_page {
    const struct srs_server *server;
    struct srs_metrics_text text; // what is to be sent is in text.out
    unsigned part;
    unsigned row;
    bool begun;            // the row
    struct srs_source *at; // of the row, the last one written; a reference
    unsigned count;        // of streams in the row so far
    uint64_t others;       // of a gauge: value of those that are not told by name
};

void srs_metrics_page_begin(struct srs_metrics_page *page, const struct srs_server *server);
// Appends a piece, of about 64 KiB; false at the end, or after an error: see text.err (NO_MEMORY).
bool srs_metrics_page_next(struct srs_metrics_page *page);
void srs_metrics_page_end(struct srs_metrics_page *page);
