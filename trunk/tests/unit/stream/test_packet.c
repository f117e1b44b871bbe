// Packets and tracks: counts, forms, and the flat part that another process can follow.
#include "stream/packets.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned freed;

static void form_free(void *form)
{
    freed++;
    srs_free(form);
}

static const struct srs_form_ops first_ops = {.name = "first", .slot = 0, .free = form_free};
static const struct srs_form_ops rival_ops = {.name = "rival", .slot = 0, .free = form_free};
static const struct srs_form_ops last_ops = {
    .name = "last", .slot = SRS_PACKET_FORMS - 1, .free = form_free};

static int teardown(void **state)
{
    (void)state;
    assert_nothing_lives();
    return 0;
}

static void test_packet_given_track_then_head_says_so(void **state)
{
    (void)state;
    struct srs_track *track = make_track(SRS_KIND_AUDIO, 3, "asc");
    track->version = 9;
    struct srs_packet *packet = make_packet(track, 5, SRS_PACKET_KEY, 7);
    assert_int_equal(packet->head.kind, SRS_KIND_AUDIO);
    assert_int_equal(packet->head.codec, SRS_CODEC_AAC);
    assert_int_equal(packet->head.track_id, 3);
    assert_int_equal(packet->head.track_version, 9);
    assert_int_equal(packet->head.size, 5);
    assert_int_equal(srs_packet_bytes(packet), sizeof *packet + 5);
    assert_int_equal(track->refs, 2);
    srs_track_unref(track);
    assert_int_equal(srs_live_count(SRS_LIVE_TRACK), 1);
    (void)srs_packet_ref(packet);
    srs_packet_unref(packet);
    assert_int_equal(srs_live_count(SRS_LIVE_PACKET), 1);
    srs_packet_unref(packet);
    srs_packet_unref(NULL);
}

static void test_packet_given_forms_then_kept_by_slot_and_freed_once(void **state)
{
    (void)state;
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    struct srs_packet *packet = make_packet(track, 0, 0, 0);
    void *one = srs_try_alloc(1);
    void *two = srs_try_alloc(1);
    freed = 0;
    assert_null(srs_packet_form(packet, &first_ops));
    srs_packet_keep_form(packet, &first_ops, one);
    srs_packet_keep_form(packet, &last_ops, two);
    assert_ptr_equal(srs_packet_form(packet, &first_ops), one);
    assert_ptr_equal(srs_packet_form(packet, &last_ops), two);
    assert_null(srs_packet_form(packet, &rival_ops)); // in the slot, but of another kind
    srs_packet_keep_form(packet, &rival_ops, srs_try_alloc(1));
    assert_int_equal(freed, 1);
    assert_null(srs_packet_form(packet, &first_ops));
    srs_packet_unref(packet);
    assert_int_equal(freed, 3);
    srs_track_unref(track);
}

// What another process sees of a packet: head and payload as they lie.
static int read_as_another(const void *shared, const struct srs_packet *want)
{
    struct srs_packet_head head;
    memcpy(&head, shared, sizeof head);
    const uint8_t *payload = (const uint8_t *)shared + offsetof(struct srs_packet, payload) -
                             offsetof(struct srs_packet, head);
    bool same = head.kind == SRS_KIND_VIDEO && head.flags == SRS_PACKET_KEY && head.dts == 12345 &&
                head.track_version == 4 && head.size == want->head.size;
    for (uint32_t i = 0; same && i < head.size; i++)
        same = payload[i] == (uint8_t)(i * 7 + head.size);
    return same ? 0 : 1;
}

static void test_packet_given_shared_memory_then_another_process_reads_the_same(void **state)
{
    (void)state;
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "avcc");
    track->version = 4;
    struct srs_packet *packet = make_packet(track, 100000, SRS_PACKET_KEY, 12345);
    size_t size = sizeof packet->head + packet->head.size;
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    int go[2];
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        _exit(read(go[0], &byte, 1) == 1 ? read_as_another(shared, packet) : 2);
    }
    // Only now, so that the child cannot have it from the fork.
    assert_int_equal(offsetof(struct srs_packet, payload),
                     offsetof(struct srs_packet, head) + sizeof packet->head);
    memcpy(shared, &packet->head, sizeof packet->head);
    memcpy((uint8_t *)shared + sizeof packet->head, packet->payload, packet->head.size);
    assert_int_equal(write(go[1], "x", 1), 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(go[0]);
    (void)close(go[1]);
    assert_int_equal(munmap(shared, size), 0);
    srs_packet_unref(packet);
    srs_track_unref(track);
}

static void test_packet_given_no_memory_then_nothing_is_held(void **state)
{
    (void)state;
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    struct srs_packet *packet = NULL;
    struct srs_track *none = NULL;
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_packet_new(track, 10, &packet), "packet");
    assert_null(packet);
    assert_int_equal(track->refs, 1);
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_track_new(track, (struct srs_span){NULL, 0}, &none), "track");
    assert_null(none);
    srs_track_unref(track);
}

static void test_track_given_two_then_same_but_for_version(void **state)
{
    (void)state;
    struct srs_track *a = make_track(SRS_KIND_VIDEO, 0, "avcc");
    struct srs_track *b = make_track(SRS_KIND_VIDEO, 0, "avcc");
    struct srs_track *others[] = {
        make_track(SRS_KIND_VIDEO, 1, "avcc"), make_track(SRS_KIND_AUDIO, 0, "avcc"),
        make_track(SRS_KIND_VIDEO, 0, "avcC"), make_track(SRS_KIND_VIDEO, 0, "avc")};
    b->version = 77;
    assert_true(srs_track_same(a, b));
    for (size_t i = 0; i < SRS_COUNT(others); i++) {
        assert_false(srs_track_same(a, others[i]));
        srs_track_unref(others[i]);
    }
    b->codec = SRS_CODEC_OPAQUE;
    assert_false(srs_track_same(a, b));
    b->codec = SRS_CODEC_AVC;
    b->flv_codec = 12;
    assert_false(srs_track_same(a, b));
    srs_track_unref(a);
    srs_track_unref(b);
    srs_track_unref(NULL);
    assert_null(srs_track_ref(NULL));
}

static void test_track_given_names_then_those_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(srs_kind_name(SRS_KIND_VIDEO), "video");
    assert_string_equal(srs_kind_name(SRS_KIND_AUDIO), "audio");
    assert_string_equal(srs_kind_name(SRS_KIND_DATA), "data");
    assert_string_equal(srs_codec_name(SRS_CODEC_OPAQUE), "Other");
    assert_string_equal(srs_codec_name(SRS_CODEC_AVC), "H264");
    assert_string_equal(srs_codec_name(SRS_CODEC_HEVC), "H265");
    assert_string_equal(srs_codec_name(SRS_CODEC_VP9), "VP9");
    assert_string_equal(srs_codec_name(SRS_CODEC_AAC), "AAC");
    assert_string_equal(srs_codec_name(SRS_CODEC_EAC3), "E-AC-3");
    assert_string_equal(srs_codec_name(SRS_CODEC_AMF0), "AMF0");
}

static void test_codec_given_fourccs_then_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SRS_CODECS; i++) {
        enum srs_codec codec = (enum srs_codec)i;
        uint32_t fourcc = srs_codec_fourcc(codec);
        enum srs_kind kind = i < SRS_CODEC_AAC ? SRS_KIND_VIDEO : SRS_KIND_AUDIO;
        enum srs_kind other = i < SRS_CODEC_AAC ? SRS_KIND_AUDIO : SRS_KIND_VIDEO;
        bool none = codec == SRS_CODEC_OPAQUE || codec == SRS_CODEC_AMF0;
        assert_int_equal(fourcc == 0, none);
        assert_int_equal(srs_codec_of_fourcc(kind, fourcc), none ? SRS_CODEC_OPAQUE : codec);
        assert_int_equal(srs_codec_of_fourcc(other, fourcc), SRS_CODEC_OPAQUE);
    }
    assert_int_equal(srs_codec_fourcc(SRS_CODEC_HEVC), 0x68766331); // hvc1
    assert_int_equal(srs_codec_of_fourcc(SRS_KIND_VIDEO, 0x76766331), SRS_CODEC_OPAQUE);
}

static void test_packet_given_extra_bytes_then_behind_the_payload(void **state)
{
    (void)state;
    struct srs_track *track = make_track(SRS_KIND_VIDEO, 0, "");
    struct srs_packet *packet = make_packet(track, 12, 0, 0);
    srs_packet_set_extra(packet, 5);
    assert_true(packet->head.size == 7 && packet->head.extra_size == 5);
    assert_int_equal(srs_packet_bytes(packet), sizeof *packet + 12);
    srs_packet_unref(packet);
    srs_track_unref(track);
}

static void test_track_given_side_information_then_a_part_of_it(void **state)
{
    (void)state;
    struct srs_track model = {.kind = SRS_KIND_VIDEO, .codec = SRS_CODEC_HEVC};
    struct srs_span config = {(const uint8_t *)"abcd", 4};
    struct srs_track *tracks[3];
    for (size_t i = 0; i < 3; i++) // the same bytes, cut at another place
        assert_err(SRS_OK,
                   srs_track_new_with(&model, (struct srs_span){config.bytes, i + 1},
                                      (struct srs_span){config.bytes + i + 1, 3 - i}, &tracks[i]),
                   "track");
    assert_memory_equal(srs_track_side(tracks[1]).bytes, "cd", 2);
    assert_false(srs_track_same(tracks[0], tracks[1]));
    srs_track_unref(tracks[2]);
    model.width = 7;
    assert_err(SRS_OK,
               srs_track_new_with(&model, (struct srs_span){config.bytes, 1},
                                  (struct srs_span){config.bytes + 1, 3}, &tracks[2]),
               "track");
    assert_false(srs_track_same(tracks[0], tracks[2]));
    for (size_t i = 0; i < 3; i++)
        srs_track_unref(tracks[i]);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_packet_given_track_then_head_says_so),
        TEST(test_packet_given_forms_then_kept_by_slot_and_freed_once),
        TEST(test_packet_given_shared_memory_then_another_process_reads_the_same),
        TEST(test_packet_given_no_memory_then_nothing_is_held),
        TEST(test_track_given_two_then_same_but_for_version),
        TEST(test_track_given_names_then_those_of_the_api),
        TEST(test_codec_given_fourccs_then_there_and_back),
        TEST(test_packet_given_extra_bytes_then_behind_the_payload),
        TEST(test_track_given_side_information_then_a_part_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
