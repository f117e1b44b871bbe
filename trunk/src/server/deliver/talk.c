#include "server/deliver/talk.h"

SRS_ERR srs_talk_check(struct srs_talk *talk, const struct srs_conn *conn)
{
    srs_usec now = srs_now();
    uint64_t bytes = srs_conn_bytes_in(conn);
    if (talk->from == 0 || now - talk->from >= SRS_TALK_SEC * SRS_SEC) {
        talk->from = now;
        talk->bytes = bytes;
    }
    if (bytes - talk->bytes > SRS_TALK_BYTES)
        return srs_fail(SRS_E_LIMIT, "player sent %llu bytes in %d s",
                        (unsigned long long)(bytes - talk->bytes), SRS_TALK_SEC);
    return SRS_OK;
}
