#include "protocol/http/refusal.h"
#include "protocol/http/server.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

#define GET_HEAD  "GET /live/livestream.flv HTTP/1.1\r\nHost: a:8080\r\n"
#define POST_HEAD "POST /rtc/v1/whip/ HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED   POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static struct srs_span span_of(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

static bool refused_with(const struct srs_http_server *server, unsigned status)
{
    struct srs_span refusal = srs_http_server_refusal(server);
    char line[32];
    (void)snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
    return refusal.size > strlen(line) && memcmp(refusal.bytes, line, strlen(line)) == 0;
}

// Feeds the text in pieces of `step` bytes, each one an exact-size block.
static srs_err feed_by(struct srs_http_server *server, struct srs_span in, size_t step)
{
    srs_err err = SRS_OK;
    for (size_t at = 0; at < in.size && !err; at += step) {
        size_t size = in.size - at < step ? in.size - at : step;
        uint8_t *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, in.bytes + at, size);
        err = srs_http_server_feed(server, (struct srs_span){piece, size});
        free(piece);
    }
    return err;
}

static void expect_event(struct srs_http_server *server, enum srs_http_event_type type,
                         struct srs_http_event *event)
{
    assert_err(SRS_OK, srs_http_server_next(server, event), "event");
    assert_int_equal(type, event->type);
}

static void expect_nothing(struct srs_http_server *server)
{
    struct srs_http_event event;
    assert_err(SRS_E_AGAIN, srs_http_server_next(server, &event), "no event");
}

static void test_http_server_given_a_request_at_any_step_then_all_of_it_is_seen(void **state)
{
    (void)state;
    static const char text[] = "GET /live/my%20stream.flv?a=1&b=%2f HTTP/1.1\r\n"
                               "Host: example.com:8080\r\n"
                               "Origin: http://page\r\n"
                               "X-Empty:\r\n"
                               "Range:  bytes=0-1 \t\r\n"
                               "x-real-ip: 10.0.0.1\r\n"
                               "Range: second\r\n\r\n";
    for (size_t step = 1; step <= sizeof text; step++) {
        struct srs_http_server *server = srs_http_server_new();
        struct srs_http_event event;
        assert_err(SRS_OK, feed_by(server, span_of(text), step), "feed");
        expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
        const struct srs_http_request *request = event.request;
        assert_int_equal(SRS_HTTP_GET, request->method);
        assert_string_equal("GET", srs_http_method_name(request->method));
        assert_int_equal(1, request->minor);
        assert_string_equal("/live/my stream.flv", request->path);
        assert_string_equal("a=1&b=%2f", request->query);
        assert_string_equal("example.com:8080", request->host);
        assert_string_equal("http://page", srs_http_request_header(request, "origin"));
        assert_string_equal("bytes=0-1", srs_http_request_header(request, "Range"));
        assert_string_equal("10.0.0.1", srs_http_request_header(request, "X-Real-IP"));
        assert_string_equal("", srs_http_request_header(request, "X-Empty"));
        assert_null(srs_http_request_header(request, "Referer"));
        assert_false(request->has_body);
        assert_false(request->upgrade);
        expect_event(server, SRS_HTTP_EVENT_END, &event);
        assert_int_equal(0, event.body.size);
        expect_nothing(server);
        assert_true(srs_http_server_keep_alive(server));
        srs_http_server_free(server);
    }
}

static void test_http_server_given_every_prefix_then_no_request_and_no_error(void **state)
{
    (void)state;
    static const char text[] = GET_HEAD "Origin: x\r\n\r\n";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        struct srs_http_server *server = srs_http_server_new();
        assert_err(SRS_OK, feed_by(server, (struct srs_span){(const uint8_t *)text, size}, 7),
                   "prefix");
        expect_nothing(server);
        srs_http_server_free(server);
    }
}

static void test_http_server_given_a_body_at_any_step_then_it_is_collected(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool expects;
    } cases[] = {
        {POST_HEAD "Content-Length: 11\r\nExpect: 100-continue\r\n\r\nhello world", true},
        {CHUNKED "5\r\nhello\r\n1;x=y\r\n \r\n05\r\nworld\r\n0\r\nT: 1\r\n\r\n", false},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_span text = span_of(cases[i].text);
        for (size_t step = 1; step <= text.size; step++) {
            struct srs_http_server *server = srs_http_server_new();
            struct srs_http_event event;
            assert_err(SRS_OK, feed_by(server, text, step), "feed");
            expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
            assert_true(event.request->has_body);
            assert_int_equal(cases[i].expects, event.request->expects_continue);
            expect_event(server, SRS_HTTP_EVENT_END, &event);
            assert_int_equal(11, event.body.size);
            assert_memory_equal("hello world", event.body.bytes, 11);
            expect_nothing(server);
            srs_http_server_free(server);
        }
    }
}

static void test_http_server_given_every_prefix_of_a_body_then_no_end(void **state)
{
    (void)state;
    static const char text[] = CHUNKED "5\r\nhello\r\n0\r\nT: 1\r\n\r\n";
    for (size_t size = sizeof CHUNKED - 1; size < sizeof text - 1; size++) {
        struct srs_http_server *server = srs_http_server_new();
        struct srs_http_event event;
        assert_err(SRS_OK, feed_by(server, (struct srs_span){(const uint8_t *)text, size}, 9),
                   "prefix");
        expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
        expect_nothing(server);
        assert_false(srs_http_server_keep_alive(server)); // an answer now would have to close
        srs_http_server_free(server);
    }
}

static void test_http_server_given_pipelined_requests_then_one_at_a_time(void **state)
{
    (void)state;
    static const char text[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                               "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\n"
                               "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                               "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char *const paths[] = {"/1", "/2", "/3"};
    for (size_t step = 1; step <= sizeof text; step++) {
        struct srs_http_server *server = srs_http_server_new();
        struct srs_http_event event;
        assert_err(SRS_OK, feed_by(server, span_of(text), step), "feed");
        for (size_t i = 0; i < SRS_COUNT(paths); i++) {
            expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
            assert_string_equal(paths[i], event.request->path);
            expect_event(server, SRS_HTTP_EVENT_END, &event);
            assert_int_equal(i == 1 ? 2 : 0, event.body.size);
            expect_nothing(server);
            srs_http_server_forget_request(server);
            assert_int_equal(i < 2, srs_http_server_keep_alive(server));
            assert_int_equal(i < 2, srs_http_server_done(server));
        }
        expect_nothing(server);
        srs_http_server_free(server);
    }
}

static void test_http_server_given_version_and_connection_then_keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *text;
        bool keep;
    } cases[] = {
        {"1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"1.1 close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
        {"1.1 close among others", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n",
         false},
        {"1.0", "GET / HTTP/1.0\r\n\r\n", false},
        {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"1.9 reads as 1.1", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", true},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_http_server *server = srs_http_server_new();
        struct srs_http_event event;
        assert_err(SRS_OK, srs_http_server_feed(server, span_of(cases[i].text)), cases[i].why);
        assert_err(SRS_OK, srs_http_server_next(server, &event), cases[i].why);
        if (srs_http_server_keep_alive(server) != cases[i].keep)
            fail_msg("%s", cases[i].why);
        srs_http_server_free(server);
    }
}

static const struct {
    const char *why;
    const char *text;
    srs_err want;
    unsigned status;
} refused[] = {
    {"TLS on the plain port", "\x16\x03\x01\x02", SRS_E_HTTP_PARSE_HEADER, 400},
    {"no method", " / HTTP/1.1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"unknown method", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"misspelt protocol", "GET / HT;P/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     400},
    {"two spaces behind the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     400},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 405},
    {"no version", "GET /\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 505},
    {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"no Host in 1.1", "GET / HTTP/1.1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"two Hosts", GET_HEAD "host: b\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"bare LF in the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     400},
    {"bare LF between headers", GET_HEAD "A: b\nC: d\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"bare LF for the empty line", GET_HEAD "A: b\r\n\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"bare CR in a value", GET_HEAD "A: b\rC: d\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"folded line", GET_HEAD "A: b\r\n c\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"line folded with a tab", GET_HEAD "A: b\r\n\tc\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"control character in a value", GET_HEAD "A: \x01\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"delete character in a value", GET_HEAD "A: \x7f\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"space before the colon", GET_HEAD "Content-Length : 1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"header without colon", GET_HEAD "Content-Length\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"header without name", GET_HEAD ": x\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"length and transfer coding",
     POST_HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     400},
    {"transfer coding and length",
     POST_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     400},
    {"two lengths", POST_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, 400},
    {"list of lengths", POST_HEAD "Content-Length: 1, 1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"signed length", POST_HEAD "Content-Length: +1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"negative length", POST_HEAD "Content-Length: -1\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"empty length", POST_HEAD "Content-Length:\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
    {"length beyond 64 bits", POST_HEAD "Content-Length: 99999999999999999999\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, 400},
    {"length of 63 bits", POST_HEAD "Content-Length: 9223372036854775807\r\n\r\n",
     SRS_E_HTTP_CONTENT_LENGTH, 413},
    {"two transfer codings",
     POST_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, 400},
    {"gzip, chunked", POST_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", SRS_E_HTTP_PARSE_HEADER,
     501},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, 400},
    {"other expectation", POST_HEAD "Content-Length: 1\r\nExpect: cake\r\n\r\n",
     SRS_E_HTTP_PARSE_HEADER, 417},
    {"no chunk size", CHUNKED "\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, 400},
    {"chunk size with prefix", CHUNKED "0x1\r\na\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, 400},
    {"parent segment", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_URL_NOT_CLEAN, 400},
    {"escaped NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_URL_UNESCAPE, 400},
    {"star without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", SRS_E_HTTP_PARSE_URI, 400},
    {"three empty lines", "\r\n\r\n\r\n", SRS_E_HTTP_PARSE_HEADER, 400},
};

static void test_http_server_given_bad_input_at_any_step_then_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(refused); i++) {
        struct srs_span text = span_of(refused[i].text);
        for (size_t step = 1; step <= text.size; step++) {
            struct srs_http_server *server = srs_http_server_new();
            assert_err(refused[i].want, feed_by(server, text, step), refused[i].why);
            if (!refused_with(server, refused[i].status))
                fail_msg("%s: not answered %u", refused[i].why, refused[i].status);
            struct srs_http_event event;
            assert_err(SRS_E_HTTP_PARSE_HEADER, srs_http_server_next(server, &event), "after it");
            assert_err(SRS_E_HTTP_PARSE_HEADER, srs_http_server_feed(server, text), "after it");
            srs_http_server_free(server);
        }
    }
}

static void test_http_server_given_nul_in_the_head_then_refused(void **state)
{
    (void)state;
    static const char text[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct srs_http_server *server = srs_http_server_new();
    assert_err(
        SRS_E_HTTP_PARSE_HEADER,
        srs_http_server_feed(server, (struct srs_span){(const uint8_t *)text, sizeof text - 1}),
        "NUL");
    assert_true(refused_with(server, 400));
    srs_http_server_free(server);
}

// "<first><fill times 'x'><last>" in one feed.
static srs_err feed_filled(struct srs_http_server *server, const char *first, size_t fill,
                           const char *last)
{
    size_t first_size = strlen(first);
    size_t last_size = strlen(last);
    char *text = malloc(first_size + fill + last_size);
    assert_non_null(text);
    memcpy(text, first, first_size);
    memset(text + first_size, 'x', fill);
    memcpy(text + first_size + fill, last, last_size);
    srs_err err =
        feed_by(server, (struct srs_span){(uint8_t *)text, first_size + fill + last_size}, 1000);
    free(text);
    return err;
}

static void test_http_server_given_a_request_line_at_its_limit_then_414_above(void **state)
{
    (void)state;
    size_t fill = SRS_HTTP_LINE_MAX - strlen("GET /") - strlen(" HTTP/1.1");
    for (size_t over = 0; over < 2; over++) {
        struct srs_http_server *server = srs_http_server_new();
        srs_err err = feed_filled(server, "GET /", fill + over, " HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_err(over ? SRS_E_HTTP_HEADER : SRS_OK, err, "request line");
        assert_int_equal(over, refused_with(server, 414));
        srs_http_server_free(server);
    }
}

static void test_http_server_given_header_bytes_at_their_limit_then_431_above(void **state)
{
    (void)state;
    size_t fill = SRS_HTTP_HEADERS_MAX - strlen("Host: a\r\nA: ") - strlen("\r\n\r\n");
    for (size_t over = 0; over < 2; over++) {
        struct srs_http_server *server = srs_http_server_new();
        srs_err err =
            feed_filled(server, "GET / HTTP/1.1\r\nHost: a\r\nA: ", fill + over, "\r\n\r\n");
        assert_err(over ? SRS_E_HTTP_HEADER : SRS_OK, err, "headers");
        assert_int_equal(over, refused_with(server, 431));
        srs_http_server_free(server);
    }
}

static void test_http_server_given_both_limits_reached_then_taken(void **state)
{
    (void)state;
    static char text[SRS_HTTP_LINE_MAX + 2 + SRS_HTTP_HEADERS_MAX];
    memset(text, 'x', sizeof text);
    memcpy(text, "GET /", 5);
    static const char between[] = " HTTP/1.1\r\nHost: a\r\nA:";
    memcpy(text + SRS_HTTP_LINE_MAX - 9, between, sizeof between - 1);
    memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK,
               srs_http_server_feed(server, (struct srs_span){(uint8_t *)text, sizeof text}),
               "largest head");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_int_equal(SRS_HTTP_LINE_MAX - 13, strlen(event.request->path));
    assert_int_equal(SRS_HTTP_HEADERS_MAX - 15,
                     strlen(srs_http_request_header(event.request, "A")));
    srs_http_server_free(server);
}

static void test_http_server_given_headers_at_their_count_then_431_above(void **state)
{
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        struct srs_http_server *server = srs_http_server_new();
        srs_err err = srs_http_server_feed(server, span_of("GET / HTTP/1.1\r\nHost: a\r\n"));
        for (unsigned i = 1; i < SRS_HTTP_HEADER_COUNT_MAX + over && !err; i++)
            err = srs_http_server_feed(server, span_of("A: b\r\n"));
        if (!err)
            err = srs_http_server_feed(server, span_of("\r\n"));
        assert_err(over ? SRS_E_HTTP_HEADER : SRS_OK, err, "count");
        assert_int_equal(over, refused_with(server, 431));
        srs_http_server_free(server);
    }
}

static void test_http_server_given_bodies_at_their_limit_then_413_above(void **state)
{
    (void)state;
    static const char *const heads[] = {
        POST_HEAD "Content-Length: 65536\r\n\r\n",
        POST_HEAD "Content-Length: 65537\r\n\r\n",
        CHUNKED "10000\r\n",
        CHUNKED "10001\r\n",
    };
    for (size_t i = 0; i < SRS_COUNT(heads); i++) {
        bool over = i % 2 == 1;
        struct srs_http_server *server = srs_http_server_new();
        srs_err err =
            feed_filled(server, heads[i], SRS_HTTP_BODY_MAX + over, i < 2 ? "" : "\r\n0\r\n\r\n");
        srs_err want = i < 2 ? SRS_E_HTTP_CONTENT_LENGTH : SRS_E_LIMIT;
        assert_err(over ? want : SRS_OK, err, heads[i]);
        assert_int_equal(over, refused_with(server, 413));
        srs_http_server_free(server);
    }
}

static void test_http_server_given_two_empty_lines_first_then_taken(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK, feed_by(server, span_of("\r\n\r\n" GET_HEAD "\r\n"), 1), "feed");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_string_equal("/live/livestream.flv", event.request->path);
    srs_http_server_free(server);
}

static void test_http_server_given_an_absolute_target_then_its_host_counts(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(
        SRS_OK,
        srs_http_server_feed(server, span_of("GET http://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n")),
        "feed");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_string_equal("b:1", event.request->host);
    assert_string_equal("/x", event.request->path);
    assert_string_equal("y", event.request->query);
    srs_http_server_free(server);
}

static void test_http_server_given_a_bad_second_request_then_refused_after_the_first(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK, srs_http_server_feed(server, span_of(GET_HEAD "\r\nGET\n")), "feed");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_int_equal(0, srs_http_server_refusal(server).size);
    assert_true(srs_http_server_done(server));
    assert_err(SRS_E_HTTP_PARSE_HEADER, srs_http_server_next(server, &event), "second");
    assert_true(refused_with(server, 400));
    srs_http_server_free(server);
}

static void test_http_server_given_pipelined_bytes_above_the_limit_then_silent_error(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK, feed_filled(server, GET_HEAD "\r\n", SRS_HTTP_PENDING_MAX, ""), "at it");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_err(SRS_E_LIMIT, srs_http_server_feed(server, span_of("x")), "above it");
    assert_int_equal(0, srs_http_server_refusal(server).size);        // an answer may be under way
    assert_string_equal("/live/livestream.flv", event.request->path); // still there for its handler
    assert_false(srs_http_server_done(server));
    srs_http_server_free(server);
}

static void test_http_server_given_bytes_behind_the_last_request_then_not_kept(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    assert_err(SRS_OK, feed_filled(server, GET_HEAD "Connection: close\r\n\r\n", 1 << 20, ""),
               "one MiB");
    srs_http_server_forget_request(server);
    assert_true(srs_http_server_memory(server) < 400);
    assert_false(srs_http_server_done(server));
    assert_err(SRS_OK, feed_filled(server, "", 1 << 20, ""), "and one more");
    assert_true(srs_http_server_memory(server) < 400);
    srs_http_server_free(server);
}

static void test_http_server_given_a_streamed_answer_then_little_memory(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    assert_true(srs_http_server_memory(server) < 400);
    assert_err(SRS_OK, feed_filled(server, GET_HEAD "Cookie: ", 4000, "\r\n\r\n"), "feed");
    struct srs_http_event event;
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_true(srs_http_server_memory(server) > 4000);
    srs_http_server_forget_request(server);
    assert_true(srs_http_server_memory(server) < 400);
    expect_nothing(server); // END is not told to who has answered
    assert_true(srs_http_server_keep_alive(server));
    assert_true(srs_http_server_done(server));
    srs_http_server_free(server);
}

static void test_http_server_given_an_answer_before_the_body_then_the_rest_is_dropped(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK, srs_http_server_feed(server, span_of(CHUNKED "5\r\nhe")), "feed");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_false(srs_http_server_keep_alive(server));
    srs_http_server_forget_request(server);
    assert_err(SRS_OK, srs_http_server_feed(server, span_of("llo\r\nnonsense")), "rest");
    expect_nothing(server);
    assert_true(srs_http_server_memory(server) < 400);
    assert_false(srs_http_server_done(server));
    srs_http_server_free(server);
}

static void test_http_server_given_an_upgrade_then_the_rest_is_handed_over(void **state)
{
    (void)state;
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    assert_err(SRS_OK,
               srs_http_server_feed(server, span_of(GET_HEAD "Connection: Upgrade\r\n"
                                                             "Upgrade: websocket\r\n"
                                                             "Sec-WebSocket-Key: k==\r\n\r\n"
                                                             "\x82\x01x")),
               "feed");
    expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
    assert_true(event.request->upgrade);
    assert_string_equal("k==", srs_http_request_header(event.request, "sec-websocket-key"));
    struct srs_buf rest = {0};
    srs_http_server_upgrade(server, &rest);
    assert_int_equal(3, srs_buf_size(&rest));
    assert_memory_equal("\x82\x01x", srs_buf_span(&rest).bytes, 3);
    srs_buf_fini(&rest);
    srs_http_server_free(server);
}

static void test_http_server_given_no_memory_then_500_and_nothing_leaks(void **state)
{
    (void)state;
    static const char text[] = POST_HEAD "Content-Length: 2\r\n\r\nhi" GET_HEAD;
    unsigned failures = 0;
    for (unsigned n = 1;; n++) {
        struct srs_http_server *server = srs_http_server_new();
        srs_mem_fail_after(n);
        srs_err err = srs_http_server_feed(server, span_of(text));
        srs_mem_fail_after(0);
        if (err)
            assert_true(failures == 3 || refused_with(server, 500)); // the last is pipelined input
        srs_http_server_free(server);
        if (!err)
            break;
        assert_err(SRS_E_NO_MEMORY, err, "n-th allocation");
        failures++;
    }
    assert_int_equal(4, failures); // head collected, head kept, body, pipelined rest
}

static void test_http_server_given_the_same_error_twice_then_two_stories(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct srs_http_server *server = srs_http_server_new();
        srs_err err = srs_http_server_feed(server, span_of("GET /.. HTTP/1.0\r\n\r\n"));
        const struct srs_err_trace *story = srs_err_story(err);
        assert_non_null(story);
        assert_int_equal(2, story->count);
        assert_err(SRS_E_HTTP_URL_NOT_CLEAN, err, "story");
        srs_http_server_free(server);
    }
}

static void test_http_server_given_each_method_then_named(void **state)
{
    (void)state;
    static const char *const names[] = {
        [SRS_HTTP_GET] = "GET",     [SRS_HTTP_HEAD] = "HEAD",     [SRS_HTTP_POST] = "POST",
        [SRS_HTTP_PUT] = "PUT",     [SRS_HTTP_DELETE] = "DELETE", [SRS_HTTP_OPTIONS] = "OPTIONS",
        [SRS_HTTP_PATCH] = "PATCH",
    };
    for (size_t i = SRS_HTTP_GET; i < SRS_COUNT(names); i++) {
        struct srs_http_server *server = srs_http_server_new();
        struct srs_http_event event;
        assert_err(SRS_OK, srs_http_server_feed(server, span_of(names[i])), names[i]);
        assert_err(SRS_OK, srs_http_server_feed(server, span_of(" / HTTP/1.0\r\n\r\n")), names[i]);
        expect_event(server, SRS_HTTP_EVENT_REQUEST, &event);
        assert_int_equal(i, event.request->method);
        assert_string_equal(names[i], srs_http_method_name(event.request->method));
        assert_string_equal("", event.request->host);
        srs_http_server_free(server);
    }
    srs_http_server_free(NULL);
}

static void test_http_server_given_a_request_that_does_not_end_then_408(void **state)
{
    static const char *const begun[] = {"GET / HT", "POST / HTTP/1.1\r\nHost: a\r\n",
                                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
                                        ("POST / HTTP/1.1\r\nHost: a\r\n"
                                         "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(begun); i++) {
        struct srs_http_server *server = srs_http_server_new();
        assert_err(SRS_OK, srs_http_server_feed(server, span_of(begun[i])), begun[i]);
        srs_http_server_time_out(server);
        assert_true(refused_with(server, 408));
        assert_err(SRS_E_HTTP_PARSE_HEADER, srs_http_server_feed(server, span_of("x")), begun[i]);
        srs_http_server_free(server);
    }
}

static void test_http_refusal_given_an_unknown_status_then_empty(void **state)
{
    (void)state;
    assert_int_equal(0, srs_http_refusal(0).size);
    assert_int_equal(0, srs_http_refusal(404).size);
    assert_string_equal("HTTP/1.1 400 Bad Request\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: 11\r\n"
                        "Connection: close\r\n\r\n"
                        "Bad Request",
                        (const char *)srs_http_refusal(400).bytes);
}

static void test_http_refusal_given_no_tls_then_the_port_is_explained(void **state)
{
    (void)state;
    static const char want[] = "HTTP/1.1 400 Bad Request\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Length: 57\r\n"
                               "Connection: close\r\n\r\n"
                               "This port wants HTTPS, and the request came without TLS.\n";
    struct srs_span got = srs_http_refusal_plain();
    assert_int_equal(sizeof want - 1, got.size);
    assert_memory_equal(want, got.bytes, got.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_server_given_a_request_at_any_step_then_all_of_it_is_seen),
        cmocka_unit_test(test_http_server_given_every_prefix_then_no_request_and_no_error),
        cmocka_unit_test(test_http_server_given_a_body_at_any_step_then_it_is_collected),
        cmocka_unit_test(test_http_server_given_every_prefix_of_a_body_then_no_end),
        cmocka_unit_test(test_http_server_given_pipelined_requests_then_one_at_a_time),
        cmocka_unit_test(test_http_server_given_version_and_connection_then_keep_alive),
        cmocka_unit_test(test_http_server_given_bad_input_at_any_step_then_refused),
        cmocka_unit_test(test_http_server_given_nul_in_the_head_then_refused),
        cmocka_unit_test(test_http_server_given_a_request_line_at_its_limit_then_414_above),
        cmocka_unit_test(test_http_server_given_header_bytes_at_their_limit_then_431_above),
        cmocka_unit_test(test_http_server_given_both_limits_reached_then_taken),
        cmocka_unit_test(test_http_server_given_headers_at_their_count_then_431_above),
        cmocka_unit_test(test_http_server_given_bodies_at_their_limit_then_413_above),
        cmocka_unit_test(test_http_server_given_two_empty_lines_first_then_taken),
        cmocka_unit_test(test_http_server_given_an_absolute_target_then_its_host_counts),
        cmocka_unit_test(test_http_server_given_a_bad_second_request_then_refused_after_the_first),
        cmocka_unit_test(test_http_server_given_pipelined_bytes_above_the_limit_then_silent_error),
        cmocka_unit_test(test_http_server_given_bytes_behind_the_last_request_then_not_kept),
        cmocka_unit_test(test_http_server_given_a_streamed_answer_then_little_memory),
        cmocka_unit_test(test_http_server_given_an_answer_before_the_body_then_the_rest_is_dropped),
        cmocka_unit_test(test_http_server_given_an_upgrade_then_the_rest_is_handed_over),
        cmocka_unit_test(test_http_server_given_no_memory_then_500_and_nothing_leaks),
        cmocka_unit_test(test_http_server_given_the_same_error_twice_then_two_stories),
        cmocka_unit_test(test_http_server_given_each_method_then_named),
        cmocka_unit_test(test_http_server_given_a_request_that_does_not_end_then_408),
        cmocka_unit_test(test_http_refusal_given_an_unknown_status_then_empty),
        cmocka_unit_test(test_http_refusal_given_no_tls_then_the_port_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
