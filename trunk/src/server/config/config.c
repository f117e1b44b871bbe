// Snapshot: profile, tree, checks, then the fields that the table names. The tree stays with the
// snapshot, as its text is borrowed from it.
#include "server/config/config.h"
#include "core/assert.h"
#include "core/mem.h"
#include "server/config/compare.h"
#include "server/config/parse.h"
#include "server/config/steps.h"
#include "server/config/value.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    CONNECTIONS_USUAL = 1000,  // when the descriptor limit is not known
    CONNECTIONS_AUTO = 100000, // auto goes no higher: a limit of a billion is common in containers
    // What auto leaves for listeners, files and connections to others: a quarter, within these.
    SPARE_PART = 4,
    SPARE_MIN = 256,
    SPARE_MAX = 4096, // of which SRS_CONFIG_FILES_MAX files are a quarter
    MEMORY_PART = 4,
};
#define MEMORY_USUAL ((uint64_t)1024 * 1024 * 1024) // when the system does not tell

static const char default_vhost[] = "__defaultVhost__";

struct snapshot {
    struct srs_config config; // first: what callers hold
    unsigned refs;
    struct srs_config_tree tree;
    struct srs_config_notes notes;
    struct srs_config_vhost *vhosts;
};

static struct snapshot *of_config(struct srs_config *config)
{
    _Static_assert(offsetof(struct snapshot, config) == 0, "a snapshot is found by its config");
    return (struct snapshot *)(void *)config;
}

static enum srs_config_profile choose(const struct srs_config_args *args, const char **file)
{
    const char *named = srs_config_env_get(args->environ, "SRS_CONFIG_FILE");
    if (args->text != NULL)
        return SRS_CONFIG_FILE;
    *file = named != NULL ? named : args->file;
    if (args->env_only || srs_config_env_get(args->environ, "SRS_ENV_ONLY") != NULL)
        return SRS_CONFIG_ENVIRONMENT;
    if (*file != NULL)
        return SRS_CONFIG_FILE;
    return srs_config_env_any(args->environ) ? SRS_CONFIG_ENVIRONMENT : SRS_CONFIG_BUILTIN;
}

// What the environment profile has without being asked, as the text of a file that variables then
// go before.
static const char environment_text[] =
    "daemon off; srs_log_tank console; vhost __defaultVhost__ {}";

static SRS_ERR load_tree(struct snapshot *snapshot, const struct srs_config_args *args)
{
    struct srs_config_limits limits = {.descriptors = args->descriptors,
                                       .addresses = args->addresses};
    const char *file = NULL;
    struct srs_config_tree *tree = &snapshot->tree;
    srs_err err;
    snapshot->config.profile = choose(args, &file);
    tree->folder = args->folder;
    tree->fault = args->fault;
    switch (snapshot->config.profile) {
    case SRS_CONFIG_FILE:
        err = args->text != NULL ? srs_config_parse_text(tree, "the posted text", args->text,
                                                         args->text_size, SRS_CONFIG_NO_INCLUDES)
                                 : srs_config_parse_file(tree, file);
        if (!err)
            err = srs_config_legacy(tree);
        break;
    case SRS_CONFIG_ENVIRONMENT:
        err = srs_config_parse_text(tree, "the environment profile", environment_text,
                                    strlen(environment_text), 0);
        break;
    default:
        err = srs_config_parse_text(tree, "the built-in profile", srs_config_builtin,
                                    strlen(srs_config_builtin), 0);
        break;
    }
    if (!err)
        err = srs_config_env(tree, args->environ, &snapshot->notes);
    if (!err)
        err = srs_config_check(tree, &snapshot->notes);
    if (!err)
        err = srs_config_cross_check(tree, &limits, &snapshot->notes);
    return err;
}

static void store(const struct srs_directive *row, const struct srs_config_value *value, void *base)
{
    void *field = (char *)base + row->offset;
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        *(bool *)field = value->on;
        break;
    case SRS_DIRECTIVE_INT:
    case SRS_DIRECTIVE_MSEC:
    case SRS_DIRECTIVE_SEC:
    case SRS_DIRECTIVE_SECF:
        *(int64_t *)field = value->number; // srs_usec is one
        break;
    case SRS_DIRECTIVE_FLOAT:
        *(double *)field = value->real;
        break;
    case SRS_DIRECTIVE_ENUM:
        *(int *)field = value->word;
        break;
    case SRS_DIRECTIVE_WORD:
        *(const char **)field = value->text;
        break;
    case SRS_DIRECTIVE_LIST:
        *(struct srs_config_words *)field = value->words;
        break;
    case SRS_DIRECTIVE_LISTEN:
        *(struct srs_config_endpoints *)field = value->listen;
        break;
    case SRS_DIRECTIVE_NETS:
        *(struct srs_config_networks *)field = value->networks;
        break;
    default:
        srs_assert(!"a built directive has a type that can be stored");
    }
}

// All lines of a directive in the block that has them; `items` goes with the vhost.
static SRS_ERR read_rules(const struct srs_directive *row, const struct srs_config_node *first,
                          const struct srs_config_node *block, struct srs_config_rules *out)
{
    size_t count = 0;
    if (first == NULL)
        return SRS_OK;
    srs_list_each (link, &block->children) {
        count += strcmp(srs_config_node_at(link)->name, row->name) == 0;
    }
    out->items = srs_try_alloc(count * sizeof *out->items);
    if (out->items == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "%zu rules", count);
    srs_list_each (link, &block->children) {
        const struct srs_config_node *node = srs_config_node_at(link);
        struct srs_config_value value;
        if (strcmp(node->name, row->name) != 0 || node->arg_count == 0)
            continue;
        srs_err err = srs_config_value_read(row, node, NULL, &value);
        if (err)
            return err;
        out->items[out->count++] = value.rule;
    }
    return SRS_OK;
}

// Fills all fields of one kind: those of `base`, from the tree below `top`, which stands for the
// first `skip` bytes of scopes.
static SRS_ERR fill(enum srs_directive_state kind, const struct srs_config_node *top, void *base)
{
    static const char vhost[] = "vhost";
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        struct srs_config_value value;
        const char *scope = row->scope;
        if (row->state != kind)
            continue;
        if (kind == SRS_DIRECTIVE_VHOST)
            scope += strlen(vhost) + (scope[strlen(vhost)] == '.');
        const struct srs_config_node *node = srs_config_node_path(top, scope, row->name);
        bool rules = row->type == SRS_DIRECTIVE_RULES;
        srs_err err = rules ? read_rules(row, node, srs_config_node_path(top, "", scope),
                                         (void *)((char *)base + row->offset))
                            : srs_config_value_read(row, node, NULL, &value);
        if (err)
            return err;
        if (!rules)
            store(row, &value, base);
    }
    return SRS_OK;
}

static int64_t auto_connections(uint64_t descriptors)
{
    if (descriptors == 0)
        return CONNECTIONS_USUAL;
    if (descriptors > CONNECTIONS_AUTO + SPARE_MAX)
        return CONNECTIONS_AUTO;
    if (descriptors <= 2 * (uint64_t)SPARE_MIN)
        return (int64_t)(descriptors / 2);
    uint64_t spare = descriptors / SPARE_PART;
    spare = spare < SPARE_MIN ? SPARE_MIN : spare;
    return (int64_t)(descriptors - (spare < SPARE_MAX ? spare : SPARE_MAX));
}

// The rest of what max_connections leaves is for listeners and connections to others.
static size_t files_max(uint64_t descriptors, int64_t connections)
{
    uint64_t left = descriptors > (uint64_t)connections ? descriptors - (uint64_t)connections : 0;
    if (descriptors == 0 || left / 4 > SRS_CONFIG_FILES_MAX)
        return SRS_CONFIG_FILES_MAX;
    return left / 4 > SRS_CONFIG_FILES_MIN ? (size_t)(left / 4) : SRS_CONFIG_FILES_MIN;
}

static int64_t auto_memory(uint64_t memory)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    if (memory == 0)
        memory = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : MEMORY_USUAL;
    return (int64_t)(memory / MEMORY_PART);
}

// What follows from the surroundings.
static void fill_life(struct snapshot *snapshot, const struct srs_config_args *args)
{
    struct srs_config *config = &snapshot->config;
    const struct srs_config_node *root = &snapshot->tree.root;
    config->life.in_docker = config->life.in_docker || args->in_container;
    if (config->life.in_docker && srs_config_node_find(root, "srs_log_tank") == NULL)
        config->log.tank = SRS_CONFIG_TANK_CONSOLE;
    if (config->profile != SRS_CONFIG_FILE && srs_config_node_find(root, "pid") == NULL)
        config->life.pid = "";
    if (config->life.in_docker && config->life.disable_daemon_for_docker)
        config->daemon = false;
    if (config->daemon && config->log.tank == SRS_CONFIG_TANK_CONSOLE)
        srs_config_note(&snapshot->notes, "daemon with srs_log_tank console: the log stays on the "
                                          "output that the server was started with");
}

static SRS_ERR fill_root(struct snapshot *snapshot, const struct srs_config_args *args)
{
    struct srs_config *config = &snapshot->config;
    srs_err err = fill(SRS_DIRECTIVE_ROOT, &snapshot->tree.root, config);
    if (err)
        return err;
    if (config->max_connections == SRS_CONFIG_AUTO)
        config->max_connections = auto_connections(args->descriptors);
    config->files_max = files_max(args->descriptors, config->max_connections);
    if (config->media_memory == SRS_CONFIG_AUTO)
        config->media_memory = auto_memory(args->memory);
    // The words of both directives stand in the order of the enum.
    config->log.level = config->log.level_v2 >= 0 ? config->log.level_v2 : config->log.level_v1;
    fill_life(snapshot, args);
    return SRS_OK;
}

struct named {
    const struct srs_config_node *node;
    size_t order;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a;
    const struct named *y = b;
    int sign = strcasecmp(x->node->args[0], y->node->args[0]); // names of hosts
    return sign != 0 ? sign : (x->order > y->order) - (x->order < y->order);
}

static SRS_ERR add_vhost(struct snapshot *snapshot, const struct srs_config_args *args,
                         const struct srs_config_node *node)
{
    struct srs_config *config = &snapshot->config;
    struct srs_config_vhost *vhost = &snapshot->vhosts[config->vhost_count];
    char place[SRS_CONFIG_PLACE];
    if (config->vhost_count > 0 && strcasecmp(vhost[-1].name, node->args[0]) == 0) {
        srs_config_node_place(node, place);
        srs_config_note(&snapshot->notes, "vhost again at %s: the first one counts", place);
        return SRS_OK;
    }
    *vhost = (struct srs_config_vhost){.name = node->args[0]};
    config->vhost_count++; // what it holds is freed, whatever comes
    srs_err err = fill(SRS_DIRECTIVE_VHOST, node, vhost);
    if (err)
        return err;
    if (vhost->chunk_size == 0)
        vhost->chunk_size = config->chunk_size;
    if (args->send_buffer > 0 && vhost->play.send_buffer > (int64_t)args->send_buffer) {
        srs_config_node_place(node, place);
        srs_config_note(&snapshot->notes,
                        "play.send_buffer of the vhost at %s is %lld, net.core.wmem_max of the "
                        "kernel only %llu, which it gives",
                        place, (long long)vhost->play.send_buffer,
                        (unsigned long long)args->send_buffer);
    }
    return SRS_OK;
}

static SRS_ERR fill_vhosts(struct snapshot *snapshot, const struct srs_config_args *args)
{
    srs_err err = SRS_OK;
    size_t count = 0;
    srs_list_each (link, &snapshot->tree.root.children) {
        count += strcmp(srs_config_node_at(link)->name, "vhost") == 0;
    }
    struct named *found = srs_try_alloc(count * sizeof *found);
    snapshot->vhosts = found != NULL ? srs_try_alloc(count * sizeof *snapshot->vhosts) : NULL;
    if (snapshot->vhosts == NULL) {
        err = srs_fail(SRS_E_NO_MEMORY, "%zu vhosts", count);
        goto out;
    }
    size_t i = 0;
    srs_list_each (link, &snapshot->tree.root.children) {
        const struct srs_config_node *node = srs_config_node_at(link);
        if (strcmp(node->name, "vhost") != 0)
            continue;
        found[i] = (struct named){node, i};
        i++;
    }
    qsort(found, count, sizeof *found, by_name);
    for (i = 0; i < count && !err; i++)
        err = add_vhost(snapshot, args, found[i].node);
    snapshot->config.vhosts = snapshot->vhosts;
out:
    srs_free(found);
    return err;
}

SRS_ERR srs_config_load(const struct srs_config_args *args, struct srs_config **out)
{
    struct snapshot *snapshot = srs_new(struct snapshot);
    snapshot->refs = 1;
    srs_live_add(SRS_LIVE_CONFIG, 1);
    srs_config_tree_init(&snapshot->tree);
    srs_err err = load_tree(snapshot, args);
    if (!err)
        err = fill_root(snapshot, args);
    if (!err)
        err = fill_vhosts(snapshot, args);
    if (err) {
        srs_config_unref(&snapshot->config);
        return err;
    }
    snapshot->tree.fault = NULL;
    snapshot->config.files = (struct srs_config_words){(const char *const *)snapshot->tree.paths,
                                                       snapshot->tree.path_count};
    for (size_t i = 0; i < snapshot->notes.count; i++)
        snapshot->config.notes[i] = snapshot->notes.lines[i];
    snapshot->config.note_count = snapshot->notes.count;
    snapshot->config.notes_dropped = snapshot->notes.dropped;
    *out = &snapshot->config;
    return SRS_OK;
}

struct srs_config *srs_config_ref(struct srs_config *config)
{
    of_config(config)->refs++;
    return config;
}

void srs_config_unref(struct srs_config *config)
{
    if (config == NULL)
        return;
    struct snapshot *snapshot = of_config(config);
    srs_assert(snapshot->refs > 0);
    if (--snapshot->refs > 0)
        return;
    srs_live_add(SRS_LIVE_CONFIG, -1);
    srs_config_notes_fini(&snapshot->notes);
    srs_config_tree_fini(&snapshot->tree);
    for (size_t i = 0; i < config->vhost_count; i++) {
        srs_free(snapshot->vhosts[i].security.allow.items);
        srs_free(snapshot->vhosts[i].security.deny.items);
    }
    srs_free(snapshot->vhosts);
    srs_free(snapshot);
}

static int name_to_vhost(const void *name, const void *vhost)
{
    return strcasecmp(name, ((const struct srs_config_vhost *)vhost)->name);
}

const struct srs_config_vhost *srs_config_vhost_exact(const struct srs_config *config,
                                                      const char *name)
{
    return bsearch(name, config->vhosts, config->vhost_count, sizeof *config->vhosts,
                   name_to_vhost);
}

const struct srs_config_vhost *srs_config_vhost_find(const struct srs_config *config,
                                                     const char *name)
{
    const struct srs_config_vhost *vhost = srs_config_vhost_exact(config, name);
    return vhost != NULL ? vhost : srs_config_vhost_exact(config, default_vhost);
}
