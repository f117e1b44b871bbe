// The same text as a range, as a list of entity tags and as a date: what is read lies within the
// file, and a date that is written reads the same.
#include "fuzz/fuzz.h"
#include "protocol/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srs_http_range range;
    int64_t seconds;
    char date[SRS_HTTP_DATE_SIZE];
    char *text = malloc(size + 1);
    fuzz_assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (uint64_t file = 0; file < 2000; file += 999)
        if (srs_http_range_read(text, file, &range) == SRS_HTTP_RANGE_ONE)
            fuzz_assert(range.first <= range.last && range.last < file);
    (void)srs_http_etag_in(text, "\"a-1\"");
    if (srs_http_date_read(text, &seconds) && seconds > -62000000000 && seconds < 253402300799) {
        int64_t again = 0;
        srs_http_date_write(seconds, date);
        fuzz_assert(srs_http_date_read(date, &again) && again == seconds);
    }
    free(text);
    return 0;
}
