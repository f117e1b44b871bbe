// Values. Numbers are read like C's atoi and atof: leading digits count, rubbish is 0. That is kept
// for the sake of files that live with it, but each such reading is noted.
#include "server/config/value.h"
#include "core/mem.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, PORT_RTMP = 1935, PORT_RTMPS = 443 };

// One value on its way.
struct reading {
    const struct srs_directive *row;
    const struct srs_config_node *node; // that holds the word; NULL for the default
    const char *word;
    struct srs_config_notes *notes;
    bool env;
    // What notes and errors tell of it: see describe.
    char path[SRS_DIRECTIVE_PATH];
    char place[SRS_CONFIG_PLACE];
    char shown[SRS_CONFIG_SHOWN];
};

// Before each note and error, and not before: hardly a value needs any.
static void describe(struct reading *r)
{
    srs_directive_path(r->row, r->path);
    (void)srs_config_shown_host(r->word, r->shown);
    if (r->node != NULL)
        srs_config_node_place(r->node, r->place);
}

static void read_bool(struct reading *r, struct srs_config_value *out)
{
    bool prefer_true = r->row->type == SRS_DIRECTIVE_ON;
    bool known = strcmp(r->word, "on") == 0 || strcmp(r->word, "off") == 0;
    if (r->env && (r->row->flags & SRS_DIRECTIVE_ENV_FLIP) != 0)
        prefer_true = !prefer_true;
    out->on = prefer_true ? strcmp(r->word, "off") != 0 : strcmp(r->word, "on") == 0;
    if (known)
        return;
    describe(r);
    srs_config_note(r->notes, "%s is \"%s\", neither on nor off, at %s: taken as %s", r->path,
                    r->shown, r->place, out->on ? "on" : "off");
}

static bool is_word(const char *word, const char *at, size_t size)
{
    return strlen(word) == size && memcmp(word, at, size) == 0;
}

// A word of the row's list; any other one is that with the star, or else the default.
static void read_word_of(struct reading *r, struct srs_config_value *out)
{
    const char *other = "";
    int other_index = -1;
    bool starred = false;
    int i = 0;
    out->word = -1;
    for (const char *at = r->row->words; *at != '\0'; i++) {
        bool star = *at == '*';
        at += star;
        size_t size = strcspn(at, " ");
        if (is_word(r->word, at, size))
            out->word = i;
        if (star || (!starred && is_word(r->row->value, at, size))) {
            other = at;
            other_index = i;
            starred = star;
        }
        at += size;
        at += *at == ' ';
    }
    if (out->word >= 0 || r->word[0] == '\0')
        return;
    out->word = other_index;
    describe(r);
    srs_config_note(r->notes, "%s is \"%s\" at %s, which it does not know: taken as %.*s", r->path,
                    r->shown, r->place, other_index >= 0 ? (int)strcspn(other, " ") : 9,
                    other_index >= 0 ? other : "not given");
}

static double unit_usec(const struct srs_directive *row)
{
    switch (row->type) {
    case SRS_DIRECTIVE_MSEC:
        return (double)SRS_MSEC;
    case SRS_DIRECTIVE_SEC:
    case SRS_DIRECTIVE_SECF:
        return (double)SRS_SEC;
    default:
        return 1;
    }
}

// As written, before its range is looked at. Whole numbers are exact in a double far beyond every
// range of the table.
static double parse_number(struct reading *r)
{
    bool fraction = r->row->type == SRS_DIRECTIVE_FLOAT || r->row->type == SRS_DIRECTIVE_SECF;
    char *end = NULL;
    double real = fraction ? strtod(r->word, &end) : (double)strtoll(r->word, &end, 10);
    if (!isfinite(real))
        real = 0;
    if (end == r->word || *end != '\0') {
        describe(r);
        srs_config_note(r->notes, "%s is \"%s\" at %s, not a plain number: read as %g", r->path,
                        r->shown, r->place, real);
    }
    return real;
}

static SRS_ERR read_number(struct reading *r, struct srs_config_value *out)
{
    const struct srs_directive *row = r->row;
    if ((row->flags & SRS_DIRECTIVE_AUTO) != 0 && strcmp(r->word, "auto") == 0) {
        out->number = SRS_CONFIG_AUTO;
        out->real = SRS_CONFIG_AUTO;
        return SRS_OK;
    }
    double real = parse_number(r);
    bool ranged = row->low != 0 || row->high != 0;
    if (ranged && (real < row->low || real > row->high)) {
        double taken = real < row->low ? row->low : row->high;
        describe(r);
        if ((row->flags & SRS_DIRECTIVE_STRICT) != 0)
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s is %g, want %g to %g", r->path, real,
                            row->low, row->high);
        if ((row->flags & SRS_DIRECTIVE_FALLBACK) != 0)
            taken = strtod(row->value, NULL);
        srs_config_note(r->notes, "%s is %.15g at %s, out of %.15g to %.15g: %.15g is taken",
                        r->path, real, r->place, row->low, row->high, taken);
        real = taken;
    }
    out->real = real;
    out->number = (int64_t)(real * unit_usec(row));
    return SRS_OK;
}

// The address in numbers; brackets are gone.
static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char plain[SRS_CONFIG_HOST_MAX];
    if (inet_pton(AF_INET, host, bytes) == 1)
        return true;
    (void)snprintf(plain, sizeof plain, "%.*s", (int)strcspn(host, "%"), host); // without zone
    return inet_pton(AF_INET6, plain, bytes) == 1;
}

SRS_ERR srs_config_endpoint_read(const char *word, struct srs_config_endpoint *out)
{
    char shown[SRS_CONFIG_SHOWN];
    struct srs_config_endpoint endpoint = {0};
    const char *colon = strrchr(word, ':');
    const char *digits = colon != NULL ? colon + 1 : word;
    char *end = NULL;
    long port = strtol(digits, &end, 10);
    (void)srs_config_shown_host(word, shown);
    if (end == digits || *end != '\0' || port < 1 || port > PORT_MAX)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "endpoint \"%s\" has no port from 1 to %d",
                        shown, PORT_MAX);
    if (colon != NULL && colon > word) {
        bool brackets = word[0] == '[' && colon[-1] == ']';
        const char *host = word + brackets;
        size_t size = (size_t)(colon - word) - (brackets ? 2 : 0);
        if (size < sizeof endpoint.host)
            memcpy(endpoint.host, host, size);
        if (!is_address(endpoint.host))
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                            "endpoint \"%s\": the address must be in numbers", shown);
    }
    endpoint.port = (uint16_t)port;
    *out = endpoint;
    return SRS_OK;
}

static bool is_name(const char *host)
{
    for (; *host != '\0'; host++)
        if (strchr("-._", *host) == NULL && !(*host >= '0' && *host <= '9') &&
            !((*host | 0x20) >= 'a' && (*host | 0x20) <= 'z'))
            return false;
    return true;
}

// What is behind it; *tls is true for that of RTMPS.
static const char *skip_scheme(const char *word, bool *tls)
{
    static const char plain[] = "rtmp://";
    static const char secure[] = "rtmps://";
    *tls = strncmp(word, secure, sizeof secure - 1) == 0;
    if (*tls)
        return word + sizeof secure - 1;
    return strncmp(word, plain, sizeof plain - 1) == 0 ? word + sizeof plain - 1 : word;
}

SRS_ERR srs_config_remote_read(const char *word, struct srs_config_remote *out)
{
    char shown[SRS_CONFIG_SHOWN];
    struct srs_config_remote remote = {.port = PORT_RTMP};
    const char *at = skip_scheme(word, &remote.tls);
    bool brackets = at[0] == '[';
    const char *host = at + brackets;
    size_t size = strcspn(host, brackets ? "]" : ":");
    const char *rest = host + size + (host[size] == ']');
    (void)srs_config_shown_host(word, shown);
    if (size < sizeof remote.host && (!brackets || host[size] == ']'))
        memcpy(remote.host, host, size);
    if (remote.host[0] == '\0' || (brackets ? !is_address(remote.host) : !is_name(remote.host)))
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                        "\"%s\" is not host:port nor rtmps://host:port", shown);
    if (remote.tls)
        remote.port = PORT_RTMPS;
    if (*rest != '\0') {
        char *end = NULL;
        long port = *rest == ':' ? strtol(rest + 1, &end, 10) : 0;
        if (port < 1 || port > PORT_MAX || *end != '\0')
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "\"%s\" has no port from 1 to %d", shown,
                            PORT_MAX);
        remote.port = (uint16_t)port;
    }
    *out = remote;
    return SRS_OK;
}

bool srs_config_same_endpoint(const struct srs_config_endpoint *a,
                              const struct srs_config_endpoint *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool srs_config_same_endpoints(const struct srs_config_endpoints *a,
                               const struct srs_config_endpoints *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = srs_config_same_endpoint(&a->items[i], &b->items[i]);
    return same;
}

static SRS_ERR add_endpoint(const char *word, struct srs_config_endpoints *list)
{
    if (list->count == SRS_CONFIG_LISTEN_MAX)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d endpoints",
                        SRS_CONFIG_LISTEN_MAX);
    srs_err err = srs_config_endpoint_read(word, &list->items[list->count]);
    if (!err)
        list->count++;
    return err;
}

static SRS_ERR read_endpoints(struct reading *r, const struct srs_config_node *node,
                              struct srs_config_value *out)
{
    srs_err err = SRS_OK;
    if (node == NULL || node->arg_count == 0)
        return r->word[0] != '\0' ? add_endpoint(r->word, &out->listen) : SRS_OK;
    for (size_t i = 0; i < node->arg_count && !err; i++)
        err = add_endpoint(node->args[i], &out->listen);
    if (!err)
        return SRS_OK;
    describe(r);
    return srs_wrap(err, "%s", r->path);
}

// With what stands behind the slash, unless somebody has written a URL.
static const char *shown_network(const char *word, char shown[SRS_CONFIG_SHOWN])
{
    return strstr(word, "://") != NULL ? srs_config_shown_host(word, shown)
                                       : srs_config_shown(word, shown);
}

static SRS_ERR add_network(const char *word, struct srs_config_networks *list)
{
    if (list->count == SRS_CONFIG_NETWORKS_MAX)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d networks",
                        SRS_CONFIG_NETWORKS_MAX);
    char shown[SRS_CONFIG_SHOWN];
    srs_err err = srs_network_parse(word, &list->items[list->count]);
    if (err) {
        srs_err_drop(err, "told in the words of a configuration");
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                        "\"%s\" is no address, or address/bits with nothing behind the bits",
                        shown_network(word, shown));
    }
    list->count++;
    return SRS_OK;
}

// The default is several in one word.
static SRS_ERR add_networks(const char *text, struct srs_config_networks *list)
{
    char word[SRS_CONFIG_HOST_MAX];
    srs_err err = SRS_OK;
    do {
        size_t size = strcspn(text, " ");
        (void)snprintf(word, sizeof word, "%.*s", (int)size, text);
        err = add_network(word, list);
        text += size;
        text += *text == ' ';
    } while (*text != '\0' && !err);
    return err;
}

static SRS_ERR read_networks(struct reading *r, const struct srs_config_node *node,
                             struct srs_config_value *out)
{
    srs_err err = SRS_OK;
    if (node == NULL || node->arg_count == 0)
        return add_networks(r->row->value, &out->networks);
    if (node->arg_count == 1 && strcmp(node->args[0], "none") == 0)
        return SRS_OK;
    for (size_t i = 0; i < node->arg_count && !err; i++)
        err = add_networks(node->args[i], &out->networks);
    if (!err)
        return SRS_OK;
    describe(r);
    return srs_wrap(err, "%s", r->path);
}

static SRS_ERR fail_rule(struct reading *r, const char *word, const char *want)
{
    describe(r);
    return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s \"%s\": want %s", r->path,
                    shown_network(word, r->shown), want);
}

// "publish all", "play 10.0.0.0/8"
static SRS_ERR read_rule(struct reading *r, const struct srs_config_node *node,
                         struct srs_config_value *out)
{
    bool slip = false;
    if (node == NULL || node->arg_count == 0)
        return SRS_OK;
    const char *what = node->args[0];
    const char *who = node->arg_count > 1 ? node->args[1] : "";
    out->rule.publish = strcmp(what, "publish") == 0;
    if (!out->rule.publish && strcmp(what, "play") != 0)
        return fail_rule(r, what, "publish or play");
    if (node->arg_count > 2) {
        describe(r);
        srs_config_note(r->notes, "%s at %s has one address a line, the rest is ignored", r->path,
                        r->place);
    }
    if (strcmp(who, "all") == 0)
        return SRS_OK; // a network of no bits has every address
    srs_err err = srs_network_parse_loose(who, &out->rule.network, &slip);
    if (err) {
        srs_err_drop(err, "told in the words of a configuration");
        return fail_rule(r, who, "all, an address or address/bits");
    }
    if (slip) {
        describe(r);
        srs_config_note(r->notes, "%s is \"%s\" at %s: what is set behind the bits is ignored",
                        r->path, srs_config_shown(who, r->shown), r->place);
    }
    return SRS_OK;
}

SRS_ERR srs_config_value_read(const struct srs_directive *row, const struct srs_config_node *node,
                              struct srs_config_notes *notes, struct srs_config_value *out)
{
    struct reading r = {.row = row, .word = row->value, .notes = notes};
    *out = (struct srs_config_value){.word = -1};
    if (node != NULL && node->arg_count > 0 && node->args[0][0] != '\0') {
        r.node = node;
        r.word = node->args[0];
        r.env = node->env;
    }
    out->text = r.word;
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        read_bool(&r, out);
        return SRS_OK;
    case SRS_DIRECTIVE_ENUM:
        read_word_of(&r, out);
        return SRS_OK;
    case SRS_DIRECTIVE_INT:
    case SRS_DIRECTIVE_FLOAT:
    case SRS_DIRECTIVE_MSEC:
    case SRS_DIRECTIVE_SEC:
    case SRS_DIRECTIVE_SECF:
        return r.word[0] != '\0' ? read_number(&r, out) : SRS_OK;
    case SRS_DIRECTIVE_LISTEN:
        return read_endpoints(&r, node, out);
    case SRS_DIRECTIVE_LIST:
        if (node != NULL && node->arg_count > 0)
            out->words =
                (struct srs_config_words){(const char *const *)node->args, node->arg_count};
        else if (row->value[0] != '\0')
            out->words = (struct srs_config_words){&row->value, 1};
        return SRS_OK;
    case SRS_DIRECTIVE_NETS:
        return read_networks(&r, node, out);
    case SRS_DIRECTIVE_RULES:
        return read_rule(&r, node, out);
    default:
        return SRS_OK;
    }
}

static bool list_differs(const char *value, const struct srs_config_node *node)
{
    if (node->arg_count == 0)
        return false;
    return node->arg_count > 1 || strcmp(node->args[0], value) != 0;
}

bool srs_config_value_differs(const struct srs_directive *row, const struct srs_config_node *node)
{
    struct srs_config_value asked;
    struct srs_config_value usual;
    switch (row->type) {
    case SRS_DIRECTIVE_WORD:
    case SRS_DIRECTIVE_LIST:
    case SRS_DIRECTIVE_LISTEN:
    case SRS_DIRECTIVE_NETS:
    case SRS_DIRECTIVE_RULES:
        return list_differs(row->value, node);
    case SRS_DIRECTIVE_FREE:
        return !srs_list_empty(&node->children);
    default:
        break;
    }
    srs_err err = srs_config_value_read(row, node, NULL, &asked);
    if (!err)
        err = srs_config_value_read(row, NULL, NULL, &usual);
    if (err) {
        srs_err_drop(err, "told when the value itself is checked");
        return false;
    }
    // Each type fills only its own field and leaves the others alike.
    return asked.on != usual.on || asked.word != usual.word || asked.real != usual.real;
}
