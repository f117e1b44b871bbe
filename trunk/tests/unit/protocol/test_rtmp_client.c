// The client's machine against the server's, and against bytes of other servers.
#include "protocol/rtmp/client.h"
#include "protocol/rtmp/server.h"
#include "protocol/rtmp_vectors.h"
#include "test.h"

struct pair {
    struct srs_rtmp_client client;
    struct srs_rtmp_server server;
    const char *refuse; // code: publish or play is refused; "connect" = that one
    unsigned started;
    unsigned statuses;
    unsigned eofs;
    unsigned client_media;
    unsigned server_media;
    unsigned ended;
    uint32_t timestamp;
    size_t bytes;
};

static void pair_init(struct pair *pair, bool publish, uint32_t chunk_size)
{
    memset(pair, 0, sizeof *pair);
    assert_err(SRS_OK,
               srs_rtmp_client_init(&pair->client,
                                    &(struct srs_rtmp_client_config){.app = "live",
                                                                     .tc_url = "rtmp://a.b/live",
                                                                     .stream = "s?k=v",
                                                                     .publish = publish,
                                                                     .enhanced = true,
                                                                     .chunk_size = chunk_size,
                                                                     .seed = 1}),
               "client");
    srs_rtmp_server_init(&pair->server, &(struct srs_rtmp_server_config){.chunk_size = chunk_size});
}

static void pair_fini(struct pair *pair)
{
    srs_rtmp_client_fini(&pair->client);
    srs_rtmp_server_fini(&pair->server);
}

static srs_err server_answer(struct pair *pair, const struct srs_rtmp_event *event)
{
    static const struct srs_rtmp_server_info info = {.caps_ex = 5, .signature = "SRS"};
    bool connect = pair->refuse != NULL && strcmp(pair->refuse, "connect") == 0;
    switch (event->kind) {
    case SRS_RTMP_EVENT_CONNECT:
        return connect ? srs_rtmp_server_reject_connect(&pair->server,
                                                        "NetConnection.Connect.Rejected", "no")
                       : srs_rtmp_server_accept_connect(&pair->server, &info);
    case SRS_RTMP_EVENT_PUBLISH:
        return pair->refuse != NULL
                   ? srs_rtmp_server_refuse_publish(&pair->server, pair->refuse, "no")
                   : srs_rtmp_server_accept_publish(&pair->server, NULL);
    case SRS_RTMP_EVENT_PLAY:
        return pair->refuse != NULL ? srs_rtmp_server_refuse_play(&pair->server, pair->refuse, "no")
                                    : srs_rtmp_server_accept_play(&pair->server, NULL);
    case SRS_RTMP_EVENT_MEDIA:
        pair->server_media++;
        pair->timestamp = event->media.timestamp;
        pair->bytes += event->media.payload.size;
        return SRS_OK;
    default:
        pair->ended++;
        return SRS_OK;
    }
}

static srs_err server_take(struct pair *pair, size_t step)
{
    struct srs_span out = srs_rtmp_client_pending(&pair->client);
    size_t size = out.size < step ? out.size : step;
    struct srs_rtmp_event event;
    srs_err err = SRS_OK;
    if (size == 0)
        return SRS_OK;
    srs_rtmp_server_feed(&pair->server, (struct srs_span){out.bytes, size});
    while (err == SRS_OK) {
        err = srs_rtmp_server_next(&pair->server, &event);
        if (err == SRS_OK)
            err = server_answer(pair, &event);
    }
    srs_rtmp_client_sent(&pair->client, size);
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

static srs_err client_take(struct pair *pair, size_t step)
{
    struct srs_span out = srs_rtmp_server_pending(&pair->server);
    size_t size = out.size < step ? out.size : step;
    struct srs_rtmp_client_event event;
    srs_err err = SRS_OK;
    if (size == 0)
        return SRS_OK;
    srs_rtmp_client_feed(&pair->client, (struct srs_span){out.bytes, size});
    while ((err = srs_rtmp_client_next(&pair->client, &event)) == SRS_OK) {
        pair->started += event.kind == SRS_RTMP_CLIENT_STARTED;
        pair->statuses += event.kind == SRS_RTMP_CLIENT_STATUS;
        pair->eofs += event.kind == SRS_RTMP_CLIENT_EOF;
        pair->client_media += event.kind == SRS_RTMP_CLIENT_MEDIA;
    }
    srs_rtmp_server_sent(&pair->server, size);
    return err == SRS_E_AGAIN ? SRS_OK : err;
}

// Bytes to and fro until nothing is pending; the server's refusal is not its error but the
// client's.
static srs_err pair_run(struct pair *pair, size_t step)
{
    srs_err err = SRS_OK;
    while (!err && (srs_rtmp_client_pending(&pair->client).size > 0 ||
                    srs_rtmp_server_pending(&pair->server).size > 0)) {
        err = server_take(pair, step);
        if (err == SRS_E_RTMP_STATE)
            err = SRS_OK;
        if (!err)
            err = client_take(pair, step);
    }
    return err;
}

static void test_client_given_publish_then_media_arrives(void **state)
{
    (void)state;
    static const size_t steps[] = {1 << 20, 1, 100};
    static const uint32_t sizes[] = {128, 4096, 60000};
    static uint8_t payload[100000];
    for (size_t i = 0; i < SRS_COUNT(steps); i++) {
        struct pair pair;
        pair_init(&pair, true, sizes[i]);
        assert_err(SRS_OK, pair_run(&pair, steps[i]), "start");
        assert_int_equal(pair.started, 1);
        const struct srs_rtmp_request *request = srs_rtmp_server_request(&pair.server);
        assert_string_equal(request->stream, "s?k=v");
        assert_string_equal(request->publish_type, "live");
        assert_string_equal(request->connect.tc_url, "rtmp://a.b/live");
        assert_true(request->connect.has_four_cc_list);
        assert_int_equal(request->connect.caps_ex, 6);
        assert_int_equal(pair.client.caps_ex, 5); // what the server said
        struct srs_rtmp_msg msg = {
            .type = 9, .csid = 6, .timestamp = 0x01020304, .payload = {payload, sizeof payload}};
        assert_err(SRS_OK, srs_rtmp_client_send(&pair.client, &msg), "send");
        assert_err(SRS_OK, pair_run(&pair, steps[i]), "media");
        assert_int_equal(pair.server_media, 1);
        assert_int_equal(pair.timestamp, 0x01020304);
        assert_int_equal(pair.bytes, sizeof payload);
        assert_err(SRS_OK, srs_rtmp_client_close(&pair.client), "close");
        assert_err(SRS_OK, pair_run(&pair, steps[i]), "end");
        assert_int_equal(pair.ended, 1);
        assert_err(SRS_OK, srs_rtmp_client_close(&pair.client), "close twice");
        assert_int_equal(srs_rtmp_client_pending(&pair.client).size, 0);
        pair_fini(&pair);
    }
}

static void test_client_given_play_then_started_and_told_of_the_end(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, false, 4096);
    assert_err(SRS_OK, pair_run(&pair, 1000), "start");
    assert_int_equal(pair.started, 1);
    assert_int_equal(pair.client_media, 2); // |RtmpSampleAccess and NetStream.Data.Start
    assert_string_equal(srs_rtmp_server_request(&pair.server)->stream, "s?k=v");
    assert_err(SRS_OK, srs_rtmp_server_user_control(&pair.server, SRS_RTMP_STREAM_EOF, 1), "EOF");
    assert_err(SRS_OK,
               srs_rtmp_server_status(
                   &pair.server, &(struct srs_rtmp_status){.level = "status",
                                                           .code = "NetStream.Play.UnpublishNotify",
                                                           .description = "gone"}),
               "notice");
    assert_err(SRS_OK, pair_run(&pair, 1000), "end");
    assert_int_equal(pair.eofs, 1);
    assert_int_equal(pair.statuses, 1);
    assert_err(SRS_OK, srs_rtmp_client_close(&pair.client), "close");
    assert_err(SRS_OK, pair_run(&pair, 1000), "closed");
    assert_int_equal(pair.ended, 1);
    pair_fini(&pair);
}

static void test_client_given_refusals_then_refused(void **state)
{
    (void)state;
    static const char *const codes[] = {"connect", "NetStream.Publish.BadName"};
    for (size_t i = 0; i < 2 * SRS_COUNT(codes); i++) {
        struct pair pair;
        pair_init(&pair, i >= SRS_COUNT(codes), 4096);
        pair.refuse = codes[i % SRS_COUNT(codes)];
        assert_err(SRS_E_RTMP_REFUSED, pair_run(&pair, 1000), pair.refuse);
        assert_int_equal(pair.started, 0);
        pair_fini(&pair);
    }
}

static void test_client_given_peer_that_does_not_read_then_send_says_limit(void **state)
{
    (void)state;
    struct pair pair;
    static uint8_t payload[1024 * 1024];
    pair_init(&pair, true, 60000);
    assert_err(SRS_OK, pair_run(&pair, 1000), "start");
    struct srs_rtmp_msg msg = {.type = 9, .csid = 6, .payload = {payload, sizeof payload}};
    for (int i = 0; i < 3; i++)
        assert_err(SRS_OK, srs_rtmp_client_send(&pair.client, &msg), "below 4 MiB");
    assert_err(SRS_E_LIMIT, srs_rtmp_client_send(&pair.client, &msg), "above");
    assert_err(SRS_OK, pair_run(&pair, 100000), "goes on");
    assert_int_equal(pair.server_media, 3);
    assert_err(SRS_OK, srs_rtmp_client_send(&pair.client, &msg), "again");
    pair_fini(&pair);
}

// The answers of other servers to a player of theirs end with media.
static void test_client_given_other_servers_then_media(void **state)
{
    (void)state;
    static const char *const names[] = {
        "server-lal-0.37.4-to-player", "server-mediamtx-1.19.2-to-player",
        "server-nms-4.4.3-to-player", "server-zlmediakit-to-player", "librtmp-2.4-play"};
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        struct srs_rtmp_client client;
        struct srs_rtmp_client_event event;
        struct srs_buf in = {0};
        static uint8_t hello[SRS_RTMP_HS_ANSWER] = {3};
        unsigned media = 0;
        assert_int_equal(srs_buf_append(&in, hello, sizeof hello, RTMP_TEST_MAX), SRS_OK);
        rtmp_session_load(&in, names[i], 'S');
        assert_err(SRS_OK,
                   srs_rtmp_client_init(&client,
                                        &(struct srs_rtmp_client_config){.app = "live",
                                                                         .tc_url = "rtmp://a/live",
                                                                         .stream = "p1"}),
                   "client");
        // These were asked for createStream with another id.
        for (size_t at = SRS_RTMP_HS_ANSWER; at + 9 < in.end; at++)
            if (memcmp(in.bytes + at, "_result\0\x40\0\0\0\0\0\0\0", 16) == 0)
                in.bytes[at + 9] = 0x10; // 2 becomes 4
        srs_rtmp_client_feed(&client, srs_buf_span(&in));
        srs_err err;
        while ((err = srs_rtmp_client_next(&client, &event)) == SRS_OK)
            media += event.kind == SRS_RTMP_CLIENT_MEDIA;
        assert_err(SRS_E_AGAIN, err, names[i]);
        if (media < 3)
            fail_msg("%s: %u media", names[i], media);
        srs_rtmp_client_fini(&client);
        srs_buf_fini(&in);
    }
}

static void test_client_given_failing_allocations_then_no_memory_and_nothing_owned(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        struct srs_rtmp_client client;
        srs_mem_fail_after(n);
        assert_err(SRS_E_NO_MEMORY,
                   srs_rtmp_client_init(&client, &(struct srs_rtmp_client_config){.app = "a"}),
                   "n-th allocation");
        assert_null(client.app);
    }
    srs_mem_fail_after(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_given_publish_then_media_arrives),
        cmocka_unit_test(test_client_given_play_then_started_and_told_of_the_end),
        cmocka_unit_test(test_client_given_refusals_then_refused),
        cmocka_unit_test(test_client_given_peer_that_does_not_read_then_send_says_limit),
        cmocka_unit_test(test_client_given_other_servers_then_media),
        cmocka_unit_test(test_client_given_failing_allocations_then_no_memory_and_nothing_owned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
