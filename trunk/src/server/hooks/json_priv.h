// One object of JSON, written member by member.
#pragma once
#include "core/buf.h"

// Writes until there is an error, which is kept for the end.
struct srs_hook_json {
    struct srs_buf *out;
    size_t limit;
    srs_err err;
    bool first;
};

void srs_hook_json_begin(struct srs_hook_json *json, struct srs_buf *out, size_t limit);
// What is not UTF-8 becomes '?'; NULL is "".
void srs_hook_json_text(struct srs_hook_json *json, const char *name, const char *text);
void srs_hook_json_count(struct srs_hook_json *json, const char *name, uint64_t value);
// A member that is JSON already.
void srs_hook_json_raw(struct srs_hook_json *json, const char *name, struct srs_span value);
// A list of texts: name, items, end.
void srs_hook_json_list(struct srs_hook_json *json, const char *name);
void srs_hook_json_item(struct srs_hook_json *json, const char *text);
void srs_hook_json_list_end(struct srs_hook_json *json);
// LIMIT, NO_MEMORY: of the first member that did not fit.
SRS_ERR srs_hook_json_end(struct srs_hook_json *json);
