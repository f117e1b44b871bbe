// The server's id: where it comes from, that it stays, and that only a usable one is taken.
#include "config_files.h"
#include "core/log.h"
#include "server/life/identity.h"
#include <fcntl.h>
#include <unistd.h>

struct place {
    char folder[64];
    char pid[96];
    char id[96];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/srs-test-id-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        return -1;
    (void)snprintf(place->pid, sizeof place->pid, "%s/a.pid", place->folder);
    (void)snprintf(place->id, sizeof place->id, "%s/a.id", place->folder);
    srs_log_set_level(SRS_LOG_NONE); // the warnings that the cases provoke
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->id);
    int left = rmdir(place->folder); // also says that no other file was made
    free(place);
    return left;
}

static struct srs_config config_of(const char *pid, const char *id)
{
    return (struct srs_config){.life = {.pid = pid, .server_id = id}};
}

static void assert_made_up(const char *id)
{
    assert_int_equal(strlen(id), 11);
    assert_int_equal(strncmp(id, "vid-", 4), 0);
    assert_int_equal(strspn(id + 4, "0123456789abcdefghijklmnopqrstuv"), 7);
}

static void test_identity_given_pid_file_then_kept_beside_it(void **state)
{
    const struct place *place = *state;
    struct srs_config config = config_of(place->pid, "");
    char first[SRS_IDENTITY];
    char second[SRS_IDENTITY];
    srs_identity_load(&config, first);
    assert_made_up(first);
    srs_identity_load(&config, second);
    assert_string_equal(first, second);
    assert_int_equal(unlink(place->id), 0);
    srs_identity_load(&config, second);
    assert_string_not_equal(first, second);
}

static void test_identity_given_configured_then_that_and_no_file(void **state)
{
    const struct place *place = *state;
    struct srs_config config = config_of(place->pid, "edge-7.example");
    char id[SRS_IDENTITY];
    srs_identity_load(&config, id);
    assert_string_equal(id, "edge-7.example");
    assert_int_equal(access(place->id, F_OK), -1);
}

static void test_identity_given_no_pid_file_then_new_each_time(void **state)
{
    (void)state;
    struct srs_config config = config_of("", "");
    char first[SRS_IDENTITY];
    char second[SRS_IDENTITY];
    srs_identity_load(&config, first);
    srs_identity_load(&config, second);
    assert_made_up(first);
    assert_string_not_equal(first, second);
}

static void test_identity_given_file_then_taken_if_usable(void **state)
{
    const struct place *place = *state;
    struct srs_config config = config_of(place->pid, "");
    char longest[SRS_CONFIG_SERVER_ID + 2];
    memset(longest, 'x', sizeof longest);
    longest[SRS_CONFIG_SERVER_ID + 1] = '\0';
    const struct {
        const char *text;
        const char *want; // NULL: a new one
    } cases[] = {
        {"vid-abc123\n", "vid-abc123"},
        {"vid-abc123", "vid-abc123"},
        {" \n", NULL},
        {"", NULL},
        {"a\"b", NULL},
        {"a\nb", NULL},
        {"../../x", NULL},
        {"\x80\xff", NULL},
        {longest + 1, longest + 1},
        {longest, NULL},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        char id[SRS_IDENTITY];
        config_write(place->id, cases[i].text);
        srs_identity_load(&config, id);
        if (cases[i].want != NULL)
            assert_string_equal(id, cases[i].want);
        else
            assert_made_up(id);
    }
}

static void test_identity_given_place_that_takes_no_file_then_still_one(void **state)
{
    (void)state;
    struct srs_config config = config_of("/nowhere/a.pid", "");
    char id[SRS_IDENTITY];
    srs_identity_load(&config, id);
    assert_made_up(id);
}

static void test_identity_path_given_pid_file_then_beside_it(void **state)
{
    (void)state;
    static const struct {
        const char *pid;
        const char *want;
    } cases[] = {
        {"./objs/srs.pid", "./objs/srs.id"},
        {"srs", "srs.id"},
        {".pid", ".pid.id"},
        {"a.pid/b", "a.pid/b.id"},
    };
    char path[SRS_IDENTITY_PATH];
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        assert_true(srs_identity_path(cases[i].pid, path));
        assert_string_equal(path, cases[i].want);
    }
    assert_false(srs_identity_path("", path));
    char *longest = malloc(SRS_IDENTITY_PATH);
    memset(longest, 'p', SRS_IDENTITY_PATH);
    longest[SRS_IDENTITY_PATH - 3] = '\0';
    assert_false(srs_identity_path(longest, path));
    longest[SRS_IDENTITY_PATH - 4] = '\0';
    assert_true(srs_identity_path(longest, path));
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identity_given_pid_file_then_kept_beside_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_identity_given_configured_then_that_and_no_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_identity_given_no_pid_file_then_new_each_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_identity_given_file_then_taken_if_usable, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_identity_given_place_that_takes_no_file_then_still_one,
                                        setup, teardown),
        cmocka_unit_test(test_identity_path_given_pid_file_then_beside_it),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
