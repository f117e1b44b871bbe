// HTTP and HTTPS calls to other servers, by libcurl on the reactor.
//
// A call waits in line, looks up the name (core/dns.c; the library's own resolver is never used),
// and is then driven by one coroutine that lives while there is something to do. Connections are
// kept for the next call and closed once nobody has called for a while. Redirects are not followed,
// proxies of the environment are not used.
#pragma once
#include "core/buf.h"
#include "core/net_tls.h"

enum {
    // Calls under way to one host and port; more of them wait in line, within their own deadlines.
    // A back-end that answers within 50 ms serves 600 calls a second with these.
    SRS_FETCH_SERVER_MAX = 32,
    SRS_FETCH_MAX = 96, // to all hosts together: below what is kept free of descriptors
    // Of these the last are for who has few under way, so that some hosts that hang do not hold up
    // the calls to all others.
    SRS_FETCH_SPARED = 32,
    SRS_FETCH_FEW = 4,
    SRS_FETCH_KEPT_MAX = 16,    // connections without a call
    SRS_FETCH_URL_MAX = 4096,   // bytes
    SRS_FETCH_HEAD_MAX = 32768, // of the answer, interim ones included
    SRS_FETCH_SHOWN = 160,      // bytes of a URL in a log line
};

struct srs_fetcher;

SRS_ERR srs_fetcher_new(struct srs_fetcher **out);
// All calls have ended before.
SRS_YIELDS void srs_fetcher_free(struct srs_fetcher *fetcher);

// All of it is borrowed for the call.
struct srs_fetch {
    const char *method;
    const char *url;
    const char *const *headers; // "Name: value"
    size_t header_count;
    struct srs_span body;
    struct srs_tls_client *trust; // for HTTPS, which nobody speaks without
    bool any_certificate;         // but then
    size_t answer_max;            // bytes of its body
};

struct srs_fetch_answer {
    unsigned status;
    bool begun;          // the server may have heard of it, also when the call failed
    struct srs_buf body; // the caller's
};

// HTTP_PARSE_URI for a URL of another kind than http and https, SYSTEM_DNS_RESOLVE, ST_CONNECT,
// TLS_HANDSHAKE, TLS_KEY_CRT for HTTPS with nobody to trust, HTTP_PARSE_HEADER for what is no HTTP,
// HTTP_RESPONSE_EOF for an answer that is cut short, LIMIT for one above a limit, SOCKET_WRITE,
// SOCKET_TIMEOUT at the deadline (with a story), NO_MEMORY, STACKS, CANCELED. *answer owns nothing
// then, and says whether the call was begun.
SRS_YIELDS SRS_ERR srs_fetch(struct srs_fetcher *fetcher, const struct srs_fetch *fetch,
                             srs_usec deadline, struct srs_fetch_answer *answer);

// http or https, with a host, and not too long: what a configuration may name.
SRS_ERR srs_fetch_check_url(const char *url);

// A URL for a log: without user, password, query and fragment, and cut where it is long.
void srs_fetch_shown(const char *url, char out[SRS_FETCH_SHOWN]);

struct srs_fetch_stats {
    unsigned running; // calls that have their turn
    unsigned waiting; // in line
    unsigned sockets; // connections, kept ones included
};
struct srs_fetch_stats srs_fetcher_stats(const struct srs_fetcher *fetcher);
