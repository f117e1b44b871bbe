// For tests of sources: a registry of them, what they told, and short ways to fill one.
#pragma once
#include "stream/packets.h"
#include "stream/source.h"

extern const struct srs_log_limits source_limits;
extern const struct srs_consumer_ops source_consumer_ops;
extern const int source_publisher; // its address publishes
extern struct srs_sources *source_registry;

extern struct source_calls {
    unsigned pushed;
    unsigned changed;
    unsigned freed;
    unsigned told;               // consumers of an unpublish
    srs_usec last;               // dts of the last packet pushed
    struct srs_consumer *leaves; // when told
} source_calls;

int source_setup(void **state);
// No source is left, and nothing else.
int source_teardown(void **state);

struct srs_source *source_get(const char *stream);
// One that is held by its publisher alone.
struct srs_source *source_get_published(void);
struct srs_track *source_set_track(struct srs_source *source, enum srs_kind kind,
                                   const char *config);
// 100 bytes at that time.
void source_push(struct srs_source *source, enum srs_kind kind, unsigned flags, int64_t ms);
void source_join(struct srs_consumer *consumer, struct srs_source *source);
// Takes all there is; how many packets that was.
unsigned source_take_all(struct srs_consumer *consumer);
// Each consumer takes all.
void source_walk(struct srs_source *source);
