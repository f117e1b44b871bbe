// Stream addresses as clients split them.
#include "protocol/rtmp/url.h"
#include "test.h"
#include <stdio.h>

static const struct {
    const char *why;
    const char *tc_url;
    const char *app;
    const char *stream;
    // schema host port vhost app stream param
    const char *want[6];
    unsigned port;
} good[] = {
    {"ffmpeg",
     "rtmp://127.0.0.1:1935/live",
     "live",
     "s",
     {"rtmp", "127.0.0.1", "127.0.0.1", "live", "s", ""},
     1935},
    {"default port", "rtmp://a.b/live", "live", "s", {"rtmp", "a.b", "a.b", "live", "s", ""}, 1935},
    {"rtmps", "rtmps://a.b/live", "live", "s", {"rtmps", "a.b", "a.b", "live", "s", ""}, 443},
    {"empty port", "rtmp://a.b:/live", "live", "s", {"rtmp", "a.b", "a.b", "live", "s", ""}, 1935},
    {"last port",
     "rtmp://a.b:65535/live",
     NULL,
     NULL,
     {"rtmp", "a.b", "a.b", "live", "", ""},
     65535},
    {"IPv6", "rtmp://[::1]:19350/live", "", "s", {"rtmp", "::1", "::1", "live", "s", ""}, 19350},
    {"IPv6 without port",
     "rtmp://[fe80::1]/live",
     "",
     "s",
     {"rtmp", "fe80::1", "fe80::1", "live", "s", ""},
     1935},
    {"user and password",
     "rtmp://u:p@a.b:1936/live",
     "",
     "s",
     {"rtmp", "a.b", "a.b", "live", "s", ""},
     1936},
    {"app in connect only",
     "rtmp://a.b",
     "live",
     "s",
     {"rtmp", "a.b", "a.b", "live", "s", ""},
     1935},
    {"app and query in connect only",
     "rtmp://a.b/",
     "live?vhost=v",
     "s",
     {"rtmp", "a.b", "v", "live", "s", "?vhost=v"},
     1935},
    {"query of app in connect only",
     "rtmp://a.b/live",
     "live?vhost=v",
     "s",
     {"rtmp", "a.b", "v", "live", "s", "?vhost=v"},
     1935},
    {"stream with query",
     "rtmp://a.b/live",
     "live",
     "s?k=v&l=w",
     {"rtmp", "a.b", "a.b", "live", "s", "?k=v&l=w"},
     1935},
    {"vhost in the stream's query",
     "rtmp://a.b/live",
     "live",
     "s?k=v&vhost=x.y",
     {"rtmp", "a.b", "x.y", "live", "s", "?k=v&vhost=x.y"},
     1935},
    {"domain",
     "rtmp://a.b/live",
     "live",
     "s?domain=x.y",
     {"rtmp", "a.b", "x.y", "live", "s", "?domain=x.y"},
     1935},
    {"both queries",
     "rtmp://a.b/live?vhost=x",
     "live?vhost=x",
     "s?k=v",
     {"rtmp", "a.b", "x", "live", "s", "?k=v&vhost=x"},
     1935},
    {"query without a path",
     "rtmp://a.b?vhost=x",
     "live",
     "s",
     {"rtmp", "a.b", "x", "live", "s", "?vhost=x"},
     1935},
    {"query that ends in a slash",
     "rtmp://a.b/live?vhost=x/",
     "",
     "s",
     {"rtmp", "a.b", "x", "live", "s", "?vhost=x"},
     1935},
    {"old form",
     "rtmp://a.b/live...vhost...x.y",
     "",
     "s",
     {"rtmp", "a.b", "x.y", "live", "s", "?vhost=x.y"},
     1935},
    {"old form with equals",
     "rtmp://a.b/live...vhost=x.y",
     "",
     "s",
     {"rtmp", "a.b", "x.y", "live", "s", "?vhost=x.y"},
     1935},
    {"key that only begins so",
     "rtmp://a.b/live",
     "",
     "s?vhosts=x",
     {"rtmp", "a.b", "a.b", "live", "s", "?vhosts=x"},
     1935},
    {"key without value",
     "rtmp://a.b/live",
     "",
     "s?vhost",
     {"rtmp", "a.b", "a.b", "live", "s", "?vhost"},
     1935},
    {"default vhost",
     "rtmp://a.b/live",
     "",
     "s?vhost=__defaultVhost__",
     {"rtmp", "a.b", "__defaultVhost__", "live", "s", ""},
     1935},
    {"deep path split by ffmpeg",
     "rtmp://a.b/x/y",
     "x/y",
     "c/s",
     {"rtmp", "a.b", "a.b", "x/y/c", "s", ""},
     1935},
    {"surplus slashes",
     "rtmp://a.b//x///y//",
     "",
     "//c//s/",
     {"rtmp", "a.b", "a.b", "x/y/c", "s", ""},
     1935},
    {"slash in the query of a stream",
     "rtmp://a.b/live",
     "",
     "s?u=/x/y",
     {"rtmp", "a.b", "a.b", "live", "s", "?u=/x/y"},
     1935},
    {"instance",
     "rtmp://a.b/live/_definst_",
     "",
     "s",
     {"rtmp", "a.b", "a.b", "live", "s", ""},
     1935},
    {"empty stream with query",
     "rtmp://a.b/live",
     "",
     "?k=v",
     {"rtmp", "a.b", "a.b", "live", "", "?k=v"},
     1935},
};

static void test_url_given_address_then_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(good); i++) {
        struct srs_rtmp_url url;
        assert_err(SRS_OK, srs_rtmp_url_parse(good[i].tc_url, good[i].app, good[i].stream, &url),
                   good[i].why);
        const char *got[] = {url.schema, url.host, url.vhost, url.app, url.stream, url.param};
        for (size_t j = 0; j < SRS_COUNT(got); j++)
            if (strcmp(got[j], good[i].want[j]) != 0)
                fail_msg("%s: part %zu is \"%s\"", good[i].why, j, got[j]);
        assert_int_equal(url.port, good[i].port);
        srs_rtmp_url_fini(&url);
        assert_null(url.block);
    }
}

static const struct {
    const char *why;
    const char *tc_url;
    const char *app;
    const char *stream;
    srs_err want;
} bad[] = {
    {"no tcUrl", NULL, "live", "s", SRS_E_RTMP_REQ_CONNECT},
    {"empty tcUrl", "", "live", "s", SRS_E_RTMP_REQ_CONNECT},
    {"no schema", "a.b/live", "live", "s", SRS_E_RTMP_REQ_TCURL},
    {"empty schema", "://a.b/live", "live", "s", SRS_E_RTMP_REQ_TCURL},
    {"no host", "rtmp:///live", "live", "s", SRS_E_RTMP_REQ_TCURL},
    {"port 0", "rtmp://a.b:0/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"port 65536", "rtmp://a.b:65536/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"port of many digits", "rtmp://a.b:4294967297/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"port with letters", "rtmp://a.b:19x/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"bracket left open", "rtmp://[::1/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"text behind the bracket", "rtmp://[::1]x/live", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"line feed in tcUrl", "rtmp://a.b/li\nve", "", "s", SRS_E_RTMP_REQ_TCURL},
    {"escape in app", "rtmp://a.b/", "li\x1bve", "s", SRS_E_RTMP_REQ_TCURL},
    {"delete in stream", "rtmp://a.b/live", "", "s\x7f", SRS_E_RTMP_REQ_TCURL},
};

static void test_url_given_malformed_then_error_and_nothing_owned(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(bad); i++) {
        struct srs_rtmp_url url;
        assert_err(bad[i].want, srs_rtmp_url_parse(bad[i].tc_url, bad[i].app, bad[i].stream, &url),
                   bad[i].why);
        assert_null(url.block);
    }
}

static void test_url_given_names_at_and_above_512_then_limit(void **state)
{
    (void)state;
    struct srs_rtmp_url url;
    char name[514];
    memset(name, 'n', sizeof name);
    name[512] = '\0';
    assert_err(SRS_OK, srs_rtmp_url_parse("rtmp://a.b/live", "", name, &url), "stream of 512");
    srs_rtmp_url_fini(&url);
    name[512] = 'n';
    name[513] = '\0';
    assert_err(SRS_E_LIMIT, srs_rtmp_url_parse("rtmp://a.b/live", "", name, &url), "stream");
    assert_err(SRS_E_LIMIT, srs_rtmp_url_parse("rtmp://a.b", name, "s", &url), "app");
    char tc_url[1200];
    (void)snprintf(tc_url, sizeof tc_url, "rtmp://%s/live", name);
    assert_err(SRS_E_LIMIT, srs_rtmp_url_parse(tc_url, "", "s", &url), "host");
    (void)snprintf(tc_url, sizeof tc_url, "rtmp://a.b/live?vhost=%s", name);
    assert_err(SRS_E_LIMIT, srs_rtmp_url_parse(tc_url, "", "s", &url), "vhost");
    (void)snprintf(tc_url, sizeof tc_url, "%s://a.b/live", name);
    assert_err(SRS_E_LIMIT, srs_rtmp_url_parse(tc_url, "", "s", &url), "schema");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_rtmp_url_parse("rtmp://a.b/live", "", "s", &url), "memory");
    assert_null(url.block);
}

static void test_url_given_no_application_then_the_default(void **state)
{
    (void)state;
    static const struct {
        const char *tc_url;
        const char *app;
        const char *stream;
        const char *want;
        const char *vhost;
    } rows[] = {
        {"rtmp://a.b", NULL, "s", "__defaultApp__", "a.b"},
        {"rtmp://a.b/", "", "s", "__defaultApp__", "a.b"},
        {"rtmp://a.b///", "//", "s", "__defaultApp__", "a.b"},
        {"rtmp://a.b/?vhost=v", "", "s", "__defaultApp__", "v"},
        {"rtmp://a.b", "live", "s", "live", "a.b"},
        {"rtmp://a.b/live", NULL, "s", "live", "a.b"}, // as some libraries connect
        {"rtmp://a.b/", "", "x/s", "x", "a.b"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_rtmp_url url;
        assert_err(SRS_OK, srs_rtmp_url_parse(rows[i].tc_url, rows[i].app, rows[i].stream, &url),
                   rows[i].tc_url);
        assert_string_equal(url.app, rows[i].want);
        assert_string_equal(url.vhost, rows[i].vhost);
        assert_string_equal(url.stream, "s");
        srs_rtmp_url_fini(&url);
    }
}

static void test_param_find_given_query_then_value(void **state)
{
    (void)state;
    static const char query[] = "?a=1&bb=22&c=&d";
    struct srs_span span = {(const uint8_t *)query, sizeof query - 1};
    assert_memory_equal(srs_rtmp_param_find(span, "a").bytes, "1", 1);
    assert_int_equal(srs_rtmp_param_find(span, "bb").size, 2);
    assert_int_equal(srs_rtmp_param_find(span, "c").size, 0);
    assert_null(srs_rtmp_param_find(span, "b").bytes);
    assert_null(srs_rtmp_param_find(span, "d").bytes);
    assert_null(srs_rtmp_param_find((struct srs_span){NULL, 0}, "a").bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url_given_address_then_parts),
        cmocka_unit_test(test_url_given_malformed_then_error_and_nothing_owned),
        cmocka_unit_test(test_url_given_names_at_and_above_512_then_limit),
        cmocka_unit_test(test_url_given_no_application_then_the_default),
        cmocka_unit_test(test_param_find_given_query_then_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
