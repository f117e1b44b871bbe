// Names that peers send: RTMP addresses, mounted paths, queries, endpoints. Each reader gets the
// input.
// Covers: rtmp/url.c http/query.c flv/mount.c core/endpoint.c
#include "core/net.h"
#include "fuzz/fuzz.h"
#include "protocol/http/query.h"
#include "protocol/rtmp/url.h"
#include "server/flv/mount.h"

static void read_mount(const char *line, const char *path)
{
    char name[SRS_MOUNT_NAME_MAX];
    size_t size = 0;
    struct srs_http_request request = {.query = line, .host = path};
    if (srs_mount_prefix(line, "host", path, &size))
        fuzz_assert(size <= strlen(path));
    if (srs_mount_host(&request, name) == SRS_OK)
        fuzz_assert(strlen(name) < sizeof name);
}

static void read_name(const char *line)
{
    struct srs_rtmp_url url;
    struct srs_mount_match match;
    struct srs_endpoint endpoint;
    char value[64];
    bool found = false;
    size_t middle = strlen(line) / 2;
    if (srs_rtmp_url_parse(line, line + middle, line, &url) == SRS_OK) {
        fuzz_assert(url.app[0] != '\0');
        srs_rtmp_url_fini(&url);
    }
    if (srs_mount_match("[vhost]/[app]/[stream].flv", "host", line, &match))
        fuzz_assert(match.app[0] != '\0' && strchr(match.stream, '/') == NULL);
    (void)srs_mount_match(line, "host", line + middle, &match);
    read_mount(line, line + middle);
    if (srs_http_query_get(line, "a", value, sizeof value, &found) == SRS_OK)
        fuzz_assert(strlen(value) < sizeof value);
    (void)srs_http_jsonp_name_ok(line);
    if (srs_endpoint_parse(line, &endpoint) == SRS_OK) {
        char text[SRS_ENDPOINT_TEXT];
        srs_endpoint_format(&endpoint, text);
        fuzz_assert(srs_endpoint_parse(text, &endpoint) == SRS_OK);
    }
    srs_err_drop(SRS_E_LIMIT, "refusals are fine");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    fuzz_assert(line != NULL);
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    read_name(line);
    free(line);
    return 0;
}
