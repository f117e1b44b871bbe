// What a client says about a file it has in part or whole: ranges, entity tags, dates (RFC 9110
// sections 13, 14 and 5.6.7).
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum srs_http_range_kind {
    SRS_HTTP_RANGE_NONE, // none, malformed or more than one: the whole file is the answer
    SRS_HTTP_RANGE_ONE,
    SRS_HTTP_RANGE_UNSATISFIABLE, // 416
};

struct srs_http_range {
    uint64_t first;
    uint64_t last; // < size
};

// The value of a Range header ("bytes=0-99", "bytes=100-", "bytes=-100") against a file of `size`
// bytes. *out is set for ONE only.
enum srs_http_range_kind srs_http_range_read(const char *value, uint64_t size,
                                             struct srs_http_range *out);

// Whether `etag` is in the list of an If-None-Match, or the list is "*". Compared weakly: W/"x" is
// "x".
bool srs_http_etag_in(const char *list, const char *etag);

enum { SRS_HTTP_DATE_SIZE = 30 };
// "Sun, 06 Nov 1994 08:49:37 GMT" of seconds since 1970; years 1 to 9999, else the nearest.
void srs_http_date_write(int64_t seconds, char out[SRS_HTTP_DATE_SIZE]);
// In any of the three forms that RFC 9110 knows; false for other text.
bool srs_http_date_read(const char *text, int64_t *seconds);
