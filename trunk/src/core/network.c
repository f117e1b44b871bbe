// Networks. IPv4 is handled as v4-mapped IPv6, which is also how a socket for both reports it.
#include "core/network.h"
#include <arpa/inet.h>
#include <string.h>

enum { BITS = 128, MAPPED_BITS = 96, TEXT_MAX = 64 };

static void map(const void *v4, uint8_t out[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, prefix, sizeof prefix);
    memcpy(out + sizeof prefix, v4, 4);
}

// The bits of byte i that a prefix of `bits` covers.
static uint8_t mask(unsigned bits, unsigned i)
{
    if (bits >= (i + 1) * 8)
        return 0xff;
    return bits <= i * 8 ? 0 : (uint8_t)(0xff << (8 - bits % 8));
}

// Up to three digits; -1 for anything else.
static int read_bits(const char *text)
{
    int value = 0;
    size_t size = strlen(text);
    if (size == 0 || size > 3)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

SRS_ERR srs_network_parse_loose(const char *text, struct srs_network *out, bool *slip)
{
    struct srs_network network = {.bits = BITS};
    char address[TEXT_MAX] = "";
    uint8_t v4[4];
    size_t size = strcspn(text, "/");
    if (size < sizeof address)
        memcpy(address, text, size);
    bool is_v4 = inet_pton(AF_INET, address, v4) == 1;
    if (is_v4)
        map(v4, network.address);
    else if (inet_pton(AF_INET6, address, network.address) != 1)
        return srs_fail(SRS_E_SYSTEM_IP_INVALID, "%.50s: want an address or address/bits", text);
    if (text[size] == '/') {
        int bits = read_bits(text + size + 1);
        if (bits < 0 || bits > (is_v4 ? BITS - MAPPED_BITS : BITS))
            return srs_fail(SRS_E_SYSTEM_IP_INVALID, "%.50s: want 0 to %d bits", text,
                            is_v4 ? BITS - MAPPED_BITS : BITS);
        network.bits = (uint8_t)(bits + (is_v4 ? MAPPED_BITS : 0));
    }
    *slip = false;
    for (unsigned i = 0; i < sizeof network.address; i++) {
        uint8_t kept = network.address[i] & mask(network.bits, i);
        *slip = *slip || kept != network.address[i];
        network.address[i] = kept;
    }
    *out = network;
    return SRS_OK;
}

SRS_ERR srs_network_parse(const char *text, struct srs_network *out)
{
    struct srs_network network;
    bool slip = false;
    srs_err err = srs_network_parse_loose(text, &network, &slip);
    if (!err && slip)
        err = srs_fail(SRS_E_SYSTEM_IP_INVALID, "%.50s: bits are set behind the prefix", text);
    if (!err)
        *out = network;
    return err;
}

bool srs_network_has(const struct srs_network *network, const struct srs_endpoint *endpoint)
{
    uint8_t address[16];
    if (endpoint->addr.any.sa_family == AF_INET)
        map(&endpoint->addr.v4.sin_addr, address);
    else if (endpoint->addr.any.sa_family == AF_INET6)
        memcpy(address, &endpoint->addr.v6.sin6_addr, sizeof address);
    else
        return false;
    for (unsigned i = 0; i < sizeof address; i++)
        if (((address[i] ^ network->address[i]) & mask(network->bits, i)) != 0)
            return false;
    return true;
}
