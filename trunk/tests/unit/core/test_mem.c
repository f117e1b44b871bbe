// Memory: failing on demand, live counts, giving back to the system; and the intrusive list.
#include "core/list.h"
#include "core/mem.h"
#include "unit/test.h"

static void test_mem_new_given_type_then_zeroed(void **state)
{
    (void)state;
    struct big {
        uint8_t bytes[1000];
    } *big = srs_new(struct big);
    for (size_t i = 0; i < sizeof big->bytes; i++)
        assert_int_equal(0, big->bytes[i]);
    srs_free(big);
    srs_free(NULL);
}

static void test_mem_try_given_fail_after_n_then_only_the_nth_fails(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        srs_mem_fail_after(n);
        for (unsigned i = 1; i <= 5; i++) {
            void *memory = srs_try_alloc(16);
            assert_int_equal(i == n, memory == NULL);
            srs_free(memory);
        }
    }
    srs_mem_fail_after(1);
    srs_mem_fail_after(0);
    void *memory = srs_try_alloc(0);
    assert_non_null(memory); // also for nothing
    srs_free(memory);
}

static void test_mem_try_given_each_kind_then_counted_as_one(void **state)
{
    (void)state;
    srs_mem_fail_after(3);
    void *one = srs_try_alloc(8);
    assert_non_null(one);
    memcpy(one, "abcdefg", 8);
    char *two = srs_try_strndup("hello", 2);
    assert_non_null(two);
    assert_string_equal("he", two);
    assert_null(srs_try_realloc(one, 64)); // the third; what it had stays
    assert_string_equal("abcdefg", one);
    one = srs_try_realloc(one, 64);
    assert_non_null(one);
    assert_string_equal("abcdefg", one);
    srs_mem_fail_after(1);
    assert_null(srs_try_strndup("x", 1));
    char *empty = srs_try_strndup("", 0);
    assert_non_null(empty);
    assert_string_equal("", empty);
    srs_free(empty);
    srs_free(one);
    srs_free(two);
}

static void test_mem_live_given_adds_then_per_type(void **state)
{
    (void)state;
    long before = srs_live_count(SRS_LIVE_PACKET);
    long other = srs_live_count(SRS_LIVE_SOURCE);
    srs_live_add(SRS_LIVE_PACKET, 3);
    srs_live_add(SRS_LIVE_PACKET, -1);
    assert_int_equal(before + 2, srs_live_count(SRS_LIVE_PACKET));
    assert_int_equal(other, srs_live_count(SRS_LIVE_SOURCE));
    srs_live_add(SRS_LIVE_PACKET, -2);
    assert_int_equal(before, srs_live_count(SRS_LIVE_PACKET));
    assert_string_equal("PACKET", srs_live_name(SRS_LIVE_PACKET));
    for (int i = 1; i < SRS_LIVE_TYPES; i++) // a type is found by eye: the table is sorted
        assert_true(strcmp(srs_live_name((enum srs_live)(i - 1)), srs_live_name((enum srs_live)i)) <
                    0);
}

// Fills the heap between two kept blocks, so that freeing leaves pages to give back.
static void free_some(size_t bytes)
{
    enum { PIECE = 64 * 1024 };
    void *pieces[64];
    size_t count = bytes / PIECE;
    assert_true(count <= SRS_COUNT(pieces));
    for (size_t i = 0; i < count; i++) {
        pieces[i] = srs_try_alloc(PIECE);
        assert_non_null(pieces[i]);
        memset(pieces[i], 1, PIECE);
    }
    for (size_t i = 0; i < count; i++)
        srs_free(pieces[i]);
    srs_mem_note_freed(bytes);
}

static void test_mem_trim_given_little_freed_or_too_soon_then_nothing(void **state)
{
    (void)state;
    const int64_t sec = 1000000;
    const int64_t start = 100 * sec;
    assert_int_equal(0, srs_mem_trim_if_due(start)); // nothing was freed
    srs_mem_note_freed(128 * 1024 - 1);
    assert_int_equal(0, srs_mem_trim_if_due(start)); // one byte short
    free_some(2 * 1024 * 1024);
    (void)srs_mem_trim_if_due(start); // due: what malloc says is its own affair
    srs_mem_note_freed(128 * 1024 - 1);
    assert_int_equal(0, srs_mem_trim_if_due(start + 60 * sec)); // the sum began anew
    srs_mem_note_freed(128 * 1024);
    assert_int_equal(0, srs_mem_trim_if_due(start + 5 * sec - 1)); // too soon after the last
}

// ---- list ----

struct item {
    int value;
    struct srs_list node;
};

static void assert_items(struct srs_list *head, const char *want)
{
    char forth[16] = "";
    char back[16] = "";
    size_t count = 0;
    srs_list_each (node, head) {
        forth[count++] = (char)('0' + srs_list_entry(node, struct item, node)->value);
        assert_true(count < sizeof forth - 1);
    }
    size_t at = count;
    for (struct srs_list *node = head->prev; node != head; node = node->prev)
        back[--at] = (char)('0' + srs_list_entry(node, struct item, node)->value);
    assert_string_equal(want, forth);
    assert_string_equal(want, back);
}

static void test_list_given_inserts_and_removes_then_order_both_ways(void **state)
{
    (void)state;
    struct srs_list head;
    struct item items[5] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    srs_list_init(&head);
    assert_true(srs_list_empty(&head));
    assert_false(srs_list_linked(&items[1].node));
    srs_list_push(&head, &items[1].node);
    srs_list_push(&head, &items[3].node);
    srs_list_insert_after(&items[1].node, &items[2].node);
    srs_list_insert_before(&items[1].node, &items[0].node);
    srs_list_insert_after(&items[3].node, &items[4].node);
    assert_items(&head, "01234");
    assert_true(srs_list_linked(&items[1].node));
    srs_list_remove(&items[2].node);
    assert_items(&head, "0134");
    assert_false(srs_list_linked(&items[2].node));
    srs_list_remove(&items[2].node); // harmless
    srs_list_remove(&items[0].node);
    srs_list_remove(&items[4].node);
    assert_items(&head, "13");
    srs_list_push(&head, &items[0].node); // a removed node can be in a list again
    assert_items(&head, "130");
    assert_false(srs_list_empty(&head));
}

static void test_list_given_safe_walk_then_each_may_be_removed(void **state)
{
    (void)state;
    struct srs_list head;
    struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
    int seen = 0;
    srs_list_init(&head);
    for (size_t i = 0; i < SRS_COUNT(items); i++)
        srs_list_push(&head, &items[i].node);
    srs_list_each_safe (node, &head) {
        assert_int_equal(seen++, srs_list_entry(node, struct item, node)->value);
        if (seen % 2 == 0)
            srs_list_remove(node);
    }
    assert_int_equal(4, seen);
    assert_items(&head, "02");
    srs_list_each_safe (node, &head)
        srs_list_remove(node);
    assert_true(srs_list_empty(&head));
}

static void test_mem_live_format_given_counts_then_all_types_in_one_line(void **state)
{
    (void)state;
    char text[SRS_LIVE_TEXT];
    srs_live_add(SRS_LIVE_PACKET, 12);
    srs_live_format(text);
    srs_live_add(SRS_LIVE_PACKET, -12);
    assert_non_null(strstr(text, " PACKET=12 "));
    for (int i = 0; i < SRS_LIVE_TYPES; i++)
        assert_non_null(strstr(text, srs_live_name((enum srs_live)i)));
    srs_live_add(SRS_LIVE_TYPES - 1, 1234567890123456789); // the longest there can be
    srs_live_format(text);
    srs_live_add(SRS_LIVE_TYPES - 1, -1234567890123456789);
    assert_string_equal(text + strlen(text) - 20, "=1234567890123456789");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem_new_given_type_then_zeroed),
        cmocka_unit_test(test_mem_try_given_fail_after_n_then_only_the_nth_fails),
        cmocka_unit_test(test_mem_try_given_each_kind_then_counted_as_one),
        cmocka_unit_test(test_mem_live_given_adds_then_per_type),
        cmocka_unit_test(test_mem_live_format_given_counts_then_all_types_in_one_line),
        cmocka_unit_test(test_mem_trim_given_little_freed_or_too_soon_then_nothing),
        cmocka_unit_test(test_list_given_inserts_and_removes_then_order_both_ways),
        cmocka_unit_test(test_list_given_safe_walk_then_each_may_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
