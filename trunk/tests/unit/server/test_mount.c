// Mount patterns: which paths they stand for, and what of a path is app and stream.
#include "server/flv/mount.h"
#include "test.h"

static void test_mount_given_patterns_then_matches(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *pattern;
        const char *host;
        const char *path;
        const char *app; // NULL: no match
        const char *stream;
        const char *vhost;
    } rows[] = {
        {"default", "[vhost]/[app]/[stream].flv", "a.b", "/live/s.flv", "live", "s", ""},
        {"any host", "[vhost]/[app]/[stream].flv", "", "/live/s.flv", "live", "s", ""},
        {"app of levels", "[vhost]/[app]/[stream].flv", "a", "/x/y/z/s.flv", "x/y/z", "s", ""},
        {"dots", "[vhost]/[app]/[stream].flv", "a", "/live/s.flv.flv", "live", "s.flv", ""},
        {"other extension", "[vhost]/[app]/[stream].flv", "a", "/live/s.ts", NULL, "", ""},
        {"nothing behind", "[vhost]/[app]/[stream].flv", "a", "/live/s.flv/", NULL, "", ""},
        {"no app", "[vhost]/[app]/[stream].flv", "a", "/s.flv", NULL, "", ""},
        {"empty app", "[vhost]/[app]/[stream].flv", "a", "//s.flv", NULL, "", ""},
        {"empty stream", "[vhost]/[app]/[stream].flv", "a", "/live/.flv", NULL, "", ""},
        {"empty path", "[vhost]/[app]/[stream].flv", "a", "", NULL, "", ""},
        {"root", "[vhost]/[app]/[stream].flv", "a", "/", NULL, "", ""},
        {"traversal is text", "[vhost]/[app]/[stream].flv", "a", "/../../etc/passwd.flv",
         "../../etc", "passwd", ""},
        {"pattern's own letters", "[vhost]/[app]/[stream].flv", "a", "/[app]/[stream].flv", "[app]",
         "[stream]", ""},
        {"host", "a.b/[app]/[stream].flv", "a.b", "/live/s.flv", "live", "s", ""},
        {"host in capitals", "a.b/[app]/[stream].flv", "A.B", "/live/s.flv", "live", "s", ""},
        {"pattern in capitals", "A.b/[app]/[stream].flv", "a.b", "/live/s.flv", "live", "s", ""},
        {"path in capitals", "a.b/live[app]/[stream].flv", "a.b", "/LIVEx/s.flv", NULL, "", ""},
        {"another host", "a.b/[app]/[stream].flv", "a.c", "/live/s.flv", NULL, "", ""},
        {"longer host", "a.b/[app]/[stream].flv", "a.bc", "/live/s.flv", NULL, "", ""},
        {"shorter host", "a.b/[app]/[stream].flv", "a.", "/live/s.flv", NULL, "", ""},
        {"no host", "/[app]/[stream].flv", "a.b", "/live/s.flv", "live", "s", ""},
        {"vhost in the path", "/[vhost]/[app]/[stream].flv", "h", "/v/live/s.flv", "live", "s",
         "v"},
        {"stream first", "/[stream]/of/[app].flv", "h", "/s/of/live.flv", "live", "s", ""},
        {"app first, text between", "/[app]-[stream]", "h", "/a-b-c", "a-b", "c", ""},
        {"app twice", "/[app]/x/[app]/[stream]", "h", "/l/x/l/s", "l", "s", ""},
        {"app twice, not the same", "/[app]/x/[app]/[stream]", "h", "/l/x/m/s", NULL, "", ""},
        {"app twice in levels", "/[app]/[app]/[stream]", "h", "/a/b/a/b/s", "a/b", "s", ""},
        {"literal between", "/hls/[app]/[stream].flv", "h", "/hls/live/s.flv", "live", "s", ""},
        {"literal missing", "/hls/[app]/[stream].flv", "h", "/flv/live/s.flv", NULL, "", ""},
        {"no slash", "[app]-[stream]", "h", "/live/s.flv", NULL, "", ""},
        {"empty pattern", "", "h", "/live/s.flv", NULL, "", ""},
        {"no stream", "[vhost]/[app].flv", "h", "/live.flv", NULL, "", ""},
        {"no app in it", "[vhost]/live/[stream].flv", "h", "/live/s.flv", NULL, "", ""},
        {"unknown variable is text", "/[app]/[param]/[stream]", "h", "/l/[param]/s", "l", "s", ""},
        {"open bracket", "/[app]/[stream", "h", "/l/[stream", NULL, "", ""},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_mount_match match = {"kept", "kept", "kept"};
        bool matches = srs_mount_match(rows[i].pattern, rows[i].host, rows[i].path, &match);
        if (matches != (rows[i].app != NULL))
            fail_msg("%s: %d", rows[i].why, matches);
        if (!matches) {
            assert_string_equal(match.app, "kept");
            continue;
        }
        if (strcmp(match.app, rows[i].app) != 0 || strcmp(match.stream, rows[i].stream) != 0 ||
            strcmp(match.vhost, rows[i].vhost) != 0)
            fail_msg("%s: app %s stream %s vhost %s", rows[i].why, match.app, match.stream,
                     match.vhost);
    }
}

static void test_mount_given_long_names_then_matched_up_to_the_limit(void **state)
{
    (void)state;
    struct srs_mount_match match;
    char path[2 * SRS_MOUNT_NAME_MAX + 16];
    for (int more = 0; more < 4; more++) {
        size_t app = SRS_MOUNT_NAME_MAX - 1 + (more & 1);
        size_t stream = SRS_MOUNT_NAME_MAX - 1 + (more >> 1);
        memset(path, 'x', sizeof path);
        path[0] = path[1 + app] = '/';
        strcpy(path + 2 + app + stream, ".flv");
        bool matches = srs_mount_match("[vhost]/[app]/[stream].flv", "h", path, &match);
        assert_int_equal(matches, more == 0);
        if (matches)
            assert_int_equal(strlen(match.app) + strlen(match.stream), app + stream);
    }
}

static void test_mount_given_prefixes_then_what_lies_below(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *host;
        const char *path;
        int size; // -1: no match
    } rows[] = {
        {"[vhost]/", "a.b", "/", 1},
        {"[vhost]/", "a.b", "/x/y", 1},
        {"[vhost]", "a.b", "/x", 1},
        {"/", "", "/x", 1},
        {"", "a.b", "/x", 1},
        {"a.b/", "a.b", "/x", 1},
        {"A.b/", "a.B", "/x", 1},
        {"a.b/", "a.c", "/x", -1},
        {"a.b", "a.c", "/x", -1},
        {"[vhost]/vod/", "a", "/vod/x", 5},
        {"[vhost]/vod", "a", "/vod/x", 5},
        {"[vhost]/vod/", "a", "/vod", 4},
        {"[vhost]/vod/", "a", "/vod/", 5},
        {"[vhost]/vod/", "a", "/vodka", -1},
        {"[vhost]/vod/", "a", "/Vod/x", -1},
        {"[vhost]/vod/", "a", "/", -1},
        {"[vhost]/v/w/", "a", "/v/w/x", 5},
        {"[vhost]/v/w/", "a", "/v/x", -1},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        size_t size = 77;
        bool match = srs_mount_prefix(rows[i].pattern, rows[i].host, rows[i].path, &size);
        if (match != (rows[i].size >= 0) || size != (size_t)(match ? rows[i].size : 77))
            fail_msg("%s %s%s: %zu", rows[i].pattern, rows[i].host, rows[i].path, size);
    }
}

static void test_mount_given_requests_then_their_host(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *query;
        const char *want;
        srs_err err;
    } rows[] = {
        {"a.b", "", "a.b", SRS_OK},
        {"a.b:8080", "", "a.b", SRS_OK},
        {"[::1]:80", "", "[::1]", SRS_OK},
        {"", "", "", SRS_OK},
        {"a.b", "vhost=c", "c", SRS_OK},
        {"a.b", "x=1&vhost=c%2Ed", "c.d", SRS_OK},
        {"a.b", "vhost=%", "", SRS_E_HTTP_URL_UNESCAPE},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_http_request request = {.host = rows[i].host, .query = rows[i].query};
        char host[SRS_MOUNT_NAME_MAX];
        assert_err(rows[i].err, srs_mount_host(&request, host), rows[i].query);
        if (!rows[i].err)
            assert_string_equal(host, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mount_given_patterns_then_matches),
        cmocka_unit_test(test_mount_given_prefixes_then_what_lies_below),
        cmocka_unit_test(test_mount_given_requests_then_their_host),
        cmocka_unit_test(test_mount_given_long_names_then_matched_up_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
