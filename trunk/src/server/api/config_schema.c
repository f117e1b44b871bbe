// Types are those that control.c gives the values. Texts of the table hold nothing that JSON writes
// otherwise; a test reads the whole.
#include "server/api/config_schema.h"
#include "core/assert.h"
#include "server/api/json.h"
#include "server/config/show.h"
#include <string.h>

enum { DEPTH_MAX = 8 };

struct block {
    bool any;              // has a member
    struct srs_buf always; // names of those that are in each answer
};

struct describing {
    struct srs_buf *out;
    srs_err err;                    // the first one
    struct block blocks[DEPTH_MAX]; // [0..depth], those that are open
    unsigned depth;
};

// --- text ---------------------------------------------------------------------------------------

static void append(struct describing *describing, struct srs_buf *to, const char *text, size_t size)
{
    if (!describing->err)
        describing->err = srs_buf_append(to, text, size, SRS_API_BUFFER_MAX);
}

static void add(struct describing *describing, const char *text)
{
    append(describing, describing->out, text, strlen(text));
}

static void begin_member(struct describing *describing, const char *name, bool always)
{
    struct block *block = &describing->blocks[describing->depth];
    add(describing, block->any ? ",\"" : "\"");
    add(describing, name);
    add(describing, "\":{");
    block->any = true;
    if (!always)
        return;
    const char *before = srs_buf_size(&block->always) > 0 ? ",\"" : "\"";
    append(describing, &block->always, before, strlen(before));
    append(describing, &block->always, name, strlen(name));
    append(describing, &block->always, "\"", 1);
}

static void end_member(struct describing *describing, const char *help)
{
    add(describing, ",\"description\":\"");
    add(describing, help);
    add(describing, "\"}");
}

static void begin_object(struct describing *describing)
{
    describing->blocks[describing->depth] = (struct block){.any = false};
    add(describing, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
}

static void end_object(struct describing *describing)
{
    struct block *block = &describing->blocks[describing->depth];
    struct srs_span always = srs_buf_span(&block->always);
    add(describing, "},\"required\":[");
    append(describing, describing->out, (const char *)always.bytes, always.size);
    add(describing, "]}");
    srs_buf_fini(&block->always);
}

// --- types --------------------------------------------------------------------------------------

static void add_number(struct describing *describing, const struct srs_directive *row)
{
    bool real = row->type == SRS_DIRECTIVE_FLOAT || row->type == SRS_DIRECTIVE_SECF;
    bool is_auto = (row->flags & SRS_DIRECTIVE_AUTO) != 0;
    add(describing, is_auto ? "\"anyOf\":[{" : "");
    add(describing, real ? "\"type\":\"number\"" : "\"type\":\"integer\"");
    add(describing, is_auto ? "},{\"const\":\"auto\"}]" : "");
}

// "a b *c"
static void add_choices(struct describing *describing, const char *words)
{
    const char *comma = "";
    add(describing, "\"type\":\"string\",\"enum\":[");
    while (*words != '\0') {
        words += *words == '*';
        size_t size = strcspn(words, " ");
        add(describing, comma);
        add(describing, "\"");
        append(describing, describing->out, words, size);
        add(describing, "\"");
        comma = ",";
        words += size + strspn(words + size, " ");
    }
    add(describing, "]");
}

static void add_type(struct describing *describing, const struct srs_directive *row)
{
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        add(describing, "\"type\":\"boolean\"");
        break;
    case SRS_DIRECTIVE_WORD:
        add(describing, "\"type\":\"string\"");
        break;
    case SRS_DIRECTIVE_ENUM:
        add_choices(describing, row->words);
        break;
    case SRS_DIRECTIVE_LIST:
    case SRS_DIRECTIVE_LISTEN:
    case SRS_DIRECTIVE_NETS:
    case SRS_DIRECTIVE_RULES:
        add(describing, "\"type\":\"array\",\"items\":{\"type\":\"string\"}");
        break;
    default:
        add_number(describing, row);
        break;
    }
}

// --- the table ----------------------------------------------------------------------------------

static void describe_open(void *arg, const char *name)
{
    struct describing *describing = arg;
    begin_member(describing, name, true);
    srs_assert(describing->depth + 1 < DEPTH_MAX);
    describing->depth++;
    begin_object(describing);
}

static void describe_close(void *arg)
{
    struct describing *describing = arg;
    end_object(describing);
    describing->depth--;
}

// Rules are shown where there are any, and a choice without a default where it was made.
static void describe_begin(void *arg, const struct srs_directive *row)
{
    struct describing *describing = arg;
    bool always = row->type != SRS_DIRECTIVE_RULES &&
                  (row->type != SRS_DIRECTIVE_ENUM || row->value[0] != '\0');
    begin_member(describing, row->name, always);
    add_type(describing, row);
    end_member(describing, row->help);
}

static void describe_word(void *arg, const char *word)
{
    (void)arg;
    (void)word;
    srs_assert(false); // the table has none
}

static void describe_end(void *arg)
{
    (void)arg;
}

SRS_ERR srs_config_schema_write(enum srs_directive_state kind, struct srs_buf *out)
{
    struct describing describing = {.out = out};
    const struct srs_config_visitor visitor = {.open = describe_open,
                                               .close = describe_close,
                                               .begin = describe_begin,
                                               .word = describe_word,
                                               .end = describe_end,
                                               .arg = &describing};
    add(&describing, "{");
    begin_object(&describing);
    if (kind == SRS_DIRECTIVE_VHOST) {
        begin_member(&describing, "name", true);
        add(&describing, "\"type\":\"string\"");
        end_member(&describing, "Name of the vhost");
    }
    srs_config_show_table(kind, &visitor);
    end_object(&describing);
    return describing.err;
}
