// RTMP messages: control messages, commands and the script data around media. Reads give spans into
// the message.
#pragma once
#include "codec/amf0.h"
#include "core/err.h"
#include "core/rdwr.h"
#include "protocol/rtmp/chunk.h"
#include <stdbool.h>
#include <stdint.h>

// RTMP 1.0 section 7.1.7, and the ping of section 3.7.
enum srs_rtmp_user_event {
    SRS_RTMP_STREAM_BEGIN = 0,
    SRS_RTMP_STREAM_EOF = 1,
    SRS_RTMP_STREAM_DRY = 2,
    SRS_RTMP_SET_BUFFER_LENGTH = 3,
    SRS_RTMP_STREAM_IS_RECORDED = 4,
    SRS_RTMP_PING_REQUEST = 6,
    SRS_RTMP_PING_RESPONSE = 7
};

enum { SRS_RTMP_BANDWIDTH_HARD = 0, SRS_RTMP_BANDWIDTH_SOFT = 1, SRS_RTMP_BANDWIDTH_DYNAMIC = 2 };

// Any control message (types 1 to 6), sections 5.4 and 7.1.7.
struct srs_rtmp_control {
    uint8_t type;
    uint8_t limit_type; // Set Peer Bandwidth
    uint16_t event;     // User Control
    uint32_t value;     // size, csid, bytes received; of an event: message stream id or ping time
    uint32_t buffer_ms; // SetBufferLength
};

// RTMP_MESSAGE_DECODE when it is shorter than its fields. The data of an unknown event is not read
// (value 0).
SRS_ERR srs_rtmp_control_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_control *out);
void srs_rtmp_control_write(struct srs_wr *out, const struct srs_rtmp_control *control);

// Command messages (types 20, 17): name, transaction, object, arguments.
struct srs_rtmp_command {
    struct srs_span name;
    double transaction;
    struct srs_span object; // bytes of the value after the transaction, {NULL, 0} if there is none
    struct srs_rd args;     // all after it
};
SRS_ERR srs_rtmp_command_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_command *out);

// A command of type 17 may hold values in AMF3: then *out is the same command in AMF0, its payload
// in *room, which the caller frees; any other message is given back as it is, with *room NULL. What
// is malformed before the first value in AMF3 is left to srs_rtmp_command_read. Errors of AMF3,
// LIMIT when it would be longer than SRS_RTMP_COMMAND_MAX, NO_MEMORY.
SRS_ERR srs_rtmp_command_plain(const struct srs_rtmp_msg *msg, uint8_t **room,
                               struct srs_rtmp_msg *out);

// Longest texts taken from a peer's connect; addresses with tokens of 1 KiB are in use.
enum { SRS_RTMP_NAME_MAX = 512, SRS_RTMP_URL_MAX = 4096, SRS_RTMP_FLASH_VER_MAX = 512 };

struct srs_rtmp_connect {
    double transaction;
    char *app; // these five are own copies, "" when absent
    char *tc_url;
    char *page_url;
    char *swf_url;
    char *flash_ver;
    double object_encoding;
    uint32_t caps_ex; // enhanced RTMP: bits 1 reconnect, 2 multitrack, 4 ModEx, 8 nanosecond offset
    bool has_caps_ex;
    bool has_four_cc_list;
    bool tells_video; // it says which video FourCCs it takes (decodes or forwards)
    bool tells_audio;
    uint32_t fourccs; // these, bits of srs_flv_fourcc_bit
};

// On failure *out owns nothing. RTMP_REQ_CONNECT without an object, LIMIT for a text that is too
// long, NO_MEMORY.
SRS_ERR srs_rtmp_connect_read(const struct srs_rtmp_command *command, struct srs_rtmp_connect *out);
void srs_rtmp_connect_fini(struct srs_rtmp_connect *connect);
// Only the texts that are not "" or NULL.
void srs_rtmp_connect_write(struct srs_wr *out, const struct srs_rtmp_connect *connect);

// A missing or null stream name is "".
struct srs_rtmp_publish {
    struct srs_span stream;
    struct srs_span type; // "live", "record", "append" or ""
};
SRS_ERR srs_rtmp_publish_read(const struct srs_rtmp_command *command, struct srs_rtmp_publish *out);

struct srs_rtmp_play {
    struct srs_span stream;
    double start;    // negative: live; clients write -1, -2, -1000, -2000
    double duration; // negative: endless
    bool reset;
};
SRS_ERR srs_rtmp_play_read(const struct srs_rtmp_command *command, struct srs_rtmp_play *out);

// What the answer to connect tells of the server. NULL texts are left out.
struct srs_rtmp_server_info {
    const char *signature; // "SRS"; without it there is no "data" object
    const char *server;
    const char *version;
    const char *server_ip;
    const char *id;
    long pid;
    uint32_t caps_ex; // what we support of enhanced RTMP, told to clients that speak it
};
void srs_rtmp_connect_result_write(struct srs_wr *out, const struct srs_rtmp_connect *connect,
                                   const struct srs_rtmp_server_info *info);

struct srs_rtmp_status {
    const char *level; // "status" or "error"
    const char *code;
    const char *description;
    const char *client_id; // NULL = left out
    const char *tc_url;    // of a reconnect request; NULL = left out
};
void srs_rtmp_on_status_write(struct srs_wr *out, const struct srs_rtmp_status *status);
void srs_rtmp_on_fc_publish_write(struct srs_wr *out, const char *name, const char *code,
                                  const char *description);
// _error: id, null, information object.
void srs_rtmp_error_write(struct srs_wr *out, double transaction,
                          const struct srs_rtmp_status *status);
void srs_rtmp_result_null_write(struct srs_wr *out, double transaction);
void srs_rtmp_result_undefined_write(struct srs_wr *out, double transaction);
void srs_rtmp_result_number_write(struct srs_wr *out, double transaction, double value);
// Command without arguments, with one text or with a text and a text.
void srs_rtmp_command_write(struct srs_wr *out, const char *name, double transaction,
                            const char *first, const char *second);
void srs_rtmp_play_write(struct srs_wr *out, double transaction, const char *stream, double start);

// Script data (types 18, 15) for players.
void srs_rtmp_sample_access_write(struct srs_wr *out);
void srs_rtmp_data_start_write(struct srs_wr *out);

// Script data: @setDataFrame is taken off, so that name and value are what a player gets.
struct srs_rtmp_data {
    struct srs_span name;  // "onMetaData"
    struct srs_span value; // bytes of the first value, {NULL, 0} if none
    struct srs_span rest;  // name and all values, as AMF0
    bool clear;            // @clearDataFrame
};
SRS_ERR srs_rtmp_data_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_data *out);
// Name and this one value, nothing behind: some players fail on bytes after it.
void srs_rtmp_data_write(struct srs_wr *out, struct srs_span name, struct srs_span value);
