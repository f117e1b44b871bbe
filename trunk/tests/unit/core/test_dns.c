// Names to addresses, against a server of the test's own: answers, refusals, silence, garbage, and
// being canceled meanwhile.
#include "core/co_priv.h"
#include "core/dns.h"
#include "core/log.h"
#include "test.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON (srs_now() + 20 * SRS_SEC)

enum { TYPE_A = 1, TYPE_AAAA = 28, PACKET = 4096, TRUNCATED = 2 };

static struct server {
    struct srs_io io;
    struct srs_listener *listener; // TCP on the same port
    struct srs_scope scope;
    char address[64];
    unsigned queries;
    unsigned tcp_queries;
} server;

static long descriptors_before;

static long count_descriptors(void)
{
    long n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

// --- the server ---------------------------------------------------------------------------------

static bool asked(struct srs_span question, const char *label)
{
    size_t size = strlen(label);
    return question.size > size && question.bytes[0] == size &&
           memcmp(question.bytes + 1, label, size) == 0;
}

static void put_record(struct srs_wr *out, unsigned type, unsigned last)
{
    srs_wr_u16(out, 0xC00C); // the name of the question
    srs_wr_u16(out, (uint16_t)type);
    srs_wr_u16(out, 1);
    srs_wr_u32(out, 60);
    srs_wr_u16(out, type == TYPE_A ? 4 : 16);
    if (type == TYPE_A) {
        srs_wr_u32(out, 0x0A000000 + last);
    } else {
        srs_wr_u64(out, 0x20010DB800000000U);
        srs_wr_u64(out, last);
    }
}

// How many records a name has; -1: it does not exist.
static int records(struct srs_span question, unsigned type)
{
    if (asked(question, "none"))
        return -1;
    if (asked(question, "both"))
        return type == TYPE_A ? 2 : 1;
    if (asked(question, "many"))
        return type == TYPE_A ? 20 : 0;
    if (asked(question, "six"))
        return type == TYPE_AAAA ? 1 : 0;
    if (asked(question, "empty"))
        return 0;
    return type == TYPE_A ? 1 : 0;
}

static size_t make_answer(struct srs_span query, bool tcp, uint8_t out[PACKET])
{
    struct srs_rd in = srs_rd_init(query.bytes, query.size);
    struct srs_wr wr = srs_wr_init(out, PACKET);
    uint16_t id = srs_rd_u16(&in);
    srs_rd_skip(&in, 10);
    const uint8_t *from = in.at;
    while (srs_rd_left(&in) > 0) {
        uint8_t size = srs_rd_u8(&in);
        srs_rd_skip(&in, size);
        if (size == 0)
            break;
    }
    unsigned type = srs_rd_u16(&in);
    srs_rd_skip(&in, 2);
    struct srs_span question = {from, (size_t)(in.at - from)};
    bool cut = asked(question, "long") && !tcp;
    int count = cut ? 0 : records(question, type);
    srs_wr_u16(&wr, id);
    srs_wr_u8(&wr, 0x84 | (cut ? TRUNCATED : 0)); // an authoritative answer
    srs_wr_u8(&wr, count < 0 ? 3 : 0);
    srs_wr_u16(&wr, 1);
    srs_wr_u16(&wr, (uint16_t)(count < 0 ? 0 : count));
    srs_wr_u32(&wr, 0);
    srs_wr_bytes(&wr, question.bytes, question.size);
    for (int i = 0; i < count; i++)
        put_record(&wr, type, (unsigned)i + 1);
    return wr.bad || in.bad ? 0 : wr.size;
}

static void send_to(const struct sockaddr_in *to, const void *bytes, size_t size)
{
    (void)sendto(server.io.fd, bytes, size, 0, (const struct sockaddr *)to, sizeof *to);
}

static void answer_datagram(struct srs_span query, const struct sockaddr_in *from)
{
    static const uint8_t garbage[] = {0xDE, 0xAD, 0xBE, 0xEF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xC0, 0x0C, 0xC0, 0x0C};
    uint8_t out[PACKET];
    struct srs_span question = {query.bytes + 12, query.size - 12};
    if (query.size < 12 || asked(question, "mute"))
        return;
    size_t size = make_answer(query, false, out);
    if (asked(question, "junk")) {
        send_to(from, garbage, sizeof garbage);
        send_to(from, garbage, 1);
        send_to(from, out, 11);
        memcpy(out + 2, garbage, sizeof garbage); // the right id, then nonsense
        send_to(from, out, 18);
        return;
    }
    if (asked(question, "strange")) { // the truth comes after another id and an empty datagram
        out[0] ^= 0xFF;
        send_to(from, out, size);
        out[0] ^= 0xFF;
        send_to(from, out, 0);
    }
    send_to(from, out, size);
}

static SRS_YIELDS srs_err server_main(void *arg)
{
    (void)arg;
    for (;;) {
        uint8_t in[PACKET];
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        srs_err err = srs_io_wait(&server.io, SRS_IO_READ, SRS_NEVER);
        if (err)
            return err;
        ssize_t n = recvfrom(server.io.fd, in, sizeof in, 0, (struct sockaddr *)&from, &size);
        if (n < 0) {
            server.io.ready &= (uint8_t)~SRS_IO_READ;
            continue;
        }
        server.queries++;
        answer_datagram((struct srs_span){in, (size_t)n}, &from);
    }
}

// One connection after the other, one question each read: short ones come whole over loopback.
static SRS_YIELDS srs_err tcp_main(void *arg)
{
    struct srs_conn *conn = NULL;
    struct srs_span in;
    (void)arg;
    for (;;) {
        srs_err err = srs_listener_accept(server.listener, &conn);
        if (err)
            return err;
        while ((err = srs_conn_read(conn, SOON, &in)) == SRS_OK) {
            uint8_t out[2 + PACKET];
            while (in.size > 2) {
                size_t want = (size_t)in.bytes[0] << 8 | in.bytes[1];
                if (want > in.size - 2)
                    break;
                size_t size = make_answer((struct srs_span){in.bytes + 2, want}, true, out + 2);
                out[0] = (uint8_t)(size >> 8);
                out[1] = (uint8_t)size;
                struct iovec iov = srs_iov(out, size + 2);
                size_t written = 0;
                srs_err_drop(srs_conn_write_now(conn, &iov, 1, &written), "a test's server");
                server.tcp_queries++;
                in.bytes += 2 + want;
                in.size -= 2 + want;
            }
        }
        srs_conn_free(conn);
        if (err == SRS_E_CANCELED)
            return err;
        srs_err_drop(err, "the client has left");
    }
}

static int setup(void **state)
{
    (void)state;
    srs_log_set_level(SRS_LOG_NONE);
    return srs_co_init();
}

static int open_server(void **state)
{
    (void)state;
    struct srs_endpoint at = {.addr.v4 = {.sin_family = AF_INET}};
    at.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    descriptors_before = count_descriptors();
    memset(&server, 0, sizeof server);
    assert_err(SRS_OK, srs_listener_open(&at, &server.listener), "TCP");
    at = srs_listener_endpoint(server.listener);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &at.addr.any, sizeof at.addr.v4), 0);
    assert_err(SRS_OK, srs_io_open(&server.io, fd), "io");
    (void)snprintf(server.address, sizeof server.address, "127.0.0.1:%u", srs_endpoint_port(&at));
    srs_dns_set_servers(server.address);
    srs_scope_init(&server.scope, "server");
    assert_err(SRS_OK, srs_scope_spawn(&server.scope, server_main, NULL), "UDP");
    assert_err(SRS_OK, srs_scope_spawn(&server.scope, tcp_main, NULL), "TCP");
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    srs_dns_set_servers(NULL);
    srs_scope_close(&server.scope);
    srs_io_close(&server.io);
    srs_listener_close(server.listener);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CONN), 0);
    assert_int_equal(count_descriptors(), descriptors_before);
    return 0;
}

// --- cases --------------------------------------------------------------------------------------

static const char *shown(const struct srs_dns_answer *answer)
{
    static char text[512];
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < answer->count; i++) {
        char one[SRS_ENDPOINT_TEXT];
        srs_endpoint_format(&answer->items[i], one);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? " " : "", one);
    }
    return text;
}

static void test_dns_given_numbers_then_no_server_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *want;
    } rows[] = {{"127.0.0.1", "127.0.0.1:1935"}, {"::1", "[::1]:1935"}, {"10.0.0.255", NULL}};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_dns_answer answer;
        assert_err(SRS_OK, srs_dns_resolve(rows[i].host, 1935, srs_now(), &answer), rows[i].host);
        if (rows[i].want != NULL)
            assert_string_equal(shown(&answer), rows[i].want);
    }
    assert_int_equal(server.queries, 0);
}

static void test_dns_given_names_then_their_addresses(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    assert_err(SRS_OK, srs_dns_resolve("one.test", 1935, SOON, &answer), "one");
    assert_string_equal(shown(&answer), "10.0.0.1:1935");
    assert_err(SRS_OK, srs_dns_resolve("six.test", 80, SOON, &answer), "six");
    assert_string_equal(shown(&answer), "[2001:db8::1]:80");
    assert_err(SRS_OK, srs_dns_resolve("both.test", 80, SOON, &answer), "both");
    assert_int_equal(answer.count, 3);
    assert_err(SRS_OK, srs_dns_resolve("many.test", 80, SOON, &answer), "many");
    assert_int_equal(answer.count, SRS_DNS_ADDRESSES_MAX);
    assert_true(server.queries >= 4);
}

static void test_dns_given_long_answer_then_asked_again_over_tcp(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    assert_err(SRS_OK, srs_dns_resolve("long.test", 80, SOON, &answer), "long");
    assert_string_equal(shown(&answer), "10.0.0.1:80");
    assert_true(server.tcp_queries > 0);
}

// Every name of the machine's own file is found in it.
static void test_dns_given_file_of_hosts_then_no_server_is_asked(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    char line[1024];
    FILE *hosts = fopen("/etc/hosts", "r");
    while (hosts != NULL && fgets(line, sizeof line, hosts) != NULL) {
        char *rest = NULL;
        line[strcspn(line, "#\n")] = '\0';
        const char *address = strtok_r(line, " \t", &rest);
        struct in6_addr v6;
        struct in_addr v4;
        if (address == NULL ||
            (inet_pton(AF_INET, address, &v4) != 1 && inet_pton(AF_INET6, address, &v6) != 1))
            continue;
        for (char *name = strtok_r(NULL, " \t", &rest); name != NULL;
             name = strtok_r(NULL, " \t", &rest)) {
            assert_err(SRS_OK, srs_dns_resolve(name, 7, SOON, &answer), name);
            assert_true(answer.count >= 1);
        }
    }
    if (hosts != NULL)
        (void)fclose(hosts);
    assert_err(SRS_OK, srs_dns_resolve("localhost", 7, SOON, &answer), "localhost");
    assert_true(strstr(shown(&answer), "127.0.0.1:7") != NULL ||
                strstr(shown(&answer), "[::1]:7") != NULL);
    assert_int_equal(server.queries, 0);
}

static void test_dns_given_no_such_name_then_named(void **state)
{
    (void)state;
    static const char *const names[] = {"none.test", "empty.test", ""};
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        struct srs_dns_answer answer;
        assert_err(SRS_E_SYSTEM_DNS_RESOLVE, srs_dns_resolve(names[i], 80, SOON, &answer),
                   names[i]);
        assert_int_equal(answer.count, 0);
    }
    char name[SRS_DNS_NAME_MAX + 2];
    struct srs_dns_answer answer;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, srs_dns_resolve(name, 80, SOON, &answer), "254 bytes");
}

static void test_dns_given_silence_then_deadline(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    srs_usec started = srs_now();
    assert_err(SRS_E_SOCKET_TIMEOUT,
               srs_dns_resolve("mute.test", 80, started + 50 * SRS_MSEC, &answer), "mute");
    assert_true(srs_now() - started < 5 * SRS_SEC);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_dns_resolve("mute.test", 80, srs_now(), &answer), "now");
}

static void test_dns_given_silence_then_the_server_is_given_up(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, srs_dns_resolve("mute.test", 80, SOON, &answer), "mute");
    assert_true(server.queries >= 2); // asked again
}

static void test_dns_given_garbage_then_named_and_truth_is_found(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    srs_err err = srs_dns_resolve("junk.test", 80, srs_now() + 300 * SRS_MSEC, &answer);
    assert_true(err == SRS_E_SYSTEM_DNS_RESOLVE || err == SRS_E_SOCKET_TIMEOUT);
    srs_err_drop(err, "either is an end");
    assert_err(SRS_OK, srs_dns_resolve("strange.test", 80, SOON, &answer), "strange");
    assert_string_equal(shown(&answer), "10.0.0.1:80");
}

static void test_dns_given_nobody_there_then_named(void **state)
{
    (void)state;
    struct srs_dns_answer answer;
    srs_dns_set_servers("127.0.0.1:1");
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, srs_dns_resolve("one.test", 80, SOON, &answer), "refused");
    srs_dns_set_servers("no address");
    assert_err(SRS_E_SYSTEM_DNS_RESOLVE, srs_dns_resolve("one.test", 80, SOON, &answer), "servers");
}

static struct waiter {
    srs_err got;
    bool ended;
} waiters[100];

static SRS_YIELDS srs_err wait_main(void *arg)
{
    struct waiter *waiter = arg;
    struct srs_dns_answer answer;
    bool mute = waiter < &waiters[50];
    waiter->got = srs_dns_resolve(mute ? "mute.test" : "one.test", 80, SOON, &answer);
    waiter->ended = true;
    if (!mute && (waiter->got != SRS_OK || answer.count != 1))
        waiter->got = SRS_E_LIMIT;
    return SRS_OK;
}

static void test_dns_given_cancellation_then_ends_at_once(void **state)
{
    (void)state;
    struct srs_scope scope = {0};
    memset(waiters, 0, sizeof waiters);
    srs_scope_init(&scope, "waiters");
    for (size_t i = 0; i < SRS_COUNT(waiters); i++)
        assert_err(SRS_OK, srs_scope_spawn(&scope, wait_main, &waiters[i]), "spawn");
    for (int turn = 0; turn < 100000 && !waiters[99].ended; turn++)
        assert_err(SRS_OK, srs_co_breathe(), "turn");
    srs_usec started = srs_now();
    srs_scope_close(&scope);
    assert_true(srs_now() - started < 2 * SRS_SEC);
    for (size_t i = 0; i < SRS_COUNT(waiters); i++) {
        assert_true(waiters[i].ended);
        assert_int_equal(waiters[i].got, i < 50 ? SRS_E_CANCELED : SRS_OK);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        CASE(test_dns_given_numbers_then_no_server_is_asked),
        CASE(test_dns_given_names_then_their_addresses),
        CASE(test_dns_given_long_answer_then_asked_again_over_tcp),
        CASE(test_dns_given_file_of_hosts_then_no_server_is_asked),
        CASE(test_dns_given_no_such_name_then_named),
        CASE(test_dns_given_silence_then_deadline),
        CASE(test_dns_given_silence_then_the_server_is_given_up),
        CASE(test_dns_given_garbage_then_named_and_truth_is_found),
        CASE(test_dns_given_nobody_there_then_named),
        CASE(test_dns_given_cancellation_then_ends_at_once),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
