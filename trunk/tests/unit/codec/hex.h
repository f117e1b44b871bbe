// Test bytes as text: hexadecimal digits, anything else is ignored.
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Returns the number of bytes; at most `capacity`.
static inline size_t hex_bytes(const char *text, uint8_t *out, size_t capacity)
{
    size_t digits = 0;
    for (; *text != '\0' && digits / 2 < capacity; text++) {
        int digit = hex_digit(*text);
        if (digit < 0)
            continue;
        out[digits / 2] = (uint8_t)((digits % 2 == 0 ? 0 : out[digits / 2] << 4) | digit);
        digits++;
    }
    return digits / 2;
}
