// Signed handshake blocks: captured ones are found and signed alike, and a server's answer to each
// verifies.
#include "core/crypto.h"
#include "protocol/rtmp/digest.h"
#include "protocol/rtmp/handshake.h"
#include "protocol/rtmp_vectors.h"
#include "test.h"

enum { LIMIT = 64 * 1024, SESSIONS = 3, BLOCKS = 4 };
enum { C1, S1, S2, C2 };

static uint8_t captured[SESSIONS][BLOCKS][SRS_RTMP_HS_BLOCK];

static int load(void **state)
{
    static const char *const names[] = {"C1 =", "S1 =", "S2 =", "C2 ="};
    char line[512];
    struct srs_buf block = {0};
    int session = -1;
    int which = -1;
    (void)state;
    FILE *file = fopen("trunk/tests/vectors/rtmp/handshake.txt", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        session += strncmp(line, "## ", 3) == 0;
        if (line[0] == '#')
            continue;
        bool name = false;
        for (int i = 0; i < BLOCKS; i++) {
            if (strncmp(line, names[i], 4) == 0) {
                which = i;
                name = true;
            }
        }
        if (name)
            continue;
        rtmp_hex_append(&block, line);
        if (srs_buf_size(&block) < SRS_RTMP_HS_BLOCK)
            continue;
        assert_true(session >= 0 && session < SESSIONS && which >= 0);
        assert_int_equal(srs_buf_size(&block), SRS_RTMP_HS_BLOCK);
        memcpy(captured[session][which], srs_buf_span(&block).bytes, SRS_RTMP_HS_BLOCK);
        srs_buf_fini(&block);
    }
    (void)fclose(file);
    assert_int_equal(session, SESSIONS - 1);
    return 0;
}

static void test_hmac_given_published_cases_then_equal(void **state)
{
    (void)state;
    // RFC 4231, cases 1, 2 and 6.
    static uint8_t long_key[131];
    static uint8_t short_key[20];
    memset(long_key, 0xaa, sizeof long_key);
    memset(short_key, 0x0b, sizeof short_key);
    const struct {
        const char *why;
        struct srs_span key;
        const char *one;
        const char *two;
        uint8_t begin[4];
    } rows[] = {
        {"case 1", {short_key, 20}, "Hi ", "There", {0xb0, 0x34, 0x4c, 0x61}},
        {"case 2",
         {(const uint8_t *)"Jefe", 4},
         "what do ya want ",
         "for nothing?",
         {0x5b, 0xdc, 0xc1, 0x46}},
        {"key above a block",
         {long_key, sizeof long_key},
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "",
         {0x60, 0xe4, 0x31, 0x59}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t out[SRS_SHA256_SIZE];
        const struct srs_span pieces[] = {{(const uint8_t *)rows[i].one, strlen(rows[i].one)},
                                          {(const uint8_t *)rows[i].two, strlen(rows[i].two)}};
        assert_err(SRS_OK, srs_crypto_hmac_sha256(rows[i].key, pieces, 2, out), rows[i].why);
        assert_memory_equal(out, rows[i].begin, 4);
    }
}

static void test_digest_given_captured_blocks_then_found(void **state)
{
    (void)state;
    static const struct {
        enum srs_rtmp_digest_layout layout;
        size_t at;
    } want[SESSIONS][2] = {{{SRS_RTMP_DIGEST_D8, 494}, {SRS_RTMP_DIGEST_D8, 521}},
                           {{SRS_RTMP_DIGEST_D8, 349}, {SRS_RTMP_DIGEST_D8, 684}},
                           {{SRS_RTMP_DIGEST_D772, 1010}, {SRS_RTMP_DIGEST_D8, 659}}};
    for (int i = 0; i < SESSIONS; i++) {
        for (int side = 0; side < 2; side++) {
            struct srs_rtmp_digest digest;
            assert_err(SRS_OK,
                       srs_rtmp_digest_find(captured[i][side == 0 ? C1 : S1],
                                            (enum srs_rtmp_digest_side)side, &digest),
                       "find");
            assert_int_equal(digest.layout, want[i][side].layout);
            assert_int_equal(digest.at, want[i][side].at);
            // The other side's key finds nothing.
            assert_err(SRS_OK,
                       srs_rtmp_digest_find(captured[i][side == 0 ? S1 : C1],
                                            (enum srs_rtmp_digest_side)side, &digest),
                       "other");
            assert_int_equal(digest.layout, SRS_RTMP_DIGEST_NONE);
        }
    }
}

static void test_digest_given_captured_blocks_then_made_alike(void **state)
{
    (void)state;
    for (int i = 0; i < SESSIONS; i++) {
        uint8_t block[SRS_RTMP_HS_BLOCK];
        struct srs_rtmp_digest c1;
        struct srs_rtmp_digest s1;
        assert_err(SRS_OK, srs_rtmp_digest_find(captured[i][C1], SRS_RTMP_DIGEST_CLIENT, &c1),
                   "C1");
        assert_err(SRS_OK, srs_rtmp_digest_find(captured[i][S1], SRS_RTMP_DIGEST_SERVER, &s1),
                   "S1");
        memcpy(block, captured[i][C1], sizeof block);
        memset(block + c1.at, 0, SRS_SHA256_SIZE);
        assert_err(SRS_OK, srs_rtmp_digest_put(block, SRS_RTMP_DIGEST_CLIENT, c1.layout), "C1");
        assert_memory_equal(block, captured[i][C1], sizeof block);
        memcpy(block, captured[i][S2], sizeof block);
        memset(block + sizeof block - SRS_SHA256_SIZE, 0, SRS_SHA256_SIZE);
        assert_err(SRS_OK,
                   srs_rtmp_digest_sign(block, SRS_RTMP_DIGEST_SERVER, captured[i][C1] + c1.at),
                   "S2");
        assert_memory_equal(block, captured[i][S2], sizeof block);
        memcpy(block, captured[i][C2], sizeof block);
        memset(block + sizeof block - SRS_SHA256_SIZE, 0, SRS_SHA256_SIZE);
        assert_err(SRS_OK,
                   srs_rtmp_digest_sign(block, SRS_RTMP_DIGEST_CLIENT, captured[i][S1] + s1.at),
                   "C2");
        assert_memory_equal(block, captured[i][C2], sizeof block);
    }
}

// The four bytes in front of the places add up to more than there are places.
static void test_digest_given_large_sums_then_place_wraps_at_728(void **state)
{
    (void)state;
    static const struct {
        uint8_t four[4];
        size_t place;
    } rows[] = {{{0xFF, 0xFF, 0xFF, 0xFF}, 292},
                {{0xFF, 0xFF, 0xDA, 0x00}, 0},
                {{0xFF, 0xFF, 0xD9, 0x00}, 727},
                {{0, 0, 0, 0}, 0},
                {{0, 0, 0, 9}, 9}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        for (int layout = SRS_RTMP_DIGEST_D8; layout <= SRS_RTMP_DIGEST_D772; layout++) {
            uint8_t block[SRS_RTMP_HS_BLOCK];
            struct srs_rtmp_digest digest;
            size_t half = layout == SRS_RTMP_DIGEST_D8 ? 8 : 772;
            memset(block, 7, sizeof block);
            memcpy(block + half, rows[i].four, 4);
            assert_err(SRS_OK,
                       srs_rtmp_digest_put(block, SRS_RTMP_DIGEST_SERVER,
                                           (enum srs_rtmp_digest_layout)layout),
                       "put");
            assert_err(SRS_OK, srs_rtmp_digest_find(block, SRS_RTMP_DIGEST_SERVER, &digest),
                       "find");
            assert_int_equal(digest.layout, layout);
            assert_int_equal(digest.at, half + 4 + rows[i].place);
        }
    }
}

// The answer of a server to this C1; false when it is the plain one.
static bool answer(const uint8_t c1[SRS_RTMP_HS_BLOCK], uint64_t seed, size_t step,
                   enum srs_rtmp_digest_layout layout)
{
    struct srs_rtmp_hs hs;
    struct srs_buf out = {0};
    struct srs_rtmp_digest digest;
    struct srs_rtmp_digest asked;
    uint8_t hello[SRS_RTMP_HS_FIRST] = {SRS_RTMP_HS_VERSION};
    uint8_t s2[SRS_RTMP_HS_BLOCK];
    memcpy(hello + 1, c1, SRS_RTMP_HS_BLOCK);
    srs_rtmp_hs_init(&hs, false, 1, seed);
    for (size_t at = 0; at < sizeof hello; at += step) {
        struct srs_span in = {hello + at, sizeof hello - at < step ? sizeof hello - at : step};
        assert_err(SRS_E_AGAIN, srs_rtmp_hs_feed(&hs, &in, &out, LIMIT), "C0 C1");
        assert_int_equal(in.size, 0);
    }
    const uint8_t *sent = srs_buf_span(&out).bytes;
    assert_int_equal(srs_buf_size(&out), SRS_RTMP_HS_ANSWER);
    static const uint8_t version[] = {1, 0, 5, 4}; // keeps ffmpeg's players from checking
    assert_memory_equal(sent + 5, version, sizeof version);
    assert_err(SRS_OK, srs_rtmp_digest_find(sent + 1, SRS_RTMP_DIGEST_SERVER, &digest), "S1");
    assert_int_equal(digest.layout, layout);
    bool is_copy = memcmp(sent + SRS_RTMP_HS_FIRST, c1, SRS_RTMP_HS_BLOCK) == 0;
    if (layout != SRS_RTMP_DIGEST_NONE) {
        assert_err(SRS_OK, srs_rtmp_digest_find(c1, SRS_RTMP_DIGEST_CLIENT, &asked), "C1");
        memcpy(s2, sent + SRS_RTMP_HS_FIRST, sizeof s2);
        assert_err(SRS_OK, srs_rtmp_digest_sign(s2, SRS_RTMP_DIGEST_SERVER, c1 + asked.at), "S2");
        assert_memory_equal(s2, sent + SRS_RTMP_HS_FIRST, sizeof s2);
    }
    // C2 is never looked at.
    static const uint8_t c2[SRS_RTMP_HS_BLOCK];
    struct srs_span in = {c2, sizeof c2};
    assert_err(SRS_OK, srs_rtmp_hs_feed(&hs, &in, &out, LIMIT), "C2");
    srs_rtmp_hs_fini(&hs);
    srs_buf_fini(&out);
    return !is_copy;
}

static void test_handshake_given_signed_c1_then_signed_in_the_same_layout(void **state)
{
    (void)state;
    for (int i = 0; i < SESSIONS; i++) {
        enum srs_rtmp_digest_layout layout =
            i == SESSIONS - 1 ? SRS_RTMP_DIGEST_D772 : SRS_RTMP_DIGEST_D8;
        for (uint64_t seed = 0; seed < 50; seed++)
            assert_true(answer(captured[i][C1], seed, seed % 2 == 0 ? 1537 : 100, layout));
    }
}

static void test_handshake_given_flipped_bits_then_plain(void **state)
{
    (void)state;
    uint8_t c1[SRS_RTMP_HS_BLOCK];
    static const size_t places[] = {0, 4, 300, 493, 494, 525, 526, 771, 772, 1535};
    for (size_t i = 0; i < SRS_COUNT(places); i++) {
        memcpy(c1, captured[0][C1], sizeof c1);
        c1[places[i]] ^= 1;
        assert_false(answer(c1, i, SRS_RTMP_HS_FIRST, SRS_RTMP_DIGEST_NONE));
    }
}

static void test_handshake_given_version_without_digest_then_plain(void **state)
{
    (void)state;
    uint8_t c1[SRS_RTMP_HS_BLOCK] = {0, 0, 0, 0, 9, 0, 0x7c, 2};
    assert_false(answer(c1, 1, SRS_RTMP_HS_FIRST, SRS_RTMP_DIGEST_NONE));
    memset(c1, 0xFF, sizeof c1); // the largest sums
    assert_false(answer(c1, 1, SRS_RTMP_HS_FIRST, SRS_RTMP_DIGEST_NONE));
}

static void test_handshake_given_version_zero_with_digest_then_signed(void **state)
{
    (void)state;
    uint8_t c1[SRS_RTMP_HS_BLOCK] = {0};
    for (int layout = SRS_RTMP_DIGEST_D8; layout <= SRS_RTMP_DIGEST_D772; layout++) {
        for (size_t i = 8; i < sizeof c1; i++)
            c1[i] = (uint8_t)(i * 7 + (size_t)layout);
        assert_err(
            SRS_OK,
            srs_rtmp_digest_put(c1, SRS_RTMP_DIGEST_CLIENT, (enum srs_rtmp_digest_layout)layout),
            "put");
        assert_true(answer(c1, 1, SRS_RTMP_HS_FIRST, (enum srs_rtmp_digest_layout)layout));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_given_published_cases_then_equal),
        cmocka_unit_test(test_digest_given_captured_blocks_then_found),
        cmocka_unit_test(test_digest_given_captured_blocks_then_made_alike),
        cmocka_unit_test(test_digest_given_large_sums_then_place_wraps_at_728),
        cmocka_unit_test(test_handshake_given_signed_c1_then_signed_in_the_same_layout),
        cmocka_unit_test(test_handshake_given_flipped_bits_then_plain),
        cmocka_unit_test(test_handshake_given_version_without_digest_then_plain),
        cmocka_unit_test(test_handshake_given_version_zero_with_digest_then_signed),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
