// Message heads, collecting part and look-up: RFC 9112 sections 2.2 and 5. The grammar is
// parser.c's.
//
// Line ends are CRLF and nothing else, folding is refused: the head that is parsed reads the same
// to every parser.
#include "protocol/http/head.h"
#include "core/mem.h"
#include "protocol/http/words.h"
#include <strings.h>

enum { LINE_END = 2 };
enum { HEAD_MAX = SRS_HTTP_LINE_MAX + LINE_END + SRS_HTTP_HEADERS_MAX };

// Offsets of fields are 16 bits wide.
_Static_assert(HEAD_MAX < UINT16_MAX, "a head is addressed with 16 bits");

static srs_err refuse(unsigned *status, unsigned answer, const char *why)
{
    *status = answer;
    return srs_fail(answer == 400 ? SRS_E_HTTP_PARSE_HEADER : SRS_E_HTTP_HEADER, "%s", why);
}

// A line has ended. *complete is set at the empty line behind the headers.
static srs_err end_line(struct srs_http_collector *collector, bool *complete, unsigned *status)
{
    bool empty = collector->line_size == 0;
    collector->line_size = 0;
    collector->after_cr = false;
    if (empty && collector->lines == 0) {
        collector->blank_lines++;
        if (collector->blank_lines > SRS_HTTP_BLANK_LINES_MAX)
            return refuse(status, 400, "empty lines instead of a first line");
        return SRS_OK;
    }
    *complete = empty;
    if (empty)
        return SRS_OK;
    if (collector->lines > SRS_HTTP_HEADER_COUNT_MAX)
        return refuse(status, 431, "too many headers");
    collector->lines++;
    return SRS_OK;
}

static srs_err check_byte(struct srs_http_collector *collector, uint8_t byte, unsigned *status)
{
    bool first_line = collector->lines == 0;
    if (byte == '\n')
        return refuse(status, 400, "line feed without carriage return");
    if (byte == 0x7F || (byte < 0x20 && (byte != '\t' || first_line)))
        return refuse(status, 400, "control character in the head");
    if (!first_line && collector->line_size == 0 && (byte == ' ' || byte == '\t'))
        return refuse(status, 400, "folded header line");
    collector->line_size++;
    if (first_line && collector->line_size > SRS_HTTP_LINE_MAX)
        return refuse(status, 414, "first line is too long");
    return SRS_OK;
}

static srs_err scan(struct srs_http_collector *collector, uint8_t byte, bool *complete,
                    unsigned *status)
{
    if (collector->lines > 0 && ++collector->header_bytes > SRS_HTTP_HEADERS_MAX)
        return refuse(status, 431, "headers are too long");
    if (collector->after_cr && byte != '\n')
        return refuse(status, 400, "carriage return without line feed");
    if (collector->after_cr)
        return end_line(collector, complete, status);
    collector->after_cr = byte == '\r';
    return collector->after_cr ? SRS_OK : check_byte(collector, byte, status);
}

static uint64_t controls(const uint8_t *bytes)
{
    return srs_http_word_controls(srs_http_word(bytes));
}

// How many of the next bytes are neither control characters nor at a place where they mean more
// than themselves: those are counted together, as most of a head is.
static size_t plain_run(const struct srs_http_collector *collector, const uint8_t *bytes,
                        size_t size)
{
    bool first_line = collector->lines == 0;
    size_t room = first_line ? SRS_HTTP_LINE_MAX - collector->line_size
                             : SRS_HTTP_HEADERS_MAX - collector->header_bytes;
    size_t at = 0;
    if (collector->after_cr || collector->line_size == 0)
        return 0;
    size = size < room ? size : room;
    while (size - at >= 4 * SRS_HTTP_WORD &&
           (controls(bytes + at) | controls(bytes + at + SRS_HTTP_WORD) |
            controls(bytes + at + 2 * SRS_HTTP_WORD) | controls(bytes + at + 3 * SRS_HTTP_WORD)) ==
               0)
        at += 4 * SRS_HTTP_WORD;
    while (size - at >= SRS_HTTP_WORD && controls(bytes + at) == 0)
        at += SRS_HTTP_WORD;
    return at;
}

static void take_run(struct srs_http_collector *collector, size_t size)
{
    collector->line_size += (uint32_t)size;
    if (collector->lines > 0)
        collector->header_bytes += (uint32_t)size;
}

SRS_ERR srs_http_collect(struct srs_http_collector *collector, struct srs_span in, size_t *used,
                         bool *complete, unsigned *status)
{
    size_t from = 0; // bytes before are blank lines, which are not kept
    size_t at = 0;
    *complete = false;
    while (at < in.size && !*complete) {
        size_t run = plain_run(collector, in.bytes + at, in.size - at);
        take_run(collector, run);
        at += run;
        if (at == in.size)
            break;
        srs_err err = scan(collector, in.bytes[at++], complete, status);
        if (err)
            return err;
        if (collector->lines == 0 && collector->line_size == 0)
            from = at;
    }
    *used = at;
    srs_err err = srs_buf_append(&collector->buf, in.bytes + from, at - from, HEAD_MAX);
    if (err) {
        *status = 500;
        return srs_wrap(err, "head");
    }
    return SRS_OK;
}

void srs_http_collector_fini(struct srs_http_collector *collector)
{
    srs_buf_fini(&collector->buf);
    *collector = (struct srs_http_collector){0};
}

void srs_http_head_fini(struct srs_http_head *head)
{
    srs_free(head->bytes);
    *head = (struct srs_http_head){0};
}

const char *srs_http_head_get(const struct srs_http_head *head, const char *name)
{
    for (unsigned i = 0; i < head->count; i++)
        if (strcasecmp(head->bytes + head->fields[i].name, name) == 0)
            return head->bytes + head->fields[i].value;
    return NULL;
}

const char *srs_http_head_get_last(const struct srs_http_head *head, const char *name)
{
    for (unsigned i = head->count; i > 0; i--)
        if (strcasecmp(head->bytes + head->fields[i - 1].name, name) == 0)
            return head->bytes + head->fields[i - 1].value;
    return NULL;
}

unsigned srs_http_head_times(const struct srs_http_head *head, const char *name)
{
    unsigned times = 0;
    for (unsigned i = 0; i < head->count; i++)
        times += strcasecmp(head->bytes + head->fields[i].name, name) == 0;
    return times;
}
