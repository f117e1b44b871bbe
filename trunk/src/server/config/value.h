// What the words of a directive mean. Private to config and its tests.
#pragma once
#include "server/config/notes.h"
#include "server/config/table.h"
#include "server/config/tree.h"

struct srs_config_value {
    bool on;
    int word;                      // index of an ENUM's word, -1 for none
    int64_t number;                // INT; MSEC, SEC and SECF in microseconds; SRS_CONFIG_AUTO
    double real;                   // as written, in the directive's unit
    const char *text;              // the first word
    struct srs_config_words words; // of a LIST; borrowed from the node
    union {
        struct srs_config_endpoints listen;
        struct srs_config_networks networks; // of a NETS
        struct srs_config_rule rule;         // of a RULES: that line's
    };
};

// Reads `node`, or the default of the row if it is NULL. Words that are not understood count as SRS
// counts them, with a note; SYSTEM_CONFIG_INVALID for what cannot be meant (a bad endpoint, a
// STRICT range).
SRS_ERR srs_config_value_read(const struct srs_directive *row, const struct srs_config_node *node,
                              struct srs_config_notes *notes, struct srs_config_value *out);

// True if the node asks for something else than the default does. Values that cannot be read do
// not.
bool srs_config_value_differs(const struct srs_directive *row, const struct srs_config_node *node);

// "1935", "127.0.0.1:1935", "[::1]:1935"
SRS_ERR srs_config_endpoint_read(const char *word, struct srs_config_endpoint *out);
