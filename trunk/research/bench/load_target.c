// URLs and connecting. Only loopback is meant: the source addresses are of 127.0.0.0/8.
#include "load_target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// 16 addresses of 28,000 ephemeral ports each hold several rounds of 10,000 players, those in
// TIME_WAIT included.
#define SOURCE_ADDRESSES 16

static bool copy_part(char out[SRS_LOAD_NAME_BYTES], const char *from, size_t len)
{
    if (len >= SRS_LOAD_NAME_BYTES)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool parse_host(const char *host, struct sockaddr_in *addr)
{
    char ip[SRS_LOAD_NAME_BYTES];
    const char *colon = strchr(host, ':');
    if (colon == NULL || !copy_part(ip, host, (size_t)(colon - host)))
        return false;
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return *end == '\0' && port > 0 && port < 65536 && inet_pton(AF_INET, ip, &addr->sin_addr) == 1;
}

static const char *parse_scheme(const char *url, struct srs_load_target *out)
{
    static const struct {
        const char *text;
        enum srs_load_kind kind;
        bool tls;
    } schemes[] = {{"rtmp://", SRS_LOAD_RTMP, false},
                   {"rtmps://", SRS_LOAD_RTMP, true},
                   {"http://", SRS_LOAD_FLV, false},
                   {"https://", SRS_LOAD_FLV, true},
                   {"raw://", SRS_LOAD_RAW, false}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].text);
        if (strncmp(url, schemes[i].text, len) == 0) {
            out->kind = schemes[i].kind;
            out->tls = schemes[i].tls;
            return url + len;
        }
    }
    return NULL;
}

static bool parse_path(const char *path, struct srs_load_target *out)
{
    const char *last = strrchr(path, '/');
    if (last == path)
        return false;
    const char *end = last + strlen(last);
    if (out->kind == SRS_LOAD_FLV) {
        const char *dot = strrchr(last, '.');
        end = dot ? dot : end;
    }
    return copy_part(out->app, path + 1, (size_t)(last - path - 1)) &&
           copy_part(out->stream, last + 1, (size_t)(end - last - 1)) &&
           copy_part(out->suffix, end, strlen(end));
}

bool srs_load_target_parse(const char *url, struct srs_load_target *out)
{
    *out = (struct srs_load_target){0};
    const char *rest = parse_scheme(url, out);
    if (rest == NULL)
        return false;
    size_t host_len = strcspn(rest, "/");
    if (!copy_part(out->host, rest, host_len) || !parse_host(out->host, &out->addr))
        return false;
    if (out->kind == SRS_LOAD_RAW)
        return true;
    return rest[host_len] == '/' && parse_path(rest + host_len, out);
}

void srs_load_target_name(const struct srs_load_target *target, size_t index, size_t count,
                          char out[SRS_LOAD_NAME_BYTES])
{
    // Twelve characters are kept free for the index.
    if (count > 1)
        snprintf(out, SRS_LOAD_NAME_BYTES, "%.115s%u", target->stream, (unsigned)index);
    else
        snprintf(out, SRS_LOAD_NAME_BYTES, "%s", target->stream);
}

static int prepare(int fd, size_t index, int rcvbuf)
{
    const int on = 1;
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0x7f000101u + (uint32_t)(index % SOURCE_ADDRESSES)),
    };
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        return -1;
    // Without this, bind would reserve a port for all destinations at once.
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
        return -1;
    if (rcvbuf > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)) < 0)
        return -1;
    return bind(fd, (struct sockaddr *)&source, sizeof(source));
}

int srs_load_target_connect(const struct srs_load_target *target, size_t index, int rcvbuf)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (prepare(fd, index, rcvbuf) == 0 &&
        (connect(fd, (const struct sockaddr *)&target->addr, sizeof(target->addr)) == 0 ||
         errno == EINPROGRESS))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}
