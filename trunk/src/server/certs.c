#include "server/certs.h"
#include "core/assert.h"
#include "core/mem.h"
#include "core/task.h"

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
    srs_free(certs);
}
