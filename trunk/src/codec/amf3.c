// AMF3. Section numbers are those of "Action Message Format -- AMF 3". One walk skips a value or
// writes it again as AMF0.
//
// Bounds: every member and element takes a byte of input at least, nesting is bounded, and the
// tables are. A reference to a long string is short, so what is written may be far larger than the
// input: writing beyond the room of `out` only counts, and costs nothing.
#include "codec/amf3.h"
#include "codec/amf0.h"
#include "core/mem.h"
#include <stdio.h>

enum {
    UNDEFINED = 0,
    NULL_VALUE = 1,
    FALSE_VALUE = 2,
    TRUE_VALUE = 3,
    INTEGER = 4,
    DOUBLE = 5,
    STRING = 6,
    XML_DOC = 7,
    DATE = 8,
    ARRAY = 9,
    OBJECT = 10,
    XML = 11,
    BYTE_ARRAY = 12,
    VECTOR_INT = 13,
    VECTOR_UINT = 14,
    VECTOR_DOUBLE = 15,
    VECTOR_OBJECT = 16,
    DICTIONARY = 17
};

// A class: its sealed members come in the order of their names.
struct traits {
    const uint8_t *names; // of the first one, in the input
    uint32_t sealed;
    bool dynamic;
    bool external;
};

struct walk {
    struct srs_rd *in;
    struct srs_wr *out;       // NULL: skip
    struct srs_span *strings; // NULL: skip
    unsigned *values;
    unsigned string_count;
    unsigned traits_count;
    struct traits traits[SRS_AMF3_TRAITS_MAX]; // [0..traits_count); the others are not set
};

static void walk_begin(struct walk *walk, struct srs_rd *in, unsigned *values)
{
    walk->in = in;
    walk->out = NULL;
    walk->strings = NULL;
    walk->values = values;
    walk->string_count = 0;
    walk->traits_count = 0; // setting the table too would cost more than most values
}

static srs_err truncated(const char *what)
{
    return srs_fail(SRS_E_RTMP_AMF0_DECODE, "input ends inside an AMF3 %s", what);
}

// Section 1.3.1: seven bits a byte, at most four bytes, the last with all eight.
static uint32_t read_u29(struct srs_rd *in)
{
    uint32_t value = 0;
    for (int i = 0; i < 3; i++) {
        uint8_t byte = srs_rd_u8(in);
        value = value << 7 | (byte & 0x7F);
        if ((byte & 0x80) == 0)
            return value;
    }
    return value << 8 | srs_rd_u8(in);
}

// Section 1.3.2: a new one, or the number of an earlier one. The empty one is never numbered. While
// skipping, an earlier one's text is not known; that it is not empty is.
static srs_err read_string(struct walk *walk, struct srs_rd *in, bool number, struct srs_span *out)
{
    static const uint8_t unknown[1] = {'?'};
    uint32_t head = read_u29(in);
    uint32_t value = head >> 1;
    if ((head & 1) == 0) {
        if (walk->strings != NULL && value >= walk->string_count)
            return srs_fail(SRS_E_RTMP_AMF0_DECODE, "AMF3 string %u of %u", value,
                            walk->string_count);
        *out = walk->strings != NULL ? walk->strings[value] : (struct srs_span){unknown, 1};
        return in->bad ? truncated("string") : SRS_OK;
    }
    *out = srs_rd_span(in, value);
    if (in->bad)
        return truncated("string");
    if (value > SRS_AMF0_TEXT_MAX)
        return srs_fail(SRS_E_LIMIT, "text of %u bytes in AMF3, at most %d", value,
                        SRS_AMF0_TEXT_MAX);
    if (walk->strings == NULL || !number || value == 0)
        return SRS_OK;
    if (walk->string_count == SRS_AMF3_STRINGS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d AMF3 strings", SRS_AMF3_STRINGS_MAX);
    walk->strings[walk->string_count++] = *out;
    return SRS_OK;
}

static void write_key(struct walk *walk, struct srs_span key)
{
    if (walk->out == NULL)
        return;
    if (key.size > UINT16_MAX) // no key of AMF0
        walk->out->bad = true;
    else
        srs_amf0_write_key_span(walk->out, key);
}

static void write_undefined(struct walk *walk)
{
    if (walk->out != NULL)
        srs_amf0_write_undefined(walk->out);
}

static srs_err value_walk(struct walk *walk, unsigned depth);

// A value that has no form in AMF0 is skipped inside one that has.
static srs_err value_silent(struct walk *walk, unsigned depth)
{
    struct srs_wr *out = walk->out;
    walk->out = NULL;
    srs_err err = value_walk(walk, depth);
    walk->out = out;
    return err;
}

// --- objects ------------------------------------------------------------------------------------

// Flex wraps arrays and objects in classes that write one value; others have forms of their own. A
// name that is the number of an earlier text counts as unknown, as it is while skipping.
static srs_err external_check(struct srs_rd name_at, struct srs_span name)
{
    bool numbered = (read_u29(&name_at) & 1) == 0;
    if (!numbered && (srs_amf0_equals(name, "flex.messaging.io.ArrayCollection") ||
                      srs_amf0_equals(name, "flex.messaging.io.ObjectProxy")))
        return SRS_OK;
    return srs_fail(SRS_E_RTMP_AMF0_DECODE, "AMF3 class of an unknown form, name of %zu bytes",
                    name.size);
}

static srs_err traits_add(struct walk *walk, uint32_t head, struct traits *out)
{
    struct srs_rd name_at = *walk->in;
    struct srs_span name;
    srs_err err = read_string(walk, walk->in, true, &name);
    if (err)
        return err;
    *out = (struct traits){.names = walk->in->at,
                           .sealed = head >> 4,
                           .dynamic = (head & 8) != 0,
                           .external = (head & 4) != 0};
    if (out->external) {
        out->sealed = 0;
        err = external_check(name_at, name);
    }
    for (uint32_t i = 0; !err && i < out->sealed; i++)
        err = read_string(walk, walk->in, true, &name);
    if (err)
        return err;
    if (walk->traits_count == SRS_AMF3_TRAITS_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d AMF3 classes", SRS_AMF3_TRAITS_MAX);
    walk->traits[walk->traits_count++] = *out;
    return SRS_OK;
}

static srs_err sealed_walk(struct walk *walk, const struct traits *traits, unsigned depth)
{
    struct srs_rd names = {.at = traits->names, .end = walk->in->end};
    srs_err err = SRS_OK;
    for (uint32_t i = 0; !err && i < traits->sealed; i++) {
        struct srs_span name;
        err = read_string(walk, &names, false, &name);
        if (err)
            return err;
        write_key(walk, name);
        err = value_walk(walk, depth + 1);
    }
    return err;
}

// Names and values up to an empty name.
static srs_err pairs_walk(struct walk *walk, unsigned depth)
{
    for (;;) {
        struct srs_span name;
        srs_err err = read_string(walk, walk->in, true, &name);
        if (err || name.size == 0)
            return err;
        write_key(walk, name);
        err = value_walk(walk, depth + 1);
        if (err)
            return err;
    }
}

static srs_err object_walk(struct walk *walk, unsigned depth)
{
    struct traits traits = {0};
    uint32_t head = read_u29(walk->in);
    srs_err err = SRS_OK;
    if (walk->in->bad)
        return truncated("object");
    if ((head & 1) == 0) {
        write_undefined(walk);
        return SRS_OK;
    }
    if ((head & 2) == 0) {
        if (head >> 2 >= walk->traits_count)
            return srs_fail(SRS_E_RTMP_AMF0_DECODE, "AMF3 class %u of %u", head >> 2,
                            walk->traits_count);
        traits = walk->traits[head >> 2];
    } else {
        err = traits_add(walk, head, &traits);
    }
    if (err)
        return err;
    if (traits.external)
        return value_walk(walk, depth + 1);
    if (walk->out != NULL)
        srs_amf0_write_object_begin(walk->out);
    err = sealed_walk(walk, &traits, depth);
    if (!err && traits.dynamic)
        err = pairs_walk(walk, depth);
    if (!err && walk->out != NULL)
        srs_amf0_write_object_end(walk->out);
    return err;
}

// --- arrays -------------------------------------------------------------------------------------

// An ECMA array in any case: whether there are names is not known when its head is written.
static srs_err array_walk(struct walk *walk, unsigned depth)
{
    uint32_t head = read_u29(walk->in);
    uint32_t count = head >> 1;
    if (walk->in->bad)
        return truncated("array");
    if ((head & 1) == 0) {
        write_undefined(walk);
        return SRS_OK;
    }
    if (walk->out != NULL)
        srs_amf0_write_ecma_begin(walk->out, count);
    srs_err err = pairs_walk(walk, depth);
    for (uint32_t i = 0; !err && i < count; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        if (walk->out != NULL)
            srs_amf0_write_key(walk->out, key);
        err = value_walk(walk, depth + 1);
    }
    if (!err && walk->out != NULL)
        srs_amf0_write_object_end(walk->out);
    return err;
}

// Sections 3.15 and 3.16, skipped: numbers of `size` bytes (0: values), or pairs of values.
static srs_err vector_skip(struct walk *walk, uint8_t type, unsigned depth)
{
    uint32_t head = read_u29(walk->in);
    uint64_t count = head >> 1;
    struct srs_span name;
    write_undefined(walk);
    if (walk->in->bad || (head & 1) == 0)
        return walk->in->bad ? truncated("vector") : SRS_OK;
    (void)srs_rd_u8(walk->in); // of fixed length, or with weak keys
    if (type <= VECTOR_DOUBLE) {
        srs_rd_skip(walk->in, (size_t)(count * (type == VECTOR_DOUBLE ? 8 : 4)));
        return walk->in->bad ? truncated("vector") : SRS_OK;
    }
    srs_err err = type == VECTOR_OBJECT ? read_string(walk, walk->in, true, &name) : SRS_OK;
    if (type == DICTIONARY)
        count *= 2;
    for (uint64_t i = 0; !err && i < count; i++)
        err = value_silent(walk, depth + 1);
    return err;
}

// --- values -------------------------------------------------------------------------------------

// Bytes behind a length; false for the number of an earlier one, whose bytes are not kept.
static bool read_counted(struct srs_rd *in, struct srs_span *out)
{
    uint32_t head = read_u29(in);
    if ((head & 1) == 0)
        return false;
    *out = srs_rd_span(in, head >> 1);
    return true;
}

static srs_err text_walk(struct walk *walk)
{
    struct srs_span text;
    srs_err err = read_string(walk, walk->in, true, &text);
    if (!err && walk->out != NULL)
        srs_amf0_write_span(walk->out, text);
    return err;
}

static void integer_walk(struct walk *walk)
{
    uint32_t bits = read_u29(walk->in);
    if (walk->out != NULL)
        srs_amf0_write_number(walk->out, (double)((int32_t)(bits << 3) >> 3));
}

static void double_walk(struct walk *walk)
{
    double value = srs_rd_f64(walk->in);
    if (walk->out != NULL)
        srs_amf0_write_number(walk->out, value);
}

static void date_walk(struct walk *walk)
{
    bool numbered = (read_u29(walk->in) & 1) == 0;
    struct srs_amf0_date date = {.ms = numbered ? 0 : srs_rd_f64(walk->in)};
    if (numbered)
        write_undefined(walk);
    else if (walk->out != NULL)
        srs_amf0_write_date(walk->out, date);
}

static void counted_walk(struct walk *walk, uint8_t type)
{
    struct srs_span bytes;
    bool is_new = read_counted(walk->in, &bytes);
    if (walk->out == NULL || walk->in->bad)
        return;
    if (is_new && type != BYTE_ARRAY)
        srs_amf0_write_xml(walk->out, bytes);
    else
        srs_amf0_write_undefined(walk->out);
}

// Objects, arrays and what else holds values.
static srs_err compound_walk(struct walk *walk, uint8_t type, unsigned depth)
{
    if (depth >= SRS_AMF3_DEPTH_MAX)
        return srs_fail(SRS_E_AMF0_DEPTH, "more than %d AMF3 objects deep", SRS_AMF3_DEPTH_MAX);
    if (type == ARRAY)
        return array_walk(walk, depth);
    if (type == OBJECT)
        return object_walk(walk, depth);
    return vector_skip(walk, type, depth);
}

static srs_err value_walk(struct walk *walk, unsigned depth)
{
    struct srs_rd *in = walk->in;
    uint8_t type = srs_rd_u8(in);
    if (++*walk->values > SRS_AMF0_VALUES_MAX)
        return srs_fail(SRS_E_LIMIT, "more than %d values in AMF3", SRS_AMF0_VALUES_MAX);
    switch (type) {
    case UNDEFINED: // also what a reader gives that has come to its end
        write_undefined(walk);
        break;
    case NULL_VALUE:
        if (walk->out != NULL)
            srs_amf0_write_null(walk->out);
        break;
    case FALSE_VALUE:
    case TRUE_VALUE:
        if (walk->out != NULL)
            srs_amf0_write_boolean(walk->out, type == TRUE_VALUE);
        break;
    case INTEGER:
        integer_walk(walk);
        break;
    case DOUBLE:
        double_walk(walk);
        break;
    case STRING:
        return text_walk(walk);
    case DATE:
        date_walk(walk);
        break;
    case XML_DOC:
    case XML:
    case BYTE_ARRAY:
        counted_walk(walk, type);
        break;
    default:
        if (type > DICTIONARY)
            return srs_fail(SRS_E_RTMP_AMF0_INVALID, "AMF3 marker %u", type);
        return compound_walk(walk, type, depth);
    }
    return in->bad ? truncated("value") : SRS_OK;
}

SRS_ERR srs_amf3_skip(struct srs_rd *in, unsigned depth, unsigned *values)
{
    struct walk walk;
    walk_begin(&walk, in, values);
    return value_walk(&walk, depth);
}

SRS_ERR srs_amf3_to_amf0(struct srs_rd *in, struct srs_wr *out)
{
    struct walk walk;
    unsigned values = 0;
    walk_begin(&walk, in, &values);
    walk.out = out;
    walk.strings = srs_try_alloc(SRS_AMF3_STRINGS_MAX * sizeof *walk.strings);
    if (walk.strings == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "AMF3 strings");
    srs_err err = value_walk(&walk, 0);
    srs_free(walk.strings);
    return err;
}
