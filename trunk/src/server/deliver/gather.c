#include "server/deliver/gather.h"
#include "core/assert.h"

void srs_gather_begin(struct srs_gather *gather, size_t limit)
{
    gather->skip = 0;
    gather->limit = limit;
    gather->bytes = 0;
    gather->wire = 0;
    gather->full = false;
    gather->count = 0;
    gather->scratch_used = 0;
}

void srs_gather_pass(struct srs_gather *gather, size_t size)
{
    srs_assert(gather->full || size <= gather->skip);
    gather->wire += size;
    gather->skip -= size < gather->skip ? size : gather->skip;
}

// What of `size` offered bytes is to be taken: leaves out what skip says and what is over the
// limit.
static size_t admit(struct srs_gather *gather, const uint8_t **bytes, size_t size)
{
    gather->wire += size;
    size_t left_out = gather->skip < size ? gather->skip : size;
    gather->skip -= left_out;
    *bytes += left_out;
    size -= left_out;
    if (gather->full)
        return 0;
    if (size > gather->limit - gather->bytes) {
        size = gather->limit - gather->bytes;
        gather->full = true;
    }
    return size;
}

void srs_gather_ref(struct srs_gather *gather, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size = admit(gather, &at, size);
    if (size == 0)
        return;
    if (gather->count == SRS_GATHER_IOVS) {
        gather->full = true;
        return;
    }
    struct iovec *iov = &gather->iov[++gather->count];
    memcpy(&iov->iov_base, &at, sizeof at); // the field is not const
    iov->iov_len = size;
    gather->bytes += size;
}

void srs_gather_copy(struct srs_gather *gather, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size = admit(gather, &at, size);
    if (size == 0)
        return;
    uint8_t *place = gather->scratch + gather->scratch_used;
    struct iovec *last = gather->count > 0 ? &gather->iov[gather->count] : NULL;
    bool adjoins = last != NULL && (uint8_t *)last->iov_base + last->iov_len == place;
    if (SRS_GATHER_SCRATCH - gather->scratch_used < size ||
        (!adjoins && gather->count == SRS_GATHER_IOVS)) {
        gather->full = true;
        return;
    }
    memcpy(place, at, size);
    gather->scratch_used += size;
    gather->bytes += size;
    if (adjoins)
        last->iov_len += size;
    else
        gather->iov[++gather->count] = (struct iovec){.iov_base = place, .iov_len = size};
}
