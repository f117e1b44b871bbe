// For tests: the walk that stands in for openat2, which follows no symbolic link at all.
#pragma once
#include "core/file.h"

// -1 with errno.
int srs_file_walk(int root, const char *path);
