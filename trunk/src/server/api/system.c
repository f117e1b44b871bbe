// Numbers that never were read are 0, and `ok` says so. Decimals have two places.
#include "server/api/system.h"
#include "core/version.h"
#include <unistd.h>

// --- summaries ----------------------------------------------------------------------------------

static void put_self(const struct srs_server *server, struct srs_json *json, struct cJSON *data)
{
    const struct srs_system *system = &server->stat.system;
    struct cJSON *self = srs_json_put_object(json, data, "self");
    int64_t rss = srs_system_rss_bytes(system) / 1024;
    int64_t total = system->memory.info.total;
    srs_json_put_text(json, self, "version", SRS_VERSION);
    srs_json_put_number(json, self, "pid", getpid());
    srs_json_put_number(json, self, "ppid", getppid());
    srs_json_put_text(json, self, "argv", system->argv);
    srs_json_put_text(json, self, "cwd", system->cwd);
    srs_json_put_number(json, self, "mem_kbyte", rss);
    srs_json_put_real(json, self, "mem_percent", total > 0 ? (double)rss / (double)total : 0);
    srs_json_put_real(json, self, "cpu_percent", system->self.share);
    srs_json_put_number(json, self, "srs_uptime", (srs_now() - server->started_at) / SRS_SEC);
}

static void put_machine(const struct srs_system *system, struct srs_json *json, struct cJSON *in)
{
    srs_json_put_real(json, in, "cpu_percent", system->cpu.share);
    srs_json_put_number(json, in, "disk_read_KBps", (int64_t)system->disk.read_kbytes);
    srs_json_put_number(json, in, "disk_write_KBps", (int64_t)system->disk.write_kbytes);
    srs_json_put_real(json, in, "disk_busy_percent", system->disk.busy);
    srs_json_put_number(json, in, "mem_ram_kbyte", system->memory.info.total);
    srs_json_put_real(json, in, "mem_ram_percent", srs_system_memory_share(system));
    srs_json_put_number(json, in, "mem_swap_kbyte", system->memory.info.swap_total);
    srs_json_put_real(json, in, "mem_swap_percent", srs_system_swap_share(system));
    srs_json_put_number(json, in, "cpus", system->platform.cores);
    srs_json_put_number(json, in, "cpus_online", system->platform.cores_online);
    srs_json_put_real(json, in, "uptime", system->platform.uptime.up);
    srs_json_put_real(json, in, "ilde_time", system->platform.uptime.idle);
    srs_json_put_real(json, in, "load_1m", system->platform.load[0]);
    srs_json_put_real(json, in, "load_5m", system->platform.load[1]);
    srs_json_put_real(json, in, "load_15m", system->platform.load[2]);
}

static void put_network(const struct srs_server *server, struct srs_json *json, struct cJSON *in)
{
    const struct srs_system *system = &server->stat.system;
    const struct srs_traffic total = srs_stat_total(&server->stat);
    srs_json_put_number(json, in, "net_sample_time", system->network.at_ms);
    srs_json_put_number(json, in, "net_recv_bytes", system->network.received);
    srs_json_put_number(json, in, "net_send_bytes", system->network.sent);
    srs_json_put_number(json, in, "net_recvi_bytes", system->network.received_inside);
    srs_json_put_number(json, in, "net_sendi_bytes", system->network.sent_inside);
    srs_json_put_number(json, in, "srs_sample_time", srs_wall_now() / SRS_MSEC);
    srs_json_put_count(json, in, "srs_recv_bytes", total.in);
    srs_json_put_count(json, in, "srs_send_bytes", total.out);
    srs_json_put_number(json, in, "conn_sys", system->sockets.stat.used);
    srs_json_put_number(json, in, "conn_sys_et", system->sockets.established);
    srs_json_put_number(json, in, "conn_sys_tw", system->sockets.stat.tcp_wait);
    srs_json_put_number(json, in, "conn_sys_udp",
                        system->sockets.stat.udp + system->sockets.stat.udp6);
    srs_json_put_count(json, in, "conn_srs", total.open);
}

static bool all_read(const struct srs_system *system)
{
    return system->rusage.ok && system->self.ok && system->cpu.ok && system->memory.ok &&
           system->disk.ok && system->platform.ok && system->network.ok && system->sockets.ok;
}

static void put_summaries(const struct srs_server *server, struct srs_json *json,
                          struct cJSON *data)
{
    srs_json_put_flag(json, data, "ok", all_read(&server->stat.system));
    srs_json_put_number(json, data, "now_ms", srs_wall_now() / SRS_MSEC);
    put_self(server, json, data);
    struct cJSON *system = srs_json_put_object(json, data, "system");
    put_machine(&server->stat.system, json, system);
    put_network(server, json, system);
}

SRS_ERR srs_api_summaries(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    put_summaries(server, &json, json.root);
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_ERR srs_api_summaries_alone(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    put_summaries(server, &json, srs_json_put_object(&json, json.root, "data"));
    return srs_json_finish(&json, "", out);
}

// --- one reading --------------------------------------------------------------------------------

SRS_ERR srs_api_rusages(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    const struct rusage *usage = &server->stat.system.rusage.usage;
    srs_json_put_flag(&json, json.root, "ok", server->stat.system.rusage.ok);
    srs_json_put_number(&json, json.root, "sample_time", server->stat.system.rusage.at_ms);
    srs_json_put_number(&json, json.root, "ru_utime", usage->ru_utime.tv_sec);
    srs_json_put_number(&json, json.root, "ru_stime", usage->ru_stime.tv_sec);
    srs_json_put_number(&json, json.root, "ru_maxrss", usage->ru_maxrss);
    srs_json_put_number(&json, json.root, "ru_ixrss", usage->ru_ixrss);
    srs_json_put_number(&json, json.root, "ru_idrss", usage->ru_idrss);
    srs_json_put_number(&json, json.root, "ru_isrss", usage->ru_isrss);
    srs_json_put_number(&json, json.root, "ru_minflt", usage->ru_minflt);
    srs_json_put_number(&json, json.root, "ru_majflt", usage->ru_majflt);
    srs_json_put_number(&json, json.root, "ru_nswap", usage->ru_nswap);
    srs_json_put_number(&json, json.root, "ru_inblock", usage->ru_inblock);
    srs_json_put_number(&json, json.root, "ru_oublock", usage->ru_oublock);
    srs_json_put_number(&json, json.root, "ru_msgsnd", usage->ru_msgsnd);
    srs_json_put_number(&json, json.root, "ru_msgrcv", usage->ru_msgrcv);
    srs_json_put_number(&json, json.root, "ru_nsignals", usage->ru_nsignals);
    srs_json_put_number(&json, json.root, "ru_nvcsw", usage->ru_nvcsw);
    srs_json_put_number(&json, json.root, "ru_nivcsw", usage->ru_nivcsw);
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_ERR srs_api_self_proc_stats(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    const struct srs_system *system = &server->stat.system;
    const char state[] = {system->self.stat.state, '\0'};
    srs_json_put_flag(&json, json.root, "ok", system->self.ok);
    srs_json_put_number(&json, json.root, "sample_time", system->self.at_ms);
    srs_json_put_real(&json, json.root, "percent", system->self.share);
    srs_json_put_number(&json, json.root, "pid", system->self.stat.pid);
    srs_json_put_text(&json, json.root, "comm", system->self.stat.comm);
    srs_json_put_text(&json, json.root, "state", state);
#define X(name) srs_json_put_number(&json, json.root, #name, system->self.stat.name);
#include "server/stat/proc_self.def"
#undef X
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_ERR srs_api_system_proc_stats(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    const struct srs_system *system = &server->stat.system;
    srs_json_put_flag(&json, json.root, "ok", system->cpu.ok);
    srs_json_put_number(&json, json.root, "sample_time", system->cpu.at_ms);
    srs_json_put_real(&json, json.root, "percent", system->cpu.share);
#define X(name) srs_json_put_number(&json, json.root, #name, system->cpu.stat.name);
#include "server/stat/proc_system.def"
#undef X
    return srs_json_finish(&json, ",\"data\":", out);
}

SRS_ERR srs_api_meminfos(const struct srs_server *server, struct srs_buf *out)
{
    struct srs_json json = srs_json_new();
    const struct srs_system *system = &server->stat.system;
    const struct srs_proc_memory *info = &system->memory.info;
    int64_t in_use = srs_system_memory_in_use(system);
    srs_json_put_flag(&json, json.root, "ok", system->memory.ok);
    srs_json_put_number(&json, json.root, "sample_time", system->memory.at_ms);
    srs_json_put_real(&json, json.root, "percent_ram", srs_system_memory_share(system));
    srs_json_put_real(&json, json.root, "percent_swap", srs_system_swap_share(system));
    srs_json_put_number(&json, json.root, "MemActive", srs_system_memory_active(system));
    srs_json_put_number(&json, json.root, "RealInUse", in_use);
    srs_json_put_number(&json, json.root, "NotInUse", info->total - in_use);
    srs_json_put_number(&json, json.root, "MemTotal", info->total);
    srs_json_put_number(&json, json.root, "MemFree", info->free);
    srs_json_put_number(&json, json.root, "Buffers", info->buffers);
    srs_json_put_number(&json, json.root, "Cached", info->cached);
    srs_json_put_number(&json, json.root, "SwapTotal", info->swap_total);
    srs_json_put_number(&json, json.root, "SwapFree", info->swap_free);
    return srs_json_finish(&json, ",\"data\":", out);
}

// --- the answers --------------------------------------------------------------------------------

typedef srs_err data_fn(const struct srs_server *server, struct srs_buf *out);

static SRS_YIELDS SRS_ERR answer(struct srs_api_call *call, data_fn *data)
{
    srs_err err = srs_api_open(call);
    if (!err)
        err = data(call->exchange->server, &call->out);
    return err ? err : srs_api_close(call);
}

SRS_YIELDS srs_err srs_api_serve_summaries(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_summaries);
}

SRS_YIELDS srs_err srs_api_serve_rusages(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_rusages);
}

SRS_YIELDS srs_err srs_api_serve_self_proc_stats(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_self_proc_stats);
}

SRS_YIELDS srs_err srs_api_serve_system_proc_stats(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_system_proc_stats);
}

SRS_YIELDS srs_err srs_api_serve_meminfos(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    return answer(call, srs_api_meminfos);
}
