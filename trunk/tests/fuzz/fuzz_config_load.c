// A whole configuration: a file, and behind a byte 1 the environment, one variable a line; without
// a file what the environment asks for. What loads is in order, holds what is written, and differs
// from another one, the built-in profile, as that one does from it.
// Covers: config/config.c config/compare.c
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "server/config/compare.h"
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VARIABLES_MAX = 8 };

// Cuts the lines apart in place.
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

// One file for all runs: to make it takes longer than to read it.
static const char *put_file(const uint8_t *text, size_t size)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    fuzz_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    fuzz_assert(pwrite(fd, text, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static void count_one(void *arg, const struct srs_directive *row, const char *vhost)
{
    size_t *count = arg;
    fuzz_assert((row->state == SRS_DIRECTIVE_ROOT) == (vhost == NULL));
    ++*count;
}

static size_t differences(const struct srs_config *before, const struct srs_config *after)
{
    size_t count = 0;
    srs_config_compare(before, after, count_one, &count);
    return count;
}

static void check_vhosts(const struct srs_config *config)
{
    for (size_t i = 0; i < config->vhost_count; i++) {
        const struct srs_config_vhost *vhost = &config->vhosts[i];
        fuzz_assert(srs_config_vhost_find(config, vhost->name) == vhost);
        fuzz_assert(i == 0 || strcasecmp(vhost[-1].name, vhost->name) < 0);
        fuzz_assert(vhost->chunk_size >= 128 && vhost->chunk_size <= 65536);
    }
}

static void check(const struct srs_config *config)
{
    static struct srs_config *builtin;
    const struct srs_config_args none = {.memory = 1 << 30};
    if (builtin == NULL)
        fuzz_assert(srs_config_load(&none, &builtin) == SRS_OK);
    check_vhosts(config);
    fuzz_assert(config->max_connections >= 1 && config->files_max > 0 && config->media_memory > 0);
    fuzz_assert(config->note_count <= SRS_CONFIG_NOTES_MAX);
    fuzz_assert(differences(config, config) == 0);
    fuzz_assert(differences(config, builtin) == differences(builtin, config));
}

// Other files are not for a fuzzer to open.
static bool names_files(const uint8_t *data, size_t size)
{
    static const char variable[] = "SRS_CONFIG_FILE";
    static const char directive[] = "include";
    return memmem(data, size, variable, sizeof variable - 1) != NULL ||
           memmem(data, size, directive, sizeof directive - 1) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (names_files(data, size))
        return 0;
    const uint8_t *mark = size > 0 ? memchr(data, 1, size) : NULL;
    size_t file_size = mark != NULL ? (size_t)(mark - data) : size;
    char *env[VARIABLES_MAX + 1] = {NULL};
    char *rest =
        mark != NULL ? srs_try_strndup((const char *)mark + 1, size - file_size - 1) : NULL;
    struct srs_config *config = NULL;

    if (rest != NULL)
        split(rest, env);
    const struct srs_config_args args = {.file = file_size > 0 ? put_file(data, file_size) : NULL,
                                         .environ = env,
                                         .descriptors = size % 2 == 0 ? 0 : 64 * size,
                                         .in_container = size % 3 == 0,
                                         .memory = 1 << 30,
                                         .send_buffer = size % 5 == 0 ? 212992 : 0};
    srs_err err = srs_config_load(&args, &config);
    fuzz_assert(err == SRS_OK || srs_err_story(err) != NULL);
    if (!err)
        check(config);
    srs_err_drop(err, "the input may be anything");
    srs_config_unref(config);
    srs_free(rest);
    return 0;
}
