// Request targets. The path is decoded before its segments are looked at, so "%2e%2e" and "%2f"
// hide nothing.
#include "protocol/http/url.h"
#include "protocol/http/words.h"
#include <string.h>
#include <strings.h>

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int escape_at(const char *text, size_t size)
{
    int high = size >= 3 ? hex_of(text[1]) : -1;
    int low = size >= 3 ? hex_of(text[2]) : -1;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// How many bytes, in whole words, stand for themselves.
static size_t plain_run(const char *text, size_t size, bool plus)
{
    size_t at = 0;
    for (; size - at >= SRS_HTTP_WORD; at += SRS_HTTP_WORD) {
        uint64_t word = srs_http_word(text + at);
        uint64_t special = srs_http_word_controls(word) | srs_http_word_bytes(word, '%');
        if ((special | (plus ? srs_http_word_bytes(word, '+') : 0)) != 0)
            break;
    }
    return at;
}

// Text that is decoded in place is moved to the left, over itself.
static void move_run(struct srs_wr *out, const char *text, size_t size)
{
    if (size == 0 || !srs_wr_fits(out, size))
        return;
    memmove(out->bytes + out->size, text, size);
    out->size += size;
}

SRS_ERR srs_http_unescape(const char *text, size_t text_size, bool plus, struct srs_wr *out)
{
    for (size_t at = 0; at < text_size; at++) {
        size_t run = plain_run(text + at, text_size - at, plus);
        move_run(out, text + at, run);
        at += run;
        if (at == text_size)
            break;
        int byte = (unsigned char)text[at];
        if (byte == '%') {
            byte = escape_at(text + at, text_size - at);
            at += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte < 0x20 || byte == 0x7F)
            return srs_fail(SRS_E_HTTP_URL_UNESCAPE, "bad escape or control character");
        srs_wr_u8(out, (uint8_t)byte);
    }
    srs_wr_u8(out, '\0');
    if (out->bad)
        return srs_fail(SRS_E_LIMIT, "decoded text over %zu bytes", out->capacity);
    return SRS_OK;
}

SRS_ERR srs_http_escape_path(struct srs_buf *out, const char *path, size_t limit)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "-._~/!$&'()*+,;=:@";
    static const char digits[] = "0123456789ABCDEF";
    srs_err err = SRS_OK;
    while (*path != '\0' && !err) {
        size_t size = strspn(path, plain);
        unsigned byte = (unsigned char)path[size];
        err = srs_buf_append(out, path, size, limit);
        path += size;
        if (err || byte == '\0')
            break;
        const char escape[] = {'%', digits[byte >> 4], digits[byte & 0xF]};
        err = srs_buf_append(out, escape, sizeof escape, limit);
        path++;
    }
    return err;
}

// Removes empty and "." segments in place; the last slash stays.
static srs_err clean_path(char *path)
{
    char *to = path;
    const char *from = path;
    while (*from == '/') {
        const char *segment = from + 1;
        size_t size = strcspn(segment, "/");
        bool last = segment[size] == '\0';
        if (size == 2 && segment[0] == '.' && segment[1] == '.')
            return srs_fail(SRS_E_HTTP_URL_NOT_CLEAN, "path with a parent segment");
        bool drop = size == 0 || (size == 1 && segment[0] == '.');
        from = segment + size;
        if (drop && !last)
            continue;
        *to++ = '/';
        if (!drop) {
            memmove(to, segment, size);
            to += size;
        }
    }
    *to = '\0';
    return SRS_OK;
}

// "http://host:port/path": *host is moved two bytes to the left, over the slashes, which leaves
// room for its terminator and for the slash of a path that is not written out; *rest is the path.
static srs_err split_authority(char **rest, const char **host)
{
    size_t scheme = 0;
    if (strncasecmp(*rest, "http://", 7) == 0)
        scheme = 7;
    else if (strncasecmp(*rest, "https://", 8) == 0)
        scheme = 8;
    char *name = *rest + scheme;
    size_t size = scheme > 0 ? strcspn(name, "/?") : 0;
    if (size == 0 || memchr(name, '@', size) != NULL)
        return srs_fail(SRS_E_HTTP_PARSE_URI, "target is not a path or URL with a host");
    char *moved = name - 2;
    memmove(moved, name, size);
    moved[size] = '\0';
    *host = moved;
    *rest = name + size;
    if (name[size] != '/')
        *--*rest = '/';
    return SRS_OK;
}

SRS_ERR srs_http_target_split(char *target, struct srs_http_target *out)
{
    char *path = target;
    const char *host = NULL;
    const char *query = target + strlen(target);
    if (strchr(target, '#') != NULL)
        return srs_fail(SRS_E_HTTP_PARSE_URI, "target with a fragment");
    srs_err err = SRS_OK;
    if (target[0] != '/' && strcmp(target, "*") != 0)
        err = split_authority(&path, &host);
    if (err)
        return err;
    char *mark = strchr(path, '?');
    if (mark != NULL) {
        *mark = '\0';
        query = mark + 1;
    }
    size_t size = strlen(path);
    struct srs_wr wr = srs_wr_init(path, size + 1);
    err = srs_http_unescape(path, size, false, &wr);
    if (!err && path[0] == '/')
        err = clean_path(path);
    if (err)
        return err;
    *out = (struct srs_http_target){.host = host, .path = path, .query = query};
    return SRS_OK;
}
