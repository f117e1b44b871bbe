// The beat: when a source's viewers are flushed, all together, walked in batches so that the
// reactor runs in between.
//
// At the normal latency a source has a beat at multiples of 10 ms, armed only while it has packets
// that nobody got yet; so many of them may end the wait early. At min_latency a video frame is
// flushed when it is complete, together with the audio that waits; audio waits for the next video
// frame, at most `audio_gather`, and not at all in a stream without video.
#pragma once
#include "core/co.h"
#include "stream/source.h"

struct srs_beat;

struct srs_beat_timing {
    bool min_latency;
    srs_usec period; // mw_latency
    srs_usec audio_gather;
    unsigned packets; // mw_msgs: so many are flushed before the beat; 0 for none
};

// Starts the worker's flushing coroutine in `scope`.
SRS_ERR srs_beat_new(struct srs_scope *scope, struct srs_beat **out);
// After its scope was closed and all sources are gone.
void srs_beat_free(struct srs_beat *beat);

// A source's place in the beat, made with its first timing and kept in source->user. NO_MEMORY.
SRS_ERR srs_beat_attach(struct srs_beat *beat, struct srs_source *source,
                        const struct srs_beat_timing *timing);

// What the sources' registry needs: pushed, changed and freed of a source that may not be attached
// yet.
extern const struct srs_source_ops srs_beat_source_ops;
