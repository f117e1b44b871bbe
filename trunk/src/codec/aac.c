// AudioSpecificConfig. Left out: the error protection of ER object types (its header is not needed
// for what is read here), the configurations of CELP, HVXC, TTSI, ALS, SLS and USAC (type, rate and
// channels are read), and writing of program config elements.
#include "codec/aac.h"
#include "codec/bits.h"

enum {
    TYPE_ESCAPE = 31,
    TYPE_BSAC = 22,
    TYPE_LD = 23,
    RATE_EXPLICIT = 15,
    SYNC_SBR = 0x2B7,
    SYNC_PS = 0x548,
};

// Table 1.18; 13 and 14 are reserved.
static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000,  7350};

// Table 1.19; 0 marks reserved numbers (and configuration 0, which says nothing by itself).
static const uint8_t channel_counts[16] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0};

static uint8_t type_read(struct srs_bits *in)
{
    uint32_t type = srs_bits_uint(in, 5);
    return (uint8_t)(type == TYPE_ESCAPE ? 32 + srs_bits_uint(in, 6) : type);
}

static void type_write(struct srs_bits_wr *out, uint8_t type)
{
    srs_bits_put(out, type, 5);
}

// 0 for a reserved index.
static uint32_t rate_read(struct srs_bits *in)
{
    uint32_t index = srs_bits_uint(in, 4);
    if (index == RATE_EXPLICIT)
        return srs_bits_uint(in, 24);
    return index < sizeof rates / sizeof rates[0] ? rates[index] : 0;
}

static void rate_write(struct srs_bits_wr *out, uint32_t rate)
{
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        if (rates[i] == rate) {
            srs_bits_put(out, i, 4);
            return;
        }
    srs_bits_put(out, RATE_EXPLICIT, 4);
    srs_bits_put(out, rate, 24);
}

static bool type_is_general(uint8_t type)
{
    return (type >= SRS_AAC_MAIN && type <= SRS_AAC_LTP) || type == 6 || type == 7 || type == 17 ||
           (type >= 19 && type <= TYPE_LD);
}

// Single channels count one, pairs two.
static unsigned elements_read(struct srs_bits *in, unsigned count, bool may_pair)
{
    unsigned channels = 0;
    for (unsigned i = 0; i < count; i++) {
        channels += may_pair && srs_bits_flag(in) ? 2 : 1;
        srs_bits_skip(in, 4);
    }
    return channels;
}

// Program config element, section 4.4.1.1: at most 15 elements a group, 3 of LFE. Returns the
// number of channels.
static unsigned program_read(struct srs_bits *in)
{
    srs_bits_skip(in, 4 + 2 + 4); // tag, object type, rate
    unsigned front = srs_bits_uint(in, 4);
    unsigned side = srs_bits_uint(in, 4);
    unsigned back = srs_bits_uint(in, 4);
    unsigned lfe = srs_bits_uint(in, 2);
    unsigned data = srs_bits_uint(in, 3);
    unsigned coupling = srs_bits_uint(in, 4);
    if (srs_bits_flag(in)) // mono mix-down
        srs_bits_skip(in, 4);
    if (srs_bits_flag(in)) // stereo mix-down
        srs_bits_skip(in, 4);
    if (srs_bits_flag(in)) // matrix mix-down
        srs_bits_skip(in, 3);
    unsigned channels = elements_read(in, front, true);
    channels += elements_read(in, side, true);
    channels += elements_read(in, back, true);
    channels += elements_read(in, lfe, false);
    srs_bits_skip(in, (size_t)data * 4 + (size_t)coupling * 5);
    srs_bits_align(in); // the configuration began on a byte
    srs_bits_skip(in, (size_t)srs_bits_uint(in, 8) * 8);
    return channels;
}

// GASpecificConfig, section 4.4.1.
static void general_read(struct srs_bits *in, struct srs_aac_config *config)
{
    bool is_short = srs_bits_flag(in);
    uint8_t type = config->object_type;
    if (type == TYPE_LD)
        config->frame_length = is_short ? 480 : 512;
    else
        config->frame_length = is_short ? 960 : 1024;
    if (srs_bits_flag(in)) // depends on a core coder
        srs_bits_skip(in, 14);
    bool extension = srs_bits_flag(in);
    if (config->channel_config == 0)
        config->channels = (uint8_t)program_read(in);
    if (type == 6 || type == 20)
        srs_bits_skip(in, 3); // layer
    if (!extension)
        return;
    if (type == TYPE_BSAC)
        srs_bits_skip(in, 16);
    if (type == 17 || type == 19 || type == 20 || type == TYPE_LD)
        srs_bits_skip(in, 3); // resilience flags
    srs_bits_skip(in, 1);
}

// The backward compatible form, section 1.6.5.3. Bits that are something else are left alone: they
// are padding.
static void sync_read(struct srs_bits *in, struct srs_aac_config *config)
{
    struct srs_bits look = *in;
    if (srs_bits_left(in) < 16 || srs_bits_uint(&look, 11) != SYNC_SBR)
        return;
    uint8_t type = type_read(&look);
    if (type != SRS_AAC_SBR && type != TYPE_BSAC)
        return;
    config->signal = SRS_AAC_SIGNAL_COMPATIBLE;
    config->sbr = srs_bits_flag(&look);
    if (config->sbr)
        config->ext_sample_rate = rate_read(&look);
    if (type == TYPE_BSAC)
        config->ext_channel_config = (uint8_t)srs_bits_uint(&look, 4);
    *in = look;
    if (type != SRS_AAC_SBR || !config->sbr || srs_bits_left(in) < 12 ||
        srs_bits_uint(&look, 11) != SYNC_PS)
        return;
    config->has_ps_word = true;
    config->ps = srs_bits_flag(&look);
    *in = look;
}

// Object type 5 or 29 in front: the output's rate, then the core coder.
static void explicit_read(struct srs_bits *in, struct srs_aac_config *config)
{
    config->signal = SRS_AAC_SIGNAL_EXPLICIT;
    config->sbr = true;
    config->ps = config->object_type == SRS_AAC_PS;
    config->ext_sample_rate = rate_read(in);
    config->object_type = type_read(in);
    if (config->object_type == TYPE_BSAC)
        config->ext_channel_config = (uint8_t)srs_bits_uint(in, 4);
}

static SRS_ERR config_check(const struct srs_bits *in, const struct srs_aac_config *config)
{
    if (in->bad)
        return srs_fail(SRS_E_AAC_CONFIG, "truncated");
    if (config->object_type == 0 || config->object_type == SRS_AAC_SBR ||
        config->object_type == SRS_AAC_PS)
        return srs_fail(SRS_E_AAC_CONFIG, "object type %u", config->object_type);
    if (config->sample_rate == 0 || (config->sbr && config->ext_sample_rate == 0))
        return srs_fail(SRS_E_AAC_CONFIG, "reserved sample rate");
    if (config->channel_config != 0 && channel_counts[config->channel_config] == 0)
        return srs_fail(SRS_E_AAC_CONFIG, "channel configuration %u", config->channel_config);
    return SRS_OK;
}

SRS_ERR srs_aac_config_read(struct srs_rd *in, struct srs_aac_config *out)
{
    struct srs_bits bits = {.rd = *in};
    struct srs_aac_config config = {0};

    config.object_type = type_read(&bits);
    config.sample_rate = rate_read(&bits);
    config.channel_config = (uint8_t)srs_bits_uint(&bits, 4);
    config.channels = channel_counts[config.channel_config];
    if (config.object_type == SRS_AAC_SBR || config.object_type == SRS_AAC_PS)
        explicit_read(&bits, &config);
    if (type_is_general(config.object_type)) {
        general_read(&bits, &config);
        if (config.object_type >= 17) // error resilient
            srs_bits_skip(&bits, 2);
        if (config.signal == SRS_AAC_SIGNAL_NONE)
            sync_read(&bits, &config);
    } else if (config.object_type == SRS_AAC_ELD) {
        config.frame_length = srs_bits_flag(&bits) ? 480 : 512;
    }
    srs_err err = config_check(&bits, &config);
    if (err)
        return err;
    *in = bits.rd;
    *out = config;
    return SRS_OK;
}

static void sync_write(struct srs_bits_wr *out, const struct srs_aac_config *config)
{
    srs_bits_put(out, SYNC_SBR, 11);
    type_write(out, SRS_AAC_SBR);
    srs_bits_put(out, config->sbr, 1);
    if (!config->sbr)
        return;
    rate_write(out, config->ext_sample_rate);
    if (!config->has_ps_word)
        return;
    srs_bits_put(out, SYNC_PS, 11);
    srs_bits_put(out, config->ps, 1);
}

static SRS_ERR write_check(const struct srs_aac_config *config)
{
    if (config->object_type < SRS_AAC_MAIN || config->object_type > SRS_AAC_LTP ||
        config->channel_config > 15 || channel_counts[config->channel_config] == 0)
        return srs_fail(SRS_E_AAC_CONFIG, "object type %u with channel configuration %u",
                        config->object_type, config->channel_config);
    if ((config->sbr && config->signal == SRS_AAC_SIGNAL_NONE) ||
        (!config->sbr && config->signal == SRS_AAC_SIGNAL_EXPLICIT) ||
        (config->ps && !config->sbr) ||
        (config->ps && config->signal == SRS_AAC_SIGNAL_COMPATIBLE && !config->has_ps_word))
        return srs_fail(SRS_E_AAC_CONFIG, "SBR or PS that is not signalled");
    return SRS_OK;
}

SRS_ERR srs_aac_config_write(struct srs_wr *out, const struct srs_aac_config *config)
{
    struct srs_bits_wr bits = {.out = out};
    bool is_explicit = config->signal == SRS_AAC_SIGNAL_EXPLICIT;
    srs_err err = write_check(config);
    if (err)
        return err;
    uint8_t extension = config->ps ? SRS_AAC_PS : SRS_AAC_SBR;
    type_write(&bits, is_explicit ? extension : config->object_type);
    rate_write(&bits, config->sample_rate);
    srs_bits_put(&bits, config->channel_config, 4);
    if (is_explicit) {
        rate_write(&bits, config->ext_sample_rate);
        type_write(&bits, config->object_type);
    }
    srs_bits_put(&bits, config->frame_length == 960, 1);
    srs_bits_put(&bits, 0, 2); // no core coder, no extension
    if (config->signal == SRS_AAC_SIGNAL_COMPATIBLE)
        sync_write(&bits, config);
    srs_bits_flush(&bits);
    return SRS_OK;
}

uint32_t srs_aac_output_rate(const struct srs_aac_config *config)
{
    return config->sbr ? config->ext_sample_rate : config->sample_rate;
}

unsigned srs_aac_output_channels(const struct srs_aac_config *config)
{
    return config->ps && config->channels == 1 ? 2 : config->channels;
}

const char *srs_aac_profile_name(const struct srs_aac_config *config)
{
    if (config->ps)
        return "HEv2";
    if (config->sbr)
        return "HE";
    switch (config->object_type) {
    case SRS_AAC_MAIN:
        return "Main";
    case SRS_AAC_LC:
        return "LC";
    case SRS_AAC_SSR:
        return "SSR";
    default:
        return "Other";
    }
}
