#include "server/flv/mount.h"
#include "protocol/http/query.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct variable {
    const char *name;
    size_t offset; // of its field
    bool slashes;
};

static const struct variable variables[] = {
    {"[vhost]", offsetof(struct srs_mount_match, vhost), false},
    {"[app]", offsetof(struct srs_mount_match, app), true},
    {"[stream]", offsetof(struct srs_mount_match, stream), false},
};

static const struct variable *variable_at(const char *pattern)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (strncmp(pattern, variables[i].name, strlen(variables[i].name)) == 0)
            return &variables[i];
    return NULL;
}

static bool match_path(const char *pattern, const char *path, struct srs_mount_match *out);

// Tries the longest value first: names are at most SRS_MOUNT_NAME_MAX long and stand once each, so
// this ends soon.
static bool match_variable(const struct variable *variable, const char *rest, const char *path,
                           struct srs_mount_match *out)
{
    char *field = (char *)out + variable->offset;
    if (field[0] != '\0') { // seen before in this pattern: the same again
        size_t size = strlen(field);
        return strncmp(path, field, size) == 0 && match_path(rest, path + size, out);
    }
    size_t size = strcspn(path, variable->slashes ? "" : "/");
    if (size >= SRS_MOUNT_NAME_MAX)
        size = SRS_MOUNT_NAME_MAX - 1;
    for (; size > 0; size--) {
        memcpy(field, path, size);
        field[size] = '\0';
        if (match_path(rest, path + size, out))
            return true;
    }
    field[0] = '\0';
    return false;
}

static bool match_path(const char *pattern, const char *path, struct srs_mount_match *out)
{
    while (*pattern != '\0') {
        const struct variable *variable = *pattern == '[' ? variable_at(pattern) : NULL;
        if (variable != NULL)
            return match_variable(variable, pattern + strlen(variable->name), path, out);
        if (*pattern != *path)
            return false;
        pattern++;
        path++;
    }
    return *path == '\0';
}

static bool host_fits(const char *pattern, size_t size, const char *host)
{
    static const char any[] = "[vhost]";
    if (size == 0 || (size == sizeof any - 1 && memcmp(pattern, any, size) == 0))
        return true;
    return strlen(host) == size && strncasecmp(pattern, host, size) == 0;
}

bool srs_mount_match(const char *pattern, const char *host, const char *path,
                     struct srs_mount_match *out)
{
    struct srs_mount_match match = {{0}, {0}, {0}};
    const char *slash = strchr(pattern, '/');
    if (slash == NULL || !host_fits(pattern, (size_t)(slash - pattern), host))
        return false;
    if (!match_path(slash, path, &match) || match.app[0] == '\0' || match.stream[0] == '\0')
        return false;
    *out = match;
    return true;
}

bool srs_mount_prefix(const char *pattern, const char *host, const char *path, size_t *size)
{
    size_t host_size = strcspn(pattern, "/");
    const char *prefix = pattern + host_size;
    size_t n = strlen(prefix);
    n -= n > 0 && prefix[n - 1] == '/';
    if (!host_fits(pattern, host_size, host) || strncmp(path, prefix, n) != 0 ||
        (path[n] != '/' && path[n] != '\0'))
        return false;
    *size = n + (path[n] == '/');
    return true;
}

SRS_ERR srs_mount_host(const struct srs_http_request *request, char out[SRS_MOUNT_NAME_MAX])
{
    bool named = false;
    const char *host = request->host;
    srs_err err = srs_http_query_get(request->query, "vhost", out, SRS_MOUNT_NAME_MAX, &named);
    if (err)
        return srs_wrap(err, "vhost of the query");
    if (named)
        return SRS_OK;
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    size = size < SRS_MOUNT_NAME_MAX ? size : SRS_MOUNT_NAME_MAX - 1;
    (void)snprintf(out, SRS_MOUNT_NAME_MAX, "%.*s", (int)size, host);
    return SRS_OK;
}
