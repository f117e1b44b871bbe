// The table of directives (directives.def) and what can be asked of it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum srs_directive_type {
    SRS_DIRECTIVE_SCOPE,
    SRS_DIRECTIVE_OFF,
    SRS_DIRECTIVE_ON,
    SRS_DIRECTIVE_INT,
    SRS_DIRECTIVE_FLOAT,
    SRS_DIRECTIVE_MSEC,
    SRS_DIRECTIVE_SEC,
    SRS_DIRECTIVE_SECF,
    SRS_DIRECTIVE_WORD,
    SRS_DIRECTIVE_ENUM,
    SRS_DIRECTIVE_LIST,
    SRS_DIRECTIVE_LISTEN,
    SRS_DIRECTIVE_NETS,
    SRS_DIRECTIVE_RULES,
    SRS_DIRECTIVE_FREE,
    SRS_DIRECTIVE_ANY,
};

enum srs_directive_flag {
    SRS_DIRECTIVE_MANY = 1,
    SRS_DIRECTIVE_NAMED = 2,
    SRS_DIRECTIVE_MAYBE_NAMED = 4,
    SRS_DIRECTIVE_NO_ENV = 8,
    SRS_DIRECTIVE_STRICT = 16,
    SRS_DIRECTIVE_FALLBACK = 32,
    SRS_DIRECTIVE_AUTO = 64,
    SRS_DIRECTIVE_DOLLAR = 128,
    SRS_DIRECTIVE_ENV_FLIP = 256,
    SRS_DIRECTIVE_SECRET = 512,
};

enum srs_directive_reload { SRS_RELOAD_NOW, SRS_RELOAD_NEXT, SRS_RELOAD_RESTART };
enum srs_directive_state {
    SRS_DIRECTIVE_BLOCK, // structure, or looked at while loading
    SRS_DIRECTIVE_ROOT,  // fills a field of struct srs_config
    SRS_DIRECTIVE_VHOST, // fills a field of struct srs_config_vhost
    SRS_DIRECTIVE_LATER,
    SRS_DIRECTIVE_OLD,
    SRS_DIRECTIVE_OLD_WARN,
};

struct srs_directive {
    const char *scope;
    const char *name;
    enum srs_directive_type type;
    enum srs_directive_reload reload;
    enum srs_directive_state state;
    unsigned flags;
    const char *value; // default, "" for none
    double low;        // no range when both are 0
    double high;
    const char *words; // of an ENUM
    const char *env;   // names with | between them, NULL for the one made from the path
    size_t offset;     // of the field
    const char *help;
};

enum { SRS_DIRECTIVE_PATH = 96 };

size_t srs_directive_count(void);
const struct srs_directive *srs_directive_at(size_t i);
const struct srs_directive *srs_directive_find(const char *scope, const char *name);

// The name in that scope that `name` most likely was meant to be, or NULL.
const char *srs_directive_nearest(const char *scope, const char *name);

// "vhost.play.gop_cache"
void srs_directive_path(const struct srs_directive *row, char path[SRS_DIRECTIVE_PATH]);

// True when variables of the environment may set it.
bool srs_directive_has_env(const struct srs_directive *row);

// Which of its variables this is: 0 goes before 1 and so on, -1 for none of them. Directives that
// the environment may not set know the name that somebody would try.
int srs_directive_env_rank(const struct srs_directive *row, const char *name, size_t size);

// The next directive that knows this variable, from *at on, which begins as 0; NULL behind the
// last.
const struct srs_directive *srs_directive_of_env(const char *name, size_t size, size_t *at,
                                                 int *rank);
