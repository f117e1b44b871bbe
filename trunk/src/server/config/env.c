// Environment. The name of a variable is SRS_ and the path of the directive in capitals, without
// the name of the vhost; the table has the exceptions. A variable goes before the file, and one of
// a vhost counts for all vhosts.
#include "core/mem.h"
#include "server/config/steps.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "SRS_";

// They choose the profile and are no directives.
static const char *const chooses[] = {"SRS_CONFIG_FILE", "SRS_ENV_ONLY"};

// Length of the name if this entry is NAME=value with a value, else 0.
static size_t name_length(const char *entry)
{
    const char *equals = strchr(entry, '=');
    return equals != NULL && equals[1] != '\0' ? (size_t)(equals - entry) : 0;
}

const char *srs_config_env_get(char *const *env, const char *name)
{
    size_t size = strlen(name);
    if (size == 0) // an entry without = has no name either
        return NULL;
    for (; env != NULL && *env != NULL; env++)
        if (name_length(*env) == size && strncmp(*env, name, size) == 0)
            return *env + size + 1;
    return NULL;
}

static bool is_ours(const char *entry)
{
    if (strncmp(entry, prefix, strlen(prefix)) != 0 || name_length(entry) == 0)
        return false;
    for (size_t i = 0; i < SRS_COUNT(chooses); i++)
        if (name_length(entry) == strlen(chooses[i]) &&
            strncmp(entry, chooses[i], strlen(chooses[i])) == 0)
            return false;
    return true;
}

bool srs_config_env_any(char *const *env)
{
    for (; env != NULL && *env != NULL; env++)
        if (is_ours(*env))
            return true;
    return false;
}

static bool is_list(const struct srs_directive *row)
{
    return row->type == SRS_DIRECTIVE_LIST || row->type == SRS_DIRECTIVE_LISTEN ||
           row->type == SRS_DIRECTIVE_NETS;
}

static SRS_ERR add_words(struct srs_config_node *node, const char *value, bool list)
{
    static const char space[] = " \t\r\n";
    if (!list)
        return srs_config_node_add_arg(node, value, strlen(value));
    for (value += strspn(value, space); *value != '\0'; value += strspn(value, space)) {
        size_t size = strcspn(value, space);
        srs_err err = srs_config_node_add_arg(node, value, size);
        if (err)
            return err;
        value += size;
    }
    return SRS_OK;
}

// The path is that of the row below `top`, whose own scope is the first `skip` bytes of it.
static SRS_ERR set(struct srs_config_tree *tree, struct srs_config_node *top,
                   const struct srs_directive *row, size_t skip, const char *source,
                   const char *value)
{
    const struct srs_config_node like = {.source = source, .env = true};
    const char *scope = row->scope + skip;
    while (*scope != '\0') {
        char step[SRS_CONFIG_SHOWN];
        size_t size = strcspn(scope, ".");
        (void)snprintf(step, sizeof step, "%.*s", (int)size, scope);
        srs_err err = srs_config_node_block(tree, top, step, &like, &top);
        if (err)
            return err;
        scope += size + (scope[size] == '.');
    }
    srs_list_each_safe (link, &top->children) {
        struct srs_config_node *old = srs_config_node_at(link);
        if (strcmp(old->name, row->name) == 0)
            srs_config_node_free(old);
    }
    struct srs_config_node *node;
    srs_err err = srs_config_node_add(tree, top, row->name, strlen(row->name), &node);
    if (err)
        return err;
    node->source = source;
    node->env = true;
    return add_words(node, value, is_list(row));
}

static SRS_ERR set_everywhere(struct srs_config_tree *tree, const struct srs_directive *row,
                              const char *entry)
{
    static const char vhost[] = "vhost";
    const char *value = strchr(entry, '=') + 1;
    const char *source;
    char name[SRS_DIRECTIVE_PATH];
    (void)snprintf(name, sizeof name, "%.*s", (int)name_length(entry), entry);
    srs_err err = srs_config_tree_source(tree, name, &source);
    if (err)
        return err;
    if (strncmp(row->scope, vhost, strlen(vhost)) != 0)
        return set(tree, &tree->root, row, 0, source, value);
    size_t skip = strlen(vhost) + (row->scope[strlen(vhost)] == '.');
    srs_list_each (link, &tree->root.children) {
        struct srs_config_node *node = srs_config_node_at(link);
        if (!err && node->block && strcmp(node->name, vhost) == 0)
            err = set(tree, node, row, skip, source, value);
    }
    return err;
}

// True if a name of the directive that goes before this one is set.
static bool is_outranked(const struct srs_directive *row, int rank, char *const *env)
{
    for (; rank > 0 && *env != NULL; env++) {
        int other = is_ours(*env) ? srs_directive_env_rank(row, *env, name_length(*env)) : -1;
        if (other >= 0 && other < rank)
            return true;
    }
    return false;
}

static void note_entry(const char *entry, bool known, struct srs_config_notes *notes)
{
    static const char device[] =
        "SRS_DEVICE_IP="; // no directive: the address that heartbeat reports
    char name[SRS_DIRECTIVE_PATH];
    char shown[SRS_CONFIG_SHOWN];
    (void)snprintf(name, sizeof name, "%.*s", (int)name_length(entry), entry);
    (void)srs_config_shown(name, shown);
    if (known)
        srs_config_note(notes, "variable %s has no effect: set it in a file", shown);
    else if (strncmp(entry, device, strlen(device)) == 0)
        srs_config_note(notes, "variable %s is not built yet and has no effect", shown);
    else
        srs_config_note(notes, "variable %s is not known and has no effect", shown);
}

// Sets every directive that has this variable; some have it together.
static SRS_ERR apply(struct srs_config_tree *tree, const char *entry, char *const *env,
                     struct srs_config_notes *notes)
{
    size_t size = name_length(entry);
    size_t at = 0;
    int rank = 0;
    bool known = false;
    bool used = false;
    srs_err err = SRS_OK;
    while (!err) {
        const struct srs_directive *row = srs_directive_of_env(entry, size, &at, &rank);
        if (row == NULL)
            break;
        known = true;
        if (!srs_directive_has_env(row))
            continue;
        used = true;
        if (!is_outranked(row, rank, env))
            err = set_everywhere(tree, row, entry);
    }
    if (!used)
        note_entry(entry, known, notes);
    return err;
}

// A word $NAME becomes what the variable NAME holds: in capitals, with _ for each dot, * if it is
// not set.
static SRS_ERR resolve(struct srs_config_node *node, char *const *env)
{
    for (size_t i = 0; i < node->arg_count; i++) {
        char name[SRS_DIRECTIVE_PATH];
        if (node->args[i][0] != '$')
            continue;
        (void)snprintf(name, sizeof name, "%s", node->args[i] + 1);
        for (char *c = name; *c != '\0'; c++)
            *c = (char)(*c == '.' ? '_' : toupper((unsigned char)*c));
        const char *value = srs_config_env_get(env, name);
        value = value != NULL ? value : "*";
        char *copy = srs_try_strndup(value, strlen(value));
        if (copy == NULL)
            return srs_fail(SRS_E_NO_MEMORY, "value of a variable");
        srs_free(node->args[i]);
        node->args[i] = copy;
    }
    return SRS_OK;
}

// All rows with the flag stand one or two blocks below the root.
static SRS_ERR resolve_in(struct srs_config_node *block, const char *scope, char *const *env)
{
    srs_err err = SRS_OK;
    srs_list_each (link, &block->children) {
        struct srs_config_node *node = srs_config_node_at(link);
        const struct srs_directive *row = srs_directive_find(scope, node->name);
        char path[SRS_DIRECTIVE_PATH];
        if (row == NULL || err)
            continue;
        if (row->type == SRS_DIRECTIVE_SCOPE) {
            srs_directive_path(row, path);
            err = resolve_in(node, path, env);
        } else if ((row->flags & SRS_DIRECTIVE_DOLLAR) != 0) {
            err = resolve(node, env);
        }
    }
    return err;
}

SRS_ERR srs_config_env(struct srs_config_tree *tree, char *const *env,
                       struct srs_config_notes *notes)
{
    srs_err err = SRS_OK;
    for (char *const *entry = env; !err && entry != NULL && *entry != NULL; entry++)
        if (is_ours(*entry))
            err = apply(tree, *entry, env, notes);
    return err ? err : resolve_in(&tree->root, "", env);
}
