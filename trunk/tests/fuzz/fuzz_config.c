// A configuration file, and behind a byte 1 the environment, one variable a line: whatever they
// hold, loading ends with a tree that satisfies the table or with an error that tells its story.
// Behind a first byte 2 the text is read from a file; what names other files is left out there.
// Covers: config/parse.c config/tree.c config/legacy.c config/env.c config/check.c config/cross.c
// Covers: config/value.c config/table.c
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "server/config/parse.h"
#include "server/config/steps.h"
#include <sys/mman.h>
#include <unistd.h>

enum { VARIABLES_MAX = 8 };

// Cuts the lines apart in place; the block ends with a byte 0.
static void split(char *text, char *env[VARIABLES_MAX + 1])
{
    size_t count = 0;
    for (char *at = text; at != NULL && count < VARIABLES_MAX;) {
        env[count++] = at;
        at = strchr(at, '\n');
        if (at != NULL)
            *at++ = '\0';
    }
    env[count] = NULL;
}

static srs_err parse_file(struct srs_config_tree *tree, const char *text, size_t size)
{
    static int fd = -1; // one for all runs: to make it takes longer than to parse what is in it
    char path[32];
    if (memmem(text, size, "include", strlen("include")) != NULL)
        return SRS_OK;
    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    fuzz_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    fuzz_assert(pwrite(fd, text, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return srs_config_parse_file(tree, path);
}

static srs_err run(struct srs_config_tree *tree, const char *text, size_t size, char *const *env,
                   struct srs_config_notes *notes)
{
    static const struct srs_config_limits limits = {.descriptors = 20000, .addresses = 1};
    bool file = size > 0 && text[0] == 2;
    srs_err err = file ? parse_file(tree, text + 1, size - 1)
                       : srs_config_parse_text(tree, "input", text, size, 0);
    if (!err)
        err = srs_config_legacy(tree);
    if (!err)
        err = srs_config_env(tree, env, notes);
    if (!err)
        err = srs_config_check(tree, notes);
    if (!err)
        err = srs_config_cross_check(tree, &limits, notes);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *mark = size > 0 ? memchr(data, 1, size) : NULL;
    size_t text_size = mark != NULL ? (size_t)(mark - data) : size;
    struct fuzz_block text = fuzz_block_copy(data, text_size);
    char *rest =
        mark != NULL ? srs_try_strndup((const char *)mark + 1, size - text_size - 1) : NULL;
    char *env[VARIABLES_MAX + 1] = {NULL};
    struct srs_config_notes notes = {0};
    struct srs_config_tree tree;

    if (rest != NULL)
        split(rest, env);
    srs_config_tree_init(&tree);
    srs_err err = run(&tree, (const char *)text.bytes, text.size, env, &notes);
    fuzz_assert(err == SRS_OK || srs_err_story(err) != NULL);
    fuzz_assert(notes.count <= SRS_CONFIG_NOTES_MAX);
    srs_err_drop(err, "the input may be anything");
    srs_config_tree_fini(&tree);
    srs_config_notes_fini(&notes);
    srs_free(rest);
    fuzz_block_free(&text);
    return 0;
}
