// Configuration files for a test: a directory of its own, and loading what is written into it.
#pragma once
#include "server/config/config.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct config_files {
    char directory[64];
    char path[96]; // of the one file that config_load writes
};

static inline int config_files_setup(void **state)
{
    struct config_files *files = srs_new(struct config_files);
    (void)snprintf(files->directory, sizeof files->directory, "/tmp/srs-config-XXXXXX");
    if (mkdtemp(files->directory) == NULL)
        return -1;
    (void)snprintf(files->path, sizeof files->path, "%s/test.conf", files->directory);
    *state = files;
    return 0;
}

// Nothing that the cases loaded may be left.
static inline int config_files_teardown(void **state)
{
    struct config_files *files = *state;
    (void)unlink(files->path);
    int left = rmdir(files->directory);
    srs_free(files);
    return left == 0 && srs_live_count(SRS_LIVE_CONFIG) == 0 ? 0 : -1;
}

// Words for an environment or a command line, ended by NULL.
struct config_words {
    char text[256];
    char *words[12];
    int count;
};

// Splits at each |; an empty text has no words.
static inline char *const *config_words(struct config_words *words, const char *text)
{
    memset(words, 0, sizeof *words);
    (void)snprintf(words->text, sizeof words->text, "%s", text);
    for (char *at = words->text[0] != '\0' ? words->text : NULL; at != NULL;) {
        assert_true((size_t)words->count + 1 < SRS_COUNT(words->words));
        words->words[words->count++] = at;
        at = strchr(at, '|');
        if (at != NULL)
            *at++ = '\0';
    }
    return words->words;
}

static inline void config_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

// Loads the text as a file, with that environment (NULL: empty).
static inline srs_err config_load(const struct config_files *files, const char *text,
                                  char *const *env, struct srs_config **out)
{
    config_write(files->path, text);
    return srs_config_load(&(struct srs_config_args){.file = files->path, .environ = env}, out);
}

static inline struct srs_config *config_must(const struct config_files *files, const char *text,
                                             char *const *env)
{
    struct srs_config *config = NULL;
    srs_err err = config_load(files, text, env, &config);
    char story[512];
    if (err) {
        srs_err_format(err, story, sizeof story);
        fail_msg("%s: %s", text, story);
    }
    return config;
}

// Fails unless loading fails as a bad configuration and its story holds `want`.
static inline void config_must_fail(const struct config_files *files, const char *text,
                                    char *const *env, const char *want)
{
    struct srs_config *config = NULL;
    srs_err err = config_load(files, text, env, &config);
    char story[512];
    srs_err_format(err, story, sizeof story);
    if (err != SRS_E_SYSTEM_CONFIG_INVALID || strstr(story, want) == NULL)
        fail_msg("%s: want \"%s\" in: %s", text, want, story);
    assert_null(config);
    (void)srs_bare(err);
}

static inline unsigned config_notes_with(const struct srs_config *config, const char *text)
{
    unsigned count = 0;
    for (size_t i = 0; i < config->note_count; i++)
        count += strstr(config->notes[i], text) != NULL;
    return count;
}
