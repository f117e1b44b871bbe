// What stands behind the question mark of an API request: the page that is read has something in
// it and reads the same when it is written, and what goes out as a function's name is one.
#include "fuzz/fuzz.h"
#include "server/api/query.h"

static void check_written(const struct srs_api_query *query)
{
    struct srs_api_query again;
    char text[SRS_HTTP_JSONP_MAX + 80];
    (void)snprintf(text, sizeof text, "start=%u&count=%u&callback=%s", query->range.start,
                   query->range.count, query->callback);
    fuzz_assert(srs_api_query_read(text, query->method, &again) == SRS_OK);
    fuzz_assert(again.range.start == query->range.start);
    fuzz_assert(again.range.count == query->range.count && again.method == query->method);
    fuzz_assert(strcmp(again.callback, query->callback) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srs_api_query query;
    char *text = malloc(size + 1);
    fuzz_assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    srs_err err = srs_api_query_read(text, SRS_HTTP_HEAD, &query);
    if (!err) {
        fuzz_assert(query.range.count >= 1);
        fuzz_assert(query.callback[0] == '\0' || srs_http_jsonp_name_ok(query.callback));
        fuzz_assert(query.callback[0] != '\0' || query.method == SRS_HTTP_HEAD);
        check_written(&query);
    }
    srs_err_drop(err, "a query may be malformed");
    free(text);
    return 0;
}
