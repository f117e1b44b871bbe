// echo_bench PORT: an echo server on the core, for comparison with a bare epoll loop. Each
// connection is a coroutine that arms a deadline for every wait, as real sessions do. Ends on
// SIGTERM or SIGINT; prints "listening PORT" first, so that a port of 0 can be used.
#include "core/co.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/net.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define IDLE_LIMIT (30 * SRS_SEC)

static volatile sig_atomic_t asked_to_end;

static void on_end_signal(int sig)
{
    (void)sig;
    asked_to_end = 1;
}

static SRS_YIELDS SRS_ERR write_all(struct srs_conn *conn, struct srs_span bytes)
{
    struct iovec iov = srs_iov(bytes.bytes, bytes.size);
    size_t written = 0;
    srs_err err = srs_conn_write_now(conn, &iov, 1, &written);
    if ((err && err != SRS_E_AGAIN) || written == bytes.size)
        return err;
    // The reader's buffer is shared: what the socket does not take now must be kept elsewhere over
    // the wait.
    size_t size = bytes.size - written;
    uint8_t *rest = srs_try_alloc(size);
    if (rest == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "rest of %zu bytes", size);
    memcpy(rest, bytes.bytes + written, size);
    err = srs_conn_write(conn, (struct srs_span){rest, size}, srs_now() + IDLE_LIMIT);
    srs_free(rest);
    return err;
}

static SRS_YIELDS srs_err echo(void *arg)
{
    struct srs_conn *conn = arg;
    struct srs_span got;
    srs_conn_set_nodelay(conn, true);
    srs_err err = srs_conn_read(conn, srs_now() + IDLE_LIMIT, &got);
    while (!err) {
        err = write_all(conn, got);
        if (!err)
            err = srs_conn_read(conn, srs_now() + IDLE_LIMIT, &got);
    }
    srs_conn_free(conn);
    srs_err_drop(err, "a client that left");
    return SRS_OK;
}

struct server {
    struct srs_listener *listener;
    struct srs_scope sessions;
};

static SRS_YIELDS srs_err serve(void *arg)
{
    struct server *server = arg;
    for (;;) {
        struct srs_conn *conn = NULL;
        srs_err err = srs_listener_accept(server->listener, &conn);
        if (err)
            return err;
        err = srs_scope_spawn(&server->sessions, echo, conn);
        if (err) {
            srs_err_log(err, "echo", "connection refused");
            srs_conn_free(conn);
        }
    }
}

static SRS_YIELDS SRS_ERR run(const char *port)
{
    struct srs_endpoint at;
    struct server server = {0};
    struct srs_scope service;
    srs_err err = srs_endpoint_parse(port, &at);
    if (!err)
        err = srs_listener_open(&at, &server.listener);
    if (err)
        return srs_wrap(err, "port %s", port);
    at = srs_listener_endpoint(server.listener);
    (void)printf("listening %u\n", srs_endpoint_port(&at));
    (void)fflush(stdout);
    srs_scope_init(&service, "accept");
    srs_scope_init(&server.sessions, "echo");
    err = srs_scope_spawn(&service, serve, &server);
    while (!err && !asked_to_end)
        err = srs_co_sleep(srs_now() + 50 * SRS_MSEC);
    srs_scope_close(&service);
    srs_scope_close(&server.sessions);
    srs_listener_close(server.listener);
    return err;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct sigaction action = {.sa_handler = on_end_signal};
    if (argc != 2) {
        (void)fputs("usage: echo_bench PORT\n", stderr);
        return EXIT_FAILURE;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    srs_err err = srs_co_init();
    if (!err)
        err = run(argv[1]);
    srs_err_log(err, "echo", "ended");
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
