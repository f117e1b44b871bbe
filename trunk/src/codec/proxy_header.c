// Headers of proxies. A header is told from a connection's own bytes by its first ones, which are
// no RTMP, TLS or HTTP: version 1 differs from an HTTP method at its fifth byte at the latest.
#include "codec/proxy_header.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RTMP_MARK = 0xf3,
    V2_VERSION = 2,
    V2_LOCAL = 0,
    V2_PROXY = 1,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2,
    TRANSPORT_STREAM = 1,
    V4_BODY = 4 + 4 + 2 + 2,
    V6_BODY = 16 + 16 + 2 + 2,
    FIELD_MAX = 46, // an IPv6 address with its terminator
};

static const char v1_mark[] = "PROXY ";
static const char v2_mark[] = "\r\n\r\n\0\r\nQUIT\n";
enum { V1_MARK = sizeof v1_mark - 1, V2_MARK = sizeof v2_mark - 1 };

// Whether `in` and the mark are the same as far as both go.
static bool agrees(struct srs_span in, const char *mark, size_t size)
{
    return memcmp(in.bytes, mark, in.size < size ? in.size : size) == 0;
}

// --- version 1 ----------------------------------------------------------------------------------

// The next field of a line; fields are divided by one space.
static bool field(const char **at, char out[FIELD_MAX])
{
    size_t size = strcspn(*at, " ");
    if (size == 0 || size >= FIELD_MAX)
        return false;
    memcpy(out, *at, size);
    out[size] = '\0';
    *at += size;
    *at += **at == ' ';
    return true;
}

static bool read_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
        return false;
    unsigned long value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

// "TCP4 192.0.2.1 198.51.100.1 56324 443", or UNKNOWN and whatever follows.
static bool read_line(const char *at, struct srs_proxy_header *out)
{
    char word[FIELD_MAX], source[FIELD_MAX], dest[FIELD_MAX], port[FIELD_MAX], dest_port[FIELD_MAX];
    uint8_t ignored[16];
    uint16_t ignored_port;
    if (!field(&at, word))
        return false;
    if (strcmp(word, "UNKNOWN") == 0)
        return true;
    bool v6 = strcmp(word, "TCP6") == 0;
    if (!v6 && strcmp(word, "TCP4") != 0)
        return false;
    if (!field(&at, source) || !field(&at, dest) || !field(&at, port) || !field(&at, dest_port))
        return false;
    out->family = v6 ? 6 : 4;
    return *at == '\0' && inet_pton(v6 ? AF_INET6 : AF_INET, source, out->address) == 1 &&
           inet_pton(v6 ? AF_INET6 : AF_INET, dest, ignored) == 1 && read_port(port, &out->port) &&
           read_port(dest_port, &ignored_port);
}

static SRS_ERR read_v1(struct srs_span in, struct srs_proxy_header *out)
{
    char line[SRS_PROXY_V1_MAX + 1];
    size_t most = in.size < SRS_PROXY_V1_MAX ? in.size : SRS_PROXY_V1_MAX;
    const uint8_t *end = memchr(in.bytes, '\n', most);
    if (end == NULL && in.size < SRS_PROXY_V1_MAX)
        return srs_bare(SRS_E_AGAIN);
    if (end == NULL)
        return srs_fail(SRS_E_PROXY_HEADER, "version 1, line of more than %d bytes",
                        SRS_PROXY_V1_MAX);
    size_t size = (size_t)(end - in.bytes) + 1;
    memcpy(line, in.bytes, size);
    line[size] = '\0';
    out->kind = SRS_PROXY_V1;
    out->size = size;
    if (line[size - 2] != '\r' || strlen(line) != size)
        return srs_fail(SRS_E_PROXY_HEADER, "version 1, its line does not end in CR LF");
    line[size - 2] = '\0';
    if (!read_line(line + V1_MARK, out))
        return srs_fail(SRS_E_PROXY_HEADER, "version 1 with other fields than TCP4, TCP6, UNKNOWN");
    return SRS_OK;
}

// --- version 2 ----------------------------------------------------------------------------------

static void read_addresses(struct srs_rd *rd, unsigned family, struct srs_proxy_header *out)
{
    size_t size = family == FAMILY_V4 ? 4 : 16;
    struct srs_span source = srs_rd_span(rd, size);
    srs_rd_skip(rd, size); // the proxy's own
    out->port = srs_rd_u16(rd);
    srs_rd_skip(rd, 2);
    if (rd->bad)
        return;
    out->family = family == FAMILY_V4 ? 4 : 6;
    memcpy(out->address, source.bytes, size);
}

static SRS_ERR read_v2(struct srs_span in, struct srs_proxy_header *out)
{
    struct srs_rd rd = srs_rd_init(in.bytes, in.size);
    srs_rd_skip(&rd, V2_MARK);
    uint8_t version = srs_rd_u8(&rd);
    uint8_t kind = srs_rd_u8(&rd);
    uint16_t size = srs_rd_u16(&rd);
    if (rd.bad)
        return srs_bare(SRS_E_AGAIN);
    unsigned command = version & 0x0f;
    if (version >> 4 != V2_VERSION || command > V2_PROXY)
        return srs_fail(SRS_E_PROXY_HEADER, "version and command 0x%02x", version);
    if (size > SRS_PROXY_V2_MAX)
        return srs_fail(SRS_E_PROXY_HEADER, "version 2 with %u bytes", size);
    struct srs_rd body = srs_rd_sub(&rd, size);
    if (rd.bad)
        return srs_bare(SRS_E_AGAIN);
    unsigned family = kind >> 4;
    bool told = (family == FAMILY_V4 || family == FAMILY_V6) && (kind & 0x0f) == TRANSPORT_STREAM;
    // LOCAL is the proxy itself, a health check; the address is then not looked at.
    if (command == V2_PROXY && told)
        read_addresses(&body, family, out);
    if (body.bad)
        return srs_fail(SRS_E_PROXY_HEADER, "version 2, %u bytes are too few for its address",
                        size);
    out->kind = SRS_PROXY_V2;
    out->size = SRS_PROXY_V2_HEAD + (size_t)size;
    return SRS_OK;
}

SRS_ERR srs_proxy_header_read(struct srs_span in, struct srs_proxy_header *out)
{
    *out = (struct srs_proxy_header){0};
    if (in.size == 0)
        return srs_bare(SRS_E_AGAIN);
    bool v1 = agrees(in, v1_mark, V1_MARK);
    bool v2 = agrees(in, v2_mark, V2_MARK);
    if (!v1 && !v2)
        return SRS_OK;
    if (in.size < (v1 ? V1_MARK : V2_MARK))
        return srs_bare(SRS_E_AGAIN);
    srs_err err = v1 ? read_v1(in, out) : read_v2(in, out);
    if (err)
        *out = (struct srs_proxy_header){0};
    return err;
}

// --- RTMP ---------------------------------------------------------------------------------------

SRS_ERR srs_proxy_header_read_rtmp(struct srs_span in, struct srs_proxy_header *out)
{
    struct srs_rd rd = srs_rd_init(in.bytes, in.size);
    *out = (struct srs_proxy_header){0};
    uint8_t mark = srs_rd_u8(&rd);
    if (!rd.bad && mark != RTMP_MARK)
        return SRS_OK;
    uint16_t size = srs_rd_u16(&rd);
    if (rd.bad)
        return srs_bare(SRS_E_AGAIN);
    if (size > SRS_PROXY_RTMP_MAX)
        return srs_fail(SRS_E_RTMP_PROXY_EXCEED, "%u bytes", size);
    struct srs_span body = srs_rd_span(&rd, size);
    if (rd.bad)
        return srs_bare(SRS_E_AGAIN);
    out->kind = SRS_PROXY_RTMP;
    out->size = SRS_PROXY_RTMP_HEAD + (size_t)size;
    if (size >= 4) {
        out->family = 4;
        memcpy(out->address, body.bytes, 4);
    }
    return SRS_OK;
}

// --- HTTP ---------------------------------------------------------------------------------------

enum { ADDRESS_MAX = 64 };

void srs_proxy_address_read(struct srs_span text, struct srs_proxy_header *out)
{
    char word[ADDRESS_MAX];
    char *address = word;
    out->family = 0;
    if (text.size == 0 || text.size >= sizeof word || memchr(text.bytes, '\0', text.size) != NULL)
        return;
    memcpy(word, text.bytes, text.size);
    word[text.size] = '\0';
    if (word[0] == '[') {
        address++;
        address[strcspn(address, "]")] = '\0';
    } else if (strchr(word, '.') != NULL && word[strcspn(word, ":.")] == '.') {
        word[strcspn(word, ":")] = '\0'; // IPv4 with a port; an IPv6 address may end in dots too
    }
    if (inet_pton(AF_INET, address, out->address) == 1)
        out->family = 4;
    else if (inet_pton(AF_INET6, address, out->address) == 1)
        out->family = 6;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

bool srs_proxy_list_take(struct srs_span *list, struct srs_span *entry)
{
    size_t start = list->size;
    size_t end = list->size;
    if (list->bytes == NULL)
        return false;
    while (start > 0 && list->bytes[start - 1] != ',')
        start--;
    size_t rest = start > 0 ? start - 1 : 0; // without the comma
    bool first = start == 0;
    while (start < end && is_blank(list->bytes[start]))
        start++;
    while (end > start && is_blank(list->bytes[end - 1]))
        end--;
    *entry = (struct srs_span){list->bytes + start, end - start};
    *list = first ? (struct srs_span){0} : (struct srs_span){list->bytes, rest};
    return true;
}

// --- writing ------------------------------------------------------------------------------------

static void write_v1(struct srs_wr *wr, const struct srs_proxy_header *header)
{
    char line[SRS_PROXY_V1_MAX + 1];
    char address[INET6_ADDRSTRLEN] = "";
    if (header->family == 0) {
        srs_wr_bytes(wr, "PROXY UNKNOWN\r\n", 15);
        return;
    }
    bool v6 = header->family == 6;
    (void)inet_ntop(v6 ? AF_INET6 : AF_INET, header->address, address, sizeof address);
    int size = snprintf(line, sizeof line, "PROXY TCP%u %s %s %u 0\r\n", header->family, address,
                        v6 ? "::" : "0.0.0.0", header->port);
    srs_wr_bytes(wr, line, (size_t)size);
}

static void write_v2(struct srs_wr *wr, const struct srs_proxy_header *header)
{
    static const uint8_t zeros[16];
    bool told = header->family != 0;
    bool v6 = header->family == 6;
    size_t size = v6 ? 16 : 4;
    srs_wr_bytes(wr, v2_mark, V2_MARK);
    srs_wr_u8(wr, V2_VERSION << 4 | (told ? V2_PROXY : V2_LOCAL));
    srs_wr_u8(wr, told ? (uint8_t)((v6 ? FAMILY_V6 : FAMILY_V4) << 4 | TRANSPORT_STREAM) : 0);
    srs_wr_u16(wr, told ? (v6 ? V6_BODY : V4_BODY) : 0);
    if (!told)
        return;
    srs_wr_bytes(wr, header->address, size);
    srs_wr_bytes(wr, zeros, size);
    srs_wr_u16(wr, header->port);
    srs_wr_u16(wr, 0);
}

void srs_proxy_header_write(struct srs_wr *wr, const struct srs_proxy_header *header)
{
    switch (header->kind) {
    case SRS_PROXY_V1:
        write_v1(wr, header);
        break;
    case SRS_PROXY_V2:
        write_v2(wr, header);
        break;
    case SRS_PROXY_RTMP:
        srs_wr_u8(wr, RTMP_MARK);
        srs_wr_u16(wr, header->family == 4 ? 4 : 0);
        if (header->family == 4)
            srs_wr_bytes(wr, header->address, 4);
        break;
    default:
        break;
    }
}
