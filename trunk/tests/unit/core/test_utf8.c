// UTF-8: sizes of good characters, and what is none (RFC 3629 section 4).
#include "core/utf8.h"
#include "test.h"

static void test_utf8_given_characters_then_sizes(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        size_t size;
    } rows[] = {
        {"the end", "", 1},
        {"a letter", "a", 1},
        {"the last of one byte", "\x7f", 1},
        {"the first of two", "\xc2\x80", 2},
        {"the last of two", "\xdf\xbf", 2},
        {"the first of three", "\xe0\xa0\x80", 3},
        {"below the surrogates", "\xed\x9f\xbf", 3},
        {"above them", "\xee\x80\x80", 3},
        {"the first of four", "\xf0\x90\x80\x80", 4},
        {"the last of all", "\xf4\x8f\xbf\xbf", 4},
        {"a later byte alone", "\x80", 0},
        {"two bytes for one", "\xc1\xbf", 0},
        {"overlong of three", "\xe0\x9f\xbf", 0},
        {"a surrogate", "\xed\xa0\x80", 0},
        {"overlong of four", "\xf0\x8f\xbf\xbf", 0},
        {"above the last", "\xf4\x90\x80\x80", 0},
        {"no such byte", "\xf5\x80\x80\x80", 0},
        {"cut after one of two", "\xc3", 0},
        {"cut after two of three", "\xe2\x82", 0},
        {"cut after three of four", "\xf0\x9f\x98", 0},
        {"a letter in the middle",
         "\xe2\x82"
         "a",
         0},
    };
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        if (srs_utf8_size(rows[i].text) != rows[i].size)
            fail_msg("%s: %zu", rows[i].why, srs_utf8_size(rows[i].text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_utf8_given_characters_then_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
