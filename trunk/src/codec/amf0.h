// AMF0, the value format of RTMP commands and of FLV script data ("Action Message Format -- AMF 0",
// 2007).
//
// Nothing is allocated: readers walk a srs_rd and give spans into its input, writers fill a srs_wr.
// Objects, ECMA arrays and typed objects are read alike, and the count of an ECMA array is a hint
// only (SRS writes 0, OBS 20). Reading fails with RTMP_AMF0_DECODE (another type, or truncated),
// RTMP_AMF0_INVALID (unknown marker), AMF0_DEPTH or LIMIT (too many values, a text that is too
// long); outputs hold nothing of use then, and the reader stands anywhere within its input.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    // Objects and arrays within each other. Deepest seen: 3 (keyframes in onMetaData, colorInfo).
    SRS_AMF0_DEPTH_MAX = 16,
    // In one value, those within it counted. An index of a long file has two for each key frame.
    SRS_AMF0_VALUES_MAX = 65536,
    // Of a text or an XML document. A token in a connect may have some KiB.
    SRS_AMF0_TEXT_MAX = 128 * 1024,
};

enum srs_amf0_type {
    SRS_AMF0_NUMBER = 0,
    SRS_AMF0_BOOLEAN = 1,
    SRS_AMF0_STRING = 2,
    SRS_AMF0_OBJECT = 3,
    SRS_AMF0_NULL = 5,
    SRS_AMF0_UNDEFINED = 6,
    SRS_AMF0_REFERENCE = 7,
    SRS_AMF0_ECMA_ARRAY = 8,
    SRS_AMF0_OBJECT_END = 9,
    SRS_AMF0_STRICT_ARRAY = 10,
    SRS_AMF0_DATE = 11,
    SRS_AMF0_LONG_STRING = 12,
    SRS_AMF0_UNSUPPORTED = 13,
    SRS_AMF0_XML = 15,
    SRS_AMF0_TYPED_OBJECT = 16,
    SRS_AMF0_AMF3 = 17,
    SRS_AMF0_NONE = 256, // end of input
};

struct srs_amf0_date {
    double ms; // since 1970
    int16_t zone;
};

// The marker of the next value, which stays; an unknown marker is given as it is.
enum srs_amf0_type srs_amf0_peek(const struct srs_rd *in);

SRS_ERR srs_amf0_read_number(struct srs_rd *in, double *out);
SRS_ERR srs_amf0_read_boolean(struct srs_rd *in, bool *out);
// String or long string.
SRS_ERR srs_amf0_read_string(struct srs_rd *in, struct srs_span *out);
// Null or undefined.
SRS_ERR srs_amf0_read_null(struct srs_rd *in);
SRS_ERR srs_amf0_read_reference(struct srs_rd *in, uint16_t *out);
SRS_ERR srs_amf0_read_date(struct srs_rd *in, struct srs_amf0_date *out);
SRS_ERR srs_amf0_read_xml(struct srs_rd *in, struct srs_span *out);

// Any value whole, also one in AMF3 (marker 17).
SRS_ERR srs_amf0_skip(struct srs_rd *in);
// The same, and gives the value's bytes, marker included.
SRS_ERR srs_amf0_read_any(struct srs_rd *in, struct srs_span *out);

// Walks an object, ECMA array or typed object:
//     err = srs_amf0_object_begin(&in, &object);
//     while (!err && (err = srs_amf0_object_next(&object, &key)) == SRS_OK && !object.ended) ...
// After next the reader stands at the value of `key`; a value that is left untouched is skipped by
// the next call. Input that ends where a key should begin ends the object too, with `unended` set:
// the end marker is missing.
struct srs_amf0_object {
    struct srs_rd *in;
    const uint8_t *value_at;    // of the last key; NULL before the first
    struct srs_span class_name; // of a typed object
    uint32_t declared;          // count that an ECMA array claims
    unsigned values;            // passed so far
    enum srs_amf0_type type;
    bool ended;
    bool unended;
};
SRS_ERR srs_amf0_object_begin(struct srs_rd *in, struct srs_amf0_object *out);
SRS_ERR srs_amf0_object_next(struct srs_amf0_object *object, struct srs_span *key);

// The same for a strict array: `left` elements are still to come, the reader stands at the one that
// next announced.
struct srs_amf0_array {
    struct srs_rd *in;
    const uint8_t *value_at;
    uint32_t left;
    unsigned values; // passed so far
    bool ended;
};
SRS_ERR srs_amf0_array_begin(struct srs_rd *in, struct srs_amf0_array *out);
SRS_ERR srs_amf0_array_next(struct srs_amf0_array *array);

// Look-up in the bytes of one object (as of srs_amf0_read_any): the first property named `key`.
// False when there is none, when it has another type, or when the object is malformed before it;
// *out is not touched then.
bool srs_amf0_find(struct srs_span object, const char *key, struct srs_rd *out);
bool srs_amf0_find_number(struct srs_span object, const char *key, double *out);
bool srs_amf0_find_boolean(struct srs_span object, const char *key, bool *out);
bool srs_amf0_find_string(struct srs_span object, const char *key, struct srs_span *out);

bool srs_amf0_equals(struct srs_span text, const char *literal);

// Writers. A text above 65535 bytes becomes a long string. Keys are at most 65535 bytes.
void srs_amf0_write_number(struct srs_wr *out, double value);
void srs_amf0_write_boolean(struct srs_wr *out, bool value);
void srs_amf0_write_string(struct srs_wr *out, const char *text);
void srs_amf0_write_span(struct srs_wr *out, struct srs_span text);
void srs_amf0_write_null(struct srs_wr *out);
void srs_amf0_write_undefined(struct srs_wr *out);
void srs_amf0_write_reference(struct srs_wr *out, uint16_t value);
void srs_amf0_write_date(struct srs_wr *out, struct srs_amf0_date date);
void srs_amf0_write_xml(struct srs_wr *out, struct srs_span text);
// Begin, then keys each followed by a value, then end (of an object and of an ECMA array).
void srs_amf0_write_object_begin(struct srs_wr *out);
void srs_amf0_write_typed_begin(struct srs_wr *out, struct srs_span class_name);
void srs_amf0_write_ecma_begin(struct srs_wr *out, uint32_t count);
void srs_amf0_write_key(struct srs_wr *out, const char *key);
void srs_amf0_write_key_span(struct srs_wr *out, struct srs_span key);
void srs_amf0_write_object_end(struct srs_wr *out);
// `count` values follow; there is no end.
void srs_amf0_write_array_begin(struct srs_wr *out, uint32_t count);

// A key and its value.
void srs_amf0_write_pair_number(struct srs_wr *out, const char *key, double value);
void srs_amf0_write_pair_boolean(struct srs_wr *out, const char *key, bool value);
void srs_amf0_write_pair_string(struct srs_wr *out, const char *key, const char *text);
