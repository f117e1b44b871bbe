// config_docs full | page | metrics | rows: what is made from the table of directives and from that
// of metrics. `full` prints trunk/conf/full.conf, every directive with its default; `page` prints
// trunk/doc/configuration.md; `metrics` prints trunk/doc/metrics.md. `make docs` writes them, and a
// check holds them to the tables. `rows` prints the table of directives for tests that walk over
// all of it.
#include "core/mem.h"
#include "server/config/table.h"
#include "server/metrics/page.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 4, DEPTH_MAX = 8 };

// --- what a row says
// ------------------------------------------------------------------------------

static bool is_block(const struct srs_directive *row)
{
    return row->type == SRS_DIRECTIVE_SCOPE || row->type == SRS_DIRECTIVE_FREE;
}

static bool is_old(const struct srs_directive *row)
{
    return row->state == SRS_DIRECTIVE_OLD || row->state == SRS_DIRECTIVE_OLD_WARN;
}

static const char *reload_words(const struct srs_directive *row)
{
    static const char *const words[] = {"now", "next", "restart"};
    return words[row->reload];
}

static const char *state_words(const struct srs_directive *row)
{
    switch (row->state) {
    case SRS_DIRECTIVE_LATER:
        return "not built yet";
    case SRS_DIRECTIVE_OLD:
    case SRS_DIRECTIVE_OLD_WARN:
        return "no effect";
    default:
        return "built";
    }
}

static const char *unit_words(enum srs_directive_type type)
{
    switch (type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        return "on, off";
    case SRS_DIRECTIVE_INT:
        return "whole number";
    case SRS_DIRECTIVE_FLOAT:
        return "number";
    case SRS_DIRECTIVE_MSEC:
        return "milliseconds";
    case SRS_DIRECTIVE_SEC:
        return "whole seconds";
    case SRS_DIRECTIVE_SECF:
        return "seconds";
    case SRS_DIRECTIVE_LIST:
        return "words";
    case SRS_DIRECTIVE_LISTEN:
        return "endpoints";
    case SRS_DIRECTIVE_NETS:
        return "addresses or address/bits";
    case SRS_DIRECTIVE_RULES:
        return "publish or play, all or address or address/bits";
    case SRS_DIRECTIVE_SCOPE:
    case SRS_DIRECTIVE_FREE:
        return "block";
    case SRS_DIRECTIVE_ANY:
        return "anything";
    default:
        return "word";
    }
}

// "a, b, c" of the list of words; its star says nothing about which are good.
static void print_words(const char *words)
{
    for (; *words != '\0'; words++)
        if (*words == ' ')
            (void)fputs(", ", stdout);
        else if (*words != '*')
            (void)putchar(*words);
}

static void print_values(const struct srs_directive *row)
{
    if (row->words != NULL)
        print_words(row->words);
    else
        (void)fputs(unit_words(row->type), stdout);
    if (row->low != 0 || row->high != 0)
        (void)printf(", %.15g to %.15g", row->low, row->high);
    if ((row->flags & SRS_DIRECTIVE_AUTO) != 0)
        (void)fputs(", or auto", stdout);
    if ((row->flags & SRS_DIRECTIVE_MANY) != 0)
        (void)fputs(", may be repeated", stdout);
}

static void print_variable(const char *scope, const char *name)
{
    (void)fputs("SRS_", stdout);
    for (const char *c = scope; *c != '\0'; c++)
        (void)putchar(*c == '.' ? '_' : toupper((unsigned char)*c));
    if (scope[0] != '\0')
        (void)putchar('_');
    for (const char *c = name; *c != '\0'; c++)
        (void)putchar(toupper((unsigned char)*c));
}

static void print_variables(const struct srs_directive *row, const char *none)
{
    if (!srs_directive_has_env(row)) {
        (void)fputs(none, stdout);
        return;
    }
    if (row->env == NULL) {
        print_variable(row->scope, row->name);
        return;
    }
    for (const char *c = row->env; *c != '\0'; c++)
        if (*c == '|')
            (void)fputs(", ", stdout);
        else
            (void)putchar(*c);
}

// --- full.conf
// ------------------------------------------------------------------------------------

static void indent(int depth)
{
    (void)printf("%*s", depth * INDENT, "");
}

// Blocks and what has no word of its own have no default, and old ones are better not written.
static bool is_shown_off(const struct srs_directive *row)
{
    return is_old(row) || row->type == SRS_DIRECTIVE_ANY || row->value[0] == '\0';
}

static bool needs_quotes(const char *word)
{
    return strpbrk(word, " \t;{}#\"'\\") != NULL;
}

static void print_leaf(const struct srs_directive *row, int depth)
{
    (void)putchar('\n');
    indent(depth);
    (void)printf("# %s%s\n", row->help, is_old(row) ? " (accepted for the sake of old files)" : "");
    indent(depth);
    (void)fputs("# values: ", stdout);
    print_values(row);
    (void)printf("; reload: %s; variable: ", reload_words(row));
    print_variables(row, "none");
    (void)printf("; %s\n", state_words(row));
    indent(depth);
    if (strcmp(row->name, "is_full") == 0)
        (void)puts("is_full on;");
    else if (is_shown_off(row))
        (void)printf("# %s%s%s;\n", row->name, row->value[0] != '\0' ? " " : "", row->value);
    else if (needs_quotes(row->value))
        (void)printf("%s \"%s\";\n", row->name, row->value);
    else
        (void)printf("%s %s;\n", row->name, row->value);
}

// A name for a block that has one; not always needed, but ids are unique only with it.
static const char *block_name(const struct srs_directive *row)
{
    if ((row->flags & SRS_DIRECTIVE_NAMED) != 0)
        return " __defaultVhost__";
    return (row->flags & SRS_DIRECTIVE_MAYBE_NAMED) != 0 ? " example" : "";
}

// The table is five blocks deep; DEPTH_MAX only ends what a loop in it would begin.
static void print_scope(const char *scope, int depth)
{
    for (size_t i = 0; i < srs_directive_count() && depth < DEPTH_MAX; i++) {
        const struct srs_directive *row = srs_directive_at(i);
        char path[SRS_DIRECTIVE_PATH];
        if (strcmp(row->scope, scope) != 0)
            continue;
        if (!is_block(row) || is_old(row)) {
            print_leaf(row, depth);
            continue;
        }
        srs_directive_path(row, path);
        (void)putchar('\n');
        indent(depth);
        (void)printf("# %s%s\n", row->help,
                     (row->flags & SRS_DIRECTIVE_MANY) != 0 ? " (may be repeated)" : "");
        indent(depth);
        (void)printf("%s%s {\n", row->name, block_name(row));
        if (row->type == SRS_DIRECTIVE_SCOPE)
            print_scope(path, depth + 1);
        indent(depth);
        (void)puts("}");
    }
}

static void print_full(void)
{
    (void)puts("# Every directive with its default. Made from the table of directives by \"make "
               "docs\": edit that\n"
               "# table and not this file.\n"
               "#\n"
               "# This file is to be read: is_full keeps it from being run. A configuration needs "
               "only what differs\n"
               "# from the default. A line that is commented out has no default, or is accepted "
               "without effect.\n"
               "#\n"
               "# reload:   now      at the next use, also by streams that run\n"
               "#           next     at the next publish or play\n"
               "#           restart  when the server is started again\n"
               "# variable: the environment goes before the file; one for a vhost counts for all "
               "of them");
    print_scope("", 0);
}

// --- configuration.md
// -----------------------------------------------------------------------------

// A bar would end the column.
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            (void)putchar('\\');
        (void)putchar(*text);
    }
}

static void print_line(const struct srs_directive *row)
{
    (void)printf("| `%s` | ", row->name);
    print_cell(row->help);
    (void)fputs(" | ", stdout);
    print_values(row);
    (void)fputs(" | ", stdout);
    if (row->value[0] != '\0')
        (void)printf("`%s`", row->value);
    (void)fputs(" | ", stdout);
    print_variables(row, "");
    (void)printf(" | %s | %s |\n", reload_words(row), state_words(row));
}

static void print_section(const char *scope, const struct srs_directive *block)
{
    bool begun = false;
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (strcmp(row->scope, scope) != 0 || row->type == SRS_DIRECTIVE_SCOPE)
            continue;
        if (!begun) {
            (void)printf("\n### %s\n\n", block != NULL ? scope : "At the top of the file");
            if (block != NULL)
                (void)printf("%c%s.\n\n", toupper((unsigned char)block->help[0]), block->help + 1);
            (void)puts("| directive | meaning | values | default | variables | reload | state |\n"
                       "|---|---|---|---|---|---|---|");
        }
        begun = true;
        print_line(row);
    }
}

static void print_old_spellings(void)
{
    static const struct {
        const char *scope;
        const char *block;
        const char *name;
        const char *to;
        const char *as;
    } moves[] = {
#define MOVE(scope, block, name, to, as, extra) {scope, block, name, to, as},
#define RENAME(scope, name, to)                 {scope, NULL, name, to, NULL},
#include "server/config/legacy.def"
    };
    (void)puts(
        "\n## Old spellings\n\n"
        "They are read as the present ones; where a file has both, the present one counts.\n\n"
        "| old | present |\n|---|---|");
    for (size_t i = 0; i < SRS_COUNT(moves); i++) {
        const char *dot = moves[i].scope[0] != '\0' ? "." : "";
        (void)printf("| `%s%s%s%s%s` | ", moves[i].scope, dot,
                     moves[i].block != NULL ? moves[i].block : "",
                     moves[i].block != NULL ? "." : "", moves[i].name);
        (void)printf("`%s%s%s%s%s` |\n", moves[i].scope, dot, moves[i].to,
                     moves[i].as != NULL ? "." : "", moves[i].as != NULL ? moves[i].as : "");
    }
}

static void print_page(void)
{
    (void)puts(
        "# Configuration\n\n"
        "Made from the table of directives by `make docs`: edit that table and not this page.\n\n"
        "## The form of a file\n\n"
        "- A directive is a name, its values and `;`. A block is a name, sometimes a value, and "
        "`{ ... }`. `#` begins a comment. A value with spaces or one of `; { } #` stands in "
        "quotes.\n"
        "- `include FILE...;` reads other files at its place.\n"
        "- An unknown directive is an error that names file, line and the nearest name. One that "
        "is not built yet is accepted with one warning when it asks for something.\n"
        "- A boolean that is neither `on` nor `off`, a number with something behind it and a "
        "number out of its range are accepted with a warning that tells the value taken.\n\n"
        "## Where values come from\n\n"
        "`-c FILE` or `SRS_CONFIG_FILE` names a file. `-e` or `SRS_ENV_ONLY` takes the environment "
        "alone, and so does any other `SRS_` variable without a file. Without all of them the "
        "built-in profile runs, which `trunk/conf/srs.conf` writes out. A variable goes before the "
        "file; one of a vhost counts for all vhosts; an empty one counts as not set. Lists are "
        "separated by spaces.\n\n"
        "`srs -t -c FILE` tells what is wrong with a file and ends.\n\n"
        "## Reload\n\n"
        "`now`: at the next use, also by streams that run. `next`: at the next publish or play. "
        "`restart`: when the server is started again.\n\n"
        "## Directives\n\n"
        "`trunk/conf/full.conf` shows the same as one file.");
    print_section("", NULL);
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        char path[SRS_DIRECTIVE_PATH];
        srs_directive_path(row, path);
        if (row->type == SRS_DIRECTIVE_SCOPE)
            print_section(path, row);
    }
    print_old_spellings();
}

// --- rows
// -----------------------------------------------------------------------------------------

static const char *type_name(enum srs_directive_type type)
{
    static const char *const names[] = {
        [SRS_DIRECTIVE_SCOPE] = "scope", [SRS_DIRECTIVE_OFF] = "off",
        [SRS_DIRECTIVE_ON] = "on",       [SRS_DIRECTIVE_INT] = "int",
        [SRS_DIRECTIVE_FLOAT] = "float", [SRS_DIRECTIVE_MSEC] = "msec",
        [SRS_DIRECTIVE_SEC] = "sec",     [SRS_DIRECTIVE_SECF] = "secf",
        [SRS_DIRECTIVE_WORD] = "word",   [SRS_DIRECTIVE_ENUM] = "enum",
        [SRS_DIRECTIVE_LIST] = "list",   [SRS_DIRECTIVE_LISTEN] = "listen",
        [SRS_DIRECTIVE_NETS] = "nets",   [SRS_DIRECTIVE_FREE] = "free",
        [SRS_DIRECTIVE_RULES] = "rules", [SRS_DIRECTIVE_ANY] = "any",
    };
    return names[type];
}

static const char *state_name(enum srs_directive_state state)
{
    static const char *const names[] = {
        [SRS_DIRECTIVE_BLOCK] = "block", [SRS_DIRECTIVE_ROOT] = "root",
        [SRS_DIRECTIVE_VHOST] = "vhost", [SRS_DIRECTIVE_LATER] = "later",
        [SRS_DIRECTIVE_OLD] = "old",     [SRS_DIRECTIVE_OLD_WARN] = "old_warn",
    };
    return names[state];
}

// A line each with tabs between, which nothing in the table has; the first line names the columns.
static void print_rows(void)
{
    (void)puts("scope\tname\ttype\tdefault\tlow\thigh\twords\tnamed\treload\tstate");
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        unsigned named = row->flags & (SRS_DIRECTIVE_NAMED | SRS_DIRECTIVE_MAYBE_NAMED);
        (void)printf("%s\t%s\t%s\t%s\t%.15g\t%.15g\t%s\t%d\t%s\t%s\n", row->scope, row->name,
                     type_name(row->type), row->value, row->low, row->high,
                     row->words != NULL ? row->words : "", named != 0, reload_words(row),
                     state_name(row->state));
    }
}

// --- metrics.md
// ------------------------------------------------------------------------------------

static void print_labels(const char *labels)
{
    while (*labels != '\0') {
        size_t size = strcspn(labels, " ");
        (void)printf("`%.*s`", (int)size, labels);
        labels += size + (labels[size] == ' ');
        (void)fputs(*labels != '\0' ? " " : "", stdout);
    }
}

static void print_metrics(void)
{
    (void)printf(
        "# Metrics\n\n"
        "Made from the table of metrics by `make docs`: edit `server/metrics/metrics.def` and not "
        "this page.\n\n"
        "`exporter { enabled on; }` serves them for Prometheus at `/metrics`: on `exporter.listen` "
        "(9972), and on the ports of the API. While it is off the API's ports answer "
        "`{\"code\":1090}`.\n\n"
        "- `trunk/conf/prometheus.yml` is an example of a configuration that scrapes, "
        "`trunk/conf/alerts.yml` holds alerts, `trunk/conf/grafana.json` is a dashboard.\n"
        "- A scrape tells %d streams by name, those that have been there longest. Gauges of all "
        "others are added up as stream `~others` without vhost and app; their counters are not "
        "told, as the sum would fall when one of them ends.\n"
        "- Values of labels have at most %d bytes. The stream of a name that was cut, or in which "
        "something was replaced by `?`, ends with `~` and a number of its own, so that no two "
        "streams have the same labels.\n"
        "- Counters begin with 0 at the start of the server; those of a stream, with the stream. "
        "Times are in seconds. Buckets of histograms end at 1, 2, 5, 10, 20, 30, 50, 75, 100, 150, "
        "200, 300, 400, 500 and 750 ms and at 1, 2, 5, 10 and 30 s.\n"
        "- With `stats { enabled off; }` the figures of processor and memory are 0.\n\n"
        "| metric | type | labels | meaning |\n|---|---|---|---|\n",
        SRS_METRICS_STREAMS_MAX, SRS_METRICS_LABEL_MAX);
    for (unsigned i = 0; i < SRS_METRICS; i++) {
        const struct srs_metric_row *row = srs_metric_at((enum srs_metric)i);
        (void)printf("| `%s` | %s | ", row->name, row->type);
        print_labels(row->labels);
        (void)printf(" | %s |\n", row->meaning);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "full") == 0)
        print_full();
    else if (argc == 2 && strcmp(argv[1], "page") == 0)
        print_page();
    else if (argc == 2 && strcmp(argv[1], "metrics") == 0)
        print_metrics();
    else if (argc == 2 && strcmp(argv[1], "rows") == 0)
        print_rows();
    else
        return fputs("usage: config_docs full | page | metrics | rows\n", stderr) < 0 ? 2 : 1;
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
