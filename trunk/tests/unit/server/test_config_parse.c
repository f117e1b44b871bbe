// Grammar, limits and includes, below the directives: what tree a text becomes, or which error at
// which line.
#include "config_files.h"
#include "server/config/parse.h"

// The tree as text: name(word,word){children}
static void print_children(const struct srs_config_node *parent, char *out, size_t size)
{
    srs_list_each (link, &parent->children) {
        const struct srs_config_node *node = srs_config_node_at(link);
        size_t at = strlen(out);
        at += (size_t)snprintf(out + at, size - at, "%s(", node->name);
        for (size_t i = 0; i < node->arg_count; i++)
            at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? "," : "", node->args[i]);
        at += (size_t)snprintf(out + at, size - at, ")%s", node->block ? "{" : ";");
        print_children(node, out, size);
        at = strlen(out);
        if (node->block)
            (void)snprintf(out + at, size - at, "}");
    }
}

static void test_config_parse_given_text_then_tree(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *text;
        const char *want;
    } cases[] = {
        {"nothing", "", ""},
        {"only space and a comment without end", " \r\n\t# a; b {", ""},
        {"words", "a b\tc;d;", "a(b,c);d();"},
        {"no space before the ends", "a{b c;}d{}", "a(){b(c);}d(){}"},
        {"name of a block", "vhost v { a on; }", "vhost(v){a(on);}"},
        {"comment inside a block", "a { # x }\n b c; # y\n}", "a(){b(c);}"},
        {"# inside a word", "a b#c;", "a(b#c);"},
        {"} inside a word", "a { b on};}", "a(){b(on});}"},
        {"quotes", "a \"b c\" 'd;{}#e';", "a(b c,d;{}#e);"},
        {"other quote inside quotes", "a \"it's\" 'x\"y';", "a(it's,x\"y);"},
        {"empty quotes", "a \"\" b;", "a(,b);"},
        {"quote inside a word", "a b\"c;", "a(b\"c);"},
        {"quote before the ends", "a \"b\"{c 'd';}", "a(b){c(d);}"},
        {"backslash is a plain byte", "a \\n \"\\\";", "a(\\n,\\);"},
        {"dollar is a plain byte", "a $B;", "a($B);"},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        struct srs_config_tree tree;
        char got[256] = "";
        srs_config_tree_init(&tree);
        assert_err(SRS_OK,
                   srs_config_parse_text(&tree, "t", cases[i].text, strlen(cases[i].text), 0),
                   cases[i].why);
        print_children(&tree.root, got, sizeof got);
        assert_string_equal(got, cases[i].want);
        srs_config_tree_fini(&tree);
    }
}

static void assert_refused(const char *why, const char *text, size_t size, const char *want)
{
    struct srs_config_tree tree;
    char story[512];
    srs_config_tree_init(&tree);
    srs_err err = srs_config_parse_text(&tree, "t", text, size, 0);
    srs_err_format(err, story, sizeof story);
    if (strstr(story, want) == NULL)
        fail_msg("%s: want \"%s\" in: %s", why, want, story);
    assert_err(SRS_E_SYSTEM_CONFIG_INVALID, err, why);
    srs_config_tree_fini(&tree);
}

static void test_config_parse_given_bad_text_then_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *text;
        const char *want;
    } cases[] = {
        {"line ends in a directive", "a b;\nc d\n;", "line 2 of t : unexpected end of line"},
        {"{ on the next line", "a\n{}", "line 1 of t : unexpected end of line"},
        {"comment in a directive", "\na b # c;\n;", "line 2 of t : unexpected end of line"},
        {"end in a directive", "a;\nb c", "line 2 of t : unexpected end of file in \"b\""},
        {"block not closed", "a {\n b c;\n", "line 3 of t : a block is not closed"},
        {"} too many", "a {\n}\n}", "line 3 of t : unexpected }"},
        {"} in a directive", "a {\nb c }", "line 2 of t : unexpected } in \"b\""},
        {"; without a name", "a;;", "line 1 of t : unexpected ;"},
        {"{ without a name", "\n\n{}", "line 3 of t : unexpected {"},
        {"quote not closed", "a \"b;", "line 1 of t : the quote \" is not closed"},
        {"quote over a line", "a 'b\nc';", "line 1 of t : the quote ' is not closed"},
        {"word after a quote", "a \"b\"c;", "line 1 of t : after a quote"},
        {"} after a quote", "a { b \"c\"}", "line 1 of t : after a quote"},
        {"name of nothing", "\"\" a;", "line 1 of t : a directive without a name"},
        {"nine blocks", "a{a{a{a{a{a{a{a{a{}}}}}}}}}", "more than 8 blocks"},
        {"include without a file", "include;", "include without a file"},
        {"include where it is forbidden", "include x;", "files inside each other"},
    };
    for (size_t i = 0; i < SRS_COUNT(cases); i++)
        assert_refused(cases[i].why, cases[i].text, strlen(cases[i].text), cases[i].want);
    assert_refused("a byte 0", "a b\0c;", 6, "line 1 of t : a byte 0 in a word");
}

static void test_config_parse_given_eight_blocks_then_accepted(void **state)
{
    (void)state;
    static const char text[] = "a{a{a{a{a{a{a{a{}}}}}}}}";
    struct srs_config_tree tree;
    srs_config_tree_init(&tree);
    assert_err(SRS_OK, srs_config_parse_text(&tree, "t", text, strlen(text), 0), "eight");
    srs_config_tree_fini(&tree);
}

static void test_config_parse_given_too_many_directives_then_refused(void **state)
{
    (void)state;
    enum { MOST = 100000 };
    char *text = srs_try_alloc((size_t)2 * (MOST + 1));
    for (size_t i = 0; i <= MOST; i++)
        memcpy(text + 2 * i, "a;", 2);
    struct srs_config_tree tree;
    srs_config_tree_init(&tree);
    assert_err(SRS_OK, srs_config_parse_text(&tree, "t", text, (size_t)2 * MOST, 0), "as many");
    srs_config_tree_fini(&tree);
    assert_refused("one more", text, (size_t)2 * (MOST + 1), "more than 100000 directives");
    srs_free(text);
}

static void test_config_parse_given_every_prefix_then_no_crash(void **state)
{
    (void)state;
    static const char text[] = "a 'b c' d; # x\nv \"n\" { e on; f { } }\ng;";
    for (size_t n = 0; n < strlen(text); n++) {
        struct srs_config_tree tree;
        char *copy = srs_try_strndup(text, n);
        srs_config_tree_init(&tree);
        srs_err err = srs_config_parse_text(&tree, "t", copy, n, 0);
        assert_true(err == SRS_OK || err == SRS_E_SYSTEM_CONFIG_INVALID);
        srs_err_drop(err, "a prefix may be either");
        srs_config_tree_fini(&tree);
        srs_free(copy);
    }
}

static void test_config_parse_given_no_memory_then_error_and_no_leak(void **state)
{
    (void)state;
    static const char text[] = "a b c d; v n { e on; }";
    unsigned failures = 0;
    for (unsigned n = 1;; n++, failures++) {
        struct srs_config_tree tree;
        srs_config_tree_init(&tree);
        srs_mem_fail_after(n);
        srs_err err = srs_config_parse_text(&tree, "t", text, strlen(text), 0);
        srs_mem_fail_after(0);
        srs_config_tree_fini(&tree);
        if (err == SRS_OK)
            break;
        assert_err(SRS_E_NO_MEMORY, err, "n-th allocation");
    }
    assert_in_range(failures, 10, 20);
}

static void test_config_include_given_files_then_in_place(void **state)
{
    const struct config_files *files = *state;
    char one[128];
    char two[128];
    char text[512];
    char got[256] = "";
    (void)snprintf(one, sizeof one, "%s/one.conf", files->directory);
    (void)snprintf(two, sizeof two, "%s/two.conf", files->directory);
    config_write(one, "b 1; c { d 2; }");
    config_write(two, "");
    (void)snprintf(text, sizeof text, "a; include %s %s; v { include %s; } e;", one, two, one);
    config_write(files->path, text);
    struct srs_config_tree tree;
    srs_config_tree_init(&tree);
    assert_err(SRS_OK, srs_config_parse_file(&tree, files->path), "three files");
    print_children(&tree.root, got, sizeof got);
    assert_string_equal(got, "a();b(1);c(){d(2);}v(){b(1);c(){d(2);}}e();");
    assert_string_equal(srs_config_node_find(&tree.root, "b")->source, one);
    srs_config_tree_fini(&tree);
    (void)unlink(one);
    (void)unlink(two);
}

static void test_config_include_given_itself_then_refused_at_depth(void **state)
{
    const struct config_files *files = *state;
    char text[256];
    (void)snprintf(text, sizeof text, "\ninclude %s;", files->path);
    config_must_fail(files, text, NULL, "more than 8 files inside each other");
}

static void test_config_include_given_missing_file_then_name_and_line(void **state)
{
    const struct config_files *files = *state;
    config_must_fail(files, "\ninclude /nowhere/x.conf;", NULL, "open file \"/nowhere/x.conf\"");
    config_must_fail(files, "\ninclude /nowhere/x.conf;", NULL, "line 2 of ");
    config_must_fail(files, "include /;", NULL, "read file \"/\"");
}

static void test_config_include_given_error_inside_then_both_places(void **state)
{
    const struct config_files *files = *state;
    char one[128];
    char text[256];
    (void)snprintf(one, sizeof one, "%s/one.conf", files->directory);
    config_write(one, "\n\nb");
    (void)snprintf(text, sizeof text, "\ninclude %s;", one);
    config_must_fail(files, text, NULL, "test.conf : line 3 of ");
    (void)unlink(one);
}

static void test_config_file_given_too_large_then_refused(void **state)
{
    const struct config_files *files = *state;
    char *text = srs_try_alloc(SRS_CONFIG_FILE_BYTES + 2);
    memset(text, ' ', SRS_CONFIG_FILE_BYTES + 1);
    text[SRS_CONFIG_FILE_BYTES + 1] = '\0';
    config_must_fail(files, text, NULL, "has more than 4194304 bytes");
    text[SRS_CONFIG_FILE_BYTES] = '\0';
    srs_config_unref(config_must(files, text, NULL));
    srs_free(text);
}

static void test_config_include_given_much_in_all_then_refused(void **state)
{
    const struct config_files *files = *state;
    enum { PART = 512 * 1024, PARTS = SRS_CONFIG_TOTAL_BYTES / PART };
    char other[128];
    char *text = srs_try_alloc(PART);
    assert_non_null(text);
    memset(text, ' ', PART - 1);
    text[PART - 1] = '\0';
    (void)snprintf(other, sizeof other, "%s/other.conf", files->directory);
    config_write(other, text);
    text[0] = '\0';
    for (int i = 0; i < PARTS; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, PART - at, "include %s;", other);
        if (i == PARTS - 2)
            srs_config_unref(config_must(files, text, NULL));
    }
    config_must_fail(files, text, NULL, "more than 16777216 bytes in all files");
    (void)unlink(other);
    srs_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_parse_given_text_then_tree),
        cmocka_unit_test(test_config_parse_given_bad_text_then_line_and_reason),
        cmocka_unit_test(test_config_parse_given_eight_blocks_then_accepted),
        cmocka_unit_test(test_config_parse_given_too_many_directives_then_refused),
        cmocka_unit_test(test_config_parse_given_every_prefix_then_no_crash),
        cmocka_unit_test(test_config_parse_given_no_memory_then_error_and_no_leak),
        cmocka_unit_test(test_config_include_given_files_then_in_place),
        cmocka_unit_test(test_config_include_given_itself_then_refused_at_depth),
        cmocka_unit_test(test_config_include_given_missing_file_then_name_and_line),
        cmocka_unit_test(test_config_include_given_error_inside_then_both_places),
        cmocka_unit_test(test_config_file_given_too_large_then_refused),
        cmocka_unit_test(test_config_include_given_much_in_all_then_refused),
    };
    return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
