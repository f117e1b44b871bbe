// The machine's addresses, and which of all addresses the internet routes.
#include "core/interfaces.h"
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

static void test_interfaces_given_addresses_then_public_or_not(void **state)
{
    static const struct {
        const char *ip;
        bool is_public;
    } rows[] = {{"8.8.8.8", true},
                {"1.0.0.1", true},
                {"172.15.255.255", true},
                {"172.32.0.1", true},
                {"100.63.0.1", true},
                {"192.169.0.1", true},
                {"223.255.255.1", true},
                {"2a00::1", true},
                {"::ffff:8.8.8.8", true},
                {"0.0.0.0", false},
                {"10.1.2.3", false},
                {"100.64.0.1", false},
                {"127.0.0.1", false},
                {"169.254.1.1", false},
                {"172.16.0.1", false},
                {"172.31.255.255", false},
                {"192.0.0.8", false},
                {"192.0.2.1", false},
                {"192.168.1.1", false},
                {"198.18.0.1", false},
                {"198.51.100.7", false},
                {"203.0.113.9", false},
                {"224.0.0.1", false},
                {"255.255.255.255", false},
                {"::1", false},
                {"::", false},
                {"fc00::1", false},
                {"fe80::1", false},
                {"ff02::1", false},
                {"2001:db8::1", false},
                {"::ffff:10.0.0.1", false}};
    const struct srs_endpoint none = {.addr.any.sa_family = AF_UNIX};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_endpoint at = endpoint_of(rows[i].ip);
        if (srs_endpoint_is_public(&at) != rows[i].is_public)
            fail_msg("%s", rows[i].ip);
    }
    assert_false(srs_endpoint_is_public(&none));
}

static void test_interfaces_given_this_machine_then_names_and_addresses(void **state)
{
    struct srs_interface all[64] = {0};
    struct srs_interface one = {0};
    (void)state;
    size_t count = srs_interfaces_read(all, SRS_COUNT(all));
    assert_true(count > 0); // with nothing else there is loopback
    assert_int_equal(srs_interfaces_read(NULL, 0), count);
    assert_int_equal(srs_interfaces_read(&one, 1), count);
    assert_string_equal(one.name, all[0].name);
    for (size_t i = 0; i < count && i < SRS_COUNT(all); i++) {
        sa_family_t family = all[i].at.addr.any.sa_family;
        assert_true(all[i].name[0] != '\0');
        assert_true(family == AF_INET || family == AF_INET6);
        // IPv4 stands in front.
        assert_true(i == 0 || family >= all[i - 1].at.addr.any.sa_family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interfaces_given_addresses_then_public_or_not),
        cmocka_unit_test(test_interfaces_given_this_machine_then_names_and_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
