// A directory whose disk hangs: its readers get a named error in time, its queue is bounded in
// bytes and in age, other directories and the end of the server do not wait for it.
//
// core/file.c is replaced here by files that the test lets hang, and core/time.c by a clock that it
// sets.
#include "core/task.h"
#include "flow_server.h"
#include "server/files/store.h"
#include "server/graph.h"
#include "server/http/exchange.h"
#include "server/web/session.h"
#include "set_clock.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { OPEN_MAX = 4096, READERS_MAX = SRS_TASK_QUEUE_BYTES / SRS_FILES_PIECE + 1 };

static const char slow[] = "/slow"; // the root that may hang
static const char fast[] = "/fast";

// --- the disk -----------------------------------------------------------------------------------

static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool hangs;
    unsigned inside; // helpers that hang in it
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void hang(bool is_slow)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.inside++;
    while (is_slow && disk.hangs)
        (void)pthread_cond_wait(&disk.moved, &disk.lock);
    disk.inside--;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void set_hangs(bool hangs)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.hangs = hangs;
    (void)pthread_cond_broadcast(&disk.moved);
    (void)pthread_mutex_unlock(&disk.lock);
}

static unsigned inside(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    unsigned count = disk.inside;
    (void)pthread_mutex_unlock(&disk.lock);
    return count;
}

// Which root a descriptor belongs to: that of the slow one is opened for writing.
SRS_ERR srs_file_open(const char *root, const char *path, int *fd, struct srs_file_info *info)
{
    (void)path;
    bool is_slow = strcmp(root, slow) == 0;
    hang(is_slow);
    *fd = open("/dev/zero", (is_slow ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    *info = (struct srs_file_info){.size = 1 << 30};
    return *fd >= 0 ? SRS_OK : srs_fail(SRS_E_SYSTEM_FILE_OPENE, "%s", root);
}

SRS_ERR srs_file_read_at(int fd, uint64_t offset, void *bytes, size_t size, size_t *got)
{
    (void)offset;
    hang((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    memset(bytes, 7, size);
    *got = size;
    return SRS_OK;
}

// --- readers ------------------------------------------------------------------------------------

struct reader {
    const char *root;
    struct srs_file *file; // NULL: it opens one
    srs_err result;
    char story[256];
    size_t got;
    bool over;
};

static struct srs_files *files;
static struct srs_scope scope;
static struct reader readers[READERS_MAX];

// Opens and reads a piece, or one of the two. The file stays the reader's.
static SRS_YIELDS srs_err read_main(void *arg)
{
    struct reader *reader = arg;
    struct srs_span got = {0};
    if (reader->file == NULL)
        reader->result = srs_files_open(files, reader->root, "x", &reader->file);
    else
        reader->result = srs_files_read(reader->file, 0, SRS_FILES_PIECE, &got);
    srs_err_format(reader->result, reader->story, sizeof reader->story);
    reader->got = got.size;
    reader->over = true;
    return srs_bare(SRS_OK);
}

static void begin(struct reader *reader, const char *root)
{
    struct srs_file *file = reader->file;
    *reader = (struct reader){.root = root, .file = file};
    assert_err(SRS_OK, srs_scope_spawn(&scope, read_main, reader), "reader");
    assert_err(SRS_OK, srs_co_breathe(), "turn");
}

static void finish(struct reader *reader, srs_err want, const char *why)
{
    flow_wait_for(reader->over);
    if (reader->result != want)
        fail_msg("%s: %s", why, reader->story);
    assert_true(want != SRS_OK || reader->file != NULL);
}

static void drop(struct reader *reader)
{
    srs_files_free(reader->file);
    reader->file = NULL;
}

// Everything works there.
static void assert_unharmed(const char *root)
{
    struct reader reader = {0};
    long tasks = srs_live_count(SRS_LIVE_TASK);
    begin(&reader, root);
    finish(&reader, SRS_OK, "open");
    begin(&reader, root);
    finish(&reader, SRS_OK, "read");
    assert_int_equal(reader.got, SRS_FILES_PIECE);
    drop(&reader);
    flow_wait_for(srs_live_count(SRS_LIVE_TASK) <= tasks); // closed, before the clock moves
}

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup(void **state)
{
    (void)state;
    files = srs_files_new(OPEN_MAX);
    memset(readers, 0, sizeof readers);
    srs_scope_init(&scope, "readers");
    set_hangs(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    set_hangs(false);
    srs_scope_close(&scope);
    flow_wait_for(srs_files_open_count(files) == 0);
    srs_files_close(files, SRS_NEVER);
    assert_int_equal(srs_live_count(SRS_LIVE_FILE), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_TASK), 0);
    assert_int_equal(srs_live_count(SRS_LIVE_CO), 0);
    return 0;
}

// --- cases --------------------------------------------------------------------------------------

static void test_files_given_disk_that_hangs_then_named_error_and_others_go_on(void **state)
{
    (void)state;
    set_hangs(true);
    begin(&readers[0], slow);
    flow_wait_for(inside() == 1);
    assert_unharmed(fast);
    clock_jump(20 * SRS_SEC - SRS_MSEC);
    assert_false(readers[0].over);
    clock_jump(2 * SRS_MSEC);
    finish(&readers[0], SRS_E_SYSTEM_FILE_READ, "hangs");
    assert_non_null(strstr(readers[0].story, "the disk does not answer"));
    assert_null(readers[0].file);
    assert_int_equal(srs_files_open_count(files), 1); // the helper has it still
    assert_unharmed(fast);
    set_hangs(false);
    flow_wait_for(srs_files_open_count(files) == 0);
    assert_unharmed(slow);
}

static void test_files_given_read_that_hangs_then_named_error_and_its_memory_stays(void **state)
{
    (void)state;
    begin(&readers[0], slow);
    finish(&readers[0], SRS_OK, "open");
    set_hangs(true);
    begin(&readers[0], slow);
    flow_wait_for(inside() == 1);
    clock_jump(20 * SRS_SEC + SRS_MSEC);
    finish(&readers[0], SRS_E_SYSTEM_FILE_READ, "hangs");
    drop(&readers[0]); // the helper writes into its piece afterwards
    assert_int_equal(srs_files_open_count(files), 1);
    set_hangs(false);
    flow_wait_for(srs_files_open_count(files) == 0);
}

static void test_files_given_queue_that_waits_too_long_then_refused_at_once(void **state)
{
    (void)state;
    set_hangs(true);
    for (int i = 0; i < 2; i++) // one for each helper
        begin(&readers[i], slow);
    flow_wait_for(inside() == 2);
    begin(&readers[2], slow); // the one that waits
    clock_jump(10 * SRS_SEC - SRS_MSEC);
    begin(&readers[3], slow);
    assert_false(readers[3].over);
    clock_jump(2 * SRS_MSEC);
    begin(&readers[4], slow);
    assert_true(readers[4].over);
    finish(&readers[4], SRS_E_TASK_QUEUE_FULL, "its age");
    assert_non_null(strstr(readers[4].story, "waits too long"));
    assert_unharmed(fast);
    set_hangs(false);
    for (int i = 0; i < 4; i++) {
        finish(&readers[i], SRS_OK, "in time after all");
        drop(&readers[i]);
    }
    assert_unharmed(slow);
}

static void test_files_given_64_mib_that_wait_then_refused_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < READERS_MAX; i++) {
        begin(&readers[i], slow);
        finish(&readers[i], SRS_OK, "open");
    }
    set_hangs(true);
    for (int i = 0; i < READERS_MAX; i++)
        begin(&readers[i], slow);
    for (int i = 0; i < READERS_MAX - 1; i++)
        assert_false(readers[i].over);
    finish(&readers[READERS_MAX - 1], SRS_E_TASK_QUEUE_FULL, "one piece too many");
    assert_non_null(strstr(readers[READERS_MAX - 1].story, "holds 67108864 bytes"));
    assert_unharmed(fast);
    set_hangs(false);
    for (int i = 0; i < READERS_MAX - 1; i++) {
        finish(&readers[i], SRS_OK, "read");
        assert_int_equal(readers[i].got, SRS_FILES_PIECE);
    }
    for (int i = 0; i < READERS_MAX; i++)
        drop(&readers[i]);
}

static void test_files_given_canceled_readers_of_a_disk_that_hangs_then_no_waiting(void **state)
{
    (void)state;
    set_hangs(true);
    for (int i = 0; i < 10; i++)
        begin(&readers[i], slow);
    flow_wait_for(inside() == 2);
    srs_scope_close(&scope);
    for (int i = 0; i < 10; i++)
        finish(&readers[i], SRS_E_CANCELED, "canceled");
    assert_int_equal(srs_files_open_count(files), 10);
    assert_unharmed(fast);
    set_hangs(false);
    flow_wait_for(srs_files_open_count(files) == 0);
}

static void test_http_given_disk_that_hangs_then_503_and_others_are_served(void **state)
{
    (void)state;
    static const struct srs_port port = {"http", srs_web_accept, SRS_PORT_SERVER, false,
                                         SRS_CERTS_NONE};
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct flow_server flow;
    char text[64];
    int fds[2];
    flow_server_open(&flow, "http_server { enabled on; dir /slow; }");
    set_hangs(true);
    for (int i = 0; i < 2; i++) {
        struct srs_conn *conn = graph_conn(&fds[i]);
        assert_err(SRS_OK, srs_web_accept(&flow.server, conn, &port), "accept");
        assert_int_equal(send(fds[i], request, sizeof request - 1, 0), sizeof request - 1);
        flow_wait_for(inside() == 1);
        flow_server_configure(&flow, "http_server { enabled on; dir /fast; }");
    }
    for (size_t got = 0; got < 12;) { // of the other directory
        ssize_t n = recv(fds[1], text + got, 12 - got, MSG_DONTWAIT);
        assert_true(n != 0);
        got += n > 0 ? (size_t)n : 0;
        assert_err(SRS_OK, srs_co_breathe(), "turn");
    }
    assert_memory_equal(text + 9, "200", 3);
    (void)close(fds[1]);
    flow_wait_for(flow.server.sessions.count == 1);
    clock_jump(20 * SRS_SEC + SRS_MSEC);
    assert_int_equal(recv(fds[0], text, 12, MSG_DONTWAIT), 12);
    assert_memory_equal(text + 9, "503", 3);
    set_hangs(false);
    (void)close(fds[0]);
    flow_wait_for(flow.server.sessions.count == 0);
    flow_wait_for(srs_files_open_count(flow.server.files) == 0);
    flow_server_close(&flow);
}

struct closing {
    srs_usec deadline;
    bool over;
};

static SRS_YIELDS srs_err close_main(void *arg)
{
    struct closing *closing = arg;
    srs_files_close(files, closing->deadline);
    closing->over = true;
    return SRS_OK;
}

// The last case: what hangs is left behind, as a server does that ends.
static void test_close_given_disk_that_hangs_then_not_past_its_deadline(void **state)
{
    (void)state;
    struct srs_scope ending;
    struct closing closing = {.deadline = srs_now() + 3 * SRS_SEC};
    assert_unharmed(fast);
    set_hangs(true);
    for (int i = 0; i < 3; i++)
        begin(&readers[i], slow);
    flow_wait_for(inside() == 2);
    srs_scope_close(&scope);
    srs_scope_init(&ending, "ending");
    assert_err(SRS_OK, srs_scope_spawn(&ending, close_main, &closing), "ending");
    clock_jump(3 * SRS_SEC - SRS_MSEC);
    assert_false(closing.over);
    clock_jump(2 * SRS_MSEC);
    assert_true(closing.over);
    srs_scope_close(&ending);
    assert_int_equal(inside(), 2);
    set_hangs(false); // should it answer after all, nothing breaks
    flow_wait_for(srs_live_count(SRS_LIVE_TASK) == 0);
    assert_int_equal(srs_live_count(SRS_LIVE_FILE), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files_given_disk_that_hangs_then_named_error_and_others_go_on),
        TEST(test_files_given_read_that_hangs_then_named_error_and_its_memory_stays),
        TEST(test_files_given_queue_that_waits_too_long_then_refused_at_once),
        TEST(test_files_given_64_mib_that_wait_then_refused_at_once),
        TEST(test_files_given_canceled_readers_of_a_disk_that_hangs_then_no_waiting),
        TEST(test_http_given_disk_that_hangs_then_503_and_others_are_served),
        cmocka_unit_test_setup(test_close_given_disk_that_hangs_then_not_past_its_deadline, setup),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
