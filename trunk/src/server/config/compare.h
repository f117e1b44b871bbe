// What differs between two snapshots, for a reload.
#pragma once
#include "server/config/config.h"
#include "server/config/table.h"

// `vhost` is NULL for directives of the file itself.
typedef void srs_config_differs_fn(void *arg, const struct srs_directive *row, const char *vhost);

// Calls back for each built directive whose value is another one: of the file, then of each vhost
// that both have.
void srs_config_compare(const struct srs_config *before, const struct srs_config *after,
                        srs_config_differs_fn *differs, void *arg);

// Of the file only.
void srs_config_compare_root(const struct srs_config *before, const struct srs_config *after,
                             srs_config_differs_fn *differs, void *arg);
// Whether both have the same value of a built directive of the file.
bool srs_config_same(const struct srs_directive *row, const struct srs_config *a,
                     const struct srs_config *b);

// The vhost of exactly that name, or NULL.
const struct srs_config_vhost *srs_config_vhost_exact(const struct srs_config *config,
                                                      const char *name);
