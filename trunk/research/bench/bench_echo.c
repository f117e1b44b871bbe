// bench_echo serve PORT: the bare epoll echo loop. bench_echo drive PORT CONNECTIONS: the closed
// loop that keeps every connection active with 64-byte messages. The driver prints a line when all
// are connected and warm; each line on its standard input is answered with the number of round
// trips so far, and its end ends the driver.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE     64
#define EVENTS      256
#define CONNECTIONS 16000u
#define WARM_TRIPS  10u // a connection

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in address(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void take(int epoll, int listener)
{
    const int on = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
            die("TCP_NODELAY");
        watch(epoll, fd);
    }
}

static void echo(int fd)
{
    char data[MESSAGE];
    ssize_t got = recv(fd, data, sizeof(data), 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || send(fd, data, (size_t)got, MSG_NOSIGNAL) != got)
        close(fd);
}

static _Noreturn void serve(uint16_t port)
{
    const int on = 1;
    struct epoll_event events[EVENTS];
    struct sockaddr_in addr = address(port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (epoll < 0 || listener < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(listener, 4096) < 0)
        die("listen");
    watch(epoll, listener);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                take(epoll, listener);
            else
                echo(events[i].data.fd);
        }
    }
}

struct drive {
    int epoll;
    uint64_t trips;
    uint8_t *have; // bytes of the answer so far, by descriptor
    char message[MESSAGE];
};

static void send_message(struct drive *drive, int fd)
{
    if (send(fd, drive->message, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
        die("send");
}

static void connect_all(struct drive *drive, uint16_t port, unsigned connections)
{
    const int on = 1;
    const struct sockaddr_in addr = address(port);
    for (unsigned i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
            die("connect");
        watch(drive->epoll, fd);
        send_message(drive, fd);
    }
}

static void on_answer(struct drive *drive, int fd)
{
    char data[MESSAGE];
    ssize_t got = recv(fd, data, MESSAGE - drive->have[fd], MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || memcmp(data, drive->message + drive->have[fd], (size_t)got) != 0) {
        fputs("bench_echo: the server closed or answered other bytes\n", stderr);
        exit(1);
    }
    drive->have[fd] = (uint8_t)(drive->have[fd] + got);
    if (drive->have[fd] < MESSAGE)
        return;
    drive->have[fd] = 0;
    drive->trips++;
    send_message(drive, fd);
}

static void say(const struct drive *drive)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("{\"trips\":%llu,\"at\":%lld.%09ld}\n", (unsigned long long)drive->trips,
           (long long)now.tv_sec, now.tv_nsec);
    fflush(stdout);
}

static bool on_input(const struct drive *drive)
{
    char line[64];
    if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
        return false;
    say(drive);
    return true;
}

static int drive(uint16_t port, unsigned connections)
{
    struct drive state = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event events[EVENTS];
    bool warm = false, more = true;
    // Descriptors are small integers: a few are open besides the connections.
    state.have = calloc(connections + 64u, 1);
    if (state.epoll < 0 || state.have == NULL)
        die("start");
    for (unsigned i = 0; i < MESSAGE; i++)
        state.message[i] = (char)('0' + i);
    connect_all(&state, port, connections);
    watch(state.epoll, STDIN_FILENO);
    while (more) {
        int count = epoll_wait(state.epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == STDIN_FILENO)
                more = on_input(&state);
            else
                on_answer(&state, events[i].data.fd);
        }
        if (!warm && state.trips >= (uint64_t)connections * WARM_TRIPS) {
            warm = true;
            say(&state);
        }
    }
    free(state.have);
    return 0;
}

static unsigned number(const char *text, unsigned limit)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    return *text != '\0' && *end == '\0' && value <= limit ? (unsigned)value : 0;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    const unsigned port = argc >= 3 ? number(argv[2], 65535) : 0;
    const unsigned connections = argc == 4 ? number(argv[3], CONNECTIONS) : 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
            die("RLIMIT_NOFILE");
    }
    if (argc == 3 && strcmp(argv[1], "serve") == 0 && port > 0)
        serve((uint16_t)port);
    if (argc == 4 && strcmp(argv[1], "drive") == 0 && port > 0 && connections > 0)
        return drive((uint16_t)port, connections);
    fputs("usage: bench_echo serve PORT | bench_echo drive PORT CONNECTIONS\n", stderr);
    return 2;
}
