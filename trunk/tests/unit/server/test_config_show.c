// What a snapshot says of itself: all that has an effect, as the text of a file that means the same
// again, without secrets; and where a configuration is wrong.
#include "config_files.h"
#include "server/config/compare.h"
#include "server/config/show.h"

enum { PRINT_MAX = 64 * 1024 };

static char *print(const struct srs_config *config)
{
    static char text[PRINT_MAX];
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_config_print_root(config, config, &out, PRINT_MAX - 1), "root");
    for (size_t i = 0; i < config->vhost_count; i++)
        assert_err(SRS_OK, srs_config_print_vhost(&config->vhosts[i], &out, PRINT_MAX - 1),
                   "vhost");
    memcpy(text, srs_buf_span(&out).bytes, srs_buf_size(&out));
    text[srs_buf_size(&out)] = '\0';
    srs_buf_fini(&out);
    return text;
}

static void note_difference(void *arg, const struct srs_directive *row, const char *vhost)
{
    char path[SRS_DIRECTIVE_PATH];
    (void)arg;
    srs_directive_path(row, path);
    fail_msg("%s of %s is another one", path, vhost != NULL ? vhost : "the file");
}

static void test_show_given_values_then_their_text_means_the_same(void **state)
{
    static const char *const texts[] = {
        "rtmp { listen 1935; } vhost __defaultVhost__ {}",
        "rtmp { listen 1935; } vhost 'a b;{#' { chunk_size 4096; }",
        ("rtmp { listen 127.0.0.1:1935 [::1]:1936 1937; chunk_size 128; }\n"
         "max_connections 17; max_connections_per_ip 3; media_memory 1048577; send_timeout 7;\n"
         "proxy_from none; server_id a-b.c; srs_log_level_v2 warn; grace_start_wait 1;\n"
         "http_api { enabled on; listen 1985 127.0.0.1:1986; crossdomain off; raw_api { enabled "
         "on; "
         "allow_reload on; } }\n"
         "http_server { enabled on; dir \"/a b/c;d\"; }\n"
         "vhost a.com { enabled off; chunk_size 4096; }\n"
         "vhost b.com { min_latency on; play { gop_cache off; mw_latency 17; queue_length 3; "
         "send_min_interval 10.5; time_jitter zero; } publish { firstpkt_timeout 1234; } "
         "forward { enabled on; destination 1.2.3.4:1 h.example; } http_remux { enabled on; mount "
         "'[vhost]/x\"y/[app]/[stream].flv'; } }\n"),
        ("rtmp { listen 1935; } proxy_from 10.0.0.0/8 2001:db8::/32 1.2.3.4; "
         "pid /x; vhost v { http_static { enabled on; mount [vhost]/a; dir ./x; } }"),
    };
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        struct srs_config *config = config_must(*state, texts[i], NULL);
        char *first = strdup(print(config));
        struct srs_config *again = config_must(*state, first, NULL);
        srs_config_compare(config, again, note_difference, NULL);
        assert_int_equal(config->vhost_count, again->vhost_count);
        assert_string_equal(first, print(again));
        free(first);
        srs_config_unref(again);
        srs_config_unref(config);
    }
}

static void test_show_given_the_built_in_profile_then_what_follows_from_the_machine(void **state)
{
    struct srs_config *config = NULL;
    const struct srs_config_args args = {.descriptors = 20000, .memory = (uint64_t)4 << 30};
    (void)state;
    assert_err(SRS_OK, srs_config_load(&args, &config), "built-in");
    const char *text = print(config);
    assert_non_null(strstr(text, "max_connections 15904;\n"));
    assert_non_null(strstr(text, "media_memory 1073741824;\n"));
    assert_non_null(strstr(text, "daemon off;\n"));
    assert_non_null(strstr(text, "pid \"\";\n"));
    assert_non_null(strstr(text, "vhost __defaultVhost__ {\n    enabled on;\n"));
    assert_non_null(strstr(text, "        send_buffer auto;\n"));
    srs_config_unref(config);
}

static void test_show_given_a_reload_then_what_only_a_start_changes_is_of_the_start(void **state)
{
    struct srs_buf out = {0};
    struct srs_config *start = config_must(*state, "pid ./a.pid; send_timeout 7; vhost v {}", NULL);
    struct srs_config *config =
        config_must(*state, "pid ./b.pid; send_timeout 8; srs_log_file ./x.log; vhost v {}", NULL);
    assert_err(SRS_OK, srs_config_print_root(config, start, &out, PRINT_MAX), "root");
    assert_err(SRS_OK, srs_buf_append(&out, "", 1, PRINT_MAX), "end");
    const char *text = (const char *)srs_buf_span(&out).bytes;
    assert_non_null(strstr(text, "pid ./a.pid;"));
    assert_non_null(strstr(text, "srs_log_file ./objs/srs.log;"));
    assert_non_null(strstr(text, "send_timeout 8;"));
    srs_buf_fini(&out);
    srs_config_unref(config);
    srs_config_unref(start);
}

static void test_show_given_secrets_then_masked(void **state)
{
    struct srs_config *config = config_must(
        *state,
        "rtmp { listen 1935; } http_api { enabled on; auth { enabled on; type bearer; username "
        "SeCrEt1; password SeCrEt2; token SeCrEt3; } } vhost v {}",
        NULL);
    const char *text = print(config);
    assert_null(strstr(text, "SeCrEt"));
    assert_non_null(strstr(text, "username ***;"));
    assert_non_null(strstr(text, "password ***;"));
    assert_non_null(strstr(text, "token ***;"));
    assert_non_null(strstr(text, "type bearer;"));
    srs_config_unref(config);
}

static void test_show_given_words_then_urls_lose_what_opens_them(void **state)
{
    static const struct {
        const char *word;
        const char *want;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"http://h/a/b", "http://h/a/b"},
        {"http://h:80/a?token=x", "http://h:80/a?***"},
        {"https://u:p@h/a", "https://***@h/a"},
        {"https://u:p@h/a?b#c", "https://***@h/a?***"},
        {"https://u:p@q@h/a", "https://***@h/a"},
        {"https://h?x", "https://h?***"},
        {"https://h#x", "https://h?***"},
        {"https://h/a@b", "https://h/a@b"},
        {"http://", "http://"},
        {"rtmp://h/app/key", "rtmp://h/app/***"},
        {"rtmps://h/app/key?k=v", "rtmps://h/app/***?***"},
        {"rtmp://h/app/[stream]", "rtmp://h/app/[stream]"},
        {"rtmp://h/app/[stream]?vhost=v", "rtmp://h/app/[stream]?***"},
        {"rtmp://h", "rtmp://h"},
        {"rtmp://h/", "rtmp://h/"},
        {"srt://h:1?streamid=x", "srt://h:1?***"},
    };
    char masked[SRS_CONFIG_MASKED];
    char longer[2 * SRS_CONFIG_MASKED] = "http://h/";
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_string_equal(srs_config_masked(rows[i].word, masked), rows[i].want);
    memset(longer + 9, 'a', sizeof longer - 10);
    assert_int_equal(strlen(srs_config_masked(longer, masked)), SRS_CONFIG_MASKED - 1);
}

static void test_show_given_little_room_then_limit(void **state)
{
    struct srs_buf out = {0};
    struct srs_config *config = config_must(*state, "rtmp { listen 1; } vhost v {}", NULL);
    assert_err(SRS_E_LIMIT, srs_config_print_root(config, config, &out, 100), "root");
    assert_true(srs_buf_size(&out) <= 100);
    srs_buf_fini(&out);
    assert_err(SRS_E_LIMIT, srs_config_print_vhost(config->vhosts, &out, 100), "vhost");
    srs_buf_fini(&out);
    srs_config_unref(config);
}

// --- a text in the place of a file ---------------------------------------------------------------

#define LONG32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG   LONG32 LONG32 LONG32 LONG32 LONG32 LONG32 LONG32 LONG32 "a"

static void test_text_given_faults_then_their_place_and_the_name_that_was_meant(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        int line;
        const char *directive;
        const char *nearest;
        const char *story;
    } rows[] = {
        {"misspelt", "daemon off;\nhttp_apii {}\n", 2, "http_apii", "http_api", "did you mean"},
        {"misspelt in a block", "http_api {\n enabledd on;\n}", 2, "enabledd", "enabled", ""},
        {"nothing like it", "rtmp { listen 1; }\n\nzzzzzzzzzzzz 1;\n", 3, "zzzzzzzzzzzz", "",
         "unknown directive"},
        {"no end", "daemon off", 1, "", "", "is a ; missing"},
        {"value", "max_connections 0;", 1, "max_connections", "", "want 1 to"},
        {"rule", "vhost v {\n security {\n deny foo all;\n }\n}", 3, "deny", "", "want publish"},
        {"destination", "vhost v {\n forward {\n enabled on;\n\n destination a:b:c;\n }\n}", 5,
         "destination", "", "forward.destination"},
        {"destinations in the old way", "vhost v {\n forward a:0;\n}", 2, "destination", "", ""},
        {"backend", "vhost v {\n forward { enabled on;\n backend x; } }", 3, "backend", "",
         "no URL"},
        {"idle", "vhost v {\n forward x;\n publish {\n kickoff_for_idle 1; } }", 4,
         "kickoff_for_idle", "", "in one vhost"},
        {"hook", "vhost v {\n http_hooks { enabled on;\n on_play http://a;\n on_stop x; } }", 4,
         "on_stop", "", "no URL"},
        {"hooks",
         "vhost v {\n http_hooks { enabled on;\n on_play a a a a a a a a a a a a a a a a a;}}", 3,
         "on_play", "", "more than 16"},
        {"mount", "vhost v {\n hls { enabled on; }\n http_remux { enabled on;\n mount a.ts; } }", 4,
         "mount", "", ".ts in one vhost"},
        {"the second vhost", "vhost v {}\nvhost w {\n forward a:0; }", 3, "destination", "", ""},
        {"id", "\nserver_id a/b;", 2, "server_id", "", "up to"},
        {"group", "\ngroup daemon;", 2, "group", "", "without user"},
        {"full", "\nis_full on;", 2, "is_full", "", ""},
        {"process", "daemon on;\nasprocess on;", 2, "asprocess", "", "both on"},
        {"connections", "\nmax_connections 1000000;", 2, "max_connections", "", "do not fit"},
        {"network", "stats {\n network 99;\n}", 2, "network", "", "has 2 addresses"},
        {"https", "http_api {\n https {\n enabled on; } }", 3, "enabled", "", "http_api is off"},
        {"https ports",
         "http_api { enabled on; listen 1; https { enabled on; listen 9; } }\n"
         "http_server { enabled on; listen 2; https { enabled on;\n listen 9; } }",
         3, "listen", "", "share the HTTPS port"},
        {"ports", "rtmp { listen 5; }\nrtmps { enabled on;\n listen 5; }", 3, "listen", "", "both"},
        {"a password", "http_api { auth { enabled on; username a;\n password " LONG "; } }", 2,
         "password", "", "more than 256"},
        {"keys", "rtmps { enabled on; listen 1;\n key a b; }", 2, "key", "", "rtmps.key 2"},
        {"certificates", "rtmps { enabled on; listen 1;\n cert a b; }", 2, "cert", "",
         "rtmps.key 1"},
        {"many certificates",
         "rtmps { enabled on; listen 1; key a b c d e f g h i j k l m n o p q;\n"
         " cert a b c d e f g h i j k l m n o p q; }",
         2, "cert", "", "more than 16"},
        {"name server", "\nname_servers ::1 b;", 2, "name_servers", "", "no address"},
        {"name servers", "\nname_servers a a a a a a a a a;", 2, "name_servers", "", "more than 8"},
        {"heartbeat", "heartbeat { enabled on;\n url nowhere; }", 2, "url", "", "is no URL"},
        {"ids", "rtmp{listen 1;}\nvhost v {\n ingest a {}\n ingest a {}\n}", 4, "ingest", "",
         "a second ingest"},
        {"include", "rtmp {\n include /etc/passwd;\n}", 2, "", "", "not included from here"},
    };
    char story[512];
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_config *config = NULL;
        struct srs_config_fault fault = {.line = 0};
        const struct srs_config_args args = {.text = rows[i].text,
                                             .text_size = strlen(rows[i].text),
                                             .descriptors = 20000,
                                             .addresses = 2,
                                             .fault = &fault};
        srs_err err = srs_config_load(&args, &config);
        srs_err_format(err, story, sizeof story);
        if (strstr(story, rows[i].story) == NULL)
            fail_msg("%s: %s", rows[i].why, story);
        assert_err(SRS_E_SYSTEM_CONFIG_INVALID, err, rows[i].why);
        if (fault.line != rows[i].line)
            fail_msg("%s: line %d", rows[i].why, fault.line);
        assert_string_equal(fault.directive, rows[i].directive);
        assert_string_equal(fault.nearest, rows[i].nearest);
        if (rows[i].line > 0)
            assert_string_equal(fault.source, "the posted text");
    }
}

// The path of a stream lets one publish it.
static void test_text_given_keys_at_wrong_places_then_not_told(void **state)
{
    static const char *const texts[] = {
        "vhost v { forward rtmp://h/live2/KEY; }",
        "vhost v { forward rtmps://h:443/live2/KEY; }",
        "vhost v { forward h/KEY; }",
        "vhost v { forward rtmp:/h/live2/KEY; }",
        "vhost v { forward KEY@h:0; }",
        "vhost v { forward rtmp://KEY/KEY@h/a; }",
        "vhost v { forward { enabled on; destination h; rtmp://h/KEY; } }",
        "vhost v { forward { enabled on; destination h; rtmp://h/KEY } }",
        "vhost v { forward { enabled on; backend rtmp://h/live2/KEY; } }",
        "vhost v { http_hooks { enabled on; on_play rtmp://h/live2/KEY; } }",
        "vhost v { http_hooks { enabled on; on_play ftp://u:KEY@h/?KEY; } }",
        "vhost v { security { deny rtmp://h/KEY all; } }",
        "vhost v { security { deny play rtmp://h/KEY; } }",
        "heartbeat { enabled on; url rtmp://h/live2/KEY; }",
        "rtmp { listen rtmp://h/live2/KEY; }",
        "name_servers rtmp://h/live2/KEY;",
        "proxy_from rtmp://h/live2/KEY;",
    };
    char story[512];
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        struct srs_config *config = NULL;
        struct srs_config_fault fault = {.line = 0};
        const struct srs_config_args args = {
            .text = texts[i], .text_size = strlen(texts[i]), .fault = &fault};
        srs_err err = srs_config_load(&args, &config);
        srs_err_format(err, story, sizeof story);
        assert_err(SRS_E_SYSTEM_CONFIG_INVALID, err, texts[i]);
        if (strstr(story, "KEY") != NULL || strstr(fault.directive, "KEY") != NULL)
            fail_msg("%s: %s, %s", texts[i], story, fault.directive);
    }
}

static void test_text_given_a_good_one_then_a_snapshot_with_its_notes(void **state)
{
    static const char text[] = "rtmp { listen 1; } vhost v { hls { enabled on; } }";
    struct srs_config *config = NULL;
    struct srs_config_fault fault = {.line = 0};
    const struct srs_config_args args = {
        .text = text, .text_size = strlen(text), .fault = &fault, .file = "/nowhere"};
    (void)state;
    assert_err(SRS_OK, srs_config_load(&args, &config), "good");
    assert_false(fault.told);
    assert_int_equal(config->profile, SRS_CONFIG_FILE);
    assert_int_equal(config_notes_with(config, "hls.enabled"), 1);
    assert_int_equal(config->files.count, 0);
    srs_config_unref(config);
}

static void test_file_given_includes_then_all_their_paths(void **state)
{
    const struct config_files *files = *state;
    char text[256];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/more.conf", files->directory);
    (void)snprintf(text, sizeof text, "rtmp { listen 1; } include %s; vhost v {}", path);
    config_write(path, "daemon off;");
    struct srs_config *config = config_must(files, text, NULL);
    assert_int_equal(config->files.count, 2);
    assert_string_equal(config->files.items[0], files->path);
    assert_string_equal(config->files.items[1], path);
    srs_config_unref(config);
    (void)unlink(path);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, config_files_setup, config_files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_show_given_values_then_their_text_means_the_same),
        CASE(test_show_given_the_built_in_profile_then_what_follows_from_the_machine),
        CASE(test_show_given_a_reload_then_what_only_a_start_changes_is_of_the_start),
        CASE(test_show_given_secrets_then_masked),
        CASE(test_show_given_words_then_urls_lose_what_opens_them),
        CASE(test_show_given_little_room_then_limit),
        CASE(test_text_given_faults_then_their_place_and_the_name_that_was_meant),
        CASE(test_text_given_keys_at_wrong_places_then_not_told),
        CASE(test_text_given_a_good_one_then_a_snapshot_with_its_notes),
        CASE(test_file_given_includes_then_all_their_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
