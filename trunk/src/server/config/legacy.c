// Old spellings: what legacy.def says, done to the tree. A line that is moved keeps its place in
// the file for messages; it goes behind what the new block already has, so that the present
// spelling wins.
#include "core/mem.h"
#include "server/config/steps.h"
#include <stdio.h>
#include <string.h>

struct move {
    const char *scope;
    const char *block;
    const char *name;
    const char *to;
    const char *as; // NULL: the line or block at `scope` is renamed to `to`
    bool enable;
    const char *word;
};

static const struct move moves[] = {
#define PLAIN                                   .enable = false
#define ENABLE                                  .enable = true
#define WORD(w)                                 .word = (w)
#define MOVE(scope, block, name, to, as, extra) {scope, block, name, to, as, extra},
#define RENAME(scope, name, to)                 {scope, NULL, name, to, NULL, .enable = false},
#include "server/config/legacy.def"
};

static SRS_ERR set_name(struct srs_config_node *node, const char *name)
{
    char *copy = srs_try_strndup(name, strlen(name));
    if (copy == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a directive");
    srs_free(node->name);
    node->name = copy;
    return SRS_OK;
}

static SRS_ERR set_on(struct srs_config_node *node, bool on)
{
    srs_config_node_clear_args(node);
    return on ? srs_config_node_add_arg(node, "on", 2) : srs_config_node_add_arg(node, "off", 3);
}

static SRS_ERR enable(struct srs_config_tree *tree, struct srs_config_node *block,
                      const struct srs_config_node *like)
{
    struct srs_config_node *node;
    if (srs_config_node_find(block, "enabled") != NULL)
        return SRS_OK;
    srs_err err = srs_config_node_add(tree, block, "enabled", strlen("enabled"), &node);
    if (err)
        return err;
    node->source = like->source;
    node->line = like->line;
    return srs_config_node_add_arg(node, "on", 2);
}

// `node` stands in `holder` or in a block of it, and goes into the block move->to of `holder`.
static SRS_ERR move_node(struct srs_config_tree *tree, struct srs_config_node *holder,
                         struct srs_config_node *node, const struct move *move)
{
    struct srs_config_node *block;
    srs_err err = srs_config_node_block(tree, holder, move->to, node, &block);
    if (!err && move->enable)
        err = enable(tree, block, node);
    if (!err && move->word != NULL)
        err = set_on(node, node->arg_count > 0 && strcmp(node->args[0], move->word) == 0);
    if (!err)
        err = set_name(node, move->as);
    if (err)
        return err;
    srs_list_remove(&node->sibling);
    srs_list_push(&block->children, &node->sibling);
    return SRS_OK;
}

static SRS_ERR move_from(struct srs_config_tree *tree, struct srs_config_node *holder,
                         const struct srs_config_node *from, const struct move *move)
{
    srs_err err = SRS_OK;
    srs_list_each_safe (link, &from->children) {
        struct srs_config_node *node = srs_config_node_at(link);
        if (err || strcmp(node->name, move->name) != 0)
            continue;
        if (move->as == NULL)
            err = set_name(node, move->to);
        else if (!node->block)
            err = move_node(tree, holder, node, move);
    }
    return err;
}

static SRS_ERR apply(struct srs_config_tree *tree, struct srs_config_node *holder,
                     const struct move *move)
{
    srs_err err = SRS_OK;
    if (move->block == NULL)
        return move_from(tree, holder, holder, move);
    srs_list_each_safe (link, &holder->children) {
        const struct srs_config_node *node = srs_config_node_at(link);
        if (!err && node->block && strcmp(node->name, move->block) == 0)
            err = move_from(tree, holder, node, move);
    }
    return err;
}

SRS_ERR srs_config_legacy(struct srs_config_tree *tree)
{
    srs_err err = SRS_OK;
    for (size_t i = 0; i < SRS_COUNT(moves) && !err; i++) {
        if (moves[i].scope[0] == '\0') {
            err = apply(tree, &tree->root, &moves[i]);
            continue;
        }
        srs_list_each (link, &tree->root.children) {
            struct srs_config_node *node = srs_config_node_at(link);
            if (!err && node->block && strcmp(node->name, moves[i].scope) == 0)
                err = apply(tree, node, &moves[i]);
        }
    }
    return err;
}
