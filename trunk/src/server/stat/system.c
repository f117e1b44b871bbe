// One helper thread, one job at a time: files of /proc answer at once in the usual case, but take
// locks of the kernel that others may hold.
#include "server/stat/system.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const srs_usec period_usec = 3 * SRS_SEC;

enum {
    SLOW_ROUNDS = 3,      // the network and the load: each third reading
    FILE_MAX = 64 * 1024, // of one file; what is longer is read so far
    INTERFACES_MAX = 64,  // addresses; those of more are not told apart
    SECTOR_BYTES = 512,   // whatever the disk's own are
    KIB = 1024,
};

// --- figures ------------------------------------------------------------------------------------

int64_t srs_system_memory_active(const struct srs_system *system)
{
    return system->memory.info.total - system->memory.info.free;
}

int64_t srs_system_memory_in_use(const struct srs_system *system)
{
    return srs_system_memory_active(system) - system->memory.info.buffers -
           system->memory.info.cached;
}

static double share_of(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

double srs_system_memory_share(const struct srs_system *system)
{
    return share_of((double)srs_system_memory_in_use(system), (double)system->memory.info.total);
}

double srs_system_swap_share(const struct srs_system *system)
{
    const struct srs_proc_memory *info = &system->memory.info;
    return share_of((double)(info->swap_total - info->swap_free), (double)info->swap_total);
}

int64_t srs_system_rss_bytes(const struct srs_system *system)
{
    return system->self.stat.rss * sysconf(_SC_PAGESIZE);
}

static double between(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static void compare_self(const struct srs_system *before, struct srs_system *now)
{
    double seconds = (double)(now->self.at_ms - before->self.at_ms) / 1000.0;
    int64_t ticks = now->self.stat.utime + now->self.stat.stime - before->self.stat.utime -
                    before->self.stat.stime;
    double used = share_of((double)ticks, (double)sysconf(_SC_CLK_TCK));
    now->self.share = between(share_of(used, seconds), 0, 1e6);
}

static void compare_cpu(const struct srs_system *before, struct srs_system *now)
{
    int64_t all = srs_proc_system_total(&now->cpu.stat) - srs_proc_system_total(&before->cpu.stat);
    int64_t idle = now->cpu.stat.idle - before->cpu.stat.idle;
    now->cpu.share = all > 0 ? between(1.0 - (double)idle / (double)all, 0, 1) : 0;
}

static void compare_disk(const struct srs_system *before, struct srs_system *now)
{
    const struct srs_proc_disks *is = &now->disk.stat;
    const struct srs_proc_disks *was = &before->disk.stat;
    double ms = (double)(now->disk.at_ms - before->disk.at_ms);
    bool same = now->disk.asked == before->disk.asked && is->found == was->found;
    if (is->found == 0 || !same || ms <= 0)
        return;
    double kib = (double)SECTOR_BYTES / KIB * 1000.0 / ms;
    now->disk.read_kbytes = between((double)(is->read_sectors - was->read_sectors) * kib, 0, 1e12);
    now->disk.write_kbytes =
        between((double)(is->write_sectors - was->write_sectors) * kib, 0, 1e12);
    now->disk.busy = between((double)(is->busy_ms - was->busy_ms) / ms / is->found, 0, 1);
}

void srs_system_compare(const struct srs_system *before, struct srs_system *now)
{
    if (before->self.ok && now->self.ok)
        compare_self(before, now);
    if (before->cpu.ok && now->cpu.ok)
        compare_cpu(before, now);
    if (before->disk.ok && now->disk.ok)
        compare_disk(before, now);
}

// --- in the helper thread -----------------------------------------------------------------------

struct reading {
    struct srs_task task;
    struct srs_sampler *sampler; // NULL: it has gone
    struct srs_config *config;   // a reference
    bool slow;
    struct srs_system got;
    char text[FILE_MAX];
};

static int64_t wall_ms(void)
{
    return srs_wall_now() / SRS_MSEC;
}

// Empty when it cannot be read, which the readers tell from a good one.
static struct srs_span read_file(struct reading *reading, const char *path)
{
    struct srs_span text = {(const uint8_t *)reading->text, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    while (fd >= 0 && n > 0 && text.size < FILE_MAX) {
        n = read(fd, reading->text + text.size, FILE_MAX - text.size);
        if (n > 0)
            text.size += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    if (fd >= 0)
        (void)close(fd);
    return text;
}

// The arguments are ended by zeros.
static void read_identity(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    struct srs_span text = read_file(reading, "/proc/self/cmdline");
    size_t size = text.size < SRS_SYSTEM_TEXT ? text.size : SRS_SYSTEM_TEXT - 1;
    for (size_t i = 0; i < size; i++)
        got->argv[i] = (char)(text.bytes[i] == '\0' ? ' ' : text.bytes[i]);
    while (size > 0 && got->argv[size - 1] == ' ')
        size--;
    got->argv[size] = '\0';
    ssize_t n = readlink("/proc/self/cwd", got->cwd, sizeof got->cwd - 1);
    got->cwd[n > 0 ? n : 0] = '\0';
}

static void read_process(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    got->rusage.at_ms = wall_ms();
    got->rusage.ok = getrusage(RUSAGE_SELF, &got->rusage.usage) == 0;
    got->self.at_ms = wall_ms();
    got->self.ok = srs_proc_self_read(read_file(reading, "/proc/self/stat"), &got->self.stat);
}

static uint32_t number_of(const struct srs_config_words *words) // FNV-1a
{
    uint32_t value = 2166136261U;
    for (size_t i = 0; i < words->count; i++)
        for (const char *c = words->items[i];; c++) { // ends of words count too
            value = (value ^ (uint8_t)*c) * 16777619U;
            if (*c == '\0')
                break;
        }
    return value;
}

static void read_machine(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    const struct srs_config_words *disks = &reading->config->stats.disk;
    got->cpu.at_ms = wall_ms();
    got->cpu.ok = srs_proc_system_read(read_file(reading, "/proc/stat"), &got->cpu.stat);
    got->memory.at_ms = wall_ms();
    got->memory.ok = srs_proc_memory_read(read_file(reading, "/proc/meminfo"), &got->memory.info);
    got->disk.asked = number_of(disks);
    got->disk.at_ms = wall_ms();
    got->disk.ok =
        disks->count == 0 || srs_proc_disks_read(read_file(reading, "/proc/diskstats"),
                                                 disks->items, disks->count, &got->disk.stat);
}

static void read_platform(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    got->platform.at_ms = wall_ms();
    got->platform.cores = sysconf(_SC_NPROCESSORS_CONF);
    got->platform.cores_online = sysconf(_SC_NPROCESSORS_ONLN);
    got->platform.ok =
        srs_proc_load_read(read_file(reading, "/proc/loadavg"), got->platform.load) &&
        srs_proc_uptime_read(read_file(reading, "/proc/uptime"), &got->platform.uptime);
}

static bool has_public_address(const struct srs_interface *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0 && srs_endpoint_is_public(&all[i].at))
            return true;
    return false;
}

static void read_devices(struct reading *reading, const struct srs_interface *all, size_t count)
{
    struct srs_system *got = &reading->got;
    struct srs_span text = read_file(reading, "/proc/self/net/dev");
    struct srs_proc_device device;
    got->network.at_ms = wall_ms();
    while (srs_proc_device_next(&text, &device)) {
        got->network.ok = true;
        if (strcmp(device.name, "lo") == 0)
            continue;
        bool outside = has_public_address(all, count, device.name);
        *(outside ? &got->network.received : &got->network.received_inside) += device.received;
        *(outside ? &got->network.sent : &got->network.sent_inside) += device.sent;
    }
}

// IPv6 may be switched off: then the second file is not there.
static void read_sockets(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    struct srs_proc_sockets *stat = &got->sockets.stat;
    got->sockets.at_ms = wall_ms();
    got->sockets.ok = srs_proc_sockets_read(read_file(reading, "/proc/self/net/sockstat"), stat);
    (void)srs_proc_sockets_read(read_file(reading, "/proc/self/net/sockstat6"), stat);
    got->sockets.ok &= srs_proc_established_read(read_file(reading, "/proc/self/net/snmp"),
                                                 &got->sockets.established);
}

static void read_network(struct reading *reading)
{
    struct srs_system *got = &reading->got;
    struct srs_interface all[INTERFACES_MAX];
    size_t count = srs_interfaces_read(all, INTERFACES_MAX);
    count = count < INTERFACES_MAX ? count : INTERFACES_MAX;
    got->ip[0] = '\0';
    if ((uint64_t)reading->config->stats.network < count)
        srs_endpoint_format_ip(&all[reading->config->stats.network].at, got->ip);
    read_devices(reading, all, count);
    read_sockets(reading);
}

static srs_err run_reading(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    read_process(reading);
    read_machine(reading);
    if (!reading->slow)
        return SRS_OK;
    read_identity(reading);
    read_platform(reading);
    read_network(reading);
    return SRS_OK;
}

// --- the scheduler's side -----------------------------------------------------------------------

struct srs_sampler {
    struct srs_config *const *config;
    struct srs_system *out;
    struct srs_task_queue *queue;
    struct reading *under_way;
    unsigned rounds;
};

// What is read less often is taken over from the reading before.
static void keep_slow(const struct srs_system *before, struct srs_system *now)
{
    memcpy(now->argv, before->argv, sizeof now->argv);
    memcpy(now->cwd, before->cwd, sizeof now->cwd);
    memcpy(now->ip, before->ip, sizeof now->ip);
    now->platform = before->platform;
    now->network = before->network;
    now->sockets = before->sockets;
}

static void reading_done(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    struct srs_sampler *sampler = reading->sampler;
    if (sampler != NULL) {
        sampler->under_way = NULL;
        if (!reading->slow)
            keep_slow(sampler->out, &reading->got);
        srs_system_compare(sampler->out, &reading->got);
        if ((*sampler->config)->stats.enabled)
            *sampler->out = reading->got;
    }
    srs_config_unref(reading->config);
    srs_free(reading);
}

// One that hangs is waited for: no other is begun.
static void sample(struct srs_sampler *sampler)
{
    if (!(*sampler->config)->stats.enabled) {
        *sampler->out = (struct srs_system){0};
        sampler->rounds = 0;
        return;
    }
    if (sampler->under_way != NULL)
        return;
    struct reading *reading = srs_new(struct reading);
    reading->task.run = run_reading;
    reading->task.done = reading_done;
    reading->task.bytes = sizeof *reading;
    reading->sampler = sampler;
    reading->config = srs_config_ref(*sampler->config);
    reading->slow = sampler->rounds++ % SLOW_ROUNDS == 0;
    srs_err err = srs_task_submit(sampler->queue, &reading->task);
    if (!err) {
        sampler->under_way = reading;
        return;
    }
    srs_err_log(err, "stat", "no reading of the system");
    srs_config_unref(reading->config);
    srs_free(reading);
}

static SRS_YIELDS srs_err sampler_main(void *arg)
{
    struct srs_sampler *sampler = arg;
    for (;;) {
        sample(sampler);
        srs_err err = srs_co_sleep(srs_now() + period_usec);
        if (err)
            return err;
    }
}

SRS_ERR srs_sampler_new(struct srs_scope *services, struct srs_config *const *config,
                        struct srs_system *out, struct srs_sampler **sampler)
{
    struct srs_sampler *made = srs_new(struct srs_sampler);
    made->config = config;
    made->out = out;
    srs_err err = srs_task_queue_new("stat", 1, &made->queue);
    if (!err)
        err = srs_scope_spawn(services, sampler_main, made);
    if (err && made->queue == NULL) {
        srs_free(made);
        return srs_wrap(err, "sampler");
    }
    *sampler = made; // a queue must be closed, which yields
    return err ? srs_wrap(err, "sampler") : SRS_OK;
}

SRS_YIELDS void srs_sampler_close(struct srs_sampler *sampler, srs_usec deadline)
{
    srs_co_may_yield();
    if (sampler == NULL)
        return;
    if (sampler->under_way != NULL)
        sampler->under_way->sampler = NULL; // what it finds is for nobody
    (void)srs_task_queue_close(sampler->queue, deadline);
    srs_free(sampler);
}
