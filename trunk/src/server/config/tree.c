// Tree of directives. Everything in it comes from a file or the environment, so it is allocated
// with srs_try_*; the number of directives and (parse.c) the bytes and the depth are bounded.
#include "server/config/tree.h"
#include "core/mem.h"
#include "server/config/config.h"
#include <stdio.h>
#include <string.h>

// No real file comes near; bounds what includes of includes can make.
enum { DIRECTIVES_MAX = 100000, SOURCE_SHOWN = 60 };

struct source {
    struct srs_list link;
    char *name;
};

static void free_children(struct srs_config_node *node)
{
    srs_list_each_safe (link, &node->children) {
        srs_config_node_free(srs_config_node_at(link));
    }
}

void srs_config_tree_init(struct srs_config_tree *tree)
{
    *tree = (struct srs_config_tree){.root = {.block = true}};
    srs_list_init(&tree->root.children);
    srs_list_init(&tree->sources);
}

void srs_config_tree_fini(struct srs_config_tree *tree)
{
    free_children(&tree->root);
    srs_list_each_safe (link, &tree->sources) {
        struct source *source = srs_list_entry(link, struct source, link);
        srs_list_remove(link);
        srs_free(source->name);
        srs_free(source);
    }
    for (size_t i = 0; i < tree->path_count; i++)
        srs_free(tree->paths[i]);
    srs_free((void *)tree->paths);
}

SRS_ERR srs_config_tree_path(struct srs_config_tree *tree, const char *path)
{
    char **paths = srs_try_realloc((void *)tree->paths, (tree->path_count + 1) * sizeof(char *));
    if (paths == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a file");
    tree->paths = paths;
    char *copy = srs_try_strndup(path, strlen(path));
    if (copy == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a file");
    tree->paths[tree->path_count++] = copy;
    return SRS_OK;
}

void srs_config_tree_blame(const struct srs_config_tree *tree, const struct srs_config_node *node,
                           const char *nearest)
{
    struct srs_config_fault *fault = tree->fault;
    if (fault == NULL || fault->told)
        return;
    fault->told = true;
    fault->line = node->line;
    if (node->source != NULL)
        (void)snprintf(fault->source, sizeof fault->source, "%s", node->source);
    if (node->name != NULL)
        (void)srs_config_shown_host(node->name, fault->directive);
    if (nearest != NULL)
        (void)snprintf(fault->nearest, sizeof fault->nearest, "%s", nearest);
}

SRS_ERR srs_config_tree_source(struct srs_config_tree *tree, const char *name, const char **out)
{
    struct source *source = srs_try_alloc(sizeof *source);
    if (source == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a file");
    *source = (struct source){.name = srs_try_strndup(name, strlen(name))};
    if (source->name == NULL) {
        srs_free(source);
        return srs_fail(SRS_E_NO_MEMORY, "name of a file");
    }
    srs_list_push(&tree->sources, &source->link);
    *out = source->name;
    return SRS_OK;
}

SRS_ERR srs_config_node_add(struct srs_config_tree *tree, struct srs_config_node *parent,
                            const char *name, size_t size, struct srs_config_node **out)
{
    if (tree->directives >= DIRECTIVES_MAX)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d directives", DIRECTIVES_MAX);
    struct srs_config_node *node = srs_try_alloc(sizeof *node);
    if (node == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "directive");
    *node = (struct srs_config_node){.name = srs_try_strndup(name, size)};
    if (node->name == NULL) {
        srs_free(node);
        return srs_fail(SRS_E_NO_MEMORY, "directive of %zu bytes", size);
    }
    srs_list_init(&node->children);
    srs_list_push(&parent->children, &node->sibling);
    tree->directives++;
    *out = node;
    return SRS_OK;
}

SRS_ERR srs_config_node_add_arg(struct srs_config_node *node, const char *word, size_t size)
{
    if ((node->arg_count & (node->arg_count - 1)) == 0) { // full: room is a power of two
        size_t room = node->arg_count > 0 ? node->arg_count * 2 : 1;
        char **args = srs_try_realloc(node->args, room * sizeof *args);
        if (args == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "%zu words", room);
        node->args = args;
    }
    char *copy = srs_try_strndup(word, size);
    if (copy == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "word of %zu bytes", size);
    node->args[node->arg_count++] = copy;
    return SRS_OK;
}

void srs_config_node_clear_args(struct srs_config_node *node)
{
    for (size_t i = 0; i < node->arg_count; i++)
        srs_free(node->args[i]);
    srs_free(node->args);
    node->args = NULL;
    node->arg_count = 0;
}

void srs_config_node_free(struct srs_config_node *node)
{
    if (node == NULL)
        return;
    free_children(node);
    srs_list_remove(&node->sibling);
    srs_config_node_clear_args(node);
    srs_free(node->name);
    srs_free(node);
}

struct srs_config_node *srs_config_node_find(const struct srs_config_node *parent, const char *name)
{
    srs_list_each (link, &parent->children) {
        struct srs_config_node *node = srs_config_node_at(link);
        if (strcmp(node->name, name) == 0)
            return node;
    }
    return NULL;
}

SRS_ERR srs_config_node_block(struct srs_config_tree *tree, struct srs_config_node *parent,
                              const char *name, const struct srs_config_node *like,
                              struct srs_config_node **out)
{
    srs_list_each (link, &parent->children) {
        *out = srs_config_node_at(link);
        if ((*out)->block && strcmp((*out)->name, name) == 0)
            return SRS_OK;
    }
    srs_err err = srs_config_node_add(tree, parent, name, strlen(name), out);
    if (err)
        return err;
    (*out)->block = true;
    if (like != NULL) {
        (*out)->source = like->source;
        (*out)->line = like->line;
        (*out)->env = like->env;
    }
    return SRS_OK;
}

struct srs_config_node *srs_config_node_path(const struct srs_config_node *top, const char *scope,
                                             const char *name)
{
    while (*scope != '\0') {
        char step[SRS_CONFIG_SHOWN];
        size_t size = strcspn(scope, ".");
        (void)snprintf(step, sizeof step, "%.*s", (int)size, scope);
        top = srs_config_node_find(top, step);
        if (top == NULL)
            return NULL;
        scope += size + (scope[size] == '.');
    }
    return srs_config_node_find(top, name);
}

void srs_config_node_place(const struct srs_config_node *node, char place[SRS_CONFIG_PLACE])
{
    const char *source = node->source != NULL ? node->source : "the configuration";
    size_t size = strlen(source);
    if (node->line == 0) {
        (void)snprintf(place, SRS_CONFIG_PLACE, "%.*s in the environment", SOURCE_SHOWN, source);
        return;
    }
    bool cut = size > SOURCE_SHOWN;
    (void)snprintf(place, SRS_CONFIG_PLACE, "line %d of %s%s", node->line, cut ? "..." : "",
                   cut ? source + size - SOURCE_SHOWN : source);
}

const char *srs_config_shown(const char *word, char shown[SRS_CONFIG_SHOWN])
{
    size_t i = 0;
    for (; i + 1 < SRS_CONFIG_SHOWN && word[i] != '\0'; i++)
        shown[i] = (char)(word[i] >= ' ' && word[i] <= '~' ? word[i] : '?');
    shown[i] = '\0';
    return shown;
}

const char *srs_config_shown_host(const char *word, char shown[SRS_CONFIG_SHOWN])
{
    enum { SCHEME_SHOWN = 16 };
    static const char mark[] = "://";
    static const char mask[] = "/***";
    char text[SRS_CONFIG_SHOWN - sizeof mask + 1];
    size_t scheme = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    bool has_scheme = strncmp(word + scheme, mark, sizeof mark - 1) == 0;
    scheme = has_scheme ? scheme + sizeof mark - 1 : 0;
    const char *host = word + scheme;
    size_t size = strcspn(host, "/?#");
    bool hides = host[size] != '\0';
    const char *user = memrchr(host, '@', size);
    if (strchr(host + size, '@') != NULL) // the / may be one of the password
        size = 0;
    else if (user != NULL)
        size -= (size_t)(user + 1 - host);
    if (user != NULL)
        host = user + 1;
    (void)snprintf(text, sizeof text, "%.*s%.*s",
                   (int)(scheme < SCHEME_SHOWN ? scheme : SCHEME_SHOWN), word, (int)size, host);
    (void)srs_config_shown(text, shown);
    if (hides)
        memcpy(shown + strlen(shown), mask, sizeof mask);
    return shown;
}
