// Bytes for the RTMP tests: hex text, captured sessions, messages written by hand.
#pragma once
#include "core/buf.h"
#include "protocol/rtmp/chunk.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

enum { RTMP_TEST_MAX = 64 * 1024 * 1024 };

static inline void rtmp_hex_append(struct srs_buf *out, const char *hex)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += hex[0] == ' ' || hex[0] == '\n' ? 1 : 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        if (hex[0] == ' ' || hex[0] == '\n')
            continue;
        uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        assert_int_equal(srs_buf_append(out, &byte, 1, RTMP_TEST_MAX), SRS_OK);
    }
}

// The bytes of one direction ('C' or 'S') of a captured session, up to the first message that is
// cut.
static inline void rtmp_session_load(struct srs_buf *out, const char *name, char direction)
{
    char line[8192];
    bool ours = false;
    (void)snprintf(line, sizeof line, "trunk/tests/vectors/rtmp/sessions/%s.txt", name);
    FILE *file = fopen(line, "r");
    if (file == NULL)
        fail_msg("%s is missing: run from the top of the tree", line);
    struct srs_buf message = {0};
    while (fgets(line, sizeof line, file) != NULL) {
        bool begins = line[0] == '#' || line[1] == '>';
        if (begins && ours) {
            struct srs_span whole = srs_buf_span(&message);
            assert_int_equal(srs_buf_append(out, whole.bytes, whole.size, RTMP_TEST_MAX), SRS_OK);
        }
        if (begins)
            srs_buf_fini(&message);
        if (line[1] == '>')
            ours = line[0] == direction;
        else if (!begins && ours && strstr(line, "...") != NULL)
            break;
        else if (!begins && ours)
            rtmp_hex_append(&message, line);
    }
    srs_buf_fini(&message);
    (void)fclose(file);
}

static inline void rtmp_message_append(struct srs_buf *out, struct srs_rtmp_head head,
                                       const void *payload, size_t size, uint32_t chunk_size)
{
    head.length = (uint32_t)size;
    assert_int_equal(srs_rtmp_chunk_write(out, &head, (struct srs_span){payload, size}, chunk_size,
                                          RTMP_TEST_MAX),
                     SRS_OK);
}
