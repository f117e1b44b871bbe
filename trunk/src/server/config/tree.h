// The parsed file as it stands: directives with their words and children, each with the place it
// comes from. Private to config and its tests.
#pragma once
#include "core/err.h"
#include "core/list.h"
#include <stdbool.h>

struct srs_config_fault;

struct srs_config_node {
    struct srs_list sibling;
    struct srs_list children;
    char *name;
    char **args; // [0..arg_count)
    size_t arg_count;
    const char *source; // file or variable, lives as long as the tree
    int line;           // 0: `source` is a variable of the environment
    bool block;
    bool env; // from the environment
};

// All directives of a configuration, and the names of where they come from.
struct srs_config_tree {
    struct srs_config_node root;
    struct srs_list sources;
    const char *folder; // what names of files are relative to; NULL: the working directory
    char **paths;       // of the files that were read, [0..path_count)
    size_t path_count;
    struct srs_config_fault *fault; // of whoever wants to know more than the story; may be NULL
    size_t directives;
    size_t bytes;
};

enum { SRS_CONFIG_PLACE = 96 };

#define srs_config_node_at(link) srs_list_entry(link, struct srs_config_node, sibling)

void srs_config_tree_init(struct srs_config_tree *tree);
void srs_config_tree_fini(struct srs_config_tree *tree);

// A copy of the name that lives as long as the tree. NO_MEMORY.
SRS_ERR srs_config_tree_source(struct srs_config_tree *tree, const char *name, const char **out);

// Notes the path of a file that is read. NO_MEMORY.
SRS_ERR srs_config_tree_path(struct srs_config_tree *tree, const char *path);
// Fills the fault of the tree, once: the place of `node`, its name, and the name that was meant,
// which may be NULL. A later, outer place says less.
void srs_config_tree_blame(const struct srs_config_tree *tree, const struct srs_config_node *node,
                           const char *nearest);

// Makes a last child; the tree owns it. NO_MEMORY, LIMIT above SRS_CONFIG_DIRECTIVES.
SRS_ERR srs_config_node_add(struct srs_config_tree *tree, struct srs_config_node *parent,
                            const char *name, size_t size, struct srs_config_node **out);
SRS_ERR srs_config_node_add_arg(struct srs_config_node *node, const char *word, size_t size);
// Frees all words but keeps the node.
void srs_config_node_clear_args(struct srs_config_node *node);
// Takes it out of its parent and frees it with all it holds.
void srs_config_node_free(struct srs_config_node *node);

// The first child of that name; NULL.
struct srs_config_node *srs_config_node_find(const struct srs_config_node *parent,
                                             const char *name);
// The first child block of that name, made (at the place of `like`, which may be NULL) if there is
// none.
SRS_ERR srs_config_node_block(struct srs_config_tree *tree, struct srs_config_node *parent,
                              const char *name, const struct srs_config_node *like,
                              struct srs_config_node **out);
// The node at a dotted path of first children below `top`; NULL.
struct srs_config_node *srs_config_node_path(const struct srs_config_node *top, const char *scope,
                                             const char *name);

// "line 12 of FILE" or "SRS_LISTEN in the environment"; the start of a long file name is left out.
void srs_config_node_place(const struct srs_config_node *node, char place[SRS_CONFIG_PLACE]);

// The word with everything that is no plain character replaced, and cut, for a message.
enum { SRS_CONFIG_SHOWN = 40 };
const char *srs_config_shown(const char *word, char shown[SRS_CONFIG_SHOWN]);
// The same of a word where somebody may have written the URL of a stream or one with a password:
// scheme, host and port only.
const char *srs_config_shown_host(const char *word, char shown[SRS_CONFIG_SHOWN]);
