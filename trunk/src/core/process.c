#include "core/process.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// --- limits and surroundings --------------------------------------------------------------------

uint64_t srs_process_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return before;
    return limit.rlim_cur;
}

bool srs_process_is_container_cgroup(const char *text)
{
    static const char *const makers[] = {"docker", "kubepods", "containerd", "libpod"};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
        if (strstr(text, makers[i]) != NULL)
            return true;
    return false;
}

bool srs_process_in_container(void)
{
    // With cgroup version 2 the container's own file tells nothing; docker and podman leave a mark.
    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        return true;
    char text[2048];
    int fd = open("/proc/1/cgroup", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return srs_process_is_container_cgroup(text);
}

uint64_t srs_process_send_buffer_max(void)
{
    char text[32];
    int fd = open("/proc/sys/net/core/wmem_max", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return strtoull(text, NULL, 10);
}

// --- systemd ------------------------------------------------------------------------------------

SRS_ERR srs_process_notify(const char *lines)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || path[0] == '\0')
        return SRS_OK;
    size_t size = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || size >= sizeof to.sun_path)
        return srs_fail(SRS_E_SYSTEM_IP_INVALID, "NOTIFY_SOCKET is no path that can be reached");
    memcpy(to.sun_path, path, size);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; // the abstract names begin with a zero
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return srs_fail_sys(SRS_E_SOCKET_CREATE, "socket of the service manager");
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    srs_err err = SRS_OK;
    if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
               length) < 0)
        err = srs_fail_sys(SRS_E_SOCKET_WRITE, "NOTIFY_SOCKET %s", path);
    (void)close(fd);
    return err;
}

// --- background ---------------------------------------------------------------------------------

static SRS_ERR wait_for_child(int pipe, pid_t child, struct srs_background_outcome *outcome)
{
    char byte;
    ssize_t n;
    int status = 0;
    do
        n = read(pipe, &byte, 1);
    while (n < 0 && errno == EINTR);
    *outcome = (struct srs_background_outcome){.is_parent = true, .ready = n == 1, .child = child};
    if (outcome->ready)
        return SRS_OK;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return srs_fail_sys(SRS_E_SYSTEM_WAITPID, "waitpid %ld", (long)child);
    outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    return SRS_OK;
}

SRS_ERR srs_background_enter(struct srs_background *out, struct srs_background_outcome *outcome)
{
    int ends[2];
    *outcome = (struct srs_background_outcome){0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return srs_fail_sys(SRS_E_SYSTEM_CREATE_PIPE, "pipe to the background");
    (void)fflush(NULL); // or both would write what is pending
    pid_t child = fork();
    if (child != 0) {
        (void)close(ends[1]);
        srs_err err = child < 0 ? srs_fail_sys(SRS_E_SYSTEM_WAITPID, "fork")
                                : wait_for_child(ends[0], child, outcome);
        (void)close(ends[0]);
        return err;
    }
    (void)close(ends[0]);
    (void)setsid();
    (void)umask(S_IWGRP | S_IWOTH);
    out->pipe = ends[1];
    return SRS_OK;
}

static void leave_terminal(bool keep_output)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)dup2(fd, STDIN_FILENO);
    if (!keep_output) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
    }
    if (fd > STDERR_FILENO)
        (void)close(fd);
}

void srs_background_ready(struct srs_background *background, bool keep_output)
{
    if (background->pipe < 0)
        return;
    leave_terminal(keep_output);
    ssize_t n = write(background->pipe, "", 1);
    (void)n; // a parent that was ended meanwhile does not hear it
    (void)close(background->pipe);
    background->pipe = -1;
}
