// UTF-8 (RFC 3629), for texts of peers that go where only good UTF-8 may.
#pragma once
#include <stddef.h>

// Bytes of the character at `text`, 0 when there is none. The text is terminated; its end is a
// character of one byte.
size_t srs_utf8_size(const char *text);
