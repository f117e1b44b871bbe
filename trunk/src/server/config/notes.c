// Notes: bounded in number and length, as their text comes from a file.
#include "server/config/notes.h"
#include "core/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void srs_config_note(struct srs_config_notes *notes, const char *format, ...)
{
    char text[SRS_CONFIG_NOTE_TEXT];
    if (notes == NULL)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->lines[i], text) == 0)
            return;
    char *line = notes->count < SRS_CONFIG_NOTES_MAX ? srs_try_strndup(text, strlen(text)) : NULL;
    if (line != NULL)
        notes->lines[notes->count++] = line;
    else
        notes->dropped++;
}

void srs_config_notes_fini(struct srs_config_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        srs_free(notes->lines[i]);
    *notes = (struct srs_config_notes){0};
}
