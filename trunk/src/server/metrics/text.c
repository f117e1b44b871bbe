// A line is written at once into room for the longest, by hand: a scrape of many streams is some
// ten thousand of them.
#include "server/metrics/text.h"
#include "core/mem.h"
#include "core/utf8.h"
#include <stdio.h>
#include <string.h>

// Every byte of a value may be escaped to two.
enum { LABEL_TEXT = 2 * SRS_METRICS_LABEL_MAX + 1, NAME_MAX_BYTES = 64, NUMBER_TEXT = 32 };
enum {
    LINE_MAX_BYTES = NAME_MAX_BYTES + SRS_METRICS_FIXED +
                     SRS_METRICS_LABELS_MAX * (NAME_MAX_BYTES + LABEL_TEXT) + NUMBER_TEXT + 64
};

// --- values of labels ---------------------------------------------------------------------------

static const char mark = '~';

// One character of `value` into *out; false when it could not be kept as it is.
static bool escape_one(const char **value, char **out, size_t *left)
{
    size_t size = srs_utf8_size(*value);
    char c = **value;
    if (size > *left) { // no half characters
        *left = 0;
        return false;
    }
    bool bad = size == 0 || ((unsigned char)c < 0x20 && c != '\n') || c == 0x7f;
    size = size == 0 ? 1 : size;
    *left -= size;
    if (c == '\n' || c == '"' || c == '\\')
        *(*out)++ = '\\';
    if (bad || c == '\n')
        *(*out)++ = (char)(bad ? '?' : 'n');
    else
        memcpy(*out, *value, size);
    *out += bad || c == '\n' ? 0 : size;
    *value += size;
    return !bad && c != mark;
}

// False when not all of it could be kept, or it holds the mark of such values.
static bool escape(const char *value, char out[LABEL_TEXT])
{
    size_t left = SRS_METRICS_LABEL_MAX;
    bool kept = true;
    while (*value != '\0' && left > 0)
        kept &= escape_one(&value, &out, &left);
    *out = '\0';
    return kept && *value == '\0';
}

void srs_metrics_stream_labels(const char *vhost, const char *app, const char *stream, uint32_t id,
                               char out[SRS_METRICS_FIXED])
{
    char texts[3][LABEL_TEXT];
    char number[16] = "";
    bool kept = escape(vhost, texts[0]);
    kept &= escape(app, texts[1]);
    kept &= escape(stream, texts[2]);
    if (!kept)
        (void)snprintf(number, sizeof number, "%c%u", mark, id);
    (void)snprintf(out, SRS_METRICS_FIXED, "vhost=\"%s\",app=\"%s\",stream=\"%s%s\"", texts[0],
                   texts[1], texts[2], number);
}

// --- lines --------------------------------------------------------------------------------------

void srs_metrics_begin(struct srs_metrics_text *text, enum srs_metric metric)
{
    char head[1024];
    text->metric = srs_metric_at(metric);
    text->fixed = "";
    const struct srs_metric_row *row = text->metric;
    int size = snprintf(head, sizeof head, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->meaning,
                        row->name, row->type);
    if (!text->err)
        text->err = srs_buf_append(&text->out, head, (size_t)size, SRS_METRICS_BUFFER_MAX);
}

static char *put(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static char *put_text(char *at, const char *from)
{
    return put(at, from, strlen(from));
}

static char *put_labels(char *at, const char *fixed, const struct srs_metrics_label *labels)
{
    bool any = fixed[0] != '\0';
    char value[LABEL_TEXT];
    char *start = at;
    *at++ = '{';
    at = put_text(at, fixed);
    for (; labels != NULL && labels->name != NULL; labels++) {
        if (labels->value == NULL || labels->value[0] == '\0')
            continue;
        (void)escape(labels->value, value);
        if (any)
            *at++ = ',';
        any = true;
        at = put_text(at, labels->name);
        at = put(at, "=\"", 2);
        at = put_text(at, value);
        *at++ = '"';
    }
    *at++ = '}';
    return any ? at : start;
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(at, digits + i, sizeof digits - i);
}

// Seconds, with as many of six decimals as it has.
static char *put_seconds(char *at, srs_usec value)
{
    uint64_t usec = value > 0 ? (uint64_t)value : 0;
    uint64_t part = usec % 1000000;
    at = put_number(at, usec / 1000000);
    if (part == 0)
        return at;
    *at++ = '.';
    for (uint64_t digit = 100000; part > 0; digit /= 10) {
        *at++ = (char)('0' + part / digit);
        part %= digit;
    }
    return at;
}

// The line up to its value; NULL after an error.
static char *line(struct srs_metrics_text *text, const char *suffix,
                  const struct srs_metrics_label *labels)
{
    uint8_t *room = NULL;
    if (!text->err)
        text->err = srs_buf_reserve(&text->out, LINE_MAX_BYTES, SRS_METRICS_BUFFER_MAX, &room);
    if (text->err)
        return NULL;
    char *at = put_text((char *)room, text->metric->name);
    at = put_text(at, suffix);
    at = put_labels(at, text->fixed, labels);
    *at++ = ' ';
    return at;
}

static void end(struct srs_metrics_text *text, char *at)
{
    *at++ = '\n';
    srs_buf_grown(&text->out, (size_t)((uint8_t *)at - (text->out.bytes + text->out.end)));
}

static void count(struct srs_metrics_text *text, const char *suffix,
                  const struct srs_metrics_label *labels, uint64_t value)
{
    char *at = line(text, suffix, labels);
    if (at != NULL)
        end(text, put_number(at, value));
}

static void seconds(struct srs_metrics_text *text, const char *suffix,
                    const struct srs_metrics_label *labels, srs_usec value)
{
    char *at = line(text, suffix, labels);
    if (at != NULL)
        end(text, put_seconds(at, value));
}

void srs_metrics_count(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                       uint64_t value)
{
    count(text, "", labels, value);
}

void srs_metrics_time(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                      srs_usec value)
{
    seconds(text, "", labels, value);
}

void srs_metrics_real(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                      double value)
{
    char number[NUMBER_TEXT];
    char *at = line(text, "", labels);
    (void)snprintf(number, sizeof number, "%.6g", value);
    if (at != NULL)
        end(text, put_text(at, number));
}

void srs_metrics_histogram(struct srs_metrics_text *text, const struct srs_metrics_label *labels,
                           const struct srs_histogram *histogram)
{
    struct srs_metrics_label all[SRS_METRICS_LABELS_MAX + 1] = {0};
    char bound[NUMBER_TEXT];
    uint64_t sum = 0;
    size_t n = 0;
    for (; labels[n].name != NULL && n < SRS_METRICS_LABELS_MAX - 1; n++)
        all[n] = labels[n];
    all[n] = (struct srs_metrics_label){"le", bound};
    for (unsigned i = 0; i < SRS_HISTOGRAM_BOUNDS; i++) {
        *put_seconds(bound, srs_histogram_bound(i)) = '\0';
        sum += histogram->buckets[i];
        count(text, "_bucket", all, sum);
    }
    sum += histogram->buckets[SRS_HISTOGRAM_BOUNDS];
    (void)snprintf(bound, sizeof bound, "+Inf");
    count(text, "_bucket", all, sum);
    seconds(text, "_sum", labels, histogram->sum);
    count(text, "_count", labels, sum);
}

void srs_metrics_summary(struct srs_metrics_text *text, uint64_t number, srs_usec sum)
{
    seconds(text, "_sum", NULL, sum);
    count(text, "_count", NULL, number);
}
