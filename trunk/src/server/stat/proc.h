// Readers of the kernel's files below /proc (proc(5)): pure, text in and numbers out.
//
// Each tells whether the text holds what is asked of it; when it does not, *out is as it was.
// Numbers above 2^63 (rsslim without a limit) come out negative, as users of SRS know them.
#pragma once
#include "core/rdwr.h"
#include <stdbool.h>
#include <stdint.h>

enum { SRS_PROC_COMM = 64 }; // the kernel cuts names at 15; workers of its own have longer ones

// self/stat
struct srs_proc_self {
    int64_t pid;
    char comm[SRS_PROC_COMM]; // "(srs)"
    char state;               // 'S'
#define X(name) int64_t name;
#include "server/stat/proc_self.def"
#undef X
};
bool srs_proc_self_read(struct srs_span text, struct srs_proc_self *out);

// stat
struct srs_proc_system {
#define X(name) int64_t name;
#include "server/stat/proc_system.def"
#undef X
};
bool srs_proc_system_read(struct srs_span text, struct srs_proc_system *out);
int64_t srs_proc_system_total(const struct srs_proc_system *system);

// meminfo, in KiB
struct srs_proc_memory {
    int64_t total;
    int64_t free;
    int64_t buffers;
    int64_t cached;
    int64_t swap_total;
    int64_t swap_free;
};
bool srs_proc_memory_read(struct srs_span text, struct srs_proc_memory *out);

// loadavg
bool srs_proc_load_read(struct srs_span text, double out[3]);

// uptime, in seconds
struct srs_proc_uptime {
    double up;
    double idle; // of all cores together
};
bool srs_proc_uptime_read(struct srs_span text, struct srs_proc_uptime *out);

// diskstats
struct srs_proc_disks {
    unsigned found; // of the devices that are asked for
    int64_t read_sectors;
    int64_t write_sectors;
    int64_t busy_ms; // added up
};
// Adds up the devices in `names` [0..count). False when the text is not of that form.
bool srs_proc_disks_read(struct srs_span text, const char *const *names, size_t count,
                         struct srs_proc_disks *out);

// A line of net/dev. Takes lines off *text until one is of an interface; false at the end.
struct srs_proc_device {
    char name[16];
    int64_t received; // bytes
    int64_t sent;
};
bool srs_proc_device_next(struct srs_span *text, struct srs_proc_device *out);

// net/sockstat and net/sockstat6: "used" of the sockets, "inuse" and "tw" of TCP, "inuse" of UDP.
// What a text does not tell stays as it was; false when it tells nothing.
struct srs_proc_sockets {
    int64_t used;
    int64_t tcp_wait;
    int64_t udp;
    int64_t udp6;
};
bool srs_proc_sockets_read(struct srs_span text, struct srs_proc_sockets *out);

// net/snmp: TCP connections that are established.
bool srs_proc_established_read(struct srs_span text, int64_t *out);
