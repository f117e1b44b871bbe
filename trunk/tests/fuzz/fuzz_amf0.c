// Any bytes as a row of values: walking and skipping agree, and what is walked can be written and
// read again.
#include "codec/amf0.h"
#include "fuzz/fuzz.h"

// Writes the value again, from what the readers gave. False when it is malformed or cannot be
// walked.
static bool copy_value(struct srs_rd *in, struct srs_wr *out, unsigned depth);

static bool copy_object(struct srs_rd *in, struct srs_wr *out, unsigned depth)
{
    struct srs_amf0_object object;
    struct srs_span key = {NULL, 0};
    srs_err err = srs_amf0_object_begin(in, &object);
    if (!err && object.type == SRS_AMF0_OBJECT)
        srs_amf0_write_object_begin(out);
    else if (!err && object.type == SRS_AMF0_ECMA_ARRAY)
        srs_amf0_write_ecma_begin(out, object.declared);
    else if (!err)
        srs_amf0_write_typed_begin(out, object.class_name);
    while (!err && !object.ended) {
        err = srs_amf0_object_next(&object, &key);
        if (err || object.ended)
            break;
        srs_amf0_write_key_span(out, key);
        if (!copy_value(in, out, depth + 1))
            return false;
    }
    srs_amf0_write_object_end(out);
    return !err && !object.unended;
}

static bool copy_array(struct srs_rd *in, struct srs_wr *out, unsigned depth)
{
    struct srs_amf0_array array;
    srs_err err = srs_amf0_array_begin(in, &array);
    if (!err)
        srs_amf0_write_array_begin(out, array.left);
    while (!err && !array.ended) {
        err = srs_amf0_array_next(&array);
        if (!err && !array.ended && !copy_value(in, out, depth + 1))
            return false;
    }
    return !err;
}

static bool copy_number(struct srs_rd *in, struct srs_wr *out)
{
    double value = 0;
    srs_err err = srs_amf0_read_number(in, &value);
    srs_amf0_write_number(out, value);
    return !err;
}

static bool copy_boolean(struct srs_rd *in, struct srs_wr *out)
{
    bool value = false;
    srs_err err = srs_amf0_read_boolean(in, &value);
    srs_amf0_write_boolean(out, value);
    return !err;
}

static bool copy_text(struct srs_rd *in, struct srs_wr *out, bool xml)
{
    struct srs_span text = {NULL, 0};
    srs_err err = xml ? srs_amf0_read_xml(in, &text) : srs_amf0_read_string(in, &text);
    if (!err && xml)
        srs_amf0_write_xml(out, text);
    else if (!err)
        srs_amf0_write_span(out, text);
    return !err;
}

static bool copy_null(struct srs_rd *in, struct srs_wr *out)
{
    bool null = srs_amf0_peek(in) == SRS_AMF0_NULL;
    if (null)
        srs_amf0_write_null(out);
    else
        srs_amf0_write_undefined(out);
    return srs_amf0_read_null(in) == SRS_OK;
}

static bool copy_date(struct srs_rd *in, struct srs_wr *out)
{
    struct srs_amf0_date date = {0, 0};
    srs_err err = srs_amf0_read_date(in, &date);
    srs_amf0_write_date(out, date);
    return !err;
}

static bool copy_reference(struct srs_rd *in, struct srs_wr *out)
{
    uint16_t index = 0;
    srs_err err = srs_amf0_read_reference(in, &index);
    srs_amf0_write_reference(out, index);
    return !err;
}

static bool copy_raw(struct srs_rd *in, struct srs_wr *out)
{
    struct srs_span span;
    if (srs_amf0_read_any(in, &span) != SRS_OK)
        return false;
    srs_wr_bytes(out, span.bytes, span.size);
    return true;
}

static bool copy_value(struct srs_rd *in, struct srs_wr *out, unsigned depth)
{
    switch (srs_amf0_peek(in)) {
    case SRS_AMF0_OBJECT:
    case SRS_AMF0_ECMA_ARRAY:
    case SRS_AMF0_TYPED_OBJECT:
        return depth < SRS_AMF0_DEPTH_MAX && copy_object(in, out, depth);
    case SRS_AMF0_STRICT_ARRAY:
        return depth < SRS_AMF0_DEPTH_MAX && copy_array(in, out, depth);
    case SRS_AMF0_NUMBER:
        return copy_number(in, out);
    case SRS_AMF0_BOOLEAN:
        return copy_boolean(in, out);
    case SRS_AMF0_STRING:
    case SRS_AMF0_LONG_STRING:
        return copy_text(in, out, false);
    case SRS_AMF0_XML:
        return copy_text(in, out, true);
    case SRS_AMF0_NULL:
    case SRS_AMF0_UNDEFINED:
        return copy_null(in, out);
    case SRS_AMF0_DATE:
        return copy_date(in, out);
    case SRS_AMF0_REFERENCE:
        return copy_reference(in, out);
    default:
        return copy_raw(in, out);
    }
}

// `value` is a whole one. Walked and written it is not longer, and from then on stays as it is:
// only a boolean that is neither 0 nor 1 and a long string that is short change.
static void check_copies(struct srs_span value)
{
    struct srs_rd in = srs_rd_init(value.bytes, value.size);
    uint8_t *once = malloc(value.size), *twice = malloc(value.size);
    fuzz_assert(once != NULL && twice != NULL);
    struct srs_wr one = srs_wr_init(once, value.size);
    struct srs_wr two = srs_wr_init(twice, value.size);
    if (copy_value(&in, &one, 0)) {
        fuzz_assert(!one.bad && srs_rd_left(&in) == 0);
        in = srs_rd_init(once, one.size);
        fuzz_assert(copy_value(&in, &two, 0) && !two.bad);
        fuzz_assert_equal(once, one.size, twice, two.size);
    }
    free(once);
    free(twice);
}

static void look_up(struct srs_span value)
{
    double number;
    bool flag;
    struct srs_span text;
    (void)srs_amf0_find_number(value, "a", &number);
    (void)srs_amf0_find_boolean(value, "b", &flag);
    if (srs_amf0_find_string(value, "app", &text))
        fuzz_assert(text.bytes >= value.bytes && text.size < value.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_rd in = srs_rd_init(block.bytes, block.size);
    srs_err err = SRS_OK;

    while (!err && srs_rd_left(&in) > 0) {
        struct srs_span value;
        look_up((struct srs_span){in.at, srs_rd_left(&in)});
        err = srs_amf0_read_any(&in, &value);
        if (!err)
            check_copies(value);
    }
    (void)srs_bare(err);
    fuzz_block_free(&block);
    return 0;
}
