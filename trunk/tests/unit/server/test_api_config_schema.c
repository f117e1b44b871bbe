// The schema of the configuration as the API shows it: types of directives, what may be missing,
// and that a full buffer or no memory is an error without a leak.
#include "server/api/config_schema.h"
#include "server/api/json.h"
#include "test.h"
#include <stdlib.h>

static char *write_schema(enum srs_directive_state kind)
{
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_config_schema_write(kind, &out), "schema");
    char *text = strndup((const char *)srs_buf_span(&out).bytes, srs_buf_size(&out));
    assert_non_null(text);
    srs_buf_fini(&out);
    return text;
}

static void test_schema_given_directives_then_the_types_of_their_answers(void **state)
{
    static const struct {
        const char *why;
        enum srs_directive_state kind;
        const char *want;
    } rows[] = {
        {"boolean", SRS_DIRECTIVE_ROOT, "\"daemon\":{\"type\":\"boolean\","},
        {"number or auto", SRS_DIRECTIVE_ROOT,
         "\"max_connections\":{\"anyOf\":[{\"type\":\"integer\"},{\"const\":\"auto\"}],"},
        {"seconds", SRS_DIRECTIVE_ROOT, "\"send_timeout\":{\"type\":\"integer\","},
        {"choice, without its star", SRS_DIRECTIVE_ROOT,
         "\"srs_log_level\":{\"type\":\"string\",\"enum\":[\"verbose\",\"info\",\"trace\",\"warn\","
         "\"error\"],"},
        {"endpoints in a block", SRS_DIRECTIVE_ROOT,
         "\"rtmp\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"listen\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"},
        {"always there, as the choice without a default is not", SRS_DIRECTIVE_ROOT,
         "\"required\":[\"enabled\",\"username\",\"password\",\"token\"]"},
        {"name of a vhost in front", SRS_DIRECTIVE_VHOST,
         "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"name\":{\"type\":\"string\","},
        {"rules", SRS_DIRECTIVE_VHOST,
         "\"allow\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"},
        {"rules may be missing", SRS_DIRECTIVE_VHOST, "\"required\":[\"enabled\"]"},
        {"fraction of a second", SRS_DIRECTIVE_VHOST,
         "\"send_min_interval\":{\"type\":\"number\","},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char *text = write_schema(rows[i].kind);
        if (strstr(text, rows[i].want) == NULL)
            fail_msg("%s: no %s in %s", rows[i].why, rows[i].want, text);
        free(text);
    }
}

static void test_schema_given_what_is_not_built_then_not_in_it(void **state)
{
    (void)state;
    char *text = write_schema(SRS_DIRECTIVE_ROOT);
    assert_null(strstr(text, "\"ff_log_dir\""));
    assert_null(strstr(text, "\"is_full\""));
    assert_null(strstr(text, "\"vhost\""));
    free(text);
}

static void test_schema_given_little_room_or_memory_then_an_error(void **state)
{
    static uint8_t filler[SRS_API_BUFFER_MAX - 100];
    struct srs_buf out = {0};
    (void)state;
    assert_err(SRS_OK, srs_buf_append(&out, filler, sizeof filler, SRS_API_BUFFER_MAX), "filler");
    assert_err(SRS_E_LIMIT, srs_config_schema_write(SRS_DIRECTIVE_ROOT, &out), "little room");
    srs_buf_fini(&out);
    srs_err err = SRS_E_NO_MEMORY;
    for (unsigned n = 1; err == SRS_E_NO_MEMORY; n++) {
        srs_mem_fail_after(n);
        err = srs_config_schema_write(SRS_DIRECTIVE_VHOST, &out);
        srs_mem_fail_after(0);
        srs_err_drop(err, "tried again with more");
        srs_buf_fini(&out);
        assert_int_equal(srs_live_count(SRS_LIVE_BUF), 0);
        assert_true(n < 1000 && (n > 1 || err != SRS_OK));
    }
    assert_int_equal(err, SRS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_given_directives_then_the_types_of_their_answers),
        cmocka_unit_test(test_schema_given_what_is_not_built_then_not_in_it),
        cmocka_unit_test(test_schema_given_little_room_or_memory_then_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
