// One call of the API: its text is collected and goes out as a whole, with its length, or piece by
// piece when it is a long list. Handlers of all files of this folder are of type srs_api_fn.
//
// What a walk that makes a list stands on survives a yield: a reference to a source, a registered
// walk over the clients, a reference to the configuration.
#pragma once
#include "server/api/json.h"
#include "server/api/query.h"
#include "server/http/exchange.h"

struct srs_api_call {
    struct srs_exchange *exchange;
    struct srs_api_query query;
    struct srs_buf out;
    const char *type; // of the content; NULL for that of JSON
    bool first;       // of a list: no item yet
    bool begun;       // the head of the answer is out
    struct srs_exchange_stream stream;
};

// Answers one path. `rest` is what stands behind the route's own path; it is gone once the head of
// the answer is out.
typedef SRS_YIELDS srs_err srs_api_fn(struct srs_api_call *call, const char *rest);

// --- text ---------------------------------------------------------------------------------------

SRS_ERR srs_api_add(struct srs_api_call *call, const char *text);
// callback( and {"code":0,"server":..,"service":..,"pid":.. : members follow, each with a comma in
// front, then srs_api_close.
SRS_ERR srs_api_open(struct srs_api_call *call);
// The same with another code.
SRS_ERR srs_api_open_as(struct srs_api_call *call, srs_err code);
// callback( and {"code":N
SRS_ERR srs_api_open_bare(struct srs_api_call *call, srs_err code);
// The closing brace, and off it goes.
SRS_YIELDS SRS_ERR srs_api_close(struct srs_api_call *call);
// {"code":N} alone.
SRS_YIELDS SRS_ERR srs_api_fail(struct srs_api_call *call, srs_err code);
// The reason phrase of a status, as text.
SRS_YIELDS SRS_ERR srs_api_refuse(struct srs_api_call *call, unsigned status);
// What stands in `out` as it is: the whole answer, or the last piece of it.
SRS_YIELDS SRS_ERR srs_api_finish(struct srs_api_call *call);
// GET and HEAD.
bool srs_api_is_read(const struct srs_api_call *call);
// For what is never answered as JSONP: callback and method of the query mean nothing.
void srs_api_drop_script(struct srs_api_call *call);

// --- lists --------------------------------------------------------------------------------------

SRS_ERR srs_api_open_list(struct srs_api_call *call, const char *name);
// In front of each item.
SRS_ERR srs_api_separate(struct srs_api_call *call);
// Sends the text if there is enough of it.
SRS_YIELDS SRS_ERR srs_api_send_piece(struct srs_api_call *call);
// `tail` is what follows the last item, up to the last brace but without it: "],\"total\":3"
SRS_YIELDS SRS_ERR srs_api_close_list(struct srs_api_call *call, const char *tail);
SRS_YIELDS SRS_ERR srs_api_close_total(struct srs_api_call *call, unsigned total);
// Where item `index` of a list stands to the page that is asked for.
bool srs_api_before_page(const struct srs_api_call *call, uint64_t index);
bool srs_api_after_page(const struct srs_api_call *call, uint64_t index);
