// Digests and base64, by the vectors of their specifications.
#include "core/crypto.h"
#include "test.h"

static struct srs_span text(const char *words)
{
    return (struct srs_span){(const uint8_t *)words, strlen(words)};
}

static void test_sha1_given_vectors_of_fips_180_then_digests(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        uint8_t want[SRS_SHA1_SIZE];
    } rows[] = {
        {"abc", {0xA9, 0x99, 0x3E, 0x36, 0x47, 0x06, 0x81, 0x6A, 0xBA, 0x3E,
                 0x25, 0x71, 0x78, 0x50, 0xC2, 0x6C, 0x9C, 0xD0, 0xD8, 0x9D}},
        {"", {0xDA, 0x39, 0xA3, 0xEE, 0x5E, 0x6B, 0x4B, 0x0D, 0x32, 0x55,
              0xBF, 0xEF, 0x95, 0x60, 0x18, 0x90, 0xAF, 0xD8, 0x07, 0x09}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t got[SRS_SHA1_SIZE];
        srs_crypto_sha1(text(rows[i].in), got);
        assert_memory_equal(got, rows[i].want, sizeof got);
    }
}

static void test_base64_given_vectors_of_rfc_4648_then_text_that_fits_its_size(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *want;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char got[16];
        srs_crypto_base64(text(rows[i].in), got);
        assert_string_equal(got, rows[i].want);
        assert_int_equal(strlen(got) + 1, SRS_BASE64_SIZE(strlen(rows[i].in)));
    }
}

static void test_same_given_bytes_then_only_equal_ones_are(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool want;
    } rows[] = {{"", "", true},
                {"a", "a", true},
                {"secret", "secret", true},
                {"", "a", false},
                {"a", "", false},
                {"secret", "secreT", false},
                {"secret", "secre", false},
                {"Secret", "secret", false}};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        if (srs_crypto_same(text(rows[i].a), text(rows[i].b)) != rows[i].want)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    assert_true(srs_crypto_same((struct srs_span){NULL, 0}, text("")));
    assert_false(srs_crypto_same((struct srs_span){(const uint8_t *)"a\0b", 3},
                                 (struct srs_span){(const uint8_t *)"a\0c", 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_given_bytes_then_only_equal_ones_are),
        cmocka_unit_test(test_sha1_given_vectors_of_fips_180_then_digests),
        cmocka_unit_test(test_base64_given_vectors_of_rfc_4648_then_text_that_fits_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
