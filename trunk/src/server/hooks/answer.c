// What a back-end answers. It may be anybody's: bounded in size by the caller and in depth here,
// because cJSON calls itself for each level and a coroutine's stack is small.
#include "core/mem.h"
#include "server/hooks/hooks_priv.h"
#include <cjson/cJSON.h>
#include <string.h>

// Whether no more than SRS_HOOK_DEPTH_MAX brackets are open at a time; what stands in texts does
// not count.
static bool is_flat(struct srs_span body)
{
    unsigned depth = 0;
    bool text = false;
    for (size_t i = 0; i < body.size; i++) {
        uint8_t byte = body.bytes[i];
        if (text && byte == '\\')
            i++;
        else if (byte == '"')
            text = !text;
        else if (!text && (byte == '{' || byte == '['))
            depth++;
        else if (!text && (byte == '}' || byte == ']') && depth > 0)
            depth--;
        if (depth > SRS_HOOK_DEPTH_MAX)
            return false;
    }
    return true;
}

// *object is NULL for the body "0", which is as good as a code of 0.
static SRS_ERR read_object(unsigned status, struct srs_span body, cJSON **object)
{
    *object = NULL;
    if (status != 200 && status != 201)
        return srs_fail(SRS_E_HTTP_STATUS_INVALID, "status %u", status);
    if (body.size == 0)
        return srs_fail(SRS_E_HTTP_DATA_INVALID, "empty answer");
    if (body.size == 1 && body.bytes[0] == '0')
        return SRS_OK;
    if (!is_flat(body))
        return srs_fail(SRS_E_HTTP_DATA_INVALID, "JSON deeper than %d", SRS_HOOK_DEPTH_MAX);
    // It wants a terminator to see that nothing follows.
    char *text = srs_try_strndup((const char *)body.bytes, body.size);
    if (text == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "answer of %zu bytes", body.size);
    bool whole = strlen(text) == body.size;
    cJSON *root = whole ? cJSON_ParseWithLengthOpts(text, body.size + 1, NULL, 1) : NULL;
    srs_free(text);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return srs_fail(SRS_E_HTTP_DATA_INVALID, "answer is no JSON object and not 0");
    }
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(root, "code");
    if (!cJSON_IsNumber(code) || code->valuedouble != 0) {
        srs_err err = cJSON_IsNumber(code)
                          ? srs_fail(SRS_E_RESPONSE_CODE, "code %.20g", code->valuedouble)
                          : srs_fail(SRS_E_RESPONSE_CODE, "no code");
        cJSON_Delete(root);
        return err;
    }
    *object = root;
    return SRS_OK;
}

SRS_ERR srs_hook_answer_read(unsigned status, struct srs_span body)
{
    cJSON *object = NULL;
    srs_err err = read_object(status, body, &object);
    cJSON_Delete(object);
    return err;
}

static SRS_ERR take_url(const cJSON *item, struct srs_hook_urls *out)
{
    if (!cJSON_IsString(item))
        return srs_fail(SRS_E_SYSTEM_FORWARD_LOOP, "an item of data.urls is no text");
    if (out->count == SRS_HOOK_URLS_MAX)
        return srs_fail(SRS_E_SYSTEM_FORWARD_LOOP, "more than %d URLs", SRS_HOOK_URLS_MAX);
    size_t size = strlen(item->valuestring);
    if (size >= SRS_HOOK_URL_SIZE)
        return srs_fail(SRS_E_SYSTEM_FORWARD_LOOP, "URL of %zu bytes", size);
    char *copy = srs_try_strndup(item->valuestring, size);
    if (copy == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "URL of an answer");
    out->items[out->count++] = copy;
    return SRS_OK;
}

void srs_hook_urls_fini(struct srs_hook_urls *urls)
{
    for (unsigned i = 0; i < urls->count; i++)
        srs_free(urls->items[i]);
    urls->count = 0;
}

SRS_ERR srs_hook_forward_read(unsigned status, struct srs_span body, struct srs_hook_urls *out)
{
    cJSON *object = NULL;
    out->count = 0;
    srs_err err = read_object(status, body, &object);
    if (err)
        return err;
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
    const cJSON *urls = cJSON_GetObjectItemCaseSensitive(data, "urls");
    const cJSON *item = NULL;
    if (!cJSON_IsArray(urls))
        err = srs_fail(SRS_E_SYSTEM_FORWARD_LOOP, "answer without data.urls");
    cJSON_ArrayForEach(item, urls)
    {
        if (!err)
            err = take_url(item, out);
    }
    cJSON_Delete(object);
    if (err)
        srs_hook_urls_fini(out);
    return err;
}
