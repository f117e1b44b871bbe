// Reader and writer: sticky failure, bounds, and each number there and back.
#include "core/rdwr.h"
#include "unit/test.h"

static const uint8_t bytes[] = {0x81, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88, 0x09, 0x0A};

static void test_rd_given_numbers_then_big_endian(void **state)
{
    (void)state;
    struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
    assert_int_equal(0x81, srs_rd_u8(&in));
    assert_int_equal(0x0203, srs_rd_u16(&in));
    assert_int_equal(0x840506, srs_rd_u24(&in));
    assert_int_equal(0x0788090A, srs_rd_u32(&in));
    assert_int_equal(0, srs_rd_left(&in));
    assert_false(in.bad);
    in = srs_rd_init(bytes, sizeof bytes);
    assert_true(srs_rd_u64(&in) == 0x8102038405060788);
    in = srs_rd_init(bytes, sizeof bytes);
    assert_int_equal(0x84030281, srs_rd_u32le(&in));
    assert_true(srs_rd_uint(&in, 5) == 0x0506078809);
    assert_int_equal(1, srs_rd_left(&in));
}

static void test_rd_given_24_bits_with_sign_then_extended(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0x7F, 0xFF, 0xFF, 0, 0, 0};
    struct srs_rd in = srs_rd_init(numbers, sizeof numbers);
    assert_int_equal(-1, srs_rd_s24(&in));
    assert_int_equal(-8388608, srs_rd_s24(&in));
    assert_int_equal(8388607, srs_rd_s24(&in));
    assert_int_equal(0, srs_rd_s24(&in));
    assert_false(in.bad);
}

static void test_rd_given_one_byte_too_few_then_zero_and_bad_for_good(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 8; size++) {
        struct srs_rd in = srs_rd_init(bytes, size - 1);
        assert_true(srs_rd_uint(&in, size) == 0);
        assert_true(in.bad);
        assert_int_equal(0, srs_rd_left(&in)); // nothing more is read after a failure
        assert_int_equal(0, srs_rd_u8(&in));
        assert_true(in.bad);
    }
}

static void test_rd_given_nothing_then_bad_only_when_read(void **state)
{
    (void)state;
    struct srs_rd in = srs_rd_init(NULL, 0);
    assert_int_equal(0, srs_rd_left(&in));
    srs_rd_skip(&in, 0);
    assert_false(in.bad);
    srs_rd_skip(&in, 1);
    assert_true(in.bad);
}

static void test_rd_span_given_sizes_then_bytes_or_null(void **state)
{
    (void)state;
    struct srs_rd in = srs_rd_init(bytes, 3);
    struct srs_span span = srs_rd_span(&in, 2);
    assert_true(span.bytes == bytes && span.size == 2);
    span = srs_rd_span(&in, 2);
    assert_true(span.bytes == NULL && span.size == 0 && in.bad);
    in = srs_rd_init(bytes, 3);
    span = srs_rd_span(&in, SIZE_MAX);
    assert_true(span.bytes == NULL && in.bad);
}

static void test_rd_sub_given_body_then_bounded_and_counted_as_read(void **state)
{
    (void)state;
    struct srs_rd in = srs_rd_init(bytes, sizeof bytes);
    struct srs_rd body = srs_rd_sub(&in, 3);
    assert_int_equal(7, srs_rd_left(&in));
    assert_int_equal(3, srs_rd_left(&body));
    (void)srs_rd_u32(&body);
    assert_true(body.bad && !in.bad); // the child ends at its own end
    assert_int_equal(0x84, srs_rd_u8(&in));
    body = srs_rd_sub(&in, 7);
    assert_true(in.bad && body.bad);
    assert_int_equal(0, srs_rd_left(&body));
    in = srs_rd_init(bytes, 1);
    body = srs_rd_sub(&in, 0);
    assert_false(body.bad);
    assert_int_equal(0, srs_rd_left(&body));
}

static void test_rd_f64_given_written_then_same_bits(void **state)
{
    (void)state;
    static const double values[] = {0.0, -0.0, 1.0, -2.5, 1e308, 4.9e-324};
    for (size_t i = 0; i < SRS_COUNT(values); i++) {
        uint8_t room[8];
        struct srs_wr out = srs_wr_init(room, sizeof room);
        srs_wr_f64(&out, values[i]);
        struct srs_rd in = srs_rd_init(room, sizeof room);
        double got = srs_rd_f64(&in);
        assert_memory_equal(&values[i], &got, sizeof got);
    }
    uint8_t one[8];
    static const uint8_t want[8] = {0x3F, 0xF0};
    struct srs_wr out = srs_wr_init(one, sizeof one);
    srs_wr_f64(&out, 1.0);
    assert_memory_equal(want, one, sizeof one);
}

static void test_wr_given_numbers_then_read_back(void **state)
{
    (void)state;
    uint8_t room[32];
    struct srs_wr out = srs_wr_init(room, sizeof room);
    srs_wr_u8(&out, 0xFE);
    srs_wr_u16(&out, 0xFEDC);
    srs_wr_u24(&out, 0x12FEDCBA); // above 24 bits nothing is written
    srs_wr_u32(&out, 0xFEDCBA98);
    srs_wr_u64(&out, 0xFEDCBA9876543210);
    srs_wr_u32le(&out, 0x01020304);
    srs_wr_bytes(&out, "ab", 2);
    assert_false(out.bad);
    assert_int_equal(24, out.size);
    struct srs_rd in = srs_rd_init(room, out.size);
    assert_int_equal(0xFE, srs_rd_u8(&in));
    assert_int_equal(0xFEDC, srs_rd_u16(&in));
    assert_int_equal(0xFEDCBA, srs_rd_u24(&in));
    assert_true(srs_rd_u32(&in) == 0xFEDCBA98);
    assert_true(srs_rd_u64(&in) == 0xFEDCBA9876543210);
    assert_int_equal(4, room[18]);
    assert_int_equal(0x01020304, srs_rd_u32le(&in));
    assert_memory_equal("ab", in.at, 2);
}

static void test_wr_given_no_room_then_bad_and_measures_and_touches_nothing(void **state)
{
    (void)state;
    uint8_t room[5] = {9, 9, 9, 9, 9};
    struct srs_wr out = srs_wr_init(room, 4);
    srs_wr_u16(&out, 0x0102);
    srs_wr_u24(&out, 0x030405);
    assert_true(out.bad);
    assert_int_equal(5, out.size);
    srs_wr_u8(&out, 6); // would fit, but the hole before it makes it useless
    assert_int_equal(6, out.size);
    assert_true(room[2] == 9 && room[3] == 9 && room[4] == 9);

    struct srs_wr measure = srs_wr_init(NULL, 0);
    srs_wr_bytes(&measure, "", 0);
    assert_false(measure.bad);
    srs_wr_bytes(&measure, bytes, sizeof bytes);
    srs_wr_u64(&measure, 1);
    assert_true(measure.bad);
    assert_int_equal(sizeof bytes + 8, measure.size);
}

static void test_wr_given_exact_room_then_good(void **state)
{
    (void)state;
    uint8_t room[3];
    struct srs_wr out = srs_wr_init(room, sizeof room);
    srs_wr_u24(&out, 0x010203);
    assert_false(out.bad);
    srs_wr_bytes(&out, NULL, 0);
    assert_false(out.bad);
}

static void test_wr_patch_given_reserved_then_filled_in(void **state)
{
    (void)state;
    uint8_t room[8];
    struct srs_wr out = srs_wr_init(room, sizeof room);
    srs_wr_u8(&out, 1);
    size_t at = srs_wr_reserve(&out, 3);
    assert_int_equal(1, at);
    srs_wr_u8(&out, 2);
    assert_int_equal(0, room[2]);
    srs_wr_patch(&out, at, 0xABCDEF, 3);
    static const uint8_t want[] = {1, 0xAB, 0xCD, 0xEF, 2};
    assert_int_equal(sizeof want, out.size);
    assert_memory_equal(want, room, sizeof want);

    struct srs_wr measure = srs_wr_init(NULL, 0);
    at = srs_wr_reserve(&measure, 4);
    srs_wr_patch(&measure, at, 7, 4); // no bytes to write to
    assert_int_equal(4, measure.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rd_given_numbers_then_big_endian),
        cmocka_unit_test(test_rd_given_24_bits_with_sign_then_extended),
        cmocka_unit_test(test_rd_given_one_byte_too_few_then_zero_and_bad_for_good),
        cmocka_unit_test(test_rd_given_nothing_then_bad_only_when_read),
        cmocka_unit_test(test_rd_span_given_sizes_then_bytes_or_null),
        cmocka_unit_test(test_rd_sub_given_body_then_bounded_and_counted_as_read),
        cmocka_unit_test(test_rd_f64_given_written_then_same_bits),
        cmocka_unit_test(test_wr_given_numbers_then_read_back),
        cmocka_unit_test(test_wr_given_no_room_then_bad_and_measures_and_touches_nothing),
        cmocka_unit_test(test_wr_given_exact_room_then_good),
        cmocka_unit_test(test_wr_patch_given_reserved_then_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
