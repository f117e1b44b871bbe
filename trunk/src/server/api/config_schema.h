// JSON Schema of what /api/v1/config answers, made from the table of directives.
#pragma once
#include "core/buf.h"
#include "server/config/table.h"

// Appends the schema of the object for SRS_DIRECTIVE_ROOT or SRS_DIRECTIVE_VHOST: members in the
// order and of the types in which they are answered, and no others. LIMIT beyond
// SRS_API_BUFFER_MAX bytes in `out`, NO_MEMORY: then `out` holds a part of it.
SRS_ERR srs_config_schema_write(enum srs_directive_state kind, struct srs_buf *out);
