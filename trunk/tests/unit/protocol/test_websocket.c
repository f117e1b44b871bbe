// WebSocket: the handshake's decision, frames of a client in every cut, heads of the server.
#include "core/mem.h"
#include "protocol/http/websocket.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

// --- handshake ----------------------------------------------------------------------------------

#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static void check_handshake(const char *why, const char *line, const char *headers, bool asked,
                            unsigned want)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "%s\r\nHost: a\r\n%s\r\n", line, headers);
    struct srs_http_server *server = srs_http_server_new();
    struct srs_http_event event;
    struct srs_span in = {(const uint8_t *)text, strlen(text)};
    char accept[SRS_WEBSOCKET_ACCEPT_SIZE] = "";
    unsigned status = 0;
    assert_err(SRS_OK, srs_http_server_feed(server, in), why);
    assert_err(SRS_OK, srs_http_server_next(server, &event), why);
    if (srs_websocket_is_asked(event.request) != asked)
        fail_msg("%s: asked", why);
    srs_err err = srs_websocket_accept(event.request, accept, &status);
    if (asked)
        assert_err(want == 101 ? SRS_OK : SRS_E_WEBSOCKET_HANDSHAKE, err, why);
    if (asked && want == 101)
        assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); // RFC 6455 section 1.3
    else if (asked && status != want)
        fail_msg("%s: %u", why, status);
    srs_err_drop(err, "looked at");
    srs_http_server_free(server);
}

static void test_handshake_given_requests_then_accept_or_status(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *line;
        const char *headers;
        bool asked;
        unsigned status;
    } rows[] = {
        {"as browsers ask", "GET / HTTP/1.1", UPGRADE KEY VERSION, true, 101},
        {"an extension and a protocol offered", "GET / HTTP/1.1",
         UPGRADE KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                             "Sec-WebSocket-Protocol: flv\r\n",
         true, 101},
        {"other letters, several words", "GET / HTTP/1.1",
         "upgrade: h2c, WebSocket\r\nconnection: keep-alive, upgrade\r\n" KEY VERSION, true, 101},
        {"no connection option", "GET / HTTP/1.1", "Upgrade: websocket\r\n" KEY VERSION, false, 0},
        {"another protocol", "GET / HTTP/1.1", "Upgrade: h2c\r\nConnection: Upgrade\r\n", false, 0},
        {"a longer word", "GET / HTTP/1.1",
         "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION, false, 0},
        {"HTTP/1.0", "GET / HTTP/1.0", UPGRADE KEY VERSION, false, 0},
        {"POST", "POST / HTTP/1.1", UPGRADE KEY VERSION, true, 405},
        {"no version", "GET / HTTP/1.1", UPGRADE KEY, true, 426},
        {"version 8", "GET / HTTP/1.1", UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", true, 426},
        {"no key", "GET / HTTP/1.1", UPGRADE VERSION, true, 400},
        {"two keys", "GET / HTTP/1.1", UPGRADE VERSION KEY KEY, true, 400},
        {"short key", "GET / HTTP/1.1",
         UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ==\r\n", true, 400},
        {"long key", "GET / HTTP/1.1",
         UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==\r\n", true, 400},
        {"key of no base64", "GET / HTTP/1.1",
         UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n", true, 400},
        {"key of 17 bytes", "GET / HTTP/1.1",
         UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n", true, 400},
        {"key with bits beyond its bytes", "GET / HTTP/1.1",
         UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", true, 400},
        {"a body", "GET / HTTP/1.1", UPGRADE VERSION KEY "Content-Length: 2\r\n", true, 400},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        check_handshake(rows[i].why, rows[i].line, rows[i].headers, rows[i].asked, rows[i].status);
}

// --- frames -------------------------------------------------------------------------------------

enum { FIN = 0x80, MASK = 0x80, WIRE = 16 * 1024 };

// A frame of a client. `length_bytes`: 0 for the shortest form.
static void frame(struct srs_wr *wr, uint8_t first, size_t size, unsigned length_bytes,
                  const char *text)
{
    static const uint8_t mask[] = {0x37, 0xFA, 0x21, 0x3D};
    srs_wr_u8(wr, first);
    if (length_bytes == 8 || size > UINT16_MAX) {
        srs_wr_u8(wr, MASK | 127);
        srs_wr_u64(wr, size);
    } else if (length_bytes == 2 || size > 125) {
        srs_wr_u8(wr, MASK | 126);
        srs_wr_u16(wr, (uint16_t)size);
    } else {
        srs_wr_u8(wr, (uint8_t)(MASK | size));
    }
    srs_wr_bytes(wr, mask, sizeof mask);
    for (size_t i = 0; i < size; i++)
        srs_wr_u8(wr, (uint8_t)((text != NULL ? text[i] : 'x') ^ mask[i % 4]));
}

struct seen {
    char text[WIRE]; // "P:hello;" for each event
    size_t size;
    uint16_t code;
    size_t used;
};

static void see(struct seen *seen, const struct srs_websocket_event *event)
{
    static const char letters[] = {[SRS_WEBSOCKET_TEXT] = 'T',
                                   [SRS_WEBSOCKET_BINARY] = 'B',
                                   [SRS_WEBSOCKET_CLOSE] = 'C',
                                   [SRS_WEBSOCKET_PING] = 'P',
                                   [SRS_WEBSOCKET_PONG] = 'Q'};
    seen->text[seen->size++] = letters[event->opcode];
    seen->text[seen->size++] = ':';
    if (event->payload.size > 0)
        memcpy(seen->text + seen->size, event->payload.bytes, event->payload.size);
    seen->size += event->payload.size;
    seen->text[seen->size++] = ';';
    if (event->opcode == SRS_WEBSOCKET_CLOSE)
        seen->code = event->code;
}

static srs_err read_all(struct srs_websocket_reader *reader, struct srs_span in, size_t step,
                        struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    while (seen->used < in.size) {
        size_t size = in.size - seen->used < step ? in.size - seen->used : step;
        uint8_t *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, in.bytes + seen->used, size);
        struct srs_websocket_event event;
        bool got = false;
        size_t used = 0;
        srs_err err =
            srs_websocket_read(reader, (struct srs_span){piece, size}, &used, &event, &got);
        free(piece);
        if (!err && got)
            see(seen, &event);
        if (err)
            return err;
        assert_true(used > 0);
        seen->used += used;
    }
    return SRS_OK;
}

static srs_err read_once(struct srs_span in, size_t step, struct seen *seen, uint16_t *code)
{
    struct srs_websocket_reader reader = {0};
    srs_err err = read_all(&reader, in, step, seen);
    *code = reader.close_code;
    srs_websocket_reader_fini(&reader);
    return err;
}

static struct seen seen;
static uint8_t wire[WIRE];

// In whole, in every cut of one size, and every prefix: always the same events in front.
static void check_reading(const char *why, size_t size, const char *want, srs_err err,
                          uint16_t close_code)
{
    uint16_t code = 0;
    for (size_t step = 1; step <= size; step = step < 40 ? step + 1 : step * 2) {
        assert_err(err, read_once((struct srs_span){wire, size}, step, &seen, &code), why);
        if (strcmp(seen.text, want) != 0 || code != close_code)
            fail_msg("%s in steps of %zu: %s %u", why, step, seen.text, code);
    }
    for (size_t end = 0; end < size; end++) {
        srs_err got = read_once((struct srs_span){wire, end}, end + 1, &seen, &code);
        if ((got != SRS_OK && got != err) || strncmp(seen.text, want, seen.size) != 0)
            fail_msg("%s, the first %zu bytes: %s", why, end, seen.text);
        srs_err_drop(got, "looked at");
    }
}

struct piece {
    uint8_t first;
    unsigned length_bytes;
    size_t size; // with text NULL
    const char *text;
};

static size_t write_pieces(const struct piece *pieces)
{
    struct srs_wr wr = srs_wr_init(wire, sizeof wire);
    for (; pieces->first != 0 || pieces->text != NULL; pieces++) {
        const char *text = pieces->text;
        size_t size = text != NULL && pieces->size == 0 ? strlen(text) : pieces->size;
        frame(&wr, pieces->first, size, pieces->length_bytes, text);
    }
    assert_false(wr.bad);
    return wr.size;
}

static void test_read_given_frames_then_events(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct piece pieces[6];
        const char *want;
        srs_err err;
        uint16_t code;
    } rows[] = {
        {"text", {{FIN | 1, 0, 0, "Hello"}}, "T:Hello;", SRS_OK, 0},
        {"empty binary", {{FIN | 2, 0, 0, ""}}, "B:;", SRS_OK, 0},
        {"fragments", {{1, 0, 0, "He"}, {0, 0, 0, ""}, {FIN, 0, 0, "llo"}}, "T:Hello;", SRS_OK, 0},
        {"ping between fragments",
         {{2, 0, 0, "a"}, {FIN | 9, 0, 0, "now"}, {FIN | 10, 0, 0, ""}, {FIN, 0, 0, "b"}},
         "P:now;Q:;B:ab;",
         SRS_OK,
         0},
        {"two messages", {{FIN | 1, 0, 0, "a"}, {FIN | 1, 0, 0, "b"}}, "T:a;T:b;", SRS_OK, 0},
        {"close without a code", {{FIN | 8, 0, 0, ""}}, "C:;", SRS_OK, 0},
        {"close with a reason",
         {{FIN | 8, 0, 0,
           "\x03\xE8"
           "bye"}},
         "C:bye;",
         SRS_OK,
         0},
        {"nothing is read behind a close",
         {{FIN | 8, 0, 0, "\x0F\xA0"}, {0x70, 0, 0, "x"}},
         "C:;",
         SRS_OK,
         0},
        {"continuation of nothing", {{FIN, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"message between fragments",
         {{1, 0, 0, "a"}, {FIN | 1, 0, 0, "b"}},
         "",
         SRS_E_WEBSOCKET_FRAME,
         1002},
        {"continuation behind the last",
         {{FIN | 1, 0, 0, "a"}, {FIN, 0, 0, "b"}},
         "T:a;",
         SRS_E_WEBSOCKET_FRAME,
         1002},
        {"reserved bit 1", {{FIN | 0x40 | 1, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"reserved bit 3", {{FIN | 0x10 | 1, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"reserved opcode of data", {{FIN | 3, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"reserved opcode of control", {{FIN | 11, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"ping in fragments", {{9, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"close in fragments", {{8, 0, 0, "\x03\xE8"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"ping of 126 bytes", {{FIN | 9, 0, 126, NULL}, {0}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"length in more bytes than needed",
         {{FIN | 1, 2, 0, "a"}},
         "",
         SRS_E_WEBSOCKET_FRAME,
         1002},
        {"in many more", {{FIN | 1, 8, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"close of one byte", {{FIN | 8, 0, 0, "a"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"close code 1005", {{FIN | 8, 0, 0, "\x03\xED"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"close code 999", {{FIN | 8, 0, 0, "\x03\xE7"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
        {"close code 5000", {{FIN | 8, 0, 0, "\x13\x88"}}, "", SRS_E_WEBSOCKET_FRAME, 1002},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        check_reading(rows[i].why, write_pieces(rows[i].pieces), rows[i].want, rows[i].err,
                      rows[i].code);
}

static void test_read_given_close_then_its_code(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        uint16_t want;
    } rows[] = {{"", 0, SRS_WEBSOCKET_NO_STATUS}, {"\x03\xE9", 2, 1001}, {"\x13\x87z", 3, 4999}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_wr wr = srs_wr_init(wire, sizeof wire);
        uint16_t code;
        frame(&wr, FIN | 8, rows[i].size, 0, rows[i].text);
        assert_err(SRS_OK, read_once((struct srs_span){wire, wr.size}, wr.size, &seen, &code),
                   "close");
        assert_int_equal(seen.code, rows[i].want);
    }
}

static void test_read_given_frame_without_mask_then_1002(void **state)
{
    (void)state;
    static const uint8_t frames[][3] = {{FIN | 1, 1, 'a'}, {FIN | 9, 0, 0}, {FIN | 8, 0, 0}};
    for (size_t i = 0; i < SRS_COUNT(frames); i++) {
        memcpy(wire, frames[i], 3);
        check_reading("no mask", 2, "", SRS_E_WEBSOCKET_FRAME, 1002);
    }
}

static void test_read_given_sizes_around_the_limit_then_up_to_it(void **state)
{
    (void)state;
    enum { MAX = SRS_WEBSOCKET_MESSAGE_MAX };
    static const struct {
        const char *why;
        struct piece pieces[3];
        srs_err err;
    } rows[] = {
        {"125", {{FIN | 2, 0, 125, NULL}}, SRS_OK},
        {"126", {{FIN | 2, 0, 126, NULL}}, SRS_OK},
        {"all", {{FIN | 2, 0, MAX, NULL}}, SRS_OK},
        {"one more", {{FIN | 2, 0, MAX + 1, NULL}}, SRS_E_LIMIT},
        {"all in two", {{2, 0, MAX - 1, NULL}, {FIN, 0, 1, NULL}}, SRS_OK},
        {"one more in two", {{2, 0, MAX - 1, NULL}, {FIN, 0, 2, NULL}}, SRS_E_LIMIT},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        size_t size = write_pieces(rows[i].pieces);
        uint16_t code;
        assert_err(rows[i].err, read_once((struct srs_span){wire, size}, 1000, &seen, &code),
                   rows[i].why);
        assert_int_equal(code, rows[i].err ? SRS_WEBSOCKET_TOO_BIG : 0);
        assert_int_equal(seen.size > 0, !rows[i].err);
    }
}

// A size that is announced only costs nothing; one of 2^63 is none.
static void test_read_given_huge_lengths_then_refused_by_the_head(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        srs_err err;
        uint16_t code;
    } rows[] = {{65536, SRS_E_LIMIT, 1009},
                {UINT64_C(1) << 32, SRS_E_LIMIT, 1009},
                {INT64_MAX, SRS_E_LIMIT, 1009},
                {UINT64_C(1) << 63, SRS_E_WEBSOCKET_FRAME, 1002},
                {UINT64_MAX, SRS_E_WEBSOCKET_FRAME, 1002},
                {65535, SRS_E_WEBSOCKET_FRAME, 1002}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_wr wr = srs_wr_init(wire, sizeof wire);
        srs_wr_u16(&wr, FIN << 8 | 2 << 8 | MASK | 127);
        srs_wr_u64(&wr, rows[i].size);
        srs_wr_u32(&wr, 0);
        check_reading("huge", wr.size, "", rows[i].err, rows[i].code);
    }
}

static void test_read_given_no_memory_then_1011(void **state)
{
    (void)state;
    uint16_t code;
    struct srs_wr wr = srs_wr_init(wire, sizeof wire);
    frame(&wr, FIN | 1, 5, 0, "Hello");
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, read_once((struct srs_span){wire, wr.size}, wr.size, &seen, &code),
               "memory");
    srs_mem_fail_after(0);
    assert_int_equal(code, SRS_WEBSOCKET_SERVER_ERROR);
}

// --- heads --------------------------------------------------------------------------------------

static void test_head_given_sizes_then_the_shortest_form(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        size_t head_size;
        uint8_t want[SRS_WEBSOCKET_HEAD_MAX];
    } rows[] = {{0, 2, {0x82, 0}},
                {125, 2, {0x82, 125}},
                {126, 4, {0x82, 126, 0, 126}},
                {65535, 4, {0x82, 126, 0xFF, 0xFF}},
                {65536, 10, {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
                {(size_t)1 << 32, 10, {0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0}}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t head[SRS_WEBSOCKET_HEAD_MAX];
        assert_int_equal(srs_websocket_head(head, SRS_WEBSOCKET_BINARY, rows[i].size),
                         rows[i].head_size);
        assert_memory_equal(head, rows[i].want, rows[i].head_size);
    }
}

static void test_close_given_code_then_frame(void **state)
{
    (void)state;
    uint8_t out[SRS_WEBSOCKET_CLOSE_SIZE];
    assert_int_equal(srs_websocket_close(out, 1002), 4);
    assert_memory_equal(out, "\x88\x02\x03\xEA", 4);
    assert_int_equal(srs_websocket_close(out, SRS_WEBSOCKET_NO_STATUS), 2);
    assert_memory_equal(out, "\x88\x00", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_given_requests_then_accept_or_status),
        cmocka_unit_test(test_read_given_frames_then_events),
        cmocka_unit_test(test_read_given_close_then_its_code),
        cmocka_unit_test(test_read_given_frame_without_mask_then_1002),
        cmocka_unit_test(test_read_given_sizes_around_the_limit_then_up_to_it),
        cmocka_unit_test(test_read_given_huge_lengths_then_refused_by_the_head),
        cmocka_unit_test(test_read_given_no_memory_then_1011),
        cmocka_unit_test(test_head_given_sizes_then_the_shortest_form),
        cmocka_unit_test(test_close_given_code_then_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
