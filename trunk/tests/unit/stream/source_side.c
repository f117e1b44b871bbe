#include "stream/source_side.h"

const struct srs_log_limits source_limits = {
    .gop_cache = true, .age = 30 * SRS_SEC, .packets = 2500, .bytes = 32 << 20};
const int source_publisher = 0;
struct source_calls source_calls;
struct srs_sources *source_registry;

static void on_pushed(struct srs_source *source, const struct srs_packet *packet)
{
    (void)source;
    source_calls.pushed++;
    source_calls.last = packet->head.dts;
}

static void on_changed(struct srs_source *source)
{
    (void)source;
    source_calls.changed++;
}

static void on_freed(struct srs_source *source)
{
    (void)source;
    source_calls.freed++;
}

static void on_unpublished(struct srs_consumer *consumer)
{
    (void)consumer;
    source_calls.told++;
    srs_consumer_leave(source_calls.leaves != NULL ? source_calls.leaves
                                                   : &(struct srs_consumer){0});
    source_calls.leaves = NULL;
}

static const struct srs_source_ops source_ops = {on_pushed, on_changed, on_freed};
const struct srs_consumer_ops source_consumer_ops = {on_unpublished};

int source_setup(void **state)
{
    (void)state;
    memset(&source_calls, 0, sizeof source_calls);
    return srs_sources_new(&source_ops, &source_registry);
}

int source_teardown(void **state)
{
    (void)state;
    assert_int_equal(srs_sources_count(source_registry), 0);
    srs_sources_free(source_registry);
    srs_sources_free(NULL);
    assert_nothing_lives();
    return 0;
}

struct srs_source *source_get(const char *stream)
{
    struct srs_source *source = NULL;
    assert_err(SRS_OK,
               srs_source_get(source_registry, "v", "live", stream, &source_limits, &source),
               stream);
    return source;
}

struct srs_source *source_get_published(void)
{
    struct srs_source *source = source_get("s");
    assert_err(SRS_OK, srs_source_publish(source, &source_publisher, 1), "publish");
    srs_source_unref(source);
    return source;
}

struct srs_track *source_set_track(struct srs_source *source, enum srs_kind kind,
                                   const char *config)
{
    struct srs_track *current = NULL;
    assert_err(SRS_OK, srs_source_set_track(source, make_track(kind, 0, config), &current),
               "track");
    return current;
}

void source_push(struct srs_source *source, enum srs_kind kind, unsigned flags, int64_t ms)
{
    struct srs_track *track = source_set_track(source, kind, "config");
    struct srs_packet *packet = make_packet(track, 100, flags, ms * SRS_MSEC);
    assert_err(SRS_OK, srs_source_push(source, packet), "push");
}

void source_join(struct srs_consumer *consumer, struct srs_source *source)
{
    memset(consumer, 0, sizeof *consumer);
    srs_consumer_join(consumer, source, &source_consumer_ops);
}

unsigned source_take_all(struct srs_consumer *consumer)
{
    unsigned count = 0;
    bool jumped = false;
    while (srs_consumer_peek(consumer, &consumer->next, &consumer->need_key, &jumped) != NULL) {
        consumer->next++;
        count++;
    }
    return count;
}

void source_walk(struct srs_source *source)
{
    struct srs_consumer *consumer;
    srs_source_walk_begin(source);
    while ((consumer = srs_source_walk_next(source)) != NULL)
        (void)source_take_all(consumer);
    assert_false(srs_source_walking(source));
}
