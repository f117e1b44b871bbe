// Objects of JSON for the answers: a small tree that is printed and freed. The one place that
// includes cJSON for writing. Nothing here yields.
//
// Counters and numbers with decimals are raw items, because cJSON's own numbers are doubles. Texts
// of peers are cut at SRS_API_TEXT_MAX bytes, and what is not UTF-8 in them is shown as '?', so an
// answer is always valid JSON.
#pragma once
#include "core/buf.h"
#include "core/time.h"

struct cJSON;

enum {
    SRS_API_TEXT_MAX = 1024, // a URL with a signed query; longer ones are of no client we know
    // Of one buffer of answer text: a piece of a list and the item that made it full. Five cut
    // texts, each byte of which may be escaped to six, are 31 KiB.
    SRS_API_BUFFER_MAX = 256 * 1024,
};

// Names are literals: they are not copied. What is put into a NULL object is dropped.
struct srs_json {
    struct cJSON *root;
    bool bad; // something could not be added, there was no memory
};

struct srs_json srs_json_new(void);
// Prints and frees the tree behind `prefix`. NO_MEMORY, LIMIT: then `out` is as it was.
SRS_ERR srs_json_finish(struct srs_json *json, const char *prefix, struct srs_buf *out);
// Frees it without that.
void srs_json_drop(struct srs_json *json);

struct cJSON *srs_json_put_object(struct srs_json *json, struct cJSON *in, const char *name);
struct cJSON *srs_json_put_array(struct srs_json *json, struct cJSON *in, const char *name);
// A further object of an array.
struct cJSON *srs_json_add_object(struct srs_json *json, struct cJSON *array);
void srs_json_add_text(struct srs_json *json, struct cJSON *array, const char *text);

void srs_json_put_count(struct srs_json *json, struct cJSON *in, const char *name, uint64_t value);
void srs_json_put_number(struct srs_json *json, struct cJSON *in, const char *name, int64_t value);
// With two decimals.
void srs_json_put_real(struct srs_json *json, struct cJSON *in, const char *name, double value);
// A number as it is written; the caller knows that it is one.
void srs_json_put_raw(struct srs_json *json, struct cJSON *in, const char *name, const char *text);
// Milliseconds; a clock that was read a moment later never makes it less than nothing.
void srs_json_put_ms(struct srs_json *json, struct cJSON *in, const char *name, srs_usec value);
void srs_json_put_flag(struct srs_json *json, struct cJSON *in, const char *name, bool value);
void srs_json_put_null(struct srs_json *json, struct cJSON *in, const char *name);
// NULL is "".
void srs_json_put_text(struct srs_json *json, struct cJSON *in, const char *name, const char *text);
