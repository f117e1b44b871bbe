#include "server/config/compare.h"
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_words(const struct srs_config_words *a, const struct srs_config_words *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

static bool same_networks(const struct srs_config_networks *a, const struct srs_config_networks *b)
{
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof *a->items) == 0;
}

static bool same_rules(const struct srs_config_rules *a, const struct srs_config_rules *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->items[i].publish == b->items[i].publish &&
               memcmp(&a->items[i].network, &b->items[i].network, sizeof a->items[i].network) == 0;
    return same;
}

static bool same_field(const struct srs_directive *row, const void *before, const void *after)
{
    const void *a = (const char *)before + row->offset;
    const void *b = (const char *)after + row->offset;
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        return *(const bool *)a == *(const bool *)b;
    case SRS_DIRECTIVE_ENUM:
        return *(const int *)a == *(const int *)b;
    case SRS_DIRECTIVE_WORD:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case SRS_DIRECTIVE_LIST:
        return same_words(a, b);
    case SRS_DIRECTIVE_LISTEN:
        return srs_config_same_endpoints(a, b);
    case SRS_DIRECTIVE_NETS:
        return same_networks(a, b);
    case SRS_DIRECTIVE_RULES:
        return same_rules(a, b);
    default:
        return *(const int64_t *)a == *(const int64_t *)b;
    }
}

static void compare(enum srs_directive_state kind, const void *before, const void *after,
                    srs_config_differs_fn *differs, void *arg, const char *vhost)
{
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (row->state == kind && !same_field(row, before, after))
            differs(arg, row, vhost);
    }
}

bool srs_config_same(const struct srs_directive *row, const struct srs_config *a,
                     const struct srs_config *b)
{
    return same_field(row, a, b);
}

void srs_config_compare_root(const struct srs_config *before, const struct srs_config *after,
                             srs_config_differs_fn *differs, void *arg)
{
    compare(SRS_DIRECTIVE_ROOT, before, after, differs, arg, NULL);
}

void srs_config_compare(const struct srs_config *before, const struct srs_config *after,
                        srs_config_differs_fn *differs, void *arg)
{
    srs_config_compare_root(before, after, differs, arg);
    for (size_t i = 0; i < after->vhost_count; i++) {
        const struct srs_config_vhost *vhost = &after->vhosts[i];
        const struct srs_config_vhost *old = srs_config_vhost_exact(before, vhost->name);
        if (old != NULL)
            compare(SRS_DIRECTIVE_VHOST, old, vhost, differs, arg, vhost->name);
    }
}
