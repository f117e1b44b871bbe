// Packets, tracks and sources as the tests of the graph need them.
#pragma once
#include "stream/source.h"
#include "test.h"

static inline struct srs_track *make_track(enum srs_kind kind, uint8_t id, const char *config)
{
    static const enum srs_codec codecs[] = {SRS_CODEC_AVC, SRS_CODEC_AAC, SRS_CODEC_AMF0};
    struct srs_track model = {.kind = kind, .codec = codecs[kind], .id = id};
    struct srs_track *track = NULL;
    struct srs_span span = {(const uint8_t *)config, strlen(config)};
    assert_err(SRS_OK, srs_track_new(&model, span, &track), "track");
    return track;
}

// The track is borrowed; the payload is filled with a pattern of its size.
static inline struct srs_packet *make_packet(struct srs_track *track, size_t size, unsigned flags,
                                             srs_usec time)
{
    struct srs_packet *packet = NULL;
    assert_err(SRS_OK, srs_packet_new(track, size, &packet), "packet");
    for (size_t i = 0; i < size; i++)
        packet->payload[i] = (uint8_t)(i * 7 + size);
    packet->head.flags = (uint8_t)flags;
    packet->head.dts = time;
    packet->head.pts = time;
    packet->head.arrived = time;
    return packet;
}

static inline void assert_nothing_lives(void)
{
    for (int i = 0; i < SRS_LIVE_TYPES; i++)
        if (srs_live_count((enum srs_live)i) != 0)
            fail_msg("%ld of %s live", srs_live_count((enum srs_live)i),
                     srs_live_name((enum srs_live)i));
}
