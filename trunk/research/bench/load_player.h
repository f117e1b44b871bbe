#pragma once
// Players. Most throw their bytes away unread; a few, spread over the order of joining, parse and
// check every frame. Inside TLS only those few go on decrypting: the others make a real handshake,
// read up to the first media and count the bytes of the socket from then on. That the last frame
// reached such a one is seen by bytes that come when it alone was sent.
#include "load_core.h"
#include "load_target.h"

struct srs_load_player;

// What the sampled players see while the record is on.
struct srs_load_record {
    bool on;
    struct srs_load_samples video_delay, audio_delay;
    srs_nsec video_gap, audio_gap; // longest time between two arrivals at one player
};

// How a group of players joins.
struct srs_load_join {
    struct srs_load_target target;
    size_t count;
    size_t streams; // players take them in turn
    size_t sampled;
    unsigned rate; // a second
    int rcvbuf;    // bytes, 0: the kernel's
};

struct srs_load_players {
    struct srs_load_loop *loop;
    struct srs_load_timer timer; // starts the next player
    struct srs_load_join join;
    struct srs_load_player **players;
    size_t count;
    bool reading; // discarding is over, the last frame is looked for
    srs_nsec join_began;
    struct srs_load_record record;
};

// Where a group stands, each player in one count of `playing` (got media), `waiting` and `closed`.
struct srs_load_count {
    size_t started, playing, accepted, closed;
};

// What finish reports. Byte counts are those since the mark, compared within each stream.
struct srs_load_loss {
    size_t players, closed, saw_last;
    uint64_t bytes_median, bytes_min;
    double worst_below; // largest share by which a player is below its stream's median
    size_t sampled;
    uint64_t frames, missing, repeated, corrupt;
};

void srs_load_players_init(struct srs_load_players *players, struct srs_load_loop *loop);
void srs_load_players_join(struct srs_load_players *players, const struct srs_load_join *join);
struct srs_load_count srs_load_players_count(const struct srs_load_players *players);

// Times from connect() to the first media byte.
void srs_load_players_first_media(const struct srs_load_players *players,
                                  struct srs_load_samples *out);

// From here on bytes count. Sensible only when nothing is on its way.
void srs_load_players_mark(struct srs_load_players *players);
uint64_t srs_load_players_bytes(const struct srs_load_players *players);
void srs_load_players_record(struct srs_load_players *players, bool on);

// `count` players, evenly spread, sampled ones excepted, read no more.
void srs_load_players_stall(struct srs_load_players *players, size_t count);

// Times from the stop to the server's cut, as far as they can be seen without reading; returns the
// number of stalled ones.
size_t srs_load_players_cuts(const struct srs_load_players *players, struct srs_load_samples *out);

// Players read for real from now on and look for the marker.
void srs_load_players_read(struct srs_load_players *players);
bool srs_load_players_saw_last(const struct srs_load_players *players);
struct srs_load_loss srs_load_players_loss(const struct srs_load_players *players);

// Closes and frees all; returns how many there were.
size_t srs_load_players_leave(struct srs_load_players *players);
