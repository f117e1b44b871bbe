#include "stream/meter.h"
#include "stream/packet.h"

static const srs_usec window_usec = 1 * SRS_SEC;
static const srs_usec silent_usec = 3 * SRS_SEC;

static uint32_t bounded(double value)
{
    return value >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void begin_window(struct srs_meter *meter, srs_usec dts)
{
    meter->window_dts = dts;
    meter->window_packets = meter->packets;
    meter->window_bytes = meter->bytes;
}

static void count_key(struct srs_meter *meter, srs_usec dts)
{
    if (meter->has_key && dts > meter->key_dts)
        meter->key_interval = dts - meter->key_dts;
    meter->key_dts = dts;
    meter->has_key = true;
}

void srs_meter_count(struct srs_meter *meter, const struct srs_packet_head *head)
{
    srs_usec span = head->dts - meter->window_dts;
    if (meter->packets == 0 || span < 0) {
        begin_window(meter, head->dts);
    } else if (span >= window_usec) {
        double seconds = (double)span / (double)SRS_SEC;
        double packets = (double)(meter->packets - meter->window_packets);
        double bits = (double)(meter->bytes - meter->window_bytes) * 8;
        meter->milli_fps = bounded(packets * 1000 / seconds + 0.5);
        meter->kbps = bounded(bits / 1000 / seconds + 0.5);
        begin_window(meter, head->dts);
    }
    if (head->kind == SRS_KIND_VIDEO && (head->flags & SRS_PACKET_KEY) != 0)
        count_key(meter, head->dts);
    meter->packets++;
    meter->bytes += head->size;
    meter->last_dts = head->dts;
    meter->last_arrived = head->arrived;
}

static bool is_silent(const struct srs_meter *meter, srs_usec now)
{
    return meter->packets == 0 || now - meter->last_arrived > silent_usec;
}

uint32_t srs_meter_kbps(const struct srs_meter *meter, srs_usec now)
{
    return is_silent(meter, now) ? 0 : meter->kbps;
}

uint32_t srs_meter_milli_fps(const struct srs_meter *meter, srs_usec now)
{
    return is_silent(meter, now) ? 0 : meter->milli_fps;
}

srs_usec srs_meter_skew(const struct srs_meter *a, const struct srs_meter *b)
{
    return (a->last_dts - a->last_arrived) - (b->last_dts - b->last_arrived);
}
