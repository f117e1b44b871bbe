// One timeline for a source: whatever the publisher's clock does, all tracks together move by one
// offset, decided once.
//
// A jump back or forward of more than 250 ms, unless arrival times explain it, and a new publisher
// each become an offset; small steps pass as they are. Around a jump the tracks change over one
// after the other: a packet that fits the former offset still gets it.
#pragma once
#include "core/time.h"
#include <stdbool.h>

enum { SRS_TIMELINE_TRACKS = 23 };

struct srs_timeline {
    srs_usec offset;                       // added to the sender's time
    srs_usec former;                       // the offset before the last jump
    srs_usec last_out;                     // greatest dts given out
    srs_usec last_arrived;                 // of any packet
    srs_usec arrived[SRS_TIMELINE_TRACKS]; // of the last packet, by track
    srs_usec lead; // greatest dts minus arrival so far: what a sender may be ahead
    srs_usec last[SRS_TIMELINE_TRACKS]; // dts given out, by track
    bool started;
    bool has_former;
    bool restarted; // a new publisher's first packet is awaited
    bool seen[SRS_TIMELINE_TRACKS];
};

// A new publisher: its first packet continues the timeline whatever its clock says.
void srs_timeline_restart(struct srs_timeline *timeline);

// Goes on behind `other`, whose sender has gone silent, as behind a former publisher.
void srs_timeline_follow(struct srs_timeline *timeline, const struct srs_timeline *other);

// The offset to add to a packet of `track` with this dts; *jumped says that the timeline was mended
// here.
srs_usec srs_timeline_offset(struct srs_timeline *timeline, unsigned track, srs_usec dts,
                             srs_usec arrived, bool *jumped);
