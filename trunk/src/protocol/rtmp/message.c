// RTMP messages: control (RTMP 1.0 sections 5.4, 7.1.7), commands (7.2) and script data (7.1.3).
//
// Commands and data of the AMF3 types (17, 15) are one selector byte and then AMF0, in which each
// value may be in AMF3. Arguments that
// are missing take their defaults: real clients leave them out. Of enhanced RTMP only what a relay
// needs: it passes on every codec.
#include "protocol/rtmp/message.h"
#include "codec/amf3.h"
#include "codec/flv.h"
#include "core/mem.h"
#include <stddef.h>

SRS_ERR srs_rtmp_control_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_control *out)
{
    struct srs_rd rd = srs_rd_init(msg->payload.bytes, msg->payload.size);
    *out = (struct srs_rtmp_control){.type = msg->type};
    if (msg->type == SRS_RTMP_USER_CONTROL) {
        out->event = srs_rd_u16(&rd);
        if (out->event <= SRS_RTMP_PING_RESPONSE && out->event != 5)
            out->value = srs_rd_u32(&rd);
        if (out->event == SRS_RTMP_SET_BUFFER_LENGTH)
            out->buffer_ms = srs_rd_u32(&rd);
    } else {
        out->value = srs_rd_u32(&rd);
        if (msg->type == SRS_RTMP_SET_PEER_BANDWIDTH)
            out->limit_type = srs_rd_u8(&rd);
    }
    if (rd.bad)
        return srs_fail(SRS_E_RTMP_MESSAGE_DECODE, "control message type=%u event=%u of %zu bytes",
                        msg->type, out->event, msg->payload.size);
    return SRS_OK;
}

void srs_rtmp_control_write(struct srs_wr *out, const struct srs_rtmp_control *control)
{
    if (control->type == SRS_RTMP_USER_CONTROL) {
        srs_wr_u16(out, control->event);
        srs_wr_u32(out, control->value);
        if (control->event == SRS_RTMP_SET_BUFFER_LENGTH)
            srs_wr_u32(out, control->buffer_ms);
        return;
    }
    srs_wr_u32(out, control->value);
    if (control->type == SRS_RTMP_SET_PEER_BANDWIDTH)
        srs_wr_u8(out, control->limit_type);
}

// The selector byte of the AMF3 types is always 0.
static struct srs_rd amf_of(const struct srs_rtmp_msg *msg)
{
    struct srs_rd rd = srs_rd_init(msg->payload.bytes, msg->payload.size);
    if (msg->type == SRS_RTMP_COMMAND_AMF3 || msg->type == SRS_RTMP_DATA_AMF3)
        srs_rd_skip(&rd, 1);
    return rd;
}

SRS_ERR srs_rtmp_command_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_command *out)
{
    struct srs_rd rd = amf_of(msg);
    *out = (struct srs_rtmp_command){0};
    srs_err err = srs_amf0_read_string(&rd, &out->name);
    if (!err)
        err = srs_amf0_read_number(&rd, &out->transaction);
    if (!err && srs_rd_left(&rd) > 0)
        err = srs_amf0_read_any(&rd, &out->object);
    if (err)
        return srs_wrap(err, "command of %zu bytes", msg->payload.size);
    out->args = rd;
    return SRS_OK;
}

static bool has_amf3(const struct srs_rtmp_msg *msg)
{
    struct srs_rd rd = amf_of(msg);
    srs_err err = SRS_OK;
    while (!err && srs_amf0_peek(&rd) != SRS_AMF0_NONE && srs_amf0_peek(&rd) != SRS_AMF0_AMF3)
        err = srs_amf0_skip(&rd);
    srs_err_drop(err, "told when it is read");
    return !err && srs_amf0_peek(&rd) == SRS_AMF0_AMF3;
}

// All values in a row; only counted where there is no room.
static srs_err values_plain(struct srs_rd rd, struct srs_wr *out)
{
    srs_err err = SRS_OK;
    while (!err && srs_rd_left(&rd) > 0) {
        struct srs_span value = {NULL, 0};
        if (srs_amf0_peek(&rd) == SRS_AMF0_AMF3) {
            srs_rd_skip(&rd, 1);
            err = srs_amf3_to_amf0(&rd, out);
        } else {
            err = srs_amf0_read_any(&rd, &value);
            srs_wr_bytes(out, value.bytes, value.size);
        }
    }
    return err;
}

SRS_ERR srs_rtmp_command_plain(const struct srs_rtmp_msg *msg, uint8_t **room,
                               struct srs_rtmp_msg *out)
{
    struct srs_wr wr = srs_wr_init(NULL, 0);
    *room = NULL;
    *out = *msg;
    if (msg->type != SRS_RTMP_COMMAND_AMF3 || !has_amf3(msg))
        return SRS_OK;
    srs_err err = values_plain(amf_of(msg), &wr);
    if (err)
        return srs_wrap(err, "command of %zu bytes with AMF3", msg->payload.size);
    if (wr.size > SRS_RTMP_COMMAND_MAX)
        return srs_fail(SRS_E_LIMIT, "command of %zu bytes in AMF3 is %zu in AMF0",
                        msg->payload.size, wr.size);
    uint8_t *bytes = srs_try_alloc(wr.size);
    if (bytes == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "command with AMF3");
    wr = srs_wr_init(bytes, wr.size);
    err = values_plain(amf_of(msg), &wr);
    if (!err && wr.bad)
        err = srs_fail(SRS_E_RTMP_AMF0_DECODE, "name of a property above 64 KiB");
    if (err) {
        srs_free(bytes);
        return err;
    }
    out->type = SRS_RTMP_COMMAND;
    out->payload = (struct srs_span){bytes, wr.size};
    *room = bytes;
    return SRS_OK;
}

static srs_err text_copy(struct srs_span object, const char *key, size_t max, char **out)
{
    struct srs_span text = {NULL, 0};
    (void)srs_amf0_find_string(object, key, &text);
    if (text.size > max)
        return srs_fail(SRS_E_LIMIT, "connect: %s of %zu bytes", key, text.size);
    *out = srs_try_strndup(text.size > 0 ? (const char *)text.bytes : "", text.size);
    if (*out == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "connect: %s", key);
    return SRS_OK;
}

static srs_err texts_copy(struct srs_span object, struct srs_rtmp_connect *connect)
{
    const struct {
        const char *key;
        size_t max;
        char **out;
    } texts[] = {
        {"app", SRS_RTMP_URL_MAX, &connect->app},
        {"tcUrl", SRS_RTMP_URL_MAX, &connect->tc_url},
        {"pageUrl", SRS_RTMP_URL_MAX, &connect->page_url},
        {"swfUrl", SRS_RTMP_URL_MAX, &connect->swf_url},
        {"flashVer", SRS_RTMP_FLASH_VER_MAX, &connect->flash_ver},
    };
    for (size_t i = 0; i < SRS_COUNT(texts); i++) {
        srs_err err = text_copy(object, texts[i].key, texts[i].max, texts[i].out);
        if (err)
            return err;
    }
    return SRS_OK;
}

// --- what a client takes (Enhanced RTMP v2, "Enhancing NetConnection connect Command")
// ------------

enum { FOURCC_DECODES = 1, FOURCC_FORWARDS = 4 };

static bool is_any(struct srs_span name)
{
    return srs_amf0_equals(name, "*");
}

static uint32_t fourcc_bit(struct srs_span name)
{
    struct srs_rd rd = srs_rd_init(name.bytes, name.size);
    return name.size == 4 ? srs_flv_fourcc_bit(srs_rd_u32(&rd)) : 0;
}

static void fourccs_add(struct srs_rtmp_connect *connect, uint32_t bits)
{
    connect->fourccs |= bits;
    connect->tells_video |= (bits & SRS_FLV_VIDEO_BITS) != 0;
    connect->tells_audio |= (bits & SRS_FLV_AUDIO_BITS) != 0;
}

// Strings. A list without a FourCC of audio, as version 1 has them, says nothing about audio.
static srs_err fourcc_list_read(struct srs_rd *in, struct srs_rtmp_connect *connect)
{
    struct srs_amf0_array array;
    struct srs_span name;
    srs_err err = srs_amf0_array_begin(in, &array);
    while (!err) {
        err = srs_amf0_array_next(&array);
        if (err || array.ended)
            break;
        if (srs_amf0_peek(in) != SRS_AMF0_STRING)
            continue;
        err = srs_amf0_read_string(in, &name);
        if (!err)
            fourccs_add(connect, is_any(name) ? UINT32_MAX : fourcc_bit(name));
    }
    return err;
}

// FourCC to flags; "*" is for all of them and overrides the others. `kind` are the map's own bits.
static srs_err fourcc_map_read(struct srs_rd *in, uint32_t kind, struct srs_rtmp_connect *connect)
{
    struct srs_amf0_object object;
    struct srs_span name;
    uint32_t bits = 0;
    bool any = false;
    srs_err err = srs_amf0_object_begin(in, &object);
    while (!err) {
        double flags = 0;
        err = srs_amf0_object_next(&object, &name);
        if (err || object.ended)
            break;
        if (srs_amf0_peek(in) != SRS_AMF0_NUMBER)
            continue;
        err = srs_amf0_read_number(in, &flags);
        bool takes = flags >= 0 && flags <= UINT16_MAX &&
                     ((uint32_t)flags & (FOURCC_DECODES | FOURCC_FORWARDS)) != 0;
        any |= is_any(name) && takes;
        bits |= takes ? fourcc_bit(name) : 0;
    }
    connect->fourccs = (connect->fourccs & ~kind) | ((any ? UINT32_MAX : bits) & kind);
    return err;
}

// What of it cannot be read is as if it were not there: it is a hint, and the command was read.
static void fourccs_read(struct srs_span object, struct srs_rtmp_connect *connect)
{
    struct srs_rd rd;
    connect->has_four_cc_list = srs_amf0_find(object, "fourCcList", &rd);
    if (connect->has_four_cc_list && srs_amf0_peek(&rd) == SRS_AMF0_STRICT_ARRAY)
        srs_err_drop(fourcc_list_read(&rd, connect), "a hint");
    if (srs_amf0_find(object, "videoFourCcInfoMap", &rd)) {
        connect->tells_video = true;
        srs_err_drop(fourcc_map_read(&rd, SRS_FLV_VIDEO_BITS, connect), "a hint");
    }
    if (srs_amf0_find(object, "audioFourCcInfoMap", &rd)) {
        connect->tells_audio = true;
        srs_err_drop(fourcc_map_read(&rd, SRS_FLV_AUDIO_BITS, connect), "a hint");
    }
}

SRS_ERR srs_rtmp_connect_read(const struct srs_rtmp_command *command, struct srs_rtmp_connect *out)
{
    struct srs_rd rd = srs_rd_init(command->object.bytes, command->object.size);
    enum srs_amf0_type type = srs_amf0_peek(&rd);
    double caps_ex = 0;
    *out = (struct srs_rtmp_connect){.transaction = command->transaction};
    if (type != SRS_AMF0_OBJECT && type != SRS_AMF0_ECMA_ARRAY && type != SRS_AMF0_TYPED_OBJECT)
        return srs_fail(SRS_E_RTMP_REQ_CONNECT, "connect without an object, marker %d", (int)type);
    srs_err err = texts_copy(command->object, out);
    if (err) {
        srs_rtmp_connect_fini(out);
        return err;
    }
    (void)srs_amf0_find_number(command->object, "objectEncoding", &out->object_encoding);
    out->has_caps_ex = srs_amf0_find_number(command->object, "capsEx", &caps_ex);
    out->caps_ex = caps_ex >= 0 && caps_ex <= UINT16_MAX ? (uint32_t)caps_ex : 0;
    fourccs_read(command->object, out);
    return SRS_OK;
}

void srs_rtmp_connect_fini(struct srs_rtmp_connect *connect)
{
    srs_free(connect->app);
    srs_free(connect->tc_url);
    srs_free(connect->page_url);
    srs_free(connect->swf_url);
    srs_free(connect->flash_ver);
    *connect = (struct srs_rtmp_connect){0};
}

static void head_write(struct srs_wr *out, const char *name, double transaction)
{
    srs_amf0_write_string(out, name);
    srs_amf0_write_number(out, transaction);
}

static void text_pair(struct srs_wr *out, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        srs_amf0_write_pair_string(out, key, text);
}

void srs_rtmp_connect_write(struct srs_wr *out, const struct srs_rtmp_connect *connect)
{
    head_write(out, "connect", connect->transaction);
    srs_amf0_write_object_begin(out);
    text_pair(out, "app", connect->app);
    srs_amf0_write_pair_string(out, "type", "nonprivate");
    text_pair(out, "flashVer", connect->flash_ver);
    text_pair(out, "swfUrl", connect->swf_url);
    text_pair(out, "tcUrl", connect->tc_url);
    text_pair(out, "pageUrl", connect->page_url);
    if (connect->has_caps_ex)
        srs_amf0_write_pair_number(out, "capsEx", connect->caps_ex);
    if (connect->has_four_cc_list) {
        srs_amf0_write_key(out, "fourCcList");
        srs_amf0_write_array_begin(out, 1);
        srs_amf0_write_string(out, "*");
    }
    srs_amf0_write_object_end(out);
}

// A name argument; "" when it is missing, null or undefined.
static srs_err name_read(struct srs_rd *args, struct srs_span *out)
{
    enum srs_amf0_type type = srs_amf0_peek(args);
    *out = (struct srs_span){NULL, 0};
    if (type == SRS_AMF0_NONE)
        return SRS_OK;
    if (type == SRS_AMF0_NULL || type == SRS_AMF0_UNDEFINED)
        return srs_amf0_read_null(args);
    srs_err err = srs_amf0_read_string(args, out);
    if (err)
        return srs_wrap(err, "stream name");
    return SRS_OK;
}

SRS_ERR srs_rtmp_publish_read(const struct srs_rtmp_command *command, struct srs_rtmp_publish *out)
{
    struct srs_rd args = command->args;
    *out = (struct srs_rtmp_publish){0};
    srs_err err = name_read(&args, &out->stream);
    if (err)
        return err;
    if (srs_amf0_peek(&args) == SRS_AMF0_STRING)
        return srs_amf0_read_string(&args, &out->type);
    return SRS_OK;
}

SRS_ERR srs_rtmp_play_read(const struct srs_rtmp_command *command, struct srs_rtmp_play *out)
{
    struct srs_rd args = command->args;
    *out = (struct srs_rtmp_play){.start = -2, .duration = -1, .reset = true};
    srs_err err = name_read(&args, &out->stream);
    if (!err && srs_amf0_peek(&args) == SRS_AMF0_NUMBER)
        err = srs_amf0_read_number(&args, &out->start);
    if (!err && srs_amf0_peek(&args) == SRS_AMF0_NUMBER)
        err = srs_amf0_read_number(&args, &out->duration);
    if (!err && srs_amf0_peek(&args) == SRS_AMF0_BOOLEAN)
        err = srs_amf0_read_boolean(&args, &out->reset);
    return err;
}

static void server_data_write(struct srs_wr *out, const struct srs_rtmp_server_info *info)
{
    srs_amf0_write_key(out, "data");
    srs_amf0_write_ecma_begin(out, 0); // the count is a hint that nobody reads
    text_pair(out, "version", "3,5,3,888");
    text_pair(out, "srs_sig", info->signature);
    text_pair(out, "srs_server", info->server);
    text_pair(out, "srs_version", info->version);
    text_pair(out, "srs_server_ip", info->server_ip);
    srs_amf0_write_pair_number(out, "srs_pid", (double)info->pid);
    text_pair(out, "srs_id", info->id);
    srs_amf0_write_object_end(out);
}

// Enhanced RTMP: "*" with bit 4, every codec is forwarded.
static void enhanced_write(struct srs_wr *out, uint32_t caps_ex)
{
    static const char *const maps[] = {"videoFourCcInfoMap", "audioFourCcInfoMap"};
    srs_amf0_write_pair_number(out, "capsEx", caps_ex);
    for (size_t i = 0; i < SRS_COUNT(maps); i++) {
        srs_amf0_write_key(out, maps[i]);
        srs_amf0_write_object_begin(out);
        srs_amf0_write_pair_number(out, "*", 4);
        srs_amf0_write_object_end(out);
    }
    srs_amf0_write_key(out, "fourCcList");
    srs_amf0_write_array_begin(out, 1);
    srs_amf0_write_string(out, "*");
}

void srs_rtmp_connect_result_write(struct srs_wr *out, const struct srs_rtmp_connect *connect,
                                   const struct srs_rtmp_server_info *info)
{
    head_write(out, "_result", connect->transaction);
    srs_amf0_write_object_begin(out);
    srs_amf0_write_pair_string(out, "fmsVer", "FMS/3,5,3,888");
    srs_amf0_write_pair_number(out, "capabilities", 127);
    srs_amf0_write_pair_number(out, "mode", 1);
    srs_amf0_write_object_end(out);
    srs_amf0_write_object_begin(out);
    srs_amf0_write_pair_string(out, "level", "status");
    srs_amf0_write_pair_string(out, "code", "NetConnection.Connect.Success");
    srs_amf0_write_pair_string(out, "description", "Connection succeeded");
    srs_amf0_write_pair_number(out, "objectEncoding", connect->object_encoding);
    if (connect->has_four_cc_list || connect->has_caps_ex || connect->tells_video ||
        connect->tells_audio)
        enhanced_write(out, info->caps_ex);
    if (info->signature != NULL)
        server_data_write(out, info);
    srs_amf0_write_object_end(out);
}

static void status_object_write(struct srs_wr *out, const struct srs_rtmp_status *status)
{
    srs_amf0_write_object_begin(out);
    srs_amf0_write_pair_string(out, "level", status->level);
    srs_amf0_write_pair_string(out, "code", status->code);
    srs_amf0_write_pair_string(out, "description", status->description);
    text_pair(out, "clientid", status->client_id);
    text_pair(out, "tcUrl", status->tc_url);
    srs_amf0_write_object_end(out);
}

void srs_rtmp_on_status_write(struct srs_wr *out, const struct srs_rtmp_status *status)
{
    head_write(out, "onStatus", 0);
    srs_amf0_write_null(out);
    status_object_write(out, status);
}

void srs_rtmp_on_fc_publish_write(struct srs_wr *out, const char *name, const char *code,
                                  const char *description)
{
    head_write(out, name, 0);
    srs_amf0_write_null(out);
    srs_amf0_write_object_begin(out);
    srs_amf0_write_pair_string(out, "code", code);
    srs_amf0_write_pair_string(out, "description", description);
    srs_amf0_write_object_end(out);
}

void srs_rtmp_error_write(struct srs_wr *out, double transaction,
                          const struct srs_rtmp_status *status)
{
    head_write(out, "_error", transaction);
    srs_amf0_write_null(out);
    status_object_write(out, status);
}

void srs_rtmp_result_null_write(struct srs_wr *out, double transaction)
{
    head_write(out, "_result", transaction);
    srs_amf0_write_null(out);
    srs_amf0_write_null(out);
}

void srs_rtmp_result_undefined_write(struct srs_wr *out, double transaction)
{
    head_write(out, "_result", transaction);
    srs_amf0_write_null(out);
    srs_amf0_write_undefined(out);
}

void srs_rtmp_result_number_write(struct srs_wr *out, double transaction, double value)
{
    head_write(out, "_result", transaction);
    srs_amf0_write_null(out);
    srs_amf0_write_number(out, value);
}

void srs_rtmp_command_write(struct srs_wr *out, const char *name, double transaction,
                            const char *first, const char *second)
{
    head_write(out, name, transaction);
    srs_amf0_write_null(out);
    if (first != NULL)
        srs_amf0_write_string(out, first);
    if (second != NULL)
        srs_amf0_write_string(out, second);
}

void srs_rtmp_play_write(struct srs_wr *out, double transaction, const char *stream, double start)
{
    srs_rtmp_command_write(out, "play", transaction, stream, NULL);
    srs_amf0_write_number(out, start);
}

void srs_rtmp_sample_access_write(struct srs_wr *out)
{
    srs_amf0_write_string(out, "|RtmpSampleAccess");
    srs_amf0_write_boolean(out, true);
    srs_amf0_write_boolean(out, true);
}

void srs_rtmp_data_start_write(struct srs_wr *out)
{
    srs_amf0_write_string(out, "onStatus");
    srs_amf0_write_object_begin(out);
    srs_amf0_write_pair_string(out, "code", "NetStream.Data.Start");
    srs_amf0_write_object_end(out);
}

SRS_ERR srs_rtmp_data_read(const struct srs_rtmp_msg *msg, struct srs_rtmp_data *out)
{
    struct srs_rd rd = amf_of(msg);
    const uint8_t *at = rd.at;
    *out = (struct srs_rtmp_data){0};
    srs_err err = srs_amf0_read_string(&rd, &out->name);
    if (!err && srs_amf0_equals(out->name, "@clearDataFrame"))
        out->clear = true;
    if (!err && (out->clear || srs_amf0_equals(out->name, "@setDataFrame")) &&
        srs_rd_left(&rd) > 0) {
        at = rd.at;
        err = srs_amf0_read_string(&rd, &out->name);
    }
    if (!err && srs_rd_left(&rd) > 0)
        err = srs_amf0_read_any(&rd, &out->value);
    if (err)
        return srs_wrap(err, "script data of %zu bytes", msg->payload.size);
    out->rest = (struct srs_span){at, (size_t)(rd.end - at)};
    return SRS_OK;
}

void srs_rtmp_data_write(struct srs_wr *out, struct srs_span name, struct srs_span value)
{
    srs_amf0_write_span(out, name);
    srs_wr_bytes(out, value.bytes, value.size);
}
