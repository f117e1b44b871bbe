// Certificates of a TLS server and who gets which, bad files, renewal, and our client, which looks
// at them.
#include "core/tls_side.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_story(srs_err want, srs_err err, const char *part)
{
    char text[512];
    srs_err_format(err, text, sizeof text);
    if (err != want || strstr(text, part) == NULL)
        fail_msg("want \"%s\" in: %s", part, text);
    (void)srs_bare(err);
}

// --- names and protocols ------------------------------------------------------------------------

static void test_tls_given_names_then_the_certificate_that_fits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *organization;
    } rows[] = {{NULL, "one"},
                {"one.example", "one"},
                {"other.example", "other"},
                {"OTHER.example", "other"},
                {"a.wild.example", "wild"},
                {"b.a.wild.example", "one"},
                {"wild.example", "one"},
                {"nobody.example", "one"}};
    struct srs_tls_files files[] = {tls_files_of(&tls_one), tls_files_of(&tls_other),
                                    tls_files_of(&tls_wild)};
    struct srs_tls_server *server = NULL;
    assert_err(SRS_OK, srs_tls_server_new(files, 3, NULL, &server), "three");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        struct tls_client client = tls_client_open(i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
        char text[64];
        int peer;
        tls_begin(&side, server, &peer);
        if (rows[i].name != NULL) {
            (void)snprintf(text, sizeof text, "%s", rows[i].name); // the macro takes no const
            assert_int_equal(SSL_set_tlsext_host_name(client.ssl, text), 1);
        }
        tls_shake(&client, &side, peer);
        X509 *cert = SSL_get1_peer_certificate(client.ssl);
        assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_organizationName,
                                              text, sizeof text) > 0);
        assert_string_equal(text, rows[i].organization);
        X509_free(cert);
        tls_client_close(&client);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

static void test_tls_given_protocols_then_ours_or_a_refusal(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        bool fits;
    } rows[] = {
        {"", true}, {"\x02h2\x08http/1.1", true}, {"\x08http/1.1", true}, {"\x02h2", false}};
    struct srs_tls_server *server = tls_serve_with(&tls_one, "http/1.1");
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        struct tls_client client = tls_client_open(0);
        unsigned size = (unsigned)strlen(rows[i].offer);
        const unsigned char *chosen;
        int peer;
        tls_begin(&side, server, &peer);
        if (size > 0)
            assert_int_equal(
                SSL_set_alpn_protos(client.ssl, (const unsigned char *)rows[i].offer, size), 0);
        if (rows[i].fits) {
            tls_shake(&client, &side, peer);
            SSL_get0_alpn_selected(client.ssl, &chosen, &size);
            assert_int_equal(size, rows[i].offer[0] == '\0' ? 0 : 8);
        } else {
            assert_int_equal(SSL_set_fd(client.ssl, peer), 1);
            assert_int_not_equal(SSL_do_handshake(client.ssl), 1);
            tls_wait_done(&side);
            assert_err(SRS_E_TLS_HANDSHAKE, side.result, "only h2");
        }
        tls_client_close(&client);
        tls_end(&side, peer);
    }
    srs_tls_server_unref(server);
}

// --- files --------------------------------------------------------------------------------------

static void test_tls_given_bad_files_then_named(void **state)
{
    (void)state;
    char missing[PATH_SIZE], empty[PATH_SIZE], garbage[PATH_SIZE], huge[PATH_SIZE], fifo[PATH_SIZE];
    char cut[PATH_SIZE];
    static char zeros[SRS_TLS_FILE_MAX];
    char of_other_kind[PATH_SIZE];
    struct tls_pair locked;
    tls_make_pair("locked", "DNS:locked.example", "secret", &locked);
    tls_path("missing", missing);
    tls_write_file("empty", "", 0, empty);
    tls_write_file("garbage", "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n", 58,
                   garbage);
    tls_write_file("huge", zeros, sizeof zeros, huge);
    FILE *file = fopen(tls_one.cert, "r");
    size_t size = fread(zeros, 1, sizeof zeros, file);
    (void)fclose(file);
    memcpy(zeros + size, zeros, size / 2); // a second one that is cut
    tls_write_file("cut", zeros, size + size / 2, cut);
    tls_path("ed25519", of_other_kind);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    file = tls_open_file(of_other_kind);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    EVP_PKEY_free(key);
    tls_path("fifo", fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *cert;
        const char *key;
        const char *story;
    } rows[] = {
        {missing, tls_one.key, missing},
        {tls_one.cert, missing, missing},
        {empty, tls_one.key, empty},
        {tls_one.cert, empty, empty},
        {garbage, tls_one.key, garbage},
        {tls_one.cert, tls_one.cert, tls_one.cert},
        {huge, tls_one.key, "65536 bytes"},
        {tls_folder, tls_one.key, "cannot be read"},
        {fifo, tls_one.key, "cannot be read"},
        {locked.cert, locked.key, locked.key},
        {tls_one.cert, tls_other.key, "mismatch"},
        {tls_one.cert, of_other_kind, "does not fit"},
        {cut, tls_one.key, cut},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_tls_files files[] = {tls_files_of(&tls_other), {rows[i].cert, rows[i].key}};
        struct srs_tls_server *server = NULL;
        char text[512];
        srs_err err = srs_tls_server_new(files, 2, NULL, &server);
        srs_err_format(err, text, sizeof text);
        if (strstr(text, rows[i].story) == NULL)
            fail_msg("row %zu: %s", i, text);
        assert_err(SRS_E_TLS_KEY_CRT, err, rows[i].story);
        assert_null(server);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_tls_given_a_new_context_then_old_connections_keep_theirs(void **state)
{
    (void)state;
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct tls_side side;
    struct tls_side late;
    struct tls_client client = tls_client_open(TLS1_3_VERSION);
    struct tls_client late_client = tls_client_open(TLS1_3_VERSION);
    int peer;
    int late_peer;
    tls_begin(&side, server, &peer);
    tls_shake(&client, &side, peer);
    tls_begin(&late, server, &late_peer); // in the middle of its handshake
    assert_int_equal(SSL_set_fd(late_client.ssl, late_peer), 1);
    (void)SSL_do_handshake(late_client.ssl);
    tls_turn();
    tls_turn();
    assert_int_equal(srs_live_count(SRS_LIVE_TLS), 2);
    srs_tls_server_unref(server);
    tls_shake(&late_client, &late, late_peer);
    tls_check_both_ways(&client, &side);
    tls_client_close(&client);
    tls_client_close(&late_client);
    tls_end(&side, peer);
    tls_end(&late, late_peer);
}

// --- our client ---------------------------------------------------------------------------------

static void test_tls_given_our_client_then_it_verifies_names_and_authorities(void **state)
{
    (void)state;
    const struct {
        const char *why;
        const char *host;
        const char *authorities;
        bool verify;
        const char *refused; // what is told; NULL: accepted
    } rows[] = {
        {"its name", "one.example", tls_one.cert, true, NULL},
        {"its address", "127.0.0.1", tls_one.cert, true, NULL},
        {"another name", "two.example", tls_one.cert, true, "refused: hostname mismatch"},
        {"another address", "127.0.0.2", tls_one.cert, true, "refused: IP address mismatch"},
        {"another authority", "one.example", tls_other.cert, true, "refused: self-signed"},
        {"the system's authorities", "one.example", NULL, true, "refused: self-signed"},
        {"unverified", "two.example", NULL, false, NULL},
        {"unverified, whatever the file", "two.example", "/nowhere.pem", false, NULL},
    };
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct tls_side side;
        struct srs_conn *conn = NULL;
        struct srs_tls_client *client = NULL;
        struct srs_span got;
        struct iovec iov = srs_iov("hello", 5);
        size_t part;
        int peer;
        assert_err(SRS_OK, srs_tls_client_new(rows[i].verify, rows[i].authorities, &client), "new");
        tls_begin(&side, server, &peer);
        assert_err(SRS_OK, srs_conn_new(peer, &conn), "client's end");
        srs_err err = srs_tls_connect(conn, client, rows[i].host, SOON);
        srs_tls_client_unref(client);
        if (rows[i].refused != NULL)
            assert_story(SRS_E_TLS_HANDSHAKE, err, rows[i].refused);
        else
            assert_err(SRS_OK, err, rows[i].why);
        tls_wait_done(&side);
        if (rows[i].refused == NULL) {
            assert_err(SRS_OK, side.result, rows[i].why);
            assert_err(SRS_OK, srs_conn_write_now(conn, &iov, 1, &part), "write");
            assert_err(SRS_OK, srs_conn_read(side.conn, SOON, &got), "read");
            assert_int_equal(got.size, 5);
        }
        srs_conn_free(conn);
        tls_end(&side, -1);
    }
    srs_tls_server_unref(server);
}

static void test_tls_given_bad_authorities_then_named(void **state)
{
    (void)state;
    char empty[PATH_SIZE], huge[PATH_SIZE], fifo[PATH_SIZE];
    tls_write_file("no-authorities", "", 0, empty);
    tls_write_file("huge-authorities", "", 0, huge);
    assert_int_equal(truncate(huge, SRS_TLS_AUTHORITIES_MAX + 1), 0);
    tls_path("fifo-authorities", fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *path;
        const char *story;
    } rows[] = {
        {"/nowhere.pem", "authorities /nowhere.pem"},
        {empty, empty},
        {tls_one.key, tls_one.key},
        {huge, "no file of up to 2097152 bytes"},
        {fifo, "no file of up to"},
        {tls_folder, "no file of up to"},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_tls_client *client = NULL;
        assert_story(SRS_E_TLS_KEY_CRT, srs_tls_client_new(true, rows[i].path, &client),
                     rows[i].story);
        assert_null(client);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

// The variable takes the place of the system's file.
static void test_tls_given_the_usual_variable_then_the_systems_authorities_are_there(void **state)
{
    (void)state;
    struct srs_tls_client *client = NULL;
    assert_int_equal(setenv("SSL_CERT_FILE", "/nowhere.pem", 1), 0);
    assert_story(SRS_E_TLS_KEY_CRT, srs_tls_client_new(true, NULL, &client), "/nowhere.pem");
    assert_int_equal(setenv("SSL_CERT_FILE", tls_one.cert, 1), 0);
    assert_err(SRS_OK, srs_tls_client_new(true, NULL, &client), "named by the variable");
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    struct srs_tls_server *server = tls_serve_with(&tls_one, NULL);
    struct srs_conn *conn = NULL;
    struct tls_side side;
    int peer;
    tls_begin(&side, server, &peer);
    assert_err(SRS_OK, srs_conn_new(peer, &conn), "client's end");
    assert_err(SRS_OK, srs_tls_connect(conn, client, "one.example", SOON), "believed");
    tls_wait_done(&side);
    srs_conn_free(conn);
    tls_end(&side, -1);
    srs_tls_client_unref(client);
    srs_tls_server_unref(server);
}

// What the peer refuses is not told as a fault of its certificate.
static void test_tls_given_a_peer_of_no_tls_then_our_client_says_so(void **state)
{
    (void)state;
    static const struct {
        bool verify;
        const char *answer;
        const char *story;
    } rows[] = {
        {true, "HTTP/1.1 400 Bad Request\r\n\r\n", "TLS"},
        {false, "\x15\x03\x03\0\2\2\x28", "alert handshake failure"},
        {true, "\x15\x03\x03\0\2\2\x28", "alert handshake failure"},
    };
    static const size_t sizes[] = {28, 7, 7};
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        struct srs_tls_client *client = NULL;
        struct srs_conn *conn = NULL;
        int fds[2];
        assert_err(SRS_OK, srs_tls_client_new(rows[i].verify, tls_one.cert, &client), "new");
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_err(SRS_OK, srs_conn_new(fds[0], &conn), "client's end");
        tls_say(fds[1], rows[i].answer, sizes[i]);
        srs_err err = srs_tls_connect(conn, client, "one.example", SOON);
        char text[512];
        srs_err_format(err, text, sizeof text);
        assert_null(strstr(text, "refused"));
        assert_non_null(strstr(text, rows[i].story));
        assert_err(SRS_E_TLS_HANDSHAKE, err, rows[i].story);
        srs_conn_free(conn);
        (void)close(fds[1]);
        srs_tls_client_unref(client);
    }
}

static void test_tls_given_a_silent_peer_then_our_client_stops_at_its_deadline(void **state)
{
    (void)state;
    struct srs_tls_client *client = NULL;
    struct srs_conn *conn = NULL;
    int fds[2];
    assert_err(SRS_OK, srs_tls_client_new(false, NULL, &client), "new");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_err(SRS_OK, srs_conn_new(fds[0], &conn), "client's end");
    assert_story(SRS_E_SOCKET_TIMEOUT, srs_tls_connect(conn, client, "h", srs_now() + SRS_MSEC),
                 "TLS handshake not complete in time");
    srs_conn_free(conn);
    (void)close(fds[1]);
    srs_tls_client_unref(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tls_teardown_each)
        TEST(test_tls_given_names_then_the_certificate_that_fits),
        TEST(test_tls_given_protocols_then_ours_or_a_refusal),
        TEST(test_tls_given_bad_files_then_named),
        TEST(test_tls_given_a_new_context_then_old_connections_keep_theirs),
        TEST(test_tls_given_our_client_then_it_verifies_names_and_authorities),
        TEST(test_tls_given_bad_authorities_then_named),
        TEST(test_tls_given_the_usual_variable_then_the_systems_authorities_are_there),
        TEST(test_tls_given_a_peer_of_no_tls_then_our_client_says_so),
        TEST(test_tls_given_a_silent_peer_then_our_client_stops_at_its_deadline),
#undef TEST
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
