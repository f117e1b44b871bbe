// AMF0. Section numbers are those of "Action Message Format -- AMF 0". Left out:
// resolving of references, which no RTMP peer sends.
//
// Bounds: every element of an object or array takes at least one byte, so the work is linear in the
// input, and its count is bounded by SRS_AMF0_VALUES_MAX; nesting is bounded by SRS_AMF0_DEPTH_MAX,
// which bounds the recursion of value_skip.
#include "codec/amf0.h"
#include "codec/amf3.h"
#include "core/assert.h"

enum srs_amf0_type srs_amf0_peek(const struct srs_rd *in)
{
    return srs_rd_left(in) > 0 ? (enum srs_amf0_type) * in->at : SRS_AMF0_NONE;
}

static SRS_ERR truncated(const char *what)
{
    return srs_fail(SRS_E_RTMP_AMF0_DECODE, "input ends inside %s", what);
}

static SRS_ERR marker_wrong(const struct srs_rd *in, const char *want)
{
    enum srs_amf0_type type = srs_amf0_peek(in);
    if (type == SRS_AMF0_NONE)
        return srs_fail(SRS_E_RTMP_AMF0_DECODE, "input ends before %s", want);
    return srs_fail(SRS_E_RTMP_AMF0_DECODE, "marker %u where %s should be", (unsigned)type, want);
}

static SRS_ERR marker_read(struct srs_rd *in, enum srs_amf0_type want, const char *name)
{
    if (srs_amf0_peek(in) != want)
        return marker_wrong(in, name);
    srs_rd_skip(in, 1);
    return SRS_OK;
}

static SRS_ERR text_check(size_t size)
{
    if (size > SRS_AMF0_TEXT_MAX)
        return srs_fail(SRS_E_LIMIT, "text of %zu bytes in AMF0, at most %d", size,
                        SRS_AMF0_TEXT_MAX);
    return SRS_OK;
}

SRS_ERR srs_amf0_read_number(struct srs_rd *in, double *out)
{
    srs_err err = marker_read(in, SRS_AMF0_NUMBER, "a number");
    if (err)
        return err;
    *out = srs_rd_f64(in);
    return in->bad ? truncated("a number") : SRS_OK;
}

SRS_ERR srs_amf0_read_boolean(struct srs_rd *in, bool *out)
{
    srs_err err = marker_read(in, SRS_AMF0_BOOLEAN, "a boolean");
    if (err)
        return err;
    *out = srs_rd_u8(in) != 0;
    return in->bad ? truncated("a boolean") : SRS_OK;
}

SRS_ERR srs_amf0_read_string(struct srs_rd *in, struct srs_span *out)
{
    enum srs_amf0_type type = srs_amf0_peek(in);
    if (type != SRS_AMF0_STRING && type != SRS_AMF0_LONG_STRING)
        return marker_wrong(in, "a string");
    srs_rd_skip(in, 1);
    *out = srs_rd_span(in, type == SRS_AMF0_STRING ? srs_rd_u16(in) : srs_rd_u32(in));
    return in->bad ? truncated("a string") : text_check(out->size);
}

SRS_ERR srs_amf0_read_null(struct srs_rd *in)
{
    enum srs_amf0_type type = srs_amf0_peek(in);
    if (type != SRS_AMF0_NULL && type != SRS_AMF0_UNDEFINED)
        return marker_wrong(in, "null");
    srs_rd_skip(in, 1);
    return SRS_OK;
}

SRS_ERR srs_amf0_read_reference(struct srs_rd *in, uint16_t *out)
{
    srs_err err = marker_read(in, SRS_AMF0_REFERENCE, "a reference");
    if (err)
        return err;
    *out = srs_rd_u16(in);
    return in->bad ? truncated("a reference") : SRS_OK;
}

SRS_ERR srs_amf0_read_date(struct srs_rd *in, struct srs_amf0_date *out)
{
    srs_err err = marker_read(in, SRS_AMF0_DATE, "a date");
    if (err)
        return err;
    out->ms = srs_rd_f64(in);
    out->zone = (int16_t)srs_rd_u16(in);
    return in->bad ? truncated("a date") : SRS_OK;
}

SRS_ERR srs_amf0_read_xml(struct srs_rd *in, struct srs_span *out)
{
    srs_err err = marker_read(in, SRS_AMF0_XML, "an XML document");
    if (err)
        return err;
    *out = srs_rd_span(in, srs_rd_u32(in));
    return in->bad ? truncated("an XML document") : text_check(out->size);
}

static SRS_ERR value_skip(struct srs_rd *in, unsigned depth, unsigned *values);

static SRS_ERR object_skip(struct srs_rd *in, unsigned depth, unsigned *values)
{
    for (;;) {
        size_t size = srs_rd_u16(in);
        srs_rd_skip(in, size);
        if (in->bad)
            return truncated("an object");
        if (size == 0 && srs_amf0_peek(in) == SRS_AMF0_OBJECT_END) {
            srs_rd_skip(in, 1);
            return SRS_OK;
        }
        srs_err err = value_skip(in, depth + 1, values);
        if (err)
            return err;
    }
}

static SRS_ERR array_skip(struct srs_rd *in, unsigned depth, unsigned *values)
{
    uint32_t count = srs_rd_u32(in);
    for (uint32_t i = 0; i < count; i++) {
        srs_err err = value_skip(in, depth + 1, values);
        if (err)
            return err;
    }
    return in->bad ? truncated("an array") : SRS_OK;
}

// Objects and arrays; `type` has been read.
static SRS_ERR compound_skip(struct srs_rd *in, enum srs_amf0_type type, unsigned depth,
                             unsigned *values)
{
    if (depth == SRS_AMF0_DEPTH_MAX)
        return srs_fail(SRS_E_AMF0_DEPTH, "more than %d objects deep", SRS_AMF0_DEPTH_MAX);
    if (type == SRS_AMF0_STRICT_ARRAY)
        return array_skip(in, depth, values);
    if (type == SRS_AMF0_ECMA_ARRAY)
        srs_rd_skip(in, 4);
    if (type == SRS_AMF0_TYPED_OBJECT)
        srs_rd_skip(in, srs_rd_u16(in));
    return object_skip(in, depth, values);
}

// False if the type is not one of those that have a length of their own.
static bool scalar_skip(struct srs_rd *in, enum srs_amf0_type type)
{
    switch (type) {
    case SRS_AMF0_NUMBER:
        srs_rd_skip(in, 8);
        return true;
    case SRS_AMF0_BOOLEAN:
        srs_rd_skip(in, 1);
        return true;
    case SRS_AMF0_STRING:
        srs_rd_skip(in, srs_rd_u16(in));
        return true;
    case SRS_AMF0_NULL:
    case SRS_AMF0_UNDEFINED:
    case SRS_AMF0_UNSUPPORTED:
        return true;
    case SRS_AMF0_REFERENCE:
        srs_rd_skip(in, 2);
        return true;
    case SRS_AMF0_DATE:
        srs_rd_skip(in, 10);
        return true;
    default:
        return false;
    }
}

static SRS_ERR long_text_skip(struct srs_rd *in)
{
    size_t size = srs_rd_u32(in);
    srs_rd_skip(in, size);
    return in->bad ? truncated("a value") : text_check(size);
}

static SRS_ERR count_value(unsigned *values)
{
    if (++*values > SRS_AMF0_VALUES_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d values in AMF0", SRS_AMF0_VALUES_MAX);
    return SRS_OK;
}

// `values` counts all there are in the value that the caller is at.
static SRS_ERR value_skip(struct srs_rd *in, unsigned depth, unsigned *values)
{
    enum srs_amf0_type type = srs_amf0_peek(in);
    srs_err err = count_value(values);
    if (err)
        return err;
    srs_rd_skip(in, 1);
    if (scalar_skip(in, type))
        return in->bad ? truncated("a value") : SRS_OK;
    switch (type) {
    case SRS_AMF0_NONE:
        return truncated("a value");
    case SRS_AMF0_OBJECT:
    case SRS_AMF0_ECMA_ARRAY:
    case SRS_AMF0_STRICT_ARRAY:
    case SRS_AMF0_TYPED_OBJECT:
        return compound_skip(in, type, depth, values);
    case SRS_AMF0_LONG_STRING:
    case SRS_AMF0_XML:
        return long_text_skip(in);
    case SRS_AMF0_OBJECT_END:
        return srs_fail(SRS_E_RTMP_AMF0_DECODE, "end marker where a value should be");
    case SRS_AMF0_AMF3:
        --*values; // it is counted there
        return srs_amf3_skip(in, depth, values);
    default: // 4 and 14 are reserved, above 17 there is nothing
        return srs_fail(SRS_E_RTMP_AMF0_INVALID, "marker %u", (unsigned)type);
    }
}

SRS_ERR srs_amf0_skip(struct srs_rd *in)
{
    unsigned values = 0;
    return value_skip(in, 0, &values);
}

SRS_ERR srs_amf0_read_any(struct srs_rd *in, struct srs_span *out)
{
    const uint8_t *from = in->at;
    srs_err err = srs_amf0_skip(in);
    if (err)
        return err;
    *out = (struct srs_span){from, (size_t)(in->at - from)};
    return SRS_OK;
}

SRS_ERR srs_amf0_object_begin(struct srs_rd *in, struct srs_amf0_object *out)
{
    *out = (struct srs_amf0_object){.in = in, .type = srs_amf0_peek(in)};
    if (out->type != SRS_AMF0_OBJECT && out->type != SRS_AMF0_ECMA_ARRAY &&
        out->type != SRS_AMF0_TYPED_OBJECT)
        return marker_wrong(in, "an object");
    srs_rd_skip(in, 1);
    if (out->type == SRS_AMF0_ECMA_ARRAY)
        out->declared = srs_rd_u32(in);
    if (out->type == SRS_AMF0_TYPED_OBJECT)
        out->class_name = srs_rd_span(in, srs_rd_u16(in));
    return in->bad ? truncated("the head of an object") : SRS_OK;
}

// Values within an object or array count as one deep, so that AMF3 is judged as in srs_amf0_skip of
// the whole.
static SRS_ERR skip_untouched(struct srs_rd *in, const uint8_t *value_at, unsigned *values)
{
    if (value_at == NULL)
        return SRS_OK;
    return in->at == value_at ? value_skip(in, 1, values) : count_value(values);
}

SRS_ERR srs_amf0_object_next(struct srs_amf0_object *object, struct srs_span *key)
{
    struct srs_rd *in = object->in;
    if (object->ended)
        return SRS_OK;
    srs_err err = skip_untouched(in, object->value_at, &object->values);
    if (err)
        return srs_wrap(err, "value of a property");
    if (srs_rd_left(in) == 0 && !in->bad) {
        object->ended = true;
        object->unended = true;
        return SRS_OK;
    }
    *key = srs_rd_span(in, srs_rd_u16(in));
    if (in->bad || srs_rd_left(in) == 0)
        return truncated("an object");
    object->value_at = in->at;
    if (key->size == 0 && srs_amf0_peek(in) == SRS_AMF0_OBJECT_END) {
        srs_rd_skip(in, 1);
        object->ended = true;
    }
    return SRS_OK;
}

SRS_ERR srs_amf0_array_begin(struct srs_rd *in, struct srs_amf0_array *out)
{
    srs_err err = marker_read(in, SRS_AMF0_STRICT_ARRAY, "a strict array");
    if (err)
        return err;
    *out = (struct srs_amf0_array){.in = in, .left = srs_rd_u32(in)};
    if (in->bad || out->left > srs_rd_left(in)) // an element takes a byte at least
        return truncated("an array");
    return SRS_OK;
}

SRS_ERR srs_amf0_array_next(struct srs_amf0_array *array)
{
    if (array->ended)
        return SRS_OK;
    srs_err err = skip_untouched(array->in, array->value_at, &array->values);
    if (err)
        return srs_wrap(err, "element of an array");
    if (array->left == 0) {
        array->ended = true;
        return SRS_OK;
    }
    array->left--;
    array->value_at = array->in->at;
    return srs_rd_left(array->in) > 0 ? SRS_OK : truncated("an array");
}

bool srs_amf0_equals(struct srs_span text, const char *literal)
{
    size_t size = strlen(literal);
    return text.size == size && (size == 0 || memcmp(text.bytes, literal, size) == 0);
}

bool srs_amf0_find(struct srs_span object, const char *key, struct srs_rd *out)
{
    struct srs_rd in = srs_rd_init(object.bytes, object.size);
    struct srs_amf0_object walk;
    struct srs_span name = {NULL, 0};

    srs_err err = srs_amf0_object_begin(&in, &walk);
    while (!err && !walk.ended) {
        err = srs_amf0_object_next(&walk, &name);
        if (!err && !walk.ended && srs_amf0_equals(name, key)) {
            *out = in;
            return true;
        }
    }
    srs_err_drop(err, "a malformed object has no such property");
    return false;
}

bool srs_amf0_find_number(struct srs_span object, const char *key, double *out)
{
    struct srs_rd in;
    double value;
    if (!srs_amf0_find(object, key, &in) || srs_amf0_peek(&in) != SRS_AMF0_NUMBER)
        return false;
    srs_err err = srs_amf0_read_number(&in, &value);
    srs_err_drop(err, "a truncated value is as good as none");
    if (!err)
        *out = value;
    return !err;
}

bool srs_amf0_find_boolean(struct srs_span object, const char *key, bool *out)
{
    struct srs_rd in;
    bool value;
    if (!srs_amf0_find(object, key, &in) || srs_amf0_peek(&in) != SRS_AMF0_BOOLEAN)
        return false;
    srs_err err = srs_amf0_read_boolean(&in, &value);
    srs_err_drop(err, "a truncated value is as good as none");
    if (!err)
        *out = value;
    return !err;
}

bool srs_amf0_find_string(struct srs_span object, const char *key, struct srs_span *out)
{
    struct srs_rd in;
    struct srs_span value;
    if (!srs_amf0_find(object, key, &in))
        return false;
    srs_err err = srs_amf0_read_string(&in, &value);
    srs_err_drop(err, "a truncated value, or one of another type, is as good as none");
    if (!err)
        *out = value;
    return !err;
}

static struct srs_span text_span(const char *text)
{
    return (struct srs_span){(const uint8_t *)text, strlen(text)};
}

void srs_amf0_write_number(struct srs_wr *out, double value)
{
    srs_wr_u8(out, SRS_AMF0_NUMBER);
    srs_wr_f64(out, value);
}

void srs_amf0_write_boolean(struct srs_wr *out, bool value)
{
    srs_wr_u8(out, SRS_AMF0_BOOLEAN);
    srs_wr_u8(out, value ? 1 : 0);
}

void srs_amf0_write_string(struct srs_wr *out, const char *text)
{
    srs_amf0_write_span(out, text_span(text));
}

void srs_amf0_write_span(struct srs_wr *out, struct srs_span text)
{
    bool is_long = text.size > UINT16_MAX;
    srs_assert(text.size <= UINT32_MAX);
    srs_wr_u8(out, is_long ? SRS_AMF0_LONG_STRING : SRS_AMF0_STRING);
    srs_wr_uint(out, text.size, is_long ? 4 : 2);
    srs_wr_bytes(out, text.bytes, text.size);
}

void srs_amf0_write_null(struct srs_wr *out)
{
    srs_wr_u8(out, SRS_AMF0_NULL);
}

void srs_amf0_write_undefined(struct srs_wr *out)
{
    srs_wr_u8(out, SRS_AMF0_UNDEFINED);
}

void srs_amf0_write_reference(struct srs_wr *out, uint16_t value)
{
    srs_wr_u8(out, SRS_AMF0_REFERENCE);
    srs_wr_u16(out, value);
}

void srs_amf0_write_date(struct srs_wr *out, struct srs_amf0_date date)
{
    srs_wr_u8(out, SRS_AMF0_DATE);
    srs_wr_f64(out, date.ms);
    srs_wr_u16(out, (uint16_t)date.zone);
}

void srs_amf0_write_xml(struct srs_wr *out, struct srs_span text)
{
    srs_assert(text.size <= UINT32_MAX);
    srs_wr_u8(out, SRS_AMF0_XML);
    srs_wr_u32(out, (uint32_t)text.size);
    srs_wr_bytes(out, text.bytes, text.size);
}

void srs_amf0_write_object_begin(struct srs_wr *out)
{
    srs_wr_u8(out, SRS_AMF0_OBJECT);
}

void srs_amf0_write_typed_begin(struct srs_wr *out, struct srs_span class_name)
{
    srs_wr_u8(out, SRS_AMF0_TYPED_OBJECT);
    srs_amf0_write_key_span(out, class_name);
}

void srs_amf0_write_ecma_begin(struct srs_wr *out, uint32_t count)
{
    srs_wr_u8(out, SRS_AMF0_ECMA_ARRAY);
    srs_wr_u32(out, count);
}

void srs_amf0_write_key(struct srs_wr *out, const char *key)
{
    srs_amf0_write_key_span(out, text_span(key));
}

void srs_amf0_write_key_span(struct srs_wr *out, struct srs_span key)
{
    srs_assert(key.size <= UINT16_MAX);
    srs_wr_u16(out, (uint16_t)key.size);
    srs_wr_bytes(out, key.bytes, key.size);
}

void srs_amf0_write_object_end(struct srs_wr *out)
{
    srs_wr_u16(out, 0);
    srs_wr_u8(out, SRS_AMF0_OBJECT_END);
}

void srs_amf0_write_array_begin(struct srs_wr *out, uint32_t count)
{
    srs_wr_u8(out, SRS_AMF0_STRICT_ARRAY);
    srs_wr_u32(out, count);
}

void srs_amf0_write_pair_number(struct srs_wr *out, const char *key, double value)
{
    srs_amf0_write_key(out, key);
    srs_amf0_write_number(out, value);
}

void srs_amf0_write_pair_boolean(struct srs_wr *out, const char *key, bool value)
{
    srs_amf0_write_key(out, key);
    srs_amf0_write_boolean(out, value);
}

void srs_amf0_write_pair_string(struct srs_wr *out, const char *key, const char *text)
{
    srs_amf0_write_key(out, key);
    srs_amf0_write_string(out, text);
}
