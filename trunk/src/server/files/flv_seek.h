// Finds where an FLV file is to be played from: given a byte offset, the next key frame, and what a
// player needs in front of it. No file and no clock: it says which bytes it wants to see next.
//
// In front go the file's header, its first onMetaData and the configurations that stand before its
// first frames, as they are. The key frame is that of the index in onMetaData
// (keyframes.filepositions) when it has one, else the first at or behind the offset. Timestamps
// stay as they are.
#pragma once
#include "core/buf.h"
#include "core/err.h"

enum {
    SRS_FLV_SEEK_WANT_MAX = 64 * 1024, // bytes wanted at once
    // An index of 8 hours with a key frame a second. Larger metadata is left out, and not used.
    SRS_FLV_SEEK_METADATA_MAX = 512 * 1024,
    SRS_FLV_SEEK_CONFIG_MAX = 16 * 1024, // one tag; parameter sets are some hundred bytes
    SRS_FLV_SEEK_CONFIGS = 16,           // one for each track
    // Behind onMetaData: configurations come at the start or not at all.
    SRS_FLV_SEEK_HEAD_MAX = 2 * 1024 * 1024,
    // Looked through byte by byte for a tag: the largest there is, so that an offset within one
    // finds the next. A request for a file without tags costs no more than this.
    SRS_FLV_SEEK_SYNC_MAX = 16 * 1024 * 1024 + 64,
    // From the offset to the key frame: ten seconds of 50 Mbit/s.
    SRS_FLV_SEEK_SCAN_MAX = 64 * 1024 * 1024,
    SRS_FLV_SEEK_READS_MAX = 4096, // for files made to look like many tags
};

struct srs_flv_seek {
    uint64_t file_size;
    uint64_t start;
    uint64_t at;   // what the next step looks at
    uint8_t phase; // of flv_seek.c
    unsigned reads;
    struct srs_buf prefix;
    // The head of the file.
    size_t collect_left; // of a tag that goes into the prefix
    size_t tag_at;       // where it begins there
    uint64_t head_end;
    unsigned configs;
    bool has_metadata;
    bool collects_metadata;
    bool has_audio; // promised by the header
    bool has_video;
    bool seen_audio; // a frame
    bool seen_video;
    // The key frame.
    uint64_t index_at; // 0: no index
    uint64_t searched; // bytes, for a tag
    uint64_t candidate;
    uint32_t candidate_size;
    uint64_t position; // the answer
};

// `start` is at least 1.
void srs_flv_seek_init(struct srs_flv_seek *seek, uint64_t file_size, uint64_t start);
void srs_flv_seek_fini(struct srs_flv_seek *seek);
// Whether there is more to see, and what: *size bytes from *offset on, which lie within the file.
bool srs_flv_seek_wants(const struct srs_flv_seek *seek, uint64_t *offset, size_t *size);
// Those bytes. KERNEL_FLV_HEADER: not FLV; HTTP_REMUX_OFFSET_OVERFLOW: no key frame at or behind
// the offset, as far as it is looked for; LIMIT: what goes in front is too much; NO_MEMORY. Once
// nothing is wanted any more, `prefix` and then the file from `position` on are the answer.
SRS_ERR srs_flv_seek_give(struct srs_flv_seek *seek, struct srs_span bytes);
