// AMF3, the value format of ActionScript 3 ("Action Message Format -- AMF 3", 2013), as far as RTMP
// needs it: a value is skipped, or written again as AMF0.
//
// A value has tables of its own for strings, traits and objects, as after the AMF0 marker 17.
// Errors: RTMP_AMF0_DECODE (truncated, a reference to nothing, an externalizable object whose form
// is not known), RTMP_AMF0_INVALID (unknown marker), AMF0_DEPTH, LIMIT (too many values, strings or
// traits, a text that is too long), NO_MEMORY.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_AMF3_DEPTH_MAX = 16,    // as of AMF0
    SRS_AMF3_STRINGS_MAX = 256, // in one value that is written again
    SRS_AMF3_TRAITS_MAX = 32    // classes in one value
};

// One value whole, marker included, nested `depth` deep already; all there are in it are added to
// *values, of which there may be SRS_AMF0_VALUES_MAX.
SRS_ERR srs_amf3_skip(struct srs_rd *in, unsigned depth, unsigned *values);

// The same, written to `out` as AMF0: arrays with names as ECMA arrays, typed objects as plain
// ones. What AMF0 has no form for (byte arrays, vectors, dictionaries, references to objects)
// becomes undefined. Only out->bad tells that it does not fit.
SRS_ERR srs_amf3_to_amf0(struct srs_rd *in, struct srs_wr *out);
