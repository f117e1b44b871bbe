// Headers of proxies: what senders write, what they must not, all prefixes, and bytes that are a
// connection's own.
#include "codec/hex.h"
#include "codec/proxy_header.h"
#include "test.h"
#include <stdio.h>

enum { BYTES_MAX = 4096 };

#define V2 "0d0a0d0a000d0a515549540a "

// A header, then bytes behind it that are not its own.
static const struct good {
    const char *why;
    const char *text; // of version 1
    const char *hex;  // of version 2 and of RTMP
    size_t size;
    unsigned family;
    uint8_t address[16];
    uint16_t port;
    bool canonical; // written again as it stands
} goods[] = {
    {"v1, IPv4",
     "PROXY TCP4 192.0.2.7 0.0.0.0 56324 0\r\nGET",
     NULL,
     38,
     4,
     {192, 0, 2, 7},
     56324,
     true},
    {"v1, as haproxy sends it",
     "PROXY TCP4 198.51.100.22 203.0.113.7 35646 80\r\n",
     NULL,
     47,
     4,
     {198, 51, 100, 22},
     35646,
     false},
    {"v1, IPv6",
     "PROXY TCP6 2001:db8::7 :: 65535 0\r\n\x16",
     NULL,
     35,
     6,
     {0x20, 1, 0xd, 0xb8, [15] = 7},
     65535,
     true},
    {"v1, the longest line",
     "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "65535 65535\r\n",
     NULL,
     104,
     6,
     {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
     65535,
     false},
    {"v1, nothing known", "PROXY UNKNOWN\r\n", NULL, 15, 0, {0}, 0, true},
    {"v1, nothing known, longest",
     "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
     NULL,
     107,
     0,
     {0},
     0,
     false},
    {"v2, IPv4",
     NULL,
     V2 "21 11 000c c0000207 00000000 dc04 0000 03",
     28,
     4,
     {192, 0, 2, 7},
     56324,
     true},
    {"v2, IPv6",
     NULL,
     V2 "21 21 0024 20010db8000000000000000000000007 00000000000000000000000000000000 ffff 0000",
     52,
     6,
     {0x20, 1, 0xd, 0xb8, [15] = 7},
     65535,
     true},
    {"v2, local", NULL, V2 "20 00 0000 03", 16, 0, {0}, 0, true},
    {"v2, local with an address",
     NULL,
     V2 "20 11 000c c0000207 c0000208 dc04 01bb",
     28,
     0,
     {0},
     0,
     false},
    {"v2, with TLVs",
     NULL,
     V2 "21 11 0014 c0000207 c0000208 dc04 01bb 04 0005 0102030405",
     36,
     4,
     {192, 0, 2, 7},
     56324,
     false},
    {"v2, of an unknown family", NULL, V2 "21 00 0003 010203", 19, 0, {0}, 0, false},
    {"v2, UDP", NULL, V2 "21 12 000c c0000207 c0000208 dc04 01bb", 28, 0, {0}, 0, false},
    {"v2, Unix socket", NULL, V2 "21 31 0002 0102", 18, 0, {0}, 0, false},
};

static const struct good rtmp_goods[] = {
    {"address", NULL, "f3 0004 c0a80102 03", 7, 4, {192, 168, 1, 2}, 0, true},
    {"address and more", NULL, "f3 0006 c0a8ff02 0102", 9, 4, {192, 168, 255, 2}, 0, false},
    {"too few bytes for one", NULL, "f3 0003 c0a801", 6, 0, {0}, 0, false},
    {"nothing", NULL, "f3 0000 03", 3, 0, {0}, 0, true},
};

typedef srs_err read_fn(struct srs_span in, struct srs_proxy_header *out);

static size_t bytes_of(const char *text, const char *hex, uint8_t out[BYTES_MAX])
{
    if (text == NULL)
        return hex_bytes(hex, out, BYTES_MAX);
    memcpy(out, text, strlen(text));
    return strlen(text);
}

static void check_good(const struct good *row, read_fn *read)
{
    uint8_t bytes[BYTES_MAX];
    uint8_t again[BYTES_MAX];
    struct srs_proxy_header header;
    struct srs_wr wr = srs_wr_init(again, sizeof again);
    size_t size = bytes_of(row->text, row->hex, bytes);
    for (size_t i = 0; i < row->size; i++)
        assert_err(SRS_E_AGAIN, read((struct srs_span){bytes, i}, &header), row->why);
    for (size_t i = row->size; i <= size; i++)
        assert_err(SRS_OK, read((struct srs_span){bytes, i}, &header), row->why);
    assert_int_not_equal(header.kind, SRS_PROXY_NONE);
    assert_int_equal(header.size, row->size);
    assert_int_equal(header.family, row->family);
    assert_memory_equal(header.address, row->address, sizeof header.address);
    assert_int_equal(header.port, row->port);
    srs_proxy_header_write(&wr, &header);
    assert_false(wr.bad);
    if (row->canonical) {
        assert_int_equal(wr.size, row->size);
        assert_memory_equal(again, bytes, row->size);
    }
}

static void
test_proxy_header_given_headers_then_the_client_and_all_prefixes_ask_for_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(goods); i++)
        check_good(&goods[i], srs_proxy_header_read);
}

static void
test_proxy_header_given_the_rtmp_header_then_the_client_and_prefixes_ask_for_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rtmp_goods); i++)
        check_good(&rtmp_goods[i], srs_proxy_header_read_rtmp);
}

static void test_proxy_header_given_other_bytes_then_none(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *hex;
        size_t after; // so many bytes tell
    } rows[] = {
        {"RTMP", "03 00000000", 1},
        {"TLS", "16 0301 0200 01", 1},
        {"GET", "474554202f", 1},
        {"POST", "504f5354", 2},
        {"PROPFIND", "50524f5046494e44", 4},
        {"PROXY without a space", "50524f585900", 6},
        {"empty lines and GET", "0d0a474554", 3},
        {"v2 with another byte", "0d0a0d0a000d0a515549540b", 12},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[BYTES_MAX];
        struct srs_proxy_header header = {.kind = SRS_PROXY_V1};
        size_t size = hex_bytes(rows[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n <= size; n++)
            assert_err(n < rows[i].after ? SRS_E_AGAIN : SRS_OK,
                       srs_proxy_header_read((struct srs_span){bytes, n}, &header), rows[i].why);
        assert_int_equal(header.kind, SRS_PROXY_NONE);
        assert_err(SRS_OK, srs_proxy_header_read_rtmp((struct srs_span){bytes, size}, &header),
                   rows[i].why);
        assert_int_equal(header.kind, SRS_PROXY_NONE);
    }
}

static void test_proxy_header_given_bad_ones_then_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *text;
        const char *hex;
    } rows[] = {
        {"UDP", "PROXY UDP4 192.0.2.7 192.0.2.8 1 2\r\n", NULL},
        {"no fields", "PROXY \r\n", NULL},
        {"no line end but LF", "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\n", NULL},
        {"LF alone", "PROXY \n", NULL},
        {"wrong family", "PROXY TCP6 192.0.2.7 192.0.2.8 1 2\r\n", NULL},
        {"no address", "PROXY TCP4 host 192.0.2.8 1 2\r\n", NULL},
        {"address of the other side", "PROXY TCP4 192.0.2.7 192.0.2.256 1 2\r\n", NULL},
        {"port too large", "PROXY TCP4 192.0.2.7 192.0.2.8 65536 2\r\n", NULL},
        {"port with a zero in front", "PROXY TCP4 192.0.2.7 192.0.2.8 01 2\r\n", NULL},
        {"negative port", "PROXY TCP4 192.0.2.7 192.0.2.8 -1 2\r\n", NULL},
        {"bad port of the other side", "PROXY TCP4 192.0.2.7 192.0.2.8 1 x\r\n", NULL},
        {"a port missing", "PROXY TCP4 192.0.2.7 192.0.2.8 1\r\n", NULL},
        {"two spaces", "PROXY TCP4  192.0.2.7 192.0.2.8 1 2\r\n", NULL},
        {"a field more", "PROXY TCP4 192.0.2.7 192.0.2.8 1 2 3\r\n", NULL},
        {"a NUL in it", NULL, "50524f58592054435034 00 3139 0d0a"},
        {"v2, version 1", NULL, V2 "11 11 000c c0000207 c0000208 dc04 01bb"},
        {"v2, command 2", NULL, V2 "22 11 000c c0000207 c0000208 dc04 01bb"},
        {"v2, over the limit", NULL, V2 "21 11 0801"},
        {"v2, no room for IPv4", NULL, V2 "21 11 000b c0000207 c0000208 dc04 01"},
        {"v2, no room for IPv6", NULL, V2 "21 21 000c c0000207 c0000208 dc04 01bb"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        uint8_t bytes[BYTES_MAX];
        struct srs_proxy_header header;
        size_t size = bytes_of(rows[i].text, rows[i].hex, bytes);
        assert_err(SRS_E_PROXY_HEADER,
                   srs_proxy_header_read((struct srs_span){bytes, size}, &header), rows[i].why);
        assert_int_equal(header.kind, SRS_PROXY_NONE);
    }
}

static void test_proxy_header_given_sizes_around_the_limits_then_refused_above(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX] = {0};
    struct srs_proxy_header header;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "PROXY UNKNOWN ", 14);
    bytes[SRS_PROXY_V1_MAX - 2] = '\r';
    bytes[SRS_PROXY_V1_MAX - 1] = '\n';
    assert_err(SRS_OK, srs_proxy_header_read((struct srs_span){bytes, sizeof bytes}, &header),
               "v1");
    bytes[SRS_PROXY_V1_MAX - 2] = 'x';
    bytes[SRS_PROXY_V1_MAX - 1] = '\r';
    bytes[SRS_PROXY_V1_MAX] = '\n';
    assert_err(SRS_E_AGAIN,
               srs_proxy_header_read((struct srs_span){bytes, SRS_PROXY_V1_MAX - 1}, &header),
               "v1");
    assert_err(SRS_E_PROXY_HEADER,
               srs_proxy_header_read((struct srs_span){bytes, SRS_PROXY_V1_MAX}, &header), "v1");
    (void)hex_bytes(V2 "20 00 0800", bytes, sizeof bytes);
    assert_err(SRS_OK, srs_proxy_header_read((struct srs_span){bytes, sizeof bytes}, &header),
               "v2");
    assert_int_equal(header.size, SRS_PROXY_HEADER_MAX);
    (void)hex_bytes("f3 0400", bytes, sizeof bytes);
    assert_err(SRS_OK, srs_proxy_header_read_rtmp((struct srs_span){bytes, sizeof bytes}, &header),
               "RTMP");
    assert_int_equal(header.size, 1027);
    (void)hex_bytes("f3 0401", bytes, sizeof bytes);
    assert_err(SRS_E_RTMP_PROXY_EXCEED,
               srs_proxy_header_read_rtmp((struct srs_span){bytes, 3}, &header), "RTMP");
}

static void test_proxy_address_given_texts_then_family_and_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned family;
        uint8_t address[16];
    } rows[] = {
        {"192.0.2.7", 4, {192, 0, 2, 7}},
        {"192.0.2.7:5000", 4, {192, 0, 2, 7}},
        {"[192.0.2.7]:5000", 4, {192, 0, 2, 7}},
        {"2001:db8::7", 6, {0x20, 1, 0xd, 0xb8, [15] = 7}},
        {"[2001:db8::7]", 6, {0x20, 1, 0xd, 0xb8, [15] = 7}},
        {"[2001:db8::7]:5000", 6, {0x20, 1, 0xd, 0xb8, [15] = 7}},
        {"::ffff:192.0.2.7", 6, {[10] = 255, 255, 192, 0, 2, 7}},
        {"", 0, {0}},
        {"unknown", 0, {0}},
        {"_hidden", 0, {0}},
        {"192.0.2.256", 0, {0}},
        {"192.0.2", 0, {0}},
        {"2001:db8::7:x", 0, {0}},
        {"[", 0, {0}},
        {"[]:1", 0, {0}},
        {"1111111111222222222233333333334444444444555555555566666666667777", 0, {0}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_proxy_header header = {.family = 9};
        struct srs_span text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        srs_proxy_address_read(text, &header);
        if (header.family != rows[i].family)
            fail_msg("%s: family %u", rows[i].text, header.family);
        if (header.family != 0)
            assert_memory_equal(header.address, rows[i].address, 16);
        while (text.size > 0) { // no prefix is read beyond its end
            text.size--;
            srs_proxy_address_read(text, &header);
        }
    }
    struct srs_proxy_header header = {.family = 9};
    srs_proxy_address_read((struct srs_span){(const uint8_t *)"1.2.3.4\0x", 9}, &header);
    assert_int_equal(header.family, 0);
}

static void test_proxy_list_given_lists_then_entries_from_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *entries[5];
    } rows[] = {
        {"a", {"a"}}, {"a,b", {"b", "a"}},      {" a , b\t", {"b", "a"}},
        {"", {""}},   {",", {"", ""}},          {"a,,b,", {"", "b", "", "a"}},
        {" ", {""}},  {"a b, c", {"c", "a b"}},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_span list = {(const uint8_t *)rows[i].list, strlen(rows[i].list)};
        struct srs_span entry;
        size_t n = 0;
        while (srs_proxy_list_take(&list, &entry)) {
            assert_non_null(rows[i].entries[n]);
            assert_int_equal(entry.size, strlen(rows[i].entries[n]));
            assert_memory_equal(entry.bytes, rows[i].entries[n], entry.size);
            n++;
        }
        assert_null(rows[i].entries[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_proxy_header_given_headers_then_the_client_and_all_prefixes_ask_for_more),
        cmocka_unit_test(
            test_proxy_header_given_the_rtmp_header_then_the_client_and_prefixes_ask_for_more),
        cmocka_unit_test(test_proxy_header_given_other_bytes_then_none),
        cmocka_unit_test(test_proxy_header_given_bad_ones_then_refused),
        cmocka_unit_test(test_proxy_address_given_texts_then_family_and_bytes),
        cmocka_unit_test(test_proxy_list_given_lists_then_entries_from_the_end),
        cmocka_unit_test(test_proxy_header_given_sizes_around_the_limits_then_refused_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
