// What must fit together in a configuration whose directives are right one by one.
#include "core/fetch.h"
#include "core/net_tls.h"
#include "server/config/steps.h"
#include "server/config/value.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

// A value is a kilobyte and more: the checks that hold some are not to become one frame.
#define OWN_FRAME __attribute__((noinline))

// What the scopes of rows begin at: the root of a file or, for what stands in one, a vhost itself.
struct block {
    const struct srs_config_tree *tree;
    const struct srs_config_node *node;
};

static const struct srs_config_node *find(const struct block *top, const char *scope,
                                          const char *name)
{
    static const char vhost[] = "vhost";
    if (strncmp(scope, vhost, strlen(vhost)) == 0)
        scope += strlen(vhost) + (scope[strlen(vhost)] == '.');
    return srs_config_node_path(top->node, scope, name);
}

// The error, if there is one, with the place of the directive, if it stands anywhere.
static SRS_ERR blame(const struct block *top, const char *scope, const char *name, srs_err err)
{
    char place[SRS_CONFIG_PLACE];
    const struct srs_config_node *node = find(top, scope, name);
    if (!err || node == NULL)
        return err;
    srs_config_tree_blame(top->tree, node, NULL);
    srs_config_node_place(node, place);
    return srs_wrap(err, "%s", place);
}

// The value in effect of a directive below `top`.
static SRS_ERR get(const struct block *top, const char *scope, const char *name,
                   struct srs_config_value *value)
{
    const struct srs_directive *row = srs_directive_find(scope, name);
    if (row == NULL)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "no directive %s.%s in the table", scope,
                        name);
    return srs_config_value_read(row, find(top, scope, name), NULL, value);
}

static SRS_ERR get_on(const struct block *top, const char *scope, const char *name, bool *on)
{
    struct srs_config_value value;
    srs_err err = get(top, scope, name, &value);
    if (!err)
        *on = value.on;
    return err;
}

static OWN_FRAME SRS_ERR check_identity(const struct block *root)
{
    struct srs_config_value id;
    struct srs_config_value user;
    struct srs_config_value group;
    srs_err err = get(root, "", "server_id", &id);
    if (!err)
        err = get(root, "", "user", &user);
    if (!err)
        err = get(root, "", "group", &group);
    if (err)
        return err;
    // It stands in answers, in names of files and in headers of HTTP.
    bool plain = strlen(id.text) <= SRS_CONFIG_SERVER_ID;
    for (const char *c = id.text; *c != '\0'; c++)
        plain = plain && (isalnum((unsigned char)*c) || strchr("-_.:", *c) != NULL);
    if (!plain)
        return blame(
            root, "", "server_id",
            srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                     "server_id is up to %d letters, digits and - _ . :", SRS_CONFIG_SERVER_ID));
    if (group.text[0] != '\0' && user.text[0] == '\0')
        return blame(root, "", "group",
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "group without user"));
    return SRS_OK;
}

// Without one nobody passes, which may be what was meant for a while.
static OWN_FRAME SRS_ERR check_secret(const struct block *root, const char *name,
                                      struct srs_config_notes *notes)
{
    struct srs_config_value value;
    srs_err err = get(root, "http_api.auth", name, &value);
    if (err)
        return err;
    if (value.text[0] == '\0')
        srs_config_note(notes, "http_api.auth is on and has no %s: nobody may use the API", name);
    if (strlen(value.text) > SRS_CONFIG_SECRET_MAX)
        return blame(root, "http_api.auth", name,
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                              "http_api.auth.%s has more than %d characters", name,
                              SRS_CONFIG_SECRET_MAX));
    return SRS_OK;
}

static OWN_FRAME SRS_ERR check_auth(const struct block *root, struct srs_config_notes *notes)
{
    bool on = false;
    struct srs_config_value type;
    srs_err err = get_on(root, "http_api.auth", "enabled", &on);
    if (!err && on)
        err = get(root, "http_api.auth", "type", &type);
    if (err || !on)
        return err;
    if (type.word == SRS_CONFIG_AUTH_BEARER)
        return check_secret(root, "token", notes);
    err = check_secret(root, "username", notes);
    if (!err)
        err = check_secret(root, "password", notes);
    return err;
}

static OWN_FRAME SRS_ERR check_process(const struct block *root, uint64_t descriptors)
{
    bool full = false;
    bool daemon = false;
    bool asprocess = false;
    struct srs_config_value clients;
    srs_err err = check_identity(root);
    if (!err)
        err = get_on(root, "", "is_full", &full);
    if (!err)
        err = get_on(root, "", "daemon", &daemon);
    if (!err)
        err = get_on(root, "", "asprocess", &asprocess);
    if (!err)
        err = get(root, "", "max_connections", &clients);
    if (err)
        return err;
    if (full)
        return blame(
            root, "", "is_full",
            srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "is_full on: this file is to be read, not run"));
    if (daemon && asprocess)
        return blame(root, "", "asprocess",
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "daemon and asprocess are both on"));
    if (descriptors > 0 && clients.number > 0 &&
        (uint64_t)clients.number + SRS_CONFIG_DESCRIPTORS >= descriptors)
        return blame(root, "", "max_connections",
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                              "max_connections %lld and %d more do not fit under %llu descriptors",
                              (long long)clients.number, SRS_CONFIG_DESCRIPTORS,
                              (unsigned long long)descriptors));
    return SRS_OK;
}

static SRS_ERR share_listen(const struct block *root, const char *scope, const char *other,
                            bool *shared)
{
    struct srs_config_value a;
    struct srs_config_value b;
    srs_err err = get(root, scope, "listen", &a);
    if (!err)
        err = get(root, other, "listen", &b);
    if (!err)
        *shared = srs_config_same_endpoints(&a.listen, &b.listen);
    return err;
}

static SRS_ERR check_tls(const struct block *root, const char *scope, const char *tls_scope,
                         bool *tls)
{
    bool plain = false;
    srs_err err = get_on(root, scope, "enabled", &plain);
    if (!err)
        err = get_on(root, tls_scope, "enabled", tls);
    if (!err && *tls && !plain)
        err = blame(
            root, tls_scope, "enabled",
            srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s is on, but %s is off", tls_scope, scope));
    return err;
}

// Each certificate has its key.
static OWN_FRAME SRS_ERR check_certs(const struct block *root, const char *scope)
{
    bool on = false;
    struct srs_config_value key;
    struct srs_config_value cert;
    srs_err err = get_on(root, scope, "enabled", &on);
    if (!err)
        err = get(root, scope, "key", &key);
    if (!err)
        err = get(root, scope, "cert", &cert);
    if (err || !on)
        return err;
    if (key.words.count != cert.words.count)
        return blame(root, scope, find(root, scope, "cert") != NULL ? "cert" : "key",
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s.cert has %zu files, %s.key %zu",
                              scope, cert.words.count, scope, key.words.count));
    if (cert.words.count > SRS_TLS_CERTS_MAX)
        return blame(root, scope, "cert",
                     srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s.cert has more than %d files", scope,
                              SRS_TLS_CERTS_MAX));
    return SRS_OK;
}

static SRS_ERR check_all_certs(const struct block *root)
{
    static const char *const scopes[] = {"rtmps", "http_api.https", "http_server.https"};
    srs_err err = SRS_OK;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes && !err; i++)
        err = check_certs(root, scopes[i]);
    return err;
}

static SRS_ERR note_rtmps(const struct block *root, struct srs_config_notes *notes)
{
    bool on = false;
    srs_err err = get_on(root, "rtmps", "enabled", &on);
    if (!err && on && find(root, "rtmps", "listen") == NULL)
        srs_config_note(notes, "rtmps is on but has no listen: there is no RTMPS port");
    return err;
}

// When the plain ports are shared, the API's own TLS port is not looked at: it shares as well.
static SRS_ERR check_web(const struct block *root)
{
    bool api = false;
    bool server = false;
    bool plain_shared = false;
    bool tls_shared = false;
    srs_err err = check_tls(root, "http_api", "http_api.https", &api);
    if (!err)
        err = check_tls(root, "http_server", "http_server.https", &server);
    if (err || !api || !server)
        return err;
    err = share_listen(root, "http_api", "http_server", &plain_shared);
    if (!err)
        err = share_listen(root, "http_api.https", "http_server.https", &tls_shared);
    if (!err && tls_shared && !plain_shared)
        err =
            blame(root, "http_server.https", "listen",
                  srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                           "http_api and http_server share the HTTPS port but not the HTTP port"));
    return err;
}

// --- one port, one protocol ---------------------------------------------------------------------

struct port_list {
    const char *scope;
    const char *outer; // has to be on as well; NULL: `scope` alone
    bool always;
};

static const struct port_list port_lists[] = {
    {"rtmp", NULL, true},
    {"rtmps", NULL, false},
    {"http_api", NULL, false},
    {"http_server", NULL, false},
    {"http_api.https", "http_api", false},
    {"http_server.https", "http_server", false},
    {"exporter", NULL, false},
};
enum {
    PORT_LISTS = sizeof port_lists / sizeof *port_lists,
    API = 2,
    SERVER,
    API_TLS,
    SERVER_TLS,
    EXPORTER
};

// The HTTP server's list is left out where it is the API's as well.
static SRS_ERR find_lists(const struct block *root, bool on[PORT_LISTS])
{
    srs_err err = SRS_OK;
    bool shared = false;
    for (size_t i = 0; i < PORT_LISTS && !err; i++) {
        bool outer = true;
        on[i] = port_lists[i].always;
        if (!on[i])
            err = get_on(root, port_lists[i].scope, "enabled", &on[i]);
        if (!err && port_lists[i].outer != NULL)
            err = get_on(root, port_lists[i].outer, "enabled", &outer);
        on[i] = on[i] && outer;
    }
    if (!err && on[API] && on[SERVER])
        err = share_listen(root, "http_api", "http_server", &shared);
    // The API is then with the HTTP server: it has no ports of its own where that has some.
    on[SERVER] = on[SERVER] && !shared;
    on[API_TLS] = on[API_TLS] && !(shared && on[SERVER_TLS]);
    return err;
}

static OWN_FRAME SRS_ERR check_apart(const struct block *root, const char *scope, const char *other)
{
    struct srs_config_value a;
    struct srs_config_value b;
    srs_err err = get(root, scope, "listen", &a);
    if (!err)
        err = get(root, other, "listen", &b);
    for (size_t i = 0; !err && i < a.listen.count; i++)
        for (size_t j = 0; !err && j < b.listen.count; j++) {
            const struct srs_config_endpoint *at = &a.listen.items[i];
            if (!srs_config_same_endpoint(at, &b.listen.items[j]))
                continue;
            err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s.listen and %s.listen both have %s%s%d",
                           scope, other, at->host, at->host[0] != '\0' ? " " : "port ", at->port);
            bool second = find(root, other, "listen") != NULL;
            err = blame(root, second ? other : scope, "listen", err);
        }
    return err;
}

static SRS_ERR check_ports(const struct block *root)
{
    bool on[PORT_LISTS] = {false};
    srs_err err = find_lists(root, on);
    for (size_t i = 0; i < PORT_LISTS; i++)
        for (size_t j = i + 1; j < PORT_LISTS && !err; j++)
            if (on[i] && on[j] && !(i == API && j == EXPORTER)) // both serve the metrics
                err = check_apart(root, port_lists[i].scope, port_lists[j].scope);
    return err;
}

// --- calls to other servers ---------------------------------------------------------------------

static bool is_address(const char *word)
{
    struct srs_config_endpoint at;
    struct in6_addr room;
    if (inet_pton(AF_INET, word, &room) == 1 || inet_pton(AF_INET6, word, &room) == 1)
        return true;
    srs_err err = srs_config_endpoint_read(word, &at);
    srs_err_drop(err, "told by the caller");
    return !err && at.host[0] != '\0' && at.port != 0;
}

static SRS_ERR check_server_words(const struct srs_config_words *servers)
{
    char shown[SRS_CONFIG_SHOWN];
    if (servers->count > SRS_CONFIG_NAME_SERVERS)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "more than %d name_servers",
                        SRS_CONFIG_NAME_SERVERS);
    for (size_t i = 0; i < servers->count; i++)
        if (!is_address(servers->items[i]))
            return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                            "name_servers \"%s\" is no address in numbers",
                            srs_config_shown_host(servers->items[i], shown));
    return SRS_OK;
}

static OWN_FRAME SRS_ERR check_name_servers(const struct block *root)
{
    struct srs_config_value value;
    srs_err err = get(root, "", "name_servers", &value);
    return err ? err : blame(root, "", "name_servers", check_server_words(&value.words));
}

// What is none may be that of a stream, whose path is the key.
static SRS_ERR check_url(const char *directive, const char *url)
{
    char shown[SRS_CONFIG_SHOWN];
    srs_err err = srs_fetch_check_url(url);
    if (!err)
        return SRS_OK;
    srs_err_drop(err, "told in the words of the configuration");
    return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%s %s is no URL of http or https", directive,
                    srs_config_shown_host(url, shown));
}

static OWN_FRAME SRS_ERR check_calls(const struct block *root, struct srs_config_notes *notes)
{
    bool verify = false;
    bool heartbeat = false;
    struct srs_config_value url;
    srs_err err = check_name_servers(root);
    if (!err)
        err = get_on(root, "http_client", "verify", &verify);
    if (!err)
        err = get_on(root, "heartbeat", "enabled", &heartbeat);
    if (!err)
        err = get(root, "heartbeat", "url", &url);
    if (err)
        return err;
    if (!verify)
        srs_config_note(notes, "http_client.verify is off: HTTPS servers that are called may be "
                               "anybody");
    return heartbeat ? blame(root, "heartbeat", "url", check_url("heartbeat.url", url.text))
                     : SRS_OK;
}

static OWN_FRAME SRS_ERR check_hook(const struct block *vhost, const char *name)
{
    struct srs_config_value urls;
    srs_err err = get(vhost, "vhost.http_hooks", name, &urls);
    if (!err && urls.words.count > SRS_CONFIG_HOOK_URLS)
        err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "http_hooks.%s has more than %d URLs", name,
                       SRS_CONFIG_HOOK_URLS);
    for (size_t i = 0; !err && i < urls.words.count; i++)
        err = check_url(name, urls.words.items[i]);
    return blame(vhost, "vhost.http_hooks", name, err);
}

static SRS_ERR check_hooks(const struct block *vhost)
{
    static const char *const names[] = {"on_connect",   "on_close", "on_publish",
                                        "on_unpublish", "on_play",  "on_stop"};
    bool on = false;
    srs_err err = get_on(vhost, "vhost.http_hooks", "enabled", &on);
    for (size_t i = 0; on && !err && i < sizeof names / sizeof *names; i++)
        err = check_hook(vhost, names[i]);
    return err;
}

// --- vhosts -------------------------------------------------------------------------------------

static OWN_FRAME SRS_ERR check_backend(const struct block *vhost, bool *asked)
{
    struct srs_config_value url;
    srs_err err = get(vhost, "vhost.forward", "backend", &url);
    *asked = !err && url.text[0] != '\0';
    return *asked ? blame(vhost, "vhost.forward", "backend", check_url("forward.backend", url.text))
                  : err;
}

static SRS_ERR note_forward_tls(const struct block *vhost, bool has_tls,
                                struct srs_config_notes *notes)
{
    bool verify = false;
    struct srs_config_value ca;
    srs_err err = get_on(vhost, "vhost.forward", "tls_verify", &verify);
    if (!err)
        err = get(vhost, "vhost.forward", "tls_ca", &ca);
    if (err)
        return err;
    if (has_tls && !verify)
        srs_config_note(notes, "forward.tls_verify is off: whoever answers in the place of an "
                               "rtmps:// destination gets the stream");
    if (ca.text[0] != '\0' && (!has_tls || !verify))
        srs_config_note(notes, "forward.tls_ca has no effect: %s",
                        has_tls ? "tls_verify is off" : "no destination begins with rtmps://");
    return SRS_OK;
}

static OWN_FRAME SRS_ERR read_destinations(const struct srs_config_words *to, bool *has_tls)
{
    struct srs_config_remote remote;
    srs_err err = SRS_OK;
    if (to->count > SRS_CONFIG_FORWARDS_MAX)
        return srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "%zu servers, at most %d", to->count,
                        SRS_CONFIG_FORWARDS_MAX);
    for (size_t i = 0; !err && i < to->count; i++) {
        err = srs_config_remote_read(to->items[i], &remote);
        *has_tls = *has_tls || (!err && remote.tls);
    }
    return err;
}

static SRS_ERR check_destinations(const struct block *vhost, struct srs_config_notes *notes)
{
    bool asked = false;
    struct srs_config_value to;
    bool has_tls = false;
    srs_err err = check_backend(vhost, &asked);
    if (!err)
        err = get(vhost, "vhost.forward", "destination", &to);
    if (err)
        return err;
    err = read_destinations(&to.words, &has_tls);
    if (err)
        return blame(vhost, "vhost.forward", "destination", srs_wrap(err, "forward.destination"));
    if (to.words.count == 0 && !asked)
        srs_config_note(notes, "forward is on without a destination");
    if (to.words.count > 0 && asked)
        srs_config_note(notes, "forward.destination does not count beside forward.backend");
    return note_forward_tls(vhost, has_tls, notes);
}

// A publisher is copied as long as it publishes, also when nobody watches it here.
static OWN_FRAME SRS_ERR check_forward(const struct block *vhost, struct srs_config_notes *notes)
{
    bool forward = false;
    struct srs_config_value idle;
    srs_err err = get_on(vhost, "vhost.forward", "enabled", &forward);
    if (err || !forward)
        return err;
    err = get(vhost, "vhost.publish", "kickoff_for_idle", &idle);
    if (!err && idle.number > 0)
        err = blame(vhost, "vhost.publish", "kickoff_for_idle",
                    srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                             "forward and publish.kickoff_for_idle in one vhost"));
    return err ? err : check_destinations(vhost, notes);
}

static OWN_FRAME SRS_ERR check_vhost(const struct block *vhost, struct srs_config_notes *notes)
{
    bool hls = false;
    bool remux = false;
    char shown[SRS_CONFIG_SHOWN];
    struct srs_config_value mount;
    srs_err err = get_on(vhost, "vhost.hls", "enabled", &hls);
    if (!err)
        err = get_on(vhost, "vhost.http_remux", "enabled", &remux);
    if (!err)
        err = get(vhost, "vhost.http_remux", "mount", &mount);
    if (!err)
        err = check_forward(vhost, notes);
    if (!err)
        err = check_hooks(vhost);
    if (err)
        return err;
    const char *dot = strrchr(mount.text, '.');
    if (hls && remux && dot != NULL && strcmp(dot, ".ts") == 0)
        return blame(
            vhost, "vhost.http_remux", "mount",
            srs_fail(SRS_E_SYSTEM_CONFIG_INVALID, "hls and http_remux to .ts in one vhost"));
    if (remux && (dot == NULL || strcmp(dot, ".flv") != 0))
        srs_config_note(notes, "http_remux.mount \"%s\": only .flv is built yet",
                        srs_config_shown(mount.text, shown));
    return SRS_OK;
}

static OWN_FRAME SRS_ERR check_stats(const struct block *root, uint64_t addresses)
{
    struct srs_config_value network;
    srs_err err = get(root, "stats", "network", &network);
    if (!err && addresses > 0 && network.number > 0 && (uint64_t)network.number >= addresses)
        err = srs_fail(SRS_E_SYSTEM_CONFIG_INVALID,
                       "stats.network %lld: this machine has %llu addresses, from 0",
                       (long long)network.number, (unsigned long long)addresses);
    return blame(root, "stats", "network", err);
}

static SRS_ERR check_root(const struct block *root, const struct srs_config_limits *limits,
                          struct srs_config_notes *notes)
{
    srs_err err = check_process(root, limits->descriptors);
    if (!err)
        err = check_stats(root, limits->addresses);
    if (!err)
        err = check_web(root);
    if (!err)
        err = check_ports(root);
    if (!err)
        err = check_auth(root, notes);
    if (!err)
        err = check_all_certs(root);
    if (!err)
        err = check_calls(root, notes);
    return err;
}

SRS_ERR srs_config_cross_check(const struct srs_config_tree *tree,
                               const struct srs_config_limits *limits,
                               struct srs_config_notes *notes)
{
    char place[SRS_CONFIG_PLACE];
    const struct block root = {tree, &tree->root};
    srs_err err = check_root(&root, limits, notes);
    if (err)
        return err;
    srs_list_each (link, &tree->root.children) {
        const struct block vhost = {tree, srs_config_node_at(link)};
        if (strcmp(vhost.node->name, "vhost") != 0)
            continue;
        err = check_vhost(&vhost, notes);
        if (err) {
            srs_config_tree_blame(tree, vhost.node, NULL);
            srs_config_node_place(vhost.node, place);
            return srs_wrap(err, "vhost at %s", place);
        }
    }
    if (find(&root, "rtmp", "listen") == NULL)
        srs_config_note(notes, "no listen: there is no RTMP port");
    err = note_rtmps(&root, notes);
    if (err)
        return err;
    if (find(&root, "", "vhost") == NULL)
        srs_config_note(notes, "no vhost: every stream is refused");
    return SRS_OK;
}
