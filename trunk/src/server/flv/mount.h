// Mount patterns of HTTP streams: "[vhost]/[app]/[stream].flv" and whatever else a vhost is given.
#pragma once
#include "core/err.h"
#include "protocol/http/server.h"
#include <stdbool.h>

enum { SRS_MOUNT_NAME_MAX = 256 };

struct srs_mount_match {
    char vhost[SRS_MOUNT_NAME_MAX]; // "" when the pattern does not say
    char app[SRS_MOUNT_NAME_MAX];
    char stream[SRS_MOUNT_NAME_MAX];
};

// Whether `path` (decoded, beginning with '/') on `host` (a name without port) is one that the
// pattern stands for. The part of a pattern before its first '/' is a host: "[vhost]" is any, a
// name only itself (in any case), nothing any. [app] may hold slashes, [stream] not; the first
// fitting split with the longest [app] counts. A pattern without [app] or [stream] is not matched
// for want of a stream to show.
bool srs_mount_match(const char *pattern, const char *host, const char *path,
                     struct srs_mount_match *out);

// The same for a mount of files, which stands for all below it: *size bytes of the path are the
// mount's own. With or without its last slash, in pattern and path.
bool srs_mount_prefix(const char *pattern, const char *host, const char *path, size_t *size);

// What a request calls its vhost: its parameter `vhost`, else the name in Host. HTTP_URL_UNESCAPE,
// LIMIT.
SRS_ERR srs_mount_host(const struct srs_http_request *request, char out[SRS_MOUNT_NAME_MAX]);
