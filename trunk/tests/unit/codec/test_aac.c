// AudioSpecificConfig: every way of signalling, real bytes, reserved values, all prefixes.
#include "codec/aac.h"
#include "codec/bits.h"
#include "unit/codec/hex.h"
#include "unit/test.h"

static const struct {
    const char *why;
    const char *hex;
    const char *name;
    uint8_t type;
    uint8_t channels;
    enum srs_aac_signal signal;
    uint32_t rate;
    uint32_t output_rate;
    unsigned output_channels;
    uint16_t frame;
    uint8_t shortest; // prefix that is a configuration by itself; the rest is an extension
} configs[] = {
    {"ffmpeg 5.1.9 LC mono, SBR denied", "118856e500", "LC", 2, 1, SRS_AAC_SIGNAL_COMPATIBLE, 48000,
     48000, 1, 1024, 2},
    {"LC 44.1 kHz stereo as OBS sends it", "1210", "LC", 2, 2, SRS_AAC_SIGNAL_NONE, 44100, 44100, 2,
     1024, 2},
    {"LC of 960 samples", "1214", "LC", 2, 2, SRS_AAC_SIGNAL_NONE, 44100, 44100, 2, 960, 2},
    {"Main 7.1", "0bb8", "Main", 1, 8, SRS_AAC_SIGNAL_NONE, 22050, 22050, 8, 1024, 2},
    {"SSR", "1990", "SSR", 3, 2, SRS_AAC_SIGNAL_NONE, 48000, 48000, 2, 1024, 2},
    {"LTP", "2190", "Other", 4, 2, SRS_AAC_SIGNAL_NONE, 48000, 48000, 2, 1024, 2},
    {"rate in full", "17802ee110", "LC", 2, 2, SRS_AAC_SIGNAL_NONE, 24002, 24002, 2, 1024, 5},
    {"HE, hierarchical", "2b920800", "HE", 2, 2, SRS_AAC_SIGNAL_EXPLICIT, 22050, 44100, 2, 1024, 4},
    {"HEv2, hierarchical", "eb8a0800", "HEv2", 2, 1, SRS_AAC_SIGNAL_EXPLICIT, 22050, 44100, 2, 1024,
     4},
    {"HE, compatible", "139056e5a0", "HE", 2, 2, SRS_AAC_SIGNAL_COMPATIBLE, 22050, 44100, 2, 1024,
     2},
    {"HE, compatible, PS denied", "139056e5a54800", "HE", 2, 2, SRS_AAC_SIGNAL_COMPATIBLE, 22050,
     44100, 2, 1024, 2},
    {"HEv2, compatible", "138856e5a54880", "HEv2", 2, 1, SRS_AAC_SIGNAL_COMPATIBLE, 22050, 44100, 2,
     1024, 2},
};

static void test_aac_config_given_real_ones_then_fields_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(configs); i++) {
        uint8_t bytes[16];
        uint8_t again[SRS_AAC_CONFIG_MAX];
        size_t size = hex_bytes(configs[i].hex, bytes, sizeof bytes);
        struct srs_rd in = srs_rd_init(bytes, size);
        struct srs_aac_config config;
        assert_err(SRS_OK, srs_aac_config_read(&in, &config), configs[i].why);
        if (config.object_type != configs[i].type || config.channels != configs[i].channels ||
            config.signal != configs[i].signal || config.sample_rate != configs[i].rate ||
            config.frame_length != configs[i].frame ||
            srs_aac_output_rate(&config) != configs[i].output_rate ||
            srs_aac_output_channels(&config) != configs[i].output_channels)
            fail_msg("%s: type %u rate %u channels %u", configs[i].why, config.object_type,
                     config.sample_rate, config.channels);
        assert_string_equal(configs[i].name, srs_aac_profile_name(&config));
        struct srs_wr out = srs_wr_init(again, sizeof again);
        assert_err(SRS_OK, srs_aac_config_write(&out, &config), configs[i].why);
        if (out.size > size)
            fail_msg("%s: written as %zu bytes", configs[i].why, out.size);
        assert_memory_equal(bytes, again, out.size);
        for (size_t k = out.size; k < size; k++) // only padding is not written
            assert_int_equal(0, bytes[k]);
    }
}

static void test_aac_config_given_every_prefix_then_error_or_without_extension(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(configs); i++) {
        uint8_t bytes[16];
        size_t size = hex_bytes(configs[i].hex, bytes, sizeof bytes);
        for (size_t n = 0; n < size; n++) {
            struct srs_rd in = srs_rd_init(bytes, n);
            struct srs_aac_config config = {.object_type = 77};
            srs_err err = srs_aac_config_read(&in, &config);
            if (n < configs[i].shortest)
                assert_err(SRS_E_AAC_CONFIG, err, configs[i].why);
            else if (err)
                assert_err(SRS_E_AAC_CONFIG, err, configs[i].why);
            assert_int_equal(err ? 77 : configs[i].type, config.object_type);
            if (n == configs[i].shortest && err)
                fail_msg("%s: not read without its extension", configs[i].why);
        }
    }
}

static const struct {
    const char *why;
    const char *hex;
    srs_err want;
} odd[] = {
    {"object type 0", "0210", SRS_E_AAC_CONFIG},
    {"rate index 13", "1690", SRS_E_AAC_CONFIG},
    {"rate index 14", "1710", SRS_E_AAC_CONFIG},
    {"rate of 0 in full", "1780000010", SRS_E_AAC_CONFIG},
    {"channel configuration 8", "1240", SRS_E_AAC_CONFIG},
    {"channel configuration 10", "1250", SRS_E_AAC_CONFIG},
    {"channel configuration 11", "1258", SRS_OK},
    {"channel configuration 14", "1270", SRS_OK},
    {"channel configuration 15", "1278", SRS_E_AAC_CONFIG},
    {"SBR over SBR", "2b921400", SRS_E_AAC_CONFIG},
    {"PS over PS", "ebae7400", SRS_E_AAC_CONFIG},
    {"SBR with reserved output rate", "2b968800", SRS_E_AAC_CONFIG},
    {"sync extension cut in its rate", "139056e5", SRS_E_AAC_CONFIG},
    {"sync extension with reserved rate", "139056e5e8", SRS_E_AAC_CONFIG},
    {"padding behind", "121000000000", SRS_OK},
    {"other bits behind are no sync extension", "1210ffffffff", SRS_OK},
    {"sync word for another object type", "121056e200", SRS_OK},
    {"depends on a core coder", "12120000", SRS_OK},
    {"depends on a core coder, cut", "121200", SRS_E_AAC_CONFIG},
};

static void test_aac_config_given_bytes_then_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(odd); i++) {
        uint8_t bytes[16];
        struct srs_rd in = srs_rd_init(bytes, hex_bytes(odd[i].hex, bytes, sizeof bytes));
        struct srs_aac_config config = {.object_type = 77};
        assert_err(odd[i].want, srs_aac_config_read(&in, &config), odd[i].why);
        assert_int_equal(odd[i].want ? 1 : 0, config.object_type == 77);
        assert_true(odd[i].want || config.signal == SRS_AAC_SIGNAL_NONE);
    }
}

struct bits_out {
    uint8_t bytes[64];
    struct srs_wr wr;
    struct srs_bits_wr bits;
};

static void begin(struct bits_out *out, unsigned type, unsigned channel_config)
{
    out->wr = srs_wr_init(out->bytes, sizeof out->bytes);
    out->bits = (struct srs_bits_wr){.out = &out->wr};
    if (type < 31) {
        srs_bits_put(&out->bits, type, 5);
    } else {
        srs_bits_put(&out->bits, 31, 5);
        srs_bits_put(&out->bits, type - 32, 6);
    }
    srs_bits_put(&out->bits, 4, 4); // 44100
    srs_bits_put(&out->bits, channel_config, 4);
}

static SRS_ERR end(struct bits_out *out, struct srs_aac_config *config)
{
    srs_bits_flush(&out->bits);
    assert_false(out->wr.bad);
    struct srs_rd in = srs_rd_init(out->bytes, out->wr.size);
    return srs_aac_config_read(&in, config);
}

// Front: a single and a pair; back: a pair; LFE: one. A data and a coupling element, all mix-downs,
// a comment.
static void put_program(struct bits_out *out)
{
    srs_bits_put(&out->bits, 0x094, 10); // tag, type, rate
    srs_bits_put(&out->bits, 2, 4);
    srs_bits_put(&out->bits, 0, 4);
    srs_bits_put(&out->bits, 1, 4);
    srs_bits_put(&out->bits, 1, 2);
    srs_bits_put(&out->bits, 1, 3);
    srs_bits_put(&out->bits, 1, 4);
    for (int i = 0; i < 2; i++)
        srs_bits_put(&out->bits, 0x10, 5);
    srs_bits_put(&out->bits, 0x8, 4);
    srs_bits_put(&out->bits, 0x00, 5); // front single
    srs_bits_put(&out->bits, 0x10, 5); // front pair
    srs_bits_put(&out->bits, 0x11, 5); // back pair
    srs_bits_put(&out->bits, 0, 4);    // LFE
    srs_bits_put(&out->bits, 0, 4);    // data
    srs_bits_put(&out->bits, 0, 5);    // coupling
    srs_bits_flush(&out->bits);
    srs_bits_put(&out->bits, 2, 8);
    srs_bits_put(&out->bits, 0x6869, 16);
}

static void test_aac_config_given_program_element_then_channels_counted(void **state)
{
    (void)state;
    struct bits_out out;
    struct srs_aac_config config;
    begin(&out, 2, 0);
    srs_bits_put(&out.bits, 0, 3);
    put_program(&out);
    srs_bits_put(&out.bits, 0x2B7, 11); // and the sync extension is still found
    srs_bits_put(&out.bits, 5, 5);
    srs_bits_put(&out.bits, 0, 1);
    assert_err(SRS_OK, end(&out, &config), "5.1");
    assert_int_equal(6, config.channels);
    assert_int_equal(SRS_AAC_SIGNAL_COMPATIBLE, config.signal);
    size_t program_end = out.wr.size - 3;
    for (size_t n = 0; n < program_end; n++) {
        struct srs_rd in = srs_rd_init(out.bytes, n);
        assert_err(SRS_E_AAC_CONFIG, srs_aac_config_read(&in, &config), "prefix");
    }
}

static void test_aac_config_given_other_object_types_then_type_rate_and_frame(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        const char *bits; // behind the channel configuration
        uint16_t frame;
    } types[] = {
        {6, "000111", 1024},                   // scalable: a layer
        {7, "000", 1024},                      // TwinVQ
        {17, "00100000000", 1024},             // ER LC: extension with resilience flags, epConfig
        {20, "00111100000000", 1024},          // ER scalable: layer and both
        {22, "00100000000000000000000", 1024}, // ER BSAC: sub-frames, layer length
        {23, "10000", 480},                    // ER LD
        {23, "00000", 512},
        {39, "0", 512}, // ER ELD
        {39, "1", 480},
        {42, "", 0}, // USAC: escape code, the rest is not read
        {8, "", 0},  // CELP
    };
    for (size_t i = 0; i < SRS_COUNT(types); i++) {
        struct bits_out out;
        struct srs_aac_config config;
        begin(&out, types[i].type, 2);
        for (const char *bit = types[i].bits; *bit != '\0'; bit++)
            srs_bits_put(&out.bits, *bit == '1', 1);
        assert_err(SRS_OK, end(&out, &config), types[i].bits);
        assert_int_equal(types[i].type, config.object_type);
        assert_int_equal(44100, config.sample_rate);
        assert_int_equal(types[i].frame, config.frame_length);
        assert_string_equal("Other", srs_aac_profile_name(&config));
        struct srs_wr wr = srs_wr_init(out.bytes, sizeof out.bytes);
        assert_err(SRS_E_AAC_CONFIG, srs_aac_config_write(&wr, &config), "not one that we write");
        assert_int_equal(0, wr.size);
    }
}

static void test_aac_config_given_bsac_core_then_extension_channels(void **state)
{
    (void)state;
    struct bits_out out;
    struct srs_aac_config config;
    begin(&out, 5, 2);
    srs_bits_put(&out.bits, 3, 4);
    srs_bits_put(&out.bits, 22, 5);
    srs_bits_put(&out.bits, 6, 4);
    srs_bits_put(&out.bits, 0, 5);
    assert_err(SRS_OK, end(&out, &config), "hierarchical");
    assert_true(config.ext_channel_config == 6 && config.ext_sample_rate == 48000);
    begin(&out, 22, 2);
    srs_bits_put(&out.bits, 0, 5);
    srs_bits_put(&out.bits, 0x2B7, 11);
    srs_bits_put(&out.bits, 22, 5);
    srs_bits_put(&out.bits, 1, 1);
    srs_bits_put(&out.bits, 3, 4);
    srs_bits_put(&out.bits, 6, 4);
    assert_err(SRS_OK, end(&out, &config), "compatible");
    assert_true(config.ext_channel_config == 6 && config.ext_sample_rate == 48000 && config.sbr);
}

static void test_aac_write_given_what_cannot_be_said_then_error(void **state)
{
    (void)state;
    uint8_t bytes[SRS_AAC_CONFIG_MAX];
    struct srs_aac_config base = {.object_type = SRS_AAC_LC,
                                  .channel_config = 2,
                                  .sample_rate = 44100,
                                  .ext_sample_rate = 88200,
                                  .frame_length = 1024};
    struct srs_aac_config wrong[7];
    for (size_t i = 0; i < SRS_COUNT(wrong); i++)
        wrong[i] = base;
    wrong[0].object_type = 0;
    wrong[1].object_type = SRS_AAC_SBR;
    wrong[2].channel_config = 8;
    wrong[3].sbr = true;
    wrong[4].signal = SRS_AAC_SIGNAL_EXPLICIT;
    wrong[5].ps = true;
    wrong[6].signal = SRS_AAC_SIGNAL_COMPATIBLE;
    wrong[6].sbr = true;
    wrong[6].ps = true;
    for (size_t i = 0; i < SRS_COUNT(wrong); i++) {
        struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
        assert_err(SRS_E_AAC_CONFIG, srs_aac_config_write(&out, &wrong[i]), "cannot be said");
        assert_int_equal(0, out.size);
    }
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    assert_err(SRS_OK, srs_aac_config_write(&out, &base), "LC");
    assert_int_equal(2, out.size);
}

static void test_aac_write_given_longest_then_fits_its_maximum(void **state)
{
    (void)state;
    uint8_t bytes[SRS_AAC_CONFIG_MAX];
    struct srs_aac_config config = {.object_type = SRS_AAC_LTP,
                                    .channel_config = 1,
                                    .signal = SRS_AAC_SIGNAL_COMPATIBLE,
                                    .sbr = true,
                                    .ps = true,
                                    .has_ps_word = true,
                                    .sample_rate = 12345,
                                    .ext_sample_rate = 24690,
                                    .frame_length = 1024};
    struct srs_aac_config again;
    struct srs_wr out = srs_wr_init(bytes, sizeof bytes);
    assert_err(SRS_OK, srs_aac_config_write(&out, &config), "write");
    assert_false(out.bad);
    struct srs_rd in = srs_rd_init(bytes, out.size);
    assert_err(SRS_OK, srs_aac_config_read(&in, &again), "read");
    assert_true(again.sample_rate == 12345 && again.ext_sample_rate == 24690 && again.ps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aac_config_given_real_ones_then_fields_and_written_back),
        cmocka_unit_test(test_aac_config_given_every_prefix_then_error_or_without_extension),
        cmocka_unit_test(test_aac_config_given_bytes_then_result),
        cmocka_unit_test(test_aac_config_given_program_element_then_channels_counted),
        cmocka_unit_test(test_aac_config_given_other_object_types_then_type_rate_and_frame),
        cmocka_unit_test(test_aac_config_given_bsac_core_then_extension_channels),
        cmocka_unit_test(test_aac_write_given_what_cannot_be_said_then_error),
        cmocka_unit_test(test_aac_write_given_longest_then_fits_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
