// AAC: AudioSpecificConfig, the configuration record of AAC tracks (ISO/IEC 14496-3
// section 1.6.2.1).
#pragma once
#include "core/err.h"
#include "core/rdwr.h"

enum {
    SRS_AAC_MAIN = 1,
    SRS_AAC_LC = 2,
    SRS_AAC_SSR = 3,
    SRS_AAC_LTP = 4,
    SRS_AAC_SBR = 5,
    SRS_AAC_PS = 29,
    SRS_AAC_ELD = 39,
};

// Enough for every configuration that srs_aac_config_write writes.
enum { SRS_AAC_CONFIG_MAX = 24 };

enum srs_aac_signal {
    SRS_AAC_SIGNAL_NONE,       // no word of SBR: it may be there all the same (implicit)
    SRS_AAC_SIGNAL_EXPLICIT,   // object type 5 or 29 in front, section 1.6.5.2
    SRS_AAC_SIGNAL_COMPATIBLE, // sync extension 0x2b7 behind, which old decoders do not see
};

struct srs_aac_config {
    uint8_t object_type;    // of the core coder: 2 = LC also for HE-AAC
    uint8_t channel_config; // 0: the channels are listed in a program config element
    uint8_t channels;       // of the core coder; 0 when it does not tell
    enum srs_aac_signal signal;
    bool sbr;
    bool ps;
    bool has_ps_word;           // of SIGNAL_COMPATIBLE: the PS flag is there, set or not
    uint8_t ext_channel_config; // of an extension whose core is BSAC (22), else 0
    uint32_t sample_rate;       // of the core coder
    uint32_t ext_sample_rate;   // of the output, with sbr; else 0
    uint16_t
        frame_length; // samples a frame at sample_rate; 0 when the object type is not one we know
};

// AAC_CONFIG; on failure *out is not touched. Bytes behind the configuration are left alone.
SRS_ERR srs_aac_config_read(struct srs_rd *in, struct srs_aac_config *out);

// The object types 1 to 4 with a channel configuration, with or without SBR and PS, frames of 1024
// or 960. AAC_CONFIG for any other (relay the original bytes); nothing is written then.
SRS_ERR srs_aac_config_write(struct srs_wr *out, const struct srs_aac_config *config);

// What a decoder puts out: doubled by SBR, stereo by PS.
uint32_t srs_aac_output_rate(const struct srs_aac_config *config);
unsigned srs_aac_output_channels(const struct srs_aac_config *config);

// As SRS's API shows it: "LC", "HE", "HEv2", ... A sync extension with the SBR flag set counts as
// HE.
const char *srs_aac_profile_name(const struct srs_aac_config *config);
