// Request targets (RFC 9112 section 3.2) and percent-encoding (RFC 3986 section 2.1).
#pragma once
#include "core/buf.h"
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>
#include <stddef.h>

// Appends `text` decoded (%XX, and '+' as a space if `plus`) and a terminator to *out.
// HTTP_URL_UNESCAPE for a bad escape and for control characters (NUL among them), written out or
// escaped; LIMIT if it does not fit. On failure what was written is of no use. *out may write to
// where `text` is.
SRS_ERR srs_http_unescape(const char *text, size_t text_size, bool plus, struct srs_wr *out);

// Appends a decoded path as it stands in a target or a Location: without a terminator, slashes
// kept. LIMIT and NO_MEMORY as srs_buf_append.
SRS_ERR srs_http_escape_path(struct srs_buf *out, const char *path, size_t limit);

// A target taken apart, in place: the strings are in the target's own bytes.
struct srs_http_target {
    const char *host; // of an absolute target, else NULL
    const char
        *path; // decoded; empty and "." segments are gone; begins with '/'; "*" for OPTIONS *
    const char *query; // as received; "" if none
};

// Changes `target`. HTTP_URL_NOT_CLEAN for a ".." segment, however it is written; HTTP_URL_UNESCAPE
// as above; HTTP_PARSE_URI for a target of another form, or with a fragment or user name.
SRS_ERR srs_http_target_split(char *target, struct srs_http_target *out);
