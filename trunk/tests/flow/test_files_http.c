// Files over HTTP, from the request to the last byte, on a socket in this process: which file,
// which part of it, what is told about it, and what is refused with which status.
#include "flow_server.h"
#include "server/config_files.h"
#include "server/files/store.h"
#include "server/graph.h"
#include "server/http/exchange.h"
#include "server/page/page.h"
#include "server/web/session.h"
#include <stdio.h>
#include <sys/stat.h>

enum { BIG = 3 * SRS_FILES_PIECE + 77, ANSWER_MAX = BIG + 4096 };

static const struct srs_port web_port = {"http", srs_web_accept, SRS_PORT_SERVER, false,
                                         SRS_CERTS_NONE};
static const struct srs_port api_port = {"http-api", srs_web_accept, SRS_PORT_API, false,
                                         SRS_CERTS_NONE};

static char root[] = "/tmp/srs-test-files-XXXXXX";
static struct flow_server flow;

static const char *const names[] = {"a.txt",     "v.mp4",          "list.M3U8", "bad.flv",
                                    "big.bin",   "sub/index.html", "out",       "in",
                                    "empty.txt", "good.flv",       NULL};

static void path_of(char out[128], const char *name)
{
    (void)snprintf(out, 128, "%s/%s", root, name);
}

// Two key frames of nothing.
static void write_flv(const char *name)
{
    static const uint8_t head[] = {'F', 'L', 'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0};
    static const uint8_t tag[] = {9, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0x12};
    char path[128];
    uint8_t rest[19 + 4] = {[22] = 31};
    path_of(path, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, sizeof head, file), sizeof head);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fwrite(tag, 1, sizeof tag, file), sizeof tag);
        assert_int_equal(fwrite(rest, 1, sizeof rest, file), sizeof rest);
    }
    assert_int_equal(fclose(file), 0);
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    path_of(path, name);
    config_write(path, text);
}

static int setup_all(void **state)
{
    (void)state;
    char path[128];
    static char big[BIG + 1];
    assert_non_null(mkdtemp(root));
    path_of(path, "sub");
    assert_int_equal(mkdir(path, 0755), 0);
    write_file("a.txt", "0123456789");
    write_file("v.mp4", "0123456789");
    write_file("list.M3U8", "#EXTM3U");
    write_file("bad.flv", "0123456789");
    write_flv("good.flv");
    write_file("sub/index.html", "<p>sub");
    write_file("empty.txt", "");
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)('a' + i % 23);
    write_file("big.bin", big);
    path_of(path, "out");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    path_of(path, "in");
    assert_int_equal(symlink("a.txt", path), 0);
    return srs_co_init();
}

static int teardown_all(void **state)
{
    (void)state;
    char path[128];
    for (size_t i = 0; names[i] != NULL; i++) {
        path_of(path, names[i]);
        (void)unlink(path);
    }
    path_of(path, "sub");
    return rmdir(path) != 0 || rmdir(root) != 0;
}

static int setup(void **state)
{
    (void)state;
    char text[512];
    flow_server_open(&flow, "");
    (void)snprintf(text, sizeof text,
                   "http_server { enabled on; dir %s; } vhost __defaultVhost__ { "
                   "http_static { enabled on; mount [vhost]/static; dir %s/sub; } }",
                   root, root);
    flow_server_configure(&flow, text);
    assert_err(SRS_OK, srs_page_load(&flow.server.page), "page");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_wait_for(flow.server.sessions.count == 0);
    flow_wait_for(srs_files_open_count(flow.server.files) == 0);
    srs_page_free(flow.server.page);
    flow_server_close(&flow);
    return 0;
}

// --- requests -----------------------------------------------------------------------------------

static char answer[ANSWER_MAX]; // the last one, whole
static const char *body;        // in it
static size_t body_size;

static unsigned fetch_at(const struct srs_port *port, const char *request, const char *headers)
{
    char text[1024];
    struct srs_conn *conn = NULL;
    struct srs_span got;
    int fd = -1;
    size_t used = 0;
    srs_err err = SRS_E_SOCKET_TIMEOUT;
    assert_err(SRS_OK, srs_web_accept(&flow.server, graph_conn(&fd), port), request);
    assert_err(SRS_OK, srs_conn_new(fd, &conn), request);
    int size = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n",
                        request, headers);
    struct srs_span bytes = {(const uint8_t *)text, (size_t)size};
    assert_err(SRS_OK, srs_conn_write(conn, bytes, SRS_NEVER), request);
    for (int64_t began = flow_real_usec(); !err || err == SRS_E_SOCKET_TIMEOUT;) {
        assert_true(flow_real_usec() - began < FLOW_LIMIT_USEC);
        err = srs_conn_read(conn, srs_now() + SRS_MSEC, &got);
        if (err)
            continue;
        assert_true(used + got.size < sizeof answer);
        memcpy(answer + used, got.bytes, got.size);
        used += got.size;
    }
    assert_err(SRS_E_SOCKET_READ, err, request);
    srs_conn_free(conn);
    answer[used] = '\0';
    body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    body_size = used - (size_t)(body - answer);
    return (unsigned)strtoul(answer + strlen("HTTP/1.1 "), NULL, 10);
}

static unsigned fetch(const char *request, const char *headers)
{
    return fetch_at(&web_port, request, headers);
}

// The value of a header of the last answer.
static void header_of(const char *name, char *out, size_t size)
{
    const char *at = strstr(answer, name);
    assert_non_null(at);
    at += strlen(name);
    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

struct row {
    const char *request;
    const char *headers;
    unsigned status;
    const char *told; // in the answer's head, or NULL
    const char *body; // NULL: not looked at
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned status = fetch(rows[i].request, rows[i].headers);
        bool told = rows[i].told == NULL || strstr(answer, rows[i].told) != NULL;
        bool same = rows[i].body == NULL || (body_size == strlen(rows[i].body) &&
                                             memcmp(body, rows[i].body, body_size) == 0);
        if (status != rows[i].status || !told || !same)
            fail_msg("%s %s: want %u %s %s, got:\n%.600s", rows[i].request, rows[i].headers,
                     rows[i].status, rows[i].told, rows[i].body, answer);
    }
}

// --- cases --------------------------------------------------------------------------------------

static void test_files_given_paths_then_those_files_or_their_status(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /a.txt", "", 200, "Content-Length: 10\r\n", "0123456789"},
        {"GET /a.txt", "", 200, "Accept-Ranges: bytes\r\n", NULL},
        {"HEAD /a.txt", "", 200, "Content-Length: 10\r\n", ""},
        {"GET /empty.txt", "", 200, "Content-Length: 0\r\n", ""},
        {"GET /in", "", 200, NULL, "0123456789"},
        {"GET /list.M3U8", "", 200, "Cache-Control: no-cache\r\n", "#EXTM3U"},
        {"GET /none.txt", "", 404, NULL, NULL},
        {"GET /a.txt/more", "", 404, NULL, NULL},
        {"GET /out", "", 403, NULL, NULL},
        {"POST /a.txt", "Content-Length: 0\r\n", 405, "Allow: GET, HEAD\r\n", NULL},
        {"GET /sub", "", 302, "Location: /sub/\r\n", NULL},
        {"GET /sub?a=b&c", "", 302, "Location: /sub/?a=b&c\r\n", NULL},
        {"GET /sub/", "", 200, "Content-Length: 6\r\n", "<p>sub"},
        {"GET /static/index.html", "", 200, NULL, "<p>sub"},
        {"GET /static/", "", 200, NULL, "<p>sub"},
        {"GET /static/a.txt", "", 404, NULL, NULL},
    };
    check(rows, SRS_COUNT(rows));
    assert_int_equal(fetch_at(&api_port, "GET /a.txt", ""), 200); // the list of the API
    assert_non_null(strstr(answer, "\"urls\""));
}

static void test_files_given_big_file_then_every_byte_of_it(void **state)
{
    (void)state;
    assert_int_equal(fetch("GET /big.bin", ""), 200);
    assert_int_equal(body_size, BIG);
    for (size_t i = 0; i < BIG; i++)
        assert_int_equal(body[i], 'a' + i % 23);
    assert_int_equal(fetch("GET /big.bin", "Range: bytes=65535-131072\r\n"), 206);
    assert_int_equal(body_size, 65538);
    for (size_t i = 0; i < body_size; i++)
        assert_int_equal(body[i], 'a' + (65535 + i) % 23);
}

static void test_files_given_ranges_then_those_parts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /a.txt", "Range: bytes=2-4\r\n", 206, "Content-Range: bytes 2-4/10\r\n", "234"},
        {"GET /a.txt", "Range: bytes=-3\r\n", 206, "Content-Range: bytes 7-9/10\r\n", "789"},
        {"GET /a.txt", "Range: bytes=9-\r\n", 206, "Content-Length: 1\r\n", "9"},
        {"GET /a.txt", "Range: bytes=10-\r\n", 416, "Content-Range: bytes */10\r\n", NULL},
        {"GET /a.txt", "Range: bytes=1-2,4-5\r\n", 200, NULL, "0123456789"},
        {"GET /a.txt", "Range: bytes=1-2\r\nRange: bytes=1-2\r\n", 200, NULL, "0123456789"},
        {"HEAD /a.txt", "Range: bytes=2-4\r\n", 200, "Content-Length: 10\r\n", ""},
        {"GET /a.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n", 200, NULL, "0123456789"},
        {"GET /v.mp4?range=2-4", "", 206, "Content-Range: bytes 2-4/10\r\n", "234"},
        {"GET /v.mp4?bytes=5-", "", 206, NULL, "56789"},
        {"GET /v.mp4?range=2-4&bytes=5-", "Range: bytes=0-0\r\n", 206, NULL, "234"},
        {"HEAD /v.mp4?range=2-4", "", 206, "Content-Length: 3\r\n", ""},
        {"GET /v.mp4?range=2", "", 200, NULL, "0123456789"},
        {"GET /v.mp4?range=2&bytes=2-4", "", 206, NULL, "234"},
        {"GET /a.txt?range=2-4", "", 200, NULL, "0123456789"},
        {"GET /v.mp4?range=%zz", "", 400, NULL, NULL},
        {"GET /a.txt?start=5", "", 200, NULL, "0123456789"},
        {"GET /bad.flv", "", 200, NULL, "0123456789"},
        {"GET /bad.flv?start=0", "", 200, NULL, "0123456789"},
        {"GET /bad.flv?start=x", "", 200, NULL, "0123456789"},
        {"GET /bad.flv?start=5", "", 400, NULL, NULL},
        {"GET /bad.flv?start=11", "", 400, NULL, NULL},
        {"GET /good.flv?start=13", "", 200, "Content-Length: 83\r\n", NULL},
        {"GET /good.flv?start=1000", "", 416, NULL, NULL},
        {"GET /good.flv?start=99999999999999999999999", "", 416, NULL, NULL},
    };
    check(rows, SRS_COUNT(rows));
    assert_int_equal(fetch("GET /good.flv?start=13", ""), 200);
    assert_null(strstr(answer, "ETag")); // what is sought is no version of the file
}

static void test_files_given_version_that_the_client_has_then_not_again(void **state)
{
    (void)state;
    char etag[128];
    char modified[128];
    char headers[512];
    assert_int_equal(fetch("GET /a.txt", ""), 200);
    header_of("ETag: ", etag, sizeof etag);
    header_of("Last-Modified: ", modified, sizeof modified);
    (void)snprintf(headers, sizeof headers, "If-None-Match: \"x\", %s\r\n", etag);
    assert_int_equal(fetch("GET /a.txt", headers), 304);
    assert_int_equal(body_size, 0);
    (void)snprintf(headers, sizeof headers, "If-Modified-Since: %s\r\n", modified);
    assert_int_equal(fetch("GET /a.txt", headers), 304);
    // The first of the two goes before the other.
    (void)snprintf(headers, sizeof headers, "If-None-Match: \"x\"\r\nIf-Modified-Since: %s\r\n",
                   modified);
    assert_int_equal(fetch("GET /a.txt", headers), 200);
    assert_int_equal(fetch("GET /a.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT\r\n"),
                     200);
    assert_int_equal(fetch("GET /a.txt", "If-Modified-Since: never\r\n"), 200);
    (void)snprintf(headers, sizeof headers, "Range: bytes=2-4\r\nIf-Range: %s\r\n", etag);
    assert_int_equal(fetch("GET /a.txt", headers), 206);
    (void)snprintf(headers, sizeof headers, "Range: bytes=2-4\r\nIf-Range: %s\r\n", modified);
    assert_int_equal(fetch("GET /a.txt", headers), 206);
    assert_int_equal(fetch("GET /bad.flv", ""), 200); // another file, another version
    assert_null(strstr(answer, etag));
}

static void test_files_given_too_many_open_then_503_and_a_stream_too(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /a.txt", "", 503, NULL, NULL},
        {"GET /bad.flv", "", 503, NULL, NULL},
    };
    srs_files_set_limit(flow.server.files, 0);
    check(rows, SRS_COUNT(rows));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files_given_paths_then_those_files_or_their_status),
        TEST(test_files_given_big_file_then_every_byte_of_it),
        TEST(test_files_given_ranges_then_those_parts),
        TEST(test_files_given_version_that_the_client_has_then_not_again),
        TEST(test_files_given_too_many_open_then_503_and_a_stream_too),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
