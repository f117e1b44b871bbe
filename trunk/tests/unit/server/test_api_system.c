// The API's figures of the process and the machine: members, their order and types.
#include "core/version.h"
#include "graph.h"
#include "server/api/system.h"
#include <stdio.h>

static struct srs_server server;
static char text[16 * 1024];

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    graph_open(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    graph_close(&server);
    return srs_live_count(SRS_LIVE_BUF) == 0 ? 0 : -1;
}

typedef srs_err data_fn(const struct srs_server *server, struct srs_buf *out);

static const char *take(data_fn *data)
{
    struct srs_buf out = {0};
    assert_err(SRS_OK, data(&server, &out), "data");
    struct srs_span span = srs_buf_span(&out);
    assert_true(span.size < sizeof text);
    memcpy(text, span.bytes, span.size);
    text[span.size] = '\0';
    srs_buf_fini(&out);
    return text;
}

// The text up to a number that changes is replaced, so that the rest can be compared.
static void mask(const char *name)
{
    char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    size_t digits = strspn(at, "0123456789.");
    assert_true(digits > 0);
    memmove(at + 1, at + digits, strlen(at + digits) + 1);
    *at = 'N';
}

static void test_summaries_given_readings_then_members_in_order(void **state)
{
    struct srs_system *system = &server.stat.system;
    struct srs_traffic *traffic = srs_stat_traffic(&server.stat, "rtmp");
    (void)state;
    (void)snprintf(system->argv, sizeof system->argv, "srs -c \"a\"");
    (void)snprintf(system->cwd, sizeof system->cwd, "/\xff");
    system->rusage.ok = system->self.ok = system->cpu.ok = system->memory.ok = true;
    system->disk.ok = system->platform.ok = system->network.ok = true;
    system->memory.info = (struct srs_proc_memory){.total = 1000, .free = 500, .swap_total = 10};
    system->self.share = 0.126;
    system->disk.read_kbytes = 7.9;
    system->platform.cores = 4;
    system->platform.uptime.up = 12.345;
    system->network.received_inside = 6;
    system->sockets.stat = (struct srs_proc_sockets){.used = 1, .tcp_wait = 2, .udp = 3, .udp6 = 4};
    *traffic = (struct srs_traffic){.in = 8, .out = 9, .open = 3};
    server.started_at = srs_now() - 5 * SRS_SEC;
    assert_non_null(strstr(take(srs_api_summaries), "{\"ok\":false,")); // the sockets were not read
    system->sockets.ok = true;
    (void)take(srs_api_summaries);
    mask("\"now_ms\":");
    mask("\"pid\":");
    mask("\"ppid\":");
    mask("\"srs_sample_time\":");
    assert_string_equal(
        text,
        ",\"data\":{\"ok\":true,\"now_ms\":N,\"self\":{\"version\":\"" SRS_VERSION "\",\"pid\":N,"
        "\"ppid\":N,\"argv\":\"srs -c \\\"a\\\"\",\"cwd\":\"/?\",\"mem_kbyte\":0,"
        "\"mem_percent\":0.00,\"cpu_percent\":0.13,\"srs_uptime\":5},\"system\":{"
        "\"cpu_percent\":0.00,\"disk_read_KBps\":7,\"disk_write_KBps\":0,"
        "\"disk_busy_percent\":0.00,\"mem_ram_kbyte\":1000,\"mem_ram_percent\":0.50,"
        "\"mem_swap_kbyte\":10,\"mem_swap_percent\":1.00,\"cpus\":4,\"cpus_online\":0,"
        "\"uptime\":12.35,\"ilde_time\":0.00,\"load_1m\":0.00,\"load_5m\":0.00,"
        "\"load_15m\":0.00,\"net_sample_time\":0,\"net_recv_bytes\":0,\"net_send_bytes\":0,"
        "\"net_recvi_bytes\":6,\"net_sendi_bytes\":0,\"srs_sample_time\":N,"
        "\"srs_recv_bytes\":8,\"srs_send_bytes\":9,\"conn_sys\":1,\"conn_sys_et\":0,"
        "\"conn_sys_tw\":2,\"conn_sys_udp\":7,\"conn_srs\":3}}");
}

static void test_readings_given_numbers_then_members_in_order(void **state)
{
    struct srs_system *system = &server.stat.system;
    (void)state;
    system->self.ok = true;
    system->self.stat =
        (struct srs_proc_self){.pid = 5, .comm = "(srs)", .state = 'S', .rsslim = -1};
    system->rusage.usage.ru_utime.tv_sec = 3;
    system->cpu.share = 0.5;
    system->cpu.stat.guest = 9;
    system->memory.info = (struct srs_proc_memory){
        .total = 100, .free = 40, .buffers = 5, .cached = 15, .swap_total = 4, .swap_free = 3};
    assert_string_equal(
        take(srs_api_self_proc_stats),
        ",\"data\":{\"ok\":true,\"sample_time\":0,\"percent\":0.00,\"pid\":5,\"comm\":\"(srs)\","
        "\"state\":\"S\",\"ppid\":0,\"pgrp\":0,\"session\":0,\"tty_nr\":0,\"tpgid\":0,\"flags\":0,"
        "\"minflt\":0,\"cminflt\":0,\"majflt\":0,\"cmajflt\":0,\"utime\":0,\"stime\":0,"
        "\"cutime\":0,\"cstime\":0,\"priority\":0,\"nice\":0,\"num_threads\":0,\"itrealvalue\":0,"
        "\"starttime\":0,\"vsize\":0,\"rss\":0,\"rsslim\":-1,\"startcode\":0,\"endcode\":0,"
        "\"startstack\":0,\"kstkesp\":0,\"kstkeip\":0,\"signal\":0,\"blocked\":0,\"sigignore\":0,"
        "\"sigcatch\":0,\"wchan\":0,\"nswap\":0,\"cnswap\":0,\"exit_signal\":0,\"processor\":0,"
        "\"rt_priority\":0,\"policy\":0,\"delayacct_blkio_ticks\":0,\"guest_time\":0,"
        "\"cguest_time\":0}");
    assert_string_equal(take(srs_api_rusages),
                        ",\"data\":{\"ok\":false,\"sample_time\":0,\"ru_utime\":3,\"ru_stime\":0,"
                        "\"ru_maxrss\":0,\"ru_ixrss\":0,\"ru_idrss\":0,\"ru_isrss\":0,"
                        "\"ru_minflt\":0,\"ru_majflt\":0,\"ru_nswap\":0,\"ru_inblock\":0,"
                        "\"ru_oublock\":0,\"ru_msgsnd\":0,\"ru_msgrcv\":0,\"ru_nsignals\":0,"
                        "\"ru_nvcsw\":0,\"ru_nivcsw\":0}");
    assert_string_equal(take(srs_api_system_proc_stats),
                        ",\"data\":{\"ok\":false,\"sample_time\":0,\"percent\":0.50,\"user\":0,"
                        "\"nice\":0,\"sys\":0,\"idle\":0,\"iowait\":0,\"irq\":0,\"softirq\":0,"
                        "\"steal\":0,\"guest\":9}");
    assert_string_equal(take(srs_api_meminfos),
                        ",\"data\":{\"ok\":false,\"sample_time\":0,\"percent_ram\":0.40,"
                        "\"percent_swap\":0.25,\"MemActive\":60,\"RealInUse\":40,\"NotInUse\":60,"
                        "\"MemTotal\":100,\"MemFree\":40,\"Buffers\":5,\"Cached\":15,"
                        "\"SwapTotal\":4,\"SwapFree\":3}");
}

static void test_summaries_alone_given_readings_then_an_object_of_their_data(void **state)
{
    (void)state;
    assert_memory_equal(take(srs_api_summaries_alone), "{\"data\":{\"ok\":false,\"now_ms\":", 29);
    assert_string_equal(text + strlen(text) - 15, "\"conn_srs\":0}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_summaries_given_readings_then_members_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_readings_given_numbers_then_members_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_summaries_alone_given_readings_then_an_object_of_their_data, setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
