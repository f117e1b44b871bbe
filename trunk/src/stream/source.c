// Sources, their registry and their consumers. Nothing here yields.
#include "stream/source.h"
#include "core/assert.h"
#include "core/mem.h"
#include <stdio.h>
// The hash table grows by itself and ends the process when there is no memory, as srs_new does.
#include <uthash.h>
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough" // its hash function, expanded in here

// A publisher that has sent nothing but data for so long may have nothing else.
static const srs_usec data_wait = 1 * SRS_SEC;

struct entry {
    UT_hash_handle hh;
    struct srs_source source;
};

struct srs_sources {
    struct entry *table;
    const struct srs_source_ops *ops;
    struct srs_log_budget budget;
    struct srs_tally gone;
    unsigned publishers;
    uint32_t next_id;
};

// --- hash table ---------------------------------------------------------------------------------

// Its macros expand to more than the limits of a function allow: they stand here alone.
// NOLINTBEGIN(readability-function-size, readability-function-cognitive-complexity)

static struct entry *table_find(const struct srs_sources *sources, const char *key, size_t size)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, sources->table, key, size, entry);
    return entry;
}

static void table_add(struct srs_sources *sources, struct entry *entry, size_t size)
{
    HASH_ADD_KEYPTR(hh, sources->table, entry->source.key, size, entry);
}

static void table_remove(struct srs_sources *sources, struct entry *entry)
{
    HASH_DEL(sources->table, entry);
}

// NOLINTEND(readability-function-size, readability-function-cognitive-complexity)

// --- registry -----------------------------------------------------------------------------------

static void share_budget(struct srs_sources *sources)
{
    sources->budget.part =
        sources->budget.limit / (sources->publishers > 0 ? sources->publishers : 1);
}

void srs_sources_set_limit(struct srs_sources *sources, size_t bytes)
{
    size_t limit = bytes > 0 ? bytes : SIZE_MAX;
    if (limit != sources->budget.limit)
        sources->budget.shed_at = 0;
    sources->budget.limit = limit;
    share_budget(sources);
}

srs_usec srs_sources_shed_at(const struct srs_sources *sources)
{
    return sources->budget.shed_at;
}

size_t srs_sources_bytes(const struct srs_sources *sources)
{
    return sources->budget.used;
}

SRS_ERR srs_sources_new(const struct srs_source_ops *ops, struct srs_sources **out)
{
    struct srs_sources *sources = srs_new(struct srs_sources);
    sources->ops = ops;
    srs_sources_set_limit(sources, 0);
    *out = sources;
    return SRS_OK;
}

void srs_sources_free(struct srs_sources *sources)
{
    if (sources == NULL)
        return;
    srs_assert(sources->table == NULL);
    srs_tally_fini(&sources->gone);
    srs_free(sources);
}

const struct srs_tally *srs_sources_gone(const struct srs_sources *sources)
{
    return &sources->gone;
}

unsigned srs_sources_count(const struct srs_sources *sources)
{
    return HASH_COUNT(sources->table);
}

static struct entry *entry_of(struct srs_source *source)
{
    return srs_list_entry(source, struct entry, source);
}

struct srs_source *srs_sources_next(const struct srs_sources *sources, struct srs_source *previous)
{
    struct entry *next = previous == NULL ? sources->table : entry_of(previous)->hh.next;
    return next != NULL ? &next->source : NULL;
}

// Writes vhost/app/stream; its size, or 0 when it is too long.
static size_t make_key(char *key, size_t size, const char *vhost, const char *app,
                       const char *stream)
{
    int n = snprintf(key, size, "%s/%s/%s", vhost, app, stream);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

struct srs_source *srs_sources_find(const struct srs_sources *sources, const char *vhost,
                                    const char *app, const char *stream)
{
    char key[SRS_STREAM_NAME_MAX];
    size_t size = make_key(key, sizeof key, vhost, app, stream);
    struct entry *entry = size > 0 ? table_find(sources, key, size) : NULL;
    return entry != NULL ? &entry->source : NULL;
}

static SRS_ERR source_new(struct srs_sources *sources, const char *key, size_t size,
                          struct srs_source **out)
{
    struct entry *entry = srs_new(struct entry);
    struct srs_source *source = &entry->source;
    source->key = srs_try_strndup(key, size);
    if (source->key == NULL) {
        srs_free(entry);
        return srs_fail(SRS_E_NO_MEMORY, "source");
    }
    source->sources = sources;
    source->ops = sources->ops;
    source->id = ++sources->next_id;
    source->oldest = UINT64_MAX;
    memset(source->lowest_id, UINT8_MAX, sizeof source->lowest_id);
    srs_list_init(&source->consumers);
    table_add(sources, entry, size);
    srs_live_add(SRS_LIVE_SOURCE, 1);
    *out = source;
    return SRS_OK;
}

static SRS_ERR set_parts(struct srs_source *source, const char *vhost, const char *app,
                         const char *stream)
{
    source->vhost = srs_try_strndup(vhost, strlen(vhost));
    source->app = srs_try_strndup(app, strlen(app));
    source->stream = srs_try_strndup(stream, strlen(stream));
    if (source->vhost == NULL || source->app == NULL || source->stream == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "source");
    return SRS_OK;
}

SRS_ERR srs_source_get(struct srs_sources *sources, const char *vhost, const char *app,
                       const char *stream, const struct srs_log_limits *limits,
                       struct srs_source **out)
{
    char key[SRS_STREAM_NAME_MAX];
    size_t size = make_key(key, sizeof key, vhost, app, stream);
    if (size == 0)
        return srs_fail(SRS_E_LIMIT, "stream name above %d bytes", SRS_STREAM_NAME_MAX);
    struct entry *entry = table_find(sources, key, size);
    if (entry != NULL) {
        srs_packet_log_set_limits(&entry->source.log, limits);
        *out = srs_source_ref(&entry->source);
        return SRS_OK;
    }
    struct srs_source *source = NULL;
    srs_err err = source_new(sources, key, size, &source);
    if (err)
        return err;
    source->refs = 1;
    srs_packet_log_init(&source->log, limits, &sources->budget);
    err = set_parts(source, vhost, app, stream);
    if (err) {
        srs_source_unref(source);
        return err;
    }
    *out = source;
    return SRS_OK;
}

struct srs_source *srs_source_ref(struct srs_source *source)
{
    source->refs++;
    return source;
}

// What is held beside the log: what joiners get first, and what has not come whole. A packet or
// track that is in the log too counts twice, which errs to the safe side.
static void count_beside(struct srs_source *source)
{
    size_t bytes = source->unfinished;
    if (source->metadata != NULL)
        bytes += srs_packet_bytes(source->metadata);
    for (unsigned i = 0; i < source->track_count; i++)
        bytes += srs_track_bytes(source->tracks[i]);
    srs_packet_log_set_beside(&source->log, bytes);
}

void srs_source_forget_metadata(struct srs_source *source)
{
    srs_packet_unref(source->metadata);
    source->metadata = NULL;
    count_beside(source);
}

// What is in the log stays for the viewers that have not had it yet; who joins now waits for what
// comes next.
static void forget_media(struct srs_source *source)
{
    srs_packet_log_end_gops(&source->log);
    if (source->consumer_count == 0)
        srs_packet_log_clear(&source->log);
    for (unsigned i = 0; i < source->track_count; i++)
        srs_track_unref(source->tracks[i]);
    source->track_count = 0;
    memset(source->lowest_id, UINT8_MAX, sizeof source->lowest_id);
    source->unfinished = 0;
    srs_source_forget_metadata(source);
    memset(source->meters, 0, sizeof source->meters);
}

void srs_source_unref(struct srs_source *source)
{
    if (source == NULL || --source->refs > 0)
        return;
    srs_assert(source->publisher == NULL && source->consumer_count == 0);
    if (source->ops != NULL && source->ops->freed != NULL)
        source->ops->freed(source);
    struct entry *entry = entry_of(source);
    table_remove(source->sources, entry);
    srs_tally_add(&source->sources->gone, source->vhost, source->stats.bytes_in,
                  source->stats.bytes_out);
    forget_media(source);
    srs_packet_log_fini(&source->log);
    srs_arena_fini(&source->arena);
    srs_free(source->key);
    srs_free(source->vhost);
    srs_free(source->app);
    srs_free(source->stream);
    srs_free(entry);
    srs_live_add(SRS_LIVE_SOURCE, -1);
}

static void set_oldest(struct srs_source *source, uint64_t oldest)
{
    source->oldest = oldest;
    if (source->publisher == NULL) // nobody pushes, so nobody else would trim
        srs_packet_log_trim(&source->log, oldest);
}

static void tell_changed(struct srs_source *source)
{
    if (source->ops != NULL && source->ops->changed != NULL)
        source->ops->changed(source);
}

// --- taking in ----------------------------------------------------------------------------------

static void count(struct srs_source *source, const struct srs_packet *packet)
{
    struct srs_source_stats *stats = &source->stats;
    stats->bytes_in += packet->head.size;
    if (packet->head.kind == SRS_KIND_VIDEO)
        stats->video_packets++;
    else if (packet->head.kind == SRS_KIND_AUDIO)
        stats->audio_packets++;
    else
        stats->data_packets++;
}

static bool is_main(const struct srs_source *source, const struct srs_packet *packet)
{
    return packet->head.track_id <= source->lowest_id[packet->head.kind] &&
           !packet->track->multitrack && (packet->head.flags & SRS_PACKET_MULTITRACK) == 0;
}

// Neither audio nor video has been announced or sent for a while, but data is: then that is the
// stream, with its own times behind what was there before.
static bool is_data_only(struct srs_source *source, const struct srs_packet_head *head)
{
    if (source->data_only)
        return true;
    if (head->arrived - source->published_at < data_wait ||
        srs_source_track(source, SRS_KIND_VIDEO, -1) != NULL ||
        srs_source_track(source, SRS_KIND_AUDIO, -1) != NULL)
        return false;
    source->data_only = true;
    srs_timeline_follow(&source->data_timeline, &source->timeline);
    return true;
}

// Beside audio and video data may carry any time (many senders say 0): it takes the place where it
// arrived.
static srs_usec data_offset(const struct srs_timeline *timeline, srs_usec dts)
{
    srs_usec out = dts + timeline->offset;
    srs_usec last = timeline->last_out;
    bool near = out >= last - SRS_SEC && out <= last + SRS_SEC;
    return near && timeline->started && !timeline->restarted ? timeline->offset : last - dts;
}

static void put_on_timeline(struct srs_source *source, struct srs_packet *packet)
{
    struct srs_packet_head *head = &packet->head;
    bool jumped = false;
    struct srs_timeline *timeline = &source->timeline;
    if (head->kind == SRS_KIND_DATA) {
        if (is_data_only(source, head))
            head->moved = srs_timeline_offset(&source->data_timeline, head->kind, head->dts,
                                              head->arrived, &jumped);
        else
            head->moved = data_offset(timeline, head->dts);
        head->dts += head->moved;
        head->pts = head->dts;
        return;
    }
    if (source->data_only) {
        source->data_only = false;
        srs_timeline_follow(timeline, &source->data_timeline);
    }
    bool main_track = (head->flags & SRS_PACKET_MAIN) != 0;
    srs_usec offset =
        srs_timeline_offset(timeline, main_track ? head->kind : SRS_KINDS + packet->track->slot,
                            head->dts, head->arrived, &jumped);
    head->moved = offset;
    head->dts += offset;
    head->pts += offset;
    if (jumped) {
        head->flags |= SRS_PACKET_DISCONTINUITY;
        source->stats.jumps++;
    }
}

static void note_overflow(struct srs_source *source)
{
    if (source->oldest >= source->log.first)
        return;
    source->stats.overflows++; // a limit dropped what a cursor still needed
    source->oldest = source->log.first;
}

// Into the log. Takes the reference.
static SRS_ERR append(struct srs_source *source, struct srs_packet *packet)
{
    // Without viewers and without a gop cache nothing is kept.
    if (source->consumer_count == 0 && !source->log.limits.gop_cache) {
        if (packet->head.kind == SRS_KIND_VIDEO)
            source->log.has_video = true; // who joins in the middle of a gop waits for its end
        srs_packet_unref(packet);
        return SRS_OK;
    }
    (void)srs_packet_ref(packet); // a limit may take it off the log again at once
    srs_err err = srs_packet_log_push(&source->log, packet, source->oldest);
    if (err) {
        srs_packet_unref(packet);
        return err;
    }
    note_overflow(source);
    if (source->ops != NULL && source->ops->pushed != NULL && source->consumer_count > 0)
        source->ops->pushed(source, packet);
    srs_packet_unref(packet);
    return SRS_OK;
}

// --- mixing -------------------------------------------------------------------------------------

// Packets enter the log in the order of arrival, so what was held arrives with what let it go.
static SRS_ERR take_mixed(struct srs_source *source, srs_usec now, bool both)
{
    struct srs_packet *packet;
    srs_err err = SRS_OK;
    while (!err && (packet = srs_mixer_take(source->mixer, now, both)) != NULL) {
        packet->head.arrived = now;
        err = append(source, packet);
    }
    return err;
}

static SRS_ERR mix(struct srs_source *source, struct srs_packet *packet)
{
    srs_usec now = packet->head.arrived;
    bool both = srs_source_track(source, SRS_KIND_VIDEO, -1) != NULL &&
                srs_source_track(source, SRS_KIND_AUDIO, -1) != NULL;
    srs_mixer_put(source->mixer, packet);
    return take_mixed(source, now, both);
}

static void empty_mixer(struct srs_source *source)
{
    struct srs_mixer *mixer = source->mixer;
    if (mixer == NULL)
        return;
    srs_usec now = 0;
    for (unsigned i = 0; i < mixer->count; i++)
        if (mixer->packets[i]->head.arrived > now)
            now = mixer->packets[i]->head.arrived;
    while (mixer->count > 0)
        srs_err_drop(take_mixed(source, now, false), "the last packets of a publisher that goes");
    source->mixer = NULL;
    srs_free(mixer);
}

// --- publisher ----------------------------------------------------------------------------------

SRS_ERR srs_source_publish(struct srs_source *source, const void *publisher, srs_usec now)
{
    if (source->publisher != NULL)
        return srs_fail(SRS_E_SYSTEM_STREAM_BUSY, "stream %s has a publisher", source->key);
    source->publisher = publisher;
    source->sources->publishers++;
    share_budget(source->sources);
    source->published_at = now;
    source->repeat_headers = source->intake.repeat_headers;
    if (source->intake.mix)
        source->mixer = srs_new(struct srs_mixer);
    srs_timeline_restart(&source->timeline);
    if (source->data_only)
        srs_timeline_follow(&source->timeline, &source->data_timeline);
    source->data_only = false;
    (void)srs_source_ref(source);
    tell_changed(source);
    return SRS_OK;
}

void srs_source_unpublish(struct srs_source *source, const void *publisher)
{
    if (source == NULL || publisher == NULL || source->publisher != publisher)
        return;
    empty_mixer(source);
    source->publisher = NULL;
    source->sources->publishers--;
    share_budget(source->sources);
    srs_arena_fini(&source->arena);
    srs_list_each_safe (node, &source->consumers) {
        if (node == &source->walker)
            continue;
        struct srs_consumer *consumer = srs_list_entry(node, struct srs_consumer, link);
        if (consumer->ops != NULL && consumer->ops->unpublished != NULL)
            consumer->ops->unpublished(consumer);
    }
    forget_media(source);
    tell_changed(source);
    srs_source_unref(source);
}

SRS_ERR srs_source_hold_unfinished(struct srs_source *source, size_t bytes, srs_usec now)
{
    struct srs_log_budget *budget = &source->sources->budget;
    bool grows = bytes > source->unfinished;
    source->unfinished = bytes;
    count_beside(source);
    if (!grows || !srs_packet_log_over_part(&source->log))
        return SRS_OK;
    budget->shed_at = now;
    srs_packet_log_give_way(&source->log, source->oldest);
    note_overflow(source);
    if (budget->used > budget->limit && bytes > budget->part)
        return srs_fail(SRS_E_MEDIA_MEMORY,
                        "%zu bytes of unfinished messages, this publisher's part is %zu", bytes,
                        budget->part);
    return SRS_OK;
}

_Static_assert((int)SRS_TIMELINE_TRACKS >= (int)SRS_KINDS + (int)SRS_TRACKS_MAX,
               "main tracks by kind, the others by slot");

SRS_ERR srs_source_set_track(struct srs_source *source, struct srs_track *track,
                             struct srs_track **current)
{
    for (unsigned i = 0; i < source->track_count; i++) {
        struct srs_track *old = source->tracks[i];
        if (old->kind != track->kind || old->id != track->id)
            continue;
        bool again = source->repeat_headers && track->config_size > 0;
        if (!again && srs_track_same(old, track)) {
            srs_track_unref(track);
            *current = old;
            return SRS_OK;
        }
        track->version = ++source->track_versions;
        track->slot = old->slot;
        srs_track_unref(old);
        source->tracks[i] = track;
        *current = track;
        count_beside(source);
        return SRS_OK;
    }
    if (source->track_count == SRS_TRACKS_MAX) {
        srs_track_unref(track);
        return srs_fail(SRS_E_LIMIT, "more than %d tracks", SRS_TRACKS_MAX);
    }
    track->version = ++source->track_versions;
    track->slot = (uint8_t)source->track_count;
    source->tracks[source->track_count++] = track;
    if (track->id < source->lowest_id[track->kind])
        source->lowest_id[track->kind] = track->id;
    *current = track;
    count_beside(source);
    return SRS_OK;
}

struct srs_track *srs_source_track(const struct srs_source *source, enum srs_kind kind, int id)
{
    struct srs_track *found = NULL;
    for (unsigned i = 0; i < source->track_count; i++) {
        struct srs_track *track = source->tracks[i];
        if (track->kind == kind &&
            (id < 0 ? found == NULL || track->id < found->id : track->id == id))
            found = track;
    }
    return found;
}

SRS_ERR srs_source_push(struct srs_source *source, struct srs_packet *packet)
{
    count(source, packet);
    if (is_main(source, packet))
        packet->head.flags |= SRS_PACKET_MAIN;
    put_on_timeline(source, packet);
    srs_meter_count(&source->meters[packet->track->slot], &packet->head);
    if ((packet->head.flags & SRS_PACKET_METADATA) != 0) {
        srs_packet_unref(source->metadata);
        source->metadata = srs_packet_ref(packet);
        count_beside(source);
    }
    return source->mixer == NULL ? append(source, packet) : mix(source, packet);
}
size_t srs_source_bitrate(const struct srs_source *source)
{
    const struct srs_packet_log *log = &source->log;
    if (log->next - log->first < 2)
        return 0;
    srs_usec span = srs_packet_log_at(log, log->next - 1)->head.dts -
                    srs_packet_log_at(log, log->first)->head.dts;
    return span >= SRS_SEC / 2 ? (size_t)((double)log->bytes * SRS_SEC / (double)span) : 0;
}

// --- consumers ----------------------------------------------------------------------------------

void srs_consumer_join(struct srs_consumer *consumer, struct srs_source *source,
                       const struct srs_consumer_ops *ops)
{
    const struct srs_packet_log *log = &source->log;
    consumer->source = srs_source_ref(source);
    consumer->ops = ops;
    consumer->next = log->gop != SRS_LOG_NO_GOP ? log->gop : log->next;
    consumer->need_key = true; // also where no video has come yet
    source->oldest = source->oldest < consumer->next ? source->oldest : consumer->next;
    srs_list_push(&source->consumers, &consumer->link);
    source->consumer_count++;
    source->stats.consumers_total++;
    if (source->consumer_count == 1)
        tell_changed(source);
}

// Nobody pushes any more, and perhaps nobody needs any more what is in the log: a walk will tell.
static void tell_drained(struct srs_source *source)
{
    if (source->publisher == NULL && source->log.first < source->log.next)
        tell_changed(source);
}

void srs_consumer_caught_up(const struct srs_consumer *consumer)
{
    if (consumer->source != NULL && consumer->next >= consumer->source->log.next)
        tell_drained(consumer->source);
}

void srs_consumer_leave(struct srs_consumer *consumer)
{
    struct srs_source *source = consumer->source;
    if (source == NULL)
        return;
    srs_list_remove(&consumer->link);
    consumer->source = NULL;
    if (--source->consumer_count == 0) {
        source->oldest = UINT64_MAX;
        srs_packet_log_trim(&source->log, UINT64_MAX); // without a gop cache no push would
        tell_changed(source);
    } else {
        tell_drained(source);
    }
    srs_source_unref(source);
}

struct srs_packet *srs_consumer_peek(const struct srs_consumer *consumer, uint64_t *number,
                                     bool *need_key, bool *jumped)
{
    const struct srs_packet_log *log = &consumer->source->log;
    if (*number < log->first) {
        *jumped = true;
        *need_key = true;
        *number = log->gop != SRS_LOG_NO_GOP ? log->gop : log->next;
    }
    if (*number == log->begin)
        *need_key = true; // another publisher may begin in the middle of a gop
    while (*number < log->next) {
        struct srs_packet *packet = srs_packet_log_at(log, *number);
        // Other video tracks are the mux's affair: it knows who takes them.
        bool video =
            packet->head.kind == SRS_KIND_VIDEO && (packet->head.flags & SRS_PACKET_MAIN) != 0;
        bool key = (packet->head.flags & SRS_PACKET_KEY) != 0;
        if (!*need_key || !video || key) {
            if (video)
                *need_key = false;
            return packet;
        }
        (*number)++;
    }
    return NULL;
}

// --- walk ---------------------------------------------------------------------------------------

void srs_source_walk_begin(struct srs_source *source)
{
    srs_assert(!srs_list_linked(&source->walker));
    srs_list_insert_after(&source->consumers, &source->walker);
    source->walked_oldest = UINT64_MAX;
}

bool srs_source_walking(const struct srs_source *source)
{
    return srs_list_linked(&source->walker);
}

struct srs_consumer *srs_source_walk_next(struct srs_source *source)
{
    // The one visited last stands right before the walker unless it has left. One that fell off the
    // log needs nothing.
    struct srs_list *last = source->walker.prev;
    if (last != &source->consumers) {
        uint64_t next = srs_list_entry(last, struct srs_consumer, link)->next;
        if (next >= source->log.first && next < source->walked_oldest)
            source->walked_oldest = next;
    }
    struct srs_list *node = source->walker.next;
    srs_list_remove(&source->walker);
    if (node == &source->consumers) {
        // Those visited may all have left since.
        set_oldest(source, source->consumer_count > 0 ? source->walked_oldest : UINT64_MAX);
        return NULL;
    }
    srs_list_insert_after(node, &source->walker);
    return srs_list_entry(node, struct srs_consumer, link);
}
