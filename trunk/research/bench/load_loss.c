// What is said about players: counts, joining times, bytes, losses.
#include "load_player.h"
#include "load_player_priv.h"

#include <stdlib.h>

struct srs_load_count srs_load_players_count(const struct srs_load_players *players)
{
    struct srs_load_count count = {.started = players->count};
    for (size_t i = 0; i < players->count; i++) {
        const struct srs_load_player *player = players->players[i];
        count.playing += player->first_media > 0;
        count.accepted += player->accepted || player->first_media > 0;
        count.closed += player->closed;
    }
    return count;
}

void srs_load_players_first_media(const struct srs_load_players *players,
                                  struct srs_load_samples *out)
{
    for (size_t i = 0; i < players->count; i++) {
        const struct srs_load_player *player = players->players[i];
        if (player->first_media > 0)
            srs_load_samples_add(out, player->first_media - player->began);
    }
}

void srs_load_players_mark(struct srs_load_players *players)
{
    for (size_t i = 0; i < players->count; i++)
        players->players[i]->marked = players->players[i]->bytes;
}

uint64_t srs_load_players_bytes(const struct srs_load_players *players)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < players->count; i++)
        sum += players->players[i]->bytes;
    return sum;
}

void srs_load_players_record(struct srs_load_players *players, bool on)
{
    struct srs_load_record *record = &players->record;
    record->on = on;
    if (!on)
        return;
    srs_load_samples_reset(&record->video_delay);
    srs_load_samples_reset(&record->audio_delay);
    record->video_gap = 0;
    record->audio_gap = 0;
}

size_t srs_load_players_cuts(const struct srs_load_players *players, struct srs_load_samples *out)
{
    size_t stalled = 0;
    for (size_t i = 0; i < players->count; i++) {
        const struct srs_load_player *player = players->players[i];
        stalled += player->stalled_at > 0;
        if (player->cut_at > 0)
            srs_load_samples_add(out, player->cut_at - player->stalled_at);
    }
    return stalled;
}

void srs_load_players_read(struct srs_load_players *players)
{
    players->reading = true;
}

bool srs_load_players_saw_last(const struct srs_load_players *players)
{
    for (size_t i = 0; i < players->count; i++) {
        const struct srs_load_player *player = players->players[i];
        if (player->stalled_at == 0 && !player->closed && !player->saw_last)
            return false;
    }
    return true;
}

static void add_checked(struct srs_load_loss *loss, const struct srs_load_checked *checked)
{
    if (checked == NULL)
        return;
    loss->sampled++;
    loss->frames += checked->video.frames + checked->audio.frames;
    loss->missing += checked->video.missing + checked->audio.missing;
    loss->repeated += checked->video.repeated + checked->audio.repeated;
    loss->corrupt += checked->corrupt;
}

// One stream's players: the lowest against the median. Streams of other phases have other byte
// counts.
static void add_stream(struct srs_load_loss *loss, const struct srs_load_players *players,
                       size_t stream)
{
    struct srs_load_samples bytes = {0};
    for (size_t i = stream; i < players->count; i += players->join.streams) {
        const struct srs_load_player *player = players->players[i];
        if (player->stalled_at == 0)
            srs_load_samples_add(&bytes, (int64_t)(player->bytes - player->marked));
    }
    const int64_t median = srs_load_samples_at(&bytes, 500);
    const int64_t least = bytes.count > 0 ? bytes.values[0] : 0;
    const double below = median > 0 ? (double)(median - least) / (double)median : 0;
    if (stream == 0 || (uint64_t)least < loss->bytes_min)
        loss->bytes_min = (uint64_t)least;
    if (stream == 0)
        loss->bytes_median = (uint64_t)median;
    if (below > loss->worst_below)
        loss->worst_below = below;
    srs_load_samples_fini(&bytes);
}

struct srs_load_loss srs_load_players_loss(const struct srs_load_players *players)
{
    struct srs_load_loss loss = {0};
    for (size_t i = 0; i < players->count; i++) {
        const struct srs_load_player *player = players->players[i];
        if (player->stalled_at > 0)
            continue;
        loss.players++;
        loss.closed += player->closed;
        loss.saw_last += player->saw_last;
        add_checked(&loss, player->checked);
    }
    for (size_t i = 0; i < players->join.streams && i < players->count; i++)
        add_stream(&loss, players, i);
    return loss;
}
