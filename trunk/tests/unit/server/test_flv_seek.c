// Where an FLV file is played from: every offset of made-up files, with an index, without one and
// with a wrong one, cut files, and files made to look like what they are not.
#include "codec/amf0.h"
#include "codec/flv.h"
#include "server/files/flv_seek.h"
#include "test.h"
#include <stdlib.h>

enum { FILE_MAX = 2 << 20, KEYS_MAX = 64 };

static struct {
    uint8_t bytes[FILE_MAX];
    size_t size;
    uint64_t keys[KEYS_MAX]; // where key frames begin
    unsigned key_count;
    uint64_t tags[4096];
    unsigned tag_count;
    size_t index_at; // of the array's numbers; 0: none
} file;

static void put(const void *bytes, size_t size)
{
    assert_true(file.size + size <= FILE_MAX);
    memcpy(file.bytes + file.size, bytes, size);
    file.size += size;
}

static void put_tag(uint8_t type, uint32_t ms, const uint8_t *body, uint32_t size)
{
    uint8_t head[SRS_FLV_TAG_SIZE];
    uint8_t behind[SRS_FLV_PREVIOUS_SIZE];
    struct srs_wr wr = srs_wr_init(head, sizeof head);
    struct srs_wr end = srs_wr_init(behind, sizeof behind);
    srs_flv_tag_write(&wr, &(struct srs_flv_tag){.type = type, .size = size, .timestamp = ms});
    srs_wr_u32(&end, SRS_FLV_TAG_SIZE + size);
    file.tags[file.tag_count++] = file.size;
    put(head, sizeof head);
    put(body, size);
    put(behind, sizeof behind);
}

static void begin(uint8_t flags)
{
    const uint8_t header[] = {'F', 'L', 'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0};
    memset(&file, 0, sizeof file);
    put(header, sizeof header);
}

// onMetaData with room for `count` positions.
static void put_metadata(unsigned count)
{
    static uint8_t body[4096];
    struct srs_wr wr = srs_wr_init(body, sizeof body);
    srs_amf0_write_string(&wr, "onMetaData");
    srs_amf0_write_ecma_begin(&wr, 2);
    srs_amf0_write_pair_number(&wr, "duration", 10);
    size_t at = 0;
    if (count > 0) {
        srs_amf0_write_key(&wr, "keyframes");
        srs_amf0_write_object_begin(&wr);
        srs_amf0_write_key(&wr, "filepositions");
        srs_amf0_write_array_begin(&wr, count);
        at = wr.size;
        for (unsigned i = 0; i < count; i++)
            srs_amf0_write_number(&wr, 0);
        srs_amf0_write_object_end(&wr);
    }
    srs_amf0_write_object_end(&wr);
    assert_false(wr.bad);
    if (count > 0)
        file.index_at = file.size + SRS_FLV_TAG_SIZE + at;
    put_tag(SRS_FLV_SCRIPT, 0, body, (uint32_t)wr.size);
}

static void set_position(unsigned i, double position)
{
    struct srs_wr wr = srs_wr_init(file.bytes + file.index_at + (size_t)i * 9, 9);
    srs_amf0_write_number(&wr, position);
}

static void put_configs(void)
{
    static const uint8_t avc[] = {0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1F, 0xFF};
    static const uint8_t aac[] = {0xAF, 0, 0x12, 0x10};
    put_tag(SRS_FLV_VIDEO, 0, avc, sizeof avc);
    put_tag(SRS_FLV_AUDIO, 0, aac, sizeof aac);
}

// A gop is a key frame, pictures and sound.
static void put_gops(unsigned count, uint32_t size)
{
    static uint8_t body[200000];
    for (unsigned i = 0; i < count * 5; i++) {
        bool key = i % 5 == 0;
        memset(body, 0, sizeof body);
        memcpy(body, key ? "\x17\x01" : "\x27\x01", 2);
        if (key)
            file.keys[file.key_count++] = file.size;
        put_tag(SRS_FLV_VIDEO, i * 40, body, key ? size * 4 : size + i);
        memcpy(body, "\xAF\x01", 2);
        put_tag(SRS_FLV_AUDIO, i * 40, body, 20 + i);
    }
}

static size_t head_size; // of what stands before the first frame

static void make_file(unsigned positions, unsigned gops, uint32_t size)
{
    begin(5);
    put_metadata(positions);
    put_configs();
    head_size = file.size;
    put_gops(gops, size);
    for (unsigned i = 0; i < positions; i++)
        set_position(i, (double)file.keys[i]);
}

static srs_err run(struct srs_flv_seek *seek, uint64_t start)
{
    uint64_t offset;
    size_t size;
    srs_err err = SRS_OK;
    srs_flv_seek_init(seek, file.size, start);
    while (!err && srs_flv_seek_wants(seek, &offset, &size)) {
        assert_true(size <= SRS_FLV_SEEK_WANT_MAX && offset + size <= file.size);
        uint8_t *block = malloc(size + (size == 0));
        assert_non_null(block);
        if (size > 0)
            memcpy(block, file.bytes + offset, size);
        err = srs_flv_seek_give(seek, (struct srs_span){block, size});
        free(block);
    }
    return err;
}

static uint64_t first_from(const uint64_t *offsets, unsigned count, uint64_t start)
{
    for (unsigned i = 0; i < count; i++)
        if (offsets[i] >= start)
            return offsets[i];
    return 0;
}

// Each offset gives the first of `keys` from it on, behind an unchanged head.
static void check_offsets(const char *why, size_t step, const uint64_t *keys, unsigned count)
{
    for (uint64_t start = 1; start < file.size + 100; start += step) {
        struct srs_flv_seek seek;
        uint64_t want = first_from(keys, count, start);
        srs_err err = run(&seek, start);
        if (err != (want > 0 ? SRS_OK : SRS_E_HTTP_REMUX_OFFSET_OVERFLOW) ||
            (want > 0 && seek.position != want))
            fail_msg("%s from %llu: %s, %llu for %llu", why, (unsigned long long)start,
                     srs_err_name(err), (unsigned long long)seek.position,
                     (unsigned long long)want);
        if (want > 0) {
            assert_int_equal(srs_buf_size(&seek.prefix), head_size);
            assert_memory_equal(seek.prefix.bytes, file.bytes, head_size);
        }
        srs_err_drop(err, "looked at");
        srs_flv_seek_fini(&seek);
    }
}

static void test_seek_given_every_offset_then_the_next_key_frame(void **state)
{
    (void)state;
    make_file(0, 6, 50);
    check_offsets("no index", 1, file.keys, file.key_count);
    make_file(6, 6, 50);
    check_offsets("index", 1, file.keys, file.key_count);
    make_file(0, 6, 30000); // tags are larger than what is looked at at once
    check_offsets("long tags", 777, file.keys, file.key_count);
}

static void test_seek_given_index_of_every_other_then_its_key_frames(void **state)
{
    (void)state;
    uint64_t listed[KEYS_MAX];
    make_file(3, 6, 50);
    for (unsigned i = 0; i < 3; i++) {
        listed[i] = file.keys[2 * i];
        set_position(i, (double)listed[i]);
    }
    listed[3] = file.keys[5]; // behind the last listed one the file is looked through
    check_offsets("sparse", 1, listed, 4);
}

static void test_seek_given_wrong_index_then_the_file_itself_counts(void **state)
{
    (void)state;
    static const double wrong[] = {1, 5000.5, 1e15, -5, 1e300};
    make_file(5, 6, 50);
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        for (unsigned k = 0; k < 5; k++)
            set_position(k, wrong[i]);
        check_offsets("wrong", 7, file.keys, file.key_count);
    }
    for (unsigned k = 0; k < 5; k++) // sound
        set_position(k, (double)file.tags[4]);
    check_offsets("no key frame", 7, file.keys, file.key_count);
}

static void test_seek_given_sound_only_then_the_next_tag(void **state)
{
    (void)state;
    static const uint8_t config[] = {0xAF, 0, 0x12, 0x10};
    static uint8_t body[300] = {0xAF, 1};
    begin(4);
    put_metadata(0);
    put_tag(SRS_FLV_AUDIO, 0, config, sizeof config);
    head_size = file.size;
    unsigned first = file.tag_count;
    for (unsigned i = 0; i < 50; i++)
        put_tag(SRS_FLV_AUDIO, i * 23, body, 100 + i);
    check_offsets("sound", 1, file.tags + first, file.tag_count - first);
}

// Payloads that look like tags, with an end within the file but for the size behind it.
static void test_seek_given_payload_of_tags_then_not_taken_for_one(void **state)
{
    (void)state;
    static uint8_t body[2000];
    make_file(0, 1, 50);
    for (unsigned i = 0; i < 40; i++) {
        for (size_t at = 2; at + 20 < sizeof body; at += 20)
            memcpy(body + at, "\x09\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x17\x01\0\0\0\0\0\0\0",
                   20);
        memcpy(body, i % 10 == 9 ? "\x17\x01" : "\x27\x01", 2);
        if (i % 10 == 9)
            file.keys[file.key_count++] = file.size;
        put_tag(SRS_FLV_VIDEO, i * 40, body, sizeof body);
    }
    check_offsets("fakes", 1009, file.keys, file.key_count);
}

static void test_seek_given_cut_file_then_a_key_frame_within_or_none(void **state)
{
    (void)state;
    make_file(4, 4, 50);
    size_t whole = file.size;
    for (size_t size = 0; size < whole; size++) {
        static const uint64_t starts[] = {1, 14, 700, 2000, 1 << 30};
        file.size = size;
        for (size_t i = 0; i < SRS_COUNT(starts); i++) {
            struct srs_flv_seek seek;
            srs_err err = run(&seek, starts[i]);
            if (err == SRS_OK)
                assert_true(first_from(file.keys, file.key_count, seek.position) == seek.position &&
                            seek.position < size);
            else if (err != SRS_E_HTTP_REMUX_OFFSET_OVERFLOW && size >= SRS_FLV_HEADER_SIZE)
                fail_msg("%zu bytes: %s", size, srs_err_name(err));
            srs_err_drop(err, "looked at");
            srs_flv_seek_fini(&seek);
        }
    }
}

static void test_seek_given_no_flv_then_refused(void **state)
{
    (void)state;
    struct srs_flv_seek seek;
    begin(5);
    memcpy(file.bytes, "MPEG", 4);
    file.size = 5000;
    assert_err(SRS_E_KERNEL_FLV_HEADER, run(&seek, 100), "another file");
    srs_flv_seek_fini(&seek);
    file.size = 0;
    assert_err(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, run(&seek, 100), "nothing");
    srs_flv_seek_fini(&seek);
}

// A kilobyte of tags that end where no size stands, again and again: given up after so many looks.
static void test_seek_given_endless_candidates_then_given_up(void **state)
{
    (void)state;
    struct srs_flv_seek seek;
    make_file(0, 1, 50);
    uint64_t start = file.size;
    while (file.size + 100000 < FILE_MAX)
        put("\x09\x01\x00\x00\0\0\0\0\0\0\0", 11); // 64 KiB long: the end is never in what was read
    assert_err(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, run(&seek, start), "endless");
    assert_int_equal(seek.reads, SRS_FLV_SEEK_READS_MAX + 1);
    srs_flv_seek_fini(&seek);
}

// A file of `size` bytes `fill` with the global one's at its start and, at `tail_at`, again from
// its first tag on; says how many bytes were looked at.
static srs_err run_large(struct srs_flv_seek *seek, uint64_t file_size, uint8_t fill,
                         uint64_t tail_at, uint64_t *looked)
{
    static uint8_t block[SRS_FLV_SEEK_WANT_MAX];
    uint64_t offset;
    size_t size;
    srs_err err = SRS_OK;
    *looked = 0;
    srs_flv_seek_init(seek, file_size, 14);
    while (!err && srs_flv_seek_wants(seek, &offset, &size)) {
        for (size_t i = 0; i < size; i++) {
            uint64_t at = offset + i;
            uint64_t from = at < tail_at ? at : at - tail_at + file.tags[0];
            block[i] =
                from < file.size && (at < file.size || at >= tail_at) ? file.bytes[from] : fill;
        }
        *looked += size;
        err = srs_flv_seek_give(seek, (struct srs_span){block, size});
    }
    return err;
}

static void test_seek_given_nothing_that_is_a_tag_then_soon_given_up(void **state)
{
    (void)state;
    static const uint8_t fills[] = {SRS_FLV_VIDEO, SRS_FLV_AUDIO, 0, 0xFF};
    const uint64_t size = 70 << 20;
    for (size_t i = 0; i < sizeof fills; i++) {
        struct srs_flv_seek seek;
        uint64_t looked;
        begin(5);
        srs_err err = run_large(&seek, size, fills[i], size, &looked);
        srs_flv_seek_fini(&seek);
        assert_err(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, err, "no tag");
        assert_in_range(looked, SRS_FLV_SEEK_SYNC_MAX, SRS_FLV_SEEK_SYNC_MAX + (1 << 20));
    }
}

static void test_seek_given_offset_within_the_largest_tag_then_the_next(void **state)
{
    (void)state;
    static const uint8_t key[] = {0x17, 1, 0, 0, 0, 1};
    struct srs_flv_seek seek;
    uint64_t looked;
    begin(1);
    put_tag(SRS_FLV_VIDEO, 0, key, sizeof key);
    // The file's first tag is larger than it says, as if the offset were within it.
    uint64_t next = file.tags[0] + SRS_FLV_TAG_SIZE + 0xFFFFFF + SRS_FLV_PREVIOUS_SIZE;
    file.bytes[file.tags[0] + 1] = file.bytes[file.tags[0] + 2] = 0xFF;
    uint64_t size = next + file.size - file.tags[0];
    srs_err err = run_large(&seek, size, 0, UINT64_MAX, &looked);
    srs_flv_seek_fini(&seek);
    assert_err(SRS_E_HTTP_REMUX_OFFSET_OVERFLOW, err, "none follows");
    file.bytes[file.tags[0] + 1] = file.bytes[file.tags[0] + 2] = 0;
    err = run_large(&seek, size, 0, next, &looked);
    assert_err(SRS_OK, err, "one follows");
    assert_int_equal(seek.position, next);
    srs_flv_seek_fini(&seek);
}

static void test_seek_given_sizes_above_limits_then_left_out(void **state)
{
    (void)state;
    static uint8_t body[SRS_FLV_SEEK_METADATA_MAX + 1];
    struct srs_wr wr = srs_wr_init(body, sizeof body);
    struct srs_flv_seek seek;
    srs_amf0_write_string(&wr, "onMetaData");
    begin(5);
    put_tag(SRS_FLV_SCRIPT, 0, body, sizeof body);
    memcpy(body, "\x17\x00", 2);
    put_tag(SRS_FLV_VIDEO, 0, body, SRS_FLV_SEEK_CONFIG_MAX + 1);
    put_gops(2, 50);
    assert_err(SRS_OK, run(&seek, 20), "found all the same");
    assert_int_equal(seek.position, file.keys[0]);
    assert_int_equal(srs_buf_size(&seek.prefix), 13);
    srs_flv_seek_fini(&seek);
    begin(5);
    for (unsigned i = 0; i < SRS_FLV_SEEK_CONFIGS + 3; i++)
        put_tag(SRS_FLV_VIDEO, 0, body, 10);
    put_gops(2, 50);
    assert_err(SRS_OK, run(&seek, 20), "many configurations");
    assert_int_equal(srs_buf_size(&seek.prefix), 13 + SRS_FLV_SEEK_CONFIGS * 25);
    srs_flv_seek_fini(&seek);
}

// Records, metadata and an end of sequence in the middle are neither what the beginning needs nor
// where one can begin.
static void test_seek_given_records_in_the_middle_then_not_in_front(void **state)
{
    (void)state;
    static const uint8_t end[] = {0x17, 2, 0, 0, 0};
    begin(5);
    put_metadata(0);
    put_configs();
    head_size = file.size;
    put_gops(1, 50);
    put_tag(SRS_FLV_VIDEO, 100, end, sizeof end);
    put_configs();
    put_metadata(0);
    put_gops(2, 50);
    check_offsets("records in the middle", 1, file.keys, file.key_count);
}

static void test_seek_given_two_metadata_in_front_then_the_first(void **state)
{
    (void)state;
    struct srs_flv_seek seek;
    begin(5);
    put_metadata(0);
    size_t first = file.size;
    put_metadata(0);
    size_t second = file.size;
    put_configs();
    size_t configs = file.size;
    put_gops(2, 50);
    assert_err(SRS_OK, run(&seek, file.keys[1]), "second key frame");
    assert_int_equal(seek.position, file.keys[1]);
    assert_int_equal(srs_buf_size(&seek.prefix), first + configs - second);
    assert_memory_equal(seek.prefix.bytes, file.bytes, first);
    assert_memory_equal(seek.prefix.bytes + first, file.bytes + second, configs - second);
    srs_flv_seek_fini(&seek);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seek_given_every_offset_then_the_next_key_frame),
        cmocka_unit_test(test_seek_given_index_of_every_other_then_its_key_frames),
        cmocka_unit_test(test_seek_given_wrong_index_then_the_file_itself_counts),
        cmocka_unit_test(test_seek_given_sound_only_then_the_next_tag),
        cmocka_unit_test(test_seek_given_payload_of_tags_then_not_taken_for_one),
        cmocka_unit_test(test_seek_given_cut_file_then_a_key_frame_within_or_none),
        cmocka_unit_test(test_seek_given_no_flv_then_refused),
        cmocka_unit_test(test_seek_given_endless_candidates_then_given_up),
        cmocka_unit_test(test_seek_given_sizes_above_limits_then_left_out),
        cmocka_unit_test(test_seek_given_records_in_the_middle_then_not_in_front),
        cmocka_unit_test(test_seek_given_two_metadata_in_front_then_the_first),
        cmocka_unit_test(test_seek_given_nothing_that_is_a_tag_then_soon_given_up),
        cmocka_unit_test(test_seek_given_offset_within_the_largest_tag_then_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
