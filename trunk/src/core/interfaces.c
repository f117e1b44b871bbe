#include "core/interfaces.h"
#include "core/mem.h"
#include "core/network.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>

struct list {
    struct srs_interface *items;
    size_t max;
    size_t count;
};

static void add(struct list *list, const struct ifaddrs *from, sa_family_t family, bool loopback)
{
    if (from->ifa_addr == NULL || from->ifa_addr->sa_family != family ||
        (from->ifa_flags & IFF_UP) == 0 || ((from->ifa_flags & IFF_LOOPBACK) != 0) != loopback)
        return;
    if (list->count++ >= list->max)
        return;
    struct srs_interface *item = &list->items[list->count - 1];
    *item = (struct srs_interface){.at.addr.any.sa_family = family};
    (void)snprintf(item->name, sizeof item->name, "%s", from->ifa_name);
    if (family == AF_INET)
        memcpy(&item->at.addr.v4, from->ifa_addr, sizeof item->at.addr.v4);
    else
        memcpy(&item->at.addr.v6, from->ifa_addr, sizeof item->at.addr.v6);
}

size_t srs_interfaces_read(struct srs_interface *out, size_t max)
{
    struct list list = {.items = out, .max = max};
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0)
        return 0;
    for (unsigned loopback = 0; loopback <= 1 && list.count == 0; loopback++) {
        for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next)
            add(&list, at, AF_INET, loopback);
        for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next)
            add(&list, at, AF_INET6, loopback);
    }
    freeifaddrs(all);
    return list.count;
}

bool srs_endpoint_is_public(const struct srs_endpoint *endpoint)
{
    static const char *const others[] = {
        "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12",   "192.0.0.0/24",   "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",   "::/127",         "fc00::/7",
        "fe80::/10",       "ff00::/8",       "2001:db8::/32"};
    for (size_t i = 0; i < SRS_COUNT(others); i++) {
        struct srs_network network;
        srs_err err = srs_network_parse(others[i], &network);
        if (err)
            srs_err_drop(err, "the table is right: a test walks it");
        else if (srs_network_has(&network, endpoint))
            return false;
    }
    return endpoint->addr.any.sa_family == AF_INET || endpoint->addr.any.sa_family == AF_INET6;
}
