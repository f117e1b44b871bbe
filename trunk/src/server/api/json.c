// An object is a small tree of cJSON that is printed and freed.
#include "server/api/json.h"
#include "core/mem.h"
#include "core/rdwr.h"
#include "core/utf8.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

struct srs_json srs_json_new(void)
{
    return (struct srs_json){.root = cJSON_CreateObject()};
}

void srs_json_drop(struct srs_json *json)
{
    cJSON_Delete(json->root);
    json->root = NULL;
}

static void put(struct srs_json *json, cJSON *in, const char *name, cJSON *value)
{
    if (value != NULL && cJSON_AddItemToObjectCS(in, name, value))
        return;
    cJSON_Delete(value);
    json->bad = true;
}

static cJSON *put_new(struct srs_json *json, cJSON *in, const char *name, cJSON *value)
{
    if (value != NULL && cJSON_AddItemToObjectCS(in, name, value))
        return value;
    cJSON_Delete(value);
    json->bad = true;
    return NULL;
}

static cJSON *add(struct srs_json *json, cJSON *array, cJSON *value)
{
    if (value != NULL && cJSON_AddItemToArray(array, value))
        return value;
    cJSON_Delete(value);
    json->bad = true;
    return NULL;
}

struct cJSON *srs_json_put_object(struct srs_json *json, struct cJSON *in, const char *name)
{
    return put_new(json, in, name, cJSON_CreateObject());
}

struct cJSON *srs_json_put_array(struct srs_json *json, struct cJSON *in, const char *name)
{
    return put_new(json, in, name, cJSON_CreateArray());
}

struct cJSON *srs_json_add_object(struct srs_json *json, struct cJSON *array)
{
    return add(json, array, cJSON_CreateObject());
}

void srs_json_put_count(struct srs_json *json, struct cJSON *in, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    put(json, in, name, cJSON_CreateRaw(text));
}

void srs_json_put_number(struct srs_json *json, struct cJSON *in, const char *name, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    put(json, in, name, cJSON_CreateRaw(text));
}

void srs_json_put_real(struct srs_json *json, struct cJSON *in, const char *name, double value)
{
    char text[340]; // the largest double has 309 digits
    (void)snprintf(text, sizeof text, "%.2f", value);
    put(json, in, name, cJSON_CreateRaw(text));
}

void srs_json_put_raw(struct srs_json *json, struct cJSON *in, const char *name, const char *text)
{
    put(json, in, name, cJSON_CreateRaw(text));
}

void srs_json_put_ms(struct srs_json *json, struct cJSON *in, const char *name, srs_usec value)
{
    srs_json_put_count(json, in, name, value > 0 ? (uint64_t)(value / SRS_MSEC) : 0);
}

void srs_json_put_flag(struct srs_json *json, struct cJSON *in, const char *name, bool value)
{
    put(json, in, name, cJSON_CreateBool(value));
}

void srs_json_put_null(struct srs_json *json, struct cJSON *in, const char *name)
{
    put(json, in, name, cJSON_CreateNull());
}

static void clean_text(const char *text, char clean[SRS_API_TEXT_MAX + 1])
{
    size_t size = 0;
    while (text != NULL && *text != '\0') {
        size_t step = srs_utf8_size(text);
        if (size + (step > 0 ? step : 1) > SRS_API_TEXT_MAX)
            break;
        if (step == 0) {
            clean[size++] = '?';
            text++;
            continue;
        }
        memcpy(clean + size, text, step);
        size += step;
        text += step;
    }
    clean[size] = '\0';
}

void srs_json_put_text(struct srs_json *json, struct cJSON *in, const char *name, const char *text)
{
    char clean[SRS_API_TEXT_MAX + 1];
    clean_text(text, clean);
    put(json, in, name, cJSON_CreateString(clean));
}

void srs_json_add_text(struct srs_json *json, struct cJSON *array, const char *text)
{
    char clean[SRS_API_TEXT_MAX + 1];
    clean_text(text, clean);
    (void)add(json, array, cJSON_CreateString(clean));
}

SRS_ERR srs_json_finish(struct srs_json *json, const char *prefix, struct srs_buf *out)
{
    char *text = json->root != NULL && !json->bad ? cJSON_PrintUnformatted(json->root) : NULL;
    srs_json_drop(json);
    if (text == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "JSON");
    uint8_t *room = NULL;
    size_t size = strlen(prefix) + strlen(text);
    srs_err err = srs_buf_reserve(out, size, SRS_API_BUFFER_MAX, &room);
    if (!err) {
        struct srs_wr wr = srs_wr_init(room, size);
        srs_wr_bytes(&wr, prefix, strlen(prefix));
        srs_wr_bytes(&wr, text, strlen(text));
        srs_buf_grown(out, size);
    }
    cJSON_free(text);
    return err ? srs_wrap(err, "JSON of %zu bytes", size) : SRS_OK;
}
