#include "stream/mixer.h"
#include "core/assert.h"
#include <string.h>

// A track's configuration counts for each packet: to bound what is held that is good enough.
static size_t bytes_of(const struct srs_packet *packet)
{
    return srs_packet_bytes(packet) + srs_track_bytes(packet->track);
}

void srs_mixer_put(struct srs_mixer *mixer, struct srs_packet *packet)
{
    srs_assert(mixer->count < SRS_MIXER_PACKETS);
    unsigned at = mixer->count++;
    for (; at > 0; at--) {
        struct srs_packet *before = mixer->packets[at - 1];
        if (before->head.kind == packet->head.kind || before->head.dts <= packet->head.dts)
            break;
        mixer->packets[at] = before;
    }
    mixer->packets[at] = packet;
    mixer->bytes += bytes_of(packet);
    mixer->waiting[packet->head.kind]++;
    mixer->late[packet->head.kind] = false;
}

// Whether the first packet may go: nothing before it in time is still to be waited for.
static bool is_due(struct srs_mixer *mixer, srs_usec now)
{
    bool full = mixer->count == SRS_MIXER_PACKETS || mixer->bytes > SRS_MIXER_BYTES ||
                now - mixer->packets[0]->head.arrived >= SRS_MIXER_WINDOW;
    for (unsigned kind = 0; kind <= SRS_KIND_AUDIO; kind++) {
        if (mixer->waiting[kind] > 0 || mixer->late[kind])
            continue;
        if (!full)
            return false;
        mixer->late[kind] = true;
    }
    return true;
}

struct srs_packet *srs_mixer_take(struct srs_mixer *mixer, srs_usec now, bool both)
{
    if (mixer->count == 0 || (both && !is_due(mixer, now)))
        return NULL;
    struct srs_packet *packet = mixer->packets[0];
    mixer->count--;
    memmove(&mixer->packets[0], &mixer->packets[1], mixer->count * sizeof(struct srs_packet *));
    mixer->bytes -= bytes_of(packet);
    mixer->waiting[packet->head.kind]--;
    return packet;
}
