#include "server/access/limits.h"
#include "core/log.h"
#include "server/config/compare.h"

static const srs_usec sample_usec = 1 * SRS_SEC;

// A publisher is ended when so many samples in a row found its average above the limit: it may
// have had to catch up.
enum { SAMPLES_ABOVE = 5 };

// --- who may come -------------------------------------------------------------------------------

struct asking {
    struct srs_server *server;
    const struct srs_config_vhost *vhost;
    const struct srs_used *of[SRS_USAGE_KINDS]; // with the one who asks
};

// `have` counts the one who asks.
static SRS_ERR check_count(const struct asking *asking, enum srs_limit limit, int64_t max,
                           unsigned have)
{
    if (max <= 0 || have <= max)
        return SRS_OK;
    asking->server->limited[limit]++;
    return srs_fail(limit == SRS_LIMIT_PUBLISHERS ? SRS_E_LIMIT_PUBLISHERS : SRS_E_LIMIT_PLAYERS,
                    "vhost %.80s, %s is %lld", asking->vhost->name, srs_limit_name(limit),
                    (long long)max);
}

static SRS_ERR check_rate(const struct asking *asking, enum srs_limit limit, int64_t max,
                          uint32_t kbps)
{
    if (max <= 0 || kbps <= max)
        return SRS_OK;
    asking->server->limited[limit]++;
    return srs_fail(SRS_E_LIMIT_BANDWIDTH, "vhost %.80s, %u kbps, %s is %lld", asking->vhost->name,
                    kbps, srs_limit_name(limit), (long long)max);
}

// A second publisher of a stream takes no place of others: it is told that the name is taken.
static SRS_ERR check_publisher(const struct asking *asking)
{
    const struct srs_used *const *of = asking->of;
    srs_err err = SRS_OK;
    if (of[SRS_USAGE_STREAM]->publishers == 1)
        err = check_count(asking, SRS_LIMIT_PUBLISHERS, asking->vhost->limits.max_publishers,
                          of[SRS_USAGE_VHOST]->publishers);
    if (!err)
        err = check_rate(asking, SRS_LIMIT_IN, asking->vhost->limits.in_bandwidth,
                         of[SRS_USAGE_VHOST]->in_kbps);
    if (!err)
        err = check_rate(asking, SRS_LIMIT_IN_PER_IP, asking->server->config->in_bandwidth_per_ip,
                         of[SRS_USAGE_ADDRESS]->in_kbps);
    return err;
}

static SRS_ERR check_player(const struct asking *asking)
{
    const struct srs_used *const *of = asking->of;
    srs_err err = check_count(asking, SRS_LIMIT_PLAYERS, asking->vhost->limits.max_players,
                              of[SRS_USAGE_VHOST]->players);
    if (!err)
        err = check_count(asking, SRS_LIMIT_PLAYERS_PER_STREAM,
                          asking->vhost->limits.max_players_per_stream,
                          of[SRS_USAGE_STREAM]->players);
    if (!err)
        err = check_rate(asking, SRS_LIMIT_OUT, asking->vhost->limits.out_bandwidth,
                         of[SRS_USAGE_VHOST]->out_kbps);
    if (!err)
        err = check_rate(asking, SRS_LIMIT_OUT_PER_STREAM,
                         asking->vhost->limits.out_bandwidth_per_stream,
                         of[SRS_USAGE_STREAM]->out_kbps);
    if (!err)
        err = check_rate(asking, SRS_LIMIT_OUT_PER_IP, asking->server->config->out_bandwidth_per_ip,
                         of[SRS_USAGE_ADDRESS]->out_kbps);
    return err;
}

SRS_ERR srs_limits_enter(struct srs_server *server, const struct srs_config_vhost *vhost,
                         const struct srs_usage_client *client, struct srs_place *place)
{
    struct asking asking = {.server = server, .vhost = vhost};
    srs_err err = srs_usage_enter(&server->usage, client, place);
    if (err)
        return err;
    for (unsigned kind = 0; kind < SRS_USAGE_KINDS; kind++)
        asking.of[kind] = srs_place_used(place, kind);
    err = client->publish ? check_publisher(&asking) : check_player(&asking);
    if (err)
        srs_usage_leave(place);
    return err;
}

// --- bandwidth ----------------------------------------------------------------------------------

static bool wants_bandwidth(const struct srs_config *config)
{
    bool wanted = config->in_bandwidth_per_ip > 0 || config->out_bandwidth_per_ip > 0;
    for (size_t i = 0; !wanted && i < config->vhost_count; i++) {
        const struct srs_config_vhost *vhost = &config->vhosts[i];
        wanted = vhost->limits.in_bandwidth > 0 || vhost->limits.out_bandwidth > 0 ||
                 vhost->limits.in_bandwidth_per_stream > 0 ||
                 vhost->limits.out_bandwidth_per_stream > 0;
    }
    return wanted;
}

static void check_stream(struct srs_server *server, struct srs_client *publisher)
{
    const struct srs_source *source = publisher->source;
    const struct srs_config_vhost *vhost = srs_config_vhost_exact(server->config, source->vhost);
    struct srs_used *used = srs_usage_stream(&server->usage, source->key);
    if (vhost == NULL || used == NULL)
        return;
    int64_t max = vhost->limits.in_bandwidth_per_stream;
    used->above = max > 0 && used->in_kbps > max ? used->above + 1 : 0;
    if (used->above < SAMPLES_ABOVE || publisher->kicked)
        return;
    server->limited[SRS_LIMIT_IN_PER_STREAM]++;
    srs_log_info("access", "end publisher stream=%s client=%s kbps=%u in_bandwidth_per_stream=%lld",
                 source->key, publisher->id, used->in_kbps, (long long)max);
    srs_client_kick(publisher, SRS_E_LIMIT_BANDWIDTH);
}

static SRS_YIELDS srs_err limits_main(void *arg)
{
    struct srs_server *server = arg;
    for (;;) {
        srs_err err = srs_co_sleep(srs_now() + sample_usec);
        if (!err && wants_bandwidth(server->config))
            err = srs_usage_sample(&server->usage, srs_now());
        if (err)
            return err;
        if (!wants_bandwidth(server->config))
            continue;
        srs_list_each (node, &server->clients.publishers) {
            check_stream(server, srs_list_entry(node, struct srs_client, publish_link));
        }
    }
}

SRS_ERR srs_limits_start(struct srs_server *server)
{
    return srs_scope_spawn(&server->services, limits_main, server);
}
