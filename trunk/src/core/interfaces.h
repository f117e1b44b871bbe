// The addresses of this machine.
#pragma once
#include "core/net.h"

enum { SRS_INTERFACE_NAME = 16 };

struct srs_interface {
    char name[SRS_INTERFACE_NAME];
    struct srs_endpoint at; // without a port
};

// Addresses of interfaces that are up, IPv4 before IPv6, without the machine's own loopback unless
// there is nothing else. How many there are, of which at most `max` are written. Asks the kernel
// alone.
size_t srs_interfaces_read(struct srs_interface *out, size_t max);

// An address that the internet routes: of no private, local or shared network (RFC 6890).
bool srs_endpoint_is_public(const struct srs_endpoint *endpoint);
