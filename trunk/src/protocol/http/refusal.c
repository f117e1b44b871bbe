// Refusals. Each says Connection: close and has the reason phrase as its body, as all plain answers
// do.
#include "protocol/http/refusal.h"
#include "core/mem.h"

#define REFUSALS(X)                               \
    X(400, "Bad Request", 11)                     \
    X(405, "Method Not Allowed", 18)              \
    X(408, "Request Timeout", 15)                 \
    X(413, "Payload Too Large", 17)               \
    X(414, "URI Too Long", 12)                    \
    X(417, "Expectation Failed", 18)              \
    X(431, "Request Header Fields Too Large", 31) \
    X(500, "Internal Server Error", 21)           \
    X(501, "Not Implemented", 15)                 \
    X(505, "HTTP Version Not Supported", 26)

#define PLAIN "This port wants HTTPS, and the request came without TLS.\n"

#define X(status, reason, size) \
    _Static_assert(sizeof(reason) - 1 == (size), "Content-Length is that of the reason");
REFUSALS(X)
X(400, PLAIN, 57)
#undef X

#define ANSWER(status, reason, size, body)        \
    "HTTP/1.1 " #status " " reason "\r\n"         \
    "Content-Type: text/plain; charset=utf-8\r\n" \
    "Content-Length: " #size "\r\n"               \
    "Connection: close\r\n\r\n" body

static const struct {
    unsigned status;
    const char *answer;
} refusals[] = {
#define X(status, reason, size) {status, ANSWER(status, reason, size, reason)},
    REFUSALS(X)
#undef X
};

struct srs_span srs_http_refusal(unsigned status)
{
    for (size_t i = 0; i < SRS_COUNT(refusals); i++)
        if (refusals[i].status == status)
            return (struct srs_span){(const uint8_t *)refusals[i].answer,
                                     strlen(refusals[i].answer)};
    return (struct srs_span){NULL, 0};
}

struct srs_span srs_http_refusal_plain(void)
{
    static const char answer[] = ANSWER(400, "Bad Request", 57, PLAIN);
    return (struct srs_span){(const uint8_t *)answer, sizeof answer - 1};
}
