// bench_writer PORT BYTES BEAT_MS: the bare writer that the growth of a server is held against. It
// takes whoever connects and sends all of them the same bytes at the same beat, one plain send()
// each: no protocol, no parsing, no batches.
//
// Prints one line of JSON when it listens. It counts writes that did not go out whole (`short` on
// standard error at the end): a run with any is not a base for comparison.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define VIEWERS_LIMIT 19000
#define BYTES_LIMIT   (1u << 20)
#define EVENTS        64

struct writer {
    int listener, timer, epoll;
    size_t bytes, count;
    int viewers[VIEWERS_LIMIT];
    uint64_t short_writes;
};

static volatile sig_atomic_t stopped;
static uint8_t payload[BYTES_LIMIT];

static void on_signal(int sig)
{
    (void)sig;
    stopped = 1;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_writer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_at(uint16_t port)
{
    const int on = 1;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 4096) < 0)
        die("listen");
    return fd;
}

static int beat_timer(unsigned beat_ms)
{
    const struct timespec beat = {.tv_sec = beat_ms / 1000, .tv_nsec = beat_ms % 1000 * 1000000L};
    const struct itimerspec spec = {.it_interval = beat, .it_value = beat};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
        die("timer");
    return fd;
}

static void watch(struct writer *writer, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(writer->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void take_viewers(struct writer *writer)
{
    const int on = 1;
    for (;;) {
        int fd = accept4(writer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (writer->count == VIEWERS_LIMIT ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
            close(fd);
            continue;
        }
        writer->viewers[writer->count++] = fd;
    }
}

static void beat(struct writer *writer)
{
    uint64_t expired;
    size_t kept = 0;
    if (read(writer->timer, &expired, sizeof(expired)) < 0)
        return;
    for (size_t i = 0; i < writer->count; i++) {
        const int fd = writer->viewers[i];
        ssize_t sent = send(fd, payload, writer->bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            close(fd);
            continue;
        }
        writer->short_writes += sent != (ssize_t)writer->bytes;
        writer->viewers[kept++] = fd;
    }
    writer->count = kept;
}

static void serve(struct writer *writer)
{
    struct epoll_event events[EVENTS];
    while (!stopped) {
        int count = epoll_wait(writer->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == writer->listener)
                take_viewers(writer);
            else
                beat(writer);
        }
    }
}

static bool number(const char *text, unsigned limit, unsigned *out)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    *out = (unsigned)value;
    return *text != '\0' && *end == '\0' && value > 0 && value <= limit;
}

int main(int argc, char **argv)
{
    static struct writer writer;
    struct sigaction stop = {.sa_handler = on_signal};
    struct rlimit files;
    unsigned port, bytes, beat_ms;
    if (argc != 4 || !number(argv[1], 65535, &port) || !number(argv[2], BYTES_LIMIT, &bytes) ||
        !number(argv[3], 10000, &beat_ms)) {
        fputs("usage: bench_writer PORT BYTES BEAT_MS\n", stderr);
        return 2;
    }
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
            die("RLIMIT_NOFILE");
    }
    memset(payload, 0x55, bytes);
    writer.bytes = bytes;
    writer.listener = listen_at((uint16_t)port);
    writer.timer = beat_timer(beat_ms);
    writer.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (writer.epoll < 0)
        die("epoll_create1");
    watch(&writer, writer.listener);
    watch(&writer, writer.timer);
    puts("{\"listening\":true}");
    fflush(stdout);
    serve(&writer);
    fprintf(stderr, "short=%llu\n", (unsigned long long)writer.short_writes);
    return 0;
}
