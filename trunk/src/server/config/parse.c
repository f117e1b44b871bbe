// Grammar: directive := name word* (';' | '{' directive* '}').
//
// Words end at space, tab, CR, LF, ';' or '{'. '#' opens a comment and '}' closes a block only
// where a word may begin. A word in quotes ends at the same quote, and a space, ';' or '{' must
// follow. A directive stands on one line up to its ';' or '{'. There are no escapes and no
// variables. A byte 0 is refused, as words are C strings.
#include "server/config/parse.h"
#include "core/buf.h"
#include "core/mem.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { READ_SIZE = 4 * 1024 }; // few configurations have more

enum token { TOKEN_WORD, TOKEN_END_LINE, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END };

struct parser {
    struct srs_config_tree *tree;
    const char *source;
    const char *at;
    const char *end;
    int line;
    int includes; // how many files deep one may still go
    // The last TOKEN_WORD.
    const char *word;
    size_t size;
};

static SRS_ERR parse_named(struct srs_config_tree *tree, struct srs_config_node *parent,
                           const char *name, int depth, int includes);

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// To the next byte that is neither space nor comment. `inside` a directive the line may not end.
static SRS_ERR skip_space(struct parser *p, bool inside)
{
    for (; p->at < p->end; p->at++) {
        if (*p->at == '#') {
            const char *line_end = memchr(p->at, '\n', (size_t)(p->end - p->at));
            p->at = line_end != NULL ? line_end : p->end;
            if (p->at == p->end)
                return SRS_OK;
        }
        if (!is_space(*p->at))
            return SRS_OK;
        if (*p->at != '\n')
            continue;
        if (inside)
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unexpected end of line, is a ; missing?");
        p->line++;
    }
    return SRS_OK;
}

static SRS_ERR read_quoted(struct parser *p)
{
    char quote = *p->at++;
    p->word = p->at;
    while (p->at < p->end && *p->at != quote && *p->at != '\n')
        p->at++;
    if (p->at == p->end || *p->at != quote)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "the quote %c is not closed", quote);
    p->size = (size_t)(p->at - p->word);
    p->at++;
    if (p->at < p->end && !is_space(*p->at) && *p->at != ';' && *p->at != '{')
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "after a quote: want space, ; or {");
    return SRS_OK;
}

static SRS_ERR next_token(struct parser *p, bool inside, enum token *token)
{
    srs_err err = skip_space(p, inside);
    if (err)
        return err;
    *token = TOKEN_END;
    if (p->at == p->end)
        return SRS_OK;
    switch (*p->at) {
    case ';':
        *token = TOKEN_END_LINE;
        p->at++;
        return SRS_OK;
    case '{':
        *token = TOKEN_OPEN;
        p->at++;
        return SRS_OK;
    case '}':
        *token = TOKEN_CLOSE;
        p->at++;
        return SRS_OK;
    case '"':
    case '\'':
        *token = TOKEN_WORD;
        return read_quoted(p);
    default:
        break;
    }
    *token = TOKEN_WORD;
    p->word = p->at;
    while (p->at < p->end && !is_space(*p->at) && *p->at != ';' && *p->at != '{')
        p->at++;
    p->size = (size_t)(p->at - p->word);
    return SRS_OK;
}

static SRS_ERR add_word(struct parser *p, struct srs_config_node *parent,
                        struct srs_config_node **node)
{
    if (memchr(p->word, '\0', p->size) != NULL)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "a byte 0 in a word");
    if (*node != NULL)
        return srs_config_node_add_arg(*node, p->word, p->size);
    if (p->size == 0)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "a directive without a name");
    srs_err err = srs_config_node_add(p->tree, parent, p->word, p->size, node);
    if (err)
        return err;
    (*node)->source = p->source;
    (*node)->line = p->line;
    return SRS_OK;
}

static SRS_ERR unexpected(const char *what, const struct srs_config_node *node)
{
    char shown[SRS_CONFIG_SHOWN];
    if (node == NULL)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unexpected %s", what);
    return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "unexpected %s in \"%s\", is a ; missing?", what,
                    srs_config_shown_host(node->name, shown));
}

// One directive up to its ';', '{', or the '}' or end of file that stands in its place. *node is
// NULL for the latter two.
static SRS_ERR read_directive(struct parser *p, struct srs_config_node *parent, enum token *token,
                              struct srs_config_node **node)
{
    srs_err err;
    *node = NULL;
    for (;;) {
        err = next_token(p, *node != NULL, token);
        if (!err && *token == TOKEN_WORD)
            err = add_word(p, parent, node);
        if (err)
            return err;
        if (*token != TOKEN_WORD)
            break;
    }
    if (*node == NULL && *token == TOKEN_END_LINE)
        return unexpected(";", NULL);
    if (*node == NULL && *token == TOKEN_OPEN)
        return unexpected("{", NULL);
    if (*node != NULL && *token == TOKEN_CLOSE)
        return unexpected("}", *node);
    if (*node != NULL && *token == TOKEN_END)
        return unexpected("end of file", *node);
    return SRS_OK;
}

// The files go in at the place of the directive, which is then gone.
static SRS_ERR include(struct parser *p, struct srs_config_node *parent,
                       struct srs_config_node *node, int depth)
{
    srs_err err = SRS_OK;
    if (node->arg_count == 0)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "include without a file");
    if (p->includes == SRS_CONFIG_NO_INCLUDES)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "files are not included from here");
    if (p->includes == 0)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d files inside each other",
                        SRS_CONFIG_INCLUDE_MAX);
    for (size_t i = 0; i < node->arg_count && !err; i++)
        err = parse_named(p->tree, parent, node->args[i], depth, p->includes - 1);
    srs_config_node_free(node);
    return err;
}

static SRS_ERR parse_block(struct parser *p, struct srs_config_node *parent, int depth, bool file)
{
    for (;;) {
        struct srs_config_node *node;
        enum token token;
        srs_err err = read_directive(p, parent, &token, &node);
        if (err)
            return err;
        if (node == NULL && token == TOKEN_CLOSE)
            return file ? unexpected("}", NULL) : SRS_OK;
        if (node == NULL)
            return file ? SRS_OK : srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "a block is not closed");
        if (token == TOKEN_OPEN) {
            node->block = true;
            if (depth == SRS_CONFIG_BLOCK_MAX)
                return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d blocks in each other",
                                SRS_CONFIG_BLOCK_MAX);
            err = parse_block(p, node, depth + 1, false);
        } else if (strcmp(node->name, "include") == 0) {
            err = include(p, parent, node, depth);
        }
        if (err)
            return err;
    }
}

static SRS_ERR parse_in(struct parser *p, struct srs_config_node *parent, int depth)
{
    char place[SRS_CONFIG_PLACE];
    p->tree->bytes += (size_t)(p->end - p->at);
    srs_err err = SRS_OK;
    if (p->tree->bytes > SRS_CONFIG_TOTAL_BYTES)
        err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d bytes in all files",
                       SRS_CONFIG_TOTAL_BYTES);
    if (!err)
        err = parse_block(p, parent, depth, true);
    if (!err)
        return SRS_OK;
    struct srs_config_node here = {.source = p->source, .line = p->line};
    srs_config_tree_blame(p->tree, &here, NULL);
    srs_config_node_place(&here, place);
    return srs_wrap(err, "%s", place);
}

static bool path_of(const char *folder, const char *name, char path[PATH_MAX / 2])
{
    bool whole = folder == NULL || name[0] == '/';
    int size = snprintf(path, PATH_MAX / 2, "%s%s%s", whole ? "" : folder, whole ? "" : "/", name);
    return size >= 0 && size < PATH_MAX / 2;
}

static SRS_ERR read_file(struct srs_config_tree *tree, const char *name, struct srs_buf *text)
{
    char shown[SRS_CONFIG_SHOWN];
    char path[PATH_MAX / 2];
    size_t got = 1;
    if (!path_of(tree->folder, name, path))
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "the name of file \"%s\" is too long",
                        srs_config_shown(name, shown));
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return srs_fail_sys(SRS_E_SYSTEM_CONFIG_INVALID, "open file \"%s\"",
                            srs_config_shown(name, shown));
    srs_err err = srs_config_tree_path(tree, path);
    while (!err && got > 0) {
        uint8_t *room;
        err = srs_buf_reserve(text, READ_SIZE, SRS_CONFIG_FILE_BYTES + READ_SIZE, &room);
        if (err)
            break;
        got = fread(room, 1, READ_SIZE, file);
        srs_buf_grown(text, got);
        if (srs_buf_size(text) > SRS_CONFIG_FILE_BYTES)
            err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "\"%s\" has more than %d bytes",
                           srs_config_shown(name, shown), SRS_CONFIG_FILE_BYTES);
    }
    if (!err && ferror(file))
        err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "read file \"%s\"",
                       srs_config_shown(name, shown));
    (void)fclose(file);
    return err;
}

static SRS_ERR parse_named(struct srs_config_tree *tree, struct srs_config_node *parent,
                           const char *name, int depth, int includes)
{
    struct srs_buf text = {0};
    struct parser p = {.tree = tree, .line = 1, .includes = includes};
    srs_err err = read_file(tree, name, &text);
    if (!err)
        err = srs_config_tree_source(tree, name, &p.source);
    if (!err && srs_buf_size(&text) > 0) {
        p.at = (const char *)srs_buf_span(&text).bytes;
        p.end = p.at + srs_buf_size(&text);
        err = parse_in(&p, parent, depth);
    }
    srs_buf_fini(&text);
    return err;
}

SRS_ERR srs_config_parse_file(struct srs_config_tree *tree, const char *name)
{
    return parse_named(tree, &tree->root, name, 0, SRS_CONFIG_INCLUDE_MAX);
}

SRS_ERR srs_config_parse_text(struct srs_config_tree *tree, const char *name, const char *text,
                              size_t size, int includes)
{
    struct parser p = {
        .tree = tree, .at = text, .end = text + size, .line = 1, .includes = includes};
    srs_err err = srs_config_tree_source(tree, name, &p.source);
    if (err)
        return err;
    return parse_in(&p, &tree->root, 0);
}
