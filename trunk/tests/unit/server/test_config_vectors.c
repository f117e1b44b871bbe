// Every configuration file that SRS ships is made again from trunk/tests/vectors/conf/srs-conf.txt
// (its README tells the form) and must load.
#include "config_files.h"
#include "server/config/parse.h"
#include <sys/stat.h>

enum { BLOCKS_MAX = 128, LINES_MAX = 256, TEXT_MAX = 64 * 1024, BLOCKS = 103, STEPS_MAX = 8 };

static const char vectors[] = "trunk/tests/vectors/conf/srs-conf.txt";

struct block {
    const char *name;
    const char *lines[LINES_MAX]; // [0..count)
    size_t count;
};

struct vectors {
    struct config_files *files;
    char *text;
    struct block *blocks; // [0..count)
    size_t count;
};

static struct block *find_block(const struct vectors *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->blocks[i].name, name) == 0)
            return &v->blocks[i];
    return NULL;
}

static size_t find_line(const struct block *block, const char *line)
{
    size_t i = 0;
    while (i < block->count && strcmp(block->lines[i], line) != 0)
        i++;
    return i;
}

// "= other" takes its lines, which stands earlier or later in the file; "- line" drops one; others
// are added.
static void resolve(const struct vectors *v, const struct block *block, struct block *out)
{
    for (size_t i = 0; i < block->count; i++) {
        const char *line = block->lines[i];
        if (strncmp(line, "= ", 2) == 0) {
            const struct block *other = find_block(v, line + 2);
            assert_non_null(other);
            resolve(v, other, out);
        } else if (strncmp(line, "- ", 2) == 0) {
            size_t at = find_line(out, line + 2);
            if (at == out->count)
                fail_msg("%s: nothing to drop for %s", block->name, line);
            out->count--;
            memmove(&out->lines[at], &out->lines[at + 1], (out->count - at) * sizeof out->lines[0]);
        } else {
            assert_true(out->count < LINES_MAX);
            out->lines[out->count++] = line;
        }
    }
}

static void read_blocks(struct vectors *v)
{
    char *save = NULL;
    for (char *line = strtok_r(v->text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "### ", 4) == 0) {
            assert_true(v->count < BLOCKS_MAX);
            v->blocks[v->count++].name = line + 4;
            continue;
        }
        assert_true(v->count > 0 && v->blocks[v->count - 1].count < LINES_MAX);
        struct block *block = &v->blocks[v->count - 1];
        block->lines[block->count++] = line;
    }
}

// One scope of a path: its name, its argument in brackets (may be empty), the end. Dots inside
// brackets do not count.
static const char *next_step(const char *at, char *step, size_t size)
{
    size_t length = strcspn(at, ".[ ");
    if (at[length] == '[')
        length += strcspn(at + length, "]") + 1;
    (void)snprintf(step, size, "%.*s", (int)length, at);
    return at + length;
}

struct writer {
    const struct block *block;
    bool done[LINES_MAX];
    char *out;
    size_t at;
};

static void put(struct writer *w, const char *text)
{
    int used = snprintf(w->out + w->at, TEXT_MAX - w->at, "%s", text);
    assert_in_range(used, 0, TEXT_MAX - w->at - 1);
    w->at += (size_t)used;
}

// "name[arg]" as the words in front of a block.
static void put_scope(struct writer *w, const char *step)
{
    char words[256];
    (void)snprintf(words, sizeof words, "%s", step);
    char *bracket = strchr(words, '[');
    if (bracket != NULL) {
        *bracket = ' ';
        words[strlen(words) - 1] = '\0';
    }
    put(w, words);
    put(w, " {\n");
}

// All lines that begin with this scope path and are not yet written, in order of first appearance.
static void put_lines(struct writer *w, const char *prefix, int depth)
{
    size_t length = strlen(prefix);
    assert_true(depth < STEPS_MAX);
    for (size_t i = 0; i < w->block->count; i++) {
        const char *line = w->block->lines[i];
        char step[160];
        char scope[320];
        if (w->done[i] || strncmp(line, prefix, length) != 0)
            continue;
        const char *end = next_step(line + length, step, sizeof step);
        if (*end == '.') {
            (void)snprintf(scope, sizeof scope, "%s%s.", prefix, step);
            put_scope(w, step);
            put_lines(w, scope, depth + 1);
            put(w, "}\n");
            continue;
        }
        w->done[i] = true;
        if (strcmp(end, " {}") == 0) {
            put_scope(w, step);
            put(w, "}\n");
            continue;
        }
        put(w, line + length);
        put(w, ";\n");
    }
}

static void write_block(const struct vectors *v, const struct block *block, const char *path)
{
    struct block *whole = srs_new(struct block);
    struct writer *w = srs_new(struct writer);
    whole->name = block->name;
    resolve(v, block, whole);
    w->block = whole;
    w->out = srs_mem_new(TEXT_MAX);
    put_lines(w, "", 0);
    for (size_t i = 0; i < whole->count; i++)
        assert_true(w->done[i]);
    config_write(path, w->out);
    srs_free(w->out);
    srs_free(w);
    srs_free(whole);
}

static int setup(void **state)
{
    void *files = NULL;
    struct vectors *v = srs_new(struct vectors);
    v->text = srs_mem_new(TEXT_MAX);
    v->blocks = srs_mem_new(BLOCKS_MAX * sizeof *v->blocks);
    *state = v;
    FILE *file = fopen(vectors, "re");
    if (file == NULL || config_files_setup(&files) != 0)
        return -1;
    v->files = files;
    size_t got = fread(v->text, 1, TEXT_MAX, file);
    (void)fclose(file);
    return got > 0 && got < TEXT_MAX ? 0 : -1;
}

static int teardown(void **state)
{
    struct vectors *v = *state;
    void *files = v->files;
    int result = config_files_teardown(&files);
    srs_free(v->text);
    srs_free(v->blocks);
    srs_free(v);
    return result;
}

static struct srs_config *load_block(const struct vectors *v, const char *name)
{
    struct srs_config *config = NULL;
    char story[512];
    write_block(v, find_block(v, name), v->files->path);
    const struct srs_config_args args = {.file = v->files->path, .descriptors = 65536};
    srs_err err = srs_config_load(&args, &config);
    if (err) {
        srs_err_format(err, story, sizeof story);
        fail_msg("%s: %s", name, story);
    }
    return config;
}

// They are in use: nothing in them is odd, apart from what is not built.
static void assert_no_oddity(const char *name, const struct srs_config *config)
{
    static const char *const odd[] = {"is taken", "neither", "taken as", "has no value"};
    assert_int_equal(config->notes_dropped, 0);
    for (size_t i = 0; i < config->note_count; i++)
        for (size_t j = 0; j < SRS_COUNT(odd); j++)
            if (strstr(config->notes[i], odd[j]) != NULL)
                fail_msg("%s: %s", name, config->notes[i]);
}

static void test_config_given_each_shipped_file_then_accepted(void **state)
{
    struct vectors *v = *state;
    char cwd[256];
    size_t loaded = 0;
    size_t listening = 0;
    size_t vhosts = 0;
    size_t rubbish = 0;
    if (v->count == 0)
        read_blocks(v);
    // include.conf names ./conf/include.vhost.conf, as seen from where the server runs.
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(v->files->directory), 0);
    assert_int_equal(mkdir("conf", 0700), 0);
    write_block(v, find_block(v, "include.vhost.conf"), "conf/include.vhost.conf");
    for (size_t i = 0; i < v->count; i++) {
        struct srs_config *config = load_block(v, v->blocks[i].name);
        loaded++;
        listening += config->rtmp_listen.count > 0;
        vhosts += config->vhost_count;
        rubbish += config_notes_with(config, "not a plain number");
        assert_no_oddity(v->blocks[i].name, config);
        srs_config_unref(config);
    }
    assert_int_equal(unlink("conf/include.vhost.conf"), 0);
    assert_int_equal(rmdir("conf"), 0);
    assert_int_equal(chdir(cwd), 0);
    assert_int_equal(loaded, BLOCKS);
    assert_int_equal(listening, BLOCKS - 1); // include.vhost.conf is a piece of another file
    assert_in_range(vhosts, 100, 120);
    assert_int_equal(rubbish, 1); // heartbeat.interval 9.3 counts as 9
}

static void test_config_given_file_of_old_spellings_then_same_meaning(void **state)
{
    struct vectors *v = *state;
    if (v->count == 0)
        read_blocks(v);
    struct srs_config *config = load_block(v, "compatible.conf");
    const struct srs_config_vhost *vhost = srs_config_vhost_find(config, "any");
    assert_int_equal(config->rtmp_listen.items[0].port, 1935);
    assert_true(config->http_server.enabled);
    assert_int_equal(config->http_server.listen.items[0].port, 8080);
    assert_int_equal(vhost->publish.firstpkt_timeout, 20000 * SRS_MSEC);
    assert_int_equal(vhost->publish.normal_timeout, 7000 * SRS_MSEC);
    assert_true(vhost->play.atc);
    assert_false(vhost->play.gop_cache);
    assert_int_equal(vhost->play.mw_latency, 100 * SRS_MSEC);
    assert_int_equal(vhost->play.queue_length, 10 * SRS_SEC);
    assert_true(vhost->refer.enabled);
    assert_string_equal(vhost->refer.all.items[0], "github.com");
    assert_int_equal(config_notes_with(config, "directive cluster.mode at line"), 1);
    assert_true(vhost->forward.enabled);
    assert_int_equal(vhost->forward.destination.count, 2);
    assert_string_equal(vhost->forward.destination.items[0], "127.0.0.1:1936");
    assert_true(vhost->http_static.enabled);
    assert_string_equal(vhost->http_static.mount, "[vhost]/hls");
    srs_config_unref(config);
}

static void test_config_given_file_with_root_listen_then_rtmp_listens(void **state)
{
    struct vectors *v = *state;
    if (v->count == 0)
        read_blocks(v);
    struct srs_config *config = load_block(v, "hls-encrypted-query.conf");
    assert_int_equal(config->rtmp_listen.count, 1);
    srs_config_unref(config);
    config = load_block(v, "console.ipv46.conf");
    assert_int_equal(config->rtmp_listen.count, 2);
    assert_string_equal(config->rtmp_listen.items[1].host, "::");
    srs_config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_given_each_shipped_file_then_accepted),
        cmocka_unit_test(test_config_given_file_of_old_spellings_then_same_meaning),
        cmocka_unit_test(test_config_given_file_with_root_listen_then_rtmp_listens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
