// The gather against a simple model: what is in its iovecs is what was offered, from `skip` on, up
// to the limit or to where its room ended.
#include "server/deliver/gather.h"
#include "test.h"
#include <stdlib.h>

enum { OFFERED_MAX = 4 << 20 };

static struct srs_gather gather;
static uint8_t offered[OFFERED_MAX];

static size_t taken(uint8_t *out)
{
    size_t size = 0;
    for (unsigned i = 1; i <= gather.count; i++) {
        assert_true(gather.iov[i].iov_len > 0);
        memcpy(out + size, gather.iov[i].iov_base, gather.iov[i].iov_len);
        size += gather.iov[i].iov_len;
    }
    assert_int_equal(size, gather.bytes);
    return size;
}

static void test_gather_given_copies_side_by_side_then_one_iovec(void **state)
{
    (void)state;
    srs_gather_begin(&gather, SIZE_MAX);
    srs_gather_copy(&gather, "ab", 2);
    srs_gather_copy(&gather, "cd", 2);
    srs_gather_ref(&gather, "ef", 2);
    srs_gather_copy(&gather, "", 0);
    srs_gather_ref(&gather, "", 0);
    srs_gather_copy(&gather, "gh", 2);
    assert_int_equal(gather.count, 3);
    assert_int_equal(taken(offered), 8);
    assert_memory_equal(offered, "abcdefgh", 8);
    assert_int_equal(gather.wire, 8);
    assert_false(gather.full);
}

static void test_gather_given_skip_and_limit_then_the_middle(void **state)
{
    (void)state;
    for (size_t skip = 0; skip <= 9; skip++)
        for (size_t limit = 0; limit <= 9; limit++) {
            uint8_t got[16];
            srs_gather_begin(&gather, limit);
            gather.skip = skip;
            srs_gather_copy(&gather, "012", 3);
            srs_gather_ref(&gather, "345", 3);
            srs_gather_copy(&gather, "67", 2);
            size_t left = skip < 8 ? 8 - skip : 0;
            size_t want = left < limit ? left : limit;
            assert_int_equal(taken(got), want);
            assert_memory_equal(got, &"01234567"[skip < 8 ? skip : 8], want);
            assert_int_equal(gather.wire, 8);
            assert_int_equal(gather.full, left > limit);
        }
}

static void test_gather_given_too_many_iovecs_then_full_at_their_end(void **state)
{
    (void)state;
    srs_gather_begin(&gather, SIZE_MAX);
    for (int i = 0; i < SRS_GATHER_IOVS; i++)
        srs_gather_ref(&gather, "x", 1);
    assert_false(gather.full);
    srs_gather_copy(&gather, "y", 1); // adjoins nothing
    assert_true(gather.full);
    srs_gather_ref(&gather, "z", 1);
    assert_int_equal(gather.bytes, SRS_GATHER_IOVS);
    assert_int_equal(gather.wire, SRS_GATHER_IOVS + 2);
    srs_gather_begin(&gather, SIZE_MAX);
    for (int i = 0; i < SRS_GATHER_IOVS - 1; i++)
        srs_gather_ref(&gather, "x", 1);
    srs_gather_copy(&gather, "y", 1);
    srs_gather_copy(&gather, "y", 1); // adjoins: still room
    assert_false(gather.full);
    srs_gather_ref(&gather, "z", 1);
    assert_true(gather.full);
    assert_int_equal(gather.bytes, SRS_GATHER_IOVS + 1);
}

static void test_gather_given_scratch_used_up_then_full(void **state)
{
    (void)state;
    static uint8_t block[SRS_GATHER_SCRATCH];
    srs_gather_begin(&gather, SIZE_MAX);
    srs_gather_copy(&gather, block, sizeof block);
    assert_false(gather.full);
    srs_gather_copy(&gather, block, 1);
    assert_true(gather.full);
    assert_int_equal(gather.bytes, sizeof block);
    srs_gather_begin(&gather, SIZE_MAX);
    srs_gather_ref(&gather, block, 1);
    srs_gather_copy(&gather, block, sizeof block);
    srs_gather_ref(&gather, block, 5);
    assert_int_equal(gather.bytes, sizeof block + 1 + 5);
    srs_gather_begin(&gather, SIZE_MAX);
    srs_gather_copy(&gather, block, 10);
    srs_gather_copy(&gather, block, sizeof block - 9);
    srs_gather_ref(&gather, block, 5); // nothing may follow behind what was left out
    assert_int_equal(gather.bytes, 10);
    assert_int_equal(gather.wire, sizeof block + 6);
}

static void test_gather_given_random_offers_then_as_the_model(void **state)
{
    (void)state;
    static uint8_t got[OFFERED_MAX];
    static uint8_t pool[5000];
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = (uint8_t)(i * 31 + (i >> 8));
    for (int round = 0; round < 2000; round++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        size_t skip = (random >> 40) % 3000;
        size_t limit = (random >> 20) % 8 == 0 ? 1 + (random >> 33) % 100000 : SIZE_MAX;
        unsigned pieces = (unsigned)(random >> 50) % 900;
        size_t wire = 0;
        srs_gather_begin(&gather, limit);
        gather.skip = skip;
        for (unsigned i = 0; i < pieces; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            bool copy = (random >> 30 & 1) != 0;
            size_t size = (random >> 33) % (copy ? 40 : 4000);
            size_t at = (random >> 45) % 1000;
            memcpy(offered + wire, pool + at, size);
            wire += size;
            uint8_t small[40];
            memcpy(small, pool + at, copy ? size : 0);
            if (copy)
                srs_gather_copy(&gather, small, size);
            else
                srs_gather_ref(&gather, pool + at, size);
            memset(small, 0xEE, sizeof small); // copied means copied
        }
        size_t size = taken(got);
        size_t left = skip < wire ? wire - skip : 0;
        assert_int_equal(gather.wire, wire);
        assert_true(size <= limit && size <= left);
        assert_memory_equal(got, offered + (skip < wire ? skip : wire), size);
        assert_int_equal(gather.full, size < left);
        bool roomy =
            gather.count < SRS_GATHER_IOVS && gather.scratch_used + 40 < SRS_GATHER_SCRATCH;
        if (roomy)
            assert_int_equal(size, left < limit ? left : limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather_given_copies_side_by_side_then_one_iovec),
        cmocka_unit_test(test_gather_given_skip_and_limit_then_the_middle),
        cmocka_unit_test(test_gather_given_too_many_iovecs_then_full_at_their_end),
        cmocka_unit_test(test_gather_given_scratch_used_up_then_full),
        cmocka_unit_test(test_gather_given_random_offers_then_as_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
