// The table of directives. Looked through from end to end, by the lengths of names first: these lie
// close together, and hardly two rows have the same.
#include "server/config/table.h"
#include "core/mem.h"
#include "server/config/config.h"
#include <stdio.h>
#include <string.h>

// Longer names are not compared for a suggestion.
enum { NEAREST_NAME = 48 };

// A walk over the table tells a fuzzer nothing that the comparison of the names does not, and
// tracing its every step takes most of the time of a run.
#ifdef __clang__
#define UNTRACED __attribute__((no_sanitize("coverage")))
#else
#define UNTRACED
#endif

#define NONE        .flags = 0
#define OPT(...)    __VA_ARGS__
#define FLAGS(x)    .flags = (x)
#define RANGE(a, b) .low = (a), .high = (b)
#define WORDS(x)    .words = (x)
#define ENV(x)      .env = (x)
#define BLOCK       .state = SRS_DIRECTIVE_BLOCK
#define LATER       .state = SRS_DIRECTIVE_LATER
#define OLD         .state = SRS_DIRECTIVE_OLD
#define OLD_WARN    .state = SRS_DIRECTIVE_OLD_WARN
#define ROOT(field) .state = SRS_DIRECTIVE_ROOT, .offset = offsetof(struct srs_config, field)
#define VHOST(field) \
    .state = SRS_DIRECTIVE_VHOST, .offset = offsetof(struct srs_config_vhost, field)
#define MANY        SRS_DIRECTIVE_MANY
#define NAMED       SRS_DIRECTIVE_NAMED
#define MAYBE_NAMED SRS_DIRECTIVE_MAYBE_NAMED
#define NO_ENV      SRS_DIRECTIVE_NO_ENV
#define STRICT      SRS_DIRECTIVE_STRICT
#define FALLBACK    SRS_DIRECTIVE_FALLBACK
#define AUTO        SRS_DIRECTIVE_AUTO
#define DOLLAR      SRS_DIRECTIVE_DOLLAR
#define ENV_FLIP    SRS_DIRECTIVE_ENV_FLIP
#define SECRET      SRS_DIRECTIVE_SECRET
#define D(scope_, name_, type_, value_, options_, reload_, state_, help_) \
    {.scope = (scope_),                                                   \
     .name = (name_),                                                     \
     .type = SRS_DIRECTIVE_##type_,                                       \
     .value = (value_),                                                   \
     options_,                                                            \
     .reload = SRS_RELOAD_##reload_,                                      \
     state_,                                                              \
     .help = (help_)},

static const struct srs_directive table[] = {
#include "server/config/directives.def"
};

#undef D
#define D(scope_, name_, ...) {sizeof(scope_) - 1, sizeof(name_) - 1},

static const struct lengths {
    uint8_t scope;
    uint8_t name;
} lengths[] = {
#include "server/config/directives.def"
};
_Static_assert(SRS_COUNT(lengths) == SRS_COUNT(table), "one for each row");

size_t srs_directive_count(void)
{
    return SRS_COUNT(table);
}

const struct srs_directive *srs_directive_at(size_t i)
{
    return &table[i];
}

UNTRACED static bool in_scope(size_t i, const char *scope, size_t size)
{
    return lengths[i].scope == size && memcmp(table[i].scope, scope, size) == 0;
}

UNTRACED const struct srs_directive *srs_directive_find(const char *scope, const char *name)
{
    size_t scope_size = strlen(scope);
    size_t name_size = strlen(name);
    for (size_t i = 0; i < SRS_COUNT(table); i++)
        if (lengths[i].name == name_size && memcmp(table[i].name, name, name_size) == 0 &&
            in_scope(i, scope, scope_size))
            return &table[i];
    return NULL;
}

UNTRACED static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Insertions, deletions and replacements that make b of a; both are at most NEAREST_NAME long.
UNTRACED static unsigned distance(const char *a, const char *b)
{
    unsigned row[NEAREST_NAME + 1];
    size_t width = strlen(b);
    for (unsigned j = 0; j <= width; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

// Spellings that are moved before the table is asked; those that lie in an old block are left out.
static const struct old_name {
    const char *scope;
    const char *block;
    const char *name;
} old_names[] = {
#define MOVE(scope_, block_, name_, to_, as_, extra_) {scope_, block_, name_},
#define RENAME(scope_, name_, to_)                    {scope_, NULL, name_},
#include "server/config/legacy.def"
};

struct search {
    const char *name;
    size_t length;
    unsigned best; // as many characters are wrong in what was found
    const char *nearest;
};

UNTRACED static void consider(struct search *search, const char *candidate, size_t length)
{
    size_t apart = length > search->length ? length - search->length : search->length - length;
    if (apart >= search->best || length > NEAREST_NAME)
        return;
    unsigned wrong = distance(search->name, candidate);
    if (wrong < search->best) {
        search->best = wrong;
        search->nearest = candidate;
    }
}

UNTRACED const char *srs_directive_nearest(const char *scope, const char *name)
{
    size_t scope_size = strlen(scope);
    struct search search = {.name = name, .length = strlen(name)};
    search.best = (unsigned)(search.length + 2) / 3 + 1; // a third of the name may be wrong
    if (search.length > NEAREST_NAME)
        return NULL;
    for (size_t i = 0; i < SRS_COUNT(table); i++)
        if (in_scope(i, scope, scope_size))
            consider(&search, table[i].name, lengths[i].name);
    for (size_t i = 0; i < SRS_COUNT(old_names); i++)
        if (old_names[i].block == NULL && strcmp(old_names[i].scope, scope) == 0)
            consider(&search, old_names[i].name, strlen(old_names[i].name));
    return search.nearest;
}

void srs_directive_path(const struct srs_directive *row, char path[SRS_DIRECTIVE_PATH])
{
    (void)snprintf(path, SRS_DIRECTIVE_PATH, "%s%s%s", row->scope, row->scope[0] ? "." : "",
                   row->name);
}

static const struct srs_directive *row_of_scope(const char *scope)
{
    char parent[SRS_DIRECTIVE_PATH];
    (void)snprintf(parent, sizeof parent, "%s", scope);
    char *dot = strrchr(parent, '.');
    if (dot == NULL)
        return srs_directive_find("", parent);
    *dot = '\0';
    return srs_directive_find(parent, dot + 1);
}

bool srs_directive_has_env(const struct srs_directive *row)
{
    if (row->type == SRS_DIRECTIVE_SCOPE || row->type == SRS_DIRECTIVE_FREE ||
        row->type == SRS_DIRECTIVE_ANY)
        return false;
    while ((row->flags & SRS_DIRECTIVE_NO_ENV) == 0) {
        if (row->scope[0] == '\0')
            return true;
        row = row_of_scope(row->scope);
        if (row == NULL)
            return false;
    }
    return false;
}

static char as_variable(char c)
{
    if (c == '.')
        return '_';
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static const char prefix[] = "SRS_";

// The name made from the path: SRS_ and each letter as a capital, each dot as _.
static bool is_made_of(const struct srs_directive *row, const char *name, size_t size)
{
    const char *const parts[] = {prefix, row->scope, row->scope[0] != '\0' ? "." : "", row->name};
    size_t at = 0;
    for (size_t i = 0; i < SRS_COUNT(parts); i++)
        for (const char *c = parts[i]; *c != '\0'; c++, at++)
            if (at == size || name[at] != as_variable(*c))
                return false;
    return at == size;
}

UNTRACED int srs_directive_env_rank(const struct srs_directive *row, const char *name, size_t size)
{
    if (row->env == NULL) {
        const struct lengths *own = &lengths[row - table];
        size_t made = strlen(prefix) + own->scope + (own->scope > 0) + own->name;
        return size == made && is_made_of(row, name, size) ? 0 : -1;
    }
    int rank = 0;
    for (const char *at = row->env; *at != '\0'; rank++) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, name, size) == 0)
            return rank;
        at += length;
        at += *at == '|';
    }
    return -1;
}

UNTRACED const struct srs_directive *srs_directive_of_env(const char *name, size_t size, size_t *at,
                                                          int *rank)
{
    while (*at < SRS_COUNT(table)) {
        const struct srs_directive *row = &table[(*at)++];
        *rank = srs_directive_env_rank(row, name, size);
        if (*rank >= 0)
            return row;
    }
    return NULL;
}
