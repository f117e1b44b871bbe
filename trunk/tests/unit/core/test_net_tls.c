// TLS above a connection, against OpenSSL's own client on the other end of a socket pair: versions,
// records, partial writes, ends, and peers that are not what they say.
#include "core/tls_side.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD_BYTES = 16 * 1024 };

// --- data ---------------------------------------------------------------------------------------

static void test_tls_given_each_version_then_bytes_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *name;
    } rows[] = {{TLS1_2_VERSION, "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256"},
                {TLS1_3_VERSION, "TLSv1.3 TLS_AES_128_GCM_SHA256"}};
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        struct tls_client client = tls_client_open(rows[i].version);
        char text[SRS_ENDPOINT_TEXT];
        int peer;
        tls_begin(&side, server, &peer);
        srs_conn_tls_describe(side.conn, text);
        assert_string_equal(text, "");
        tls_shake(&client, &side, peer);
        srs_conn_tls_describe(side.conn, text);
        assert_string_equal(text, rows[i].name);
        tls_check_both_ways(&client, &side);
        tls_client_close(&client);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

static void test_tls_given_old_versions_then_refused(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_1_VERSION);
    int peer;
    tls_begin(&side, server, &peer);
    SSL_set_security_level(client.ssl, 0);
    assert_int_equal(SSL_set_cipher_list(client.ssl, "ALL:@SECLEVEL=0"), 1);
    assert_int_equal(SSL_set_fd(client.ssl, peer), 1);
    assert_int_not_equal(SSL_do_handshake(client.ssl), 1);
    tls_wait_done(&side);
    assert_err(SRS_E_TLS_HANDSHAKE, side.result, "TLS 1.1");
    assert_true(side.told);
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

// The client's last flight and its first data in one read.
static void
test_tls_given_data_behind_the_handshake_then_it_is_read_without_the_socket(void **state)
{
    (void)state;
    static const char words[] = "C0 and C1 in the same segment";
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    struct srs_span got;
    uint8_t bytes[8192];
    size_t written;
    int peer;
    tls_begin(&side, server, &peer);
    SSL_set_bio(client.ssl, in, out);
    while (SSL_do_handshake(client.ssl) != 1) {
        int size = BIO_read(out, bytes, sizeof bytes);
        if (size > 0)
            tls_say(peer, bytes, (size_t)size);
        tls_turn();
        ssize_t n = recv(peer, bytes, sizeof bytes, 0);
        if (n > 0)
            (void)BIO_write(in, bytes, (int)n);
    }
    assert_int_equal(SSL_write_ex(client.ssl, words, sizeof words, &written), 1);
    int size = BIO_read(out, bytes, sizeof bytes);
    tls_say(peer, bytes, (size_t)size);
    tls_wait_done(&side);
    assert_err(SRS_OK, side.result, "handshake");
    assert_true(srs_conn_readable(side.conn));
    assert_err(SRS_OK, srs_conn_wait(side.conn, SRS_CONN_READABLE, srs_now()), "wait");
    assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "read");
    assert_int_equal(got.size, sizeof words);
    assert_memory_equal(got.bytes, words, sizeof words);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(side.conn, srs_now(), &got), "no more");
    assert_false(srs_conn_readable(side.conn));
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

static void test_tls_given_a_thousand_iovecs_then_full_records_in_one_write(void **state)
{
    (void)state;
    enum { PIECE = 45, PIECES = 1000, BYTES = PIECE * PIECES };
    static uint8_t bytes[BYTES], raw[2 * BYTES];
    struct iovec iov[PIECES];
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    size_t written = 0;
    int peer;
    tls_begin(&side, server, &peer);
    tls_shake(&client, &side, peer);
    while (recv(peer, raw, sizeof raw, 0) > 0) { // session tickets
    }
    tls_fill(bytes, sizeof bytes, 1);
    for (size_t i = 0; i < PIECES; i++)
        iov[i] = srs_iov(bytes + i * PIECE, PIECE);
    assert_err(SRS_OK, srs_conn_write_now(side.conn, iov, PIECES, &written), "write");
    assert_int_equal(written, BYTES);
    ssize_t size = recv(peer, raw, sizeof raw, 0);
    size_t at = 0;
    unsigned records = 0;
    while (at + 5 <= (size_t)size) {
        size_t length = (size_t)raw[at + 3] << 8 | raw[at + 4];
        if (records < 2)
            assert_int_equal(length, RECORD_BYTES + 1 + 16); // type and tag
        at += 5 + length;
        records++;
    }
    assert_int_equal(at, size);
    assert_int_equal(records, 3);
    assert_int_equal(srs_conn_write_now(side.conn, iov, 0, &written), SRS_OK);
    assert_int_equal(written, 0);
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

// Whatever the socket takes, what write_now says it took arrives, once and in order, the last of
// it without another call.
static void
test_tls_given_a_socket_that_fills_then_a_prefix_is_taken_and_leaves_by_itself(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    uint8_t *bytes = malloc(TLS_BIG);
    uint8_t *got = malloc(TLS_BIG);
    size_t taken = 0;
    size_t read = 0;
    unsigned blocked = 0;
    int peer;
    tls_begin(&side, server, &peer);
    srs_conn_set_send_buffer(side.conn, 4608);
    tls_shake(&client, &side, peer);
    tls_fill(bytes, TLS_BIG, 3);
    srs_usec until = SOON;
    while (taken < TLS_BIG && srs_now() < until) {
        size_t half = (TLS_BIG - taken) / 2;
        struct iovec iov[2] = {srs_iov(bytes + taken, half),
                               srs_iov(bytes + taken + half, TLS_BIG - taken - half)};
        size_t written = 0;
        srs_err err = srs_conn_write_now(side.conn, iov, 2, &written);
        if (err == SRS_E_AGAIN) {
            size_t part = 0;
            size_t want = 1 + (taken + read) % 30000;
            want = want < TLS_BIG - read ? want : TLS_BIG - read;
            blocked++;
            assert_false(srs_conn_writable(side.conn));
            if (SSL_read_ex(client.ssl, got + read, want, &part) == 1)
                read += part;
            tls_turn();
            continue;
        }
        assert_err(SRS_OK, err, "write");
        assert_in_range(written, 1, 4 * RECORD_BYTES * 4);
        taken += written;
    }
    assert_int_equal(taken, TLS_BIG);
    assert_true(blocked > 10);
    tls_client_read(&client, got + read, TLS_BIG - read);
    assert_memory_equal(got, bytes, TLS_BIG);
    assert_true(srs_conn_writable(side.conn));
    free(bytes);
    free(got);
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

// --- ends ---------------------------------------------------------------------------------------

struct goodbye {
    struct tls_side *side;
    bool over;
};

static SRS_YIELDS srs_err bye_main(void *arg)
{
    static uint8_t words[200000];
    struct goodbye *goodbye = arg;
    tls_fill(words, sizeof words, 9);
    srs_conn_bye(goodbye->side->conn, (struct srs_span){words, sizeof words}, SOON);
    goodbye->over = true;
    return SRS_OK;
}

static void test_tls_given_bye_then_words_and_close_notify_arrive(void **state)
{
    (void)state;
    static uint8_t want[200000], got[200000];
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct goodbye goodbye = {.side = &side};
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    size_t part;
    int peer;
    tls_begin(&side, server, &peer);
    srs_conn_set_send_buffer(side.conn, 4608);
    tls_shake(&client, &side, peer);
    assert_err(SRS_OK, srs_scope_spawn(&side.scope, bye_main, &goodbye), "bye");
    tls_fill(want, sizeof want, 9);
    tls_client_read(&client, got, sizeof got);
    assert_memory_equal(got, want, sizeof want);
    srs_usec until = SOON;
    while (SSL_read_ex(client.ssl, got, 1, &part) != 1 &&
           SSL_get_error(client.ssl, 0) == SSL_ERROR_WANT_READ && srs_now() < until)
        tls_turn();
    assert_int_equal(SSL_get_error(client.ssl, 0), SSL_ERROR_ZERO_RETURN);
    assert_false(goodbye.over);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    while (!goodbye.over && srs_now() < until)
        tls_turn();
    assert_true(goodbye.over);
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

static void test_tls_given_conn_freed_then_close_notify_is_said(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    uint8_t byte;
    size_t part;
    int peer;
    tls_begin(&side, server, &peer);
    tls_shake(&client, &side, peer);
    tls_end(&side, -1);
    assert_int_equal(SSL_read_ex(client.ssl, &byte, 1, &part), 0);
    assert_int_equal(SSL_get_error(client.ssl, 0), SSL_ERROR_ZERO_RETURN);
    tls_client_close(&client);
    (void)close(peer);
    srs_tls_server_unref(server);
}

static void test_tls_given_the_peers_close_notify_then_its_words_and_the_end_are_read(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    struct srs_span got;
    size_t part;
    int peer;
    tls_begin(&side, server, &peer);
    tls_shake(&client, &side, peer);
    assert_int_equal(SSL_write_ex(client.ssl, "last", 4, &part), 1);
    (void)SSL_shutdown(client.ssl);
    assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "words");
    assert_int_equal(got.size, 4);
    assert_true(srs_conn_readable(side.conn)); // the end is to be read, though the socket is open
    assert_err(SRS_E_SOCKET_READ, srs_conn_read(side.conn, SOON, &got), "end");
    assert_err(SRS_E_SOCKET_READ, srs_conn_read(side.conn, SOON, &got), "end again");
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

// --- peers that are not what they say -----------------------------------------------------------

static void test_tls_given_a_first_message_that_is_none_then_named_and_nothing_is_made(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t bytes[16];
        size_t size;
        const char *story;
    } rows[] = {
        {"HTTP",
         {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'},
         10,
         "plain HTTP on a TLS port"},
        {"one byte of HTTP", {'Z'}, 1, "plain HTTP"},
        {"one byte of RTMP", {3}, 1, "plain RTMP on a TLS port"},
        {"below all types", {19}, 1, "plain bytes"},
        {"above all types", {25}, 1, "plain bytes"},
        {"below SSL 2", {0x7f}, 1, "plain bytes"},
        {"SSL 2", {0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0}, 10, "are 80 2e"},
        {"change of ciphers", {20, 3, 1, 0, 1, 1}, 6, "are 14 03"},
        {"no handshake", {23, 3, 1, 0, 9, 1, 0, 0, 1, 0}, 10, "are 17 03"},
        {"last type", {24, 3, 1}, 3, "are 18 03"},
        {"another major version", {22, 2, 1, 0, 9, 1, 0, 0, 1}, 9, "are 16 02"},
        {"a server's hello", {22, 3, 1, 0, 9, 2, 0, 0, 1, 0}, 10, "of type 2"},
        {"message in pieces of 3", {22, 3, 1, 0, 3, 1, 0, 0, 22, 3}, 10, "record of 3 bytes"},
        {"long message", {22, 3, 1, 0x40, 0, 1, 0, 0x40, 1}, 9, "of 16385 bytes"},
        {"very long message", {22, 3, 1, 0x40, 0, 1, 1, 0xff, 0xff}, 9, "of 131071 bytes"},
    };
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        char text[512];
        int peer;
        tls_begin(&side, server, &peer);
        tls_say(peer, rows[i].bytes, rows[i].size);
        srs_scope_cancel(&side.scope); // its own coroutine is not needed
        srs_scope_close(&side.scope);
        srs_err err = srs_tls_accept(side.conn, server, SOON);
        srs_err_format(err, text, sizeof text);
        if (strstr(text, rows[i].story) == NULL)
            fail_msg("%s: %s", rows[i].why, text);
        bool plain = strncmp(rows[i].story, "plain", 5) == 0;
        assert_err(plain ? SRS_E_TLS_PLAIN : SRS_E_TLS_HANDSHAKE, err, rows[i].why);
        assert_int_equal(srs_live_count(SRS_LIVE_TLS), 0);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

static void
test_tls_given_a_peer_that_stops_then_deadline_and_no_memory_before_nine_bytes(void **state)
{
    (void)state;
    static const uint8_t hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t size = 0; size <= sizeof hello; size++) {
        struct tls_side side;
        int peer;
        tls_begin(&side, server, &peer);
        side.deadline = srs_now() + 20 * SRS_MSEC;
        if (size > 0)
            tls_say(peer, hello, size);
        for (int i = 0; i < 4; i++)
            tls_turn();
        assert_int_equal(srs_live_count(SRS_LIVE_TLS), size < 9 ? 0 : 1);
        tls_wait_done(&side);
        assert_err(SRS_E_SOCKET_TIMEOUT, side.result, "deadline");
        assert_int_equal(side.told, size > 0);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

static void test_tls_given_a_peer_that_leaves_or_a_cancel_then_the_handshake_ends(void **state)
{
    (void)state;
    static const uint8_t hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t size = 0; size <= sizeof hello; size++) {
        struct tls_side side;
        int peer;
        tls_begin(&side, server, &peer);
        if (size > 0)
            tls_say(peer, hello, size);
        (void)close(peer);
        tls_wait_done(&side);
        assert_err(size > 0 ? SRS_E_TLS_HANDSHAKE : SRS_E_SOCKET_READ, side.result, "left");
        tls_end(&side, -1);
        tls_begin(&side, server, &peer);
        if (size > 0)
            tls_say(peer, hello, size);
        tls_turn();
        tls_turn();
        srs_scope_cancel(&side.scope);
        tls_wait_done(&side);
        assert_err(SRS_E_CANCELED, side.result, "cancel");
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

// Everything a byte at a time, as a slow or hostile network would.
static void test_tls_given_single_bytes_then_handshake_and_data_as_usual(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    struct srs_span got;
    uint8_t bytes[8192];
    uint8_t byte;
    size_t written;
    int peer;
    tls_begin(&side, server, &peer);
    SSL_set_bio(client.ssl, in, out);
    while (SSL_do_handshake(client.ssl) != 1) {
        while (BIO_read(out, &byte, 1) == 1) {
            tls_say(peer, &byte, 1);
            tls_turn();
            tls_turn();
        }
        ssize_t n = recv(peer, bytes, sizeof bytes, 0);
        if (n > 0)
            (void)BIO_write(in, bytes, (int)n);
    }
    assert_int_equal(SSL_write_ex(client.ssl, "abc", 3, &written), 1);
    while (BIO_read(out, &byte, 1) == 1) {
        tls_say(peer, &byte, 1);
        tls_turn();
    }
    tls_wait_done(&side);
    assert_err(SRS_OK, side.result, "handshake");
    assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "read");
    assert_int_equal(got.size, 3);
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

static void test_tls_given_bad_records_then_the_reader_is_told_and_the_peer_too(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t head[5];
        size_t body;
    } rows[] = {
        {"no record at all", {'G', 'E', 'T', ' ', '/'}, 20},
        {"larger than any record may be", {23, 3, 3, 0x41, 0x01}, 16641},
        {"announced larger than it may be", {23, 3, 3, 0xff, 0xff}, 0},
        {"forged", {23, 3, 3, 0, 40}, 40},
        {"empty", {23, 3, 3, 0, 0}, 0},
    };
    static uint8_t body[17000];
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        struct tls_client client = tls_client_open(TLS1_3_VERSION);
        struct srs_span got;
        struct iovec iov = srs_iov("x", 1);
        uint8_t byte;
        size_t part;
        int peer;
        tls_begin(&side, server, &peer);
        tls_shake(&client, &side, peer);
        assert_int_equal(SSL_write_ex(client.ssl, "good", 4, &part), 1);
        tls_say(peer, rows[i].head, sizeof rows[i].head);
        if (rows[i].body > 0)
            tls_say(peer, body, rows[i].body);
        assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "what came before");
        assert_int_equal(got.size, 4);
        assert_err(SRS_E_TLS_READ, srs_conn_read(side.conn, SOON, &got), rows[i].why);
        assert_err(SRS_E_TLS_READ, srs_conn_read(side.conn, SOON, &got), "it stays so");
        assert_err(SRS_E_TLS_WRITE, srs_conn_write_now(side.conn, &iov, 1, &part), "nor write");
        assert_int_equal(SSL_read_ex(client.ssl, &byte, 1, &part), 0);
        assert_int_equal(SSL_get_error(client.ssl, 0), SSL_ERROR_SSL); // the alert
        tls_client_close(&client);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

static void test_tls_given_new_keys_again_and_again_then_answers_are_bounded(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    struct srs_span got;
    srs_err err = SRS_E_SOCKET_TIMEOUT;
    size_t part;
    int peer;
    tls_begin(&side, server, &peer);
    srs_conn_set_send_buffer(side.conn, 4608);
    tls_shake(&client, &side, peer);
    assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_write_ex(client.ssl, "once", 4, &part), 1);
    assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "one change of keys is no harm");
    // The peer asks for answers and reads none.
    for (unsigned i = 0; i < 100000 && err == SRS_E_SOCKET_TIMEOUT; i++) {
        assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(client.ssl), 1);
        tls_turn();
        err = srs_bare(srs_conn_read(side.conn, srs_now(), &got));
    }
    assert_err(SRS_E_LIMIT, err, "answers that nobody takes");
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

static void test_push_given_a_full_socket_then_kept_up_to_the_limit(void **state)
{
    (void)state;
    static uint8_t bytes[SRS_CONN_UNSENT_MAX];
    struct srs_conn *conn = NULL;
    size_t kept;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], &conn), "our end");
    do {
        assert_err(SRS_OK, srs_conn_push(conn, (struct srs_span){bytes, 1000}), "push");
        kept = srs_buf_size(&conn->unsent);
    } while (kept == 0);
    assert_false(srs_conn_writable(conn));
    assert_err(SRS_OK, srs_conn_push(conn, (struct srs_span){bytes, sizeof bytes - kept}), "full");
    assert_err(SRS_E_LIMIT, srs_conn_push(conn, (struct srs_span){bytes, 1}), "one beyond");
    assert_int_equal(srs_buf_size(&conn->unsent), SRS_CONN_UNSENT_MAX);
    (void)close(fds[1]); // what cannot be sent is dropped, and the next write is told
    while (srs_buf_size(&conn->unsent) > 0)
        tls_turn();
    assert_err(SRS_E_SOCKET_WRITE, srs_conn_push(conn, (struct srs_span){bytes, 1}), "gone");
    srs_conn_free(conn);
}

static void test_tls_given_renegotiation_then_refused_and_the_connection_lives(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_client client = tls_client_open(TLS1_2_VERSION);
    struct srs_span got;
    uint8_t byte;
    size_t part;
    int peer;
    tls_begin(&side, server, &peer);
    tls_shake(&client, &side, peer);
    assert_int_equal(SSL_renegotiate(client.ssl), 1);
    (void)SSL_do_handshake(client.ssl);
    assert_err(SRS_E_SOCKET_TIMEOUT, srs_conn_read(side.conn, srs_now() + SRS_MSEC, &got), "hello");
    assert_int_equal(SSL_read_ex(client.ssl, &byte, 1, &part), 0); // no_renegotiation
    struct iovec iov = srs_iov("x", 1);
    assert_err(SRS_OK, srs_conn_write_now(side.conn, &iov, 1, &part), "still there");
    tls_client_close(&client);
    tls_end(&side, peer);
    srs_tls_server_unref(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tls_teardown_each)
        TEST(test_tls_given_each_version_then_bytes_go_both_ways),
        TEST(test_tls_given_old_versions_then_refused),
        TEST(test_tls_given_data_behind_the_handshake_then_it_is_read_without_the_socket),
        TEST(test_tls_given_a_thousand_iovecs_then_full_records_in_one_write),
        TEST(test_tls_given_a_socket_that_fills_then_a_prefix_is_taken_and_leaves_by_itself),
        TEST(test_tls_given_bye_then_words_and_close_notify_arrive),
        TEST(test_tls_given_conn_freed_then_close_notify_is_said),
        TEST(test_tls_given_the_peers_close_notify_then_its_words_and_the_end_are_read),
        TEST(test_tls_given_a_first_message_that_is_none_then_named_and_nothing_is_made),
        TEST(test_tls_given_a_peer_that_stops_then_deadline_and_no_memory_before_nine_bytes),
        TEST(test_tls_given_a_peer_that_leaves_or_a_cancel_then_the_handshake_ends),
        TEST(test_tls_given_single_bytes_then_handshake_and_data_as_usual),
        TEST(test_tls_given_bad_records_then_the_reader_is_told_and_the_peer_too),
        TEST(test_tls_given_new_keys_again_and_again_then_answers_are_bounded),
        TEST(test_push_given_a_full_socket_then_kept_up_to_the_limit),
        TEST(test_tls_given_renegotiation_then_refused_and_the_connection_lives),
#undef TEST
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
