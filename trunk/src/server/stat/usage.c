#include "server/stat/usage.h"
#include "core/assert.h"
#include "core/mem.h"
#include "server/stat/peers.h"
#include "stream/source.h"
#include <stdio.h>
#include <string.h>
// As in stream/source.c: the table grows by itself and ends the process when there is no memory.
#include <uthash.h>
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough" // its hash function, expanded in here

static const srs_usec pause_usec = 3 * SRS_SEC; // nobody has sampled for a while
// What a window is about at least: one that has just begun tells little.
static const srs_usec window_usec = SRS_USAGE_WINDOW * SRS_SEC;

enum { BATCH = 1000 }; // places or entries before the others have their turn

struct srs_usage_entry {
    struct srs_used used;
    UT_hash_handle hh;
    struct srs_list link;
    uint64_t in; // bytes since the last sample
    uint64_t out;
    uint32_t ins[SRS_USAGE_WINDOW]; // bytes of each sample
    uint32_t outs[SRS_USAGE_WINDOW];
    srs_usec sampled_at;
    char key[];
};

// --- entries ------------------------------------------------------------------------------------

// uthash works by macros; each of them counts as the code of whoever uses it.
// NOLINTBEGIN(readability-function-size, readability-function-cognitive-complexity)

static struct srs_usage_entry *find(const struct srs_usage *usage, enum srs_usage_kind kind,
                                    const void *key, size_t size)
{
    struct srs_usage_entry *entry = NULL;
    HASH_FIND(hh, usage->tables[kind], key, size, entry);
    return entry;
}

static struct srs_usage_entry *add(struct srs_usage *usage, enum srs_usage_kind kind,
                                   const void *key, size_t size)
{
    struct srs_usage_entry *entry = srs_try_alloc(sizeof *entry + size);
    if (entry == NULL)
        return NULL;
    *entry = (struct srs_usage_entry){.in = 0};
    memcpy(entry->key, key, size);
    HASH_ADD_KEYPTR(hh, usage->tables[kind], entry->key, size, entry);
    srs_list_push(&usage->entries, &entry->link);
    usage->entry_count++;
    return entry;
}

static void drop(struct srs_usage *usage, enum srs_usage_kind kind, struct srs_usage_entry *entry)
{
    HASH_DELETE(hh, usage->tables[kind], entry);
    srs_list_remove(&entry->link);
    usage->entry_count--;
    srs_free(entry);
}

// NOLINTEND(readability-function-size, readability-function-cognitive-complexity)

static unsigned *count_of(struct srs_usage_entry *entry, bool publish)
{
    return publish ? &entry->used.publishers : &entry->used.players;
}

static SRS_ERR enter(struct srs_place *place, enum srs_usage_kind kind, const void *key,
                     size_t size)
{
    struct srs_usage_entry *entry = find(place->usage, kind, key, size);
    if (entry == NULL)
        entry = add(place->usage, kind, key, size);
    if (entry == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "counts of a client");
    ++*count_of(entry, place->publish);
    if (place->publish)
        entry->used.above = 0;
    place->entries[kind] = entry;
    return SRS_OK;
}

static void leave(struct srs_place *place, enum srs_usage_kind kind)
{
    struct srs_usage_entry *entry = place->entries[kind];
    if (entry == NULL)
        return;
    unsigned *count = count_of(entry, place->publish);
    srs_assert(*count > 0);
    --*count;
    if (entry->used.publishers == 0 && entry->used.players == 0)
        drop(place->usage, kind, entry);
}

// --- places -------------------------------------------------------------------------------------

static struct srs_place *place_at(struct srs_list *node)
{
    return srs_list_entry(node, struct srs_place, link);
}

// What its connection has carried since it was looked at last.
static void collect(struct srs_place *place)
{
    uint64_t in = srs_conn_bytes_in(place->conn);
    uint64_t out = srs_conn_bytes_out(place->conn);
    for (unsigned kind = 0; kind < SRS_USAGE_KINDS; kind++) {
        struct srs_usage_entry *entry = place->entries[kind];
        if (entry == NULL)
            continue;
        entry->in += in - place->in;
        entry->out += out - place->out;
    }
    place->in = in;
    place->out = out;
}

static void begin(struct srs_usage *usage)
{
    if (usage->places.next != NULL)
        return;
    srs_list_init(&usage->places);
    srs_list_init(&usage->entries);
}

SRS_ERR srs_usage_enter(struct srs_usage *usage, const struct srs_usage_client *client,
                        struct srs_place *place)
{
    char key[SRS_STREAM_NAME_MAX];
    uint8_t address[SRS_PEER_KEY];
    struct srs_endpoint peer = srs_conn_peer(client->conn);
    srs_assert(place->usage == NULL);
    int size = snprintf(key, sizeof key, "%s/%s/%s", client->vhost, client->app, client->stream);
    if (size < 0 || (size_t)size >= sizeof key)
        return srs_fail(SRS_E_LIMIT, "name of a stream above %zu bytes", sizeof key - 1);
    begin(usage);
    *place = (struct srs_place){.usage = usage,
                                .conn = client->conn,
                                .in = srs_conn_bytes_in(client->conn),
                                .out = srs_conn_bytes_out(client->conn),
                                .publish = client->publish};
    srs_list_push(&usage->places, &place->link);
    usage->place_count++;
    srs_peers_key(&peer, address);
    srs_err err = enter(place, SRS_USAGE_ADDRESS, address, sizeof address);
    if (!err)
        err = enter(place, SRS_USAGE_VHOST, client->vhost, strlen(client->vhost));
    if (!err)
        err = enter(place, SRS_USAGE_STREAM, key, (size_t)size);
    if (err)
        srs_usage_leave(place);
    return err;
}

void srs_usage_leave(struct srs_place *place)
{
    if (place->usage == NULL)
        return;
    collect(place);
    for (unsigned kind = 0; kind < SRS_USAGE_KINDS; kind++)
        leave(place, kind);
    srs_list_remove(&place->link);
    place->usage->place_count--;
    *place = (struct srs_place){.usage = NULL};
}

const struct srs_used *srs_place_used(const struct srs_place *place, enum srs_usage_kind kind)
{
    return &place->entries[kind]->used;
}

struct srs_used *srs_usage_stream(const struct srs_usage *usage, const char *key)
{
    struct srs_usage_entry *entry = find(usage, SRS_USAGE_STREAM, key, strlen(key));
    return entry != NULL ? &entry->used : NULL;
}

// --- samples ------------------------------------------------------------------------------------

static uint32_t clamp(double value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static uint32_t kbps(const struct srs_usage *usage, const uint32_t bytes[SRS_USAGE_WINDOW])
{
    double sum = 0;
    srs_usec span = 0;
    for (unsigned i = 0; i < SRS_USAGE_WINDOW; i++) {
        sum += bytes[i];
        span += usage->spans[i];
    }
    return clamp(sum * 8000.0 / (double)(span > window_usec ? span : window_usec));
}

typedef void visit_fn(struct srs_usage *usage, struct srs_list *node, bool fresh);

static void visit_place(struct srs_usage *usage, struct srs_list *node, bool fresh)
{
    (void)usage;
    (void)fresh;
    collect(place_at(node));
}

static void visit_entry(struct srs_usage *usage, struct srs_list *node, bool fresh)
{
    struct srs_usage_entry *entry = srs_list_entry(node, struct srs_usage_entry, link);
    if (entry->sampled_at == usage->sampled_at)
        return; // comes round again where others have left
    entry->sampled_at = usage->sampled_at;
    if (fresh) {
        memset(entry->ins, 0, sizeof entry->ins);
        memset(entry->outs, 0, sizeof entry->outs);
    }
    entry->ins[usage->at] = fresh ? 0 : clamp((double)entry->in);
    entry->outs[usage->at] = fresh ? 0 : clamp((double)entry->out);
    entry->in = 0;
    entry->out = 0;
    entry->used.in_kbps = kbps(usage, entry->ins);
    entry->used.out_kbps = kbps(usage, entry->outs);
}

// Each goes to the end of its list, so that the place in the list holds while others run, come and
// go.
static SRS_YIELDS SRS_ERR visit_all(struct srs_usage *usage, struct srs_list *list, unsigned count,
                                    visit_fn *visit, bool fresh)
{
    for (unsigned i = 1; i <= count && !srs_list_empty(list); i++) {
        struct srs_list *node = list->next;
        srs_list_remove(node);
        srs_list_push(list, node);
        visit(usage, node, fresh);
        if (i % BATCH == 0) {
            srs_err err = srs_co_breathe();
            if (err)
                return err;
        }
    }
    return SRS_OK;
}

SRS_YIELDS SRS_ERR srs_usage_sample(struct srs_usage *usage, srs_usec now)
{
    srs_co_may_yield();
    bool fresh = usage->sampled_at == 0 || now - usage->sampled_at > pause_usec;
    begin(usage);
    if (fresh)
        memset(usage->spans, 0, sizeof usage->spans);
    usage->at = (usage->at + 1) % SRS_USAGE_WINDOW;
    usage->spans[usage->at] = fresh ? 0 : now - usage->sampled_at;
    usage->sampled_at = now;
    srs_err err = visit_all(usage, &usage->places, usage->place_count, visit_place, fresh);
    if (err)
        return err;
    return visit_all(usage, &usage->entries, usage->entry_count, visit_entry, fresh);
}
