#pragma once
// Where to connect, from a URL: rtmp://IP:PORT/app/stream, http://IP:PORT/path, the same with rtmps
// and https, or raw://IP:PORT (bytes without protocol).
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define SRS_LOAD_NAME_BYTES 128

enum srs_load_kind { SRS_LOAD_RTMP, SRS_LOAD_FLV, SRS_LOAD_RAW };

struct srs_load_target {
    enum srs_load_kind kind;
    bool tls;
    struct sockaddr_in addr;
    char host[SRS_LOAD_NAME_BYTES];   // "IP:PORT" as written
    char app[SRS_LOAD_NAME_BYTES];    // RTMP: everything between host and stream; HTTP: the path's
                                      // folder
    char stream[SRS_LOAD_NAME_BYTES]; // RTMP: last component; HTTP: file name without its suffix
    char suffix[SRS_LOAD_NAME_BYTES]; // HTTP: from the last dot on, else empty
};

// False when the URL has another form or a part that is too long.
bool srs_load_target_parse(const char *url, struct srs_load_target *out);

// The name of stream `index` of `count`: with one stream it is the URL's own, else the index is
// appended.
void srs_load_target_name(const struct srs_load_target *target, size_t index, size_t count,
                          char out[SRS_LOAD_NAME_BYTES]);

// Starts connecting and returns the descriptor. `index` chooses one of many source addresses in
// 127.0.0.0/8, so that ports never run out. `rcvbuf` is SO_RCVBUF in bytes, 0 leaves it to the
// kernel. Returns -1 with errno set.
int srs_load_target_connect(const struct srs_load_target *target, size_t index, int rcvbuf);
