#include "protocol/http/client.h"
#include "test.h"
#include <stdlib.h>

// What came out, as text: "H200 " for a head, body bytes, "E " for an end.
struct seen {
    char text[512];
    size_t size;
};

static void note(struct seen *seen, const void *bytes, size_t size)
{
    assert_true(seen->size + size < sizeof seen->text);
    memcpy(seen->text + seen->size, bytes, size);
    seen->size += size;
    seen->text[seen->size] = '\0';
}

static srs_err drain(struct srs_http_client *client, struct seen *seen)
{
    struct srs_http_client_event event;
    srs_err err = srs_http_client_next(client, &event);
    while (!err) {
        if (event.type == SRS_HTTP_CLIENT_HEAD) {
            char head[6] = {'H', 0, 0, 0, ' ', 0};
            head[1] = (char)('0' + event.reply->status / 100);
            head[2] = (char)('0' + event.reply->status / 10 % 10);
            head[3] = (char)('0' + event.reply->status % 10);
            note(seen, head, 5);
        } else if (event.type == SRS_HTTP_CLIENT_BODY) {
            note(seen, event.body.bytes, event.body.size);
        } else {
            note(seen, "E ", 2);
        }
        err = srs_http_client_next(client, &event);
    }
    if (err != SRS_E_AGAIN)
        return err;
    return SRS_OK;
}

static srs_err feed_by(struct srs_http_client *client, struct srs_span in, size_t step,
                       struct seen *seen)
{
    srs_err err = SRS_OK;
    for (size_t at = 0; at < in.size && !err; at += step) {
        size_t size = in.size - at < step ? in.size - at : step;
        uint8_t *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, in.bytes + at, size);
        srs_http_client_feed(client, (struct srs_span){piece, size});
        err = drain(client, seen);
        free(piece);
    }
    return err;
}

static const struct {
    const char *why;
    const char *text;
    srs_err want;
    const char *seen;
    srs_err eof;
} cases[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", SRS_OK, "H200 helloE ", SRS_OK},
    {"no body", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", SRS_OK, "H404 E ", SRS_OK},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", SRS_OK, "H204 E ", SRS_OK},
    {"304 with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", SRS_OK, "H304 E ",
     SRS_OK},
    {"chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n"
     "0\r\n\r\n",
     SRS_OK, "H200 helloE ", SRS_OK},
    {"two answers",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 201 Created\r\n"
     "Content-Length: 1\r\n\r\nb",
     SRS_OK, "H200 aE H201 bE ", SRS_OK},
    {"interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     SRS_OK, "H200 E ", SRS_OK},
    {"until the close", "HTTP/1.1 200 OK\r\n\r\nhello", SRS_OK, "H200 helloE ", SRS_OK},
    {"without reason phrase", "HTTP/1.0 200\r\n\r\nx", SRS_OK, "H200 xE ", SRS_OK},
    {"cut in the head", "HTTP/1.1 200 OK\r\nContent", SRS_OK, "", SRS_E_HTTP_RESPONSE_EOF},
    {"cut in a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", SRS_OK, "H200 hel",
     SRS_E_HTTP_RESPONSE_EOF},
    {"cut in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n",
     SRS_OK, "H200 hel", SRS_E_HTTP_RESPONSE_EOF},
    {"not HTTP", "ICY 200 OK\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, "", SRS_OK},
    {"misspelt protocol", "HT;P/1.1 200 OK\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, "", SRS_OK},
    {"status below 100", "HTTP/1.1 099 X\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, "", SRS_OK},
    {"bare LF", "HTTP/1.1 200 OK\n\n", SRS_E_HTTP_PARSE_HEADER, "", SRS_OK},
    {"length and chunks",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, "", SRS_OK},
    {"other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     "", SRS_OK},
    {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     SRS_E_HTTP_INVALID_CHUNK_HEADER, "H200 ", SRS_OK},
};

static void test_http_client_given_an_answer_at_any_step_then_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_span text = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
        for (size_t step = 1; step <= text.size; step++) {
            struct srs_http_client *client = srs_http_client_new();
            struct seen seen = {0};
            assert_err(cases[i].want, feed_by(client, text, step, &seen), cases[i].why);
            if (cases[i].want == SRS_OK) {
                assert_err(cases[i].eof, srs_http_client_eof(client), cases[i].why);
                assert_err(SRS_OK, drain(client, &seen), cases[i].why);
            } else {
                assert_err(SRS_E_HTTP_PARSE_HEADER, drain(client, &seen), "after the failure");
            }
            if (strcmp(cases[i].seen, seen.text) != 0)
                fail_msg("%s: step %zu: \"%s\"", cases[i].why, step, seen.text);
            srs_http_client_free(client);
        }
    }
}

static void test_http_client_given_a_head_then_its_values(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 302 Found\r\nLocation: http://b/x\r\nserver: s\r\n"
                               "Content-Length: 7\r\nConnection: close\r\n\r\n";
    struct srs_http_client *client = srs_http_client_new();
    struct srs_http_client_event event;
    srs_http_client_feed(client, (struct srs_span){(const uint8_t *)text, sizeof text - 1});
    assert_err(SRS_OK, srs_http_client_next(client, &event), "head");
    assert_int_equal(302, event.reply->status);
    assert_int_equal(1, event.reply->minor);
    assert_int_equal(7, event.reply->content_length);
    assert_false(event.reply->chunked);
    assert_false(event.reply->keep_alive);
    assert_string_equal("http://b/x", srs_http_reply_header(event.reply, "location"));
    assert_string_equal("s", srs_http_reply_header(event.reply, "Server"));
    assert_null(srs_http_reply_header(event.reply, "Date"));
    srs_http_client_free(client);
}

static void test_http_client_given_keep_alive_then_only_with_a_known_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep;
    } heads[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < SRS_COUNT(heads); i++) {
        struct srs_http_client *client = srs_http_client_new();
        struct srs_http_client_event event;
        struct srs_span in = {(const uint8_t *)heads[i].text, strlen(heads[i].text)};
        srs_http_client_feed(client, in);
        assert_err(SRS_OK, srs_http_client_next(client, &event), heads[i].text);
        assert_int_equal(strstr(heads[i].text, "Length") != NULL ? 1 : -1,
                         event.reply->content_length);
        if (event.reply->keep_alive != heads[i].keep)
            fail_msg("%s", heads[i].text);
        srs_http_client_free(client);
    }
}

static void test_http_client_given_an_answer_to_head_then_no_body(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    struct srs_http_client *client = srs_http_client_new();
    struct seen seen = {0};
    srs_http_client_expect_no_body(client);
    srs_http_client_feed(client, (struct srs_span){(const uint8_t *)text, sizeof text - 1});
    assert_err(SRS_OK, drain(client, &seen), "both");
    assert_string_equal("H200 E H200 xE ", seen.text);
    srs_http_client_free(client);
}

static void test_http_client_given_switching_protocols_then_the_rest_stays(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x82";
    struct srs_http_client *client = srs_http_client_new();
    struct seen seen = {0};
    srs_http_client_feed(client, (struct srs_span){(const uint8_t *)text, sizeof text - 1});
    assert_err(SRS_OK, drain(client, &seen), "101");
    assert_string_equal("H101 ", seen.text);
    assert_int_equal(1, srs_http_client_rest(client).size);
    assert_int_equal(0x82, srs_http_client_rest(client).bytes[0]);
    srs_http_client_free(client);
    srs_http_client_free(NULL);
}

static void test_http_client_given_interim_answers_at_their_limit_then_refused_above(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
    struct srs_http_client *client = srs_http_client_new();
    struct seen seen = {0};
    for (unsigned i = 0; i <= SRS_HTTP_INTERIM_MAX; i++) {
        srs_http_client_feed(client, (struct srs_span){(const uint8_t *)text, sizeof text - 1});
        assert_err(i < SRS_HTTP_INTERIM_MAX ? SRS_OK : SRS_E_HTTP_HEADER, drain(client, &seen),
                   "interim answer");
    }
    srs_http_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_client_given_an_answer_at_any_step_then_events),
        cmocka_unit_test(test_http_client_given_a_head_then_its_values),
        cmocka_unit_test(test_http_client_given_keep_alive_then_only_with_a_known_end),
        cmocka_unit_test(test_http_client_given_an_answer_to_head_then_no_body),
        cmocka_unit_test(test_http_client_given_switching_protocols_then_the_rest_stays),
        cmocka_unit_test(test_http_client_given_interim_answers_at_their_limit_then_refused_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
