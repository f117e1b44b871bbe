// Handshake of both sides: what is sent when, versions, pieces, memory.
#include "protocol/rtmp/handshake.h"
#include "test.h"

enum { LIMIT = 64 * 1024 };

struct client_bytes {
    uint8_t bytes[SRS_RTMP_HS_FIRST + SRS_RTMP_HS_BLOCK + 3]; // C0 C1 C2 and three bytes more
};

static struct client_bytes client_bytes(void)
{
    struct client_bytes in;
    for (size_t i = 0; i < sizeof in.bytes; i++)
        in.bytes[i] = (uint8_t)(i * 31 + 7);
    in.bytes[0] = 3;
    return in;
}

static void test_handshake_given_c1_then_s0_s1_s2_at_once(void **state)
{
    (void)state;
    struct client_bytes in = client_bytes();
    struct srs_rtmp_hs hs;
    struct srs_buf out = {0};
    srs_rtmp_hs_init(&hs, false, 0x01020304, 99);
    struct srs_span part = {in.bytes, SRS_RTMP_HS_FIRST - 1};
    assert_err(SRS_E_AGAIN, srs_rtmp_hs_feed(&hs, &part, &out, LIMIT), "C1 less a byte");
    assert_int_equal(srs_buf_size(&out), 0);
    part = (struct srs_span){in.bytes + SRS_RTMP_HS_FIRST - 1, 1};
    assert_err(SRS_E_AGAIN, srs_rtmp_hs_feed(&hs, &part, &out, LIMIT), "C1");
    assert_null(hs.block);
    struct srs_span answer = srs_buf_span(&out);
    assert_int_equal(answer.size, SRS_RTMP_HS_ANSWER);
    static const uint8_t head[] = {3, 1, 2, 3, 4, 1, 0, 5, 4};
    assert_memory_equal(answer.bytes, head, sizeof head);
    assert_memory_equal(answer.bytes + SRS_RTMP_HS_FIRST, in.bytes + 1, SRS_RTMP_HS_BLOCK);
    assert_false(srs_rtmp_hs_done(&hs));
    part = (struct srs_span){in.bytes + SRS_RTMP_HS_FIRST, SRS_RTMP_HS_BLOCK + 3};
    assert_err(SRS_OK, srs_rtmp_hs_feed(&hs, &part, &out, LIMIT), "C2 and more");
    assert_true(srs_rtmp_hs_done(&hs));
    assert_int_equal(part.size, 3);
    assert_ptr_equal(part.bytes, in.bytes + sizeof in.bytes - 3);
    assert_err(SRS_OK, srs_rtmp_hs_feed(&hs, &part, &out, LIMIT), "done");
    assert_int_equal(part.size, 3);
    srs_rtmp_hs_fini(&hs);
    srs_buf_fini(&out);
}

// The filler is splitmix64 from the seed: it must differ from connection to connection, and no
// other property of it is told from outside.
static void test_handshake_given_client_then_c1_of_version_0_and_filler(void **state)
{
    (void)state;
    static const uint8_t head[] = {3,    1,    2,    3,    4,    0,    0,    0,    0,
                                   0xE2, 0x20, 0xA8, 0x39, 0x7B, 0x1D, 0xCD, 0xAF, 0x6E,
                                   0x78, 0x9E, 0x6A, 0xA1, 0xB9, 0x65, 0xF4};
    struct srs_rtmp_hs hs;
    struct srs_buf out = {0};
    srs_rtmp_hs_init(&hs, true, 0x01020304, 0);
    assert_err(SRS_OK, srs_rtmp_hs_start(&hs, &out, LIMIT), "C0 C1");
    assert_int_equal(srs_buf_size(&out), SRS_RTMP_HS_FIRST);
    assert_memory_equal(srs_buf_span(&out).bytes, head, sizeof head);
    srs_rtmp_hs_fini(&hs);
    srs_buf_fini(&out);
}

static void test_handshake_given_pieces_then_same_answer(void **state)
{
    (void)state;
    struct client_bytes in = client_bytes();
    static const size_t sizes[] = {1, 2, 1536, 1537, 1538, 3073, sizeof in.bytes};
    for (size_t i = 0; i < SRS_COUNT(sizes); i++) {
        struct srs_rtmp_hs hs;
        struct srs_buf out = {0};
        srs_err err = SRS_E_AGAIN;
        size_t at = 0;
        srs_rtmp_hs_init(&hs, false, 1, 1);
        while (err == SRS_E_AGAIN && at < sizeof in.bytes) {
            size_t size = sizes[i] < sizeof in.bytes - at ? sizes[i] : sizeof in.bytes - at;
            struct srs_span part = {in.bytes + at, size};
            err = srs_rtmp_hs_feed(&hs, &part, &out, LIMIT);
            at += size - part.size;
        }
        assert_err(SRS_OK, err, "pieces");
        assert_int_equal(at, sizeof in.bytes - 3);
        assert_int_equal(srs_buf_size(&out), SRS_RTMP_HS_ANSWER);
        srs_buf_fini(&out);
        srs_rtmp_hs_fini(&hs);
    }
}

static void test_handshake_given_other_version_then_refused(void **state)
{
    (void)state;
    static const uint8_t versions[] = {0, 2, 4, 6, 8, 0x16, 'G', 0xF3, 0xFF};
    for (size_t i = 0; i < SRS_COUNT(versions); i++) {
        struct srs_rtmp_hs hs;
        struct srs_buf out = {0};
        struct srs_span in = {&versions[i], 1};
        srs_rtmp_hs_init(&hs, false, 1, 1);
        assert_err(SRS_E_RTMP_PLAIN_REQUIRED, srs_rtmp_hs_feed(&hs, &in, &out, LIMIT), "server");
        srs_rtmp_hs_init(&hs, true, 1, 1);
        in = (struct srs_span){&versions[i], 1};
        assert_err(SRS_E_RTMP_HANDSHAKE, srs_rtmp_hs_feed(&hs, &in, &out, LIMIT), "client");
        assert_int_equal(srs_buf_size(&out), 0);
    }
}

static void test_handshake_given_both_sides_then_done(void **state)
{
    (void)state;
    struct srs_rtmp_hs client;
    struct srs_rtmp_hs server;
    struct srs_buf up = {0};
    struct srs_buf down = {0};
    srs_rtmp_hs_init(&client, true, 5, 1);
    srs_rtmp_hs_init(&server, false, 6, 2);
    assert_err(SRS_OK, srs_rtmp_hs_start(&client, &up, LIMIT), "C0 C1");
    struct srs_span in = srs_buf_span(&up);
    assert_err(SRS_E_AGAIN, srs_rtmp_hs_feed(&server, &in, &down, LIMIT), "server, C1");
    srs_buf_fini(&up);
    in = srs_buf_span(&down);
    assert_err(SRS_OK, srs_rtmp_hs_feed(&client, &in, &up, LIMIT), "client");
    assert_int_equal(srs_buf_size(&up), SRS_RTMP_HS_BLOCK);
    assert_memory_equal(up.bytes, down.bytes + 1, SRS_RTMP_HS_BLOCK);
    in = srs_buf_span(&up);
    assert_err(SRS_OK, srs_rtmp_hs_feed(&server, &in, &down, LIMIT), "server, C2");
    srs_buf_fini(&up);
    srs_buf_fini(&down);
}

static void test_handshake_given_other_seed_then_other_filler(void **state)
{
    (void)state;
    struct srs_rtmp_hs hs;
    struct srs_buf one = {0};
    struct srs_buf two = {0};
    srs_rtmp_hs_init(&hs, true, 0, 1);
    assert_err(SRS_OK, srs_rtmp_hs_start(&hs, &one, LIMIT), "one");
    srs_rtmp_hs_init(&hs, true, 0, 2);
    assert_err(SRS_OK, srs_rtmp_hs_start(&hs, &two, LIMIT), "two");
    assert_memory_equal(one.bytes, two.bytes, 9);
    assert_memory_not_equal(one.bytes + 9, two.bytes + 9, 64);
    srs_buf_fini(&one);
    srs_buf_fini(&two);
}

static void test_handshake_given_no_room_or_memory_then_error(void **state)
{
    (void)state;
    struct client_bytes in = client_bytes();
    struct srs_rtmp_hs hs;
    struct srs_buf out = {0};
    struct srs_span part = {in.bytes, SRS_RTMP_HS_FIRST};
    srs_rtmp_hs_init(&hs, false, 1, 1);
    assert_err(SRS_E_LIMIT, srs_rtmp_hs_feed(&hs, &part, &out, SRS_RTMP_HS_ANSWER - 1), "limit");
    srs_rtmp_hs_init(&hs, false, 1, 1);
    part = (struct srs_span){in.bytes, 10};
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_rtmp_hs_feed(&hs, &part, &out, LIMIT), "memory for C1");
    srs_rtmp_hs_fini(&hs);
    srs_rtmp_hs_init(&hs, true, 1, 1);
    assert_err(SRS_E_LIMIT, srs_rtmp_hs_start(&hs, &out, SRS_RTMP_HS_FIRST - 1), "client limit");
    srs_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_given_c1_then_s0_s1_s2_at_once),
        cmocka_unit_test(test_handshake_given_client_then_c1_of_version_0_and_filler),
        cmocka_unit_test(test_handshake_given_pieces_then_same_answer),
        cmocka_unit_test(test_handshake_given_other_version_then_refused),
        cmocka_unit_test(test_handshake_given_both_sides_then_done),
        cmocka_unit_test(test_handshake_given_other_seed_then_other_filler),
        cmocka_unit_test(test_handshake_given_no_room_or_memory_then_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
