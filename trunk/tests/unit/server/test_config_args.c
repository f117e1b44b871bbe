// Command line and exit status.
#include "config_files.h"
#include "server/config/args.h"

static void test_args_given_line_then_action(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum srs_args_action action;
        const char *file;
        bool env_only;
    } cases[] = {
        {"srs", SRS_ARGS_RUN, NULL, false},
        {"srs|-c|a.conf", SRS_ARGS_RUN, "a.conf", false},
        {"srs|-ca.conf", SRS_ARGS_RUN, "a.conf", false},
        {"srs|-t|-c|a.conf", SRS_ARGS_TEST, "a.conf", false},
        {"srs|-c|a.conf|-t", SRS_ARGS_TEST, "a.conf", false},
        {"srs|-tc|a.conf", SRS_ARGS_TEST, "a.conf", false},
        {"srs|-e", SRS_ARGS_RUN, NULL, true},
        {"srs|-e|-t", SRS_ARGS_TEST, NULL, true},
        {"srs|-v", SRS_ARGS_VERSION, NULL, false},
        {"srs|-V", SRS_ARGS_VERSION, NULL, false},
        {"srs|--version", SRS_ARGS_VERSION, NULL, false},
        {"srs|-h", SRS_ARGS_HELP, NULL, false},
        {"srs|-?", SRS_ARGS_HELP, NULL, false},
        {"srs|--help", SRS_ARGS_HELP, NULL, false},
        {"srs|-g", SRS_ARGS_SIGNATURE, NULL, false},
        {"srs|-G", SRS_ARGS_SIGNATURE, NULL, false},
        {"srs|-h|-t", SRS_ARGS_HELP, NULL, false},
        {"srs|-c|-t", SRS_ARGS_RUN, "-t", false}, // a file of that name
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct config_words line;
        struct srs_args got;
        char *const *argv = config_words(&line, cases[i].line);
        assert_err(SRS_OK, srs_args_parse(line.count, argv, &got), cases[i].line);
        if (got.action != cases[i].action || got.env_only != cases[i].env_only)
            fail_msg("%s: action %d", cases[i].line, (int)got.action);
        if (cases[i].file == NULL)
            assert_null(got.file);
        else
            assert_string_equal(got.file, cases[i].file);
    }
}

static void test_args_given_bad_line_then_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "srs|-x", "srs|-c", "srs|-c|", "srs|a.conf", "srs|-", "srs|--helpp", "srs|", "srs|-tx",
    };
    for (size_t i = 0; i < SRS_COUNT(lines); i++) {
        struct config_words line;
        struct srs_args args = {.file = "as it was"};
        char *const *argv = config_words(&line, lines[i]);
        assert_err(SRS_E_SYSTEM_CONFIG_INVALID, srs_args_parse(line.count, argv, &args), lines[i]);
        assert_string_equal(args.file, "as it was");
    }
}

static void test_args_given_help_then_first_line_tells_of_no_arguments(void **state)
{
    (void)state;
    const char *help = srs_args_help();
    const char *without = strstr(help, "Without arguments");
    assert_ptr_equal(without, help);
    static const char *const options[] = {"-c FILE", "-e ", "-t ", "--help", "--version", "-g -G"};
    for (size_t i = 0; i < SRS_COUNT(options); i++)
        assert_non_null(strstr(help, options[i]));
}

static void test_args_given_error_then_exit_status(void **state)
{
    (void)state;
    assert_int_equal(srs_args_exit_status(SRS_OK), 0);
    assert_int_equal(srs_args_exit_status(SRS_E_SYSTEM_CONFIG_INVALID), 255);
    assert_int_equal(srs_args_exit_status(SRS_E_SOCKET_BIND), 1002 % 256);
    assert_int_equal(srs_args_exit_status((srs_err)2048), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args_given_line_then_action),
        cmocka_unit_test(test_args_given_bad_line_then_refused),
        cmocka_unit_test(test_args_given_help_then_first_line_tells_of_no_arguments),
        cmocka_unit_test(test_args_given_error_then_exit_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
