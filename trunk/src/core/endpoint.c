// Endpoints as text.
#include "core/net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool port_parse(const char *text, uint16_t *port)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

SRS_ERR srs_endpoint_parse(const char *text, struct srs_endpoint *out)
{
    struct srs_endpoint endpoint = {0};
    char host[SRS_ENDPOINT_TEXT] = "";
    uint16_t port = 0;
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    size_t host_size = colon != NULL ? (size_t)(colon - text) : 0;
    if (!port_parse(port_text, &port) || host_size >= sizeof host)
        return srs_fail(SRS_E_SYSTEM_IP_INVALID, "endpoint %.80s: want [address:]port", text);
    memcpy(host, text, host_size);
    bool bracketed = host_size >= 2 && host[0] == '[' && host[host_size - 1] == ']';
    if (bracketed) {
        memmove(host, host + 1, host_size - 2);
        host[host_size - 2] = '\0';
    }
    if (host_size == 0 || bracketed) {
        endpoint.addr.v6.sin6_family = AF_INET6;
        endpoint.addr.v6.sin6_port = htons(port);
        if (bracketed && inet_pton(AF_INET6, host, &endpoint.addr.v6.sin6_addr) != 1)
            return srs_fail(SRS_E_SYSTEM_IP_INVALID, "IPv6 address in %.80s", text);
    } else {
        endpoint.addr.v4.sin_family = AF_INET;
        endpoint.addr.v4.sin_port = htons(port);
        if (inet_pton(AF_INET, host, &endpoint.addr.v4.sin_addr) != 1)
            return srs_fail(SRS_E_SYSTEM_IP_INVALID, "IPv4 address in %.80s", text);
    }
    *out = endpoint;
    return SRS_OK;
}

static bool ip_text(const struct srs_endpoint *endpoint, char *out, size_t size)
{
    const struct in6_addr *v6 = &endpoint->addr.v6.sin6_addr;
    if (endpoint->addr.any.sa_family == AF_INET)
        return inet_ntop(AF_INET, &endpoint->addr.v4.sin_addr, out, (socklen_t)size) != NULL;
    if (endpoint->addr.any.sa_family != AF_INET6)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(v6))
        return inet_ntop(AF_INET, &v6->s6_addr[12], out, (socklen_t)size) != NULL;
    return inet_ntop(AF_INET6, v6, out, (socklen_t)size) != NULL;
}

void srs_endpoint_format_ip(const struct srs_endpoint *endpoint, char out[SRS_ENDPOINT_TEXT])
{
    out[0] = '\0';
    (void)ip_text(endpoint, out, SRS_ENDPOINT_TEXT);
}

void srs_endpoint_format(const struct srs_endpoint *endpoint, char out[SRS_ENDPOINT_TEXT])
{
    char ip[INET6_ADDRSTRLEN] = "";
    (void)ip_text(endpoint, ip, sizeof ip);
    (void)snprintf(out, SRS_ENDPOINT_TEXT, strchr(ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip,
                   srs_endpoint_port(endpoint));
}

uint16_t srs_endpoint_port(const struct srs_endpoint *endpoint)
{
    if (endpoint->addr.any.sa_family == AF_INET6)
        return ntohs(endpoint->addr.v6.sin6_port);
    return endpoint->addr.any.sa_family == AF_INET ? ntohs(endpoint->addr.v4.sin_port) : 0;
}
