// What a back-end of callbacks answers: the first byte chooses the status, the rest is the body.
// What is let in is let in by both readers alike, and places to copy to are read from it.
// Covers: server/hooks/answer.c server/forward/place.c
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "server/forward/forward_priv.h"
#include "server/hooks/hooks_priv.h"

static void read_places(const struct srs_hook_urls *urls)
{
    struct srs_forward_place *place = srs_new(struct srs_forward_place);
    for (unsigned i = 0; i < urls->count; i++) {
        fuzz_assert(strlen(urls->items[i]) < SRS_HOOK_URL_SIZE);
        srs_err err = srs_forward_place_read(urls->items[i], place);
        fuzz_assert(err || (place->to.host[0] != '\0' && place->app[0] != '\0' &&
                            place->names.stream[0] != '\0'));
        srs_err_drop(err, "any text may come");
    }
    srs_free(place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 201, 204, 403, 500};
    struct srs_hook_urls urls;
    if (size == 0)
        return 0;
    unsigned status = statuses[data[0] % 5];
    struct fuzz_block block = fuzz_block_copy(data + 1, size - 1);
    struct srs_span body = {block.bytes, block.size};
    srs_err plain = srs_hook_answer_read(status, body);
    fuzz_assert(plain == SRS_OK || plain == SRS_E_HTTP_STATUS_INVALID ||
                plain == SRS_E_HTTP_DATA_INVALID || plain == SRS_E_RESPONSE_CODE);
    fuzz_assert(plain != SRS_OK || status <= 201);
    srs_err err = srs_hook_forward_read(status, body, &urls);
    fuzz_assert(plain == SRS_OK ? err == SRS_OK || err == SRS_E_SYSTEM_FORWARD_LOOP : err == plain);
    fuzz_assert(urls.count <= SRS_HOOK_URLS_MAX && (err == SRS_OK || urls.count == 0));
    read_places(&urls);
    srs_hook_urls_fini(&urls);
    srs_err_drop(err, "any outcome is fine");
    fuzz_block_free(&block);
    return 0;
}
