#include "stream/tally.h"
#include "core/mem.h"
#include <string.h>
// As in source.c: the table grows by itself and ends the process when there is no memory.
#include <uthash.h>
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough" // its hash function, expanded in here

struct srs_tally_entry {
    UT_hash_handle hh;
    char *name;
    struct srs_tally_sum sum;
};

// uthash works by macros; each of them counts as the code of whoever uses it.
// NOLINTBEGIN(readability-function-size, readability-function-cognitive-complexity)

static struct srs_tally_entry *find(const struct srs_tally *tally, const char *name)
{
    struct srs_tally_entry *entry = NULL;
    HASH_FIND(hh, tally->table, name, strlen(name), entry);
    return entry;
}

static struct srs_tally_entry *add(struct srs_tally *tally, const char *name)
{
    struct srs_tally_entry *entry = srs_new(struct srs_tally_entry);
    entry->name = srs_try_strndup(name, strlen(name));
    if (entry->name == NULL) {
        srs_free(entry);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, tally->table, entry->name, strlen(entry->name), entry);
    return entry;
}

static void drop(struct srs_tally *tally, struct srs_tally_entry *entry)
{
    HASH_DEL(tally->table, entry);
    srs_free(entry->name);
    srs_free(entry);
}

// NOLINTEND(readability-function-size, readability-function-cognitive-complexity)

void srs_tally_add(struct srs_tally *tally, const char *name, uint64_t in, uint64_t out)
{
    struct srs_tally_entry *entry = NULL;
    if (in == 0 && out == 0)
        return;
    entry = find(tally, name);
    if (entry == NULL)
        entry = add(tally, name);
    if (entry == NULL)
        return;
    entry->sum.in += in;
    entry->sum.out += out;
}

struct srs_tally_sum srs_tally_get(const struct srs_tally *tally, const char *name)
{
    const struct srs_tally_entry *entry = find(tally, name);
    return entry != NULL ? entry->sum : (struct srs_tally_sum){0};
}

void srs_tally_fini(struct srs_tally *tally)
{
    while (tally->table != NULL)
        drop(tally, tally->table);
}
