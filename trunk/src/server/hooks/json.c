#include "server/hooks/json_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add(struct srs_hook_json *json, const char *text, size_t size)
{
    if (!json->err)
        json->err = srs_buf_append(json->out, text, size, json->limit);
}

static void add_name(struct srs_hook_json *json, const char *name)
{
    if (!json->first)
        add(json, ",", 1);
    add(json, "\"", 1);
    add(json, name, strlen(name));
    add(json, "\":", 2);
    json->first = false;
}

// Bytes of the UTF-8 character at `text` (RFC 3629 section 4), 0 when there is none. A terminator
// is in no range.
static size_t utf8_size(const uint8_t *at)
{
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if ((at[0] >= 0x80 && at[0] < 0xC2) || at[0] > 0xF4)
        return 0;
    if (at[0] == 0xE0)
        low = 0xA0; // overlong
    if (at[0] == 0xED)
        high = 0x9F; // surrogates
    if (at[0] == 0xF0)
        low = 0x90; // overlong
    if (at[0] == 0xF4)
        high = 0x8F; // above U+10FFFF
    for (size_t i = 1; i < size; i++) {
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return size;
}

// One character, or the byte that is none; how much of the text that was.
static size_t add_character(struct srs_hook_json *json, const char *text)
{
    char escape[8];
    uint8_t byte = (uint8_t)text[0];
    size_t size = utf8_size((const uint8_t *)text);
    if (size == 0) {
        add(json, "?", 1);
        return 1;
    }
    if (byte == '"' || byte == '\\') {
        add(json, "\\", 1);
    } else if (byte < 0x20) {
        (void)snprintf(escape, sizeof escape, "\\u%04x", byte);
        add(json, escape, strlen(escape));
        return 1;
    }
    add(json, text, size);
    return size;
}

static void add_text(struct srs_hook_json *json, const char *text)
{
    add(json, "\"", 1);
    while (text != NULL && *text != '\0' && !json->err)
        text += add_character(json, text);
    add(json, "\"", 1);
}

void srs_hook_json_text(struct srs_hook_json *json, const char *name, const char *text)
{
    add_name(json, name);
    add_text(json, text);
}

void srs_hook_json_count(struct srs_hook_json *json, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    add_name(json, name);
    add(json, text, strlen(text));
}

void srs_hook_json_raw(struct srs_hook_json *json, const char *name, struct srs_span value)
{
    add_name(json, name);
    add(json, (const char *)value.bytes, value.size);
}

void srs_hook_json_list(struct srs_hook_json *json, const char *name)
{
    add_name(json, name);
    add(json, "[", 1);
    json->first = true;
}

void srs_hook_json_item(struct srs_hook_json *json, const char *text)
{
    if (!json->first)
        add(json, ",", 1);
    json->first = false;
    add_text(json, text);
}

void srs_hook_json_list_end(struct srs_hook_json *json)
{
    add(json, "]", 1);
    json->first = false;
}

void srs_hook_json_begin(struct srs_hook_json *json, struct srs_buf *out, size_t limit)
{
    *json = (struct srs_hook_json){.out = out, .limit = limit, .first = true};
    add(json, "{", 1);
}

SRS_ERR srs_hook_json_end(struct srs_hook_json *json)
{
    add(json, "}", 1);
    return json->err;
}
