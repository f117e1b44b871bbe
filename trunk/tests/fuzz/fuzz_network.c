// A set of addresses: it has its own first address in it and none with another prefix, and reads
// the same when it is written.
#include "core/network.h"
#include "fuzz/fuzz.h"
#include <stdbool.h>

enum { BITS = 128, MAPPED_BITS = 96 };

static struct srs_endpoint endpoint_of(const struct srs_network *network)
{
    struct srs_endpoint endpoint = {0};
    endpoint.addr.v6.sin6_family = AF_INET6;
    memcpy(&endpoint.addr.v6.sin6_addr, network->address, sizeof network->address);
    return endpoint;
}

// Bit n of the address, counted from its front, is another one.
static bool has_flipped(const struct srs_network *network, unsigned n)
{
    struct srs_network other = *network;
    other.address[n / 8] ^= (uint8_t)(0x80 >> n % 8);
    struct srs_endpoint endpoint = endpoint_of(&other);
    return srs_network_has(network, &endpoint);
}

static void check_members(const struct srs_network *network)
{
    struct srs_endpoint first = endpoint_of(network);
    struct srs_endpoint none = {0};
    fuzz_assert(network->bits <= BITS);
    fuzz_assert(srs_network_has(network, &first) && !srs_network_has(network, &none));
    fuzz_assert(network->bits == 0 || !has_flipped(network, network->bits - 1u));
    fuzz_assert(network->bits == BITS || has_flipped(network, network->bits));
    if (!IN6_IS_ADDR_V4MAPPED(&first.addr.v6.sin6_addr))
        return;
    none.addr.v4.sin_family = AF_INET;
    memcpy(&none.addr.v4.sin_addr, network->address + sizeof network->address - 4, 4);
    fuzz_assert(srs_network_has(network, &none));
}

static void check_written(const struct srs_network *network)
{
    struct srs_network again;
    struct srs_endpoint first = endpoint_of(network);
    char ip[SRS_ENDPOINT_TEXT];
    char text[SRS_ENDPOINT_TEXT + 8];
    bool mapped = IN6_IS_ADDR_V4MAPPED(&first.addr.v6.sin6_addr);
    srs_endpoint_format_ip(&first, ip);
    (void)snprintf(text, sizeof text, "%s/%d", ip, network->bits - (mapped ? MAPPED_BITS : 0));
    fuzz_assert(srs_network_parse(text, &again) == SRS_OK && again.bits == network->bits);
    fuzz_assert_equal(again.address, sizeof again.address, network->address,
                      sizeof network->address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srs_network network;
    char *text = malloc(size + 1);
    fuzz_assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    srs_err err = srs_network_parse(text, &network);
    if (!err) {
        check_members(&network);
        check_written(&network);
    }
    srs_err_drop(err, "most texts are no network");
    free(text);
    return 0;
}
