// A mixer puts a publisher's audio and video into one order of time before they reach the log, so
// that nothing is kept for it per viewer.
//
// It holds a packet until the other kind has come as far, at most 300 ms, 64 packets or 4 MiB; a
// kind that fails to come is not waited for again until it does. Packets of one kind keep their
// order whatever their times.
#pragma once
#include "stream/packet.h"

enum { SRS_MIXER_PACKETS = 64, SRS_MIXER_BYTES = 4 * 1024 * 1024 };
#define SRS_MIXER_WINDOW (300 * SRS_MSEC)

struct srs_mixer {
    struct srs_packet *packets[SRS_MIXER_PACKETS]; // [0..count), by dts; references
    unsigned count;
    size_t bytes;
    unsigned waiting[SRS_KINDS]; // packets of each kind
    bool late[SRS_KINDS];        // not waited for
};

// Takes the reference. All that srs_mixer_take gives must have been taken before.
void srs_mixer_put(struct srs_mixer *mixer, struct srs_packet *packet);
// The next packet whose turn has come, with its reference; NULL when there is none yet. `now` is
// the arrival of the newest one; without `both` kinds nothing waits.
struct srs_packet *srs_mixer_take(struct srs_mixer *mixer, srs_usec now, bool both);
