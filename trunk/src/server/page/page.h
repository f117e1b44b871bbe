// The player page: a fixed list of files. Three are part of the program, the player library is read
// once at the start. No path of a request reaches the file system.
#pragma once
#include "server/http/exchange.h"

struct srs_page;

struct srs_page_file {
    const char *path;
    const char *content_type;
    struct srs_span bytes;
};

// Looks for the player library beside the program (../npm/...) and below the working directory
// (objs/npm/...); without it the page says what is missing. Reads files: for the start only.
// NO_MEMORY.
SRS_ERR srs_page_load(struct srs_page **out);
void srs_page_free(struct srs_page *page);

// The file of that request path, NULL if there is none.
const struct srs_page_file *srs_page_find(const struct srs_page *page, const char *path);

// Answers GET and HEAD of a file of the page on a port of the HTTP server (sets *served), other
// methods with 405; leaves all else.
SRS_YIELDS SRS_ERR srs_page_serve(struct srs_exchange *exchange, bool *served);
