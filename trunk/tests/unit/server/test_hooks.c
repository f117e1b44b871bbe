// Callbacks: what is sent, what an answer means, when a notification is tried again; and what a
// heartbeat says.
#include "server/hooks/heartbeat.h"
#include "server/hooks/hooks_priv.h"
#include "server/hooks/json_priv.h"
#include "test.h"
#include <stdio.h>
#include <unistd.h>

// --- bodies -------------------------------------------------------------------------------------

static struct srs_hook_body example(enum srs_hook hook)
{
    return (struct srs_hook_body){.hook = hook,
                                  .server_id = "vid-1",
                                  .service_id = "svc",
                                  .client_id = "cid",
                                  .ip = "10.0.0.1",
                                  .vhost = "__defaultVhost__",
                                  .app = "live",
                                  .stream = "s",
                                  .param = "?k=v",
                                  .tc_url = "rtmp://h/live",
                                  .page_url = "http://p/",
                                  .stream_url = "/live/s",
                                  .stream_id = "vid-s",
                                  .clients = 3,
                                  .send_bytes = 18446744073709551615U,
                                  .recv_bytes = 7};
}

static void assert_body(const struct srs_hook_body *body, const char *want)
{
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_hook_body_write(body, &out), want);
    assert_int_equal(srs_buf_size(&out), strlen(want));
    assert_memory_equal(srs_buf_span(&out).bytes, want, strlen(want));
    srs_buf_fini(&out);
}

#define SERVER "\"server_id\":\"vid-1\",\"service_id\":\"svc\","
#define CLIENT \
    "\"client_id\":\"cid\",\"ip\":\"10.0.0.1\",\"vhost\":\"__defaultVhost__\",\"app\":\"live\","
#define STREAM     "\"tcUrl\":\"rtmp://h/live\",\"stream\":\"s\",\"param\":\"?k=v\""
#define STREAM_END "\"stream_url\":\"/live/s\",\"stream_id\":\"vid-s\""

static void test_body_given_each_hook_then_its_members_in_order(void **state)
{
    (void)state;
    static const struct {
        enum srs_hook hook;
        const char *want;
    } rows[] = {
        {SRS_HOOK_CONNECT, "{" SERVER "\"action\":\"on_connect\"," CLIENT
                           "\"stream\":\"s\",\"param\":\"?k=v\",\"tcUrl\":\"rtmp://h/live\","
                           "\"pageUrl\":\"http://p/\"}"},
        {SRS_HOOK_CLOSE, "{" SERVER "\"action\":\"on_close\"," CLIENT
                         "\"send_bytes\":18446744073709551615,\"recv_bytes\":7}"},
        {SRS_HOOK_PUBLISH,
         "{" SERVER "\"action\":\"on_publish\"," CLIENT STREAM "," STREAM_END "}"},
        {SRS_HOOK_UNPUBLISH,
         "{" SERVER "\"action\":\"on_unpublish\"," CLIENT STREAM "," STREAM_END "}"},
        {SRS_HOOK_PLAY, "{" SERVER "\"action\":\"on_play\"," CLIENT
                        "\"stream\":\"s\",\"tcUrl\":\"rtmp://h/live\",\"param\":\"?k=v\","
                        "\"pageUrl\":\"http://p/\"," STREAM_END ",\"clients\":3}"},
        {SRS_HOOK_STOP,
         "{" SERVER "\"action\":\"on_stop\"," CLIENT STREAM "," STREAM_END ",\"clients\":3}"},
        {SRS_HOOK_FORWARD, "{\"action\":\"on_forward\"," SERVER CLIENT STREAM "}"},
    };
    assert_int_equal(SRS_COUNT(rows), SRS_HOOKS);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_hook_body body = example(rows[i].hook);
        assert_body(&body, rows[i].want);
    }
}

static void test_body_given_unknown_stream_then_left_out(void **state)
{
    (void)state;
    struct srs_hook_body body = example(SRS_HOOK_PLAY);
    body.stream_id = NULL;
    body.clients = -1;
    body.page_url = NULL;
    assert_body(&body, "{" SERVER "\"action\":\"on_play\"," CLIENT
                       "\"stream\":\"s\",\"tcUrl\":\"rtmp://h/live\",\"param\":\"?k=v\","
                       "\"pageUrl\":\"\",\"stream_url\":\"/live/s\"}");
}

static void test_json_given_odd_texts_then_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"a\"b\\c/d", "{\"x\":\"a\\\"b\\\\c/d\"}"},
        {"\x01\n\x1f", "{\"x\":\"\\u0001\\u000a\\u001f\"}"},
        {"\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80",
         "{\"x\":\"\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\"}"},
        {"a\xffz", "{\"x\":\"a?z\"}"},
        {"\xc3", "{\"x\":\"?\"}"},
        {"\xe4\xb8", "{\"x\":\"??\"}"},
        {"\xc0\x80", "{\"x\":\"??\"}"},
        {"\xed\xa0\x80", "{\"x\":\"???\"}"},
        {"\xe0\x80\x80", "{\"x\":\"???\"}"},
        {"\xf0\x80\x80\x80", "{\"x\":\"????\"}"},
        {"\xf4\x90\x80\x80", "{\"x\":\"????\"}"},
        {"\xf5", "{\"x\":\"?\"}"},
        {NULL, "{\"x\":\"\"}"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_buf out = {0};
        struct srs_hook_json json;
        srs_hook_json_begin(&json, &out, 1024);
        srs_hook_json_text(&json, "x", rows[i].text);
        assert_err(SRS_OK, srs_hook_json_end(&json), rows[i].want);
        assert_int_equal(srs_buf_size(&out), strlen(rows[i].want));
        assert_memory_equal(srs_buf_span(&out).bytes, rows[i].want, strlen(rows[i].want));
        srs_buf_fini(&out);
    }
}

static void test_json_given_little_room_then_limit(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 12; limit++) {
        struct srs_buf out = {0};
        struct srs_hook_json json;
        srs_hook_json_begin(&json, &out, limit);
        srs_hook_json_list(&json, "x");
        srs_hook_json_item(&json, "a");
        srs_hook_json_list_end(&json);
        assert_err(limit < 11 ? SRS_E_LIMIT : SRS_OK, srs_hook_json_end(&json), "room");
        srs_buf_fini(&out);
    }
}

// --- answers ------------------------------------------------------------------------------------

static struct srs_span span_of(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

static void test_answer_given_rows_then_let_in_or_named(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        srs_err want;
    } rows[] = {
        {200, "0", SRS_OK},
        {201, "0", SRS_OK},
        {200, "{\"code\":0}", SRS_OK},
        {201, "{\"code\":0,\"data\":null}", SRS_OK},
        {200, " {\"data\":{\"code\":1},\r\n\"code\" : 0}\n", SRS_OK},
        {200, "0\n", SRS_E_HTTP_DATA_INVALID},
        {200, " 0", SRS_E_HTTP_DATA_INVALID},
        {200, "1", SRS_E_HTTP_DATA_INVALID},
        {200, "00", SRS_E_HTTP_DATA_INVALID},
        {200, "", SRS_E_HTTP_DATA_INVALID},
        {200, "OK", SRS_E_HTTP_DATA_INVALID},
        {200, "null", SRS_E_HTTP_DATA_INVALID},
        {200, "true", SRS_E_HTTP_DATA_INVALID},
        {200, "\"0\"", SRS_E_HTTP_DATA_INVALID},
        {200, "[]", SRS_E_HTTP_DATA_INVALID},
        {200, "[{\"code\":0}]", SRS_E_HTTP_DATA_INVALID},
        {200, "{\"code\":0", SRS_E_HTTP_DATA_INVALID},
        {200, "{\"code\":0}x", SRS_E_HTTP_DATA_INVALID},
        {200, "{\"code\":0}{}", SRS_E_HTTP_DATA_INVALID},
        {200, "<html>code:0</html>", SRS_E_HTTP_DATA_INVALID},
        {200, "{}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":1}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":-1}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":0.5}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":\"0\"}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":null}", SRS_E_RESPONSE_CODE},
        {200, "{\"code\":false}", SRS_E_RESPONSE_CODE},
        {200, "{\"Code\":0}", SRS_E_RESPONSE_CODE},
        {200, "{\"data\":{\"code\":0}}", SRS_E_RESPONSE_CODE},
        {403, "{\"code\":0}", SRS_E_HTTP_STATUS_INVALID},
        {202, "0", SRS_E_HTTP_STATUS_INVALID},
        {204, "", SRS_E_HTTP_STATUS_INVALID},
        {302, "0", SRS_E_HTTP_STATUS_INVALID},
        {500, "0", SRS_E_HTTP_STATUS_INVALID},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_err(rows[i].want, srs_hook_answer_read(rows[i].status, span_of(rows[i].body)),
                   rows[i].body);
    static const char zero[] = "{\"code\":0}\0{";
    assert_err(SRS_E_HTTP_DATA_INVALID,
               srs_hook_answer_read(200, (struct srs_span){(const uint8_t *)zero, sizeof zero - 1}),
               "a terminator inside");
}

static void test_answer_given_deep_json_then_refused_before_it_is_read(void **state)
{
    (void)state;
    static char text[60000];
    memset(text, '[', sizeof text - 1);
    assert_err(SRS_E_HTTP_DATA_INVALID, srs_hook_answer_read(200, span_of(text)), "lists");
    for (size_t i = 0; i + 5 < sizeof text; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    assert_err(SRS_E_HTTP_DATA_INVALID, srs_hook_answer_read(200, span_of(text)), "objects");
    assert_err(
        SRS_OK,
        srs_hook_answer_read(
            200, span_of("{\"code\":0,\"a\":[[[[[[[[[[[[[[[\"[[[[[[[[[\\\"[[\"]]]]]]]]]]]]]]]}")),
        "the deepest, and brackets in a text");
    assert_err(
        SRS_E_HTTP_DATA_INVALID,
        srs_hook_answer_read(200, span_of("{\"code\":0,\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}")),
        "one deeper");
}

static const char forward[] =
    "{\"code\":0,\"data\":{\"urls\":[\"rtmp://a/live/s\",\"rtmp://b:1936/x/y?k=v\"]}}";

static void test_forward_given_urls_then_taken(void **state)
{
    (void)state;
    struct srs_hook_urls urls;
    assert_err(SRS_OK, srs_hook_forward_read(200, span_of(forward), &urls), "two");
    assert_int_equal(urls.count, 2);
    assert_string_equal(urls.items[0], "rtmp://a/live/s");
    assert_string_equal(urls.items[1], "rtmp://b:1936/x/y?k=v");
    srs_hook_urls_fini(&urls);
    assert_err(SRS_OK,
               srs_hook_forward_read(200, span_of("{\"code\":0,\"data\":{\"urls\":[]}}"), &urls),
               "none");
    assert_int_equal(urls.count, 0);
    for (size_t size = 0; size < sizeof forward - 1; size++) {
        assert_err(
            SRS_E_HTTP_DATA_INVALID,
            srs_hook_forward_read(200, (struct srs_span){(const uint8_t *)forward, size}, &urls),
            "a prefix");
        assert_int_equal(urls.count, 0);
    }
}

static void test_forward_given_no_list_then_named(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        srs_err want;
    } rows[] = {
        {200, "0", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":0}", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":0,\"data\":null}", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":0,\"data\":[]}", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":0,\"data\":{\"urls\":\"rtmp://a/b/c\"}}", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":0,\"data\":{\"urls\":[\"rtmp://a/b/c\",1]}}", SRS_E_SYSTEM_FORWARD_LOOP},
        {200, "{\"code\":1,\"data\":{\"urls\":[]}}", SRS_E_RESPONSE_CODE},
        {404, "{\"code\":0,\"data\":{\"urls\":[]}}", SRS_E_HTTP_STATUS_INVALID},
    };
    struct srs_hook_urls urls;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        assert_err(rows[i].want,
                   srs_hook_forward_read(rows[i].status, span_of(rows[i].body), &urls),
                   rows[i].body);
        assert_int_equal(urls.count, 0);
    }
}

static void test_forward_given_many_or_long_urls_then_refused(void **state)
{
    (void)state;
    struct srs_hook_urls urls;
    static char text[4096];
    for (unsigned count = SRS_HOOK_URLS_MAX; count <= SRS_HOOK_URLS_MAX + 1; count++) {
        size_t at = (size_t)snprintf(text, sizeof text, "{\"code\":0,\"data\":{\"urls\":[");
        for (unsigned i = 0; i < count; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s\"rtmp://a/b/%u\"",
                                   i > 0 ? "," : "", i);
        (void)snprintf(text + at, sizeof text - at, "]}}");
        assert_err(count > SRS_HOOK_URLS_MAX ? SRS_E_SYSTEM_FORWARD_LOOP : SRS_OK,
                   srs_hook_forward_read(200, span_of(text), &urls), "many");
        assert_int_equal(urls.count, count > SRS_HOOK_URLS_MAX ? 0 : count);
        srs_hook_urls_fini(&urls);
    }
    for (int size = SRS_HOOK_URL_SIZE - 1; size <= SRS_HOOK_URL_SIZE; size++) {
        (void)snprintf(text, sizeof text, "{\"code\":0,\"data\":{\"urls\":[\"%0*d\"]}}", size, 0);
        assert_err(size < SRS_HOOK_URL_SIZE ? SRS_OK : SRS_E_SYSTEM_FORWARD_LOOP,
                   srs_hook_forward_read(200, span_of(text), &urls), "long");
        srs_hook_urls_fini(&urls);
    }
}

// --- trying again -------------------------------------------------------------------------------

static void test_retry_given_outcomes_then_only_what_may_help(void **state)
{
    (void)state;
    static const struct {
        srs_err err;
        unsigned status;
        bool again;
    } rows[] = {
        {SRS_OK, 200, false},
        {SRS_E_ST_CONNECT, 0, true},
        {SRS_E_SOCKET_TIMEOUT, 0, true},
        {SRS_E_SYSTEM_DNS_RESOLVE, 0, true},
        {SRS_E_HTTP_RESPONSE_EOF, 0, true},
        {SRS_E_TLS_HANDSHAKE, 0, true},
        {SRS_E_HTTP_STATUS_INVALID, 500, true},
        {SRS_E_HTTP_STATUS_INVALID, 503, true},
        {SRS_E_HTTP_STATUS_INVALID, 429, true},
        {SRS_E_HTTP_STATUS_INVALID, 408, true},
        {SRS_E_HTTP_STATUS_INVALID, 499, false},
        {SRS_E_HTTP_STATUS_INVALID, 404, false},
        {SRS_E_HTTP_STATUS_INVALID, 204, false},
        {SRS_E_HTTP_DATA_INVALID, 200, false},
        {SRS_E_RESPONSE_CODE, 200, false},
        {SRS_E_LIMIT, 200, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_int_equal(srs_hooks_may_retry(rows[i].err, rows[i].status), rows[i].again);
}

static void test_pause_given_rounds_then_doubles_within_a_tenth(void **state)
{
    (void)state;
    srs_usec want = SRS_SEC;
    for (unsigned round = 1; round <= 5; round++) {
        for (uint32_t random = 0; random < 2000; random += 37) {
            srs_usec pause = srs_hooks_pause(round, random);
            assert_true(pause >= want - want / 10 && pause < want + want / 10);
        }
        want *= 2;
    }
}

// --- heartbeat ----------------------------------------------------------------------------------

static void assert_heartbeat(const struct srs_server *server, const char *rest)
{
    char want[512];
    struct srs_buf out = {0};
    (void)snprintf(want, sizeof want,
                   "{\"device_id\":\"dev\",\"ip\":\"10.0.0.1\",\"server\":\"vid-1\",\"service\":"
                   "\"svc\",\"pid\":\"%ld\"%s}",
                   (long)getpid(), rest);
    assert_err(SRS_OK, srs_heartbeat_write(server, "10.0.0.1", &out), rest);
    assert_int_equal(srs_buf_size(&out), strlen(want));
    assert_memory_equal(srs_buf_span(&out).bytes, want, strlen(want));
    srs_buf_fini(&out);
}

static void test_heartbeat_given_ports_then_those_that_are_served(void **state)
{
    (void)state;
    static struct srs_config config;
    static struct srs_server server = {.config = &config, .id = "vid-1", .service = "svc"};
    config.heartbeat.device_id = "dev";
    config.rtmp_listen = (struct srs_config_endpoints){
        .count = 3, .items = {{"", 1935}, {"127.0.0.1", 1936}, {"::1", 1937}}};
    config.http_api.listen = (struct srs_config_endpoints){.count = 1, .items = {{"", 1985}}};
    config.http_server.listen = (struct srs_config_endpoints){.count = 1, .items = {{"", 8080}}};
    assert_heartbeat(&server, "");
    config.heartbeat.ports = true;
    assert_heartbeat(&server, ",\"rtmp\":[\"1935\",\"127.0.0.1:1936\",\"[::1]:1937\"]");
    config.http_api.enabled = true;
    config.http_server.enabled = true;
    assert_heartbeat(&server, ",\"rtmp\":[\"1935\",\"127.0.0.1:1936\",\"[::1]:1937\"],\"http\":"
                              "[\"8080\"],\"api\":[\"1985\"]");
}

static void test_heartbeat_given_addresses_then_the_one_that_is_asked_for(void **state)
{
    static const struct {
        const char *named;
        size_t count;
        int64_t which;
        const char *want;
    } rows[] = {{NULL, 2, 0, "10.0.0.1"},         {NULL, 2, 1, "2001:db8::1"},
                {NULL, 2, 2, "10.0.0.1"},         {"", 2, 1, "2001:db8::1"},
                {"192.0.2.9", 2, 1, "192.0.2.9"}, {NULL, 0, 0, ""},
                {"192.0.2.9", 0, 0, "192.0.2.9"}};
    struct srs_interface all[2] = {0};
    char ip[SRS_ENDPOINT_TEXT];
    (void)state;
    assert_err(SRS_OK, srs_endpoint_parse("10.0.0.1:0", &all[0].at), "v4");
    assert_err(SRS_OK, srs_endpoint_parse("[2001:db8::1]:0", &all[1].at), "v6");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        srs_heartbeat_ip(rows[i].named, all, rows[i].count, rows[i].which, ip);
        assert_string_equal(ip, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_given_each_hook_then_its_members_in_order),
        cmocka_unit_test(test_body_given_unknown_stream_then_left_out),
        cmocka_unit_test(test_json_given_odd_texts_then_valid_json),
        cmocka_unit_test(test_json_given_little_room_then_limit),
        cmocka_unit_test(test_answer_given_rows_then_let_in_or_named),
        cmocka_unit_test(test_answer_given_deep_json_then_refused_before_it_is_read),
        cmocka_unit_test(test_forward_given_urls_then_taken),
        cmocka_unit_test(test_forward_given_no_list_then_named),
        cmocka_unit_test(test_forward_given_many_or_long_urls_then_refused),
        cmocka_unit_test(test_retry_given_outcomes_then_only_what_may_help),
        cmocka_unit_test(test_pause_given_rounds_then_doubles_within_a_tenth),
        cmocka_unit_test(test_heartbeat_given_ports_then_those_that_are_served),
        cmocka_unit_test(test_heartbeat_given_addresses_then_the_one_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
