// Who may publish and play: rules about addresses (security) and about the pages that ask (refer).
// Nothing here yields. Every protocol asks before a stream is touched.
#pragma once
#include "server/config/config.h"

enum srs_access_action { SRS_ACCESS_PLAY, SRS_ACCESS_PUBLISH };

// vhost.security. Deny rules go first: SYSTEM_SECURITY_DENY. Where there are allow rules, about
// whatever action, one must fit: SYSTEM_SECURITY_ALLOW. Without any rule: SYSTEM_SECURITY.
SRS_ERR srs_access_check_address(const struct srs_config_vhost *vhost,
                                 const struct srs_endpoint *peer, enum srs_access_action action);

// vhost.refer. The host of the page's URL ends with one of the names of the list, when there is
// one; `page_url` may be NULL, which no list has. RTMP_ACCESS_DENIED.
SRS_ERR srs_access_check_page(const struct srs_config_vhost *vhost, const char *page_url,
                              enum srs_access_action action);
// The same for the list that is about both actions only.
SRS_ERR srs_access_check_any_page(const struct srs_config_vhost *vhost, const char *page_url);

// The two checks of one request.
SRS_ERR srs_access_check(const struct srs_config_vhost *vhost, const struct srs_endpoint *peer,
                         const char *page_url, enum srs_access_action action);
