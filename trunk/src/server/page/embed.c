// The assembler takes the files in as they are, so that no program has to turn them into C first.
// Paths are those from the top of the tree, where the compiler is started; the Makefile names them
// as what this object depends on.
#include "server/page/embed.h"

// clang-format off
#define SYMBOL(name)                                                                               \
    ".hidden srs_page_" name "\n"                                                                  \
    ".global srs_page_" name "\n"                                                                  \
    ".type srs_page_" name ", @object\n"                                                           \
    "srs_page_" name ":\n"

// The bytes, then their number.
#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            SYMBOL(name)                                                                           \
            ".incbin \"" path "\"\n"                                                               \
            ".Lsrs_page_" name "_end:\n"                                                           \
            ".balign 8\n"                                                                          \
            SYMBOL(name "_size")                                                                   \
            ".quad .Lsrs_page_" name "_end - srs_page_" name "\n"                                  \
            ".popsection\n")
// clang-format on

EMBED("html", "trunk/research/players/index.html");
EMBED("script", "trunk/research/players/player.js");
EMBED("style", "trunk/research/players/player.css");
EMBED("console_html", "trunk/research/console/index.html");
EMBED("console_script", "trunk/research/console/console.js");
EMBED("console_api", "trunk/research/console/api.js");
EMBED("console_chart", "trunk/research/console/chart.js");
EMBED("console_player", "trunk/research/console/player.js");
EMBED("console_style", "trunk/research/console/console.css");

#define EMBEDDED(name)                                                     \
    extern const uint8_t srs_page_##name[];                                \
    extern const uint64_t srs_page_##name##_size;                          \
    struct srs_span srs_page_embed_##name(void)                            \
    {                                                                      \
        return (struct srs_span){srs_page_##name, srs_page_##name##_size}; \
    }

EMBEDDED(html)
EMBEDDED(script)
EMBEDDED(style)
EMBEDDED(console_html)
EMBEDDED(console_script)
EMBEDDED(console_api)
EMBEDDED(console_chart)
EMBEDDED(console_player)
EMBEDDED(console_style)
