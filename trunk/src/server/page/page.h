// The player page, on the ports of the HTTP server, and the console below /console/, on those of
// the API too: a fixed list of files. They are part of the program but for the player library,
// which is read once at the start. No path of a request reaches the file system.
#pragma once
#include "server/http/exchange.h"

struct srs_page;

struct srs_page_file {
    const char *path;
    const char *content_type;
    unsigned ports; // that serve it
    struct srs_span bytes;
};

// Looks for the player library beside the program (../npm/...) and below the working directory
// (objs/npm/...); without it the page says what is missing. Reads files: for the start only.
// NO_MEMORY.
SRS_ERR srs_page_load(struct srs_page **out);
void srs_page_free(struct srs_page *page);

// The file of that request path, NULL if there is none.
const struct srs_page_file *srs_page_find(const struct srs_page *page, const char *path);

// Answers GET and HEAD of a file on a port that serves it (sets *served), other methods with 405;
// leaves all else. /console goes to /console/, of which all that is not there gets 404.
SRS_YIELDS SRS_ERR srs_page_serve(struct srs_exchange *exchange, bool *served);
