// The readers of /proc: texts as the kernel writes them, all their prefixes, and texts that are
// nothing.
#include "server/stat/proc.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

#define TEXT(text) ((struct srs_span){(const uint8_t *)(text), sizeof(text) - 1})

static const char self_text[] =
    "23205 (a (b) c) S 23198 23199 14362 -1 -2 4194304 101 1 2 3 4 5 -6 7 20 -5 3 0 2792588 "
    "3133440 "
    "416 18446744073709551615 94211468541952 94211468561833 140735075242096 8 9 10 11 12 13 14 15 "
    "16 17 1 18 19 20 21 22 94211468577840 94211468579456 94211489497088 1 2 3 4 0\n";
static const char stat_text[] = "cpu  10 20 30 400 50 60 70 80 90 5\ncpu0 1 2 3 4 5 6 7 8 9 0\n"
                                "intr 114930548 113199788\n";
static const char meminfo_text[] =
    "MemTotal:       24685256 kB\nMemFree:        18000000 kB\nMemAvailable:   20000000 kB\n"
    "Buffers:           4000 kB\nCached:          3000000 kB\nSwapCached:            7 kB\n"
    "SwapTotal:         1000 kB\nSwapFree:           900 kB\nHugePages_Total:       0\n";
static const char disks_text[] =
    "   7       0 loop0 1 0 2 3 4 5 6 7 8 9 10\n"
    "   8       0 sda 100 1 2000 30 200 2 4000 60 0 70 90 0 0 0 0 0 0\n"
    "   8       1 sda1 9 9 9 9 9 9 9 9 9 9 9\n"
    " 254       0 vda 1 2 3 4 5 6 7 8 9 10 11\n";
static const char dev_text[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
    "    lo: 757 4 0 1 0     0          0         0 7570 4 0    0    0     0       0          0\n"
    "eth0:18446744073709551615 2 3 4 5 6 7 8 900 10 11 12 13 14 15 16\n"
    "  br-0123456789a:  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
static const char sockstat_text[] = "sockets: used 2022\nTCP: inuse 2007 orphan 0 tw 1906 alloc 2 "
                                    "mem 100\nUDP: inuse 3 mem 0\nUDPLITE: inuse 9\n";
static const char sockstat6_text[] = "TCP6: inuse 4\nUDP6: inuse 5\nUDPLITE6: inuse 6\n";
static const char snmp_text[] = "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
                                "Tcp: RtoAlgorithm MaxConn CurrEstab InSegs\nTcp: 1 -1 2002 41\n";

// A copy that ends where its memory does, so that a byte too many is seen.
static struct srs_span exact(const char *text, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    return (struct srs_span){copy, size};
}

static void drop(struct srs_span span)
{
    free((void *)(uintptr_t)span.bytes);
}

// --- whole texts --------------------------------------------------------------------------------

static void test_self_given_name_with_parentheses_then_all_fields(void **state)
{
    struct srs_proc_self self;
    (void)state;
    assert_true(srs_proc_self_read(TEXT(self_text), &self));
    assert_int_equal(self.pid, 23205);
    assert_string_equal(self.comm, "(a (b) c)");
    assert_int_equal(self.state, 'S');
    assert_int_equal(self.ppid, 23198);
    assert_int_equal(self.tpgid, -2);
    assert_int_equal(self.utime, 4);
    assert_int_equal(self.stime, 5);
    assert_int_equal(self.cutime, -6);
    assert_int_equal(self.nice, -5);
    assert_int_equal(self.num_threads, 3);
    assert_int_equal(self.vsize, 3133440);
    assert_int_equal(self.rss, 416);
    assert_int_equal(self.rsslim, -1); // without a limit
    assert_int_equal(self.exit_signal, 17);
    assert_int_equal(self.cguest_time, 22);
}

static void test_system_given_stat_then_first_line_and_its_total(void **state)
{
    struct srs_proc_system system;
    (void)state;
    assert_true(srs_proc_system_read(TEXT(stat_text), &system));
    assert_int_equal(system.user, 10);
    assert_int_equal(system.idle, 400);
    assert_int_equal(system.guest, 90);
    assert_int_equal(srs_proc_system_total(&system), 720); // guests are users
    assert_false(srs_proc_system_read(TEXT("cpu0 1 2 3 4 5 6 7 8 9\n"), &system));
}

static void test_memory_given_meminfo_then_the_lines_that_count(void **state)
{
    struct srs_proc_memory memory;
    (void)state;
    assert_true(srs_proc_memory_read(TEXT(meminfo_text), &memory));
    assert_int_equal(memory.total, 24685256);
    assert_int_equal(memory.free, 18000000);
    assert_int_equal(memory.buffers, 4000);
    assert_int_equal(memory.cached, 3000000); // and not SwapCached
    assert_int_equal(memory.swap_total, 1000);
    assert_int_equal(memory.swap_free, 900);
    assert_false(srs_proc_memory_read(TEXT("MemTotal: 1 kB\nMemFree: 1 kB\n"), &memory));
    assert_int_equal(memory.total, 24685256);
}

static void test_disks_given_names_then_added_up(void **state)
{
    static const char *const names[] = {"sda", "vda", "nvme0n1"};
    struct srs_proc_disks disks;
    (void)state;
    assert_true(srs_proc_disks_read(TEXT(disks_text), names, SRS_COUNT(names), &disks));
    assert_int_equal(disks.found, 2);
    assert_int_equal(disks.read_sectors, 2003);
    assert_int_equal(disks.write_sectors, 4007);
    assert_int_equal(disks.busy_ms, 80);
    assert_true(srs_proc_disks_read(TEXT(disks_text), NULL, 0, &disks));
    assert_int_equal(disks.found, 0);
    assert_false(srs_proc_disks_read(TEXT("8 0 sda 1 2 3\n"), names, 1, &disks));
    assert_false(srs_proc_disks_read(TEXT("disks\n"), names, 1, &disks));
}

static void test_devices_given_net_dev_then_each_interface(void **state)
{
    struct srs_span text = TEXT(dev_text);
    struct srs_proc_device device;
    (void)state;
    assert_true(srs_proc_device_next(&text, &device));
    assert_string_equal(device.name, "lo");
    assert_int_equal(device.received, 757);
    assert_int_equal(device.sent, 7570);
    assert_true(srs_proc_device_next(&text, &device));
    assert_string_equal(device.name, "eth0"); // old kernels write no blank behind the colon
    assert_int_equal(device.sent, 900);
    assert_true(srs_proc_device_next(&text, &device));
    assert_string_equal(device.name, "br-0123456789a");
    assert_int_equal(device.received, 1);
    assert_int_equal(device.sent, 9);
    assert_false(srs_proc_device_next(&text, &device));
    text = TEXT("a-name-of-16-xxx: 1 2 3 4 5 6 7 8 9\n"); // the kernel allows 15
    assert_false(srs_proc_device_next(&text, &device));
}

static void test_sockets_given_both_files_then_all_numbers(void **state)
{
    struct srs_proc_sockets sockets = {0};
    int64_t established = 0;
    (void)state;
    assert_true(srs_proc_sockets_read(TEXT(sockstat_text), &sockets));
    assert_true(srs_proc_sockets_read(TEXT(sockstat6_text), &sockets));
    assert_int_equal(sockets.used, 2022);
    assert_int_equal(sockets.tcp_wait, 1906);
    assert_int_equal(sockets.udp, 3);
    assert_int_equal(sockets.udp6, 5);
    assert_false(srs_proc_sockets_read(TEXT("nothing: of it 5\n"), &sockets));
    assert_true(srs_proc_established_read(TEXT(snmp_text), &established));
    assert_int_equal(established, 2002);
    assert_false(srs_proc_established_read(TEXT("Tcp: A B\nTcp: 1 2\n"), &established));
    assert_false(srs_proc_established_read(TEXT("Tcp: CurrEstab\nUdp: 1\n"), &established));
}

static void test_load_and_uptime_given_texts_then_numbers(void **state)
{
    double load[3] = {0};
    struct srs_proc_uptime uptime = {0};
    static const char *const wrong[] = {"1.00 2.00",       "1.00 2.00 3",    "1.0 2.0 3.0",
                                        "-1.00 2.00 3.00", "a.00 2.00 3.00", ".00 1.00 1.00",
                                        "1.0x 1.00 1.00"};
    (void)state;
    assert_true(srs_proc_load_read(TEXT("10.20 7.03 0.05 3/80 11206\n"), load));
    assert_int_equal((int)(load[0] * 100 + 0.5), 1020);
    assert_int_equal((int)(load[1] * 100 + 0.5), 703);
    assert_int_equal((int)(load[2] * 100 + 0.5), 5);
    assert_true(srs_proc_uptime_read(TEXT("350735.47 234388.90\n"), &uptime));
    assert_int_equal((int)(uptime.up * 100 + 0.5), 35073547);
    assert_int_equal((int)(uptime.idle * 100 + 0.5), 23438890);
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        struct srs_span text = {(const uint8_t *)wrong[i], strlen(wrong[i])};
        assert_false(srs_proc_load_read(text, load));
    }
}

static void test_numbers_given_what_is_none_then_refused(void **state)
{
    static const char *const wrong[] = {
        "", "-", "+1", "1.5", "0x10", "18446744073709551616", "99999999999999999999", "1e3"};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        char text[128];
        int64_t number = 7;
        int size = snprintf(text, sizeof text, "Tcp: CurrEstab\nTcp: %s\n", wrong[i]);
        if (srs_proc_established_read((struct srs_span){(const uint8_t *)text, (size_t)size},
                                      &number) ||
            number != 7)
            fail_msg("\"%s\" is taken", wrong[i]);
    }
}

// --- prefixes -----------------------------------------------------------------------------------

// Which readers take the first `size` bytes, a bit each; what they give is thrown away.
static unsigned read_all(struct srs_span text)
{
    static const char *const names[] = {"sda"};
    struct srs_proc_self self;
    struct srs_proc_system system;
    struct srs_proc_memory memory;
    struct srs_proc_disks disks;
    struct srs_proc_sockets sockets;
    struct srs_proc_device device;
    struct srs_proc_uptime uptime;
    double load[3];
    int64_t number;
    unsigned took = 0;
    took |= srs_proc_self_read(text, &self) ? 1U : 0;
    took |= srs_proc_system_read(text, &system) ? 2U : 0;
    took |= srs_proc_memory_read(text, &memory) ? 4U : 0;
    took |= srs_proc_disks_read(text, names, 1, &disks) && disks.found > 0 ? 8U : 0;
    took |= srs_proc_sockets_read(text, &sockets) ? 16U : 0;
    took |= srs_proc_established_read(text, &number) ? 32U : 0;
    took |= srs_proc_load_read(text, load) ? 64U : 0;
    took |= srs_proc_uptime_read(text, &uptime) ? 128U : 0;
    took |= srs_proc_device_next(&text, &device) ? 256U : 0;
    return took;
}

// A text is taken from some length on and by its own reader alone, and each shorter one by nobody:
// but for lists, of which a part is one.
static void test_readers_given_all_prefixes_then_own_text_alone_is_taken(void **state)
{
    static const struct {
        const char *text;
        unsigned by;
    } rows[] = {{self_text, 1},       {stat_text, 2},
                {meminfo_text, 4},    {disks_text, 8},
                {sockstat_text, 16},  {sockstat6_text, 16},
                {snmp_text, 32},      {"1.00 2.00 3.00 1/2 3\n", 64 | 128},
                {"1.00 2.00\n", 128}, {dev_text, 256}};
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        size_t size = strlen(rows[i].text);
        unsigned took = 0;
        bool taken = false;
        for (size_t n = 0; n <= size; n++) {
            struct srs_span text = exact(rows[i].text, n);
            took = read_all(text);
            drop(text);
            if ((took & ~rows[i].by) != 0)
                fail_msg("text %zu cut at %zu: taken by %x", i, n, took);
            if (n < 8 && took != 0)
                fail_msg("text %zu cut at %zu is taken", i, n);
            taken = taken || took == rows[i].by;
        }
        assert_true(taken);
        assert_int_equal(took, rows[i].by);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_given_name_with_parentheses_then_all_fields),
        cmocka_unit_test(test_system_given_stat_then_first_line_and_its_total),
        cmocka_unit_test(test_memory_given_meminfo_then_the_lines_that_count),
        cmocka_unit_test(test_disks_given_names_then_added_up),
        cmocka_unit_test(test_devices_given_net_dev_then_each_interface),
        cmocka_unit_test(test_sockets_given_both_files_then_all_numbers),
        cmocka_unit_test(test_load_and_uptime_given_texts_then_numbers),
        cmocka_unit_test(test_numbers_given_what_is_none_then_refused),
        cmocka_unit_test(test_readers_given_all_prefixes_then_own_text_alone_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
