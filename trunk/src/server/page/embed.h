// The pages' own files, as they are in the program.
#pragma once
#include "core/rdwr.h"

struct srs_span srs_page_embed_html(void);
struct srs_span srs_page_embed_script(void);
struct srs_span srs_page_embed_style(void);
struct srs_span srs_page_embed_console_html(void);
struct srs_span srs_page_embed_console_script(void);
struct srs_span srs_page_embed_console_api(void);
struct srs_span srs_page_embed_console_chart(void);
struct srs_span srs_page_embed_console_player(void);
struct srs_span srs_page_embed_console_style(void);
