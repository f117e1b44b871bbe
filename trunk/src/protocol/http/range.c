#include "protocol/http/range.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// --- ranges -------------------------------------------------------------------------------------

// Digits up to what follows; *there is false when there are none. Larger numbers than a file can
// have are the largest.
static const char *read_number(const char *text, uint64_t *out, bool *there)
{
    *out = 0;
    *there = *text >= '0' && *text <= '9';
    for (; *text >= '0' && *text <= '9'; text++)
        *out = *out > (INT64_MAX - 9) / 10 ? INT64_MAX : *out * 10 + (uint64_t)(*text - '0');
    return text;
}

enum srs_http_range_kind srs_http_range_read(const char *value, uint64_t size,
                                             struct srs_http_range *out)
{
    static const char unit[] = "bytes=";
    uint64_t first;
    uint64_t last;
    bool has_first;
    bool has_last;
    if (value == NULL || strncasecmp(value, unit, sizeof unit - 1) != 0)
        return SRS_HTTP_RANGE_NONE;
    value = read_number(value + sizeof unit - 1 + strspn(value + sizeof unit - 1, " \t"), &first,
                        &has_first);
    if (*value != '-')
        return SRS_HTTP_RANGE_NONE;
    value = read_number(value + 1, &last, &has_last);
    if (value[strspn(value, " \t")] != '\0' || (!has_first && !has_last) ||
        (has_first && has_last && last < first))
        return SRS_HTTP_RANGE_NONE;
    if (size == 0 || (has_first ? first >= size : last == 0))
        return SRS_HTTP_RANGE_UNSATISFIABLE;
    if (!has_first) { // the last bytes
        first = last < size ? size - last : 0;
        last = size - 1;
    } else if (!has_last || last >= size) {
        last = size - 1;
    }
    *out = (struct srs_http_range){first, last};
    return SRS_HTTP_RANGE_ONE;
}

// --- entity tags --------------------------------------------------------------------------------

static const char *opaque_part(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

bool srs_http_etag_in(const char *list, const char *etag)
{
    etag = opaque_part(etag);
    size_t size = strlen(etag);
    list += strspn(list, " \t");
    if (*list == '*')
        return list[1 + strspn(list + 1, " \t")] == '\0';
    while (*list != '\0') {
        list = opaque_part(list + strspn(list, " \t,"));
        const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
        if (end == NULL)
            return false;
        end++;
        if ((size_t)(end - list) == size && memcmp(list, etag, size) == 0)
            return true;
        list = end + strspn(end, " \t");
        if (*list != ',')
            return false;
    }
    return false;
}

// --- dates --------------------------------------------------------------------------------------

void srs_http_date_write(int64_t seconds, char out[SRS_HTTP_DATE_SIZE])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int64_t year_1 = -62135596800;
    static const int64_t year_9999 = 253402300799;
    struct tm when;
    time_t at = seconds < year_1 ? year_1 : seconds > year_9999 ? year_9999 : seconds;
    (void)gmtime_r(&at, &when);
    (void)snprintf(out, SRS_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
                   days[when.tm_wday], (unsigned)when.tm_mday % 100, months[when.tm_mon],
                   (unsigned)(when.tm_year + 1900) % 10000, (unsigned)when.tm_hour % 100,
                   (unsigned)when.tm_min % 100, (unsigned)when.tm_sec % 100);
}

bool srs_http_date_read(const char *text, int64_t *seconds)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm when = {0};
        const char *end = strptime(text, forms[i], &when);
        if (end == NULL || *end != '\0')
            continue;
        *seconds = timegm(&when);
        return true;
    }
    return false;
}
