// Command line. Single letters may stand together (-tc FILE); help and version have long forms.
#include "server/config/args.h"
#include <stddef.h>
#include <string.h>

enum { STATUS_MODULO = 256 };

static const char help[] =
    "Without arguments srs runs at once with its built-in profile (help is srs -h).\n"
    "\n"
    "Usage: srs [-t] [-c FILE | -e] | -h | -v | -g\n"
    "\n"
    "  -c FILE        run with this configuration file; SRS_CONFIG_FILE in the environment goes "
    "before it\n"
    "  -e             run with the environment alone, without a file; SRS_ENV_ONLY does the same\n"
    "  -t             test the configuration and end: status 0 when it is good\n"
    "  -h -? --help   this help\n"
    "  -v -V --version\n"
    "                 the version\n"
    "  -g -G          the signature of the server\n"
    "\n"
    "Every directive can be a variable of the environment: SRS_ and its path in capitals, like\n"
    "SRS_LISTEN=1935 or SRS_HTTP_API_ENABLED=on. Any such variable without a file is as -e.\n";

static SRS_ERR set_letter(char letter, struct srs_args *args)
{
    switch (letter) {
    case 'h':
    case '?':
        args->action = SRS_ARGS_HELP;
        return SRS_OK;
    case 'v':
    case 'V':
        args->action = SRS_ARGS_VERSION;
        return SRS_OK;
    case 'g':
    case 'G':
        args->action = SRS_ARGS_SIGNATURE;
        return SRS_OK;
    case 't':
        if (args->action == SRS_ARGS_RUN)
            args->action = SRS_ARGS_TEST;
        return SRS_OK;
    case 'e':
        args->env_only = true;
        return SRS_OK;
    default:
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unknown option -%c, see srs -h",
                        letter >= ' ' && letter <= '~' ? letter : '?');
    }
}

// One argument of letters; *next is the argument behind it (or NULL), and is taken and set to NULL
// by a -c at its end.
static SRS_ERR parse_letters(const char *letters, const char **next, struct srs_args *args)
{
    for (const char *c = letters; *c != '\0'; c++) {
        if (*c != 'c') {
            srs_err err = set_letter(*c, args);
            if (err)
                return err;
            continue;
        }
        args->file = c[1] != '\0' ? c + 1 : *next;
        if (c[1] == '\0')
            *next = NULL;
        if (args->file == NULL || args->file[0] == '\0')
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "option -c needs a file");
        return SRS_OK;
    }
    return SRS_OK;
}

SRS_ERR srs_args_parse(int argc, char *const *argv, struct srs_args *out)
{
    struct srs_args args = {0};
    for (int i = 1; i < argc && argv[i] != NULL; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        bool had_next = next != NULL;
        srs_err err = SRS_OK;
        if (strcmp(argv[i], "--help") == 0)
            args.action = SRS_ARGS_HELP;
        else if (strcmp(argv[i], "--version") == 0)
            args.action = SRS_ARGS_VERSION;
        else if (argv[i][0] != '-' || argv[i][1] == '\0' || argv[i][1] == '-')
            err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unknown argument \"%.40s\", see srs -h",
                           argv[i]);
        else
            err = parse_letters(argv[i] + 1, &next, &args);
        if (err)
            return err;
        if (had_next && next == NULL)
            i++;
    }
    *out = args;
    return SRS_OK;
}

const char *srs_args_help(void)
{
    return help;
}

int srs_args_exit_status(srs_err err)
{
    int status = (int)err % STATUS_MODULO;
    return err != SRS_OK && status == 0 ? 1 : status;
}
