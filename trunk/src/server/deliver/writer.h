// The worker's scratch for one write of a viewer: the gather, and marks that note where each packet
// begins in it.
#pragma once
#include "server/deliver/mux.h"

enum { SRS_WRITER_MARKS = 320 }; // more packets than a gather's iovecs have room for

enum srs_writer_part { SRS_WRITER_OPENING, SRS_WRITER_HELD, SRS_WRITER_PENDING, SRS_WRITER_PACKET };

struct srs_writer_mark {
    enum srs_writer_part part;
    bool need_key;               // after this packet
    size_t start;                // in the stream of this write
    uint64_t number;             // of the packet
    uint64_t lost;               // packets jumped over in front of it
    struct srs_packet *packet;   // borrowed
    struct srs_mux_state before; // the mux's state in front of it
};

// One a worker; nothing yields between filling and using it.
struct srs_writer {
    struct srs_gather gather;
    struct srs_mux_state state; // behind the last mark
    uint64_t next;
    uint64_t lost; // jumped over behind the last mark
    bool need_key;
    bool new_frame;
    size_t head_size; // bytes in front that are not of the framed stream
    size_t tail_size; // the same behind it
    unsigned count;
    unsigned most; // marks of this write
    struct srs_writer_mark marks[SRS_WRITER_MARKS];
};
