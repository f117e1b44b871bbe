// Profiles, snapshots, old spellings, unknown directives, the environment as a whole, and what must
// fit together.
#include "config_files.h"
#include "server/config/parse.h"
#include "server/config/steps.h"

enum { LIMIT = 20000 };

static struct srs_config *load_profile(const char *file, bool env_only, const char *variables)
{
    struct config_words env;
    struct srs_config *config = NULL;
    const struct srs_config_args args = {.file = file,
                                         .env_only = env_only,
                                         .environ = config_words(&env, variables),
                                         .descriptors = LIMIT,
                                         .memory = (uint64_t)4 << 30};
    assert_err(SRS_OK, srs_config_load(&args, &config), variables);
    return config;
}

// Profiles

static void test_profile_given_nothing_then_built_in(void **state)
{
    (void)state;
    struct srs_config *config = load_profile(NULL, false, "HOME=/root|PATH=/bin|SRS_EMPTY=");
    assert_int_equal(config->profile, SRS_CONFIG_BUILTIN);
    assert_false(config->daemon);
    assert_int_equal(config->log.tank, SRS_CONFIG_TANK_CONSOLE);
    assert_int_equal(config->log.level, SRS_CONFIG_LEVEL_INFO);
    assert_int_equal(config->max_connections, LIMIT - 4096);
    assert_int_equal(config->media_memory, (int64_t)1 << 30);
    assert_int_equal(config->rtmp_listen.count, 1);
    assert_int_equal(config->rtmp_listen.items[0].port, 1935);
    assert_true(config->http_api.enabled && config->http_server.enabled);
    assert_int_equal(config->http_api.listen.items[0].port, 1985);
    assert_int_equal(config->http_server.listen.items[0].port, 8080);
    assert_true(srs_config_vhost_find(config, "any.name")->http_remux.enabled);
    assert_int_equal(config->note_count, 0);
    srs_config_unref(config);
}

static void test_profile_given_descriptor_limits_then_built_in_connections(void **state)
{
    (void)state;
    static const struct {
        uint64_t descriptors;
        int64_t want;
        size_t files;
    } limits[] = {
        {0, 1000, 1024},       {1024, 768, 64},         {256, 128, 32},
        {100, 50, 16},         {4096, 3072, 256},       {65536, 61440, 1024},
        {104000, 99904, 1024}, {1048576, 100000, 1024}, {UINT64_MAX, 100000, 1024},
    };
    for (size_t i = 0; i < SRS_COUNT(limits); i++) {
        struct srs_config *config = NULL;
        const struct srs_config_args args = {.descriptors = limits[i].descriptors};
        assert_err(SRS_OK, srs_config_load(&args, &config), "built-in");
        assert_int_equal(config->max_connections, limits[i].want);
        assert_int_equal(config->files_max, limits[i].files);
        assert_true(config->media_memory > 0); // asked of the system
        srs_config_unref(config);
    }
}

static void assert_same_tree(const struct srs_config_node *a, const struct srs_config_node *b)
{
    struct srs_list *other = b->children.next;
    srs_list_each (link, &a->children) {
        const struct srs_config_node *x = srs_config_node_at(link);
        assert_true(other != &b->children);
        const struct srs_config_node *y = srs_config_node_at(other);
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->block, y->block);
        assert_int_equal(x->arg_count, y->arg_count);
        for (size_t i = 0; i < x->arg_count; i++)
            assert_string_equal(x->args[i], y->args[i]);
        assert_same_tree(x, y);
        other = other->next;
    }
    assert_true(other == &b->children);
}

static void test_profile_given_srs_conf_then_equal_to_built_in(void **state)
{
    (void)state;
    struct srs_config_tree file;
    struct srs_config_tree text;
    srs_config_tree_init(&file);
    srs_config_tree_init(&text);
    assert_err(SRS_OK, srs_config_parse_file(&file, "trunk/conf/srs.conf"), "file");
    assert_err(SRS_OK,
               srs_config_parse_text(&text, "t", srs_config_builtin, strlen(srs_config_builtin), 0),
               "text");
    assert_same_tree(&file.root, &text.root);
    srs_config_tree_fini(&file);
    srs_config_tree_fini(&text);

    struct srs_config *one = load_profile("trunk/conf/srs.conf", false, "");
    struct srs_config *two = load_profile(NULL, false, "");
    assert_int_equal(one->profile, SRS_CONFIG_FILE);
    assert_int_equal(one->max_connections, two->max_connections);
    assert_int_equal(one->daemon, two->daemon);
    assert_int_equal(one->log.tank, two->log.tank);
    assert_int_equal(one->note_count, 0);
    assert_memory_equal(&one->rtmp_listen, &two->rtmp_listen, sizeof one->rtmp_listen);
    srs_config_unref(one);
    srs_config_unref(two);
}

static void test_profile_given_listen_variable_alone_then_one_port(void **state)
{
    (void)state;
    struct srs_config *config = load_profile(NULL, false, "SRS_LISTEN=19350");
    assert_int_equal(config->profile, SRS_CONFIG_ENVIRONMENT);
    assert_int_equal(config->rtmp_listen.count, 1);
    assert_int_equal(config->rtmp_listen.items[0].port, 19350);
    assert_false(config->http_api.enabled);
    assert_false(config->http_server.enabled);
    assert_false(config->daemon);
    assert_int_equal(config->log.tank, SRS_CONFIG_TANK_CONSOLE);
    assert_int_equal(config->max_connections, 1000);
    assert_non_null(srs_config_vhost_find(config, "a"));
    assert_int_equal(config->note_count, 0);
    srs_config_unref(config);
}

static void test_profile_given_env_only_then_no_file_is_read(void **state)
{
    (void)state;
    struct srs_config *config = load_profile("/nowhere", true, "");
    assert_int_equal(config->profile, SRS_CONFIG_ENVIRONMENT);
    assert_int_equal(config->rtmp_listen.count, 0);
    assert_int_equal(config_notes_with(config, "no listen"), 1);
    srs_config_unref(config);
    config = load_profile("/nowhere", false, "SRS_ENV_ONLY=off|SRS_CONFIG_FILE=/nowhere");
    assert_int_equal(config->profile, SRS_CONFIG_ENVIRONMENT);
    srs_config_unref(config);
    config = load_profile(NULL, false, "SRS_ENV_ONLY=on|SRS_LISTEN=1");
    assert_int_equal(config->note_count, 0); // what chooses is no directive
    srs_config_unref(config);
    config = load_profile(NULL, false, "SRS_ENV_ONLYX=on");
    assert_int_equal(config_notes_with(config, "SRS_ENV_ONLYX is not known"), 1);
    srs_config_unref(config);
    config = load_profile(NULL, true, "SRS_DAEMON=on|SRS_LOG_TANK=file");
    assert_true(config->daemon);
    assert_int_equal(config->log.tank, SRS_CONFIG_TANK_FILE);
    srs_config_unref(config);
}

static void test_profile_given_file_then_published_defaults(void **state)
{
    struct srs_config *config = config_must(*state, "", NULL);
    assert_int_equal(config->profile, SRS_CONFIG_FILE);
    assert_true(config->daemon);
    assert_int_equal(config_notes_with(config, "no vhost"), 1);
    assert_int_equal(config_notes_with(config, "no listen"), 1);
    assert_null(srs_config_vhost_find(config, "__defaultVhost__"));
    srs_config_unref(config);
}

static void test_profile_given_file_variable_then_it_goes_before_the_argument(void **state)
{
    const struct config_files *files = *state;
    char variable[128];
    config_write(files->path, "max_connections 77;");
    (void)snprintf(variable, sizeof variable, "SRS_CONFIG_FILE=%s", files->path);
    struct srs_config *config = load_profile("/nowhere", false, variable);
    assert_int_equal(config->profile, SRS_CONFIG_FILE);
    assert_int_equal(config->max_connections, 77);
    srs_config_unref(config);
}

static void test_config_given_missing_file_then_bad_configuration(void **state)
{
    (void)state;
    struct srs_config *config = NULL;
    const struct srs_config_args args = {.file = "/nowhere/srs.conf"};
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, srs_config_load(&args, &config), "no file");
    assert_null(config);
}

// Snapshot

static void test_config_given_references_then_lives_until_the_last(void **state)
{
    struct srs_config *config = config_must(*state, "vhost a.b { }", NULL);
    assert_int_equal(srs_live_count(SRS_LIVE_CONFIG), 1);
    struct srs_config *second = srs_config_ref(config);
    srs_config_unref(config);
    assert_int_equal(srs_live_count(SRS_LIVE_CONFIG), 1);
    assert_string_equal(second->vhosts[0].name, "a.b");
    srs_config_unref(second);
    srs_config_unref(NULL);
    assert_int_equal(srs_live_count(SRS_LIVE_CONFIG), 0);
}

static void test_vhost_find_given_name_then_exact_else_default(void **state)
{
    struct srs_config *config = config_must(
        *state,
        "vhost b { tcp_nodelay on; } vhost __defaultVhost__ {} vhost a { enabled off; } "
        "vhost b { min_latency on; }",
        NULL);
    assert_int_equal(config->vhost_count, 3);
    assert_string_equal(srs_config_vhost_find(config, "a")->name, "a");
    assert_false(srs_config_vhost_find(config, "a")->enabled);
    assert_true(srs_config_vhost_find(config, "b")->tcp_nodelay);
    assert_false(srs_config_vhost_find(config, "b")->min_latency); // the first b counts
    assert_int_equal(config_notes_with(config, "vhost again at line 1"), 1);
    assert_string_equal(srs_config_vhost_find(config, "B")->name, "b");
    assert_string_equal(srs_config_vhost_find(config, "c")->name, "__defaultVhost__");
    assert_string_equal(srs_config_vhost_find(config, "")->name, "__defaultVhost__");
    srs_config_unref(config);
}

static void test_vhost_given_no_chunk_size_then_that_of_rtmp(void **state)
{
    struct srs_config *config = config_must(
        *state, "rtmp { chunk_size 200; } vhost a { } vhost b { chunk_size 300; }", NULL);
    assert_int_equal(srs_config_vhost_find(config, "a")->chunk_size, 200);
    assert_int_equal(srs_config_vhost_find(config, "b")->chunk_size, 300);
    srs_config_unref(config);
}

static void test_config_given_both_levels_then_second_form_goes_first(void **state)
{
    struct srs_config *config =
        config_must(*state, "srs_log_level error; srs_log_level_v2 debug;", NULL);
    assert_int_equal(config->log.level, SRS_CONFIG_LEVEL_DEBUG);
    srs_config_unref(config);
    config = config_must(*state, "srs_log_level error;", NULL);
    assert_int_equal(config->log.level, SRS_CONFIG_LEVEL_ERROR);
    srs_config_unref(config);
}

static void test_config_given_no_memory_then_error_and_no_leak(void **state)
{
    const struct config_files *files = *state;
    struct config_words env;
    static const char text[] = "listen 1; vhost a { gop_cache off; forward x; ingest i {} "
                               "ingest j {} } rtc_server { candidate $HOST; }";
    unsigned failures = 0;
    config_write(files->path, text);
    for (unsigned n = 1; n < 1000; n++, failures++) {
        struct srs_config *config = NULL;
        const struct srs_config_args args = {
            .file = files->path, .environ = config_words(&env, "SRS_LISTEN=1 2|HOST=h")};
        srs_mem_fail_after(n);
        srs_err err = srs_config_load(&args, &config);
        srs_mem_fail_after(0);
        if (err == SRS_OK) { // a note may be missing; then all was well, or only that failed
            bool whole = config->notes_dropped == 0;
            srs_config_unref(config);
            if (whole)
                break;
            continue;
        }
        assert_err(SRS_E_NO_MEMORY, err, "n-th allocation");
        assert_int_equal(srs_live_count(SRS_LIVE_CONFIG), 0);
    }
    assert_in_range(failures, 30, 200);
}

// Directives at their place

static void test_config_given_wrong_directive_then_place_and_suggestion(void **state)
{
    static const struct {
        const char *text;
        const char *place;
        const char *reason;
    } wrong[] = {
        {"\n\nmax_conections 1;", "line 3 of ",
         "unknown directive \"max_conections\" : did you mean \"max_connections\"?"},
        {"vhost v {\n play {\n gop_cach on;\n}}", "line 3 of ",
         "unknown directive \"gop_cach\" in vhost.play : did you mean \"gop_cache\"?"},
        {"vhost v {\n hls {\n gop_cache on; } }", "line 3 of ",
         "unknown directive \"gop_cache\" in vhost.hls"},
        {"gop_cache on;", "line 1 of ", "unknown directive \"gop_cache\""},
        {"a\001b on;", "line 1 of ", "unknown directive \"a?b\""},
        {"vhost v { vhost w { } }", "line 1 of ", "unknown directive \"vhost\" in vhost"},
        {"vhost { }", "line 1 of ", "block \"vhost\" needs a name"},
        {"vhost \"\" { }", "line 1 of ", "block \"vhost\" needs a name"},
        {"vhost v;", "line 1 of ", "directive \"vhost\" needs a block"},
        {"vhost v { ingest { }\ningest { } }", "line 2 of ", "a second ingest \"\""},
        {"http_api on;", "line 1 of ", "directive \"http_api\" needs a block"},
        {"daemon { }", "line 1 of ", "directive \"daemon\" takes no block"},
        {"listen 1;\nlisten x;", "line 2 of ", "rtmp.listen : endpoint \"x\" has no port"},
        {"vhost v {\nhttp_remux { }\nhttp_remux { } }", "line 3 of ", "a second http_remux"},
        {"vhost v { ingest b { }\ningest a { }\ningest b { } }", "line 3 of ",
         "a second ingest \"b\""},
        {"vhost v { mr { other 1; } }", "line 1 of ", "unknown directive \"other\" in vhost.mr"},
        {"vhost v { transcode { engine { vcodek x; } } }", "line 1 of ",
         "did you mean \"vcodec\"?"},
        {"srt_server { listen localhost:80; }", "line 1 of ", "address must be in numbers"},
    };
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        config_must_fail(*state, wrong[i].text, NULL, wrong[i].place);
        config_must_fail(*state, wrong[i].text, NULL, wrong[i].reason);
    }
}

static void test_config_given_long_file_name_then_line_and_suggestion_are_told(void **state)
{
    const struct config_files *files = *state;
    char path[192];
    char story[512];
    struct srs_config *config = NULL;
    (void)snprintf(path, sizeof path, "%s/%060d.conf", files->directory, 7);
    config_write(path, "daemn on;");
    srs_err err = srs_config_load(&(struct srs_config_args){.file = path}, &config);
    srs_err_format(err, story, sizeof story);
    assert_non_null(strstr(story, "line 1 of ..."));
    assert_non_null(
        strstr(story, "7.conf : unknown directive \"daemn\" : did you mean \"daemon\""));
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, err, "misspelt");
    (void)unlink(path);
}

static void test_config_given_dynamic_blocks_then_accepted(void **state)
{
    struct srs_config *config = config_must(
        *state,
        "stream_caster { } stream_caster { sip { enabled off; } }"
        "vhost v { ingest a { engine { } engine x { vparams { any thing; } } } ingest b { }"
        " transcode { } transcode live/one { engine hd { perfile { re; } } } }",
        NULL);
    srs_config_unref(config);
    config_must_fail(*state, "vhost v { transcode { engine { vparams on; } } }", NULL,
                     "directive \"vparams\" needs a block");
}

static void test_config_given_unbuilt_directive_then_told_once(void **state)
{
    struct srs_config *config =
        config_must(*state,
                    "daemon off;\nvhost a { hls { hls_fragment 5; hls_window 60; enabled on; } }\n"
                    "vhost b { hls { enabled on; } }",
                    NULL);
    assert_int_equal(config_notes_with(config, "directive hls.enabled at line 2 of "), 1);
    assert_int_equal(config_notes_with(config, "test.conf is not built yet and has no effect"), 2);
    assert_int_equal(config_notes_with(config, "hls_window"), 0); // the default is no wish
    srs_config_unref(config);
    config = config_must(*state,
                         "http_api { raw_api { enabled off; } }"
                         "stats { network 0; } grace_start_wait 2300; workers 1;"
                         "vhost v { rtc { enabled off; pli_for_rtmp 6.0; } }",
                         NULL);
    assert_int_equal(config_notes_with(config, "not built yet and has"), 0);
    srs_config_unref(config);
}

static void test_config_given_many_oddities_then_notes_are_bounded(void **state)
{
    enum { LINES = 100 };
    char text[LINES * 13] = "";
    for (int i = 0; i < LINES; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "daemon on;\n");
    }
    struct srs_config *config = config_must(*state, text, NULL);
    // Each line but the first, no listen, and no vhost.
    assert_int_equal(config->note_count, SRS_CONFIG_NOTES_MAX);
    assert_int_equal(config->notes_dropped, LINES - 1 + 2 - SRS_CONFIG_NOTES_MAX);
    srs_config_unref(config);
}

// Old spellings

static void assert_legacy(const char *old, const char *present)
{
    struct srs_config_tree a;
    struct srs_config_tree b;
    struct srs_config_notes notes = {0};
    srs_config_tree_init(&a);
    srs_config_tree_init(&b);
    assert_err(SRS_OK, srs_config_parse_text(&a, "t", old, strlen(old), 0), old);
    assert_err(SRS_OK, srs_config_parse_text(&b, "t", present, strlen(present), 0), present);
    assert_err(SRS_OK, srs_config_legacy(&a), old);
    assert_same_tree(&a.root, &b.root);
    assert_err(SRS_OK, srs_config_check(&a, &notes), old);
    srs_config_notes_fini(&notes);
    srs_config_tree_fini(&a);
    srs_config_tree_fini(&b);
}

static void test_legacy_given_old_spelling_then_present_one(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"listen 1 2; chunk_size 300;", "rtmp { listen 1 2; chunk_size 300; }"},
        {"rtmp { chunk_size 1; } listen 5;", "rtmp { chunk_size 1; listen 5; }"},
        {"http_stream { listen 5; }", "http_server { listen 5; }"},
        {"srt_server { tlpkdrop on; }", "srt_server { tlpktdrop on; }"},
        {"stream_caster { host 1.2.3.4; }", "stream_caster { sip { candidate 1.2.3.4; } }"},
        {"vhost v { http { enabled on; } }", "vhost v { http_static { enabled on; } }"},
        {"vhost v { refer a b; refer_play c; refer_publish d; }",
         "vhost v { refer { enabled on; all a b; play c; publish d; } }"},
        {"vhost v { mr { enabled on; latency 5; } }",
         "vhost v { mr { } publish { mr on; mr_latency 5; } }"},
        {"vhost v { publish_1stpkt_timeout 1; publish_normal_timeout 2; }",
         "vhost v { publish { firstpkt_timeout 1; normal_timeout 2; } }"},
        {"vhost v { time_jitter full; mix_correct on; atc on; atc_auto on; mw_latency 1;"
         " gop_cache off; gop_cache_max_frames 2; queue_length 3; send_min_interval 4;"
         " reduce_sequence_header on; }",
         "vhost v { play { time_jitter full; mix_correct on; atc on; atc_auto on; mw_latency 1;"
         " gop_cache off; gop_cache_max_frames 2; queue_length 3; send_min_interval 4;"
         " reduce_sequence_header on; } }"},
        {"vhost v { forward a:1 b:2; }",
         "vhost v { forward { enabled on; destination a:1 b:2; } }"},
        {"vhost v { mode remote; origin a; token_traverse on; vhost w; debug_srs_upnode off; }",
         "vhost v { cluster { mode remote; origin a; token_traverse on; vhost w;"
         " debug_srs_upnode off; } }"},
        {"vhost v { nack { enabled off; no_copy on; } twcc { enabled off; } }",
         "vhost v { nack { } twcc { } rtc { nack off; nack_no_copy on; twcc off; } }"},
        {"vhost v { rtc { aac transcode; bframe keep; } }",
         "vhost v { rtc { rtmp_to_rtc on; keep_bframe on; } }"},
        {"vhost v { rtc { aac discard; bframe discard; } }",
         "vhost v { rtc { rtmp_to_rtc off; keep_bframe off; } }"},
        {"vhost v { forward { destination a; } refer { all b; } }",
         "vhost v { forward { destination a; } refer { all b; } }"},
    };
    for (size_t i = 0; i < SRS_COUNT(pairs); i++)
        assert_legacy(pairs[i][0], pairs[i][1]);
}

static void test_legacy_given_both_spellings_then_present_one_counts(void **state)
{
    struct srs_config *config = config_must(*state,
                                            "listen 1; rtmp { listen 2; } vhost v { gop_cache off; "
                                            "play { gop_cache on; } }",
                                            NULL);
    assert_int_equal(config->rtmp_listen.items[0].port, 2);
    assert_true(config->vhosts[0].play.gop_cache);
    assert_int_equal(config_notes_with(config, "again at line 1"), 2);
    srs_config_unref(config);
}

static void test_legacy_given_names_without_meaning_then_accepted(void **state)
{
    struct srs_config *config = config_must(
        *state,
        "daemon off; listen 1; threads { interval 5; } tencentcloud_cls { enabled on; label x; }"
        "rtc_server { perf_stat on; queue_length 5; dir x; }"
        "srt_server { mix_correct on; }"
        "stream_caster { tcp_enable on; rtp_port_min 1; sip { serial x; auto_play on; } }"
        "vhost v { bandcheck { enabled on; key \"a b\"; } http_remux { hstrs on; }"
        " hls { hls_storage both; hls_mount x; hls_acodec mp3; } }",
        NULL);
    assert_int_equal(config_notes_with(config, "is out of use and has no effect"), 8);
    assert_int_equal(config->note_count, 8);
    srs_config_unref(config);
}

// Environment

static void test_env_given_variables_then_all_vhosts_get_them(void **state)
{
    struct config_words env;
    struct srs_config *config =
        config_must(*state, "vhost a { play { gop_cache on; queue_length 5; } } vhost b { }",
                    config_words(&env, "SRS_VHOST_PLAY_GOP_CACHE=off|SRS_VHOST_TCP_NODELAY=on"));
    for (size_t i = 0; i < 2; i++) {
        assert_false(config->vhosts[i].play.gop_cache);
        assert_true(config->vhosts[i].tcp_nodelay);
    }
    assert_int_equal(config->vhosts[0].play.queue_length, 5 * SRS_SEC);
    srs_config_unref(config);
}

static void test_env_given_double_names_then_each_works(void **state)
{
    static const struct {
        const char *variables;
        int64_t chunk;
        int64_t vhost_chunk;
        int level;
    } names[] = {
        {"SRS_VHOST_CHUNK_SIZE=200", 200, 200, SRS_CONFIG_LEVEL_INFO},
        {"SRS_CHUNK_SIZE=200", 200, 200, SRS_CONFIG_LEVEL_INFO},
        {"SRS_RTMP_CHUNK_SIZE=200", 200, 200, SRS_CONFIG_LEVEL_INFO},
        {"SRS_SRS_LOG_LEVEL=warn", 60000, 60000, SRS_CONFIG_LEVEL_WARN},
        {"SRS_SRS_LOG_LEVEL_V2=trace", 60000, 60000, SRS_CONFIG_LEVEL_TRACE},
        {"SRS_LOG_LEVEL=error|SRS_SRS_LOG_LEVEL=warn", 60000, 60000, SRS_CONFIG_LEVEL_ERROR},
        {"SRS_LOG_LEVEL=|SRS_SRS_LOG_LEVEL=warn", 60000, 60000, SRS_CONFIG_LEVEL_WARN},
    };
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        struct config_words env;
        struct srs_config *config =
            config_must(*state, "vhost v { }", config_words(&env, names[i].variables));
        assert_int_equal(config->chunk_size, names[i].chunk);
        assert_int_equal(config->vhosts[0].chunk_size, names[i].vhost_chunk);
        assert_int_equal(config->log.level, names[i].level);
        srs_config_unref(config);
    }
}

static void test_env_given_variable_without_effect_then_note(void **state)
{
    static const struct {
        const char *variable;
        const char *note;
    } odd[] = {
        {"SRS_LISSEN=1", "variable SRS_LISSEN is not known"},
        {"SRS_VHOST_CLUSTER_MODE=remote", "variable SRS_VHOST_CLUSTER_MODE has no effect: set it"},
        {"SRS_VHOST_ENABLED=off", "variable SRS_VHOST_ENABLED has no effect"},
        {"SRS_DEVICE_IP=1.2.3.4", "variable SRS_DEVICE_IP is not built yet"},
        {"SRS_HTTP_API=on", "variable SRS_HTTP_API has no effect"},
        {"SRS_INCLUDE=a.conf", "variable SRS_INCLUDE has no effect: set it"},
        {"SRS_VHOST_HLS_ENABLED=on",
         "hls.enabled at SRS_VHOST_HLS_ENABLED in the environment is not built yet"},
        {"SRS_VHOST_PLAY_GOP_CACHE=yes", "neither on nor off, at SRS_VHOST_PLAY_GOP_CACHE in"},
    };
    static const char text[] = "daemon off; listen 1; vhost v { play { } } vhost w { }";
    for (size_t i = 0; i < SRS_COUNT(odd); i++) {
        struct config_words env;
        struct srs_config *config = config_must(*state, text, config_words(&env, odd[i].variable));
        if (config->note_count != 1 || config_notes_with(config, odd[i].note) != 1)
            fail_msg("%s: %zu notes, first: %s", odd[i].variable, config->note_count,
                     config->note_count > 0 ? config->notes[0] : "none");
        assert_true(config->vhosts[0].enabled && config->vhosts[0].play.gop_cache);
        srs_config_unref(config);
    }
}

static void test_env_given_bad_endpoint_then_variable_is_named(void **state)
{
    struct config_words env;
    config_must_fail(*state, "", config_words(&env, "SRS_LISTEN=x"),
                     "SRS_LISTEN in the environment");
}

static void test_env_given_other_family_of_boolean_then_by_table(void **state)
{
    // What is neither on nor off: srt_to_rtmp is on from a variable and off from a file,
    // rtmp_to_rtsp the other way.
    static const struct {
        const char *text;
        const char *variables;
        const char *note;
    } odd[] = {
        {"vhost v { srt { srt_to_rtmp x; } }", "", "taken as off"},
        {"vhost v { }", "SRS_VHOST_SRT_TO_RTMP=x", "taken as on"},
        {"vhost v { rtsp { rtmp_to_rtsp x; } }", "", "taken as on"},
        {"vhost v { }", "SRS_VHOST_RTSP_RTMP_TO_RTSP=x", "taken as off"},
        {"query_latest_version x;", "", "taken as on"},
        {"", "SRS_QUERY_LATEST_VERSION=x", "taken as off"},
        {"vhost v { hls { hls_keys x; } }", "", "taken as on"},
    };
    for (size_t i = 0; i < SRS_COUNT(odd); i++) {
        struct config_words env;
        struct srs_config *config =
            config_must(*state, odd[i].text, config_words(&env, odd[i].variables));
        if (config_notes_with(config, odd[i].note) != 1)
            fail_msg("%s %s: want %s", odd[i].text, odd[i].variables, odd[i].note);
        srs_config_unref(config);
    }
}

static void assert_candidate(const char *text, const char *variables, const char *want)
{
    struct srs_config_tree tree;
    struct config_words env;
    srs_config_tree_init(&tree);
    assert_err(SRS_OK, srs_config_parse_text(&tree, "t", text, strlen(text), 0), text);
    assert_err(SRS_OK, srs_config_env(&tree, config_words(&env, variables), NULL), text);
    const struct srs_config_node *node =
        srs_config_node_path(&tree.root, "rtc_server", "candidate");
    if (node == NULL)
        node = srs_config_node_path(&tree.root, "stream_caster.sip", "candidate");
    assert_string_equal(node->args[node->arg_count - 1], want);
    srs_config_tree_fini(&tree);
}

static void test_env_given_dollar_name_then_resolved_for_candidates_only(void **state)
{
    assert_candidate("rtc_server { candidate $CANDIDATE; }", "CANDIDATE=1.2.3.4", "1.2.3.4");
    assert_candidate("rtc_server { candidate a $my.ip; }", "MY_IP=1.2.3.4", "1.2.3.4");
    assert_candidate("rtc_server { candidate $CANDIDATE; }", "", "*");
    assert_candidate("rtc_server { candidate $; }", "NOTHING", "*");
    assert_candidate("", "SRS_RTC_SERVER_CANDIDATE=$EIP|EIP=5.6.7.8", "5.6.7.8");
    assert_candidate("stream_caster { sip { candidate $EIP; } }", "EIP=5.6.7.8", "5.6.7.8");
    struct config_words env;
    struct srs_config *config =
        config_must(*state, "srs_log_file $FILE;", config_words(&env, "FILE=x"));
    assert_string_equal(config->log.file, "$FILE");
    srs_config_unref(config);
}

// What must fit together

static void test_config_given_what_does_not_fit_then_refused(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } wrong[] = {
        {"is_full on;", "is_full on"},
        {"asprocess on;", "daemon and asprocess are both on"},
        {"server_id a/b;", "server_id is up to 64 letters"},
        {"server_id 'a b';", "server_id is up to 64 letters"},
        {"server_id "
         "12345678901234567890123456789012345678901234567890123456789012345;",
         "server_id is up to 64 letters"},
        {"group daemon;", "group without user"},
        {"http_api { https { enabled on; } }", "http_api.https is on, but http_api is off"},
        {"http_server { https { enabled on; } }", "http_server is off"},
        {"http_api { enabled on; https { enabled on; listen 8088; } }"
         "http_server { enabled on; https { enabled on; } }",
         "share the HTTPS port but not the HTTP port"},
        {"rtmps { enabled on; listen 1443; key a b; }", "rtmps.cert has 1 files, rtmps.key 2"},
        {"rtmps { enabled on; cert a b c d e f g h i j k l m n o p q;"
         " key a b c d e f g h i j k l m n o p q; }",
         "rtmps.cert has more than 16 files"},
        {"http_server { enabled on; https { enabled on; cert a b; } }",
         "http_server.https.cert has 2 files, http_server.https.key 1"},
        {"proxy_from localhost;", "\"localhost\" is no address"},
        {"proxy_from 10.0.0.1/8;", "\"10.0.0.1/8\" is no address"},
        {"proxy_from none 10.0.0.1;", "\"none\" is no address"},
        {"proxy_from 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
         "1.1.1.1"
         " 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1"
         " 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1"
         " 1.1.1.1;",
         "more than 32 networks"},
        {"vhost v { hls { enabled on; } http_remux { enabled on; mount /[stream].ts; } }",
         "hls and http_remux to .ts"},
        {"vhost v { forward x; publish { kickoff_for_idle 0.5; } }",
         "forward and publish.kickoff_for_idle"},
        {"vhost v { forward a:0; }", "\"a:0\" has no port from 1 to 65535"},
        {"vhost v { forward { enabled on; destination a rtmp://b/live; } }",
         "\"rtmp://b/***\" is not host:port"},
        {"vhost v { forward \"a b\"; }", "\"a b\" is not host:port"},
        {"vhost v { forward rtmps://a/live; }", "\"rtmps://a/***\" is not host:port nor rtmps://"},
        {"vhost v { forward http://a; }", "\"http://a\" has no port"},
        {"vhost v { forward { enabled on; backend rtmp://a; } }",
         "forward.backend rtmp://a is no URL of http or https"},
        {"vhost v { http_hooks { enabled on; on_stop http://a ftp://u:p@b/c?d; } }",
         "on_stop ftp://b/*** is no URL"},
        {"vhost v { http_hooks { enabled on; on_play a a a a a a a a a a a a a a a a a; } }",
         "http_hooks.on_play has more than 16 URLs"},
        {"vhost v { http_hooks { timeout 0; } }", "want 0.1 to 3600"},
        {"heartbeat { enabled on; url nowhere; }", "heartbeat.url nowhere is no URL"},
        {"name_servers localhost;", "\"localhost\" is no address in numbers"},
        {"name_servers 53;", "\"53\" is no address in numbers"},
        {"name_servers 1.1.1.1:0;", "\"1.1.1.1:0\" is no address in numbers"},
        {"name_servers ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1;", "more than 8 name_servers"},
    };
    for (size_t i = 0; i < SRS_COUNT(wrong); i++)
        config_must_fail(*state, wrong[i].text, NULL, wrong[i].want);
}

// Each tells the line of what is wrong, and a port that two want both names.
static void test_config_given_what_does_not_fit_then_its_line_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *place;
        const char *want;
    } wrong[] = {
        {"\nserver_id a/b;", "line 2 of", "server_id is up to"},
        {"\n\nis_full on;", "line 3 of", "is_full on"},
        {"daemon on;\nasprocess on;", "line 2 of", "both on"},
        {"\ngroup daemon;", "line 2 of", "group without user"},
        {"\nhttp_api {\nhttps { enabled on; }\n}", "line 3 of", "http_api is off"},
        {"rtmps {\nenabled on; listen 1443;\nkey a b;\n}", "line 3 of", "rtmps.key 2"},
        {"vhost v {\nforward x;\npublish {\nkickoff_for_idle 0.5; } }", "line 4 of",
         "in one vhost"},
        {"vhost v {\nforward a:0; }", "line 2 of", "has no port"},
        {"rtmp { listen 5; }\nrtmps { enabled on;\nlisten 5; }", "line 3 of",
         "rtmp.listen and rtmps.listen both have port 5"},
        {"rtmp { listen 5; }\nhttp_server { enabled on;\nlisten 5; }", "line 3 of",
         "rtmp.listen and http_server.listen both have port 5"},
        {"rtmp { listen 127.0.0.1:8080; }\nhttp_api { enabled on; listen 1 127.0.0.1:8080; }",
         "line 2 of", "rtmp.listen and http_api.listen both have 127.0.0.1 8080"},
        {"http_api { enabled on;\nlisten 1985 8080; }\nhttp_server { enabled on; }", "line 2 of",
         "http_api.listen and http_server.listen both have port 8080"},
        {"http_server { enabled on; listen 5;\nhttps { enabled on; listen 5; } }", "line 2 of",
         "http_server.listen and http_server.https.listen both have port 5"},
        {"rtmps { enabled on; listen 5; }\nexporter { enabled on;\nlisten 5; }", "line 3 of",
         "rtmps.listen and exporter.listen both have port 5"},
        {"http_api { enabled on; https { enabled on; listen 5; } }\nexporter { enabled on; listen "
         "5; }",
         "line 2 of", "http_api.https.listen and exporter.listen both have port 5"},
        {"http_api { enabled on; listen 5; }\nhttp_server { enabled on; listen 5;\n"
         "https { enabled on; listen 5; } }",
         "line 3 of", "both have port 5"},
    };
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        config_must_fail(*state, wrong[i].text, NULL, wrong[i].place);
        config_must_fail(*state, wrong[i].text, NULL, wrong[i].want);
    }
}

static void test_config_given_ports_that_are_not_open_then_no_conflict(void **state)
{
    static const char *const right[] = {
        "rtmp { listen 5; } rtmps { listen 5; }",
        "http_api { enabled on; listen 5; } exporter { enabled on; listen 5; }",
        ("http_api { enabled on; listen 5; } http_server { enabled on; listen 5; }"
         "exporter { enabled on; listen 5; }"),
        "rtmps { listen 5; } exporter { enabled on; listen 5; }",
        "rtmp { listen 5; } http_api { listen 5; }",
        "http_api { enabled on; listen 5; } http_server { enabled on; listen 5; }",
        ("http_api { enabled on; listen 5; https { enabled on; listen 6; } }"
         "http_server { enabled on; listen 5; https { enabled on; listen 6; } }"),
        "rtmp { listen 127.0.0.1:5; } http_api { enabled on; listen 127.0.0.2:5; }",
        "rtmp { listen 5 5; }",
    };
    for (size_t i = 0; i < SRS_COUNT(right); i++)
        srs_config_unref(config_must(*state, right[i], NULL));
}

#define EIGHT "a b c d e f g h "

static void
test_config_given_more_forwards_than_the_limit_then_refused_where_they_stand(void **state)
{
    static const char *const limit =
        "vhost v {\nforward { enabled on;\ndestination " EIGHT EIGHT EIGHT EIGHT ";\n} }";
    static const char *const more =
        "vhost v {\nforward { enabled on;\ndestination " EIGHT EIGHT EIGHT EIGHT "i;\n} }";
    static const char *const off =
        "vhost v {\nforward { enabled off;\ndestination " EIGHT EIGHT EIGHT EIGHT "i;\n} }";
    srs_config_unref(config_must(*state, limit, NULL));
    srs_config_unref(config_must(*state, off, NULL)); // as everything of what is off
    config_must_fail(*state, more, NULL, "33 servers, at most 32");
    config_must_fail(*state, more, NULL, "line 3 of ");
    config_must_fail(*state, more, NULL, "forward.destination");
    config_must_fail(*state, "vhost v {\n\nforward a:0; }", NULL, "line 3 of ");
}

static void test_config_given_what_fits_then_accepted(void **state)
{
    static const char *const right[] = {
        "daemon off; asprocess on;",
        "rtmps { enabled off; key a b; }",
        "rtmps { enabled on; listen 1443; key a b; cert c d; }",
        "proxy_from none;",
        "proxy_from 0.0.0.0/0 ::/0;",
        "user nobody; group daemon; server_id a-b_c.d:1;",
        "http_api { enabled on; listen 8080; https { enabled on; } }"
        "http_server { enabled on; https { enabled on; } }",
        "http_api { enabled on; https { enabled on; } }"
        "http_server { enabled on; https { enabled on; } }",
        "vhost v { hls { enabled on; } http_remux { mount /[stream].ts; } }",
        "vhost v { hls { enabled on; } http_remux { enabled on; mount /[stream].flv; } }",
        "vhost v { forward { destination x; } publish { kickoff_for_idle 1; } }",
        "vhost v { forward rtmps://a rtmps://[::1]:4433 b; }",
        "vhost v { forward { enabled on; backend https://u:p@a/b?c=d; } }",
        "vhost v { http_hooks { enabled on; timeout 0.1; on_play http://a https://[::1]:8/x; } }",
        "vhost v { http_hooks { enabled off; on_play nowhere; } }",
        "heartbeat { enabled off; url nowhere; }",
        "name_servers 1.1.1.1 127.0.0.1:5353 ::1 [::1]:5353;",
    };
    for (size_t i = 0; i < SRS_COUNT(right); i++)
        srs_config_unref(config_must(*state, right[i], NULL));
}

static void test_config_given_forward_inside_tls_then_told_what_is_not_looked_at(void **state)
{
    static const struct {
        const char *text; // of the block
        const char *note; // NULL: none
    } rows[] = {
        {"destination rtmps://a;", NULL},
        {"destination rtmps://a; tls_ca x.pem;", NULL},
        {"destination a; tls_verify off;", NULL},
        {"destination a rtmps://b; tls_verify off;", "forward.tls_verify is off"},
        {"destination a rtmp://b; tls_ca x.pem;", "no effect: no destination begins with rtmps"},
        {"destination rtmps://a; tls_ca x.pem; tls_verify off;", "no effect: tls_verify is off"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "vhost v { forward { enabled on; %s } }", rows[i].text);
        struct srs_config *config = config_must(*state, text, NULL);
        unsigned all = config_notes_with(config, "forward");
        if (rows[i].note == NULL ? all != 0 : config_notes_with(config, rows[i].note) != 1)
            fail_msg("%s: %u notes", rows[i].text, all);
        srs_config_unref(config);
    }
}

static void test_config_given_descriptor_limit_then_connections_must_stay_below(void **state)
{
    const struct config_files *files = *state;
    struct srs_config *config = NULL;
    struct srs_config_args args = {.file = files->path, .descriptors = 1129};
    config_write(files->path, "max_connections 1000;");
    assert_err(SRS_OK, srs_config_load(&args, &config), "1000 and 128 below 1129");
    assert_int_equal(config->files_max, 129 / 4);
    srs_config_unref(config);
    args.descriptors = 1128;
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, srs_config_load(&args, &config), "not below 1128");
}

// Life of the process

static void test_config_given_container_then_foreground_and_console(void **state)
{
    const struct config_files *files = *state;
    static const struct {
        const char *text;
        bool seen;
        bool daemon;
        int tank;
    } cases[] = {
        {"", false, true, SRS_CONFIG_TANK_FILE},
        {"", true, false, SRS_CONFIG_TANK_CONSOLE},
        {"in_docker on;", false, false, SRS_CONFIG_TANK_CONSOLE},
        {"disable_daemon_for_docker off;", true, true, SRS_CONFIG_TANK_CONSOLE},
        {"srs_log_tank file;", true, false, SRS_CONFIG_TANK_FILE},
        {"daemon off;", false, false, SRS_CONFIG_TANK_FILE},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_config *config = NULL;
        config_write(files->path, cases[i].text);
        struct srs_config_args args = {.file = files->path, .in_container = cases[i].seen};
        assert_err(SRS_OK, srs_config_load(&args, &config), cases[i].text);
        if (config->daemon != cases[i].daemon || config->log.tank != cases[i].tank)
            fail_msg("\"%s\": daemon=%d tank=%d", cases[i].text, config->daemon, config->log.tank);
        bool told = config_notes_with(config, "the log stays on the output") > 0;
        assert_int_equal(told, config->daemon && config->log.tank == SRS_CONFIG_TANK_CONSOLE);
        srs_config_unref(config);
    }
}

static void test_config_given_profile_then_pid_file_or_none(void **state)
{
    const struct config_files *files = *state;
    struct srs_config *config = NULL;
    assert_string_equal((config = config_must(files, "", NULL))->life.pid, "./objs/srs.pid");
    srs_config_unref(config);
    assert_string_equal((config = load_profile(NULL, false, ""))->life.pid, "");
    srs_config_unref(config);
    assert_string_equal((config = load_profile(NULL, true, ""))->life.pid, "");
    srs_config_unref(config);
    assert_string_equal((config = load_profile(NULL, true, "SRS_PID=x.pid"))->life.pid, "x.pid");
    srs_config_unref(config);
}

static void test_config_given_folder_then_files_are_found_from_there(void **state)
{
    const struct config_files *files = *state;
    struct srs_config *config = NULL;
    const struct srs_config_args args = {.file = "test.conf", .folder = files->directory};
    char other[128];
    (void)snprintf(other, sizeof other, "%s/more.conf", files->directory);
    config_write(other, "grace_start_wait 77;");
    config_write(files->path, "include more.conf;");
    srs_err err = srs_config_load(&args, &config);
    assert_int_equal(unlink(other), 0);
    assert_err(SRS_OK, err, "relative");
    assert_int_equal(config->life.grace_start_wait, 77 * SRS_MSEC);
    srs_config_unref(config);
    const struct srs_config_args whole = {.file = files->path, .folder = "/nowhere"};
    config_write(files->path, "");
    assert_err(SRS_OK, srs_config_load(&whole, &config), "absolute");
    srs_config_unref(config);
    char long_name[5000];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const struct srs_config_args none = {.file = long_name, .folder = files->directory};
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, srs_config_load(&none, &config), "too long");
}

static void test_config_given_send_buffer_above_the_kernels_then_note(void **state)
{
    static const struct {
        const char *text;
        uint64_t most;
        unsigned notes;
    } rows[] = {
        {"vhost v { play { send_buffer 212993; } }", 212992, 1},
        {"vhost v { play { send_buffer 212992; } }", 212992, 0},
        {"vhost v { play { send_buffer 212993; } }", 0, 0}, // not known
        {"vhost v { play { send_buffer auto; } }", 212992, 0},
        {"vhost v {} vhost w { play { send_buffer 2000000; } }", 212992, 1},
    };
    const struct config_files *files = *state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_config *config = NULL;
        const struct srs_config_args args = {.file = files->path, .send_buffer = rows[i].most};
        config_write(files->path, rows[i].text);
        assert_err(SRS_OK, srs_config_load(&args, &config), rows[i].text);
        assert_int_equal(config_notes_with(config, "net.core.wmem_max"), rows[i].notes);
        srs_config_unref(config);
    }
}

static void test_config_given_mount_of_unbuilt_form_then_note(void **state)
{
    struct srs_config *config =
        config_must(*state, "vhost v { http_remux { enabled on; mount /[stream].aac; } }", NULL);
    assert_int_equal(config_notes_with(config, "only .flv is built yet"), 1);
    srs_config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_given_nothing_then_built_in),
        cmocka_unit_test(test_profile_given_descriptor_limits_then_built_in_connections),
        cmocka_unit_test(test_profile_given_srs_conf_then_equal_to_built_in),
        cmocka_unit_test(test_profile_given_listen_variable_alone_then_one_port),
        cmocka_unit_test(test_profile_given_env_only_then_no_file_is_read),
        cmocka_unit_test(test_profile_given_file_then_published_defaults),
        cmocka_unit_test(test_profile_given_file_variable_then_it_goes_before_the_argument),
        cmocka_unit_test(test_config_given_missing_file_then_bad_configuration),
        cmocka_unit_test(test_config_given_references_then_lives_until_the_last),
        cmocka_unit_test(test_vhost_find_given_name_then_exact_else_default),
        cmocka_unit_test(test_vhost_given_no_chunk_size_then_that_of_rtmp),
        cmocka_unit_test(test_config_given_both_levels_then_second_form_goes_first),
        cmocka_unit_test(test_config_given_no_memory_then_error_and_no_leak),
        cmocka_unit_test(test_config_given_wrong_directive_then_place_and_suggestion),
        cmocka_unit_test(test_config_given_long_file_name_then_line_and_suggestion_are_told),
        cmocka_unit_test(test_config_given_dynamic_blocks_then_accepted),
        cmocka_unit_test(test_config_given_unbuilt_directive_then_told_once),
        cmocka_unit_test(test_config_given_many_oddities_then_notes_are_bounded),
        cmocka_unit_test(test_legacy_given_old_spelling_then_present_one),
        cmocka_unit_test(test_legacy_given_both_spellings_then_present_one_counts),
        cmocka_unit_test(test_legacy_given_names_without_meaning_then_accepted),
        cmocka_unit_test(test_env_given_variables_then_all_vhosts_get_them),
        cmocka_unit_test(test_env_given_double_names_then_each_works),
        cmocka_unit_test(test_env_given_variable_without_effect_then_note),
        cmocka_unit_test(test_env_given_bad_endpoint_then_variable_is_named),
        cmocka_unit_test(test_env_given_other_family_of_boolean_then_by_table),
        cmocka_unit_test(test_env_given_dollar_name_then_resolved_for_candidates_only),
        cmocka_unit_test(test_config_given_what_does_not_fit_then_refused),
        cmocka_unit_test(test_config_given_what_does_not_fit_then_its_line_is_told),
        cmocka_unit_test(test_config_given_ports_that_are_not_open_then_no_conflict),
        cmocka_unit_test(
            test_config_given_more_forwards_than_the_limit_then_refused_where_they_stand),
        cmocka_unit_test(test_config_given_what_fits_then_accepted),
        cmocka_unit_test(test_config_given_forward_inside_tls_then_told_what_is_not_looked_at),
        cmocka_unit_test(test_config_given_descriptor_limit_then_connections_must_stay_below),
        cmocka_unit_test(test_config_given_send_buffer_above_the_kernels_then_note),
        cmocka_unit_test(test_config_given_mount_of_unbuilt_form_then_note),
        cmocka_unit_test(test_config_given_container_then_foreground_and_console),
        cmocka_unit_test(test_config_given_profile_then_pid_file_or_none),
        cmocka_unit_test(test_config_given_folder_then_files_are_found_from_there),
    };
    return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
