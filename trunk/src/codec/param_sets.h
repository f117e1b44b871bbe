// Configuration records of AVC and HEVC, made of the parameter sets that an encoder sends in an
// access unit instead (ISO/IEC 14496-15 sections 5.3.3.1.2 and 8.3.3.1.2).
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    // Different sets of one type in an access unit. Encoders send one of each, some two PPS.
    SRS_PARAM_SETS_MAX = 16,
};

// Writes the record of an access unit with lengths of 4 bytes; so has the record. With a writer of
// capacity 0 it measures. AGAIN (bare) when SPS, PPS or, for HEVC, VPS are missing; AVC_NALU for
// what is no access unit; AVC_RECORD or HEVC_DECODE_ERROR for sets that cannot be used. What is
// written on failure is of no use.
SRS_ERR srs_param_sets_write_avc(struct srs_span unit, struct srs_wr *out);
SRS_ERR srs_param_sets_write_hevc(struct srs_span unit, struct srs_wr *out);
