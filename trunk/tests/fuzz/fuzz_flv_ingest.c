// Tags of a file into a source whose viewer takes them as FLV: nothing breaks, what comes out are
// whole tags, and memory follows bytes.
// Covers: ingest/flv_ingest.c ingest/flv_codecs.c
#include "codec/flv.h"
#include "core/log.h"
#include "core/mem.h"
#include "fuzz/fuzz.h"
#include "server/deliver/mux.h"
#include "server/ingest/flv_ingest.h"

static struct srs_gather gather;

// All that is muxed of one packet is whole tags, each with its size behind it.
static void check_tags(void)
{
    struct srs_rd in;
    uint8_t *bytes = malloc(gather.bytes + 1);
    size_t size = 0;
    fuzz_assert(bytes != NULL && !gather.full && gather.bytes == gather.wire);
    for (unsigned i = 1; i <= gather.count; i++) {
        memcpy(bytes + size, gather.iov[i].iov_base, gather.iov[i].iov_len);
        size += gather.iov[i].iov_len;
    }
    in = srs_rd_init(bytes, size);
    while (srs_rd_left(&in) > 0) {
        struct srs_flv_tag tag;
        fuzz_assert(srs_flv_tag_read(&in, &tag) == SRS_OK);
        srs_rd_skip(&in, tag.size);
        fuzz_assert(srs_rd_u32(&in) == SRS_FLV_TAG_SIZE + tag.size && !in.bad);
    }
    free(bytes);
}

// The size of the input chooses what the player and the ingest take.
static void consume(struct srs_consumer *consumer, struct srs_mux_state *state,
                    const struct srs_mux_params *params)
{
    bool jumped = false;
    struct srs_packet *packet;
    while ((packet = srs_consumer_peek(consumer, &consumer->next, &consumer->need_key, &jumped)) !=
           NULL) {
        srs_gather_begin(&gather, SIZE_MAX);
        srs_mux_flv.packet(params, state, packet, &gather);
        check_tags();
        consumer->next++;
    }
}

enum {
    RECORD_HEAD_MAX = 64,
    PACKET_MAX = sizeof(struct srs_packet) + sizeof(struct srs_track) + RECORD_HEAD_MAX
};

static void feed(struct srs_source *source, struct srs_consumer *consumer, struct srs_rd *in,
                 const struct srs_mux_params *params)
{
    struct srs_flv_ingest ingest;
    struct srs_mux_state state = {.fresh = SRS_MUX_FRESH_ALL};
    size_t fed = 0;
    srs_usec now = 0;
    srs_err err = SRS_OK;
    srs_flv_ingest_init(&ingest, source);
    ingest.options.annexb = srs_rd_left(in) / 16 % 4 != 3;
    while (!err && srs_rd_left(in) >= SRS_FLV_TAG_SIZE) {
        struct srs_flv_tag tag;
        srs_err_drop(srs_flv_tag_read(in, &tag), "there are enough bytes");
        size_t size = tag.size < srs_rd_left(in) ? tag.size : srs_rd_left(in);
        now += (srs_usec)(tag.stream_id & 0xFF) * 4 * SRS_MSEC;
        err = srs_flv_ingest_message(&ingest, tag.type, tag.timestamp, srs_rd_span(in, size), now);
        fed += SRS_FLV_TAG_SIZE + size;
        // Empty NAL units go and lengths of one byte become four: at most four times the bytes. As
        // much again are records that are made of parameter sets, each with a track's version.
        fuzz_assert(source->log.bytes <= 8 * fed + source->log.next * PACKET_MAX);
        // A track's share of a message has four bytes at least in front of its data.
        fuzz_assert(source->log.next <= fed / 4);
        if ((tag.stream_id & 0x100) != 0)
            consume(consumer, &state, params);
    }
    srs_err_drop(err, "the publisher would be cut off");
    consume(consumer, &state, params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char publisher;
    static const struct srs_consumer_ops ops = {NULL};
    struct srs_log_limits limits = {
        .gop_cache = size % 2 == 0, .age = 30 * SRS_SEC, .packets = 20, .bytes = 1 << 20};
    struct srs_sources *sources = NULL;
    struct srs_source *source = NULL;
    struct srs_consumer consumer = {.next = 0};
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_rd in = srs_rd_init(block.bytes, block.size);

    srs_log_set_level(SRS_LOG_ERROR); // what is dropped is told, thousands of times a second here
    fuzz_assert(srs_sources_new(NULL, &sources) == SRS_OK);
    fuzz_assert(srs_source_get(sources, "v", "a", "s", &limits, &source) == SRS_OK);
    fuzz_assert(srs_source_publish(source, &publisher, 1) == SRS_OK);
    srs_consumer_join(&consumer, source, &ops);
    const struct srs_mux_params params = {.caps = (uint8_t)(size / 2 % 8)};
    feed(source, &consumer, &in, &params);
    srs_source_unpublish(source, &publisher);
    srs_consumer_leave(&consumer);
    srs_source_unref(source);
    srs_sources_free(sources);
    fuzz_block_free(&block);
    for (int i = 0; i < SRS_LIVE_TYPES; i++)
        fuzz_assert(srs_live_count((enum srs_live)i) == 0);
    return 0;
}
