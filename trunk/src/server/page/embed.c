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

extern const uint8_t srs_page_html[], srs_page_script[], srs_page_style[];
extern const uint64_t srs_page_html_size, srs_page_script_size, srs_page_style_size;

struct srs_span srs_page_embed_html(void)
{
    return (struct srs_span){srs_page_html, srs_page_html_size};
}

struct srs_span srs_page_embed_script(void)
{
    return (struct srs_span){srs_page_script, srs_page_script_size};
}

struct srs_span srs_page_embed_style(void)
{
    return (struct srs_span){srs_page_style, srs_page_style_size};
}
