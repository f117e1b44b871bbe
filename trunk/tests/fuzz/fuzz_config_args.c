// A command line, one argument a line: what is read names one thing to do, and a file of its own
// words; what cannot be read leaves the result alone and ends the program with a failure.
#include "fuzz/fuzz.h"
#include "server/config/args.h"

enum { ARGUMENTS_MAX = 16, UNTOUCHED = 99 };

static int split(char *text, char *argv[ARGUMENTS_MAX + 1])
{
    int count = 0;
    for (char *at = text; at != NULL && count < ARGUMENTS_MAX;) {
        argv[count++] = at;
        at = strchr(at, '\n');
        if (at != NULL)
            *at++ = '\0';
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGUMENTS_MAX + 1] = {NULL};
    struct srs_args args = {.action = (enum srs_args_action)UNTOUCHED};
    char *text = malloc(size + 1);
    fuzz_assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    srs_err err = srs_args_parse(split(text, argv), argv, &args);
    int status = srs_args_exit_status(err);
    if (err) {
        fuzz_assert(args.action == (enum srs_args_action)UNTOUCHED && args.file == NULL);
        fuzz_assert(srs_err_story(err) != NULL && status > 0 && status < 256);
    } else {
        fuzz_assert(args.action <= SRS_ARGS_SIGNATURE && status == 0);
        fuzz_assert(args.file == NULL || (args.file > text && args.file < text + size));
        fuzz_assert(args.file == NULL || args.file[0] != '\0');
    }
    srs_err_drop(err, "an option may be unknown");
    free(text);
    return 0;
}
