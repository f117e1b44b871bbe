// What a client of the API sends beside the HTTP around it: the first byte chooses an
// Authorization header or a configuration to be checked, which is then shown again.
// Covers: server/api/credentials.c server/config/show.c
#include "fuzz/fuzz.h"
#include "server/api/credentials.h"
#include "server/config/compare.h"
#include "server/config/show.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 * 1024, PRINT_MAX = 16 * 1024 * 1024 };

// Nothing but the secrets themselves may pass.
static void read_credentials(const char *text)
{
    static const struct srs_config_auth basic = {
        .enabled = true, .type = -1, .username = "u", .password = "p", .token = ""};
    static const struct srs_config_auth bearer = {.enabled = true,
                                                  .type = SRS_CONFIG_AUTH_BEARER,
                                                  .username = "",
                                                  .password = "",
                                                  .token = "token"};
    static const struct srs_config_auth nobody = {
        .enabled = true, .type = -1, .username = "", .password = "", .token = ""};
    if (srs_api_judge(&basic, text) == SRS_API_ALLOWED)
        fuzz_assert(strcmp(text + strlen(text) - 4, "dTpw") == 0);
    if (srs_api_judge(&bearer, text) == SRS_API_ALLOWED)
        fuzz_assert(strcmp(text + strlen(text) - 5, "token") == 0);
    fuzz_assert(srs_api_judge(&nobody, text) != SRS_API_ALLOWED);
    fuzz_assert((srs_api_judge(&basic, text) == SRS_API_MISSING) == (text[0] == '\0'));
}

static void unequal(void *arg, const struct srs_directive *row, const char *vhost)
{
    (void)vhost;
    // Secrets are masked, and numbers with a fraction are cut.
    bool inexact = row->type == SRS_DIRECTIVE_FLOAT || row->type == SRS_DIRECTIVE_SECF ||
                   row->type == SRS_DIRECTIVE_WORD || row->type == SRS_DIRECTIVE_LIST;
    fuzz_assert(inexact || arg == NULL);
}

// What is shown of a good configuration is a good one again, and says the same.
static void show(const struct srs_config *config)
{
    struct srs_buf out = {0};
    struct srs_config *again = NULL;
    srs_err err = srs_config_print_root(config, config, &out, PRINT_MAX);
    for (size_t i = 0; i < config->vhost_count && !err; i++)
        err = srs_config_print_vhost(&config->vhosts[i], &out, PRINT_MAX);
    fuzz_assert(err == SRS_OK);
    const struct srs_config_args args = {.text = (const char *)srs_buf_span(&out).bytes,
                                         .text_size = srs_buf_size(&out)};
    err = srs_config_load(&args, &again);
    if (!err) {
        fuzz_assert(again->vhost_count == config->vhost_count);
        srs_config_compare(config, again, unequal, &out);
        srs_config_unref(again);
    }
    srs_err_drop(err, "a masked secret may be none, as a directory may be");
    srs_buf_fini(&out);
}

static void read_config(const char *text, size_t size)
{
    struct srs_config *config = NULL;
    struct srs_config_fault fault = {.line = 0};
    const struct srs_config_args args = {.text = text, .text_size = size, .fault = &fault};
    srs_err err = srs_config_load(&args, &config);
    if (!err) {
        fuzz_assert(!fault.told);
        show(config);
        srs_config_unref(config);
    }
    fuzz_assert(strlen(fault.source) < sizeof fault.source);
    srs_err_drop(err, "refusals are fine");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TEXT_MAX)
        return 0;
    char *text = malloc(size);
    fuzz_assert(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'a')
        read_credentials(text);
    else
        read_config(text, size - 1);
    free(text);
    return 0;
}
