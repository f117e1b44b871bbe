// The authorities that copies to other servers believe: which files are read, and for whom.
#include "core/mem.h"
#include "server/certs.h"
#include "server/config_files.h"

static struct srs_certs *load(const struct srs_config *config)
{
    struct srs_certs *certs = NULL;
    assert_err(SRS_OK, srs_certs_load(config, &certs), "certificates");
    return certs;
}

static void test_certs_given_vhosts_that_say_the_same_then_one_client(void **state)
{
    struct srs_config *config =
        config_must(*state,
                    "vhost a { forward rtmps://x; }"
                    "vhost b { forward { enabled on; destination y rtmps://z:1; } }"
                    "vhost c { forward { enabled on; destination rtmps://x; tls_verify off; } }"
                    "vhost d { forward { enabled on; destination rtmps://x; tls_verify off;"
                    "                    tls_ca /nowhere.pem; } }",
                    NULL);
    struct srs_certs *certs = load(config);
    assert_int_equal(certs->forward_count, 2);
    struct srs_tls_client *clients[4];
    for (size_t i = 0; i < 4; i++) {
        clients[i] = srs_certs_forward(certs, &config->vhosts[i].forward);
        assert_non_null(clients[i]);
    }
    assert_ptr_equal(clients[0], clients[1]);
    assert_ptr_equal(clients[2], clients[3]);
    assert_ptr_not_equal(clients[0], clients[2]);
    srs_certs_free(certs);
    srs_config_unref(config);
}

static void test_certs_given_no_destination_inside_tls_then_no_file_is_read(void **state)
{
    static const char *const texts[] = {
        "vhost v { forward { enabled on; destination a rtmp://b; tls_ca /nowhere.pem; } }",
        "vhost v { forward { enabled off; destination rtmps://a; tls_ca /nowhere.pem; } }",
        ("vhost v { enabled off;"
         " forward { enabled on; destination rtmps://a; tls_ca /nowhere.pem; } }"),
        "",
    };
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        struct srs_config *config = config_must(*state, texts[i], NULL);
        struct srs_certs *certs = load(config);
        assert_int_equal(certs->forward_count, 0);
        if (config->vhost_count > 0)
            assert_null(srs_certs_forward(certs, &config->vhosts[0].forward));
        srs_certs_free(certs);
        srs_config_unref(config);
    }
}

static void test_certs_given_calls_of_https_then_only_they_have_authorities(void **state)
{
    static const struct {
        const char *text;
        bool wanted;
    } rows[] = {
        {"vhost v { http_hooks { enabled on; on_play http://a; } }", false},
        {"vhost v { http_hooks { enabled on; on_play http://a; on_stop http://b HTTPS://c; } }",
         true},
        {"vhost v { http_hooks { enabled off; on_play https://a; } }", false},
        {"vhost v { forward { enabled on; backend https://a; } }", true},
        {"vhost v { forward { enabled off; backend https://a; } }", false},
        {"heartbeat { enabled on; url https://a; }", true},
        {"heartbeat { enabled off; url https://a; }", false},
        {"http_client { verify off; } heartbeat { enabled on; url https://a; }", false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_config *config = config_must(*state, rows[i].text, NULL);
        struct srs_certs *certs = load(config);
        assert_int_equal(certs->trust != NULL, rows[i].wanted);
        srs_certs_free(certs);
        srs_config_unref(config);
    }
    struct srs_certs *certs = NULL;
    struct srs_config *config = config_must(
        *state, "http_client { ca_file /nowhere.pem; } heartbeat { enabled on; url https://a; }",
        NULL);
    assert_err(SRS_E_TLS_KEY_CRT, srs_certs_load(config, &certs), "no such file");
    srs_config_unref(config);
}

static void test_certs_given_authorities_that_cannot_be_read_then_directive_and_vhost(void **state)
{
    struct srs_certs *certs = NULL;
    char text[512];
    struct srs_config *config = config_must(*state,
                                            "vhost a { forward rtmps://x; } vhost b { forward {"
                                            " enabled on; destination rtmps://x;"
                                            " tls_ca /nowhere.pem; } }",
                                            NULL);
    srs_err err = srs_certs_load(config, &certs);
    srs_err_format(err, text, sizeof text);
    assert_err(SRS_E_TLS_KEY_CRT, err, "no such file");
    assert_non_null(strstr(text, "forward.tls_ca of vhost b"));
    assert_non_null(strstr(text, "/nowhere.pem"));
    assert_null(certs);
    srs_config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certs_given_vhosts_that_say_the_same_then_one_client),
        cmocka_unit_test(test_certs_given_no_destination_inside_tls_then_no_file_is_read),
        cmocka_unit_test(test_certs_given_calls_of_https_then_only_they_have_authorities),
        cmocka_unit_test(test_certs_given_authorities_that_cannot_be_read_then_directive_and_vhost),
    };
    return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
