#include "protocol/http/response.h"
#include "test.h"
#include <stdio.h>

#define CORS                                             \
    "Access-Control-Allow-Origin: *\r\n"                 \
    "Access-Control-Allow-Methods: *\r\n"                \
    "Access-Control-Allow-Headers: *, Authorization\r\n" \
    "Access-Control-Expose-Headers: *\r\n"               \
    "Access-Control-Allow-Credentials: false\r\n"        \
    "Access-Control-Request-Private-Network: true\r\n"

// The response to a request that was really received.
static struct srs_http_response to_request(const char *text, bool crossdomain)
{
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    struct srs_span in = {(const uint8_t *)text, strlen(text)};
    assert_err(SRS_OK, srs_http_server_feed(server, in), "feed");
    assert_err(SRS_OK, srs_http_server_next(server, &event), "request");
    struct srs_http_response response =
        srs_http_response_to(server, event.request, "SRS/8", crossdomain);
    srs_http_server_free(server);
    return response;
}

static void expect_text(struct srs_buf *out, const char *want)
{
    uint8_t *end;
    assert_err(SRS_OK, srs_buf_reserve(out, 1, 1 << 20, &end), "terminator");
    *end = '\0';
    assert_string_equal(want, (const char *)srs_buf_span(out).bytes);
    srs_buf_fini(out);
}

static const struct {
    const char *why;
    const char *request;
    int64_t length;
    unsigned status;
    bool chunked;
    bool closes;
    const char *want;
} framings[] = {
    {"length, 1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5, 200, false, false,
     "Content-Length: 5\r\nConnection: keep-alive\r\n"},
    {"length, close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 5, 200, false, true,
     "Content-Length: 5\r\nConnection: close\r\n"},
    {"length, 1.0", "GET / HTTP/1.0\r\n\r\n", 0, 200, false, true,
     "Content-Length: 0\r\nConnection: close\r\n"},
    {"length, 1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, 200, false,
     false, "Content-Length: 0\r\nConnection: keep-alive\r\n"},
    {"stream, 1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", -1, 200, true, false,
     "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"},
    {"stream, HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", -1, 200, true, false,
     "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"},
    {"stream, 1.0 ends by the close", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1, 200,
     false, true, "Connection: close\r\n"},
    {"stream, HEAD of 1.0", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1, 200, false,
     false, "Connection: keep-alive\r\n"},
    {"204 has no length", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 204, false, false,
     "Connection: keep-alive\r\n"},
    {"304 has no body", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", -1, 304, false, false,
     "Connection: keep-alive\r\n"},
};

static void test_http_response_given_framing_then_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(framings); i++) {
        struct srs_http_response response = to_request(framings[i].request, true);
        response.status = framings[i].status;
        response.content_length = framings[i].length;
        if (srs_http_response_is_chunked(&response) != framings[i].chunked ||
            srs_http_response_closes(&response) != framings[i].closes)
            fail_msg("%s", framings[i].why);
        struct srs_buf out = {0};
        assert_err(SRS_OK, srs_http_response_write(&out, &response), framings[i].why);
        char want[512];
        (void)snprintf(want, sizeof want, "HTTP/1.1 %u %s\r\nServer: SRS/8\r\n%s\r\n",
                       framings[i].status, srs_http_reason(framings[i].status), framings[i].want);
        expect_text(&out, want);
    }
}

static void test_http_response_given_all_headers_then_in_order(void **state)
{
    (void)state;
    static const struct srs_http_extra extra[] = {{"X-A", "1"}, {"X-B", "2"}};
    struct srs_http_response response = to_request(
        "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://page\r\nContent-Length: 0\r\n\r\n", true);
    response.status = 201;
    response.content_type = "application/sdp";
    response.content_length = 3;
    response.cache_control = "no-cache";
    response.location = "/x";
    response.authenticate = "Basic";
    response.allow = "GET";
    response.extra = extra;
    response.extra_count = SRS_COUNT(extra);
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_http_response_write(&out, &response), "write");
    expect_text(&out, "HTTP/1.1 201 Created\r\n"
                      "Server: SRS/8\r\n"
                      "Content-Type: application/sdp\r\n"
                      "Content-Length: 3\r\n"
                      "Connection: keep-alive\r\n"
                      "Cache-Control: no-cache\r\n"
                      "Location: /x\r\n"
                      "WWW-Authenticate: Basic\r\n"
                      "Allow: GET\r\n" CORS "X-A: 1\r\nX-B: 2\r\n\r\n");
}

static void test_http_response_given_a_websocket_then_switching(void **state)
{
    (void)state;
    static const struct srs_http_extra accept[] = {{"Sec-WebSocket-Accept", "k="}};
    struct srs_http_response response = to_request(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", false);
    response.status = 101;
    response.upgrade_websocket = true;
    response.extra = accept;
    response.extra_count = 1;
    struct srs_buf out = {0};
    assert_false(srs_http_response_is_chunked(&response));
    assert_false(srs_http_response_closes(&response));
    assert_err(SRS_OK, srs_http_response_write(&out, &response), "write");
    expect_text(&out, "HTTP/1.1 101 Switching Protocols\r\nServer: SRS/8\r\n"
                      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: k=\r\n\r\n");
}

static void test_http_response_given_origin_and_crossdomain_then_cors(void **state)
{
    (void)state;
    static const char with[] = "GET / HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n\r\n";
    static const char without[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_true(to_request(with, true).cors);
    assert_false(to_request(with, false).cors);
    assert_false(to_request(without, true).cors);
}

static void test_http_response_given_plain_then_reason_as_body(void **state)
{
    (void)state;
    static const unsigned statuses[] = {400, 404, 405, 413, 414, 431, 500};
    for (size_t i = 0; i < SRS_COUNT(statuses); i++) {
        const char *reason = srs_http_reason(statuses[i]);
        for (unsigned head = 0; head < 2; head++) {
            struct srs_http_response response = to_request(
                head ? "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                true);
            struct srs_buf out = {0};
            assert_err(SRS_OK, srs_http_response_write_plain(&out, &response, statuses[i]), reason);
            char want[512];
            (void)snprintf(want, sizeof want,
                           "HTTP/1.1 %u %s\r\nServer: SRS/8\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n%s",
                           statuses[i], reason, strlen(reason), head ? "" : reason);
            expect_text(&out, want);
        }
    }
}

static void test_http_response_given_a_whole_body_then_head_and_body(void **state)
{
    (void)state;
    struct srs_http_response response = to_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true);
    response.server = NULL;
    response.content_type = "application/json";
    struct srs_buf out = {0};
    struct srs_span body = {(const uint8_t *)"{\"code\":0}", 10};
    assert_err(SRS_OK, srs_http_response_write_whole(&out, &response, body, 4096), "whole");
    expect_text(&out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Content-Length: 10\r\nConnection: keep-alive\r\n\r\n{\"code\":0}");
}

static void test_http_response_given_options_then_preflight_or_405(void **state)
{
    (void)state;
    static const char preflight[] = "OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n"
                                    "Access-Control-Request-Method: POST\r\n\r\n";
    struct srs_buf out = {0};
    struct srs_http_response response = to_request(preflight, true);
    assert_err(SRS_OK, srs_http_response_write_options(&out, &response, true), "on");
    expect_text(&out, "HTTP/1.1 200 OK\r\nServer: SRS/8\r\nContent-Length: 0\r\n"
                      "Connection: keep-alive\r\n" CORS "\r\n");
    response = to_request(preflight, false);
    assert_err(SRS_OK, srs_http_response_write_options(&out, &response, false), "off");
    expect_text(&out, "HTTP/1.1 405 Method Not Allowed\r\nServer: SRS/8\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 18\r\n"
                      "Connection: keep-alive\r\n\r\nMethod Not Allowed");
}

static void test_http_response_given_a_redirect_then_302(void **state)
{
    (void)state;
    struct srs_http_response response = to_request("GET / HTTP/1.0\r\n\r\n", true);
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_http_response_write_redirect(&out, &response, "/api/v1/streams/"),
               "302");
    expect_text(&out, "HTTP/1.1 302 Found\r\nServer: SRS/8\r\nContent-Length: 0\r\n"
                      "Connection: close\r\nLocation: /api/v1/streams/\r\n\r\n");
}

static void test_http_response_given_a_line_end_in_a_value_then_refused(void **state)
{
    (void)state;
    static const struct srs_http_extra bad_value = {"X-A", "1\r\nX-B: 2"};
    static const struct srs_http_extra bad_name = {"X-A\n", "1"};
    for (unsigned i = 0; i < 8; i++) {
        struct srs_http_response response = to_request("GET / HTTP/1.0\r\n\r\n", true);
        const char *evil = "/\r\nSet-Cookie: a";
        response.location = i == 0 ? evil : NULL;
        response.content_type = i == 1 ? evil : NULL;
        response.cache_control = i == 2 ? evil : NULL;
        response.authenticate = i == 3 ? evil : NULL;
        response.allow = i == 4 ? evil : NULL;
        response.server = i == 5 ? "a\x7f" : NULL;
        response.extra = i == 6 ? &bad_value : &bad_name;
        response.extra_count = i >= 6;
        struct srs_buf out = {0};
        assert_err(SRS_E_HTTP_HEADER, srs_http_response_write(&out, &response), evil);
        assert_int_equal(0, srs_buf_size(&out));
    }
}

static void test_http_response_given_no_room_then_buffer_untouched(void **state)
{
    (void)state;
    struct srs_http_response response = to_request("GET / HTTP/1.0\r\n\r\n", true);
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_buf_append(&out, "before", 6, 64), "before");
    struct srs_span body = {(const uint8_t *)"body", 4};
    assert_err(SRS_E_LIMIT, srs_http_response_write_whole(&out, &response, body, 64), "limit");
    assert_int_equal(6, srs_buf_size(&out));
    srs_buf_fini(&out);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_http_response_write(&out, &response), "memory");
    srs_mem_fail_after(0);
    assert_int_equal(0, srs_buf_size(&out));
}

// RFC 9110 section 15 and RFC 6585.
static void test_http_reason_given_status_then_phrase(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Payload Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {299, "Unknown"},
    };
    for (size_t i = 0; i < SRS_COUNT(reasons); i++)
        assert_string_equal(reasons[i].reason, srs_http_reason(reasons[i].status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_response_given_framing_then_headers),
        cmocka_unit_test(test_http_response_given_all_headers_then_in_order),
        cmocka_unit_test(test_http_response_given_a_websocket_then_switching),
        cmocka_unit_test(test_http_response_given_origin_and_crossdomain_then_cors),
        cmocka_unit_test(test_http_response_given_plain_then_reason_as_body),
        cmocka_unit_test(test_http_response_given_a_whole_body_then_head_and_body),
        cmocka_unit_test(test_http_response_given_options_then_preflight_or_405),
        cmocka_unit_test(test_http_response_given_a_redirect_then_302),
        cmocka_unit_test(test_http_response_given_a_line_end_in_a_value_then_refused),
        cmocka_unit_test(test_http_response_given_no_room_then_buffer_untouched),
        cmocka_unit_test(test_http_reason_given_status_then_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
