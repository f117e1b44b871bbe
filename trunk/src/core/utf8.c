#include "core/utf8.h"
#include <stdint.h>

size_t srs_utf8_size(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if ((at[0] >= 0x80 && at[0] < 0xC2) || at[0] > 0xF4)
        return 0;
    if (at[0] == 0xE0)
        low = 0xA0; // overlong
    else if (at[0] == 0xED)
        high = 0x9F; // surrogates
    else if (at[0] == 0xF0)
        low = 0x90; // overlong
    else if (at[0] == 0xF4)
        high = 0x8F;                    // above U+10FFFF
    for (size_t i = 1; i < size; i++) { // a terminator is not in range: it ends the walk
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return size;
}
