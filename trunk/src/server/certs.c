#include "server/certs.h"
#include "core/assert.h"
#include "core/mem.h"

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

void srs_certs_free(struct srs_certs *certs)
{
    if (certs == NULL)
        return;
    for (size_t i = 0; i < SRS_CERTS_PORTS; i++)
        srs_tls_server_unref(certs->of[i]);
    srs_free(certs);
}
