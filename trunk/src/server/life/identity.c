#include "server/life/identity.h"
#include "core/log.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { RANDOM_SIZE = 7 };

void srs_identity_random(char *out, size_t size)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv"; // 32, so five bits each
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = 0;
        if (getrandom(&byte, sizeof byte, 0) != (ssize_t)sizeof byte)
            byte = (uint8_t)(srs_wall_now() >> i);
        out[i] = letters[byte % 32];
    }
    out[size] = '\0';
}

bool srs_identity_path(const char *pid, char out[SRS_IDENTITY_PATH])
{
    static const char ending[] = ".pid";
    size_t size = strlen(pid);
    if (size == 0)
        return false;
    if (size > strlen(ending) && strcmp(pid + size - strlen(ending), ending) == 0)
        size -= strlen(ending);
    int written = snprintf(out, SRS_IDENTITY_PATH, "%.*s.id", (int)size, pid);
    return written > 0 && written < SRS_IDENTITY_PATH;
}

// What is in the file goes into answers: only what could be ours is taken.
static bool read_file(const char *path, char out[SRS_IDENTITY])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT)
            srs_log_warn("life", "server id not read file=%s: %s", path, strerrordesc_np(errno));
        return false;
    }
    char text[SRS_IDENTITY + 1];
    ssize_t n = read(fd, text, sizeof text);
    (void)close(fd);
    size_t size = n > 0 ? (size_t)n : 0;
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    bool good = size > 0 && size < SRS_IDENTITY;
    for (size_t i = 0; i < size && good; i++)
        good = isalnum((unsigned char)text[i]) || text[i] == '-';
    if (!good) {
        srs_log_warn("life", "server id not usable file=%s: a new one is made", path);
        return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

// Whole or not at all: two servers may share a folder.
static void write_file(const char *path, const char *id)
{
    char part[SRS_IDENTITY_PATH + 16];
    (void)snprintf(part, sizeof part, "%s.%ld", path, (long)getpid());
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool good = fd >= 0 && dprintf(fd, "%s\n", id) == (int)strlen(id) + 1;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    if (good && rename(part, path) == 0)
        return;
    srs_log_warn("life", "server id not kept file=%s: %s", path, strerrordesc_np(errno));
    (void)unlink(part);
}

void srs_identity_load(const struct srs_config *config, char out[SRS_IDENTITY])
{
    static const char prefix[] = "vid-";
    char path[SRS_IDENTITY_PATH];
    if (config->life.server_id[0] != '\0') {
        (void)snprintf(out, SRS_IDENTITY, "%s", config->life.server_id);
        return;
    }
    bool kept = srs_identity_path(config->life.pid, path);
    if (kept && read_file(path, out))
        return;
    memcpy(out, prefix, sizeof prefix);
    srs_identity_random(out + sizeof prefix - 1, RANDOM_SIZE);
    if (kept)
        write_file(path, out);
}
