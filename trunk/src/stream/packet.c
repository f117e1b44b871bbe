#include "stream/packet.h"
#include "core/assert.h"
#include "core/mem.h"
#include "stream/packet_log.h"

// So that those of a packet add up in 32 bits.
enum { FORM_BYTES_MAX = UINT32_MAX / SRS_PACKET_FORMS / 2 };

static struct srs_packet *allocate(struct srs_arena *arena, size_t size)
{
    struct srs_packet *packet = NULL;
    if (arena != NULL && size <= SRS_ARENA_PIECE_MAX)
        packet = srs_mem_fails_now() ? NULL : srs_arena_alloc(arena, size);
    bool in_arena = packet != NULL;
    if (arena == NULL || size > SRS_ARENA_PIECE_MAX)
        packet = srs_try_alloc(size);
    if (packet != NULL) {
        memset(packet, 0, sizeof *packet);
        packet->in_arena = in_arena;
    }
    return packet;
}

SRS_ERR srs_packet_new(struct srs_track *track, size_t size, struct srs_packet **out)
{
    return srs_packet_new_in(NULL, track, size, out);
}

SRS_ERR srs_packet_new_in(struct srs_arena *arena, struct srs_track *track, size_t size,
                          struct srs_packet **out)
{
    srs_assert(size <= UINT32_MAX);
    struct srs_packet *packet = allocate(arena, sizeof *packet + size);
    if (packet == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "packet of %zu bytes", size);
    packet->refs = 1;
    packet->track = srs_track_ref(track);
    packet->head.kind = (uint8_t)track->kind;
    packet->head.codec = (uint8_t)track->codec;
    packet->head.track_id = track->id;
    packet->head.track_version = track->version;
    packet->head.size = (uint32_t)size;
    srs_live_add(SRS_LIVE_PACKET, 1);
    *out = packet;
    return SRS_OK;
}

struct srs_packet *srs_packet_ref(struct srs_packet *packet)
{
    packet->refs++;
    return packet;
}

void srs_packet_unref(struct srs_packet *packet)
{
    if (packet == NULL)
        return;
    srs_assert(packet->refs > 0);
    if (--packet->refs > 0)
        return;
    for (unsigned i = 0; i < SRS_PACKET_FORMS; i++)
        if (packet->forms[i].form != NULL)
            packet->forms[i].ops->free(packet->forms[i].form);
    srs_track_unref(packet->track);
    if (packet->in_arena) {
        srs_arena_release(packet);
    } else {
        srs_mem_note_freed((size_t)packet->head.size + packet->head.extra_size);
        srs_free(packet);
    }
    srs_live_add(SRS_LIVE_PACKET, -1);
}

void *srs_packet_form(const struct srs_packet *packet, const struct srs_form_ops *ops)
{
    return packet->forms[ops->slot].ops == ops ? packet->forms[ops->slot].form : NULL;
}

static uint32_t form_bytes(const struct srs_form_ops *ops, const void *form)
{
    size_t bytes = ops->bytes != NULL ? ops->bytes(form) : 0;
    return bytes < FORM_BYTES_MAX ? (uint32_t)bytes : FORM_BYTES_MAX;
}

void srs_packet_keep_form(struct srs_packet *packet, const struct srs_form_ops *ops, void *form)
{
    unsigned slot = ops->slot;
    size_t before = packet->form_bytes;
    if (packet->forms[slot].form != NULL) {
        packet->form_bytes -= form_bytes(packet->forms[slot].ops, packet->forms[slot].form);
        packet->forms[slot].ops->free(packet->forms[slot].form);
    }
    packet->forms[slot].ops = ops;
    packet->forms[slot].form = form;
    packet->form_bytes += form_bytes(ops, form);
    if (packet->log != NULL)
        srs_packet_log_recount(packet->log, before, packet->form_bytes);
}
