// Replays a corpus through a fuzz target without a fuzzer: each argument is a file or a directory
// of files. Names each file before it runs, so that a crash says which one it was; prints how many
// ran, and fails when none did.
#include "fuzz.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static long replayed;

static void fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

static void replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size + 1);

    if (file == NULL || bytes == NULL || fread(bytes, 1, size, file) != size)
        fail(path);
    fclose(file);
    fprintf(stderr, "replay %s\n", path);
    fuzz_assert(LLVMFuzzerTestOneInput(bytes, size) == 0);
    free(bytes);
    replayed++;
}

static void replay(const char *path);

static void replay_directory(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);

    if (count < 0)
        fail(path);
    for (int i = 0; i < count; i++) {
        char inner[PATH_MAX];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);

        fuzz_assert(length > 0 && (size_t)length < sizeof inner);
        if (names[i]->d_name[0] != '.')
            replay(inner);
        free(names[i]);
    }
    free(names);
}

static void replay(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        fail(path);
    if (S_ISDIR(info.st_mode))
        replay_directory(path);
    else
        replay_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("replayed %ld\n", replayed);
    return replayed > 0 ? 0 : 1;
}
