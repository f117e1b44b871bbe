// What the kernel says about this process and the machine, as last read: the figures of the API's
// summaries and of the metrics.
//
// Read every three seconds by a helper thread, the network and the load every nine. Shares are
// fractions of one: of a core for the process, of all cores for the machine, since the reading
// before. A part whose `ok` is false was never read.
#pragma once
#include "core/co.h"
#include "core/interfaces.h"
#include "server/config/config.h"
#include "server/stat/proc.h"
#include <sys/resource.h>

enum { SRS_SYSTEM_TEXT = 1024 };

struct srs_system {
    char argv[SRS_SYSTEM_TEXT]; // of this process
    char cwd[SRS_SYSTEM_TEXT];
    char ip[SRS_ENDPOINT_TEXT]; // the address that stats.network names; "" when there is none
    struct {
        bool ok;
        int64_t at_ms; // since 1970
        struct rusage usage;
    } rusage;
    struct {
        bool ok;
        int64_t at_ms;
        double share;
        struct srs_proc_self stat;
    } self;
    struct {
        bool ok;
        int64_t at_ms;
        double share;
        struct srs_proc_system stat;
    } cpu;
    struct {
        bool ok;
        int64_t at_ms;
        struct srs_proc_memory info;
    } memory;
    struct {
        bool ok; // also when no disk is asked for
        int64_t at_ms;
        uint32_t asked; // which disks, as a number
        struct srs_proc_disks stat;
        double read_kbytes; // a second
        double write_kbytes;
        double busy; // of one disk's time
    } disk;
    struct {
        bool ok;
        int64_t at_ms;
        long cores;
        long cores_online;
        struct srs_proc_uptime uptime;
        double load[3];
    } platform;
    struct {
        bool ok;
        int64_t at_ms;
        int64_t received; // bytes, by interfaces with a public address
        int64_t sent;
        int64_t received_inside; // by the others, without loopback
        int64_t sent_inside;
    } network;
    struct {
        bool ok;
        int64_t at_ms;
        struct srs_proc_sockets stat;
        int64_t established;
    } sockets;
};

// The figures in KiB that users of SRS know: what programs hold, with caches and without.
int64_t srs_system_memory_active(const struct srs_system *system);
int64_t srs_system_memory_in_use(const struct srs_system *system);
double srs_system_memory_share(const struct srs_system *system);
double srs_system_swap_share(const struct srs_system *system);
int64_t srs_system_rss_bytes(const struct srs_system *system);

// What changes with a reading: shares and rates come from the difference to `before`. For tests,
// too.
void srs_system_compare(const struct srs_system *before, struct srs_system *now);

struct srs_sampler;

// Reads into *out while stats.enabled is on; off empties it. All three are borrowed until close.
// Errors of the helper queue, STACKS.
SRS_ERR srs_sampler_new(struct srs_scope *services, struct srs_config *const *config,
                        struct srs_system *out, struct srs_sampler **sampler);
// After the scope of the services was closed; waits until the deadline for a reading under way.
SRS_YIELDS void srs_sampler_close(struct srs_sampler *sampler, srs_usec deadline);
