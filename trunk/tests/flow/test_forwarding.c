// Copies to another server, both of them in this process: what arrives there, the pauses after
// failures on a clock that is set, servers that refuse, are silent, or throw the copy out.
#include "core/net_side.h"
#include "flow_server.h"
#include "server/forward/forward.h"
#include "set_clock.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PUBLISH "min_latency on; publish { normal_timeout 86400000; firstpkt_timeout 86400000; }"

static struct flow_server origin;
static struct flow_server target;
static struct flow_peer publisher;
static uint16_t port; // of the target

static int setup_all(void **state)
{
    (void)state;
    return srs_co_init();
}

static void configure_origin(const char *vhost, const char *destinations)
{
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "vhost %s { " PUBLISH " forward { enabled on; destination %s; } }", vhost,
                   destinations);
    flow_server_configure(&origin, text);
}

static int setup(void **state)
{
    (void)state;
    char text[64];
    int fd = net_raw_listen(-1);
    port = net_port_of(fd);
    (void)close(fd);
    flow_server_open(&origin, "");
    flow_server_open(&target, "");
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    configure_origin("__defaultVhost__", text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flow_wait_for(srs_live_count(SRS_LIVE_FORWARD) == 0);
    flow_server_close(&target);
    flow_server_close(&origin);
    return 0;
}

static void open_target(void)
{
    char text[512];
    (void)snprintf(
        text, sizeof text,
        "listen 127.0.0.1:%u; vhost __defaultVhost__ { " PUBLISH " } vhost a.example { }", port);
    flow_server_configure(&target, text);
    assert_err(SRS_OK, srs_listeners_open(target.server.listeners, target.server.config), "open");
    srs_listeners_settle(target.server.listeners);
}

static void shut_target(void)
{
    flow_server_configure(&target, "");
    assert_err(SRS_OK, srs_listeners_open(target.server.listeners, target.server.config), "open");
    srs_listeners_settle(target.server.listeners);
    clock_jump(0);
}

static void publish(void)
{
    flow_peer_begin(&publisher, &origin, "s", true);
    flow_peer_record(&publisher);
    clock_jump(0);
}

static void unpublish(void)
{
    flow_peer_free(&publisher);
    flow_wait_for(origin.server.sessions.count == 0);
}

static void assert_not_copied(const char *why)
{
    if (flow_is_published(&target, "s"))
        fail_msg("%s: it is published", why);
}

// --- what arrives -------------------------------------------------------------------------------

static void test_forward_given_publisher_then_its_copy_is_published_there(void **state)
{
    (void)state;
    char text[64];
    open_target();
    publish();
    flow_wait_for(flow_is_published(&target, "s"));
    for (unsigned i = 0; i < 5; i++) {
        flow_peer_frame(&publisher, i * 40, i == 0, 100);
        clock_jump(40 * SRS_MSEC);
    }
    flow_wait_for(flow_source(&target, "s")->stats.video_packets == 5);
    assert_int_equal(srs_source_track(flow_source(&target, "s"), SRS_KIND_VIDEO, -1)->width, 96);
    struct srs_source *source = flow_source(&origin, "s");
    assert_int_equal(source->copies, 1);
    assert_int_equal(source->consumer_count, 1);
    srs_source_walk_begin(source);
    const struct srs_viewer *viewer = srs_viewer_of(srs_source_walk_next(source));
    assert_int_equal(viewer->options.params.caps,
                     SRS_MUX_ENHANCED | SRS_MUX_MULTITRACK | SRS_MUX_MODEX);
    assert_int_equal(viewer->options.params.msid, 1);
    assert_null(srs_source_walk_next(source));
    (void)snprintf(text, sizeof text, "rtmp://127.0.0.1:%u/live", port);
    assert_string_equal(flow_client(&target)->tc_url, text);
    unpublish();
    flow_wait_for(!flow_is_published(&target, "s"));
}

static void test_forward_given_name_and_parameters_then_they_go_along(void **state)
{
    (void)state;
    char text[64];
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    configure_origin("a.example", text);
    open_target();
    flow_peer_open_as(&publisher, &origin,
                      &(struct srs_rtmp_client_config){
                          .tc_url = "rtmp://a.example/live", .stream = "s?key=7", .publish = true});
    assert_err(SRS_OK, flow_peer_start(&publisher), "publish");
    flow_wait_for(srs_sources_find(target.server.sources, "a.example", "live", "s") != NULL);
    (void)snprintf(text, sizeof text, "rtmp://a.example:%u/live", port);
    assert_string_equal(flow_client(&target)->tc_url, text);
    unpublish();
}

static void test_forward_given_several_destinations_then_each_goes_its_own_way(void **state)
{
    (void)state;
    char text[128];
    int away = net_raw_listen(-1); // bound, so that nobody listens there
    (void)snprintf(text, sizeof text, "127.0.0.1:%u 127.0.0.1:%u", net_port_of(away), port);
    configure_origin("__defaultVhost__", text);
    open_target();
    publish();
    flow_wait_for(flow_is_published(&target, "s"));
    assert_int_equal(flow_source(&origin, "s")->copies, 1);
    unpublish();
    (void)close(away);
}

static void test_forward_given_it_is_off_then_no_copy(void **state)
{
    (void)state;
    flow_server_configure(&origin, "vhost __defaultVhost__ { forward { enabled off; "
                                   "destination 127.0.0.1:1; } }");
    open_target();
    publish();
    clock_jump(10 * SRS_MSEC);
    assert_int_equal(srs_live_count(SRS_LIVE_FORWARD), 0);
    assert_not_copied("off");
    unpublish();
}

// --- failures -----------------------------------------------------------------------------------

// A pause may be a tenth shorter or longer than it says.
static void test_forward_given_server_that_is_away_then_pauses_that_double(void **state)
{
    (void)state;
    publish();
    clock_jump(0); // the first attempt
    for (unsigned seconds = 1; seconds <= 4; seconds *= 2) {
        clock_jump(seconds * 890 * SRS_MSEC);
        open_target();
        clock_jump(0);
        assert_not_copied("in the pause");
        shut_target();
        clock_jump(seconds * 220 * SRS_MSEC); // it fails again
    }
    open_target();
    clock_jump(8 * 890 * SRS_MSEC);
    assert_not_copied("in the last pause");
    clock_jump(8 * 220 * SRS_MSEC);
    flow_wait_for(flow_is_published(&target, "s"));
    unpublish();
    flow_wait_for(!flow_is_published(&target, "s"));
}

static void test_forward_given_copy_that_is_thrown_out_then_back_at_a_key_frame(void **state)
{
    (void)state;
    open_target();
    publish();
    flow_wait_for(flow_is_published(&target, "s"));
    flow_peer_frame(&publisher, 0, true, 100);
    clock_jump(11 * SRS_SEC); // it went well for a while
    srs_client_kick(flow_client(&target), SRS_E_KICKED);
    flow_wait_for(!flow_is_published(&target, "s"));
    flow_wait_for(flow_source(&origin, "s")->copies == 0);
    flow_peer_frame(&publisher, 40, false, 100);
    clock_jump(890 * SRS_MSEC);
    assert_not_copied("in the pause");
    clock_jump(220 * SRS_MSEC);
    flow_wait_for(flow_is_published(&target, "s"));
    clock_jump(0);
    flow_wait_for(flow_source(&target, "s")->stats.video_packets == 2); // from the key frame on
    unpublish();
}

static void test_forward_given_name_that_is_taken_then_there_when_it_is_free(void **state)
{
    (void)state;
    struct flow_peer other;
    open_target();
    flow_peer_begin(&other, &target, "s", true);
    publish();
    flow_wait_for(target.server.sessions.count == 1); // it came, and was refused
    assert_int_equal(flow_source(&origin, "s")->copies, 0);
    flow_peer_free(&other);
    flow_wait_for(!flow_is_published(&target, "s"));
    clock_jump(1110 * SRS_MSEC);
    flow_wait_for(flow_is_published(&target, "s"));
    unpublish();
}

static bool is_over(int fd)
{
    char bytes[4096];
    ssize_t n = 0;
    do
        n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    while (n > 0);
    return n == 0;
}

static void test_forward_given_server_that_is_silent_then_ten_seconds_and_again(void **state)
{
    (void)state;
    struct srs_endpoint at = net_loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, &at.addr.any, sizeof at.addr.v4), 0);
    assert_int_equal(listen(listener, 4), 0);
    publish();
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    clock_jump(10 * SRS_SEC - SRS_MSEC);
    assert_false(is_over(fd));
    clock_jump(2 * SRS_MSEC);
    assert_true(is_over(fd));
    (void)close(fd);
    assert_int_equal(accept4(listener, NULL, NULL, SOCK_CLOEXEC), -1);
    clock_jump(1110 * SRS_MSEC);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    unpublish(); // in the middle of the handshake
    flow_wait_for(srs_live_count(SRS_LIVE_FORWARD) == 0);
    assert_true(is_over(fd));
    (void)close(fd);
    (void)close(listener);
}

static void test_forward_given_end_in_a_pause_then_nothing_is_left(void **state)
{
    (void)state;
    publish();
    clock_jump(SRS_MSEC);
    assert_int_equal(srs_live_count(SRS_LIVE_FORWARD), 1);
    unpublish();
    flow_wait_for(srs_live_count(SRS_LIVE_FORWARD) == 0);
    assert_null(flow_source(&origin, "s"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_forward_given_publisher_then_its_copy_is_published_there),
        TEST(test_forward_given_name_and_parameters_then_they_go_along),
        TEST(test_forward_given_several_destinations_then_each_goes_its_own_way),
        TEST(test_forward_given_it_is_off_then_no_copy),
        TEST(test_forward_given_server_that_is_away_then_pauses_that_double),
        TEST(test_forward_given_copy_that_is_thrown_out_then_back_at_a_key_frame),
        TEST(test_forward_given_name_that_is_taken_then_there_when_it_is_free),
        TEST(test_forward_given_server_that_is_silent_then_ten_seconds_and_again),
        TEST(test_forward_given_end_in_a_pause_then_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, setup_all, NULL);
}
