// What one track of a source carries, measured as its packets come: bit rate and frame rate over
// the last second or more of media time, the distance of key frames. Costs a few additions a
// packet; nobody has to look at it in between.
#pragma once
#include "core/time.h"
#include <stdbool.h>
#include <stdint.h>

struct srs_packet_head;

struct srs_meter {
    uint64_t packets;
    uint64_t bytes; // of payload
    srs_usec last_dts;
    srs_usec last_arrived;
    srs_usec window_dts; // of the packet that the running window began with
    uint64_t window_packets;
    uint64_t window_bytes;
    uint32_t kbps; // of the last whole window
    uint32_t milli_fps;
    srs_usec key_dts;      // of the last key frame
    srs_usec key_interval; // between the last two, 0 = not known
    bool has_key;
};

// A zeroed meter is a new one. The head is as it stands in the log.
void srs_meter_count(struct srs_meter *meter, const struct srs_packet_head *head);

// The rates as they are now: nothing once no packet came for three seconds.
uint32_t srs_meter_kbps(const struct srs_meter *meter, srs_usec now);
uint32_t srs_meter_milli_fps(const struct srs_meter *meter, srs_usec now);

// How far the times of `a` run ahead of those of `b`, by what arrived last of both.
srs_usec srs_meter_skew(const struct srs_meter *a, const struct srs_meter *b);
