#pragma once
// Publishers: each sends a video frame every 40 ms and an audio frame every 1024 samples of 44.1
// kHz, each frame at its own time and in a write of its own.
#include "load_core.h"
#include "load_target.h"

struct srs_load_pub;

struct srs_load_pubs {
    struct srs_load_loop *loop;
    struct srs_load_target target;
    struct srs_load_pub **pubs;
    size_t count;
    size_t names; // how many names the streams have: 1 means the URL's own
    unsigned bits_per_s;
    bool one_gop; // no key frame but the first
    bool paused;
    srs_nsec late_max; // how late a frame left the tool at most
    uint64_t sent_bytes;
    uint64_t gop_bytes; // FLV bytes of two seconds: video, audio, no headers
    uint64_t blocked;   // writes that the server's side held back
};

void srs_load_pubs_init(struct srs_load_pubs *pubs, struct srs_load_loop *loop);

// Starts `count` publishers of `bits_per_s` each, spread evenly in phase. False when a connection
// cannot even begin.
bool srs_load_pubs_start(struct srs_load_pubs *pubs, const struct srs_load_target *target,
                         size_t count, unsigned bits_per_s);

size_t srs_load_pubs_live(const struct srs_load_pubs *pubs);
size_t srs_load_pubs_failed(const struct srs_load_pubs *pubs);

// All publishers stop sending; on resuming each goes on with the next frame that is due by then.
void srs_load_pubs_pause(struct srs_load_pubs *pubs);
void srs_load_pubs_resume(struct srs_load_pubs *pubs);

// Every paused publisher sends one more video frame, which ends with the marker, and stays silent.
void srs_load_pubs_last(struct srs_load_pubs *pubs);

// Ends all publishers with a goodbye and frees them.
void srs_load_pubs_stop(struct srs_load_pubs *pubs);
