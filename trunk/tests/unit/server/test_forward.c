// Copies to other servers: what they ask for there, and their pauses.
#include "server/config/config.h"
#include "server/forward/forward_priv.h"
#include "test.h"

static void test_names_given_targets_then_as_published(void **state)
{
    (void)state;
    static const struct {
        struct srs_forward_target target;
        const char *tc_url;
        const char *stream;
    } rows[] = {
        {{"10.0.0.1", 1935, "__defaultVhost__", "live", "s", "", false},
         "rtmp://10.0.0.1/live",
         "s"},
        {{"name.example", 19350, "__defaultVhost__", "a/b", "s", "?k=v&vhost=x", false},
         "rtmp://name.example:19350/a/b",
         "s?k=v&vhost=x"},
        {{"10.0.0.1", 19350, "their.example", "live", "s", "", false},
         "rtmp://their.example:19350/live",
         "s"},
        {{"::1", 1936, "__defaultVhost__", "live", "s", "", false}, "rtmp://[::1]:1936/live", "s"},
        {{"h", 443, "__defaultVhost__", "live", "s", "", false}, "rtmp://h:443/live", "s"},
        {{"h", 443, "__defaultVhost__", "live", "s", "", true}, "rtmps://h/live", "s"},
        {{"h", 1935, "__defaultVhost__", "live", "s", "", true}, "rtmps://h:1935/live", "s"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_forward_names names;
        assert_err(SRS_OK, srs_forward_names(&rows[i].target, &names), rows[i].tc_url);
        assert_string_equal(names.tc_url, rows[i].tc_url);
        assert_string_equal(names.stream, rows[i].stream);
    }
}

static void test_names_given_long_texts_then_limit(void **state)
{
    (void)state;
    char text[SRS_FORWARD_TEXT + 1];
    struct srs_forward_names names;
    struct srs_forward_target target = {"h", 1935, "v", "live", "s", "", false};
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    target.app = text;
    assert_err(SRS_E_LIMIT, srs_forward_names(&target, &names), "app");
    target.app = "live";
    target.param = text;
    assert_err(SRS_E_LIMIT, srs_forward_names(&target, &names), "parameters");
    text[SRS_FORWARD_TEXT - 1] = '\0'; // "s" and 1023 are one too many
    assert_err(SRS_E_LIMIT, srs_forward_names(&target, &names), "one too long");
    text[SRS_FORWARD_TEXT - 2] = '\0';
    assert_err(SRS_OK, srs_forward_names(&target, &names), "the longest");
    assert_int_equal(strlen(names.stream), SRS_FORWARD_TEXT - 1);
    target.param = "";
    target.app = text;
    text[SRS_FORWARD_TEXT - 1 - strlen("rtmp://v/")] = '\0';
    assert_err(SRS_OK, srs_forward_names(&target, &names), "the longest URL");
    assert_int_equal(strlen(names.tc_url), SRS_FORWARD_TEXT - 1);
    text[SRS_FORWARD_TEXT - 1 - strlen("rtmp://v/")] = 'a';
    text[SRS_FORWARD_TEXT - strlen("rtmp://v/")] = '\0';
    assert_err(SRS_E_LIMIT, srs_forward_names(&target, &names), "a URL one too long");
}

static void test_pause_given_failures_then_doubles_to_its_limit(void **state)
{
    (void)state;
    static const int want[] = {1, 2, 4, 8, 16, 30, 30, 30};
    struct srs_forward_pause pause = {0};
    for (size_t i = 0; i < SRS_COUNT(want); i++)
        assert_int_equal(srs_forward_pause_next(&pause, 0, 500), want[i] * SRS_SEC);
    assert_int_equal(srs_forward_pause_next(&pause, 9 * SRS_SEC, 500), 30 * SRS_SEC);
    assert_int_equal(srs_forward_pause_next(&pause, 10 * SRS_SEC, 500), SRS_SEC);
    assert_int_equal(srs_forward_pause_next(&pause, 0, 500), 2 * SRS_SEC);
}

static void test_pause_given_any_random_then_within_a_tenth(void **state)
{
    (void)state;
    for (uint32_t random = 0; random < 5000; random += 37) {
        struct srs_forward_pause pause = {.next = 10 * SRS_SEC};
        srs_usec got = srs_forward_pause_next(&pause, 0, random);
        assert_true(got >= 9 * SRS_SEC && got <= 11 * SRS_SEC);
    }
    struct srs_forward_pause least = {.next = 10 * SRS_SEC};
    struct srs_forward_pause most = {.next = 10 * SRS_SEC};
    assert_int_equal(srs_forward_pause_next(&least, 0, 0), 9 * SRS_SEC);
    assert_int_equal(srs_forward_pause_next(&most, 0, 999), 11 * SRS_SEC - 2 * SRS_MSEC);
    struct srs_forward_pause one = {0};
    struct srs_forward_pause two = {0};
    assert_true(srs_forward_pause_next(&one, 0, 1) != srs_forward_pause_next(&two, 0, 900));
}

static void test_remote_given_words_then_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *host; // NULL: refused
        unsigned port;
        bool tls;
    } rows[] = {
        {"127.0.0.1:19350", "127.0.0.1", 19350, false},
        {"host", "host", 1935, false},
        {"a-b.c_d.example:1", "a-b.c_d.example", 1, false},
        {"[::1]:80", "::1", 80, false},
        {"[2001:db8::1]", "2001:db8::1", 1935, false},
        {"h:65535", "h", 65535, false},
        {"rtmp://h", "h", 1935, false},
        {"rtmp://h:443", "h", 443, false},
        {"rtmps://h", "h", 443, true},
        {"rtmps://h:1935", "h", 1935, true},
        {"rtmps://[2001:db8::1]", "2001:db8::1", 443, true},
        {"rtmps://127.0.0.1:4433", "127.0.0.1", 4433, true},
        {"", NULL, 0, false},
        {":1935", NULL, 0, false},
        {"h:", NULL, 0, false},
        {"h:0", NULL, 0, false},
        {"h:65536", NULL, 0, false},
        {"h:1x", NULL, 0, false},
        {"h:1:2", NULL, 0, false},
        {"::1", NULL, 0, false},
        {"[::1", NULL, 0, false},
        {"[::1]x", NULL, 0, false},
        {"[]:1", NULL, 0, false},
        {"[host]:1", NULL, 0, false},
        {"h h:1", NULL, 0, false},
        {"h/live:1", NULL, 0, false},
        {"rtmp://h:1/live", NULL, 0, false},
        {"rtmp://", NULL, 0, false},
        {"rtmps://", NULL, 0, false},
        {"rtmps://:443", NULL, 0, false},
        {"rtmps://h:", NULL, 0, false},
        {"rtmps://h:443/", NULL, 0, false},
        {"rtmps://h/live", NULL, 0, false},
        {"rtmps:h", NULL, 0, false},
        {"RTMPS://h", NULL, 0, false},
        {"rtmps://rtmps://h", NULL, 0, false},
        {"https://h", NULL, 0, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_config_remote remote = {0};
        srs_err want = rows[i].host != NULL ? SRS_OK : SRS_E_SYSTEM_CONFIG_INVALID;
        assert_err(want, srs_config_remote_read(rows[i].word, &remote), rows[i].word);
        if (want != SRS_OK)
            continue;
        assert_string_equal(remote.host, rows[i].host);
        assert_int_equal(remote.port, rows[i].port);
        assert_int_equal(remote.tls, rows[i].tls);
    }
    char name[300];
    struct srs_config_remote remote;
    memset(name, 'a', sizeof name);
    name[SRS_CONFIG_NAME_MAX] = '\0';
    assert_err(SRS_OK, srs_config_remote_read(name, &remote), "253 bytes");
    name[SRS_CONFIG_NAME_MAX] = 'a';
    name[SRS_CONFIG_NAME_MAX + 1] = '\0';
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, srs_config_remote_read(name, &remote), "254 bytes");
}

static void test_place_given_urls_then_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *host; // NULL: refused
        uint16_t port;
        const char *app;
        const char *tc_url;
        const char *stream;
    } rows[] = {
        {"rtmp://10.0.0.1/live/s", "10.0.0.1", 1935, "live", "rtmp://10.0.0.1/live", "s"},
        {"rtmp://name.example:19350/a/b/s?k=v/w", "name.example", 19350, "a/b",
         "rtmp://name.example:19350/a/b", "s?k=v/w"},
        {"rtmp://[::1]:1936/live/s", "::1", 1936, "live", "rtmp://[::1]:1936/live", "s"},
        {"rtmps://10.0.0.1/live/s", NULL, 0, NULL, NULL, NULL},
        {"http://10.0.0.1/live/s", NULL, 0, NULL, NULL, NULL},
        {"10.0.0.1:1935", NULL, 0, NULL, NULL, NULL},
        {"rtmp://10.0.0.1", NULL, 0, NULL, NULL, NULL},
        {"rtmp://10.0.0.1/s", NULL, 0, NULL, NULL, NULL},
        {"rtmp://10.0.0.1/live/", NULL, 0, NULL, NULL, NULL},
        {"rtmp://10.0.0.1/live/?k=v", NULL, 0, NULL, NULL, NULL},
        {"rtmp:///live/s", NULL, 0, NULL, NULL, NULL},
        {"", NULL, 0, NULL, NULL, NULL},
    };
    static struct srs_forward_place place;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        srs_err err = srs_forward_place_read(rows[i].url, &place);
        if (rows[i].host == NULL) {
            assert_int_not_equal(err, SRS_OK);
            srs_err_drop(err, "refused");
            continue;
        }
        assert_err(SRS_OK, err, rows[i].url);
        assert_string_equal(place.to.host, rows[i].host);
        assert_int_equal(place.to.port, rows[i].port);
        assert_string_equal(place.app, rows[i].app);
        assert_string_equal(place.names.tc_url, rows[i].tc_url);
        assert_string_equal(place.names.stream, rows[i].stream);
    }
    static const char whole[] = "rtmp://name.example:19350/a/b/s?k=v";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char prefix[sizeof whole];
        memcpy(prefix, whole, size);
        prefix[size] = '\0';
        srs_err_drop(srs_forward_place_read(prefix, &place), "any prefix ends");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_given_targets_then_as_published),
        cmocka_unit_test(test_names_given_long_texts_then_limit),
        cmocka_unit_test(test_pause_given_failures_then_doubles_to_its_limit),
        cmocka_unit_test(test_pause_given_any_random_then_within_a_tenth),
        cmocka_unit_test(test_remote_given_words_then_host_and_port),
        cmocka_unit_test(test_place_given_urls_then_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
