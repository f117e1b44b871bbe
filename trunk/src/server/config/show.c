#include "server/config/show.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 96 }; // of a number, an endpoint, a network

// --- secrets ------------------------------------------------------------------------------------

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_stream(const char *url)
{
    static const char *const schemes[] = {"rtmp", "srt:", "rtsp", "rist"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (begins(url, schemes[i]))
            return true;
    return false;
}

const char *srs_config_masked(const char *word, char masked[SRS_CONFIG_MASKED])
{
    const char *host = strstr(word, "://");
    if (host == NULL)
        return word;
    host += 3;
    size_t path = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', path); // a password may hold one
    const char *shown = at != NULL ? at + 1 : host;
    size_t query = strcspn(shown, "?#");
    // The name of a stream is what lets one publish it; a variable gives nothing away.
    size_t name = query;
    while (name > 0 && shown[name - 1] != '/')
        name--;
    bool hides_name = is_stream(word) && name > 0 && name < query &&
                      memchr(shown + name, '[', query - name) == NULL &&
                      memchr(shown, '/', name - 1) != NULL;
    size_t kept = hides_name ? name : query;
    bool hides_query = shown[query] != '\0';
    (void)snprintf(masked, SRS_CONFIG_MASKED, "%.*s%s%.*s%s%s", (int)(host - word), word,
                   at != NULL ? SRS_CONFIG_MASK "@" : "", (int)kept, shown,
                   hides_name ? SRS_CONFIG_MASK : "", hides_query ? "?" SRS_CONFIG_MASK : "");
    return masked;
}

// --- values -------------------------------------------------------------------------------------

static void tell(const struct srs_config_visitor *visitor, const struct srs_directive *row,
                 const char *word)
{
    char masked[SRS_CONFIG_MASKED];
    if ((row->flags & SRS_DIRECTIVE_SECRET) != 0)
        visitor->word(visitor->arg, word[0] != '\0' ? SRS_CONFIG_MASK : "");
    else
        visitor->word(visitor->arg, srs_config_masked(word, masked));
}

static void tell_number(const struct srs_config_visitor *visitor, const struct srs_directive *row,
                        int64_t value)
{
    char text[WORD];
    bool is_auto = (row->flags & SRS_DIRECTIVE_AUTO) != 0 && value == SRS_CONFIG_AUTO;
    double seconds = (double)value / (double)SRS_SEC;
    switch (row->type) {
    case SRS_DIRECTIVE_MSEC:
        value /= SRS_MSEC;
        break;
    case SRS_DIRECTIVE_SEC:
        value /= SRS_SEC;
        break;
    default:
        break;
    }
    if (row->type == SRS_DIRECTIVE_SECF)
        (void)snprintf(text, sizeof text, "%.6g", seconds);
    else
        (void)snprintf(text, sizeof text, "%lld", (long long)value);
    visitor->word(visitor->arg, is_auto ? "auto" : text);
}

// The word of an ENUM with that index, without its star.
static void tell_choice(const struct srs_config_visitor *visitor, const struct srs_directive *row,
                        int index)
{
    char text[WORD];
    const char *at = row->words;
    for (; index > 0 && *at != '\0'; index--) {
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    at += *at == '*';
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(at, " "), at);
    visitor->word(visitor->arg, text);
}

void srs_config_endpoint_print(const struct srs_config_endpoint *at, char out[SRS_CONFIG_ENDPOINT])
{
    if (at->host[0] == '\0')
        (void)snprintf(out, SRS_CONFIG_ENDPOINT, "%u", at->port);
    else
        (void)snprintf(out, SRS_CONFIG_ENDPOINT,
                       strchr(at->host, ':') != NULL ? "[%s]:%u" : "%s:%u", at->host, at->port);
}

static void tell_endpoints(const struct srs_config_visitor *visitor,
                           const struct srs_config_endpoints *endpoints)
{
    char text[SRS_CONFIG_ENDPOINT];
    for (size_t i = 0; i < endpoints->count; i++) {
        srs_config_endpoint_print(&endpoints->items[i], text);
        visitor->word(visitor->arg, text);
    }
}

static void print_network(const struct srs_network *network, char *out, size_t size)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    enum { MAPPED_BITS = 96 };
    char address[INET6_ADDRSTRLEN] = "";
    bool v4 = memcmp(network->address, mapped, sizeof mapped) == 0 && network->bits >= MAPPED_BITS;
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, network->address + (v4 ? sizeof mapped : 0), address,
                    sizeof address);
    (void)snprintf(out, size, "%s/%u", address, network->bits - (v4 ? MAPPED_BITS : 0U));
}

static void tell_networks(const struct srs_config_visitor *visitor,
                          const struct srs_config_networks *networks)
{
    char text[WORD];
    if (networks->count == 0)
        visitor->word(visitor->arg, "none");
    for (size_t i = 0; i < networks->count; i++) {
        print_network(&networks->items[i], text, sizeof text);
        visitor->word(visitor->arg, text);
    }
}

// A line each, so each is a directive of its own.
static void tell_rules(const struct srs_config_visitor *visitor, const struct srs_directive *row,
                       const struct srs_config_rules *rules)
{
    char text[WORD];
    for (size_t i = 0; i < rules->count; i++) {
        const struct srs_config_rule *rule = &rules->items[i];
        visitor->begin(visitor->arg, row);
        visitor->word(visitor->arg, rule->publish ? "publish" : "play");
        (void)snprintf(text, sizeof text, "all");
        if (rule->network.bits > 0)
            print_network(&rule->network, text, sizeof text);
        visitor->word(visitor->arg, text);
        visitor->end(visitor->arg);
    }
}

static void tell_value(const struct srs_config_visitor *visitor, const struct srs_directive *row,
                       const void *field)
{
    char text[WORD];
    const struct srs_config_words *words = field;
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        visitor->word(visitor->arg, *(const bool *)field ? "on" : "off");
        break;
    case SRS_DIRECTIVE_FLOAT:
        (void)snprintf(text, sizeof text, "%.15g", *(const double *)field);
        visitor->word(visitor->arg, text);
        break;
    case SRS_DIRECTIVE_ENUM:
        tell_choice(visitor, row, *(const int *)field);
        break;
    case SRS_DIRECTIVE_WORD:
        tell(visitor, row, *(const char *const *)field);
        break;
    case SRS_DIRECTIVE_LIST:
        for (size_t i = 0; i < words->count; i++)
            tell(visitor, row, words->items[i]);
        break;
    case SRS_DIRECTIVE_LISTEN:
        tell_endpoints(visitor, field);
        break;
    case SRS_DIRECTIVE_NETS:
        tell_networks(visitor, field);
        break;
    default:
        tell_number(visitor, row, *(const int64_t *)field);
        break;
    }
}

// --- blocks -------------------------------------------------------------------------------------

struct showing {
    const struct srs_config_visitor *visitor;
    enum srs_directive_state kind;
    const void *base;  // NULL: of the table alone
    const void *start; // of what only a start changes
};

// Whether a directive of that kind stands in the scope or below it.
static bool has_any(const struct showing *showing, const char *scope)
{
    size_t size = strlen(scope);
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (row->state == showing->kind && strncmp(row->scope, scope, size) == 0 &&
            (row->scope[size] == '\0' || row->scope[size] == '.'))
            return true;
    }
    return false;
}

static void show_row(const struct showing *showing, const struct srs_directive *row)
{
    const struct srs_config_visitor *visitor = showing->visitor;
    bool kept = row->reload == SRS_RELOAD_RESTART;
    if (showing->base == NULL) {
        visitor->begin(visitor->arg, row);
        visitor->end(visitor->arg);
        return;
    }
    const void *field = (const char *)(kept ? showing->start : showing->base) + row->offset;
    if (row->type == SRS_DIRECTIVE_ENUM && *(const int *)field < 0)
        return; // not given, and without a default
    if (row->type == SRS_DIRECTIVE_RULES) {
        tell_rules(visitor, row, field);
        return;
    }
    visitor->begin(visitor->arg, row);
    tell_value(visitor, row, field);
    visitor->end(visitor->arg);
}

// The table has five levels.
static void show_scope(const struct showing *showing, const char *scope)
{
    char path[SRS_DIRECTIVE_PATH];
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (strcmp(row->scope, scope) != 0)
            continue;
        if (row->state == showing->kind)
            show_row(showing, row);
        if (row->type != SRS_DIRECTIVE_SCOPE)
            continue;
        srs_directive_path(row, path);
        if (!has_any(showing, path))
            continue;
        showing->visitor->open(showing->visitor->arg, row->name);
        show_scope(showing, path);
        showing->visitor->close(showing->visitor->arg);
    }
}

void srs_config_show_root(const struct srs_config *config, const struct srs_config *start,
                          const struct srs_config_visitor *visitor)
{
    struct showing showing = {visitor, SRS_DIRECTIVE_ROOT, config, start};
    show_scope(&showing, "");
}

void srs_config_show_vhost(const struct srs_config_vhost *vhost,
                           const struct srs_config_visitor *visitor)
{
    struct showing showing = {visitor, SRS_DIRECTIVE_VHOST, vhost, vhost};
    show_scope(&showing, "vhost");
}

void srs_config_show_table(enum srs_directive_state kind, const struct srs_config_visitor *visitor)
{
    struct showing showing = {visitor, kind, NULL, NULL};
    show_scope(&showing, kind == SRS_DIRECTIVE_VHOST ? "vhost" : "");
}

// --- as text ------------------------------------------------------------------------------------

struct printing {
    struct srs_buf *out;
    size_t limit;
    srs_err err; // the first one
    unsigned depth;
    const struct srs_directive *row;
    unsigned words; // of row, so far
};

static void add(struct printing *printing, const char *text)
{
    if (!printing->err)
        printing->err = srs_buf_append(printing->out, text, strlen(text), printing->limit);
}

static void indent(struct printing *printing)
{
    for (unsigned i = 0; i < printing->depth; i++)
        add(printing, "    ");
}

static void print_open(void *arg, const char *name)
{
    struct printing *printing = arg;
    indent(printing);
    add(printing, name);
    add(printing, " {\n");
    printing->depth++;
}

static void print_close(void *arg)
{
    struct printing *printing = arg;
    printing->depth--;
    indent(printing);
    add(printing, "}\n");
}

static void print_begin(void *arg, const struct srs_directive *row)
{
    struct printing *printing = arg;
    printing->row = row;
    printing->words = 0;
}

// A word from a file never holds both kinds of quotes.
static void add_word(struct printing *printing, const char *word)
{
    bool plain = word[0] != '\0' && strpbrk(word, " \t\r\n;{}#\"'") == NULL;
    const char *quote = plain ? "" : strchr(word, '"') != NULL ? "'" : "\"";
    add(printing, " ");
    add(printing, quote);
    add(printing, word);
    add(printing, quote);
}

static void print_word(void *arg, const char *word)
{
    struct printing *printing = arg;
    if (printing->words++ == 0) {
        indent(printing);
        add(printing, printing->row->name);
    }
    add_word(printing, word);
}

static void print_end(void *arg)
{
    struct printing *printing = arg;
    if (printing->words > 0)
        add(printing, ";\n");
}

static struct srs_config_visitor printer(struct printing *printing)
{
    return (struct srs_config_visitor){.open = print_open,
                                       .close = print_close,
                                       .begin = print_begin,
                                       .word = print_word,
                                       .end = print_end,
                                       .arg = printing};
}

SRS_ERR srs_config_print_root(const struct srs_config *config, const struct srs_config *start,
                              struct srs_buf *out, size_t limit)
{
    struct printing printing = {.out = out, .limit = limit};
    struct srs_config_visitor visitor = printer(&printing);
    srs_config_show_root(config, start, &visitor);
    return printing.err;
}

SRS_ERR srs_config_print_vhost(const struct srs_config_vhost *vhost, struct srs_buf *out,
                               size_t limit)
{
    struct printing printing = {.out = out, .limit = limit, .depth = 1};
    struct srs_config_visitor visitor = printer(&printing);
    add(&printing, "vhost");
    add_word(&printing, vhost->name);
    add(&printing, " {\n");
    srs_config_show_vhost(vhost, &visitor);
    print_close(&printing);
    return printing.err;
}
