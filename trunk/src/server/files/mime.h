// Media types by the extension of a file's name.
#pragma once

// "application/octet-stream" for an unknown one.
const char *srs_mime_type(const char *path);
