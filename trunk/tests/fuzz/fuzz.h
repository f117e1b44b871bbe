// What every fuzz target uses. A target is one LLVMFuzzerTestOneInput of about twenty lines;
// libFuzzer calls it with inputs of its own, fuzz_main.c with the files of a corpus.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Ends the run, so that the input is kept as a crash. On in every variant.
#define fuzz_assert(condition) \
    ((condition) ? (void)0 : fuzz_assert_failed(#condition, __FILE__, __LINE__))

static inline _Noreturn void fuzz_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: fuzz_assert(%s)\n", file, line, condition);
    abort();
}

// A heap copy of exactly the input's size, so that the sanitizer sees a read one byte beyond.
struct fuzz_block {
    uint8_t *bytes; // never NULL, also for size 0
    size_t size;
};

static inline struct fuzz_block fuzz_block_copy(const uint8_t *data, size_t size)
{
    struct fuzz_block block = {.bytes = malloc(size), .size = size};

    if (block.bytes == NULL)
        block.bytes = malloc(size + 1); // malloc(0) may give NULL
    fuzz_assert(block.bytes != NULL);
    if (size > 0)
        memcpy(block.bytes, data, size);
    return block;
}

static inline void fuzz_block_free(struct fuzz_block *block)
{
    free(block->bytes);
    block->bytes = NULL;
    block->size = 0;
}

// The same bytes, as after write(read(b)).
static inline void fuzz_assert_equal(const void *one, size_t one_size, const void *two,
                                     size_t two_size)
{
    fuzz_assert(one_size == two_size);
    fuzz_assert(one_size == 0 || memcmp(one, two, one_size) == 0);
}

// Cuts an input into pieces for a machine that is fed. The last byte of the input says how: 0 gives
// one piece, else it seeds the lengths, most of them short. The fuzzer thus finds cuts by changing
// one byte, and the bytes before it are wire bytes only, so that captured vectors can be seeds.
//
//     struct fuzz_split split = fuzz_split_init(data, size);
//     struct fuzz_block piece;
//     while (fuzz_split_next(&split, &piece)) {
//         feed(machine, piece.bytes, piece.size);
//         fuzz_block_free(&piece);
//     }
struct fuzz_split {
    const uint8_t *data;
    size_t left;
    uint32_t state; // 0 = all in one piece
};

static inline struct fuzz_split fuzz_split_init(const uint8_t *data, size_t size)
{
    if (size == 0)
        return (struct fuzz_split){.data = data};
    return (struct fuzz_split){.data = data, .left = size - 1, .state = data[size - 1]};
}

// Length of the next piece, 1 to `left`: three of four are up to 16 bytes, the others up to 1 KiB.
static inline size_t fuzz_split_length(struct fuzz_split *split)
{
    size_t length;

    if (split->state == 0)
        return split->left;
    split->state = split->state * 1664525u + 1013904223u;
    length =
        (split->state >> 30) != 0 ? (split->state >> 16) % 16 + 1 : (split->state >> 16) % 1024 + 1;
    if (split->state == 0)
        split->state = 1;
    return length < split->left ? length : split->left;
}

// The next piece as an exact-size block, which the caller frees; false, and no block, at the end.
static inline int fuzz_split_next(struct fuzz_split *split, struct fuzz_block *piece)
{
    size_t length;

    if (split->left == 0)
        return 0;
    length = fuzz_split_length(split);
    *piece = fuzz_block_copy(split->data, length);
    split->data += length;
    split->left -= length;
    return 1;
}
