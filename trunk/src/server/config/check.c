// Each directive against the table: known at its place, a block or not, its name, its values.
// Errors tell the place and the nearest valid name; what SRS lets pass is noted.
#include "core/assert.h"
#include "core/mem.h"
#include "server/config/steps.h"
#include "server/config/value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 512 };

struct check {
    const struct srs_config_tree *tree;
    struct srs_config_notes *notes;
    bool said[ROWS_MAX]; // what is not built is told once
};

static SRS_ERR fail_unknown(const struct check *check, const struct srs_config_node *node,
                            const char *scope)
{
    char shown[SRS_CONFIG_SHOWN];
    const char *nearest = srs_directive_nearest(scope, node->name);
    srs_config_tree_blame(check->tree, node, nearest);
    (void)srs_config_shown_host(node->name, shown);
    const char *in = scope[0] != '\0' ? " in " : "";
    if (nearest == NULL)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unknown directive \"%s\"%s%s", shown, in,
                        scope);
    srs_err err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "did you mean \"%s\"?", nearest);
    return srs_wrap(err, "unknown directive \"%s\"%s%s", shown, in, scope);
}

// "hls.enabled" for vhost.hls.enabled, as that is how people call it.
static const char *short_path(const char *path)
{
    static const char vhost[] = "vhost.";
    bool deep = strncmp(path, vhost, strlen(vhost)) == 0 && strchr(path + strlen(vhost), '.');
    return deep ? path + strlen(vhost) : path;
}

static void note_unbuilt(struct check *check, const struct srs_directive *row,
                         const struct srs_config_node *node)
{
    char path[SRS_DIRECTIVE_PATH];
    char place[SRS_CONFIG_PLACE];
    size_t i = (size_t)(row - srs_directive_at(0));
    srs_assert(i < ROWS_MAX);
    bool asks = row->type != SRS_DIRECTIVE_ANY && srs_config_value_differs(row, node);
    bool old = row->state == SRS_DIRECTIVE_OLD_WARN || (row->state == SRS_DIRECTIVE_OLD && asks);
    bool later = row->state == SRS_DIRECTIVE_LATER && srs_config_value_differs(row, node);
    if (check->said[i] || (!old && !later))
        return;
    check->said[i] = true;
    srs_directive_path(row, path);
    srs_config_node_place(node, place);
    if (old)
        srs_config_note(check->notes, "directive %s at %s is out of use and has no effect",
                        short_path(path), place);
    else
        srs_config_note(check->notes, "directive %s at %s is not built yet and has no effect",
                        short_path(path), place);
}

static SRS_ERR check_leaf(struct check *check, const struct srs_directive *row,
                          const struct srs_config_node *node)
{
    struct srs_config_value value;
    char place[SRS_CONFIG_PLACE];
    if (node->block)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "directive \"%s\" takes no block", row->name);
    bool list = row->type == SRS_DIRECTIVE_LIST || row->type == SRS_DIRECTIVE_LISTEN ||
                row->type == SRS_DIRECTIVE_NETS || row->type == SRS_DIRECTIVE_RULES;
    if (node->arg_count != 1)
        srs_config_node_place(node, place);
    if (node->arg_count == 0)
        srs_config_note(check->notes, "directive %s at %s has no value: default taken", row->name,
                        place);
    if (node->arg_count > 1 && !list)
        srs_config_note(check->notes, "directive %s at %s takes one value, the rest is ignored",
                        row->name, place);
    srs_err err = srs_config_value_read(row, node, check->notes, &value);
    if (!err)
        note_unbuilt(check, row, node);
    return err;
}

static SRS_ERR check_repeated(struct check *check, const struct srs_directive *row,
                              const struct srs_config_node *parent,
                              const struct srs_config_node *node)
{
    char place[SRS_CONFIG_PLACE];
    if ((row->flags & SRS_DIRECTIVE_MANY) != 0 || srs_config_node_find(parent, row->name) == node)
        return SRS_OK;
    if (strcmp(row->name, "http_remux") == 0)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "a second http_remux in one vhost");
    srs_config_node_place(node, place);
    srs_config_note(check->notes, "directive %s again at %s: the first one counts", row->name,
                    place);
    return SRS_OK;
}

static SRS_ERR check_block_name(const struct srs_directive *row, const struct srs_config_node *node)
{
    if (!node->block)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "directive \"%s\" needs a block", row->name);
    if ((row->flags & SRS_DIRECTIVE_NAMED) != 0 &&
        (node->arg_count == 0 || node->args[0][0] == '\0'))
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "block \"%s\" needs a name", row->name);
    return SRS_OK;
}

static const char *id_of(const struct srs_config_node *node)
{
    return node->arg_count > 0 ? node->args[0] : "";
}

static int by_id(const void *a, const void *b)
{
    const struct srs_config_node *const *x = a;
    const struct srs_config_node *const *y = b;
    return strcmp(id_of(*x), id_of(*y));
}

static bool is_ingest(const struct srs_config_node *node)
{
    return strcmp(node->name, "ingest") == 0;
}

static SRS_ERR check_sorted(const struct check *check, const struct srs_config_node *const *nodes,
                            size_t count)
{
    char shown[SRS_CONFIG_SHOWN];
    char place[SRS_CONFIG_PLACE];
    for (size_t i = 1; i < count; i++) {
        if (by_id(&nodes[i - 1], &nodes[i]) != 0)
            continue;
        srs_err err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "a second ingest \"%s\" in one vhost",
                               srs_config_shown(id_of(nodes[i]), shown));
        srs_config_tree_blame(check->tree, nodes[i], NULL);
        srs_config_node_place(nodes[i], place);
        return srs_wrap(err, "%s", place);
    }
    return SRS_OK;
}

// Ids of ingest blocks, one may be empty, are unique in their vhost.
static SRS_ERR check_ids(const struct check *check, const struct srs_config_node *vhost)
{
    size_t count = 0;
    srs_list_each (link, &vhost->children) {
        count += is_ingest(srs_config_node_at(link));
    }
    if (count < 2)
        return SRS_OK;
    const struct srs_config_node **nodes = srs_try_alloc(count * sizeof(struct srs_config_node *));
    if (nodes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "%zu ids", count);
    size_t i = 0;
    srs_list_each (link, &vhost->children) {
        if (is_ingest(srs_config_node_at(link)))
            nodes[i++] = srs_config_node_at(link);
    }
    qsort((void *)nodes, count, sizeof(struct srs_config_node *), by_id);
    srs_err err = check_sorted(check, nodes, count);
    srs_free((void *)nodes);
    return err;
}

static SRS_ERR check_node(struct check *check, const struct srs_directive *row,
                          const struct srs_config_node *parent, const struct srs_config_node *node)
{
    srs_err err = check_repeated(check, row, parent, node);
    if (err)
        return err;
    switch (row->type) {
    case SRS_DIRECTIVE_ANY:
        note_unbuilt(check, row, node);
        return SRS_OK;
    case SRS_DIRECTIVE_FREE:
        note_unbuilt(check, row, node);
        return check_block_name(row, node);
    case SRS_DIRECTIVE_SCOPE:
        return check_block_name(row, node);
    default:
        return check_leaf(check, row, node);
    }
}

// Depth: the table has five levels, and what is not in the table is not entered.
static SRS_ERR check_block(struct check *check, const struct srs_config_node *block,
                           const char *scope)
{
    char text[SRS_CONFIG_PLACE];
    _Static_assert((int)SRS_DIRECTIVE_PATH <= (int)SRS_CONFIG_PLACE, "text holds a path too");
    srs_list_each (link, &block->children) {
        const struct srs_config_node *node = srs_config_node_at(link);
        const struct srs_directive *row = srs_directive_find(scope, node->name);
        srs_err err =
            row != NULL ? check_node(check, row, block, node) : fail_unknown(check, node, scope);
        if (err || row == NULL) { // without a row there is an error
            srs_config_tree_blame(check->tree, node, NULL);
            srs_config_node_place(node, text);
            return srs_wrap(err, "%s", text);
        }
        if (row->type != SRS_DIRECTIVE_SCOPE)
            continue;
        srs_directive_path(row, text);
        err = check_block(check, node, text);
        if (err)
            return err; // its place has been told
    }
    return strcmp(scope, "vhost") == 0 ? check_ids(check, block) : SRS_OK;
}

SRS_ERR srs_config_check(const struct srs_config_tree *tree, struct srs_config_notes *notes)
{
    struct check check = {.tree = tree, .notes = notes};
    return check_block(&check, &tree->root, "");
}
