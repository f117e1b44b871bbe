// Packets' memory: pieces of chunks, given back when the last piece of a chunk has gone.
#include "core/chunk.h"
#include "stream/packet.h"
#include "test.h"

#ifndef SRS_ASAN // there every packet is on the heap

static void test_arena_given_pieces_then_aligned_apart_and_chunk_lives_as_long_as_one(void **state)
{
    (void)state;
    struct srs_arena arena = {0};
    size_t before = srs_chunk_used();
    uint8_t *first = srs_arena_alloc(&arena, 100);
    uint8_t *second = srs_arena_alloc(&arena, 1);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_true(second >= first + 100);
    assert_int_equal(srs_chunk_used(), before + 1);
    srs_arena_fini(&arena);
    srs_arena_release(first);
    assert_int_equal(srs_chunk_used(), before + 1);
    srs_arena_release(second);
    assert_int_equal(srs_chunk_used(), before);
}

static void test_arena_given_too_large_a_size_then_left_to_the_heap(void **state)
{
    (void)state;
    struct srs_arena arena = {0};
    assert_null(srs_arena_alloc(&arena, SRS_CHUNK_SIZE / 2));
    srs_arena_fini(&arena);
}

static void test_arena_given_many_pieces_then_first_in_first_out_frees_chunks(void **state)
{
    (void)state;
    enum { PIECES = 4000, KEPT = 50 };
    static void *pieces[PIECES];
    struct srs_arena arena = {0};
    size_t before = srs_chunk_used();
    for (int i = 0; i < PIECES; i++) {
        size_t size = 1 + (size_t)(i * 37 % 3000);
        pieces[i] = srs_arena_alloc(&arena, size);
        assert_non_null(pieces[i]);
        memset(pieces[i], i, size);
        if (i >= KEPT) {
            assert_int_equal(*(uint8_t *)pieces[i - KEPT], (uint8_t)(i - KEPT));
            srs_arena_release(pieces[i - KEPT]);
            assert_true(srs_chunk_used() - before <= KEPT * 3000 / SRS_CHUNK_SIZE + 3);
        }
    }
    for (int i = PIECES - KEPT; i < PIECES; i++)
        srs_arena_release(pieces[i]);
    srs_arena_fini(&arena);
    assert_int_equal(srs_chunk_used(), before);
}

static void test_chunks_given_a_peak_then_few_are_kept(void **state)
{
    (void)state;
    enum { PEAK = 600 };
    static void *chunks[PEAK];
    for (int i = 0; i < PEAK; i++) {
        chunks[i] = srs_chunk_new();
        assert_non_null(chunks[i]);
        assert_ptr_equal(srs_chunk_of((char *)chunks[i] + SRS_CHUNK_SIZE - 1), chunks[i]);
        memset(chunks[i], i, SRS_CHUNK_SIZE);
    }
    for (int i = 0; i < PEAK; i++) {
        assert_int_equal(*(uint8_t *)chunks[i], (uint8_t)i);
        srs_chunk_free(chunks[i]);
    }
    assert_true(srs_chunk_spare() <= 64);
    for (int i = 0; i < PEAK; i++)
        assert_non_null(chunks[i] = srs_chunk_new());
    for (int i = 0; i < PEAK; i++)
        srs_chunk_free(chunks[i]);
}
#endif

static void test_packet_given_an_arena_then_freed_like_any_other(void **state)
{
    (void)state;
    struct srs_arena arena = {0};
    struct srs_track model = {.kind = SRS_KIND_AUDIO, .codec = SRS_CODEC_AAC};
    struct srs_track *track = NULL;
    struct srs_packet *small = NULL;
    struct srs_packet *large = NULL;
    size_t before = srs_chunk_used();
    assert_int_equal(srs_track_new(&model, (struct srs_span){NULL, 0}, &track), SRS_OK);
    assert_int_equal(srs_packet_new_in(&arena, track, 400, &small), SRS_OK);
    assert_int_equal(srs_packet_new_in(&arena, track, 100000, &large), SRS_OK);
    memset(small->payload, 1, 400);
    memset(large->payload, 2, 100000);
    assert_false(large->in_arena);
    srs_packet_unref(small);
    srs_packet_unref(large);
    srs_arena_fini(&arena);
    srs_track_unref(track);
    assert_int_equal(srs_chunk_used(), before);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef SRS_ASAN
        cmocka_unit_test(test_arena_given_pieces_then_aligned_apart_and_chunk_lives_as_long_as_one),
        cmocka_unit_test(test_arena_given_too_large_a_size_then_left_to_the_heap),
        cmocka_unit_test(test_arena_given_many_pieces_then_first_in_first_out_frees_chunks),
        cmocka_unit_test(test_chunks_given_a_peak_then_few_are_kept),
#endif
        cmocka_unit_test(test_packet_given_an_arena_then_freed_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
