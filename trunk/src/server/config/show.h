// What a snapshot says, directive by directive, as it is in force: for the API. Only what has an
// effect is shown, with its default where the file says nothing. Secrets are masked: values of
// directives that the table calls secret, and in URLs the user, the query, and in those of streams
// the name of the stream.
#pragma once
#include "core/buf.h"
#include "server/config/config.h"
#include "server/config/table.h"

#define SRS_CONFIG_MASK "***"

struct srs_config_visitor {
    // A block and its end.
    void (*open)(void *arg, const char *name);
    void (*close)(void *arg);
    // A directive; its words, of which a list may have none; its end.
    void (*begin)(void *arg, const struct srs_directive *row);
    void (*word)(void *arg, const char *word);
    void (*end)(void *arg);
    void *arg;
};

// All but the vhosts; then one of them. What only a start changes is that of `start`, which is
// `config` where there was no reload. Nothing here yields.
void srs_config_show_root(const struct srs_config *config, const struct srs_config *start,
                          const struct srs_config_visitor *visitor);
void srs_config_show_vhost(const struct srs_config_vhost *vhost,
                           const struct srs_config_visitor *visitor);
// The blocks and directives of either (SRS_DIRECTIVE_ROOT, SRS_DIRECTIVE_VHOST) in the same order,
// all of them and without words.
void srs_config_show_table(enum srs_directive_state kind, const struct srs_config_visitor *visitor);

// The same as the text of a file, appended. LIMIT beyond `limit` bytes in `out`, NO_MEMORY: then
// `out` holds a part of it.
SRS_ERR srs_config_print_root(const struct srs_config *config, const struct srs_config *start,
                              struct srs_buf *out, size_t limit);
SRS_ERR srs_config_print_vhost(const struct srs_config_vhost *vhost, struct srs_buf *out,
                               size_t limit);

// "1935", "127.0.0.1:1935", "[::1]:1935"
enum { SRS_CONFIG_ENDPOINT = SRS_CONFIG_HOST_MAX + 16 };
void srs_config_endpoint_print(const struct srs_config_endpoint *at, char out[SRS_CONFIG_ENDPOINT]);

// A word without its secrets, cut if it does not fit. Of use for logs too.
enum { SRS_CONFIG_MASKED = 1024 };
const char *srs_config_masked(const char *word, char masked[SRS_CONFIG_MASKED]);
