// What the API says about made-up streams and clients: members, their order and types.
#include "core/version.h"
#include "graph.h"
#include "server/api/items.h"
#include <stdio.h>
#include <sys/types.h>

static const struct srs_track avc = {.kind = SRS_KIND_VIDEO,
                                     .codec = SRS_CODEC_AVC,
                                     .width = 1280,
                                     .height = 720,
                                     .profile = 100,
                                     .level = 31};
static const struct srs_track aac = {
    .kind = SRS_KIND_AUDIO, .codec = SRS_CODEC_AAC, .sample_rate = 44100, .channels = 2};
static const uint8_t aac_lc[] = {0x12, 0x10};
static const struct srs_span nothing = {NULL, 0};

static struct srs_server server;
static char text[32 * 1024];

static int setup(void **state)
{
    (void)state;
    return srs_co_init();
}

static int setup_each(void **state)
{
    (void)state;
    graph_open(&server);
    return 0;
}

static int teardown_each(void **state)
{
    (void)state;
    graph_close(&server);
    return 0;
}

static void mask(const char *time_name)
{
    char *at = time_name != NULL ? strstr(text, time_name) : NULL;
    if (at == NULL)
        return;
    at += strlen(time_name);
    size_t digits = strspn(at, "0123456789.");
    assert_true(digits > 0);
    memmove(at + 1, at + digits, strlen(at + digits) + 1);
    *at = 'T';
}

// The buffer as text, emptied. A number that is a time is replaced by T.
static const char *take(struct srs_buf *buf, const char *time_name)
{
    struct srs_span span = srs_buf_span(buf);
    size_t size = span.size < sizeof text ? span.size : sizeof text - 1;
    memcpy(text, span.bytes, size);
    text[size] = '\0';
    srs_buf_fini(buf);
    mask(time_name);
    return text;
}

static const char *stream_item(const struct srs_source *source)
{
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_api_stream_item(&server, source, &out), "stream");
    (void)take(&out, "\"live_ms\":");
    mask("\"alive\":");
    return text;
}

static const char *client_item(const struct srs_client *client)
{
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_api_client_item(&server, client, &out), "client");
    return take(&out, "\"alive\":");
}

static void add_client(struct srs_client *client, const struct srs_client_info *info,
                       const char *id)
{
    srs_co_set_cid(id);
    assert_err(SRS_OK, srs_clients_add(&server.clients, client, info), "client");
}

// --- streams ------------------------------------------------------------------------------------

static void fill(struct srs_source *source)
{
    struct srs_track *video = graph_track(source, &avc, nothing);
    struct srs_track *audio = graph_track(source, &aac, (struct srs_span){aac_lc, sizeof aac_lc});
    graph_push(source, video, 0, SRS_PACKET_KEY, 1000);
    graph_push(source, audio, 10 * SRS_MSEC, 0, 100);
    graph_push(source, video, 40 * SRS_MSEC, 0, 200);
    graph_push(source, video, 80 * SRS_MSEC, 0, 300);
}

static void test_stream_given_a_publisher_then_all_members_in_order(void **state)
{
    char want[2048];
    char id[SRS_API_ID];
    char vhost[SRS_API_ID];
    int peer = -1;
    struct srs_client client;
    struct srs_source *source = graph_source(&server, "__defaultVhost__", "live", "cam");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    assert_err(SRS_OK, srs_source_publish(source, &client, srs_now()), "publish");
    add_client(&client,
               &(struct srs_client_info){.type = "fmle-publish",
                                         .publish = true,
                                         .source = source,
                                         .conn = conn,
                                         .tc_url = "rtmp://h/live"},
               "pub00001");
    fill(source);
    source->stats.bytes_out = 18446744073709551615U;
    source->rate.in_kbps = 128;
    source->rate.out_kbps = 4096;
    srs_api_stream_id(&server, source, id);
    srs_api_vhost_id("__defaultVhost__", vhost);
    (void)snprintf(
        want, sizeof want,
        "{\"id\":\"%s\",\"name\":\"cam\",\"vhost\":\"%s\",\"app\":\"live\","
        "\"tcUrl\":\"rtmp://h/live\",\"url\":\"/live/cam\",\"live_ms\":T,\"clients\":1,"
        "\"frames\":3,\"audio_frames\":1,\"video_frames\":3,"
        "\"send_bytes\":18446744073709551615,\"recv_bytes\":1600,"
        "\"kbps\":{\"recv_30s\":128,\"send_30s\":4096},"
        "\"publish\":{\"active\":true,\"cid\":\"pub00001\",\"protocol\":\"rtmp\","
        "\"ip\":\"127.0.0.1\",\"alive\":T},"
        "\"video\":{\"codec\":\"H264\",\"profile\":\"High\",\"level\":\"3.1\",\"width\":1280,"
        "\"height\":720},"
        "\"audio\":{\"codec\":\"AAC\",\"sample_rate\":44100,\"channel\":2,\"profile\":\"LC\"},"
        "\"gop_ms\":80,\"gop_bytes\":%zu,\"queue\":4,\"jumps\":0,\"dropped\":0,"
        "\"skipped\":0,\"unusable\":0,\"fps\":0.00,\"gop_length_ms\":null,\"av_skew_ms\":0,"
        "\"tracks\":[{\"kind\":\"video\",\"id\":0,\"codec\":\"H264\",\"profile\":\"High\","
        "\"level\":\"3.1\",\"width\":1280,\"height\":720,\"frames\":3,\"bytes\":1500,"
        "\"kbps\":0,\"fps\":0.00},"
        "{\"kind\":\"audio\",\"id\":0,\"codec\":\"AAC\",\"sample_rate\":44100,\"channel\":2,"
        "\"profile\":\"LC\",\"frames\":1,\"bytes\":100,\"kbps\":0,\"fps\":0.00}]}",
        id, vhost,
        1600 + 4 * sizeof(struct srs_packet) + 2 * sizeof(struct srs_track) + sizeof aac_lc);
    assert_string_equal(stream_item(source), want);
    srs_clients_remove(&server.clients, &client);
    srs_source_unpublish(source, &client);
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_vhost_given_streams_then_their_sums(void **state)
{
    char want[512];
    char id[SRS_API_ID];
    struct srs_buf out = {0};
    struct srs_viewer viewer = {0};
    struct srs_config_vhost vhost = {.name = "v.com", .enabled = true};
    struct srs_source *source = graph_source(&server, "v.com", "live", "a");
    struct srs_source *other = graph_source(&server, "v.com", "live", "b");
    struct srs_source *stranger = graph_source(&server, "w.com", "live", "a");
    (void)state;
    source->stats = (struct srs_source_stats){.bytes_in = 10, .bytes_out = 300};
    other->stats = (struct srs_source_stats){.bytes_in = 5, .bytes_out = 700};
    stranger->stats = (struct srs_source_stats){.bytes_in = 1000, .bytes_out = 1000};
    source->rate = (struct srs_rate){.in_kbps = 1, .out_kbps = 2};
    other->rate = (struct srs_rate){.in_kbps = 10, .out_kbps = 20};
    srs_consumer_join(&viewer.consumer, other, NULL);
    struct srs_source *gone = graph_source(&server, "v.com", "live", "c");
    gone->stats = (struct srs_source_stats){.bytes_in = 100, .bytes_out = 10000};
    srs_source_unref(gone);
    srs_api_vhost_id("v.com", id);
    (void)snprintf(want, sizeof want,
                   "{\"id\":\"%s\",\"name\":\"v.com\",\"enabled\":true,\"clients\":1,"
                   "\"streams\":2,\"send_bytes\":11000,\"recv_bytes\":115,"
                   "\"kbps\":{\"recv_30s\":11,\"send_30s\":22},\"hls\":{\"enabled\":false}}",
                   id);
    assert_err(SRS_OK, srs_api_vhost_item(&server, &vhost, &out), "vhost");
    assert_string_equal(take(&out, NULL), want);
    srs_consumer_leave(&viewer.consumer);
    srs_source_unref(source);
    srs_source_unref(other);
    srs_source_unref(stranger);
}

static void test_stream_given_no_publisher_then_nulls_and_no_cid(void **state)
{
    char want[1024];
    char id[SRS_API_ID];
    char vhost[SRS_API_ID];
    struct srs_viewer viewer = {0};
    struct srs_source *source = graph_source(&server, "v.com", "live", "cam");
    (void)state;
    srs_consumer_join(&viewer.consumer, source, NULL);
    srs_api_stream_id(&server, source, id);
    srs_api_vhost_id("v.com", vhost);
    (void)snprintf(
        want, sizeof want,
        "{\"id\":\"%s\",\"name\":\"cam\",\"vhost\":\"%s\",\"app\":\"live\","
        "\"tcUrl\":\"rtmp://v.com/live\",\"url\":\"v.com/live/cam\",\"live_ms\":T,\"clients\":1,"
        "\"frames\":0,\"audio_frames\":0,\"video_frames\":0,\"send_bytes\":0,\"recv_bytes\":0,"
        "\"kbps\":{\"recv_30s\":0,\"send_30s\":0},\"publish\":{\"active\":false},"
        "\"video\":null,\"audio\":null,"
        "\"gop_ms\":0,\"gop_bytes\":0,\"queue\":0,\"jumps\":0,\"dropped\":0,"
        "\"skipped\":0,\"unusable\":0,\"fps\":null,\"gop_length_ms\":null,"
        "\"av_skew_ms\":null,\"tracks\":[]}",
        id, vhost);
    assert_string_equal(stream_item(source), want);
    srs_consumer_leave(&viewer.consumer);
    srs_source_unref(source);
}

static void test_stream_given_a_publisher_that_left_then_its_cid_stays(void **state)
{
    int peer = -1;
    struct srs_client client;
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    struct srs_client_info info = {
        .type = "fmle-publish", .publish = true, .source = source, .conn = conn};
    assert_err(SRS_OK, srs_source_publish(source, &client, srs_now()), "publish");
    add_client(&client, &info, "pub00002");
    fill(source);
    srs_clients_remove(&server.clients, &client);
    srs_source_unpublish(source, &client);
    const char *got = stream_item(source);
    assert_non_null(strstr(got, "\"publish\":{\"active\":false,\"cid\":\"pub00002\"}"));
    assert_non_null(strstr(got, "\"video\":null,\"audio\":null"));
    assert_non_null(strstr(got, "\"clients\":0,"));
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_stream_given_codecs_it_does_not_know_then_null_profiles(void **state)
{
    static const struct srs_track video = {.kind = SRS_KIND_VIDEO, .flv_codec = 3};
    static const struct srs_track audio = {.kind = SRS_KIND_AUDIO, .flv_codec = 11};
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    (void)state;
    assert_err(SRS_OK, srs_source_publish(source, state, srs_now()), "publish");
    (void)graph_track(source, &video, nothing);
    (void)graph_track(source, &audio, nothing);
    const char *got = stream_item(source);
    assert_non_null(strstr(got, "\"video\":{\"codec\":\"Other\",\"profile\":null,\"level\":null,"
                                "\"width\":0,\"height\":0},"
                                "\"audio\":{\"codec\":\"Other\",\"sample_rate\":0,\"channel\":0,"
                                "\"profile\":null}"));
    srs_source_unpublish(source, state);
    srs_source_unref(source);
}

// The log holds more than the gop while somebody is behind.
static void test_stream_given_a_slow_viewer_then_gop_is_less_than_queue(void **state)
{
    char want[128];
    struct srs_viewer viewer = {0};
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    (void)state;
    assert_err(SRS_OK, srs_source_publish(source, state, srs_now()), "publish");
    struct srs_track *video = graph_track(source, &avc, nothing);
    srs_consumer_join(&viewer.consumer, source, NULL);
    graph_push(source, video, 0, SRS_PACKET_KEY, 1000);
    graph_push(source, video, 40 * SRS_MSEC, 0, 500);
    graph_push(source, video, 80 * SRS_MSEC, SRS_PACKET_KEY, 700);
    graph_push(source, video, 120 * SRS_MSEC, 0, 200);
    (void)snprintf(want, sizeof want, "\"gop_ms\":40,\"gop_bytes\":%zu,\"queue\":4,",
                   900 + 2 * sizeof(struct srs_packet) + sizeof(struct srs_track));
    assert_non_null(strstr(stream_item(source), want));
    srs_source_unpublish(source, state);
    srs_consumer_leave(&viewer.consumer);
    srs_source_unref(source);
}

// --- clients ------------------------------------------------------------------------------------

static void test_client_given_a_publisher_then_all_members_in_order(void **state)
{
    char want[1024];
    char stream[SRS_API_ID];
    char vhost[SRS_API_ID];
    int peer = -1;
    struct srs_client client;
    struct srs_source *source = graph_source(&server, "v.com", "live", "cam");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    struct srs_client_info info = {.type = "fmle-publish",
                                   .publish = true,
                                   .source = source,
                                   .conn = conn,
                                   .tc_url = "rtmp://v.com/live",
                                   .page_url = "http://p/\"q\"",
                                   .swf_url = "http://s/\n",
                                   .name = "cam"};
    add_client(&client, &info, "abcd1234");
    client.since = srs_now() - 12345 * SRS_MSEC;
    client.rate = (struct srs_rate){.in_kbps = 7, .out_kbps = 8};
    struct srs_buf out = {0};
    assert_err(SRS_OK, srs_api_client_item(&server, &client, &out), "client");
    assert_non_null(strstr(take(&out, NULL), ",\"alive\":12.3"));
    srs_api_stream_id(&server, source, stream);
    srs_api_vhost_id("v.com", vhost);
    (void)snprintf(want, sizeof want,
                   "{\"id\":\"abcd1234\",\"vhost\":\"%s\",\"stream\":\"%s\",\"ip\":\"127.0.0.1\","
                   "\"pageUrl\":\"http://p/\\\"q\\\"\",\"swfUrl\":\"http://s/\\n\","
                   "\"tcUrl\":\"rtmp://v.com/live\",\"url\":\"v.com/live/cam\",\"name\":\"cam\","
                   "\"type\":\"fmle-publish\",\"publish\":true,\"alive\":T,\"send_bytes\":0,"
                   "\"recv_bytes\":0,\"kbps\":{\"recv_30s\":7,\"send_30s\":8}}",
                   vhost, stream);
    assert_string_equal(client_item(&client), want);
    srs_clients_remove(&server.clients, &client);
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_client_given_a_player_then_its_delay_too(void **state)
{
    int peer = -1;
    struct srs_client client;
    struct srs_viewer viewer = {.stats = {.packets = 90, .skipped = 7, .joined_at = SRS_SEC}};
    struct srs_source *source = graph_source(&server, "__defaultVhost__", "live", "cam");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    struct srs_client_info info = {
        .type = "flv-play", .source = source, .conn = conn, .viewer = &viewer, .name = "cam.flv"};
    add_client(&client, &info, "play0001");
    const char *got = client_item(&client);
    assert_non_null(strstr(got, "\"pageUrl\":\"\",\"swfUrl\":\"\",\"tcUrl\":\"\","
                                "\"url\":\"/live/cam\",\"name\":\"cam.flv\",\"type\":\"flv-play\","
                                "\"publish\":false,"));
    assert_non_null(strstr(got, "\"kbps\":{\"recv_30s\":0,\"send_30s\":0},\"queue_ms\":0,"
                                "\"skipped\":7,\"join_ms\":null,\"packets\":90}"));
    viewer.stats.first_media_at = SRS_SEC + 345678;
    assert_non_null(strstr(client_item(&client), "\"join_ms\":345,"));
    srs_clients_remove(&server.clients, &client);
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

static void test_client_given_texts_of_any_bytes_then_they_are_utf8(void **state)
{
    static const struct {
        const char *why;
        const char *in;
        const char *want;
    } rows[] = {
        {"plain", "abc", "abc"},
        {"two to four bytes", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
         "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"continuation alone", "a\x80z", "a?z"},
        {"overlong of two", "\xC0\xAF", "??"},
        {"overlong of three", "\xE0\x9F\xBF", "???"},
        {"overlong of four", "\xF0\x8F\xBF\xBF", "????"},
        {"surrogate", "\xED\xA0\x80", "???"},
        {"the last before the surrogates", "\xED\x9F\xBF", "\xED\x9F\xBF"},
        {"above the last", "\xF4\x90\x80\x80", "????"},
        {"the last", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        {"no such lead", "\xF8\x88", "??"},
        {"cut at the end", "a\xE2\x82", "a??"},
        {"control", "\x01", "\\u0001"},
        {"backslash", "\\", "\\\\"},
    };
    int peer = -1;
    struct srs_client client;
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char want[128];
        struct srs_client_info info = {
            .type = "rtmp-play", .source = source, .conn = conn, .page_url = rows[i].in};
        add_client(&client, &info, "abcd1234");
        (void)snprintf(want, sizeof want, "\"pageUrl\":\"%s\",", rows[i].want);
        if (strstr(client_item(&client), want) == NULL)
            fail_msg("%s: %s", rows[i].why, text);
        srs_clients_remove(&server.clients, &client);
    }
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

// The cut never splits a character.
static void test_client_given_a_long_text_then_it_is_cut(void **state)
{
    static const struct {
        const char *last;
        size_t kept;
    } rows[] = {{"b", 1024}, {"\xC3\xA9", 1023}, {"\xFF", 1024}};
    int peer = -1;
    struct srs_client client;
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    struct srs_conn *conn = graph_conn(&peer);
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        char in[1100] = "";
        memset(in, 'a', SRS_API_TEXT_MAX - 1);
        strcat(in, rows[i].last);
        strcat(in, "more");
        struct srs_client_info info = {
            .type = "rtmp-play", .source = source, .conn = conn, .page_url = in};
        add_client(&client, &info, "abcd1234");
        const char *at = strstr(client_item(&client), "\"pageUrl\":\"");
        assert_non_null(at);
        assert_int_equal(strcspn(at + 11, "\""), rows[i].kept);
        srs_clients_remove(&server.clients, &client);
    }
    srs_source_unref(source);
    srs_conn_free(conn);
    (void)close(peer);
}

// --- ids and limits -----------------------------------------------------------------------------

static void test_id_given_many_streams_then_each_is_its_own(void **state)
{
    enum { MANY = 500 };
    static char ids[MANY][SRS_API_ID];
    struct srs_source source = {0};
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        source.id = (uint32_t)i;
        srs_api_stream_id(&server, &source, ids[i]);
        assert_int_equal(strlen(ids[i]), 11);
        assert_memory_equal(ids[i], "vid-", 4);
        assert_int_equal(strspn(ids[i] + 4, "0123456789abcdefghijklmnopqrstuvwxyz"), 7);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    (void)snprintf(server.service, sizeof server.service, "service2");
    char other[SRS_API_ID];
    srs_api_stream_id(&server, &source, other);
    assert_string_not_equal(other, ids[MANY - 1]);
}

static void test_id_given_vhosts_then_by_name_alone(void **state)
{
    char one[SRS_API_ID];
    char two[SRS_API_ID];
    (void)state;
    srs_api_vhost_id("__defaultVhost__", one);
    assert_string_equal(one, "vid-0hp1gp2");
    srs_api_vhost_id("__defaultVhost", two);
    assert_string_not_equal(one, two);
}

static void test_item_given_no_room_or_memory_then_the_buffer_is_as_it_was(void **state)
{
    static uint8_t bytes[SRS_API_BUFFER_MAX - 10];
    struct srs_source *source = graph_source(&server, "v", "a", "s");
    struct srs_buf out = {0};
    (void)state;
    srs_mem_fail_after(1);
    assert_err(SRS_E_NO_MEMORY, srs_api_stream_item(&server, source, &out), "memory");
    srs_mem_fail_after(0);
    assert_int_equal(srs_buf_size(&out), 0);
    assert_err(SRS_OK, srs_buf_append(&out, bytes, sizeof bytes, SRS_API_BUFFER_MAX), "fill");
    assert_err(SRS_E_LIMIT, srs_api_stream_item(&server, source, &out), "room");
    assert_int_equal(srs_buf_size(&out), sizeof bytes);
    srs_buf_fini(&out);
    srs_source_unref(source);
}

// --- the server itself --------------------------------------------------------------------------

static void test_server_given_its_answers_then_members_in_order(void **state)
{
    char want[256];
    struct srs_buf out = {0};
    (void)state;
    assert_err(SRS_OK, srs_api_head(&server, SRS_OK, &out), "head");
    assert_err(SRS_OK, srs_api_version(&out), "version");
    (void)snprintf(want, sizeof want,
                   "{\"code\":0,\"server\":\"vid-aaaaaaa\",\"service\":\"service1\","
                   "\"pid\":\"%ld\",\"data\":{\"major\":%d,\"minor\":%d,\"revision\":%d,"
                   "\"version\":\"%s\"}",
                   (long)getpid(), SRS_VERSION_MAJOR, SRS_VERSION_MINOR, SRS_VERSION_REVISION,
                   SRS_VERSION);
    assert_string_equal(take(&out, NULL), want);
    assert_err(SRS_OK, srs_api_head(&server, SRS_E_SYSTEM_CONFIG_INVALID, &out), "another code");
    assert_non_null(strstr(take(&out, NULL), "{\"code\":1023,\"server\":"));
}

static void test_server_given_its_indexes_then_the_names_of_srs(void **state)
{
    static const char *const names[] = {
        "versions", "summaries", "rusages",  "self_proc_stats", "system_proc_stats",
        "meminfos", "authors",   "features", "requests",        "vhosts",
        "streams",  "clients",   "raw",      "clusters",        "perf",
        "tcmalloc", "valgrind",  "signal",   "tests",           "requests",
        "errors",   "redirects", "[vhost]"};
    struct srs_buf out = {0};
    (void)state;
    assert_err(SRS_OK, srs_api_v1_index(&out), "index");
    const char *at = take(&out, NULL);
    assert_memory_equal(at, ",\"urls\":{\"versions\":", 20);
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "\"%s\":", names[i]);
        at = strstr(at, name);
        if (at == NULL)
            fail_msg("%s is missing or out of order", names[i]);
        at++;
    }
    assert_err(SRS_OK, srs_api_root_index(&out), "root");
    assert_string_equal(take(&out, NULL),
                        ",\"urls\":{\"api\":\"the API\",\"rtc\":{\"v1\":{\"play\":\"not built\","
                        "\"publish\":\"not built\",\"nack\":\"not built\"}}}");
    assert_err(SRS_OK, srs_api_api_index(&out), "api");
    assert_string_equal(take(&out, NULL), ",\"urls\":{\"v1\":\"version 1 of the API\"}");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_each, teardown_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_stream_given_a_publisher_then_all_members_in_order),
        CASE(test_vhost_given_streams_then_their_sums),
        CASE(test_stream_given_no_publisher_then_nulls_and_no_cid),
        CASE(test_stream_given_a_publisher_that_left_then_its_cid_stays),
        CASE(test_stream_given_codecs_it_does_not_know_then_null_profiles),
        CASE(test_stream_given_a_slow_viewer_then_gop_is_less_than_queue),
        CASE(test_client_given_a_publisher_then_all_members_in_order),
        CASE(test_client_given_a_player_then_its_delay_too),
        CASE(test_client_given_texts_of_any_bytes_then_they_are_utf8),
        CASE(test_client_given_a_long_text_then_it_is_cut),
        CASE(test_id_given_many_streams_then_each_is_its_own),
        CASE(test_id_given_vhosts_then_by_name_alone),
        CASE(test_item_given_no_room_or_memory_then_the_buffer_is_as_it_was),
        CASE(test_server_given_its_answers_then_members_in_order),
        CASE(test_server_given_its_indexes_then_the_names_of_srs),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
