// The table itself, each built directive from a file and from the environment, and how values are
// read.
#include "config_files.h"
#include "server/config/parse.h"
#include "server/config/table.h"
#include "server/config/value.h"

enum { OTHER = 7, FULL_MAX = 256 * 1024 };

// The first vhost for a row that fills a vhost.
static const void *field_of(const struct srs_directive *row, const struct srs_config *config)
{
    const void *base = row->state == SRS_DIRECTIVE_VHOST ? (const void *)config->vhosts : config;
    return (const char *)base + row->offset;
}

static void print_words(const struct srs_config_words *words, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < words->count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? " " : "", words->items[i]);
}

// The field as text, by the type of its row.
static void print_field(const struct srs_directive *row, const struct srs_config *config, char *out,
                        size_t size)
{
    const void *field = field_of(row, config);
    const struct srs_config_endpoints *listen = field;
    const struct srs_config_networks *networks = field;
    const struct srs_config_rules *rules = field;
    out[0] = '\0';
    switch (row->type) {
    case SRS_DIRECTIVE_OFF:
    case SRS_DIRECTIVE_ON:
        (void)snprintf(out, size, "%s", *(const bool *)field ? "on" : "off");
        break;
    case SRS_DIRECTIVE_FLOAT:
        (void)snprintf(out, size, "%g", *(const double *)field);
        break;
    case SRS_DIRECTIVE_ENUM:
        (void)snprintf(out, size, "%d", *(const int *)field);
        break;
    case SRS_DIRECTIVE_WORD:
        (void)snprintf(out, size, "%s", *(const char *const *)field);
        break;
    case SRS_DIRECTIVE_LIST:
        print_words(field, out, size);
        break;
    case SRS_DIRECTIVE_LISTEN:
        for (size_t i = 0; i < listen->count; i++) {
            size_t at = strlen(out);
            (void)snprintf(out + at, size - at, "%s%s/%d", i > 0 ? " " : "", listen->items[i].host,
                           listen->items[i].port);
        }
        break;
    case SRS_DIRECTIVE_NETS:
        for (size_t i = 0; i < networks->count; i++) {
            size_t at = strlen(out);
            (void)snprintf(out + at, size - at, "%s%d.%d/%d", i > 0 ? " " : "",
                           networks->items[i].address[12], networks->items[i].address[15],
                           networks->items[i].bits);
        }
        break;
    case SRS_DIRECTIVE_RULES:
        for (size_t i = 0; i < rules->count; i++) {
            size_t at = strlen(out);
            (void)snprintf(out + at, size - at, "%s%s%d/%d", i > 0 ? " " : "",
                           rules->items[i].publish ? "publish" : "play",
                           rules->items[i].network.address[12], rules->items[i].network.bits);
        }
        break;
    default:
        (void)snprintf(out, size, "%lld", (long long)*(const int64_t *)field);
        break;
    }
}

// One row for each built directive: what it is without being set, in a file, and from a variable
// that goes before another file.
static const struct {
    const char *scope;
    const char *name;
    const char *usual;
    const char *text;
    const char *want;
    const char *variable;
    const char *env_want;
} cases[] = {
    {"", "srs_log_tank", "0", "srs_log_tank console;", "1", "SRS_LOG_TANK=console", "1"},
    {"", "srs_log_level", "2", "srs_log_level verbose;", "0", "SRS_LOG_LEVEL=warn", "3"},
    {"", "srs_log_level_v2", "-1", "srs_log_level_v2 debug;", "1", "SRS_LOG_LEVEL_V2=error", "4"},
    {"", "srs_log_file", "./objs/srs.log", "srs_log_file ./a.log;", "./a.log", "SRS_LOG_FILE=/b c",
     "/b c"},
    {"", "max_connections", "1000", "max_connections 5;", "5", "SRS_MAX_CONNECTIONS=6", "6"},
    {"", "max_connections_per_ip", "0", "max_connections_per_ip 5;", "5",
     "SRS_MAX_CONNECTIONS_PER_IP=6", "6"},
    {"", "daemon", "on", "daemon off;", "off", "SRS_DAEMON=off", "off"},
    {"", "send_timeout", "30000000", "send_timeout 5;", "5000000", "SRS_SEND_TIMEOUT=6", "6000000"},
    {"", "media_memory", NULL, "media_memory 2000000;", "2000000", "SRS_MEDIA_MEMORY=3000000",
     "3000000"},
    {"rtmp", "listen", "", "rtmp { listen 1935 [::]:1936 127.0.0.1:80; }",
     "/1935 ::/1936 127.0.0.1/80", "SRS_LISTEN=1 ::1:2", "/1 ::1/2"},
    {"rtmp", "chunk_size", "60000", "rtmp { chunk_size 4096; }", "4096", "SRS_CHUNK_SIZE=128",
     "128"},
    {"http_api", "enabled", "off", "http_api { enabled on; }", "on", "SRS_HTTP_API_ENABLED=on",
     "on"},
    {"http_api", "listen", "/1985", "http_api { listen 127.0.0.1:5; }", "127.0.0.1/5",
     "SRS_HTTP_API_LISTEN=[::1]:6", "::1/6"},
    {"http_api", "crossdomain", "on", "http_api { crossdomain off; }", "off",
     "SRS_HTTP_API_CROSSDOMAIN=off", "off"},
    {"http_server", "enabled", "off", "http_server { enabled on; }", "on",
     "SRS_HTTP_SERVER_ENABLED=on", "on"},
    {"http_server", "listen", "/8080", "http_server { listen 5; }", "/5",
     "SRS_HTTP_SERVER_LISTEN=6", "/6"},
    {"http_server", "dir", "./objs/nginx/html", "http_server { dir /srv; }", "/srv",
     "SRS_HTTP_SERVER_DIR=/other", "/other"},
    {"http_server", "crossdomain", "on", "http_server { crossdomain off; }", "off",
     "SRS_HTTP_SERVER_CROSSDOMAIN=off", "off"},
    {"vhost", "enabled", "on", "vhost v { enabled off; }", "off", NULL, NULL},
    {"vhost", "min_latency", "off", "vhost v { min_latency on; }", "on", "SRS_VHOST_MIN_LATENCY=on",
     "on"},
    {"vhost", "tcp_nodelay", "off", "vhost v { tcp_nodelay on; }", "on", "SRS_VHOST_TCP_NODELAY=on",
     "on"},
    {"vhost", "chunk_size", "60000", "vhost v { chunk_size 200; }", "200",
     "SRS_VHOST_CHUNK_SIZE=300", "300"},
    {"vhost", "in_ack_size", "0", "vhost v { in_ack_size 1000; }", "1000",
     "SRS_VHOST_IN_ACK_SIZE=2000", "2000"},
    {"vhost", "out_ack_size", "2500000", "vhost v { out_ack_size 1000; }", "1000",
     "SRS_VHOST_OUT_ACK_SIZE=2000", "2000"},
    {"vhost.play", "gop_cache", "on", "vhost v { play { gop_cache off; } }", "off",
     "SRS_VHOST_PLAY_GOP_CACHE=off", "off"},
    {"vhost.play", "gop_cache_max_frames", "2500", "vhost v { play { gop_cache_max_frames 0; } }",
     "0", "SRS_VHOST_PLAY_GOP_CACHE_MAX_FRAMES=9", "9"},
    {"vhost.play", "queue_length", "30000000", "vhost v { play { queue_length 10; } }", "10000000",
     "SRS_VHOST_PLAY_QUEUE_LENGTH=2", "2000000"},
    {"vhost.play", "time_jitter", "0", "vhost v { play { time_jitter zero; } }", "1",
     "SRS_VHOST_PLAY_TIME_JITTER=off", "2"},
    {"vhost.play", "atc", "off", "vhost v { play { atc on; } }", "on", "SRS_VHOST_PLAY_ATC=on",
     "on"},
    {"vhost.play", "atc_auto", "off", "vhost v { play { atc_auto on; } }", "on",
     "SRS_VHOST_PLAY_ATC_AUTO=on", "on"},
    {"vhost.play", "mix_correct", "off", "vhost v { play { mix_correct on; } }", "on",
     "SRS_VHOST_PLAY_MIX_CORRECT=on", "on"},
    {"vhost.play", "reduce_sequence_header", "off",
     "vhost v { play { reduce_sequence_header on; } }", "on",
     "SRS_VHOST_PLAY_REDUCE_SEQUENCE_HEADER=on", "on"},
    {"vhost.play", "mw_msgs", "0", "vhost v { play { mw_msgs 8; } }", "8",
     "SRS_VHOST_PLAY_MW_MSGS=200", "128"},
    {"vhost.play", "send_min_interval", "0", "vhost v { play { send_min_interval 10.0; } }", "10",
     "SRS_VHOST_PLAY_SEND_MIN_INTERVAL=0.25", "0.25"},
    {"vhost.play", "mw_latency", "350000", "vhost v { play { mw_latency 100; } }", "100000",
     "SRS_VHOST_PLAY_MW_LATENCY=0", "0"},
    {"vhost.play", "wait", "-1", "vhost v { play { wait 3; } }", "3000000", "SRS_VHOST_PLAY_WAIT=4",
     "4000000"},
    {"vhost.play", "send_buffer", "-1", "vhost v { play { send_buffer 200000; } }", "200000",
     "SRS_VHOST_PLAY_SEND_BUFFER=300000", "300000"},
    {"vhost.play", "queue_bytes", "33554432", "vhost v { play { queue_bytes 2000000; } }",
     "2000000", "SRS_VHOST_PLAY_QUEUE_BYTES=3000000", "3000000"},
    {"vhost.play", "audio_gather", "40000", "vhost v { play { audio_gather 0; } }", "0",
     "SRS_VHOST_PLAY_AUDIO_GATHER=20", "20000"},
    {"vhost.publish", "firstpkt_timeout", "20000000",
     "vhost v { publish { firstpkt_timeout 50; } }", "50000",
     "SRS_VHOST_PUBLISH_FIRSTPKT_TIMEOUT=60", "60000"},
    {"vhost.publish", "normal_timeout", "5000000", "vhost v { publish { normal_timeout 70; } }",
     "70000", "SRS_VHOST_PUBLISH_NORMAL_TIMEOUT=80", "80000"},
    {"vhost.forward", "enabled", "off", "vhost v { forward { enabled on; } }", "on",
     "SRS_VHOST_FORWARD_ENABLED=on", "on"},
    {"vhost.forward", "destination", "", "vhost v { forward { destination a:1 b; } }", "a:1 b",
     NULL, NULL},
    {"vhost.forward", "backend", "", "vhost v { forward { backend http://a; } }", "http://a",
     "SRS_VHOST_FORWARD_BACKEND=http://b", "http://b"},
    {"vhost.http_hooks", "enabled", "off", "vhost v { http_hooks { enabled on; } }", "on",
     "SRS_VHOST_HTTP_HOOKS_ENABLED=on", "on"},
    {"vhost.http_hooks", "timeout", "30000000", "vhost v { http_hooks { timeout 0.5; } }", "500000",
     "SRS_VHOST_HTTP_HOOKS_TIMEOUT=2", "2000000"},
    {"vhost.http_hooks", "on_connect", "",
     "vhost v { http_hooks { on_connect http://a http://b; } }", "http://a http://b",
     "SRS_VHOST_HTTP_HOOKS_ON_CONNECT=http://c http://d", "http://c http://d"},
    {"vhost.http_hooks", "on_close", "", "vhost v { http_hooks { on_close http://a http://b; } }",
     "http://a http://b", "SRS_VHOST_HTTP_HOOKS_ON_CLOSE=http://c http://d", "http://c http://d"},
    {"vhost.http_hooks", "on_publish", "",
     "vhost v { http_hooks { on_publish http://a http://b; } }", "http://a http://b",
     "SRS_VHOST_HTTP_HOOKS_ON_PUBLISH=http://c http://d", "http://c http://d"},
    {"vhost.http_hooks", "on_unpublish", "",
     "vhost v { http_hooks { on_unpublish http://a http://b; } }", "http://a http://b",
     "SRS_VHOST_HTTP_HOOKS_ON_UNPUBLISH=http://c http://d", "http://c http://d"},
    {"vhost.http_hooks", "on_play", "", "vhost v { http_hooks { on_play http://a http://b; } }",
     "http://a http://b", "SRS_VHOST_HTTP_HOOKS_ON_PLAY=http://c http://d", "http://c http://d"},
    {"vhost.http_hooks", "on_stop", "", "vhost v { http_hooks { on_stop http://a http://b; } }",
     "http://a http://b", "SRS_VHOST_HTTP_HOOKS_ON_STOP=http://c http://d", "http://c http://d"},
    {"http_client", "verify", "on", "http_client { verify off; }", "off",
     "SRS_HTTP_CLIENT_VERIFY=off", "off"},
    {"http_client", "ca_file", "", "http_client { ca_file a.pem; }", "a.pem",
     "SRS_HTTP_CLIENT_CA_FILE=b.pem", "b.pem"},
    {"", "name_servers", "", "name_servers 1.1.1.1 [::1]:53;", "1.1.1.1 [::1]:53",
     "SRS_NAME_SERVERS=2.2.2.2 3.3.3.3", "2.2.2.2 3.3.3.3"},
    {"heartbeat", "enabled", "off", "heartbeat { enabled on; }", "on", "SRS_HEARTBEAT_ENABLED=on",
     "on"},
    {"heartbeat", "interval", "10000000", "heartbeat { interval 5; }", "5000000",
     "SRS_HEARTBEAT_INTERVAL=6", "6000000"},
    {"heartbeat", "url", "http://127.0.0.1:8085/api/v1/servers", "heartbeat { url http://a; }",
     "http://a", "SRS_HEARTBEAT_URL=http://b", "http://b"},
    {"heartbeat", "device_id", "", "heartbeat { device_id a; }", "a", "SRS_HEARTBEAT_DEVICE_ID=b",
     "b"},
    {"heartbeat", "ports", "off", "heartbeat { ports on; }", "on", "SRS_HEARTBEAT_PORTS=on", "on"},
    {"heartbeat.auth", "enabled", "off", "heartbeat { auth { enabled on; } }", "on",
     "SRS_HEARTBEAT_AUTH_ENABLED=on", "on"},
    {"heartbeat.auth", "type", "0", "heartbeat { auth { type bearer; } }", "0",
     "SRS_HEARTBEAT_AUTH_TYPE=bearer", "0"},
    {"heartbeat.auth", "token", "", "heartbeat { auth { token a; } }", "a",
     "SRS_HEARTBEAT_AUTH_TOKEN=b", "b"},
    {"vhost.forward", "tls_verify", "on", "vhost v { forward { tls_verify off; } }", "off",
     "SRS_VHOST_FORWARD_TLS_VERIFY=off", "off"},
    {"vhost.forward", "tls_ca", "", "vhost v { forward { tls_ca a.pem; } }", "a.pem",
     "SRS_VHOST_FORWARD_TLS_CA=b.pem", "b.pem"},
    {"vhost.publish", "kickoff_for_idle", "0", "vhost v { publish { kickoff_for_idle 1.5; } }",
     "1500000", "SRS_VHOST_PUBLISH_KICKOFF_FOR_IDLE=0.25", "250000"},
    {"vhost.publish", "parse_sps", "on", "vhost v { publish { parse_sps off; } }", "off",
     "SRS_VHOST_PUBLISH_PARSE_SPS=off", "off"},
    {"vhost.publish", "try_annexb_first", "on", "vhost v { publish { try_annexb_first off; } }",
     "off", "SRS_VHOST_PUBLISH_TRY_ANNEXB_FIRST=off", "off"},
    {"vhost.http_static", "enabled", "off", "vhost v { http_static { enabled on; } }", "on",
     "SRS_VHOST_HTTP_STATIC_ENABLED=on", "on"},
    {"vhost.http_static", "mount", "[vhost]/", "vhost v { http_static { mount /a/; } }", "/a/",
     "SRS_VHOST_HTTP_STATIC_MOUNT=/b/", "/b/"},
    {"vhost.http_static", "dir", "./objs/nginx/html", "vhost v { http { dir /srv; } }", "/srv",
     "SRS_VHOST_HTTP_STATIC_DIR=/other", "/other"},
    {"vhost.http_remux", "enabled", "off", "vhost v { http_remux { enabled on; } }", "on",
     "SRS_VHOST_HTTP_REMUX_ENABLED=on", "on"},
    {"vhost.http_remux", "mount", "[vhost]/[app]/[stream].flv",
     "vhost v { http_remux { mount /a.flv; } }", "/a.flv", "SRS_VHOST_HTTP_REMUX_MOUNT=/b.flv",
     "/b.flv"},
    {"", "proxy_from", "127.0/104 0.1/128", "proxy_from 10.0.0.0/8 ::1;", "10.0/104 0.1/128",
     "SRS_PROXY_FROM=none", ""},
    {"rtmps", "enabled", "off", "rtmps { enabled on; }", "on", "SRS_RTMPS_ENABLED=on", "on"},
    {"rtmps", "listen", "", "rtmps { listen [::1]:5; }", "::1/5", "SRS_RTMPS_LISTEN=6", "/6"},
    {"rtmps", "key", "./conf/server.key", "rtmps { key a.key b.key; }", "a.key b.key",
     "SRS_RTMPS_KEY=c", "c"},
    {"rtmps", "cert", "./conf/server.crt", "rtmps { cert a.crt b.crt; }", "a.crt b.crt",
     "SRS_RTMPS_CERT=c d", "c d"},
    {"http_api.https", "enabled", "off", "http_api { enabled on; https { enabled on; } }", "on",
     NULL, NULL},
    {"http_api.https", "listen", "/1990", "http_api { https { listen [::1]:5; }}", "::1/5",
     "SRS_HTTP_API_HTTPS_LISTEN=6", "/6"},
    {"http_api.https", "key", "./conf/server.key", "http_api { https { key a.key b.key; }}",
     "a.key b.key", "SRS_HTTP_API_HTTPS_KEY=c", "c"},
    {"http_api.https", "cert", "./conf/server.crt", "http_api { https { cert a.crt b.crt; }}",
     "a.crt b.crt", "SRS_HTTP_API_HTTPS_CERT=c d", "c d"},
    {"http_server.https", "enabled", "off", "http_server { enabled on; https { enabled on; } }",
     "on", NULL, NULL},
    {"http_server.https", "listen", "/8088", "http_server { https { listen [::1]:5; }}", "::1/5",
     "SRS_HTTP_SERVER_HTTPS_LISTEN=6", "/6"},
    {"http_server.https", "key", "./conf/server.key", "http_server { https { key a.key b.key; }}",
     "a.key b.key", "SRS_HTTP_SERVER_HTTPS_KEY=c", "c"},
    {"http_server.https", "cert", "./conf/server.crt", "http_server { https { cert a.crt b.crt; }}",
     "a.crt b.crt", "SRS_HTTP_SERVER_HTTPS_CERT=c d", "c d"},
    {"", "work_dir", "./", "work_dir /a;", "/a", "SRS_WORK_DIR=b", "b"},
    {"", "pid", "./objs/srs.pid", "pid a.pid;", "a.pid", "SRS_PID=b.pid", "b.pid"},
    {"", "server_id", "", "server_id a;", "a", "SRS_SERVER_ID=b", "b"},
    {"", "user", "", "user a;", "a", "SRS_USER=b", "b"},
    {"", "group", "", "user u; group a;", "a", "SRS_USER=u|SRS_GROUP=b", "b"},
    {"vhost.security", "enabled", "off", "vhost v { security { enabled on; } }", "on", NULL, NULL},
    {"vhost.security", "allow", "",
     "vhost v { security { allow publish all; deny play all; allow play 10.0.0.0/8; } }",
     "publish0/0 play10/104", NULL, NULL},
    {"vhost.security", "deny", "", "vhost v { security { deny play 7.0.0.1; } }", "play7/128", NULL,
     NULL},
    {"vhost.refer", "enabled", "off", "vhost v { refer { enabled on; } }", "on", NULL, NULL},
    {"vhost.refer", "all", "", "vhost v { refer { all a b; } }", "a b", NULL, NULL},
    {"vhost.refer", "publish", "", "vhost v { refer { publish a b; } }", "a b", NULL, NULL},
    {"vhost.refer", "play", "", "vhost v { refer { play a b; } }", "a b", NULL, NULL},
    {"exporter", "enabled", "off", "exporter { enabled on; }", "on", "SRS_EXPORTER_ENABLED=on",
     "on"},
    {"exporter", "listen", "/9972", "exporter { listen 127.0.0.1:5; }", "127.0.0.1/5",
     "SRS_EXPORTER_LISTEN=[::1]:6", "::1/6"},
    {"exporter", "label", "", "exporter { label a; }", "a", "SRS_EXPORTER_LABEL=b", "b"},
    {"exporter", "tag", "", "exporter { tag a; }", "a", "SRS_EXPORTER_TAG=b", "b"},
    {"heartbeat", "summaries", "off", "heartbeat { summaries on; }", "on",
     "SRS_HEARTBEAT_SUMMARIES=on", "on"},
    {"stats", "enabled", "on", "stats { enabled off; }", "off", NULL, NULL},
    {"stats", "network", "0", "stats { network 1; }", "1", NULL, NULL},
    {"stats", "disk", "", "stats { disk sda sdb; }", "sda sdb", NULL, NULL},
    {"", "in_bandwidth_per_ip", "0", "in_bandwidth_per_ip 5;", "5", "SRS_IN_BANDWIDTH_PER_IP=6",
     "6"},
    {"", "out_bandwidth_per_ip", "0", "out_bandwidth_per_ip 5;", "5", "SRS_OUT_BANDWIDTH_PER_IP=6",
     "6"},
    {"vhost.limits", "max_publishers", "0", "vhost v { limits { max_publishers 5; } }", "5",
     "SRS_VHOST_LIMITS_MAX_PUBLISHERS=6", "6"},
    {"vhost.limits", "max_players", "0", "vhost v { limits { max_players 5; } }", "5",
     "SRS_VHOST_LIMITS_MAX_PLAYERS=6", "6"},
    {"vhost.limits", "max_players_per_stream", "0",
     "vhost v { limits { max_players_per_stream 5; } }", "5",
     "SRS_VHOST_LIMITS_MAX_PLAYERS_PER_STREAM=6", "6"},
    {"vhost.limits", "in_bandwidth", "0", "vhost v { limits { in_bandwidth 5; } }", "5",
     "SRS_VHOST_LIMITS_IN_BANDWIDTH=6", "6"},
    {"vhost.limits", "out_bandwidth", "0", "vhost v { limits { out_bandwidth 5; } }", "5",
     "SRS_VHOST_LIMITS_OUT_BANDWIDTH=6", "6"},
    {"vhost.limits", "in_bandwidth_per_stream", "0",
     "vhost v { limits { in_bandwidth_per_stream 5; } }", "5",
     "SRS_VHOST_LIMITS_IN_BANDWIDTH_PER_STREAM=6", "6"},
    {"vhost.limits", "out_bandwidth_per_stream", "0",
     "vhost v { limits { out_bandwidth_per_stream 5; } }", "5",
     "SRS_VHOST_LIMITS_OUT_BANDWIDTH_PER_STREAM=6", "6"},
    {"", "asprocess", "off", "daemon off; asprocess on;", "on", "SRS_DAEMON=off|SRS_ASPROCESS=on",
     "on"},
    {"", "in_docker", "off", "in_docker on;", "on", "SRS_IN_DOCKER=on", "on"},
    {"", "disable_daemon_for_docker", "on", "disable_daemon_for_docker off;", "off",
     "SRS_DISABLE_DAEMON_FOR_DOCKER=off", "off"},
    {"", "inotify_auto_reload", "off", "inotify_auto_reload on;", "on",
     "SRS_INOTIFY_AUTO_RELOAD=on", "on"},
    {"", "auto_reload_for_docker", "on", "auto_reload_for_docker off;", "off",
     "SRS_AUTO_RELOAD_FOR_DOCKER=off", "off"},
    {"http_api.raw_api", "enabled", "off", "http_api { raw_api { enabled on; } }", "on",
     "SRS_HTTP_API_RAW_API_ENABLED=on", "on"},
    {"http_api.raw_api", "allow_reload", "off", "http_api { raw_api { allow_reload on; } }", "on",
     "SRS_HTTP_API_RAW_API_ALLOW_RELOAD=on", "on"},
    {"http_api.auth", "enabled", "off", "http_api { auth { enabled on; } }", "on",
     "SRS_HTTP_API_AUTH_ENABLED=on", "on"},
    {"http_api.auth", "username", "", "http_api { auth { username me; } }", "me",
     "SRS_HTTP_API_AUTH_USERNAME=you", "you"},
    {"http_api.auth", "password", "", "http_api { auth { password a:b; } }", "a:b",
     "SRS_HTTP_API_AUTH_PASSWORD=c", "c"},
    {"http_api.auth", "type", "-1", "http_api { auth { type bearer; } }", "1",
     "SRS_HTTP_API_AUTH_TYPE=basic", "0"},
    {"http_api.auth", "token", "", "http_api { auth { token t; } }", "t",
     "SRS_HTTP_API_AUTH_TOKEN=u", "u"},
    {"", "force_grace_quit", "off", "force_grace_quit on;", "on", "SRS_FORCE_GRACE_QUIT=on", "on"},
    {"", "grace_start_wait", "2300000", "grace_start_wait 5;", "5000", "SRS_GRACE_START_WAIT=6",
     "6000"},
    {"", "grace_final_wait", "3200000", "grace_final_wait 0;", "0", "SRS_GRACE_FINAL_WAIT=7",
     "7000"},
    {"", "utc_time", "off", "utc_time on;", "on", "SRS_UTC_TIME=on", "on"},
};

static void assert_field(const struct config_files *files, size_t i, const char *text,
                         const char *variables, const char *want)
{
    const struct srs_directive *row = srs_directive_find(cases[i].scope, cases[i].name);
    struct config_words env;
    char got[256];
    assert_non_null(row);
    struct srs_config *config = config_must(files, text, config_words(&env, variables));
    print_field(row, config, got, sizeof got);
    if (strcmp(got, want) != 0)
        fail_msg("%s.%s: want %s, got %s", cases[i].scope, cases[i].name, want, got);
    srs_config_unref(config);
}

static void test_config_given_no_directive_then_default(void **state)
{
    for (size_t i = 0; i < SRS_COUNT(cases); i++)
        if (cases[i].usual != NULL)
            assert_field(*state, i, "vhost v {}", "", cases[i].usual);
}

static void test_config_given_each_built_directive_then_field(void **state)
{
    for (size_t i = 0; i < SRS_COUNT(cases); i++)
        assert_field(*state, i, cases[i].text, "", cases[i].want);
}

static void test_config_given_each_variable_then_it_goes_before_the_file(void **state)
{
    for (size_t i = 0; i < SRS_COUNT(cases); i++) {
        if (cases[i].variable == NULL)
            continue;
        assert_field(*state, i, "vhost v {}", cases[i].variable, cases[i].env_want);
        bool vhost = strncmp(cases[i].scope, "vhost", 5) == 0;
        char text[256];
        (void)snprintf(text, sizeof text, "%s %s", cases[i].text, vhost ? "" : "vhost v {}");
        assert_field(*state, i, text, cases[i].variable, cases[i].env_want);
    }
}

static bool has_case(const struct srs_directive *row)
{
    for (size_t i = 0; i < SRS_COUNT(cases); i++)
        if (strcmp(cases[i].scope, row->scope) == 0 && strcmp(cases[i].name, row->name) == 0)
            return true;
    return false;
}

static void test_table_given_built_rows_then_each_has_a_case(void **state)
{
    (void)state;
    size_t built = 0;
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (row->state != SRS_DIRECTIVE_ROOT && row->state != SRS_DIRECTIVE_VHOST)
            continue;
        built++;
        if (!has_case(row))
            fail_msg("no case for %s.%s", row->scope, row->name);
    }
    assert_int_equal(built, SRS_COUNT(cases));
}

static bool is_number(const struct srs_directive *row)
{
    return row->type >= SRS_DIRECTIVE_INT && row->type <= SRS_DIRECTIVE_SECF;
}

static void assert_row(const struct srs_directive *row)
{
    struct srs_config_notes notes = {0};
    struct srs_config_value value;
    struct srs_config_node node = {.name = NULL};
    char path[SRS_DIRECTIVE_PATH];
    srs_directive_path(row, path);
    srs_list_init(&node.children);
    if (row->help[0] == '\0' || strlen(path) + 8 >= sizeof path)
        fail_msg("%s: no help, or too long", path);
    if (is_number(row) && !(row->low < row->high))
        fail_msg("%s: no range", path);
    if ((row->type == SRS_DIRECTIVE_ENUM) != (row->words != NULL))
        fail_msg("%s: words are for an ENUM", path);
    // The default reads as itself, without a note.
    char *word = srs_try_strndup(row->value, strlen(row->value));
    node.args = &word;
    node.arg_count = row->value[0] != '\0';
    assert_err(SRS_OK, srs_config_value_read(row, &node, &notes, &value), path);
    if (notes.count > 0)
        fail_msg("%s: %s", path, notes.lines[0]);
    bool block = row->type == SRS_DIRECTIVE_SCOPE || row->type == SRS_DIRECTIVE_ANY;
    if (!block && row->value[0] != '\0' && srs_config_value_differs(row, &node))
        fail_msg("%s: the default differs from itself", path);
    if (srs_directive_find(row->scope, row->name) != row)
        fail_msg("%s: twice in the table", path);
    srs_free(word);
}

static void test_table_given_each_row_then_sound(void **state)
{
    (void)state;
    assert_in_range(srs_directive_count(), 300, 512);
    for (size_t i = 0; i < srs_directive_count(); i++)
        assert_row(srs_directive_at(i));
}

static void test_table_given_row_then_variable_names(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        const char *name;
        const char *first;
        const char *second;
        bool has;
    } rows[] = {
        {"rtc_server.tcp", "listen", "SRS_RTC_SERVER_TCP_LISTEN", NULL, true},
        {"vhost.hls", "hls_fragment", "SRS_VHOST_HLS_HLS_FRAGMENT", NULL, true},
        {"rtmp", "listen", "SRS_LISTEN", "SRS_RTMP_LISTEN", true},
        {"", "srs_log_tank", "SRS_LOG_TANK", "SRS_SRS_LOG_TANK", true},
        {"vhost.srt", "srt_to_rtmp", "SRS_VHOST_SRT_TO_RTMP", "SRS_VHOST_SRT_SRT_TO_RTMP", true},
        {"vhost.forward", "enabled", "SRS_VHOST_FORWARD_ENABLED", NULL, true},
        {"vhost.forward", "destination", "SRS_VHOST_FORWARD_DESTINATION", NULL, false},
        {"vhost.cluster", "mode", "SRS_VHOST_CLUSTER_MODE", NULL, false},
        {"vhost.ingest.input", "url", "SRS_VHOST_INGEST_INPUT_URL", NULL, false},
        {"stream_caster.sip", "listen", "SRS_STREAM_CASTER_SIP_LISTEN", NULL, false},
        {"vhost", "enabled", "SRS_VHOST_ENABLED", NULL, false},
        {"vhost.dvr", "dvr_apply", "SRS_VHOST_DVR_DVR_APPLY", NULL, false},
        {"stats", "network", "SRS_STATS_NETWORK", NULL, false},
        {"", "http_api", "SRS_HTTP_API", NULL, false},
    };
    for (size_t i = 0; i < SRS_COUNT(rows); i++) {
        const struct srs_directive *row = srs_directive_find(rows[i].scope, rows[i].name);
        const char *first = rows[i].first;
        const char *second = rows[i].second;
        assert_non_null(row);
        assert_int_equal(srs_directive_env_rank(row, first, strlen(first)), 0);
        assert_int_equal(srs_directive_env_rank(row, first, strlen(first) - 1), -1);
        assert_int_equal(srs_directive_env_rank(row, "SRS_OTHER", 9), -1);
        if (second != NULL)
            assert_int_equal(srs_directive_env_rank(row, second, strlen(second)), 1);
        assert_int_equal(srs_directive_has_env(row), rows[i].has);
    }
}

static void test_table_given_misspelt_name_then_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        const char *name;
        const char *want;
    } names[] = {
        {"", "lisen", "listen"}, // an old spelling
        {"", "htttp_stream", "http_stream"},
        {"vhost", "time_jiter", "time_jitter"},
        {"http_server", "gop_cahce", NULL}, // not in that block
        {"rtmp", "lisen", "listen"},
        {"rtmp", "lsiten", "listen"},
        {"http_api", "enable", "enabled"},
        {"vhost.play", "gop_chache", "gop_cache"},
        {"", "max_conections", "max_connections"},
        {"", "completely_else", NULL},
        {"vhost", "plai", "play"},
        {"", "", NULL},
        {"", "a_name_that_is_longer_than_any_directive_and_is_not_compared", NULL},
    };
    for (size_t i = 0; i < SRS_COUNT(names); i++) {
        const char *got = srs_directive_nearest(names[i].scope, names[i].name);
        if (names[i].want == NULL ? got != NULL : got == NULL || strcmp(got, names[i].want) != 0)
            fail_msg("%s: got %s", names[i].name, got != NULL ? got : "nothing");
    }
}

static void test_endpoint_given_word_then_address_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *host; // NULL: refused
        int port;
    } words[] = {
        {"1935", "", 1935},
        {":1935", "", 1935},
        {"127.0.0.1:1", "127.0.0.1", 1},
        {"[::1]:65535", "::1", 65535},
        {"[::]:1935", "::", 1935},
        {"::1:1935", "::1", 1935},
        {"[fe80::1%eth0]:80", "fe80::1%eth0", 80},
        {"", NULL, 0},
        {"0", NULL, 0},
        {"-1", NULL, 0},
        {"65536", NULL, 0},
        {"99999999999999999999", NULL, 0},
        {"1935x", NULL, 0},
        {"rtmp", NULL, 0},
        {"127.0.0.1:", NULL, 0},
        {"127.0.0.1", NULL, 0},
        {"127.0.0:80", NULL, 0},
        {"1.2.3.4%eth0:80", NULL, 0},
        {"localhost:80", NULL, 0},
        {"[]:80", NULL, 0},
        {"[:80", NULL, 0},
        {"[::1]", NULL, 0},
        {"[::1:80", NULL, 0},
        {"[1111:2222:3333:4444:5555:6666:7777:8888%0123456789012345678901234567890]:80", NULL, 0},
    };
    for (size_t i = 0; i < SRS_COUNT(words); i++) {
        struct srs_config_endpoint got = {.port = OTHER};
        srs_err want = words[i].host != NULL ? SRS_OK : SRS_E_SYSTEM_CONFIG_INVALID;
        assert_err(want, srs_config_endpoint_read(words[i].word, &got), words[i].word);
        assert_int_equal(got.port, words[i].host != NULL ? words[i].port : OTHER);
        if (words[i].host != NULL)
            assert_string_equal(got.host, words[i].host);
    }
}

static void test_config_given_too_many_endpoints_then_refused(void **state)
{
    char text[256] = "rtmp { listen";
    for (int i = 1; i <= SRS_CONFIG_LISTEN_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), " %d", i);
    size_t full = strlen(text);
    (void)snprintf(text + full, sizeof text - full, "; }");
    struct srs_config *config = config_must(*state, text, NULL);
    assert_int_equal(config->rtmp_listen.count, SRS_CONFIG_LISTEN_MAX);
    srs_config_unref(config);
    (void)snprintf(text + full, sizeof text - full, " 99; }");
    config_must_fail(*state, text, NULL, "rtmp.listen : more than 16 endpoints");
}

// What SRS would read without a word is read the same, with a note that names the value.
static void test_config_given_odd_value_then_taken_with_note(void **state)
{
    static const struct {
        const char *text;
        const char *note;
        size_t i; // of a case above
        const char *want;
    } odd[] = {
        {"http_api { enabled true; }",
         "http_api.enabled is \"true\", neither on nor off, at line 1 of", 11, "off"},
        {"http_api { enabled On; }", ": taken as off", 11, "off"},
        {"http_api { crossdomain 0; }", ": taken as on", 13, "on"},
        {"max_connections 12abc;", "max_connections is \"12abc\" at line 1 of", 4, "12"},
        {"send_timeout 10s;", "read as 10", 7, "10000000"},
        {"send_timeout abc;", "out of 1 to 86400: 1 is taken", 7, "1000000"},
        {"rtmp { chunk_size 100000; }", "out of 128 to 65536: 65536 is taken", 10, "65536"},
        {"rtmp { chunk_size 99999999999999999999; }", "65536 is taken", 10, "65536"},
        {"rtmp { chunk_size 0; }", "128 is taken", 10, "128"},
        {"srs_log_tank syslog;", "which it does not know: taken as file", 0, "0"},
        {"srs_log_level loud;", "taken as trace", 1, "2"},
        {"srs_log_level_v2 loud;", "taken as not given", 2, "-1"},
        {"max_connections;", "directive max_connections at line 1 of", 4, "1000"},
        {"max_connections 5 6;", "takes one value, the rest is ignored", 4, "5"},
        {"max_connections 5; max_connections 6;", "directive max_connections again at line 1", 4,
         "5"},
        {"http_api { enabled on; } http_api { enabled off; }", "directive http_api again", 11,
         "on"},
    };
    for (size_t i = 0; i < SRS_COUNT(odd); i++) {
        struct srs_config *config = config_must(*state, odd[i].text, NULL);
        if (config_notes_with(config, odd[i].note) != 1)
            fail_msg("%s: no note \"%s\"", odd[i].text, odd[i].note);
        srs_config_unref(config);
        assert_field(*state, odd[i].i, odd[i].text, "", odd[i].want);
    }
}

static void test_config_given_plain_values_then_no_such_note(void **state)
{
    struct srs_config *config =
        config_must(*state, "daemon off; rtmp { listen 1935; } vhost v { enabled on; }", NULL);
    assert_int_equal(config->note_count, 0);
    srs_config_unref(config);
}

static void test_config_given_value_out_of_strict_range_then_refused(void **state)
{
    config_must_fail(*state, "\nmax_connections 0;", NULL, "line 2 of");
    config_must_fail(*state, "max_connections x;", NULL, "max_connections is 0, want 1 to 1e+07");
    config_must_fail(*state, "heartbeat { interval 0; }", NULL, "heartbeat.interval is 0");
}

static void test_config_given_bit_rate_out_of_range_then_default(void **state)
{
    struct srs_config *config = config_must(
        *state, "vhost v { rtc { opus_bitrate 1; pli_for_rtmp 0.4; aac_bitrate 8000; } }", NULL);
    assert_int_equal(config_notes_with(config, "vhost.rtc.opus_bitrate is 1 at"), 1);
    assert_int_equal(config_notes_with(config, "48000 is taken"), 1);
    assert_int_equal(config_notes_with(config, "out of 0.5 to 30: 6 is taken"), 1);
    // Only what ends up different is told to be without effect.
    assert_int_equal(config_notes_with(config, "not built yet"), 1); // aac_bitrate
    srs_config_unref(config);
}

// trunk/conf/full.conf shows every directive; without its guard it loads and asks for nothing.

static const char full_conf[] = "trunk/conf/full.conf";

static struct srs_config *load_full(const struct config_files *files)
{
    static const char guard[] = "\nis_full on;";
    char *text = srs_mem_new(FULL_MAX);
    FILE *file = fopen(full_conf, "re");
    assert_non_null(file);
    assert_in_range(fread(text, 1, FULL_MAX, file), 10000, FULL_MAX - 1);
    assert_int_equal(fclose(file), 0);
    char *at = strstr(text, guard);
    assert_non_null(at);
    memset(at, ' ', strlen(guard));
    struct srs_config *config = config_must(files, text, NULL);
    srs_free(text);
    return config;
}

static void test_full_conf_given_its_guard_then_refused(void **state)
{
    (void)state;
    struct srs_config *config = NULL;
    char story[512];
    const struct srs_config_args args = {.file = full_conf};
    srs_err err = srs_config_load(&args, &config);
    srs_err_format(err, story, sizeof story);
    assert_int_equal(err, SRS_E_SYSTEM_CONFIG_INVALID);
    assert_non_null(strstr(story, "is_full on: this file is to be read, not run"));
    (void)srs_bare(err);
}

static void test_full_conf_given_no_guard_then_defaults(void **state)
{
    struct srs_config *full = load_full(*state);
    struct srs_config *usual = config_must(*state, "vhost __defaultVhost__ {}", NULL);
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        char got[256];
        char want[256];
        if (row->state != SRS_DIRECTIVE_ROOT && row->state != SRS_DIRECTIVE_VHOST)
            continue;
        print_field(row, full, got, sizeof got);
        print_field(row, usual, want, sizeof want);
        if (strcmp(got, want) != 0)
            fail_msg("%s.%s is %s, the default is %s", row->scope, row->name, got, want);
    }
    for (size_t i = 0; i < full->note_count; i++)
        if (config_notes_with(usual, full->notes[i]) != 1)
            fail_msg("%s", full->notes[i]);
    srs_config_unref(full);
    srs_config_unref(usual);
}

static void test_full_conf_given_each_row_then_it_stands_there(void **state)
{
    (void)state;
    struct srs_config_tree tree;
    size_t found = 0;
    srs_config_tree_init(&tree);
    assert_err(SRS_OK, srs_config_parse_file(&tree, full_conf), full_conf);
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        bool old = row->state == SRS_DIRECTIVE_OLD || row->state == SRS_DIRECTIVE_OLD_WARN;
        const struct srs_config_node *node =
            srs_config_node_path(&tree.root, row->scope, row->name);
        found += node != NULL;
        if (node == NULL && !old && row->value[0] != '\0')
            fail_msg("%s.%s is not there", row->scope, row->name);
        if (node != NULL && !node->block && strcmp(row->name, "is_full") != 0)
            assert_string_equal(node->args[0], row->value);
    }
    assert_true(found > 300);
    srs_config_tree_fini(&tree);
}

static void test_rules_given_slips_then_told_with_directive_and_place(void **state)
{
    static const char text[] = "vhost v {\nsecurity {\nallow play 1.2.3.4/8;\n"
                               "deny publish 1.2.3.4 1.2.3.5;\ndeny play all x; } }";
    static const char *const notes[] = {
        "vhost.security.allow is \"1.2.3.4/8\" at line 3 of ",
        ": what is set behind the bits is ignored",
        "vhost.security.deny at line 4 of ",
        "vhost.security.deny at line 5 of ",
    };
    struct srs_config *config = config_must(*state, text, NULL);
    for (size_t i = 0; i < SRS_COUNT(notes); i++)
        assert_int_equal(config_notes_with(config, notes[i]), 1);
    assert_int_equal(config_notes_with(config, "has one address a line, the rest is ignored"), 2);
    srs_config_unref(config);
    config_must_fail(*state, "vhost v { security { deny foo all; } }", NULL,
                     "vhost.security.deny \"foo\": want publish or play");
    config_must_fail(*state, "vhost v { security { allow play 1.2.3.4/99; } }", NULL,
                     "vhost.security.allow \"1.2.3.4/99\": want all, an address or address/bits");
}

static void test_shown_given_what_may_be_a_url_then_scheme_host_and_port(void **state)
{
    static const struct {
        const char *word;
        const char *want;
    } rows[] = {
        {"", ""},
        {"a", "a"},
        {"a:1", "a:1"},
        {"[::1]:1935", "[::1]:1935"},
        {"rtmp://a:1", "rtmp://a:1"},
        {"rtmp://a:1/", "rtmp://a:1/***"},
        {"rtmp://a/b/key", "rtmp://a/***"},
        {"rtmp://a?key", "rtmp://a/***"},
        {"rtmp://a#key", "rtmp://a/***"},
        {"rtmp:/a/key", "rtmp:/***"},
        {"rtmp:///key", "rtmp:///***"},
        {"a/key", "a/***"},
        {"/a/key", "/***"},
        {"key@a", "a"},
        {"rtmp://u:key@a/b", "rtmp://a/***"},
        {"rtmp://u:key@key@a/b", "rtmp://a/***"},
        {"rtmp://key/key@a", "rtmp:///***"},
        {"rtmp://u@key/key@a", "rtmp:///***"},
        {"a/rtmp://key", "a/***"},
        {"a\n\x80", "a??"},
        {"rtmp://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b",
         "rtmp://aaaaaaaaaaaaaaaaaaaaaaaaaaaa/***"},
        {"aaaaaaaaaaaaaaaaaaaaa://b", "aaaaaaaaaaaaaaaab"},
    };
    char shown[SRS_CONFIG_SHOWN];
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(rows); i++)
        assert_string_equal(srs_config_shown_host(rows[i].word, shown), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_given_no_directive_then_default),
        cmocka_unit_test(test_config_given_each_built_directive_then_field),
        cmocka_unit_test(test_config_given_each_variable_then_it_goes_before_the_file),
        cmocka_unit_test(test_table_given_built_rows_then_each_has_a_case),
        cmocka_unit_test(test_table_given_each_row_then_sound),
        cmocka_unit_test(test_table_given_row_then_variable_names),
        cmocka_unit_test(test_table_given_misspelt_name_then_nearest),
        cmocka_unit_test(test_rules_given_slips_then_told_with_directive_and_place),
        cmocka_unit_test(test_shown_given_what_may_be_a_url_then_scheme_host_and_port),
        cmocka_unit_test(test_endpoint_given_word_then_address_and_port),
        cmocka_unit_test(test_config_given_too_many_endpoints_then_refused),
        cmocka_unit_test(test_config_given_odd_value_then_taken_with_note),
        cmocka_unit_test(test_config_given_plain_values_then_no_such_note),
        cmocka_unit_test(test_config_given_value_out_of_strict_range_then_refused),
        cmocka_unit_test(test_config_given_bit_rate_out_of_range_then_default),
        cmocka_unit_test(test_full_conf_given_its_guard_then_refused),
        cmocka_unit_test(test_full_conf_given_no_guard_then_defaults),
        cmocka_unit_test(test_full_conf_given_each_row_then_it_stands_there),
    };
    return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
