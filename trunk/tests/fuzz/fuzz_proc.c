// Any text as each of the files of /proc: what is taken lies within bounds, and a list ends.
#include "fuzz/fuzz.h"
#include "server/stat/proc.h"

static void read_lists(struct srs_span text)
{
    static const char *const names[] = {"sda", "vda"};
    struct srs_proc_disks disks = {.found = 7};
    struct srs_proc_device device;
    struct srs_span rest = text;
    if (srs_proc_disks_read(text, names, 2, &disks))
        fuzz_assert(disks.found <= text.size / 20);
    else
        fuzz_assert(disks.found == 7);
    while (srs_proc_device_next(&rest, &device)) {
        fuzz_assert(strlen(device.name) > 0 && strlen(device.name) < sizeof device.name);
        fuzz_assert(rest.size < text.size);
    }
    fuzz_assert(rest.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_span text = {block.bytes, block.size};
    struct srs_proc_self self = {.state = 1};
    struct srs_proc_system system;
    struct srs_proc_memory memory;
    struct srs_proc_sockets sockets;
    struct srs_proc_uptime uptime;
    double load[3];
    int64_t established;
    if (srs_proc_self_read(text, &self)) {
        size_t comm = strlen(self.comm);
        fuzz_assert(comm >= 2 && comm < sizeof self.comm);
        fuzz_assert(self.comm[0] == '(' && self.comm[comm - 1] == ')');
    } else {
        fuzz_assert(self.state == 1);
    }
    (void)srs_proc_system_read(text, &system);
    (void)srs_proc_memory_read(text, &memory);
    (void)srs_proc_sockets_read(text, &sockets);
    (void)srs_proc_established_read(text, &established);
    if (srs_proc_uptime_read(text, &uptime))
        fuzz_assert(uptime.up >= 0 && uptime.idle >= 0);
    if (srs_proc_load_read(text, load))
        fuzz_assert(load[0] >= 0 && load[1] >= 0 && load[2] >= 0);
    read_lists(text);
    fuzz_block_free(&block);
    return 0;
}
