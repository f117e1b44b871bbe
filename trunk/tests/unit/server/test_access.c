// Who may publish and play: rules about addresses, lists of pages.
#include "core/log.h"
#include "server/access/access.h"
#include "server/config_files.h"

static const struct config_files *files;

static int setup(void **state)
{
    srs_log_set_level(SRS_LOG_NONE);
    return config_files_setup(state);
}

static int setup_each(void **state)
{
    files = *state;
    return 0;
}

static struct srs_endpoint endpoint_of(const char *text)
{
    struct srs_endpoint at;
    assert_err(SRS_OK, srs_endpoint_parse(text, &at), text);
    return at;
}

// --- addresses ----------------------------------------------------------------------------------

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        const char *peer;
        srs_err publish;
        srs_err play;
    } rows[] = {
        {"enabled off; deny publish all; deny play all;", "1.2.3.4:5", SRS_OK, SRS_OK},
        {"enabled on;", "1.2.3.4:5", SRS_E_SYSTEM_SECURITY, SRS_E_SYSTEM_SECURITY},
        {"enabled on; allow; deny;", "1.2.3.4:5", SRS_E_SYSTEM_SECURITY, SRS_E_SYSTEM_SECURITY},
        {"enabled on; deny publish all;", "1.2.3.4:5", SRS_E_SYSTEM_SECURITY_DENY, SRS_OK},
        {"enabled on; deny play 1.2.3.4;", "1.2.3.4:5", SRS_OK, SRS_E_SYSTEM_SECURITY_DENY},
        {"enabled on; deny play 1.2.3.4;", "1.2.3.5:5", SRS_OK, SRS_OK},
        {"enabled on; deny play 1.2.3.4;", "[::ffff:1.2.3.4]:5", SRS_OK,
         SRS_E_SYSTEM_SECURITY_DENY},
        // Any allow rule makes the other action want one too.
        {"enabled on; allow play all;", "1.2.3.4:5", SRS_E_SYSTEM_SECURITY_ALLOW, SRS_OK},
        {"enabled on; allow publish 10.0.0.0/8; allow play all;", "10.255.0.1:5", SRS_OK, SRS_OK},
        {"enabled on; allow publish 10.0.0.0/8; allow play all;", "11.0.0.1:5",
         SRS_E_SYSTEM_SECURITY_ALLOW, SRS_OK},
        // What is set behind the bits does not count.
        {"enabled on; allow publish 10.1.2.3/8; allow play all;", "10.9.9.9:5", SRS_OK, SRS_OK},
        // A deny rule goes before every allow rule, wherever it stands.
        {"enabled on; allow publish all; allow play all; deny publish 10.0.0.0/8;", "10.0.0.1:5",
         SRS_E_SYSTEM_SECURITY_DENY, SRS_OK},
        {"enabled on; allow publish 2001:db8::/32; allow play ::1;", "[2001:db8::7]:5", SRS_OK,
         SRS_E_SYSTEM_SECURITY_ALLOW},
        {"enabled on; allow publish 0.0.0.0/0; allow play all;", "[2001:db8::7]:5",
         SRS_E_SYSTEM_SECURITY_ALLOW, SRS_OK},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[256];
        struct srs_endpoint peer = endpoint_of(rows[i].peer);
        (void)snprintf(text, sizeof text, "vhost v { security { %s } }", rows[i].rules);
        struct srs_config *config = config_must(files, text, NULL);
        assert_err(rows[i].publish,
                   srs_access_check_address(config->vhosts, &peer, SRS_ACCESS_PUBLISH),
                   rows[i].rules);
        assert_err(rows[i].play, srs_access_check_address(config->vhosts, &peer, SRS_ACCESS_PLAY),
                   rows[i].rules);
        srs_config_unref(config);
    }
}

// --- pages --------------------------------------------------------------------------------------

static void pages(void **state)
{
    (void)state;
    static const struct {
        const char *lists;
        const char *page;
        srs_err publish;
        srs_err play;
    } rows[] = {
        {"enabled off; all github.com;", NULL, SRS_OK, SRS_OK},
        {"enabled on;", NULL, SRS_OK, SRS_OK},
        {"enabled on; all github.com;", NULL, SRS_E_RTMP_ACCESS_DENIED, SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "", SRS_E_RTMP_ACCESS_DENIED, SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://github.com/a", SRS_OK, SRS_OK},
        {"enabled on; all github.com;", "github.com", SRS_OK, SRS_OK},
        {"enabled on; all github.com;", "https://www.github.com:8080/a?b=c", SRS_OK, SRS_OK},
        {"enabled on; all github.com;", "https://user@www.github.com:1", SRS_OK, SRS_OK},
        {"enabled on; all github.com;", "https://github.com@bad.org/", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://bad.org/github.com", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://bad.org?github.com", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://bad.org#github.com", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://github.com.bad.org/", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all github.com;", "http://hub.com/", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all [::1];", "http://[::1]:80/", SRS_OK, SRS_OK},
        {"enabled on; all github.com github.io;", "http://a.github.io", SRS_OK, SRS_OK},
        {"enabled on; publish a.com; play b.com;", "http://a.com/", SRS_OK,
         SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; publish a.com; play b.com;", "http://b.com/", SRS_E_RTMP_ACCESS_DENIED,
         SRS_OK},
        {"enabled on; all com; play b.com;", "http://b.com/", SRS_OK, SRS_OK},
        {"enabled on; all com; play b.com;", "http://c.com/", SRS_OK, SRS_E_RTMP_ACCESS_DENIED},
        {"enabled on; all com; play b.org;", "http://b.org/", SRS_E_RTMP_ACCESS_DENIED,
         SRS_E_RTMP_ACCESS_DENIED},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "vhost v { refer { %s } }", rows[i].lists);
        struct srs_config *config = config_must(files, text, NULL);
        const struct srs_config_vhost *vhost = config->vhosts;
        assert_err(rows[i].publish, srs_access_check_page(vhost, rows[i].page, SRS_ACCESS_PUBLISH),
                   rows[i].page);
        assert_err(rows[i].play, srs_access_check_page(vhost, rows[i].page, SRS_ACCESS_PLAY),
                   rows[i].page);
        srs_config_unref(config);
    }
}

static void the_page_of_a_connect(void **state)
{
    (void)state;
    struct srs_config *config = config_must(
        files, "vhost v { refer { enabled on; all a.com; publish b.com; play b.com; } }", NULL);
    assert_err(SRS_OK, srs_access_check_any_page(config->vhosts, "http://a.com"), "in all");
    assert_err(SRS_E_RTMP_ACCESS_DENIED, srs_access_check_any_page(config->vhosts, "http://b.com"),
               "in the others");
    srs_config_unref(config);
}

static void both_at_once(void **state)
{
    (void)state;
    struct srs_endpoint peer = endpoint_of("10.0.0.1:1");
    struct srs_config *config = config_must(files,
                                            "vhost v { refer { enabled on; all a.com; } "
                                            "security { enabled on; deny publish all; } }",
                                            NULL);
    const struct srs_config_vhost *vhost = config->vhosts;
    assert_err(SRS_E_SYSTEM_SECURITY_DENY,
               srs_access_check(vhost, &peer, "http://a.com", SRS_ACCESS_PUBLISH), "address");
    assert_err(SRS_E_RTMP_ACCESS_DENIED, srs_access_check(vhost, &peer, NULL, SRS_ACCESS_PLAY),
               "page");
    assert_err(SRS_OK, srs_access_check(vhost, &peer, "http://a.com", SRS_ACCESS_PLAY), "both");
    srs_config_unref(config);
}

// --- configuration ------------------------------------------------------------------------------

static void lines_that_cannot_be_meant(void **state)
{
    (void)state;
    static const char *const rows[] = {"allow watch all;", "allow publish;",
                                       "deny publish everybody;", "deny publish 10.0.0.0/33;",
                                       "deny play 10.0.0.256;"};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[256];
        struct srs_config *config = NULL;
        (void)snprintf(text, sizeof text, "vhost v { security { %s } }", rows[i]);
        assert_err(SRS_E_SYSTEM_CONFIG_INVALID, config_load(files, text, NULL, &config), rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(addresses, setup_each),
        cmocka_unit_test_setup(pages, setup_each),
        cmocka_unit_test_setup(the_page_of_a_connect, setup_each),
        cmocka_unit_test_setup(both_at_once, setup_each),
        cmocka_unit_test_setup(lines_that_cannot_be_meant, setup_each),
    };
    return cmocka_run_group_tests(tests, setup, config_files_teardown);
}
