// What a proxy says about its client, in headers of HTTP (X-Forwarded-For) and in front of a
// connection's own bytes: the PROXY protocol,
// versions 1 (text) and 2 (binary), and the header that SRS reads before an RTMP handshake (byte
// F3). Sources: haproxy's proxy-protocol.txt; for the last the table in
// trunk/doc/proxy-protocol.md.
//
// Left out: the TLVs of version 2 (their sizes are skipped), Unix addresses, UDP.
#pragma once
#include "core/err.h"
#include "core/rdwr.h"
#include <stdbool.h>

enum {
    // Of a line of version 1 with its end, as its specification says.
    SRS_PROXY_V1_MAX = 107,
    // Behind the 16 bytes of version 2: addresses of 36 and room for TLVs, of which a certificate
    // of the client's would be the largest. What senders in use write is below 300.
    SRS_PROXY_V2_MAX = 2048,
    SRS_PROXY_V2_HEAD = 16,
    // Behind the three bytes of the RTMP header, the limit of SRS.
    SRS_PROXY_RTMP_MAX = 1024,
    SRS_PROXY_RTMP_HEAD = 3,
    SRS_PROXY_HEADER_MAX = SRS_PROXY_V2_HEAD + SRS_PROXY_V2_MAX,
};

enum srs_proxy_kind { SRS_PROXY_NONE, SRS_PROXY_V1, SRS_PROXY_V2, SRS_PROXY_RTMP };

struct srs_proxy_header {
    enum srs_proxy_kind kind;
    size_t size;         // bytes of the header; 0 when there is none
    unsigned family;     // of the client's address: 4 or 6; 0 when the proxy names none
    uint8_t address[16]; // [0..4) or all of it
    uint16_t port;       // 0 when it is not told
};

// Looks for one of the two versions of the PROXY protocol at the beginning of `in`. A kind of NONE
// is success: the bytes are the connection's own. AGAIN (bare) when more are needed to tell.
// PROXY_HEADER: begins as one and is none, or is too long.
SRS_ERR srs_proxy_header_read(struct srs_span in, struct srs_proxy_header *out);
// The same for the RTMP header. AGAIN; RTMP_PROXY_EXCEED.
SRS_ERR srs_proxy_header_read_rtmp(struct srs_span in, struct srs_proxy_header *out);

// The header's bytes for its kind, family, address and port (the receiver's own address is written
// as zeros).
void srs_proxy_header_write(struct srs_wr *wr, const struct srs_proxy_header *header);

// An address as a header of HTTP has it: "192.0.2.7", "2001:db8::7", each also in brackets or with
// a port behind it, "192.0.2.7:5000", "[2001:db8::7]:5000"; the port is read over. Fills family and
// address of *out, a family of 0 when it is none.
void srs_proxy_address_read(struct srs_span text, struct srs_proxy_header *out);

// Takes the last entry off a list with commas and says whether there was one; blanks around it are
// left out, an empty entry is one.
bool srs_proxy_list_take(struct srs_span *list, struct srs_span *entry);
