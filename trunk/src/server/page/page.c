// The library is read whole at the start: a request cannot make the server touch a file, and no
// listener is open yet, so that a slow disk holds nobody up.
#include "server/page/page.h"
#include "core/log.h"
#include "core/mem.h"
#include "server/page/embed.h"
#include "server/page/page_priv.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "npm/mpegts.js/dist/mpegts.js"

// A file goes out in pieces, so that a slow link has the exchange's time for each and not for all.
enum { PIECE = 64 * 1024 };

enum page_entry {
    PAGE_LIBRARY,
    PAGE_CONSOLE_LIBRARY,
    PAGE_ROOT,
    PAGE_INDEX,
    PAGE_SCRIPT,
    PAGE_STYLE,
    PAGE_CONSOLE,
    PAGE_CONSOLE_INDEX,
    PAGE_CONSOLE_SCRIPT,
    PAGE_CONSOLE_API,
    PAGE_CONSOLE_CHART,
    PAGE_CONSOLE_PLAYER,
    PAGE_CONSOLE_STYLE,
    PAGE_ENTRIES
};

static const char console_path[] = "/console";
static const char console_folder[] = "/console/";

// Of the console, which ends clients: no script but its own, and no page of others around it. The
// API and the streams may be on other ports.
static const struct srs_http_extra console_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; media-src blob:; "
     "connect-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"},
};

struct srs_page {
    struct srs_page_file files[PAGE_ENTRIES];
    uint8_t *library;
};

// --- the files ----------------------------------------------------------------------------------

static SRS_ERR read_all(int fd, uint8_t *out, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t n = read(fd, out + have, size - have);
        if (n <= 0)
            return srs_fail(SRS_E_SYSTEM_FILE_READ, "%zu of %zu bytes", have, size);
        have += (size_t)n;
    }
    return SRS_OK;
}

static SRS_ERR read_library(int fd, struct srs_page *page)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return srs_fail(SRS_E_SYSTEM_FILE_READ, "not a regular file");
    if (about.st_size <= 0 || about.st_size > SRS_PAGE_LIBRARY_MAX)
        return srs_fail(SRS_E_LIMIT, "%lld bytes, at most %d", (long long)about.st_size,
                        SRS_PAGE_LIBRARY_MAX);
    size_t size = (size_t)about.st_size;
    uint8_t *bytes = srs_try_alloc(size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "%zu bytes", size);
    srs_err err = read_all(fd, bytes, size);
    if (err) {
        srs_free(bytes);
        return err;
    }
    page->library = bytes;
    page->files[PAGE_LIBRARY].bytes = (struct srs_span){bytes, size};
    page->files[PAGE_CONSOLE_LIBRARY].bytes = (struct srs_span){bytes, size};
    return SRS_OK;
}

// *there: the path can be opened.
static SRS_ERR try_library(const char *path, struct srs_page *page, bool *there)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a fifo would wait
    *there = fd >= 0;
    if (fd < 0)
        return SRS_OK;
    srs_err err = read_library(fd, page);
    (void)close(fd);
    return err ? srs_wrap(err, "player library") : SRS_OK;
}

static void fill_in(struct srs_page *page)
{
    static const char html[] = "text/html; charset=utf-8";
    static const char script[] = "text/javascript; charset=utf-8";
    static const char style[] = "text/css; charset=utf-8";
    enum { BOTH = SRS_PORT_SERVER | SRS_PORT_API };
    struct srs_page_file files[PAGE_ENTRIES] = {
        [PAGE_LIBRARY] = {"/mpegts.js", script, SRS_PORT_SERVER, {NULL, 0}},
        [PAGE_CONSOLE_LIBRARY] = {"/console/mpegts.js", script, BOTH, {NULL, 0}},
        [PAGE_ROOT] = {"/", html, SRS_PORT_SERVER, srs_page_embed_html()},
        [PAGE_INDEX] = {"/index.html", html, SRS_PORT_SERVER, srs_page_embed_html()},
        [PAGE_SCRIPT] = {"/player.js", script, SRS_PORT_SERVER, srs_page_embed_script()},
        [PAGE_STYLE] = {"/player.css", style, SRS_PORT_SERVER, srs_page_embed_style()},
        [PAGE_CONSOLE] = {"/console/", html, BOTH, srs_page_embed_console_html()},
        [PAGE_CONSOLE_INDEX] = {"/console/index.html", html, BOTH, srs_page_embed_console_html()},
        [PAGE_CONSOLE_SCRIPT] = {"/console/console.js", script, BOTH,
                                 srs_page_embed_console_script()},
        [PAGE_CONSOLE_API] = {"/console/api.js", script, BOTH, srs_page_embed_console_api()},
        [PAGE_CONSOLE_CHART] = {"/console/chart.js", script, BOTH, srs_page_embed_console_chart()},
        [PAGE_CONSOLE_PLAYER] = {"/console/player.js", script, BOTH,
                                 srs_page_embed_console_player()},
        [PAGE_CONSOLE_STYLE] = {"/console/console.css", style, BOTH,
                                srs_page_embed_console_style()},
    };
    memcpy(page->files, files, sizeof files);
}

SRS_ERR srs_page_load_from(const char *const *paths, size_t count, struct srs_page **out)
{
    struct srs_page *page = srs_new(struct srs_page);
    fill_in(page);
    for (size_t i = 0; i < count && page->library == NULL; i++) {
        bool there = false;
        srs_err err = try_library(paths[i], page, &there);
        if (err == SRS_E_NO_MEMORY) {
            srs_page_free(page);
            return err;
        }
        if (err)
            srs_err_log_warn(err, "page", paths[i]);
        else if (there)
            srs_log_debug("page", "player library file=%s bytes=%zu", paths[i],
                          page->files[PAGE_LIBRARY].bytes.size);
    }
    if (page->library == NULL)
        srs_log_warn("page", "player library is missing: the page cannot play, all else works");
    *out = page;
    return SRS_OK;
}

SRS_ERR srs_page_load(struct srs_page **out)
{
    char beside[PATH_MAX / 2];
    const char *paths[] = {beside, "objs/" LIBRARY};
    char program[PATH_MAX / 4];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return srs_page_load_from(paths + 1, 1, out);
    *slash = '\0';
    (void)snprintf(beside, sizeof beside, "%s/../" LIBRARY, program);
    return srs_page_load_from(paths, SRS_COUNT(paths), out);
}

void srs_page_free(struct srs_page *page)
{
    if (page == NULL)
        return;
    srs_free(page->library);
    srs_free(page);
}

const struct srs_page_file *srs_page_find(const struct srs_page *page, const char *path)
{
    for (size_t i = 0; i < PAGE_ENTRIES; i++)
        if (strcmp(page->files[i].path, path) == 0)
            return page->files[i].bytes.size > 0 ? &page->files[i] : NULL;
    return NULL;
}

// --- answers ------------------------------------------------------------------------------------

static SRS_YIELDS SRS_ERR send_file(struct srs_exchange *exchange, const struct srs_page_file *file)
{
    struct srs_span rest = file->bytes; // the page outlives all sessions
    struct srs_http_response response = srs_exchange_response(exchange, 200);
    bool of_console = strncmp(file->path, console_folder, strlen(console_folder)) == 0;
    response.content_type = file->content_type;
    response.content_length = (int64_t)rest.size;
    response.cache_control = "no-cache";
    response.extra = console_headers;
    response.extra_count = of_console ? SRS_COUNT(console_headers) : 0;
    struct srs_exchange_stream stream = {.exchange = exchange, .head_only = response.head_only};
    srs_err err = srs_exchange_head(exchange, &response);
    while (!err && rest.size > 0) {
        size_t size = rest.size < PIECE ? rest.size : PIECE;
        err = srs_exchange_piece(&stream, (struct srs_span){rest.bytes, size});
        rest = (struct srs_span){rest.bytes + size, rest.size - size};
    }
    return err ? err : srs_exchange_end(&stream);
}

SRS_YIELDS SRS_ERR srs_page_serve(struct srs_exchange *exchange, bool *served)
{
    srs_co_may_yield();
    enum srs_http_method method = exchange->request->method;
    *served = false;
    if (method == SRS_HTTP_OPTIONS)
        return SRS_OK;
    if (strcmp(exchange->request->path, console_path) == 0) {
        *served = true;
        return srs_exchange_redirect(exchange, console_folder);
    }
    const char *path = exchange->request->path;
    const struct srs_page_file *file = srs_page_find(exchange->server->page, path);
    if (file == NULL && strncmp(path, console_folder, strlen(console_folder)) == 0) {
        *served = true; // on a port of the API the index would come, for a script that is not there
        return srs_exchange_plain(exchange, 404);
    }
    if (file == NULL || (exchange->ports & file->ports) == 0)
        return SRS_OK;
    *served = true;
    if (method != SRS_HTTP_GET && method != SRS_HTTP_HEAD)
        return srs_exchange_plain(exchange, 405);
    return send_file(exchange, file);
}
