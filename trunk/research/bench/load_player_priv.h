#pragma once
// One player, as load_player.c drives it and load_loss.c judges it.
#include "load_flv.h"
#include "load_frame.h"
#include "load_player.h"
#include "load_tls.h"

struct srs_load_track {
    bool started;
    uint64_t next; // sequence number awaited
    uint64_t frames, missing, repeated;
    srs_nsec last_at; // 0 while the record is off
};

struct srs_load_checked {
    struct srs_load_track video, audio;
    uint64_t corrupt;
};

struct srs_load_player {
    struct srs_load_watch watch; // first: the loop hands it back
    struct srs_load_players *all;
    struct srs_load_tls *tls;         // NULL for a plain one
    struct srs_load_rtmp *rtmp;       // while parsing RTMP
    struct srs_load_flv *flv;         // while parsing HTTP-FLV
    struct srs_load_checked *checked; // sampled players only
    size_t stream;
    bool is_rtmp, connected, shaken, accepted, discards, closed, saw_last;
    uint8_t marker_at; // bytes of the marker matched so far
    uint64_t bytes, marked, acked;
    srs_nsec began, received, first_media;
    srs_nsec stalled_at, cut_at;
};
