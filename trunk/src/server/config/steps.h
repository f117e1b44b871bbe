// The steps between a parsed tree and a snapshot, in this order. Private to config and its tests.
#pragma once
#include "server/config/notes.h"
#include "server/config/table.h"
#include "server/config/tree.h"

// Turns old spellings into the present ones (legacy.def).
SRS_ERR srs_config_legacy(struct srs_config_tree *tree);

// Puts variables into the tree, before what the file says; those of vhosts into every vhost.
// Variables that begin with SRS_ and mean nothing are noted. `env` may be NULL.
SRS_ERR srs_config_env(struct srs_config_tree *tree, char *const *env,
                       struct srs_config_notes *notes);
// The value, or NULL if it is not set or empty.
const char *srs_config_env_get(char *const *env, const char *name);
// True if any SRS_ variable but those that choose the profile is set.
bool srs_config_env_any(char *const *env);

// What the machine gives; 0 for what is not known, then it is not checked.
struct srs_config_limits {
    uint64_t descriptors; // see struct srs_config_args
    uint64_t addresses;
};

// Every directive against the table, then what must fit together.
SRS_ERR srs_config_check(const struct srs_config_tree *tree, struct srs_config_notes *notes);
SRS_ERR srs_config_cross_check(const struct srs_config_tree *tree,
                               const struct srs_config_limits *limits,
                               struct srs_config_notes *notes);

// The built-in profile as the text of a file.
extern const char srs_config_builtin[];
