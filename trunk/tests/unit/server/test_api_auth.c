// Who may use the API: which paths are guarded, and which credentials pass.
#include "core/crypto.h"
#include "server/api/auth.h"
#include "server/api/credentials.h"
#include "test.h"
#include <stdio.h>

static const struct srs_config_auth basic = {
    .enabled = true, .type = -1, .username = "admin", .password = "pa:ss", .token = ""};
static const struct srs_config_auth bearer = {.enabled = true,
                                              .type = SRS_CONFIG_AUTH_BEARER,
                                              .username = "",
                                              .password = "",
                                              .token = "abc.DEF_123"};

static void test_auth_given_basic_credentials_then_only_the_right_ones_pass(void **state)
{
    static const struct {
        const char *why;
        const char *given; // what stands in base64, NULL: the header as it is
        const char *header;
        enum srs_api_verdict want;
    } rows[] = {
        {"right", "admin:pa:ss", "Basic ", SRS_API_ALLOWED},
        {"scheme in other letters", "admin:pa:ss", "bAsIc ", SRS_API_ALLOWED},
        {"more spaces", "admin:pa:ss", "Basic   ", SRS_API_ALLOWED},
        {"no header", NULL, NULL, SRS_API_MISSING},
        {"empty header", NULL, "", SRS_API_MISSING},
        {"scheme alone", NULL, "Basic", SRS_API_WRONG},
        {"scheme and space", NULL, "Basic ", SRS_API_WRONG},
        {"wrong password", "admin:pass", "Basic ", SRS_API_WRONG},
        {"cut password", "admin:pa:s", "Basic ", SRS_API_WRONG},
        {"longer password", "admin:pa:sss", "Basic ", SRS_API_WRONG},
        {"another user", "Admin:pa:ss", "Basic ", SRS_API_WRONG},
        {"no user", ":pa:ss", "Basic ", SRS_API_WRONG},
        {"empty", "", "Basic ", SRS_API_WRONG},
        {"not base64", NULL, "Basic admin:pa:ss", SRS_API_WRONG},
        {"rubbish", NULL, "Basic \x01\xff===", SRS_API_WRONG},
        {"another scheme", "admin:pa:ss", "Bearer ", SRS_API_OTHER_SCHEME},
        {"scheme that begins alike", "admin:pa:ss", "Basics ", SRS_API_OTHER_SCHEME},
        {"cut scheme", "admin:pa:ss", "Basi ", SRS_API_OTHER_SCHEME},
        {"no scheme", NULL, " x", SRS_API_OTHER_SCHEME},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[128];
        char header[256];
        text[0] = '\0';
        if (rows[i].given != NULL)
            srs_crypto_base64(
                (struct srs_span){(const uint8_t *)rows[i].given, strlen(rows[i].given)}, text);
        (void)snprintf(header, sizeof header, "%s%s", rows[i].header != NULL ? rows[i].header : "",
                       text);
        const char *value = rows[i].header != NULL ? header : NULL;
        if (srs_api_judge(&basic, value) != rows[i].want)
            fail_msg("%s: not %d", rows[i].why, (int)rows[i].want);
    }
}

static void test_auth_given_a_token_then_only_that_one_passes(void **state)
{
    static const struct {
        const char *why;
        const char *header;
        enum srs_api_verdict want;
    } rows[] = {
        {"right", "Bearer abc.DEF_123", SRS_API_ALLOWED},
        {"scheme in small letters", "bearer abc.DEF_123", SRS_API_ALLOWED},
        {"none", NULL, SRS_API_MISSING},
        {"another", "Bearer abc.DEF_124", SRS_API_WRONG},
        {"other letters", "Bearer ABC.DEF_123", SRS_API_WRONG},
        {"cut", "Bearer abc.DEF_12", SRS_API_WRONG},
        {"longer", "Bearer abc.DEF_1234", SRS_API_WRONG},
        {"empty", "Bearer ", SRS_API_WRONG},
        {"another scheme", "Basic abc.DEF_123", SRS_API_OTHER_SCHEME},
        {"token alone", "abc.DEF_123", SRS_API_OTHER_SCHEME},
    };
    struct srs_config_auth nothing = bearer;
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        if (srs_api_judge(&bearer, rows[i].header) != rows[i].want)
            fail_msg("%s: not %d", rows[i].why, (int)rows[i].want);
    nothing.token = "";
    assert_int_equal(srs_api_judge(&nothing, "Bearer "), SRS_API_WRONG);
    nothing = basic;
    nothing.password = "";
    assert_int_equal(srs_api_judge(&nothing, "Basic YWRtaW46"), SRS_API_WRONG);
    nothing.username = "";
    assert_int_equal(srs_api_judge(&nothing, "Basic Og=="), SRS_API_WRONG);
}

static void test_auth_given_paths_then_those_of_the_api_are_guarded(void **state)
{
    static const struct {
        const char *path;
        bool guarded;
    } rows[] = {
        {"/api/", true},   {"/api/v1/streams/", true}, {"/live/api/x.flv", true}, {"/api", false},
        {"/apis/", false}, {"/metrics", false},        {"/live/x.flv", false},    {"/", false}};
    struct srs_config config = {.http_api.auth.enabled = true};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        if (srs_api_is_guarded(&config, rows[i].path) != rows[i].guarded)
            fail_msg("%s", rows[i].path);
    config.http_api.auth.enabled = false;
    assert_false(srs_api_is_guarded(&config, "/api/v1/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auth_given_basic_credentials_then_only_the_right_ones_pass),
        cmocka_unit_test(test_auth_given_a_token_then_only_that_one_passes),
        cmocka_unit_test(test_auth_given_paths_then_those_of_the_api_are_guarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
