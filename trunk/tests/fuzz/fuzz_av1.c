// First byte: what the rest is. A record is written back, but for reserved bits; a temporal unit
// without its delimiters is a fixed point of being stripped and has the same key frames.
#include "codec/av1.h"
#include "fuzz/fuzz.h"

static void check_sequence(struct srs_span payload)
{
    struct srs_av1_sequence sequence;
    if (srs_av1_sequence_read(payload, &sequence) != SRS_OK)
        return;
    fuzz_assert(sequence.width >= 1 && sequence.width <= 65536 && sequence.height >= 1 &&
                sequence.height <= 65536);
    fuzz_assert(sequence.profile <= 2 && sequence.level <= 31 && sequence.tier <= 1);
    fuzz_assert(sequence.bit_depth == 8 || sequence.bit_depth == 10 || sequence.bit_depth == 12);
}

static void check_record(struct srs_rd in)
{
    struct srs_av1_record record, again;
    size_t size = srs_rd_left(&in);
    struct srs_av1_sequence sequence;
    if (srs_av1_record_read(&in, &record) != SRS_OK)
        return;
    if (srs_av1_sequence_find(record.obus, &sequence) == SRS_OK)
        fuzz_assert(sequence.width > 0);
    uint8_t *bytes = malloc(size);
    fuzz_assert(bytes != NULL);
    struct srs_wr out = srs_wr_init(bytes, size);
    srs_av1_record_write(&out, &record);
    fuzz_assert(!out.bad && out.size == size);
    in = srs_rd_init(bytes, size);
    fuzz_assert(srs_av1_record_read(&in, &again) == SRS_OK);
    fuzz_assert(again.presentation_delay == record.presentation_delay &&
                again.level == record.level && again.sample_position == record.sample_position);
    free(bytes);
}

static void check_unit(struct srs_span unit)
{
    bool key = false, key_again = false;
    struct srs_wr measure = srs_wr_init(NULL, 0);
    if (srs_av1_strip(unit, &measure) != SRS_OK)
        return;
    fuzz_assert(measure.size <= unit.size);
    fuzz_assert(srs_av1_is_key(unit, &key) == SRS_OK);
    uint8_t *bytes = malloc(measure.size + 1);
    fuzz_assert(bytes != NULL);
    struct srs_wr out = srs_wr_init(bytes, measure.size);
    fuzz_assert(srs_av1_strip(unit, &out) == SRS_OK && !out.bad);
    struct srs_span again = {bytes, out.size};
    struct srs_wr twice = srs_wr_init(NULL, 0);
    fuzz_assert(srs_av1_strip(again, &twice) == SRS_OK && twice.size == out.size);
    fuzz_assert(srs_av1_is_key(again, &key_again) == SRS_OK && key == key_again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fuzz_block block = fuzz_block_copy(data + 1, size - 1);
    struct srs_span all = {block.bytes, block.size};
    switch (data[0] % 3) {
    case 0:
        check_record(srs_rd_init(all.bytes, all.size));
        break;
    case 1:
        check_sequence(all);
        break;
    default:
        check_unit(all);
        break;
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
    return 0;
}
