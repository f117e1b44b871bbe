#include "core/assert.h"
#include "core/mem.h"
#include "server/hooks/hooks_priv.h"
#include <string.h>

SRS_ERR srs_hook_message_new(enum srs_hook hook, const struct srs_config_words *urls,
                             srs_usec timeout, struct srs_hook_message **out)
{
    size_t size = 0;
    srs_assert(urls->count <= SRS_CONFIG_HOOK_URLS); // checked as the configuration is read
    for (size_t i = 0; i < urls->count; i++)
        size += strlen(urls->items[i]) + 1;
    struct srs_hook_message *message = srs_try_alloc(sizeof *message + size);
    if (message == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "%s", srs_hook_name(hook));
    *message = (struct srs_hook_message){.hook = hook, .timeout = timeout, .made_at = srs_now()};
    char *at = message->text;
    for (size_t i = 0; i < urls->count; i++) {
        size_t length = strlen(urls->items[i]) + 1;
        memcpy(at, urls->items[i], length);
        message->urls[message->url_count++] = at;
        at += length;
    }
    srs_live_add(SRS_LIVE_HOOK, 1);
    *out = message;
    return SRS_OK;
}

void srs_hook_message_free(struct srs_hook_message *message)
{
    if (message == NULL)
        return;
    srs_buf_fini(&message->body);
    srs_free(message);
    srs_live_add(SRS_LIVE_HOOK, -1);
}

size_t srs_hook_message_bytes(const struct srs_hook_message *message)
{
    return sizeof *message + srs_buf_size(&message->body);
}
