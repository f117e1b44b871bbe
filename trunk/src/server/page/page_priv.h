// For the test: where the player library is looked for.
#pragma once
#include "server/page/page.h"

enum { SRS_PAGE_LIBRARY_MAX = 4 * 1024 * 1024 }; // mpegts.js is 270 KiB

// The first of paths[0..count) that is a regular file, not empty and not above
// SRS_PAGE_LIBRARY_MAX.
SRS_ERR srs_page_load_from(const char *const *paths, size_t count, struct srs_page **out);
