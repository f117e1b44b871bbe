// A header that is read has sane fields, is the same with fewer bytes behind it, and one that is
// written is read again as the same.
#include "codec/proxy_header.h"
#include "fuzz/fuzz.h"

typedef srs_err read_fn(struct srs_span in, struct srs_proxy_header *out);

static void check_written(const struct srs_proxy_header *header, read_fn *read)
{
    uint8_t bytes[SRS_PROXY_HEADER_MAX];
    struct srs_proxy_header again;
    struct srs_wr wr = srs_wr_init(bytes, sizeof bytes);
    srs_proxy_header_write(&wr, header);
    fuzz_assert(!wr.bad);
    fuzz_assert(read((struct srs_span){bytes, wr.size}, &again) == SRS_OK);
    fuzz_assert(again.size == wr.size && again.kind == header->kind);
    fuzz_assert(again.family == header->family && again.port == header->port);
    fuzz_assert(memcmp(again.address, header->address, sizeof again.address) == 0);
}

static void check(const uint8_t *data, size_t size, read_fn *read)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_proxy_header header;
    struct srs_proxy_header exact;
    srs_err err = read((struct srs_span){block.bytes, block.size}, &header);

    if (err == SRS_E_AGAIN)
        fuzz_assert(size < SRS_PROXY_HEADER_MAX);
    if (err == SRS_OK && header.kind != SRS_PROXY_NONE) {
        fuzz_assert(header.size > 0 && header.size <= size);
        fuzz_assert(header.family == 0 || header.family == 4 || header.family == 6);
        fuzz_assert(read((struct srs_span){block.bytes, header.size}, &exact) == SRS_OK);
        fuzz_assert(memcmp(&header, &exact, sizeof header) == 0);
        fuzz_assert(read((struct srs_span){block.bytes, header.size - 1}, &exact) != SRS_OK ||
                    exact.kind == SRS_PROXY_NONE);
        check_written(&header, read);
    }
    (void)srs_bare(SRS_OK);
    fuzz_block_free(&block);
}

// Entries are in the list, from its end to its beginning, and every list ends.
static void check_list(const uint8_t *data, size_t size)
{
    struct fuzz_block block = fuzz_block_copy(data, size);
    struct srs_span list = {block.bytes, block.size};
    struct srs_span entry;
    size_t entries = 0;
    size_t commas = 0;

    for (size_t i = 0; i < size; i++)
        commas += data[i] == ',';
    while (srs_proxy_list_take(&list, &entry)) {
        struct srs_proxy_header header = {.kind = SRS_PROXY_NONE};
        fuzz_assert(entry.bytes >= block.bytes);
        fuzz_assert(entry.bytes + entry.size <= block.bytes + block.size);
        fuzz_assert(memchr(entry.bytes, ',', entry.size) == NULL);
        srs_proxy_address_read(entry, &header);
        fuzz_assert(header.family == 0 || header.family == 4 || header.family == 6);
        entries++;
    }
    fuzz_assert(entries == commas + 1);
    fuzz_block_free(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, srs_proxy_header_read);
    check(data, size, srs_proxy_header_read_rtmp);
    check_list(data, size);
    return 0;
}
