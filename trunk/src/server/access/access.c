#include "server/access/access.h"
#include <string.h>

// --- addresses ----------------------------------------------------------------------------------

static bool fits(const struct srs_config_rules *rules, const struct srs_endpoint *peer,
                 enum srs_access_action action)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct srs_config_rule *rule = &rules->items[i];
        if (rule->publish == (action == SRS_ACCESS_PUBLISH) &&
            (rule->network.bits == 0 || srs_network_has(&rule->network, peer)))
            return true;
    }
    return false;
}

static const char *verb(enum srs_access_action action)
{
    return action == SRS_ACCESS_PUBLISH ? "publish" : "play";
}

SRS_ERR srs_access_check_address(const struct srs_config_vhost *vhost,
                                 const struct srs_endpoint *peer, enum srs_access_action action)
{
    char text[SRS_ENDPOINT_TEXT];
    srs_err err = SRS_OK;
    if (!vhost->security.enabled)
        return SRS_OK;
    if (vhost->security.allow.count == 0 && vhost->security.deny.count == 0)
        err = SRS_E_SYSTEM_SECURITY;
    else if (fits(&vhost->security.deny, peer, action))
        err = SRS_E_SYSTEM_SECURITY_DENY;
    else if (vhost->security.allow.count > 0 && !fits(&vhost->security.allow, peer, action))
        err = SRS_E_SYSTEM_SECURITY_ALLOW;
    if (!err)
        return SRS_OK;
    srs_endpoint_format_ip(peer, text);
    return srs_fail(err, "%s from %s", verb(action), text);
}

// --- pages --------------------------------------------------------------------------------------

// "http://user@www.example.com:8080/a?b" has www.example.com; so has the bare name.
static struct srs_span host_of(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme != NULL ? scheme + 3 : url;
    size_t size = strcspn(host, "/?#");
    const char *at = memchr(host, '@', size);
    if (at != NULL) {
        size -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    const char *close = size > 0 && host[0] == '[' ? memchr(host, ']', size) : NULL;
    const char *colon = close != NULL ? close + 1 : memchr(host, ':', size);
    if (colon != NULL)
        size = (size_t)(colon - host);
    return (struct srs_span){(const uint8_t *)host, size};
}

static bool lists(const struct srs_config_words *names, struct srs_span host)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t size = strlen(names->items[i]);
        if (size > 0 && size <= host.size &&
            memcmp(host.bytes + host.size - size, names->items[i], size) == 0)
            return true;
    }
    return false;
}

static SRS_ERR check_list(const struct srs_config_words *names, const char *page_url)
{
    struct srs_span host = host_of(page_url != NULL ? page_url : "");
    if (names->count == 0 || lists(names, host))
        return SRS_OK;
    if (host.size == 0)
        return srs_fail(SRS_E_RTMP_ACCESS_DENIED, "the client names no page");
    return srs_fail(SRS_E_RTMP_ACCESS_DENIED, "a page of %.*s",
                    host.size > 80 ? 80 : (int)host.size, (const char *)host.bytes);
}

SRS_ERR srs_access_check_any_page(const struct srs_config_vhost *vhost, const char *page_url)
{
    return vhost->refer.enabled ? check_list(&vhost->refer.all, page_url) : SRS_OK;
}

SRS_ERR srs_access_check_page(const struct srs_config_vhost *vhost, const char *page_url,
                              enum srs_access_action action)
{
    bool publish = action == SRS_ACCESS_PUBLISH;
    if (!vhost->refer.enabled)
        return SRS_OK;
    srs_err err = check_list(&vhost->refer.all, page_url);
    return err ? err : check_list(publish ? &vhost->refer.publish : &vhost->refer.play, page_url);
}

SRS_ERR srs_access_check(const struct srs_config_vhost *vhost, const struct srs_endpoint *peer,
                         const char *page_url, enum srs_access_action action)
{
    srs_err err = srs_access_check_address(vhost, peer, action);
    return err ? err : srs_access_check_page(vhost, page_url, action);
}
