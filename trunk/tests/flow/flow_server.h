// A server in the test's own process: all that a session and a listener find there, without
// signals, reload and the files of the page; and an RTMP client on a socket of its own, run by the
// test's coroutine.
#pragma once
#include "protocol/rtmp/client.h"
#include "server/listeners.h"
#include "server/server.h"
#include "test.h"

// Of the machine's own clock, also where the test has set another one (set_clock.h).
int64_t flow_real_usec(void);
enum { FLOW_LIMIT_USEC = 20000000 };

// Lets the others run until the condition holds, or fails.
#define flow_wait_for(condition)                                 \
    do {                                                         \
        for (int64_t began_ = flow_real_usec(); !(condition);) { \
            if (flow_real_usec() - began_ > FLOW_LIMIT_USEC)     \
                fail_msg("never: %s", #condition);               \
            assert_err(SRS_OK, srs_co_breathe(), #condition);    \
        }                                                        \
    } while (0)

// A configuration of that text.
struct srs_config *flow_config(const char *text);

struct flow_server {
    struct srs_server server;
    long descriptors; // before it
};

// The scheduler runs.
void flow_server_open(struct flow_server *flow, const char *config);
// Ends sessions that are there still. Nothing lives after the last of them, which was the first to
// be opened, and no descriptor is left.
SRS_YIELDS void flow_server_close(struct flow_server *flow);
// From here on the server has this configuration; listeners are left alone.
void flow_server_configure(struct flow_server *flow, const char *text);
// NULL when there is no such source of the default vhost's app "live".
struct srs_source *flow_source(const struct flow_server *flow, const char *stream);
bool flow_is_published(const struct flow_server *flow, const char *stream);
// The only client, or the one that came last.
struct srs_client *flow_client(const struct flow_server *flow);

// What is logged from begin to end, at info and above.
void flow_log_begin(void);
void flow_log_end(char *out, size_t size);
unsigned flow_count_of(const char *text, const char *word);

// --- a client -----------------------------------------------------------------------------------

struct flow_peer {
    struct srs_conn *conn;
    struct srs_conn *other; // the server's end, while its session lives
    struct srs_rtmp_client machine;
    bool started;
    unsigned video; // messages of each kind so far
    unsigned audio;
    unsigned data;
    uint32_t last_timestamp; // of a video message
    size_t last_size;
    uint8_t last_byte; // its first one
    unsigned ends;     // StreamEOF
    char codes[512];   // of statuses, each with a space behind
};

// A connection to the server, and a client that is going to ask for `stream` of "live" there.
void flow_peer_open(struct flow_peer *peer, struct flow_server *flow, const char *stream,
                    bool publish);
// The same with what the client says of itself; app and tcUrl are filled in where they are NULL.
void flow_peer_open_as(struct flow_peer *peer, struct flow_server *flow,
                       const struct srs_rtmp_client_config *config);
void flow_peer_free(struct flow_peer *peer);
// Until it publishes or plays; RTMP_REFUSED, SOCKET_READ; AGAIN when nothing comes.
SRS_YIELDS SRS_ERR flow_peer_start(struct flow_peer *peer);
// Both of them, successfully.
SRS_YIELDS void flow_peer_begin(struct flow_peer *peer, struct flow_server *flow,
                                const char *stream, bool publish);
// Takes what is there, counts it, and lets the others run: AGAIN, SOCKET_READ once the server has
// closed, errors of the machine.
SRS_YIELDS SRS_ERR flow_peer_take(struct flow_peer *peer);
// Takes what comes until the condition holds, or fails.
#define flow_peer_until(peer, condition)                                                      \
    do {                                                                                      \
        for (int64_t began_ = flow_real_usec(); !(condition);) {                              \
            srs_err taken_ = flow_peer_take(peer);                                            \
            bool over_ = flow_real_usec() - began_ > FLOW_LIMIT_USEC;                         \
            if ((over_ || taken_ != SRS_E_AGAIN) && !(condition))                             \
                fail_msg("%s: %s, told %s", #condition, srs_err_name(taken_), (peer)->codes); \
            (void)srs_bare(taken_);                                                           \
        }                                                                                     \
    } while (0)
bool flow_peer_was_told(const struct flow_peer *peer, const char *code);
// Takes what there is; whether the server has closed.
SRS_YIELDS bool flow_peer_is_closed(struct flow_peer *peer);

// What the machine does not say by itself. `text` and `number` (negative: none) are its arguments.
SRS_YIELDS void flow_peer_command(struct flow_peer *peer, uint32_t msid, const char *name,
                                  const char *text, double number);
SRS_YIELDS void flow_peer_flag(struct flow_peer *peer, const char *name, bool on);
// All that the machine has to say, and then these; the server has a few turns to take them.
SRS_YIELDS void flow_peer_write(struct flow_peer *peer, struct srs_span bytes);
// The length of the header is filled in.
SRS_YIELDS void flow_peer_message(struct flow_peer *peer, struct srs_rtmp_head head,
                                  struct srs_span body);
// Media of a publisher.
SRS_YIELDS void flow_peer_media(struct flow_peer *peer, uint8_t type, uint32_t ms,
                                struct srs_span body);
// A record of H.264, 96x64; frames with a NAL unit of so many bytes; audio whose codec has no
// record.
SRS_YIELDS void flow_peer_record(struct flow_peer *peer);
SRS_YIELDS void flow_peer_frame(struct flow_peer *peer, uint32_t ms, bool key, size_t size);
SRS_YIELDS void flow_peer_audio(struct flow_peer *peer, uint32_t ms);
