// The page of metrics: every metric once and its lines together, no line twice, streams beyond the
// limit added up, streams that come and go between two pieces, what is counted.
#include "graph.h"
#include "server/metrics/page.h"
#include <stdio.h>

enum { PAGE_MAX = 8 << 20, MANY = SRS_METRICS_STREAMS_MAX + 5 };

static struct srs_server server;
static struct srs_config config;
static struct srs_source *sources[MANY];
static char *text; // the page
static size_t size;
static unsigned pieces;

static int setup(void **state)
{
    (void)state;
    text = malloc(PAGE_MAX);
    return text == NULL || srs_co_init();
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    return 0;
}

static int setup_each(void **state)
{
    (void)state;
    graph_open(&server);
    config = (struct srs_config){.max_connections = 77, .media_memory = 1 << 20};
    config.exporter.label = "north";
    config.exporter.tag = "";
    server.config = &config;
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    srs_mem_fail_after(0);
    graph_close(&server);
    return srs_live_count(SRS_LIVE_BUF) == 0 ? 0 : -1;
}

static void keep_piece(struct srs_metrics_page *page)
{
    struct srs_span piece = srs_buf_span(&page->text.out);
    assert_true(size + piece.size < PAGE_MAX);
    assert_true(piece.size < 160 * 1024);
    memcpy(text + size, piece.bytes, piece.size);
    size += piece.size;
    text[size] = '\0';
    srs_buf_consume(&page->text.out, piece.size);
    pieces++;
}

static void render(void (*between)(unsigned piece))
{
    struct srs_metrics_page page;
    bool more = true;
    size = 0;
    pieces = 0;
    srs_metrics_page_begin(&page, &server);
    while (more) {
        more = srs_metrics_page_next(&page);
        assert_err(SRS_OK, page.text.err, "page");
        keep_piece(&page);
        if (between != NULL)
            between(pieces);
    }
    srs_metrics_page_end(&page);
}

static bool has(const char *line)
{
    for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line))
        if (at[-1] == '\n' && at[strlen(line)] == '\n')
            return true;
    return false;
}

static void assert_has(const char *line)
{
    if (!has(line))
        fail_msg("no line \"%s\"", line);
}

static unsigned count(const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

// Every metric of the table in its order, each line of a metric behind its head, none twice. Cuts
// the text into lines.
static void check_form(void)
{
    char **lines = malloc(size * sizeof *lines / 8 + sizeof *lines);
    size_t kept = 0;
    unsigned metric = 0;
    const char *name = "";
    assert_non_null(lines);
    for (char *at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n")) {
        if (strncmp(at, "# HELP ", 7) == 0) {
            assert_true(metric < SRS_METRICS);
            name = srs_metric_at((enum srs_metric)metric++)->name;
            assert_int_equal(strncmp(at + 7, name, strlen(name)), 0);
            continue;
        }
        if (strncmp(at, "# TYPE ", 7) == 0)
            continue;
        if (strncmp(at, name, strlen(name)) != 0)
            fail_msg("\"%s\" below %s", at, name);
        char *value = strrchr(at, ' ');
        assert_non_null(value);
        assert_int_equal(strspn(value + 1, "0123456789.e+-"), strlen(value + 1));
        *value = '\0';
        lines[kept++] = at;
    }
    assert_int_equal(metric, SRS_METRICS);
    qsort((void *)lines, kept, sizeof *lines, by_text);
    for (size_t i = 1; i < kept; i++)
        if (strcmp(lines[i - 1], lines[i]) == 0)
            fail_msg("\"%s\" twice", lines[i]);
    free((void *)lines);
}

// --- what is told -------------------------------------------------------------------------------

static void test_page_given_nothing_then_every_metric_has_its_head(void **state)
{
    (void)state;
    render(NULL);
    assert_int_equal(pieces, 1);
    assert_has("srs_streams 0");
    assert_has("srs_connections_limit 77");
    assert_has("srs_media_memory_limit_bytes 1048576");
    assert_has("srs_reload_successful 1");
    assert_non_null(strstr(text, ",label=\"north\"} 1\n")); // and no tag
    assert_non_null(
        strstr(text, "srs_build_info{server=\"vid-aaaaaaa\",service=\"service1\",pid=\""));
    check_form();
}

static void test_page_given_counters_then_told(void **state)
{
    struct srs_stat *stat = &server.stat;
    struct srs_traffic *rtmp = srs_stat_traffic(stat, "rtmp");
    struct srs_client_kind *kind = srs_clients_kind(&server.clients, "rtmp-play", false);
    (void)state;
    *rtmp = (struct srs_traffic){.in = 5, .out = 6, .opened = 7, .open = 2};
    *srs_stat_traffic(stat, "http") = (struct srs_traffic){.in = 50, .out = 60};
    kind->total = 9;
    kind->errors = 3;
    kind->seen.skipped = 4;
    srs_histogram_add(&kind->seen.delay, 3 * SRS_MSEC);
    (void)srs_clients_kind(&server.clients, "fmle-publish", true);
    server.clients.errors = 3;
    server.refused = 8;
    stat->reloads_done = 1;
    stat->reloads_refused = 2;
    stat->reload_refused = true;
    stat->handshakes_done = 3;
    stat->handshakes_failed = 4;
    stat->api_missing = 11;
    stat->api_wrong = 12;
    srs_stat_callback_begin(stat, "on_publish");
    srs_stat_callback_begin(stat, "on_publish");
    srs_stat_callback_end(stat, "on_publish", SRS_STAT_REFUSED, 3 * SRS_SEC);
    srs_stat_callback_end(stat, "on_play", SRS_STAT_DROPPED, 0);
    srs_stat_callback_wait(stat, "on_play", 4);
    srs_stat_callback_wait(stat, "on_play", -1);
    srs_err_count(SRS_E_RTMP_CLIENT_NOT_FOUND);
    render(NULL);
    assert_has("srs_send_bytes_total 66");
    assert_has("srs_receive_bytes_total 55");
    assert_has("srs_connections{protocol=\"rtmp\"} 2");
    assert_has("srs_connections_total{protocol=\"rtmp\"} 7");
    assert_has("srs_protocol_send_bytes_total{protocol=\"http\"} 60");
    assert_has("srs_refused_connections_total 8");
    assert_has("srs_clients_errs_total 3");
    assert_has("srs_sessions_total{type=\"rtmp-play\"} 9");
    assert_has("srs_session_errors_total{type=\"rtmp-play\"} 3");
    assert_has("srs_sessions{type=\"fmle-publish\"} 0");
    assert_has("srs_skipped_packets_total{type=\"rtmp-play\"} 4");
    assert_false(has("srs_skipped_packets_total{type=\"fmle-publish\"} 0"));
    assert_has("srs_send_delay_seconds_bucket{type=\"rtmp-play\",le=\"0.005\"} 1");
    assert_has("srs_reloads_total{result=\"done\"} 1");
    assert_has("srs_reloads_total{result=\"refused\"} 2");
    assert_has("srs_reload_successful 0");
    assert_has("srs_tls_handshakes_total{result=\"failed\"} 4");
    assert_has("srs_api_refused_requests_total{credentials=\"missing\"} 11");
    assert_has("srs_api_refused_requests_total{credentials=\"wrong\"} 12");
    assert_has("srs_callbacks_total{callback=\"on_publish\",outcome=\"refused\"} 1");
    assert_has("srs_callbacks_total{callback=\"on_play\",outcome=\"dropped\"} 1");
    assert_has("srs_callbacks_under_way{callback=\"on_publish\"} 1");
    assert_has("srs_callbacks_waiting{callback=\"on_play\"} 3");
    assert_has("srs_callback_seconds_sum{callback=\"on_publish\"} 3");
    assert_has("srs_callback_seconds_count{callback=\"on_play\"} 0");
    assert_has("srs_errors_total{class=\"rtmp\",code=\"2049\",name=\"ClientNotFound\"} 1");
    check_form();
}

// --- streams ------------------------------------------------------------------------------------

static void test_page_given_stream_then_its_figures(void **state)
{
    static const struct srs_track model = {.kind = SRS_KIND_VIDEO, .codec = SRS_CODEC_VP9};
    static const char publisher;
    struct srs_source *source = graph_source(&server, "v", "a", "s \"1\"");
    struct srs_consumer consumer = {0};
    (void)state;
    assert_err(SRS_OK, srs_source_publish(source, &publisher, 1), "publish");
    struct srs_track *track = graph_track(source, &model, (struct srs_span){0});
    graph_push(source, track, 0, SRS_PACKET_KEY, 100);
    srs_consumer_join(&consumer, source, NULL);
    graph_push(source, track, 40 * SRS_MSEC, 0, 10);
    source->stats.delay = 1500;
    source->stats.delayed = 2;
    source->stats.skipped = 3;
    render(NULL);
#define STREAM "{vhost=\"v\",app=\"a\",stream=\"s \\\"1\\\"\""
    assert_has("srs_stream_active" STREAM "} 1");
    assert_has("srs_stream_viewers" STREAM "} 1");
    assert_has("srs_stream_copies" STREAM "} 0");
    assert_has("srs_stream_receive_bytes_total" STREAM "} 110");
    assert_has("srs_stream_frames_total" STREAM ",kind=\"video\"} 2");
    assert_has("srs_stream_frames_total" STREAM ",kind=\"audio\"} 0");
    assert_has("srs_stream_queue_packets" STREAM "} 2");
    assert_has("srs_stream_skipped_packets_total" STREAM "} 3");
    assert_has("srs_stream_send_delay_seconds_sum" STREAM "} 0.0015");
    assert_has("srs_stream_send_delay_seconds_count" STREAM "} 2");
    assert_int_equal(count("srs_stream_queue_seconds" STREAM "} "), 1);
    check_form();
    srs_consumer_leave(&consumer);
    render(NULL);
    assert_has("srs_stream_queue_packets" STREAM "} 0");
    assert_has("srs_stream_queue_seconds" STREAM "} 0");
    srs_source_unpublish(source, &publisher);
    srs_source_unref(source);
}

static void open_many(unsigned number)
{
    for (unsigned i = 0; i < number; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "s%u", i);
        sources[i] = graph_source(&server, "v", "a", name);
        sources[i]->stats.bytes_in = 1;
        sources[i]->stats.delayed = 2;
        sources[i]->stats.delay = 3 * SRS_SEC;
    }
}

static void close_many(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        srs_source_unref(sources[i]);
        sources[i] = NULL;
    }
}

static void test_page_given_more_streams_than_the_limit_then_rest_added_up(void **state)
{
    static const char publisher;
    (void)state;
    open_many(MANY);
    assert_err(SRS_OK, srs_source_publish(sources[MANY - 1], &publisher, 1), "publish");
    render(NULL);
    srs_source_unpublish(sources[MANY - 1], &publisher);
    assert_true(pieces > 10);
    assert_int_equal(count("srs_stream_active{"), SRS_METRICS_STREAMS_MAX + 1);
    assert_has("srs_stream_receive_bytes_total{vhost=\"v\",app=\"a\",stream=\"s999\"} 1");
    assert_int_equal(count("stream=\"s1000\""), 0);
    assert_has("srs_stream_active{vhost=\"\",app=\"\",stream=\"~others\"} 1");
    assert_int_equal(count("_total{vhost=\"\",app=\"\",stream=\"~others\""), 0);
    assert_int_equal(count("_sum{vhost=\"\",app=\"\",stream=\"~others\""), 0);
    assert_has("srs_streams 1005");
    check_form();
    close_many();
}

static void test_page_given_as_many_streams_as_the_limit_then_none_added_up(void **state)
{
    (void)state;
    open_many(SRS_METRICS_STREAMS_MAX);
    render(NULL);
    assert_int_equal(count("~others"), 0);
    assert_int_equal(count("srs_stream_active{"), SRS_METRICS_STREAMS_MAX);
    close_many();
}

// Half of all streams go after the first piece, among them the one on which the walk stands; one by
// one the rest follows.
static void drop_some(unsigned piece)
{
    for (unsigned i = 0; piece == 1 && i < MANY; i += 2) {
        srs_source_unref(sources[i]);
        sources[i] = NULL;
    }
    for (unsigned i = piece; i < MANY; i += 50) {
        srs_source_unref(sources[i]);
        sources[i] = NULL;
    }
}

static void test_page_given_streams_that_go_meanwhile_then_it_goes_on(void **state)
{
    (void)state;
    open_many(MANY);
    render(drop_some);
    assert_true(pieces > 2);
    check_form();
    close_many();
    assert_int_equal(srs_sources_count(server.sources), 0);
}

static void test_page_given_an_end_in_the_middle_then_nothing_is_left(void **state)
{
    struct srs_metrics_page page;
    (void)state;
    open_many(MANY);
    srs_metrics_page_begin(&page, &server);
    assert_true(srs_metrics_page_next(&page));
    assert_non_null(page.at);
    close_many();
    assert_int_equal(srs_sources_count(server.sources), 1); // the page's own
    srs_metrics_page_end(&page);
    assert_int_equal(srs_sources_count(server.sources), 0);
}

static void test_page_given_no_memory_then_error(void **state)
{
    struct srs_metrics_page page;
    (void)state;
    srs_metrics_page_begin(&page, &server);
    srs_mem_fail_after(3);
    assert_false(srs_metrics_page_next(&page));
    assert_err(SRS_E_NO_MEMORY, page.text.err, "page");
    srs_metrics_page_end(&page);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_page_given_nothing_then_every_metric_has_its_head),
        CASE(test_page_given_counters_then_told),
        CASE(test_page_given_stream_then_its_figures),
        CASE(test_page_given_more_streams_than_the_limit_then_rest_added_up),
        CASE(test_page_given_as_many_streams_as_the_limit_then_none_added_up),
        CASE(test_page_given_streams_that_go_meanwhile_then_it_goes_on),
        CASE(test_page_given_an_end_in_the_middle_then_nothing_is_left),
        CASE(test_page_given_no_memory_then_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
