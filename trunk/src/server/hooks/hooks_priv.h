// Between the files of hooks, and for their tests.
#pragma once
#include "server/hooks/hooks.h"

enum {
    SRS_HOOK_BODY_MAX = 64 * 1024,   // of a request: seven texts of 8 KiB
    SRS_HOOK_ANSWER_MAX = 64 * 1024, // of an answer: {"code":0}, or 32 URLs
    SRS_HOOK_DEPTH_MAX = 16,         // of its JSON
};

// --- bodies and answers -------------------------------------------------------------------------

// Texts may be NULL, which is "".
struct srs_hook_body {
    enum srs_hook hook;
    const char *server_id;
    const char *service_id;
    const char *client_id;
    const char *ip;
    const char *vhost;
    const char *app;
    const char *stream;
    const char *param;
    const char *tc_url;
    const char *page_url;
    const char *stream_url;
    const char *stream_id; // NULL: the stream is not known
    int64_t clients;       // negative: neither
    uint64_t send_bytes;
    uint64_t recv_bytes;
};
// JSON, its members in the order of the hook. What is not UTF-8 becomes '?'. LIMIT, NO_MEMORY.
SRS_ERR srs_hook_body_write(const struct srs_hook_body *body, struct srs_buf *out);

// SRS_OK for a status of 200 or 201 with the body "0" or an object whose code is 0; else
// HTTP_STATUS_INVALID for another status, HTTP_DATA_INVALID for what is neither, RESPONSE_CODE for
// an object with another code or none.
SRS_ERR srs_hook_answer_read(unsigned status, struct srs_span body);
// The same, and then data.urls; SYSTEM_FORWARD_LOOP when there is no such list of texts.
SRS_ERR srs_hook_forward_read(unsigned status, struct srs_span body, struct srs_hook_urls *out);

// --- messages -----------------------------------------------------------------------------------

// A body on its way to its URLs.
struct srs_hook_message {
    struct srs_list link; // in its lane
    enum srs_hook hook;
    srs_usec timeout;
    srs_usec made_at;
    unsigned rounds; // that failed
    uint32_t done;   // bit a URL
    bool heard;      // of a question: a back-end may have heard it
    unsigned url_count;
    const char *urls[SRS_CONFIG_HOOK_URLS];
    struct srs_buf body;
    char text[]; // of the URLs
};
// Copies the URLs; a body is to be written. NO_MEMORY.
SRS_ERR srs_hook_message_new(enum srs_hook hook, const struct srs_config_words *urls,
                             srs_usec timeout, struct srs_hook_message **out);
void srs_hook_message_free(struct srs_hook_message *message);
size_t srs_hook_message_bytes(const struct srs_hook_message *message);

// --- the whole ----------------------------------------------------------------------------------

struct srs_hooks {
    struct srs_server *server;
    struct srs_fetcher *fetcher;
    struct srs_scope scope;
    struct srs_list lanes;  // clients of whom there is something to tell
    struct srs_list groups; // vhosts of these
    struct srs_event due;   // for the pacer
    struct srs_event moved; // a lane's state changed
    unsigned lane_count;
    unsigned pending; // messages in lanes
    size_t bytes;     // of these
    bool pacing;
    bool closing;
    srs_usec close_at;
    struct srs_log_limit lost_told;
    struct srs_log_limit failed_told;
};

struct srs_hook_reply {
    unsigned status;            // 0: there was none
    bool heard;                 // the back-end may have heard of it, also when the call failed
    struct srs_hook_urls *urls; // to be filled, of an on_forward; else NULL
};
// One call of one URL. Counts it. Errors of srs_fetch and of the answer.
SRS_YIELDS SRS_ERR srs_hooks_call(struct srs_hooks *hooks, const struct srs_hook_message *message,
                                  const char *url, srs_usec deadline, struct srs_hook_reply *reply);
// Counts a message that is given up.
void srs_hooks_count_lost(struct srs_hooks *hooks, enum srs_hook hook);

// --- notifications (notify.c) -------------------------------------------------------------------

// Takes the message. What is too much is lost, with a line in the log.
void srs_hooks_notify(struct srs_hooks *hooks, const char *client_id, const char *vhost,
                      struct srs_hook_message *message);
// Waits until what is to be told about the client has been, or has failed once.
SRS_YIELDS SRS_ERR srs_hooks_wait_told(struct srs_hooks *hooks, const char *client_id,
                                       srs_usec deadline);
// Until all is told or the deadline.
SRS_YIELDS void srs_hooks_drain(struct srs_hooks *hooks, srs_usec deadline);
// How many messages are dropped thereby.
unsigned srs_hooks_drop_lanes(struct srs_hooks *hooks);
// How long to wait after a round that failed: a second, doubled each time, a tenth more or less.
srs_usec srs_hooks_pause(unsigned rounds, uint32_t random);
// Whether trying again may help: a back-end that was not reached, or that said it is not well.
bool srs_hooks_may_retry(srs_err err, unsigned status);
