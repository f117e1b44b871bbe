// NAL units with start codes in front (ITU-T H.264 and H.265, annex B), and the same with lengths.
// Nothing is allocated; spans lie in the input.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>

// Whether a start code is the first thing there but for zeros, of which there may be 1024.
bool srs_annexb_begins(struct srs_span unit);

// Whether an access unit has start codes where lengths of `length_size` bytes are expected. It can
// look like both: a first NAL unit of 256 to 511 bytes has a length of 00 00 01 xx. Lengths that
// come out even are lengths, and so are more than SRS_AVC_NALUS_MAX of them.
bool srs_annexb_is(struct srs_span unit, unsigned length_size);

// The next NAL unit, without its start code and without the zeros behind it; false at the end. The
// reader stands at a start code before, and what lies in front of the first one is passed over.
bool srs_annexb_next(struct srs_rd *in, struct srs_span *nalu);

// Writes an access unit with lengths of 4 bytes, without empty NAL units. With a writer of capacity
// 0 it measures: out->size. LIMIT above SRS_AVC_NALUS_MAX.
SRS_ERR srs_annexb_to_lengths(struct srs_span unit, struct srs_wr *out);
