#include "protocol/http/chunk.h"
#include "test.h"
#include <stdlib.h>

// Decodes in pieces of `step`; `out` gets the body. *over: the end was reached, *used: bytes read.
static srs_err decode(struct srs_span in, size_t step, char *out, bool *over, size_t *used)
{
    struct srs_http_chunks chunks = {0};
    size_t size = 0;
    *over = false;
    *used = 0;
    while (*used < in.size && !*over) {
        size_t left = in.size - *used < step ? in.size - *used : step;
        uint8_t *bytes = malloc(left);
        assert_non_null(bytes);
        memcpy(bytes, in.bytes + *used, left);
        struct srs_span piece;
        size_t taken = 0;
        srs_err err =
            srs_http_chunks_read(&chunks, (struct srs_span){bytes, left}, &taken, &piece, over);
        if (!err && piece.size > 0)
            memcpy(out + size, piece.bytes, piece.size);
        size += err ? 0 : piece.size;
        free(bytes);
        if (err)
            return err;
        *used += taken;
    }
    out[size] = '\0';
    return SRS_OK;
}

static const struct {
    const char *why;
    const char *text;
    srs_err want;
    const char *body;
    bool over;
} cases[] = {
    {"empty body", "0\r\n\r\n", SRS_OK, "", true},
    {"two chunks", "1\r\na\r\n00000002\r\nbc\r\n0\r\n\r\n", SRS_OK, "abc", true},
    {"both cases of digits", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", SRS_OK,
     "01234567890123456789", true},
    {"extensions", "1;a=\"b\"\r\nx\r\n1 ;c\r\ny\r\n0;d\r\n\r\n", SRS_OK, "xy", true},
    {"trailers", "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n", SRS_OK, "x", true},
    {"line ends as body", "4\r\n\r\n\r\n\r\n0\r\n\r\n", SRS_OK, "\r\n\r\n", true},
    {"without last empty line", "1\r\nx\r\n0\r\n", SRS_OK, "x", false},
    {"what follows stays", "0\r\n\r\nGET", SRS_OK, "", true},
    {"no size", "\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"sign", "-1\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"prefix", "0x1\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"space before the size", " 1\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"extension without size", ";a\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"nine digits", "000000001\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare LF behind the size", "1\nx\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare CR behind the size", "1\rx\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare LF in an extension", "1;a\nb\r\nx\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bytes beyond the chunk", "1\r\nxy\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare LF behind the bytes", "1\r\nx\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare CR behind the bytes", "1\r\nx\ry", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare LF in a trailer", "0\r\na\n\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"bare CR at the end", "0\r\n\rx", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
    {"control character in an extension", "1;\x01\r\n", SRS_E_HTTP_INVALID_CHUNK_HEADER, "", false},
};

static void test_http_chunks_given_text_at_any_step_then_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_span text = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
        for (size_t step = 1; step <= text.size; step++) {
            char body[64] = "";
            bool over;
            size_t used;
            assert_err(cases[i].want, decode(text, step, body, &over, &used), cases[i].why);
            if (cases[i].want == SRS_OK)
                assert_string_equal(cases[i].body, body);
            if (cases[i].want == SRS_OK && over != cases[i].over)
                fail_msg("%s: end %d", cases[i].why, over);
        }
    }
}

static void test_http_chunks_given_bytes_after_the_end_then_not_taken(void **state)
{
    (void)state;
    char body[64];
    bool over;
    size_t used;
    struct srs_span text = {(const uint8_t *)"0\r\n\r\nGET", 8};
    assert_err(SRS_OK, decode(text, 8, body, &over, &used), "end");
    assert_int_equal(5, used);
}

static void test_http_chunks_given_the_largest_size_then_no_overflow(void **state)
{
    (void)state;
    struct srs_http_chunks chunks = {0};
    struct srs_span piece;
    size_t used;
    bool end;
    struct srs_span in = {(const uint8_t *)"ffffffff\r\nx", 11};
    assert_err(SRS_OK, srs_http_chunks_read(&chunks, in, &used, &piece, &end), "4 GiB - 1");
    assert_int_equal(1, piece.size);
    assert_int_equal(UINT32_MAX - 1, chunks.left);
}

// `first`, `fill` times 'x', `last`.
static srs_err decode_filled(const char *first, size_t fill, const char *last)
{
    size_t first_size = strlen(first);
    size_t last_size = strlen(last);
    uint8_t *text = malloc(first_size + fill + last_size);
    assert_non_null(text);
    memcpy(text, first, first_size);
    memset(text + first_size, 'x', fill);
    memcpy(text + first_size + fill, last, last_size);
    char body[8];
    bool over;
    size_t used;
    srs_err err =
        decode((struct srs_span){text, first_size + fill + last_size}, 4096, body, &over, &used);
    free(text);
    return err;
}

static void test_http_chunks_given_lines_at_their_limits_then_refused_above(void **state)
{
    (void)state;
    size_t extension = SRS_HTTP_CHUNK_EXTENSION_MAX - 1;
    assert_err(SRS_OK, decode_filled("0;", extension, "\r\n\r\n"), "extension at the limit");
    assert_err(SRS_E_HTTP_INVALID_CHUNK_HEADER, decode_filled("0;", extension + 1, "\r\n\r\n"),
               "extension above the limit");
    size_t trailers = SRS_HTTP_TRAILERS_MAX - 3 - 4;
    assert_err(SRS_OK, decode_filled("0\r\na\r\n", trailers, "\r\n\r\n"), "trailers at the limit");
    assert_err(SRS_E_HTTP_INVALID_CHUNK_HEADER,
               decode_filled("0\r\na\r\n", trailers + 1, "\r\n\r\n"), "trailers above the limit");
}

static void test_http_chunk_head_given_size_then_digits(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *want;
    } heads[] = {{1, "1\r\n"},
                 {15, "f\r\n"},
                 {16, "10\r\n"},
                 {0xABC, "abc\r\n"},
                 {0x10000, "10000\r\n"},
                 {0x12345678, "12345678\r\n"},
                 {UINT32_MAX, "ffffffff\r\n"}};
    for (size_t i = 0; i < SRS_COUNT(heads); i++) {
        uint8_t out[SRS_HTTP_CHUNK_HEAD_MAX];
        size_t size = srs_http_chunk_head(out, heads[i].size);
        assert_int_equal(strlen(heads[i].want), size);
        assert_memory_equal(heads[i].want, out, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_chunks_given_text_at_any_step_then_body),
        cmocka_unit_test(test_http_chunks_given_bytes_after_the_end_then_not_taken),
        cmocka_unit_test(test_http_chunks_given_the_largest_size_then_no_overflow),
        cmocka_unit_test(test_http_chunks_given_lines_at_their_limits_then_refused_above),
        cmocka_unit_test(test_http_chunk_head_given_size_then_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
