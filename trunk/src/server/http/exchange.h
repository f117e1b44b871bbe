// An HTTP exchange: one request on a connection, while it is answered.
#pragma once
#include "protocol/http/response.h"
#include "protocol/http/server.h"
#include "server/server.h"

enum srs_exchange_port { SRS_PORT_API = 1, SRS_PORT_SERVER = 2, SRS_PORT_EXPORTER = 4 };

struct srs_exchange {
    struct srs_server *server;
    struct srs_conn *conn;
    struct srs_http_server *http;
    const struct srs_http_request *request; // gone once the answer's head is written
    struct srs_span body;                   // of the request, as long
    unsigned ports; // what its port serves, a mask of enum srs_exchange_port
    bool crossdomain;
    bool closes; // the connection ends with this answer
};

// A whole answer. Errors of the socket; LIMIT and NO_MEMORY.
SRS_YIELDS SRS_ERR srs_exchange_answer(struct srs_exchange *exchange, unsigned status,
                                       const char *content_type, struct srs_span body);
// The reason phrase as text.
SRS_YIELDS SRS_ERR srs_exchange_plain(struct srs_exchange *exchange, unsigned status);
SRS_YIELDS SRS_ERR srs_exchange_redirect(struct srs_exchange *exchange, const char *location);

// An answer to be filled in further by the caller: with the server's name, CORS and keep-alive as
// the request has them.
struct srs_http_response srs_exchange_response(const struct srs_exchange *exchange,
                                               unsigned status);
// Its head alone; the body, if it is to have one, is the caller's. Errors as above.
SRS_YIELDS SRS_ERR srs_exchange_head(struct srs_exchange *exchange,
                                     const struct srs_http_response *response);
// Its head, and the reason phrase as text.
SRS_YIELDS SRS_ERR srs_exchange_refuse(struct srs_exchange *exchange,
                                       struct srs_http_response *response);

// For answers made in pieces: the head now, then pieces with srs_exchange_piece, then
// srs_exchange_end. `length` is that of the body or SRS_HTTP_LENGTH_UNKNOWN. A HEAD request gets no
// pieces, and they are dropped here.
struct srs_exchange_stream {
    struct srs_exchange *exchange;
    bool chunked;
    bool head_only;
};
SRS_YIELDS SRS_ERR srs_exchange_begin(struct srs_exchange *exchange, unsigned status,
                                      const char *content_type, int64_t length,
                                      struct srs_exchange_stream *out);
SRS_YIELDS SRS_ERR srs_exchange_piece(struct srs_exchange_stream *stream, struct srs_span piece);
SRS_YIELDS SRS_ERR srs_exchange_end(struct srs_exchange_stream *stream);
