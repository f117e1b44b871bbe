// AMF0: real commands are printed and compared with their decoded text; malformed ones are told
// apart.
#include "codec/amf0.h"
#include "unit/codec/hex.h"
#include "unit/test.h"
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 4096 };

static struct srs_rd reader(const char *hex, uint8_t *bytes, size_t capacity)
{
    return srs_rd_init(bytes, hex_bytes(hex, bytes, capacity));
}

// ---- printing, in the notation of the vectors ----

struct text {
    char bytes[TEXT_MAX];
    size_t size;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, args);
    va_end(args);
    assert_true(size >= 0 && (size_t)size < sizeof text->bytes - text->size);
    text->size += (size_t)size;
}

static SRS_ERR print_value(struct srs_rd *in, struct text *text);

static SRS_ERR print_object(struct srs_rd *in, struct text *text)
{
    struct srs_amf0_object object;
    struct srs_span key = {NULL, 0};
    const char *comma = "";

    srs_err err = srs_amf0_object_begin(in, &object);
    if (!err && object.type == SRS_AMF0_ECMA_ARRAY)
        put(text, "ecma(%u)", object.declared);
    put(text, "{");
    while (!err && !object.ended) {
        err = srs_amf0_object_next(&object, &key);
        if (err || object.ended)
            break;
        put(text, "%s%.*s=", comma, (int)key.size, (const char *)key.bytes);
        comma = ", ";
        err = print_value(in, text);
    }
    put(text, "}");
    if (!err && object.unended)
        return srs_bare(SRS_E_RTMP_AMF0_DECODE);
    return err;
}

static SRS_ERR print_array(struct srs_rd *in, struct text *text)
{
    struct srs_amf0_array array;
    const char *comma = "";

    srs_err err = srs_amf0_array_begin(in, &array);
    put(text, "[");
    while (!err && !array.ended) {
        err = srs_amf0_array_next(&array);
        if (err || array.ended)
            break;
        put(text, "%s", comma);
        comma = ", ";
        err = print_value(in, text);
    }
    put(text, "]");
    return err;
}

static SRS_ERR print_value(struct srs_rd *in, struct text *text)
{
    double number = 0;
    bool flag = false;
    struct srs_span span = {NULL, 0};
    srs_err err;

    switch (srs_amf0_peek(in)) {
    case SRS_AMF0_NUMBER:
        err = srs_amf0_read_number(in, &number);
        put(text, "%.15g", number);
        return err;
    case SRS_AMF0_BOOLEAN:
        err = srs_amf0_read_boolean(in, &flag);
        put(text, "%s", flag ? "True" : "False");
        return err;
    case SRS_AMF0_OBJECT:
    case SRS_AMF0_ECMA_ARRAY:
        return print_object(in, text);
    case SRS_AMF0_STRICT_ARRAY:
        return print_array(in, text);
    case SRS_AMF0_NULL:
        put(text, "null");
        return srs_amf0_read_null(in);
    default:
        err = srs_amf0_read_string(in, &span);
        if (!err)
            put(text, "\"%.*s\"", (int)span.size, (const char *)span.bytes);
        return err;
    }
}

static SRS_ERR print_all(struct srs_rd in, struct text *text)
{
    srs_err err = SRS_OK;
    text->size = 0;
    text->bytes[0] = '\0';
    while (!err && srs_rd_left(&in) > 0) {
        put(text, "%s", text->size > 0 ? " " : "");
        err = print_value(&in, text);
    }
    return err;
}

// ---- vectors ----

struct section {
    char title[256];
    char decoded[TEXT_MAX];
    uint8_t bytes[2048];
    size_t size;
};

// The next section of a vector file; false at the end.
static bool section_next(FILE *file, struct section *section)
{
    static char line[TEXT_MAX];
    bool open = false;
    long at = ftell(file);
    section->size = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' && line[1] == '#') {
            if (open) {
                assert_int_equal(0, fseek(file, at, SEEK_SET));
                return true;
            }
            open = true;
            (void)snprintf(section->title, sizeof section->title, "%.200s", line + 3);
        } else if (open && line[0] == '#') {
            (void)snprintf(section->decoded, sizeof section->decoded, "%s", line + 2);
        } else if (open) {
            section->size += hex_bytes(line, section->bytes + section->size,
                                       sizeof section->bytes - section->size);
        }
        at = ftell(file);
    }
    return open;
}

static unsigned each_section(const char *path, void (*check)(const struct section *))
{
    static struct section section;
    unsigned count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (section_next(file, &section)) {
        if (strstr(section.title, "type 17") != NULL) { // selector byte
            memmove(section.bytes, section.bytes + 1, --section.size);
        }
        check(&section);
        count++;
    }
    assert_int_equal(0, fclose(file));
    return count;
}

static void check_decoded(const struct section *section)
{
    static struct text text;
    struct srs_rd in = srs_rd_init(section->bytes, section->size);
    assert_err(SRS_OK, print_all(in, &text), section->title);
    assert_string_equal(section->decoded, text.bytes);
}

static void test_amf0_given_real_commands_then_read_as_decoded(void **state)
{
    (void)state;
    assert_true(each_section("trunk/tests/vectors/amf0/connect.txt", check_decoded) >= 12);
    assert_int_equal(6, each_section("trunk/tests/vectors/amf0/messages.txt", check_decoded));
}

// Where a top-level value ends: a cut there is not an error.
static bool is_boundary(const struct section *section, size_t size)
{
    struct srs_rd in = srs_rd_init(section->bytes, section->size);
    while (in.at < section->bytes + size)
        assert_err(SRS_OK, srs_amf0_skip(&in), section->title);
    return in.at == section->bytes + size;
}

static SRS_ERR skip_all(const uint8_t *bytes, size_t size)
{
    struct srs_rd in = srs_rd_init(bytes, size);
    srs_err err = SRS_OK;
    while (!err && srs_rd_left(&in) > 0)
        err = srs_amf0_skip(&in);
    return err;
}

static void check_prefixes(const struct section *section)
{
    static struct text text;
    for (size_t size = 0; size < section->size; size++) {
        uint8_t *exact = malloc(size + 1);
        assert_non_null(exact);
        memcpy(exact + 1, section->bytes, size);
        struct srs_rd in = srs_rd_init(exact + 1, size);
        srs_err want = is_boundary(section, size) ? SRS_OK : SRS_E_RTMP_AMF0_DECODE;
        assert_err(want, print_all(in, &text), section->title);
        assert_err(want, skip_all(exact + 1, size), section->title);
        free(exact);
    }
}

static void test_amf0_given_every_prefix_then_decode_error_inside_values(void **state)
{
    (void)state;
    (void)each_section("trunk/tests/vectors/amf0/connect.txt", check_prefixes);
    (void)each_section("trunk/tests/vectors/amf0/messages.txt", check_prefixes);
}

// ---- single values ----

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
    size_t used;
} skips[] = {
    {"nothing", "", SRS_E_RTMP_AMF0_DECODE, 0},
    {"number", "00 3ff0000000000000 05", SRS_OK, 9},
    {"number short by a byte", "00 3ff00000000000", SRS_E_RTMP_AMF0_DECODE, 0},
    {"boolean", "01 01", SRS_OK, 2},
    {"boolean without value", "01", SRS_E_RTMP_AMF0_DECODE, 0},
    {"string", "02 0003 616263 05", SRS_OK, 6},
    {"string one past the end", "02 0004 616263", SRS_E_RTMP_AMF0_DECODE, 0},
    {"movie clip is reserved", "04", SRS_E_RTMP_AMF0_INVALID, 0},
    {"null", "05 05", SRS_OK, 1},
    {"undefined", "06", SRS_OK, 1},
    {"reference", "07 0001 05", SRS_OK, 3},
    {"reference short", "07 00", SRS_E_RTMP_AMF0_DECODE, 0},
    {"ECMA array that claims 4 billion", "08 ffffffff 0001 61 05 000009", SRS_OK, 12},
    {"end marker alone", "09", SRS_E_RTMP_AMF0_DECODE, 0},
    {"strict array", "0a 00000002 05 06 05", SRS_OK, 7},
    {"strict array of nothing", "0a 00000000 05", SRS_OK, 5},
    {"strict array that claims 4 billion", "0a ffffffff 05 06", SRS_E_RTMP_AMF0_DECODE, 0},
    {"date", "0b 4270000000000000 003c 05", SRS_OK, 11},
    {"date without zone", "0b 4270000000000000 00", SRS_E_RTMP_AMF0_DECODE, 0},
    {"long string", "0c 00000002 6162 05", SRS_OK, 7},
    {"long string of 4 GB", "0c ffffffff 6162", SRS_E_RTMP_AMF0_DECODE, 0},
    {"unsupported", "0d", SRS_OK, 1},
    {"record set is reserved", "0e", SRS_E_RTMP_AMF0_INVALID, 0},
    {"XML", "0f 00000003 3c612f 05", SRS_OK, 8},
    {"typed object", "10 0001 41 0001 61 05 000009", SRS_OK, 11},
    {"typed object with name past the end", "10 0009 41", SRS_E_RTMP_AMF0_DECODE, 0},
    {"unknown marker", "12", SRS_E_RTMP_AMF0_INVALID, 0},
    {"object without end", "03 0001 61 05", SRS_E_RTMP_AMF0_DECODE, 0},
    {"object cut after a key", "03 0001 61", SRS_E_RTMP_AMF0_DECODE, 0},
    {"end marker as value of a named key", "03 0001 61 09 000009", SRS_E_RTMP_AMF0_DECODE, 0},
    {"empty key with a value", "03 0000 05 000009", SRS_OK, 7},
    {"AMF3 undefined", "11 00 05", SRS_OK, 2},
    {"AMF3 true", "11 03 05", SRS_OK, 2},
    {"AMF3 without its marker", "11", SRS_E_RTMP_AMF0_DECODE, 0},
    {"AMF3 integer of 1 byte", "11 04 7f 05", SRS_OK, 3},
    {"AMF3 integer of 3 bytes", "11 04 ffff7f 05", SRS_OK, 5},
    {"AMF3 integer of 4 bytes", "11 04 ffffffff 05", SRS_OK, 6},
    {"AMF3 integer cut", "11 04 ffffff", SRS_E_RTMP_AMF0_DECODE, 0},
    {"AMF3 double", "11 05 3ff0000000000000 05", SRS_OK, 10},
    {"AMF3 string", "11 06 07 616263 05", SRS_OK, 6},
    {"AMF3 string by reference", "11 06 06 05", SRS_OK, 3},
    {"AMF3 date", "11 08 01 4270000000000000 05", SRS_OK, 11},
    {"AMF3 date by reference", "11 08 02 05", SRS_OK, 3},
    {"AMF3 byte array past the end", "11 0c 09 616263", SRS_E_RTMP_AMF0_DECODE, 0},
    {"AMF3 object cut", "11 0a 0b 01 04 05", SRS_E_RTMP_AMF0_DECODE, 0},
    {"AMF3 object", "11 0a 0b 01 03 61 04 05 01 05", SRS_OK, 9},
    {"AMF3 array", "11 09 01 01 05", SRS_OK, 4},
    {"AMF3 object inside an object, cut", "03 0001 61 11 0a 0b 01 000009", SRS_E_RTMP_AMF0_DECODE,
     0},
    {"AMF3 object inside an object", "03 0001 61 11 0a 0b 01 01 000009", SRS_OK, 12},
    {"AMF3 byte array inside an object", "03 0001 61 11 0c 05 af01 000009", SRS_OK, 12},
    {"AMF3 marker unknown", "11 12", SRS_E_RTMP_AMF0_INVALID, 0},
};

static void test_amf0_skip_given_values_then_length_or_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(skips); i++) {
        uint8_t bytes[64];
        struct srs_rd in = reader(skips[i].hex, bytes, sizeof bytes);
        assert_err(skips[i].want, srs_amf0_skip(&in), skips[i].why);
        if (skips[i].want == SRS_OK && (size_t)(in.at - bytes) != skips[i].used)
            fail_msg("%s: used %zu", skips[i].why, (size_t)(in.at - bytes));
    }
}

// `levels` objects within each other.
static size_t nest(uint8_t *bytes, size_t capacity, unsigned levels, bool arrays)
{
    struct srs_wr out = srs_wr_init(bytes, capacity);
    for (unsigned i = 0; i < levels; i++) {
        if (arrays) {
            srs_amf0_write_array_begin(&out, 1);
        } else {
            srs_amf0_write_object_begin(&out);
            srs_amf0_write_key(&out, "k");
        }
    }
    srs_amf0_write_null(&out);
    for (unsigned i = 0; i < levels && !arrays; i++)
        srs_amf0_write_object_end(&out);
    assert_false(out.bad);
    return out.size;
}

static void test_amf0_skip_given_depth_at_the_limit_then_ok_and_above_depth(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (int arrays = 0; arrays < 2; arrays++) {
        size_t size = nest(bytes, sizeof bytes, SRS_AMF0_DEPTH_MAX, arrays != 0);
        struct srs_rd in = srs_rd_init(bytes, size);
        assert_err(SRS_OK, srs_amf0_skip(&in), "at the limit");
        assert_int_equal(0, srs_rd_left(&in));
        size = nest(bytes, sizeof bytes, SRS_AMF0_DEPTH_MAX + 1, arrays != 0);
        in = srs_rd_init(bytes, size);
        assert_err(SRS_E_AMF0_DEPTH, srs_amf0_skip(&in), "one above");
    }
}

static void test_amf0_object_next_given_untouched_values_then_same_depth_limit(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct srs_amf0_object object;
    struct srs_span key;
    for (unsigned more = 0; more < 2; more++) {
        size_t size = nest(bytes, sizeof bytes, SRS_AMF0_DEPTH_MAX + more, false);
        struct srs_rd in = srs_rd_init(bytes, size);
        assert_err(SRS_OK, srs_amf0_object_begin(&in, &object), "begin");
        assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "first key");
        assert_err(more ? SRS_E_AMF0_DEPTH : SRS_OK, srs_amf0_object_next(&object, &key), "value");
        assert_int_equal(!more, object.ended);
    }
}

static void test_amf0_given_other_types_then_decode_error(void **state)
{
    (void)state;
    uint8_t bytes[8];
    double number;
    bool flag;
    uint16_t index;
    struct srs_span span;
    struct srs_amf0_date date;
    struct srs_amf0_object object;
    struct srs_amf0_array array;
    for (size_t size = 0; size < 2; size++) {
        const char *hex = size == 0 ? "" : "0d";
        struct srs_rd in = reader(hex, bytes, sizeof bytes);
        const srs_err want = SRS_E_RTMP_AMF0_DECODE;
        assert_err(want, srs_amf0_read_number(&in, &number), "number");
        assert_err(want, srs_amf0_read_boolean(&in, &flag), "boolean");
        assert_err(want, srs_amf0_read_string(&in, &span), "string");
        assert_err(want, srs_amf0_read_null(&in), "null");
        assert_err(want, srs_amf0_read_reference(&in, &index), "reference");
        assert_err(want, srs_amf0_read_date(&in, &date), "date");
        assert_err(want, srs_amf0_read_xml(&in, &span), "XML");
        assert_err(want, srs_amf0_object_begin(&in, &object), "object");
        assert_err(want, srs_amf0_array_begin(&in, &array), "array");
        assert_int_equal(size, srs_rd_left(&in));
    }
}

static void test_amf0_given_truncated_scalars_then_decode_error(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint16_t index;
    double number;
    bool flag;
    struct srs_span span;
    struct srs_amf0_date date;
    struct srs_amf0_object object;
    struct srs_amf0_array array;
    const srs_err want = SRS_E_RTMP_AMF0_DECODE;
    struct srs_rd in = reader("00 3ff00000000000", bytes, sizeof bytes);
    assert_err(want, srs_amf0_read_number(&in, &number), "number");
    in = reader("01", bytes, sizeof bytes);
    assert_err(want, srs_amf0_read_boolean(&in, &flag), "boolean");
    in = reader("07 00", bytes, sizeof bytes);
    assert_err(want, srs_amf0_read_reference(&in, &index), "reference");
    in = reader("0b 4270000000000000 00", bytes, sizeof bytes);
    assert_err(want, srs_amf0_read_date(&in, &date), "date");
    in = reader("0f 00000002 61", bytes, sizeof bytes);
    assert_err(want, srs_amf0_read_xml(&in, &span), "XML");
    in = reader("08 000000", bytes, sizeof bytes);
    assert_err(want, srs_amf0_object_begin(&in, &object), "ECMA array");
    in = reader("0a 00000003 05 05", bytes, sizeof bytes);
    assert_err(want, srs_amf0_array_begin(&in, &array), "array of more elements than bytes");
}

static void test_amf0_object_given_no_end_marker_then_ended_and_reported(void **state)
{
    (void)state;
    uint8_t bytes[32];
    struct srs_rd in = reader("08 00000000 0001 61 00 3ff0000000000000", bytes, sizeof bytes);
    struct srs_amf0_object object;
    struct srs_span key;
    double value = 0;
    assert_err(SRS_OK, srs_amf0_object_begin(&in, &object), "begin");
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "a");
    assert_err(SRS_OK, srs_amf0_read_number(&in, &value), "value");
    assert_false(object.ended);
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "end of input");
    assert_true(object.ended && object.unended);
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "ended stays ended");
    assert_true(value == 1);
}

static void test_amf0_object_given_typed_then_class_name(void **state)
{
    (void)state;
    uint8_t bytes[32];
    struct srs_rd in = reader("10 0002 4142 0001 61 05 0001 62 06 000009 05", bytes, sizeof bytes);
    struct srs_amf0_object object;
    struct srs_span key;
    assert_err(SRS_OK, srs_amf0_object_begin(&in, &object), "begin");
    assert_true(srs_amf0_equals(object.class_name, "AB"));
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "a");
    assert_true(srs_amf0_equals(key, "a"));
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "b, value of a untouched");
    assert_true(srs_amf0_equals(key, "b"));
    assert_err(SRS_OK, srs_amf0_object_next(&object, &key), "end");
    assert_true(object.ended && !object.unended);
    assert_int_equal(1, srs_rd_left(&in));
}

static void test_amf0_array_given_untouched_elements_then_skipped(void **state)
{
    (void)state;
    uint8_t bytes[32];
    struct srs_rd in = reader("0a 00000003 02 0001 61 05 01 01 06", bytes, sizeof bytes);
    struct srs_amf0_array array;
    bool flag = false;
    assert_err(SRS_OK, srs_amf0_array_begin(&in, &array), "begin");
    assert_err(SRS_OK, srs_amf0_array_next(&array), "first");
    assert_err(SRS_OK, srs_amf0_array_next(&array), "second");
    assert_int_equal(SRS_AMF0_NULL, srs_amf0_peek(&in));
    assert_err(SRS_OK, srs_amf0_array_next(&array), "third");
    assert_int_equal(0, array.left);
    assert_err(SRS_OK, srs_amf0_read_boolean(&in, &flag), "value");
    assert_true(flag && !array.ended);
    assert_err(SRS_OK, srs_amf0_array_next(&array), "end");
    assert_true(array.ended);
    assert_err(SRS_OK, srs_amf0_array_next(&array), "ended stays ended");
    assert_int_equal(SRS_AMF0_UNDEFINED, srs_amf0_peek(&in));

    in = reader("0a 00000002 02 0001 61", bytes, sizeof bytes);
    assert_err(SRS_OK, srs_amf0_array_begin(&in, &array), "begin");
    assert_err(SRS_OK, srs_amf0_array_next(&array), "first");
    assert_err(SRS_E_RTMP_AMF0_DECODE, srs_amf0_array_next(&array), "second is missing");
    in = reader("0a 00000002 04 05", bytes, sizeof bytes);
    assert_err(SRS_OK, srs_amf0_array_begin(&in, &array), "begin");
    assert_err(SRS_OK, srs_amf0_array_next(&array), "first");
    assert_err(SRS_E_RTMP_AMF0_INVALID, srs_amf0_array_next(&array), "reserved marker");
}

// ---- look-up ----

static void test_amf0_find_given_object_then_by_name_and_type(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    srs_amf0_write_ecma_begin(&out, 0);
    srs_amf0_write_pair_string(&out, "app", "live");
    srs_amf0_write_key(&out, "inner");
    srs_amf0_write_object_begin(&out);
    srs_amf0_write_pair_number(&out, "hidden", 5);
    srs_amf0_write_object_end(&out);
    srs_amf0_write_pair_number(&out, "rate", 2.5);
    srs_amf0_write_pair_boolean(&out, "fpad", true);
    srs_amf0_write_pair_number(&out, "rate", 9);
    srs_amf0_write_object_end(&out);
    struct srs_span object = {bytes, out.size};
    struct srs_span text = {NULL, 0};
    struct srs_rd in;
    double number = -1;
    bool flag = false;

    assert_true(srs_amf0_find_string(object, "app", &text));
    assert_true(srs_amf0_equals(text, "live"));
    assert_true(srs_amf0_find_number(object, "rate", &number));
    assert_true(number == 2.5); // the first of two
    assert_true(srs_amf0_find_boolean(object, "fpad", &flag) && flag);
    assert_true(srs_amf0_find(object, "inner", &in));
    assert_int_equal(SRS_AMF0_OBJECT, srs_amf0_peek(&in));

    number = -1;
    assert_false(srs_amf0_find_number(object, "hidden", &number));
    assert_false(srs_amf0_find_number(object, "app", &number));
    assert_false(srs_amf0_find_number(object, "rat", &number));
    assert_false(srs_amf0_find_string(object, "rate", &text));
    assert_false(srs_amf0_find_boolean(object, "rate", &flag));
    assert_false(srs_amf0_find(object, "", &in));
    assert_true(number == -1 && srs_amf0_equals(text, "live") && flag);

    object.size = 12; // inside "live"
    assert_false(srs_amf0_find_string(object, "app", &text));
    assert_false(srs_amf0_find_number(object, "rate", &number));
    assert_false(srs_amf0_find((struct srs_span){NULL, 0}, "app", &in));
    assert_null(srs_err_story(SRS_E_RTMP_AMF0_DECODE)); // look-ups leave no story behind
}

static void test_amf0_find_given_truncated_value_then_false(void **state)
{
    (void)state;
    uint8_t bytes[32];
    double number = -1;
    bool flag = false;
    size_t size = hex_bytes("03 0001 61 00 3ff00000000000", bytes, sizeof bytes);
    assert_false(srs_amf0_find_number((struct srs_span){bytes, size}, "a", &number));
    size = hex_bytes("03 0001 61 01", bytes, sizeof bytes);
    assert_false(srs_amf0_find_boolean((struct srs_span){bytes, size}, "a", &flag));
    assert_true(number == -1 && !flag);
}

// ---- writing ----

static void test_amf0_write_given_every_type_then_bytes(void **state)
{
    (void)state;
    static const char hex[] = "00 c000000000000000  01 00  02 0001 78  05 06  07 0102"
                              "03 0001 61 01 01 000009  08 00000002 0001 62 05 000009"
                              "10 0001 43 000009  0a 00000001 05  0b 4270000000000000 ffc4"
                              "0f 00000002 3c3e";
    uint8_t want[128];
    uint8_t got[128];
    size_t size = hex_bytes(hex, want, sizeof want);
    struct srs_wr out = srs_wr_init(got, sizeof got);
    srs_amf0_write_number(&out, -2);
    srs_amf0_write_boolean(&out, false);
    srs_amf0_write_string(&out, "x");
    srs_amf0_write_null(&out);
    srs_amf0_write_undefined(&out);
    srs_amf0_write_reference(&out, 0x102);
    srs_amf0_write_object_begin(&out);
    srs_amf0_write_pair_boolean(&out, "a", true);
    srs_amf0_write_object_end(&out);
    srs_amf0_write_ecma_begin(&out, 2);
    srs_amf0_write_key(&out, "b");
    srs_amf0_write_null(&out);
    srs_amf0_write_object_end(&out);
    srs_amf0_write_typed_begin(&out, (struct srs_span){(const uint8_t *)"C", 1});
    srs_amf0_write_object_end(&out);
    srs_amf0_write_array_begin(&out, 1);
    srs_amf0_write_null(&out);
    srs_amf0_write_date(&out, (struct srs_amf0_date){0x1p40, -60});
    srs_amf0_write_xml(&out, (struct srs_span){(const uint8_t *)"<>", 2});
    assert_false(out.bad);
    assert_int_equal(size, out.size);
    assert_memory_equal(want, got, size);

    struct srs_rd in = srs_rd_init(got, out.size);
    struct srs_span span = {NULL, 0};
    struct srs_amf0_date date = {0, 0};
    uint16_t index = 0;
    for (int i = 0; i < 5; i++)
        assert_err(SRS_OK, srs_amf0_skip(&in), "scalars");
    assert_err(SRS_OK, srs_amf0_read_reference(&in, &index), "reference");
    for (int i = 0; i < 3; i++)
        assert_err(SRS_OK, srs_amf0_skip(&in), "objects");
    assert_err(SRS_OK, srs_amf0_read_any(&in, &span), "array");
    assert_int_equal(6, span.size);
    assert_err(SRS_OK, srs_amf0_read_date(&in, &date), "date");
    assert_err(SRS_OK, srs_amf0_read_xml(&in, &span), "XML");
    assert_true(index == 0x102 && date.ms == 0x1p40 && date.zone == -60);
    assert_true(srs_amf0_equals(span, "<>"));
    assert_int_equal(0, srs_rd_left(&in));
    assert_int_equal(SRS_AMF0_NONE, srs_amf0_peek(&in));
}

static void test_amf0_write_given_text_above_16_bits_then_long_string(void **state)
{
    (void)state;
    static uint8_t text[UINT16_MAX + 1];
    static uint8_t bytes[UINT16_MAX + 16];
    memset(text, 'x', sizeof text);
    for (size_t size = UINT16_MAX; size <= UINT16_MAX + 1; size++) {
        struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
        struct srs_span got;
        srs_amf0_write_span(&out, (struct srs_span){text, size});
        struct srs_rd in = srs_rd_init(bytes, out.size);
        assert_int_equal(size == UINT16_MAX ? SRS_AMF0_STRING : SRS_AMF0_LONG_STRING,
                         srs_amf0_peek(&in));
        assert_err(SRS_OK, srs_amf0_read_string(&in, &got), "string");
        assert_int_equal(size, got.size);
        assert_int_equal(0, srs_rd_left(&in));
    }
}

static void test_amf0_write_given_no_room_then_measures(void **state)
{
    (void)state;
    struct srs_wr out = srs_wr_init(NULL, 0);
    srs_amf0_write_object_begin(&out);
    srs_amf0_write_pair_string(&out, "code", "x");
    srs_amf0_write_object_end(&out);
    assert_true(out.bad);
    assert_int_equal(1 + 2 + 4 + 1 + 2 + 1 + 3, out.size);
}

// An array of `count` nulls takes one value more.
static srs_err skip_nulls(unsigned count)
{
    size_t size = 5 + (size_t)count;
    uint8_t *bytes = srs_try_alloc(size);
    struct srs_wr wr = srs_wr_init(bytes, size);
    srs_amf0_write_array_begin(&wr, count);
    for (unsigned i = 0; i < count; i++)
        srs_amf0_write_null(&wr);
    struct srs_rd in = srs_rd_init(bytes, size);
    srs_err err = srs_amf0_skip(&in);
    struct srs_amf0_array array; // a walk that passes them counts too
    in = srs_rd_init(bytes, size);
    srs_err walked = srs_amf0_array_begin(&in, &array);
    while (!walked && !array.ended) {
        walked = srs_amf0_array_next(&array);
        if (!walked && !array.ended && array.left % 2 == 0)
            walked = srs_amf0_read_null(&in);
    }
    assert_err(count > SRS_AMF0_VALUES_MAX ? SRS_E_LIMIT : SRS_OK, walked, "walk");
    srs_free(bytes);
    return err;
}

static void test_amf0_given_more_values_than_the_limit_then_limit(void **state)
{
    (void)state;
    assert_err(SRS_OK, skip_nulls(SRS_AMF0_VALUES_MAX - 1), "at the limit");
    assert_err(SRS_E_LIMIT, skip_nulls(SRS_AMF0_VALUES_MAX), "one above");
    assert_err(SRS_E_LIMIT, skip_nulls(SRS_AMF0_VALUES_MAX + 1), "two above");
}

static void test_amf0_given_longer_text_than_the_limit_then_limit(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        size_t size = SRS_AMF0_TEXT_MAX + over;
        srs_err want = over ? SRS_E_LIMIT : SRS_OK;
        uint8_t *bytes = srs_try_alloc(5 + size);
        memset(bytes, 'x', 5 + size);
        for (int xml = 0; xml < 2; xml++) {
            struct srs_span text = {NULL, 0};
            struct srs_wr wr = srs_wr_init(bytes, 5);
            srs_wr_u8(&wr, xml ? SRS_AMF0_XML : SRS_AMF0_LONG_STRING);
            srs_wr_u32(&wr, (uint32_t)size);
            struct srs_rd in = srs_rd_init(bytes, 5 + size);
            assert_err(want, srs_amf0_skip(&in), "skipped");
            in = srs_rd_init(bytes, 5 + size);
            assert_err(want, xml ? srs_amf0_read_xml(&in, &text) : srs_amf0_read_string(&in, &text),
                       "read");
        }
        srs_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amf0_given_real_commands_then_read_as_decoded),
        cmocka_unit_test(test_amf0_given_every_prefix_then_decode_error_inside_values),
        cmocka_unit_test(test_amf0_skip_given_values_then_length_or_error),
        cmocka_unit_test(test_amf0_skip_given_depth_at_the_limit_then_ok_and_above_depth),
        cmocka_unit_test(test_amf0_object_next_given_untouched_values_then_same_depth_limit),
        cmocka_unit_test(test_amf0_given_other_types_then_decode_error),
        cmocka_unit_test(test_amf0_given_truncated_scalars_then_decode_error),
        cmocka_unit_test(test_amf0_object_given_no_end_marker_then_ended_and_reported),
        cmocka_unit_test(test_amf0_object_given_typed_then_class_name),
        cmocka_unit_test(test_amf0_array_given_untouched_elements_then_skipped),
        cmocka_unit_test(test_amf0_find_given_object_then_by_name_and_type),
        cmocka_unit_test(test_amf0_find_given_truncated_value_then_false),
        cmocka_unit_test(test_amf0_write_given_every_type_then_bytes),
        cmocka_unit_test(test_amf0_write_given_text_above_16_bits_then_long_string),
        cmocka_unit_test(test_amf0_write_given_no_room_then_measures),
        cmocka_unit_test(test_amf0_given_more_values_than_the_limit_then_limit),
        cmocka_unit_test(test_amf0_given_longer_text_than_the_limit_then_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
