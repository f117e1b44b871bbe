// Shared by the parts of the server's machine: server.c (life, messages), server_answer.c (what is
// sent) and server_command.c (what the peer asks).
#pragma once
#include "protocol/rtmp/server.h"

enum srs_rtmp_server_state {
    SRS_RTMP_STATE_HANDSHAKE,
    SRS_RTMP_STATE_FRESH, // waits for connect
    SRS_RTMP_STATE_CONNECT_ASKED,
    SRS_RTMP_STATE_READY, // connected
    SRS_RTMP_STATE_PUBLISH_ASKED,
    SRS_RTMP_STATE_PUBLISHING,
    SRS_RTMP_STATE_PLAY_ASKED,
    SRS_RTMP_STATE_PLAYING,
    SRS_RTMP_STATE_REFUSED
};

// Of an answer: a status with a description of 300 bytes.
enum { SRS_RTMP_ANSWER_MAX = 512 };

// A payload on its way out, small because it lives on the stack of a viewer.
struct srs_rtmp_answer {
    struct srs_wr wr;
    uint8_t payload[SRS_RTMP_ANSWER_MAX];
};

void srs_rtmp_answer_begin(struct srs_rtmp_answer *answer);
SRS_ERR srs_rtmp_answer_send(struct srs_rtmp_server *server, const struct srs_rtmp_answer *answer,
                             uint32_t csid, uint8_t type, uint32_t msid);

// A control message that is one number.
SRS_ERR srs_rtmp_value_send(struct srs_rtmp_server *server, enum srs_rtmp_type type,
                            uint32_t value);
SRS_ERR srs_rtmp_status_send(struct srs_rtmp_server *server, uint32_t msid,
                             const struct srs_rtmp_status *status);
// A status of level "status".
SRS_ERR srs_rtmp_notice_send(struct srs_rtmp_server *server, uint32_t msid, const char *code,
                             const char *text);
// _result with null and then undefined or null; nothing for transaction 0, which asks for no
// answer.
SRS_ERR srs_rtmp_result_send(struct srs_rtmp_server *server, double transaction, bool undefined);
// onFCPublish or onFCUnpublish, if the peer sent FCPublish.
SRS_ERR srs_rtmp_fc_notice_send(struct srs_rtmp_server *server, const char *name, const char *code,
                                const char *text);

// The limits before publish or play count from here.
void srs_rtmp_server_setup_begin(struct srs_rtmp_server *server);
// The request, made if there is none, with the address of a forgotten one. NO_MEMORY, *out is valid
// then too.
SRS_ERR srs_rtmp_request_get(struct srs_rtmp_server *server, struct srs_rtmp_request **out);
void srs_rtmp_request_stream_free(struct srs_rtmp_request *request);

// OK with an event, AGAIN without.
SRS_ERR srs_rtmp_command_take(struct srs_rtmp_server *server, const struct srs_rtmp_msg *msg,
                              struct srs_rtmp_event *event);
