// Networks in CIDR notation.
#include "core/network.h"
#include "test.h"
#include <arpa/inet.h>

static struct srs_endpoint endpoint_of(const char *ip)
{
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET}};
    if (inet_pton(AF_INET, ip, &at.addr.v4.sin_addr) == 1)
        return at;
    at.addr.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, ip, &at.addr.v6.sin6_addr), 1);
    return at;
}

static void test_network_given_addresses_then_in_or_out(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *in;
        const char *out;
    } rows[] = {
        {"127.0.0.0/8", "127.255.255.255", "128.0.0.0"},
        {"127.0.0.0/8", "::ffff:127.0.0.1", "::1"},
        {"10.1.2.3", "10.1.2.3", "10.1.2.2"},
        {"10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
        {"192.168.64.0/18", "192.168.127.9", "192.168.128.0"},
        {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
        {"::1", "::1", "::2"},
        {"::/0", "2001:db8::1", NULL},
        {"::/0", "203.0.113.9", NULL},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"::ffff:127.0.0.0/104", "127.1.2.3", "126.1.2.3"},
    };
    struct srs_endpoint none = {.addr.any.sa_family = AF_UNIX};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_network network;
        assert_err(SRS_OK, srs_network_parse(rows[i].network, &network), rows[i].network);
        struct srs_endpoint at = endpoint_of(rows[i].in);
        assert_true(srs_network_has(&network, &at));
        assert_false(srs_network_has(&network, &none));
        if (rows[i].out == NULL)
            continue;
        at = endpoint_of(rows[i].out);
        assert_false(srs_network_has(&network, &at));
    }
}

static void test_network_given_bad_text_then_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "all",
        "10.0.0.256",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/x",
        "10.0.0.0/8 ",
        "10.0.0.0/-1",
        "10.0.0.0/0008",
        "10.0.0.1/8",
        "::1/127",
        "::/129",
        "/8",
        "10.0/8",
        "[::1]",
        "::1/64/64",
        "2001:db8::/16",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_network network;
        assert_err(SRS_E_SYSTEM_IP_INVALID, srs_network_parse(rows[i], &network), rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_given_addresses_then_in_or_out),
        cmocka_unit_test(test_network_given_bad_text_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
