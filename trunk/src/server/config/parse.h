// From the text of a configuration file to a tree of directives. Knows the grammar and `include`,
// and no directive else. Private to config and its tests.
#pragma once
#include "server/config/tree.h"

enum {
    SRS_CONFIG_INCLUDE_MAX = 8,  // files inside files
    SRS_CONFIG_NO_INCLUDES = -1, // in the place of a number of includes: they are refused
    SRS_CONFIG_BLOCK_MAX = 8,    // blocks inside blocks
    SRS_CONFIG_FILE_BYTES = 4 * 1024 * 1024,
    SRS_CONFIG_TOTAL_BYTES = 16 * 1024 * 1024, // with all includes
};

// Adds the directives of the text to the root. `includes` is how deep files may include others: 0
// forbids it. SYSTEM_CONFIG_INVALID with file and line, NO_MEMORY; the tree holds what came before.
SRS_ERR srs_config_parse_text(struct srs_config_tree *tree, const char *name, const char *text,
                              size_t size, int includes);
SRS_ERR srs_config_parse_file(struct srs_config_tree *tree, const char *name);
