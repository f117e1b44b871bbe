#include "server/certs.h"
#include "core/assert.h"
#include "core/mem.h"
#include "core/task.h"
#include <string.h>
#include <strings.h>

// --- ports --------------------------------------------------------------------------------------

static SRS_ERR load(const struct srs_config_tls *tls, const char *path, const char *alpn,
                    struct srs_tls_server **out)
{
    struct srs_tls_files files[SRS_TLS_CERTS_MAX];
    if (!tls->enabled)
        return SRS_OK;
    srs_assert(tls->cert.count == tls->key.count && tls->cert.count <= SRS_TLS_CERTS_MAX);
    for (size_t i = 0; i < tls->cert.count; i++)
        files[i] = (struct srs_tls_files){.cert = tls->cert.items[i], .key = tls->key.items[i]};
    srs_err err = srs_tls_server_new(files, tls->cert.count, alpn, out);
    return err ? srs_wrap(err, "%s.cert and %s.key", path, path) : SRS_OK;
}

// --- copies to other servers --------------------------------------------------------------------

static bool has_tls(const struct srs_config_forward *forward)
{
    const struct srs_config_words *words = &forward->destination;
    struct srs_config_remote remote;
    for (size_t i = 0; forward->enabled && i < words->count; i++) {
        srs_err err = srs_config_remote_read(words->items[i], &remote);
        if (!err && remote.tls)
            return true;
        srs_err_drop(err, "told when the configuration was checked");
    }
    return false;
}

// Files do not matter to a client that looks at no certificate.
static const char *authorities(const struct srs_config_forward *forward)
{
    return forward->tls_verify ? forward->tls_ca : "";
}

struct srs_tls_client *srs_certs_forward(const struct srs_certs *certs,
                                         const struct srs_config_forward *forward)
{
    for (size_t i = 0; i < certs->forward_count; i++)
        if (certs->forward[i].verify == forward->tls_verify &&
            strcmp(certs->forward[i].ca, authorities(forward)) == 0)
            return certs->forward[i].client;
    return NULL;
}

static SRS_ERR load_forward(struct srs_certs *certs, const struct srs_config_vhost *vhost)
{
    const struct srs_config_forward *forward = &vhost->forward;
    const char *ca = authorities(forward);
    struct srs_tls_client *client = NULL;
    if (!vhost->enabled || !has_tls(forward) || srs_certs_forward(certs, forward) != NULL)
        return SRS_OK;
    srs_err err = srs_tls_client_new(forward->tls_verify, ca[0] != '\0' ? ca : NULL, &client);
    if (err)
        return srs_wrap(err, "forward.tls_ca of vhost %.60s", vhost->name);
    certs->forward[certs->forward_count++] =
        (struct srs_certs_forward){.verify = forward->tls_verify, .ca = ca, .client = client};
    return SRS_OK;
}

static SRS_ERR load_forwards(struct srs_certs *certs, const struct srs_config *config)
{
    srs_err err = SRS_OK;
    if (config->vhost_count == 0)
        return SRS_OK;
    certs->forward = srs_mem_new(config->vhost_count * sizeof *certs->forward);
    for (size_t i = 0; i < config->vhost_count && !err; i++)
        err = load_forward(certs, &config->vhosts[i]);
    return err;
}

// --- calls to other servers ---------------------------------------------------------------------

static bool is_https(const char *url)
{
    static const char scheme[] = "https://";
    return strncasecmp(url, scheme, sizeof scheme - 1) == 0;
}

static bool has_https(const struct srs_config_vhost *vhost)
{
    const struct srs_config_words *const lists[] = {
        &vhost->http_hooks.on_connect,   &vhost->http_hooks.on_close, &vhost->http_hooks.on_publish,
        &vhost->http_hooks.on_unpublish, &vhost->http_hooks.on_play,  &vhost->http_hooks.on_stop};
    if (vhost->forward.enabled && is_https(vhost->forward.backend))
        return true;
    for (size_t i = 0; i < SRS_COUNT(lists) && vhost->http_hooks.enabled; i++)
        for (size_t j = 0; j < lists[i]->count; j++)
            if (is_https(lists[i]->items[j]))
                return true;
    return false;
}

// The system's authorities are some hundred: they are read where they are needed.
static SRS_ERR load_trust(const struct srs_config *config, struct srs_tls_client **out)
{
    const char *file = config->http_client.ca_file;
    bool needed = config->heartbeat.enabled && is_https(config->heartbeat.url);
    for (size_t i = 0; i < config->vhost_count && !needed; i++)
        needed = has_https(&config->vhosts[i]);
    if (!config->http_client.verify || !needed)
        return SRS_OK;
    srs_err err = srs_tls_client_new(true, file[0] != '\0' ? file : NULL, out);
    return err ? srs_wrap(err, "http_client.ca_file") : SRS_OK;
}

// --- all ----------------------------------------------------------------------------------------

SRS_ERR srs_certs_load(const struct srs_config *config, struct srs_certs **out)
{
    static const char http[] = "http/1.1";
    struct srs_certs *certs = srs_new(struct srs_certs);
    srs_err err = load(&config->rtmps, "rtmps", NULL, &certs->of[SRS_CERTS_RTMPS]);
    if (!err && config->http_api.enabled)
        err = load(&config->http_api.https, "http_api.https", http, &certs->of[SRS_CERTS_API]);
    if (!err && config->http_server.enabled)
        err =
            load(&config->http_server.https, "http_server.https", http, &certs->of[SRS_CERTS_WEB]);
    if (!err)
        err = load_forwards(certs, config);
    if (!err)
        err = load_trust(config, &certs->trust);
    if (err) {
        srs_certs_free(certs);
        return err;
    }
    *out = certs;
    return SRS_OK;
}

struct reading {
    struct srs_task task;
    struct srs_config *config; // a reference
    struct srs_certs *got;
    struct srs_certs **out; // the waiter's; NULL once it has gone
};

static srs_err run_reading(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    return srs_certs_load(reading->config, &reading->got);
}

static void reading_done(struct srs_task *task)
{
    struct reading *reading = srs_list_entry(task, struct reading, task);
    if (reading->out != NULL)
        *reading->out = reading->got;
    else
        srs_certs_free(reading->got);
    srs_config_unref(reading->config);
    srs_free(reading);
}

SRS_YIELDS SRS_ERR srs_certs_read(struct srs_config *config, srs_usec deadline,
                                  struct srs_certs **out)
{
    srs_co_may_yield();
    struct srs_task_queue *queue = NULL;
    struct srs_certs *got = NULL;
    srs_err err = srs_task_queue_new("certificates", 1, &queue);
    if (err)
        return err;
    struct reading *reading = srs_new(struct reading);
    reading->task.run = run_reading;
    reading->task.done = reading_done;
    reading->config = srs_config_ref(config);
    reading->out = &got;
    err = srs_task_call(queue, &reading->task, deadline);
    struct srs_err_trace *story = srs_err_save();
    if (err == SRS_E_SOCKET_TIMEOUT || err == SRS_E_CANCELED) // ours: reading gives neither
        reading->out = NULL;
    (void)srs_task_queue_close(queue, deadline);
    srs_err_restore(story);
    if (err)
        return srs_wrap(err, "read the certificates");
    *out = got;
    return SRS_OK;
}

void srs_certs_free(struct srs_certs *certs)
{
    if (certs == NULL)
        return;
    for (size_t i = 0; i < SRS_CERTS_PORTS; i++)
        srs_tls_server_unref(certs->of[i]);
    for (size_t i = 0; i < certs->forward_count; i++)
        srs_tls_client_unref(certs->forward[i].client);
    srs_free(certs->forward);
    srs_tls_client_unref(certs->trust);
    srs_free(certs);
}
