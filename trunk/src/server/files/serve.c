// What is asked for is read from the request before the answer's head goes out, as the request is
// gone then; and the configuration may change at each wait for the disk.
#include "server/files/serve.h"
#include "core/log.h"
#include "core/mem.h"
#include "protocol/http/query.h"
#include "protocol/http/range.h"
#include "protocol/http/url.h"
#include "server/files/flv_seek.h"
#include "server/files/mime.h"
#include "server/files/store.h"
#include "server/flv/mount.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    QUERY_VALUE = 64, // numbers and ranges
    // What the kernel may hold of a file for a slow reader.
    SEND_BUFFER = 256 * 1024,
    HEADERS_MAX = 4,
    VALIDATOR = 64,
};

// One request for a file, from its name to its last byte.
struct want {
    struct srs_exchange *exchange;
    char *root; // a copy
    char *path; // below it, without a slash in front
    struct srs_file *file;
    struct srs_file_info info;
    char etag[VALIDATOR];
    char modified[SRS_HTTP_DATE_SIZE];
    // The answer.
    unsigned status;
    uint64_t offset;
    uint64_t length;
    struct srs_flv_seek seek; // its prefix goes in front
    bool seeks;
};

// --- which file ---------------------------------------------------------------------------------

// `path` is what stands behind the mount.
static SRS_ERR set_target(struct want *want, const char *root, const char *path)
{
    static const char page[] = "index.html";
    const char *whole = want->exchange->request->path;
    size_t size = strlen(path);
    want->root = srs_try_strndup(root, strlen(root));
    want->path = srs_try_alloc(size + sizeof page);
    if (want->root == NULL || want->path == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "name of a file");
    memcpy(want->path, path, size + 1);
    if (whole[strlen(whole) - 1] == '/')
        memcpy(want->path + size, page, sizeof page);
    return SRS_OK;
}

// The directory is that of the request's vhost if its mount stands in front of the path, else that
// of the server.
static SRS_ERR find_target(struct want *want)
{
    const struct srs_config *config = want->exchange->server->config;
    const struct srs_http_request *request = want->exchange->request;
    char host[SRS_MOUNT_NAME_MAX];
    srs_err err = srs_mount_host(request, host);
    if (err)
        return err;
    const struct srs_config_vhost *vhost = srs_config_vhost_find(config, host);
    bool mounted = vhost != NULL && vhost->enabled && vhost->http_static.enabled;
    size_t prefix = 0;
    if (mounted && srs_mount_prefix(vhost->http_static.mount, host, request->path, &prefix))
        return set_target(want, vhost->http_static.dir, request->path + prefix);
    return set_target(want, config->http_server.dir, request->path + 1);
}

// --- which part of it ---------------------------------------------------------------------------

// Names a version of the file: its time to the nanosecond, its size and its number.
static void make_validators(struct want *want)
{
    const struct srs_file_info *info = &want->info;
    (void)snprintf(want->etag, sizeof want->etag, "\"%llx-%x-%llx-%llx\"",
                   (unsigned long long)info->modified, info->modified_ns,
                   (unsigned long long)info->size, (unsigned long long)info->inode);
    srs_http_date_write(info->modified, want->modified);
}

static bool is_unchanged(const struct want *want)
{
    const struct srs_http_request *request = want->exchange->request;
    const char *etags = srs_http_request_header(request, "If-None-Match");
    const char *since = srs_http_request_header(request, "If-Modified-Since");
    int64_t seconds;
    if (etags != NULL) // goes before the other: RFC 9110 section 13.2.2
        return srs_http_etag_in(etags, want->etag);
    return since != NULL && srs_http_date_read(since, &seconds) && want->info.modified <= seconds;
}

// A range counts only for the version that the client has a part of.
static bool range_counts(const struct want *want)
{
    const char *version = srs_http_request_header(want->exchange->request, "If-Range");
    return version == NULL || strcmp(version, want->etag) == 0 ||
           strcmp(version, want->modified) == 0;
}

static bool has_extension(const struct want *want, const char *extension)
{
    size_t size = strlen(want->path);
    size_t more = strlen(extension);
    return size > more && strcasecmp(want->path + size - more, extension) == 0;
}

// Query parameters `range` and `bytes` of an MP4 say what a Range header says elsewhere, and go
// before it.
static SRS_ERR query_range(const struct want *want, char out[QUERY_VALUE + 8], bool *found)
{
    static const char unit[] = "bytes=";
    static const char *const names[] = {"range", "bytes"};
    *found = false;
    memcpy(out, unit, sizeof unit);
    for (size_t i = 0; i < SRS_COUNT(names) && !*found && has_extension(want, ".mp4"); i++) {
        srs_err err = srs_http_query_get(want->exchange->request->query, names[i],
                                         out + sizeof unit - 1, QUERY_VALUE, found);
        if (err)
            return srs_wrap(err, "%s of the query", names[i]);
        *found = *found && strchr(out, '-') != NULL;
    }
    return SRS_OK;
}

static SRS_ERR choose_range(struct want *want)
{
    const struct srs_http_request *request = want->exchange->request;
    char asked[QUERY_VALUE + 8];
    bool by_query = false;
    struct srs_http_range range;
    srs_err err = query_range(want, asked, &by_query);
    if (err)
        return err;
    const char *header = request->method == SRS_HTTP_GET && range_counts(want)
                             ? srs_http_request_header(request, "Range")
                             : NULL;
    if (srs_http_head_times(&request->head, "Range") > 1)
        header = NULL;
    switch (srs_http_range_read(by_query ? asked : header, want->info.size, &range)) {
    case SRS_HTTP_RANGE_ONE:
        want->status = 206;
        want->offset = range.first;
        want->length = range.last - range.first + 1;
        break;
    case SRS_HTTP_RANGE_UNSATISFIABLE:
        want->status = 416;
        break;
    default:
        break;
    }
    return SRS_OK;
}

// `start` of an FLV: a byte offset, 0 when it is not there or says nothing.
static SRS_ERR query_start(const struct want *want, uint64_t *start)
{
    char value[QUERY_VALUE] = "";
    bool found = false;
    *start = 0;
    if (!has_extension(want, ".flv"))
        return SRS_OK;
    srs_err err =
        srs_http_query_get(want->exchange->request->query, "start", value, sizeof value, &found);
    if (err)
        return srs_wrap(err, "start of the query");
    for (const char *at = value; *at >= '0' && *at <= '9'; at++)
        *start = *start < INT64_MAX / 20 ? *start * 10 + (uint64_t)(*at - '0') : INT64_MAX;
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR seek_flv(struct want *want, uint64_t start)
{
    struct srs_flv_seek *seek = &want->seek;
    uint64_t offset;
    size_t size;
    srs_err err = SRS_OK;
    want->seeks = true;
    srs_flv_seek_init(seek, want->info.size, start);
    while (!err && srs_flv_seek_wants(seek, &offset, &size)) {
        struct srs_span bytes = {NULL, 0};
        if (size > 0)
            err = srs_files_read(want->file, offset, size, &bytes);
        if (!err)
            err = srs_flv_seek_give(seek, bytes);
    }
    if (err)
        return err;
    want->offset = seek->position;
    want->length = want->info.size - seek->position;
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR choose_part(struct want *want)
{
    uint64_t start = 0;
    want->status = 200;
    want->length = want->info.size;
    if (is_unchanged(want)) {
        want->status = 304;
        return SRS_OK;
    }
    srs_err err = query_start(want, &start);
    if (err)
        return err;
    if (start == 0)
        return choose_range(want);
    err = seek_flv(want, start);
    if (err == SRS_E_HTTP_REMUX_OFFSET_OVERFLOW) {
        srs_err_drop(err, "it is the answer");
        want->status = 416;
        return SRS_OK;
    }
    return err;
}

// --- the answer ---------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR write_head(struct want *want)
{
    struct srs_http_extra headers[HEADERS_MAX];
    char range[VALIDATOR];
    unsigned count = 0;
    struct srs_http_response response = srs_exchange_response(want->exchange, want->status);
    unsigned long long size = want->info.size;
    headers[count++] = (struct srs_http_extra){"ETag", want->etag};
    headers[count++] = (struct srs_http_extra){"Last-Modified", want->modified};
    headers[count++] = (struct srs_http_extra){"Accept-Ranges", "bytes"};
    if (want->status == 206)
        (void)snprintf(range, sizeof range, "bytes %llu-%llu/%llu",
                       (unsigned long long)want->offset,
                       (unsigned long long)(want->offset + want->length - 1), size);
    else
        (void)snprintf(range, sizeof range, "bytes */%llu", size);
    if (want->status == 206 || want->status == 416)
        headers[count++] = (struct srs_http_extra){"Content-Range", range};
    response.extra = headers;
    response.extra_count = want->seeks ? 0 : count; // what is sought is no version of the file
    if (want->status == 416)
        return srs_exchange_refuse(want->exchange, &response);
    response.content_type = srs_mime_type(want->path);
    response.content_length = (int64_t)(srs_buf_size(&want->seek.prefix) + want->length);
    if (has_extension(want, ".m3u8") || has_extension(want, ".mpd"))
        response.cache_control = "no-cache"; // these change while they are played
    return srs_exchange_head(want->exchange, &response);
}

// All of it, as long as some of it goes within the time a viewer has.
static SRS_YIELDS SRS_ERR write_all(const struct want *want, struct srs_span bytes)
{
    struct srs_conn *conn = want->exchange->conn;
    srs_usec timeout = want->exchange->server->config->send_timeout;
    srs_usec deadline = srs_now() + timeout;
    srs_err err = SRS_OK;
    while (!err && bytes.size > 0) {
        struct iovec iov = srs_iov(bytes.bytes, bytes.size);
        size_t sent = 0;
        err = srs_conn_write_now(conn, &iov, 1, &sent);
        bytes = (struct srs_span){bytes.bytes + sent, bytes.size - sent};
        if (sent > 0)
            deadline = srs_now() + timeout;
        if (err == SRS_E_AGAIN)
            err = srs_conn_wait(conn, SRS_CONN_WRITABLE, deadline);
    }
    if (err == SRS_E_SOCKET_WRITE) { // as players leave when they seek
        srs_err_drop(err, "the reader left");
        return srs_bare(SRS_E_SOCKET_READ);
    }
    if (err == SRS_E_SOCKET_TIMEOUT)
        return srs_fail(SRS_E_SEND_TIMEOUT, "reader of %s took nothing for %lld s", want->path,
                        (long long)(timeout / SRS_SEC));
    return err;
}

static SRS_YIELDS SRS_ERR write_body(struct want *want)
{
    srs_err err = write_all(want, srs_buf_span(&want->seek.prefix));
    srs_flv_seek_fini(&want->seek);
    while (!err && want->length > 0) {
        struct srs_span piece;
        size_t size = want->length < SRS_FILES_PIECE ? (size_t)want->length : SRS_FILES_PIECE;
        err = srs_files_read(want->file, want->offset, size, &piece);
        if (!err && piece.size < size) // the length has been said
            err = srs_fail(SRS_E_SYSTEM_FILE_EOF, "%s was cut while it was sent", want->path);
        if (!err)
            err = write_all(want, piece);
        want->offset += size;
        want->length -= size;
    }
    return err;
}

static SRS_YIELDS SRS_ERR send_file(struct want *want)
{
    bool body = want->exchange->request->method == SRS_HTTP_GET;
    srs_err err = write_head(want);
    if (err || !body || want->status == 304 || want->status == 416)
        return err;
    srs_conn_set_send_buffer(want->exchange->conn, SEND_BUFFER);
    return write_body(want);
}

// A directory without its last slash: links in its page would lead elsewhere.
static SRS_YIELDS SRS_ERR send_to_directory(struct want *want)
{
    const struct srs_http_request *request = want->exchange->request;
    struct srs_buf location = {0};
    srs_err err = srs_http_escape_path(&location, request->path, SRS_HTTP_RESPONSE_HEAD_MAX / 2);
    const char *const rest[] = {"/", request->query[0] != '\0' ? "?" : "", request->query};
    for (size_t i = 0; i < SRS_COUNT(rest) && !err; i++)
        err = srs_buf_append(&location, rest[i], strlen(rest[i]), SRS_HTTP_RESPONSE_HEAD_MAX / 2);
    if (!err)
        err = srs_buf_append(&location, "", 1, SRS_HTTP_RESPONSE_HEAD_MAX / 2);
    if (!err)
        err = srs_exchange_redirect(want->exchange, (const char *)srs_buf_span(&location).bytes);
    srs_buf_fini(&location);
    return err;
}

// `limit` is the answer to a LIMIT: in a request 400, of files that are open 503.
static SRS_YIELDS SRS_ERR refuse(struct srs_exchange *exchange, srs_err err, unsigned limit)
{
    unsigned status = 503;
    if (err == SRS_E_CANCELED)
        return err;
    if (err == SRS_E_FILE_FORBIDDEN)
        status = 403;
    else if (err == SRS_E_LIMIT)
        status = limit;
    else if (err == SRS_E_HTTP_URL_UNESCAPE || err == SRS_E_KERNEL_FLV_HEADER ||
             err == SRS_E_FLV_TRUNCATED) // of the query; a start within something else
        status = 400;
    struct srs_endpoint peer = srs_conn_peer(exchange->conn);
    char text[SRS_ENDPOINT_TEXT];
    srs_endpoint_format(&peer, text);
    srs_server_log_stranger(exchange->server, err, "files", "refused", text);
    return srs_exchange_plain(exchange, status);
}

static SRS_YIELDS SRS_ERR open_file(struct want *want, bool *served)
{
    struct srs_exchange *exchange = want->exchange;
    srs_err err = srs_files_open(exchange->server->files, want->root, want->path, &want->file);
    // Whoever waits for a stream does not do so for a disk.
    bool stream = has_extension(want, ".flv") && err != SRS_E_CANCELED && err != SRS_E_LIMIT &&
                  err != SRS_E_FILE_FORBIDDEN;
    if (err && err != SRS_E_SYSTEM_FILE_NOT_EXISTS && !stream)
        return refuse(exchange, err, 503);
    *served = !err;
    srs_err_drop(err, "somebody else may know the path");
    return SRS_OK;
}

static SRS_YIELDS SRS_ERR serve(struct want *want, bool *served)
{
    struct srs_exchange *exchange = want->exchange;
    srs_err err = find_target(want);
    if (err)
        return refuse(exchange, err, 400);
    err = open_file(want, served);
    if (err || want->file == NULL)
        return err;
    want->info = *srs_files_info(want->file);
    size_t size = strlen(exchange->request->path);
    if (want->info.is_directory) {
        *served = exchange->request->path[size - 1] != '/';
        return *served ? send_to_directory(want) : SRS_OK;
    }
    make_validators(want);
    err = choose_part(want);
    return err ? refuse(exchange, err, 400) : send_file(want);
}

SRS_YIELDS SRS_ERR srs_files_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    enum srs_http_method method = exchange->request->method;
    *served = (exchange->ports & SRS_PORT_SERVER) != 0;
    if (!*served)
        return SRS_OK;
    if (method != SRS_HTTP_GET && method != SRS_HTTP_HEAD) {
        struct srs_http_response response = srs_exchange_response(exchange, 405);
        response.allow = "GET, HEAD";
        return srs_exchange_refuse(exchange, &response);
    }
    struct want *want = srs_new(struct want);
    want->exchange = exchange;
    srs_err err = serve(want, served);
    srs_files_free(want->file);
    srs_flv_seek_fini(&want->seek);
    srs_free(want->root);
    srs_free(want->path);
    srs_free(want);
    return err;
}
