// The pid file: holds the process id, and a lock for as long as the process lives. The lock is one
// of fcntl, as SRS takes it, so that either server sees the other.
#pragma once
#include "core/err.h"

struct srs_pid_file {
    int fd; // -1: none
    char *path;
};

// Makes the file if need be, locks it and writes the process id. The process must not fork and go
// on as the child afterwards, nor close another descriptor of this file. SYSTEM_PID_ACQUIRE,
// SYSTEM_PID_ALREADY_RUNNING (tells who), SYSTEM_PID_LOCK, SYSTEM_PID_TRUNCATE_FILE,
// SYSTEM_PID_WRITE_FILE, NO_MEMORY; then *out is not touched.
SRS_ERR srs_pid_file_take(const char *path, struct srs_pid_file *out);
// Removes the file, or empties it where the directory does not let it go. Harmless when none is
// held.
void srs_pid_file_release(struct srs_pid_file *file);
